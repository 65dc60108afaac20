"""Claim: a derivation with all its steps costs about what SymPy takes for the bare simplified derivative.

Every scalar entry of the catalogue, in one run: ``work_out`` differentiates step by step, decides each step,
simplifies, finds the familiar form and the kinks; SymPy's ``diff`` and ``simplify`` give a formula. Formulas
are read outside the clock; what SymPy remembers is cleared, as what ``decide`` remembers is. Then the whole
catalogue with every loss of every activation, on all cores, and one derivation from a cold process beside
SymPy's ``diff`` from one.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import sympy
from _beside import cold, row, spoken

from gradbook.derivation.catalogue import ACTIVATIONS, CATALOGUE, LOSSES, Entry
from gradbook.derivation.pairs import derivations
from gradbook.derivation.working import NeverDefined, work_out
from gradbook.symbolic import to_sympy
from gradbook.symbolic.decide import forget


def ours(entry: Entry) -> float:
    forget()
    began = time.perf_counter()
    work_out(entry.definition, entry.variable, domain=entry.domain)
    return time.perf_counter() - began


def theirs(entry: Entry) -> float:
    body, variable = to_sympy(entry.body), to_sympy(entry.variable)
    sympy.core.cache.clear_cache()
    began = time.perf_counter()
    sympy.simplify(sympy.diff(body, variable))
    return time.perf_counter() - began


def loss_of_every_activation(name: str) -> int:
    """How many derivations a loss has with all activations."""
    loss = next(entry for entry in LOSSES if entry.name == name)
    count = 0
    for activation in ACTIVATIONS:
        try:
            count += len(derivations(loss, activation))
        except NeverDefined:
            continue  # the logarithm of what is never positive
    return count


def main() -> None:
    scalar = [entry for entry in CATALOGUE if not entry.vector]
    for entry in scalar[:3]:
        ours(entry), theirs(entry)
    mine, sympys = [ours(e) for e in scalar], [theirs(e) for e in scalar]
    row(f"{len(scalar)} entries, each by itself", "median", "to ours", "slowest", "to ours")
    for name, seconds in (("gradbook, steps and all", mine), ("SymPy diff + simplify", sympys)):
        middle, most = statistics.median(seconds), max(seconds)
        row(
            name,
            spoken(middle), f"{middle / statistics.median(mine):.1f}",
            spoken(most), f"{most / max(mine):.1f}",
        )  # fmt: skip

    began = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        count = sum(pool.map(loss_of_every_activation, [entry.name for entry in LOSSES]))
    for entry in CATALOGUE:
        work_out(entry.definition, entry.variable, domain=entry.domain)
    whole = time.perf_counter() - began
    print()
    row("the whole catalogue and all pairs", spoken(whole), f"{count + len(CATALOGUE)} derivations")

    one, other = cold(
        [sys.executable, "-m", "gradbook", "derive", "--loss", "bce", "--activation", "sigmoid"],
        [
            sys.executable,
            "-c",
            "import sympy as s; x = s.Symbol('x'); print(s.simplify(s.diff(s.log(1 + s.exp(x)), x)))",
        ],
    )
    print()
    row("from a cold process", "median", "to ours")
    row("gradbook derive", spoken(one), "1.00")
    row("SymPy diff + simplify", spoken(other), f"{other / one:.2f}")


if __name__ == "__main__":
    main()
