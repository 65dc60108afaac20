r"""What is to be drawn for a tree: rows, fractions, scripts and brackets, before anything is drawn.

Between trees and the faces that draw them in two dimensions (:mod:`gradbook.symbolic.layout` on a terminal,
:mod:`gradbook.symbolic.mathml` on a page) all decisions are taken here, once: which brackets are needed, how
a derivative is written, what a name in LaTeX looks like. Brackets follow the rules of LaTeX in
``gradbook.symbolic.printing``.

>>> notation(Div(Symbol("x"), Symbol(r"\theta")))
Fraction(over=Word(text='x', face=''), under=Word(text='θ', face=''))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from itertools import pairwise

from gradbook.symbolic.digits import literal, signed, whole
from gradbook.symbolic.expr import (
    Add,
    All,
    AnyOf,
    Apply,
    At,
    Cases,
    Condition,
    Constant,
    Delta,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
)
from gradbook.symbolic.names import PRIMES, Accent, Notation, Numeral, Row, Script, Word, name_notation


class Kind(Enum):
    """What a sign does."""

    RELATION = "relation"
    TERM = "term"  # + and - between terms
    JOINT = "joint"  # and, or
    COMMA = "comma"
    TIMES = "times"
    PREFIX = "prefix"
    POSTFIX = "postfix"
    APPLY = "apply"  # nothing to be seen between a function and its argument

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Sign(Notation):
    """An operator; a product sign that is left out where letters stand side by side has no text."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Fraction(Notation):
    """One over the other."""

    over: Notation
    under: Notation


@dataclass(frozen=True, slots=True)
class Radical(Notation):
    """A root."""

    body: Notation
    degree: Notation | None = None


@dataclass(frozen=True, slots=True)
class Fence(Notation):
    """Brackets or bars as tall as what is in them; an empty one is not drawn."""

    opening: str
    body: Notation
    closing: str


@dataclass(frozen=True, slots=True)
class Big(Notation):
    """The sign of a sum (``∑``) or product (``∏``) with its limits."""

    sign: str
    below: Notation
    above: Notation | None = None


@dataclass(frozen=True, slots=True)
class Brace(Notation):
    """Rows of a value and the condition under which it counts."""

    rows: tuple[tuple[Notation, Notation], ...]


APPLY = Sign("", Kind.APPLY)
_COMMA = Sign(",", Kind.COMMA)
_MINUS = Sign("-", Kind.PREFIX)
_TOP = Word("⊤")

_RELATIONS = {Op.EQ: "=", Op.NE: "≠", Op.LT: "<", Op.LE: "≤", Op.GT: ">", Op.GE: "≥"}
_FUNCTIONS = {
    "log": "ln", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arsinh", "acosh": "arcosh",
    "atanh": "artanh", "sigmoid": "σ", "relu": "ReLU", "trace": "tr",
}  # fmt: skip
_BARS = {"abs": "|", "norm": "‖", "norm1": "‖"}
#: Functions that are not written as a name with an argument.
_OWN_FORMS = frozenset({"exp", "abs", "norm", "norm1", "transpose", "dot", "hadamard", "factorial"})


class _Binding(IntEnum):
    """How tightly a node holds together; brackets go round whatever is too loose."""

    TERM = 0
    PRODUCT = 1
    FACTOR = 2
    ATOM = 3


def notation(node: Node, *, raised_names: bool = False) -> Notation:
    r"""What is to be drawn for an expression or a condition.

    ``raised_names``: a power of a function is drawn as ``tanh²(x)``, not as ``(tanh(x))²``.

    >>> tree = Neg(Func("tanh", (Symbol("x"),)))
    >>> type(notation(tree)).__name__
    'Row'
    """
    writer = _Notator(raised_names)
    if isinstance(node, Condition):
        return writer.condition(node)
    assert isinstance(node, Expr)
    return writer.expr(node)


def relation(sides: Sequence[Node], ops: Sequence[Op], *, raised_names: bool = False) -> Row:
    """Expressions with relations between them."""
    drawn = [notation(side, raised_names=raised_names) for side in sides]
    signs = [Sign(_RELATIONS[op], Kind.RELATION) for op in ops]
    return Row(tuple(_interleaved(drawn, signs)))


def relation_sign(op: Op) -> Sign:
    """The sign of a relation."""
    return Sign(_RELATIONS[op], Kind.RELATION)


