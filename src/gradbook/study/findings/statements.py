"""The vocabulary: what may be said about a study. Each statement has one meaning, which its docstring fixes.

An arm is named by its position in the study. How a statement is tested stands in :mod:`.judging`; how people say
it, in :mod:`.sentences`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum


class Metric(Enum):
    """What was measured after every epoch, under the names of the records; and what follows from it.

    ``GAP`` is the test loss less the training loss. Losses are mean cross entropies in nats, accuracies shares.
    """

    TRAIN_LOSS = "train_loss"
    TRAIN_ACCURACY = "train_accuracy"
    VALIDATION_LOSS = "validation_loss"
    VALIDATION_ACCURACY = "validation_accuracy"
    TEST_LOSS = "test_loss"
    TEST_ACCURACY = "test_accuracy"
    GAP = "gap"
    WEIGHT_NORM = "weight_norm"

    @property
    def more_is_better(self) -> bool | None:
        """Whether a larger value is better; None where neither is.

        >>> Metric.TEST_ACCURACY.more_is_better, Metric.GAP.more_is_better, Metric.WEIGHT_NORM.more_is_better
        (True, False, None)
        """
        if self is Metric.WEIGHT_NORM:
            return None
        return self.value.endswith("accuracy")


class When(Enum):
    """Where on a curve: after the last epoch, at the best epoch, or on the mean over all epochs.

    The best epoch of a trial is that of its lowest validation loss, whatever metric is then read there.
    """

    END = "end"
    BEST = "best"
    CURVE = "curve"


class Shape(Enum):
    """How a metric answers to a setting with at least two (U: three) values, held in increasing order."""

    INCREASING = "increasing"
    DECREASING = "decreasing"
    U = "u"
    INVERTED_U = "inverted u"


@dataclass(frozen=True, slots=True)
class Learns:
    """The arm does better than the best constant prediction. Denied: it is as good as flat, at chance.

    A constant prediction that knows the shares of the classes has their entropy as its loss and the largest share
    as its accuracy.
    """

    arm: int


@dataclass(frozen=True, slots=True)
class Exceeds:
    """The mean over seeds of a metric is larger in one arm than in another, by more than ``by``."""

    more: int
    less: int
    metric: Metric
    when: When = When.END
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class ExceedsBy:
    """The mean of a metric is larger in one arm than in another; by a number, as the difference is recorded.

    ``digits`` and ``about`` are those of a :class:`Figure`.
    """

    more: int
    less: int
    metric: Metric
    value: float
    digits: int
    when: When = When.END
    about: bool = False


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Any two of the arms differ in the mean of a metric by less than ``margin`` (None: the study's own margin).

    ``every`` says: in each epoch, and not only at ``when``.
    """

    arms: tuple[int, ...]
    metric: Metric
    when: When = When.END
    margin: float | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class Dominates:
    """One arm is better than another in a metric in each epoch up to and including ``until``.

    None for ``until`` says: in the mean over all epochs, and in no epoch worse. ``converge`` says that at the end the
    two differ by less than ``margin``.
    """

    better: int
    worse: int
    metric: Metric
    until: int | None = None
    converge: bool = False
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Overfits:
    """The test loss of the arm has a minimum before the end and rises after it, while the training loss falls.

    ``start`` is the epoch where the rise begins; None says: somewhere.
    """

    arm: int
    start: int | None = None


@dataclass(frozen=True, slots=True)
class RisesFaster:
    """After the onset of overfitting, the test loss of one arm rises by more per epoch than that of another."""

    faster: int
    slower: int


@dataclass(frozen=True, slots=True)
class Best:
    """The arm is the best of all in a metric: chosen on validation, and better on test than every rival."""

    arm: int
    metric: Metric = Metric.TEST_ACCURACY
    when: When = When.END


@dataclass(frozen=True, slots=True)
class Diverges:
    """Every trial of the arm came to a number that is not finite."""

    arm: int


@dataclass(frozen=True, slots=True)
class Improving:
    """A metric of the arm still gets better over the last quarter of the epochs."""

    arm: int
    metric: Metric = Metric.VALIDATION_LOSS


@dataclass(frozen=True, slots=True)
class Level:
    """A metric of an arm lies above ``least`` and below ``most``, where they are given (None: no bound)."""

    arm: int
    metric: Metric
    least: float | None = None
    most: float | None = None
    when: When = When.END


