"""PyTorch in float64 agrees with every number: losses, gradients, and parameters after each step."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gradbook.network import Network, NetworkError, Worksheet, parse, work
from gradbook.network.network import Batch, Method
from gradbook.symbolic.expr import Number

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional


def _nets() -> Any:
    spec = importlib.util.spec_from_file_location("nets", Path(__file__).with_name("nets.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NETS = _nets()

ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z, "binary-step": lambda z: (z > 0).to(z.dtype) + 0 * z,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu,
    "leaky-relu": lambda z: F.leaky_relu(z, 0.01), "prelu": lambda z: F.leaky_relu(z, 0.25), "elu": F.elu,
    "selu": F.selu, "celu": F.celu, "gelu": F.gelu, "gelu-tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu, "mish": F.mish, "softplus": F.softplus, "softsign": F.softsign,
    # torch.nn.functional.hardsigmoid has a sixth in single precision in its derivative
    "hard-sigmoid": lambda z: torch.clamp(z / 6 + 0.5, 0, 1), "hard-swish": F.hardswish, "hard-tanh": F.hardtanh,
    "log-sigmoid": F.logsigmoid, "tanhshrink": F.tanhshrink, "softshrink": F.softshrink,
    "hardshrink": F.hardshrink, "gaussian": lambda z: torch.exp(-(z**2)), "sinusoid": torch.sin,
    "softmax": lambda z: torch.softmax(z, -1), "log-softmax": lambda z: torch.log_softmax(z, -1),
}  # fmt: skip


def _class_of(t: Any) -> Any:
    return t.argmax(-1, keepdim=True)


#: The loss of one sample.
LOSSES: dict[str, Any] = {
    "cross-entropy": lambda a, t: -(t * a.log()).sum(),
    "binary-cross-entropy": lambda a, t: F.binary_cross_entropy(a, t, reduction="sum"),
    "bce-with-logits": lambda a, t: F.binary_cross_entropy_with_logits(a, t, reduction="sum"),
    "categorical-cross-entropy": lambda a, t: -(t * a.log()).sum(),
    "cross-entropy-with-logits": lambda a, t: F.cross_entropy(a, t),
    "hinge": lambda a, t: torch.clamp(1 - t * a, min=0).sum(),
    "squared-hinge": lambda a, t: (torch.clamp(1 - t * a, min=0) ** 2).sum(),
    "multi-class-hinge": lambda a, t: F.multi_margin_loss(a, _class_of(t)[0], reduction="sum") * a.numel(),
    "l1": lambda a, t: F.l1_loss(a, t, reduction="sum"), "l2": lambda a, t: F.mse_loss(a, t, reduction="sum"),
    "huber": lambda a, t: F.huber_loss(a, t, reduction="sum"),
    "smooth-l1": lambda a, t: F.smooth_l1_loss(a, t, reduction="sum"),
    "log-cosh": lambda a, t: torch.log(torch.cosh(t - a)).sum(),
    "quantile": lambda a, t: torch.where(t > a, 0.5 * (t - a), 0.5 * (a - t)).sum(),
    "cosine-similarity": lambda a, t: 1 - F.cosine_similarity(a, t, dim=-1, eps=0),
    "poisson": lambda a, t: (a - t * a.log()).sum(),
    "kl-divergence": lambda a, t: F.kl_div(a.log(), t, reduction="sum"),
    "focal": lambda a, t: (-0.25 * (1 - a) ** 2 * a.log()).sum(),
}  # fmt: skip


class Twin:
    """The network in PyTorch, with its own way to update."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.weights: list[Any] = []
        self.biases: list[Any] = []
        for layer in network.layers:
            rows = [[float(v.value) for v in row] for row in layer.weights]
            self.weights.append(torch.tensor(rows, dtype=torch.float64, requires_grad=True))
            biases = layer.biases
            if biases is None:
                self.biases.append(None)
                continue
            values = float(biases.value) if isinstance(biases, Number) else [float(b.value) for b in biases]
            self.biases.append(torch.tensor(values, dtype=torch.float64, requires_grad=True))
        self.optimiser = self._optimiser()

    def _optimiser(self) -> Any:
        o = self.network.optimiser
        decay = o.l2_penalty or o.weight_decay
        groups = [
            {"params": self.weights, "weight_decay": float(decay.value) if decay else 0.0},
            {"params": [b for b in self.biases if b is not None], "weight_decay": 0.0},
        ]
        groups = [g for g in groups if g["params"]]
        rate = float(o.learning_rate.value)
        if o.method is Method.ADAM:
            kind = torch.optim.AdamW if o.weight_decay else torch.optim.Adam
            betas = (float(o.beta1.value), float(o.beta2.value))
            return kind(groups, lr=rate, betas=betas, eps=float(o.epsilon.value), foreach=False)
        momentum = float(o.momentum.value) if o.method is Method.MOMENTUM else 0.0
        if o.weight_decay:
            for g in groups:
                g["decoupled"], g["weight_decay"] = g["weight_decay"], 0.0
        return torch.optim.SGD(groups, lr=rate, momentum=momentum, foreach=False)

    def step(self) -> None:
        # SGD has no decoupled decay: it is taken here, from the weights before the step.
        for group in self.optimiser.param_groups:
            for p in group["params"] if group.get("decoupled") else ():
                with torch.no_grad():
                    p.mul_(1 - group["lr"] * group["decoupled"])
        self.optimiser.step()

    def sample(self, k: int) -> tuple[list[Any], list[Any], Any]:
        a = torch.tensor([float(v.value) for v in self.network.samples[k].inputs], dtype=torch.float64)
        t = torch.tensor([float(v.value) for v in self.network.samples[k].targets], dtype=torch.float64)
        nets: list[Any] = []
        outputs: list[Any] = []
        for layer, w, b in zip(self.network.layers, self.weights, self.biases, strict=True):
            z = w @ a if b is None else w @ a + b
            a = ACTIVATIONS[layer.activation.entry.name](z)
            for kept in (z, a):
                if kept.requires_grad:
                    kept.retain_grad()
            nets.append(z)
            outputs.append(a)
        return nets, outputs, LOSSES[self.network.loss.entry.name](a, t)


