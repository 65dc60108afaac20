r"""The rules of differentiation, each as a rewriting of one derivative that is still to be taken.

A rule looks at ``Derivative(body, wrt)`` and gives what may stand in its place, usually with smaller
derivatives in it. Its docstring states the rule and its side condition; the code below it is that rule and
nothing else. The order of :data:`RULES` is the order in which a teacher would try them.

>>> from gradbook.symbolic import to_text
>>> x = Symbol("x")
>>> rule, after = rewrite(Derivative(Mul((x, Func("sin", (x,)))), x))
>>> rule.name, to_text(after)
('product rule', '(d/dx[x])·sin(x) + x·(d/dx[sin(x)])')
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradbook.derivation.conditions import compare
from gradbook.symbolic.derivative import OUTER, NotDifferentiable, differentiate
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
    Constant,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Sum,
    Symbol,
    free_names,
    fresh_name,
    substitute,
    walk,
)

#: What a rule does: the body, the variable, and a way to write "the derivative of …" that is still to be taken.
Rewriting = Callable[[Expr, Expr, Callable[[Expr], Expr]], Expr | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of differentiation: its name, its formula, and the rewriting."""

    name: str
    formula: str
    rewriting: Rewriting
    #: A short derivation does not spend a line on it.
    trivial: bool = False

    @property
    def statement(self) -> str:
        """The rule with its side condition."""
        return self.rewriting.__doc__ or self.formula


#: All rules by name, in the order in which they are tried.
RULES: dict[str, Rule] = {}


def _rule(name: str, formula: str, *, trivial: bool = False) -> Callable[[Rewriting], Rewriting]:
    def enter(rewriting: Rewriting) -> Rewriting:
        RULES[name] = Rule(name, formula, rewriting, trivial)
        return rewriting

    return enter


def rewrite(node: Derivative) -> tuple[Rule, Expr] | None:
    """The first rule that applies to a derivative, and what it makes of it; None if it has to stay as it is.

    >>> rewrite(Derivative(Apply("p", (Symbol("x"),), ()), Symbol("p"))) is None
    False
    """
    if node.order > 1:
        once = Derivative(node.body, node.wrt, 1, node.variant)
        return RULES["higher derivative"], Derivative(once, node.wrt, node.order - 1, node.variant)

    def slope(part: Expr) -> Expr:
        return Derivative(part, node.wrt, 1, node.variant)

    rules: tuple[Rule, ...] = tuple(RULES.values())
    if node.variant == "nabla":
        from gradbook.derivation.vector_rules import VECTOR_RULES

        rules = (*VECTOR_RULES, *rules)
    for rule in rules:
        after = rule.rewriting(node.body, node.wrt, slope)
        if after is not None:
            return rule, after
    return None


def is_constant(body: Expr, wrt: Expr) -> bool:
    """Whether a tree has nothing to do with the variable.

    >>> is_constant(Indexed("x", (Symbol("i"),)), Indexed("x", (Symbol("j"),)))
    False
    """
    if isinstance(wrt, Indexed):
        return not any(isinstance(n, Indexed) and n.base == wrt.base for n in walk(body)) and not any(
            n == Symbol(wrt.base) for n in walk(body)
        )
    return not any(n == wrt for n in walk(body))


