"""Rectangles of characters that mathematics is put together from on a terminal.

A block has a baseline: the line by which it is set beside others, as a fraction is by its bar.

>>> half = over(text("1"), text("2"), "-", 1)
>>> print(beside(text("x"), text(" + "), half))
    1
x + -
    2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len


@lru_cache(maxsize=4096)
def width_of(line: str) -> int:
    """How many columns of a terminal a line takes: an accent takes none.

    >>> width_of("y\u0302"), width_of("⎛x⎞")
    (1, 3)
    """
    return cell_len(line)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one width, and which of them is the baseline (from 0)."""

    lines: tuple[str, ...]
    baseline: int = 0
    #: Whether it was broken over lines that do not belong beside each other.
    broken: bool = False

    @property
    def width(self) -> int:
        """Columns."""
        return width_of(self.lines[0]) if self.lines else 0

    @property
    def height(self) -> int:
        """Lines."""
        return len(self.lines)

    @property
    def below(self) -> int:
        """Lines under the baseline."""
        return len(self.lines) - self.baseline - 1

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


def text(line: str) -> Block:
    """One line."""
    return Block((line,))


def block(lines: Sequence[str], baseline: int, *, broken: bool = False) -> Block:
    """Lines filled up to one width, flush left."""
    width = max(map(width_of, lines), default=0)
    return Block(tuple(line + " " * (width - width_of(line)) for line in lines), baseline, broken)


def beside(*parts: Block) -> Block:
    """Blocks beside each other, baseline by baseline."""
    if len(parts) == 1:
        return parts[0]
    above = max((part.baseline for part in parts), default=0)
    below = max((part.below for part in parts), default=0)
    lines = [""] * (above + below + 1)
    for part in parts:
        padding = " " * part.width
        first = above - part.baseline
        for k in range(len(lines)):
            inside = first <= k < first + part.height
            lines[k] += part.lines[k - first] if inside else padding
    return Block(tuple(lines), above)


def centred(part: Block, width: int) -> list[str]:
    """The lines of a block in the middle of a width."""
    left = (width - part.width) // 2
    right = width - part.width - left
    return [" " * left + line + " " * right for line in part.lines]


def over(top: Block, bottom: Block, bar: str, width: int) -> Block:
    """A fraction with a bar of a width, which is the baseline."""
    width = max(width, top.width, bottom.width)
    return Block((*centred(top, width), bar * width, *centred(bottom, width)), top.height)


def stacked(parts: Sequence[Block], baseline: int) -> Block:
    """Blocks under each other in the middle; ``baseline`` says whose baseline counts."""
    width = max((part.width for part in parts), default=0)
    lines = [line for part in parts for line in centred(part, width)]
    return Block(tuple(lines), sum(part.height for part in parts[:baseline]) + parts[baseline].baseline)


def raised(base: Block, above: Block | None, below: Block | None, *, level: bool = False) -> Block:
    """A base with scripts at its right, above and below it.

    Below a base of several lines the script begins beside its last line; ``level``: above, it ends beside the
    first line.
    """
    top = above.height - level if above else 0
    bottom = below.height - (base.height > 1) if below else 0
    width = max(part.width if part else 0 for part in (above, below))
    height = top + base.height + bottom
    right = [" " * width] * height
    for part, first in ((above, 0), (below, height - (below.height if below else 0))):
        for k, line in enumerate(part.lines if part else ()):
            right[first + k] = line + " " * (width - width_of(line))
    empty = " " * base.width
    left = [empty] * top + list(base.lines) + [empty] * bottom
    return Block(tuple(a + b for a, b in zip(left, right, strict=True)), top + base.baseline)


def joined(rows: Sequence[Block], *, broken: bool = False) -> Block:
    """Blocks under each other, flush left, with an empty line around tall ones; the first baseline counts."""
    lines: list[str] = []
    for place, row in enumerate(rows):
        if place and (row.height > 1 or rows[place - 1].height > 1):
            lines.append("")
        lines.extend(row.lines)
    return block(lines, rows[0].baseline, broken=broken)


def tall(pieces: str, height: int) -> list[str]:
    """A bracket of a height from its pieces: top, extension, bottom, and perhaps the middle; or one sign.

    >>> tall("⎛⎜⎝", 3), tall("⎧⎪⎩⎨", 3), tall("│", 2)
    (['⎛', '⎜', '⎝'], ['⎧', '⎨', '⎩'], ['│', '│'])
    """
    if len(pieces) == 1:
        return [pieces] * height
    column = [pieces[0], *[pieces[1]] * (height - 2), pieces[2]]
    if len(pieces) > 3:
        column[height // 2] = pieces[3]
    return column
