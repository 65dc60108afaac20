r"""The familiar form of a result: the identities that bring it there, each an equation that is shown.

An identity gives an exponential (or a quotient of hyperbolic functions) another name, sigma or tanh or the
function itself; the algebra is then done over that name. It is taken where the result is shorter to write.

>>> from gradbook.derivation.steps import Definition
>>> from gradbook.symbolic import to_text
>>> x = Symbol("x")
>>> e = Func("exp", (Neg(x),))
>>> slope = Div(e, Pow(Add((ONE, e)), TWO))
>>> [(name, to_text(after)) for name, after, _ in familiar(slope, Definition("f", (x,), Div(ONE, Add((ONE, e)))))]
[('the function itself', 'f(x)·(1 - f(x))')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from flint import fmpz_mpoly

from gradbook.derivation.algebra import Algebra, exponent_of, simplify, weight
from gradbook.derivation.steps import Definition
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Cases,
    Condition,
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
    Sum,
    Symbol,
    children,
    rebuild,
    replace,
    substitute,
    walk,
)
from gradbook.symbolic.tidy import tidy

#: A form with its identity, both sides.
Form = tuple[str, Expr, tuple[Expr, Expr]]


def familiar(result: Expr, definition: Definition, *, itself: bool = True) -> Iterator[Form]:
    """The forms on the way to the familiar one, each shorter than the one before; none where there is none.

    ``itself``: the function may be written by its name.
    """
    identities = _IDENTITIES if itself else _IDENTITIES[1:]
    left = 4
    while left:
        left -= 1
        found = [form for candidates in identities for form in candidates(result, definition)]
        better = [form for form in found if _cost(form[1]) < _cost(result)]
        if not better:
            return
        best = min(better, key=lambda form: _cost(form[1]))
        yield best
        result = best[1]


def _cost(expr: Expr) -> int:
    """Weight, with exponentials counted as more than the functions that are named after them."""
    return weight(expr) + 2 * sum(
        isinstance(n, Func) and n.name in ("exp", "sinh", "cosh") for n in walk(expr)
    )


# --- exponentials with a name -------------------------------------------------------------------------


def _sigmoid(result: Expr, _: Definition) -> Iterator[Form]:
    """e^(-u) = (1 - s)/s with s = sigma(u)."""
    for u in _denominators(result):
        s = Func("sigmoid", (u,))
        odds = Div(s, Add((ONE, Neg(s))))
        after = _renamed(result, u, odds)
        if after is not None:
            yield "sigmoid", after, (s, Div(ONE, Add((ONE, Func("exp", (tidy(Neg(u)),))))))


def _tanh(result: Expr, _: Definition) -> Iterator[Form]:
    """e^(2u) = (1 + t)/(1 - t) with t = tanh(u)."""
    for u in _exponents(result):
        t = Func("tanh", (u,))
        ratio = Div(Add((ONE, t)), Add((ONE, Neg(t))))
        after = _renamed(result, Mul((TWO, u)), ratio)
        if after is not None:
            plus, minus = Func("exp", (u,)), Func("exp", (tidy(Neg(u)),))
            yield "tanh", after, (t, Div(Add((plus, Neg(minus))), Add((plus, minus))))


def _exponents(expr: Expr) -> list[Expr]:
    """What stands in exponentials, signs and whole factors apart."""
    found: dict[Expr, None] = {}
    for node in walk(expr):
        if isinstance(node, Func) and node.name == "exp":
            found[exponent_of(node.args[0])[0]] = None
    return list(found)


def _denominators(expr: Expr) -> list[Expr]:
    """The u for which 1 + e^u or 1 + e^-u stands in a denominator."""
    found: dict[Expr, None] = {}
    for node in walk(expr):
        if not isinstance(node, Div):
            continue
        for part in walk(node.den):
            match part:
                case Add((Number(one), Func("exp", (u,)))) | Add((Func("exp", (u,)), Number(one))) if (
                    one == 1
                ):
                    found[u.arg if isinstance(u, Neg) else u] = None
                case _:
                    continue
    return list(found)


def _renamed(expr: Expr, u: Expr, value: Expr) -> Expr | None:
    """The expression with e^u written as ``value``, in lowest terms; None if some e^u is left, or a root."""
    core, _ = exponent_of(u)
    renamed = _over(expr, u, value, lambda node: isinstance(node, Func) and node.name != "exp")
    if renamed == expr:
        return None
    after = simplify(renamed)
    left = any(
        isinstance(n, Func) and n.name == "exp" and exponent_of(n.args[0])[0] == core for n in _plain(after)
    )
    rooted = any(
        isinstance(n, Pow)
        and isinstance(n.exponent, Number)
        and n.exponent.value.denominator == 2
        and any(m in walk(value) for m in walk(n.base) if isinstance(m, Func))
        for n in walk(after)
    )
    return None if left or rooted else after


def _over(expr: Expr, u: Expr, value: Expr, leave: Callable[[Node], bool]) -> Expr:
    """The expression with whole powers of e^u written as powers of ``value``; what ``leave`` says of stays as it is."""
    core, power = exponent_of(u)

    def visit(node: Node) -> Node:
        if leave(node):
            return node
        node = rebuild(node, visit)
        if isinstance(node, Func) and node.name == "exp":
            inner, count = exponent_of(node.args[0])
            if inner == core and count % power == 0:
                return Pow(value, Number(ONE.value * (count // power)))
        return node

    return cast(Expr, visit(expr))


def _plain(expr: Expr) -> Iterator[Node]:
    """The parts of an expression, the arguments of functions apart."""
    stack: list[Node] = [expr]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Func):
            stack.extend(children(node))


def _quotients(result: Expr, _: Definition) -> Iterator[Form]:
    """sinh/cosh = tanh, sin/cos = tan."""
    for top, bottom, name in (("sinh", "cosh", "tanh"), ("sin", "cos", "tan")):
        for u in {n.args[0]: None for n in walk(result) if isinstance(n, Func) and n.name == top}:
            over, under, whole = (Func(f, (u,)) for f in (top, bottom, name))
            after = simplify(cast(Expr, replace(result, {over: Mul((whole, under))})))
            if not any(n in (over, under) for n in walk(after)):
                yield name, after, (whole, Div(over, under))


def _squares(result: Expr, _: Definition) -> Iterator[Form]:
    """sin^2 + cos^2 = 1 and cosh^2 - sinh^2 = 1."""
    for first, second, sign in (("sin", "cos", 1), ("cosh", "sinh", -1)):
        for u in {n.args[0]: None for n in walk(result) if isinstance(n, Func) and n.name in (first, second)}:
            a, b = (Pow(Func(f, (u,)), TWO) for f in (first, second))
            for square, other in (
                (a, Add((ONE, Neg(b) if sign > 0 else b))),
                (b, Add((ONE, Neg(a))) if sign > 0 else Add((a, Neg(ONE)))),
            ):
                after = simplify(cast(Expr, replace(result, {square: other})))
                if after != result:
                    total = Add((a, b if sign > 0 else Neg(b)))
                    yield "sum of squares", after, (total, ONE)


# --- the function itself -----------------------------------------------------------------------------------


def _itself(result: Expr, definition: Definition) -> Iterator[Form]:
    """What the definition makes of one exponential, put in: f = 1/(1 + g) gives g = (1 - f)/f."""
    body = definition.body
    if isinstance(body, Cases | Sum) or isinstance(definition.head, Symbol):
        return
    for generator in {n: None for n in walk(body) if isinstance(n, Func) and n.name == "exp"}:
        solved = _solved(body, generator, definition.head)
        if solved is None:
            continue
        after = _put_in(result, *solved, definition)
        if after is not None and definition.head in walk(after):
            yield "the function itself", after, (definition.head, body)


def _solved(body: Expr, generator: Func, head: Expr) -> tuple[Func, Expr] | None:
    """The generator, or its square, in terms of the function, where the body is (a g + b)/(c g + d)."""
    stand_in, variable = Symbol("\\0f"), Symbol("\\0g")
    # a sum over an index is one quantity here
    over = _over(body, generator.args[0], variable, lambda node: isinstance(node, Sum | Derivative))
    algebra = Algebra.of(over, stand_in, variable)
    try:
        num, den = algebra.quotient(over)
    except (BoundHit, ZeroDivisionError):
        return None
    place = algebra.atoms.index(variable)
    degrees = {int(e[place]) for poly in (num, den) for e in poly.to_dict()} - {0}
    if degrees not in ({1}, {2}):
        return None
    (degree,) = degrees
    (b, a), (d, c) = (_linear(algebra, poly, place) for poly in (num, den))
    f = algebra.generators[stand_in]
    top, bottom = f * d - b, a - f * c
    if bottom.is_zero() or top.is_zero():
        return None
    common = top.gcd(bottom)
    found = algebra.factored((top // common, bottom // common))
    squared = Func("exp", (tidy(Mul((Number(ONE.value * degree), generator.args[0]))),))
    return squared, cast(Expr, replace(found, {stand_in: head}))


def _linear(algebra: Algebra, poly: fmpz_mpoly, place: int) -> tuple[fmpz_mpoly, fmpz_mpoly]:
    """The parts of a polynomial without and with a generator, of which it has only one power."""
    parts = [algebra.context.constant(0), algebra.context.constant(0)]
    for exponents, coefficient in poly.to_dict().items():
        degree = int(exponents[place] > 0)
        rest = tuple(0 if k == place else e for k, e in enumerate(exponents))
        parts[degree] += algebra.context.from_dict({rest: coefficient})
    return parts[0], parts[1]


def _put_in(result: Expr, generator: Func, solved: Expr, definition: Definition) -> Expr | None:
    """The result over the function; of a component, at every index that the result mentions."""
    pairs = [(generator, solved)]
    if definition.indices:
        index = definition.indices[0]
        others = {
            n.indices[0]: None
            for n in _outside_sums(result)
            if isinstance(n, Indexed) and n.indices and n.indices[0] != index
        }
        pairs += [
            (cast(Func, substitute(generator, {index: o})), cast(Expr, substitute(solved, {index: o})))
            for o in others
        ]
    changed = result
    for g, value in pairs:
        changed = _over(changed, g.args[0], value, lambda node: isinstance(node, Sum | Condition))
    if changed == result:
        return None
    after = simplify(changed)
    core = exponent_of(generator.args[0])[0]
    if any(
        isinstance(n, Func) and n.name == "exp" and exponent_of(n.args[0])[0] == core for n in walk(after)
    ):
        return None
    return after


def _outside_sums(expr: Expr) -> Iterator[Node]:
    stack: list[Node] = [expr]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Sum):
            stack.extend(children(node))


_IDENTITIES: tuple[Callable[[Expr, Definition], Iterator[Form]], ...] = (
    _itself, _sigmoid, _tanh, _quotients, _squares,
)  # fmt: skip
