r"""Mistakes in what a line is made of: factors, terms, indices, quantities and functions lost, added or exchanged."""

from __future__ import annotations

import math
from collections.abc import Callable

from gradbook.derivation.mistakes.context import (
    OUTERMOST,
    Context,
    Mended,
    simple_number,
    slip_of_the_pen,
)
from gradbook.derivation.mistakes.expressions import (
    argument,
    argument_of_periodic,
    constant_factor,
    exponent,
    norm_not_squared,
    reciprocal,
    sign,
    sign_inside,
)
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.spots import Role, Spot
from gradbook.derivation.mistakes.values import FUNCTIONS, Values, same
from gradbook.derivation.rules import times
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
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
    tree_size,
    walk,
)


@slip_of_the_pen(
    "E108",
    "factor lost",
    r"every factor of a product stays: $\frac{\partial}{\partial\theta}(x_i\theta) = x_i$",
    ("f(x) = a \\sin(x) + b x", "f'(x) = \\cos(x) + b", "f'(x) = a \\cos(x) + b"),
    1.12,
)
def factor_lost(spot: Spot, context: Context) -> Mended:
    r"""A factor is left out of the line or of one of its terms: an input $x_i$, a weight, a $\frac{1}{n}$.

    It happens with factors that take no part in what is being differentiated and are not copied along. Where the
    factor is an inner or an outer derivative, the mistake is called by those names.
    """
    if spot.role not in OUTERMOST or spot.ratios is None or spot.inside:
        return
    if spot.ratio is not None and simple_number(spot.ratio) is not None:
        return
    ratios = iter(spot.ratios)
    wanted = [(k, next(ratios)) for k in spot.lanes if abs(spot.values[k]) >= 1e-12]
    within = spot.role is Role.TERM and any(isinstance(p, Mul | Div | Pow) for p in spot.parents)
    nested = 0.08 if within else 0.0
    for word in context.vocabulary.find(wanted, spot.frame):
        mended = times(word.tree, spot.node) if word.kind != "reciprocal" else Div(spot.node, word.of or ONE)
        match word.kind:
            case "inner":
                words = "the factor {}, the inner derivative of {}, is missing (chain rule)"
                slip = Slip(
                    "D101", words, (word.tree, word.of or word.tree), spot.node, mended, extra=0.02 + nested
                )
            case "outer":
                words = "the factor {}, the derivative of the outer function in {}, is missing"
                slip = Slip(
                    "D103", words, (word.tree, word.of or word.tree), spot.node, mended, extra=0.06 + nested
                )
            case "reciprocal":
                words = "the division by {} is missing"
                slip = Slip(
                    "E108",
                    words,
                    (word.of or ONE,),
                    spot.node,
                    mended,
                    extra=0.02 + 0.015 * tree_size(word.tree) + nested,
                )
            case _:
                size = 0.015 * (tree_size(word.tree) - 1) + nested
                slip = Slip("E108", "the factor {} is missing", (word.tree,), spot.node, mended, extra=size)
        yield mended, slip


