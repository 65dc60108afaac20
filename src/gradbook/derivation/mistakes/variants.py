"""What a derivative may become when one rule on the way to it, or two, are replaced by mal-rules.

The values of every variant at a few points are put together from those of its parts, so a variant costs a
few operations; its tree is only built if its values are those of the written line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import cast

from gradbook.derivation.mistakes.algebra import slips_of_algebra
from gradbook.derivation.mistakes.differentiation import Differentiation
from gradbook.derivation.mistakes.malrules import wrong_results
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.values import Frame, Points, Values, operands, operate
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.expr import (
    Add,
    Cases,
    Condition,
    Derivative,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Pow,
    Product,
    Sum,
    rebuild,
    walk,
)
from gradbook.symbolic.tidy import tidy


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to go wrong: its values, the slips, and how to build its tree."""

    values: Values
    slips: tuple[Slip, ...]
    tree: Callable[[], Expr]

    @property
    def cost(self) -> float:
        """How far-fetched it is."""
        return sum(s.cost for s in self.slips)


@dataclass
class _Uses:
    """How often a mal-rule was used, and what it said first."""

    count: int = 0
    slip: Slip | None = None


class Variants:
    """The variants of trees in which derivatives are still to be taken."""

    def __init__(self, points: Points, clock: Clock) -> None:
        self.points = points
        self.clock = clock
        self._single: dict[tuple[Expr, int], list[Variant]] = {}
        self._steps: dict[Derivative, tuple[Differentiation, list[tuple[Expr, Slip]]] | None] = {}
        self._pending: dict[Node, bool] = {}

    def single(self, expr: Expr, frame: Frame | None = None) -> list[Variant]:
        """All variants with one mistake; the right tree is not among them."""
        frame = frame or self.points.frame
        key = (expr, id(frame))
        found = self._single.get(key)
        if found is None:
            self.clock.check()
            found = self._single[key] = list(
                _distinct(self._singles(expr, frame), self.points.values(expr, frame))
            )
        return found

    def throughout(self, expr: Expr) -> Iterator[Variant]:
        """Variants with the same mistake wherever there is occasion for it, of which there are several."""
        self.single(expr)
        occasions: dict[tuple[str, str], int] = {}
        for found in list(self._steps.values()):
            if found is not None:
                for key in {(slip.code, found[0].rule) for _, slip in found[1]}:
                    occasions[key] = occasions.get(key, 0) + 1
        for (code, rule), count in occasions.items():
            seen = _Uses()
            tree = self._with(expr, code, rule, seen)
            if seen.count < 2 or (count < 2 and seen.count < 2) or seen.slip is None:
                continue
            self.clock.check()
            values = self._valued(tree, self.points.frame)
            if values is not None:
                words = seen.slip.words + " (and so in every such place)"
                slip = replace(seen.slip, words=words, extra=seen.slip.extra + 0.1)
                yield Variant(values, (slip,), lambda tree=tree: tree)

    def _with(self, expr: Node, code: str, rule: str, seen: _Uses) -> Expr:
        """The derivation in which one rule always goes wrong in the same way."""
        if isinstance(expr, Derivative):
            step = self.step(expr)
            if step is None:
                return expr
            after = step[0].after
            if step[0].rule == rule:
                for wrong, slip in step[1]:
                    if slip.code == code:
                        seen.count += 1
                        seen.slip = seen.slip or slip
                        after = wrong
                        break
            return self._with(after, code, rule, seen)

        def visit(part: Node) -> Node:
            return part if isinstance(part, Condition) else self._with(part, code, rule, seen)

        return cast(Expr, rebuild(expr, visit))

    def double(self, expr: Expr, frame: Frame | None = None) -> Iterator[Variant]:
        """Variants with two mistakes."""
        frame = frame or self.points.frame
        if isinstance(expr, Derivative):
            step = self.step(expr)
            if step is None:
                return
            yield from self.double(step[0].after, frame)
            for wrong, slip in step[1]:
                for variant in self.single(wrong, frame):
                    if not _clash(slip, variant.slips[0]):
                        yield Variant(variant.values, (slip, *variant.slips), variant.tree)
            return
        parts = self._parts(expr, frame)
        for k, (part, inner) in enumerate(parts):
            for variant in self.double(part, inner):
                yield self._assembled(expr, frame, {k: variant})
        for (j, (a, in_a)), (k, (b, in_b)) in combinations(enumerate(parts), 2):
            for first in self.single(a, in_a):
                self.clock.check()
                for second in self.single(b, in_b):
                    yield self._assembled(expr, frame, {j: first, k: second})
        for wrong, slip in slips_of_algebra(expr):
            for variant in self.single(wrong, frame):
                if not _clash(slip, variant.slips[0]):
                    yield Variant(variant.values, (slip, *variant.slips), variant.tree)

    def step(self, node: Derivative) -> tuple[Differentiation, list[tuple[Expr, Slip]]] | None:
        """The rule that applies to a derivative, and what the mal-rules make of it."""
        if node not in self._steps:
            worked = node
            if any(isinstance(n, Derivative) for n in walk(node.body)):
                worked = Derivative(tidy(expand_derivatives(node.body)), node.wrt, node.order, node.variant)
            step = Differentiation.of(worked, whole=not self._steps)
            self._steps[node] = None if step is None else (step, list(wrong_results(step)))
        return self._steps[node]

    def steps(self) -> list[Differentiation]:
        """The applications of rules that were gone through."""
        return [found[0] for found in self._steps.values() if found is not None]

    # --- one mistake ------------------------------------------------------------------------------------

    def _singles(self, expr: Expr, frame: Frame) -> Iterator[Variant]:
        if isinstance(expr, Derivative):
            step = self.step(expr)
            if step is None:
                return
            for wrong, slip in step[1]:
                values = self._valued(wrong, frame)
                if values is not None:
                    yield Variant(values, (slip,), lambda wrong=wrong: wrong)
            for variant in self.single(step[0].after, frame):
                yield variant if step[0].trivial else _deeper(variant)
            return
        for k, (part, inner) in enumerate(self._parts(expr, frame)):
            for variant in self.single(part, inner):
                yield self._assembled(expr, frame, {k: variant})
        for wrong, slip in slips_of_algebra(expr):
            values = self._valued(wrong, frame)
            if values is not None:
                yield Variant(values, (slip,), lambda wrong=wrong: wrong)

    def _valued(self, expr: Expr, frame: Frame) -> Values | None:
        try:
            return self.points.values(expr, frame)
        except (BoundHit, NotDifferentiable, OverflowError, ValueError):
            return None

    def _parts(self, expr: Expr, frame: Frame) -> list[tuple[Expr, Frame]]:
        """The parts of a node that can go wrong, each with the frame that it stands in."""
        match expr:
            case Add() | Mul() | Neg() | Div() | Pow() | Func():
                return [(part, frame) for part in operands(expr)]
            case Sum(body) | Product(body):
                return [(body, self.points.below(expr, frame))]
            case Cases(branches):
                return [(value, frame) for value, _ in branches]
            case _:
                return []

    def _assembled(self, expr: Expr, frame: Frame, chosen: dict[int, Variant]) -> Variant:
        """A node with variants in the place of some of its parts."""
        points = self.points
        parts = [
            chosen[k].values if k in chosen else points.values(part, inner)
            for k, (part, inner) in enumerate(self._parts(expr, frame))
        ]
        match expr:
            case Sum() | Product():
                values = points.gathered(expr, parts[0], frame)
            case Cases(branches):
                values = points.branched([c for _, c in branches], parts, frame)
            case _:
                values = operate(expr, parts)
        slips = tuple(slip for variant in chosen.values() for slip in variant.slips)
        return Variant(values, slips, lambda: _rebuilt(expr, {k: v.tree() for k, v in chosen.items()}))


