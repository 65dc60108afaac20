"""The expression tree: mathematics as it was written.

Constructors do not simplify, so a line can be shown, located and diagnosed in the writer's own
form. Every node is immutable and hashable; its hash is computed once, because decisions are
memoised on trees.

>>> x = Symbol("x")
>>> Add((x, Neg(x)))
Add(terms=(Symbol(name='x'), Neg(arg=Symbol(name='x'))))
>>> substitute(Pow(x, number(2)), {x: number(3)})
Pow(base=Number(value=Fraction(3, 1), decimals=None), exponent=Number(value=Fraction(2, 1), decimals=None))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from operator import attrgetter
from typing import Any, ClassVar, cast


class Node:
    """Common behaviour of trees: structural equality with a cached hash."""

    __slots__ = ("_hash", "kept_children", "kept_size", "kept_walk")
    _hash: int
    #: What :func:`children`, :func:`tree_size` and :func:`walk` found, once they were asked.
    kept_children: tuple[Node, ...]
    kept_size: int
    kept_walk: tuple[Node, ...]
    __match_args__: ClassVar[tuple[str, ...]]
    #: Fields that do not take part in equality (how a thing was written, not what it is).
    _spelling: ClassVar[frozenset[str]] = frozenset()

    def _key(self) -> Any:
        """The fields that make the node what it is."""
        cls = type(self)
        getter = _IDENTITIES.get(cls)
        if getter is None:
            fields = [name for name in cls.__match_args__ if name not in cls._spelling]
            getter = _IDENTITIES[cls] = attrgetter(*fields) if fields else _nothing
        return getter(self)

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            value = hash((type(self).__name__, self._key()))
            object.__setattr__(self, "_hash", value)
            return value

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or hash(self) != hash(other):
            return False
        assert isinstance(other, Node)
        return self._key() == other._key()


_IDENTITIES: dict[type[Node], Callable[[Any], Any]] = {}


def _nothing(_: Any) -> tuple[()]:
    return ()


class Expr(Node):
    """An expression: a scalar, a vector or a matrix."""

    __slots__ = ()


class Condition(Node):
    """Something that is true or false at a point."""

    __slots__ = ()


# --- leaves -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Number(Expr):
    """An exact rational. ``decimals`` is how many digits stood after the point (None: not a decimal)."""

    value: Fraction
    decimals: int | None = None
    _spelling = frozenset({"decimals"})

    def _key(self) -> tuple[int, int]:
        return self.value.numerator, self.value.denominator


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Expr):
    """A mathematical constant: ``pi`` or ``e``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Symbol(Expr):
    """A named quantity; the name is canonical LaTeX, labels included: ``x``, ``\\theta``, ``w_{11-1}``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Indexed(Expr):
    """A component: ``x_i`` is ``Indexed("x", (Symbol("i"),))``, ``z_1`` is ``Indexed("z", (number(1),))``."""

    base: str
    indices: tuple[Expr, ...]


# --- arithmetic -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Add(Expr):
    """A sum of terms; a difference is ``Add((a, Neg(b)))``."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mul(Expr):
    """A product, factors in the order written (the order matters for matrices)."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Neg(Expr):
    """``-arg``."""

    arg: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Div(Expr):
    """``num / den``."""

    num: Expr
    den: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Pow(Expr):
    """``base ** exponent``; roots are powers with a rational exponent."""

    base: Expr
    exponent: Expr


# --- functions --------------------------------------------------------------------------------

#: Functions the core knows, with their number of arguments (None: one or more).
FUNCTIONS: dict[str, int | None] = {
    "exp": 1, "log": 1, "sin": 1, "cos": 1, "tan": 1, "cot": 1, "sec": 1, "csc": 1,
    "sinh": 1, "cosh": 1, "tanh": 1, "coth": 1, "sech": 1, "csch": 1,
    "asin": 1, "acos": 1, "atan": 1, "asinh": 1, "acosh": 1, "atanh": 1,
    "sigmoid": 1, "abs": 1, "sign": 1, "max": None, "min": None, "relu": 1, "step": 1,
    "erf": 1, "erfc": 1, "softplus": 1, "factorial": 1,
    # vectors and matrices
    "norm": 1, "norm1": 1, "transpose": 1, "dot": 2, "hadamard": 2, "diag": 1, "trace": 1,
    "softmax": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Func(Expr):
    """A function the core knows, applied: ``Func("tanh", (x,))``."""

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Expr):
    """A function of the document, applied: ``f(x)``, ``p_\\theta(x_i)``.

    ``orders[k]`` counts the derivatives taken with respect to the k-th argument: ``f'(x)`` is
    ``Apply("f", (x,), (1,))``.
    """

    name: str
    args: tuple[Expr, ...]
    orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Derivative(Expr):
    """A derivative as written, ``d body / d wrt``; ``order`` times.

    ``variant`` is the writer's sign: ``d``, ``partial``, ``nabla`` or ``dot``.
    """

    body: Expr
    wrt: Expr
    order: int = 1
    variant: str = "d"
    _spelling = frozenset({"variant"})


@dataclass(frozen=True, slots=True, eq=False)
class Sum(Expr):
    """``\\sum_{index=lower}^{upper} body``; bounds None means over the whole range of the index."""

    body: Expr
    index: str
    lower: Expr | None = None
    upper: Expr | None = None
    #: An index value left out, as in ``\\sum_{j \\ne i}``.
    excluded: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Product(Expr):
    """``\\prod_{index=lower}^{upper} body``."""

    body: Expr
    index: str
    lower: Expr | None = None
    upper: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Expr):
    """Kronecker's delta of two indices."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class At(Expr):
    """The value of ``body`` where ``variable`` is ``value``: ``\\left. body \\right|_{x=2}``."""

    body: Expr
    variable: Expr
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Cases(Expr):
    """Branches ``(value, condition)``; where two conditions hold the first counts, and that is reported."""

    branches: tuple[tuple[Expr, Condition], ...]


