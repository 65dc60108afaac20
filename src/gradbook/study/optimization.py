"""Optimisers, the two kinds of weight decay, penalties, and schedules of the learning rate."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from gradbook.study.settings import Training

_NORMS = (
    nn.modules.batchnorm._BatchNorm,  # pyright: ignore[reportPrivateUsage] - the base of all batch norms
    nn.modules.instancenorm._InstanceNorm,  # pyright: ignore[reportPrivateUsage]
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)


def rate(training: Training, step: int, steps: int) -> float:
    r"""The learning rate at a step, counted from 0, where an epoch has ``steps``.

    With $t$ the epochs done, $T$ all epochs and $\eta$ the learning rate: ``step``, $\eta f^{\lfloor t/n
    \rfloor}$ (or one factor for each listed epoch that is over); ``cosine``, $\eta_T + (\eta - \eta_T)(1 +
    \cos(\pi t/T))/2$. ``one-cycle`` goes by steps: on two half cosines from $\eta/s$ up to $\eta$, then down to
    $\eta/(s e)$ (Smith and Topin, 2018, as in ``torch.optim.lr_scheduler.OneCycleLR``).

    >>> rate(Training(learning_rate=0.1, schedule={"kind": "step", "every": 2, "factor": 0.5}), 45, 20)
    0.05
    """
    base, schedule, done = training.learning_rate, training.schedule, step // steps
    match schedule["kind"]:
        case "step":
            every = schedule["every"]
            falls = done // every if isinstance(every, int) else sum(done >= e for e in every)
            return base * schedule["factor"] ** falls
        case "cosine":
            last = base * schedule["final"]
            return last + (base - last) * (1 + math.cos(math.pi * done / training.epochs)) / 2
        case "one-cycle":
            first = base / schedule["start"]
            last = first / schedule["end"]
            total = training.epochs * steps
            peak = schedule["rise"] * total - 1
            if step <= peak:
                return _half_cosine(first, base, step / peak if peak else 1.0)
            return _half_cosine(base, last, (step - peak) / (total - 1 - peak))
        case _:
            return base


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))


def decayed(model: nn.Module, no_decay: Sequence[str]) -> list[bool]:
    """For each parameter that is trained, whether decay and penalties act on it.

    >>> decayed(nn.Linear(2, 2), ["bias"])
    [True, False]
    """
    norms = {id(p) for m in model.modules() if isinstance(m, _NORMS) for p in m.parameters()}

    def excepted(name: str, parameter: nn.Parameter) -> bool:
        for word in no_decay:
            if word == "bias" and name.rpartition(".")[2] == "bias":
                return True
            if word == "norm" and id(parameter) in norms:
                return True
            if word not in ("bias", "norm") and fnmatch.fnmatchcase(name, word):
                return True
        return False

    return [not excepted(name, p) for name, p in model.named_parameters() if p.requires_grad]


Factor = float | torch.Tensor


def update(
    training: Training,
    weight: torch.Tensor,
    gradient: torch.Tensor,
    memory: dict[str, torch.Tensor],
    corrections: tuple[Factor, Factor],
    rate: Factor,
    decay: Factor,
    momentum: Factor,
) -> None:
    r"""One step of one tensor of weights, in place; ``corrections`` are those of Adam for this step, $t$.

    Coupled decay adds $\lambda w$ to the gradient $g$, as ``weight_decay`` of ``torch.optim.SGD`` and ``Adam``
    does. Decoupled, $w \leftarrow (1 - \eta\lambda) w$ comes before the step (Loshchilov and Hutter, 2019);
    for Adam this is ``torch.optim.AdamW``. Then

    - SGD: $v \leftarrow \mu v + g$, $w \leftarrow w - \eta v$; with Nesterov, $w \leftarrow w - \eta(g + \mu v)$.
    - Adam (Kingma and Ba, 2015): $m \leftarrow \beta_1 m + (1-\beta_1) g$, $s \leftarrow \beta_2 s +
      (1-\beta_2) g^2$, $w \leftarrow w - \frac{\eta}{1-\beta_1^t}\, m / (\sqrt{s/(1-\beta_2^t)} + \varepsilon)$.

    The operations are those of ``torch.optim``, in its order, so that the bits are too. It is not called because
    making one of its optimisers imports a compiler for 1.7 s, and because here the same lines serve a stack of
    trials: factors are numbers, or columns with a number for each row of ``weight``.
    """
    if not _is_zero(decay):
        if training.decoupled:
            weight.mul_(1 - rate * decay)
        else:
            _add(gradient, weight, decay)
    if training.optimizer == "sgd":
        if not _is_zero(momentum):
            velocity = memory["velocity"].mul_(momentum).add_(gradient)
            if training.nesterov:
                _add(gradient, velocity, momentum)
            else:
                gradient = velocity
        _add(weight, gradient, -rate)
        return
    first, second = training.betas
    mean = memory["mean"].lerp_(gradient, 1 - first)
    square = memory["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
    size = rate / corrections[0]
    scale = (square.sqrt() / corrections[1]).add_(training.eps)
    if isinstance(size, torch.Tensor):
        weight.sub_(mean.div(scale).mul_(size))
    else:
        weight.addcdiv_(mean, scale, value=-size)


def corrections(training: Training, count: int) -> tuple[float, float]:
    r"""Adam's $1 - \beta_1^t$ and $\sqrt{1 - \beta_2^t}$ for the step $t$, from 1."""
    first, second = training.betas
    return 1 - first**count, (1 - second**count) ** 0.5


