"""``gradbook check`` from end to end, as a process of its own or by its entry point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradbook import __version__
from gradbook.cli import FORMATS, main

RIGHT = "$f(x) = x^2$\n\n$f'(x) = 2x$\n"
WRONG = "$f(x) = x^2$\n\n$f'(x) = 3x$\n"
UNREAD = "$f(x) = x^2 + ??$\n"


def gradbook(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "gradbook", *arguments], input=stdin, capture_output=True, cwd=cwd, timeout=60
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- exit status --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        (RIGHT, [], 0),
        (WRONG, [], 1),
        (UNREAD, [], 0),
        (UNREAD, ["--strict"], 1),
        (RIGHT, ["--strict"], 0),
        ("", [], 0),
        ("No mathematics here.", ["--strict"], 0),
    ],
)
def test_exit_status_tells_whether_something_is_wrong(
    folder: Path, text: str, options: list[str], status: int
) -> None:
    (folder / "notes.md").write_text(text)
    assert main(["check", "notes.md", *options]) == status


def test_missing_file_is_2_and_the_others_are_still_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes.md").write_text(WRONG)
    assert main(["check", "gone.md", "notes.md", "--jobs", "1"]) == 2
    shown = capsys.readouterr()
    assert shown.err == (
        "gone.md: error: not found: expected a file or a folder, found nothing of this name; "
        "look at its spelling\n"
    )
    assert shown.out.startswith("notes.md:3:")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "COMMAND"),
        (["check"], "PATH"),
        (["check", "a.md", "--jobs", "0"], "expected a whole number from 1, found '0'"),
        (["check", "a.md", "--jobs", "many"], "found 'many'"),
        (["check", "a.md", "--deadline", "nan"], "expected a number of seconds greater than 0, found 'nan'"),
        (["check", "a.md", "--deadline", "-1"], "greater than 0"),
        (["check", "a.md", "--format", "xml"], "invalid choice: 'xml'"),
        (["derivate"], "invalid choice: 'derivate'"),
        (["derive"], "say what to derive"),
    ],
)
def test_wrong_arguments_are_2_and_told(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gradbook {__version__}\n"
    assert main(["check", "--help"]) == 0
    assert "--deadline SECONDS" in capsys.readouterr().out


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys; from gradbook.cli import main; main(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('flint', 'rich', 'pylatexenc', 'multiprocessing')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


# --- what is checked ----------------------------------------------------------------------------


def paths(shown: bytes) -> list[str]:
    return [document["path"] for document in json.loads(shown)["documents"]]


def test_folder_is_walked_and_each_file_checked_once(folder: Path) -> None:
    (folder / "b.md").write_text(RIGHT)
    (folder / "a.tex").write_text(r"\begin{equation} f(x) = x \end{equation}")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.MD").write_text(RIGHT)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "d.md").write_text(WRONG)
    (folder / "e.txt").write_text(WRONG)
    done = gradbook("check", ".", "b.md", "./b.md", "--format", "json", cwd=folder)
    assert done.returncode == 0
    assert paths(done.stdout) == ["a.tex", "b.md", os.path.join("sub", "c.MD")]


def test_file_that_is_named_is_checked_whatever_its_suffix(folder: Path) -> None:
    (folder / "e.txt").write_text(WRONG)
    assert main(["check", "e.txt"]) == 1


def test_folder_without_documents_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "."]) == 2
    assert capsys.readouterr().err.startswith(
        ".: error: no document in this folder: expected files that end in .md"
    )


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (WRONG, 1),
        (r"\documentclass{article}\begin{document}\[f(x) = x^2\]\[f'(x) = 3x\]\end{document}", 1),
        (json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}, "source": [WRONG]}],
                     "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), 1),
    ],
    ids=["Markdown", "LaTeX", "notebook"],
)  # fmt: skip
def test_standard_input_is_read_as_what_it_is(document: str, status: int) -> None:
    done = gradbook("check", "-", stdin=document.encode())
    assert done.returncode == status
    assert done.stdout.startswith(b"<stdin>:")


def test_outcome_is_the_same_with_any_number_of_jobs(folder: Path) -> None:
    for number in range(6):
        (folder / f"{number}.md").write_text(WRONG if number % 2 else RIGHT)
    (folder / "binary.md").write_bytes(b"\0\1\2")
    alone = gradbook("check", ".", "gone.md", "--jobs", "1", cwd=folder)
    together = gradbook("check", ".", "gone.md", "--jobs", "3", cwd=folder)
    assert alone.returncode == 2
    assert (alone.returncode, alone.stdout, alone.stderr) == (
        together.returncode,
        together.stdout,
        together.stderr,
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_writes_something_for_nothing_wrong(folder: Path, form: str) -> None:
    (folder / "notes.md").write_text(RIGHT)
    done = gradbook("check", "notes.md", "--format", form, cwd=folder)
    assert done.returncode == 0
    assert done.stderr == b""
    assert bool(done.stdout) is (form != "github")


# --- streams ------------------------------------------------------------------------------------


def test_reader_that_has_seen_enough_is_no_failure(folder: Path) -> None:
    (folder / "notes.md").write_text(WRONG + "$f'(x) = 3x$\n" * 2000)
    pipeline = f"{{ {sys.executable} -m gradbook check notes.md; echo $? > status; }} | head -1"
    done = subprocess.run(["sh", "-c", pipeline], cwd=folder, capture_output=True, timeout=60)
    assert done.stderr == b""
    assert (folder / "status").read_text() == "1\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_told(folder: Path) -> None:
    (folder / "notes.md").write_text(RIGHT)
    command = f"{sys.executable} -m gradbook check notes.md > /dev/full"
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(b"gradbook: error: cannot write the report: ")
    assert len(done.stderr.splitlines()) == 1


def test_output_that_a_terminal_cannot_show_is_escaped(folder: Path) -> None:
    (folder / "θ.md").write_text(WRONG, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "gradbook", "check", "θ.md"],
        cwd=folder, capture_output=True, timeout=60, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith(b"\\u03b8.md:3:")


def test_interrupt_is_quiet(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    command = [sys.executable, "-m", "gradbook", "check", "pipe"]
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # what runs in the background of a script inherits that interrupts are ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as running,
        open("pipe", "wb"),  # opens when the command does, which then waits for what never comes
    ):
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (out, err, running.returncode) == (b"", b"", 130)
