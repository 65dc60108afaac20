"""Statements that set arms beside each other: tests on their differences within each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from gradbook.study.findings.inference import FEWEST, holm, in_sequence
from gradbook.study.findings.measures import Measures, lower, number, p_words
from gradbook.study.findings.statements import (
    Best,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Metric,
    When,
    written,
)
from gradbook.study.findings.weighing import Weighed, all_of, equal, larger, place, told

_PAIRED = "paired t test over seeds, one-sided"
_TOST = "two one-sided paired t tests over seeds"


def exceeds(measures: Measures, said: Exceeds, alpha: float) -> Weighed:
    """The paired one-sided t test of a difference."""
    values = measures.values(said.metric, said.when)
    pairs = measures.pairs(said.metric, values[said.more], values[said.less])
    margin = measures.margin(said.metric, None, values)
    weighed = larger(pairs.difference, said.by, margin, alpha)
    evidence = told(measures, pairs, said.more, said.less, place(said.metric, said.when), alpha)
    if not said.by and pairs.difference.within(margin) <= alpha:
        evidence += (f"whatever the difference is, it is less than the margin {number(margin)}",)
    return replace(weighed, method=_PAIRED, evidence=evidence)


def exceeds_by(measures: Measures, said: ExceedsBy, alpha: float) -> Weighed:
    """The paired one-sided t test of a difference, which as it is recorded is also a number; both have to hold.

    Where only the differences within single seeds agree with the number, it is not known what was meant.
    """
    weighed = exceeds(measures, Exceeds(said.more, said.less, said.metric, said.when), alpha)
    values = measures.values(said.metric, said.when)
    differences = values[said.more] - values[said.less]
    differences = differences[np.isfinite(differences)]
    if not len(differences):
        return weighed
    margin = measures.margin(said.metric, None, values) if said.about else 0.0
    if written(float(differences.mean()), said.value, said.digits, margin):
        return replace(weighed, method=f"{_PAIRED}; the mean difference is what is recorded")
    single = any(written(float(one), said.value, said.digits, margin) for one in differences)
    if single or differences.min() <= said.value <= differences.max():
        lacking = "the differences of single seeds come to this, but their mean does not"
        return replace(weighed, support=1.0, lacking=lacking)
    return replace(weighed, support=1.0, against=0.0, fact=True, method="mean difference of what is recorded")


def equivalent(measures: Measures, said: Equivalent, alpha: float) -> Weighed:
    """Two one-sided tests for each pair of arms, in each epoch if that is said; all have to show it."""
    if said.every:
        return _equal_in_every_epoch(measures, said, alpha)
    values = measures.values(said.metric, said.when)
    margin = measures.margin(said.metric, said.margin, values)
    parts: list[Weighed] = []
    for one, other in combinations(said.arms, 2):
        pairs = measures.pairs(said.metric, values[one], values[other])
        evidence = told(measures, pairs, one, other, place(said.metric, said.when), alpha)
        parts.append(replace(equal(pairs.difference, margin, alpha), evidence=evidence))
    weighed = all_of(parts)
    return replace(
        weighed, method=_TOST, evidence=(*weighed.evidence, f"margin {number(margin)}, declared beforehand")
    )


def _equal_in_every_epoch(measures: Measures, said: Equivalent, alpha: float) -> Weighed:
    curve = measures.curve(said.metric)
    margin = measures.margin(said.metric, said.margin, curve)
    parts: list[Weighed] = []
    for one, other in combinations(said.arms, 2):
        for epoch in range(int(min(measures.lengths[one], measures.lengths[other]))):
            pairs = measures.pairs(said.metric, curve[one, :, epoch], curve[other, :, epoch])
            where = f"{lower(said.metric)} in epoch {epoch + 1}"
            evidence = told(measures, pairs, one, other, where, alpha)
            parts.append(replace(equal(pairs.difference, margin, alpha), evidence=evidence))
    if not parts:
        return Weighed(lacking="there are no epochs")
    weighed = all_of(parts)
    # Of so many epochs, the one is told that decides: which refutes it, or else is the furthest from showing it.
    refuted = min(parts, key=lambda part: part.against)
    part = refuted if weighed.against <= alpha else max(parts, key=lambda part: part.support)
    evidence = (*part.evidence, f"margin {number(margin)}, declared beforehand")
    lacking = "equality is not shown in each epoch, nor a difference in one, after Holm over all of them"
    return replace(
        weighed,
        method=f"{_TOST}, in each epoch",
        evidence=evidence,
        effect=part.effect,
        interval=part.interval,
        lacking=lacking if weighed.seeds >= FEWEST else "",
    )


def dominates(measures: Measures, said: Dominates, alpha: float) -> Weighed:
    """Until an epoch: a one-sided paired t test in each, in order from the first; each has to show it.

    Said of no epoch: better in the mean over the curve, with no epoch in which the other is shown to be better. The
    contrary is shown, after Holm's correction, by an epoch in which the other is better; or where the two are
    equivalent in that mean, or in the epoch until which the lead is said to last.
    """
    sign = _direction(said.metric)
    if not sign:
        return Weighed(lacking=f"neither a larger nor a smaller {lower(said.metric)} is better")
    curve = measures.curve(said.metric)
    epochs = int(min(measures.lengths[said.better], measures.lengths[said.worse]))
    last = min(said.until or epochs, epochs)
    margin = measures.margin(said.metric, said.margin, curve)
    samples = [
        measures.pairs(
            said.metric, sign * curve[said.better, :, epoch], sign * curve[said.worse, :, epoch]
        ).difference
        for epoch in range(last)
    ]
    parts = [replace(larger(sample, 0.0, margin, alpha), against=sample.below(0.0)) for sample in samples]
    if said.until is None:
        weighed = _on_the_whole(measures, said, parts, margin, alpha)
    else:
        end = larger(samples[-1], 0.0, margin, alpha).settled(alpha)
        against = min(holm([*(part.against for part in parts), end.against]))
        weighed = replace(all_of([part.settled(alpha) for part in parts]), against=against)
        weighed = replace(weighed, evidence=_dominance(measures, said, parts, alpha)).settled(alpha)
        if said.until > epochs:
            weighed = replace(weighed, support=1.0, lacking=f"the trials have {epochs} epochs only")
        weighed = replace(weighed, method=f"{_PAIRED}, in each epoch, in fixed sequence")
    method = weighed.method
    if said.converge:
        equal_ends = Equivalent((said.better, said.worse), said.metric, When.END, said.margin)
        weighed = all_of([weighed.settled(alpha), equivalent(measures, equal_ends, alpha).settled(alpha)])
    return replace(weighed, method=method + f"; {_TOST}" * said.converge)


def _on_the_whole(
    measures: Measures, said: Dominates, parts: Sequence[Weighed], margin: float, alpha: float
) -> Weighed:
    """Better in the mean over the curve, and in no epoch shown to be worse."""
    sign, curve = _direction(said.metric), measures.values(said.metric, When.CURVE)
    pairs = measures.pairs(said.metric, curve[said.better], curve[said.worse])
    signed = measures.pairs(said.metric, sign * curve[said.better], sign * curve[said.worse]).difference
    weighed = larger(signed, 0.0, margin, alpha).settled(alpha)
    corrected = holm([part.against for part in parts])
    worst = min(range(len(parts)), key=lambda epoch: corrected[epoch])
    evidence = told(measures, pairs, said.better, said.worse, place(said.metric, When.CURVE), alpha)
    if corrected[worst] <= alpha:
        name = measures.name(said.worse)
        evidence += (f"in epoch {worst + 1} {name} is better ({p_words(corrected[worst])} after Holm)",)
        weighed = replace(weighed, support=1.0)
    # The end is a place of its own, if nothing else was said of it: who leads there is seen without a correction.
    behind = 1.0 if said.converge else parts[-1].against
    if behind <= alpha:
        weighed = replace(weighed, support=1.0)
    return replace(
        weighed,
        against=min(holm([weighed.against, corrected[worst], behind])),
        evidence=evidence,
        method=f"{_PAIRED}, on the mean over the epochs; in each epoch for the contrary, after Holm",
    )


def lead(measures: Measures, better: int, worse: int, metric: Metric, alpha: float) -> int:
    """For how many epochs from the first one arm is better than another, tested in fixed sequence."""
    sign, curve = _direction(metric), measures.curve(metric)
    epochs = int(min(measures.lengths[better], measures.lengths[worse]))
    return in_sequence(
        [
            measures.pairs(metric, sign * curve[better, :, e], sign * curve[worse, :, e]).difference.above(
                0.0
            )
            for e in range(epochs)
        ],
        alpha,
    )


def _dominance(
    measures: Measures, said: Dominates, parts: Sequence[Weighed], alpha: float
) -> tuple[str, ...]:
    curve, count = measures.curve(said.metric), lead(measures, said.better, said.worse, said.metric, alpha)
    epochs = int(min(measures.lengths[said.better], measures.lengths[said.worse]))
    lines: list[str] = []
    if count:
        span = "in every epoch" if count == epochs else f"in each epoch up to {count}"
        lines.append(f"{lower(said.metric)}: {measures.name(said.better)} is significantly better {span}")
    # Beside the lead, the epoch that decides: the first in which it is refuted, or else in which it is not shown.
    worst = min(range(len(parts)), key=lambda e: parts[e].against)
    epoch = worst if len(parts) * parts[worst].against <= alpha else count
    if epoch < epochs and count < len(parts):
        pairs = measures.pairs(said.metric, curve[said.better, :, epoch], curve[said.worse, :, epoch])
        where = f"{lower(said.metric)} after epoch {epoch + 1}"
        lines.extend(told(measures, pairs, said.better, said.worse, where, alpha))
    return tuple(lines)


def best(measures: Measures, said: Best, alpha: float) -> Weighed:
    """The winner on validation, against every rival on test.

    The winner was chosen among the arms, and what is tested on the test set is not independent of that choice: the
    same weights are measured. So the tests are two-sided, and Holm's correction is over all rivals. The contrary is
    shown by a rival that is better, or as good to within the margin.
    """
    sign = _direction(said.metric)
    if not sign:
        return Weighed(lacking=f"neither a larger nor a smaller {lower(said.metric)} is better")
    rivals = [
        arm for arm in range(len(measures.results.arms)) if arm != said.arm and measures.done[arm].any()
    ]
    if measures.diverged[said.arm].all():
        lost = (f"every trial of {measures.name(said.arm)} diverged",)
        return Weighed(against=0.0, fact=True, evidence=lost, seeds=len(measures.results.seeds))
    if not rivals:
        return Weighed(lacking="no other arm has a finished trial, so there is no rival")
    values = sign * measures.values(said.metric, said.when)
    margin = measures.margin(said.metric, None, values)
    winner, chosen = winner_of(measures, said.metric, said.when)
    parts: list[Weighed] = []
    for rival in rivals:
        pairs = measures.pairs(said.metric, values[said.arm], values[rival])
        part = larger(pairs.difference, 0.0, margin, alpha)
        part = replace(part, support=min(1.0, 2 * part.support))
        parts.append(replace(part, evidence=(_beside(measures, said, rival, part),)))
    support = max(holm([part.support for part in parts]))
    against = min(holm([part.against for part in parts]))
    weighed = replace(all_of(parts), support=support if winner == said.arm else 1.0, against=against)
    evidence = [chosen, *weighed.evidence]
    if winner is not None and (winner != said.arm or support > alpha):
        tied = tied_set(measures, said.metric, said.when, alpha)
        if len(tied) > 1:
            evidence.append(f"not told apart: {measures.names(tied)}")
    method = "chosen on validation; two-sided paired t tests on test against every rival, Holm over all"
    return replace(weighed, evidence=tuple(evidence), method=method)


def winner_of(measures: Measures, metric: Metric, when: When) -> tuple[int | None, str]:
    """The arm that is best on validation, of those all of whose trials finished; and that in words."""
    matching = validation_of(metric)
    values = measures.values(matching, when)
    whole = [arm for arm in range(len(values)) if np.isfinite(values[arm]).all()]
    if not whole:
        return (
            None,
            "no winner can be chosen: there is no validation set, or no arm all of whose trials finished",
        )
    sign = _direction(matching)
    winner = max(whole, key=lambda arm: sign * float(values[arm].mean()))
    mean = number(float(values[winner].mean()))
    return winner, f"chosen on validation: {measures.name(winner)} ({place(matching, when)} {mean})"


def tied_set(measures: Measures, metric: Metric, when: When, alpha: float) -> tuple[int, ...]:
    """The winner on validation, and the rivals that it does not beat on test."""
    winner, _ = winner_of(measures, metric, when)
    if winner is None:
        return ()
    values = _direction(metric) * measures.values(metric, when)
    rivals = [arm for arm in range(len(values)) if arm != winner and measures.done[arm].any()]
    found = [
        min(1.0, 2 * measures.pairs(metric, values[winner], values[rival]).difference.above(0.0))
        for rival in rivals
    ]
    tied = [rival for rival, p in zip(rivals, holm(found), strict=True) if p > alpha]
    return tuple(sorted([winner, *tied]))


def validation_of(metric: Metric) -> Metric:
    """The measure on validation that choices for a metric are made by: loss for losses and the gap."""
    accuracy = metric.value.endswith("accuracy")
    return Metric.VALIDATION_ACCURACY if accuracy else Metric.VALIDATION_LOSS


def _beside(measures: Measures, said: Best, rival: int, part: Weighed) -> str:
    effect = 0.0 if part.effect is None else part.effect
    better = "better" if effect >= 0 else "worse"
    span = ""
    if part.interval is not None:
        span = f" ({number(part.interval[0])} to {number(part.interval[1])}; {p_words(part.support)} alone)"
    return f"{place(said.metric, said.when)}: {better} than {measures.name(rival)} by {number(abs(effect))}{span}"


def _direction(metric: Metric) -> int:
    more = metric.more_is_better
    return 0 if more is None else 1 if more else -1
