"""The normal form: equal trees get one form, and what is asked or refused on the way."""

from __future__ import annotations

import pytest

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    Cases,
    Delta,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Pow,
    Relation,
    Sum,
    Symbol,
    number,
)
from gradbook.symbolic.normal import Normaliser, restarting
from gradbook.symbolic.regions import (
    BranchesDiffer,
    Facts,
    NeedEqual,
    NeedSign,
    NoBranch,
    NotNormal,
    OutsideDomain,
    Region,
)

x, y, i, j, n = (Symbol(name) for name in "x y i j n".split())
POSITIVE = frozenset({("sym", "x"), ("sym", "y")})


def f(name: str, *args: Expr) -> Func:
    return Func(name, args)


def same(left: Expr, right: Expr, facts: Facts | None = None) -> bool:
    def compare(normaliser: Normaliser) -> bool:
        return normaliser.equal(normaliser.of(left), normaliser.of(right))

    return restarting(facts or Facts(positive=POSITIVE), Region(), Clock(2), compare)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Pow(Add((x, y)), TWO), Add((Pow(x, TWO), Mul((TWO, x, y)), Pow(y, TWO)))),
        (Div(Add((Pow(x, TWO), Neg(ONE))), Add((x, ONE))), Add((x, Neg(ONE)))),
        (f("exp", Add((x, y))), Mul((f("exp", x), f("exp", y)))),
        (f("exp", f("log", x)), x),
        (f("log", f("exp", Neg(y))), Neg(y)),
        (f("log", Mul((x, Pow(y, TWO)))), Add((f("log", x), Mul((TWO, f("log", y)))))),
        (f("log", number(12)), Add((Mul((TWO, f("log", TWO))), f("log", number(3))))),
        (Pow(E, x), f("exp", x)),
        (Pow(Pow(x, HALF), TWO), x),
        (Mul((Pow(TWO, HALF), Pow(number(8), HALF))), number(4)),
        (f("tanh", x), Add((Mul((TWO, f("sigmoid", Mul((TWO, x))))), Neg(ONE)))),
        (f("sin", Mul((TWO, x))), Mul((TWO, f("sin", x), f("cos", x)))),
        (f("cos", PI), Neg(ONE)),
        (f("atan", Neg(x)), Neg(f("atan", x))),
        (f("softplus", x), f("log", Add((ONE, f("exp", x))))),
        (f("max", x, y), Neg(f("min", Neg(x), Neg(y)))),
        (f("atanh", x), Mul((HALF, f("log", Div(Add((ONE, x)), Add((ONE, Neg(x)))))))),
    ],
)  # fmt: skip
def test_equal_trees_have_one_form(left: Expr, right: Expr) -> None:
    def compare(normaliser: Normaliser) -> bool:
        return normaliser.equal(normaliser.of(left), normaliser.of(right))

    # Where a sign is asked for, both answers are tried.
    todo, cells = [Region()], 0
    facts = Facts(positive=POSITIVE)
    while todo:
        region = todo.pop()
        try:
            assert restarting(facts, region, Clock(2), compare)
            cells += 1
        except NeedSign as need:
            todo += [region.with_sign(need.factor, sign) for sign in (1, -1)]
        except OutsideDomain:
            pass
    assert cells


def test_different_trees_have_different_forms() -> None:
    assert not same(Pow(Add((x, y)), TWO), Add((Pow(x, TWO), Pow(y, TWO))))
    assert not same(f("log", Add((x, y))), Add((f("log", x), f("log", y))))
    assert not same(f("factorial", Neg(x)), Neg(f("factorial", x)))


def test_a_sign_is_asked_for_and_used() -> None:
    facts = Facts()
    with pytest.raises(NeedSign) as asked:
        restarting(facts, Region(), Clock(2), lambda normaliser: normaliser.of(f("abs", x)))
    for sign, value in ((1, x), (-1, Neg(x))):
        region = Region().with_sign(asked.value.factor, sign)
        assert restarting(facts, region, Clock(2), lambda k, v=value: k.equal(k.of(f("abs", x)), k.of(v)))


