"""Generated modules for tests: written once, loaded as Python."""

from __future__ import annotations

import types
from functools import cache

from tests.derivation.code.accuracy import loaded

from gradbook.derivation import code
from gradbook.derivation.catalogue import find
from gradbook.derivation.steps import Definition, Derivation
from gradbook.derivation.working import work_out
from gradbook.symbolic.plain import read


@cache
def derivation(name: str) -> Derivation:
    """The derivative of a function of the catalogue."""
    entry = find(name)
    return work_out(entry.definition, entry.variable, domain=entry.domain, title=entry.title)


@cache
def source(name: str, target: str = "numpy") -> str:
    """The code of a function of the catalogue."""
    return code.write([derivation(name)], target, dict(find(name).constants))


@cache
def module(name: str, target: str = "numpy") -> types.ModuleType:
    """The code of a function of the catalogue, loaded."""
    return loaded(source(name, target))


def functions(loaded_module: types.ModuleType) -> list[types.FunctionType]:
    """The value and the gradient."""
    return [
        thing
        for name, thing in vars(loaded_module).items()
        if isinstance(thing, types.FunctionType)
        and not name.startswith("_")
        and name != "self_test"
        and thing.__module__ == loaded_module.__name__
    ]


def typed(formula: str, *wrts: str, target: str = "numpy") -> types.ModuleType:
    """The code of a formula as a person types it, with its first derivatives."""
    body = read(formula)
    definition = Definition("f", (), body)
    return loaded(code.write([work_out(definition, read(w)) for w in wrts], target))
