"""Trying a way of computing for a moment: how long it takes, how much memory, and whether it gives the same."""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gradbook.study import compiled, training
from gradbook.study.plan import Way
from gradbook.study.samples import Dataset
from gradbook.study.settings import Settings
from gradbook.study.stacked import Stack
from gradbook.study.training import Run

#: How far apart two ways may be after a step or a few, in parts of what the steps changed, by precision. What is not
#: rounding, such as other random numbers, is about 1.
ROUNDING = {"fp32": 0.05, "bf16": 0.25}

Trials = Sequence[tuple[Settings, int]]


class NotUsable(RuntimeError):
    """A way of computing that does not work here, or does not give what the plain way gives."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one job, a trial or a stack of them, takes: seconds for an epoch, a step and to start, bytes of memory.

    The seconds are those of a job while others run beside it, the memory that of all processes, or of the GPU.
    """

    stack_size: int
    epoch: float
    step: float
    start: float
    memory: int


def measure(trials: Trials, data: Dataset, way: Way, processes: int, seconds: float, here: Path) -> Measured:
    """Try a way with one trial, or several as a stack, in so many processes at once, for about so many seconds.

    Raises NotUsable.
    """

    def one() -> dict[str, Any]:
        training.prepare_process(way)
        told: dict[str, Any] = {"difference": difference(trials, data, way, here)}
        began = time.perf_counter()
        stacked = len(trials) > 1
        run = Stack(trials, data, way, here) if stacked else Run(*trials[0], data, way, here)
        run.few_steps(1)
        told["start"] = time.perf_counter() - began
        step, sample = run.sample(seconds)
        count = sum(len(split.y) for split in data.splits.values())
        return {**told, "step": step, "epoch": run.steps * step + count * sample, "memory": _peak_memory()}

    answers = at_once(one, processes) if way.device == "cpu" else _on_gpu(one)
    if not answers:
        raise NotUsable("it did not work here")
    if max(a["difference"] for a in answers) > ROUNDING[trials[0][0].training.precision]:
        raise NotUsable("the results are not those of the plain way within rounding")
    epoch, step, start = (max(a[key] for a in answers) for key in ("epoch", "step", "start"))
    return Measured(len(trials), epoch, step, start, int(sum(a["memory"] for a in answers)))


def compile_step(trials: Trials, data: Dataset, way: Way, here: Path) -> float:
    """Compile the step of a stack, for later use; gives the seconds that it took. Raises NotUsable."""

    def one() -> dict[str, Any]:
        training.prepare_process(way)
        began = time.perf_counter()
        try:
            Stack(trials, data, way, here)
        except compiled.CompileError as error:
            return {"failed": str(error)}
        return {"seconds": time.perf_counter() - began}

    answers = at_once(one, 1)
    if not answers or "failed" in answers[0]:
        raise NotUsable(answers[0]["failed"] if answers else "a step could not be compiled: the process died")
    return float(answers[0]["seconds"])


def difference(trials: Trials, data: Dataset, way: Way, here: Path) -> float:
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


def _on_gpu(work: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """The result of a piece of work here, since a fork cannot use the GPU of this process. Raises NotUsable."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        answer = work()
    except Exception as error:  # noqa: BLE001 - a way that does not work is not taken
        lines = str(error).strip().splitlines()
        raise NotUsable(lines[0] if lines else type(error).__name__) from None
    return [{**answer, "memory": torch.cuda.max_memory_reserved()}]


def _peak_memory() -> int:
    if os.name != "posix":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
