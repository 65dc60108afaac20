r"""Mistakes with numbers: in a line that should be the value of a formula, or of the arithmetic before it.

The formula is worked again with one thing done wrongly (a factor left out, another quantity's value put in, an
intermediate result rounded) until the number comes out as it was written, to the digits that were written.

>>> from gradbook.symbolic.expr import number
>>> product = Mul((Neg(number("0.57")), number("1.2")))
>>> found = explain(NumberQuestion(product, Fraction("-1.77"), Fraction("0.01")))
>>> found[0].code, found[0].sentence()
('N201', 'arithmetic slip: (-0.57)·1.2 is -0.684; the numbers were added or subtracted instead of multiplied')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.mistakes.parts import stand_in_words
from gradbook.derivation.mistakes.values import Points
from gradbook.derivation.rules import times
from gradbook.symbolic.bounds import Budget
from gradbook.symbolic.expr import (
    ONE,
    Add,
    Apply,
    Condition,
    Constant,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Symbol,
    children,
    rebuild,
    tree_size,
    walk,
)


@dataclass(frozen=True)
class NumberQuestion:
    """A wrong number: the formula, the value that was written and the size of its last digit.

    ``values`` are those of the quantities in the formula; ``known`` everything that the document gives a value,
    older values of the same quantity among them under the name ``older``. ``rates`` names learning rates.
    """

    formula: Expr
    written: Fraction
    unit: Fraction | None
    values: Mapping[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    known: Mapping[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    older: Mapping[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    #: Formulas whose values a quantity could have been taken for: the activations of units.
    parts: tuple[Expr, ...] = ()
    #: More than a unit in the last digit, where the line is arithmetic with rounded numbers.
    slack: float = 0.0
    #: The right side as it was written, where it is more than a number.
    result: Expr | None = None

    @property
    def is_number(self) -> bool:
        """Whether a single number was written."""
        bare = self.result.arg if isinstance(self.result, Neg) else self.result
        return bare is None or isinstance(bare, Number)

    def meets(self, value: float) -> bool:
        """Whether a value would be written like this."""
        if not math.isfinite(value):
            return False
        half = float(self.unit) / 2 if self.unit is not None else 1e-9 * max(1.0, abs(float(self.written)))
        return abs(value - float(self.written)) <= max(half * (1 + 1e-6), self.slack) + 1e-13

    @property
    def digits(self) -> int:
        """How many significant digits were written."""
        if self.unit is None:
            return len(str(abs(self.written.numerator)).rstrip("0")) or 1
        return len(str(abs(int(self.written / self.unit)))) if self.written else 1


@dataclass(frozen=True)
class _Work:
    """A question at work: values of the parts of the formula."""

    question: NumberQuestion
    points: Points

    def value(self, tree: Expr) -> float:
        return self.points.of(tree)[0]

    @property
    def right(self) -> float:
        return self.value(self.question.formula)


#: What a mal-rule gives: a slip that makes the number come out as it was written.
Found = Iterator[Slip]


def _n(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.0):
    return mistake(code, name, meant=meant, family=Family.NUMBER, example=example, cost=cost)


def _edits(tree: Expr, change: Callable[[Expr], Iterator[tuple[Expr, Slip]]]) -> Iterator[tuple[Expr, Slip]]:
    """The tree with one part changed in every way that ``change`` knows."""
    for part, slip in change(tree):
        yield part, slip
    if isinstance(tree, Symbol | Indexed | Apply | Number | Constant):
        return
    for k, child in enumerate(children(tree)):
        if isinstance(child, Condition):
            continue
        assert isinstance(child, Expr)
        for part, slip in _edits(child, change):
            yield _put(tree, k, part), slip


def _put(tree: Expr, place: int, part: Expr) -> Expr:
    count = -1

    def change(child: Node) -> Node:
        nonlocal count
        count += 1
        return part if count == place else child

    result = rebuild(tree, change)
    assert isinstance(result, Expr)
    return result


def _tried(work: _Work, change: Callable[[Expr], Iterator[tuple[Expr, Slip]]]) -> Found:
    """The changes that make the number come out as written."""
    for tree, slip in _edits(work.question.formula, change):
        if work.question.meets(work.value(tree)):
            yield slip


@_n(
    "N203",
    "sign of a number",
    r"$a - b$ is not $a + b$, and a product of two negative numbers is positive",
    ("a = 2, b = -3", "a \\cdot b = 6", "a \\cdot b = -6"),
    1.0,
)
def sign(work: _Work) -> Found:
    r"""The size of the number is right, but its sign is not; or the sign of one term was lost on the way."""
    if work.question.meets(-work.right):
        yield Slip("N203", "the number has the wrong sign")
        return

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        match node:
            case Add(terms):
                for k, term in enumerate(terms):
                    turned = term.arg if isinstance(term, Neg) else Neg(term)
                    words = "the number comes out with the wrong sign of {}"
                    bare = term.arg if isinstance(term, Neg) else term
                    yield Add((*terms[:k], turned, *terms[k + 1 :])), Slip("N203", words, (bare,), extra=0.02)
            case Func("exp" | "sigmoid" | "tanh" as name, (u,)):
                words = "the number comes out with the wrong sign in the argument of {}"
                yield Func(name, (Neg(u),)), Slip("N203", words, (node,), extra=0.04)
            case _:
                return

    yield from _tried(work, change)


@_n(
    "N207",
    "update in the wrong direction",
    r"$w \leftarrow w - \eta\,\frac{\partial L}{\partial w}$: a step downhill subtracts the gradient",
    ("w = 0.5, \\eta = 0.1, g = 0.2", "w - \\eta g = 0.52", "w - \\eta g = 0.48"),
    0.98,
)
def update_direction(work: _Work) -> Found:
    r"""The gradient is added in an update of gradient descent, or the minus sign of it is left out."""
    match work.question.formula:
        case Add((w, Neg(step))) if _holds_rate(step):
            if work.question.meets(work.value(Add((w, step)))):
                words = "the step is added, but gradient descent subtracts it"
                if tree_size(step) <= _NAMED_STEP:
                    words += ": {} is the step"
                yield Slip("N207", words, (step,))
        case Add((w, step)) if _holds_rate(step):
            if work.question.meets(work.value(Add((w, Neg(step))))):
                yield Slip("N207", "the step {} is subtracted, but the rule adds it", (step,))
        case _:
            return


def _holds_rate(tree: Expr) -> bool:
    return any(_is_rate(n) for n in walk(tree))


def _is_rate(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name in _RATES


#: Largest step that is shown: a longer one is a whole gradient, which nobody reads in a sentence.
_NAMED_STEP = 12

#: Names that learning rates have.
_RATES = frozenset(
    {r"\eta", r"\alpha", r"\epsilon", r"\varepsilon", "lr", "l", r"\gamma", r"\lambda", r"\mu", "h"}
)


@_n(
    "N206",
    "learning rate left out",
    r"$w \leftarrow w - \eta\,\frac{\partial L}{\partial w}$",
    ("w = 0.5, \\eta = 0.1, g = 0.2", "w - \\eta g = 0.3", "w - \\eta g = 0.48"),
    0.98,
)
def rate_missing(work: _Work) -> Found:
    r"""The gradient is subtracted as it is, without the learning rate; or the rate is left out of a step."""

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        match node:
            case Mul(factors):
                for k, factor in enumerate(factors):
                    if _is_rate(factor):
                        yield (
                            times(*factors[:k], *factors[k + 1 :]),
                            Slip("N206", "the learning rate {} is left out", (factor,)),
                        )
            case Div(num, den) if _is_rate(num):
                yield Div(ONE, den), Slip("N206", "the learning rate {} is left out", (num,))
            case _:
                return

    yield from _tried(work, change)


@_n(
    "N204",
    "factor or term of the calculation left out",
    r"every factor of the formula is multiplied in",
    ("a = 2, b = 3, c = 5", "a b c = 6", "a b c = 30"),
    1.04,
)
def left_out(work: _Work) -> Found:
    r"""A factor of the formula was not multiplied in, such as the $2$ of a squared error or the $1 - a$ of a
    sigmoid; or a term was not added.
    """

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        match node:
            case Mul(factors):
                for k, factor in enumerate(factors):
                    words = "the number comes out without the factor {}"
                    rest = factors[:k] + factors[k + 1 :]
                    if factor != ONE and not _is_rate(factor):
                        yield times(*rest), Slip("N204", words, (factor,))
            case Div(num, den) if num != ONE:
                yield num, Slip("N204", "the number comes out without the division by {}", (den,), extra=0.02)
            case Add(terms) if len(terms) > 1:
                for k, term in enumerate(terms):
                    rest = terms[:k] + terms[k + 1 :]
                    kept = rest[0] if len(rest) == 1 else Add(rest)
                    yield kept, Slip("N204", "the number comes out without the term {}", (term,), extra=0.03)
            case Pow(base, Number(value)) if value != 1:
                yield base, Slip("N204", "the number comes out without the power of {}", (node,), extra=0.02)
            case _:
                return

    yield from _tried(work, change)


@_n(
    "N205",
    "one quantity in the place of another",
    r"backpropagation multiplies by the *activation* of a unit, $\frac{\partial z}{\partial w} = a$",
    ("a = 0.62, b = 0.15, d = 0.31", "d a = 0.0465", "d a = 0.1922"),
    1.02,
)
def other_quantity(work: _Work) -> Found:
    r"""The value of another quantity was put in: a bias where the activation of the unit belongs, the weighted sum
    (the pre-activation) for the activation or the reverse, the target for the prediction.

    It happens where a unit has several numbers ($b_1$, $z_1$, $a_1$) that are written next to each other.
    """
    question = work.question
    if question.digits < 2:
        return

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        if isinstance(node, Func) and node.name in ("sigmoid", "tanh", "relu", "exp", "softplus"):
            words = "{} stands where the activation {} belongs: the pre-activation for the activation"
            yield node.args[0], Slip("N205", words, (node.args[0], node), extra=-0.01)
        if isinstance(node, Div) and any(isinstance(n, Func) and n.name == "exp" for n in walk(node.den)):
            for inner in walk(node.den):
                if isinstance(inner, Func) and inner.name == "exp" and isinstance(inner.args[0], Neg):
                    z = inner.args[0].arg
                    words = "{} stands where the activation {} belongs: the pre-activation for the activation"
                    yield z, Slip("N205", words, (z, node), extra=-0.01)
        if isinstance(node, Symbol | Indexed) or (isinstance(node, Func) and tree_size(node) > 3):
            for other in (*question.known, *question.parts):
                if other != node and not _is_older(other, node):
                    yield other, Slip("N205", stand_in_words(other, node), (other, node))

    yield from _tried(work, change)


@_n(
    "N209",
    "old value for an updated one",
    r"after an update the new value counts",
    ("w = 0.5, w_{new} = 0.48, x = 3", "w_{new} x = 1.50", "w_{new} x = 1.44"),
    1.0,
)
def old_value(work: _Work) -> Found:
    r"""The value that a quantity had before its update was used after it."""
    question = work.question
    for name, before in question.older.items():

        def change(node: Expr, name: Expr = name, before: Expr = before) -> Iterator[tuple[Expr, Slip]]:
            if node == name:
                yield (
                    before,
                    Slip("N209", "the old value {} of {} is used, not the updated one", (before, name)),
                )

        yield from _tried(work, change)

    def stale(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        for other in question.known if isinstance(node, Symbol) else ():
            if _is_older(other, node):
                yield other, Slip("N209", "the old value {} is used where {} belongs", (other, node))

    yield from _tried(work, stale)


#: What marks the name of an updated quantity.
_NEW = ("new", "'", "+", "prime", "neu")


def _is_older(other: Expr, node: Expr) -> bool:
    """Whether a name is that of a quantity before its update: ``w`` for ``w_{new}``, ``w^+`` or ``w'``."""
    if not isinstance(other, Symbol) or not isinstance(node, Symbol) or other == node:
        return False
    if not node.name.startswith(other.name.rstrip("}")):
        return False
    rest = node.name[len(other.name.rstrip("}")) :]
    return any(mark in rest for mark in _NEW)


