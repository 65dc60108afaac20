"""How a study is computed: measured for a moment on this machine with this model, and then decided.

What there is to decide: how many processes of how many threads; the memory layout of images; whether trials of
one shape are trained as a stack. Each way was checked to give the same results within rounding; only the fastest
is used, and the choice is recorded, because resuming to the same bits needs the same way.
"""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gradbook.study import models, training
from gradbook.study.data import Prepared
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack, stackable
from gradbook.study.stacking import FREE, shape_of
from gradbook.study.training import Run, Way

#: Seconds for which one way is measured. Ways are few, so that this is a second or so in all.
_LOOK = 0.2

#: Less work than this is not worth a comparison.
_SHORT = 4.0

#: A step that takes longer than this is spent on arithmetic rather than on starting operations, and stacking, which
#: saves the latter, is not tried.
_SMALL_STEP = 0.003

#: More trials than this are not put in one stack: their weights would leave the cache.
_LARGEST_STACK = 64

#: How far apart a stack and single runs may be after a few steps, in parts of the weights.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person decided about the plan; None leaves it to measurement."""

    processes: int | None = None
    threads: int | None = None
    channels_last: bool | None = None
    stacked: bool | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision, why it was taken, and what to expect of it."""

    processes: int
    way: Way
    stack_size: int = 1
    reasons: tuple[str, ...] = ()
    seconds: float | None = None
    memory: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The record of the plan."""
        return asdict(self)

    @staticmethod
    def from_json(held: Mapping[str, Any]) -> Plan:
        """The plan that a record describes."""
        told: dict[str, Any] = {**held, "way": Way(**held["way"]), "reasons": tuple(held["reasons"])}
        return Plan(**told)

    def describe(self) -> str:
        """The plan in one line."""
        parts = [f"{self.processes} × {self.way.threads} thread{'s' * (self.way.threads > 1)}"]
        parts += [self.way.device] if self.way.device != "cpu" else []
        parts += ["channels last"] if self.way.channels_last else []
        parts += [f"stacks of {self.stack_size} trials"] if self.stack_size > 1 else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Measured:
    """A way of computing, with what one epoch of one job takes and the memory of its process."""

    name: str
    way: Way
    processes: int
    stack_size: int
    epoch: float
    step: float
    start: float
    memory: int

    def total(self, trials: int, epochs: int) -> float:
        """Seconds for all trials: rounds of jobs, as many at a time as there are processes."""
        return self.epochs(trials) * epochs + self._rounds(trials) * self.start

    def epochs(self, trials: int) -> float:
        """Seconds for one epoch of all trials."""
        return self._rounds(trials) * self.epoch

    def _rounds(self, trials: int) -> int:
        return math.ceil(math.ceil(trials / self.stack_size) / self.processes)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at a study's models found: their sizes, and the plan."""

    plan: Plan
    parameters: tuple[int, ...] = field(default=())


def survey(
    jobs: Sequence[Settings], seeds: Sequence[int], prepared: Prepared, here: Path, wishes: Wishes
) -> Survey:
    """Try every model of a study on a batch, and decide how to train; ``jobs`` has the settings of each arm.

    Raises StudyError if a model cannot be made or does not fit the data.
    """
    device = wishes.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device != "cpu" and not torch.cuda.is_available():
        raise StudyError(f"--device {device}: PyTorch finds no such device here; leave the option out")
    built: dict[str, nn.Module] = {}
    for settings in jobs:
        name = json.dumps([settings.model.kind, settings.model.arguments], sort_keys=True)
        if name in built:
            continue
        built[name] = models.build(settings.model, prepared.shape, len(prepared.classes), seeds[0], here)
        models.try_out(built[name], prepared.shape, len(prepared.classes), settings.model.kind)
    counts = tuple(sum(p.numel() for p in model.parameters()) for model in built.values())
    if settings_with_images := [s for s in jobs if s.data.augment and len(prepared.shape) != 3]:
        raise StudyError(
            f"augment: {settings_with_images[0].data.augment} needs images, and these are tables"
        )
    return Survey(_decide(jobs, seeds, prepared, here, wishes, device, built), counts)


