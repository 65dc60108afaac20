"""Looking for the plan of a study: every way of computing is tried for a moment on this machine with this model.

What there is to decide: how many processes of how many threads; the memory layout of images; whether trials of
one shape are trained as a stack, and whether its step is compiled. A way that is not the plain one is checked to
give the same results within rounding. The fastest is taken, and recorded, because resuming to the same bits needs
the same way.
"""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import heapq
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from gradbook.study import compiled, measuring, models
from gradbook.study.data import Prepared
from gradbook.study.measuring import Measured, NotUsable
from gradbook.study.plan import Plan, Way, Wishes
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import stackable
from gradbook.study.stacking import FREE, shape_of, sizes
from gradbook.study.training import has_device

#: Seconds for which one way is measured, for all shapes of trials together. Ways are few.
_LOOK = 0.2

#: Less work than this is not worth a comparison.
_SHORT = 4.0

#: A step that takes longer than this is spent on arithmetic rather than on starting operations, and stacking, which
#: saves the latter, is not tried.
_SMALL_STEP = 0.003

#: More trials than this are not put in one stack: their weights would leave the cache.
_LARGEST_STACK = 64

#: What compiling a step is taken to need, in seconds, until it has been tried.
_COMPILING = 15.0

#: More programs than this are compiled only where that is asked for.
_MOST_PROGRAMS = 8


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
    if not has_device(device):
        raise StudyError(f"--device {device}: PyTorch finds no such device here; leave the option out")
    built: dict[str, nn.Module] = {}
    for settings in jobs:
        name = _model_name(settings)
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


