"""Studies written in Python: objects where a file has names."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from gradbook.study.formats import Source
from gradbook.study.problem import StudyError


def model_table(model: Any) -> Any:
    """The table for a model given as a class, a name or a table.

    >>> model_table("cnn")
    {'kind': 'cnn'}
    """
    if model is None or isinstance(model, Mapping):
        return model  # pyright: ignore[reportUnknownVariableType] - what is in it is checked when it is read
    if isinstance(model, str):
        return {"kind": model}
    if not callable(model) or not hasattr(model, "__qualname__"):
        raise StudyError(f"model: expected a name, a table or a class, found {type(model).__name__}")
    name = str(model.__qualname__)
    if "<" in name:
        raise StudyError(
            f"model: {name} cannot be imported by other processes; define it at the top of a module"
        )
    if model.__module__ == "__main__":
        try:
            file = inspect.getfile(model)
        except (OSError, TypeError):
            file = ""
        if not Path(file).is_file():  # a notebook, or standard input
            raise StudyError(f"model: {name} is in no file; write it into one, so that workers can import it")
        return {"kind": f"{file}:{name}"}
    return {"kind": f"{model.__module__}:{name}"}


def plain(value: Any) -> Any:
    """Numbers and arrays of NumPy and other sequences as a file would have them: numbers and lists.

    >>> import numpy as np
    >>> plain({"weight_decay": np.array([0.5, 0.25]), "seeds": range(2)})
    {'weight_decay': [0.5, 0.25], 'seeds': [0, 1]}
    """
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: plain(held) for name, held in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | range):
        return [plain(held) for held in cast("Sequence[Any]", value)]
    return value


def code_of(kind: str, here: Path) -> str:
    """A hash over the file that a model of one's own is in; nothing for a built-in.

    A model that was changed is another model, and trials of it are done anew. What its file imports is not seen.
    """
    name = kind.rpartition(":")[0]
    if not name:
        return ""
    if name.endswith(".py"):
        path: Path | None = here / name
    else:
        beside = here / f"{name.replace('.', '/')}.py"
        path = beside if beside.exists() else _file_of(name)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:32] if path is not None else ""
    except OSError:
        return ""


def _file_of(module: str) -> Path | None:
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(found.origin) if found is not None and found.origin is not None else None


def data_table(data: Any) -> tuple[dict[str, Any] | None, Source | None]:
    """The table for data given as a path, a table, a data set or arrays; and the samples, if they are at hand."""
    from gradbook.study.data import from_datasets

    if data is None:
        return None, None
    if isinstance(data, str):
        return {"source": data}, None
    if hasattr(data, "__fspath__"):
        return {"source": str(data)}, None
    if isinstance(data, Mapping):
        table: dict[str, Any] = dict(data)  # pyright: ignore[reportUnknownArgumentType]
        samples, test = table.pop("samples", None), table.pop("test_samples", None)
        if samples is None:
            return table, None
        return {**table, "source": "python"}, from_datasets(samples, test)
    if isinstance(data, tuple) and len(data) == 2 and not _are_arrays(data):  # pyright: ignore[reportUnknownArgumentType]
        return {"source": "python"}, from_datasets(*data)  # pyright: ignore[reportUnknownArgumentType]
    return {"source": "python"}, from_datasets(data)


def _are_arrays(pair: tuple[Any, ...]) -> bool:
    """Whether a pair is (samples, classes), rather than (train, test)."""
    return all(hasattr(part, "shape") for part in pair)
