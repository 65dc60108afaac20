"""Lists of tokens: where they split, what they spell, whether words in them are a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradbook.document.tokens import Kind, Token

#: What closes each bracket.
CLOSING = {"(": ")", "[": "]", r"\{": r"\}"}
_CHAR = Kind.CHAR
_NESTING_SIGNS = {**dict.fromkeys(CLOSING, 1), **dict.fromkeys(CLOSING.values(), -1)}
_NESTING_KINDS = {Kind.OPEN: 1, Kind.BEGIN: 1, Kind.CLOSE: -1, Kind.END: -1}
_OPENING_KINDS = frozenset({Kind.OPEN, Kind.BEGIN})
_CLOSING_KINDS = frozenset({Kind.CLOSE, Kind.END})
_SPACES = frozenset({Kind.QUAD, Kind.AMP})


def nesting(token: Token) -> int:
    """1 for what opens a bracket, group or environment, -1 for what closes one, 0 for all else."""
    if token.kind is _CHAR:
        return _NESTING_SIGNS.get(token.text, 0)
    return _NESTING_KINDS.get(token.kind, 0)


def _grouping(token: Token) -> int:
    """As :func:`nesting`, where brackets that are only typed do not count."""
    return _NESTING_KINDS.get(token.kind, 0)


def _split(
    tokens: Sequence[Token], depth_of: Callable[[Token], int], separates: Callable[[Token], bool]
) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += depth_of(token)
        if depth == 0 and separates(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def split_at(tokens: Sequence[Token], *separators: str) -> list[list[Token]]:
    """Split at signs outside all brackets.

    >>> from gradbook.document.tokens import tokenise
    >>> [len(p) for p in split_at(tokenise("a, f(b, c)"), ",")]
    [1, 6]
    """
    return _split(tokens, nesting, lambda token: token.kind is Kind.CHAR and token.text in separators)


def split_rows(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at ``\\\\`` outside nested groups and environments."""
    return _split_at_kind(tokens, Kind.ROW)


def split_cells(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at ``&`` outside nested groups and environments."""
    return _split_at_kind(tokens, Kind.AMP)


def _split_at_kind(tokens: Sequence[Token], kind: Kind) -> list[list[Token]]:
    if not any(token.kind is kind for token in tokens):
        return [list(tokens)]
    return _split(tokens, _grouping, lambda token: token.kind is kind)


def top_level(tokens: Sequence[Token]) -> list[Token]:
    """The tokens outside groups and environments."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        depth += token.kind in _OPENING_KINDS
        if depth == 0:
            found.append(token)
        depth -= token.kind in _CLOSING_KINDS
    return found


def strip_ends(tokens: list[Token]) -> list[Token]:
    """Without punctuation and spaces at the ends."""
    start, end = 0, len(tokens)
    while start < end and (tokens[start].kind in _SPACES or tokens[start].text in (",", ";", ":")):
        start += 1
    while end > start and (tokens[end - 1].kind in _SPACES or tokens[end - 1].text in (",", ";", ":", ".")):
        end -= 1
    return tokens[start:end]


def canonical_text(tokens: Sequence[Token]) -> str:
    """A label in one spelling: ``11-1``, ``\\theta``, ``h1``.

    >>> from gradbook.document.tokens import tokenise
    >>> canonical_text(tokenise(r"{ab - c}"))
    'ab-c'
    """
    parts: list[str] = []
    for token in tokens:
        match token.kind:
            case Kind.OPEN | Kind.CLOSE | Kind.QUAD | Kind.STRUCK:
                continue
            case Kind.MACRO:
                parts.append("\\" + token.text + " ")
            case Kind.TEXT | Kind.NAME:
                parts.append(" ".join(token.text.split()))
            case _:
                parts.append(token.text)
    return "".join(parts).strip()


def spoken(token: Token) -> str:
    """A token as a message shows it."""
    if token.kind is Kind.MACRO:
        return "\\" + token.text
    if token.kind is Kind.BEGIN:
        return f"\\begin{{{token.text}}}"
    return token.text


_STOPWORDS = frozenset(
    "for if when where with whenever as provided since because all on and or so thus hence "
    "therefore then but also let we have is are from by using at both which gives i.e. that the a "
    "of in to case rule derivative chain product otherwise else while here note not this it be get "
    "obtain similarly finally recall define assume use suppose first second third step via into per "
    "over since such".split()
)


def is_name(text: str) -> bool:
    """Whether words set as text inside a formula are a name ("target", "inp 1") and not prose.

    >>> is_name("inp 1"), is_name("for all"), is_name("target")
    (True, False, True)
    """
    words = text.strip().strip(".,:;").split()
    if not words or len(words) > 3 or text.strip()[-1:] in ",;":
        return False
    if any(w.lower() in _STOPWORDS for w in words):
        return False
    return words[0][0].isalpha() and all(c.isalnum() or c in " _-." for w in words for c in w)


def is_words(token: Token) -> bool:
    """Whether a token is words or a name of several letters."""
    return token.kind is Kind.TEXT or token.kind is Kind.NAME
