"""``gradbook new``: documents to start from, which are right as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook.book.blocks import blocks
from gradbook.book.starting import Kind, start
from gradbook.cli import main
from gradbook.document import check_text
from gradbook.document.report import Verdict


@pytest.mark.parametrize("kind", Kind)
def test_a_document_is_written_and_none_of_its_mathematics_needs_a_look(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", kind.value]) == 0
    assert f"gradbook build {kind.value}.md" in capsys.readouterr().out
    text = Path(f"{kind.value}.md").read_text(encoding="utf-8")
    assert text == start(kind)
    assert blocks(text)
    assert [line for line in check_text(text).lines if line.needs_look] == []


def test_what_is_there_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mine.md"
    place.write_text("mine")
    assert main(["new", "study", str(place)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert place.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("study", "{}/none/mine.md"), "no such file or directory"),
        (("study", "{}/mine.toml"), "expected a name that ends in .md"),
    ],
)
def test_what_cannot_be_written_is_told(
    words: tuple[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", *(word.format(tmp_path) for word in words)]) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_line_in_a_starting_document_is_seen() -> None:
    wrong = start(Kind.DERIVATION).replace(r"\frac{1}{1 + e^{-x}}", r"\frac{1}{1 - e^{-x}}")
    assert Verdict.REFUTED in {line.verdict for line in check_text(wrong).lines}
