"""What a worksheet is made of: sections of lines, each a chain from a name over formulas and numbers to a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from gradbook.network.values import Value
from gradbook.symbolic.expr import Derivative, Expr


class LineKind(Enum):
    """What a line works out."""

    GIVEN = "given"
    FUNCTION = "function"
    TOTAL = "total"
    NET = "pre-activation"
    OUTPUT = "activation"
    LOSS = "loss"
    SLOPE = "slope"
    DELTA = "delta"
    GRADIENT = "gradient"
    MOMENT = "moment"
    UPDATE = "update"

    @property
    def is_task(self) -> bool:
        """Whether somebody who is given the sheet blank has to work it out."""
        return self not in (LineKind.GIVEN, LineKind.FUNCTION)


class Detail(Enum):
    """How much of the work is shown: every line with the numbers put in, or formulas and values."""

    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True)
class Line:
    """``sides[0] = sides[1] = …``: a name, formulas, the numbers put in, and at last the value as it is shown.

    ``hint`` is how many sides a blank sheet may show: the name and its first formula.
    """

    kind: LineKind
    sides: tuple[Expr, ...]
    value: Value | None = None
    hint: int = 1

    @property
    def name(self) -> Expr:
        """What the line is about."""
        return self.sides[0]


@dataclass(frozen=True)
class Section:
    """A heading of some depth (2 is the first below the title), words, and lines."""

    title: str
    depth: int = 2
    words: str = ""
    lines: list[Line] = field(default_factory=list[Line])


def partial(of: Expr, by: Expr) -> Derivative:
    """The partial derivative of a quantity by another."""
    return Derivative(of, by, 1, "partial")