@slip_of_the_pen(
    "E109",
    "factor too many",
    r"the derivative of $c\,x$ is $c$: the variable itself goes",
    ("f(x) = \\sin(x) + x", "f'(x) = x \\cos(x) + 1", "f'(x) = \\cos(x) + 1"),
    1.14,
)
def factor_added(spot: Spot, context: Context) -> Mended:
    r"""A factor stands in the line, or in one of its terms, that does not belong there."""
    points, frame = context.points, spot.frame

    def without(column: Values, up: bool) -> Values:
        pairs = zip(spot.values, column, strict=True)
        return tuple((v / c if c else math.nan) if up else v * c for v, c in pairs)

    match spot.node:
        case Mul(factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Number):
                    continue
                if spot.meets(without(points.values(factor, frame), True)):
                    rest = factors[:k] + factors[k + 1 :]
                    mended = times(*rest)
                    yield mended, Slip("E109", "the factor {} should not be there", (factor,), factor, mended)
        case Div(num, den):
            factors = den.factors if isinstance(den, Mul) else (den,)
            for k, factor in enumerate(factors):
                if not isinstance(factor, Number) and spot.meets(
                    without(points.values(factor, frame), False)
                ):
                    rest = factors[:k] + factors[k + 1 :]
                    mended = Div(num, times(*rest)) if rest else num
                    yield (
                        mended,
                        Slip("E109", "the division by {} should not be there", (factor,), factor, mended),
                    )
        case Symbol() | Indexed() | Apply() | Func():
            if (
                spot.role in (Role.WHOLE, Role.TERM, Role.BRANCH, Role.NEGATED, Role.SUMMAND)
                and spot.constant == 1.0
            ):
                yield ONE, Slip("E109", "the factor {} should not be there", (spot.node,), spot.node, ONE)
        case _:
            return


@slip_of_the_pen(
    "E106",
    "term dropped",
    r"every term of a sum is differentiated and kept",
    (
        "f(x) = x - \\ln(1 + e^{x})",
        "f'(x) = -\\frac{e^{x}}{1 + e^{x}}",
        "f'(x) = 1 - \\frac{e^{x}}{1 + e^{x}}",
    ),
    1.16,
)
def term_dropped(spot: Spot, context: Context) -> Mended:
    r"""A term is left out: the $-1$ of the true class, the derivative of a regulariser, one of several parts."""
    if spot.role in (Role.TERM, Role.NEGATED) or spot.constant == 0:
        return
    common = spot.role in OUTERMOST or isinstance(spot.node, Add | Number)
    wanted = [(k, r - spot.values[k]) for k, r in enumerate(spot.needed) if r is not None]
    if len(wanted) < 2:
        return
    terms = spot.node.terms if isinstance(spot.node, Add) else (spot.node,)
    first = wanted[0][1]
    if all(same(v, first) for _, v in wanted):
        constant = simple_number(first)
        if constant is not None and isinstance(constant, Number | Neg) and common:
            mended = Add((*terms, constant))
            if not all(isinstance(t, Number) for t in terms):
                yield mended, Slip("E106", "the term {} is missing", (constant,), spot.node, mended)
        return
    for sign_of, kept in ((1.0, wanted), (-1.0, [(k, -v) for k, v in wanted])):
        for word in context.vocabulary.find(kept, spot.frame):
            if not common and word.kind != "term":
                continue
            term = word.tree if sign_of > 0 else Neg(word.tree)
            mended = Add((*terms, term)) if terms != (ZERO,) else term
            extra = (
                0.005 * tree_size(term) + (0.0 if word.kind == "term" else 0.06) + (0.0 if common else 0.01)
            )
            yield mended, Slip("E106", "the term {} is missing", (term,), spot.node, mended, extra=extra)
            break


@slip_of_the_pen(
    "E107",
    "term added",
    r"the derivative of a term without the variable is $0$",
    ("f(x) = \\sin(x)", "f'(x) = \\cos(x) + 1", "f'(x) = \\cos(x)"),
    1.14,
)
def term_added(spot: Spot, context: Context) -> Mended:
    r"""A term stands in the line that does not belong there."""
    if not isinstance(spot.node, Add):
        return
    for k, term in enumerate(spot.node.terms):
        column = context.points.values(term, spot.frame)
        if spot.meets(tuple(v - c for v, c in zip(spot.values, column, strict=True))):
            rest = spot.node.terms[:k] + spot.node.terms[k + 1 :]
            mended = rest[0] if len(rest) == 1 else Add(rest)
            yield mended, Slip("E107", "the term {} should not be there", (term,), term, mended)


