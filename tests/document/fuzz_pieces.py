"""What the pieces of any text have to satisfy, and a search for texts that break it.

``python -m tests.document.fuzz_pieces --seconds 600`` takes documents of this repository apart and puts them
together again with what confuses readers. It prints each text that it finds, made small; what it found is
kept as tests in ``test_hostile.py``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from itertools import pairwise
from pathlib import Path

from gradbook.document.notebook import NotebookError
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of

ROOT = Path(__file__).resolve().parents[2]

TOKENS = (
    *"{}[]()$\\^_&=|~%#'\"<>!.,;:-+*/` \t\n\r\0\ufeff\u2028\ud800ax1θ",
    *r"""
    $$ \\ \( \) \[ \] \\( \\) \\[ \\] \$ \{ \} \% ``` ~~~ ~~ ** *** __ `` $` `$ ```math ~~~math ```{math}
    # ## ### === --- - * + 1. 2) a) b) (a) (6) ii) > >> | \| |-| |---|---| :-: [a](b) ![a](b) [^1] [^1]: [a]:
    &lt; &nbsp; <br> <p> </p> <td> </td> <b> <del> </del> <sup> <!-- --> <pre> </pre> <script> </script>
    <http://a.b> ::: {#a} {.b}
    \begin{align} \end{align} \begin{equation*} \end{equation*} \begin{cases} \end{cases} \begin{alignat}{2}
    \begin{verbatim} \end{verbatim} \begin{theorem} \end{theorem} \begin{proof} \begin{tabular}{ll}
    \end{tabular} \begin{document} \end{document} \begin{ \end \section{ \section*{a} \paragraph{ \textbf{
    \emph{a} \bf \item \item[a)] \footnote{ \caption{ \label{a} \cite[b]{a} \verb|a| \iffalse \fi \par \\[2pt]
    \\* \text{ \text{$a$} \newcommand{\R}{\mathbb{R}} \newcommand \def\a{b} \def\be{\begin{equation}} \be \ee
    \def\ee{\end{equation}} \DeclareMathOperator{\s}{s} \newtheorem{thm}{T} \begin{thm}[a] \frac{1}{2} \alpha
    f'(x)=2x $x$ $x=1$ word Let
    """.split(),
    *("\n\n", "\n    ", "\n> ", "\n- ", "\n$$\n", "\r\n", "\n---\n", "---\na: b\n---\n", "  \n", " = "),
    *("| a | b |\n|---|---|\n", "\n```math\n", "\n\n    $$"),
)


def faults(text: str, kind: DocumentKind) -> list[str]:
    """What is wrong with the pieces of a text: nothing, for every text."""
    try:
        pieces = pieces_of(Source.of("", text), kind)
    except NotebookError as error:
        line = text.split("\n")[error.line - 1 : error.line]
        inside = line and 1 <= error.column <= len(line[0]) + 1
        return [] if kind is DocumentKind.NOTEBOOK and inside else [f"raises {error!r}"]
    found: list[str] = []
    before: Piece | None = None
    for piece in pieces:
        found.extend(_faults_of(piece, text, kind))
        if before is not None and not found:
            found.extend(_faults_between(before, piece))
        before = piece
    return found


def _faults_of(piece: Piece, text: str, kind: DocumentKind) -> list[str]:
    offsets = piece.offsets
    if len(offsets) != len(piece.text) + 1:
        return [f"{piece}: {len(offsets)} offsets"]
    if any(after <= before for before, after in pairwise(offsets)):
        return [f"{piece}: offsets {list(offsets)} do not increase"]
    if not 0 <= offsets[0] <= offsets[-1] <= len(text):
        return [f"{piece}: offsets {list(offsets)} outside of the text"]
    if piece.kind in (PieceKind.CELL, PieceKind.BREAK):
        return [f"{piece}: has text"] if piece.text else []
    return [
        f"{piece}: {char!r} is {text[at]!r} at {at}"
        for char, at in zip(piece.text, offsets[:-1], strict=True)
        if char != text[at] and not _may_stand_for(text, at, char, piece.kind, kind)
    ]


