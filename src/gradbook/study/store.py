"""The database of studies: what each is, where each trial stands, and every epoch of it.

The table of trials is the truth. Its key is configuration × seed, so that a trial belongs to every study that
asks for it and is trained once. A process that trains a trial holds a lease on it and renews it; whatever
places the work (this machine, another, a person who starts a second process) only ever asks the table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc

from gradbook.study import owners
from gradbook.study.database import engine, first_line, shown
from gradbook.study.problem import StudyError
from gradbook.study.schema import (
    METADATA,
    ArmRow,
    StudyRow,
    Trial,
    TrialState,
    arms,
    configurations,
    epochs,
    members,
    studies,
    trials,
)

if TYPE_CHECKING:
    from gradbook.study.training import Diverged, Epoch

#: A lease that was not renewed for so many seconds is void; it is renewed every third of that.
LEASE = 60.0

#: How many processes may die on a trial before it is called FAILED.
MOST_DEATHS = 3


#: What a trial has done that starts over.
_AFRESH: Mapping[str, Any] = {"done": 0, "checkpoint": None, "checkpoint_epoch": 0}


class LeaseLost(RuntimeError):
    """The trial belongs to another process now: this one was taken for dead."""


Row = Mapping[str, Any] | sa.RowMapping


class Store:
    """A database, and the folder beside it for what is too large for one.

    >>> store = Store("sqlite://", Path("."))
    >>> store.names()
    []
    >>> store.close()
    """

    def __init__(self, url: str, folder: Path, *, reads: bool = False) -> None:
        """Open a database; one that is opened to be read only (``reads``) must be there, and stays as it is."""
        self.url, self.folder = url, folder
        self._engine = engine(url, reads=reads)
        self._sqlite = self._engine.dialect.name == "sqlite"
        try:
            if reads:
                with self._reading() as connection:
                    if not sa.inspect(connection).has_table(studies.name):
                        raise StudyError(f"{shown(url)}: a database without studies")
                return
            with self._engine.begin() as connection:
                if not self._sqlite:  # two processes may make the tables at once
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(618033988)"))
                METADATA.create_all(connection)
        except exc.DBAPIError as error:
            raise StudyError(f"{shown(url)}: the database cannot be opened: {first_line(error)}") from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def now(self) -> float:
        """The time by the database's clock, which all processes share."""
        with self._reading() as connection:
            return self._now(connection)

    # --- studies ---------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The studies, oldest first."""
        with self._reading() as connection:
            query = sa.select(studies.c.name).order_by(studies.c.created, studies.c.name)
            return list(connection.scalars(query))

    def study(self, name: str) -> StudyRow | None:
        """One study, if it is there."""
        with self._reading() as connection:
            row = connection.execute(sa.select(studies).where(studies.c.name == name)).mappings().first()
        return StudyRow(**row) if row is not None else None

    def arms(self, name: str) -> list[ArmRow]:
        """The combinations of a study, in its order."""
        columns = [arms.c[f.name] for f in fields(ArmRow)]
        with self._reading() as connection:
            query = sa.select(*columns).where(arms.c.study == name).order_by(arms.c.position)
            return [ArmRow(**row) for row in connection.execute(query).mappings()]

    def trials(self, name: str) -> list[Trial]:
        """The trials of a study: seeds in order, and the arms of a seed beside each other."""
        with self._reading() as connection:
            return [_trial(row) for row in connection.execute(_trials_of(name)).mappings()]

    def put(
        self, row: StudyRow, settings: Mapping[str, Mapping[str, Any]], arm_rows: Sequence[ArmRow], total: int
    ) -> None:
        """Record a study, new or changed, with its configurations; trials that exist already are kept.

        ``settings`` are those of each configuration, ``total`` is how many epochs a trial has by default.
        """
        with self._engine.begin() as connection:
            created = connection.scalar(sa.select(studies.c.created).where(studies.c.name == row.name))
            connection.execute(sa.delete(members).where(members.c.study == row.name))
            connection.execute(sa.delete(arms).where(arms.c.study == row.name))
            connection.execute(sa.delete(studies).where(studies.c.name == row.name))
            values = {**_columns(row), "created": created or self._now(connection)}
            connection.execute(sa.insert(studies), [values])
            known = set(connection.scalars(sa.select(configurations.c.key)))
            fresh = [
                {"key": key, "data": row.data["fingerprint"], "settings": held}
                for key, held in settings.items()
                if key not in known
            ]
            if fresh:
                connection.execute(sa.insert(configurations), fresh)
            connection.execute(sa.insert(arms), [{"study": row.name, **_columns(arm)} for arm in arm_rows])
            pairs = {(a.configuration, seed): a for seed in row.spec["seeds"] for a in arm_rows}
            there = {
                (key, seed)
                for key, seed in connection.execute(
                    sa.select(trials.c.configuration, trials.c.seed).where(
                        trials.c.configuration.in_([arm.configuration for arm in arm_rows])
                    )
                )
            }
            added = [
                {
                    "configuration": key,
                    "seed": seed,
                    "state": TrialState.WAITING.value,
                    "epochs": settings[key].get("training", {}).get("epochs", total),
                }
                for key, seed in pairs
                if (key, seed) not in there
            ]
            if added:
                connection.execute(sa.insert(trials), added)
            rows = [{"study": row.name, "configuration": key, "seed": seed} for key, seed in pairs]
            connection.execute(sa.insert(members), rows)

    def set_plan(
        self, name: str, plan: Mapping[str, Any], stacks: Mapping[tuple[str, int], tuple[str, int]]
    ) -> None:
        """Record how a study is computed, and which of its trials that have not begun are stacked together."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(studies).where(studies.c.name == name).values(plan=dict(plan)))
            for key, (stack, place) in stacks.items():
                connection.execute(
                    sa.update(trials)
                    .where(_is(key), trials.c.state == TrialState.WAITING.value, trials.c.done == 0)
                    .values(stack=stack, stack_place=place)
                )

    def remove(self, name: str) -> list[str]:
        """Remove a study and the trials that no other study asks for; gives the checkpoints to delete."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(members).where(members.c.study == name))
            connection.execute(sa.delete(arms).where(arms.c.study == name))
            connection.execute(sa.delete(studies).where(studies.c.name == name))
            asked = sa.exists().where(
                members.c.configuration == trials.c.configuration, members.c.seed == trials.c.seed
            )
            gone = list(
                connection.execute(
                    sa.select(trials.c.configuration, trials.c.seed, trials.c.checkpoint).where(~asked)
                )
            )
            for key, seed, _ in gone:
                connection.execute(
                    sa.delete(epochs).where(epochs.c.configuration == key, epochs.c.seed == seed)
                )
                connection.execute(sa.delete(trials).where(_is((key, seed))))
            kept = set(connection.scalars(sa.select(trials.c.checkpoint)))
            used = sa.select(trials.c.configuration)
            connection.execute(sa.delete(configurations).where(configurations.c.key.not_in(used)))
        return sorted({path for _, _, path in gone if path is not None and path not in kept})

    def settings(self, keys: Iterable[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """For each configuration the fingerprint of its data, and its settings."""
        with self._reading() as connection:
            query = sa.select(configurations).where(configurations.c.key.in_(list(keys)))
            return {
                row["key"]: (row["data"], row["settings"]) for row in connection.execute(query).mappings()
            }

    # --- trials ----------------------------------------------------------------------------------

    def claim(self, name: str, owner: str) -> list[Trial]:
        """Take the next trial of a study that nobody works on, with all of its stack; empty if there is none.

        Epochs after the last checkpoint are taken back: they will be done again, to the same bits.
        """
        with self._engine.begin() as connection:
            if not self._sqlite:  # SQLite writers wait for each other anyway
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
            now = self._now(connection)
            rows = list(connection.execute(_trials_of(name)).mappings())
            for row in rows:
                if self._is_free(row, now) and (job := self._job(connection, row, now)):
                    return self._take(connection, job, owner, now)
            return []

    def has_free(self, name: str) -> bool:
        """Whether a trial of the study waits for somebody to take it."""
        with self._engine.begin() as connection:
            now = self._now(connection)
            rows = list(connection.execute(_trials_of(name)).mappings())
            return any(self._is_free(row, now) and bool(self._job(connection, row, now)) for row in rows)

    def _job(self, connection: sa.Connection, row: Any, now: float) -> list[Any]:
        """The trial with all of its stack; nothing if another process has part of it."""
        if row["stack"] is None:
            return [row]
        query = sa.select(trials).where(trials.c.stack == row["stack"]).order_by(trials.c.stack_place)
        together = list(connection.execute(query).mappings())
        free = all(self._is_free(r, now) or TrialState(r["state"]).over for r in together)
        return together if free else []

    def _take(self, connection: sa.Connection, rows: Sequence[Any], owner: str, now: float) -> list[Trial]:
        taken: list[Trial] = []
        for row in rows:
            key = (row["configuration"], row["seed"])
            if not TrialState(row["state"]).over:
                connection.execute(
                    sa.delete(epochs).where(
                        epochs.c.configuration == key[0],
                        epochs.c.seed == key[1],
                        epochs.c.epoch > row["checkpoint_epoch"],
                    )
                )
                connection.execute(
                    sa.update(trials)
                    .where(_is(key))
                    .values(
                        state=TrialState.RUNNING.value,
                        owner=owner,
                        beat=now,
                        done=row["checkpoint_epoch"],
                        progress=0.0,
                        started=row["started"] or now,
                    )
                )
            again = connection.execute(sa.select(trials).where(_is(key))).mappings().one()
            taken.append(_trial(again))
        return taken

    def start_over(self, keys: Iterable[tuple[str, int]], owner: str) -> None:
        """Forget what trials have done: their checkpoint is missing or damaged."""
        with self._engine.begin() as connection:
            for key in keys:
                self._mine(connection, key, owner, _AFRESH)
                connection.execute(
                    sa.delete(epochs).where(epochs.c.configuration == key[0], epochs.c.seed == key[1])
                )

    def begin(self, keys: Sequence[tuple[str, int]], owner: str, told: Sequence[Mapping[str, Any]]) -> None:
        """Record of trials what is known when they are built: size, initial weights, how they are computed."""
        with self._engine.begin() as connection:
            for key, values in zip(keys, told, strict=True):
                self._mine(connection, key, owner, values)

    def beat(self, owner: str, progress: float) -> None:
        """Renew the leases of a process, and say how far it is in its epoch."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(trials)
                .where(trials.c.owner == owner, trials.c.state == TrialState.RUNNING.value)
                .values(beat=self._now(connection), progress=progress)
            )

    def commit_epoch(
        self,
        owner: str,
        outcomes: Sequence[tuple[tuple[str, int], Epoch | Diverged]],
        checkpoint: tuple[str, int] | None,
        finals: Mapping[tuple[str, int], str],
    ) -> None:
        """Record an epoch of one or more trials, all or nothing.

        ``checkpoint`` is a file that has been written, with its epoch; ``finals`` has the digest of the weights
        for each trial that is done with this epoch. Raises LeaseLost if one of the trials is no longer ours.
        """
        from gradbook.study.training import Epoch

        with self._engine.begin() as connection:
            now = self._now(connection)
            rows: list[dict[str, Any]] = []
            for key, outcome in outcomes:
                values: dict[str, Any] = {"beat": now, "progress": 0.0, "deaths": 0}
                if checkpoint is not None:
                    values |= {"checkpoint": checkpoint[0], "checkpoint_epoch": checkpoint[1]}
                if isinstance(outcome, Epoch):
                    rows.append({"configuration": key[0], "seed": key[1], **asdict(outcome)})
                    values["done"] = outcome.epoch
                    if key in finals:
                        values |= {"state": TrialState.DONE.value, "final_weights": finals[key]}
                        values |= {"owner": None, "finished": now}
                else:
                    values |= {"state": TrialState.DIVERGED.value, "cause": outcome.cause}
                    values |= {"owner": None, "finished": now}
                self._mine(connection, key, owner, values)
            if rows:
                connection.execute(sa.insert(epochs), rows)

    def fail(self, keys: Iterable[tuple[str, int]], owner: str, cause: str) -> None:
        """End trials that raised; ``cause`` is the traceback."""
        with self._engine.begin() as connection:
            for key in keys:
                values = {"state": TrialState.FAILED.value, "cause": cause, "owner": None}
                self._mine(connection, key, owner, {**values, "finished": self._now(connection)})

    def unstack(self, keys: Iterable[tuple[str, int]], owner: str) -> None:
        """Give trials back to be trained one by one, from the start: together it did not work."""
        with self._engine.begin() as connection:
            for key in keys:
                connection.execute(
                    sa.delete(epochs).where(epochs.c.configuration == key[0], epochs.c.seed == key[1])
                )
                values = {
                    "state": TrialState.WAITING.value,
                    "stack": None,
                    "stack_place": None,
                    "owner": None,
                }
                self._mine(connection, key, owner, {**values, **_AFRESH})

    def release(self, owner: str, *, died: bool = False) -> None:
        """Give back what a process held. One that died counts against its trials: the third time, they fail."""
        with self._engine.begin() as connection:
            held = sa.and_(trials.c.owner == owner, trials.c.state == TrialState.RUNNING.value)
            if died:
                connection.execute(sa.update(trials).where(held).values(deaths=trials.c.deaths + 1))
                connection.execute(
                    sa.update(trials)
                    .where(held, trials.c.deaths >= MOST_DEATHS)
                    .values(
                        state=TrialState.FAILED.value,
                        cause=f"its process died {MOST_DEATHS} times without finishing an epoch (out of memory?)",
                        owner=None,
                        finished=self._now(connection),
                    )
                )
            connection.execute(
                sa.update(trials).where(held).values(state=TrialState.WAITING.value, owner=None)
            )

    def retry(self, name: str) -> int:
        """Let the failed trials of a study be tried again; gives how many there are."""
        with self._engine.begin() as connection:
            mine = sa.exists().where(
                members.c.study == name,
                members.c.configuration == trials.c.configuration,
                members.c.seed == trials.c.seed,
            )
            failed = connection.execute(
                sa.update(trials)
                .where(mine, trials.c.state == TrialState.FAILED.value)
                .values(state=TrialState.WAITING.value, cause=None, deaths=0, owner=None)
            )
            return failed.rowcount

    # --- epochs ----------------------------------------------------------------------------------

    def epochs(self, name: str) -> list[tuple[Any, ...]]:
        """Every epoch of a study as (configuration, seed, epoch, metrics in the order of METRICS)."""
        query = (
            sa.select(*epochs.columns)
            .join(
                members,
                sa.and_(members.c.configuration == epochs.c.configuration, members.c.seed == epochs.c.seed),
            )
            .where(members.c.study == name)
            .order_by(epochs.c.configuration, epochs.c.seed, epochs.c.epoch)
        )
        with self._reading() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def last_epochs(self, name: str) -> dict[tuple[str, int], dict[str, float | None]]:
        """The latest epoch of each trial of a study."""
        query = (
            sa.select(*epochs.columns)
            .join(
                trials,
                sa.and_(
                    trials.c.configuration == epochs.c.configuration,
                    trials.c.seed == epochs.c.seed,
                    trials.c.done == epochs.c.epoch,
                ),
            )
            .join(
                members,
                sa.and_(members.c.configuration == epochs.c.configuration, members.c.seed == epochs.c.seed),
            )
            .where(members.c.study == name)
        )
        with self._reading() as connection:
            return {
                (row["configuration"], row["seed"]): dict(row) for row in connection.execute(query).mappings()
            }

    # --- inside ----------------------------------------------------------------------------------

    def _reading(self) -> sa.Connection:
        """A connection that only reads, and so keeps no writer waiting."""
        return self._engine.connect().execution_options(reads=True)

    def _now(self, connection: sa.Connection) -> float:
        query = (
            "SELECT (julianday('now') - 2440587.5) * 86400.0"
            if self._sqlite
            else ("SELECT extract(epoch FROM clock_timestamp())")
        )
        return float(connection.execute(sa.text(query)).scalar_one())

    def _is_free(self, row: Row, now: float) -> bool:
        state = TrialState(row["state"])
        if state is TrialState.WAITING:
            return True
        if state is not TrialState.RUNNING:
            return False
        owner, beat = row["owner"], row["beat"]
        return owner is None or beat is None or now - beat > LEASE or owners.surely_dead(owner)

    def _mine(
        self, connection: sa.Connection, key: tuple[str, int], owner: str, values: Mapping[str, Any]
    ) -> None:
        changed = connection.execute(
            sa.update(trials).where(_is(key), trials.c.owner == owner).values(dict(values))
        )
        if changed.rowcount != 1:
            raise LeaseLost(f"trial {key[0]}/{key[1]} was taken over by another process")


def _trials_of(name: str) -> sa.Select[Any]:
    return (
        sa.select(trials)
        .join(
            members,
            sa.and_(members.c.configuration == trials.c.configuration, members.c.seed == trials.c.seed),
        )
        .join(
            arms,
            sa.and_(arms.c.study == members.c.study, arms.c.configuration == members.c.configuration),
        )
        .where(members.c.study == name)
        .order_by(trials.c.seed, arms.c.position)
    )


def _is(key: tuple[str, int]) -> sa.ColumnElement[bool]:
    return sa.and_(trials.c.configuration == key[0], trials.c.seed == key[1])


def _trial(row: Row) -> Trial:
    held: dict[str, Any] = {f.name: row[f.name] for f in fields(Trial)}
    held["state"] = TrialState(row["state"])
    return Trial(**held)


def _columns(row: Any) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row)}


def to_read(database: str | None, folder: Path) -> Store | None:
    """The store for a URL, or SQLite in the folder, to be read only; None where there is none.

    >>> to_read("sqlite:///no/such/file.db", Path("studies")) is None
    True
    """
    url = database or os.environ.get("GRADBOOK_DATABASE") or f"sqlite:///{folder / 'studies.db'}"
    if not url.startswith("sqlite:///"):
        return Store(url, folder, reads=True)
    file = Path(url.removeprefix("sqlite:///"))
    if not file.is_file():
        return None
    # Even a reader makes files beside a database in WAL mode, unless it is told that nobody writes to it now.
    quiet = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    return Store(f"sqlite:///{file.resolve().as_uri()}?mode=ro{quiet}&uri=true", folder, reads=True)


def locate(database: str | None, folder: Path, *, make: bool = True) -> Store:
    """The store for a URL, or SQLite in the folder; a folder that is missing is made, or else an error."""
    url = database or os.environ.get("GRADBOOK_DATABASE")
    file = folder / "studies.db"
    if not make and url is None and not file.exists():
        raise StudyError(f"{folder}: there are no studies here yet; run one, or name where with --folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"{folder}: cannot be made: {error.strerror}") from None
    return Store(url or f"sqlite:///{file.resolve()}", folder)
