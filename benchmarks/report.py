"""Claim: a whole report is read and judged, from a cold process, about as fast as SymPy is imported."""

from __future__ import annotations

import sys

from _beside import cold, row, shared, spoken

from gradbook.document import check_text

REPORT = shared("reports/cs6910-a2.md")
lines = len(check_text(REPORT.read_text(encoding="utf-8"), str(REPORT)).lines)
ours, sympy, verify = cold(
    [sys.executable, "-m", "gradbook", "check", str(REPORT)],
    [sys.executable, "-c", "import sympy"],
    [sys.executable, "-c", "import math_verify"],
)
row("from a cold process", "median", "to ours")
for name, seconds in (
    (f"check {lines} lines of the report", ours),
    ("import sympy", sympy),
    ("import math_verify", verify),
):
    row(name, spoken(seconds), f"{seconds / ours:.2f}")
