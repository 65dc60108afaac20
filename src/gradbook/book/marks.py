"""Verdicts on a page: the mark beside a line, its words for who cannot see it, and the note under a wrong line.

Everything that comes from a document is escaped here. Never by colour alone: every verdict has a shape and a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from gradbook.book.formulas import Formula, broken, marked, typeset
from gradbook.document import report
from gradbook.document.report import Line, Verdict

#: Verdicts that make a document wrong.
WRONG = frozenset(verdict.value for verdict in report.WRONG)

_READ = re.compile(r"\A(it should read) (.+?)((?:; it may also be .*)?)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its name on the page, by which marks, notes and links find each other."""

    name: str
    line: Line

    @property
    def has_note(self) -> bool:
        """Whether something has to be said under it."""
        words = self.line.evidence is not None and bool(self.line.evidence.words)
        return self.line.needs_look or self.line.code is not None or words

    @property
    def is_wrong(self) -> bool:
        """Whether the line is wrong: refuted or contradicted."""
        return self.line.verdict.value in WRONG


def icon(verdict: Verdict) -> str:
    """The shape of a verdict; the page defines it once."""
    return f'<svg class="icon" aria-hidden="true"><use href="#i-{verdict.value.lower()}"/></svg>'


def tex(
    source: str, *, display: bool = False, shown: str | None = None, marked_tex: str | None = None
) -> str:
    r"""Mathematics to be typeset when the page is opened; until then, and without scripts, its source.

    >>> tex("a < b")
    '<span class="tex" data-tex="a &lt; b">$a &lt; b$</span>'
    """
    text = shown if shown is not None else (f"$${source}$$" if display else f"${source}$")
    attributes = f' data-tex="{escape(typeset(source).strip())}"'
    if marked_tex is not None:
        attributes += f' data-marked="{escape(typeset(marked_tex).strip())}"'
    if display:
        attributes += " data-display"
        if (narrow := broken(marked_tex or source)) is not None:
            attributes += f' data-narrow="{escape(typeset(narrow).strip())}"'
    return f'<span class="tex"{attributes}>{escape(text, quote=False)}</span>'


def inline(formula: Formula, placed: Sequence[Placed]) -> str:
    """A formula in a sentence; its verdicts underline it, the one that most needs a look first."""
    body = tex(formula.tex, shown=formula.source)
    if not placed:
        return f'<span class="inline">{body}</span>'
    worst = max(placed, key=lambda p: (p.is_wrong, p.line.needs_look, p.line.verdict is not Verdict.STATED))
    kind = worst.line.verdict.value.lower()
    words = "; ".join(dict.fromkeys(p.line.verdict.value.lower() for p in placed))
    look = _hidden(words)
    if worst.has_note:
        look = f'<a class="look v-{kind}" href="#n-{worst.name}">{icon(worst.line.verdict)}{look}</a>'
    title = escape(_told(placed))
    return f'<span class="inline checked v-{kind}" id="l-{worst.name}" title="{title}">{body}{look}</span>'


def display(formula: Formula, placed: Sequence[Placed]) -> str:
    """A displayed formula with a mark for each of its lines in the margin; the notes follow it."""
    names = {k: p.name for k, p in zip(formula.lines, placed, strict=True)}
    # A label that the document itself wrote would be taken for one of ours.
    labelled = marked(formula, names) if placed and r"\html" not in formula.tex else None
    body = tex(formula.tex, display=True, shown=formula.source, marked_tex=labelled)
    marks = "".join(mark(p) for p in placed)
    margin = f'<div class="marks">{marks}</div>' if marks else ""
    return f'<div class="display"><div class="formula">{body}</div>{margin}</div>'


def display_within(formula: Formula, placed: Sequence[Placed]) -> str:
    """A displayed formula where no block may stand, as inside of emphasis or of a cell."""
    body = inline(formula, placed)
    return body.replace('<span class="tex"', '<span class="tex wide" data-display', 1)


def mark(placed: Placed) -> str:
    """The mark of one line in the margin; it leads to the note, if there is one."""
    verdict = placed.line.verdict
    words = _hidden(f"line {placed.line.line}: {verdict.value.lower()}")
    attributes = (
        f'class="mark v-{verdict.value.lower()}" id="l-{placed.name}" data-line="{placed.name}" '
        f'title="{escape(_told([placed]))}"'
    )
    if placed.has_note:
        return f'<a {attributes} href="#n-{placed.name}">{icon(verdict)}{words}</a>'
    return f"<span {attributes}>{icon(verdict)}{words}</span>"


def beside(placed: Placed) -> str:
    """The mark of a line that is no formula, at the end of its paragraph."""
    verdict = placed.line.verdict
    attributes = (
        f'class="beside v-{verdict.value.lower()}" id="l-{placed.name}" title="{escape(_told([placed]))}"'
    )
    inside = f"{icon(verdict)}{_hidden(verdict.value.lower())}"
    if placed.has_note:
        return f' <a {attributes} href="#n-{placed.name}">{inside}</a>'
    return f" <span {attributes}>{inside}</span>"


def icon_of(placed: Placed) -> str:
    """The mark of a line that stands elsewhere too, without its name."""
    verdict = placed.line.verdict
    return (
        f'<span class="mark v-{verdict.value.lower()}" title="{escape(_told([placed]))}">{icon(verdict)}'
        f"{_hidden(verdict.value.lower())}</span>"
    )


