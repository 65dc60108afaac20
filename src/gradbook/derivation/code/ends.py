r"""The ends of the range: what tends to zero faster than any power is not multiplied by infinity.

In a product with a factor such as \sigma(x) that is exactly zero in floating point beyond some point on one
side, the argument is held at that point on that side: the product is zero there all the same, and no other
factor overflows. A saturating function of a polynomial is taken at an argument held where the polynomial does
not overflow yet and the function has saturated.

>>> from gradbook.symbolic.plain import read, write
>>> write(held(read("x*sigmoid(x)"), read("x")))
'max(x, -20000)*sigmoid(max(x, -20000))'
"""

from __future__ import annotations

from enum import Flag
from fractions import Fraction
from math import pi
from typing import cast

from gradbook.derivation.code.parts import func
from gradbook.symbolic.expr import (
    Add,
    Cases,
    Condition,
    Constant,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Sum,
    number,
    rebuild,
    replace,
    walk,
)


class Side(Flag):
    """The ends of the real line."""

    NONE = 0
    LEFT = 1
    RIGHT = 2
    BOTH = 3


#: e^-12000 is zero in every floating type in use, the 80-bit one included.
_VANISHED = 12_000

#: Where an argument can be held, the first that is far enough.
_BOUNDS = (200, 2_000, 20_000, 200_000, 2_000_000)

#: Functions that tend to zero exponentially, and at which end of their argument.
_VANISHING = {
    "exp": Side.LEFT,
    "sigmoid": Side.LEFT,
    "softplus": Side.LEFT,
    "normal_cdf": Side.LEFT,
    "tanh_softplus": Side.LEFT,
    "sech2_softplus": Side.RIGHT,
    "erfc": Side.RIGHT,
    "sigmoid_slope": Side.BOTH,
    "sech": Side.BOTH,
    "sech2": Side.BOTH,
    "exp_neg_square": Side.BOTH,
    "exp_neg_half_square": Side.BOTH,
}

#: Functions that are constant in floating point far out on both sides.
_SATURATING = {*_VANISHING, "tanh", "erf"} - {"exp", "softplus"}

#: Functions that do not grow faster than a power.
_TAME = _SATURATING | {
    "abs", "sign", "step", "max", "min", "clip", "relu", "softplus", "log_cosh", "tanh_gap", "log1p", "sin", "cos",
    "atan", "asinh",
}  # fmt: skip


def held(expr: Expr, variable: Expr) -> Expr:
    """The expression in one variable with its argument held where products vanish and polynomials overflow."""

    def visit(node: Node) -> Node:
        if isinstance(node, Condition | Sum | Cases):
            return node
        if isinstance(node, Mul | Div):
            side, bound = _vanishing(node, variable)
            if side and _grows(node, variable):
                return replace(rebuild(node, visit), {variable: _bounded(variable, side, bound)})
        if isinstance(node, Func) and node.name in _SATURATING:
            (u,) = node.args
            bound = _far(u, variable)
            if bound is not None and _degree(u, variable) > 1:
                return replace(node, {variable: _bounded(variable, Side.BOTH, bound)})
        return rebuild(node, visit)

    if any(
        isinstance(n, Func) and n.name in ("max", "min", "clip") and variable in n.args for n in walk(expr)
    ):
        return expr  # it is held already
    return _once(cast(Expr, visit(expr)), variable)


