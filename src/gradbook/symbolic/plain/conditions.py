"""Conditions: alternatives, conjunctions, chains of relations."""

from __future__ import annotations

from gradbook.symbolic.expr import All, AnyOf, Condition, Not, Op, Otherwise, Relation
from gradbook.symbolic.plain.cursor import Cursor
from gradbook.symbolic.plain.tokens import Kind

_OPS = {"=": Op.EQ, "!=": Op.NE, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}


class Conditions(Cursor):
    """``0 < x <= 1``, ``x > 0 and (y = 1 or y = 2)``, ``not x = 0``, ``otherwise``."""

    def condition(self) -> Condition:
        """Alternatives of conjunctions of relations."""
        options = [self._conjunction()]
        while self.accept_word("or"):
            options.append(self._conjunction())
        return options[0] if len(options) == 1 else AnyOf(tuple(options))

    def _conjunction(self) -> Condition:
        parts = [self._simple_condition()]
        while self.accept_word("and"):
            parts.append(self._simple_condition())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _simple_condition(self) -> Condition:
        if self.accept_word("not"):
            return Not(self.deeper(self._simple_condition))
        if self.accept_word("otherwise"):
            return Otherwise()
        if self.token.is_sign("(") and self._holds_condition():
            self.at += 1
            inner = self.inside(self.condition)
            self.expect(")")
            return inner
        return self._chain()

    def _holds_condition(self) -> bool:
        """Whether the bracket ahead holds a condition, and not a value."""
        k, close = self.at + 1, self.partners[self.at]
        found = self.tokens[k].is_sign("(") and self.tokens[self.partners[k] + 1].is_sign(")")
        while k < close:
            token = self.tokens[k]
            if token.is_word("if"):
                return False
            found = found or token.is_sign(*_OPS) or token.kind is Kind.WORD
            k = self.partners.get(k, k) + 1
        return found

    def _chain(self) -> Condition:
        links: list[Condition] = []
        left = self.sum()
        while self.token.is_sign(*_OPS):
            op = _OPS[self.take().text]
            right = self.sum()
            links.append(Relation(left, op, right))
            left = right
        if not links:
            raise self.wrong("a relation like < or =")
        return links[0] if len(links) == 1 else All(tuple(links))
