r"""Gradients by a whole vector: the rules that differ from those by a number.

The variable is a vector and what is differentiated a number, so the gradient is a vector. Sums, factors,
products, quotients, powers and functions of numbers go by the rules of :mod:`gradbook.derivation.rules`.

>>> from gradbook.symbolic.expr import Symbol
>>> from gradbook.symbolic import to_text
>>> f, y = Symbol("f"), Symbol("y")
>>> to_text(gradient_of_norm(Func("norm", (Add((f, Neg(y))),)), f))
'(f - y)/‖f - y‖'
"""

from __future__ import annotations

from collections.abc import Callable

from gradbook.derivation.rules import Rule, is_constant
from gradbook.symbolic.expr import TWO, Add, Div, Expr, Func, Mul, Neg, Pow

_Slope = Callable[[Expr], Expr]


def sign_in(vector: Expr, wrt: Expr) -> int:
    """1 if a vector is the variable plus something constant, -1 if that is subtracted, else 0."""
    match vector:
        case Neg(arg):
            return -sign_in(arg, wrt)
        case Add(terms):
            moving = [t for t in terms if not is_constant(t, wrt)]
            return sign_in(moving[0], wrt) if len(moving) == 1 else 0
        case _:
            return int(vector == wrt)


def gradient_of_norm(body: Expr, wrt: Expr) -> Expr | None:
    r"""$\nabla_f \|f - a\| = \frac{f - a}{\|f - a\|}$ where $f \ne a$."""
    match body:
        case Func("norm", (u,)) if sign := sign_in(u, wrt):
            return Div(u if sign > 0 else Neg(u), body)
        case _:
            return None


def gradient_of_squared_norm(body: Expr, wrt: Expr) -> Expr | None:
    r"""$\nabla_f \|f - a\|^2 = 2 (f - a)$."""
    match body:
        case Pow(Func("norm", (u,)), exponent) if exponent == TWO and (sign := sign_in(u, wrt)):
            outer = Mul((TWO, u))
            return outer if sign > 0 else Neg(outer)
        case _:
            return None


def gradient_of_inner_product(body: Expr, wrt: Expr) -> Expr | None:
    r"""$\nabla_f \langle a, f \rangle = a$ and $\nabla_f \langle f, f \rangle = 2 f$."""
    match body:
        case Func("dot", (a, b)) if a == wrt and b == wrt:
            return Mul((TWO, wrt))
        case Func("dot", (a, b)) if b == wrt and is_constant(a, wrt):
            return a
        case Func("dot", (a, b)) if a == wrt and is_constant(b, wrt):
            return b
        case _:
            return None


def _rule(name: str, formula: str, gradient: Callable[[Expr, Expr], Expr | None]) -> Rule:
    def rewriting(body: Expr, wrt: Expr, slope: _Slope) -> Expr | None:
        return gradient(body, wrt)

    rewriting.__doc__ = gradient.__doc__
    return Rule(name, formula, rewriting)


VECTOR_RULES: tuple[Rule, ...] = (
    _rule("squared norm", r"\nabla_f \|f - a\|^2 = 2 (f - a)", gradient_of_squared_norm),
    _rule("norm", r"\nabla_f \|f - a\| = \frac{f - a}{\|f - a\|}", gradient_of_norm),
    _rule("inner product", r"\nabla_f \langle a, f \rangle = a", gradient_of_inner_product),
)
