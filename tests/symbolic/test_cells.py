"""Empty cells: contradictions are found, and nothing else is called empty."""

from __future__ import annotations

import pytest

from gradbook.symbolic.cells import Constraints
from gradbook.symbolic.generators import PolyKey

# Two unknowns, x and y, by the ids of their generators.
X: PolyKey = ((((0, 1),), 1),)
Y: PolyKey = ((((1, 1),), 1),)
X_MINUS_1: PolyKey = (((), -1), (((0, 1),), 1))
X_MINUS_Y: PolyKey = ((((0, 1),), 1), (((1, 1),), -1))


@pytest.mark.parametrize(
    ("rows", "empty"),
    [
        ([], False),
        ([(X, 1)], False),
        ([(X, 1), (X, -1)], True),
        ([(X, -1), (X_MINUS_1, 1)], True),
        ([(X, 1), (X_MINUS_1, -1)], False),
        ([(X_MINUS_Y, 1), (Y, 1), (X, -1)], True),
        ([(X_MINUS_Y, -1), (Y, 1), (X, -1)], False),
    ],
)
def test_a_cell_is_empty_exactly_if_its_inequalities_contradict(
    rows: list[tuple[PolyKey, int]], empty: bool
) -> None:
    constraints = Constraints()
    for poly, sign in rows:
        constraints.add(poly, sign)
    assert constraints.empty() is empty
