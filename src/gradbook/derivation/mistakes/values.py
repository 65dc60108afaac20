"""Trees at a few points at once, in floating point: enough to tell most candidates apart, never to accept one.

A :class:`Frame` is a list of lanes, one for each point; under a sum each lane splits into one for each value of
the index. The values of a tree in a frame are worked out once, so a candidate that shares most of its parts with
the right answer costs only what is new in it.

>>> from gradbook.symbolic.expr import Add, Neg, Symbol
>>> x = Symbol("x")
>>> points = Points((x,), Domain())
>>> points.values(Add((x, Neg(x))), points.frame)[0]
0.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.derivative import NotDifferentiable, differentiate
from gradbook.symbolic.domain import Domain, solutions
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
    number,
    substitute,
    walk,
)
from gradbook.symbolic.sampling import Sampler

#: The values of a tree, one for each lane; not a number where there is none.
Values = tuple[float, ...]

NAN = math.nan

#: Points that are tried, and points that are kept; fewer where there are sums, under which each counts for several.
_TRIED, _TRIED_WITH_SUMS = 26, 15
_KEPT, _KEPT_WITH_SUMS = 7, 5

#: How many values an index has.
_SIZE = 2

#: Values are equal if they agree to this many parts.
TOLERANCE = 1e-8

#: Largest range of an index.
_RANGE = 12


class _At:
    """One point: the values of quantities, drawn when first asked for."""

    def __init__(self, sampler: Sampler, trial: int, known: Mapping[Expr, Expr]) -> None:
        self.draw = sampler.draw(trial, _SIZE + trial % 4 // 2)
        self.known = known
        self.found: dict[Expr, float] = {}

    def value(self, atom: Expr) -> float:
        found = self.found.get(atom)
        if found is None:
            found = self.found[atom] = float(self.draw(atom))
        return found

    def application(self, name: str, orders: tuple[int, ...], args: tuple[float, ...]) -> float:
        if any(a != a for a in args):
            return NAN
        rounded = tuple(number(Fraction(round(a, 9)).limit_denominator(10**9)) for a in args)
        return self.value(Apply(name, rounded, orders if any(orders) else ()))


@dataclass(eq=False, slots=True)
class Frame:
    """Lanes: a point and the values of the bound indices in each; ``owners`` are the lanes they come from."""

    lanes: tuple[tuple[_At, dict[str, int]], ...]
    owners: tuple[int, ...] = ()
    memo: dict[Node, Values] = field(default_factory=dict[Node, Values])
    inner: dict[tuple[str, Expr | None, Expr | None, Expr | None], Frame] = field(
        default_factory=dict[tuple[str, Expr | None, Expr | None, Expr | None], "Frame"]
    )


class Points:
    """A few points of a domain at which some trees have values, every branch of them among the points if possible.

    ``meaning`` gives the trees for which names of the writer stand.
    """

    def __init__(
        self,
        exprs: Iterable[Expr],
        domain: Domain,
        meaning: Mapping[Expr, Expr] | None = None,
    ) -> None:
        self.meaning = dict(meaning or {})
        exprs = tuple(exprs)
        sums = any(isinstance(n, Sum | Product) for e in exprs for n in walk(e))
        kept = _KEPT_WITH_SUMS if sums else _KEPT
        tried = _TRIED_WITH_SUMS if sums else _TRIED
        known = solutions(domain.equations)
        self.meaning.update({k: v for k, v in known.items() if k not in self.meaning})
        sampler = Sampler(domain, tuple(substitute(e, known) for e in exprs))
        lanes = tuple((_At(sampler, 13 + 2 * k, known), dict[str, int]()) for k in range(tried))
        everywhere = Frame(lanes)
        self.slopes: dict[Derivative, Expr] = {}
        self.frame = everywhere
        columns = [self.values(e, everywhere) for e in exprs]
        sound = [k for k in range(tried) if all(math.isfinite(c[k]) for c in columns)]
        for condition in domain.conditions:
            truth = self.truth(condition, everywhere)
            sound = [k for k in sound if truth[k] is not False]
        seams = [n for e in exprs for n in walk(e) if isinstance(n, Relation)]
        seams += [
            Relation(n.args[0], Op.GT, n.args[1] if len(n.args) > 1 else number(0))
            for e in exprs
            for n in walk(e)
            if isinstance(n, Func) and n.name in ("abs", "max", "min", "relu", "sign")
        ]
        sides = [self.truth(seam, everywhere) for seam in dict.fromkeys(seams)]
        chosen: list[int] = []
        seen: dict[tuple[bool | None, ...], int] = {}
        most = kept + 3 if sides else kept
        for k in sound:
            pattern = tuple(side[k] for side in sides)
            if seen.get(pattern, 0) < (3 if sides else kept) and len(chosen) < most:
                seen[pattern] = seen.get(pattern, 0) + 1
                chosen.append(k)
        if len(chosen) < kept:
            chosen += [k for k in sound if k not in chosen][: kept - len(chosen)]
        self.frame = Frame(tuple(lanes[k] for k in sorted(chosen)))

    @classmethod
    def fixed(cls, meaning: Mapping[Expr, Expr]) -> Points:
        """The one point at which every quantity has the value that it is given."""
        points = cls((), Domain(), meaning)
        points.frame = Frame(points.frame.lanes[:1])
        return points

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(self.frame.lanes)

    # --- trees --------------------------------------------------------------------------------------

    def of(self, expr: Expr) -> Values:
        """The values of a tree at the points."""
        return self.values(expr, self.frame)

    def values(self, expr: Expr, frame: Frame) -> Values:
        """The values of a tree in the lanes of a frame."""
        found = frame.memo.get(expr)
        if found is None:
            stands_for = self.meaning.get(expr)
            found = self._values(expr, frame) if stands_for is None else self.values(stands_for, frame)
            frame.memo[expr] = found
        return found

    def below(self, node: Sum | Product, frame: Frame) -> Frame:
        """The frame under a sum: each lane once for each value of the index."""
        excluded = node.excluded if isinstance(node, Sum) else None
        key = (node.index, node.lower, node.upper, excluded)
        found = frame.inner.get(key)
        if found is None:
            lows = self.values(node.lower, frame) if node.lower is not None else (1.0,) * len(frame.lanes)
            highs = (
                self.values(node.upper, frame)
                if node.upper is not None
                else tuple(low + _SIZE - 1 for low in lows)
            )
            out = self.values(excluded, frame) if excluded is not None else None
            lanes: list[tuple[_At, dict[str, int]]] = []
            owners: list[int] = []
            for k, (point, bound) in enumerate(frame.lanes):
                if not (math.isfinite(lows[k]) and math.isfinite(highs[k])) or highs[k] - lows[k] > _RANGE:
                    raise BoundHit("a long sum")
                for index in range(round(lows[k]), round(highs[k]) + 1):
                    if out is not None and index == round(out[k]):
                        continue
                    lanes.append((point, {**bound, node.index: index}))
                    owners.append(k)
            found = frame.inner[key] = Frame(tuple(lanes), tuple(owners))
        return found

    def _values(self, expr: Expr, frame: Frame) -> Values:
        match expr:
            case Number(value):
                return (float(value),) * len(frame.lanes)
            case Symbol(name):
                return tuple(
                    float(bound[name]) if name in bound else point.value(expr) for point, bound in frame.lanes
                )
            case Indexed(base, indices):
                columns = [self.values(i, frame) for i in indices]
                return tuple(
                    point.value(Indexed(base, tuple(number(round(c[k])) for c in columns)))
                    if all(math.isfinite(c[k]) for c in columns)
                    else NAN
                    for k, (point, _) in enumerate(frame.lanes)
                )
            case Apply(name, args, orders):
                columns = [self.values(a, frame) for a in args]
                return tuple(
                    point.application(name, orders, tuple(c[k] for c in columns))
                    for k, (point, _) in enumerate(frame.lanes)
                )
            case Sum(body) | Product(body):
                inner = self.below(expr, frame)
                return self.gathered(expr, self.values(body, inner), frame)
            case Cases(branches):
                parts = [self.values(value, frame) for value, _ in branches]
                return self.branched([c for _, c in branches], parts, frame)
            case Derivative():
                return self.values(self.slope(expr), frame)
            case At(body, variable, value):
                return self.values(substitute(self._worked(body), {variable: value}), frame)
            case Delta(left, right):
                a, b = self.values(left, frame), self.values(right, frame)
                return tuple(float(p == q) for p, q in zip(a, b, strict=True))
            case Constant(name):
                return ((math.pi if name == "pi" else math.e),) * len(frame.lanes)
            case _:
                parts = [self.values(a, frame) for a in operands(expr)]
                return operate(expr, parts) if parts else (NAN,) * len(frame.lanes)

    def slope(self, node: Derivative) -> Expr:
        """The right derivative, worked out once."""
        found = self.slopes.get(node)
        if found is None:
            body = self._worked(node.body)
            try:
                found = differentiate(body, node.wrt, node.order)
            except (NotDifferentiable, BoundHit):
                found = Func("undefined", ())
            self.slopes[node] = found
        return found

    def _worked(self, expr: Expr) -> Expr:
        from gradbook.symbolic.derivative import expand_derivatives

        return expand_derivatives(expr) if any(isinstance(n, Derivative) for n in walk(expr)) else expr

    @staticmethod
    def gathered(node: Sum | Product, values: Values, frame: Frame) -> Values:
        """What the lanes under a sum make in the frame that it stands in."""
        inner = frame.inner[
            (node.index, node.lower, node.upper, node.excluded if isinstance(node, Sum) else None)
        ]
        total = [0.0 if isinstance(node, Sum) else 1.0] * len(frame.lanes)
        if isinstance(node, Sum):
            for owner, value in zip(inner.owners, values, strict=True):
                total[owner] += value
        else:
            for owner, value in zip(inner.owners, values, strict=True):
                total[owner] *= value
        return tuple(total)

    # --- conditions ---------------------------------------------------------------------------------

    def branched(self, conditions: list[Condition], parts: list[Values], frame: Frame) -> Values:
        """The value of the first branch whose condition holds, in each lane."""
        chosen = self.chosen(conditions, frame)
        return tuple(parts[c][k] if c is not None else NAN for k, c in enumerate(chosen))

    def chosen(self, conditions: list[Condition], frame: Frame) -> list[int | None]:
        """Which branch holds in each lane; None if none does, or that cannot be told."""
        truths = [self.truth(c, frame) for c in conditions]
        found: list[int | None] = []
        for k in range(len(frame.lanes)):
            found.append(next((b for b, truth in enumerate(truths) if truth[k] is not False), None))
            at = found[-1]
            if at is not None and truths[at][k] is None:
                found[-1] = None
        return found

    def truth(self, condition: Condition, frame: Frame) -> tuple[bool | None, ...]:
        """Whether a condition holds in each lane; None on a seam."""
        lanes = range(len(frame.lanes))
        match condition:
            case Relation(left, op, right):
                a, b = self.values(left, frame), self.values(right, frame)
                return tuple(_compare(op, p, q) for p, q in zip(a, b, strict=True))
            case All(parts):
                columns = [self.truth(p, frame) for p in parts]
                return tuple(
                    None if any(c[k] is None for c in columns) else all(c[k] for c in columns) for k in lanes
                )
            case AnyOf(parts):
                columns = [self.truth(p, frame) for p in parts]
                return tuple(
                    None if any(c[k] is None for c in columns) else any(c[k] for c in columns) for k in lanes
                )
            case Not(part):
                return tuple(None if t is None else not t for t in self.truth(part, frame))
            case Otherwise():
                return (True,) * len(frame.lanes)
            case _:
                return (None,) * len(frame.lanes)


def _compare(op: Op, a: float, b: float) -> bool | None:
    if not (math.isfinite(a) and math.isfinite(b)):
        return None
    near = abs(a - b) <= 1e-12 * (1 + abs(a) + abs(b))
    match op:
        case Op.EQ:
            return near
        case Op.NE:
            return not near
        case Op.LT | Op.LE:
            return (op is Op.LE) if near and float(a).is_integer() else None if near else a < b
        case Op.GT | Op.GE:
            return (op is Op.GE) if near and float(a).is_integer() else None if near else a > b


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The parts of a node of arithmetic, in order."""
    match expr:
        case Add(parts) | Mul(parts) | Func(_, parts):
            return parts
        case Neg(arg):
            return (arg,)
        case Div(a, b) | Pow(a, b):
            return (a, b)
        case _:
            return ()


