r"""Mistakes of differentiation: what people put in the place of a rule's result.

A mal-rule looks at one application of a rule, and gives what may have been written instead; derivatives inside
it are still to be taken, and are then taken rightly (or with one more mistake).

>>> from gradbook.symbolic import to_text
>>> from gradbook.derivation.mistakes.chain_rule import outer_missing
>>> from gradbook.symbolic.expr import TWO, Func, Mul, Symbol
>>> x = Symbol("x")
>>> step = Differentiation.of(Derivative(Func("log", (Mul((TWO, x)),)), x))
>>> [(slip.code, to_text(wrong)) for wrong, slip in outer_missing(step)]
[('D103', 'd/dx[2·x]')]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.rules import is_constant, rewrite
from gradbook.symbolic.expr import (
    ONE,
    Apply,
    Constant,
    Derivative,
    Div,
    Expr,
    Func,
    Pow,
    replace,
)
from gradbook.symbolic.tidy import tidy

#: What a mal-rule gives: the wrong result, and the slip in words.
Wrong = Iterator[tuple[Expr, Slip]]


@dataclass(frozen=True, slots=True)
class Differentiation:
    """One application of a rule: the derivative, the rule, and what it gives."""

    node: Derivative
    rule: str
    after: Expr
    trivial: bool = False
    #: Whether this is the derivative that was asked for, and not one on the way to it.
    whole: bool = False

    @classmethod
    def of(cls, node: Derivative, *, whole: bool = False) -> Differentiation | None:
        """The application of the first rule that applies."""
        found = rewrite(node)
        return None if found is None else cls(node, found[0].name, found[1], found[0].trivial, whole)

    @property
    def body(self) -> Expr:
        """What is differentiated."""
        return self.node.body

    @property
    def wrt(self) -> Expr:
        """What it is differentiated by."""
        return self.node.wrt

    def slope(self, part: Expr) -> Derivative:
        """The derivative of a part, still to be taken."""
        return Derivative(part, self.wrt, 1, self.node.variant)

    @property
    def inner(self) -> Expr | None:
        """The inner function, where the chain rule is used."""
        match self.body:
            case Func("max" | "min", _):
                return None
            case Func("relu", (u,)):
                return None if u == self.wrt else u
            case Func(_, (u,)) | Pow(Constant("e"), u):
                return u
            case Div(num, den) if num == ONE:
                return den
            case Pow(u, n) if is_constant(n, self.wrt):
                return u
            case Pow(a, u) if is_constant(a, self.wrt):
                return u
            case Apply(_, args, _):
                moving = [a for a in args if not is_constant(a, self.wrt)]
                return moving[0] if len(moving) == 1 else None
            case _:
                return None

    @property
    def outer(self) -> Expr | None:
        """The outer derivative, at the inner function."""
        inner = self.inner
        if inner is None:
            return None
        return self.after if inner == self.wrt else tidy(replace(self.after, {self.slope(inner): ONE}))


def of_differentiation(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    """Enters a mistake of differentiation."""
    return mistake(code, name, meant=meant, family=Family.DERIVATIVE, example=example, cost=cost)
