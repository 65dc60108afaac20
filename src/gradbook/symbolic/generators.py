"""The generators that a normal form is a rational function of, and their interned keys.

A generator is something that the normal form treats as an indeterminate: a symbol, a component,
``exp`` of a monomial, ``log`` of an irreducible factor, a root, an unknown function at an argument,
a sum over an index. Two generators with the same key are the same quantity. Distinct generators may
still be related, which is why a difference that is not zero proves nothing.

Keys are nested tuples of small integers (generator ids), so they can be compared, sorted and
renamed without looking at trees again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradbook.symbolic.expr import Symbol

#: Powers of generators, sorted by id: ``((id, exponent), …)``.
Monomial = tuple[tuple[int, int], ...]
#: A polynomial as sorted ``(monomial, integer coefficient)`` pairs.
PolyKey = tuple[tuple[Monomial, int], ...]
#: Numerator and denominator.
FractionKey = tuple[PolyKey, PolyKey]
#: The range of an index: from, to (None: without an end). Empty: over the whole range of the index.
Span = tuple[FractionKey | None, ...]

ONE_KEY: PolyKey = (((), 1),)


class Generators:
    """Interned generator keys; ids are stable for the life of one decision.

    A key is ``(tag, …)``:

    ========== =======================================================
    ``sym``    tree of a symbol or constant
    ``int``    an integer in the place of an index
    ``ix``     FractionKey: an index that is an expression
    ``comp``   base name, ids of the indices
    ``exp``    Monomial, PolyKey of the denominator, unit: exp of unit * monomial/denominator
    ``trig``   ``sin``/``cos``, Monomial, PolyKey of the denominator, unit
    ``log``    PolyKey of an irreducible factor (its absolute value)
    ``root``   PolyKey of an irreducible factor f, degree q: |f|**(1/q)
    ``func``   name, FractionKey
    ``app``    name, orders, FractionKeys of the arguments
    ``delta``  two ids in index places, sorted
    ``pos``    PolyKey: 1 where the polynomial is positive, else 0
    ``parity`` Monomial of an integer quantity n: (-1)**n
    ``sum``    (index, Span) pairs, Monomial, PolyKey of the denominator
    ``prod``   (index, Span) pairs, PolyKey of an irreducible factor
    ``size``   Span: how many values an index takes
    ========== =======================================================
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[Any, ...], int] = {}
        self.keys: list[tuple[Any, ...]] = []
        self._bound: dict[int, frozenset[int]] = {}
        #: Ids of symbols that are bound by a sum that is being normalised or that is inside a key.
        self.bound_ids: set[int] = set()

    def intern(self, key: tuple[Any, ...]) -> int:
        """The id of a key."""
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.keys)
            self.keys.append(key)
        return found

    def depends(self, gid: int) -> frozenset[int]:
        """The bound index symbols that occur free in a generator."""
        if gid in self.bound_ids:
            return frozenset((gid,))
        found = self._bound.get(gid)
        if found is None:
            found = self._bound[gid] = self._dependencies(self.keys[gid])
        return found

    def monomial_depends(self, monomial: Monomial) -> frozenset[int]:
        """The bound index symbols in a monomial."""
        result: frozenset[int] = frozenset()
        for gid, _ in monomial:
            result |= self.depends(gid)
        return result

    def poly_depends(self, poly: PolyKey) -> frozenset[int]:
        """The bound index symbols in a polynomial."""
        result: frozenset[int] = frozenset()
        for monomial, _ in poly:
            result |= self.monomial_depends(monomial)
        return result

    def _dependencies(self, key: tuple[Any, ...]) -> frozenset[int]:
        ids = _Ids(self)
        ids.visit(key)
        return ids.found

    def rename(self, gid: int, mapping: Mapping[int, int]) -> int:
        """The generator with index symbols replaced."""
        if gid in mapping:
            return mapping[gid]
        if not self.depends(gid) & mapping.keys():
            return gid
        return self.intern(self._renamed(self.keys[gid], mapping))

    def rename_monomial(self, monomial: Monomial, mapping: Mapping[int, int]) -> Monomial:
        """The monomial with index symbols replaced, sorted again."""
        powers: dict[int, int] = {}
        for gid, power in monomial:
            new = self.rename(gid, mapping)
            powers[new] = powers.get(new, 0) + power
        return tuple(sorted(powers.items()))

    def rename_poly(self, poly: PolyKey, mapping: Mapping[int, int]) -> PolyKey:
        """The polynomial with index symbols replaced, sorted again."""
        terms: dict[Monomial, int] = {}
        for monomial, coefficient in poly:
            new = self.rename_monomial(monomial, mapping)
            terms[new] = terms.get(new, 0) + coefficient
        return tuple(sorted((m, c) for m, c in terms.items() if c))

    def span_depends(self, span: Span) -> frozenset[int]:
        """The bound index symbols in the bounds of a range, as of ``j`` in ``1 <= i <= j``."""
        result: frozenset[int] = frozenset()
        for side in span:
            for poly in side or ():
                result |= self.poly_depends(poly)
        return result

    def shape(self, poly: PolyKey) -> PolyKey:
        """The polynomial with all bound indices made the same, for what should not hang on their names."""
        bound = self.poly_depends(poly)
        if not bound:
            return poly
        return self.rename_poly(poly, dict.fromkeys(bound, self.intern(("sym", Symbol("#")))))

    def parts(self, key: tuple[Any, ...]) -> list[int]:
        """The generators that a key of a function, root, sum or product is made of (ranges apart)."""
        match key:
            case ("exp", monomial, den, _) | ("trig", _, monomial, den, _) | ("sum", _, monomial, den):
                polys: tuple[PolyKey, ...] = (((monomial, 1),), den)
            case ("log", factor) | ("root", factor, _) | ("prod", _, factor):
                polys = (factor,)
            case ("func", _, (num, den)):
                polys = (num, den)
            case _:
                polys = ()
        return [gid for poly in polys for monomial, _ in poly for gid, _ in monomial]

    def span_generators(self, span: Span) -> list[int]:
        """The generators in the bounds of a range."""
        return [g for side in span for poly in side or () for monomial, _ in poly for g, _ in monomial]

    def rename_span(self, span: Span, mapping: Mapping[int, int]) -> Span:
        """The range with index symbols in its bounds replaced."""
        if not self.span_depends(span) & mapping.keys():
            return span
        return tuple(
            side and (self.rename_poly(side[0], mapping), self.rename_poly(side[1], mapping)) for side in span
        )

    def _renamed(self, key: tuple[Any, ...], mapping: Mapping[int, int]) -> tuple[Any, ...]:
        def poly(p: PolyKey) -> PolyKey:
            return self.rename_poly(p, mapping)

        match key:
            case ("comp", base, indices):
                return ("comp", base, tuple(self.rename(i, mapping) for i in indices))
            case ("ix", (num, den)):
                return ("ix", (poly(num), poly(den)))
            case ("exp", monomial, den, unit):
                return ("exp", self.rename_monomial(monomial, mapping), poly(den), unit)
            case ("trig", name, monomial, den, unit):
                return ("trig", name, self.rename_monomial(monomial, mapping), poly(den), unit)
            case ("root", factor, degree):
                return ("root", poly(factor), degree)
            case ("log" | "pos" as tag, factor):
                return (tag, poly(factor))
            case ("func", name, (num, den)):
                return ("func", name, (poly(num), poly(den)))
            case ("app", name, orders, args):
                return ("app", name, orders, tuple((poly(n), poly(d)) for n, d in args))
            case ("delta", left, right):
                return ("delta", *sorted((self.rename(left, mapping), self.rename(right, mapping))))
            case ("parity", monomial):
                return ("parity", self.rename_monomial(monomial, mapping))
            case ("sum", ranges, monomial, den):
                renamed = tuple((index, self.rename_span(span, mapping)) for index, span in ranges)
                return ("sum", renamed, self.rename_monomial(monomial, mapping), poly(den))
            case ("prod", ranges, factor):
                renamed = tuple((index, self.rename_span(span, mapping)) for index, span in ranges)
                return ("prod", renamed, poly(factor))
            case ("size", span):
                return ("size", self.rename_span(span, mapping))
            case _:
                return key


