r"""Vector and matrix equations as scalar equations between components.

``x`` becomes ``x_k``, ``W x`` a sum over the components of ``x``, ``\|x\|`` a root of a sum of squares, a
gradient the derivatives by each component. What holds for the components, their indices left free
and the ranges of the sums left open, holds for vectors of every length.

>>> from gradbook.symbolic.expr import TWO, Derivative, Func, Mul, Pow, Symbol
>>> from gradbook.symbolic.decide import decide
>>> x = Symbol("x")
>>> gradient = Derivative(Pow(Func("norm", (x,)), TWO), x, 1, "nabla")
>>> equation, *_ = componentwise(gradient, Mul((TWO, x)), {"x": Rank.VECTOR})
>>> equation.right
Mul(factors=(Number(value=Fraction(2, 1), decimals=None), Indexed(base='x', indices=(Symbol(name='k'),))))
>>> decide(equation.left, equation.right).outcome
<Outcome.PROVED: 'proved'>
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import NoReturn

from gradbook.symbolic.derivative import NotDifferentiable, add, differentiate, mul
from gradbook.symbolic.expr import (
    FUNCTIONS,
    HALF,
    ONE,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
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
    Not,
    Number,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    children,
    free_names,
    substitute,
    walk,
)
from gradbook.symbolic.ranks import IDENTITY, ONES, ZEROS, Rank, infer_ranks, is_capital, is_family, item_name
from gradbook.symbolic.shapes import SCALAR_SHAPE, SINGLE, Dimensions, Shape, ShapeError

#: The dimensions of a name that the document gives: ``{"X": ("n", "d"), "w": ("d",)}``.
Sizes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Equation:
    """A scalar equation in components; ``note`` names the conventions it rests on, if they are not the usual ones."""

    left: Expr
    right: Expr
    note: str = ""


def componentwise(
    left: Expr,
    right: Expr,
    declared: Mapping[str, Rank],
    *,
    sizes: Sizes | None = None,
    symmetric: Collection[str] = (),
) -> tuple[Equation, ...]:
    """The readings of an equation between scalars, vectors or matrices, the usual one first.

    Readings differ in conventions only: whether a gradient stands or lies, how a Jacobian is laid
    out, what a product of two columns means. An equation holds if it holds in one of them. Unknown
    ranks are inferred from use (:func:`gradbook.symbolic.ranks.infer_ranks`). ``symmetric`` names
    matrices that equal their transpose.

    Raises:
        ShapeError: in no reading do the shapes fit; the message is about the usual one.

    >>> v, a = Symbol("v"), Symbol("A")
    >>> componentwise(Mul((a, v)), v, {})
    (Equation(left=Sum(body=Mul(factors=(Indexed(base='A', indices=(Symbol(name='k'), Symbol(name='m'))),
     Indexed(base='v', indices=(Symbol(name='m'),)))), index='m', lower=None, upper=None, excluded=None),
     right=Indexed(base='v', indices=(Symbol(name='k'),)), note=''),)
    >>> componentwise(Func("transpose", (v,)), v, {})
    Traceback (most recent call last):
    ...
    gradbook.symbolic.shapes.ShapeError: a row of length n cannot equal a vector of length d
    """
    sides = (left, right)
    ranks = infer_ranks(sides, declared)
    found: dict[tuple[Expr, Expr], Equation] = {}
    failure: ShapeError | None = None
    todo: list[frozenset[_Choice]] = [frozenset()]
    seen = set(todo)
    while todo:
        taken = todo.pop(0)
        lowering = _Lowering(sides, ranks, taken, sizes or {}, symmetric)
        try:
            pair = lowering.equation(left, right)
            found.setdefault(pair, Equation(*pair, "; ".join(c.note for c in _CHOICES if c in taken)))
        except ShapeError as error:
            failure = failure or error
        for choice in lowering.consulted:
            other = taken | {choice}
            if other not in seen:
                seen.add(other)
                todo.append(other)
    if not found:
        assert failure is not None
        raise failure
    return tuple(found.values())


def scalar_form(
    expr: Expr, declared: Mapping[str, Rank], *, sizes: Sizes | None = None, symmetric: Collection[str] = ()
) -> Expr:
    r"""A scalar tree such as ``\|x\|`` with its vector operations written out.

    Raises:
        ShapeError: the shapes do not fit, or the tree is not a scalar.

    >>> scalar_form(Func("norm1", (Symbol("x"),)), {})
    Sum(body=Func(name='abs', args=(Indexed(base='x', indices=(Symbol(name='m'),)),)), index='m', lower=None, upper=None, excluded=None)
    """
    lowering = _Lowering((expr,), infer_ranks((expr,), declared), frozenset(), sizes or {}, symmetric)
    array = lowering.of(expr)
    if array.shape != SCALAR_SHAPE:
        raise ShapeError(f"{lowering.dimensions.describe(array.shape)} where a scalar is needed")
    return array.at(ONE, ONE)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A convention other than the usual one."""

    note: str


