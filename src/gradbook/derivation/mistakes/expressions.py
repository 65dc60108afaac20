r"""Mistakes in what is written down: a sign, a factor, a term, an exponent, an argument.

Each mal-rule is told here from its trace: it looks at a part of the written line and at what the part should be,
and gives the part mended if the mistake is what stands between the two. Making the mistake in the mended line gives
the written one again.
"""

from __future__ import annotations

from fractions import Fraction

from gradbook.derivation.mistakes.context import (
    OUTERMOST,
    WITHIN,
    Context,
    Mended,
    negated,
    scaled,
    simple_number,
    slip_of_the_pen,
)
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.spots import Role, Spot
from gradbook.derivation.mistakes.values import FUNCTIONS, same
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Apply,
    Div,
    Expr,
    Func,
    Indexed,
    Neg,
    Number,
    Pow,
    Sum,
    Symbol,
    free_symbols,
    number,
    tree_size,
)


@slip_of_the_pen(
    "E101",
    "sign lost or gained",
    r"a minus sign stays with its term: $-(a - b) = b - a$, $\frac{d}{dx}(1 - x) = -1$",
    ("f(x) = (1 - x)^2", "f'(x) = 2(1 - x)", "f'(x) = -2(1 - x)"),
)
def sign(spot: Spot, context: Context) -> Mended:
    r"""A term, a branch or the whole line has the wrong sign.

    Signs get lost where a minus comes out of an inner derivative ($1 - p$, $-x$, $y - f$), and where a bracket
    with a minus before it is opened.
    """
    if spot.ratio is None or not same(spot.ratio, -1.0) or spot.role not in OUTERMOST or spot.inside:
        return
    if spot.role is Role.TERM and isinstance(spot.node, Number) and spot.node.value == 0:
        return
    mended = negated(spot.node)
    words = "the sign is wrong: {} should be {}"
    if spot.role is Role.WHOLE:
        words = "the sign of the whole is wrong: {} should be {}"
    elif spot.role is Role.BRANCH:
        words = "the sign of a branch is wrong: {} should be {}"
    yield mended, Slip("E101", words, (spot.node, mended), spot.node, mended)


@slip_of_the_pen(
    "E104",
    "sign inside an exponent, an argument or a denominator",
    r"$\sigma(x) = \frac{1}{1 + e^{-x}}$",
    (
        "f(x) = \\ln(1 + e^{x})",
        "f'(x) = \\frac{1}{1 - e^{-x}}",
        "f'(x) = \\frac{1}{1 + e^{-x}}",
    ),
    1.01,
)
def sign_inside(spot: Spot, context: Context) -> Mended:
    r"""A sign inside an exponent, in the argument of a function or in a denominator is wrong: $1 - e^{-x}$ for
    $1 + e^{-x}$, or $e^{x}$ for $e^{-x}$. It changes more than the sign of the line.

    It happens where a formula is remembered, not derived, or copied from line to line.
    """
    if spot.ratio is None or not same(spot.ratio, -1.0):
        return
    if spot.role not in WITHIN and not (spot.inside and spot.role is Role.TERM):
        return
    if isinstance(spot.node, Number) and spot.role is Role.EXPONENT:
        return
    mended = negated(spot.node)
    words = f"the sign in {spot.inside} is wrong: {{}} should be {{}}"
    shown, better = spot.node, mended
    if spot.role is Role.TERM and isinstance(spot.parents[-1], Add):
        shown = spot.parents[-1]
        better = Add(tuple(mended if k == spot.path[-1] else t for k, t in enumerate(shown.terms)))
    yield mended, Slip("E104", words, (shown, better), spot.node, mended)


@slip_of_the_pen(
    "E102",
    "wrong constant factor",
    r"constant factors stay: $\frac{d}{dx}(c\,u) = c\,\frac{du}{dx}$",
    ("f(x) = \\frac{x^2}{2}", "f'(x) = 2x", "f'(x) = x"),
    1.04,
)
def constant_factor(spot: Spot, context: Context) -> Mended:
    r"""The line, or a term of it, is off by a number: a $\frac{1}{2}$ that did not cancel the $2$ of a square, a
    factor forgotten or counted twice.
    """
    literal = isinstance(spot.node, Number) and spot.role not in (Role.EXPONENT, Role.ARGUMENT)
    if literal and spot.constant is not None:
        better = simple_number(spot.constant)
        assert isinstance(spot.node, Number)
        turned = (spot.constant < 0) != (spot.node.value < 0)  # a sign is a mistake of its own
        if better is not None and not turned and spot.inside in ("", "the denominator"):
            extra = 0.05 if spot.role is Role.TERM else 0.0
            words = "the number {} should be {}"
            yield better, Slip("E102", words, (spot.node, better), spot.node, better, extra=extra)
        return
    if (
        spot.ratio is None
        or spot.role not in OUTERMOST
        or spot.ratio < 0
        or same(spot.ratio, 1.0)
        or spot.inside
    ):
        return
    if isinstance(spot.node, Number):
        return
    factor = simple_number(spot.ratio)
    if factor is None:
        return
    mended = scaled(factor, spot.node)
    words = "the constant factor {} is missing"
    if isinstance(factor, Number) and factor.value < 1:
        words = "{} is too large by a constant factor"
        yield mended, Slip("E102", "the constant factor {} is missing", (factor,), spot.node, mended)
        return
    yield mended, Slip("E102", words, (factor,), spot.node, mended)


