"""What the code takes for the gradient where there is none, and how it says so."""

from __future__ import annotations

from gradbook.derivation.algebra import simplify
from gradbook.derivation.code.parts import ratio
from gradbook.derivation.formats.words import kink_sentence
from gradbook.derivation.steps import Derivation, Kink, KinkKind
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.decide import decide_order
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    ZERO,
    Add,
    AnyOf,
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
    rebuild,
    substitute,
)
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.printing import to_text
from gradbook.symbolic.tidy import tidy


def sentence(derivation: Derivation, kink: Kink) -> str:
    """Where there is no derivative, and the value that the code takes there.

    >>> from gradbook.derivation.steps import Definition
    >>> from gradbook.derivation.working import work_out
    >>> from gradbook.symbolic.plain import read
    >>> done = work_out(Definition("f", (read("x"),), read("x if x > 0 else 0")), read("x"))
    >>> sentence(done, done.kinks[0]).rpartition(": ")[2]
    'this code takes 0 there, a subgradient.'
    """
    told = kink_sentence(kink, to_text).rstrip(".")
    value = taken(derivation.result, kink, derivation.domain)
    if value is None:
        return f"{told}: this code takes what the formula gives there."
    matching = kink.kind is KinkKind.CORNER
    return f"{told}: this code takes {to_text(value)} there{', a subgradient' if matching else ''}."


def taken(result: Expr, kink: Kink, domain: Domain) -> Expr | None:
    """The value of the result on the seam of a kink; None if it is not plain."""
    if not isinstance(kink.where, Relation):
        return None
    left, right = kink.where.left, kink.where.right
    difference = tidy(Add((left, Neg(right))))

    def visit(node: Node) -> Node:
        if isinstance(node, Cases):
            for value, condition in node.branches:
                holds = isinstance(condition, Otherwise) or _holds(condition, difference, left, right, domain)
                if holds is None:
                    return node
                if holds:
                    return visit(value)
        if (
            isinstance(node, Func)
            and node.name in ("sign", "step")
            and ratio(node.args[0], difference) is not None
        ):
            return ZERO
        return rebuild(node, visit)

    at = visit(result)
    if any(isinstance(n, Cases) for n in _nodes(at)):
        return None
    value = tidy(substitute(at, {left: right}))
    return value if len(to_text(value)) < 40 else None


def _nodes(node: Node) -> list[Node]:
    from gradbook.symbolic.expr import walk

    return list(walk(node))


def _holds(condition: Condition, difference: Expr, left: Expr, right: Expr, domain: Domain) -> bool | None:
    match condition:
        case AnyOf(parts):
            truths = [_holds(p, difference, left, right, domain) for p in parts]
            return True if True in truths else None if None in truths else False
        case Relation(a, op, b):
            gap = tidy(Add((a, Neg(b))))
            if ratio(gap, difference) is not None or tidy(substitute(gap, {left: right})) == ZERO:
                return op in (Op.EQ, Op.LE, Op.GE)
            sign = _sign(simplify(tidy(substitute(gap, {left: right}))), domain)
            if sign is None:
                return None
            return {
                Op.GT: sign > 0,
                Op.GE: sign >= 0,
                Op.LT: sign < 0,
                Op.LE: sign <= 0,
                Op.EQ: sign == 0,
            }.get(op)
        case _:
            return None


def _sign(value: Expr, domain: Domain) -> int | None:
    """The sign of what holds no variable any more, proved from the domain."""
    match value:
        case Number(n):
            return (n > 0) - (n < 0)
        case _:
            for op, sign in ((Op.GT, 1), (Op.LT, -1)):
                if decide_order(value, op, ZERO, domain, clock=Clock(0.5)).outcome is Outcome.PROVED:
                    return sign
            return None
