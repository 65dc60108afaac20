"""Markdown as people write it, turned into pieces."""

from __future__ import annotations

import pytest
from tests.document.shown import shown

from gradbook.document.pieces import PieceKind, Source
from gradbook.document.reading import DocumentKind, guess, pieces_of


def places(text: str) -> list[tuple[str, tuple[int, int]]]:
    """The mathematics of a text, with the line and column that it begins at."""
    source = Source.of("", text)
    return [
        (piece.text, source.position(piece.offsets[0]))
        for piece in pieces_of(source, DocumentKind.MARKDOWN)
        if piece.kind in (PieceKind.INLINE, PieceKind.DISPLAY)
    ]


# --- dollars ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "From $20,000 to US$30,000 a year.",
        "$5, $6 and $7",
        "a lone $ sign",
        "paid in $ or in A$ as you like",
        "Price is $x and $y today",
        "$ 5 apples and 6 $ pears are dear $",
    ],
)
def test_money_is_prose(text: str) -> None:
    assert shown(text) == [f"text: {text}"]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("$x$", "x"),
        (r"$\eta$", r"\eta"),
        ("$5e-2$", "5e-2"),
        ("$ x = 1 $", " x = 1 "),
        ("$ x $", " x "),
        ("$ 0.5 $", " 0.5 "),
        (r"$ \frac{a}{b}$", r" \frac{a}{b}"),
        ("$x\n= y$", "x\n= y"),
        (r"$x = \$5$", r"x = \$5"),
        (r"$\text{if $x$ is so}$", r"\text{if $x$ is so}"),
        ("$`a_b`$", "a_b"),
        (r"\(x\)", "x"),
        (r"\\(x\\)", "x"),
    ],
)
def test_inline_mathematics(text: str, inside: str) -> None:
    assert shown(f"Let {text} be") == ["text: Let ", f"inline: {inside}", "text:  be"]


def test_spaces_and_punctuation_of_a_sentence_stay() -> None:
    assert shown(r"Take a step ( $\gamma$ ) of 0.25, or  $\mu$.") == [
        "text: Take a step ( ",
        r"inline: \gamma",
        "text:  ) of 0.25, or  ",
        r"inline: \mu",
        "text: .",
    ]


def test_formulas_side_by_side() -> None:
    assert shown("$a$$b$ $c$") == ["inline: a", "inline: b", "text:  ", "inline: c"]


def test_an_escaped_dollar_is_a_dollar() -> None:
    assert shown(r"\$5 is \$6") == ["text: $5 is $6"]


def test_mathematics_does_not_reach_over_a_blank_line() -> None:
    assert shown("a $x = 1\n\nb $y$") == ["text: a $x = 1", "/", "text: b ", "inline: y"]


# --- displayed mathematics -----------------------------------------------------------------------------


def test_display_inside_of_a_line() -> None:
    assert shown("so $$x=1$$ and $$y=2$$.") == [
        "text: so ",
        "display: x=1",
        "text:  and ",
        "display: y=2",
        "text: .",
    ]


def test_nothing_inside_of_a_display_is_a_block() -> None:
    inside = "\nx\n- y\n= z\n# q\n> 0\n1. 5\n---\n| a |\n"
    assert shown(f"so\n$${inside}$$\nand") == ["text: so\n", f"display: {inside}", "text: \nand"]


def test_square_brackets() -> None:
    assert shown("\\[\nx \\\\[2pt] y\n\\]") == ["display: \nx \\\\[2pt] y\n"]
    assert shown("\\\\[ x \\\\]") == ["display:  x "]


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (r"\[link\](address)", "[link](address)"),
        (r"\[1\] A. Author", "[1] A. Author"),
        (r"\[A description of the change.\]", "[A description of the change.]"),
        (r"see \[12\], \[sic\] and \(in brackets here\)", "see [12], [sic] and (in brackets here)"),
        (r"{Object\[]} or \[a", "{Object[]} or [a"),
        (r"\[!NOTE] this", "[!NOTE] this"),
    ],
)
def test_escaped_brackets_of_prose_are_no_display(text: str, prose: str) -> None:
    assert shown(text) == [f"text: {prose}"]


def test_a_display_in_brackets_may_stand_inside_of_a_sentence() -> None:
    assert shown("so \\[ x = 1 \\] and \\[\ny\n\\] hold") == [
        "text: so ",
        "display:  x = 1 ",
        "text:  and ",
        "display: \ny\n",
        "text:  hold",
    ]


@pytest.mark.parametrize("name", ["equation", "align*", "gather", "multline", "eqnarray", "flalign", "cases"])
def test_bare_environments(name: str) -> None:
    text = f"\\begin{{{name}}}\na &= b\n\n&= c\n\\end{{{name}}}"
    assert shown(text) == [f"display {name}: \na &= b\n\n&= c\n"]


