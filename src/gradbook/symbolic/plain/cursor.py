"""A place in what is typed, and what the parts of the grammar ask of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from gradbook.symbolic.expr import Condition, Expr
from gradbook.symbolic.plain.names import is_double, letter_of, verbatim
from gradbook.symbolic.plain.tokens import MAX_DEPTH, Kind, PlainError, Token, partners, tokenise

_T = TypeVar("_T")


class Cursor(ABC):
    """A text, the place in it, and what it says of its names.

    Each part of the grammar derives from this class and adds its rules; a rule that another part needs is
    declared here.
    """

    def __init__(self, text: str) -> None:
        self.tokens = tokenise(text)
        self.partners = partners(self.tokens)
        self.at: int = 0
        self.depth = 0
        #: Whether the innermost thing that is open is a bar, and which: it is closed by the same.
        self.bar: str | None = None
        self.bound: frozenset[str] = frozenset()
        #: Names that a definition makes functions or variables, in LaTeX.
        self.functions: set[str] = set()
        self.variables: set[str] = set()
        #: Names that stand somewhere without a bracket after them, as they are typed.
        self.bare: set[str] = set()
        self.double: set[str] = set()
        self._look_at_names()

    def _look_at_names(self) -> None:
        for k, token in enumerate(self.tokens):
            if token.kind is not Kind.NAME:
                continue
            after = self.tokens[k + 1]
            if after.kind is Kind.SCRIPT:
                after = self.tokens[k + 2]
            if not after.is_sign("(", "'", "["):
                self.bare.add(token.text)
            stem, *scripts = token.text.split("_")
            if len(scripts) == 1 and is_double(scripts[0]):
                self.double.add(self.letter(token, stem))

    def letter(self, token: Token, text: str) -> str:
        """The LaTeX of a name without scripts."""
        try:
            return letter_of(text)
        except ValueError:
            raise self.wrong("a name of letters, perhaps with a subscript", token) from None

    # --- tokens and errors --------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token at this place."""
        return self.tokens[self.at]

    def take(self) -> Token:
        """The token at this place, which is left behind."""
        token = self.tokens[self.at]
        self.at += token.kind is not Kind.END
        return token

    def accept(self, *signs: str) -> bool:
        """Take a sign if it stands here."""
        if self.token.is_sign(*signs):
            self.at += 1
            return True
        return False

    def accept_word(self, word: str) -> bool:
        """Take a word if it stands here."""
        if self.token.is_word(word):
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        """Take the sign that must stand here."""
        if not self.accept(sign):
            raise self.wrong(f"“{sign}”")

    def wrong(self, expected: str, token: Token | None = None) -> PlainError:
        """The error that something else was expected here."""
        token = token or self.token
        return PlainError(f"expected {expected}, found {token.shown()}", token.column)

    def deeper(self, rule: Callable[[], _T]) -> _T:
        """What a rule reads one level down."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PlainError(
                f"expected at most {MAX_DEPTH} levels in each other, found more", self.token.column
            )
        try:
            return rule()
        finally:
            self.depth -= 1

    def inside(self, rule: Callable[[], _T], bar: str | None = None) -> _T:
        """What a rule reads within brackets or bars."""
        outside, self.bar = self.bar, bar
        try:
            return self.deeper(rule)
        finally:
            self.bar = outside

    def values(self, closer: str) -> tuple[Expr, ...]:
        """Values up to the bracket that closes them."""
        values = [self.inside(self.value)]
        while self.accept(",", ";"):
            values.append(self.inside(self.value))
        if not self.accept(closer):
            raise self.wrong(f"“,” or “{closer}”")
        return tuple(values)

    def read_verbatim(self, token: Token) -> str:
        """The name that a token in backquotes is."""
        try:
            return verbatim(token.text)
        except ValueError as reason:
            raise self.wrong(str(reason), token) from None

    # --- rules that the parts share -----------------------------------------------------------

    @abstractmethod
    def value(self) -> Expr:
        """A sum, or one value or another by conditions."""

    @abstractmethod
    def sum(self) -> Expr:
        """Terms with signs."""

    @abstractmethod
    def power(self) -> Expr:
        """An atom with what is written after it."""

    @abstractmethod
    def atom(self) -> Expr:
        """The smallest thing that has a value."""

    @abstractmethod
    def exponent(self) -> Expr:
        """What stands after the sign of a power."""

    @abstractmethod
    def signed(self, rule: Callable[[], Expr]) -> Expr:
        """A factor after a written sign may carry a sign of its own."""

    @abstractmethod
    def starts_factor(self) -> bool:
        """Whether a factor may begin here without a sign."""

    @abstractmethod
    def condition(self) -> Condition:
        """Alternatives of conjunctions of relations."""
