"""One reader for each kind of setting: it takes what a file says, or tells what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

#: Gives the value as the program uses it, or raises ValueError with what was expected.
Reader = Callable[[Any], Any]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky_relu")

#: The schedules of the learning rate, each with its further settings and their defaults.
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "constant": {},
    "step": {"every": 10, "factor": 0.1},
    "cosine": {"final": 0.0},
    "one-cycle": {"rise": 0.3, "start": 25.0, "end": 1e4},
}


def text(value: Any) -> str:
    """Some text."""
    if not isinstance(value, str) or not value:
        raise ValueError("some text")
    return value


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole(least: int) -> Reader:
    """A whole number from ``least``.

    >>> whole(1)(64)
    64
    """

    def read(value: Any) -> int:
        if type(value) is not int or not least <= value < 2**31:
            raise ValueError(f"a whole number from {least}")
        return value

    return read


def number(*, least: float = -math.inf, above: float = -math.inf, below: float = math.inf) -> Reader:
    """A finite number within bounds.

    >>> number(least=0, below=1)(0)
    0.0
    """
    lower = f"from {least:g}" if least > -math.inf else f"above {above:g}"
    bounds = lower + (f" and below {below:g}" if below < math.inf else "")

    def read(value: Any) -> float:
        numeric = type(value) in (int, float)
        if (
            not numeric
            or not math.isfinite(value)
            or not (value >= least and value > above and value < below)
        ):
            raise ValueError(f"a number {bounds}")
        return float(value)

    return read


#: A part of a whole, from 0 up to but not including 1.
share = number(least=0, below=1)


def one_of(words: Sequence[str]) -> Reader:
    """One of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(" or ".join(f'"{word}"' for word in words))
        return value

    return read


def names(words: Sequence[str]) -> Reader:
    """A list of some of the words, each at most once."""

    def read(value: Any) -> tuple[str, ...]:
        items = _items(value)
        if items is None or any(item not in words for item in items) or len(set(items)) < len(items):
            raise ValueError(f"a list out of {', '.join(words)}")
        return tuple(word for word in words if word in items)

    return read


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    items = _items(value)
    if items is None or not all(isinstance(item, str) for item in items):
        raise ValueError("a list of texts")
    return tuple(items)


def wholes(value: Any) -> list[int]:
    """A list of whole numbers from 1."""
    items = _items(value)
    if items is None or not all(type(item) is int and item >= 1 for item in items):
        raise ValueError("a list of whole numbers from 1")
    return items


def wholes_and(word: str) -> Reader:
    """A list of whole numbers from 1, with a word among them.

    >>> wholes_and("pool")([32, "pool"])
    [32, 'pool']
    """

    def read(value: Any) -> list[Any]:
        items = _items(value)
        if not items or not all(item == word or (type(item) is int and item >= 1) for item in items):
            raise ValueError(f'a list of whole numbers and "{word}"')
        return items

    return read


def pair_of_shares(value: Any) -> tuple[float, ...]:
    """Two numbers from 0 to below 1."""
    items = _items(value)
    if items is None or len(items) != 2:
        raise ValueError("two numbers from 0 and below 1")
    return tuple(share(item) for item in items)


def schedule(value: Any) -> dict[str, Any]:
    """The name of a schedule, or a table with its settings.

    >>> schedule("cosine")
    {'kind': 'cosine', 'final': 0.0}
    """
    table = cast("dict[str, Any]", value) if isinstance(value, dict) else {"kind": value}
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in SCHEDULES:
        raise ValueError(
            " or ".join(f'"{word}"' for word in SCHEDULES) + ", or a table with that as its kind"
        )
    readers: dict[str, Reader] = {
        "every": either(whole(1), wholes),
        "factor": number(above=0),
        "final": share,
        "rise": number(above=0, below=1),
        "start": number(above=0),
        "end": number(above=0),
    }
    for key in table:
        if key != "kind" and key not in SCHEDULES[kind]:
            raise ValueError(f"for {kind} only {', '.join(SCHEDULES[kind]) or 'its name'}")
    return {
        "kind": kind,
        **{key: readers[key](table.get(key, default)) for key, default in SCHEDULES[kind].items()},
    }


def either(first: Reader, second: Reader) -> Reader:
    """What one of two readers takes."""

    def read(value: Any) -> Any:
        try:
            return first(value)
        except ValueError as one:
            try:
                return second(value)
            except ValueError as other:
                raise ValueError(f"{one} or {other}") from None

    return read


def _items(value: Any) -> list[Any] | None:
    return list(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else None
