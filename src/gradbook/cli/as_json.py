r"""The report as JSON; ``docs/check.md`` documents it.

Everything but ASCII is written as escapes, so that the output is the same whatever the terminal can show.

>>> import sys
>>> from gradbook.document.report import Document, Line, Report, Verdict
>>> line = Line(1, 2, 1, 9, "f(x) = x", Verdict.STATED)
>>> write(Report((Document("a.md", (line,), "$f(x) = x$"),)), sys.stdout, every_line=False)
{
  "version": 1,
  "documents": [
    {
      "path": "a.md",
      "lines": [
        {
          "line": 1,
          "column": 2,
          "end_line": 1,
          "end_column": 9,
          "source": "f(x) = x",
          "verdict": "STATED",
          "code": null,
          "message": "",
          "evidence": null,
          "help": null,
          "follows": null
        }
      ]
    }
  ]
}
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from gradbook.document.report import Document, Evidence, Line, Report

#: Raised when a field is removed or changes its meaning; fields may be added without it.
VERSION = 1


def write(report: Report, out: TextIO, *, every_line: bool) -> None:
    """Write all lines of all documents; ``every_line`` changes nothing, for they are all there."""
    json.dump(as_json(report), out, indent=2)
    out.write("\n")


def as_json(report: Report) -> dict[str, Any]:
    """The report in terms of JSON."""
    return {"version": VERSION, "documents": [_document(document) for document in report.documents]}


def _document(document: Document) -> dict[str, Any]:
    return {"path": document.path, "lines": [_line(line) for line in document.lines]}


def _line(line: Line) -> dict[str, Any]:
    return {
        "line": line.line,
        "column": line.column,
        "end_line": line.end_line,
        "end_column": line.end_column,
        "source": line.source,
        "verdict": line.verdict.value,
        "code": line.code,
        "message": line.message,
        "evidence": None if line.evidence is None else _evidence(line.evidence),
        "help": line.help,
        "follows": line.follows,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "point": [{"symbol": symbol, "value": value} for symbol, value in evidence.point],
        "left": evidence.left,
        "right": evidence.right,
        "expected": evidence.expected,
        "where": evidence.where,
        "words": list(evidence.words),
    }
