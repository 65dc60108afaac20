"""Looking for the plan of a study: every way of computing is tried for a moment on this machine with this model.

What there is to decide: how many processes of how many threads; the memory layout of images; whether trials of
one shape are trained as a stack, and whether its step is compiled. A way that is not the plain one is checked to
give the same results within rounding. The fastest is taken, and recorded, because resuming to the same bits needs
the same way.
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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gradbook.study import compiled, models, training
from gradbook.study.data import Prepared
from gradbook.study.plan import Measured, Plan, Wishes
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack, stackable
from gradbook.study.stacking import FREE, shape_of, stacks
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

#: How far apart two ways may be after a step or a few, in parts of what the steps changed, by precision. What is not
#: rounding, such as other random numbers, is about 1.
_ROUNDING = {"fp32": 0.05, "bf16": 0.25}

#: What compiling a step is taken to need, in seconds, until it has been tried.
_COMPILING = 15.0


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
    return Survey(_Surveyor(jobs, seeds, prepared, here, wishes, device, built).decide(), counts)


class _Surveyor:
    """Measures ways of training the trials of a study, and decides."""

    def __init__(
        self,
        jobs: Sequence[Settings],
        seeds: Sequence[int],
        prepared: Prepared,
        here: Path,
        wishes: Wishes,
        device: str,
        built: Mapping[str, nn.Module],
    ) -> None:
        self._here, self._wishes, self._device = here, wishes, device
        self._trials = [(job, seed) for seed in seeds for job in jobs]
        self._epochs = max(s.training.epochs for s in jobs)
        self._data = Dataset(prepared, device)
        groups: dict[str, list[tuple[Settings, int]]] = {}
        for trial in self._trials:
            groups.setdefault(shape_of(trial[0]), []).append(trial)
        #: The most trials of one shape: what is measured is a part of them.
        self._alike = max(groups.values(), key=len)
        self._can_stack = all(stackable(s, model) for s in jobs for model in built.values())
        convolutional = len(prepared.shape) == 3 and any(
            isinstance(m, nn.Conv2d) for model in built.values() for m in model.modules()
        )
        layout = wishes.channels_last
        self._layouts = [layout] if layout is not None else [True, False] if convolutional else [False]
        self._shares = _shares(wishes, available_cores(), len(self._trials), device)
        self._found: list[Measured] = []
        self._notes: list[str] = []

    def decide(self) -> Plan:
        """The fastest way of those that the wishes leave open."""
        size, must = self._stack_size(), self._must_stack()
        if len(self._shares) == len(self._layouts) == size == 1 and not self._layouts[0]:
            processes, threads = self._shares[0]
            way = Way(threads, self._layouts[0], self._device)
            return Plan(processes, way, 1, ("as asked; nothing was left to measure",))
        plain = self._look(self._shares[0], self._layouts[0])
        small = plain is None or plain.step <= _SMALL_STEP or self._device != "cpu"
        stack = self._look(self._shares[0], False, size) if size > 1 and (small or must) else None
        chosen = stack and self._compared(stack, plain)
        if must:
            if chosen is None:
                raise StudyError(
                    "--stack: a stack did not give the results of single runs here; leave the option out"
                )
        else:
            if chosen is None or (plain is not None and self._total(plain) < self._total(chosen)):
                chosen = self._best_of_single_runs(plain)
        if chosen is None:
            if self._wishes.channels_last:
                raise StudyError(
                    "--channels-last: it did not give the results of the plain layout here; leave the option out"
                )
            processes, threads = self._shares[0]
            way = Way(threads, device=self._device)
            return Plan(processes, way, 1, ("measuring failed; the plain way is used",))
        reasons = [
            f"{m.name}: {_spoken(self._total(m))}" + (" (chosen)" if m is chosen else "") for m in self._found
        ]
        return Plan(
            chosen.processes,
            chosen.way,
            chosen.stack_size,
            (*reasons, *self._notes),
            self._total(chosen),
            chosen.memory,
        )

    def _total(self, measured: Measured) -> float:
        return measured.total(len(self._trials), self._epochs)

    def _must_stack(self) -> bool:
        return self._wishes.stacked is True or self._wishes.compiled is True

    def _stack_size(self) -> int:
        """How many trials to put into a stack, 1 for none. Raises StudyError if that is asked for and cannot be."""
        wishes, largest = self._wishes, len(self._alike)
        option = "--stack" if wishes.stacked is True else "--compile"
        if wishes.compiled is True and wishes.stacked is False:
            raise StudyError("--compile: the step of a stack is what is compiled; leave out --no-stack")
        if wishes.compiled is True and self._device != "cpu":
            raise StudyError(f"--compile: it is for a CPU, and this runs on {self._device}; leave it out")
        if wishes.compiled is True and not compiled.available():
            raise StudyError(
                "--compile: no C++ compiler was found; install one, such as g++, or leave it out"
            )
        if wishes.stacked is False:
            return 1
        size = min(_LARGEST_STACK, math.ceil(largest / max(1, min(self._shares[0][0], largest // 2))))
        if self._can_stack and size > 1:
            return size
        if self._must_stack():
            raise StudyError(
                f"{option}: these trials cannot be stacked: that takes models without dropout and batch norm, fp32, "
                f"no augmentation, and trials that differ in {', '.join(FREE)} or the seed only"
            )
        return 1

    def _best_of_single_runs(self, plain: Measured | None) -> Measured | None:
        """The fastest layout with one thread, then the fastest division of the cores with that layout."""
        if plain is not None and self._total(plain) < _SHORT:
            return plain
        tried = [plain, *(self._look(self._shares[0], layout) for layout in self._layouts[1:])]
        layout = min((m for m in tried if m is not None), key=self._total, default=None)
        last = layout.way.channels_last if layout is not None else self._layouts[0]
        tried += [self._look(share, last) for share in self._shares[1:]]
        return min((m for m in tried if m is not None), key=self._total, default=None)

    def _compared(self, stack: Measured, plain: Measured | None) -> Measured:
        """A stack or, where that is faster or asked for, the same with its step compiled."""
        trials = len(self._trials)
        if plain is not None and (note := _pays("a stack", stack.start, "set up", stack, plain, trials)):
            self._notes.append(note)
        asked = self._wishes.compiled
        programs = len(self._programs(stack))
        expected = _COMPILING * (1 + math.ceil((programs - 1) / stack.processes))
        worth_it = self._total(stack) > 4 * expected and self._device == "cpu" and compiled.available()
        if asked is False or (asked is None and not worth_it):
            return stack
        found = self._look_compiled(stack, programs)
        if isinstance(found, str):
            if asked:
                raise StudyError(f"--compile: {found}; leave the option out")
            self._notes.append(found)
            return stack
        measured, seconds = found
        if note := _pays("compiling", seconds + measured.once, "compile", measured, stack, trials):
            self._notes.append(note)
        return measured if asked or self._total(measured) < self._total(stack) else stack

    def _look_compiled(self, stack: Measured, programs: int) -> tuple[Measured, float] | str:
        """A compiled stack with the seconds that compiling it took, or why there is none."""
        way = replace(stack.way, compiled=True)
        chosen = self._alike[: stack.stack_size]

        def one() -> dict[str, Any]:
            training.prepare_process(way)
            began = time.perf_counter()
            try:
                Stack(chosen, self._data, way, self._here)
            except compiled.CompileError as error:
                return {"failed": str(error)}
            return {"seconds": time.perf_counter() - began}

        answers = at_once(one, 1)
        if not answers or "failed" in answers[0]:
            return answers[0]["failed"] if answers else "a step could not be compiled: the process died"
        seconds = answers[0]["seconds"]
        once = seconds * math.ceil((programs - 1) / stack.processes)
        found = self._look(
            (stack.processes, way.threads), False, stack.stack_size, compile_it=True, once=once
        )
        return (found, seconds) if found is not None else "the compiled step did not give the same results"

    def _programs(self, stack: Measured) -> set[tuple[str, int]]:
        """The stacks of the study by shape and size: each needs a program of its own."""
        listed = [(str(place), seed, settings) for place, (settings, seed) in enumerate(self._trials)]
        sizes: dict[str, int] = {}
        shapes: dict[str, str] = {}
        members = stacks(listed, stack.stack_size, stack.processes)
        for place, seed, settings in listed:
            if (place, seed) in members:
                name = members[place, seed][0]
                sizes[name] = sizes.get(name, 0) + 1
                shapes[name] = shape_of(settings)
        return {(shapes[name], size) for name, size in sizes.items()}

    def _look(
        self,
        share: tuple[int, int],
        channels_last: bool,
        size: int = 1,
        *,
        compile_it: bool = False,
        once: float = 0.0,
    ) -> Measured | None:
        """Try one way; None if it does not work here, or does not give what single runs give."""
        processes, threads = share
        way = Way(threads, channels_last, self._device, compile_it)
        chosen, data, here = self._alike[:size], self._data, self._here

        def one() -> dict[str, Any]:
            training.prepare_process(way)
            told: dict[str, Any] = {"difference": _difference(chosen, data, way, here)}
            began = time.perf_counter()
            run = Stack(chosen, data, way, here) if size > 1 else Run(*chosen[0], data, way, here)
            run.few_steps(1)
            told["start"] = time.perf_counter() - began
            step, sample = run.sample(_LOOK)
            count = sum(len(split.y) for split in data.splits.values())
            return {
                **told,
                "step": step,
                "epoch": run.steps * step + count * sample,
                "memory": _peak_memory(),
            }

        answers = at_once(one, processes) if self._device == "cpu" else [one()]
        name = Plan(processes, way, size).describe()
        if not answers:
            self._notes.append(f"{name}: this did not work here")
            return None
        if max(a["difference"] for a in answers) > _ROUNDING[chosen[0][0].training.precision]:
            self._notes.append(f"{name}: the results are not those of the plain way within rounding")
            return None
        epoch, step, start = (max(a[key] for a in answers) for key in ("epoch", "step", "start"))
        memory = int(sum(a["memory"] for a in answers))
        measured = Measured(name, way, processes, size, epoch, step, start, memory, once)
        self._found.append(measured)
        return measured


def _pays(what: str, cost: float, verb: str, ours: Measured, other: Measured, trials: int) -> str:
    """From how many epochs on something pays that costs some seconds once."""
    saved = other.epochs(trials) - ours.epochs(trials)
    epochs = math.ceil(cost / saved) if saved > 0 else math.inf
    if epochs == math.inf:
        return f"{what} does not pay here"
    plural = "s" * (epochs != 1)
    return f"{what} pays from {epochs} epoch{plural} on: it takes {_spoken(cost)} to {verb}"


def _shares(wishes: Wishes, cores: int, trials: int, device: str) -> list[tuple[int, int]]:
    """Processes and threads to try: one thread each first, then fewer processes with more."""
    if device != "cpu":
        return [(wishes.processes or 1, wishes.threads or 1)]
    if wishes.processes is not None:
        return [(wishes.processes, wishes.threads or max(1, cores // wishes.processes))]
    threads = [wishes.threads] if wishes.threads else [t for t in (1, 2, 4, 8, 16, 32, cores) if t <= cores]
    return [(max(1, min(cores // t, trials)), t) for t in sorted(set(threads))]


def _difference(trials: Sequence[tuple[Settings, int]], data: Dataset, way: Way, here: Path) -> float:
    """How far the first trial is from the same trial computed in the plain way, in parts of what some steps change."""
    if len(trials) == 1 and not way.channels_last:
        return 0.0
    plain = Run(*trials[0], data, replace(way, channels_last=False, compiled=False), here)
    before = plain.weights()
    if len(trials) == 1:
        one, other = Run(*trials[0], data, way, here).few_steps(1), plain.few_steps(1)
    else:
        # A compiled step is for a stack of this size; the result of any other is the same for two.
        one = Stack(trials if way.compiled else trials[:2], data, way, here).few_steps(4)
        other = plain.few_steps(4)
    if not other.isfinite().all():
        return 0.0 if not one.isfinite().all() else math.inf
    # What a step changes may itself be near the rounding of the weights.
    change = (other - before).norm() + 1e-6 * other.norm()
    return float((one - other).norm() / change.clamp_min(1e-12))


def at_once(work: Callable[[], dict[str, Any]], processes: int) -> list[dict[str, Any]]:
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
    answers: list[dict[str, Any]] = []
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
