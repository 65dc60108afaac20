"""How a study is computed: what a person may decide about it, and what was decided."""

from __future__ import annotations

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
    """The decision, why it was taken, and what to expect of it.

    Trials are trained in stacks of up to ``stack_size``, but for those of the shapes in ``apart``, one by one.
    """

    processes: int
    way: Way
    stack_size: int = 1
    reasons: tuple[str, ...] = ()
    seconds: float | None = None
    memory: int | None = None
    apart: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The record of the plan."""
        return asdict(self)

    @staticmethod
    def from_json(held: Mapping[str, Any]) -> Plan:
        """The plan that a record describes."""
        told: dict[str, Any] = {**held, "way": Way(**held["way"])}
        told |= {name: tuple(held.get(name, ())) for name in ("reasons", "apart")}
        return Plan(**told)

    def describe(self) -> str:
        """The plan in one line."""
        parts = [f"{self.processes} × {self.way.threads} thread{'s' * (self.way.threads > 1)}"]
        parts += [self.way.device] if self.way.device != "cpu" else []
        parts += ["channels last"] if self.way.channels_last else []
        parts += [f"stacks of {self.stack_size} trials"] if self.stack_size > 1 else []
        parts += ["compiled"] if self.way.compiled else []
        parts += ["some trials alone"] if self.apart else []
        return ", ".join(parts)
