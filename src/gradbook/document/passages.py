"""The first pass: pieces of a document gathered into passages, their formulas split into statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gradbook.document import scan
from gradbook.document.formula import Names
from gradbook.document.macros import Macro, expanded, macro
from gradbook.document.memory import Memory
from gradbook.document.pieces import Piece, PieceKind
from gradbook.document.statements import Statement, statements
from gradbook.document.tokens import FormulaError, tokenise
from gradbook.symbolic.bounds import BoundHit, Clock

#: What the lines of a formula are about: a letter, alone or with arguments, on the left of "=".
_HEAD = re.compile(r"(?:^|\\\\|\n)[\s&]*([A-Za-z]+)\s*(\([^()=]*\))?[\s&]*=")
_HEADING_MATH = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)")


@dataclass
class Formula:
    """One piece of mathematics, split into statements; ``error`` if it could not be."""

    piece: Piece
    statements: list[Statement] = field(default_factory=list[Statement])
    error: FormulaError | None = None

    def heads(self) -> list[str]:
        """What it defines as far as can be told without reading it."""
        return [found.group(1) for found in _HEAD.finditer(self.piece.text)]


@dataclass
class Passage:
    """A heading or paragraph: its pieces in order, formulas read."""

    kind: PieceKind
    parts: list[str | Formula]
    strong: bool = False
    #: Whether it is a row of a table.
    row: bool = False
    level: int = 0

    @property
    def text(self) -> str:
        """The words, formulas in their LaTeX."""
        return "".join(p if isinstance(p, str) else p.piece.text for p in self.parts)

    @cached_property
    def displays(self) -> bool:
        """Whether there is displayed mathematics in it."""
        return any(isinstance(p, Formula) and p.piece.kind is PieceKind.DISPLAY for p in self.parts)


def passages(pieces: Sequence[Piece], names: Names, deadline: float, memory: Memory) -> list[Passage]:
    """The headings and paragraphs of a document; what the formulas show of names is added to ``names``."""
    runs: list[Passage] = []
    macros: dict[str, Macro] = {}
    current = Passage(PieceKind.TEXT, [])
    for piece in pieces:
        match piece.kind:
            case PieceKind.CELL:
                current.parts.append(" | ")
                current.row = True
            case PieceKind.BREAK:
                if current.parts:
                    runs.append(current)
                current = Passage(PieceKind.TEXT, [])
            case PieceKind.HEADING | PieceKind.FRONT_MATTER:
                if current.parts:
                    runs.append(current)
                heading = piece.kind is PieceKind.HEADING
                parts: list[str | Formula] = (
                    _heading_parts(piece, names, deadline, memory) if heading else [piece.text]
                )
                runs.append(Passage(piece.kind, parts, level=piece.level))
                current = Passage(PieceKind.TEXT, [])
            case PieceKind.TEXT:
                current.parts.append(piece.text)
                current.strong = current.strong or piece.level == 1
            case PieceKind.MACRO:
                meaning = macro(piece.text)
                if meaning is not None:
                    macros[piece.environment] = meaning
            case PieceKind.INLINE | PieceKind.DISPLAY:
                if macros:
                    piece = expanded(piece, macros)
                current.parts.append(_formula(piece, names, deadline, memory))
            case _:
                pass
    if current.parts:
        runs.append(current)
    return runs


def _heading_parts(piece: Piece, names: Names, deadline: float, memory: Memory) -> list[str | Formula]:
    """A heading's words and the formulas in it."""
    parts: list[str | Formula] = []
    end = 0
    for found in _HEADING_MATH.finditer(piece.text):
        group = 1 if found.group(1) is not None else 2
        start, stop = found.span(group)
        parts.append(piece.text[end : found.start()])
        text = piece.text[start:stop]
        parts.append(
            _formula(Piece(PieceKind.INLINE, text, piece.offsets[start : stop + 1]), names, deadline, memory)
        )
        end = found.end()
    parts.append(piece.text[end:])
    return parts


def _formula(piece: Piece, names: Names, deadline: float, memory: Memory) -> Formula:
    formula = Formula(piece)
    if piece.environment == "unclosed":
        formula.error = FormulaError("this formula is never closed", 0)
        return formula
    key = (piece.text, piece.environment)
    known = memory.formulas.get(key)
    try:
        if known is None:
            tokens = tokenise(piece.text, Clock(deadline))
            known = (tokens, statements(tokens, piece.environment))
            memory.keep(memory.formulas, key, known)
        tokens, found = known
        # conditions are attached later, to the copy
        formula.statements = [s.copy() for s in found]
        scan.scan_tokens(tokens, names)
    except FormulaError as error:
        formula.error = error
    except BoundHit as stop:
        formula.error = FormulaError(f"stopped at a bound: {stop}", 0)
    if formula.error is not None:
        names.functions.update(found.group(1) for found in _HEAD.finditer(piece.text) if found.group(2))
    return formula
