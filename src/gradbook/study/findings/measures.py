"""What statements are about, taken out of the results of a study: a number for each arm and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradbook.study.findings.inference import Sample
from gradbook.study.findings.statements import Margins, Metric, When
from gradbook.study.findings.wording import Arms, metric_words
from gradbook.study.results import Results
from gradbook.study.schema import TrialState

#: Losses are sums over samples in single precision: their last two or three decimal digits are noise of rounding.
_ROUNDING = 1e-5

#: The deviation of a difference of two numbers that are each rounded to whole steps, in steps: √(1/12 + 1/12).
_STEP = math.sqrt(1 / 6)


class Unmeasured(Exception):
    """A statement is about something that this study did not measure."""


@dataclass(eq=False)
class Measures:
    """The results of a study, to be asked for numbers."""

    results: Results
    margins: Margins = field(default_factory=Margins)
    _curves: dict[Metric, NDArray[np.float64]] = field(default_factory=dict[Metric, NDArray[np.float64]])

    @cached_property
    def arms(self) -> Arms:
        """The arms as sentences name them."""
        return Arms(tuple(arm.values for arm in self.results.arms))

    @cached_property
    def done(self) -> NDArray[np.bool_]:
        """Which trials reached their end, as [arm, seed]."""
        return self._in_state(TrialState.DONE)

    @cached_property
    def diverged(self) -> NDArray[np.bool_]:
        """Which trials came to a number that is not finite."""
        return self._in_state(TrialState.DIVERGED)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The number of epochs of each arm; it may be what varies."""
        trials = self.results.trials
        return np.array([trials[arm, 0].epochs for arm in range(len(self.results.arms))])

    def curve(self, metric: Metric) -> NDArray[np.float64]:
        """A metric as [arm, seed, epoch], of trials that reached their end; NaN for the others."""
        if metric not in self._curves:
            self._curves[metric] = np.where(self.done[:, :, None], self.recorded(metric), math.nan)
        return self._curves[metric]

    def recorded(self, metric: Metric) -> NDArray[np.float64]:
        """A metric as [arm, seed, epoch], as far as each trial came."""
        curves = self.results.curves
        if metric is Metric.GAP:
            return curves["test_loss"] - curves["train_loss"]
        return curves[metric.value]

    def values(self, metric: Metric, when: When) -> NDArray[np.float64]:
        """A metric as [arm, seed]: at the end, at the best epoch, or its mean over the curve."""
        curve = self.curve(metric)
        match when:
            case When.END:
                return np.take_along_axis(curve, self.lengths[:, None, None] - 1, axis=2)[:, :, 0]
            case When.CURVE:
                return np.array(
                    [curve[arm, :, :length].mean(axis=1) for arm, length in enumerate(self.lengths)]
                )
            case When.BEST:
                return np.take_along_axis(curve, self.best_epochs()[:, :, None], axis=2)[:, :, 0]

    def best_epochs(self) -> NDArray[np.int64]:
        """The place of the lowest validation loss of each trial, as [arm, seed]."""
        loss = self.curve(Metric.VALIDATION_LOSS)
        if self.done.any() and not np.isfinite(loss).any():
            raise Unmeasured(
                "the best epoch is that of the lowest validation loss, and there is no validation set"
            )
        return np.argmin(np.where(np.isfinite(loss), loss, math.inf), axis=2)

    def whole(self, arm: int, metric: Metric) -> NDArray[np.float64]:
        """The curves of an arm that have no gap, as [seed, epoch]."""
        curves = self.curve(metric)[arm, :, : self.lengths[arm]]
        return curves[np.isfinite(curves).all(axis=1)]

    def margin(self, metric: Metric, declared: float | None, values: NDArray[np.float64]) -> float:
        """By how little arms may differ and still count as equal."""
        if declared is not None:
            return declared
        if metric.value.endswith("accuracy"):
            return self.margins.accuracy
        if metric is Metric.WEIGHT_NORM:
            finite = np.abs(values[np.isfinite(values)])
            return self.margins.share * float(finite.mean()) if len(finite) else self.margins.share
        return self.margins.loss

    def floor(self, metric: Metric, values: NDArray[np.float64]) -> float:
        """The least deviation of differences of a metric: what it cannot be known to better than."""
        if metric.value.endswith("accuracy"):
            size = self.results.study.data["sizes"].get(metric.value.split("_")[0])
            return _STEP / size if size else 0.0
        finite = np.abs(values[np.isfinite(values)])
        return _ROUNDING * float(finite.mean()) if len(finite) else 0.0

    def difference(self, one: int, other: int, metric: Metric, when: When) -> Pairs:
        """One arm less another, seed by seed."""
        values = self.values(metric, when)
        return self.pairs(metric, values[one], values[other])

    def pairs(self, metric: Metric, one: NDArray[np.float64], other: NDArray[np.float64]) -> Pairs:
        """The pairs of two arms' numbers, without those of which one is missing."""
        whole = np.isfinite(one) & np.isfinite(other)
        one, other = one[whole], other[whole]
        floor = self.floor(metric, np.concatenate([one, other]))
        missing = len(whole) - int(whole.sum())
        return Pairs(Sample.of(one, floor), Sample.of(other, floor), Sample.of(one - other, floor), missing)

    def name(self, arm: int) -> str:
        """An arm in words."""
        return self.arms.name(arm)

    def names(self, arms: Sequence[int]) -> str:
        """Several arms in words."""
        told = [self.name(arm) for arm in arms]
        return told[0] if len(told) == 1 else ", ".join(told[:-1]) + " and " + told[-1]

    def shares(self, part: str) -> tuple[NDArray[np.float64], bool]:
        """The shares of the classes in a part of the data, and whether they were recorded."""
        recorded = self.results.study.data.get("shares", {}).get(part)
        if recorded:
            return np.asarray(recorded, dtype=np.float64), True
        classes = len(self.results.study.data.get("classes", ()))
        if not classes:
            raise Unmeasured("the study does not record its classes, so the constant prediction is not known")
        return np.full(classes, 1 / classes), False

    def _in_state(self, state: TrialState) -> NDArray[np.bool_]:
        found = np.zeros((len(self.results.arms), len(self.results.seeds)), dtype=np.bool_)
        for place, trial in self.results.trials.items():
            found[place] = trial.state is state
        return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two arms, and the differences between them, over the seeds of which there are both."""

    one: Sample
    other: Sample
    difference: Sample
    missing: int


def lower(metric: Metric) -> str:
    """A metric in words, without an article.

    >>> lower(Metric.GAP)
    'gap between train and test loss'
    """
    return metric_words(metric).removeprefix("the ")


def number(value: float) -> str:
    """A number as evidence gives it: three digits, and more where an accuracy is near 1.

    >>> number(0.98765), number(0.000123456), number(12.3456), number(0.99987), number(2.302585)
    ('0.988', '0.000123', '12.3', '0.99987', '2.3')
    """
    if 0.995 <= value < 1:
        return f"{value:.5f}"
    return f"{value:.3g}"


def p_words(value: float) -> str:
    """A p value in words.

    >>> p_words(0.0312), p_words(1e-7)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
