"""What a block of a lab book has become: HTML, the verdicts in it, and what it was made from.

Parts are kept between builds, so they turn into JSON and back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from gradbook.document.report import Line, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """A block on the page. ``made`` says what it was made from; ``problems`` what is wrong with the block itself."""

    html: str
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    made: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The part in terms of JSON."""
        return {
            "html": self.html,
            "counts": dict(self.counts),
            "made": dict(self.made),
            "problems": list(self.problems),
        }

    @staticmethod
    def from_json(held: Mapping[str, Any]) -> Part:
        """The part that :meth:`to_json` gave.

        >>> Part.from_json(Part("<p>", {"PROVED": 1}).to_json()).counts
        {'PROVED': 1}
        """
        return Part(held["html"], dict(held["counts"]), dict(held["made"]), tuple(held["problems"]))


def counted(lines: Iterable[Line]) -> dict[str, int]:
    """How many lines have each verdict, in the order of the verdicts."""
    counts = Counter(line.verdict for line in lines)
    return {verdict.value: counts[verdict] for verdict in Verdict if counts[verdict]}


def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The counts of several parts together.

    >>> summed([{"PROVED": 1}, {"REFUTED": 1, "PROVED": 2}])
    {'PROVED': 3, 'REFUTED': 1}
    """
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    return {verdict.value: total[verdict.value] for verdict in Verdict if total[verdict.value]}


def joined(parts: Sequence[Part], made: Mapping[str, Any] | None = None) -> Part:
    """Several parts as one, one below the other."""
    return Part(
        "".join(part.html for part in parts),
        summed(part.counts for part in parts),
        made or {},
        tuple(problem for part in parts for problem in part.problems),
    )


def failed(kind: str, line: int, message: str) -> Part:
    """What stands where a block could not be made: why, and in which line of the document."""
    told = f"{kind}, line {line}: {message}"
    html = (
        f'<aside class="note failed" id="e-{line}" data-wrong tabindex="-1" '
        f'aria-label="{escape(kind)} block not built">'
        f'<p class="note-head"><svg class="icon" aria-hidden="true"><use href="#i-failed"/></svg>'
        f'<strong>NOT BUILT</strong> <span class="where">{escape(kind)} block, line {line}</span></p>'
        f'<p class="note-message">{escape(message)}</p></aside>\n'
    )
    return Part(html, problems=(told,))
