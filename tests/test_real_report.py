"""The report the project began with: what is wrong in it is found, and nothing else is called wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook.document import Document, Verdict, check_text

REPORT = Path(__file__).parents[2] / "shared" / "reports" / "cs6910-a2.md"

#: Formulas with a sign, a factor or a branch that is wrong.
WRONG_GRADIENTS = {103, 127, 143, 151, 169, 179, 187}
#: Products of numbers that do not give what stands before them, or after.
WRONG_NUMBERS = {211, 213, 215, 217, 221, 225, 229, 233, 251}
#: Sound work that goes on from them.
FOLLOWING = {107, 111, 113, 120, 243, 245, 247, 249, 253, 255, 257}
#: Displays that begin with a multiplication sign, with nothing in front of it.
DANGLING = {219, 223, 227, 231, 235}


@pytest.fixture(scope="module")
def report() -> Document:
    if not REPORT.exists():
        pytest.skip(f"the report {REPORT} is not here")
    return check_text(REPORT.read_text(encoding="utf-8"), REPORT.name)


@pytest.mark.parametrize(
    ("verdict", "lines"),
    [
        (Verdict.REFUTED, WRONG_GRADIENTS | WRONG_NUMBERS),
        (Verdict.FOLLOWS, FOLLOWING),
        (Verdict.UNREAD, DANGLING),
        (Verdict.UNDECIDED, set[int]()),
        (Verdict.AGREES, set[int]()),
    ],
    ids=lambda value: value.name if isinstance(value, Verdict) else "",
)
def test_lines_with_a_verdict(report: Document, verdict: Verdict, lines: set[int]) -> None:
    assert {line.line for line in report.lines if line.verdict is verdict} == lines


def test_what_follows_names_the_line_it_rests_on(report: Document) -> None:
    follows = {line.line: line.follows for line in report.lines if line.verdict is Verdict.FOLLOWS}
    assert follows == {
        107: 103, 111: 103, 113: 103, 120: 103,
        243: 211, 245: 213, 247: 215, 249: 217, 253: 225, 255: 229, 257: 233,
    }  # fmt: skip


def test_right_gradients_are_proved(report: Document) -> None:
    proved = [line for line in report.lines if line.verdict is Verdict.PROVED]
    assert len(proved) >= 15
