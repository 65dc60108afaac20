"""Findings on the page: each sentence with its verdict and what speaks for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gradbook.book.blocks import Block, BlockKind
from gradbook.book.building import Built
from gradbook.book.findings import part
from gradbook.document.report import Evidence, Line, Verdict

Book = Callable[..., Built]


def line(verdict: Verdict, source: str = "<b>5e-4</b> learns", **more: object) -> Line:
    return Line(4, 3, 4, 20, source, verdict, **more)  # type: ignore[arg-type]


def test_numbers_are_shown_and_the_method_is_folded() -> None:
    words = ("read as: weight decay 0.0005 learns", "accuracy 0.9 of 0.1", "t test: p = 0.001, 6 seeds")
    block = Block(BlockKind.FINDINGS, "margin: accuracy 0.02\n- 5e-4 learns\n", 3, 4)
    html = part(block, [line(Verdict.SUPPORTED, evidence=Evidence(words=words))], "b-").html
    shown, folded = html.split("<details>")
    assert '&lt;b&gt;<span class="whole">5e-4</span>&lt;/b&gt; learns' in shown
    assert "SUPPORTED" in shown
    assert "Accuracy 0.9" in shown or "accuracy 0.9 of 0.1." in shown
    assert "margin accuracy 0.02" in shown
    assert "Read as: weight decay 0.0005 learns." in folded.replace("Weight", "weight")
    assert "p = 0.001" in folded
    assert "data-wrong" not in html


def test_a_contradicted_sentence_is_wrong_and_one_that_is_not_understood_says_why() -> None:
    block = Block(BlockKind.FINDINGS, "- a\n- b\n", 3, 4)
    lines = [line(Verdict.CONTRADICTED), line(Verdict.UNREAD, message="no such word: $x$")]
    html = part(block, lines, "b-").html
    assert html.count("data-wrong") == 1
    assert "No such word" in html or "no such word" in html
    assert 'data-tex="x"' in html


def test_without_lines_the_text_stays() -> None:
    block = Block(BlockKind.FINDINGS, "- <i>\n", 3, 3)
    assert part(block, [], "b-").html == '<pre class="scroll"><code>- &lt;i&gt;\n</code></pre>\n'


def test_findings_are_tested_against_the_study_above(book: Book, study: str) -> None:
    pytest.importorskip("torch", reason="studies need gradbook[study]")
    listed = "Findings of the study `tiny`:\n\n- 0.05 learns\n"
    text = study + "\n```findings\n- 0.05 may learn\n- 0.05 beats 0.0005 in test accuracy\n```\n\n" + listed
    built = book(text)
    assert built.counts["UNREAD"] == 1
    assert sum(built.counts.values()) == 3
    assert built.html.count('class="finding v-') == 2
    assert built.html.count('class="beside v-') == 1
