"""From a derivation to the expressions that its code evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gradbook.derivation.algebra import simplify
from gradbook.derivation.code.ends import held
from gradbook.derivation.code.parts import func, product, quantities
from gradbook.derivation.code.safe import guarded
from gradbook.derivation.code.shifts import shifted
from gradbook.derivation.code.stable import stable
from gradbook.derivation.deltas import collapsed
from gradbook.derivation.steps import Definition, Derivation
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
    Cases,
    Delta,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Otherwise,
    Sum,
    Symbol,
    rebuild,
    substitute,
    walk,
)

#: Logarithms that are taken together with a factor that can be zero.
_WITH_FACTOR = {"log": "xlogy", "log1p": "xlog1py"}


def prepared(
    expr: Expr,
    definition: Definition,
    constants: Mapping[Expr, float],
    functions: Mapping[str, Derivation] | None = None,
) -> Expr:
    """The expression with the function itself written out, over stable primitives, safe at the ends of the range.

    >>> from gradbook.symbolic.plain import read, write
    >>> d = Definition("f", (Symbol("x"),), read("1/(1 + exp(-x))"))
    >>> write(prepared(read("f(x)*(1 - f(x))"), d, {}))
    'sigmoid_slope(x)'
    """
    done = stable(guarded(shifted(without_deltas(spelled_out(expr, definition, functions))), constants))
    varying = quantities(definition.body, constants)
    if len(varying) == 1:
        (variable,) = varying
        if isinstance(variable, Symbol) and not variable.name.startswith("\0"):
            done = held(done, variable)
    return with_zero_factors(done, constants)


def spelled_out(
    expr: Expr, definition: Definition, functions: Mapping[str, Derivation] | None = None
) -> Expr:
    """The function itself, where a result mentions it, by its formula, and so the functions that are known besides."""
    of = definition
    known = functions or {}
    if isinstance(of.head, Symbol) and not known:
        return expr

    def visit(node: Node) -> Node:
        match node:
            case Apply(name, (argument,), orders) if name in known and sum(orders) <= 1:
                function = known[name]
                formula = function.result if sum(orders) else function.definition.body
                formula = spelled_out(formula, function.definition)
                return cast(Expr, substitute(formula, {function.wrts[0]: visit(argument)}))
            case Apply(name, args, orders) if (
                name == of.name and len(args) == len(of.parameters) and not any(orders)
            ):
                return cast(Expr, substitute(of.body, dict(zip(of.parameters, args, strict=True))))
            case Indexed(base, indices) if base == of.name and len(indices) == len(of.indices) > 0:
                return cast(Expr, substitute(of.body, dict(zip(of.indices, indices, strict=True))))
            case _:
                return rebuild(node, visit)

    return cast(Expr, visit(expr))


def without_deltas(expr: Expr) -> Expr:
    """Sums of Kronecker's delta under a condition replaced by what they pick: no matrix is made to be summed."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        match node:
            case Sum(
                Cases(((value, condition), (Number(zero), Otherwise()))), index, lower, upper, excluded
            ) if zero == 0 and any(isinstance(n, Delta) for n in walk(value)):
                chosen = Cases(((ONE, condition), (ZERO, Otherwise())))
                return Sum(product((chosen, value)), index, lower, upper, excluded)
            case _:
                return node

    return simplify(collapsed(cast(Expr, visit(expr)))) if _holds_delta_in_sum(expr) else expr


def _holds_delta_in_sum(expr: Expr) -> bool:
    return any(isinstance(n, Sum) and any(isinstance(m, Delta) for m in walk(n)) for n in walk(expr))


def with_zero_factors(expr: Expr, constants: Mapping[Expr, float]) -> Expr:
    r"""y \log p with y = 0 is 0 also where p = 0."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if not isinstance(node, Mul):
            return node
        for k, factor in enumerate(node.factors):
            if not (isinstance(factor, Func) and factor.name in _WITH_FACTOR):
                continue
            for other in node.factors:
                base = other.arg if isinstance(other, Neg) else other
                if _can_vanish(base, constants) and not quantities(base) & quantities(factor):
                    rest = [f for j, f in enumerate(node.factors) if j != k and f is not other]
                    together: Expr = func(_WITH_FACTOR[factor.name], base, *factor.args)
                    together = Neg(together) if base is not other else together
                    return together if not rest else Mul((*rest, together))
        return node

    return cast(Expr, visit(expr))


def _can_vanish(base: Expr, constants: Mapping[Expr, float]) -> bool:
    """Whether a factor is a target or its complement, which are zero for most classes."""
    match base:
        case Symbol() | Indexed():
            return base not in constants
        case Add((Number(), Neg(Symbol() | Indexed() as target))):
            return target not in constants
        case _:
            return False
