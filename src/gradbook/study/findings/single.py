"""Statements about one arm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradbook.study.findings import onset
from gradbook.study.findings.inference import FEWEST, Sample, holm
from gradbook.study.findings.measures import Measures, Unmeasured, lower, number
from gradbook.study.findings.statements import (
    Diverges,
    Improving,
    Learns,
    Level,
    Metric,
    Overfits,
    RisesFaster,
    When,
)
from gradbook.study.findings.weighing import Weighed, all_of, between, equal, larger
from gradbook.study.findings.wording import at
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
                word = "better" if sample.mean >= 0 else "worse"
                mean = number(float(values.mean())) if len(values) else "unknown"
                told = f"{lower(metric)} at the end {mean}, of the constant prediction {number(chance)}: {word} by "
                evidence.append(told + number(abs(sample.mean)) + between(sample, alpha))
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


def _at(measures: Measures, arm: int, metric: Metric, when: When) -> NDArray[np.float64]:
    try:
        return measures.values(metric, when)[arm]
    except Unmeasured:
        return measures.values(metric, When.END)[arm]


def _entropy(shares: NDArray[np.float64]) -> float:
    return -sum(float(share) * math.log(share) for share in shares if share > 0)


#: A rise is slight if it is less than the margin, and than this part of the lowest loss.
SLIGHT = 0.1


def overfits(measures: Measures, said: Overfits, alpha: float) -> Weighed:
    """Test loss rises from a minimum that was chosen on the other seeds, while training loss falls.

    Both by one-sided t tests over seeds; both have to show it. The contrary is shown where from no earlier epoch test
    loss rises by as much as the margin, or as a tenth of its minimum if that is less (one-sided t tests, of which the
    worst counts), or where training loss rises from the minimum too. ``start`` holds if it lies in the jackknife
    interval of the place, which must be no longer than a third of all epochs; the contrary, if it lies outside.
    """
    weighed = _rise(measures, said.arm, alpha)
    if said.start is None or weighed.seeds < FEWEST:
        return weighed
    found = onset.place(measures.whole(said.arm, Metric.TEST_LOSS), alpha)
    if found is None:
        return replace(weighed, support=1.0, lacking=f"placing the onset needs {onset.SHORTEST} epochs")
    told = (
        f"the rise begins at epoch {found.epoch:.0f} ({1 - alpha:.0%} interval {found.low} to {found.high})"
    )
    weighed = replace(weighed, evidence=(*weighed.evidence, told), method=f"{weighed.method}; {_PLACE}")
    if weighed.support > alpha:
        return weighed
    interval = (float(found.low), float(found.high))
    weighed = replace(weighed, effect=found.epoch, interval=interval, against=1.0)
    if said.start not in found:
        return replace(weighed, support=1.0, against=found.beyond(said.start))
    if found.high - found.low > measures.lengths[said.arm] / 3:
        wide = f"it overfits, but the onset is known to within {found.high - found.low} epochs only"
        return replace(weighed, support=1.0, lacking=wide)
    return weighed


_PLACE = "fit of a decay and a hinge to the mean curve, jackknife over seeds"


def _rise(measures: Measures, arm: int, alpha: float) -> Weighed:
    test, train = measures.whole(arm, Metric.TEST_LOSS), measures.whole(arm, Metric.TRAIN_LOSS)
    if len(test) < 2 or test.shape[1] < 3:
        lacking = "" if len(test) else f"no trial of {measures.name(arm)} finished"
        return Weighed(seeds=len(test), lacking=lacking, evidence=_lone_minimum(test))
    starts = onset.held_out_minima(test)
    margin = measures.margin(Metric.TEST_LOSS, None, test)
    margin = min(margin, SLIGHT * float(test.mean(axis=0).min()))
    floor = measures.floor(Metric.TEST_LOSS, test)
    shared = onset.shared(len(test))
    rise = replace(Sample.of(onset.rises(test, starts), floor), shared=shared)
    fall = Sample.of(-onset.rises(train, starts), measures.floor(Metric.TRAIN_LOSS, train))
    fall = replace(fall, shared=shared)
    # From wherever it is taken, the rise is less than the margin: no choice of an epoch enters.
    little = max(Sample.of(test[:, -1] - test[:, e], floor).below(margin) for e in range(test.shape[1] - 1))
    both = max(rise.above(0.0), fall.below(0.0))
    lowest = int(np.argmin(test.mean(axis=0))) + 1
    told = (
        f"test loss {'rises' if rise.mean >= 0 else 'falls'} by {number(abs(rise.mean))} from its minimum, chosen "
        "on the other seeds, to the end"
        f"{between(rise, alpha)}; lowest on average in epoch {lowest}",
        f"training loss meanwhile {'falls' if fall.mean >= 0 else 'rises'} by {number(abs(fall.mean))}",
    )
    if little <= alpha:
        told += (f"whatever the rise is, it is less than the margin {number(margin)}",)
    return Weighed(
        max(rise.above(0.0), fall.above(0.0)),
        min(holm([little, both])),
        evidence=told,
        method="one-sided t test of the rise from a minimum chosen on the other seeds",
        effect=rise.mean,
        interval=rise.interval(alpha),
        seeds=len(test),
        distance=rise.distance(0.0),
    )


def rises_faster(measures: Measures, said: RisesFaster, alpha: float) -> Weighed:
    """The slopes of two test losses after their onset, compared within each seed.

    The onset is that of the two together: for each seed, where the mean curve of both arms over the other seeds has
    its minimum. From there to the end each has a least-squares slope. Shown if the first slope is above 0 and above
    the other (one-sided t tests, both); the contrary, if it is below the other or does not rise.
    """
    curve = measures.curve(Metric.TEST_LOSS)
    length = int(min(measures.lengths[said.faster], measures.lengths[said.slower]))
    one, other = curve[said.faster, :, :length], curve[said.slower, :, :length]
    whole = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    one, other = one[whole], other[whole]
    if len(one) < 2:
        lacking = "" if len(one) else "no seed of which both arms finished"
        names = (measures.name(said.faster), measures.name(said.slower))
        seen = [
            f"{name}: {line}"
            for name, rows in zip(names, (one, other), strict=True)
            for line in _lone_minimum(rows)
        ]
        return Weighed(seeds=len(one), lacking=lacking, evidence=tuple(seen))
    starts = onset.held_out_minima((one + other) / 2)
    floor = measures.floor(Metric.TEST_LOSS, one) / length
    first, second = onset.slopes(one, starts), onset.slopes(other, starts)
    slope, excess = Sample.of(first, floor), Sample.of(first - second, floor)
    told = (
        f"test loss per epoch, from the minimum of both: {number(float(first.mean()))} with "
        f"{measures.name(said.faster)}, {number(float(second.mean()))} with {measures.name(said.slower)}; "
        f"difference {number(excess.mean)}{between(excess, alpha)}"
    )
    return Weighed(
        max(slope.above(0.0), excess.above(0.0)),
        min(holm([slope.below(0.0), excess.below(0.0)])),
        evidence=(told,),
        method="one-sided paired t test of slopes after an onset chosen on the other seeds",
        effect=excess.mean,
        interval=excess.interval(alpha),
        seeds=len(one),
        distance=excess.distance(0.0),
    )


def improving(measures: Measures, said: Improving, alpha: float) -> Weighed:
    """The slopes of a metric over the last quarter of the epochs: a one-sided t test over seeds.

    The contrary is shown where, over that quarter, the metric gets better by less than the margin.
    """
    more = said.metric.more_is_better
    if more is None:
        return Weighed(lacking=f"neither a larger nor a smaller {lower(said.metric)} is better")
    curves = measures.whole(said.arm, said.metric)
    epochs = int(measures.lengths[said.arm])
    count = max(3, math.ceil(epochs / 4))
    if count > epochs or not len(curves):
        lacking = "three epochs at least are needed" if len(curves) else "no finished trial has this metric"
        return Weighed(lacking=lacking)
    sign = 1 if more else -1
    starts = np.full(len(curves), epochs - count)
    gain = Sample.of(
        sign * (count - 1) * onset.slopes(curves, starts), measures.floor(said.metric, curves[:, -count:])
    )
    margin = measures.margin(said.metric, None, curves)
    told = (
        f"{lower(said.metric)} gets {'better' if gain.mean >= 0 else 'worse'} by {number(abs(gain.mean))} over the "
        f"last {count} epochs (the gain: {number(gain.mean)}{between(gain, alpha)})"
    )
    return Weighed(
        gain.above(0.0),
        gain.below(margin),
        evidence=(told,),
        method="one-sided t test of the slope over the last quarter",
        effect=gain.mean,
        interval=gain.interval(alpha),
        seeds=len(curves),
        distance=gain.distance(0.0),
    )


def level(measures: Measures, said: Level, alpha: float) -> Weighed:
    """One-sided t tests of the mean against each bound; all have to show it."""
    values = measures.values(said.metric, said.when)[said.arm]
    values = values[np.isfinite(values)]
    if not len(values):
        return Weighed(lacking=f"no finished trial of {measures.name(said.arm)} has this metric")
    sample = Sample.of(values, measures.floor(said.metric, values))
    bounds = [(said.least, sample.above, sample.below), (said.most, sample.below, sample.above)]
    tests = [(bound, shows(bound), refutes(bound)) for bound, shows, refutes in bounds if bound is not None]
    if not tests:
        raise ValueError("expected a bound, from below or from above")
    near = min((bound for bound, _, _ in tests), key=lambda bound: abs(bound - sample.mean))
    return Weighed(
        max(shown for _, shown, _ in tests),
        min(holm([refuted for _, _, refuted in tests])),
        evidence=(f"{lower(said.metric)}{at(said.when)} {number(sample.mean)}{between(sample, alpha)}",),
        method="one-sample t test over seeds, one-sided",
        effect=sample.mean,
        interval=sample.interval(alpha),
        seeds=len(values),
        distance=sample.distance(near),
    )


def _lone_minimum(curves: NDArray[np.float64]) -> tuple[str, ...]:
    if not len(curves):
        return ()
    lowest = int(np.argmin(curves[0]))
    told = f"test loss is lowest in epoch {lowest + 1}, and ends {number(curves[0, -1] - curves[0, lowest])} above"
    return (f"{told}; every noisy curve ends above its own minimum",)
