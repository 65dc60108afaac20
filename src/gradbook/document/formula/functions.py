"""Known functions with their arguments, roots, sums and products."""

from __future__ import annotations

from gradbook.document.formula.bars import norm_of_kind
from gradbook.document.formula.lists import CLOSING, canonical_text, split_at, spoken
from gradbook.document.formula.names import GREEK, INVERSES, relation_of
from gradbook.document.formula.scripts import Scripts, power
from gradbook.document.tokens import MAX_DEPTH, FormulaError, Kind, Token
from gradbook.symbolic.expr import (
    FUNCTIONS,
    HALF,
    ONE,
    Apply,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Number,
    Pow,
    Product,
    Sum,
    number,
)

#: Macros with which an argument without brackets goes on, beside Greek letters.
_ARGUMENT_MACROS = GREEK | {"frac", "sqrt", "hat", "bar", "tilde"}


class Functions(Scripts):
    r"""``\sin 2x``, ``\log_2 x``, ``\tanh^2(x)``, ``\sqrt[3]{x}``, ``\sum_{i=1}^{n} x_i``."""

    def function(self, name: str, token: Token) -> Expr:
        """A function the core knows, its power, its base, and its argument with or without brackets."""
        exponent: Expr | None = None
        base: list[Token] | None = None
        primes = 0
        while (after := self.peek()) is not None and after.kind is Kind.CHAR:
            if after.text == "^" and exponent is None:
                self.at += 1
                exponent = self.nested(self.script())
            elif after.text == "_" and base is None:
                self.at += 1
                base = self.script()
            elif after.text == "'":
                self.at += 1
                primes += 1
            else:
                break
        if exponent == Neg(ONE) and name in INVERSES:
            name, exponent = INVERSES[name], None
        result = self._applied(name, token, base, primes)
        return result if exponent is None else power(result, exponent)

    def _applied(self, name: str, token: Token, base: list[Token] | None, primes: int) -> Expr:
        foot = None if base is None else self.nested(base)
        args = self._arguments(name, token)
        if name in ("log10", "log2") and foot is None:
            foot, name = number(int(name[3:])), "log"
        arity = FUNCTIONS[name]
        if arity is not None and len(args) != arity:
            takes = f"{arity} argument{'s' * (arity > 1)}"
            raise FormulaError(f"{name} takes {takes}, not {len(args)}", token.start)
        if foot is None:
            return Apply(name, args, (primes,)) if primes else Func(name, args)
        if name == "log" and not primes:
            return Div(Func("log", args), Func("log", (foot,)))
        if name == "softmax" and base is not None and not primes:
            return self.softmax_component(args[0], base)
        if name == "norm" and base is not None and not primes:
            return norm_of_kind(Func("norm", args), canonical_text(base), token.start)
        if name in ("max", "min"):
            raise FormulaError(f"“\\{name}” over an index is not known", token.start)
        raise FormulaError(f"a subscript of “{spoken(token)}” is not known here", token.start)

    def _arguments(self, name: str, token: Token) -> tuple[Expr, ...]:
        after = self.peek()
        if after is None:
            raise FormulaError(f"“{spoken(token)}” without an argument", token.start)
        if after.kind is Kind.CHAR and after.text in CLOSING:
            return tuple(self.nested(part) for part in split_at(self.bracket(after.text), ",", ";"))
        if after.kind is Kind.OPEN:
            return tuple(self.nested(part) for part in split_at(self.group(), ","))
        if name in ("max", "min"):
            raise FormulaError(f"“\\{name}” needs brackets", token.start)
        return (self._bare_argument(),)

    def _bare_argument(self) -> Expr:
        r"""\sin 2x, \log p_i: numbers and names that follow, up to a bracket, a function or a sign."""
        signs = 0
        while self.accept("-"):
            signs += 1
            if signs > MAX_DEPTH:
                raise self.too_deep()
        factors = [self.factor()]
        while self.goes_on(factors[-1]):
            factors.append(self.factor())
        result = factors[0] if len(factors) == 1 else Mul(tuple(factors))
        for _ in range(signs):
            result = Neg(result)
        return result

    def goes_on(self, last: Expr) -> bool:
        """Whether an argument without brackets goes on after its last factor."""
        token = self.peek()
        if token is None or isinstance(last, Func | Apply | Sum):
            return False
        match token.kind:
            case Kind.CHAR:
                return token.text.isalnum()
            case Kind.MACRO:
                return token.text in _ARGUMENT_MACROS
            case kind:
                return kind is Kind.SYMBOL

    def root(self) -> Expr:
        r"""``\sqrt{x}`` is :math:`x^{1/2}`, ``\sqrt[n]{x}`` is :math:`x^{1/n}`."""
        self.at += 1
        degree = self.inside(self.bracket("[")) if self.stands("[") else None
        body = self.nested(self.group())
        if degree is None:
            return Pow(body, HALF)
        if isinstance(degree, Number) and degree.value != 0:
            return Pow(body, Number(1 / degree.value))
        return Pow(body, Div(ONE, degree))

    # --- sums and products ----------------------------------------------------------------------

    def over_indices(self, name: str) -> Expr:
        """A sum or product with its range; it takes the term that follows."""
        token = self.take()
        lower: Expr | None = None
        upper: Expr | None = None
        indices: list[str] = []
        excluded: Expr | None = None
        for _ in range(2):
            if self.stands("_"):
                self.at += 1
                indices, lower, excluded = self._range(self.script(), token)
            elif self.stands("^"):
                self.at += 1
                upper = self.nested(self.script())
        if not indices:
            raise FormulaError(f"“\\{name}” without an index", token.start)
        if len(indices) > MAX_DEPTH:
            raise self.too_deep()
        # an index that is used again inside (as in nested sums of the same letter) is shadowed by the tree
        outside = self.bound
        self.bound = [*outside, *indices]
        try:
            sign = self.sign()
            body = self.term()
            if sign < 0:
                body = Neg(body)
        finally:
            self.bound = outside
        for index in reversed(indices):
            if name == "sum":
                body = Sum(body, index, lower, upper, excluded if index == indices[0] else None)
            else:
                body = Product(body, index, lower, upper)
        return body

    def _range(self, tokens: list[Token], at: Token) -> tuple[list[str], Expr | None, Expr | None]:
        r"""The indices, the lower end and what is left out: i, i = 1, i \in S, i \ne j, (i, j)."""
        words = next((t for t in tokens if t.kind is Kind.TEXT), None)
        if words is not None:
            raise FormulaError("words in the range of a sum are not understood", words.start)
        if len(tokens) > 2 and tokens[0].is_char("(") and tokens[-1].is_char(")"):
            tokens = tokens[1:-1]
        if not tokens:
            raise FormulaError("a sum without an index", at.start)
        mark = next((k for k, t in enumerate(tokens) if relation_of(t)), None)
        head = tokens if mark is None else tokens[:mark]
        names = [canonical_text(part) for part in split_at(head, ",")]
        if not all(n and (n[0].isalpha() or n[0] == "\\") for n in names):
            raise FormulaError("the index of a sum could not be read", head[0].start if head else at.start)
        if mark is None:
            return names, None, None
        match relation_of(tokens[mark]):
            case "=":
                return names, self.nested(tokens[mark + 1 :]), None
            case "!=":
                return names[:1], None, self.nested(tokens[mark + 1 :])
            case "in":
                if len(self.names.sets) > 1:
                    raise FormulaError("sums over different sets are not told apart", tokens[mark].start)
                return names, None, None
            case _:
                raise FormulaError("this range of a sum is not known", tokens[mark].start)
