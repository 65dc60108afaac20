"""Statements in sentences: one plain way to say each, which :mod:`.sentences` reads back as the same statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Figure,
    Improving,
    Learns,
    Level,
    Manner,
    Metric,
    Overfits,
    Reaches,
    Response,
    RisesFaster,
    Shape,
    Statement,
    Stays,
    When,
)
from gradbook.study.settings import spoken


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms of a study as sentences name them: what varies, and its values in each arm.

    >>> arms = Arms(({"weight_decay": 0.05}, {"weight_decay": 5e-4}))
    >>> arms.name(1), arms.varied
    ('weight decay 0.0005', ('weight_decay',))
    """

    values: tuple[Mapping[str, Any], ...]

    @property
    def varied(self) -> tuple[str, ...]:
        """The settings that vary."""
        return tuple(self.values[0]) if self.values else ()

    def name(self, arm: int) -> str:
        """What an arm is called in a sentence."""
        parts = [f"{setting_words(name)} {spoken(value)}" for name, value in self.values[arm].items()]
        return " with ".join(parts) or "the model"


def setting_words(setting: str) -> str:
    """A setting in words.

    >>> setting_words("weight_decay"), setting_words("model.dropout")
    ('weight decay', 'dropout')
    """
    return setting.removeprefix("model.").replace("_", " ")


_METRICS = {Metric.GAP: "the gap between train and test loss"}

_WHEN = {When.END: " at the end", When.BEST: " at the best epoch", When.CURVE: " over the whole curve"}

_SHAPES = {
    Shape.INCREASING: "increases with",
    Shape.DECREASING: "decreases with",
    Shape.U: "is U-shaped in",
    Shape.INVERTED_U: "is inverted-U-shaped in",
}


def at(when: When) -> str:
    """Where on a curve, in words.

    >>> at(When.BEST)
    ' at the best epoch'
    """
    return _WHEN[when]


def metric_words(metric: Metric) -> str:
    """A metric in words.

    >>> metric_words(Metric.TEST_ACCURACY)
    'test accuracy'
    """
    return _METRICS.get(metric, metric.value.replace("_", " "))


def say(statement: Statement, arms: Arms) -> str:
    """A statement as a sentence without its full stop.

    >>> arms = Arms(({"weight_decay": 0.05}, {"weight_decay": 5e-4}))
    >>> say(Denied(Learns(0)), arms)
    'weight decay 0.05 does not learn'
    >>> say(Exceeds(1, 0, Metric.TEST_ACCURACY), arms)
    'test accuracy is higher with weight decay 0.0005 than with weight decay 0.05 at the end'
    """
    name = arms.name
    match statement:
        case Learns(arm):
            return f"{name(arm)} learns"
        case Exceeds(more, less, metric, when, by):
            least = f" by more than {by:g}" if by else ""
            return f"{metric_words(metric)} is higher with {name(more)} than with {name(less)}{least}{_WHEN[when]}"
        case ExceedsBy(more, less, metric, value, digits, when, about):
            amount = f"{'about ' * about}{value:.{digits}f}"
            return f"{metric_words(metric)} is higher with {name(more)} than with {name(less)} by {amount}{_WHEN[when]}"
        case Equivalent(several, metric, when, margin, every):
            least = f" by less than {margin:g}" if margin is not None else " by less than the margin"
            where = " in every epoch" if every else _WHEN[when]
            return (
                f"{metric_words(metric)} differs{least} between {_listed([name(a) for a in several])}{where}"
            )
        case Dominates(better, worse, metric, until, converge, margin):
            said = f"{name(better)} dominates {name(worse)} in {metric_words(metric)}"
            said += f" until epoch {until}" if until is not None else ""
            if converge:
                said += ", and then they converge" + (f" to within {margin:g}" if margin is not None else "")
            return said
        case Overfits(arm, start):
            return f"{name(arm)} overfits" + (f" from epoch {start}" if start is not None else "")
        case RisesFaster(faster, slower):
            return f"the test loss of {name(faster)} rises faster than that of {name(slower)} after the onset"
        case Best(arm, metric, when):
            return f"{name(arm)} is best in {metric_words(metric)}{_WHEN[when]}"
        case Diverges(arm):
            return f"{name(arm)} diverges"
        case Improving(arm, metric):
            return f"{_of(metric, arm, arms)} still improves at the end"
        case Level(arm, metric, least, most, when):
            return f"{_of(metric, arm, arms)} is {_range(least, most)}{_WHEN[when]}"
        case Figure(arm, metric, value, digits, when, about, manner):
            where = _WHEN[when] if manner is Manner.IS else ""
            return f"{_of(metric, arm, arms)} {manner.value} {'about ' * about}{value:.{digits}f}{where}"
        case Reaches(arm, metric, value, digits, by, about):
            return f"{_of(metric, arm, arms)} reaches {'about ' * about}{value:.{digits}f} by epoch {by}"
        case Stays(arm, metric, least, most, start, until):
            while_ = f" from epoch {start}" * (start > 1) + (
                f" until epoch {until}" if until is not None else ""
            )
            return f"{_of(metric, arm, arms)} stays {_range(least, most)}{while_ or ' in every epoch'}"
        case Response(setting, metric, shape, when):
            return f"{metric_words(metric)} {_SHAPES[shape]} {setting_words(setting)}{_WHEN[when]}"
        case Denied(denied):
            return _denied(denied, arms)


def _denied(statement: Statement, arms: Arms) -> str:
    match statement:
        case Learns(arm):
            return f"{arms.name(arm)} does not learn"
        case Overfits(arm, None):
            return f"{arms.name(arm)} does not overfit"
        case Diverges(arm):
            return f"{arms.name(arm)} does not diverge"
        case _:
            return f"it is not true that {say(statement, arms)}"


def _of(metric: Metric, arm: int, arms: Arms) -> str:
    return f"the {metric_words(metric).removeprefix('the ')} of {arms.name(arm)}"


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"between {least:g} and {most:g}"
    return f"above {least:g}" if least is not None else f"below {most:g}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
