"""``gradbook check`` proves every line of every worksheet, and none with a wrong number or formula in it."""

from __future__ import annotations

import importlib.util
import itertools
import random
import re
from pathlib import Path
from typing import Any

import pytest

from gradbook.document import check_text
from gradbook.network import Detail, parse, work


def _nets() -> Any:
    spec = importlib.util.spec_from_file_location("nets", Path(__file__).with_name("nets.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NETS = _nets()


@pytest.mark.parametrize(("activation", "loss"), NETS.PAIRS, ids=lambda name: name or "-")
def test_every_line_is_proved(activation: str, loss: str) -> None:
    source = random.Random(f"{activation} {loss}")
    sheet = work(
        parse(NETS.network(activation, loss, 10)),
        digits=source.choice((3, 6, 9, 20)),
        detail=source.choice(list(Detail)),
    )
    checked = check_text(sheet.to(source.choice(("markdown", "latex"))))
    wrong = [line for line in checked.lines if line.verdict.name not in ("STATED", "PROVED")]
    assert [(line.line, line.source, line.message) for line in wrong] == []


def test_large_network_and_several_steps_are_proved() -> None:
    text = (Path(__file__).resolve().parents[2] / "examples" / "networks" / "report.toml").read_text()
    checked = check_text(work(parse(text), steps=4, digits=5).to("markdown"))
    assert {line.verdict.name for line in checked.lines} == {"STATED", "PROVED"}


def _changes(line: str, source: random.Random) -> str | None:
    """A line with its last number wrong in its last digit, or with two quantities of one kind exchanged."""
    number = re.search(r"(\d)(?:( \\cdot 10\^\{-?\d+\}))?\$\$$", line)
    if number is None or "." not in line.rsplit("=", 1)[-1]:
        return None
    if source.random() < 0.5:
        digit = str((int(number[1]) + source.choice((3, 5, 7))) % 10)
        return line[: number.start(1)] + digit + line[number.end(1) :]
    names = sorted(set(re.findall(r"[wa]_\{[^{}]*\}\^\{\(\d\)\}", line)))
    if len(names) < 2:
        return None
    one, other = source.sample(names, 2)
    head, equals, rest = line.partition(" = ")
    swapped = rest.replace(one, "\0").replace(other, one).replace("\0", other)
    return head + equals + swapped if swapped != rest else None


@pytest.mark.parametrize("shape", [[2, 2, 2], [3, 4, 4, 2]], ids=str)
def test_wrong_line_is_never_proved(shape: list[int]) -> None:
    source = random.Random(str(shape))
    rows = [
        "["
        + ", ".join("[" + ", ".join(f"{source.uniform(-1, 1):.2f}" for _ in range(a)) + "]" for _ in range(b))
        + "]"
        for a, b in itertools.pairwise(shape)
    ]
    text = f'layers = {shape}\nactivations = "tanh"\nloss = "l2"\n[weights]\n'
    text += "".join(f"W{k} = {row}\n" for k, row in enumerate(rows, 1))
    text += f"[[samples]]\ninputs = {[0.5, -0.7, 0.9][: shape[0]]}\ntargets = {[0.3, -0.2][: shape[-1]]}\n"
    lines = work(parse(text)).to("markdown").split("\n")
    end = lines.index("## The loss after the update")
    places = [k for k, line in enumerate(lines[:end]) if line.startswith("$$") and "Given" not in line]
    changed = 0
    for place in source.sample(places[10:], 25):
        wrong = _changes(lines[place], source)
        if wrong is None:
            continue
        # What comes after would only rest on the mistake.
        checked = check_text("\n".join([*lines[:place], wrong]), deadline=1.0)
        verdicts = {line.verdict.name for line in checked.lines if line.line == place + 1}
        if wrong.count(" = ") == 2 and verdicts == {"STATED", "PROVED"}:
            pytest.fail(f"proved: {wrong}")
        assert verdicts - {"STATED", "PROVED"}, wrong
        changed += 1
    assert changed > 10
