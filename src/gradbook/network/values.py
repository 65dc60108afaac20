r"""Values that are exact as long as they are rational, enclosed beyond that, and rounded correctly when shown.

>>> from gradbook.symbolic import to_latex
>>> values = Values()
>>> x = Symbol("x")
>>> values.give(x, number("0.5"))
>>> values.of(Func("exp", (x,))).exact is None
True
>>> to_latex(values.of(Func("exp", (x,))).shown(6)), to_latex(values.of(Mul((x, x))).shown(6))
('1.64872', '0.25')
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.evaluate import Point, Undefined, evaluate, holds
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
    Number,
    Otherwise,
    Pow,
    Symbol,
    number,
    rebuild,
    replace,
)

#: Bits of the largest numerator or denominator that stays exact.
_MAX_BITS = 4_096
#: From here on a number is written with a power of ten.
_SMALL = Fraction(1, 10_000)
#: What does not reach this is taken for zero.
_NOTHING = Fraction(1, 1 << 1_000)
#: Most digits that are added so that a rounded number is not taken for a given one.
_MORE_DIGITS = 12
#: Seconds that one value may take.
_PATIENCE = 10.0


class TooCoarse(ArithmeticError):
    """The enclosure is too wide to say how the value is rounded."""


@dataclass(frozen=True)
class Value:
    """A real number: the rational that it is, if it is known to be one, and an enclosure."""

    exact: Fraction | None
    enclosure: arb

    def __float__(self) -> float:
        """The nearest double, up to a unit in the last place."""
        return float(self.exact) if self.exact is not None else float(self.enclosure.mid())

    @property
    def exact_or_near(self) -> Fraction:
        """The rational that it is, or the middle of what encloses it."""
        return self.exact if self.exact is not None else _rational(self.enclosure.mid())

    @property
    def is_nothing(self) -> bool:
        """Whether hundreds of digits do not tell it from zero."""
        near = self.enclosure
        return self.exact is None and bool(near.contains(0)) and _rational(near.rad()) < _NOTHING

    def rounded(self, digits: int) -> tuple[int, int]:
        """The value to so many significant digits, as ``(m, p)`` for m · 10^p; halves away from zero.

        Raises:
            TooCoarse: the enclosure is not narrow enough.

        >>> Value(Fraction(2, 3), ball_of(Fraction(2, 3), 64)).rounded(3)
        (667, -3)
        """
        if self.exact is not None:
            return _rounded(self.exact, digits)
        # Midpoint and radius are exact, whatever the working precision is.
        middle, radius = _rational(self.enclosure.mid()), _rational(self.enclosure.rad())
        low, high = middle - radius, middle + radius
        first, last = _rounded(low, digits), _rounded(high, digits)
        if first != last or (low <= 0 <= high):
            raise TooCoarse(f"{self.enclosure} cannot be rounded to {digits} digits")
        return first

    def is_shown_exactly(self, digits: int) -> bool:
        """Whether so many digits show all there is."""
        if self.exact is None:
            return False
        mantissa, power = _rounded(self.exact, digits)
        return mantissa * Fraction(10) ** power == self.exact

    def shown(self, digits: int, apart_from: Collection[Fraction] = ()) -> Expr:
        """The value as a number to print.

        A value that is not shown exactly has all its digits, zeros too, and so many more that it is none of
        ``apart_from``: a reader, and the checker, would take it for one of those, exactly.
        """
        if self.is_shown_exactly(digits):
            assert self.exact is not None
            return _exact_number(self.exact, digits)
        for more in range(_MORE_DIGITS):
            mantissa, power = self.rounded(digits + more)
            if abs(mantissa) * Fraction(10) ** power not in apart_from:
                return _number(mantissa, power, digits + more)
        mantissa, power = self.rounded(digits)
        return _number(mantissa, power, digits)

    def text(self, digits: int) -> str:
        """The value in the notation of programs."""
        mantissa, power = self.rounded(digits)
        return f"{'-' * (mantissa < 0)}{_scientific(abs(mantissa), power)}"


def _rational(end: arb) -> Fraction:
    exact = end.fmpq()
    return Fraction(int(exact.p), int(exact.q))


def _rounded(value: Fraction, digits: int) -> tuple[int, int]:
    if value == 0:
        return 0, 0
    size = abs(value)
    power = _magnitude(size) - digits + 1
    scaled = size / Fraction(10) ** power
    mantissa = int(scaled + Fraction(1, 2))
    if mantissa == 10**digits:
        mantissa, power = mantissa // 10, power + 1
    return (mantissa if value > 0 else -mantissa), power


def _magnitude(size: Fraction) -> int:
    """The largest whole number whose power of ten is not above a positive rational.

    >>> [_magnitude(Fraction(text)) for text in ("1", "0.99", "1000", "0.001")]
    [0, -1, 3, -3]
    """
    guess = int((size.numerator.bit_length() - size.denominator.bit_length()) * 0.30103) - 1
    while Fraction(10) ** (guess + 1) <= size:
        guess += 1
    while Fraction(10) ** guess > size:
        guess -= 1
    return guess


def _scientific(mantissa: int, power: int) -> str:
    digits = str(mantissa)
    exponent = power + len(digits) - 1
    if -5 < exponent < 16:
        if power >= 0:
            return digits + "0" * power
        padded = digits.rjust(-power + 1, "0")
        return f"{padded[:power]}.{padded[power:]}"
    return f"{digits[0]}.{digits[1:] or '0'}e{exponent:+03d}"


def _exact_number(value: Fraction, digits: int) -> Expr:
    decimals = 0
    while (value * 10**decimals).denominator != 1:
        decimals += 1
    if value and (decimals > digits + 4 or abs(value) >= 10 ** (digits + 2)):
        mantissa, power = _rounded(value, digits)
        while mantissa % 10 == 0:
            mantissa, power = mantissa // 10, power + 1
        return _number(mantissa, power, len(str(abs(mantissa))), scientific=True)
    return Number(value, decimals or None)


def _number(mantissa: int, power: int, digits: int, *, scientific: bool = False) -> Expr:
    """Digits with the point in them, or with a power of ten where there would be many zeros, or no point at all."""
    value = mantissa * Fraction(10) ** power
    if not scientific and abs(value) >= _SMALL and power < 0:
        return Number(value, -power)
    exponent = power + digits - 1
    head = Number(mantissa / Fraction(10) ** (digits - 1), digits - 1 or None)
    scale = number(abs(exponent))
    size = Mul(
        (Number(abs(head.value), head.decimals), Pow(number(10), Neg(scale) if exponent < 0 else scale))
    )
    return size if mantissa > 0 else Neg(size)


class Values(Point):
    """What quantities were found to be; a formula in them has a value in turn.

    A quantity is a symbol, or anything else that stands for one: a derivative, a function applied. ``digits``
    is how many are shown, ``apart_from`` the numbers that a rounded one must not look like.
    """

    def __init__(
        self, precision: int = 256, digits: int = 6, apart_from: frozenset[Fraction] = frozenset()
    ) -> None:
        super().__init__(_nothing)
        self.precision = precision
        self.digits = digits
        self.apart_from = apart_from
        self._known: dict[Expr, Value] = {}
        self._symbols: dict[Expr, Symbol] = {}
        self._balls: dict[Expr, arb] = {}
        self._shown: dict[Expr, Expr] = {}

    def give(self, name: Expr, written: Number) -> None:
        """A quantity with the number that somebody wrote for it, which is shown as it was written."""
        self[name] = Value(written.value, ball_of(written.value, self.precision))
        self._shown[name] = written

    def __setitem__(self, name: Expr, value: Value) -> None:
        symbol = name if isinstance(name, Symbol) else Symbol(f"#{len(self._symbols)}")
        self._known[name] = self._known[symbol] = value
        self._balls[symbol] = value.enclosure
        if symbol is not name:
            self._symbols[name] = symbol

    def __getitem__(self, name: Expr) -> Value:
        return self._known[name]

    def __contains__(self, name: Expr) -> bool:
        return name in self._known

    def items(self) -> Iterator[tuple[Expr, Value]]:
        """All quantities with their values."""
        return iter(self._known.items())

    def ball(self, atom: Expr) -> arb:
        """The enclosure of a symbol."""
        return self._balls[atom]

    def of(self, formula: Expr) -> Value:
        """The value of a formula.

        Raises:
            Undefined: it has none, or lies on a kink.
        """
        plain: Expr = replace(formula, self._symbols) if self._symbols else formula
        enclosure = evaluate(plain, self, precision=self.precision, clock=Clock(_PATIENCE))
        exact = self._exact(plain)
        if exact is None and enclosure.is_exact():
            exact = _rational(enclosure)  # such as the ReLU of a negative number, whatever that is
        if (
            exact is not None
            and max(exact.numerator.bit_length(), exact.denominator.bit_length()) > _MAX_BITS
        ):
            exact = None
        return Value(exact, enclosure)

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; raises Undefined where that cannot be told."""
        plain: Condition = replace(condition, self._symbols)
        return holds(plain, self, precision=self.precision, clock=Clock(_PATIENCE))

    def branch(self, formula: Cases) -> Expr:
        """The formula that holds of a case distinction."""
        for value, condition in formula.branches:
            if isinstance(condition, Otherwise) or self.holds(condition):
                return value
        raise Undefined("no branch holds")

    def shown(self, name: Expr) -> Expr:
        """The number that is printed for a quantity."""
        done = self._shown.get(name)
        if done is None:
            done = self._shown[name] = self._known[name].shown(self.digits, self.apart_from)
        return done

    def put_in(self, formula: Expr) -> Expr:
        """The formula with the numbers, as they are shown, in the place of the quantities."""
        if formula in self._known:
            return self.shown(formula)
        return rebuild(formula, self._put_in)  # type: ignore[return-value]

    def _put_in(self, node: Node) -> Node:
        if isinstance(node, Expr) and node in self._known:
            return self.shown(node)
        return rebuild(node, self._put_in)

    def _exact(self, expr: Expr) -> Fraction | None:
        """The rational that a formula is, where that can be seen from its parts."""
        match expr:
            case Number(value):
                return value
            case Symbol():
                return self._known[expr].exact
            case Neg(arg):
                inner = self._exact(arg)
                return None if inner is None else -inner
            case Add(terms):
                return self._total(terms)
            case Mul(factors):
                return self._product(factors)
            case Div(num, den):
                above, below = self._exact(num), self._exact(den)
                if above == 0:
                    return Fraction(0)
                return above / below if above is not None and below else None
            case Pow(base, Number(power)) if power.denominator == 1 and abs(power) <= 16:
                below = self._exact(base)
                return below ** int(power) if below else below
            case Cases():
                return self._exact(self.branch(expr))
            case Func(name, args):
                return self._function(name, args)
            case _:
                return None

    def _total(self, terms: tuple[Expr, ...]) -> Fraction | None:
        total = Fraction(0)
        for term in terms:
            part = self._exact(term)
            if part is None:
                return None
            total += part
        return total

    def _product(self, factors: tuple[Expr, ...]) -> Fraction | None:
        parts = [self._exact(factor) for factor in factors]
        if any(part == 0 for part in parts):
            return Fraction(0)
        product = Fraction(1)
        for part in parts:
            if part is None:
                return None
            product *= part
        return product

    def _function(self, name: str, args: tuple[Expr, ...]) -> Fraction | None:
        parts = [part for arg in args if (part := self._exact(arg)) is not None]
        if len(parts) < len(args):
            return None
        match name:
            case "abs":
                return abs(parts[0])
            case "relu":
                return max(parts[0], Fraction(0))
            case "max":
                return max(parts)
            case "min":
                return min(parts)
            case "sign":
                return Fraction((parts[0] > 0) - (parts[0] < 0))
            case "exp" if parts[0] == 0:
                return Fraction(1)
            case "log" if parts[0] == 1:
                return Fraction(0)
            case "sigmoid" if parts[0] == 0:
                return Fraction(1, 2)
            case "tanh" | "sinh" | "sin" | "erf" if parts[0] == 0:
                return Fraction(0)
            case _:
                return None


def ball_of(value: Fraction, precision: int) -> arb:
    """A rational as a ball of some precision."""
    return evaluate(Number(value), Point(_nothing), precision=precision)


def _nothing(atom: Expr) -> Fraction:
    raise ValueError(f"expected a quantity that was worked out before, got {atom!r}")
