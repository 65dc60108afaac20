"""The tokens of a Markdown paragraph, and how its marks of emphasis and of striking out are paired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class TokenKind(Enum):
    """What a token of a paragraph is."""

    TEXT = auto()
    INLINE = auto()
    DISPLAY = auto()
    MACRO = auto()  # a definition of TeX outside of mathematics
    MARK = auto()  # a run of `*`, `_` or `~~`
    CELL = auto()  # </td>
    BREAK = auto()  # <p>, </tr> and other tags that end a block
    HIDDEN = auto()  # other tags, comments, code, addresses of links


@dataclass(slots=True)
class Token:
    """A token from lo to hi; ``inner`` is the mathematics between its delimiters."""

    kind: TokenKind
    lo: int
    hi: int
    inner: tuple[int, int] = (0, 0)
    environment: str = ""
    written: str | None = None
    opens: bool = False
    closes: bool = False
    intraword: bool = False  # between two letters or digits
    taken: tuple[int, int] = (0, 0)  # characters of a mark used up at its left and at its right
    left: int = 0  # characters of a mark that are not used up


def struck_out(scan: str, tokens: list[Token]) -> list[Token]:
    """The tokens without those that are struck out: between two ``~~``, ``<del>`` and ``</del>``, …"""
    if not any(token.written == "~~" for token in tokens):
        return tokens
    kept: list[Token] = []
    opened = -1
    for token in tokens:
        if token.kind is TokenKind.MARK and token.written == "~~":
            if opened >= 0 and token.closes:
                del kept[opened:]
                opened = -1
                continue
            if opened < 0 and token.opens:
                opened = len(kept)
            if scan[token.lo] == "<":  # a tag is not shown, paired or not
                token.taken = (token.hi - token.lo, 0)
        kept.append(token)
    return kept


def pair_emphasis(tokens: list[Token]) -> dict[int, Token]:
    """Pair the marks of emphasis as CommonMark does; returns the closing mark for each strong opener.

    The stack holds openers; ``bottom`` remembers below which of them a kind of closer has been refused, so
    that a paragraph of unpaired marks costs no more than its length.
    """
    strong: dict[int, Token] = {}
    stack: list[tuple[int, Token]] = []
    bottom: dict[tuple[str, bool, int], int] = {}
    for index, token in enumerate(tokens):
        if token.kind is not TokenKind.MARK or not token.written or token.written[0] not in "*_":
            continue
        char = token.written[0]
        length = token.hi - token.lo
        while token.closes and token.left:
            key = (char, token.opens, length % 3)
            floor = bottom.get(key, -1)
            depth = len(stack) - 1
            while depth >= 0 and stack[depth][0] > floor and not _matches(stack[depth][1], token):
                depth -= 1
            if depth < 0 or stack[depth][0] <= floor:
                bottom[key] = index - 1
                break
            opener = stack[depth][1]
            used = 2 if opener.left >= 2 and token.left >= 2 else 1
            if used == 2:
                strong[opener.lo] = token
            opener.left -= used
            token.left -= used
            opener.taken = (opener.taken[0], opener.taken[1] + used)
            token.taken = (token.taken[0] + used, token.taken[1])
            del stack[depth + 1 :]
            if not opener.left:
                stack.pop()
        if token.opens and token.left:
            stack.append((index, token))
    return strong


def _matches(opener: Token, closer: Token) -> bool:
    assert opener.written and closer.written
    if opener.written[0] != closer.written[0]:
        return False
    if opener.intraword and closer.intraword:  # a product, whatever CommonMark makes of 2*3*4
        return False
    if opener.closes or closer.opens:  # CommonMark's rule of three
        one, other = opener.hi - opener.lo, closer.hi - closer.lo
        return (one + other) % 3 != 0 or (one % 3 == 0 and other % 3 == 0)
    return True


def is_strong(scan: str, tokens: list[Token], strong: dict[int, Token]) -> bool:
    """Whether all of a block stands in one ``**…**``."""
    if not strong:
        return False
    first, last = 0, len(tokens) - 1
    while first < last and scan[tokens[first].lo : tokens[first].hi].isspace():
        first += 1
    while last > first and scan[tokens[last].lo : tokens[last].hi].isspace():
        last -= 1
    return strong.get(tokens[first].lo) is tokens[last]
