"""``gradbook build``: what it writes, prints and exits with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradbook.cli import main

RIGHT = "Let $f(x) = x^2$. Then $f'(x) = 2x$.\n"
WRONG = "Let $f(x) = x^2$. Then $f'(x) = 3x$.\n"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.md"
    path.write_text(RIGHT)
    return path


def test_the_page_is_written_beside_the_document(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(report)]) == 0
    page = report.with_suffix(".html")
    assert page.read_text().startswith("<!DOCTYPE html>")
    said = capsys.readouterr()
    assert said.out == f"{page}: 1 PROVED, 1 STATED\n"
    assert said.err == ""


def test_a_wrong_line_is_exit_status_one(report: Path, tmp_path: Path) -> None:
    report.write_text(WRONG)
    out = tmp_path / "out.html"
    assert main(["build", str(report), "--out", str(out)]) == 1
    assert "REFUTED" in out.read_text()


def test_a_block_that_fails_is_told_of_and_the_page_is_built(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write_text("```derive\nnothing-like-it\n```\n")
    assert main(["build", str(report)]) == 1
    assert "report.md: derive, line 2: nothing-like-it:" in capsys.readouterr().err
    assert report.with_suffix(".html").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.md"], "none.md: not found"),
        (["report.md", "--data", "cifar10"], "no block is marked data=cifar10"),
        (["report.md", "--out", "report.md"], "that is the document itself"),
        (["report.md", "--out", "no/such/folder/a.html"], "no such file or directory"),
        (["report.md", "--format", "pdf", "--browser", "no-such-browser"], "--browser no-such-browser"),
    ],
)
def test_what_cannot_be_built_is_exit_status_two(
    report: Path,
    words: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(report.parent)
    assert main(["build", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("gradbook build: error: ")
    assert told in said.err
    assert report.read_text() == RIGHT


def test_strict_counts_what_is_not_read(report: Path) -> None:
    report.write_text("$$x = \\wp \\oint$$\n")
    assert main(["build", str(report)]) == 0
    assert main(["build", str(report), "--strict"]) == 1


def test_help_loads_nothing_that_builds() -> None:
    code = (
        "import sys; from gradbook.cli import main; main(['--help']); "
        "assert not {'gradbook.book.building', 'markdown_it', 'gradbook.document', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "build" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
def test_an_interrupt_ends_it_cleanly(report: Path) -> None:
    pytest.importorskip("torch", reason="studies need gradbook[study]")
    report.write_text("```study\nseeds = 3\n[training]\nepochs = 2000\n```\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "gradbook", "build", str(report)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    database = report.parent / "studies" / "studies.db"
    until = time.monotonic() + 60
    while not database.exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not report.with_suffix(".html").exists()


STUDY = """```study
name = "mine"
seeds = 1
[data]
limit = 100
[model]
kind = "{kind}"
{argument}
[training]
epochs = 1
```
"""

NET = """
from pathlib import Path
from torch import nn
Path(__file__).with_name("ran").touch()
class Net(nn.Sequential):
    def __init__(self, shape, classes):
        super().__init__(nn.Flatten(), nn.Linear(64, classes))
"""


@pytest.mark.parametrize(
    ("kind", "argument"), [("os:system", 'command = "touch {here}/ran"'), ("net.py:Net", "")]
)
def test_a_document_runs_no_code(
    report: Path, kind: str, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report.with_name("net.py").write_text(NET)
    report.write_text(STUDY.format(kind=kind, argument=argument.format(here=report.parent)))
    assert main(["build", str(report)]) == 1
    assert f"{kind} is code, which a document may not run by itself" in capsys.readouterr().err
    assert not report.with_name("ran").exists()


def test_models_of_ones_own_are_trained_where_that_is_asked_for(report: Path) -> None:
    report.with_name("net.py").write_text(NET)
    report.write_text(STUDY.format(kind="net.py:Net", argument=""))
    assert main(["build", str(report), "--own-models"]) == 0
    assert report.with_name("ran").exists()
    report.with_name("ran").unlink()
    assert main(["build", str(report)]) == 0  # it is trained: its results are shown, and nothing runs
    assert not report.with_name("ran").exists()
