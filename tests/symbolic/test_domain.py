"""Domains: bounds of single quantities, and what trees say of theirs."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradbook.symbolic.domain import (
    BoundsTable,
    Domain,
    compared_values,
    index_names,
    inferred_positive,
    size_names,
    solutions,
)
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Op,
    Otherwise,
    Pow,
    Relation,
    Sum,
    Symbol,
    number,
)

x, y, i, j, n = (Symbol(name) for name in "x y i j n".split())
x_i, x_1, x_2 = (Indexed("x", (index,)) for index in (i, ONE, TWO))


def table(*conditions: Condition, trees: tuple[Expr, ...] = ()) -> BoundsTable:
    return BoundsTable(conditions, trees)


def test_bounds_are_read_either_way_round_and_the_tightest_counts() -> None:
    bounds = table(
        Relation(x, Op.GT, ZERO),
        Relation(ONE, Op.LE, x),
        Relation(Add((number(5), Neg(x))), Op.GT, ZERO),
        Relation(x, Op.LT, number(9)),
    ).of(x)
    assert (bounds.low, bounds.high) == (1, 5)
    assert bounds.low_closed
    assert not bounds.high_closed


def test_an_open_end_is_tighter_than_a_closed_one_at_the_same_place() -> None:
    assert not table(Relation(x, Op.GE, ZERO), Relation(x, Op.GT, ZERO)).of(x).low_closed
    assert not table(Relation(x, Op.LT, ZERO), Relation(x, Op.LE, ZERO)).of(x).high_closed


def test_conditions_on_one_component_and_on_all() -> None:
    assert table(Relation(x_1, Op.GT, ZERO)).of(x_2).low is None
    assert table(Relation(x_i, Op.GT, ZERO)).of(x_2).low == 0
    both = table(Relation(x_i, Op.GT, ZERO), Relation(x_1, Op.GT, ONE))
    assert (both.of(x_1).low, both.of(x_2).low) == (1, 0)
    assert both.positive() == {("comp", "x")}


def test_a_bound_on_a_function_is_none_on_its_derivative() -> None:
    bounds = table(Relation(Apply("f", (x,)), Op.GT, ZERO))
    assert bounds.of(Apply("f", (TWO,))).low == 0
    assert bounds.of(Apply("f", (TWO,), (1,))).low is None
    assert bounds.of(Symbol("f")).low is None
    assert bounds.positive() == set()


def test_what_may_be_zero_is_not_strictly_positive() -> None:
    bounds = table(Relation(x, Op.GE, ZERO), Relation(y, Op.GE, ONE))
    assert bounds.positive() == {("sym", "x"), ("sym", "y")}
    assert bounds.positive(strictly=True) == {("sym", "y")}


@pytest.mark.parametrize(
    ("expr", "positive"),
    [
        (Func("log", (x,)), [x]),
        (Pow(x, HALF), [x]),
        (Pow(x, TWO), []),
        (Pow(x, y), [x]),
        (Pow(x, n), []),
        (Pow(x, Div(n, TWO)), []),
        (Pow(TWO, y), []),
        (Sum(Pow(x, i), "i"), []),
        (Cases(((Func("log", (x,)), Relation(x, Op.GT, ZERO)), (ZERO, Otherwise()))), []),
    ],
)
def test_what_logarithms_and_roots_need(expr: Expr, positive: list[Expr]) -> None:
    assert inferred_positive([expr], frozenset({"n"})) == positive


def test_a_running_component_stands_for_all_a_free_one_for_itself() -> None:
    logarithm = Func("log", (x_i,))
    assert table(trees=(Sum(logarithm, "i"),)).positive() == {("comp", "x")}
    assert table(trees=(logarithm,)).positive() == set()


def test_names_of_integers() -> None:
    domain = Domain(
        integers=frozenset({"m"}), choices=(("y", (Fraction(0), Fraction(1))), ("p", (HALF.value,)))
    )
    assert domain.whole_numbers((Sum(x_i, "i", ONE, n),)) == {"m", "y", "i", "n"}
    assert size_names([Sum(x_i, "i", ONE, n)]) == {"n"}


def test_what_is_compared_with_an_index_is_an_index() -> None:
    body = Cases(((x_i, Relation(i, Op.LE, j)), (ZERO, Otherwise())))
    assert index_names([Sum(body, "i")]) == {"i", "j"}
    assert index_names([Cases(((x, Relation(x, Op.LE, y)), (y, Otherwise())))]) == set()


def test_quantities_that_are_compared_with_numbers_only() -> None:
    def label(*values: int, rest: bool = False) -> Cases:
        branches: list[tuple[Expr, Condition]] = [(number(v), Relation(y, Op.EQ, number(v))) for v in values]
        return Cases((*branches, *([(ZERO, Otherwise())] if rest else [])))

    assert compared_values([label(0, 1)]) == {y: (0, 1)}
    assert compared_values([label(0)]) == {}
    assert compared_values([label(0, 1, rest=True)]) == {}
    assert compared_values([Add((label(0, 1), Cases(((ONE, Relation(y, Op.GT, ZERO)),))))]) == {}


def test_equations_are_solved_for_what_they_hold_once() -> None:
    line = Relation(Add((Mul((TWO, x)), Neg(y))), Op.EQ, number(4))
    assert solutions([line]) == {x: Add((TWO, Mul((HALF, y))))}
    assert solutions([Relation(Mul((x, y)), Op.EQ, ONE)]) == {}
    assert solutions([Relation(Add((x, Pow(x, TWO))), Op.EQ, ONE)]) == {}
    assert solutions([Relation(x, Op.EQ, y), Relation(y, Op.EQ, x)]) == {y: x} or solutions(
        [Relation(x, Op.EQ, y), Relation(y, Op.EQ, x)]
    ) == {x: y}
