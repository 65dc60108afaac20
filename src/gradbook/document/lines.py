"""The lines of a Markdown document, under the marks of quotation that stand before them."""

from __future__ import annotations

import re

from gradbook.document.stretch import Stretch

_BLANKS = re.compile(r"[ \t]*")


class Lines:
    """Finds where lines end and where, after ``> `` and white space, their contents begin."""

    def __init__(self, stretch: Stretch) -> None:
        self.scan = stretch.scan
        self.size = len(stretch.scan)
        self._line = (0, -1)  # from where the line feed was last looked for, and where it is
        self._found: dict[str, tuple[int, int]] = {}

    def end(self, at: int) -> int:
        """Where the line that ``at`` is in ends: the place of its line feed, or the end of the text."""
        first, end = self._line
        if not first <= at <= end:  # a long line with many formulas asks many times
            end = self.scan.find("\n", at)
            end = self.size if end < 0 else end
            self._line = (at, end)
        return end

    def blanks(self, at: int, end: int) -> int:
        """Where the spaces and tabs at ``at`` end."""
        if at >= end or self.scan[at] not in " \t":
            return at
        match = _BLANKS.match(self.scan, at, end)
        return match.end() if match else at

    def columns(self, lo: int, hi: int) -> int:
        """How wide the white space between two offsets is; tabs stop at every fourth column."""
        space = self.scan[lo:hi]
        return len(space.expandtabs(4)) if "\t" in space else hi - lo

    def enter(self, at: int, end: int, *, code: int = -1, limit: int = -1) -> tuple[int, int, int]:
        """Where a line's contents begin, how deep it is quoted, and how far it is indented there.

        A ``>`` at column ``code`` or further is part of indented code, and one after ``limit`` marks is part
        of the contents (less than 0: there is no such column or limit).

        >>> Lines(Stretch("> >   a", None)).enter(0, 7)
        (6, 2, 2)
        """
        scan = self.scan
        if at >= end or scan[at] not in " \t>":
            return at, 0, 0
        depth = 0
        here = self.blanks(at, end)
        if here < end and scan[here] == ">" and 0 <= code <= self.columns(at, here):
            return here, 0, self.columns(at, here)
        while here < end and scan[here] == ">" and depth != limit:
            depth += 1
            at = here + 1
            if at < end and scan[at] == " ":
                at += 1
            here = self.blanks(at, end)
        return here, depth, self.columns(at, here)

    def next(self, token: str, at: int) -> int:
        """The next place of a token, or -1; what was found for an earlier place is not looked for again."""
        since, found = self._found.get(token, (0, -2))
        if found == -2 or at < since or 0 <= found < at:
            found = self.scan.find(token, at)
            self._found[token] = (at, found)
        return found
