"""Shapes of vectors and matrices, and which lengths have to be the same.

A shape is a pair of names of dimensions, rows first: a column is ``("n", "1")``, a row ``("1", "n")``.
Two dimensions that an operation needs to be equal are unified, so that what does not fit is found:

>>> d = Dimensions()
>>> rows, columns, length = d.fixed("n"), d.fixed("d"), d.fixed("n")
>>> d.unify(columns, length)
False
>>> d.describe((rows, columns)), d.describe((length, "1"))
('a matrix of shape n×d', 'a vector of length n')
"""

from __future__ import annotations

from gradbook.symbolic.expr import ONE, Expr, Symbol

#: Names of the two dimensions: rows, columns.
Shape = tuple[str, str]
#: The name of the dimension of length one.
SINGLE = "1"
SCALAR_SHAPE: Shape = (SINGLE, SINGLE)

#: Letters that lengths without a name are called by in messages.
_LETTERS = "ndmpqrs"


class ShapeError(ValueError):
    """Shapes that do not fit, or a vector operation without a form by components; the message names it."""


class Dimensions:
    """The lengths in one equation, with what is known to be equal (union-find).

    >>> d = Dimensions()
    >>> a, b = d.fresh(), d.fresh()
    >>> d.unify(a, b), d.find(a) == d.find(b)
    (True, True)
    >>> d.unify(a, "1")
    False
    """

    def __init__(self) -> None:
        self._parent: dict[str, str] = {SINGLE: SINGLE}
        self._fixed: set[str] = {SINGLE}
        self._count = 0
        self._letters: dict[str, str] = {}
        self._bounds: dict[str, tuple[Expr | None, Expr | None]] = {}
        self._torn: set[str] = set()

    def fresh(self, name: str | None = None) -> str:
        """A dimension of its own, or the one that already has the name."""
        if name is None:
            self._count += 1
            name = f"#{self._count}"
        self._parent.setdefault(name, name)
        return name

    def fixed(self, size: str) -> str:
        """The dimension whose length the document names, such as ``n``; two of them never unify."""
        self._parent.setdefault(size, size)
        self._fixed.add(size)
        if not size.isdigit():
            self._bounds[size] = (ONE, Symbol(size))
        return size

    def find(self, name: str) -> str:
        """The representative of a dimension."""
        parent = self._parent
        while parent[name] != name:
            # Each step halves the path, so long sums stay fast.
            parent[name] = name = parent[parent[name]]
        return name

    def unify(self, left: str, right: str) -> bool:
        """Make two dimensions the same; False if they cannot be.

        A length that is not known is not one: a vector that happens to have one component would hide
        a missing transpose.
        """
        a, b = self.find(left), self.find(right)
        if a == b:
            return True
        if a in self._fixed and b in self._fixed:
            return False
        if SINGLE in (a, b):
            return False
        if a in self._fixed:
            a, b = b, a
        self._parent[a] = b
        if a in self._bounds:
            self.bound(b, *self._bounds[a])
        if a in self._torn:
            self._torn.add(b)
        return True

    def bound(self, name: str, lower: Expr | None, upper: Expr | None) -> None:
        """Note that a sum of the document over a dimension has bounds.

        Bounds that contradict each other are dropped: the range is then left open, which may cost a
        proof but never makes one.
        """
        root = self.find(name)
        if root in self._fixed:
            return
        known = self._bounds.setdefault(root, (lower, upper))
        if known != (lower, upper):
            self._torn.add(root)

    def bounds(self, name: str) -> tuple[Expr | None, Expr | None]:
        """The bounds of sums over a dimension; None and None where nothing is known."""
        root = self.find(name)
        if root in self._torn and root not in self._fixed:
            return None, None
        return self._bounds.get(root, (None, None))

    def is_scalar(self, shape: Shape) -> bool:
        """Whether a shape is one by one."""
        return shape == SCALAR_SHAPE

    def letter(self, name: str) -> str:
        """What a dimension is called in messages."""
        root = self.find(name)
        if root in self._fixed:
            return root
        known = self._letters.get(root)
        if known is None:
            taken = {*self._letters.values(), *self._fixed}
            free = (c for c in (*_LETTERS, *(f"n{k}" for k in range(1, 100))) if c not in taken)
            known = self._letters[root] = next(free, "…")
        return known

    def describe(self, shape: Shape) -> str:
        """A shape in words."""
        rows, columns = shape
        if shape == SCALAR_SHAPE:
            return "a scalar"
        if columns == SINGLE:
            return f"a vector of length {self.letter(rows)}"
        if rows == SINGLE:
            return f"a row of length {self.letter(columns)}"
        return f"a matrix of shape {self.letter(rows)}×{self.letter(columns)}"
