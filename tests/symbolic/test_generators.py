"""Generators: interned keys, their bound indices, renaming."""

from __future__ import annotations

from gradbook.symbolic.expr import HALF, Symbol
from gradbook.symbolic.generators import ONE_KEY, Generators, PolyKey


def symbol(table: Generators, name: str, *, bound: bool = False) -> int:
    gid = table.intern(("sym", Symbol(name)))
    if bound:
        table.bound_ids.add(gid)
    return gid


def test_equal_keys_are_one_generator() -> None:
    table = Generators()
    assert symbol(table, "x") == symbol(table, "x") != symbol(table, "y")


def test_a_sum_hides_its_own_index_but_not_those_in_its_range() -> None:
    table = Generators()
    i, j = (symbol(table, name, bound=True) for name in ("#1", "#2"))
    component = table.intern(("comp", "x", (i, j)))
    assert table.depends(component) == {i, j}
    up_to_j: PolyKey = ((((j, 1),), 1),)
    whole = table.intern(("sum", ((i, ()),), ((table.intern(("comp", "x", (i,))), 1),), ONE_KEY))
    part = table.intern(("sum", ((i, ((ONE_KEY, ONE_KEY), (up_to_j, ONE_KEY))),), ((i, 1),), ONE_KEY))
    assert table.depends(whole) == set()
    assert table.depends(part) == {j}


def test_renaming_reaches_ranges_and_nested_keys() -> None:
    table = Generators()
    i, j, k = (symbol(table, name, bound=True) for name in ("#1", "#2", "#3"))
    component = table.intern(("comp", "x", (i, j)))
    power = table.intern(("exp", ((component, 2),), ONE_KEY, HALF.value))
    assert table.depends(table.rename(power, {j: k})) == {i, k}
    up_to_j: PolyKey = ((((j, 1),), 1),)
    inner = table.intern(
        ("sum", ((i, ((ONE_KEY, ONE_KEY), (up_to_j, ONE_KEY))),), ((component, 1),), ONE_KEY)
    )
    assert table.depends(table.rename(inner, {j: k})) == {k}
    assert table.rename(inner, {i: k}) == inner


def test_renaming_merges_powers_and_drops_what_cancels() -> None:
    table = Generators()
    i, j = (symbol(table, name, bound=True) for name in ("#1", "#2"))
    x_i, x_j = (table.intern(("comp", "x", (index,))) for index in (i, j))
    assert table.rename_monomial(((x_i, 1), (x_j, 2)), {j: i}) == ((x_i, 3),)
    difference: PolyKey = ((((x_i, 1),), 1), (((x_j, 1),), -1))
    assert table.rename_poly(difference, {j: i}) == ()


def test_parts_of_a_key() -> None:
    table = Generators()
    x, y = symbol(table, "x"), symbol(table, "y")
    assert table.parts(("exp", ((x, 1),), ((((y, 1),), 1),), HALF.value)) == [x, y]
    assert table.parts(("sym", Symbol("x"))) == []