def _interleaved(parts: Sequence[Notation], signs: Sequence[Notation]) -> Iterable[Notation]:
    for place, part in enumerate(parts):
        if place:
            yield signs[place - 1]
        yield part


class _Notator:
    def __init__(self, raised_names: bool) -> None:
        self.raised_names = raised_names

    def at(self, node: Expr, binding: _Binding) -> Notation:
        """A node, in brackets if it is too loose."""
        drawn = self.expr(node)
        return drawn if _binding(node) >= binding else Fence("(", drawn, ")")

    def list(self, parts: tuple[Expr, ...]) -> Notation:
        """Values with commas between them."""
        if len(parts) == 1:
            return self.expr(parts[0])
        return Row(tuple(_interleaved([self.expr(part) for part in parts], [_COMMA] * len(parts))))

    def expr(self, node: Expr) -> Notation:
        """A node without brackets around it."""
        match node:
            case Number():
                return _number(node)
            case Constant(name):
                return Word("π" if name == "pi" else name)
            case Symbol(name):
                return name_notation(name)
            case Indexed(base, indices):
                return self._indexed(base, indices)
            case Delta(left, right):
                return Script(Word("δ"), below=self._indices((left, right)))
            case Add(terms):
                return self._sum(terms)
            case Neg(arg):
                return Row((_MINUS, self.at(arg, _Binding.PRODUCT)))
            case Mul(factors):
                return self._product(factors)
            case Div(num, den):
                return Fraction(self.expr(num), self.expr(den))
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Func(name, args):
                return self._function(name, args)
            case Apply():
                return self._apply(node)
            case Derivative():
                return self._derivative(node)
            case Sum() | Product():
                return Row((self._operator(node), self.at(node.body, _Binding.PRODUCT)))
            case Cases(branches):
                return Brace(tuple((self.expr(value), self._branch(when)) for value, when in branches))
            case At():
                return self._at_point(node)
            case _:
                raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")

    # --- sums, products, powers ---------------------------------------------------------------

    def _sum(self, terms: tuple[Expr, ...]) -> Notation:
        parts: list[Notation] = []
        for term in terms:
            negative, size = signed(term)
            if parts:
                parts.append(Sign("-" if negative else "+", Kind.TERM))
            elif negative:
                parts.append(_MINUS)
            parts.append(self.at(size, _Binding.PRODUCT))
        return Row(tuple(parts)) if parts else Numeral("0")

    def _product(self, factors: tuple[Expr, ...]) -> Notation:
        parts: list[Notation] = []
        for place, factor in enumerate(factors):
            open_ended = place == len(factors) - 1 and isinstance(factor, Sum | Product)
            drawn = self.expr(factor) if open_ended else self.at(factor, _Binding.FACTOR)
            if place:
                dot = _needs_dot(factors[place - 1], factor, drawn)
                parts.append(Sign("·" if dot else "", Kind.TIMES))
            parts.append(drawn)
        return Row(tuple(parts)) if parts else Numeral("1")

    def _power(self, base: Expr, exponent: Expr) -> Notation:
        if isinstance(exponent, Number) and literal(exponent) is None and exponent.value.numerator == 1:
            degree = exponent.value.denominator
            return Radical(self.expr(base), None if degree == 2 else Numeral(whole(degree)))
        raised = self.expr(exponent)
        if self.raised_names and isinstance(base, Func) and base.name not in _OWN_FORMS and _counts(exponent):
            return Row((Script(_function_name(base.name), raised), APPLY, self._arguments(base.args)))
        drawn = self.at(base, _Binding.ATOM)
        if isinstance(drawn, Script) and drawn.above is None:
            return Script(drawn.base, raised, drawn.below)
        return Script(drawn, raised)

    # --- names and functions ------------------------------------------------------------------

    def _indexed(self, base: str, indices: tuple[Expr, ...]) -> Notation:
        drawn, below = name_notation(base), self._indices(indices)
        if not isinstance(drawn, Script):
            return Script(drawn, below=below)
        return Script(
            drawn.base, drawn.above, below if drawn.below is None else Row((drawn.below, _COMMA, below))
        )

    def _indices(self, indices: tuple[Expr, ...]) -> Notation:
        together = all(isinstance(i, Symbol) and len(i.name) == 1 for i in indices)
        return Row(tuple(map(self.expr, indices))) if together and len(indices) > 1 else self.list(indices)

    def _arguments(self, args: tuple[Expr, ...]) -> Notation:
        return Fence("(", self.list(args), ")")

    def _function(self, name: str, args: tuple[Expr, ...]) -> Notation:
        match name, args:
            case "exp", (arg,):
                return Script(Word("e"), self.expr(arg))
            case (("abs" | "norm" | "norm1"), (arg,)):
                fence = Fence(_BARS[name], self.expr(arg), _BARS[name])
                return Script(fence, below=Numeral("1")) if name == "norm1" else fence
            case "transpose", (arg,):
                return Script(self.at(arg, _Binding.ATOM), _TOP)
            case "factorial", (arg,):
                return Row((self.at(arg, _Binding.ATOM), Sign("!", Kind.POSTFIX)))
            case "dot", (a, b):
                return Fence("⟨", self.list((a, b)), "⟩")
            case "hadamard", (a, b):
                # binds to the left
                left = self.expr(a) if isinstance(a, Func) else self.at(a, _Binding.FACTOR)
                return Row((left, Sign("⊙", Kind.TIMES), self.at(b, _Binding.FACTOR)))
            case _:
                return Row((_function_name(name), APPLY, self._arguments(args)))

    def _apply(self, node: Apply) -> Notation:
        args, orders = node.args, node.orders
        if node.name.endswith("_{}") and args:
            # a family of functions: its first argument is the index
            head = self._indexed(node.name.removesuffix("_{}"), args[:1])
            if not any(orders[:1]):
                orders = orders[1:]
            args = args[1:]
        else:
            head = name_notation(node.name) if node.name != "sigmoid" else Word("σ")
        if any(orders):
            raised: Notation = Word(PRIMES[min(orders[0], 3)])
            if len(orders) > 1 and not any(orders[1:]) and orders[0] <= 3 and len(args) == 1:
                orders = orders[:1]
            if len(orders) != 1 or orders[0] > 3:
                counts = [Numeral(str(order)) for order in orders]
                raised = Fence("(", Row(tuple(_interleaved(counts, [_COMMA] * len(counts)))), ")")
            plain = isinstance(head, Script) and head.above is None
            head = (
                Script(head.base, raised, head.below)
                if plain and isinstance(head, Script)
                else Script(head, raised)
            )
        if not args and any(orders):
            return head
        return Row((head, APPLY, self._arguments(args)))

    # --- operators ----------------------------------------------------------------------------

    def _derivative(self, node: Derivative) -> Notation:
        body, wrt, order = node.body, node.wrt, node.order
        if node.variant == "dot" and order in (1, 2) and wrt == Symbol("t") and isinstance(body, Symbol):
            return Accent(self.expr(body), "dot" if order == 1 else "ddot")
        bracketed = Fence("[", self.expr(body), "]")
        if node.variant == "nabla" and order == 1:
            return Row((Script(Word("∇"), below=self.expr(wrt)), bracketed))
        sign: Notation = Word("d", "upright") if node.variant in ("d", "dot") else Word("∂")
        power = None if order == 1 else Numeral(str(order))
        variable = self.at(wrt, _Binding.FACTOR if power is None else _Binding.ATOM)
        if power is not None:
            merges = isinstance(variable, Script) and variable.above is None
            variable = (
                Script(variable.base, power, variable.below)
                if merges and isinstance(variable, Script)
                else Script(variable, power)
            )
            above: Notation = Script(sign, power)
        else:
            above = sign
        below = Row((sign, variable))
        if isinstance(body, Symbol | Indexed):
            return Fraction(Row((above, self.expr(body))), below)
        return Row((Fraction(above, below), bracketed))

    def _operator(self, node: Sum | Product) -> Big:
        index = name_notation(node.index)
        below: Notation = index
        if node.lower is not None:
            below = Row((index, Sign("=", Kind.RELATION), self.expr(node.lower)))
        if isinstance(node, Sum) and node.excluded is not None:
            apart = Row((index, Sign("≠", Kind.RELATION), self.expr(node.excluded)))
            below = apart if node.lower is None else Row((below, _COMMA, apart))
        above = None if node.upper is None else self.expr(node.upper)
        return Big("∑" if isinstance(node, Sum) else "∏", below, above)

    def _at_point(self, node: At) -> Notation:
        body: Expr = node
        points: list[Notation] = []
        while isinstance(body, At):
            points.append(Row((self.expr(body.variable), Sign("=", Kind.RELATION), self.expr(body.value))))
            body = body.body
        where = Row(tuple(_interleaved(points[::-1], [_COMMA] * len(points))))
        return Script(Fence("", self.expr(body), "|"), below=where)

    # --- conditions ---------------------------------------------------------------------------

    def _branch(self, when: Condition) -> Notation:
        if isinstance(when, Otherwise):
            return Word("otherwise", "text")
        return Row((Word("if ", "text"), self.condition(when)))

    def condition(self, condition: Condition) -> Notation:
        """A condition."""
        match condition:
            case Relation(left, op, right):
                return Row((self.expr(left), relation_sign(op), self.expr(right)))
            case All(parts):
                links = [part for part in parts if isinstance(part, Relation)]
                if len(links) == len(parts) > 1 and all(a.right == b.left for a, b in pairwise(links)):
                    sides = [self.expr(links[0].left), *(self.expr(link.right) for link in links)]
                    return Row(tuple(_interleaved(sides, [relation_sign(link.op) for link in links])))
                return self._joined(parts, "and")
            case AnyOf(parts):
                return self._joined(parts, "or")
            case Not(part):
                return Row((Sign("¬", Kind.PREFIX), Fence("(", self.condition(part), ")")))
            case Otherwise():
                return Word("otherwise", "text")
            case _:
                raise ValueError(f"expected a condition of gradbook.symbolic.expr, got {condition!r}")

    def _joined(self, parts: tuple[Condition, ...], word: str) -> Notation:
        drawn = [
            Fence("(", self.condition(part), ")") if isinstance(part, All | AnyOf) else self.condition(part)
            for part in parts
        ]
        return Row(tuple(_interleaved(drawn, [Sign(word, Kind.JOINT)] * len(drawn))))


