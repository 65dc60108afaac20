"""A document as a stream of pieces: prose and mathematics, each knowing where it stands."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum


class PieceKind(Enum):
    """What a piece of a document is.

    ``level`` and ``environment`` of a piece depend on its kind:

    ============ ==================================== ======================================================
    kind         level                                environment
    ============ ==================================== ======================================================
    HEADING      how deep: 1 is the document's title  LaTeX: the theorem-like environment it opens, or ""
    TEXT         1: its whole paragraph is strong     ""
    INLINE       0                                    "", or "unclosed" (LaTeX: no ``$`` closes it)
    DISPLAY      0                                    "align", "equation*", …; "" for ``$$`` and ``\\[``;
                                                      "math" for a fence; "unclosed": it was never closed
    MACRO        0                                    the name defined, with its backslash: ``\\R``
    CELL, BREAK  0                                    ""
    FRONT_MATTER 0                                    ""
    ============ ==================================== ======================================================

    In LaTeX, sectioning commands have the levels 1 (``\\part``) to 7 (``\\subparagraph``), theorem-like
    environments 8, and proofs, solutions and cases 9, so that a proof stands below what it proves.
    """

    HEADING = "heading"  # its plain text, mathematics in it verbatim; `level` says how deep
    TEXT = "text"  # prose between mathematics, mark-up of emphasis removed
    INLINE = "inline"  # mathematics inside a sentence: LaTeX without its delimiters
    DISPLAY = "display"  # displayed mathematics; `environment` says which
    CELL = "cell"  # the end of one cell of a table (comes after the cell's pieces)
    BREAK = "break"  # the end of a paragraph, list item, table row or other block
    FRONT_MATTER = "front matter"  # the document's own declarations (YAML-like block at the top)
    MACRO = "macro"  # a \newcommand, \def or \DeclareMathOperator as written; see `macros`


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document. ``offsets[k]`` is where ``text[k]`` stands in the source text;

    there is one more entry than characters, the end of the last one. CELL and BREAK have no text, and one
    offset: where they stand.
    """

    kind: PieceKind
    text: str
    offsets: Sequence[int] = field(default=(), repr=False, hash=False)
    level: int = 0
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a document and where its lines begin."""

    path: str
    text: str
    starts: Sequence[int] = field(repr=False, default=(), hash=False)

    @staticmethod
    def of(path: str, text: str) -> Source:
        """A source with its line table.

        >>> Source.of("a.md", "x\\ny = 1").position(4)
        (2, 3)
        """
        starts = array("q", [0])  # not a list: a document may have millions of lines
        find = text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return Source(path, text, starts)

    def position(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1
