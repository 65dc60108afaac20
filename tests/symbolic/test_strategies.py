"""The oracles of the property tests, fed right and wrong answers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.symbolic.identities import IDENTITIES
from tests.symbolic.strategies import (
    expressions,
    is_canonical,
    places,
    replace_at,
    rewrites,
    value_changing_edits,
)
from tests.symbolic.values import NoValue, Point, agree, differ_somewhere, value, values_at_points

from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
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
    Relation,
    Sum,
    Symbol,
    number,
)
from gradbook.symbolic.printing import to_text

x, y, i = Symbol("x"), Symbol("y"), Symbol("i")
u_i, A_ij = Indexed("u", (i,)), Indexed("A", (i, Symbol("j")))

#: A tree for each identity to apply to.
APPLICABLE: dict[str, Expr] = {
    "commute": Add((x, y)),
    "associate": Mul((x, y, TWO)),
    "flatten": Add((x, Add((y, ONE)))),
    "distribute": Mul((x, Add((y, ONE)))),
    "factor_out_minus": Add((x, Neg(y))),
    "move_minus": Neg(Mul((x, y))),
    "divide_by_power": Div(x, y),
    "split_fraction": Div(Add((x, y)), TWO),
    "nested_fraction": Div(Div(x, y), Add((x, TWO))),
    "expand_fraction": Div(x, y),
    "powers": Pow(Add((x, y)), TWO),
    "roots": Pow(Pow(x, TWO), HALF),
    "logarithms": Func("log", (Mul((TWO, Func("exp", (x,)))),)),
    "exponentials": Func("exp", (Add((x, y)),)),
    "hyperbolic": Func("tanh", (x,)),
    "tanh_by_one_exponential": Func("tanh", (x,)),
    "ratios": Func("csch", (x,)),
    "sigmoid_by_exponential": Func("softplus", (x,)),
    "sigmoid_by_growth": Func("softplus", (x,)),
    "sigmoid_mirrored": Func("sigmoid", (x,)),
    "sigmoid_by_tanh": Func("sigmoid", (x,)),
    "trigonometric": Func("cos", (Add((x, y)),)),
    "inverse_functions": Func("asinh", (x,)),
    "kink_by_cases": Func("max", (x, y)),
    "kink_by_another": Func("min", (x, y)),
    "swap_branches": Cases(((x, Relation(x, Op.LT, y)), (y, Otherwise()))),
    "flip_relation": Cases(((x, Relation(x, Op.LT, y)), (y, Otherwise()))),
    "split_by_sign": x,
    "sum_by_terms": Sum(Add((u_i, x)), "i"),
    "sum_constant_out": Sum(Mul((x, u_i)), "i"),
    "constant_into_sum": Mul((x, Sum(u_i, "i"))),
    "rename_index": Sum(u_i, "i"),
    "write_out_sum": Sum(u_i, "i", ONE, number(3)),
    "swap_sums": Sum(Sum(A_ij, "j", ONE, TWO), "i"),
    "split_number": number("0.25"),
    "add_nothing": x,
    "multiply_by_one": x,
    "twice_negated": x,
    "collect": Add((Div(x, y), Div(y, x))),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_each_identity_keeps_the_value(name: str) -> None:
    before = APPLICABLE[name]
    after = IDENTITIES[name](before)
    assert after is not None
    assert after != before
    compared = 0
    for point, expected in values_at_points(before, range(30)):
        try:
            actual = value(after, point)
        except NoValue:
            continue
        assert agree(actual, expected), f"{to_text(before)} is not {to_text(after)} at {point}"
        compared += 1
    assert compared >= 10


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (Func("sin", (Add((x, y)),)), Add((Func("sin", (x,)), Func("sin", (y,))))),
        (Pow(Pow(x, TWO), HALF), x),
        (Sum(Mul((u_i, u_i)), "i"), Pow(Sum(u_i, "i"), TWO)),
        (Func("relu", (x,)), x),
        (Apply("f", (x,), (1,)), Apply("f", (x,))),
        (Sum(x, "i"), Sum(x, "i", ONE, Symbol("n"))),
        (x, Add((x, number("0.000001")))),
    ],
)
def test_a_wrong_identity_is_seen(right: Expr, wrong: Expr) -> None:
    assert differ_somewhere(right, wrong)


def test_an_identity_that_only_rounding_breaks_is_not_taken_for_a_difference() -> None:
    tiny = Func("exp", (number(-25),))
    assert not differ_somewhere(Add((x, tiny, Neg(x))), tiny)
    assert not differ_somewhere(Pow(Pow(x, number(3)), Number(HALF.value / 3 * 2)), x)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_rewriting_keeps_the_value_and_the_written_form(data: st.DataObject) -> None:
    before = data.draw(expressions())
    after = data.draw(rewrites(before))
    assert is_canonical(before)
    assert is_canonical(after)
    for point, expected in values_at_points(before, range(6)):
        try:
            actual = value(after, point)
        except NoValue:
            continue
        assert agree(actual, expected)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_an_edit_changes_the_value_and_keeps_the_written_form(data: st.DataObject) -> None:
    before = data.draw(expressions(depth=3))
    after = data.draw(value_changing_edits(before))
    assert is_canonical(after)
    assert differ_somewhere(before, after)


@given(expressions(derivatives=True, vectors=True))
def test_replacing_a_part_by_itself_gives_the_same_tree(tree: Expr) -> None:
    for path, part in places(tree):
        assert replace_at(tree, path, part) == tree


@given(expressions())
def test_a_part_that_is_replaced_is_the_part_at_that_place(tree: Expr) -> None:
    mark = Symbol("q")
    for path, _ in places(tree):
        assert [part for way, part in places(replace_at(tree, path, mark)) if way == path] == [mark]


@given(expressions())
def test_values_do_not_depend_on_the_number_of_digits(tree: Expr) -> None:
    found = dict(values_at_points(tree, range(4)))
    assume(found)
    for point, first in found.items():
        assert agree(first, value(tree, point, 120))


def test_a_value_is_refused_outside_of_the_domain_and_on_a_seam() -> None:
    for tree in (Func("log", (Neg(ONE),)), Div(ONE, ZERO), Func("sign", (ZERO,)), Pow(Neg(TWO), HALF)):
        with pytest.raises(NoValue):
            value(tree, Point(0))
