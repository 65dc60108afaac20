"""Where a claim is meant to hold: conditions, integers, quantities that take few values.

Bounds of single quantities are read off the conditions and off what logarithms and even roots need.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from gradbook.symbolic.expr import (
    ZERO,
    Add,
    Apply,
    Cases,
    Condition,
    Constant,
    Delta,
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
    free_symbols,
    kinds,
    walk,
)


@dataclass(frozen=True, slots=True)
class Domain:
    """Conditions that hold for the quantities of a claim.

    ``conditions`` are relations between expressions; one about a component with an index (``p_i > 0``)
    holds for all components, one about a numbered component (``x_1 > 0``) for that one. ``choices`` gives
    the few values that a symbol (or each component of a base name) can take; ``simplex`` names the bases
    whose components add up to one.

    >>> Domain((Relation(Symbol("x"), Op.GT, Number(Fraction(0))),), integers=frozenset({"n"})).integers
    frozenset({'n'})
    """

    conditions: tuple[Condition, ...] = ()
    integers: frozenset[str] = frozenset()
    choices: tuple[tuple[str, tuple[Fraction, ...]], ...] = ()
    simplex: frozenset[str] = frozenset()
    #: Equations that the document states, to be used in proofs.
    equations: tuple[Relation, ...] = ()
    #: Pairs of indices that are known to differ.
    unequal: frozenset[frozenset[str]] = frozenset()

    def whole_numbers(self, exprs: Iterable[Expr]) -> frozenset[str]:
        """Names of what is an integer: stated, of integer choices, or used as an index or a number of terms."""
        counted = {name for name, values in self.choices if all(v.denominator == 1 for v in values)}
        trees = (*exprs, *self._sides())
        return self.integers | counted | index_names(trees) | size_names(trees)

    def _sides(self) -> list[Expr]:
        return [side for c in self.conditions if isinstance(c, Relation) for side in (c.left, c.right)]


def atom_name(atom: Expr) -> str | None:
    """The name of a symbol, or the base of a component or application."""
    match atom:
        case Symbol(name):
            return name
        case Indexed(base, _):
            return base
        case Apply(name, _, _):
            return name
        case _:
            return None


# --- bounds -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Bounds:
    """An interval for a quantity; None means unbounded on that side.

    ``closed`` says that ``low`` itself is a value, which matters for integers only.
    """

    low: Fraction | None = None
    high: Fraction | None = None
    low_closed: bool = False
    high_closed: bool = False

    def raise_low(self, value: Fraction, closed: bool) -> None:
        """Tighten from below."""
        if self.low is None or (value, not closed) > (self.low, not self.low_closed):
            self.low, self.low_closed = value, closed

    def lower_high(self, value: Fraction, closed: bool) -> None:
        """Tighten from above."""
        if self.high is None or (value, closed) < (self.high, self.high_closed):
            self.high, self.high_closed = value, closed

    def meet(self, other: Bounds) -> Bounds:
        """What is left of both intervals."""
        both = Bounds(self.low, self.high, self.low_closed, self.high_closed)
        if other.low is not None:
            both.raise_low(other.low, other.low_closed)
        if other.high is not None:
            both.lower_high(other.high, other.high_closed)
        return both


UNBOUNDED = Bounds()


class BoundsTable:
    """Bounds of symbols, of single numbered components, and of all components of a base name.

    >>> x_1, x_2 = (Indexed("x", (Number(Fraction(k)),)) for k in (1, 2))
    >>> table = BoundsTable([Relation(x_1, Op.GT, Number(Fraction(0)))], [])
    >>> table.of(x_1).low, table.of(x_2).low
    (Fraction(0, 1), None)
    """

    def __init__(
        self, conditions: Iterable[Condition], exprs: Iterable[Expr], integers: frozenset[str] = frozenset()
    ) -> None:
        exprs = tuple(exprs)
        self._entries: dict[Expr, Bounds] = {}
        #: Of components of which one has to be positive, x_i for one i: good for sampling, but no fact.
        self._likely: dict[Expr, Bounds] = {}
        for condition in conditions:
            match condition:
                case Relation(left, op, Number(value)):
                    self._relate(left, op, value)
                case Relation(Number(value), op, right):
                    self._relate(right, _MIRROR[op], value)
                case _:
                    pass
        bound = {n.index for expr in exprs for n in _ranging(expr)}
        #: Trees that are positive wherever the trees of the claim have a value.
        self.inferred = inferred_positive(exprs, integers)
        for positive in self.inferred:
            free = index_names([positive]) - bound
            self._relate(positive, Op.GE, Fraction(0), self._likely if free else self._entries)

    def of(self, atom: Expr) -> Bounds:
        """The bounds of a symbol, a component with numbers as indices, or a value of an unknown function."""
        match atom:
            case Symbol():
                return self._entries.get(atom, UNBOUNDED)
            case Indexed(base, _):
                found = UNBOUNDED
                for place in (Indexed(base, ()), atom):
                    for entries in (self._entries, self._likely):
                        if place in entries:
                            found = found.meet(entries[place])
                return found
            case Apply(name, _, orders) if not any(orders):
                return self._entries.get(Apply(name, ()), UNBOUNDED)
            case _:
                return UNBOUNDED

    def positive(self, *, strictly: bool = False) -> frozenset[tuple[str, str]]:
        """What is not negative: ``("sym", name)`` of symbols, ``("comp", base)`` of all components of a base.

        With ``strictly``, only what is certainly not zero.
        """
        found: set[tuple[str, str]] = set()
        for atom, bounds in self._entries.items():
            low, closed = bounds.low, bounds.low_closed
            if low is None or low < 0 or (strictly and low == 0 and closed):
                continue
            match atom:
                case Symbol(name):
                    found.add(("sym", name))
                case Indexed(base, ()):
                    found.add(("comp", base))
                case _:
                    pass
        return frozenset(found)

    def _relate(self, left: Expr, op: Op, value: Fraction, into: dict[Expr, Bounds] | None = None) -> None:
        entries = self._entries if into is None else into
        match left:
            case Add((Number(constant), Neg(atom))):
                _bound(entries, atom, _MIRROR[op], constant - value)
            case _:
                _bound(entries, left, op, value)


def _bound(entries: dict[Expr, Bounds], atom: Expr, op: Op, value: Fraction) -> None:
    match atom:
        case Symbol():
            place: Expr = atom
        case Indexed(base, indices):
            place = atom if all(isinstance(i, Number) for i in indices) else Indexed(base, ())
        case Apply(name, _, orders) if not any(orders):
            place = Apply(name, ())
        case _:
            return
    entry = entries.setdefault(place, Bounds())
    if op in (Op.GT, Op.GE):
        entry.raise_low(value, op is Op.GE)
    elif op in (Op.LT, Op.LE):
        entry.lower_high(value, op is Op.LE)


@dataclass(frozen=True, slots=True, eq=False)
class Premises:
    """What holds of the quantities of a claim: which are whole numbers, and between what bounds they lie."""

    whole: frozenset[str]
    bounds: BoundsTable
    #: Names that stand in index places.
    indices: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=16)
    def of(domain: Domain, sides: tuple[Expr, ...]) -> Premises:
        """The premises of a claim, gathered once for its proof and for the points it is tried at."""
        whole = domain.whole_numbers(sides)
        return Premises(whole, BoundsTable(domain.conditions, sides, whole), index_names(sides))


_MIRROR = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ, Op.NE: Op.NE}


def inferred_positive(exprs: Iterable[Expr], integers: frozenset[str] = frozenset()) -> list[Expr]:
    """Arguments of logarithms, even roots and powers, which are positive where the trees have a value.

    Those inside case distinctions are left out, since their branch may not be taken, and so are bases of
    powers whose exponent is made of ``integers`` and bound indices, since they may be negative.

    >>> x, n = Symbol("x"), Symbol("n")
    >>> inferred_positive([Pow(x, n)]), inferred_positive([Pow(x, n)], frozenset({"n"}))
    ([Symbol(name='x')], [])
    """
    found: dict[Expr, None] = {}

    def visit(node: Node, whole: frozenset[str]) -> None:
        if isinstance(node, Cases):
            return
        match node:
            case Func("log", (arg,)):
                found[arg] = None
            case Pow(base, Number(value)):
                if value.denominator % 2 == 0:
                    found[base] = None
            case Pow(base, exponent) if not isinstance(base, Number) and not _may_be_whole(exponent, whole):
                found[base] = None
            case Sum() | Product():
                whole |= {node.index}
            case _:
                pass
        for child in children(node):
            if children(child):
                visit(child, whole)

    for expr in exprs:
        visit(expr, integers)
    return list(found)


def _may_be_whole(expr: Expr, integers: frozenset[str]) -> bool:
    """Whether a tree is made of integers, and so an integer at times."""
    names = {
        n.name if isinstance(n, Symbol) else n.base for n in walk(expr) if isinstance(n, Symbol | Indexed)
    }
    return names <= integers and not any(isinstance(n, Func | Apply | Constant) for n in walk(expr))


# --- what trees say of their quantities -------------------------------------------------------


def compared_values(exprs: Iterable[Expr]) -> dict[Symbol, tuple[Fraction, ...]]:
    """Symbols that the conditions of some case distinction compare with numbers, by = only.

    ``{ -log p, y = 1; -log(1 - p), y = 0`` makes y a quantity of two values; ``sin x / x, x != 0; 1, x = 0``
    does not, since there the other condition is not an equality, and ``0, x = 0; 1, x = 1; x, otherwise``
    does not, since x has other values too.

    >>> y = Symbol("y")
    >>> branches = tuple((Number(v), Relation(y, Op.EQ, Number(v))) for v in (Fraction(0), Fraction(1)))
    >>> compared_values([Cases(branches)])
    {Symbol(name='y'): (Fraction(0, 1), Fraction(1, 1))}
    """
    found: dict[Symbol, set[Fraction]] = {}
    spoiled: set[Symbol] = set()
    for expr in exprs:
        if Cases not in kinds(expr):
            continue
        for node in walk(expr):
            if not isinstance(node, Cases):
                continue
            open_ended = isinstance(node.branches[-1][1], Otherwise)
            here: dict[Symbol, set[Fraction]] = {}
            for _, condition in node.branches:
                for part in walk(condition):
                    match part:
                        case Relation(Symbol() as symbol, Op.EQ, Number(value)) | Relation(
                            Number(value), Op.EQ, Symbol() as symbol
                        ):
                            here.setdefault(symbol, set()).add(value)
                        case Relation(Symbol() as symbol, Op.EQ, Neg(Number(value))) | Relation(
                            Neg(Number(value)), Op.EQ, Symbol() as symbol
                        ):
                            here.setdefault(symbol, set()).add(-value)
                        case Relation(left, _, right):
                            atoms = free_symbols(left) | free_symbols(right)
                            spoiled |= {s for s in atoms if isinstance(s, Symbol)}
                        case _:
                            pass
            for symbol, values in here.items():
                found.setdefault(symbol, set()).update(values)
                if open_ended and len(values) > 1:
                    spoiled.add(symbol)
    return {s: tuple(sorted(values)) for s, values in found.items() if s not in spoiled and len(values) > 1}


def size_names(exprs: Iterable[Expr]) -> frozenset[str]:
    """Names that bound sums and products from above: how many there are of something."""
    found: set[str] = set()
    for expr in exprs:
        for node in _ranging(expr):
            if node.upper is not None:
                found |= {s.name for s in walk(node.upper) if isinstance(s, Symbol)}
    return frozenset(found)


def _ranging(expr: Expr) -> list[Sum | Product]:
    """The sums and products in a tree."""
    if kinds(expr).isdisjoint((Sum, Product)):
        return []
    return [node for node in walk(expr) if isinstance(node, Sum | Product)]


def index_names(exprs: Iterable[Expr]) -> frozenset[str]:
    """Names that stand in index places, run over a sum, or are compared with such names.

    >>> sorted(index_names([Indexed("x", (Add((Symbol("i"), Symbol("k"))),))]))
    ['i', 'k']
    """
    found: set[str] = set()
    compared: list[tuple[str, str]] = []
    for expr in exprs:
        if kinds(expr).isdisjoint(_INDEXING):
            continue
        for node in walk(expr):
            match node:
                case Indexed(_, parts):
                    found |= {s.name for p in parts for s in walk(p) if isinstance(s, Symbol)}
                case Delta(left, right):
                    found |= {s.name for p in (left, right) for s in walk(p) if isinstance(s, Symbol)}
                case Sum() | Product():
                    found.add(node.index)
                case Relation(Symbol(a), _, Symbol(b)):
                    compared.append((a, b))
                case _:
                    pass
    for a, b in compared:
        if a in found or b in found:
            found |= {a, b}
    return frozenset(found)


#: Nodes that say something of indices.
_INDEXING = frozenset[type[Node]]({Indexed, Delta, Sum, Product, Relation})


def solutions(equations: Iterable[Relation]) -> dict[Expr, Expr]:
    """What stated equations say of single quantities, each in terms of others: ``x + y = 1`` gives x.

    Only quantities that an equation holds once, with a number before them, are solved for.

    >>> x, y, one = Symbol("x"), Symbol("y"), Number(Fraction(1))
    >>> solutions([Relation(Add((x, y)), Op.EQ, one)])[x]
    Add(terms=(Number(value=Fraction(1, 1), decimals=None), Neg(arg=Symbol(name='y'))))
    """
    found: dict[Expr, Expr] = {}
    for equation in equations:
        if equation.op is not Op.EQ:
            continue
        terms = [*_terms(equation.right, 1), *_terms(equation.left, -1)]
        for k, (atom, coefficient) in enumerate(terms):
            rest = terms[:k] + terms[k + 1 :]
            if not isinstance(atom, Symbol | Indexed) or atom in found:
                continue
            others = {node for term, _ in rest for node in walk(term)}
            if atom in others or any(key in others or atom in walk(value) for key, value in found.items()):
                continue
            parts = tuple(_scaled(term, -factor / coefficient) for term, factor in rest)
            found[atom] = Add(parts) if len(parts) > 1 else parts[0] if parts else ZERO
            break
    return found


def _terms(expr: Expr, factor: Fraction | int) -> list[tuple[Expr, Fraction]]:
    """A sum as terms with numbers before them, nothing for zero."""
    match expr:
        case Add(terms):
            return [item for term in terms for item in _terms(term, factor)]
        case Neg(arg):
            return _terms(arg, -factor)
        case Mul((Number(value), other)) if value:
            return _terms(other, factor * value)
        case Number(value):
            return [(Number(Fraction(1)), factor * value)] if value else []
        case _:
            return [(expr, Fraction(factor))]


def _scaled(expr: Expr, factor: Fraction) -> Expr:
    if isinstance(expr, Number):
        return Number(expr.value * factor)
    if factor < 0:
        return Neg(_scaled(expr, -factor))
    return expr if factor == 1 else Mul((Number(factor), expr))
