"""What the benchmarks of studies share: one study for each of the peers, and whole-process times."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradbook.study import data, spec

HERE = Path(__file__).resolve().parent

#: Weight decays are taken from these in turn.
DECAYS = (5e-2, 5e-4, 5e-6)


def decays(count: int) -> list[float]:
    """So many different weight decays, between the report's largest and smallest."""
    return list(DECAYS) if count == 3 else [5e-2 * 0.1 ** (4 * i / max(1, count - 1)) for i in range(count)]


def timed(command: Sequence[str], **variables: str) -> tuple[float, int]:
    """Wall seconds of a whole process and all that it starts, and the largest memory of one of them, in bytes."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **variables}
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
        sys.exit(1)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def ours(tables: dict[str, Any], *options: str) -> tuple[float, int]:
    """``gradbook study`` on a new folder, plots left out: the peers draw none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.toml"
        file.write_text(toml(tables), encoding="utf-8")
        prepared = prepare(tables, Path(folder) / "studies")
        del prepared  # reading the data is not what is compared
        command = [sys.executable, "-m", "gradbook", "study", str(file), "--no-plots"]
        return timed([*command, "--folder", f"{folder}/studies", *options])


def plain(tables: dict[str, Any], script: str = "_plain_study.py", threads: int | None = None) -> float:
    """The plain script, or Ray's, on the same prepared data; with so many threads instead of PyTorch's default."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(tables, Path(folder))
        training = tables["training"]
        asked = {
            "data": str(prepared.path),
            "kind": tables["model"]["kind"],
            "hidden": tables["model"].get("hidden", []),
            "learning_rate": training["learning_rate"],
            "batch_size": training["batch_size"],
            "epochs": training["epochs"],
            "values": tables["vary"]["weight_decay"],
            "seeds": tables["seeds"],
        }
        variables = {"OMP_NUM_THREADS": str(threads)} if threads else {}
        return timed([sys.executable, str(HERE / script), json.dumps(asked)], **variables)[0]


def has_ray() -> bool:
    """Whether Ray Tune is installed; it is large, so nothing installs it by itself."""
    return importlib.util.find_spec("ray") is not None


def prepare(tables: dict[str, Any], folder: Path) -> data.Prepared:
    """The data of a study, prepared."""
    return data.prepare(spec.read(tables).settings.data, folder / "data", HERE)


def toml(tables: dict[str, Any]) -> str:
    """Tables as TOML, whose values here are those of JSON."""
    lines = [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def digits(values: int, seeds: int, epochs: int) -> dict[str, Any]:
    """A multilayer perceptron, 64-64-64-10, on the digits."""
    return {
        "name": "digits",
        "seeds": seeds,
        "data": {"source": "digits"},
        "model": {"kind": "mlp", "hidden": [64, 64]},
        "training": {"epochs": epochs, "batch_size": 32, "learning_rate": 0.05},
        "vary": {"weight_decay": decays(values)},
    }
