"""Numbers as they were written: a decimal is right if the exact value rounds to it.

All comparisons are of certified enclosures; an enclosure that straddles the edge of the rounding
interval decides nothing, and the precision is raised.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from flint import arb  # type: ignore[import-untyped]

from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.evaluate import Point, ball, evaluate
from gradbook.symbolic.expr import (
    Add,
    Apply,
    Cases,
    Delta,
    Derivative,
    Div,
    Expr,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Sum,
    Symbol,
    kinds,
    rebuild,
    walk,
)


def written_number(expr: Expr) -> tuple[Fraction, Fraction | None] | None:
    """A literal's value and the size of its last digit (None: exact), or None if it is not a literal.

    >>> from gradbook.symbolic.expr import number
    >>> written_number(Neg(number("0.50")))
    (Fraction(-1, 2), Fraction(1, 100))
    """
    match expr:
        case Number(value, decimals):
            return value, Fraction(1, 10**decimals) if decimals is not None else None
        case Neg(arg):
            inner = written_number(arg)
            return None if inner is None else (-inner[0], inner[1])
        case Mul((first, Pow(Number(ten), power))) if ten == 10:
            mantissa, exponent = written_number(first), _whole(power)
            if mantissa is None or exponent is None or abs(exponent) > 300:
                return None
            scale = Fraction(10) ** exponent
            unit = mantissa[1] if mantissa[1] is not None else Fraction(1)
            return mantissa[0] * scale, unit * scale
        case _:
            return None


def _whole(expr: Expr) -> int | None:
    match expr:
        case Number(value) if value.denominator == 1:
            return int(value)
        case Neg(arg):
            inner = _whole(arg)
            return None if inner is None else -inner
        case _:
            return None


def is_numeric(expr: Node) -> bool:
    """Whether a tree holds numbers only.

    >>> is_numeric(Symbol("x"))
    False
    """
    return kinds(expr).isdisjoint((Symbol, Indexed, Apply, Sum, Delta, Derivative, Cases))


def value_of(expr: Expr, clock: Clock, precision: int = 160) -> arb:
    """The enclosure of a numeric tree."""
    return evaluate(expr, Point(_no_symbol), precision=precision, clock=clock)


def _no_symbol(atom: Expr) -> Fraction:
    raise ValueError(f"a symbol where numbers were expected: {atom}")


def rounds_to(
    value: arb, target: Fraction, unit: Fraction, *, slack: Fraction = Fraction(1, 2)
) -> bool | None:
    """Whether the value lies within half a unit of the target; None if the enclosure cannot tell.

    >>> rounds_to(ball(Fraction(493, 1000)), Fraction(493, 1000), Fraction(1, 1000))
    True
    """
    distance = abs(value - ball(target))
    limit = ball(unit * slack)
    if distance <= limit:
        return True
    if distance > limit:
        return False
    return None


def widened(expr: Expr, keep: frozenset[Fraction], clock: Clock) -> arb:
    """The enclosure of a tree whose decimals stand for all numbers that round to them.

    Decimals in ``keep`` (given data) stay exact.
    """
    spread: dict[Expr, arb] = {}

    def mark(node: Node) -> Node:
        if isinstance(node, Number) and node.decimals and node.value not in keep:
            name = Symbol(f"#{len(spread)}")
            half = ball(Fraction(1, 2 * 10**node.decimals))
            spread[name] = ball(node.value) + arb(0, half)
            return name
        return rebuild(node, mark)

    tree = mark(expr)
    assert isinstance(tree, Expr)
    return evaluate(tree, _Spread(spread), precision=160, clock=clock)


class _Spread(Point):
    """A point some of whose coordinates are intervals."""

    def __init__(self, spread: dict[Expr, arb]) -> None:
        super().__init__(_no_symbol)
        self.spread = spread

    def ball(self, atom: Expr) -> arb:
        """The interval of a widened number."""
        return self.spread[atom]


def exact_value(expr: Expr) -> Expr:
    """A numeric tree as the rational number it is, if it is one and not too long; else the tree.

    >>> from gradbook.symbolic.expr import ONE, TWO
    >>> exact_value(Div(ONE, TWO))
    Number(value=Fraction(1, 2), decimals=None)
    """
    found = _rational(expr)
    if found is None or found.numerator.bit_length() + found.denominator.bit_length() > 4096:
        return expr
    return expr if isinstance(expr, Number) else Number(found)


def _rational(expr: Expr) -> Fraction | None:
    match expr:
        case Number(value):
            return value
        case Neg(arg):
            inner = _rational(arg)
            return None if inner is None else -inner
        case Add(terms) | Mul(terms):
            parts = [_rational(t) for t in terms]
            known = [p for p in parts if p is not None]
            if len(known) < len(parts):
                return None
            return sum(known, Fraction(0)) if isinstance(expr, Add) else prod(known, start=Fraction(1))
        case Div(num, den):
            top, bottom = _rational(num), _rational(den)
            return top / bottom if top is not None and bottom else None
        case Pow(base, Number(power)) if power.denominator == 1 and abs(power) <= 64:
            below = _rational(base)
            return below ** int(power) if below else None
        case _:
            return None


def exact_decimals(expr: Node) -> frozenset[Fraction]:
    """The values of all literals in a tree."""
    return frozenset(n.value for n in walk(expr) if isinstance(n, Number))
