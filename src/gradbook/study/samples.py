"""Prepared samples in memory, and batches of them gathered in one operation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from gradbook.study.data import SPLITS, Prepared, opened

#: Samples are kept as numbers ready for the model up to this size; beyond it as bytes, mapped from the file.
_READY = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Split:
    """The samples of one part of the data."""

    x: torch.Tensor
    y: torch.Tensor


class Dataset:
    """The prepared samples: every process maps the same file, so that they are in memory once."""

    def __init__(self, prepared: Prepared | Path, device: str = "cpu") -> None:
        from safetensors import safe_open

        prepared = opened(prepared) if isinstance(prepared, Path) else prepared
        self.prepared = prepared
        self.shape, self.classes = prepared.shape, prepared.classes
        with safe_open(prepared.path, framework="pt") as file:  # pyright: ignore[reportUnknownVariableType]
            held: dict[str, torch.Tensor] = {
                name: file.get_tensor(name)  # pyright: ignore[reportUnknownMemberType]
                for name in file.keys()  # noqa: SIM118 - not a dictionary  # pyright: ignore
            }
        channels = (1, -1, 1, 1) if len(self.shape) == 3 else (1, -1)
        self._mean = held["mean"].view(channels).to(device)
        self._deviation = held["deviation"].view(channels).to(device)
        names = [name for name in SPLITS if f"{name}.x" in held]
        total = sum(held[f"{name}.x"].numel() for name in names) * 4
        self._ready = total <= _READY or device != "cpu"
        self.splits = {
            name: Split(
                self._scaled(held[f"{name}.x"].to(device)) if self._ready else held[f"{name}.x"],
                held[f"{name}.y"].to(device),
            )
            for name in names
        }

    def __len__(self) -> int:
        """How many training samples there are."""
        return len(self.splits["train"].y)

    def batch(self, split: str, index: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples, scaled to mean 0 and deviation 1 of the training samples, and their classes."""
        part = self.splits[split]
        x = part.x[index]
        if not self._ready:
            return self._scaled(x), part.y[index]
        # A slice looks at the samples themselves, and a model may change what it is given.
        return (x.clone() if isinstance(index, slice) else x), part.y[index]

    def _scaled(self, x: torch.Tensor) -> torch.Tensor:
        # A copy even of what is float32 already, for a slice looks at the samples themselves.
        return x.to(torch.float32, copy=True).sub_(self._mean).div_(self._deviation)


def augmented(x: torch.Tensor, ways: tuple[str, ...], generator: torch.Generator) -> torch.Tensor:
    """Images, each flipped with probability 1/2, and shifted by up to an eighth of its size.

    What a shift uncovers is zero, the mean of all samples.
    """
    count, _, height, width = x.shape
    if "flip" in ways:
        flips = (torch.rand(count, generator=generator) < 0.5).to(x.device)
        x = torch.where(flips.view(-1, 1, 1, 1), x.flip(3), x)
    if "crop" in ways:
        pad = max(1, height // 8)
        shifts = torch.randint(0, 2 * pad + 1, (2, count), generator=generator).to(x.device)
        padded = functional.pad(x, (pad, pad, pad, pad))
        rows = shifts[0].view(-1, 1) + torch.arange(height, device=x.device)
        columns = shifts[1].view(-1, 1) + torch.arange(width, device=x.device)
        each = torch.arange(count, device=x.device).view(-1, 1, 1)
        x = padded.permute(0, 2, 3, 1)[each, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)
    return x
