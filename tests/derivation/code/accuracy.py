"""How accurate the generated NumPy code is: errors against certified values, as the table of docs/accuracy.md.

Run as a program, this file measures at many points and writes the table (``make accuracy``).
"""

from __future__ import annotations

import math
import random
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from flint import arb
from flint import ctx as flint_context

from gradbook.derivation import code
from gradbook.derivation.catalogue import CATALOGUE, Entry, Kind
from gradbook.derivation.code.formula import spelled_out
from gradbook.derivation.steps import Derivation
from gradbook.derivation.working import work_out
from gradbook.symbolic.evaluate import Point, Undefined, evaluate
from gradbook.symbolic.expr import Expr, Symbol, free_symbols
from gradbook.symbolic.plain import read

PAGE = Path(__file__).resolve().parents[3] / "docs" / "accuracy.md"

#: Errors up to this many units in the last place are what one expects of a few rounded operations.
GOOD = 4.0

#: Below this a double is zero, far below the smallest subnormal number.
_NOTHING = -1200

#: Precisions, in bits, at which a reference is sought; 50 digits are 166 bits.
_PRECISIONS = (192, 512, 1536, 4608)
_DIGITS = 170


def measured() -> list[Entry]:
    """The functions of numbers: every activation and loss of the catalogue that is not one of vectors."""
    return [e for e in CATALOGUE if not e.vector and e.kind is not Kind.PENALTY]


def derived(entry: Entry) -> Derivation:
    return work_out(entry.definition, entry.variable, domain=entry.domain, title=entry.title)


def loaded(source: str) -> types.ModuleType:
    """Generated code as a module."""
    module = types.ModuleType("generated")
    exec(compile(source, "<generated>", "exec"), vars(module))
    return module


@dataclass(frozen=True)
class Error:
    """The error of one value: in units in the last place of the exact value, absolute, and where."""

    ulps: float
    absolute: float
    at: tuple[float, ...]
    #: Whether the exact value is too small for a normal double.
    subnormal: bool = False


@dataclass(frozen=True)
class Row:
    """The errors of one function, its value or its gradient."""

    title: str
    what: str
    errors: tuple[Error, ...]

    @property
    def normal(self) -> list[Error]:
        """The errors of results that are no subnormal numbers."""
        return [e for e in self.errors if not e.subnormal] or [Error(0.0, 0.0, ())]

    @property
    def worst(self) -> Error:
        return max(self.normal, key=lambda e: e.ulps)

    @property
    def subnormal(self) -> float:
        """The largest error of a subnormal result, in units of the smallest double."""
        return max((e.ulps for e in self.errors if e.subnormal), default=0.0)

    @property
    def median(self) -> float:
        return median(e.ulps for e in self.normal)

    @property
    def absolute(self) -> float:
        """The largest absolute error where the error in ulps is more than a few roundings."""
        return max((e.absolute for e in self.normal if e.ulps > GOOD), default=0.0)

    @property
    def share(self) -> float:
        """How many points have more than a few roundings."""
        return sum(e.ulps > GOOD for e in self.normal) / len(self.normal)


# --- references ---------------------------------------------------------------------------------------


def certified(expr: Expr, values: dict[Expr, float]) -> arb | None:
    """The exact value to 50 digits as a ball, zero where it is far below every double; None on a seam."""
    exact = {atom: Fraction(value) for atom, value in values.items()}
    for precision in _PRECISIONS:
        try:
            ball = evaluate(expr, Point(exact.__getitem__), precision=precision)
        except (Undefined, OverflowError):
            continue
        if ball.rel_accuracy_bits() >= _DIGITS:
            return ball
        if abs(ball) < arb(2) ** _NOTHING:
            return arb(0)
    return None


def error(computed: float, exact: arb, at: tuple[float, ...]) -> Error:
    """The error of a computed double."""
    before = flint_context.prec
    flint_context.prec = 256
    try:
        size = abs(exact)
        if size > arb(2) ** 1024 * (1 - arb(2) ** -54):
            good = math.isinf(computed) and (computed > 0) == (exact > 0)
            return Error(0.0 if good else math.inf, 0.0, at)
        if not math.isfinite(computed):
            return Error(math.inf, math.inf, at)
        gap = abs(arb(computed) - exact)
        nearest = float(size.mid())
        exponent = max(math.frexp(nearest)[1] - 53, -1074) if nearest else -1074
        return Error(
            float((gap / arb(2) ** exponent).mid()), float(gap.mid()), at, nearest < sys.float_info.min
        )
    finally:
        flint_context.prec = before


# --- points -------------------------------------------------------------------------------------------