@_n(
    "N202",
    "rounded too early",
    r"round at the end: an error in the third digit of a factor is one in the third digit of the product",
    ("a = 0.666, b = 3.5", "a^2 b = 1.57", "a^2 b = 1.55"),
    1.03,
)
def rounded_early(work: _Work) -> Found:
    r"""An intermediate result was rounded, and the work went on with the rounded number."""
    question = work.question
    right = work.right
    if not right or abs(float(question.written) - right) > 0.2 * abs(right):
        return

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        if node is question.formula or isinstance(node, Number) or tree_size(node) > 40:
            return
        value = work.value(node)
        if not math.isfinite(value):
            return
        for places in (4, 3, 2, 1):
            rounded = Fraction(round(value, places)).limit_denominator(10**6)
            if rounded and abs(float(rounded) - value) > 1e-12:
                shown = Number(abs(rounded), places)
                stand_in = Neg(shown) if rounded < 0 else shown
                words = "rounded too early: {} was rounded to {} on the way"
                yield stand_in, Slip("N202", words, (node, stand_in), extra=0.01 * (4 - places))

    yield from _tried(work, change)


@_n(
    "N208",
    "digits transposed",
    r"$0.47$ is not $0.74$",
    ("a = 1.2, b = 0.4", "a b = 0.84", "a b = 0.48"),
    1.01,
)
def transposed(work: _Work) -> Found:
    r"""Two neighbouring digits changed places, in the result or in a number that went into it."""
    question = work.question
    unit = question.unit or Fraction(1)
    digits = str(abs(int(question.written / unit))) if question.written else "0"
    sign_of = -1 if question.written < 0 else 1
    padded = digits.zfill(3)
    for k in range(len(padded) - 1):
        if padded[k] != padded[k + 1]:
            other = padded[:k] + padded[k + 1] + padded[k] + padded[k + 2 :]
            value = Fraction(int(other)) * unit * sign_of
            if abs(float(value) - work.right) <= float(unit) / 2 * (1 + 1e-6):
                right = Number(abs(value), _places(unit))
                words = "two digits are transposed: it should be {}"
                yield Slip("N208", words, (Neg(right) if value < 0 else right,))

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        number = question.values.get(node, node)
        bare = number.arg if isinstance(number, Neg) else number
        if not isinstance(bare, Number) or not bare.decimals:
            return
        text = str(int(bare.value * 10**bare.decimals)).zfill(bare.decimals + 1)
        for k in range(len(text) - 1):
            if text[k] != text[k + 1]:
                swapped = text[:k] + text[k + 1] + text[k] + text[k + 2 :]
                other = Number(Fraction(int(swapped), 10**bare.decimals), bare.decimals)
                stand_in = Neg(other) if isinstance(number, Neg) else other
                words = "two digits are transposed: {} was put in for {}"
                yield stand_in, Slip("N208", words, (stand_in, number), extra=0.03)

    if question.digits >= 2:
        yield from _tried(work, change)


