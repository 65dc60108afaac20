"""Trees in the syntax that is read here: plain ASCII, one line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

from gradbook.symbolic.digits import literal, signed, whole
from gradbook.symbolic.expr import (
    HALF,
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
    walk,
)
from gradbook.symbolic.plain.names import (
    USUAL_INDICES,
    USUAL_VARIABLES,
    Name,
    Usage,
    function_of,
    is_known,
    name_of,
)
from gradbook.symbolic.plain.tokens import WORDS

_ACCENTED = re.compile(r"\\(hat|bar|tilde)\{([^{}]*)\}")
_VARIANTS = {"partial": "partial", "nabla": "nabla"}


class _Binding(IntEnum):
    VALUE = 0
    TERM = 1
    PRODUCT = 2
    FACTOR = 3
    ATOM = 4


@dataclass(slots=True)
class _Names:
    """What decides how a tree's names can be typed so that they are read as the same names."""

    bound: frozenset[str] = frozenset()
    double: set[str] = field(default_factory=set[str])
    #: Names that stand without arguments, and as functions.
    bare: set[str] = field(default_factory=set[str])


def write(node: Node) -> str:
    r"""An expression or a condition as ``read`` and ``read_condition`` read it.

    A canonical tree comes back as it is, any other as mathematics of the same value.

    >>> from gradbook.symbolic.expr import number
    >>> write(Pow(Func("tanh", (Symbol(r"\theta"),)), number(2)))
    'tanh(theta)^2'
    >>> write(Symbol(r"x^{(1)}"))
    '`x^{(1)}`'
    """
    nodes = walk(node)
    names = _Names(
        frozenset(part.index for part in nodes if isinstance(part, Sum | Product)),
        {part.base for part in nodes if isinstance(part, Indexed) and len(part.indices) == 2},
        {part.name for part in nodes if isinstance(part, Symbol)}
        | {part.base for part in nodes if isinstance(part, Indexed)},
    )
    writer = _Writer(names)
    return writer.condition(node) if isinstance(node, Condition) else writer.at(node, _Binding.VALUE)