def _partial(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def compare(sheet: Worksheet) -> int:
    """Compare every number that both know; how many there were."""
    network, names = sheet.network, sheet.network.names(sheet.steps)
    twin = Twin(network)
    seen = 0
    # Adam makes a step even of the rounding errors of a gradient that is nothing.
    noise = 1e-8 if network.optimiser.method is Method.ADAM else 1e-11

    def same(name: str, value: Any) -> None:
        nonlocal seen
        seen += 1
        found = float(sheet[name])
        expected = float(value.detach()) if isinstance(value, torch.Tensor) else float(value)
        assert found == pytest.approx(expected, rel=1e-9, abs=noise), name

    for step in range(sheet.steps + 1):
        twin.optimiser.zero_grad()
        losses: list[Any] = []
        for s in range(len(network.samples)):
            nets, outputs, loss = twin.sample(s)
            losses.append(loss)
            same(names.sample_loss(s + 1, step).name, loss)
            if step < sheet.steps and loss.requires_grad:
                loss.backward()
            for k, (z, a) in enumerate(zip(nets, outputs, strict=True), 1):
                for j in range(len(z)):
                    same(names.net(k, j + 1, s + 1, step).name, z[j])
                    same(names.output(k, j + 1, s + 1, step).name, a[j])
                    if step < sheet.steps:
                        slope = z.grad[j] if z.grad is not None else 0.0
                        same(names.delta(k, j + 1, s + 1, step).name, slope)
        scale = 1 / len(losses) if network.batch is Batch.MEAN else 1.0
        total = sum(losses) * scale
        same(names.loss(step).name, total)
        for p in network.parameters():
            tensor = twin.biases[p.layer - 1] if p.source is None else twin.weights[p.layer - 1]
            place = () if tensor.ndim == 0 else (p.to - 1,) if p.source is None else (p.to - 1, p.source - 1)
            name = str(getattr(p.name(names, step), "name", ""))
            same(name, tensor[place])
            if step < sheet.steps:
                slope = tensor.grad[place] * scale if tensor.grad is not None else 0.0
                same(_partial(names.loss(step).name, name), slope)
        if step == sheet.steps:
            break
        for tensor in (*twin.weights, *(b for b in twin.biases if b is not None)):
            tensor.grad = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad * scale
        if network.optimiser.l2_penalty is not None:
            l2 = float(network.optimiser.l2_penalty.value)
            squares = sum((w**2).sum() for w in twin.weights)
            same(names.objective(step).name, total + l2 / 2 * squares)
        twin.step()
    return seen


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("activation", "loss"), NETS.PAIRS, ids=lambda name: name or "-")
def test_float64_agrees_with_every_number(activation: str, loss: str, seed: int) -> None:
    network = parse(NETS.network(activation, loss, seed))
    if activation == "binary-step":
        with suppress(NetworkError):  # a unit that is 0 may meet its step at 0
            compare(work(network, digits=4))
        return
    assert compare(work(network, digits=4)) > 5


def test_comparison_finds_a_wrong_number() -> None:
    sheet = work(parse(NETS.network("tanh", "l2", 0)), digits=4)
    name = sheet.network.names(sheet.steps).delta(1, 1, 1, 0).name
    sheet.values[name] = sheet["\\eta"]
    with pytest.raises(AssertionError):
        compare(sheet)
