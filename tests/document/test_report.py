"""What a report says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook import Document, Evidence, Line, Problem, Report, Verdict

VERDICTS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "verdicts.md"


def report_of(*verdicts: Verdict, problems: tuple[Problem, ...] = ()) -> Report:
    return Report(
        (Document("a.md", tuple(Line(1, 1, 1, 2, "x", verdict) for verdict in verdicts)),), problems
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_only_refuted_lines_and_contradicted_findings_are_wrong(verdict: Verdict) -> None:
    wrong = (Verdict.REFUTED, Verdict.CONTRADICTED)
    assert report_of(Verdict.PROVED, verdict).exit_status() == (verdict in wrong)


@pytest.mark.parametrize("verdict", Verdict)
def test_strict_fails_what_was_not_read_or_decided_too(verdict: Verdict) -> None:
    failing = (Verdict.REFUTED, Verdict.CONTRADICTED, Verdict.UNREAD, Verdict.UNDECIDED)
    assert report_of(Verdict.PROVED, verdict).exit_status(strict=True) == (verdict in failing)


def test_what_could_not_be_run_outranks_what_is_wrong() -> None:
    assert report_of(Verdict.REFUTED, problems=(Problem("b.md", "why"),)).exit_status() == 2
    assert report_of(problems=(Problem("b.md", "why"),)).exit_status() == 2


@pytest.mark.parametrize("verdict", Verdict)
def test_what_is_proved_stated_or_supported_needs_no_look(verdict: Verdict) -> None:
    (line,) = report_of(verdict).documents[0].lines
    assert line.needs_look is (verdict not in (Verdict.PROVED, Verdict.STATED, Verdict.SUPPORTED))


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts_are_documented_by_their_meaning(verdict: Verdict) -> None:
    assert f"| {verdict.value} | {verdict.meaning} |" in VERDICTS_PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("evidence", "remarks"),
    [
        (Evidence(), ()),
        (Evidence(left="1", right="2"), ("left 1, right 2",)),
        (Evidence((("x", "1"), ("y", "2")), "3", "4"), ("at x = 1, y = 2: left 3, right 4",)),
        (Evidence(where="x > 0"), ("where x > 0",)),
        (Evidence((("x", "1"),), where="x > 0"), ("at x = 1 (x > 0)",)),
        (Evidence(expected="2 x"), ("expected: 2 x",)),
        (Evidence(words=("p = 0.01, 6 seeds",)), ("p = 0.01, 6 seeds",)),
    ],
)
def test_evidence_in_words(evidence: Evidence, remarks: tuple[str, ...]) -> None:
    assert evidence.remarks() == remarks
