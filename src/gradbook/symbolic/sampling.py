"""Points of a domain to try a claim at, reproducibly: what people would try first, then at random."""

from __future__ import annotations

import random
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from itertools import islice
from math import ceil, floor

from gradbook.symbolic.domain import (
    Bounds,
    Domain,
    Premises,
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
        premises = Premises.of(domain, exprs)
        self.whole, self.bounds = premises.whole, premises.bounds
        self.choices = dict(domain.choices)
        self.simplex = domain.simplex
        self.integers = domain.integers
        stated = tuple(s for c in domain.conditions if isinstance(c, Relation) for s in (c.left, c.right))
        self.index_names = index_names((*exprs, *stated))
        self.sizes = sorted(size_names(exprs))
        self.trees = (*exprs, *domain.conditions)
        self.exprs = exprs

    @cached_property
    def one_size(self) -> bool:
        """Sums without bounds run over as many values as those with a named end: then all ends are the same."""
        return bool(self.simplex) or any(
            isinstance(n, Sum | Product) and n.upper is None for expr in self.exprs for n in walk(expr)
        )

    @cached_property
    def compared(self) -> dict[str, list[Fraction]]:
        """By name, the integers that conditions compare a symbol with, and their neighbours."""
        return _compared_integers(node for expr in self.exprs for node in walk(expr))

    @cached_property
    def landmarks(self) -> list[Fraction]:
        """Numbers near which something may change over."""
        nodes = [node for tree in self.trees for node in walk(tree)]
        numbers = {n.value for n in nodes if isinstance(n, Number) and n.decimals is None} | _kinks(nodes)
        return sorted(numbers | {-v for v in numbers}, key=lambda v: (abs(v), v))[:24]

    def draw(self, trial: int, size: int) -> Draw:
        """A supply of values for one trial; indices without bounds take ``size`` values."""
        return Draw(self, trial, size)

    def point(self, trial: int, size: int | None = None) -> Point:
        """The point of one trial; ``size`` is how many terms the sums without bounds have, 2 or 3 if not said."""
        size = size or (2 if trial % 3 else 3)
        return Point(self.draw(trial, size), size, self.whole)


class Draw:
    """Values for one trial; called with each quantity once."""

    def __init__(self, sampler: Sampler, trial: int, size: int) -> None:
        self.sampler = sampler
        self.trial = trial
        self.size = size
        #: Places in the list of nice values that were taken.
        self.used: set[int] = set()
        self.sums: dict[str, dict[int, Fraction]] = {}

    @cached_property
    def rng(self) -> random.Random:
        """What is drawn at random, always the same for a trial."""
        return random.Random(self.trial * 7919 + 17)

    def __call__(self, atom: Expr) -> Fraction:
        """The value of a symbol, of a component with numbers as indices, or of an unknown function."""
        sampler = self.sampler
        name = atom_name(atom) or ""
        choices = sampler.choices.get(name)
        if isinstance(atom, Symbol) and not choices:
            if name in sampler.sizes:
                return Fraction(self._size(name))
            if name in sampler.index_names:
                return Fraction(self.rng.randint(1, self.size))
        if name in sampler.simplex and isinstance(atom, Indexed):
            return self._simplex(name, atom, choices)
        if choices:
            return self.rng.choice(choices)
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
        low, high = bounds.low, bounds.high
        if self.trial < 12:
            open_places = (
                k
                for k, v in enumerate(_NICE)
                if k not in self.used and (low is None or v > low) and (high is None or v < high)
            )
            places = list(islice(open_places, 4 + self.trial if self.trial else 1))
            if places:
                place = self.rng.choice(places) if self.trial else places[0]
                self.used.add(place)
                return _NICE[place]
        rng = self.rng
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


def _compared_integers(nodes: Iterable[Node]) -> dict[str, list[Fraction]]:
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
