"""Macros: what their definitions say, and formulas with them put in place."""

from __future__ import annotations

import time

import pytest

from gradbook.document.macros import Macro, expanded, macro
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", Macro(r"\R", r"\mathbb{R}")),
        (r"\renewcommand\v[1]{\mathbf{#1}}", Macro(r"\v", r"\mathbf{#1}", 1)),
        (r"\newcommand*{\d}[2][x]{\frac{d#2}{d#1}}", Macro(r"\d", r"\frac{d#2}{d#1}", 2, "x")),
        (r"\def\d#1#2{#1 #2}", Macro(r"\d", "#1 #2", 2)),
        (r"\DeclareMathOperator{\sgn}{sgn}", Macro(r"\sgn", r"\operatorname{sgn}")),
        (r"\DeclareMathOperator*\argmin{argmin}", Macro(r"\argmin", r"\operatorname*{argmin}")),
    ],
)
def test_what_a_macro_says(text: str, meaning: Macro) -> None:
    assert macro(text) == meaning
    (piece,) = (p for p in pieces_of(Source.of("", text), DocumentKind.LATEX) if p.text)
    assert (piece.kind, piece.text, piece.environment) == (PieceKind.MACRO, text, meaning.name)


def test_a_definition_that_is_too_involved_is_no_macro() -> None:
    assert macro(r"\def\v(#1){#1}") is None
    assert macro("x") is None


MACROS = {
    meaning.name: meaning
    for meaning in map(
        macro,
        (
            r"\newcommand{\R}{\mathbb{R}}",
            r"\newcommand{\norm}[1]{\|#1\|}",
            r"\newcommand{\pd}[2][x]{\frac{\partial #2}{\partial #1}}",
            r"\newcommand{\half}{\frac{1}{2}}",
            r"\def\twice#1{#1#1}",
            r"\def\dotted#1{#1\cdot}",
            r"\def\outer{\R\half}",
            r"\def\self{\self}",
            r"\def\grows{\grows\grows}",
        ),
    )
    if meaning is not None
}


def formula(text: str) -> Piece:
    return Piece(PieceKind.INLINE, text, range(100, 101 + len(text)))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x", "x"),
        (r"x \in \R", r"x \in \mathbb{R}"),
        (r"\Rightarrow \R", r"\Rightarrow \mathbb{R}"),
        (r"\norm{x + \norm{y}}", r"\|x + \|y\|\|"),
        (r"\norm x^2 + \norm\alpha", r"\|x\|^2 + \|\alpha\|"),
        (r"\pd{f}", r"\frac{\partial f}{\partial x}"),
        (r"\pd[y]{f(x)}", r"\frac{\partial f(x)}{\partial y}"),
        (r"\outer", r"\mathbb{R}\frac{1}{2}"),
        (r"\dotted{x}y", r"x\cdot y"),
        (r"\twice\alpha x", r"\alpha\alpha x"),
        (r"{\norm}", r"{\norm}"),
        (r"\norm", r"\norm"),
        (r"\norm{x", r"\norm{x"),
        (r"\\R", r"\\R"),
    ],
)
def test_a_macro_is_replaced_by_what_it_stands_for(text: str, written: str) -> None:
    assert expanded(formula(text), MACROS).text == written


def test_characters_keep_the_place_where_the_writer_wrote_them() -> None:
    text = r"a\norm{xy}b"
    piece = expanded(formula(text), MACROS)
    assert piece.text == r"a\|xy\|b"
    assert [at - 100 for at in piece.offsets] == [0, 1, 1, 7, 8, 1, 1, 10, 11]


def test_a_formula_without_macros_is_the_same_piece() -> None:
    piece = formula("x + y")
    assert expanded(piece, MACROS) is piece
    assert expanded(piece, {}) is piece


@pytest.mark.parametrize(
    "text",
    [r"\self", r"\grows", r"\twice{" * 5000 + "x" + "}" * 5000, r"\twice{" + "x" * 90_000 + "}"],
)
def test_a_macro_without_end_is_left_alone(text: str) -> None:
    began = time.perf_counter()
    assert expanded(formula(text), MACROS).text == text
    assert time.perf_counter() - began < 5
