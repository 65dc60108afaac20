"""Killed at any moment, a study ends as if nothing had happened; and processes do not get in each other's way."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gradbook.study import checkpoints, compiled, data, plan, spec, stacking
from gradbook.study.data import Prepared
from gradbook.study.plan import Way
from gradbook.study.runner import Runner
from gradbook.study.schema import ArmRow, StudyRow, TrialState
from gradbook.study.store import Store
from gradbook.study.worker import Order, Stopped, work

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks of this process")

PLAIN = Way()

#: One study that is trained trial by trial, with all the randomness there is, and one that is stacked.
TABLES: dict[str, dict[str, Any]] = {
    "single": {
        "name": "crash",
        "seeds": 2,
        "data": {"limit": 201, "augment": ["flip", "crop"]},
        "model": {"kind": "mlp", "hidden": [16], "dropout": 0.3, "batch_norm": True},
        "training": {"epochs": 12, "batch_size": 16, "optimizer": "adam", "schedule": "one-cycle"},
        "vary": {"weight_decay": [0.05, 0.0005]},
    },
    "stacked": {
        "name": "crash",
        "seeds": 3,
        "data": {"limit": 201},
        "model": {"kind": "mlp", "hidden": [16]},
        "training": {"epochs": 40, "batch_size": 16, "schedule": "cosine"},
        "vary": {"weight_decay": [0.05, 0.0005]},
    },
}


def recorded(
    url: str, folder: Path, tables: dict[str, Any], stack: int, prepared: Prepared, way: Way = PLAIN
) -> Order:
    """A study in a database, ready for workers."""
    study = spec.read(tables)
    arms = study.arms()
    keys = [arm.settings.key(prepared.fingerprint) for arm in arms]
    rows = [ArmRow(a.position, key, a.label, dict(a.values)) for a, key in zip(arms, keys, strict=True)]
    store = Store(url, folder)
    row = StudyRow("crash", study.to_json(), str(folder), prepared.to_json(), study.held(), None, {}, 0.0)
    store.put(row, {key: a.settings.to_json() for a, key in zip(arms, keys, strict=True)}, rows, 1)
    decided = plan.Plan(1, way, stack)
    listed = [(key, seed, arm.settings) for seed in study.seeds for arm, key in zip(arms, keys, strict=True)]
    store.set_plan("crash", decided.to_json(), stacking.stacks(listed, stack, 1) if stack > 1 else {})
    store.close()
    return Order(url, str(folder), "crash", way)


def in_a_fork(action: Callable[[], None]) -> int:
    """Do something in another process, which shares nothing that it changes; gives its number."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def everything(url: str, folder: Path) -> dict[str, Any]:
    """All that a finished study has in the database, but for times, and the bytes of its last checkpoints."""
    store = Store(url, folder)
    trials = store.trials("crash")
    found = {
        "trials": [(t.key, t.state, t.done, t.initial_weights, t.final_weights, t.cause) for t in trials],
        "epochs": [row[:-1] for row in store.epochs("crash")],
        "checkpoints": {
            name: (folder / "checkpoints" / name).read_bytes()
            for name in sorted({t.checkpoint for t in trials if t.checkpoint})
        },
    }
    store.close()
    assert {t.state for t in trials} == {TrialState.DONE}
    return found


@pytest.fixture
def prepared_in(tmp_path: Path) -> Callable[[str], Prepared]:
    def make(name: str) -> Prepared:
        return data.prepare(spec.Data(limit=201), tmp_path / name / "data", Path())

    return make


