"""Documents with the expected verdicts written beside their lines.

In ``tests/documents`` a comment ``<!-- expect: STATED PROVED -->`` (``% expect: …`` in LaTeX) lists
the verdicts of all lines of mathematics since the comment before it, in document order; where two
verdicts are defensible they stand as ``PROVED|AGREES``, ``STATED?`` is a line that may be read as
one or passed over (a value given in words, say), and ``none`` says that there is no line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest
from pathlib import Path
from typing import Any

import pytest

from gradbook.document import check_text
from gradbook.document.report import Line, Verdict

DOCUMENTS = Path(__file__).parents[1] / "documents"
NOTATION = Path(__file__).parents[2] / "docs" / "notation.md"
PATHS = [*sorted(p for p in DOCUMENTS.iterdir() if p.suffix in {".md", ".tex", ".ipynb"}), NOTATION]
EXPECT = re.compile(
    r"<!--\s*expect:\s*(?P<html>[^>]*?)\s*-->|^[ \t]*%[ \t]*expect:[ \t]*(?P<tex>.*?)[ \t]*$", re.M
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one line may be; an optional line may also be missing."""

    verdicts: frozenset[Verdict]
    optional: bool = False

    def __str__(self) -> str:
        return "|".join(sorted(verdict.value for verdict in self.verdicts)) + "?" * self.optional


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of each line down to the comment at ``until`` (1-based)."""

    until: int
    lines: tuple[Expected, ...]


def expectations(text: str) -> list[Expectation]:
    """The expectation comments of a document, in order.

    >>> [e.until for e in expectations("$$a = 1$$\\n<!-- expect: STATED -->\\n<!-- expect: none -->")]
    [2, 3]
    """
    found: list[Expectation] = []
    for match in EXPECT.finditer(text):
        words = (match["html"] if match["html"] is not None else match["tex"]).split()
        if words == ["none"]:
            words = []
        elif not words:
            raise ValueError(f"an expectation without verdicts: {match[0]!r}; write 'none' if none is meant")
        lines = tuple(
            Expected(frozenset(Verdict(choice) for choice in word.rstrip("?").split("|")), word.endswith("?"))
            for word in words
        )
        found.append(Expectation(text.count("\n", 0, match.end()) + 1, lines))
    return found


def _without_missing(expected: Sequence[Expected], lines: Sequence[Line]) -> list[Expected]:
    """The expectation without those optional lines that are missing: the choice that agrees, if any does."""
    optional = [k for k, e in enumerate(expected) if e.optional]
    surplus = len(expected) - len(lines)
    if not 0 < surplus <= len(optional):
        return list(expected)
    choices = [[e for k, e in enumerate(expected) if k not in out] for out in combinations(optional, surplus)]
    return next((choice for choice in choices if _agrees(choice, lines)), choices[0])


def _agrees(expected: Sequence[Expected], lines: Sequence[Line]) -> bool:
    return len(expected) == len(lines) and all(
        line.verdict in choice.verdicts for choice, line in zip(expected, lines, strict=True)
    )


def _compare(expected: Sequence[Expected], lines: Sequence[Line]) -> list[str]:
    """The lines of one stretch of text beside their expectation; empty if all agree."""
    expected = _without_missing(expected, lines)
    if _agrees(expected, lines):
        return []
    table: list[str] = []
    for choice, line in zip_longest(expected, lines):
        wanted = "no line" if choice is None else str(choice)
        if line is None:
            table.append(f"      ?  expected {wanted}, but there is no such line")
            continue
        mark = " " if choice is not None and line.verdict in choice.verdicts else "!"
        source = " ".join(line.source.split())
        told = f"  ({line.message})" if mark == "!" and line.message else ""
        got = f"expected {wanted}, got {line.verdict.value}"
        table.append(f"  {mark} {line.line}:{line.column}  {got}  {source}{told}")
    return table


def differences(text: str, lines: Sequence[Line]) -> list[str]:
    """Where the verdicts of a document differ from those written in it, stretch by stretch."""
    found: list[str] = []
    start = 0
    for expectation in expectations(text):
        here = [line for line in lines if start < line.line <= expectation.until]
        rows = _compare(expectation.lines, here)
        if rows:
            found += [f"lines {start + 1} to {expectation.until}:", *rows]
        start = expectation.until
    left = [line for line in lines if line.line > start]
    if left:
        found += ["after the last expectation:", *_compare([], left)]
    return found


def notebook_differences(text: str, lines: Sequence[Line]) -> list[str]:
    """The same for a notebook, whose cells are compared as one stretch."""
    cells: list[dict[str, Any]] = json.loads(text)["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return _compare([line for e in expectations(source) for line in e.lines], lines)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_document_gets_the_verdicts_written_in_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = check_text(text, str(path)).lines
    compare = notebook_differences if path.suffix == ".ipynb" else differences
    found = compare(text, lines)
    assert not found, f"{path.name}\n" + "\n".join(found)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_document_states_expectations(path: Path) -> None:
    assert "expect:" in path.read_text(encoding="utf-8")


TEXT = """\
$$f(x) = x^2$$

$$f'(x) = 2x$$
<!-- expect: STATED PROVED -->

$$f'(x) = x$$
<!-- expect: REFUTED -->
"""
LINES = tuple(
    Line(number, 3, number, 9, source, verdict)
    for number, source, verdict in [
        (1, "f(x) = x^2", Verdict.STATED),
        (3, "f'(x) = 2x", Verdict.PROVED),
        (6, "f'(x) = x", Verdict.REFUTED),
    ]
)


def test_the_comparison_accepts_what_was_expected() -> None:
    assert differences(TEXT, LINES) == []


def test_the_comparison_accepts_either_of_two_verdicts() -> None:
    assert differences(TEXT.replace("PROVED", "AGREES|PROVED"), LINES) == []


@pytest.mark.parametrize("words", ["STATED PROVED STATED?", "PROVED? STATED PROVED", "STATED? PROVED"])
def test_the_comparison_passes_over_an_optional_line(words: str) -> None:
    assert differences(TEXT.replace("STATED PROVED", words), LINES) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("STATED PROVED", "STATED REFUTED", "! 3:3  expected REFUTED, got PROVED  f'(x) = 2x"),
        ("STATED PROVED", "STATED", "! 3:3  expected no line, got PROVED"),
        ("STATED PROVED", "STATED PROVED PROVED", "expected PROVED, but there is no such line"),
        ("<!-- expect: REFUTED -->", "", "after the last expectation:"),
        ("REFUTED", "none", "expected no line, got REFUTED"),
        ("STATED PROVED", "STATED REFUTED?", "! 3:3  expected REFUTED?, got PROVED"),
    ],
)
def test_the_comparison_reports_a_wrong_expectation(old: str, new: str, told: str) -> None:
    assert told in "\n".join(differences(TEXT.replace(old, new), LINES))


def test_the_comparison_reports_a_wrong_verdict() -> None:
    accepted = (*LINES[:2], replace(LINES[2], verdict=Verdict.PROVED, message="same normal form"))
    told = "\n".join(differences(TEXT, accepted))
    assert "! 6:3  expected REFUTED, got PROVED  f'(x) = x  (same normal form)" in told


def test_an_expectation_without_verdicts_is_an_error() -> None:
    with pytest.raises(ValueError, match="without verdicts"):
        expectations("$$a = 1$$\n<!-- expect: -->\n")


def test_expectations_in_a_latex_comment_are_read() -> None:
    assert [e.until for e in expectations("\\[ a = 1 \\]\n% expect: STATED\n")] == [2]