@dataclass(slots=True)
class _Shape:
    """Trials that need the same operations: what one takes, all take. Without a stack its size is 1."""

    trials: list[tuple[Settings, int]]
    can_stack: bool
    size: int = 1

    @property
    def epochs(self) -> int:
        return self.trials[0][0].training.epochs

    @property
    def name(self) -> str:
        return shape_of(self.trials[0][0])


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A way of computing the study: for each shape what a job of it takes. ``once`` are seconds spent only once."""

    processes: int
    way: Way
    shapes: Sequence[_Shape]
    uses: Sequence[Measured]
    once: float = 0.0

    @property
    def stacked(self) -> list[_Shape]:
        """The shapes that are trained in stacks."""
        return [s for s, used in zip(self.shapes, self.uses, strict=True) if used.stack_size > 1]

    def total(self) -> float:
        """Seconds for all trials."""
        return self.once + self._until_done(
            [u.epoch * s.epochs + u.start for s, u in zip(self.shapes, self.uses, strict=True)]
        )

    def epoch(self) -> float:
        """Seconds for one epoch of all trials."""
        return self._until_done([u.epoch for u in self.uses])

    def start(self) -> float:
        """Seconds to set up all stacks."""
        return self._until_done([u.start if u.stack_size > 1 else 0.0 for u in self.uses])

    def _until_done(self, seconds: Sequence[float]) -> float:
        """When the last job ends, if a process that is free takes the next one; ``seconds`` are those of a job."""
        free = [0.0] * self.processes
        for shape, used, taken in zip(self.shapes, self.uses, seconds, strict=True):
            for _ in range(math.ceil(len(shape.trials) / used.stack_size)):
                heapq.heapreplace(free, free[0] + taken)
        return max(free)

    def plan(self, reasons: Sequence[str] = ()) -> Plan:
        stacked = self.stacked
        apart = [s.name for s in self.shapes if s not in stacked] if stacked else []
        return Plan(
            self.processes,
            self.way,
            max(used.stack_size for used in self.uses),
            tuple(reasons),
            self.total(),
            max(used.memory for used in self.uses),
            tuple(apart),
        )

    def name(self) -> str:
        return self.plan().describe()


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
        self._data = Dataset(prepared, device)
        shapes: dict[str, _Shape] = {}
        for seed in seeds:
            for job in jobs:
                shape = shapes.get(shape_of(job))
                if shape is None:
                    shape = shapes[shape_of(job)] = _Shape([], stackable(job, built[_model_name(job)]))
                shape.trials.append((job, seed))
        self._shapes = list(shapes.values())
        convolutional = len(prepared.shape) == 3 and any(
            isinstance(m, nn.Conv2d) for model in built.values() for m in model.modules()
        )
        layout = wishes.channels_last
        self._layouts = [layout] if layout is not None else [True, False] if convolutional else [False]
        self._shares = _shares(wishes, available_cores(), len(jobs) * len(seeds), device)
        self._must_stack = wishes.stacked is True or wishes.compiled is True
        self._seconds = max(0.1 * _LOOK, _LOOK / len(self._shapes))
        self._tried: list[_Candidate] = []
        self._notes: list[str] = []

    def decide(self) -> Plan:
        """The fastest way of those that the wishes leave open."""
        self._set_sizes()
        open_sizes = any(shape.size > 1 for shape in self._shapes)
        if len(self._shares) == len(self._layouts) == 1 and not self._layouts[0] and not open_sizes:
            return self._unmeasured("as asked; nothing was left to measure")
        plain = self._single_runs(self._shares[0], self._layouts[0])
        if plain is None:
            if self._must_stack:
                raise StudyError(f"--stack: no trial could be tried here ({'; '.join(self._notes)})")
            return self._unmeasured(*self._notes, "the plain way is used")
        stacked = self._stacked(plain) if open_sizes else None
        if stacked is not None:
            if note := _pays("a stack", stacked.start(), "set up", stacked, plain):
                self._notes.append(note)
            self._compiled(stacked)
        if not self._must_stack:
            self._other_divisions(min(self._tried, key=_Candidate.total))
        fits = [c for c in self._tried if c.stacked or not self._must_stack]
        fits = [c for c in fits if c.way.compiled or self._wishes.compiled is not True]
        chosen = min(fits, key=_Candidate.total)
        reasons = [
            f"{c.name()}: {_spoken(c.total())}" + (" (chosen)" if c is chosen else "") for c in self._tried
        ]
        return chosen.plan([*reasons, *self._notes])

    def _unmeasured(self, *reasons: str) -> Plan:
        processes, threads = self._shares[0]
        return Plan(processes, Way(threads, device=self._device), 1, reasons)

    def _set_sizes(self) -> None:
        """How many trials to put into a stack of each shape. Raises StudyError if what is asked for cannot be."""
        wishes = self._wishes
        if wishes.compiled is True and wishes.stacked is False:
            raise StudyError("--compile: the step of a stack is what is compiled; leave out --no-stack")
        if wishes.compiled is True and self._device != "cpu":
            raise StudyError(f"--compile: it is for a CPU, and this runs on {self._device}; leave it out")
        if wishes.compiled is True and not compiled.available():
            raise StudyError(
                "--compile: no C++ compiler was found; install one, such as g++, or leave it out"
            )
        if wishes.stacked is False:
            return
        for shape in self._shapes:
            if shape.can_stack:
                shape.size = max(sizes(len(shape.trials), _LARGEST_STACK, self._shares[0][0]))
        if self._must_stack and all(shape.size == 1 for shape in self._shapes):
            raise StudyError(
                f"{'--stack' if wishes.stacked else '--compile'}: these trials cannot be stacked: that takes models "
                f"without dropout and batch norm, fp32, no augmentation, and trials that differ in {', '.join(FREE)} "
                "or the seed only"
            )

    def _measure(self, shape: _Shape, size: int, way: Way, processes: int) -> Measured:
        return measuring.measure(shape.trials[:size], self._data, way, processes, self._seconds, self._here)

    def _single_runs(self, share: tuple[int, int], channels_last: bool) -> _Candidate | None:
        """All trials one by one, in a layout or, where that gives other results, in the plain one."""
        processes, threads = share
        for last in (channels_last, False) if channels_last else (False,):
            way = Way(threads, last, self._device)
            try:
                uses = [self._measure(shape, 1, way, processes) for shape in self._shapes]
            except NotUsable as problem:
                self._notes.append(f"{Plan(processes, way).describe()}: {problem}")
                if last and self._wishes.channels_last:
                    raise StudyError(f"--channels-last: {problem}; leave the option out") from None
                self._layouts = [False]
                continue
            self._tried.append(_Candidate(processes, way, self._shapes, uses))
            return self._tried[-1]
        return None

    def _stacked(self, plain: _Candidate) -> _Candidate | None:
        """Each shape in stacks where that is faster, or asked for. Raises StudyError if asked for in vain."""
        way = Way(plain.way.threads, plain.way.channels_last, self._device)
        uses: list[Measured] = []
        for shape, alone in zip(self._shapes, plain.uses, strict=True):
            uses.append(alone)
            if shape.size == 1 or not (
                self._must_stack or alone.step <= _SMALL_STEP or self._device != "cpu"
            ):
                continue
            try:
                found = self._measure(shape, shape.size, replace(way, channels_last=False), plain.processes)
            except NotUsable as problem:
                if self._must_stack:
                    raise StudyError(f"--stack: {problem}; leave the option out") from None
                self._notes.append(f"stacks of {shape.size} trials: {problem}")
                continue
            if self._must_stack or found.epoch < alone.epoch * shape.size:
                uses[-1] = found
        if all(used.stack_size == 1 for used in uses):
            return None
        self._tried.append(_Candidate(plain.processes, way, self._shapes, uses))
        return self._tried[-1]

    def _compiled(self, stacked: _Candidate) -> None:
        """The stacks with their steps compiled, where that may pay or is asked for."""
        asked, processes = self._wishes.compiled, stacked.processes
        programs = sum(
            len(set(sizes(len(shape.trials), _LARGEST_STACK, processes))) for shape in stacked.stacked
        )
        expected = _COMPILING * (
            len(stacked.stacked) + math.ceil((programs - len(stacked.stacked)) / processes)
        )
        worth_it = stacked.total() > 4 * expected and programs <= _MOST_PROGRAMS and self._device == "cpu"
        if asked is False or (asked is None and not (worth_it and compiled.available())):
            return
        way, uses, taken = replace(stacked.way, compiled=True), list[Measured](), list[float]()
        try:
            for shape, used in zip(self._shapes, stacked.uses, strict=True):
                if used.stack_size == 1:
                    uses.append(used)
                    continue
                chosen = replace(way, channels_last=False)
                trials = shape.trials[: used.stack_size]
                taken.append(measuring.compile_step(trials, self._data, chosen, self._here))
                uses.append(self._measure(shape, used.stack_size, chosen, processes))
        except NotUsable as problem:
            if asked:
                raise StudyError(f"--compile: {problem}; leave the option out") from None
            self._notes.append(str(problem))
            return
        # What was compiled for this look is there for the study; stacks of other sizes are not.
        once = max(taken) * math.ceil((programs - len(taken)) / processes)
        self._tried.append(_Candidate(processes, way, self._shapes, uses, once))
        if note := _pays("compiling", sum(taken) + once, "compile", self._tried[-1], stacked):
            self._notes.append(note)

    def _other_divisions(self, best: _Candidate) -> None:
        """Another layout with one thread, then other divisions of the cores: for trials that are trained alone.

        The shape that takes longest is measured, and the others are taken to follow it.
        """
        single = [
            (used.epoch * shape.epochs * len(shape.trials), place)
            for place, (shape, used) in enumerate(zip(self._shapes, best.uses, strict=True))
            if used.stack_size == 1
        ]
        if (
            not single
            or best.total() < _SHORT
            or 2 * sum(s for s, _ in single) < best.total() * best.processes
        ):
            return
        place = max(single)[1]

        def look(share: tuple[int, int], channels_last: bool) -> _Candidate | None:
            processes, threads = share
            way = replace(best.way, threads=threads, channels_last=channels_last)
            try:
                found = self._measure(self._shapes[place], 1, replace(way, compiled=False), processes)
            except NotUsable as problem:
                self._notes.append(f"{Plan(processes, way).describe()}: {problem}")
                return None
            before = best.uses[place]
            scaled = [
                replace(
                    used,
                    epoch=used.epoch * found.epoch / before.epoch,
                    step=used.step * found.epoch / before.epoch,
                    memory=int(used.memory * found.memory / max(1, before.memory)),
                )
                if used.stack_size == 1
                else used
                for used in best.uses
            ]
            self._tried.append(_Candidate(processes, way, self._shapes, scaled, best.once))
            return self._tried[-1]

        tried = [best, *(look(self._shares[0], layout) for layout in self._layouts[1:])]
        fastest = min((c for c in tried if c is not None), key=_Candidate.total)
        others = [look(share, fastest.way.channels_last) for share in self._shares[1:]]
        if any(c is not None and c.total() < fastest.total() for c in others):
            # Processes of one thread are the last to suffer from other work on the machine, and it may be such work
            # that made them look slow just now.
            again = look(self._shares[0], fastest.way.channels_last)
            if again is not None:
                self._tried.remove(max(again, fastest, key=_Candidate.total))


def _pays(what: str, cost: float, verb: str, ours: _Candidate, other: _Candidate) -> str:
    """From how many epochs on something pays that costs some seconds once."""
    saved = other.epoch() - ours.epoch()
    if saved <= 0:
        return f"{what} does not pay here"
    epochs = max(1, math.ceil(cost / saved))
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


def _model_name(settings: Settings) -> str:
    return json.dumps([settings.model.kind, settings.model.arguments], sort_keys=True)


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spoken(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
