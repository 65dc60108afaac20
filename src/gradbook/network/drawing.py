"""New worksheets: numbers that stay pleasant, drawn from a seed, no two sheets with the same.

>>> one, other = drawn("3-2-1", Wish(seed=7), 2)
>>> one.shape, one == other, one == next(drawn("3-2-1", Wish(seed=7), 1))
('3-2-1', False, True)
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from gradbook.derivation.catalogue import Entry, Kind, UnknownName, find
from gradbook.network.functions import Activation, Constants, Loss
from gradbook.network.lines import Detail, LineKind
from gradbook.network.names import Scheme
from gradbook.network.network import (
    MAX_LAYERS,
    MAX_UNITS,
    Batch,
    Layer,
    Network,
    NetworkError,
    Optimiser,
    Sample,
)
from gradbook.network.values import Values
from gradbook.network.worksheet import Worksheet, work
from gradbook.symbolic.evaluate import Undefined
from gradbook.symbolic.expr import HALF, ONE, Number, Symbol, number

#: How many networks are drawn before one that is pleasant has to be among them.
_TRIES = 3_000


class Difficulty(Enum):
    """What is asked of whoever works the sheet."""

    #: Halves and whole numbers, ReLU, no biases: everything comes out exactly.
    EASY = "easy"
    #: One decimal, sigmoid units and biases.
    MEDIUM = "medium"
    #: Two decimals, tanh, and a loss of probabilities.
    HARD = "hard"


@dataclass(frozen=True)
class _Style:
    """What a difficulty means: the numbers that are drawn from, and the usual functions."""

    weights: tuple[str, ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    rate: str
    hidden: str
    output: str
    loss: str
    biases: bool


def _steps(low: int, high: int, decimals: int, without: Sequence[int] = (0,)) -> tuple[str, ...]:
    """Decimals from low to high, in units of the last place."""
    spelled = (k for k in range(low, high + 1) if k not in without)
    return tuple(f"{k / 10**decimals:.{decimals}f}" for k in spelled)


_STYLES = {
    Difficulty.EASY: _Style(
        ("-2", "-1", "-0.5", "0.5", "1", "2"), ("-2", "-1", "1", "2", "3"), ("-2", "-1", "0", "1", "2", "3"),
        "0.1", "relu", "identity", "l2", biases=False,
    ),
    Difficulty.MEDIUM: _Style(
        _steps(-9, 9, 1), _steps(-20, 20, 1), _steps(-10, 10, 1), "0.5", "sigmoid", "identity", "l2", biases=True,
    ),
    Difficulty.HARD: _Style(
        _steps(-95, 95, 2), _steps(-200, 200, 2), _steps(5, 95, 2), "0.1", "tanh", "softmax",
        "categorical-cross-entropy", biases=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What new sheets are to be like; without functions of one's own, those that suit the difficulty."""

    difficulty: Difficulty = Difficulty.MEDIUM
    seed: int = 0
    scheme: Scheme = Scheme.TEXTBOOK
    hidden: str | None = None
    output: str | None = None
    loss: str | None = None
    samples: int = 1


def shape_of(text: str) -> tuple[int, ...]:
    """The sizes in ``3-2-1``.

    Raises:
        NetworkError: it is no shape.

    >>> shape_of("4-8-8-4")
    (4, 8, 8, 4)
    """
    sizes = tuple(int(part) for part in text.split("-")) if re.fullmatch(r"\d{1,3}(-\d{1,3})+", text) else ()
    if not 2 <= len(sizes) <= MAX_LAYERS + 1 or not all(1 <= size <= MAX_UNITS for size in sizes):
        raise NetworkError(
            f"expected a shape such as 3-2-1 (inputs, hidden units, outputs), at most {MAX_LAYERS} layers "
            f"of {MAX_UNITS} units, found {text!r}"
        )
    return sizes


def drawn(shape: str, wish: Wish, count: int) -> Iterator[Network]:
    """So many networks of a shape, no two with the same numbers; the same wish gives the same networks.

    Raises:
        NetworkError: there are not so many, or the functions do not go together.
    """
    sizes = shape_of(shape)
    seen: set[tuple[Fraction, ...]] = set()
    maker = _Maker(sizes, wish)
    for k in range(count):
        # Each sheet has a source of its own, so that the third is the third however many are drawn.
        source = random.Random(f"gradbook {shape} {wish!r} {k}")
        for _ in range(_TRIES):
            network = maker.draw(source)
            numbers = tuple(_numbers(network))
            if numbers not in seen and maker.is_pleasant(network):
                seen.add(numbers)
                yield network
                break
        else:
            raise NetworkError(
                f"no pleasant numbers were found for {shape} in {_TRIES} draws; another shape, difficulty or "
                "activation leaves more of them"
            )


def _numbers(network: Network) -> Iterator[Fraction]:
    yield from (p.start.value for p in network.parameters())
    for sample in network.samples:
        yield from (value.value for value in (*sample.inputs, *sample.targets))


