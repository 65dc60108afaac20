"""The report as SARIF 2.1.0, the format of code scanning services and of editors' problem lists."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any, TextIO
from urllib.parse import quote

from gradbook import __version__
from gradbook.document.report import Document, Line, Problem, Report, Verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {
    Verdict.REFUTED: "error",
    Verdict.CONTRADICTED: "error",
    Verdict.UNREAD: "warning",
    Verdict.UNDECIDED: "warning",
}


def write(report: Report, out: TextIO, *, every_line: bool) -> None:
    """Write a result for each line that needs a look; with ``every_line``, for each note as well."""
    json.dump(as_sarif(report, every_line=every_line), out, indent=2)
    out.write("\n")


def as_sarif(report: Report, *, every_line: bool = False) -> dict[str, Any]:
    """The report as a SARIF log with one run.

    >>> log = as_sarif(Report((), (Problem("gone.md", "not found"),)))
    >>> log["version"], log["runs"][0]["invocations"][0]["executionSuccessful"]
    ('2.1.0', False)
    """
    shown = [
        (document, line)
        for document in report.documents
        for line in document.lines
        if line.needs_look or (every_line and line.code is not None)
    ]
    rules = {_rule_id(line): line.verdict for _, line in reversed(shown)}
    places = {name: place for place, name in enumerate(sorted(rules))}
    run = {
        "tool": {
            "driver": {
                "name": "gradbook",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(name, rules[name]) for name in sorted(rules)],
            }
        },
        # Columns count characters, not the units of UTF-16.
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
            }
        ],
        "results": [_result(document, line, places) for document, line in shown],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule_id(line: Line) -> str:
    return line.verdict.value if line.code is None else line.code


def _rule(name: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": name,
        "name": verdict.value.capitalize(),
        "shortDescription": {"text": verdict.meaning},
        "help": {"text": f"{verdict.value}: {verdict.meaning} See docs/verdicts.md."},
        "defaultConfiguration": {"level": _LEVELS.get(verdict, "note")},
    }


def _result(document: Document, line: Line, places: dict[str, int]) -> dict[str, Any]:
    name = _rule_id(line)
    return {
        "ruleId": name,
        "ruleIndex": places[name],
        "level": _LEVELS.get(line.verdict, "note"),
        "message": {"text": "\n".join((line.headline, *line.remarks()))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(document.path)},
                    "region": {
                        "startLine": line.line,
                        "startColumn": line.column,
                        "endLine": line.end_line,
                        "endColumn": line.end_column,
                        "snippet": {"text": line.source},
                    },
                }
            }
        ],
        "properties": {"verdict": line.verdict.value},
    }


def _notification(problem: Problem) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(problem.path)}}}],
    }


def _uri(path: str) -> str:
    """A path as a reference to a file, relative where the path is.

    >>> _uri("week 3/notes.md")
    'week%203/notes.md'
    """
    if PurePath(path).is_absolute():
        return Path(path).as_uri()
    return quote(PurePath(path).as_posix().encode("utf-8", "surrogateescape"))
