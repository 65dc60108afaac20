"""Statements about one arm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gradbook.study.findings.inference import Sample, holm
from gradbook.study.findings.measures import Measures, Unmeasured, lower, number
from gradbook.study.findings.statements import Diverges, Learns, Metric, When
from gradbook.study.findings.weighing import Weighed, all_of, between, equal, larger
from gradbook.study.schema import TrialState


def learns(measures: Measures, said: Learns, alpha: float) -> Weighed:
    """Better than the constant prediction on test; or, for the contrary, equivalent to it everywhere.

    Shown: at the end, test accuracy above the largest share, or test loss below the entropy, by more than the margin
    (one-sided t tests, Holm over the two). Contrary: loss and accuracy, in training and on test, at the end and at the
    best epoch, are those of the constant prediction to within the margin (two one-sided tests, all eight). A trial
    that learned and then collapsed is not flat, for its best epoch is not.
    """
    arm = said.arm
    if measures.diverged[arm].all():
        told = f"every trial of {measures.name(arm)} diverged: it has no prediction at the end"
        return Weighed(against=0.0, fact=True, evidence=(told,), seeds=int(measures.diverged[arm].sum()))
    flat, evidence, shown = list[Weighed](), list[str](), list[Weighed]()
    for metric in (Metric.TEST_ACCURACY, Metric.TEST_LOSS, Metric.TRAIN_ACCURACY, Metric.TRAIN_LOSS):
        shares, recorded = measures.shares(metric.value.split("_")[0])
        accuracy = metric.value.endswith("accuracy")
        chance = float(shares.max()) if accuracy else _entropy(shares)
        margin = measures.margin(metric, None, shares)
        for when in (When.END, When.BEST):
            values = _at(measures, arm, metric, when)
            values = values[np.isfinite(values)]
            sample = Sample.of((values - chance) * (1 if accuracy else -1), measures.floor(metric, values))
            flat.append(equal(sample, margin, alpha))
            if metric.value.startswith("test") and when is When.END:
                shown.append(larger(sample, margin, margin, alpha))
                told = f"{lower(metric)} at the end {number(chance + sample.mean * (1 if accuracy else -1))}"
                evidence.append(
                    f"{told}, of the constant prediction {number(chance)}{between(sample, alpha)}"
                )
    if not recorded:
        evidence.append("class shares are not recorded, and taken to be equal")
    if lost := int(measures.diverged[arm].sum()):
        evidence.append(f"{lost} of {len(measures.results.seeds)} trials diverged, and do not count")
    chosen = min(shown, key=lambda part: part.support)
    return replace(
        chosen,
        support=min(holm([part.support for part in shown])),
        against=all_of(flat).support,
        evidence=tuple(evidence),
        method="one-sided t tests against the constant prediction; flat: two one-sided tests, "
        "at the end and at the best epoch",
    )


def diverges(measures: Measures, said: Diverges) -> Weighed:
    """A count of trials: no test is needed."""
    states = [measures.results.trials[said.arm, seed].state for seed in range(len(measures.results.seeds))]
    lost, done = states.count(TrialState.DIVERGED), states.count(TrialState.DONE)
    told = f"{lost} of {len(states)} trials of {measures.name(said.arm)} diverged, {done} finished"
    weighed = Weighed(fact=True, evidence=(told,), method="count of trials", seeds=lost + done)
    if done:
        return replace(weighed, against=0.0)
    if lost == len(states):
        return replace(weighed, support=0.0)
    return replace(weighed, lacking=f"{len(states) - lost} trials have not ended, or failed")


def _at(
    measures: Measures, arm: int, metric: Metric, when: When
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    try:
        return measures.values(metric, when)[arm]
    except Unmeasured:
        return measures.values(metric, When.END)[arm]


def _entropy(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return -sum(float(share) * math.log(share) for share in shares if share > 0)
