"""Cases, conditions and Kronecker's delta in a region."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpz_mpoly

from gradbook.symbolic.expr import (
    All,
    AnyOf,
    Condition,
    Expr,
    Indexed,
    Not,
    Number,
    Op,
    Otherwise,
    Relation,
    Symbol,
)
from gradbook.symbolic.quotients import Quotient
from gradbook.symbolic.regions import BranchesDiffer, NoBranch, NotNormal, OutsideDomain
from gradbook.symbolic.sums import Sums


class Conditions(Sums):
    """Truth values as polynomials: 1, 0, or an indicator where an index decides."""

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
            truth = self._whether_same(left, right)
            return truth if op is Op.EQ else self.one - truth
        num, den = self.add(self.of(left), self.negated(self.of(right)))
        if num.is_zero():
            return self.one if op in (Op.LE, Op.GE) else self.zero
        if not self.vanishes_rarely(num):
            # Between integers, d > 0 is 2d - 1 > 0 and d >= 0 is 2d + 1 > 0, and neither side is ever zero.
            if not den.is_one() or not self._is_whole(num):
                raise NotNormal("an inequality whose sides are equal too often")
            num = num * 2 - 1 if op in (Op.GT, Op.LE) else num * 2 + 1
        sign = self.quotient_sign((num, den))
        if op in (Op.LT, Op.LE):
            sign = -sign
        if (sign - self.one).is_zero():
            return self.one
        if (sign + self.one).is_zero():
            return self.zero
        positive = sign + self.one  # twice the indicator
        return self.context.from_dict({tuple(p): int(c) // 2 for p, c in positive.terms()})

    def _whether_same(self, left: Expr, right: Expr) -> fmpz_mpoly:
        indices = self._is_index(left) or self._is_index(right)
        if indices and self._is_count(left) and self._is_count(right):
            return self._delta(left, right)
        difference = self.add(self.of(left), self.negated(self.of(right)))
        if difference[0].is_zero():
            return self.one
        if self.vanishes_rarely(difference[0]):
            return self.zero
        for label, value in ((left, right), (right, left)):
            if isinstance(label, Symbol | Indexed) and isinstance(value, Number):
                return self._has_value(label, value.value)
        raise NotNormal("an equation whose sides are equal too often to be neglected")

    def _has_value(self, label: Symbol | Indexed, value: Fraction) -> fmpz_mpoly:
        """Whether a quantity of two values has one of them: with values 0 and 1, y itself or 1 - y."""
        choices = self.facts.choices.get(label.name if isinstance(label, Symbol) else label.base, ())
        if value not in choices and choices:
            return self.zero
        other = next((c for c in choices if c != value), value)
        if len(choices) != 2 or abs(value - other) != 1 or other.denominator != 1:
            raise NotNormal("an equation that a quantity of few values satisfies at times")
        # (y - other)/(value - other)
        return (self.of(label)[0] - int(other)) * int(value - other)

    def _is_whole(self, poly: fmpz_mpoly) -> bool:
        return all(self.is_integer(gid) for gid, n in zip(self.ids, poly.degrees(), strict=False) if n)

    # --- indices --------------------------------------------------------------------------------

    def _is_index(self, expr: Expr) -> bool:
        return isinstance(expr, Symbol) and (
            expr.name in self.facts.integers or self.table.intern(("sym", expr)) in self.table.bound_ids
        )

    def _is_count(self, expr: Expr) -> bool:
        return self._is_index(expr) or (isinstance(expr, Number) and expr.value.denominator == 1)

    def _index(self, expr: Expr) -> int:
        match expr:
            case Symbol():
                return self.table.intern(("sym", expr))
            case Number(value) if value.denominator == 1:
                return self.table.intern(("int", value.numerator))
            case _:
                num, den = self.of(expr)
                if (
                    num.is_constant()
                    and den.is_constant()
                    and (value := self._rational((num, den))).denominator == 1
                ):
                    return self.table.intern(("int", value.numerator))
                return self.table.intern(("ix", self.fraction_key((num, den))))

    def _delta(self, left: Expr, right: Expr) -> fmpz_mpoly:
        a, b = self._index(left), self._index(right)
        if a == b:
            return self.one
        if not (self.table.depends(a) | self.table.depends(b)):
            settled = self._whether_equal(a, b)
            if settled is None:
                raise NotNormal("a Kronecker delta of two expressions")
            return settled
        return self.generator(("delta", *sorted((a, b))))
