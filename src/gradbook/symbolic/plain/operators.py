"""Sums over an index, derivatives, and values at a point."""

from __future__ import annotations

from collections.abc import Callable

from gradbook.symbolic.expr import Add, At, Derivative, Div, Expr, Neg, Number, Product, Sum
from gradbook.symbolic.plain.cursor import Cursor
from gradbook.symbolic.plain.names import is_known
from gradbook.symbolic.plain.naming import MAX_ORDER
from gradbook.symbolic.plain.tokens import Kind, Token

_Range = tuple[str, Expr | None, Expr | None, Expr | None]


class Operators(Cursor):
    """Forms that are written like functions, but bind a name."""

    def _index(self) -> str:
        """The name of the index of a sum."""
        token = self.take()
        if token.kind is Kind.LATEX:
            return self.read_verbatim(token)
        if token.kind is not Kind.NAME or is_known(token.text) or "_" in token.text:
            raise self.wrong("the index, like i", token)
        return self.letter(token, token.text)

    def over_index(self, token: Token) -> Expr:
        """A sum or product: ``sum(x_i, i)``, ``sum(x_i, i, 1, n)``, ``sum(x_i for i in 1..n if i != j)``."""
        opened = self.at
        self.expect("(")
        start, close = self.at, self.partners[opened]
        k = start
        while k < close and not (self.tokens[k].is_sign(",") or self.tokens[k].is_word("for")):
            k = self.partners.get(k, k) + 1
        if k >= close:
            raise self.wrong(f"the index, as in {token.text}(x_i, i)", self.tokens[close])
        self.at = k + 1
        index, lower, upper, excluded = self.inside(
            self._range_after_for if self.tokens[k].is_word("for") else self._range
        )
        if self.at != close:
            raise self.wrong("“)” after the range")
        summed = token.text.lower() == "sum"
        if excluded is not None and not summed:
            raise self.wrong("a product over a whole range", token)
        self.at = start
        outside, self.bound = self.bound, self.bound | {index}
        body = self.inside(self.value)
        self.bound = outside
        if self.at != k:
            raise self.wrong("an operator or “,”")
        self.at = close + 1
        if summed:
            return Sum(body, index, lower, upper, excluded)
        return Product(body, index, lower, upper)

    def _range(self) -> _Range:
        """``i``, ``i, 1, n``, ``i = 1..n``, ``i != j`` or ``(i, 1, n)``."""
        if self.accept("("):
            index = self._index()
            self.expect(",")
            lower = self.sum()
            self.expect(",")
            upper = self.sum()
            self.expect(")")
            return index, lower, upper, None
        index = self._index()
        if self.accept(","):
            lower = self.sum()
            self.expect(",")
            return index, lower, self.sum(), None
        if self.accept("="):
            return index, *self._ends(), None
        return index, None, None, self._excluded()

    def _range_after_for(self) -> _Range:
        """``i``, ``i in 1..n``, ``i != j``, ``i in 1..n if i != j``."""
        index = self._index()
        if excluded := self._excluded():
            return index, None, None, excluded
        lower, upper = self._ends() if self.accept_word("in") else (None, None)
        if self.accept_word("if"):
            again = self.token
            if self._index() != index:
                raise self.wrong(f"“{index} != …”", again)
            excluded = self._excluded()
            if excluded is None:
                raise self.wrong("“!=”")
        return index, lower, upper, excluded

    def _excluded(self) -> Expr | None:
        return self.sum() if self.accept("!=") else None

    def _ends(self) -> tuple[Expr | None, Expr | None]:
        """``1..n``; either end may be missing."""
        lower = None if self.token.is_sign("..") else self.sum()
        self.expect("..")
        closed = self.token.is_sign(")") or self.token.is_word("if")
        return lower, None if closed and lower is not None else self.sum()

    def derivative(self, token: Token) -> Expr:
        """``diff(f, x)``, ``diff(f, x, 2)``; ``partial`` and ``nabla`` are its other signs."""
        self.expect("(")
        body = self.inside(self.value)
        self.expect(",")
        wrt = self.inside(self.value)
        order = 1
        if self.accept(","):
            count = self.take()
            if (
                not count.text.isdecimal()
                or not 1 <= len(count.text) < 3
                or not 1 <= int(count.text) <= MAX_ORDER
            ):
                raise self.wrong(f"an order from 1 to {MAX_ORDER}", count)
            order = int(count.text)
        self.expect(")")
        if isinstance(wrt, Number | Add | Neg | Div):
            raise self.wrong("a variable to differentiate by", token)
        word = token.text.lower()
        variant = {"diff": "d", "grad": "nabla"}.get(word, word)
        return Derivative(body, wrt, order, variant)

    def at_point(self, _: Token) -> Expr:
        """``at(x^2, x = 3)``: a value at a point."""
        self.expect("(")
        body = self.inside(self.value)
        self.expect(",")
        variable = self.inside(self.sum)
        self.expect("=")
        value = self.inside(self.value)
        self.expect(")")
        return At(body, variable, value)


#: The forms by the words that begin them.
FORMS: dict[str, Callable[[Operators, Token], Expr]] = {
    "sum": Operators.over_index, "prod": Operators.over_index, "product": Operators.over_index,
    "diff": Operators.derivative, "partial": Operators.derivative, "nabla": Operators.derivative,
    "grad": Operators.derivative, "at": Operators.at_point,
}  # fmt: skip