class Manner(Enum):
    """How a metric has a figure.

    ``STAYS``: at the end, and to within the study's margin over the last quarter of the epochs. ``COMES``: it is not
    said when, so that the end shows it, and only that no epoch comes to it refutes it. ``ONLY``: at the end, and no
    epoch has better. ``BEST``: the best of all epochs is it.
    """

    IS = "is"
    STAYS = "stays at"
    COMES = "comes to"
    ONLY = "comes only to"
    BEST = "comes at best to"


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean over seeds of a metric of an arm, as it is recorded, is a number that is written with some digits.

    ``digits`` are those after the decimal point of ``value``, to which the mean is rounded or, where the number has
    two digits or more, cut off. ``about``: it may also differ by less than the study's own margin.
    """

    arm: int
    metric: Metric
    value: float
    digits: int
    when: When = When.END
    about: bool = False
    manner: Manner = Manner.IS

    def agrees(self, mean: float, margin: float) -> bool:
        """Whether a mean may be written like that.

        >>> figure = Figure(0, Metric.TEST_ACCURACY, 0.978, 3)
        >>> figure.agrees(0.97751, 0.01), figure.agrees(0.97899, 0.01), figure.agrees(0.9769, 0.01)
        (True, True, False)
        """
        return written(mean, self.value, self.digits, margin if self.about else 0.0)


@dataclass(frozen=True, slots=True)
class Reaches:
    """The mean over seeds of a metric, as it is recorded, is a number or better in an epoch up to ``by``."""

    arm: int
    metric: Metric
    value: float
    digits: int
    by: int
    about: bool = False


@dataclass(frozen=True, slots=True)
class Stays:
    """The mean over seeds of a metric, as it is recorded, is above ``least`` and below ``most`` in every epoch.

    Where they are given (None: no bound), and from epoch ``start`` to ``until`` (None: the last).
    """

    arm: int
    metric: Metric
    least: float | None = None
    most: float | None = None
    start: int = 1
    until: int | None = None


def written(mean: float, value: float, digits: int, margin: float = 0.0) -> bool:
    """Whether a mean is a value when it is rounded or cut off to some digits, or differs by less than a margin."""
    unit = 10.0**-digits
    above = mean - value
    cut_off = abs(value) >= 9.5 * unit and 0 <= above * math.copysign(1.0, value) < unit
    return abs(above) <= unit / 2 + 1e-12 or cut_off or abs(above) < margin


@dataclass(frozen=True, slots=True)
class Response:
    """A metric answers to the varied setting in such a shape, all else being equal."""

    setting: str
    metric: Metric
    shape: Shape
    when: When = When.END


@dataclass(frozen=True, slots=True)
class Denied:
    """The opposite of a statement: supported where that is contradicted, and contradicted where it is supported."""

    statement: Statement


Statement = (
    Learns
    | Exceeds
    | ExceedsBy
    | Equivalent
    | Dominates
    | Overfits
    | RisesFaster
    | Best
    | Diverges
    | Improving
    | Level
    | Figure
    | Reaches
    | Stays
    | Response
    | Denied
)


@dataclass(frozen=True, slots=True)
class Margins:
    """By how little arms may differ and still count as equal; declared before a study is looked at.

    ``accuracy`` is a share, ``loss`` is in nats, ``share`` is for all other metrics, relative to the mean.
    """

    accuracy: float = 0.01
    loss: float = 0.05
    share: float = 0.05

    @staticmethod
    def read(text: str) -> Margins:
        """The margins that a text such as ``accuracy 0.02, loss 0.1`` declares; what it leaves out stays.

        >>> Margins.read("accuracy 2 %, loss 0.1")
        Margins(accuracy=0.02, loss=0.1, share=0.05)

        Raises ValueError, in one sentence, for anything else.
        """
        given: dict[str, float] = {}
        for part in text.split(","):
            match = _MARGIN.fullmatch(part)
            value = float(match["value"]) / (100 if match["percent"] else 1) if match else 0.0
            name = match["name"] if match else ""
            if value <= 0 or name in given or (name == "accuracy" and value >= 1):
                raise ValueError(
                    "expected margins such as accuracy 0.02, loss 0.1, none twice, of accuracy below 1, "
                    f"each above 0, found {part.strip()!r}"
                )
            given[name] = value
        return Margins(**given)


_MARGIN = re.compile(
    r"\s*(?P<name>accuracy|loss|share)\s*[ =:]\s*(?P<value>\d*\.?\d+(?:e-?\d+)?)\s*(?P<percent>%?)\s*"
)


class Outcome(Enum):
    """What a test says of a statement."""

    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"
    #: Neither can be said with this many seeds.
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement that was tested: what came out, in a sentence, with the numbers behind it.

    ``sentence`` says the statement in words that :func:`.sentences.read` takes back. ``evidence`` has the numbers in
    a sentence each. ``effect`` is in the units of the metric, with ``interval`` around it at the level
    ``1 - 2 alpha``, whose ends are where the one-sided tests at ``alpha`` turn. ``described`` marks what fewer than
    three seeds show, or what is plain to see, and no test stands behind; ``underpowered`` fewer than six seeds.
    Several statements that were tested as one stand in a tuple.
    """

    statement: Statement | tuple[Statement, ...]
    outcome: Outcome
    sentence: str
    evidence: tuple[str, ...] = ()
    method: str = ""
    effect: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    seeds: int = 0
    described: bool = False
    underpowered: bool = False