_GRADIENT_LIES = _Choice("gradient written as a row")
_JACOBIAN_LIES = _Choice("Jacobian in denominator layout")
_MATRIX_LIES = _Choice("derivative by a matrix in numerator layout (transposed)")
_PRODUCT_BY_COMPONENT = _Choice("product of two vectors taken component by component")
_BARS_ARE_NORM = _Choice("bars around a vector read as its length")
_CHOICES = (_GRADIENT_LIES, _JACOBIAN_LIES, _MATRIX_LIES, _PRODUCT_BY_COMPONENT, _BARS_ARE_NORM)

class _Lowering:
    """One reading of one equation. Shapes are unified while arrays are made; components are made after that."""

    def __init__(
        self,
        sides: tuple[Expr, ...],
        ranks: Mapping[str, Rank],
        taken: frozenset[_Choice],
        sizes: Sizes,
        symmetric: Collection[str],
    ) -> None:
        self.ranks = ranks
        self.taken = taken
        self.consulted: dict[_Choice, None] = {}
        self.sizes = sizes
        self.symmetric = symmetric
        self.dimensions = Dimensions()
        self.opaque: set[str] = set()
        # Vectors of ones and identity matrices have whatever size fits where they stand, so equal
        # subtrees may have different shapes and are not shared.
        self.memo: dict[Expr, _Array] | None = {}
        names: set[str] = set()
        for side in sides:
            for node in walk(side):
                match node:
                    case Symbol(name) | Indexed(name, _) | Sum(_, name) | Product(_, name):
                        names.add(name)
                        if name in ONES or name in ZEROS or name == IDENTITY:
                            self.memo = None
                    case _:
                        pass
        letters = (c for c in _index_letters() if c not in names)
        self.free = (Symbol(next(letters)), Symbol(next(letters)))
        self.bound_letters = letters
        self.bound: list[str] = []
        for side in sides:
            self._note_ranges(side, {})

    # --- equations ------------------------------------------------------------------------------

    def equation(self, left: Expr, right: Expr) -> tuple[Expr, Expr]:
        """Both sides at free indices."""
        a, b = self.of(left), self.of(right)
        if a.shape != b.shape and not (_is_zero(left) or _is_zero(right)):
            self._same(a, b, "{0} cannot equal {1}")
        shape = a.shape if _is_zero(right) else b.shape
        row, column = self.free if shape[0] != SINGLE else (ONE, self.free[0])
        pair = a.at(row, column), b.at(row, column)
        for side in pair:
            self._reject_sizes(side)
        return pair

    @staticmethod
    def _reject_sizes(side: Expr) -> None:
        """The sum of a constant over an open range is a length, which a document names but we do not know."""
        for node in walk(side):
            if isinstance(node, Sum) and node.upper is None and node.index not in free_names(node.body):
                raise ShapeError("the length of a vector is needed as a number here; say what it is")

    def _same(self, a: _Array, b: _Array, message: str) -> Shape:
        fits = (a.is_scalar, a.is_vector, a.is_matrix) == (b.is_scalar, b.is_vector, b.is_matrix)
        d = self.dimensions
        words = message.format(d.describe(a.shape), d.describe(b.shape))
        if not fits or not all(d.unify(x, y) for x, y in zip(a.shape, b.shape, strict=True)):
            raise ShapeError(words)
        return a.shape

    def _choose(self, choice: _Choice) -> bool:
        self.consulted[choice] = None
        return choice in self.taken

    # --- indices --------------------------------------------------------------------------------

    def _contract(self, dimension: str, body: Callable[[Expr], Expr], *outer: Expr) -> Expr:
        """The sum of ``body`` over a dimension; indices in ``outer`` are in use inside it."""
        avoid = {name for index in outer for name in free_names(index)}
        name = next((n for n in self._bound_names() if n not in avoid))
        inside = body(Symbol(name))
        if inside == ZERO:
            return ZERO
        return Sum(inside, name, *self.dimensions.bounds(dimension))

    def _bound_names(self) -> Iterator[str]:
        for k in count():
            if k == len(self.bound):
                self.bound.append(next(self.bound_letters))
            yield self.bound[k]

    def _note_ranges(self, node: Node, scope: dict[str, tuple[Expr | None, Expr | None]]) -> None:
        """``\\sum_{i=1}^n w_i x_i`` says that the components of w are numbered from 1 to n."""
        match node:
            case Sum(body, index, lower, upper) | Product(body, index, lower, upper):
                self._note_ranges(body, {**scope, index: (lower, upper)})
                return
            case Indexed(base, indices):
                family = self._families(base)
                for axis, index in enumerate(indices[family:]):
                    if isinstance(index, Symbol) and index.name in scope and self._rank(base, family).value > axis:
                        self.dimensions.bound(self._axis(base, indices[:family], axis), *scope[index.name])
                return
            case _:
                pass
        for child in children(node):
            self._note_ranges(child, scope)

    # --- names ----------------------------------------------------------------------------------

    def _families(self, base: str) -> int:
        """How many leading indices tell items apart rather than components."""
        return int(is_family(base) or self.ranks.get(item_name(base), Rank.SCALAR) is not Rank.SCALAR)

    def _rank(self, base: str, family: int) -> Rank:
        return self.ranks.get(item_name(base) if family else base, Rank.SCALAR)

    def _axis(self, base: str, item: tuple[Expr, ...], axis: int) -> str:
        """The dimension of a named vector or matrix along an axis."""
        known = self.sizes.get(item_name(base) if item else base)
        if known is not None and axis < len(known):
            return self.dimensions.fixed(known[axis])
        return self.dimensions.fresh(f"{base}{list(map(repr, item)) if item else ''}.{axis}")

    def _named(self, base: str, item: tuple[Expr, ...], rank: Rank) -> _Array:
        if rank is Rank.SCALAR:
            return _constant(Indexed(base, item) if item else Symbol(base))
        rows = self._axis(base, item, 0)
        if rank is Rank.VECTOR:
            return _Array((rows, SINGLE), lambda i, _: Indexed(base, (*item, i)))
        shape = (rows, self._axis(base, item, 1))
        if base in self.symmetric and not item:
            self._square(shape, "a symmetric matrix")
            return _Array(shape, lambda i, j: self._entry(base, i, j))
        return _Array(shape, lambda i, j: Indexed(base, (*item, i, j)))

    def _entry(self, base: str, i: Expr, j: Expr) -> Expr:
        """An entry of a symmetric matrix: the mean of the two that are equal, which any order of indices gives."""
        there, back = Indexed(base, (i, j)), Indexed(base, (j, i))
        return there if there == back else Div(Add((there, back)), TWO)

    def _symbol(self, name: str) -> _Array:
        if name in ONES or name in ZEROS:
            if self.ranks.get(name) is not Rank.SCALAR:
                value = ONE if name in ONES else ZERO
                return _Array((self.dimensions.fresh(), SINGLE), lambda _i, _j: value)
        rank = self.ranks.get(name, Rank.SCALAR)
        if name == IDENTITY and rank is Rank.MATRIX:
            size = self.dimensions.fresh()
            return _Array((size, size), _kronecker)
        return self._named(name, (), rank)

    def _component(self, node: Indexed) -> _Array:
        base, indices = node.base, node.indices
        family = self._families(base)
        rank = self._rank(base, family)
        components = indices[family:]
        if base == IDENTITY and Rank.MATRIX in (rank, self.ranks.get(base)):
            if len(indices) == 1:
                size = self.dimensions.fixed(_spelled(indices[0]))
                return _Array((size, size), _kronecker)
            return _constant(_kronecker(*indices))
        if base in ONES and len(indices) == 1:
            return _Array((self.dimensions.fixed(_spelled(indices[0])), SINGLE), lambda _i, _j: ONE)
        if not components and family:
            return self._named(base, indices, rank)
        if family and len(components) != rank.value:
            raise ShapeError(f"{base} with {len(indices)} indices, where one tells items apart")
        if not family and rank is Rank.MATRIX:
            if len(indices) != 2:
                raise ShapeError(f"the matrix {base} with one index: a row or a column of it?")
            if base in self.symmetric:
                return _constant(self._entry(base, *indices))
        return _constant(node)

    # --- trees ----------------------------------------------------------------------------------

    def of(self, expr: Expr) -> _Array:
        """The array that a tree stands for."""
        if self.memo is None:
            return self._array(expr)
        done = self.memo.get(expr)
        if done is None:
            done = self.memo[expr] = self._array(expr)
        return done

    def _array(self, expr: Expr) -> _Array:
        match expr:
            case Number() | Constant() | Delta():
                return _constant(expr)
            case Symbol(name):
                return self._symbol(name)
            case Indexed():
                return self._component(expr)
            case Neg(arg):
                return self._by_component(lambda u: Neg(u) if u != ZERO else u, self.of(arg))
            case Add(terms):
                return self._sum_of_terms(terms)
            case Mul(factors):
                product = self.of(factors[0])
                for factor in factors[1:]:
                    product = self._times(product, self.of(factor))
                return product
            case Div(num, den):
                return self._quotient(self.of(num), self.of(den))
            case Pow(base, exponent):
                return self._power(self.of(base), exponent)
            case Func(name, args):
                return self._function(name, args)
            case Apply(name, args, orders):
                return self._application(name, args, orders)
            case Derivative():
                return self._derivative(expr)
            case Sum(body, index, lower, upper, excluded):
                inner = self.of(body)
                return _Array(inner.shape, lambda i, j: Sum(inner.at(i, j), index, lower, upper, excluded))
            case Product(body, index, lower, upper):
                factor = self._scalar(body, "a product over an index")
                return _constant(Product(factor, index, lower, upper))
            case Cases(branches):
                return self._cases(branches)
            case _:
                raise ShapeError(f"{type(expr).__name__} has no form by components")

    def _scalar(self, expr: Expr, where: str) -> Expr:
        array = self.of(expr)
        if not array.is_scalar:
            raise ShapeError(f"{self.dimensions.describe(array.shape)} in {where}")
        return array.at(ONE, ONE)

    def _by_component(self, combine: Callable[..., Expr], *arrays: _Array, message: str = "{0} beside {1}") -> _Array:
        """The arrays combined component by component; scalars go with every component."""
        larger = [a for a in arrays if not a.is_scalar]
        for array in larger[1:]:
            self._same(larger[0], array, message)
        shape = larger[0].shape if larger else SCALAR_SHAPE
        return _Array(shape, lambda i, j: combine(*(a.at(i, j) for a in arrays)))

    def _sum_of_terms(self, terms: tuple[Expr, ...]) -> _Array:
        arrays = [self.of(t) for t in terms]
        total = self._by_component(lambda *parts: add(*parts), *arrays, message="{0} plus {1}")
        if total.is_matrix:
            for term, array in zip(terms, arrays, strict=True):
                # X^T X + λ is a slip for λI; 1 − Y between matrices of activations is usage.
                if array.is_scalar and not isinstance(term.arg if isinstance(term, Neg) else term, Number):
                    self._misfit("{0} plus {1}", total, array)
        return total

    def _misfit(self, message: str, *arrays: _Array) -> NoReturn:
        raise ShapeError(message.format(*(self.dimensions.describe(a.shape) for a in arrays)))

    def _times(self, a: _Array, b: _Array) -> _Array:
        if a.is_scalar or b.is_scalar:
            return self._by_component(lambda u, v: mul(u, v), a, b)
        if a.shape[1] == SINGLE and b.shape[1] == SINGLE and a.is_vector and b.is_vector:
            # x · y, or two vectors side by side.
            if self._choose(_PRODUCT_BY_COMPONENT):
                return self._by_component(lambda u, v: mul(u, v), a, b, message="{0} times {1}")
            return self._times(a.transposed, b)
        inner = a.shape[1]
        if not self.dimensions.unify(inner, b.shape[0]):
            self._misfit("{0} times {1}", a, b)
        if inner == SINGLE:
            return _Array((a.shape[0], b.shape[1]), lambda i, j: mul(a.at(i, ONE), b.at(ONE, j)))
        return _Array(
            (a.shape[0], b.shape[1]),
            lambda i, j: self._contract(inner, lambda m: mul(a.at(i, m), b.at(m, j)), i, j),
        )

    def _quotient(self, num: _Array, den: _Array) -> _Array:
        if den.is_matrix:
            self._misfit("{0} divided by {1}", num, den)
        return self._by_component(lambda u, v: Div(u, v), num, den, message="{0} divided by {1}")

    def _power(self, base: _Array, exponent: Expr) -> _Array:
        power = self._scalar(exponent, "an exponent")
        if not base.is_matrix:
            return self._by_component(lambda u: Pow(u, power), base)
        if not (isinstance(power, Number) and power.value in (2, 3, 4)):
            raise ShapeError("a power of a matrix that is not a product of a few of it, such as an inverse")
        self._square(base.shape, "a power of a matrix")
        result = base
        for _ in range(int(power.value) - 1):
            result = self._times(result, base)
        return result

    def _square(self, shape: Shape, what: str) -> str:
        if not self.dimensions.unify(*shape):
            raise ShapeError(f"{what}, which has to be square: {self.dimensions.describe(shape)}")
        return shape[0]

    # --- functions ------------------------------------------------------------------------------

    def _function(self, name: str, args: tuple[Expr, ...]) -> _Array:
        arrays = [self.of(a) for a in args]
        first = arrays[0]
        match name:
            case "transpose":
                return first.transposed
            case "norm":
                squares = self._total(lambda u: Pow(u, TWO), first)
                return first if first.is_scalar else _Array(SCALAR_SHAPE, lambda i, j: Pow(squares.at(i, j), HALF))
            case "norm1":
                if first.is_matrix:
                    raise ShapeError("the 1-norm of a matrix")
                return self._total(lambda u: Func("abs", (u,)), first)
            case "dot":
                second = arrays[1]
                if first.is_vector and second.is_vector and first.shape[0] != SINGLE and second.shape[0] == SINGLE:
                    second = second.transposed
                return self._total(lambda u, v: mul(u, v), first, second)
            case "hadamard":
                return self._by_component(lambda u, v: mul(u, v), *arrays, message="{0} ⊙ {1}")
            case "diag":
                return self._diagonal(first)
            case "trace":
                return self._trace(first)
            case "softmax":
                return self._softmax(first)
            case "max" | "min":
                if len(args) == 1 and not first.is_scalar:
                    raise ShapeError(f"the {name} over the components of {self.dimensions.describe(first.shape)}")
                return self._by_component(lambda *parts: Func(name, parts), *arrays)
            case _:
                return self._elementwise(name, arrays)

    def _elementwise(self, name: str, arrays: list[_Array]) -> _Array:
        first = arrays[0]
        if first.is_matrix and name in ("abs", "exp", "log", "sin", "cos"):
            raise ShapeError(f"{name} of a matrix: of each entry, or of the matrix?")
        if name == "abs" and first.is_vector and self._choose(_BARS_ARE_NORM):
            squares = self._total(lambda u: Pow(u, TWO), first)
            return _Array(SCALAR_SHAPE, lambda i, j: Pow(squares.at(i, j), HALF))
        return self._by_component(lambda *parts: Func(name, parts), *arrays)

    def _total(self, term: Callable[..., Expr], *arrays: _Array) -> _Array:
        """The sum of ``term`` over all components."""
        each = self._by_component(term, *arrays, message="the inner product of {0} and {1}")
        if each.is_scalar:
            return each
        if each.is_vector:
            return _Array(SCALAR_SHAPE, lambda _i, _j: self._contract(each.length, each.along))
        rows, columns = each.shape
        return _Array(
            SCALAR_SHAPE,
            lambda _i, _j: self._contract(
                rows, lambda p: self._contract(columns, lambda q: each.at(p, q), p)
            ),
        )

    def _diagonal(self, array: _Array) -> _Array:
        if array.is_matrix:
            size = self._square(array.shape, "the diagonal of a matrix")
            return _Array((size, SINGLE), lambda i, _: array.at(i, i))
        if array.is_scalar:
            raise ShapeError("diag of a scalar")
        return _Array((array.length, array.length), lambda i, j: mul(_kronecker(i, j), array.along(i)))

    def _trace(self, array: _Array) -> _Array:
        if array.is_scalar:
            return array
        if not array.is_matrix:
            self._misfit("the trace of {0}", array)
        size = self._square(array.shape, "the trace of a matrix")
        return _Array(SCALAR_SHAPE, lambda _i, _j: self._contract(size, lambda m: array.at(m, m)))

    def _softmax(self, array: _Array) -> _Array:
        """softmax(z)_k = exp(z_k) / sum over j of exp(z_j)."""
        if not array.is_vector:
            self._misfit("softmax of {0}", array)

        def component(i: Expr, j: Expr) -> Expr:
            index = i if array.shape[1] == SINGLE else j
            total = self._contract(array.length, lambda m: Func("exp", (array.along(m),)))
            return Div(Func("exp", (array.along(index),)), total)

        return _Array(array.shape, component)

    def _application(self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...]) -> _Array:
        arrays = [self.of(a) for a in args]
        if all(a.is_scalar for a in arrays):
            values = tuple(a.at(ONE, ONE) for a in arrays)
            rank = self.ranks.get(name, Rank.SCALAR)
            if rank is Rank.SCALAR or not args:
                return _constant(Apply(name, values, orders)) if rank is Rank.SCALAR else self._named(name, (), rank)
            if rank is Rank.MATRIX:
                raise ShapeError(f"the unknown function {name} with values that are matrices")
            raised = (0, *orders) if orders else ()
            length = self.dimensions.fresh(f"{name}().0")
            return _Array((length, SINGLE), lambda i, _: Apply(name + "_{}", (i, *values), raised))
        if len(arrays) == 1 and (name in FUNCTIONS or any(orders) or name in self.ranks):
            return self._by_component(lambda u: _applied(name, u, orders), arrays[0])
        if any(orders):
            raise ShapeError(f"a derivative of the unknown function {name} by a vector")
        self.opaque.add(name)
        probes = [self._probe(name, k, a) for k, a in enumerate(arrays)]
        values = tuple(p.at(ONE, ONE) for p in probes)
        if self.ranks.get(name, Rank.SCALAR) is Rank.SCALAR:
            return _constant(Apply(name, values))
        self.opaque.add(name + "_{}")
        return _Array((self.dimensions.fresh(f"{name}().0"), SINGLE), lambda i, _: Apply(name + "_{}", (i, *values)))

    def _probe(self, name: str, place: int, array: _Array) -> _Array:
        r"""A vector argument of an unknown function as one number, ``\sum_k c_k v_k`` with c unknown.

        Arguments with equal numbers for every c are equal, so f(u) = f(v) is proved only if u = v; and
        the functions of such a number are functions of v, so a counterexample stands. Derivatives of
        such a function are special, though, and are refused.
        """
        if array.is_scalar:
            return array
        weight = f"#{name}{place}"
        if array.is_vector:
            return self._total(lambda u: u, self._weighted(weight, array))
        return self._total(lambda u: u, self._weighted(weight, array))

    @staticmethod
    def _weighted(weight: str, array: _Array) -> _Array:
        def component(i: Expr, j: Expr) -> Expr:
            place = (i, j) if array.is_matrix else ((i,) if array.shape[1] == SINGLE else (j,))
            return mul(Indexed(weight, place), array.at(i, j))

        return _Array(array.shape, component)

    # --- cases ----------------------------------------------------------------------------------

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...]) -> _Array:
        values = [self.of(value) for value, _ in branches]
        truths = [self._truth(condition) for _, condition in branches]
        arrays = [*values, *(a for sides, _ in truths for a in sides)]

        def component(*parts: Expr) -> Expr:
            at = len(values)
            chosen: list[tuple[Expr, Condition]] = []
            for value, (sides, build) in zip(parts, truths, strict=False):
                chosen.append((value, build(parts[at : at + len(sides)])))
                at += len(sides)
            return Cases(tuple(chosen))

        return self._by_component(component, *arrays, message="branches that are {0} and {1}")

    def _truth(self, condition: Condition) -> tuple[list[_Array], Callable[[tuple[Expr, ...]], Condition]]:
        """The arrays that a condition compares, and the condition made of their components."""
        match condition:
            case Relation(left, op, right):
                return [self.of(left), self.of(right)], lambda parts: Relation(parts[0], op, parts[1])
            case All(parts) | AnyOf(parts):
                inner = [self._truth(p) for p in parts]
                make = type(condition)

                def build(components: tuple[Expr, ...]) -> Condition:
                    at = 0
                    made: list[Condition] = []
                    for sides, part in inner:
                        made.append(part(components[at : at + len(sides)]))
                        at += len(sides)
                    return make(tuple(made))

                return [a for sides, _ in inner for a in sides], build
            case Not(part):
                sides, inside = self._truth(part)
                return sides, lambda parts: Not(inside(parts))
            case Otherwise():
                return [], lambda _: condition
            case _:
                raise ShapeError("a condition without a form by components")

    # --- derivatives ----------------------------------------------------------------------------

    def _derivative(self, node: Derivative) -> _Array:
        wrt, lies = node.wrt, False
        if isinstance(wrt, Func) and wrt.name == "transpose":
            wrt, lies = wrt.args[0], True
        body, by = self.of(node.body), self.of(wrt)
        if by.is_scalar:
            target = by.at(ONE, ONE)
            return self._by_component(lambda u: self._slope(u, target, node.order), body)
        if not isinstance(by.at(*self.free), Indexed) or (isinstance(wrt, Symbol) and wrt.name in self.symmetric):
            raise ShapeError("a derivative by something that is not a vector or matrix of variables")
        if node.order > 2 or (node.order == 2 and not (body.is_scalar and by.is_vector)):
            self._misfit("a derivative of order " + str(node.order) + " of {0} by {1}", body, by)
        if node.order == 2:
            return _Array(
                (by.length, by.length),
                lambda i, j: self._slope(self._slope(body.at(ONE, ONE), by.along(i)), by.along(j)),
            )
        if body.is_scalar:
            gradient = _Array(by.shape, lambda i, j: self._slope(body.at(ONE, ONE), by.at(i, j)))
            if lies or (by.is_vector and self._choose(_GRADIENT_LIES)):
                return gradient.transposed
            # ∇ always has the shape of its variable; for ∂/∂W both layouts are in use.
            if by.is_matrix and node.variant != "nabla" and self._choose(_MATRIX_LIES):
                return gradient.transposed
            return gradient
        if not (body.is_vector and by.is_vector):
            self._misfit("the derivative of {0} by {1}", body, by)
        jacobian = _Array((body.length, by.length), lambda i, j: self._slope(body.along(i), by.along(j)))
        if lies:
            return jacobian
        if body.shape[0] == SINGLE or self._choose(_JACOBIAN_LIES):
            return jacobian.transposed
        return jacobian

    def _slope(self, body: Expr, target: Expr, order: int = 1) -> Expr:
        if self.opaque:
            for inside in walk(body):
                if isinstance(inside, Apply) and inside.name in self.opaque and _mentions(inside, target):
                    raise ShapeError(f"the derivative of the unknown function {inside.name} by a vector")
        try:
            return differentiate(body, target, order)
        except NotDifferentiable:
            return Derivative(body, target, order)


