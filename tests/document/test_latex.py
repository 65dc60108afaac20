"""LaTeX as people write it, turned into pieces."""

from __future__ import annotations

import pytest
from tests.document.shown import shown as shown_as

from gradbook.document.pieces import PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of


def shown(text: str) -> list[str]:
    return shown_as(text, DocumentKind.LATEX)


def test_only_the_definitions_of_a_preamble_are_read() -> None:
    text = r"""\documentclass{article} % \begin{document} $no$
\title{No $x$}
% \newcommand{\no}{x}
\newcommand{\R}{\mathbb{R}}
\DeclareMathOperator{\sgn}{sgn}
\begin{document}
Text
\end{document}
$after$"""
    assert shown(text) == [
        r"macro \R: \newcommand{\R}{\mathbb{R}}",
        r"macro \sgn: \DeclareMathOperator{\sgn}{sgn}",
        "/",
        "text: Text",
    ]


def test_a_file_without_a_preamble_is_all_read() -> None:
    assert shown("Let $x = 1$.") == ["text: Let ", "inline: x = 1", "text: ."]


@pytest.mark.parametrize(
    ("command", "level"),
    [
        (r"\part", 1),
        (r"\chapter*", 2),
        (r"\section", 3),
        (r"\subsection[short]", 4),
        (r"\subsubsection", 5),
        (r"\paragraph", 6),
        (r"\subparagraph", 7),
    ],
)
def test_headings(command: str, level: int) -> None:
    text = rf"a {command}{{The \textbf{{norm}} $H_2$\label{{sec:a}} }} b"
    assert shown(text) == ["text: a", "/", f"heading {level}: The norm $H_2$", "/", "text: b"]


def test_a_heading_that_is_never_closed_ends_with_its_paragraph() -> None:
    assert shown("\\section{The {loss\n\nLet $x$") == [
        "heading 3: The loss",
        "/",
        "text: Let ",
        "inline: x",
    ]


def test_theorems_and_proofs_are_headings() -> None:
    text = r"""\newtheorem{satz}{Satz}
\begin{satz}[Chain rule] $x$ \end{satz}
\begin{proof} $y$ \end{proof} \begin{case} z \end{case}"""
    assert shown(text) == [
        "heading 8 satz: satz[Chain rule]",
        "/",
        "inline: x",
        "/",
        "heading 9 proof: proof",
        "/",
        "inline: y",
        "/",
        "heading 9 case: case",
        "/",
        "text: z",
    ]


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("$x$", "inline: x"),
        (r"\(x\)", "inline: x"),
        ("$$x$$", "display: x"),
        (r"\[x\]", "display: x"),
        (r"\[x \\[2pt] y\]", r"display: x \\[2pt] y"),
        (r"\begin{displaymath}x\end{displaymath}", "display displaymath: x"),
        (r"\begin{math}x\end{math}", "display math: x"),
        (r"\begin{equation*}x\end{equation*}", "display equation*: x"),
        (
            r"\begin{equation}\begin{split}x\end{split}\end{equation}",
            r"display equation: \begin{split}x\end{split}",
        ),
        (r"\begin{subequations}\begin{gather}x\end{gather}\end{subequations}", "display gather: x"),
        (r"\begin{alignat}{2}x\end{alignat}", "display alignat: x"),
        (r"\begin{multline}x\end{multline}", "display multline: x"),
        (r"\begin{eqnarray}x\end{eqnarray}", "display eqnarray: x"),
        (r"$\text{if $x$ is}$", r"inline: \text{if $x$ is}"),
        (r"$x = 5\%$", r"inline: x = 5\%"),
    ],
)
def test_mathematics(text: str, piece: str) -> None:
    assert shown(text) == [piece]


def test_comments_are_left_out() -> None:
    text = "a % $no$\n% alone\nb 5\\% c\\\\% no\n\\[x % }\n % alone {\n + y\\]"
    assert shown(text) == ["text: a \nb 5% c\n\n", "display: x \n  + y"]


def test_a_commented_line_leaves_no_blank_line() -> None:
    assert shown("a\n% c\nb") == ["text: a\nb"]
    assert shown("a\n% c\n\nb") == ["text: a", "/", "text: b"]


