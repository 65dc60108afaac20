"""What the benchmarks share: cold processes, medians, and where the material of the project is."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """A file of ``../shared``; where it is missing the benchmark ends here, and says so."""
    found = SHARED / path
    if not found.exists():
        print(f"skipped: ../shared/{path} is not here")
        sys.exit(0)
    return found


def cold(*commands: Sequence[str], runs: int = 7) -> list[float]:
    """The median wall seconds of each command from a new process.

    The commands take turns, so that a slow moment of the machine falls on all of them. Each runs once before:
    that reads the disk and writes byte code, as installing does, to a folder of its own.
    """
    taken: list[list[float]] = [[] for _ in commands]
    with tempfile.TemporaryDirectory() as compiled:
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for turn in range(runs + 1):
            for place, command in enumerate(commands):
                began = time.perf_counter()
                subprocess.run(
                    command,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    check=False,
                )
                if turn:
                    taken[place].append(time.perf_counter() - began)
    return [statistics.median(seconds) for seconds in taken]


def spoken(seconds: float) -> str:
    """Seconds in a unit that suits them.

    >>> spoken(0.00125), spoken(12.5)
    ('1.25 ms', '12.5 s')
    """
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def row(name: str, *cells: str) -> None:
    """One line of a table."""
    print(f"{name:<36}" + "".join(f"{cell:>14}" for cell in cells))
