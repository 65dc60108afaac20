"""A LaTeX document that compiles as it is, and that ``gradbook check`` reads line by line."""

from __future__ import annotations

from gradbook.network.formats.parts import shown_parts, title_of, width
from gradbook.network.lines import Line, LineKind
from gradbook.network.worksheet import Part, Worksheet, latex

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[PAPER]{geometry}
\allowdisplaybreaks
\begin{document}
"""
_HEADINGS = {2: "section", 3: "subsection"}
_ESCAPED = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}", **{c: "\\" + c for c in "&%$#_{}"}}
#: How wide a row of a chain may be, in digits, and how wide a digit is, in centimetres.
_ROW, _DIGIT = 94.0, 0.178
_IN_A_ROW = 4


def write(sheet: Worksheet, part: Part) -> str:
    """The worksheet as a LaTeX document."""
    parts = [
        _PREAMBLE.replace("PAPER", _paper(sheet, part)),
        rf"\section*{{\Large {_words(title_of(sheet, part))}}}" + "\n",
    ]
    for section in sheet.sections:
        parts.append(rf"\{_HEADINGS[section.depth]}*{{{_words(section.title)}}}" + "\n")
        if section.words:
            parts.append(_words(section.words) + "\n")
        given = [line for line in section.lines if line.kind is LineKind.GIVEN]
        for start in range(0, len(given), _IN_A_ROW):
            row = [" = ".join(latex(s) for s in line.sides) for line in given[start : start + _IN_A_ROW]]
            parts.append("\\[\n" + ", \\quad ".join(row) + "\n\\]\n")
        parts += [_display(line, part) for line in section.lines if line.kind is not LineKind.GIVEN]
    parts.append("\\end{document}\n")
    return "\n".join(parts)


def _display(line: Line, part: Part) -> str:
    """A chain, in rows if it is too long for one."""
    shown = shown_parts(line, part)
    sides = [latex(side) for side in shown]
    if len(shown) < len(line.sides):
        return "\\[\n" + " = ".join(sides) + " = \\]\n\\vspace{1.5cm}\n"
    rows = [f"{sides[0]} &= {sides[1]}"]
    wide = width(shown[0]) + width(shown[1]) + 4
    for side, tex in zip(shown[2:], sides[2:], strict=True):
        more = width(side) + 2
        if wide + more <= _ROW:
            rows[-1] += f" = {tex}"
            wide += more
        else:
            rows.append(f"&= {tex}")
            wide = width(shown[0]) + more
    if len(rows) == 1:
        return "\\[\n" + rows[0].replace(" &= ", " = ", 1) + "\n\\]\n"
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}\n"


def _paper(sheet: Worksheet, part: Part) -> str:
    """Room on both sides; a page is wider where a side that cannot be broken asks for it."""
    sides = [(line.sides[0], side) for line in sheet.lines for side in shown_parts(line, part)[1:]]
    widest = max((width(name) + width(side) + 2 for name, side in sides), default=0)
    centimetres = max(21.0, 4 + widest * _DIGIT)
    return f"paperwidth={centimetres:.1f}cm,paperheight=29.7cm,margin=2cm"


def _words(text: str) -> str:
    return "".join(_ESCAPED.get(char, char) for char in text)
