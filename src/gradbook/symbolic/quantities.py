r"""The named vectors and matrices of one equation: what ``x``, ``x_i`` and ``W_{ij}`` stand for.

An index either picks a component (``w_j`` of a vector ``w``) or an item (the sample ``x_i``, the layer's
matrix ``W_1``); which of them, the ranks tell.

>>> arrays = Arrays(iter("mpq"))
>>> quantities = Quantities(arrays, {"w": Rank.VECTOR, "x_{}": Rank.VECTOR})
>>> i, k = Symbol("i"), Symbol("k")
>>> quantities.symbol("w").at(k, ONE)
Indexed(base='w', indices=(Symbol(name='k'),))
>>> quantities.indexed(Indexed("x", (i,))).at(k, ONE)
Indexed(base='x', indices=(Symbol(name='i'), Symbol(name='k')))
>>> quantities.indexed(Indexed("w", (i,))).is_scalar
True
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gradbook.symbolic.arrays import Array, Arrays, kronecker, scalar
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    Div,
    Expr,
    Indexed,
    Node,
    Number,
    Product,
    Sum,
    Symbol,
    children,
    number,
)
from gradbook.symbolic.ranks import IDENTITY, ONES, ZEROS, Rank, is_family, item_name
from gradbook.symbolic.shapes import SINGLE, ShapeError

#: The dimensions of names that the document gives: ``{"X": ("n", "d"), "w": ("d",)}``.
Sizes = Mapping[str, tuple[str, ...]]
_Bounds = tuple[Expr | None, Expr | None]


class Quantities:
    """Arrays by name. Items of one base share their rank, and components of one item their lengths."""

    def __init__(
        self,
        arrays: Arrays,
        ranks: Mapping[str, Rank],
        sizes: Sizes | None = None,
        symmetric: Collection[str] = (),
    ) -> None:
        self._arrays = arrays
        self._dimensions = arrays.dimensions
        self._ranks = ranks
        self._sizes = sizes or {}
        self._symmetric = symmetric
        self._numbered: dict[str, int] = {}

    def rank(self, name: str) -> Rank:
        """The rank of a name, or of the items of a base (``x_{}``)."""
        return self._ranks.get(name, Rank.SCALAR)

    def is_symmetric(self, node: Expr) -> bool:
        """Whether a tree is the name of a matrix that equals its transpose."""
        return isinstance(node, Symbol) and node.name in self._symmetric

    def symbol(self, name: str) -> Array:
        """A name without an index."""
        if (name in ONES or name in ZEROS) and self._ranks.get(name) is not Rank.SCALAR:
            value = ONE if name in ONES else ZERO
            return Array((self._dimensions.fresh(), SINGLE), lambda _i, _j: value)
        if name == IDENTITY and self.rank(name) is Rank.MATRIX:
            size = self._dimensions.fresh()
            return Array((size, size), kronecker)
        return self._named(name, (), self.rank(name))

    def indexed(self, node: Indexed) -> Array:
        """A name with indices: a component, or an item that is a vector or matrix itself."""
        base, indices = node.base, node.indices
        special = self._special(base, indices)
        if special is not None:
            return special
        family = self._families(base)
        rank = self.rank(item_name(base) if family else base)
        components = indices[family:]
        if family and not components:
            return self._named(base, indices, rank)
        if family and len(components) != rank.value:
            raise ShapeError(f"{base} with {len(indices)} indices, where one tells items apart")
        if not family and rank is Rank.MATRIX and len(indices) != 2:
            raise ShapeError(f"the matrix {base} with one index: a row or a column of it?")
        if not family and base in self._symmetric:
            return scalar(_mean_entry(base, *indices))
        return scalar(node)

    def note_ranges(self, node: Node, scope: Mapping[str, _Bounds] | None = None) -> None:
        r"""``\sum_{i=1}^n w_i x_i`` says that the components of w are numbered from 1 to n."""
        scope = scope or {}
        match node:
            case Sum(body, index, lower, upper) | Product(body, index, lower, upper):
                self.note_ranges(body, {**scope, index: (lower, upper)})
                return
            case Indexed(base, indices):
                family = self._families(base)
                rank = self.rank(item_name(base) if family else base)
                for axis, index in enumerate(indices[family:][: rank.value]):
                    name = self._axis(base, indices[:family], axis)
                    match index:
                        case Symbol(letter) if letter in scope:
                            self._dimensions.bound(name, *scope[letter])
                        case Number(value) if value.denominator == 1:
                            self._numbered[name] = max(int(value), self._numbered.get(name, 0))
                        case _:
                            pass
            case _:
                for child in children(node):
                    self.note_ranges(child, scope)

    @property
    def is_numbered(self) -> bool:
        """Whether components are written by number, at least two of one vector: ``x_1`` and ``x_2``."""
        return any(n > 1 for n in self._numbered.values())

    def end_at_numbered(self) -> None:
        """Take the largest number of a component to be how many there are."""
        largest: dict[str, int] = {}
        for name, n in self._numbered.items():
            root = self._dimensions.find(name)
            largest[root] = max(n, largest.get(root, 0))
        for root, n in largest.items():
            if n > 1:
                self._dimensions.bound(root, ONE, number(n))

    def _special(self, base: str, indices: tuple[Expr, ...]) -> Array | None:
        """Identity matrices and vectors of ones with a size (``I_n``), and entries of the identity."""
        if base == IDENTITY and Rank.MATRIX in (self.rank(base), self.rank(item_name(base))):
            if len(indices) == 1:
                size = self._dimensions.fixed(_spelled(indices[0]))
                return Array((size, size), kronecker)
            return scalar(kronecker(*indices))
        if base in ONES and len(indices) == 1:
            return Array((self._dimensions.fixed(_spelled(indices[0])), SINGLE), lambda _i, _j: ONE)
        return None

    def _families(self, base: str) -> int:
        """How many leading indices tell items apart rather than components."""
        return int(is_family(base) or self.rank(item_name(base)) is not Rank.SCALAR)

    def _axis(self, base: str, item: tuple[Expr, ...], axis: int) -> str:
        """The dimension of a named vector or matrix along an axis."""
        known = self._sizes.get(item_name(base) if item else base)
        if known is not None and axis < len(known):
            return self._dimensions.fixed(known[axis])
        return self._dimensions.fresh(f"{base}{[repr(i) for i in item]}.{axis}")

    def _named(self, base: str, item: tuple[Expr, ...], rank: Rank) -> Array:
        if rank is Rank.SCALAR:
            return scalar(Indexed(base, item) if item else Symbol(base))
        rows = self._axis(base, item, 0)
        if rank is Rank.VECTOR:
            return Array((rows, SINGLE), lambda i, _: Indexed(base, (*item, i)))
        shape = (rows, self._axis(base, item, 1))
        if base in self._symmetric and not item:
            self._arrays.square(shape, "a symmetric matrix")
            return Array(shape, lambda i, j: _mean_entry(base, i, j))
        return Array(shape, lambda i, j: Indexed(base, (*item, i, j)))


def _mean_entry(base: str, i: Expr, j: Expr) -> Expr:
    """An entry of a symmetric matrix as the mean of the two that are equal: any order of indices gives it."""
    there, back = Indexed(base, (i, j)), Indexed(base, (j, i))
    return there if there == back else Div(Add((there, back)), TWO)


def _spelled(index: Expr) -> str:
    match index:
        case Symbol(name):
            return name
        case Number(value):
            return str(value)
        case _:
            raise ShapeError("a size that is neither a name nor a number")
