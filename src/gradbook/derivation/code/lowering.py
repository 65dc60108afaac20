"""Trees over stable primitives as array expressions of NumPy or PyTorch.

A quantity without an index is an array of any shape; a component x_k is an array whose last axis is the
index, and a sum over k is a reduction over that axis. In a formula with indices every part is laid out on
the same axes, those it does not have being of length one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import cast

from gradbook.derivation.code import kernels
from gradbook.derivation.code.names import Names, identifier
from gradbook.derivation.code.parts import opposite, quantities
from gradbook.derivation.code.safe import Harmless
from gradbook.derivation.code.shifts import Largest
from gradbook.derivation.code.terms import (
    Binding,
    Term,
    atom,
    binary,
    call,
    compared,
    negated,
    prefixed,
    subscripted,
)
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.evaluate import Point, Undefined, evaluate
from gradbook.symbolic.expr import (
    ONE,
    Add,
    All,
    AnyOf,
    Cases,
    Condition,
    Constant,
    Delta,
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
    children,
    fresh_name,
    substitute,
    walk,
)
from gradbook.symbolic.plain import write as to_plain

#: The indices of the last axes, first to last.
Layout = tuple[Expr, ...]


class CannotWrite(ValueError):
    """The formula has a part for which there is no array code; the message names it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an array library spells what the two do not spell alike."""

    name: str
    axis: str
    keep: str
    largest: str

    @property
    def numpy(self) -> bool:
        """Whether it is NumPy."""
        return self.name == "np"


NUMPY = Dialect("np", "axis=-1", "keepdims=True", "max")
TORCH = Dialect("torch", "dim=-1", "keepdim=True", "amax")

#: Functions that both libraries have, by their names there, and what a value of them is called.
_LIBRARY = {
    "exp": ("exp", "power"), "expm1": ("expm1", "power"), "log": ("log", "logarithm"), "log1p": ("log1p", "logarithm"),
    "sin": ("sin", "sine"), "cos": ("cos", "cosine"), "tan": ("tan", "tangent"),
    "sinh": ("sinh", "sinh_x"), "cosh": ("cosh", "cosh_x"), "tanh": ("tanh", "tanh_x"),
    "asin": ("arcsin", "angle"), "acos": ("arccos", "angle"), "atan": ("arctan", "angle"),
    "asinh": ("arcsinh", "area"), "acosh": ("arccosh", "area"), "atanh": ("arctanh", "area"),
    "abs": ("abs", "size"), "sign": ("sign", "sign"), "logaddexp": ("logaddexp", "logarithm"),
}  # fmt: skip

_RECIPROCALS = {"cot": "tan", "sec": "cos", "csc": "sin", "coth": "tanh", "csch": "sinh"}

#: What a value of a primitive is called.
_HINTS = {
    "sigmoid": "sigma", "sigmoid_slope": "slope", "sech2": "sech_squared", "softplus": "soft", "normal_cdf": "cdf",
    "exp_neg_square": "bell", "exp_neg_half_square": "bell", "nonzero": "scale", "tanh_softplus": "gate",
    "sech2_softplus": "gate_slope",
}  # fmt: skip

_ORDER = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


@dataclass
class Lowering:
    """One module: the names given so far, the constants and primitives that its code mentions."""

    dialect: Dialect
    constants: Mapping[Expr, float]
    names: Names
    #: Constants of the module: name, value and formula.
    numbers: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    primitives: set[str] = field(default_factory=set[str])
    #: The vector whose last axis tells how many components there are.
    vector: str = ""

    # --- names --------------------------------------------------------------------------------

    def argument(self, quantity: Expr) -> str:
        """The name of a quantity as an argument of the function: of a component, that of its vector."""
        match quantity:
            case Symbol(name):
                return self.names.of(quantity, identifier(name.removeprefix("\0")))
            case Indexed(base, _):
                return self.names.of(Symbol("\0" + base), identifier(base))
            case _:
                raise CannotWrite(f"{to_plain(quantity)} is no quantity")

    def _call(self, function: str, *args: Term, hint: str = "term", more: str = "") -> Term:
        return call(f"{self.dialect.name}.{function}", *args, hint=hint, more=more)

    def _primitive(self, name: str, *args: Term) -> Term:
        self.primitives.add(name)
        hint = "squares" if name == "nonzero" and args[0].hint == "total" else _HINTS.get(name, name)
        return call(f"_{name}", *args, hint=hint)

    # --- expressions --------------------------------------------------------------------------

    def of(self, expr: Expr, layout: Layout = ()) -> Term:
        """The code of an expression on the axes of a layout."""
        if not isinstance(expr, Number) and _is_number(expr):
            return self._number(expr)
        if layout and not isinstance(expr, Symbol | Indexed | Delta):
            own = tuple(i for i in layout if mentions(expr, i))
            if own != layout and (own or len(layout) > 1) and quantities(expr, self.constants):
                # What depends on some of the axes alone is worked out on those, and then laid out.
                return self._laid_out(self.of(expr, own), own, layout)
        match expr:
            case Number(value):
                return _literal(value)
            case Symbol():
                name = atom(self.argument(expr), self.argument(expr))
                if expr in self.constants or not layout:
                    return name
                return subscripted(name, ", ".join(["...", *["None"] * len(layout)]))
            case Indexed(_, indices):
                return self._component(expr, indices, layout)
            case Neg(Add() as inner):
                return self.of(opposite(inner), layout)
            case Neg(arg):
                return negated(self.of(arg, layout))
            case Add(parts):
                return self._sum_of_terms(parts, layout)
            case Mul(parts):
                return self._product(parts, layout)
            case Div(num, den):
                return binary("/", self.of(num, layout), self.of(den, layout))
            case Pow(base, exponent):
                return self._power(base, exponent, layout)
            case Func(name, args):
                return self._function(name, args, layout)
            case Cases(branches):
                return self._cases(branches, layout, keep_nan=not isinstance(expr, Harmless))
            case Delta(left, right):
                return self._delta(left, right, layout)
            case Sum() | Product() | Largest():
                return self._reduction(expr, layout)
            case _:
                raise CannotWrite(f"there is no array code for {to_plain(expr)}")

    def _number(self, expr: Expr) -> Term:
        """A constant of the module, rounded once from its exact value."""
        if (fraction := _fraction(expr)) is not None:
            return _literal(fraction)
        formula = to_plain(expr)
        for name, (_, known) in self.numbers.items():
            if known == formula:
                return atom(name)
        try:
            value = float(evaluate(expr, Point(lambda _: Fraction(0))).mid())
        except (Undefined, BoundHit) as error:
            raise CannotWrite(f"{formula} has no value") from error
        if isinstance(expr, Neg):
            return prefixed("-", self._number(expr.arg))
        name = self.names.fresh(_constant_name(formula))
        self.numbers[name] = (value, formula)
        return atom(name)

    def _component(self, expr: Indexed, indices: Sequence[Expr], layout: Layout) -> Term:
        name = self.argument(expr)
        base = atom(name, name)
        self.vector = self.vector or name
        fixed = [i for i in indices if isinstance(i, Number)]
        if fixed:
            places = [str(int(i.value) - 1) if isinstance(i, Number) else ":" for i in indices]
            base = subscripted(base, ", ".join(["...", *places]))
        free = tuple(i for i in indices if not isinstance(i, Number))
        return self._laid_out(base, free, layout)

    def _laid_out(self, term: Term, have: Layout, want: Layout) -> Term:
        if any(i not in want for i in have):
            missing = next(i for i in have if i not in want)
            raise CannotWrite(f"the index {to_plain(missing)} stands outside of every sum")
        order = tuple(i for i in want if i in have)
        if order != have:
            if len(have) != 2 or order != (have[1], have[0]):
                raise CannotWrite("components with more than two indices in another order")
            swap = "swapaxes" if self.dialect.numpy else "transpose"
            term = Term(f"{self.dialect.name}.{swap}({{}}, -1, -2)", (term,), (Binding.COMPARE,))
        if order == want:
            return term
        return subscripted(term, ", ".join(["...", *(":" if i in have else "None" for i in want)]))

    def _sum_of_terms(self, parts: Sequence[Expr], layout: Layout) -> Term:
        kept = list(parts)
        if len(kept) > 2:
            # Differences of quantities as they are given are exact where they are small: they come first.
            leaves = [p for p in kept if _is_leaf(p)]
            if len(leaves) > 1:
                kept = [*leaves, *(p for p in kept if not _is_leaf(p))]
        first = next((k for k, p in enumerate(kept) if not _is_negative(p)), 0)
        kept.insert(0, kept.pop(first))
        total = self.of(kept[0], layout)
        for part in kept[1:]:
            if _is_negative(part):
                total = binary("-", total, self.of(_positive(part), layout))
            else:
                total = binary("+", total, self.of(part, layout))
        return total

    def _product(self, parts: Sequence[Expr], layout: Layout) -> Term:
        numbers = [p for p in parts if _is_number(p)]
        others = [p for p in parts if not _is_number(p)]
        if any(_fraction(p) is None for p in numbers) and others:
            exact = numbers[0] if len(numbers) == 1 else Mul(tuple(numbers))
            parts = (exact, *others)
        return reduce(lambda a, b: binary("*", a, b), (self.of(p, layout) for p in parts))

    def _power(self, base: Expr, exponent: Expr, layout: Layout) -> Term:
        below = self.of(base, layout)
        match exponent:
            case Number(value) if value == Fraction(1, 2):
                return self._call("sqrt", below, hint="root")
            case Number(value) if value == -1:
                return binary("/", atom("1"), below)
            case Number(value) if value.denominator == 2 and value > 0:
                whole = binary("**", below, atom(str(value.numerator // 2))) if value.numerator > 3 else below
                return binary("*", whole, self._call("sqrt", below, hint="root"))
            case Number(value) if value < 0:
                return binary("/", atom("1"), self._power(base, Number(-value), layout))
            case Number(value) if value == 3:
                square = binary("**", below, atom("2"), hint="square")
                return binary("*", square, below)
            case Number(value) if value == 2:
                return binary("**", below, atom("2"), hint="square")
            case _:
                return binary("**", below, self.of(exponent, layout))

    def _function(self, name: str, args: tuple[Expr, ...], layout: Layout) -> Term:
        if name in ("max", "min"):
            return reduce(lambda a, b: self._extreme(name, a, b, layout), args[1:], (args[0], None))[1]  # type: ignore[arg-type,return-value]
        values = tuple(self.of(a, layout) for a in args)
        if name == "clip":
            return self._call("clip", *values, hint="bounded")
        if name == "relu":
            return self._call(
                "clip", values[0], hint="positive", more=", 0, None" if self.dialect.numpy else ", min=0"
            )
        if name in _LIBRARY:
            function, hint = _LIBRARY[name]
            return self._call(function, *values, hint=hint)
        if name in _RECIPROCALS:
            return binary("/", atom("1"), self._function(_RECIPROCALS[name], args, layout))
        if name == "nan_or":
            test = self._call("isnan", values[0])
            return self._call("where", test, *values, hint="otherwise")
        if name in kernels.NAMES:
            return self._primitive(name, *values)
        raise CannotWrite(f"there is no array code for the function {name}")

    def _extreme(self, name: str, so_far: object, b: Expr, layout: Layout) -> tuple[object, Term]:
        a, term = cast("tuple[Expr | None, Term | None]", so_far)
        left = term if term is not None else self.of(cast(Expr, a), layout)
        right = self.of(b, layout)
        if self.dialect.numpy:
            return None, self._call(f"{name}imum", left, right, hint="bounded")
        scalar = not quantities(b, self.constants)
        if not scalar and a is not None and not quantities(a, self.constants):
            left, right, scalar = right, left, True
        if scalar:
            more = f", {name.replace('max', 'lower').replace('min', 'max').replace('lower', 'min')}="
            return None, Term(
                f"torch.clip({{}}{more}{{}})", (left, right), (Binding.COMPARE,) * 2, hint="bounded"
            )
        return None, self._call(f"{name}imum", left, right, hint="bounded")

    # --- cases --------------------------------------------------------------------------------

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...], layout: Layout, *, keep_nan: bool) -> Term:
        *others, (last, condition) = branches
        if not isinstance(condition, Otherwise):
            others.append((last, condition))
            last = None
        compared_with = [q for _, c in others for q in _compared(c)]
        varying = set[Expr]().union(*(quantities(q, self.constants) for q in compared_with))
        leaves = [n for q in compared_with for n in walk(q) if isinstance(n, Symbol | Indexed)]
        leaves = [n for n in leaves if n not in self.constants]
        largest = (
            leaves[0]
            if len(varying) == 1 and leaves and isinstance(leaves[0], Symbol)
            else max(compared_with, key=lambda q: len(quantities(q, self.constants)))
        )
        if last is None:
            term = atom(f"{self.dialect.name}.nan")
        elif not keep_nan or varying <= _passed_on(last, self.constants):
            term = self.of(last, layout)
        else:
            # A comparison with what is not a number is false: without this the last branch would hide it.
            term = self._function("nan_or", (largest, last), layout)
        for value, condition in reversed(others):
            term = self._call(
                "where", self.condition(condition, layout), self.of(value, layout), term, hint="chosen"
            )
        return term

    def condition(self, condition: Condition, layout: Layout = ()) -> Term:
        """The code of a condition."""
        match condition:
            case Relation(left, op, right):
                return compared(_ORDER[op], self.of(left, layout), self.of(right, layout))
            case All(parts):
                return reduce(lambda a, b: binary("&", a, b), (self.condition(p, layout) for p in parts))
            case AnyOf(parts):
                return reduce(lambda a, b: binary("|", a, b), (self.condition(p, layout) for p in parts))
            case Not(part):
                return prefixed("~", self.condition(part, layout))
            case _:
                raise CannotWrite("a condition that is no comparison")

    # --- indices ------------------------------------------------------------------------------

    def _delta(self, left: Expr, right: Expr, layout: Layout) -> Term:
        if left == right:
            return atom("1")
        if not self.vector:
            raise CannotWrite("an index without a vector")
        kind = f", dtype={self.vector}.dtype" + (
            "" if self.dialect.numpy else f", device={self.vector}.device"
        )
        eye = atom(f"{self.dialect.name}.eye({self.vector}.shape[-1]{kind})", "identity")
        return self._laid_out(eye, tuple(i for i in layout if i in (left, right)), layout)

    def _reduction(self, node: Sum | Product, layout: Layout) -> Term:
        index = Symbol(node.index)
        if index in layout:
            index = Symbol(fresh_name(node.index, {i.name for i in layout if isinstance(i, Symbol)}))
        if node.lower not in (None, ONE) or isinstance(node.upper, Number):
            raise CannotWrite(f"a sum over a part of the range of {node.index}")
        if isinstance(node, Sum) and node.excluded is not None:
            raise CannotWrite(f"a sum that leaves out {node.index} = {to_plain(node.excluded)}")
        body = cast(Expr, substitute(node.body, {Symbol(node.index): index}))
        own = tuple(i for i in layout if mentions(body, i))
        inner = self.of(body, (*own, index))
        if not mentions(body, index):
            raise CannotWrite(f"a sum over {node.index} of what does not depend on it")
        name, hint = {
            Sum: ("sum", "total"),
            Product: ("prod", "product"),
            Largest: (self.dialect.largest, "largest"),
        }[type(node)]
        kept = len(layout) == 1 and not own
        more = f", {self.dialect.axis}" + (f", {self.dialect.keep}" if kept else "")
        term = self._call(name, inner, hint=hint, more=more)
        return term if kept else self._laid_out(term, own, layout)


def mentions(node: Node, index: Expr) -> bool:
    """Whether a formula depends on an index, through a component or a delta, not through a sum's own."""
    match node:
        case Sum() | Product() | Largest() if Symbol(node.index) == index:
            return False
        case Indexed(_, indices):
            return index in indices
        case Delta(left, right):
            return index in (left, right)
        case _:
            return any(mentions(c, index) for c in children(node))


