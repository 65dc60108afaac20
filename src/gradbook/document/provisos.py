"""Provisos: what the words around a claim say of where it holds.

``… for $x > 0$`` after a formula is its condition; "otherwise" turns the one before round; "where the unit is
active" is a condition that is not read, so that a claim that holds only in part is not called wrong for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradbook.document.findings import ORDERS
from gradbook.document.passages import Formula
from gradbook.document.statements import Statement
from gradbook.document.subjects import SENTENCE_END, last_sentence

_OPENER = re.compile(
    r"\s*[,(]*\s*(only )?(for|if|when|whenever|where|provided( that)?|as long as|so long as|in case|assuming|given|"
    r"with|on|at|valid for|holds for|true for)( (all|any|every|the|each|both))?\s*$",
    re.I,
)
_AND = re.compile(r"\s*,?\s*(and|,)\s*$", re.I)
_APART = re.compile(r"\s*[,(]\s*$")
_IN_WORDS = re.compile(
    r"\b(if|when|whenever|where(?! (?:does|is|do|did)\b)|unless|provided|otherwise|else|as long as|so long as|"
    r"in case|once|while|assuming|suppose|"
    r"(?:in|inside|outside|within|on) (?:the|this|that|its|each|either)(?: \w+)? "
    r"(?:\w+ )?(?:case|regime|region|range|interval|interior|branch|part|zone|side|band)s?|"
    r"for (?:\w+ )?(?:positive|negative|large|small|active|inactive|correct|wrong|violated|misclassified|other|"
    r"non-?zero|nonnegative|correctly|incorrectly)\b|"
    r"(?:in)?active\b|saturat\w+|almost everywhere)",
    re.I,
)
#: Words that name nothing, so that ``= …`` after them is still about what stood before.
_LINKING = frozenset(
    "and or so that this it is are was equals equal which in turn of course also then thus hence therefore i e g "
    "we get have obtain gives giving yields yielding simplifies simplifying becomes to again finally further now "
    "by from since because using with after as can be written rewritten expressed found just simply only exactly "
    "about approximately roughly still clearly evidently indeed symmetry definition the a an chain product quotient "
    "rule above previous equation eq step other words means meaning evaluates works out comes reduces same "
    "not but".split()
)


def trailing(parts: Sequence[str | Formula], place: int) -> list[Statement]:
    """The conditions that the words after an inline formula attach to it.

    ``$f'(x) = 1$ for $x > 0$ and $y > 0$``, ``$f'(x) = 1$, $x > 0$``; an order, a membership, or a letter with
    its value.
    """
    found: list[Statement] = []
    for words, formula in zip(parts[place + 1 :: 2], parts[place + 2 :: 2], strict=False):
        if not isinstance(words, str) or not isinstance(formula, Formula) or formula.error is not None:
            break
        opened = bool(_OPENER.match(words))
        if not (opened if not found else opened or _AND.match(words)) and not (
            _APART.match(words) and not found and all(is_bound(s) for s in formula.statements)
        ):
            break
        if not formula.statements or not all(_is_condition(s) for s in formula.statements):
            break
        found += formula.statements
    return found


def is_bound(statement: Statement) -> bool:
    """``x > 0``: an order between short sides."""
    relations = [statement.relation(k) for k in range(len(statement.marks))]
    short = len(statement.sides[0]) <= 4 and not any(t.is_char("(") for t in statement.sides[0])
    return bool(relations) and all(r in ORDERS or r == "in" for r in relations) and short


def _is_condition(statement: Statement) -> bool:
    relations = [statement.relation(k) for k in range(len(statement.marks))]
    if not relations or statement.continues:
        return False
    if relations == ["="]:
        left, right = statement.sides
        plain = len(left) <= 4 and not any(t.text in ("(", "'", "d", "+", "-") for t in left)
        return plain and bool(right) and all(t.is_digit or t.text in ("-", ".") for t in right)
    return all(r in ORDERS or r == "in" for r in relations)


def leads_on(words: str) -> bool:
    """Whether a formula that begins with a relation goes on from the one before these words.

    >>> leads_on(", which is"), leads_on(""), leads_on(", sum")
    (True, True, False)
    """
    return set(re.findall(r"[a-z]+", words.lower())) <= _LINKING


def in_words(before: str, after: str) -> str:
    """The words around a claim that may say where it holds; empty if there are none.

    >>> in_words("Where the unit is active we get", ""), in_words("Differentiating,", "")
    ('where', '')
    >>> in_words("so", " in the linear region.")
    'in the linear region'
    """
    ahead = SENTENCE_END.split(after, maxsplit=1)[0]
    found = _IN_WORDS.search(last_sentence(before)) or _IN_WORDS.search(ahead)
    return found.group(0).lower() if found else ""
