"""Studies in a book: run once, shown with what was held equal, drawn in both themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gradbook.book.building import Built
from gradbook.book.studies import themed

pytest.importorskip("torch", reason="studies need gradbook[study]")

Book = Callable[..., Built]


def test_a_study_is_run_once_and_shown(book: Book, study: str, tmp_path: Path) -> None:
    built = book(study)
    assert built.problems == ()
    assert built.exit_status() == 0
    (made,) = built.made
    assert (made["study"], made["seeds"], made["data"]) == ("tiny", [0, 1], "digits")
    assert re.fullmatch(r"[0-9a-f]{32,64}", made["hash"])
    html = built.html
    assert html.count('role="img"') == 5
    assert "weight decay 0.05" in html
    assert "Underpowered" in html
    assert made["hash"] in html
    before = (tmp_path / "studies" / "studies.db").stat().st_mtime_ns
    assert book(study).html == html
    assert (tmp_path / "studies" / "studies.db").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = ", "line 2"),
        ("epochs = 3", "report.md:2: epochs"),
        ('[training]\noptimizer = "none"', "report.md:3: [training] optimizer"),
        ('[data]\nsource = "no-such-folder"', "no-such-folder"),
    ],
)
def test_a_study_that_cannot_be_run_names_the_line_of_the_document(book: Book, text: str, told: str) -> None:
    built = book(f"```study\n{text}\n```\n\nEnd.")
    assert told in built.problems[0]
    assert "NOT BUILT" in built.html
    assert "End." in built.html
    assert built.exit_status() == 1


def test_a_plot_takes_the_colours_of_the_page_and_names_of_its_own() -> None:
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg width="9pt" viewBox="0 0 9 9"><metadata>x</metadata>'
        '<g id="a"><use xlink:href="#a"/><path clip-path="url(#p)" style="fill: #0072b2; stroke: #000000"/></g></svg>'
    )
    found = themed(svg, "k-", 'A "plot"')
    assert found.startswith('<svg viewBox="0 0 9 9" role="img" aria-label="A &quot;plot&quot;"')
    assert 'id="k-a"' in found
    assert '"#k-a"' in found
    assert "url(#k-p)" in found
    assert "var(--plot-1)" in found
    assert "#0072b2" not in found
    assert "metadata" not in found