@slip_of_the_pen(
    "E111",
    "wrong index",
    r"an index keeps its meaning: $\frac{\partial}{\partial w_j}\sum_i w_i x_i = x_j$",
    (
        "L = \\sum_{i=1}^{n} w_i x_i",
        "\\frac{\\partial L}{\\partial w_j} = x_i",
        "\\frac{\\partial L}{\\partial w_j} = x_j",
    ),
)
def wrong_index(spot: Spot, context: Context) -> Mended:
    r"""A component stands with the index of another: the index of a sum is used outside of it, or two indices are
    exchanged.
    """
    node = spot.node
    if not isinstance(node, Indexed) or spot.constant is not None:
        return
    places = {
        s
        for n in walk(spot.parents[0] if spot.parents else node)
        if isinstance(n, Indexed)
        for s in n.indices
    }
    places |= {s for q in context.quantities if isinstance(q, Indexed) for s in q.indices}
    for k in range(len(node.indices)):
        for index in places:
            if index == node.indices[k]:
                continue
            other = Indexed(node.base, (*node.indices[:k], index, *node.indices[k + 1 :]))
            if spot.meets(context.points.values(other, spot.frame)):
                yield (
                    other,
                    Slip("E111", "the index of {} is wrong: it should be {}", (node, other), node, other),
                )


@slip_of_the_pen(
    "E112",
    "one quantity in the place of another",
    r"each quantity keeps its place: $\frac{\partial}{\partial w}(w x) = x$",
    (
        "L = (y - w x)^2",
        "\\frac{\\partial L}{\\partial w} = -2 x (x - w x)",
        "\\frac{\\partial L}{\\partial w} = -2 x (y - w x)",
    ),
    1.06,
)
def other_quantity(spot: Spot, context: Context) -> Mended:
    r"""A letter stands where another belongs: $y$ for $x$, the weight for the input, the target for the prediction."""
    node = spot.node
    if not isinstance(node, Symbol | Indexed | Apply) or spot.constant is not None:
        return
    for other in context.quantities:
        if other == node or (
            isinstance(other, Indexed) and isinstance(node, Indexed) and other.base == node.base
        ):
            continue
        if spot.meets(context.points.values(other, spot.frame)):
            code = "N205" if node in context.given else "E112"
            yield other, Slip(code, stand_in_words(node, other), (node, other), node, other)


def stand_in_words(node: Expr, other: Expr) -> str:
    """How to say that one quantity stands for another: a bias for an activation is what happens most.

    >>> stand_in_words(Symbol("b_1"), Func("sigmoid", (Symbol("z"),)))
    'the bias {} stands where the activation {} belongs'
    """
    first = "the bias {}" if isinstance(node, Symbol) and node.name[:1] in "bB" else "{}"
    second = "the activation {}" if isinstance(other, Func) and other.name in _ACTIVATIONS else "{}"
    return f"{first} stands where {second} belongs"


_ACTIVATIONS = frozenset({"sigmoid", "tanh", "relu", "softplus"})


@slip_of_the_pen(
    "E113",
    "one function in the place of another",
    r"$\frac{d}{dx}\sin(x) = \cos(x)$, $\frac{d}{dx}\ln\cosh(x) = \tanh(x)$",
    ("f(x) = \\ln(\\cosh(x))", "f'(x) = \\tan(x)", "f'(x) = \\tanh(x)"),
    1.07,
)
def function_changed(spot: Spot, context: Context) -> Mended:
    r"""A function stands where a relative of it belongs: $\sin$ for $\cos$, $\tanh$ for $\sigma$."""
    if spot.constant is None and not isinstance(spot.node, Number | Neg):
        for lost in ("abs", "log", "exp", "sigmoid", "tanh"):
            if spot.meets(tuple(FUNCTIONS[lost](v) for v in spot.values)):
                mended = Func(lost, (spot.node,))
                words = "{} stands where {} belongs"
                yield mended, Slip("E113", words, (spot.node, mended), spot.node, mended, extra=0.02)
    match spot.node:
        case Func(name, (u,)) if name in FUNCTIONS and spot.constant is None:
            column = context.points.values(u, spot.frame)
            for other in _RELATED:
                if other != name and spot.meets(tuple(FUNCTIONS[other](v) for v in column)):
                    mended = Func(other, (u,))
                    words = "{} should be {}"
                    yield mended, Slip("E113", words, (spot.node, mended), spot.node, mended)
        case _:
            return


