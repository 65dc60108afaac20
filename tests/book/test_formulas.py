"""Formulas are taken out as the checker finds them, with their lines in their places."""

from __future__ import annotations

import pytest

from gradbook.book.formulas import PLACEHOLDER, broken, marked, take_out, typeset
from gradbook.document import check_text


def taken(text: str) -> list[tuple[str, bool, tuple[int, ...]]]:
    found = take_out(text, check_text(text, "a.md"))
    return [(f.tex.strip(), f.display, f.lines) for f in found.formulas]


@pytest.mark.parametrize(
    ("text", "tex", "display"),
    [
        ("Let $x = 1$ be", "x = 1", False),
        (r"Let \(x = 1\) be", "x = 1", False),
        ("Let $`x = 1`$ be", "x = 1", False),
        ("$$x = 1$$", "x = 1", True),
        ("$$\nx = 1\n$$", "x = 1", True),
        (r"\[ x = 1 \]", "x = 1", True),
        ("> $$\n> x = 1\n> $$", "x = 1", True),
        ("- item\n\n  $$\n  x = 1\n  $$", "x = 1", True),
        ("```math\nx = 1\n```", "x = 1", True),
        ("# A $x = 1$", "x = 1", False),
        ("| a |\n|---|\n| $x = 1$ |", "x = 1", False),
        ("\\begin{equation}\nx = 1\n\\end{equation}", "x = 1", True),
    ],
)
def test_every_way_to_write_a_formula_is_taken_out_whole(text: str, tex: str, display: bool) -> None:
    assert [(t, d) for t, d, _ in taken(text)] == [(tex, display)]
    laid = take_out(text, check_text(text, "a.md"))
    rest = PLACEHOLDER.sub("", laid.text)
    assert "x = 1" not in rest
    assert "$" not in rest
    assert "\\" not in rest


def test_line_numbers_stay_where_formulas_have_many_lines() -> None:
    text = "a\n\n$$\nx = 1\n$$\n\n> $$\n> y\n> $$\n\n```derive\nsigmoid\n```\n"
    laid = take_out(text, check_text(text, "a.md"))
    assert len(laid.text.split("\n")) == len(text.split("\n"))
    assert laid.text.split("\n")[10] == "```derive"


def test_money_and_code_stay() -> None:
    text = "It costs $5 and $6.\n\nOr `$x$`.\n\n    $ code $\n"
    assert take_out(text, check_text(text)).text == text


def test_private_characters_of_the_document_are_no_placeholders() -> None:
    text = "\ue0100\ue011 and $x = 1$"
    laid = take_out(text, check_text(text))
    assert len(PLACEHOLDER.findall(laid.text)) == 1
    assert "\ufffd0\ufffd" in laid.text


def test_each_row_is_labelled_where_it_ends() -> None:
    text = "\\begin{align}\nf(x) &= x^2 \\\\\nf'(x) &= 2x \\\\ &= 3x\n\\end{align}\n"
    document = check_text(text)
    formula = take_out(text, document).formulas[0]
    assert formula.lines == (0, 1, 2)
    found = marked(formula, {0: "a", 1: "b", 2: "c"})
    assert r"x^2\htmlData{line=a}{} \\" in found
    assert r"2x\htmlData{line=b}{} \\" in found
    assert found.rstrip().endswith(r"x\htmlData{line=c}{}" + "\n" + r"\end{aligned}")


def test_the_wrong_part_is_in_a_group_of_its_own() -> None:
    text = "$$f(x) = x^2$$\n\n$$f'(x) = 3x$$"
    formula = take_out(text, check_text(text)).formulas[1]
    assert marked(formula, {1: "m"}) == r"f'(x) = \htmlClass{wrong-part}{3}x\htmlData{line=m}{}"


def test_macros_are_expanded_and_their_definitions_are_no_text() -> None:
    text = "\\newcommand{\\sq}[1]{#1^2}\n\n$f(x) = \\sq{x}$ and $f'(x) = 2x$"
    laid = take_out(text, check_text(text))
    assert "newcommand" not in laid.text
    assert [f.tex for f in laid.formulas] == ["f(x) = x^2", "f'(x) = 2x"]
    assert [f.lines for f in laid.formulas] == [(0,), (1,)]


@pytest.mark.parametrize(
    ("written", "set_as"),
    [
        (r"\qty{3}{cm}", r"3\,\mathrm{cm}"),
        (r"\num{3e4}", "3e4"),
        (r"x \label{eq:1}", "x "),
        (r"\textcircled{a}", r"\text{ⓐ}"),
        (r"\nicefrac{1}{2}", r"\tfrac{1}{2}"),
        (r"\mathbb{R}", r"\mathbb{R}"),
    ],
)
def test_what_katex_lacks_is_put_in_terms_that_it_has(written: str, set_as: str) -> None:
    assert typeset(written) == set_as


@pytest.mark.parametrize(
    "tex",
    [
        "a = b",
        r"\begin{cases} a = 1 & x = 2 \\ b & y = 3 \end{cases}",
        r"a &= b = c",
        r"\left( a = b = c \right)",
        r"f(\{a = b = c\})",
        r"a \leftarrow b",
        r"\left< a \right> = b",
    ],
)
def test_what_cannot_be_broken_is_not(tex: str) -> None:
    assert broken(tex) is None


def test_reasons_go_below_their_rows() -> None:
    tex = "\\begin{aligned}\na &= b && \\text{(rule)} \\\\\n&= c && \\text{(sum)}\n\\end{aligned}"
    found = broken(tex)
    assert found is not None
    assert "&&" not in found
    assert found.count(r"\text{(") == 2
