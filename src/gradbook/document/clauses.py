"""Conditions that stand behind a formula in its sentence: ``$f'(x) = 1$ for $x > 0$, and $f'(x) = 0$ otherwise``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradbook.derivation.branches import opposite
from gradbook.document.findings import ORDERS
from gradbook.document.passages import Formula
from gradbook.document.trees import Trees
from gradbook.symbolic.expr import (
    ZERO,
    All,
    AnyOf,
    Condition,
    Indexed,
    Not,
    Op,
    Relation,
    Symbol,
    free_symbols,
)

_OPENER = (
    r"[\s,(]*(?:but |and |only |valid |holds |which holds )*"
    r"(?:for|if|when|whenever|where|with|provided|as long as|on|in case)"
)
_CLAUSE = re.compile(rf"{_OPENER}(?: that| all| any| every| the case)*\s*", re.I)
_SIGNED = re.compile(
    rf"{_OPENER}(?: all| any| every)?(?: strictly)? (positive|negative|non-?negative|non-?positive)"
    r"(?: values of| real| numbers?| inputs?| arguments?)*\s*",
    re.I,
)
_OTHERWISE = re.compile(r"[\s,(]*(?:otherwise|elsewhere|else)\b", re.I)
_ENDS_OTHERWISE = re.compile(r"(?:otherwise|elsewhere|else)[\s,:]*(?:we have |it is |we get )?$", re.I)
_JOINED = re.compile(r"[\s,]*(and|or)?[\s,]*", re.I)
_SIGNS = {"positive": Op.GT, "negative": Op.LT, "nonnegative": Op.GE, "nonpositive": Op.LE}


def conditions_behind(parts: Sequence[str | Formula], place: int, trees: Trees) -> list[Condition]:
    """What a clause right behind the formula at ``place`` says of where it holds; nothing if there is none."""
    if place + 2 >= len(parts):
        return []
    words, following = parts[place + 1], parts[place + 2]
    if not isinstance(words, str) or not isinstance(following, Formula):
        return []
    signed = _SIGNED.fullmatch(words)
    if signed is not None:
        quantity = trees.side(following.statements[0].sides[0]) if len(following.statements) == 1 else None
        if not isinstance(quantity, Symbol | Indexed) or following.statements[0].marks:
            return []
        return [Relation(quantity, _SIGNS[signed[1].lower().replace("-", "")], ZERO)]
    if _CLAUSE.fullmatch(words) is None:
        return []
    found = _inequalities(following, trees)
    joined: set[str] = set()
    at = place + 3
    while found and at + 1 < len(parts):
        words, following = parts[at], parts[at + 1]
        joint = _JOINED.fullmatch(words) if isinstance(words, str) else None
        more = _inequalities(following, trees) if joint and isinstance(following, Formula) else []
        if joint is None or not more:
            break
        found += more
        joined.add((joint[1] or "").lower())
        at += 2
    if "or" not in joined:
        return found
    return [AnyOf(tuple(found))] if "and" not in joined else []


def _inequalities(formula: Formula, trees: Trees) -> list[Condition]:
    """The conditions of a formula that holds nothing else."""
    found: list[Condition] = []
    for statement in formula.statements:
        relations = [statement.relation(k) for k in range(len(statement.marks))]
        if not relations or any(r not in ORDERS or r == "=" for r in relations):
            return []
        condition = trees.condition(statement.tokens)
        if condition is None:
            return []
        found.append(condition)
    return found


def is_otherwise(before: str, after: str) -> bool:
    """Whether the words around a formula say that it holds where nothing that was said before does.

    >>> is_otherwise("Otherwise, ", ""), is_otherwise("and", " otherwise."), is_otherwise("", " for all")
    (True, True, False)
    """
    return _OTHERWISE.match(after) is not None or _ENDS_OTHERWISE.search(before) is not None


def elsewhere(told: Sequence[Condition], passing: Sequence[Condition]) -> list[Condition]:
    """Where no alternative that was told holds; without any, where the last condition of the sentence does not."""
    if told:
        return [opposite(condition) or Not(condition) for condition in told]
    if not passing:
        return []
    last = free_symbols(passing[-1])
    alike = tuple(c for c in passing if free_symbols(c) == last)
    if len(alike) > 1:
        return [Not(All(alike))]
    return [opposite(passing[-1]) or Not(passing[-1])]


def parts_of(conditions: Sequence[Condition]) -> set[Condition]:
    """Conditions with those of which they are made."""
    made = {part for c in conditions if isinstance(c, All | AnyOf) for part in c.parts}
    return made | set(conditions)
