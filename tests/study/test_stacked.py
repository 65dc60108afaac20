"""Stacked trials against the same trials alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from gradbook.study import models, spec
from gradbook.study.plan import Way
from gradbook.study.recording import Recording
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack, stackable
from gradbook.study.stacking import shape_of, stacks
from gradbook.study.training import Diverged, Epoch, Run

VARIED = {
    "weight_decay": [5e-2, 5e-4],
    "learning_rate": [0.02, 0.05],
}


def trials(
    training: dict[str, Any], model: dict[str, Any] | None = None, **vary: Any
) -> list[tuple[Settings, int]]:
    study = spec.read(
        {
            "name": "x",
            "training": {"batch_size": 32, **training},
            "model": model or {},
            "vary": vary or VARIED,
        }
    )
    return [(arm.settings, seed) for seed in (0, 1) for arm in study.arms()]


@pytest.mark.parametrize(
    "training",
    [
        {"momentum": 0.0},
        {"momentum": 0.9},
        {"nesterov": True, "decay": "decoupled", "schedule": "one-cycle"},
        {"optimizer": "adam", "schedule": "cosine", "learning_rate": 1e-3},
        {"optimizer": "adamw", "no_decay": ["bias"]},
        {"l1_penalty": 1e-4, "l2_penalty": 1e-3, "label_smoothing": 0.1, "no_decay": ["bias"]},
    ],
    ids=lambda training: ",".join(map(str, training)),
)
def test_a_stack_gives_what_single_runs_give(dataset: Dataset, training: dict[str, Any]) -> None:
    asked = trials(training, {"hidden": [16, 12], "activation": "tanh"})
    stack = Stack(asked, dataset, Way())
    together = [stack.advance() for _ in range(3)]
    for place, (settings, seed) in enumerate(asked):
        run = Run(settings, seed, dataset, Way())
        assert run.initial_weights == stack.initial_weights[place]
        alone = [run.advance()[0] for _ in range(3)]
        weights = run.model.state_dict()
        for name, held in stack.model_state(place).items():
            torch.testing.assert_close(held, weights[name], rtol=2e-3, atol=2e-5)
        for ours, theirs in zip([epoch[place] for epoch in together], alone, strict=True):
            assert isinstance(ours, Epoch)
            assert isinstance(theirs, Epoch)
            for name in Epoch.__slots__:
                if name != "seconds":
                    assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=2e-3, abs=1e-6), (
                        name
                    )


def test_convolutions_are_stacked_too(dataset: Dataset) -> None:
    asked = trials({}, {"kind": "cnn", "channels": [3, "pool", 4], "hidden": [8]})
    stack = Stack(asked, dataset, Way())
    stack.advance()
    for place, (settings, seed) in enumerate(asked):
        run = Run(settings, seed, dataset, Way())
        run.advance()
        weights = run.model.state_dict()
        for name, held in stack.model_state(place).items():
            torch.testing.assert_close(held, weights[name], rtol=2e-3, atol=2e-5)


def test_comparison_notices_trials_in_each_others_place(dataset: Dataset) -> None:
    """The oracle itself: neighbours in a stack differ by more than the comparison forgives."""
    asked = trials({})
    stack = Stack(asked, dataset, Way())
    stack.advance()
    run = Run(*asked[1], dataset, Way())
    run.advance()
    with pytest.raises(AssertionError):
        torch.testing.assert_close(
            stack.model_state(0)["1.weight"], run.model.state_dict()["1.weight"], rtol=2e-3, atol=2e-5
        )


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_stack_that_is_restored_goes_on_to_the_same_bits(dataset: Dataset, optimizer: str) -> None:
    asked = trials({"optimizer": optimizer})
    whole = Stack(asked, dataset, Way())
    last = [whole.advance() for _ in range(4)][-1]
    half = Stack(asked, dataset, Way())
    for _ in range(2):
        half.advance()
    again = Stack(asked, dataset, Way())
    again.restore({name: held.clone() for name, held in half.state().items()}, 2)
    resumed = [again.advance() for _ in range(2)][-1]
    assert again.digests() == whole.digests()
    assert len(set(whole.digests())) == len(asked)
    assert [e.test_loss for e in resumed if isinstance(e, Epoch)] == [
        e.test_loss for e in last if isinstance(e, Epoch)
    ]


def test_one_trial_that_diverges_leaves_its_neighbours_alone(dataset: Dataset) -> None:
    asked = trials({}, learning_rate=[0.02, 1e8])
    stack = Stack(asked, dataset, Way())
    outcomes = [stack.advance() for _ in range(3)][-1]
    assert [type(outcome) for outcome in outcomes] == [Epoch, Diverged, Epoch, Diverged]
    run = Run(*asked[0], dataset, Way())
    alone = [run.advance()[0] for _ in range(3)][-1]
    assert isinstance(alone, Epoch)
    assert isinstance(outcomes[0], Epoch)
    assert outcomes[0].train_loss == pytest.approx(alone.train_loss, rel=1e-3)


def test_what_draws_or_remembers_is_not_stacked() -> None:
    def can(model: dict[str, Any], training: dict[str, Any] | None = None, **data: Any) -> bool:
        settings = spec.read({"name": "x", "model": model, "training": training or {}, "data": data}).settings
        return stackable(settings, models.build(settings.model, (1, 8, 8), 10, 0))

    assert can({"kind": "mlp"})
    assert can({"kind": "cnn", "channels": [4]})
    assert not can({"kind": "mlp", "dropout": 0.1})
    assert not can({"kind": "mlp", "batch_norm": True})
    assert not can({"kind": "mlp"}, {"precision": "bf16"})
    assert not can({"kind": "cnn", "channels": [4]}, augment=["flip"])


def test_a_model_with_hooks_is_not_stacked() -> None:
    hooks: list[Callable[[Any], object]] = [
        lambda m: m[0].register_forward_hook(lambda _, __, y: y),
        lambda m: m.register_forward_pre_hook(lambda _, x: x),
        lambda m: m[0].weight.register_hook(lambda g: g.clamp(-1, 1)),
    ]
    for hook in hooks:
        model = nn.Sequential(nn.Linear(2, 2))
        assert stackable(Settings(), model)
        hook(model)
        assert not stackable(Settings(), model)


def test_stacks_are_of_one_shape_and_keep_all_processes_busy() -> None:
    study = spec.read(
        {"name": "x", "vary": {"weight_decay": [0.1, 0.2, 0.3], "batch_size": [16, 32]}, "seeds": 6}
    )
    listed = [(arm.label, seed, arm.settings) for seed in study.seeds for arm in study.arms()]
    shapes = {(label, seed): shape_of(settings) for label, seed, settings in listed}
    found = stacks(listed, size=8, processes=2)
    assert set(found) == set(shapes)
    members: dict[str, list[tuple[str, int]]] = {}
    for key, (name, _) in found.items():
        members.setdefault(name, []).append(key)
    assert sorted(map(len, members.values())) == [6, 6, 6, 6, 6, 6]
    assert all(len({shapes[key] for key in keys}) == 1 for keys in members.values())


def test_a_recording_plays_back_with_other_values() -> None:
    def work(x: torch.Tensor, table: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        kept = (x @ table["w"]).relu()
        unread = kept.exp().sum()
        del unread
        return kept.sum(0), torch.cat([kept, kept * 2]).max(dim=1)[0]

    torch.manual_seed(0)
    recording = Recording(work, torch.randn(3, 4), {"w": torch.randn(4, 2)})
    assert len(recording) < 10  # what nobody reads is gone
    for _ in range(3):
        x, w = torch.randn(3, 4), torch.randn(4, 2)
        for ours, theirs in zip(recording(x, {"w": w}), work(x, {"w": w}), strict=True):
            assert torch.equal(ours, theirs)


class Called:
    """What ``Captured`` does, without a GPU: the arguments are copied into memory of its own, then it is called."""

    made = 0

    def __init__(self, function: Any, given: Any, changed: Any) -> None:
        Called.made += 1
        self.function, self.given = function, [value.clone() for value in given]
        kept = [value.clone() for value in changed]
        function(*self.given)  # as to warm up
        for value, before in zip(changed, kept, strict=True):
            value.copy_(before)

    def __call__(self, *given: torch.Tensor) -> Any:
        for held, value in zip(self.given, given, strict=True):
            held.copy_(value)
        return self.function(*self.given)


@pytest.mark.parametrize("training", [{"momentum": 0.9}, {"optimizer": "adamw", "schedule": "one-cycle"}])
def test_what_is_captured_on_a_gpu_does_the_same_when_it_is_called(
    dataset: Dataset, training: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = trials(training)
    plain = Stack(asked, dataset, Way())
    monkeypatch.setattr("gradbook.study.stacked.Captured", Called)
    captured = Stack(asked, dataset, Way(device="cpu:0"))  # any name but "cpu" takes the way of GPUs
    Called.made = 0
    ours, theirs = [(captured.advance(), plain.advance()) for _ in range(2)][-1]
    assert Called.made == 2  # once for whole batches, once for the last
    torch.testing.assert_close(captured.weights, plain.weights, rtol=1e-4, atol=1e-6)
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one, Epoch)
        assert isinstance(other, Epoch)
        assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-4)


def test_what_cannot_be_captured_on_a_gpu_runs_as_it_is(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("gradbook.study.stacked.Captured", refused)
    asked = trials({"momentum": 0.9})
    plain, other = Stack(asked, dataset, Way()), Stack(asked, dataset, Way(device="cpu:0"))
    plain.advance()
    other.advance()
    torch.testing.assert_close(other.weights, plain.weights, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_stack_on_a_gpu_gives_what_single_runs_give_here(dataset: Dataset) -> None:
    asked = trials({"momentum": 0.9})
    way = Way(device="cuda")
    prepared = Dataset(dataset.prepared, "cuda")
    stack, here = Stack(asked, prepared, way), Stack(asked, dataset, Way())
    ours, theirs = [(stack.advance(), here.advance()) for _ in range(3)][-1]
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one, Epoch)
        assert isinstance(other, Epoch)
        assert one.train_loss == pytest.approx(other.train_loss, rel=2e-3)
