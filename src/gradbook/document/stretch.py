"""Text that is being read, together with where each of its characters stands in the source."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from gradbook.document.pieces import Piece, PieceKind
from gradbook.document.tex import Braces

Span = tuple[int, int, str | None]
"""``(lo, hi, written)``: the characters from lo to hi, or the one character that they stand for."""


class Stretch:
    """A text to be scanned, of which every character has one place in the source.

    It is the document itself, or what is left of some of its lines when their ``> `` is taken away, or the
    text of a notebook's cell. ``text`` holds the characters; ``scan`` holds the same number, with every line
    end written as ``\\n`` (and the ``\\r`` before it as a space), so that a scanner knows only one line end.
    ``origin[k]`` is the place of character k; None means that k itself is. ``escaped`` is the text of the
    source if characters in it may be JSON escapes, which are longer than what they stand for. ``comments``
    says that ``%`` starts a comment, as in a file of LaTeX. ``labels`` are those under which a document of
    Markdown gives the addresses of its links.

    >>> quoted = Stretch("a =\\n> b", None).joined([(0, 4), (6, 7)])
    >>> quoted.text, list(quoted.piece(PieceKind.DISPLAY, [(0, 5, None)]).offsets)
    ('a =\\nb', [0, 1, 2, 3, 6, 7])
    """

    __slots__ = ("braces", "escaped", "labels", "origin", "scan", "text")

    def __init__(
        self,
        text: str,
        origin: Sequence[int] | None,
        escaped: str | None = None,
        *,
        comments: bool = False,
    ) -> None:
        self.text = text
        self.origin = origin
        self.escaped = escaped
        self.scan = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self.braces = Braces(self.scan, comments=comments)
        self.labels: frozenset[str] = frozenset()

    def joined(self, lines: Sequence[tuple[int, int]]) -> Stretch:
        """The stretch that is left of some of its parts, in their order."""
        origin = array("q")
        for lo, hi in lines:
            origin.extend(range(lo, hi) if self.origin is None else self.origin[lo:hi])
        stretch = Stretch("".join([self.text[lo:hi] for lo, hi in lines]), origin, self.escaped)
        stretch.labels = self.labels
        return stretch

    def place(self, at: int) -> int:
        """Where the character at ``at`` stands in the source; for the end of the text, where that is."""
        if self.origin is None:
            return at
        if at < len(self.origin):
            return self.origin[at]
        return self._end(at) if at else 0

    def _end(self, at: int) -> int:
        """Where the character before ``at`` ends in the source."""
        if self.origin is None:
            return at
        last = self.origin[at - 1]
        if self.escaped is None or self.escaped[last] != "\\":
            return last + 1
        if self.escaped[last + 1] != "u":
            return last + 2
        return last + (12 if ord(self.text[at - 1]) > 0xFFFF else 6)

    def piece(self, kind: PieceKind, spans: Sequence[Span], level: int = 0, environment: str = "") -> Piece:
        """A piece made of these spans, which follow each other and are not empty (except a single one)."""
        if len(spans) == 1:
            lo, hi, written = spans[0]
            if written is None:
                return Piece(kind, self.text[lo:hi], self._offsets(lo, hi), level, environment)
        offsets = array("q")
        parts: list[str] = []
        for lo, hi, written in spans:
            if written is not None:
                parts.append(written)
                offsets.append(self.place(lo))
                continue
            parts.append(self.text[lo:hi])
            offsets.extend(range(lo, hi) if self.origin is None else self.origin[lo:hi])
        offsets.append(self._end(spans[-1][1]) if spans[-1][1] else 0)
        return Piece(kind, "".join(parts), offsets, level, environment)

    def mark(self, kind: PieceKind, at: int) -> Piece:
        """A piece without text (the end of a cell or block) at a place."""
        place = self.place(at)
        return Piece(kind, "", range(place, place + 1))

    def _offsets(self, lo: int, hi: int) -> Sequence[int]:
        if self.origin is None:
            return range(lo, hi + 1)
        if lo == hi:
            place = self.place(lo)
            return range(place, place + 1)
        first, end = self.origin[lo], self._end(hi)
        if end - first == hi - lo:
            return range(first, end + 1)
        offsets = array("q", self.origin[lo:hi])
        offsets.append(end)
        return offsets


def add(spans: list[Span], lo: int, hi: int, written: str | None = None) -> None:
    """Append a span, as part of the one before it where they touch.

    >>> spans = []
    >>> add(spans, 0, 2), add(spans, 2, 3), add(spans, 4, 4), spans
    (None, None, None, [(0, 3, None)])
    """
    if lo >= hi:
        return
    if spans and written is None:
        first, end, before = spans[-1]
        if end == lo and before is None:
            spans[-1] = (first, hi, None)
            return
    spans.append((lo, hi, written))


def without(spans: Sequence[Span], omitted: Sequence[tuple[int, int]]) -> list[Span]:
    """What is left of spans when some parts of the text are taken out; both in their order.

    >>> without([(0, 5, None), (7, 9, None)], [(2, 3), (4, 8)])
    [(0, 2, None), (3, 4, None), (8, 9, None)]
    """
    kept: list[Span] = []
    first = 0
    for lo, hi, written in spans:
        while first < len(omitted) and omitted[first][1] <= lo:
            first += 1
        at, index = lo, first
        while index < len(omitted) and omitted[index][0] < hi:
            add(kept, at, omitted[index][0], written)
            at = max(at, omitted[index][1])
            index += 1
        add(kept, at, hi, written)
    return kept


def trimmed(scan: str, spans: list[Span], *, left: bool = True) -> list[Span]:
    """Spans without the white space at both ends, or at the right one only.

    >>> trimmed("  a b ", [(0, 2, None), (2, 6, None)])
    [(2, 5, None)]
    """
    kept = [span for span in spans if span[2] or span[1] > span[0]]
    while left and kept and kept[0][2] is None and scan[kept[0][0]].isspace():
        lo, hi, _ = kept.pop(0)
        while lo < hi and scan[lo].isspace():
            lo += 1
        if lo < hi:
            kept.insert(0, (lo, hi, None))
    while kept and kept[-1][2] is None and scan[kept[-1][1] - 1].isspace():
        lo, hi, _ = kept.pop()
        while lo < hi and scan[hi - 1].isspace():
            hi -= 1
        if lo < hi:
            kept.append((lo, hi, None))
    return kept