def points(entry: Entry, derivation: Derivation, n: int, rng: random.Random) -> list[tuple[float, ...]]:
    """Values of the variable, and of the targets with it, all over the range and dense where it matters."""
    others = [s for s in _names(derivation) if s != entry.variable and s not in _constants(entry)]
    found: list[tuple[float, ...]] = []
    centres = _centres(derivation)
    for k in range(n):
        targets = tuple(_target(entry, s, rng) for s in others)
        near = [c for c in (*centres, *(targets if _is_regression(entry) else ())) if math.isfinite(c)]
        found.append((_variable(entry, k, near, rng), *targets))
    return found


def _variable(entry: Entry, k: int, near: list[float], rng: random.Random) -> float:
    sign = rng.choice((-1.0, 1.0))
    match k % 6:
        case 0:
            x = sign * math.ldexp(rng.uniform(1, 2), rng.randint(-1074, 1023))
        case 1:
            x = rng.uniform(-40, 40)
        case 2:
            x = rng.uniform(-4, 4)
        case 3:
            x = (
                sign
                * rng.choice((18.7, 36.7, 38.5, 89.0, 372.0, 709.7, 745.1, 1000.0))
                * rng.uniform(0.98, 1.02)
            )
        case 4:
            x = sign * math.ldexp(rng.uniform(1, 2), rng.randint(-60, 10))
        case _:
            centre = rng.choice(near) if near else 0.0
            x = centre * (1 + sign * math.ldexp(rng.random(), -rng.randint(1, 52)))
    if (Symbol("p") == entry.variable) and entry.domain.conditions:
        # A probability: over the whole range next to 0, and next to 1.
        size = abs(x) if 0 < abs(x) < 1 else rng.random()
        size = size if k % 2 else 1 - math.ldexp(rng.uniform(0.5, 1), -rng.randint(1, 52))
        return min(max(size, 5e-324), 1 - 2.0**-53)
    return abs(x) or 1.0 if _is_positive(entry) else x


def _target(entry: Entry, symbol: Expr, rng: random.Random) -> float:
    if symbol == Symbol("v"):
        return math.ldexp(rng.uniform(1, 2), rng.randint(-8, 8))
    if "hinge" in entry.name:
        return rng.choice((-1.0, 1.0))
    if _is_regression(entry):
        return rng.choice((0.0, 1.0, rng.uniform(-4, 4), rng.uniform(-1000, 1000)))
    if entry.name == "poisson":
        return float(rng.choice((0, 1, 3, 20)))
    return rng.choice((0.0, 1.0, 0.25, rng.random()))


def _is_regression(entry: Entry) -> bool:
    return (
        entry.kind is Kind.LOSS
        and entry.prediction == "f"
        and "hinge" not in entry.name
        and not _is_positive(entry)
    )


def _is_positive(entry: Entry) -> bool:
    return entry.name == "poisson"


def _names(derivation: Derivation) -> list[Expr]:
    return sorted(free_symbols(derivation.definition.body), key=repr)


def _constants(entry: Entry) -> dict[Expr, float]:
    return {read(name): value for name, value in entry.constants}


def _centres(derivation: Derivation) -> list[float]:
    """Kinks, and where a function of one variable or its derivative changes sign."""
    of = derivation.definition
    found = [1.0, -1.0, 3.0, -3.0, 0.5, -0.5]
    if len(_names(derivation)) > 1:
        return found
    (variable,) = _names(derivation)
    for expr in (of.body, spelled_out(derivation.result, of)):
        found += _roots(lambda x, expr=expr: _sign(expr, variable, x))
    return found


def _sign(expr: Expr, variable: Expr, x: float) -> int:
    ball = certified(expr, {variable: x})
    return 0 if ball is None else int(ball > 0) - int(ball < 0)


def _roots(sign: Callable[[float], int]) -> Iterable[float]:
    grid = [k / 8 + 1 / 64 for k in range(-32, 32)]
    for low, high in pairwise(grid):
        a, b = sign(low), sign(high)
        if a * b < 0:
            for _ in range(60):
                middle = (low + high) / 2
                if sign(middle) == a:
                    low = middle
                else:
                    high = middle
            yield low


# --- measuring ----------------------------------------------------------------------------------------


