"""What a study is: the data, the model, the training, what varies, and the seeds.

A study is a small TOML file, or the same as dictionaries in Python. Reading it needs no PyTorch, and whatever
is wrong with it is told in one line that names the place.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from gradbook.study.problem import StudyError
from gradbook.study.reading import Reader
from gradbook.study.settings import (
    BUILT_IN,
    Data,
    Model,
    Settings,
    Training,
    as_json,
    names_of,
    readers_of,
    spoken,
)

SettingsT = TypeVar("SettingsT", Data, Training)

#: Seeds of a study that names none: enough for a test that needs no normal distribution to reject.
DEFAULT_SEEDS = 6

#: A study with fewer seeds than this can say little; it is run, and called underpowered.
ENOUGH_SEEDS = 6

#: What lies beside the plots of studies, which are in folders of their names.
_TAKEN = ("data", "checkpoints", "studies.db", "studies.db-wal", "studies.db-shm")

#: A study with more trials than this is a slip of the pen.
MOST_TRIALS = 100_000


@dataclass(frozen=True, slots=True)
class Arm:
    """One combination of the varied values: its place in the study, and the settings that result."""

    position: int
    values: Mapping[str, Any]
    settings: Settings

    @property
    def label(self) -> str:
        """The varied values, to be read by people.

        >>> Arm(0, {"weight_decay": 5e-6, "model.hidden": [64, 64]}, Settings()).label
        'weight_decay=5e-06, model.hidden=[64, 64]'
        """
        return ", ".join(f"{name}={spoken(value)}" for name, value in self.values.items()) or "base"


@dataclass(frozen=True, slots=True)
class Base:
    """The earlier study that this one goes on from, and which of its trials."""

    study: str
    trial: str = "best"


@dataclass(frozen=True, slots=True)
class Study:
    """A training experiment: everything is held equal but what ``vary`` lists, and each is run for each seed.

    >>> study = read({"name": "decay", "vary": {"weight_decay": [0.05, 0.0005]}, "seeds": 3})
    >>> [arm.label for arm in study.arms()], study.seeds
    (['weight_decay=0.05', 'weight_decay=0.0005'], (0, 1, 2))
    """

    name: str
    settings: Settings = field(default_factory=Settings)
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    seeds: tuple[int, ...] = tuple(range(DEFAULT_SEEDS))
    base: Base | None = None

    def arms(self) -> tuple[Arm, ...]:
        """Every combination of the varied values, in the order written, the last one varying fastest."""
        names = list(self.vary)
        return tuple(
            Arm(position, dict(zip(names, values, strict=True)), _changed(self.settings, names, values))
            for position, values in enumerate(itertools.product(*self.vary.values()))
        )

    def held(self) -> dict[str, Any]:
        """What is the same in every trial, by name: the record of what was held equal."""
        flats = [arm.settings.flat() for arm in self.arms()]
        first = flats[0]
        return {name: first[name] for name in first if all(f.get(name) == first[name] for f in flats)}

    @property
    def underpowered(self) -> bool:
        """Whether there are too few seeds for most tests to tell a real difference."""
        return len(self.seeds) < ENOUGH_SEEDS

    def to_json(self) -> dict[str, Any]:
        """The study as it is recorded; ``read`` takes it back."""
        base = {"base": {"study": self.base.study, "trial": self.base.trial}} if self.base else {}
        return {
            "name": self.name,
            "seeds": list(self.seeds),
            **base,
            **self.settings.to_json(),
            "vary": {name: as_json(values) for name, values in self.vary.items()},
        }


def load(path: Path | str) -> tuple[dict[str, Any], Place]:
    """The tables of a study file, and the place to name in errors; ``read`` makes a study of both."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        raise StudyError(
            f"{path}: expected a study file, found nothing of this name; look at its spelling"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: this is not TOML: {error}; see docs/study.md for an example") from None
    tables.setdefault("name", path.stem)
    return tables, Place(str(path), text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study is written, so that an error can point at the line."""

    name: str = "study"
    text: str = ""

    def problem(self, table: str, key: str, message: str) -> StudyError:
        """The error about one setting."""
        line = self._line(table, key)
        where = f"{self.name}:{line}" if line else self.name
        setting = " ".join(part for part in (f"[{table}]" if table else "", key) if part)
        return StudyError(f"{where}: {setting}: {message}")

    def _line(self, table: str, key: str) -> int | None:
        inside, found = "", None
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := re.match(r"\s*\[\s*([\w.\"-]+)\s*\]", line):
                inside = header[1]
                found = number if inside == table and found is None else found
            elif inside == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line):
                return number
            elif not inside and table and re.match(rf"\s*{re.escape(table)}\s*=", line):
                found = number
        return found


def read(tables: Mapping[str, Any], place: Place | None = None, base: Settings | None = None) -> Study:
    """The study that tables describe; what they leave out is as in ``base``.

    Raises StudyError, in one line, for whatever is wrong.
    """
    place = place or Place()
    known = ("name", "seeds", "base", "data", "model", "training", "vary")
    for key in tables:
        if key not in known:
            hint = _near(key, [*known, *names_of(Training), *names_of(Data)])
            raise place.problem("", key, f"expected one of {', '.join(known)}{hint}")
    name = tables.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[\w][\w.+-]{0,99}", name):
        raise place.problem("", "name", f"expected letters, digits, - or _, found {name!r}")
    if name.lower() in _TAKEN:
        raise place.problem("", "name", f"{name!r} is what Gradbook keeps beside studies; choose another")
    base = base or Settings()
    settings = Settings(
        data=_table(base.data, tables, "data", place),
        model=_model(base.model, tables.get("model", {}), place, "model"),
        training=_table(base.training, tables, "training", place),
    )
    study = Study(
        name, settings, _vary(settings, tables, place), _seeds(tables, place), base_of(tables, place)
    )
    if (total := _count(study)) > MOST_TRIALS:
        raise place.problem("vary", "", f"expected at most {MOST_TRIALS} trials, found {total}; vary less")
    for arm in study.arms():
        _agree(arm, place)
    keys = [json.dumps(arm.settings.flat(), sort_keys=True) for arm in study.arms()]
    if len(set(keys)) < len(keys):
        raise place.problem("vary", "", "two combinations are the same configuration; list each value once")
    labels = [arm.label for arm in study.arms()]
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise place.problem(
            "vary", "", f"two combinations are both written {twice}; take values further apart"
        )
    return study


def settings(tables: Mapping[str, Any]) -> Settings:
    """The settings that ``Settings.to_json`` gave.

    >>> settings(Settings().to_json()) == Settings()
    True
    """
    return read({"name": "settings", **tables}).settings


def base_of(tables: Mapping[str, Any], place: Place | None = None) -> Base | None:
    """The ``[base]`` of a study, if it has one."""
    place = place or Place()
    found = tables.get("base")
    if found is None:
        return None
    if not isinstance(found, Mapping) or not isinstance(found.get("study"), str):  # pyright: ignore[reportUnknownMemberType]
        raise place.problem("base", "study", "expected the name of an earlier study, or of its file")
    table = cast("Mapping[str, Any]", found)
    for key in table:
        if key not in ("study", "trial"):
            raise place.problem("base", key, "expected only study and trial")
    trial = table.get("trial", "best")
    if not isinstance(trial, str):
        raise place.problem("base", "trial", f'expected "best" or the label of a trial, found {trial!r}')
    return Base(table["study"], trial)


# --- reading the tables --------------------------------------------------------------------------


def _table(base: SettingsT, tables: Mapping[str, Any], name: str, place: Place) -> SettingsT:
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise place.problem(name, "", f"expected a table [{name}], found {table!r}")
    readers, found = readers_of(base.__class__), dict[str, Any]()
    for key, value in cast("Mapping[str, Any]", table).items():
        if key not in readers:
            raise place.problem(name, key, f"no such setting{_near(key, list(readers))}")
        found[key] = _read(readers[key], value, place, name, key)
    return replace(base, **found)


def _model(base: Model, table: Any, place: Place, where: str) -> Model:
    if isinstance(table, str):
        table = {"kind": table}
    if not isinstance(table, Mapping):
        raise place.problem(where, "", f"expected a kind of model or a table, found {table!r}")
    entries = dict(cast("Mapping[str, Any]", table))
    kind = entries.pop("kind", base.kind)
    if not isinstance(kind, str) or (kind not in BUILT_IN and not re.fullmatch(r"[^:]+:[\w.]+", kind)):
        raise place.problem(
            where, "kind", f"expected {', '.join(BUILT_IN)} or package.module:Class, found {kind!r}"
        )
    # Another kind of model starts from its own defaults: the old one's arguments mean nothing to it.
    arguments = dict(base.arguments) if kind == base.kind else {}
    for key, value in entries.items():
        arguments[key] = _argument(kind, key, value, place, where)
    return Model(kind, arguments)


def _argument(kind: str, key: str, value: Any, place: Place, where: str) -> Any:
    if kind not in BUILT_IN:
        return as_json(value)
    if key not in BUILT_IN[kind]:
        raise place.problem(where, key, f"{kind} has no such argument{_near(key, list(BUILT_IN[kind]))}")
    return _read(BUILT_IN[kind][key], value, place, where, key)


def _seeds(tables: Mapping[str, Any], place: Place) -> tuple[int, ...]:
    seeds = tables.get("seeds", DEFAULT_SEEDS)
    match seeds:
        case bool():
            pass
        case int() if 1 <= seeds <= MOST_TRIALS:
            return tuple(range(seeds))
        case list() | tuple():
            listed = tuple(cast("list[Any]", seeds))
            whole = all(type(s) is int and 0 <= s < 2**31 for s in listed)
            if listed and whole and len(set(listed)) == len(listed):
                return listed
        case _:
            pass
    raise place.problem("", "seeds", f"expected how many, or a list of different numbers, found {seeds!r}")


def _vary(settings: Settings, tables: Mapping[str, Any], place: Place) -> dict[str, tuple[Any, ...]]:
    table = tables.get("vary", {})
    if not isinstance(table, Mapping):
        raise place.problem("vary", "", f"expected a table of lists, found {table!r}")
    entries = cast("Mapping[str, Any]", table)
    varied: dict[str, tuple[Any, ...]] = {}
    for written, values in _unnested(entries):
        key = written.split(".")[0]
        if not isinstance(values, list | tuple) or not values:
            raise place.problem("vary", key, f"expected a list of values, found {values!r}")
        listed = list(cast("list[Any]", values))
        name = _resolved(settings, written, place)
        if name in varied:
            raise place.problem("vary", key, f"{name} is listed twice; put all its values into one list")
        read_values = tuple(_varied_value(settings, name, value, place, key) for value in listed)
        varied[name] = read_values
    # A varied model replaces arguments that vary too, so it is applied first.
    return dict(sorted(varied.items(), key=lambda item: item[0] != "model")) if "model" in varied else varied


def _unnested(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            nested = cast("Mapping[str, Any]", value)
            yield from ((f"{key}.{inner}", values) for inner, values in nested.items())
        else:
            yield key, value


def _resolved(settings: Settings, name: str, place: Place) -> str:
    """The full name of what varies: ``dropout`` is ``model.dropout`` where the model has it."""
    bare = name.removeprefix("training.").removeprefix("data.")
    if bare in names_of(Training) or bare in ("augment", "model"):
        return bare
    if name.startswith("data.") or name in names_of(Data):
        raise place.problem("vary", name, "data are the same in all trials; make a study for each")
    argument = name.removeprefix("model.")
    known = BUILT_IN.get(settings.model.kind)
    if name.startswith("model.") or (known is not None and argument in known):
        return f"model.{argument}"
    hint = _near(name, [*names_of(Training), "augment", "model", *(known or ())])
    raise place.problem("vary", name, f"nothing of this name can vary{hint}")


def _varied_value(settings: Settings, name: str, value: Any, place: Place, key: str) -> Any:
    if name == "model":
        model = _model(settings.model, value, place, "vary")
        return {"kind": model.kind, **model.arguments}
    if name == "augment":
        return _read(readers_of(Data)["augment"], value, place, "vary", key)
    if name.startswith("model."):
        return _argument(settings.model.kind, name.removeprefix("model."), value, place, "vary")
    return _read(readers_of(Training)[name], value, place, "vary", key)


def _changed(settings: Settings, names: list[str], values: tuple[Any, ...]) -> Settings:
    data, model, training = settings.data, settings.model, settings.training
    for name, value in zip(names, values, strict=True):
        if name == "model":
            model = Model(value["kind"], {k: v for k, v in value.items() if k != "kind"})
        elif name == "augment":
            data = replace(data, augment=value)
        elif name.startswith("model."):
            model = Model(model.kind, {**model.arguments, name.removeprefix("model."): value})
        else:
            training = replace(training, **{name: value})
    return Settings(data, model, training)


def _agree(arm: Arm, place: Place) -> None:
    """Settings that are right one by one but not together."""
    training = arm.settings.training
    at = f" (in the trial {arm.label})" if arm.values else ""
    if training.optimizer == "adamw" and training.decay == "coupled":
        raise place.problem("training", "decay", f'adamw is adam with decoupled decay; say "adam"{at}')
    if training.nesterov and (training.optimizer != "sgd" or training.momentum == 0):
        raise place.problem("training", "nesterov", f"needs sgd with momentum above 0{at}")
    model = arm.settings.model
    if model.kind in BUILT_IN:
        for name in model.arguments:
            if name not in BUILT_IN[model.kind]:
                raise place.problem("vary", name, f"{model.kind} has no such argument{at}")


def _count(study: Study) -> int:
    total = len(study.seeds)
    for values in study.vary.values():
        total *= len(values)
    return total


def _read(reader: Reader, value: Any, place: Place, table: str, key: str) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise place.problem(table, key, f"expected {error}, found {value!r}") from None


def _near(word: str, known: list[str]) -> str:
    import difflib  # only errors need it

    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""
