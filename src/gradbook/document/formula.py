"""The precedence parser: tokens of one side of a relation to a tree.

Grammar, loosest first::

    expression := ['-'] term (('+' | '-') term)*
    term       := product (('\\odot' | '\\circ') product)*
    product    := factor (('\\cdot' | '\\times' | '*' | '/' | nothing) factor)*
    factor     := atom postfix*            postfix := '^' group | '_' group | "'"
    atom       := number | name | function argument | bracket | bar | \\frac | \\sqrt | \\sum | cases | …

What only the document knows (is ``f(x)`` an application, is ``x_i`` a component, what are the
names of several letters) is asked of :class:`Names`. Where common usage allows two readings the
parser takes the one of its :class:`Reading` and notes that it had a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.expr import (
    FUNCTIONS,
    HALF,
    ONE,
    PI,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
    At,
    Cases,
    Condition,
    Delta,
    Derivative,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
    walk,
)

#: Signs of an indicator function.
_INDICATORS = frozenset({r"\mathbb{1}", r"\mathbf{1}", r"\mathbb{I}", "1", "I"})
#: Deepest nesting of brackets, fractions and scripts that is read.
MAX_DEPTH = 48

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho varrho "
    "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
    "ell hbar Re Im aleph".split()
)
ACCENTS = frozenset("hat bar tilde check breve acute grave mathring ddot".split())

#: Functions with a macro of their own.
MACRO_FUNCTIONS = {
    "exp": "exp", "log": "log", "lg": "log10", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec",
    "csc": "csc", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth", "asin": "asin", "acos": "acos",
    "atan": "atan", "max": "max", "min": "min",
}  # fmt: skip

#: Functions by name, as in \operatorname{sign}(x) or \text{ReLU}(x); compared in lower case.
NAMED_FUNCTIONS = {
    **{name: name for name in FUNCTIONS},
    "ln": "log", "sgn": "sign", "signum": "sign", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arsinh": "asinh",
    "arcosh": "acosh", "artanh": "atanh", "arctanh": "atanh", "arcsinh": "asinh", "arccosh": "acosh", "tr": "trace",
    "logistic": "sigmoid", "sigm": "sigmoid", "heaviside": "step", "log10": "log10", "log2": "log2",
}  # fmt: skip
_INVERSES = {
    "sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh", "tanh": "atanh",
}  # fmt: skip
_ROMAN_NAMES = frozenset(n for n in NAMED_FUNCTIONS if n not in ("dot", "norm", "norm1", "transpose", "hadamard"))
#: Letters that name a function unless the document says otherwise.
USUAL_FUNCTIONS = frozenset({"f", "g", "h", "F", "G", "H", r"\phi", r"\varphi", r"\psi", r"\Phi", r"\Psi", "u", "v"})
#: Letters that are indices in a subscript unless the document says otherwise.
USUAL_INDICES = frozenset("ijklmn")

RELATIONS = {
    "=": "=", "approx": "~", ":=": ":=", "equiv": "=", "<": "<", ">": ">", "le": "<=", "ge": ">=", "ne": "!=", "in": "in",
    "leftarrow": "<-", "propto": "propto", "sim": "sim", "rightarrow": "->", "ll": "ll", "gg": "gg", "mapsto": "->",
    "=!": "=!", "notin": "notin", "subset": "subset", "subseteq": "subset",
}  # fmt: skip
_OPS = {"=": Op.EQ, "<": Op.LT, ">": Op.GT, "<=": Op.LE, ">=": Op.GE, "!=": Op.NE}
_CLOSING = {"(": ")", "[": "]", r"\{": r"\}"}


@dataclass
class Names:
    """What the document has said about names, as far as reading depends on it."""

    functions: set[str] = field(default_factory=set[str])
    variables: set[str] = field(default_factory=set[str])
    #: Names of several letters written without a roman face, such as ``net_{h1}``.
    words: set[str] = field(default_factory=set[str])
    #: Letters that are bound by a sum somewhere or declared as indices.
    indices: set[str] = field(default_factory=set[str])
    #: Bases that carry two single-letter indices somewhere, so that ``w_{11}`` means ``w_{1,1}``.
    double: set[str] = field(default_factory=set[str])
    #: Bases whose bracketed superscript is an index, as in ``x^{(i)}``.
    raised: set[str] = field(default_factory=set[str])
    #: Letters whose superscript number is a layer, as in ``b^1_2``.
    layered: set[str] = field(default_factory=set[str])
    #: Letters that are written with a prime on the left of an equation.
    primed: set[str] = field(default_factory=set[str])
    #: Whether \\sigma is applied to a bare variable somewhere, and so is the sigmoid.
    sigmoid: bool = False
    #: Letters set in a special face, and letters written without an index: what both hold is kept apart.
    faced: set[str] = field(default_factory=set[str])
    letters: set[str] = field(default_factory=set[str])
    #: Names written in bold or with an arrow.
    bold: set[str] = field(default_factory=set[str])

    @property
    def plain(self) -> set[str]:
        """Letters written plainly and without an index somewhere, so that bold ones are something else."""
        return self.faced & self.letters

    def is_function(self, name: str, plain_argument: bool) -> bool:
        """Whether ``name(…)`` is an application; ``plain_argument``: the bracket holds only names."""
        if name in self.functions:
            return True
        if name in self.variables:
            return False
        return name in USUAL_FUNCTIONS or (name.partition("_")[0] in USUAL_FUNCTIONS and plain_argument)


@dataclass(frozen=True, slots=True)
class Reading:
    """Which of two usual readings to take."""

    #: ``a / b c`` is ``a / (b c)`` rather than ``(a / b) c``.
    slash_takes_product: bool = False
    #: ``d/dx f(x) g(x)`` differentiates the whole product rather than the first factor.
    derivative_takes_product: bool = True
    #: ``\\nabla (…) (…)`` differentiates the product rather than the first bracket.
    bracket_takes_product: bool = False


def read_expression(
    tokens: Sequence[Token], names: Names, reading: Reading | None = None, clock: Clock | None = None
) -> tuple[Expr, bool]:
    """The tree of a side, and whether another reading was possible.

    Raises:
        FormulaError: naming what could not be read and where.

    >>> from gradbook.document.tokens import tokenise
    >>> read_expression(tokenise(r"2 x^2"), Names())[0]
    Mul(factors=(Number(value=Fraction(2, 1), decimals=None), Pow(base=Symbol(name='x'), exponent=Number(value=Fraction(2, 1), decimals=None))))
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
        FormulaError: as :func:`read_expression`.
    """
    parser = Parser(tokens, names, reading or Reading(), clock)
    result = parser.condition()
    parser.expect_end()
    return result


def relation_of(token: Token) -> str | None:
    """The relation that a token stands for, in one spelling."""
    if token.kind in (Kind.CHAR, Kind.MACRO):
        return RELATIONS.get(token.text)
    return None


class Parser:
    """Recursive descent over a token list."""

    def __init__(self, tokens: Sequence[Token], names: Names, reading: Reading, clock: Clock | None) -> None:
        self.tokens = tokens
        self.names = names
        self.reading = reading
        self.clock = clock
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.ambiguous = False
        self.bound: list[str] = []

    # --- tokens ---------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> Token | None:
        k = self.at + ahead
        return self.tokens[k] if k < len(self.tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            raise FormulaError("the formula ends where something was expected", self._end())
        self.at += 1
        return token

    def _end(self) -> int:
        return self.tokens[-1].end - 1 if self.tokens else 0

    def fail(self, message: str) -> FormulaError:
        token = self.peek()
        return FormulaError(message, token.start if token else self._end())

    def expect_end(self) -> None:
        token = self.peek()
        if token is not None:
            raise FormulaError(f"“{_spoken(token)}” was not expected here", token.start)

    def accept(self, text: str) -> bool:
        token = self.peek()
        if token is not None and token.kind in (Kind.CHAR, Kind.MACRO) and token.text == text:
            self.at += 1
            return True
        return False

    def _skip_space(self) -> None:
        while (token := self.peek()) is not None and token.kind in (Kind.QUAD, Kind.STRUCK, Kind.AMP):
            self.at += 1
            after = self.peek()
            if token.kind is Kind.STRUCK and after is not None and after.is_macro("cdot", "times"):
                self.at += 1  # the product sign after a struck-out factor goes with it

    # --- expression, term, product --------------------------------------------------------------

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH} levels")
        try:
            return self._expression()
        finally:
            self.depth -= 1

    def _expression(self) -> Expr:
        terms: list[Expr] = []
        self._skip_space()
        sign = self._sign()
        terms.append(self._signed(sign))
        while True:
            self._skip_space()
            token = self.peek()
            if token is None or not (token.is_char("+") or token.is_char("-")):
                break
            self.at += 1
            sign = -1 if token.text == "-" else 1
            extra = self._sign()
            terms.append(self._signed(sign * extra))
            if self.clock is not None and len(terms) % 256 == 0:
                self.clock.check()
        return terms[0] if len(terms) == 1 else Add(tuple(self._rebind(terms)))

    def _rebind(self, terms: list[Expr]) -> list[Expr]:
        """``\\sum_i a_i + b_i``: an index that only the sum binds is meant to run over both terms."""
        for k, term in enumerate(terms[:-1]):
            core, negative = (term.arg, True) if isinstance(term, Neg) else (term, False)
            lead: tuple[Expr, ...] = ()
            if isinstance(core, Mul) and isinstance(core.factors[-1], Sum):
                core, lead = core.factors[-1], core.factors[:-1]
            if not isinstance(core, Sum) or core.index in self.bound:
                continue
            tail = terms[k + 1 :]
            index = Symbol(core.index)
            if not any(_component_over(t, index) for t in tail):
                continue
            if lead or negative:
                # -\sum a_i + b_i may also mean -(\sum a_i) + (b_i); leave it, the line will say what is unbound.
                continue
            body = core.body.terms if isinstance(core.body, Add) else (core.body,)
            joined = Sum(Add((*body, *tail)), core.index, core.lower, core.upper, core.excluded)
            return [*terms[:k], joined]
        return terms

    def _sign(self) -> int:
        sign = 1
        while (token := self.peek()) is not None:
            if token.is_char("-"):
                sign = -sign
            elif not token.is_char("+"):
                if token.is_macro("pm", "mp"):
                    raise self.fail("“±” stands for two values; write them apart")
                break
            self.at += 1
            self._skip_space()
        return sign

    def _signed(self, sign: int) -> Expr:
        term = self.term()
        return Neg(term) if sign < 0 else term

    def term(self) -> Expr:
        result = self.product()
        while (token := self.peek()) is not None and token.is_macro("odot"):
            self.at += 1
            result = Func("hadamard", (result, self.product()))
        return result

    def product(self) -> Expr:
        factors = [self.factor()]
        while True:
            if self.clock is not None and len(factors) % 256 == 0:
                self.clock.check()
            token = self.peek()
            if token is None:
                break
            if token.kind is Kind.STRUCK:
                self.at += 1
                continue
            if token.is_macro("cdot", "times", "*") or token.is_char("*"):
                self.at += 1
                self._skip_space()
                factors.append(self._signed_factor())
            elif token.is_char("/") or token.is_macro("div"):
                self.at += 1
                factors = [self._quotient(factors)]
            elif self._starts_atom(0):
                factors.append(self.factor())
            else:
                break
        return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _signed_factor(self) -> Expr:
        """A factor after a written product sign may carry a sign of its own."""
        if (token := self.peek()) is not None and (token.is_char("-") or token.is_char("+")):
            self.at += 1
            inner = self.factor()
            return Neg(inner) if token.text == "-" else inner
        return self.factor()

    def _quotient(self, numerators: list[Expr]) -> Expr:
        num = numerators[0] if len(numerators) == 1 else Mul(tuple(numerators))
        below = [self._signed_factor()]
        if self._starts_atom(0):
            numeric = isinstance(num, Number) and isinstance(below[0], Number)
            if numeric:
                return Div(num, below[0])
            self.ambiguous = True
            if self.reading.slash_takes_product:
                while self._starts_atom(0):
                    below.append(self.factor())
        return Div(num, below[0] if len(below) == 1 else Mul(tuple(below)))

    def _starts_atom(self, ahead: int) -> bool:
        token = self.peek(ahead)
        if token is None:
            return False
        match token.kind:
            case Kind.CHAR:
                if token.text == "|":
                    return self.bars == 0
                return token.text.isalnum() or token.text in ("(", "[", r"\{", ".")
            case Kind.MACRO:
                return token.text in _ATOM_MACROS
            case Kind.OPEN | Kind.NAME | Kind.SYMBOL | Kind.LEFT_BAR:
                return True
            case Kind.TEXT:
                return is_name(token.text)
            case Kind.BEGIN:
                return token.text in _CASES_ENVIRONMENTS or token.text in ("array", "matrix", "aligned")
            case _:
                return False

    # --- factors --------------------------------------------------------------------------------

    def factor(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH} levels")
        try:
            return self._postfix(self.atom())
        finally:
            self.depth -= 1

    def _postfix(self, base: Expr) -> Expr:
        while (token := self.peek()) is not None:
            if token.is_char("^"):
                self.at += 1
                base = self._raised(base)
            elif token.is_char("'") or token.is_macro("prime"):
                base = self._primed(base)
            elif token.is_char("!"):
                self.at += 1
                base = Func("factorial", (base,))
            elif token.is_macro("evaluated") or (token.is_char("|") and self._script_follows()):
                base = self._at_point(base)
            elif token.is_char("_") and self._point_follows():
                base = self._at_point(base, marked=False)
            elif token.is_char("_") and isinstance(base, Func) and base.name == "softmax":
                self.at += 1
                base = self._softmax_component(base)
            elif token.is_char("_") and isinstance(base, Symbol | Indexed):
                self.at += 1
                base = Symbol(f"{_flat(base)}_{{{self._script_text()}}}")
            elif token.is_char("_") and isinstance(base, Func) and base.name == "norm":
                self.at += 1
                base = _norm_of_kind(base, self._script_text(), token.start)
            else:
                break
        return base

    def _script_follows(self) -> bool:
        after = self.peek(1)
        return after is not None and after.is_char("_")

    def _point_follows(self) -> bool:
        """Whether a subscript gives a point: ``[ … ]_{x=3}``."""
        mark = self.at
        self.at += 1
        script = self._script() if self.peek() is not None else []
        self.at = mark
        return any(relation_of(t) == "=" for t in script)

    def _softmax_component(self, base: Func) -> Expr:
        script = self._script()
        argument = base.args[0]
        if not isinstance(argument, Symbol) or not all(self._is_index_token(t) for t in script):
            raise self.fail("a component of softmax was expected")
        (index,) = (self._index_atom(t) for t in script)
        free = "j" if index != Symbol("j") else "k"
        total = Sum(Func("exp", (Indexed(argument.name, (Symbol(free),)),)), free)
        return Div(Func("exp", (Indexed(argument.name, (index,)),)), total)

    def _at_point(self, base: Expr, *, marked: bool = True) -> Expr:
        """The bar with ``_{x=2}`` (or ``_{x=a, y=b}``) after an expression."""
        if marked:
            self.take()  # the bar
        self.take()  # the sign of the subscript
        for part in split_at(self._script(), ","):
            mark = next((k for k, t in enumerate(part) if relation_of(t) == "="), None)
            if mark is None:
                raise self.fail("a value like x = 2 was expected below the bar")
            base = At(base, self._nested(part[:mark]), self._nested(part[mark + 1 :]))
        return base

    def _raised(self, base: Expr) -> Expr:
        inside = self._script()
        if len(inside) == 1 and (
            inside[0].is_macro("top", "intercal", "mathsf")
            or inside[0].is_char("T")
            or (inside[0].kind is Kind.NAME and inside[0].text in ("T", "\\top"))
            or (inside[0].kind in (Kind.SYMBOL, Kind.TEXT) and inside[0].text == "T")
        ):
            return Func("transpose", (base,))
        if inside and all(t.is_macro("prime") or t.is_char("'") for t in inside):
            for _ in inside:
                base = _differentiated(base)
            return base
        exponent = self._nested(inside)
        if base == E:
            return Func("exp", (exponent,))
        return Pow(base, exponent)

    def _primed(self, base: Expr) -> Expr:
        while (token := self.peek()) is not None and (token.is_char("'") or token.is_macro("prime")):
            self.at += 1
            base = _differentiated(base)
        return base

    def _script(self) -> list[Token]:
        """The tokens of a superscript or subscript: one token or a group."""
        token = self.peek()
        if token is None:
            raise self.fail("a superscript or subscript is missing")
        if token.kind is Kind.OPEN:
            return self._group_tokens()
        self.at += 1
        if token.kind is Kind.MACRO and token.text == "frac":
            start = self.at - 1
            self._group_tokens()
            self._group_tokens()
            return list(self.tokens[start : self.at])
        return [token]

    def _script_text(self) -> str:
        return canonical_text(self._script())

    def _group_tokens(self) -> list[Token]:
        """The tokens inside a group, or the one token that stands for it."""
        token = self.take()
        if token.kind is not Kind.OPEN:
            return [token]
        start, depth = self.at, 1
        while depth:
            inner = self.take()
            if inner.kind is Kind.OPEN:
                depth += 1
            elif inner.kind is Kind.CLOSE:
                depth -= 1
        return list(self.tokens[start : self.at - 1])

    def _nested(self, tokens: list[Token]) -> Expr:
        """An expression from a token list of its own (a group), with the same names."""
        if not tokens:
            raise self.fail("an empty group where an expression was expected")
        return self._inside(tokens, Parser.expression)

    def _inside(self, tokens: Sequence[Token], rule: Callable[[Parser], Expr]) -> Expr:
        inner = Parser(tokens, self.names, self.reading, self.clock)
        inner.depth = self.depth
        inner.bound = self.bound
        result = rule(inner)
        inner._skip_space()
        inner.expect_end()
        self.ambiguous = self.ambiguous or inner.ambiguous
        return result

    # --- atoms ----------------------------------------------------------------------------------

    def atom(self) -> Expr:
        self._skip_space()
        token = self.peek()
        if token is None:
            raise self.fail("the formula ends where something was expected")
        match token.kind:
            case Kind.CHAR:
                return self._character(token)
            case Kind.MACRO:
                return self._macro(token)
            case Kind.OPEN:
                inside = self._group_tokens()
                if not inside:
                    return self.atom()
                return self._nested(inside)
            case Kind.NAME:
                return self._named(token)
            case Kind.TEXT:
                if not is_name(token.text) and not (self.at == 0 and len(self.tokens) == 1):
                    raise self.fail(f"the words “{token.text.strip()}” inside a formula")
                return self._named(token)
            case Kind.SYMBOL:
                self.at += 1
                if token.text in _INDICATORS and (indicator := self._indicator()) is not None:
                    return indicator
                name = f"\\mathbf{{{token.text}}}" if token.text in self.names.plain else token.text
                self.names.bold.add(name)
                if not token.text.startswith("\\math"):
                    self.names.variables.add(name)
                return self._name(name)
            case Kind.LEFT_BAR:
                return self._bar(token)
            case Kind.BEGIN:
                return self._environment(token)
            case _:
                raise FormulaError(f"“{_spoken(token)}” was not expected here", token.start)

    def _indicator(self) -> Expr | None:
        """``\\mathbb{1}[x > 0]`` or ``\\mathbb{1}_{x > 0}``: one where the condition holds, else zero."""
        token = self.peek()
        if token is None:
            return None
        mark = self.at
        if token.is_char("_"):
            self.at += 1
            inside = self._script()
        elif token.kind is Kind.CHAR and token.text in _CLOSING:
            inside = self._bracket_tokens(token.text)
        else:
            return None
        if inside and inside[0].text in (r"\{", "(", "[") and inside[-1].text == _CLOSING[inside[0].text]:
            inside = inside[1:-1]
        if not any(relation_of(t) for t in _top_level(inside)):
            self.at = mark
            return None
        condition = self._inside_condition(inside)
        return Cases(((ONE, condition), (ZERO, Otherwise())))

    def _inside_condition(self, tokens: list[Token]) -> Condition:
        inner = Parser(tokens, self.names, self.reading, self.clock)
        inner.depth, inner.bound = self.depth, self.bound
        result = inner.condition()
        inner.expect_end()
        return result

    def _character(self, token: Token) -> Expr:
        text = token.text
        if text == "1" and (nxt := self.peek(1)) is not None and nxt.is_char("_"):
            self.at += 1
            if (indicator := self._indicator()) is not None:
                return indicator
            self.at -= 1
        if text.isdigit() or (text == "." and (nxt := self.peek(1)) is not None and nxt.text.isdigit()):
            return self._number()
        if text in ("(", "["):
            return self._bracket(text)
        if text == r"\{":
            return self._brace(token)
        if text == "|":
            return self._bar(token)
        if text == "d" and "d" not in self.names.variables and (slope := self._slashed()) is not None:
            return slope
        if text.isalpha():
            word = self._word()
            if word is not None:
                return self._name(word)
            self.at += 1
            return self._name(text)
        raise FormulaError(f"“{text}” was not expected here", token.start)

    def _slashed(self) -> Expr | None:
        """``df/dx`` and ``d/dx`` in one line."""
        slash = next((k for k in range(1, 9) if (t := self.peek(k)) is not None and t.is_char("/")), None)
        if slash is None:
            return None
        after, variable = self.peek(slash + 1), self.peek(slash + 2)
        if after is None or not after.is_char("d") or variable is None:
            return None
        named = variable.kind is Kind.SYMBOL or variable.text.isalpha() and variable.kind in (Kind.CHAR, Kind.MACRO)
        body = list(self.tokens[self.at + 1 : self.at + slash])
        if not named or any(t.kind is Kind.CHAR and t.text in "+-*" for t in body):
            return None
        mark = self.at
        self.at += slash + 2
        try:
            inner = self._nested(body) if body else None
            wrt = self.atom()
        except FormulaError:
            self.at = mark
            return None
        return Derivative(inner if inner is not None else self._operand(), wrt)

    def _word(self) -> str | None:
        """A run of letters that the document uses as one name, or that names a function."""
        run = ""
        k = 0
        best: tuple[int, str] | None = None
        while (token := self.peek(k)) is not None and token.kind is Kind.CHAR and token.text.isalpha() and k < 24:
            run += token.text
            k += 1
            if len(run) > 1 and (run in self.names.words or (run.lower() in _ROMAN_NAMES and len(run) > 2)):
                best = (k, run)
        if best is None:
            return None
        k, run = best
        if run not in self.names.words and not self._called(k):
            return None
        self.at += k
        return run

    def _called(self, ahead: int) -> bool:
        token = self.peek(ahead)
        return token is not None and (token.is_char("(") or token.is_char("[") or token.is_char("^"))

    def _number(self) -> Expr:
        start = self.at
        text = ""
        while (token := self.peek()) is not None and token.kind is Kind.CHAR:
            if token.text.isdigit():
                text += token.text
            elif token.text == "." and "." not in text and self._digit(1):
                text += "."
            elif token.text == "." and "." not in text and text and not self._digit(1):
                # a full stop at the end of a sentence, or "5." as a decimal
                if self.peek(1) is not None:
                    text += "."
                else:
                    break
            else:
                break
            self.at += 1
            # thousands as in 1{,}000
            if (
                (group := self.peek()) is not None
                and group.kind is Kind.OPEN
                and (comma := self.peek(1)) is not None
                and comma.is_char(",")
                and (close := self.peek(2)) is not None
                and close.kind is Kind.CLOSE
                and self._digit(3)
            ):
                self.at += 3
        text += self._exponent_mark()
        if len(text) > 4000:
            raise FormulaError("a number of more than 4000 digits", self.tokens[start].start)
        value = number(text.rstrip(".") if text.endswith(".") else text)
        if (token := self.peek()) is not None and token.is_macro("%"):
            self.at += 1
            places = None if value.decimals is None else value.decimals + 2
            return Number(value.value / 100, places if places is not None else 2)
        return value

    def _digit(self, ahead: int) -> bool:
        token = self.peek(ahead)
        return token is not None and token.kind is Kind.CHAR and token.text.isdigit()

    def _exponent_mark(self) -> str:
        """``e-5`` of a number like ``5e-5`` (no space, digits after it)."""
        mark = self.peek()
        before = self.tokens[self.at - 1]
        if mark is None or mark.text not in ("e", "E") or mark.kind is not Kind.CHAR or mark.start != before.end:
            return ""
        k = 1
        sign = ""
        after = self.peek(k)
        if after is not None and after.text in ("+", "-") and after.start == mark.end:
            sign = after.text
            k += 1
        braced = after is not None and after.kind is Kind.OPEN
        if not braced and (not self._digit(k) or (not sign and (t := self.peek(k)) is not None and t.start != mark.end)):
            return ""
        if after is not None and after.kind is Kind.OPEN:
            # 5\\mathrm{e}{-4}
            inner = [t.text for t in self.tokens[self.at + 2 : self.at + 6]]
            if "}" in inner and "".join(inner[: inner.index("}")]).lstrip("-+").isdigit():
                count = inner.index("}")
                self.at += count + 3
                return "e" + "".join(inner[:count])
        digits = ""
        while self._digit(k) and len(digits) < 5:
            digit = self.peek(k)
            assert digit is not None
            digits += digit.text
            k += 1
        if not digits or (sign == "+" and len(digits) < 2):
            return ""  # 2e+1 is twice e, plus one
        if int(digits) > 400:
            raise self.fail("a power of ten beyond 400")
        self.at += k
        return f"e{sign}{digits}"

    def _bracket(self, opened: str) -> Expr:
        inside = self._bracket_tokens(opened)
        if opened == "[" and any(relation_of(t) for t in _top_level(inside)):
            # Iverson's bracket
            return Cases(((ONE, self._inside_condition(inside)), (ZERO, Otherwise())))
        return self._inside(inside, Parser.expression)

    def _bracket_tokens(self, opened: str) -> list[Token]:
        """The tokens inside a bracket of any kind, which must be closed by its own kind."""
        start = self.take()
        inside_from = self.at
        stack = [opened]
        braces = 0
        environments = 0
        while stack:
            token = self.peek()
            if token is None:
                raise FormulaError(f"“{_spoken(start)}” is never closed", start.start)
            self.at += 1
            if token.kind is Kind.OPEN:
                braces += 1
            elif token.kind is Kind.CLOSE:
                braces -= 1
            elif token.kind is Kind.BEGIN:
                environments += 1
            elif token.kind is Kind.END:
                environments -= 1
            elif token.kind is Kind.CHAR and not braces and not environments:
                if token.text in _CLOSING:
                    stack.append(token.text)
                elif token.text in (")", "]", r"\}"):
                    if token.text != _CLOSING[stack[-1]]:
                        raise FormulaError(f"“{stack[-1]}” is closed by “{token.text}”", token.start)
                    stack.pop()
        return list(self.tokens[inside_from : self.at - 1])

    def _brace(self, token: Token) -> Expr:
        after = self.peek(1)
        if after is not None and after.kind is Kind.BEGIN and after.text in ("array", "matrix", "aligned", "cases"):
            # \left\{ \begin{array} … \end{array} \right. is a case distinction
            self.at += 1
            result = self._environment(after, as_cases=True)
            self.accept(r"\}")
            return result
        return self._bracket(token.text)

    def _bar(self, token: Token) -> Expr:
        """|x|, \\|x\\|, ||x||, \\left| x \\right|."""
        self.at += 1
        double = token.text == "||"
        if token.is_char("|") and (nxt := self.peek()) is not None and nxt.is_char("|") and nxt.start == token.end:
            self.at += 1
            double = True
        start = self.at
        close = self._closing_bar(token, double)
        inside = list(self.tokens[start:close])
        if not inside:
            raise FormulaError("nothing between two bars", token.start)
        self.at = close + (2 if double and token.text == "|" else 1)
        inner = Parser(inside, self.names, self.reading, self.clock)
        inner.depth, inner.bound = self.depth, self.bound
        result = inner.expression()
        inner.expect_end()
        self.ambiguous = self.ambiguous or inner.ambiguous
        return Func("norm" if double else "abs", (result,))

    def _closing_bar(self, token: Token, double: bool) -> int:
        """Where the bar that opens at ``token`` closes."""
        depth = 0
        left = token.kind is Kind.LEFT_BAR
        operand = False
        k = self.at
        while k < len(self.tokens):
            t = self.tokens[k]
            if t.kind in (Kind.OPEN, Kind.BEGIN) or (t.kind is Kind.CHAR and t.text in _CLOSING):
                depth += 1
                operand = False
            elif t.kind in (Kind.CLOSE, Kind.END) or (t.kind is Kind.CHAR and t.text in (")", "]", r"\}")):
                depth -= 1
                operand = True
                if depth < 0:
                    break
            elif depth == 0:
                if left and t.kind is Kind.LEFT_BAR:
                    depth_bars = self._skip_left_bar(k)
                    k = depth_bars
                    operand = True
                    continue
                if left and t.kind is Kind.RIGHT_BAR:
                    return k
                if not left and t.is_char("|") and operand:
                    if not double:
                        return k
                    nxt = self.tokens[k + 1] if k + 1 < len(self.tokens) else None
                    if nxt is not None and nxt.is_char("|"):
                        return k
                operand = t.kind is not Kind.CHAR or t.text not in "+-*/=<>,"
                if t.is_macro("cdot", "times", "le", "ge", "odot"):
                    operand = False
            k += 1
        raise FormulaError("a bar is never closed", token.start)

    def _skip_left_bar(self, k: int) -> int:
        depth = 0
        while k < len(self.tokens):
            if self.tokens[k].kind is Kind.LEFT_BAR:
                depth += 1
            elif self.tokens[k].kind is Kind.RIGHT_BAR:
                depth -= 1
                if depth == 0:
                    return k + 1
            k += 1
        raise self.fail("a bar is never closed")

    # --- macros ---------------------------------------------------------------------------------

    def _macro(self, token: Token) -> Expr:
        name = token.text
        if name == "frac":
            return self._fraction()
        if name == "sqrt":
            return self._root()
        if name in ("sum", "prod"):
            return self._big(name)
        if name in MACRO_FUNCTIONS:
            self.at += 1
            return self._function(MACRO_FUNCTIONS[name], token)
        if name == "nabla":
            return self._nabla()
        if name == "partial":
            return self._slash_derivative(token)
        if name == "dot":
            return self._dotted()
        if name in ACCENTS:
            self.at += 1
            inside = canonical_text(self._script())
            if name == "ddot":
                return Derivative(self._name(inside, scripts=True), Symbol("t"), 2, "dot")
            return self._name(f"\\{name}{{{inside}}}")
        if name in ("Vert", "vert"):
            return self._norm_macro(token)
        if name == "langle":
            return self._inner_product(token)
        if name == "infty":
            raise self.fail("infinity is not a number here")
        if name in GREEK:
            if name == "pi" and self._plain_pi():
                self.at += 1
                return PI
            if name == "Delta" and r"\Delta" not in self.names.variables and self._letter_follows():
                self.at += 1
                return self._name("\\Delta " + self._spelled_letter())
            if name == "delta" and (pair := self._kronecker()) is not None:
                return pair
            self.at += 1
            return self._name("\\" + name)
        if name == "mathbf":
            raise self.fail("a bold face without a letter")
        raise FormulaError(f"“\\{name}” is not known", token.start)

    def _letter_follows(self) -> bool:
        after = self.peek(1)
        return after is not None and (
            (after.kind is Kind.CHAR and after.text.isalpha()) or (after.kind is Kind.MACRO and after.text in GREEK)
        )

    def _spelled_letter(self) -> str:
        token = self.take()
        return token.text if token.kind is Kind.CHAR else "\\" + token.text

    def _plain_pi(self) -> bool:
        after = self.peek(1)
        named = r"\pi" in self.names.functions or r"\pi" in self.names.variables
        return not named and not (after is not None and after.is_char("_"))

    def _kronecker(self) -> Expr | None:
        """\\delta_{ij} is Kronecker's delta if i and j are indices and delta is nothing else here."""
        if r"\delta" in self.names.variables or not ((t := self.peek(1)) is not None and t.is_char("_")):
            return None
        mark = self.at
        self.at += 2
        inside = [t for t in self._script() if not t.is_char(",")]
        if len(inside) == 2 and all(self._is_index_token(t) for t in inside):
            left, right = (self._index_atom(t) for t in inside)
            return Delta(left, right)
        self.at = mark
        return None

    def _is_index_token(self, token: Token) -> bool:
        return token.kind is Kind.CHAR and (token.text.isdigit() or self._is_index(token.text))

    def _is_index(self, letter: str) -> bool:
        return letter in USUAL_INDICES or letter in self.names.indices or letter in self.bound

    @staticmethod
    def _index_atom(token: Token) -> Expr:
        return number(token.text) if token.text.isdigit() else Symbol(token.text)

    def _norm_macro(self, token: Token) -> Expr:
        self.at += 1
        start, depth = self.at, 0
        for k in range(start, len(self.tokens)):
            t = self.tokens[k]
            if t.kind in (Kind.OPEN, Kind.BEGIN):
                depth += 1
            elif t.kind in (Kind.CLOSE, Kind.END):
                depth -= 1
            elif depth == 0 and t.is_macro("Vert"):
                self.at = k + 1
                return Func("norm", (self._nested(list(self.tokens[start:k])),))
        raise FormulaError("“\\|” is never closed", token.start)

    def _inner_product(self, token: Token) -> Expr:
        self.at += 1
        start, depth = self.at, 0
        for k in range(start, len(self.tokens)):
            t = self.tokens[k]
            if t.kind is Kind.OPEN or (t.kind is Kind.CHAR and t.text in _CLOSING):
                depth += 1
            elif t.kind is Kind.CLOSE or (t.kind is Kind.CHAR and t.text in (")", "]")):
                depth -= 1
            elif depth == 0 and t.is_macro("rangle"):
                self.at = k + 1
                parts = split_at(self.tokens[start:k], ",")
                if len(parts) != 2:
                    raise FormulaError("an inner product of two vectors was expected", token.start)
                return Func("dot", (self._nested(parts[0]), self._nested(parts[1])))
        raise FormulaError("“⟨” is never closed", token.start)

    def _root(self) -> Expr:
        self.at += 1
        degree: Expr | None = None
        if (token := self.peek()) is not None and token.is_char("["):
            degree = self._bracket("[")
        body = self._nested(self._group_tokens())
        if degree is None:
            return Pow(body, HALF)
        if isinstance(degree, Number) and degree.value != 0:
            return Pow(body, Number(1 / degree.value))
        return Pow(body, Div(ONE, degree))

    def _big(self, name: str) -> Expr:
        token = self.take()
        lower: Expr | None = None
        upper: Expr | None = None
        indices: list[str] = []
        excluded: Expr | None = None
        for _ in range(2):
            nxt = self.peek()
            if nxt is not None and nxt.is_char("_"):
                self.at += 1
                indices, lower, excluded = self._range(self._script(), token)
            elif nxt is not None and nxt.is_char("^"):
                self.at += 1
                upper = self._nested(self._script())
        if not indices:
            raise FormulaError(f"“\\{name}” without an index", token.start)
        # an index that is used again inside (as in nested sums of the same letter) is shadowed properly by the tree
        self.bound = [*self.bound, *indices]
        try:
            sign = self._sign()
            body = self.term()
            if sign < 0:
                body = Neg(body)
        finally:
            self.bound = self.bound[: len(self.bound) - len(indices)]
        for index in reversed(indices):
            if name == "sum":
                body = Sum(body, index, lower, upper, excluded if index == indices[0] else None)
            else:
                body = Product(body, index, lower, upper)
        return body

    def _range(self, tokens: list[Token], at: Token) -> tuple[list[str], Expr | None, Expr | None]:
        """i, i = 1, i \\in S, i \\ne j, (i, j)."""
        tokens = [t for t in tokens if t.kind is not Kind.TEXT]
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
        kind = relation_of(tokens[mark])
        tail = tokens[mark + 1 :]
        if kind == "=":
            return names, self._nested(tail), None
        if kind == "!=":
            return names[:1], None, self._nested(tail)
        if kind == "in":
            return names, None, None
        raise FormulaError("this range of a sum is not known", tokens[mark].start)

    # --- functions ------------------------------------------------------------------------------

    def _function(self, name: str, token: Token) -> Expr:
        """A function the core knows, its power, its base, and its argument with or without brackets."""
        power: Expr | None = None
        base: Expr | None = None
        primes = 0
        while (nxt := self.peek()) is not None:
            if nxt.is_char("^") and power is None:
                self.at += 1
                power = self._nested(self._script())
            elif nxt.is_char("_") and base is None:
                self.at += 1
                base = self._nested(self._script())
            elif nxt.is_char("'"):
                self.at += 1
                primes += 1
            else:
                break
        args = self._arguments(name, token)
        if name in ("log10", "log2"):
            base, name = number(int(name[3:])), "log"
        if name in ("max", "min") and base is not None:
            raise FormulaError(f"“\\{name}” over an index is not known", token.start)
        arity = FUNCTIONS[name]
        if arity is not None and len(args) != arity:
            raise FormulaError(f"{name} takes {arity} argument{'s' * (arity > 1)}, not {len(args)}", token.start)
        if power == Neg(ONE) and name in _INVERSES:
            name, power = _INVERSES[name], None
        result: Expr
        if primes:
            result = Apply(name, args, (primes,))
        elif base is not None and name == "log":
            result = Div(Func("log", args), Func("log", (base,)))
        elif name == "norm" and base is not None:
            result = Func("norm", args)
        else:
            result = Func(name, args)
        return result if power is None else Pow(result, power)

    def _arguments(self, name: str, token: Token) -> tuple[Expr, ...]:
        nxt = self.peek()
        if nxt is None:
            raise FormulaError(f"“{_spoken(token)}” without an argument", token.start)
        if nxt.kind is Kind.CHAR and nxt.text in _CLOSING:
            inside = self._bracket_tokens(nxt.text)
            return tuple(self._nested(part) for part in split_at(inside, ",", ";"))
        if nxt.kind is Kind.OPEN:
            inside = self._group_tokens()
            return tuple(self._nested(part) for part in split_at(inside, ","))
        if name in ("max", "min"):
            raise FormulaError(f"“\\{name}” needs brackets", token.start)
        return (self._bare_argument(),)

    def _bare_argument(self) -> Expr:
        """\\sin 2x, \\log p_i: numbers and names that follow, up to a bracket, a function or a sign."""
        if (nxt := self.peek()) is not None and nxt.is_char("-"):
            self.at += 1
            return Neg(self._bare_argument())
        factors = [self.factor()]
        while self._continues_argument(factors):
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _continues_argument(self, so_far: list[Expr]) -> bool:
        token = self.peek()
        if token is None or isinstance(so_far[-1], Func | Apply | Sum):
            return False
        if token.kind is Kind.CHAR:
            return token.text.isalnum()
        if token.kind is Kind.MACRO:
            return token.text in GREEK or token.text in ("frac", "sqrt", "hat", "bar", "tilde")
        return token.kind is Kind.SYMBOL

    # --- names ----------------------------------------------------------------------------------

    def _named(self, token: Token) -> Expr:
        self.at += 1
        text = " ".join(token.text.split()).strip(":")
        known = NAMED_FUNCTIONS.get(text.lower())
        own = f"\\text{{{text}}}" in self.names.functions or text in self.names.functions | self.names.variables
        if known is not None and not own:
            if known in FUNCTIONS or known in ("log10", "log2"):
                nxt = self.peek()
                if nxt is not None and (self._starts_atom(0) or nxt.text in ("^", "_", "'")):
                    return self._function(known, token)
        if text.lower() in ("if", "otherwise"):
            raise FormulaError(f"the word “{text}” inside a formula", token.start)
        return self._name(f"\\text{{{text}}}")

    def _name(self, base: str, scripts: bool = True) -> Expr:
        """A name with its scripts: a symbol, a component, an application, or a product."""
        if base == "D" and "D" not in self.names.variables | self.names.functions and self._has_subscript():
            operator = self._operator()
            if operator is not None:
                return operator
        if base == "e" and "e" not in self.names.variables and not self._has_subscript():
            return E
        label, indices, primes, tag = "", [], 0, ""
        raised: list[Expr] = []
        while scripts and (token := self.peek()) is not None:
            if token.is_char("_") and not label and not indices:
                self.at += 1
                label, indices = self._subscript(base + tag)
            elif token.is_char("^") and (count := self._raised_primes()):
                primes += count
            elif token.is_char("^") and not tag and not raised and (found := self._tag(base)) is not None:
                tag, raised = found
            elif token.is_char("'") or token.is_macro("prime"):
                self.at += 1
                primes += 1
            else:
                break
        name = base + tag + (f"_{{{label}}}" if label else "")
        all_indices = (*raised, *indices)
        numbered = self._numbered(base + tag, all_indices)
        if numbered is not None:
            name, all_indices = numbered, ()
        power: list[Token] | None = None
        mark = self.at
        self._refuse_operator(base, name)
        if (token := self.peek()) is not None and token.is_char("^") and name in self.names.functions:
            # f^2(x) is a power of a function, f^{(2)}(x) was taken as a tag or derivative
            self.at += 1
            script = self._script()
            bracketed = len(script) > 2 and script[0].is_char("(") and script[-1].is_char(")")
            order = "".join(t.text for t in script[1:-1]) if bracketed else ""
            if order.isdigit() and self._applies(name):
                primes += int(order)
            elif self._applies(name):
                power = script
            else:
                self.at = mark
        if self._applies(name + "_{}" if all_indices else name):
            result = self._application(name, all_indices, primes)
            return result if power is None else Pow(result, self._nested(power))
        if primes and all_indices:
            return Indexed(name + "'" * primes, all_indices)
        if primes:
            return Apply(name, (), (primes,))
        if all_indices:
            return Indexed(name, all_indices)
        return Symbol(name)

    def _numbered(self, base: str, indices: Sequence[Expr]) -> str | None:
        """``g_1`` is the name of a function, not a component, if the document uses it so."""
        if len(indices) != 1 or not isinstance(indices[0], Number):
            return None
        name = f"{base}_{{{indices[0].value}}}"
        if name in self.names.functions or self._applies(name):
            return name
        return None

    def _refuse_operator(self, base: str, name: str) -> None:
        """An expectation, a probability, an order term, an inverse function: not read, never taken for a product."""
        token = self.peek()
        if token is None or token.kind not in (Kind.CHAR, Kind.LEFT_BAR):
            return
        opened = token.text in ("(", "[", r"\{")
        if base.startswith(r"\mathbb{") and base[8:-1] in "EPVI" and (opened or self.at):
            raise self.fail(f"the operator “{base}” is not known here")
        if opened and base in ("O", r"\mathcal{O}") and base not in self.names.functions | self.names.variables:
            raise self.fail("an order term like O(h²) is not known here")
        if base.startswith(r"\text{") and opened and base not in self.names.functions | self.names.variables:
            plain = base[6:-1]
            known = NAMED_FUNCTIONS.get(plain.lower()) or self.names.is_function(name, self._plain_argument())
            if not known and plain.isalpha():
                raise self.fail(f"the function “{plain}” is not known here")
        if token.is_char("^") and name in self.names.functions | USUAL_FUNCTIONS and self._inverse_follows():
            raise self.fail("whether this is an inverse function or a reciprocal is not clear")

    def _inverse_follows(self) -> bool:
        texts = [t.text for t in self.tokens[self.at + 1 : self.at + 6]]
        return texts == ["{", "-", "1", "}", "("]

    def _operator(self) -> Expr | None:
        """``D_x y``: a derivative, if something follows that it can act on."""
        mark = self.at
        self.at += 1
        script = self._script()
        if len(script) == 1 and self._starts_atom(0):
            return Derivative(self._operand(), self._nested(script))
        self.at = mark
        return None

    def _raised_primes(self) -> int:
        """How many primes a superscript consists of, if of nothing else; they are taken."""
        mark = self.at
        self.at += 1
        script = self._script() if self.peek() is not None else []
        if script and all(t.is_macro("prime") or t.is_char("'") for t in script):
            return len(script)
        self.at = mark
        return 0

    def _has_subscript(self) -> bool:
        token = self.peek()
        return token is not None and token.is_char("_")

    def _subscript(self, base: str) -> tuple[str, list[Expr]]:
        """Either a label or indices."""
        inside = self._script()
        parts = split_at(inside, ",")
        plain = [t for t in inside if not t.is_char(",")]
        if not plain:
            raise self.fail("an empty subscript")
        text = canonical_text(inside)
        if all(t.kind is Kind.CHAR and t.text.isdigit() for t in plain):
            return self._digits(base, parts, text)
        if len(plain) == 2 and base in self.names.double and all(t.kind is Kind.CHAR and t.text.isalnum() for t in plain):
            return "", [self._index_atom(t) for t in plain]
        if len(parts) == 1 and len(plain) > 2 and plain[1].is_char("_") and self._is_label_index(plain):
            return "", [self._nested(plain)]
        if len(parts) == 1 and all(self._is_index_token(t) for t in plain) and any(t.text.isalpha() for t in plain):
            if len(plain) == 1 or all(t.text.isalpha() or t.text.isdigit() for t in plain):
                self.names.double.add(base) if len(plain) == 2 else None
                return "", [self._index_atom(t) for t in plain]
        if len(parts) > 1 and all(self._index_part(p) for p in parts):
            return "", [self._nested(p) for p in parts]
        if self._index_part(plain) and any(t.kind is Kind.CHAR and t.text in "+-" for t in plain):
            return "", [self._nested(plain)]
        if text in self.bound:
            return "", [Symbol(text)]
        if len(plain) == 1 and plain[0].kind is Kind.CHAR and plain[0].text in self.bound:
            return "", [Symbol(plain[0].text)]
        return text, []

    def _is_label_index(self, tokens: list[Token]) -> bool:
        """``f_{y_i}``: the index is itself a component."""
        last = [t for t in tokens[2:] if t.kind not in (Kind.OPEN, Kind.CLOSE)]
        return tokens[0].kind is Kind.CHAR and tokens[0].text.isalpha() and len(last) == 1 and self._is_index_token(last[0])

    def _digits(self, base: str, parts: list[list[Token]], text: str) -> tuple[str, list[Expr]]:
        if len(parts) > 1:
            return "", [number("".join(t.text for t in p)) for p in parts if p]
        if len(text) == 2 and base in self.names.double:
            return "", [number(d) for d in text]
        return "", [number(text)]

    def _index_part(self, tokens: list[Token]) -> bool:
        """An index, a number, or one with + or - a number."""
        letters = [t for t in tokens if t.kind is Kind.CHAR and t.text.isalpha()]
        rest = [t for t in tokens if t not in letters]
        if not all(t.kind is Kind.CHAR and (t.text.isdigit() or t.text in "+-") for t in rest):
            return False
        if not letters:
            return len(tokens) == 1 or not any(t.text in "+-" for t in rest)
        shift = any(t.text in "+-" for t in rest)
        return len(letters) == 1 and (self._is_index(letters[0].text) or (shift and letters[0].text in "tTKNMdpqrs"))

    def _tag(self, base: str) -> tuple[str, list[Expr]] | None:
        """A superscript that belongs to the name: ``(1)``, ``[l]``, ``*``, ``+``, a word; or an index ``(i)``."""
        mark = self.at
        self.at += 1
        inside = self._script()
        words = [t for t in inside if t.kind in (Kind.TEXT, Kind.NAME)]
        if len(inside) == 1 and (inside[0].text in ("*", "+", "-", "star", "dagger") or words):
            if words and words[0].text.strip() in ("T", "\\top"):
                self.at = mark
                return None
            return f"^{{{canonical_text(inside)}}}", []
        text = "".join(t.text for t in inside if t.kind is Kind.CHAR)
        if len(inside) > 1 and text.isalpha() and text in ("new", "old", "true", "pred", "out", "in", "next"):
            return f"^{{{text}}}", []
        if len(inside) == 1 and base in self.names.layered and inside[0].text.isdigit():
            return f"^{{({inside[0].text})}}", []
        if len(inside) == 4 and inside[-1].text in ("T", "top") and inside[0].is_char("(") and inside[2].is_char(")"):
            # W^{(2)T}: the label, and the transpose left for the next script
            last = inside[-1]
            self.tokens = [*self.tokens[: self.at], Token(Kind.CHAR, "^", last.start, last.end), last, *self.tokens[self.at :]]
            inside = inside[:-1]
        bracketed = (
            len(inside) >= 3
            and inside[0].kind is Kind.CHAR
            and inside[0].text in ("(", "[")
            and inside[-1].kind is Kind.CHAR
            and inside[-1].text == _CLOSING[inside[0].text]
        )
        lettered = bracketed and base in self.names.functions and any(t.text.isalpha() for t in inside[1:-1])
        if not bracketed or lettered or base in ("e", r"\pi"):
            self.at = mark
            return None
        core = inside[1:-1]
        kind = "()" if inside[0].text == "(" else "[]"
        if any(t.kind is Kind.CHAR and t.text.isalpha() for t in core) and self._layer_part(core):
            self.names.raised.add(base)
            return f"^{{{kind}}}", [self._nested(core)]
        if all(t.kind is Kind.CHAR and t.text.isdigit() for t in core):
            if base in self.names.functions and base not in self.names.raised and self._called(0):
                self.at = mark
                return None
            if base in self.names.raised:
                return f"^{{{kind}}}", [number("".join(t.text for t in core))]
            return f"^{{{kind[0]}{canonical_text(core)}{kind[1]}}}", []
        self.at = mark
        return None

    def _layer_part(self, tokens: list[Token]) -> bool:
        letters = [t for t in tokens if t.kind is Kind.CHAR and t.text.isalpha()]
        rest = [t for t in tokens if t not in letters]
        return len(letters) == 1 and all(t.kind is Kind.CHAR and (t.text.isdigit() or t.text in "+-") for t in rest)

    def _applies(self, name: str) -> bool:
        token = self.peek()
        if token is None or token.kind is not Kind.CHAR or token.text not in ("(", "[", r"\{"):
            return False
        spread = name in self.names.variables and not self.names.sigmoid
        if name == r"\sigma" and not spread and not self._holds_itself(name):
            return True
        plain = name.removeprefix("\\text{").removesuffix("}") if name.startswith("\\text{") else name
        if plain.lower() in _ROMAN_NAMES and plain not in self.names.variables and len(plain) > 2:
            return True
        if token.text != "(":
            known = name in self.names.functions and name not in self.names.variables
            return known and token.text == "[" and not name.endswith("_{}")
        plain_argument = self._plain_argument()
        if self._list_argument():
            return True
        if not plain_argument and (name.endswith("_{}") or self._holds_itself(name)):
            # y_i (1 - y_i) is a product, whatever y_i(x_i) is elsewhere
            return False
        return self.names.is_function(name, plain_argument)

    def _list_argument(self) -> bool:
        """Whether the bracket ahead holds a list: then it cannot be a factor."""
        depth = 0
        for k in range(self.at, min(self.at + 80, len(self.tokens))):
            token = self.tokens[k]
            depth += token.is_char("(") or token.kind is Kind.OPEN or token.is_char("[")
            depth -= token.is_char(")") or token.kind is Kind.CLOSE or token.is_char("]")
            if depth == 0:
                return False
            if depth == 1 and token.is_char(","):
                return True
        return False

    def _holds_itself(self, name: str) -> bool:
        """Whether the bracket ahead mentions the name without a bracket of its own."""
        stem = name.partition("_{")[0].removeprefix("\\")
        depth = 0
        for k in range(self.at, min(self.at + 60, len(self.tokens))):
            token = self.tokens[k]
            depth += token.is_char("(")
            depth -= token.is_char(")")
            if depth == 0:
                return False
            after = self.tokens[k + 1] if k + 1 < len(self.tokens) else None
            if token.text == stem and not (after is not None and after.text in ("(", "'", "_")):
                return True
        return False

    def _plain_argument(self) -> bool:
        """Whether the bracket ahead holds only names and commas."""
        depth = 0
        for k in range(self.at, min(self.at + 40, len(self.tokens))):
            token = self.tokens[k]
            if token.is_char("("):
                depth += 1
            elif token.is_char(")"):
                depth -= 1
                if depth == 0:
                    return True
            elif token.kind is Kind.CHAR and (token.text in "+-*/=" or token.text.isdigit()) and depth == 1:
                previous = self.tokens[k - 1]
                if not (previous.is_char("_") or token.text.isdigit() and previous.is_char("(")):
                    return False
        return False

    def _application(self, name: str, indices: Sequence[Expr], primes: int) -> Expr:
        token = self.peek()
        assert token is not None
        plain = name.removeprefix("\\text{").removesuffix("}") if name.startswith("\\text{") else name
        known = "sigmoid" if name == r"\sigma" else NAMED_FUNCTIONS.get(plain.lower()) if len(plain) > 2 else None
        inside = self._bracket_tokens(token.text)
        bars = sum(t.is_char("|") for t in inside)
        separators = (",", ";", "|") if bars == 1 else (",", ";")
        inside = [t for t in inside if not t.is_macro("mid")] if bars != 1 else inside
        args = tuple(self._nested(part) for part in split_at(inside, *separators))
        if known is not None and name not in self.names.functions and not indices:
            if primes:
                return Apply(known, args, (primes,))
            arity = FUNCTIONS.get(known)
            if known in FUNCTIONS and (arity is None or arity == len(args)):
                return Func(known, args)
        all_args = (*indices, *args)
        if indices:
            name = name + "_{}"
        orders = () if not primes else ((0,) * len(indices) + (primes,) + (0,) * (len(args) - 1))
        return Apply(name, all_args, orders)

    # --- fractions and derivatives --------------------------------------------------------------

    def _fraction(self) -> Expr:
        token = self.take()
        num, den = self._group_tokens(), self._group_tokens()
        found = self._derivative_fraction(num, den)
        if found is not None:
            return self._at_number(found)
        if not num or not den:
            raise FormulaError("a fraction with an empty part", token.start)
        # what is struck out of a numerator or denominator leaves a one behind
        top, bottom = (
            ONE if all(t.kind is Kind.STRUCK for t in part) else self._nested(part) for part in (num, den)
        )
        return Div(top, bottom)

    def _at_number(self, slope: Expr) -> Expr:
        """``\\frac{df}{dx}(3)`` is a value, not a product."""
        token = self.peek()
        if not isinstance(slope, Derivative) or token is None or not token.is_char("("):
            return slope
        mark = self.at
        inside = self._bracket_tokens("(")
        plain = all(t.kind is Kind.CHAR and (t.text.isdigit() or t.text in ".-") for t in inside)
        if inside and plain:
            return At(slope, slope.wrt, self._nested(inside))
        self.at = mark
        return slope

    def _derivative_fraction(self, num: list[Token], den: list[Token]) -> Expr | None:
        """\\frac{df}{dx}, \\frac{\\partial^2 f}{\\partial x \\partial y}, \\frac{d}{dx}, \\frac{l \\cdot \\partial L}{\\partial w}."""
        mark = _differential(den, 0)
        if mark is None:
            return None
        variables = self._variables(den, mark)
        if variables is None:
            return None
        place = next((k for k in range(len(num)) if _differential(num, k) == mark), None)
        if mark == "d":
            # the d of a derivative comes first, or after a sign or a factor set apart by a product sign
            place = next((k for k in range(len(num)) if num[k].is_char("d") and self._leads(num, k)), None)
        if place is None:
            return None
        prefix, rest = num[:place], num[place + 1 :]
        order = 1
        if rest and rest[0].is_char("^"):
            script, width = _script_of(rest, 1)
            if len(script) != 1 or not script[0].text.isdigit():
                return None
            order, rest = int(script[0].text), rest[1 + width :]
        if order != sum(k for _, k in variables) or order > 8:
            return None
        variant = "partial" if mark == "partial" else "d"
        body = self._derivative_body(rest)
        for wrt, times in reversed(variables):
            body = Derivative(body, wrt, times, variant)
        return self._with_prefix(prefix, body)

    def _leads(self, num: list[Token], k: int) -> bool:
        if k == 0:
            return True
        before = num[k - 1]
        return before.is_char("-") or before.is_macro("cdot", "times")

    def _derivative_body(self, rest: list[Token]) -> Expr:
        if rest:
            return self._nested(rest)
        return self._operand()

    def _with_prefix(self, prefix: list[Token], body: Expr) -> Expr:
        if not prefix:
            return body
        if len(prefix) == 1 and prefix[0].is_char("-"):
            return Neg(body)
        if prefix[-1].is_macro("cdot", "times") or prefix[-1].is_char("*"):
            prefix = prefix[:-1]
        return Mul((self._nested(prefix), body))

    def _variables(self, den: list[Token], mark: str) -> list[tuple[Expr, int]] | None:
        """The variables of a denominator like ``\\partial x \\partial y^2``, with how often each counts."""
        result: list[tuple[Expr, int]] = []
        k = 0
        while k < len(den):
            if _differential(den, k) != mark:
                return None
            stop = next((j for j in range(k + 1, len(den)) if j > k + 1 and _differential(den, j) == mark
                         and not den[j - 1].is_char("_") and not den[j - 1].is_char("^")), len(den))  # fmt: skip
            part = den[k + 1 : stop]
            times = 1
            if len(part) >= 3 and part[-2].is_char("^") and part[-1].text.isdigit():
                times, part = int(part[-1].text), part[:-2]
            elif len(part) >= 5 and part[-4].is_char("^") and part[-3].kind is Kind.OPEN and part[-2].text.isdigit():
                times, part = int(part[-2].text), part[:-4]
            if not part:
                return None
            try:
                inner = Parser(part, self.names, self.reading, self.clock)
                inner.depth, inner.bound = self.depth, self.bound
                variable = inner.factor()
                inner.expect_end()
            except FormulaError:
                return None
            if isinstance(variable, Number | Add | Neg | Div):
                return None
            if mark == "d" and not isinstance(variable, Symbol | Indexed | Apply):
                return None
            result.append((variable, times))
            k = stop
        return result or None

    def _operand(self) -> Expr:
        """What an operator like \\frac{d}{dx} acts on: a bracket, or the product that follows it."""
        self._skip_space()
        token = self.peek()
        if token is None:
            raise self.fail("an operator with nothing after it")
        bracketed = token.kind is Kind.CHAR and token.text in _CLOSING or token.kind in (Kind.OPEN, Kind.LEFT_BAR)
        if token.is_char("-"):
            self.at += 1
            return Neg(self._operand())
        first = self.factor()
        if not self._starts_atom(0):
            return first
        if bracketed and not _is_transposed(first):
            self.ambiguous = True
            if not self.reading.bracket_takes_product:
                return first
        if isinstance(first, Func | Apply) or not self._continues_argument([first]):
            self.ambiguous = True
            if not self.reading.derivative_takes_product:
                return first
        factors = [first]
        while self._starts_atom(0):
            factors.append(self.factor())
        return Mul(tuple(factors))

    def _nabla(self) -> Expr:
        token = self.take()
        wrt: Expr = Symbol("?")
        order = 1
        for _ in range(2):
            nxt = self.peek()
            if nxt is not None and nxt.is_char("_"):
                self.at += 1
                wrt = self._nested(self._script())
            elif nxt is not None and nxt.is_char("^"):
                self.at += 1
                script = self._script()
                if len(script) != 1 or script[0].text != "2":
                    raise FormulaError("this power of ∇ is not known", token.start)
                order = 2
        if (nxt := self.peek()) is not None and (nxt.is_macro("cdot", "times")):
            raise FormulaError("divergence and curl are not known here", token.start)
        return Derivative(self._operand(), wrt, order, "nabla")

    def _slash_derivative(self, token: Token) -> Expr:
        """\\partial L / \\partial w in one line."""
        k = self.at + 1
        while k < len(self.tokens) and not self.tokens[k].is_char("/"):
            if relation_of(self.tokens[k]) or self.tokens[k].kind in (Kind.AMP, Kind.ROW):
                break
            k += 1
        if k + 1 < len(self.tokens) and self.tokens[k].is_char("/") and self.tokens[k + 1].is_macro("partial"):
            num = list(self.tokens[self.at : k])
            self.at = k + 2
            wrt = self.factor()
            rest = num[1:]
            body = self._derivative_body(rest)
            return Derivative(body, wrt, 1, "partial")
        after = self.peek(1)
        if after is not None and after.is_char("_"):
            self.at += 2
            wrt = self._nested(self._script())
            return Derivative(self._operand(), wrt, 1, "partial")
        raise FormulaError("“∂” outside a derivative", token.start)

    def _dotted(self) -> Expr:
        """\\dot{x}: the derivative by time; a dotted i or j is the letter itself, whose dot it is."""
        self.at += 1
        inside = canonical_text(self._script())
        if inside in ("i", "j"):
            return self._name(inside)
        if (nxt := self.peek()) is not None and nxt.is_char("(") and inside in self.names.functions:
            args = tuple(self._nested(part) for part in split_at(self._bracket_tokens("("), ","))
            return Apply(inside, args, (1,) + (0,) * (len(args) - 1))
        return Derivative(self._name(inside), Symbol("t"), 1, "dot")

    # --- environments ---------------------------------------------------------------------------

    def _environment(self, token: Token, as_cases: bool = False) -> Expr:
        self.at += 1
        start, depth = self.at, 1
        while depth:
            inner = self.take()
            if inner.kind is Kind.BEGIN:
                depth += 1
            elif inner.kind is Kind.END:
                depth -= 1
        inside = self.tokens[start : self.at - 1]
        if token.text in _CASES_ENVIRONMENTS or as_cases:
            return self._case_rows(inside, token)
        raise FormulaError(f"the environment “{token.text}” inside a formula", token.start)

    def _case_rows(self, tokens: Sequence[Token], at: Token) -> Expr:
        branches: list[tuple[Expr, Condition]] = []
        for row in split_rows(tokens):
            if not row:
                continue
            value, condition = split_case(row)
            if not value:
                raise FormulaError("a branch without a value", row[0].start)
            expression = self._nested(strip_ends(value))
            if condition is None:
                branches.append((expression, Otherwise()))
                continue
            inner = Parser(condition, self.names, self.reading, self.clock)
            inner.depth, inner.bound = self.depth, self.bound
            tree = inner.condition()
            inner._skip_space()
            inner.expect_end()
            branches.append((expression, tree))
        if not branches:
            raise FormulaError("a case distinction without branches", at.start)
        return Cases(tuple(branches))

    # --- conditions -----------------------------------------------------------------------------

    def condition(self) -> Condition:
        """Conjunctions and disjunctions of chains of relations."""
        parts: list[Condition] = []
        options: list[Condition] = []
        tokens = strip_ends([t for t in self.tokens[self.at :] if t.kind is not Kind.QUAD])
        self.at = len(self.tokens)
        for glue, chunk in _connected(tokens):
            if glue == "or" and parts:
                options.append(_all(parts))
                parts = []
            parts.append(self._chain(chunk))
        if not parts:
            raise self.fail("a condition was expected")
        options.append(_all(parts))
        return options[0] if len(options) == 1 else AnyOf(tuple(options))

    def _chain(self, tokens: list[Token]) -> Condition:
        if len(tokens) == 1 and tokens[0].kind in (Kind.TEXT, Kind.NAME) and _is_otherwise(tokens[0].text):
            return Otherwise()
        sides: list[list[Token]] = [[]]
        marks: list[Token] = []
        depth = 0
        for token in tokens:
            if token.kind in (Kind.OPEN, Kind.BEGIN) or (token.kind is Kind.CHAR and token.text in _CLOSING):
                depth += 1
            elif token.kind in (Kind.CLOSE, Kind.END) or (token.kind is Kind.CHAR and token.text in (")", "]", r"\}")):
                depth -= 1
            if depth == 0 and relation_of(token):
                marks.append(token)
                sides.append([])
            else:
                sides[-1].append(token)
        if not marks:
            place = tokens[0].start if tokens else self._end()
            raise FormulaError("a condition was expected here, with a relation like < or =", place)
        parts: list[Condition] = []
        for k, mark in enumerate(marks):
            parts.append(self._relation(sides[k], mark, sides[k + 1]))
        return _all(parts)

    def _relation(self, left: list[Token], mark: Token, right: list[Token]) -> Condition:
        kind = relation_of(mark)
        if kind in ("in", "notin"):
            inside = self.membership(left, right, mark)
            return inside if kind == "in" else Not(inside)
        op = _OPS.get(kind or "")
        if op is None:
            raise FormulaError(f"“{_spoken(mark)}” is not a condition", mark.start)
        return Relation(self._nested(strip_ends(left)), op, self._nested(strip_ends(right)))

    def membership(self, left: list[Token], right: list[Token], mark: Token) -> Condition:
        """x \\in (0, 1], y \\in \\{-1, 1\\}."""
        element = self._nested(strip_ends(left))
        right = strip_ends(right)
        first, last = (right[0], right[-1]) if right else (None, None)
        if first is None or last is None or first.kind is not Kind.CHAR or last.kind is not Kind.CHAR:
            raise FormulaError("this set is not known", mark.start)
        parts = split_at(right[1:-1], ",", ";")
        if first.text == r"\{":
            return AnyOf(tuple(Relation(element, Op.EQ, self._nested(p)) for p in parts))
        if first.text in "([]" and last.text in ")[]" and len(parts) == 2:
            bounds: list[Condition] = []
            if not any(t.is_macro("infty") for t in parts[0]):
                op = Op.GE if first.text == "[" else Op.GT
                bounds.append(Relation(element, op, self._nested(parts[0])))
            if not any(t.is_macro("infty") for t in parts[1]):
                op = Op.LE if last.text == "]" else Op.LT
                bounds.append(Relation(element, op, self._nested(parts[1])))
            return _all(bounds) if bounds else All(())
        raise FormulaError("this set is not known", first.start)