# --- the rules of brackets ----------------------------------------------------------------------


def _binding(node: Expr) -> _Binding:
    match node:
        case Add() | Neg():
            return _Binding.TERM
        case Number():
            if node.value < 0:
                return _Binding.TERM
            return _Binding.FACTOR if literal(node) is None else _Binding.ATOM
        case Mul() | Sum() | Product() | Func("hadamard"):
            return _Binding.PRODUCT
        case Func(name):
            return _Binding.ATOM if name in _BARS else _Binding.FACTOR
        case Symbol(name) | Indexed(name):
            drawn = name_notation(name)
            raised = isinstance(drawn, Script) and drawn.above is not None
            return _Binding.FACTOR if raised or isinstance(drawn, Row) else _Binding.ATOM
        case Constant() | Delta():
            return _Binding.ATOM
        case _:
            return _Binding.FACTOR


def _needs_dot(before: Expr, after: Expr, drawn: Notation) -> bool:
    """Would the two, side by side, read as one number, a mixed number or a function's application?"""
    first = drawn
    while not isinstance(first, Numeral | Fence):
        match first:
            case Row((head, *_)) | Script(head):
                first = head
            case _:
                break
    if isinstance(first, Numeral):
        return True
    if isinstance(first, Fence) and first.opening == "(":
        return _could_be_function(before)
    return isinstance(before, Number) and isinstance(after, Number | Div)


def _could_be_function(node: Expr) -> bool:
    match node:
        case Symbol() | Indexed() | Constant() | Delta():
            return True
        case Pow(_, Number(value)) if value.denominator != 1 and value.numerator == 1:
            return False  # a root: its sign covers the base
        case Pow(base) | Func("transpose", (base,)):
            return _could_be_function(base)
        case _:
            return False


def _counts(exponent: Expr) -> bool:
    """Whether an exponent is a whole number of at least two."""
    return isinstance(exponent, Number) and exponent.value > 1 and exponent.value.denominator == 1


def _function_name(name: str) -> Word:
    shown = _FUNCTIONS.get(name, name)
    return Word(shown, "" if len(shown) == 1 else "upright")


# --- numbers ------------------------------------------------------------------------------------


def _number(node: Number) -> Notation:
    digits = literal(node)
    size: Notation = (
        Numeral(digits)
        if digits is not None
        else Fraction(Numeral(whole(abs(node.value.numerator))), Numeral(whole(node.value.denominator)))
    )
    return Row((_MINUS, size)) if node.value < 0 else size