def _places(unit: Fraction) -> int | None:
    return len(str(unit.denominator)) - 1 if unit < 1 else None


@_n(
    "N210",
    "decimal point shifted",
    r"$0.3 \cdot 0.2 = 0.06$",
    ("a = 0.3, b = 0.2", "a b = 0.6", "a b = 0.06"),
    1.0,
)
def shifted(work: _Work) -> Found:
    r"""The digits are right, but the decimal point is not: the number is too large or too small by a power of ten."""
    for power in (1, -1, 2, -2, 3, -3):
        value = work.right * 10.0**power
        if work.question.meets(value):
            words = "the decimal point is shifted: the number is {} by a factor of {}"
            size = Number(Fraction(10 ** abs(power)))
            yield Slip("N210", words.replace("{}", "too large" if power > 0 else "too small", 1), (size,))


@_n(
    "N201",
    "arithmetic slip",
    r"the numbers that stand on the left, put together, are what stands on the right",
    ("a = 1.2", "-0.57 \\times 1.2 = -1.77", "-0.57 \\times 1.2 = -0.684"),
    1.06,
)
def arithmetic(work: _Work) -> Found:
    r"""The numbers are the right ones, but they were added, multiplied or divided wrongly: numbers added instead of
    multiplied, a digit lost, a wrong key on the calculator.
    """
    question = work.question
    right = _rounded(work.right)
    literal = not any(isinstance(n, Symbol | Indexed | Apply) for n in walk(question.formula))

    def change(node: Expr) -> Iterator[tuple[Expr, Slip]]:
        words = "arithmetic slip: {} is {}; the numbers were "
        parts = (question.formula, right)
        match node:
            case Mul((a, b)):
                for wrong in (Add((a, b)), Add((a, Neg(b))), Add((b, Neg(a)))):
                    yield (
                        wrong,
                        Slip("N201", words + "added or subtracted instead of multiplied", parts, extra=-0.05),
                    )
                yield Div(a, b), Slip("N201", words + "divided instead of multiplied", parts, extra=-0.05)
            case Add((a, Neg(b))) | Add((a, b)):
                yield Mul((a, b)), Slip("N201", words + "multiplied instead of added", parts, extra=-0.05)
            case Div(a, b):
                yield Mul((a, b)), Slip("N201", words + "multiplied instead of divided", parts, extra=-0.05)
                yield Div(b, a), Slip("N201", words + "divided the wrong way round", parts, extra=-0.05)
            case Pow(a, Number(two)) if two == 2:
                yield (
                    Mul((Number(Fraction(2)), a)),
                    Slip("N201", words + "doubled instead of squared", parts, extra=-0.05),
                )
            case _:
                return

    close = list(_tried(work, change))
    yield from close[:1]
    if literal and not close and question.is_number and tree_size(question.formula) > 1:
        yield Slip("N201", "arithmetic slip: {} is {}", (question.formula, right), extra=0.1)