@slip_of_the_pen(
    "E105",
    "argument changed",
    r"what stands inside a function stays there: $\cosh^2(x/2)$ is not $\cosh^2(x)$",
    (
        "f(x) = \\frac{1}{1 + e^{-x}}",
        "f'(x) = \\frac{1}{4\\cosh^2(x)}",
        "f'(x) = \\frac{1}{4\\cosh^2(x/2)}",
    ),
    1.02,
)
def argument(spot: Spot, context: Context) -> Mended:
    r"""The argument of a function or the exponent of an exponential is not the one that it was: $x$ for $\frac{x}{2}$,
    $x$ for $2x$, $x$ for $x^2$.
    """
    parent = spot.parents[-1] if spot.parents else None
    if spot.role not in WITHIN or isinstance(spot.node, Number):
        return
    if isinstance(parent, Pow) and free_symbols(parent.base):
        return
    ratio = spot.ratio
    if ratio is not None and not same(abs(ratio), 1.0):
        factor = simple_number(ratio)
        if factor is not None:
            mended = scaled(factor, spot.node)
            yield mended, Slip("E105", "the argument {} should be {}", (spot.node, mended), spot.node, mended)
    if ratio is None:
        wanted = [(k, r) for k, r in enumerate(spot.needed) if r is not None]
        for word in context.vocabulary.find(wanted, spot.frame):
            if word.kind == "part" and tree_size(word.tree) <= 12:
                words = "the argument {} should be {}"
                yield word.tree, Slip("E105", words, (spot.node, word.tree), spot.node, word.tree, extra=0.1)
                return


#: Multiples that an argument is tried with, where the function cannot be undone.
_MULTIPLES = (2.0, 0.5, 3.0, 1 / 3, -1.0)


def argument_of_periodic(spot: Spot, context: Context) -> Mended:
    """The argument of a sine or another function that cannot be undone."""
    match spot.node:
        case Func(name, (Pow(u, n),)) if name in FUNCTIONS and name != "exp":
            better = Pow(Func(name, (u,)), n)
            if spot.meets(context.points.values(better, spot.frame)):
                words = "the power belongs to the function and not to its argument: {} should be {}"
                yield better, Slip("E105", words, (spot.node, better), spot.node, better, extra=-0.01)
        case _:
            pass
    match spot.node:
        case Func(name, (u,)) if name in (
            "sin",
            "cos",
            "tan",
            "sec",
            "csc",
            "cot",
            "erf",
            "erfc",
            "asinh",
            "acos",
        ):
            column = context.points.values(u, spot.frame)
            function = FUNCTIONS[name]
            for multiple in _MULTIPLES:
                if spot.meets(tuple(function(multiple * v) for v in column)):
                    factor = simple_number(multiple)
                    assert factor is not None
                    better = Func(name, (scaled(factor, u),))
                    code = "E104" if multiple < 0 else "E105"
                    yield (
                        better,
                        Slip(
                            code,
                            "the argument of {} should be that of {}",
                            (spot.node, better),
                            spot.node,
                            better,
                        ),
                    )
            if spot.meets(tuple(function(v) for v in context.points.values(Pow(u, TWO), spot.frame))):
                better = Func(name, (Pow(u, TWO),))
                yield (
                    better,
                    Slip(
                        "E105",
                        "the argument of {} should be that of {}",
                        (spot.node, better),
                        spot.node,
                        better,
                    ),
                )
        case _:
            return