def test_the_argument_of_an_environment_is_no_mathematics() -> None:
    assert shown(r"\begin{alignat}{2}a\end{alignat}") == ["display alignat: a"]


def test_environments_nest() -> None:
    text = r"\begin{cases}\begin{cases}a\end{cases}\end{cases} b"
    assert shown(text) == [r"display cases: \begin{cases}a\end{cases}", "text:  b"]


def test_an_environment_that_is_no_mathematics_is_prose() -> None:
    assert shown(r"see \begin{theorem}") == [r"text: see \begin{theorem}"]


def test_blank_lines_inside_of_a_display() -> None:
    assert shown("$$\na\n\n= \\text{some words here}\n$$\nb") == [
        "display: \na\n\n= \\text{some words here}\n",
        "text: \nb",
    ]


def test_an_unclosed_display_ends_at_the_blank_line() -> None:
    text = "$$\na = b\n\nHere is some prose.\n\n$$\nc = d\n$$"
    assert shown(text) == [
        "display unclosed: \na = b",
        "/",
        "text: Here is some prose.",
        "/",
        "display: \nc = d\n",
    ]


@pytest.mark.parametrize("opener", ["$$", "\\[", "\\begin{align}", "```math\n"])
def test_an_unclosed_display_ends_with_the_document(opener: str) -> None:
    assert shown(f"{opener}x") == ["display unclosed: x"]


def test_fences_of_mathematics() -> None:
    assert shown("```math\na\n= b\n```\nc") == ["display math: a\n= b\n", "/", "text: c"]
    assert shown("~~~ {math}\n~~~") == []
    assert shown("```{math}\n:label: loss\na\n```") == ["display math: a\n"]
    assert shown("```mathematica\nx\n```") == []


def test_a_formula_in_a_table_cell_or_heading_may_be_displayed() -> None:
    assert shown("| $$x$$ |\n|---|\n") == ["display: x", "|"]
    assert shown("# $$x$$") == ["heading 1: $$x$$"]


def test_macros() -> None:
    text = r"$$\newcommand{\R}{\mathbb{R}} x \in \R$$"
    assert shown(text) == [r"macro \R: \newcommand{\R}{\mathbb{R}}", r"display:  x \in \R"]
    assert shown(r"$\def\v#1{\mathbf{#1}}$") == [r"macro \v: \def\v#1{\mathbf{#1}}"]
    assert shown("\\DeclareMathOperator*{\\argmin}{arg\\,min}\n\n$x$") == [
        "macro \\argmin: \\DeclareMathOperator*{\\argmin}{arg\\,min}",
        "/",
        "inline: x",
    ]


# --- what is not there ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "`$x$`",
        "`` ` $x$ ``",
        "```\n$x$\n```",
        "~~~python\n$x$\n$$y$$\n~~~",
        "```\n$$\nunclosed fence",
        "    $x$ is code",
        "\t$x$ is code",
        "<!-- $x$\n\n$$y$$ -->",
        "<!-- unclosed $x$",
        "<pre>\n$x$\n\n$y$\n</pre>",
        "<script>$x$</script>",
        "<code>$x$</code>",
        "~~0.5 $x$~~",
        "<del>$x$</del>",
        "![$x$](plot.png)",
        "[a]: http://x.org/$x$ 'title'",
        "[a]:\n  http://x.org/$x$",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert shown(text) == []


def test_struck_out_is_not_there() -> None:
    assert shown("step ~~0.5~~ 0.25") == ["text: step  0.25"]
    assert shown("a ~~b") == ["text: a ~~b"]


def test_indented_mathematics_is_no_code() -> None:
    assert shown("a\n\n    $$x$$") == ["text: a", "/", "display: x"]


def test_indented_under_a_list_item_is_no_code() -> None:
    assert shown("- a\n\n    b $x$\n\n        code") == ["text: a", "/", "text: b ", "inline: x"]
    assert shown("a) Sigmoid\n\n    $x$ here") == ["text: a) Sigmoid", "/", "inline: x", "text:  here"]


def test_what_ends_a_paragraph_is_no_code() -> None:
    assert shown("  1. a\n  b\n    * c $x$") == ["text: 1. a\n  b", "/", "text: c ", "inline: x"]


def test_tags_are_removed_and_their_contents_read() -> None:
    assert shown('a <b class="c">bold</b> <span>$x$</span>') == ["text: a bold ", "inline: x"]
    assert shown("<details open>\n<summary>More</summary>\n\n$x$\n</details>") == [
        "text: More",
        "/",
        "inline: x",
    ]


