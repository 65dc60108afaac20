"""Optimisers, the two kinds of weight decay, penalties, and schedules of the learning rate."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence

import torch
from torch import nn

from gradbook.study.spec import Training

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


class Optimizer:
    r"""A PyTorch optimiser, with decay coupled or decoupled.

    Coupled, the gradient becomes $g + \lambda w$, which is what ``weight_decay`` of ``torch.optim.SGD`` and
    ``Adam`` does. Decoupled, $w \leftarrow (1 - \eta\lambda) w$ comes before the step (Loshchilov and Hutter,
    2019): for Adam this is ``torch.optim.AdamW``.
    """

    def __init__(self, model: nn.Module, training: Training) -> None:
        parameters = [p for p in model.parameters() if p.requires_grad]
        mask = decayed(model, training.no_decay)
        self.decayed = [p for p, acts in zip(parameters, mask, strict=True) if acts]
        rest = [p for p, acts in zip(parameters, mask, strict=True) if not acts]
        coupled = 0.0 if training.decoupled else training.weight_decay
        groups = [
            {"params": group, "weight_decay": decay}
            for group, decay in ((self.decayed, coupled), (rest, 0.0))
            if group
        ]
        self._training = training
        self.torch: torch.optim.Optimizer = (
            torch.optim.SGD(
                groups,
                lr=training.learning_rate,
                momentum=training.momentum,
                nesterov=training.nesterov,
            )
            if training.optimizer == "sgd"
            else torch.optim.Adam(
                groups,
                lr=training.learning_rate,
                betas=(training.betas[0], training.betas[1]),
                eps=training.eps,
            )
        )

    def penalty(self) -> torch.Tensor | None:
        r"""The terms $\lambda_1\sum|w| + \lambda_2\sum w^2$ of the loss, or None where there are none."""
        one, two = self._training.l1_penalty, self._training.l2_penalty
        terms = [one * p.abs().sum() for p in self.decayed] if one else []
        terms += [two * p.square().sum() for p in self.decayed] if two else []
        return torch.stack(terms).sum() if terms else None

    def step(self, rate: float) -> None:
        """Decay and step at a learning rate."""
        if self._training.decoupled and self._training.weight_decay:
            shrink = 1 - rate * self._training.weight_decay
            with torch.no_grad():
                for parameter in self.decayed:
                    if parameter.grad is not None:
                        parameter.mul_(shrink)
        for group in self.torch.param_groups:
            group["lr"] = rate
        self.torch.step()  # pyright: ignore[reportUnknownMemberType]

    def state(self) -> dict[str, torch.Tensor]:
        """The optimiser's memory, by the place of each parameter."""
        state = self.torch.state_dict()["state"]
        return {f"{place}.{key}": value for place, held in state.items() for key, value in held.items()}

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take a memory back, in the memory layout that it had: that of the parameters."""
        parameters = [p for group in self.torch.param_groups for p in group["params"]]
        for name, value in state.items():
            place, _, key = name.partition(".")
            parameter = parameters[int(place)]
            held = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
            self.torch.state[parameter][key] = held.detach().copy_(value)
