"""Pieces in a form that a test can be read in."""

from __future__ import annotations

from gradbook.document.pieces import PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of

_LETTERS = {
    PieceKind.HEADING: "heading",
    PieceKind.TEXT: "text",
    PieceKind.INLINE: "inline",
    PieceKind.DISPLAY: "display",
    PieceKind.MACRO: "macro",
    PieceKind.FRONT_MATTER: "front matter",
}


def shown(text: str, kind: DocumentKind = DocumentKind.MARKDOWN) -> list[str]:
    """The pieces of a text: ``text: …``, ``display align: …``, ``|`` for a cell, ``/`` for a break.

    The break at the end of the document is left out.
    """
    lines: list[str] = []
    for piece in pieces_of(Source.of("", text), kind):
        if piece.kind is PieceKind.CELL:
            lines.append("|")
        elif piece.kind is PieceKind.BREAK:
            lines.append("/")
        else:
            details = [str(piece.level)] if piece.level else []
            details += [piece.environment] if piece.environment else []
            lines.append(f"{' '.join([_LETTERS[piece.kind], *details])}: {piece.text}")
    return lines[:-1] if lines[-1:] == ["/"] else lines
