"""How far off a line is, where no mistake explains it: by a factor or by a term, in the simplest form.

>>> from gradbook.symbolic.domain import Domain
>>> from gradbook.symbolic.expr import Mul
>>> from gradbook.symbolic.expr import Symbol
>>> x, y = Symbol("x"), Symbol("y")
>>> right, written = Mul((x, y)), Mul((x, x, y))
>>> difference(right, written, Points((right, written), Domain()), 1.0).sentence()
'the line is too large by the factor x'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradbook.derivation.algebra import simplify, weight
from gradbook.derivation.mistakes.values import Points
from gradbook.symbolic.bounds import BoundHit, Budget
from gradbook.symbolic.expr import Add, Cases, Div, Expr, Neg, Node, tree_size, walk
from gradbook.symbolic.printing import to_text

#: Largest formula that is still shown as a difference.
_SHOWN = 14
#: Largest trees that are simplified for it.
_SIZE = 160


@dataclass(frozen=True, slots=True)
class Difference:
    """What the line is off by: a factor, or else a term."""

    factor: Expr | None = None
    term: Expr | None = None

    def sentence(self, spell: Callable[[Node], str] = to_text) -> str:
        """The difference in words."""
        if self.factor is not None:
            return f"the line is too large by the factor {spell(self.factor)}"
        assert self.term is not None
        return f"the line differs by the term {spell(self.term)}"


def difference(right: Expr, written: Expr, points: Points, seconds: float) -> Difference | None:
    """The simplest form of the difference between a line and what is right; None if none is simple."""
    if tree_size(right) + tree_size(written) > _SIZE:
        return None
    if any(isinstance(n, Cases) for e in (right, written) for n in walk(e)):
        return None
    budget = Budget(seconds)
    candidates: list[tuple[int, Difference]] = []
    try:
        factor = simplify(Div(written, right))
        if weight(factor) <= _SHOWN and not any(v == 0 for v in points.of(right)):
            candidates.append((weight(factor), Difference(factor=factor)))
        if not budget.spent:
            term = simplify(Add((written, Neg(right))))
            if weight(term) <= _SHOWN:
                candidates.append((weight(term) + 1, Difference(term=term)))
    except (BoundHit, ZeroDivisionError, OverflowError, RecursionError):
        pass
    return min(candidates, key=lambda c: c[0])[1] if candidates else None
