"""Branches of case distinctions that may be evaluated where they do not count.

An array is not branched on: every branch is evaluated at every point. A branch that could overflow there, or
has no value there, is given another argument in its place, at which it is harmless.

>>> from gradbook.symbolic.plain import read, write
>>> write(guarded(read("x if x > 0 else exp(x) - 1"), {}))
'x if x > 0 else exp(0 if x > 0 else x) - 1'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import cast

from gradbook.derivation.code.parts import outside_conditions, quantities, terms
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.evaluate import Overlap, Point, Undefined, evaluate
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    AnyOf,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Op,
    Otherwise,
    Pow,
    Relation,
    Sum,
    Symbol,
    number,
    rebuild,
    replace,
    walk,
)


class Harmless(Cases):
    """An argument where its branch counts, and a harmless number where it does not."""


#: Arguments at which a branch is tried, to find one where it has a value.
_HARMLESS = (ZERO, ONE, Number(Fraction(1, 2)), number(2), Neg(ONE))


def guarded(expr: Expr, constants: Mapping[Expr, float]) -> Expr:
    """The expression with every risky branch given an argument that is harmless where the branch does not count."""

    def visit(node: Node) -> Node:
        if isinstance(node, Condition):
            return node
        if isinstance(node, Cases) and not isinstance(node, Harmless):
            return _merged(
                tuple(
                    (cast(Expr, visit(_guard(node, k, constants))), condition)
                    for k, (_, condition) in enumerate(node.branches)
                )
            )
        return rebuild(node, visit)

    return cast(Expr, visit(expr))


def _merged(branches: tuple[tuple[Expr, Condition], ...], kind: type[Cases] = Cases) -> Expr:
    """Neighbours of one value are one branch; a last condition that repeats ``otherwise`` is dropped."""
    kept: list[tuple[Expr, Condition]] = []
    for value, condition in branches:
        if kept and kept[-1][0] == value and not isinstance(condition, Otherwise):
            earlier = kept[-1][1]
            parts = (*earlier.parts, condition) if isinstance(earlier, AnyOf) else (earlier, condition)
            kept[-1] = (value, AnyOf(parts))
        else:
            kept.append((value, condition))
    return kind(tuple(kept))


def _guard(cases: Cases, k: int, constants: Mapping[Expr, float]) -> Expr:
    value, condition = cases.branches[k]
    varying = quantities(value, constants)
    if not varying or not _risky(value, constants):
        return value
    earlier = tuple(c for _, c in cases.branches[:k])
    if isinstance(condition, Otherwise):
        clipped = _clipped(value, earlier, constants)
        if clipped is not None:
            return clipped
    for argument in _arguments(value, varying, constants):
        harmless = next(
            (h for h in _HARMLESS if _has_value(replace(value, {argument: h}), constants)),
            None,
        )
        if harmless is None:
            continue
        if isinstance(condition, Otherwise):
            branches = (*((harmless, c) for c in earlier), (argument, Otherwise()))
        else:
            branches = ((argument, condition), (harmless, Otherwise()))
        return cast(Expr, replace(value, {argument: _merged(branches, Harmless)}))
    return value


def _clipped(value: Expr, earlier: tuple[Condition, ...], constants: Mapping[Expr, float]) -> Expr | None:
    """The value at x held between the bounds that the earlier conditions set on x, if they do."""
    bounds: list[tuple[Expr, Condition]] = []
    variable: Expr | None = None
    for condition in earlier:
        match condition:
            case Relation(x, Op.LT | Op.LE | Op.GT | Op.GE, bound) if isinstance(
                x, Symbol | Indexed
            ) and not quantities(bound, constants):
                if variable not in (None, x) or not _has_value(replace(value, {x: bound}), constants):
                    return None
                variable = x
                bounds.append((bound, condition))
            case _:
                return None
    if variable is None:
        return None
    return cast(Expr, replace(value, {variable: Harmless((*bounds, (variable, Otherwise())))}))


def _risky(value: Expr, constants: Mapping[Expr, float]) -> bool:
    """Whether a branch can overflow, or have no value, where its quantities are in range."""
    for node in outside_conditions(value):
        match node:
            case Add() if any(abs(c) > 1 for core, c in _repeated(node) if quantities(core, constants)):
                return True
            case Mul((factor, *rest)) if _enlarges(factor, constants) and any(
                quantities(r, constants) for r in rest
            ):
                return True
            case Func("abs" | "sign" | "max" | "min" | "step" | "relu", _):
                continue
            case Func(_, args) if any(quantities(a, constants) for a in args):
                return True
            case Div(_, den) if quantities(den, constants):
                return True
            case Pow(base, _) if quantities(base, constants):
                return True
            case Mul(parts) if sum(bool(quantities(p, constants)) for p in parts) > 1:
                return True
            case _:
                continue
    return False


def _repeated(node: Add) -> Iterator[tuple[Expr, Fraction]]:
    """The parts of a sum with the sizes of their coefficients added up."""
    sizes: dict[Expr, Fraction] = {}
    for c, core in terms(node):
        sizes[core] = sizes.get(core, Fraction(0)) + abs(c)
    yield from sizes.items()


def _enlarges(factor: Expr, constants: Mapping[Expr, float]) -> bool:
    """Whether a constant factor makes what it multiplies larger."""
    match factor:
        case Number(value):
            return abs(value) > 1
        case _:
            return abs(constants.get(factor, 0.0)) > 1


def _arguments(value: Expr, varying: set[Expr], constants: Mapping[Expr, float]) -> Iterator[Expr]:
    """Parts of a branch through which alone it depends on its quantities: the largest sums first, then the rest."""
    candidates = dict.fromkeys(
        node
        for node in outside_conditions(value)
        if isinstance(node, Add | Symbol | Indexed) and node != value and quantities(node, constants)
    )
    for node in candidates:
        rest = replace(value, {node: ONE})
        inner_risk = _risky(cast(Expr, node), constants)
        bound = any(isinstance(n, Sum) for n in walk(value)) and isinstance(node, Indexed | Add)
        if not quantities(rest, constants) and not inner_risk and not bound:
            yield cast(Expr, node)
    for node in candidates:
        if isinstance(node, Symbol) and node in varying:
            yield node


def _has_value(value: Expr, constants: Mapping[Expr, float]) -> bool:
    """Whether a branch has a value, constants as told and every other quantity one half."""
    point = Point(lambda atom: Fraction(constants.get(atom, 0.5)))
    with suppress(Undefined, Overlap, BoundHit):
        evaluate(value, point)
        return True
    return False
