"""The training loop against a plain PyTorch loop, and what it promises beside."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from gradbook.study import models, optimization, randomness, spec
from gradbook.study.plan import Way
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset, augmented
from gradbook.study.settings import Model, Settings
from gradbook.study.training import Diverged, Epoch, Run, digest, prepare_process, starts

EPOCHS = 5


def settings(training: dict[str, Any], model: dict[str, Any] | None = None, **data: Any) -> Settings:
    return spec.read(
        {"name": "x", "model": model or {"hidden": [24]}, "training": training, "data": data}
    ).settings


def epochs_of(run: Run, count: int) -> list[Epoch]:
    found = [run.advance()[0] for _ in range(count)]
    assert all(isinstance(epoch, Epoch) for epoch in found), found
    return [epoch for epoch in found if isinstance(epoch, Epoch)]


# --- the same as a plain loop --------------------------------------------------------------------


def plain_loop(
    dataset: Dataset,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    seed: int,
    batch_size: int,
    shrink: float = 1.0,
    loss_of: Callable[..., torch.Tensor] = functional.cross_entropy,
) -> list[tuple[float, float, float]]:
    """What anyone would write: for each epoch the running loss, the train loss and the test loss."""
    x, y = dataset.batch("train", slice(None))
    test_x, test_y = dataset.batch("test", slice(None))
    told: list[tuple[float, float, float]] = []
    for epoch in range(1, EPOCHS + 1):
        randomness.start(seed, "noise", epoch)
        model.train()
        running = 0.0
        for index in randomness.data_order(seed, epoch, len(y)).split(batch_size):
            optimizer.zero_grad()
            loss = loss_of(model(x[index]), y[index])
            loss.backward()
            if shrink != 1.0:
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter.mul_(shrink)
            optimizer.step()
            running += loss.item() * len(index)
        model.eval()
        with torch.no_grad():
            train = functional.cross_entropy(model(x), y, reduction="sum").item() / len(y)
            test = functional.cross_entropy(model(test_x), test_y, reduction="sum").item() / len(test_y)
        told.append((running / len(y), train, test))
    return told


RATE, DECAY = 0.02, 0.03

PLAIN: dict[str, tuple[dict[str, Any], Callable[[Any], torch.optim.Optimizer], float]] = {
    "sgd": (
        {"optimizer": "sgd", "momentum": 0.0},
        lambda p: torch.optim.SGD(p, lr=RATE, weight_decay=DECAY),
        1.0,
    ),
    "sgd, momentum": (
        {"optimizer": "sgd", "momentum": 0.9},
        lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9, weight_decay=DECAY),
        1.0,
    ),
    "sgd, Nesterov": (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True, weight_decay=DECAY),
        1.0,
    ),
    "sgd, decoupled": (
        {"optimizer": "sgd", "momentum": 0.9, "decay": "decoupled"},
        lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9),
        1 - RATE * DECAY,
    ),
    "adam": (
        {"optimizer": "adam"},
        lambda p: torch.optim.Adam(p, lr=RATE, weight_decay=DECAY),
        1.0,
    ),
    "adam, decoupled": (
        {"optimizer": "adam", "decay": "decoupled"},
        lambda p: torch.optim.AdamW(p, lr=RATE, weight_decay=DECAY),
        1.0,
    ),
    "adamw": (
        {"optimizer": "adamw"},
        lambda p: torch.optim.AdamW(p, lr=RATE, weight_decay=DECAY),
        1.0,
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_weights_and_losses_are_those_of_a_plain_loop_to_the_bit(dataset: Dataset, name: str) -> None:
    training, make, shrink = PLAIN[name]
    asked = settings({"batch_size": 32, "learning_rate": RATE, "weight_decay": DECAY, **training})
    run = Run(asked, 3, dataset, Way())
    ours = epochs_of(run, EPOCHS)
    model = models.build(asked.model, dataset.shape, 10, seed=3)
    plain = plain_loop(dataset, model, make(model.parameters()), seed=3, batch_size=32, shrink=shrink)
    assert digest(model.state_dict()) == digest(run.model.state_dict())
    for epoch, (running, train, test) in zip(ours, plain, strict=True):
        assert epoch.running_loss == pytest.approx(running, rel=1e-6)  # sums of batches in another precision
        assert epoch.train_loss == train
        assert epoch.test_loss == test


def test_comparison_with_a_plain_loop_notices_a_wrong_decay(dataset: Dataset) -> None:
    """The oracle itself: the smallest of differences in decay must show."""
    asked = settings({"batch_size": 32, "learning_rate": RATE, "weight_decay": DECAY * 1.001})
    run = Run(asked, 3, dataset, Way())
    epochs_of(run, 1)
    model = models.build(asked.model, dataset.shape, 10, seed=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=DECAY)
    plain_loop(dataset, model, optimizer, seed=3, batch_size=32)
    assert digest(model.state_dict()) != digest(run.model.state_dict())


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "cnn", "channels": [4, "pool", 6], "hidden": [8], "batch_norm": True, "dropout": 0.2},
        {"kind": "resnet", "width": 4, "blocks": [1, 1]},
    ],
    ids=["cnn", "resnet"],
)
def test_batch_norm_and_dropout_are_as_in_a_plain_loop(dataset: Dataset, model: dict[str, Any]) -> None:
    asked = settings({"batch_size": 64, "learning_rate": RATE, "weight_decay": DECAY}, model)
    run = Run(asked, 0, dataset, Way())
    epochs_of(run, EPOCHS)
    plain = models.build(asked.model, dataset.shape, 10, seed=0)
    optimizer = torch.optim.SGD(plain.parameters(), lr=RATE, momentum=0.9, weight_decay=DECAY)
    plain_loop(dataset, plain, optimizer, seed=0, batch_size=64)
    assert digest(plain.state_dict()) == digest(run.model.state_dict())


def test_penalties_and_smoothing_are_terms_of_the_loss(dataset: Dataset) -> None:
    told = {"l1_penalty": 1e-4, "l2_penalty": 1e-3, "label_smoothing": 0.1, "no_decay": ["bias"]}
    asked = settings({"batch_size": 32, "learning_rate": RATE, **told})
    run = Run(asked, 1, dataset, Way())
    ours = epochs_of(run, EPOCHS)
    model = models.build(asked.model, dataset.shape, 10, seed=1)

    def loss_of(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
        loss = functional.cross_entropy(scores, y, label_smoothing=0.1)
        return loss + sum(1e-4 * w.abs().sum() + 1e-3 * w.square().sum() for w in weights)

    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    plain = plain_loop(dataset, model, optimizer, seed=1, batch_size=32, loss_of=loss_of)
    for epoch, (running, train, test) in zip(ours, plain, strict=True):
        assert epoch.running_loss == pytest.approx(running, rel=1e-5)
        assert epoch.train_loss == pytest.approx(train, rel=1e-4)
        assert epoch.test_loss == pytest.approx(test, rel=1e-4)


# --- schedules and exceptions --------------------------------------------------------------------


def torch_rates(scheduler: Any, optimizer: Any, count: int) -> list[float]:
    rates: list[float] = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "make", "by_step"),
    [
        ("constant", lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0), False),
        (
            {"kind": "step", "every": 3, "factor": 0.3},
            lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.3),
            False,
        ),
        (
            {"kind": "step", "every": [2, 7], "factor": 0.3},
            lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [2, 7], 0.3),
            False,
        ),
        (
            {"kind": "cosine", "final": 0.1},
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10, 0.01),
            False,
        ),
        (
            "one-cycle",
            lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=70, cycle_momentum=False),
            True,
        ),
    ],
    ids=["constant", "step", "milestones", "cosine", "one-cycle"],
)
def test_schedules_are_those_of_torch(schedule: Any, make: Callable[[Any], Any], by_step: bool) -> None:
    training = settings({"epochs": 10, "learning_rate": 0.1, "schedule": schedule}).training
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    expected = torch_rates(make(optimizer), optimizer, 70 if by_step else 10)
    ours = [optimization.rate(training, step, 7) for step in range(70)]
    assert ours[:: 1 if by_step else 7] == pytest.approx(expected)


def test_no_decay_excepts_what_it_names() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2), nn.LayerNorm(2))
    named = [name for name, _ in model.named_parameters()]

    def excepted(*words: str) -> set[str]:
        return {n for n, acts in zip(named, optimization.decayed(model, words), strict=True) if not acts}

    assert excepted() == set()
    assert excepted("bias") == {"0.bias", "1.bias", "2.bias", "3.bias"}
    assert excepted("norm") == {"1.weight", "1.bias", "3.weight", "3.bias"}
    assert excepted("2.*") == {"2.weight", "2.bias"}


def test_last_batch_of_one_sample_is_left_out_for_batch_norm(dataset: Dataset) -> None:
    samples = len(dataset)
    size = next(n for n in range(2, samples) if samples % n == 1)
    assert starts(samples, size)[-1] + size == samples - 1
    asked = settings({"batch_size": size}, {"kind": "mlp", "batch_norm": True})
    assert epochs_of(Run(asked, 0, dataset, Way()), 1)


# --- going on, pairing, divergence ---------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("way", [Way(), Way(channels_last=True)], ids=["contiguous", "channels last"])
def test_a_run_that_is_restored_goes_on_to_the_same_bits(
    dataset: Dataset, tmp_path: Path, optimizer: str, way: Way
) -> None:
    from gradbook.study import checkpoints

    asked = settings(
        {
            "batch_size": 64,
            "optimizer": optimizer,
            "weight_decay": 0.01,
            "schedule": "one-cycle",
            "epochs": 4,
        },
        {"kind": "cnn", "channels": [4, "pool"], "hidden": [8], "dropout": 0.3, "batch_norm": True},
        augment=["flip", "crop"],
    )
    whole = Run(asked, 0, dataset, way)
    records = epochs_of(whole, 4)
    first = Run(asked, 0, dataset, way)
    epochs_of(first, 2)
    name = checkpoints.save(tmp_path, "job", 2, first.state())
    torch.manual_seed(99)  # whatever happened in the meantime
    held = checkpoints.load(tmp_path, name)
    assert held is not None
    second = Run(asked, 0, dataset, way)
    second.restore(held, 2)
    for ours, theirs in zip(epochs_of(second, 2), records[2:], strict=True):
        assert _numbers(ours) == _numbers(theirs)
    assert second.digests() == whole.digests()


def _numbers(epoch: Epoch) -> tuple[Any, ...]:
    return tuple(getattr(epoch, name) for name in Epoch.__slots__ if name != "seconds")


def test_trials_of_one_seed_begin_with_the_same_weights_and_see_the_same_order(dataset: Dataset) -> None:
    study = spec.read({"name": "x", "vary": {"weight_decay": [0.1, 0.0], "dropout": [0.0, 0.5]}, "seeds": 2})
    begun = {
        (arm.position, seed): Run(arm.settings, seed, dataset, Way()).initial_weights
        for arm in study.arms()
        for seed in study.seeds
    }
    for seed in study.seeds:
        assert len({begun[arm.position, seed] for arm in study.arms()}) == 1
    assert len(set(begun.values())) == 2
    assert not torch.equal(randomness.data_order(0, 1, 50), randomness.data_order(1, 1, 50))
    assert not torch.equal(randomness.data_order(0, 1, 50), randomness.data_order(0, 2, 50))


def test_a_run_that_explodes_is_diverged_with_its_cause(dataset: Dataset) -> None:
    run = Run(settings({"learning_rate": 1e6, "batch_size": 32}), 0, dataset, Way())
    outcomes = [run.advance()[0] for _ in range(3)]
    ended = [outcome for outcome in outcomes if isinstance(outcome, Diverged)]
    assert ended
    assert "in epoch" in ended[0].cause
    assert "nan" in ended[0].cause or "inf" in ended[0].cause


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_activations_in_place_after_pooling_give_the_bits_of_activations_before_it(
    batch_norm: bool, channels_last: bool
) -> None:
    arguments = {"channels": [4, 6, "pool", "pool", 5], "hidden": [7], "batch_norm": batch_norm}
    ours = models.build(Model("cnn", arguments), (3, 8, 8), 10, 0)
    convolutions = [m for m in ours.children() if isinstance(m, nn.Conv2d)]
    norms = [m for m in ours.children() if isinstance(m, nn.BatchNorm2d)] or [
        nn.Identity() for _ in convolutions
    ]
    dense = [m for m in ours.children() if isinstance(m, nn.Linear | nn.BatchNorm1d | nn.Flatten)]
    first, second, third = (nn.Sequential(c, n, nn.ReLU()) for c, n in zip(convolutions, norms, strict=True))
    usual = nn.Sequential(
        first, second, nn.MaxPool2d(2), nn.MaxPool2d(2), third, *dense[:-1], nn.ReLU(), dense[-1]
    )
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=layout)
    y = torch.arange(16) % 10
    found: list[list[torch.Tensor]] = []
    for model in (ours, usual):
        model.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
        model.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        found.append([loss.detach(), *(p.grad.clone() for p in ours.parameters() if p.grad is not None)])
    assert len(found[0]) == 1 + len(list(ours.parameters()))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_channels_last_changes_rounding_only(dataset: Dataset) -> None:
    asked = settings({"batch_size": 64}, {"kind": "cnn", "channels": [8, "pool", 8], "hidden": [16]})
    one, other = Run(asked, 0, dataset, Way()), Run(asked, 0, dataset, Way(channels_last=True))
    difference = (one.few_steps(5) - other.few_steps(5)).norm() / other.few_steps(0).norm()
    assert float(difference) < 1e-4


def test_bf16_trains_about_as_well(dataset: Dataset) -> None:
    asked = [settings({"batch_size": 32, "precision": p}, {"hidden": [32]}) for p in ("fp32", "bf16")]
    full, half = (epochs_of(Run(s, 0, dataset, Way()), 5)[-1] for s in asked)
    assert half.train_loss == pytest.approx(full.train_loss, rel=0.2)
    assert half.train_loss != full.train_loss  # it really was another precision


def test_measurements_are_what_they_are_called(dataset: Dataset) -> None:
    run = Run(settings({"batch_size": 32, "weight_decay": 0.25, "learning_rate": 0.1}), 0, dataset, Way())
    epoch = epochs_of(run, 1)[0]
    flat = torch.cat([p.detach().reshape(-1) for p in run.model.parameters()])
    assert epoch.weight_norm == pytest.approx(float(flat.norm()), rel=1e-5)
    assert epoch.rate_times_decay == pytest.approx(0.025)
    x, y = dataset.batch("validation", slice(None))
    with torch.no_grad():
        right = float((run.model(x).argmax(1) == y).float().mean())
    assert epoch.validation_accuracy == pytest.approx(right)
    assert epoch.gradient_norm > 0


# --- augmentation, models ------------------------------------------------------------------------


def test_augmentation_moves_pixels_and_makes_none_up() -> None:
    x = torch.arange(1.0, 2 * 8 * 8 + 1).view(2, 1, 8, 8)
    moved = augmented(x, ("crop",), torch.Generator().manual_seed(1))
    assert moved.shape == x.shape
    assert set(moved.unique().tolist()) <= set(x.unique().tolist()) | {0.0}
    rows = {
        tuple(r) for r in torch.nn.functional.pad(x, (1, 1, 1, 1)).unfold(3, 8, 1).reshape(-1, 8).tolist()
    }
    assert all(tuple(row) in rows for row in moved.reshape(-1, 8).tolist())
    flipped = augmented(x.expand(2, 1, 8, 8), ("flip",), torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(2)) for a, b in zip(flipped, x, strict=True))
    many = augmented(torch.rand(400, 1, 4, 4), ("flip",), torch.Generator().manual_seed(0))
    assert many.shape == (400, 1, 4, 4)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({"kind": "cnn", "channels": ["pool"] * 5}, "more poolings"),
        ({"kind": "gone.module:Class"}, "cannot be imported"),
        ({"kind": "torch.nn:Linear"}, "cannot be made"),
        ({"kind": "math:sqrt", "x": 2}, "cannot be made"),
        ({"kind": "torch.nn:Identity"}, r"expected \(batch, 10\)"),
        ({"kind": "torch.nn:Linear", "in_features": 3, "out_features": 10}, "does not take samples"),
    ],
)
def test_models_that_do_not_fit_are_told_in_one_line(model: dict[str, Any], told: str) -> None:
    asked = settings({}, model).model
    with pytest.raises(spec.StudyError, match=told) as caught:
        models.try_out(models.build(asked, (1, 8, 8), 10, 0), (1, 8, 8), 10, asked.kind)
    assert "\n" not in str(caught.value)


def test_a_model_of_ones_own_gets_the_shape_and_its_arguments(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, input_shape, classes, width):\n"
        "        super().__init__()\n"
        "        self.body = nn.Sequential(nn.Flatten(), nn.Linear(input_shape[1] * input_shape[2], width),\n"
        "                                  nn.ReLU(), nn.Linear(width, classes))\n"
        "    def forward(self, x):\n"
        "        return self.body(x)\n"
    )
    run = Run(settings({}, {"kind": "mine.py:Net", "width": 7}), 0, dataset, Way(), tmp_path)
    assert run.parameters == 64 * 7 + 7 + 7 * 10 + 10
    assert math.isfinite(epochs_of(run, 1)[0].train_loss)


def test_unused_and_tied_parameters_are_trained_as_torch_does(tmp_path: Path, dataset: Dataset) -> None:
    from gradbook.study import checkpoints

    (tmp_path / "tied.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.a, self.b = nn.Linear(64, 64), nn.Linear(64, 64)\n"
        "        self.b.weight = self.a.weight\n"
        "        self.head, self.unused = nn.Linear(64, 10), nn.Linear(3, 3)\n"
        "    def forward(self, x):\n"
        "        return self.head(self.b(self.a(x.flatten(1)).relu()).relu())\n"
    )
    asked = settings({"batch_size": 32, "weight_decay": 0.1, "learning_rate": RATE}, {"kind": "tied.py:Net"})
    run = Run(asked, 0, dataset, Way(), tmp_path)
    epochs_of(run, EPOCHS)
    model = models.build(asked.model, dataset.shape, 10, 0, tmp_path)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=0.1)
    plain_loop(dataset, model, optimizer, seed=0, batch_size=32)
    assert digest(model.state_dict()) == digest(run.model.state_dict())
    held = checkpoints.load(tmp_path, checkpoints.save(tmp_path, "tied", 1, run.state()))
    assert held is not None
    again = Run(asked, 0, dataset, Way(), tmp_path)
    again.restore(held, EPOCHS)
    assert again.digests() == run.digests()


def test_parameters_that_some_steps_do_not_reach_are_trained_as_torch_does(
    tmp_path: Path, dataset: Dataset
) -> None:
    (tmp_path / "skips.py").write_text(
        "import random\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.a, self.b, self.head = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)\n"
        "    def forward(self, x):\n"
        "        x = self.a(x.flatten(1)).relu()\n"
        "        skipped = self.training and random.random() < 0.5\n"
        "        return self.head(x if skipped else x + self.b(x).relu())\n"
    )
    training = {"batch_size": 32, "optimizer": "adam", "weight_decay": 0.1, "learning_rate": 0.01}
    asked = settings(training, {"kind": "skips.py:Net"})
    run = Run(asked, 0, dataset, Way(), tmp_path)
    epochs_of(run, EPOCHS)
    model = models.build(asked.model, dataset.shape, 10, 0, tmp_path)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    plain_loop(dataset, model, optimizer, seed=0, batch_size=32)
    assert digest(model.state_dict()) == digest(run.model.state_dict())
    again = Run(asked, 0, dataset, Way(), tmp_path)
    again.restore(run.state(), EPOCHS)
    for one, other in zip(epochs_of(run, 1), epochs_of(again, 1), strict=True):
        assert _numbers(one) == _numbers(other)


def test_all_buffers_of_a_model_are_kept(tmp_path: Path, dataset: Dataset) -> None:
    from gradbook.study import checkpoints

    (tmp_path / "buffers.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.head, both = nn.Linear(64, 10), torch.zeros(4)\n"
        "        self.register_buffer('count', both[:2], persistent=False)\n"
        "        self.register_buffer('view', both[1:])\n"
        "        self.register_buffer('seen', torch.zeros(1))\n"
        "        self.register_buffer('late', None)\n"
        "    def forward(self, x):\n"
        "        if self.training:\n"
        "            self.count += 1\n"
        "            self.seen = torch.zeros(len(self.seen) + 1)\n"
        "            self.late = torch.ones(3) * len(self.seen)\n"
        "        late = 0 if self.late is None else self.late.sum()\n"
        "        return self.head(x.flatten(1)) * (1 + 0.01 * (self.count[0] + self.view[0] + late))\n"
    )
    asked = settings({"batch_size": 64}, {"kind": "buffers.py:Net"})
    whole = Run(asked, 0, dataset, Way(), tmp_path)
    epochs_of(whole, 2)
    held = checkpoints.load(tmp_path, checkpoints.save(tmp_path, "job", 2, whole.state()))
    assert held is not None
    again = Run(asked, 0, dataset, Way(), tmp_path)
    again.restore(held, 2)
    assert again.digests() == whole.digests()
    assert [_numbers(e) for e in epochs_of(again, 1)] == [_numbers(e) for e in epochs_of(whole, 1)]


def test_a_model_may_keep_what_it_made_in_evaluation(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "keeps.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.head, self.mask = nn.Linear(64, 10), torch.ones(0, 64)\n"
        "    def forward(self, x):\n"
        "        if len(self.mask) < len(x):\n"
        "            self.mask = torch.linspace(0, 1, 64).repeat(len(x), 1)\n"
        "        return self.head(x.flatten(1)) * self.mask[: len(x), 1:2]\n"
    )
    assert epochs_of(
        Run(settings({"batch_size": 8}, {"kind": "keeps.py:Net"}), 0, dataset, Way(), tmp_path), 2
    )


def test_lazy_modules_begin_with_weights_of_the_seed(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "lazy.py").write_text(
        "from torch import nn\n"
        "def net(hidden):\n"
        "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(hidden), nn.LazyBatchNorm1d(), nn.LazyLinear(10))\n"
    )
    asked = settings({}, {"kind": "lazy.py:net", "hidden": 8})
    begun = [Run(asked, seed, dataset, Way(), tmp_path).initial_weights for seed in (0, 0, 1)]
    assert begun[0] == begun[1] != begun[2]
    assert epochs_of(Run(asked, 0, dataset, Way(), tmp_path), 1)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = (", r"cannot be imported: SyntaxError: .*net.py, line 1"),
        ("import sys\nsys.exit('usage')", r"cannot be imported: SystemExit: usage \(net.py, line 2\)"),
        ("Net = 1 / 0", r"cannot be imported: ZeroDivisionError: .*net.py, line 1"),
        ("def Net(): return {}['x']", r"cannot be made with {}: KeyError: 'x' \(net.py, line 1\)"),
        (
            "class Net(M):\n  def forward(self, x): return self.y",
            r"shape \(1, 8, 8\): AttributeError.*line 3",
        ),
        ("class Net(M):\n  def forward(self, x): assert x is None", r"AssertionError \(net.py, line 3\)"),
        ("class Net(M):\n  def forward(self, x): return x.new_zeros(len(x), 10)", "parameters to train"),
        (
            "class Net(nn.Linear):\n  def __init__(self): super().__init__(64, 10)\n"
            "  def forward(self, x): return super().forward(x.flatten(1))\n"
            "  def get_extra_state(self): return {}",
            "has get_extra_state",
        ),
    ],
)
def test_whatever_the_code_of_a_model_raises_is_told_in_one_line(
    tmp_path: Path, code: str, told: str
) -> None:
    # Twice, for what is half imported must not be found again.
    start = "" if "Net(" not in code or "class" not in code else "from torch import nn; M = nn.Module\n"
    (tmp_path / "net.py").write_text(start + code)
    for _ in range(2):
        with pytest.raises(StudyError, match=told) as caught:
            models.try_out(
                models.build(Model("net.py:Net"), (1, 8, 8), 10, 0, tmp_path), (1, 8, 8), 10, "net"
            )
        assert "\n" not in str(caught.value)


def test_scores_beside_others_are_told(tmp_path: Path, dataset: Dataset) -> None:
    (tmp_path / "two.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self):\n"
        "        super().__init__(64, 10)\n"
        "    def forward(self, x):\n"
        "        scores = super().forward(x.flatten(1))\n"
        "        return (scores, scores) if self.training else scores\n"
    )
    with pytest.raises(
        TypeError, match="expected a tensor of scores from the model in training, found tuple"
    ):
        Run(settings({}, {"kind": "two.py:Net"}), 0, dataset, Way(), tmp_path).advance()


def test_where_no_code_may_run_only_built_in_models_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "own_code", False)
    (tmp_path / "net.py").write_text("raise SystemExit")
    with pytest.raises(StudyError, match=r"net.py:Net is code"):
        models.build(Model("net.py:Net", {}), (1, 8, 8), 10, 0, tmp_path)
    assert models.build(Model("mlp", {}), (1, 8, 8), 10, 0, tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_study_that_was_planned_for_a_gpu_says_so_where_there_is_none() -> None:
    with pytest.raises(StudyError, match="to be trained on cuda, which PyTorch does not find here"):
        prepare_process(Way(device="cuda"))
