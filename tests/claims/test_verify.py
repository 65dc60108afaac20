"""The corpus is tested too: every claim is as true or as wrong as it says, and a slip in it is noticed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .verify import corpus, objection

CORPUS = corpus()
SIGMOID: dict[str, Any] = {
    "id": "sigmoid", "wrt": "x", "definition": r"f(x) = \frac{1}{1+e^{-x}}", "claim": "f'(x) = f(x)(1-f(x))",
    "truth": "correct", "mistake": None,
    "definition_py": "1/(1+exp(-x))", "claim_py": "1/(1+exp(-x))*(1-1/(1+exp(-x)))",
}  # fmt: skip


@pytest.mark.parametrize("claim", CORPUS, ids=lambda claim: claim["id"])
def test_claim_is_as_true_as_it_says(claim: dict[str, Any]) -> None:
    assert objection(claim) is None


def test_identifiers_are_unique() -> None:
    counts = Counter(claim["id"] for claim in CORPUS)
    assert [name for name, count in counts.items() if count > 1] == []


def test_wrong_claims_name_their_mistake_and_right_ones_none() -> None:
    assert [c["id"] for c in CORPUS if (c["mistake"] is None) != (c["truth"] == "correct")] == []


def test_a_sound_entry_raises_no_objection() -> None:
    assert objection(SIGMOID) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"truth": "wrong"}, "said to be wrong"),
        ({"claim_py": "1/(1+exp(-x))*(1+1/(1+exp(-x)))"}, "said to be correct"),
        ({"definition_py": "1/(1+exp(x))"}, "said to be correct"),
        ({"claim_py": "exp(-x)/(1+exp(-x))**2 + 1/10**9"}, "said to be correct"),
        ({"definition_py": "log(-1-x**2)"}, "only 0 points"),
    ],
)
def test_a_corrupted_entry_is_noticed(change: dict[str, str], told: str) -> None:
    reason = objection({**SIGMOID, **change})
    assert reason is not None
    assert told in reason


def test_a_claim_wrong_on_a_branch_that_is_rarely_reached_is_noticed() -> None:
    claim = {**SIGMOID, "definition_py": "Piecewise((x, x > 3), (0, True))", "claim_py": "0"}
    reason = objection(claim)
    assert reason is not None
    assert "said to be correct" in reason


def test_a_claim_that_differs_at_one_point_only_is_not_wrong() -> None:
    claim = {
        **SIGMOID,
        "truth": "wrong",
        "definition_py": "Max(0, x)",
        "claim_py": "Piecewise((1, x >= 0), (0, True))",
    }
    reason = objection(claim)
    assert reason is not None
    assert "differs at 0" in reason


def test_rounding_of_a_numeric_claim_is_judged_by_its_decimals() -> None:
    claim: dict[str, Any] = {**SIGMOID, "at": {"x": "2"}, "wrt_py": []}
    assert objection({**claim, "claim_py": "0.8808"}) is None
    reason = objection({**claim, "claim_py": "0.8809"})
    assert reason is not None
    assert "0.880797" in reason
