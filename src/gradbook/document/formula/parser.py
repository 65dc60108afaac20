"""Sums, products and quotients: the loosest part of the grammar, and the ways in."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.document.formula.atoms import Atoms
from gradbook.document.formula.lists import is_name
from gradbook.document.formula.names import ACCENTS, GREEK, MACRO_FUNCTIONS, Names, Reading
from gradbook.document.tokens import MAX_DEPTH, Kind, Token
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.expr import (
    Add,
    Condition,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Product,
    Sum,
    Symbol,
    walk,
)

_ATOM_MACROS = (
    frozenset({"frac", "sqrt", "sum", "prod", "nabla", "partial", "dot", "Vert", "langle", "mathbf"})
    | GREEK
    | ACCENTS
    | frozenset(MACRO_FUNCTIONS)
)
_CHAR, _MACRO = Kind.CHAR, Kind.MACRO
_OPERATOR_KINDS = frozenset({Kind.CHAR, Kind.MACRO})
_OPERATORS = {"*": "*", "cdot": "*", "times": "*", "/": "/", "div": "/"}
_SIGNS = frozenset({"+", "-", "pm", "mp"})
_ATOM_SIGNS = frozenset({"(", "[", r"\{", ".", "|"})
_ATOM_KINDS = frozenset({Kind.OPEN, Kind.NAME, Kind.SYMBOL, Kind.LEFT_BAR})
_ATOM_ENVIRONMENTS = frozenset(
    {"cases", "dcases", "rcases", "cases*", "dcases*", "array", "matrix", "aligned"}
)
#: How many terms or factors are read between two looks at the clock.
_STRIDE = 256


class Parser(Atoms):
    """Recursive descent over a token list.

    >>> from gradbook.document.tokens import tokenise
    >>> parser = Parser(tokenise("x + 1 = y"), Names(), Reading(), None)
    >>> parser.expression(), parser.at
    (Add(terms=(Symbol(name='x'), Number(value=Fraction(1, 1), decimals=None))), 3)
    """

    # --- sums -----------------------------------------------------------------------------------

    def expression(self) -> Expr:
        """A sum of terms with signs.

        Raises:
            FormulaError: what stands here is none, or is nested too deep.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.too_deep()
        try:
            return self._expression()
        finally:
            self.depth -= 1

    def _expression(self) -> Expr:
        self.skip_space()
        terms = [self._signed(self.sign())]
        while True:
            self.skip_space()
            token = self.peek()
            if token is None or token.kind is not _CHAR or token.text not in ("+", "-"):
                break
            self.at += 1
            sign = -1 if token.text == "-" else 1
            terms.append(self._signed(sign * self.sign()))
            if self.clock is not None and len(terms) % _STRIDE == 0:
                self.clock.check()
        return terms[0] if len(terms) == 1 else Add(tuple(self._rebound(terms)))

    def sign(self) -> int:
        """The signs that stand here, as -1 or 1."""
        sign = 1
        while (token := self.peek()) is not None and token.text in _SIGNS:
            if token.is_char("-"):
                sign = -sign
            elif not token.is_char("+"):
                if token.is_macro("pm", "mp"):
                    raise self.fail("“±” stands for two values; write them apart")
                break
            self.at += 1
            self.skip_space()
        return sign

    def _signed(self, sign: int) -> Expr:
        term = self.term()
        return Neg(term) if sign < 0 else term

    def _rebound(self, terms: list[Expr]) -> list[Expr]:
        """``\\sum_i a_i + b_i``: an index that only the sum binds is meant to run over both terms.

        ``2 \\sum_i a_i + b_i`` may also mean ``2 (\\sum_i a_i) + (b_i)``: it stays, and the line will
        say what is unbound.
        """
        sums = [(k, t) for k, t in enumerate(terms[:-1]) if isinstance(t, Sum) and t.index not in self.bound]
        if not sums:
            return terms
        # the last term in which each index is free
        last = {index: k for k, term in enumerate(terms) for index in _open_indices(term)}
        for k, core in sums:
            if last.get(core.index, 0) > k:
                body = core.body.terms if isinstance(core.body, Add) else (core.body,)
                joined = Sum(Add((*body, *terms[k + 1 :])), core.index, core.lower, core.upper, core.excluded)
                return [*terms[:k], joined]
        return terms

    # --- products -------------------------------------------------------------------------------

    def term(self) -> Expr:
        """A product, or products by components."""
        result = self.product()
        count = 0
        while (token := self.peek()) is not None and token.is_macro("odot"):
            count += 1
            if count > MAX_DEPTH:
                raise self.too_deep()
            self.at += 1
            result = Func("hadamard", (result, self.product()))
        return result

    def product(self) -> Expr:
        """Factors side by side, or with signs of multiplication and division between them."""
        factors = [self.factor()]
        quotients = 0
        while (token := self.peek()) is not None:
            if self.clock is not None and len(factors) % _STRIDE == 0:
                self.clock.check()
            operator = _OPERATORS.get(token.text) if token.kind in _OPERATOR_KINDS else None
            if operator == "/":
                quotients += 1
                if quotients > MAX_DEPTH:
                    raise self.too_deep()
                self.at += 1
                factors = [self._quotient(factors)]
            elif operator == "*":
                self.at += 1
                self.skip_space()
                factors.append(self._signed_factor())
            elif token.kind is Kind.STRUCK:
                self.at += 1
            elif self.starts_atom():
                factors.append(self.factor())
            else:
                break
        return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _signed_factor(self) -> Expr:
        """A factor after a written product sign may carry a sign of its own."""
        if self.stands("-"):
            self.at += 1
            return Neg(self.factor())
        if self.stands("+"):
            self.at += 1
        return self.factor()

    def _quotient(self, numerators: list[Expr]) -> Expr:
        above = numerators[0] if len(numerators) == 1 else Mul(tuple(numerators))
        below = [self._signed_factor()]
        if self.starts_atom():
            if isinstance(above, Number) and isinstance(below[0], Number):
                return Div(above, below[0])  # 1/2 x
            self.ambiguous = True
            if self.reading.slash_takes_product:
                while self.starts_atom():
                    below.append(self.factor())
        return Div(above, below[0] if len(below) == 1 else Mul(tuple(below)))

    def starts_atom(self) -> bool:
        """Whether a factor may begin here."""
        token = self.peek()
        if token is None:
            return False
        kind, text = token.kind, token.text
        if kind is _CHAR:
            return text.isalnum() or text in _ATOM_SIGNS
        if kind is _MACRO:
            return text in _ATOM_MACROS
        if kind is Kind.TEXT:
            return is_name(text)
        if kind is Kind.BEGIN:
            return text in _ATOM_ENVIRONMENTS
        return kind in _ATOM_KINDS

    def factor(self) -> Expr:
        """An atom with what is written after it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.too_deep()
        try:
            return self.with_scripts(self.atom())
        finally:
            self.depth -= 1


def _open_indices(tree: Expr) -> set[str]:
    """The names of indices of components in a tree that no sum in it binds."""
    found: set[str] = set()
    taken: set[str] = set()
    for node in walk(tree):
        if isinstance(node, Sum | Product):
            taken.add(node.index)
        elif isinstance(node, Indexed):
            found |= {index.name for index in node.indices if isinstance(index, Symbol)}
    return found - taken


def read_expression(
    tokens: Sequence[Token], names: Names, reading: Reading | None = None, clock: Clock | None = None
) -> tuple[Expr, bool]:
    """The tree of a side, and whether another reading was possible.

    Raises:
        FormulaError: naming what could not be read and where.
        BoundHit: the clock ran out.

    >>> from gradbook.document.tokens import tokenise
    >>> read_expression(tokenise(r"a / b c"), Names())
    (Mul(factors=(Div(num=Symbol(name='a'), den=Symbol(name='b')), Symbol(name='c'))), True)
    """
    parser = Parser(tokens, names, reading or Reading(), clock)
    result = parser.expression()
    parser.expect_end()
    return result, parser.ambiguous


def read_condition(
    tokens: Sequence[Token], names: Names, reading: Reading | None = None, clock: Clock | None = None
) -> Condition:
    """The tree of a condition such as ``0 < x \\le 1`` or ``y \\in \\{-1, 1\\}``.

    Raises:
        FormulaError: naming what could not be read and where.
        BoundHit: the clock ran out.

    >>> from gradbook.document.tokens import tokenise
    >>> read_condition(tokenise("x > 0"), Names())
    Relation(left=Symbol(name='x'), op=<Op.GT: '>'>, right=Number(value=Fraction(0, 1), decimals=None))
    """
    parser = Parser(tokens, names, reading or Reading(), clock)
    result = parser.condition()
    parser.expect_end()
    return result
