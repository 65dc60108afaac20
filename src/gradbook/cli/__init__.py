"""The command ``gradbook``: a thin face that parses arguments, runs a command and gives its exit status.

``gradbook --help`` answers at once because commands, and what they import, are loaded when they run.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from gradbook import __version__
from gradbook.book.asked import add_arguments, count, kept, of

#: The formats that ``gradbook check`` can write; each is a module of this package.
FORMATS = ("text", "json", "github", "sarif")

#: The formats that ``gradbook derive`` can write.
DERIVE_FORMATS = ("text", "markdown", "latex", "html", "json", "python")

#: Exit status of a program that was interrupted, by the convention of shells (128 + SIGINT).
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What was asked of ``gradbook check``."""

    paths: tuple[str, ...]
    every_line: bool
    format: str
    strict: bool
    jobs: int | None
    deadline: float
    folder: str | None = None
    database: str | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 (something is wrong) or 2 (something could not be run).

    >>> main(["--version"])
    gradbook ...
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] and words[0] in ("study", "worksheet"):  # they have commands or parsers of their own
        return _guarded(lambda: import_module(f"gradbook.cli.{words[0]}").run(words[1:]))
    try:
        asked = _parser().parse_args([kept(word) for word in words])
    except SystemExit as stop:  # argparse leaves the program after --help and after a wrong option
        return stop.code if isinstance(stop.code, int) else 2
    return _guarded(lambda: asked.run(asked))


def _guarded(command: Callable[[], int]) -> int:
    """The exit status of a command, whatever happens in it."""
    try:
        status = command()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # A reader that has seen enough (head) is no failure. What is left goes nowhere: Python would fail once more
        # as it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - Python would exit with 1, which means that a document is wrong
        print(f"gradbook: error: {fault(error)}", file=sys.stderr)
        return 2


