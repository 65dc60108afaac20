"""The page in a real browser: typeset, quiet, self-contained, and fit to be read by anybody."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gradbook.book.building import Built

Book = Callable[..., Built]
Open = Callable[..., Any]

TEXT = r"""---
title: A book
---

# Gradients

Let $f(x) = x^2$ and \(a = 2\), so

$$f'(x) = 3x$$

\begin{align}
f'(x) &= 2x \\
&= x + x \\
&= \frac{d}{dx}\left[x^2\right]
\end{align}

## Wide

$$g(x) = 1 + x + x^2 + x^3 + x^4 + x^5 + x^6 = 1 + x(1 + x + x^2 + x^3 + x^4 + x^5)
= x^6 + x^5 + x^4 + x^3 + x^2 + x + 1$$

| a very long heading of a column | another long heading of a column | one more |
| --- | --- | --- |
| $x$ | $y$ | `a_very_long_name_in_code_that_cannot_be_broken_anywhere` |

$$\unknowncommand{x} = \foo$$

```derive
--loss cross-entropy --activation softmax
sigmoid
```

```worksheet
layers = [2, 2, 1]
activations = "sigmoid"
loss = {name = "l2", scale = "1/2"}
weights = {W1 = [[0.5, 0.1], [0.2, 0.3]], W2 = [[0.5], [0.25]]}
samples = [{inputs = [2, 1], targets = [1]}]
```
"""


@pytest.fixture
def html(book: Book, tmp_path: Path) -> Path:
    book(TEXT)
    return tmp_path / "report.html"


def test_mathematics_is_typeset_and_no_request_leaves_the_page(html: Path, opened: Open) -> None:
    page = opened(html)
    formulas = page.run("document.querySelectorAll('.tex').length")
    assert formulas > 30
    assert (
        page.run("document.querySelectorAll('.tex > .katex, .tex > .katex-display > .katex').length")
        == formulas - 1
    )
    assert page.run("document.querySelectorAll('.katex math').length") == formulas - 1
    assert page.run("document.querySelectorAll('.katex-error').length") == 0
    sources = page.run("[...document.querySelectorAll('.tex.source')].map(e => e.textContent)")
    assert sources == [r"$$\unknowncommand{x} = \foo$$"]
    assert page.said == []
    assert page.requests == []
    assert page.run("document.fonts.check('16px KaTeX_Main')")
    assert html.stat().st_size < 2_000_000


def test_each_row_has_its_mark_at_its_height(html: Path, opened: Open) -> None:
    page = opened(html)
    box = ".display:has(.mtable)"
    marks = page.run(
        f"[...document.querySelector('{box}').querySelectorAll('.mark')].map(m => m.getBoundingClientRect())"
        ".map(r => r.top + r.height / 2)"
    )
    rows = page.run(
        f"[...document.querySelector('{box}').querySelectorAll('.katex-html [data-line]')]"
        ".map(m => m.getBoundingClientRect()).map(r => r.top + r.height / 2)"
    )
    assert len(marks) == len(rows) == 3
    for mark, row in zip(marks, rows, strict=True):
        assert abs(mark - row) < 8
    assert marks[0] + 15 < marks[1] < marks[2] - 15


def test_marks_are_in_the_margin_with_their_verdict_in_words(html: Path, opened: Open) -> None:
    page = opened(html)
    found = page.run(
        "[...document.querySelectorAll('.display .mark')].filter(m => m.offsetParent)"
        ".map(m => [m.className, m.textContent, m.getBoundingClientRect().left"
        " - m.closest('.display').getBoundingClientRect().right])"
    )
    assert len(found) > 10
    for name, words, gap in found:
        assert gap >= 0
        assert name.split("v-")[1].split()[0] in words
    assert page.run("document.querySelectorAll('.wrong-part').length") > 0


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_is_wider_than_the_window(html: Path, opened: Open, width: int) -> None:
    page = opened(html, width)
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.page.wait_for_timeout(100)
    assert page.run("document.documentElement.scrollWidth") <= width


def test_a_wide_formula_is_broken_and_whole_again_where_there_is_room(html: Path, opened: Open) -> None:
    page = opened(html, 375)
    rows = "document.querySelectorAll('.tex[data-narrow]')[0].querySelectorAll('.mtable').length"
    wide = "[...document.querySelectorAll('.tex[data-narrow]')].find(e => e.dataset.tex.startsWith('g(x)'))"
    assert page.run(f"{wide}.querySelectorAll('.mtable').length") == 1
    page.page.set_viewport_size({"width": 1800, "height": 900})
    page.page.wait_for_timeout(200)
    assert page.run(rows) in (0, 1)
    page.page.set_viewport_size({"width": 375, "height": 900})
    page.page.wait_for_timeout(200)
    assert page.run(f"{wide}.querySelectorAll('.mtable').length") == 1


TOKENS = ("ink faint link good bad follows agrees open unread").split()
CONTRAST = """
(names) => {
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement('i');
  document.body.append(probe);
  const light = (name) => {
    probe.style.color = `var(--${name})`;
    const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const [r, g, b] = parts.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const grounds = ['paper', 'card', 'good-wash', 'bad-wash', 'open-wash', 'other-wash'];
  return names.flatMap((n) => grounds.map((g) => [n, g, ratio(light(n), light(g))]));
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_can_be_read(html: Path, opened: Open, scheme: str) -> None:
    page = opened(html, scheme=scheme)
    found = page.page.evaluate(CONTRAST, TOKENS)
    assert len(found) == len(TOKENS) * 6
    assert [item for item in found if item[2] < 4.5] == []


def test_the_button_changes_the_theme(html: Path, opened: Open) -> None:
    page = opened(html)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.run(ground)
    page.page.click(".theme")
    assert page.run(ground) != light
    assert page.page.get_attribute(".theme", "aria-label") == "Change to light colours"
    page.page.click(".theme")
    assert page.run(ground) == light


def test_the_page_can_be_heard_and_used_from_the_keyboard(html: Path, opened: Open) -> None:
    page = opened(html)
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("[...document.querySelectorAll('h1')].length") == 1
    levels = page.run("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => Number(h.tagName[1]))")
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for tag in ("header", "main", "nav", "footer", "article"):
        assert page.run(f"document.querySelectorAll('{tag}').length") == 1
    assert page.run("[...document.querySelectorAll('img')].every(i => i.hasAttribute('alt'))")
    assert page.run(
        "[...document.querySelectorAll('svg')]"
        ".every(s => s.closest('[aria-hidden=true]') || (s.role === 'img' && s.ariaLabel))"
    )
    assert page.run(
        "[...document.querySelectorAll('button, a')].every(b => b.textContent.trim() || b.ariaLabel)"
    )
    ids = page.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    targets = page.run(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
    )
    assert set(targets) <= set(ids)
    page.page.keyboard.press("Tab")
    assert page.run("document.activeElement.className") == "skip"


def test_the_next_wrong_line_is_found(html: Path, opened: Open) -> None:
    page = opened(html)
    page.page.click(".summary .next")
    assert "REFUTED" in page.run("document.activeElement.textContent")


def test_without_scripts_the_sources_and_verdicts_stay(html: Path, opened: Open) -> None:
    page = opened(html, java_script_enabled=False)
    text = page.page.inner_text("main")
    assert "$$f'(x) = 3x$$" in text
    assert "REFUTED" in text
    assert page.page.is_visible(".mark")
    assert not page.page.is_visible(".theme")


def test_nothing_of_a_document_is_executed(book: Book, tmp_path: Path, opened: Open) -> None:
    attacks = Path(__file__).with_name("attacks.txt").read_text(encoding="utf-8")
    book(attacks.replace("=====", ""))
    page = opened(tmp_path / "report.html")
    page.page.hover("main")
    page.run(
        "document.querySelectorAll('article a, article span').forEach(e => e.dispatchEvent(new Event('mouseover')))"
    )
    page.page.wait_for_timeout(100)
    assert page.said == []
    assert page.requests == []
    assert (
        page.run("document.querySelectorAll('article script, article iframe, article [onload]').length") == 0
    )
    assert "alert(1)" in page.page.inner_text("article")


def test_plots_are_visible_in_both_themes(book: Book, study: str, tmp_path: Path, opened: Open) -> None:
    pytest.importorskip("torch", reason="studies need gradbook[study]")
    book(study)
    for scheme in ("light", "dark"):
        page = opened(tmp_path / "report.html", scheme=scheme)
        page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        boxes = page.run(
            "[...document.querySelectorAll('.plot svg')]"
            ".map(s => s.getBoundingClientRect()).map(r => [r.width, r.height])"
        )
        assert len(boxes) == 5
        assert all(width > 300 and height > 180 for width, height in boxes)
        ink, ground = page.run(
            "[getComputedStyle(document.querySelector('.plot svg text')).fill,"
            " getComputedStyle(document.querySelector('.plot svg')).backgroundColor]"
        )
        assert ink != ground
        assert page.said == []
        assert page.requests == []
