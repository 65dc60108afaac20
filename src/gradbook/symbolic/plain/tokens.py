"""The tokens of mathematics typed in one line, with their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class PlainError(ValueError):
    """A text that cannot be read: one line on what was expected and found, and at which column.

    ``column`` counts characters from 1.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"  # letters, with the scripts typed onto them: x, w_11, p_theta
    LATEX = "latex"  # a name spelt in LaTeX, between backquotes
    SCRIPT = "script"  # what stands in the braces of _{…}
    RAISED = "raised"  # an exponent in superscript digits, written out: 2 of x²
    SIGN = "sign"
    WORD = "word"  # if, else, for, in, and, or, not, otherwise
    END = "end"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``start`` is its place in the text, from 0."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """Where it stands, from 1."""
        return self.start + 1

    def is_sign(self, *texts: str) -> bool:
        """Whether this is one of the given signs."""
        return self.kind is Kind.SIGN and self.text in texts

    def is_word(self, text: str) -> bool:
        """Whether this is the given word."""
        return self.kind is Kind.WORD and self.text == text

    def shown(self) -> str:
        """The token as a message shows it."""
        if self.kind is Kind.END:
            return "the end"
        return f"“{self.text if len(self.text) <= 24 else self.text[:23] + '…'}”"


#: Longest text that is read, in characters.
MAX_LENGTH = 20_000
#: Deepest nesting, as in documents.
MAX_DEPTH = 48
#: Most digits of a number, and the greatest power of ten in one, as in documents.
MAX_DIGITS = 4000
MAX_TENS = 400

#: Words that are no names.
WORDS = frozenset("if else for in and or not otherwise".split())
#: Signs that are typed in more than one way.
_SPELLINGS = {
    "**": "^", "==": "=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!=", "−": "-", "–": "-", "·": "*", "⋅": "*",
    "×": "*", "∗": "*", "÷": "/", "…": "..", "...": "..", "‖": "||", "∥": "||", "′": "'",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  # 2e-3 is a number; 2e+1 is twice e, plus one, as in documents; 1..n is a range
  | (?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE](?:-?[0-9]+|\+[0-9]{2,}))?)
  | (?P<name>(?:\\?[A-Za-z][A-Za-z0-9]*|[\u0391-\u03a9\u03b1-\u03c9\u03d1\u03d5\u03f1ℓ])(?:_[A-Za-z0-9\u03b1-\u03c9]+)*)
  | `(?P<latex>[^`]*)`
  | _\{(?P<script>[^{}]*)\}
  | (?P<raised>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<sign>\*\*|==|<>|!=|<=|>=|:=|\.\.\.?|[-+*/^(){}\[\]|,;=<>!'_√−–·⋅×∗÷≤≥≠…‖∥′])
    """,
    re.VERBOSE,
)


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, the last of which is its end.

    Raises:
        PlainError: a character that nothing begins with, a number or a text that is too long.

    >>> [token.text for token in tokenise("2x_i**2 - .5")]
    ['2', 'x_i', '^', '2', '-', '.5', '']
    """
    if len(text) > MAX_LENGTH:
        raise PlainError(f"expected at most {MAX_LENGTH} characters, found {len(text)}", MAX_LENGTH + 1)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            # A character from somebody's text must not move the cursor of somebody's terminal.
            shown = f"“{text[at]}”" if text[at].isprintable() else f"the character U+{ord(text[at]):04X}"
            raise PlainError(f"expected a number, a name or a sign, found {shown}", at + 1)
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match))
    return [*tokens, Token(Kind.END, "", len(text), len(text))]


def _token(match: re.Match[str]) -> Token:
    kind, found, start, end = Kind(match.lastgroup), match[match.lastgroup or 0], match.start(), match.end()
    match kind:
        case Kind.NUMBER:
            _check_number(found, start)
        case Kind.NAME if found in WORDS:
            kind = Kind.WORD
        case Kind.RAISED:
            found = found.translate(_RAISED)
        case Kind.SIGN:
            found = _SPELLINGS.get(found, found)
        case _:
            pass
    return Token(kind, found, start, end)


def _check_number(text: str, start: int) -> None:
    digits, _, tens = text.lower().partition("e")
    if len(digits) > MAX_DIGITS:
        raise PlainError(f"expected a number of at most {MAX_DIGITS} digits, found {len(digits)}", start + 1)
    if len(tens) > 5 or abs(int(tens or "0")) > MAX_TENS:
        raise PlainError(f"expected a power of ten within ±{MAX_TENS}, found {tens[:12]}", start + 1)


def partners(tokens: list[Token]) -> dict[int, int]:
    """Where each bracket that opens is closed.

    Raises:
        PlainError: brackets that do not fit, or that are nested too deep.

    >>> partners(tokenise("(x[i])"))
    {2: 4, 0: 5}
    """
    closing = {"(": ")", "[": "]", "{": "}"}
    found: dict[int, int] = {}
    stack: list[int] = []
    for k, token in enumerate(tokens):
        if token.is_sign(*closing):
            stack.append(k)
            if len(stack) > MAX_DEPTH:
                raise PlainError(
                    f"expected at most {MAX_DEPTH} brackets in each other, found more", token.column
                )
        elif token.is_sign(*closing.values()):
            if not stack:
                raise PlainError(f"expected no bracket to close, found {token.shown()}", token.column)
            place = stack.pop()
            opened = tokens[place]
            if token.text != closing[opened.text]:
                raise PlainError(
                    f"expected “{closing[opened.text]}” to close “{opened.text}” of column {opened.column}, "
                    f"found {token.shown()}",
                    token.column,
                )
            found[place] = k
    if stack:
        opened = tokens[stack[-1]]
        raise PlainError(
            f"expected “{closing[opened.text]}” for this “{opened.text}”, found the end", opened.column
        )
    return found
