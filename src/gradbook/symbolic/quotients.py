"""Quotients of polynomials over generators: arithmetic, and reduction by the relations of generators.

The numbers of a normal form. Polynomials are those of FLINT, over as many variables as generators were
met; everything that is kept beyond one pass is a key (see :mod:`gradbook.symbolic.generators`), which
does not know in which variable a generator stands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from math import gcd
from typing import Any

from flint import Ordering, fmpz, fmpz_mpoly, fmpz_mpoly_ctx

from gradbook.symbolic.bounds import MAX_BITS, MAX_EXPONENT, MAX_TERMS, BoundHit, Clock
from gradbook.symbolic.expr import Expr
from gradbook.symbolic.generators import FractionKey, Monomial, PolyKey
from gradbook.symbolic.regions import Facts, OutsideDomain, Region, Restart

#: Numerator and denominator; the denominator is never zero.
Quotient = tuple[fmpz_mpoly, fmpz_mpoly]

_CONTEXTS: dict[int, tuple[fmpz_mpoly_ctx, tuple[fmpz_mpoly, ...]]] = {}


def _context(width: int) -> tuple[fmpz_mpoly_ctx, tuple[fmpz_mpoly, ...]]:
    found = _CONTEXTS.get(width)
    if found is None:
        context = fmpz_mpoly_ctx.get([f"g{k}" for k in range(width)], Ordering.lex)
        found = _CONTEXTS[width] = (context, tuple(context.gens()))
    return found


class Quotients(ABC):
    """Arithmetic of quotients under the facts of a decision, in one region."""

    def __init__(self, facts: Facts, region: Region, clock: Clock) -> None:
        self.facts = facts
        self.region = region
        self.clock = clock
        self.table = facts.generators
        self.context, self.gens = _context(facts.width)
        self.one: fmpz_mpoly = self.context.constant(1)
        self.zero: fmpz_mpoly = self.context.constant(0)
        self.slots: dict[int, int] = {}
        self.ids: list[int] = []
        #: slot -> (power q, replacement of generator**q as coefficients of 1, generator, …)
        self.relations: dict[int, tuple[int, tuple[fmpz_mpoly, ...]]] = {}
        self.memo: dict[Expr, Quotient] = {}
        self.fresh = 0

    # --- what generators are subject to ---------------------------------------------------------

    @abstractmethod
    def _settled(self, key: tuple[Any, ...]) -> fmpz_mpoly | None:
        """The value of a generator that is known here, as that of an indicator."""

    @abstractmethod
    def _relation(self, gid: int, key: tuple[Any, ...]) -> tuple[int, tuple[fmpz_mpoly, ...]] | None:
        """The power of a generator that can be rewritten, and its replacement, if there is one."""

    # --- generators and keys --------------------------------------------------------------------

    def generator(self, key: tuple[Any, ...]) -> fmpz_mpoly:
        """The polynomial that is one generator."""
        return self._of_id(self.table.intern(key))

    def _of_id(self, gid: int) -> fmpz_mpoly:
        key = self.table.keys[gid]
        if key[0] == "int":
            return self.context.constant(key[1])
        slot = self.slots.get(gid)
        if slot is None:
            settled = self._settled(key)
            if settled is not None:
                return settled
            slot = len(self.ids)
            if slot >= self.facts.width:
                if self.facts.width >= 1024:
                    raise BoundHit("the number of distinct quantities in a line")
                self.facts.width *= 2
                raise Restart
            self.slots[gid] = slot
            self.ids.append(gid)
            relation = self._relation(gid, key)
            if relation is not None:
                self.relations[slot] = relation
        return self.gens[slot]

    def key(self, poly: fmpz_mpoly) -> PolyKey:
        """The context-free key of a polynomial."""
        ids = self.ids
        terms: list[tuple[Monomial, int]] = []
        for powers, coefficient in poly.terms():
            monomial = tuple(sorted((ids[s], int(p)) for s, p in enumerate(powers) if p))
            terms.append((monomial, int(coefficient)))
        terms.sort()
        return tuple(terms)

    def from_key(self, key: PolyKey) -> fmpz_mpoly:
        """The polynomial with a key."""
        total = self.zero
        for monomial, coefficient in key:
            total = total + self._of_monomial(monomial) * coefficient
        return total

    def _of_monomial(self, monomial: Monomial) -> fmpz_mpoly:
        product = self.one
        for gid, power in monomial:
            product = product * self._of_id(gid) ** power
        return product

    def fraction_key(self, quotient: Quotient) -> FractionKey:
        """The key of a quotient in lowest terms with a canonical sign."""
        num, den = self.lowest(quotient)
        num_key, den_key = self.key(num), self.key(den)
        if den_key[0][1] < 0:
            num_key = tuple((m, -c) for m, c in num_key)
            den_key = tuple((m, -c) for m, c in den_key)
        return num_key, den_key

    # --- arithmetic -----------------------------------------------------------------------------

    def constant(self, value: Fraction | int) -> Quotient:
        """A number as a quotient."""
        return self.context.constant(value.numerator), self.context.constant(value.denominator)

    @staticmethod
    def negated(quotient: Quotient) -> Quotient:
        """-quotient."""
        return -quotient[0], quotient[1]

    @staticmethod
    def _times_int(quotient: Quotient, n: int) -> Quotient:
        return quotient[0] * n, quotient[1]

    def add(self, a: Quotient, b: Quotient) -> Quotient:
        """The sum of two quotients, over the least common denominator."""
        (n1, d1), (n2, d2) = a, b
        if n1.is_zero():
            return b
        if n2.is_zero():
            return a
        if d1 == d2:
            return self.lowest((n1 + n2, d1)) if len(d1) > 1 else (n1 + n2, d1)
        common = d1.gcd(d2)
        if common.is_one():
            return self._times(n1, d2) + self._times(n2, d1), self._times(d1, d2)
        r1, r2 = d1 // common, d2 // common
        return self.lowest((self._times(n1, r2) + self._times(n2, r1), self._times(d1, r2)))

    def _total(self, parts: Iterable[Quotient]) -> Quotient:
        """A sum of many quotients: those over one denominator first, so that it stays small."""
        groups: list[Quotient] = []
        for num, den in parts:
            for k, (n, d) in enumerate(groups):
                if d == den:
                    groups[k] = (n + num, d)
                    break
            else:
                groups.append((num, den))
        total = groups[0]
        for group in groups[1:]:
            self.clock.check()
            total = self.add(total, group)
        return self.lowest(total)

    def mul(self, a: Quotient, b: Quotient) -> Quotient:
        """The product of two quotients."""
        (n1, d1), (n2, d2) = a, b
        if d1.is_one() and d2.is_one():
            return self._times(n1, n2), d1
        n1, d2 = self.lowest((n1, d2))
        n2, d1 = self.lowest((n2, d1))
        return self._times(n1, n2), self._nonzero(self._times(d1, d2))

    def inverse(self, a: Quotient) -> Quotient:
        """The reciprocal of a quotient."""
        return a[1], self._nonzero(a[0])

    def _nonzero(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        if poly.is_zero():
            raise OutsideDomain("division by zero")
        return poly

    def lowest(self, quotient: Quotient) -> Quotient:
        """The quotient with common factors cancelled."""
        num, den = quotient
        if den.is_one() or num.is_one():
            return quotient
        if num.is_zero():
            return num, self.one
        if len(num) * len(den) > MAX_TERMS:
            return quotient
        common = num.gcd(den)
        if common.is_one():
            return quotient
        return num // common, den // common

    def _times(self, a: fmpz_mpoly, b: fmpz_mpoly) -> fmpz_mpoly:
        if len(a) * len(b) > MAX_TERMS:
            self.clock.check()
            raise BoundHit("the size of an expanded expression")
        product = a * b
        return self.reduce(product) if self.relations else product

    def whole_power(self, a: Quotient, n: int) -> Quotient:
        """An integer power of a quotient."""
        if n < 0:
            a, n = self.inverse(a), -n
        if n > MAX_EXPONENT and not (a[0].is_one() and a[1].is_one()):
            raise BoundHit("the size of an exponent")
        return self._poly_power(a[0], n), self._poly_power(a[1], n)

    def _poly_power(self, poly: fmpz_mpoly, n: int) -> fmpz_mpoly:
        if poly.is_one() or n == 1:
            return poly
        terms = len(poly)
        bits = max((int(c).bit_length() for c in poly.coeffs()), default=0)
        if bits * n > MAX_BITS:
            raise BoundHit("the size of a power of numbers")
        # (terms + n - 1 choose n) products, counted from the shorter side
        short, long = sorted((n, terms - 1))
        expected = 1
        for k in range(1, short + 1):
            expected = expected * (long + k) // k
            if expected > MAX_TERMS:
                raise BoundHit("the size of an expanded power")
        power = poly**n
        return self.reduce(power) if self.relations else power

    def factors(self, poly: fmpz_mpoly) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
        """Content and irreducible factors."""
        if len(poly) > 2_000:
            raise BoundHit("the size of a polynomial to be factored")
        if len(poly) == 1:
            powers, coefficient = next(iter(poly.terms()))
            return int(coefficient), [(self.gens[s], int(p)) for s, p in enumerate(powers) if p]
        if poly.total_degree() == 1:
            content = gcd(*map(int, poly.coeffs()))
            content = content if poly.leading_coefficient() > 0 else -content
            return content, [(poly // content, 1)]
        content, factors = poly.factor()
        return int(content), [(f, int(e)) for f, e in factors]

    @staticmethod
    def _rational(quotient: Quotient) -> Fraction:
        num, den = quotient
        top = int(num.leading_coefficient()) if not num.is_zero() else 0
        return Fraction(top, int(den.leading_coefficient()))

    # --- reduction ------------------------------------------------------------------------------

    def reduce(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        """Rewrite powers of generators that have a relation (roots, sine, indicators, …)."""
        for _ in range(200):
            degrees = poly.degrees()
            slot = next(
                (
                    s
                    for s in reversed(range(len(self.ids)))
                    if s in self.relations and degrees[s] >= self.relations[s][0]
                ),
                None,
            )
            if slot is None:
                return poly
            poly = self._rewrite(poly, slot)
        raise BoundHit("the number of reductions")

    def _rewrite(self, poly: fmpz_mpoly, slot: int) -> fmpz_mpoly:
        power, replacement = self.relations[slot]
        generator = self.gens[slot]
        parts: dict[int, dict[tuple[int, ...], int | fmpz]] = {}
        for powers, coefficient in poly.terms():
            degree = int(powers[slot])
            rest = (*powers[:slot], 0, *powers[slot + 1 :])
            parts.setdefault(degree, {})[rest] = coefficient
        total = self.zero
        for degree, terms in parts.items():
            part = self.context.from_dict(terms)
            whole, left = divmod(degree, power) if len(replacement) == 1 else (max(degree - power + 1, 0), 0)
            if len(replacement) == 1:
                total = total + part * replacement[0] ** whole * generator**left
            elif degree < power:
                total = total + part * generator**degree
            else:
                # g**2 = a + b g, one step at a time.
                lower = part * generator ** (degree - power)
                total = total + lower * (replacement[0] + replacement[1] * generator)
        return total

    # --- comparing ------------------------------------------------------------------------------

    def equal(self, a: Quotient, b: Quotient) -> bool:
        """Whether two quotients are the same in all generators: a proof of equality in the region."""
        return self.difference(a, b).is_zero()

    def difference(self, a: Quotient, b: Quotient) -> fmpz_mpoly:
        """The numerator of a - b."""
        (n1, d1), (n2, d2) = a, b
        if d1 == d2:
            return self.reduce(n1 - n2)
        return self.reduce(self._times(n1, d2) - self._times(n2, d1))
