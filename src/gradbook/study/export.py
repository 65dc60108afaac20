"""A study for other people's tools: tables in CSV and Parquet, event files for TensorBoard."""

# pyarrow and tensorboardX have no type information: what is unknown about them is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradbook.study.files import written_whole
from gradbook.study.problem import StudyError
from gradbook.study.results import Results
from gradbook.study.schema import METRICS
from gradbook.study.settings import spoken


def to_file(results: Results, path: Path) -> int:
    """Write every epoch as a row of a ``.csv`` or ``.parquet`` file; gives the number of rows.

    The columns: study, arm, a column for each setting that varies, seed, state, epoch, then what was measured.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix.lower() not in (".csv", ".parquet"):
        raise StudyError(f"{path}: expected a name that ends in .csv or .parquet")
    table = pa.table(_columns(results))
    try:
        with written_whole(path) as file:
            if path.suffix.lower() == ".csv":
                pyarrow.csv.write_csv(table, file)
            else:
                pyarrow.parquet.write_table(table, file)
    except OSError as error:
        raise StudyError(f"{path}: cannot be written: {error.strerror or error}") from None
    return table.num_rows


def to_tensorboard(results: Results, folder: Path) -> int:
    """Write event files for TensorBoard, a run for each trial; gives how many."""
    from tensorboardX import SummaryWriter

    for (position, place), trial in sorted(results.trials.items()):
        arm, seed = results.arms[position], results.seeds[place]
        name = f"{results.name}/{arm.label.replace('/', '_')}/seed={seed}"
        run = folder / name
        for old in run.glob("events.out.tfevents.*"):
            old.unlink()  # written anew, not beside: TensorBoard would draw both
        with SummaryWriter(str(run)) as writer:
            for metric in METRICS:
                tag = metric.replace("_", "/", 1) if metric.endswith(("_loss", "_accuracy")) else metric
                for number in range(trial.done):
                    value = results.curves[metric][position, place, number]
                    if not np.isnan(value):
                        writer.add_scalar(tag, float(value), number + 1)
    return len(results.trials)


def _columns(results: Results) -> dict[str, Any]:
    rows: list[tuple[int, int, int]] = [
        (position, place, number)
        for (position, place), trial in sorted(results.trials.items())
        for number in range(trial.done)
    ]
    found: dict[str, Any] = {
        "study": [results.name] * len(rows),
        "arm": [results.arms[position].label for position, _, _ in rows],
    }
    for name in results.varied:
        values = [results.arms[position].values[name] for position, _, _ in rows]
        plain = all(isinstance(v, int | float) for v in values)
        found[name] = values if plain else [spoken(v) for v in values]
    found["seed"] = [results.seeds[place] for _, place, _ in rows]
    found["state"] = [results.trials[position, place].state.value for position, place, _ in rows]
    found["epoch"] = [number + 1 for _, _, number in rows]
    index = tuple(np.array(rows, dtype=int).reshape(-1, 3).T)
    for metric in METRICS:
        values = results.curves[metric][index]
        found[metric] = [None if np.isnan(v) else float(v) for v in values]
    return found
