"""When a claim is about vectors, and which scalar claims it then stands for."""

from __future__ import annotations

from collections.abc import Iterable

from gradbook.document.symbols import Table
from gradbook.symbolic.expr import Expr


def is_tensor(exprs: Iterable[Expr], table: Table) -> bool:
    """Whether any of the trees needs the vector layer."""
    return False


def scalar_equations(left: Expr, right: Expr, table: Table) -> list[tuple[Expr, Expr]]:
    """The readings of a vector equation as scalar ones."""
    return [(left, right)]
