"""Trees in LaTeX."""

from __future__ import annotations

from fractions import Fraction

from gradbook.symbolic.expr import (
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
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
)
from gradbook.symbolic.printing.parts import Binding, chained, decimal, joined, points_of, signed_terms, whole

_LATEX_OP = {Op.EQ: "=", Op.NE: r"\ne", Op.LT: "<", Op.LE: r"\le", Op.GT: ">", Op.GE: r"\ge"}

_LATEX_FUNCTION = {
    **{name: "\\" + name for name in (
        "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "max", "min",
    )},
    "log": r"\ln", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "sigmoid": r"\sigma",
    "asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}", "atanh": r"\operatorname{artanh}",
    "relu": r"\operatorname{ReLU}", "trace": r"\operatorname{tr}",
}  # fmt: skip

#: Functions whose powers are written tanh^2(x).
_RAISED = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth"})

_DOTS = {1: r"\dot", 2: r"\ddot"}

#: Functions written as a pair of bars, which bracket their argument themselves.
_LATEX_BARS = {
    "abs": (r"\left|", r"\right|"),
    "norm": (r"\left\|", r"\right\|"),
    "norm1": (r"\left\|", r"\right\|_{1}"),
}


def to_latex(node: Node) -> str:
    r"""An expression or a condition in LaTeX.

    >>> print(to_latex(Pow(Func("tanh", (Symbol("x"),)), Number(Fraction(2)))))
    \tanh^{2}(x)
    >>> print(to_latex(Relation(Symbol(r"\theta"), Op.LE, Number(Fraction(0)))))
    \theta \le 0
    """
    if isinstance(node, Condition):
        return _latex_condition(node)
    assert isinstance(node, Expr)
    return _latex(node)


def _latex_binding(node: Expr) -> Binding:
    match node:
        case Add() | Neg():
            return Binding.TERM
        case Number():
            if node.value < 0:
                return Binding.TERM
            return Binding.FACTOR if decimal(node) is None else Binding.ATOM
        case Mul() | Sum() | Product() | Func("hadamard"):
            return Binding.PRODUCT
        case Func(name):
            return Binding.ATOM if name in _LATEX_BARS else Binding.FACTOR
        case Symbol(name) | Indexed(name):
            # A name with a superscript or a prime of its own cannot take an exponent: TeX refuses two.
            return Binding.FACTOR if _has_superscript(name) else Binding.ATOM
        case Constant() | Delta():
            return Binding.ATOM
        case _:
            return Binding.FACTOR


def _has_superscript(name: str) -> bool:
    depth = 0
    for char in name:
        depth += (char == "{") - (char == "}")
        if depth == 0 and char in "^'":
            return True
    return False


def _latex_at(node: Expr, binding: Binding) -> str:
    text = _latex(node)
    return text if _latex_binding(node) >= binding else _bracketed(text)


def _latex(node: Expr) -> str:
    match node:
        case Number():
            return _latex_number(node)
        case Constant(name):
            return r"\pi" if name == "pi" else name
        case Symbol(name):
            return name
        case Indexed(base, indices):
            return f"{base}_{{{_latex_indices(indices)}}}"
        case Delta(left, right):
            return rf"\delta_{{{_latex_indices((left, right))}}}"
        case Add():
            return joined([(neg, _latex_at(part, Binding.PRODUCT)) for neg, part in signed_terms(node)])
        case Neg(arg):
            return "-" + _latex_at(arg, Binding.PRODUCT)
        case Mul(factors):
            return _latex_product(factors)
        case Div(num, den):
            return rf"\frac{{{_latex(num)}}}{{{_latex(den)}}}"
        case Pow(base, exponent):
            return _latex_power(base, exponent)
        case Func(name, args):
            return _latex_function(name, args)
        case Apply():
            return _latex_apply(node)
        case Derivative():
            return _latex_derivative(node)
        case Sum() | Product():
            return _latex_big_operator(node)
        case Cases(branches):
            rows = r" \\ ".join(f"{_latex(value)} & {_latex_branch(when)}" for value, when in branches)
            return rf"\begin{{cases}} {rows} \end{{cases}}"
        case At():
            body, points = points_of(node)
            where = ", ".join(f"{_latex(variable)} = {_latex(value)}" for variable, value in points)
            return rf"\left.{_latex(body)}\right|_{{{where}}}"
        case _:
            raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")


