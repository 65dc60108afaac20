"""Decisions: what is proved, refuted, or left open, and that nothing false is proved."""

from __future__ import annotations

from fractions import Fraction
from time import monotonic

import pytest

from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.decide import Flaw, Outcome, decide, decide_order
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    All,
    Apply,
    Cases,
    Condition,
    Delta,
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
)

x, y, z, t, n, m, i, j, k = (Symbol(name) for name in "x y z t n m i j k".split())
INTEGER = Domain(integers=frozenset({"n", "m"}))
BINARY = Domain(choices=tuple((name, (Fraction(0), Fraction(1))) for name in ("y", "z")))
SIGNED = Domain(choices=(("y", (Fraction(-1), Fraction(1))),))
ACCEPTED = (Outcome.PROVED, Outcome.AGREES)


def f(name: str, *args: Expr) -> Func:
    return Func(name, args)


def comp(base: str, *indices: Expr) -> Indexed:
    return Indexed(base, indices)


def minus(left: Expr, right: Expr) -> Expr:
    return Add((left, Neg(right)))


def cases(*branches: tuple[Expr, Condition]) -> Cases:
    return Cases(branches)


def indicator(left: Expr, op: Op, right: Expr) -> Cases:
    return cases((ONE, Relation(left, op, right)), (ZERO, Otherwise()))


def where(*conditions: Condition) -> Domain:
    return Domain(conditions)


def outcome(left: Expr, right: Expr, domain: Domain | None = None) -> Outcome:
    return decide(left, right, domain).outcome


def total(body: Expr, index: Symbol = i, upper: Expr | None = n) -> Sum:
    return Sum(body, index.name, ONE if upper is not None else None, upper)


# --- the domain -------------------------------------------------------------------------------


def test_nothing_is_proved_on_an_empty_domain() -> None:
    empty = where(Relation(x, Op.GT, ONE), Relation(x, Op.LT, ZERO))
    for left, right in ((x, x), (ONE, ONE), (Pow(x, TWO), Mul((x, x)))):
        decision = decide(left, right, empty)
        assert decision.outcome is Outcome.UNDECIDED
        assert "no point" in decision.reason
    for op in (Op.GT, Op.GE, Op.LT, Op.LE):
        assert decide_order(x, op, ZERO, empty).outcome is Outcome.UNDECIDED


def test_a_condition_on_one_numbered_component_is_not_one_on_all() -> None:
    first, second = comp("x", ONE), comp("x", TWO)
    assert outcome(f("abs", first), first, where(Relation(first, Op.GT, ZERO))) is Outcome.PROVED
    assert outcome(f("abs", second), second, where(Relation(first, Op.GT, ZERO))) is Outcome.REFUTED
    every = where(Relation(comp("x", i), Op.GT, ZERO))
    assert outcome(f("abs", second), second, every) is Outcome.PROVED


def test_a_logarithm_of_one_component_says_nothing_of_another() -> None:
    logarithm = f("log", comp("x", ONE))
    second = comp("x", TWO)
    assert outcome(Add((logarithm, f("abs", second))), Add((logarithm, second))) is Outcome.REFUTED
    free = f("log", comp("x", i))
    claim = Add((free, f("abs", comp("x", j)))), Add((free, comp("x", j)))
    assert outcome(*claim) is not Outcome.PROVED


def test_a_condition_on_a_function_is_not_one_on_a_symbol_of_its_name() -> None:
    assert outcome(f("abs", x), x, where(Relation(Apply("x", (t,)), Op.GT, ZERO))) is Outcome.REFUTED


def test_a_stated_equation_is_used_and_holds_at_counterexamples() -> None:
    line = Domain(equations=(Relation(Add((x, y)), Op.EQ, ONE),))
    assert outcome(x, minus(ONE, y), line) is Outcome.PROVED
    assert outcome(x, y, line) is Outcome.REFUTED
    circle = Domain(equations=(Relation(Pow(x, TWO), Op.EQ, ONE),))
    assert outcome(Pow(x, number(4)), ONE, circle) is not Outcome.REFUTED


# --- powers, roots, logarithms ----------------------------------------------------------------


def test_an_integer_power_of_a_negative_base_keeps_its_parity() -> None:
    assert outcome(Pow(Neg(x), n), Pow(x, n), INTEGER) is Outcome.REFUTED
    assert outcome(Pow(Neg(x), n), Mul((Pow(Neg(ONE), n), Pow(x, n))), INTEGER) is Outcome.PROVED
    assert outcome(Pow(f("abs", x), n), Pow(x, n), INTEGER) is Outcome.REFUTED
    assert outcome(Pow(x, Mul((TWO, n))), Pow(f("abs", x), Mul((TWO, n))), INTEGER) is Outcome.PROVED
    assert outcome(Pow(x, Div(n, TWO)), Pow(f("abs", x), Div(n, TWO)), INTEGER) is not Outcome.PROVED


