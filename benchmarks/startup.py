"""Claim: ``gradbook --help`` answers in a few times what Python takes to start, and sooner than others do."""

from __future__ import annotations

import sys

from _beside import cold, row, spoken

PYTHON = sys.executable
ours, bare, pytest_help, markdown_help, verify_import = cold(
    [PYTHON, "-m", "gradbook", "--help"],
    [PYTHON, "-c", "pass"],
    [PYTHON, "-m", "pytest", "--help"],
    [PYTHON, "-m", "markdown_it.cli.parse", "--help"],
    [PYTHON, "-c", "import math_verify"],
    runs=15,
)
row("from a cold process", "median", "to ours")
for name, seconds in (
    ("gradbook --help", ours),
    ("python -c pass", bare),
    ("pytest --help", pytest_help),
    ("markdown-it --help", markdown_help),
    ("import math_verify", verify_import),
):
    row(name, spoken(seconds), f"{seconds / ours:.2f}")
