"""Every mistake has a page, whose wrong example is called by its name and whose right one is proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook.cli import main
from gradbook.derivation.mistakes import MISTAKES, Mistake
from gradbook.derivation.mistakes.pages import index, page
from gradbook.document import Line, Verdict, check_text

PAGES = Path(__file__).parents[3] / "docs" / "mistakes"
ALL = [pytest.param(m, id=m.code) for m in MISTAKES.values()]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine names no fewer mistakes."""
    monkeypatch.setattr("gradbook.document.diagnosing.SECONDS", 5.0)


def last_line(given: str, line: str) -> Line:
    return check_text(f"${given}$\n\n$${line}$$\n", "example.md").lines[-1]


@pytest.mark.parametrize("mistake", ALL)
def test_wrong_example_is_called_by_its_name(mistake: Mistake) -> None:
    line = last_line(mistake.example.given, mistake.example.wrong)
    assert (line.verdict, line.code) == (Verdict.REFUTED, mistake.code)
    assert line.message


@pytest.mark.parametrize("mistake", ALL)
def test_right_example_is_proved(mistake: Mistake) -> None:
    assert last_line(mistake.example.given, mistake.example.right).verdict is Verdict.PROVED


@pytest.mark.parametrize("mistake", ALL)
def test_page_in_docs_is_the_one_of_the_rule(mistake: Mistake) -> None:
    shown = (PAGES / f"{mistake.code}.md").read_text(encoding="utf-8")
    assert shown == page(mistake), "renew with: make readme"
    assert len(mistake.page) > 40


def test_index_and_folder_hold_every_page_and_no_other() -> None:
    assert (PAGES / "README.md").read_text(encoding="utf-8") == index(), "renew with: make readme"
    assert {p.stem for p in PAGES.glob("*.md")} == {*MISTAKES, "README"}


def test_explain_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "d103"]) == 0
    assert capsys.readouterr().out == page(MISTAKES["D103"])


def test_explain_without_a_code_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(MISTAKES)


def test_explain_tells_of_an_unknown_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "D999"]) == 2
    told = capsys.readouterr().err
    assert "'D999'" in told
    assert "D101" in told
