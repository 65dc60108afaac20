"""The catalogue: activations, losses and penalties, each by its formula alone.

>>> find("swish").title
'SiLU'
>>> find("sigmiod")  # doctest: +IGNORE_EXCEPTION_DETAIL
Traceback (most recent call last):
...
gradbook.derivation.catalogue.UnknownName: no function of the catalogue is called “sigmiod”; the nearest is “sigmoid”
"""

from __future__ import annotations

from functools import cache

from gradbook.derivation.catalogue.activations import ACTIVATIONS
from gradbook.derivation.catalogue.entry import Entry, Kind
from gradbook.derivation.catalogue.losses import LOSSES, PENALTIES

__all__ = ["ACTIVATIONS", "CATALOGUE", "LOSSES", "PENALTIES", "Entry", "Kind", "UnknownName", "find"]

CATALOGUE: tuple[Entry, ...] = (*ACTIVATIONS, *LOSSES, *PENALTIES)


class UnknownName(ValueError):
    """No entry has this name; the message suggests the nearest."""


@cache
def _names(kind: Kind | None) -> dict[str, Entry]:
    return {name: e for e in reversed(CATALOGUE) if kind in (None, e.kind) for name in e.names}


def find(name: str, kind: Kind | None = None) -> Entry:
    """The entry that has this name among its usual ones; case, spaces and underscores do not matter.

    Raises:
        UnknownName: there is none, or none of this kind.
    """
    asked = "-".join(name.lower().replace("_", " ").replace("-", " ").split())
    names = _names(kind)
    if asked in names:
        return names[asked]
    from difflib import get_close_matches

    what = f"{kind.value} of the catalogue" if kind else "function of the catalogue"
    other = _names(None).get(asked)
    if other is not None:
        raise UnknownName(
            f"“{name}” is no {kind.value if kind else ''} but the {other.kind.value} {other.title}"
        )
    near = get_close_matches(asked, names, 1, 0.5) or [next(n for n in names)]
    raise UnknownName(f"no {what} is called “{name}”; the nearest is “{near[0]}”")
