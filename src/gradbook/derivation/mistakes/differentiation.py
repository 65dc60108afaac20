r"""Mistakes of differentiation: what people put in the place of a rule's result.

A mal-rule looks at one application of a rule, and gives what may have been written instead; derivatives inside
it are still to be taken, and are then taken rightly (or with one more mistake).

>>> from gradbook.symbolic import to_text
>>> x = Symbol("x")
>>> step = Differentiation.of(Derivative(Func("log", (Mul((TWO, x)),)), x))
>>> [(slip.code, to_text(wrong)) for wrong, slip in outer_missing(step)]
[('D103', 'd/dx[2·x]')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.rules import chained, is_constant, lowered, rewrite, times
from gradbook.symbolic.derivative import OUTER, expand_derivatives
from gradbook.symbolic.expr import (
    ONE,
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
    Number,
    Pow,
    Sum,
    Symbol,
    replace,
    walk,
)
from gradbook.symbolic.tidy import tidy

#: What a mal-rule gives: the wrong result, and the slip in words.
Wrong = Iterator[tuple[Expr, Slip]]


@dataclass(frozen=True, slots=True)
class Differentiation:
    """One application of a rule: the derivative, the rule, and what it gives."""

    node: Derivative
    rule: str
    after: Expr
    trivial: bool = False
    #: Whether this is the derivative that was asked for, and not one on the way to it.
    whole: bool = False

    @classmethod
    def of(cls, node: Derivative, *, whole: bool = False) -> Differentiation | None:
        """The application of the first rule that applies."""
        found = rewrite(node)
        return None if found is None else cls(node, found[0].name, found[1], found[0].trivial, whole)

    @property
    def body(self) -> Expr:
        """What is differentiated."""
        return self.node.body

    @property
    def wrt(self) -> Expr:
        """What it is differentiated by."""
        return self.node.wrt

    def slope(self, part: Expr) -> Derivative:
        """The derivative of a part, still to be taken."""
        return Derivative(part, self.wrt, 1, self.node.variant)

    @property
    def inner(self) -> Expr | None:
        """The inner function, where the chain rule is used."""
        match self.body:
            case Func("max" | "min", _):
                return None
            case Func("relu", (u,)):
                return None if u == self.wrt else u
            case Func(_, (u,)) | Pow(Constant("e"), u):
                return u
            case Div(num, den) if num == ONE:
                return den
            case Pow(u, n) if is_constant(n, self.wrt):
                return u
            case Pow(a, u) if is_constant(a, self.wrt):
                return u
            case Apply(_, args, _):
                moving = [a for a in args if not is_constant(a, self.wrt)]
                return moving[0] if len(moving) == 1 else None
            case _:
                return None

    @property
    def outer(self) -> Expr | None:
        """The outer derivative, at the inner function."""
        inner = self.inner
        if inner is None:
            return None
        return self.after if inner == self.wrt else tidy(replace(self.after, {self.slope(inner): ONE}))


def _d(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    return mistake(code, name, meant=meant, family=Family.DERIVATIVE, example=example, cost=cost)


# --- the chain rule ----------------------------------------------------------------------------------


@_d(
    "D101",
    "inner derivative missing",
    r"$\frac{d}{dx} f(u) = f'(u)\,\frac{du}{dx}$",
    ("f(x) = \\ln(1 + e^{x})", "f'(x) = \\frac{1}{1 + e^{x}}", "f'(x) = \\frac{e^{x}}{1 + e^{x}}"),
)
def inner_missing(step: Differentiation) -> Wrong:
    r"""The outer function is differentiated, and the work stops there: the factor $\frac{du}{dx}$ of the chain
    rule, the derivative of what stands inside, is left out, or a part of it is.

    It happens where the inside looks simple ($2x$, $x_i\theta$, $1 - p$), and where the outer derivative was
    looked up in a table, which knows only the plain variable.
    """
    inner = step.inner
    outer = step.outer
    if inner is None or outer is None or inner == step.wrt:
        return
    slope = tidy(expand_derivatives(step.slope(inner)))
    if slope == ZERO:
        return
    if slope == Neg(ONE):
        words = "the sign is wrong: the inner derivative of {} is -1"
        yield outer, Slip("E101", words, (inner,), extra=0.05)
    else:
        words = "the inner derivative {} of {} is missing (chain rule)"
        yield outer, Slip("D101", words, (step.slope(inner), inner))


@_d(
    "D102",
    "chain rule put together wrongly",
    r"$\frac{d}{dx} f(u) = f'(u)\,\frac{du}{dx}$: the outer derivative is taken at $u$",
    ("f(x) = \\sin(x^2)", "f'(x) = \\cos(2x)", "f'(x) = 2x \\cos(x^2)"),
    1.04,
)
def chain_misassembled(step: Differentiation) -> Wrong:
    r"""The derivative of the inside is put *into* the outer function instead of multiplied by it, as in
    $\frac{d}{dx}\sin(x^2) = \cos(2x)$.

    It happens where "differentiate outside, then inside" is done by rewriting the line from left to right.
    """
    inner, outer = step.inner, step.outer
    if inner is None or outer is None or inner == step.wrt:
        return
    slope = step.slope(inner)
    if not any(isinstance(n, Symbol | Indexed) for n in walk(tidy(expand_derivatives(slope)))):
        yield from _outer_elsewhere(step, outer, inner)
        return
    words = "the derivative {} of the inside is put into the outer function; it should multiply the derivative at {}"
    yield replace(outer, {inner: slope}), Slip("D102", words, (slope, inner))
    if isinstance(step.body, Func):
        yield Func(step.body.name, (slope,)), Slip("D102", words, (slope, inner), extra=0.02)
    yield from _outer_elsewhere(step, outer, inner)


def _outer_elsewhere(step: Differentiation, outer: Expr, inner: Expr) -> Wrong:
    words = "the outer derivative is taken at {}, but should be taken at {}"
    wrong = chained(replace(outer, {inner: step.wrt}), inner, step.wrt, step.slope)
    yield wrong, Slip("E105", words, (step.wrt, inner), extra=0.1)


@_d(
    "D103",
    "outer derivative missing",
    r"$\frac{d}{dx} f(u) = f'(u)\,\frac{du}{dx}$",
    ("f(p) = \\ln(1 + p^2)", "f'(p) = 2p", "f'(p) = \\frac{2p}{1 + p^2}"),
    1.03,
)
def outer_missing(step: Differentiation) -> Wrong:
    r"""Only the inside is differentiated: the $\frac{1}{p}$ of a logarithm, the $2r$ of a square, the
    $\operatorname{sign}(r)$ of an absolute value or the $e^u$ of an exponential is left out.

    It happens with the logarithm above all, whose derivative does not look like a logarithm any more, so that
    nothing on the page reminds of it.
    """
    inner, outer = step.inner, step.outer
    if inner is None or outer is None:
        return
    what = _kind(step.body)
    yield (
        step.slope(inner) if inner != step.wrt else ONE,
        Slip("D103", f"the derivative of {what} needs {{}}, which is missing", (outer,)),
    )


def _kind(body: Expr) -> str:
    match body:
        case Func("abs"):
            return "the absolute value"
        case Func(name):
            return name
        case Pow(_, Number(value)) if value == 2:
            return "a square"
        case Pow(_, Number(value)) if value.denominator == 2:
            return "a root"
        case Pow(Constant("e"), _):
            return "exp"
        case Pow():
            return "a power"
        case Div():
            return "a reciprocal"
        case _:
            return "the outer function"


# --- powers ------------------------------------------------------------------------------------------


@_d(
    "D104",
    "power not reduced",
    r"$\frac{d}{dx} u^n = n\,u^{n-1}\,\frac{du}{dx}$",
    ("f(x) = x^3", "f'(x) = 3x^3", "f'(x) = 3x^2"),
)
def power_kept(step: Differentiation) -> Wrong:
    r"""The exponent comes down as a factor, but the power stays as it was: $\frac{d}{dx} u^n = n u^n$, or it is
    reduced by too much, or raised instead.

    It happens where two things are to be done at once, and with negative exponents, where one less is
    $-n - 1$.
    """
    match step.body:
        case Pow(u, n) if is_constant(n, step.wrt) and step.inner == u:
            words = "the power of {} is not reduced by one"
            yield chained(times(n, step.body), u, step.wrt, step.slope), Slip("D104", words, (u,))
            raised = _plus(n, 1)
            words = "the exponent of {} is raised instead of reduced"
            yield (
                chained(times(n, Pow(u, raised)), u, step.wrt, step.slope),
                Slip("D104", words, (u,), extra=0.01),
            )
            twice = _plus(n, -2)
            words = "the power of {} is reduced by two instead of one"
            if isinstance(n, Number | Neg) and n != TWO:
                yield (
                    chained(times(n, Pow(u, twice)), u, step.wrt, step.slope),
                    Slip("D104", words, (u,), extra=0.02),
                )
        case Div(num, v) if num == ONE:
            words = "the derivative of 1/{} needs the square of {}"
            wrong = Neg(chained(Div(ONE, v), v, step.wrt, step.slope))
            yield wrong, Slip("D104", words, (v, v))
        case _:
            return


def _plus(exponent: Expr, by: int) -> Expr:
    match exponent:
        case Number(value):
            return Number(value + by) if value + by >= 0 else Neg(Number(-value - by))
        case Neg(Number(value)):
            return _plus(Number(-value), by)
        case _:
            return lowered(exponent) if by == -1 else Add((exponent, Number(Fraction(by))))


@_d(
    "D105",
    "factor of the power rule missing",
    r"$\frac{d}{dx} u^n = n\,u^{n-1}\,\frac{du}{dx}$",
    ("f(x) = x^3", "f'(x) = x^2", "f'(x) = 3x^2"),
)
def power_factor_missing(step: Differentiation) -> Wrong:
    r"""The power is reduced, but the exponent does not come down as a factor: $\frac{d}{dx} u^n = u^{n-1}$; for
    a root, $\frac{1}{\sqrt{u}}$ stands without its $\frac{1}{2}$.
    """
    match step.body:
        case Pow(u, n) if is_constant(n, step.wrt) and step.inner == u:
            rest = lowered(n)
            outer = u if rest == ONE else Pow(u, rest)
            yield (
                chained(outer, u, step.wrt, step.slope),
                Slip("D105", "the factor {} of the power rule is missing", (n,)),
            )
        case _:
            return


@_d(
    "D106",
    "exponential differentiated as a power",
    r"$\frac{d}{dx} a^u = a^u \ln(a)\,\frac{du}{dx}$, where the variable stands in the exponent",
    ("f(x) = e^{2x}", "f'(x) = 2x e^{2x - 1} \\cdot 2", "f'(x) = 2 e^{2x}"),
)
def exponential_as_power(step: Differentiation) -> Wrong:
    r"""The power rule is used on an exponential: the exponent comes down and is reduced by one, though it is the
    exponent that varies. Or the factor $\ln(a)$ of a base other than $e$ is left out.
    """
    match step.body:
        case Func("exp", (u,)) | Pow(Constant("e"), u):
            words = "the power rule is used on an exponential: {} should stay as it is"
            less = Func("exp", (Add((u, Neg(ONE))),))
            yield chained(times(u, less), u, step.wrt, step.slope), Slip("D106", words, (step.body,))
            if u != step.wrt:
                yield times(u, less), Slip("D106", words, (step.body,), extra=0.4)
        case Pow(a, u) if is_constant(a, step.wrt) and not is_constant(u, step.wrt):
            words = "the power rule is used on an exponential: {} should stay as it is"
            wrong = chained(times(u, Pow(a, Add((u, Neg(ONE))))), u, step.wrt, step.slope)
            yield wrong, Slip("D106", words, (step.body,))
            words = "the factor {} of an exponential with this base is missing"
            yield chained(step.body, u, step.wrt, step.slope), Slip("D106", words, (Func("log", (a,)),))
        case Pow(u, v) if not is_constant(v, step.wrt) and not is_constant(u, step.wrt):
            words = "the power rule does not hold for {}, whose exponent varies"
            less = Pow(u, Add((v, Neg(ONE))))
            yield chained(times(v, less), u, step.wrt, step.slope), Slip("D106", words, (step.body,))
            words = "the base of {} varies too"
            yield (
                times(step.body, Func("log", (u,)), step.slope(v)),
                Slip("D106", words, (step.body,), extra=0.1),
            )
        case _:
            return


# --- products ----------------------------------------------------------------------------------------


@_d(
    "D107",
    "product rule as a product of derivatives",
    r"$\frac{d}{dx}(u\,v) = \frac{du}{dx}\,v + u\,\frac{dv}{dx}$",
    ("f(x) = x^2 e^{x}", "f'(x) = 2x e^{x}", "f'(x) = 2x e^{x} + x^2 e^{x}"),
)
def product_of_derivatives(step: Differentiation) -> Wrong:
    r"""The derivative of a product is taken to be the product of the derivatives: $(u v)' = u' v'$.

    It is true of sums, and so it is believed of products.
    """
    if step.rule == "product rule" and isinstance(step.body, Mul):
        factors = step.body.factors
        words = "the derivative of the product {} is not the product of the derivatives"
        yield times(*(step.slope(f) for f in factors)), Slip("D107", words, (step.body,))
    elif step.rule == "quotient rule" and isinstance(step.body, Div):
        over = Div(ONE, step.body.den)
        words = "the derivative of the product {} is not the product of the derivatives"
        wrong = times(step.slope(step.body.num), step.slope(over))
        yield wrong, Slip("D107", words, (times(step.body.num, over),), extra=0.02)


@_d(
    "D108",
    "term of the product rule dropped",
    r"$\frac{d}{dx}(u\,v) = \frac{du}{dx}\,v + u\,\frac{dv}{dx}$",
    ("f(x) = x \\sin(x)", "f'(x) = x \\cos(x)", "f'(x) = \\sin(x) + x \\cos(x)"),
)
def product_term_dropped(step: Differentiation) -> Wrong:
    r"""One of the two terms of the product rule is left out: a factor that varies is held constant.

    It happens where one factor is so simple ($x$ itself) that it is taken for a coefficient.
    """
    if step.rule == "product rule" and isinstance(step.after, Add) and isinstance(step.body, Mul):
        terms = step.after.terms
        for k, factor in enumerate(step.body.factors):
            kept = tuple(t for j, t in enumerate(terms) if j != k)
            words = "a term of the product rule is missing: {} is held constant, but it varies"
            yield kept[0] if len(kept) == 1 else Add(kept), Slip("D108", words, (factor,))


@_d(
    "D109",
    "product rule with a factor lost",
    r"$\frac{d}{dx}(u\,v) = \frac{du}{dx}\,v + u\,\frac{dv}{dx}$",
    ("f(x) = x \\sin(x)", "f'(x) = \\sin(x) + \\cos(x)", "f'(x) = \\sin(x) + x \\cos(x)"),
    1.06,
)
def product_as_sum(step: Differentiation) -> Wrong:
    r"""Each term of the product rule is a product of a derivative and the other factor; here the other factor is
    lost, in one term or in both: $(u v)' = u' v + v'$, or $u' + v$, or even $u' + v'$. With vectors,
    $\partial(f^{\top} f)$ is written as $\partial f^{\top} + f^{\top}$.
    """
    if step.rule != "product rule" or not isinstance(step.body, Mul) or len(step.body.factors) != 2:
        return
    u, v = step.body.factors
    du, dv = step.slope(u), step.slope(v)
    words = "the factor {} is missing in a term of the product rule"
    yield Add((times(du, v), dv)), Slip("D109", words, (u,))
    yield Add((du, times(u, dv))), Slip("D109", words, (v,))
    words = "the derivative of the product {} is written as a sum of its parts"
    yield Add((du, v)), Slip("D109", words, (step.body,), extra=0.03)
    yield Add((u, dv)), Slip("D109", words, (step.body,), extra=0.03)
    yield Add((du, dv)), Slip("D109", words, (step.body,), extra=0.03)
    words = "the sign is wrong: the terms of the product rule are added, not subtracted"
    yield Add((times(du, v), Neg(times(u, dv)))), Slip("E101", words, (), extra=0.02)


# --- quotients ---------------------------------------------------------------------------------------


def _quotient(step: Differentiation) -> tuple[Expr, Expr, Expr, Expr] | None:
    if not isinstance(step.body, Div):
        return None
    u, v = step.body.num, step.body.den
    if is_constant(v, step.wrt) or is_constant(u, step.wrt):
        return None
    return u, v, step.slope(u), step.slope(v)


@_d(
    "D110",
    "quotient rule with the order reversed",
    r"$\frac{d}{dx}\frac{u}{v} = \frac{u' v - u v'}{v^2}$",
    (
        "f(x) = \\frac{\\sin(x)}{x}",
        "f'(x) = \\frac{\\sin(x) - x \\cos(x)}{x^2}",
        "f'(x) = \\frac{x \\cos(x) - \\sin(x)}{x^2}",
    ),
    1.05,
)
def quotient_reversed(step: Differentiation) -> Wrong:
    r"""The terms of the quotient rule are subtracted in the wrong order, $u v' - u' v$, so that the whole
    derivative has the wrong sign.
    """
    found = _quotient(step)
    if found is not None:
        u, v, du, dv = found
        wrong = Div(Add((times(u, dv), Neg(times(du, v)))), Pow(v, TWO))
        yield (
            wrong,
            Slip("D110", "the terms of the quotient rule for {} are in the wrong order", (step.body,)),
        )


@_d(
    "D111",
    "quotient rule with the wrong sign",
    r"$\frac{d}{dx}\frac{u}{v} = \frac{u' v - u v'}{v^2}$",
    (
        "f(x) = \\frac{\\sin(x)}{x}",
        "f'(x) = \\frac{x \\cos(x) + \\sin(x)}{x^2}",
        "f'(x) = \\frac{x \\cos(x) - \\sin(x)}{x^2}",
    ),
    1.02,
)
def quotient_plus(step: Differentiation) -> Wrong:
    r"""The terms of the quotient rule are added, as those of the product rule are: $u' v + u v'$."""
    found = _quotient(step)
    if found is not None:
        u, v, du, dv = found
        wrong = Div(Add((times(du, v), times(u, dv))), Pow(v, TWO))
        yield (
            wrong,
            Slip("D111", "the second term of the quotient rule for {} has the wrong sign", (step.body,)),
        )


@_d(
    "D112",
    "square of the denominator missing",
    r"$\frac{d}{dx}\frac{u}{v} = \frac{u' v - u v'}{v^2}$",
    (
        "f(x) = \\frac{x}{1 + x^2}",
        "f'(x) = \\frac{1 - x^2}{1 + x^2}",
        "f'(x) = \\frac{1 - x^2}{(1 + x^2)^2}",
    ),
    1.03,
)
def quotient_square_missing(step: Differentiation) -> Wrong:
    r"""The numerator of the quotient rule is right, but it is divided by $v$ instead of $v^2$, or by nothing."""
    found = _quotient(step)
    if found is not None:
        u, v, du, dv = found
        top = Add((times(du, v), Neg(times(u, dv))))
        words = "the quotient rule divides by the square of {}"
        yield Div(top, v), Slip("D112", words, (v,))
        yield top, Slip("D112", words, (v,), extra=0.05)


@_d(
    "D113",
    "denominator treated as constant",
    r"$\frac{d}{dx}\frac{u}{v} = \frac{u' v - u v'}{v^2}$",
    ("f(x) = \\frac{x}{1 + |x|}", "f'(x) = \\frac{1}{1 + |x|}", "f'(x) = \\frac{1}{(1 + |x|)^2}"),
)
def denominator_constant(step: Differentiation) -> Wrong:
    r"""A term of the quotient rule is dropped. Where it is the second, the numerator is differentiated and the
    denominator treated as constant, $\frac{u'}{v}$; where it is the first, the numerator is.
    """
    found = _quotient(step)
    if found is not None:
        u, v, du, dv = found
        words = "the second term of the quotient rule is dropped: the denominator {} is treated as constant"
        yield Div(du, v), Slip("D113", words, (v,))
        words = "the first term of the quotient rule is dropped: the numerator {} is treated as constant"
        yield Neg(Div(times(u, dv), Pow(v, TWO))), Slip("D113", words, (u,))


@_d(
    "D114",
    "quotient rule as a quotient of derivatives",
    r"$\frac{d}{dx}\frac{u}{v} = \frac{u' v - u v'}{v^2}$",
    ("f(x) = \\frac{x^2}{\\sin(x)}", "f'(x) = \\frac{2x}{\\cos(x)}",
     "f'(x) = \\frac{2x \\sin(x) - x^2 \\cos(x)}{\\sin^2(x)}"),
)  # fmt: skip
def quotient_of_derivatives(step: Differentiation) -> Wrong:
    r"""The derivative of a quotient is taken to be the quotient of the derivatives, $\frac{u'}{v'}$.

    It is L'Hôpital's rule for limits that looks like this.
    """
    found = _quotient(step)
    if found is not None:
        _, _, du, dv = found
        words = "the derivative of the quotient {} is not the quotient of the derivatives"
        yield Div(du, dv), Slip("D114", words, (step.body,))
    elif isinstance(step.body, Div) and step.body.num == ONE and step.inner is not None:
        wrong = Div(ONE, step.slope(step.body.den))
        words = "the derivative of 1/{} is not one over the derivative"
        yield wrong, Slip("D114", words, (step.body.den,), extra=0.1)


# --- what is not differentiated at all, or is something else --------------------------------------------


@_d(
    "D115",
    "not differentiated",
    r"every part that holds the variable is differentiated",
    ("f(x) = x^2 + \\sin(x)", "f'(x) = 2x + \\sin(x)", "f'(x) = 2x + \\cos(x)"),
)
def not_differentiated(step: Differentiation) -> Wrong:
    r"""The function itself, or a term or a branch of it, stands where its derivative should.

    It happens where a line is copied from the one above and only a part of it is worked on.
    """
    if is_constant(step.body, step.wrt) or step.rule in ("exponential", "power with a constant base"):
        return  # of an exponential that is the inner derivative missing, or the logarithm of the base
    if step.node.order > 1:
        lower = Derivative(step.body, step.wrt, step.node.order - 1, step.node.variant)
        yield lower, Slip("D115", "{} is to be differentiated once more", (lower,), extra=-0.02)
        return
    yield step.body, Slip("D115", "{} is not differentiated", (step.body,))
    inner = step.inner
    if inner is not None and inner != step.wrt:
        words = "the outer function of {} is not differentiated"
        yield times(step.body, step.slope(inner)), Slip("D115", words, (step.body,), extra=0.01)


@_d(
    "D116",
    "constant kept",
    r"$\frac{d}{dx} c = 0$",
    ("f(x) = x^2 + 3", "f'(x) = 2x + 3", "f'(x) = 2x"),
    1.02,
)
def constant_kept(step: Differentiation) -> Wrong:
    r"""A term without the variable is kept, though its derivative is $0$."""
    if is_constant(step.body, step.wrt) and step.body not in (ZERO,):
        yield step.body, Slip("D116", "{} does not hold {}: its derivative is 0", (step.body, step.wrt))


#: Functions whose derivatives are taken for one another.
_ALIKE = {
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid", "tan"),
    "tan": ("tanh", "cot"),
    "cot": ("tan",),
    "sec": ("csc",),
    "csc": ("sec",),
    "atan": ("tan", "asin", "atanh"),
    "asin": ("acos", "atan", "asinh"),
    "acos": ("asin",),
    "softplus": ("tanh",),
    "relu": ("abs",),
}

#: Functions whose derivatives are often written with the wrong sign; what it is to be is the outer derivative.
_SIGNED = frozenset("sin cos sinh cosh tanh tan cot acos".split())


@_d(
    "D117",
    "derivative of another function",
    r"each function has its own derivative: $\sigma' = \sigma(1 - \sigma)$, $\tanh' = 1 - \tanh^2$",
    ("f(x) = \\tanh(x)", "f'(x) = \\tanh(x)\\left(1 - \\tanh(x)\\right)", "f'(x) = 1 - \\tanh^2(x)"),
    1.05,
)
def other_function(step: Differentiation) -> Wrong:
    r"""The derivative that is written belongs to another function: $f(1 - f)$, which is the sigmoid's, for
    $\tanh$; $1 - f^2$, which is that of $\tanh$, for the sigmoid; the antiderivative instead of the derivative.
    """
    body, inner = step.body, step.inner
    match body:
        case Func("max", (a, u)) | Func("max", (u, a)) if a == ZERO:
            words = "this is the derivative of the absolute value, not of the larger of 0 and {}"
            yield chained(Func("sign", (u,)), u, step.wrt, step.slope), Slip("D117", words, (u,))
        case Func(name, (u,)) if name in OUTER:
            for other in _ALIKE.get(name, ()):
                words = f"this is the derivative of {other}, not of {name}"
                yield chained(OUTER[other](u), u, step.wrt, step.slope), Slip("D117", words)
        case Pow(u, n) if inner == u and is_constant(n, step.wrt) and n != Neg(ONE):
            words = "{} is integrated instead of differentiated"
            more = _plus(n, 1)
            yield (
                chained(Div(Pow(u, more), more), u, step.wrt, step.slope),
                Slip("D117", words, (body,), extra=0.1),
            )
        case _:
            pass
    if _is_squashing(body) and not is_constant(body, step.wrt):
        argument = inner if isinstance(body, Func) and inner is not None else step.wrt
        own = body.name if isinstance(body, Func) else ""
        if own != "sigmoid":
            words = "{}(1 - {}) is the derivative of a sigmoid; {} is none"
            wrong = chained(Mul((body, Add((ONE, Neg(body))))), argument, step.wrt, step.slope)
            yield wrong, Slip("D117", words, (body, body, body))
        if own != "tanh":
            words = "1 - {}^2 is the derivative of a tanh; {} is none"
            wrong = chained(Add((ONE, Neg(Pow(body, TWO)))), argument, step.wrt, step.slope)
            yield wrong, Slip("D117", words, (body, body))


def _is_squashing(body: Expr) -> bool:
    """A sigmoid, a tanh or a relative of theirs, also where it is written out with exponentials."""
    match body:
        case Func("tanh" | "sigmoid" | "atan" | "softplus" | "erf"):
            return True
        case Div(_, den):
            return any(isinstance(n, Func) and n.name == "exp" for n in walk(den))
        case _:
            return False


@_d(
    "D118",
    "differentiated by another variable",
    r"$\frac{\partial f}{\partial x}$ holds everything but $x$ constant",
    ("L = (y - w x)^2", "\\frac{\\partial L}{\\partial w} = -2 w (y - w x)",
     "\\frac{\\partial L}{\\partial w} = -2 x (y - w x)"),
    1.05,
)  # fmt: skip
def other_variable(step: Differentiation) -> Wrong:
    r"""The derivative is taken by the wrong quantity: $x$ and $w$ stand side by side in $w x$, and the factor that
    should have stayed is the one that went.
    """
    if not step.whole:
        return
    names = {n for n in walk(step.body) if isinstance(n, Symbol | Indexed) and n != step.wrt}
    inside = {s for n in walk(step.body) if isinstance(n, Indexed) for s in n.indices}
    bound = {Symbol(n.index) for n in walk(step.body) if isinstance(n, Sum)}
    for other in sorted(names - inside - bound, key=repr)[:4]:
        words = "this is the derivative by {}, not by {}"
        yield Derivative(step.body, other, 1, step.node.variant), Slip("D118", words, (other, step.wrt))


# --- sums over an index --------------------------------------------------------------------------------


@_d(
    "D119",
    "sum lost or kept wrongly",
    r"$\frac{\partial}{\partial x_j}\sum_i u_i = \sum_i \frac{\partial u_i}{\partial x_j}$, where "
    r"$\frac{\partial x_i}{\partial x_j}$ is $1$ for $i = j$ and $0$ otherwise",
    (
        "L = \\sum_{i=1}^{n} (y_i - w x_i)^2",
        "\\frac{\\partial L}{\\partial w} = -2 x_i (y_i - w x_i)",
        "\\frac{\\partial L}{\\partial w} = -2 \\sum_{i=1}^{n} x_i (y_i - w x_i)",
    ),
)
def sum_mishandled(step: Differentiation) -> Wrong:
    r"""A sum is lost though every term of it depends on the variable; or it is kept though only one term does,
    or the one term that does is forgotten.
    """
    body = step.body
    if step.rule == "sum over an index" and isinstance(step.after, Sum):
        words = "the sum over {} is lost"
        yield step.after.body, Slip("D119", words, (Symbol(step.after.index),))
    elif step.rule == "variable" and isinstance(body, Indexed) and body != step.wrt:
        if any(isinstance(n, Delta) for n in walk(step.after)):
            words = "{} is counted as {} for every index, but it is only where the indices are equal"
            yield ONE, Slip("D119", words, (body, step.wrt))
            words = "the term in which {} is {} is forgotten"
            yield ZERO, Slip("D119", words, (body, step.wrt), extra=0.1)
    else:
        return


# --- branches ------------------------------------------------------------------------------------------


@_d(
    "D120",
    "branch lost",
    r"each branch is differentiated, and each keeps its condition",
    ("f(x) = \\max(0, x)", "f'(x) = 1", "f'(x) = \\begin{cases} 1, & x > 0 \\\\ 0, & x < 0 \\end{cases}"),
)
def branch_lost(step: Differentiation) -> Wrong:
    r"""Of a function with branches ($\max$, $|\cdot|$, cases) only one is differentiated, or the derivative is put
    back into the function.
    """
    body = step.body
    match body:
        case Func("max" | "min" as name, args):
            for arg in args:
                words = "the derivative of one branch of {} stands for all"
                yield step.slope(arg), Slip("D120", words, (body,))
            wrong = Func(name, tuple(ZERO if is_constant(a, step.wrt) else step.slope(a) for a in args))
            yield (
                wrong,
                Slip("D120", f"the derivative of {name} is not the {name} of the derivatives", (), extra=0.1),
            )
        case Func("relu", (u,)):
            words = "the derivative of one branch of {} stands for all"
            yield step.slope(u), Slip("D120", words, (body,))
        case Cases(branches):
            for value, _ in branches:
                words = "the derivative of one branch of {} stands for all"
                yield step.slope(value), Slip("D120", words, (body,))
        case _:
            return


#: All mal-rules of differentiation, in the order of their codes.
MALRULES: tuple[Callable[[Differentiation], Wrong], ...] = (
    inner_missing,
    chain_misassembled,
    outer_missing,
    power_kept,
    power_factor_missing,
    exponential_as_power,
    product_of_derivatives,
    product_term_dropped,
    product_as_sum,
    quotient_reversed,
    quotient_plus,
    quotient_square_missing,
    denominator_constant,
    quotient_of_derivatives,
    not_differentiated,
    constant_kept,
    other_function,
    other_variable,
    sum_mishandled,
    branch_lost,
)


def wrong_results(step: Differentiation) -> Wrong:
    """Everything that a mal-rule makes of one application of a rule."""
    for malrule in MALRULES:
        yield from malrule(step)


_ = _SIGNED