def _once(expr: Expr, variable: Expr) -> Expr:
    """Arguments held twice are held once."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if isinstance(node, Func) and node.name in ("max", "min", "clip"):
            first, *bounds = node.args
            if isinstance(first, Func) and first.name in ("max", "min", "clip") and first.args[0] == variable:
                inner = _limits(first)
                outer = _limits(func(node.name, variable, *bounds))
                low = max((x for x in (inner[0], outer[0]) if x is not None), default=None)
                high = min((x for x in (inner[1], outer[1]) if x is not None), default=None)
                return _between(variable, low, high)
        return node

    return cast(Expr, visit(expr))


def _limits(node: Func) -> tuple[int | None, int | None]:
    values = [int(_coefficient(b)) for b in node.args[1:]]
    match node.name:
        case "max":
            return values[0], None
        case "min":
            return None, values[0]
        case _:
            return values[0], values[1]


def _coefficient(bound: Expr) -> Fraction:
    return -_coefficient(bound.arg) if isinstance(bound, Neg) else cast(Number, bound).value


def _bounded(variable: Expr, side: Side, bound: int) -> Expr:
    return _between(variable, -bound if Side.LEFT in side else None, bound if Side.RIGHT in side else None)


def _between(variable: Expr, low: int | None, high: int | None) -> Expr:
    if low is None:
        return variable if high is None else func("min", variable, _signed(high))
    return (
        func("max", variable, _signed(low))
        if high is None
        else func("clip", variable, _signed(low), _signed(high))
    )


def _signed(value: int) -> Expr:
    return Neg(number(-value)) if value < 0 else number(value)


def _vanishing(node: Expr, variable: Expr) -> tuple[Side, int]:
    """At which ends a product is zero in floating point, and beyond which bound."""
    match node:
        case Func(name, (u,)) if name in _VANISHING:
            bound = _far(u, variable)
            if bound is None:
                return Side.NONE, 0
            side = Side.NONE
            for end, at in ((Side.LEFT, -bound), (Side.RIGHT, bound)):
                reached = Side.RIGHT if _at(u, variable, at) > 0 else Side.LEFT
                if reached in _VANISHING[name]:
                    side |= end
            return side, bound
        case Neg(arg):
            return _vanishing(arg, variable)
        case Pow(base, Number(n)) if n > 0:
            return _vanishing(base, variable)
        case Div(num, den):
            return _vanishing(num, variable) if _tame(den, variable) else (Side.NONE, 0)
        case Mul(parts):
            if not all(_tame(p, variable) for p in parts):
                return Side.NONE, 0
            found = [_vanishing(p, variable) for p in parts]
            side, bound = Side.NONE, 0
            for s, b in found:
                if s:
                    side, bound = side | s, max(bound, b)
            return side, bound
        case _:
            return Side.NONE, 0


def _tame(node: Expr, variable: Expr) -> bool:
    """Whether a factor grows no faster than a power of the variable, or vanishes where it does not."""
    return all(
        not isinstance(n, Func)
        or variable not in walk(n)
        or n.name in _TAME
        or (n.name == "exp" and bool(_vanishing(n, variable)[0]))
        for n in walk(node)
    )


def _grows(node: Expr, variable: Expr) -> bool:
    """Whether something in a product besides its vanishing factors can overflow."""
    parts = (
        node.factors if isinstance(node, Mul) else (node.num, node.den) if isinstance(node, Div) else (node,)
    )
    return any(_unbounded(part, variable) for part in parts)


def _unbounded(node: Expr, variable: Expr) -> bool:
    match node:
        case Func(name, (u,)):
            if name in _SATURATING:
                return _degree(u, variable) > 1
            return variable in walk(node)
        case Add() | Mul() | Div() | Neg() | Pow():
            return any(_unbounded(cast(Expr, c), variable) for c in _expressions(node))
        case _:
            return node == variable


def _expressions(node: Expr) -> list[Node]:
    from gradbook.symbolic.expr import children

    return list(children(node))


def _far(u: Expr, variable: Expr) -> int | None:
    """A bound beyond which |u| keeps growing and e^-|u| is zero; None if u is no polynomial of one variable."""
    found = _polynomial(u, variable)
    if found is None or max(found) == 0:
        return None
    n = max(found)
    lead = abs(found[n])
    reach = 1 + max((abs(c) for k, c in found.items() if k < n), default=0.0) / lead
    for bound in _BOUNDS:
        sizes = [abs(_at(u, variable, at)) for at in (-bound, bound)]
        if bound > reach and min(sizes) > _VANISHED:
            return bound
    return None


def _degree(u: Expr, variable: Expr) -> int:
    found = _polynomial(u, variable)
    return 0 if found is None else max(found)


def _at(u: Expr, variable: Expr, value: int) -> float:
    found = _polynomial(u, variable)
    assert found is not None
    return sum(c * float(value) ** k for k, c in found.items())


def _polynomial(u: Expr, variable: Expr) -> dict[int, float] | None:
    """Coefficients by power, where the expression is a polynomial in the variable with known coefficients."""
    if u == variable:
        return {1: 1.0}
    match u:
        case Number(value):
            return {0: float(value)}
        case Constant(name):
            return {0: pi if name == "pi" else 2.718281828459045}
        case Neg(arg):
            found = _polynomial(arg, variable)
            return None if found is None else {k: -c for k, c in found.items()}
        case Add(parts):
            result: dict[int, float] = {}
            for part in parts:
                found = _polynomial(part, variable)
                if found is None:
                    return None
                for k, c in found.items():
                    result[k] = result.get(k, 0.0) + c
            return result
        case Mul(parts):
            product = {0: 1.0}
            for part in parts:
                found = _polynomial(part, variable)
                if found is None:
                    return None
                product = _multiplied(product, found)
            return product
        case Div(num, den):
            top, bottom = _polynomial(num, variable), _polynomial(den, variable)
            if top is None or bottom is None or set(bottom) != {0} or not bottom[0]:
                return None
            return {k: c / bottom[0] for k, c in top.items()}
        case Pow(base, Number(n)):
            found = _polynomial(base, variable)
            if found is None:
                return None
            if set(found) == {0}:
                return {0: found[0] ** float(n)} if found[0] > 0 else None
            if n.denominator != 1 or not 0 < n <= 8:
                return None
            power = {0: 1.0}
            for _ in range(int(n)):
                power = _multiplied(power, found)
            return power
        case _:
            return None


def _multiplied(a: dict[int, float], b: dict[int, float]) -> dict[int, float]:
    result: dict[int, float] = {}
    for i, x in a.items():
        for j, y in b.items():
            result[i + j] = result.get(i + j, 0.0) + x * y
    return result
