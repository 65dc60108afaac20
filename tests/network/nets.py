"""Random networks, as TOML: every activation and every loss that applies."""

from __future__ import annotations

import random

from gradbook.derivation.catalogue import ACTIVATIONS, LOSSES, find

#: Losses that need more than outputs and targets.
OTHERS = frozenset({"gaussian-nll", "triplet"})
PROBABILITIES = frozenset(
    {"cross-entropy", "binary-cross-entropy", "focal", "categorical-cross-entropy", "kl-divergence"}
)
METHODS = (
    'method = "gradient-descent"',
    'method = "momentum"\nmomentum = 0.8',
    'method = "adam"\nlearning_rate = 0.01',
    'method = "gradient-descent"\nl2_penalty = 0.05',
    'method = "gradient-descent"\nweight_decay = 0.2',
    'method = "momentum"\nweight_decay = 0.1',
    'method = "adam"\nl2_penalty = 0.05',
    'method = "adam"\nweight_decay = 0.05',
)
#: The step has no gradient to follow, and none is compared.
PAIRS = [(a.name, "l2") for a in ACTIVATIONS] + [
    ("", loss.name) for loss in LOSSES if loss.name not in OTHERS
]


def _row(source: random.Random, size: int, low: float = -1, high: float = 1) -> str:
    return "[" + ", ".join(f"{source.uniform(low, high):.2f}" for _ in range(size)) + "]"


def _targets(source: random.Random, loss: str, size: int) -> str:
    if loss == "kl-divergence":
        return "[" + ", ".join(["0.25", f"{0.75 / (size - 1):.4f}", *["0.25"] * (size - 2)][:size]) + "]"
    if (find(loss).vector and loss in PROBABILITIES) or "logits" in loss or loss == "multi-class-hinge":
        chosen = source.randrange(size)
        return str([int(k == chosen) for k in range(size)])
    if "hinge" in loss:
        return str([source.choice((-1, 1)) for _ in range(size)])
    return _row(source, size, 0.1, 0.9)


def network(activation: str, loss: str, seed: int) -> str:
    """A network of one to four layers with this activation, or with one that goes with this loss."""
    source = random.Random(f"{activation} {loss} {seed}")
    layers = source.randint(1, 4)
    sizes = [source.randint(1, 3) for _ in range(layers + 1)]
    output = "identity"
    if loss in PROBABILITIES:
        output = "softmax" if find(loss).vector else "sigmoid"
    elif loss == "poisson":
        output = "softplus"
    hidden = source.choice(("tanh", "sigmoid", "relu", "silu"))
    if activation and find(activation).vector:
        names = [*["tanh"] * (layers - 1), activation]
    else:
        names = [*[activation or hidden] * (layers - 1), activation or output]
    if find(loss).vector or find(names[-1]).vector:
        sizes[-1] = max(2, sizes[-1])
    text = (
        f'names = "{source.choice(("textbook", "matrices", "report", "mazur"))}"\nlayers = {sizes}\n'
        f'activations = {names}\nloss = "{loss}"\nbatch = "{source.choice(("mean", "sum"))}"\n'
        f"steps = {source.choice((1, 1, 2))}\n[weights]\n"
    ).replace("'", '"')
    for k in range(1, layers + 1):
        text += f"W{k} = [" + ", ".join(_row(source, sizes[k - 1]) for _ in range(sizes[k])) + "]\n"
    if source.random() < 0.7:
        text += "[biases]\n"
        for k in range(1, layers + 1):
            # One bias of all units does nothing to a softmax: its gradient is nothing, and rounding shows that.
            shared = source.random() < 0.2 and not find(names[k - 1]).vector
            text += f"b{k} = {f'{source.uniform(-1, 1):.2f}' if shared else _row(source, sizes[k])}\n"
    for _ in range(source.choice((1, 1, 2, 3))):
        text += (
            f"[[samples]]\ninputs = {_row(source, sizes[0])}\ntargets = {_targets(source, loss, sizes[-1])}\n"
        )
    return text + "[optimiser]\n" + source.choice(METHODS) + "\n"
