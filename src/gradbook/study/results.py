"""What a study found, as arrays: arms × seeds × epochs, so that trials of one seed stand side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradbook.study import spec
from gradbook.study.problem import StudyError
from gradbook.study.schema import METRICS, ArmRow, StudyRow, Trial, TrialState
from gradbook.study.store import Store


@dataclass(frozen=True, slots=True)
class Results:
    """A study as it stands in the database.

    ``trials[arm, seed]`` and ``curves[metric][arm, seed, epoch]`` have the arms and seeds in the order of the
    study; epoch 1 is at place 0. What is not there (yet, or after a divergence) is NaN.
    """

    study: StudyRow
    arms: tuple[ArmRow, ...]
    seeds: tuple[int, ...]
    trials: Mapping[tuple[int, int], Trial]
    curves: Mapping[str, NDArray[np.float64]]

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.study.name

    @property
    def varied(self) -> tuple[str, ...]:
        """The names of what varies."""
        return tuple(self.study.spec.get("vary", {}))

    @property
    def over(self) -> bool:
        """Whether every trial has ended, in whatever way."""
        return all(trial.state.over for trial in self.trials.values())

    def count(self, state: TrialState) -> int:
        """How many trials are in a state."""
        return sum(trial.state is state for trial in self.trials.values())

    def final(self, metric: str) -> NDArray[np.float64]:
        """A metric after the last epoch of each trial that is DONE, as [arm, seed]; NaN for the others."""
        values = np.full((len(self.arms), len(self.seeds)), math.nan)
        for (arm, seed), trial in self._placed():
            if trial.state is TrialState.DONE:
                values[arm, seed] = self.curves[metric][arm, seed, trial.done - 1]
        return values

    def best(self) -> ArmRow:
        """The arm with the highest mean validation accuracy at the end; of several, the lowest validation loss.

        Choices are made on validation, never on the test set. Arms with a trial that did not finish are out.
        """
        accuracy, loss = self.final("validation_accuracy"), self.final("validation_loss")
        if np.isnan(accuracy).all():
            raise StudyError(
                f"{self.name} has no finished trial with a validation set, so none is best; "
                "run it to its end, with validation above 0"
            )
        whole = [i for i in range(len(self.arms)) if not np.isnan(accuracy[i]).any()]
        if not whole:
            raise StudyError(f"{self.name} has no arm all of whose trials finished; so none is best")
        return self.arms[max(whole, key=lambda i: (accuracy[i].mean(), -loss[i].mean()))]

    def seeds_begin_alike(self) -> bool:
        """Whether in every arm all seeds began with the same weights, which a model does that sets a seed."""
        begun: dict[int, list[str | None]] = {}
        for (arm, _), trial in self._placed():
            begun.setdefault(arm, []).append(trial.initial_weights)
        return all(len(set(held)) == 1 and held[0] is not None for held in begun.values())

    def pairing(self) -> tuple[bool, bool]:
        """Whether, for each seed, all arms began with the same weights, and were shown the same order.

        The first is read from the recorded hashes of the weights; the second holds by construction, unless
        the training samples differ, which within one study they do not.
        """
        for place in range(len(self.seeds)):
            known = {
                trial.initial_weights
                for (_, seed), trial in self._placed()
                if seed == place and trial.initial_weights is not None
            }
            if len(known) > 1:
                return False, True
        return True, True

    def _placed(self) -> list[tuple[tuple[int, int], Trial]]:
        return list(self.trials.items())


def read(store: Store, name: str) -> Results:
    """The results of a study; raises StudyError if there is no such study."""
    row = store.study(name)
    if row is None:
        known = ", ".join(store.names()) or "none yet"
        raise StudyError(f"no study is called {name!r} here; known: {known}")
    arms, seeds = tuple(store.arms(name)), tuple(row.spec["seeds"])
    place = {
        (arm.configuration, seed): (arm.position, number) for arm in arms for number, seed in enumerate(seeds)
    }
    trials = {place[trial.key]: trial for trial in store.trials(name)}
    length = max((trial.epochs for trial in trials.values()), default=0)
    curves = {metric: np.full((len(arms), len(seeds), length), math.nan) for metric in METRICS}
    for configuration, seed, epoch, *values in store.epochs(name):
        arm, number = place[configuration, seed]
        for metric, value in zip(METRICS, values, strict=True):
            if value is not None and epoch <= length:
                curves[metric][arm, number, epoch - 1] = value
    return Results(row, arms, seeds, trials, curves)


def based(store: Store, base: spec.Base, default: str | None = None) -> spec.Settings:
    """The settings of a trial of an earlier study."""
    name = default or base.study
    results = read(store, name)
    if base.trial == "best":
        if not results.over:
            raise StudyError(f"[base] {name} is not finished; go on with: gradbook study resume {name}")
        arm = results.best()
    else:
        named = [arm for arm in results.arms if arm.label == base.trial]
        if not named:
            labels = "; ".join(arm.label for arm in results.arms[:8])
            raise StudyError(f"[base] {name} has no trial {base.trial!r}; it has: {labels}")
        arm = named[0]
    return spec.settings(store.settings([arm.configuration])[arm.configuration][1])


def table(results: Results) -> list[dict[str, Any]]:
    """For each arm, the end of its trials in numbers: means and deviations over the seeds that are done."""
    rows: list[dict[str, Any]] = []
    for arm in results.arms:
        row: dict[str, Any] = {"arm": arm.label, "done": 0}
        states = [results.trials[arm.position, s].state for s in range(len(results.seeds))]
        row["done"] = sum(state is TrialState.DONE for state in states)
        row["states"] = states
        for metric in METRICS:
            values = results.final(metric)[arm.position]
            values = values[~np.isnan(values)]
            row[metric] = float(values.mean()) if len(values) else None
            row[f"{metric}_deviation"] = float(values.std(ddof=1)) if len(values) > 1 else None
        rows.append(row)
    return rows
