"""The sentences of a document that state findings, each with its place: in ``findings`` blocks, and in lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradbook.book.blocks import Block

_BULLET = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+")
_HEADER = re.compile(r"(study|margins?)[ \t]*:[ \t]*(.*)", re.IGNORECASE)

#: A paragraph that ends in a colon and names a study; whether there is such a study, the results tell.
_NAMED = re.compile(r"`([\w][\w.+-]{0,99})`")
_SAYS_SO = re.compile(r"\b(?:study|findings?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence, and for each of its characters where it stands: row and column, 1-based."""

    text: str
    places: tuple[tuple[int, int], ...]

    @property
    def span(self) -> tuple[int, int, int, int]:
        """Line, column, end line and end column, exclusive."""
        (line, column), (end_line, end) = self.places[0], self.places[-1]
        return line, column, end_line, end + 1

    def word(self, column: int) -> tuple[int, int, int, int] | None:
        """The place of the word that begins in a column of the sentence; None behind its end."""
        first = column - 1
        if first >= len(self.text):
            return None
        last = first
        while last + 1 < len(self.text) and not self.text[last + 1].isspace():
            last += 1
        while last > first and self.text[last] in ".,;:!":
            last -= 1
        (line, start), (end_line, end) = self.places[first], self.places[last]
        return line, start, end_line, end + 1


@dataclass(frozen=True, slots=True)
class Header:
    """``study: NAME`` or ``margin: …`` above the sentences of a block."""

    key: str
    value: str
    item: Item


@dataclass(frozen=True, slots=True)
class Listed:
    """A list behind a paragraph that names a study."""

    study: str
    items: tuple[Item, ...]


def stated(block: Block, rows: Sequence[str]) -> tuple[list[Header], list[Item]]:
    """What a ``findings`` block says: its headers, and its sentences.

    A sentence is an item of a list, with the rows below it that are indented; or else a row.
    """
    headers: list[Header] = []
    lines: list[tuple[int, int, str]] = []
    for k, text in enumerate(block.text.splitlines()):
        number = block.line + k
        row = rows[number - 1] if number <= len(rows) else ""
        # What a quotation or a list puts before the rows of a block is not in its text.
        shift = max(row.rfind(text), 0) if text else 0
        header = _HEADER.fullmatch(text.strip())
        if header is not None and not lines:
            key = "study" if header[1].lower() == "study" else "margin"
            headers.append(Header(key, header[2].strip(), _item([(number, shift, text)])))
        else:
            lines.append((number, shift, text))
    return headers, list(_items(lines))


def lists(text: str) -> Iterator[Listed]:
    """The lists that may state findings: each right behind a paragraph that names one study and ends in a colon."""
    rows = text.splitlines()
    fence = ""
    at = 0
    while at < len(rows):
        row = rows[at].strip()
        if fence:
            fence = "" if row.startswith(fence) and not row.strip(fence[0]) else fence
        elif row.startswith(("```", "~~~")):
            fence = row[: len(row) - len(row.lstrip(row[0]))]
        elif row.endswith(":"):
            study = _study(rows, at)
            start = at + 1
            while study and start < len(rows) and not rows[start].strip():
                start += 1
            if study and start < len(rows) and _BULLET.match(rows[start].lstrip()) and start - at <= 2:
                end = _end(rows, start)
                yield Listed(study, tuple(_items([(n + 1, 0, rows[n]) for n in range(start, end)])))
                at = end
                continue
        at += 1


def may_have_lists(text: str) -> bool:
    """Whether there may be such a list: a quick look.

    >>> may_have_lists("Findings of the study `decay`:\\n\\n- 5e-2 does not learn"), may_have_lists("`x` is:")
    (True, False)
    """
    return _LIST.search(text) is not None


_LIST = re.compile(r"`[^`]*:[ \t]*\n\s*(?:[-*+]|\d{1,9}[.)])[ \t]")


def _study(rows: Sequence[str], last: int) -> str:
    first = last
    while first > 0 and rows[first - 1].strip() and not rows[first - 1].lstrip().startswith("#"):
        first -= 1
    paragraph = " ".join(rows[first : last + 1])
    names = _NAMED.findall(paragraph)
    return names[0] if len(set(names)) == 1 and _SAYS_SO.search(paragraph) else ""


def _end(rows: Sequence[str], start: int) -> int:
    """The row behind a list: blank rows belong to it if it goes on behind them."""
    end = at = start
    while at < len(rows):
        row = rows[at]
        if row.strip() and not (row[0] in " \t" or _BULLET.match(row.lstrip()) or rows[at - 1].strip()):
            break
        if row.lstrip().startswith(("#", "```", "~~~")):
            break
        at += 1
        end = at if row.strip() else end
    return end


def _items(lines: Sequence[tuple[int, int, str]]) -> Iterator[Item]:
    """Rows as sentences; each row is its number, how far its text is moved in, and the text."""
    held: list[tuple[int, int, str]] = []
    listed = any(_BULLET.match(text.lstrip()) for _, _, text in lines)
    for number, shift, text in lines:
        stripped = text.lstrip()
        bullet = _BULLET.match(stripped)
        if held and (not stripped or bullet or not listed):
            yield _item(held)
            held = []
        if bullet:
            cut = len(text) - len(stripped) + bullet.end()
            shift, text = shift + cut, text[cut:]
        if text.strip():
            held.append((number, shift, text))
    if held:
        yield _item(held)


def _item(rows: Sequence[tuple[int, int, str]]) -> Item:
    """Rows joined by blanks, each character with its place."""
    text = ""
    places: list[tuple[int, int]] = []
    for number, shift, row in rows:
        kept = row.strip()
        start = shift + row.index(kept) if kept else shift
        if text:
            text += " "
            places.append(places[-1])
        text += kept
        places += [(number, start + k + 1) for k in range(len(kept))]
    return Item(text, tuple(places))
