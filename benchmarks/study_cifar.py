"""Claim: a study of a convolutional network on CIFAR-10 takes less than a plain script, and less still with bf16.

Four values, one seed, two epochs, on a part of the data; whole processes, a plain script's and Ray Tune's. How much
bf16 gives depends on the processor: twice the arithmetic of fp32 where it has instructions for it, and eight times
where it multiplies matrices in it (AMX).
"""

from __future__ import annotations

from typing import Any

from _beside import row, shared, spoken
from _studies import DECAYS, has_ray, ours, plain

tables: dict[str, Any] = {
    "name": "cifar",
    "seeds": 1,
    "data": {"source": str(shared("data/cifar10")), "limit": 6000},
    "model": {"kind": "cnn"},
    "training": {"epochs": 2, "batch_size": 128, "learning_rate": 0.01},
    "vary": {"weight_decay": [*DECAYS, 5e-8]},
}
row("CIFAR-10, four convolutions", "seconds", "to plain")
script = plain(tables)
row("plain script, fp32", spoken(script), "1.00")
for precision in ("fp32", "bf16"):
    asked = {**tables, "training": {**tables["training"], "precision": precision}}
    mine, _ = ours(asked)
    row(f"gradbook, {precision}", spoken(mine), f"{script / mine:.2f}")
if has_ray():
    ray = plain(tables, "_ray_study.py")
    row("Ray Tune, fp32", spoken(ray), f"{script / ray:.2f}")
else:
    row("Ray Tune, fp32", "not installed", "")
