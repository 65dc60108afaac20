"""Conditions that stand behind a formula in its sentence: ``$f'(x) = 1$ for $x > 0$, and $f'(x) = 0$ otherwise``."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from gradbook.derivation.branches import opposite
from gradbook.document.findings import ORDERS
from gradbook.document.passages import Formula, Passage
from gradbook.document.pieces import PieceKind
from gradbook.document.symbols import Table
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
_SENTENCE_END = re.compile(r"[.;!?]\s")
_JOINED = re.compile(r"[\s,]*(and|or)?[\s,]*", re.I)
_SIGNS = {"positive": Op.GT, "negative": Op.LT, "nonnegative": Op.GE, "nonpositive": Op.LE}


class Clauses:
    """The clauses of the sentence that is being read, and the alternatives that they tell."""

    def __init__(self, table: Table, trees: Trees) -> None:
        self.table = table
        self.trees = trees
        self._told: list[Condition] = []
        self._formulas: set[int] = set()

    def holds(self, formula: Formula) -> bool:
        """Whether a formula belongs to a clause, which is about what stands before it only."""
        return id(formula) in self._formulas

    def around(self, run: Passage, place: int, before: str, after: str) -> list[Condition]:
        """Where a formula holds by the words around it, which may deny all alternatives before it."""
        if _SENTENCE_END.search(before) and not is_otherwise(before, ""):
            self.end()
        if is_otherwise(before, after):
            return elsewhere(self._told, self.table.passing)
        part = run.parts[place]
        if not isinstance(part, Formula) or part.piece.kind is PieceKind.DISPLAY:
            return []  # what stands behind a display is looked at as it is taken
        found = conditions_behind(run.parts, place, self.trees)
        if found:
            self._formulas.add(id(run.parts[place + 2]))
            self._told.append(All(tuple(found)) if len(found) > 1 else found[0])
        return found

    def end(self) -> None:
        """A sentence ends, and with it what its clauses told."""
        told = parts_of(self._told)
        self.table.passing[:] = [c for c in self.table.passing if c not in told]
        self._told.clear()

    @contextmanager
    def under(self, conditions: Sequence[Condition]) -> Generator[None]:
        """Some conditions, in the place of the alternatives to them, for one statement."""
        if not conditions:
            yield
            return
        passing = self.table.passing
        before = list(passing)
        others = parts_of(self._told)
        others |= {c for c in before if opposite(c) in conditions or Not(c) in conditions}
        passing[:] = [c for c in before if c not in others]
        for condition in conditions:
            self.table.assume(condition, passing=True)
        yield
        passing[:] = before


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
