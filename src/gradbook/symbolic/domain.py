"""Where a claim is meant to hold: conditions, integers, quantities that take few values.

A domain also says how to sample it, and which cells of it are empty.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.symbolic.expr import (
    Add,
    Apply,
    Cases,
    Condition,
    Delta,
    Expr,
    Func,
    Indexed,
    Neg,
    Node,
    Number,
    Op,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    children,
    free_symbols,
    walk,
)
from gradbook.symbolic.generators import Monomial, PolyKey


@dataclass(frozen=True, slots=True)
class Domain:
    """Conditions that hold for the quantities of a claim.

    ``conditions`` are relations between expressions; one about a component (``p_i > 0``) holds for
    all components. ``choices`` gives the few values that a symbol (or each component of a base
    name) can take; ``simplex`` names the bases whose components add up to one.
    """

    conditions: tuple[Condition, ...] = ()
    integers: frozenset[str] = frozenset()
    choices: tuple[tuple[str, tuple[Fraction, ...]], ...] = ()
    simplex: frozenset[str] = frozenset()
    #: Equations that the document states, to be used in proofs.
    equations: tuple[Relation, ...] = ()
    #: Pairs of indices that are known to differ.
    unequal: frozenset[frozenset[str]] = frozenset()


def atom_name(atom: Expr) -> str | None:
    """The name by which bounds are kept: of a symbol, or the base of a component or application."""
    match atom:
        case Symbol(name):
            return name
        case Indexed(base, _):
            return base
        case Apply(name, _, _):
            return name
        case _:
            return None


@dataclass(slots=True)
class Bounds:
    """An open interval for a quantity; None means unbounded on that side."""

    low: Fraction | None = None
    high: Fraction | None = None

    def raise_low(self, value: Fraction) -> None:
        """Tighten from below."""
        self.low = value if self.low is None else max(self.low, value)

    def lower_high(self, value: Fraction) -> None:
        """Tighten from above."""
        self.high = value if self.high is None else min(self.high, value)


def simple_bounds(conditions: Iterable[Condition], exprs: Iterable[Expr]) -> dict[str, Bounds]:
    """Bounds by name: those that are stated, and those that logarithms and even roots need."""
    table: dict[str, Bounds] = {}

    def bound(atom: Expr, op: Op, value: Fraction) -> None:
        name = atom_name(atom)
        if name is None or (isinstance(atom, Apply) and any(atom.orders)):
            return
        entry = table.setdefault(name, Bounds())
        if op in (Op.GT, Op.GE):
            entry.raise_low(value)
        elif op in (Op.LT, Op.LE):
            entry.lower_high(value)

    def relate(left: Expr, op: Op, value: Fraction) -> None:
        match left:
            case Add((Number(constant), Neg(atom))):
                bound(atom, _MIRROR[op], constant - value)
            case _:
                bound(left, op, value)

    for condition in conditions:
        match condition:
            case Relation(left, op, Number(value)):
                relate(left, op, value)
            case Relation(Number(value), op, right):
                relate(right, _MIRROR[op], value)
            case _:
                pass
    for positive in inferred_positive(exprs):
        relate(positive, Op.GT, Fraction(0))
    return table


_MIRROR = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ, Op.NE: Op.NE}


def inferred_positive(exprs: Iterable[Expr]) -> list[Expr]:
    """Arguments of logarithms and even roots that stand outside case distinctions and sums' conditions."""
    found: dict[Expr, None] = {}

    def visit(node: Node) -> None:
        if isinstance(node, Cases):
            return
        match node:
            case Func("log", (arg,)):
                found[arg] = None
            case Pow(base, Number(value)) if value.denominator % 2 == 0:
                found[base] = None
            case Pow(base, exponent) if not isinstance(exponent, Number) and not isinstance(base, Number):
                found[base] = None
            case _:
                pass
        for child in children(node):
            visit(child)

    for expr in exprs:
        visit(expr)
    return list(found)


#: What people would try first.
_NICE = [Fraction(p, q) for p, q in ((2, 1), (1, 2), (3, 1), (-1, 1), (1, 1), (-2, 1), (3, 2), (-1, 2), (-3, 1),
                                      (5, 2), (1, 4), (-3, 2), (4, 1), (3, 4), (1, 3))]  # fmt: skip


