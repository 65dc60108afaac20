"""Markdown that ``gradbook check`` reads: a display for each line, so that each has a verdict of its own."""

from __future__ import annotations

from collections.abc import Iterator

from gradbook.network.formats.parts import shown_parts, title_of
from gradbook.network.lines import Line, LineKind
from gradbook.network.worksheet import Part, Worksheet, latex, latex_chain

#: How many given values stand in one display.
_IN_A_ROW = 4


def write(sheet: Worksheet, part: Part) -> str:
    """The worksheet as a Markdown document."""
    blocks = [f"# {title_of(sheet, part)}"]
    for section in sheet.sections:
        blocks.append(f"{'#' * section.depth} {section.title}")
        if section.words:
            blocks.append(section.words)
        blocks += _rows([line for line in section.lines if line.kind is LineKind.GIVEN])
        blocks += [_display(line, part) for line in section.lines if line.kind is not LineKind.GIVEN]
    return "\n\n".join(blocks) + "\n"


def _rows(given: list[Line]) -> Iterator[str]:
    for start in range(0, len(given), _IN_A_ROW):
        row = given[start : start + _IN_A_ROW]
        yield "$$" + r", \quad ".join(latex_chain(line.sides) for line in row) + "$$"


def _display(line: Line, part: Part) -> str:
    sides = shown_parts(line, part)
    if len(sides) < len(line.sides):
        # what is to be filled in
        return f"$${latex_chain(sides)} = $$" if len(sides) > 1 else f"$${latex(line.name)} = $$"
    return f"$${latex_chain(sides)}$$"
