"""A place in a list of tokens, and what the parts of the grammar ask of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

from gradbook.document.formula.lists import CLOSING, spoken
from gradbook.document.formula.names import USUAL_INDICES, Names, Reading
from gradbook.document.tokens import MAX_DEPTH, FormulaError, Kind, Token
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.expr import Condition, Expr, Symbol, number

_CLOSERS = frozenset(CLOSING.values())
_CHAR, _OPEN, _CLOSE = Kind.CHAR, Kind.OPEN, Kind.CLOSE
_SPACE = frozenset({Kind.QUAD, Kind.STRUCK, Kind.AMP})


class Cursor(ABC):
    """Tokens, the place among them, and the state that a reading carries along.

    Each part of the grammar derives from this class and adds its rules; the parser derives from all
    parts. A rule that another part needs is declared here.
    """

    def __init__(self, tokens: Sequence[Token], names: Names, reading: Reading, clock: Clock | None) -> None:
        self.tokens = tokens
        self.names = names
        self.reading = reading
        self.clock = clock
        self.at: int = 0
        self.depth = 0
        #: Whether another reading was possible.
        self.ambiguous = False
        #: Indices that the sums around this place bind.
        self.bound: list[str] = []
        #: Attempts that failed. Without this, attempts inside attempts double the work at each level.
        self.hopeless: set[tuple[str, int, int]] = set()

    # --- tokens ---------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> Token | None:
        """The token at this place, or some places ahead of it."""
        k = self.at + ahead
        return self.tokens[k] if k < len(self.tokens) else None

    def take(self) -> Token:
        """The token at this place, which is left behind."""
        if self.at >= len(self.tokens):
            raise FormulaError("the formula ends where something was expected", self.end())
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Take a sign if it stands here."""
        if self.stands(text):
            self.at += 1
            return True
        return False

    def stands(self, text: str, ahead: int = 0) -> bool:
        """Whether the given sign stands here, or some places ahead."""
        k = self.at + ahead
        if k >= len(self.tokens):
            return False
        token = self.tokens[k]
        return token.text == text and token.kind is _CHAR

    def digit(self, ahead: int) -> bool:
        """Whether a digit stands some places ahead."""
        token = self.peek(ahead)
        return token is not None and token.is_digit

    def skip_space(self) -> None:
        """Past wide spaces and what is struck out."""
        while self.at < len(self.tokens) and (token := self.tokens[self.at]).kind in _SPACE:
            self.at += 1
            after = self.peek()
            if token.kind is Kind.STRUCK and after is not None and after.is_macro("cdot", "times"):
                self.at += 1  # the product sign after a struck-out factor goes with it

    # --- errors and bounds ----------------------------------------------------------------------

    def end(self) -> int:
        """The last character of what is read here."""
        return self.tokens[-1].end - 1 if self.tokens else 0

    def fail(self, message: str) -> FormulaError:
        """The error that something is wrong at this place."""
        token = self.peek()
        return FormulaError(message, token.start if token else self.end())

    def expect_end(self) -> None:
        """Raise FormulaError if there is something left."""
        token = self.peek()
        if token is not None:
            raise self.unexpected(token)

    def unexpected(self, token: Token) -> FormulaError:
        """The error of a token that no rule takes."""
        return FormulaError(f"“{spoken(token)}” was not expected here", token.start)

    def too_deep(self) -> FormulaError:
        """The error of a tree that would be deeper than is read."""
        return self.fail(f"nested deeper than {MAX_DEPTH} levels")

    # --- groups and brackets --------------------------------------------------------------------

    def group(self) -> list[Token]:
        """The tokens inside a group, or the one token that stands for it."""
        token = self.take()
        if token.kind is not _OPEN:
            return [token]
        start, depth = self.at, 1
        while depth:
            kind = self.take().kind
            if kind is _OPEN:
                depth += 1
            elif kind is _CLOSE:
                depth -= 1
        return list(self.tokens[start : self.at - 1])

    def script(self) -> list[Token]:
        """The tokens of a superscript or subscript: one token or a group."""
        token = self.peek()
        if token is None:
            raise self.fail("a superscript or subscript is missing")
        if token.kind is Kind.OPEN:
            return self.group()
        self.at += 1
        if token.kind is Kind.MACRO and token.text == "frac":
            start = self.at - 1
            self.group()
            self.group()
            return list(self.tokens[start : self.at])
        return [token]

    def bracket(self, opened: str) -> list[Token]:
        """The tokens inside a bracket of any kind, which must be closed by its own kind."""
        start = self.take()
        inside_from = self.at
        stack = [opened]
        braces = 0
        environments = 0
        while stack:
            token = self.peek()
            if token is None:
                raise FormulaError(f"“{spoken(start)}” is never closed", start.start)
            self.at += 1
            kind, text = token.kind, token.text
            if kind is _CHAR:
                if braces or environments:
                    continue
                if text in CLOSING:
                    stack.append(text)
                elif text in _CLOSERS:
                    if text != CLOSING[stack[-1]]:
                        raise FormulaError(f"“{stack[-1]}” is closed by “{text}”", token.start)
                    stack.pop()
            elif kind is _OPEN:
                braces += 1
            elif kind is _CLOSE:
                braces -= 1
            elif kind is Kind.BEGIN:
                environments += 1
            elif kind is Kind.END:
                environments -= 1
        return list(self.tokens[inside_from : self.at - 1])

    # --- readings of lists inside of this one ---------------------------------------------------

    def within(self, tokens: Sequence[Token]) -> Self:
        """A parser of tokens that stand inside what is read here."""
        inner = type(self)(tokens, self.names, self.reading, self.clock)
        inner.depth, inner.bound, inner.hopeless = self.depth, self.bound, self.hopeless
        return inner

    def inside(self, tokens: Sequence[Token]) -> Expr:
        """The expression that a list of tokens is, to its end."""
        inner = self.within(tokens)
        result = inner.expression()
        inner.skip_space()
        inner.expect_end()
        self.ambiguous = self.ambiguous or inner.ambiguous
        return result

    def nested(self, tokens: list[Token]) -> Expr:
        """As :meth:`inside`, for a group: it must not be empty."""
        if not tokens:
            raise self.fail("an empty group where an expression was expected")
        return self.inside(tokens)

    def condition_inside(self, tokens: Sequence[Token]) -> Condition:
        """The condition that a list of tokens is, to its end."""
        inner = self.within(tokens)
        result = inner.condition()
        inner.expect_end()
        return result

    def attempt(self, rule: str, tokens: Sequence[Token]) -> tuple[str, int, int]:
        """What names an attempt to read tokens (not none) by a rule, in :attr:`hopeless`."""
        return rule, id(tokens[0]), id(tokens[-1])

    # --- indices --------------------------------------------------------------------------------

    def is_index(self, letter: str) -> bool:
        """Whether a letter in a subscript counts components."""
        usual = letter in USUAL_INDICES and letter not in self.names.formulas
        return usual or letter in self.names.indices or letter in self.bound

    def is_index_token(self, token: Token) -> bool:
        """Whether a token in a subscript counts components: a digit or an index."""
        return token.is_digit or (token.kind is Kind.CHAR and self.is_index(token.text))

    @staticmethod
    def index_atom(token: Token) -> Expr:
        """The index that one token is."""
        return number(token.text) if token.is_digit else Symbol(token.text)

    # --- rules that the parts share -------------------------------------------------------------

    @abstractmethod
    def expression(self) -> Expr:
        """A sum of terms."""

    @abstractmethod
    def term(self) -> Expr:
        """A product, or products by components."""

    @abstractmethod
    def factor(self) -> Expr:
        """An atom with what is written after it."""

    @abstractmethod
    def atom(self) -> Expr:
        """The smallest thing that has a value."""

    @abstractmethod
    def condition(self) -> Condition:
        """Conjunctions and disjunctions of chains of relations."""

    @abstractmethod
    def starts_atom(self) -> bool:
        """Whether a factor may begin here."""

    @abstractmethod
    def sign(self) -> int:
        """The signs that stand here, as -1 or 1."""

    @abstractmethod
    def name(self, base: str) -> Expr:
        """A name with its scripts: a symbol, a component, an application, or a product."""

    @abstractmethod
    def function(self, name: str, token: Token) -> Expr:
        """A function the core knows, its power, its base, and its argument."""

    @abstractmethod
    def goes_on(self, last: Expr) -> bool:
        """Whether an argument without brackets goes on after its last factor."""

    @abstractmethod
    def operand(self) -> Expr:
        """What an operator acts on: a bracket, or the product that follows it."""