class Sampler:
    """Draws values for the quantities of a claim, inside their bounds, reproducibly."""

    def __init__(self, domain: Domain, exprs: tuple[Expr, ...], size_names: frozenset[str]) -> None:
        self.bounds = simple_bounds(domain.conditions, exprs)
        self.choices = dict(domain.choices)
        self.simplex = domain.simplex
        self.integers = domain.integers
        stated = tuple(s for c in domain.conditions if isinstance(c, Relation) for s in (c.left, c.right))
        self.index_names, self.exponent_integers = _integer_roles((*exprs, *stated))
        self.size_names = size_names
        self.landmarks = sorted(
            {
                n.value
                for e in (*exprs, *domain.conditions)
                for n in walk(e)
                if isinstance(n, Number) and n.decimals is None
            }
        )[:12]

    def draw(self, trial: int, size: int) -> _Draw:
        """A supply of values for one trial."""
        return _Draw(self, random.Random(trial * 7919 + 17), trial, size)


class _Draw:
    """Values for one trial; called with each quantity once."""

    def __init__(self, sampler: Sampler, rng: random.Random, trial: int, size: int) -> None:
        self.sampler = sampler
        self.rng = rng
        self.trial = trial
        self.size = size
        self.used: set[Fraction] = set()
        self.sums: dict[str, dict[int, Fraction]] = {}

    def __call__(self, atom: Expr) -> Fraction:
        sampler, rng = self.sampler, self.rng
        name = atom_name(atom) or ""
        if isinstance(atom, Symbol):
            if name in sampler.size_names:
                return Fraction(self.size)
            if name in sampler.index_names:
                return Fraction(rng.randint(1, self.size))
        choices = sampler.choices.get(name)
        if name in sampler.simplex and isinstance(atom, Indexed):
            return self._simplex(name, atom, choices)
        if choices:
            return rng.choice(choices)
        bounds = sampler.bounds.get(name, _UNBOUNDED)
        if name in sampler.integers:
            return self._integer(bounds)
        return self._real(bounds)

    def _integer(self, bounds: Bounds) -> Fraction:
        low = int(bounds.low) + 1 if bounds.low is not None else (1 if bounds.high is None else -5)
        high = int(bounds.high) - 1 if bounds.high is not None else low + 4
        return Fraction(self.rng.randint(low, max(low, high)))

    def _real(self, bounds: Bounds) -> Fraction:
        rng, low, high = self.rng, bounds.low, bounds.high
        if self.trial < 12:
            nice = [
                v
                for v in _NICE
                if (low is None or v > low) and (high is None or v < high) and v not in self.used
            ]
            if nice:
                value = nice[0] if self.trial == 0 else rng.choice(nice[: 4 + self.trial])
                self.used.add(value)
                return value
        if low is not None and high is not None:
            return low + (high - low) * Fraction(rng.randint(1, 63), 64)
        reach = rng.choice((1, 3, 3, 3, 12))
        step = Fraction(rng.randint(1, 64 * reach), 64)
        if low is not None:
            return low + step
        if high is not None:
            return high - step
        if self.sampler.landmarks and rng.random() < 0.25:
            return rng.choice(self.sampler.landmarks) + Fraction(rng.choice((-1, 1)) * rng.randint(1, 64), 64)
        return step if rng.random() < 0.5 else -step

    def _simplex(self, name: str, atom: Indexed, choices: tuple[Fraction, ...] | None) -> Fraction:
        """Components that add up to one: one-hot if they may only be 0 or 1."""
        index = atom.indices[-1]
        k = int(index.value) if isinstance(index, Number) else 1
        known = self.sums.get(name)
        if known is None:
            if choices:
                hot = self.rng.randint(1, self.size)
                known = {j: Fraction(int(j == hot)) for j in range(1, self.size + 1)}
            else:
                cuts = sorted(Fraction(self.rng.randint(1, 63), 64) for _ in range(self.size - 1))
                edges = [Fraction(0), *cuts, Fraction(1)]
                known = {j: edges[j] - edges[j - 1] for j in range(1, self.size + 1)}
            self.sums[name] = known
        return known.get(k, Fraction(0))


