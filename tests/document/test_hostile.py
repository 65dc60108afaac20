"""Readers against texts that nobody means: exact offsets, no exception, time that grows as the text does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.document.fuzz_pieces import TOKENS, faults

from gradbook.document import check_text
from gradbook.document.notebook import NotebookError
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of
from gradbook.document.report import Verdict

TEXTS = st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=40).map("".join)
WRITTEN = (DocumentKind.MARKDOWN, DocumentKind.LATEX)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_pieces_of_any_markdown_are_in_order_and_in_place(text: str) -> None:
    assert faults(text, DocumentKind.MARKDOWN) == []


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_pieces_of_any_latex_are_in_order_and_in_place(text: str) -> None:
    assert faults(text, DocumentKind.LATEX) == []


@given(st.lists(TEXTS, max_size=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_pieces_of_any_notebook_are_in_order_and_in_place(sources: list[str], escaped: bool) -> None:
    cells = [{"cell_type": "markdown", "source": source.splitlines(keepends=True)} for source in sources]
    assert faults(json.dumps({"cells": cells}, ensure_ascii=escaped), DocumentKind.NOTEBOOK) == []


@given(st.text(max_size=60) | st.text(alphabet='[]{}":,\\ ncelsu01', max_size=40))
def test_any_text_is_a_notebook_or_says_why_not(text: str) -> None:
    assert faults(text, DocumentKind.NOTEBOOK) == []


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize(
    "text",
    [
        # Found by fuzz_pieces.
        "\\paragraph{V\\def\\e{}",
        "\\section{$$$$\\newcommand{\\R}{}",
        "\\section{{a}\\DeclareMathOperator{\\s}{}",
        "\\section{\\def\\be{\\begin{equation}}\\be",
        "\\item[$]g",
        "\\item[${}]i",
        "\\section{\\item[$])",
        "1.\n\\",
        "2)\n!",
        "e) \nx) ",
        ",<p> <p>",
        "\u2028<p>\n<p>",
        "---",
        "{\n$$\n\n$$\n{",
        "a$ $8",
        # Suspected and found harmless.
        "\\",
        "$",
        "\ufeff",
        "\ufeff---\n---",
        "\0",
        "\ud800$\udc00$",
        "> $$\n>",
        ">\t>\t$$\n> a",
        "- > - > $$\n    > x",
        "$$\\newcommand{\\R}{",
        "\\begin{align}\\begin{align}\\end{align}",
        "\\end{align}\\begin{align}",
        "[![a](b)](c)]",
        "~~<del>~~</del>",
        "***a** b*",
        "[a]:",
        "[a]:\n",
        "> \\[ a\n> b ] c\n",
        "a \\[ b\n\\] c \\[",
    ],
)
def test_small_accidents(text: str, kind: DocumentKind) -> None:
    assert faults(text, kind) == []


def seconds(text: str, kind: DocumentKind) -> float:
    began = time.perf_counter()
    pieces_of(Source.of("", text), kind)
    return time.perf_counter() - began


UNITS = r"""
$ $$ $\text{$ \( \[ \]\[ $` `$ \begin{align} \begin{cases} \end{align} \begin{x \\[ { } \{ \section{ \textbf{
\footnote{ \label{ \cite[ \item[ \verb| \newcommand{\a} \newcommand \def\a{ $\def\a{ % \iffalse
\begin{tabular}{ > # * ~~ ` < <!-- <!a <? <pre> </td> <del> [ ]( [a]( []( ![ ![a](b) [^a] | |$ \ & &lt; _a a**
$a$
""".split()


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize(
    "unit",
    [
        *UNITS,
        *("$ ", "<a b='", "$a ", "$a$ ", "\\begin{align}\n\n", "$$\n\n", "% a\n", "[](\"", "<a "),
        *("[a]: b\n", "[a]:\n", "[a][", "\\[a] b\n", "\\[a\n", "\\[a\\] b\n", "> \\[a] b\n", "<sup>"),
        *("> ", "> $$\n", "> a\nb\n", "- ", "- > ", "1. ", "# ", "=\n", "a\n---\n", "a) b\n", "    a\n"),
        *("* ", "*a _b ", "**a ", "~~a~~ ", "` `` ", "```\n", "~~~math\n", "| |\n|-|\n", "a|b\n-|-\n"),
        *("\n", "\r", "\r\n", "\t", "\0", "\ud800", "\u2028"),
    ],
)  # fmt: skip
def test_the_time_grows_as_the_text(unit: str, kind: DocumentKind) -> None:
    # 100,000 characters take less than half a second; a reader that looks back or ahead without
    # limit takes minutes.
    assert seconds(unit * (100_000 // len(unit)), kind) < 10


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("unit", ["$", "{", ">", "[", "*"])
def test_a_hundred_thousand_of_one_sign(unit: str, kind: DocumentKind) -> None:
    text = unit * 100_000
    assert seconds(text, kind) < 10
    assert faults(text, kind) == []


def test_openers_before_many_closers_cost_no_more_than_their_number() -> None:
    for opener, closer in (
        ("[", "![a](b)"),
        ("[", "]\n\n[a]: b"),
        ("*", "a*"),
        ("{", "}"),
        ("\\begin{cases}", "\\end{cases}"),
    ):
        text = opener * 20_000 + closer * 20_000
        assert seconds(text, DocumentKind.MARKDOWN) < 10
        assert seconds(text, DocumentKind.LATEX) < 10


def test_ten_megabytes() -> None:
    page = (
        "# Loss\n\nLet $x$ be **so**, where everything that a report says about it is said at some length, "
        "and then\n\n$$\n\\frac{\\partial f}{\\partial\\theta} = -\\sum_i y_i \\left[ \\frac{1}{1 + e^{-x}} "
        "\\right] x_i\n$$\n\n- an item of a list, with its text\n\n> a quotation of $y$\n\n"
    )
    text = page * (10_000_000 // len(page))
    for kind in WRITTEN:
        assert seconds(text, kind) < 60


def test_ten_megabytes_of_notebook() -> None:
    cell = {
        "cell_type": "markdown",
        "source": ["Let $\\eta$ be\n", "\n", "$$x = 1$$"],
        "outputs": ["x" * 900],
    }
    text = json.dumps({"cells": [cell] * 10_000})
    assert seconds(text, DocumentKind.NOTEBOOK) < 60


def test_random_bytes_are_prose() -> None:
    text = bytes(range(256)).decode("latin-1") * 100
    for kind in WRITTEN:
        assert faults(text, kind) == []


# --- the checker -------------------------------------------------------------------------------------

CHECK = "import sys; from gradbook.document import check_text; t = sys.stdin.buffer.read().decode('utf-8'); "
SUMMARY = CHECK + "print(*(line.verdict.value for line in check_text(t, sys.argv[1]).lines))"


def verdicts(text: str, path: str = "a.md", limit: float = 10) -> list[str]:
    """The verdicts of a text, in a process of its own that is stopped when it takes too long."""
    told = subprocess.run(
        [sys.executable, "-c", SUMMARY, path], input=text.encode(), capture_output=True, timeout=limit
    )
    assert told.returncode == 0, told.stderr.decode()[-600:]
    return told.stdout.decode().split()


def display(*lines: str) -> str:
    return "\n\n".join(f"$${line}$$" for line in lines)


def nested(opener: str, closer: str, depth: int) -> str:
    return opener * depth + "1" + closer * depth


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(display(r"9^{9^{9^{9}}}=1"), id="a tower of powers"),
        pytest.param(display(r"1.0000001^{10^{15}}=2", r"e^{e^{e^{e^{e}}}}=2"), id="huge values"),
        pytest.param(display(r"(x+y+z+w)^{500}=1"), id="a huge expansion"),
        pytest.param(display("a=" + nested("{", "}", 20_000)), id="nested braces"),
        pytest.param(display("a=" + nested("(", ")", 20_000)), id="nested parentheses"),
        pytest.param(display("a=" + nested(r"\frac{1}{1+", "}", 3_000)), id="nested fractions"),
        pytest.param(display("a=" + nested(r"\sqrt{1+", "}", 3_000)), id="nested roots"),
        pytest.param(display("S=" + "+".join(f"x_{{{k}}}" for k in range(5_000))), id="5,000 terms"),
        pytest.param(
            display("S(x)=" + r"\,".join(rf"\sin({k}x)" for k in range(1, 500)), "S'(x)=1"),
            id="500 factors",
        ),
        pytest.param(
            display("a_{0}=1", *(f"a_{{{k}}}=a_{{{k - 1}}}+1" for k in range(1, 1_500)), "a_{1499}=1500"),
            id="1,500 definitions, each of the one before",
        ),
        pytest.param(
            display(*(f"c_{{{k}}}=c_{{{(k + 1) % 800}}}+1" for k in range(800)), "c_{0}=1"),
            id="a circle of 800 definitions",
        ),
        pytest.param(
            display("f_0(x)=x", *(f"f_{{{k}}}(x)=f_{{{k - 1}}}(x)^2+f_{{{k - 1}}}(x)" for k in range(1, 40))),
            id="definitions that double",
        ),
        pytest.param(
            display(r"f(x)=e^{\sin(x^2)}\tanh(x)", r"\frac{d^{50}f}{dx^{50}}=1"), id="50 times d/dx"
        ),
        pytest.param(display("f(x)=xe^{x^2}", "f" + "'" * 30 + "(x)=1"), id="30 primes"),
        pytest.param(display(r"\sum_{i=1}^{1000000000}\frac{1}{i^2}=1.645"), id="a sum to 10^9"),
        pytest.param(display("1" + "0" * 20_000 + "=1", "0." + "3" * 20_000 + "=1"), id="20,000 digits"),
        pytest.param("$" * 100_000, id="100,000 dollars"),
        pytest.param(bytes(range(1, 256)).decode("latin-1") * 500, id="every byte"),
        pytest.param(
            r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}" + display(r"\a=1"), id="macros in a circle"
        ),
    ],
)
def test_hostile_lines_get_a_verdict_in_bounded_time(text: str) -> None:
    verdicts(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (display("a=b", "b=a", "a=1"), {"STATED", "UNDECIDED", "UNREAD", "PROVED"}),
        (display("u=v+1", "v=u-1", "u=3"), {"STATED", "UNDECIDED", "UNREAD", "PROVED"}),
        (display("g(x)=h(x)", "h(x)=g(x)", "g'(x)=1"), {"STATED", "UNDECIDED", "UNREAD", "PROVED"}),
    ],
)
def test_definitions_in_a_circle_prove_nothing_wrong(text: str, expected: set[str]) -> None:
    assert set(verdicts(text)) <= expected


@pytest.mark.parametrize("value", ["1", "-1", "0", "0.5"])
def test_a_value_that_cannot_be_enclosed_proves_nothing(value: str) -> None:
    assert verdicts(display(rf"\sin(10^{{1000}})={value}")) != ["PROVED"]


def test_what_took_too_long_to_read_refutes_nothing() -> None:
    terms = "+".join(rf"\frac{{1}}{{x+{k}}}" for k in range(5_000))
    first, value = check_text(display("S(x)=" + terms, "S(1)=2"), deadline=0.05).lines
    assert first.verdict is Verdict.UNREAD
    assert value.verdict in (Verdict.UNREAD, Verdict.UNDECIDED)


def test_twenty_steps_of_descent_are_decided() -> None:
    steps = [rf"w_{{{k}}}=w_{{{k - 1}}}-0.1\cdot 2w_{{{k - 1}}}" for k in range(1, 20)]
    told = verdicts(display("w_0=1", *steps, f"w_{{19}}={0.8**19:.4f}"))
    assert told[-1] == "PROVED"


def test_two_thousand_claims_end() -> None:
    claims = [f"f'(x)={k}f(x)(1-f(x))" for k in range(2, 2_000)]
    assert "PROVED" not in verdicts(display(r"f(x)=\frac{1}{1+e^{-x}}", *claims), limit=120)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"cells": 3}', "[" * 100_000, '{"cells": [null, {"source": [null]}]}', "{"]
)
def test_a_malformed_notebook_is_refused_or_empty(text: str) -> None:
    with suppress(NotebookError):
        assert not check_text(text, "a.ipynb").lines


# --- the judge ---------------------------------------------------------------------------------------


def judged(monkeypatch: pytest.MonkeyPatch, pieces: list[Piece]) -> list[str]:
    monkeypatch.setattr("tests.document.fuzz_pieces.pieces_of", lambda source, kind: pieces)
    return faults("abc $x$", DocumentKind.MARKDOWN)


@pytest.mark.parametrize(
    ("pieces", "complaint"),
    [
        ([Piece(PieceKind.TEXT, "abc ", range(5)), Piece(PieceKind.INLINE, "x", range(5, 7))], ""),
        ([Piece(PieceKind.TEXT, "abd ", range(5))], "'d' is 'c'"),
        ([Piece(PieceKind.TEXT, "abc", range(3))], "3 offsets"),
        ([Piece(PieceKind.TEXT, "ab", (0, 0, 1))], "do not increase"),
        ([Piece(PieceKind.INLINE, "x", range(7, 9))], "outside"),
        ([Piece(PieceKind.TEXT, "bc", range(1, 4)), Piece(PieceKind.TEXT, "a", range(2))], "stands before"),
        ([Piece(PieceKind.TEXT, "ab", range(3)), Piece(PieceKind.INLINE, "b", range(1, 3))], "inside of"),
        ([Piece(PieceKind.BREAK, "", range(1)), Piece(PieceKind.BREAK, "", range(1))], "two breaks"),
        ([Piece(PieceKind.BREAK, "a", range(2))], "has text"),
    ],
)  # fmt: skip
def test_the_judge_of_pieces_sees_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, pieces: list[Piece], complaint: str
) -> None:
    found = judged(monkeypatch, pieces)
    assert complaint in found[0] if complaint else found == []
