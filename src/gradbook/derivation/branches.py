"""Cases inside larger expressions: factors and terms brought into the branches, and what a branch knows used there.

>>> from gradbook.symbolic.expr import Mul, Symbol
>>> from gradbook.symbolic import to_text
>>> x, y = Symbol("x"), Symbol("y")
>>> ramp = Cases(((x, Relation(x, Op.GT, ZERO)), (ZERO, Otherwise())))
>>> to_text(distributed(Mul((y, ramp)), lambda e: e))
'{y·x if x > 0; 0 otherwise}'
>>> to_text(under(Relation(x, Op.GT, ZERO), Func("abs", (x,))))
'x'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    All,
    AnyOf,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Neg,
    Node,
    Op,
    Otherwise,
    Relation,
    Sum,
    children,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.tidy import tidy

_STRICT = {Op.GT: 1, Op.GE: 1, Op.LT: -1, Op.LE: -1}
_OPPOSITE = {Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


def distributed(expr: Expr, finish: Callable[[Expr], Expr]) -> Expr | None:
    """The expression with its cases outermost, if all the cases in it ask the same questions.

    ``finish`` is applied to each branch. None if there are no cases to bring out, or several kinds.
    """
    if isinstance(expr, Cases):
        return None
    found = [n for n in _open(expr) if isinstance(n, Cases)]
    if not found or len({tuple(c for _, c in n.branches) for n in found}) != 1:
        return None
    branches: list[tuple[Expr, Condition]] = []
    earlier: list[Condition] = []
    for k, (_, condition) in enumerate(found[0].branches):
        chosen = cast(Expr, substitute(expr, {n: n.branches[k][0] for n in found}))
        known = condition
        if isinstance(condition, Otherwise):
            known = opposite(earlier[0]) if len(earlier) == 1 else None
        earlier.append(condition)
        value = under(known, chosen)
        if not undefined(value):
            branches.append((finish(tidy(value)), condition))
    if not branches:
        return None
    if len({value for value, _ in branches}) == 1:
        return branches[0][0]
    return Cases(tuple(branches))


def undefined(expr: Expr) -> bool:
    """Whether an expression plainly has no value: a division by zero, the logarithm of zero.

    >>> undefined(Func("log", (ZERO,)))
    True
    """
    for node in walk(expr):
        match node:
            case Div(_, den) if den == ZERO:
                return True
            case Func("log", (u,)) if u == ZERO:
                return True
            case _:
                continue
    return False


def _open(expr: Expr) -> list[Node]:
    """The parts of an expression that no sum over an index holds."""
    found: list[Node] = []
    stack: list[Node] = [expr]
    while stack:
        node = stack.pop()
        found.append(node)
        if not isinstance(node, Sum | Cases):
            match node:
                case Func(_, args):
                    stack.extend(args)
                case _:
                    stack.extend(children(node))
    return found


def opposite(condition: Condition) -> Condition | None:
    """The relation that holds where this one does not."""
    match condition:
        case Relation(left, op, right) if op in _OPPOSITE:
            return Relation(left, _OPPOSITE[op], right)
        case _:
            return None


def under(condition: Condition | None, expr: Expr) -> Expr:
    """The expression where the condition holds: absolute values, maxima and signs of what it is about are known."""
    if not isinstance(condition, Relation) or condition.op not in _STRICT:
        return expr
    sign = _STRICT[condition.op]
    difference = tidy(Add((condition.left, Neg(condition.right))))

    return with_signs(expr, lambda u: sign * proportional(u, difference))


def with_signs(expr: Expr, sign: Callable[[Expr], int]) -> Expr:
    """The expression with absolute values, maxima, signs and cases settled by the signs that are known.

    ``sign`` says 1 or -1 of an expression, or 0 where it does not know.

    >>> from gradbook.symbolic.expr import Symbol
    >>> x = Symbol("x")
    >>> with_signs(Func("abs", (x,)), lambda _: -1)
    Neg(arg=Symbol(name='x'))
    """

    def visit(node: Node) -> Node:
        if isinstance(node, Condition):
            return node
        node = rebuild(node, visit)
        match node:
            case Func("abs", (u,)) if known := sign(u):
                return u if known > 0 else tidy(Neg(u))
            case Func("sign", (u,)) if known := sign(u):
                return ONE if known > 0 else Neg(ONE)
            case Func("relu", (u,)) if known := sign(u):
                return u if known > 0 else ZERO
            case Func("step", (u,)) if known := sign(u):
                return ONE if known > 0 else ZERO
            case Func("max" | "min" as name, (u, v)) if known := sign(_difference(u, v)):
                return u if (known > 0) == (name == "max") else v
            case Cases(branches):
                return _settled(branches, sign)
            case _:
                return node

    return cast(Expr, visit(expr))


def _settled(branches: tuple[tuple[Expr, Condition], ...], sign: Callable[[Expr], int]) -> Expr:
    """The branch that is known to hold, or the branches that may."""
    left: list[tuple[Expr, Condition]] = []
    for value, condition in branches:
        known = truth(condition, sign)
        if known is False:
            continue
        if known and not left:
            return value
        left.append((value, condition))
    return Cases(tuple(left))


def truth(condition: Condition, sign: Callable[[Expr], int]) -> bool | None:
    """Whether a condition holds, as far as signs are known; |u| < d is -d < u < d."""
    match condition:
        case Relation(Func("abs", (u,)), Op.LT | Op.LE as op, bound):
            return truth(All((Relation(u, op, bound), Relation(tidy(Neg(bound)), op, u))), sign)
        case Relation(Func("abs", (u,)), Op.GT | Op.GE as op, bound):
            return truth(AnyOf((Relation(u, op, bound), Relation(tidy(Neg(bound)), op, u))), sign)
        case Relation(left, op, right) if op in _STRICT:
            known = sign(_difference(left, right))
            return None if not known else known == _STRICT[op]
        case Otherwise():
            return True
        case All(parts):
            found = [truth(part, sign) for part in parts]
            return False if False in found else None if None in found else True
        case AnyOf(parts):
            found = [truth(part, sign) for part in parts]
            return True if True in found else None if None in found else False
        case _:
            return None


def _difference(left: Expr, right: Expr) -> Expr:
    return left if right == ZERO else tidy(Add((left, Neg(right))))


def proportional(u: Expr, v: Expr) -> int:
    """1 if u is a positive multiple of v, -1 if a negative one, else 0.

    >>> from gradbook.symbolic.expr import Symbol
    >>> x = Symbol("x")
    >>> proportional(Add((ONE, Neg(x))), Add((x, Neg(ONE))))
    -1
    """
    from gradbook.derivation.algebra import Algebra

    algebra = Algebra.of(u, v)
    (a, b), (c, d) = algebra.quotient(u), algebra.quotient(v)
    if a.is_zero() or c.is_zero():
        return 0
    left, right = a * d, c * b
    first = right.to_dict()
    other = left.to_dict()
    if set(first) != set(other):
        return 0
    key = next(iter(first))
    if right * other[key] != left * first[key]:
        return 0
    return 1 if (other[key] > 0) == (first[key] > 0) else -1
