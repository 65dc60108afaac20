"""``gradbook worksheet``: work a network by hand, or make sheets for others to work."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gradbook.network import Detail, Difficulty, Network, NetworkError, Part, Wish, drawn, load, to_toml, work
from gradbook.network.names import Scheme
from gradbook.network.network import MAX_SAMPLES, MAX_STEPS
from gradbook.network.worksheet import FORMATS, MAX_DIGITS, MIN_DIGITS, Worksheet

_SUFFIXES = {"markdown": "md", "latex": "tex", "html": "html", "pdf": "pdf", "json": "json"}
#: Most sheets that are made at once, and the largest seed.
_MAX_COUNT, _MAX_SEED = 1_000, 2**63


def run(words: list[str]) -> int:
    """Run the command; the exit status is 0, or 2 if it could not be done."""
    parser = _new_parser() if words[:1] == ["new"] else _parser()
    try:
        asked = parser.parse_args(words[1:] if words[:1] == ["new"] else words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        status: int = asked.run(asked)
        return status
    except NetworkError as error:
        print(f"gradbook worksheet: error: {error}", file=sys.stderr)
    except ImportError as error:
        if error.name is not None:
            raise
        print(f"gradbook worksheet: error: {error}", file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"gradbook worksheet: error: {where}{(error.strerror or str(error)).lower()}", file=sys.stderr)
    return 2


# --- a network ----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradbook worksheet",
        description="Work a small network by hand: forward pass, loss, backward pass, update, and the loss after "
        "it, every line with its formula, the numbers put in, and the value. "
        "See gradbook worksheet new --help for sheets with new numbers.",
        epilog="Exit status: 0, or 2 if it could not be done.",
    )
    parser.add_argument("network", metavar="NETWORK", help="a TOML file that describes the network")
    parser.add_argument(
        "--steps", type=_whole(1, MAX_STEPS), metavar="N", help="how many updates (default: 1)"
    )
    parser.add_argument("--picture", metavar="FILE", help="write the picture of the network too, as SVG")
    parser.add_argument(
        "--part",
        choices=[part.value for part in Part],
        default="key",
        help="the whole sheet (key, the default), what is given with room for the rest (blank), or that with "
        "formulas (hints)",
    )
    _shared(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write (default: standard output)")
    parser.set_defaults(run=_work)
    return parser


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detail",
        choices=[d.value for d in Detail],
        default="full",
        help="how much is shown (default: full)",
    )
    parser.add_argument(
        "--digits",
        type=_whole(MIN_DIGITS, MAX_DIGITS),
        default=6,
        metavar="N",
        help="significant digits of printed numbers (default: 6)",
    )
    parser.add_argument(
        "--format", choices=list(FORMATS), help="how to write it (default: by the output, or markdown)"
    )


def _work(asked: argparse.Namespace) -> int:
    sheet = work(load(asked.network), steps=asked.steps, digits=asked.digits, detail=Detail(asked.detail))
    kind = asked.format or _format_of(asked.output)
    if kind == "pdf" and asked.output is None and sys.stdout.isatty():
        raise NetworkError("a PDF cannot be shown on a terminal; say where to write it with --output FILE")
    if asked.picture is not None:
        Path(asked.picture).write_text(sheet.picture(), encoding="utf-8")
    _write(sheet.to_bytes(kind, Part(asked.part)), asked.output)
    return 0


def _format_of(output: str | None) -> str:
    suffix = Path(output).suffix.lower().lstrip(".") if output else ""
    return next((name for name, ending in _SUFFIXES.items() if ending == suffix), "markdown")


def _write(data: bytes, output: str | None) -> None:
    if output is not None:
        Path(output).write_bytes(data)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        # A reader that has seen enough (head) is no failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- new sheets ---------------------------------------------------------------------------------


def _new_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradbook worksheet new",
        description="Make sheets with new, pleasant numbers: for each a blank sheet, its key, and the network as "
        "TOML. The same seed gives the same sheets; no two have the same numbers.",
        epilog="Exit status: 0, or 2 if it could not be done.",
    )
    parser.add_argument("shape", metavar="SHAPE", help="inputs, hidden units and outputs, such as 3-2-1")
    parser.add_argument(
        "--difficulty",
        choices=[d.value for d in Difficulty],
        default="medium",
        help="easy: ReLU, halves, all exact; medium (default): sigmoid, one decimal; hard: tanh, probabilities",
    )
    parser.add_argument("--seed", type=_whole(0, _MAX_SEED), default=0, metavar="N", help="(default: 0)")
    parser.add_argument(
        "--count", type=_whole(1, _MAX_COUNT), default=1, metavar="N", help="how many sheets (default: 1)"
    )
    parser.add_argument("--hidden", metavar="NAME", help="the activation of hidden units")
    parser.add_argument("--output-activation", metavar="NAME", help="the activation of the outputs")
    parser.add_argument("--loss", metavar="NAME", help="the loss")
    parser.add_argument(
        "--samples",
        type=_whole(1, MAX_SAMPLES),
        default=1,
        metavar="N",
        help="samples of a batch (default: 1)",
    )
    parser.add_argument(
        "--names", choices=[s.value for s in Scheme], default="textbook", help="(default: textbook)"
    )
    _shared(parser)
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", default="worksheets", help="where to write (default: worksheets)"
    )
    parser.set_defaults(run=_new)
    return parser


def _new(asked: argparse.Namespace) -> int:
    wish = Wish(
        Difficulty(asked.difficulty),
        asked.seed,
        Scheme(asked.names),
        asked.hidden,
        asked.output_activation,
        asked.loss,
        asked.samples,
    )
    folder = Path(asked.output)
    folder.mkdir(parents=True, exist_ok=True)
    kind = asked.format or "markdown"
    places = len(str(asked.count))
    blank = Part.HINTS if wish.difficulty is Difficulty.EASY else Part.BLANK
    made = 0
    for k, network in _titled(drawn(asked.shape, wish, asked.count)):
        sheet = replace(work(network, digits=asked.digits, detail=Detail(asked.detail)), is_exercise=True)
        label = f"{k:0{places}d}"
        for name, data in _files(sheet, label, kind, blank):
            (folder / name).write_bytes(data)
            made += 1
    print(f"{made} files in {folder}: for each sheet the blank one, its key, and the network")
    return 0


def _titled(networks: Iterator[Network]) -> Iterator[tuple[int, Network]]:
    for k, network in enumerate(networks, 1):
        yield k, replace(network, title=f"Worksheet {k}: a {network.shape} network")


def _files(sheet: Worksheet, label: str, kind: str, blank: Part) -> Iterator[tuple[str, bytes]]:
    suffix = _SUFFIXES[kind]
    yield f"sheet-{label}.{suffix}", sheet.to_bytes(kind, blank)
    yield f"key-{label}.{suffix}", sheet.to_bytes(kind, Part.KEY)
    yield f"network-{label}.toml", to_toml(sheet.network).encode("utf-8")


class _whole:  # noqa: N801 - argparse names it in its messages
    """A whole number within bounds, as argparse reads it."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def __call__(self, text: str) -> int:
        if (
            not text.isascii()
            or not text.isdigit()
            or len(text) > 20
            or not self.low <= int(text) <= self.high
        ):
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {self.low} to {self.high}, found {text!r}"
            )
        return int(text)
