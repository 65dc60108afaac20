"""Differentiation: its rules, what it leaves out, what it refuses."""

from __future__ import annotations

import pytest

from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.decide import Outcome, decide
from gradbook.symbolic.derivative import OUTER, NotDifferentiable, differentiate, expand_derivatives
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
    Delta,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
    tree_size,
)

x, y, i, j, k, n = (Symbol(name) for name in "x y i j k n".split())
x_i, x_j, x_k = (Indexed("x", (index,)) for index in (i, j, k))


def proved(left: Expr, right: Expr) -> bool:
    return decide(left, right).outcome is Outcome.PROVED


@pytest.mark.parametrize("name", sorted(OUTER))
def test_every_outer_derivative_has_the_chain_rule(name: str) -> None:
    inner = Mul((TWO, x))
    assert differentiate(Func(name, (y,)), x) == ZERO
    assert proved(differentiate(Func(name, (inner,)), x), Mul((TWO, OUTER[name](inner))))


def test_a_product_keeps_its_order() -> None:
    u, v = Apply("u", (x,)), Apply("v", (x,))
    du, dv = Apply("u", (x,), (1,)), Apply("v", (x,), (1,))
    assert differentiate(Mul((u, v)), x) == Add((Mul((du, v)), Mul((u, dv))))


def test_unknown_functions_get_a_term_for_each_argument() -> None:
    slope = differentiate(Apply("f", (Pow(x, TWO), x)), x)
    outer = Apply("f", (Pow(x, TWO), x), (1, 0)), Apply("f", (Pow(x, TWO), x), (0, 1))
    assert proved(slope, Add((Mul((TWO, x, outer[0])), outer[1])))


def test_orders_add_up() -> None:
    assert differentiate(Apply("f", (x,), (1,)), x, 2) == Apply("f", (x,), (3,))
    assert differentiate(Pow(x, number(3)), x, 4) == ZERO


def test_a_power_with_the_variable_in_base_and_exponent() -> None:
    expected = Mul((Pow(x, x), Add((Func("log", (x,)), ONE))))
    assert proved(differentiate(Pow(x, x), x), expected)


def test_components_give_kronecker_deltas() -> None:
    assert differentiate(x_i, x_j) == Delta(i, j)
    assert differentiate(x_i, x_i) == ONE
    assert differentiate(Indexed("x", (ONE,)), Indexed("x", (TWO,))) == ZERO
    assert differentiate(Indexed("y", (i,)), x_i) == ZERO


def test_the_index_of_a_sum_does_not_capture_that_of_the_variable() -> None:
    slope = differentiate(Sum(Pow(x_i, TWO), "i"), x_i)
    assert proved(slope, Mul((TWO, x_i)))


def test_an_indexed_product_is_differentiated_by_its_logarithm() -> None:
    slope = differentiate(Product(x_i, "i", ONE, n), x_k)
    assert proved(slope, Div(Product(x_i, "i", ONE, n), x_k))


def test_cases_are_differentiated_branch_by_branch() -> None:
    condition = Relation(x, Op.GT, ZERO)
    assert differentiate(Cases(((Pow(x, TWO), condition), (ZERO, Otherwise()))), y) == ZERO
    slope = differentiate(Cases(((Pow(x, TWO), condition), (x, Otherwise()))), x)
    assert proved(slope, Cases(((Mul((TWO, x)), condition), (ONE, Otherwise()))))


def test_the_slope_of_a_maximum_is_that_of_the_largest() -> None:
    slope = differentiate(Func("max", (x, Neg(x), Pow(x, TWO))), x)
    assert proved(slope, differentiate(Func("max", (Func("abs", (x,)), Pow(x, TWO))), x))


def test_derivatives_inside_a_tree_are_worked_out() -> None:
    assert expand_derivatives(Add((Derivative(Pow(x, ONE), x), y))) == Add((ONE, y))


def test_a_derivative_with_respect_to_an_application() -> None:
    u = Apply("u", (x,))
    assert proved(differentiate(Pow(u, TWO), u), Mul((TWO, u)))


def test_vector_operations_are_refused_by_name() -> None:
    with pytest.raises(NotDifferentiable, match="norm"):
        differentiate(Func("norm", (x,)), x)


def test_a_derivative_that_grows_too_large_is_refused_by_name() -> None:
    expr: Expr = x
    for _ in range(10):
        expr = Mul((Func("sin", (expr,)), Func("cos", (expr,))))
    assert tree_size(expr) < 40_000
    with pytest.raises(BoundHit, match="derivative"):
        differentiate(expr, x, 6)
