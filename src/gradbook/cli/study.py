"""``gradbook study``: run a study, go on with one, and show what is known of them."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradbook.study.plan import Wishes
    from gradbook.study.results import Results
    from gradbook.study.runner import Outlook
    from gradbook.study.store import Store

#: What may stand in the place of a file.
COMMANDS = ("resume", "list", "show", "plot", "export", "findings", "rm")

#: Exit status of a program that was interrupted, by the convention of shells (128 + SIGINT).
_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments after ``gradbook study`` ask; 0: done, 1: a trial failed, 2: could not be run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # ± and × are not worth an error where there is only ASCII
            stream.reconfigure(errors="replace")
    try:
        asked = _parse(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        from sqlalchemy import exc

        from gradbook.study.database import told
        from gradbook.study.problem import StudyError
        from gradbook.study.store import locate
    except ModuleNotFoundError as missing:
        print(
            f"gradbook study: error: {missing.name} is not installed; studies need: pip install 'gradbook[study]'",
            file=sys.stderr,
        )
        return 2
    store: Store | None = None
    try:
        store = locate(asked.database, Path(asked.folder), make=hasattr(asked, "file"))
        action: Callable[[argparse.Namespace, Store], int] = asked.action
        return action(asked, store)
    except StudyError as error:
        print(f"gradbook study: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise  # nobody reads what is printed, and that is no error
    except (OSError, exc.DBAPIError) as error:
        print(f"gradbook study: error: {told(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        told = f"go on with: gradbook study resume {asked.name}" if getattr(asked, "name", None) else ""
        print(f"\ninterrupted; every finished epoch is kept. {told}".rstrip(), file=sys.stderr)
        return _INTERRUPTED
    finally:
        if store is not None:
            store.close()


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="gradbook study",
        description="Train a model under several settings, everything else held equal, over several seeds.",
        epilog="Exit status: 0 done; 1 a trial failed; 2 something could not be run; 130 interrupted.",
    )
    common = argparse.ArgumentParser(prog=parser.prog, add_help=False, allow_abbrev=False)
    common.add_argument("--folder", metavar="DIR", help="where studies are kept (default: studies)")
    common.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://… instead of a SQLite file in the folder (or set GRADBOOK_DATABASE)",
    )
    # These may stand anywhere; then a file stands where a command may stand, so the first word decides.
    places, words = common.parse_known_args(arguments)
    first = next((word for word in words if not word.startswith("-")), None)
    if first is None or first in COMMANDS:
        commands = parser.add_subparsers(metavar="FILE | COMMAND", required=True)
        _commands(commands, common)
    else:
        parser = argparse.ArgumentParser(
            prog="gradbook study", description=parser.description, epilog=parser.epilog, parents=[common]
        )
        parser.add_argument("file", metavar="FILE", help="a study in TOML; see docs/study.md")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be trained, how, and how long it takes"
        )
        _training_options(parser)
        parser.set_defaults(action=_run_file)
    asked = parser.parse_args(words)
    asked.folder = places.folder or asked.folder or "studies"
    asked.database = places.database or asked.database
    return asked


def _commands(commands: Any, common: argparse.ArgumentParser) -> None:
    def command(name: str, told: str, action: Callable[[Any, Any], int], *, named: bool = True) -> Any:
        made = commands.add_parser(name, help=told, description=told, parents=[common])
        made.set_defaults(action=action)
        if named:
            made.add_argument("name", metavar="NAME", help="the study")
        return made

    _training_options(command("resume", "go on with a study where it stands", _resume))
    command("list", "list the studies that there are", _list, named=False)
    command("show", "show what is known of a study", _show)
    plot = command("plot", "draw the plots of a study again", _plot)
    plot.add_argument("--out", metavar="DIR", help="where to (default: the study's folder)")
    export = command("export", "write every epoch of a study as a row of a table", _export)
    export.add_argument("--to", required=True, metavar="FILE", help="a name that ends in .csv or .parquet")
    findings = command("findings", "say what a study shows, each sentence tested", _findings)
    findings.add_argument(
        "--margin",
        metavar="TEXT",
        help='by how little arms may differ and still count as equal, such as "accuracy 0.02, loss 0.1" '
        "(default: accuracy 0.01, loss 0.05); decide before you look",
    )
    findings.add_argument("--format", choices=("text", "json"), default="text", help="how to write them")
    command("rm", "remove a study, and the trials that no other study uses", _remove)


def _training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tensorboard", metavar="DIR", help="write event files for TensorBoard too")
    parser.add_argument("--no-plots", action="store_true", help="draw nothing at the end")
    plan = parser.add_argument_group("plan", "by default measured for a moment on this machine")
    plan.add_argument("--processes", type=_count, metavar="N", help="how many trials at the same time")
    plan.add_argument("--threads", type=_count, metavar="N", help="threads of each process")
    plan.add_argument(
        "--stack", action=argparse.BooleanOptionalAction, help="train trials of one shape together"
    )
    plan.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="compile the step of stacked trials (takes a C++ compiler; pays in long studies)",
    )
    plan.add_argument(
        "--channels-last", action=argparse.BooleanOptionalAction, help="memory layout of images"
    )
    plan.add_argument("--device", metavar="NAME", help="cpu or cuda (default: cuda where there is one)")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


# --- commands ------------------------------------------------------------------------------------


def _run_file(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.cli.study_live import Live
    from gradbook.study import spec
    from gradbook.study.runner import Runner

    tables, place = spec.load(asked.file)
    here = Path(asked.file).parent
    asked.name = tables["name"]
    runner = Runner(store, _say, _wishes(asked))
    if asked.dry_run:
        _tell_outlook(runner.look_ahead(tables, place, here))
        return 0
    with Live() as live:
        results = runner.run(tables, place, here, watch=live.show)
    return _finish(asked, results)


def _resume(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.cli.study_live import Live
    from gradbook.study.runner import Runner

    with Live() as live:
        results = Runner(store, _say, _wishes(asked)).resume(asked.name, watch=live.show)
    return _finish(asked, results)


def _list(_: argparse.Namespace, store: Store) -> int:
    from gradbook.study import results
    from gradbook.study.schema import TrialState

    for name in store.names():
        found = results.read(store, name)
        done, total = found.count(TrialState.DONE), len(found.trials)
        lost = found.count(TrialState.DIVERGED) + found.count(TrialState.FAILED)
        told = f"{done} of {total} trials done" + (f", {lost} diverged or failed" if lost else "")
        print(f"{name:<32} {told:<40} {' × '.join(found.varied)}".rstrip())
    return 0


def _show(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.study import results

    return _tell(results.read(store, asked.name), whole=True)


def _plot(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.study import plots, results

    found = results.read(store, asked.name)
    for path in plots.draw(found, Path(asked.out) if asked.out else Path(asked.folder) / asked.name):
        print(path)
    return 0


def _export(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.study import export, results

    count = export.to_file(results.read(store, asked.name), Path(asked.to))
    print(f"{asked.to}: {count} rows")
    return 0


def _findings(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.cli import findings

    return findings.tell(store, asked.name, asked.margin, asked.format)


def _remove(asked: argparse.Namespace, store: Store) -> int:
    from gradbook.study import results

    results.read(store, asked.name)  # says so if there is none
    for checkpoint in store.remove(asked.name):
        (Path(asked.folder) / "checkpoints" / checkpoint).unlink(missing_ok=True)
    print(f"removed {asked.name}")
    return 0


# --- what is printed -----------------------------------------------------------------------------


def _wishes(asked: argparse.Namespace) -> Wishes:
    from gradbook.study.plan import Wishes

    return Wishes(
        processes=asked.processes,
        threads=asked.threads,
        channels_last=asked.channels_last,
        stacked=asked.stack,
        compiled=asked.compile,
        device=asked.device,
    )


def _say(text: str) -> None:
    print(f"gradbook study: {text}", file=sys.stderr)


def _finish(asked: argparse.Namespace, results: Results) -> int:
    status = _tell(results)
    if not asked.no_plots:
        from gradbook.study import plots

        folder = Path(asked.folder) / asked.name
        plots.draw(results, folder)
        print(f"plots: {folder}")
    if asked.tensorboard:
        from gradbook.study import export

        export.to_tensorboard(results, Path(asked.tensorboard))
        print(f"TensorBoard: tensorboard --logdir {asked.tensorboard}")
    return status


def _tell(results: Results, *, whole: bool = False) -> int:
    from gradbook.study import report

    for line in report.lines(results, whole=whole):
        print(line)
    return 1 if report.failed(results) else 0


def _tell_outlook(outlook: Outlook) -> None:
    from gradbook.study import report

    for line in report.outlook_lines(outlook):
        print(line)
