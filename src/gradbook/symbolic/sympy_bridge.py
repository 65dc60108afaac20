r"""To SymPy and back, for whatever SymPy does and Gradbook does not.

>>> from gradbook.symbolic.expr import Pow, Symbol, number
>>> square = to_sympy(Pow(Symbol(r"\theta"), number(2)))
>>> square.diff()
2*\theta
>>> from gradbook.symbolic.printing import to_latex
>>> print(to_latex(from_sympy(square.diff())))
2 \theta

SymPy simplifies as it builds, so a tree comes back as an equal one, not as the one that was written.
All symbols are real. Functions without a name in SymPy go there as what they are:
:math:`\sigma(x) = 1/(1 + e^{-x})`, :math:`\operatorname{softplus}(x) = \ln(1 + e^x)`,
:math:`\operatorname{ReLU}(x) = \max(0, x)`. What one side cannot express is a ``ValueError`` with its name.

Trees are translated node by node: no text is ever given to SymPy to read, because it would evaluate it.

SymPy is imported when one of the two functions is called: ``pip install 'gradbook[sympy]'``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, overload

from gradbook.symbolic.expr import (
    ONE,
    PI,
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
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    fresh_name,
    number,
)

if TYPE_CHECKING:
    # SymPy has annotations of its own, in part, and no stubs: enough for the signatures below.
    import sympy  # pyright: ignore[reportMissingTypeStubs]
    from sympy.logic.boolalg import Boolean  # pyright: ignore[reportMissingTypeStubs]

#: Functions that both sides have, by our name and SymPy's.
_NAMES = {
    **{name: name for name in (
        "exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "sinh", "cosh",
        "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "sign", "erf", "erfc",
    )},
    "abs": "Abs", "max": "Max", "min": "Min", "step": "Heaviside",
}  # fmt: skip
_OURS = {theirs: ours for ours, theirs in _NAMES.items()}

_RELATIONS = {Op.EQ: "Eq", Op.NE: "Ne", Op.LT: "Lt", Op.LE: "Le", Op.GT: "Gt", Op.GE: "Ge"}

#: SymPy multiplies out a power of numbers at once; beyond this many bits that is an attack or a slip.
_LARGEST_POWER_BITS = 1_000_000


def _sympy() -> Any:
    # Any: SymPy's own annotations cover too little of it for a strict checker.
    try:
        return importlib.import_module("sympy")
    except ImportError as error:
        raise ImportError(
            "to_sympy and from_sympy need SymPy; install it with: pip install 'gradbook[sympy]'"
        ) from error


# --- to SymPy ---------------------------------------------------------------------------------


@overload
def to_sympy(node: Expr) -> sympy.Expr: ...
@overload
def to_sympy(node: Condition) -> Boolean: ...
@overload
def to_sympy(node: Node) -> sympy.Basic: ...
def to_sympy(node: Node) -> Any:
    r"""The expression or condition in SymPy, with real symbols named as in the tree.

    A bound that a sum leaves open is written as 1 below and as ``n`` above; an index value that it leaves
    out becomes a factor 1 - δ, so the body has to have a value there. An odd root is the real one. A
    derivative stays unevaluated (``doit()`` takes it), and a sum over components is ``sympy.Sum`` over
    ``sympy.Indexed``.

    Raises:
        ValueError: the tree has something that is not a scalar (norms, transposes, ``softmax``, …), a
            derivative with respect to something that is not a variable, a comparison or maximum of what is
            plainly not real, or a power of numbers too large to write.
        ImportError: SymPy is not installed.

    >>> to_sympy(Func("sigmoid", (Symbol("x"),)))
    1/(1 + exp(-x))
    """
    return _to_condition(node) if isinstance(node, Condition) else _to(node)


def _to(node: Node) -> Any:
    sp = _sympy()
    match node:
        case Number(value):
            return sp.Rational(value.numerator, value.denominator)
        case Constant("pi"):
            return sp.pi
        case Constant("e"):
            return sp.E
        case Symbol(name):
            return sp.Symbol(name, real=True)
        case Indexed(base, indices):
            # The label carries the assumption over to the components.
            return sp.IndexedBase(sp.Symbol(base, real=True))[tuple(_to(index) for index in indices)]
        case Add(terms):
            return sp.Add(*(_to(term) for term in terms))
        case Mul(factors):
            return sp.Mul(*(_to(factor) for factor in factors))
        case Neg(arg):
            return -_to(arg)
        case Div(num, den):
            return _to(num) / _to(den)
        case Pow(base, exponent):
            return _to_power(_to(base), _to(exponent))
        case Func(name, args):
            return _to_function(name, args)
        case Apply():
            return _to_applied(node)
        case Derivative():
            return _to_derivative(node)
        case Sum() | Product():
            return _to_big_operator(node)
        case Delta(left, right):
            return sp.KroneckerDelta(_to(left), _to(right))
        case Cases(branches):
            # Unevaluated: SymPy would otherwise rewrite conditions, and merge branches that look alike.
            pairs = [(_to(value), _to_condition(when)) for value, when in branches]
            return sp.Piecewise(*pairs, evaluate=False)
        case _:
            raise ValueError(f"SymPy has no scalar expression for {node!r}")


def _to_power(base: Any, exponent: Any) -> Any:
    sp = _sympy()
    if base.is_Rational and exponent.is_Rational and abs(base.p) + base.q > 2:
        bits = max(int(base.p).bit_length(), int(base.q).bit_length())
        if bits * abs(exponent) > _LARGEST_POWER_BITS:
            raise ValueError(
                f"a power of numbers with more than {_LARGEST_POWER_BITS} bits is not written out"
            )
    if exponent.is_Rational and exponent.q % 2 and exponent.q > 1 and not base.is_nonnegative:
        # An odd root of a negative number is real here, and complex in SymPy.
        size = sp.Pow(sp.Abs(base), exponent)
        return sp.sign(base) * size if exponent.p % 2 else size
    return sp.Pow(base, exponent)


def _to_function(name: str, args: tuple[Expr, ...]) -> Any:
    sp = _sympy()
    if name in _NAMES:
        return getattr(sp, _NAMES[name])(*(_to(arg) for arg in args))
    match name, args:
        case "sigmoid", (x,):
            return 1 / (1 + sp.exp(-_to(x)))
        case "softplus", (x,):
            return sp.log(1 + sp.exp(_to(x)))
        case "relu", (x,):
            return sp.Max(0, _to(x))
        case _:
            raise ValueError(f"SymPy has no scalar function for {name!r} of {len(args)} arguments")


def _to_applied(node: Apply) -> Any:
    sp = _sympy()
    function = sp.Function(node.name, real=True)
    args = [_to(arg) for arg in node.args]
    taken = [(place, order) for place, order in enumerate(node.orders) if order]
    if not taken:
        return function(*args)
    # SymPy differentiates by variables, not by places: a place whose argument is not a variable of its own
    # gets one for the time being.
    points: dict[Any, Any] = {}
    for place, _ in taken:
        others = args[:place] + args[place + 1 :]
        if not args[place].is_Symbol or any(other.has(args[place]) for other in others):
            variable = sp.Dummy(f"xi_{place + 1}", real=True)
            points[variable], args[place] = args[place], variable
    result = sp.Derivative(function(*args), *((args[place], order) for place, order in taken))
    return sp.Subs(result, tuple(points), tuple(points.values())) if points else result


def _to_derivative(node: Derivative) -> Any:
    sp = _sympy()
    wrt = _to(node.wrt)
    if not isinstance(wrt, sp.Symbol | sp.Indexed) and not isinstance(wrt, sp.core.function.AppliedUndef):
        raise ValueError(f"SymPy has no derivative with respect to {node.wrt!r}")
    return sp.Derivative(_to(node.body), (wrt, node.order))


def _to_big_operator(node: Sum | Product) -> Any:
    sp = _sympy()
    index = sp.Symbol(node.index, real=True)
    # The bound is outside of the index's scope, and must not be captured by it.
    upper = Symbol(fresh_name("n", {node.index})) if node.upper is None else node.upper
    limits = (index, _to(node.lower or ONE), _to(upper))
    body = _to(node.body)
    if isinstance(node, Product):
        return sp.Product(body, limits)
    if node.excluded is not None:
        # A Piecewise would say it for bodies without a value there too, but in a nested sum SymPy 1.14
        # takes its condition out of the scope of the index, and computes something else.
        body *= 1 - sp.KroneckerDelta(index, _to(node.excluded))
    return sp.Sum(body, limits)


def _to_condition(condition: Condition) -> Any:
    sp = _sympy()
    match condition:
        case Relation(left, op, right):
            sides = _to(left), _to(right)
            try:
                return getattr(sp, _RELATIONS[op])(*sides)
            except TypeError as error:
                raise ValueError(f"SymPy has no order for {sides[0]} and {sides[1]}") from error
        case All(parts):
            return sp.And(*(_to_condition(part) for part in parts))
        case AnyOf(parts):
            return sp.Or(*(_to_condition(part) for part in parts))
        case Not(part):
            return sp.Not(_to_condition(part))
        case Otherwise():
            return sp.true
        case _:
            raise ValueError(f"SymPy has no condition for {condition!r}")


# --- from SymPy -------------------------------------------------------------------------------


@overload
def from_sympy(expr: sympy.Expr) -> Expr: ...
@overload
def from_sympy(expr: sympy.Basic) -> Node: ...
def from_sympy(expr: Any) -> Any:
    r"""The tree of a SymPy expression, written as a person would: ``a - b`` and ``a/b``, no ``b**-1``.

    A ``Float`` is taken for the decimal that SymPy prints. ``f(x).diff(x)`` of an unknown function is
    :math:`f'(x)`, also where SymPy needs ``Subs`` to say so.

    Raises:
        ValueError: something has no counterpart here (complex numbers, infinities, matrices, integrals,
            special functions, …); the message names it.
        ImportError: SymPy is not installed.

    >>> import sympy
    >>> x = sympy.Symbol("x", real=True)
    >>> from gradbook.symbolic.printing import to_text
    >>> to_text(from_sympy(sympy.tanh(x).diff(x) / x))
    '(1 - tanh(x)²)/x'
    """
    sp = _sympy()
    boolean = isinstance(expr, sp.core.relational.Relational | sp.logic.boolalg.BooleanFunction)
    return _from_condition(expr) if boolean else _from(expr)


def _from(expr: Any) -> Expr:
    sp = _sympy()
    if type(expr) is sp.Symbol:
        return Symbol(expr.name)
    if isinstance(expr, sp.Idx):
        return _from(expr.label)
    if isinstance(expr, sp.Float):
        return _signed(number(str(expr)))
    if isinstance(expr, sp.Rational):
        return _from_rational(expr)
    if expr is sp.pi:
        return PI
    if expr is sp.E:
        return E
    if isinstance(expr, sp.Add):
        return Add(_terms(expr))
    if isinstance(expr, sp.Mul):
        return _from_product(expr)
    # Before Pow, because SymPy counts an exponential as a power of e.
    if isinstance(expr, sp.exp):
        return Func("exp", (_from(expr.exp),))
    if isinstance(expr, sp.Pow):
        return _from_power(expr)
    for kind, read in _readers(sp):
        if isinstance(expr, kind):
            return read(expr)
    name = type(expr).__name__
    if name in _OURS and isinstance(expr, sp.Function | sp.Max | sp.Min | sp.Abs):
        return Func(_OURS[name], tuple(_from(arg) for arg in expr.args))
    raise ValueError(f"no expression here for SymPy's {name}: {expr}")


def _readers(sp: Any) -> list[tuple[Any, Callable[[Any], Expr]]]:
    return [
        (sp.Indexed, _from_indexed),
        (sp.KroneckerDelta, lambda delta: Delta(*(_from(arg) for arg in delta.args[:2]))),
        (sp.Piecewise, _from_piecewise),
        (sp.Sum, _from_big_operator),
        (sp.Product, _from_big_operator),
        (sp.core.function.AppliedUndef, lambda call: Apply(call.func.__name__, _all_from(call.args))),
        (sp.Derivative, _from_derivative),
        (sp.Subs, _from_subs),
        (sp.Heaviside, _from_step),
    ]


def _all_from(exprs: Any) -> tuple[Expr, ...]:
    return tuple(_from(expr) for expr in exprs)


def _signed(value: Number) -> Expr:
    return Neg(Number(-value.value, value.decimals)) if value.value < 0 else value


def _terms(expr: Any) -> tuple[Expr, ...]:
    terms = [_from(term) for term in expr.as_ordered_terms()]
    # 1 - x rather than -x + 1
    first = next((place for place, term in enumerate(terms) if not isinstance(term, Neg)), 0)
    return (terms[first], *terms[:first], *terms[first + 1 :])


def _from_rational(value: Any) -> Expr:
    num, den = number(abs(int(value.p))), number(int(value.q))
    size = num if den == ONE else Div(num, den)
    return Neg(size) if value.p < 0 else size


def _product(factors: list[Expr]) -> Expr:
    if len(factors) < 2:
        return factors[0] if factors else ONE
    return Mul(tuple(factors))


def _from_product(expr: Any) -> Expr:
    coefficient, rest = expr.as_coeff_Mul()
    # Written as a person would: the sign in front, what is below the line together in one denominator.
    above: list[Expr] = []
    below: list[Expr] = []
    negative = coefficient.is_negative
    size = -coefficient if negative else coefficient
    if isinstance(size, _sympy().Rational):
        if size.p != 1:
            above.append(number(int(size.p)))
        if size.q != 1:
            below.append(number(int(size.q)))
    else:
        above.append(_from(size))
    for factor in rest.as_ordered_factors():
        base, exponent = factor.as_base_exp()
        if exponent.is_Rational and exponent.is_negative and factor.is_Pow:
            below.append(_from(base**-exponent))
        else:
            above.append(_from(factor))
    value = Div(_product(above), _product(below)) if below else _product(above)
    return Neg(value) if negative else value


def _from_power(expr: Any) -> Expr:
    base, exponent = expr.base, expr.exp
    if exponent.is_Rational:
        if exponent.is_negative:
            return Div(ONE, _from(base**-exponent))
        return Pow(_from(base), Number(Fraction(int(exponent.p), int(exponent.q))))
    return Pow(_from(base), _from(exponent))


def _from_indexed(expr: Any) -> Expr:
    return Indexed(str(expr.base.label), _all_from(expr.indices))


def _from_step(expr: Any) -> Expr:
    if len(expr.args) == 2 and expr.args[1] != _sympy().S.Half:
        raise ValueError(f"no expression here for SymPy's Heaviside with a value at 0 of its own: {expr}")
    return Func("step", (_from(expr.args[0]),))


def _from_piecewise(expr: Any) -> Expr:
    true = _sympy().true
    return Cases(
        tuple(
            (_from(value), Otherwise() if when is true or when == true else _from_condition(when))
            for value, when in expr.args
        )
    )


def _from_big_operator(expr: Any) -> Expr:
    sp = _sympy()
    body = expr.function
    kind = Sum if isinstance(expr, sp.Sum) else Product
    used = {str(symbol) for symbol in expr.free_symbols}
    limits: list[tuple[str, Expr, Expr]] = []
    for limit in expr.limits:
        if len(limit) != 3:
            raise ValueError(f"no sum or product here without bounds: {expr}")
        index, lower, upper = limit
        if isinstance(index, sp.Dummy):
            named = sp.Symbol(fresh_name(index.name, used), real=True)
            body, index = body.xreplace({index: named}), named
        limits.append((str(index), _from(lower), _from(upper)))
    result = _from(body)
    for index, lower, upper in limits:  # SymPy writes the innermost index first
        result = kind(result, index, lower, upper)
    return result


def _from_derivative(expr: Any) -> Expr:
    sp = _sympy()
    body, counts = expr.expr, expr.variable_count
    if isinstance(body, sp.core.function.AppliedUndef) and (orders := _orders(body.args, counts)):
        return Apply(body.func.__name__, _all_from(body.args), orders)
    result = _from(body)
    for variable, count in counts:
        if not count.is_Integer:
            raise ValueError(f"no derivative here of an order that is not a number: {expr}")
        result = Derivative(result, _from(variable), int(count), "d" if len(counts) == 1 else "partial")
    return result


def _orders(args: Any, counts: Any) -> tuple[int, ...] | None:
    """Derivatives by place, if each variable is one argument and is in no other."""
    orders = [0] * len(args)
    for variable, count in counts:
        places = [place for place, arg in enumerate(args) if arg.has(variable)]
        if len(places) != 1 or args[places[0]] != variable or not count.is_Integer:
            return None
        orders[places[0]] += int(count)
    return tuple(orders)


def _from_subs(expr: Any) -> Expr:
    sp = _sympy()
    derivative, variables, points = expr.expr, expr.variables, expr.point
    if isinstance(derivative, sp.Derivative) and isinstance(derivative.expr, sp.core.function.AppliedUndef):
        call = derivative.expr
        if orders := _orders(call.args, derivative.variable_count):
            at = dict(zip(variables, points, strict=True))
            return Apply(call.func.__name__, _all_from(arg.xreplace(at) for arg in call.args), orders)
    raise ValueError(f"no expression here for SymPy's Subs: {expr}")


def _from_condition(condition: Any) -> Condition:
    sp = _sympy()
    for op, name in _RELATIONS.items():
        if isinstance(condition, getattr(sp, name)):
            return Relation(_from(condition.lhs), op, _from(condition.rhs))
    if isinstance(condition, sp.And):
        return All(tuple(_from_condition(part) for part in condition.args))
    if isinstance(condition, sp.Or):
        return AnyOf(tuple(_from_condition(part) for part in condition.args))
    if isinstance(condition, sp.Not):
        return Not(_from_condition(condition.args[0]))
    raise ValueError(f"no condition here for SymPy's {type(condition).__name__}: {condition}")
