"""Mistakes in documents: named once a chain, underlined, with the corrected line; nothing on right lines."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from gradbook.cli.text import write
from gradbook.derivation.mistakes import MISTAKES
from gradbook.document import Document, Line, Report, Verdict, check_text

SHARED = Path(__file__).parents[4] / "shared"

#: What the corpus calls mistakes, and the names that mean the same.
MEANT = {
    "sign slip": {"E101", "E104", "D110", "D111"},
    "sign slip inside factor": {"E101", "E104"},
    "sign slip (inner derivative of 1-p)": {"E101"},
    "argument not halved": {"E105"},
    "missing chain factor": {"D101"},
    "missing chain factor x_i": {"D101"},
    "constant factor": {"E102"},
    "factor 2": {"E102", "D105"},
    "missing square": {"E103"},
    "product rule term dropped": {"D108"},
    "factor x dropped": {"E108"},
    "missing 1/p": {"D103"},
    "wrong case condition": {"B101", "B102", "B103"},
    "sign(r) dropped": {"D103", "E108"},
    "not differentiated": {"D115"},
    "branch not differentiated": {"D115"},
    "norm not squared": {"E110"},
    "denominator treated as constant": {"D113"},
    "quotient rule term dropped": {"D113"},
    "-1 for the true class dropped": {"E106"},
}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradbook.document.diagnosing.SECONDS", 5.0)


def wrong(text: str) -> list[Line]:
    return [line for line in check_text(text, "a.md").lines if line.verdict is Verdict.REFUTED]


def test_wrong_claims_of_the_corpus_are_named_as_it_names_them() -> None:
    path = SHARED / "claims" / "claims.jsonl"
    if not path.exists():
        pytest.skip("the corpus is not here")
    claims = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines()]
    claims = [c for c in claims if c["truth"] == "wrong"]
    named = {c["id"]: wrong(f"${c['definition']}$\n\n${c['claim']}$\n")[0].code for c in claims}
    other = {c["id"]: named[c["id"]] for c in claims if named[c["id"]] not in MEANT[c["mistake"]]}
    assert len(claims) - len(other) >= 27, other


def test_mistakes_of_the_report() -> None:
    path = SHARED / "reports" / "cs6910-a2.md"
    if not path.exists():
        pytest.skip("the report is not here")
    lines: dict[int, list[Line]] = {}
    for line in wrong(path.read_text(encoding="utf-8")):
        lines.setdefault(line.line, []).append(line)
    assert {n: found[0].code for n, found in lines.items() if n < 200} == {
        103: "D103", 127: "B102", 143: "E104", 151: "B102", 169: "E101", 179: "E101", 187: "E116",
    }  # fmt: skip
    assert "E108 the factor x_i is missing" in lines[127][0].message
    assert "E108 the factor x is missing" in lines[151][0].message
    assert "in the denominator" in lines[143][0].message
    assert "inner product" in lines[187][0].message
    by_hand = {n: found for n, found in lines.items() if 210 < n < 240}
    assert {found[0].code for found in by_hand.values()} == {"N205"}
    assert all("the bias" in f[0].message and "the activation" in f[0].message for f in by_hand.values())
    slip = lines[213][-1]
    assert slip.code == "N201"
    assert "-0.684" in slip.message


def test_the_corrected_line_is_in_the_help() -> None:
    (line,) = wrong("$f(x) = \\tanh(x)$\n\n$$f'(x) = 1 + \\tanh^2(x)$$\n")
    assert line.code == "E101"
    assert line.help is not None
    assert line.help.startswith("it should read 1 - ")


def test_the_wrong_part_is_underlined() -> None:
    text = "$f(x) = \\frac{1}{1 + e^{-x}}$\n\n$$f'(x) = f(x)(1 + f(x))$$\n"
    document = check_text(text, "a.md")
    line = document.lines[-1]
    assert line.mark == (3, 20, 3, 24)
    shown = io.StringIO()
    write(Report((document,)), shown, every_line=False)
    rows = shown.getvalue().splitlines()
    at = rows.index("  3 | $$f'(x) = f(x)(1 + f(x))$$")
    assert rows[at + 1] == "    | " + " " * 19 + "^^^^"


def test_a_chain_is_diagnosed_once() -> None:
    text = "$f(x) = \\ln(1 + x^2)$\n\n$$f'(x) = 2x = \\frac{2x}{3}$$\n"
    first, second = wrong(text)
    assert first.code == "D103"
    assert second.code not in MISTAKES


def test_a_link_of_algebra_is_explained_by_its_own_left_side() -> None:
    (line,) = wrong("$$(a + b)^2 = a^2 + b^2$$\n")
    assert line.code == "E120"


def test_what_follows_is_not_diagnosed_again() -> None:
    text = "$f(x) = \\ln(1 + x^2)$\n\n$$f'(x) = 2x$$\n\n$$f''(x) = 2$$\n"
    document: Document = check_text(text, "a.md")
    assert [line.verdict for line in document.lines] == [Verdict.STATED, Verdict.REFUTED, Verdict.FOLLOWS]
    assert document.lines[-1].follows == 3


def test_right_lines_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a right line was diagnosed")

    monkeypatch.setattr("gradbook.document.diagnosing.Diagnoser.diagnosed", never)
    text = "$f(x) = x^3$\n\n$$f'(x) = 3x^2$$\n\n$$f''(x) = 6x$$\n"
    assert all(line.verdict in (Verdict.STATED, Verdict.PROVED) for line in check_text(text, "a.md").lines)


@pytest.mark.parametrize(
    ("given", "line", "code"),
    [
        ("a = 1.2, b = -3.4", "a b = 4.08", "N203"),
        ("w = 0.5, \\eta = 0.1, g = 0.2", "w - \\eta g = 0.52", "N207"),
        ("w = 0.5, \\eta = 0.1, g = 0.2", "w - \\eta g = 0.3", "N206"),
        ("a = 0.25, b = 3.2, c = 7", "a b c = 0.8", "N204"),
        ("a = 0.62, b = 0.15, d = 0.31", "d a = 0.0465", "N205"),
        ("z = 0.4, d = 0.31", "d \\sigma(z) = 0.124", "N205"),
        ("a = 0.125, b = 3.1", "a b = 3.875", "N210"),
        ("a = 1.2, b = 0.4", "a b = 0.84", "N208"),
        ("x_1 = 0.65", "\\tanh(x_1) = 0.5771", "N208"),
        ("x_1 = 0.6, x_2 = -1.2, d = 0.31", "d x_1 = -0.372", "N205"),
        ("w_1 = 0.5, \\eta = 0.1, g_1 = 0.2", "w_1 - \\eta g_1 = 0.52", "N207"),
        ("a = 0.666, b = 3.5", "a^2 b = 1.57", "N202"),
        ("a = 1.5", "a^2 + 1 = 4", "N201"),
        ("a = 2", "a + 1 = 3 \\cdot 5", "N211"),
    ],
)
def test_mistakes_with_numbers(given: str, line: str, code: str) -> None:
    assert wrong(f"${given}$\n\n$${line}$$\n")[0].code == code


def test_a_long_step_is_not_spelled_out() -> None:
    given = (
        r"Let $x_1 = 0.6$, $v_1 = 0.8$, $\eta = 0.5$ and $L = \ln(1 + e^{-v_1 x_1}) + \ln(1 + e^{-3 v_1})$."
    )
    line = wrong(given + "\n\n$$v_1 - \\eta \\frac{\\partial L}{\\partial v_1} = 0.5606$$\n")[0]
    assert (line.code, line.message) == ("N207", "the step is added, but gradient descent subtracts it")


def test_nothing_is_differentiated_by_how_far_a_sum_runs() -> None:
    text = (
        r"$$p_i = \frac{e^{z_i}}{\sum_{k=1}^K e^{z_k}}, \qquad \ell = -\sum_{i=1}^K y_i\log p_i,$$"
        "\nwhere $\\sum_i y_i = 1$. Then\n"
        r"$$\frac{\partial \ell}{\partial z_j} = -\sum_i \frac{y_i}{p_i}\frac{\partial p_i}{\partial z_j} = y_j - p_j$$"
    )
    assert wrong(text)[0].code != "D118"
