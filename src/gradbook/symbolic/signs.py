"""Signs of polynomials in a region, and the relations of generators that rest on them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from flint import fmpz_mpoly

from gradbook.symbolic.expr import Constant, Number, Symbol, number
from gradbook.symbolic.generators import ONE_KEY, Monomial, PolyKey
from gradbook.symbolic.quotients import Quotient, Quotients
from gradbook.symbolic.regions import NeedEqual, NeedSign, NotNormal


class Variation(IntEnum):
    """How a quantity can vary; what is made of several varies as the freest of them."""

    NONE = 0
    DISCRETE = 1
    FREE = 2


class Signs(Quotients):
    """Quotients with signs: fixed by the region, plain from the terms, or asked for.

    Inside a sum a sign may vary with the index: there an indicator stands in its place.
    """

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

    def quotient_sign(self, arg: Quotient) -> fmpz_mpoly:
        """The sign of a quotient."""
        return self._times(self._sign(arg[0]), self._sign(arg[1]))

    def absolute(self, arg: Quotient) -> Quotient:
        """|arg|."""
        return self._times(self.quotient_sign(arg), arg[0]), arg[1]

    def _absolute(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        return self._times(self._sign(poly), poly)

    def manifestly_positive(self, key: PolyKey) -> bool:
        """Every term is positive: positive coefficients on squares and positive generators."""
        return all(c > 0 and all(p % 2 == 0 or self._positive(gid) for gid, p in m) for m, c in key)

    def _positive(self, gid: int) -> bool:
        match self.table.keys[gid]:
            case ("exp" | "root" | "size" | "pos" | "delta", *_) | ("sym", Constant()):
                return True
            case ("sym", Symbol(name)) if ("sym", name) in self.facts.positive:
                return True
            case ("comp", base, _) if ("comp", base) in self.facts.positive:
                return True
            case ("sum", _, monomial, den) if self.manifestly_positive(((monomial, 1), *den)):
                return True
            case ("prod", _, factor) if self.manifestly_positive(factor):
                return True
            case _:
                return self.region.signs.get(((((gid, 1),), 1),)) == 1

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

    # --- zeros ----------------------------------------------------------------------------------

    def never_zero(self, key: PolyKey) -> bool:
        """Whether a polynomial that is not negative (or not positive) is plainly never zero.

        A sign in a region is one almost everywhere; here its borders count too.
        """
        flipped = tuple((m, -c) for m, c in key)
        if not (self.manifestly_positive(key) or self.manifestly_positive(flipped)):
            return len(key) == 1 and self._monomial_never_zero(key[0][0])
        return any(self._monomial_never_zero(monomial) for monomial, _ in key)

    def _monomial_never_zero(self, monomial: Monomial) -> bool:
        return all(self._generator_never_zero(gid) for gid, _ in monomial)

    def _generator_never_zero(self, gid: int) -> bool:
        match self.table.keys[gid]:
            case ("exp" | "parity" | "size", *_) | ("sym", Constant()):
                return True
            case ("sym", Symbol(name)):
                return ("sym", name) in self.facts.nonzero
            case ("comp", base, _):
                return ("comp", base) in self.facts.nonzero
            case ("root", factor, _) | ("prod", _, factor):
                return self.never_zero(factor)
            case ("sum", _, monomial, _):
                return self._positive(gid) and self._monomial_never_zero(monomial)
            case _:
                return self._variation(gid) is Variation.NONE

    def vanishes_rarely(self, poly: fmpz_mpoly) -> bool:
        """Whether a polynomial is zero almost nowhere, whatever the quantities in it that take few values.

        A polynomial in quantities that vary freely is; ``y`` or ``y x``, with a label y that may be 0, is not.
        """
        used = [gid for gid, degree in zip(self.ids, poly.degrees(), strict=False) if degree]
        if not any(self.is_discrete(gid) for gid in used):
            return True
        _, factors = self.factors(poly)
        return all(self._factor_vanishes_rarely(self.key(factor)) for factor, _ in factors)

    def _factor_vanishes_rarely(self, key: PolyKey) -> bool:
        """One factor: never zero, or with a coefficient that is never zero before what varies freely."""
        discrete = any(self.is_discrete(gid) for monomial, _ in key for gid, _ in monomial)
        if not discrete or self.never_zero(key):
            return True
        coefficients: dict[Monomial, list[Monomial]] = {}
        for monomial, _ in key:
            free = tuple(item for item in monomial if self._variation(item[0]) is Variation.FREE)
            coefficients.setdefault(free, []).append(tuple(i for i in monomial if i not in free))
        return any(len(parts) == 1 and self._monomial_never_zero(parts[0]) for parts in coefficients.values())

    def is_discrete(self, gid: int) -> bool:
        """Whether a generator takes isolated values only: indices, labels, indicators, what is made of them."""
        return self._variation(gid) is Variation.DISCRETE

    def _variation(self, gid: int, found: dict[int, Variation] | None = None) -> Variation:
        """How freely a generator varies; ``found``: those it is made of, which may share what they are made of."""
        found = {} if found is None else found
        if gid not in found:
            found[gid] = self._variation_of(gid, found)
        return found[gid]

    def _variation_of(self, gid: int, found: dict[int, Variation]) -> Variation:
        match self.table.keys[gid]:
            case ("delta" | "pos" | "parity" | "size", *_):
                return Variation.DISCRETE
            case ("int", _) | ("sym", Constant()):
                return Variation.NONE
            case ("sym", Symbol(name)):
                discrete = gid in self.table.bound_ids or self._takes_few_values(name)
            case ("comp", base, _):
                discrete = self._takes_few_values(base)
            case ("app", *_):
                discrete = False
            case key:
                return max(
                    (self._variation(part, found) for part in self.table.parts(key)), default=Variation.NONE
                )
        return Variation.DISCRETE if discrete else Variation.FREE

    def _takes_few_values(self, name: str) -> bool:
        return name in self.facts.integers or name in self.facts.choices

    def is_integer(self, gid: int) -> bool:
        """Whether a generator is an integer."""
        match self.table.keys[gid]:
            case ("int" | "delta" | "pos" | "parity" | "size", *_):
                return True
            case ("sym", Symbol(name)):
                return gid in self.table.bound_ids or name in self.facts.integers
            case ("comp", base, _):
                return base in self.facts.integers
            case ("sum", _, monomial, den):
                return den == ONE_KEY and all(self.is_integer(part) for part, _ in monomial)
            case _:
                return False

    # --- indicators and relations ---------------------------------------------------------------

    def _settled(self, key: tuple[Any, ...]) -> fmpz_mpoly | None:
        """The value of an indicator or delta that no bound index is left in, as after a contraction."""
        match key:
            case ("pos", factor) if not self.table.poly_depends(factor):
                poly = self.from_key(factor)
                if poly.is_zero():
                    raise NotNormal("a term of a sum on a kink")
                return self.one if self._sign(poly).is_one() else self.zero
            case ("delta", left, right) if not (self.table.depends(left) | self.table.depends(right)):
                if left == right:
                    return self.one
                return self._whether_equal(left, right)
            case _:
                return None

    def _whether_equal(self, left: int, right: int) -> fmpz_mpoly | None:
        """Kronecker's delta of two free indices: 0 where they are known to differ."""
        a, b = self.table.keys[left], self.table.keys[right]
        if a[0] == b[0] == "int":
            return self.zero
        match a, b:
            case (("sym", Symbol() as one), ("sym", Symbol() as other)):
                return self._unequal(one, other)
            case (("sym", Symbol() as one), ("int", int(value))) | (
                ("int", int(value)),
                ("sym", Symbol() as one),
            ):
                return self._unequal(one, number(value))
            case _:
                return None

    def _unequal(self, left: Symbol, right: Symbol | Number) -> fmpz_mpoly:
        if frozenset((left, right)) in self.region.unequal:
            return self.zero
        below = isinstance(right, Number) and right.value < self.facts.first_index
        if below and left.name in self.facts.indices:
            return self.zero
        raise NeedEqual(left, right)

    def _relation(self, gid: int, key: tuple[Any, ...]) -> tuple[int, tuple[fmpz_mpoly, ...]] | None:
        """The power of a generator that can be rewritten, if there is one."""
        assumed = self.facts.assumed.get(gid)
        if assumed is not None:
            return 1, (self.from_key(assumed),)
        match key:
            case ("root", factor, degree):
                # R = |f|**(1/q), so R**q = |f| = sign(f) f.
                return degree, (self._absolute(self.from_key(factor)),)
            case ("trig", "sin", monomial, den, unit):
                cosine = self.generator(("trig", "cos", monomial, den, unit))
                return 2, (self.one - cosine * cosine,)
            case ("pos", _) | ("delta", _, _):
                return 2, (self.zero, self.one)
            case ("parity", _):
                return 2, (self.one,)
            case ("comp", name, _) | ("sym", Symbol(name)) if len(self.facts.choices.get(name, ())) == 2:
                return self._two_valued(name)
            case _:
                return None

    def _two_valued(self, name: str) -> tuple[int, tuple[fmpz_mpoly, ...]] | None:
        a, b = self.facts.choices[name]
        total, product = a + b, a * b
        if total.denominator != 1 or product.denominator != 1:
            return None
        return 2, (self.context.constant(-int(product)), self.context.constant(int(total)))
