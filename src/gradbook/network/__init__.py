"""Small networks worked by hand: forward, backward, update, with every number exact until it is printed.

>>> from gradbook.network import load, work
>>> sheet = work(load("examples/networks/report.toml"))
>>> float(sheet["L"])
0.581762...
>>> sheet.to("markdown").partition("\\n")[0]
'# A 3-2-1 network with sigmoid units'

Nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradbook.network.drawing import Difficulty, Wish, drawn
    from gradbook.network.lines import Detail, Line, LineKind, Section
    from gradbook.network.network import Network, NetworkError
    from gradbook.network.reading import load, parse
    from gradbook.network.worksheet import Part, Worksheet, work
    from gradbook.network.writing import to_toml

__all__ = [
    "Detail",
    "Difficulty",
    "Line",
    "LineKind",
    "Network",
    "NetworkError",
    "Part",
    "Section",
    "Wish",
    "Worksheet",
    "drawn",
    "load",
    "parse",
    "to_toml",
    "work",
]

_HOMES = {
    "Detail": "lines", "Line": "lines", "LineKind": "lines", "Section": "lines",
    "Difficulty": "drawing", "Wish": "drawing", "drawn": "drawing",
    "Network": "network", "NetworkError": "network",
    "Part": "worksheet", "Worksheet": "worksheet", "work": "worksheet",
    "load": "reading", "parse": "reading", "to_toml": "writing",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gradbook.network' has no attribute {name!r}")
    return getattr(import_module(f"gradbook.network.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
