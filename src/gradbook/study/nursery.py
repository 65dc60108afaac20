"""The process from which workers come: it imports PyTorch once, and each worker is a fork of it.

Run as ``python -m gradbook.study.nursery``. It reads orders from standard input, a line of JSON each, and writes
what happens to standard output in the same way. When standard input ends, it ends its workers and itself, so
that nothing is left behind by whatever way its owner went. Processes and never threads: threads share one random
state, and have been seen to change the winner of a study.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The variable of the environment that names the folder for compiled programs.
PROGRAMS = "GRADBOOK_PROGRAMS"

#: The variable that is set where models may be imported by name.
OWN_CODE = "GRADBOOK_OWN_CODE"

#: The exit status of a worker that stopped for a reason that it told.
STOPPED = 3


def main() -> None:
    """Serve orders until standard input ends."""
    # The channel is kept apart from standard output, onto which a model may print.
    channel = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who tells us
    import torch

    torch.set_num_threads(1)  # nothing here may start threads, which a fork would not have
    from gradbook.study import compiled, models, survey, worker

    models.own_code = OWN_CODE in os.environ
    del survey, worker  # imported so that workers need not
    programs = Path(os.environ[PROGRAMS])
    compiled.keep_in(programs)
    say(channel, {"event": "ready"})
    if hasattr(os, "fork"):
        _fork_for_orders(channel)
    else:
        _serve_orders(channel)
    shutil.rmtree(programs, ignore_errors=True)  # the owner does so too, if it is still there
    os._exit(0)  # taking PyTorch apart takes longer than small studies do


def _serve_orders(channel: int) -> None:
    for line in sys.stdin:
        status = serve(json.loads(line), channel)
        say(channel, {"event": "exited", "order": json.loads(line)["order"], "pid": 0, "status": status})


def _fork_for_orders(channel: int) -> None:
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, _wake)
    signal.signal(signal.SIGTERM, _leave)
    workers: dict[int, int] = {}
    waiting = b""
    try:
        while True:
            ready, _, _ = select.select([0, wake], [], [])
            if wake in ready:
                os.read(wake, 4096)
                _bury(workers, channel)
            if 0 not in ready:
                continue
            held = os.read(0, 65536)
            if not held:
                return
            *lines, waiting = (waiting + held).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    os.close(0)
                    os._exit(serve(order, channel))
                workers[pid] = order["order"]
                say(channel, {"event": "started", "order": order["order"], "pid": pid})
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGTERM)


def _wake(_number: int, _frame: object) -> None:
    """A signal interrupts the waiting, and that is all that it is for."""


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _bury(workers: dict[int, int], channel: int) -> None:
    for pid in list(workers):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            say(channel, {"event": "exited", "order": workers.pop(pid), "pid": pid, "status": code})


def serve(order: Mapping[str, Any], channel: int) -> int:
    """Do what an order asks, in this process; gives the exit status."""
    from gradbook.study.problem import StudyError
    from gradbook.study.worker import Stopped

    number = order["order"]
    try:
        match order["do"]:
            case "survey":
                say(channel, {"event": "answer", "order": number, "answer": _survey(order)})
            case _:
                _work(order)
    except (StudyError, Stopped) as problem:
        kind = "problem" if isinstance(problem, StudyError) else "stopped"
        say(channel, {"event": kind, "order": number, "message": str(problem)})
        return STOPPED
    except BaseException:  # noqa: BLE001 - the owner is told, whatever it is
        say(channel, {"event": "fault", "order": number, "message": traceback.format_exc()})
        return 1
    return 0


def _survey(order: Mapping[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict

    from gradbook.study import data, spec
    from gradbook.study.plan import Wishes
    from gradbook.study.survey import survey

    found = survey(
        [spec.settings(held) for held in order["settings"]],
        order["seeds"],
        data.opened(Path(order["data"])),
        Path(order["here"]),
        Wishes.of(order["wishes"]),
    )
    return asdict(found)


def _work(order: Mapping[str, Any]) -> None:
    from gradbook.study.plan import Way
    from gradbook.study.worker import Order, work

    work(Order(order["url"], order["folder"], order["study"], Way(**order["way"])))


def say(channel: int, event: Mapping[str, Any]) -> None:
    """Write one event; a line that fits a pipe's buffer arrives whole, a longer one is written by one writer."""
    line = json.dumps(event).encode() + b"\n"
    while line:
        line = line[os.write(channel, line) :]


if __name__ == "__main__":
    main()
