r"""Values of trees with mpmath, apart from the program's own evaluation: each is the other's oracle.

An unknown function stands for a particular sine here: two trees that differ for that one are not
equal for all.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath  # pyright: ignore[reportMissingTypeStubs]

from gradbook.symbolic.expr import (
    Add,
    All,
    AnyOf,
    Apply,
    Cases,
    Condition,
    Constant,
    Delta,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Not,
    Number,
    Op,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
)

mp: Any = mpmath.mp


class NoValue(ValueError):
    """The tree has no real value at the point, or stands so close to a kink or pole that digits are lost."""


#: Closer than this to a kink, a pole or the end of a domain, the working precision cannot be trusted.
_TOO_CLOSE = 1e-12
_TOO_LARGE = 1e12
#: Enough for 30 to be left after the cancellation that the two bounds allow.
DIGITS = 60
#: How many values an index with an open range takes, and ``n``; apart, so that neither passes for the other.
_OPEN_RANGE, _SIZE = 2, 3


@dataclass(frozen=True)
class Point:
    """Reproducible values for every free quantity; kinds 0, 1, 2 are positive, in (-1, 1), in (-2.5, 2.5)."""

    seed: int

    def value(self, atom: Expr) -> Fraction:
        if atom == Symbol("n"):
            return Fraction(_SIZE)
        source = random.Random(f"{self.seed}:{atom}")
        low, high = ((1, 15_000), (-10_000, 10_000), (-25_000, 25_000))[self.seed % 3]
        return Fraction(source.randint(low, high) or 1, 10_007)


def value(expr: Expr, point: Point, digits: int = DIGITS) -> Any:
    """The value of a scalar tree as an ``mpf``.

    Raises:
        NoValue: not real and finite there, or too close to where it is not.
    """
    with mp.workdps(digits + 5):
        return _Values(point).of(expr, {})


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "sin": mp.sin, "cos": mp.cos, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "sech": mp.sech,
    "exp": mp.exp, "atan": mp.atan, "asinh": mp.asinh, "erf": mp.erf, "erfc": mp.erfc, "abs": abs,
    "sigmoid": lambda u: 1 / (1 + mp.exp(-u)), "softplus": lambda u: mp.log(1 + mp.exp(u)),
    "relu": lambda u: max(u, mp.mpf(0)),
}  # fmt: skip
#: Functions with poles, kinks or ends of their domain: what has to stay away from zero.
_CAREFUL: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "log": (mp.log, lambda u: u),
    "tan": (mp.tan, lambda u: abs(mp.cos(u))),
    "sec": (mp.sec, lambda u: abs(mp.cos(u))),
    "cot": (mp.cot, lambda u: abs(mp.sin(u))),
    "csc": (mp.csc, lambda u: abs(mp.sin(u))),
    "coth": (mp.coth, abs),
    "csch": (mp.csch, abs),
    "sign": (mp.sign, abs),
    "step": (lambda u: (1 + mp.sign(u)) / 2, abs),
    "asin": (mp.asin, lambda u: 1 - abs(u)),
    "acos": (mp.acos, lambda u: 1 - abs(u)),
    "acosh": (mp.acosh, lambda u: u - 1),
    "atanh": (mp.atanh, lambda u: 1 - abs(u)),
}


class _Values:
    def __init__(self, point: Point) -> None:
        self.point = point

    def of(self, expr: Expr, bound: dict[str, int]) -> Any:
        result = self._of(expr, bound)
        if not abs(result) < _TOO_LARGE:
            raise NoValue("too large")
        return result

    def _of(self, expr: Expr, bound: dict[str, int]) -> Any:
        match expr:
            case Number(exact):
                return _mpf(exact)
            case Constant(name):
                return mp.pi() if name == "pi" else mp.e()
            case Symbol(name):
                return mp.mpf(bound[name]) if name in bound else _mpf(self.point.value(expr))
            case Indexed(base, indices):
                at = tuple(number(self.whole(index, bound)) for index in indices)
                return _mpf(self.point.value(Indexed(base, at)))
            case Add(terms):
                return sum((self.of(term, bound) for term in terms), mp.mpf(0))
            case Mul(factors):
                result = mp.mpf(1)
                for factor in factors:
                    result *= self.of(factor, bound)
                return result
            case Neg(arg):
                return -self.of(arg, bound)
            case Div(num, den):
                return self.of(num, bound) / _away(self.of(den, bound), abs)
            case Pow(base, exponent):
                return self.power(self.of(base, bound), self.of(exponent, bound), exponent)
            case Func(name, args):
                return self.function(name, [self.of(arg, bound) for arg in args])
            case Apply(name, args, orders):
                return _unknown(name, [self.of(arg, bound) for arg in args], orders or (0,) * len(args))
            case Sum():
                return sum(
                    (self.of(expr.body, {**bound, expr.index: k}) for k in self.span(expr, bound)), mp.mpf(0)
                )
            case Product():
                result = mp.mpf(1)
                for k in self.span(expr, bound):
                    result *= self.of(expr.body, {**bound, expr.index: k})
                return result
            case Delta(left, right):
                return mp.mpf(self.whole(left, bound) == self.whole(right, bound))
            case Cases(branches):
                for branch, condition in branches:
                    if self.holds(condition, bound):
                        return self.of(branch, bound)
                raise NoValue("no branch holds")
            case _:
                raise NoValue(f"{type(expr).__name__} has no value")

    def whole(self, expr: Expr, bound: dict[str, int]) -> int:
        return int(mp.nint(self.of(expr, bound)))

    def span(self, node: Sum | Product, bound: dict[str, int]) -> range | list[int]:
        low = 1 if node.lower is None else self.whole(node.lower, bound)
        high = low + _OPEN_RANGE - 1 if node.upper is None else self.whole(node.upper, bound)
        if isinstance(node, Sum) and node.excluded is not None:
            out = self.whole(node.excluded, bound)
            return [k for k in range(low, high + 1) if k != out]
        return range(low, high + 1)

    def power(self, base: Any, size: Any, exponent: Expr) -> Any:
        if abs(size) > 200:
            raise NoValue("too large a power")
        if size == int(size):
            return (base if size >= 0 else _away(base, abs)) ** int(size)
        if base < 0 and isinstance(exponent, Number) and exponent.value.denominator % 2:
            # An odd root of a negative number is real.
            return (-1) ** (exponent.value.numerator % 2) * _away(-base, abs) ** size
        return _away(base, lambda u: u) ** size

    def function(self, name: str, args: list[Any]) -> Any:
        if name in ("max", "min"):
            return max(args) if name == "max" else min(args)
        (u,) = args
        if name in ("exp", "sinh", "cosh", "softplus", "sigmoid") and abs(u) > 90:
            raise NoValue("too large")
        if name in _CAREFUL:
            compute, distance = _CAREFUL[name]
            return compute(_away(u, distance))
        if name not in _PLAIN:
            raise NoValue(f"{name} is not a scalar function")
        return _PLAIN[name](u)

    def holds(self, condition: Condition, bound: dict[str, int]) -> bool:
        match condition:
            case Relation(left, op, right):
                gap = _away(self.of(left, bound) - self.of(right, bound), abs)
                if op in (Op.EQ, Op.NE):
                    return op is Op.NE
                return bool(gap < 0) == (op in (Op.LT, Op.LE))
            case All(parts):
                return all(self.holds(part, bound) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part, bound) for part in parts)
            case Not(part):
                return not self.holds(part, bound)
            case _:
                return True


def _mpf(exact: Fraction) -> Any:
    return mp.mpf(exact.numerator) / exact.denominator


def _away(u: Any, distance: Callable[[Any], Any]) -> Any:
    if not distance(u) > _TOO_CLOSE:
        raise NoValue("too close to a kink, a pole or the end of the domain")
    return u


def _unknown(name: str, args: list[Any], orders: tuple[int, ...]) -> Any:
    """sin(b + a_1 u_1 + a_2 u_2 + ...), of which every derivative is a factor and a shift."""
    source = random.Random(zlib.crc32(name.encode()))
    angle, factor = mp.mpf(source.randint(1, 999)) / 1000, mp.mpf(1)
    for arg, order in zip(args, orders, strict=True):
        rate = mp.mpf(source.randint(500, 1500)) / 1009
        angle += rate * arg
        factor *= rate**order
    return factor * mp.sin(angle + sum(orders) * mp.pi / 2)


def values_at_points(expr: Expr, seeds: range) -> Iterator[tuple[Point, Any]]:
    """The points at which a tree has a value, with the value there."""
    for seed in seeds:
        try:
            yield Point(seed), value(expr, Point(seed))
        except NoValue:
            continue


def agree(a: Any, b: Any, digits: int = 12) -> bool:
    """Equal as far as a random tree lets its digits tell."""
    return bool(abs(a - b) <= mp.mpf(10) ** -digits * max(1, abs(a), abs(b)))


def differ_somewhere(a: Expr, b: Expr, seeds: range = range(9)) -> bool:
    """Whether two trees visibly differ at a point where both have a value that the digits settle."""
    for seed in seeds:
        point = Point(seed)
        try:
            first, second = value(a, point), value(b, point)
            sharper = value(a, point, 2 * DIGITS), value(b, point, 2 * DIGITS)
        except NoValue:
            continue
        settled = agree(first, sharper[0], 15) and agree(second, sharper[1], 15)
        if settled and not agree(first, second, 8):
            return True
    return False