_CASES_ENVIRONMENTS = frozenset({"cases", "dcases", "rcases", "cases*", "dcases*"})
_ATOM_MACROS = (
    frozenset({"frac", "sqrt", "sum", "prod", "nabla", "partial", "dot", "Vert", "langle", "mathbf", "vert"})
    | GREEK
    | ACCENTS
    | frozenset(MACRO_FUNCTIONS)
) - {"vert"}


def _top_level(tokens: Sequence[Token]) -> list[Token]:
    """The tokens outside groups and environments."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        depth += token.kind in (Kind.OPEN, Kind.BEGIN)
        if depth == 0:
            found.append(token)
        depth -= token.kind in (Kind.CLOSE, Kind.END)
    return found


def _flat(name: Symbol | Indexed) -> str:
    """A component as one name, for a label put on a bracket around it: ``(w_1)_{new}``."""
    if isinstance(name, Symbol):
        return name.name
    parts = [str(i.value) if isinstance(i, Number) else i.name if isinstance(i, Symbol) else "…" for i in name.indices]
    return f"{name.base}_{{{','.join(parts)}}}"


def _is_transposed(expr: Expr) -> bool:
    return isinstance(expr, Func) and expr.name == "transpose"


def _component_over(expr: Expr, index: Symbol) -> bool:
    """Whether a tree has a component over an index that is free in it."""
    for node in walk(expr):
        if isinstance(node, Sum | Product) and node.index == index.name:
            return False
    return any(isinstance(n, Indexed) and index in n.indices for n in walk(expr))


def _differentiated(base: Expr) -> Expr:
    """A prime after something: one more derivative."""
    match base:
        case Apply(name, args, orders) if args and len(args) == 1:
            return Apply(name, args, ((orders[0] if orders else 0) + 1,))
        case Apply(name, (), orders):
            return Apply(name, (), ((orders[0] if orders else 0) + 1,))
        case Symbol(name):
            return Apply(name, (), (1,))
        case Derivative(body, Symbol("?"), order, _):
            return Derivative(body, Symbol("?"), order + 1)
        case _:
            return Derivative(base, Symbol("?"), 1)


def _norm_of_kind(norm: Func, kind: str, at: int) -> Expr:
    if kind in ("2", "F", "\\text{F}"):
        return norm
    if kind == "1":
        return Func("norm1", norm.args)
    raise FormulaError("this norm is not known; 1 and 2 are", at)


def _differential(tokens: Sequence[Token], k: int) -> str | None:
    """``d`` or ``partial`` if that stands at place k."""
    token = tokens[k] if k < len(tokens) else None
    if token is None:
        return None
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


def split_at(tokens: Sequence[Token], *separators: str) -> list[list[Token]]:
    """Split at signs outside all brackets.

    >>> from gradbook.document.tokens import tokenise
    >>> [len(p) for p in split_at(tokenise("a, f(b, c)"), ",")]
    [1, 6]
    """
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind in (Kind.OPEN, Kind.BEGIN) or (token.kind is Kind.CHAR and token.text in _CLOSING):
            depth += 1
        elif token.kind in (Kind.CLOSE, Kind.END) or (token.kind is Kind.CHAR and token.text in (")", "]", r"\}")):
            depth -= 1
        if depth == 0 and token.kind is Kind.CHAR and token.text in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def split_rows(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at ``\\\\`` outside nested groups and environments."""
    rows: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind in (Kind.OPEN, Kind.BEGIN):
            depth += 1
        elif token.kind in (Kind.CLOSE, Kind.END):
            depth -= 1
        if depth == 0 and token.kind is Kind.ROW:
            rows.append([])
        else:
            rows[-1].append(token)
    return rows


