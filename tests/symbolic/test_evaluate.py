"""Certified evaluation: balls that contain the value, and points where there is none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb

from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.evaluate import Overlap, Point, Uncovered, Undefined, evaluate, holds
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
    Delta,
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

x, i, n = (Symbol(name) for name in "x i n".split())


def at(value: Fraction | int, **known: int) -> Point:
    return Point(lambda atom: Fraction(known.get(getattr(atom, "name", ""), value)))


def test_the_ball_contains_the_value_and_narrows_with_the_precision() -> None:
    coarse, fine = (evaluate(Func("exp", (x,)), at(1), precision=bits) for bits in (64, 256))
    assert coarse.overlaps(fine)
    assert fine.rad() < coarse.rad()
    assert evaluate(Func("sin", (PI,)), at(0)).contains(0)


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (Div(ONE, x), 0),
        (Func("log", (x,)), -1),
        (Pow(x, HALF), -1),
        (Pow(x, Neg(ONE)), 0),
        (Func("asin", (x,)), 2),
        (Func("sign", (x,)), 0),
        (Func("step", (x,)), 0),
        (Cases(((ONE, Relation(x, Op.LT, ZERO)), (TWO, Otherwise()))), 0),
        (Indexed("v", (Div(x, TWO),)), 1),
        (Func("norm", (x,)), 1),
    ],
)
def test_there_is_no_value_outside_the_domain_or_on_a_seam(expr: Expr, value: int) -> None:
    with pytest.raises(Undefined):
        evaluate(expr, at(value))


def test_an_odd_root_of_a_negative_number_is_real() -> None:
    assert evaluate(Pow(x, Number(Fraction(1, 3))), at(-8)).overlaps(arb(-2))
    assert evaluate(Pow(x, Number(Fraction(2, 3))), at(-8)).overlaps(arb(4))


@pytest.mark.parametrize("power", [1, 2, 3, 4, 7])
def test_a_power_of_a_ball_around_zero_is_a_ball_around_zero(power: int) -> None:
    nearly_zero = Add((number("1/10"), Neg(Mul((number("1/5"), HALF)))))
    assert evaluate(Pow(nearly_zero, number(power)), Point(lambda _: Fraction(0))).contains(0)
    tanh = Func("tanh", (Add((Func("log", (TWO,)), Neg(Func("log", (TWO,))))),))
    value = evaluate(Pow(tanh, number(power)), Point(lambda _: Fraction(0)))
    assert value.contains(0)
    assert abs(value) < arb("1e-9")


def test_a_gap_and_an_overlap_are_told_apart() -> None:
    low, high = Relation(x, Op.LT, ONE), Relation(x, Op.GT, ZERO)
    with pytest.raises(Uncovered):
        evaluate(Cases(((ONE, low),)), at(2))
    with pytest.raises(Overlap):
        evaluate(Cases(((ONE, low), (TWO, high))), at(HALF.value))
    assert evaluate(Cases(((ONE, low), (ONE, high))), at(HALF.value)) == 1


def test_integers_have_no_seams() -> None:
    condition = Relation(n, Op.GE, Add((TWO, ONE)))
    with pytest.raises(Undefined):
        holds(condition, at(3))
    assert holds(condition, Point(lambda _: Fraction(3), whole=frozenset({"n"})))
    running = Sum(Cases(((ONE, Relation(i, Op.LE, TWO)), (ZERO, Otherwise()))), "i", ONE, number(3))
    assert evaluate(running, at(0)) == 2


def test_every_part_of_a_condition_is_looked_at() -> None:
    seam, false = Relation(x, Op.GT, ZERO), Relation(x, Op.GT, ONE)
    with pytest.raises(Undefined):
        holds(All((false, seam)), at(0))


def test_sums_run_over_their_range() -> None:
    v_i = Indexed("v", (i,))
    assert evaluate(Sum(v_i, "i", ONE, number(4)), at(2)) == 8
    assert evaluate(Sum(v_i, "i", ONE, number(4), TWO), at(2)) == 6
    assert evaluate(Product(v_i, "i", ONE, n), at(2, n=3)) == 8
    assert evaluate(Sum(v_i, "i"), Point(lambda _: Fraction(1), size=5)) == 5
    assert evaluate(Sum(Mul((Delta(i, TWO), i)), "i", ONE, number(4)), at(0)) == 2
    assert evaluate(Sum(v_i, "i", ONE, ZERO), at(2)) == 0


def test_an_unknown_function_has_one_value_at_one_argument() -> None:
    values = iter(range(1, 100))
    point = Point(lambda _: Fraction(next(values)))
    once, again = (evaluate(Apply("f", (arg,)), point) for arg in (Add((x, x)), Mul((TWO, x))))
    assert once == again
    assert evaluate(Apply("f", (x,)), point) != once
    assert evaluate(Apply("f", (Add((x, x)),), (1,)), point) != once


def test_too_much_work_is_refused_by_name() -> None:
    with pytest.raises(BoundHit, match="exponent"):
        evaluate(Pow(TWO, Pow(number(10), number(20))), at(0))
    with pytest.raises(BoundHit, match="range"):
        evaluate(Sum(i, "i", ONE, number(10_000)), at(0))
