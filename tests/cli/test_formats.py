"""How a report is written for programs: JSON, GitHub's workflow commands, SARIF."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from gradbook import Document, Line, Problem, Report, Verdict
from gradbook.cli import as_json, github, sarif


def written(face: Any, report: Report, *, every_line: bool = False) -> str:
    out = io.StringIO()
    face.write(report, out, every_line=every_line)
    return out.getvalue()


# --- JSON ---------------------------------------------------------------------------------------


def test_json_has_the_documented_fields_and_no_others(report: Report) -> None:
    shown = json.loads(written(as_json, report))
    assert list(shown) == ["version", "documents"]
    assert shown["version"] == 1
    assert list(shown["documents"][0]) == ["path", "lines"]
    for line in shown["documents"][0]["lines"]:
        assert list(line) == [
            "line", "column", "end_line", "end_column", "source",
            "verdict", "code", "message", "evidence", "help", "follows",
        ]  # fmt: skip


def test_json_has_every_line_in_document_order(report: Report) -> None:
    lines = json.loads(written(as_json, report))["documents"][0]["lines"]
    assert [line["verdict"] for line in lines] == ["STATED", "REFUTED", "FOLLOWS", "UNREAD", "PROVED"]
    assert lines[1] == {
        "line": 5,
        "column": 11,
        "end_line": 5,
        "end_column": 13,
        "source": "f'(x) = 3x",
        "verdict": "REFUTED",
        "code": "R101",
        "message": "the two sides differ",
        "evidence": {
            "point": [{"symbol": "x", "value": "1.3"}],
            "left": "2.6",
            "right": "3.9",
            "expected": "2 x",
            "where": "x > 0",
            "words": [],
        },
        "help": "check the power rule",
        "follows": None,
    }
    assert lines[2]["follows"] == 5
    assert lines[0]["evidence"] is None


def test_json_does_not_change_with_all(report: Report) -> None:
    assert written(as_json, report) == written(as_json, report, every_line=True)


def test_json_is_ascii_whatever_the_document_says() -> None:
    report = Report((Document("θ\udcff.md", (Line(1, 1, 1, 2, "θ\u2028", Verdict.STATED),), "θ"),))
    shown = written(as_json, report)
    assert shown.isascii()
    assert json.loads(shown)["documents"][0]["path"] == "θ\udcff.md"


# --- GitHub -------------------------------------------------------------------------------------


def test_github_annotates_by_verdict(report: Report) -> None:
    shown = written(github, report).splitlines()
    assert [row.partition(" ")[0] for row in shown] == ["::error", "::notice", "::warning", "::error"]
    assert shown[0] == (
        "::error file=week 1/notes.md,line=5,col=11,endLine=5,endColumn=13,title=R101 REFUTED::"
        "the two sides differ%0Aat x = 1.3 (x > 0): left 2.6, right 3.9%0Aexpected: 2 x%0A"
        "help: check the power rule"
    )
    assert shown[3] == "::error file=gone.md,title=not checked::not found"


def test_github_shows_notes_with_all(report: Report) -> None:
    assert "title=N001 PROVED::a note" in written(github, report, every_line=True)


def test_github_commands_cannot_be_forged_by_a_document() -> None:
    hostile = "a\n::error file=x::forged\r\n%0A, b: c"
    line = Line(1, 1, 1, 2, hostile, Verdict.REFUTED, "R,1:2", hostile)
    rows = written(github, Report((Document(hostile, (line,), hostile),))).splitlines()
    assert len(rows) == 1
    properties, message = re.fullmatch(r"::error (.*?)::(.*)", rows[0]).groups()  # type: ignore[union-attr]
    assert unquote(message) == hostile
    fields = dict(field.split("=", 1) for field in properties.split(","))
    assert unquote(fields["file"]) == hostile
    assert unquote(fields["title"]) == "R,1:2 REFUTED"


def test_github_place_over_several_rows_has_no_columns() -> None:
    line = Line(1, 4, 3, 2, "x", Verdict.UNDECIDED)
    shown = written(github, Report((Document("a.md", (line,), ""),)))
    assert shown.startswith("::warning file=a.md,line=1,endLine=3,title=UNDECIDED::")


# --- SARIF --------------------------------------------------------------------------------------


def test_sarif_has_what_the_standard_requires(report: Report) -> None:
    log = json.loads(written(sarif, report))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "gradbook"
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    assert run["columnKind"] == "unicodeCodePoints"
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(set(identifiers)) == len(identifiers)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    for result in run["results"]:
        assert result["message"]["text"]
        assert identifiers[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
        assert (region["startLine"], region["startColumn"]) < (region["endLine"], region["endColumn"])
        assert " " not in location["physicalLocation"]["artifactLocation"]["uri"]


def test_sarif_results_are_the_lines_that_need_a_look(report: Report) -> None:
    results = sarif.as_sarif(report)["runs"][0]["results"]
    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("R101", "error"),
        ("F001", "note"),
        ("U001", "warning"),
    ]
    assert len(sarif.as_sarif(report, every_line=True)["runs"][0]["results"]) == 4


def test_sarif_tells_what_could_not_be_checked(report: Report) -> None:
    (invocation,) = sarif.as_sarif(report)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "not found"
    (invocation,) = sarif.as_sarif(Report(report.documents))["runs"][0]["invocations"]
    assert invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("week 1/notes.md", "week%201/notes.md"),
        ("a#b?.md", "a%23b%3F.md"),
        ("/tmp/θ.md", "file:///tmp/%CE%B8.md"),
        ("\udcff.md", "%FF.md"),
    ],
)
def test_sarif_paths_are_references(path: str, uri: str) -> None:
    (invocation,) = sarif.as_sarif(Report((), (Problem(path, "why"),)))["runs"][0]["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
