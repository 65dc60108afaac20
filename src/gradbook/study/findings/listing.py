"""What a study shows, without being asked: its findings, strongest first, and what it contradicts.

Candidates come in families, such as all comparisons of neighbours, and within each Holm's correction is made for
their number (and a factor of two where the direction was read off the data). So the chance that a family has any
false sentence is alpha at most. Neighbours are compared, not all pairs: arms that differ in one setting, by
consecutive values of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gradbook.study.findings import comparing, response
from gradbook.study.findings.inference import FEWEST, holm
from gradbook.study.findings.judging import finding, weigh
from gradbook.study.findings.measures import Measures, Unmeasured
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    Finding,
    Improving,
    Learns,
    Margins,
    Metric,
    Outcome,
    Overfits,
    Response,
    RisesFaster,
    Shape,
    Statement,
    When,
)
from gradbook.study.findings.weighing import Weighed
from gradbook.study.findings.wording import say
from gradbook.study.results import Results

#: Of a study with more arms than this, the ends and the winner are told of one by one, not each arm.
_MANY = 6

#: What neighbours are compared in at the end.
_COMPARED = (Metric.TEST_ACCURACY, Metric.TEST_LOSS, Metric.GAP)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that might be said, with its evidence; ``rank`` puts what matters most first."""

    statement: Statement
    weighed: Weighed
    rank: int = 2
    #: 2 where the statement's direction was read off the data.
    sides: int = 1


def findings(results: Results, margins: Margins | None = None, alpha: float = 0.05) -> tuple[Finding, ...]:
    """What the data of a study support, strongest first; then what they contradict; then what stays open.

    First come arms that diverge or do not learn, then the best arm, then all else by its p value after correction.
    Contradicted are things that are often said. Open is only who is best; and, with fewer than three seeds, what
    can be described.
    """
    measures = Measures(results, margins or Margins())
    told: list[tuple[tuple[int, float, float], Finding]] = []
    contradicted: list[Finding] = []
    for family in _families(measures, alpha):
        for candidate, found in _tested(measures, family, alpha):
            if found.outcome is Outcome.SUPPORTED:
                distance = candidate.weighed.distance
                rank = candidate.rank + _is_slight(measures, candidate)
                told.append(((rank, found.p or 0.0, -distance if distance == distance else 0.0), found))
    for family in _sayings(measures, alpha):
        for candidate, found in _tested(measures, family, alpha):
            if found.outcome is Outcome.SUPPORTED:
                contradicted.append(_turned(measures, candidate, found))
    told.sort(key=lambda pair: pair[0])
    asked = _asked(measures, alpha)
    contradicted = [f for f in asked if f.outcome is Outcome.CONTRADICTED] + contradicted
    return (*(found for _, found in told), *contradicted, *(f for f in asked if f.outcome is Outcome.OPEN))


def _tested(
    measures: Measures, family: Sequence[Candidate], alpha: float
) -> Iterable[tuple[Candidate, Finding]]:
    """A family after Holm's correction."""
    adjusted = holm([min(1.0, c.sides * c.weighed.support) for c in family])
    for candidate, p in zip(family, adjusted, strict=True):
        weighed = replace(candidate.weighed, support=p, against=1.0)
        yield (
            candidate,
            finding(measures, candidate.statement, say(candidate.statement, measures.arms), weighed, alpha),
        )


def _is_slight(measures: Measures, candidate: Candidate) -> bool:
    """Whether a difference is certain, and less than the margin all the same: it comes after those that matter."""
    said, interval = candidate.statement, candidate.weighed.interval
    if not isinstance(said, Exceeds) or interval is None:
        return False
    margin = measures.margin(said.metric, None, measures.values(said.metric, said.when))
    return max(map(abs, interval)) < margin


def _turned(measures: Measures, candidate: Candidate, found: Finding) -> Finding:
    """A supported denial as the saying that it contradicts."""
    saying = (
        candidate.statement.statement
        if isinstance(candidate.statement, Denied)
        else Denied(candidate.statement)
    )
    return replace(found, statement=saying, sentence=say(saying, measures.arms), outcome=Outcome.CONTRADICTED)


# --- families ------------------------------------------------------------------------------------


def _families(measures: Measures, alpha: float) -> Iterable[list[Candidate]]:
    arms, pairs = range(len(measures.results.arms)), neighbours(measures)
    few = _telling(measures)

    def weighed(statements: Iterable[Statement], rank: int = 2) -> list[Candidate]:
        return [Candidate(s, weigh(measures, s, alpha), rank) for s in statements]

    # Counts of trials are facts: no family.
    yield from ([c] for c in weighed((Diverges(arm) for arm in arms), 0) if c.weighed.support == 0)
    yield weighed((Denied(Learns(arm)) for arm in arms if not measures.diverged[arm].all()), 0)
    winner = _winner(measures)
    if winner is not None and len(arms) > 1:
        yield weighed([Best(winner)], 1)
    compared = [_directed(measures, pair, metric, alpha) for pair in pairs for metric in _COMPARED]
    yield compared
    shown = {
        c.statement for c, found in _tested(measures, compared, alpha) if found.outcome is Outcome.SUPPORTED
    }
    equal = weighed(
        Equivalent((c.statement.more, c.statement.less), c.statement.metric)
        for c in compared
        if isinstance(c.statement, Exceeds) and c.statement not in shown
    )
    # Who shares the first place is what one wants to know next.
    yield [replace(c, rank=1) if _shares_first(c.statement, winner) else c for c in equal]
    overfitting = weighed(Overfits(arm) for arm in few)
    yield overfitting
    rising = {
        c.statement.arm
        for c, found in _tested(measures, overfitting, alpha)
        if isinstance(c.statement, Overfits) and found.outcome is Outcome.SUPPORTED
    }
    yield [_faster(measures, pair, alpha) for pair in pairs if rising & set(pair)]
    yield list(_leads(measures, pairs, alpha))
    yield weighed(Improving(arm, _watched(measures)) for arm in few)
    yield weighed(_shapes(measures))


