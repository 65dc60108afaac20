"""Claim: many trials of a small model take a fraction of what a plain script, or Ray Tune, takes for them.

Whole processes, imports and all: nine trials of 30 epochs, then 45 of 100. The plain script runs with one thread
too, which suits so small a model better than PyTorch's default: that is the one to beat. The long study leaves the
slower peers out.
"""

from __future__ import annotations

from _beside import row, spoken
from _studies import digits, has_ray, ours, plain

row("digits, MLP 64-64-64-10", "seconds", "to ours")
for values, seeds, epochs in ((3, 3, 30), (9, 5, 100)):
    tables = digits(values, seeds, epochs)
    mine, _ = ours(tables)
    row(f"{values * seeds} trials, {epochs} epochs: gradbook", spoken(mine), "1.00")
    script = plain(tables, threads=1)
    row("  plain script, one thread", spoken(script), f"{script / mine:.2f}")
    if epochs == 30:
        script = plain(tables)
        row("  plain script", spoken(script), f"{script / mine:.2f}")
        if has_ray():
            ray = plain(tables, "_ray_study.py")
            row("  Ray Tune", spoken(ray), f"{ray / mine:.2f}")
        else:
            row("  Ray Tune", "not installed", "")