def _rebuilt(expr: Expr, chosen: dict[int, Expr]) -> Expr:
    place = -1

    def change(part: Node) -> Node:
        nonlocal place
        if isinstance(part, Condition):
            return part
        place += 1
        return chosen.get(place, part)  # type: ignore[return-value]

    result = rebuild(expr, change)
    assert isinstance(result, Expr)
    return result


def _deeper(variant: Variant) -> Variant:
    """A mistake inside of a rule: that a part there is not differentiated at all is less likely than outside."""
    slip = variant.slips[0]
    if slip.code not in _SHALLOW or slip.extra >= _INSIDE:
        return variant
    return Variant(variant.values, (replace(slip, extra=slip.extra + _INSIDE),), variant.tree)


#: Mistakes that are made with whole terms and branches rather than inside of other rules.
_SHALLOW = frozenset({"D115", "D116", "D117"})
_INSIDE = 0.06


def _distinct(found: Iterator[Variant], right: Values) -> Iterator[Variant]:
    """Variants that differ in their values, or in the mistake; those that come out right are left out."""
    seen: set[tuple[object, ...]] = set()
    for variant in found:
        values = variant.values
        if not values or (values[0] != values[0] and all(v != v for v in values)):
            continue  # no value anywhere: it cannot be the line, which has one
        key = (variant.slips[0].code, *(round(v, 10) for v in values))
        if key in seen:
            continue
        seen.add(key)
        if variant.values and all(
            abs(a - b) <= 1e-10 * (abs(a) + abs(b)) for a, b in zip(variant.values, right, strict=True)
        ):
            continue
        yield variant


def _clash(outer: Slip, inner: Slip) -> bool:
    """Whether a second slip undoes what the first says: the same mistake at the same place."""
    return outer.code == inner.code and outer.parts == inner.parts
