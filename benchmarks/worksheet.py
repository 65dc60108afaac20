"""Claim: a worksheet for a 4-8-8-4 network takes less than a second, with every value exact.

The peer works the same gradients with SymPy, in rationals where they are and 30 digits beyond that.
"""

from __future__ import annotations

import random
import time
from fractions import Fraction

import sympy
from _beside import row, spoken

from gradbook.network import parse, work

SHAPE = (4, 8, 8, 4)


def text() -> str:
    source = random.Random(1)

    def numbers(size: int) -> str:
        return "[" + ", ".join(f"{source.uniform(-1, 1):.2f}" for _ in range(size)) + "]"

    lines = [f"layers = {list(SHAPE)}", 'activations = "tanh"', 'loss = "l2"', "[weights]"]
    lines += [
        f"W{k} = [" + ", ".join(numbers(SHAPE[k - 1]) for _ in range(SHAPE[k])) + "]"
        for k in range(1, len(SHAPE))
    ]
    lines += ["[[samples]]", f"inputs = {numbers(SHAPE[0])}", f"targets = {numbers(SHAPE[-1])}"]
    return "\n".join(lines)


def by_sympy(network: object) -> None:
    """Gradients of all weights: symbols layer by layer, numbers put in, 30 digits."""
    from gradbook.network import Network

    assert isinstance(network, Network)
    a = [sympy.Rational(v.value.numerator, v.value.denominator) for v in network.samples[0].inputs]
    t = [sympy.Rational(v.value.numerator, v.value.denominator) for v in network.samples[0].targets]
    z = sympy.Symbol("z")
    activation = sympy.tanh(z)
    slope = sympy.diff(activation, z)
    weights = [
        sympy.Matrix(
            [[sympy.Rational(*Fraction(v.value).as_integer_ratio()) for v in r] for r in layer.weights]
        )
        for layer in network.layers
    ]
    outputs, slopes = [sympy.Matrix(a)], []
    for w in weights:
        nets = w * outputs[-1]
        slopes.append(nets.applyfunc(lambda v: slope.subs(z, v).evalf(30)))
        outputs.append(nets.applyfunc(lambda v: activation.subs(z, v).evalf(30)))
    delta = (2 * (outputs[-1] - sympy.Matrix(t))).multiply_elementwise(slopes[-1])
    gradients: list[sympy.Matrix] = []
    for k in range(len(weights) - 1, -1, -1):
        gradients.append(delta * outputs[k].T)
        if k:
            delta = (weights[k].T * delta).multiply_elementwise(slopes[k - 1])


network = parse(text())
taken: list[tuple[float, float]] = []
for _ in range(5):
    began = time.perf_counter()
    work(network).to("markdown")
    between = time.perf_counter()
    by_sympy(network)
    taken.append((between - began, time.perf_counter() - between))
ours, theirs = (sorted(column)[2] for column in zip(*taken, strict=True))
row(f"a {'-'.join(map(str, SHAPE))} network", "median", "to ours")
row("gradbook worksheet, all lines", spoken(ours), "1.00")
row("SymPy, one backward pass, no lines", spoken(theirs), f"{theirs / ours:.2f}")
