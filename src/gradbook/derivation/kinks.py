"""Where a function has no derivative, and what takes its place there.

Each seam (of cases, of an absolute value, of a maximum, of a sign) is an equation u = v. The pieces on both
sides are followed up to it: values that differ make a jump, slopes that differ a corner, whose slopes span
the subdifferential.

>>> from gradbook.symbolic import to_text
>>> from gradbook.symbolic.expr import Symbol
>>> x = Symbol("x")
>>> kink, = kinks(Func("abs", (x,)), x)
>>> kink.kind.value, to_text(kink.where), to_text(kink.left), to_text(kink.right)
('corner', 'x = 0', '-1', '1')
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from gradbook.derivation.algebra import Algebra, simplify
from gradbook.derivation.branches import proportional, undefined, with_signs
from gradbook.derivation.conditions import compare
from gradbook.derivation.deltas import collapsed
from gradbook.derivation.rules import is_constant
from gradbook.derivation.steps import Kink, KinkKind
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import decide, decide_order
from gradbook.symbolic.derivative import NotDifferentiable, differentiate
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    ZERO,
    Add,
    All,
    AnyOf,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Pow,
    Product,
    Relation,
    Sum,
    children,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.tidy import tidy


def kinks(body: Expr, wrt: Expr, domain: Domain | None = None) -> tuple[Kink, ...]:
    """The places where the function has no derivative with respect to ``wrt``, seams inside sums apart."""
    found: dict[Condition, Kink] = {}
    for u, v in _seams(body):
        difference = tidy(Add((u, Neg(v)))) if v != ZERO else u
        if is_constant(difference, wrt):
            continue
        kink = _Seam(body, difference, wrt, domain or Domain()).kink(u, v)
        if kink is not None:
            found.setdefault(kink.where, kink)
    for node in _pieces(body):
        match node:
            case Pow(base, Number(value)) if (
                0 < value < 1 and not is_constant(base, wrt) and not _never_zero(base)
            ):
                where = _place(base, wrt, base, ZERO)
                found.setdefault(where, Kink(KinkKind.VERTICAL, where))
            case _:
                continue
    return tuple(found.values())


def _seams(body: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The two sides of the equation of each seam."""
    for node in _pieces(body):
        match node:
            case Func("abs" | "sign" | "relu" | "step", (u,)):
                yield u, ZERO
            case Func("max" | "min", (u, v)):
                yield (v, u) if u == ZERO else (u, v)
            case Cases(branches):
                for _, condition in branches:
                    yield from _borders(condition)
            case _:
                continue


def _borders(condition: Condition) -> Iterator[tuple[Expr, Expr]]:
    match condition:
        case Relation(left, op, right) if op not in (Op.EQ, Op.NE):
            match left, right:
                case Func("abs", (u,)), bound:  # |u| <= d has the borders u = d and u = -d
                    yield u, bound
                    yield u, tidy(Neg(bound))
                case bound, Func("abs", (u,)):
                    yield u, bound
                    yield u, tidy(Neg(bound))
                case _:
                    yield left, right
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _borders(part)
        case Not(part):
            yield from _borders(part)
        case _:
            return


def _pieces(body: Expr) -> Iterator[Node]:
    """The parts of a function that no sum over an index holds."""
    stack: list[Node] = [body]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Sum | Product | Condition):
            stack.extend(children(node))


