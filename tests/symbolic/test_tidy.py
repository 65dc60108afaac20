"""Tidying: what a person would not write is dropped, and the value stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.symbolic.strategies import expressions

from gradbook.symbolic.decide import Outcome, decide
from gradbook.symbolic.derivative import differentiate
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Pow,
    Sum,
    Symbol,
    number,
)
from gradbook.symbolic.tidy import tidy

x, y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize(
    ("cluttered", "tidied"),
    [
        (Add((x, ZERO)), x),
        (Add((ONE, Neg(ONE))), ZERO),
        (Add((Neg(x), ONE)), Add((ONE, Neg(x)))),
        (Add((x, Add((y, TWO)), ONE)), Add((x, y, number(3)))),
        (Mul((ONE, x)), x),
        (Mul((x, ZERO, y)), ZERO),
        (Mul((number(2), Neg(x), number(3))), Neg(Mul((number(6), x)))),
        (Mul((Neg(x), Neg(y))), Mul((x, y))),
        (Neg(Neg(x)), x),
        (Div(x, ONE), x),
        (Div(Neg(x), y), Neg(Div(x, y))),
        (Pow(x, ONE), x),
        (Pow(x, ZERO), ONE),
        (Func("exp", (ZERO,)), ONE),
        (Sum(Mul((ZERO, x)), "i"), ZERO),
    ],
)
def test_clutter_is_dropped(cluttered: Expr, tidied: Expr) -> None:
    assert tidy(cluttered) == tidied
    assert tidy(tidied) == tidied


@given(expressions(depth=2))
def test_the_value_stays(expr: Expr) -> None:
    slope = differentiate(expr, x)
    assert decide(slope, tidy(slope)).outcome is not Outcome.REFUTED
