"""``worksheet`` blocks: a network in TOML, worked by hand, checked as any other document is, and drawn."""

from __future__ import annotations

import re

from gradbook.book.blocks import Block
from gradbook.book.markup import Setting, lay_out
from gradbook.book.parts import Part, counted, failed

_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)


def part(block: Block, prefix: str, level: int) -> Part:
    """What the block has become; ``level`` is that of its headings."""
    from gradbook.document import check_text
    from gradbook.network import NetworkError, parse, work

    try:
        # Empty lines before it, so that an error names the line of the document.
        sheet = work(parse("\n" * (block.line - 1) + block.text))
    except NetworkError as error:
        return failed("worksheet", block.line, str(error))
    text = sheet.to("markdown")
    document = check_text(text, "worksheet.md")
    setting = Setting(prefix=prefix, level=level, keep_title=False, origin="worksheet, ")
    laid = lay_out(text, document, setting)
    picture = _STYLE.sub("", sheet.picture())  # the page has the colours of both themes
    title = laid.title or "Worksheet"
    html = (
        f'<section class="block worksheet" aria-label="Worksheet">\n<p class="block-title">{title}</p>\n'
        f'<figure class="scroll">{picture}</figure>\n{laid.html}</section>\n'
    )
    return Part(html, counted(document.lines))
