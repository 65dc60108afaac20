"""Which trials can be trained together: those that differ in numbers only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from itertools import islice

from gradbook.study.settings import Settings

#: What may differ between trials of one stack: these are numbers in its program, not the program's shape.
FREE = ("learning_rate", "weight_decay", "momentum", "l1_penalty", "l2_penalty", "label_smoothing")


def shape_of(settings: Settings) -> str:
    """What two trials must share to be stacked."""
    flat = {name: value for name, value in settings.flat().items() if name not in FREE}
    return json.dumps(flat, sort_keys=True)


def sizes(trials: int, size: int, processes: int) -> list[int]:
    """The sizes, at most ``size``, of the stacks that trials of one shape are divided into: all processes are busy.

    >>> sizes(9, size=64, processes=2), sizes(9, size=4, processes=2), sizes(1, size=64, processes=2)
    ([4, 5], [3, 3, 3], [1])
    """
    count = max(math.ceil(trials / size), min(processes, trials // 2), 1)
    return [(part + 1) * trials // count - part * trials // count for part in range(count)]


def stacks(
    trials: Sequence[tuple[str, int, Settings]], size: int, processes: int, apart: Collection[str] = ()
) -> dict[tuple[str, int], tuple[str, int]]:
    """For each trial, as (configuration, seed), the stack that it is trained in and its place there.

    Trials of one shape are divided into stacks of almost one size; those of the shapes in ``apart`` have none.

    >>> found = stacks([("a", 0, Settings()), ("b", 0, Settings()), ("a", 1, Settings())], size=8, processes=1)
    >>> [place for _, place in found.values()], len({name for name, _ in found.values()})
    ([0, 1, 2], 1)
    """
    groups: dict[str, list[tuple[str, int]]] = {}
    for configuration, seed, settings in trials:
        if (shape := shape_of(settings)) not in apart:
            groups.setdefault(shape, []).append((configuration, seed))
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for members in groups.values():
        left = iter(members)
        for count in sizes(len(members), size, processes):
            chosen = list(islice(left, count))
            if len(chosen) > 1:
                name = hashlib.sha256(repr(chosen).encode()).hexdigest()[:32]
                found |= {key: (name, place) for place, key in enumerate(chosen)}
    return found