class _Writer:
    def __init__(self, names: _Names) -> None:
        self.names = names

    # --- names --------------------------------------------------------------------------------

    def typed(self, latex: str) -> str | None:
        """How a name without indices is typed; None if only backquotes say it."""
        stem, _, label = latex.partition("_{")
        accents: list[str] = []
        while found := _ACCENTED.fullmatch(stem):
            accents.insert(0, found[1])
            stem = found[2]
        stem = stem.removeprefix("\\text{").removesuffix("}") if stem.startswith("\\text{") else stem
        label = label.removesuffix("}")
        text = "_".join([stem.removeprefix("\\"), *accents])
        script = None
        if label.removeprefix("\\").isalnum():
            text += "_" + label.removeprefix("\\")
        elif label:
            script = label
        for usage in (Usage(), Usage(self.names.bound, self.names.double)):
            try:
                name = name_of(text, script, usage)
            except ValueError:
                return None
            if name != Name(latex):
                return None
        reserved = is_known(text.partition("_")[0]) or text in WORDS or text in ("e", "pi")
        spread = latex.startswith("\\text{") and set(text) <= self.names.bare
        return None if reserved or spread else text + ("" if script is None else f"_{{{script}}}")

    def name(self, latex: str) -> str:
        """A name without indices."""
        return self.typed(latex) or _verbatim(latex)

    def indexed(self, base: str, indices: tuple[Expr, ...]) -> str:
        """A component: ``x_i`` where that is read so, else ``x[t]``."""
        texts = [self.at(index, _Binding.VALUE) for index in indices]
        typed = self.typed(base)
        short = (
            typed is not None
            and "_" not in typed
            and len(texts) <= 2
            and all(len(text) == 1 and (text.isdecimal() or text in USUAL_INDICES) for text in texts)
            and (len(texts) == 1 or (base != r"\delta" and not "".join(texts).isdecimal()))
        )
        if short:
            return f"{typed}_{''.join(texts)}"
        return f"{typed or _verbatim(base)}[{', '.join(texts)}]"

    # --- expressions --------------------------------------------------------------------------

    def at(self, node: Node, binding: _Binding) -> str:
        """An expression, in brackets if it holds together less than is asked."""
        assert isinstance(node, Expr)
        text = self.expr(node)
        return text if _binding(node) >= binding else f"({text})"

    def list(self, parts: tuple[Expr, ...]) -> str:
        """Values between commas."""
        return ", ".join(self.at(part, _Binding.VALUE) for part in parts)

    def expr(self, node: Expr) -> str:
        """An expression without brackets around it."""
        match node:
            case Number():
                return _number(node)
            case Constant(name):
                return name
            case Symbol(name):
                return self.name(name)
            case Indexed(base, indices):
                return self.indexed(base, indices)
            case Delta(left, right):
                return f"delta({self.list((left, right))})"
            case Add(terms):
                return self._sum(terms)
            case Neg(arg):
                return "-" + self.at(arg, _Binding.PRODUCT)
            case Mul(factors):
                return "*".join(self.at(factor, _Binding.FACTOR) for factor in factors) or "1"
            case Div(num, den):
                above = self.at(num, _Binding.PRODUCT if isinstance(num, Mul | Div) else _Binding.FACTOR)
                return f"{above}/{self.at(den, _Binding.FACTOR)}"
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Func(name, args):
                return f"{name}({self.list(args)})"
            case Apply():
                return self._apply(node)
            case Derivative(body, wrt, order, variant):
                times = f", {order}" if order != 1 else ""
                return f"{_VARIANTS.get(variant, 'diff')}({self.list((body, wrt))}{times})"
            case Sum() | Product():
                return self._big_operator(node)
            case At(body, variable, value):
                inner = f"{self.at(variable, _Binding.TERM)} = {self.at(value, _Binding.VALUE)}"
                return f"at({self.at(body, _Binding.VALUE)}, {inner})"
            case Cases(branches):
                return self._cases(branches)
            case _:
                raise ValueError(f"expected an expression of gradbook.symbolic.expr, got {node!r}")

    def _sum(self, terms: tuple[Expr, ...]) -> str:
        text = ""
        for term in terms:
            negative, size = signed(term)
            sign = (" - " if negative else " + ") if text else ("-" if negative else "")
            text += sign + self.at(size, _Binding.PRODUCT)
        return text or "0"

    def _power(self, base: Expr, exponent: Expr) -> str:
        if _is_half(exponent):
            return f"sqrt({self.at(base, _Binding.VALUE)})"
        raised = self.at(exponent, _Binding.ATOM)
        if exponent == Symbol("T"):
            raised = "(T)"  # not a transpose
        return f"{self.at(base, _Binding.ATOM)}^{raised}"

    def _apply(self, node: Apply) -> str:
        name, args, orders = node.name, node.args, node.orders
        family = name.endswith("_{}") and bool(args)
        indexed = (
            family and not any(orders[:1]) and (len(args) == 1 or not orders or sum(orders) <= MAX_PRIMES)
        )
        if indexed and not (orders and (orders[1:2] != (sum(orders),))):
            head = self._function_name(name.removesuffix("_{}")) + f"[{self.list(args[:1])}]"
            args, orders = args[1:], orders[1:2]
        else:
            head = self._function_name(name)
        if len(orders) == 1 and orders[0] <= MAX_PRIMES:
            head += "'" * orders[0]
        elif any(orders):
            head += f"^{{({','.join(map(str, orders))})}}"
        return f"{head}({self.list(args)})"

    def _function_name(self, latex: str) -> str:
        if function_of(latex) == latex:
            return latex  # the derivative of a known function, as in tanh'(x)
        stem, _, label = latex.partition("_{")
        typed = self.typed(latex)
        if typed is None and label[:-1].isdecimal() and (letter := self.typed(stem)) is not None:
            typed = f"{letter}_{label[:-1]}"
        # a name that stands alone too, or usually does, is read as a factor before a bracket
        if (
            typed is None
            or stem in USUAL_VARIABLES
            or stem in (r"\sigma", r"\delta")
            or not self.names.bare.isdisjoint((stem, latex))
        ):
            return _verbatim(latex)
        return typed

    def _big_operator(self, node: Sum | Product) -> str:
        sign = "sum" if isinstance(node, Sum) else "prod"
        excluded = node.excluded if isinstance(node, Sum) else None
        body, index = self.at(node.body, _Binding.VALUE), self.name(node.index)
        index = _verbatim(node.index) if "_" in index else index
        lower = "" if node.lower is None else self.at(node.lower, _Binding.TERM)
        upper = "" if node.upper is None else self.at(node.upper, _Binding.TERM)
        if excluded is None and bool(lower) == bool(upper):
            return f"{sign}({', '.join([body, index, *([lower, upper] if lower else [])])})"
        within = f" in {lower}..{upper}" if lower or upper else ""
        apart = ""
        if excluded is not None:
            mark = f" != {self.at(excluded, _Binding.TERM)}"
            apart = f" if {index}{mark}" if within else mark
        return f"{sign}({body} for {index}{within}{apart})"

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...]) -> str:
        parts: list[str] = []
        for place, (value, when) in enumerate(branches):
            text = self.at(value, _Binding.TERM)
            last = place == len(branches) - 1
            if not (last and place and isinstance(when, Otherwise)):
                text += f" if {self.condition(when)}"
            parts.append(text)
        return " else ".join(parts)

    # --- conditions ---------------------------------------------------------------------------

    def condition(self, condition: Condition) -> str:
        """A condition."""
        match condition:
            case Relation(left, op, right):
                return f"{self.at(left, _Binding.TERM)} {op.value} {self.at(right, _Binding.TERM)}"
            case All(parts):
                relations = [part for part in parts if isinstance(part, Relation)]
                linked = all(a.right == b.left for a, b in pairwise(relations))
                if len(relations) == len(parts) > 1 and linked:
                    links = [f" {link.op.value} {self.at(link.right, _Binding.TERM)}" for link in relations]
                    return self.at(relations[0].left, _Binding.TERM) + "".join(links)
                return " and ".join(map(self._inner_condition, parts)) or "0 = 0"
            case AnyOf(parts):
                return " or ".join(map(self._inner_condition, parts)) or "0 != 0"
            case Not(part):
                text = self.condition(part)
                return f"not {text}" if isinstance(part, Relation | Otherwise) else f"not ({text})"
            case Otherwise():
                return "otherwise"
            case _:
                raise ValueError(f"expected a condition of gradbook.symbolic.expr, got {condition!r}")

    def _inner_condition(self, part: Condition) -> str:
        text = self.condition(part)
        return f"({text})" if isinstance(part, All | AnyOf) else text


#: Most derivatives that are written as primes.
MAX_PRIMES = 3


def _verbatim(latex: str) -> str:
    """A name as LaTeX spells it; one from somebody's document must not move the cursor of a terminal."""
    return f"`{''.join(char for char in latex if char.isprintable() and char != '`')}`"


def _binding(node: Expr) -> _Binding:
    match node:
        case Cases():
            return _Binding.VALUE
        case Add() | Neg():
            return _Binding.TERM
        case Number():
            if node.value < 0:
                return _Binding.TERM
            return _Binding.PRODUCT if literal(node) is None else _Binding.ATOM
        case Mul() | Div():
            return _Binding.PRODUCT
        case Pow(_, exponent):
            return _Binding.ATOM if _is_half(exponent) else _Binding.FACTOR
        case _:
            return _Binding.ATOM


def _is_half(exponent: Expr) -> bool:
    """Whether a power is a square root, and is not written with 0.5."""
    return isinstance(exponent, Number) and exponent == HALF and literal(exponent) is None


def _number(node: Number) -> str:
    digits = literal(node)
    if digits is None:
        digits = f"{whole(abs(node.value.numerator))}/{whole(node.value.denominator)}"
    return ("-" if node.value < 0 else "") + digits
