"""Formulas are rewritten into primitives by identities, for any argument and any order of writing."""

from __future__ import annotations

import pytest

from gradbook.derivation.code.ends import held
from gradbook.derivation.code.formula import without_deltas
from gradbook.derivation.code.safe import guarded
from gradbook.derivation.code.shifts import Largest, shifted
from gradbook.derivation.code.stable import stable
from gradbook.symbolic.expr import Delta, walk
from gradbook.symbolic.plain import read, write


@pytest.mark.parametrize(
    ("formula", "primitive"),
    [
        ("log(1 + exp(x))", "softplus(x)"),
        ("log(exp(-2*x) + 1)", "softplus(-2*x)"),
        ("log(exp(a) + exp(b))", "logaddexp(a, b)"),
        ("1/(1 + exp(-x))", "sigmoid(x)"),
        ("3/(1 + exp(-x))", "3*sigmoid(x)"),
        ("exp(x)/(1 + exp(x))", "sigmoid(x)"),
        ("exp(x)/(exp(x) + 1)^2", "sigmoid_slope(x)"),
        ("1 - sigmoid(x)", "sigmoid(-x)"),
        ("sigmoid(x)*(1 - sigmoid(x))", "sigmoid_slope(x)"),
        ("y*sigmoid(x*t)*sigmoid(-x*t)", "y*sigmoid_slope(x*t)"),
        ("log(sigmoid(x))", "-softplus(-x)"),
        ("log(1 - sigmoid(x))", "-softplus(x)"),
        ("log(1/(1 + exp(-x)))", "-softplus(-x)"),
        ("1 - tanh(x)^2", "sech2(x)"),
        ("tanh(x)^2 - 1", "-sech2(x)"),
        ("(1 - tanh(x))*(1 + tanh(x))", "4*sigmoid_slope(2*x)"),
        ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh(x)"),
        ("sinh(x)/cosh(x)", "tanh(x)"),
        ("1/cosh(x)^2", "sech2(x)"),
        ("exp(x) - 1", "expm1(x)"),
        ("1 - exp(-x)", "-expm1(-x)"),
        ("log(1 + x^2)", "log1p(x^2)"),
        ("log(1 - p)", "log1p(-p)"),
        ("1 + erf(x)", "erfc(-x)"),
        ("1 - erf(x)", "erfc(x)"),
        ("x/2*(1 + erf(x/sqrt(2)))", "x*normal_cdf(x)"),
        ("log(cosh(y - f))", "log_cosh(y - f)"),
        ("tanh(log(1 + exp(x)))", "tanh_softplus(x)"),
        ("1 - tanh(log(1 + exp(x)))^2", "sech2_softplus(x)"),
        ("x - tanh(x)", "tanh_gap(x)"),
        ("exp(-x^2)", "exp_neg_square(x)"),
        ("exp(-(y - f)^2/2)", "exp_neg_half_square(y - f)"),
        ("log(1 + exp(z)) - y*z", "(step(z) - y)*z + log1p(exp(-abs(z)))"),
        ("1 - cos(x)", "2*sin(x/2)^2"),
        ("1/(1 + abs(x))^2", "(1/(1 + abs(x)))^2"),
        ("x if x > 0 else 0", "max(x, 0)"),
        ("-1 if x < -1 else 1 if x > 1 else x", "clip(x, -1, 1)"),
        ("x/6 + 1/2", "(x + 3)/6"),
        ("sqrt(x^2)", "abs(x)"),
    ],
)
def test_a_formula_becomes_a_primitive(formula: str, primitive: str) -> None:
    assert write(stable(read(formula))) == primitive


@pytest.mark.parametrize(
    "formula",
    [
        "sigmoid(z) - y",
        "1 + sigmoid(x)",
        "2 - tanh(x)^2",
        "1/(2 + exp(x))",
        "exp(x) + 1",
        "log(2 + x)",
        "x - tanh(y)",
    ],
)
def test_what_is_no_such_pattern_stays(formula: str) -> None:
    assert write(stable(read(formula))) == formula


def test_a_risky_branch_is_given_a_harmless_argument() -> None:
    assert (
        write(stable(guarded(read("x if x > 0 else exp(x) - 1"), {}))) == "x if x > 0 else expm1(min(x, 0))"
    )


def test_the_bound_is_not_used_where_the_branch_has_no_value_there() -> None:
    text = write(stable(guarded(read("0 if x <= 0 else log(x)"), {})))
    assert text == "0 if x <= 0 else log(1 if x <= 0 else x)"


def test_a_branch_without_risk_is_left() -> None:
    assert write(guarded(read("x if x > 0 else a*x"), {read("a"): 0.1})) == "x if x > 0 else a*x"


def test_products_that_vanish_are_held_on_that_side_only() -> None:
    assert write(held(read("x*sigmoid(x)"), read("x"))).startswith("max(x, -20000)*")
    assert write(held(read("x*exp(-x)"), read("x"))).startswith("min(x, 20000)*")
    assert write(held(read("x*exp(x^2)"), read("x"))) == "x*exp(x^2)"


def test_a_quotient_of_exponentials_is_shifted_and_a_logarithm_pays_for_it() -> None:
    softmax = shifted(read("exp(x_i)/sum(exp(x_k), k)"))
    assert sum(isinstance(n, Largest) for n in walk(softmax)) == 2
    assert shifted(read("sum(exp(x_k), k)")) == read("sum(exp(x_k), k)")
    total = shifted(read("log(sum(exp(x_k), k))"))
    assert any(isinstance(n, Largest) for n in walk(total))


def test_a_norm_is_scaled_and_a_sum_of_squares_is_not() -> None:
    assert any(isinstance(n, Largest) for n in walk(shifted(read("sqrt(sum(x_k^2, k))"))))
    assert shifted(read("sum(x_k^2, k)")) == read("sum(x_k^2, k)")


def test_a_delta_under_a_condition_is_picked() -> None:
    picked = without_deltas(read("sum((y_k*delta(k, j) if x_k > 0 else 0), k)"))
    assert not any(isinstance(n, Delta) for n in walk(picked))
