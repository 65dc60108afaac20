r"""Vector and matrix equations as scalar equations between components.

``x`` becomes ``x_k``, ``W x`` a sum over the components of ``x``, ``\|x\|`` a root of a sum of squares, a
gradient the derivatives by each component. What holds for the components, their indices left free
and the ranges of the sums left open, holds for vectors of every length.

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

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from gradbook.symbolic.arrays import Array, Arrays, contracted, scalar
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.derivative import NotDifferentiable, add, differentiate, mul
from gradbook.symbolic.expr import (
    FUNCTIONS,
    ONE,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
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
    Not,
    Number,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    free_names,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.quantities import Quantities, Sizes
from gradbook.symbolic.ranks import ARRAY_FUNCTIONS, IDENTITY, ONES, ZEROS, Rank, infer_ranks
from gradbook.symbolic.shapes import SCALAR_SHAPE, SINGLE, ShapeError
from gradbook.symbolic.vector_arguments import VectorArguments


@dataclass(frozen=True, slots=True)
class Equation:
    """A scalar equation in components; ``note`` names the less usual conventions that it rests on."""

    left: Expr
    right: Expr
    note: str = ""

    @property
    def is_transposed(self) -> bool:
        """Whether it rests on a derivative by a matrix being laid out as the transpose of that matrix."""
        return _MATRIX_LIES.note in self.note


def componentwise(
    left: Expr,
    right: Expr,
    declared: Mapping[str, Rank],
    *,
    sizes: Sizes | None = None,
    symmetric: Collection[str] = (),
    clock: Clock | None = None,
) -> tuple[Equation, ...]:
    """The readings of an equation between scalars, vectors or matrices, the usual one first.

    Readings differ in conventions only: whether a gradient stands or lies, how a Jacobian is laid
    out, what a product of two columns means. An equation holds if it holds in one of them. Unknown
    ranks are inferred from use (:func:`gradbook.symbolic.ranks.infer_ranks`). ``sizes`` gives lengths
    that the document names, ``symmetric`` the matrices that equal their transpose.

    Raises:
        ShapeError: in no reading do the shapes fit; the message is about the usual one.
        BoundHit: time is up.

    >>> v, a = Symbol("v"), Symbol("A")
    >>> equation, = componentwise(Mul((a, v)), v, {"v": Rank.VECTOR})
    >>> equation.left.body
    Mul(factors=(Indexed(base='A', indices=(Symbol(name='k'), Symbol(name='m'))),
                 Indexed(base='v', indices=(Symbol(name='m'),))))
    >>> componentwise(Func("transpose", (v,)), v, {})
    Traceback (most recent call last):
    ...
    gradbook.symbolic.shapes.ShapeError: a row of length n cannot equal a vector of length n
    """
    sides = (left, right)
    ranks = infer_ranks(sides, declared)
    found: dict[tuple[Expr, Expr], Equation] = {}
    failure: ShapeError | None = None
    todo: list[frozenset[_Choice]] = [frozenset()]
    seen = set(todo)
    while todo:
        taken = todo.pop(0)
        lowering = _Lowering(sides, ranks, taken, sizes, symmetric, clock)
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
    expr: Expr,
    declared: Mapping[str, Rank],
    *,
    sizes: Sizes | None = None,
    symmetric: Collection[str] = (),
) -> Expr:
    r"""A scalar tree such as ``\|x\|`` with its vector operations written out, in the usual reading.

    Raises:
        ShapeError: the shapes do not fit, or the tree is not a scalar.

    >>> scalar_form(Func("norm1", (Symbol("x"),)), {}).body
    Func(name='abs', args=(Indexed(base='x', indices=(Symbol(name='m'),)),))
    """
    ranks = infer_ranks((expr,), declared)
    return _Lowering((expr,), ranks, frozenset(), sizes, symmetric, None).scalar(expr, "a place for a scalar")


def component_form(
    expr: Expr, index: Expr, declared: Mapping[str, Rank], *, symmetric: Collection[str] = ()
) -> Expr:
    r"""The component of a vector's tree at an index, in the usual reading.

    Raises:
        ShapeError: the shapes do not fit, or the tree is no vector.

    >>> component_form(Func("softmax", (Symbol("z"),)), Symbol("i"), {}).num
    Func(name='exp', args=(Indexed(base='z', indices=(Symbol(name='i'),)),))
    """
    ranks = infer_ranks((expr,), declared)
    array = _Lowering((expr, index), ranks, frozenset(), None, symmetric, None).of(expr)
    if not array.is_vector:
        raise ShapeError("a component of something that is no vector")
    return array.along(index)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A convention other than the usual one."""

    note: str


