"""Differentiation of trees.

The result is correct but not tidied: constructors here drop only zeros and ones, because the
normal form does the rest.

>>> from gradbook.symbolic.expr import Symbol, Func
>>> x = Symbol("x")
>>> differentiate(Func("exp", (x,)), x)
Func(name='exp', args=(Symbol(name='x'),))
"""

from __future__ import annotations

from collections.abc import Callable

from gradbook.symbolic.bounds import MAX_NODES, BoundHit
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
    Constant,
    Delta,
    Derivative,
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
    Product,
    Relation,
    Sum,
    Symbol,
    free_names,
    fresh_name,
    kinds,
    rebuild,
    substitute,
    tree_size,
)


class NotDifferentiable(ValueError):
    """The tree holds something that has no derivative rule; the message names it."""


def differentiate(expr: Expr, wrt: Expr, order: int = 1) -> Expr:
    """The derivative of ``expr`` with respect to ``wrt``, ``order`` times.

    ``wrt`` is a symbol, a component, or the application of an unknown function (differentiated
    as if it were a variable). Kinks (``|u|`` at 0, the seam of cases) are left out: the result
    holds almost everywhere.

    Raises:
        BoundHit: the derivative grows too large.
        NotDifferentiable: for a vector operation (lower it to components first) or an unknown node.

    >>> from gradbook.symbolic.expr import Symbol, Pow, number
    >>> differentiate(Pow(Symbol("x"), number(3)), Symbol("y"))
    Number(value=Fraction(0, 1), decimals=None)
    """
    for _ in range(order):
        expr = _Differentiation(wrt).of(expr)
        if tree_size(expr) > MAX_NODES:
            raise BoundHit("the size of a derivative")
    return expr


def expand_derivatives(expr: Expr) -> Expr:
    """The tree with every derivative that it holds worked out.

    >>> from gradbook.symbolic.expr import Symbol, Derivative
    >>> expand_derivatives(Derivative(Symbol("x"), Symbol("x")))
    Number(value=Fraction(1, 1), decimals=None)
    """
    if Derivative not in kinds(expr):
        return expr

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if isinstance(node, Derivative):
            return differentiate(node.body, node.wrt, node.order)
        return node

    result = visit(expr)
    assert isinstance(result, Expr)
    return result


def add(*terms: Expr) -> Expr:
    """The sum of terms, zeros dropped."""
    kept = tuple(t for t in terms if t != ZERO)
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(kept)


def mul(*factors: Expr) -> Expr:
    """The product of factors, ones dropped, zero if one of them is."""
    if any(f == ZERO for f in factors):
        return ZERO
    kept = tuple(f for f in factors if f != ONE)
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Mul(kept)


def _neg(expr: Expr) -> Expr:
    return ZERO if expr == ZERO else Neg(expr)


def _func(name: str, *args: Expr) -> Func:
    return Func(name, args)


def _square(expr: Expr) -> Expr:
    return Pow(expr, TWO)


def _sigmoid_slope(u: Expr) -> Expr:
    s = _func("sigmoid", u)
    return Mul((s, Add((ONE, Neg(s)))))


#: Outer derivatives of the functions of one argument.
OUTER: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: _func("exp", u),
    "log": lambda u: Div(ONE, u),
    "sin": lambda u: _func("cos", u),
    "cos": lambda u: Neg(_func("sin", u)),
    "tan": lambda u: Add((ONE, _square(_func("tan", u)))),
    "cot": lambda u: Neg(Add((ONE, _square(_func("cot", u))))),
    "sec": lambda u: Mul((_func("sec", u), _func("tan", u))),
    "csc": lambda u: Neg(Mul((_func("csc", u), _func("cot", u)))),
    "sinh": lambda u: _func("cosh", u),
    "cosh": lambda u: _func("sinh", u),
    "tanh": lambda u: Add((ONE, Neg(_square(_func("tanh", u))))),
    "coth": lambda u: Add((ONE, Neg(_square(_func("coth", u))))),
    "sech": lambda u: Neg(Mul((_func("sech", u), _func("tanh", u)))),
    "csch": lambda u: Neg(Mul((_func("csch", u), _func("coth", u)))),
    "asin": lambda u: Div(ONE, Pow(Add((ONE, Neg(_square(u)))), HALF)),
    "acos": lambda u: Neg(Div(ONE, Pow(Add((ONE, Neg(_square(u)))), HALF))),
    "atan": lambda u: Div(ONE, Add((ONE, _square(u)))),
    "asinh": lambda u: Div(ONE, Pow(Add((ONE, _square(u))), HALF)),
    "acosh": lambda u: Div(ONE, Pow(Add((_square(u), Neg(ONE))), HALF)),
    "atanh": lambda u: Div(ONE, Add((ONE, Neg(_square(u))))),
    "sigmoid": _sigmoid_slope,
    "softplus": lambda u: _func("sigmoid", u),
    "abs": lambda u: _func("sign", u),
    "sign": lambda _: ZERO,
    "step": lambda _: ZERO,
    "relu": lambda u: _func("step", u),
    "erf": lambda u: Div(Mul((TWO, _func("exp", Neg(_square(u))))), Pow(PI, HALF)),
    "erfc": lambda u: Neg(Div(Mul((TWO, _func("exp", Neg(_square(u))))), Pow(PI, HALF))),
}


