"""Stacks whose step is compiled, against the same stacks as PyTorch runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from gradbook.study import compiled, spec, survey
from gradbook.study.compiled import CompileError
from gradbook.study.data import Prepared
from gradbook.study.plan import Plan, Way, Wishes
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack
from gradbook.study.training import Epoch

needs_compiler = pytest.mark.skipif(not compiled.available(), reason="no C++ compiler here")


@pytest.fixture(autouse=True)
def kept_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are kept for a test and no longer."""
    monkeypatch.setattr(compiled, "_kept", [tmp_path_factory.mktemp("programs")])


def trials(training: dict[str, Any], **vary: Any) -> list[tuple[Settings, int]]:
    study = spec.read(
        {
            "name": "x",
            "training": {"batch_size": 32, **training},
            "model": {"hidden": [16, 12]},
            "vary": vary or {"weight_decay": [5e-2, 5e-4], "learning_rate": [0.02, 0.05]},
        }
    )
    return [(arm.settings, seed) for seed in (0, 1) for arm in study.arms()]


@needs_compiler
def test_a_compiled_stack_gives_what_the_plain_one_gives_and_always_the_same_bits(
    dataset: Dataset, tmp_path: Path
) -> None:
    asked = trials({"nesterov": True, "decay": "decoupled", "schedule": "one-cycle"})
    one, plain = Stack(asked, dataset, Way(compiled=True)), Stack(asked, dataset, Way())
    compiled.keep_in(tmp_path)  # compiled again, as when a study goes on another day
    again = Stack(asked, dataset, Way(compiled=True))
    assert len(list(tmp_path.glob("*.so"))) == 1
    for _ in range(2):
        ours, theirs, third = one.advance(), plain.advance(), again.advance()
        for a, b, c in zip(ours, theirs, third, strict=True):
            assert isinstance(a, Epoch)
            assert isinstance(b, Epoch)
            assert isinstance(c, Epoch)
            assert a.test_loss == c.test_loss
            for name in Epoch.__slots__:
                if name != "seconds":
                    assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-4), name
    assert one.digests() == again.digests()
    torch.testing.assert_close(one.weights, plain.weights, rtol=1e-4, atol=1e-6)


@needs_compiler
def test_what_the_optimiser_remembers_and_penalties_are_in_the_program(dataset: Dataset) -> None:
    asked = trials(
        {
            "optimizer": "adamw",
            "l1_penalty": 1e-3,
            "l2_penalty": 1e-2,
            "label_smoothing": 0.1,
            "no_decay": ["bias"],
        }
    )
    one, plain = Stack(asked, dataset, Way(compiled=True)), Stack(asked, dataset, Way())
    half = Stack(asked, dataset, Way(compiled=True))  # its program was compiled for the first
    for _ in range(2):
        one.advance()
        plain.advance()
    torch.testing.assert_close(one.weights, plain.weights, rtol=1e-3, atol=1e-5)
    half.advance()
    resumed = Stack(asked, dataset, Way(compiled=True))
    resumed.restore({name: held.clone() for name, held in half.state().items()}, 1)
    resumed.advance()
    assert resumed.digests() == one.digests()


def test_data_smaller_than_a_batch_need_no_program(dataset: Dataset) -> None:
    asked = trials({"batch_size": 1000})
    one, plain = Stack(asked, dataset, Way(compiled=True)), Stack(asked, dataset, Way())
    one.advance()
    plain.advance()
    assert one.digests() == plain.digests()


def test_a_function_that_reads_tensors_of_its_own_is_not_compiled() -> None:
    hidden = torch.ones(2)
    with pytest.raises(CompileError, match="no arguments"):
        compiled.program("x", lambda x: x + hidden, [torch.ones(2)])


# --- the plan ---


def surveyed(prepared: Prepared, wishes: Wishes, **tables: Any) -> Plan:
    study = spec.read({"name": "x", "seeds": 4, "training": {"epochs": 400, "batch_size": 16}, **tables})
    found = survey.survey([arm.settings for arm in study.arms()], study.seeds, prepared, Path(), wishes)
    return found.plan


VARY = {"weight_decay": [0.1, 0.01]}


@needs_compiler
def test_a_plan_says_from_when_compiling_pays(prepared: Prepared) -> None:
    wishes = Wishes(processes=1, threads=1, device="cpu", compiled=True)
    decided = surveyed(prepared, wishes, vary=VARY)
    assert decided.way == Way(compiled=True)
    assert decided.stack_size == 8
    assert decided.describe().endswith("stacks of 8 trials, compiled")
    assert "compiling pays from" in decided.reasons[-1]


def test_compiling_is_tried_for_long_studies_only_and_left_out_where_it_fails(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("error: no such header")

    monkeypatch.setattr(compiled, "_compile", broken)
    monkeypatch.setattr(compiled, "available", lambda: True)
    asked = Wishes(processes=1, threads=1, device="cpu")
    short = surveyed(prepared, asked, vary=VARY)
    assert not any("compile" in reason for reason in short.reasons)
    long = surveyed(prepared, asked, vary=VARY, training={"epochs": 10**6, "batch_size": 16})
    assert long.way == Way()
    assert long.stack_size == 8
    assert long.reasons[-1] == "a step could not be compiled: error: no such header"
    with pytest.raises(StudyError, match="--compile: a step could not be compiled: error: no such header"):
        surveyed(prepared, Wishes(processes=1, threads=1, device="cpu", compiled=True), vary=VARY)


def test_compiling_that_cannot_be_is_refused(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Wishes(processes=1, threads=1, device="cpu", compiled=True)
    with pytest.raises(StudyError, match="--compile: these trials cannot be stacked"):
        surveyed(prepared, asked, vary=VARY, model={"dropout": 0.5})
    with pytest.raises(StudyError, match="leave out --no-stack"):
        surveyed(
            prepared, Wishes(processes=1, threads=1, device="cpu", compiled=True, stacked=False), vary=VARY
        )
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(StudyError, match="no C\\+\\+ compiler was found"):
        surveyed(prepared, asked, vary=VARY)


def test_a_compiler_is_looked_for_where_pytorch_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not compiled.available()
    monkeypatch.setenv("CXX", os.environ.get("SHELL", "/bin/sh"))
    assert compiled.available()
