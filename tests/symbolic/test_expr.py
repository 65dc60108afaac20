"""Trees: equality, substitution, walking."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Cases,
    Derivative,
    Expr,
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
    children,
    free_names,
    free_symbols,
    kinds,
    number,
    rebuild,
    substitute,
    tree_size,
    walk,
)

x, y, i, j = (Symbol(name) for name in "x y i j".split())
x_i, x_j = Indexed("x", (i,)), Indexed("x", (j,))


def test_trees_are_equal_by_structure_and_keep_what_was_written() -> None:
    assert Add((x, y)) == Add((x, y))
    assert hash(Add((x, y))) == hash(Add((x, y)))
    assert Add((x, y)) != Add((y, x))
    assert Add((x,)) != Mul((x,))


def test_spelling_does_not_count() -> None:
    assert number("0.50") == number("0.5") == Number(Fraction(1, 2))
    assert Derivative(x, x, 1, "d") == Derivative(x, x, 1, "partial")


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [("2", 2, None), ("0.50", Fraction(1, 2), 2), ("1e-3", Fraction(1, 1000), 3), ("2.5e3", 2500, 0)],
)
def test_numbers_are_exact_and_know_their_decimals(text: str, value: Fraction, decimals: int | None) -> None:
    assert number(text).value == value
    assert number(text).decimals == decimals


def test_nodes_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        x.name = "y"  # type: ignore[misc]


def test_conditions_of_cases_are_children() -> None:
    condition = Relation(x, Op.GT, ONE)
    otherwise = Otherwise()
    assert children(Cases(((y, condition), (TWO, otherwise)))) == (y, condition, TWO, otherwise)


def test_walking_visits_parents_first_and_repeats_shared_trees() -> None:
    square = Pow(x, TWO)
    assert list(walk(Add((square, square)))) == [Add((square, square)), square, x, TWO, square, x, TWO]
    assert tree_size(Add((square, square))) == 7


def test_rebuilding_without_a_change_gives_the_same_object() -> None:
    tree = Add((x, Mul((y, TWO))))
    assert rebuild(tree, lambda node: node) is tree
    assert rebuild(tree, lambda node: y if node == x else node) == Add((y, Mul((y, TWO))))


def test_bound_indices_are_not_free() -> None:
    assert free_symbols(Sum(Mul((x_i, y)), "i", ONE, j)) == {x_i, y, j}
    assert free_names(Sum(x_i, "i")) == set()
    assert free_names(Add((Sum(x_i, "i"), i))) == {"i"}


@pytest.mark.parametrize("binder", [Sum, Product])
def test_substitution_spares_bound_indices(binder: type[Sum | Product]) -> None:
    tree = Add((binder(Mul((x_i, y)), "i"), i))
    assert substitute(tree, {i: TWO}) == Add((binder(Mul((x_i, y)), "i"), TWO))


@pytest.mark.parametrize("binder", [Sum, Product])
def test_substitution_does_not_capture(binder: type[Sum | Product]) -> None:
    replaced = substitute(binder(Mul((x_i, y)), "i"), {y: x_i})
    assert replaced.index != "i"
    assert free_symbols(replaced) >= {x_i}
    assert replaced.body == Mul((Indexed("x", (Symbol(replaced.index),)), x_i))


def test_bounds_of_a_sum_lie_outside_its_index() -> None:
    assert substitute(Sum(x_i, "i", ONE, i), {i: TWO}) == Sum(x_i, "i", ONE, TWO)


def test_whole_subtrees_are_replaced_once() -> None:
    tree: Expr = Add((Pow(x, TWO), x))
    assert substitute(tree, {Pow(x, TWO): x, x: Neg(x)}) == Add((x, Neg(x)))


def test_kinds_are_those_of_all_subtrees_conditions_included() -> None:
    tree = Cases(((Neg(x), Relation(x, Op.GT, ONE)), (TWO, Otherwise())))
    assert kinds(tree) == {Cases, Neg, Symbol, Relation, Number, Otherwise}


def test_a_tree_sent_to_another_process_takes_nothing_along_that_holds_only_here() -> None:
    tree = Mul((Symbol("x"), Pow(Symbol("y"), TWO)))
    fresh = pickle.dumps(tree)
    assert (hash(tree), len(walk(tree)), len(kinds(tree)), tree_size(tree)) == (hash(tree), 5, 4, 5)
    assert pickle.dumps(tree) == fresh
    assert pickle.loads(fresh) == tree
