"""``gradbook check``: gather documents, have them checked, write what was found."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Protocol, TextIO, cast

from gradbook.book.checking import check_document
from gradbook.cli import CheckOptions, fault
from gradbook.cli.progress import Progress
from gradbook.cli.text import visible
from gradbook.cli.workers import each
from gradbook.document import files
from gradbook.document.report import Document, Problem, Report

STANDARD_INPUT = "-"

#: What diagnostics call a document that came through standard input.
_STANDARD_INPUT_NAME = "<stdin>"

#: The module of this package that writes a format, where it cannot have the format's name.
_MODULES = {"json": "as_json"}


Outcome = Document | Problem


@dataclass(frozen=True, slots=True)
class Draft:
    """A document that has not been checked yet; without a text, it is read from its path."""

    path: str
    text: str | None = field(default=None, repr=False)


class Face(Protocol):
    """A module that writes a report in one format."""

    def write(self, report: Report, out: TextIO, *, every_line: bool) -> None:
        """Write the report; ``every_line`` asks for the lines that need no look too."""
        ...


def run(options: CheckOptions) -> int:
    """Check what was asked for, write it to standard output, and give the exit status."""
    # Trees have no cycles, so the collector has little to find; by default it would take a tenth of the time.
    gc.set_threshold(100_000, 20, 50)
    report = check(options.paths, jobs=options.jobs or cores(), asked=_asked(options))
    face = cast("Face", import_module(f"gradbook.cli.{_MODULES.get(options.format, options.format)}"))
    written = _write(face, report, every_line=options.every_line)
    for problem in report.problems:
        print(f"{visible(problem.path)}: error: {problem.message}", file=sys.stderr)
    return report.exit_status(strict=options.strict) if written else 2


@dataclass(frozen=True, slots=True)
class Asked:
    """How each document is to be checked."""

    deadline: float = 2.0
    folder: str | None = None
    database: str | None = None


def _asked(options: CheckOptions) -> Asked:
    return Asked(options.deadline, options.folder, options.database)


def check(paths: Iterable[str], *, jobs: int, asked: Asked) -> Report:
    """The report on the paths, documents and problems in the order in which they were named."""
    outcomes: dict[int, Outcome] = {}
    drafts: dict[int, Draft] = {}
    for place, found in enumerate(_gather(paths)):
        if isinstance(found, Problem):
            outcomes[place] = found
        else:
            drafts[place] = found
    with Progress(len(drafts)) as progress:
        for place, outcome in each(drafts, partial(_check_draft, asked=asked), _died, jobs=jobs):
            outcomes[place] = outcome
            progress.advance()
    ordered = [outcome for _, outcome in sorted(outcomes.items())]
    return Report(
        tuple(outcome for outcome in ordered if isinstance(outcome, Document)),
        tuple(outcome for outcome in ordered if isinstance(outcome, Problem)),
    )


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_draft(draft: Draft, *, asked: Asked) -> Outcome:
    try:
        return check_document(
            draft.path, draft.text, deadline=asked.deadline, folder=asked.folder, database=asked.database
        )
    except Exception as error:  # noqa: BLE001 - a fault of ours in one document must not silence the others
        return Problem(draft.path, fault(error))


def _died(draft: Draft) -> Outcome:
    return Problem(
        draft.path,
        "the process that checked it died, perhaps for want of memory; "
        "split the document, or check it by itself with --jobs 1",
    )


def _gather(paths: Iterable[str]) -> Iterator[Draft | Problem]:
    for found in files.find(paths):
        if isinstance(found, Problem):
            yield found
        elif found == STANDARD_INPUT:
            text = files.read_stream(sys.stdin.buffer, _STANDARD_INPUT_NAME)
            yield text if isinstance(text, Problem) else Draft(_STANDARD_INPUT_NAME, text)
        else:
            yield Draft(found)


def _write(face: Face, report: Report, *, every_line: bool) -> bool:
    """Write the report; whether that was possible. A reader that has seen enough (``head``) is no failure."""
    out: TextIO = sys.stdout
    # A terminal or pipe that cannot show a θ shows its code instead of failing. (Some other stream may stand
    # in for standard output, as in a notebook.)
    reconfigure = getattr(out, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        face.write(report, out, every_line=every_line)
        out.flush()
    except OSError as error:
        # Python would fail once more as it closes the stream: what is left in it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if isinstance(error, BrokenPipeError):
            return True
        print(
            f"gradbook: error: cannot write the report: {error.strerror}; free space or write it elsewhere",
            file=sys.stderr,
        )
        return False
    return True
