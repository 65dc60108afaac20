"""A small fully connected network with its samples, its loss and its optimiser: all numbers as they were written.

>>> from gradbook.network.reading import parse
>>> network = parse('''
... layers = [2, 1]
... activations = "sigmoid"
... loss = "l2"
... [weights]
... W1 = [[0.5, -0.5]]
... [[samples]]
... inputs = [1, 2]
... targets = [1]
... ''')
>>> network.sizes, network.names().weight(1, 1, 2).name
((2, 1), 'w_{12}^{(1)}')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from gradbook.network.functions import Activation, Loss
from gradbook.network.names import Names, Scheme
from gradbook.symbolic.expr import ONE, Expr, Number, number

#: Largest network: what is worked by hand is smaller by far.
MAX_UNITS, MAX_LAYERS, MAX_SAMPLES, MAX_STEPS = 64, 12, 26, 100


class NetworkError(ValueError):
    """A network that cannot be worked; one line that names the entry and says what was expected."""


class Method(Enum):
    """How parameters are updated."""

    GRADIENT_DESCENT = "gradient-descent"
    MOMENTUM = "momentum"
    ADAM = "adam"


@dataclass(frozen=True)
class Optimiser:
    r"""The method with its numbers.

    ``l2_penalty`` is the λ of a term λ/2 · Σ w² of what is made small, ``weight_decay`` the λ of a step
    -ηλw that the optimiser takes apart from the gradient; both are about weights, not biases.
    """

    method: Method = Method.GRADIENT_DESCENT
    learning_rate: Number = field(default_factory=lambda: number("0.1"))
    momentum: Number = field(default_factory=lambda: number("0.9"))
    beta1: Number = field(default_factory=lambda: number("0.9"))
    beta2: Number = field(default_factory=lambda: number("0.999"))
    epsilon: Number = field(default_factory=lambda: number("0.00000001"))
    l2_penalty: Number | None = None
    weight_decay: Number | None = None


class Batch(Enum):
    """How the losses of several samples become one."""

    MEAN = "mean"
    SUM = "sum"


@dataclass(frozen=True)
class Sample:
    """Inputs and what the outputs should be."""

    inputs: tuple[Number, ...]
    targets: tuple[Number, ...]


#: The biases of a layer: one each, one for all units, or none.
Biases = tuple[Number, ...] | Number | None


@dataclass(frozen=True)
class Layer:
    """Weights (a row for each unit), biases and activation of a layer."""

    weights: tuple[tuple[Number, ...], ...]
    biases: Biases
    activation: Activation


@dataclass(frozen=True)
class Parameter:
    """A weight or a bias: where it stands, and its number at the start."""

    layer: int
    to: int
    #: The unit (or input) that a weight leads from; None for a bias.
    source: int | None
    start: Number
    fixed: bool = False

    def name(self, names: Names, step: int = 0) -> Expr:
        """What it is called after a step."""
        if self.source is None:
            return names.bias(self.layer, self.to, 0 if self.fixed else step)
        return names.weight(self.layer, self.to, self.source, 0 if self.fixed else step)


@dataclass(frozen=True)
class Network:
    """Everything that a worksheet is made from. :func:`gradbook.network.load` reads it from a TOML file."""

    layers: tuple[Layer, ...]
    samples: tuple[Sample, ...]
    loss: Loss
    optimiser: Optimiser = field(default_factory=Optimiser)
    scheme: Scheme = Scheme.TEXTBOOK
    batch: Batch = Batch.MEAN
    #: Parameters that are not updated, as (layer, unit, source) with source None for a bias.
    fixed: frozenset[tuple[int, int, int | None]] = frozenset()
    steps: int = 1
    title: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many units there are in each layer, the inputs first."""
        return (len(self.layers[0].weights[0]), *(len(layer.weights) for layer in self.layers))

    @property
    def shape(self) -> str:
        """The sizes as people say them: ``3-2-1``."""
        return "-".join(map(str, self.sizes))

    def names(self, steps: int | None = None) -> Names:
        """The names of its quantities, for a number of steps."""
        shared = (k for k, layer in enumerate(self.layers, 1) if isinstance(layer.biases, Number))
        return Names(
            self.scheme,
            self.sizes,
            len(self.samples),
            self.steps if steps is None else steps,
            frozenset(shared),
            self.optimiser.l2_penalty is not None,
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """Weights and biases, layer by layer and unit by unit."""
        found: list[Parameter] = []
        for k, layer in enumerate(self.layers, 1):
            for to, row in enumerate(layer.weights, 1):
                for source, weight in enumerate(row, 1):
                    found.append(Parameter(k, to, source, weight, (k, to, source) in self.fixed))
                if isinstance(layer.biases, tuple):
                    found.append(Parameter(k, to, None, layer.biases[to - 1], (k, to, None) in self.fixed))
            if isinstance(layer.biases, Number):
                found.append(Parameter(k, 1, None, layer.biases, (k, 1, None) in self.fixed))
        return tuple(found)

    def one_hot(self, sample: Sample) -> bool:
        """Whether the targets of a sample add up to one."""
        return sum(target.value for target in sample.targets) == ONE.value
