"""Sums and products taken apart into numbers and what they multiply, for rules that look for patterns.

>>> x = Symbol("x")
>>> coefficient(Neg(Mul((number(2), x))))
(Fraction(-2, 1), Symbol(name='x'))
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction

from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Condition,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Product,
    Sum,
    Symbol,
    number,
    walk,
)

#: A product as its parts with their powers, in the order in which they stood.
Factors = dict[Expr, Fraction]


def func(name: str, *args: Expr) -> Func:
    """A function applied, the primitives of this package among them."""
    return Func(name, args)


def coefficient(expr: Expr) -> tuple[Fraction, Expr]:
    """The number in front of a term, and the rest (1 if it is a number)."""
    match expr:
        case Number(value):
            return value, ONE
        case Neg(arg):
            c, core = coefficient(arg)
            return -c, core
        case Mul(factors):
            c, rest = Fraction(1), list[Expr]()
            for factor in factors:
                part, core = coefficient(factor)
                c *= part
                rest += [] if core == ONE else [core]
            return c, product(rest)
        case Div(num, den):
            a, top = coefficient(num)
            b, bottom = coefficient(den)
            if b == 0:
                return Fraction(1), expr
            return a / b, top if bottom == ONE else Div(top, bottom)
        case _:
            return Fraction(1), expr


def product(factors: Iterable[Expr]) -> Expr:
    """The product of the factors that are not 1."""
    kept: list[Expr] = []
    for factor in factors:
        if factor != ONE:
            kept += factor.factors if isinstance(factor, Mul) else (factor,)
    return ONE if not kept else kept[0] if len(kept) == 1 else Mul(tuple(kept))


def scaled(c: Fraction, core: Expr) -> Expr:
    """``c core``, the sign in front."""
    if c == 0:
        return ZERO
    if c < 0:
        return Neg(scaled(-c, core))
    if core == ONE:
        return number(c)
    if c == 1:
        return core
    if c.numerator == 1:
        return Div(core, number(c.denominator))
    return product((number(c), core))


def terms(expr: Expr) -> list[tuple[Fraction, Expr]]:
    """A sum as numbers times parts.

    >>> terms(Add((ONE, Neg(Symbol("x")))))
    [(Fraction(1, 1), Number(value=Fraction(1, 1), decimals=None)), (Fraction(-1, 1), Symbol(name='x'))]
    """
    match expr:
        case Add(parts):
            return [pair for part in parts for pair in terms(part)]
        case Neg(Add() as inner):
            return [(-c, core) for c, core in terms(inner)]
        case _:
            return [coefficient(expr)]


def total(parts: Iterable[Expr]) -> Expr:
    """The sum of the parts."""
    kept = [part for part in parts if part != ZERO]
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(tuple(kept))


def combination(expr: Expr) -> dict[Expr, Fraction]:
    """A sum as a table of parts, so that two ways to write it are one."""
    found: dict[Expr, Fraction] = {}
    for c, core in terms(expr):
        found[core] = found.get(core, Fraction(0)) + c
    return {core: c for core, c in found.items() if c}


def ratio(u: Expr, v: Expr) -> Fraction | None:
    """The number c with u = c v, if there is one.

    >>> x = Symbol("x")
    >>> ratio(Neg(Add((x, ONE))), Add((ONE, x)))
    Fraction(-1, 1)
    """
    if u == v:
        return Fraction(1)
    a, b = combination(u), combination(v)
    if a.keys() != b.keys() or not a:
        return None
    ratios = {a[core] / b[core] for core in a}
    return ratios.pop() if len(ratios) == 1 else None


def opposite(u: Expr) -> Expr:
    """``-u``, a difference turned round."""
    if isinstance(u, Add):
        return total(scaled(-c, core) for c, core in terms(u))
    c, core = coefficient(u)
    return scaled(-c, core)


def times(c: Fraction | int, u: Expr) -> Expr:
    """``c u``."""
    d, core = coefficient(u)
    return scaled(Fraction(c) * d, core)


def factors(expr: Expr) -> tuple[Fraction, Factors]:
    """A product or quotient as a number and parts with whole or broken powers.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> factors(Div(Mul((number(2), x)), Pow(y, number(2))))
    (Fraction(2, 1), {Symbol(name='x'): Fraction(1, 1), Symbol(name='y'): Fraction(-2, 1)})
    """
    found: Factors = {}
    c = _gather(expr, Fraction(1), found)
    return c, {core: power for core, power in found.items() if power}


def _gather(expr: Expr, power: Fraction, found: Factors) -> Fraction:
    match expr:
        case Number(value) if value and power.denominator == 1:
            return value ** int(power)
        case Neg(arg) if power.denominator == 1:
            return _gather(arg, power, found) * (-1) ** int(power)
        case Mul(parts) if power.denominator == 1:
            c = Fraction(1)
            for part in parts:
                c *= _gather(part, power, found)
            return c
        case Div(num, den) if power.denominator == 1:
            return _gather(num, power, found) * _gather(den, -power, found)
        case Pow(base, Number(exponent)) if exponent.denominator == 1 and power.denominator == 1:
            return _gather(base, power * exponent, found)
        case Pow(base, Number(exponent)) if not isinstance(base, Number | Mul | Div | Neg):
            found[base] = found.get(base, Fraction(0)) + power * exponent
        case _:
            found[expr] = found.get(expr, Fraction(0)) + power
    return Fraction(1)


def quotient(c: Fraction, parts: Factors) -> Expr:
    """The product of parts with powers, those with negative powers below."""
    above = [_raised(core, power) for core, power in parts.items() if power > 0]
    below = [_raised(core, -power) for core, power in parts.items() if power < 0]
    if not below:
        return scaled(c, product(above))
    sign, size = (-1 if c < 0 else 1), abs(c)
    over = product([*([number(size.numerator)] if size.numerator != 1 else []), *above])
    under = product([*([number(size.denominator)] if size.denominator != 1 else []), *below])
    return Div(over, under) if sign > 0 else Neg(Div(over, under))


def _raised(core: Expr, power: Fraction) -> Expr:
    return core if power == 1 else Pow(core, number(power))


def raised(base: Expr, power: Fraction) -> Expr:
    """``base ** power``."""
    return ONE if power == 0 else _raised(base, power)


def quantities(node: Node, constants: Collection[Expr] = ()) -> set[Expr]:
    """The symbols and components that vary, each component by its base: ``x_i`` and ``x_k`` are one vector."""
    bound = {part.index for part in walk(node) if isinstance(part, Sum | Product)}
    inside = {s for part in walk(node) if isinstance(part, Indexed) for i in part.indices for s in walk(i)}
    found: set[Expr] = set()
    for part in walk(node):
        match part:
            case Symbol(name) if part not in constants and name not in bound and part not in inside:
                found.add(part)
            case Indexed(base, _):
                found.add(Symbol("\0" + base))
            case _:
                continue
    return found


def outside_conditions(node: Node) -> list[Node]:
    """The parts of a tree that no condition holds."""
    found: list[Node] = []
    stack: list[Node] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Condition):
            continue
        found.append(part)
        from gradbook.symbolic.expr import children

        stack.extend(children(part))
    return found