def test_a_power_by_a_running_index_may_have_a_negative_base() -> None:
    assert outcome(total(Pow(f("abs", x), k), k), total(Pow(x, k), k)) is Outcome.REFUTED
    slope = Derivative(total(Pow(x, k), k), x)
    assert outcome(slope, total(Mul((k, Pow(x, minus(k, ONE)))), k)) is Outcome.PROVED


def test_a_power_by_a_label_may_have_a_negative_base() -> None:
    assert outcome(Pow(f("abs", x), y), Pow(x, y), BINARY) is Outcome.REFUTED


def test_the_logarithm_of_a_square() -> None:
    square = f("log", Pow(x, TWO))
    assert outcome(square, Mul((TWO, f("log", f("abs", x))))) is Outcome.PROVED
    assert outcome(square, f("log", x)) is Outcome.REFUTED


def test_roots_of_squares() -> None:
    root = Pow(Pow(x, TWO), HALF)
    assert outcome(root, f("abs", x)) is Outcome.PROVED
    assert outcome(root, x) is Outcome.REFUTED
    components = Pow(Pow(comp("x", i), TWO), HALF)
    assert outcome(total(components), total(f("abs", comp("x", i)))) is Outcome.PROVED
    assert outcome(total(components), total(comp("x", i))) is Outcome.REFUTED


def test_inverse_functions_undo_on_one_side_only() -> None:
    assert outcome(f("sin", f("asin", x)), x) is not Outcome.REFUTED
    assert outcome(f("asin", f("sin", x)), x) is Outcome.REFUTED
    assert outcome(f("acos", x), minus(Div(PI, TWO), f("asin", x))) is Outcome.PROVED


def test_powers_of_zero() -> None:
    rectified = f("relu", x)
    assert outcome(Pow(rectified, y), Pow(f("abs", x), y), where(Relation(y, Op.GT, ZERO))) is Outcome.REFUTED
    step, positive = f("step", x), where(Relation(y, Op.GT, ZERO))
    assert outcome(Pow(step, y), step, positive) is Outcome.PROVED
    assert outcome(Pow(step, n), Pow(step, m), INTEGER) is not Outcome.PROVED
    assert outcome(Pow(Add((x, Neg(x))), Neg(HALF)), ZERO) is Outcome.UNDECIDED


def test_an_odd_root_of_a_negative_number_has_powers() -> None:
    root = Pow(x, Number(Fraction(1, 3)))
    assert outcome(Pow(root, n), Pow(f("abs", root), n), INTEGER) is Outcome.REFUTED
    assert outcome(Pow(root, y), Pow(f("abs", root), y), BINARY) is not Outcome.PROVED


# --- cases ------------------------------------------------------------------------------------


def test_a_kink_is_no_counterexample() -> None:
    slope = indicator(x, Op.GT, ZERO)
    assert outcome(Derivative(f("relu", x), x), slope) is Outcome.PROVED
    assert outcome(slope, indicator(x, Op.GE, ZERO)) is Outcome.PROVED
    assert outcome(Derivative(f("abs", x), x), f("sign", x)) is Outcome.PROVED


def test_a_gap_between_cases_is_refuted() -> None:
    gap = cases((ZERO, Relation(x, Op.LT, ZERO)), (x, Relation(x, Op.GT, ONE)))
    decision = decide(f("relu", x), gap)
    assert decision.outcome is Outcome.REFUTED
    assert decision.counterexample is not None
    assert decision.counterexample.flaw is Flaw.GAP


def test_overlapping_cases_with_different_values_are_refuted() -> None:
    overlapping = cases((ZERO, Relation(x, Op.LT, ONE)), (x, Relation(x, Op.GT, ZERO)))
    decision = decide(f("relu", x), overlapping)
    assert decision.outcome is Outcome.REFUTED
    assert outcome(overlapping, f("relu", x)) not in ACCEPTED


def test_overlapping_cases_with_the_same_value_are_no_flaw() -> None:
    overlapping = cases((x, Relation(x, Op.GT, ZERO)), (f("abs", x), Relation(x, Op.LT, ONE)))
    assert outcome(f("abs", x), overlapping) is Outcome.PROVED


