"""Points of a domain to try a claim at, reproducibly: what people would try first, then at random."""

from __future__ import annotations

import random
from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor

from gradbook.symbolic.domain import (
    Bounds,
    BoundsTable,
    Domain,
    atom_name,
    index_names,
    size_names,
    solutions,
)
from gradbook.symbolic.evaluate import Point
from gradbook.symbolic.expr import (
    ZERO,
    Expr,
    Func,
    Indexed,
    Neg,
    Node,
    Number,
    Op,
    Product,
    Relation,
    Sum,
    Symbol,
    walk,
)

#: What people would try first.
_NICE = [Fraction(p, q) for p, q in ((2, 1), (1, 2), (3, 1), (-1, 1), (1, 1), (-2, 1), (3, 2), (-1, 2), (-3, 1),
                                      (5, 2), (1, 4), (-3, 2), (4, 1), (3, 4), (1, 3))]  # fmt: skip


class Sampler:
    """Draws values for the quantities of a claim, inside their bounds, reproducibly.

    >>> from gradbook.symbolic.expr import Op, number
    >>> x = Symbol("x")
    >>> draw = Sampler(Domain((Relation(x, Op.GT, number(2)),)), (x,)).draw(trial=0, size=2)
    >>> draw(x)
    Fraction(3, 1)
    """

    def __init__(self, domain: Domain, exprs: tuple[Expr, ...]) -> None:
        self.whole = domain.whole_numbers(exprs)
        self.bounds = BoundsTable(domain.conditions, exprs, self.whole)
        self.choices = dict(domain.choices)
        self.simplex = domain.simplex
        self.integers = domain.integers
        stated = tuple(s for c in domain.conditions if isinstance(c, Relation) for s in (c.left, c.right))
        self.index_names = index_names((*exprs, *stated))
        self.sizes = sorted(size_names(exprs))
        # Sums without bounds run over as many values as those with a named end: then all ends are the same.
        nodes = [node for expr in exprs for node in walk(expr)]
        self.one_size = bool(domain.simplex) or any(
            isinstance(n, Sum | Product) and n.upper is None for n in nodes
        )
        self.compared = _compared_integers(nodes)
        trees = [node for tree in (*exprs, *domain.conditions) for node in walk(tree)]
        numbers = {n.value for n in trees if isinstance(n, Number) and n.decimals is None} | _kinks(trees)
        self.landmarks = sorted(numbers | {-v for v in numbers}, key=lambda v: (abs(v), v))[:24]

    def draw(self, trial: int, size: int) -> Draw:
        """A supply of values for one trial; indices without bounds take ``size`` values."""
        return Draw(self, random.Random(trial * 7919 + 17), trial, size)

    def point(self, trial: int) -> Point:
        """The point of one trial."""
        size = 2 if trial % 3 else 3
        return Point(self.draw(trial, size), size, self.whole)


class Draw:
    """Values for one trial; called with each quantity once."""

    def __init__(self, sampler: Sampler, rng: random.Random, trial: int, size: int) -> None:
        self.sampler = sampler
        self.rng = rng
        self.trial = trial
        self.size = size
        self.used: set[Fraction] = set()
        self.sums: dict[str, dict[int, Fraction]] = {}

    def __call__(self, atom: Expr) -> Fraction:
        """The value of a symbol, of a component with numbers as indices, or of an unknown function."""
        sampler, rng = self.sampler, self.rng
        name = atom_name(atom) or ""
        choices = sampler.choices.get(name)
        if isinstance(atom, Symbol) and not choices:
            if name in sampler.sizes:
                return Fraction(self._size(name))
            if name in sampler.index_names:
                return Fraction(rng.randint(1, self.size))
        if name in sampler.simplex and isinstance(atom, Indexed):
            return self._simplex(name, atom, choices)
        if choices:
            return rng.choice(choices)
        bounds = sampler.bounds.of(atom)
        if name in sampler.integers:
            return self._integer(name, bounds)
        return self._real(bounds)

    def _size(self, name: str) -> int:
        """How many there are of something: not always as many as of something else."""
        apart = 0 if self.sampler.one_size or self.trial % 2 == 0 else self.sampler.sizes.index(name) % 3
        return self.size + apart

    def _integer(self, name: str, bounds: Bounds) -> Fraction:
        low, high = _whole_ends(bounds)
        near = [v for v in self.sampler.compared.get(name, ()) if low <= v <= high]
        if near and self.rng.random() < 0.5:
            return self.rng.choice(near)
        first = 1 if bounds.low is None and bounds.high is None else max(low, -5)
        return Fraction(self.rng.randint(first, max(first, min(high, first + 4))))

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


def _whole_ends(bounds: Bounds) -> tuple[int, int]:
    """The least and the largest integer in an interval, far out where it has no end."""
    low, high = -_FAR, _FAR
    if bounds.low is not None:
        low = ceil(bounds.low) if bounds.low_closed else floor(bounds.low) + 1
    if bounds.high is not None:
        high = floor(bounds.high) if bounds.high_closed else ceil(bounds.high) - 1
    return low, high


_FAR = 10**9


def _compared_integers(nodes: list[Node]) -> dict[str, list[Fraction]]:
    """By name, the integers that conditions compare a symbol with, and their neighbours."""
    found: dict[str, set[Fraction]] = {}
    for node in nodes:
        match node:
            case Relation(Symbol(name), _, Number(value)) | Relation(Number(value), _, Symbol(name)):
                if value.denominator == 1:
                    found.setdefault(name, set()).update((value - 1, value, value + 1))
            case _:
                pass
    return {name: sorted(values) for name, values in found.items()}


def _kinks(nodes: Iterable[Node]) -> set[Fraction]:
    """Where something changes over: a symbol at the zero of ``a x + b`` in ``|a x + b|`` or ``a x + b > 0``."""
    found: set[Fraction] = set()
    for node in nodes:
        match node:
            case Func("relu" | "abs" | "sign" | "step", (arg,)):
                seam = Relation(arg, Op.EQ, ZERO)
            case Func("max" | "min", (left, right)) | Relation(left, _, right):
                seam = Relation(left, Op.EQ, right)
            case _:
                continue
        for value in solutions([seam]).values():
            match value:
                case Number(exact) | Neg(Number(exact)):
                    found.add(exact)
                case _:
                    pass
    return found
