"""``study`` blocks: the study is run, gone on with, or taken as it is, and shown with its plots and numbers."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradbook.book.blocks import Block
from gradbook.book.parts import Part, failed

if TYPE_CHECKING:
    from gradbook.study.results import Results
    from gradbook.study.runner import Snapshot

#: What is drawn, in this order: its name, what it is called, and whether it is wide.
_FIGURES = {
    "accuracy": ("Accuracy over the epochs, on training and test data", True),
    "loss": ("Loss over the epochs, on training and test data", True),
    "final": ("Test accuracy after the last epoch", False),
    "gap": ("Generalisation gap: test loss minus training loss", False),
    "weight-norm": ("Euclidean norm of all weights", False),
}

#: What is folded.
_MORE = ("gap", "weight-norm")

_COLUMNS = (
    ("train_loss", "train loss"),
    ("test_loss", "test loss"),
    ("train_accuracy", "train accuracy"),
    ("test_accuracy", "test accuracy"),
    ("weight_norm", "weight norm"),
)


@dataclass(frozen=True, slots=True)
class Home:
    """Where studies are kept, and the folder that the paths in them start from.

    ``own_code`` is whether studies may name models in files and modules, whose code runs then.
    """

    folder: Path
    here: Path
    database: str | None = None
    own_code: bool = False


def tables(block: Block, document: str) -> tuple[dict[str, Any], Any]:
    """The tables of a study block, and the place to name in errors.

    Raises:
        ValueError: it is not TOML; the message names the line of the document.
    """
    from gradbook.study.spec import Place

    text = "\n" * (block.line - 1) + block.text  # so that an error names the line of the document
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"this is not TOML: {error}; see docs/study.md for an example") from None
    found.setdefault("name", re.sub(r"[^\w.+-]+", "-", Path(document).stem) or "study")
    return found, Place(document, text)


def run(
    block: Block, document: str, home: Home, watch: Callable[[Snapshot], None] | None = None
) -> Results | Part:
    """The results of a block's study, or what stands there where it cannot be run."""
    try:
        from gradbook.study.problem import StudyError
        from gradbook.study.runner import Runner
        from gradbook.study.store import locate
    except ModuleNotFoundError as missing:
        return failed(
            "study",
            block.line,
            f"{missing.name} is not installed; studies need: pip install 'gradbook[study]'",
        )
    try:
        found, place = tables(block, document)
        store = locate(home.database, home.folder)
        try:
            return Runner(store, own_code=home.own_code).run(found, place, home.here, watch=watch)
        finally:
            store.close()
    except StudyError as error:
        return failed("study", block.line, str(error))
    except ValueError as error:
        return failed("study", block.line, str(error))


def fingerprint(results: Results) -> str:
    """A hash over everything that is shown of a study: equal results look equal."""
    told = hashlib.sha256()
    study = results.study
    states = [
        [*key, trial.state.value, trial.done, trial.cause] for key, trial in sorted(results.trials.items())
    ]
    held = [study.spec, study.data, study.held, study.environment, study.plan, states, results.seeds]
    told.update(json.dumps(held, sort_keys=True, default=str).encode())
    for name, values in sorted(results.curves.items()):
        if name != "seconds":
            told.update(name.encode() + values.tobytes())
    return told.hexdigest()


def part(results: Results, prefix: str) -> Part:
    """A study on the page: its numbers, its plots, and the circumstances."""
    from gradbook.study.schema import TrialState

    study = results.study
    lost = results.count(TrialState.FAILED)
    name = escape(results.name)
    html = "".join(
        (
            f'<section class="block study" aria-label="Study {name}">\n',
            f'<p class="block-title">Study <code>{name}</code></p>\n<p>{_summary(results)}</p>\n',
            _table(results),
            *_troubles(results),
            _plots(results, prefix),
            _circumstances(results),
            "</section>\n",
        )
    )
    made = {
        "study": results.name,
        "seeds": list(results.seeds),
        "data": str(study.spec["data"]["source"]),
        "hash": str(study.data["fingerprint"]),
        "versions": dict(study.environment),
    }
    problems = (f"study {results.name}: {lost} trial{'s' * (lost != 1)} failed",) if lost else ()
    return Part(html, made=made, problems=problems)


def _summary(results: Results) -> str:
    from gradbook.study.findings.wording import setting_words
    from gradbook.study.schema import TrialState
    from gradbook.study.settings import spoken
    from gradbook.study.spec import ENOUGH_SEEDS

    seeds, total = len(results.seeds), len(results.trials)
    done = results.count(TrialState.DONE)
    vary = results.study.spec.get("vary", {})
    varied = "; ".join(
        f"<b>{escape(setting_words(name))}</b> {', '.join(escape(spoken(value)) for value in values)}"
        for name, values in vary.items()
    )
    told = f"Varied: {varied}. " if varied else "Nothing is varied. "
    told += (
        f"{len(results.arms)} setting{'s' * (len(results.arms) != 1)} × {seeds} seed{'s' * (seeds != 1)}: "
    )
    told += f"all {total} trials done. " if done == total else f"{done} of {total} trials done. "
    same, _ = results.pairing()
    told += (
        "For each seed, all began with the same weights and saw the same order of data."
        if same
        else "For each seed, all saw the same order of data; their models differ, and so do initial weights."
    )
    if seeds < ENOUGH_SEEDS:
        told += " <b>Underpowered</b>: with so few seeds most tests cannot tell a real difference."
    return told


