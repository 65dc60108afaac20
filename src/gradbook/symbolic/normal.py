"""The exact normal form: a tree as a quotient of two polynomials over generators.

Every rewriting here is an identity on the domain of the tree (in one region, where the signs that
matter are fixed), so two trees whose cross-multiplied difference is the zero polynomial are equal
there: that is what PROVED rests on. The converse does not hold, since generators may hide relations.

Conventions of a region: ``signs`` fixes the sign of irreducible polynomials. When a sign is needed
that is not fixed, :class:`NeedSign` asks the caller to split. Inside a sum, where a sign may vary
with the index, an indicator generator stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations
from math import lcm
from typing import Any

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx  # type: ignore[import-untyped]

from gradbook.symbolic.bounds import MAX_BITS, MAX_EXPONENT, MAX_RANGE, MAX_TERMS, BoundHit, Clock
from gradbook.symbolic.expr import (
    Add,
    All,
    AnyOf,
    Apply,
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
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
    substitute,
)
from gradbook.symbolic.generators import ONE_KEY, FractionKey, Generators, Monomial, PolyKey

#: Numerator and denominator; the denominator is never zero.
Quotient = tuple[fmpz_mpoly, fmpz_mpoly]


class NeedSign(Exception):
    """The sign of an irreducible polynomial is needed; ``factor`` is its key."""

    def __init__(self, factor: PolyKey) -> None:
        super().__init__("a sign is needed")
        self.factor = factor


class NeedEqual(Exception):
    """Whether two free indices are the same is needed."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__("are two indices equal?")
        self.left = left
        self.right = right


class OutsideDomain(Exception):
    """The tree has no value anywhere in the region."""


class NoBranch(Exception):
    """No branch of a case distinction holds in the region."""


class BranchesDiffer(Exception):
    """Two branches hold in the region and have different normal forms."""


class NotNormal(Exception):
    """The tree holds something that has no normal form; the message names it."""


class _Restart(Exception):
    """A finer root or exponential is needed, or more generators; start again."""


@dataclass
class Facts:
    """What holds throughout one decision, and what was learnt while normalising."""

    generators: Generators = field(default_factory=Generators)
    #: Symbols (and components, by base name) known to be positive.
    positive: frozenset[str] = frozenset()
    #: Symbols known to be integers.
    integers: frozenset[str] = frozenset()
    #: Components (by base name) that take one of two values, such as labels in {-1, 1}.
    two_valued: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict[str, tuple[Fraction, Fraction]])
    #: Generators that an assumption of the document equates with a polynomial (``\\sum_k y_k = 1``).
    assumed: dict[int, PolyKey] = field(default_factory=dict[int, PolyKey])
    #: The generator of a place (monomial, denominator) is exp of this multiple of it.
    exp_units: dict[tuple[Monomial, PolyKey], Fraction] = field(default_factory=dict[tuple[Monomial, PolyKey], Fraction])
    root_parts: dict[PolyKey, int] = field(default_factory=dict[PolyKey, int])
    #: The same for sine and cosine.
    trig_units: dict[tuple[Monomial, PolyKey], Fraction] = field(default_factory=dict[tuple[Monomial, PolyKey], Fraction])
    width: int = 16


@dataclass(frozen=True)
class Region:
    """A cell of the domain: signs of polynomials, and pairs of indices that differ."""

    signs: dict[PolyKey, int] = field(default_factory=dict[PolyKey, int])
    unequal: frozenset[frozenset[str]] = frozenset()

    def with_sign(self, factor: PolyKey, sign: int) -> Region:
        """The part of the region where a polynomial has a sign."""
        return Region({**self.signs, factor: sign}, self.unequal)


_ORDER: Any = Ordering.lex
_CONTEXTS: dict[int, tuple[fmpz_mpoly_ctx, tuple[fmpz_mpoly, ...]]] = {}


def _context(width: int) -> tuple[fmpz_mpoly_ctx, tuple[fmpz_mpoly, ...]]:
    found = _CONTEXTS.get(width)
    if found is None:
        context = fmpz_mpoly_ctx.get([f"g{k}" for k in range(width)], _ORDER)
        found = _CONTEXTS[width] = (context, tuple(context.gens()))
    return found


def restarting(facts: Facts, region: Region, clock: Clock, work: Callable[[Normaliser], Any]) -> Any:
    """Run ``work`` on a fresh normaliser, again when finer generators turn out to be needed."""
    for _ in range(40):
        try:
            return work(Normaliser(facts, region, clock))
        except _Restart:
            clock.check()
    raise BoundHit("the number of refinements of roots and exponentials")


