"""What the judge says of studies whose numbers are plain to see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.study.findings.simulated import EPOCHS, Noise, World, studies, trial, world

from gradbook.study.findings.judging import denied, judge
from gradbook.study.findings.listing import findings
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Figure,
    Finding,
    Improving,
    Learns,
    Level,
    Manner,
    Margins,
    Metric,
    Outcome,
    Overfits,
    Reaches,
    Response,
    RisesFaster,
    Shape,
    Statement,
    Stays,
    When,
)
from gradbook.study.results import Results
from gradbook.study.schema import TrialState

ACC, LOSS = Metric.TEST_ACCURACY, Metric.TEST_LOSS

EVERY: tuple[Statement, ...] = (
    Learns(0),
    Exceeds(0, 1, ACC),
    Exceeds(0, 1, Metric.GAP, When.BEST, 0.01),
    Equivalent((0, 1, 2), LOSS, When.CURVE),
    Equivalent((0, 1), LOSS, every=True),
    Dominates(0, 1, ACC, 5, converge=True),
    Overfits(0),
    Overfits(0, 12),
    RisesFaster(0, 1),
    Best(0),
    Improving(0),
    Level(0, ACC, 0.1, 0.9),
    Response("weight_decay", ACC, Shape.U),
    Response("weight_decay", LOSS, Shape.INCREASING),
)


def made(true: World, seeds: int = 6, start: int = 0) -> Results:
    return next(studies(true, seeds, 1, Noise.NORMAL, np.random.default_rng(start)))


def with_states(results: Results, states: dict[tuple[int, int], TrialState], done: int = 4) -> Results:
    """The study with some trials in other states, their curves cut off."""
    trials = dict(results.trials)
    for (arm, seed), state in states.items():
        trials[arm, seed] = trial(arm, seed, state, done)
        for curve in results.curves.values():
            curve[arm, seed, done:] = np.nan
    return replace(results, trials=trials)


def outcome(results: Results, *statements: Statement) -> Outcome:
    return judge(results, statements).outcome


DIFFERENT = world(3, test_accuracy=[0.1, 0.0, -0.2], test_loss=[0.0, 0.4, 0.8])


def test_differences_are_supported_one_way_and_contradicted_the_other() -> None:
    results = made(DIFFERENT)
    assert outcome(results, Exceeds(0, 1, ACC)) is Outcome.SUPPORTED
    assert outcome(results, Exceeds(1, 0, ACC)) is Outcome.CONTRADICTED
    assert outcome(results, Exceeds(0, 1, ACC, by=0.05)) is Outcome.SUPPORTED
    assert outcome(results, Exceeds(0, 1, ACC, by=0.2)) is Outcome.CONTRADICTED
    assert outcome(results, Equivalent((0, 1), ACC)) is Outcome.CONTRADICTED
    assert outcome(results, Equivalent((0, 1), ACC, margin=0.2)) is Outcome.SUPPORTED
    assert outcome(results, Best(0)) is Outcome.SUPPORTED
    assert outcome(results, Best(1)) is Outcome.CONTRADICTED


def test_a_difference_claimed_where_equality_is_shown_is_contradicted() -> None:
    found = judge(made(world()), [Exceeds(0, 1, ACC)], Margins(accuracy=0.05))
    assert found.outcome is Outcome.CONTRADICTED
    assert "less than the margin 0.05" in " ".join(found.evidence)


@pytest.mark.parametrize("statement", EVERY, ids=repr)
@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds_are_described_and_decide_nothing(statement: Statement, seeds: int) -> None:
    found = judge(made(DIFFERENT, seeds), [statement])
    assert (found.outcome, found.described, found.p, found.interval) == (Outcome.OPEN, True, None, None)
    assert found.underpowered
    assert f"not decidable with {seeds} seed" in found.evidence[0]
    assert len(found.evidence) > 1


@pytest.mark.parametrize("statement", EVERY, ids=repr)
def test_denial_swaps_the_outcomes_and_keeps_the_evidence(statement: Statement) -> None:
    results = made(DIFFERENT)
    said, contrary = judge(results, [statement]), judge(results, [Denied(statement)])
    swapped = {Outcome.SUPPORTED: Outcome.CONTRADICTED, Outcome.CONTRADICTED: Outcome.SUPPORTED}
    assert contrary.outcome is swapped.get(said.outcome, Outcome.OPEN)
    assert judge(results, [Denied(Denied(statement))]).outcome is said.outcome
    assert denied(denied(statement)) == statement


@pytest.mark.parametrize("statement", EVERY, ids=repr)
def test_fewer_than_six_seeds_are_marked(statement: Statement) -> None:
    found = judge(made(DIFFERENT, 3), [statement])
    assert found.underpowered
    assert not judge(made(DIFFERENT, 6), [statement]).underpowered


def test_several_statements_hold_if_each_does_and_fail_if_one_does() -> None:
    results = made(DIFFERENT)
    both = judge(results, [Exceeds(0, 1, ACC), Exceeds(1, 2, ACC)])
    assert both.outcome is Outcome.SUPPORTED
    assert both.statement == (Exceeds(0, 1, ACC), Exceeds(1, 2, ACC))
    assert both.p == max(judge(results, [s]).p or 1 for s in (Exceeds(0, 1, ACC), Exceeds(1, 2, ACC)))
    assert outcome(results, Exceeds(0, 1, ACC), Exceeds(2, 1, ACC)) is Outcome.CONTRADICTED
    close = made(world(3), 3)
    assert outcome(close, Exceeds(0, 1, ACC), Equivalent((0, 1), LOSS, margin=1.0)) is Outcome.OPEN


def test_what_is_open_says_how_many_seeds_would_tell() -> None:
    found = judge(made(world(test_loss=[0.03, 0]), 3), [Exceeds(0, 1, LOSS)])
    assert found.outcome is Outcome.OPEN
    assert "seeds would tell (80 % power" in found.evidence[0]


def flat(results: Results, arm: int) -> None:
    chance = {"loss": np.log(10), "accuracy": 0.1}
    for name, curve in results.curves.items():
        if (kind := name.split("_")[-1]) in chance:
            curve[arm] = chance[kind]


def test_flat_at_chance_does_not_learn_and_what_collapsed_is_not_flat() -> None:
    results = made(DIFFERENT)
    flat(results, 2)
    assert outcome(results, Denied(Learns(2))) is Outcome.SUPPORTED
    assert outcome(results, Learns(0)) is Outcome.SUPPORTED
    collapsed = made(DIFFERENT)
    flat(collapsed, 2)
    for name, curve in collapsed.curves.items():
        curve[2, :, 3:6] = curve[0, :, 20:23]
        assert name
    assert outcome(collapsed, Denied(Learns(2))) is not Outcome.SUPPORTED


def test_the_constant_prediction_knows_the_shares_of_the_classes() -> None:
    results = made(DIFFERENT)
    shares = [0.82] + [0.02] * 9
    data = {**results.study.data, "shares": dict.fromkeys(("train", "test", "validation"), shares)}
    unequal = replace(results, study=replace(results.study, data=data))
    assert "constant prediction 0.82" in " ".join(judge(unequal, [Learns(2)]).evidence)
    old = {name: value for name, value in results.study.data.items() if name != "shares"}
    found = judge(replace(results, study=replace(results.study, data=old)), [Learns(2)])
    assert "taken to be equal" in " ".join(found.evidence)


def test_arms_that_diverged() -> None:
    states = {(2, seed): TrialState.DIVERGED for seed in range(6)}
    results = with_states(made(DIFFERENT), states)
    found = judge(results, [Diverges(2)])
    assert (found.outcome, found.described, found.underpowered) == (Outcome.SUPPORTED, True, False)
    assert outcome(results, Diverges(0)) is Outcome.CONTRADICTED
    assert outcome(results, Learns(2)) is Outcome.CONTRADICTED
    assert outcome(results, Best(2)) is Outcome.CONTRADICTED
    assert outcome(results, Best(0)) is Outcome.SUPPORTED
    for statement in (Exceeds(0, 2, ACC), Overfits(2), Improving(2), Level(2, ACC, 0.5), RisesFaster(2, 0)):
        assert outcome(results, statement) is Outcome.OPEN
    assert findings(results)[0].statement == Diverges(2)


def test_pairs_without_a_partner_do_not_count_and_are_told() -> None:
    results = with_states(made(DIFFERENT), {(0, 1): TrialState.FAILED, (1, 2): TrialState.DIVERGED})
    found = judge(results, [Exceeds(0, 1, ACC)])
    assert (found.outcome, found.seeds) == (Outcome.SUPPORTED, 4)
    assert "4 of 6 seeds count" in " ".join(found.evidence)
    left = {(0, seed): TrialState.FAILED for seed in range(4)}
    assert outcome(with_states(made(DIFFERENT), left), Exceeds(0, 1, ACC)) is Outcome.OPEN


def test_saturated_accuracies_are_equal_and_never_better() -> None:
    results = made(world())
    results.curves["test_accuracy"][:] = 1.0
    assert outcome(results, Exceeds(0, 1, ACC)) is Outcome.CONTRADICTED
    found = judge(results, [Equivalent((0, 1), ACC)])
    assert found.outcome is Outcome.SUPPORTED
    assert "all seeds agree" in " ".join(found.evidence)
    results.curves["test_loss"][:] = 0.0
    assert outcome(results, Overfits(0)) is not Outcome.SUPPORTED
    assert outcome(results, Improving(0, LOSS)) is Outcome.CONTRADICTED


def test_huge_losses_before_a_divergence_break_nothing() -> None:
    results = made(DIFFERENT)
    results.curves["test_loss"][2] = np.geomspace(1, 1e300, EPOCHS)
    results.curves["validation_loss"][2] = np.inf
    for statement in EVERY:
        judge(results, [statement])
    findings(results)


def test_the_onset_lies_where_the_mean_curve_turns() -> None:
    results = made(
        world(3, test_loss=0.04 * np.maximum(0, np.arange(EPOCHS) - 11) * np.array([[1], [1], [0]]))
    )
    found = judge(results, [Overfits(0, 12)])
    assert found.outcome is Outcome.SUPPORTED, found
    assert outcome(results, Overfits(0, 25)) is Outcome.CONTRADICTED
    assert outcome(results, Overfits(2)) is not Outcome.SUPPORTED
    assert outcome(results, RisesFaster(0, 2)) is Outcome.SUPPORTED


def grid(results: Results) -> Results:
    """Two settings, of which arms 0 to 2 and 3 to 5 are slices with all else equal."""
    values: list[dict[str, Any]] = [
        {"learning_rate": rate, "weight_decay": decay} for rate in (0.1, 0.01) for decay in (1.0, 10.0, 100.0)
    ]
    arms = tuple(replace(arm, values=value) for arm, value in zip(results.arms, values, strict=True))
    return replace(results, arms=arms)


def test_a_response_must_be_seen_in_every_slice_of_a_grid() -> None:
    said = Response("weight_decay", LOSS, Shape.INCREASING)
    assert outcome(grid(made(world(6, test_loss=[0, 0.3, 0.6, 1, 1.3, 1.6]))), said) is Outcome.SUPPORTED
    assert outcome(grid(made(world(6, test_loss=[0, 0.3, 0.6, 1.6, 1.3, 1]))), said) is Outcome.CONTRADICTED
    bent = Response("weight_decay", LOSS, Shape.U)
    assert outcome(grid(made(world(6, test_loss=[0.3, 0, 0.3, 1.3, 1, 1.3]))), bent) is Outcome.SUPPORTED
    assert outcome(grid(made(world(6, test_loss=[0.3, 0, 0.3, 1.3, 1.5, 1.3]))), bent) is Outcome.CONTRADICTED
    two = Response("learning_rate", LOSS, Shape.U)
    assert "needs 3 values" in judge(grid(made(world(6))), [two]).evidence[0]


def test_settings_without_an_order_have_no_response() -> None:
    results = made(world(3))
    arms = tuple(
        replace(arm, values={"optimizer": name}) for arm, name in zip(results.arms, "abc", strict=True)
    )
    found = judge(replace(results, arms=arms), [Response("optimizer", LOSS, Shape.INCREASING)])
    assert "no order" in found.evidence[0]
    assert findings(replace(results, arms=arms)) is not None


def test_without_validation_there_is_no_best_epoch_and_no_choice() -> None:
    results = made(DIFFERENT)
    for name in ("validation_loss", "validation_accuracy"):
        results.curves[name][:] = np.nan
    assert "no validation set" in judge(results, [Exceeds(0, 1, ACC, When.BEST)]).evidence[0]
    assert outcome(results, Best(0)) is Outcome.OPEN
    assert outcome(results, Learns(0)) is Outcome.SUPPORTED
    findings(results)


def test_arms_of_different_length_are_compared_at_their_own_end() -> None:
    results = made(world(2))
    trials = {
        place: replace(t, epochs=10, done=10) if place[0] == 0 else t for place, t in results.trials.items()
    }
    for curve in results.curves.values():
        curve[0, :, 10:] = np.nan
    short = replace(results, trials=trials)
    found = judge(short, [Exceeds(1, 0, Metric.TRAIN_ACCURACY)])
    assert (found.outcome, found.seeds) == (Outcome.SUPPORTED, 6)
    assert outcome(short, Improving(0, Metric.TRAIN_LOSS)) is Outcome.SUPPORTED
    assert "10 epochs only" in judge(short, [Dominates(0, 1, LOSS, 20)]).evidence[0]
    findings(short)


@pytest.mark.parametrize(
    "statement",
    [Learns(3), Exceeds(0, 9, ACC), Exceeds(1, 1, ACC), Equivalent((0,), ACC), Denied(Best(-1))],
    ids=repr,
)
def test_arms_that_are_not_there_are_refused(statement: Statement) -> None:
    with pytest.raises(ValueError, match="expected"):
        judge(made(DIFFERENT), [statement])


def test_calls_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one statement"):
        judge(made(DIFFERENT), [])
    with pytest.raises(ValueError, match="a setting that varies"):
        judge(made(DIFFERENT), [Response("momentum", LOSS, Shape.U)])


def test_the_list_starts_with_what_matters_and_has_no_contradiction_in_itself() -> None:
    results = made(DIFFERENT)
    flat(results, 2)
    found = findings(results)
    assert found[0].statement == Denied(Learns(2))
    assert found[1].statement == Best(0)
    shown = [f for f in found if f.outcome is Outcome.SUPPORTED]
    assert found[: len(shown)] == tuple(shown)
    for one in found:
        assert judge(results, [statement_of(one)]).outcome is one.outcome, one
    assert len(found) < 25


def statement_of(found: Finding) -> Statement:
    assert not isinstance(found.statement, tuple)
    return found.statement


def test_a_study_of_many_arms_is_not_a_flood() -> None:
    found = findings(made(world(12, test_accuracy=np.linspace(0, -0.3, 12).tolist())))
    assert 0 < len(found) < 50


def test_a_figure_is_compared_with_the_record() -> None:
    results = made(DIFFERENT)
    last = results.curves["test_accuracy"][0, :, -1]
    mean, low, high = float(last.mean()), float(last.min()), float(last.max())

    def said(value: float, digits: int, *, about: bool = False) -> Finding:
        return judge(results, [Figure(0, ACC, round(value, digits), digits, about=about)])

    assert said(mean, 3).outcome is Outcome.SUPPORTED
    assert said(mean + 0.003, 3).outcome is not Outcome.SUPPORTED
    assert said(mean + 0.003, 3, about=True).outcome is Outcome.SUPPORTED
    cut_off = math.floor(mean * 1000) / 1000
    assert said(cut_off, 3).outcome is Outcome.SUPPORTED
    far = judge(results, [Figure(0, ACC, round(high + 0.03, 3), 3)])
    assert far.outcome is Outcome.CONTRADICTED
    assert far.p is None  # nothing was tested
    assert judge(results, [Denied(Figure(0, ACC, round(high + 0.03, 3), 3))]).outcome is Outcome.SUPPORTED
    # One seed comes to it: perhaps that one was meant.
    assert abs(low - mean) > 0.001
    assert said(low, 4).outcome is Outcome.OPEN
    assert "single seeds" in said(low, 4).evidence[0]


def test_a_figure_of_an_arm_without_numbers_is_open() -> None:
    results = with_states(made(DIFFERENT), {(0, seed): TrialState.DIVERGED for seed in range(6)})
    assert outcome(results, Figure(0, ACC, 0.5, 1)) is Outcome.OPEN


def drawn(*means: Sequence[float], spread: float = 0.001) -> Results:
    """A study in which the mean test accuracy of each arm goes through these numbers; six seeds around it."""
    results = made(world(len(means)))
    rows = np.array(means)[:, None, :] + spread * np.array([-2, -1, -0.5, 0.5, 1, 2])[None, :, None]
    trials = {
        place: replace(t, epochs=rows.shape[2], done=rows.shape[2]) for place, t in results.trials.items()
    }
    curves = {name: curve[:, :, : rows.shape[2]] for name, curve in results.curves.items()}
    return replace(results, trials=trials, curves={**curves, "test_accuracy": rows})


def test_a_metric_that_reaches_a_number_by_an_epoch() -> None:
    results = drawn([0.5, 0.6, 0.696, 0.69])
    assert outcome(results, Reaches(0, ACC, 0.6, 2, 2)) is Outcome.SUPPORTED
    assert outcome(results, Reaches(0, ACC, 0.6, 2, 1)) is Outcome.CONTRADICTED
    assert outcome(results, Reaches(0, ACC, 0.70, 2, 4)) is Outcome.SUPPORTED  # 0.696 is 0.70 when rounded
    assert outcome(results, Reaches(0, ACC, 0.700, 3, 4)) is Outcome.CONTRADICTED
    assert outcome(results, Reaches(0, ACC, 0.700, 3, 4, about=True)) is Outcome.SUPPORTED
    assert outcome(results, Reaches(0, ACC, 0.6975, 4, 4)) is Outcome.OPEN  # single seeds do
    assert outcome(results, Reaches(0, Metric.WEIGHT_NORM, 3.0, 1, 4)) is Outcome.OPEN
    falling = replace(results, curves={**results.curves, "test_loss": 1 - results.curves["test_accuracy"]})
    assert outcome(falling, Reaches(0, LOSS, 0.4, 1, 2)) is Outcome.SUPPORTED
    assert outcome(falling, Reaches(0, LOSS, 0.2, 1, 4)) is Outcome.CONTRADICTED


def test_a_metric_that_stays_on_one_side_of_a_number() -> None:
    results = drawn([0.5, 0.7, 0.71, 0.69])
    assert outcome(results, Stays(0, ACC, None, 0.72)) is Outcome.SUPPORTED
    assert outcome(results, Stays(0, ACC, None, 0.7)) is Outcome.CONTRADICTED
    assert outcome(results, Denied(Stays(0, ACC, None, 0.7))) is Outcome.SUPPORTED
    assert outcome(results, Stays(0, ACC, None, 0.711)) is Outcome.OPEN  # single seeds do not
    assert outcome(results, Stays(0, ACC, 0.6)) is Outcome.CONTRADICTED
    assert outcome(results, Stays(0, ACC, 0.6, start=2)) is Outcome.SUPPORTED
    assert outcome(results, Stays(0, ACC, None, 0.6, 1, 1)) is Outcome.SUPPORTED
    assert outcome(results, Stays(0, ACC, 0.6, 0.705, 2)) is Outcome.CONTRADICTED
    assert (
        "in epoch 4: 0.69, highest in epoch 3: 0.71"
        in judge(results, [Stays(0, ACC, 0.6, start=2)]).evidence[0]
    )
    with pytest.raises(ValueError, match="expected a bound"):
        judge(results, [Stays(0, ACC)])


def test_a_figure_that_stays_holds_in_the_last_quarter() -> None:
    def stays(*means: float) -> Outcome:
        return outcome(drawn(means), Figure(0, ACC, 0.70, 2, manner=Manner.STAYS))

    assert stays(*[0.5] * 6, 0.695, 0.70) is Outcome.SUPPORTED
    assert stays(*[0.5] * 6, 0.65, 0.70) is Outcome.OPEN
    assert stays(*[0.7] * 6, 0.70, 0.65) is Outcome.CONTRADICTED


def test_a_figure_that_an_arm_comes_to_is_refuted_only_if_no_epoch_has_it() -> None:
    def comes(value: float) -> Outcome:
        return outcome(drawn([0.5, 0.75, 0.7]), Figure(0, ACC, value, 2, manner=Manner.COMES))

    assert comes(0.70) is Outcome.SUPPORTED
    assert comes(0.75) is comes(0.60) is Outcome.OPEN
    assert comes(0.80) is Outcome.CONTRADICTED


def test_a_figure_that_an_arm_comes_only_to_is_the_best_and_the_last() -> None:
    def only(value: float, *means: float) -> Outcome:
        return outcome(drawn(means), Figure(0, ACC, value, 2, manner=Manner.ONLY))

    assert only(0.70, 0.5, 0.69, 0.70) is Outcome.SUPPORTED
    assert only(0.70, 0.5, 0.75, 0.70) is Outcome.OPEN
    assert only(0.75, 0.5, 0.75, 0.70) is Outcome.OPEN
    assert only(0.80, 0.5, 0.75, 0.70) is only(0.60, 0.5, 0.75, 0.70) is Outcome.CONTRADICTED


def test_a_figure_that_is_the_best_of_all_epochs() -> None:
    def best(value: float, digits: int = 2) -> Outcome:
        return outcome(drawn([0.5, 0.75, 0.7]), Figure(0, ACC, value, digits, manner=Manner.BEST))

    assert best(0.75) is Outcome.SUPPORTED
    assert best(0.70) is best(0.80) is Outcome.CONTRADICTED
    assert best(0.752, 3) is Outcome.OPEN  # a single seed has that


def test_a_difference_of_a_number_must_be_there_and_be_that() -> None:
    results = drawn([0.5, 0.730], [0.5, 0.701])
    assert outcome(results, ExceedsBy(0, 1, ACC, 0.029, 3)) is Outcome.SUPPORTED
    assert outcome(results, ExceedsBy(0, 1, ACC, 0.03, 2)) is Outcome.SUPPORTED
    assert outcome(results, ExceedsBy(0, 1, ACC, 0.05, 2)) is Outcome.CONTRADICTED
    assert outcome(results, ExceedsBy(0, 1, ACC, 0.02, 2, about=True)) is Outcome.SUPPORTED
    assert outcome(results, ExceedsBy(1, 0, ACC, 0.03, 2)) is Outcome.CONTRADICTED
    noisy = made(world(2, test_accuracy=[0.0, 0.001]), 3)
    shown = noisy.curves["test_accuracy"][:, :, -1]
    difference = round(float((shown[1] - shown[0]).mean()), 4)
    less, more = (0, 1) if difference > 0 else (1, 0)
    assert (
        outcome(noisy, ExceedsBy(more, less, ACC, abs(difference), 4)) is Outcome.OPEN
    )  # not shown to be there


def test_equal_in_the_mean_over_the_epochs_is_not_equal_in_every_epoch() -> None:
    results = drawn([0.5, 0.6, 0.75, 0.7], [0.5, 0.6, 0.70, 0.75])
    assert outcome(results, Equivalent((0, 1), ACC, When.CURVE)) is Outcome.SUPPORTED
    found = judge(results, [Equivalent((0, 1), ACC, every=True)])
    assert found.outcome is Outcome.CONTRADICTED
    assert "in epoch 3" in found.evidence[0] or "in epoch 4" in found.evidence[0]
    alike = drawn([0.5, 0.6, 0.75], [0.501, 0.6, 0.749])
    assert outcome(alike, Equivalent((0, 1), ACC, every=True)) is Outcome.SUPPORTED
