"""``gradbook derive`` from end to end."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from gradbook import check
from gradbook.cli import main
from gradbook.document.report import Verdict

PAIRS = [
    (loss, act)
    for loss in ("cross-entropy", "hinge", "l1", "huber", "l2", "cosine")
    for act in ("sigmoid", "tanh", "relu")
]


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["derive", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("loss", "activation"), PAIRS)
def test_pairs_of_the_report_are_proved(
    loss: str, activation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "--loss", loss, "--activation", activation, "--format", "markdown")
    assert re.search(r"\\frac\{\\partial f\}\{\\partial \\theta(_\{j\})?\} &=", text)
    assert r"\sum_{i}" in text, "the summed form"
    lines = check(text).documents[0].lines
    assert [x.source for x in lines if x.verdict not in (Verdict.PROVED, Verdict.STATED)] == []


def test_form_chooses_one_of_the_two(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--loss", "l2", "--activation", "tanh", "--format", "markdown")
    sample, total = (printed(capsys, *words, "--form", form) for form in ("sample", "sum"))
    assert r"\sum_{i}" not in sample
    assert total.count("# Derivative") == 1
    assert printed(capsys, *words, "--bias", "--form", "sample").count("# Derivative") == 2


def test_text_is_two_dimensional(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "1/(1+exp(-x))")
    assert "───" in text
    assert text.rstrip().endswith("= f(x)·(1 - f(x))")


def test_json_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    from gradbook.symbolic.plain import read

    data = json.loads(printed(capsys, "max(0, 1 - y*f)", "--wrt", "f", "--format", "json"))
    (derivation,) = data["derivations"]
    assert data["version"] == 1
    assert derivation["proved"] is True
    assert {step["verdict"] for step in derivation["steps"]} == {"PROVED"}
    assert derivation["kinks"][0]["where"]["plain"] == "y*f = 1"
    for step in derivation["steps"]:
        if "diff" not in step["after"]["plain"]:
            read(step["after"]["plain"])


def test_hessian_has_every_pair_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "x^2*y", "--wrt", "x", "--wrt", "y", "--hessian", "--format", "markdown")
    assert text.count("# Second derivative") == 3


def test_expression_may_start_with_a_minus(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1/p" in printed(capsys, "-log(p)", "--format", "json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sigmiod"], "the nearest is “sigmoid”"),
        (["--loss", "tanh"], "is no loss but the activation"),
        (["x^2", "--wrt", "z"], "z does not occur"),
        (["x*(y"], "column 3"),
        (["x > 2"], "is a condition"),
        (["x*y"], "several quantities occur"),
        (["x", "--assume", "x >"], "column 4"),
        (["x", "--loss", "l2"], "not both"),
        ([], "say what to derive"),
        (["--loss", "poisson", "--activation", "log-sigmoid"], "has a value nowhere"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["derive", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.count("\n") == 1


def test_a_terminal_without_unicode_gets_ascii() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gradbook", "derive", "1/(1+exp(-x))"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii:replace", "PATH": "/usr/bin"},
        check=True,
    )
    assert run.stdout.isascii()
    assert b"-----" in run.stdout


def test_list_names_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    from gradbook.derivation.catalogue import CATALOGUE

    text = printed(capsys, "--list")
    assert all(f"  {entry.name} " in text for entry in CATALOGUE)
