"""Documents to start from: each is a lab book that builds as it stands."""

from __future__ import annotations

from enum import Enum
from importlib.resources import files


class Kind(Enum):
    """What somebody is about to write."""

    ASSIGNMENT = "assignment"
    STUDY = "study"
    WORKSHEET = "worksheet"
    DERIVATION = "derivation"


def start(kind: Kind) -> str:
    """The text of a document to start from.

    >>> start(Kind.DERIVATION).splitlines()[4]
    'Write the function whose gradient you need:'
    """
    return (files("gradbook.book") / "templates" / f"{kind.value}.md").read_text(encoding="utf-8")
