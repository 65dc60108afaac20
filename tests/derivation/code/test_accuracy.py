"""The measured accuracy is what docs/accuracy.md says, and the references are right."""

from __future__ import annotations

import math
import re

import mpmath
import pytest
from flint import arb
from tests.derivation.code.accuracy import GOOD, PAGE, Row, certified, derived, error, measured, rows

from gradbook.derivation.catalogue import Entry, find
from gradbook.derivation.code.formula import spelled_out
from gradbook.symbolic.expr import Symbol
from gradbook.symbolic.plain import read

_ROW = re.compile(
    r"\| (?P<title>[^|]+) \| (?P<what>value|gradient) \| (?P<worst>[\d.e+-]+) \|[^|]*\| (?P<median>[\d.]+) \|"
    r" (?:(?P<share>[\d.]+)%, absolute (?P<absolute>[\d.e+-]+))? ?\|"
)

#: Where a function passes through zero beside terms that do not, or an exponent is itself rounded.
_LARGE = {
    "GELU", "GELU (tanh form)", "SiLU", "Mish", "Binary cross entropy with logits", "Poisson",
    "Gaussian negative log-likelihood",
}  # fmt: skip


def stated() -> dict[tuple[str, str], dict[str, float]]:
    found = _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return {
        (m["title"], m["what"]): {k: float(m[k] or 0) for k in ("worst", "median", "share", "absolute")}
        for m in found
    }


def test_the_table_has_a_row_for_everything_measured() -> None:
    assert list(stated()) == [(e.title, what) for e in measured() for what in ("value", "gradient")]


@pytest.mark.parametrize("entry", measured(), ids=lambda e: e.name)
def test_errors_are_within_what_the_table_states(entry: Entry) -> None:
    table = stated()
    for row in rows(entry, 240, seed=1):
        told = table[row.title, row.what]
        assert abs(row.median - told["median"]) <= 0.25, row.what
        if told["share"]:
            assert row.title in _LARGE
            assert row.absolute <= 4 * told["absolute"], row.worst
            assert row.share <= 2 * told["share"] / 100 + 0.03
        else:
            assert told["worst"] <= GOOD
            assert row.worst.ulps <= max(1.5 * told["worst"], told["worst"] + 0.5), row.worst
        assert all(math.isfinite(e.ulps) for e in row.errors)


def test_an_error_of_one_in_the_last_place_is_one() -> None:
    assert error(math.nextafter(1.5, 2), arb("1.5"), ()).ulps == 1
    assert error(math.nan, arb(1), ()).ulps == math.inf
    assert error(math.inf, arb(2) ** 2000, ()).ulps == 0
    assert error(5e-324, arb(0), ()).ulps == 1


def test_a_wrong_formula_is_measured_as_wrong() -> None:
    exact = certified(read("log(1 + exp(x))"), {Symbol("x"): -30.0})
    assert exact is not None
    assert error(math.log(1 + math.exp(-30.0)), exact, ()).ulps > 100
    assert Row("", "", (error(1.0, arb(1), ()),)).worst.ulps == 0


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x))),
        ("gelu", lambda x: x * mpmath.ncdf(x)),
        ("mish", lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x)))),
        ("silu", lambda x: x / (1 + mpmath.exp(-x))),
        ("tanhshrink", lambda x: x - mpmath.tanh(x)),
        (
            "gelu-tanh",
            lambda x: (
                x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + x**3 * mpmath.mpf("0.044715"))))
            ),
        ),
    ],
)
@pytest.mark.parametrize("x", [-9.5, -1.25, 1e-9, 0.7, 13.0])
def test_references_agree_with_mpmath(name: str, formula: object, x: float) -> None:
    derivation = derived(find(name))
    of = derivation.definition
    with mpmath.workdps(80):
        values = formula(mpmath.mpf(x)), mpmath.diff(formula, mpmath.mpf(x))  # type: ignore[operator]
        for expr, value in zip((of.body, spelled_out(derivation.result, of)), values, strict=True):
            ball = certified(expr, {Symbol("x"): x})
            assert ball is not None
            exact = mpmath.mpf(ball.mid().str(60, radius=False))
            assert abs(exact - value) <= abs(exact) * mpmath.mpf(10) ** -35
