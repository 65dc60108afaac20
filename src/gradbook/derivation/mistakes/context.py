"""What the traces of mistakes are told from: the words of a derivation by their values, numbers, signs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.mistakes.spots import Role
from gradbook.derivation.mistakes.values import Frame, Points, Values, same
from gradbook.derivation.rules import times
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    Add,
    Div,
    Expr,
    Mul,
    Neg,
    Number,
    Pow,
    number,
)

#: What a mal-rule gives: the part as it should be, and the slip.
Mended = Iterator[tuple[Expr, Slip]]


@dataclass(frozen=True, slots=True)
class Word:
    """A tree that may have been lost or put in: what it is in the derivation, and of what."""

    tree: Expr
    kind: str = "part"
    of: Expr | None = None


class Vocabulary:
    """Trees that the definition, the derivation and the line are made of, found by their values."""

    def __init__(self, points: Points, words: Iterable[Word]) -> None:
        self.points = points
        self.words = list(words)
        self._columns: dict[int, list[tuple[Word, Values]]] = {}
        self._tables: dict[tuple[int, int], dict[str, list[tuple[Word, Values]]]] = {}

    def find(self, wanted: list[tuple[int, float]], frame: Frame) -> Iterator[Word]:
        """The trees with these values, given as lane and value."""
        if not wanted:
            return
        lane, value = wanted[0]
        key = (id(frame), lane)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = {}
            for word, column in self.columns(frame):
                if math.isfinite(column[lane]):
                    table.setdefault(f"{column[lane]:.6e}", []).append((word, column))
        for word, column in table.get(f"{value:.6e}", ()):
            if all(same(column[k], v) for k, v in wanted):
                yield word

    def columns(self, frame: Frame) -> list[tuple[Word, Values]]:
        """Every tree with its values in a frame."""
        found = self._columns.get(id(frame))
        if found is None:
            found = self._columns[id(frame)] = []
            for word in self.words:
                try:
                    found.append((word, self.points.values(word.tree, frame)))
                except (BoundHit, ValueError, OverflowError):
                    continue
        return found


@dataclass(frozen=True, slots=True)
class Context:
    """What a mal-rule may look at beside the part."""

    points: Points
    vocabulary: Vocabulary
    #: Quantities that one may be taken for another: symbols, components, functions of the document.
    quantities: tuple[Expr, ...]
    given: frozenset[Expr] = frozenset()


def slip_of_the_pen(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    """Enters a mistake in what is written down."""
    return mistake(code, name, meant=meant, family=Family.EXPRESSION, example=example, cost=cost)


#: Where a factor counts for itself; in a product it counts for the product.
OUTERMOST = frozenset({Role.WHOLE, Role.TERM, Role.BRANCH, Role.SUMMAND})
WITHIN = frozenset({Role.EXPONENT, Role.ARGUMENT})


def negated(node: Expr) -> Expr:
    """The node with the other sign.

    >>> negated(Neg(ONE))
    Number(value=Fraction(1, 1), decimals=None)
    """
    match node:
        case Neg(arg):
            return arg
        case Number(value) if value < 0:
            return Number(-value)
        case Mul((Neg(first), *rest)):
            return Mul((first, *rest))
        case Add(terms) if any(isinstance(t, Neg) for t in terms):
            return Add(tuple(negated(t) for t in terms))
        case _:
            return Neg(node)


def simple_number(value: float) -> Expr | None:
    """A number that people write, near a value: a small fraction, or one with a root or pi.

    >>> simple_number(0.75)
    Number(value=Fraction(3, 4), decimals=None)
    """
    if not math.isfinite(value) or value == 0 or abs(value) > 1e5:
        return None
    exact = _fraction(value)
    if exact is not None:
        return exact if exact.value > 0 else Neg(Number(-exact.value))
    if value < 0:
        inner = simple_number(-value)
        return None if inner is None else Neg(inner)
    for factor, tree in ((math.pi, PI), (1 / math.pi, Div(ONE, PI))):
        part = _fraction(value / factor)
        if part is not None and part.value.denominator <= 8:
            return times(part, tree)
    for root in (2, 3, 5, math.pi, 2 * math.pi):
        for power in (0.5, -0.5):
            part = _fraction(value / root**power)
            if part is not None and part.value.denominator <= 8 and part.value.numerator <= 8:
                under: Expr = PI if root == math.pi else Mul((TWO, PI)) if root > 6 else number(int(root))
                radical = Pow(under, HALF)
                return times(part, radical if power > 0 else Div(ONE, radical))
    return None


def _fraction(value: float) -> Number | None:
    exact = Fraction(value).limit_denominator(64)
    if exact and abs(float(exact) - value) <= 1e-9 * max(1.0, abs(value)) and abs(exact.numerator) <= 10_000:
        return Number(exact)
    decimal = round(value, 4)
    if decimal and abs(decimal - value) <= 1e-10 * max(1.0, abs(value)):
        return Number(Fraction(str(decimal)))
    return None


def scaled(factor: Expr, node: Expr) -> Expr:
    """A number times a node, written as people do."""
    match factor, node:
        case Neg(inner), _:
            return negated(scaled(inner, node))
        case Number(a), Number(b):
            return Number(a * b)
        case Number(a), Mul((Number(b), *rest)):
            return times(Number(a * b), *rest)
        case Number(a), Neg(arg):
            return Neg(scaled(Number(a), arg))
        case Number(a), Div(num, den) if a.numerator == 1 and a != 1:
            return Div(num, scaled(Number(Fraction(a.denominator)), den))
        case Number(a), Div(Number(b), den):
            return Div(Number(a * b), den)
        case Number(a), _ if a == 1:
            return node
        case Number(a), _ if a.numerator == 1:
            return Div(node, Number(Fraction(a.denominator)))
        case _:
            return times(factor, node)
