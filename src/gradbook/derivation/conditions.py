"""Relations written the way people write them, and what a formula needs to have a value.

>>> from gradbook.symbolic.expr import Symbol
>>> from gradbook.symbolic import to_text
>>> y, f = Symbol("y"), Symbol("f")
>>> to_text(compare(Add((ONE, Neg(Mul((y, f))))), Op.GT, ZERO))
'y·f < 1'
>>> [to_text(c) for c in needed(Func("log", (f,)))]
['f > 0']
"""

from __future__ import annotations

from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Cases,
    Condition,
    Constant,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Number,
    Op,
    Pow,
    Relation,
    Sum,
    walk,
)
from gradbook.symbolic.tidy import tidy

_MIRROR = {Op.GT: Op.LT, Op.LT: Op.GT, Op.GE: Op.LE, Op.LE: Op.GE, Op.EQ: Op.EQ, Op.NE: Op.NE}


def compare(left: Expr, op: Op, right: Expr) -> Relation:
    """The relation with numbers on the right and as few minus signs as can be.

    >>> from gradbook.symbolic.expr import Symbol
    >>> compare(Neg(Symbol("x")), Op.GT, ZERO)
    Relation(left=Symbol(name='x'), op=<Op.LT: '<'>, right=Number(value=Fraction(0, 1), decimals=None))
    """
    if right != ZERO:
        return Relation(left, op, right)
    left = tidy(left)
    match left:
        case Neg(arg):
            return compare(arg, _MIRROR[op], ZERO)
        case Add((first, Neg(last))):  # a - b > 0 is b < a where a is a number, else a > b
            return (
                Relation(last, _MIRROR[op], first) if isinstance(first, Number) else Relation(first, op, last)
            )
        case Add((Neg(first), last)):
            return Relation(last, op, first)
        case Add(terms) if numbers := [t for t in terms if _number(t)]:
            rest = tuple(t for t in terms if not _number(t))
            body = rest[0] if len(rest) == 1 else Add(rest)
            value = tidy(Neg(Add(tuple(numbers)) if len(numbers) > 1 else numbers[0]))
            if all(isinstance(t, Neg) for t in rest):
                return Relation(tidy(Neg(body)), _MIRROR[op], tidy(Neg(value)))
            return Relation(body, op, value)
        case Mul((Number(value), *rest)) if value > 0 and rest:
            return compare(rest[0] if len(rest) == 1 else Mul(tuple(rest)), op, ZERO)
        case _:
            return Relation(left, op, ZERO)


def _number(term: Expr) -> bool:
    return isinstance(term, Number) or (isinstance(term, Neg) and isinstance(term.arg, Number))


def needed(body: Expr) -> tuple[Condition, ...]:
    """What has to hold for the formula to have a value: the argument of a logarithm is positive.

    Cases and maxima inside are looked through: log(max(0, u)) needs u > 0.
    """
    found: dict[Condition, None] = {}
    for node in walk(body):
        match node:
            case Func("log", (u,)) if not _positive(u):
                found[compare(_inside(u), Op.GT, ZERO)] = None
            case Pow(base, Number(value)) if value.denominator % 2 == 0 and not _square(base):
                found[compare(base, Op.GE if value > 0 else Op.GT, ZERO)] = None
            case _:
                continue
    return tuple(found)


def _inside(u: Expr) -> Expr:
    match u:
        case Func("max", (a, b)) if ZERO in (a, b):
            return b if a == ZERO else a
        case Func("relu", (a,)):
            return a
        case Cases(((value, Relation(left, Op.GT | Op.GE, right)), (other, _))) if other == ZERO:
            return value if value == tidy(Add((left, Neg(right)))) else u
        case _:
            return u


def _positive(u: Expr) -> bool:
    """Whether an expression is plainly positive."""
    match u:
        case Number(value):
            return value > 0
        case Func("exp" | "sigmoid" | "cosh" | "softplus", _):
            return True
        case Add(terms):
            return (all(_positive(t) or _square(t) for t in terms) and any(_positive(t) for t in terms)) or (
                len(terms) == 2 and terms[0] == ONE and isinstance(terms[1], Neg) and _below_one(terms[1].arg)
            )
        case Mul(factors):
            return all(_positive(f) for f in factors)
        case Pow(base, _):
            return _positive(base)
        case Sum(inner):
            return _positive(inner)
        case Div(num, den):
            return _positive(num) and _positive(den)
        case _:
            return isinstance(u, Constant)


def _square(u: Expr) -> bool:
    match u:
        case Pow(_, Number(value)):
            return value.denominator == 1 and value.numerator % 2 == 0
        case Func("abs", _):
            return True
        case Mul(factors):
            return all(_positive(f) or _square(f) for f in factors)
        case Sum(inner):
            return _square(inner)
        case _:
            return _positive(u)


def _below_one(u: Expr) -> bool:
    return isinstance(u, Func) and u.name in ("sigmoid", "tanh", "erf")