_GRADIENT_LIES = _Choice("gradient written as a row")
_JACOBIAN_LIES = _Choice("Jacobian in denominator layout")
_MATRIX_LIES = _Choice("derivative by a matrix in numerator layout (transposed)")
_PRODUCT_BY_COMPONENT = _Choice("product of two vectors taken component by component")
_SQUARE_IS_LENGTH = _Choice("square of a vector read as its squared length")
_BARS_ARE_LENGTH = _Choice("bars around a vector read as its length")
_AS_NUMBERED = _Choice("vectors taken to end at the last component that is numbered")
_CHOICES = (
    _GRADIENT_LIES,
    _JACOBIAN_LIES,
    _MATRIX_LIES,
    _PRODUCT_BY_COMPONENT,
    _SQUARE_IS_LENGTH,
    _BARS_ARE_LENGTH,
    _AS_NUMBERED,
)


class _Lowering:
    """One reading of one equation; ``consulted`` lists the choices that made a difference."""

    def __init__(
        self,
        sides: tuple[Expr, ...],
        ranks: Mapping[str, Rank],
        taken: frozenset[_Choice],
        sizes: Sizes | None,
        symmetric: Collection[str],
        clock: Clock | None,
    ) -> None:
        self.clock = clock
        self.taken = taken
        self.consulted: dict[_Choice, None] = {}
        names = {name for side in sides for node in walk(side) for name in _names(node)}
        letters = (c for c in _index_letters() if c not in names)
        self.free = (Symbol(next(letters)), Symbol(next(letters)))
        self.arrays = Arrays(letters)
        self.quantities = Quantities(self.arrays, ranks, sizes, symmetric)
        # Vectors of ones and identity matrices have whatever size fits where they stand, so equal
        # subtrees may have different shapes and are not shared.
        fitting = bool(names & {*ONES, *ZEROS, IDENTITY})
        self.memo: dict[Expr, Array] | None = None if fitting else {}
        self.unknown = VectorArguments(self.arrays)
        for side in sides:
            self.quantities.note_ranges(side)

    def equation(self, left: Expr, right: Expr) -> tuple[Expr, Expr]:
        """Both sides at free indices."""
        a, b = self.of(left), self.of(right)
        if ZERO in (left, right):
            # ∇f = 0 is about every component.
            shape = a.shape if right == ZERO else b.shape
        else:
            self.arrays.same(a, b, "{0} cannot equal {1}")
            shape = a.shape
        if shape == SCALAR_SHAPE and self.quantities.is_numbered and self._choose(_AS_NUMBERED):
            self.quantities.end_at_numbered()
        row, column = self.free if shape[0] != SINGLE else (ONE, self.free[0])
        pair = a.at(row, column), b.at(row, column)
        for side in pair:
            _reject_sizes(side)
        return pair

    def _choose(self, choice: _Choice) -> bool:
        self.consulted[choice] = None
        return choice in self.taken

    # --- trees ----------------------------------------------------------------------------------

    def of(self, expr: Expr) -> Array:
        """The array that a tree stands for."""
        if self.clock is not None:
            self.clock.check()
        if self.memo is None:
            return self._array(expr)
        done = self.memo.get(expr)
        if done is None:
            done = self.memo[expr] = self._array(expr)
        return done

    def scalar(self, expr: Expr, where: str) -> Expr:
        """The tree of what has to be a scalar."""
        array = self.of(expr)
        if not array.is_scalar:
            raise self.arrays.misfit("{0} in " + where, array)
        return array.value

    def _array(self, expr: Expr) -> Array:
        match expr:
            case Number() | Constant() | Delta():
                return scalar(expr)
            case Symbol(name):
                return self.quantities.symbol(name)
            case Indexed():
                return self.quantities.indexed(expr)
            case Neg(arg):
                return self.arrays.by_component(lambda parts: _negated(parts[0]), self.of(arg))
            case Add(terms):
                return self._sum_of_terms(terms)
            case Mul(factors):
                product = self.of(factors[0])
                for factor in factors[1:]:
                    product = self._times(product, self.of(factor))
                return product
            case Div(num, den):
                return self._quotient(self.of(num), self.of(den))
            case Pow(Func("norm", (arg,)), Number(value)) if value.denominator == 1 and value % 2 == 0:
                # Without the root, which would cost a generator and have a kink at 0.
                return self.arrays.power(self.arrays.squares(self.of(arg)), Number(value / 2))
            case Pow(base, exponent):
                return self._power(self.of(base), self.scalar(exponent, "an exponent"))
            case Func(name, args):
                return self._function(name, args)
            case Apply(name, args, orders):
                return self._application(name, args, orders)
            case Derivative():
                return self._derivative(expr)
            case Sum(body, index, lower, upper, excluded):
                inner = self.of(body)
                return Array(inner.shape, lambda i, j: Sum(inner.at(i, j), index, lower, upper, excluded))
            case Product(body, index, lower, upper):
                return scalar(Product(self.scalar(body, "a product over an index"), index, lower, upper))
            case Cases(branches):
                return self._cases(branches)
            case At(body, Symbol() as variable, value):
                return self._at(body, variable, value)
            case _:
                raise ShapeError(f"{type(expr).__name__} has no form by components")

    def _at(self, body: Expr, variable: Symbol, value: Expr) -> Array:
        """A tree in a vector variable, with another tree in the place of the variable."""
        inner, point = self.of(body), self.of(value)
        self.arrays.same(self.of(variable), point, "{0} cannot be put in the place of {1}")

        def put_in(tree: Expr) -> Expr:
            def visit(node: Node) -> Node:
                match node:
                    case Symbol() if node == variable:
                        return point.value
                    case Indexed(base, (i,)) if base == variable.name:
                        return point.along(i)
                    case Indexed(base, (i, j)) if base == variable.name:
                        return point.at(i, j)
                    case _:
                        return rebuild(node, visit)

            result = visit(tree)
            assert isinstance(result, Expr)
            return result

        return Array(inner.shape, lambda i, j: put_in(inner.at(i, j)))

    def _sum_of_terms(self, terms: tuple[Expr, ...]) -> Array:
        arrays = [self.of(t) for t in terms]
        total = self.arrays.by_component(lambda parts: add(*parts), *arrays, message="{0} plus {1}")
        if total.is_matrix:
            for term, array in zip(terms, arrays, strict=True):
                # X^T X + λ is a slip for λI; 1 − A, for a matrix of activations, is usage.
                if array.is_scalar and not isinstance(term.arg if isinstance(term, Neg) else term, Number):
                    raise self.arrays.misfit("{0} plus {1}", total, array)
        return total

    def _times(self, a: Array, b: Array) -> Array:
        if a.is_column and b.is_column:
            # x · y, or two vectors side by side.
            if self._choose(_PRODUCT_BY_COMPONENT):
                return self.arrays.by_component(lambda parts: mul(*parts), a, b, message="{0} times {1}")
            return self.arrays.times(a.transposed, b)
        return self.arrays.times(a, b)

    def _quotient(self, num: Array, den: Array) -> Array:
        if den.is_matrix:
            raise self.arrays.misfit("{0} divided by {1}", num, den)
        return self.arrays.by_component(lambda parts: Div(*parts), num, den, message="{0} divided by {1}")

    def _power(self, base: Array, exponent: Expr) -> Array:
        if base.is_vector and exponent == TWO and self._choose(_SQUARE_IS_LENGTH):
            return self.arrays.squares(base)
        return self.arrays.power(base, exponent)

    # --- functions ------------------------------------------------------------------------------

    def _function(self, name: str, args: tuple[Expr, ...]) -> Array:
        values = [self.of(a) for a in args]
        first = values[0]
        match name:
            case "transpose":
                return first.transposed
            case "norm":
                return self.arrays.norm(first)
            case "norm1":
                if first.is_matrix:
                    raise ShapeError("the 1-norm of a matrix")
                return self.arrays.total(lambda parts: Func("abs", (parts[0],)), first)
            case "dot":
                second = values[1]
                if first.is_vector and second.is_vector and first.is_column != second.is_column:
                    second = second.transposed
                return self.arrays.total(lambda parts: mul(*parts), first, second)
            case "hadamard":
                return self.arrays.by_component(lambda parts: mul(*parts), *values, message="{0} ⊙ {1}")
            case "diag":
                return self.arrays.diagonal(first)
            case "trace":
                return self.arrays.trace(first)
            case "softmax":
                return self.arrays.softmax(first)
            case _:
                return self._elementwise(name, values)

    def _elementwise(self, name: str, values: list[Array]) -> Array:
        first = values[0]
        if first.is_matrix and name in ("abs", "exp", "log", "sin", "cos"):
            raise ShapeError(f"{name} of a matrix: of each entry, or of the matrix?")
        if len(values) == 1 and not first.is_scalar:
            if name in ("max", "min"):
                raise self.arrays.misfit("the " + name + " over the components of {0}", first)
            if name == "abs" and self._choose(_BARS_ARE_LENGTH):
                return self.arrays.norm(first)
        return self.arrays.by_component(lambda parts: Func(name, tuple(parts)), *values)

    def _application(self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...]) -> Array:
        values = [self.of(a) for a in args]
        rank = self.quantities.rank(name)
        if not args:
            return scalar(Apply(name, (), orders)) if rank is Rank.SCALAR else self.quantities.symbol(name)
        if all(v.is_scalar for v in values):
            return self._with_value(name, rank, tuple(v.value for v in values), orders)
        known = name in FUNCTIONS and name not in ARRAY_FUNCTIONS
        if len(values) == 1 and (known or any(orders) or rank is not Rank.SCALAR):
            # A vector from a vector is taken as f acting on each component, as activations do.
            return self.arrays.by_component(lambda parts: _applied(name, parts[0], orders), values[0])
        if any(orders):
            raise ShapeError(f"a derivative of the unknown function {name} by a vector")
        numbers = tuple(self.unknown.as_number(name, k, v).value for k, v in enumerate(values))
        return self._with_value(name, rank, numbers, ())

    def _with_value(self, name: str, rank: Rank, args: tuple[Expr, ...], orders: tuple[int, ...]) -> Array:
        """An unknown function of scalars; the components of its value are functions f_k of them."""
        if rank is Rank.SCALAR:
            return scalar(Apply(name, args, orders))
        if rank is Rank.MATRIX:
            raise ShapeError(f"the unknown function {name} with values that are matrices")
        raised = (0, *orders) if orders else ()
        length = self.arrays.dimensions.fresh(f"{name}(…)")
        return Array((length, SINGLE), lambda i, _: Apply(name + "_{}", (i, *args), raised))

    # --- cases ----------------------------------------------------------------------------------

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...]) -> Array:
        """Branches whose values, and the sides of whose conditions, are taken component by component."""
        compared: dict[Expr, None] = {}
        for value, condition in branches:
            compared[value] = None
            for node in walk(condition):
                if isinstance(node, Relation):
                    compared[node.left] = compared[node.right] = None
        trees = list(compared)

        def component(parts: Sequence[Expr]) -> Expr:
            at = dict(zip(trees, parts, strict=True))
            return Cases(tuple((at[value], _condition_at(condition, at)) for value, condition in branches))

        arrays = [self.of(t) for t in trees]
        return self.arrays.by_component(component, *arrays, message="cases with {0} and {1}")

    # --- derivatives ----------------------------------------------------------------------------

    def _derivative(self, node: Derivative) -> Array:
        wrt, lies, order = node.wrt, False, node.order
        if isinstance(wrt, Func) and wrt.name == "transpose":
            wrt, lies = wrt.args[0], True
        if wrt == Symbol("?"):
            raise ShapeError("a derivative that does not say by what")
        body, by = self.of(node.body), self.of(wrt)
        if by.is_scalar:
            return self.arrays.by_component(lambda parts: self._slope(parts[0], by.value, order), body)
        if not isinstance(by.at(*self.free), Indexed) or self.quantities.is_symmetric(wrt):
            raise ShapeError("a derivative by something other than a vector or matrix of free variables")
        if order == 1 and body.is_scalar:
            return self._gradient(body, by, lies, always_stands=node.variant == "nabla")
        if order == 1 and body.is_vector and by.is_vector:
            return self._jacobian(body, by, lies)
        if order == 2 and body.is_scalar and by.is_vector:
            return Array(
                (by.length, by.length),
                lambda i, j: self._slope(self._slope(body.value, by.along(i)), by.along(j)),
            )
        raise self.arrays.misfit(f"a derivative of order {order} of {{0}} by {{1}}", body, by)

    def _gradient(self, body: Array, by: Array, lies: bool, always_stands: bool) -> Array:
        gradient = Array(by.shape, lambda i, j: self._slope(body.value, by.at(i, j)))
        if by.is_vector:
            lies = lies or self._choose(_GRADIENT_LIES)
        elif not always_stands:
            # ∇ has the shape of its variable; for ∂/∂W both layouts are in use.
            lies = lies or self._choose(_MATRIX_LIES)
        return gradient.transposed if lies else gradient

    def _jacobian(self, body: Array, by: Array, lies: bool) -> Array:
        """∂y/∂x, rows by y and columns by x; where the writer lies one of them down there is no choice."""
        jacobian = Array((body.length, by.length), lambda i, j: self._slope(body.along(i), by.along(j)))
        if lies:
            return jacobian
        return jacobian.transposed if not body.is_column or self._choose(_JACOBIAN_LIES) else jacobian

    def _slope(self, body: Expr, target: Expr, order: int = 1) -> Expr:
        if self.clock is not None:
            self.clock.check()
        try:
            return contracted(self.unknown.differentiate(body, target, order))
        except NotDifferentiable:
            return Derivative(body, target, order)