def rows(entry: Entry, n: int, seed: int = 0) -> list[Row]:
    """The errors of one function's value and gradient at n points."""
    derivation = derived(entry)
    module = loaded(code.write([derivation], "numpy", dict(entry.constants)))
    names = [
        entry.variable,
        *(s for s in _names(derivation) if s != entry.variable and s not in _constants(entry)),
    ]
    at = points(entry, derivation, n, random.Random(seed))
    columns = [np.array(column) for column in zip(*at, strict=True)]
    function: Callable[..., Any] = getattr(module, _function_names(module)[0])
    gradient: Callable[..., Any] = getattr(module, _function_names(module)[1])
    result: list[Row] = []
    with np.errstate(over="ignore", invalid="raise", divide="raise"):
        computed = (("value", function(*columns)), ("gradient", gradient(*columns)))
    of = derivation.definition
    for (what, values), expr in zip(computed, (of.body, spelled_out(derivation.result, of)), strict=True):
        errors: list[Error] = []
        for point, value in zip(at, np.broadcast_to(values, columns[0].shape), strict=True):
            known: dict[Expr, float] = dict(zip(names, point, strict=True))
            exact = certified(expr, {**known, **_constants(entry)})
            if exact is not None:
                errors.append(error(float(value), exact, point))
        result.append(Row(entry.title, what, tuple(errors)))
    return result


def _function_names(module: types.ModuleType) -> list[str]:
    return [
        name
        for name, thing in vars(module).items()
        if callable(thing) and not name.startswith("_") and name != "self_test"
    ]


# --- the page -----------------------------------------------------------------------------------------

_HEAD = """# How accurate the generated code is

`gradbook derive --format python` writes NumPy code. This page is what that code was measured to do, in double
precision, for the value and the gradient of every activation and of every loss of one prediction in the catalogue.

The exact value comes from the definition and from the derivation's result, evaluated with interval arithmetic to
50 digits or more, so it is certified and owes nothing to the code. An error is counted in *ulps*, units in the last
place of the exact value: half an ulp is the best a double can do. Points: exponents over the whole range of doubles
(subnormal numbers too), evenly over [-40, 40] and [-4, 4], where exponentials saturate and underflow (18, 37, 709,
745, 1000), near zero, and densely around kinks, targets and the zeros of the function. {points} points a function.

- **worst at**: the point with the largest error; for losses the prediction, then the other arguments.
- **> 4 ulps**: how many of the points have an error of more than 4 ulps, and the largest absolute error among them.

Where a function passes through zero next to terms that are not small, its relative error there is large and cannot
be otherwise without more than double precision; the absolute error is then of the order of the last place of the
terms. This is so for the gradients of GELU, SiLU and Mish at their minimum, for the values of the Poisson and the
Gaussian loss where they change sign, and for loss gradients such as σ(z) − y and 1 − y/f where the two are nearly
equal. In the tail of the tanh form of GELU a rounded cubic stands in an exponent, which multiplies its rounding by up
to the exponent itself; the same holds for CELU with an alpha that is no power of two (here it is 1).

"""

_TAIL = """
No point gave an overflow that the exact value does not have, nor an invalid operation: NumPy's `over` and `invalid`
are set to raise in the tests, at |x| = 1000 and at the largest doubles. Results below the smallest normal number are
rounded to subnormal numbers or to zero, silently, as NumPy does unless `np.seterr(under="raise")` asks otherwise.
They are left out of the table, since a factor that is itself subnormal has few digits left: among them the largest
error was {tiny} times the smallest double, 4.9e-324 (SiLU and Mish near −722, GELU near −38), the difference
σ(z) − y apart, which is 0 there.

`erf`, `erfc` and the normal distribution are one polynomial of degree 23 (see `derivation/code/kernels.py`), since
NumPy has none of them and `math.erf` on an array takes one element at a time.

This page is written by `make accuracy`; a test measures a part of the points again.
"""


def page(n: int) -> str:
    """The page, measured at n points a function."""
    lines = [
        "| function | | worst, ulps | worst at | median, ulps | > 4 ulps |",
        "| --- | --- | ---: | --- | ---: | --- |",
    ]
    tiny = 0.0
    for entry in measured():
        for row in rows(entry, n):
            worst = row.worst
            at = ", ".join(f"{v:.4g}" for v in worst.at) if worst.ulps else ""
            many = f"{row.share:.2%}, absolute {row.absolute:.1g}" if row.share else ""
            tiny = max(tiny, 0.0 if entry.name == "bce-with-logits" else row.subnormal)
            lines.append(
                f"| {row.title} | {row.what} | {shown(worst.ulps)} | {at} | {row.median:.2f} | {many} |"
            )
    return _HEAD.format(points=n) + "\n".join(lines) + "\n" + _TAIL.format(tiny=shown(tiny))


def shown(ulps: float) -> str:
    """An error as the table writes it: rounded up, so that it is a bound on what was measured."""
    if ulps < 10:
        return f"{math.ceil(ulps * 10) / 10:.1f}"
    return f"{ulps:.0f}" if ulps < 1e5 else f"{ulps:.1e}"


if __name__ == "__main__":
    sys.set_int_max_str_digits(0)
    PAGE.write_text(page(int(sys.argv[1]) if len(sys.argv) > 1 else 3000), encoding="utf-8")
    print(f"wrote {PAGE}")
