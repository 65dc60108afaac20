r"""A sentence in words: what stands in it, each with its place, without Markdown's and LaTeX's dress.

>>> [word.text for word in words(r"**5e-2** doesn't learn; $\lambda = 5 \times 10^{-4}$ does.")]
['5e-2', 'does', 'not', 'learn', ';', 'lambda', '=', '5 \\times 10^{-4}', 'does']
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum


class WordKind(Enum):
    """What a word is."""

    WORD = "word"
    NUMBER = "number"
    #: ``23rd``
    ORDINAL = "ordinal"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Word:
    """A word in small letters, a number with its value, or a sign; ``start`` and ``end`` count from 0.

    ``percent`` marks a number with a per cent sign behind it; its value is then a share.
    """

    text: str
    kind: WordKind
    start: int
    end: int
    value: float = math.nan
    percent: bool = False


class SentenceError(ValueError):
    """A sentence that is not understood: what stands in the way, and in which column (1-based)."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message, self.column = message, column


#: Longer sentences are not read: they cost too much, and nobody can say what they claim.
MOST_WORDS = 400

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

_MANTISSA = r"(?:\d+(?:\.\d+|\.(?=[eE]))?|\.\d+)"
_POWER = (
    r"10(?:\s*\^\s*(?:\{\s*(?P<braced{n}>[-−–+]?\s*\d+)\s*\}|(?P<bare{n}>[-−–+]?\d+))"
    r"|(?P<super{n}>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
)
_TIMES = r"\s*(?:\\times|\\cdot|[·×⋅*x])\s*"

_LEXER = re.compile(
    "|".join(
        (
            # A comma inside a number is a thousand in one country and a tenth in another.
            r"(?P<comma>\d+,\d)",
            rf"(?P<product>(?P<factor>{_MANTISSA}){_TIMES}{_POWER.replace('{n}', '1')})",
            rf"(?P<power>{_POWER.replace('{n}', '2')})",
            r"(?P<ordinal>(?P<place>\d+)(?:st|nd|rd|th)\b)",
            rf"(?P<number>(?:(?<![\w)}}\]])[-−])?{_MANTISSA}(?:[eE][-−–+]?\d+)?(?![\d.]*\d))",
            r"(?P<dressed>\\(?:text|mathrm|mathbf|mathit|textbf|textit|emph|textsf|texttt|operatorname)\s*(?=\{))",
            r"(?P<greek>\\?(?:lambda|eta|alpha|mu)\b|[λη])",
            r"(?P<percent>\\?%)",
            # A tilde that is glued to the word before it is a space of LaTeX; one before a number is *about*.
            r"(?P<about>\\(?:approx|sim)\b|≈|(?<![^\s(])~(?=\s*\$?[\d.])|\b(?:ca|approx)\.)",
            r"(?P<possessive>['’]s\b|(?<=s)['’](?!\w))",
            r"(?P<word>[^\W\d_]+?n['’]t\b|(?:acc|val|vs|resp)(?=\.)|[^\W\d_]+\d*)",
            r"(?P<sign>[=<>,;:()\[\]]|—|(?<=\s)–(?=\s))",
            r"(?P<dress>\\[()\[\],;:! ]|[*_`$\"“”„{}~]|\s+|[-–](?=[^\W\d_])"
            r"|(?<=\w)\.(?=[^\W\d])|(?<=\bacc)\.|(?<=\bval)\.|(?<=\bvs)\.|(?<=\bresp)\.|[.!](?=[\s*_\"”)`$]*$))",
        )
    )
)

_PERCENT = re.compile(r"\s*(?:\\?%|\bper\s*cent\b|\b(?:percentage\s+)?points?\b)", re.IGNORECASE)

#: What a contraction stands for.
_SHORT = {
    "won't": ("will", "not"),
    "can't": ("can", "not"),
    "shan't": ("shall", "not"),
    "cannot": ("can", "not"),
}


def words(sentence: str) -> tuple[Word, ...]:
    """The words of a sentence; raises SentenceError at a character that is none of one.

    >>> words("7 %")
    (Word(text='7 %', kind=<WordKind.NUMBER: 'number'>, start=0, end=3, value=0.07, percent=True),)
    """
    found: list[Word] = []
    at = 0
    while at < len(sentence):
        match = _LEXER.match(sentence, at)
        if match is None:
            raise SentenceError(f"{sentence[at]!r} has no meaning in a sentence about a study", at + 1)
        end = match.end()
        kind = match.lastgroup if match.lastgroup in _KINDS else _kind(match)
        text = match.group()
        match kind:
            case "comma":
                raise SentenceError(
                    f"{text}…: write the number with a point, or a space after the comma", at + 1
                )
            case "product" | "power" | "number":
                value = _value(match)
                percent = _PERCENT.match(sentence, end)
                if percent is not None:
                    value, end = float(f"{value}e-2") if "e" not in f"{value}" else value / 100, percent.end()
                found.append(Word(sentence[at:end], WordKind.NUMBER, at, end, value, percent is not None))
            case "ordinal":
                found.append(Word(text, WordKind.ORDINAL, at, end, float(match["place"])))
            case "greek":
                bare = {"λ": "lambda", "η": "eta"}.get(text, text.removeprefix("\\"))
                found.append(Word(bare, WordKind.WORD, at, end))
            case "percent":
                raise SentenceError("a per cent sign without its number", at + 1)
            case "about":
                found.append(Word("about", WordKind.WORD, at, end))
            case "possessive":
                found.append(Word("'s", WordKind.SIGN, at, end))
            case "word":
                found += _word(text.lower().replace("’", "'"), at, end)
            case "sign":
                found.append(Word("," if text in "–—" else text, WordKind.SIGN, at, end))
            case _:
                if "~~" in sentence[at : at + 2]:
                    raise SentenceError("words that are struck out are not read", at + 1)
        at = end
        if len(found) > MOST_WORDS:
            raise SentenceError(f"longer than {MOST_WORDS} words; say it in several sentences", at)
    return tuple(found)


_KINDS = frozenset(
    "comma product power ordinal number dressed greek percent about possessive word sign dress".split()
)


def _kind(match: re.Match[str]) -> str:
    """The outermost group that matched: ``lastgroup`` names the last one that closed at the same level."""
    return next(name for name in match.groupdict() if name in _KINDS and match[name] is not None)


def _word(text: str, start: int, end: int) -> list[Word]:
    if text in _SHORT:
        return [Word(part, WordKind.WORD, start, end) for part in _SHORT[text]]
    if text.endswith("n't"):
        return [Word(text[:-3], WordKind.WORD, start, end - 3), Word("not", WordKind.WORD, end - 3, end)]
    return [Word(text, WordKind.WORD, start, end)]


def _value(match: re.Match[str]) -> float:
    """The number that was written, to the last bit: through its decimal spelling, not by multiplying."""
    groups = match.groupdict()
    if groups["number"] is not None:
        return float(groups["number"].replace("−", "-").replace("–", "-"))
    power = next(
        groups[f"{way}{n}"]
        for n in "12"
        for way in ("braced", "bare", "super")
        if groups[f"{way}{n}"] is not None
    )
    power = power.translate(_SUPERSCRIPTS).replace("−", "-").replace("–", "-").replace(" ", "")
    if len(power) > 4:
        raise SentenceError("a power of ten that no study has", match.start() + 1)
    return float(f"{groups['factor'] or 1}e{power}")