_RELATED = (
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "exp",
    "log",
    "sech",
    "sec",
    "abs",
    "sign",
    "softplus",
)


@slip_of_the_pen(
    "E115",
    "sum over the index missing",
    r"$\frac{\partial}{\partial w}\sum_i u_i = \sum_i \frac{\partial u_i}{\partial w}$",
    (
        "m = \\frac{1}{n} \\sum_{i=1}^{n} x_i",
        "n m = x_i",
        "n m = \\sum_{i=1}^{n} x_i",
    ),
)
def sum_lost(spot: Spot, context: Context) -> Mended:
    r"""The line holds the term of one index where the sum over all of them belongs."""
    if spot.role not in OUTERMOST or isinstance(spot.node, Sum) or spot.inside:
        return
    ranges = {(w.tree.lower, w.tree.upper) for w in context.vocabulary.words if isinstance(w.tree, Sum)}
    letters = {
        s.name for n in walk(spot.node) if isinstance(n, Indexed) for s in n.indices if isinstance(s, Symbol)
    }
    bound = {n.index for n in walk(spot.node) if isinstance(n, Sum)}
    for lower, upper in ranges:
        for letter in letters - bound:
            whole = Sum(spot.node, letter, lower, upper)
            if spot.meets(context.points.values(whole, spot.frame)):
                yield whole, Slip("E115", "the sum over {} is missing", (Symbol(letter),), spot.node, whole)


@slip_of_the_pen(
    "E116",
    "product written as a sum of its parts",
    r"$\partial (f^{\top} f) = \partial f^{\top} f + f^{\top} \partial f$",
    ("f(x) = (\\sin(x))^2", "f'(x) = \\cos(x) + \\sin(x)", "f'(x) = 2 \\sin(x) \\cos(x)"),
    1.1,
)
def parts_added(spot: Spot, context: Context) -> Mended:
    r"""The derivative of a product of a thing with itself, $f^{\top} f$, is written as $\partial f^{\top} + f^{\top}$:
    in each term of the product rule the other factor is lost. It is met where the norm $\sqrt{f^{\top} f}$ is
    differentiated.
    """
    match spot.node:
        case Add((a, b)):
            u, v = context.points.values(a, spot.frame), context.points.values(b, spot.frame)
            if spot.meets(tuple(2 * p * q for p, q in zip(u, v, strict=True))):
                mended = Add((Mul((a, b)), Mul((b, a))))
                words = (
                    "the product rule is written as a sum of the parts: {} should be {}, "
                    "as an inner product with itself is differentiated"
                )
                yield mended, Slip("E116", words, (spot.node, mended), spot.node, mended)
        case _:
            return


#: All mal-rules that are told from a part and what it should be.
TRACES: tuple[Callable[[Spot, Context], Mended], ...] = (
    sign,
    sign_inside,
    constant_factor,
    exponent,
    norm_not_squared,
    argument,
    argument_of_periodic,
    reciprocal,
    factor_lost,
    factor_added,
    term_dropped,
    term_added,
    wrong_index,
    other_quantity,
    function_changed,
    sum_lost,
    parts_added,
)


def mended_parts(spot: Spot, context: Context) -> Mended:
    """Every way to mend a part, with the mistake that it would have been."""
    if len(spot.lanes) < 2 or all(
        same(r, v) for r, v in zip(spot.needed, spot.values, strict=True) if r is not None
    ):
        return
    for trace in TRACES:
        yield from trace(spot, context)
