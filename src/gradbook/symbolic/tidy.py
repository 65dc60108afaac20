"""Light tidying for display: numbers folded, ones and zeros dropped, signs to the front.

Only for showing a result to a person; nothing is decided from it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Cases,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Sum,
    rebuild,
)


def tidy(expr: Expr) -> Expr:
    """The tree without the clutter that mechanical differentiation leaves.

    >>> from gradbook.symbolic.expr import Symbol, number
    >>> tidy(Mul((number(2), Neg(Symbol("x")), number(3))))
    Neg(arg=Mul(factors=(Number(value=Fraction(6, 1), decimals=None), Symbol(name='x'))))
    """
    result = _tidied(expr)
    assert isinstance(result, Expr)
    return result


@lru_cache(maxsize=1 << 14)
def _tidied(node: Node) -> Node:
    node = rebuild(node, _tidied)
    match node:
        case Add(terms):
            return _add(terms)
        case Mul(factors):
            return _mul(factors)
        case Neg(Neg(inner)):
            return inner
        case Neg(Number(value)) if value == 0:
            return ZERO
        case Div(num, den):
            return _div(num, den)
        case Pow(base, Number(value)) if value == 1:
            return base
        case Pow(_, Number(value)) if value == 0:
            return ONE
        case Sum(body, _, _, _, None) if body == ZERO:
            return ZERO
        case Cases(branches) if len({v for v, _ in branches}) == 1:
            return branches[0][0]
        case Func("exp", (Number(value),)) if value == 0:
            return ONE
        case _:
            return node


def _add(terms: tuple[Expr, ...]) -> Expr:
    flat: list[Expr] = []
    constant = Fraction(0)
    place: int | None = None
    for term in terms:
        for part in term.terms if isinstance(term, Add) else (term,):
            number = _number(part)
            if number is not None:
                constant += number
                place = len(flat) if place is None else place
            else:
                flat.append(part)
    if constant:
        # where the first number stood; but 1 - x rather than -x + 1, and x - 1 rather than -1 + x
        if flat and isinstance(flat[0], Neg):
            place = 0 if constant > 0 else place
        elif constant < 0 and not place:
            place = len(flat)
        flat.insert(place or 0, _signed(constant))
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Add(tuple(flat))


def _mul(factors: tuple[Expr, ...]) -> Expr:
    flat: list[Expr] = []
    constant = Fraction(1)
    for factor in factors:
        for part in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(part, Neg):
                constant = -constant
                part = part.arg
            for piece in part.factors if isinstance(part, Mul) else (part,):
                number = _number(piece)
                if number is not None:
                    constant *= number
                else:
                    flat.append(piece)
    if constant == 0:
        return ZERO
    if abs(constant) != 1 or not flat:
        flat.insert(0, Number(abs(constant)))
    body = flat[0] if len(flat) == 1 else Mul(tuple(flat))
    return Neg(body) if constant < 0 else body


def _div(num: Expr, den: Expr) -> Expr:
    if num == ZERO:
        return ZERO
    if den == ONE:
        return num
    if isinstance(num, Neg):
        return Neg(_div(num.arg, den))
    if num == den:
        return ONE
    a, b = _number(num), _number(den)
    if a is not None and b:
        return _signed(a / b)
    return Div(num, den)


def _number(expr: Expr) -> Fraction | None:
    match expr:
        case Number(value):
            return value
        case Neg(Number(value)):
            return -value
        case _:
            return None


def _signed(value: Fraction) -> Expr:
    return Neg(Number(-value)) if value < 0 else Number(value)