def _decide(
    jobs: Sequence[Settings],
    seeds: Sequence[int],
    prepared: Prepared,
    here: Path,
    wishes: Wishes,
    device: str,
    built: Mapping[str, nn.Module],
) -> Plan:
    trials, epochs = len(jobs) * len(seeds), max(s.training.epochs for s in jobs)
    cores = available_cores()
    convolutional = len(prepared.shape) == 3 and any(
        isinstance(m, nn.Conv2d) for model in built.values() for m in model.modules()
    )
    can_stack = len({shape_of(s) for s in jobs}) < trials and all(
        stackable(s, model) for s in jobs for model in built.values()
    )
    data = Dataset(prepared, device)
    first = jobs[0]

    def look(name: str, way: Way, processes: int, size: int = 1) -> Measured | None:
        group = [(job, seed) for seed in seeds for job in jobs if shape_of(job) == shape_of(first)]
        chosen = group[:size]

        def one() -> dict[str, float]:
            training.prepare_process(way)
            told = {"difference": _difference(chosen, data, way, here) if size > 1 else 0.0}
            began = time.perf_counter()
            run = Stack(chosen, data, way, here) if size > 1 else Run(first, seeds[0], data, way, here)
            run.few_steps(1)
            told["start"] = time.perf_counter() - began
            step, sample = run.sample(_LOOK)
            count = sum(len(split.y) for split in data.splits.values())
            epoch = run.steps * step + count * sample
            told["step"] = step
            return {**told, "epoch": epoch, "memory": _peak_memory()}

        answers = at_once(one, processes) if device == "cpu" else [one()]
        if not answers:
            return None
        if size > 1 and max(a["difference"] for a in answers) > _ROUNDING:
            return None
        epoch = max(a["epoch"] for a in answers)
        memory = int(sum(a["memory"] for a in answers))
        start, step = (max(a[key] for a in answers) for key in ("start", "step"))
        return Measured(name, way, processes, size, epoch, step, start, memory)

    def named(way: Way, processes: int, size: int) -> str:
        return Plan(processes, way, size).describe()

    layout = wishes.channels_last
    layouts = [layout] if layout is not None else [True, False] if convolutional else [False]
    shares = _shares(wishes, cores, trials, device)
    candidates = [
        (processes, Way(threads, last, device)) for processes, threads in shares for last in layouts
    ]
    sizes = [1] if wishes.stacked is not True else []
    largest = _stack_size(jobs, seeds, shares[0][0])
    if wishes.stacked is True and (not can_stack or largest < 2):
        raise StudyError(
            "--stack: these trials cannot be stacked: that takes models without dropout and batch norm, fp32, "
            f"no augmentation, and trials that differ in {', '.join(FREE)} or the seed only"
        )
    if wishes.stacked is not False and can_stack and largest > 1:
        sizes.append(largest)
    if len(candidates) == 1 and sizes == [1]:
        processes, way = candidates[0]
        return Plan(processes, way, sizes[0], ("as asked; nothing was left to measure",))
    found: list[Measured] = []
    quick = look(named(candidates[0][1], candidates[0][0], 1), candidates[0][1], candidates[0][0])
    if quick is not None:
        found.append(quick)
    short = quick is not None and quick.total(trials, epochs) < _SHORT and 1 in sizes
    if quick is not None and quick.step > _SMALL_STEP and wishes.stacked is None and device == "cpu":
        sizes = [1]
    if not short or len(sizes) > 1:
        for size in reversed(sizes):
            for processes, way in candidates:
                tried = size == 1 and (processes, way) == candidates[0]
                other_threads = size > 1 and way.threads > 1
                if tried or other_threads or (short and size == 1):
                    continue
                measured = look(named(way, processes, size), way, processes, size)
                if measured is not None:
                    found.append(measured)
    if not found and 1 in sizes:
        processes, way = candidates[0]
        return Plan(processes, way, 1, ("measuring failed; the plain way is used",))
    usable = [m for m in found if m.stack_size in sizes]
    if not usable:
        raise StudyError(
            "--stack: a stack did not give the results of single runs here; leave the option out"
        )
    best = min(usable, key=lambda m: m.total(trials, epochs))
    reasons = [
        f"{m.name}: {_spoken(m.total(trials, epochs))}" + (" (chosen)" if m is best else "") for m in found
    ]
    if best.stack_size > 1 and quick is not None:
        reasons.append(_break_even(best, quick, trials))
    return Plan(
        best.processes, best.way, best.stack_size, tuple(reasons), best.total(trials, epochs), best.memory
    )


