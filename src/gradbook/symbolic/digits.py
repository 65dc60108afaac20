"""The digits of exact numbers.

>>> from gradbook.symbolic.expr import number
>>> literal(number("0.50")), literal(number(-12))
('0.50', '12')
"""

from __future__ import annotations

from decimal import Decimal

from gradbook.symbolic.expr import Expr, Neg, Number


def literal(node: Number) -> str | None:
    """The digits, without sign, of a number that is whole or that its decimals hold exactly; None for a fraction."""
    value = abs(node.value)
    if node.decimals:
        scaled = value * 10**node.decimals
        if scaled.denominator == 1:
            digits = whole(scaled.numerator).rjust(node.decimals + 1, "0")
            return f"{digits[: -node.decimals]}.{digits[-node.decimals :]}"
    return whole(value.numerator) if value.denominator == 1 else None


def whole(value: int) -> str:
    """Digits of a whole number; ``str`` of an integer refuses to write very many, a decimal does not.

    >>> len(whole(10**6000))
    6001
    """
    return format(Decimal(value), "f")


def signed(term: Expr) -> tuple[bool, Expr]:
    """A term as (subtracted, what is added or subtracted).

    >>> from gradbook.symbolic.expr import Symbol
    >>> signed(Neg(Symbol("x")))
    (True, Symbol(name='x'))
    """
    match term:
        case Neg(arg):
            return True, arg
        case Number(value, decimals) if value < 0:
            return True, Number(-value, decimals)
        case _:
            return False, term
