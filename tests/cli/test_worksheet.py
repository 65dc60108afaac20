"""``gradbook worksheet``: what it writes, and how it tells what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook.cli import main

EXAMPLE = str(Path(__file__).resolve().parents[2] / "examples" / "networks" / "report.toml")


def test_sheet_goes_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["worksheet", EXAMPLE, "--digits", "4"]) == 0
    assert b"= 0.5818$$" in capsysbinary.readouterr().out


def test_format_is_that_of_the_output(tmp_path: Path) -> None:
    for name, start in (("a.html", b"<!DOCTYPE html>"), ("a.tex", b"\\documentclass"), ("a.json", b"{")):
        assert main(["worksheet", EXAMPLE, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(start)


def test_picture_is_written(tmp_path: Path) -> None:
    out = tmp_path / "net.svg"
    assert main(["worksheet", EXAMPLE, "--picture", str(out), "-o", str(tmp_path / "a.md")]) == 0
    assert out.read_text(encoding="utf-8").startswith("<svg")


def test_new_sheets_are_the_same_for_the_same_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("one", "two"):
        asked = ["worksheet", "new", "2-2-1", "--count", "3", "--seed", "7", "-o", str(tmp_path / folder)]
        assert main(asked) == 0
    assert "9 files" in capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names[:3] == ["key-1.md", "key-2.md", "key-3.md"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.toml"], "nowhere.toml: no such file or directory"),
        (["new", "3"], "expected a shape such as 3-2-1"),
        ([EXAMPLE, "-o", "/nowhere/at/all.md"], "/nowhere/at/all.md: no such file or directory"),
        ([EXAMPLE, "--digits", "1"], "expected a whole number from 2 to 30, found '1'"),
        (["new", "3-2-1", "--hidden", "tahn"], "the nearest is “tanh”"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worksheet", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
