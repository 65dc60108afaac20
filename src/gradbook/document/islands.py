r"""What the prose of Markdown flows around: displayed mathematics, comments, and elements that are not prose.

They are found while the lines of a paragraph are gathered, because inside of them a line that begins with
``-`` is no list item and one that begins with ``=`` underlines nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gradbook.document.dollars import Dollars, has_operator, has_words
from gradbook.document.lines import Lines
from gradbook.document.macros import definition
from gradbook.document.marks import Token, TokenKind
from gradbook.document.stretch import Stretch
from gradbook.document.tex import ARGUMENTS, DISPLAYS, Environments

DISPLAY_OPENER = re.compile(r"\$\$|\\\[|\\begin\{([A-Za-z]+\*?)\}")
"""How displayed mathematics begins."""

_ANY = re.compile(
    r"\$\$|\\\[|\\begin\{|\\[a-z]*(?:command|def)|\\DeclareMath|<!--|<(?:script|style|pre|textarea|code)\b",
    re.IGNORECASE,
)
_STOP = re.compile(r"`+|\\|\$|<")
_RAW = re.compile(r"<(script|style|pre|textarea|code)(?=[\s>])[^<>]*>", re.IGNORECASE)
_TO_CLOSER = {
    "$$": re.compile(
        r"(?:[^\\$\n]++|\\(?:text|mbox|hbox|textrm|mathrm)\s*+\{[^{}\n]*+\}|\\[^\n]?|\$(?!\$))*+(\$\$)?"
    ),
    r"\[": re.compile(r"(?:[^\\\n]++|\\[^\]\n])*+(\\\])?"),
    r"\\[": re.compile(r"(?:[^\\\n]++|\\(?!\\\]))*+(\\\\\])?"),
}
_TEX_GROUP = re.compile(r"\\[A-Za-z]++\*?(?:\s*+\{[^{}]*+\})*+|\\.", re.DOTALL)
_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,}|^[ \t>]*(?:#|```|~~~)", re.MULTILINE)


@dataclass(slots=True)
class Gathered:
    """The lines of a paragraph so far, without their marks of quotation, and the islands in them.

    Of each island, the number of the line that it begins in and of the one that it ends in are kept. Lines
    that follow each other without marks between them are one.
    """

    lines: list[tuple[int, int]]
    islands: list[tuple[Token, int, int]] = field(default_factory=list[tuple[Token, int, int]])

    def close(self, end: int) -> None:
        """Say where the last line ends."""
        self.lines[-1] = (self.lines[-1][0], end)

    def open(self, start: int) -> None:
        """Go on with a line that begins after marks of quotation."""
        self.lines.append((start, start))

    def tokens(self) -> list[Token]:
        """The islands, with their offsets in the text that the lines make together."""
        if len(self.lines) == 1:
            return [token for token, _, _ in self.islands]
        shifts: list[int] = []
        length = 0
        for lo, hi in self.lines:
            shifts.append(length - lo)
            length += hi - lo
        moved: list[Token] = []
        for token, first, last in self.islands:
            before, after = shifts[first], shifts[last]
            inner = (token.inner[0] + before, token.inner[1] + after)
            moved.append(Token(token.kind, token.lo + before, token.hi + after, inner, token.environment))
        return moved


class Islands:
    """Finds the islands of one document."""

    def __init__(self, stretch: Stretch, lines: Lines) -> None:
        self._stretch = stretch
        self._scan = stretch.scan
        self._lines = lines
        self._environments = Environments(stretch.scan)
        self._dollars = Dollars(stretch.scan)
        self._no_bracket = 0

    def gather(self, gathered: Gathered, start: int, end: int, depth: int) -> int:
        """Add the islands that begin in the line from ``start`` to ``end``.

        Returns the end of the line that the last of them ends in: the paragraph goes on from there.
        """
        scan = self._scan
        if not _ANY.search(scan, start, end):
            return end
        at = start
        while stop := _STOP.search(scan, at, end):
            here, at = stop.start(), stop.end()
            first = len(gathered.lines) - 1
            island: Token | None = None
            match stop[0][0]:
                case "`":
                    close = scan.find(stop[0], at, end)
                    at = close + len(stop[0]) if close >= 0 else at
                case "<":
                    island = self._hidden(here, end, start)
                case "$" if not scan.startswith("$$", here):
                    if found := self._dollars.math(here, end):
                        at = found[2]
                case _:
                    island = self._tex(here, end, depth, gathered, starts=here == start)
                    at = here + (1 if scan[here] == "$" else 2)
            if island is not None:
                gathered.islands.append((island, first, len(gathered.lines) - 1))
                start = -1  # what stood first in its line has ended
                at = island.hi
                end = self._lines.end(at)
        return end

    def _tex(self, at: int, end: int, depth: int, gathered: Gathered, *, starts: bool) -> Token | None:
        scan = self._scan
        if scan.startswith("\\\\[", at):  # as written for Markdown that takes one backslash away
            return self.display("\\\\[", at, depth, gathered) if self._lines.next("\\\\]", at) >= 0 else None
        opener = DISPLAY_OPENER.match(scan, at, end)
        if opener:
            environment = opener[1] or ""
            if environment and environment not in DISPLAYS:
                return None
            if opener[0] == "\\[":
                return self._bracketed(at, end, depth, gathered, starts=starts)
            return self.display(opener[0], at, depth, gathered, environment)
        defined = definition(scan, at, end, self._stretch.braces)
        return Token(TokenKind.MACRO, at, defined[0], (at, defined[0]), defined[1]) if defined else None

    def _bracketed(self, at: int, end: int, depth: int, gathered: Gathered, *, starts: bool) -> Token | None:
        r"""The display that begins with ``\[``; None if that is an escaped bracket of the prose.

        It is one if nothing closes it but a ``]``, or nothing at all and it does not start the line, or if
        what it holds is no formula and there is more in the line.
        """
        may_be_open = starts and self._scan.find("]", at, end) < 0
        if at < self._no_bracket and not may_be_open:
            return None
        lines, last = len(gathered.lines), gathered.lines[-1]
        token = self.display("\\[", at, depth, gathered)
        inside = self._scan[slice(*token.inner)]
        if token.environment:
            self._no_bracket = token.hi  # nothing closes any other one before this
            is_display = may_be_open
        else:
            alone = starts and self._lines.blanks(token.hi, end) >= end
            is_prose = has_words(inside) and not (alone and has_operator(inside))
            is_display = "\n" in inside or (not is_prose and (alone or has_operator(inside)))
        if is_display:
            return token
        del gathered.lines[lines:]
        gathered.lines[-1] = last
        return None

    def _hidden(self, at: int, end: int, start: int) -> Token | None:
        """A comment, or an element whose contents are not prose."""
        scan = self._scan
        if scan.startswith("<!--", at):
            close = self._lines.next("-->", at + 4)
            if close >= 0:
                return Token(TokenKind.HIDDEN, at, close + 3)
            return Token(TokenKind.HIDDEN, at, self._lines.size) if at == start else None
        if raw := _RAW.match(scan, at, end):
            close = self._lines.next(f"</{raw[1]}", raw.end())
            close = self._lines.next(">", close) if close >= 0 else -1
            if close >= 0:
                return Token(TokenKind.HIDDEN, at, close + 1)
        return None

    def display(self, opener: str, at: int, depth: int, gathered: Gathered, environment: str = "") -> Token:
        """The displayed mathematics that begins at ``at``; up to the next blank line if nothing closes it."""
        scan, lines = self._scan, self._lines
        start = at + len(opener)
        closing: tuple[int, int] | None = None
        if environment:
            for _ in range(ARGUMENTS.get(environment.rstrip("*"), 0)):
                if scan.startswith("{", start) and (after := self._stretch.braces.end(start)) >= 0:
                    start = after
            closing = self._environments.end(environment, at)
        token = Token(TokenKind.DISPLAY, at, at, (start, start), environment)
        here = start
        spans_blanks = closing is not None
        while True:
            end = lines.end(here)
            hit = closing if closing and closing[0] <= end else None
            if not environment:
                match = _TO_CLOSER[opener].match(scan, here, end)
                hit = match.span(1) if match and match[1] else None
            if hit:
                token.inner, token.hi = (start, hit[0]), hit[1]
                return token
            following = end + 1
            goes_on = following < lines.size
            if goes_on:
                next_end = lines.end(following)
                here, quoted, _ = lines.enter(following, next_end, limit=depth)
                goes_on = quoted == depth
                if goes_on and not spans_blanks and here == next_end:
                    goes_on = spans_blanks = not environment and self._closed_before_prose(opener, here)
            if not goes_on:
                token.inner, token.hi, token.environment = (start, end), end, "unclosed"
                return token
            if depth:
                gathered.close(following)
                gathered.open(here)
            else:
                here = following

    def _closed_before_prose(self, opener: str, at: int) -> bool:
        """Whether mathematics that has come to a blank line at ``at`` is closed further on, before any prose.

        Many write blank lines into ``$$ … $$``, and most renderers take them. But if the closing ``$$`` was
        forgotten, the next one opens another formula, and everything after it would be turned inside out.
        """
        close = self._lines.next(opener.replace("[", "]"), at)
        if close < 0 or (opener != "$$" and 0 <= self._lines.next(opener, at) < close):
            return False
        return not _PROSE.search(_TEX_GROUP.sub(" ", self._scan[at:close]))
