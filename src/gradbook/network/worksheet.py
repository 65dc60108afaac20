r"""A worksheet: the calculation of a network, line by line, in any format.

>>> from gradbook.network.reading import parse
>>> network = parse('''
... layers = [1, 1]
... activations = "sigmoid"
... loss = {name = "l2", scale = "1/2"}
... weights = {W1 = [[0.5]]}
... samples = [{inputs = [2], targets = [1]}]
... ''')
>>> sheet = work(network, digits=4)
>>> [float(sheet[name]) for name in ("z_{1}^{(1)}", r"\frac{\partial L}{\partial w_{11}^{(1)}}")]
[1.0, -0.105...]
>>> print(latex_chain(sheet.sections[2].lines[0].sides))
z_{1}^{(1)} = w_{11}^{(1)} x_{1} = 0.5 \cdot 2 = 1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, cast

from gradbook.network.calculation import Calculation
from gradbook.network.lines import Detail, Line, Section
from gradbook.network.network import Network
from gradbook.network.values import Value
from gradbook.symbolic.expr import Derivative, Expr, Node, Symbol, rebuild
from gradbook.symbolic.printing import to_latex

if TYPE_CHECKING:
    from types import ModuleType

#: Fewest and most digits that can be asked for.
MIN_DIGITS, MAX_DIGITS = 2, 30

#: The modules that write formats.
FORMATS = {"markdown": "markdown", "latex": "latex", "html": "html", "pdf": "pdf", "json": "as_json"}


class Part(Enum):
    """What of a worksheet is written."""

    #: All of it.
    KEY = "key"
    #: What is given, and room for the rest.
    BLANK = "blank"
    #: As blank, with the formula of each line.
    HINTS = "hints"


@dataclass(frozen=True)
class Worksheet:
    """Sections of lines, and the value of every quantity under its name in LaTeX."""

    network: Network
    steps: int
    digits: int
    detail: Detail
    sections: tuple[Section, ...]
    values: dict[str, Value] = field(repr=False)
    title: str = ""
    #: Whether there is a blank sheet too, to which this is the key.
    is_exercise: bool = False

    def __getitem__(self, name: str) -> Value:
        """The value of a quantity, by its name in LaTeX: ``sheet["L"]``."""
        return self.values[name]

    @property
    def lines(self) -> Iterator[Line]:
        """All lines, in order."""
        return (line for section in self.sections for line in section.lines)

    def to(self, form: str, part: Part = Part.KEY) -> str:
        """The worksheet as a text: markdown, latex, html or json; :meth:`to_bytes` is for pdf too."""
        if form == "pdf":
            raise ValueError("a PDF is no text: use to_bytes")
        return self.to_bytes(form, part).decode("utf-8")

    def to_bytes(self, form: str, part: Part = Part.KEY) -> bytes:
        """The worksheet as a file in one of :data:`FORMATS`."""
        if form not in FORMATS:
            raise ValueError(f"format is one of {', '.join(FORMATS)}, not {form!r}")
        module: ModuleType = import_module(f"gradbook.network.formats.{FORMATS[form]}")
        written = cast("str | bytes", module.write(self, part))
        return written if isinstance(written, bytes) else written.encode("utf-8")

    def picture(self, *, gradients: bool = True) -> str:
        """The network as an SVG, with the values of the first sample."""
        from gradbook.network.picture import draw

        return draw(self, gradients=gradients)

    def _repr_html_(self) -> str:
        from gradbook.network.formats.html import fragment

        return fragment(self, Part.KEY)


def work(
    network: Network, *, steps: int | None = None, digits: int = 6, detail: Detail = Detail.FULL
) -> Worksheet:
    """Work a network by hand: forward, backward, update, and the loss after it.

    ``steps`` (default: as the network says) updates are made; ``digits`` significant digits are shown.

    Raises:
        NetworkError: a quantity has no value, or no derivative, at the given numbers.
    """
    steps = network.steps if steps is None else steps
    if not steps >= 1:
        raise ValueError(f"steps is a whole number from 1, not {steps!r}")
    if not MIN_DIGITS <= digits <= MAX_DIGITS:
        raise ValueError(f"digits is a number from {MIN_DIGITS} to {MAX_DIGITS}, not {digits!r}")
    done = Calculation(network, steps=steps, digits=digits, detail=detail)
    done.run()
    title = network.title or f"A {network.shape} network by hand"
    return Worksheet(network, steps, digits, detail, tuple(done.sections), done.named_values(), title)


def latex(side: Expr) -> str:
    r"""One side of a line; a derivative of one quantity by another is a single fraction.

    >>> latex(Derivative(Symbol("L"), Symbol("w"), 1, "partial"))
    '\\frac{\\partial L}{\\partial w}'
    """
    plain = _fractions(side)
    assert isinstance(plain, Expr)
    return to_latex(plain)


def _fractions(node: Node) -> Node:
    match node:
        case Derivative(Symbol(of), Symbol(by), 1, "partial"):
            return Symbol(rf"\frac{{\partial {of}}}{{\partial {by}}}")
        case _:
            return rebuild(node, _fractions)


def latex_chain(sides: Sequence[Expr]) -> str:
    """A line with its equals signs."""
    return " = ".join(latex(side) for side in sides)