class _Differentiation:
    """One variable, one pass; subtrees met twice are differentiated once."""

    def __init__(self, wrt: Expr) -> None:
        self.wrt = wrt
        self.memo: dict[Expr, Expr] = {}

    def of(self, expr: Expr) -> Expr:
        done = self.memo.get(expr)
        if done is None:
            done = self.memo[expr] = self._derive(expr)
        return done

    def _derive(self, expr: Expr) -> Expr:
        if expr == self.wrt:
            return ONE
        match expr:
            case Number() | Constant() | Symbol() | Delta():
                return ZERO
            case Indexed(base, indices):
                return self._component(base, indices)
            case Neg(arg):
                return _neg(self.of(arg))
            case Add(terms):
                return add(*(self.of(t) for t in terms))
            case Mul(factors):
                return self._product(factors)
            case Div(num, den):
                return self._quotient(num, den)
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Func(name, args):
                return self._function(name, args)
            case Apply(name, args, orders):
                return self._unknown(name, args, orders)
            case Cases(branches):
                derived = tuple((self.of(value), condition) for value, condition in branches)
                return ZERO if all(v == ZERO for v, _ in derived) else Cases(derived)
            case Sum():
                return self._sum(expr)
            case Product():
                return self._indexed_product(expr)
            case Derivative(body, inner, order):
                return self.of(differentiate(body, inner, order))
            case _:
                raise NotDifferentiable(f"no derivative rule for {type(expr).__name__}")

    def _component(self, base: str, indices: tuple[Expr, ...]) -> Expr:
        """d x_i / d x_j is Kronecker's delta."""
        wrt = self.wrt
        if not isinstance(wrt, Indexed) or wrt.base != base or len(wrt.indices) != len(indices):
            return ZERO
        return mul(*(_delta(a, b) for a, b in zip(indices, wrt.indices, strict=True)))

    def _product(self, factors: tuple[Expr, ...]) -> Expr:
        terms: list[Expr] = []
        for k, factor in enumerate(factors):
            slope = self.of(factor)
            if slope != ZERO:
                terms.append(mul(*factors[:k], slope, *factors[k + 1 :]))
        return add(*terms)

    def _quotient(self, num: Expr, den: Expr) -> Expr:
        top, bottom = self.of(num), self.of(den)
        if bottom == ZERO:
            return ZERO if top == ZERO else Div(top, den)
        return Div(add(mul(top, den), _neg(mul(num, bottom))), Pow(den, TWO))

    def _power(self, base: Expr, exponent: Expr) -> Expr:
        below, above = self.of(base), self.of(exponent)
        if above == ZERO:
            if below == ZERO:
                return ZERO
            lowered = (
                Number(exponent.value - 1) if isinstance(exponent, Number) else Add((exponent, Neg(ONE)))
            )
            return mul(exponent, ONE if lowered == ZERO else Pow(base, lowered), below)
        inner = add(
            mul(above, _func("log", base)), Div(mul(exponent, below), base) if below != ZERO else ZERO
        )
        return mul(Pow(base, exponent), inner)

    def _function(self, name: str, args: tuple[Expr, ...]) -> Expr:
        slopes = [self.of(a) for a in args]
        if all(s == ZERO for s in slopes):
            return ZERO
        if name in OUTER:
            return mul(OUTER[name](args[0]), slopes[0])
        if name in ("max", "min"):
            return _extreme_slope(name, args, slopes)
        raise NotDifferentiable(f"no derivative rule for {name}")

    def _unknown(self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...]) -> Expr:
        base = orders or (0,) * len(args)
        terms: list[Expr] = []
        for k, arg in enumerate(args):
            slope = self.of(arg)
            if slope != ZERO:
                raised = (*base[:k], base[k] + 1, *base[k + 1 :])
                terms.append(mul(Apply(name, args, raised), slope))
        return add(*terms)

    def _sum(self, expr: Sum) -> Expr:
        # The variable's own index must not be captured by the sum's.
        index, body = expr.index, expr.body
        taken = free_names(self.wrt)
        if index in taken:
            index = fresh_name(index, taken | free_names(body))
            body = substitute(body, {Symbol(expr.index): Symbol(index)})
        slope = self.of(body)
        if slope == ZERO:
            return ZERO
        return Sum(slope, index, expr.lower, expr.upper, expr.excluded)

    def _indexed_product(self, expr: Product) -> Expr:
        """Logarithmic: (prod u_i)' = prod u_i * sum u_i'/u_i."""
        slope = self._sum(Sum(Func("log", (expr.body,)), expr.index, expr.lower, expr.upper))
        return mul(expr, slope)


def _delta(left: Expr, right: Expr) -> Expr:
    if left == right:
        return ONE
    if isinstance(left, Number) and isinstance(right, Number):
        return ZERO
    return Delta(left, right)


def _extreme_slope(name: str, args: tuple[Expr, ...], slopes: list[Expr]) -> Expr:
    """The derivative of max (min): that of the argument which is largest (smallest)."""
    if len(args) == 1:
        return slopes[0]
    op = Op.GT if name == "max" else Op.LT
    first, rest = args[0], args[1:]
    other = rest[0] if len(rest) == 1 else Func(name, rest)
    other_slope = slopes[1] if len(rest) == 1 else _extreme_slope(name, rest, slopes[1:])
    if slopes[0] == other_slope:
        return slopes[0]
    return Cases(((slopes[0], Relation(first, op, other)), (other_slope, Otherwise())))
