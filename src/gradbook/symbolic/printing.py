r"""Trees back to mathematics: LaTeX for pages, one line of text for terminals.

>>> from gradbook.symbolic.expr import HALF, TWO
>>> x, y = Symbol("x"), Symbol("y")
>>> tree = Mul((TWO, Add((x, Neg(Pow(y, HALF))))))
>>> print(to_latex(tree))
2 \left(x - \sqrt{y}\right)
>>> print(to_text(tree))
2·(x - √y)

**Written form.** LaTeX has as few brackets as a precedence parser needs to give the same tree back.
That holds for the trees that a parser produces, which are called canonical. A tree is canonical if

- its numbers are not negative (``-2`` is ``Neg`` of ``2``), and are whole or decimal; a fraction is a
  ``Div``. One exception: a rational exponent, where it is the whole exponent, is a ``Number`` and not
  a ``Div`` of whole numbers: ``x^{\frac{2}{3}}``, ``\sqrt{x}``, ``\sqrt[3]{x}``;
- ``Add`` and ``Mul`` have two or more parts. Parts of the same kind are allowed and keep brackets:
  ``a + \left(b + c\right)``, ``a \cdot \left(b c\right)`` (with a dot: ``a`` is not applied);
- ``-a b`` is ``Neg(Mul)``, ``-x^{2}`` is ``Neg(Pow)``; a negative factor keeps brackets;
- a power of e is ``Func("exp", …)``, not ``Pow(E, …)``;
- a big operator takes the product after it and ends at ``+`` or ``-``: ``\sum_{i} x_{i} y + b`` is
  ``Add((Sum(Mul((x_i, y))), b))``. As a factor it keeps brackets unless it is the last one;
- ``Func("hadamard", …)`` binds like a product and to the left; beside another product it keeps brackets;
- ``Apply.orders`` is empty when nothing is differentiated;
- ``All`` and ``AnyOf`` have two or more parts; ``a < b < c`` is ``All((a < b, b < c))``;
- its names are not something else too: no symbol is called ``e``, ``\pi``, ``d`` or ``\partial``, no
  exponent is ``T`` or ``\top``, no component has the base ``\delta``, no product of symbols reads as the
  name of one, and no name is a symbol in one place and a function in another;
- an index is a symbol, a number, or a sum or difference of those.

Any other tree is printed too, as mathematics of the same value. Printing recurses: whoever builds
trees from untrusted text bounds their depth first.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from fractions import Fraction
from itertools import pairwise

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


class _Binding(IntEnum):
    """How tightly a printed node holds together; brackets go round whatever is too loose."""

    TERM = 0
    PRODUCT = 1
    FACTOR = 2
    ATOM = 3


# --- what both forms share --------------------------------------------------------------------


def _whole(value: int) -> str:
    """Digits of any whole number; Python's ``str`` refuses to write more than 4300 at once."""
    if value < 0:
        return "-" + _whole(-value)
    if value.bit_length() < 13_000:
        return str(value)
    places = value.bit_length() * 30103 // 200_000
    head, tail = divmod(value, 10**places)
    return _whole(head) + _whole(tail).rjust(places, "0")


def _decimal(number: Number) -> str | None:
    """The literal of a number that is whole, or that its decimals hold exactly; None for a fraction."""
    value = abs(number.value)
    if number.decimals:
        scaled = value * 10**number.decimals
        if scaled.denominator == 1:
            digits = _whole(scaled.numerator).rjust(number.decimals + 1, "0")
            return f"{digits[: -number.decimals]}.{digits[-number.decimals :]}"
    return _whole(value.numerator) if value.denominator == 1 else None


def _terms(node: Add) -> list[tuple[bool, Expr]]:
    """The terms as (subtracted, what is added or subtracted)."""
    return [_sign(term) for term in node.terms]


def _sign(term: Expr) -> tuple[bool, Expr]:
    match term:
        case Neg(arg):
            return True, arg
        case Number(value, decimals) if value < 0:
            return True, Number(-value, decimals)
        case _:
            return False, term