def test_whether_indices_are_equal_is_asked_for() -> None:
    with pytest.raises(NeedEqual) as asked:
        same(Delta(i, j), ZERO)
    assert {asked.value.left, asked.value.right} == {i, j}
    apart = Region().with_unequal(i, j)
    assert restarting(Facts(), apart, Clock(2), lambda k: k.of(Delta(i, j))[0].is_zero())


@pytest.mark.parametrize(
    "expr",
    [
        Div(ONE, Add((x, Neg(x)))),
        f("log", ZERO),
        f("log", Neg(Pow(x, TWO))),
        Pow(Neg(ONE), HALF),
        Pow(Neg(x), Symbol("t")),
    ],
)
def test_what_has_no_value_anywhere_says_so(expr: Expr) -> None:
    with pytest.raises(OutsideDomain):
        same(expr, ONE)


def test_cases_without_a_branch_or_with_two_values() -> None:
    inside, outside = Relation(x, Op.GT, ZERO), Relation(x, Op.LT, ZERO)
    with pytest.raises(NoBranch):
        same(Cases(((ONE, outside),)), ONE)
    with pytest.raises(BranchesDiffer):
        same(Cases(((ONE, inside), (TWO, inside))), ONE)


def test_what_has_no_normal_form_is_named() -> None:
    with pytest.raises(NotNormal, match="norm has no normal form"):
        same(f("norm", x), ONE)


def test_finer_roots_and_exponentials_are_found_by_starting_again() -> None:
    third, half = (f("exp", Div(x, number(k))) for k in (3, 2))
    assert same(Mul((third, half, half, third, third)), f("exp", Mul((TWO, x))))
    roots = Mul((Pow(x, Number(number(1).value / 3)), Pow(x, HALF)))
    assert same(Pow(roots, number(6)), Pow(x, number(5)))


def test_more_quantities_than_expected_are_made_room_for() -> None:
    terms = tuple(Symbol(f"s_{k}") for k in range(100))
    assert same(Add(terms), Add(terms[::-1]))


def test_sums_over_an_index() -> None:
    x_i, x_j, a_j = Indexed("x", (i,)), Indexed("x", (j,)), Indexed("a", (j,))

    def over(body: Expr, index: str = "i") -> Sum:
        return Sum(body, index, ONE, n)

    assert same(over(Add((Mul((y, x_i)), ONE))), Add((Mul((y, over(x_j, "j"))), n)))
    assert same(Pow(over(x_i), TWO), over(over(Mul((x_i, x_j)), "j")))
    assert same(over(Mul((x_i, over(a_j, "j")))), Mul((over(x_i), over(a_j, "j"))))
    assert same(Sum(x_i, "i", ONE, n, j), Add((over(x_i), Neg(x_j))))
    assert not same(over(Pow(x_i, TWO)), Pow(over(x_i), TWO))
    assert same(Sum(Pow(i, TWO), "i", ONE, number(10)), number(385))


def test_labels_of_two_values_satisfy_their_equation() -> None:
    facts = Facts(choices={"y": (number(-1).value, ONE.value)})
    assert same(Pow(y, number(4)), ONE, facts)
    assert same(Pow(Indexed("y", (i,)), TWO), ONE, facts)


@pytest.mark.parametrize(
    ("expr", "bound"),
    [
        (Pow(Add((x, y, n, ONE)), number(500)), "power"),
        (Pow(number(9), number(100_000)), "numbers"),
        (Pow(x, number(10_000)), "exponent"),
        (Sum(i, "i", ONE, number(10_000)), "range"),
        (f("sin", Add((Mul((number(1_000), x)), f("sin", x)))), "angle"),
    ],
)
def test_a_bound_that_is_hit_is_named(expr: Expr, bound: str) -> None:
    with pytest.raises(BoundHit, match=bound):
        same(Add((expr, f("sin", x))), ONE)
