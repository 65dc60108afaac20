"""Claim: time and memory grow at most in proportion to the number of trials.

A multilayer perceptron on the digits, 30 epochs, with 1, 3, 9, 27 and 81 trials; whole processes. Memory is that of
the largest process.
"""

from __future__ import annotations

from _beside import row, spoken
from _studies import digits, ours

row("digits, 30 epochs", "seconds", "a trial", "memory")
for count in (1, 3, 9, 27, 81):
    seconds, memory = ours(digits(count, 1, 30))
    row(
        f"{count} trial{'s' * (count > 1)}",
        spoken(seconds),
        spoken(seconds / count),
        f"{memory / 2**20:.0f} MiB",
    )
