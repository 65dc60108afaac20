"""Two usual shorthands: case distinctions written outside the sum they belong in, and per-sample formulas summed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from gradbook.document.symbols import Table
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Cases,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Sum,
    Symbol,
    free_names,
    free_symbols,
    rebuild,
    substitute,
    walk,
)


def gather_cases(right: Expr, left: Expr) -> Expr | None:
    """``{ sum_i a_i if c_i; sum_i b_i if d_i`` read as ``sum_i { a_i if c_i; b_i if d_i``.

    The conditions ask about an index that only the sums bind, so the distinction is made for each term.
    """
    if not isinstance(right, Cases):
        return None
    conditions = [condition for _, condition in right.branches]
    loose = {n for c in conditions for n in free_names(c)} - free_names(left)
    for name in sorted(loose):
        index = Symbol(name)
        if not any(isinstance(p, Indexed) and index in p.indices for c in conditions for p in walk(c)):
            continue
        parts = [_term_of(value, name) for value, _ in right.branches]
        if all(p is not None for p in parts) and any(
            isinstance(v, Sum | Neg | Mul) for v, _ in right.branches
        ):
            branches = tuple((p, c) for p, c in zip(parts, conditions, strict=True) if p is not None)
            return Sum(Cases(branches), name)
    return None


def _term_of(value: Expr, index: str) -> Expr | None:
    """The term of a sum over the index, with signs and factors brought in; zero stays zero."""
    match value:
        case Sum(body, found, _, _, None) if found == index:
            return body
        case Neg(arg):
            inner = _term_of(arg, index)
            return None if inner is None else Neg(inner)
        case Mul((*factors, Sum() as last)) if index not in {n for f in factors for n in free_names(f)}:
            inner = _term_of(last, index)
            return None if inner is None else Mul((*factors, inner))
        case Number() if value == ZERO:
            return value
        case _:
            return None


def lifted_sum(left: Expr, right: Expr, table: Table) -> Expr | None:
    """A formula for one sample, summed over the samples as the right side is.

    If the right side sums over i and uses ``x_i`` and ``y_i`` where the left side has plain ``x`` and ``y``,
    the left side is read as the sum of its instances.
    """
    sums = [n for n in walk(right) if isinstance(n, Sum)]
    if len({s.index for s in sums}) != 1 or any(isinstance(n, Sum) for n in walk(left)):
        return None
    index = sums[0].index
    bases = {
        n.base for s in sums for n in walk(s.body) if isinstance(n, Indexed) and n.indices == (Symbol(index),)
    }
    expanded = _instance(left, table)
    plain = {s.name for s in free_symbols(expanded) if isinstance(s, Symbol)}
    shared = bases & plain
    if not shared:
        return None
    mapping = {Symbol(name): Indexed(name, (Symbol(index),)) for name in shared}
    return Sum(substitute(expanded, mapping), index, sums[0].lower, sums[0].upper)


def _instance(expr: Expr, table: Table) -> Expr:
    """The formula behind a defined name, one level deep, so that its variables can be seen."""
    name = getattr(expr, "name", "")
    definition = table.definitions.get(name)
    return definition.body if definition is not None else expr


#: Most ways in which the branches of an equation are chosen.
_MOST_CHOICES = 16


def one_sided(left: Expr, right: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Both sides with one branch chosen at each case distinction and kink, in every way; nothing without any.

    >>> from gradbook.symbolic.expr import Symbol
    >>> x = Symbol("x")
    >>> [a for a, _ in one_sided(Func("abs", (x,)), ONE)]
    [Symbol(name='x'), Neg(arg=Symbol(name='x'))]
    """
    kinks = dict.fromkeys(
        n for side in (left, right) for n in walk(side) if isinstance(n, Expr) and _branches(n)
    )
    if not kinks:
        return
    for chosen in islice(product(*map(_branches, kinks)), _MOST_CHOICES):
        choice = dict(zip(kinks, chosen, strict=True))

        def visit(node: Node, choice: dict[Expr, Expr] = choice) -> Node:
            if isinstance(node, Expr) and node in choice:
                node = choice[node]
            return rebuild(node, visit)

        a, b = visit(left), visit(right)
        assert isinstance(a, Expr)
        assert isinstance(b, Expr)
        yield a, b


def _branches(node: Expr) -> tuple[Expr, ...]:
    """What a case distinction, or a function with a kink or step, is on each side of it."""
    match node:
        case Cases(branches):
            return tuple(value for value, _ in branches)
        case Func("max" | "min", values):
            return values
        case Func("abs", (arg,)):
            return (arg, Neg(arg))
        case Func("relu", (arg,)):
            return (arg, ZERO)
        case Func("sign", _):
            return (ONE, Neg(ONE))
        case Func("step", _):
            return (ONE, ZERO)
        case _:
            return ()