_UNBOUNDED = Bounds()


def _integer_roles(exprs: tuple[Expr, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Names used as indices, and names used as exponents."""
    indices: set[str] = set()
    exponents: set[str] = set()
    for expr in exprs:
        for node in walk(expr):
            match node:
                case Indexed(_, parts):
                    indices |= {s.name for p in parts for s in walk(p) if isinstance(s, Symbol)}
                case Delta(left, right):
                    indices |= {s.name for p in (left, right) for s in walk(p) if isinstance(s, Symbol)}
                case Pow(_, Symbol(name)):
                    exponents.add(name)
                case _:
                    pass
    return frozenset(indices), frozenset(exponents)


def size_names(exprs: Iterable[Expr]) -> frozenset[str]:
    """Names that bound sums and products from above: how many there are of something."""
    found: set[str] = set()
    for expr in exprs:
        for node in walk(expr):
            if isinstance(node, Sum | Product) and node.upper is not None:
                found |= {s.name for s in walk(node.upper) if isinstance(s, Symbol)}
    return frozenset(found)


def compared_values(exprs: tuple[Expr, ...]) -> dict[Symbol, tuple[Fraction, ...]]:
    """Symbols that the conditions of some case distinction compare with numbers by = only.

    ``{ -log p, y = 1; -log(1 - p), y = 0`` makes y a quantity of two values; ``sin x / x, x != 0; 1, x = 0``
    does not, since there the other condition is not an equality.
    """
    found: dict[Symbol, set[Fraction]] = {}
    spoiled: set[Symbol] = set()
    for expr in exprs:
        for node in walk(expr):
            if not isinstance(node, Cases):
                continue
            for _, condition in node.branches:
                for part in walk(condition):
                    match part:
                        case Relation(Symbol() as symbol, Op.EQ, Number(value)) | Relation(
                            Number(value), Op.EQ, Symbol() as symbol
                        ):
                            found.setdefault(symbol, set()).add(value)
                        case Relation(left, _, right):
                            spoiled |= {
                                s for s in free_symbols(left) | free_symbols(right) if isinstance(s, Symbol)
                            }
                        case _:
                            pass
    return {s: tuple(sorted(values)) for s, values in found.items() if s not in spoiled and len(values) > 1}


# --- empty cells ------------------------------------------------------------------------------

_Row = tuple[dict[Monomial, Fraction], Fraction]


@dataclass
class Constraints:
    """Strict inequalities ``poly > 0``, monomials taken as independent unknowns."""

    rows: list[dict[Monomial, Fraction]] = field(default_factory=list[dict[Monomial, Fraction]])

    def add(self, poly: PolyKey, sign: int) -> None:
        """Note ``sign * poly > 0``."""
        self.rows.append({m: Fraction(c * sign) for m, c in poly})

    def empty(self) -> bool:
        """Whether the inequalities contradict each other (by Fourier and Motzkin's elimination).

        True is a proof that the cell is empty; False says nothing. Taking monomials as independent
        only enlarges the cell, so the proof holds for the real one.
        """
        rows = list(self.rows)
        for _ in range(24):
            for row in rows:
                if all(m == () for m in row) and row.get((), Fraction(0)) <= 0:
                    return True
            unknown = next((m for row in rows for m in row if m != ()), None)
            if unknown is None:
                return False
            upper = [r for r in rows if r.get(unknown, 0) < 0]
            lower = [r for r in rows if r.get(unknown, 0) > 0]
            rest = [r for r in rows if unknown not in r]
            if len(upper) * len(lower) + len(rest) > 400:
                return False
            for a in lower:
                for b in upper:
                    rest.append(_combine(a, b, unknown))
            rows = rest
        return False


def _combine(
    a: dict[Monomial, Fraction], b: dict[Monomial, Fraction], unknown: Monomial
) -> dict[Monomial, Fraction]:
    x, y = -b[unknown], a[unknown]
    total: dict[Monomial, Fraction] = {}
    for row, factor in ((a, x), (b, y)):
        for monomial, coefficient in row.items():
            value = total.get(monomial, Fraction(0)) + coefficient * factor
            if value:
                total[monomial] = value
            else:
                total.pop(monomial, None)
    return total
