"""Statements that are compared with what is recorded, the mean over seeds: no test stands behind them.

Where only single seeds agree with a statement, and not their mean, it is not known what was meant.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradbook.study.findings.measures import Measures, lower
from gradbook.study.findings.statements import Figure, Manner, Reaches, Stays, written
from gradbook.study.findings.weighing import Weighed
from gradbook.study.findings.wording import at

_METHOD = "mean of what is recorded"


def figure(measures: Measures, said: Figure) -> Weighed:
    """The mean at a place; and what else the manner says of the other epochs."""
    weighed = _figure(measures, said)
    if said.manner is Manner.IS or not weighed.seeds:
        return weighed
    curves = measures.whole(said.arm, said.metric)
    if not len(curves):
        return replace(weighed, support=1.0, lacking="no finished trial has this metric in every epoch")
    match said.manner:
        case Manner.STAYS:
            return _stays_at(measures, said, weighed, curves)
        case Manner.COMES:
            return _comes_to(measures, said, weighed, curves)
        case Manner.ONLY:
            return _comes_only_to(measures, said, weighed, curves)
        case Manner.BEST:
            return _best_is(measures, said, weighed, curves)


def _figure(measures: Measures, said: Figure) -> Weighed:
    values = measures.values(said.metric, said.when)[said.arm]
    values = values[np.isfinite(values)]
    if not len(values):
        return Weighed(lacking=f"no finished trial of {measures.name(said.arm)} has this metric")
    margin = measures.margin(said.metric, None, values)
    mean, low, high = float(values.mean()), float(values.min()), float(values.max())
    told = f"{lower(said.metric)} with {measures.name(said.arm)}{at(said.when)} {_shown(mean, said)}"
    if len(values) > 1:
        told += f", the mean of {len(values)} seeds from {_shown(low, said)} to {_shown(high, said)}"
    weighed = Weighed(fact=True, evidence=(told,), method=_METHOD, effect=mean, seeds=len(values))
    if said.agrees(mean, margin):
        return replace(weighed, support=0.0)
    if low <= said.value <= high or any(said.agrees(float(value), margin) for value in values):
        return replace(weighed, lacking="single seeds come to this, but the mean over the seeds does not")
    return replace(weighed, against=0.0)


def _stays_at(measures: Measures, said: Figure, weighed: Weighed, curves: NDArray[np.float64]) -> Weighed:
    count = max(1, math.ceil(curves.shape[1] / 4))
    means = curves.mean(axis=0)[-count:]
    told = f"over the last {count} epochs from {_shown(means.min(), said)} to {_shown(means.max(), said)}"
    weighed = replace(weighed, evidence=(*weighed.evidence, told))
    margin = measures.margin(said.metric, None, curves)
    if weighed.support or (np.abs(means - said.value) < margin).all():
        return weighed
    return replace(weighed, support=1.0, lacking="it is this at the end, but was not all along before")


def _comes_to(measures: Measures, said: Figure, weighed: Weighed, curves: NDArray[np.float64]) -> Weighed:
    best, epoch, seeds = _best(said, curves)
    weighed = replace(weighed, evidence=(*weighed.evidence, _told_best(measures, said, best, epoch)))
    if not weighed.support:
        return weighed
    margin = measures.margin(said.metric, None, curves)
    beyond = _sign(said) * (said.value - seeds) > 0 and not said.agrees(seeds, margin)
    lacking = "at some time, or at the end? Say at the end, or by which epoch it reaches that"
    return (
        replace(weighed, against=0.0, lacking="")
        if beyond
        else replace(weighed, against=1.0, lacking=lacking)
    )


def _comes_only_to(
    measures: Measures, said: Figure, weighed: Weighed, curves: NDArray[np.float64]
) -> Weighed:
    best, epoch, seeds = _best(said, curves)
    weighed = replace(weighed, evidence=(*weighed.evidence, _told_best(measures, said, best, epoch)))
    margin = measures.margin(said.metric, None, curves)
    highest = said.agrees(best, margin)
    if highest and not weighed.support:
        return weighed
    if not highest and not weighed.against and not min(best, seeds) <= said.value <= max(best, seeds):
        return weighed
    lacking = "at the end, or in any epoch? Say at the end, or that it never exceeds that"
    return replace(weighed, support=1.0, against=1.0, lacking=weighed.lacking or lacking)


def _best_is(measures: Measures, said: Figure, weighed: Weighed, curves: NDArray[np.float64]) -> Weighed:
    best, epoch, _ = _best(said, curves)
    weighed = replace(
        weighed, effect=best, support=1.0, against=1.0, evidence=(_told_best(measures, said, best, epoch),)
    )
    if not _sign(said):
        return replace(weighed, lacking=f"neither more nor less {lower(said.metric)} is better")
    margin = measures.margin(said.metric, None, curves)
    if said.agrees(best, margin):
        return replace(weighed, support=0.0, lacking="")
    # Each seed has its best in an epoch of its own, and is then better than the mean in any.
    own = _sign(said) * (_sign(said) * curves).max(axis=1)
    if min(best, own.min()) <= said.value <= max(best, own.max()) or said.agrees(float(own.mean()), margin):
        return replace(
            weighed, lacking="seeds come to this, each in an epoch of its own, but their mean does not"
        )
    return replace(weighed, against=0.0, lacking="")


def reaches(measures: Measures, said: Reaches) -> Weighed:
    """The best mean of the epochs up to one; the contrary, if no seed comes to the number in any of them."""
    sign = _sign(said)
    curves = measures.whole(said.arm, said.metric)[:, : said.by]
    if not sign or not len(curves):
        lacking = f"no finished trial of {measures.name(said.arm)} has this metric"
        return Weighed(lacking=lacking if sign else f"neither more nor less {lower(said.metric)} is better")
    best, epoch, seeds = _best(said, curves)
    margin = measures.margin(said.metric, None, curves) if said.about else 0.0
    told = f"up to epoch {said.by}, {_told_best(measures, said, best, epoch)}"
    weighed = Weighed(fact=True, evidence=(told,), method=_METHOD, effect=best, seeds=len(curves))
    if sign * (best - said.value) >= 0 or written(best, said.value, said.digits, margin):
        return replace(weighed, support=0.0)
    if sign * (seeds - said.value) >= 0 or written(seeds, said.value, said.digits, margin):
        return replace(weighed, lacking="single seeds come to this, but the mean over the seeds does not")
    return replace(weighed, against=0.0)


def stays(measures: Measures, said: Stays) -> Weighed:
    """The mean in every epoch of a range; the contrary, if it is on the other side of a bound in one of them."""
    if said.least is None and said.most is None:
        raise ValueError("expected a bound, from below or from above")
    curves = measures.whole(said.arm, said.metric)[:, said.start - 1 : said.until]
    if not curves.size:
        return Weighed(lacking=f"no finished trial of {measures.name(said.arm)} has this metric there")
    means = curves.mean(axis=0)
    low, high = int(np.argmin(means)), int(np.argmax(means))
    told = (
        f"{lower(said.metric)} with {measures.name(said.arm)}, in the mean over {len(curves)} seeds, "
        f"lowest in epoch {low + said.start}: {means[low]:.4g}, highest in epoch {high + said.start}: {means[high]:.4g}"
    )
    weighed = Weighed(fact=True, evidence=(told,), method=_METHOD, seeds=len(curves))
    least = -math.inf if said.least is None else said.least
    most = math.inf if said.most is None else said.most
    if means[low] < least or means[high] > most:
        return replace(weighed, against=0.0)
    if curves.min() < least or curves.max() > most:
        return replace(weighed, lacking="the mean over the seeds stays there, but single seeds do not")
    if means[low] <= least or means[high] >= most:
        return replace(weighed, lacking="it comes to exactly this")
    return replace(weighed, support=0.0)


def _best(said: Figure | Reaches, curves: NDArray[np.float64]) -> tuple[float, int, float]:
    """The best mean over seeds, its epoch, and the best of any seed."""
    sign = _sign(said)
    means = curves.mean(axis=0)
    place = int(np.argmax(sign * means))
    return float(means[place]), place + 1, float(sign * (sign * curves).max())


def _sign(said: Figure | Reaches) -> int:
    """1 where more is better, -1 where less is, 0 where neither."""
    more = said.metric.more_is_better
    return 0 if more is None else 1 if more else -1


def _told_best(measures: Measures, said: Figure | Reaches, best: float, epoch: int) -> str:
    name = measures.name(said.arm)
    return f"the best mean over the seeds with {name} is {_shown(best, said)}, in epoch {epoch}"


def _shown(value: float, said: Figure | Reaches) -> str:
    """A number with a digit more than the one it is compared with."""
    return f"{value:.{said.digits + 1}f}"