def _latex_number(node: Number) -> str:
    sign = "-" if node.value < 0 else ""
    literal = decimal(node)
    return sign + (literal if literal is not None else _latex_fraction(abs(node.value)))


def _latex_fraction(value: Fraction) -> str:
    return rf"\frac{{{whole(value.numerator)}}}{{{whole(value.denominator)}}}"


def _latex_indices(indices: tuple[Expr, ...]) -> str:
    parts = [_latex(index) for index in indices]
    # x_{12} is component twelve, so only letters may stand side by side.
    run_together = all(len(part) == 1 and part.isalpha() for part in parts)
    return ("" if run_together else ",").join(parts)


def _latex_product(factors: tuple[Expr, ...]) -> str:
    if not factors:
        return "1"
    parts: list[str] = []
    for place, factor in enumerate(factors):
        last = place == len(factors) - 1
        open_ended = last and isinstance(factor, Sum | Product)
        text = _latex(factor) if open_ended else _latex_at(factor, Binding.FACTOR)
        if place:
            parts.append(r" \cdot " if _needs_dot(factors[place - 1], factor, text) else " ")
        parts.append(text)
    return "".join(parts)


def _needs_dot(before: Expr, after: Expr, text: str) -> bool:
    """Would the two, side by side, read as one number, a mixed number or a function's application?"""
    if text[:1].isdigit():
        return True
    if text.startswith((r"\left(", "(")):
        return _could_be_function(before)
    match before, after:
        case Number(), (Number() | Div(Number(), Number())):
            return True
        case _:
            return False


def _could_be_function(node: Expr) -> bool:
    match node:
        case Symbol() | Indexed() | Constant() | Delta():
            return True
        case Pow(base, Number(value)) if value.denominator != 1 and value.numerator == 1:
            return False  # a root: its sign covers the base
        case Pow(base):
            return _could_be_function(base)
        case Func("transpose", (arg,)):
            return _could_be_function(arg)
        case _:
            return False


def _latex_power(base: Expr, exponent: Expr) -> str:
    if isinstance(exponent, Number) and decimal(exponent) is None:
        value = exponent.value
        if value.numerator == 1:
            degree = "" if value.denominator == 2 else f"[{whole(value.denominator)}]"
            return rf"\sqrt{degree}{{{_latex(base)}}}"
        return f"{_latex_at(base, Binding.ATOM)}^{{{_latex(exponent)}}}"
    match base, exponent:
        case Func(name, args), Number(value) if name in _RAISED and value >= 2:
            return f"{_LATEX_FUNCTION[name]}^{{{_latex(exponent)}}}{_latex_arguments(args)}"
        case _:
            return f"{_latex_at(base, Binding.ATOM)}^{{{_latex(exponent)}}}"


def _latex_function(name: str, args: tuple[Expr, ...]) -> str:
    match name, args:
        case "exp", (arg,):
            return f"e^{{{_latex(arg)}}}"
        case (("abs" | "norm" | "norm1"), (arg,)):
            left, right = _LATEX_BARS[name]
            return f"{left}{_latex(arg)}{right}"
        case "transpose", (arg,):
            return rf"{_latex_at(arg, Binding.ATOM)}^{{\top}}"
        case "dot", (a, b):
            return rf"\left\langle {_latex(a)}, {_latex(b)}\right\rangle"
        case "hadamard", (a, b):
            left = _latex(a) if isinstance(a, Func) else _latex_at(a, Binding.FACTOR)  # binds to the left
            return rf"{left} \odot {_latex_at(b, Binding.FACTOR)}"
        case _:
            sign = _LATEX_FUNCTION.get(name, rf"\operatorname{{{name}}}")
            return sign + _latex_arguments(args)