def test_cases_are_split_at_products_of_quantities() -> None:
    hinge = f("max", ZERO, minus(ONE, Mul((t, x))))
    slope = cases((Neg(t), Relation(Mul((t, x)), Op.LT, ONE)), (ZERO, Otherwise()))
    assert outcome(Derivative(hinge, x), slope) is Outcome.PROVED


def test_values_beside_two_exceptions_are_not_forgotten() -> None:
    wrong = cases((ZERO, Relation(x, Op.EQ, ZERO)), (ONE, Relation(x, Op.EQ, ONE)), (number(7), Otherwise()))
    assert outcome(wrong, x) is Outcome.REFUTED


# --- integers and labels ----------------------------------------------------------------------


def test_equality_of_integers_is_not_neglected() -> None:
    assert outcome(indicator(n, Op.EQ, ZERO), ZERO, INTEGER) is Outcome.REFUTED
    assert outcome(indicator(n, Op.EQ, m), ZERO, INTEGER) is Outcome.REFUTED
    assert outcome(indicator(x, Op.EQ, y), ZERO) is Outcome.PROVED


def test_equality_of_labels_is_not_neglected() -> None:
    assert outcome(indicator(y, Op.EQ, z), ZERO, BINARY) is Outcome.REFUTED
    assert outcome(indicator(y, Op.EQ, ONE), y, BINARY) is Outcome.PROVED
    assert outcome(total(indicator(comp("y", i), Op.EQ, ONE)), total(comp("y", i)), BINARY) is Outcome.PROVED
    assert outcome(total(indicator(comp("y", i), Op.EQ, ONE)), ZERO, BINARY) is Outcome.REFUTED


def test_strict_and_weak_inequalities_differ_between_integers() -> None:
    assert outcome(indicator(n, Op.GT, ZERO), indicator(n, Op.GE, ZERO), INTEGER) is Outcome.REFUTED
    assert outcome(indicator(n, Op.GT, ZERO), indicator(n, Op.GE, ONE), INTEGER) is Outcome.PROVED
    natural = Domain((Relation(n, Op.GE, ZERO),), frozenset({"n"}))
    assert outcome(indicator(n, Op.GE, ZERO), ONE, natural) is Outcome.PROVED
    assert outcome(indicator(n, Op.GT, ZERO), ONE, natural) is Outcome.REFUTED
    below, upto = (total(Mul((comp("x", j), indicator(j, op, i))), j) for op in (Op.LT, Op.LE))
    assert outcome(below, upto) is Outcome.REFUTED
    assert outcome(Add((below, comp("x", i))), upto) is not Outcome.REFUTED


def test_a_condition_on_a_label_times_a_quantity_is_not_split_at_zero_alone() -> None:
    domain = Domain((Relation(x, Op.GT, ZERO), Relation(y, Op.GE, ZERO)), choices=BINARY.choices)
    assert outcome(indicator(Mul((x, y)), Op.GT, ZERO), ONE, domain) is not Outcome.PROVED


def test_labels_of_two_values() -> None:
    assert outcome(Pow(y, TWO), ONE, SIGNED) is Outcome.PROVED
    assert outcome(Pow(y, TWO), y, SIGNED) is Outcome.REFUTED
    assert outcome(Pow(y, TWO), y, BINARY) is Outcome.PROVED
    margin = Mul((y, x))
    losses = Derivative(f("softplus", Neg(margin)), x), Neg(Mul((y, f("sigmoid", Neg(margin)))))
    assert outcome(*losses, SIGNED) is Outcome.PROVED


def test_components_that_add_up_to_one() -> None:
    domain = Domain(simplex=frozenset({"y"}))
    loss = Neg(Sum(Mul((comp("y", k), minus(comp("z", k), t))), "k"))
    right = minus(t, Sum(Mul((comp("y", k), comp("z", k))), "k"))
    assert outcome(loss, right, domain) is Outcome.PROVED
    assert outcome(loss, right) is Outcome.REFUTED


# --- indices ----------------------------------------------------------------------------------


def test_equal_and_different_indices_are_told_apart() -> None:
    slope = Derivative(Mul((comp("x", i), comp("x", j))), comp("x", k))
    right = Add((Mul((Delta(i, k), comp("x", j))), Mul((Delta(j, k), comp("x", i)))))
    assert outcome(slope, right) is Outcome.PROVED
    assert outcome(slope, ZERO) is Outcome.REFUTED
    split = cases((ONE, Relation(i, Op.EQ, j)), (ZERO, Relation(i, Op.NE, j)))
    assert outcome(Derivative(comp("x", i), comp("x", j)), split) is Outcome.PROVED
    assert outcome(Derivative(comp("x", i), comp("x", j)), ONE) is Outcome.REFUTED
    assert outcome(Delta(i, j), ZERO, Domain(unequal=frozenset({frozenset({"i", "j"})}))) is Outcome.PROVED


