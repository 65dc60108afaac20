r"""A formula rewritten into primitives that keep their digits and do not overflow.

Each rule is an identity with its reason: the left side subtracts numbers that are nearly equal, or has an
intermediate value that overflows though the result does not; the right side is a primitive of
:mod:`gradbook.derivation.code.kernels` or of the array library. Rules are tried from the leaves up until
none applies. Nothing here knows the catalogue.

>>> from gradbook.symbolic.plain import read, write
>>> write(stable(read("1/(1 + exp(-x))*(1 - 1/(1 + exp(-x)))")))
'sigmoid_slope(x)'
>>> write(stable(read("log(1 + exp(-y*f))")))
'softplus(-y*f)'
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, permutations
from math import lcm
from typing import cast

from gradbook.derivation.code.parts import (
    Factors,
    coefficient,
    combination,
    factors,
    func,
    opposite,
    product,
    quotient,
    raised,
    ratio,
    scaled,
    terms,
    times,
    total,
)
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Add,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Number,
    Op,
    Otherwise,
    Pow,
    Relation,
    rebuild,
)
from gradbook.symbolic.tidy import tidy

Rule = Callable[[Expr], Expr | None]


def stable(expr: Expr) -> Expr:
    """The expression over stable primitives; equal to it wherever it has a value."""
    memo: dict[Node, Node] = {}

    def visit(node: Node) -> Node:
        if node not in memo:
            memo[node] = _settled(rebuild(node, visit), visit)
        return memo[node]

    return cast(Expr, visit(tidy(expr)))


def _settled(node: Node, visit: Callable[[Node], Node]) -> Node:
    if isinstance(node, Condition):
        return node
    for rule in RULES:
        after = rule(cast(Expr, node))
        if after is not None and after != node:
            return visit(after)
    return node


# --- functions of one argument ----------------------------------------------------------------------------


def logarithm(expr: Expr) -> Expr | None:
    r"""\log(1+e^u), \log(1+u), \log\sigma(u), \log\cosh u, \log(1/u) and \log(e^u/v), none of them rounded first."""
    match expr:
        case Func("log", (Func("exp", (u,)),)):
            return u
        case Func("log", (Func("sigmoid", (u,)),)):
            return Neg(func("softplus", opposite(u)))
        case Func("log", (Func("cosh", (u,)),)):
            return func("log_cosh", u)
        case Func("log", (Func("sech2", (u,)),)):
            return Neg(Mul((TWO, func("log_cosh", u))))
        case Func("log", (Div(Number(one), u),)) if one == 1:
            return Neg(func("log", u))
        case Func("log", (Div(Func("exp", (u,)), v),)):
            return total((u, Neg(func("log", v))))
        case Func("log", (Mul((Func("exp", (u,)), *rest)),)):
            return total((u, func("log", product(rest))))
        case Func("log", (Neg(Func("expm1", (u,))),)):
            return func("log1p", Neg(func("exp", u)))
        case Func("log", (Add() as inner,)):
            return _log_of_sum(inner)
        case _:
            return None


def _log_of_sum(inner: Add) -> Expr | None:
    parts = terms(inner)
    exponents = [_exponent(core) if c == 1 else None for c, core in parts]
    if all(u is not None for u in exponents):
        if len(parts) == 2 and ZERO in exponents:
            u = next(u for u in exponents if u != ZERO)
            return func("softplus", cast(Expr, u))
        nested = cast(Expr, exponents[0])
        for u in exponents[1:]:
            nested = func("logaddexp", nested, cast(Expr, u))
        return nested
    rest = [scaled(c, core) for c, core in parts if core != ONE]
    if sum(c for c, core in parts if core == ONE) == 1 and rest:
        return func("log1p", total(rest))
    return None


def _exponent(core: Expr) -> Expr | None:
    """The u for which the core is e^u."""
    if core == ONE:
        return ZERO
    return core.args[0] if isinstance(core, Func) and core.name == "exp" else None


def exponential(expr: Expr) -> Expr | None:
    r"""e^{-u^2} and e^{-u^2/2}: the rounding of a large square is not left in the exponent. e^{\log u} = u."""
    match expr:
        case Func("exp", (Func("log", (u,)),)):
            return u
        case Func("exp", (u,)):
            c, core = coefficient(u)
            names = {Fraction(-1): "exp_neg_square", Fraction(-1, 2): "exp_neg_half_square"}
            match core:
                case Pow(base, Number(two)) if two == 2 and c in names:
                    return func(names[c], base)
                case _:
                    return None
        case _:
            return None


def of_softplus(expr: Expr) -> Expr | None:
    r"""\tanh\log(1+e^u) is rational in e^{-|u|}."""
    match expr:
        case Func("tanh", (Func("softplus", (u,)),)):
            return func("tanh_softplus", u)
        case Func("sech2", (Func("softplus", (u,)),)):
            return func("sech2_softplus", u)
        case _:
            return None


def error_function(expr: Expr) -> Expr | None:
    r"""\mathrm{erfc}(u/\sqrt2) = 2\Phi(-u): the square in it is halved without rounding u/\sqrt2."""
    match expr:
        case Func("erfc", (u,)):
            v = _over_root_two(u)
            return None if v is None else Mul((TWO, func("normal_cdf", opposite(v))))
        case _:
            return None


def _over_root_two(u: Expr) -> Expr | None:
    """The v for which u is v over the root of two."""
    c, parts = factors(u)
    root = Pow(TWO, HALF)
    for core, power in list(parts.items()):
        if (core == root and power == -1) or (core == TWO and power == Fraction(-1, 2)):
            return quotient(c, {k: p for k, p in parts.items() if k != core})
        if core == HALF and power == Fraction(1, 2):
            return quotient(c, {k: p for k, p in parts.items() if k != core})
    return None


def root_of_square(expr: Expr) -> Expr | None:
    r"""\sqrt{u^2} = |u|."""
    match expr:
        case Pow(Pow(u, Number(two)), Number(half)) if two == 2 and half == Fraction(1, 2):
            return func("abs", u)
        case _:
            return None


# --- sums -------------------------------------------------------------------------------------------------


def pairs_of_terms(expr: Expr) -> Expr | None:
    r"""Two terms of a sum that nearly cancel, or whose sum has a name: 1-\sigma, 1-\tanh^2, e^u-1, 1+\mathrm{erf}."""
    if not isinstance(expr, Add):
        return None
    parts = terms(expr)
    for i, j in permutations(range(len(parts)), 2):
        found = _named_pair(*parts[i], *parts[j])
        if found is not None:
            rest = [scaled(c, core) for k, (c, core) in enumerate(parts) if k not in (i, j)]
            place = min(i, j)
            return total((*rest[:place], found, *rest[place:]))
    return None


def _named_pair(a: Fraction, first: Expr, b: Fraction, second: Expr) -> Expr | None:
    """``a first + b second`` as one term, if it has a name."""
    same, against = a == b, a == -b
    match first, second:
        case Number(), Func("exp", (u,)) if against:
            return scaled(b, func("expm1", u))
        case Number(), Func("sigmoid" | "normal_cdf" as name, (u,)) if against:
            return scaled(a, func(name, opposite(u)))
        case Number(), Func("tanh", (u,)) if same or against:
            return times(2 * a, func("sigmoid", times(2 if same else -2, u)))
        case Number(), Pow(Func("tanh", (u,)), Number(two)) if against and two == 2:
            return scaled(a, func("sech2", u))
        case Number(), Pow(Func("tanh_softplus", (u,)), Number(two)) if against and two == 2:
            return scaled(a, func("sech2_softplus", u))
        case Number(), Func("erf", (u,)) if same or against:
            return times(a, func("erfc", opposite(u) if same else u))
        case Number(), Func("cos", (u,)) if against:
            return times(2 * a, Pow(func("sin", times(Fraction(1, 2), u)), TWO))
        case Number(), Func("cosh", (u,)) if against:
            return times(-2 * a, Pow(func("sinh", times(Fraction(1, 2), u)), TWO))
        case Func("exp", (u,)), Func("exp", (v,)) if a > 0 and (same or against) and ratio(u, v) == -1:
            return times(2 * a, func("cosh" if same else "sinh", u))
        case _, Func("tanh", (u,)) if against and u == first:
            return scaled(a, func("tanh_gap", u))
        case _:
            return None


def common_denominator(expr: Expr) -> Expr | None:
    r"""x/6 + 1/2 = (x + 3)/6: numerators are added before anything is rounded."""
    if not isinstance(expr, Add):
        return None
    parts = terms(expr)
    bottom = lcm(*(c.denominator for c, _ in parts))
    if bottom & (bottom - 1) == 0 or any(core != ONE and abs(c * bottom) != 1 for c, core in parts):
        return None
    return Div(total(scaled(c * bottom, core) for c, core in parts), Number(Fraction(bottom)))


def softplus_with_its_argument(expr: Expr) -> Expr | None:
    r"""\log(1+e^u) + c\,u = ([u>0] + c)\,u + \log(1+e^{-|u|}): with -1 \le c \le 0 no term is negative."""
    if not isinstance(expr, Add):
        return None
    parts = terms(expr)
    for a, core in parts:
        if not (isinstance(core, Func) and core.name == "softplus" and a == 1):
            continue
        (u,) = core.args
        slopes: list[Expr] = []
        rest: list[Expr] = []
        for c, other in parts:
            slope = None if other is core else _slope(scaled(c, other), u)
            if slope is not None:
                slopes.append(slope)
            elif other is not core:
                rest.append(scaled(c, other))
        if slopes:
            front = Mul((total((func("step", u), *slopes)), u))
            tail = func("log1p", func("exp", Neg(func("abs", u))))
            return total((front, tail, *rest))
    return None


def _slope(term: Expr, u: Expr) -> Expr | None:
    """The c for which a term is c u."""
    direct = ratio(term, u)
    if direct is not None:
        return times(direct, ONE)
    c, parts = factors(term)
    if parts.get(u) == 1:
        return quotient(c, {core: power for core, power in parts.items() if core != u})
    return None


# --- products ---------------------------------------------------------------------------------------------


def products(expr: Expr) -> Expr | None:
    r"""e^u/(1+e^u) = \sigma(u), \sigma(u)\sigma(-u), \sinh/\cosh, 1/\cosh: quotients of large numbers that are not."""
    if not isinstance(expr, Mul | Div | Pow):
        return None
    c, parts = factors(expr)
    if _numbers(expr) > 1:
        return quotient(c, parts)
    for rule in (_logistic, _slope_of_logistic, _exponentials, _hyperbolic):
        found = rule(parts)
        if found is not None:
            return quotient(c * found[0], found[1])
    return None


def _numbers(expr: Expr) -> int:
    """In how many places of a product numbers stand; a fraction in front is one."""
    match expr:
        case Number():
            return 1
        case Neg(arg):
            return _numbers(arg)
        case Mul(parts):
            return sum(map(_numbers, parts))
        case Div(Number(), Number()):
            return 1
        case Div(num, den):
            return _numbers(num) + _numbers(den) if num != ONE else _numbers(den)
        case _:
            return 0


def _logistic(parts: Factors) -> tuple[Fraction, Factors] | None:
    for core, power in parts.items():
        if power < 0 and power.denominator == 1:
            pair = combination(core) if isinstance(core, Add) else {}
            if len(pair) == 2 and ONE in pair:
                other = next(p for p in pair if p != ONE)
                u = _exponent(other)
                if u is not None and pair[ONE] == pair[other]:
                    return pair[ONE] ** int(power), _put(
                        parts, {core: -power, func("sigmoid", opposite(u)): -power}
                    )
    for e, s in permutations(parts, 2):
        u = _exponent(e)
        if (
            u is not None
            and isinstance(s, Func)
            and s.name == "sigmoid"
            and parts[e] > 0
            and parts[s] >= parts[e]
            and ratio(u, s.args[0]) == -1
        ):
            return Fraction(1), _put(parts, {e: -parts[e], s: -parts[e], func("sigmoid", u): parts[e]})
    return None


def _slope_of_logistic(parts: Factors) -> tuple[Fraction, Factors] | None:
    logistic = [p for p in parts if isinstance(p, Func) and p.name == "sigmoid" and parts[p] > 0]
    for a, b in combinations(logistic, 2):
        if ratio(a.args[0], b.args[0]) == -1:
            n = min(parts[a], parts[b])
            u = a.args[0] if not isinstance(a.args[0], Neg) else b.args[0]
            return Fraction(1), _put(parts, {a: -n, b: -n, func("sigmoid_slope", u): n})
    return None


def _exponentials(parts: Factors) -> tuple[Fraction, Factors] | None:
    found = [p for p in parts if _exponent(p) is not None and p != ONE]
    if len(found) < 2 and all(parts[p] == 1 for p in found):
        return None
    exponent = total(times(parts[p], cast(Expr, _exponent(p))) for p in found)
    rest = {core: power for core, power in parts.items() if core not in found}
    return Fraction(1), {**rest, func("exp", tidy(exponent)): Fraction(1)}


def _hyperbolic(parts: Factors) -> tuple[Fraction, Factors] | None:
    for core, power in parts.items():
        if not (isinstance(core, Func) and core.name == "cosh" and power < 0):
            continue
        sinh = func("sinh", *core.args)
        if parts.get(sinh, 0) > 0:
            n = min(parts[sinh], -power)
            return Fraction(1), _put(parts, {core: n, sinh: -n, func("tanh", *core.args): n})
        if power.denominator == 1:
            pairs, odd = divmod(int(-power), 2)
            sech = {func("sech2", *core.args): Fraction(pairs), func("sech", *core.args): Fraction(odd)}
            return Fraction(1), _put(parts, {core: -power, **sech})
    return None


def _put(parts: Factors, change: Factors) -> Factors:
    """The factors with powers added to some; what is new stands where the first of the old ones did."""
    new = {core: power for core, power in change.items() if core not in parts and power}
    result: Factors = {}
    for core, power in parts.items():
        after = power + change.get(core, Fraction(0))
        if core in change and new:
            result |= new
            new = {}
        if after:
            result[core] = after
    return result | new


def reciprocal_power(expr: Expr) -> Expr | None:
    r"""1/u^n = (1/u)^n and a/u^2 = (a/u)/u: the power of a large u overflows, its reciprocal does not."""
    match expr:
        case Div(num, Pow(u, Number(n))) if n.denominator == 1 and n >= 2 and not isinstance(u, Number):
            c, core = coefficient(num)
            if core == ONE:
                return times(c, Pow(Div(ONE, u), Number(n)))
            return Div(Div(num, u), raised(u, n - 1)) if n == 2 else None
        case _:
            return None


# --- cases ------------------------------------------------------------------------------------------------


def larger_or_smaller(expr: Expr) -> Expr | None:
    r"""u where u > v and v elsewhere is \max(u, v); with a bound on either side, u clipped."""
    match expr:
        case Cases(((a, Relation(left, op, right)), (b, Otherwise()))) if {a, b} == {left, right} and a != b:
            if op in (Op.GT, Op.GE, Op.LT, Op.LE):
                name = "max" if (a == left) == (op in (Op.GT, Op.GE)) else "min"
                first, second = (left, right) if not isinstance(left, Number) else (right, left)
                return func(name, first, second)
            return None
        case Cases(((a, Relation(x, below, low)), (b, Relation(z, above, high)), (u, Otherwise()))) if (
            x == z == u and a == low and b == high and isinstance(low, Number | Neg)
        ):
            if below in (Op.GT, Op.GE) and above in (Op.LT, Op.LE):
                low, high = high, low
            elif not (below in (Op.LT, Op.LE) and above in (Op.GT, Op.GE)):
                return None
            return func("clip", u, low, high)
        case _:
            return None


RULES: tuple[Rule, ...] = (
    logarithm,
    exponential,
    of_softplus,
    error_function,
    root_of_square,
    pairs_of_terms,
    common_denominator,
    softplus_with_its_argument,
    products,
    reciprocal_power,
    larger_or_smaller,
)
