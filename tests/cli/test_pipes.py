"""A reader that has seen enough, such as ``head``, is no failure of the command before it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "command",
    [["derive", "softmax"], ["explain", "E103"], ["check", "--help"], ["study", "--help"]],
    ids=" ".join,
)
def test_output_that_nobody_reads_any_more_goes_nowhere(command: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gradbook", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()
