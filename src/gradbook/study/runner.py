"""Running a study: from a file to finished trials, by processes that come and go."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradbook.study import data, owners, results, spec
from gradbook.study.nursery import OWN_CODE, PROGRAMS
from gradbook.study.plan import Wishes
from gradbook.study.problem import StudyError, changed
from gradbook.study.python import code_of
from gradbook.study.results import Results
from gradbook.study.schema import ArmRow, StudyRow, Trial, TrialState
from gradbook.study.settings import Settings
from gradbook.study.spec import Study
from gradbook.study.store import Store

if TYPE_CHECKING:
    from gradbook.study.formats import Source

#: How often the table is asked how things stand.
_LOOK = 0.25

#: So many workers in a row may die without a trial in their hands.
_MOST_IDLE_DEATHS = 3

#: The C library keeps memory that is freed, rather than giving every large array's pages back to the system and
#: fetching them again: that is most of the page faults of a convolutional network's step. Read when a process
#: starts, so it is set for the one that workers are forked from. 32 MiB is the largest threshold there is.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TOP_PAD_": str(64 * 2**20),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a study stands at a moment: what the live table shows."""

    name: str
    arms: Sequence[ArmRow]
    trials: Sequence[Trial]
    last: Mapping[tuple[str, int], Mapping[str, float | None]]
    seconds: float
    plan: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether all trials have ended."""
        return all(trial.state.over for trial in self.trials)

    @property
    def done(self) -> float:
        """The share of all epochs that are done."""
        total = sum(trial.epochs for trial in self.trials)
        return sum(reached(trial) for trial in self.trials) / total if total else 1.0


def reached(trial: Trial) -> float:
    """How many epochs of a trial are done or will not be: a trial that ended early is at its end."""
    if trial.state.over:
        return trial.epochs
    return trial.done + (trial.progress if trial.state is TrialState.RUNNING else 0.0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a study would do, before it does it."""

    study: Study
    arms: Sequence[spec.Arm]
    prepared: data.Prepared
    plan: Mapping[str, Any]
    parameters: Sequence[int]
    unfinished: int


