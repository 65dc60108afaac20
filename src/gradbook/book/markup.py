"""Markdown into HTML, with its checked mathematics and its blocks in their places.

Raw HTML of a document is text, links are those that markdown-it takes to be safe, and nothing is fetched.
"""

# Plugins of markdown-it have partial types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from gradbook.book import marks
from gradbook.book.blocks import BlockKind
from gradbook.book.formulas import FILLER, OPEN, PLACEHOLDER, Formula, take_out
from gradbook.book.marks import Placed
from gradbook.document.report import Document

_KINDS = {kind.value for kind in BlockKind}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: how deep it is, its name on the page, and its text as HTML."""

    level: int
    name: str
    html: str


@dataclass(frozen=True, slots=True)
class Laid:
    """A piece of a document as HTML, its headings, and its lines by their names on the page."""

    html: str
    headings: tuple[Heading, ...]
    placed: tuple[Placed, ...]
    title: str | None = None


@dataclass(slots=True)
class Setting:
    """What a piece is laid out with.

    ``prefix`` keeps names apart on one page; ``level`` is that of the first headings; ``blocks`` are the blocks
    as HTML, by the line where their text begins, and ``own`` their lines, which stand in them; ``image`` gives a
    picture as HTML from its address and alternative text.
    """

    prefix: str = ""
    level: int = 2
    blocks: Mapping[int, str] = field(default_factory=dict[int, str])
    spans: Sequence[tuple[int, int]] = ()
    image: Callable[[str, str, str], str] | None = None
    keep_title: bool = True
    origin: str = ""


def lay_out(text: str, document: Document, setting: Setting) -> Laid:
    """A Markdown text with verdicts as HTML.

    >>> from gradbook.document import check_text
    >>> print(lay_out("# A\\n\\nLet <b>x</b>.", check_text(""), Setting()).html)
    <h2 id="a">A</h2>
    <p>Let &lt;b&gt;x&lt;/b&gt;.</p>
    """
    return _Layout(text, document, setting).run()


def heading_levels(text: str, setting: Setting) -> list[tuple[int, int]]:
    """The headings of a text as they are laid out: the line of each, from 1, and its level.

    >>> heading_levels("## A\\n\\n```sh\\n# no heading\\n```\\n\\n#### B", Setting())
    [(1, 2), (7, 3)]
    """
    tokens = _markdown().parse(text)
    at = None if setting.keep_title else _title_at(tokens)
    tokens = tokens if at is None else tokens[:at] + tokens[at + 3 :]
    lines = [t.map[0] + 1 if t.map else 0 for t in tokens if t.type == "heading_open"]
    return list(zip(lines, _levels(tokens, setting.level), strict=True))


def _levels(tokens: Sequence[Token], start: int) -> list[int]:
    """The levels of headings: the first are at ``start``, and none is more than one below that before it."""
    raw = [int(t.tag[1]) for t in tokens if t.type == "heading_open"]
    first = min(raw, default=1)
    levels: list[int] = []
    for tag in raw:
        last = levels[-1] if levels else start - 1
        levels.append(min(start + tag - first, last + 1, 6))
    return levels


def _title_at(tokens: Sequence[Token]) -> int | None:
    """Where the title stands in a document that begins with its only heading of the first level."""
    firsts = [k for k, t in enumerate(tokens) if t.type == "heading_open" and t.tag == "h1"]
    if len(firsts) != 1 or any(t.type == "heading_open" for t in tokens[: firsts[0]]):
        return None
    return firsts[0]


class _Layout:
    def __init__(self, text: str, document: Document, setting: Setting) -> None:
        self.setting = setting
        self.placed = [Placed(f"{setting.prefix}{k + 1}", line) for k, line in enumerate(document.lines)]
        taken = take_out(text, document)
        self.text, self.formulas = taken.text, taken.formulas
        shown = {k for formula in self.formulas for k in formula.lines}
        self.loose = [
            p
            for k, p in enumerate(self.placed)
            if k not in shown and not any(a <= p.line.line <= b for a, b in setting.spans)
        ]
        self.waiting: list[Placed] = []  # lines whose notes stand after the block that is being written
        self.maps: list[tuple[int, int]] = []
        self.headings: list[Heading] = []
        self.names: dict[str, int] = {}
        self.paragraph: str | None = None  # what ends and begins the paragraph around a display
        self.plain = False
        self.title: str | None = None
        self.levels: list[int] = []  # of the headings to come
        self.md = _markdown()
        self.renderer = cast("RendererHTML", self.md.renderer)
        for name in _RULES:
            self.md.add_render_rule(name, _rule(getattr(self, f"on_{name}")))

    def run(self) -> Laid:
        env: dict[str, Any] = {"docId": self.setting.prefix}
        tokens = self.md.parse(self.text, env)
        tokens = self._without_title(tokens)
        self.levels = _levels(tokens, self.setting.level)
        html = self.renderer.render(tokens, self.md.options, env)
        html = _EMPTY.sub("", html)
        rest = "".join(marks.note(p, self.setting.origin) for p in self.loose if p.has_note)
        return Laid(html + rest, tuple(self.headings), tuple(self.placed), self.title)

    def _without_title(self, tokens: list[Token]) -> list[Token]:
        """A document that begins with its only heading of the first level has a title."""
        if self.setting.keep_title:
            return tokens
        at = _title_at(tokens)
        if at is None:
            return tokens
        self.title = self._inline(tokens[at + 1])
        return tokens[:at] + tokens[at + 3 :]

    def _inline(self, token: Token) -> str:
        """The contents of a heading without its marks, for the title and the table of contents."""
        self.plain = True
        try:
            children = [
                c
                for c in token.children or []
                if c.type not in ("link_open", "link_close", "image", "footnote_ref")
            ]
            return self.renderer.renderInline(children, self.md.options, {})
        finally:
            self.plain = False

    # -- text ------------------------------------------------------------------------------------------------

    def on_text(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        return self._filled(token.content, top=token.level == 0)

    def _filled(self, content: str, *, top: bool) -> str:
        parts: list[str] = []
        at = 0
        for match in PLACEHOLDER.finditer(content):
            parts.append(escape(content[at : match.start()].replace(FILLER, ""), quote=False))
            number = int(match[1])
            parts.append(self._formula(self.formulas[number], top=top) if number < len(self.formulas) else "")
            at = match.end()
        parts.append(escape(content[at:].replace(FILLER, ""), quote=False))
        return "".join(parts)

    def _formula(self, formula: Formula, *, top: bool) -> str:
        if self.plain:
            return marks.tex(formula.tex, shown=formula.source)
        placed = [self.placed[k] for k in formula.lines]
        if formula.display and top and self.paragraph is not None:
            closing, opening = self.paragraph.split("|")
            notes = "".join(marks.note(p, self.setting.origin) for p in placed if p.has_note)
            return f"{closing}{marks.display(formula, placed)}\n{notes}{opening}"
        self.waiting += [p for p in placed if p.has_note]
        return marks.display_within(formula, placed) if formula.display else marks.inline(formula, placed)

    def _sources(self, content: str) -> str:
        """Code as it was written, should a formula have been taken out of it."""

        def written(match: re.Match[str]) -> str:
            number = int(match[1])
            return self.formulas[number].source if number < len(self.formulas) else ""

        return PLACEHOLDER.sub(written, content).replace(FILLER, "")

    def on_code_inline(self, tokens: Sequence[Token], at: int) -> str:
        return f"<code>{escape(self._sources(tokens[at].content), quote=False)}</code>"

    def on_code_block(self, tokens: Sequence[Token], at: int) -> str:
        content = tokens[at].content
        if content.strip(f" \t\n{FILLER}").startswith(
            OPEN
        ):  # displayed mathematics may be indented like code
            self.paragraph = "</p>\n|<p>"
            html = f"<p>{self._filled(content.strip(), top=True)}</p>\n"
            self.paragraph = None
            return html + self._notes(tokens[at])
        return f'<pre class="scroll"><code>{escape(self._sources(content), quote=False)}</code></pre>\n'

    def on_fence(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        words = token.info.split()
        if words and words[0] in _KINDS and token.map is not None:
            return self.setting.blocks.get(token.map[0] + 2, "")
        language = f' class="language-{escape(words[0])}"' if words else ""
        code = escape(self._sources(token.content), quote=False)
        return f'<pre class="scroll"><code{language}>{code}</code></pre>\n'

    def on_image(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        source, title = str(token.attrGet("src") or ""), str(token.attrGet("title") or "")
        words = self.renderer.renderInlineAsText(token.children or [], self.md.options, {})
        words = self._sources(words)
        if self.setting.image is None:
            return escape(words)
        return self.setting.image(source, words, title)

    def on_link_open(self, tokens: Sequence[Token], at: int) -> str:
        address = str(tokens[at].attrGet("href") or "")
        title = tokens[at].attrGet("title")
        told = f' title="{escape(str(title))}"' if title else ""
        outside = "" if address.startswith("#") else ' rel="noopener noreferrer"'
        return f'<a href="{escape(self._sources(address))}"{told}{outside}>'

    # -- blocks ----------------------------------------------------------------------------------------------

    def on_paragraph_open(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        self.maps.append((token.map[0], token.map[1]) if token.map else (0, 0))
        self.paragraph = "|" if token.hidden else "</p>\n|<p>"
        return "" if token.hidden else "<p>"

    def on_paragraph_close(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        self.paragraph = None
        first, last = self.maps[-1] if self.maps else (0, 0)
        told = "".join(marks.beside(p) for p in self.loose if first < p.line.line <= last)
        return told + ("\n" if token.hidden else "</p>\n") + self._closed()

    def on_heading_open(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        self.maps.append((token.map[0], token.map[1]) if token.map else (0, 0))
        level = self.levels[len(self.headings)]
        html = self._inline(tokens[at + 1])
        name = self._named(self._sources(self._words(tokens[at + 1])))
        self.headings.append(Heading(level, name, html))
        return f'<h{level} id="{name}">'

    def on_heading_close(self, tokens: Sequence[Token], at: int) -> str:
        return f"</h{self.headings[-1].level}>\n" + self._closed()

    def on_table_open(self, tokens: Sequence[Token], at: int) -> str:
        token = tokens[at]
        self.maps.append((token.map[0], token.map[1]) if token.map else (0, 0))
        return '<div class="scroll table"><table>\n'

    def on_table_close(self, tokens: Sequence[Token], at: int) -> str:
        return "</table></div>\n" + self._closed()

    def on_th_open(self, tokens: Sequence[Token], at: int) -> str:
        style = tokens[at].attrGet("style")
        return f'<th scope="col"{f" style={chr(34)}{escape(str(style))}{chr(34)}" if style else ""}>'

    def on_footnote_block_open(self, tokens: Sequence[Token], at: int) -> str:
        return '<section class="footnotes" aria-label="Footnotes">\n<ol class="footnotes-list">\n'

    def _closed(self) -> str:
        """The notes to the lines in the block that ends, those of no formula among them."""
        first, last = self.maps.pop() if self.maps else (0, 0)
        here = [p for p in self.loose if first < p.line.line <= last]
        self.loose = [p for p in self.loose if p not in here]
        self.waiting += [p for p in here if p.has_note]
        notes = "".join(marks.note(p, self.setting.origin) for p in self.waiting)
        self.waiting = []
        return notes

    def _notes(self, token: Token) -> str:
        self.maps.append((token.map[0], token.map[1]) if token.map else (0, 0))
        return self._closed()

    def _words(self, token: Token) -> str:
        return "".join(
            child.content for child in token.children or [] if child.type in ("text", "code_inline")
        )

    def _named(self, words: str) -> str:
        """The name of a heading on the page: its words, told apart by a number."""
        plain = unicodedata.normalize("NFKD", words.lower())
        base = self.setting.prefix + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "section")
        count = self.names.get(base, 0)
        self.names[base] = count + 1
        return f"{base}-{count + 1}" if count else base


_RULES = (
    "text", "fence", "code_block", "code_inline", "image", "link_open", "paragraph_open", "paragraph_close",
    "heading_open", "heading_close", "table_open", "table_close", "th_open", "footnote_block_open",
)  # fmt: skip
_EMPTY = re.compile(r"<p>\s*</p>\n?")


def _rule(method: Callable[[Sequence[Token], int], str]) -> Callable[..., str]:
    """A method as the renderer calls it."""

    def rule(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        del options, env
        return method(tokens, at)

    return rule


def _markdown() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "typographer": True})
    md.enable(["table", "strikethrough", "replacements", "smartquotes"])
    footnote_plugin(md)
    md.inline.ruler.before("html_inline", "comment", _inline_comment)
    md.block.ruler.before("html_block", "comment", _block_comment, {"alt": ["paragraph"]})
    return md


def _inline_comment(state: StateInline, silent: bool) -> bool:
    """A comment is the writer's own: it is not shown."""
    del silent
    if not state.src.startswith("<!--", state.pos):
        return False
    found = _COMMENT.match(state.src, state.pos)
    if found is None:
        return False
    state.pos = found.end()
    return True


def _block_comment(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    start = state.bMarks[first] + state.tShift[first]
    if not state.src.startswith("<!--", start):
        return False
    found = _COMMENT.match(state.src, start)
    if found is None:
        return False
    line = first
    while line < last and state.eMarks[line] < found.end():
        line += 1
    if state.src[found.end() : state.eMarks[line]].strip():
        return False  # text goes on after it: a paragraph with a comment in it
    if not silent:
        state.line = line + 1
    return True