def note(placed: Placed, origin: str = "") -> str:
    """What stands under a line that somebody should look at: code, message, evidence, help, the mistake explained."""
    line = placed.line
    kind = line.verdict.value.lower()
    if line.verdict is Verdict.SUPPORTED:
        return (
            f'<details class="why v-supported" id="n-{placed.name}"><summary>Supported: how it was read and tested'
            f"</summary>{''.join(_evidence(line))}</details>\n"
        )
    label = f"{line.verdict.value.lower()}, line {line.line}"
    code = f' <span class="code">{escape(line.code)}</span>' if line.code else ""
    parts = [
        f'<aside class="note v-{kind}" id="n-{placed.name}" aria-label="{escape(label)}" tabindex="-1"'
        f"{' data-wrong' if placed.is_wrong else ''}>",
        f'<p class="note-head">{icon(line.verdict)}<strong>{line.verdict.value}</strong>{code} '
        f'<a class="where" href="#l-{placed.name}">{escape(origin)}line {line.line}</a></p>',
        f'<p class="note-message">{_sentence(line.headline)}</p>',
        *_evidence(line),
    ]
    if line.follows is not None:
        parts.append(f'<p class="note-line">It follows from line {line.follows}.</p>')
    if line.help:
        parts.append(f'<p class="note-line note-help">{_help(line.help)}</p>')
    parts.append(_explained(line.code))
    parts.append("</aside>\n")
    return "".join(parts)


def _sentence(text: str) -> str:
    """A message, its first letter large unless it is mathematics."""
    first = text.split(" ", 1)[0]
    if len(first) > 1 and first.isalpha() and first.islower() and first.isascii():
        text = text[0].upper() + text[1:]
    return escape(text)


def _evidence(line: Line) -> Iterator[str]:
    evidence = line.evidence
    if evidence is None:
        return
    if evidence.point or evidence.left is not None or evidence.right is not None:
        where = ", ".join(tex(f"{symbol} = {value}") for symbol, value in evidence.point)
        told = f"At {where}" if where else ""
        if evidence.where is not None:
            told = f"{told} ({escape(evidence.where)})" if told else f"Where {escape(evidence.where)}"
        values = [
            f"the {side} side is <b>{escape(_signed(value))}</b>"
            for side, value in (("left", evidence.left), ("right", evidence.right))
            if value is not None
        ]
        both = " and ".join(values)
        both = both if told else both[:1].upper() + both[1:]
        yield f'<p class="note-line">{": ".join(part for part in (told, both) if part)}.</p>'
    yield from (f'<p class="note-line">{said(word)}</p>' for word in evidence.words)
    if evidence.expected is not None:
        yield f'<div class="note-line scroll">Expected: {tex(evidence.expected)}</div>'


def said(words: str) -> str:
    """A sentence of evidence, which begins with a large letter and ends with a full stop."""
    ended = words if words.endswith((".", "?", "!")) else f"{words}."
    first = ended.split(" ", 1)[0]
    if first.isalpha() and first.islower() and len(first) > 1:
        ended = ended[0].upper() + ended[1:]
    return prose_inline(_signed(ended))


def _signed(value: str) -> str:
    """A number with the sign that numbers are printed with."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", value)


def _help(text: str) -> str:
    """A piece of advice; the line as it should read is mathematics."""
    found = _READ.match(text)
    if found is None:
        return _sentence(text) + "."
    return f'<span class="scroll">It should read {tex(found[2])}{escape(found[3])}.</span>'


def _explained(code: str | None) -> str:
    """The page of a named mistake, folded."""
    if code is None:
        return ""
    from gradbook.derivation.mistakes import MISTAKES

    mistake = MISTAKES.get(code)
    if mistake is None:
        return ""
    example = mistake.example
    return (
        f'<details class="mistake"><summary>{escape(mistake.code)}: {escape(mistake.name)}</summary>'
        f"{prose(mistake.page)}<p>The rule that was meant: {prose_inline(mistake.meant)}.</p>"
        f'<p>For instance, given {tex(example.given)}</p><div class="pair">'
        f'<div class="scroll"><b>wrong</b> {tex(example.wrong)}</div>'
        f'<div class="scroll"><b>right</b> {tex(example.right)}</div></div></details>'
    )


def prose(text: str) -> str:
    """Paragraphs of our own prose."""
    return "".join(f"<p>{prose_inline(part)}</p>" for part in text.split("\n\n") if part.strip())


#: A number with a power of ten, which a browser would break after the minus.
_POWER = re.compile(r"\b\d[\d.]*[eE][-−]\d+")

_INLINE = re.compile(r"\$([^$]+)\$|`([^`]+)`")


def prose_inline(text: str) -> str:
    """A paragraph of it, with mathematics between dollars and code between backticks."""
    parts: list[str] = []
    at = 0
    for match in _INLINE.finditer(text):
        parts.append(_words(text[at : match.start()]))
        parts.append(tex(match[1]) if match[1] is not None else f"<code>{escape(match[2])}</code>")
        at = match.end()
    parts.append(_words(text[at:]))
    return "".join(parts)


def _words(text: str) -> str:
    """Text for the page, in which no line ends within a number such as 5e-4."""
    return _POWER.sub(lambda match: f'<span class="whole">{match[0]}</span>', escape(text))


def _told(placed: Sequence[Placed]) -> str:
    """The tooltip: verdict, code and message of each line."""
    return "\n".join(
        dict.fromkeys(
            " ".join(filter(None, (p.line.verdict.value, p.line.code, "–", p.line.headline))) for p in placed
        )
    )


def _hidden(words: str) -> str:
    return f'<span class="sr"> ({escape(words)})</span>'
