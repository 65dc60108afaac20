r"""Where a curve turns: whether test loss rises again after its minimum, and from which epoch on.

Every noisy curve ends above its own minimum, so that a rise above it shows nothing: on flat curves it is seen in
nearly every study (docs/findings.md). Two questions are kept apart.

*Does it rise?* For each seed, the epoch of the minimum is chosen on the mean curve of the other seeds; the rise of
this seed's curve from there to the end then owes nothing to the choice, and its mean is 0 where the truth is flat.
(Choosing on one part and testing on the other: D. R. Cox, Biometrika 62 (1975), 441–444; with each seed held out in
turn, as in cross-validation, M. Stone, J. R. Statist. Soc. B 36 (1974).)

*Where does it begin?* The mean curve is fitted by least squares with a decay and a hinge,

.. math:: L(e) = a + b\,e^{-(e-1)/\tau} + s \max(0, e - h),

over a grid of $\tau$ and $h$, between which $a$, $b \ge 0$ and $s \ge 0$ are linear; where its minimum lies is where
the rise begins (segmented regression: D. V. Hinkley, J. Am. Statist. Assoc. 66 (1971), 736–743). The interval is the
jackknife's, leaving out one seed at a time (J. W. Tukey, Ann. Math. Statist. 29 (1958), 614).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gradbook.study.findings.inference import FEWEST, critical, student

#: A decay and a hinge have five numbers; fewer epochs than this cannot tell them apart.
SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Onset:
    """The epoch where a curve begins to rise, and an interval for it in whole epochs."""

    epoch: float
    low: int
    high: int
    error: float
    seeds: int

    def beyond(self, epoch: int) -> float:
        """The p value of "the rise does not begin there", two-sided."""
        return min(1.0, 2 * student(self.seeds - 1, -abs(epoch - self.epoch) / self.error))

    def __contains__(self, epoch: int) -> bool:
        return self.low <= epoch <= self.high


def held_out_minima(curves: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each seed, the place of the minimum of the mean curve of all other seeds; ``curves`` is [seed, epoch].

    >>> held_out_minima(np.array([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0], [1.0, 3.0, 3.0]])).tolist()
    [0, 0, 1]
    """
    others = curves.sum(axis=0) - curves
    return np.argmin(others, axis=1)


def shared(seeds: int) -> float:
    """What the rises of different seeds share, as a part of their variance.

    Each of them was tested from a minimum that the others chose, so they are not independent, and a plain t test is
    false twice as often as it says. As for cross-validation, of which this is a case, the variance of the mean is
    taken to be σ²(1/n + tested/chosen), here 1/n + 1/(n − 1): C. Nadeau, Y. Bengio, Machine Learning 52 (2003), 239.

    >>> shared(6)
    0.2
    """
    return 1 / (seeds - 1)


def rises(curves: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each seed, how far its curve ends above where it was at a place."""
    return curves[:, -1] - curves[np.arange(len(curves)), starts]


def slopes(curves: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each seed, the least-squares slope per epoch from a place to the end; 0 where it is the end."""
    return np.array([_slope(curve[start:]) for curve, start in zip(curves, starts, strict=True)])


def place(curves: NDArray[np.float64], alpha: float) -> Onset | None:
    """Where the mean of some curves, [seed, epoch], begins to rise; None with too few seeds or epochs.

    The interval is at the level 1 − alpha, two-sided, widened to whole epochs and by one epoch at least.
    """
    seeds, epochs = curves.shape
    if seeds < FEWEST or epochs < SHORTEST:
        return None
    total = curves.sum(axis=0)
    turns = turning(np.vstack([total / seeds, (total - curves) / (seeds - 1)]))
    turn, left = float(turns[0]), turns[1:]
    widest = critical(seeds - 1, alpha / 2)
    error = math.sqrt((seeds - 1) / seeds * float(((left - left.mean()) ** 2).sum()))
    error = max(error, 1 / widest)
    # Where the curve's own minimum and that of the fit lie apart, the shape is another, and neither is trusted.
    lowest = int(np.argmin(total)) + 1
    low = min(lowest, math.floor(turn - widest * error))
    high = max(lowest, math.ceil(turn + widest * error))
    return Onset(turn, max(1, low), min(epochs, high), error, seeds)


def turning(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """The epoch where the fitted curve has its minimum, for each of several curves, [curve, epoch]."""
    taus, hinges, bases = _designs(curves.shape[1])
    centred = curves - curves.mean(axis=1, keepdims=True)
    # With orthonormal columns, the least squares of each design are one product: the best keeps most of the square.
    kept = (
        ((centred @ bases.reshape(-1, curves.shape[1]).T) ** 2).reshape(len(curves), len(taus), 2).sum(axis=2)
    )
    found = np.empty(len(curves))
    for number, curve in enumerate(curves):
        for design in np.argsort(-kept[number])[:200]:
            decay, slope = _coefficients(curve, float(taus[design]), float(hinges[design]))
            if slope >= 0 and decay >= 0:
                found[number] = _minimum(
                    curves.shape[1], float(taus[design]), float(hinges[design]), decay, slope
                )
                break
        else:
            found[number] = float(np.argmin(curve)) + 1
    return found


@lru_cache(maxsize=8)
def _designs(epochs: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Every pair of τ and hinge on a grid, with an orthonormal basis of its two centred columns."""
    places = np.arange(1.0, epochs + 1)
    grid = [
        (tau, hinge)
        for tau in np.geomspace(0.5, 2 * epochs, 16)
        for hinge in np.arange(1.0, epochs - 0.5, 0.5)
    ]
    taus, hinges = (np.array(column) for column in zip(*grid, strict=True))
    columns = np.stack(
        [np.exp(-(places - 1) / taus[:, None]), np.maximum(0.0, places - hinges[:, None])], axis=2
    )
    columns = columns - columns.mean(axis=1, keepdims=True)
    bases = np.linalg.qr(columns)[0].transpose(0, 2, 1)
    return taus, hinges, np.ascontiguousarray(bases)


def _coefficients(curve: NDArray[np.float64], tau: float, hinge: float) -> tuple[float, float]:
    places = np.arange(1.0, len(curve) + 1)
    columns = np.stack(
        [np.ones(len(curve)), np.exp(-(places - 1) / tau), np.maximum(0.0, places - hinge)], axis=1
    )
    _, decay, slope = np.linalg.lstsq(columns, curve, rcond=None)[0]
    return float(decay), float(slope)


def _minimum(epochs: int, tau: float, hinge: float, decay: float, slope: float) -> float:
    # Beyond the hinge the curve still falls while the decay outweighs the slope: b/τ · exp(−(e−1)/τ) > s.
    if slope <= 0 or decay <= 0:
        return float(epochs) if slope <= 0 else hinge
    return min(float(epochs), max(hinge, 1 + tau * math.log(decay / (tau * slope))))


def _slope(curve: NDArray[np.float64]) -> float:
    if len(curve) < 2:
        return 0.0
    steps = np.arange(len(curve)) - (len(curve) - 1) / 2
    return float(steps @ curve / (steps @ steps))
