r"""Between bars: absolute values, norms, inner products."""

from __future__ import annotations

from gradbook.document.formula.cursor import Cursor
from gradbook.document.formula.lists import CLOSING, nesting, split_at
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import Expr, Func

#: Signs after which a bar opens rather than closes.
_OPERATORS = frozenset("+-*/=<>,")
_OPERATOR_MACROS = ("cdot", "times", "le", "ge", "odot")


class Bars(Cursor):
    r"""``|x|``, ``\|x\|``, ``||x||``, ``\left| x \right|``, ``\langle x, y \rangle``."""

    def bar(self, token: Token) -> Expr:
        """An absolute value, or a norm between double bars."""
        self.at += 1
        double = token.text == "||"
        after = self.peek()
        if token.is_char("|") and after is not None and after.is_char("|") and after.start == token.end:
            self.at += 1
            double = True
        start = self.at
        close = self._closing_bar(token, double)
        if close == start:
            raise FormulaError("nothing between two bars", token.start)
        self.at = close + (2 if double and token.text == "|" else 1)
        return Func("norm" if double else "abs", (self.inside(self.tokens[start:close]),))

    def _closing_bar(self, token: Token, double: bool) -> int:
        """Where the bar that opens at ``token`` closes.

        A bar closes if it stands after an operand and opens if it stands after an operator.
        """
        depth = 0
        left = token.kind is Kind.LEFT_BAR
        operand = False
        k = self.at
        while k < len(self.tokens):
            t = self.tokens[k]
            step = nesting(t)
            if step > 0:
                depth += 1
                operand = False
            elif step < 0:
                depth -= 1
                operand = True
                if depth < 0:
                    break
            elif depth == 0:
                if left and t.kind is Kind.LEFT_BAR:
                    k = self._after_bars(k)
                    operand = True
                    continue
                if left and t.kind is Kind.RIGHT_BAR:
                    return k
                if not left and operand and t.is_char("|"):
                    after = self.tokens[k + 1] if k + 1 < len(self.tokens) else None
                    if not double or (after is not None and after.is_char("|")):
                        return k
                operand = not _is_operator(t)
            k += 1
        raise FormulaError("a bar is never closed", token.start)

    def _after_bars(self, k: int) -> int:
        r"""The place after the ``\right|`` of the ``\left|`` at k."""
        depth = 0
        while k < len(self.tokens):
            depth += self.tokens[k].kind is Kind.LEFT_BAR
            depth -= self.tokens[k].kind is Kind.RIGHT_BAR
            k += 1
            if depth == 0:
                return k
        raise self.fail("a bar is never closed")

    def norm(self, token: Token) -> Expr:
        r"""``\|x\|``, written with the sign that opens as it closes."""
        self.at += 1
        start, depth = self.at, 0
        for k in range(start, len(self.tokens)):
            t = self.tokens[k]
            if t.kind in (Kind.OPEN, Kind.BEGIN):
                depth += 1
            elif t.kind in (Kind.CLOSE, Kind.END):
                depth -= 1
            elif depth == 0 and t.is_macro("Vert"):
                self.at = k + 1
                return Func("norm", (self.nested(list(self.tokens[start:k])),))
        raise FormulaError("“\\|” is never closed", token.start)

    def inner_product(self, token: Token) -> Expr:
        r"""``\langle x, y \rangle``."""
        self.at += 1
        start, depth = self.at, 0
        for k in range(start, len(self.tokens)):
            t = self.tokens[k]
            if t.kind is Kind.OPEN or (t.kind is Kind.CHAR and t.text in CLOSING):
                depth += 1
            elif t.kind is Kind.CLOSE or (t.kind is Kind.CHAR and t.text in (")", "]")):
                depth -= 1
            elif depth == 0 and t.is_macro("rangle"):
                self.at = k + 1
                parts = split_at(self.tokens[start:k], ",")
                if len(parts) != 2:
                    raise FormulaError("an inner product of two vectors was expected", token.start)
                return Func("dot", (self.nested(parts[0]), self.nested(parts[1])))
        raise FormulaError("“⟨” is never closed", token.start)


def _is_operator(token: Token) -> bool:
    if token.kind is Kind.CHAR:
        return token.text in _OPERATORS
    return token.is_macro(*_OPERATOR_MACROS)


def norm_of_kind(norm: Func, kind: str, at: int) -> Expr:
    """The norm that a subscript names.

    Raises:
        FormulaError: one that is not known, placed at character ``at``.
    """
    if kind in ("2", "F", "\\text{F}"):
        return norm
    if kind == "1":
        return Func("norm1", norm.args)
    raise FormulaError("this norm is not known; 1 and 2 are", at)
