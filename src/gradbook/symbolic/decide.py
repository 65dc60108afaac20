"""Decide whether two trees are equal on a domain: a proof, a certified counterexample, or neither.

The order is: look at two points, where enclosures of the two sides may not meet; prove in every cell of the
domain by the normal form; if that fails, look for a point with more patience; if there is none, say how far
they agree.

>>> from gradbook.symbolic.expr import Add, Func, Mul, Neg, ONE, Symbol
>>> s = Func("sigmoid", (Symbol("x"),))
>>> decide(Mul((s, Add((ONE, Neg(s))))), Add((s, Neg(Mul((s, s)))))).outcome
<Outcome.PROVED: 'proved'>
>>> decide(s, ONE).outcome
<Outcome.REFUTED: 'refuted'>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.domain import Domain, Premises
from gradbook.symbolic.expr import (
    ZERO,
    Condition,
    Derivative,
    Expr,
    Node,
    Number,
    Op,
    Product,
    Sum,
    children,
    kinds,
    rebuild,
    tree_size,
    walk,
)
from gradbook.symbolic.outcomes import Counterexample, Decision, Flaw, Outcome, display
from gradbook.symbolic.proof import Proof, proved_termwise
from gradbook.symbolic.search import Search

__all__ = [
    "Counterexample",
    "Decision",
    "Flaw",
    "Outcome",
    "decide",
    "decide_order",
    "differences",
    "display",
    "forget",
]


#: Decisions by claim and domain, so that an unchanged line costs nothing when its document is checked again.
_MEMORY: dict[tuple[Expr, Expr, Domain], Decision] = {}
_REMEMBERED = 8192


def decide(left: Expr, right: Expr, domain: Domain | None = None, *, clock: Clock | None = None) -> Decision:
    """Whether ``left`` equals ``right`` on the domain (almost everywhere: seams and kinks apart).

    The trees are scalars; ``clock`` is the deadline, two seconds from now if there is none. Never raises for
    what the trees hold; a bound that is hit gives UNDECIDED with its name.

    >>> from gradbook.symbolic.expr import Func, Pow, Symbol, TWO
    >>> x = Symbol("x")
    >>> decide(Func("log", (Pow(x, TWO),)), x).counterexample.left
    '1.38629'
    """
    clock = clock or Clock(2.0)
    domain = domain or Domain()
    key = (left, right, domain)
    try:
        known = _MEMORY.get(key)
        if known is not None:
            return known
        left, right = expand_derivatives(left), expand_derivatives(right)
        left, right = _with_ranges(left, right)
        decision = _decide(left, right, domain, clock)
    except (BoundHit, NotDifferentiable) as stop:
        return Decision(Outcome.UNDECIDED, str(stop))
    except RecursionError:
        return Decision(Outcome.UNDECIDED, "the depth of an expression")
    if decision.outcome is not Outcome.UNDECIDED:
        if len(_MEMORY) >= _REMEMBERED:
            _MEMORY.clear()
        _MEMORY[key] = decision
    return decision


def forget() -> None:
    """Drop the decisions that are remembered, as for measuring what one takes."""
    _MEMORY.clear()
    Premises.of.cache_clear()


def decide_order(
    left: Expr, op: Op, right: Expr, domain: Domain | None = None, *, clock: Clock | None = None
) -> Decision:
    """Whether ``left op right`` holds on the domain, for an inequality.

    Proved if the sign of the difference is plain in every cell (a product of squares, exponentials and
    factors of known sign); refuted by a certified point; otherwise undecided.

    >>> from gradbook.symbolic.expr import Pow, Symbol, TWO, ZERO
    >>> decide_order(Pow(Symbol("x"), TWO), Op.GE, ZERO).outcome
    <Outcome.PROVED: 'proved'>
    """
    clock = clock or Clock(2.0)
    domain = domain or Domain()
    try:
        left, right = expand_derivatives(left), expand_derivatives(right)
        if op in (Op.LT, Op.LE):
            left, right, op = right, left, Op.GT if op is Op.LT else Op.GE
        search = Search(left, right, domain, clock)
        if op is not Op.NE and Proof(left, right, domain, clock).positive(strictly=op is Op.GT):
            return search.witness(op)
        return search.against(op)
    except (BoundHit, NotDifferentiable) as stop:
        return Decision(Outcome.UNDECIDED, str(stop))
    except RecursionError:
        return Decision(Outcome.UNDECIDED, "the depth of an expression")


def _decide(left: Expr, right: Expr, domain: Domain, clock: Clock) -> Decision:
    search = Search(left, right, domain, clock)
    reason = ""
    try:
        refuted = None if left == right else search.glance()
        if refuted is not None:
            return refuted
        proved = left == right or _congruent(left, right, domain, clock)
        proved = proved or Proof(left, right, domain, clock).holds()
        if not proved:
            proved = proved_termwise(left, right, domain, clock)
    except BoundHit as stop:
        proved, reason = False, str(stop)
    if proved:
        return search.sanity()
    return search.run(reason)


#: Trees of at least this size are first compared part by part.
_LARGE = 120


def _congruent(left: Expr, right: Expr, domain: Domain, clock: Clock) -> bool:
    """A proof that two large trees of one shape are equal because the small parts are in which they differ."""
    if tree_size(left) < _LARGE:
        return False
    pairs = list(differences(left, right))
    if pairs == [(left, right)] or sum(tree_size(a) for a, _ in pairs) * 2 > tree_size(left):
        return False
    return all(Proof(a, b, domain, clock).holds() for a, b in pairs)


def differences(left: Expr, right: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The smallest parts in which two trees of one shape differ; conditions have to be the same.

    >>> from gradbook.symbolic.expr import Add, Func, Symbol
    >>> x, y = Symbol("x"), Symbol("y")
    >>> list(differences(Func("exp", (Add((x, y)),)), Func("exp", (Add((x, x)),))))
    [(Symbol(name='y'), Symbol(name='x'))]
    """
    if left == right:
        return
    if type(left) is type(right) and not isinstance(left, Derivative) and children(left):
        pairs = list(zip(children(left), children(right), strict=False))
        if _blank(left) == _blank(right) and all(
            a == b or (isinstance(a, Expr) and isinstance(b, Expr)) for a, b in pairs
        ):
            for a, b in pairs:
                if isinstance(a, Expr) and isinstance(b, Expr):
                    yield from differences(a, b)
            return
    yield left, right


def _blank(node: Expr) -> Node:
    """The node with its parts left out, conditions kept."""
    return rebuild(node, lambda part: part if isinstance(part, Condition) else ZERO)


def _with_ranges(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """A sum written without bounds runs over the one range that the other sums of the claim have."""
    if kinds(left).isdisjoint((Sum, Product)) and kinds(right).isdisjoint((Sum, Product)):
        return left, right
    nodes = [n for e in (left, right) for n in walk(e) if isinstance(n, Sum | Product)]
    open_ended = [n for n in nodes if n.lower is None and n.upper is None]
    ranges = {(n.lower, n.upper) for n in nodes if n.upper is not None and not isinstance(n.upper, Number)}
    if not open_ended or len(ranges) != 1:
        return left, right
    ((lower, upper),) = ranges

    def fill(node: Node) -> Node:
        node = rebuild(node, fill)
        if isinstance(node, Sum) and node.lower is None and node.upper is None:
            return Sum(node.body, node.index, lower, upper, node.excluded)
        if isinstance(node, Product) and node.lower is None and node.upper is None:
            return Product(node.body, node.index, lower, upper)
        return node

    return cast(Expr, fill(left)), cast(Expr, fill(right))
