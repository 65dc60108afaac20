from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import sympy  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import HealthCheck, assume, given, settings
from tests.symbolic.strategies import UNARY, expressions
from tests.symbolic.values import NoValue, Point, agree, value, values_at_points

from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
    Cases,
    Delta,
    Derivative,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
    rebuild,
)
from gradbook.symbolic.sympy_bridge import from_sympy, to_sympy

# SymPy's annotations are partial: what it makes is Any in these tests.
sp: Any = sympy
x, y, i, j, n = (Symbol(name) for name in "xyijn")
u_i = Indexed("u", (i,))
X, Y, N = (sp.Symbol(name, real=True) for name in "xyn")
I_, J_ = (sp.Symbol(name, real=True) for name in "ij")
U = sp.IndexedBase(sp.Symbol("u", real=True))
f = sp.Function("f", real=True)

#: What is the same on both sides, and comes back as it was.
COUNTERPARTS: list[tuple[Expr, Any]] = [
    (number(3), sp.Integer(3)),
    (Neg(Div(ONE, TWO)), sp.Rational(-1, 2)),
    (PI, sp.pi),
    (E, sp.E),
    (Symbol(r"\theta"), sp.Symbol(r"\theta", real=True)),
    (u_i, U[I_]),
    (Indexed("A", (i, ONE)), sp.IndexedBase(sp.Symbol("A", real=True))[I_, 1]),
    (Add((x, Neg(y))), X - Y),
    (Mul((TWO, x, y)), 2 * X * Y),
    (Neg(Mul((x, y))), -X * Y),
    (Div(x, y), X / Y),
    (Div(Mul((TWO, x)), Mul((number(3), y))), 2 * X / (3 * Y)),
    (Div(x, Pow(y, HALF)), X / sp.sqrt(Y)),
    (Pow(x, TWO), X**2),
    (Pow(x, y), X**Y),
    (Div(ONE, Pow(x, TWO)), X**-2),
    (Func("exp", (Neg(x),)), sp.exp(-X)),
    (Func("abs", (x,)), sp.Abs(X)),
    (Func("max", (x, y)), sp.Max(X, Y)),
    (Func("step", (x,)), sp.Heaviside(X)),
    (Apply("f", (x,)), f(X)),
    (Apply("f", (x,), (1,)), f(X).diff(X)),
    (Apply("f", (x, y), (1, 2)), f(X, Y).diff(X, Y, Y)),
    (Apply("f", (Pow(x, TWO),), (1,)), sp.Subs(f(Y).diff(Y), Y, X**2)),
    (Apply("f", (x, x), (0, 1)), sp.Subs(f(X, Y).diff(Y), Y, X)),
    (Apply("f", (Apply("g", (x,)),), (2,)), sp.Subs(f(Y).diff(Y, 2), Y, sp.Function("g", real=True)(X))),
    (Derivative(Func("sin", (x,)), x), sp.Derivative(sp.sin(X), X)),
    (Derivative(Pow(u_i, TWO), u_i, 2), sp.Derivative(U[I_] ** 2, (U[I_], 2))),
    (Sum(u_i, "i", ONE, n), sp.Sum(U[I_], (I_, 1, N))),
    (Sum(Sum(Mul((j, u_i)), "j", ONE, TWO), "i", ONE, n), sp.Sum(J_ * U[I_], (J_, 1, 2), (I_, 1, N))),
    (Product(u_i, "i", ONE, n), sp.Product(U[I_], (I_, 1, N))),
    (Delta(i, j), sp.KroneckerDelta(I_, J_)),
    (
        Cases(((Neg(x), Relation(x, Op.LT, ZERO)), (x, Otherwise()))),
        sp.Piecewise((-X, X < 0), (X, True)),
    ),
]


@pytest.mark.parametrize(("tree", "other"), COUNTERPARTS, ids=[str(other) for _, other in COUNTERPARTS])
def test_what_both_sides_have_goes_there_and_comes_back(tree: Expr, other: Any) -> None:
    assert to_sympy(tree) == other
    assert from_sympy(other) == tree


