"""Derivations as JSON: every expression in LaTeX and in plain text that is read back to the same tree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gradbook.derivation.formats.words import heading, kink_sentence
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Node
from gradbook.symbolic.plain import write
from gradbook.symbolic.printing import to_latex, to_text


def document(derivations: Sequence[Derivation]) -> str:
    """``{"version": 1, "derivations": [...]}``, described in docs/derive.md."""
    return (
        json.dumps(
            {"version": 1, "derivations": [as_data(d) for d in derivations]}, ensure_ascii=False, indent=2
        )
        + "\n"
    )


def as_data(derivation: Derivation) -> dict[str, Any]:
    """One derivation as dictionaries and lists."""
    of = derivation.definition
    return {
        "title": heading(derivation),
        "name": to_latex(of.bare),
        "parameters": [_both(p) for p in of.parameters],
        "definition": _both(of.body),
        "wrt": [_both(w) for w in derivation.wrts],
        "domain": [_both(c) for c in (*derivation.domain.conditions, *derivation.conditions)],
        "steps": [
            {
                "rules": list(step.rules),
                "before": _both(step.before),
                "after": _both(step.after),
                "verdict": step.outcome.name,
                "identity": [_both(side) for side in step.identity] if step.identity else None,
            }
            for step in derivation.steps
        ],
        "result": _both(derivation.result),
        "kinks": [
            {
                "kind": kink.kind.value,
                "where": _both(kink.where),
                "left": _both(kink.left) if kink.left is not None else None,
                "right": _both(kink.right) if kink.right is not None else None,
                "sentence": kink_sentence(kink, to_text),
            }
            for kink in derivation.kinks
        ],
        "proved": derivation.proved,
    }


def _both(node: Node) -> dict[str, str]:
    return {"latex": to_latex(node), "plain": write(node)}
