r"""What a few numbers, one for each seed, say about their mean.

Trials of one seed share their initial weights and the order of the data, so arms are compared by the differences
within each seed, of which there are few. The tests that stand up to few differences are those of Student's
distribution, which are exact for normal differences; rank and sign tests cannot reject at 5 % below five or six
pairs, and the bootstrap over so few seeds rejects true hypotheses far too often (docs/findings.md has the rates).

Sources: W. S. Gosset ("Student"), The probable error of a mean, Biometrika 6 (1908), for the paired t;
D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987), for two one-sided tests of equivalence; S. Holm, Scand. J.
Statist. 6 (1979), for families; R. L. Berger, Technometrics 24 (1982), for claims that consist of several.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Below this no test is made. Two differences have one degree of freedom: the test is exact for normal ones only,
#: nothing about them can be seen in two, and the 90 % interval is nine times as wide as their distance.
FEWEST = 3

#: The power that a sample size is told for.
POWER = 0.8

#: A study that needs more seeds than this will not be run.
MOST_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """Numbers of several seeds: their count, mean and standard deviation.

    ``floored`` says that the deviation is not what was seen, but the least that the numbers can be known to.
    ``shared`` is the part of their variance by which numbers of different seeds go together, where they are not
    independent; it does not become less with more seeds.

    >>> sample = Sample.of([0.02, 0.03, 0.04])
    >>> round(sample.mean, 3), round(sample.deviation, 3), round(sample.above(0.0), 4)
    (0.03, 0.01, 0.0175)
    """

    count: int
    mean: float
    deviation: float
    floored: bool = False
    shared: float = 0.0

    @staticmethod
    def of(values: Sequence[float] | NDArray[np.float64], floor: float = 0.0) -> Sample:
        """The sample of some values. ``floor`` is the least deviation, for values known to no better than that.

        Accuracies of n samples step by 1/n. Where all seeds agree to the step, their deviation is not 0 but
        unseen; it is taken to be that of the rounding. Without this, agreement would prove anything.
        """
        array = np.asarray(values, dtype=np.float64)
        if not len(array):
            return Sample(0, math.nan, math.nan)
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges is finite for a while, and huge
            deviation = float(array.std(ddof=1)) if len(array) > 1 else math.nan
        least = max(floor, 1e-12 * float(np.abs(array).max()), 1e-300)
        return Sample(len(array), float(array.mean()), max(deviation, least), not deviation >= least)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.deviation * math.sqrt(1 / self.count + self.shared)

    @property
    def testable(self) -> bool:
        """Whether there are seeds enough for a test, and their numbers are finite."""
        return self.count >= FEWEST and math.isfinite(self.mean) and math.isfinite(self.deviation)

    def above(self, value: float) -> float:
        """The p value of "the mean is larger than this", one-sided; 1 where nothing can be tested."""
        return student(self.count - 1, (value - self.mean) / self.error) if self.testable else 1.0

    def below(self, value: float) -> float:
        """The p value of "the mean is smaller than this"."""
        return student(self.count - 1, (self.mean - value) / self.error) if self.testable else 1.0

    def within(self, margin: float) -> float:
        """The p value of "the mean is closer to 0 than this": two one-sided tests, of which the worse counts.

        >>> Sample.of([0.001, -0.001, 0.0005, 0.0]).within(0.01) < 0.001
        True
        >>> Sample.of([0.01, -0.02, 0.02]).within(0.01) > 0.3  # no difference is seen, and none is excluded
        True
        """
        return max(self.above(-margin), self.below(margin))

    def outside(self, margin: float) -> float:
        """The p value of "the mean is further from 0 than this", in whichever direction."""
        return min(1.0, 2 * min(self.above(margin), self.below(-margin)))

    def interval(self, alpha: float) -> tuple[float, float] | None:
        """The interval at the level 1 − 2α: its ends are where the one-sided tests at α turn."""
        if not self.testable:
            return None
        reach = critical(self.count - 1, alpha) * self.error
        return self.mean - reach, self.mean + reach

    def distance(self, value: float) -> float:
        """How far the mean is from a value, in standard deviations; NaN if that is not known."""
        return abs(self.mean - value) / self.deviation if self.testable else math.nan


def student(degrees: int, t: float) -> float:
    """The probability that Student's t is at most this.

    >>> round(student(2, -2.92), 3)
    0.05
    """
    return float(_special().stdtr(degrees, t))


@lru_cache(maxsize=512)
def critical(degrees: int, alpha: float) -> float:
    """What Student's t exceeds with probability alpha.

    >>> round(critical(2, 0.05), 2)
    2.92
    """
    return -float(_special().stdtrit(degrees, alpha))


def power(count: int, distance: float, alpha: float) -> float:
    """The power of a one-sided t test of so many seeds, with the mean so many deviations away.

    By the noncentral t distribution (J. Cohen, Statistical Power Analysis, 1988, chapter 2).

    >>> round(power(6, 1.0, 0.05), 2)
    0.68
    """
    reached = float(_special().nctdtr(count - 1, distance * math.sqrt(count), critical(count - 1, alpha)))
    return 1.0 if math.isnan(reached) else 1 - reached


def seeds_for(distance: float, alpha: float) -> int | None:
    """About how many seeds would tell a mean that is so many deviations away; None if more than a thousand.

    A rough figure: the distance that goes in is itself known from few seeds.

    >>> seeds_for(1.0, 0.05), seeds_for(0.01, 0.05)
    (8, None)
    """
    if not distance > 0:
        return None
    # The normal approximation is a little too low, and by less the more seeds there are.
    normal = float(_special().ndtri(1 - alpha) + _special().ndtri(POWER))
    count = max(FEWEST, math.floor(min(float(MOST_SEEDS), (normal / distance) ** 2)))
    while count < MOST_SEEDS and power(count, distance, alpha) < POWER:
        count += 1
    return count if count < MOST_SEEDS else None


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """p values after Holm's correction for their number, in the same order (S. Holm, 1979).

    The smallest of n counts n times, the next n − 1 times, and none becomes smaller than one before it.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    # statsmodels has this, and collects all garbage in every call: 60 ms for a handful of numbers.
    adjusted, least = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = least
    return tuple(adjusted)


def in_sequence(values: Sequence[float], alpha: float) -> int:
    """How many hypotheses, tested one after the other in the order given, are rejected before the first is not.

    No correction is needed: the chance of a false one is alpha at most, for it must be the first true one.
    (W. Maurer, L. A. Hothorn, W. Lehmacher, in Biometrie in der chemisch-pharmazeutischen Industrie 6, 1995.)

    >>> in_sequence([0.01, 0.04, 0.2, 0.001], 0.05)
    2
    """
    for count, value in enumerate(values):
        if not value <= alpha:
            return count
    return len(values)


@lru_cache(maxsize=1)
def _special() -> Any:
    # Not scipy.stats, which has the same functions and takes a second to import.
    from scipy import special  # pyright: ignore[reportMissingTypeStubs]

    return special
