r"""Markdown as people write it around mathematics: blocks, found line by line in one pass.

The rules are those of CommonMark with GitHub's tables, ``~~`` and mathematics, with these departures, because
mathematics would be lost or changed otherwise:

- the marker of an ordered list stays in the text: ``1.`` is a heading to people who number their derivations;
- displayed mathematics may be indented like code;
- a single ``=`` or ``-`` under a paragraph underlines nothing;
- inside ``$$ … $$`` nothing is a list, a heading or a quotation;
- a ``*`` between two letters or digits is a product, not emphasis;
- lines that number on as the paragraph's first line does (``a)``, ``b)``, …) are paragraphs of their own.

No step looks back, and none looks ahead further than it goes or more than once, so that the time grows as the
document does.
"""

from __future__ import annotations

import re

from gradbook.document.dollars import Dollars
from gradbook.document.inline import heading_text, label, mathematics, pieces_of_block
from gradbook.document.islands import DISPLAY_OPENER, Gathered, Islands
from gradbook.document.lines import Lines
from gradbook.document.pieces import Piece, PieceKind
from gradbook.document.stretch import Stretch, trimmed

_BLANK_LINES = re.compile(r"(?:[ \t]*+\n)++")
_FENCE = re.compile(r"(`{3,})[^`\n]*$|(~{3,})[^\n]*$", re.MULTILINE)
_MATH_FENCE = re.compile(r"[`~]+[ \t]*(?:math|\{math\})(?![\w-])")
_OPTION = re.compile(r":[\w-]+:")
_ATX = re.compile(r"#{1,6}(?=[ \t]|$)", re.MULTILINE)
_RULE = re.compile(r"(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)$", re.MULTILINE)
_UNDERLINE = re.compile(r"(?:={2,}+|-{2,}+)[ \t]*+$", re.MULTILINE)
_BULLET = re.compile(r"[-+*](?=[ \t]|$)(?:[ \t]++\[[ xX]\](?=[ \t]))?", re.MULTILINE)
_ORDERED = re.compile(r"(\d{1,9})[.)](?=[ \t]|$)", re.MULTILINE | re.ASCII)
_ENUMERATOR = re.compile(
    r"(?:([A-Za-z])\)|([a-z])\.|\(([A-Za-z])\)|\((\d{1,2})\)|([ivx]{2,5})\)|\(([ivx]{2,5})\))(?=[ \t])"
)
_DELIMITER_ROW = re.compile(r"\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+$", re.MULTILINE)
_LINK_TARGET = re.compile(
    r"\[(?!\^)[^\]\n]{1,999}\]:[ \t]*+"
    r"(?:(\S++)(?:[ \t]++(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*+)?+$",
    re.MULTILINE,
)
_LABEL = re.compile(r"^[ >\t]*+\[(?!\^)([^\[\]\n]{1,999})\]:", re.MULTILINE)
_NOTE = re.compile(r"\[\^[^\]\s]{1,99}\]:[ \t]*+")
_BAR = re.compile(r"\\.|[|$]", re.DOTALL)


def read_markdown(stretch: Stretch, *, front_matter: bool = True) -> list[Piece]:
    r"""The pieces of a Markdown document.

    >>> text = "# Loss\n\nLet $p$ be\n\n$$\np = 1\n$$\n"
    >>> [(piece.kind.name, piece.text) for piece in read_markdown(Stretch(text, None)) if piece.text]
    [('HEADING', 'Loss'), ('TEXT', 'Let '), ('INLINE', 'p'), ('TEXT', ' be'), ('DISPLAY', '\np = 1\n')]
    """
    return _Blocks(stretch).read(front_matter)


