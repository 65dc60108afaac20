r"""Mistakes in what is written down: a sign, a factor, a term, an exponent, an argument.

Each mal-rule is told here from its trace: it looks at a part of the written line and at what the part should be,
and gives the part mended if the mistake is what stands between the two. Making the mistake in the mended line gives
the written one again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.mistakes.spots import Role, Spot
from gradbook.derivation.mistakes.values import FUNCTIONS, Frame, Points, Values, same
from gradbook.derivation.rules import times
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
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
    free_symbols,
    number,
    substitute,
    tree_size,
    walk,
)

#: What a mal-rule gives: the part as it should be, and the slip.
Mended = Iterator[tuple[Expr, Slip]]


@dataclass(frozen=True, slots=True)
class Word:
    """A tree that may have been lost or put in: what it is in the derivation, and of what."""

    tree: Expr
    kind: str = "part"
    of: Expr | None = None


class Vocabulary:
    """Trees that the definition, the derivation and the line are made of, found by their values."""

    def __init__(self, points: Points, words: Iterable[Word]) -> None:
        self.points = points
        self.words = list(words)
        self._columns: dict[int, list[tuple[Word, Values]]] = {}
        self._tables: dict[tuple[int, int], dict[str, list[tuple[Word, Values]]]] = {}

    def find(self, wanted: list[tuple[int, float]], frame: Frame) -> Iterator[Word]:
        """The trees with these values, given as lane and value."""
        if not wanted:
            return
        lane, value = wanted[0]
        key = (id(frame), lane)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = {}
            for word, column in self.columns(frame):
                if math.isfinite(column[lane]):
                    table.setdefault(f"{column[lane]:.6e}", []).append((word, column))
        for word, column in table.get(f"{value:.6e}", ()):
            if all(same(column[k], v) for k, v in wanted):
                yield word

    def columns(self, frame: Frame) -> list[tuple[Word, Values]]:
        """Every tree with its values in a frame."""
        found = self._columns.get(id(frame))
        if found is None:
            found = self._columns[id(frame)] = []
            for word in self.words:
                try:
                    found.append((word, self.points.values(word.tree, frame)))
                except (BoundHit, ValueError, OverflowError):
                    continue
        return found


@dataclass(frozen=True, slots=True)
class Context:
    """What a mal-rule may look at beside the part."""

    points: Points
    vocabulary: Vocabulary
    #: Quantities that one may be taken for another: symbols, components, functions of the document.
    quantities: tuple[Expr, ...]
    given: frozenset[Expr] = frozenset()


def _e(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    return mistake(code, name, meant=meant, family=Family.EXPRESSION, example=example, cost=cost)


#: Where a factor counts for itself; in a product it counts for the product.
_OUTERMOST = frozenset({Role.WHOLE, Role.TERM, Role.BRANCH, Role.SUMMAND})
_WITHIN = frozenset({Role.EXPONENT, Role.ARGUMENT})


def negated(node: Expr) -> Expr:
    """The node with the other sign.

    >>> negated(Neg(ONE))
    Number(value=Fraction(1, 1), decimals=None)
    """
    match node:
        case Neg(arg):
            return arg
        case Number(value) if value < 0:
            return Number(-value)
        case Mul((Neg(first), *rest)):
            return Mul((first, *rest))
        case Add(terms) if any(isinstance(t, Neg) for t in terms):
            return Add(tuple(negated(t) for t in terms))
        case _:
            return Neg(node)


@_e(
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
    if spot.ratio is None or not same(spot.ratio, -1.0) or spot.role not in _OUTERMOST or spot.inside:
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


@_e(
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
    if spot.role not in _WITHIN and not (spot.inside and spot.role is Role.TERM):
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


def simple_number(value: float) -> Expr | None:
    """A number that people write, near a value: a small fraction, or one with a root or pi.

    >>> simple_number(0.75)
    Number(value=Fraction(3, 4), decimals=None)
    """
    if not math.isfinite(value) or value == 0 or abs(value) > 1e5:
        return None
    exact = _fraction(value)
    if exact is not None:
        return exact if exact.value > 0 else Neg(Number(-exact.value))
    if value < 0:
        inner = simple_number(-value)
        return None if inner is None else Neg(inner)
    for factor, tree in ((math.pi, PI), (1 / math.pi, Div(ONE, PI))):
        part = _fraction(value / factor)
        if part is not None and part.value.denominator <= 8:
            return times(part, tree)
    for root in (2, 3, 5, math.pi, 2 * math.pi):
        for power in (0.5, -0.5):
            part = _fraction(value / root**power)
            if part is not None and part.value.denominator <= 8 and part.value.numerator <= 8:
                under: Expr = PI if root == math.pi else Mul((TWO, PI)) if root > 6 else number(int(root))
                radical = Pow(under, HALF)
                return times(part, radical if power > 0 else Div(ONE, radical))
    return None


def _fraction(value: float) -> Number | None:
    exact = Fraction(value).limit_denominator(64)
    if exact and abs(float(exact) - value) <= 1e-9 * max(1.0, abs(value)) and abs(exact.numerator) <= 10_000:
        return Number(exact)
    decimal = round(value, 4)
    if decimal and abs(decimal - value) <= 1e-10 * max(1.0, abs(value)):
        return Number(Fraction(str(decimal)))
    return None


def _scaled(factor: Expr, node: Expr) -> Expr:
    """A number times a node, written as people do."""
    match factor, node:
        case Neg(inner), _:
            return negated(_scaled(inner, node))
        case Number(a), Number(b):
            return Number(a * b)
        case Number(a), Mul((Number(b), *rest)):
            return times(Number(a * b), *rest)
        case Number(a), Neg(arg):
            return Neg(_scaled(Number(a), arg))
        case Number(a), Div(num, den) if a.numerator == 1 and a != 1:
            return Div(num, _scaled(Number(Fraction(a.denominator)), den))
        case Number(a), Div(Number(b), den):
            return Div(Number(a * b), den)
        case Number(a), _ if a == 1:
            return node
        case Number(a), _ if a.numerator == 1:
            return Div(node, Number(Fraction(a.denominator)))
        case _:
            return times(factor, node)


@_e(
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
        or spot.role not in _OUTERMOST
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
    mended = _scaled(factor, spot.node)
    words = "the constant factor {} is missing"
    if isinstance(factor, Number) and factor.value < 1:
        words = "{} is too large by a constant factor"
        yield mended, Slip("E102", "the constant factor {} is missing", (factor,), spot.node, mended)
        return
    yield mended, Slip("E102", words, (factor,), spot.node, mended)


@_e(
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
    if spot.role not in _WITHIN or isinstance(spot.node, Number):
        return
    if isinstance(parent, Pow) and free_symbols(parent.base):
        return
    ratio = spot.ratio
    if ratio is not None and not same(abs(ratio), 1.0):
        factor = simple_number(ratio)
        if factor is not None:
            mended = _scaled(factor, spot.node)
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
                    better = Func(name, (_scaled(factor, u),))
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


@_e(
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
    if role in _WITHIN or isinstance(node, Number | Pow | Neg) or spot.constant is not None:
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


@_e(
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


@_e(
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


@_e(
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
    if spot.role not in _OUTERMOST or spot.ratios is None or spot.inside:
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


@_e(
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


@_e(
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
    common = spot.role in _OUTERMOST or isinstance(spot.node, Add | Number)
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


@_e(
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


@_e(
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


@_e(
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


@_e(
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


@_e(
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
    if spot.role not in _OUTERMOST or isinstance(spot.node, Sum) or spot.inside:
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


@_e(
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


_ = substitute