def test_signs_of_comparison_are_no_tags() -> None:
    assert shown("if a<b and c>d, 0<p and q>1") == ["text: if a<b and c>d, 0<p and q>1"]


def test_powers_and_indices_in_html() -> None:
    assert shown("x<sup>2</sup> and x<sub>2</sub><br>y") == ["text: x^2 and x_2\ny"]
    assert shown("a <sup>small note</sup>") == ["text: a small note"]


def test_entities() -> None:
    assert shown("p &lt; 1 &amp; q &#62; 0 &nosuch; AT&T") == ["text: p < 1 & q > 0 &nosuch; AT&T"]


def test_addresses_of_links_and_labels_are_left_out() -> None:
    assert shown("[see $x$](http://a.org/(b) 'c')") == ["text: see ", "inline: x"]
    assert shown("<http://d.org/e_f> <me@d.org>") == ["text: http://d.org/e_f me@d.org"]
    assert shown("$$x$$ {#eq:a}\n\n# A {#sec:a}") == ["display: x", "/", "heading 1: A"]


def test_links_by_label() -> None:
    text = "> [see $x$][A  b] [c][] [d] [![e](f)][d] [g][h] [i]\n\n[a b]: /1\n[C]: /2\n[d]: </3> 'title'"
    assert shown(text) == ["text: see ", "inline: x", "text:  c d  [g][h] [i]"]


def test_brackets_that_are_no_link_stay() -> None:
    assert shown("Margin [ $y_i$ = label ] and [1] (2)") == [
        "text: Margin [ ",
        "inline: y_i",
        "text:  = label ] and [1] (2)",
    ]


# --- emphasis ------------------------------------------------------------------------------------------


def test_emphasis_is_unwrapped() -> None:
    text = "*a* _b_ **c** __d__ ***e*** **f *g* h**"
    assert shown(text) == ["text: a b c d e f g h"]


def test_names_and_products_are_no_emphasis() -> None:
    text = "w_1_2 and snake_case_name, 2*3*4, a * b * c, 2**3**4"
    assert shown(text) == [f"text: {text}"]
    assert shown("**t**ag") == ["text: tag"]


def test_emphasis_around_mathematics() -> None:
    assert shown("**Let $p$ be** so") == ["text: Let ", "inline: p", "text:  be so"]


def test_a_strong_paragraph_says_so() -> None:
    assert shown("**Case 2**") == ["text 1: Case 2"]
    assert shown("**Case $p$ is**") == ["text 1: Case ", "inline: p", "text 1:  is"]
    assert shown("**Case 2:** so **it** is") == ["text: Case 2: so it is"]
    assert shown("**a** and **b**") == ["text: a and b"]


def test_backslash_escapes() -> None:
    assert shown(r"\*a\* 1\. \alpha \\") == [r"text: *a* 1. \alpha " + "\\"]
    assert shown("a\\\nb") == ["text: a\nb"]


# --- blocks --------------------------------------------------------------------------------------------


def test_headings_keep_their_mathematics_verbatim() -> None:
    assert shown("## d) $H_2$ **norm** ##\ntext") == ["heading 2: d) $H_2$ norm", "/", "text: text"]
    assert shown("Title\n=====\nSub $x$\nline\n---\na") == [
        "heading 1: Title",
        "/",
        "heading 2: Sub $x$\nline",
        "/",
        "text: a",
    ]
    assert shown("####### no\n\n#no") == ["text: ####### no", "/", "text: #no"]


def test_one_sign_underlines_nothing() -> None:
    assert shown("x\n=\ny") == ["text: x\n=\ny"]


def test_a_rule_after_a_display_is_no_underline() -> None:
    assert shown("$$x$$\n---\na") == ["display: x", "/", "text: a"]


@pytest.mark.parametrize("marker", ["a)", "(6)", "b.", "(ii)", "1.", "2)"])
def test_enumerators_stay_in_the_text(marker: str) -> None:
    assert shown(f"x\n\n{marker} Tanh\n\n$$y$$") == [
        "text: x",
        "/",
        f"text: {marker} Tanh",
        "/",
        "display: y",
    ]


def test_ordered_items() -> None:
    assert shown("1. $$\n   x\n   $$\n2. b\n3. - c") == [
        "text: 1. ",
        "display: \n   x\n   ",
        "/",
        "text: 2. b",
        "/",
        "text: 3.",
        "/",
        "text: c",
    ]


def test_a_number_in_a_sentence_is_no_item() -> None:
    assert shown("there are\n2. of them") == ["text: there are\n2. of them"]


def test_lettered_lines_are_paragraphs() -> None:
    assert shown("a) one\nb) two\nmore\n(c) three") == ["text: a) one", "/", "text: b) two\nmore\n(c) three"]


