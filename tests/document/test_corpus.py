"""Hundreds of claims in the notations of many writers: each becomes a small document and is checked.

A wrong claim accepted or a right claim refuted fails by itself; how many are decided is counted.
The truth of the claims is checked beside them, in ``tests/claims``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gradbook.document import check_text
from gradbook.document.report import Line, Verdict

CLAIMS = Path(__file__).parents[1] / "claims"
SHARED = Path(__file__).parents[3] / "shared" / "claims" / "claims.jsonl"
ACCEPTED = frozenset({Verdict.PROVED, Verdict.AGREES})
REQUIRED_SHARE = 0.95
REQUIRED_OF_THIRTY = 29
DECIDED = [("correct", Verdict.PROVED), ("wrong", Verdict.REFUTED)]

Claim = dict[str, Any]


def _read(path: Path) -> list[Claim]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


CORPUS: dict[str, Claim] = {
    claim["id"]: claim for path in sorted(CLAIMS.glob("*.jsonl")) for claim in _read(path)
}
BASELINE: dict[str, Claim] = {claim["id"]: claim for claim in _read(SHARED)} if SHARED.exists() else {}
RIGHT = [name for name, claim in CORPUS.items() if claim["truth"] == "correct"]
WRONG = [name for name, claim in CORPUS.items() if claim["truth"] == "wrong"]


def document(claim: Claim) -> str:
    r"""A document that says what the symbols are, defines, names the domain and makes the claim.

    >>> print(document({"definition": "f(x) = x^2", "claim": "f'(x) = 2x", "domain": ["x > 0"]}))
    Let
    <BLANKLINE>
    $$f(x) = x^2$$
    <BLANKLINE>
    for $x > 0$. Then
    <BLANKLINE>
    $$f'(x) = 2x$$
    <BLANKLINE>
    """
    front = [
        f"  {key}: [{', '.join(claim[key])}]"
        for key in ("vectors", "matrices", "scalars", "functions")
        if claim.get(key)
    ]
    head = ["---\ngradbook:", *front, "---\n"] if front else []
    displays = [f"$${text}$$\n" for text in (*claim.get("given", []), claim["definition"])]
    domain = [f"${condition}$" for condition in claim.get("domain", [])]
    then = f"for {' and '.join(domain)}. Then\n" if domain else "Then\n"
    return "\n".join([*head, "Let\n", *displays, then, f"$${claim['claim']}$$\n"])


@cache
def lines_of(name: str) -> tuple[Line, ...]:
    claim = CORPUS.get(name) or BASELINE[name]
    return check_text(document(claim), f"{name}.md").lines


def verdict_on(name: str) -> Verdict:
    """The verdict on the claim itself, the last line of its document."""
    return lines_of(name)[-1].verdict


def explained(name: str) -> str:
    claim = CORPUS.get(name) or BASELINE[name]
    rows = [
        f"{line.line}:{line.column} {line.verdict.value} {line.source} {line.message}"
        for line in lines_of(name)
    ]
    return "\n".join([f"{name} is {claim['truth']} ({claim['mistake']})", document(claim), *rows])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_never_accepted(name: str) -> None:
    assert verdict_on(name) not in ACCEPTED, explained(name)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_claim_is_never_refuted(name: str) -> None:
    assert verdict_on(name) is not Verdict.REFUTED, explained(name)


@pytest.mark.parametrize("vector", [False, True], ids=["scalars", "vectors"])
@pytest.mark.parametrize(("truth", "wanted"), DECIDED, ids=["right", "wrong"])
def test_nearly_all_claims_are_decided(truth: str, wanted: Verdict, vector: bool) -> None:
    names = [n for n, c in CORPUS.items() if c["truth"] == truth and c.get("vector", False) is vector]
    missed = [name for name in names if verdict_on(name) is not wanted]
    told = "\n".join(f"{name}: {verdict_on(name).value} {lines_of(name)[-1].message}" for name in missed)
    decided = len(names) - len(missed)
    assert decided >= REQUIRED_SHARE * len(names), (
        f"{decided} of {len(names)} are {wanted.value}; not:\n{told}"
    )


def test_the_corpus_is_large_and_balanced() -> None:
    assert len(CORPUS) >= 320
    assert 0.4 <= len(WRONG) / len(CORPUS) <= 0.6


@pytest.mark.skipif(not BASELINE, reason=f"the sixty baseline claims are not at {SHARED}")
@pytest.mark.parametrize(("truth", "wanted"), DECIDED, ids=["right", "wrong"])
def test_baseline_claims_are_decided_and_none_the_wrong_way(truth: str, wanted: Verdict) -> None:
    names = [name for name, claim in BASELINE.items() if claim["truth"] == truth]
    forbidden = ACCEPTED if truth == "wrong" else {Verdict.REFUTED}
    turned = [explained(name) for name in names if verdict_on(name) in forbidden]
    assert not turned, "\n\n".join(turned)
    missed = [f"{name}: {verdict_on(name).value}" for name in names if verdict_on(name) is not wanted]
    assert len(names) - len(missed) >= REQUIRED_OF_THIRTY, "\n".join(missed)
