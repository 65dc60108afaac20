"""How a report is written as text."""

from __future__ import annotations

import io
import re

import pytest

from gradbook import Document, Line, Report, Verdict
from gradbook.cli import text


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def written(report: Report, *, every_line: bool = False, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    text.write(report, out, every_line=every_line)
    return out.getvalue()


def of(source: str, *spans: tuple[int, int, int, int]) -> str:
    lines = tuple(Line(*span, "x", Verdict.UNDECIDED, "X1", "why") for span in spans)
    return written(Report((Document("a.md", lines, source),)))


def test_lines_that_need_a_look_are_shown_like_a_compiler_does(report: Report) -> None:
    assert written(report).splitlines() == [
        "week 1/notes.md:5:11 R101 the two sides differ",
        r"  5 | $$f'(x) = 3x$$ and $f''(x) = 3$, $\wp$ and",
        "    |           ^^",
        "    | at x = 1.3 (x > 0): left 2.6, right 3.9",
        "    | expected: 2 x",
        "    | help: check the power rule",
        "",
        "week 1/notes.md:5:30 F001 sound, but from a wrong line",
        r"  5 | $$f'(x) = 3x$$ and $f''(x) = 3$, $\wp$ and",
        "    |                              ^",
        "    | follows from line 5",
        "",
        r"week 1/notes.md:5:35 U001 unknown symbol \wp",
        r"  5 | $$f'(x) = 3x$$ and $f''(x) = 3$, $\wp$ and",
        "    |                                   ^^^",
        "",
        "4 lines read: 1 proved, 1 follows, 0 agrees, 1 wrong, 0 undecided, 1 stated; 1 unread; "
        "1 document could not be checked",
    ]


def test_all_shows_every_line_with_its_verdict(report: Report) -> None:
    shown = written(report, every_line=True)
    assert shown.startswith(
        "week 1/notes.md:3:3 STATED f(x) = x^2\nweek 1/notes.md:5:11 REFUTED R101 the two"
    )
    assert "week 1/notes.md:6:9 PROVED N001 a note\n  6 | $g(x) = 1$.\n    |         ^\n" in shown


def test_notes_on_proved_lines_need_all(report: Report) -> None:
    assert "N001" not in written(report)


def test_verdict_stands_in_for_a_missing_code_and_its_meaning_for_a_missing_message() -> None:
    line = Line(1, 1, 1, 2, "x", Verdict.AGREES)
    head = written(Report((Document("a.md", (line,), "x"),))).splitlines()[0]
    assert head == f"a.md:1:1 AGREES {Verdict.AGREES.meaning}"


def test_place_over_several_rows_is_underlined_on_each() -> None:
    shown = of("$$\na = b\n  = c\n$$", (1, 3, 3, 6))
    assert "  2 | a = b\n    | ^^^^^\n  3 |   = c\n    |   ^^^\n" in shown


def test_long_place_is_shown_by_its_first_rows() -> None:
    shown = of("\n".join(f"row {n}" for n in range(1, 21)), (1, 1, 20, 7))
    assert "row 4" in shown
    assert "row 5" not in shown
    assert "     | …\n" in shown


def test_long_row_is_cut_around_the_place() -> None:
    shown = of("a" * 5000 + "WRONG" + "b" * 5000, (1, 5001, 1, 5006)).splitlines()
    row, underline = shown[1], shown[2]
    assert len(row) <= 110
    assert row[underline.index("^") :].startswith("WRONG")
    assert underline.count("^") == len("WRONG")
    assert row.startswith("  1 | …a")
    assert row.endswith("b…")


def test_place_longer_than_the_row_is_cut() -> None:
    shown = of("W" * 5000, (1, 1, 1, 5001)).splitlines()
    assert shown[1].endswith("W…")
    assert len(shown[2]) <= 110


def test_wide_and_combining_characters_keep_the_underline_in_place() -> None:
    shown = of("漢字 e\u0301 x", (1, 7, 1, 8)).splitlines()
    assert shown[1] == "  1 | 漢字 e\u0301 x"
    assert shown[2] == "    | " + " " * 7 + "^"


def test_tab_takes_one_column() -> None:
    assert of("\tx", (1, 2, 1, 3)).splitlines()[1:3] == ["  1 |  x", "    |  ^"]


def test_characters_that_steer_a_terminal_are_shown_not_sent() -> None:
    hostile = "\x1b]0;owned\x07 \u202ex \x9b31m"
    shown = written(
        Report((Document(hostile, (Line(1, 1, 1, 2, hostile, Verdict.UNREAD, "U1", hostile),), hostile),)),
        every_line=True,
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "␛]0;owned␇" in shown


def test_place_outside_of_the_text_is_no_failure() -> None:
    assert of("x", (7, 3, 7, 9)).startswith("a.md:7:3 X1 why\n")
    assert of("x", (1, 40, 1, 50)).startswith("a.md:1:40 X1 why\n")


def test_several_documents_share_one_summary(report: Report) -> None:
    shown = written(Report(report.documents * 2))
    assert "\n\n8 lines read in 2 documents: 2 proved, 2 follows, 0 agrees, 2 wrong, " in shown


def test_terminal_gets_the_same_text_in_colour(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = written(report, out=Terminal())
    assert "\x1b[1;31m R101 \x1b[0m" in shown
    bare = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert [row.rstrip() for row in bare.splitlines()] == written(report).splitlines()


def test_no_color_is_respected(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "110")
    assert written(report, out=Terminal()) == written(report)
