r"""The TeX that every reader has to know: where braces, environments and comments begin and end."""

from __future__ import annotations

import re

DISPLAYS = frozenset(
    name + star
    for name in (
        "equation align gather multline eqnarray alignat xalignat flalign displaymath math dmath dgroup "
        "aligned gathered alignedat split cases rcases dcases array IEEEeqnarray empheq"
    ).split()
    for star in ("", "*")
)
"""Environments that are displayed mathematics when they stand outside of mathematics.

The inner ones (``aligned``, ``cases``, …) are forgotten delimiters there; they are read rather than lost."""

ARGUMENTS = {"alignat": 1, "xalignat": 1, "alignedat": 1, "array": 1, "IEEEeqnarray": 1, "empheq": 1}
"""How many arguments follow the ``\begin{…}`` of an environment and are no part of its mathematics."""

_TO_BRACE = re.compile(r"(?:[^\\{}]++|\\.)*+([{}])?", re.DOTALL)
_TO_BRACE_OF_TEX = re.compile(r"(?:[^\\{}%]++|\\.|%[^\n]*+)*+([{}])?", re.DOTALL)


class Braces:
    r"""Where each ``{`` of a text is closed, found once for every stretch of it, however often it is asked.

    >>> Braces(r"\R{a{b}\}c}d").end(2)
    11
    >>> Braces("{ {}").end(0)
    -1

    ``comments`` says that ``%`` starts a comment, and that a brace in it is none.
    """

    def __init__(self, scan: str, *, comments: bool = False) -> None:
        self._scan = scan
        self._to_brace = _TO_BRACE_OF_TEX if comments else _TO_BRACE
        self._ends: dict[int, int] = {}

    def end(self, at: int) -> int:
        """The offset after the ``}`` that closes the ``{`` at ``at``; -1 if nothing does."""
        if at in self._ends:
            return self._ends[at]
        scan, ends = self._scan, self._ends
        open_braces = [at]
        here = at + 1
        while here < len(scan):
            match = self._to_brace.match(scan, here)
            if match is None or match[1] is None:
                break
            here = match.end()
            brace = match[1]
            if brace == "{":
                if here - 1 in ends and ends[here - 1] >= 0:
                    here = ends[here - 1]
                else:
                    open_braces.append(here - 1)
            elif brace == "}":
                ends[open_braces.pop()] = here
                if not open_braces:
                    return here
        for lost in open_braces:
            ends[lost] = -1
        return -1


class Environments:
    r"""Where each ``\begin{name}`` of a text is closed; one pass over the text for each name asked for.

    ``comments`` says that ``%`` starts a comment.
    """

    def __init__(self, scan: str, *, comments: bool = False) -> None:
        self._scan = scan
        self._comments = comments
        self._ends: dict[str, dict[int, tuple[int, int]]] = {}

    def end(self, name: str, at: int) -> tuple[int, int] | None:
        r"""Where the ``\end{name}`` for the ``\begin{name}`` at ``at`` begins and ends.

        >>> Environments(r"\begin{a} \begin{a} \end{a} \end{a}").end("a", 0)
        (28, 35)
        >>> Environments(r"\begin{a} \begin{a} \end{a}").end("a", 0) is None
        True
        """
        if name not in self._ends:
            self._ends[name] = self._pair(name)
        return self._ends[name].get(at)

    def _pair(self, name: str) -> dict[int, tuple[int, int]]:
        comment = r"%[^\n]*+|" if self._comments else ""
        tokens = re.compile(rf"{comment}\\(?:(begin|end)\{{{re.escape(name)}\}}|.)", re.DOTALL)
        ends: dict[int, tuple[int, int]] = {}
        begun: list[int] = []
        for match in tokens.finditer(self._scan):
            if match[1] == "begin":
                begun.append(match.start())
            elif match[1] == "end" and begun:
                ends[begun.pop()] = match.span()
        return ends


_COMMENT = re.compile(r"\\.|(%)[^\n]*+", re.DOTALL)


def comments(scan: str, lo: int, hi: int) -> list[tuple[int, int]]:
    r"""Where the comments between two offsets stand. One with a line to itself takes the line's end with it.

    >>> comments("a % b\n% c\n\\% d", 0, 14)
    [(2, 5), (6, 10)]
    """
    if scan.find("%", lo, hi) < 0:
        return []
    return [
        (match.start(), match.end() + (match.end() < hi and begins_line(scan, match.start(), lo)))
        for match in _COMMENT.finditer(scan, lo, hi)
        if match[1]
    ]


def begins_line(scan: str, at: int, lo: int = 0) -> bool:
    """Whether an offset, not before ``lo``, has only white space before it in its line."""
    while at > lo and scan[at - 1] in " \t":
        at -= 1
    return at == 0 or (at > lo and scan[at - 1] == "\n")
