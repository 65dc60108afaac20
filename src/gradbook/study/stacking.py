"""Which trials can be trained together: those that differ in numbers only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

from gradbook.study.settings import Settings

#: What may differ between trials of one stack: these are numbers in its program, not the program's shape.
FREE = ("learning_rate", "weight_decay", "momentum", "l1_penalty", "l2_penalty", "label_smoothing")


def shape_of(settings: Settings) -> str:
    """What two trials must share to be stacked."""
    flat = {name: value for name, value in settings.flat().items() if name not in FREE}
    return json.dumps(flat, sort_keys=True)


def stacks(
    trials: Sequence[tuple[str, int, Settings]], size: int, processes: int
) -> dict[tuple[str, int], tuple[str, int]]:
    """For each trial, as (configuration, seed), the stack that it is trained in and its place there.

    Trials of one shape are divided into stacks of almost one size, at most ``size`` and enough of them to keep
    all processes busy.

    >>> found = stacks([("a", 0, Settings()), ("b", 0, Settings()), ("a", 1, Settings())], size=8, processes=1)
    >>> [place for _, place in found.values()], len({name for name, _ in found.values()})
    ([0, 1, 2], 1)
    """
    groups: dict[str, list[tuple[str, int]]] = {}
    for configuration, seed, settings in trials:
        groups.setdefault(shape_of(settings), []).append((configuration, seed))
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for members in groups.values():
        parts = max(math.ceil(len(members) / size), min(processes, len(members) // 2), 1)
        for part in range(parts):
            chosen = members[part * len(members) // parts : (part + 1) * len(members) // parts]
            if len(chosen) > 1:
                name = hashlib.sha256(repr(chosen).encode()).hexdigest()[:32]
                found |= {key: (name, place) for place, key in enumerate(chosen)}
    return found
