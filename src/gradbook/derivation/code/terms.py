"""Python expressions with their precedence, and the assignments that name what is used twice.

>>> x = atom("x")
>>> call("np.exp", binary("-", x, atom("y")), hint="power").text
'np.exp(x - y)'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from gradbook.derivation.code.names import Names

#: Longest line of generated code before parts of it get names of their own.
_WIDTH = 88


class Binding(IntEnum):
    """How tightly the outermost operator of a Python expression binds."""

    COMPARE = 1
    OR = 2
    AND = 3
    SUM = 4
    PRODUCT = 5
    SIGN = 6
    POWER = 7
    ATOM = 8


@dataclass(frozen=True, slots=True)
class Term:
    """An expression: text with places for others, and how tightly each has to bind there."""

    pattern: str
    parts: tuple[Term, ...] = ()
    needs: tuple[Binding, ...] = ()
    binding: Binding = Binding.ATOM
    #: What to call it where it gets a name.
    hint: str = "term"

    @property
    def text(self) -> str:
        """The expression written out."""
        return self.written({})

    def written(self, named: dict[Term, str]) -> str:
        """The expression with some of its parts written by their names."""
        if self in named:
            return named[self]
        return self.spelled(named)

    def spelled(self, named: dict[Term, str]) -> str:
        """The expression itself spelled out, its parts by their names where they have one."""
        inside: list[str] = []
        for part, need in zip(self.parts, self.needs, strict=True):
            text = part.written(named)
            inside.append(f"({text})" if part.binding < need and part not in named else text)
        return self.pattern.format(*inside)


def atom(text: str, hint: str = "term") -> Term:
    """A name or a number."""
    return Term(text.replace("{", "{{").replace("}", "}}"), hint=hint)


def call(function: str, *args: Term, hint: str = "term", more: str = "") -> Term:
    """A call; ``more`` is what follows the arguments."""
    places = ", ".join(["{}"] * len(args))
    return Term(f"{function}({places}{more})", args, (Binding.COMPARE,) * len(args), Binding.ATOM, hint)


_OPERATORS = {
    "+": (Binding.SUM, Binding.SUM, Binding.PRODUCT),
    "-": (Binding.SUM, Binding.SUM, Binding.PRODUCT),
    "*": (Binding.PRODUCT, Binding.PRODUCT, Binding.SIGN),
    "/": (Binding.PRODUCT, Binding.PRODUCT, Binding.SIGN),
    "**": (Binding.POWER, Binding.ATOM, Binding.POWER),
    "|": (Binding.OR, Binding.OR, Binding.AND),
    "&": (Binding.AND, Binding.AND, Binding.SUM),
}
_HINTS = {"+": "total", "-": "difference", "*": "product", "/": "quotient", "**": "power"}


def binary(operator: str, left: Term, right: Term, hint: str = "") -> Term:
    """Two expressions joined by an operator."""
    outer, *needs = _OPERATORS[operator]
    if operator == "*" and not (left.parts or right.parts) and f"{left.text}{right.text}".isidentifier():
        hint = hint or f"{left.text}_{right.text}".strip("_")
    if operator == "/" and right.hint == "scale":
        hint = hint or "scaled"
    return Term(
        f"{{}} {operator} {{}}", (left, right), tuple(needs), outer, hint or _HINTS.get(operator, "mask")
    )


def compared(operator: str, left: Term, right: Term) -> Term:
    """A comparison, which is put in brackets wherever it is joined to another."""
    return Term(f"{{}} {operator} {{}}", (left, right), (Binding.OR, Binding.OR), Binding.COMPARE, "inside")


def prefixed(operator: str, arg: Term) -> Term:
    """``-arg`` or ``~arg``."""
    return Term(f"{operator}{{}}", (arg,), (Binding.SIGN,), Binding.SIGN, arg.hint)


def negated(arg: Term) -> Term:
    """``-arg``; the sign of a product stands before its first factor."""
    if arg.binding is Binding.PRODUCT:
        return Term("-{}", (arg,), (Binding.PRODUCT,), Binding.SUM, arg.hint)
    return prefixed("-", arg)


def subscripted(arg: Term, places: str) -> Term:
    """``arg[...]``."""
    return Term(f"{{}}[{places}]", (arg,), (Binding.ATOM,), Binding.ATOM, arg.hint)


def assignments(roots: Sequence[Term], names: Names) -> tuple[list[str], list[str]]:
    """Lines that name the parts used twice or too long for a line, and the roots written with those names."""
    uses: dict[Term, int] = {}
    order: list[Term] = []

    def count(term: Term) -> None:
        uses[term] = uses.get(term, 0) + 1
        if uses[term] > 1:
            return
        for part in term.parts:
            count(part)
        order.append(term)  # parts first

    for root in roots:
        count(root)
    named: dict[Term, str] = {}
    lines: list[str] = []

    def name(term: Term) -> None:
        spelled = _fitting(term)
        named[term] = names.fresh(term.hint)
        lines.append(f"{named[term]} = {spelled}")

    def _fitting(term: Term) -> str:
        while len(text := term.spelled(named)) > _WIDTH:
            longest = max(_inner(term, named), key=lambda t: len(t.written(named)), default=None)
            if longest is None:
                break
            name(longest)
        return text

    for term in order:
        if uses[term] > 1 and term.parts and not _trivial(term):
            name(term)
    return lines, _rest(roots, named, _fitting)


def _rest(roots: Sequence[Term], named: dict[Term, str], fitting: object) -> list[str]:
    return [named[r] if r in named else fitting(r) for r in roots]  # type: ignore[operator]


def _trivial(term: Term) -> bool:
    """Whether a part is written again rather than named: a name, a sign, a comparison with another axis."""
    return not term.parts or (
        len(term.parts) == 1 and not term.parts[0].parts and term.binding in (Binding.SIGN,)
    )


def _inner(term: Term, named: dict[Term, str]) -> list[Term]:
    """The parts of an expression that could get names to make it shorter."""
    found: list[Term] = []
    stack = list(term.parts)
    while stack:
        part = stack.pop()
        if part in named or not part.parts:
            continue
        if part.binding is not Binding.COMPARE and len(part.written(named)) < _WIDTH * 0.75:
            found.append(part)
        else:
            stack += part.parts
    return [t for t in found if len(t.written(named)) > 16]
