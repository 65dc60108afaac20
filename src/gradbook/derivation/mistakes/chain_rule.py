r"""Mistakes with the chain rule, with powers and with exponentials."""

from __future__ import annotations

from fractions import Fraction

from gradbook.derivation.mistakes.differentiation import Differentiation, Wrong, of_differentiation
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.rules import chained, is_constant, lowered, times
from gradbook.symbolic.derivative import expand_derivatives
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    Constant,
    Div,
    Expr,
    Func,
    Indexed,
    Neg,
    Number,
    Pow,
    Symbol,
    replace,
    walk,
)
from gradbook.symbolic.tidy import tidy

# --- the chain rule ----------------------------------------------------------------------------------


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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
            raised = plus(n, 1)
            words = "the exponent of {} is raised instead of reduced"
            yield (
                chained(times(n, Pow(u, raised)), u, step.wrt, step.slope),
                Slip("D104", words, (u,), extra=0.01),
            )
            twice = plus(n, -2)
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


def plus(exponent: Expr, by: int) -> Expr:
    """An exponent with a whole number added.

    >>> plus(TWO, -3)
    Neg(arg=Number(value=Fraction(1, 1), decimals=None))
    """
    match exponent:
        case Number(value):
            return Number(value + by) if value + by >= 0 else Neg(Number(-value - by))
        case Neg(Number(value)):
            return plus(Number(-value), by)
        case _:
            return lowered(exponent) if by == -1 else Add((exponent, Number(Fraction(by))))


@of_differentiation(
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


@of_differentiation(
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
