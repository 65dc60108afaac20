"""Documents are laid out with their marks and notes, and nothing of them gets out of its place."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gradbook.book.images import Images
from gradbook.book.markup import Setting, lay_out
from gradbook.document import check_text


def laid(text: str, **setting: object) -> str:
    return lay_out(text, check_text(text, "a.md"), Setting(**setting)).html  # type: ignore[arg-type]


class Tags(HTMLParser):
    """The tags of a text, and whether each that is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in ("img", "br", "hr", "use", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("use", "path"):
            assert self.open.pop() == tag


ATTACKS = Path(__file__).with_name("attacks.txt").read_text(encoding="utf-8").split("\n=====\n")


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_document_says_stays_text(text: str) -> None:
    found = Tags(laid(text))
    for tag, attributes in found.all:
        assert tag not in ("script", "iframe", "style", "object", "link", "meta", "base", "form")
        assert tag != "svg" or attributes.get("class") == "icon"
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src"):
                assert not re.match(r"\s*(javascript|vbscript|data):", value or "", re.IGNORECASE)


def test_a_wrong_line_has_its_mark_and_its_note_under_it() -> None:
    html = laid("Let\n\n$$f(x) = x^2$$\n\nthen\n\n$$f'(x) = 3x$$\n\nand more.")
    Tags(html)
    assert 'class="mark v-stated"' in html
    assert (
        html.index('class="mark v-refuted"') < html.index('class="note v-refuted"') < html.index("and more")
    )
    note = html[html.index('class="note v-refuted"') : html.index("</aside>")]
    for told in (
        "REFUTED",
        "E102",
        "The number 3 should be 2",
        "line 7",
        "the left side is",
        "It should read",
    ):
        assert told in note
    assert "<summary>E102:" in note


def test_a_note_to_a_formula_in_a_sentence_stands_after_the_paragraph() -> None:
    html = laid("Let $f(x) = x^2$, so $f'(x) = 3x$, and so on.\n\nNext.")
    Tags(html)
    assert html.index("and so on.</p>") < html.index('class="note') < html.index("Next.")


def test_notes_come_after_a_table() -> None:
    html = laid("Let $f(x) = x^2$.\n\n| a |\n|---|\n| $f'(x) = 3x$ |\n\nNext.")
    Tags(html)
    assert html.index("</table>") < html.index('class="note') < html.index("Next.")


def test_every_line_is_marked_exactly_once() -> None:
    text = (
        "# On $q = 1$\n\nLet $f(x) = x^2$ be.\n\n> $$f'(x) = 2x$$\n\n1. one $a = 2$\n2. two\n   $$b = 3$$\n\n"
        "| v |\n|---|\n| $c = 4$ |\n\n*so $d = 5$*\n\n```math\ne = 6\n```\n\nx[^1]\n\n[^1]: $h = 7$\n"
    )
    document = check_text(text, "a.md")
    assert len(document.lines) >= 8
    html = lay_out(text, document, Setting()).html
    Tags(html)
    for number in range(1, len(document.lines) + 1):
        assert html.count(f'id="l-{number}"') == 1


def test_a_formula_that_is_never_closed_is_told_of() -> None:
    html = laid("Let\n\n$$\nx = 1\n\nand so on it goes.")
    assert "UNREAD" in html


def test_headings_skip_no_level_and_have_names_of_their_own() -> None:
    found = lay_out("# A\n\n### B\n\n# A\n\n###### C", check_text(""), Setting())
    assert [h.level for h in found.headings] == [2, 3, 2, 3]
    assert len({h.name for h in found.headings}) == 4


def test_comments_are_not_shown() -> None:
    html = laid("<!-- to do -->\n\na <!-- later --> b\n\n<!-- many\n\nlines -->\n\nend")
    assert "to do" not in html
    assert "later" not in html
    assert "many" not in html
    assert "<p>end</p>" in html


def test_pictures_of_the_folder_are_put_in_and_others_are_links(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "a b.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    images = Images(folder)
    html = laid(
        "![one](a%20b.png) ![two](../secret.png) ![three](link.png) ![four](https://example.org/x.png) "
        "![five](file:///etc/passwd) ![six](none.png) ![seven](a.md)",
        image=images.html,
    )
    assert '<img src="data:image/png;base64,iVBORw==" alt="one">' in html
    assert html.count("<img") == 1
    assert '<a class="picture" href="https://example.org/x.png" rel="noopener noreferrer">four</a>' in html
    assert len(images.problems) == 4
    assert "c2VjcmV0" not in html