def test_indices_of_nested_sums_can_be_renamed_and_exchanged() -> None:
    double = total(total(Mul((comp("a", i, j), comp("x", j))), j, m), i)
    renamed = total(total(Mul((comp("a", k, i), comp("x", i))), i, m), k)
    exchanged = total(total(Mul((comp("a", i, j), comp("x", j))), i), j, m)
    assert outcome(double, renamed) is Outcome.PROVED
    assert outcome(double, exchanged) is Outcome.PROVED
    transposed = total(total(Mul((comp("a", j, i), comp("x", j))), j, m), i)
    assert outcome(double, transposed) is Outcome.REFUTED


def test_a_delta_takes_its_sum_away() -> None:
    assert outcome(total(Mul((Delta(i, j), comp("x", i)))), comp("x", j)) is Outcome.PROVED
    nested = total(total(Mul((Delta(i, j), comp("x", i), comp("y", j)))), j)
    assert outcome(nested, total(Mul((comp("x", k), comp("y", k))), k)) is Outcome.PROVED
    assert outcome(total(Mul((Delta(i, ZERO), comp("x", i)))), ZERO) is Outcome.PROVED
    from_zero = Sum(Mul((Delta(i, ZERO), comp("x", i))), "i", ZERO, n)
    assert outcome(from_zero, comp("x", ZERO)) is Outcome.PROVED
    assert outcome(total(Mul((from_zero, comp("y", j))), j), ZERO) is Outcome.REFUTED


def test_terms_of_different_scale_stay_apart_under_a_sum() -> None:
    x_i, x_j = comp("x", i), comp("x", j)
    fourth = Number(Fraction(1, 4))
    for half, whole in (
        (f("exp", Div(x_i, TWO)), f("exp", x_j)),
        (f("sin", Div(x_i, TWO)), f("sin", x_j)),
        (Pow(x_i, HALF), Pow(x_j, fourth)),
    ):
        assert outcome(total(half), total(whole, j)) is Outcome.REFUTED
        assert outcome(total(Mul((Delta(i, j), half))), whole) is Outcome.REFUTED
    squared = Mul((f("exp", Div(x_i, TWO)), f("exp", Div(x_i, TWO))))
    assert outcome(total(squared), total(f("exp", x_j), j)) is Outcome.PROVED
    assert outcome(total(Mul((Delta(i, j), Pow(x_i, HALF)))), Pow(x_j, HALF)) is Outcome.PROVED


def test_a_term_on_a_kink_is_left_open() -> None:
    def picked(value: Expr) -> Expr:
        return Sum(cases((x, Relation(i, Op.EQ, value)), (f("step", i), Otherwise())), "i", ZERO, n)

    assert outcome(picked(ZERO), picked(ONE)) is not Outcome.PROVED


def test_the_inner_range_may_depend_on_the_outer_index() -> None:
    triangle = total(total(comp("x", j), j, i), i)
    assert outcome(triangle, total(total(comp("x", k), k, j), j)) is Outcome.PROVED
    assert outcome(triangle, total(total(comp("x", i), j, i), i)) is Outcome.REFUTED
    assert outcome(total(total(ONE, j, i), i), Mul((n, n))) is Outcome.REFUTED
    assert outcome(total(total(ONE, j, i), i), total(i)) is Outcome.PROVED


def test_two_numbers_of_terms_are_not_taken_for_one() -> None:
    assert outcome(total(total(comp("x", i), j, m), i), Mul((n, total(comp("x", i))))) is Outcome.REFUTED

    def product(first: Symbol, second: Symbol) -> Expr:
        return Product(Product(comp("x", first, second), "j", ONE, m), "i", ONE, n)

    assert outcome(product(i, j), product(j, i)) is Outcome.REFUTED


def test_a_double_sum_is_not_judged_by_its_diagonal() -> None:
    body = minus(f("abs", comp("x", i, j)), f("abs", comp("x", i, i)))
    assert outcome(total(total(body, j)), ZERO) is Outcome.REFUTED


def test_logarithms_of_products_are_sums() -> None:
    likelihood = Product(Product(Pow(comp("p", i, k), comp("y", i, k)), "k", ONE, m), "i", ONE, n)
    domain = where(Relation(comp("p", i, k), Op.GT, ZERO))
    right = total(total(Mul((comp("y", i, k), f("log", comp("p", i, k)))), k, m), i)
    assert outcome(f("log", likelihood), right, domain) is Outcome.PROVED