def test_places_are_those_of_the_file() -> None:
    text = "a % c\n\\begin{align}\n x &= 1 % c\n\\\\ y &= 2\n\\end{align}"
    source = Source.of("", text)
    display = next(p for p in pieces_of(source, DocumentKind.LATEX) if p.kind is PieceKind.DISPLAY)
    assert "%" not in display.text
    assert source.position(display.offsets[display.text.index("y")]) == (4, 4)


@pytest.mark.parametrize("opener", ["$$", r"\[", r"\begin{align}"])
def test_an_unclosed_display_ends_at_the_blank_line(opener: str) -> None:
    assert shown(f"{opener} x = 1\n\nb $y$") == [
        "display unclosed:  x = 1",
        "/",
        "text: b ",
        "inline: y",
    ]


def test_an_unclosed_dollar_ends_with_its_paragraph() -> None:
    assert shown("a $x\n\nb") == ["text: a ", "inline unclosed: x", "/", "text: b"]


def test_commands_of_prose_are_unwrapped() -> None:
    text = (
        r"\emph{Let} \textcolor{red}{$x$} {\bf be}~\mycommand{real}, \href{http://a}{see}~\cite[p.~1]{b}"
        r"\label{c}\vspace{1em} \& \{5\,\$\}\ldots"
    )
    assert shown(text) == ["text: Let ", "inline: x", "text:   be real, see  & {5 $}…"]


@pytest.mark.parametrize(
    "text",
    [
        "\\begin{verbatim}\n$x$\n\\end{verbatim}",
        "\\begin{lstlisting}[language=C]\n$x$ }\n\\end{lstlisting}",
        "\\begin{tikzpicture}$x$\\end{tikzpicture}",
        "\\begin{comment}$x$\\end{comment}",
        r"\verb|$x$|",
        r"\lstinline!$x$!",
        r"\sout{$x$}",
        r"\input{chapter}",
        r"\includegraphics[width=\textwidth]{a}",
        r"\iffalse $x$ \fi",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert shown(text) == []


def test_a_strong_paragraph_says_so() -> None:
    assert shown(r"\textbf{Case 2}") == ["text 1: Case 2"]
    assert shown(r"{\bfseries Case $p$}") == ["text 1: Case ", "inline: p"]
    assert shown(r"\textbf{Case 2:} so") == ["text: Case 2: so"]


def test_prose_between_the_rows_of_a_display() -> None:
    text = r"\begin{align} a &= b \\ \intertext{where $c$ is} d &= e \end{align} and \ensuremath{f}"
    assert shown(text) == [
        r"display align:  a &= b \\ ",
        "text: where ",
        "inline: c",
        "text:  is",
        "display align:  d &= e ",
        "text:  and ",
        "inline: f",
    ]


def test_items() -> None:
    text = r"\begin{enumerate}[(a)] \item one $x$ \item[b)] two \end{enumerate} three"
    assert shown(text) == [
        "text: one ",
        "inline: x",
        "/",
        "text: b) two",
        "/",
        "text: three",
    ]


def test_tables() -> None:
    text = r"""\begin{tabular}{l|c}
\hline
rate & $\eta$ \\ \hline
\multicolumn{2}{c}{both} \\[2pt]
 & 1
\end{tabular} a \& b"""
    assert shown(text) == [
        "text: rate ",
        "|",
        r"inline: \eta",
        "|",
        "/",
        "text: both ",
        "|",
        "/",
        "|",
        "text:  1\n",
        "|",
        "/",
        "text: a & b",
    ]


def test_footnotes_and_captions_are_paragraphs() -> None:
    assert shown(r"a\footnote{where $x$} b \caption{c} d") == [
        "text: a",
        "/",
        "text: where ",
        "inline: x",
        "/",
        "text: b",
        "/",
        "text: c",
        "/",
        "text: d",
    ]


def test_names_of_a_writer_for_environments() -> None:
    text = r"""\newcommand{\be}{\begin{equation}}
\def\ee{\end{equation}}
\be x = 1 \ee
\be y"""
    assert shown(text)[2:] == ["display equation:  x = 1 ", "display unclosed:  y"]


def test_a_definition_in_the_text_is_a_macro() -> None:
    assert shown(r"a \def\v#1{\mathbf{#1}} b $\newcommand\w{w}x$") == [
        "text: a ",
        r"macro \v: \def\v#1{\mathbf{#1}}",
        "text:  b ",
        r"macro \w: \newcommand\w{w}",
        "inline: x",
    ]