def _reject_sizes(side: Expr) -> None:
    """The sum of a constant over an open range is a length, which nothing here gives a name."""
    for node in walk(side):
        if isinstance(node, Sum) and node.upper is None and node.index not in free_names(node.body):
            raise ShapeError("the length of a vector is needed as a number here; say what it is")


def _negated(expr: Expr) -> Expr:
    return expr if expr == ZERO else Neg(expr)


def _applied(name: str, arg: Expr, orders: tuple[int, ...]) -> Expr:
    """f or a derivative of it at a component; the derivative of a known function is worked out."""
    if name not in FUNCTIONS:
        return Apply(name, (arg,), orders)
    variable = Symbol("#u")
    slope = differentiate(Func(name, (variable,)), variable, sum(orders))
    result: Expr = substitute(slope, {variable: arg})
    return result


def _condition_at(condition: Condition, at: Mapping[Expr, Expr]) -> Condition:
    """A condition with each side replaced by its component."""
    match condition:
        case Relation(left, op, right):
            return Relation(at[left], op, at[right])
        case All(parts):
            return All(tuple(_condition_at(p, at) for p in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_condition_at(p, at) for p in parts))
        case Not(part):
            return Not(_condition_at(part, at))
        case Otherwise():
            return condition
        case _:
            raise ShapeError("a condition without a form by components")


def _names(node: Node) -> Iterator[str]:
    match node:
        case Symbol(name) | Indexed(name, _):
            yield name
        case Sum(_, index) | Product(_, index):
            yield index
        case _:
            pass


def _index_letters() -> Iterator[str]:
    """Names for indices: ``k``, ``l``, ``m``, …, then with primes."""
    letters = "klmpqrsthgjinabcuv"
    yield from letters
    for primes in count(1):
        for letter in letters:
            yield letter + "'" * primes


__all__ = ["Equation", "Rank", "ShapeError", "Sizes", "component_form", "componentwise", "scalar_form"]