@dataclass(slots=True)
class Runner:
    """Runs studies on one store. ``say`` is told what happens, in a line each.

    Without ``own_code`` no model is imported by name, which would run its code: only built-in models are trained.
    """

    store: Store
    say: Callable[[str], None] = lambda _: None
    wishes: Wishes = field(default_factory=Wishes)
    own_code: bool = True

    def look_ahead(
        self, tables: Mapping[str, Any], place: spec.Place, here: Path, given: Source | None = None
    ) -> Outlook:
        """What would be trained, how, and how long it would take; nothing is trained or recorded."""
        study = self._read(tables, place, here)
        with Nursery(own_code=self.own_code) as nursery:
            prepared = self._prepared(study, here, given)
            told = self._survey(nursery, study, prepared, here)
        known = {trial.key: trial for trial in self.store.trials(study.name)}
        keys = _keys(study, prepared.fingerprint, here)
        open_trials = [
            (key, seed)
            for key in keys
            for seed in study.seeds
            if (key, seed) not in known or not known[key, seed].state.over
        ]
        return Outlook(study, study.arms(), prepared, told["plan"], told["parameters"], len(open_trials))

    def run(
        self,
        tables: Mapping[str, Any],
        place: spec.Place,
        here: Path,
        given: Source | None = None,
        watch: Callable[[Snapshot], None] | None = None,
    ) -> Results:
        """Run a study to its end, or go on with it; trials that are done already are not done again."""
        study = self._read(tables, place, here)
        with contextlib.ExitStack() as stack:
            known = self.store.study(study.name)
            if known is None:
                self._see_code(study)
            # PyTorch takes as long to import as small data to read: both go on at the same time.
            nursery = stack.enter_context(Nursery(own_code=self.own_code)) if known is None else None
            prepared = self._prepared(study, here, given)
            if known is None or not self._is_finished(known, study, prepared, here):
                self._see_code(study)
                nursery = nursery or stack.enter_context(Nursery(own_code=self.own_code))
                self._record(nursery, study, prepared, here)
                self._train(nursery, study.name, watch)
        return results.read(self.store, study.name)

    def _see_code(self, study: Study) -> None:
        kinds = [arm.settings.model.kind for arm in study.arms()]
        if not self.own_code and (named := [kind for kind in kinds if ":" in kind]):
            raise StudyError(
                f"[model] kind: {named[0]} is code, which a document may not run by itself; build with --own-models, "
                "or train it first with gradbook study"
            )

    def _is_finished(self, known: StudyRow, study: Study, prepared: data.Prepared, here: Path) -> bool:
        over = all(trial.state.over for trial in self.store.trials(study.name))
        return over and self._is_same(known, study, prepared, here)

    def _is_same(self, known: StudyRow, study: Study, prepared: data.Prepared, here: Path) -> bool:
        """Whether a study is recorded, with its plan, as it is now."""
        told = json.loads(json.dumps(study.to_json()))
        keys = [arm.configuration for arm in self.store.arms(study.name)]
        same = dict(known.spec) == told and keys == _keys(study, prepared.fingerprint, here)
        return same and known.plan is not None

    def resume(self, name: str, watch: Callable[[Snapshot], None] | None = None) -> Results:
        """Go on with a study where it stands; trials that failed are tried again from their last epoch."""
        row = self.store.study(name)
        if row is None:
            known = ", ".join(self.store.names()) or "none yet"
            raise StudyError(f"no study is called {name!r} here; known: {known}")
        study = spec.read(row.spec)
        unfinished = any(
            t.state not in (TrialState.DONE, TrialState.DIVERGED) for t in self.store.trials(name)
        )
        recorded = [arm.configuration for arm in self.store.arms(name)]
        if unfinished and recorded != _keys(study, row.data["fingerprint"], Path(row.here)):
            raise StudyError(changed(name))
        if again := self.store.retry(name):
            self.say(f"{again} failed trial{'s' * (again > 1)} will be tried again")
        if not (self.store.folder / "data" / f"{row.data['fingerprint']}.safetensors").exists():
            # The prepared samples were deleted: they can be made again from what they were made from.
            prepared = data.prepare(study.settings.data, self.store.folder / "data", Path(row.here))
            if prepared.fingerprint != row.data["fingerprint"]:
                raise StudyError(changed(name))
        if any(not trial.state.over for trial in self.store.trials(name)):
            with Nursery(own_code=self.own_code) as nursery:
                self._train(nursery, name, watch)
        return results.read(self.store, name)

    def _read(self, tables: Mapping[str, Any], place: spec.Place, here: Path) -> Study:
        return spec.read(tables, place, self._base(tables, place, here))

    def _prepared(self, study: Study, here: Path, given: Source | None = None) -> data.Prepared:
        return data.prepare(study.settings.data, self.store.folder / "data", here, given)

    def _base(self, tables: Mapping[str, Any], place: spec.Place, here: Path) -> Settings | None:
        base = spec.base_of(tables, place)
        if base is None:
            return None
        name = base.study
        if name.endswith(".toml"):
            earlier, _ = spec.load(here / name)
            name = str(earlier["name"])
        if name == tables.get("name"):
            raise place.problem("base", "study", f"expected another study, found {name!r} itself; rename one")
        if self.store.study(name) is None:
            raise place.problem(
                "base",
                "study",
                f"no study is called {name!r} here yet; run it first: gradbook study {base.study}",
            )
        return results.based(self.store, base, name)

    def _record(self, nursery: Nursery, study: Study, prepared: data.Prepared, here: Path) -> None:
        """Make the table hold the study; a study that is there unchanged keeps its plan."""
        known = self.store.study(study.name)
        if known is not None and self._is_same(known, study, prepared, here):
            return
        self._put(study, prepared, here, self._survey(nursery, study, prepared, here))

    def _put(self, study: Study, prepared: data.Prepared, here: Path, survey: Mapping[str, Any]) -> None:
        arms = study.arms()
        keys = _keys(study, prepared.fingerprint, here)
        row = StudyRow(
            study.name,
            study.to_json(),
            str(here.resolve()),
            prepared.to_json(),
            study.held(),
            None,
            environment(),
            0.0,
        )
        arm_rows = [
            ArmRow(arm.position, key, arm.label, json.loads(json.dumps(arm.values)))
            for arm, key in zip(arms, keys, strict=True)
        ]
        held = {key: arm.settings.to_json() for arm, key in zip(arms, keys, strict=True)}
        self.store.put(row, held, arm_rows, study.settings.training.epochs)
        self._set_plan(study, keys, survey)

    def _plan(self, nursery: Nursery, study: Study, prepared: data.Prepared, here: Path) -> None:
        keys = [arm.configuration for arm in self.store.arms(study.name)]
        self._set_plan(study, keys, self._survey(nursery, study, prepared, here))

    def _set_plan(self, study: Study, keys: Sequence[str], survey: Mapping[str, Any]) -> None:
        plan = survey["plan"]
        stacks: dict[tuple[str, int], tuple[str, int]] = {}
        if plan["stack_size"] > 1:
            from gradbook.study.stacking import stacks as divided

            waiting = {t.key for t in self.store.trials(study.name) if t.state is TrialState.WAITING}
            listed = [
                (key, seed, arm.settings)
                for seed in study.seeds
                for arm, key in zip(study.arms(), keys, strict=True)
                if (key, seed) in waiting
            ]
            stacks = divided(listed, plan["stack_size"], plan["processes"], plan["apart"])
        self.store.set_plan(study.name, plan, stacks)

    def _survey(
        self, nursery: Nursery, study: Study, prepared: data.Prepared, here: Path
    ) -> Mapping[str, Any]:
        return nursery.ask(
            {
                "do": "survey",
                "settings": [arm.settings.to_json() for arm in study.arms()],
                "seeds": list(study.seeds),
                "data": str(prepared.path.resolve()),
                "here": str(here.resolve()),
                "wishes": self.wishes.told(),
            }
        )

    def _train(self, nursery: Nursery, name: str, watch: Callable[[Snapshot], None] | None) -> None:
        row = self.store.study(name)
        if row is not None and row.plan is None:
            # Whoever recorded the study was stopped before it decided on a plan, or is about to.
            prepared = data.opened(self.store.folder / "data" / f"{row.data['fingerprint']}.safetensors")
            self._plan(nursery, spec.read(row.spec), prepared, Path(row.here))
            row = self.store.study(name)
        if row is None or row.plan is None:
            raise StudyError(f"{name}: another process removed or changed the study; run it again")
        plan: dict[str, Any] = {**row.plan, "processes": self.wishes.processes or row.plan["processes"]}
        told = {**plan["way"], "stacked": plan["stack_size"] > 1}
        if any(told.get(name, wish) != wish for name, wish in self.wishes.told().items()):
            # Another way would give other bits to what is left than to what is done.
            self.say("the plan stays as it was recorded, but for the number of processes")
        trials = self.store.trials(name)
        jobs = len({t.stack or t.key for t in trials if not t.state.over})
        began = time.monotonic()
        order = {
            "do": "work",
            "url": self.store.url,
            "folder": str(self.store.folder.resolve()),
            "study": name,
            "way": plan["way"],
        }
        for _ in range(min(plan["processes"], jobs)):
            nursery.start(order)
        arms = self.store.arms(name)
        while True:
            working = nursery.wait(_LOOK, order, self._bury)
            trials = self.store.trials(name)
            if watch is not None:
                last = self.store.last_epochs(name)
                watch(Snapshot(name, arms, trials, last, time.monotonic() - began, plan))
            if all(trial.state.over for trial in trials):
                return
            if not working:
                # All that is left is in other processes' hands, or was when our workers looked.
                if self.store.has_free(name):
                    nursery.start(order)
                else:
                    time.sleep(_LOOK)

    def _bury(self, pid: int, status: int) -> bool:
        """A worker died: what it held is free again, and counts against it. Gives whether it held anything."""
        held = False
        for owner in {
            t.owner for n in self.store.names() for t in self.store.trials(n) if t.owner is not None
        }:
            if owners.of(pid, owner):
                self.store.release(owner, died=True)
                held = True
        self.say(f"a worker ended with status {status}" + ("; its trial is tried again" if held else ""))
        return held


