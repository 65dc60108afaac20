"""A page that needs nothing from anywhere else: MathML, and the picture of the network as SVG."""

from __future__ import annotations

from html import escape

from gradbook.network.formats.parts import shown_parts, title_of
from gradbook.network.lines import Line, LineKind, Section
from gradbook.network.picture import draw
from gradbook.network.worksheet import Part, Worksheet
from gradbook.symbolic.expr import Op
from gradbook.symbolic.mathml import relation_to_mathml, to_mathml

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --faint: #6b6b76; --line: #dcdce2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6ea; --paper: #16161a; --faint: #9a9aa6; --line: #34343c; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin-top: 2rem; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }
figure { margin: 1.5rem 0; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; max-height: 90vh; min-width: 40rem; }
.worksheet-line { overflow-x: auto; overflow-y: hidden; padding: 0.2rem 0; }
.worksheet-line math { display: math; }
.worksheet-room { border-bottom: 1px solid var(--line); height: 2.6rem; }
.worksheet-given { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.3rem 1rem; }
@media print { body { max-width: none; } .worksheet-line, figure { break-inside: avoid; } }
"""


def write(sheet: Worksheet, part: Part) -> str:
    """The worksheet as a page."""
    title = escape(title_of(sheet, part))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{_body(sheet, part)}</body>\n</html>\n"
    )


def fragment(sheet: Worksheet, part: Part) -> str:
    """The worksheet for a page that exists, such as a notebook."""
    rules = _STYLE[_STYLE.index("figure {") : _STYLE.index("@media print")]
    return f'<div class="worksheet"><style>{rules}</style>{_body(sheet, part)}</div>'


def _body(sheet: Worksheet, part: Part) -> str:
    picture = draw(sheet, values=part is Part.KEY)
    parts = [f"<h1>{escape(title_of(sheet, part))}</h1>\n<figure>\n{picture}</figure>\n"]
    parts += [_section(section, part) for section in sheet.sections]
    return "".join(parts)


def _section(section: Section, part: Part) -> str:
    level = section.depth
    found = [f"<h{level}>{escape(section.title)}</h{level}>\n"]
    if section.words:
        found.append(f"<p>{escape(section.words)}</p>\n")
    given = [line for line in section.lines if line.kind is LineKind.GIVEN]
    if given:
        cells = "".join(f"<div>{_formula(line, part, display=False)}</div>\n" for line in given)
        found.append(f'<div class="worksheet-given">\n{cells}</div>\n')
    for line in section.lines:
        if line.kind is LineKind.GIVEN:
            continue
        found.append(f'<div class="worksheet-line">{_formula(line, part, display=True)}</div>\n')
        if part is not Part.KEY and line.kind.is_task:
            found.append('<div class="worksheet-room"></div>\n')
    return "".join(found)


def _formula(line: Line, part: Part, *, display: bool) -> str:
    sides = shown_parts(line, part)
    if len(sides) == 1:
        return to_mathml(sides[0], display) + " ="
    return relation_to_mathml(sides, [Op.EQ] * (len(sides) - 1), display)
