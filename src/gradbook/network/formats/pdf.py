"""PDF through Typst: a compiler in one wheel for Linux, macOS and Windows, with its fonts, that sets mathematics."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from gradbook.network.formats import typst as ty
from gradbook.network.formats.parts import shown_parts, title_of, width
from gradbook.network.lines import Line, LineKind, Section
from gradbook.network.picture import draw
from gradbook.network.worksheet import Part, Worksheet
from gradbook.symbolic.expr import Add, Expr
from gradbook.symbolic.notation import notation

_HEAD = """#set page(paper: "a4", margin: 1.8cm, numbering: "1")
#set text(font: "New Computer Modern", size: 10pt)
#set par(justify: true)
#show math.equation: set block(breakable: true)
#show math.equation.where(block: true): set align(left)
"""
#: How many given values stand in one row, and how much room there is for a line that is to be filled in.
_COLUMNS, _ROOM = 4, "1.1cm"
#: How wide a row of a chain may be, in digits.
_ROW = 94.0


class NoTypst(ImportError):
    """The optional part that writes PDF is not installed."""


def write(sheet: Worksheet, part: Part) -> bytes:
    """The worksheet as a PDF.

    Raises:
        NoTypst: the extra ``pdf`` is not installed.
    """
    try:
        import typst
    except ImportError:
        raise NoTypst("PDF needs Typst: pip install 'gradbook[pdf]'") from None
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "network.svg").write_text(draw(sheet, dark=False, values=part is Part.KEY), encoding="utf-8")
        (here / "sheet.typ").write_text(source(sheet, part), encoding="utf-8")
        made = typst.compile(str(here / "sheet.typ"), root=folder)
    assert isinstance(made, bytes)
    return made


def source(sheet: Worksheet, part: Part) -> str:
    """The worksheet in Typst, with the picture as ``network.svg`` beside it."""
    tall = max(sheet.network.sizes) > 4
    title = f'#text(size: 15pt, weight: "bold")[#{ty.text(title_of(sheet, part))}]'
    parts = [_HEAD, f"#set document(title: {ty.text(title_of(sheet, part))})"]
    if tall:
        # A large network gets a page of its own, on its side.
        picture = 'image("network.svg", width: 100%, height: 1fr, fit: "contain")'
        parts.append(f"#page(flipped: true, margin: 1cm)[{title}\n#align(center, {picture})]")
    else:
        picture = 'image("network.svg", width: 100%, height: 9cm, fit: "contain")'
        parts += [title, f"#align(center, {picture})"]
    for section in sheet.sections:
        parts += _section(section, part)
    return "\n\n".join(parts) + "\n"


def _section(section: Section, part: Part) -> Iterator[str]:
    yield f"#heading(level: {section.depth - 1}, {ty.text(section.title)})"
    if section.words:
        yield f"#{ty.text(section.words)}"
    given = [line for line in section.lines if line.kind is LineKind.GIVEN]
    if given:
        cells = ", ".join(f"$ {_chain(line, part)[0]} $" for line in given)
        yield f"#grid(columns: {_COLUMNS}, column-gutter: 1fr, row-gutter: 0.3em, {cells})"
    for line in section.lines:
        if line.kind is LineKind.GIVEN:
            continue
        rows = " \\ ".join(_chain(line, part))
        yield f"$ {rows} $"
        if part is not Part.KEY and line.kind.is_task:
            yield f"#v({_ROOM})"


def _chain(line: Line, part: Part) -> list[str]:
    """The rows of a chain: as much in each as fits."""
    sides = shown_parts(line, part)
    head = ty.formula(notation(sides[0]))
    if len(sides) == 1:
        return [f"{head} ="]
    rows: list[str] = []
    room = full = _ROW - width(sides[0]) - 2
    for side in sides[1:]:
        pieces = _pieces(side, full)
        first = width(pieces[0]) + 2
        if not rows:
            rows = [f"{head} & = {_written(pieces[0])}"]
        elif len(pieces) > 1 or first > room:
            rows.append(f"& = {_written(pieces[0])}")
            room = full
        else:
            rows[-1] += f" = {_written(pieces[0])}"
        room -= first
        for piece in pieces[1:]:
            rows.append(f"& quad {_continued(piece)}")
            room = full - width(piece) - 4
    return rows


def _pieces(side: Expr, room: float) -> list[Expr]:
    """A side, or a sum that is too long for a row in parts that fit."""
    if not isinstance(side, Add) or width(side) <= room:
        return [side]
    rows: list[list[Expr]] = [[]]
    wide = 0.0
    for term in side.terms:
        more = width(term) + 2
        if rows[-1] and wide + more > room:
            rows.append([])
            wide = 4.0
        rows[-1].append(term)
        wide += more
    return [Add(tuple(row)) if len(row) > 1 else row[0] for row in rows]


def _written(side: Expr) -> str:
    return ty.formula(notation(side))


def _continued(row: Expr) -> str:
    """A row of a sum that goes on, with the sign of its first term."""
    written = _written(row)
    return written if written.startswith("-") else f"+ {written}"