# --- conditions -------------------------------------------------------------------------------


class Op(Enum):
    """A relation between two expressions."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True, eq=False)
class Relation(Condition):
    """``left op right``."""

    left: Expr
    op: Op
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class All(Condition):
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf(Condition):
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Condition):
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True, eq=False)
class Otherwise(Condition):
    """None of the conditions of the earlier branches holds."""


# --- building ---------------------------------------------------------------------------------


def number(value: int | str | Fraction) -> Number:
    """An exact number; a string keeps how many decimals were written.

    >>> number("0.50")
    Number(value=Fraction(1, 2), decimals=2)
    """
    if isinstance(value, str):
        head, _, tail = value.partition(".")
        exact = Fraction(value)
        if "e" in tail.lower() or "e" in head.lower():
            digits, _, power = value.lower().partition("e")
            places = len(digits.partition(".")[2]) - int(power)
            return Number(exact, max(places, 0))
        return Number(exact, len(tail) if "." in value else None)
    return Number(Fraction(value))


ZERO = number(0)
ONE = number(1)
TWO = number(2)
HALF = Number(Fraction(1, 2))
PI = Constant("pi")
E = Constant("e")


# --- walking ----------------------------------------------------------------------------------


def children(node: Node) -> tuple[Node, ...]:
    """The direct subtrees of a node, conditions of cases included; gathered once for each node."""
    try:
        return node.kept_children
    except AttributeError:
        found = _gathered(node)
        object.__setattr__(node, "kept_children", found)
        return found


def _gathered(node: Node) -> tuple[Node, ...]:
    found: list[Node] = []
    for name in node.__match_args__:
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            for item in cast(tuple[Any, ...], value):
                if isinstance(item, Node):
                    found.append(item)
                elif isinstance(item, tuple):
                    found.extend(part for part in cast(tuple[Any, ...], item) if isinstance(part, Node))
    return tuple(found)


def tree_size(node: Node) -> int:
    """How many nodes a tree has, shared subtrees counted each time; worked out once for each node.

    >>> tree_size(Add((Symbol("x"), Symbol("x"))))
    3
    """
    try:
        return node.kept_size
    except AttributeError:
        size = 1 + sum(tree_size(child) for child in children(node))
        object.__setattr__(node, "kept_size", size)
        return size


def walk(node: Node) -> Sequence[Node]:
    """The node and all its subtrees, parents first.

    >>> [type(n).__name__ for n in walk(Neg(Symbol("x")))]
    ['Neg', 'Symbol']
    """
    try:
        return node.kept_walk
    except AttributeError:
        pass
    found: list[Node] = []
    stack = [node]
    while stack:
        top = stack.pop()
        found.append(top)
        stack.extend(children(top)[::-1])
    result = tuple(found)
    if len(result) <= _KEPT:
        # The same tree is walked by many questions, one after the other.
        object.__setattr__(node, "kept_walk", result)
    return result


#: Longest walk that a node keeps.
_KEPT = 2_000


def _refilled(value: Any, parts: Iterator[Node]) -> Any:
    """The value with the trees in it replaced, in the order of :func:`children`."""
    if isinstance(value, Node):
        return next(parts)
    if isinstance(value, tuple):
        return tuple(_refilled(item, parts) for item in cast(tuple[Any, ...], value))
    return value


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with ``change`` applied to each direct subtree; the node itself if nothing changed."""
    before = children(node)
    if not before:
        return node
    after = [change(child) for child in before]
    for old, new in zip(before, after, strict=True):
        if old is not new:
            break
    else:
        return node
    parts = iter(after)
    return type(node)(*[_refilled(getattr(node, name), parts) for name in node.__match_args__])


