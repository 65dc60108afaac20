"""Derivations of what a person may type: results, steps, and the documents that they become."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradbook import check, derive
from gradbook.derivation.algebra import simplify
from gradbook.derivation.rules import RULES
from gradbook.document.report import Verdict
from gradbook.symbolic import to_text
from gradbook.symbolic.decide import decide
from gradbook.symbolic.derivative import differentiate
from gradbook.symbolic.expr import Add, Div, Expr, Func, Mul, Neg, Pow, Symbol, number
from gradbook.symbolic.outcomes import Outcome

X, Y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize(
    ("typed", "wrt", "result"),
    [
        ("log(1+exp(-y*f))", "f", "-y·(1 - σ(y·f))"),
        (r"\frac{1}{1+e^{-x}}", "x", "f(x)·(1 - f(x))"),
        ("x^3 + 3x^2 + 2x", "x", "3·x² + 6·x + 2"),
        ("sqrt(x^2 + 1)", "x", "x/√(x² + 1)"),
        ("(x^2+1)^(-3/2)", "x", "-3·x/(x² + 1)^(5/2)"),
        ("x^x", "x", "x^x·(ln(x) + 1)"),
        ("2^x", "x", "2^x·ln(2)"),
        ("sin(x)^2 + cos(x)^2", "x", "0"),
        ("log(v)/2 + (y-m)^2/(2v)", "v", "(v - (y - m)²)/(2·v²)"),
        ("max(0, 1 - y*f)^2", "f", "{-2·y·(1 - y·f) if y·f < 1; 0 otherwise}"),
        ("sum((y_i - w*x_i)^2, i)", "w", "-2·Σ_i x_i·(y_i - w·x_i)"),
        ("s_i = exp(z_i)/sum(exp(z_k), k)", "z_j", "s_i·(δ_ij - s_j)"),
        ("exp(z)/(exp(z) + exp(w))", "z", "f(z)·(1 - f(z))"),
        ("log(cosh(x))", "x", "tanh(x)"),
        ("-y*log(max(0, x*w))", "w", "-y/w"),
        ("-log(p(x, theta))", "theta", "-(∂/∂θ[p(x, θ)])/p(x, θ)"),
        ("f(g(x)) ", "x", "f'(g(x))·g'(x)"),
        ("x/2*(1 + tanh(0.79788*(x + 0.044715*x^3)))", "x", None),
    ],
)
def test_result(typed: str, wrt: str, result: str | None) -> None:
    derivation = derive(typed, wrt)
    assert derivation.proved
    if result is not None:
        assert to_text(derivation.result).replace("′", "'") == result
    lines = check(derivation.to("markdown")).documents[0].lines
    assert [x.source for x in lines if x.verdict not in (Verdict.PROVED, Verdict.STATED)] == []


def test_full_detail_names_each_rule() -> None:
    short, full = (derive("x^2*exp(-x)", detail=detail) for detail in ("short", "full"))
    assert [s.rules for s in full.steps][:3] == [("product rule",), ("power rule",), ("exponential",)]
    assert ("constant factor",) in [s.rules for s in full.steps]
    assert len(full.steps) > len(short.steps)
    assert to_text(full.result) == to_text(short.result)


def test_higher_and_mixed_derivatives() -> None:
    assert to_text(derive("-log(p)", ["p", "p"]).result) == "1/p²"
    assert to_text(derive("x^2*y^3", ["x", "y"]).result) == "6·x·y²"
    third = derive("x^2*exp(-x)", ["x"] * 3)
    assert third.proved
    assert third.order == 3


@pytest.mark.parametrize(
    ("typed", "wrt", "message"),
    [
        ("x*(y", None, r"column 3: expected “\)”"),
        ("x^2", "z", "z does not occur in x²; there are: x"),
        ("weight^2", "wieght", "did you mean weight"),
        ("x*y", None, "several quantities occur: x, y"),
        ("3 + 1", None, "nothing in it varies"),
        ("x > 2", None, "is a condition"),
        ("sinn(x)", None, "did you mean sin"),
        ("x*y", "2x", "is not a variable"),
        ("x = x", None, "defined by itself"),
        ("log(log(sigmoid(x)))", "x", "never holds"),
        ("", None, "column 1"),
    ],
)
def test_mistaken_calls_say_so_in_one_line(typed: str, wrt: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        derive(typed, wrt)
    assert "\n" not in str(raised.value)


def test_detail_and_wrt_are_checked() -> None:
    with pytest.raises(ValueError, match="detail is short or full"):
        derive("x", detail="tiny")


def test_what_is_proved_is_decided_and_not_assumed() -> None:
    """A wrong step is not proved: the checker is asked about each."""
    from gradbook.derivation.working import _Working  # pyright: ignore[reportPrivateUsage]

    derivation = derive("x^2", "x")
    worker = _Working(derivation.definition, X, "d", None, derivation.domain, (), True)  # type: ignore[arg-type]
    steps = []
    worker._append(steps, ("power rule",), Mul((number(2), X)), Mul((number(3), X)))  # pyright: ignore[reportPrivateUsage]
    assert steps[0].outcome is Outcome.REFUTED


def test_rules_say_what_they_are() -> None:
    assert len(RULES) > 30
    for rule in RULES.values():
        assert rule.statement
        assert rule.formula.startswith("\\frac{d")


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expr:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([X, Y, number(1), number(2), number(3)]))
    a = draw(expressions(depth=depth - 1))
    match draw(st.integers(0, 6)):
        case 0:
            return Add((a, draw(expressions(depth=depth - 1))))
        case 1:
            return Mul((a, draw(expressions(depth=depth - 1))))
        case 2:
            return Neg(a)
        case 3:
            return Div(a, Add((number(1), Pow(draw(expressions(depth=depth - 1)), number(2)))))
        case 4:
            return Pow(a, number(draw(st.integers(1, 3))))
        case 5:
            return Func(draw(st.sampled_from(["exp", "tanh", "sigmoid", "sin", "cos", "abs"])), (a,))
        case _:
            return Pow(Add((number(1), Pow(a, number(2)))), Div(number(1), number(2)))


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_simplifying_keeps_the_value(expr: Expr) -> None:
    assert decide(expr, simplify(expr)).outcome in (Outcome.PROVED, Outcome.AGREES)


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_simplifying_a_derivative_keeps_its_value(expr: Expr) -> None:
    slope = differentiate(expr, X)
    assert decide(slope, simplify(slope)).outcome in (Outcome.PROVED, Outcome.AGREES)
