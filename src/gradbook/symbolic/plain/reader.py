"""Values, sums, products and powers: the loosest part of the grammar, and the ways in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gradbook.symbolic.expr import (
    HALF,
    PI,
    Add,
    Cases,
    Condition,
    Div,
    E,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Number,
    Otherwise,
    Pow,
    Symbol,
    children,
    number,
)
from gradbook.symbolic.plain.conditions import Conditions
from gradbook.symbolic.plain.functions import Functions, raised, small
from gradbook.symbolic.plain.names import Name, function_of, is_known, operator_of
from gradbook.symbolic.plain.naming import digits_of, plain
from gradbook.symbolic.plain.operators import FORMS, Operators
from gradbook.symbolic.plain.tokens import MAX_DEPTH, Kind, PlainError, Token

_ATOM_SIGNS = ("(", "√")
_VALUE = "a number, a name or “(”"
_T = TypeVar("_T")
#: Most levels of a tree.
MAX_LEVELS = 100


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person typed: a definition with its name and parameters, or (name None) an expression."""

    name: str | None
    parameters: tuple[Expr, ...]
    body: Expr


def read(text: str) -> Expr:
    """The tree of an expression.

    Raises:
        PlainError: saying what was expected and what was found, and at which column.

    >>> read("-x^2")
    Neg(arg=Pow(base=Symbol(name='x'), exponent=Number(value=Fraction(2, 1), decimals=None)))
    """
    reader = _Reader(text)
    return reader.whole(reader.value)


def read_condition(text: str) -> Condition:
    """The tree of a condition, such as ``0 < x <= 1`` or ``x > 0 and y != 0``.

    Raises:
        PlainError: saying what was expected and what was found, and at which column.

    >>> read_condition("otherwise")
    Otherwise()
    """
    reader = _Reader(text)
    return reader.whole(reader.condition)


def read_statement(text: str) -> Statement:
    """A definition (``f(x) = x^2``, ``L = (y - f)^2``) or an expression.

    Raises:
        PlainError: saying what was expected and what was found, and at which column.

    >>> statement = read_statement("f(x) = 2x")
    >>> statement.name, statement.parameters
    ('f', (Symbol(name='x'),))
    """
    reader = _Reader(text)
    return reader.whole(reader.statement)


