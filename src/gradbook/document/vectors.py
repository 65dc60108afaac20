"""When a claim is about vectors, and which scalar claims it then stands for."""

from __future__ import annotations

from collections.abc import Iterable

from gradbook.document.symbols import Table
from gradbook.symbolic.components import Equation, ShapeError, component_form, componentwise
from gradbook.symbolic.expr import ONE, Derivative, Expr, Func, Mul, Node, rebuild
from gradbook.symbolic.ranks import Rank, is_capital, needs_components


def ranks(table: Table) -> dict[str, Rank]:
    """What the document says of vectors and matrices: declared, or set in bold."""
    found: dict[str, Rank] = {}
    for name in table.names.bold:
        letter = name.removeprefix("\\mathbf{").removesuffix("}") if name.startswith("\\mathbf{") else name
        found[name] = Rank.MATRIX if is_capital(letter) else Rank.VECTOR
    for group, rank in (
        (table.vectors, Rank.VECTOR),
        (table.matrices, Rank.MATRIX),
        (table.scalars, Rank.SCALAR),
    ):
        for name in group:
            found[name] = rank
    return found


def is_tensor(exprs: Iterable[Expr], table: Table) -> bool:
    """Whether any of the trees needs the vector layer."""
    return needs_components(exprs, ranks(table))


def scalar_equations(left: Expr, right: Expr, table: Table) -> tuple[Equation, ...]:
    """The readings of a vector equation as scalar ones.

    Raises:
        ShapeError: the shapes fit in no reading.
    """
    return componentwise(left, right, ranks(table), symmetric=table.symmetric)


def component_of(whole: Expr, index: Expr, table: Table) -> Expr | None:
    """The component of what is defined as a vector: ``p_i`` of ``p = softmax(z)``; None if it is no vector."""
    if not is_tensor((whole,), table):
        return None
    try:
        return component_form(whole, index, ranks(table), symmetric=table.symmetric)
    except ShapeError:
        return None


def in_one_dimension(expr: Expr) -> Expr:
    """The tree with all vectors taken to have one component, where every shape fits.

    >>> from gradbook.symbolic.expr import Symbol
    >>> x = Symbol("x")
    >>> in_one_dimension(Func("norm", (Func("transpose", (x,)),)))
    Func(name='abs', args=(Symbol(name='x'),))
    """

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        match node:
            case Func("transpose" | "diag" | "trace", (arg,)):
                return arg
            case Func("norm" | "norm1", (arg,)):
                return Func("abs", (arg,))
            case Func("dot" | "hadamard", (a, b)):
                return Mul((a, b))
            case Func("softmax", (_,)):
                return ONE
            case Derivative(body, wrt, order, _):
                return Derivative(body, wrt, order)
            case _:
                return node

    result = visit(expr)
    assert isinstance(result, Expr)
    return result
