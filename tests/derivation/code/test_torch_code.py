"""The PyTorch code that is written agrees with autograd, once and twice, and refuses what it was not derived for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  the name that everybody gives it
from tests.derivation.code.generated import functions, module, source

from gradbook.derivation.catalogue import CATALOGUE, Entry

Function = Callable[..., torch.Tensor]

#: What PyTorch has, with the constants of the catalogue.
ACTIVATIONS: dict[str, Function] = {
    "identity": lambda x: x * 1.0,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky-relu": F.leaky_relu,
    "prelu": lambda x: F.prelu(x, torch.tensor(0.25, dtype=x.dtype)),
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "hard-sigmoid": lambda x: (
        F.relu6(x + 3) / 6
    ),  # the backward of F.hardsigmoid has a sixth of single precision
    "hard-swish": F.hardswish,
    "hard-tanh": F.hardtanh,
    "log-sigmoid": F.logsigmoid,
    "tanhshrink": F.tanhshrink,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "gaussian": lambda x: torch.exp(-(x**2)),
    "sinusoid": torch.sin,
    "softmax": lambda x: torch.softmax(x, -1),
    "log-softmax": lambda x: torch.log_softmax(x, -1),
}


def probabilities(shape: tuple[int, ...]) -> torch.Tensor:
    return 0.05 + 0.9 * torch.rand(shape, dtype=torch.float64)


def simplex(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.softmax(torch.randn(shape, dtype=torch.float64), -1)


def normal(shape: tuple[int, ...]) -> torch.Tensor:
    return 2 * torch.randn(shape, dtype=torch.float64)


def signs(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.sign(torch.randn(shape, dtype=torch.float64))


def one_hot(shape: tuple[int, ...]) -> torch.Tensor:
    return F.one_hot(torch.randint(shape[-1], shape[:-1]), shape[-1]).double()


def positive(shape: tuple[int, ...]) -> torch.Tensor:
    return 0.1 + torch.rand(shape, dtype=torch.float64) * 4


Draw = Callable[[tuple[int, ...]], torch.Tensor]

#: Losses: PyTorch's of each sample, and how the prediction and the other arguments are drawn.
LOSSES: dict[str, tuple[Function, tuple[Draw, ...]]] = {
    "bce": (lambda p, y: F.binary_cross_entropy(p, y, reduction="none"), (probabilities, probabilities)),
    "bce-with-logits": (
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
        (normal, probabilities),
    ),
    "cross-entropy-with-logits": (lambda z, y: F.cross_entropy(z, y, reduction="none"), (normal, simplex)),
    "hinge": (lambda f, y: torch.clamp(1 - y * f, min=0), (normal, signs)),
    "squared-hinge": (lambda f, y: torch.clamp(1 - y * f, min=0) ** 2, (normal, signs)),
    "multi-class-hinge": (
        lambda f, y: F.multi_margin_loss(f, y.argmax(-1), reduction="none") * f.shape[-1],
        (normal, one_hot),
    ),
    "l1": (lambda f, y: F.l1_loss(f, y, reduction="none"), (normal, normal)),
    "l2": (lambda f, y: F.mse_loss(f, y, reduction="none"), (normal, normal)),
    "huber": (lambda f, y: F.huber_loss(f, y, reduction="none"), (normal, normal)),
    "smooth-l1": (lambda f, y: F.smooth_l1_loss(f, y, reduction="none"), (normal, normal)),
    "cosine-similarity": (lambda f, y: 1 - F.cosine_similarity(f, y, dim=-1), (normal, normal)),
    "poisson": (
        lambda f, y: F.poisson_nll_loss(f, y, log_input=False, eps=0, reduction="none"),
        (positive, positive),
    ),
    "kl-divergence": (lambda p, y: F.kl_div(p.log(), y, reduction="none").sum(-1), (simplex, simplex)),
    "gaussian-nll": (
        lambda f, v, y: F.gaussian_nll_loss(f, y, v, reduction="none"),
        (normal, positive, normal),
    ),
    "triplet": (
        lambda f, p, n: torch.clamp((f - p).norm(dim=-1) - (f - n).norm(dim=-1) + 1, min=0),
        (normal, normal, normal),
    ),
}


def drawn(draws: tuple[Draw, ...], *, vector: bool) -> list[torch.Tensor]:
    torch.manual_seed(0)
    tensors = [draw((64, 5) if vector else (256,)) for draw in draws]
    tensors[0].requires_grad_()
    return tensors


def agree(ours: Function, theirs: Function, arguments: list[torch.Tensor]) -> None:
    """Values and vector-Jacobian products are those of PyTorch."""
    value, expected = ours(*arguments), theirs(*arguments)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-13)
    weights = torch.rand(expected.shape, dtype=torch.float64)
    (slope,) = torch.autograd.grad((weights * value).sum(), arguments[:1])
    (known,) = torch.autograd.grad((weights * expected).sum(), arguments[:1])
    torch.testing.assert_close(slope, known, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda e: e.name)
def test_it_agrees_with_finite_differences(entry: Entry) -> None:
    assert module(entry.name, "torch").self_test()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_agree_with_autograd(name: str) -> None:
    ours = functions(module(name, "torch"))[0]
    agree(ours, ACTIVATIONS[name], drawn((normal,), vector=True))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_autograd(name: str) -> None:
    theirs, draws = LOSSES[name]
    ours = functions(module(name, "torch"))[0]
    vector = next(e for e in CATALOGUE if name in e.names).vector
    agree(ours, theirs, drawn(draws, vector=vector))


def test_a_wrong_backward_is_noticed() -> None:
    x = torch.randn(8, dtype=torch.float64, requires_grad=True)
    with pytest.raises(AssertionError):
        agree(lambda t: torch.tanh(t), lambda t: torch.tanh(t.detach()) + 0 * t, [x])


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "softplus", "tanh", "elu"])
def test_second_derivatives_agree_with_autograd(name: str) -> None:
    (x,) = drawn((normal,), vector=False)
    ours = functions(module(name, "torch"))[0]
    found = []
    for function in (ours, ACTIVATIONS[name]):
        (slope,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), x)
        found.append(curvature)
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_second_derivatives_that_were_not_derived_are_refused() -> None:
    (x,) = drawn((normal,), vector=True)
    ours = functions(module("softmax", "torch"))[0]
    (slope,) = torch.autograd.grad(ours(x)[..., 0].sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        slope.sum().backward()


def test_gradients_that_were_not_derived_are_refused() -> None:
    f, y = drawn((normal, normal), vector=False)
    y.requires_grad_()
    with pytest.raises(NotImplementedError, match="huber was not derived with respect to y"):
        functions(module("huber", "torch"))[0](f, y).sum().backward()


def test_gradients_have_the_shape_of_what_was_broadcast() -> None:
    f = torch.zeros(3, 1, dtype=torch.float64, requires_grad=True)
    y = torch.ones(4, dtype=torch.float64)
    functions(module("l2", "torch"))[0](f, y).sum().backward()
    assert f.grad is not None
    assert f.grad.tolist() == [[-8.0]] * 3


def test_types_are_kept_and_integers_take_the_default() -> None:
    softplus = functions(module("softplus", "torch"))[0]
    assert softplus(torch.zeros(2, dtype=torch.float64)).dtype is torch.float64
    assert softplus(torch.zeros(2)).dtype is torch.float32
    assert softplus(3).dtype is torch.get_default_dtype()
    with pytest.raises(TypeError, match="real numbers are expected"):
        softplus(1j)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "gelu-tanh", "softplus", "elu", "relu", "gaussian"])
def test_the_same_numbers_as_numpy_even_far_out(name: str) -> None:
    x = np.array([-np.inf, -1e308, -1000.0, -37.0, -0.5, 0.0, 2.0, 30.0, 1000.0, 1e308, np.inf, np.nan])
    pairs = zip(functions(module(name)), functions(module(name, "torch")), strict=True)
    for ours, theirs in pairs:
        with np.errstate(over="raise", invalid="raise"):
            expected = ours(x)
        np.testing.assert_allclose(theirs(torch.tensor(x)).numpy(), expected, rtol=1e-13, atol=1e-300)


def test_a_wrong_backward_fails_the_process(tmp_path: Path) -> None:
    right = source("softmax", "torch")
    wrong = right.replace("return quotient * (grad - ", "return 1.01 * quotient * (grad - ")
    assert wrong != right
    for text, status in ((right, 0), (wrong, 1)):
        path = tmp_path / "softmax.py"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (status, "")