def test_bullets_are_removed() -> None:
    assert shown("- a\n* b\n  + c\n- [x] d") == ["text: a", "/", "text: b", "/", "text: c", "/", "text: d"]


def test_quotations_are_unwrapped() -> None:
    text = "> a\n> $$\n> x\n> > 0\n> $$\n> b\nlazy\n\n- > c\n  > d"
    assert shown(text) == [
        "text: a\n",
        "display: \nx\n> 0\n",
        "text: \nb\nlazy",
        "/",
        "text: c\nd",
    ]
    assert shown("> > ```math\n> > x\n> > y\n> > ```") == ["display math: x\ny\n"]


def test_a_display_after_a_quotation_is_not_part_of_it() -> None:
    assert shown("> note\n$$\nx\n$$") == ["text: note", "/", "display: \nx\n"]


def test_tables() -> None:
    text = "| rate | $\\eta$ |\n|:---|---:|\n| 0.1 | $|x|$ |\n| a \\| b |\n\nend"
    assert shown(text) == [
        "text: rate",
        "|",
        r"inline: \eta",
        "|",
        "/",
        "text: 0.1",
        "|",
        "inline: |x|",
        "|",
        "/",
        "text: a | b",
        "|",
        "/",
        "text: end",
    ]


def test_a_comment_ends_a_table() -> None:
    assert shown("|a|\n|-|\n<!-- b -->\n") == ["text: a", "|"]


def test_a_table_may_follow_its_paragraph() -> None:
    assert shown("values:\na | b\n--|--\n1 | 2\n# c") == [
        "text: values:",
        "/",
        "text: a",
        "|",
        "text: b",
        "|",
        "/",
        "text: 1",
        "|",
        "text: 2",
        "|",
        "/",
        "heading 1: c",
    ]


def test_bars_without_a_delimiter_row_are_prose() -> None:
    assert shown("|x| is\n|y| too") == ["text: |x| is\n|y| too"]


def test_tables_in_html() -> None:
    text = "<table><tr><td>$a$</td><td>1</td></tr><tr><td>b</td></tr></table>"
    assert shown(text) == ["inline: a", "|", "text: 1", "|", "/", "text: b", "|"]


def test_front_matter() -> None:
    assert shown("---\nx: 1\n---\n\na") == ["front matter: x: 1\n", "/", "text: a"]
    assert shown("\ufeff---\nx: 1\n...\n") == ["front matter: x: 1\n"]
    assert shown("---\n\na\n\n---\n") == ["text: a"]
    assert shown("---\nnever closed") == ["text: never closed"]
    assert shown("a\n\n---\nx: 1\n---\n") == ["text: a", "/", "heading 2: x: 1"]


def test_footnotes() -> None:
    assert shown("a[^1] b\n\n[^1]: where $x$") == ["text: a b", "/", "text: where ", "inline: x"]


def test_other_line_ends() -> None:
    for end in ("\r\n", "\r"):
        text = f"# A{end}b{end}{end}$${end}x{end}$${end}- c{end}"
        assert shown(text) == [
            "heading 1: A",
            "/",
            "text: b",
            "/",
            f"display: {end}x{end}",
            "/",
            "text: c",
        ]


# --- places --------------------------------------------------------------------------------------------


def test_places_are_those_of_the_file() -> None:
    text = "# A\n\n> Let $x$ be\n> $$\n> y = 1\n> $$\n\n  - b $$z$$"
    source = Source.of("", text)
    assert places(text) == [("x", (3, 8)), ("\ny = 1\n", (4, 5)), ("z", (8, 9))]
    display = pieces_of(source, DocumentKind.MARKDOWN)[5]
    at = display.text.index("1")
    assert source.position(display.offsets[at]) == (5, 7)


def test_offsets_of_contiguous_text_cost_no_memory() -> None:
    for piece in pieces_of(Source.of("", "a $x$ b\n\n$$y\n= z$$\n"), DocumentKind.MARKDOWN):
        assert isinstance(piece.offsets, range)


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("a.md", r"\documentclass{article}", DocumentKind.MARKDOWN),
        ("a.TEX", "", DocumentKind.LATEX),
        ("a.ipynb", "", DocumentKind.NOTEBOOK),
        ("-", '\n {"cells": []}', DocumentKind.NOTEBOOK),
        ("-", "\n\\documentclass{article}", DocumentKind.LATEX),
        ("-", "\\section{A}", DocumentKind.LATEX),
        ("-", "see \\section{A}", DocumentKind.MARKDOWN),
        ("notes", "{x}", DocumentKind.MARKDOWN),
    ],
)
def test_what_a_document_is_written_in(path: str, text: str, kind: DocumentKind) -> None:
    assert guess(path, text) is kind