def _break_even(stack: Measured, plain: Measured, trials: int) -> str:
    saved = plain.total(trials, 1) - (stack.total(trials, 1) - stack.start)
    epochs = math.ceil(stack.start / saved) if saved > 0 else math.inf
    return (
        f"a stack pays from {epochs} epoch{'s' * (epochs != 1)} on: it takes {_spoken(stack.start)} to set up"
    )


def _stack_size(jobs: Sequence[Settings], seeds: Sequence[int], processes: int) -> int:
    counts: dict[str, int] = {}
    for job in jobs:
        counts[shape_of(job)] = counts.get(shape_of(job), 0) + len(seeds)
    largest = max(counts.values())
    return min(_LARGEST_STACK, math.ceil(largest / max(1, min(processes, largest // 2))))


def _shares(wishes: Wishes, cores: int, trials: int, device: str) -> list[tuple[int, int]]:
    """Processes and threads to try: one thread each first, then fewer processes with more."""
    if device != "cpu":
        return [(wishes.processes or 1, wishes.threads or 1)]
    if wishes.processes is not None:
        return [(wishes.processes, wishes.threads or max(1, cores // wishes.processes))]
    threads = [wishes.threads] if wishes.threads else [t for t in (1, 2, 4, 8, 16, 32, cores) if t <= cores]
    return [(max(1, min(cores // t, trials)), t) for t in sorted(set(threads))]


def _difference(
    trials: Sequence[tuple[Settings, int]], data: Dataset, way: Way, here: Path, steps: int = 4
) -> float:
    """How far the first trial of a stack is from the same trial alone after a few steps."""
    stack, alone = Stack(trials[:2], data, way, here), Run(*trials[0], data, way, here)
    one = stack.few_steps(steps)
    other = alone.few_steps(steps)
    return float((one - other).norm() / other.norm().clamp_min(1e-12))


def at_once(work: Callable[[], dict[str, float]], processes: int) -> list[dict[str, float]]:
    """The results of a piece of work in several processes at the same time; empty if one of them died.

    Processes are forked, so that work that starts threads leaves none in this one.
    """
    if not hasattr(os, "fork"):
        return [work()]
    children: list[tuple[int, int]] = []
    for _ in range(processes):
        receive, send = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os.write(send, json.dumps(work()).encode())
                status = 0
            except Exception as error:  # noqa: BLE001 - a way that does not work is not taken
                print(f"measuring: {error}", file=sys.stderr)  # noqa: T201
            finally:
                os._exit(status)
        os.close(send)
        children.append((pid, receive))
    answers: list[dict[str, float]] = []
    for pid, receive in children:
        with os.fdopen(receive, "rb") as pipe:
            held = pipe.read()
        _, status = os.waitpid(pid, 0)
        if status == 0 and held:
            answers.append(json.loads(held))
    return answers if len(answers) == processes else []


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _peak_memory() -> int:
    if os.name != "posix":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _spoken(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
