"""What both written forms share: how tightly a node holds together, signs, digits, chains of relations."""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise

from gradbook.symbolic.expr import Add, At, Condition, Expr, Mul, Neg, Number, Product, Relation, Sum


class Binding(IntEnum):
    """How tightly a printed node holds together; brackets go round whatever is too loose."""

    TERM = 0
    PRODUCT = 1
    FACTOR = 2
    ATOM = 3


def whole(value: int) -> str:
    """Digits of any whole number; Python's ``str`` refuses to write more than 4300 at once."""
    if value < 0:
        return "-" + whole(-value)
    if value.bit_length() < 13_000:
        return str(value)
    places = value.bit_length() * 30103 // 200_000
    head, tail = divmod(value, 10**places)
    return whole(head) + whole(tail).rjust(places, "0")


def decimal(number: Number) -> str | None:
    """The literal of a number that is whole, or that its decimals hold exactly; None for a fraction."""
    value = abs(number.value)
    if number.decimals:
        scaled = value * 10**number.decimals
        if scaled.denominator == 1:
            digits = whole(scaled.numerator).rjust(number.decimals + 1, "0")
            return f"{digits[: -number.decimals]}.{digits[-number.decimals :]}"
    return whole(value.numerator) if value.denominator == 1 else None


def signed_terms(node: Add) -> list[tuple[bool, Expr]]:
    """The terms as (subtracted, what is added or subtracted)."""
    return [sign_of(term) for term in node.terms]


def sign_of(term: Expr) -> tuple[bool, Expr]:
    """A term as (subtracted, what is added or subtracted)."""
    match term:
        case Neg(arg):
            return True, arg
        case Number(value, decimals) if value < 0:
            return True, Number(-value, decimals)
        case _:
            return False, term


def joined(signed: list[tuple[bool, str]]) -> str:
    """Terms with the signs between them; nothing is zero."""
    if not signed:
        return "0"
    (negative, first), *rest = signed
    return ("-" if negative else "") + first + "".join(f" {'-' if neg else '+'} {s}" for neg, s in rest)


def ends_open(node: Expr) -> bool:
    """Does a product end in a big operator, which would take in what is written after it?"""
    return isinstance(node, Mul) and bool(node.factors) and isinstance(node.factors[-1], Sum | Product)


def chained(parts: tuple[Condition, ...]) -> list[Relation] | None:
    """Relations that can be written ``a < b < c``: each goes on where the one before it ended."""
    relations = [part for part in parts if isinstance(part, Relation)]
    if len(relations) != len(parts) or len(parts) < 2:
        return None
    linked = all(a.right == b.left for a, b in pairwise(relations))
    return relations if linked else None


def points_of(node: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """What is taken at given values, and the values in the order in which they are put in."""
    points: list[tuple[Expr, Expr]] = []
    while isinstance(node, At):
        points.append((node.variable, node.value))
        node = node.body
    return node, points[::-1]
