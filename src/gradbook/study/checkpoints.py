"""Where a trial stands between two epochs, in a file that is there whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from gradbook.study.files import written_whole

#: Epochs shorter than this share a checkpoint: a crash costs at most so many seconds of work.
INTERVAL = 0.25

#: Writing checkpoints takes at most about this share of the time: those of large models are written less often.
SHARE = 0.05


def save(folder: Path, job: str, epoch: int, state: Mapping[str, torch.Tensor]) -> str:
    """Write a state; gives its name in the folder."""
    from safetensors.torch import save as packed

    name = f"{job}-{epoch:06d}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    held = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    seen: dict[int, str] = {}
    for key, value in held.items():
        # Weights that are tied and views share their memory, which the format does not: each gets its own.
        if value.numel() and seen.setdefault(value.untyped_storage().data_ptr(), key) != key:
            held[key] = value.clone()
    with written_whole(folder / name) as file:
        file.write(packed(held))
    return name


def load(folder: Path, name: str) -> dict[str, torch.Tensor] | None:
    """A state; None if its file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load as unpacked

    try:
        return unpacked((folder / name).read_bytes())
    except (OSError, SafetensorError):
        return None


def drop(folder: Path, name: str | None) -> None:
    """Delete a state that a later one replaced."""
    if name is not None:
        (folder / name).unlink(missing_ok=True)


def tidy(folder: Path, job: str, keep: str | None) -> None:
    """Delete what processes that were killed left behind of a job, but for the state to go on from."""
    for path in (*folder.glob(f"{job}-*.safetensors"), *folder.glob(f".{job[:40]}*.part")):
        if path.name != keep:
            path.unlink(missing_ok=True)
