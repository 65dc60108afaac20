"""The exact normal form: a tree as a quotient of two polynomials over generators.

Every rewriting here is an identity on the domain of the tree (in one region, where the signs that
matter are fixed), so two trees whose cross-multiplied difference is the zero polynomial are equal
there: that is what PROVED rests on. The converse does not hold, since generators may hide relations.

Conventions of a region: ``signs`` fixes the sign of irreducible polynomials. When a sign is needed
that is not fixed, :class:`~gradbook.symbolic.regions.NeedSign` asks the caller to split. Inside a sum,
where a sign may vary with the index, an indicator generator stands in its place.

The layers, each in its module: quotients -> signs -> exponentials -> sums -> conditions -> trees (here).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from gradbook.symbolic.bounds import MAX_BITS, BoundHit, Clock
from gradbook.symbolic.conditions import Conditions
from gradbook.symbolic.expr import (
    Add,
    Apply,
    Cases,
    Constant,
    Delta,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Pow,
    Product,
    Sum,
    Symbol,
)
from gradbook.symbolic.functions import RULES, extreme
from gradbook.symbolic.quotients import Quotient
from gradbook.symbolic.regions import Facts, NotNormal, Region, Restart

_Found = TypeVar("_Found")


def restarting(facts: Facts, region: Region, clock: Clock, work: Callable[[Normaliser], _Found]) -> _Found:
    """Run ``work`` on a fresh normaliser, again when finer generators turn out to be needed."""
    for _ in range(40):
        try:
            return work(Normaliser(facts, region, clock))
        except Restart:
            clock.check()
    raise BoundHit("the number of refinements of roots and exponentials")


class Normaliser(Conditions):
    """Normal forms over one set of generators in one region."""

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
                return (
                    self.exponential(self.constant(1))
                    if name == "e"
                    else (self.generator(("sym", expr)), self.one)
                )
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

    def _function(self, name: str, args: tuple[Expr, ...]) -> Quotient:
        if name in ("max", "min"):
            return extreme(self, name, (self.of(a) for a in args))
        rule = RULES.get(name)
        if rule is None:
            raise NotNormal(f"{name} has no normal form")
        return rule(self, self.of(args[0]))
