"""How a study is computed: what a person may decide about it, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gradbook.study.problem import StudyError


@dataclass(frozen=True, slots=True)
class Way:
    """How the work is computed: it changes how long a trial takes, and its results by rounding only."""

    threads: int = 1
    channels_last: bool = False
    device: str = "cpu"
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person decided about the plan; None leaves it to measurement."""

    processes: int | None = None
    threads: int | None = None
    channels_last: bool | None = None
    stacked: bool | None = None
    compiled: bool | None = None
    device: str | None = None

    @staticmethod
    def of(told: Mapping[str, Any]) -> Wishes:
        """Wishes by name.

        Raises StudyError for a name that there is not, and a value that cannot be.

        >>> Wishes.of({"processes": 2}).processes
        2
        """
        names = [field.name for field in fields(Wishes)]
        for name, value in told.items():
            if name not in names:
                raise StudyError(f"plan: expected one of {', '.join(names)}, found {name!r}")
            if name in ("processes", "threads"):
                fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024
                expected = "a whole number from 1 to 1024"
            elif name == "device":
                fits, expected = isinstance(value, str), "a name such as 'cpu' or 'cuda'"
            else:
                fits, expected = isinstance(value, bool), "True or False"
            if value is not None and not fits:
                raise StudyError(f"plan: {name}: expected {expected}, found {value!r}")
        return Wishes(**told)

    def told(self) -> dict[str, Any]:
        """Those that are decided, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


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
