"""Claim: time and memory grow at most in proportion to the number of trials, and less than a plain script's.

A multilayer perceptron on the digits, 30 epochs, with 1, 3, 9, 27 and 81 trials; whole processes. Memory is that of
the largest process. The plain script, with the one thread that suits it best, trains the same.
"""

from __future__ import annotations

from _beside import row, spoken
from _studies import digits, ours, plain

COUNTS = (1, 3, 9, 27, 81)

# First all of ours: the memory is that of the largest process so far.
mine = [ours(digits(count, 1, 30)) for count in COUNTS]
row("digits, 30 epochs", "seconds", "a trial", "memory", "plain", "to ours")
for count, (seconds, memory) in zip(COUNTS, mine, strict=True):
    script = plain(digits(count, 1, 30), threads=1)
    row(
        f"{count} trial{'s' * (count > 1)}",
        spoken(seconds),
        spoken(seconds / count),
        f"{memory / 2**20:.0f} MiB",
        spoken(script),
        f"{script / seconds:.2f}",
    )
