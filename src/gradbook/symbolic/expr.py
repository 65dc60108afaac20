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
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

#: How a frozen node keeps what was found out about it.
_keep = object.__setattr__


class Node:
    """Common behaviour of trees: structural equality, and what a tree keeps once it was asked."""

    __match_args__: ClassVar[tuple[str, ...]]
    #: Fields that do not take part in equality (how a thing was written, not what it is).
    spelling: ClassVar[frozenset[str]] = frozenset()
    #: Of a node, the fields that make it what it is, and its direct subtrees.
    identity: ClassVar[Callable[[Any], Any]]
    subtrees: ClassVar[Callable[[Any], tuple[Node, ...]]]
    #: The hash, and what :func:`children`, :func:`tree_size`, :func:`walk` and :func:`kinds` found.
    _hash: int | None = None
    kept_children: tuple[Node, ...] | None = None
    kept_size: int = 0
    kept_walk: tuple[Node, ...] | None = None
    kept_kinds: frozenset[type[Node]] | None = None

    def __hash__(self) -> int:
        value = self._hash
        if value is None:
            kind = type(self)
            value = hash((kind.__name__, kind.identity(self)))
            _keep(self, "_hash", value)
        return value

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        kind = type(self)
        if kind is not type(other):
            return False
        assert isinstance(other, Node)
        if (self._hash or hash(self)) != (other._hash or hash(other)):
            return False
        return kind.identity(self) == kind.identity(other)

    def __reduce__(self) -> tuple[Any, ...]:
        # What is kept stays here: hashes of strings are others in another process.
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


_Kind = TypeVar("_Kind", bound=type[Node])


@dataclass_transform(frozen_default=True, eq_default=False)
def _node(kind: _Kind) -> _Kind:
    """A class of nodes: a frozen dataclass with the equality of :class:`Node`.

    A class that does not say what its identity is has that of all its fields but their spelling, and one that
    does not say what its subtrees are has all nodes in its fields.
    """
    kind = cast(_Kind, dataclass(frozen=True, eq=False)(kind))
    if "identity" not in vars(kind):
        fields = [name for name in kind.__match_args__ if name not in kind.spelling]
        kind.identity = attrgetter(*fields) if fields else _nothing
    if "subtrees" not in vars(kind):
        kind.subtrees = _nodes_in
    return kind


def _nothing(_: Any) -> tuple[()]:
    return ()


def _nodes_in(node: Node) -> tuple[Node, ...]:
    found: list[Node] = []
    for name in node.__match_args__:
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(part for part in cast(tuple[Any, ...], value) if isinstance(part, Node))
    return tuple(found)


def _only(name: str) -> Callable[[Any], tuple[Node, ...]]:
    get = attrgetter(name)
    return lambda node: (get(node),)


def _paired(name: str) -> Callable[[Any], tuple[Node, ...]]:
    get = attrgetter(name)
    return lambda node: tuple(part for pair in get(node) for part in pair)


class Expr(Node):
    """An expression: a scalar, a vector or a matrix."""


class Condition(Node):
    """Something that is true or false at a point."""


# --- leaves -----------------------------------------------------------------------------------


@_node
class Number(Expr):
    """An exact rational. ``decimals`` is how many digits stood after the point (None: not a decimal)."""

    value: Fraction
    decimals: int | None = None
    identity = attrgetter("value.numerator", "value.denominator")
    kept_children = ()


@_node
class Constant(Expr):
    """A mathematical constant: ``pi`` or ``e``."""

    name: str
    kept_children = ()


@_node
class Symbol(Expr):
    """A named quantity; the name is canonical LaTeX, labels included: ``x``, ``\\theta``, ``w_{11-1}``."""

    name: str
    kept_children = ()


@_node
class Indexed(Expr):
    """A component: ``x_i`` is ``Indexed("x", (Symbol("i"),))``, ``z_1`` is ``Indexed("z", (number(1),))``."""

    base: str
    indices: tuple[Expr, ...]
    subtrees = attrgetter("indices")


# --- arithmetic -------------------------------------------------------------------------------


@_node
class Add(Expr):
    """A sum of terms; a difference is ``Add((a, Neg(b)))``."""

    terms: tuple[Expr, ...]
    subtrees = attrgetter("terms")


@_node
class Mul(Expr):
    """A product, factors in the order written (the order matters for matrices)."""

    factors: tuple[Expr, ...]
    subtrees = attrgetter("factors")


@_node
class Neg(Expr):
    """``-arg``."""

    arg: Expr
    subtrees = _only("arg")


@_node
class Div(Expr):
    """``num / den``."""

    num: Expr
    den: Expr
    subtrees = attrgetter("num", "den")