def fault(error: Exception) -> str:
    """What to tell of an exception that is our mistake, in one line."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a fault in gradbook: {type(error).__name__} in {place.name}, line {place.lineno} of "
        f"{os.path.basename(place.filename)}; please report it with the document"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradbook",
        description="A lab book for gradients: it reads the mathematics in a document and says, "
        "line by line, what is proved and what is wrong.",
    )
    parser.add_argument("--version", action="version", version=f"gradbook {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="judge every line of documents",
        description="Judge every line of mathematics in Markdown, LaTeX and notebooks. "
        "The definitions in a document are its answer key.",
        epilog="Exit status: 0 nothing is wrong; 1 something is wrong; 2 something could not be run.",
    )
    check.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, a folder (searched for documents), or - for standard input",
    )
    check.add_argument(
        "--all", dest="every_line", action="store_true", help="show every line with its verdict, and notes"
    )
    check.add_argument(
        "--format", choices=FORMATS, default="text", help="how to write the verdicts (default: text)"
    )
    check.add_argument("--strict", action="store_true", help="exit 1 for UNREAD and UNDECIDED lines too")
    check.add_argument(
        "--jobs", type=count, metavar="N", help="documents checked at the same time (default: one per core)"
    )
    check.add_argument(
        "--deadline",
        type=_deadline,
        default=2.0,
        metavar="SECONDS",
        help="longest time for one line (default: 2)",
    )
    check.add_argument(
        "--folder",
        metavar="DIR",
        help="where the studies are that findings are about (default: studies, beside each document)",
    )
    check.add_argument("--database", metavar="URL", help="postgresql://… instead of a file in that folder")
    check.set_defaults(run=_check)
    _add_derive(commands.add_parser)
    _add_build(commands.add_parser)
    commands.add_parser("worksheet", help="work a small network by hand, or make sheets for others to work")
    commands.add_parser("study", help="train a model under several settings, over several seeds")
    _add_new(commands.add_parser)
    _add_explain(commands.add_parser)
    return parser


def _check(asked: argparse.Namespace) -> int:
    from gradbook.cli.check import run

    return run(
        CheckOptions(
            tuple(asked.paths),
            asked.every_line,
            asked.format,
            asked.strict,
            asked.jobs,
            asked.deadline,
            asked.folder,
            asked.database,
        )
    )


def _add_derive(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    derive = add_parser(
        "derive",
        help="work a derivative out, step by step",
        description="Work a derivative out, each step with its rule and proved: of an expression that you type, "
        "of an activation or a loss of the catalogue, or of a loss of an activation of a linear model.",
        epilog="Exit status: 0, or 2 if it could not be done.",
    )
    add_arguments(derive)
    derive.add_argument("--list", dest="listing", action="store_true", help="list the catalogue")
    derive.add_argument(
        "--format", choices=DERIVE_FORMATS, default="text", help="how to write it (default: text)"
    )
    derive.add_argument(
        "--target", choices=("numpy", "torch"), default="numpy", help="for --format python (default: numpy)"
    )
    derive.set_defaults(run=_derive)


def _derive(asked: argparse.Namespace) -> int:
    from gradbook.cli.derive import DeriveOptions, run

    return run(
        DeriveOptions(
            asked=of(asked),
            format=asked.format,
            target=asked.target,
            listing=asked.listing,
        )
    )


def _add_new(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    new = add_parser(
        "new",
        help="write a document to start from",
        description="Write a lab book to start from, which builds as it stands.",
        epilog="Exit status: 0, or 2 if it could not be written; a file that is there already is left as it is.",
    )
    new.add_argument("kind", choices=("assignment", "study", "worksheet", "derivation"))
    new.add_argument("file", nargs="?", metavar="FILE", help="where to write (default: KIND.md)")
    new.set_defaults(run=_new)


def _new(asked: argparse.Namespace) -> int:
    from gradbook.cli.new import run

    return run(asked.kind, asked.file)


def _add_build(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    build = add_parser(
        "build",
        help="make a page of a lab book: its mathematics checked, its studies run",
        description="Make one page, which needs nothing else, of a Markdown document: its mathematics checked, its "
        "derivations, worksheets and studies worked out, its findings tested. What has not changed is not done again.",
        epilog="Exit status: 0 nothing is wrong; 1 something is wrong; 2 it could not be built.",
    )
    build.add_argument("file", metavar="FILE", help="a Markdown document; see docs/build.md")
    build.add_argument(
        "-o", "--out", metavar="FILE", help="where to write (default: beside the document, with its name)"
    )
    build.add_argument(
        "--format", choices=("html", "pdf"), default="html", help="what to make (default: html)"
    )
    build.add_argument("--data", metavar="NAME", help="of blocks marked data=…, take those of this name")
    build.add_argument(
        "--folder", metavar="DIR", help="where studies are kept (default: studies, beside the document)"
    )
    build.add_argument("--database", metavar="URL", help="postgresql://… instead of a file in that folder")
    build.add_argument("--strict", action="store_true", help="exit 1 for UNREAD and UNDECIDED lines too")
    build.add_argument(
        "--own-models",
        action="store_true",
        help="let studies in the document name models in files and modules, which runs their code",
    )
    build.add_argument("--browser", metavar="PATH", help="the browser that prints, for --format pdf")
    build.set_defaults(run=_build)


def _build(asked: argparse.Namespace) -> int:
    from gradbook.cli.build import BuildOptions, run

    return run(
        BuildOptions(
            asked.file,
            asked.out,
            asked.format,
            asked.data,
            asked.folder,
            asked.database,
            asked.strict,
            asked.browser,
            asked.own_models,
        )
    )


def _add_explain(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    explain = add_parser(
        "explain",
        help="tell of a mistake by its code",
        description="Print the page of a mistake: what it is, why it happens, an example wrong and right.",
        epilog="Exit status: 0, or 2 if there is no such code.",
    )
    explain.add_argument(
        "codes", nargs="*", metavar="CODE", help="such as D103; without a code, all are listed"
    )
    explain.set_defaults(run=_explain)


def _explain(asked: argparse.Namespace) -> int:
    from gradbook.cli.explain import run

    return run(tuple(asked.codes))


def _deadline(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds greater than 0, found {text!r}")
    return seconds
