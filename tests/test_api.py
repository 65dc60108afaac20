"""``gradbook.check`` and what the package exports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gradbook

WRONG = "$f(x) = x^2$\n\n$f'(x) = 3x$\n"


def verdicts(report: gradbook.Report) -> list[str]:
    return [line.verdict.value for document in report.documents for line in document.lines]


def test_text_is_checked() -> None:
    report = gradbook.check(WRONG)
    assert verdicts(report) == ["STATED", "REFUTED"]
    assert report.exit_status() == 1
    assert report.documents[0].path == "<text>"
    assert report.documents[0].text == WRONG


def test_one_line_of_text_is_no_path() -> None:
    assert verdicts(gradbook.check("$f(x) = x^2$ has $f'(x) = 2x$")) == ["STATED", "PROVED"]


@pytest.mark.parametrize("kind", [str, Path])
def test_path_is_read(tmp_path: Path, kind: Any) -> None:
    (tmp_path / "notes.md").write_text(WRONG)
    report = gradbook.check(kind(tmp_path / "notes.md"))
    assert report.documents[0].path == str(tmp_path / "notes.md")
    assert verdicts(report) == ["STATED", "REFUTED"]


def test_folder_is_walked(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(WRONG)
    (tmp_path / "b.md").write_bytes(b"\0")
    report = gradbook.check(tmp_path)
    assert [Path(document.path).name for document in report.documents] == ["a.md"]
    assert [Path(problem.path).name for problem in report.problems] == ["b.md"]
    assert report.exit_status() == 2


@pytest.mark.parametrize("missing", ["missing.md", "folder/missing", Path("missing"), Path("missing.md")])
def test_path_to_nothing_raises(missing: str | Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no document at .*missing.*gradbook\.check\("):
        gradbook.check(missing)


def test_empty_text_has_no_lines() -> None:
    report = gradbook.check("")
    assert verdicts(report) == []
    assert report.exit_status() == 0


@pytest.mark.parametrize("deadline", [0, -1, float("nan")])
def test_impossible_deadline_raises(deadline: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        gradbook.check("$x$", deadline=deadline)


def test_results_show_themselves_in_a_notebook() -> None:
    shown = gradbook.check(WRONG)._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "REFUTED" in shown


def test_everything_exported_is_there_and_nothing_else() -> None:
    for name in gradbook.__all__:
        assert getattr(gradbook, name) is not None
    assert set(dir(gradbook)) == set(gradbook.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gradbook.nothing  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, gradbook; sys.exit(any(name.startswith(('gradbook.', 'flint')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