def _join_terms(signed: list[tuple[bool, str]]) -> str:
    if not signed:
        return "0"
    (negative, first), *rest = signed
    return ("-" if negative else "") + first + "".join(f" {'-' if neg else '+'} {s}" for neg, s in rest)


def _ends_open(node: Expr) -> bool:
    """Does a product end in a big operator, which would take in what is written after it?"""
    return isinstance(node, Mul) and bool(node.factors) and isinstance(node.factors[-1], Sum | Product)


def _chain(parts: tuple[Condition, ...]) -> list[Relation] | None:
    """Relations that can be written ``a < b < c``: each goes on where the one before it ended."""
    relations = [part for part in parts if isinstance(part, Relation)]
    if len(relations) != len(parts) or len(parts) < 2:
        return None
    linked = all(a.right == b.left for a, b in pairwise(relations))
    return relations if linked else None


# --- LaTeX ------------------------------------------------------------------------------------

_LATEX_OP = {Op.EQ: "=", Op.NE: r"\ne", Op.LT: "<", Op.LE: r"\le", Op.GT: ">", Op.GE: r"\ge"}

_LATEX_FUNCTION = {
    **{name: "\\" + name for name in (
        "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "max", "min",
    )},
    "log": r"\ln", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "sigmoid": r"\sigma",
    "asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}", "atanh": r"\operatorname{artanh}",
    "relu": r"\operatorname{ReLU}", "trace": r"\operatorname{tr}",
}  # fmt: skip

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
    \left(\tanh\left(x\right)\right)^{2}
    >>> print(to_latex(Relation(Symbol(r"\theta"), Op.LE, Number(Fraction(0)))))
    \theta \le 0
    """
    if isinstance(node, Condition):
        return _latex_condition(node)
    assert isinstance(node, Expr)
    return _latex(node)


def _latex_binding(node: Expr) -> _Binding:
    match node:
        case Add() | Neg():
            return _Binding.TERM
        case Number():
            if node.value < 0:
                return _Binding.TERM
            return _Binding.FACTOR if _decimal(node) is None else _Binding.ATOM
        case Mul() | Sum() | Product() | Func("hadamard"):
            return _Binding.PRODUCT
        case Func(name):
            return _Binding.ATOM if name in _LATEX_BARS else _Binding.FACTOR
        case Symbol(name) | Indexed(name):
            # A name with a superscript or a prime of its own cannot take an exponent: TeX refuses two.
            return _Binding.FACTOR if _has_superscript(name) else _Binding.ATOM
        case Constant() | Delta():
            return _Binding.ATOM
        case _:
            return _Binding.FACTOR


def _has_superscript(name: str) -> bool:
    depth = 0
    for char in name:
        depth += (char == "{") - (char == "}")
        if depth == 0 and char in "^'":
            return True
    return False


def _points(node: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """What is taken at given values, and the values in the order in which they are put in."""
    points: list[tuple[Expr, Expr]] = []
    while isinstance(node, At):
        points.append((node.variable, node.value))
        node = node.body
    return node, points[::-1]


def _latex_at(node: Expr, binding: _Binding) -> str:
    text = _latex(node)
    return text if _latex_binding(node) >= binding else rf"\left({text}\right)"


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
            return _join_terms([(neg, _latex_at(part, _Binding.PRODUCT)) for neg, part in _terms(node)])
        case Neg(arg):
            return "-" + _latex_at(arg, _Binding.PRODUCT)
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
            body, points = _points(node)
            where = ", ".join(f"{_latex(variable)} = {_latex(value)}" for variable, value in points)
            return rf"\left.{_latex(body)}\right|_{{{where}}}"
        case _:
            raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")


def _latex_number(node: Number) -> str:
    sign = "-" if node.value < 0 else ""
    literal = _decimal(node)
    return sign + (literal if literal is not None else _latex_fraction(abs(node.value)))


def _latex_fraction(value: Fraction) -> str:
    return rf"\frac{{{_whole(value.numerator)}}}{{{_whole(value.denominator)}}}"


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
        text = _latex(factor) if open_ended else _latex_at(factor, _Binding.FACTOR)
        if place:
            parts.append(r" \cdot " if _needs_dot(factors[place - 1], factor, text) else " ")
        parts.append(text)
    return "".join(parts)


def _needs_dot(before: Expr, after: Expr, text: str) -> bool:
    """Would the two, side by side, read as one number, a mixed number or a function's application?"""
    if text[:1].isdigit():
        return True
    if text.startswith(r"\left("):
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
    if isinstance(exponent, Number) and _decimal(exponent) is None:
        value = exponent.value
        if value.numerator == 1:
            degree = "" if value.denominator == 2 else f"[{_whole(value.denominator)}]"
            return rf"\sqrt{degree}{{{_latex(base)}}}"
    return f"{_latex_at(base, _Binding.ATOM)}^{{{_latex(exponent)}}}"