# --- inequalities -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "op", "right"),
    [
        (Pow(x, TWO), Op.GE, ZERO),
        (Add((Pow(x, TWO), ONE)), Op.GT, ZERO),
        (f("sigmoid", x), Op.GT, ZERO),
        (f("sigmoid", x), Op.LT, ONE),
        (f("cosh", x), Op.GE, ONE),
    ],
)
def test_a_plain_inequality_is_proved(left: Expr, op: Op, right: Expr) -> None:
    assert decide_order(left, op, right).outcome is Outcome.PROVED


@pytest.mark.parametrize(
    ("left", "op", "right"),
    [(Pow(x, TWO), Op.GT, ZERO), (f("abs", x), Op.GT, ZERO), (f("cosh", x), Op.GT, ONE)],
)
def test_a_strict_inequality_that_fails_at_one_point_is_not_proved(left: Expr, op: Op, right: Expr) -> None:
    assert decide_order(left, op, right).outcome is not Outcome.PROVED
    apart = where(Relation(x, Op.NE, ZERO))
    if left != f("cosh", x):
        assert decide_order(left, op, right, apart).outcome is Outcome.PROVED


def test_conditions_carry_over_to_inequalities() -> None:
    inside = where(Relation(x, Op.GT, ZERO), Relation(x, Op.LT, ONE))
    assert decide_order(Mul((x, minus(ONE, x))), Op.GT, ZERO, inside).outcome is Outcome.PROVED
    assert decide_order(x, Op.GT, ZERO, where(Relation(x, Op.GE, ZERO))).outcome is not Outcome.PROVED
    assert decide_order(x, Op.GE, ZERO, where(Relation(x, Op.GE, ZERO))).outcome is Outcome.PROVED


def test_a_wrong_inequality_is_refuted_at_a_point() -> None:
    decision = decide_order(Pow(x, number(3)), Op.GE, ZERO)
    assert decision.outcome is Outcome.REFUTED
    assert decision.counterexample is not None


# --- bounds -----------------------------------------------------------------------------------


def tower(height: int) -> Expr:
    return number(9) if height == 1 else Pow(number(9), tower(height - 1))


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        (tower(4), "size"),
        (Pow(Add((x, y, z, ONE)), number(2_000)), "size"),
        (Sum(comp("x", i), "i", ONE, number(100_000)), "range"),
    ],
)
def test_a_bound_that_is_hit_is_named(expr: Expr, named: str) -> None:
    decision = decide(expr, Add((expr, x)))
    assert decision.outcome is not Outcome.PROVED
    assert decision.outcome is Outcome.REFUTED or named in decision.reason


def test_a_long_product_ends_in_time() -> None:
    factors = tuple(Add((x, number(k))) for k in range(5_000))
    start = monotonic()
    decision = decide(Mul(factors), Mul((*factors[:-1], Add((x, number(7))))), clock=Clock(0.5))
    assert monotonic() - start < 5
    assert decision.outcome is not Outcome.PROVED


def test_the_deadline_is_named() -> None:
    decision = decide(f("sin", x), f("cos", minus(Div(PI, TWO), x)), clock=Clock(-1))
    assert decision.outcome is Outcome.UNDECIDED
    assert "deadline" in decision.reason


def test_a_deep_tree_is_left_open() -> None:
    deep: Expr = x
    for _ in range(5_000):
        deep = Neg(deep)
    decision = decide(Neg(x), Add((x, deep)))
    assert decision.outcome is Outcome.UNDECIDED
    assert decision.reason == "the depth of an expression"


# --- evidence ---------------------------------------------------------------------------------


def test_a_counterexample_gives_the_values_of_both_sides() -> None:
    decision = decide(Pow(x, TWO), Mul((number(3), x)))
    assert decision.counterexample is not None
    ((atom, value),) = decision.counterexample.point
    assert atom == x
    assert decision.counterexample.left == str(value**2)
    assert decision.counterexample.right == str(3 * value)


def test_the_point_lies_in_the_domain() -> None:
    domain = where(All((Relation(x, Op.GT, number(5)), Relation(x, Op.LT, number(6)))), Relation(y, Op.LT, x))
    decision = decide(x, y, domain)
    assert decision.counterexample is not None
    values = dict(decision.counterexample.point)
    assert values[y] < values[x]
    assert 5 < values[x] < 6


def test_a_decision_is_remembered_by_claim_and_domain() -> None:
    claim = f("abs", x), x
    assert decide(*claim).outcome is Outcome.REFUTED
    assert decide(*claim, where(Relation(x, Op.GT, ZERO))).outcome is Outcome.PROVED
    assert decide(*claim) is decide(*claim)
