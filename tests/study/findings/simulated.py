"""Simulated studies of which the truth is known, and how often the judge is wrong about them.

Test losses fall, level out and may rise again; accuracies are shares of a test set of 500; each seed shifts all arms
together, each trial has a level of its own that validation shares with test, and over the epochs runs autocorrelated
noise. In the kind HEAVY all noise is Student's with three degrees of freedom, in FINE it is so small that accuracies
move by single steps.

A case is one statement, in a world where it is on the very edge of what must not be said of it: a difference exactly
at the margin, a curve exactly flat, arms exactly equal. What must not be said is an outcome, and its rate may not pass
alpha. The power is that of the same statement in a world where it is clearly true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradbook.study.findings.judging import judge
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Dominates,
    Equivalent,
    Exceeds,
    Improving,
    Learns,
    Level,
    Margins,
    Metric,
    Outcome,
    Overfits,
    Response,
    RisesFaster,
    Shape,
    Statement,
)
from gradbook.study.results import Results
from gradbook.study.schema import METRICS, ArmRow, StudyRow, Trial, TrialState

Array = NDArray[np.float64]

EPOCHS = 30
TEST = 500
CLASSES = 10
ALPHA = 0.05
MARGINS = Margins()
CHANCE = 1 / CLASSES

#: Where the mean curves of test loss turn, if they do.
TURN = 12


class Noise(Enum):
    """What the noise of a world is like."""

    NORMAL = "normal"
    HEAVY = "heavy"
    FINE = "fine"

    @property
    def size(self) -> float:
        return 0.05 if self is Noise.FINE else 1.0

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Noise of variance 1 (or less, where it is FINE)."""
        if self is Noise.HEAVY:
            return generator.standard_t(3, shape) / np.sqrt(3)
        return self.size * generator.standard_normal(shape)


@dataclass(frozen=True)
class World:
    """What is true of a study: for each arm the mean curve of its losses and accuracies, each [arm, epoch]."""

    test_loss: Array
    train_loss: Array
    test_accuracy: Array
    train_accuracy: Array
    values: tuple[float, ...] = ()

    @property
    def arms(self) -> int:
        return len(self.test_loss)


def world(arms: int = 2, **curves: NDArray[Any] | Sequence[Array] | Sequence[float]) -> World:
    """A world of arms that are all alike, but for the curves given: [arm, epoch], or [arm] for level shifts."""
    places = np.arange(EPOCHS)
    base = {
        "test_loss": 0.6 + 1.5 * np.exp(-places / 3),
        "train_loss": 0.05 + 2.0 * np.exp(-places / 6),
        "test_accuracy": 0.8 - 0.6 * np.exp(-places / 3),
        "train_accuracy": 0.97 - 0.8 * np.exp(-places / 5),
    }
    made: dict[str, Array] = {}
    for name, curve in base.items():
        change = np.asarray(curves.get(name, np.zeros(arms)), dtype=float)
        made[name] = curve + (change[:, None] if change.ndim == 1 else change)
    return World(**made, values=tuple(10.0**arm for arm in range(arms)))


def studies(
    true: World, seeds: int, count: int, noise: Noise, generator: np.random.Generator
) -> Iterator[Results]:
    """Simulated studies of a world."""
    shape = (count, true.arms, seeds)
    common = 0.02 * noise.draw(generator, (count, 1, seeds))[..., None]
    own = noise.draw(generator, shape)[..., None]
    drawn = {
        "test_loss": true.test_loss[None, :, None, :] + common + 0.02 * own,
        "validation_loss": true.test_loss[None, :, None, :] + common + 0.02 * own,
        "train_loss": true.train_loss[None, :, None, :] + 0.002 * noise.draw(generator, shape)[..., None],
        "test_accuracy": true.test_accuracy[None, :, None, :] - common / 4 - 0.006 * own,
        "validation_accuracy": true.test_accuracy[None, :, None, :] - common / 4 - 0.006 * own,
        "train_accuracy": true.train_accuracy[None, :, None, :]
        + 0.002 * noise.draw(generator, shape)[..., None],
    }
    sizes = {"test_loss": 0.015, "validation_loss": 0.02, "train_loss": 0.003}
    sizes |= {"test_accuracy": 0.006, "validation_accuracy": 0.008, "train_accuracy": 0.001}
    curves: dict[str, Array] = {}
    for name, level in drawn.items():
        found = level + sizes[name] * autocorrelated(noise, generator, (*shape, EPOCHS))
        parts = 10 * TEST if name.startswith("train") else TEST
        curves[name] = np.round(found * parts) / parts if name.endswith("accuracy") else found
    rows = _rows(true, seeds)
    nothing = np.full((true.arms, seeds, EPOCHS), np.nan)
    for number in range(count):
        found = {name: curves[name][number] if name in curves else nothing for name in METRICS}
        yield Results(*rows, found)