class _Reader(Functions, Operators, Conditions):
    """All parts of the grammar."""

    def whole(self, rule: Callable[[], _T]) -> _T:
        """What a rule reads, which must be everything."""
        result = rule()
        if self.token.kind is not Kind.END:
            raise self.wrong("an operator or the end")
        tree = result.body if isinstance(result, Statement) else result
        if isinstance(tree, Node) and _is_deep(tree):
            # ((a/b/c…)/d…)/…: no bracket is deep, but the tree is, and whoever walks it recurses
            raise PlainError(f"expected at most {MAX_LEVELS} operations in each other, found more", 1)
        return result

    # --- statements ---------------------------------------------------------------------------

    def statement(self) -> Statement:
        """A definition or an expression."""
        sign = self._sign_of_definition()
        if sign is None:
            return Statement(None, (), self.value())
        name, parameters = self._head()
        if self.at != sign:
            raise self.wrong("a name or a function like f(x) before “=”", self.tokens[min(self.at, sign)])
        self.at += 1
        return Statement(name, parameters, self.value())

    def _sign_of_definition(self) -> int | None:
        """Where the ``=`` of a definition stands: before any condition, outside all brackets."""
        k = 0
        while not self.tokens[k].is_sign("=", ":="):
            if self.tokens[k].kind is Kind.END or self.tokens[k].is_word("if"):
                return None
            k = self.partners.get(k, k) + 1
        return k

    def _head(self) -> tuple[str, tuple[Expr, ...]]:
        first = self.take()
        if first.kind not in (Kind.NAME, Kind.LATEX):
            raise self.wrong("a name or a function like f(x) before “=”", first)
        if first.kind is Kind.LATEX:
            name = Name(self.read_verbatim(first))
        elif is_known(first.text) and "_" not in first.text:
            name = Name(self.letter(first, first.text))
        else:
            name = self.read_name(first)
        if name.indices and not isinstance(name.indices[0], Number):
            raise self.wrong("the name of one thing before “=”", first)
        spelt = name.base + (f"_{{{digits_of(name.indices[0])}}}" if name.indices else "")
        if not self.accept("("):
            return spelt, ()
        self.functions.add(spelt)
        parameters: list[Expr] = []
        while True:
            at = self.token
            if at.kind not in (Kind.NAME, Kind.LATEX) or is_known(at.text):
                raise self.wrong("the name of a parameter")
            self.at += 1
            parameter = self.read_verbatim(at) if at.kind is Kind.LATEX else self.read_name(at)
            tree = Symbol(parameter) if isinstance(parameter, str) else plain(parameter)
            if tree in parameters:
                raise self.wrong("each parameter once", at)
            parameters.append(tree)
            self.variables.add(parameter if isinstance(parameter, str) else parameter.base)
            self.bare.add(at.text)
            if not self.accept(","):
                break
        self.expect(")")
        return spelt, tuple(parameters)

    # --- values -------------------------------------------------------------------------------

    def value(self) -> Expr:
        """A sum, or one value or another by conditions."""
        first = self.sum()
        if not self.token.is_word("if"):
            return first
        branches: list[tuple[Expr, Condition]] = []
        while self.accept_word("if"):
            branches.append((first, self.condition()))
            if not self.accept_word("else"):
                return Cases(tuple(branches))
            first = self.sum()
        return Cases((*branches, (first, Otherwise())))

    def sum(self) -> Expr:
        """Terms with signs."""
        terms = [self._term()]
        while self.token.is_sign("+", "-"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Add(tuple(terms))

    def _term(self) -> Expr:
        negative = False
        while self.token.is_sign("+", "-"):
            negative ^= self.take().text == "-"
        term = self.product()
        return Neg(term) if negative else term

    def product(self) -> Expr:
        """Factors side by side, or with signs of multiplication and division between them."""
        factors = [self.power()]
        quotients = 0
        while True:
            token = self.token
            if self.accept("*"):
                factors.append(self.signed(self.power))
            elif self.accept("/"):
                quotients += 1
                if quotients > MAX_DEPTH:
                    raise PlainError(
                        f"expected at most {MAX_DEPTH} signs “/” in a row, found more", token.column
                    )
                factors = [self._quotient(factors, token)]
            elif self.starts_factor():
                factors.append(self.power())
            else:
                return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _quotient(self, numerators: list[Expr], slash: Token) -> Expr:
        above = numerators[0] if len(numerators) == 1 else Mul(tuple(numerators))
        k = self.at
        below = self.signed(self.power)
        # 1/2x and a / b c are read in both ways by different people; in 1/n x the spaces say which way is meant
        close = self.tokens[k - 2].end == slash.start and slash.end == self.tokens[k].start
        if self.starts_factor() and not (close and self.tokens[self.at - 1].end < self.token.start):
            raise PlainError(
                "expected brackets that say what is divided by, found “/” before a product: "
                "write a/(b*c) or (a/b)*c",
                slash.column,
            )
        return Div(above, below)

    def signed(self, rule: Callable[[], Expr]) -> Expr:
        """A factor after a written sign may carry a sign of its own."""
        negative = False
        while self.token.is_sign("+", "-"):
            negative ^= self.take().text == "-"
        factor = rule()
        return Neg(factor) if negative else factor

    def starts_factor(self) -> bool:
        """Whether a factor may begin here without a sign; a number may not: 2 3 is none."""
        token = self.token
        if token.kind in (Kind.NAME, Kind.LATEX):
            return True
        return token.is_sign(*_ATOM_SIGNS) or (token.is_sign("|", "||") and self.bar is None)

    # --- powers -------------------------------------------------------------------------------

    def power(self) -> Expr:
        """An atom with what is written after it; powers group to the right."""
        base = self.atom()
        count = 0
        while True:
            count += 1
            if count > MAX_DEPTH:
                raise self.wrong(f"at most {MAX_DEPTH} powers of powers")
            if self.accept("!"):
                base = Func("factorial", (base,))
            elif self.token.kind is Kind.RAISED:
                base = raised(base, small(self.take()))
            elif self.accept("^"):
                if self.token.kind is Kind.NAME and self.token.text == "T":
                    self.at += 1
                    base = Func("transpose", (base,))
                else:
                    base = raised(base, self.exponent())
            else:
                return base

    def exponent(self) -> Expr:
        if self.accept("{"):
            result = self.inside(self.value)
            self.expect("}")
            return result
        return self.deeper(partial(self.signed, self.power))

    def atom(self) -> Expr:
        """The smallest thing that has a value."""
        token = self.token
        match token.kind:
            case Kind.NUMBER:
                self.at += 1
                return number(token.text.removesuffix("."))
            case Kind.NAME:
                return self.named()
            case Kind.LATEX:
                self.at += 1
                return self.with_argument(token, Name(self.read_verbatim(token)))
            case Kind.SIGN:
                return self._signed_atom(token)
            case _:
                raise self.wrong(_VALUE)

    def _signed_atom(self, token: Token) -> Expr:
        if self.accept("("):
            result = self.inside(self.value)
            self.expect(")")
            return result
        if self.accept("√"):
            return Pow(self.deeper(self.atom), HALF)
        if token.is_sign("|", "||"):
            return self._between_bars(token)
        raise self.wrong(_VALUE)

    def _between_bars(self, opened: Token) -> Expr:
        after = self.tokens[self.at + 1]
        double = opened.text == "||" or (after.is_sign("|") and after.start == opened.end)
        self.at += 2 if double and opened.text == "|" else 1
        result = self.inside(self.value, "||" if double else "|")
        for _ in range(2 if double and opened.text == "|" else 1):
            if not self.accept(opened.text):
                bars = "||" if double else "|"
                raise self.wrong(f"“{bars}” to close the “{bars}” of column {opened.column}")
        if not double:
            return Func("abs", (result,))
        return Func(self._kind_of_norm(), (result,))

    def _kind_of_norm(self) -> str:
        token = self.token
        if token.kind is Kind.SCRIPT:
            self.at += 1
            kind = token.text.strip()
        elif self.accept("_"):
            kind = self.take().text
        else:
            return "norm"
        if kind not in ("1", "2"):
            raise self.wrong("the norm 1 or 2", token)
        return "norm1" if kind == "1" else "norm"

    def named(self) -> Expr:
        token = self.take()
        stem, _, foot = token.text.partition("_")
        own = is_known(stem) and self.letter(token, stem) in self.functions if stem.isalpha() else False
        if is_known(stem) and not own:
            if (form := operator_of(token.text)) is not None:
                return FORMS[form](self, token)
            return self.function(function_of(stem) or stem, foot, token)
        if token.text == "e" and not (self.token.kind is Kind.SCRIPT or self.token.is_sign("[")):
            return E
        if token.text in ("pi", "π", "\\pi") and not (
            self.token.kind is Kind.SCRIPT or self.token.is_sign("[")
        ):
            return PI
        return self.with_argument(token, self.read_name(token))


def _is_deep(tree: Node) -> bool:
    """Whether a tree has more levels than are allowed; found without recursion."""
    level: list[Node] = [tree]
    for _ in range(MAX_LEVELS):
        level = [child for node in level for child in children(node)]
        if not level:
            return False
    return True