@pytest.mark.parametrize("name", [*UNARY, "max", "min"])
def test_every_scalar_function_has_the_same_value_in_sympy(name: str) -> None:
    args = (x, y) if name in ("max", "min") else (x,)
    compared = 0
    for point, expected in values_at_points(Func(name, args), range(30)):
        numbers = {X: _rational(point, x), Y: _rational(point, y)}
        assert agree(to_sympy(Func(name, args)).subs(numbers).evalf(30), expected)
        compared += 1
    # acosh is defined in the smallest part of where the points lie
    assert compared >= 3


def _rational(point: Point, atom: Expr) -> Any:
    exact = point.value(atom)
    return sp.Rational(exact.numerator, exact.denominator)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(expressions(depth=3, largest=30))
def test_a_tree_there_and_back_has_the_same_value(tree: Expr) -> None:
    expected = dict(values_at_points(_with_bounds(tree), range(6)))
    assume(expected)
    there = _to_sympy_if_real(tree)
    # A branch that no point reaches may hold something without a real value.
    assume(not there.has(sp.I, sp.nan, sp.oo, sp.zoo, -sp.oo))
    back: Any = from_sympy(there)
    for point, first in expected.items():
        try:
            second = value(back, point)
        except NoValue:
            continue
        assert agree(first, second)


def _with_bounds(node: Any) -> Any:
    """The tree with open ranges written out, as SymPy needs them."""
    node = rebuild(node, _with_bounds)
    if isinstance(node, Sum) and node.upper is None:
        return Sum(node.body, node.index, ONE, n, node.excluded)
    return node


def _to_sympy_if_real(tree: Expr) -> Any:
    """In SymPy; rejects a tree with a branch that no point reaches and that SymPy sees to be complex."""
    try:
        return to_sympy(tree)
    except ValueError as error:
        assume(not re.search("not comparable|no order", str(error)))
        raise


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(expressions(depth=3, largest=20))
def test_sympy_computes_the_same_value(tree: Expr) -> None:
    values = dict(values_at_points(tree, range(3)))
    assume(values)
    there = _to_sympy_if_real(tree)
    assume(not there.has(sp.Sum, sp.core.function.AppliedUndef, sp.Derivative, sp.Subs))
    for point, expected in values.items():
        numbers = {symbol: _rational(point, Symbol(symbol.name)) for symbol in there.free_symbols}
        assert agree(there.subs(numbers).evalf(40), expected)


def test_a_sum_has_the_same_value_in_sympy() -> None:
    tree = Sum(Mul((u_i, Sum(Pow(Indexed("u", (j,)), TWO), "j", excluded=i))), "i", ONE, n)
    there: Any = to_sympy(tree)
    there = there.subs(N, 3).doit()
    expected = sum(U[k] * sum(U[m] ** 2 for m in (1, 2, 3) if m != k) for k in (1, 2, 3))
    assert sp.expand(there - expected) == 0


def test_open_bounds_become_one_and_n() -> None:
    assert to_sympy(Sum(u_i, "i")) == sp.Sum(U[I_], (I_, 1, N))
    assert to_sympy(Sum(u_i, "i", upper=TWO)) == sp.Sum(U[I_], (I_, 1, 2))


def test_an_open_bound_is_not_captured_by_an_index_of_the_same_name() -> None:
    total: Any = to_sympy(Sum(Indexed("u", (n,)), "n"))
    assert total.limits[0][2] != N


def test_an_odd_root_is_the_real_one() -> None:
    root = to_sympy(Pow(x, Number(HALF.value * 2 / 3)))
    assert root.subs(X, -8) == -2


