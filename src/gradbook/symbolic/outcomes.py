"""What a decision says: an outcome with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from flint import arb

from gradbook.symbolic.expr import Expr


class Outcome(Enum):
    """How a decision ended."""

    PROVED = "proved"
    REFUTED = "refuted"
    AGREES = "agrees"
    UNDECIDED = "undecided"


class Flaw(Enum):
    """What a counterexample shows."""

    VALUES = "the two sides differ"
    GAP = "no branch covers the point"
    OVERLAP = "two branches hold at the point, with different values"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point of the domain with certified values of both sides."""

    point: tuple[tuple[Expr, Fraction], ...]
    left: str
    right: str
    flaw: Flaw = Flaw.VALUES
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with its evidence, or the reason why there is none."""

    outcome: Outcome
    reason: str = ""
    counterexample: Counterexample | None = None


def display(value: arb, digits: int = 6) -> str:
    """The digits of a ball that are certain, at most ``digits`` of them, zeros at the end dropped.

    >>> display(arb(1) / 3)
    '0.333333'
    >>> display(arb(2))
    '2'
    """
    if value.is_exact() and value.is_integer():
        whole = value.unique_fmpz()
        if whole is not None and abs(int(whole)) < 10**15:
            return str(int(whole))
    if value.contains(0) and abs(value) < arb(10) ** -30:
        return "0"
    text: str = value.str(digits, radius=False)
    if "e" not in text and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text
