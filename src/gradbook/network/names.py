r"""What the quantities of a network are called, in four ways that people use.

A name is a symbol of the core: canonical LaTeX that the checker reads as one quantity. Several samples are
called A, B, C, … (a second number below a δ would make it Kronecker's); the number of a step follows a
semicolon, and what comes after a single step is “new” or carries a plus.

>>> names = Names(Scheme.TEXTBOOK, (2, 2, 1))
>>> names.weight(2, 1, 2).name, names.weight(2, 1, 2, step=1).name
('w_{12}^{(2)}', 'w_{12,\\text{new}}^{(2)}')
>>> Names(Scheme.REPORT, (3, 2, 1), samples=2).output(1, 1, sample=2).name
'a_{1-1,B}'
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gradbook.symbolic.expr import Expr, Symbol


class Scheme(Enum):
    """A way to name weights and what is worked out with them."""

    #: ``w_{jk}^{(l)}`` leads to unit j of layer l from unit k.
    TEXTBOOK = "textbook"
    #: ``W_{jk}^{[l]}``: the entry of the matrix in row j and column k.
    MATRICES = "matrices"
    #: ``w_{kj-l}`` leads from unit k to unit j of layer l.
    REPORT = "report"
    #: ``w_{1}``, ``w_{2}``, … counted through; ``net_{h1}``, ``out_{h1}``, ``E``.
    MAZUR = "mazur"


#: Letters of weight, bias, pre-activation, output, input, target and loss.
_LETTERS = {
    Scheme.TEXTBOOK: ("w", "b", "z", "a", "x", "t", "L"),
    Scheme.MATRICES: ("W", "b", "z", "a", "x", "y", "L"),
    Scheme.REPORT: ("w", "B", "z", "a", "i", "t", "L"),
    Scheme.MAZUR: ("w", "b", "net", "out", "i", "target", "E"),
}


@dataclass(frozen=True)
class Names:
    """The names in one network; layers, units and samples are counted from 1, steps from 0.

    ``sizes`` are the numbers of units of all layers, that of the inputs first. ``shared`` are the layers
    that have one bias for all their units.
    """

    scheme: Scheme
    sizes: tuple[int, ...]
    samples: int = 1
    steps: int = 1
    shared: frozenset[int] = frozenset()
    regularised: bool = False

    # --- what is given --------------------------------------------------------------------------

    def weight(self, layer: int, to: int, source: int, step: int = 0) -> Symbol:
        """The weight from a unit of the layer before (or an input) to a unit of a layer."""
        letter = self._letter(0)
        match self.scheme:
            case Scheme.TEXTBOOK | Scheme.MATRICES:
                return self._name(letter, self._pair(to, source), layer, step=step)
            case Scheme.REPORT:
                return self._name(letter, f"{self._pair(source, to)}-{layer}", layer, step=step)
            case Scheme.MAZUR:
                return self._name(letter, str(self._place(layer, to, source)), layer, step=step)

    def bias(self, layer: int, to: int, step: int = 0) -> Symbol:
        """The bias of a unit, or of all units of a layer."""
        if layer in self.shared:
            label = "" if self.scheme in (Scheme.TEXTBOOK, Scheme.MATRICES) else str(layer)
            return self._name(self._letter(1), label, layer, step=step)
        return self._name(self._letter(1), self._unit(layer, to), layer, step=step)

    def input(self, unit: int, sample: int = 1) -> Symbol:
        """An input of a sample."""
        return self._name(self._letter(4), str(unit), None, sample)

    def target(self, unit: int, sample: int = 1) -> Symbol:
        """A target of a sample."""
        label = f"o{unit}" if self.scheme is Scheme.MAZUR else str(unit)
        return self._name(self._letter(5), label, None, sample)

    # --- what is worked out ---------------------------------------------------------------------

    def net(self, layer: int, unit: int, sample: int = 1, step: int = 0) -> Symbol:
        """The pre-activation of a unit."""
        return self._name(self._letter(2), self._unit(layer, unit), layer, sample, step)

    def output(self, layer: int, unit: int, sample: int = 1, step: int = 0) -> Symbol:
        """The activation of a unit; of layer 0, an input."""
        if layer == 0:
            return self.input(unit, sample)
        return self._name(self._letter(3), self._unit(layer, unit), layer, sample, step)

    def total(self, layer: int, sample: int = 1, step: int = 0) -> Symbol:
        """The sum over a layer that a function of the whole layer, such as softmax, divides by."""
        label = "" if self.scheme in (Scheme.TEXTBOOK, Scheme.MATRICES) else str(layer)
        return self._name("S", label, layer, sample, step)

    def delta(self, layer: int, unit: int, sample: int = 1, step: int = 0) -> Symbol:
        """The derivative of the loss of a sample by a pre-activation."""
        return self._name(r"\delta", self._unit(layer, unit), layer, sample, step)

    def sample_loss(self, sample: int, step: int = 0) -> Symbol:
        """The loss of one sample; with a single sample, the loss."""
        if self.samples == 1:
            return self.loss(step)
        letter = r"\ell" if self._letter(6) == "L" else self._letter(6)
        return self._name(letter, self.sample(sample), None, 1, step)

    @staticmethod
    def sample(number: int) -> str:
        """The letter of a sample, counted from 1."""
        return chr(ord("A") + number - 1)

    def loss(self, step: int = 0) -> Symbol:
        """The loss of the batch, penalties apart."""
        return self._total_name(self._letter(6), step)

    def objective(self, step: int = 0) -> Symbol:
        """What is made small: the loss with its penalty, if there is one."""
        return self._total_name("J", step) if self.regularised else self.loss(step)

    def moment(self, letter: str, parameter: Expr, step: int) -> Symbol:
        """What an optimiser keeps for a parameter after a step: ``v_{w_{5};1}``."""
        assert isinstance(parameter, Symbol)
        return Symbol(f"{letter}_{{{parameter.name};{step}}}")

    # --- spelling -------------------------------------------------------------------------------

    def _letter(self, place: int) -> str:
        return _LETTERS[self.scheme][place]

    def _total_name(self, letter: str, step: int) -> Symbol:
        if step and self.steps > 1:
            return Symbol(f"{letter}_{{{step}}}")
        return self._name(letter, "", None, 1, step)

    def _pair(self, first: int, second: int) -> str:
        """Two indices beside each other, with a comma if one of them may have two digits."""
        return f"{first},{second}" if max(self.sizes) > 9 else f"{first}{second}"

    def _place(self, layer: int, to: int, source: int) -> int:
        before = sum(a * b for a, b in zip(self.sizes[: layer - 1], self.sizes[1:layer], strict=True))
        return before + (to - 1) * self.sizes[layer - 1] + source

    def _unit(self, layer: int, unit: int) -> str:
        match self.scheme:
            case Scheme.TEXTBOOK | Scheme.MATRICES:
                return str(unit)
            case Scheme.REPORT:
                return f"{unit}-{layer}"
            case Scheme.MAZUR:
                last = layer == len(self.sizes) - 1
                return f"o{unit}" if last else f"h{sum(self.sizes[1:layer]) + unit}"

    def _name(self, base: str, label: str, layer: int | None, sample: int = 1, step: int = 0) -> Symbol:
        """A name with what is below it and above it."""
        above = ""
        if layer is not None and self.scheme is Scheme.TEXTBOOK:
            above = f"({layer})"
        elif layer is not None and self.scheme is Scheme.MATRICES:
            above = f"[{layer}]"
        parts = [label] if label else []
        # Weights, biases and losses are those of the whole batch.
        if self.samples > 1 and base not in (self._letter(0), self._letter(1), r"\ell", self._letter(6)):
            parts.append(self.sample(sample))
        plus = step and self.steps == 1 and self.scheme in (Scheme.REPORT, Scheme.MAZUR)
        if plus:
            above = "+"
        elif step and self.steps == 1:
            parts.append(r"\text{new}")
        below = ",".join(parts) + (f";{step}" if step and self.steps > 1 else "")
        return Symbol(base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else ""))