def _latex_function(name: str, args: tuple[Expr, ...]) -> str:
    match name, args:
        case "exp", (arg,):
            return f"e^{{{_latex(arg)}}}"
        case (("abs" | "norm" | "norm1"), (arg,)):
            left, right = _LATEX_BARS[name]
            return f"{left}{_latex(arg)}{right}"
        case "transpose", (arg,):
            return rf"{_latex_at(arg, _Binding.ATOM)}^{{\top}}"
        case "dot", (a, b):
            return rf"\left\langle {_latex(a)}, {_latex(b)}\right\rangle"
        case "hadamard", (a, b):
            left = _latex(a) if isinstance(a, Func) else _latex_at(a, _Binding.FACTOR)  # binds to the left
            return rf"{left} \odot {_latex_at(b, _Binding.FACTOR)}"
        case _:
            sign = _LATEX_FUNCTION.get(name, rf"\operatorname{{{name}}}")
            return sign + _latex_arguments(args)


def _latex_arguments(args: tuple[Expr, ...]) -> str:
    return rf"\left({', '.join(_latex(arg) for arg in args)}\right)"


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
    wrt = _latex_at(node.wrt, _Binding.ATOM if power else _Binding.FACTOR)
    return rf"\frac{{{sign}{power}}}{{{sign}{gap}{wrt}{power}}}\left[{_latex(body)}\right]"


def _latex_big_operator(node: Sum | Product) -> str:
    sign = r"\sum" if isinstance(node, Sum) else r"\prod"
    below = node.index if node.lower is None else f"{node.index}={_latex(node.lower)}"
    if isinstance(node, Sum) and node.excluded is not None:
        apart = rf"{node.index} \ne {_latex(node.excluded)}"
        below = apart if node.lower is None else f"{below}, {apart}"
    above = "" if node.upper is None else f"^{{{_latex(node.upper)}}}"
    return f"{sign}_{{{below}}}{above} {_latex_at(node.body, _Binding.PRODUCT)}"


def _latex_branch(condition: Condition) -> str:
    text = _latex_condition(condition)
    return text if isinstance(condition, Otherwise) else rf"\text{{if }} {text}"


def _latex_condition(condition: Condition) -> str:
    match condition:
        case Relation(left, op, right):
            return f"{_latex(left)} {_LATEX_OP[op]} {_latex(right)}"
        case All(parts):
            if chain := _chain(parts):
                links = [f" {_LATEX_OP[link.op]} {_latex(link.right)}" for link in chain]
                return _latex(chain[0].left) + "".join(links)
            return r" \text{ and } ".join(_latex_inner_condition(part) for part in parts)
        case AnyOf(parts):
            return r" \text{ or } ".join(_latex_inner_condition(part) for part in parts)
        case Not(part):
            return rf"\lnot \left({_latex_condition(part)}\right)"
        case Otherwise():
            return r"\text{otherwise}"
        case _:
            raise ValueError(f"expected a condition of gradbook.symbolic.expr, got {condition!r}")


def _latex_inner_condition(part: Condition) -> str:
    text = _latex_condition(part)
    return rf"\left({text}\right)" if isinstance(part, All | AnyOf) else text


