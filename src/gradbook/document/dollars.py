"""The ``$`` of Markdown: which one closes which, and which is money."""

from __future__ import annotations

import re

# The prose of a formula may hold dollar signs of its own: \text{if $x > 0$}.
_TEXT_IN_MATH = r"\\(?:text|mbox|hbox|textrm|textbf|textit|mathrm)\s*+\{[^{}\n]*+\}"
_TO_DOLLAR = re.compile(r"(?:[^\\$]++|\\.)*+", re.DOTALL)
_TO_OUTER_DOLLAR = re.compile(rf"(?:[^\\$]++|{_TEXT_IN_MATH}|\\.)*+", re.DOTALL)
_OPERATOR = re.compile(r"\\[A-Za-z]|[=^_<>+{|/*]")
_ONE_WORD = re.compile(r"\s*(?:[A-Za-z]'*|[-+]?\d+(?:[.,]\d+)?)\s*\Z")
_WORDS = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}[,.;:]?\s+[A-Za-z]{2,}(?![A-Za-z])")
_GROUP = re.compile(r"\\[A-Za-z]+\s*+(?:\{[^{}]*+\})?")


def has_words(inside: str) -> bool:
    r"""Whether two words follow each other in what may be a formula, outside of the arguments of commands.

    >>> has_words("5 apples and 6"), has_words(r"x \text{ if it is } y")
    (True, False)
    """
    return bool(_WORDS.search(_GROUP.sub(" ", inside)))


def has_operator(inside: str) -> bool:
    """Whether what may be a formula holds a command or a sign that only formulas have."""
    return bool(_OPERATOR.search(inside))


class Dollars:
    r"""Finds the ``$`` that closes a ``$``.

    Pandoc's rule: no space after the opening ``$``, none before the closing one, no digit after it. The next
    ``$`` decides, so that "$5 and $6" is money. Spaces inside are accepted on one line for what looks like
    mathematics.

    >>> Dollars("$x$ is").math(0, 6)
    (1, 2, 3)
    >>> Dollars("$ x = 1 $").math(0, 9)
    (1, 8, 9)
    >>> Dollars("costs $5 and $6").math(6, 15) is None
    True
    >>> Dollars(r"$x \text{ if $y$ }$").math(0, 19)
    (1, 18, 19)
    """

    def __init__(self, scan: str) -> None:
        self._scan = scan
        # Up to here, looking past the dollars inside of \text{…} has failed. Trying once is enough, or else
        # many of them would take the square of the time.
        self._refused = 0

    def math(self, at: int, limit: int) -> tuple[int, int, int] | None:
        """Where the mathematics opened by the ``$`` at ``at`` begins and ends, and where its ``$`` ends."""
        scan = self._scan
        if scan.startswith("`", at + 1):
            end = scan.find("`$", at + 2, limit)
            return None if end < 0 else (at + 2, end, end + 2)
        if at >= self._refused:
            end = self._next(_TO_OUTER_DOLLAR, at + 1, limit)
            if self._closes(at, end, limit):
                return at + 1, end, end + 1
            self._refused = end
        end = self._next(_TO_DOLLAR, at + 1, limit)
        return (at + 1, end, end + 1) if self._closes(at, end, limit) else None

    def _next(self, pattern: re.Pattern[str], at: int, limit: int) -> int:
        match = pattern.match(self._scan, at, limit)
        return match.end() if match else limit

    def _closes(self, at: int, end: int, limit: int) -> bool:
        scan = self._scan
        if end >= limit or scan[end] != "$" or end == at + 1:
            return False
        if end + 1 < limit and scan[end + 1].isdecimal():
            return False
        if not (scan[at + 1].isspace() or scan[end - 1].isspace()):
            return True
        inside = scan[at + 1 : end]
        if "\n" in inside or scan.startswith("$$", end):
            return False
        return bool(_ONE_WORD.match(inside)) or (bool(_OPERATOR.search(inside)) and not has_words(inside))
