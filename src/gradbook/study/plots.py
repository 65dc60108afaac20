"""Plots of a study: what the report it all started from showed, and more.

Legible in print and for the colour-blind: the colours of Okabe and Ito, and a dash pattern of its own for each line.
"""

# Matplotlib's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradbook.study.files import written_whole
from gradbook.study.results import Results
from gradbook.study.schema import TrialState
from gradbook.study.settings import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's colours but for yellow, which is lost on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1)),
    (0, (5, 1, 1, 1)),
    (0, (7, 2)),
    (0, (3, 1)),
    "-",
)

#: More lines than this are told apart by a scale of colours instead.
_LINES = len(_COLOURS)

#: The width of a letter in inches, and of a line in the legend with what is around it in letters, on the large side.
_LETTER, _HANDLE = 0.085, 9

#: What the axes are called.
_NAMES = {
    "weight_decay": "weight decay",
    "learning_rate": "learning rate",
    "l1_penalty": "L1 penalty",
    "l2_penalty": "L2 penalty",
    "label_smoothing": "label smoothing",
    "batch_size": "batch size",
    "model.dropout": "dropout",
}


def figures(results: Results) -> dict[str, Callable[[], Figure]]:
    """The figures of a study by name; each is drawn when it is asked for."""
    found: dict[str, Callable[[], Figure]] = {
        "accuracy": lambda: _pair(results, "accuracy", "accuracy"),
        "loss": lambda: _pair(results, "loss", "cross entropy loss"),
        "gap": lambda: _single(results, _gap(results), "test loss − train loss", "Generalisation gap"),
        "weight-norm": lambda: _single(
            results, results.curves["weight_norm"], "Euclidean norm of all weights", "Weight norm"
        ),
    }
    if _numeric(results):
        found["final"] = lambda: _final(results)
    return found


def draw(results: Results, folder: Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Draw all figures of a study into a folder; gives the files."""
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    style: Any = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "svg.hashsalt": "gradbook",  # the same study gives the same bytes
        "svg.fonttype": "none",
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(style):
        for name, make in figures(results).items():
            figure = make()
            for kind in formats:
                metadata = {"Date": None} if kind == "svg" else {"Software": None}
                path = folder / f"{name}.{kind}"
                with written_whole(path) as file:
                    figure.savefig(file, format=kind, dpi=160, metadata=metadata)
                written.append(path)
    return written


def _pair(results: Results, metric: str, name: str) -> Figure:
    """Train on the left and test on the right, on one scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2))
    axes: Any = figure.subplots(1, 2, sharey=True)
    for axis, split in zip(axes, ("train", "test"), strict=True):
        _lines(axis, results, results.curves[f"{split}_{metric}"])
        axis.set_title(f"{split.capitalize()} {metric}", loc="left")
        axis.set_xlabel("epoch")
    axes[0].set_ylabel(name)
    if metric == "loss":
        _loss_scale(axes[0], results)
    _finish(figure, results)
    return figure


def _single(results: Results, values: NDArray[np.float64], name: str, title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4))
    axis: Any = figure.subplots()
    _lines(axis, results, values)
    axis.set_xlabel("epoch")
    axis.set_ylabel(name)
    axis.set_title(title, loc="left")
    if title == "Generalisation gap":
        axis.axhline(0, color="#777777", linewidth=0.8)
    _finish(figure, results)
    return figure


def _gap(results: Results) -> NDArray[np.float64]:
    return results.curves["test_loss"] - results.curves["train_loss"]


def _lines(axis: Axes, results: Results, values: NDArray[np.float64]) -> None:
    """For each arm the mean over seeds as a line, and their range as a band."""
    epochs = np.arange(1, values.shape[2] + 1)
    for arm, colour, dash, label in _styles(results):
        known = ~np.isnan(values[arm.position]).all(axis=0)
        if not known.any():
            axis.plot([], [], color=colour, linestyle=dash, label=label)
            continue
        held = values[arm.position][:, known]
        x = epochs[known]
        marker = "o" if len(x) == 1 else None
        axis.plot(
            x,
            np.nanmean(held, axis=0),
            color=colour,
            linestyle=dash,
            linewidth=1.8,
            label=label,
            marker=marker,
        )
        if len(results.seeds) > 1:
            low, high = np.nanmin(held, axis=0), np.nanmax(held, axis=0)
            axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    last = len(epochs)
    if last > 1:
        axis.set_xlim(1 - 0.01 * (last - 1), last + 0.01 * (last - 1))
        axis.xaxis.get_major_locator().set_params(integer=True)  # pyright: ignore[reportCallIssue]
    else:  # no scale for one epoch, and the same place where no trial got so far
        axis.set_xlim(0.5, 1.5)
        axis.set_xticks([1])


def _styles(results: Results) -> list[tuple[Any, Any, Any, str]]:
    count = len(results.arms)
    if count <= _LINES:
        colours: list[Any] = list(_COLOURS[:count])
        dashes = list(_DASHES[:count])
    else:
        from matplotlib import colormaps

        colours = [colormaps["viridis"](i / (count - 1) * 0.92) for i in range(count)]
        dashes = [_DASHES[i % 4] for i in range(count)]
    labels = [_label(results, arm.values) for arm in results.arms]
    return list(zip(results.arms, colours, dashes, labels, strict=True))