def chained(outer: Expr, inner: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr:
    """``outer`` times the derivative of the inner function, which is left out where it is the variable."""
    return outer if inner == wrt else times(outer, slope(inner))


def times(*factors: Expr) -> Expr:
    """A product that is flat and drops ones.

    >>> times(Mul((Symbol("a"), Symbol("b"))), ONE, Symbol("c"))
    Mul(factors=(Symbol(name='a'), Symbol(name='b'), Symbol(name='c')))
    """
    flat: list[Expr] = []
    sign = 1
    for factor in factors:
        if isinstance(factor, Neg):
            sign, factor = -sign, factor.arg
        flat.extend(factor.factors if isinstance(factor, Mul) else (factor,))
    kept = [f for f in flat if f != ONE]
    product = ONE if not kept else kept[0] if len(kept) == 1 else Mul(tuple(kept))
    return Neg(product) if sign < 0 else product


# --- what ends a branch ------------------------------------------------------------------------------


@_rule("constant", r"\frac{d}{dx} c = 0", trivial=True)
def constant(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} c = 0$ for whatever does not contain $x$."""
    return ZERO if is_constant(body, wrt) else None


@_rule("variable", r"\frac{d}{dx} x = 1", trivial=True)
def variable(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} x = 1$; of components, $\frac{\partial x_i}{\partial x_j} = \delta_{ij}$."""
    if body == wrt:
        return ONE
    if isinstance(body, Indexed):
        return differentiate(body, wrt)
    return None


# --- linear ------------------------------------------------------------------------------------------


@_rule("sum rule", r"\frac{d}{dx}(u + v) = \frac{du}{dx} + \frac{dv}{dx}", trivial=True)
def sum_rule(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}(u + v) = \frac{du}{dx} + \frac{dv}{dx}$, term by term."""
    return Add(tuple(_slope_of_term(t, slope) for t in body.terms)) if isinstance(body, Add) else None


def _slope_of_term(term: Expr, slope: Callable[[Expr], Expr]) -> Expr:
    return Neg(slope(term.arg)) if isinstance(term, Neg) else slope(term)


@_rule("constant factor", r"\frac{d}{dx}(c\,u) = c\,\frac{du}{dx}", trivial=True)
def constant_factor(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}(c\,u) = c\,\frac{du}{dx}$ for a factor $c$ without $x$; the sign is such a factor too."""
    match body:
        case Neg(arg):
            return Neg(slope(arg))
        case Mul(factors):
            fixed = [f for f in factors if is_constant(f, wrt)]
            rest = [f for f in factors if not is_constant(f, wrt)]
            if fixed:
                return times(*fixed, slope(rest[0] if len(rest) == 1 else Mul(tuple(rest))))
        case Div(num, den) if is_constant(den, wrt):
            return Div(slope(num), den)
        case Div(Mul(factors), den) if any(is_constant(f, wrt) for f in factors):
            fixed = [f for f in factors if is_constant(f, wrt)]
            rest = [f for f in factors if not is_constant(f, wrt)]
            top = times(*rest) if rest else ONE
            return times(*fixed, slope(Div(top, den)))
        case Div(Neg(arg), den):
            return Neg(slope(Div(arg, den)))
        case Div(num, den) if num != ONE and is_constant(num, wrt):
            return times(num, slope(Div(ONE, den)))
        case _:
            pass
    return None


@_rule("sum over an index", r"\frac{d}{dx} \sum_i u_i = \sum_i \frac{du_i}{dx}", trivial=True)
def finite_sum(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} \sum_i u_i = \sum_i \frac{du_i}{dx}$; the index of the sum is never that of the variable."""
    if not isinstance(body, Sum):
        return None
    body = apart_from(body, wrt)
    return Sum(slope(body.body), body.index, body.lower, body.upper, body.excluded)


def apart_from(node: Sum, wrt: Expr) -> Sum:
    """The sum with an index that the variable does not use."""
    taken = free_names(wrt)
    if node.index not in taken:
        return node
    fresh = next(
        (letter for letter in "kmnlij" if letter not in taken | free_names(node.body)),
        fresh_name(node.index, taken | free_names(node.body)),
    )
    renamed = substitute(node.body, {Symbol(node.index): Symbol(fresh)})
    return Sum(renamed, fresh, node.lower, node.upper, node.excluded)


# --- products, quotients, powers -------------------------------------------------------------------------


@_rule("product rule", r"\frac{d}{dx}(u\,v) = \frac{du}{dx}\,v + u\,\frac{dv}{dx}")
def product_rule(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}(u\,v) = \frac{du}{dx}\,v + u\,\frac{dv}{dx}$, one term for each factor that contains $x$."""
    if not isinstance(body, Mul):
        return None
    factors = body.factors
    return Add(tuple(times(*factors[:k], slope(f), *factors[k + 1 :]) for k, f in enumerate(factors)))


@_rule("reciprocal rule", r"\frac{d}{dx}\frac{1}{v} = -\frac{1}{v^2}\,\frac{dv}{dx}")
def reciprocal_rule(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}\frac{1}{v} = -\frac{1}{v^2}\,\frac{dv}{dx}$ where $v \ne 0$."""
    if not (isinstance(body, Div) and body.num == ONE):
        return None
    return Neg(chained(Div(ONE, Pow(body.den, TWO)), body.den, wrt, slope))


@_rule("quotient rule", r"\frac{d}{dx}\frac{u}{v} = \frac{\frac{du}{dx}\,v - u\,\frac{dv}{dx}}{v^2}")
def quotient_rule(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}\frac{u}{v} = \frac{\frac{du}{dx}\,v - u\,\frac{dv}{dx}}{v^2}$ where $v \ne 0$."""
    if not isinstance(body, Div):
        return None
    u, v = body.num, body.den
    return Div(Add((times(slope(u), v), Neg(times(u, slope(v))))), Pow(v, TWO))


@_rule("exponential", r"\frac{d}{dx} e^{u} = e^{u}\,\frac{du}{dx}")
def exponential(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} e^{u} = e^{u}\,\frac{du}{dx}$."""
    match body:
        case Func("exp", (u,)):
            return chained(body, u, wrt, slope)
        case Pow(Constant("e"), u):
            return chained(body, u, wrt, slope)
        case _:
            return None


@_rule("root", r"\frac{d}{dx}\sqrt{u} = \frac{1}{2\sqrt{u}}\,\frac{du}{dx}")
def root(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx}\sqrt{u} = \frac{1}{2\sqrt{u}}\,\frac{du}{dx}$ where $u > 0$."""
    if not (isinstance(body, Pow) and body.exponent == HALF):
        return None
    return chained(Div(ONE, Mul((TWO, body))), body.base, wrt, slope)


@_rule("power rule", r"\frac{d}{dx} u^{n} = n\,u^{n-1}\,\frac{du}{dx}")
def power_rule(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} u^{n} = n\,u^{n-1}\,\frac{du}{dx}$ for an exponent without $x$."""
    if not isinstance(body, Pow):
        return None
    u, n = body.base, body.exponent
    if not is_constant(n, wrt):
        return None
    factor, exponent = n, lowered(n)
    outer = u if exponent == ONE else Pow(u, exponent)
    return chained(times(factor, outer), u, wrt, slope)


def lowered(exponent: Expr) -> Expr:
    """The exponent less one.

    >>> lowered(Neg(TWO))
    Neg(arg=Number(value=Fraction(3, 1), decimals=None))
    """
    match exponent:
        case Number(value) if value >= 1:
            return Number(value - 1)
        case Number(value):
            return Neg(Number(1 - value))
        case Neg(Number(value)):
            return Neg(Number(value + 1))
        case Add((*front, last)) if last in (ONE, Neg(ONE)):
            rest = front[0] if len(front) == 1 else Add(tuple(front))
            return rest if last == ONE else Add((rest, Neg(TWO)))
        case _:
            return Add((exponent, Neg(ONE)))


@_rule("power with a constant base", r"\frac{d}{dx} a^{u} = a^{u} \ln a\,\frac{du}{dx}")
def exponential_to_a_base(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} a^{u} = a^{u} \ln(a)\,\frac{du}{dx}$ for a base $a > 0$ without $x$."""
    if not (isinstance(body, Pow) and is_constant(body.base, wrt)):
        return None
    return chained(times(body, Func("log", (body.base,))), body.exponent, wrt, slope)


@_rule("logarithmic derivative", r"\frac{d}{dx} u^{v} = u^{v}\,\frac{d}{dx}[v \ln u]")
def general_power(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} u^{v} = u^{v}\,\frac{d}{dx}[v \ln(u)]$ where $u > 0$."""
    if not isinstance(body, Pow):
        return None
    return times(body, slope(Mul((body.exponent, Func("log", (body.base,))))))


# --- functions ---------------------------------------------------------------------------------------


@_rule("logarithm", r"\frac{d}{dx} \ln u = \frac{1}{u}\,\frac{du}{dx}")
def logarithm(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} \ln(u) = \frac{1}{u}\,\frac{du}{dx}$ where $u > 0$."""
    if not (isinstance(body, Func) and body.name == "log"):
        return None
    return chained(Div(ONE, body.args[0]), body.args[0], wrt, slope)


@_rule("absolute value", r"\frac{d}{dx} |u| = \operatorname{sign}(u)\,\frac{du}{dx}")
def absolute_value(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} |u| = \operatorname{sign}(u)\,\frac{du}{dx}$ where $u \ne 0$."""
    if not (isinstance(body, Func) and body.name == "abs"):
        return None
    return chained(Func("sign", body.args), body.args[0], wrt, slope)


@_rule(
    "maximum",
    r"\frac{d}{dx}\max(u, v) = \frac{du}{dx} \text{ if } u > v,\ \frac{dv}{dx} \text{ if } u < v",
)
def extreme(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""The derivative of $\max(u, v)$ (of $\min$) is that of the larger (smaller) one, where $u \ne v$."""
    match body:
        case Func("max" | "min", (u,)):
            return slope(u)
        case Func("max" | "min" as name, (u, *rest)):
            v = rest[0] if len(rest) == 1 else Func(name, tuple(rest))
            if is_constant(u, wrt):  # max(0, u): the case that moves comes first
                u, v = v, u
            condition = compare(u, Op.GT if name == "max" else Op.LT, v)
            return Cases(((slope(u), condition), (slope(v), Otherwise())))
        case Func("relu", (u,)):
            return Cases(((slope(u), compare(u, Op.GT, ZERO)), (ZERO, Otherwise())))
        case _:
            return None


@_rule(
    "cases",
    r"\frac{d}{dx}\begin{cases} u \\ v \end{cases} = \begin{cases} \frac{du}{dx} \\ \frac{dv}{dx} \end{cases}",
)
def cases(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""Each branch is differentiated where its condition holds; on the seams see the kinks."""
    if not isinstance(body, Cases):
        return None
    return Cases(tuple((slope(value), condition) for value, condition in body.branches))


@_rule("function of the document", r"\frac{d}{dx} f(u) = f'(u)\,\frac{du}{dx}")
def unknown_function(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} f(u) = f'(u)\,\frac{du}{dx}$ for a function that is not given by a formula."""
    if not isinstance(body, Apply):
        return None
    if len(body.args) > 1 and wrt in body.args and not any(body.orders):
        others = [a for a in body.args if a != wrt]
        if all(is_constant(a, wrt) for a in others):
            return None  # the partial derivative by an argument of its own is written as such
    orders = body.orders or (0,) * len(body.args)
    terms: list[Expr] = []
    for k, arg in enumerate(body.args):
        if not is_constant(arg, wrt):
            raised = (*orders[:k], orders[k] + 1, *orders[k + 1 :])
            terms.append(chained(Apply(body.name, body.args, raised), arg, wrt, slope))
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


@_rule("product over an index", r"\frac{d}{dx} \prod_i u_i = \prod_i u_i \sum_i \frac{1}{u_i}\frac{du_i}{dx}")
def finite_product(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d}{dx} \prod_i u_i = \prod_i u_i\,\frac{d}{dx} \sum_i \ln(u_i)$ where no factor is zero."""
    if not isinstance(body, Product):
        return None
    return times(body, slope(Sum(Func("log", (body.body,)), body.index, body.lower, body.upper)))


_NAMES = {
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "sign": "sign is constant on each side",
    "step": "step is constant on each side",
    "erf": "error function",
    "erfc": "complementary error function",
}


def _elementary(name: str) -> Rewriting:
    def rewriting(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
        if not (isinstance(body, Func) and body.name == name):
            return None
        outer = OUTER[name](body.args[0])
        return ZERO if outer == ZERO else chained(outer, body.args[0], wrt, slope)

    rewriting.__doc__ = f"The derivative of {name} at the argument, times that of the argument."
    return rewriting


for _name in OUTER:
    if _name not in ("exp", "log", "abs", "relu"):
        _rule(_NAMES.get(_name, _name), rf"\frac{{d}}{{dx}} \operatorname{{{_name}}}(u)")(_elementary(_name))


@_rule("higher derivative", r"\frac{d^2}{dx^2} u = \frac{d}{dx}\left[\frac{du}{dx}\right]", trivial=True)
def higher(body: Expr, wrt: Expr, slope: Callable[[Expr], Expr]) -> Expr | None:
    r"""$\frac{d^2}{dx^2} u = \frac{d}{dx}\left[\frac{du}{dx}\right]$; the inner one is taken first."""
    return None


__all__ = ["RULES", "NotDifferentiable", "Rule", "is_constant", "rewrite", "times"]
