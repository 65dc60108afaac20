"""Trees in one line of text, for a terminal."""

from __future__ import annotations

import re
import unicodedata
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
from gradbook.symbolic.printing.parts import (
    Binding,
    chained,
    decimal,
    ends_open,
    joined,
    points_of,
    sign_of,
    signed_terms,
    whole,
)

_TEXT_OP = {Op.EQ: "=", Op.NE: "≠", Op.LT: "<", Op.LE: "≤", Op.GT: ">", Op.GE: "≥"}
_TEXT_FUNCTION = {"log": "ln", "sigmoid": "σ", "relu": "ReLU", "trace": "tr"}
_TEXT_BARS = {"abs": ("|", "|"), "norm": ("‖", "‖"), "norm1": ("‖", "‖₁")}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_COMMANDS = {
    "ell": "ℓ", "nabla": "∇", "partial": "∂", "infty": "∞", "cdot": "·", "top": "⊤", "ast": "*", "star": "⋆",
    "prime": "′", "dagger": "†", "hbar": "ℏ", "varepsilon": "ε", "epsilon": "ϵ", "varphi": "φ", "phi": "ϕ",
    "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς", "lambda": "λ", "Lambda": "Λ",
}  # fmt: skip
_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "tilde": "\u0303",
            "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308"}  # fmt: skip

_ACCENTED = re.compile(rf"\\({'|'.join(_ACCENTS)})\s*(?:\{{(\\[A-Za-z]+|.)\}}|(\\[A-Za-z]+|[^\s{{\\]))")
_STYLED = re.compile(r"\\(?:math|text|bold|oper|bm|rm|bf)[A-Za-z]*\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)[ ]?")
_SCRIPT = re.compile(r"([_^])\{(\w+)\}")


def _text_name(latex: str) -> str:
    r"""A LaTeX name for a terminal.

    >>> [_text_name(n) for n in (r"\theta", r"w_{11-1}", r"\hat{y}_{i}", r"\mathrm{inp}_{1}")]
    ['θ', 'w_{11-1}', 'ŷ_i', 'inp_1']
    """
    name = _STYLED.sub(r"\1", latex)
    name = _ACCENTED.sub(lambda m: (m[2] or m[3]) + _ACCENTS[m[1]], name)
    name = _COMMAND.sub(lambda m: _command(m[1]), name)
    name = _SCRIPT.sub(r"\1\2", name)
    # A name comes from somebody's document: it must not move the cursor of somebody's terminal.
    return "".join(char for char in unicodedata.normalize("NFC", name) if char.isprintable())


def _command(name: str) -> str:
    if name in _COMMANDS:
        return _COMMANDS[name]
    case = "SMALL" if name[0].islower() else "CAPITAL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return name


def to_text(node: Node) -> str:
    r"""An expression or a condition in one line, for a terminal.

    >>> to_text(Derivative(Pow(Symbol(r"\theta"), Number(Fraction(2))), Symbol(r"\theta"), 1, "partial"))
    '∂/∂θ[θ²]'
    >>> to_text(Sum(Indexed("x", (Symbol("i"),)), "i", Number(Fraction(1)), Symbol("n")))
    'Σ_{i=1..n} x_i'
    """
    if isinstance(node, Condition):
        return _text_condition(node)
    assert isinstance(node, Expr)
    return _text(node)


def _text_binding(node: Expr) -> Binding:
    match node:
        case Add() | Neg():
            return Binding.TERM
        case Number():
            if node.value < 0:
                return Binding.TERM
            return Binding.PRODUCT if decimal(node) is None else Binding.ATOM
        case Mul() | Div() | Sum() | Product() | Derivative() | Func("hadamard"):
            return Binding.PRODUCT
        case Pow() | Func("transpose"):
            return Binding.FACTOR
        case _:
            return Binding.ATOM


def _text_at(node: Expr, binding: Binding) -> str:
    text = _text(node)
    return text if _text_binding(node) >= binding else f"({text})"


def _text(node: Expr) -> str:
    match node:
        case Number():
            return _text_number(node)
        case Constant(name):
            return "π" if name == "pi" else name
        case Symbol(name):
            return _text_name(name)
        case Indexed(base, indices):
            return _text_name(base) + _text_indices(indices)
        case Delta(left, right):
            return "δ" + _text_indices((left, right))
        case Add():
            return joined([(neg, _text_at(part, Binding.PRODUCT)) for neg, part in signed_terms(node)])
        case Neg(arg):
            return "-" + _text_at(arg, Binding.PRODUCT)
        case Mul(factors):
            parts = [_text_at(factor, Binding.FACTOR) for factor in factors]
            if ends_open(node):
                parts[-1] = _text(factors[-1])
            return "·".join(parts) or "1"
        case Div(num, den):
            plain = isinstance(num, Mul) and not ends_open(num)
            top = _text(num) if plain else _text_at(num, Binding.FACTOR)
            return f"{top}/{_text_at(den, Binding.FACTOR)}"
        case Pow(base, exponent):
            return _text_power(base, exponent)
        case Func(name, args):
            return _text_function(name, args)
        case Apply():
            return _text_apply(node)
        case Derivative():
            return _text_derivative(node)
        case Sum() | Product():
            return _text_big_operator(node)
        case Cases(branches):
            return "{" + "; ".join(f"{_text(value)} {_text_branch(when)}" for value, when in branches) + "}"
        case At():
            body, points = points_of(node)
            where = ", ".join(f"{_text(variable)} = {_text(value)}" for variable, value in points)
            return f"{_text_at(body, Binding.FACTOR)}|({where})"
        case _:
            raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")


