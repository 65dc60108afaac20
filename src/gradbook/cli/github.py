r"""The report as workflow commands of GitHub Actions, which show as annotations of a pull request.

>>> import sys
>>> from gradbook.document.report import Document, Line, Report, Verdict
>>> line = Line(1, 22, 1, 24, "f'(x) = 3x", Verdict.REFUTED, "R101", "100% wrong", help="2x")
>>> write(Report((Document("a,b.md", (line,)),)), sys.stdout, every_line=False)
::error file=a%2Cb.md,line=1,col=22,endLine=1,endColumn=24,title=R101 REFUTED::100%25 wrong%0Ahelp: 2x
"""

from __future__ import annotations

from typing import TextIO

from gradbook.document.report import Document, Line, Report, Verdict

_COMMANDS = {
    Verdict.REFUTED: "error",
    Verdict.CONTRADICTED: "error",
    Verdict.UNREAD: "warning",
    Verdict.UNDECIDED: "warning",
}


def write(report: Report, out: TextIO, *, every_line: bool) -> None:
    """Write an annotation for each line that needs a look; with ``every_line``, for each note as well."""
    for document in report.documents:
        for line in document.lines:
            if line.needs_look or (every_line and line.code is not None):
                out.write(_annotation(document, line) + "\n")
    for problem in report.problems:
        out.write(_command("error", {"file": problem.path, "title": "not checked"}, problem.message) + "\n")


def _annotation(document: Document, line: Line) -> str:
    places = {"file": document.path, "line": line.line, "col": line.column, "endLine": line.end_line}
    if line.end_line == line.line:
        places["endColumn"] = line.end_column
    else:
        del places["col"]  # GitHub takes columns only within one line
    title = line.verdict.value if line.code is None else f"{line.code} {line.verdict.value}"
    return _command(
        _COMMANDS.get(line.verdict, "notice"),
        {**places, "title": title},
        "\n".join((line.headline, *line.remarks())),
    )


def _command(name: str, properties: dict[str, str | int], message: str) -> str:
    listed = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{name} {listed}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