class Normaliser:
    """Normal forms over one set of generators in one region."""

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

    # --- generators and keys --------------------------------------------------------------------

    def generator(self, key: tuple[Any, ...]) -> fmpz_mpoly:
        """The polynomial that is one generator."""
        return self._of_id(self.table.intern(key))

    def _of_id(self, gid: int) -> fmpz_mpoly:
        key = self.table.keys[gid]
        if key[0] == "int":
            return self.context.constant(key[1])
        settled = self._settled(key)
        if settled is not None:
            return settled
        slot = self.slots.get(gid)
        if slot is None:
            slot = len(self.ids)
            if slot >= self.facts.width:
                if self.facts.width >= 1024:
                    raise BoundHit("the number of distinct quantities in a line")
                self.facts.width *= 2
                raise _Restart
            self.slots[gid] = slot
            self.ids.append(gid)
            relation = self._relation(gid, key)
            if relation is not None:
                self.relations[slot] = relation
        return self.gens[slot]

    def _settled(self, key: tuple[Any, ...]) -> fmpz_mpoly | None:
        """The value of an indicator or delta that no bound index is left in, as after a contraction."""
        match key:
            case ("pos", factor) if not self.table.poly_depends(factor):
                sign = self._factor_sign(self.from_key(factor))
                return self.one if sign.is_one() else self.zero
            case ("delta", left, right) if not (self.table.depends(left) | self.table.depends(right)):
                if left == right:
                    return self.one
                a, b = self.table.keys[left], self.table.keys[right]
                if a[0] == b[0] == "int":
                    return self.zero
                if a[0] == b[0] == "sym":
                    return self._unequal(a[1].name, b[1].name)
                return None
            case _:
                return None

    def _unequal(self, left: str, right: str) -> fmpz_mpoly:
        """Kronecker's delta of two free indices: 0 where they are known to differ."""
        if frozenset((left, right)) in self.region.unequal:
            return self.zero
        raise NeedEqual(left, right)

    def _relation(self, gid: int, key: tuple[Any, ...]) -> tuple[int, tuple[fmpz_mpoly, ...]] | None:
        """The power of a generator that can be rewritten, if there is one."""
        assumed = self.facts.assumed.get(gid)
        if assumed is not None:
            return 1, (self.from_key(assumed),)
        match key:
            case ("root", factor):
                # R = |f|**(1/q), so R**q = |f| = sign(f) f.
                poly = self.from_key(factor)
                return self.facts.root_parts[factor], (self._absolute(poly),)
            case ("trig", "sin", monomial, den):
                cosine = self.generator(("trig", "cos", monomial, den))
                return 2, (self.one - cosine * cosine,)
            case ("pos", _) | ("delta", _, _):
                return 2, (self.zero, self.one)
            case ("parity", _):
                return 2, (self.one,)
            case ("comp", base, _) if base in self.facts.two_valued:
                return self._two_valued(base)
            case ("sym", Symbol(name)) if name in self.facts.two_valued:
                return self._two_valued(name)
            case _:
                return None

    def _two_valued(self, name: str) -> tuple[int, tuple[fmpz_mpoly, ...]] | None:
        a, b = self.facts.two_valued[name]
        total, product = a + b, a * b
        if total.denominator != 1 or product.denominator != 1:
            return None
        return 2, (self.context.constant(-int(product)), self.context.constant(int(total)))

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

    # --- arithmetic of quotients ----------------------------------------------------------------

    def _times(self, a: fmpz_mpoly, b: fmpz_mpoly) -> fmpz_mpoly:
        if len(a) * len(b) > MAX_TERMS:
            self.clock.check()
            raise BoundHit("the size of an expanded expression")
        product = a * b
        return self.reduce(product) if self.relations else product

    def lowest(self, quotient: Quotient) -> Quotient:
        """The quotient with common factors cancelled."""
        num, den = quotient
        if den.is_one():
            return quotient
        if num.is_zero():
            return num, self.one
        if len(num) * len(den) > MAX_TERMS:
            return quotient
        common = num.gcd(den)
        if common.is_one():
            return quotient
        return num // common, den // common

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

    def constant(self, value: Fraction | int) -> Quotient:
        """A number as a quotient."""
        exact = Fraction(value)
        return self.context.constant(exact.numerator), self.context.constant(exact.denominator)

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
        expected = 1
        for k in range(1, min(n, terms)):
            expected = expected * (n + k) // k
            if expected > MAX_TERMS:
                raise BoundHit("the size of an expanded power")
        power = poly**n
        return self.reduce(power) if self.relations else power

    def reduce(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        """Rewrite powers of generators that have a relation (roots, sine, indicators, …)."""
        for _ in range(200):
            degrees = poly.degrees()
            slot = next(
                (s for s in reversed(range(len(self.ids))) if s in self.relations and degrees[s] >= self.relations[s][0]),
                None,
            )
            if slot is None:
                return poly
            poly = self._rewrite(poly, slot)
        raise BoundHit("the number of reductions")

    def _rewrite(self, poly: fmpz_mpoly, slot: int) -> fmpz_mpoly:
        power, replacement = self.relations[slot]
        generator = self.gens[slot]
        parts: dict[int, dict[tuple[int, ...], int]] = {}
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

    # --- signs ----------------------------------------------------------------------------------

    def factors(self, poly: fmpz_mpoly) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
        """Content and irreducible factors."""
        if len(poly) > 2_000:
            raise BoundHit("the size of a polynomial to be factored")
        if len(poly) == 1:
            powers, coefficient = next(iter(poly.terms()))
            return int(coefficient), [(self.gens[s], int(p)) for s, p in enumerate(powers) if p]
        content, factors = poly.factor()
        return int(content), [(f, int(e)) for f, e in factors]

    def _sign(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        """The sign of a polynomial as 1, -1 or an expression in indicators (1 or -1 almost everywhere)."""
        if poly.is_zero():
            return self.zero
        content, factors = self.factors(poly)
        sign = self.one if content > 0 else -self.one
        for factor, power in factors:
            if power % 2:
                sign = self._times(sign, self._factor_sign(factor))
        return sign

    def _factor_sign(self, factor: fmpz_mpoly) -> fmpz_mpoly:
        key = self.key(factor)
        flip = key[0][1] < 0
        if flip:
            key = tuple((m, -c) for m, c in key)
        known = self.region.signs.get(key)
        if known is None and self.manifestly_positive(key):
            known = 1
        if known is None and self.manifestly_positive(tuple((m, -c) for m, c in key)):
            known = -1
        if known is None:
            if not self.table.poly_depends(key):
                raise NeedSign(key)
            indicator = self.generator(("pos", key))
            sign = indicator * 2 - self.one
            return -sign if flip else sign
        return self.one if (known > 0) != flip else -self.one

    def manifestly_positive(self, key: PolyKey) -> bool:
        """Every term is positive: positive coefficients on squares and positive generators."""
        return all(c > 0 and all(p % 2 == 0 or self._positive(gid) for gid, p in m) for m, c in key)

    def _positive(self, gid: int) -> bool:
        key = self.table.keys[gid]
        match key:
            case ("exp" | "root" | "size", *_):
                return True
            case ("sym", Symbol(name)) | ("comp", name, _):
                return name in self.facts.positive
            case ("sym", Constant()):
                return True
            case ("sum", _, monomial, den):
                return self.manifestly_positive(((monomial, 1),)) and self.manifestly_positive(den)
            case ("pos" | "delta", *_):
                return True
            case ("int", n):
                return n > 0
            case ("prod", _, factor):
                return self.manifestly_positive(factor)
            case _:
                known = self.region.signs.get(((((gid, 1),), 1),))
                return known == 1

    def exponent_sign(self, gid: int) -> int | None:
        """The sign of what stands in the exponent of an exponential generator, if the region fixes it."""
        key = self.table.keys[gid]
        if key[0] != "exp":
            return None
        sign = 1
        for part, power in (*key[1], *(item for m, _ in key[2] for item in m if len(key[2]) == 1)):
            if power % 2 == 0 or self._positive(part):
                continue
            known = self.region.signs.get(((((part, 1),), 1),))
            if known is None:
                return None
            sign *= known
        if len(key[2]) != 1:
            return None
        return sign

    def _absolute(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        return self._times(self._sign(poly), poly)

    # --- trees ----------------------------------------------------------------------------------

    def of(self, expr: Expr) -> Quotient:
        """The normal form of a scalar tree."""
        done = self.memo.get(expr)
        if done is None:
            self.clock.check()
            done = self.memo[expr] = self._normal(expr)
        return done

    def _normal(self, expr: Expr) -> Quotient:
        match expr:
            case Number(value):
                return self.constant(value)
            case Symbol():
                return self.generator(("sym", expr)), self.one
            case Constant(name):
                return self.exponential(self.constant(1)) if name == "e" else (self.generator(("sym", expr)), self.one)
            case Indexed(base, indices):
                return self.generator(("comp", base, tuple(self._index(i) for i in indices))), self.one
            case Add(terms):
                return self._total(self.of(t) for t in terms)
            case Neg(arg):
                num, den = self.of(arg)
                return -num, den
            case Mul(factors):
                product = self.of(factors[0])
                for factor in factors[1:]:
                    product = self.mul(product, self.of(factor))
                return product
            case Div(num, den):
                return self.mul(self.of(num), self.inverse(self.of(den)))
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Func(name, args):
                return self._function(name, args)
            case Apply(name, args, orders):
                keys = tuple(self.fraction_key(self.of(a)) for a in args)
                return self.generator(("app", name, orders or (0,) * len(args), keys)), self.one
            case Cases(branches):
                return self._cases(branches)
            case Delta(left, right):
                return self._delta(left, right), self.one
            case Sum():
                return self._sum(expr)
            case Product():
                return self._indexed_product(expr)
            case _:
                raise NotNormal(f"{type(expr).__name__} has no normal form")

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

    # --- powers, roots, exponentials ------------------------------------------------------------

    def _power(self, base: Expr, exponent: Expr) -> Quotient:
        if isinstance(base, Constant) and base.name == "e":
            return self.exponential(self.of(exponent))
        power = self.of(exponent)
        if power[0].is_constant() and power[1].is_constant():
            value = self._rational(power)
            if value.denominator == 1:
                if isinstance(base, Number):
                    self._check_number_power(base.value, value.numerator)
                return self.whole_power(self.of(base), value.numerator)
            return self.root(self.of(base), value)
        return self._general_power(self.of(base), power)

    @staticmethod
    def _check_number_power(base: Fraction, n: int) -> None:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits > 1 and bits * abs(n) > MAX_BITS:
            raise BoundHit("the size of a power of numbers")

    @staticmethod
    def _rational(quotient: Quotient) -> Fraction:
        num, den = quotient
        top = int(num.leading_coefficient()) if not num.is_zero() else 0
        return Fraction(top, int(den.leading_coefficient()))

    def root(self, base: Quotient, power: Fraction) -> Quotient:
        """base**power for a fractional power: each irreducible factor |f| gets it.

        An even root needs a base that is not negative, which is then the domain; an odd root
        carries the sign out.
        """
        if base[0].is_zero():
            return self.constant(0)
        result: Quotient = (self.one, self.one)
        sign = self.quotient_sign(base)
        if power.denominator % 2 == 0:
            if (sign + self.one).is_zero():
                raise OutsideDomain("an even root of a negative number")
            sign = self.one
        elif power.numerator % 2 == 0:
            sign = self.one
        for poly, direction in ((base[0], 1), (base[1], -1)):
            content, factors = self.factors(poly)
            for prime, count in _prime_powers(abs(content)):
                result = self.mul(result, self._factor_power(self.context.constant(prime), power * count * direction))
            for factor, count in factors:
                result = self.mul(result, self._factor_power(factor, power * count * direction))
        return self.mul(result, (sign, self.one))

    def _factor_power(self, factor: fmpz_mpoly, power: Fraction) -> Quotient:
        """|f|**power for an irreducible f (or a prime)."""
        if power == 0:
            return self.one, self.one
        key = self.key(factor)
        if len(key) == 1 and len(key[0][0]) == 1 and key[0][0][0][1] == 1 and key[0][1] == 1:
            known = self.table.keys[key[0][0][0][0]]
            if known[0] == "exp":
                if power.denominator != 1:
                    place = (known[1], known[2])
                    self._finer(self.facts.exp_units, place, self.facts.exp_units[place] / power.denominator)
                return self.whole_power((factor, self.one), power.numerator)
            if known[0] == "root":
                return self._nested_root(known[1], factor, power)
        if power.denominator == 1:
            return self.whole_power((self._absolute(factor), self.one), power.numerator)
        if key[0][1] < 0:
            key = tuple((m, -c) for m, c in key)
        parts = self.facts.root_parts.get(key, 1)
        if parts % power.denominator:
            self._refine(self.facts.root_parts, key, lcm(parts, power.denominator))
        scaled = power * parts
        root = self.generator(("root", key))
        whole, left = divmod(scaled.numerator, parts)
        result = self.whole_power((root, self.one), left)
        if whole:
            result = self.mul(result, self.whole_power((self._absolute(factor), self.one), whole))
        return result

    def _nested_root(self, radicand: PolyKey, root: fmpz_mpoly, power: Fraction) -> Quotient:
        """(|f|**(1/q))**power as a power of |f|."""
        parts = self.facts.root_parts[radicand]
        if power.denominator == 1:
            return self.whole_power((root, self.one), power.numerator)
        self._refine(self.facts.root_parts, radicand, parts * power.denominator)
        raise AssertionError  # pragma: no cover - _refine raises

    def _refine(self, table: dict[Any, int], key: Any, parts: int) -> None:
        if parts > 64:
            raise BoundHit("the degree of a root")
        table[key] = parts
        raise _Restart

    def _general_power(self, base: Quotient, power: Quotient) -> Quotient:
        """base**power = exp(power log|base|), with (-1)**power for a negative base and integer power."""
        sign = self._times(self._sign(base[0]), self._sign(base[1]))
        magnitude = self.exponential(self.mul(power, self.logarithm(self.absolute(base))))
        if (sign - self.one).is_zero():
            return magnitude
        parity = self._parity(power)
        if (sign + self.one).is_zero():
            return self.mul((parity, self.one), magnitude)
        raise NotNormal("a power whose base changes its sign inside a sum")

    def _parity(self, power: Quotient) -> fmpz_mpoly:
        """(-1)**power, for a power with integer coefficients in integer symbols."""
        num, den = self.lowest(power)
        if not den.is_one():
            raise OutsideDomain("a negative base with a fractional exponent")
        result = self.one
        for monomial, coefficient in self.key(num):
            if not all(self._is_integer(gid) for gid, _ in monomial):
                raise OutsideDomain("a negative base with a real exponent")
            if coefficient % 2:
                result = -result if not monomial else result * self.generator(("parity", monomial))
        return self.reduce(result)

    def _is_integer(self, gid: int) -> bool:
        match self.table.keys[gid]:
            case ("sym", Symbol(name)):
                return name in self.facts.integers
            case _:
                return False

    def exponential(self, arg: Quotient) -> Quotient:
        """exp of a sum of terms: a product of powers of exp(monomial / q)."""
        num, den = self.lowest(arg)
        result: Quotient = (self.one, self.one)
        for powers, coefficient in num.terms():
            term = self.context.from_dict({tuple(powers): 1})
            part, below = self.lowest((term, den))
            monomial = self.key(part)[0][0]
            content, rest = self._split_content(below)
            factor = Fraction(int(coefficient) * int(part.leading_coefficient()), content)
            result = self.mul(result, self._exp_term(monomial, rest, factor))
        return result

    def _split_content(self, den: fmpz_mpoly) -> tuple[int, PolyKey]:
        """An integer and a primitive polynomial key with positive first coefficient."""
        content = int(den.content()) or 1
        key = self.key(den)
        if key[0][1] < 0:
            content = -content
        return content, tuple((m, c // content) for m, c in key)

    def _exp_term(self, monomial: Monomial, den: PolyKey, factor: Fraction) -> Quotient:
        if den == ONE_KEY and len(monomial) == 1 and monomial[0][1] == 1:
            key = self.table.keys[monomial[0][0]]
            if key[0] == "log":
                # exp(c log|f|) = |f|**c
                return self._factor_power(self.from_key(key[1]), factor)
        place = (monomial, den)
        count = self._count(self.facts.exp_units, place, factor)
        generator = self.generator(("exp", monomial, den))
        return self.whole_power((generator, self.one), count)

    def _count(self, units: dict[tuple[Monomial, PolyKey], Fraction], place: tuple[Monomial, PolyKey], factor: Fraction) -> int:
        """The factor in units of the place; a finer unit is noted, and the work restarted, if it is not whole."""
        unit = units.get(place)
        if unit is None:
            unit = units[place] = abs(factor)
        ratio = factor / unit
        if ratio.denominator != 1:
            self._finer(units, place, unit / ratio.denominator)
        return ratio.numerator

    @staticmethod
    def _finer(units: dict[tuple[Monomial, PolyKey], Fraction], place: tuple[Monomial, PolyKey], unit: Fraction) -> None:
        units[place] = unit
        raise _Restart

    def logarithm(self, arg: Quotient) -> Quotient:
        """log|arg| as a combination of log of irreducible factors; arg > 0 is the domain."""
        total: Quotient = (self.zero, self.one)
        self._reject_negative(arg)
        for poly, direction in ((arg[0], 1), (arg[1], -1)):
            content, factors = self.factors(poly)
            for prime, count in _prime_powers(abs(content)):
                log = self.generator(("log", self.key(self.context.constant(prime))))
                total = self.add(total, (log * (count * direction), self.one))
            for factor, count in factors:
                total = self.add(total, self._times_int(self._factor_log(factor), count * direction))
        return total

    def _reject_negative(self, arg: Quotient) -> None:
        """A logarithm of what is known to be negative (or zero) in this region has no value in it."""
        if arg[0].is_zero():
            raise OutsideDomain("the logarithm of zero")
        try:
            sign = self.quotient_sign(arg)
        except NeedSign:
            return
        if (sign + self.one).is_zero():
            raise OutsideDomain("the logarithm of a negative number")

    @staticmethod
    def negated(quotient: Quotient) -> Quotient:
        """-quotient."""
        return -quotient[0], quotient[1]

    @staticmethod
    def _times_int(quotient: Quotient, n: int) -> Quotient:
        return quotient[0] * n, quotient[1]

    def _factor_log(self, factor: fmpz_mpoly) -> Quotient:
        key = self.key(factor)
        if key[0][1] < 0:
            key = tuple((m, -c) for m, c in key)
        if len(key) == 1 and key[0][1] == 1 and len(key[0][0]) == 1 and key[0][0][0][1] == 1:
            match self.table.keys[key[0][0][0][0]]:
                case ("exp", monomial, den):
                    unit = self.facts.exp_units[monomial, den]
                    return self._of_monomial(monomial) * unit.numerator, self.from_key(den) * unit.denominator
                case ("root", radicand):
                    num, den = self.logarithm((self.from_key(radicand), self.one))
                    return num, den * self.facts.root_parts[radicand]
                case ("prod", span, inner):
                    # log of a product over an index is the sum of the logs.
                    index, _ = span
                    log_id = self.table.intern(("log", inner))
                    num, den = self._close_sum([(index, span[1])], ((log_id, 1),), ONE_KEY)
                    return num, den
                case _:
                    pass
        return self.generator(("log", key)), self.one

    # --- functions ------------------------------------------------------------------------------

    def _function(self, name: str, args: tuple[Expr, ...]) -> Quotient:
        if name in ("max", "min"):
            return self._extreme(name, args)
        rule = _FUNCTION_RULES.get(name)
        if rule is not None:
            return rule(self, self.of(args[0]))
        if name in _ODD or name in _PLAIN:
            return self.of_opaque(name, self.of(args[0]))
        raise NotNormal(f"{name} has no normal form")

    def of_opaque(self, name: str, arg: Quotient) -> Quotient:
        """A function without rules, its argument with a canonical sign by parity."""
        if arg[0].is_zero() and name in _ODD:
            return self.constant(0)
        num, den = self.fraction_key(arg)
        flip = num[0][1] < 0
        if flip and name in _ODD:
            num = tuple((m, -c) for m, c in num)
        generator = self.generator(("func", name, (num, den)))
        return (-generator if flip and name in _ODD else generator), self.one

    def exponential_ratio(self, arg: Quotient, shape: str) -> Quotient:
        """sigmoid, tanh, sinh, cosh and their reciprocals in exp(arg)."""
        one = (self.one, self.one)
        if shape == "sigmoid":
            e = self.exponential(arg)
            return self.mul(e, self.inverse(self.add(one, e)))
        if shape in ("tanh", "coth"):
            e = self.exponential((arg[0] * 2, arg[1]))
            ratio = self.mul(self.add(e, self.constant(-1)), self.inverse(self.add(e, one)))
            return ratio if shape == "tanh" else self.inverse(ratio)
        e = self.exponential(arg)
        back = self.inverse(e)
        if shape in ("cosh", "sech"):
            half = self.mul(self.constant(Fraction(1, 2)), self.add(e, back))
        else:
            half = self.mul(self.constant(Fraction(1, 2)), self.add(e, (-back[0], back[1])))
        return half if shape in ("sinh", "cosh") else self.inverse(half)

    def trigonometric(self, arg: Quotient) -> tuple[Quotient, Quotient]:
        """(sin, cos) of a sum of terms by the addition theorems."""
        num, den = self.lowest(arg)
        sine, cosine = self.constant(0), self.constant(1)
        for powers, coefficient in num.terms():
            term = self.context.from_dict({tuple(powers): 1})
            part, below = self.lowest((term, den))
            content, rest = self._split_content(below)
            factor = Fraction(int(coefficient) * int(part.leading_coefficient()), content)
            s, c = self._angle(self.key(part)[0][0], rest, factor)
            sine, cosine = (
                self.add(self.mul(sine, c), self.mul(cosine, s)),
                self.add(self.mul(cosine, c), self._times_int(self.mul(sine, s), -1)),
            )
        return sine, cosine

    def _angle(self, monomial: Monomial, den: PolyKey, factor: Fraction) -> tuple[Quotient, Quotient]:
        if den == ONE_KEY and len(monomial) == 1 and self.table.keys[monomial[0][0]] == ("sym", Constant("pi")):
            quarter = factor * 2
            if quarter.denominator == 1 and monomial[0][1] == 1:
                s, c = ((0, 1), (1, 0), (0, -1), (-1, 0))[quarter.numerator % 4]
                return self.constant(s), self.constant(c)
        place = (monomial, den)
        count = self._count(self.facts.trig_units, place, factor)
        if abs(count) > 24:
            raise BoundHit("the multiple of an angle")
        s, c = self.generator(("trig", "sin", *place)), self.generator(("trig", "cos", *place))
        sine, cosine = self.zero, self.one
        for _ in range(abs(count)):
            sine, cosine = self._times(sine, c) + self._times(cosine, s), self._times(cosine, c) - self._times(sine, s)
        return ((sine if count > 0 else -sine), self.one), (cosine, self.one)

    def quotient_sign(self, arg: Quotient) -> fmpz_mpoly:
        """The sign of a quotient."""
        return self._times(self._sign(arg[0]), self._sign(arg[1]))

    def absolute(self, arg: Quotient) -> Quotient:
        """|arg|."""
        return self._times(self.quotient_sign(arg), arg[0]), arg[1]

    def _extreme(self, name: str, args: tuple[Expr, ...]) -> Quotient:
        best = self.of(args[0])
        for arg in args[1:]:
            other = self.of(arg)
            difference = self.add(best, (-other[0], other[1]))
            if difference[0].is_zero():
                continue
            sign = self.quotient_sign(difference)
            if name == "min":
                sign = -sign
            # max(a, b) = (a + b + s (a - b)) / 2 with s the sign of a - b
            swing = self.mul((sign, self.one), difference)
            total = self.add(self.add(best, other), swing)
            best = self.lowest(self.mul(total, self.constant(Fraction(1, 2))))
        return best

    # --- cases ----------------------------------------------------------------------------------

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...]) -> Quotient:
        weights: list[tuple[Expr, fmpz_mpoly]] = []
        left = self.one
        for value, condition in branches:
            if isinstance(condition, Otherwise):
                if not left.is_zero():
                    weights.append((value, left))
                left = self.zero
                break
            truth = self._truth(condition)
            if truth.is_zero():
                continue
            weights.append((value, truth))
            left = self._times(left, self.one - truth)
        certain = [value for value, weight in weights if weight.is_one()]
        if certain:
            if len(certain) < len(weights):
                raise NotNormal("conditions inside a sum that overlap")
            first = self.of(certain[0])
            for value in certain[1:]:
                if not self.equal(first, self.of(value)):
                    raise BranchesDiffer
            return first
        if not weights:
            raise NoBranch
        covered = self.zero
        for _, weight in weights:
            covered = covered + weight
        if not (covered - self.one).is_zero():
            # Indicators of overlapping or incomplete conditions do not add up to one.
            raise NotNormal("conditions inside a sum that do not split the range cleanly")
        total = self.constant(0)
        try:
            for value, weight in weights:
                total = self.add(total, self.mul((weight, self.one), self.of(value)))
        except OutsideDomain as error:
            # The branch may never be taken; that it has no value says nothing about the region.
            raise NotNormal(f"a branch inside a sum: {error}") from error
        return total

    def _truth(self, condition: Condition) -> fmpz_mpoly:
        """1, 0 or an indicator polynomial."""
        match condition:
            case Relation(left, op, right):
                return self._relation_truth(left, op, right)
            case All(parts):
                truth = self.one
                for part in parts:
                    truth = self._times(truth, self._truth(part))
                    if truth.is_zero():
                        break
                return truth
            case AnyOf(parts):
                none = self.one
                for part in parts:
                    none = self._times(none, self.one - self._truth(part))
                return self.one - none
            case Not(part):
                return self.one - self._truth(part)
            case _:
                raise NotNormal("a condition that has no normal form")

    def _relation_truth(self, left: Expr, op: Op, right: Expr) -> fmpz_mpoly:
        if op in (Op.EQ, Op.NE):
            if self._is_index(left) and self._is_index(right):
                truth = self._delta(left, right)
            else:
                difference = self.add(self.of(left), self._times_int(self.of(right), -1))
                # Equality of two different quantities has measure zero.
                truth = self.one if difference[0].is_zero() else self.zero
            return truth if op is Op.EQ else self.one - truth
        difference = self.add(self.of(left), self._times_int(self.of(right), -1))
        if difference[0].is_zero():
            return self.one if op in (Op.LE, Op.GE) else self.zero
        sign = self.quotient_sign(difference)
        if op in (Op.LT, Op.LE):
            sign = -sign
        if (sign - self.one).is_zero():
            return self.one
        if (sign + self.one).is_zero():
            return self.zero
        positive = sign + self.one  # twice the indicator
        return self.context.from_dict({tuple(p): int(c) // 2 for p, c in positive.terms()})

    # --- indices and sums -----------------------------------------------------------------------

    def _is_index(self, expr: Expr) -> bool:
        return isinstance(expr, Symbol) and (
            expr.name in self.facts.integers or self.table.intern(("sym", expr)) in self.table.bound_ids
        )

    def _index(self, expr: Expr) -> int:
        match expr:
            case Symbol():
                return self.table.intern(("sym", expr))
            case Number(value) if value.denominator == 1:
                return self.table.intern(("int", value.numerator))
            case _:
                num, den = self.of(expr)
                if num.is_constant() and den.is_constant() and (value := self._rational((num, den))).denominator == 1:
                    return self.table.intern(("int", value.numerator))
                return self.table.intern(("ix", self.fraction_key((num, den))))

    def _delta(self, left: Expr, right: Expr) -> fmpz_mpoly:
        a, b = self._index(left), self._index(right)
        if a == b:
            return self.one
        keys = self.table.keys
        if keys[a][0] == "int" and keys[b][0] == "int":
            return self.zero
        if not (self.table.depends(a) | self.table.depends(b)):
            if isinstance(left, Symbol) and isinstance(right, Symbol):
                return self._unequal(left.name, right.name)
            for index, other in ((left, right), (right, left)):
                if isinstance(index, Symbol) and isinstance(other, Number) and other.value.denominator == 1:
                    if other.value < 1:
                        return self.zero  # indices count from one
                    if frozenset((index.name, f"#{other.value}")) in self.region.unequal:
                        return self.zero
                    raise NeedEqual(index.name, f"#{other.value}")
            raise NotNormal("a Kronecker delta of two expressions")
        return self.generator(("delta", *sorted((a, b))))

    def _range_key(self, node: Sum | Product) -> tuple[Any, ...]:
        if node.lower is None and node.upper is None:
            return ()
        low = self.fraction_key(self.of(node.lower)) if node.lower is not None else (ONE_KEY, ONE_KEY)
        high = self.fraction_key(self.of(node.upper)) if node.upper is not None else None
        return (low, high)

    def _explicit(self, node: Sum | Product) -> range | None:
        """The values of the index if both bounds are integers."""
        match node.lower, node.upper:
            case Number(low), Number(high) if low.denominator == 1 and high.denominator == 1:
                if high - low >= MAX_RANGE:
                    raise BoundHit(f"a range of more than {MAX_RANGE} values")
                return range(int(low), int(high) + 1)
            case _:
                return None

    def _sum(self, node: Sum) -> Quotient:
        index = Symbol(node.index)
        if node.excluded is not None:
            whole = self._sum(Sum(node.body, node.index, node.lower, node.upper))
            left_out = self.of(substitute(node.body, {index: node.excluded}))
            return self.add(whole, self._times_int(left_out, -1))
        span = self._explicit(node)
        if span is not None:
            parts = [self.of(substitute(node.body, {index: number(k)})) for k in span]
            return self._total(parts) if parts else self.constant(0)
        bound, body = self._open(index, node.body)
        ranges = self._range_key(node)
        num, den = self.lowest(self.of(body))
        inside, outside = self._split_denominator(den, bound)
        total = self.constant(0)
        for monomial, coefficient in self.key(num):
            free = tuple((g, p) for g, p in monomial if bound not in self.table.depends(g))
            held = tuple((g, p) for g, p in monomial if bound in self.table.depends(g))
            part = self._close_sum([(bound, ranges)], held, inside)
            part = self.mul(part, (self._of_monomial(free) * coefficient, self.one))
            total = self.add(total, part)
        return self.mul(total, (self.one, outside))

    def _open(self, index: Symbol, body: Expr) -> tuple[int, Expr]:
        """A fresh bound symbol and the body with it in the place of the index."""
        self.fresh += 1
        symbol = Symbol(f"#{self.fresh}")
        bound = self.table.intern(("sym", symbol))
        self.table.bound_ids.add(bound)
        return bound, substitute(body, {index: symbol})

    def _split_denominator(self, den: fmpz_mpoly, bound: int) -> tuple[PolyKey, fmpz_mpoly]:
        """The factors of a denominator that depend on the index, and the rest."""
        if not self.table.poly_depends(self.key(den)):
            return ONE_KEY, den
        content, factors = self.factors(den)
        inside, outside = self.one, self.context.constant(content)
        for factor, power in factors:
            key = self.key(factor)
            if bound in self.table.poly_depends(key):
                if key[0][1] < 0:
                    factor = -factor
                    outside = outside * (-1) ** power
                inside = inside * factor**power
            else:
                outside = outside * factor**power
        return self.key(inside), outside

    def _close_sum(self, ranges: list[tuple[int, Any]], held: Monomial, den: PolyKey) -> Quotient:
        """Sum of a product of generators over indices: deltas contracted, sums merged, names canonical."""
        table = self.table
        indices = {index for index, _ in ranges}
        # Kronecker's delta takes its index away (the other index is taken to lie in the range).
        for gid, power in held:
            key = table.keys[gid]
            if key[0] == "delta":
                a, b = key[1], key[2]
                hit = a if a in indices else (b if b in indices else None)
                if hit is not None:
                    other = b if hit == a else a
                    rest = tuple((g, p) for g, p in held if g != gid)
                    mapping = {hit: other}
                    left = [(i, r) for i, r in ranges if i != hit]
                    return self._close_sum(
                        left, table.rename_monomial(rest, mapping), table.rename_poly(den, mapping)
                    )
        if not ranges:
            below = self.from_key(den)
            return self.reduce(self._of_monomial(held)), self._nonzero(below)
        # A sum inside the sum joins it.
        for gid, power in held:
            key = table.keys[gid]
            if key[0] == "sum" and key[3] == ONE_KEY and len(ranges) < 4:
                inner, mapping = self._apart(key[1])
                rest = tuple((g, p) for g, p in held if g != gid)
                if power > 1:
                    rest = (*rest, (gid, power - 1))
                merged = self._join(rest, table.rename_monomial(key[2], mapping))
                return self._close_sum([*ranges, *inner], merged, den)
        result: Quotient = (self.one, self.one)
        for part_ranges, part_held, part_den in self._components(ranges, held, den):
            result = self.mul(result, self._canonical_sum(part_ranges, part_held, part_den))
        return result

    def _apart(self, ranges: tuple[tuple[int, Any], ...]) -> tuple[list[tuple[int, Any]], dict[int, int]]:
        mapping: dict[int, int] = {}
        for index, _ in ranges:
            self.fresh += 1
            new = self.table.intern(("sym", Symbol(f"#{self.fresh}")))
            self.table.bound_ids.add(new)
            mapping[index] = new
        return [(mapping[i], r) for i, r in ranges], mapping

    @staticmethod
    def _join(a: Monomial, b: Monomial) -> Monomial:
        powers = dict(a)
        for gid, power in b:
            powers[gid] = powers.get(gid, 0) + power
        return tuple(sorted(powers.items()))

    def _components(
        self, ranges: list[tuple[int, Any]], held: Monomial, den: PolyKey
    ) -> list[tuple[list[tuple[int, Any]], Monomial, PolyKey]]:
        """A multiple sum falls apart into a product of sums over indices that share no generator."""
        if len(ranges) == 1:
            return [(ranges, held, den)]
        table = self.table
        indices = frozenset(i for i, _ in ranges)
        groups: list[frozenset[int]] = [frozenset((i,)) for i in indices]
        links = [table.depends(g) & indices for g, _ in held] + [table.poly_depends(den) & indices]
        for link in links:
            touched = [g for g in groups if g & link]
            if len(touched) > 1:
                groups = [g for g in groups if not g & link] + [frozenset().union(*touched)]
        parts: list[tuple[list[tuple[int, Any]], Monomial, PolyKey]] = []
        loose = tuple((g, p) for g, p in held if not table.depends(g) & indices)
        for group in sorted(groups, key=min):
            own = tuple((g, p) for g, p in held if table.depends(g) & group)
            own_den = den if table.poly_depends(den) & group else ONE_KEY
            parts.append(([(i, r) for i, r in ranges if i in group], own, own_den))
        if loose:
            first = parts[0]
            parts[0] = (first[0], self._join(first[1], loose), first[2])
        return parts

    def _canonical_sum(self, ranges: list[tuple[int, Any]], held: Monomial, den: PolyKey) -> Quotient:
        table = self.table
        indices = frozenset(i for i, _ in ranges)
        free = tuple((g, p) for g, p in held if not table.depends(g) & indices)
        held = tuple((g, p) for g, p in held if table.depends(g) & indices)
        outer = (self._of_monomial(free), self.one)
        if not held and den == ONE_KEY:
            size = self.constant(1)
            for _, span in ranges:
                size = self.mul(size, self._size(span))
            return self.mul(outer, size)
        inside = [g for g, _ in held] + [g for monomial, _ in den for g, _ in monomial]
        level = 1 + max((_nesting(table, g) for g in inside), default=0)
        names = [table.intern(("sym", Symbol(f"#{level}.{k}"))) for k in range(len(ranges))]
        table.bound_ids.update(names)
        orders = permutations(range(len(ranges))) if len(ranges) <= 4 else [tuple(range(len(ranges)))]
        best: tuple[Any, ...] | None = None
        for order in orders:
            mapping = {ranges[k][0]: names[place] for place, k in enumerate(order)}
            spans = tuple((names[place], ranges[k][1]) for place, k in enumerate(order))
            candidate = (spans, table.rename_monomial(held, mapping), table.rename_poly(den, mapping))
            if best is None or repr(candidate) < repr(best):
                best = candidate
        assert best is not None
        return self.mul(outer, (self.generator(("sum", *best)), self.one))

    def _size(self, span: Any) -> Quotient:
        if span == () or span[1] is None:
            return self.generator(("size", span)), self.one
        (low_num, low_den), (high_num, high_den) = span
        low = (self.from_key(low_num), self.from_key(low_den))
        high = (self.from_key(high_num), self.from_key(high_den))
        return self.add(self.add(high, (-low[0], low[1])), self.constant(1))

    def _indexed_product(self, node: Product) -> Quotient:
        index = Symbol(node.index)
        span = self._explicit(node)
        if span is not None:
            product = self.constant(1)
            for k in span:
                product = self.mul(product, self.of(substitute(node.body, {index: number(k)})))
            return product
        bound, body = self._open(index, node.body)
        ranges = self._range_key(node)
        result = self.constant(1)
        for poly, direction in zip(self.lowest(self.of(body)), (1, -1), strict=True):
            content, factors = self.factors(poly)
            parts = [(self.context.constant(content), 1)] if content != 1 else []
            for factor, power in parts + factors:
                piece = self._product_factor(factor, bound, ranges)
                result = self.mul(result, self.whole_power(piece, power * direction))
        return result

    def _product_factor(self, factor: fmpz_mpoly, bound: int, ranges: Any) -> Quotient:
        key = self.key(factor)
        if bound not in self.table.poly_depends(key):
            return self._general_power((factor, self.one), self._size(ranges))
        if len(key) == 1 and key[0][1] == 1 and len(key[0][0]) == 1:
            known = self.table.keys[key[0][0][0][0]]
            if known[0] == "exp" and known[2] == ONE_KEY:
                total = self._close_sum([(bound, ranges)], known[1], ONE_KEY)
                unit = self.facts.exp_units[known[1], known[2]]
                return self.exponential((total[0] * unit.numerator, total[1] * unit.denominator))
        name = self.table.intern(("sym", Symbol("#p")))
        self.table.bound_ids.add(name)
        return self.generator(("prod", (name, ranges), self.table.rename_poly(key, {bound: name}))), self.one

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


def _nesting(table: Generators, gid: int) -> int:
    """The largest level among bound names that a key mentions (``#level.k``)."""
    found = 0
    stack: list[Any] = [table.keys[gid]]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Symbol):
            if item.name.startswith("#") and "." in item.name:
                found = max(found, int(item.name[1:].partition(".")[0]))
        elif isinstance(item, tuple):
            stack.extend(item)  # type: ignore[arg-type]
        elif isinstance(item, int) and 0 <= item < len(table.keys) and item not in seen:
            # Small integers in keys are ids, exponents or coefficients; reading an exponent as an id
            # can only raise the level, which is harmless.
            seen.add(item)
            stack.append(table.keys[item])
    return found


def _prime_powers(n: int) -> list[tuple[int, int]]:
    """The prime factorisation of a positive integer, cheaply; a large rest stays whole.

    >>> _prime_powers(360)
    [(2, 3), (3, 2), (5, 1)]
    """
    result: list[tuple[int, int]] = []
    p = 2
    while p * p <= n and p < 10_000:
        count = 0
        while n % p == 0:
            n //= p
            count += 1
        if count:
            result.append((p, count))
        p += 1 if p == 2 else 2
    if n > 1:
        result.append((n, 1))
    return result


#: Functions with no rules of their own, by parity.
_ODD = frozenset({"erf", "atan", "asin"})
_PLAIN = frozenset({"factorial"})  # no symmetry is used for these


def _sine(n: Normaliser, u: Quotient) -> Quotient:
    return n.trigonometric(u)[0]


def _cosine(n: Normaliser, u: Quotient) -> Quotient:
    return n.trigonometric(u)[1]


def _log1p_exp(n: Normaliser, u: Quotient) -> Quotient:
    return n.logarithm(n.add(n.constant(1), n.exponential(u)))


def _tangent(n: Normaliser, u: Quotient) -> Quotient:
    s, c = n.trigonometric(u)
    return n.mul(s, n.inverse(c))


def _half_log(n: Normaliser, u: Quotient) -> Quotient:
    """atanh u = log((1 + u)/(1 - u)) / 2."""
    one = n.constant(1)
    ratio = n.mul(n.add(one, u), n.inverse(n.add(one, (-u[0], u[1]))))
    return n.mul(n.constant(Fraction(1, 2)), n.logarithm(ratio))


def _area(sign: int) -> Callable[[Normaliser, Quotient], Quotient]:
    """asinh u = log(u + sqrt(u^2 + 1)); acosh u = log(u + sqrt(u^2 - 1))."""

    def rule(n: Normaliser, u: Quotient) -> Quotient:
        root = n.root(n.add(n.mul(u, u), n.constant(sign)), Fraction(1, 2))
        return n.logarithm(n.add(u, root))

    return rule


def _ratio(shape: str) -> Callable[[Normaliser, Quotient], Quotient]:
    return lambda n, u: n.exponential_ratio(u, shape)


_FUNCTION_RULES: dict[str, Callable[[Normaliser, Quotient], Quotient]] = {
    "exp": lambda n, u: n.exponential(u),
    "log": lambda n, u: n.logarithm(u),
    "softplus": _log1p_exp,
    "sin": _sine,
    "cos": _cosine,
    "tan": _tangent,
    "cot": lambda n, u: n.inverse(_tangent(n, u)),
    "sec": lambda n, u: n.inverse(_cosine(n, u)),
    "csc": lambda n, u: n.inverse(_sine(n, u)),
    **{shape: _ratio(shape) for shape in ("sigmoid", "tanh", "coth", "sinh", "cosh", "sech", "csch")},
    "asinh": _area(1),
    "acosh": _area(-1),
    "atanh": _half_log,
    "acos": lambda n, u: n.add(
        (n.generator(("sym", Constant("pi"))), n.constant(2)[0]), n.negated(n.of_opaque("asin", u))
    ),
    "erfc": lambda n, u: n.add(n.constant(1), n.negated(n.of_opaque("erf", u))),
    "abs": lambda n, u: n.absolute(u) if not u[0].is_zero() else u,
    "sign": lambda n, u: (n.quotient_sign(u), n.one),
    "step": lambda n, u: n.mul(n.add((n.quotient_sign(u), n.one), n.constant(1)), n.constant(Fraction(1, 2))),
    "relu": lambda n, u: n.mul(n.add(n.absolute(u), u), n.constant(Fraction(1, 2))) if not u[0].is_zero() else u,
}
