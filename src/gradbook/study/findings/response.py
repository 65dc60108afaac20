"""How a metric answers to a setting: arms that differ in nothing else, in the order of its values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from numbers import Real

import numpy as np

from gradbook.study.findings.comparing import validation_of
from gradbook.study.findings.inference import holm
from gradbook.study.findings.measures import Measures, Unmeasured, number
from gradbook.study.findings.statements import Metric, Response, Shape, When
from gradbook.study.findings.weighing import Weighed, all_of, larger, place
from gradbook.study.findings.wording import setting_words
from gradbook.study.settings import spoken


def slices(measures: Measures, setting: str) -> list[tuple[int, ...]]:
    """The arms that differ in one setting only, by the increasing values of it; one tuple for each combination.

    Raises Unmeasured if its values have no order.
    """
    values = [arm.values[setting] for arm in measures.results.arms]
    if any(isinstance(value, bool) or not isinstance(value, Real) for value in values):
        raise Unmeasured(f"the values of {setting_words(setting)} are not numbers, so they have no order")
    return [tuple(sorted(group, key=values.__getitem__)) for group in grouped(measures, setting)]


def grouped(measures: Measures, setting: str) -> list[tuple[int, ...]]:
    """The arms that differ in one setting only, as they are written."""
    groups: dict[str, list[int]] = {}
    for arm, row in enumerate(measures.results.arms):
        rest = repr(sorted((name, repr(other)) for name, other in row.values.items() if name != setting))
        groups.setdefault(rest, []).append(arm)
    return [tuple(group) for group in groups.values()]


def response(measures: Measures, said: Response, alpha: float) -> Weighed:
    """One-sided paired t tests, in every slice of the study in which all else is equal.

    Increasing, decreasing: every step between neighbours. U: of the values inside, the one that is lowest on
    validation lies below both ends; it was chosen among several on data that are not independent, so its p value is
    multiplied by their number (Bonferroni). The contrary is shown by a step the other way, or one of less than the
    margin, after Holm's correction over all steps; of a U, where each value inside is refuted so.
    """
    parts: list[Weighed] = []
    groups = slices(measures, said.setting)
    least = 3 if said.shape in (Shape.U, Shape.INVERTED_U) else 2
    if len(groups[0]) < least:
        return Weighed(
            lacking=f"needs {least} values of {setting_words(said.setting)}, and there are {len(groups[0])}"
        )
    for group in groups:
        part = _bent(measures, said, group, alpha) if least == 3 else _steps(measures, said, group, alpha)
        parts.append(replace(part, evidence=(_row(measures, said, group), *part.evidence)))
    return replace(
        all_of(parts), method="one-sided paired t tests between values of the setting, all else equal"
    )


def _steps(measures: Measures, said: Response, group: Sequence[int], alpha: float) -> Weighed:
    sign = 1 if said.shape is Shape.INCREASING else -1
    parts = [
        _step(measures, said.metric, said.when, (low, high), sign, alpha) for low, high in pairwise(group)
    ]
    against = min(holm([part.against for part in parts]))
    weak = max(range(len(parts)), key=lambda i: parts[i].support)
    low, high = (_value(measures, said, group[weak + i]) for i in (0, 1))
    told = f"the weakest step is from {low} to {high}"
    if (interval := parts[weak].interval) is not None:
        ends = sorted(sign * end for end in interval)
        told += f": {number(sign * (parts[weak].effect or 0.0))} "
        told += f"({1 - 2 * alpha:.0%} interval {number(ends[0])} to {number(ends[1])})"
    return replace(all_of([part.settled(alpha) for part in parts]), against=against, evidence=(told,))


def _bent(measures: Measures, said: Response, group: Sequence[int], alpha: float) -> Weighed:
    sign = 1 if said.shape is Shape.U else -1
    first, *inside, last = group
    chosen_by = said.metric if said.metric in _UNMATCHED else validation_of(said.metric)
    means = _means(measures, chosen_by, said.when)
    if not np.isfinite(means).any():
        means = _means(measures, said.metric, said.when)
    chosen = min(
        inside, key=lambda arm: (math.isnan(means[arm]), sign * _turned(chosen_by, said.metric) * means[arm])
    )
    bents = {
        arm: [_step(measures, said.metric, said.when, (arm, end), sign, alpha) for end in (first, last)]
        for arm in inside
    }
    weighed = all_of(bents[chosen])
    support = min(1.0, len(inside) * weighed.support)
    # Refuted only if no value inside is what was claimed.
    against = max(min(holm([part.settled(alpha).against for part in parts])) for parts in bents.values())
    told = f"between the ends, chosen {_ground(chosen_by)}: {_value(measures, said, chosen)}"
    return replace(weighed, support=support, against=against, evidence=(told,))


#: Metrics that no measure on validation stands for; what is chosen by them is corrected for in the same way.
_UNMATCHED = (Metric.TRAIN_LOSS, Metric.TRAIN_ACCURACY, Metric.GAP, Metric.WEIGHT_NORM)


def _turned(one: Metric, other: Metric) -> int:
    return 1 if one.value.split("_")[-1] == other.value.split("_")[-1] else -1


def _ground(metric: Metric) -> str:
    return "on validation" if metric.value.startswith("validation") else "by itself"


def _means(measures: Measures, metric: Metric, when: When) -> list[float]:
    values = measures.values(metric, when)
    return [float(row[np.isfinite(row)].mean()) if np.isfinite(row).any() else math.nan for row in values]


def _step(
    measures: Measures, metric: Metric, when: When, step: tuple[int, int], sign: int, alpha: float
) -> Weighed:
    """The second arm is larger (or, with sign −1, smaller) than the first."""
    values = sign * measures.values(metric, when)
    pairs = measures.pairs(metric, values[step[1]], values[step[0]])
    return larger(pairs.difference, 0.0, measures.margin(metric, None, values), alpha)


def _row(measures: Measures, said: Response, group: Sequence[int]) -> str:
    means = _means(measures, said.metric, said.when)
    cells = ", ".join(f"{_value(measures, said, arm)}: {number(means[arm])}" for arm in group)
    held = [
        f"{setting_words(name)} {spoken(value)}"
        for name, value in measures.results.arms[group[0]].values.items()
        if name != said.setting
    ]
    where = f" (with {' and '.join(held)})" if held else ""
    return f"{place(said.metric, said.when)} by {setting_words(said.setting)}{where}: {cells}"


def _value(measures: Measures, said: Response, arm: int) -> str:
    return spoken(measures.results.arms[arm].values[said.setting])
