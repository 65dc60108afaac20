r"""Mistakes with the product rule and the quotient rule."""

from __future__ import annotations

from gradbook.derivation.mistakes.differentiation import Differentiation, Wrong, of_differentiation
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.rules import is_constant, times
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Div,
    Expr,
    Mul,
    Neg,
    Pow,
)

# --- products ----------------------------------------------------------------------------------------


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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


@of_differentiation(
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