def _latex_arguments(args: tuple[Expr, ...]) -> str:
    return _bracketed(", ".join(_latex(arg) for arg in args))


#: What is taller than a line, so that brackets round it have to grow.
_TALL = (r"\frac", r"\sum", r"\prod", r"\begin", r"\sqrt", r"\left", r"\nabla", "^{\\frac")


def _bracketed(text: str) -> str:
    """The text in brackets, which grow where there is something tall in them."""
    return rf"\left({text}\right)" if any(tall in text for tall in _TALL) else f"({text})"


def _latex_apply(node: Apply) -> str:
    name, orders = node.name, node.orders
    if any(orders):
        if _has_superscript(name):
            name = f"{{{name}}}"
        primes = len(orders) == 1 and orders[0] <= 3
        name += "'" * orders[0] if primes else f"^{{({','.join(map(str, orders))})}}"
    return name + _latex_arguments(node.args)


def _latex_derivative(node: Derivative) -> str:
    body, order = node.body, node.order
    if node.variant == "dot" and order in (1, 2) and node.wrt == Symbol("t") and isinstance(body, Symbol):
        return f"{_DOTS[order]}{{{body.name}}}"
    if node.variant == "nabla" and order == 1:
        return rf"\nabla_{{{_latex(node.wrt)}}}\left[{_latex(body)}\right]"
    sign = "d" if node.variant in ("d", "dot") else r"\partial"
    gap = " " if sign == r"\partial" else ""
    power = f"^{{{order}}}" if order != 1 else ""
    wrt = _latex_at(node.wrt, Binding.ATOM if power else Binding.FACTOR)
    return rf"\frac{{{sign}{power}}}{{{sign}{gap}{wrt}{power}}}\left[{_latex(body)}\right]"


def _latex_big_operator(node: Sum | Product) -> str:
    sign = r"\sum" if isinstance(node, Sum) else r"\prod"
    below = node.index if node.lower is None else f"{node.index}={_latex(node.lower)}"
    if isinstance(node, Sum) and node.excluded is not None:
        apart = rf"{node.index} \ne {_latex(node.excluded)}"
        below = apart if node.lower is None else f"{below}, {apart}"
    above = "" if node.upper is None else f"^{{{_latex(node.upper)}}}"
    return f"{sign}_{{{below}}}{above} {_latex_at(node.body, Binding.PRODUCT)}"


def _latex_branch(condition: Condition) -> str:
    text = _latex_condition(condition)
    return text if isinstance(condition, Otherwise) else rf"\text{{if }} {text}"


def _latex_condition(condition: Condition) -> str:
    match condition:
        case Relation(left, op, right):
            return f"{_latex(left)} {_LATEX_OP[op]} {_latex(right)}"
        case All(parts):
            if chain := chained(parts):
                links = [f" {_LATEX_OP[link.op]} {_latex(link.right)}" for link in chain]
                return _latex(chain[0].left) + "".join(links)
            return r" \text{ and } ".join(_latex_inner_condition(part) for part in parts)
        case AnyOf(parts):
            return r" \text{ or } ".join(_latex_inner_condition(part) for part in parts)
        case Not(part):
            return rf"\lnot {_bracketed(_latex_condition(part))}"
        case Otherwise():
            return r"\text{otherwise}"
        case _:
            raise ValueError(f"expected a condition of gradbook.symbolic.expr, got {condition!r}")


def _latex_inner_condition(part: Condition) -> str:
    text = _latex_condition(part)
    return _bracketed(text) if isinstance(part, All | AnyOf) else text
