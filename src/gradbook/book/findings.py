"""``findings`` blocks on the page: each sentence with its verdict, and what speaks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from gradbook.book import marks
from gradbook.book.blocks import Block
from gradbook.book.parts import Part
from gradbook.document.report import Line, Verdict

#: What the checker writes before its own wording of a sentence.
_READ = "read as: "

_HEADER = re.compile(r"^\s*(study|margins?)[ \t]*:[ \t]*(.+)$", re.MULTILINE)


def part(block: Block, lines: Sequence[Line], prefix: str) -> Part:
    """The block with the lines that the checker gave for it; without any, the text as it was written.

    Their verdicts are counted with those of the document, so the part has none of its own.
    """
    if not lines:
        return Part(f'<pre class="scroll"><code>{escape(block.text, quote=False)}</code></pre>\n')
    items = "".join(_item(line, f"{prefix}{k + 1}") for k, line in enumerate(lines))
    return Part(
        f'<section class="block" aria-label="Findings">\n<p class="block-title">Findings{_headers(block)}</p>\n'
        f'<ul class="findings">\n{items}</ul></section>\n'
    )


def _headers(block: Block) -> str:
    """The study and the margins that the block names, said beforehand."""
    told = "; ".join(f"{match[1]} {match[2].strip()}" for match in _HEADER.finditer(block.text))
    return f' <span class="faint">({escape(told)})</span>' if told else ""


def _item(line: Line, name: str) -> str:
    verdict = line.verdict
    kind = verdict.value.lower()
    wrong = " data-wrong" if verdict.value in marks.WRONG else ""
    read, shown, folded = _evidence(line)
    why = "".join(f"<p>{marks.said(words)}</p>" for words in shown)
    more = "".join(f"<p>{marks.said(words)}</p>" for words in folded)
    if read:
        more = f"<p>Read as: {marks.said(read)}</p>{more}"
    details = f"<details><summary>How it was read and tested</summary>{more}</details>" if more else ""
    return (
        f'<li class="finding v-{kind}" id="l-{name}" tabindex="-1"{wrong}>{marks.icon(verdict)}'
        f'<p class="sentence">{marks.prose_inline(line.source.replace("**", ""))} '
        f'<span class="verdict">{verdict.value}</span></p>\n<div class="why">{why}</div>{details}</li>\n'
    )


def _evidence(line: Line) -> tuple[str, list[str], list[str]]:
    """How the sentence was read, what is shown below it, and what is folded: the method with its p."""
    words = list(line.evidence.words) if line.evidence is not None else []
    read = words.pop(0).removeprefix(_READ) if words and words[0].startswith(_READ) else ""
    folded = [words.pop()] if words and " seeds" in words[-1] and ": p " in words[-1] else []
    # That the study contradicts a sentence is said by the verdict; the numbers say how.
    shown = [line.message] if line.message and not (words and line.verdict is Verdict.CONTRADICTED) else []
    shown += words
    if line.help:
        shown.append(line.help)
    return read, shown, folded
