r"""Sums of Kronecker's delta: it picks one term.

>>> from gradbook.symbolic import to_text
>>> i, j = Symbol("i"), Symbol("j")
>>> to_text(collapsed(Sum(Mul((Indexed("y", (i,)), Delta(i, j))), "i")))
'y_j'
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from gradbook.derivation.rules import times
from gradbook.symbolic.expr import (
    ONE,
    Add,
    Delta,
    Div,
    Expr,
    Indexed,
    Mul,
    Neg,
    Node,
    Sum,
    Symbol,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.tidy import tidy


def collapsed(expr: Expr) -> Expr:
    """The expression with each sum over an index of a delta replaced by the term that it picks.

    The other index is taken to be in the range of the sum, as indices of the same quantity are.
    """
    if not any(isinstance(n, Delta) for n in walk(expr)):
        return expr

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        return _picked(node) if isinstance(node, Sum) and node.excluded is None else node

    return tidy(cast(Expr, visit(expr)))


def _picked(node: Sum) -> Expr:
    body = tidy(_spread(node.body))
    terms = body.terms if isinstance(body, Add) else (body,)
    taken = [_pick(term, node.index) for term in terms]
    if all(t is None for t in taken):
        return node
    left = tuple(term for term, t in zip(terms, taken, strict=True) if t is None)
    found = [t for t in taken if t is not None]
    if left:
        rest = left[0] if len(left) == 1 else Add(left)
        found.append(Sum(rest, node.index, node.lower, node.upper))
    return found[0] if len(found) == 1 else Add(tuple(found))


def _spread(body: Expr) -> Expr:
    """A product with a sum of terms in it that has a delta among them, multiplied out."""
    match body:
        case Neg(arg):
            spread = _spread(arg)
            return Add(tuple(Neg(t) for t in spread.terms)) if isinstance(spread, Add) else body
        case Mul(factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Add) and any(isinstance(n, Delta) for n in walk(factor)):
                    rest = (*factors[:k], *factors[k + 1 :])
                    return Add(tuple(times(*rest, term) for term in factor.terms))
            return body
        case _:
            return body


def totals_used(expr: Expr, simplex: Collection[str]) -> Expr:
    """The expression with the sum of all components of a distribution, which is one, left out.

    >>> totals_used(Sum(Indexed("y", (Symbol("k"),)), "k"), {"y"})
    Number(value=Fraction(1, 1), decimals=None)
    """

    def visit(node: Node) -> Node:
        match node:
            case Sum(Indexed(base, (*_, Symbol(last))), index, None, None, None) if (
                base in simplex and last == index
            ):
                return ONE
            case _:
                return rebuild(node, visit)

    return tidy(cast(Expr, visit(expr))) if simplex else expr


def _pick(term: Expr, index: str) -> Expr | None:
    match term:
        case Neg(arg):
            inner = _pick(arg, index)
            return None if inner is None else Neg(inner)
        case Div(num, den):
            inner = _pick(num, index)
            if inner is None:
                return None
            other = _other(num, index)
            return Div(inner, substitute(den, {Symbol(index): other})) if other is not None else None
        case _:
            other = _other(term, index)
            if other is None:
                return None
            factors = term.factors if isinstance(term, Mul) else (term,)
            delta = next(f for f in factors if isinstance(f, Delta) and Symbol(index) in (f.left, f.right))
            rest = [f for f in factors if f is not delta]
            return substitute(times(*rest) if rest else ONE, {Symbol(index): other})


def _other(term: Expr, index: str) -> Expr | None:
    """The index that a delta among the factors ties to ours."""
    for factor in term.factors if isinstance(term, Mul) else (term,):
        match factor:
            case Delta(left, right) if left == Symbol(index):
                return right
            case Delta(left, right) if right == Symbol(index):
                return left
            case _:
                continue
    return None
