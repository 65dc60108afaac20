"""Points to try: inside their bounds, reproducible, and near what matters."""

from __future__ import annotations

from fractions import Fraction

from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Cases,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Op,
    Otherwise,
    Relation,
    Sum,
    Symbol,
    number,
)
from gradbook.symbolic.sampling import Sampler

x, y, i, n, m = (Symbol(name) for name in "x y i n m".split())
TRIALS = range(100)


def values(atom: Expr, domain: Domain, *trees: Expr) -> list[Fraction]:
    sampler = Sampler(domain, trees or (atom,))
    return [sampler.point(trial).value(atom) for trial in TRIALS]


def test_values_lie_inside_their_bounds_and_repeat() -> None:
    domain = Domain((Relation(x, Op.GT, ONE), Relation(x, Op.LT, number(3))))
    drawn = values(x, domain)
    assert all(1 < v < 3 for v in drawn)
    assert drawn == values(x, domain)
    assert len(set(drawn)) > 20


def test_a_closed_end_is_tried_for_integers() -> None:
    natural = Domain((Relation(n, Op.GE, ZERO), Relation(n, Op.LE, number(3))), frozenset({"n"}))
    assert set(values(n, natural)) == {0, 1, 2, 3}
    positive = Domain((Relation(n, Op.GT, ZERO), Relation(n, Op.LT, number(3))), frozenset({"n"}))
    assert set(values(n, positive)) == {1, 2}


def test_integers_are_tried_where_conditions_compare_them() -> None:
    special = Cases(((ONE, Relation(n, Op.EQ, number(-7))), (ZERO, Otherwise())))
    assert -7 in values(n, Domain(integers=frozenset({"n"})), special)


def test_both_sides_of_a_kink_are_tried() -> None:
    far = Func("relu", (Add((Mul((number("0.01"), x)), Neg(number(10)))),))
    drawn = values(x, Domain(), far)
    assert any(v > 1_000 for v in drawn)
    assert any(v < 1_000 for v in drawn)


def test_choices_are_kept() -> None:
    assert set(values(y, Domain(choices=(("y", (Fraction(-1), Fraction(1))),)))) == {-1, 1}


def test_components_of_a_simplex_add_up_to_one() -> None:
    components = [Indexed("p", (number(k),)) for k in (1, 2, 3)]
    for choices in ((), (("p", (Fraction(0), Fraction(1))),)):
        sampler = Sampler(Domain(choices=choices, simplex=frozenset({"p"})), tuple(components))
        for trial in TRIALS:
            point = sampler.point(trial)
            drawn = [point.value(c) for c in components]
            assert sum(drawn) == 1
            assert all(v >= 0 for v in drawn)


def test_two_numbers_of_terms_differ_at_times() -> None:
    double = Sum(Sum(Indexed("x", (i,)), "j", ONE, m), "i", ONE, n)
    sampler = Sampler(Domain(), (double,))
    points = [sampler.point(trial) for trial in TRIALS]
    assert any(p.value(n) != p.value(m) for p in points)
    assert any(p.value(n) == p.value(m) for p in points)
    assert all(1 <= p.value(i) <= min(p.value(n), p.value(m)) for p in points)
