r"""Names, which are canonical LaTeX, as they look: letters, accents and scripts.

>>> name_notation(r"\hat{y}_{new}")
Script(base=Accent(base=Word(text='y', face=''), mark='hat'), above=None, below=Word(text='new', face='upright'))
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


class Notation:
    """Something that can be drawn."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Word(Notation):
    """Letters. Faces: none (a variable), ``upright`` (a name of several letters), ``text`` (words),
    ``bold``, ``script``, ``fraktur``, ``double-struck``.
    """

    text: str
    face: str = ""


@dataclass(frozen=True, slots=True)
class Numeral(Notation):
    """Digits."""

    text: str


@dataclass(frozen=True, slots=True)
class Row(Notation):
    """One beside the other."""

    parts: tuple[Notation, ...]


@dataclass(frozen=True, slots=True)
class Script(Notation):
    """A base with something small above and below to its right."""

    base: Notation
    above: Notation | None = None
    below: Notation | None = None


@dataclass(frozen=True, slots=True)
class Accent(Notation):
    """A mark over a base: ``hat``, ``bar``, ``tilde``, ``vec``, ``dot``, ``ddot``."""

    base: Notation
    mark: str


_FACES = {
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "mathcal": "script", "mathscr": "script",
    "mathfrak": "fraktur", "mathbb": "double-struck",
}  # fmt: skip
_MARKS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "vec": "vec", "dot": "dot", "ddot": "ddot",
}  # fmt: skip
_SIGNS = {
    "ell": "ℓ", "nabla": "∇", "partial": "∂", "infty": "∞", "cdot": "·", "top": "⊤", "ast": "*", "star": "⋆",
    "prime": "′", "dagger": "†", "hbar": "ℏ", "varepsilon": "ε", "epsilon": "ϵ", "varphi": "φ", "phi": "ϕ",
    "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς", "lambda": "λ", "Lambda": "Λ",
}  # fmt: skip
#: Primes by their number.
PRIMES = ("", "′", "″", "‴")
_TOKEN = re.compile(r"\\[A-Za-z]+ ?|\\.|[A-Za-z]+|[0-9]+|.", re.DOTALL)
#: Deepest groups in a name that are looked into.
_MAX_DEPTH = 8


def letter_of(macro: str) -> str:
    """The character that a macro of a name stands for, or its name.

    >>> letter_of("theta"), letter_of("Gamma"), letter_of("foo")
    ('θ', 'Γ', 'foo')
    """
    if macro in _SIGNS:
        return _SIGNS[macro]
    case = "SMALL" if macro[:1].islower() else "CAPITAL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {macro.upper()}")
    except KeyError:
        return macro


def name_notation(latex: str) -> Notation:
    """What a name in LaTeX looks like; anything that is no LaTeX stands for itself.

    >>> name_notation("x"), name_notation(r"\\text{net}")
    (Word(text='x', face=''), Word(text='net', face='upright'))
    """
    # A name comes from somebody's document: it must not move the cursor of somebody's terminal.
    shown = "".join(char for char in latex if char.isprintable())
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", shown))
    return _Names(tokens).row("", 0)


class _Names:
    """The tokens of a name and the place among them."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def row(self, until: str, depth: int, face: str = "") -> Notation:
        """Atoms with their scripts, up to a closing brace or the end."""
        parts: list[Notation] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token == until:
                break
            if token in ("_", "^", "'") and depth < _MAX_DEPTH:
                self.at += 1
                base = parts.pop() if parts else Word("")
                raised = Word("′") if token == "'" else self.argument(depth)
                parts.append(_scripted(base, raised, below=token == "_"))
            else:
                parts.append(self.atom(depth, face))
        return parts[0] if len(parts) == 1 else Row(tuple(parts)) if parts else Word("")

    def atom(self, depth: int, face: str) -> Notation:
        """A letter, digits, a group, or a macro with its argument."""
        token = self.tokens[self.at].strip()
        if token == "{" and depth < _MAX_DEPTH:
            return self.argument(depth, face)
        self.at += 1
        if token.startswith("\\") and len(token) > 1:
            macro = token[1:]
            if macro in _MARKS and depth < _MAX_DEPTH:
                return Accent(self.argument(depth), _MARKS[macro])
            if macro in _FACES and depth < _MAX_DEPTH:
                return self.argument(depth, _FACES[macro])
            if re.match(r"text|math|oper|rm|bf", macro) and self.at < len(self.tokens):
                return self.words()
            letter = letter_of(macro)
            return Word(letter, face or ("upright" if len(letter) > 1 else ""))
        if token.isdecimal():
            return Numeral(token) if not face else Word(token, face)
        if len(token) == 2 and not face:
            return Row((Word(token[0]), Word(token[1])))  # two letters are two letters, three a word
        return Word(token, face or ("upright" if len(token) > 1 else ""))

    def argument(self, depth: int, face: str = "") -> Notation:
        """A group, or the one token that stands for it."""
        if self.at < len(self.tokens) and self.tokens[self.at] == "{":
            self.at += 1
            inside = self.row("}", depth + 1, face)
            self.at += 1
            return inside
        return self.atom(depth + 1, face) if self.at < len(self.tokens) else Word("")

    def words(self) -> Notation:
        """The text of a group as it stands."""
        if self.tokens[self.at] != "{":
            self.at += 1
            return Word(self.tokens[self.at - 1], "upright")
        found, depth = "", 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            found += "" if token in "{}" else token
        return Word(found.strip(), "upright" if len(found.strip()) > 1 else "")


def _scripted(base: Notation, script: Notation, *, below: bool) -> Notation:
    match base:
        case Script(inner, None, lower) if not below:
            return Script(inner, script, lower)
        case Script(inner, upper, None) if below:
            return Script(inner, upper, script)
        case Script(inner, Word(primes), lower) if primes in PRIMES[1:3] and script == Word("′"):
            return Script(inner, Word(PRIMES[PRIMES.index(primes) + 1]), lower)
        case _:
            return Script(base, None, script) if below else Script(base, script)
