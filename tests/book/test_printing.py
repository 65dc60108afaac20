"""Onto paper, by a browser that is there; a clear word where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gradbook.book.building import Built
from gradbook.book.printing import PrintingError, find_browser, fixed, printed

Book = Callable[..., Built]


def test_without_a_browser_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(PrintingError, match="install one, name it with --browser PATH, or build the page"):
        find_browser()
    with pytest.raises(PrintingError, match="--browser nothing: no such program"):
        find_browser("nothing")


def test_a_browser_that_prints_nothing_is_told_of(tmp_path: Path) -> None:
    silent = tmp_path / "browser"
    silent.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n")
    silent.chmod(0o755)
    with pytest.raises(PrintingError, match="printed nothing: cannot open display"):
        printed("<p>", str(silent))


def test_a_page_is_printed_and_twice_the_same(book: Book) -> None:
    if not any(map(shutil.which, ("chromium", "google-chrome"))):
        pytest.skip("no Chromium is installed; with it, pages are printed")
    html = book("# A\n\n$$f(x) = x^2$$\n\n$$f'(x) = 3x$$\n").html
    first = printed(html)
    assert first.startswith(b"%PDF-")
    assert b"D:20000101000000" in first
    assert printed(html) == first


def test_only_the_time_is_taken_out() -> None:
    data = b"/CreationDate (D:20261124114207+00'00')/ModDate (D:20261124114207+00'00')/X (D:20261124114207)"
    found = fixed(data)
    assert len(found) == len(data)
    assert found.count(b"20261124114207") == 1