class _Blocks:
    """The blocks of one document, and where the pass over it stands."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self.scan = stretch.scan
        stretch.labels = frozenset(label(match[1]) for match in _LABEL.finditer(stretch.scan))
        self.size = len(stretch.scan)
        self.lines = Lines(stretch)
        self.islands = Islands(stretch, self.lines)
        self.pieces: list[Piece] = []
        self.depth = 0
        self.interrupted = -1  # the line that ended a paragraph, and so is no indented code
        # For each depth of quotation, the columns at which the contents of the open list items begin.
        self.items: dict[int, list[int]] = {0: []}

    def read(self, front_matter: bool) -> list[Piece]:
        at = 1 if self.scan.startswith("\ufeff") else 0
        if front_matter:
            at = self.front_matter(at)
        while at < self.size:
            if blank := _BLANK_LINES.match(self.scan, at):
                self.stop(at)
                at = blank.end()
            else:
                at = self.block(at)
        self.stop(self.size)
        return self.pieces

    def stop(self, at: int) -> None:
        """End a block; two ends in a row are one."""
        if self.pieces and self.pieces[-1].kind is not PieceKind.BREAK:
            self.pieces.append(self.stretch.mark(PieceKind.BREAK, at))

    def add(self, pieces: list[Piece]) -> None:
        """Add the pieces of a block, of which the first may be a break that another one has made."""
        ended = not self.pieces or self.pieces[-1].kind is PieceKind.BREAK
        skip = ended and bool(pieces) and pieces[0].kind is PieceKind.BREAK
        self.pieces.extend(pieces[1:] if skip else pieces)

    def enter(self, at: int, end: int) -> tuple[int, int, int]:
        items = self.items[0]
        return self.lines.enter(at, end, code=items[-1] + 4 if items else 4)

    def indent(self, depth: int) -> int:
        """Where the contents of the innermost open list item begin."""
        items = self.items.get(depth)
        return items[-1] if items else 0

    def front_matter(self, at: int) -> int:
        """Read the block between two ``---`` at the very top."""
        scan = self.scan
        first = self.lines.end(at)
        if first - at > 99 or scan[at:first].rstrip() != "---":
            return at
        here = first + 1
        if self.lines.blanks(here, self.size) == self.lines.end(here):
            return at  # a rule, and a paragraph after it
        while here < self.size:
            end = self.lines.end(here)
            if scan.startswith(("---", "..."), here) and scan[here:end].rstrip() in ("---", "..."):
                self.pieces.append(self.stretch.piece(PieceKind.FRONT_MATTER, [(first + 1, here, None)]))
                self.stop(end)
                return end + 1
            here = end + 1
        return at

    # -- blocks ----------------------------------------------------------------------------------------------

    def block(self, at: int) -> int:
        """Read the block that begins with the line at ``at``; returns where the next one may begin."""
        end = self.lines.end(at)
        here, depth, width = self.enter(at, end)
        if depth != self.depth:
            self.stop(at)
            self.quote(depth)
        items = self.items[depth]
        if here >= end:
            self.stop(at)
            return end + 1
        while items and width < items[-1]:
            items.pop()
        is_code = width - self.indent(depth) >= 4 and at != self.interrupted
        if is_code and not DISPLAY_OPENER.match(self.scan, here, end):
            self.stop(at)
            return end + 1
        return self.contents(here, end, width)

    def quote(self, depth: int) -> None:
        """Go to another depth of quotation: the lists of deeper ones have ended."""
        if depth < self.depth:
            self.items = {level: items for level, items in self.items.items() if level <= depth}
        self.items.setdefault(depth, [])
        self.depth = depth

    def contents(self, here: int, end: int, width: int) -> int:
        """Read what a line holds: list items and quotations inside of each other, then a block."""
        while here < end:
            following = self.leaf(here, end)
            if following is not None:
                return following
            if self.scan[here] == ">":  # in a list item; at the beginning of a line it is seen before
                self.quote(self.depth + 1)
                here = self.lines.blanks(here + 1, end)
                width = 0
                continue
            marker = _BULLET.match(self.scan, here, end) or _ORDERED.match(self.scan, here, end)
            if marker is None:
                return self.paragraph(here, end)
            self.stop(here)
            inner = self.lines.blanks(marker.end(), end)
            gap = self.lines.columns(marker.end(), inner)
            length = marker.end() - here
            self.items[self.depth].append(width + length + (gap if 1 <= gap <= 4 else 1))
            if self.scan[here].isdecimal():
                if inner == end or not self.begins_block(inner, end):
                    return self.paragraph(here, end)
                self.pieces.append(self.stretch.piece(PieceKind.TEXT, [(here, marker.end(), None)]))
            here = inner
            width += length + gap
        return end + 1

    def begins_block(self, at: int, end: int) -> bool:
        """Whether something other than a paragraph begins here, inside of a list item."""
        return self.scan[at] == ">" or any(
            pattern.match(self.scan, at, end) for pattern in (_FENCE, _ATX, _RULE, _BULLET, _ORDERED)
        )

    def leaf(self, here: int, end: int) -> int | None:
        """Read the block at ``here`` if its first line tells that it is not a paragraph."""
        scan = self.scan
        char = scan[here]
        if char in "`~" and (fence := _FENCE.match(scan, here, end)):
            return self.fence(fence)
        if char == "#" and (marks := _ATX.match(scan, here, end)):
            self.stop(here)
            lo, hi = self.trimmed(marks.end(), end)
            bare = hi
            while bare > lo and scan[bare - 1] == "#":
                bare -= 1
            if bare == lo or scan[bare - 1] in " \t":
                lo, hi = self.trimmed(lo, bare)
            self.heading(marks.end() - here, self.stretch, lo, hi, end)
            return end + 1
        if scan.startswith(":::", here) or (char in "*-_" and _RULE.match(scan, here, end)):
            self.stop(here)
            return end + 1
        if char == "[" and (target := _LINK_TARGET.match(scan, here, end)):
            self.stop(here)
            return end + 1 if target[1] else self.lines.end(end + 1) + 1
        columns = self.table_columns(here, end)
        return self.table(here, end, columns) if columns else None

    def heading(self, level: int, stretch: Stretch, lo: int, hi: int, end: int) -> None:
        spans = trimmed(stretch.scan, heading_text(stretch, lo, hi)) or [(lo, lo, None)]
        self.pieces.append(stretch.piece(PieceKind.HEADING, spans, level))
        self.stop(end)

    def fence(self, fence: re.Match[str]) -> int:
        """Read fenced code; a ``math`` fence is displayed mathematics."""
        self.stop(fence.start())
        mark = fence[1] or fence[2]
        is_math = bool(_MATH_FENCE.match(fence[0]))
        inside = Gathered([])
        at = fence.end() + 1
        environment = "unclosed"
        while at < self.size:
            end = self.lines.end(at)
            here, quoted, _ = self.lines.enter(at, end, limit=self.depth)
            if quoted < self.depth:
                break
            if self.scan.startswith(mark, here) and not self.scan[here:end].strip(mark[0] + " \t"):
                environment = "math"
                at = end + 1
                break
            if is_math and (inside.lines or not _OPTION.match(self.scan, here, end)):
                if not inside.lines or self.depth:
                    inside.open(here if self.depth else at)
                inside.close(min(end + 1, self.size))
            at = end + 1
        if is_math:
            if not inside.lines:
                inside.lines.append((fence.end(), fence.end()))
            stretch, lo, hi = self.gathered(inside)
            self.pieces.extend(mathematics(stretch, PieceKind.DISPLAY, lo, hi, environment))
            self.stop(min(at, self.size))
        return at

    def gathered(self, gathered: Gathered) -> tuple[Stretch, int, int]:
        """The stretch that gathered lines make, and where they begin and end in it."""
        if len(gathered.lines) == 1:
            return self.stretch, *gathered.lines[0]
        stretch = self.stretch.joined(gathered.lines)
        return stretch, 0, len(stretch.text)

    # -- tables ----------------------------------------------------------------------------------------------

    def table_columns(self, here: int, end: int) -> int:
        """How many columns the table has whose heading is this line; 0 if none begins here."""
        scan = self.scan
        if end + 1 >= self.size or scan.find("|", here, end) < 0:
            return 0
        following = self.lines.end(end + 1)
        under, quoted, _ = self.enter(end + 1, following)
        if quoted != self.depth or not _DELIMITER_ROW.match(scan, under, following):
            return 0
        columns = len(self.cells(under, following, 0))
        return columns if columns == len(self.cells(here, end, columns)) else 0

    def cells(self, lo: int, hi: int, columns: int) -> list[tuple[int, int]]:
        """The cells of a row.

        GitHub splits at every ``|``; a row that has too many cells then is split around its formulas
        instead, because ``$|x|$`` is one.
        """
        plain = self.split(lo, hi, around_formulas=False)
        return self.split(lo, hi, around_formulas=True) if 0 < columns < len(plain) else plain

    def split(self, lo: int, hi: int, *, around_formulas: bool) -> list[tuple[int, int]]:
        lo, hi = self.trimmed(lo, hi)
        if lo < hi and self.scan[lo] == "|":
            lo += 1
        dollars = Dollars(self.scan)
        cells: list[tuple[int, int]] = []
        at = first = lo
        while at < hi and (bar := _BAR.search(self.scan, at, hi)):
            at = bar.end()
            if bar[0] == "|":
                cells.append(self.trimmed(first, bar.start()))
                first = at
            elif bar[0] == "$" and around_formulas and (found := dollars.math(bar.start(), hi)):
                at = found[2]
        if first < hi:
            cells.append(self.trimmed(first, hi))
        return cells

    def trimmed(self, lo: int, hi: int) -> tuple[int, int]:
        lo = self.lines.blanks(lo, hi)
        while lo < hi and self.scan[hi - 1] in " \t":
            hi -= 1
        return lo, hi

    def table(self, here: int, end: int, columns: int) -> int:
        self.stop(here)
        self.row(here, end, columns)
        at = self.lines.end(end + 1) + 1
        while at < self.size:
            end = self.lines.end(at)
            here, quoted, _ = self.enter(at, end)
            if quoted != self.depth or here >= end or self.ends_table(here, end):
                break
            self.row(here, end, columns)
            at = end + 1
        return at

    def ends_table(self, here: int, end: int) -> bool:
        return self.scan.startswith("<!--", here) or self.interrupts(here, end, "")

    def row(self, lo: int, hi: int, columns: int) -> None:
        for first, last in self.cells(lo, hi, columns):
            self.add(pieces_of_block(self.stretch, first, last))
            self.pieces.append(self.stretch.mark(PieceKind.CELL, last))
        self.stop(hi)

    # -- paragraphs ------------------------------------------------------------------------------------------

    def paragraph(self, here: int, end: int) -> int:
        """Read the paragraph that begins at ``here``; returns where the next block may begin."""
        scan, depth = self.scan, self.depth
        self.stop(here)
        if note := _NOTE.match(scan, here, end):
            here = note.end()
        enumerator = _ENUMERATOR.match(scan, here, end)
        style = _style(enumerator)
        if enumerator:  # a list item to the writer, so that what is indented below it is no code
            self.items[depth].append(self.indent(depth) + 2)
        gathered = Gathered([(here, here)])
        level = 0
        while True:
            end = self.islands.gather(gathered, here, end, depth)
            gathered.close(end)
            if end + 1 >= self.size:
                break
            following = self.lines.end(end + 1)
            here, quoted, width = self.enter(end + 1, following)
            if here >= following or quoted > depth:
                break
            if quoted < depth and DISPLAY_OPENER.search(scan, here, following):
                break
            if width - self.indent(depth) < 4 or self.items[depth]:
                if quoted == depth and not gathered.islands and _UNDERLINE.match(scan, here, following):
                    level = 1 if scan[here] == "=" else 2
                    break
                if self.interrupts(here, following, style):
                    self.interrupted = end + 1
                    break
            gathered.close(end + 1)
            if depth:
                gathered.open(here)
            end = following
        stretch, lo, hi = self.gathered(gathered)
        while hi > lo and stretch.scan[hi - 1] in " \t\n":
            hi -= 1
        if level:
            end = self.lines.end(end + 1)
            self.heading(level, stretch, lo, hi, end)
        else:
            self.add(pieces_of_block(stretch, lo, hi, gathered.tokens()))
        return end + 1

    def interrupts(self, here: int, end: int, style: str) -> bool:
        """Whether a line ends the paragraph before it. ``style`` is how that paragraph is numbered."""
        scan = self.scan
        match scan[here]:
            case "#":
                return bool(_ATX.match(scan, here, end))
            case "`" | "~":
                return bool(_FENCE.match(scan, here, end))
            case ":":
                return scan.startswith(":::", here)
            case "*" | "-" | "+" | "_" if _RULE.match(scan, here, end):
                return True
            case "*" | "-" | "+" if marker := _BULLET.match(scan, here, end):
                return marker.end() < end
            case char if char.isdecimal() and (number := _ORDERED.match(scan, here, end)):
                return number.end() < end and (number[1] == "1" or bool(self.items[self.depth]))
            case _ if style and _style(_ENUMERATOR.match(scan, here, end)) == style:
                return True
            case _:
                return bool(self.table_columns(here, end))


def _style(match: re.Match[str] | None) -> str:
    """How an enumerator is written: ``a)``, ``a.``, ``(a)``, ``(1)``, ``ii)``; "" if there is none."""
    return str(match.lastindex) if match else ""
