"""Work shared out among processes that may die without taking the rest of it along."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def each(
    items: Mapping[int, Item], work: Callable[[Item], Outcome], died: Callable[[Item], Outcome], *, jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """Do ``work`` on each item, ``jobs`` at a time; keys and outcomes in the order in which they are done.

    ``died`` gives the outcome of an item whose process died on it. One item, or one at a time, needs no other
    process, and has no protection either.

    A process that dies does not tell which of the items then in work killed it. So no more than ``jobs`` are
    ever in work, and those are tried again, each in a process of its own: only the guilty one is lost.

    >>> list(each({0: -1, 1: 2}, abs, lambda item: 0, jobs=1))
    [(0, 1), (1, 2)]
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        for key, item in items.items():
            yield key, work(item)
        return
    waiting = deque(items)
    while waiting:
        in_work: dict[int, Future[Outcome]] = {}
        with _processes(min(jobs, len(waiting))) as pool:
            try:
                while waiting or in_work:
                    while waiting and len(in_work) < jobs:
                        in_work[waiting[0]] = pool.submit(work, items[waiting[0]])
                        waiting.popleft()
                    wait(in_work.values(), return_when=FIRST_COMPLETED)
                    for key in [key for key, future in in_work.items() if future.done()]:
                        outcome = in_work[key].result()
                        del in_work[key]
                        yield key, outcome
            except BrokenProcessPool:
                pass
        for key in in_work:
            yield key, _alone(items[key], work, died)


def _alone(item: Item, work: Callable[[Item], Outcome], died: Callable[[Item], Outcome]) -> Outcome:
    with _processes(1) as pool:
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return died(item)


def _processes(count: int) -> ProcessPoolExecutor:
    # spawn is the way that every platform has and that is safe beside the threads of a progress bar.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_end_quietly)


def _end_quietly() -> None:
    """Let Ctrl-C end a process at once and without a traceback of its own."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
