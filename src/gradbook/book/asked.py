"""What ``gradbook derive`` is asked, in words of a command line or of a ``derive`` block, and the derivations.

Nothing heavy is imported before something is derived.
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from gradbook.derivation.steps import Derivation
    from gradbook.symbolic.expr import Expr


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be derived; the fields are the options of ``gradbook derive``."""

    expression: str | None
    loss: str | None
    activation: str | None
    form: str
    bias: bool
    wrt: tuple[str, ...]
    order: int
    hessian: bool
    detail: str
    assume: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what is to be derived, rather than how it is to be written."""
    parser.add_argument(
        "expression",
        nargs="?",
        metavar="EXPRESSION",
        help='plain text ("log(1+exp(-y*f))", "f(x) = x^2"), LaTeX, or a name of the catalogue',
    )
    parser.add_argument("--activation", metavar="NAME", help="an activation of the catalogue")
    parser.add_argument("--loss", metavar="NAME", help="a loss of the catalogue")
    parser.add_argument(
        "--wrt",
        action="append",
        default=[],
        metavar="NAME",
        help="by what; may be said more than once",
    )
    parser.add_argument("--order", type=count, default=1, metavar="N", help="how many times (default: 1)")
    parser.add_argument("--hessian", action="store_true", help="all second derivatives by what --wrt names")
    parser.add_argument(
        "--form",
        choices=("sample", "sum", "both"),
        default="both",
        help="of a loss of an activation: one sample, summed over samples, or both (default)",
    )
    parser.add_argument("--bias", action="store_true", help="the linear model has a bias")
    parser.add_argument("--assume", action="append", default=[], metavar="CONDITION", help='such as "x > 0"')
    parser.add_argument(
        "--detail", choices=("short", "full"), default="short", help="how small the steps are"
    )


def count(text: str) -> int:
    """A whole number from 1, as argparse reads it."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


def kept(word: str) -> str:
    """``-log(p)`` is an expression and no option: argparse sees that by a space.

    >>> kept("-log(p)"), kept("--bias")
    (' -log(p)', '--bias')
    """
    return f" {word}" if len(word) > 2 and word[0] == "-" and word[1] != "-" else word


def of(found: argparse.Namespace) -> Asked:
    """What parsed arguments ask."""
    return Asked(
        expression=found.expression,
        loss=found.loss,
        activation=found.activation,
        form=found.form,
        bias=found.bias,
        wrt=tuple(found.wrt),
        order=found.order,
        hessian=found.hessian,
        detail=found.detail,
        assume=tuple(found.assume),
    )


class _Parser(argparse.ArgumentParser):
    """Tells of a wrong argument by an exception: a document must not end the program."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def read(line: str) -> Asked:
    """What a line of a ``derive`` block asks: the arguments of ``gradbook derive``, quoted as in a shell.

    Raises:
        ValueError: what is wrong with the line, in one sentence.

    >>> read('"log(1+exp(-y*f))" --wrt f').wrt
    ('f',)
    >>> read("--activation sigmoid --order none")
    Traceback (most recent call last):
    ValueError: argument --order: expected a whole number from 1, found 'none'
    """
    words = shlex.split(line, comments=True)
    parser = _Parser(prog="derive", add_help=False, allow_abbrev=False)
    add_arguments(parser)
    return of(parser.parse_args([kept(word) for word in words]))


def derivations(asked: Asked) -> list[Derivation]:
    """The derivations, each step proved.

    Raises:
        ValueError: it could not be done; why, in one sentence.
    """
    if asked.loss and asked.activation:
        if asked.expression is not None:
            raise ValueError("an expression, or a loss with an activation: not both")
        return _pair(asked)
    name = asked.loss or asked.activation
    if asked.expression is not None:
        if name:
            raise ValueError("an expression, or a name of the catalogue: not both")
        return _typed(asked) if not _is_name(asked.expression) else _entry(asked.expression, asked)
    if name is None:
        raise ValueError(
            'say what to derive: an expression ("log(1+exp(x))"), --activation, --loss, or --list'
        )
    return _entry(name, asked)


def _is_name(text: str) -> bool:
    """Whether what was typed is a name of the catalogue; one letter is a variable."""
    from gradbook.derivation.catalogue import UnknownName, find

    bare = text.replace("-", "").replace("_", "").replace(" ", "")
    if len(text) < 2 or not bare.isalnum():
        return False
    try:
        find(text)
    except UnknownName:
        if bare.isalpha() and len(bare) > 3 and "_" not in text:
            raise
        return False
    return True


def _pair(asked: Asked) -> list[Derivation]:
    from gradbook.derivation.catalogue import Kind, find
    from gradbook.derivation.pairs import derivations
    from gradbook.derivation.steps import Detail

    loss, activation = find(asked.loss or "", Kind.LOSS), find(asked.activation or "", Kind.ACTIVATION)
    summed = {"sample": False, "sum": True}.get(asked.form)
    return derivations(loss, activation, summed=summed, bias=asked.bias, detail=Detail(asked.detail))


def _entry(name: str, asked: Asked) -> list[Derivation]:
    from gradbook.derivation.catalogue import Kind, find
    from gradbook.derivation.steps import Detail
    from gradbook.derivation.working import work_out
    from gradbook.document import deriving
    from gradbook.symbolic.domain import Domain

    kind = Kind.LOSS if asked.loss else Kind.ACTIVATION if asked.activation else None
    entry = find(name, kind)
    told = deriving.domain(asked.assume)
    domain = Domain((*entry.domain.conditions, *told.conditions), simplex=entry.domain.simplex)
    wrts = [deriving.variables(entry.definition, w)[0] for w in asked.wrt] or [entry.variable]
    found = [
        deriving.differentiate(
            entry.definition, chosen, detail=asked.detail, domain=domain, title=entry.title
        )
        for chosen in _orders(wrts, asked)
    ]
    if entry.vector_definition is not None and not asked.wrt and asked.order == 1 and not asked.hessian:
        definition, variable, vectors = entry.vector_definition
        title = f"{entry.title}, in vectors,"
        found.append(
            work_out(
                definition,
                variable,
                detail=Detail(asked.detail),
                domain=domain,
                vectors=vectors,
                title=title,
            )
        )
    return found


def _typed(asked: Asked) -> list[Derivation]:
    from gradbook.document import deriving, typed
    from gradbook.symbolic.expr import Symbol

    assert asked.expression is not None
    definition = typed.read(asked.expression)
    domain = deriving.domain(asked.assume)
    wrts = [v for w in asked.wrt or (None,) for v in deriving.variables(definition, w)]
    if not definition.parameters and not definition.indices and all(isinstance(w, Symbol) for w in wrts):
        definition = replace(definition, parameters=tuple(dict.fromkeys(wrts)))
    return [
        deriving.differentiate(definition, chosen, detail=asked.detail, domain=domain)
        for chosen in _orders(wrts, asked)
    ]


def _orders(wrts: list[Expr], asked: Asked) -> list[tuple[Expr, ...]]:
    """What each derivation is differentiated by: each quantity ``order`` times, or all pairs of a Hessian."""
    if asked.hessian:
        return [(a, b) for k, a in enumerate(wrts) for b in wrts[k:]]
    return [(wrt,) * asked.order for wrt in wrts]
