"""A study as one writes it in a plain PyTorch script: a loop over values and seeds, and in it the usual loop.

Run as a program, with the prepared data and what to train as JSON. It measures after every epoch what Gradbook
measures: loss and accuracy on all parts of the data in evaluation mode.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional


def model_of(kind: str, hidden: list[int]) -> nn.Module:
    """The built-in models of Gradbook, written out."""
    if kind == "mlp":
        first, second = hidden
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Linear(second, 10),
        )
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 64, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def evaluate(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """Loss and accuracy."""
    model.eval()
    loss, right = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(y), 256):
            scores = model(x[start : start + 256])
            loss += functional.cross_entropy(scores, y[start : start + 256], reduction="sum").item()
            right += int((scores.argmax(1) == y[start : start + 256]).sum())
    return loss / len(y), right / len(y)


def train(asked: dict[str, Any], data: dict[str, Any], weight_decay: float, seed: int) -> list[Any]:
    """One trial."""
    torch.manual_seed(seed)
    model = model_of(asked["kind"], asked["hidden"])
    optimizer = torch.optim.SGD(
        model.parameters(), lr=asked["learning_rate"], momentum=0.9, weight_decay=weight_decay
    )
    x, y = data["train"]
    told: list[Any] = []
    for _ in range(asked["epochs"]):
        model.train()
        for index in torch.randperm(len(y)).split(asked["batch_size"]):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x[index]), y[index])
            loss.backward()
            optimizer.step()
        told.append([evaluate(model, *part) for part in data.values()])
    return told


def load(path: str) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """All parts of the prepared data, scaled."""
    held = load_file(path)
    shape = (1, -1, 1, 1)
    return {
        part: (
            (held[f"{part}.x"].float() - held["mean"].view(shape)) / held["deviation"].view(shape),
            held[f"{part}.y"],
        )
        for part in ("train", "validation", "test")
    }


def main() -> None:
    """Train every value with every seed."""
    asked = json.loads(sys.argv[1])
    data = load(asked["data"])
    for weight_decay in asked["values"]:
        for seed in range(asked["seeds"]):
            told = train(asked, data, weight_decay, seed)
            print(weight_decay, seed, told[-1])


if __name__ == "__main__":
    main()
