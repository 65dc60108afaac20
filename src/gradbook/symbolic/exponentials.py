"""Powers, roots, exponentials, logarithms and angles of quotients.

The identities are those of positive reals: ``exp(a + b) = exp(a) exp(b)``, ``log|ab| = log|a| + log|b|``,
``|ab|**r = |a|**r |b|**r``, and the addition theorems. An argument is taken apart into its terms or its
irreducible factors, one generator for each, so that the identities hold by construction.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from math import gcd, lcm
from typing import Any, NoReturn

from flint import fmpz_mpoly

from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import Constant
from gradbook.symbolic.generators import ONE_KEY, Monomial, PolyKey, Span
from gradbook.symbolic.quotients import Quotient
from gradbook.symbolic.regions import NeedSign, NotNormal, OutsideDomain, Place, Restart
from gradbook.symbolic.signs import Signs


class Exponentials(Signs):
    """Quotients closed under powers, exponentials, logarithms, sine and cosine."""

    # --- powers and roots -----------------------------------------------------------------------

    def root(self, base: Quotient, power: Fraction) -> Quotient:
        """base**power for a fractional power: each irreducible factor |f| gets it.

        An even root needs a base that is not negative, which is then the domain; an odd root
        carries the sign out.
        """
        if base[0].is_zero():
            if power < 0:
                raise OutsideDomain("division by zero")
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
                result = self.mul(
                    result, self._factor_power(self.context.constant(prime), power * count * direction)
                )
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
            match known:
                case ("exp", monomial, den, unit):
                    if power.denominator != 1:
                        self._finer(
                            self.facts.exp_units, self._place(monomial, den), unit / power.denominator
                        )
                    return self.whole_power((factor, self.one), power.numerator)
                case ("root", radicand, degree):
                    if power.denominator != 1:
                        self._of_degree(radicand, degree * power.denominator)
                    return self.whole_power((factor, self.one), power.numerator)
                case _:
                    pass
        if power.denominator == 1:
            return self.whole_power((self._absolute(factor), self.one), power.numerator)
        if key[0][1] < 0:
            key = tuple((m, -c) for m, c in key)
        degree = self.facts.degrees.get(self.table.shape(key), 1)
        if degree % power.denominator:
            self._of_degree(key, lcm(degree, power.denominator))
        root = self.generator(("root", key, degree))
        whole, left = divmod((power * degree).numerator, degree)
        result = self.whole_power((root, self.one), left)
        if whole:
            result = self.mul(result, self.whole_power((self._absolute(factor), self.one), whole))
        return result

    def _general_power(self, base: Quotient, power: Quotient) -> Quotient:
        """base**power = exp(power log|base|), with (-1)**power for a negative base and integer power."""
        if base[0].is_zero():
            return self._power_of_zero(power)
        if not self.vanishes_rarely(base[0]):
            raise NotNormal("a power whose base may be zero")
        sign = self._times(self._sign(base[0]), self._sign(base[1]))
        magnitude = self.exponential(self.mul(power, self._log_absolute(base)))
        if (sign - self.one).is_zero():
            return magnitude
        parity = self._parity(power)
        if (sign + self.one).is_zero():
            return self.mul((parity, self.one), magnitude)
        raise NotNormal("a power whose base changes its sign inside a sum")

    def _power_of_zero(self, power: Quotient) -> Quotient:
        """0**power: zero for a positive power, without a value for a negative one."""
        if not self.vanishes_rarely(power[0]):
            raise NotNormal("a power of zero with an exponent that may be zero")
        sign = self.quotient_sign(power)
        if (sign - self.one).is_zero():
            return self.constant(0)
        if (sign + self.one).is_zero():
            raise OutsideDomain("division by zero")
        raise NotNormal("a power of zero whose exponent changes its sign inside a sum")

    def _parity(self, power: Quotient) -> fmpz_mpoly:
        """(-1)**power, for a power with integer coefficients in integer symbols."""
        num, den = self.lowest(power)
        used = {gid for poly in (num, den) for monomial, _ in self.key(poly) for gid, _ in monomial}
        if not den.is_one() or not all(self.is_integer(gid) for gid in used):
            if any(self.is_discrete(gid) for gid in used):
                raise NotNormal("a negative base with an exponent that is an integer at times")
            raise OutsideDomain("a negative base with a real exponent")
        result = self.one
        for monomial, coefficient in self.key(num):
            if coefficient % 2:
                result = -result if not monomial else result * self.generator(("parity", monomial))
        return self.reduce(result)

    # --- exponentials ---------------------------------------------------------------------------

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
        key = self.key(den)
        content = gcd(*(c for _, c in key))
        if key[0][1] < 0:
            content = -content
        return content, tuple((m, c // content) for m, c in key)

    def _exp_term(self, monomial: Monomial, den: PolyKey, factor: Fraction) -> Quotient:
        if den == ONE_KEY and len(monomial) == 1 and monomial[0][1] == 1:
            key = self.table.keys[monomial[0][0]]
            if key[0] == "log":
                # exp(c log|f|) = |f|**c
                return self._factor_power(self.from_key(key[1]), factor)
        count, unit = self._count(self.facts.exp_units, self._place(monomial, den), factor)
        generator = self.generator(("exp", monomial, den, unit))
        return self.whole_power((generator, self.one), count)

    # --- units ----------------------------------------------------------------------------------

    def _place(self, monomial: Monomial, den: PolyKey) -> Place:
        """The shape of ``monomial / den``: those of one shape share a unit."""
        return self.table.shape(((monomial, 1),)), self.table.shape(den)

    def _count(self, units: dict[Place, Fraction], place: Place, factor: Fraction) -> tuple[int, Fraction]:
        """The factor in units of a place; if it is not whole, a finer unit is noted and work restarts."""
        unit = units.get(place)
        if unit is None:
            unit = units[place] = abs(factor)
        ratio = factor / unit
        if ratio.denominator != 1:
            self._finer(units, place, unit / ratio.denominator)
        return ratio.numerator, unit

    @staticmethod
    def _finer(units: dict[Place, Fraction], place: Place, unit: Fraction) -> NoReturn:
        units[place] = unit
        raise Restart

    def _of_degree(self, radicand: PolyKey, degree: int) -> NoReturn:
        if degree > 64:
            raise BoundHit("the degree of a root")
        self.facts.degrees[self.table.shape(radicand)] = degree
        raise Restart

    def _settled(self, key: tuple[Any, ...]) -> fmpz_mpoly | None:
        """A generator in the unit of its place, which differs where an index was renamed."""
        match key:
            case ("exp", monomial, den, unit):
                count, own = self._count(self.facts.exp_units, self._place(monomial, den), unit)
                return None if count == 1 else self.generator(("exp", monomial, den, own)) ** count
            case ("trig", name, monomial, den, unit):
                count, own = self._count(self.facts.trig_units, self._place(monomial, den), unit)
                if count == 1:
                    return None
                return self._multiple(monomial, den, own, count)[0 if name == "sin" else 1]
            case ("root", radicand, degree):
                if self.from_key(radicand).is_zero():
                    return self.zero
                own = self.facts.degrees.setdefault(self.table.shape(radicand), degree)
                if own % degree:
                    self._of_degree(radicand, lcm(own, degree))
                return None if own == degree else self.generator(("root", radicand, own)) ** (own // degree)
            case _:
                return super()._settled(key)

    # --- logarithms -----------------------------------------------------------------------------

    def logarithm(self, arg: Quotient) -> Quotient:
        """log arg; arg > 0 is the domain."""
        self._reject_negative(arg)
        return self._log_absolute(arg)

    def _log_absolute(self, arg: Quotient) -> Quotient:
        """log|arg| as a combination of logarithms of irreducible factors."""
        total: Quotient = (self.zero, self.one)
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

    def _factor_log(self, factor: fmpz_mpoly) -> Quotient:
        key = self.key(factor)
        if key[0][1] < 0:
            key = tuple((m, -c) for m, c in key)
        if len(key) == 1 and key[0][1] == 1 and len(key[0][0]) == 1 and key[0][0][0][1] == 1:
            match self.table.keys[key[0][0][0][0]]:
                case ("exp", monomial, den, unit):
                    return self._of_monomial(monomial) * unit.numerator, self.from_key(den) * unit.denominator
                case ("root", radicand, degree):
                    num, den = self._log_absolute((self.from_key(radicand), self.one))
                    return num, den * degree
                case ("prod", ranges, inner):
                    return self._log_of_product(ranges, inner)
                case _:
                    pass
        return self.generator(("log", key)), self.one

    @abstractmethod
    def _log_of_product(self, ranges: tuple[tuple[int, Span], ...], factor: PolyKey) -> Quotient:
        """The logarithm of the absolute value of a product over indices."""

    # --- angles ---------------------------------------------------------------------------------

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
        if (
            den == ONE_KEY
            and len(monomial) == 1
            and self.table.keys[monomial[0][0]] == ("sym", Constant("pi"))
        ):
            quarter = factor * 2
            if quarter.denominator == 1 and monomial[0][1] == 1:
                s, c = ((0, 1), (1, 0), (0, -1), (-1, 0))[quarter.numerator % 4]
                return self.constant(s), self.constant(c)
        count, unit = self._count(self.facts.trig_units, self._place(monomial, den), factor)
        sine, cosine = self._multiple(monomial, den, unit, count)
        return (sine, self.one), (cosine, self.one)

    def _multiple(
        self, monomial: Monomial, den: PolyKey, unit: Fraction, count: int
    ) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        """Sine and cosine of ``count`` times ``unit * monomial / den``."""
        if abs(count) > 24:
            raise BoundHit("the multiple of an angle")
        s, c = (self.generator(("trig", name, monomial, den, unit)) for name in ("sin", "cos"))
        sine, cosine = self.zero, self.one
        for _ in range(abs(count)):
            sine, cosine = (
                self._times(sine, c) + self._times(cosine, s),
                self._times(cosine, c) - self._times(sine, s),
            )
        return (sine if count > 0 else -sine), cosine


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
