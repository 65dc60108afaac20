r"""Vectors and matrices by their components: a shape and a function from indices to a scalar tree.

Products contract an index by a sum whose range is left open, since it is the length of a vector.

>>> from gradbook.symbolic.expr import Indexed, Symbol
>>> arrays = Arrays(iter("mpq"))
>>> n = arrays.dimensions.fresh()
>>> x = Array((n, "1"), lambda i, _: Indexed("x", (i,)))
>>> square = arrays.times(x.transposed, x)
>>> square.is_scalar, square.at(ONE, ONE).index
(True, 'm')
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gradbook.symbolic.derivative import mul
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Delta,
    Div,
    Expr,
    Func,
    Mul,
    Node,
    Number,
    Pow,
    Sum,
    Symbol,
    free_names,
    rebuild,
    substitute,
)
from gradbook.symbolic.shapes import SCALAR_SHAPE, SINGLE, Dimensions, Shape, ShapeError

#: Components of several arrays at one place to the component of the result there.
Combine = Callable[[Sequence[Expr]], Expr]


class Array:
    """A scalar, vector or matrix. Each component is worked out once."""

    __slots__ = ("_component", "_memo", "shape")

    def __init__(self, shape: Shape, component: Callable[[Expr, Expr], Expr]) -> None:
        self.shape = shape
        self._component = component
        self._memo: dict[tuple[Expr, Expr], Expr] = {}

    def at(self, row: Expr, column: Expr) -> Expr:
        """The component in a row and column; an index along a dimension of length one is ignored."""
        place = (row if self.shape[0] != SINGLE else ONE, column if self.shape[1] != SINGLE else ONE)
        found = self._memo.get(place)
        if found is None:
            found = self._memo[place] = self._component(*place)
        return found

    def along(self, index: Expr) -> Expr:
        """The component of a vector, whether it stands or lies."""
        return self.at(index, ONE) if self.shape[1] == SINGLE else self.at(ONE, index)

    @property
    def value(self) -> Expr:
        """The tree of a scalar."""
        return self.at(ONE, ONE)

    @property
    def transposed(self) -> Array:
        """Rows for columns."""
        return Array((self.shape[1], self.shape[0]), lambda i, j: self.at(j, i))

    @property
    def is_scalar(self) -> bool:
        """One by one."""
        return self.shape == SCALAR_SHAPE

    @property
    def is_vector(self) -> bool:
        """A column or a row."""
        return (self.shape[0] == SINGLE) != (self.shape[1] == SINGLE)

    @property
    def is_column(self) -> bool:
        """A vector that stands."""
        return self.is_vector and self.shape[1] == SINGLE

    @property
    def is_matrix(self) -> bool:
        """Neither dimension is one."""
        return SINGLE not in self.shape

    @property
    def length(self) -> str:
        """The dimension of a vector."""
        return self.shape[0] if self.shape[1] == SINGLE else self.shape[1]


def scalar(expr: Expr) -> Array:
    """A scalar tree as an array."""
    return Array(SCALAR_SHAPE, lambda _i, _j: expr)


def contracted(expr: Expr) -> Expr:
    """The tree with each sum of a product with Kronecker's delta taken out.

    The other index of the delta lies in the range of the sum, since both number the components of one
    vector; a range that is part of that, such as 1 to n - 1, is left alone.

    >>> m, k = Symbol("m"), Symbol("k")
    >>> from gradbook.symbolic.expr import Indexed
    >>> contracted(Sum(Mul((Indexed("x", (m,)), Delta(m, k))), "m"))
    Indexed(base='x', indices=(Symbol(name='k'),))
    """
    memo: dict[Node, Node] = {}

    def visit(node: Node) -> Node:
        done = memo.get(node)
        if done is None:
            done = rebuild(node, visit)
            if isinstance(done, Sum) and _is_whole(done):
                done = _without_delta(done)
            memo[node] = done
        return done

    result = visit(expr)
    assert isinstance(result, Expr)
    return result


def _is_whole(node: Sum) -> bool:
    begins = node.lower is None or node.lower == ONE
    return begins and (node.upper is None or isinstance(node.upper, Symbol)) and node.excluded is None


def _without_delta(node: Sum) -> Expr:
    index = Symbol(node.index)
    factors = node.body.factors if isinstance(node.body, Mul) else (node.body,)
    for k, factor in enumerate(factors):
        if isinstance(factor, Delta) and index in (factor.left, factor.right):
            other = factor.right if factor.left == index else factor.left
            rest = mul(*factors[:k], *factors[k + 1 :])
            result: Expr = substitute(rest, {index: other})
            return contracted(result)
    return node


def kronecker(i: Expr, j: Expr) -> Expr:
    """Kronecker's delta, known if the indices are.

    >>> kronecker(Symbol("k"), Symbol("k"))
    Number(value=Fraction(1, 1), decimals=None)
    """
    if i == j:
        return ONE
    if isinstance(i, Number) and isinstance(j, Number):
        return ZERO
    return Delta(i, j)


class Arrays:
    """The operations on the arrays of one equation, with the dimensions that they unify.

    Shapes are unified while arrays are made; components may be asked for only after that, because
    the range of a sum is a dimension's.
    """

    def __init__(self, letters: Iterator[str]) -> None:
        self.dimensions = Dimensions()
        self._letters = letters
        self._names: list[str] = []

    def misfit(self, message: str, *arrays: Array) -> ShapeError:
        """The error with the shapes of the arrays in the places of the message."""
        return ShapeError(message.format(*(self.dimensions.describe(a.shape) for a in arrays)))

    def same(self, a: Array, b: Array, message: str) -> None:
        """Make two shapes the same."""
        described = [self.dimensions.describe(x.shape) for x in (a, b)]
        alike = all((x == SINGLE) == (y == SINGLE) for x, y in zip(a.shape, b.shape, strict=True))
        if not alike or not all(self.dimensions.unify(x, y) for x, y in zip(a.shape, b.shape, strict=True)):
            raise ShapeError(message.format(*described))

    def square(self, shape: Shape, what: str) -> str:
        """Make the two dimensions of a matrix the same."""
        if not self.dimensions.unify(*shape):
            raise ShapeError(f"{what}, which has to be square: {self.dimensions.describe(shape)}")
        return shape[0]

    def contract(self, dimension: str, term: Callable[[Expr], Expr], *outer: Expr) -> Expr:
        """The sum of ``term`` over a dimension; the indices in ``outer`` are in use inside it."""
        avoid = {name for index in outer for name in free_names(index)}
        name = next(n for n in self._bound_names() if n not in avoid)
        inside = term(Symbol(name))
        return inside if inside == ZERO else Sum(inside, name, *self.dimensions.bounds(dimension))

    def _bound_names(self) -> Iterator[str]:
        # Few names, used again: equal subtrees then have equal components.
        yield from self._names
        while True:
            self._names.append(next(self._letters))
            yield self._names[-1]

    def by_component(self, combine: Combine, *arrays: Array, message: str = "{0} beside {1}") -> Array:
        """The arrays combined component by component; a scalar goes with every component."""
        larger = [a for a in arrays if not a.is_scalar]
        for array in larger[1:]:
            self.same(larger[0], array, message)
        shape = larger[0].shape if larger else SCALAR_SHAPE
        return Array(shape, lambda i, j: combine([a.at(i, j) for a in arrays]))

    def times(self, a: Array, b: Array) -> Array:
        """The matrix product, or a multiple if one of the two is a scalar."""
        if a.is_scalar or b.is_scalar:
            return self.by_component(lambda parts: mul(*parts), a, b)
        inner = a.shape[1]
        if not self.dimensions.unify(inner, b.shape[0]):
            raise self.misfit("{0} times {1}", a, b)
        shape = (a.shape[0], b.shape[1])
        if inner == SINGLE:
            return Array(shape, lambda i, j: mul(a.at(i, ONE), b.at(ONE, j)))
        return Array(shape, lambda i, j: self.contract(inner, lambda m: mul(a.at(i, m), b.at(m, j)), i, j))

    def power(self, base: Array, exponent: Expr) -> Array:
        """A power of each component of a vector, a small whole power of a square matrix."""
        if not base.is_matrix:
            return self.by_component(lambda parts: Pow(parts[0], exponent), base)
        if not (isinstance(exponent, Number) and exponent.value in (2, 3, 4)):
            raise ShapeError("a power of a matrix that is not a product of a few of it, such as an inverse")
        self.square(base.shape, "a power of a matrix")
        result = base
        for _ in range(int(exponent.value) - 1):
            result = self.times(result, base)
        return result

    def total(self, term: Combine, *arrays: Array) -> Array:
        """The sum of ``term`` over all components: inner products and norms."""
        each = self.by_component(term, *arrays, message="the inner product of {0} and {1}")
        if each.is_scalar:
            return each
        if each.is_vector:
            return Array(SCALAR_SHAPE, lambda _i, _j: self.contract(each.length, each.along))
        rows, columns = each.shape
        return Array(
            SCALAR_SHAPE,
            lambda _i, _j: self.contract(rows, lambda p: self.contract(columns, lambda q: each.at(p, q), p)),
        )

    def squares(self, array: Array) -> Array:
        r"""\|x\|^2, of a matrix Frobenius's."""
        return self.total(lambda parts: Pow(parts[0], TWO), array)

    def norm(self, array: Array) -> Array:
        r"""\|x\|."""
        squares = self.squares(array)
        return Array(SCALAR_SHAPE, lambda _i, _j: Pow(squares.value, HALF))

    def diagonal(self, array: Array) -> Array:
        """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
        if array.is_matrix:
            size = self.square(array.shape, "the diagonal of a matrix")
            return Array((size, SINGLE), lambda i, _: array.at(i, i))
        if array.is_scalar:
            raise self.misfit("diag of {0}", array)
        return Array((array.length, array.length), lambda i, j: mul(kronecker(i, j), array.along(i)))

    def trace(self, array: Array) -> Array:
        """The sum of the diagonal."""
        if array.is_vector:
            raise self.misfit("the trace of {0}", array)
        if array.is_scalar:
            return array
        size = self.square(array.shape, "the trace of a matrix")
        return Array(SCALAR_SHAPE, lambda _i, _j: self.contract(size, lambda m: array.at(m, m)))

    def softmax(self, array: Array) -> Array:
        """Each exp(z_k) over the sum of all exp(z_j)."""
        if not array.is_vector:
            raise self.misfit("softmax of {0}", array)
        total = self.total(lambda parts: Func("exp", (parts[0],)), array)
        return self.by_component(lambda parts: Div(Func("exp", (parts[0],)), parts[1]), array, total)
