"""The example lab book, and documents to start from: built whole, and nothing in them wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradbook.book.starting import Kind, start
from gradbook.cli import main

ROOT = Path(__file__).resolve().parents[2]


def counts(printed: str) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d+) ([A-Z]{4,})", printed)}


@pytest.mark.parametrize("kind", Kind)
def test_a_starting_document_builds_as_it_stands(
    kind: Kind, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.md").write_text(start(kind), encoding="utf-8")
    assert main(["build", str(tmp_path / "mine.md"), "--strict"]) == 0
    assert (tmp_path / "mine.html").stat().st_size > 100_000
    found = counts(capsys.readouterr().out)
    assert set(found) <= {"PROVED", "STATED", "SUPPORTED"}
    assert ("SUPPORTED" in found) == (kind in (Kind.ASSIGNMENT, Kind.STUDY))


def test_the_assignment_builds_and_each_of_its_sentences_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "examples/assignment/report.md").read_text(encoding="utf-8")
    (tmp_path / "report.md").write_text(text, encoding="utf-8")
    assert main(["build", str(tmp_path / "report.md"), "--strict"]) == 0
    found = counts(capsys.readouterr().out)
    assert set(found) == {"PROVED", "STATED", "SUPPORTED"}
    assert found["SUPPORTED"] == len(
        re.findall(r"^- ", text.partition("```findings data=digits")[2].partition("```")[0], re.M)
    )
    assert found["PROVED"] > 400
    assert main(["check", str(tmp_path / "report.md"), "--strict"]) == 0