class _Ids:
    """Collects the bound symbols in a key; those that the key itself binds are left out."""

    def __init__(self, table: Generators) -> None:
        self.table = table
        self.found: frozenset[int] = frozenset()

    def poly(self, poly: PolyKey) -> None:
        self.found |= self.table.poly_depends(poly)

    def visit(self, key: tuple[Any, ...]) -> None:
        table = self.table
        match key:
            case ("comp", _, indices):
                for gid in indices:
                    self.found |= table.depends(gid)
            case ("ix", (num, den)) | ("func", _, (num, den)):
                self.poly(num)
                self.poly(den)
            case ("exp", monomial, den, _) | ("trig", _, monomial, den, _):
                self.found |= table.monomial_depends(monomial)
                self.poly(den)
            case ("log" | "pos", factor) | ("root", factor, _):
                self.poly(factor)
            case ("app", _, _, args):
                for num, den in args:
                    self.poly(num)
                    self.poly(den)
            case ("delta", left, right):
                self.found |= table.depends(left) | table.depends(right)
            case ("parity", monomial):
                self.found |= table.monomial_depends(monomial)
            case ("sum", ranges, monomial, den):
                own = frozenset(index for index, _ in ranges)
                self.found |= table.monomial_depends(monomial) | table.poly_depends(den)
                for _, span in ranges:
                    self.found |= table.span_depends(span)
                self.found -= own
            case ("prod", ranges, factor):
                self.found |= table.poly_depends(factor)
                for _, span in ranges:
                    self.found |= table.span_depends(span)
                self.found -= frozenset(index for index, _ in ranges)
            case ("size", span):
                self.found |= table.span_depends(span)
            case _:
                pass
