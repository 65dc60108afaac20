"""What speaks for a statement and what speaks against it, as two p values; from them comes the outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradbook.study.findings.inference import Sample
from gradbook.study.findings.measures import Measures, Pairs, lower, number
from gradbook.study.findings.statements import Metric, When
from gradbook.study.findings.wording import at


@dataclass(frozen=True, slots=True)
class Weighed:
    """A statement with the evidence about it.

    ``support`` is the p value of the test that would show the statement, ``against`` that of the test that would
    show its contrary; 1 where there is none. Neither small is no evidence. ``distance`` is how many deviations lie
    between what was seen and what decides; ``lacking`` says why no test could be made; ``fact``, that none is needed.
    """

    support: float = 1.0
    against: float = 1.0
    evidence: tuple[str, ...] = ()
    method: str = ""
    effect: float | None = None
    interval: tuple[float, float] | None = None
    seeds: int = 0
    distance: float = math.nan
    lacking: str = ""
    fact: bool = False

    def settled(self, alpha: float) -> Weighed:
        """The same, where what supports the statement literally goes before what takes its point away.

        A difference may be certain and yet less than the margin. Then it is there.
        """
        return replace(self, against=1.0) if self.support <= alpha else self

    def denied(self) -> Weighed:
        """The evidence about the opposite statement."""
        return replace(self, support=self.against, against=self.support)


def all_of(parts: Sequence[Weighed]) -> Weighed:
    """Several statements at once: shown if each is; refuted if one is, after Holm's correction for their number.

    The first needs no correction (intersection-union: one false part has to be rejected, at alpha); the second does.
    Effect and interval are those of the part that decides: the weakest.
    """
    worst = max(parts, key=lambda part: (part.support, -part.against))
    against = min(1.0, len(parts) * min(part.against for part in parts))
    return replace(
        worst,
        against=against,
        evidence=tuple(dict.fromkeys(line for part in parts for line in part.evidence)),
        seeds=min(part.seeds for part in parts),
        distance=min(part.distance for part in parts),
        lacking=next((part.lacking for part in parts if part.lacking), ""),
        fact=all(part.fact for part in parts),
    )


def larger(sample: Sample, by: float, margin: float, alpha: float) -> Weighed:
    """A mean difference is larger than ``by``: a one-sided test.

    The contrary is shown by the opposite test; and, where just any difference was claimed, by equivalence to within
    the margin. No correction: where the statement holds, at most one of the two can err.
    """
    opposite = sample.below(by)
    equal = sample.within(margin) if not by else 1.0
    return Weighed(
        sample.above(by),
        min(opposite, equal),
        effect=sample.mean,
        interval=sample.interval(alpha),
        seeds=sample.count,
        distance=sample.distance(by),
    )


def equal(sample: Sample, margin: float, alpha: float) -> Weighed:
    """A mean difference is less than the margin either way: two one-sided tests."""
    edge = margin if sample.mean > 0 else -margin
    return Weighed(
        sample.within(margin),
        sample.outside(margin),
        effect=sample.mean,
        interval=sample.interval(alpha),
        seeds=sample.count,
        distance=sample.distance(edge),
    )


def told(measures: Measures, pairs: Pairs, one: int, other: int, where: str, alpha: float) -> tuple[str, ...]:
    """Two arms beside each other, in sentences."""
    if not pairs.difference.count:
        return (f"{where}: no seed of which both {measures.name(one)} and {measures.name(other)} finished",)
    said = (
        f"{where}: {number(pairs.one.mean)} with {measures.name(one)}, {number(pairs.other.mean)} with "
        f"{measures.name(other)}; difference {number(pairs.difference.mean)}{between(pairs.difference, alpha)}"
    )
    return said, *notes(pairs)


def notes(pairs: Pairs) -> tuple[str, ...]:
    """What else to know about a comparison."""
    said: list[str] = []
    if pairs.missing:
        said.append(
            f"{pairs.difference.count} of {pairs.difference.count + pairs.missing} seeds count: "
            "in the others a trial did not finish"
        )
    if pairs.difference.floored and pairs.difference.count > 1:
        said.append("all seeds agree to the last step that can be measured; the step stands for their spread")
    return tuple(said)


def between(sample: Sample, alpha: float) -> str:
    """An interval in words, or the reason that there is none."""
    interval = sample.interval(alpha)
    seeds = f"{sample.count} seed{'s' * (sample.count != 1)}"
    if interval is None:
        return f" ({seeds})"
    low, high = interval
    return f" ({1 - 2 * alpha:.0%} interval {number(low)} to {number(high)}; {seeds})"


def place(metric: Metric, when: When) -> str:
    """What was measured, and where on the curve."""
    return f"{lower(metric)}{at(when)}"
