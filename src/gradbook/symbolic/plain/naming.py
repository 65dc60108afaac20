"""Names that are typed: a symbol, a component, an application, or the first factor of a product."""

from __future__ import annotations

from gradbook.symbolic.expr import Apply, Delta, Expr, Func, Indexed, Number, Symbol
from gradbook.symbolic.plain.cursor import Cursor
from gradbook.symbolic.plain.names import USUAL_VARIABLES, Name, Usage, name_of
from gradbook.symbolic.plain.tokens import Kind, PlainError, Token

#: Most primes, and highest order of a derivative, as in documents.
MAX_ORDER = 8


class Naming(Cursor):
    """Whether ``f(x)`` is an application or a product is decided here, with what the text says."""

    def read_name(self, token: Token) -> Name:
        """The name of a token that has been taken, with the scripts in braces or brackets after it."""
        script: str | None = None
        if self.token.kind is Kind.SCRIPT:
            script = self.take().text
        try:
            name = name_of(token.text, script, Usage(self.bound, self.double))
        except ValueError as reason:
            raise self.wrong(str(reason), token) from None
        if name.base.startswith("\\text{") and set(token.text) <= self.bare and token.text.isalpha():
            product = "*".join(token.text)
            raise self.wrong(f"one name, or {product} with its signs", token)
        return name

    def with_argument(self, token: Token, name: Name) -> Expr:
        """A name with indices in brackets, primes and arguments, as far as it has them."""
        if self.token.is_sign("[") and self.token.start == self.tokens[self.at - 1].end:
            if name.indices:
                raise self.wrong("one kind of subscript")
            self.at += 1
            name = Name(name.base, self.values("]"))
        orders = self._orders(name)
        if orders is None:
            return Symbol(f"{name.base}^{{({self._tag()})}}")
        if orders and not self.token.is_sign("("):
            raise self.wrong("“(” after the prime, which belongs to a function")
        if not self.token.is_sign("(") or not (orders or self._applies(token, name)):
            if name.base == r"\delta" and len(name.indices) == 2 and token.text != "delta":
                return Delta(*name.indices)
            return plain(name)
        opened = self.take()
        args: tuple[Expr, ...] = ()
        if self.token.is_sign(")") and (orders or name.indices or token.kind is Kind.LATEX):
            self.at += 1
        else:
            args = self.values(")")
        return self._application(name, args, orders, opened)

    def _application(self, name: Name, args: tuple[Expr, ...], orders: tuple[int, ...], at: Token) -> Expr:
        spelt, indices = name.base, name.indices
        if len(indices) == 1 and isinstance(indices[0], Number):
            spelt, indices = f"{spelt}_{{{digits_of(indices[0])}}}", ()  # f_1(x) is a function of its own
        if len(orders) > 1 and len(orders) != len(args):
            raise PlainError(f"expected {len(orders)} arguments, found {len(args)}", at.column)
        if spelt == r"\delta" and not indices and len(args) == 2 and not orders:
            return Delta(*args)
        if spelt == r"\sigma" and not indices and len(args) == 1 and spelt not in self.functions:
            return Apply("sigmoid", args, orders) if orders else Func("sigmoid", args)
        if orders:
            orders = (0,) * len(indices) + orders + (0,) * (len(args) - len(orders))
        return Apply(spelt + "_{}" if indices else spelt, (*indices, *args), orders)

    def _applies(self, token: Token, name: Name) -> bool:
        """Whether the bracket that follows a name holds its arguments, and is not a factor."""
        spelt = name.base
        if token.kind is Kind.LATEX:
            return True
        if len(name.indices) == 1 and isinstance(name.indices[0], Number):
            spelt += f"_{{{digits_of(name.indices[0])}}}"
        if spelt in self.functions:
            return True
        if spelt in self.variables:
            return False
        if self._holds_list():
            return True
        return token.text not in self.bare and name.base.partition("_")[0] not in USUAL_VARIABLES

    def _holds_list(self) -> bool:
        """Whether the bracket ahead holds a list: then it cannot be a factor."""
        k, close = self.at + 1, self.partners[self.at]
        while k < close:
            if self.tokens[k].is_sign(","):
                return True
            k = self.partners.get(k, k) + 1
        return False

    def _orders(self, name: Name) -> tuple[int, ...] | None:
        """How often a function is differentiated by each argument; None if ``^{(2)}`` belongs to the name."""
        primes = 0
        while self.accept("'"):
            primes += 1
            if primes > MAX_ORDER:
                raise self.wrong(f"at most {MAX_ORDER} primes")
        if primes:
            return (primes,)
        close = self.partners.get(self.at + 1, 0) if self.token.is_sign("^") else 0
        inner = self.tokens[self.at + 3 : close - 1]
        if not (close and self.tokens[self.at + 2].is_sign("(") and self.partners[self.at + 2] == close - 1):
            return ()
        if not self.tokens[self.at + 1].is_sign("{") or not inner:
            return ()
        if not all(t.text.isdecimal() and len(t.text) < 4 for t in inner[::2]):
            return ()
        if not all(t.is_sign(",") for t in inner[1::2]) or len(inner) % 2 == 0:
            return ()
        applied = self.tokens[close + 1].is_sign("(") and name.base not in USUAL_VARIABLES | self.variables
        if not applied and len(inner) == 1 and not name.indices:
            return None
        self.at = close + 1
        return tuple(int(t.text) for t in inner[::2])

    def _tag(self) -> str:
        """The digits of ``^{(2)}``, which is taken."""
        digits = self.tokens[self.at + 3].text
        self.at += 6
        return digits


def plain(name: Name) -> Symbol | Indexed:
    """A name that is applied to nothing."""
    return Indexed(name.base, name.indices) if name.indices else Symbol(name.base)


def digits_of(index: Expr) -> str:
    """The digits of an index that is a number."""
    assert isinstance(index, Number)
    return str(index.value)