@slip_of_the_pen(
    "E103",
    "wrong exponent",
    r"$\frac{1}{v}$ is $v^{-1}$, and squares stay squares",
    ("f(x) = \\tanh(x)", "f'(x) = 1 - \\tanh(x)", "f'(x) = 1 - \\tanh^2(x)"),
    1.03,
)
def exponent(spot: Spot, context: Context) -> Mended:
    r"""A power has the wrong exponent: a square is missing, or one too many was written, or a root is left out."""
    role, node = spot.role, spot.node
    if role is Role.EXPONENT and isinstance(spot.parents[-1], Pow) and spot.constant is not None:
        if isinstance(node, Number) or (isinstance(node, Neg) and isinstance(node.arg, Number)):
            better = simple_number(spot.constant)
            if better is not None:
                power = spot.parents[-1]
                words = "the exponent of {} should be {}"
                yield better, Slip("E103", words, (power.base, better), power, Pow(power.base, better))
        return
    if role in WITHIN or isinstance(node, Number | Pow | Neg) or spot.constant is not None:
        return
    if spot.ratio is not None:
        return
    for power in (Fraction(2), Fraction(3), Fraction(1, 2), Fraction(3, 2)):
        if spot.is_power(float(power)):
            mended = Pow(node, Number(power))
            words = "{} should be squared" if power == 2 else "{} should be raised to the power {}"
            parts = (node,) if power == 2 else (node, Number(power))
            extra = 0.0 if isinstance(node, Symbol | Indexed | Apply | Func) else 0.05
            extra += 0.0 if power == 2 else 0.08
            yield mended, Slip("E103", words, parts, node, mended, extra=extra)


@slip_of_the_pen(
    "E110",
    "norm not squared",
    r"$\frac{\partial}{\partial a_i}\frac{1}{\|a\|} = -\frac{a_i}{\|a\|^3}$, and $\|a\|^2 = \sum_i a_i^2$",
    (
        "f = \\frac{a_1}{\\sqrt{a_1^2 + a_2^2}}",
        "\\frac{\\partial f}{\\partial a_1} = \\frac{1}{\\sqrt{a_1^2 + a_2^2}} - \\frac{f a_1}{\\sqrt{a_1^2 + a_2^2}}",
        "\\frac{\\partial f}{\\partial a_1} = \\frac{1}{\\sqrt{a_1^2 + a_2^2}} - \\frac{f a_1}{a_1^2 + a_2^2}",
    ),
    1.0,
)
def norm_not_squared(spot: Spot, context: Context) -> Mended:
    r"""A norm stands where its square belongs, or the square where the norm does.

    It happens in derivatives of normalised vectors and of cosines, which hold the norm to three different powers.
    """
    node = spot.node
    if not _is_norm(node) and not (isinstance(node, Pow) and _is_norm(node.base)):
        if isinstance(node, Symbol | Apply | Indexed):
            meaning = context.points.meaning.get(node)
            if meaning is None or not _is_norm(meaning):
                return
        else:
            return
    if spot.role is Role.BASE and isinstance(spot.parents[-1], Pow):
        return
    for power, words in (
        (2.0, "the norm {} should be squared"),
        (0.5, "{} should be the norm, not its square"),
        (3.0, "the norm {} should stand to the power three"),
        (1.5, "the norm {} should stand to the power three"),
        (1 / 3, "the norm {} should stand to the power one"),
    ):
        if spot.is_power(power):
            exact = number(Fraction(power).limit_denominator(3))
            mended = Pow(node, exact)
            if isinstance(node, Pow) and isinstance(node.exponent, Number):
                total = node.exponent.value * exact.value
                mended = node.base if total == 1 else Pow(node.base, Number(total))
            yield mended, Slip("E110", words, (node,), node, mended)


def _is_norm(node: Expr) -> bool:
    match node:
        case Func("norm", _):
            return True
        case Pow(Sum(Pow(_, Number(two))), Number(half)):
            return two == 2 and half == Fraction(1, 2)
        case Pow(Add(terms), Number(half)):
            return half == Fraction(1, 2) and all(isinstance(t, Pow) and t.exponent == TWO for t in terms)
        case _:
            return False


@slip_of_the_pen(
    "E114",
    "upside down",
    r"$\frac{d}{dx}\ln(u) = \frac{1}{u}\,\frac{du}{dx}$",
    ("f(x) = \\ln(1 + x^2)", "f'(x) = 2x(1 + x^2)", "f'(x) = \\frac{2x}{1 + x^2}"),
    1.12,
)
def reciprocal(spot: Spot, context: Context) -> Mended:
    r"""A factor stands in the numerator that belongs in the denominator, or the reverse."""
    if isinstance(spot.node, Number | Neg) or spot.role in (Role.EXPONENT, Role.ARGUMENT):
        return
    if spot.ratio is not None:
        return
    if spot.is_power(-1.0):
        node = spot.node
        mended = Div(node.den, node.num) if isinstance(node, Div) else Div(ONE, node)
        yield mended, Slip("E114", "{} is upside down: it should be {}", (node, mended), node, mended)