@pytest.mark.parametrize(
    "kind",
    [
        "single",
        "stacked",
        pytest.param(
            "compiled",
            marks=pytest.mark.skipif(not compiled.available(), reason="no C++ compiler here"),
        ),
    ],
)
def test_killed_at_twenty_random_moments_it_ends_with_the_same_bits(
    database: str,
    tmp_path: Path,
    prepared_in: Callable[[str], Prepared],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables, stack = TABLES["stacked" if kind == "compiled" else kind], 1 if kind == "single" else 8
    way = Way(compiled=kind == "compiled")
    (tmp_path / "programs").mkdir()
    monkeypatch.setattr(compiled, "_kept", [tmp_path / "programs"])
    whole = recorded(
        f"sqlite:///{tmp_path}/whole.db", tmp_path / "whole", tables, stack, prepared_in("whole"), way
    )
    assert ended(in_a_fork(lambda: work(whole))) == 0
    order = recorded(database, tmp_path / "killed", tables, stack, prepared_in("killed"), way)
    # With a checkpoint after every epoch, however short, each kill meets another state.
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", math.inf)
    moments, met = random.Random(7), set[int]()
    store = Store(database, tmp_path / "killed")
    for _ in range(20):
        before = sum(trial.done for trial in store.trials("crash"))
        pid = in_a_fork(lambda: work(order))
        until = time.monotonic() + 10
        # Half of the moments are near the start of a process, half right after an epoch or two of its own.
        if moments.random() < 0.5:
            time.sleep(moments.uniform(0.0, 0.06))
        else:
            while sum(t.done for t in store.trials("crash")) <= before and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(moments.uniform(0.0, 0.01))
        os.kill(pid, signal.SIGKILL)
        assert ended(pid) == -signal.SIGKILL, "the study was over before it could be killed"
        met.add(sum(trial.done for trial in store.trials("crash")))
    store.close()
    assert len(met) > 5
    assert ended(in_a_fork(lambda: work(order))) == 0
    expected, found = everything(whole.url, tmp_path / "whole"), everything(database, tmp_path / "killed")
    assert found["epochs"] == expected["epochs"]
    assert found["trials"] == expected["trials"]
    assert found["checkpoints"] == expected["checkpoints"]
    left = {path.name for path in (tmp_path / "killed" / "checkpoints").iterdir()}
    assert len(left - set(found["checkpoints"])) <= len(found["trials"])


def test_the_comparison_notices_one_other_bit(tmp_path: Path, prepared_in: Callable[[str], Prepared]) -> None:
    """The oracle itself: a study whose trials begin from another seed's weights is not the same."""
    tables = {**TABLES["stacked"], "training": {**TABLES["stacked"]["training"], "epochs": 1}}
    one = recorded(f"sqlite:///{tmp_path}/1.db", tmp_path / "1", tables, 1, prepared_in("1"))
    other = recorded(
        f"sqlite:///{tmp_path}/2.db", tmp_path / "2", {**tables, "seeds": [0, 1, 3]}, 1, prepared_in("2")
    )
    for order in (one, other):
        assert ended(in_a_fork(lambda order=order: work(order))) == 0
    assert everything(one.url, tmp_path / "1")["epochs"] != everything(other.url, tmp_path / "2")["epochs"]


def test_two_processes_share_a_study_and_train_nothing_twice(
    database: str, tmp_path: Path, prepared_in: Callable[[str], Prepared]
) -> None:
    order = recorded(database, tmp_path / "both", TABLES["single"], 1, prepared_in("both"))
    alone = recorded(
        f"sqlite:///{tmp_path}/a.db", tmp_path / "alone", TABLES["single"], 1, prepared_in("alone")
    )
    pids = [in_a_fork(lambda: work(order)) for _ in range(2)]
    assert [ended(pid) for pid in pids] == [0, 0]
    assert ended(in_a_fork(lambda: work(alone))) == 0
    # Training a trial twice would insert an epoch twice, which its key forbids.
    assert everything(database, tmp_path / "both") == everything(alone.url, tmp_path / "alone")


def test_a_study_that_was_compiled_elsewhere_goes_on_where_nothing_can_be_compiled(
    tmp_path: Path, prepared_in: Callable[[str], Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_compile", lambda *_: 1 / 0)
    url, folder = f"sqlite:///{tmp_path}/s.db", tmp_path / "s"
    order = recorded(url, folder, TABLES["stacked"], 8, prepared_in("s"), Way(compiled=True))
    assert ended(in_a_fork(lambda: work(order))) == 0
    plain = recorded(f"sqlite:///{tmp_path}/p.db", tmp_path / "p", TABLES["stacked"], 8, prepared_in("p"))
    assert ended(in_a_fork(lambda: work(plain))) == 0
    assert everything(url, folder) == everything(plain.url, tmp_path / "p")
    store = Store(url, folder)
    assert [trial.way["compiled"] for trial in store.trials("crash") if trial.way] == [False] * 6
    store.close()


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_checkpoint_costs_time_and_nothing_else(
    tmp_path: Path, prepared_in: Callable[[str], Prepared], damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", math.inf)
    url = f"sqlite:///{tmp_path}/s.db"
    order = recorded(url, tmp_path / "s", TABLES["single"], 1, prepared_in("s"))
    pid = in_a_fork(lambda: work(order))
    store = Store(url, tmp_path / "s")
    while not any(2 <= trial.done < trial.epochs for trial in store.trials("crash")):
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    ended(pid)
    (going,) = [trial for trial in store.trials("crash") if trial.state is TrialState.RUNNING]
    store.close()
    path = tmp_path / "s" / "checkpoints" / str(going.checkpoint)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-5])
    assert ended(in_a_fork(lambda: work(order))) == 0
    whole = recorded(f"sqlite:///{tmp_path}/w.db", tmp_path / "w", TABLES["single"], 1, prepared_in("w"))
    assert ended(in_a_fork(lambda: work(whole))) == 0
    assert everything(url, tmp_path / "s") == everything(whole.url, tmp_path / "w")


def test_a_full_disk_stops_the_work_and_spoils_nothing(
    tmp_path: Path, prepared_in: Callable[[str], Prepared]
) -> None:
    import resource

    url = f"sqlite:///{tmp_path}/s.db"
    order = recorded(url, tmp_path / "s", TABLES["single"], 1, prepared_in("s"))
    told, tell = os.pipe()

    def confined() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        largest = max(path.stat().st_size for path in tmp_path.glob("s.db*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 9000, largest + 9000))
        try:
            work(order)
        except Stopped as stopped:
            os.write(tell, str(stopped).encode())

    assert ended(in_a_fork(confined)) == 0
    assert os.read(told, 1000)
    store = Store(url, tmp_path / "s")
    assert all(trial.state is not TrialState.FAILED for trial in store.trials("crash"))
    store.close()
    assert ended(in_a_fork(lambda: work(order))) == 0
    whole = recorded(f"sqlite:///{tmp_path}/w.db", tmp_path / "w", TABLES["single"], 1, prepared_in("w"))
    assert ended(in_a_fork(lambda: work(whole))) == 0
    assert everything(url, tmp_path / "s") == everything(whole.url, tmp_path / "w")


def test_a_process_that_was_taken_for_dead_lets_go_quietly(
    tmp_path: Path, prepared_in: Callable[[str], Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    order = recorded(url, tmp_path / "s", TABLES["single"], 1, prepared_in("s"))
    pid = in_a_fork(lambda: work(order))
    store = Store(url, tmp_path / "s")
    while not any(trial.done for trial in store.trials("crash")):
        time.sleep(0.005)
    monkeypatch.setattr("gradbook.study.store.LEASE", -1.0)
    (taken,) = store.claim("crash", "another")
    monkeypatch.undo()
    store.release("another")
    assert ended(pid) == 0  # it lost that trial, found it free again or took others, and finished
    whole = recorded(f"sqlite:///{tmp_path}/w.db", tmp_path / "w", TABLES["single"], 1, prepared_in("w"))
    assert ended(in_a_fork(lambda: work(whole))) == 0
    assert taken.key in {trial.key for trial in store.trials("crash")}
    store.close()
    assert everything(url, tmp_path / "s") == everything(whole.url, tmp_path / "w")


def test_what_a_trial_is_not_recorded_with_is_not_trained(
    tmp_path: Path, prepared_in: Callable[[str], Prepared]
) -> None:
    """A worker that began before a study got another model or other data has the old ones in memory."""
    net = "from torch import nn\nclass Net(nn.Linear):\n"
    net += "    def __init__(self): super().__init__(64, 10)\n"
    net += "    def forward(self, x): return super().forward(x.flatten(1))\n"
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "net.py").write_text(net)
    tables = {**TABLES["single"], "model": {"kind": "net.py:Net"}}
    order = recorded(f"sqlite:///{tmp_path}/s.db", tmp_path / "s", tables, 1, prepared_in("s"))

    def refused() -> None:  # the keys of the trials were made without the code
        with pytest.raises(Stopped, match="crash: its model or its data are no longer those"):
            work(order)

    assert ended(in_a_fork(refused)) == 0
    store = Store(order.url, tmp_path / "s")
    assert not any(trial.done for trial in store.trials("crash"))
    store.close()


def test_recorded_epochs_do_not_depend_on_who_looks(
    tmp_path: Path, prepared_in: Callable[[str], Prepared]
) -> None:
    """Readers and the writer do not lock each other out."""
    url = f"sqlite:///{tmp_path}/s.db"
    order = recorded(url, tmp_path / "s", TABLES["stacked"], 8, prepared_in("s"))
    pid = in_a_fork(lambda: work(order))
    store = Store(url, tmp_path / "s")
    seen = 0
    with sa.create_engine(url).connect() as reader:
        while any(not trial.state.over for trial in store.trials("crash")):
            seen = max(seen, reader.execute(sa.text("SELECT count(*) FROM epochs")).scalar_one())
            reader.rollback()
    assert ended(pid) == 0
    store.close()
    assert Runner(Store(url, tmp_path / "s")).store.names() == ["crash"]
