"""What explains a wrong line, what does not, and what is said where nothing does."""

from __future__ import annotations

import pytest

from gradbook.derivation.mistakes import Question, diagnose
from gradbook.derivation.mistakes.search import Explanation
from gradbook.symbolic.decide import decide
from gradbook.symbolic.expr import Derivative, Symbol
from gradbook.symbolic.outcomes import Decision, Outcome
from gradbook.symbolic.plain import read

UNHURRIED = 5.0


def question(body: str, written: str, wrt: str = "x") -> Question:
    return Question(Derivative(read(body), read(wrt)), read(written))


def explained(body: str, written: str, wrt: str = "x") -> tuple[Explanation, ...]:
    return diagnose(question(body, written, wrt), seconds=UNHURRIED).explanations


@pytest.mark.parametrize(
    ("body", "written", "code"),
    [
        ("log(1 + x^2)", "2*x", "D103"),
        ("sin(x^2)", "cos(x^2)", "D101"),
        ("sin(x^2)", "cos(2*x)", "D102"),
        ("x^3", "3*x^3", "D104"),
        ("x^5", "x^4", "D105"),
        ("x*sin(x)", "cos(x)", "D107"),
        ("x*sin(x)", "x*cos(x)", "D108"),
        ("x*exp(x)", "exp(x) + exp(x)", "D109"),
        ("tanh(x)", "tanh(x)*(1 - tanh(x))", "D117"),
        ("x^2 + sin(x)", "2*x + sin(x)", "D115"),
        ("cos(x)", "sin(x)", "E101"),
        ("1/(1 + exp(-x))", "exp(-x)/(1 - exp(-x))^2", "E104"),
        ("exp(3*x)", "3*exp(x)", "E105"),
        ("max(0, x)", "x if x > 0 else 0", "D115"),
        ("max(0, 1 - x)", "0 if x < 1 else -1", "B101"),
        ("sum((y_i - w*x_i)^2, i)", "-2*x_i*(y_i - w*x_i)", "D119"),
    ],
)
def test_one_mistake_is_named(body: str, written: str, code: str) -> None:
    wrt = "w" if "w" in body else "x"
    assert explained(body, written, wrt)[0].codes == (code,)


@pytest.mark.parametrize(
    ("body", "written", "codes"),
    [
        ("log(1 + x^2)", "-2*x", {"D103", "E101"}),
        ("x*sin(x^2)", "2*x*cos(x^2)*x - sin(x^2)", {"E101"}),
        ("(2*x + 1)^3", "-3*(2*x + 1)^2", {"D101", "E101"}),
        ("exp(2*x)*sin(x)", "exp(2*x)*sin(x) - exp(2*x)*cos(x)", {"D101", "E101"}),
    ],
)
def test_two_mistakes_are_named_where_one_is_not_enough(body: str, written: str, codes: set[str]) -> None:
    assert any(set(e.codes) == codes for e in explained(body, written))


def test_one_mistake_comes_before_two() -> None:
    found = explained("x*sin(x)", "x*cos(x)")
    assert all(len(e.slips) == 1 for e in found)


def test_nothing_is_named_where_nothing_fits_and_the_difference_is_told() -> None:
    found = diagnose(question("x*y*z", "y*z*(y + z)^2*x^3*w^5"), seconds=UNHURRIED)
    assert found.explanations == ()
    assert found.difference is not None
    assert found.difference.sentence().startswith("the line is too large by the factor")


def test_what_is_mended_is_right() -> None:
    asked = question("1/(1 + exp(-x))", "exp(-x)/(1 - exp(-x))^2")
    mended = diagnose(asked, seconds=UNHURRIED).explanations[0].mended
    assert mended is not None
    assert decide(mended, asked.right).outcome is Outcome.PROVED
    assert decide(asked.written, asked.right).outcome is Outcome.REFUTED


def test_values_at_points_are_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def undecided(*_: object, **__: object) -> Decision:
        return Decision(Outcome.AGREES, "equal at every point tried")

    monkeypatch.setattr("gradbook.derivation.mistakes.search.decide", undecided)
    assert explained("log(1 + x^2)", "2*x") == ()


def test_a_name_is_only_given_if_the_line_is_reproduced_exactly() -> None:
    for explanation in explained("x^2*exp(x)", "2*x*exp(x) + 1000001/1000000*x^2*exp(x)"):
        assert "1000001" in explanation.sentence() or "1000000" in explanation.sentence()


def test_free_names_and_no_points_are_no_fault() -> None:
    x = Symbol("x")
    assert diagnose(Question(Derivative(read("sqrt(-1 - x^2)"), x), read("1"))).explanations == ()
