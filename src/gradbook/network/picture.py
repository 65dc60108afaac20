r"""The network as an SVG: values on nodes, weights on edges, gradients beside them in a second colour.

Columns are layers. Weights of one edge each stand in columns too, one for each source, so that no two of them
meet; small networks have large letters, since the whole is scaled to the page.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from gradbook.network.names import Names
from gradbook.network.network import Network, Parameter
from gradbook.symbolic.names import Accent, Notation, Numeral, Row, Script, Word, name_notation

if TYPE_CHECKING:
    from gradbook.network.worksheet import Worksheet

#: Radius of a node, from node to node downwards, and the width of a label in a column of its own.
_RADIUS, _ROW, _COLUMN = 25, 112, 50
#: Space on the left and right of the first and last column, and below for the legend.
_SIDE, _FOOT = 72, 36
#: How near to its source, as a part of the edge, and to its target the label of an edge may stand: edges have to
#: be apart by two rows of letters, and what is written below a node needs room.
_NEAR, _FAR = 0.25, 84
#: The narrowest gap between two layers.
_GAP = 250
#: Digits of the numbers in the picture.
_DIGITS = 3

_LIGHT = {
    "paper": "#ffffff", "ink": "#1b1b1f", "faint": "#6b6b76", "edge": "#c3c7d2", "node": "#eef2fb",
    "rim": "#4361aa", "gradient": "#c2410c",
}  # fmt: skip
_DARK = {
    "paper": "#16161a", "ink": "#e6e6ea", "faint": "#9a9aa6", "edge": "#4a4d58", "node": "#23283a",
    "rim": "#8fa8e8", "gradient": "#fb923c",
}  # fmt: skip


def draw(sheet: Worksheet, *, gradients: bool = True, dark: bool = True, values: bool = True) -> str:
    """The picture. ``dark``: on a dark page it is dark; ``values``: also what is worked out, not only what is given."""
    return _Drawing(sheet, gradients=gradients and values, dark=dark, values=values).svg()


class _Drawing:
    def __init__(self, sheet: Worksheet, *, gradients: bool, dark: bool, values: bool) -> None:
        self.sheet = sheet
        self.network: Network = sheet.network
        self.names: Names = sheet.network.names(sheet.steps)
        self.gradients = gradients
        self.dark = dark
        self.values = values
        sizes = self.network.sizes
        self.height = max(sizes) * _ROW + _FOOT
        self.columns = [float(_SIDE)]
        for before, _ in itertools.pairwise(sizes):
            width = max(_GAP, ((before - 1) * _COLUMN + _FAR) / (1 - _NEAR))
            self.columns.append(self.columns[-1] + width)
        self.width = self.columns[-1] + _SIDE + 56

    def svg(self) -> str:
        title = f"A {self.network.shape} network with its weights, activations and gradients"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'role="img" aria-label="{escape(title)}" class="network">',
            f"<style>{self._style()}</style>",
            f'<rect class="paper" width="{self.width:.0f}" height="{self.height:.0f}"/>',
            *self._edges(),
            *self._labels(),
            *self._nodes(),
            *self._legend(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    # --- where things stand ---------------------------------------------------------------------

    def _at(self, layer: int, unit: int) -> tuple[float, float]:
        size = self.network.sizes[layer]
        return self.columns[layer], (self.height - _FOOT) / 2 + (unit - (size + 1) / 2) * _ROW

    def _weights(self) -> Iterator[Parameter]:
        return (p for p in self.network.parameters() if p.source is not None)

    # --- parts ----------------------------------------------------------------------------------

    def _edges(self) -> Iterator[str]:
        most = max((abs(p.start.value) for p in self._weights()), default=1) or 1
        for p in self._weights():
            assert p.source is not None
            (x, y), (u, v) = self._at(p.layer - 1, p.source), self._at(p.layer, p.to)
            width = 0.8 + 2.2 * float(abs(p.start.value) / most)
            yield (
                f'<line class="edge" x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}" '
                f'stroke-width="{width:.2f}"/>'
            )

    def _labels(self) -> Iterator[str]:
        for p in self._weights():
            assert p.source is not None
            (x, y), (u, v) = self._at(p.layer - 1, p.source), self._at(p.layer, p.to)
            sources = self.network.sizes[p.layer - 1]
            part = (p.source - 1) / (sources - 1) if sources > 1 else 0.5
            along = _NEAR + (1 - _NEAR - _FAR / (u - x)) * part
            at_x, at_y = x + along * (u - x), y + along * (v - y)
            gradient = self._gradient(p)
            yield self._text(at_x, at_y + (0 if gradient else 4), _short(p.start.value), "weight")
            if gradient:
                yield self._text(at_x, at_y + 12, gradient, "gradient")

    def _gradient(self, p: Parameter) -> str:
        if not self.gradients or p.fixed:
            return ""
        names = self.names
        name = p.name(names)
        key = rf"\frac{{\partial {_latex(names.objective())}}}{{\partial {_latex(name)}}}"
        if key not in self.sheet.values:
            key = rf"\frac{{\partial {_latex(names.loss())}}}{{\partial {_latex(name)}}}"
        return self._value(key)

    def _value(self, key: str) -> str:
        if not self.values and key not in self._given():
            return ""
        value = self.sheet.values.get(key)
        return "" if value is None else _typeset(value.text(_DIGITS))

    def _given(self) -> frozenset[str]:
        names = self.names
        return frozenset(_latex(names.input(k)) for k in range(1, self.network.sizes[0] + 1))

    def _nodes(self) -> Iterator[str]:
        names, sizes = self.names, self.network.sizes
        last = len(sizes) - 1
        biases = {(p.layer, p.to): p for p in self.network.parameters() if p.source is None}
        for layer, size in enumerate(sizes):
            for unit in range(1, size + 1):
                x, y = self._at(layer, unit)
                name = _latex(names.output(layer, unit))
                yield f'<circle class="node" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"/>'
                yield self._text(x, y + 4, self._value(name), "value")
                yield self._name(x, y - _RADIUS - 7, name)
                if layer == 0:
                    continue
                below = y + _RADIUS + 14
                bias = biases.get((layer, unit)) or (
                    biases.get((layer, 1)) if layer in names.shared and unit == 1 else None
                )
                if bias is not None:
                    gradient = self._gradient(bias)
                    parts = (
                        f'<tspan class="faint">b </tspan><tspan>{escape(_short(bias.start.value))}</tspan>'
                    )
                    if gradient:
                        parts += f'<tspan class="gradient" dx="5">{escape(gradient)}</tspan>'
                    yield f'<text class="weight" x="{x:.1f}" y="{below:.1f}">{parts}</text>'
                    below += 13
                delta = self._value(_latex(names.delta(layer, unit))) if self.gradients else ""
                if delta:
                    yield self._text(x, below, f"δ {delta}", "gradient")
                if layer == last:
                    target = self.network.samples[0].targets[unit - 1]
                    yield self._name(x + _RADIUS + 14, y - 5, _latex(names.target(unit)), "start")
                    yield self._text(x + _RADIUS + 14, y + 12, _short(target.value), "start weight")

    def _legend(self) -> Iterator[str]:
        loss = self._value(_latex(self.names.objective()))
        x = self.columns[-1] + _RADIUS + 14
        if loss:
            name = _latex(self.names.objective())
            yield self._name(x, self.height - 30, name, "start")
            yield self._text(x, self.height - 14, loss, "start weight")
        words = '<tspan class="plain">weights and activations</tspan>'
        if self.gradients:
            words += f'<tspan class="gradient" dx="10">gradients of {_plain(_latex(self.names.objective()))}</tspan>'
        if len(self.network.samples) > 1:
            words += '<tspan class="faint" dx="10">activations of sample A</tspan>'
        yield f'<text class="legend" x="{_SIDE / 3:.0f}" y="{self.height - 14:.0f}">{words}</text>'

    # --- letters --------------------------------------------------------------------------------

    @staticmethod
    def _text(x: float, y: float, text: str, kind: str) -> str:
        return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>' if text else ""

    @staticmethod
    def _name(x: float, y: float, latex: str, kind: str = "") -> str:
        return f'<text class="name {kind}" x="{x:.1f}" y="{y:.1f}">{_tspans(name_notation(latex))}</text>'

    def _style(self) -> str:
        rules = _rules(_LIGHT)
        rules += (
            ".network text{font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',"
            "sans-serif;font-size:11px;text-anchor:middle;stroke-width:3px;paint-order:stroke;"
            "stroke-linejoin:round}"
            ".network .value{font-size:12px;stroke:none}"
            ".network .name{font-family:'STIX Two Text','Times New Roman','Liberation Serif',serif;font-size:15px}"
            ".network .it{font-style:italic}"
            ".network .start,.network .legend{text-anchor:start}.network .legend{font-size:12px}"
            ".network .node{stroke-width:1.6px}"
        )
        if self.dark:
            rules += f"@media (prefers-color-scheme:dark){{{_rules(_DARK)}}}"
        return rules


def _rules(c: dict[str, str]) -> str:
    return (
        f".network .paper{{fill:{c['paper']}}}"
        f".network text{{fill:{c['ink']};stroke:{c['paper']}}}"
        f".network .edge{{stroke:{c['edge']}}}"
        f".network .node{{fill:{c['node']};stroke:{c['rim']}}}"
        f".network .faint{{fill:{c['faint']}}}"
        f".network .gradient{{fill:{c['gradient']}}}"
    )


def _latex(name: object) -> str:
    return str(getattr(name, "name", ""))


def _short(value: object) -> str:
    from fractions import Fraction

    from gradbook.network.values import Value, ball_of

    assert isinstance(value, Fraction)
    return _typeset(Value(value, ball_of(value, 64)).text(_DIGITS))


def _typeset(text: str) -> str:
    """A number without zeros at its end, with a real minus sign."""
    head, e, power = text.partition("e")
    if "." in head:
        head = head.rstrip("0").rstrip(".")
    return (head + (e + str(int(power)) if e else "")).replace("-", "−")


def _plain(latex: str) -> str:
    return "".join(_letters(name_notation(latex)))


def _letters(node: Notation) -> Iterator[str]:
    match node:
        case Word(text) | Numeral(text):
            yield text
        case Row(parts):
            for part in parts:
                yield from _letters(part)
        case Script(base):
            yield from _letters(base)
        case _:
            return


def _tspans(node: Notation, depth: int = 0, italic: bool = True) -> str:
    """A name as text with its scripts raised and lowered."""
    match node:
        case Word(text, face):
            upright = face in ("upright", "text") and len(text) > 3
            kind = ' class="it"' if italic and not upright and text.isalpha() else ""
            return f"<tspan{kind}>{escape(text)}</tspan>"
        case Numeral(text):
            return f"<tspan>{escape(text)}</tspan>"
        case Row(parts):
            return "".join(_tspans(part, depth, italic) for part in parts)
        case Accent(base):
            return _tspans(base, depth, italic)
        case Script(base, above, below):
            size = 10 if depth == 0 else 8
            drawn = _tspans(base, depth, italic)
            back = 0
            for script, shift in ((below, 4), (above, -6)):
                if script is not None:
                    inner = _tspans(script, depth + 1, italic=False)
                    drawn += f'<tspan dy="{shift - back}" font-size="{size}px">{inner}</tspan>'
                    back = shift
            return drawn + (f'<tspan dy="{-back}">\u200b</tspan>' if back else "")
        case _:
            return ""