def _kronecker(i: Expr, j: Expr) -> Expr:
    if i == j:
        return ONE
    if isinstance(i, Number) and isinstance(j, Number):
        return ZERO
    return Delta(i, j)


def _applied(name: str, arg: Expr, orders: tuple[int, ...]) -> Expr:
    """f or a derivative of it at a component; a known function's derivative is worked out."""
    if name not in FUNCTIONS:
        return Apply(name, (arg,), orders)
    variable = Symbol("#u")
    slope = differentiate(Func(name, (variable,)), variable, sum(orders))
    result: Expr = substitute(slope, {variable: arg})
    return result


def _mentions(node: Node, target: Expr) -> bool:
    """Whether a tree holds the variable, or another component of it."""
    if isinstance(target, Indexed):
        return any(isinstance(n, Indexed) and n.base == target.base for n in walk(node))
    return any(n == target for n in walk(node))


def _is_zero(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.value == 0


def _spelled(index: Expr) -> str:
    match index:
        case Symbol(name):
            return name
        case Number(value):
            return str(value)
        case _:
            raise ShapeError("a size that is neither a name nor a number")


def _index_letters() -> Iterator[str]:
    """Names for indices: ``k``, ``l``, ``m``, …"""
    letters = "klmpqrsthgjinabcuv"
    yield from letters
    for primes in count(1):
        for letter in letters:
            yield letter + "'" * primes
