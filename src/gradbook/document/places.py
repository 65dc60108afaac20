"""Where things stand, and the lines that are put there."""

from __future__ import annotations

from gradbook.document.findings import Finding
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.report import Line
from gradbook.document.statements import Statement
from gradbook.document.tokens import Token


class Places:
    """Places of the piece being read, and the lines emitted so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.piece = Piece(PieceKind.TEXT, "")
        self.lines: list[tuple[int, Line]] = []

    def offset(self, at: int) -> int:
        """Where in the document a place in the piece is."""
        offsets = self.piece.offsets
        return offsets[min(at, len(offsets) - 1)] if len(offsets) else 0

    def line_at(self, at: int) -> int:
        """The line of the document, from 1, of a place in the piece."""
        return self.source.position(self.offset(at))[0]

    def line_of(self, statement: Statement, k: int) -> int:
        """The line of the document where the right side of link ``k`` begins."""
        side = statement.sides[k + 1] or [statement.marks[k]]
        return self.line_at(side[0].start)

    def emit_all(self, statement: Statement, finding: Finding) -> None:
        """The same finding for every link of a statement."""
        for k in range(len(statement.marks)):
            self.emit_link(statement, k, finding)

    def emit_link(self, statement: Statement, k: int, finding: Finding) -> None:
        """A finding about link ``k``, placed at its right side."""
        side = statement.sides[k + 1] or [statement.marks[k]]
        before = statement.sides[k] if k == 0 and statement.sides[k] else [statement.marks[k]]
        self.emit(side[0].start, side[-1].end, [*before, *side], finding)

    def emit(
        self, start: int, end: int, tokens: list[Token], finding: Finding, source: str | None = None
    ) -> None:
        """A finding about the piece from ``start`` to ``end``; the source shown is that of the tokens."""
        piece = self.piece
        length = len(self.source.text)
        # what was opened where the document ends has nothing inside of it
        first = min(self.offset(start), max(length - 1, 0))
        last = min(self.offset(max(end - 1, start)) + 1, length)
        line, column = self.source.position(first)
        end_line, end_column = self.source.position(last)
        mark = None
        if finding.mark is not None:
            a, b = finding.mark
            mark = (
                *self.source.position(self.offset(a)),
                *self.source.position(min(self.offset(max(b - 1, a)) + 1, length)),
            )
        text = source if source is not None else piece.text[tokens[0].start : tokens[-1].end]
        self.lines.append(
            (
                first,
                Line(
                    line,
                    column,
                    end_line,
                    end_column,
                    " ".join(text.split()),
                    finding.verdict,
                    finding.code,
                    finding.message,
                    finding.evidence,
                    finding.help,
                    finding.follows,
                    mark,
                ),
            )
        )

    def spot(self, at: int) -> str:
        """A place in the piece in words."""
        line, column = self.source.position(self.offset(at))
        return f" (line {line}, column {column})"
