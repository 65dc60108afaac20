"""Training studies: what a choice in training does to a model, over several seeds.

The module is called to run a study::

    import gradbook

    results = gradbook.study("decay.toml")
    results = gradbook.study(name="decay", vary={"weight_decay": [5e-2, 5e-4, 5e-6]}, seeds=3)
    results.final("test_accuracy")  # an array of arms × seeds

Everything heavy is imported when it is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gradbook.study.problem import StudyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradbook.study.results import Results
    from gradbook.study.runner import Snapshot

__all__ = ["StudyError", "run"]


def run(
    file: Path | str | None = None,
    *,
    name: str | None = None,
    data: Any = None,
    model: Any = None,
    training: Mapping[str, Any] | None = None,
    vary: Mapping[str, Sequence[Any] | NDArray[Any]] | None = None,
    seeds: int | Sequence[int] | NDArray[Any] | None = None,
    base: Mapping[str, str] | None = None,
    folder: Path | str = "studies",
    database: str | None = None,
    plan: Mapping[str, Any] | None = None,
    watch: Callable[[Snapshot], None] | None = None,
) -> Results:
    """Run a study, from a TOML file or from the same tables as arguments, and give its results.

    A study that is done is not done again, and one that was interrupted goes on. What is given beside a file
    replaces what stands there.

    ``data`` may also be a ``torch.utils.data.Dataset``, a pair of arrays ``(x, y)``, or ``(train, test)`` of
    either; ``model`` may be a class that can be imported. ``folder`` holds checkpoints, prepared data and, if
    ``database`` names none, the database. ``plan`` overrides what is otherwise measured: ``processes``,
    ``threads``, ``channels_last``, ``stacked``, ``compiled``, ``device``. ``watch`` is called a few times a second.

    Raises StudyError, in one line, for whatever is wrong with the study or its data.
    """
    from gradbook.study import python, runner, spec
    from gradbook.study.plan import Wishes
    from gradbook.study.store import locate

    if os.environ.get("GRADBOOK_WORKER"):
        raise StudyError(
            "this script runs a study while a worker imports its model; run it under: if __name__ == '__main__':"
        )
    tables, place, here = ({}, spec.Place(), Path())
    if file is not None:
        tables, place = spec.load(file)
        here = Path(file).parent
    asked = {
        "name": name,
        "model": python.model_table(model),
        "training": training,
        "vary": vary,
        "seeds": seeds,
        "base": base,
    }
    tables = {**tables, **{key: python.plain(value) for key, value in asked.items() if value is not None}}
    tables.setdefault("name", "study")
    table, given = python.data_table(data)
    if table is not None:
        tables["data"] = table
    store = locate(database, Path(folder))
    try:
        return runner.Runner(store, wishes=Wishes.of(plan or {})).run(tables, place, here, given, watch)
    finally:
        store.close()


class _Callable(ModuleType):
    """A module that can be called: ``gradbook.study(...)`` is ``gradbook.study.run(...)``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Results:
        return run(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
