"""Claim: checking again after one line changed costs that line and what depends on it, not the document.

The peer is the same program without its memory: the changed text checked from scratch, in the same process.
"""

from __future__ import annotations

import statistics
import sys
import time

from _beside import row, spoken

import gradbook.document
from gradbook.document import check_text

if not hasattr(gradbook.document, "Session"):
    print("skipped: gradbook.document.Session is not here yet")
    sys.exit(0)

SECTIONS, CHANGES = 80, 5


def section(number: int, rate: int) -> str:
    """Definitions and claims that hold for every whole rate."""
    power = number % 3 + 1
    return rf"""
## Part {number}

Let $f(x) = \frac{{1}}{{1 + e^{{-{rate} x}}}}$. Then

$$
\begin{{aligned}}
\frac{{df}}{{dx}} &= \frac{{{rate} e^{{-{rate} x}}}}{{(1 + e^{{-{rate} x}})^2}} \\
&= {rate} f(x) \left(1 - f(x)\right)
\end{{aligned}}
$$

For the loss $L = -y \ln p - (1 - y) \ln(1 - p)$,

$$\frac{{\partial L}}{{\partial p}} = \frac{{p - y}}{{p (1 - p)}}$$

and with $g(w) = \tanh^{{{power + 1}}}(w)$ we have

$$g'(w) = {power + 1} \tanh^{{{power}}}(w) \left(1 - \tanh^2(w)\right)$$
"""


def text(changed: int = 0) -> str:
    return "# Notes\n" + "".join(
        section(k, 2 + k % 5 + 10 * changed * (k == SECTIONS // 2)) for k in range(SECTIONS)
    )


session = gradbook.document.Session()
first = len(session.check(text()).lines)
again: list[float] = []
scratch: list[float] = []
decided = 0
for change in range(1, CHANGES + 1):
    after = text(change)
    began = time.perf_counter()
    ours = session.check(after)
    again.append(time.perf_counter() - began)
    decided = session.decided
    began = time.perf_counter()
    fresh = check_text(after)
    scratch.append(time.perf_counter() - began)
    if [(line.line, line.verdict) for line in ours.lines] != [
        (line.line, line.verdict) for line in fresh.lines
    ]:
        print("the two do not give the same verdicts")
one, other = statistics.median(again), statistics.median(scratch)
row(f"{first} lines, one changed", "median", "decided", "to ours")
row("checked again in a session", spoken(one), str(decided), "1.00")
row("checked from scratch", spoken(other), str(first), f"{other / one:.2f}")
