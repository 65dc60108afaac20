"""Training one trial, an epoch at a time, and what is measured after each."""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from gradbook.study import models, optimization, randomness
from gradbook.study.plan import Way
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset, augmented
from gradbook.study.settings import Settings

#: In each epoch the norm of the gradient is taken at about so many steps, evenly spaced, and averaged.
NORM_STEPS = 16


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is recorded of one epoch of one trial.

    Losses are mean cross entropies without smoothing and penalties, accuracies shares, all in evaluation
    mode after the epoch; ``running_loss`` is the mean of what was minimised during the epoch, in training mode.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    test_loss: float
    test_accuracy: float
    running_loss: float
    gradient_norm: float
    weight_norm: float
    learning_rate: float
    rate_times_decay: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Diverged:
    """The end of a trial whose numbers are no longer finite."""

    epoch: int
    cause: str


def prepare_process(way: Way) -> None:
    """Settings of the whole process; weights that decay to denormal numbers would slow it down several times.

    On a GPU fp32 means fp32 (cuDNN takes 19 bits of a number unless told not to), and the same work gives the same
    bits. Raises StudyError where there is no such device.
    """
    torch.set_num_threads(way.threads)
    torch.set_flush_denormal(True)
    if way.device != "cpu":
        if not has_device(way.device):
            raise StudyError(
                f"this is to be trained on {way.device}, which PyTorch does not find here; go on where there is one, "
                "or remove the study and run it again"
            )
        torch.cuda.set_device(way.device)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True


