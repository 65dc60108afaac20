"""Trials of one shape trained together, as one program over stacked weights.

A small model leaves a core idle: almost all of a step is the cost of starting operations. Trials that differ
only in numbers (learning rate, decay, penalties, smoothing, momentum, seed) need the same operations, so one
operation can serve them all. ``torch.func`` writes the program: the gradient of the loss of one model, mapped
over a stack of models, recorded once as a graph of plain operations and run without that machinery.
"""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, vmap  # pyright: ignore[reportPrivateImportUsage, reportUnknownVariableType]
from torch.nn import functional

from gradbook.study import compiled, models, optimization, randomness
from gradbook.study.plan import Way
from gradbook.study.recording import Captured, Recording
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings, Training
from gradbook.study.stacking import shape_of
from gradbook.study.training import Diverged, Epoch, beginning, digest, norm_steps, record, starts, timed

#: Modules that compute the same whatever else is in the stack. One that draws random numbers, or that keeps
#: statistics of batches, would not.
_STACKABLE = (
    nn.Sequential,
    nn.ModuleList,
    nn.Flatten,
    nn.Identity,
    nn.Linear,
    nn.Conv2d,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.LayerNorm,
    nn.ReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.LeakyReLU,
)

Program = Callable[..., Any]


def stackable(settings: Settings, model: nn.Module) -> bool:
    """Whether trials with these settings can be stacked at all. A hook may do anything, so there must be none."""
    known = all(type(m) in _STACKABLE and not _hooked(m) for m in model.modules())
    plain = settings.training.precision == "fp32" and not settings.data.augment
    return known and plain and not list(model.buffers()) and all(p.requires_grad for p in model.parameters())


def _hooked(module: nn.Module) -> bool:
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    parameters = module.parameters(recurse=False)
    return any(getattr(module, name) for name in hooks) or any(p._backward_hooks for p in parameters)  # pyright: ignore[reportPrivateUsage]