def _is_number(expr: Expr) -> bool:
    """Whether nothing in an expression varies."""
    return all(
        isinstance(n, Number | Constant | Add | Mul | Div | Neg | Pow)
        or (
            isinstance(n, Func)
            and n.name not in kernels.NAMES
            and n.name not in ("clip", "nan_or", "logaddexp")
        )
        for n in walk(expr)
    )


def _fraction(expr: Expr) -> Fraction | None:
    """The value of arithmetic on numbers."""
    match expr:
        case Number(value):
            return value
        case Neg(arg):
            value = _fraction(arg)
            return None if value is None else -value
        case Div(num, den):
            a, b = _fraction(num), _fraction(den)
            return None if a is None or not b else a / b
        case _:
            return None


def _literal(value: Fraction) -> Term:
    if value < 0:
        return prefixed("-", _literal(-value))
    if value.denominator == 1:
        return atom(str(value.numerator)) if value < 10**15 else atom(repr(float(value)))
    if Fraction(repr(float(value))) == value:
        return atom(repr(float(value)))
    return Term(
        "{} / {}",
        (atom(str(value.numerator)), atom(str(value.denominator))),
        (Binding.SIGN,) * 2,
        Binding.PRODUCT,
    )


_DIGITS = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))


def _constant_name(formula: str) -> str:
    words = formula.replace("sqrt", " root ").replace("/", " over ").replace("^", " to the ")
    words = re.sub(r"\b\d\b", lambda m: f" {_DIGITS[m[0]]} ", words)
    name = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").upper()
    return f"_{name}" if len(name) < 40 else "_CONSTANT"


def _is_leaf(part: Expr) -> bool:
    return isinstance(_positive(part), Symbol | Indexed | Number | Constant)


def _is_negative(part: Expr) -> bool:
    match part:
        case Neg():
            return True
        case Number(value):
            return value < 0
        case _:
            return False


def _positive(part: Expr) -> Expr:
    match part:
        case Neg(arg):
            return arg
        case Number(value):
            return Number(abs(value))
        case _:
            return part


def _compared(condition: Condition) -> list[Expr]:
    match condition:
        case Relation(left, _, right):
            if quantities(left) and quantities(right):
                return [Add((left, Neg(right)))] if quantities(left) - quantities(right) else [left]
            return [left if quantities(left) else right]
        case All(parts) | AnyOf(parts):
            return [q for p in parts for q in _compared(p)]
        case Not(part):
            return _compared(part)
        case _:
            return []


def _passed_on(value: Expr, constants: Mapping[Expr, float]) -> set[Expr]:
    """The quantities on which a value depends other than through conditions."""
    found: set[Expr] = set()
    stack: list[Node] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, Condition):
            continue
        if isinstance(node, Symbol | Indexed):
            found |= quantities(node, constants)
            continue
        stack.extend(children(node))
    return found
