"""What every database must do: leases, epochs, and what is left when a process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc

from gradbook.study import owners, store
from gradbook.study.problem import StudyError
from gradbook.study.schema import ArmRow, StudyRow, TrialState
from gradbook.study.store import LeaseLost, Store
from gradbook.study.training import Diverged, Epoch


@pytest.fixture
def held(database: str, tmp_path: Path) -> Iterator[Store]:
    made = Store(database, tmp_path)
    yield made
    made.close()


def put(held: Store, name: str = "decay", values: tuple[float, ...] = (0.1, 0.2), seeds: int = 2) -> None:
    row = StudyRow(name, {"seeds": list(range(seeds))}, "/", {"fingerprint": "f"}, {}, None, {}, 0.0)
    arms = [ArmRow(i, f"key{v}", f"weight_decay={v}", {"weight_decay": v}) for i, v in enumerate(values)]
    settings = {arm.configuration: {"training": {"epochs": 3}} for arm in arms}
    held.put(row, settings, arms, 3)


def epoch(number: int, loss: float = 0.5) -> Epoch:
    return Epoch(number, loss, 0.9, None, None, loss, 0.8, loss, 1.0, 2.0, 0.1, 0.01, 0.5)


def dead_owner() -> str:
    """The name of a process of this machine that is gone."""
    told = subprocess.run(
        [sys.executable, "-c", "from gradbook.study import owners; print(owners.me())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def test_trials_are_configuration_times_seed(held: Store) -> None:
    put(held)
    assert [trial.key for trial in held.trials("decay")] == [
        ("key0.1", 0),
        ("key0.2", 0),
        ("key0.1", 1),
        ("key0.2", 1),
    ]
    assert {trial.state for trial in held.trials("decay")} == {TrialState.WAITING}
    assert [arm.values for arm in held.arms("decay")] == [{"weight_decay": 0.1}, {"weight_decay": 0.2}]


def test_each_trial_is_given_once(held: Store) -> None:
    put(held)
    taken = [held.claim("decay", owners.me()) for _ in range(5)]
    assert [len(jobs) for jobs in taken] == [1, 1, 1, 1, 0]
    assert len({jobs[0].key for jobs in taken[:4]}) == 4


def test_many_at_once_never_get_the_same_trial(held: Store, database: str, tmp_path: Path) -> None:
    put(held, values=(0.1, 0.2, 0.3), seeds=4)
    taken: list[tuple[str, int]] = []

    def work() -> None:
        mine = Store(database, tmp_path)
        while jobs := mine.claim("decay", owners.me()):
            taken.extend(trial.key for trial in jobs)
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 12


def test_an_epoch_is_recorded_with_its_checkpoint_or_not_at_all(held: Store) -> None:
    put(held)
    owner = owners.me()
    (trial,) = held.claim("decay", owner)
    held.commit_epoch(owner, [(trial.key, epoch(1))], ("one", 1), {})
    with pytest.raises(exc.IntegrityError):
        held.commit_epoch(owner, [(trial.key, epoch(1))], ("two", 1), {})
    now = next(t for t in held.trials("decay") if t.key == trial.key)
    assert (now.done, now.checkpoint, now.checkpoint_epoch) == (1, "one", 1)
    held.commit_epoch(owner, [(trial.key, epoch(2))], None, {})
    held.commit_epoch(owner, [(trial.key, epoch(3))], ("three", 3), {trial.key: "digest"})
    now = next(t for t in held.trials("decay") if t.key == trial.key)
    assert (now.state, now.done, now.final_weights, now.owner) == (TrialState.DONE, 3, "digest", None)
    assert [row[2] for row in held.epochs("decay")] == [1, 2, 3]
    assert held.last_epochs("decay")[trial.key]["epoch"] == 3


def test_epochs_after_the_checkpoint_are_taken_back(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    owner = dead_owner()
    (trial,) = held.claim("decay", owner)
    held.commit_epoch(owner, [(trial.key, epoch(1))], ("one", 1), {})
    held.commit_epoch(owner, [(trial.key, epoch(2))], None, {})
    (again,) = held.claim("decay", owners.me())
    assert (again.done, again.checkpoint_epoch, again.checkpoint) == (1, 1, "one")
    assert [row[2] for row in held.epochs("decay")] == [1]


def test_a_lease_outlives_silence_only_for_a_while(held: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(held, values=(0.1,), seeds=1)
    elsewhere = "another-machine@boot/1/2/3"
    assert held.claim("decay", elsewhere)
    assert held.claim("decay", owners.me()) == []
    monkeypatch.setattr(store, "LEASE", -1.0)
    (trial,) = held.claim("decay", owners.me())
    monkeypatch.undo()
    with pytest.raises(LeaseLost):
        held.commit_epoch(elsewhere, [(trial.key, epoch(1))], None, {})
    assert held.epochs("decay") == []


def test_the_lease_of_a_dead_process_of_this_machine_is_void_at_once(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    assert held.claim("decay", dead_owner())
    assert held.has_free("decay")
    assert held.claim("decay", owners.me())
    assert not held.has_free("decay")


def test_a_beat_renews_and_tells_progress(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    owner = owners.me()
    held.claim("decay", owner)
    held.beat(owner, 0.25)
    assert held.trials("decay")[0].progress == 0.25


def test_a_stack_is_taken_whole_and_given_back_apart(held: Store) -> None:
    put(held)
    keys = [trial.key for trial in held.trials("decay")]
    held.set_plan("decay", {"processes": 1}, {key: ("s", place) for place, key in enumerate(keys[:3])})
    owner = owners.me()
    taken = held.claim("decay", owner)
    assert [trial.key for trial in taken] == keys[:3]
    assert [t.key for t in held.claim("decay", owners.me())] == keys[3:]
    outcomes: list[Any] = [(keys[0], epoch(1)), (keys[1], Diverged(1, "loss is nan")), (keys[2], epoch(1))]
    held.commit_epoch(owner, outcomes, ("c", 1), {})
    states = {trial.key: trial.state for trial in held.trials("decay")}
    assert states[keys[1]] is TrialState.DIVERGED
    held.unstack([keys[0], keys[2]], owner)
    assert [t.key for t in held.claim("decay", owners.me())] == [keys[0]]
    assert held.epochs("decay") == []


def test_a_trial_on_which_three_processes_died_is_failed(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    for _ in range(3):
        owner = owners.me()
        assert held.claim("decay", owner)
        held.release(owner, died=True)
    (trial,) = held.trials("decay")
    assert trial.state is TrialState.FAILED
    assert "died 3 times" in (trial.cause or "")
    assert held.retry("decay") == 1
    assert held.claim("decay", owners.me())


def test_an_epoch_forgives_the_deaths_before_it(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    for number in range(1, 4):
        for _ in range(2):
            owner = owners.me()
            (trial,) = held.claim("decay", owner)
            held.release(owner, died=True)
        owner = owners.me()
        (trial,) = held.claim("decay", owner)
        held.commit_epoch(owner, [(trial.key, epoch(number))], ("c", number), {})
        held.release(owner)
    assert held.trials("decay")[0].state is TrialState.WAITING


def test_trials_are_shared_between_studies_and_outlive_one_of_them(held: Store) -> None:
    put(held, "one", (0.1, 0.2))
    owner = owners.me()
    (trial,) = held.claim("one", owner)
    for number in (1, 2, 3):
        finals = {trial.key: "d"} if number == 3 else {}
        held.commit_epoch(owner, [(trial.key, epoch(number))], (f"c{number}", number), finals)
    put(held, "two", (0.1, 0.3))
    states = {t.key: t.state for t in held.trials("two")}
    assert states[trial.key] is TrialState.DONE
    assert len(states) == 4
    assert held.remove("one") == []
    assert len(held.epochs("two")) == 3
    assert held.remove("two") == ["c3"]
    assert held.names() == []


def test_a_study_that_grows_keeps_what_it_has(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    owner = owners.me()
    (trial,) = held.claim("decay", owner)
    held.commit_epoch(owner, [(trial.key, epoch(1))], ("c", 1), {})
    put(held, values=(0.1, 0.2), seeds=2)
    assert [t.done for t in held.trials("decay")] == [1, 0, 0, 0]


def test_infinite_and_negative_zero_come_back_to_the_bit(held: Store) -> None:
    put(held, values=(0.1,), seeds=1)
    owner = owners.me()
    (trial,) = held.claim("decay", owner)
    odd = 0.1 + 0.2
    held.commit_epoch(owner, [(trial.key, epoch(1, odd))], None, {})
    assert held.epochs("decay")[0][3] == odd


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://host/db", "sqlite or postgresql"),
        ("nonsense", "sqlite or postgresql"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be opened"),
        ("sqlite:////nowhere/at/all.db", "cannot be opened"),
    ],
)
def test_databases_that_cannot_be_used_are_told_without_their_password(
    url: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=told) as caught:
        Store(url, tmp_path)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_process_knows_itself_and_the_dead() -> None:
    assert owners.of(os.getpid(), owners.me())
    assert not owners.surely_dead(owners.me())
    assert owners.surely_dead(dead_owner())
    assert not owners.surely_dead("another-machine@boot/1/2/3")
    assert not owners.surely_dead("nonsense")
