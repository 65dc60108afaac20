"""What is written after an atom: powers, primes, factorials, labels, values at a point."""

from __future__ import annotations

from gradbook.document.formula.bars import norm_of_kind
from gradbook.document.formula.cursor import Cursor
from gradbook.document.formula.lists import canonical_text, split_at
from gradbook.document.formula.names import relation_of
from gradbook.document.tokens import MAX_DEPTH, Kind, Token
from gradbook.symbolic.expr import (
    Apply,
    At,
    Derivative,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Number,
    Pow,
    Sum,
    Symbol,
)

_CHAR, _MACRO = Kind.CHAR, Kind.MACRO
_SCRIPTS = frozenset({"^", "_", "'", "!", "|", "prime", "evaluated"})


class Scripts(Cursor):
    """Everything that binds to the atom before it."""

    def with_scripts(self, base: Expr) -> Expr:
        """An atom, and what is written after it."""
        count = 0
        while (token := self.peek()) is not None:
            found = self._script_after(base, token)
            if found is None:
                break
            base = found
            count += 1
            if count > MAX_DEPTH:
                raise self.too_deep()
        return base

    def _script_after(self, base: Expr, token: Token) -> Expr | None:
        """The base with the script that begins at a token; None where none does."""
        kind = token.kind
        if token.text not in _SCRIPTS:
            return None
        if kind is _MACRO:
            if token.text == "prime":
                return self._primed(base)
            return self._at_point(base) if token.text == "evaluated" else None
        if kind is not _CHAR:
            return None
        match token.text:
            case "^":
                self.at += 1
                return self._raised(base)
            case "'":
                return self._primed(base)
            case "!":
                self.at += 1
                return Func("factorial", (base,))
            case "|" if self.stands("_", 1):
                return self._at_point(base)
            case "_":
                return self._lowered(base, token)
            case _:
                return None

    # --- above ----------------------------------------------------------------------------------

    def _raised(self, base: Expr) -> Expr:
        """A power, a transpose, or primes."""
        script = self.script()
        if len(script) == 1 and _is_transpose(script[0]):
            return Func("transpose", (base,))
        if script and all(is_prime(t) for t in script):
            for _ in script:
                base = differentiated(base)
            return base
        exponent = self.nested(script)
        return Func("exp", (exponent,)) if base == E else power(base, exponent)

    def _primed(self, base: Expr) -> Expr:
        while (token := self.peek()) is not None and is_prime(token):
            self.at += 1
            base = differentiated(base)
        return base

    # --- below ----------------------------------------------------------------------------------

    def _lowered(self, base: Expr, token: Token) -> Expr | None:
        """A point, a component, the kind of a norm, or a label put on a name in brackets."""
        if self._point_follows():
            return self._at_point(base, marked=False)
        if isinstance(base, Func):
            if base.name == "softmax":
                self.at += 1
                return self.softmax_component(base.args[0], self.script())
            if base.name == "norm":
                self.at += 1
                return norm_of_kind(base, canonical_text(self.script()), token.start)
        if isinstance(base, Symbol | Indexed):
            self.at += 1
            return Symbol(f"{_flat(base)}_{{{canonical_text(self.script())}}}")
        return None

    def _point_follows(self) -> bool:
        """Whether a subscript gives a point: ``[ … ]_{x=3}``."""
        mark = self.at
        self.at += 1
        script = self.script() if self.peek() is not None else []
        self.at = mark
        return any(relation_of(t) == "=" for t in script)

    def _at_point(self, base: Expr, *, marked: bool = True) -> Expr:
        """The bar with ``_{x=2}`` (or ``_{x=a, y=b}``) after an expression."""
        if marked:
            self.take()  # the bar
        self.take()  # the sign of the subscript
        parts = split_at(self.script(), ",")
        if len(parts) > MAX_DEPTH:
            raise self.too_deep()
        for part in parts:
            mark = next((k for k, t in enumerate(part) if relation_of(t) == "="), None)
            if mark is None:
                raise self.fail("a value like x = 2 was expected below the bar")
            base = At(base, self.nested(part[:mark]), self.nested(part[mark + 1 :]))
        return base

    def softmax_component(self, argument: Expr, script: list[Token]) -> Expr:
        r"""``\operatorname{softmax}(z)_i`` is :math:`e^{z_i} / \sum_j e^{z_j}`."""
        if not isinstance(argument, Symbol) or len(script) != 1 or not self.is_index_token(script[0]):
            raise self.fail("a component of softmax was expected")
        index = self.index_atom(script[0])
        free = "j" if index != Symbol("j") else "k"
        total = Sum(Func("exp", (Indexed(argument.name, (Symbol(free),)),)), free)
        return Div(Func("exp", (Indexed(argument.name, (index,)),)), total)


def _is_transpose(token: Token) -> bool:
    """Whether a superscript of one token is a T in one of its spellings."""
    if token.is_macro("top", "intercal", "mathsf"):
        return True
    if token.kind is Kind.NAME:
        return token.text in ("T", "\\top")
    return token.text == "T" and token.kind in (Kind.CHAR, Kind.SYMBOL, Kind.TEXT)


def is_prime(token: Token) -> bool:
    """Whether a token is a prime."""
    return token.is_char("'") or token.is_macro("prime")


def _flat(name: Symbol | Indexed) -> str:
    """A component as one name, for a label put on a bracket around it: ``(w_1)_{new}``."""
    if isinstance(name, Symbol):
        return name.name
    parts = [
        str(i.value) if isinstance(i, Number) else i.name if isinstance(i, Symbol) else "…"
        for i in name.indices
    ]
    return f"{name.base}_{{{','.join(parts)}}}"


def power(base: Expr, exponent: Expr) -> Expr:
    """A power; an exponent that is a fraction of whole numbers is one number.

    >>> from gradbook.symbolic.expr import number
    >>> power(Symbol("x"), Div(number(2), number(3))).exponent
    Number(value=Fraction(2, 3), decimals=None)
    """
    match exponent:
        case Div(Number(above, None), Number(below, None)) if (
            below and above.denominator == below.denominator == 1
        ):
            return Pow(base, Number(above / below))
        case _:
            return Pow(base, exponent)


def differentiated(base: Expr) -> Expr:
    """A prime after something: one more derivative."""
    match base:
        case Apply(name, args, orders) if len(args) == 1:
            return Apply(name, args, ((orders[0] if orders else 0) + 1,))
        case Apply(name, (), orders):
            return Apply(name, (), ((orders[0] if orders else 0) + 1,))
        case Symbol(name):
            return Apply(name, (), (1,))
        case Derivative(body, Symbol("?"), order, _):
            return Derivative(body, Symbol("?"), order + 1)
        case _:
            return Derivative(base, Symbol("?"), 1)
