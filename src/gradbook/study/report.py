"""A study in lines of text: what was held equal, how it was computed, and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gradbook.study.results import Results, table
from gradbook.study.schema import TrialState
from gradbook.study.settings import DECAYS, spoken
from gradbook.study.spec import ENOUGH_SEEDS

if TYPE_CHECKING:
    from gradbook.study.runner import Outlook
    from gradbook.study.schema import StudyRow


def lines(results: Results, *, whole: bool = False) -> Iterator[str]:
    """The results of a study; ``whole`` tells what was held equal too, and the cause of every failure."""
    seeds, total = len(results.seeds), len(results.trials)
    counted = f"{seeds} seed{'s' * (seeds != 1)}"
    yield f"{results.name}: {results.count(TrialState.DONE)} of {total} trials done, {counted} each"
    if seeds < ENOUGH_SEEDS:
        yield f"underpowered: with {counted} most tests cannot tell a real difference"
    if seeds > 1 and results.seeds_begin_alike():
        yield (
            "all seeds began with the same weights: the model sets a random seed of its own, or draws none, "
            "so that they differ in the order of data and in noise only"
        )
    yield from _outcome(results)
    for (position, place), trial in sorted(results.trials.items()):
        if trial.state in (TrialState.DIVERGED, TrialState.FAILED):
            cause = (trial.cause or "").strip().splitlines()
            label = results.arms[position].label
            yield f"{trial.state.value} {label}, seed {results.seeds[place]}: {cause[-1] if cause else '?'}"
            if whole and len(cause) > 1:
                yield from (f"  {line}" for line in cause)
    if whole:
        yield from _circumstances(results)


def failed(results: Results) -> bool:
    """Whether a trial raised; one that diverged is a result."""
    return results.count(TrialState.FAILED) > 0


def _outcome(results: Results) -> Iterator[str]:
    rows = table(results)
    width = max(len("trial"), *(len(row["arm"]) for row in rows))
    heads = ("train loss", "test loss", "train acc.", "test acc.", "validation", "weight norm")
    names = (
        "train_loss",
        "test_loss",
        "train_accuracy",
        "test_accuracy",
        "validation_accuracy",
        "weight_norm",
    )
    yield f"{'trial':<{width}}  " + "".join(f"{head:>18}" for head in heads)
    for row in rows:
        cells = "".join(f"{_spread(row, name):>18}" for name in names)
        yield f"{row['arm']:<{width}}  {cells}"
    yield "after the last epoch: mean ± standard deviation over the seeds"


def _spread(row: Mapping[str, Any], name: str) -> str:
    mean, deviation = row[name], row[f"{name}_deviation"]
    if mean is None:
        return "-"
    return f"{mean:.4f}" if deviation is None else f"{mean:.4f} ± {deviation:.4f}"


def _circumstances(results: Results) -> Iterator[str]:
    study = results.study
    same, _ = results.pairing()
    yield ""
    if same:
        yield "for each seed, all trials began with the same weights and saw the same order of data"
    else:
        yield "for each seed, trials saw the same order of data; their models differ, and so do initial weights"
    decoupled = study.held.get("decay")
    kind = f"{decoupled}" if decoupled else f"varied ({' or '.join(DECAYS)})"
    yield f"weight decay: {kind}" + (" (L2 in the gradient)" if decoupled == DECAYS[0] else "")
    yield f"data: {source(study)}; hash {study.data['fingerprint'][:12]}"
    yield "held equal:"
    yield from (f"  {name} = {spoken(value)}" for name, value in held(study))
    if study.plan is not None:
        yield "plan:"
        yield from (f"  {line}" for line in _plan_lines(study.plan))
    yield f"made with: {versions(study)}"


def source(study: StudyRow) -> str:
    """Where the data came from, and how many samples each part has."""
    sizes = ", ".join(f"{count} {name}" for name, count in study.data["sizes"].items())
    return f"{study.spec['data']['source']} ({sizes})"


def held(study: StudyRow) -> Iterator[tuple[str, Any]]:
    """The settings that all trials share and that say something; those of the data are told by :func:`source`."""
    for name, value in study.held.items():
        if not name.startswith("data.") and value not in (None, [], ()):
            yield name, value


def versions(study: StudyRow) -> str:
    """With what a study was made."""
    return ", ".join(f"{name} {value}" for name, value in study.environment.items())


def outlook_lines(outlook: Outlook) -> Iterator[str]:
    """What a study would do."""
    study = outlook.study
    settings = study.settings
    trials = len(outlook.arms) * len(study.seeds)
    yield f"{study.name}: {len(outlook.arms)} settings × {len(study.seeds)} seeds = {trials} trials"
    for arm in outlook.arms[:20]:
        yield f"  {arm.label}"
    if len(outlook.arms) > 20:
        yield f"  and {len(outlook.arms) - 20} more"
    if study.underpowered:
        yield f"underpowered: fewer than {ENOUGH_SEEDS} seeds"
    sizes = ", ".join(f"{count} {name}" for name, count in outlook.prepared.sizes.items())
    shape = " × ".join(map(str, outlook.prepared.shape))
    yield f"data: {settings.data.source}, {shape}, {len(outlook.prepared.classes)} classes ({sizes})"
    counts = sorted(set(outlook.parameters))
    span = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    yield f"model: {settings.model.kind}, {span} parameters"
    yield f"training: {settings.training.epochs} epochs, {settings.training.optimizer}, {settings.training.precision}"
    yield "plan:"
    yield from (f"  {line}" for line in _plan_lines(outlook.plan))
    if outlook.unfinished < trials:
        yield f"{trials - outlook.unfinished} trials are done already and will not be done again"
    seconds, memory = outlook.plan["seconds"], outlook.plan["memory"]
    if seconds is not None:
        yield f"estimate: {_duration(seconds * outlook.unfinished / trials)}, {memory / 2**20:,.0f} MiB of memory"


def way_words(plan: Mapping[str, Any]) -> str:
    """How the work of a study was computed; not why, which is measured anew each time."""
    way = plan["way"]
    threads = way["threads"]
    parts = [f"{plan['processes']} processes of {threads} thread{'s' * (threads > 1)}", way["device"]]
    parts += ["channels last"] * way["channels_last"]
    parts += [f"stacks of {plan['stack_size']} trials"] if plan["stack_size"] > 1 else []
    parts += ["compiled"] * way.get("compiled", False)
    parts += ["some trials alone"] if plan.get("apart") else []
    return ", ".join(parts)


def _plan_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    yield way_words(plan)
    yield from plan["reasons"]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