def split_cells(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at ``&`` outside nested groups and environments."""
    cells: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind in (Kind.OPEN, Kind.BEGIN):
            depth += 1
        elif token.kind in (Kind.CLOSE, Kind.END):
            depth -= 1
        if depth == 0 and token.kind is Kind.AMP:
            cells.append([])
        else:
            cells[-1].append(token)
    return cells


_CONDITION_WORDS = ("if", "for", "when", "whenever", "where", "while", "in case", "provided", "as long as", "and", "all")


def split_case(row: list[Token]) -> tuple[list[Token], list[Token] | None]:
    """The value of a branch and its condition; None is "otherwise"."""
    cells = split_cells(row)
    if len(cells) > 1:
        value = cells[0]
        condition = [t for cell in cells[1:] for t in cell]
    else:
        place = _condition_start(row)
        value, condition = row[:place], row[place:]
    condition = strip_ends(condition)
    while condition and condition[0].kind in (Kind.TEXT, Kind.NAME):
        words = condition[0].text.strip().lower().strip(",:;. ")
        if _is_otherwise(words):
            return value, None
        if words in _CONDITION_WORDS or words.split(" ")[0] in _CONDITION_WORDS:
            condition = strip_ends(condition[1:])
            continue
        break
    spelled = "".join(t.text for t in condition if t.kind is Kind.CHAR)
    if spelled.lower() in ("otherwise", "else"):
        return value, None
    if spelled.lower().startswith("if") and len(condition) > 3:
        condition = condition[2:]
    return value, condition or None


def _is_otherwise(words: str) -> bool:
    return words.strip().lower().strip(",:;. ") in ("otherwise", "else", "in all other cases", "elsewhere", "other", "if not")


def _condition_start(row: list[Token]) -> int:
    """Where the condition begins in a row without ``&``: at a word, a wide space, or the last comma."""
    depth = 0
    comma: int | None = None
    for k, token in enumerate(row):
        if token.kind in (Kind.OPEN, Kind.BEGIN) or (token.kind is Kind.CHAR and token.text in _CLOSING):
            depth += 1
        elif token.kind in (Kind.CLOSE, Kind.END) or (token.kind is Kind.CHAR and token.text in (")", "]", r"\}")):
            depth -= 1
        if depth:
            continue
        if token.kind is Kind.TEXT and (token.text.strip().lower().split(" ") or [""])[0] in (
            *_CONDITION_WORDS, "otherwise", "else",
        ):  # fmt: skip
            return k
        if token.kind is Kind.QUAD and k > 0:
            return k
        if token.is_char(","):
            comma = k if comma is None else comma
    return comma if comma is not None else len(row)


def strip_ends(tokens: list[Token]) -> list[Token]:
    """Without punctuation and spaces at the ends."""
    start, end = 0, len(tokens)
    drop = (",", ";", ":", ".")
    while start < end and (tokens[start].kind in (Kind.QUAD, Kind.AMP) or tokens[start].text in (",", ";", ":")):
        start += 1
    while end > start and (tokens[end - 1].kind in (Kind.QUAD, Kind.AMP) or tokens[end - 1].text in drop):
        end -= 1
    return tokens[start:end]


def _connected(tokens: list[Token]) -> list[tuple[str, list[Token]]]:
    """Split a condition at "and", "or", ∧, ∨ and commas."""
    parts: list[tuple[str, list[Token]]] = []
    current: list[Token] = []
    glue = "and"
    depth = 0
    for token in tokens:
        if token.kind in (Kind.OPEN, Kind.BEGIN) or (token.kind is Kind.CHAR and token.text in _CLOSING):
            depth += 1
        elif token.kind in (Kind.CLOSE, Kind.END) or (token.kind is Kind.CHAR and token.text in (")", "]", r"\}")):
            depth -= 1
        word = token.text.strip().lower() if token.kind in (Kind.TEXT, Kind.NAME) else ""
        joins = (
            "or" if word == "or" or token.is_macro("vee") else
            "and" if word in ("and", "if", "for", "when", "with", "but", "if and only if", "") and token.kind is Kind.TEXT
            or token.is_macro("wedge") or token.is_char(",") else None
        )  # fmt: skip
        if joins and depth == 0:
            if current:
                parts.append((glue, current))
                current = []
            glue = joins
        else:
            current.append(token)
    if current:
        parts.append((glue, current))
    return parts


def _all(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


_STOPWORDS = frozenset(
    "for if when where with whenever as provided since because all on and or so thus hence therefore then but also let "
    "we have is are from by using at both which gives i.e. that the a of in to case rule derivative chain product "
    "otherwise else while here note not this it be get obtain similarly finally recall define assume use suppose "
    "first second third step via into per over since such".split()
)


def is_name(text: str) -> bool:
    """Whether words set as text inside a formula are a name ("target", "inp 1") and not prose.

    >>> is_name("inp 1"), is_name("for all"), is_name("target")
    (True, False, True)
    """
    words = text.strip().strip(".,:;").split()
    if not words or len(words) > 3 or text.strip()[-1:] in ",;":
        return False
    if any(w.lower() in _STOPWORDS for w in words):
        return False
    return words[0][0].isalpha() and all(c.isalnum() or c in " _-." for w in words for c in w)


def canonical_text(tokens: Sequence[Token]) -> str:
    """A label in one spelling: ``11-1``, ``\\theta``, ``h1``.

    >>> from gradbook.document.tokens import tokenise
    >>> canonical_text(tokenise(r"{ab - c}"))
    'ab-c'
    """
    parts: list[str] = []
    for token in tokens:
        if token.kind in (Kind.OPEN, Kind.CLOSE, Kind.QUAD, Kind.STRUCK):
            continue
        if token.kind is Kind.MACRO:
            parts.append("\\" + token.text + " ")
        elif token.kind in (Kind.TEXT, Kind.NAME):
            parts.append(" ".join(token.text.split()))
        else:
            parts.append(token.text)
    return "".join(parts).strip()


def _spoken(token: Token) -> str:
    if token.kind is Kind.MACRO:
        return "\\" + token.text
    if token.kind is Kind.BEGIN:
        return f"\\begin{{{token.text}}}"
    return token.text


__all__ = [
    "GREEK", "Names", "Parser", "Reading", "canonical_text", "is_name", "read_condition", "read_expression",
    "relation_of", "split_at", "split_cells", "split_rows", "strip_ends",
]  # fmt: skip
