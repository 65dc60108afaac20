"""How a study is computed: what a person may decide about it, and what was decided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gradbook.study.training import Way


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person decided about the plan; None leaves it to measurement."""

    processes: int | None = None
    threads: int | None = None
    channels_last: bool | None = None
    stacked: bool | None = None
    compiled: bool | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision, why it was taken, and what to expect of it."""

    processes: int
    way: Way
    stack_size: int = 1
    reasons: tuple[str, ...] = ()
    seconds: float | None = None
    memory: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The record of the plan."""
        return asdict(self)

    @staticmethod
    def from_json(held: Mapping[str, Any]) -> Plan:
        """The plan that a record describes."""
        told: dict[str, Any] = {**held, "way": Way(**held["way"]), "reasons": tuple(held["reasons"])}
        return Plan(**told)

    def describe(self) -> str:
        """The plan in one line."""
        parts = [f"{self.processes} × {self.way.threads} thread{'s' * (self.way.threads > 1)}"]
        parts += [self.way.device] if self.way.device != "cpu" else []
        parts += ["channels last"] if self.way.channels_last else []
        parts += [f"stacks of {self.stack_size} trials"] if self.stack_size > 1 else []
        parts += ["compiled"] if self.way.compiled else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Measured:
    """A way of computing, with what one epoch of one job takes and the memory of its processes, in bytes.

    ``once`` are seconds that are spent only once, whatever the number of jobs.
    """

    name: str
    way: Way
    processes: int
    stack_size: int
    epoch: float
    step: float
    start: float
    memory: int
    once: float = 0.0

    def total(self, trials: int, epochs: int) -> float:
        """Seconds for all trials: rounds of jobs, as many at a time as there are processes."""
        return self.epochs(trials) * epochs + self._rounds(trials) * self.start + self.once

    def epochs(self, trials: int) -> float:
        """Seconds for one epoch of all trials."""
        return self._rounds(trials) * self.epoch

    def _rounds(self, trials: int) -> int:
        return math.ceil(math.ceil(trials / self.stack_size) / self.processes)