class _Seam:
    """The surface where a difference is zero, and the pieces of the function on both sides of it."""

    def __init__(self, body: Expr, difference: Expr, wrt: Expr, domain: Domain) -> None:
        self.body = body
        self.difference = difference
        self.wrt = wrt
        self.domain = domain
        self.value = _solved(difference, wrt)

    def kink(self, u: Expr, v: Expr) -> Kink | None:
        """What happens there; None if there is a derivative, or it is not plain."""
        where = _place(self.difference, self.wrt, u, v)
        try:
            above, below = self._piece(1), self._piece(-1)
            if self.value is None and not _meet(above, below, self.difference):
                return None
            if self.value is not None and not _equal(self._there(above), self._there(below)):
                return Kink(KinkKind.JUMP, where)
            right, left = (
                self._there(simplify(collapsed(differentiate(side, self.wrt)))) for side in (above, below)
            )
            if any(
                isinstance(n, Func) and n.name == "sign" and n.args[0] == ZERO
                for s in (left, right)
                for n in walk(s)
            ):
                return None  # another seam at the same place
            if self.value is not None and _falls(self.difference, self.wrt):
                right, left = left, right
            return None if _equal(right, left) else Kink(KinkKind.CORNER, where, left, right)
        except (BoundHit, NotDifferentiable, ZeroDivisionError):
            return None

    def _there(self, side: Expr) -> Expr:
        there = substitute(side, {self.wrt: self.value}) if self.value is not None else side
        if undefined(there):
            raise ZeroDivisionError
        return simplify(cast(Expr, _folded(there)))

    def _piece(self, side: int) -> Expr:
        """The formula that holds just above (below) the seam."""

        def sign(u: Expr) -> int:
            """The sign of u just beside the seam, 0 where it is not known."""
            known = side * proportional(u, self.difference)
            return known or (self._sign_there(u) if self.value is not None else 0)

        return with_signs(
            self.body, sign
        )  # seams that are left are somewhere else, or of quantities whose sign nothing tells

    def _sign_there(self, u: Expr) -> int:
        at = simplify(tidy(substitute(u, {self.wrt: self.value})))
        number = _number(at)
        if number is not None:
            return (number > 0) - (number < 0)
        for op, sign in ((Op.GT, 1), (Op.LT, -1)):
            if decide_order(at, op, ZERO, self.domain, clock=Clock(0.5)).outcome is Outcome.PROVED:
                return sign
        return 0


def _folded(node: Node) -> Node:
    """Products with zero and extremes of equals, in conditions too."""
    node = rebuild(node, _folded)
    match node:
        case Mul(factors) if ZERO in factors:
            return ZERO
        case Func("max" | "min", (a, b)) if a == b:
            return a
        case _:
            return node


def _meet(above: Expr, below: Expr, difference: Expr) -> bool:
    """Whether two pieces have the same value wherever the difference is zero: it is a factor of theirs."""
    gap = tidy(Add((above, Neg(below))))
    algebra = Algebra.of(gap, difference)
    top, _ = algebra.quotient(gap)
    factor, _ = algebra.quotient(difference)
    return (top % factor).is_zero() if not factor.is_constant() else False


def _number(expr: Expr) -> Fraction | None:
    match expr:
        case Number(value):
            return value
        case Neg(Number(value)):
            return -value
        case _:
            return None


def _place(difference: Expr, wrt: Expr, u: Expr, v: Expr) -> Relation:
    """The equation of the seam, solved where that is short."""
    value = _solved(difference, wrt)
    if value is not None and not isinstance(value, Div):
        return Relation(wrt, Op.EQ, value)
    if v != ZERO:
        return Relation(u, Op.EQ, v)
    return compare(difference, Op.EQ, ZERO)


def _solved(difference: Expr, wrt: Expr) -> Expr | None:
    """The value of the variable at the seam, where the seam is linear in it."""
    try:
        slope = simplify(differentiate(difference, wrt))
    except (NotDifferentiable, BoundHit):
        return None
    if slope == ZERO or not is_constant(slope, wrt):
        return None
    rest = simplify(substitute(difference, {wrt: ZERO}))
    return simplify(Neg(Div(rest, slope)))


def _falls(difference: Expr, wrt: Expr) -> bool:
    """Whether the difference falls as the variable grows, so that above the seam is left of it."""
    slope = simplify(differentiate(difference, wrt))
    return isinstance(slope, Neg) or (isinstance(slope, Number) and slope.value < 0)


def _equal(a: Expr, b: Expr) -> bool:
    return a == b or decide(a, b, clock=Clock(1.0)).outcome is Outcome.PROVED


def _never_zero(base: Expr) -> bool:
    from gradbook.derivation.conditions import needed

    return not needed(Func("log", (base,)))