@_node
class Pow(Expr):
    """``base ** exponent``; roots are powers with a rational exponent."""

    base: Expr
    exponent: Expr
    subtrees = attrgetter("base", "exponent")


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


@_node
class Func(Expr):
    """A function the core knows, applied: ``Func("tanh", (x,))``."""

    name: str
    args: tuple[Expr, ...]
    subtrees = attrgetter("args")


@_node
class Apply(Expr):
    """A function of the document, applied: ``f(x)``, ``p_\\theta(x_i)``.

    ``orders[k]`` counts the derivatives taken with respect to the k-th argument: ``f'(x)`` is
    ``Apply("f", (x,), (1,))``.
    """

    name: str
    args: tuple[Expr, ...]
    orders: tuple[int, ...] = ()
    subtrees = attrgetter("args")


@_node
class Derivative(Expr):
    """A derivative as written, ``d body / d wrt``; ``order`` times.

    ``variant`` is the writer's sign: ``d``, ``partial``, ``nabla`` or ``dot``.
    """

    body: Expr
    wrt: Expr
    order: int = 1
    variant: str = "d"
    spelling = frozenset({"variant"})


@_node
class Sum(Expr):
    """``\\sum_{index=lower}^{upper} body``; bounds None means over the whole range of the index."""

    body: Expr
    index: str
    lower: Expr | None = None
    upper: Expr | None = None
    #: An index value left out, as in ``\\sum_{j \\ne i}``.
    excluded: Expr | None = None


@_node
class Product(Expr):
    """``\\prod_{index=lower}^{upper} body``."""

    body: Expr
    index: str
    lower: Expr | None = None
    upper: Expr | None = None


@_node
class Delta(Expr):
    """Kronecker's delta of two indices."""

    left: Expr
    right: Expr


@_node
class At(Expr):
    """The value of ``body`` where ``variable`` is ``value``: ``\\left. body \\right|_{x=2}``."""

    body: Expr
    variable: Expr
    value: Expr


@_node
class Cases(Expr):
    """Branches ``(value, condition)``; where two conditions hold the first counts, and that is reported."""

    branches: tuple[tuple[Expr, Condition], ...]
    subtrees = _paired("branches")


# --- conditions -------------------------------------------------------------------------------


class Op(Enum):
    """A relation between two expressions."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@_node
class Relation(Condition):
    """``left op right``."""

    left: Expr
    op: Op
    right: Expr


@_node
class All(Condition):
    """Every part holds."""

    parts: tuple[Condition, ...]


@_node
class AnyOf(Condition):
    """At least one part holds."""

    parts: tuple[Condition, ...]


@_node
class Not(Condition):
    """The part does not hold."""

    part: Condition


@_node
class Otherwise(Condition):
    """None of the conditions of the earlier branches holds."""


# --- building ---------------------------------------------------------------------------------


def number(value: int | str | Fraction) -> Number:
    """An exact number; a string keeps how many decimals were written.

    >>> number("0.50")
    Number(value=Fraction(1, 2), decimals=2)
    """
    if isinstance(value, str) and value.isdecimal():
        return Number(Fraction(int(value)))
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
    found = node.kept_children
    if found is None:
        found = type(node).subtrees(node)
        _keep(node, "kept_children", found)
    return found


def tree_size(node: Node) -> int:
    """How many nodes a tree has, shared subtrees counted each time; worked out once for each node.

    >>> tree_size(Add((Symbol("x"), Symbol("x"))))
    3
    """
    size = node.kept_size
    if not size:
        size = 1
        for child in children(node):
            size += child.kept_size or tree_size(child)
        _keep(node, "kept_size", size)
    return size


def walk(node: Node) -> Sequence[Node]:
    """The node and all its subtrees, parents first.

    >>> [type(n).__name__ for n in walk(Neg(Symbol("x")))]
    ['Neg', 'Symbol']
    """
    if node.kept_walk is not None:
        return node.kept_walk
    found: list[Node] = []
    stack = [node]
    while stack:
        top = stack.pop()
        found.append(top)
        below = children(top)
        if below:
            stack.extend(below[::-1])
    result = tuple(found)
    if len(result) <= _KEPT:
        # The same tree is walked by many questions, one after the other.
        _keep(node, "kept_walk", result)
    return result


#: Longest walk that a node keeps.
_KEPT = 2_000


def kinds(node: Node) -> frozenset[type[Node]]:
    """The classes of the nodes in a tree, which tell at once that there is no sum, no case distinction, …

    >>> Sum in kinds(Neg(Symbol("x")))
    False
    """
    found = node.kept_kinds
    if found is None:
        found = frozenset(map(type, walk(node)))
        _keep(node, "kept_kinds", found)
    return found


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
    if kinds(node).isdisjoint((Sum, Product)):
        return {part for part in walk(node) if isinstance(part, (Symbol, Indexed))}
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
