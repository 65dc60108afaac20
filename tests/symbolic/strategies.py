r"""Random trees for property tests, and equal and unequal variants of them.

- :func:`expressions` draws canonical trees (see ``gradbook.symbolic.printing``);
- :func:`rewrites` turns a tree into an equal one by identities of ``identities.IDENTITIES``;
- :func:`value_changing_edits` makes one slip of ``identities.SLIPS`` that is seen to change the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from tests.symbolic.identities import FLIPPED, IDENTITIES, SLIPS, UNIVERSAL
from tests.symbolic.values import differ_somewhere

from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
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
    Node,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    children,
    number,
    rebuild,
    walk,
)

#: Real quantities; the last is one symbol with a label, not a component.
SYMBOLS = (Symbol("x"), Symbol("y"), Symbol("z"), Symbol(r"\theta"), Symbol("w_{11-1}"))
#: A positive whole number, the size of things.
SIZE = Symbol("n")
#: What has components, with how many indices.
COMPONENTS = {"u": 1, "v": 1, "A": 2}
#: Unknown functions, with how many arguments.
UNKNOWN = {"f": 1, "g": 1, "h": 2}
#: Names of indices; they are nothing else.
INDICES = ("i", "j", "k")
#: Vectors, for trees that are not scalars.
VECTORS = (Symbol("a"), Symbol("b"))

UNARY = (
    "exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "sigmoid", "abs", "sign", "relu", "step", "erf",
    "erfc", "softplus",
)  # fmt: skip

_SMALL = tuple(number(k) for k in range(10))
_DECIMALS = tuple(number(text) for text in ("0.5", "0.25", "1.5", "0.10", "2.75", "12.0"))
_EXPONENTS = (
    TWO, TWO, number(3), number(4), HALF, HALF, Number(Fraction(1, 3)), Number(Fraction(3, 2)),
    Number(Fraction(2, 3)), Neg(ONE), Neg(TWO), number("1.5"),
)  # fmt: skip


# --- trees ------------------------------------------------------------------------------------


@st.composite
def expressions(
    draw: st.DrawFn, *, depth: int = 4, derivatives: bool = False, vectors: bool = False, largest: int = 60
) -> Expr:
    """A canonical tree with at most ``largest`` nodes.

    Scalar, without operators that have to be carried out, unless ``derivatives`` (derivatives, products
    over an index, Kronecker deltas) or ``vectors`` (norms, transposes and products of :data:`VECTORS`).
    """
    tree = _Grower(draw, derivatives, vectors).expr(depth, ())
    return tree if size(tree) <= largest else reject()


def size(tree: Node) -> int:
    """How many nodes a tree has."""
    return sum(1 for _ in walk(tree))


def is_canonical(tree: Node) -> bool:
    """Whether every part has the one written form that ``gradbook.symbolic.printing`` describes."""
    rational_exponents = {id(node.exponent) for node in walk(tree) if isinstance(node, Pow)}
    for node in walk(tree):
        match node:
            case Pow(base, exponent) if base == E or isinstance(exponent, Div):
                return False
            case Number(value, decimals) if value < 0:
                return False
            case Number(value, decimals) if value.denominator > 1 and decimals is None:
                if id(node) not in rational_exponents:
                    return False
            case Add(parts) | Mul(parts) if len(parts) < 2:
                return False
            case _:
                pass
    return True


class _Grower:
    """Draws a tree from the top; ``scope`` holds the indices bound around it."""

    def __init__(self, draw: st.DrawFn, derivatives: bool, vectors: bool) -> None:
        self.draw = draw
        self.kinds: list[Callable[[int, tuple[str, ...]], Expr]] = [
            self.leaf, self.add, self.add, self.mul, self.mul, self.neg, self.div, self.power, self.unary,
            self.unary, self.unary, self.positive_log, self.extremum, self.cases, self.sum, self.apply,
        ]  # fmt: skip
        if derivatives:
            self.kinds += [self.derivative, self.product, self.delta]
        if vectors:
            self.kinds += [self.of_vectors]

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def expr(self, depth: int, scope: tuple[str, ...]) -> Expr:
        return self.leaf(depth, scope) if depth <= 0 else self.pick(self.kinds)(depth - 1, scope)

    def leaf(self, _: int, scope: tuple[str, ...]) -> Expr:
        options: list[Expr] = [
            *SYMBOLS,
            *SYMBOLS,
            *_SMALL[:5],
            self.pick(_DECIMALS),
            self.pick(_SMALL),
            PI,
            E,
        ]
        for index in scope:
            i = Symbol(index)
            options += [Indexed("u", (i,))] * 3 + [Indexed("v", (i,))] * 2
            options += [Indexed("A", (i, Symbol(self.pick(scope)))), i]
        return self.pick(options)

    def parts(self, depth: int, scope: tuple[str, ...], most: int = 3) -> tuple[Expr, ...]:
        return tuple(self.expr(depth, scope) for _ in range(self.draw(st.integers(2, most))))

    def add(self, depth: int, scope: tuple[str, ...]) -> Expr:
        first, *rest = self.parts(depth, scope)
        return Add((first, *(Neg(term) if self.draw(st.booleans()) else term for term in rest)))

    def mul(self, depth: int, scope: tuple[str, ...]) -> Expr:
        return Mul(self.parts(depth, scope))

    def neg(self, depth: int, scope: tuple[str, ...]) -> Expr:
        return Neg(self.expr(depth, scope))

    def div(self, depth: int, scope: tuple[str, ...]) -> Expr:
        return Div(self.expr(depth, scope), self.expr(depth, scope))

    def power(self, depth: int, scope: tuple[str, ...]) -> Expr:
        if self.draw(st.integers(0, 5)) == 0:
            exponent = self.pick((Symbol("x"), Neg(Symbol("y")), Add((Symbol("x"), ONE)), SIZE))
            return Pow(self.pick(_SMALL[2:4]), exponent)
        base = self.expr(depth, scope)
        # A power of e has only one written form, and it is the other one.
        return Pow(Symbol("x") if base == E else base, self.pick(_EXPONENTS))

    def unary(self, depth: int, scope: tuple[str, ...]) -> Expr:
        return Func(self.pick(UNARY), (self.expr(depth, scope),))

    def positive_log(self, depth: int, scope: tuple[str, ...]) -> Expr:
        """Random logarithms are mostly undefined; this one and the root are not."""
        inner = Add((ONE, Pow(Func("sin", (self.expr(depth, scope),)), TWO)))
        return self.pick((Func("log", (inner,)), Pow(inner, HALF)))

    def extremum(self, depth: int, scope: tuple[str, ...]) -> Expr:
        name = self.pick(("max", "max", "min"))
        first = self.pick((ZERO, None))
        parts = self.parts(depth, scope)
        return Func(name, parts if first is None else (first, *parts[1:]))

    def cases(self, depth: int, scope: tuple[str, ...]) -> Expr:
        values = self.parts(depth, scope)
        subject = self.pick((*SYMBOLS, Add((SYMBOLS[0], Neg(SYMBOLS[1]))), Mul((SYMBOLS[0], SYMBOLS[3]))))
        low, high = ZERO, self.pick((ONE, number("1.5"), Pow(SYMBOLS[1], TWO)))
        first, second = self.pick(((Op.LT, Op.LE), (Op.LE, Op.LT)))
        conditions: list[Condition] = [Relation(subject, first, low)]
        if len(values) == 3:
            # Regions that do not overlap; the middle one is written as a chain or as an inequality.
            between: tuple[Condition, ...] = (
                Relation(low, second, subject),
                Relation(subject, first, high),
            )
            apart = All((Relation(subject, FLIPPED[second], low), Relation(SYMBOLS[2], Op.GE, high)))
            conditions.append(self.pick((All(between), apart)))
        elif self.draw(st.booleans()):
            outside = (Relation(subject, Op.LT, low), Relation(subject, Op.GT, number(2)))
            conditions = [self.pick((AnyOf(outside), Relation(subject, Op.GT, low)))]
        return Cases((*zip(values[:-1], conditions, strict=True), (values[-1], Otherwise())))

    def fresh_index(self, scope: tuple[str, ...]) -> str | None:
        return next((name for name in INDICES if name not in scope), None)

    def sum(self, depth: int, scope: tuple[str, ...]) -> Expr:
        index = self.fresh_index(scope)
        if index is None:
            return self.leaf(0, scope)
        lower, upper = self.pick(((None, None), (None, None), (ONE, SIZE), (ONE, number(3)), (ZERO, TWO)))
        excluded = Symbol(scope[0]) if scope and lower is None and self.draw(st.booleans()) else None
        return Sum(self.expr(min(depth, 2), (*scope, index)), index, lower, upper, excluded)

    def apply(self, depth: int, scope: tuple[str, ...]) -> Expr:
        name = self.pick(tuple(UNKNOWN))
        args = tuple(self.expr(depth - 1, scope) for _ in range(UNKNOWN[name]))
        orders = ((), (), (1,), (2,)) if UNKNOWN[name] == 1 else ((), (1, 0), (0, 1), (1, 1))
        return Apply(name, args, self.pick(orders))

    def derivative(self, depth: int, scope: tuple[str, ...]) -> Expr:
        wrt = self.pick((*SYMBOLS, *(Indexed("u", (Symbol(i),)) for i in scope)))
        variant, order = self.pick((("d", 1), ("d", 2), ("partial", 1), ("partial", 2), ("nabla", 1)))
        return Derivative(self.expr(depth, scope), wrt, order, variant)

    def product(self, depth: int, scope: tuple[str, ...]) -> Expr:
        index = self.fresh_index(scope)
        if index is None:
            return self.leaf(0, scope)
        lower, upper = self.pick(((None, None), (ONE, SIZE)))
        return Product(self.expr(min(depth, 2), (*scope, index)), index, lower, upper)

    def delta(self, _: int, scope: tuple[str, ...]) -> Expr:
        return Delta(Symbol(scope[0]), Symbol(scope[1])) if len(scope) > 1 else self.leaf(0, scope)

    def vector(self) -> Expr:
        a, b = VECTORS
        return self.pick((a, b, Add((a, b)), Add((a, Neg(b))), Func("hadamard", (a, b))))

    def of_vectors(self, depth: int, scope: tuple[str, ...]) -> Expr:
        a, b = self.vector(), self.vector()
        return self.pick((
            Func("norm", (a,)),
            Pow(Func("norm", (a,)), TWO),
            Func("norm1", (a,)),
            Mul((Func("transpose", (a,)), b)),
            Mul((self.expr(depth, scope), Func("transpose", (a,)), b)),
        ))  # fmt: skip


# --- variants of a tree -----------------------------------------------------------------------

Path = tuple[int, ...]


def places(expr: Expr) -> Iterator[tuple[Path, Expr]]:
    """The subtrees that may be replaced by an equal one, with the way to each.

    Indices, bounds and rational exponents are left alone: there the spelling counts.
    """

    def visit(node: Node, path: Path) -> Iterator[tuple[Path, Expr]]:
        if isinstance(node, Expr):
            yield path, node
        match node:
            case Indexed() | Delta():
                return
            case Sum() | Product() | Derivative():
                inner = [node.body]
            case Pow(base, Number() | Neg(Number())):
                inner = [base]
            case _:
                inner = list(children(node))
        for place, child in enumerate(children(node)):
            if any(child is part for part in inner):
                yield from visit(child, (*path, place))

    return visit(expr, ())


def replace_at(node: Any, path: Path, new: Expr) -> Any:
    """The tree with another subtree at the end of the way."""
    if not path:
        return new
    place = -1

    def change(child: Node) -> Node:
        nonlocal place
        place += 1
        return replace_at(child, path[1:], new) if place == path[0] else child

    return rebuild(node, change)


@st.composite
def rewrites(draw: st.DrawFn, expr: Expr, *, most: int = 4, largest: int = 150) -> Expr:
    """A tree equal to ``expr`` wherever both have a value, by one to ``most`` identities."""
    result = expr
    for _ in range(draw(st.integers(1, most))):
        universal = draw(st.integers(0, 5)) == 0
        options = [
            (path, new)
            for path, node in places(result)
            for name, identity in IDENTITIES.items()
            if (name in UNIVERSAL) == universal and (new := identity(node)) is not None
        ]
        if not options:
            continue
        path, new = draw(st.sampled_from(options))
        candidate = replace_at(result, path, new)
        if size(candidate) <= largest and is_canonical(candidate):
            result = candidate
    return result


@st.composite
def value_changing_edits(draw: st.DrawFn, expr: Expr) -> Expr:
    """``expr`` with one edit after which its value visibly differs at a point where both have one."""
    options = [
        replace_at(expr, path, new)
        for path, node in places(expr)
        for slip in SLIPS.values()
        for new in slip(node)
        if new != node
    ]
    options = [candidate for candidate in options if is_canonical(candidate)]
    start = draw(st.integers(0, max(len(options) - 1, 0)))
    for candidate in (options[start:] + options[:start])[:12]:
        if differ_somewhere(expr, candidate):
            return candidate
    return reject()
