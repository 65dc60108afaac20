r"""Unknown functions of vectors: ``f(x)`` where x has components.

A vector argument v becomes one number, ``\\sum_k c_k v_k`` with unknown weights c. Arguments with
equal numbers whatever c is are equal, so f(u) = f(v) is proved only if u = v; and the functions of
such a number are functions of v, so a counterexample stands. Of derivatives that is not so: a
function of ``\\sum_k c_k v_k`` has the derivative ``f' \\sum_k c_k dv_k``, where one of the vector has
``\\sum_k f'_k dv_k``. So unknown functions f'_k of v take the place of ``f' c_k``.
"""

from __future__ import annotations

from gradbook.symbolic import derivative
from gradbook.symbolic.arrays import Array, Arrays
from gradbook.symbolic.derivative import mul
from gradbook.symbolic.expr import Apply, Expr, Indexed, Mul, Node, rebuild, walk
from gradbook.symbolic.shapes import SINGLE, ShapeError


class VectorArguments:
    """The vector arguments of the unknown functions in one equation, and derivatives through them.

    >>> from gradbook.symbolic.expr import ONE, Symbol
    >>> arrays = Arrays(iter("mpq"))
    >>> n, k = arrays.dimensions.fresh(), Symbol("k")
    >>> x = Array((n, "1"), lambda i, _: Indexed("x", (i,)))
    >>> unknown = VectorArguments(arrays)
    >>> value = Apply("f", (unknown.as_number("f", 0, x).at(ONE, ONE),))
    >>> slope = unknown.differentiate(value, Indexed("x", (k,)))
    >>> [node.name for node in walk(slope) if isinstance(node, Apply)]
    ["f'0"]
    """

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        #: The name of the weights by function and place of the argument.
        self._weights: dict[tuple[str, int], str] = {}

    def as_number(self, name: str, place: int, array: Array) -> Array:
        """The argument of a function at a place as a number; a scalar as it is."""
        if array.is_scalar:
            return array
        weight = f"#{name}{place}"
        # The components f_k of a vector value take their index first.
        self._weights[name, place] = self._weights[name + "_{}", place + 1] = weight
        axes = [k for k in (0, 1) if array.shape[k] != SINGLE]
        weights = Array(array.shape, lambda i, j: Indexed(weight, tuple((i, j)[k] for k in axes)))
        return self._arrays.total(lambda parts: mul(*parts), weights, array)

    def differentiate(self, body: Expr, target: Expr, order: int = 1) -> Expr:
        """The derivative of a scalar tree, with the chain rule through vector arguments.

        Raises:
            ShapeError: a second derivative of an unknown function of a vector; nothing would say that
                such derivatives are symmetric.
            NotDifferentiable: as :func:`gradbook.symbolic.derivative.differentiate`.
        """
        if not self._weights:
            return derivative.differentiate(body, target, order)
        self._reject_second(body, target, order)

        def visit(node: Node) -> Node:
            node = rebuild(node, visit)
            match node:
                case Mul((Apply(name, args, orders), inner)) if any(orders):
                    place = orders.index(1)
                    weight = self._weights.get((name, place))
                    return node if weight is None else _partial(inner, weight, _slope_name(name, place), args)
                case _:
                    return node

        result = visit(derivative.differentiate(body, target, order))
        assert isinstance(result, Expr)
        return result

    def _reject_second(self, body: Expr, target: Expr, order: int) -> None:
        functions = {name for name, _ in self._weights}
        slopes = {_slope_name(name, place) for name, place in self._weights}
        for node in walk(body):
            if isinstance(node, Apply) and _mentions(node, target):
                again = order > 1 or any(node.orders)
                if node.name in slopes or (node.name in functions and again):
                    raise ShapeError("a second derivative of an unknown function of a vector")


def _slope_name(name: str, place: int) -> str:
    return f"{name}'{place}"


def _partial(slope: Expr, weight: str, name: str, args: tuple[Expr, ...]) -> Expr:
    """Partial derivatives in the place of weights; weights inside arguments are not meant."""

    def visit(node: Node) -> Node:
        match node:
            case Indexed(base, indices) if base == weight:
                return Apply(name, (*indices, *args))
            case Apply():
                return node
            case _:
                return rebuild(node, visit)

    result = visit(slope)
    assert isinstance(result, Expr)
    return result


def _mentions(node: Node, target: Expr) -> bool:
    """Whether a tree holds the variable, or another component of it."""
    if isinstance(target, Indexed):
        return any(isinstance(n, Indexed) and n.base == target.base for n in walk(node))
    return any(n == target for n in walk(node))
