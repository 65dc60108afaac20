r"""The report as a piece of HTML: each document with its lines marked, for a notebook.

Everything that comes from a document is escaped, styles are inline, and nothing is loaded or run. The text
stands in ``code`` elements of a class that MathJax leaves alone: it is shown as it was written.

>>> from gradbook.document.report import Document, Line, Report, Verdict
>>> wrong = Line(1, 8, 1, 9, "1 = 2", Verdict.REFUTED, "R101", "1 is < 2")
>>> page = marked(Report((Document("a.md", (wrong,), "<b> $1 = 2$"),)))
>>> "&lt;b&gt;" in page, "1 is &lt; 2" in page, "<b>" in page
(True, True, False)
"""

from __future__ import annotations

from collections import defaultdict
from html import escape

from gradbook.document.report import Document, Line, Problem, Report, Verdict

#: Colours that can be read on a light page and on a dark one: the marks are translucent.
_COLOURS = {
    Verdict.PROVED: "22, 163, 74",
    Verdict.REFUTED: "220, 38, 38",
    Verdict.FOLLOWS: "8, 145, 178",
    Verdict.AGREES: "37, 99, 235",
    Verdict.UNDECIDED: "202, 138, 4",
    Verdict.UNREAD: "192, 38, 211",
    Verdict.STATED: "107, 114, 128",
    Verdict.SUPPORTED: "22, 163, 74",
    Verdict.CONTRADICTED: "220, 38, 38",
}

#: Longer documents show only the rows that have a verdict, and a few around them.
_WHOLE = 2000
_AROUND = 2

#: A row longer than this is cut, as a notebook's picture kept in one row would be.
_ROW = 2000

_ROOT = (
    "border: 1px solid rgba(128, 128, 128, .35); border-radius: 6px; margin: .5em 0; overflow-x: auto; "
    "font-size: 13px; line-height: 1.55; text-align: left"
)
_CODE = (
    "font-family: ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; background: none; "
    "padding: 0; flex: 1; min-width: 0"
)
_GUTTER = (
    "flex: none; width: 3.5em; padding-right: 1em; text-align: right; opacity: .5; user-select: none; "
    "font-family: ui-monospace, Menlo, Consolas, monospace"
)


def marked(report: Report) -> str:
    """The documents of a report, their lines marked with their verdicts, and what could not be read."""
    parts = [_document(document) for document in report.documents]
    parts += [_problem(problem) for problem in report.problems]
    return f'<div class="gradbook tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def _document(document: Document) -> str:
    rows = document.text.removesuffix("\n").split("\n")
    marks: defaultdict[int, list[tuple[int, int, Line]]] = defaultdict(list)
    notes: defaultdict[int, list[Line]] = defaultdict(list)
    for line in document.lines:
        for number in range(line.line, min(line.end_line, len(rows)) + 1):
            start = line.column - 1 if number == line.line else 0
            end = line.end_column - 1 if number == line.end_line else len(rows[number - 1])
            marks[number].append((start, end, line))
        if line.needs_look or line.code is not None:
            notes[min(line.end_line, len(rows))].append(line)
    shown: list[str] = []
    last = 0
    for number in _numbers(len(rows), marks):
        if number != last + 1:
            shown.append(_row("⋮", ""))
        last = number
        shown.append(_row(str(number), _text(rows[number - 1], marks.get(number, []))))
        shown += [_row("", _note(line)) for line in notes.get(number, [])]
    if last < len(rows):
        shown.append(_row("⋮", ""))
    return (
        f'<div style="{_ROOT}">{_header(document)}<div style="padding: .5em 0">{"".join(shown)}</div></div>'
    )


def _numbers(count: int, marks: dict[int, list[tuple[int, int, Line]]]) -> list[int]:
    if count <= _WHOLE:
        return list(range(1, count + 1))
    near = {number + step for number in marks for step in range(-_AROUND, _AROUND + 1)}
    return sorted(number for number in near if 1 <= number <= count)


def _header(document: Document) -> str:
    counts = [
        f'<span style="white-space: nowrap; padding: 0 .5em; border-radius: 4px; '
        f'background: rgba({_COLOURS[verdict]}, .18)">{document.count(verdict)} {verdict.value}</span>'
        for verdict in Verdict
        if document.count(verdict)
    ]
    return (
        '<div style="padding: .4em 1em; border-bottom: 1px solid rgba(128, 128, 128, .35)">'
        f"<strong>{escape(document.path)}</strong> {' '.join(counts) or 'no mathematics found'}</div>"
    )


def _row(gutter: str, content: str) -> str:
    return (
        f'<div style="display: flex"><span style="{_GUTTER}">{gutter}</span>'
        f'<code class="tex2jax_ignore" style="{_CODE}">{content or "&nbsp;"}</code></div>'
    )


def _text(row: str, marks: list[tuple[int, int, Line]]) -> str:
    """A row of the document; where marks overlap, the later one takes what the earlier has left."""
    parts: list[str] = []
    at = 0
    row = row if len(row) <= _ROW else row[:_ROW] + "…"
    for start, end, line in sorted(marks, key=lambda mark: mark[:2]):
        start, end = max(start, at), min(end, len(row))
        if start >= end:
            continue
        parts.append(escape(row[at:start]))
        colour = _COLOURS[line.verdict]
        title = "\n".join(
            (" ".join(filter(None, (line.verdict.value, line.code, line.headline))), *line.remarks())
        )
        border = "solid" if line.needs_look else "dotted"
        parts.append(
            f'<span title="{escape(title)}" style="background: rgba({colour}, .16); '
            f'border-bottom: 2px {border} rgb({colour})">{escape(row[start:end])}</span>'
        )
        at = end
    parts.append(escape(row[at:]))
    return "".join(parts)


def _note(line: Line) -> str:
    colour = _COLOURS[line.verdict]
    names = " ".join(filter(None, (line.verdict.value, line.code)))
    remarks = "".join(f"<div>{escape(remark)}</div>" for remark in line.remarks())
    return (
        f'<div style="margin: .2em 0 .5em; padding: .2em .8em; border-left: 3px solid rgb({colour}); '
        f'background: rgba({colour}, .08)"><strong>{escape(names)}</strong> {escape(line.headline)}'
        f"{remarks}</div>"
    )


def _problem(problem: Problem) -> str:
    return (
        f'<div style="{_ROOT}; padding: .4em 1em; border-color: rgb({_COLOURS[Verdict.REFUTED]})">'
        f"<strong>{escape(problem.path)}</strong> {escape(problem.message)}</div>"
    )
