"""Sums and products over an index: deltas contracted, sums merged, names canonical.

Inside a sum the terms are polynomials in generators that may depend on the bound index. What does not
depend on it moves out; what is left becomes one generator, whose bound indices get canonical names, so
that renaming an index or exchanging two sums changes nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from itertools import chain, permutations
from typing import cast

from flint import fmpz_mpoly

from gradbook.symbolic.bounds import MAX_RANGE, BoundHit
from gradbook.symbolic.exponentials import Exponentials
from gradbook.symbolic.expr import Expr, Number, Product, Sum, Symbol, number, substitute
from gradbook.symbolic.generators import ONE_KEY, Generators, Monomial, PolyKey, Span
from gradbook.symbolic.quotients import Quotient


class Sums(Exponentials):
    """Quotients closed under sums and products over an index."""

    @abstractmethod
    def of(self, expr: Expr) -> Quotient:
        """The normal form of a scalar tree."""

    # --- sums -----------------------------------------------------------------------------------

    def _sum(self, node: Sum) -> Quotient:
        index = Symbol(node.index)
        if node.excluded is not None:
            whole = self._sum(Sum(node.body, node.index, node.lower, node.upper))
            left_out = self.of(substitute(node.body, {index: node.excluded}))
            return self.add(whole, self._times_int(left_out, -1))
        values = self._explicit(node)
        if values is not None:
            parts = [self.of(substitute(node.body, {index: number(k)})) for k in values]
            return self._total(parts) if parts else self.constant(0)
        bound, body = self._open(index, node.body)
        span = self._span(node)
        return self._sum_over(bound, span, self.of(body))

    def _sum_over(self, bound: int, span: Span, body: Quotient) -> Quotient:
        num, den = self.lowest(body)
        inside, outside = self._split_denominator(den, bound)
        total = self.constant(0)
        for monomial, coefficient in self.key(num):
            free = tuple((g, p) for g, p in monomial if bound not in self.table.depends(g))
            held = tuple((g, p) for g, p in monomial if bound in self.table.depends(g))
            part = self._close_sum([(bound, span)], held, inside)
            part = self.mul(part, (self._of_monomial(free) * coefficient, self.one))
            total = self.add(total, part)
        return self.mul(total, (self.one, outside))

    def _explicit(self, node: Sum | Product) -> range | None:
        """The values of the index if both bounds are integers."""
        match node.lower, node.upper:
            case Number(low), Number(high) if low.denominator == 1 and high.denominator == 1:
                if high - low >= MAX_RANGE:
                    raise BoundHit(f"a range of more than {MAX_RANGE} values")
                return range(int(low), int(high) + 1)
            case _:
                return None

    def _span(self, node: Sum | Product) -> Span:
        if node.lower is None and node.upper is None:
            return ()
        low = self.fraction_key(self.of(node.lower)) if node.lower is not None else (ONE_KEY, ONE_KEY)
        high = self.fraction_key(self.of(node.upper)) if node.upper is not None else None
        return (low, high)

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

    # --- the canonical form of a sum ------------------------------------------------------------

    def _close_sum(self, ranges: list[tuple[int, Span]], held: Monomial, den: PolyKey) -> Quotient:
        """Sum of a product of generators over indices: deltas contracted, sums merged, names canonical."""
        table = self.table
        # Kronecker's delta takes its index away. The other index is taken to lie in the range; where the
        # range depends on an index, as in a sum over j <= i, it may well not.
        whole = {index for index, span in ranges if not table.span_depends(span)}
        for gid, _ in held:
            key = table.keys[gid]
            if key[0] != "delta":
                continue
            a, b = key[1], key[2]
            hit = a if a in whole else b
            if hit in whole:
                other, span = b if hit == a else a, dict(ranges)[hit]
                if self._lies_below(other, span):
                    return self.constant(0)
                if self._may_lie_below(other, span):
                    continue
                mapping = {hit: other}
                rest = tuple((g, p) for g, p in held if g != gid)
                left = [(i, table.rename_span(span, mapping)) for i, span in ranges if i != hit]
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

    def _lies_below(self, gid: int, span: Span) -> bool:
        """Whether an index is a number below a range that starts at a number, as 0 is below 1, …, n."""
        key, first = self.table.keys[gid], _first(span)
        return key[0] == "int" and first is not None and key[1] < first

    def _may_lie_below(self, gid: int, span: Span) -> bool:
        """Whether an index is a label with a value below the range, as y in {0, 1} is at times."""
        match self.table.keys[gid]:
            case ("sym", Symbol(name)):
                first = _first(span)
                return any(first is None or value < first for value in self.facts.choices.get(name, ()))
            case _:
                return False

    def _apart(self, ranges: tuple[tuple[int, Span], ...]) -> tuple[list[tuple[int, Span]], dict[int, int]]:
        mapping: dict[int, int] = {}
        for index, _ in ranges:
            self.fresh += 1
            new = self.table.intern(("sym", Symbol(f"#{self.fresh}")))
            self.table.bound_ids.add(new)
            mapping[index] = new
        return [(mapping[i], self.table.rename_span(span, mapping)) for i, span in ranges], mapping

    @staticmethod
    def _join(a: Monomial, b: Monomial) -> Monomial:
        powers = dict(a)
        for gid, power in b:
            powers[gid] = powers.get(gid, 0) + power
        return tuple(sorted(powers.items()))

    def _components(
        self, ranges: list[tuple[int, Span]], held: Monomial, den: PolyKey
    ) -> list[tuple[list[tuple[int, Span]], Monomial, PolyKey]]:
        """A multiple sum falls apart into a product of sums over indices that share no generator."""
        if len(ranges) == 1:
            return [(ranges, held, den)]
        table = self.table
        indices = frozenset(i for i, _ in ranges)
        groups: list[frozenset[int]] = [frozenset((i,)) for i in indices]
        links = [table.depends(g) & indices for g, _ in held] + [table.poly_depends(den) & indices]
        links += [(table.span_depends(span) | {i}) & indices for i, span in ranges]
        for link in links:
            touched = [g for g in groups if g & link]
            if len(touched) > 1:
                groups = [g for g in groups if not g & link] + [frozenset().union(*touched)]
        parts: list[tuple[list[tuple[int, Span]], Monomial, PolyKey]] = []
        loose = tuple((g, p) for g, p in held if not table.depends(g) & indices)
        for group in sorted(groups, key=min):
            own = tuple((g, p) for g, p in held if table.depends(g) & group)
            own_den = den if table.poly_depends(den) & group else ONE_KEY
            parts.append(([(i, r) for i, r in ranges if i in group], own, own_den))
        if loose:
            first = parts[0]
            parts[0] = (first[0], self._join(first[1], loose), first[2])
        return parts

    def _canonical_sum(self, ranges: list[tuple[int, Span]], held: Monomial, den: PolyKey) -> Quotient:
        table = self.table
        indices = frozenset(i for i, _ in ranges)
        free = tuple((g, p) for g, p in held if not table.depends(g) & indices)
        held = tuple((g, p) for g, p in held if table.depends(g) & indices)
        outer = (self._of_monomial(free), self.one)
        if not held and den == ONE_KEY and not any(table.span_depends(s) & indices for _, s in ranges):
            size = self.constant(1)
            for _, span in ranges:
                size = self.mul(size, self._size(span))
            return self.mul(outer, size)
        return self.mul(outer, (self.generator(("sum", *self._canonical(ranges, held, den))), self.one))

    def _canonical(
        self, ranges: list[tuple[int, Span]], held: Monomial, den: PolyKey
    ) -> tuple[tuple[tuple[int, Span], ...], Monomial, PolyKey]:
        """Ranges and what stands under them, with names of the indices that do not depend on the writer's."""
        table = self.table
        inside = chain((g for g, _ in held), (g for monomial, _ in den for g, _ in monomial))
        names = self._names(len(ranges), inside, [span for _, span in ranges])
        orders = permutations(range(len(ranges))) if len(ranges) <= 4 else [tuple(range(len(ranges)))]
        found: list[tuple[tuple[tuple[int, Span], ...], Monomial, PolyKey]] = []
        for order in orders:
            mapping = {ranges[k][0]: names[place] for place, k in enumerate(order)}
            spans = tuple(
                (names[place], table.rename_span(ranges[k][1], mapping)) for place, k in enumerate(order)
            )
            found.append((spans, table.rename_monomial(held, mapping), table.rename_poly(den, mapping)))
        return found[0] if len(found) == 1 else min(found, key=repr)

    def _names(self, count: int, inside: Iterable[int], spans: list[Span]) -> list[int]:
        """Canonical names of bound indices: ``#level.k``, of a level above those bound further inside."""
        table = self.table
        within = chain(inside, (g for span in spans for g in table.span_generators(span)))
        level = 1 + max((_nesting(table, g) for g in within), default=0)
        names = [table.intern(("sym", Symbol(f"#{level}.{k}"))) for k in range(count)]
        table.bound_ids.update(names)
        return names

    def _size(self, span: Span) -> Quotient:
        """How many values an index takes."""
        ends = [(self.from_key(side[0]), self.from_key(side[1])) for side in span if side is not None]
        if len(ends) < 2:
            return self.generator(("size", span)), self.one
        low, high = ends
        return self.add(self.add(high, self.negated(low)), self.constant(1))

    # --- products -------------------------------------------------------------------------------

    def _indexed_product(self, node: Product) -> Quotient:
        index = Symbol(node.index)
        values = self._explicit(node)
        if values is not None:
            product = self.constant(1)
            for k in values:
                product = self.mul(product, self.of(substitute(node.body, {index: number(k)})))
            return product
        bound, body = self._open(index, node.body)
        span = self._span(node)
        result = self.constant(1)
        for poly, direction in zip(self.lowest(self.of(body)), (1, -1), strict=True):
            content, factors = self.factors(poly)
            parts = [(self.context.constant(content), 1)] if content != 1 else []
            for factor, power in parts + factors:
                piece = self._product_factor(factor, bound, span)
                result = self.mul(result, self.whole_power(piece, power * direction))
        return result

    def _product_factor(self, factor: fmpz_mpoly, bound: int, span: Span) -> Quotient:
        key = self.key(factor)
        if bound not in self.table.poly_depends(key):
            return self._general_power((factor, self.one), self._size(span))
        if len(key) == 1 and key[0][1] == 1 and len(key[0][0]) == 1:
            known = self.table.keys[key[0][0][0][0]]
            if known[0] == "exp" and known[2] == ONE_KEY:
                total = self._close_sum([(bound, span)], known[1], ONE_KEY)
                unit: Fraction = known[3]
                return self.exponential((total[0] * unit.numerator, total[1] * unit.denominator))
            if known[0] == "prod":
                # A product inside the product joins it.
                inner, mapping = self._apart(known[1])
                ranges, key = [(bound, span), *inner], self.table.rename_poly(known[2], mapping)
                return self.generator(("prod", *self._canonical(ranges, (), key)[::2])), self.one
        return self.generator(("prod", *self._canonical([(bound, span)], (), key)[::2])), self.one

    def _log_of_product(self, ranges: tuple[tuple[int, Span], ...], factor: PolyKey) -> Quotient:
        """log|prod f| = sum log|f|."""
        inner, mapping = self._apart(ranges)
        total = self._factor_log(self.from_key(self.table.rename_poly(factor, mapping)))
        for index, span in reversed(inner):
            total = self._sum_over(index, span, total)
        return total


def _first(span: Span) -> int | None:
    """The number that a range starts at, if it is one; without bounds, indices count from one."""
    start = span[0] if span else (ONE_KEY, ONE_KEY)
    if start is None or start[1] != ONE_KEY:
        return None
    match start[0]:
        case ():
            return 0
        case (((), number),):
            return number
        case _:
            return None


def _nesting(table: Generators, gid: int) -> int:
    """The largest level among bound names that a key mentions (``#level.k``)."""
    found = 0
    stack: list[object] = [table.keys[gid]]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Symbol):
            if item.name.startswith("#") and "." in item.name:
                found = max(found, int(item.name[1:].partition(".")[0]))
        elif isinstance(item, tuple):
            stack.extend(cast(tuple[object, ...], item))
        elif isinstance(item, int) and 0 <= item < len(table.keys) and item not in seen:
            # Small integers in keys are ids, exponents or coefficients; reading an exponent as an id
            # can only raise the level, which is harmless.
            seen.add(item)
            stack.append(table.keys[item])
    return found