def autocorrelated(
    noise: Noise, generator: np.random.Generator, shape: tuple[int, ...], share: float = 0.5
) -> Array:
    """Noise of variance 1 over the last axis, each value of which keeps a share of the one before."""
    drawn = noise.draw(generator, shape)
    for epoch in range(1, shape[-1]):
        drawn[..., epoch] = share * drawn[..., epoch - 1] + np.sqrt(1 - share**2) * drawn[..., epoch]
    return drawn


def trial(arm: int, seed: int, state: TrialState = TrialState.DONE, done: int = EPOCHS) -> Trial:
    nothing: dict[str, Any] = dict.fromkeys(
        ["cause", "stack", "way", "parameters", "initial_weights", "final_weights", "checkpoint", "owner"]
    )
    return Trial(
        configuration=f"k{arm}",
        seed=seed,
        state=state,
        epochs=EPOCHS,
        done=done,
        progress=done,
        checkpoint_epoch=done,
        started=None,
        finished=None,
        **nothing,
    )


def _rows(
    true: World, seeds: int
) -> tuple[StudyRow, tuple[ArmRow, ...], tuple[int, ...], dict[tuple[int, int], Trial]]:
    data = {
        "sizes": {"train": 10 * TEST, "validation": TEST, "test": TEST},
        "classes": [str(label) for label in range(CLASSES)],
        "shares": {part: [CHANCE] * CLASSES for part in ("train", "validation", "test")},
    }
    spec = {"seeds": list(range(seeds)), "vary": {"weight_decay": list(true.values)}}
    arms = tuple(
        ArmRow(arm, f"k{arm}", f"weight_decay={value:g}", {"weight_decay": value})
        for arm, value in enumerate(true.values)
    )
    trials = {(arm, seed): trial(arm, seed) for arm in range(true.arms) for seed in range(seeds)}
    row = StudyRow("simulated", spec, "/", data, {}, None, {}, 0.0)
    return row, arms, tuple(range(seeds)), trials


# --- cases ---------------------------------------------------------------------------------------

Judge = Callable[[Results, Sequence[Statement]], Outcome]


def ours(results: Results, statements: Sequence[Statement]) -> Outcome:
    """The outcome of the judge."""
    return judge(results, statements, MARGINS, ALPHA).outcome


@dataclass(frozen=True)
class Case:
    """A statement, an outcome that would be wrong in the world ``edge``, and a world where it would be right."""

    name: str
    edge: World
    statements: tuple[Statement, ...]
    wrong: Outcome = Outcome.SUPPORTED
    clear: World = field(default_factory=lambda: _EQUAL)
    seeds: tuple[int, ...] = field(default=(3, 5, 6, 10))


def rate(
    case: Case, true: World, seeds: int, count: int, noise: Noise, said: Judge = ours, start: int = 0
) -> float:
    """The share of simulated studies of a world in which the case's outcome comes out."""
    generator = np.random.default_rng([start, seeds, *case.name.encode()])
    found = studies(true, seeds, count, noise, generator)
    return sum(said(results, case.statements) is case.wrong for results in found) / count


