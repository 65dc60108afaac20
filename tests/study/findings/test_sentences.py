"""Every canonical sentence is read back; sentences of people are read right or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradbook.study.findings.sentences import SentenceError, read
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Figure,
    Improving,
    Learns,
    Level,
    Manner,
    Metric,
    Overfits,
    Reaches,
    Response,
    RisesFaster,
    Shape,
    Statement,
    Stays,
    When,
)
from gradbook.study.findings.wording import Arms, say
from gradbook.study.settings import spoken

from . import said, written

# --- what say says is read back ------------------------------------------------------------------

_NUMBERS = st.one_of(
    st.sampled_from([0.0, 0.1, 0.5, 1, 2, 5e-2, 5e-4, 5e-6, 64, 128, 1e-8, 0.001]),
    st.floats(1e-9, 1e6).map(lambda x: float(f"{x:.3g}")),
)
_COLUMNS: dict[str, st.SearchStrategy[object]] = {
    "weight_decay": _NUMBERS,
    "learning_rate": _NUMBERS,
    "batch_size": st.integers(1, 4096),
    "momentum": _NUMBERS,
    "l2_penalty": _NUMBERS,
    "model.dropout": _NUMBERS,
    "optimizer": st.sampled_from(["sgd", "adam", "adamw", "rmsprop"]),
    "nesterov": st.booleans(),
    "precision": st.sampled_from(["fp32", "bf16"]),
    "model.hidden": st.lists(st.integers(1, 256), min_size=1, max_size=3),
    "augment": st.sampled_from([["flip"], ["crop", "flip"], []]),
    "schedule": st.sampled_from(
        [{"kind": "constant"}, {"kind": "cosine", "warmup": 3}, {"kind": "step", "every": 10}]
    ),
    "model": st.sampled_from([{"kind": "mlp", "hidden": [64]}, {"kind": "cnn", "channels": [8, "pool", 16]}]),
}


@st.composite
def _arms(draw: st.DrawFn) -> Arms:
    names = draw(st.lists(st.sampled_from(sorted(_COLUMNS)), min_size=1, max_size=2, unique=True))
    columns = [draw(st.lists(_COLUMNS[n], min_size=1, max_size=4, unique_by=spoken)) for n in names]
    rows: list[dict[str, object]] = [{}]
    for name, column in zip(names, columns, strict=True):
        rows = [{**row, name: value} for row in rows for value in column]
    return Arms(tuple(rows))


_METRIC = st.sampled_from(list(Metric))
_WHEN = st.sampled_from(list(When))
_EPOCH = st.none() | st.integers(1, 30)
_GRADED = st.sampled_from([metric for metric in Metric if metric.more_is_better is not None])


def _share(draw: st.DrawFn) -> float:
    return float(f"{draw(st.floats(0.001, 0.999)):.4g}")


@st.composite
def _statement(draw: st.DrawFn, arms: Arms) -> Statement:
    count = len(arms.values)
    one = draw(st.integers(0, count - 1))
    other = draw(st.integers(0, count - 1).filter(lambda k: k != one)) if count > 1 else one
    several = tuple(draw(st.permutations(range(count)))[: draw(st.integers(2, count))]) if count > 1 else ()
    numeric = [n for n in arms.varied if all(type(v[n]) in (int, float) for v in arms.values)]
    choices: list[Statement] = [
        Learns(one),
        Overfits(one, draw(_EPOCH)),
        Diverges(one),
        Improving(one, draw(_METRIC)),
        Level(one, draw(_METRIC), least=_share(draw), when=draw(_WHEN)),
        Level(one, draw(_METRIC), most=_share(draw), when=draw(_WHEN)),
        Level(one, draw(_METRIC), 0.25, 0.75, draw(_WHEN)),
        Figure(one, draw(_METRIC), 0.125, 3, draw(_WHEN), draw(st.booleans())),
        Figure(one, draw(_METRIC), round(_share(draw), 2), 2, draw(_WHEN)),
        Figure(one, draw(_METRIC), 0.25, 2, about=draw(st.booleans()), manner=Manner.STAYS),
        Figure(one, draw(_GRADED), 0.25, 2, about=draw(st.booleans()), manner=Manner.COMES),
        Figure(one, draw(_GRADED), 0.25, 2, about=draw(st.booleans()), manner=Manner.ONLY),
        Figure(one, draw(_GRADED), 0.25, 2, about=draw(st.booleans()), manner=Manner.BEST),
        Reaches(one, draw(_GRADED), 0.75, 2, draw(st.integers(1, 30)), draw(st.booleans())),
        Stays(one, draw(_METRIC), None, 0.5, 1, draw(_EPOCH)),
        Stays(one, draw(_METRIC), 0.25, draw(st.sampled_from([None, 0.75])), draw(st.integers(1, 30))),
    ]
    if count > 1:
        choices += [
            Exceeds(one, other, draw(_METRIC), draw(_WHEN), draw(st.sampled_from([0.0, 0.01, 0.2]))),
            Equivalent(several, draw(_METRIC), draw(_WHEN), draw(st.sampled_from([None, 0.01, 0.5]))),
            Equivalent(several, draw(_METRIC), margin=draw(st.sampled_from([None, 0.5])), every=True),
            ExceedsBy(one, other, draw(_METRIC), 0.125, 3, draw(_WHEN), draw(st.booleans())),
            Dominates(one, other, draw(_GRADED), draw(_EPOCH)),
            Dominates(one, other, draw(_GRADED), draw(_EPOCH), True, draw(st.sampled_from([None, 0.01]))),
            RisesFaster(one, other),
            Best(one, draw(_METRIC), draw(_WHEN)),
        ]
    choices += [
        Response(name, draw(_METRIC), draw(st.sampled_from(list(Shape))), draw(_WHEN)) for name in numeric
    ]
    chosen = draw(st.sampled_from(choices))
    return Denied(chosen) if draw(st.booleans()) else chosen


@st.composite
def _claim(draw: st.DrawFn) -> tuple[Arms, Statement]:
    arms = draw(_arms())
    return arms, draw(_statement(arms))


@settings(max_examples=400, deadline=None)
@given(_claim())
def test_what_is_said_is_read_back(claim: tuple[Arms, Statement]) -> None:
    arms, statement = claim
    assert read(say(statement, arms), arms, epochs=30) == (statement,)


# --- what people say -----------------------------------------------------------------------------


def _plain(statements: Iterable[Statement] | None) -> frozenset[Statement] | None:
    """Statements without an order: neither that of several, nor that of equals."""
    if statements is None:
        return None
    return frozenset(_sorted(statement) for statement in statements)


def _sorted(statement: Statement) -> Statement:
    match statement:
        case Denied(denied):
            return Denied(_sorted(denied))
        case Equivalent(arms):
            return replace(statement, arms=tuple(sorted(arms)))
        case _:
            return statement


def _outcome(case: said.Said) -> str:
    arms, sentence, wanted = case
    try:
        found = _plain(read(sentence, arms, epochs=said.EPOCHS))
    except SentenceError as error:
        if not 1 <= error.column <= len(sentence) + 1:
            return "misplaced"
        return "right" if wanted is None else "unread"
    return "right" if found == _plain(wanted) else "misread"


@pytest.mark.parametrize("case", [*said.KNOWN, *said.TRAPS], ids=lambda case: case[1][:60])
def test_sentence_is_read_as_it_is_meant(case: said.Said) -> None:
    assert _outcome(case) == "right"


def test_sentences_that_were_set_aside_are_not_misread() -> None:
    cases = [*said.HELD_OUT, *said.LATER]
    counts = Counter(_outcome(case) for case in cases)
    assert counts["misread"] == counts["misplaced"] == 0
    assert counts["right"] >= 0.9 * len(cases)


@pytest.mark.parametrize("cases", [written.FIRST, written.SECOND], ids=["first", "second"])
def test_sentences_of_others_are_not_misread(cases: list[said.Said]) -> None:
    counts = Counter(_outcome(case) for case in cases)
    assert counts["misread"] == counts["misplaced"] == 0
    assert counts["right"] >= 0.93 * len(cases)


def test_the_examples_of_the_page_are_read_and_refused_as_it_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sentences.md").read_text(encoding="utf-8")
    said_there, refused_there = page.split("## What is not understood")
    for row in _rows(said_there.split("## What can be said")[1].split("Sentences may be joined")[0]):
        for sentence in re.split(r"(?<=\.) (?=[A-Z0-9])", row[1]):
            assert read(sentence, said.DECAY, epochs=said.EPOCHS), sentence
    for row in _rows(refused_there.split("## How often it works")[0]):
        with pytest.raises(SentenceError):
            read(row[0], said.DECAY, epochs=said.EPOCHS)


def _rows(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_wrong_expectation_is_noticed() -> None:
    arms, sentence, _ = said.KNOWN[0]
    assert _outcome((arms, sentence, (Learns(2),))) == "misread"
    assert _outcome((arms, "no such thing", (Learns(2),))) == "unread"