def _sayings(measures: Measures, alpha: float) -> Iterable[list[Candidate]]:
    """What people often say, denied."""

    def weighed(statements: Iterable[Statement]) -> list[Candidate]:
        return [Candidate(s, weigh(measures, s, alpha)) for s in statements]

    final = measures.values(Metric.TEST_ACCURACY, When.END)
    means = [
        (float(final[arm][np.isfinite(final[arm])].mean()), arm)
        for arm in range(len(final))
        if np.isfinite(final[arm]).any()
    ]
    if len(means) > 1:
        yield weighed([Learns(min(means)[1])])
    yield weighed(Denied(Overfits(arm)) for arm in _telling(measures))
    winner = _winner(measures)
    if winner is not None:
        yield weighed([Denied(Improving(winner, _watched(measures)))])


def _asked(measures: Measures, alpha: float) -> tuple[Finding, ...]:
    """What everybody asks, whatever the answer: who is best; with too few seeds for tests, how neighbours compare."""
    winner = _winner(measures)
    statements: list[Statement] = []
    if winner is not None and len(measures.results.arms) > 1:
        statements.append(Best(winner))
    if measures.done.any() and int(measures.done.sum(axis=1).max()) < FEWEST:
        statements += [
            _directed(measures, pair, _COMPARED[0], alpha).statement for pair in neighbours(measures)
        ]
    found = [
        finding(measures, s, say(s, measures.arms), weigh(measures, s, alpha), alpha) for s in statements
    ]
    return tuple(found)


def _directed(measures: Measures, pair: tuple[int, int], metric: Metric, alpha: float) -> Candidate:
    return _either(measures, pair, lambda one, other: Exceeds(one, other, metric), alpha)


def _faster(measures: Measures, pair: tuple[int, int], alpha: float) -> Candidate:
    return _either(measures, pair, RisesFaster, alpha)


def _either(
    measures: Measures, pair: tuple[int, int], made: Callable[[int, int], Statement], alpha: float
) -> Candidate:
    """The statement about a pair in the direction in which the data lie."""
    one, other = pair
    weighed = weigh(measures, made(one, other), alpha)
    if weighed.effect is not None and weighed.effect < 0:
        one, other = other, one
        weighed = weigh(measures, made(one, other), alpha)
    return Candidate(made(one, other), weighed, sides=2)


def _leads(measures: Measures, pairs: Sequence[tuple[int, int]], alpha: float) -> Iterable[Candidate]:
    """Who leads in training, and until when; the epoch is where the tests in sequence, each at its share, stop."""
    share = alpha / max(1, 2 * len(pairs))
    for one, other in pairs:
        metric = Metric.TRAIN_LOSS
        for better, worse in ((one, other), (other, one)):
            until = comparing.lead(measures, better, worse, metric, share)
            if until:
                said = Dominates(better, worse, metric, until)
                together = Dominates(better, worse, metric, until, converge=True)
                length = int(min(measures.lengths[better], measures.lengths[worse]))
                end = weigh(measures, Equivalent((better, worse), metric), share)
                said = together if until < length and end.support <= share else said
                yield Candidate(said, weigh(measures, said, alpha), sides=2)


def _shares_first(said: Statement, winner: int | None) -> bool:
    return isinstance(said, Equivalent) and winner in said.arms and said.metric is Metric.TEST_ACCURACY


def _shapes(measures: Measures) -> Iterable[Statement]:
    for setting in measures.arms.varied:
        try:
            groups = response.slices(measures, setting)
        except Unmeasured:
            continue
        if min(map(len, groups)) > 2:
            for metric in (Metric.TEST_ACCURACY, Metric.TEST_LOSS):
                yield from (Response(setting, metric, shape) for shape in Shape)


# --- which arms ----------------------------------------------------------------------------------


def neighbours(measures: Measures) -> list[tuple[int, int]]:
    """Pairs of arms that differ in one setting only, by consecutive values."""
    found: list[tuple[int, int]] = []
    for setting in measures.arms.varied:
        try:
            groups = response.slices(measures, setting)
        except Unmeasured:
            groups = response.grouped(measures, setting)
        found += [pair for group in groups for pair in pairwise(group)]
    return found


def _winner(measures: Measures) -> int | None:
    try:
        return comparing.winner_of(measures, Metric.TEST_ACCURACY, Best(0).when)[0]
    except Unmeasured:
        return None


def _watched(measures: Measures) -> Metric:
    there = bool(np.isfinite(measures.curve(Metric.VALIDATION_LOSS)).any())
    return Metric.VALIDATION_LOSS if there else Metric.TEST_LOSS


def _telling(measures: Measures) -> list[int]:
    """The arms that are told of one by one: those with a finished trial, or the ends and the winner of many."""
    there = [arm for arm in range(len(measures.results.arms)) if measures.done[arm].any()]
    if len(there) <= _MANY:
        return there
    winner = _winner(measures)
    return sorted({there[0], there[-1], *([] if winner is None else [winner])})