def _turned(slope: float, at: int = TURN) -> Array:
    """What makes a test loss turn: from an epoch on it rises by so much in each."""
    return slope * np.maximum(0.0, np.arange(EPOCHS) - (at - 1))


def _sharp(slope: float, at: int = TURN) -> Array:
    """A change to a curve that falls to an epoch, and rises from there."""
    places = np.arange(EPOCHS)
    decayed = -1.5 * np.exp(-places / 3) + 1.5 * np.exp(-np.minimum(places, at - 1) / 3)
    return np.where(places < at, 0.0, decayed) + _turned(slope, at)


def _lead(until: int, size: float) -> Array:
    """A change by which a loss is lower up to an epoch, and no different from there on."""
    return np.where(np.arange(EPOCHS) < until, -size, 0.0)


def _flat(loss: float, accuracy: float) -> World:
    """The changes that make both arms flat, at so much better than chance."""
    base = world()
    entropy = float(np.log(CLASSES))
    target: dict[str, float] = {
        "test_loss": entropy - loss,
        "train_loss": entropy - loss,
        "test_accuracy": CHANCE + accuracy,
        "train_accuracy": CHANCE + accuracy,
    }
    changes = {name: np.tile(value - getattr(base, name)[0], (2, 1)) for name, value in target.items()}
    return world(2, **changes)


_ACC, _LOSS = Metric.TEST_ACCURACY, Metric.TEST_LOSS
_EQUAL = world()
_FLOOR = np.minimum(0.0, 0.6 - world().test_loss[0])  # takes the decay away: what is left is flat
_LEVEL = world(test_loss=np.tile(_FLOOR, (2, 1)))


def _over(margin: float) -> World:
    """An arm whose test loss is flat, but for one epoch in which it lies lower by exactly so much."""
    dip = np.where(np.arange(EPOCHS) == TURN, -margin, 0.0)
    return world(test_loss=np.stack([_FLOOR + dip, _FLOOR]))