def operate(expr: Expr, parts: list[Values]) -> Values:
    """The values of a node of arithmetic, from those of its parts."""
    match expr:
        case Add():
            return tuple(map(sum, zip(*parts, strict=True)))
        case Mul():
            return tuple(map(math.prod, zip(*parts, strict=True)))
        case Neg():
            return tuple(-v for v in parts[0])
        case Div():
            return tuple(a / b if b else NAN for a, b in zip(*parts, strict=True))
        case Pow(_, exponent):
            odd = isinstance(exponent, Number) and exponent.value.denominator % 2 == 1
            return tuple(_power(a, b, odd) for a, b in zip(*parts, strict=True))
        case Func("max"):
            return tuple(map(max, zip(*parts, strict=True)))
        case Func("min"):
            return tuple(map(min, zip(*parts, strict=True)))
        case Func(name) if name in FUNCTIONS:
            return tuple(map(FUNCTIONS[name], parts[0]))
        case _:
            return tuple(NAN for _ in parts[0])  # vectors have no value here


def _power(base: float, exponent: float, odd: bool) -> float:
    try:
        if base < 0 and not exponent.is_integer():
            if not odd:
                return NAN
            return -((-base) ** exponent)
        return float(base**exponent)
    except (OverflowError, ZeroDivisionError, ValueError):
        return NAN