def _rounded(value: float) -> Expr:
    """A number as it is shown, to six digits."""
    if not math.isfinite(value):
        return Symbol("?")
    text = f"{abs(value):.6g}"
    exact = Fraction(text)
    places = len(text.partition(".")[2]) if "e" not in text else 8
    shown = Number(exact, places or None)
    return Neg(shown) if value < 0 else shown


@_n(
    "N211",
    "equals sign for the next step",
    r"what stands on the two sides of $=$ is equal: $2 \cdot 3 = 6$, and $6 \cdot 4 = 24$ is a line of its own",
    ("a = 2", "3 a = 6 \\cdot 4", "3 a = 6"),
    0.97,
)
def running_equals(work: _Work) -> Found:
    r"""The equals sign is used for "and then": a further factor or term, which the left side does not have, is
    brought in on the right, as in $2 \cdot 3 = 6 \cdot 4 = 24$.
    """
    question = work.question
    match question.result:
        case Mul(factors) | Neg(Mul(factors)):
            for k, factor in enumerate(factors):
                rest = times(*factors[:k], *factors[k + 1 :])
                value = work.value(Neg(rest) if isinstance(question.result, Neg) else rest)
                if abs(value - work.right) <= 2e-3 * abs(work.right):
                    words = (
                        "the equals sign is used for the next step: the factor {} does not stand on the left"
                    )
                    yield Slip("N211", words, (factor,))
                    return
        case Add(terms):
            for k, term in enumerate(terms):
                rest_of = terms[:k] + terms[k + 1 :]
                kept = rest_of[0] if len(rest_of) == 1 else Add(rest_of)
                if abs(work.value(kept) - work.right) <= 1e-3 * abs(work.right):
                    words = (
                        "the equals sign is used for the next step: the term {} does not stand on the left"
                    )
                    yield Slip("N211", words, (term,))
                    return
        case _:
            return