# --- text -------------------------------------------------------------------------------------

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


def _text_binding(node: Expr) -> _Binding:
    match node:
        case Add() | Neg():
            return _Binding.TERM
        case Number():
            if node.value < 0:
                return _Binding.TERM
            return _Binding.PRODUCT if _decimal(node) is None else _Binding.ATOM
        case Mul() | Div() | Sum() | Product() | Derivative() | Func("hadamard"):
            return _Binding.PRODUCT
        case Pow() | Func("transpose"):
            return _Binding.FACTOR
        case _:
            return _Binding.ATOM


def _text_at(node: Expr, binding: _Binding) -> str:
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
            return _join_terms([(neg, _text_at(part, _Binding.PRODUCT)) for neg, part in _terms(node)])
        case Neg(arg):
            return "-" + _text_at(arg, _Binding.PRODUCT)
        case Mul(factors):
            parts = [_text_at(factor, _Binding.FACTOR) for factor in factors]
            if _ends_open(node):
                parts[-1] = _text(factors[-1])
            return "·".join(parts) or "1"
        case Div(num, den):
            plain = isinstance(num, Mul) and not _ends_open(num)
            top = _text(num) if plain else _text_at(num, _Binding.FACTOR)
            return f"{top}/{_text_at(den, _Binding.FACTOR)}"
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
            body, points = _points(node)
            where = ", ".join(f"{_text(variable)} = {_text(value)}" for variable, value in points)
            return f"{_text_at(body, _Binding.FACTOR)}|({where})"
        case _:
            raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")


def _text_number(node: Number) -> str:
    literal = _decimal(node)
    if literal is None:
        literal = f"{_whole(abs(node.value.numerator))}/{_whole(node.value.denominator)}"
    return ("-" if node.value < 0 else "") + literal


def _text_indices(indices: tuple[Expr, ...]) -> str:
    parts = [_text(index) for index in indices]
    if len(parts) == 1 and parts[0].isalnum():
        return "_" + parts[0]
    if all(len(part) == 1 and part.isalpha() for part in parts):
        return "_" + "".join(parts)
    return f"_{{{','.join(parts)}}}"


def _text_power(base: Expr, exponent: Expr) -> str:
    negative, size = _sign(exponent)
    if isinstance(size, Number) and size.value.denominator == 1 and not size.decimals:
        script = ("-" if negative else "") + _text_number(size)
        return _text_at(base, _Binding.ATOM) + script.translate(_SUPERSCRIPTS)
    if isinstance(exponent, Number) and exponent.value == Fraction(1, 2) and _decimal(exponent) is None:
        return "√" + _text_at(base, _Binding.ATOM)
    return f"{_text_at(base, _Binding.ATOM)}^{_text_at(exponent, _Binding.ATOM)}"


def _text_function(name: str, args: tuple[Expr, ...]) -> str:
    match name, args:
        case (("abs" | "norm" | "norm1"), (arg,)):
            left, right = _TEXT_BARS[name]
            return f"{left}{_text(arg)}{right}"
        case "transpose", (arg,):
            return _text_at(arg, _Binding.ATOM) + "ᵀ"
        case "dot", (a, b):
            return f"⟨{_text(a)}, {_text(b)}⟩"
        case "hadamard", (a, b):
            return f"{_text_at(a, _Binding.FACTOR)} ⊙ {_text_at(b, _Binding.FACTOR)}"
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
    wrt, body = _text_at(node.wrt, _Binding.ATOM), _text(node.body)
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
    return f"{sign}_{below} {_text_at(node.body, _Binding.PRODUCT)}"


def _text_branch(condition: Condition) -> str:
    text = _text_condition(condition)
    return text if isinstance(condition, Otherwise) else f"if {text}"


def _text_condition(condition: Condition) -> str:
    match condition:
        case Relation(left, op, right):
            return f"{_text(left)} {_TEXT_OP[op]} {_text(right)}"
        case All(parts):
            if chain := _chain(parts):
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