def free_symbols(node: Node) -> set[Expr]:
    """Symbols and indexed quantities that a tree mentions, bound indices apart.

    >>> sorted(s.name for s in free_symbols(Mul((Symbol("x"), Symbol("y")))))
    ['x', 'y']
    """
    found: set[Expr] = set()

    def visit(part: Node, bound: frozenset[str]) -> None:
        if isinstance(part, Symbol):
            if part.name not in bound:
                found.add(part)
            return
        if isinstance(part, Indexed):
            found.add(part)
        if isinstance(part, Sum | Product):
            for side in _bounds(part):
                if side is not None:
                    visit(side, bound)
            visit(part.body, bound | {part.index})
            return
        for child in children(part):
            visit(child, bound)

    visit(node, frozenset())
    return found


def substitute(node: Any, mapping: Mapping[Any, Any]) -> Any:
    """Replace whole subtrees; a bound index is never replaced, nor captured.

    >>> substitute(Sum(Indexed("x", (Symbol("i"),)), "i"), {Symbol("i"): number(1)}).index
    'i'
    """
    if not mapping:
        return node
    memo: dict[Node, Node] = {}

    def visit(part: Node) -> Node:
        if part in mapping:
            return mapping[part]
        if part in memo:
            return memo[part]
        binds = isinstance(part, Sum | Product)
        result = memo[part] = _substitute_binder(part, mapping) if binds else rebuild(part, visit)
        return result

    return visit(node)


def _substitute_binder(part: Sum | Product, mapping: Mapping[Any, Any]) -> Node:
    index = Symbol(part.index)
    inner = {k: v for k, v in mapping.items() if k != index}
    used = {s for value in inner.values() for s in free_names(value)}
    binder: Sum | Product = part
    if part.index in used:
        fresh = fresh_name(
            part.index, used | free_names(part.body) | {n for k in inner for n in free_names(k)}
        )
        binder = type(part)(substitute(part.body, {index: Symbol(fresh)}), fresh, *_bounds(part))
    parts = {
        name: substitute(value, inner if name == "body" else mapping)
        for name in binder.__match_args__
        if isinstance(value := getattr(binder, name), Node)
    }
    rest = {n: getattr(binder, n) for n in binder.__match_args__ if n not in parts}
    return type(binder)(**parts, **rest)


def _bounds(part: Sum | Product) -> tuple[Any, ...]:
    if isinstance(part, Sum):
        return (part.lower, part.upper, part.excluded)
    return (part.lower, part.upper)


def free_names(node: Node) -> set[str]:
    """Names of free symbols, the indices inside components included.

    >>> sorted(free_names(Indexed("x", (Symbol("i"),))))
    ['i']
    """
    return {s.name for s in free_symbols(node) if isinstance(s, Symbol)}


def fresh_name(stem: str, used: set[str]) -> str:
    """A name like ``stem`` that is not among ``used``.

    >>> fresh_name("i", {"i", "i'"})
    "i''"
    """
    name = stem
    while name in used:
        name += "'"
    return name


def replace(node: Any, parts: Mapping[Any, Any]) -> Any:
    """Replace whole subtrees wherever they stand, also under a sum whose index they use.

    :func:`substitute` puts values in for quantities and keeps bound indices apart; this puts one way to write
    something in the place of another.

    >>> replace(Sum(Indexed("x", (Symbol("i"),)), "i"), {Indexed("x", (Symbol("i"),)): Symbol("y")}).body
    Symbol(name='y')
    """
    if node in parts:
        return parts[node]
    return rebuild(node, lambda part: replace(part, parts))
