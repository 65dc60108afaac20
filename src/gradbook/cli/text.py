r"""The report as text, in the form of a compiler's diagnostics.

>>> import sys
>>> from gradbook.document.report import Document, Evidence, Line, Report, Verdict
>>> wrong = Line(1, 22, 1, 24, "f'(x) = 3x", Verdict.REFUTED, "R101", "the two sides differ",
...              Evidence((("x", "1.3"),), "2.6", "3.9", expected="2 x"))
>>> write(Report((Document("a.md", (wrong,), "$f(x) = x^2$, $f'(x)=3x$"),)), sys.stdout, every_line=False)
a.md:1:22 R101 the two sides differ
  1 | $f(x) = x^2$, $f'(x)=3x$
    |                      ^^
    | at x = 1.3: left 2.6, right 3.9
    | expected: 2 x
<BLANKLINE>
1 line read: 0 proved, 0 follows, 0 agrees, 1 wrong, 0 undecided, 0 stated; 0 unread
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from gradbook.document.report import Document, Line, Report, Verdict

#: How wide source lines may be shown where there is no terminal to measure.
_WIDTH = 110

#: How many rows of a line that spans several are shown.
_ROWS = 4

_STYLES = {
    Verdict.PROVED: "green",
    Verdict.REFUTED: "bold red",
    Verdict.FOLLOWS: "cyan",
    Verdict.AGREES: "blue",
    Verdict.UNDECIDED: "yellow",
    Verdict.UNREAD: "magenta",
    Verdict.STATED: "dim",
    Verdict.SUPPORTED: "green",
    Verdict.CONTRADICTED: "bold red",
}

Row = tuple[tuple[str, str], ...]
"""One row of output: stretches of text, each with the name of its style (none: "")."""


def write(report: Report, out: TextIO, *, every_line: bool) -> None:
    """Write the lines that need a look, or every line, and a summary; in colour if ``out`` is a terminal."""
    terminal = out.isatty()
    width = shutil.get_terminal_size().columns if terminal else _WIDTH
    rows = _rows(report, every_line, max(width, 40))
    if terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        from rich.console import Console
        from rich.text import Text

        console = Console(file=out, highlight=False, soft_wrap=True)
        for row in rows:
            console.print(Text.assemble(*row))
    else:
        for row in rows:
            out.write("".join(text for text, _ in row).rstrip() + "\n")


def summary(report: Report) -> str:
    """How many lines were read, and what came of them.

    >>> summary(Report(()))
    '0 lines read: 0 proved, 0 follows, 0 agrees, 0 wrong, 0 undecided, 0 stated; 0 unread'
    """
    unread = report.count(Verdict.UNREAD)
    read = sum(len(document.lines) for document in report.documents) - unread
    words = {
        Verdict.PROVED: "proved",
        Verdict.FOLLOWS: "follows",
        Verdict.AGREES: "agrees",
        Verdict.REFUTED: "wrong",
        Verdict.UNDECIDED: "undecided",
        Verdict.STATED: "stated",
    }
    # Most documents have no findings, and need not hear of them.
    tested = {Verdict.SUPPORTED: "supported", Verdict.CONTRADICTED: "contradicted"}
    if any(report.count(verdict) for verdict in tested):
        words |= tested
    counts = ", ".join(f"{report.count(verdict)} {word}" for verdict, word in words.items())
    where = f" in {len(report.documents)} documents" if len(report.documents) > 1 else ""
    lost = len(report.problems)
    failed = f"; {lost} document{'s' * (lost != 1)} could not be checked" if lost else ""
    return f"{read} line{'s' * (read != 1)} read{where}: {counts}; {unread} unread{failed}"


def _rows(report: Report, every_line: bool, width: int) -> Iterator[Row]:
    apart = True
    for document in report.documents:
        source = document.text.split("\n")
        for line in document.lines:
            tested = line.verdict is Verdict.SUPPORTED  # what speaks for a finding is what one wants to know
            if line.needs_look or (every_line and (line.code is not None or tested)):
                yield from _diagnostic(document, source, line, every_line, width)
                yield ()
                apart = True
            elif every_line:
                yield _one_row(document, line, width)
                apart = False
    if not apart:
        yield ()
    yield ((summary(report), "bold"),)


def _place(document: Document, line: Line) -> str:
    return visible(f"{document.path}:{line.line}:{line.column}")


def _one_row(document: Document, line: Line, width: int) -> Row:
    head = f"{_place(document, line)} {line.verdict.value} "
    source = " ".join(line.source[: 4 * width].split())
    shown = _fit(visible(source), max(width - _cells(head), 20))
    return ((_place(document, line), "bold"), (f" {line.verdict.value} ", _STYLES[line.verdict]), (shown, ""))


def _diagnostic(
    document: Document, source: list[str], line: Line, every_line: bool, width: int
) -> Iterator[Row]:
    style = _STYLES[line.verdict]
    names = [line.verdict.value] if every_line or line.code is None else []
    names += [line.code] if line.code is not None else []
    yield (
        (_place(document, line), "bold"),
        (f" {' '.join(names)} ", style),
        (visible(" ".join(line.headline.split())), "bold"),
    )
    first, column, last, _ = place = line.underlined
    gutter = max(len(str(last)), 1) + 2
    numbers = range(first, min(last, first + _ROWS - 1, len(source)) + 1)
    for number in numbers:
        if len(numbers) > 1 and not source[number - 1][column - 1 if number == first else 0 :].strip():
            continue  # a place that starts at the end of a row is underlined from the next one
        yield from _excerpt(source[number - 1], number, place, gutter, style, width)
    if numbers and last > numbers[-1]:
        yield ((" " * gutter + " | ", "dim"), ("…", "dim"))
    for remark in line.remarks():
        shown = visible(" ".join(remark.split()))
        label = "help:" if shown.startswith("help:") else ""
        yield ((" " * gutter + " | ", "dim"), (label, "bold"), (shown.removeprefix(label), ""))


def _excerpt(
    text: str, number: int, place: tuple[int, int, int, int], gutter: int, style: str, width: int
) -> Iterator[Row]:
    """A row of the document, and below it the place underlined."""
    row, column, last, end_column = place
    first = len(text) - len(text.lstrip())
    start = column - 1 if number == row else first
    end = end_column - 1 if number == last else len(text.rstrip())
    end = max(end, start + 1)
    # Nothing further away than this can be shown; a row may be megabytes long.
    before, marked, after = text[max(start - width, 0) : start], text[start:end], text[end : end + width]
    before, marked, after = _clip(before, marked, after, width - gutter - 3, cut=start > width)
    yield ((f"{number:>{gutter}} | ", "dim"), (before, ""), (marked, style), (after, ""))
    yield ((" " * gutter + " | ", "dim"), (" " * _cells(before), ""), ("^" * max(_cells(marked), 1), style))


def _clip(before: str, marked: str, after: str, width: int, *, cut: bool = False) -> tuple[str, str, str]:
    """The three parts of a row made visible and cut to a width: the marked part last, what precedes it first.

    >>> _clip("a long way before ", "here", " and after", 16)
    ('…fore ', 'here', ' and …')
    """
    before, marked, after = visible(before), visible(marked[: width + 1]), visible(after)
    marked = _fit(marked, width)
    room = width - _cells(marked)
    if cut or _cells(before) + _cells(after) > room:
        behind = min(_cells(after), room // 2)
        before = _fit(before[::-1], room - behind, always=cut)[::-1]
        after = _fit(after, room - _cells(before))
    return before, marked, after


def _fit(text: str, width: int, *, always: bool = False) -> str:
    """A text cut to a width, an ellipsis at its end if it was (or ``always``)."""
    if _cells(text) <= width and not always:
        return text
    used, kept = 1, 0
    for char in text:
        used += _cells(char)
        if used > width:
            break
        kept += 1
    return text[:kept] + "…" if width > 0 else ""


def visible(text: str) -> str:
    r"""A text without the characters that move a cursor, change colours or reverse the direction of writing.

    >>> visible("a\tb\x1b[31m")
    'a b␛[31m'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible_character, text))


def _visible_character(char: str) -> str:
    if char == "\t":
        return " "
    match unicodedata.category(char):
        case "Cc":
            return chr(0x2400 + ord(char)) if ord(char) < 0x20 else "�"
        case "Cf" | "Cs" | "Zl" | "Zp":
            return "�"
        case _:
            return char


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes.

    >>> _cells("xθ漢")
    4
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )
