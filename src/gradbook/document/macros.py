r"""Macros of the writer's own: finding their definitions, and putting what they stand for in their place.

A macro is text for text, as in TeX. It is expanded with bounds on how deep and how far, because a definition
may hold itself. A formula that goes over a bound is left as it stands: who reads it will not know the name.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gradbook.document.pieces import Piece
from gradbook.document.tex import Braces

DEEPEST = 10  # macros in the definitions of macros
LONGEST = 100_000  # characters of one formula, all macros expanded


@dataclass(frozen=True, slots=True)
class Macro:
    r"""What a macro stands for: ``body``, with ``#1`` to ``#arity`` in it.

    ``default`` is what ``#1`` stands for where it is left out; None if it cannot be.
    """

    name: str
    body: str
    arity: int = 0
    default: str | None = None


DEFINING = frozenset("newcommand renewcommand providecommand def edef gdef xdef DeclareMathOperator".split())
"""Commands that define a macro."""

_DEFINING = re.compile(rf"\\(?:{'|'.join(DEFINING)})(?![A-Za-z])")
_DEFINING_OR_COMMENT = re.compile(rf"{_DEFINING.pattern}|\\.|%[^\n]*+", re.DOTALL)
_COMMAND = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand)\*?\s*+"
    r"(?:\{\s*+(\\(?:[A-Za-z]++|[^A-Za-z]))\s*+\}|(\\(?:[A-Za-z]++|[^A-Za-z])))"
    r"\s*+(?:\[\s*+([0-9])\s*+\]\s*+)?(?:\[([^\[\]{}]*+)\]\s*+)?(?=\{)"
)
_DEF = re.compile(r"\\[gex]?def\s*+(\\(?:[A-Za-z]++|[^A-Za-z]))\s*+((?:\#[1-9])*+)\s*+(?=\{)")
_OPERATOR = re.compile(
    r"\\DeclareMathOperator(\*?)\s*+(?:\{\s*+(\\[A-Za-z]++)\s*+\}|(\\[A-Za-z]++))\s*+(?=\{)"
)


def definition(scan: str, at: int, hi: int, braces: Braces) -> tuple[int, str] | None:
    r"""Where the macro definition at ``at`` ends, and the name that it defines.

    None if none is there, or one that is too involved to read (a ``\def`` with delimited arguments).
    """
    for form in (_COMMAND, _DEF, _OPERATOR):
        if head := form.match(scan, at, hi):
            end = braces.end(head.end())
            name = next(group for group in head.groups() if group and group.startswith("\\"))
            return (end, name) if 0 <= end <= hi else None
    return None


def definitions(
    scan: str, lo: int, hi: int, braces: Braces, *, comments: bool = False
) -> Iterator[tuple[int, int, str]]:
    """The macro definitions between two offsets: where each begins and ends, and the name that it defines."""
    at = lo
    defining = _DEFINING_OR_COMMENT if comments else _DEFINING
    while match := defining.search(scan, at, hi):
        at = match.end()
        if found := definition(scan, match.start(), hi, braces):
            at, name = found
            yield match.start(), at, name


def macro(text: str) -> Macro | None:
    r"""What a definition says; None if it is not one that we read.

    >>> macro(r"\newcommand{\norm}[1]{\|#1\|}")
    Macro(name='\\norm', body='\\|#1\\|', arity=1, default=None)
    >>> macro(r"\DeclareMathOperator*{\argmin}{arg\,min}").body
    '\\operatorname*{arg\\,min}'
    """
    if head := _COMMAND.match(text):
        body = text[head.end() + 1 : -1]
        return Macro(head[1] or head[2], body, int(head[3] or 0), head[4])
    if head := _DEF.match(text):
        return Macro(head[1], text[head.end() + 1 : -1], len(head[2]) // 2)
    if head := _OPERATOR.match(text):
        return Macro(head[2] or head[3], rf"\operatorname{head[1]}{text[head.end() :]}")
    return None


_USE = re.compile(r"\\(?:[A-Za-z]++|[^A-Za-z])", re.DOTALL)
_WORD_AT_END = re.compile(r"\\[A-Za-z]++\Z")
_PARAMETER = re.compile(r"#([1-9])")
_OPTIONAL = re.compile(r"\s*+\[([^\[\]{}]*+)\]")


class _Text:
    """Characters with the places that they come from, as they are put together."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.offsets = array("q")
        self.too_long = False

    def add(self, text: str, offsets: Sequence[int]) -> None:
        self.too_long = self.too_long or len(self.offsets) + len(text) > LONGEST
        if self.too_long or not text:
            return
        # \v{x}y with a body that ends in \cdot is \cdot y, not \cdoty.
        if text[0].isalpha() and self.parts and _WORD_AT_END.search(self.parts[-1]):
            self.parts.append(" ")
            self.offsets.append(offsets[0])
        self.parts.append(text)
        self.offsets.extend(offsets)