def _label(results: Results, values: Any) -> str:
    if len(results.varied) == 1:
        return spoken(next(iter(values.values())))
    return ", ".join(f"{_name(name)} {spoken(value)}" for name, value in values.items()) or results.name


def _name(setting: str) -> str:
    return _NAMES.get(setting, setting.removeprefix("model.").replace("_", " "))


def _finish(figure: Figure, results: Results) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    title = _name(results.varied[0]) if len(results.varied) == 1 else None
    if len(labels) > 1 or title:
        _legend(figure, handles, labels, title)
    count = len(results.seeds)
    # A study of one seed has no band to explain.
    _head(figure, results, f"line: mean of {count} seeds; band: their range" if count > 1 else "one seed")


def _legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str], title: str | None = None) -> None:
    """A legend below, in as many columns as the figure is wide enough for; longer labels take several lines."""
    room = int((figure.get_figwidth() - 0.2) / _LETTER)
    columns = max(1, min(len(labels), 6, room // (max(map(len, labels)) + _HANDLE)))
    wrapped = [textwrap.fill(label, room - _HANDLE) for label in labels]
    lines = math.ceil(sum(label.count("\n") + 1 for label in wrapped) / columns)
    # What does not fit below the axes makes the figure longer rather than the axes flat.
    figure.set_figheight(figure.get_figheight() + 0.2 * max(0, lines - 4))
    figure.legend(handles, wrapped, title=title, loc="outside lower center", ncols=columns, handlelength=3.2)


def _head(figure: Figure, results: Results, told: str) -> None:
    """What the lines are, and which trials are not in them."""
    unfinished = sum(not t.state.over for t in results.trials.values())
    lost = results.count(TrialState.DIVERGED) + results.count(TrialState.FAILED)
    told += f"; {unfinished} trial{'s' * (unfinished > 1)} not finished" if unfinished else ""
    told += f"; {lost} diverged or failed" if lost else ""
    figure.suptitle(f"{results.name}   ({told})", fontsize=9, color="#555555", x=0.01, ha="left")


def _loss_scale(axis: Axes, results: Results) -> None:
    """A logarithmic scale where losses span more than two powers of ten, as when training losses go to zero."""
    both = [results.curves[f"{split}_loss"] for split in ("train", "test")]
    values = np.concatenate([v[np.isfinite(v) & (v > 0)] for v in both])
    if values.size and values.max() / values.min() > 100:
        axis.set_yscale("log")


def _numeric(results: Results) -> str | None:
    """The varied setting to draw against: weight decay, or else the first whose values are numbers."""
    for name in sorted(results.varied, key=lambda name: name != "weight_decay"):
        values = [arm.values[name] for arm in results.arms]
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            return name
    return None


def _final(results: Results) -> Figure:
    """Final test accuracy against what varies: every seed a point, and a line through the means."""
    from matplotlib.figure import Figure

    name = _numeric(results)
    assert name is not None
    accuracy = results.final("test_accuracy")
    figure = Figure(figsize=(6.4, 4.4))
    axis: Any = figure.subplots()
    groups: dict[str, list[Any]] = {}
    for arm in results.arms:
        rest = {key: value for key, value in arm.values.items() if key != name}
        label = ", ".join(f"{_name(key)} {spoken(value)}" for key, value in rest.items())
        groups.setdefault(label, []).append(arm)
    for place, (label, arms) in enumerate(groups.items()):
        colour, dash = _COLOURS[place % _LINES], _DASHES[place % _LINES]
        arms.sort(key=lambda arm: arm.values[name])
        x = np.array([float(arm.values[name]) for arm in arms])
        rows = accuracy[[arm.position for arm in arms]]
        means = [float(row[~np.isnan(row)].mean()) if (~np.isnan(row)).any() else math.nan for row in rows]
        axis.plot(x, means, color=colour, linestyle=dash, linewidth=1.6, marker="D", label=label or "mean")
        for value, row in zip(x, rows, strict=True):
            axis.plot([value] * len(row), row, "o", color=colour, markersize=4, alpha=0.55, markeredgewidth=0)
    values = sorted({float(arm.values[name]) for arm in results.arms})
    positive = [v for v in values if v > 0]
    if len(positive) > 1 and positive[-1] / positive[0] >= 20:
        if values[0] == 0:
            axis.set_xscale("symlog", linthresh=positive[0])
        else:
            axis.set_xscale("log")
    axis.set_xlabel(_name(name))
    axis.set_ylabel("test accuracy after the last epoch")
    axis.set_title(f"Final test accuracy against {_name(name)}", loc="left")
    if len(groups) > 1:
        _legend(figure, *axis.get_legend_handles_labels())
    count = len(results.seeds)
    _head(
        figure,
        results,
        f"a point for each of {count} seeds; line through the means" if count > 1 else "one seed",
    )
    return figure
