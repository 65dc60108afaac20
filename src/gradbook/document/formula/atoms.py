"""Atoms: which rule reads what stands here, by the kind of its first token."""

from __future__ import annotations

from gradbook.document.formula.bars import Bars
from gradbook.document.formula.cases import INDICATORS, CaseDistinctions
from gradbook.document.formula.functions import Functions
from gradbook.document.formula.lists import canonical_text, is_name
from gradbook.document.formula.names import ACCENTS, GREEK, MACRO_FUNCTIONS
from gradbook.document.formula.naming import Naming
from gradbook.document.formula.numbers import Numbers
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import PI, Delta, Derivative, Expr, Symbol

_CHAR, _MACRO = Kind.CHAR, Kind.MACRO


class Atoms(Numbers, Naming, Functions, Bars, CaseDistinctions):
    """The smallest things that have a value."""

    def atom(self) -> Expr:
        """The smallest thing that has a value.

        Raises:
            FormulaError: what stands here has none.
        """
        while True:
            self.skip_space()
            token = self.peek()
            if token is None:
                raise self.fail("the formula ends where something was expected")
            kind = token.kind
            if kind is _CHAR:
                return self._character(token)
            if kind is _MACRO:
                return self._macro(token)
            match kind:
                case Kind.OPEN:
                    inside = self.group()
                    if inside:
                        return self.inside(inside)
                    continue  # an empty group is space
                case Kind.NAME:
                    return self.words(token)
                case Kind.TEXT:
                    if not is_name(token.text) and not (self.at == 0 and len(self.tokens) == 1):
                        raise self.fail(f"the words “{token.text.strip()}” inside a formula")
                    return self.words(token)
                case Kind.SYMBOL:
                    return self._symbol(token)
                case Kind.LEFT_BAR:
                    return self.bar(token)
                case Kind.BEGIN:
                    return self.environment(token)
                case _:
                    raise self.unexpected(token)

    def _symbol(self, token: Token) -> Expr:
        """A letter in a special face."""
        self.at += 1
        if token.text in INDICATORS and (indicator := self.indicator()) is not None:
            return indicator
        names = self.names
        name = f"\\mathbf{{{token.text}}}" if names.is_twofold(token.text) else token.text
        names.bold.add(name)
        if not token.text.startswith("\\math"):
            names.variables.add(name)
        return self.name(name)

    def _character(self, token: Token) -> Expr:
        text = token.text
        if text == "1" and self.stands("_", 1):
            self.at += 1
            if (indicator := self.indicator()) is not None:
                return indicator
            self.at -= 1
        if self.starts_number(token):
            return self.number()
        if text in ("(", "["):
            return self.bracketed(text)
        if text == r"\{":
            return self.brace(token)
        if text == "|":
            return self.bar(token)
        if text == "d" and "d" not in self.names.variables and (slope := self.slashed()) is not None:
            return slope
        if text.isalpha():
            word = self.word()
            if word is None:
                self.at += 1
            return self.name(word or text)
        raise self.unexpected(token)

    def _macro(self, token: Token) -> Expr:
        name = token.text
        if name in MACRO_FUNCTIONS:
            self.at += 1
            return self.function(MACRO_FUNCTIONS[name], token)
        match name:
            case "frac":
                return self.fraction()
            case "sqrt":
                return self.root()
            case "sum" | "prod":
                return self.over_indices(name)
            case "nabla":
                return self.nabla()
            case "partial":
                return self.partial(token)
            case "dot":
                return self.dotted()
            case "Vert" | "vert":
                return self.norm(token)
            case "langle":
                return self.inner_product(token)
            case "infty":
                raise self.fail("infinity is not a number here")
            case "mathbf":
                raise self.fail("a bold face without a letter")
            case _ if name in ACCENTS:
                return self._accented(name)
            case _ if name in GREEK:
                return self._greek(name)
            case _:
                raise FormulaError(f"“\\{name}” is not known", token.start)

    def _accented(self, accent: str) -> Expr:
        r"""``\hat{y}`` is a name; ``\ddot{x}`` is the second derivative by time."""
        self.at += 1
        inside = canonical_text(self.script())
        if accent == "ddot":
            return Derivative(self.name(inside), Symbol("t"), 2, "dot")
        return self.name(f"\\{accent}{{{inside}}}")

    # --- Greek letters --------------------------------------------------------------------------

    def _greek(self, name: str) -> Expr:
        if name == "pi" and not self.names.is_said(r"\pi") and not self.stands("_", 1):
            self.at += 1
            return PI
        if name == "Delta" and r"\Delta" not in self.names.variables and self._letter_follows():
            self.at += 1
            letter = self.take()
            return self.name("\\Delta " + (letter.text if letter.kind is Kind.CHAR else "\\" + letter.text))
        if name == "delta" and (pair := self._kronecker()) is not None:
            return pair
        self.at += 1
        return self.name("\\" + name)

    def _letter_follows(self) -> bool:
        after = self.peek(1)
        if after is None:
            return False
        return after.is_letter or (after.kind is Kind.MACRO and after.text in GREEK)

    def _kronecker(self) -> Expr | None:
        r"""\delta_{ij} is Kronecker's delta if i and j are indices and delta is nothing else here.

        Raises:
            FormulaError: delta is a quantity too, so that it may be a component of it.
        """
        if not self.stands("_", 1):
            return None
        mark = self.at
        self.at += 2
        inside = [t for t in self.script() if not t.is_char(",")]
        if len(inside) == 2 and all(self.is_index_token(t) or t.text in self.names.counting for t in inside):
            if r"\delta" in self.names.variables:
                self.at = mark
                raise self.fail("this may be Kronecker's delta or a component of the δ that stands elsewhere")
            return Delta(self.index_atom(inside[0]), self.index_atom(inside[1]))
        self.at = mark
        return None
