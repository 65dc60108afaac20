"""Derivations as Markdown that ``gradbook check`` reads back and proves."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.derivation.formats import latex
from gradbook.derivation.formats.words import heading, kink_sentence
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.printing import to_latex, to_text


def document(derivations: Sequence[Derivation]) -> str:
    """One section for each derivation: the definition, the chain of steps, where it does not hold."""
    return "\n".join(_section(d) + "\n" for d in derivations).rstrip("\n") + "\n"


def _section(derivation: Derivation) -> str:
    parts = [f"# {heading(derivation)}\n"]
    told = [f"${formula}$" for formula in latex.assumed(derivation)]
    if told:
        parts.append("For " + " and ".join(told) + ", let\n")
    parts.append(f"$$\n{latex.definition(derivation.definition)}\n$$\n")
    if derivation.conditions:
        needs = " and ".join(f"`{to_text(c)}`" for c in derivation.conditions)
        parts.append(f"It has a value only where {needs}.\n")
    parts.append(f"$$\n{latex.chain(derivation)}\n$$\n")
    for a, b in latex.identities(derivation):
        parts.append(f"Here\n\n$$\n{to_latex(a)} = {to_latex(b)}\n$$\n")
    parts += [kink_sentence(k, lambda node: f"`{to_text(node)}`") + "\n" for k in derivation.kinks]
    if derivation.note:
        parts.append(derivation.note + "\n")
    return "\n".join(parts)