def _safe(function: Callable[[float], float]) -> Callable[[float], float]:
    def value(u: float) -> float:
        try:
            return function(u)
        except (OverflowError, ZeroDivisionError, ValueError):
            return NAN

    return value


def _sign(u: float) -> float:
    return NAN if u == 0 or u != u else math.copysign(1.0, u)


_ELEMENTARY: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "cot": lambda u: 1 / math.tan(u),
    "sec": lambda u: 1 / math.cos(u),
    "csc": lambda u: 1 / math.sin(u),
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "coth": lambda u: 1 / math.tanh(u),
    "sech": lambda u: 1 / math.cosh(u),
    "csch": lambda u: 1 / math.sinh(u),
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "softplus": lambda u: math.log1p(math.exp(u)),
    "abs": abs,
    "sign": _sign,
    "step": lambda u: (1 + _sign(u)) / 2,
    "relu": lambda u: max(u, 0.0),
    "factorial": lambda u: math.gamma(u + 1),
}

#: Functions of one argument.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    name: _safe(function) for name, function in _ELEMENTARY.items()
}


def same(a: float, b: float) -> bool:
    """Whether two values are equal as far as floating point can tell."""
    return abs(a - b) <= TOLERANCE * (abs(a) + abs(b)) or (abs(a) < 1e-11 and abs(b) < 1e-11)


def agree(a: Values, b: Values) -> bool:
    """Whether values agree in every lane."""
    return all(same(p, q) for p, q in zip(a, b, strict=False))
