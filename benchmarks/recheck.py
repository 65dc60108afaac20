"""Claim: checking again after one line changed costs that line and what depends on it, not the document.

The peer is the same program without its memory: the changed text checked from scratch, in the same process.
"""

from __future__ import annotations

import statistics
import time

from _beside import row, spoken

from gradbook.document import Document, Session, Verdict, check_text

SECTIONS, CHANGES = 80, 5


def section(number: int, c: int, b: int) -> str:
    """Definitions, and claims that hold for every whole c and b; only those about f depend on b."""
    power = number % 3 + 1
    return rf"""
## Part {number}

Let $f(x) = \frac{{{b}}}{{1 + e^{{-2 x}}}}$. Then

$$
\begin{{aligned}}
\frac{{df}}{{dx}} &= \frac{{{2 * b} e^{{-2 x}}}}{{(1 + e^{{-2 x}})^2}} \\
&= 2 f(x) \left(1 - \frac{{f(x)}}{{{b}}}\right)
\end{{aligned}}
$$

For the loss $L = -{c} y \ln p - {c} (1 - y) \ln(1 - p)$,

$$\frac{{\partial L}}{{\partial p}} = {c} \frac{{p - y}}{{p (1 - p)}}$$

and with $g(w) = {c} \tanh^{{{power + 1}}}(w)$ we have

$$g'(w) = {c * (power + 1)} \tanh^{{{power}}}(w) \left(1 - \tanh^2(w)\right)$$
"""


def text(start: int, changed: int | None = None) -> str:
    """A document whose numbers begin at ``start``; one function in the middle may have another one."""
    middle = SECTIONS // 2
    sections = [
        section(k, start + k, changed if changed is not None and k == middle else start + k)
        for k in range(SECTIONS)
    ]
    return "# Notes\n" + "".join(sections)


def judged(document: Document) -> list[tuple[int, Verdict]]:
    return [(line.line, line.verdict) for line in document.lines]


session = Session()
first = len(session.check(text(2)).lines)
again: list[float] = []
scratch: list[float] = []
decided = 0
for change in range(1, CHANGES + 1):
    known = len(session.memory.findings)
    began = time.perf_counter()
    ours = session.check(text(2, changed=900 + change))
    again.append(time.perf_counter() - began)
    decided = len(session.memory.findings) - known
    # Decisions are remembered in the process too: what was never seen before has other numbers throughout.
    began = time.perf_counter()
    fresh = check_text(text(1000 * change))
    scratch.append(time.perf_counter() - began)
    if judged(ours) != judged(fresh):
        print("the two do not give the same verdicts")
one, other = statistics.median(again), statistics.median(scratch)
row(f"{first} lines, one function changed", "median", "decided", "to ours")
row("checked again in a session", spoken(one), str(decided), "1.00")
row("checked from scratch", spoken(other), str(first), f"{other / one:.2f}")
