"""What all formats share: which sides of a line a part of the worksheet shows."""

from __future__ import annotations

from gradbook.network.lines import Line
from gradbook.network.worksheet import Part, Worksheet
from gradbook.symbolic.expr import Expr


def shown_parts(line: Line, part: Part) -> tuple[Expr, ...]:
    """The sides that are written; what is missing is to be filled in."""
    if part is Part.KEY or not line.kind.is_task:
        return line.sides
    return line.sides[: line.hint if part is Part.HINTS else 1]


def title_of(sheet: Worksheet, part: Part) -> str:
    """The title of a page."""
    return sheet.title + (": key" if part is Part.KEY and sheet.is_exercise else "")