def _may_stand_for(text: str, at: int, char: str, piece: PieceKind, kind: DocumentKind) -> bool:
    """Whether what is written at an offset may be written for another character."""
    written = text[at]
    if kind is DocumentKind.NOTEBOOK and written == "\\":
        escape = text[at : at + 2]
        length = 2 if escape != "\\u" else 12 if ord(char) > 0xFFFF else 6
        if json.loads(f'"{text[at : at + length]}"') == char:
            return True
    if piece not in (PieceKind.TEXT, PieceKind.HEADING):
        return False
    return written in ("\\", "~") if kind is DocumentKind.LATEX else written in ("&", "<")


def _faults_between(before: Piece, piece: Piece) -> list[str]:
    if piece.offsets[0] < before.offsets[0]:
        return [f"{piece} stands before {before}"]
    if PieceKind.MACRO in (piece.kind, before.kind):
        return []  # a definition is taken out of the middle of a formula
    if before.text and piece.offsets[0] <= before.offsets[len(before.text) - 1]:
        return [f"{piece} begins inside of {before}"]
    if piece.kind is before.kind is PieceKind.BREAK:
        return [f"two breaks at {piece.offsets[0]}"]
    if piece.kind is before.kind is PieceKind.TEXT:
        return [f"{piece} goes on {before}"]
    return []


def accident(chance: random.Random, corpus: list[str]) -> str:
    """Some of a document, with accidents."""
    text = chance.choice(corpus) if chance.random() < 0.7 else ""
    if text:
        start = chance.randrange(len(text))
        text = text[start : start + chance.randrange(1, 400)]
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice((1, 2, 5, 30)))
        match chance.randrange(8):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:to] + text[at:to] * chance.choice((1, 2, 50)) + text[to:]
            case 2:
                text = text[:at] + text[at:to][::-1] + text[to:]
            case _:
                text = text[:at] + chance.choice(TOKENS) + text[at:]
    return text


def as_notebook(chance: random.Random, text: str) -> str:
    """A notebook with the text in its cells."""
    at = chance.randrange(len(text) + 1)
    sources: list[str | list[str]] = [text[:at].splitlines(keepends=True), text[at:]]
    kinds = ("markdown", "markdown", "code")
    cells = [{"cell_type": chance.choice(kinds), "metadata": {}, "source": source} for source in sources]
    notebook = json.dumps({"cells": cells, "nbformat": 4}, indent=1, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.1:
        return accident(chance, [notebook])
    return notebook


def smaller(text: str, kind: DocumentKind) -> str:
    """The text with everything taken out that the fault does not need."""
    size = len(text) // 2
    while size:
        at = 0
        while at < len(text):
            shorter = text[:at] + text[at + size :]
            if trouble(shorter, kind):
                text = shorter
            else:
                at += size
        size //= 2
    return text


def trouble(text: str, kind: DocumentKind) -> str | None:
    """The first thing that is wrong with the pieces of a text, an exception or a long wait included."""
    began = time.perf_counter()
    try:
        found = faults(text, kind)
    except Exception as error:  # noqa: BLE001 - any exception is a finding
        return repr(error)
    seconds = time.perf_counter() - began
    if seconds > 1 + len(text) * 1e-4:
        return f"took {seconds:.1f} s"
    return found[0] if found else None


def main() -> int:
    """Search for the time that was asked for; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each text has the next one")
    asked = parser.parse_args()
    pages = [*ROOT.glob("examples/*.*"), *ROOT.glob("tests/documents/*.*")]
    corpus = [page.read_text(encoding="utf-8") for page in pages]
    end = time.monotonic() + asked.seconds
    seed, found = asked.seed, 0
    while time.monotonic() < end:
        chance = random.Random(seed)
        text = accident(chance, corpus)
        for kind in DocumentKind:
            given = as_notebook(chance, text) if kind is DocumentKind.NOTEBOOK else text
            if trouble(given, kind):
                found += 1
                given = smaller(given, kind)
                print(f"{kind.name} seed {seed}: {given!r}: {trouble(given, kind)}", flush=True)
        seed += 1
    print(f"{seed - asked.seed} texts, {found} findings")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