def has_device(name: str) -> bool:
    """Whether trials can be trained on a device: the CPU, or a GPU with CUDA.

    >>> has_device("cpu"), has_device("a toaster")
    (True, False)
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        return False
    if device.type != "cuda":
        return name == "cpu"
    return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()


class Run:
    """One trial in training. ``advance`` does an epoch; ``state`` and ``restore`` carry it across a crash."""

    def __init__(
        self, settings: Settings, seed: int, data: Dataset, way: Way, here: Path | None = None
    ) -> None:
        self.epoch = 0
        self.steps_done = 0
        self._settings, self._seed, self._data, self._way = settings, seed, data, way
        model = models.build(settings.model, data.shape, len(data.classes), seed, here)
        self.initial_weights = beginning(model)
        self.parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
        layout = torch.channels_last if way.channels_last else torch.contiguous_format
        self.model: nn.Module = model.to(way.device).to(memory_format=layout)  # pyright: ignore[reportCallIssue, reportUnknownMemberType]
        self._layout = layout
        self._optimizer = optimization.Optimizer(self.model, settings.training)
        self._places = starts(len(data), settings.training.batch_size)
        self.steps = len(self._places)

    def advance(self) -> list[Epoch | Diverged]:
        """Train one epoch and measure."""
        began = time.perf_counter()
        self.epoch += 1
        running, gradient = self._train()
        weight = self._optimizer.weight_norm()
        measured = {name: self.evaluate(name) for name in self._data.splits}
        training = self._settings.training
        rate = optimization.rate(training, self.epoch * self.steps - 1, self.steps)
        return [
            record(
                self.epoch,
                measured,
                (running, gradient, weight),
                (rate, training.weight_decay),
                time.perf_counter() - began,
            )
        ]

    def few_steps(self, steps: int) -> torch.Tensor:
        """The weights after so many steps at the first learning rate, in a row; to compare ways of computing."""
        training, data = self._settings.training, self._data
        rate = optimization.rate(training, 0, self.steps)
        randomness.start(self._seed, "noise", 1)
        order = randomness.data_order(self._seed, 1, len(data)).to(self._way.device)
        self.model.train()
        for start in self._places[:steps]:
            self._backward(*data.batch("train", order[start : start + training.batch_size]))
            self._optimizer.step(rate)
        return self.weights()

    def weights(self) -> torch.Tensor:
        """All weights in a row, a copy."""
        return torch.cat([p.detach().reshape(-1) for p in self.model.parameters()])

    def sample(self, seconds: float) -> tuple[float, float]:
        """Seconds of a step and of evaluating a sample, from a short trial; the run is of no use afterwards."""
        training, data = self._settings.training, self._data
        order = randomness.data_order(self._seed, 1, len(data)).to(self._way.device)
        self.model.train()

        def step(number: int) -> None:
            start = self._places[number % len(self._places)]
            x, y = data.batch("train", order[start : start + training.batch_size])
            if self._settings.data.augment:
                x = augmented(x, self._settings.data.augment, randomness.generator(0, "augmentation", 0))
            self._backward(x, y)
            self._optimizer.step(training.learning_rate)

        a_step = timed(step, seconds)
        self.model.eval()
        size = min(evaluation_size(data.shape, self._way.device), len(data))

        def look(_: int) -> None:
            with torch.no_grad():
                x, _y = data.batch("train", slice(0, size))
                self._scores(x.contiguous(memory_format=self._layout) if x.dim() == 4 else x)

        return a_step, timed(look, seconds / 4) / size

    def state(self) -> dict[str, torch.Tensor]:
        """All that the next epoch depends on."""
        held = {f"model.{name}": value for name, value in _tensors(self.model).items()}
        return {**held, **{f"optimizer.{name}": value for name, value in self._optimizer.state().items()}}

    def restore(self, state: Mapping[str, torch.Tensor], epoch: int) -> None:
        """Go on from what ``state`` gave after an epoch."""
        parts: dict[str, dict[str, torch.Tensor]] = {"model": {}, "optimizer": {}}
        for name, value in state.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        _fill(self.model, parts["model"])
        self._optimizer.restore(parts["optimizer"])
        self.epoch = epoch

    def digests(self) -> list[str]:
        """A hash over the weights and the optimiser's memory: equal for equal bits."""
        return [digest(self.state())]

    def _train(self) -> tuple[float, float]:
        training, data, seed = self._settings.training, self._data, self._seed
        device = self._way.device
        randomness.start(seed, "noise", self.epoch)
        order = randomness.data_order(seed, self.epoch, len(data)).to(device)
        moves = randomness.generator(seed, "augmentation", self.epoch)
        places, measured_at = self._places, set(norm_steps(self.steps))
        running, gradients, seen = torch.zeros((), dtype=torch.float64, device=device), 0.0, 0
        self.model.train()
        for step, start in enumerate(places):
            x, y = data.batch("train", order[start : start + training.batch_size])
            if self._settings.data.augment:
                x = augmented(x, self._settings.data.augment, moves)
            loss = self._backward(x, y)
            if step in measured_at:
                gradients += self._optimizer.gradient_norm()
            self._optimizer.step(
                optimization.rate(training, (self.epoch - 1) * self.steps + step, self.steps)
            )
            running += loss * len(y)
            seen += len(y)
            self.steps_done = step + 1
        return float(running) / seen, gradients / len(measured_at)

    def _backward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if x.dim() == 4:
            x = x.contiguous(memory_format=self._layout)
        self._optimizer.clear()
        loss = self._loss(x, y)
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        return loss.detach()

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        training = self._settings.training
        loss = functional.cross_entropy(self._scores(x), y, label_smoothing=training.label_smoothing)
        penalty = self._optimizer.penalty()
        return loss if penalty is None else loss + penalty

    def _scores(self, x: torch.Tensor) -> torch.Tensor:
        bf16 = self._settings.training.precision == "bf16"
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            scores = self.model(x)
        if not isinstance(scores, torch.Tensor):
            mode = "training" if self.model.training else "evaluation"
            raise TypeError(
                f"expected a tensor of scores from the model in {mode}, found {type(scores).__name__}"
            )
        return scores.float()

    def evaluate(self, split: str) -> tuple[float, float]:
        """Loss and accuracy on a part of the data, in evaluation mode and in the precision of training."""
        self.model.eval()
        total, right = 0.0, 0
        count = len(self._data.splits[split].y)
        size = evaluation_size(self._data.shape, self._way.device)
        # Not inference mode: a tensor that a model makes in it and keeps could not be used in training.
        with torch.no_grad():
            for start in range(0, count, size):
                x, y = self._data.batch(split, slice(start, start + size))
                if x.dim() == 4:
                    x = x.contiguous(memory_format=self._layout)
                scores = self._scores(x)
                total += float(functional.cross_entropy(scores, y, reduction="sum"))
                right += int((scores.argmax(1) == y).sum())
        return total / count, right / count


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """All parameters and buffers of a model by name, also buffers that ``state_dict`` leaves out."""
    held = dict[str, torch.Tensor](model.named_parameters(remove_duplicate=False))
    return held | dict(model.named_buffers(remove_duplicate=False))


