"""The marked document that a notebook shows."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gradbook import Document, Evidence, Line, Problem, Report, Verdict

HOSTILE = """<script>alert("x")</script> & '"><img src=x onerror=alert(1)>"""


class Page(HTMLParser):
    """Collects the elements, attributes and texts of a page, and sees that elements close in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.titles: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.titles += [value or "" for name, value in attrs if name == "title"]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(report: Report) -> Page:
    return Page(report._repr_html_())  # pyright: ignore[reportPrivateUsage]


def test_document_is_shown_whole_with_its_lines_marked() -> None:
    text = "Before\n$x = 1$ and $x = 2$\nAfter\n"
    lines = (
        Line(2, 2, 2, 7, "x = 1", Verdict.STATED),
        Line(
            2, 14, 2, 19, "x = 2", Verdict.REFUTED, "R101", "it is 1", Evidence(left="1", right="2"), "say 1"
        ),
    )
    shown = page(Report((Document("a.md", lines, text),)))
    for part in ("a.md", "Before", "After", "REFUTED R101", "it is 1", "left 1, right 2", "help: say 1"):
        assert part in shown.text
    assert len(shown.titles) == 2
    assert shown.titles[0].startswith("STATED")


def test_nothing_of_a_document_becomes_markup() -> None:
    line = Line(1, 1, 1, 9, HOSTILE, Verdict.REFUTED, HOSTILE, HOSTILE, Evidence(expected=HOSTILE), HOSTILE)
    shown = page(Report((Document(HOSTILE, (line,), HOSTILE),), (Problem(HOSTILE, HOSTILE),)))
    assert shown.elements <= {"div", "span", "code", "strong"}
    assert shown.attributes <= {"class", "style", "title"}
    assert HOSTILE in shown.text


@pytest.mark.parametrize(
    "spans",
    [
        [(1, 1, 1, 4), (1, 2, 1, 6)],
        [(1, 1, 1, 4), (1, 1, 1, 4)],
        [(1, 2, 3, 2), (2, 1, 2, 3)],
        [(1, 90, 1, 99)],
        [(9, 1, 12, 3)],
        [(1, 3, 1, 3)],
    ],
)
def test_marks_that_overlap_or_lie_outside_lose_nothing_of_the_text(
    spans: list[tuple[int, int, int, int]],
) -> None:
    text = "abcdef\nghijkl\nmnopqr"
    lines = tuple(Line(*span, "x", Verdict.PROVED) for span in spans)
    shown = page(Report((Document("a.md", lines, text),)))
    assert all(row in shown.text for row in text.split("\n"))


def test_long_document_shows_what_is_around_its_lines() -> None:
    text = "\n".join(f"row {number}." for number in range(1, 10_001))
    shown = page(Report((Document("a.md", (Line(5000, 1, 5000, 4, "row", Verdict.STATED),), text),)))
    assert "row 4998." in shown.text
    assert "row 5002." in shown.text
    assert "row 4997." not in shown.text
    assert shown.text.count("⋮") == 2


def test_long_row_is_cut() -> None:
    shown = page(Report((Document("a.md", (), "x" * 1_000_000),)))
    assert len(shown.text) < 3000


def test_empty_report_and_empty_document() -> None:
    page(Report(()))
    assert "no mathematics found" in page(Report((Document("a.md", ()),))).text