def _text_number(node: Number) -> str:
    literal = decimal(node)
    if literal is None:
        literal = f"{whole(abs(node.value.numerator))}/{whole(node.value.denominator)}"
    return ("-" if node.value < 0 else "") + literal


def _text_indices(indices: tuple[Expr, ...]) -> str:
    parts = [_text(index) for index in indices]
    if len(parts) == 1 and parts[0].isalnum():
        return "_" + parts[0]
    if all(len(part) == 1 and part.isalpha() for part in parts):
        return "_" + "".join(parts)
    return f"_{{{','.join(parts)}}}"


def _text_power(base: Expr, exponent: Expr) -> str:
    negative, size = sign_of(exponent)
    if isinstance(size, Number) and size.value.denominator == 1 and not size.decimals:
        script = ("-" if negative else "") + _text_number(size)
        return _text_at(base, Binding.ATOM) + script.translate(_SUPERSCRIPTS)
    if isinstance(exponent, Number) and exponent.value == Fraction(1, 2) and decimal(exponent) is None:
        return "√" + _text_at(base, Binding.ATOM)
    return f"{_text_at(base, Binding.ATOM)}^{_text_at(exponent, Binding.ATOM)}"


def _text_function(name: str, args: tuple[Expr, ...]) -> str:
    match name, args:
        case (("abs" | "norm" | "norm1"), (arg,)):
            left, right = _TEXT_BARS[name]
            return f"{left}{_text(arg)}{right}"
        case "transpose", (arg,):
            return _text_at(arg, Binding.ATOM) + "ᵀ"
        case "dot", (a, b):
            return f"⟨{_text(a)}, {_text(b)}⟩"
        case "hadamard", (a, b):
            return f"{_text_at(a, Binding.FACTOR)} ⊙ {_text_at(b, Binding.FACTOR)}"
        case _:
            return _TEXT_FUNCTION.get(name, name) + _text_arguments(args)


def _text_arguments(args: tuple[Expr, ...]) -> str:
    return f"({', '.join(_text(arg) for arg in args)})"


def _text_apply(node: Apply) -> str:
    name, orders = _text_name(node.name), node.orders
    if any(orders):
        primes = len(orders) == 1 and orders[0] <= 3
        name += "'" * orders[0] if primes else f"^({','.join(map(str, orders))})"
    return name + _text_arguments(node.args)


def _text_derivative(node: Derivative) -> str:
    wrt, body = _text_at(node.wrt, Binding.ATOM), _text(node.body)
    if node.variant == "nabla" and node.order == 1:
        return f"∇_{wrt}[{body}]"
    sign = "d" if node.variant in ("d", "dot") else "∂"
    power = str(node.order).translate(_SUPERSCRIPTS) if node.order != 1 else ""
    return f"{sign}{power}/{sign}{wrt}{power}[{body}]"


def _text_big_operator(node: Sum | Product) -> str:
    sign = "Σ" if isinstance(node, Sum) else "Π"
    index, lower, upper = _text_name(node.index), node.lower, node.upper
    below = index
    if lower is not None:
        below += f"={_text(lower)}"
    if upper is not None:
        below += f"..{_text(upper)}" if lower is not None else f"≤{_text(upper)}"
    if isinstance(node, Sum) and node.excluded is not None:
        apart = f"{index}≠{_text(node.excluded)}"
        below = apart if below == index else f"{below}, {apart}"
    below = below if below.isalnum() else f"{{{below}}}"
    return f"{sign}_{below} {_text_at(node.body, Binding.PRODUCT)}"


def _text_branch(condition: Condition) -> str:
    text = _text_condition(condition)
    return text if isinstance(condition, Otherwise) else f"if {text}"


def _text_condition(condition: Condition) -> str:
    match condition:
        case Relation(left, op, right):
            return f"{_text(left)} {_TEXT_OP[op]} {_text(right)}"
        case All(parts):
            if chain := chained(parts):
                links = [f" {_TEXT_OP[link.op]} {_text(link.right)}" for link in chain]
                return _text(chain[0].left) + "".join(links)
            return " and ".join(_text_inner_condition(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_text_inner_condition(part) for part in parts)
        case Not(part):
            return f"not ({_text_condition(part)})"
        case Otherwise():
            return "otherwise"
        case _:
            raise ValueError(f"expected a condition of gradbook.symbolic.expr, got {condition!r}")


def _text_inner_condition(part: Condition) -> str:
    text = _text_condition(part)
    return f"({text})" if isinstance(part, All | AnyOf) else text