def expanded(piece: Piece, macros: Mapping[str, Macro]) -> Piece:
    r"""A formula with macros replaced by what they stand for.

    What comes from a definition stands where the macro was used, and what comes from an argument where the
    argument stands, so that offsets may repeat.

    >>> from gradbook.document.pieces import PieceKind
    >>> norm = macro(r"\newcommand{\norm}[1]{\|#1\|}")
    >>> expanded(Piece(PieceKind.INLINE, r"\norm{x}^2", range(11)), {r"\norm": norm}).text
    '\\|x\\|^2'
    """
    if not macros or len(piece.text) > LONGEST:
        return piece
    now = piece
    for _ in range(DEEPEST):
        after = _once(now, macros)
        if after is None:
            return piece
        if after is now:
            return now
        now = after
    return piece


def _once(piece: Piece, macros: Mapping[str, Macro]) -> Piece | None:
    """The piece with each macro in it replaced once, itself if there are none; None if it grows too long."""
    text, offsets = piece.text, piece.offsets
    out = _Text()
    braces = Braces(text)
    at = 0
    for use in _USE.finditer(text):
        if use.start() < at or use[0] not in macros:
            continue
        meaning = macros[use[0]]
        arguments = _arguments(text, use.end(), meaning, braces)
        if arguments is None:
            continue
        spans, end = arguments
        out.add(text[at : use.start()], offsets[at : use.start()])
        _write(out, meaning, spans, piece, use.start())
        at = end
        if out.too_long:
            return None
    if not at:
        return piece
    out.add(text[at:], offsets[at : len(text)])
    if out.too_long:
        return None
    out.offsets.append(offsets[len(text)])
    return replace(piece, text="".join(out.parts), offsets=out.offsets)


def _write(out: _Text, meaning: Macro, spans: list[tuple[int, int] | None], piece: Piece, use: int) -> None:
    """Write what a macro stands for, with its arguments."""
    place = piece.offsets[use]
    at = 0
    for parameter in _PARAMETER.finditer(meaning.body):
        before = meaning.body[at : parameter.start()]
        out.add(before, [place] * len(before))
        at = parameter.end()
        index = int(parameter[1]) - 1
        if index >= len(spans):
            continue
        span = spans[index]
        if span is None:
            default = meaning.default or ""
            out.add(default, [place] * len(default))
        else:
            out.add(piece.text[span[0] : span[1]], piece.offsets[span[0] : span[1]])
    rest = meaning.body[at:]
    out.add(rest, [place] * len(rest))


def _arguments(
    text: str, at: int, meaning: Macro, braces: Braces
) -> tuple[list[tuple[int, int] | None], int] | None:
    """Where the arguments of a macro stand (None: left out) and where they end; None if some are missing."""
    spans: list[tuple[int, int] | None] = []
    for index in range(meaning.arity):
        if index == 0 and meaning.default is not None:
            optional = _OPTIONAL.match(text, at)
            spans.append(optional.span(1) if optional else None)
            at = optional.end() if optional else at
            continue
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text) or text[at] == "}":
            return None
        end = braces.end(at) if text[at] == "{" else at + 1
        if end < 0:
            return None
        if text[at] == "{":
            spans.append((at + 1, end - 1))
        else:
            token = _USE.match(text, at)
            end = token.end() if token else end
            spans.append((at, end))
        at = end
    return spans, at