@torch.no_grad()
def _fill(model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Give a model back what ``_tensors`` told of it."""
    there = _tensors(model)
    for name, value in state.items():
        held = there.get(name)
        if held is not None and held.shape == value.shape:
            held.copy_(value)
        else:  # a buffer that training made, or gave another shape
            module, _, last = name.rpartition(".")
            setattr(model.get_submodule(module), last, value)


def record(
    epoch: int,
    measured: Mapping[str, tuple[float, float]],
    norms: tuple[float, float, float],
    rates: tuple[float, float],
    seconds: float,
) -> Epoch | Diverged:
    """The record of an epoch, or the end of the trial if a number in it is not finite."""
    running, gradient, weight = norms
    told = {
        "running loss": running,
        "gradient norm": gradient,
        "weight norm": weight,
        **{f"{name} loss": loss for name, (loss, _) in measured.items()},
    }
    for name, value in told.items():
        if not math.isfinite(value):
            return Diverged(epoch, f"{name} is {value} in epoch {epoch}")
    validation = measured.get("validation", (None, None))
    return Epoch(
        epoch,
        *measured["train"],
        *validation,
        *measured["test"],
        running,
        gradient,
        weight,
        rates[0],
        rates[0] * rates[1],
        seconds,
    )


def starts(samples: int, batch_size: int) -> list[int]:
    """Where each batch starts. A last batch of a single sample, which batch norm cannot take, is left out.

    >>> starts(7, 3), starts(8, 3)
    ([0, 3], [0, 3, 6])
    """
    places = list(range(0, samples, batch_size))
    return places[:-1] if len(places) > 1 and samples - places[-1] == 1 and batch_size > 1 else places


def norm_steps(steps: int) -> Sequence[int]:
    """The steps of an epoch at which the gradient is measured.

    >>> list(norm_steps(3)), len(norm_steps(704))
    ([0, 1, 2], 16)
    """
    return sorted({i * steps // min(steps, NORM_STEPS) for i in range(min(steps, NORM_STEPS))})


def evaluation_size(shape: Sequence[int], device: str) -> int:
    """How many samples are evaluated at once: few enough for a processor's cache, enough to keep a GPU busy."""
    if math.prod(shape) <= 256:
        return 1024
    return 64 if device == "cpu" else 256


def timed(work: Callable[[int], object], seconds: float) -> float:
    """The median time of a piece of work that is repeated for so many seconds, but for the first time it runs.

    It is repeated three times, or, if once takes longer than that, once.
    """
    taken: list[float] = []
    while len(taken) < 4 or sum(taken) < seconds:
        began = time.perf_counter()
        work(len(taken))
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()  # work on a GPU has only been asked for until then
        taken.append(time.perf_counter() - began)
        if len(taken) > 1 and taken[-1] > seconds:
            break
    return statistics.median(taken[1:])


def beginning(model: nn.Module) -> str:
    """A hash over the weights of a model, in order: dropout, which has none, does not change it."""
    return digest({f"{place:06d}": weight for place, weight in enumerate(model.parameters())})


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """A hash over names and bits.

    >>> digest({"w": torch.zeros(2)}) == digest({"w": torch.zeros(2)})
    True
    """
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        held = tensor.detach().cpu().contiguous()
        found.update(f"{name} {held.dtype} {tuple(held.shape)}".encode())
        found.update(held.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:32]
