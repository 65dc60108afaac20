"""Our tests agree with SciPy's and statsmodels', and hold where spread is degenerate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from gradbook.study.findings.inference import Sample, holm, in_sequence, power, seeds_for


@pytest.mark.parametrize("count", [3, 5, 6, 10])
def test_paired_tests_and_intervals_are_those_of_scipy(count: int) -> None:
    generator = np.random.default_rng(count)
    one, other = generator.normal(1, 1, count), generator.normal(0, 1, count)
    sample = Sample.of(one - other)
    found = stats.ttest_rel(one, other, alternative="greater")
    assert sample.above(0) == pytest.approx(found.pvalue)
    assert sample.below(0) == pytest.approx(1 - found.pvalue)
    interval = stats.ttest_rel(one, other).confidence_interval(0.9)
    assert sample.interval(0.05) == pytest.approx((interval.low, interval.high))
    assert sample.within(1.5) == pytest.approx(ttost_paired(one, other, -1.5, 1.5)[0])


def test_holm_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(1)
    for count in (1, 2, 7, 30):
        values = (generator.uniform(size=count) ** 3).tolist()
        assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])
    assert holm([]) == ()


@pytest.mark.parametrize("distance", [0.2, 0.7, 1.5, 3.0])
def test_power_and_sample_size_are_those_of_statsmodels(distance: float) -> None:
    theirs = TTestPower()
    assert power(8, distance, 0.05) == pytest.approx(
        theirs.power(distance, 8, 0.05, alternative="larger"), abs=1e-6
    )
    count = seeds_for(distance, 0.05)
    assert count is not None
    assert power(count, distance, 0.05) >= 0.8 or count == 3
    assert count == 3 or power(count - 1, distance, 0.05) < 0.8


def test_a_sequence_stops_at_the_first_that_is_not_rejected() -> None:
    assert in_sequence([0.2, 0.001], 0.05) == 0
    assert in_sequence([], 0.05) == 0
    assert in_sequence([0.01, math.nan, 0.01], 0.05) == 1


@pytest.mark.parametrize("values", [[], [0.1], [0.1, 0.2], [math.inf, 1, 2], [1e200, -1e200, 1e190]])
def test_nothing_is_concluded_from_fewer_than_three_or_from_what_is_not_finite(values: list[float]) -> None:
    sample = Sample.of(values)
    assert sample.above(-1e308) == 1.0
    assert sample.within(1e308) == 1.0
    assert sample.interval(0.05) is None


def test_agreement_to_the_step_is_no_certainty() -> None:
    step = 1 / 500
    sample = Sample.of([4 * step] * 3, floor=step / math.sqrt(6))
    assert sample.floored
    assert sample.within(5 * step) > 0.01
    assert sample.within(50 * step) < 0.001
    assert not Sample.of([4 * step, 5 * step, 4 * step], floor=step / math.sqrt(6)).floored