class _Maker:
    """Draws networks and looks whether they are pleasant."""

    def __init__(self, sizes: tuple[int, ...], wish: Wish) -> None:
        self.sizes = sizes
        self.wish = wish
        self.style = _STYLES[wish.difficulty]
        style = self.style
        single = sizes[-1] == 1
        output = wish.output or ("sigmoid" if style.output == "softmax" and single else style.output)
        usual = "binary-cross-entropy" if style.loss == "categorical-cross-entropy" and single else style.loss
        if wish.loss is None and wish.output is not None:
            usual = {"softmax": "categorical-cross-entropy", "sigmoid": "binary-cross-entropy"}.get(
                _named(output, Kind.ACTIVATION).name, "l2"
            )
        self.loss_entry = _named(wish.loss or usual, Kind.LOSS)
        hidden = _activation(wish.hidden or style.hidden, r"\phi")
        last = _activation(output, r"\psi")
        if last.entry == hidden.entry:
            last = hidden
        self.activations = [*[hidden] * (len(sizes) - 2), last]
        scale = HALF.value if self.loss_entry.name == "l2" else ONE.value
        self.loss = Loss(self.loss_entry, _constants(self.loss_entry), number(scale))

    def draw(self, source: random.Random) -> Network:
        style = self.style
        layers = tuple(
            Layer(
                tuple(tuple(_pick(source, style.weights) for _ in range(before)) for _ in range(size)),
                tuple(_pick(source, style.weights) for _ in range(size)) if style.biases else None,
                activation,
            )
            for before, size, activation in zip(
                self.sizes[:-1], self.sizes[1:], self.activations, strict=True
            )
        )
        samples = tuple(
            Sample(tuple(_pick(source, style.inputs) for _ in range(self.sizes[0])), self._targets(source))
            for _ in range(self.wish.samples)
        )
        rate = Optimiser(learning_rate=number(style.rate))
        return Network(layers, samples, self.loss, rate, self.wish.scheme, Batch.MEAN)

    def _targets(self, source: random.Random) -> tuple[Number, ...]:
        """Targets that the loss is meant for: a class, a side, or a number."""
        size, name = self.sizes[-1], self.loss_entry.name
        if self.loss_entry.vector and "cross-entropy" in name:
            chosen = source.randrange(size)
            return tuple(number(int(k == chosen)) for k in range(size))
        if "cross-entropy" in name or name == "bce-with-logits":
            return tuple(number(source.randrange(2)) for _ in range(size))
        if "hinge" in name:
            return tuple(number(source.choice((-1, 1))) for _ in range(size))
        return tuple(_pick(source, self.style.targets) for _ in range(size))

    # --- what is pleasant -----------------------------------------------------------------------

    def is_pleasant(self, network: Network) -> bool:
        """Whether nothing is saturated or on a kink, and every layer learns something."""
        try:
            sheet = work(network, digits=6, detail=Detail.SHORT)
        except NetworkError:
            return False
        if self.wish.difficulty is Difficulty.EASY and not self.wish.hidden:
            exact = (line.value for line in sheet.lines if line.value is not None)
            if not all(value.is_shown_exactly(6) for value in exact):
                return False
        return self._units_are_lively(sheet) and self._learns(sheet)

    def _units_are_lively(self, sheet: Worksheet) -> bool:
        names = sheet.network.names(sheet.steps)
        for s in range(1, len(sheet.network.samples) + 1):
            for k, layer in enumerate(sheet.network.layers, 1):
                slopes = [
                    self._slope(layer.activation, sheet[names.net(k, j, s).name].exact_or_near)
                    for j in range(1, len(layer.weights) + 1)
                ]
                if any(slope is None for slope in slopes):
                    return False
                if 2 * sum(slope != 0 for slope in slopes) < len(slopes):
                    return False
        return True

    @staticmethod
    def _slope(activation: Activation, net: Fraction) -> float | None:
        """The slope of an activation; None where it is saturated, or close to a kink."""
        if abs(net) > 4:
            return None
        if activation.is_vector or activation.is_identity:
            return 1.0
        around: list[float] = []
        for at in (net - Fraction(1, 20), net, net + Fraction(1, 20)):
            values = Values(64)
            z = Symbol("z")
            values.give(z, Number(at))
            own = Symbol("a")
            try:
                values[own] = values.of(activation.short(z))
                around.append(float(values.of(activation.derivative_formula(z, own))))
            except Undefined:
                return None
        if max(around) - min(around) > 0.3:
            return None
        slope = around[1]
        return None if 0 < abs(slope) < 0.05 else slope

    @staticmethod
    def _learns(sheet: Worksheet) -> bool:
        """Whether the loss is neither nothing nor very large, and each layer has gradients to speak of."""
        loss = float(next(line.value for line in sheet.lines if line.kind is LineKind.LOSS and line.value))
        if not 0.005 < loss < 20:
            return False
        deltas = [float(line.value) for line in sheet.lines if line.kind is LineKind.DELTA and line.value]
        lively = sum(abs(delta) > 0.001 for delta in deltas)
        return all(abs(delta) < 20 for delta in deltas) and 2 * lively >= len(deltas)


def _named(name: str, kind: Kind) -> Entry:
    try:
        return find(name, kind)
    except UnknownName as error:
        raise NetworkError(str(error)) from None


def _constants(entry: Entry) -> Constants:
    return tuple(
        (name, number(str(int(value)) if value == int(value) else str(value)))
        for name, value in entry.constants
    )


def _activation(name: str, letter: str) -> Activation:
    entry = _named(name, Kind.ACTIVATION)
    plain = Activation(entry, _constants(entry))
    named = plain.is_identity or plain.is_vector or plain.has_macro
    return plain if named else replace(plain, letter=letter)


def _pick(source: random.Random, spelled: Sequence[str]) -> Number:
    return number(source.choice(spelled))
