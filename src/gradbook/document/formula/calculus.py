r"""Derivatives: ``\frac{df}{dx}``, ``d/dx``, ``\partial_x``, ``\nabla``, ``\dot{x}``, ``D_x``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradbook.document.formula.cursor import Cursor
from gradbook.document.formula.lists import CLOSING, canonical_text, nesting, split_at
from gradbook.document.formula.names import relation_of
from gradbook.document.tokens import MAX_DEPTH, FormulaError, Kind, Token
from gradbook.symbolic.expr import (
    ONE,
    Add,
    Apply,
    At,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Pow,
    Symbol,
)

#: Highest order of a derivative in a fraction.
MAX_ORDER = 8
#: How many tokens a numerator like the ``df`` of ``df/dx`` may have.
_SHORT = 8

_Variables = list[tuple[Expr, int]]


#: Squares that are variables of their own: of a standard deviation, and of its estimate.
_VARIANCES = tuple((Symbol(name), 2) for name in (r"\sigma", r"\tau", "s"))


class Calculus(Cursor):
    """Fractions that are derivatives, and the other operators of calculus with their operands."""

    # --- fractions ------------------------------------------------------------------------------

    def fraction(self) -> Expr:
        """A quotient, or a derivative if that is how the fraction is written."""
        token = self.take()
        num, den = self.group(), self.group()
        found = self._derivative(num, den)
        if found is not None:
            return self._at_number(found)
        if not num or not den:
            raise FormulaError("a fraction with an empty part", token.start)
        return Div(self._part(num), self._part(den))

    def _part(self, tokens: list[Token]) -> Expr:
        """A numerator or denominator; what is struck out of it leaves a one behind."""
        return ONE if all(t.kind is Kind.STRUCK for t in tokens) else self.nested(tokens)

    def _at_number(self, slope: Expr) -> Expr:
        r"""``\frac{df}{dx}(3)`` is a value, not a product."""
        if not isinstance(slope, Derivative) or not self.stands("("):
            return slope
        mark = self.at
        inside = self.bracket("(")
        if inside and all(t.kind is Kind.CHAR and (t.is_digit or t.text in ".-") for t in inside):
            return At(slope, slope.wrt, self.nested(inside))
        self.at = mark
        return slope

    def _derivative(self, num: list[Token], den: list[Token]) -> Expr | None:
        r"""The derivative that a fraction is: of what stands beside the sign above, or of what follows.

        Such are \frac{df}{dx}, \frac{d}{dx}, \frac{\partial^2 f}{\partial x \partial y} and, with a factor,
        \frac{l \cdot \partial L}{\partial w}.
        """
        mark = _differential(den, 0)
        if mark is None:
            return None
        place = next((k for k in range(len(num)) if _differential(num, k) == mark), None)
        if mark == "d":
            # the d of a derivative comes first, or after a sign or a factor set apart by a product sign
            place = next((k for k, t in enumerate(num) if t.is_char("d") and _leads(num, k)), None)
        if place is None:
            return None
        prefix, rest = num[:place], num[place + 1 :]
        order = 1
        if rest and rest[0].is_char("^"):
            script, width = _script_of(rest, 1)
            if len(script) != 1 or not _is_count(script[0]):
                return None
            order, rest = int(script[0].text), rest[1 + width :]
        if order > MAX_ORDER:
            return None
        variables = self._variables(den, mark)
        if variables is None:
            return None
        if order == 1 and len(variables) == 1 and variables[0] in _VARIANCES:
            # \partial L/\partial\sigma^2: by the variance, as by a variable of its own
            variables = [(Pow(variables[0][0], Number(Fraction(2))), 1)]
        if order != sum(times for _, times in variables):
            return None
        body = self._body(rest)
        for wrt, times in reversed(variables):
            body = Derivative(body, wrt, times, mark)
        return self._with_prefix(prefix, body)

    def _body(self, tokens: list[Token]) -> Expr:
        """What is differentiated: what stands beside the sign, or else what follows."""
        return self.nested(tokens) if tokens else self.operand()

    def _with_prefix(self, prefix: list[Token], body: Expr) -> Expr:
        if not prefix:
            return body
        if len(prefix) == 1 and prefix[0].is_char("-"):
            return Neg(body)
        if prefix[-1].is_macro("cdot", "times") or prefix[-1].is_char("*"):
            prefix = prefix[:-1]
        return Mul((self.nested(prefix), body))

    def _variables(self, den: list[Token], mark: str) -> _Variables | None:
        r"""The variables of a denominator like ``\partial x \partial y^2``, with how often each counts."""
        attempt = self.attempt("variables", den)
        if attempt in self.hopeless:
            return None
        result: _Variables = []
        places = [
            k
            for k in range(2, len(den))
            if _differential(den, k) == mark and not (den[k - 1].is_char("_") or den[k - 1].is_char("^"))
        ]
        k = 0
        while k < len(den):
            stop = next((j for j in places if j > k + 1), len(den))
            found = self._variable(den[k + 1 : stop], mark)
            if found is None:
                self.hopeless.add(attempt)
                return None
            result.append(found)
            if len(result) > MAX_ORDER:
                return None
            k = stop
        return result

    def _variable(self, tokens: list[Token], mark: str) -> tuple[Expr, int] | None:
        """One variable and how often it counts; None if the tokens are no variable."""
        times = 1
        if len(tokens) >= 3 and tokens[-2].is_char("^") and _is_count(tokens[-1]):
            times, tokens = int(tokens[-1].text), tokens[:-2]
        elif (
            len(tokens) >= 5
            and tokens[-4].is_char("^")
            and tokens[-3].kind is Kind.OPEN
            and _is_count(tokens[-2])
        ):
            times, tokens = int(tokens[-2].text), tokens[:-4]
        if not tokens:
            return None
        inner = self.within(tokens)
        try:
            variable = inner.factor()
            inner.expect_end()
        except FormulaError:
            return None
        if isinstance(variable, Number | Add | Neg | Div):
            return None
        if mark == "d" and not isinstance(variable, Symbol | Indexed | Apply):
            return None
        return variable, times

    # --- operators ------------------------------------------------------------------------------

    def operand(self) -> Expr:
        r"""What an operator like \frac{d}{dx} acts on: a bracket, or the product that follows it."""
        signs = 0
        self.skip_space()
        while self.accept("-"):
            signs += 1
            if signs > MAX_DEPTH:
                raise self.too_deep()
            self.skip_space()
        result = self._unsigned_operand()
        for _ in range(signs):
            result = Neg(result)
        return result

    def _unsigned_operand(self) -> Expr:
        token = self.peek()
        if token is None:
            raise self.fail("an operator with nothing after it")
        bracketed = token.kind in (Kind.OPEN, Kind.LEFT_BAR) or (
            token.kind is Kind.CHAR and token.text in CLOSING
        )
        first = self.factor()
        if not self.starts_atom():
            return first
        if bracketed and not (isinstance(first, Func) and first.name == "transpose"):
            self.ambiguous = True
            if not self.reading.bracket_takes_product:
                return first
        if isinstance(first, Func | Apply) or not self.goes_on(first):
            self.ambiguous = True
            if not self.reading.derivative_takes_product:
                return first
        factors = [first]
        while self.starts_atom():
            factors.append(self.factor())
        return Mul(tuple(factors))

    def slashed(self) -> Expr | None:
        """``df/dx`` and ``d/dx`` in one line; None if the d is a name here."""
        slash = next((k for k in range(1, _SHORT + 1) if self.stands("/", k)), None)
        if slash is None or not self.stands("d", slash + 1):
            return None
        variable = self.peek(slash + 2)
        attempt = self.attempt("slashed", (self.tokens[self.at], self.tokens[-1]))
        if variable is None or attempt in self.hopeless:
            return None
        body = list(self.tokens[self.at + 1 : self.at + slash])
        lettered = variable.kind in (Kind.CHAR, Kind.MACRO) and variable.text.isalpha()
        if not (variable.kind is Kind.SYMBOL or lettered):
            return None
        if any(t.kind is Kind.CHAR and t.text in "+-*" for t in body):
            return None
        mark = self.at
        self.at += slash + 2
        try:
            order, body = _order_of(body)
            inner = self.nested(body) if body else None
            wrt = self.atom()
            if order > 1 and self._count_above() != order:
                raise self.fail("the order of a derivative stands above and below")
        except FormulaError:
            self.hopeless.add(attempt)
            self.at = mark
            return None
        return Derivative(inner if inner is not None else self.operand(), wrt, order)

    def partial(self, token: Token) -> Expr:
        r"""``\partial_w L``, and ``\partial L / \partial w`` in one line."""
        lowered = self._lowered_variables()
        if lowered is not None:
            return _by(lowered, self.operand())
        slash = self._slash()
        if slash is None:
            raise FormulaError("“∂” outside a derivative", token.start)
        order, body = _order_of(list(self.tokens[self.at + 1 : slash]))
        self.at = slash + 2
        if order == 1:
            wrt = self.factor()
            return Derivative(self._body(body), wrt, 1, "partial")
        variables: _Variables = [(self.atom(), self._count_above())]
        while sum(times for _, times in variables) < order and self._partial_follows():
            self.at += 1
            variables.append((self.atom(), self._count_above()))
        if sum(times for _, times in variables) != order:
            raise FormulaError("the orders above and below in this derivative differ", token.start)
        return _by(variables, self._body(body))

    def _lowered_variables(self) -> _Variables | None:
        r"""The variables of ``\partial_x``, ``\partial_{xy}``, ``\partial_x^2``; None if it has none."""
        mark = self.at
        self.at += 1
        order, found = 1, None
        for _ in range(2):
            if self.stands("^") and order == 1:
                order = self._count_above()
            elif self.stands("_") and found is None:
                self.at += 1
                found = self.nested(self.script())
        if found is None or (order > 1 and isinstance(found, Mul)):
            self.at = mark
            return None
        if isinstance(found, Mul) and all(isinstance(part, Symbol) for part in found.factors):
            return [(part, 1) for part in found.factors]
        return [(found, order)]

    def _partial_follows(self) -> bool:
        token = self.peek()
        return token is not None and token.is_macro("partial")

    def _count_above(self) -> int:
        """The order in a superscript that stands here; 1 without one."""
        if not self.stands("^"):
            return 1
        self.at += 1
        script = self.script()
        if len(script) != 1 or not _is_count(script[0]) or not 0 < int(script[0].text) <= MAX_ORDER:
            raise self.fail("the order of a derivative was expected")
        return int(script[0].text)

    def _slash(self) -> int | None:
        r"""Where the ``/ \partial`` of a derivative in one line stands, if nothing looser comes before it."""
        depth = 0
        for k in range(self.at + 1, len(self.tokens) - 1):
            token = self.tokens[k]
            depth += nesting(token)
            if depth > 0:
                continue
            if token.is_char("/"):
                return k if self.tokens[k + 1].is_macro("partial") else None
            if depth < 0 or relation_of(token) or token.kind in (Kind.AMP, Kind.ROW):
                return None
            if token.kind is Kind.CHAR and token.text in ("+", "-") and k > self.at + 1:
                return None
        return None

    def nabla(self) -> Expr:
        r"""``\nabla_w f``, ``\nabla^2 f``."""
        token = self.take()
        wrt: Expr = Symbol("?")
        order = 1
        for _ in range(2):
            if self.stands("_"):
                self.at += 1
                wrt = self.nested(self.script())
            elif self.stands("^"):
                self.at += 1
                script = self.script()
                if len(script) != 1 or script[0].text != "2":
                    raise FormulaError("this power of ∇ is not known", token.start)
                order = 2
        if (after := self.peek()) is not None and after.is_macro("cdot", "times"):
            raise FormulaError("divergence and curl are not known here", token.start)
        return Derivative(self.operand(), wrt, order, "nabla")

    def dotted(self) -> Expr:
        r"""\dot{x}: the derivative by time; a dotted i or j is the letter itself, whose dot it is."""
        self.at += 1
        inside = canonical_text(self.script())
        if inside in ("i", "j"):
            return self.name(inside)
        if self.stands("(") and inside in self.names.functions:
            args = tuple(self.nested(part) for part in split_at(self.bracket("("), ","))
            return Apply(inside, args, (1,) + (0,) * (len(args) - 1))
        return Derivative(self.name(inside), Symbol("t"), 1, "dot")

    def total(self) -> Expr | None:
        """``D_x y``: a derivative, if something follows that it can act on."""
        mark = self.at
        self.at += 1
        script = self.script()
        named = len(script) == 1 and script[0].kind in (Kind.NAME, Kind.TEXT)
        if len(script) == 1 and not named and self.starts_atom():
            return Derivative(self.operand(), self.nested(script))
        self.at = mark
        return None


def _by(variables: _Variables, body: Expr) -> Expr:
    """The partial derivatives of a body by variables, each as often as it counts."""
    for wrt, times in reversed(variables):
        body = Derivative(body, wrt, times, "partial")
    return body


def _order_of(body: list[Token]) -> tuple[int, list[Token]]:
    """The order that stands first above, as in ``d^2 y / dx^2``, and what is differentiated."""
    if body and body[0].is_char("^"):
        script, width = _script_of(body, 1)
        if len(script) == 1 and _is_count(script[0]) and 1 < int(script[0].text) <= MAX_ORDER:
            return int(script[0].text), body[1 + width :]
    return 1, body


def _is_count(token: Token) -> bool:
    """Whether a token is the order of a derivative."""
    return token.text.isdecimal() and len(token.text) < 3


def _leads(num: list[Token], k: int) -> bool:
    """Whether the d at place k may be the sign of a derivative."""
    return k == 0 or num[k - 1].is_char("-") or num[k - 1].is_macro("cdot", "times")


def _differential(tokens: Sequence[Token], k: int) -> str | None:
    """``d`` or ``partial`` if that stands at place k."""
    if k >= len(tokens):
        return None
    token = tokens[k]
    if token.is_macro("partial"):
        return "partial"
    return "d" if token.is_char("d") else None


def _script_of(tokens: Sequence[Token], k: int) -> tuple[list[Token], int]:
    """The script at place k and how many tokens it takes."""
    if k < len(tokens) and tokens[k].kind is Kind.OPEN:
        j, depth = k + 1, 1
        while j < len(tokens) and depth:
            depth += tokens[j].kind is Kind.OPEN
            depth -= tokens[j].kind is Kind.CLOSE
            j += 1
        return list(tokens[k + 1 : j - 1]), j - k
    return list(tokens[k : k + 1]), 1
