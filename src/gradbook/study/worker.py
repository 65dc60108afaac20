"""A process that takes trials from the table and trains them, until there are none left."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from sqlalchemy import exc
from torch import Tensor

from gradbook.study import checkpoints, owners, spec
from gradbook.study.compiled import CompileError
from gradbook.study.data import opened
from gradbook.study.database import told
from gradbook.study.plan import Way
from gradbook.study.problem import StudyError, changed
from gradbook.study.python import code_of
from gradbook.study.samples import Dataset
from gradbook.study.schema import Trial, TrialState
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack
from gradbook.study.store import LeaseLost, Store
from gradbook.study.training import Diverged, Epoch, Run, prepare_process

#: Leases are renewed this often, and the table told how far the epoch is.
_BEAT = 2.0


class Stopped(RuntimeError):
    """The work cannot go on, though no trial is to blame: the disk is full, the database gone."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is asked to do."""

    url: str
    folder: str
    study: str
    way: Way


def work(order: Order) -> None:
    """Train trials of a study until none is left.

    Raises Stopped if results cannot be recorded; everything recorded so far stays.
    """
    prepare_process(order.way)
    owner = owners.me()
    try:
        store = Store(order.url, Path(order.folder))
        row = store.study(order.study)
        if row is None:
            raise Stopped(f"the study {order.study} was removed")
        data_path = Path(order.folder) / "data" / f"{row.data['fingerprint']}.safetensors"
        data = Dataset(opened(data_path), order.way.device)
        code = cache(partial(code_of, here=Path(row.here)))
        with _Heart(order, owner) as heart:
            while taken := store.claim(order.study, owner):
                _Job(store, owner, taken, data, order, Path(row.here), heart, code).train()
        store.close()
    except (exc.DBAPIError, OSError, StudyError) as error:
        raise Stopped(told(error)) from None


class _Heart:
    """Renews the lease beside the work, and ends the process when nobody is there any more to wait for it."""

    def __init__(self, order: Order, owner: str) -> None:
        self._order, self._owner = order, owner
        self._parent = os.getppid()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self.run: Run | Stack | None = None

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        store: Store | None = None
        while not self._stop.wait(_BEAT):
            if os.getppid() != self._parent:
                # Whoever started this is gone: the table tells all there is to know, so nothing is lost.
                os._exit(1)
            run = self.run
            try:
                store = store or Store(self._order.url, Path(self._order.folder))
                store.beat(self._owner, run.steps_done / run.steps if run is not None else 0.0)
            except (exc.DBAPIError, StudyError):
                continue  # the next commit will find out whether this was more than a moment
        if store is not None:
            store.close()


