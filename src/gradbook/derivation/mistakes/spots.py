"""The places of a written line, and what would have to stand at each for the line to be right.

From the value that a line should have, the value that each part of it should have is worked back through sums,
products, quotients, powers and functions that can be undone. Where that is something simple (the part with another
sign, twice the part, its square, the part times something that stands in the definition), the mistake is found, and
with it the place and the corrected line, in whatever form the writer wrote it.

>>> from gradbook.symbolic.domain import Domain
>>> from gradbook.symbolic.expr import Symbol, TWO
>>> x = Symbol("x")
>>> points = Points((x,), Domain())
>>> line = Add((x, Mul((TWO, x))))
>>> [str(spot.node) for spot in spots(line, points.of(Mul((TWO, x))), points) if spot.ratio == -0.5]
[]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from gradbook.derivation.mistakes.values import Frame, Points, Values, same
from gradbook.symbolic.expr import (
    Add,
    Cases,
    Condition,
    Div,
    Expr,
    Func,
    Mul,
    Neg,
    Node,
    Pow,
    Sum,
    Symbol,
    free_names,
    rebuild,
    substitute,
)

#: What a part should be, lane by lane; None where it does not matter.
Needed = tuple[float | None, ...]

#: Where a part stands: the operands to go down by.
Path = tuple[int, ...]


class Role(Enum):
    """What a part is to the node that it is in."""

    WHOLE = "whole"
    TERM = "term"
    FACTOR = "factor"
    NEGATED = "negated"
    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    BASE = "base"
    EXPONENT = "exponent"
    ARGUMENT = "argument"
    BRANCH = "branch"
    SUMMAND = "summand"


@dataclass(frozen=True)
class Spot:
    """A part of a line, with its values and those that it needs."""

    node: Expr
    path: Path
    role: Role
    values: Values
    needed: Needed
    frame: Frame
    parents: tuple[Expr, ...]
    #: Stands inside an exponent, in the argument of a function, or in a denominator.
    inside: str = ""

    @cached_property
    def lanes(self) -> list[int]:
        """The lanes that matter."""
        return [k for k, r in enumerate(self.needed) if r is not None]

    @cached_property
    def ratios(self) -> list[float] | None:
        """What the part has to be multiplied by; None where it is zero."""
        found: list[float] = []
        for k in self.lanes:
            r, v = self.needed[k], self.values[k]
            assert r is not None
            if abs(v) < 1e-12:
                if abs(r) < 1e-12:
                    continue
                return None
            found.append(r / v)
        return found or None

    @cached_property
    def ratio(self) -> float | None:
        """The ratio, where it is the same in every lane."""
        found = self.ratios
        if found is None or len(found) < 2 or not all(same(r, found[0]) for r in found):
            return None
        return found[0]

    @cached_property
    def constant(self) -> float | None:
        """What the part should be, where that is the same number in every lane."""
        wanted = [r for r in self.needed if r is not None]
        return wanted[0] if len(wanted) > 1 and all(same(r, wanted[0]) for r in wanted) else None

    def meets(self, values: Values) -> bool:
        """Whether values are what is needed."""
        for k in self.lanes:
            r = self.needed[k]
            assert r is not None
            if not same(r, values[k]):
                return False
        return True

    def is_power(self, power: float) -> bool:
        """Whether a power of the part is what is needed."""
        for k in self.lanes:
            r, v = self.needed[k], self.values[k]
            assert r is not None
            try:
                raised = v**power if v > 0 or power.is_integer() else math.nan
            except (OverflowError, ZeroDivisionError):
                return False
            if not same(r, raised):
                return False
        return True


def put(tree: Expr, path: Path, part: Expr) -> Expr:
    """The tree with another part at a place.

    >>> x = Symbol("x")
    >>> put(Add((x, Neg(x))), (1, 0), Symbol("y"))
    Add(terms=(Symbol(name='x'), Neg(arg=Symbol(name='y'))))
    """
    if not path:
        return part
    place = -1

    def change(child: Node) -> Node:
        nonlocal place
        if isinstance(child, Condition):
            return child
        place += 1
        return put(child, path[1:], part) if place == path[0] and isinstance(child, Expr) else child

    result = rebuild(tree, change)
    assert isinstance(result, Expr)
    return result


@dataclass(frozen=True, slots=True)
class Opened:
    """A sum over an index with everything that stands before it taken inside."""

    body: Expr
    index: str


def opened(tree: Expr) -> Opened | None:
    """A multiple of a sum over an index as one sum; None if it is not one.

    >>> x = Symbol("x")
    >>> opened(Neg(Sum(x, "i"))).body
    Neg(arg=Symbol(name='x'))
    """
    match tree:
        case Sum(body, index):
            return Opened(body, index)
        case Neg(arg):
            inner = opened(arg)
            return None if inner is None else Opened(Neg(inner.body), inner.index)
        case Mul(factors):
            for k, factor in enumerate(factors):
                inner = opened(factor)
                if inner is not None and not any(
                    inner.index in free_names(f) for f in factors if f is not factor
                ):
                    return Opened(Mul((*factors[:k], inner.body, *factors[k + 1 :])), inner.index)
            return None
        case Div(num, den):
            inner = opened(num)
            return None if inner is None else Opened(Div(inner.body, den), inner.index)
        case _:
            return None


@dataclass
class _Search:
    """One walk down a line."""

    points: Points
    #: The right answer as one sum, where it is one.
    target: Opened | None = None
    #: Of a right answer that is such a sum and more: the sum, and what the rest of the line has to be.
    among: tuple[tuple[Opened, Values], ...] = ()
    found: list[Spot] = field(default_factory=list[Spot])

    def visit(
        self,
        node: Expr,
        path: Path,
        role: Role,
        needed: Needed,
        frame: Frame,
        parents: tuple[Expr, ...],
        inside: str,
        scale: Values | None,
    ) -> None:
        """Notes a part and goes on to its own parts; ``scale`` is what stands before it in a linear way."""
        values = self.points.values(node, frame)
        self.found.append(Spot(node, path, role, values, needed, frame, parents, inside))
        above = (*parents, node)

        def go(k: int, part: Expr, role: Role, need: Needed, inside: str, scale: Values | None) -> None:
            if not any(r is not None and not math.isfinite(r) for r in need):
                self.visit(part, (*path, k), role, need, frame, above, inside, scale)

        def value(part: Expr) -> Values:
            return self.points.values(part, frame)

        match node:
            case Neg(arg):
                flipped = None if scale is None else tuple(-s for s in scale)
                go(0, arg, Role.NEGATED, _each(needed, lambda r, k: -r), inside, flipped)
            case Add(terms):
                for k, term in enumerate(terms):
                    column = value(term)
                    need = _each(needed, lambda r, j, c=column: r - (values[j] - c[j]))
                    go(k, term, Role.TERM, need, inside, self._sum_of_its_own(values, column, scale))
            case Mul(factors):
                columns = [value(f) for f in factors]
                for k, factor in enumerate(factors):
                    rest = tuple(
                        math.prod(c[j] for i, c in enumerate(columns) if i != k) for j in range(len(values))
                    )
                    scaled = None if scale is None else tuple(s * r for s, r in zip(scale, rest, strict=True))
                    go(
                        k,
                        factor,
                        Role.FACTOR,
                        _each(needed, lambda r, j, q=rest: _over(r, q[j])),
                        inside,
                        scaled,
                    )
            case Div(num, den):
                top, bottom = value(num), value(den)
                scaled = (
                    None if scale is None else tuple(_over(s, b) for s, b in zip(scale, bottom, strict=True))
                )
                go(0, num, Role.NUMERATOR, _each(needed, lambda r, j: r * bottom[j]), inside, scaled)
                need = _each(needed, lambda r, j: _over(top[j], r))
                go(1, den, Role.DENOMINATOR, need, "the denominator", None)
            case Pow(base, exponent):
                below, above_it = value(base), value(exponent)
                go(
                    0,
                    base,
                    Role.BASE,
                    _each(needed, lambda r, j: _root(r, above_it[j], below[j])),
                    inside,
                    None,
                )
                if any(v < 0 for v in below) and any(v > 0 for v in below):
                    # the sign of what is squared may change: tried as positive throughout too
                    go(
                        0,
                        base,
                        Role.BASE,
                        _each(needed, lambda r, j: _root(r, above_it[j], 1.0)),
                        inside,
                        None,
                    )
                need = _each(needed, lambda r, j: _exponent(r, below[j]))
                go(1, exponent, Role.EXPONENT, need, "the exponent", None)
            case Func(name, (u,)) if name in _UNDONE:
                column = value(u)
                undo = _UNDONE[name]
                where = "the exponent" if name == "exp" else f"the argument of {name}"
                role = Role.EXPONENT if name == "exp" else Role.ARGUMENT
                go(0, u, role, _each(needed, lambda r, j: undo(r, column[j])), where, None)
            case Cases(branches):
                chosen = self.points.chosen([c for _, c in branches], frame)
                sound = [
                    r is None or (c is not None and same(r, v))
                    for r, v, c in zip(needed, values, chosen, strict=True)
                ]
                for k, (part, _) in enumerate(branches):
                    if all(ok for ok, c in zip(sound, chosen, strict=True) if c != k):
                        need = tuple(r if chosen[j] == k else None for j, r in enumerate(needed))
                        go(k, part, Role.BRANCH, need, inside, scale)
            case Sum(body, index):
                self._under(node, body, index, path, needed, frame, above, scale)
            case _:
                pass

    def _sum_of_its_own(self, values: Values, column: Values, scale: Values | None) -> Values | None:
        """The scale of a term that stands for a sum in the right answer, where all the other terms are right."""
        if scale is None or any(s != 1.0 for s in scale):
            return None
        rest = tuple(v - c for v, c in zip(values, column, strict=True))
        for goal, wanted in self.among:
            if all(same(a, b) for a, b in zip(rest, wanted, strict=True)):
                self.target = goal
                return scale
        return None

    def _under(
        self,
        node: Sum,
        body: Expr,
        index: str,
        path: Path,
        needed: Needed,
        frame: Frame,
        above: tuple[Expr, ...],
        scale: Values | None,
    ) -> None:
        """Into a sum, if the right answer is a sum too: then it is right if it is so term by term."""
        if scale is None or self.target is None or frame is not self.points.frame:
            return
        inner = self.points.below(node, frame)
        goal = substitute(self.target.body, {Symbol(self.target.index): Symbol(index)})
        wanted = self.points.values(goal, inner)
        need = tuple(
            None if needed[owner] is None else _over(w, scale[owner])
            for w, owner in zip(wanted, inner.owners, strict=True)
        )
        if all(r is None or math.isfinite(r) for r in need):
            self.visit(body, (*path, 0), Role.SUMMAND, need, inner, above, "", None)


def spots(line: Expr, target: Values, points: Points, right: Expr | None = None) -> list[Spot]:
    """The parts of a line with what each should be for the line to have the values of ``target``.

    ``right`` is the tree that has these values; with it, sums are looked into.
    """
    search = _Search(points)
    if right is not None:
        search.target = opened(right)
        if isinstance(right, Add):
            sums = [(t, opened(t)) for t in right.terms]
            search.among = tuple(
                (goal, tuple(a - b for a, b in zip(target, points.of(t), strict=True)))
                for t, goal in sums
                if goal is not None
            )
    ones = (1.0,) * len(target)
    search.visit(line, (), Role.WHOLE, target, points.frame, (), "", ones)
    return search.found


def _each(needed: Needed, change: Callable[[float, int], float]) -> Needed:
    return tuple(None if r is None else change(r, k) for k, r in enumerate(needed))


def _over(a: float, b: float) -> float:
    return a / b if b else math.nan


def _root(r: float, exponent: float, base: float) -> float:
    try:
        if exponent == 0:
            return math.nan
        if r < 0:
            return -((-r) ** (1 / exponent)) if exponent.is_integer() and exponent % 2 else math.nan
        root = r ** (1 / exponent)
        return -root if base < 0 and exponent.is_integer() and exponent % 2 == 0 else root
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.nan


def _exponent(r: float, base: float) -> float:
    try:
        if base > 0 and r > 0:
            return math.log(r) / math.log(base)
        if base < 0 and r != 0:
            size = math.log(abs(r)) / math.log(-base)
            whole = round(size)
            return float(whole) if abs(size - whole) < 1e-9 and (whole % 2 == 1) == (r < 0) else math.nan
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    return math.nan


def _undo(function: Callable[[float], float]) -> Callable[[float, float], float]:
    def value(r: float, _: float) -> float:
        try:
            return function(r)
        except (ValueError, ZeroDivisionError, OverflowError):
            return math.nan

    return value


def _even(function: Callable[[float], float]) -> Callable[[float, float], float]:
    """The inverse of an even function, on the side where the argument is."""

    def value(r: float, before: float) -> float:
        try:
            return math.copysign(function(r), before)
        except (ValueError, ZeroDivisionError, OverflowError):
            return math.nan

    return value


#: How functions are undone: from the value that is needed and the argument that stands there.
_UNDONE: dict[str, Callable[[float, float], float]] = {
    "exp": _undo(math.log),
    "log": _undo(math.exp),
    "sinh": _undo(math.asinh),
    "cosh": _even(math.acosh),
    "tanh": _undo(math.atanh),
    "sech": _even(lambda r: math.acosh(1 / r)),
    "sigmoid": _undo(lambda r: math.log(r / (1 - r))),
    "softplus": _undo(lambda r: math.log(math.exp(r) - 1)),
    "atan": _undo(math.tan),
    "asin": _undo(math.sin),
    "abs": _even(lambda r: r if r >= 0 else math.nan),
}