def test_conditions_are_translated_too() -> None:
    positive, small = Relation(x, Op.GT, ZERO), Relation(x, Op.LE, ONE)
    for condition in (
        positive,
        small,
        Relation(x, Op.EQ, y),
        Relation(x, Op.NE, y),
        AnyOf((positive, small)),
    ):
        assert from_sympy(to_sympy(condition)) in (condition, AnyOf((small, positive)))
    assert to_sympy(All((positive, Not(positive)))) == sp.false
    assert to_sympy(Not(positive)) == (X <= 0)


def test_a_derivative_is_left_for_sympy_to_take() -> None:
    there = to_sympy(Derivative(Func("sigmoid", (x,)), x))
    s = 1 / (1 + sp.exp(-X))
    assert sp.simplify(there.doit() - s * (1 - s)) == 0


def test_the_chain_rule_of_sympy_comes_back_as_primes() -> None:
    outer, inner = sp.Function("f"), sp.Function("g")
    slope = from_sympy(outer(inner(X)).diff(X))
    assert isinstance(slope, Mul)
    assert set(slope.factors) == {Apply("f", (Apply("g", (x,)),), (1,)), Apply("g", (x,), (1,))}


def test_a_derivative_of_a_sum_of_components_is_right() -> None:
    loss = Div(Sum(Pow(u_i, TWO), "i", ONE, number(3)), TWO)
    slope = to_sympy(loss).doit().diff(U[2])
    assert from_sympy(slope) == Indexed("u", (TWO,))


def test_a_float_is_the_decimal_that_it_prints() -> None:
    tree = from_sympy(-sp.Float("0.1"))
    assert tree == Neg(number("0.1"))


def test_integer_indices_of_sympy_are_indices_here() -> None:
    k = sp.Idx("k")
    assert from_sympy(sp.Sum(sp.IndexedBase("u")[k], (k, 1, N))) == Sum(
        Indexed("u", (Symbol("k"),)), "k", ONE, n
    )


def test_a_bound_dummy_gets_a_name_of_its_own() -> None:
    k = sp.Dummy("i")
    tree = from_sympy(sp.Sum(U[I_] * U[k], (k, 1, N)))
    assert tree == Sum(Mul((Indexed("u", (Symbol("i'"),)), u_i)), "i'", ONE, n)


VECTOR_TREES: list[Node] = [
    Func("norm", (x,)),
    Func("transpose", (x,)),
    Mul((x, Func("softmax", (y,)))),
    Derivative(x, Add((x, y))),
    Func("sin", (Func("trace", (x,)),)),
]


@pytest.mark.parametrize("tree", VECTOR_TREES, ids=str)
def test_what_sympy_has_no_scalar_for_is_named(tree: Node) -> None:
    with pytest.raises(ValueError, match="SymPy has no"):
        to_sympy(tree)


@pytest.mark.parametrize(
    "other",
    [sp.I, sp.oo, sp.nan, sp.gamma(X), sp.Integral(X, X), sp.acot(X), sp.Dummy("d"), sp.Heaviside(X, 0)],
    ids=str,
)
def test_what_this_side_has_no_tree_for_is_named(other: Any) -> None:
    with pytest.raises(ValueError, match="no expression here"):
        from_sympy(other)


def test_a_power_too_large_to_write_out_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="power of numbers"):
        to_sympy(Pow(number(9), Pow(number(9), Pow(number(9), number(9)))))


def test_a_comparison_of_what_is_not_real_is_named() -> None:
    imaginary = Pow(Neg(ONE), HALF)
    with pytest.raises(ValueError, match="no order for I and 0"):
        to_sympy(Relation(imaginary, Op.LT, ZERO))


def test_text_is_never_read_by_sympy() -> None:
    hostile = "__import__('os').getcwd()"
    assert to_sympy(Symbol(hostile)) == sp.Symbol(hostile, real=True)
    assert to_sympy(Apply(hostile, (x,))).func.__name__ == hostile


def test_without_sympy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r"pip install 'gradbook\[sympy\]'"):
        to_sympy(x)


def test_the_bridge_does_not_import_sympy_by_itself() -> None:
    code = "import sys, gradbook.symbolic.sympy_bridge; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
