"""Proof of an equality in every cell of a domain, by normal forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from flint import fmpz_mpoly

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.cells import Constraints
from gradbook.symbolic.domain import Domain, Premises, compared_values
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Cases,
    Div,
    Expr,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Product,
    Relation,
    Sum,
    Symbol,
    kinds,
    substitute,
    walk,
)
from gradbook.symbolic.generators import Monomial, PolyKey
from gradbook.symbolic.normal import Normaliser, restarting
from gradbook.symbolic.quotients import Quotient
from gradbook.symbolic.regions import (
    BranchesDiffer,
    Facts,
    NeedEqual,
    NeedSign,
    NoBranch,
    NotNormal,
    OutsideDomain,
    Region,
)

#: Most cells that the domain may be split into.
MAX_REGIONS = 160

#: Most combinations of values that are gone through one by one.
MAX_VALUES = 8


class Proof:
    """Equality in every cell of the domain; cells are split when a sign turns out to matter."""

    def __init__(self, left: Expr, right: Expr, domain: Domain, clock: Clock) -> None:
        self.left = left
        self.right = right
        self.domain = domain
        self.clock = clock
        sides = (left, right)
        premises = Premises.of(domain, sides)
        bounds = premises.bounds
        self.inferred = bounds.inferred
        self.choices = dict(domain.choices)
        labels = {name for name, values in domain.choices if 0 not in values}
        starts = [
            n.lower.value
            for e in sides
            if Sum in kinds(e)
            for n in walk(e)
            if isinstance(n, Sum) and isinstance(n.lower, Number)
        ]
        self.facts = Facts(
            positive=bounds.positive(),
            nonzero=bounds.positive(strictly=True)
            | {(tag, name) for tag in ("sym", "comp") for name in labels},
            integers=premises.whole,
            choices=self.choices,
            indices=premises.indices - domain.integers,
            first_index=min((*starts, Fraction(1))),
        )
        #: Signs that hold throughout the domain, and those of them that hold on its borders too.
        self.stated: dict[PolyKey, int] = {}
        self.strict: set[PolyKey] = set()

    def holds(self) -> bool:
        """True is a proof of equality; False means that some cell resisted."""
        return all(self._equal(*pair) or self._equal_by_value(*pair) for pair in self._pairs())

    def _equal(self, left: Expr, right: Expr) -> bool:
        return self._cells(left, right, lambda n, a, b: n.equal(n.of(a), n.of(b)))

    def _equal_by_value(self, left: Expr, right: Expr) -> bool:
        """The claim for each value of what takes few values: there more signs are plain than in between.

        With y = 1, y tanh(u) < 1 holds everywhere; with a letter in its place that is not seen.
        """
        if not self.choices or not (Cases in kinds(left) or Cases in kinds(right)):
            return False
        known = self._few_valued(left) | self._few_valued(right)
        if not known or prod(len(values) for values in known.values()) > MAX_VALUES:
            return False
        return all(self._equal(*pair) for pair in _at_values(left, right, known))

    def _few_valued(self, expr: Expr) -> dict[Expr, tuple[Fraction, ...]]:
        """What takes few values and has no bound index, with its values."""
        bound = {node.index for node in walk(expr) if isinstance(node, Sum | Product)}
        found: dict[Expr, tuple[Fraction, ...]] = {}
        for node in walk(expr):
            match node:
                case Symbol(name) if name in self.choices:
                    found[node] = self.choices[name]
                case Indexed(base, indices) if base in self.choices:
                    if not any(isinstance(i, Symbol) and i.name in bound for i in indices):
                        found[node] = self.choices[base]
                case _:
                    pass
        return found

    def positive(self, *, strictly: bool) -> bool:
        """True is a proof that left - right is not negative; with ``strictly``, that it is positive.

        Seams and kinks apart: a sign is looked for in open cells. That the difference is zero nowhere,
        not even between two cells, has to be plain from its factors.
        """

        def sign(n: Normaliser, a: Expr, b: Expr) -> bool:
            difference = n.add(n.of(a), n.negated(n.of(b)))
            if not (n.quotient_sign(difference) - n.one).is_zero():
                return False
            return not strictly or self._nowhere_zero(n, difference[0])

        return all(self._cells(*pair, sign) for pair in self._pairs())

    def _nowhere_zero(self, normaliser: Normaliser, poly: fmpz_mpoly) -> bool:
        if poly.is_zero():
            return False
        keys = [_signless(normaliser.key(factor)) for factor, _ in normaliser.factors(poly)[1]]
        return all(key in self.strict or normaliser.never_zero(key) for key in keys)

    def _pairs(self) -> Iterable[tuple[Expr, Expr]]:
        return self._discrete(self.left, self.right)

    def _discrete(self, left: Expr, right: Expr) -> Iterable[tuple[Expr, Expr]]:
        """The claim at each value of the quantities that take few values and that conditions ask about."""
        chosen = dict(self.domain.choices)
        names = compared_values((left, right))
        known = {symbol: chosen.get(symbol.name) or values for symbol, values in names.items()}
        return _at_values(left, right, known)

    def _cells(self, left: Expr, right: Expr, test: Callable[[Normaliser, Expr, Expr], bool]) -> bool:
        unequal = frozenset(frozenset[Expr](map(Symbol, pair)) for pair in self.domain.unequal)
        if self.inferred or self.domain.conditions or self.domain.equations or self.domain.simplex:
            restarting(self.facts, Region(unequal=unequal), self.clock, self._learn)
        todo = [(Region(self.stated, unequal), left, right)]
        seen = 0
        vacuous = True
        while todo:
            region, a, b = todo.pop()
            seen += 1
            self.clock.check()
            if seen > MAX_REGIONS:
                raise BoundHit(f"more than {MAX_REGIONS} cells of a case distinction")
            try:
                if not restarting(self.facts, region, self.clock, lambda n, a=a, b=b: test(n, a, b)):
                    if self._empty(region):
                        continue
                    return False
                vacuous = False
            except NeedSign as need:
                for sign in (1, -1):
                    cell = region.with_sign(need.factor, sign)
                    if not self._empty(cell):
                        todo.append((cell, a, b))
            except NeedEqual as need:
                values = self.choices.get(need.left.name) if isinstance(need.right, Number) else None
                for value in map(Number, values) if values else (need.right,):
                    same = {need.left: value}
                    todo.append((region, substitute(a, same), substitute(b, same)))
                if not values:
                    todo.append((region.with_unequal(need.left, need.right), a, b))
            except OutsideDomain:
                continue
            except (NoBranch, BranchesDiffer, NotNormal):
                if not self._empty(region):
                    return False
        return not vacuous

    def _learn(self, normaliser: Normaliser) -> None:
        """Signs that the domain states or that logarithms and even roots need, and assumed equations."""
        self.stated, self.strict = {}, set()
        positives = [(expr, False) for expr in self.inferred]
        for condition in self.domain.conditions:
            match condition:
                case Relation(a, Op.GT | Op.GE as op, b):
                    positives.append((Add((a, Neg(b))), op is Op.GT))
                case Relation(a, Op.LT | Op.LE as op, b):
                    positives.append((Add((b, Neg(a))), op is Op.LT))
                case Relation(a, Op.NE, b):
                    self._learn_nonzero(normaliser, Add((a, Neg(b))))
                case _:
                    pass
        for expr, strictly in positives:
            found = self._tried(normaliser, expr)
            if found is None:
                continue
            self._learn_positive(normaliser, found)
            if strictly:
                self._learn_nonzero(normaliser, expr)
            elif not normaliser.vanishes_rarely(found[0]) and found[1].is_one():
                # Between integers, d >= 0 is 2d + 1 > 0.
                self._learn_positive(normaliser, (found[0] * 2 + 1, found[1]))
        for equation in self._equations():
            self._assume(normaliser, equation)

    @staticmethod
    def _tried(normaliser: Normaliser, expr: Expr) -> Quotient | None:
        """The normal form, if it needs no sign and no case."""
        try:
            found = normaliser.of(expr)
        except (NeedSign, NeedEqual, NotNormal, NoBranch, BranchesDiffer, OutsideDomain):
            return None
        return None if found[0].is_zero() else found

    def _learn_nonzero(self, normaliser: Normaliser, expr: Expr) -> None:
        found = self._tried(normaliser, expr)
        if found is not None:
            self.strict |= {_signless(normaliser.key(f)) for f, _ in normaliser.factors(found[0])[1]}

    def _equations(self) -> Iterable[Relation]:
        """Stated equations, and those of quantities that add up to one, over every range in the claim."""
        yield from self.domain.equations
        if not self.domain.simplex:
            return
        ranges = {(n.lower, n.upper) for e in (self.left, self.right) for n in walk(e) if isinstance(n, Sum)}
        for base in sorted(self.domain.simplex):
            for lower, upper in {*ranges, (None, None)}:
                total = Sum(Indexed(base, (Symbol("#k"),)), "#k", lower, upper)
                yield Relation(total, Op.EQ, ONE)

    def _learn_positive(self, normaliser: Normaliser, quotient: Quotient) -> None:
        """num/den > 0: a sign if there is one factor of odd power, else only what is certain."""
        unknown: list[PolyKey] = []
        sign = 1
        for poly in quotient:
            content, factors = normaliser.factors(poly)
            sign = sign if content > 0 else -sign
            for factor, power in factors:
                if power % 2 == 0:
                    continue
                key = normaliser.key(factor)
                if key[0][1] < 0:
                    key, sign = _signless(key), -sign
                known = self.stated.get(key)
                if known is not None:
                    sign *= known
                elif not normaliser.manifestly_positive(key):
                    unknown.append(key)
        if len(unknown) == 1:
            self.stated[unknown[0]] = sign

    def _assume(self, normaliser: Normaliser, equation: Relation) -> None:
        """Use ``S = value`` for a generator S that stands alone with coefficient 1 or -1, sums first."""
        found = self._tried(normaliser, Add((equation.left, Neg(equation.right))))
        if found is None:
            return
        num, den = found
        if not den.is_constant():
            return
        key = normaliser.key(num)
        table = self.facts.generators
        linear = [
            (monomial[0][0], coefficient)
            for monomial, coefficient in key
            if len(monomial) == 1 and monomial[0][1] == 1 and abs(coefficient) == 1
        ]
        linear.sort(key=lambda item: table.keys[item[0]][0] != "sum")
        for gid, coefficient in linear:
            rest = tuple((m, -c * coefficient) for m, c in key if m != ((gid, 1),))
            alone = all(g != gid and g not in self.facts.assumed for m, _ in rest for g, _ in m)
            if alone and gid not in self.facts.assumed:
                self.facts.assumed[gid] = rest
                return

    def _empty(self, region: Region) -> bool:
        constraints = Constraints()
        signs = Normaliser(self.facts, region, self.clock)
        monomials: set[Monomial] = set()
        for key, sign in region.signs.items():
            constraints.add(key, sign)
            monomials.update(m for m, _ in key if m)
        for monomial in monomials:
            if signs.manifestly_positive(((monomial, 1),)):
                constraints.add(((monomial, 1),), 1)
        for gid in {g for m in monomials for g, _ in m}:
            # exp(u) > 1 exactly where u > 0
            sign = signs.exponent_sign(gid)
            if sign is not None:
                constraints.add((((), -1), (((gid, 1),), 1)), sign)
        return constraints.empty()


def _at_values(
    left: Expr, right: Expr, known: Mapping[Any, tuple[Fraction, ...]]
) -> Iterator[tuple[Expr, Expr]]:
    """The claim with every combination of values put in."""
    for values in product(*known.values()):
        chosen = dict(zip(known, map(Number, values), strict=True))
        yield substitute(left, chosen), substitute(right, chosen)


def _signless(key: PolyKey) -> PolyKey:
    """The key of a polynomial or of its negative, whichever has a positive first coefficient."""
    return key if key[0][1] > 0 else tuple((m, -c) for m, c in key)


def proved_termwise(left: Expr, right: Expr, domain: Domain, clock: Clock, depth: int = 0) -> bool:
    """Sums over the same range are equal if their terms are, case by case of the term.

    This reaches what the generator form of a sum cannot: terms whose signs matter, or that need a
    common denominator.
    """
    if not (_has_sum(left) or _has_sum(right)):
        return False
    index = Symbol(f"#t{depth}")
    rest, groups = _linear_sums(Add((left, Neg(right))), index)
    if not groups:
        return False
    inner = replace(domain, integers=domain.integers | {index.name})
    for bodies in groups.values():
        body = bodies[0] if len(bodies) == 1 else Add(tuple(bodies))
        if not (
            Proof(body, ZERO, inner, clock).holds() or proved_termwise(body, ZERO, inner, clock, depth + 1)
        ):
            return False
    if not rest:
        return True
    return Proof(Add(tuple(rest)), ZERO, domain, clock).holds()


_Range = tuple[Expr | None, Expr | None]


def _linear_sums(expr: Expr, running: Symbol) -> tuple[list[Expr], dict[_Range, list[Expr]]]:
    """Terms that are not sums over an index, and by range the bodies of those that are, over ``running``."""
    rest: list[Expr] = []
    groups: dict[_Range, list[Expr]] = {}

    def visit(node: Expr, factors: tuple[Expr, ...], sign: int) -> None:
        match node:
            case Add(terms):
                for term in terms:
                    visit(term, factors, sign)
            case Neg(arg):
                visit(arg, factors, -sign)
            case Mul(parts):
                carrier = next((k for k, p in enumerate(parts) if _has_sum(p)), None)
                if carrier is None or any(_has_sum(p) for k, p in enumerate(parts) if k != carrier):
                    rest.append(_signed(_product((*factors, node)), sign))
                else:
                    others = (*parts[:carrier], *parts[carrier + 1 :])
                    visit(parts[carrier], (*factors, *others), sign)
            case Div(num, den) if not _has_sum(den):
                visit(num, (*factors, Div(ONE, den)), sign)
            case Sum(body, index, lower, upper, None):
                body = substitute(body, {Symbol(index): running})
                groups.setdefault((lower, upper), []).append(_signed(_product((*factors, body)), sign))
            case _:
                rest.append(_signed(_product((*factors, node)), sign))

    visit(expr, (), 1)
    return rest, groups


def _has_sum(expr: Expr) -> bool:
    return Sum in kinds(expr)


def _product(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(factors)


def _signed(expr: Expr, sign: int) -> Expr:
    return expr if sign > 0 else Neg(expr)
