"""Claim: in a long study of a small model, compiling the step of a stack pays for itself and more.

Eighteen trials of a multilayer perceptron on the digits for 2,000 epochs; whole processes, compiling included. The
plain script has a twentieth of the epochs, and its time is multiplied.
"""

from __future__ import annotations

from _beside import row, spoken
from _studies import digits, ours, plain

EPOCHS, PART = 2000, 20

row("digits, 18 trials, 2,000 epochs", "seconds", "to ours")
tables = digits(3, 6, EPOCHS)
compiled, _ = ours(tables, "--compile")
stacked, _ = ours(tables, "--no-compile")
script = plain(digits(3, 6, EPOCHS // PART), threads=1) * PART
row("gradbook, compiled", spoken(compiled), "1.00")
row("gradbook, not compiled", spoken(stacked), f"{stacked / compiled:.2f}")
row("plain script, one thread, by its part", spoken(script), f"{script / compiled:.2f}")
