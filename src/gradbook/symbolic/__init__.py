"""Expressions as they were written, differentiation, and exact decisions about equality.

The tree is in :mod:`gradbook.symbolic.expr`, whose constructors do not simplify. Two trees are compared by
``decide`` in :mod:`gradbook.symbolic.decide`: proved by an exact normal form, refuted by a certified point.

>>> from gradbook.symbolic import differentiate, to_text
>>> from gradbook.symbolic.decide import decide
>>> from gradbook.symbolic.expr import Div, Func, ONE, Symbol
>>> x = Symbol("x")
>>> to_text(differentiate(Func("log", (x,)), x))
'1/x'
>>> decide(differentiate(Func("log", (x,)), x), Div(ONE, x)).outcome
<Outcome.PROVED: 'proved'>

Nothing is imported before it is used: ``expr`` needs neither FLINT nor SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradbook.symbolic.derivative import differentiate
    from gradbook.symbolic.domain import Domain
    from gradbook.symbolic.outcomes import Decision, Outcome
    from gradbook.symbolic.printing import to_latex, to_text
    from gradbook.symbolic.sympy_bridge import from_sympy, to_sympy

__all__ = [
    "Decision",
    "Domain",
    "Outcome",
    "differentiate",
    "from_sympy",
    "to_latex",
    "to_sympy",
    "to_text",
]

_HOMES = {
    "Decision": "outcomes",
    "Domain": "domain",
    "Outcome": "outcomes",
    "differentiate": "derivative",
    "from_sympy": "sympy_bridge",
    "to_latex": "printing",
    "to_sympy": "sympy_bridge",
    "to_text": "printing",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gradbook.symbolic' has no attribute {name!r}")
    return getattr(import_module(f"gradbook.symbolic.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
