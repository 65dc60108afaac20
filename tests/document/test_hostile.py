"""Readers against texts that nobody means: exact offsets, no exception, time that grows as the text does."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.document.fuzz_pieces import TOKENS, faults

from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of

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
