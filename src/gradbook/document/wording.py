"""Trees back in the writer's own notation, for evidence that a person reads.

Resolving gives unknown functions what they depend on as further arguments and families their index
as a first one; here both go back to where the document writes them.
"""

from __future__ import annotations

from gradbook.document.symbols import Table, bare
from gradbook.symbolic.expr import Apply, Derivative, Expr, Indexed, Node, Number, Symbol, kinds, rebuild


def as_written(expr: Expr, table: Table) -> Expr:
    r"""The tree with ``p_\theta(x_i)`` for an unknown function of x_i and θ, and ``y_i`` for a member of a family.

    >>> from gradbook.symbolic.expr import number
    >>> table = Table(depends={"p": {Symbol("w")}})
    >>> as_written(Apply("p", (Symbol("x"), Symbol("w"))), table)
    Apply(name='p', args=(Symbol(name='x'),), orders=())
    """
    if Apply not in kinds(expr):
        return expr

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        return _application(node, table) if isinstance(node, Apply) else node

    result = visit(expr)
    assert isinstance(result, Expr)
    return result


def _application(node: Apply, table: Table) -> Expr:
    if not node.args:
        return node
    hidden = tuple(sorted(table.depends.get(node.name, ()), key=repr))
    usual = table.usual_arguments.get(node.name, ())
    hidden = tuple(h for h in hidden if h not in usual)
    count = len(node.args) - len(hidden)
    if count < 0 or (hidden and count < 1 and node.args != hidden):
        count, hidden = len(node.args), ()
    args, orders = node.args[:count], node.orders or (0,) * len(node.args)
    own: Expr = _member(node.name, args, orders[:count]) if args else Symbol(node.name)
    for variable, order in zip(hidden, orders[count:], strict=True):
        if order:
            own = Derivative(own, variable, order, "partial")
    return own


def _member(name: str, args: tuple[Expr, ...], orders: tuple[int, ...]) -> Expr:
    if not name.endswith("_{}"):
        return Apply(name, args, orders if any(orders) else ())
    index, rest = args[0], args[1:]
    base = bare(name)
    if not rest:
        return Indexed(base, (index,))
    label = (
        index.name if isinstance(index, Symbol) else str(index.value) if isinstance(index, Number) else None
    )
    if label is None:
        return Apply(name, args, orders)
    return Apply(f"{base}_{{{label}}}", rest, orders[1:] if any(orders) else ())
