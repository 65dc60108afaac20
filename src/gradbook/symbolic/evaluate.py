"""Certified evaluation: trees at a point, as ``arb`` balls.

A :class:`Point` gives every free quantity an exact rational value, on demand and reproducibly, so
that a difference of two balls that excludes zero is a proof that the two sides differ there. An
unknown function gets an independent value for each distinct argument: some function has those
values, so the counterexample stands.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb, fmpq
from flint import ctx as flint_context

from gradbook.symbolic.bounds import MAX_RANGE, BoundHit, Clock
from gradbook.symbolic.expr import (
    Add,
    All,
    AnyOf,
    Apply,
    Cases,
    Condition,
    Constant,
    Delta,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
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
)


class Undefined(ValueError):
    """The expression has no value at the point (outside its domain, or on a seam)."""


class Uncovered(Undefined):
    """No branch of a case distinction holds at the point."""


class Overlap(ValueError):
    """Two branches of a case distinction hold at the point, with different values."""


#: Exponents beyond this are refused: the value would have an exponent of gigabytes.
MAX_POWER = 1 << 32

#: Supplies the value of a free quantity: a symbol, or a component with integer indices.
Supply = Callable[[Expr], Fraction]


class Point:
    """Values of the free quantities, chosen by ``supply`` when first asked for.

    ``values`` lists what was asked for, in order, which is what a counterexample shows.
    ``size`` is how many values an index without bounds takes. ``whole`` names what is an integer: only for
    these is the seam of an inequality a value like others.
    """

    def __init__(self, supply: Supply, size: int = 2, whole: frozenset[str] = frozenset()) -> None:
        self.supply = supply
        self.size = size
        self.whole = whole
        self.values: dict[Expr, Fraction] = {}
        self._applications: dict[tuple[str, tuple[int, ...]], list[tuple[tuple[arb, ...], Expr]]] = {}

    def value(self, atom: Expr) -> Fraction:
        """The exact value of a symbol or component."""
        found = self.values.get(atom)
        if found is None:
            found = self.values[atom] = self.supply(atom)
        return found

    def ball(self, atom: Expr) -> arb:
        """The value as a ball."""
        return ball(self.value(atom))

    def application(self, node: Apply, args: tuple[arb, ...]) -> Fraction:
        """The value of an unknown function; equal (overlapping) arguments give the same value."""
        known = self._applications.setdefault((node.name, node.orders or (0,) * len(args)), [])
        for seen, atom in known:
            if len(seen) == len(args) and all(a.overlaps(b) for a, b in zip(seen, args, strict=True)):
                return self.value(atom)
        label = Apply(node.name, tuple(_display(a) for a in args), node.orders)
        known.append((args, label))
        return self.value(label)


def _display(ball: arb) -> Expr:
    """A short exact number near a ball, to print the argument of an unknown function with."""
    try:
        exact: fmpq = ball.fmpq()
        return number(Fraction(int(exact.p), int(exact.q)))
    except ValueError:
        return number(Fraction(float(ball.mid())).limit_denominator(10_000))


def ball(value: Fraction) -> arb:
    """A rational as a ball of the working precision.

    >>> ball(Fraction(1, 4))
    0.250000000000000
    """
    if value.denominator == 1:
        return arb(value.numerator)
    return arb(fmpq(value.numerator, value.denominator))


def evaluate(expr: Expr, point: Point, *, precision: int = 128, clock: Clock | None = None) -> arb:
    """The value of a scalar tree at a point, as a ball that contains it.

    Raises:
        Undefined: no real value there, or the point lies on a seam that the precision cannot resolve.
        Overlap: two branches hold there with different values.
        BoundHit: too large a power or range, or time is up.

    >>> x = Symbol("x")
    >>> evaluate(Pow(x, number(2)), Point(lambda _: Fraction(3)))
    9.00000000000000
    """
    before: int = flint_context.prec
    flint_context.prec = precision
    try:
        value = _Evaluation(point, clock or Clock(10.0)).of(expr, ())
    finally:
        flint_context.prec = before
    if not value.is_finite():
        raise Undefined("no finite value at this point")
    return value


def holds(condition: Condition, point: Point, *, precision: int = 128, clock: Clock | None = None) -> bool:
    """Whether a condition holds at a point.

    Raises:
        Undefined: the precision cannot tell (the point lies on the seam).

    >>> holds(Relation(Symbol("x"), Op.LT, number(4)), Point(lambda _: Fraction(3)))
    True
    """
    before: int = flint_context.prec
    flint_context.prec = precision
    try:
        return _Evaluation(point, clock or Clock(10.0)).holds(condition, ())
    finally:
        flint_context.prec = before


_Bound = tuple[tuple[str, int], ...]


def _sigmoid(u: arb) -> arb:
    return 1 / (1 + (-u).exp())


def _sign(u: arb) -> arb:
    if u > 0:
        return arb(1)
    if u < 0:
        return arb(-1)
    raise Undefined("on a kink")


def _step(u: arb) -> arb:
    return (1 + _sign(u)) / 2


_UNARY: dict[str, Callable[[arb], arb]] = {
    "exp": lambda u: u.exp(),
    "log": lambda u: u.log(),
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "cot": lambda u: u.cot(),
    "sec": lambda u: u.sec(),
    "csc": lambda u: u.csc(),
    "sinh": lambda u: u.sinh(),
    "cosh": lambda u: u.cosh(),
    "tanh": lambda u: u.tanh(),
    "coth": lambda u: u.coth(),
    "sech": lambda u: u.sech(),
    "csch": lambda u: u.csch(),
    "asin": lambda u: u.asin(),
    "acos": lambda u: u.acos(),
    "atan": lambda u: u.atan(),
    "asinh": lambda u: u.asinh(),
    "acosh": lambda u: u.acosh(),
    "atanh": lambda u: u.atanh(),
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
    "sigmoid": _sigmoid,
    "softplus": lambda u: (1 + u.exp()).log(),
    "abs": abs,
    "sign": _sign,
    "step": _step,
    "relu": lambda u: u.max(arb(0)),
    "factorial": lambda u: (u + 1).gamma(),
}


def _counts(expr: Expr, bound: _Bound, whole: frozenset[str]) -> bool:
    """Whether a side of a condition is an integer, for which a seam is a value like others."""
    match expr:
        case Symbol(name):
            return name in whole or any(index == name for index, _ in bound)
        case Indexed(base, _):
            return base in whole
        case Number(value):
            return value.denominator == 1
        case Neg(arg):
            return _counts(arg, bound, whole)
        case Add(parts) | Mul(parts):
            return all(_counts(part, bound, whole) for part in parts)
        case Delta():
            return True
        case _:
            return False


def _compare(op: Op, difference: arb, exact: bool) -> bool:
    """Whether ``difference op 0``; on the seam of an inequality only integers are compared."""
    if op in (Op.EQ, Op.NE):
        if difference.is_zero():
            return op is Op.EQ
        if difference.contains(0):
            raise Undefined("on a seam")
        return op is Op.NE
    if difference > 0:
        return op in (Op.GT, Op.GE)
    if difference < 0:
        return op in (Op.LT, Op.LE)
    if exact and difference.is_zero():
        return op in (Op.LE, Op.GE)
    raise Undefined("on a seam")


class _Evaluation:
    """One pass over one tree; shared subtrees are evaluated once per setting of the bound indices."""

    def __init__(self, point: Point, clock: Clock) -> None:
        self.point = point
        self.clock = clock
        self.memo: dict[Expr | tuple[Expr, _Bound], arb] = {}

    def of(self, expr: Expr, bound: _Bound) -> arb:
        key = (expr, bound) if bound else expr
        done = self.memo.get(key)
        if done is None:
            done = self.memo[key] = self._value(expr, bound)
        return done

    def _value(self, expr: Expr, bound: _Bound) -> arb:
        match expr:
            case Number(value):
                return ball(value)
            case Symbol(name):
                for index, k in bound:
                    if index == name:
                        return arb(k)
                return self.point.ball(expr)
            case Add(terms):
                total = self.of(terms[0], bound)
                for term in terms[1:]:
                    total = total + self.of(term, bound)
                return total
            case Mul(factors):
                product = self.of(factors[0], bound)
                for factor in factors[1:]:
                    product = product * self.of(factor, bound)
                return product
            case Neg(arg):
                return -self.of(arg, bound)
            case Div(num, den):
                below = self.of(den, bound)
                if below.contains(0):
                    raise Undefined("division by zero")
                return self.of(num, bound) / below
            case Pow(base, exponent):
                return self._power(base, exponent, bound)
            case Func(name, args):
                return self._function(name, args, bound)
            case Constant(name):
                return arb.pi() if name == "pi" else arb(1).exp()
            case Indexed(base, indices):
                numbers = tuple(number(self._integer(i, bound)) for i in indices)
                return self.point.ball(Indexed(base, numbers))
            case Apply(_, args, _):
                values = tuple(self.of(a, bound) for a in args)
                if not all(v.is_finite() for v in values):
                    raise Undefined("an argument without a value")
                return ball(self.point.application(expr, values))
            case Sum():
                total = arb(0)
                for k in self._range(expr, bound):
                    total = total + self.of(expr.body, ((expr.index, k), *bound))
                return total
            case Product():
                product = arb(1)
                for k in self._range(expr, bound):
                    product = product * self.of(expr.body, ((expr.index, k), *bound))
                return product
            case Cases(branches):
                return self._cases(branches, bound)
            case Delta(left, right):
                return arb(int(self._integer(left, bound) == self._integer(right, bound)))
            case _:
                raise Undefined(f"{type(expr).__name__} cannot be evaluated")

    def _power(self, base: Expr, exponent: Expr, bound: _Bound) -> arb:
        below = self.of(base, bound)
        if isinstance(exponent, Number) and exponent.value.denominator == 1:
            return self._whole_power(below, exponent.value.numerator)
        above = self.of(exponent, bound)
        if not abs(above) < MAX_POWER:
            raise BoundHit("the size of an exponent")
        if above.is_exact() and above.is_integer():
            whole = above.unique_fmpz()
            assert whole is not None
            return self._whole_power(below, int(whole))
        if isinstance(exponent, Number) and exponent.value.denominator % 2 == 1 and below < 0:
            # An odd root of a negative number is real.
            magnitude = (-below) ** above
            return -magnitude if exponent.value.numerator % 2 else magnitude
        if not below >= 0:
            raise Undefined("a fractional power of a negative number")
        return below**above

    @staticmethod
    def _whole_power(below: arb, k: int) -> arb:
        if abs(k) >= MAX_POWER:
            raise BoundHit("the size of an exponent")
        if k < 0 and below.contains(0):
            raise Undefined("division by zero")
        if k > 0 and not below.is_exact() and below.contains(0):
            # FLINT takes such a power through the logarithm, and has no value then.
            power = below
            for bit in bin(k)[3:]:
                power = power * power
                if bit == "1":
                    power = power * below
            return power
        return below**k

    def _function(self, name: str, args: tuple[Expr, ...], bound: _Bound) -> arb:
        unary = _UNARY.get(name)
        if unary is not None:
            return unary(self.of(args[0], bound))
        if name in ("max", "min"):
            best = self.of(args[0], bound)
            for arg in args[1:]:
                other = self.of(arg, bound)
                best = best.max(other) if name == "max" else best.min(other)
            return best
        raise Undefined(f"{name} is not a scalar function")

    def _cases(self, branches: tuple[tuple[Expr, Condition], ...], bound: _Bound) -> arb:
        chosen: arb | None = None
        for value, condition in branches:
            if isinstance(condition, Otherwise):
                if chosen is None:
                    return self.of(value, bound)
                continue
            if not self.holds(condition, bound):
                continue
            here = self.of(value, bound)
            if chosen is None:
                chosen = here
            elif not chosen.overlaps(here):
                raise Overlap("two branches hold at once")
        if chosen is None:
            raise Uncovered("no branch holds")
        return chosen

    def holds(self, condition: Condition, bound: _Bound) -> bool:
        match condition:
            case Relation(left, op, right):
                difference = self.of(left, bound) - self.of(right, bound)
                whole = self.point.whole
                return _compare(op, difference, _counts(left, bound, whole) and _counts(right, bound, whole))
            case All(parts):
                # Every part is looked at: one that lies on a seam leaves the whole open.
                truths = [self.holds(p, bound) for p in parts]
                return all(truths)
            case AnyOf(parts):
                truths = [self.holds(p, bound) for p in parts]
                return any(truths)
            case Not(part):
                return not self.holds(part, bound)
            case _:
                raise Undefined("a condition that cannot be evaluated")

    def _integer(self, expr: Expr, bound: _Bound) -> int:
        whole = self.of(expr, bound).unique_fmpz()
        if whole is None:
            raise Undefined("an index that is not an integer")
        return int(whole)

    def _range(self, node: Sum | Product, bound: _Bound) -> list[int]:
        self.clock.check()
        low = 1 if node.lower is None else self._integer(node.lower, bound)
        high = low + self.point.size - 1 if node.upper is None else self._integer(node.upper, bound)
        if high - low >= MAX_RANGE:
            raise BoundHit(f"a range of more than {MAX_RANGE} values")
        span = list(range(low, high + 1))
        if isinstance(node, Sum) and node.excluded is not None:
            out = self._integer(node.excluded, bound)
            span = [k for k in span if k != out]
        return span