#: All mal-rules of numbers.
MALRULES: tuple[Callable[[_Work], Found], ...] = (
    running_equals,
    sign,
    update_direction,
    rate_missing,
    old_value,
    shifted,
    transposed,
    left_out,
    other_quantity,
    rounded_early,
    arithmetic,
)


#: Mistakes of the line itself, whatever its left side comes from.
_OWN = frozenset({running_equals, arithmetic})


def explain(question: NumberQuestion, *, seconds: float = 0.1, own: bool = False) -> list[Slip]:
    """The mistakes that make the number come out as it was written, simplest first; one for each code.

    With ``own`` only those are looked for that have nothing to do with where the left side comes from.
    """
    meaning = {**question.known, **question.values}
    work = _Work(question, Points.fixed(meaning))
    if not math.isfinite(work.right):
        return []
    budget = Budget(seconds)
    best: dict[str, Slip] = {}
    for malrule in MALRULES:
        if own and malrule not in _OWN:
            continue
        for slip in malrule(work):
            if slip.code not in best or slip.cost < best[slip.code].cost:
                best[slip.code] = slip
            if budget.spent:
                break
        if budget.spent:
            break
    found = sorted(best.values(), key=lambda s: s.cost)
    return [s for s in found if s.cost <= found[0].cost + 0.1][:3]
