"""``derive`` blocks: each line is worked out, checked as any other document is, and shown with its marks."""

from __future__ import annotations

from html import escape

from gradbook.book import asked, marks
from gradbook.book.markup import Setting, lay_out
from gradbook.book.parts import Part, counted, failed, joined
from gradbook.derivation.steps import Derivation
from gradbook.document.report import Verdict
from gradbook.symbolic.expr import Node

#: A chain with more rows than this is folded; its result stays in sight.
_SHORT = 4


def part(line: str, number: int, prefix: str) -> Part:
    """What a line of a block has become; an error says why, in its place."""
    try:
        found = asked.derivations(asked.read(line))
    except ValueError as error:
        return failed("derive", number, f"{line.strip()}: {error}")
    return joined([_shown(derivation, f"{prefix}{k + 1}-") for k, derivation in enumerate(found)])


def _shown(derivation: Derivation, prefix: str) -> Part:
    from gradbook.derivation.formats import latex, markdown, words
    from gradbook.document import check_text

    text = markdown.document([derivation])
    document = check_text(text, "derivation.md")
    laid = lay_out(text, document, Setting(prefix=prefix, level=6, keep_title=False, origin="derivation, "))
    rows = latex.rows(derivation)
    counts = counted(document.lines)
    title = f'<p class="block-title">{marks.prose_inline(words.heading(derivation, _formula))}</p>'
    if len(rows) <= _SHORT:
        body = laid.html
    else:
        result = f"{latex.quotient(derivation)} = {rows[-1][0]}"
        first = next((p for p in laid.placed if p.line.verdict is Verdict.STATED), None)
        last = next((p for p in reversed(laid.placed) if p.line.verdict is not Verdict.STATED), None)
        told = ", ".join(f"{count} {verdict.lower()}" for verdict, count in counts.items())
        body = (
            f"{_display(latex.definition(derivation.definition), first)}{_display(result, last)}"
            f'<details class="working"><summary>Working: {len(rows)} steps <span class="faint">({escape(told)})</span>'
            f"</summary>\n{laid.html}</details>"
        )
    html = f'<section class="block derivation" aria-label="Derivation">\n{title}\n{body}</section>\n'
    return Part(html, counts)


def _display(tex: str, placed: marks.Placed | None) -> str:
    """A line of the derivation shown before it, with the mark that it has there."""
    margin = f'<div class="marks">{marks.icon_of(placed)}</div>' if placed is not None else ""
    return f'<div class="display"><div class="formula">{marks.tex(tex, display=True)}</div>{margin}</div>\n'


def _formula(node: Node) -> str:
    from gradbook.symbolic.printing import to_latex

    return f"${to_latex(node)}$"