CASES: tuple[Case, ...] = (
    Case(
        "A exceeds B",
        _EQUAL,
        (Exceeds(0, 1, _ACC),),
        clear=world(test_accuracy=[0.015, 0]),
    ),
    Case(
        "A exceeds B: contradicted",
        world(test_accuracy=[MARGINS.accuracy, 0]),
        (Exceeds(0, 1, _ACC),),
        Outcome.CONTRADICTED,
        clear=world(test_accuracy=[-0.015, 0]),
    ),
    Case(
        "A and B are equal",
        world(test_accuracy=[MARGINS.accuracy, 0]),
        (Equivalent((0, 1), _ACC),),
        clear=world(),
    ),
    Case(
        "A, B and C are equal: contradicted",
        world(3, test_loss=[MARGINS.loss, 0, MARGINS.loss / 2]),
        (Equivalent((0, 1, 2), _LOSS),),
        Outcome.CONTRADICTED,
        clear=world(3, test_loss=[0.12, 0, 0.06]),
    ),
    Case(
        "A learns",
        _flat(MARGINS.loss, MARGINS.accuracy),
        (Learns(0),),
        clear=_flat(0.1, 0.03),
    ),
    Case(
        "A does not learn",
        _flat(0.0, MARGINS.accuracy),
        (Denied(Learns(0)),),
        clear=_flat(0.0, 0.0),
    ),
    Case(
        "A dominates B until 10",
        world(test_loss=[_lead(9, 0.5), _lead(0, 0)]),
        (Dominates(0, 1, _LOSS, 10),),
        clear=world(test_loss=[_lead(12, 0.08), _lead(0, 0)]),
    ),
    Case(
        "A dominates B until 10: contradicted",
        world(test_loss=[_lead(30, MARGINS.loss), _lead(0, 0)]),
        (Dominates(0, 1, _LOSS, 10),),
        Outcome.CONTRADICTED,
        clear=world(test_loss=[_lead(5, 0.5), _lead(0, 0)]),
    ),
    Case(
        "A dominates B",
        world(test_loss=[_lead(0, 0), _lead(0, 0)]),
        (Dominates(0, 1, _LOSS),),
        clear=world(test_loss=[_lead(20, 0.08), _lead(0, 0)]),
    ),
    Case(
        "A dominates B: contradicted",
        world(test_loss=[_lead(30, MARGINS.loss), _lead(0, 0)]),
        (Dominates(0, 1, _LOSS),),
        Outcome.CONTRADICTED,
        clear=world(test_loss=[_lead(0, 0), _lead(8, 0.3)]),
    ),
    Case(
        "A dominates B, then they converge",
        world(test_loss=[_lead(20, 0.5) - MARGINS.loss, _lead(0, 0)]),
        (Dominates(0, 1, _LOSS, 10, converge=True),),
        clear=world(test_loss=[_lead(20, 0.5), _lead(0, 0)]),
    ),
    Case("A overfits", _LEVEL, (Overfits(0),), clear=world(test_loss=np.stack([_turned(0.008), _turned(0)]))),
    Case(
        "A does not overfit",
        _over(MARGINS.loss),
        (Denied(Overfits(0)),),
        clear=world(test_loss=np.tile(_FLOOR, (2, 1))),
    ),
    Case(
        "A overfits from n: contradicted",
        world(test_loss=np.stack([_turned(0.03), _turned(0)])),
        (Overfits(0, TURN),),
        Outcome.CONTRADICTED,
        clear=world(test_loss=np.stack([_turned(0.03, TURN + 6), _turned(0)])),
    ),
    Case(
        "A overfits from n, in a curve of another shape: contradicted",
        world(test_loss=np.stack([_sharp(0.03), _turned(0)])),
        (Overfits(0, TURN),),
        Outcome.CONTRADICTED,
        clear=world(test_loss=np.stack([_sharp(0.03, TURN + 6), _turned(0)])),
    ),
    Case(
        "A rises faster than B",
        world(test_loss=np.stack([_turned(0.01), _turned(0.01)])),
        (RisesFaster(0, 1),),
        clear=world(test_loss=np.stack([_turned(0.015), _turned(0.01)])),
    ),
    Case(
        "A is best of 2",
        _EQUAL,
        (Best(0),),
        clear=world(test_accuracy=[0.015, 0]),
    ),
    Case(
        "A is best of 4, tied with one",
        world(4, test_accuracy=[0, 0, -0.2, -0.3]),
        (Best(0),),
        clear=world(4, test_accuracy=[0.015, 0, -0.2, -0.3]),
    ),
    Case(
        "A is best: contradicted",
        world(4, test_accuracy=[MARGINS.accuracy, 0, 0, 0]),
        (Best(0),),
        Outcome.CONTRADICTED,
        clear=world(4, test_accuracy=[-0.015, 0, -0.01, -0.01]),
    ),
    Case(
        "A still improves",
        _LEVEL,
        (Improving(0),),
        clear=world(test_loss=np.tile(-0.004 * np.arange(EPOCHS), (2, 1))),
    ),
    Case(
        "A is above a level",
        _EQUAL,
        (Level(0, _LOSS, least=float(_EQUAL.test_loss[0, -1])),),
        clear=world(test_loss=[0.04, 0]),
    ),
    Case(
        "increases",
        world(4, test_loss=[0, 0.3, 0.3, 0.6]),
        (Response("weight_decay", _LOSS, Shape.INCREASING),),
        clear=world(4, test_loss=[0, 0.06, 0.12, 0.18]),
    ),
    Case(
        "is U-shaped",
        world(5, test_loss=[0, 0, 0, 0, 0.5]),
        (Response("weight_decay", _LOSS, Shape.U),),
        clear=world(5, test_loss=[0, 0, -0.07, 0, 0.5]),
    ),
    Case(
        "two statements at once: contradicted",
        world(3, test_loss=[MARGINS.loss, 0, -MARGINS.loss]),
        (Exceeds(0, 1, _LOSS), Exceeds(1, 2, _LOSS)),
        Outcome.CONTRADICTED,
        clear=world(3, test_loss=[0, 0.06, -MARGINS.loss]),
    ),
)
