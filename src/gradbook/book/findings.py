"""``findings`` blocks on the page: each sentence with its verdict, and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gradbook.book import marks
from gradbook.book.blocks import Block
from gradbook.book.parts import Part
from gradbook.document.report import Line


def part(block: Block, lines: Sequence[Line], prefix: str) -> Part:
    """The block with the lines that the checker gave for it; without any, the text as it was written.

    Their verdicts are counted with those of the document, so the part has none of its own.
    """
    if not lines:
        return Part(f'<pre class="scroll"><code>{escape(block.text, quote=False)}</code></pre>\n')
    items = "".join(_item(line, f"{prefix}{k + 1}") for k, line in enumerate(lines))
    return Part(
        '<section class="block" aria-label="Findings">\n<p class="block-title">Findings</p>\n'
        f'<ul class="findings">\n{items}</ul></section>\n'
    )


def _item(line: Line, name: str) -> str:
    verdict = line.verdict
    wrong = " data-wrong" if verdict.value in marks.WRONG else ""
    remarks = [remark for remark in line.remarks() if remark]
    why = f'<p class="why">{escape(line.message)}</p>' if line.message else ""
    more = "".join(f"<p>{escape(remark)}</p>" for remark in remarks)
    folded = f"<details><summary>Evidence</summary>{more}</details>" if more else ""
    return (
        f'<li class="finding v-{verdict.value.lower()}" id="l-{name}" tabindex="-1"{wrong}>{marks.icon(verdict)}'
        f'<p>{escape(line.source)} <span class="verdict">{verdict.value}</span></p>{why}{folded}</li>\n'
    )
