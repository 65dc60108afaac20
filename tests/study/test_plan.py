"""How a study is computed: what is asked for is done, and what is measured decides the rest."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from gradbook.study import data, measuring, spec, survey
from gradbook.study.data import Prepared
from gradbook.study.measuring import Measured
from gradbook.study.plan import Plan, Way, Wishes
from gradbook.study.problem import StudyError
from gradbook.study.runner import Nursery


def surveyed(prepared: Prepared, wishes: Wishes, **tables: Any) -> Plan:
    study = spec.read({"name": "x", "seeds": 4, "training": {"epochs": 400, "batch_size": 16}, **tables})
    found = survey.survey([arm.settings for arm in study.arms()], study.seeds, prepared, Path(), wishes)
    return found.plan


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"nonsense": 1}, "plan: expected one of processes, threads, .*, found 'nonsense'"),
        ({"processes": 0}, "plan: processes: expected a whole number from 1 to 1024, found 0"),
        ({"threads": True}, "plan: threads: expected a whole number"),
        ({"stacked": "yes"}, "plan: stacked: expected True or False, found 'yes'"),
        ({"device": 0}, "plan: device: expected a name"),
    ],
)
def test_wishes_that_cannot_be_are_told_in_one_line(wish: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        Wishes.of(wish)


def test_what_is_asked_for_in_full_is_not_measured(prepared: Prepared) -> None:
    asked = Wishes(processes=3, threads=2, channels_last=False, stacked=False, device="cpu")
    began = time.monotonic()
    decided = surveyed(prepared, asked)
    assert (decided.processes, decided.way, decided.stack_size) == (3, Way(2, False, "cpu"), 1)
    assert decided.seconds is None
    assert time.monotonic() - began < 5


def test_a_part_that_is_asked_for_is_kept_and_the_rest_measured(prepared: Prepared) -> None:
    decided = surveyed(prepared, Wishes(processes=2, threads=1), vary={"weight_decay": [0.1, 0.01]})
    assert (decided.processes, decided.way.threads) == (2, 1)
    assert decided.stack_size == 4  # eight trials of one shape for two processes: a small model gains much
    assert decided.seconds is not None
    assert decided.memory is not None
    assert decided.memory > 10**7
    assert sum("(chosen)" in reason for reason in decided.reasons) == 1
    assert "a stack pays from" in decided.reasons[-1]


def test_a_stack_that_is_asked_for_is_checked_all_the_same(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Wishes(processes=1, threads=1, stacked=True, device="cpu")
    decided = surveyed(prepared, asked, vary={"weight_decay": [0.1, 0.01]})
    assert decided.stack_size == 8
    monkeypatch.setattr(measuring, "ROUNDING", {"fp32": 0.0})
    with pytest.raises(StudyError, match="--stack: the results are not those of the plain way"):
        surveyed(prepared, asked, vary={"weight_decay": [0.1, 0.01]})


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine", "one-cycle"])
def test_a_stack_can_be_asked_for_with_any_schedule(prepared: Prepared, schedule: str) -> None:
    asked = Wishes(processes=1, threads=1, stacked=True, device="cpu")
    training = {"schedule": schedule, "learning_rate": 0.3}
    assert surveyed(prepared, asked, training=training, vary={"weight_decay": [0.1, 0.01]}).stack_size == 8


def test_a_plan_comes_back_from_its_record(prepared: Prepared) -> None:
    decided = surveyed(prepared, Wishes(processes=1, threads=1), vary={"weight_decay": [0.1, 0.01]})
    assert Plan.from_json(json.loads(json.dumps(decided.to_json()))) == decided


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"model": {"dropout": 0.5}}, "cannot be stacked"),
        ({"training": {"precision": "bf16"}}, "cannot be stacked"),
        ({"data": {"augment": ["flip"]}, "model": {"kind": "cnn", "channels": [2]}}, "cannot be stacked"),
        ({"seeds": 1}, "cannot be stacked"),
    ],
)
def test_a_stack_that_cannot_be_is_refused(prepared: Prepared, tables: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        surveyed(prepared, Wishes(processes=1, threads=1, stacked=True, device="cpu"), **tables)


def test_models_and_devices_that_cannot_be_are_told_before_any_training(prepared: Prepared) -> None:
    with pytest.raises(StudyError, match="cannot be imported"):
        surveyed(prepared, Wishes(), model={"kind": "gone:Net"})
    with pytest.raises(StudyError, match="PyTorch finds no such device"):
        surveyed(prepared, Wishes(device="tpu"))


def test_each_shape_of_trial_is_looked_at(prepared: Prepared) -> None:
    """Small models are stacked and large ones, whose steps are arithmetic, are not; the estimate counts both."""
    vary = {"model.hidden": [[8], [2048, 2048]], "weight_decay": [0.1, 0.01]}
    asked = Wishes(processes=1, threads=1, device="cpu")
    tables: dict[str, Any] = {"training": {"epochs": 20, "batch_size": 16}}
    decided = surveyed(prepared, asked, vary=vary, **tables)
    assert decided.stack_size == 8
    (alone,) = decided.apart
    assert "2048" in alone
    small = surveyed(prepared, asked, vary={**vary, "model.hidden": [[8]]}, **tables)
    assert small.apart == ()
    assert decided.seconds is not None
    assert small.seconds is not None
    assert decided.seconds > 20 * small.seconds


def test_totals_count_rounds_of_jobs() -> None:
    def total(trials: int, epochs: int, measured: Measured) -> float:
        settings = spec.read({"name": "x", "training": {"epochs": epochs}}).settings
        shape = survey._Shape([(settings, seed) for seed in range(trials)], can_stack=True)  # pyright: ignore
        return survey._Candidate(2, Way(), [shape], [measured]).total()  # pyright: ignore

    assert total(5, 10, Measured(1, epoch=1.0, step=0.1, start=0.5, memory=0)) == 3 * (10 * 1.0 + 0.5)
    assert total(9, 10, Measured(4, epoch=2.0, step=0.1, start=0.5, memory=0)) == 2 * (10 * 2.0 + 0.5)


def test_work_at_once_is_really_at_once_and_a_death_is_seen() -> None:
    began = time.monotonic()

    def nap() -> dict[str, float]:
        time.sleep(0.5)
        return {"pid": os.getpid()}

    found = measuring.at_once(nap, 4)
    assert len({answer["pid"] for answer in found}) == 4
    assert time.monotonic() - began < 1.9
    assert measuring.at_once(lambda: os._exit(3), 2) == []


def test_a_layout_that_draws_other_random_numbers_is_not_used(tmp_path: Path) -> None:
    """Dropout on images draws by their place in memory: with the channels last, each pixel gets another number."""
    held = data.prepare(spec.Data(source="digits", limit=201), tmp_path, Path())
    one = Wishes(processes=1, threads=1, device="cpu")
    tables: dict[str, Any] = {"model": {"kind": "resnet", "width": 4, "blocks": [1]}, "seeds": 1}
    plain = surveyed(held, one, **tables)
    assert not any("within rounding" in reason for reason in plain.reasons)
    tables["model"]["dropout"] = 0.3
    dropped = surveyed(held, one, **tables)
    assert not dropped.way.channels_last
    assert any("channels last: the results are not those" in reason for reason in dropped.reasons)
    with pytest.raises(StudyError, match="--channels-last: the results are not those of the plain way"):
        surveyed(held, Wishes(processes=1, threads=1, channels_last=True, device="cpu"), **tables)


def test_a_way_that_looked_slow_beside_other_work_is_measured_again(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [9.0, 1.0]  # seconds an epoch in processes of one thread, first beside other work, then without

    def measure(_trials: Any, _data: Any, way: Way, *_: Any) -> Measured:
        return Measured(1, epoch=2.0 if way.threads > 1 else busy.pop(0), step=1.0, start=0.0, memory=0)

    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.setattr(survey, "available_cores", lambda: 2)
    asked = Wishes(stacked=False, channels_last=False, device="cpu")
    decided = surveyed(prepared, asked)
    assert (decided.processes, decided.way.threads) == (2, 1)
    assert len(decided.reasons) == 2
    busy[:] = [9.0, 9.0]
    assert surveyed(prepared, asked).way.threads == 2


@pytest.mark.parametrize("own_code", [False, True])
def test_processes_import_models_only_where_that_is_allowed(
    prepared: Prepared, tmp_path: Path, own_code: bool
) -> None:
    (tmp_path / "net.py").write_text("raise ImportError('it ran')")
    settings = spec.read({"name": "x", "model": {"kind": "net.py:Net"}}).settings
    order = {"do": "survey", "settings": [settings.to_json()], "seeds": [0], "data": str(prepared.path)}
    with (
        Nursery(own_code=own_code) as nursery,
        pytest.raises(StudyError, match="it ran" if own_code else "is code"),
    ):
        nursery.ask({**order, "here": str(tmp_path), "wishes": {}})
