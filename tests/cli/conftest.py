"""Reports made by hand, so that how they are written is tested apart from how they come about."""

from __future__ import annotations

import pytest

from gradbook import Document, Evidence, Line, Problem, Report, Verdict

TEXT = r"""# Notes

$$f(x) = x^2$$

$$f'(x) = 3x$$ and $f''(x) = 3$, $\wp$ and
$g(x) = 1$.
"""


@pytest.fixture
def report() -> Report:
    """One document with a line of most kinds, and one that could not be read."""
    lines = (
        Line(3, 3, 3, 13, "f(x) = x^2", Verdict.STATED),
        Line(
            5,
            11,
            5,
            13,
            "f'(x) = 3x",
            Verdict.REFUTED,
            "R101",
            "the two sides differ",
            Evidence((("x", "1.3"),), "2.6", "3.9", "2 x", "x > 0"),
            "check the power rule",
        ),
        Line(5, 30, 5, 31, "f''(x) = 3", Verdict.FOLLOWS, "F001", "sound, but from a wrong line", follows=5),
        Line(5, 35, 5, 38, r"\wp", Verdict.UNREAD, "U001", r"unknown symbol \wp"),
        Line(6, 9, 6, 10, "g(x) = 1", Verdict.PROVED, "N001", "a note"),
    )
    return Report((Document("week 1/notes.md", lines, TEXT),), (Problem("gone.md", "not found"),))
