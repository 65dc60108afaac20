"""The tables of the database of studies, and their rows as frozen dataclasses.

The key of a trial is configuration × seed, so that it belongs to every study that asks for it. To query: a study's
arms have the varied ``values`` and the ``configuration``; ``members`` says which trials are a study's; ``epochs`` has
the curves. Trials of one ``seed`` are pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa


class TrialState(Enum):
    """Where a trial stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DIVERGED = "DIVERGED"
    FAILED = "FAILED"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to the trial by itself."""
        return self in (TrialState.DONE, TrialState.DIVERGED, TrialState.FAILED)


METADATA = sa.MetaData()

studies = sa.Table(
    "studies",
    METADATA,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("here", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("held", sa.JSON, nullable=False),
    sa.Column("plan", sa.JSON),
    sa.Column("environment", sa.JSON, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

configurations = sa.Table(
    "configurations",
    METADATA,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("data", sa.String(32), nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
)

arms = sa.Table(
    "arms",
    METADATA,
    sa.Column("study", sa.String(120), sa.ForeignKey("studies.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column(
        "configuration", sa.String(32), sa.ForeignKey("configurations.key"), nullable=False, index=True
    ),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
)

trials = sa.Table(
    "trials",
    METADATA,
    sa.Column("configuration", sa.String(32), sa.ForeignKey("configurations.key"), primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("cause", sa.Text),
    sa.Column("epochs", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("stack", sa.String(32)),
    sa.Column("stack_place", sa.Integer),
    sa.Column("way", sa.JSON),
    sa.Column("parameters", sa.Integer),
    sa.Column("initial_weights", sa.String(32)),
    sa.Column("final_weights", sa.String(32)),
    sa.Column("checkpoint", sa.Text),
    sa.Column("checkpoint_epoch", sa.Integer, nullable=False, default=0),
    sa.Column("owner", sa.String(200)),
    sa.Column("beat", sa.Double),
    sa.Column("deaths", sa.Integer, nullable=False, default=0),
    sa.Column("started", sa.Double),
    sa.Column("finished", sa.Double),
)

members = sa.Table(
    "members",
    METADATA,
    sa.Column("study", sa.String(120), sa.ForeignKey("studies.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("configuration", sa.String(32), primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.ForeignKeyConstraint(["configuration", "seed"], ["trials.configuration", "trials.seed"]),
)

epochs = sa.Table(
    "epochs",
    METADATA,
    sa.Column("configuration", sa.String(32), primary_key=True),
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True),
    *(
        sa.Column(name, sa.Double, nullable=name.startswith("validation"))
        for name in (
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "test_loss",
            "test_accuracy",
            "running_loss",
            "gradient_norm",
            "weight_norm",
            "learning_rate",
            "rate_times_decay",
            "seconds",
        )
    ),
    sa.ForeignKeyConstraint(["configuration", "seed"], ["trials.configuration", "trials.seed"]),
)

#: What is recorded of every epoch, by name.
METRICS = tuple(c.name for c in epochs.columns if c.name not in ("configuration", "seed", "epoch"))


@dataclass(frozen=True, slots=True)
class Trial:
    """A row of the table of trials."""

    configuration: str
    seed: int
    state: TrialState
    cause: str | None
    epochs: int
    done: int
    progress: float
    stack: str | None
    way: Mapping[str, Any] | None
    parameters: int | None
    initial_weights: str | None
    final_weights: str | None
    checkpoint: str | None
    checkpoint_epoch: int
    owner: str | None
    started: float | None
    finished: float | None

    @property
    def key(self) -> tuple[str, int]:
        """Configuration and seed."""
        return self.configuration, self.seed


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A row of the table of studies."""

    name: str
    spec: Mapping[str, Any]
    here: str
    data: Mapping[str, Any]
    held: Mapping[str, Any]
    plan: Mapping[str, Any] | None
    environment: Mapping[str, Any]
    created: float


@dataclass(frozen=True, slots=True)
class ArmRow:
    """A row of the table of arms: one combination of the varied values of a study."""

    position: int
    configuration: str
    label: str
    values: Mapping[str, Any]