def _table(results: Results) -> str:
    from gradbook.study.findings.wording import setting_words
    from gradbook.study.results import table
    from gradbook.study.settings import spoken

    heads = "".join(f'<th scope="col">{head}</th>' for _, head in _COLUMNS)
    rows: list[str] = []
    for arm, row in zip(results.arms, table(results), strict=True):
        label = (
            ", ".join(f"{setting_words(name)} {spoken(value)}" for name, value in arm.values.items())
            or "base"
        )
        cells = "".join(f"<td>{_spread(row, name)}</td>" for name, _ in _COLUMNS)
        rows.append(f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>\n')
    return (
        '<div class="scroll table numbers"><table>\n<caption>After the last epoch: mean ± standard deviation over the '
        f'seeds</caption>\n<thead><tr><th scope="col">setting</th>{heads}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>\n"
    )


def _spread(row: Mapping[str, Any], name: str) -> str:
    mean, deviation = row[name], row[f"{name}_deviation"]
    if mean is None:
        return "–"
    spread = f'<span class="spread">± {deviation:.4f}</span>' if deviation is not None else ""
    return f"{mean:.4f}{spread}"


def _troubles(results: Results) -> Iterator[str]:
    from gradbook.study.schema import TrialState

    for (position, place), trial in sorted(results.trials.items()):
        if trial.state in (TrialState.DIVERGED, TrialState.FAILED):
            cause = (trial.cause or "?").strip().splitlines()[-1]
            wrong = " data-wrong" if trial.state is TrialState.FAILED else ""
            yield (
                f'<p class="note failed"{wrong}><strong>{trial.state.value}</strong> '
                f"{escape(results.arms[position].label)}, seed {results.seeds[place]}: {escape(cause)}</p>\n"
            )


# --- plots ---------------------------------------------------------------------------------------


def _plots(results: Results, prefix: str) -> str:
    from gradbook.study import plots

    with tempfile.TemporaryDirectory() as folder:
        drawn = {
            path.stem: path.read_text(encoding="utf-8")
            for path in plots.draw(results, Path(folder), ("svg",))
        }
    shown = {"": "", "more": ""}
    for name, (title, wide) in _FIGURES.items():
        if name in drawn:
            alternative = f"{title}, of the study {results.name}. The table above has the values at the end."
            picture = themed(drawn[name], f"{prefix}{name}-", alternative)
            kind = "wide" if wide else "narrow"
            shown["more" if name in _MORE else ""] += (
                f'<figure class="plot {kind}"><div class="scroll">{picture}</div><figcaption>{escape(title)}'
                "</figcaption></figure>\n"
            )
    return (
        f'{shown[""]}<details class="held"><summary>More plots: generalisation gap and weight norm</summary>\n'
        f"{shown['more']}</details>\n"
    )


_HEAD = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_OPENING = re.compile(r"<svg\b([^>]*)>", re.DOTALL)
_VIEW = re.compile(r'viewBox="([^"]*)"')
_NAMED = re.compile(r'(\bid="|xlink:href="#|href="#|url\(#)')
_COLOURS = {
    "#000000": "var(--ink)", "#ffffff": "var(--card)", "#e3e3e3": "var(--grid)", "#555555": "var(--faint)",
    "#777777": "var(--faint)", "#0072b2": "var(--plot-1)", "#d55e00": "var(--plot-2)", "#009e73": "var(--plot-3)",
    "#cc79a7": "var(--plot-4)", "#56b4e9": "var(--plot-5)", "#e69f00": "var(--plot-6)",
}  # fmt: skip
_COLOUR = re.compile("|".join(map(re.escape, _COLOURS)))
_STYLED = re.compile(r"<style type=\"text/css\">.*?</style>", re.DOTALL)


def themed(svg: str, prefix: str, alternative: str) -> str:
    """A plot of Matplotlib as a part of a page: names of its own, colours of the theme, words for who cannot see it."""
    svg = _METADATA.sub("", _HEAD.sub("", svg))
    view = _VIEW.search(svg)
    opening = (
        f'<svg viewBox="{view[1] if view else "0 0 100 100"}" role="img" aria-label="{escape(alternative)}" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    svg = _OPENING.sub(lambda _: opening, svg, count=1)
    svg = _STYLED.sub(lambda match: match[0].replace("*{", f".{prefix}plot *{{"), svg)
    svg = _NAMED.sub(lambda match: match[1] + prefix, svg)
    return _COLOUR.sub(lambda match: _COLOURS[match[0].lower()], svg).strip()


# --- circumstances -------------------------------------------------------------------------------


def _circumstances(results: Results) -> str:
    from gradbook.study import report
    from gradbook.study.findings.wording import setting_words
    from gradbook.study.settings import spoken

    study = results.study
    rows = [
        ("data", report.source(study)),
        ("hash of the data", study.data["fingerprint"]),
        ("seeds", ", ".join(map(str, results.seeds))),
        *((setting_words(name), spoken(value)) for name, value in report.held(study)),
    ]
    if study.plan is not None:
        rows.append(("plan", report.way_words(study.plan)))
    rows.append(("made with", report.versions(study)))
    cells = "".join(
        f'<tr><th scope="row">{escape(head)}</th><td>{escape(str(value))}</td></tr>\n' for head, value in rows
    )
    return (
        '<details class="held"><summary>What was held equal, and how it was computed</summary>\n'
        f'<div class="scroll table"><table><tbody>\n{cells}</tbody></table></div></details>\n'
    )
