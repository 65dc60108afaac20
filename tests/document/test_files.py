"""Documents on disk: found, read, or refused with a reason."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from gradbook import Problem
from gradbook.document import files


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("θ\n".encode(), "θ\n"),
        (b"\xef\xbb\xbfx", "x"),
        ("θ".encode("utf-16"), "θ"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
    ],
)
def test_text_is_decoded_and_its_line_ends_made_one_kind(data: bytes, text: str) -> None:
    assert files.decode(data, "a.md") == text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "binary: expected text, found a NUL byte"),
        (b"one\ntwo na\xefve", "not UTF-8: expected UTF-8 text, found byte 0xEF on line 2"),
        (b"\xff\xfex", "not UTF-16: expected UTF-16 text"),
    ],
)
def test_what_is_not_text_is_refused_with_the_reason(data: bytes, told: str) -> None:
    refused = files.decode(data, "a.md")
    assert isinstance(refused, Problem)
    assert refused.path == "a.md"
    assert refused.message.startswith(told)
    assert "; " in refused.message, "it says what to do next"


class Endless(io.RawIOBase):
    """Zeros without end, like /dev/zero."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "reading all of it would never end"
        return b"0" * size


def test_endless_file_is_refused() -> None:
    refused = files.read_stream(Endless(), "zeros")  # type: ignore[arg-type]
    assert isinstance(refused, Problem)
    assert refused.message.startswith("too large: expected at most 64 MiB")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "gone.md", "not found"), (tmp_path, "a folder")):
        refused = files.read(str(path))
        assert isinstance(refused, Problem)
        assert refused.message.startswith(told)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is readable to root")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "a.md").chmod(0)
    refused = files.read(str(tmp_path / "a.md"))
    assert isinstance(refused, Problem)
    assert refused.message.startswith("not readable: expected leave to read it")


def test_walk_leaves_out_what_would_be_waited_for_and_reports_broken_links(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "broken.md").symlink_to("gone")
    (tmp_path / "._hidden.md").write_text("x")
    assert list(files.find([str(tmp_path)])) == [str(tmp_path / "broken.md")]


def test_file_reached_by_two_names_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "b.md").symlink_to("a.md")
    assert list(files.find([str(tmp_path), str(tmp_path / "a.md")])) == [str(tmp_path / "a.md")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notes.md", True),
        ("Week 3 notes.TEX", True),
        ("week3/notes", True),
        ("/nowhere/at/all", True),
        ("", False),
        ("$x$", False),
        ("$a$/b.md", False),
        ("f = g.md", False),
        (r"\(x\) in notes.md", False),
        ("one line\nof notes.md", False),
        ("a/b of c", False),
        ("just words", False),
        ("nul\0.md", False),
        ("x" * 100_000, False),
    ],
)
def test_names_are_told_from_texts(text: str, expected: bool) -> None:
    assert files.names_document(text) is expected


def test_what_exists_is_a_name_whatever_it_looks_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "$x = 1$").write_text("")
    assert files.names_document("$x = 1$")
