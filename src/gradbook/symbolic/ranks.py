r"""Which names of an equation are vectors and matrices, as far as declarations and use tell.

A name that nothing says anything about is a scalar. An item with an index is either a component of
a vector (``y_i``) or a vector of its own (the sample ``x_i`` in ``w^T x_i``); the rank of such items is
kept under the name with ``_{}``. Names whose index is raised (``x^{(i)}``) are such families already.

>>> from gradbook.symbolic.expr import Func, Indexed, Mul, Symbol
>>> w, x_i = Symbol("w"), Indexed("x", (Symbol("i"),))
>>> found = infer_ranks((Mul((Func("transpose", (w,)), x_i)),), {})
>>> sorted((name, rank.name) for name, rank in found.items())
[('w', 'VECTOR'), ('x_{}', 'VECTOR')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from gradbook.symbolic.expr import (
    FUNCTIONS,
    Add,
    Apply,
    At,
    Cases,
    Condition,
    Constant,
    Delta,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    walk,
)


class Rank(Enum):
    """How many indices a quantity has; a vector is a column."""

    SCALAR = 0
    VECTOR = 1
    MATRIX = 2


#: Vectors of ones and zeros, of whatever length fits.
ONES = frozenset({r"\mathbf{1}", r"\mathbb{1}"})
ZEROS = frozenset({r"\mathbf{0}"})
#: The identity matrix, where it is used as a matrix.
IDENTITY = "I"

#: Functions that have no meaning by components.
ARRAY_FUNCTIONS = frozenset({"norm", "norm1", "transpose", "dot", "hadamard", "diag", "trace", "softmax"})

_CAPITAL = re.compile(
    r"(?:[A-Z]|\\(?:Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega))(?:\^\{[^{}]*\}|_\{[^{}]*\})*"
)
_ACCENT = re.compile(r"\\(?:hat|bar|tilde|check|breve|acute|grave|mathring|ddot)\{(.*?)\}(.*)")


def is_capital(name: str) -> bool:
    r"""Whether a name is one capital letter, which usage keeps for matrices; accents and labels apart.

    >>> [is_capital(n) for n in ("W^{(2)}", r"\hat{Y}", r"\Sigma", "w", r"\theta", "net")]
    [True, True, True, False, False, False]
    """
    accent = _ACCENT.fullmatch(name)
    if accent:
        name = accent[1] + accent[2]
    return _CAPITAL.fullmatch(name) is not None


def is_family(base: str) -> bool:
    """Whether the first index of a base tells items apart because it was written raised: ``x^{(i)}``."""
    return base.endswith(("^{()}", "^{[]}"))


def item_name(base: str) -> str:
    """The name under which the rank of the items of a base is kept.

    >>> item_name("x"), item_name("W^{[]}")
    ('x_{}', 'W^{[]}')
    """
    return base if is_family(base) else base + "_{}"


def needs_components(exprs: Iterable[Node], declared: Mapping[str, Rank]) -> bool:
    """Whether any vector operation, or a name that is declared a vector or a matrix, occurs.

    >>> needs_components((Symbol("x"),), {}), needs_components((Symbol("x"),), {"x": Rank.VECTOR})
    (False, True)
    """
    for expr in exprs:
        for node in walk(expr):
            match node:
                case Func(name, _) if name in ARRAY_FUNCTIONS:
                    return True
                case Derivative(variant="nabla"):
                    return True
                case Derivative(body, Symbol(name)) if _by_components(body, name):
                    return True
                case Symbol(name) if (
                    name in ONES or name in ZEROS or declared.get(name, _SCALAR) is not _SCALAR
                ):
                    return True
                case Indexed(base, _) if declared.get(item_name(base), _SCALAR) is not _SCALAR:
                    return True
                case Apply(name, _, _) if declared.get(name, _SCALAR) is not _SCALAR:
                    return True
                case _:
                    pass
    return False


_SCALAR = Rank.SCALAR


def _by_components(body: Expr, name: str) -> bool:
    """Whether a body holds a name only by its components with one index, as ``\\sum_i w_i x_i`` does w."""
    nodes = [n for n in walk(body) if isinstance(n, Indexed) and n.base == name]
    return bool(nodes) and all(len(n.indices) == 1 for n in nodes) and Symbol(name) not in set(walk(body))


def infer_ranks(exprs: tuple[Expr, ...], declared: Mapping[str, Rank]) -> dict[str, Rank]:
    r"""The ranks of names: declared ones, and what use adds; ``exprs`` are the sides of one equation.

    Names that are not in the result are scalars.

    >>> from gradbook.symbolic.expr import Func, Mul, Symbol
    >>> product = Mul((Symbol("X"), Symbol("w")))
    >>> found = infer_ranks((Func("norm", (product,)),), {})
    >>> found == {"X": Rank.MATRIX, "w": Rank.VECTOR}
    True
    """
    inference = _Inference(declared)
    inference.spelled(exprs)
    for _ in range(24):
        before = len(inference.ranks)
        for expr in exprs:
            inference.visit(expr)
        if len(inference.ranks) > before:
            continue
        # What the other side is counts only once the inside of each side has had its say.
        inference.equal(exprs)
        if len(inference.ranks) == before:
            break
    return inference.ranks


class _Kind(Enum):
    """What a tree is: a rank, and for vectors whether it stands or lies."""

    SCALAR = "scalar"
    COLUMN = "column"
    ROW = "row"
    MATRIX = "matrix"
    #: A vector or a matrix: which of them, the letter has to tell.
    ARRAY = "array"


_S, _C, _R, _M = _Kind.SCALAR, _Kind.COLUMN, _Kind.ROW, _Kind.MATRIX
_ARRAYS = (_C, _R, _M)
_FLIPPED = {_C: _R, _R: _C}
_OF_RANK = {Rank.SCALAR: _S, Rank.VECTOR: _C, Rank.MATRIX: _M}


class _Inference:
    """Ranks spread from where they are known to where use demands them; what is set stays set."""

    def __init__(self, declared: Mapping[str, Rank]) -> None:
        self.ranks: dict[str, Rank] = dict(declared)
        self.declared = declared

    def spelled(self, exprs: Iterable[Node]) -> None:
        """``W_1`` or ``x_i`` may be declared in full; that tells the rank of the items of its base.

        What is differentiated by, and has components with one index in the body, is a vector.
        """
        for expr in exprs:
            for node in walk(expr):
                match node:
                    case Derivative(body, Symbol(name)) if item_name(name) not in self.ranks:
                        if _by_components(body, name):
                            self.put(name, _C)
                        continue
                    case Indexed(base, (Symbol(index),)):
                        known = self.declared.get(f"{base}_{{{index}}}")
                    case Indexed(base, (Number(value),)):
                        known = self.declared.get(f"{base}_{{{value}}}")
                    case _:
                        continue
                if known is not None:
                    self.ranks.setdefault(item_name(base), known)

    def put(self, name: str, kind: _Kind) -> None:
        """Set the rank of a name that has none yet."""
        if name in self.ranks or kind is _S:
            return
        matrix = kind is _M or (kind is _Kind.ARRAY and is_capital(name.removesuffix("_{}")))
        self.ranks[name] = Rank.MATRIX if matrix else Rank.VECTOR

    # --- what a tree is -------------------------------------------------------------------------

    def kind(self, node: Expr) -> _Kind | None:
        """What a tree is, as far as is known; None where a name in it decides."""
        match node:
            case Number() | Constant() | Delta() | Product():
                return _S
            case Symbol(name):
                rank = self.ranks.get(name)
                if rank is None:
                    return _C if name in ONES or name in ZEROS else None
                return _OF_RANK[rank]
            case Indexed(base, indices):
                return self._item(base, len(indices))
            case Neg(arg) | Sum(arg) | Pow(arg, _) | At(arg, _, _):
                return self.kind(arg)
            case Div(num, den):
                above, below = self.kind(num), self.kind(den)
                return below if below in (_C, _R) else above
            case Add(terms):
                return self._common([self.kind(t) for t in terms])
            case Mul(factors):
                return self._product(factors)
            case Func(name, args):
                return self._function(name, args)
            case Apply(name, args, orders):
                return self._application(name, args, orders)
            case Cases(branches):
                return self._common([self.kind(value) for value, _ in branches])
            case Derivative():
                return self._derivative(node)
            case _:
                return None

    def _item(self, base: str, count: int) -> _Kind | None:
        known = self.ranks.get(item_name(base))
        if known is not None:
            return _OF_RANK[known] if count == 1 else _S
        if count == 1 and self.ranks.get(base) is Rank.MATRIX:
            return None
        if count > 1 or base in self.ranks:
            return _S
        return _C if base in ONES else None

    @staticmethod
    def _common(kinds: list[_Kind | None]) -> _Kind | None:
        found = next((k for k in kinds if k in _ARRAYS), None)
        if found is not None:
            return found
        return None if None in kinds else _S

    def _product(self, factors: tuple[Expr, ...]) -> _Kind | None:
        running: _Kind = _S
        for k, factor in enumerate(factors):
            kind = self.kind(factor)
            if kind is None:
                after = self.kind(factors[k + 1]) if k + 1 < len(factors) else None
                if after is _R or running is not _S:
                    # An outer product or a multiple of a row: the name decides.
                    return None
                if k + 1 == len(factors):
                    return None
                continue
            running = _times(running, kind)
        return running

    def _function(self, name: str, args: tuple[Expr, ...]) -> _Kind | None:
        kinds = [self.kind(a) for a in args]
        match name:
            case "norm" | "norm1" | "dot" | "trace":
                return _S
            case "transpose":
                return _FLIPPED.get(kinds[0], kinds[0]) if kinds[0] is not None else None
            case "diag":
                return _C if kinds[0] is _M else _M
            case "softmax":
                return _C if kinds[0] is None else kinds[0]
            case _:
                return self._common(kinds)

    def _application(self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...]) -> _Kind | None:
        if name in self.ranks:
            return _OF_RANK[self.ranks[name]]
        inside = self._common([self.kind(a) for a in args]) if args else None
        if name in FUNCTIONS or (len(args) == 1 and any(orders) and inside in _ARRAYS):
            return inside
        return None

    def _derivative(self, node: Derivative) -> _Kind | None:
        body, by = self.kind(node.body), self.kind(node.wrt)
        if by is _S:
            return body
        if by is None:
            return None
        if body in (_C, _R) or node.order == 2:
            return _M
        return by

    # --- rules ----------------------------------------------------------------------------------

    def visit(self, node: Node) -> None:
        """Apply the rules of every operation in a tree, the inner ones first."""
        match node:
            case Relation(left, _, right):
                self.visit(left)
                self.visit(right)
                return
            case Condition():
                for part in walk(node):
                    if isinstance(part, Relation):
                        self.visit(part)
                return
            case Cases(branches):
                for value, condition in branches:
                    self.visit(value)
                    self.visit(condition)
                self._alike([value for value, _ in branches])
                return
            case Add(terms):
                for term in terms:
                    self.visit(term)
                self._alike(terms)
            case Mul(factors):
                for factor in factors:
                    self.visit(factor)
                self._neighbours(factors)
            case Func(name, args):
                for arg in args:
                    self.visit(arg)
                self._use(name, args)
            case Apply(_, args, _):
                for arg in args:
                    self.visit(arg)
            case Neg(arg):
                self.visit(arg)
            case Div(a, b) | Pow(a, b) | Derivative(a, b):
                self.visit(a)
                self.visit(b)
            case Sum(body) | Product(body):
                self.visit(body)
            case At(body, variable, value):
                self.visit(value)
                self.equal((variable, value))
                self.visit(body)
                self.equal((variable, value))
            case _:
                pass

    def equal(self, sides: tuple[Expr, ...]) -> None:
        """Both sides of an equation have one kind."""
        kinds = [self.kind(s) for s in sides]
        known = next((k for k in kinds if k in _ARRAYS), None)
        if known is None:
            return
        for side in sides:
            if self.is_open(side):
                self.demand(side, known)

    def _alike(self, terms: Iterable[Expr]) -> None:
        terms = tuple(terms)
        known = next((k for t in terms if (k := self.kind(t)) in _ARRAYS), None)
        if known is not None:
            for term in terms:
                if self.is_open(term):
                    self.demand(term, known)

    def _neighbours(self, factors: tuple[Expr, ...]) -> None:
        """A capital beside a vector is a matrix; what a row or a matrix is applied to is a vector."""
        kinds = [self.kind(f) for f in factors]
        for k, factor in enumerate(factors):
            if kinds[k] is None and _capital(factor):
                after = kinds[k + 1] if k + 1 < len(factors) else None
                before = kinds[k - 1] if k else None
                if after in (_C, _M) or before in (_R, _M):
                    self.demand(factor, _M)
        running: _Kind = _S
        for k, factor in enumerate(factors):
            if self.is_open(factor) and (running is _R or (running is _M and k + 1 == len(factors))):
                self.demand(factor, _Kind.ARRAY)
            running = _times(running, self.kind(factor) or _S)

    def _use(self, name: str, args: tuple[Expr, ...]) -> None:
        match name:
            case "transpose" | "norm" | "norm1" | "diag":
                self._demand_each(args, _Kind.ARRAY)
            case "softmax":
                self._demand_each(args, _C)
            case "trace":
                self._demand_each(args, _M)
            case "dot" | "hadamard":
                self._demand_each(args, _Kind.ARRAY)
            case "max" | "min":
                self._alike(args)
            case _:
                pass

    def is_open(self, node: Expr) -> bool:
        """Whether a demand may still change what a tree is.

        A component ``x_i`` is open even if ``x`` is known to be a vector: where a vector is needed it
        is the i-th of many.
        """
        match node:
            case Indexed(base, (_,)):
                return item_name(base) not in self.ranks and base not in ONES
            case Neg(arg):
                return self.is_open(arg)
            case _:
                return self.kind(node) is None

    def demand(self, node: Expr, kind: _Kind) -> None:
        """A tree has to be of a kind; the names that it hangs on get their ranks."""
        match node:
            case Symbol(name):
                # λ beside a matrix is a forgotten λI, not a matrix.
                if kind is not _M or is_capital(name):
                    self.put(name, kind)
            case Indexed(base, (_,)):
                if kind is not _M or _capital(node):
                    self.put(item_name(base), kind)
            case Neg(arg) | Sum(arg):
                self.demand(arg, kind)
            case Div(num, _) | Pow(num, _):
                self.demand(num, kind)
            case Add(terms):
                self._demand_each(terms, kind)
            case Cases(branches):
                self._demand_each([value for value, _ in branches], kind)
            case Mul(factors):
                self._demand_product(factors, kind)
            case Func("transpose", (arg,)):
                self.demand(arg, _FLIPPED.get(kind, kind))
            case Func(name, args) if name not in ARRAY_FUNCTIONS or name == "hadamard":
                self._demand_each(args, kind)
            case Apply(name, args, orders):
                if name in FUNCTIONS or (any(orders) and len(args) == 1):
                    self._demand_each(args, kind)
                else:
                    self.put(name, _M if kind is _M else _C)
            case Derivative(body, wrt, order):
                if kind is _M and (order == 2 or self.kind(body) in (_C, _R)):
                    kind = _C
                if self.kind(wrt) is None:
                    self.demand(wrt, kind)
            case _:
                pass

    def _demand_each(self, parts: Iterable[Expr], kind: _Kind) -> None:
        parts = tuple(parts)
        if kind is _Kind.ARRAY:
            kind = next((k for p in parts if (k := self.kind(p)) in _ARRAYS), kind)
        for part in parts:
            if self.is_open(part):
                self.demand(part, kind)

    def _demand_product(self, factors: tuple[Expr, ...], kind: _Kind) -> None:
        kinds = [self.kind(f) for f in factors]
        last = factors[-1]
        if kinds[-1] is _R and len(factors) > 1 and kinds[-2] is None and kind is _M:
            self.demand(factors[-2], _C)
            return
        if kinds[-1] is not None or any(k in _ARRAYS for k in kinds):
            return
        capital = _capital(last)
        if kind is _M and not capital:
            return
        self.demand(last, _M if capital and kind is not _C else _C)
        for factor in factors[:-1]:
            if self.kind(factor) is None and _capital(factor):
                self.demand(factor, _M)


def _capital(node: Expr) -> bool:
    match node:
        case Symbol(name) | Indexed(name, (_,)):
            return is_capital(name.removesuffix("^{()}").removesuffix("^{[]}"))
        case _:
            return False


def _times(left: _Kind, right: _Kind) -> _Kind:
    """The kind of a product; what does not fit is found later, with its shapes."""
    if left is _S:
        return right
    if right is _S:
        return left
    if left is _R:
        return _S if right is _C else _R
    if right is _C:
        return _C
    return _M