def memory(training: Training, weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the optimiser remembers of a tensor of weights before the first step."""
    if training.optimizer == "sgd":
        return {"velocity": torch.zeros_like(weight)} if training.momentum else {}
    return {"mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}


def _is_zero(factor: Factor) -> bool:
    return not isinstance(factor, torch.Tensor) and factor == 0


def _add(target: torch.Tensor, term: torch.Tensor, factor: Factor) -> None:
    if isinstance(factor, torch.Tensor):
        target.addcmul_(term, factor)
    else:
        target.add_(term, alpha=factor)


class Optimizer:
    """The parameters of a model with what the optimiser remembers of each."""

    def __init__(self, model: nn.Module, training: Training) -> None:
        self._training = training
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._decayed = decayed(model, training.no_decay)
        self._memory = [memory(training, p.detach()) for p in self._parameters]
        self._counts = [0] * len(self._parameters)

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def penalty(self) -> torch.Tensor | None:
        r"""The terms $\lambda_1\sum|w| + \lambda_2\sum w^2$ of the loss, or None where there are none."""
        one, two = self._training.l1_penalty, self._training.l2_penalty
        acted = [p for p, acts in zip(self._parameters, self._decayed, strict=True) if acts]
        terms = [one * p.abs().sum() for p in acted] if one else []
        terms += [two * p.square().sum() for p in acted] if two else []
        return torch.stack(terms).sum() if terms else None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Decay and step at a learning rate. A parameter that the loss does not reach is left alone, and its t."""
        training = self._training
        for place, (parameter, acts, held) in enumerate(
            zip(self._parameters, self._decayed, self._memory, strict=True)
        ):
            if parameter.grad is not None:
                self._counts[place] += 1
                corrected = corrections(training, self._counts[place])
                decay = training.weight_decay if acts else 0.0
                update(training, parameter, parameter.grad, held, corrected, rate, decay, training.momentum)

    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient."""
        return norm([p.grad for p in self._parameters if p.grad is not None])

    def weight_norm(self) -> float:
        """The Euclidean norm of all weights that are trained."""
        return norm(self._parameters)

    def state(self) -> dict[str, torch.Tensor]:
        """The optimiser's memory, by the place of each parameter."""
        held = {f"{place}.{key}": v for place, m in enumerate(self._memory) for key, v in m.items()}
        return {**held, "count": torch.tensor(self._counts)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take a memory back, in the memory layout that it had: that of the parameters."""
        self._counts = list(map(int, state["count"]))
        for place, held in enumerate(self._memory):
            for key, value in held.items():
                value.copy_(state[f"{place}.{key}"])


def norm(tensors: Sequence[torch.Tensor]) -> float:
    """The Euclidean norm of all numbers in some tensors together.

    >>> norm([torch.tensor([3.0]), torch.tensor([4.0])])
    5.0
    """
    with torch.no_grad():
        return math.sqrt(sum(float(t.detach().square().sum(dtype=torch.float64)) for t in tensors))
