r"""The mathematics of a Markdown document, found as the checker finds it, and taken out of it before it is laid out.

One reader decides what is mathematics, so that what is checked and what is typeset are the same. In the text each
formula is replaced by a placeholder of private-use characters (and fillers for its further lines, so that line
numbers stay true); the page puts the typeset formula there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradbook.document.macros import Macro, expanded, macro
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of
from gradbook.document.report import Document, Line

#: The placeholder of formula 12 is ``OPEN + "12" + CLOSE``; FILLER stands on its further lines.
OPEN, CLOSE, FILLER = "\ue010", "\ue011", "\ue012"
PLACEHOLDER = re.compile(f"{OPEN}([0-9]+){CLOSE}")
_PRIVATE = re.compile(f"[{OPEN}{CLOSE}{FILLER}]")
_HEADING_MATH = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)")

#: Environments that KaTeX lacks or numbers, and what it sets the same rows with.
_ENVIRONMENTS = {
    "align": "aligned", "align*": "aligned", "flalign": "aligned", "flalign*": "aligned",
    "alignat": "alignedat", "alignat*": "alignedat", "eqnarray": "eqnarray", "eqnarray*": "eqnarray",
    "gather": "gathered", "gather*": "gathered", "multline": "gathered", "multline*": "gathered",
    "equation": "", "equation*": "", "displaymath": "", "math": "", "dmath": "", "dmath*": "", "empheq": "",
}  # fmt: skip

#: Commands that KaTeX lacks, in terms that it has.
_COMMANDS = {
    r"\nicefrac": r"\tfrac", r"\sfrac": r"\tfrac", r"\eqdef": r"\coloneqq", r"\mbox": r"\text", r"\hbox": r"\text",
    r"\ensuremath": "", r"\nonumber": "", r"\notag": "", r"\displaybreak": "", r"\allowdisplaybreaks": "",
}  # fmt: skip
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LABEL = re.compile(r"\\(?:label|vspace\*?)\s*\{[^{}]*\}|\\(?:qedhere|noindent)(?![A-Za-z])")
_UNIT = re.compile(
    r"\\(?:qty|SI)\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}\s*\{([^{}]*)\}|\\(?:num|unit|si)\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}"
)
_CIRCLED = re.compile(r"\\textcircled\s*\{([^{}]{1,3})\}|\\textcircled\s*(?:\\text\w+\s*)?([A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: where it stands with its delimiters (offsets), its LaTeX, and the lines that are in it.

    ``ends[k]`` is where in ``tex`` the k-th of its lines ends; ``wrongs[k]`` is the stretch of ``tex`` that is
    wrong in it, where it is known.
    """

    lo: int
    hi: int
    tex: str
    display: bool
    source: str
    lines: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    wrongs: tuple[tuple[int, int] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Laid:
    """A document without its mathematics: the text with placeholders, and what they stand for."""

    text: str
    formulas: tuple[Formula, ...]


def take_out(text: str, document: Document) -> Laid:
    """Take the formulas out of a text, each with those lines of the document that are in it.

    >>> from gradbook.document import check_text
    >>> laid = take_out("Let $x = 2$.", check_text("Let $x = 2$."))
    >>> PLACEHOLDER.sub("#", laid.text), laid.formulas[0].tex, laid.formulas[0].lines
    ('Let #.', 'x = 2', (0,))
    """
    source = Source.of(document.path, text)
    found: list[tuple[int, int, Piece | None, Piece | None]] = []
    macros: dict[str, Macro] = {}
    begins: int | None = None  # where the macro definitions begin that stand in the next formula
    for piece in pieces_of(source, DocumentKind.MARKDOWN):
        match piece.kind:
            case PieceKind.MACRO:
                if (meaning := macro(piece.text)) is not None:
                    macros[piece.environment] = meaning
                lo, hi = piece.offsets[0], piece.offsets[-1]
                found.append((lo, hi, None, None))
                begins = lo if begins is None else begins
                continue
            case PieceKind.INLINE | PieceKind.DISPLAY if piece.environment not in ("unclosed", "math"):
                if outer := _outer(text, piece, begins):
                    found = [item for item in found if not outer[0] <= item[0] < outer[1]]
                    found.append((*outer, piece, expanded(piece, macros) if macros else piece))
            case PieceKind.DISPLAY if piece.environment == "math":
                lo, hi = _fence(text, piece)
                found.append((lo, hi, piece, expanded(piece, macros) if macros else piece))
            case PieceKind.HEADING:
                for match in _HEADING_MATH.finditer(piece.text):
                    group = 1 if match[1] is not None else 2
                    start, stop = match.span(group)
                    inner = Piece(PieceKind.INLINE, piece.text[start:stop], piece.offsets[start : stop + 1])
                    if outer := _outer(text, inner, None):
                        found.append((*outer, inner, expanded(inner, macros) if macros else inner))
            case _:
                pass
        begins = None
    return _placed(source, sorted(found, key=lambda item: item[:2]), document.lines)


def _outer(text: str, piece: Piece, begins: int | None) -> tuple[int, int] | None:
    """Where a formula stands with its delimiters; None if they are not where they should be."""
    lo, hi = piece.offsets[0], piece.offsets[-1]
    if piece.environment:
        name = piece.environment
        first = text.rfind(rf"\begin{{{name}}}", 0, lo + 1)
        last = text.find(rf"\end{{{name}}}", max(hi - 1, 0))
        return (first, last + len(name) + 6) if min(first, last) >= 0 else None
    if begins is not None and begins < lo:
        lo = begins
    for opening, closing in (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"), ("$`", "`$"), ("$", "$")):
        at = lo
        if text.endswith(opening, 0, at):
            end = hi
            while end < len(text) and not text.startswith(closing, end) and text[end] in " \t\n>":
                end += 1
            if text.startswith(closing, end):
                return at - len(opening), end + len(closing)
    return None


def _fence(text: str, piece: Piece) -> tuple[int, int]:
    """The lines of a fence of mathematics, with those of the fence itself, but not their marks of quotation."""
    lo = text.rfind("\n", 0, piece.offsets[0]) + 1
    lo = text.rfind("\n", 0, max(lo - 1, 0)) + 1
    while text[lo] in " \t>" or (text[lo] in "-*+" and text[lo + 1] in " \t"):
        lo += 1
    hi = text.find("\n", piece.offsets[-1])
    return lo, len(text) if hi < 0 else hi


def _placed(
    source: Source, found: Sequence[tuple[int, int, Piece | None, Piece | None]], lines: Sequence[Line]
) -> Laid:
    starts = [_offset(source, line.line, line.column) for line in lines]
    order = sorted(range(len(lines)), key=lambda k: starts[k])
    sorted_starts = [starts[k] for k in order]
    text, parts, formulas, at = source.text, list[str](), list[Formula](), 0
    for lo, hi, piece, meant in found:
        if lo < at:
            continue
        parts.append(_PRIVATE.sub("\ufffd", text[at:lo]))
        if piece is None or meant is None:  # the definition of a macro is no text
            parts.append(_filled(text[lo:hi], ""))
            at = hi
            continue
        inside = [order[k] for k in range(bisect_left(sorted_starts, lo), bisect_left(sorted_starts, hi))]
        parts.append(_filled(text[lo:hi], f"{OPEN}{len(formulas)}{CLOSE}"))
        formulas.append(_formula(source, (lo, hi), meant, inside, lines))
        at = hi
    parts.append(_PRIVATE.sub("\ufffd", text[at:]))
    return Laid("".join(parts), tuple(formulas))


def _filled(written: str, placeholder: str) -> str:
    """The placeholder with a filler for each further line, under the same marks of quotation."""
    rows = written.split("\n")
    rest = (re.match(r"[ \t>]*", row) for row in rows[1:])
    return placeholder + "".join("\n" + (match[0] if match else "") + FILLER for match in rest)


def _formula(
    source: Source, span: tuple[int, int], meant: Piece, inside: Sequence[int], lines: Sequence[Line]
) -> Formula:
    offsets = meant.offsets
    ends: list[int] = []
    wrongs: list[tuple[int, int] | None] = []
    for k in inside:
        line = lines[k]
        ends.append(_index(offsets, _offset(source, line.end_line, line.end_column)))
        wrong = None
        if line.mark is not None:
            a = _index(offsets, _offset(source, line.mark[0], line.mark[1]))
            b = _index(offsets, _offset(source, line.mark[2], line.mark[3]))
            wrong = (a, b) if a < b else None
        wrongs.append(wrong)
    display = meant.kind is PieceKind.DISPLAY
    body, shift = _with_environment(meant)
    return Formula(
        *span,
        body,
        display,
        source.text[slice(*span)],
        tuple(inside),
        tuple(end + shift for end in ends),
        tuple(None if w is None else (w[0] + shift, w[1] + shift) for w in wrongs),
    )


def _index(offsets: Sequence[int], place: int) -> int:
    """The first character that stands at or after a place; in an expanded macro, offsets repeat."""
    for k in range(len(offsets) - 1, -1, -1):
        if offsets[k] < place:
            return min(k + 1, len(offsets) - 1)
    return 0


def _offset(source: Source, line: int, column: int) -> int:
    if not 1 <= line <= len(source.starts):
        return len(source.text)
    return source.starts[line - 1] + column - 1


def _with_environment(piece: Piece) -> tuple[str, int]:
    """The LaTeX with its environment put back, and how far that has moved its characters."""
    name = piece.environment
    if not name or name == "math":
        return piece.text, 0
    instead = _ENVIRONMENTS.get(name, name)
    if not instead:
        return piece.text, 0
    opening = rf"\begin{{{instead}}}"
    if instead == "eqnarray":
        opening, instead = r"\begin{array}{rcl}", "array"
    elif instead == "alignedat":
        opening += "{9}"
    return f"{opening}{piece.text}\\end{{{instead}}}", len(opening)


def typeset(tex: str) -> str:
    r"""LaTeX in terms that KaTeX has.

    >>> typeset(r"\textcircled{2} \qty{3}{cm} \label{eq:a} \nonumber \mbox{if}")
    '\\text{②} 3\\,\\mathrm{cm}   \\text{if}'
    """
    tex = _LABEL.sub("", tex)
    tex = _CIRCLED.sub(lambda match: rf"\text{{{_circled(match[1] or match[2])}}}", tex)
    tex = _UNIT.sub(_quantity, tex)
    return _COMMAND.sub(lambda match: _COMMANDS.get(match[0], match[0]), tex)


def _circled(sign: str) -> str:
    if sign.isascii() and sign.isdigit() and 1 <= int(sign) <= 20:
        return chr(0x2460 + int(sign) - 1)
    if len(sign) == 1 and sign.isascii() and sign.isalpha():
        return chr(0x24D0 + ord(sign) - 97) if sign.islower() else chr(0x24B6 + ord(sign) - 65)
    return f"({sign})"


def _quantity(match: re.Match[str]) -> str:
    if match[3] is not None:
        return match[3] if "num" in match[0][:5] else rf"\mathrm{{{match[3]}}}"
    return rf"{match[1]}\,\mathrm{{{match[2]}}}"


_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[{}&]|[^\\{}&]+", re.DOTALL)
_SIDE = r"\\(?:left|right)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|.)"
_SIGN = re.compile(rf"{_SIDE}|\\(?:[A-Za-z]+|.)|[{{}}&=<>()\[\]]|[^\\{{}}&=<>()\[\]]+", re.DOTALL)
_RELATIONS = frozenset(
    "= < > \\le \\ge \\leq \\geq \\approx \\equiv \\Rightarrow \\implies \\iff \\simeq".split()
)
_NEW_ROW = "\\\\"
_REASON = re.compile(r"\s*&&\s*(\\text\{[^{}]*\})\s*(?=\\\\|\\end\{aligned\}\s*\Z)")


def marked(formula: Formula, data: Mapping[int, str]) -> str:
    r"""The LaTeX with a label of no width at the end of each line, and the wrong part of a line in a class.

    ``data`` gives the label of each line. The page looks where the labels have come to stand.

    >>> marked(Formula(0, 0, "a = b", True, "", (7,), (5,), (None,)), {7: "m7"})
    'a = b\\htmlData{line=m7}{}'
    """
    inserts: list[tuple[int, int, str]] = []
    for line, end, wrong in zip(formula.lines, formula.ends, formula.wrongs, strict=True):
        if line not in data:
            continue
        inserts.append((end, 1, rf"\htmlData{{line={data[line]}}}{{}}"))
        if wrong is not None and _balanced(formula.tex[slice(*wrong)]):
            inserts.append((wrong[0], 2, r"\htmlClass{wrong-part}{"))
            inserts.append((wrong[1], 0, "}"))
    tex = formula.tex
    for at, _, text in sorted(inserts, reverse=True):
        tex = tex[:at] + text + tex[at:]
    return tex


def _balanced(tex: str) -> bool:
    """Whether a part of a formula is a group of its own, so that braces may be put around it."""
    depth = sides = 0
    if tex.lstrip()[:1] in ("", "^", "_", "'", "=", "<", ">"):
        return False
    for match in _TOKEN.finditer(tex):
        sign = match[0]
        depth += (sign == "{") - (sign == "}")
        sides += (sign == r"\left") - (sign == r"\right")
        if depth < 0 or sides < 0 or sign in ("&", r"\\", r"\begin", r"\end", r"\middle"):
            return False
    return depth == 0 and sides == 0


def _is_side(sign: str, side: str) -> bool:
    """Whether a sign is a delimiter with its command, rather than an arrow."""
    return sign.startswith(f"\\{side}") and not sign[len(side) + 1 : len(side) + 2].isalpha()


def broken(tex: str) -> str | None:
    r"""The same formula on more lines, for where it is too wide: broken at relations, or between equations.

    The reasons beside the rows of a derivation go below them. None if there is nowhere to break it.

    >>> broken("a = b = c")
    '\\begin{aligned}a& = b \\\\&= c\\end{aligned}'
    >>> broken(r"a = 1, \quad b = 2, \quad c = 3")
    '\\begin{gathered}a = 1, \\quad b = 2,\\\\ c = 3\\end{gathered}'
    >>> broken("a = b") is None
    True
    """
    if _REASON.search(tex):
        return _REASON.sub(r" \\\\ &\\quad {\\small \1}", tex)
    depth = brackets = 0  # brackets need not come in pairs: [0, 1) is an interval
    relations: list[int] = []
    gaps: list[tuple[int, int]] = []
    for match in _SIGN.finditer(tex):
        sign = match[0]
        depth += sign in ("{", r"\begin") or _is_side(sign, "left")
        depth -= sign in ("}", r"\end") or _is_side(sign, "right")
        if depth < 0 or (depth == 0 and sign in ("&", r"\\")):
            return None
        brackets = max(brackets + (sign in ("(", "[", r"\{")) - (sign in (")", "]", r"\}")), 0)
        if depth == brackets == 0 and sign in _RELATIONS:
            relations.append(match.start())
        if depth == brackets == 0 and sign in (r"\quad", r"\qquad"):
            gaps.append(match.span())
    if gaps and len(relations) > 1:
        bounds = [0, *(at for gap in gaps for at in gap), len(tex)]
        parts = [tex[a:b].rstrip() for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
        in_a_row = 2 if len(parts) > 2 else 1
        rows = [r" \quad".join(parts[k : k + in_a_row]) for k in range(0, len(parts), in_a_row)]
        return rf"\begin{{gathered}}{_NEW_ROW.join(rows)}\end{{gathered}}"
    if len(relations) < 2:
        return None
    first, *rest = relations
    rows = [tex[a:b] for a, b in zip(rest, [*rest[1:], len(tex)], strict=True)]
    head = f"{tex[:first].rstrip()}& {tex[first : rest[0]]}"
    return rf"\begin{{aligned}}{head}{''.join(f'{_NEW_ROW}&{row}' for row in rows)}\end{{aligned}}"