class _Job:
    """One trial, or a stack of them, from its checkpoint to its end."""

    def __init__(
        self,
        store: Store,
        owner: str,
        taken: Sequence[Trial],
        data: Dataset,
        order: Order,
        here: Path,
        heart: _Heart,
        code: Callable[[str], str],
    ) -> None:
        self._store, self._owner, self._taken, self._data = store, owner, list(taken), data
        self._way, self._here, self._heart, self._code = order.way, here, heart, code
        self._study = order.study
        self._folder = Path(order.folder) / "checkpoints"
        self._open: list[int] = [place for place, trial in enumerate(taken) if not trial.state.over]
        self._stacked = taken[0].stack is not None
        self._name = (
            f"stack-{taken[0].stack}" if self._stacked else f"{taken[0].configuration}-{taken[0].seed}"
        )
        self._saved = taken[0].checkpoint if not self._stacked else _latest(taken)
        self._epoch = max(t.checkpoint_epoch for t in taken)

    def train(self) -> None:
        """Train to the end. What a model raises ends its trial; a stack that raises is taken apart."""
        try:
            self._train()
        except LeaseLost:
            pass  # somebody else goes on with it
        finally:
            self._heart.run = None

    def _train(self) -> None:
        held = self._store.settings({trial.configuration for trial in self._taken})
        asked = [(spec.settings(dict(held[t.configuration][1])), t.seed) for t in self._taken]
        fingerprint = self._data.prepared.fingerprint
        for trial, (settings, _) in zip(self._taken, asked, strict=True):
            # The data and the code are those of when this process began, and the trial may be of a later day.
            if settings.key(fingerprint, self._code(settings.model.kind)) != trial.configuration:
                raise StudyError(changed(self._study))
        state = self._state()
        try:
            run = self._built(asked)
            if state is not None:
                run.restore(state, self._epoch)
        except (Exception, SystemExit):  # noqa: BLE001 - a model may raise anything, and the other trials go on
            self._broken(traceback.format_exc())
            return
        self._begin(run)
        self._heart.run = run
        last, since, cost = self._taken[0].epochs, time.monotonic(), 0.0
        while self._open and run.epoch < last:
            try:
                outcomes = run.advance()
            except (Exception, SystemExit):  # noqa: BLE001 - as above
                self._broken(traceback.format_exc())
                return
            ended = run.epoch == last
            began = time.monotonic()
            due = ended or began - since >= max(checkpoints.INTERVAL, cost / checkpoints.SHARE)
            self._record(run, outcomes, ended=ended, due=due)
            if due:
                since = time.monotonic()
                cost = since - began
            self._open = [place for place in self._open if isinstance(outcomes[place], Epoch)]

    def _state(self) -> dict[str, Tensor] | None:
        """What to go on from; without it, if it should be there, the trials start over."""
        if not self._epoch:
            return None
        state = checkpoints.load(self._folder, self._saved or "")
        if state is None:
            self._store.start_over(self._keys(), self._owner)
            self._epoch, self._saved = 0, None
        return state

    def _built(self, asked: Sequence[tuple[Settings, int]]) -> Run | Stack:
        if self._stacked:
            try:
                return Stack(asked, self._data, self._way, self._here)
            except CompileError:
                # Another machine than the one that was planned for: the results are the same within rounding.
                self._way = replace(self._way, compiled=False)
                return Stack(asked, self._data, self._way, self._here)
        return Run(*asked[0], self._data, self._way, self._here)

    def _begin(self, run: Run | Stack) -> None:
        checkpoints.tidy(self._folder, self._name, self._saved)
        initial = run.initial_weights if isinstance(run, Stack) else [run.initial_weights]
        way = {"threads": self._way.threads, "channels_last": self._way.channels_last}
        way |= {"device": self._way.device, "stack": len(self._taken) if self._stacked else 1}
        way |= {"compiled": self._way.compiled and self._stacked}
        told = [
            {"parameters": run.parameters, "initial_weights": initial[place], "way": way}
            for place in self._open
        ]
        self._store.begin(self._keys(), self._owner, told)

    def _record(
        self, run: Run | Stack, outcomes: Sequence[Epoch | Diverged], *, ended: bool, due: bool
    ) -> None:
        saved = checkpoints.save(self._folder, self._name, run.epoch, run.state()) if due else None
        digests = run.digests() if ended else []
        recorded = [(self._taken[place].key, outcomes[place]) for place in self._open]
        finals = {
            self._taken[place].key: digests[place]
            for place in self._open
            if ended and isinstance(outcomes[place], Epoch)
        }
        checkpoint = (saved, run.epoch) if saved is not None else None
        self._store.commit_epoch(self._owner, recorded, checkpoint, finals)
        if saved is not None:
            if self._saved != saved:
                checkpoints.drop(self._folder, self._saved)
            self._saved = saved

    def _broken(self, cause: str) -> None:
        if self._stacked:
            self._store.unstack(self._keys(), self._owner)
        else:
            self._store.fail(self._keys(), self._owner, cause)

    def _keys(self) -> list[tuple[str, int]]:
        return [self._taken[place].key for place in self._open]


def _latest(taken: Sequence[Trial]) -> str | None:
    """The checkpoint of a stack: that of the trials still in training, which have the latest."""
    going = [t for t in taken if t.state is TrialState.RUNNING] or list(taken)
    return max(going, key=lambda trial: trial.checkpoint_epoch).checkpoint