class Stack:
    """Several trials in training, with the interface of ``training.Run``: an entry for each trial.

    The weights of all trials are one matrix, a row for each; the optimiser works on it as a whole.
    """

    def __init__(
        self,
        trials: Sequence[tuple[Settings, int]],
        data: Dataset,
        way: Way,
        here: Path | None = None,
    ) -> None:
        self.epoch = 0
        self.steps_done = 0
        self._data, self._way = data, way
        self._settings = [settings for settings, _ in trials]
        self._seeds = [seed for _, seed in trials]
        built = [models.build(s.model, data.shape, len(data.classes), seed, here) for s, seed in trials]
        self.initial_weights = [beginning(model) for model in built]
        self._skeleton = built[0].to(way.device)
        self._names = [name for name, _ in self._skeleton.named_parameters()]
        self._shapes = [p.shape for _, p in self._skeleton.named_parameters()]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.parameters = sum(self._sizes)
        rows = [torch.cat([p.detach().reshape(-1) for p in model.parameters()]) for model in built]
        self.weights = torch.stack(rows).to(way.device)
        self._memory = optimization.memory(_with_momentum(self._settings), self.weights)
        self._count = 0
        self.steps = len(starts(len(data), self._settings[0].training.batch_size))
        held = data.splits["train"].y
        self._sharp = functional.one_hot(held, len(data.classes)).to(torch.float32)
        self._factors = _Factors.of(self._settings, self._mask(), way.device)
        self._rates = _Rates([s.training for s in self._settings], way.device)
        self._programs: dict[tuple[str, int], Program] = {}
        self._captured: dict[int, Program] = {}
        self._compiled = self._compile() if way.compiled else None

    def advance(self) -> list[Epoch | Diverged]:
        """Train one epoch of every trial and measure."""
        began = time.perf_counter()
        self.epoch += 1
        running, gradient = self._train()
        weight = self.weights.double().norm(dim=1).tolist()
        measured = {name: self._evaluate(name) for name in self._data.splits}
        seconds = (time.perf_counter() - began) / len(self._seeds)
        return [
            record(
                self.epoch,
                {name: values[place] for name, values in measured.items()},
                (running[place], gradient[place], weight[place]),
                (
                    optimization.rate(settings.training, self.epoch * self.steps - 1, self.steps),
                    settings.training.weight_decay,
                ),
                seconds,
            )
            for place, settings in enumerate(self._settings)
        ]

    def state(self) -> dict[str, torch.Tensor]:
        """All that the next epoch depends on."""
        held = {f"memory.{name}": value for name, value in self._memory.items()}
        return {"weights": self.weights, "count": torch.tensor(self._count), **held}

    def restore(self, state: Mapping[str, torch.Tensor], epoch: int) -> None:
        """Go on from what ``state`` gave after an epoch."""
        self.weights.copy_(state["weights"])
        for name, held in self._memory.items():
            held.copy_(state[f"memory.{name}"])
        self._count = int(state["count"])
        self.epoch = epoch

    def digests(self) -> list[str]:
        """For each trial a hash over its weights and the optimiser's memory."""
        return [
            digest({name: held[place] for name, held in self.state().items() if held.dim()})
            for place in range(len(self._seeds))
        ]

    def model_state(self, place: int) -> dict[str, torch.Tensor]:
        """The weights of one trial by name, as ``nn.Module.load_state_dict`` takes them."""
        return {name: view[place] for name, view in self._views(self.weights).items()}

    def _train(self) -> tuple[list[float], list[float]]:
        training, data, device = self._settings[0].training, self._data, self._way.device
        orders = torch.stack([randomness.data_order(seed, self.epoch, len(data)) for seed in self._seeds])
        orders = orders.to(device)
        places = starts(len(data), training.batch_size)
        measured_at = set(norm_steps(len(places)))
        running = torch.zeros(len(self._seeds), dtype=torch.float64, device=device)
        gradients, seen = torch.zeros_like(running), 0
        first = (self.epoch - 1) * self.steps
        for step, start in enumerate(places):
            index = orders[:, start : start + training.batch_size]
            losses, norms = self._take(index, first + step, measure=step in measured_at)
            if norms is not None and step in measured_at:
                gradients += norms
            running += losses * index.shape[1]
            seen += index.shape[1]
            self.steps_done = step + 1
        return (running / seen).tolist(), (gradients / len(measured_at)).tolist()

    def _take(
        self, index: torch.Tensor, step: int, *, measure: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """One step of every trial on its batch; gives their losses, and the norms of their gradients."""
        self._count += 1
        corrections = optimization.corrections(self._settings[0].training, self._count)
        rates = self._rates(step, self.steps)
        if self._way.device == "cpu":
            return self._move(index, rates, corrections, measure=measure)
        corrected = torch.tensor(corrections, device=self._way.device)
        size = index.shape[1]
        if size not in self._captured:

            def move(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
                return self._move(given[0], given[1], (given[2][0], given[2][1]), measure=True)

            changed = [self.weights, *self._memory.values()]
            try:
                self._captured[size] = Captured(move, (index, rates, corrected), changed)
            except RuntimeError:
                self._captured[size] = move  # an operation that cannot be captured, or no memory left for it
        return self._captured[size](index, rates, corrected)

    def _move(
        self,
        index: torch.Tensor,
        rates: torch.Tensor,
        corrections: tuple[optimization.Factor, optimization.Factor],
        *,
        measure: bool,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        x, targets = self._gathered(index)
        if self._compiled is not None and index.shape[1] == self._settings[0].training.batch_size:
            # The last batch of an epoch may be smaller, and is not worth a program of its own.
            numbers = torch.tensor(corrections)
            given = (self.weights, x, targets, rates, numbers[0], numbers[1], *self._memory.values())
            losses, norms = self._compiled(*given, *self._factors.columns())
            return losses, norms
        slopes, losses = self._program("train", self._views(self.weights), x, targets)
        return self._update(
            slopes, losses, self.weights, self._memory, self._factors, rates, corrections, measure=measure
        )

    def _gathered(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The batches of all trials, and the distribution over the classes that each sample should get."""
        x, _ = self._data.batch("train", index.reshape(-1))
        x = x.view(*index.shape, *x.shape[1:])
        return x, self._factors.smoothed(self._sharp[index.reshape(-1)].view(*index.shape, -1))

    def _update(
        self,
        slopes: Mapping[str, torch.Tensor],
        losses: torch.Tensor,
        weights: torch.Tensor,
        memory: dict[str, torch.Tensor],
        factors: _Factors,
        rates: torch.Tensor,
        corrections: tuple[optimization.Factor, optimization.Factor],
        *,
        measure: bool,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        gradient = torch.cat([slopes[name].flatten(1) for name in self._names], dim=1)
        losses = losses + factors.penalize(gradient, weights)
        norms = gradient.norm(dim=1) if measure else None
        training = self._settings[0].training
        optimization.update(
            training, weights, gradient, memory, corrections, rates, factors.decay, factors.momentum
        )
        return losses, norms

    def _compile(self) -> compiled.Program | None:
        """A whole step compiled, or None where no batch is whole. Raises ``compiled.CompileError``."""
        training = self._settings[0].training
        if len(self._data) < training.batch_size:
            return None
        slopes_of, names = _train_program(self._skeleton), list(self._memory)

        def step(
            weights: torch.Tensor,
            x: torch.Tensor,
            targets: torch.Tensor,
            rates: torch.Tensor,
            first: torch.Tensor,
            second: torch.Tensor,
            *held: torch.Tensor,
        ) -> tuple[torch.Tensor, torch.Tensor | None]:
            slopes, losses = slopes_of(self._views(weights), x, targets)
            memory = dict(zip(names, held, strict=False))
            factors = self._factors.with_columns(held[len(names) :])
            return self._update(
                slopes, losses, weights, memory, factors, rates, (first, second), measure=True
            )

        x, targets = self._gathered(torch.arange(training.batch_size).expand(len(self._seeds), -1))
        one = torch.ones(())
        memory = [held.clone() for held in self._memory.values()]
        columns = self._factors.columns()
        given = (self.weights.clone(), x, targets, self._rates(0, self.steps), one, one.clone(), *memory)
        # All that the program depends on, so that stacks that are alike share one.
        told = [shape_of(self._settings[0]), repr(self._skeleton), self._shapes, self._factors.kinds()]
        return compiled.program(repr(told), step, (*given, *columns), self._way.threads)

    def few_steps(self, steps: int) -> torch.Tensor:
        """The weights of the first trial after so many steps, as ``Run.few_steps``."""
        count = self._settings[0].training.batch_size
        orders = torch.stack([randomness.data_order(s, 1, len(self._data)) for s in self._seeds])
        orders = orders.to(self._way.device)
        for start in starts(len(self._data), count)[:steps]:
            self._take(orders[:, start : start + count], 0)
        return self.weights[0].clone()

    def sample(self, seconds: float) -> tuple[float, float]:
        """Seconds of a step and of evaluating a sample, for all trials together, as ``Run.sample``."""
        count = self._settings[0].training.batch_size
        orders = torch.stack([randomness.data_order(s, 1, len(self._data))[:count] for s in self._seeds])
        orders = orders.to(self._way.device)
        a_step = timed(lambda _: self._take(orders, 0)[0].sum().item(), seconds)
        x, _y = self._data.batch("train", slice(0, 256))
        views = self._views(self.weights)
        return a_step, timed(lambda _: self._program("evaluate", views, x), seconds / 4) / len(x)

    def _evaluate(self, split: str) -> list[tuple[float, float]]:
        views = self._views(self.weights)
        count = len(self._data.splits[split].y)
        total = torch.zeros(len(self._seeds), dtype=torch.float64, device=self._way.device)
        right = torch.zeros(len(self._seeds), dtype=torch.int64, device=self._way.device)
        for start in range(0, count, 256):
            x, y = self._data.batch(split, slice(start, start + 256))
            # With the classes before the samples, what goes over them is several times faster.
            scores = self._program("evaluate", views, x).transpose(1, 2).contiguous()
            told = torch.log_softmax(scores, 1).gather(1, y.expand(len(scores), 1, -1))
            total -= told.sum((1, 2), dtype=torch.float64)
            right += (scores.max(1).indices == y).sum(1)
        return [(a / count, b / count) for a, b in zip(total.tolist(), right.tolist(), strict=True)]

    def _program(self, kind: str, views: dict[str, torch.Tensor], *given: torch.Tensor) -> Any:
        """Run the recorded program for these shapes, recording it first where there is none."""
        key = (kind, given[0].shape[1] if kind == "train" else given[0].shape[0])
        if key not in self._programs:
            whole = _train_program(self._skeleton) if kind == "train" else _score_program(self._skeleton)
            # The weights change in place, so the program knows where they are.
            self._programs[key] = Recording(lambda *batch: whole(views, *batch), *given)
        return self._programs[key](*given)

    def _views(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        pieces = rows.split(self._sizes, dim=1)
        return {
            name: piece.view(len(rows), *shape)
            for name, piece, shape in zip(self._names, pieces, self._shapes, strict=True)
        }

    def _mask(self) -> torch.Tensor | None:
        """1 where decay and penalties act, a number for each weight; None where they act everywhere."""
        acts = optimization.decayed(self._skeleton, self._settings[0].training.no_decay)
        if all(acts):
            return None
        return torch.cat([torch.full((size,), float(a)) for size, a in zip(self._sizes, acts, strict=True)])


class _Rates:
    """The learning rates of the trials at a step, as a column beside the stacked weights."""

    def __init__(self, trainings: Sequence[Training], device: str) -> None:
        self._trainings, self._device = trainings, device
        self._last: tuple[list[float], torch.Tensor] = [], torch.empty(0)

    def __call__(self, step: int, steps: int) -> torch.Tensor:
        rates = [optimization.rate(training, step, steps) for training in self._trainings]
        if rates != self._last[0]:
            self._last = rates, torch.tensor(rates, dtype=torch.float32, device=self._device).unsqueeze(1)
        return self._last[1]


@dataclass(frozen=True, slots=True)
class _Factors:
    """The free numbers of the trials, as columns beside the stacked weights; 0 where no trial has any."""

    decay: torch.Tensor | float
    momentum: torch.Tensor | float
    one: torch.Tensor | float
    two: torch.Tensor | float
    smoothing: torch.Tensor | float

    @staticmethod
    def of(settings: Sequence[Settings], mask: torch.Tensor | None, device: str) -> _Factors:
        """Those of some trials; ``mask`` is 1 at the weights on which decay and penalties act."""

        def column(name: str) -> torch.Tensor | float:
            values = [float(getattr(s.training, name)) for s in settings]
            held = torch.tensor(values, dtype=torch.float32, device=device).unsqueeze(1)
            if mask is not None and name in ("weight_decay", "l1_penalty", "l2_penalty"):
                held = held * mask.to(device)
            return held if any(values) else 0.0

        names = ("weight_decay", "momentum", "l1_penalty", "l2_penalty", "label_smoothing")
        return _Factors(*map(column, names))

    def columns(self) -> list[torch.Tensor]:
        """Those that are columns and take part in the step, in order."""
        return [held for held in self._stepping() if isinstance(held, torch.Tensor)]

    def with_columns(self, columns: Sequence[torch.Tensor]) -> _Factors:
        """The same with other columns in their places."""
        given = iter(columns)
        decay, momentum, one, two = (
            next(given) if isinstance(held, torch.Tensor) else held for held in self._stepping()
        )
        return _Factors(decay, momentum, one, two, self.smoothing)

    def kinds(self) -> list[object]:
        """What a step's program depends on of them: which are columns, and of what shape."""
        return [h.shape if isinstance(h, torch.Tensor) else h for h in self._stepping()]

    def _stepping(self) -> tuple[torch.Tensor | float, ...]:
        return self.decay, self.momentum, self.one, self.two

    def smoothed(self, sharp: torch.Tensor) -> torch.Tensor:
        """The distribution that each sample should get, from that which is all on its class."""
        if not isinstance(self.smoothing, torch.Tensor):
            return sharp
        smoothing = self.smoothing.unsqueeze(2)
        return sharp * (1 - smoothing) + smoothing / sharp.shape[2]

    def penalize(self, gradient: torch.Tensor, weights: torch.Tensor) -> torch.Tensor | float:
        """Add the gradient of the penalties, and give their value for each trial."""
        value: torch.Tensor | float = 0.0
        if isinstance(self.one, torch.Tensor):
            gradient.addcmul_(weights.sign(), self.one)
            value = value + (weights.abs() * self.one).sum(1)
        if isinstance(self.two, torch.Tensor):
            gradient.addcmul_(weights, self.two, value=2)
            value = value + (weights.square() * self.two).sum(1)
        return value


def _with_momentum(settings: Sequence[Settings]) -> Training:
    """The training of the trial that needs the most memory of the optimiser."""
    return max((s.training for s in settings), key=lambda training: training.momentum)


def _train_program(skeleton: nn.Module) -> Program:
    scores_of = _score_program(skeleton, shared=False)

    def slopes(
        weights: dict[str, torch.Tensor], x: torch.Tensor, targets: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        with torch.enable_grad():
            leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
            # Log probabilities times a distribution: the cross entropy, in fewer operations than that of labels.
            losses = -(torch.log_softmax(scores_of(leaves, x), -1) * targets).sum(-1).mean(-1)
            # A trial's loss depends on no other trial's weights, so the gradient of the sum is that of each.
            found = torch.autograd.grad(losses.sum(), list(leaves.values()))
        return dict(zip(leaves, found, strict=True)), losses.detach()

    return slopes


def _score_program(skeleton: nn.Module, *, shared: bool = True) -> Program:
    def scores(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return functional_call(skeleton, weights, (x,))

    return vmap(scores, in_dims=(0, None if shared else 0))
