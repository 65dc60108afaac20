"""What must hold for every expression.

The derivative is the slope, an identity is never refuted, a slip that changes the value is never accepted.
The oracles are not the program's own: differences of values stand against the derivative, and values by
mpmath say whether a slip changed anything. Each of them is fed a wrong answer too.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath  # pyright: ignore[reportMissingTypeStubs]
import pytest
from flint import arb
from flint import ctx as flint_context
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import effort
from tests.symbolic.strategies import expressions, rewrites, value_changing_edits
from tests.symbolic.values import NoValue
from tests.symbolic.values import Point as Values
from tests.symbolic.values import value as value_by_mpmath

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import Decision, Outcome, decide
from gradbook.symbolic.derivative import differentiate
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.evaluate import Overlap, Point, Undefined, evaluate
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    All,
    Apply,
    Cases,
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
    Relation,
    Sum,
    Symbol,
    number,
    walk,
)
from gradbook.symbolic.printing import to_text

mp: Any = mpmath.mp

x, y, theta = Symbol("x"), Symbol("y"), Symbol(r"\theta")
u_1 = Indexed("u", (ONE,))
u_i = Indexed("u", (Symbol("i"),))
#: By what expressions are differentiated.
VARIABLES = (x, x, y, theta, u_1)
ACCEPTED = (Outcome.PROVED, Outcome.AGREES)


def f(name: str, *args: Expr) -> Func:
    return Func(name, args)


# --- the derivative, by the mean value theorem ------------------------------------------------

#: Half the width of the interval on which the slope is enclosed, and the digits (in bits) of the difference.
_HALF = Fraction(1, 1 << 24)
_BITS = 320


class _Near(Point):
    """A point of which one quantity is only known to lie in an interval."""

    def __init__(self, values: Values, variable: Expr, low: Fraction, high: Fraction) -> None:
        super().__init__(values.value)
        self.variable = variable
        self.low, self.high = low, high

    def ball(self, atom: Expr) -> arb:
        if atom != self.variable:
            return super().ball(atom)
        return _rational(self.low).union(_rational(self.high))


def _rational(value: Fraction) -> arb:
    return arb(value.numerator) / value.denominator


def _enclosure(expr: Expr, values: Values, variable: Expr, low: Fraction, high: Fraction) -> arb:
    return evaluate(expr, _Near(values, variable, low, high), precision=_BITS, clock=Clock(5.0))


def slope_is_inside(expr: Expr, slope: Expr, variable: Expr, values: Values) -> bool | None:
    """Whether the slope of a chord lies in the enclosure of the derivative over it; if not, that is wrong.

    The mean value theorem asks that the function has a value on the whole interval; None where it has not, or
    where the enclosure is too wide to say anything.
    """
    middle = values.value(variable)
    low, high = middle - _HALF, middle + _HALF
    before: int = flint_context.prec
    flint_context.prec = _BITS
    try:
        _enclosure(expr, values, variable, low, high)
        rise = _enclosure(expr, values, variable, high, high) - _enclosure(expr, values, variable, low, low)
        chord = rise / _rational(high - low)
        tangent = _enclosure(slope, values, variable, low, high)
        if not tangent.rad() < arb("1e-3") * (1 + abs(chord)):
            return None
        return bool(tangent.overlaps(chord))
    except (Undefined, Overlap, BoundHit):
        return None
    finally:
        flint_context.prec = before


def _known(expr: Expr) -> bool:
    """An unknown function has a value for each argument, and those of an interval are many."""
    return not any(isinstance(node, Apply) for node in walk(expr))


def _wrong_slope(expr: Expr, slope: Expr, variable: Expr, seeds: range = range(6)) -> str | None:
    for seed in seeds:
        if slope_is_inside(expr, slope, variable, Values(seed)) is False:
            return f"d/d{to_text(variable)} of {to_text(expr)} is not {to_text(slope)} at seed {seed}"
    return None


@effort(200)
@given(expressions().filter(_known), st.sampled_from(VARIABLES))
def test_the_slope_of_a_chord_is_a_value_of_the_derivative(expr: Expr, variable: Expr) -> None:
    assert _wrong_slope(expr, differentiate(expr, variable), variable) is None


@effort(60)
@given(expressions(depth=3).filter(_known), st.sampled_from(VARIABLES))
def test_the_second_derivative_is_the_derivative_of_the_first(expr: Expr, variable: Expr) -> None:
    first = differentiate(expr, variable)
    assert _wrong_slope(first, differentiate(expr, variable, 2), variable) is None


#: One of each function, away from its kinks at all the points tried.
_ALL = tuple(
    f(name, argument)
    for name in (
        "exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech",
        "csch", "asin", "acos", "atan", "asinh", "atanh", "sigmoid", "abs", "sign", "relu", "step", "erf",
        "erfc", "softplus",
    )
    for argument in (Div(Pow(x, TWO), Add((ONE, Pow(x, TWO)))), Div(f("tanh", x), TWO))
)  # fmt: skip
_MORE = (
    f("acosh", Add((TWO, f("exp", x)))),
    f("max", x, Mul((x, x)), number("0.3")),
    f("min", ZERO, x, y),
    Pow(x, Number(Fraction(1, 3))),
    Pow(f("exp", x), Number(Fraction(3, 2))),
    Pow(f("exp", x), x),
    Pow(TWO, x),
    Sum(Mul((u_i, u_i, x)), "i"),
    Sum(Div(x, Symbol("i")), "i", ONE, number(3)),
    Product(Add((x, Pow(u_i, TWO), ONE)), "i"),
    Cases(((Pow(x, TWO), Relation(x, Op.LT, y)), (f("sin", x), Otherwise()))),
)


@pytest.mark.parametrize("expr", [*_ALL, *_MORE], ids=to_text)
def test_every_rule_gives_the_slope(expr: Expr) -> None:
    slope = differentiate(expr, x)
    told = [slope_is_inside(expr, slope, x, Values(seed)) for seed in range(12)]
    assert True in told
    assert False not in told


@pytest.mark.parametrize("expr", [e for e in (*_ALL, *_MORE) if not isinstance(e, Sum)], ids=to_text)
def test_the_oracle_of_slopes_sees_a_slip_in_each_rule(expr: Expr) -> None:
    slope = differentiate(expr, x)
    slips = [Add((slope, number("0.01"))), *([Neg(slope)] if slope != ZERO else [])]
    for slip in slips:
        assert False in [slope_is_inside(expr, slip, x, Values(seed)) for seed in range(12)]


# --- the derivative of what is unknown, by differences ----------------------------------------


class _Moved(Values):
    """The values of another point with one of them moved."""

    def __init__(self, seed: int, variable: Expr, by: Fraction) -> None:
        super().__init__(seed)
        object.__setattr__(self, "variable", variable)
        object.__setattr__(self, "by", by)

    variable: Expr
    by: Fraction

    def value(self, atom: Expr) -> Fraction:
        return super().value(atom) + (self.by if atom == self.variable else 0)


def _differences(expr: Expr, slope: Expr, variable: Expr, seeds: range) -> Iterator[tuple[Any, Any, Any]]:
    """Central differences, their error to be expected from those of twice the step, and the derivative."""
    for seed in seeds:
        try:
            steps = []
            for step in (Fraction(1, 10**14), Fraction(2, 10**14)):
                ends = [value_by_mpmath(expr, _Moved(seed, variable, by), 90) for by in (step, -step)]
                with mp.workdps(90):
                    steps.append((ends[0] - ends[1]) / (2 * mp.mpf(step.numerator) / step.denominator))
            yield steps[0], abs(steps[0] - steps[1]), value_by_mpmath(slope, Values(seed), 90)
        except NoValue:
            continue


def _fits(difference: Any, error: Any, slope: Any) -> bool:
    return bool(abs(difference - slope) <= 2 * error + mp.mpf(10) ** -20 * max(1, abs(slope)))


@effort(150)
@given(expressions(), st.sampled_from(VARIABLES))
def test_the_derivative_agrees_with_differences_for_unknown_functions_too(expr: Expr, variable: Expr) -> None:
    slope = differentiate(expr, variable)
    for difference, error, at_point in _differences(expr, slope, variable, range(3)):
        assert _fits(difference, error, at_point), (
            f"d/d{to_text(variable)} of {to_text(expr)} is not {to_text(slope)}"
        )


@pytest.mark.parametrize(
    ("expr", "slip"),
    [
        (Apply("f", (Mul((x, y)),)), Apply("f", (Mul((x, y)),), (1,))),
        (Apply("h", (x, x)), Apply("h", (x, x), (1, 0))),
        (Apply("f", (Pow(x, TWO),)), Mul((TWO, x, Apply("f", (x,), (1,))))),
        (f("tanh", x), Add((ONE, Neg(f("tanh", x))))),
    ],
)
def test_the_oracle_of_differences_sees_a_slip(expr: Expr, slip: Expr) -> None:
    right, wrong = (list(_differences(expr, s, x, range(6))) for s in (differentiate(expr, x), slip))
    assert right
    assert all(_fits(*found) for found in right)
    assert not all(_fits(*found) for found in wrong)


# --- decisions --------------------------------------------------------------------------------


def both_ways(left: Expr, right: Expr, domain: Domain | None = None) -> tuple[Decision, Decision]:
    """The decision must not hang on which side a thing stands."""
    return decide(left, right, domain, clock=Clock(1.0)), decide(right, left, domain, clock=Clock(1.0))


def told(left: Expr, right: Expr, decision: Decision) -> str:
    claim = f"{to_text(left)} = {to_text(right)}"
    return f"{claim} is {decision.outcome.value}: {decision.reason} {decision.counterexample}"


@effort(150)
@given(st.data())
def test_an_expression_rewritten_by_identities_is_never_refuted(data: st.DataObject) -> None:
    before = data.draw(expressions())
    after = data.draw(rewrites(before))
    for decision in both_ways(before, after):
        assert decision.outcome is not Outcome.REFUTED, told(before, after, decision)
        assert decision.counterexample is None, told(
            before, after, decision
        )  # no proof that a number contradicts


@effort(150)
@given(st.data())
def test_an_expression_with_a_slip_that_changes_its_value_is_never_accepted(data: st.DataObject) -> None:
    right = data.draw(expressions(depth=3))
    wrong = data.draw(value_changing_edits(right))
    for decision in both_ways(right, wrong):
        assert decision.outcome not in ACCEPTED, told(right, wrong, decision)
        assert "disagree" not in decision.reason, told(right, wrong, decision)


@effort(80)
@given(st.data())
def test_a_slip_is_not_accepted_behind_identities_either(data: st.DataObject) -> None:
    right = data.draw(expressions(depth=2))
    wrong = data.draw(value_changing_edits(right))
    hidden = data.draw(rewrites(wrong, most=3))
    for decision in both_ways(right, hidden):
        assert decision.outcome not in ACCEPTED, told(right, hidden, decision)


@effort(60)
@given(st.data())
def test_a_derivative_of_the_rewritten_expression_is_never_refuted(data: st.DataObject) -> None:
    before = data.draw(expressions(depth=3))
    after = data.draw(rewrites(before, most=2))
    variable = data.draw(st.sampled_from(VARIABLES[:-1]))
    decision = decide(Derivative(before, variable), Derivative(after, variable), clock=Clock(1.0))
    assert decision.outcome is not Outcome.REFUTED, told(before, after, decision)


@effort(60)
@given(expressions(depth=3))
def test_derivatives_by_two_variables_are_the_same_in_both_orders(expr: Expr) -> None:
    one, other = differentiate(differentiate(expr, x), y), differentiate(differentiate(expr, y), x)
    decision = decide(one, other, clock=Clock(1.0))
    assert decision.outcome is not Outcome.REFUTED, told(one, other, decision)


@effort(40)
@given(expressions(derivatives=True))
def test_an_expression_is_never_refuted_by_itself_nor_equal_to_its_successor(expr: Expr) -> None:
    assert decide(expr, expr, clock=Clock(1.0)).outcome is not Outcome.REFUTED
    assert decide(expr, Add((expr, ONE)), clock=Clock(1.0)).outcome not in ACCEPTED


def test_most_rewritings_by_identities_are_proved() -> None:
    """A checker that decides nothing would pass all of the above."""
    outcomes: list[Outcome] = []

    @effort(60)
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        before = data.draw(expressions(depth=2).filter(_has_value))
        outcomes.append(decide(before, data.draw(rewrites(before, most=2)), clock=Clock(1.0)).outcome)

    judge()
    assert outcomes.count(Outcome.PROVED) >= 0.9 * len(outcomes)


def _has_value(expr: Expr) -> bool:
    for seed in range(3):
        try:
            value_by_mpmath(expr, Values(seed))
        except NoValue:
            continue
        return True
    return False


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_ambiguous_case_distinction_is_not_accepted(mirrored: bool) -> None:
    middle = All((Relation(ZERO, Op.LE, x), Relation(x, Op.LT, ONE)))
    overlapping = Cases(((x, Relation(Neg(x), Op.LT, ZERO)), (y, middle), (x, Otherwise())))
    left, right = (overlapping, x) if mirrored else (x, overlapping)
    assert decide(left, right).outcome not in ACCEPTED


# --- differences that are hard to see ---------------------------------------------------------

TINY = Number(Fraction(1, 10**20))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (x, Add((x, TINY))),
        (x, f("max", x, number(-100))),
        (f("relu", Add((x, Neg(number(1000))))), f("relu", Add((x, Neg(number(2000)))))),
        (f("relu", Add((x, number(-1000)))), ZERO),
        (f("relu", Add((x, y, Neg(number(1000))))), ZERO),
        (f("relu", Add((Mul((number("0.01"), x)), Neg(number(10))))), ZERO),
        (Cases(((x, Relation(x, Op.LT, number(777))), (y, Otherwise()))), x),
        (Cases(((x, Relation(Pow(x, TWO), Op.LT, number(10_000))), (ZERO, Otherwise()))), x),
        (Cases(((ONE, Relation(x, Op.GT, Mul((number(50), y)))), (ZERO, Otherwise()))), f("step", x)),
        (f("exp", Neg(Pow(Mul((number(50), x)), TWO))), ZERO),
        (f("tanh", Mul((number(100), x))), f("sign", x)),
        (f("softplus", Mul((number(90), x))), Mul((number(90), f("relu", x)))),
        (Pow(Pow(x, TWO), Number(Fraction(1, 2))), x),
        (f("atan", f("tan", Mul((number(3), x)))), Mul((number(3), x))),
        (Sum(Mul((u_i, u_i)), "i"), Pow(Sum(u_i, "i"), TWO)),
        (Sum(u_i, "i", ONE, Symbol("n")), Sum(u_i, "i", ONE, Add((Symbol("n"), Neg(ONE))))),
        (Sum(ONE, "i", ONE, Symbol("n")), TWO),
        (Sum(ONE, "i", ONE, Symbol("n")), number(3)),
        (f("sin", Mul((f("exp", number(40)), x))), f("sin", Mul((number(235385266837019985), x)))),
    ],
)  # fmt: skip
def test_a_difference_that_is_small_or_far_away_is_not_taken_for_equality(left: Expr, right: Expr) -> None:
    for decision in both_ways(left, right):
        assert decision.outcome not in ACCEPTED, told(left, right, decision)