def _keys(study: Study, fingerprint: str, here: Path) -> list[str]:
    return [arm.settings.key(fingerprint, code_of(arm.settings.model.kind, here)) for arm in study.arms()]


class Nursery:
    """The process that workers come from, seen from its owner's side."""

    def __init__(self, *, own_code: bool = True) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._programs = tempfile.TemporaryDirectory(prefix="gradbook-", ignore_cleanup_errors=True)
        environment = {**_ALLOCATOR, **os.environ, "GRADBOOK_WORKER": "1", PROGRAMS: self._programs.name}
        environment.pop(OWN_CODE, None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gradbook.study.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**environment, OWN_CODE: "1"} if own_code else environment,
            start_new_session=True,
        )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._orders = self._idle_deaths = 0
        self._working: set[int] = set()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._working:
            self._process.kill()  # it has nothing to tell its workers, for there are none
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        self._programs.cleanup()

    def start(self, order: Mapping[str, Any]) -> int:
        """Have an order served by a process of its own; gives its number."""
        self._orders += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({**order, "order": self._orders}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise StudyError(f"the training process did not start: {self._last_words()}") from None
        self._working.add(self._orders)
        return self._orders

    def ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have an order served, and wait for its answer. Raises StudyError if there is a problem."""
        number = self.start(order)
        answer: Mapping[str, Any] | None = None
        while True:
            event = self._events.get()
            if event.get("order") not in (number, None):
                continue
            match event["event"]:
                case "answer":
                    answer = event["answer"]
                case "problem" | "stopped":
                    raise StudyError(event["message"])
                case "fault":
                    raise RuntimeError(event["message"])
                case "exited":
                    self._working.discard(number)
                    if answer is None:
                        raise StudyError(f"the process that looks at the models died: {self._last_words()}")
                    return answer
                case "gone":
                    raise StudyError(f"the training process did not start: {self._last_words()}")
                case _:
                    pass

    def wait(self, seconds: float, order: Mapping[str, Any], bury: Callable[[int, int], bool]) -> bool:
        """Look for news for so long; a worker that died is replaced. Gives whether any worker is left."""
        until = time.monotonic() + seconds
        while self._working:
            try:
                event = self._events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            match event["event"]:
                case "stopped" | "problem":
                    raise StudyError(event["message"])
                case "fault":
                    raise RuntimeError(event["message"])
                case "exited":
                    self._working.discard(event["order"])
                    if event["status"] != 0:
                        self._idle_deaths = (
                            0 if bury(event["pid"], event["status"]) else self._idle_deaths + 1
                        )
                        if self._idle_deaths == _MOST_IDLE_DEATHS:
                            raise StudyError(f"workers die before they begin: {self._last_words()}")
                        self.start(order)
                case "gone":
                    raise StudyError(f"the training process is gone: {self._last_words()}")
                case _:
                    pass
        return bool(self._working)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put({"event": "gone"})

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it left no message"


def environment() -> dict[str, str]:
    """The versions and the machine that results may depend on."""
    return {
        "gradbook": version("gradbook"),
        "torch": version("torch"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
