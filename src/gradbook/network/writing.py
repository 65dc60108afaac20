"""A network as the TOML file that describes it."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.network.functions import Constants
from gradbook.network.network import Batch, Method, Network
from gradbook.symbolic.expr import ONE, Number
from gradbook.symbolic.printing import to_text


def to_toml(network: Network) -> str:
    """The file that :func:`gradbook.network.load` reads as the same network.

    >>> from gradbook.network.reading import parse
    >>> text = '''layers = [1, 1]
    ... loss = "l2"
    ... weights = {W1 = [[0.50]]}
    ... samples = [{inputs = [2], targets = [1]}]'''
    >>> parse(to_toml(parse(text))) == parse(text)
    True
    """
    out: list[str] = []
    if network.title:
        out.append(f"title = {_string(network.title)}")
    out.append(f"names = {_string(network.scheme.value)}")
    out.append(f"layers = {list(network.sizes)}")
    entries = [_entry(layer.activation.entry.name, layer.activation.constants) for layer in network.layers]
    out.append(f"activations = [{', '.join(entries)}]")
    loss = network.loss
    more = [f'scale = "{loss.scale.value}"'] if loss.scale != ONE else []
    more += ['outputs = "mean"'] if loss.mean else []
    out.append(f"loss = {_entry(loss.entry.name, loss.constants, more)}")
    if len(network.samples) > 1 or network.batch is not Batch.MEAN:
        out.append(f"batch = {_string(network.batch.value)}")
    if network.steps != 1:
        out.append(f"steps = {network.steps}")
    names = network.names()
    fixed = [p.name(names) for p in network.parameters() if p.fixed]
    if fixed:
        out.append(f"fixed = [{', '.join(_string(to_text(name)) for name in fixed)}]")
    out += ["", "[weights]"]
    for k, layer in enumerate(network.layers, 1):
        rows = ", ".join(_row(row) for row in layer.weights)
        out.append(f"W{k} = [{rows}]")
    if any(layer.biases is not None for layer in network.layers):
        out += ["", "[biases]"]
    for k, layer in enumerate(network.layers, 1):
        if layer.biases is not None:
            spelled = _number(layer.biases) if isinstance(layer.biases, Number) else _row(layer.biases)
            out.append(f"b{k} = {spelled}")
    for sample in network.samples:
        out += ["", "[[samples]]", f"inputs = {_row(sample.inputs)}", f"targets = {_row(sample.targets)}"]
    out += ["", "[optimiser]", *_optimiser(network)]
    return "\n".join(out) + "\n"


def _optimiser(network: Network) -> list[str]:
    optimiser = network.optimiser
    keys = ["learning_rate"]
    keys += {Method.MOMENTUM: ["momentum"], Method.ADAM: ["beta1", "beta2", "epsilon"]}.get(
        optimiser.method, []
    )
    lines = [f"method = {_string(optimiser.method.value)}"]
    for key in (*keys, "l2_penalty", "weight_decay"):
        value: Number | None = getattr(optimiser, key)
        if value is not None:
            lines.append(f"{key} = {_number(value)}")
    return lines


def _entry(name: str, constants: Constants, more: Sequence[str] = ()) -> str:
    parts = [f"{key} = {_number(value)}" for key, value in constants]
    if not parts and not more:
        return _string(name)
    return "{" + ", ".join([f"name = {_string(name)}", *parts, *more]) + "}"


def _row(numbers: Sequence[Number]) -> str:
    return "[" + ", ".join(map(_number, numbers)) + "]"


def _number(value: Number) -> str:
    return to_text(value)


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
