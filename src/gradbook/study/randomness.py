"""Random numbers that depend on the seed, on what they are for, and on the epoch, and on nothing else.

No random state lives from one epoch to the next. So a trial that goes on after a crash draws what it would have
drawn, trials of one seed start from the same weights and see the same batches whatever else differs, and the
order of work does not matter.
"""

from __future__ import annotations

import hashlib
import random

import numpy as np
import torch


def derived(seed: int, purpose: str, epoch: int = 0) -> int:
    """A seed for one purpose in one epoch.

    >>> derived(0, "order", 1) == derived(0, "order", 1), derived(0, "order", 1) == derived(0, "order", 2)
    (True, False)
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, purpose: str, epoch: int) -> torch.Generator:
    """A generator of its own for one purpose in one epoch."""
    return torch.Generator().manual_seed(derived(seed, purpose, epoch))


def start(seed: int, purpose: str, epoch: int = 0) -> None:
    """Set the random states that a model may draw from: PyTorch's, NumPy's and Python's."""
    number = derived(seed, purpose, epoch)
    torch.manual_seed(number)  # pyright: ignore[reportUnknownMemberType]
    np.random.seed(number % 2**32)
    random.seed(number)


def data_order(seed: int, epoch: int, samples: int) -> torch.Tensor:
    """The order in which an epoch goes through the training samples.

    >>> sorted(data_order(seed=0, epoch=1, samples=4).tolist())
    [0, 1, 2, 3]
    """
    return torch.randperm(samples, generator=generator(seed, "order", epoch))
