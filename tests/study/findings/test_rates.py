"""Simulated studies with known truth: how often the judge says what must not be said, and how often it tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.study.findings.rates import PAGE, rows_of
from tests.study.findings.simulated import ALPHA, CASES, EPOCHS, MARGINS, Case, Noise, rate, studies, world

from gradbook.study.findings import onset
from gradbook.study.findings.inference import Sample
from gradbook.study.findings.listing import findings
from gradbook.study.findings.statements import Equivalent, Exceeds, Metric, Outcome, Statement
from gradbook.study.results import Results

#: The most that a rate may be.
MOST = 1.2 * ALPHA

#: Studies for each case; those that take several milliseconds each get fewer.
MANY, FEW = 2000, 600
SLOW = ("dominates", "from n")


def known(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def too_high(share: float, count: int) -> bool:
    """Whether so many false outcomes cannot be the luck of a rate that is allowed."""
    return bool(stats.binomtest(round(share * count), count, MOST, alternative="greater").pvalue < 0.001)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_false_is_said_no_more_often_than_alpha_allows(case: Case) -> None:
    count = FEW if any(word in case.name for word in SLOW) else MANY
    false = rate(case, case.edge, 3, count, Noise.NORMAL)
    assert not too_high(false, count), f"{false:.1%} of {count}"


@pytest.mark.parametrize("name", ["A exceeds B", "A and B are equal", "A overfits", "A is best of 2"])
@pytest.mark.parametrize("noise", [Noise.HEAVY, Noise.FINE])
@pytest.mark.parametrize("seeds", [6, 10])
def test_neither_heavy_tails_nor_single_steps_make_it_false(name: str, noise: Noise, seeds: int) -> None:
    case = known(name)
    false = rate(case, case.edge, seeds, 1000, noise)
    assert not too_high(false, 1000), f"{false:.1%}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_clearly_so_is_told_with_ten_seeds(case: Case) -> None:
    assert rate(case, case.clear, 10, 60, Noise.NORMAL) > 0.4


# --- the harness finds methods that are wrong ----------------------------------------------------


def above_its_own_minimum(results: Results, _: Sequence[Statement]) -> Outcome:
    """The rise of each run above its own minimum, which is what people look at."""
    curves = results.curves["test_loss"][0]
    return _t_test(onset.rises(curves, np.argmin(curves, axis=1)))


def held_out_but_taken_for_independent(results: Results, _: Sequence[Statement]) -> Outcome:
    curves = results.curves["test_loss"][0]
    return _t_test(onset.rises(curves, onset.held_out_minima(curves)))


def _t_test(values: NDArray[np.float64]) -> Outcome:
    return Outcome.SUPPORTED if Sample.of(values).above(0) <= ALPHA else Outcome.OPEN


def percentiles_of_the_bootstrap(results: Results, _: Sequence[Statement]) -> Outcome:
    values = results.curves["test_accuracy"][:, :, -1]
    drawn = np.random.default_rng(0).integers(0, values.shape[1], (400, values.shape[1]))
    lowest = np.quantile((values[0] - values[1])[drawn].mean(axis=1), ALPHA)
    return Outcome.SUPPORTED if lowest > 0 else Outcome.OPEN


def absence_of_evidence(results: Results, _: Sequence[Statement]) -> Outcome:
    """Equal because no difference was found."""
    values = results.curves["test_accuracy"][:, :, -1]
    sample = Sample.of(values[0] - values[1], floor=1e-4)
    return Outcome.SUPPORTED if min(sample.above(0), sample.below(0)) > ALPHA / 2 else Outcome.OPEN


@pytest.mark.parametrize(
    ("name", "method", "seeds"),
    [
        ("A overfits", above_its_own_minimum, 3),
        ("A overfits", held_out_but_taken_for_independent, 10),
        ("A exceeds B", percentiles_of_the_bootstrap, 3),
        ("A and B are equal", absence_of_evidence, 3),
    ],
)
def test_the_harness_catches_methods_that_are_wrong(name: str, method: object, seeds: int) -> None:
    case = known(name)
    false = rate(case, case.edge, seeds, MANY, Noise.NORMAL, said=method)  # pyright: ignore[reportArgumentType]
    assert too_high(false, MANY), f"{false:.1%}"


# --- the list as a whole -------------------------------------------------------------------------


def test_a_list_about_arms_that_are_all_alike_seldom_tells_them_apart() -> None:
    generator, count = np.random.default_rng(7), 400
    told = 0
    for results in studies(world(3), 4, count, Noise.NORMAL, generator):
        shown = [f.statement for f in findings(results) if f.outcome is Outcome.SUPPORTED]
        told += any(isinstance(said, Exceeds) for said in shown)
    assert not too_high(told / count, count), f"{told / count:.1%}"


def test_equality_is_never_read_off_noise() -> None:
    """Arms that differ by more than the margin in truth, under noise that hides it."""
    generator, count = np.random.default_rng(8), 400
    told = 0
    for results in studies(world(test_accuracy=[MARGINS.accuracy, 0]), 3, count, Noise.HEAVY, generator):
        results.curves["test_accuracy"][:] += 0.05 * generator.standard_normal((2, 3, EPOCHS))
        told += any(
            isinstance(f.statement, Equivalent)
            and f.statement.metric is Metric.TEST_ACCURACY
            and f.outcome is Outcome.SUPPORTED
            for f in findings(results)
        )
    assert not too_high(told / count, count), f"{told / count:.1%}"


def test_the_page_has_the_rates_of_every_case_and_none_is_too_high() -> None:
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert {(row[0], int(row[1])) for row in rows} == {(c.name, seeds) for c in CASES for seeds in c.seeds}
    for row in rows:
        for share in row[2:5]:
            assert not too_high(float(share.rstrip("%")) / 100, int(row[6])), row
