r"""Mistakes in the conditions of a case distinction: swapped, shifted, or on the wrong quantity.

The right conditions are those of the derivation. Where the branches of the written line become right under them,
it is the written conditions that are wrong.

>>> from gradbook.symbolic import to_text
>>> from gradbook.symbolic.expr import ONE
>>> x = Symbol("x")
>>> written = Cases(((ZERO, Relation(x, Op.GT, ZERO)), (ONE, Relation(x, Op.LE, ZERO))))
>>> [(slip.code, to_text(mended)) for mended, slip in swapped(written, ())]
[('B101', '{1 if x > 0; 0 if x ≤ 0}')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from gradbook.derivation.conditions import compare
from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.mistakes.spots import opened
from gradbook.symbolic.domain import solutions
from gradbook.symbolic.expr import (
    ZERO,
    Add,
    Cases,
    Condition,
    Expr,
    Func,
    Neg,
    Node,
    Number,
    Op,
    Otherwise,
    Relation,
    Sum,
    Symbol,
    free_names,
    replace,
    substitute,
    walk,
)
from gradbook.symbolic.tidy import tidy

#: A case distinction as a list of conditions, the right ones for the branches of some line.
Split = tuple[Condition, ...]

Mended = Iterator[tuple[Expr, Slip]]


def _b(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    return mistake(code, name, meant=meant, family=Family.BRANCH, example=example, cost=cost)


def splits(trees: Sequence[Expr]) -> list[Split]:
    """The case distinctions that a derivation makes: those of cases, of max and min, of absolute values."""
    found: dict[Split, None] = {}
    for tree in trees:
        for node in walk(tree):
            match node:
                case Cases(branches):
                    found[tuple(c for _, c in branches)] = None
                case Func("max" | "min", (a, b)):
                    if a == ZERO:
                        a, b = b, a
                    found[(compare(a, Op.GT, b), Otherwise())] = None
                case Func("abs" | "relu" | "sign", (u,)):
                    found[(compare(u, Op.GT, ZERO), Otherwise())] = None
                case _:
                    pass
    return list(found)


@_b(
    "B101",
    "branches swapped",
    r"each branch is differentiated where its own condition holds",
    (
        "f(x) = \\max(0, 1 - x)",
        "f'(x) = \\begin{cases} -1, & x > 1 \\\\ 0, & x < 1 \\end{cases}",
        "f'(x) = \\begin{cases} -1, & x < 1 \\\\ 0, & x > 1 \\end{cases}",
    ),
)
def swapped(node: Cases, right: Sequence[Split]) -> Mended:
    r"""The branches are right, but each stands where the condition of the other holds; an inequality points the
    wrong way.

    It happens where $1 - yw > 0$ is solved for $yw$, and the sign turns the inequality round.
    """
    values = [v for v, _ in node.branches]
    conditions = [c for _, c in node.branches]
    for order in permutations(range(len(values))):
        if len(values) > 3 or list(order) == sorted(order):
            continue
        mended = Cases(tuple((values[k], c) for k, c in zip(order, conditions, strict=True)))
        yield (
            mended,
            Slip(
                "B101",
                "the branches are swapped: the conditions belong to each other's values",
                (),
                node,
                mended,
            ),
        )


@_b(
    "B102",
    "condition on the wrong quantity",
    r"the condition of a branch speaks of what is inside: $\max(0, u)$ has its corner at $u = 0$",
    (
        "f = \\max(0, x\\theta)",
        "\\frac{\\partial f}{\\partial \\theta} = \\begin{cases} x, & x > 0 \\\\ 0, & x < 0 \\end{cases}",
        "\\frac{\\partial f}{\\partial \\theta} = \\begin{cases} x, & x\\theta > 0 \\\\ 0, & x\\theta < 0 \\end{cases}",
    ),
    1.02,
)
def wrong_condition(node: Cases, right: Sequence[Split]) -> Mended:
    r"""The branches are right, but the condition speaks of another quantity: of $x$, where the function is taken at
    $x\theta$.

    It happens where the case distinction is copied from the function of a plain variable.
    """
    yield from _under(node, right, "B102")


@_b(
    "B103",
    "boundary shifted",
    r"the boundary between two branches stays where it was",
    (
        "f(x) = \\max(0, 1 - x)",
        "f'(x) = \\begin{cases} -1, & x < 0 \\\\ 0, & x > 0 \\end{cases}",
        "f'(x) = \\begin{cases} -1, & x < 1 \\\\ 0, & x > 1 \\end{cases}",
    ),
    1.01,
)
def shifted(node: Cases, right: Sequence[Split]) -> Mended:
    r"""The condition is about the right quantity, but the boundary is not where the function has its corner: at $0$
    instead of at $1$, or at $\delta$ instead of $-\delta$.
    """
    yield from _under(node, right, "B103")
    numbers = {n for _, c in node.branches for n in walk(c) if isinstance(n, Number) and n.value}
    if len(numbers) != 1:
        return
    (shown,) = numbers
    for better in _corners(right):
        if better != shown:
            branches = tuple((v, _with_number(c, shown, better)) for v, c in node.branches)
            mended = Cases(branches)
            words = "the boundary {} is not where it should be: {}"
            yield mended, Slip("B103", words, (shown, better), node, mended)


def _corners(right: Sequence[Split]) -> list[Number]:
    """How far from zero the boundaries of a derivation are, where they are numbers."""
    seams = [p for split in right for c in split for p in walk(c) if isinstance(p, Relation)]
    found: dict[Number, None] = {}
    for seam in seams:
        for solved in solutions([Relation(seam.left, Op.EQ, seam.right)]).values():
            value = tidy(solved)
            bare = value.arg if isinstance(value, Neg) else value
            if isinstance(bare, Number) and bare.value:
                found[Number(abs(bare.value))] = None
    return list(found)


def _with_number(condition: Condition, old: Number, new: Number) -> Condition:
    changed: Condition = replace(condition, {old: new})
    return changed


def _under(node: Cases, right: Sequence[Split], code: str) -> Mended:
    """The branches under the right conditions, in every order, if the mistake in the conditions is of this kind."""
    values = [v for v, _ in node.branches]
    for split in right:
        if len(split) != len(values) or len(values) > 3:
            continue
        own = [c for _, c in node.branches]
        kind = "B103" if _same_quantity(own[0], split[0]) else "B102"
        if kind != code:
            continue
        for order in permutations(range(len(values))):
            branches = tuple((values[k], c) for k, c in zip(order, split, strict=True))
            for mended in _with_sums(branches):
                words = "the condition {} is on the wrong quantity: it should be {}"
                if code == "B103":
                    words = "the boundary {} is not where it should be: {}"
                # the condition for the branch that stands first in the writer's line
                place = order.index(0)
                better = split[place]
                if isinstance(better, Otherwise):
                    other = split[1 - place] if len(split) == 2 else better
                    better = _opposite(other)
                yield mended, Slip(code, words, (own[0], better), node, mended)


def _opposite(condition: Condition) -> Condition:
    flipped = {Op.LT: Op.GE, Op.LE: Op.GT, Op.GT: Op.LE, Op.GE: Op.LT}
    if isinstance(condition, Relation) and condition.op in flipped:
        return Relation(condition.left, flipped[condition.op], condition.right)
    return condition


def _same_quantity(a: Condition, b: Condition) -> bool:
    """Whether two conditions bound the same quantity: their sides differ by a constant."""
    if not isinstance(a, Relation) or not isinstance(b, Relation):
        return False
    if a.left == b.left and not set(walk(a.left)) & {*walk(a.right), *walk(b.right)}:
        return True
    return _moving(a) == _moving(b) and bool(_moving(a))


def _moving(condition: Relation) -> frozenset[Expr]:
    """The terms of both sides that hold a name, signs apart."""
    found: set[Expr] = set()
    todo: list[Expr] = [condition.left, condition.right]
    while todo:
        match todo.pop():
            case Add(terms):
                todo += terms
            case Neg(arg):
                todo.append(arg)
            case Number():
                pass
            case other:
                found.add(tidy(other))
    return frozenset(found)


def _with_sums(branches: tuple[tuple[Expr, Condition], ...]) -> Iterator[Expr]:
    """The case distinction; where its conditions hold an index that its branches sum over, inside of the sum."""
    names = set[str]().union(*(_names(c) for _, c in branches))
    sums = [opened(v) for v, _ in branches]
    ranges = [n for v, _ in branches for n in walk(v) if isinstance(n, Sum)]
    if ranges and all(s is not None or v == ZERO for s, (v, _) in zip(sums, branches, strict=True)):
        index = ranges[0].index
        parts: list[tuple[Expr, Condition]] = []
        for inner, (_, condition) in zip(sums, branches, strict=True):
            body: Expr = ZERO
            if inner is not None:
                body = substitute(inner.body, {Symbol(inner.index): Symbol(index)})
            parts.append((body, condition))
        if index in names:
            yield Sum(Cases(tuple(parts)), index, ranges[0].lower, ranges[0].upper)
            return
    yield Cases(branches)


def _names(condition: Node) -> set[str]:
    return free_names(condition)


#: All mal-rules about conditions.
MALRULES: tuple[Callable[[Cases, Sequence[Split]], Mended], ...] = (swapped, shifted, wrong_condition)


def mended_conditions(node: Cases, right: Sequence[Split]) -> Mended:
    """Every way to mend the conditions of a case distinction."""
    for malrule in MALRULES:
        yield from malrule(node, right)
