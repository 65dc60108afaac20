"""Derivations as a page of their own: MathML, which browsers typeset without a script or a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gradbook.derivation.formats.latex import identities
from gradbook.derivation.formats.words import heading, kink_sentence, needs, rule_names
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Condition, Expr, Node, Op
from gradbook.symbolic.mathml import relation_to_mathml, to_mathml
from gradbook.symbolic.outcomes import Outcome

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --faint: #6b6b76; --line: #dcdce2; --good: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6ea; --paper: #16161a; --faint: #9a9aa6; --line: #34343c; --good: #4ac26b; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }
.derivation-formula { overflow: auto hidden; padding: 0.5rem 0; }
table.derivation-steps { border-collapse: collapse; width: 100%; }
.derivation-steps th { font-weight: normal; color: var(--faint); text-align: left; padding: 0.6rem 1rem 0.6rem 0;
  min-width: 9rem; border-top: 1px solid var(--line); vertical-align: middle; width: 12rem; }
.derivation-steps td { border-top: 1px solid var(--line); padding: 0.6rem 0; }
.derivation-steps td.mark { color: var(--good); width: 1.5rem; text-align: right; vertical-align: middle; }
.derivation-steps td.left { white-space: nowrap; vertical-align: middle; padding-right: 0.3em; text-align: right; }
.derivation-steps td.right { width: 100%; max-width: 1px; }
.derivation-steps math { display: inline math; math-style: normal; }
.derivation-wide { overflow: auto hidden; padding: 0.15rem 0; }
@media (max-width: 40rem) {
  .derivation-steps tr { display: block; border-top: 1px solid var(--line); }
  .derivation-steps th, .derivation-steps td { display: block; border: 0; padding: 0.1rem 0; }
  .derivation-steps td.left, .derivation-steps td.right { width: auto; max-width: none; text-align: left; }
}
"""

_MARKS = {
    Outcome.PROVED: ("✓", "proved"),
    Outcome.AGREES: ("≈", "agrees"),
    Outcome.UNDECIDED: ("?", "undecided"),
}


def document(derivations: Sequence[Derivation]) -> str:
    """A page that needs nothing from anywhere else."""
    title = escape(heading(derivations[0])) if derivations else "Derivations"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{_sections(derivations)}\n</body>\n</html>\n"
    )


def fragment(derivations: Sequence[Derivation]) -> str:
    """The derivations for a page that exists, such as a notebook; the style comes along."""
    return f'<div class="derivation"><style scoped>{_STYLE.partition("h1")[0]}</style>{_sections(derivations)}</div>'


def _sections(derivations: Sequence[Derivation]) -> str:
    return "\n".join(_section(d) for d in derivations)


def _section(derivation: Derivation) -> str:
    of = derivation.definition
    parts = [f"<h1>{escape(heading(derivation))}</h1>"]
    if told := needs(derivation, _inline):
        parts.append(f"<p>For {told}:</p>")
    parts.append(_formula(of.head, of.body))
    rows = [_row("definition", derivation.asked, None, derivation.left)]
    rows += [_row(rule_names(step), step.after, step.outcome) for step in derivation.steps]
    parts.append(f'<table class="derivation-steps">\n{"".join(rows)}</table>')
    parts += [f"<p>Here</p>{_formula(a, b)}" for a, b in identities(derivation)]
    parts += [f"<p>{kink_sentence(kink, _inline)}</p>" for kink in derivation.kinks]
    if derivation.note:
        parts.append(f"<p>{escape(derivation.note).replace('`', '')}</p>")
    return f"<section>{''.join(parts)}</section>"


def _row(rule: str, side: Expr, outcome: Outcome | None, left: Expr | None = None) -> str:
    mark = ""
    if outcome is not None:
        sign, word = _MARKS.get(outcome, ("✗", "refuted"))
        mark = f'<span title="{word}" role="img" aria-label="{word}">{sign}</span>'
    head = to_mathml(left) if left is not None else ""
    return (
        f'<tr><th scope="row">{escape(rule)}</th><td class="left">{head}</td>'
        f'<td class="right"><div class="derivation-wide">{_equals(side)}</div></td>'
        f'<td class="mark">{mark}</td></tr>\n'
    )


def _equals(side: Expr) -> str:
    """The right side with its equals sign in front."""
    drawn = to_mathml(side)
    opening, inside = drawn.split(">", 1)
    return f"{opening}><mo>=</mo>{inside}"


def _formula(left: Expr, right: Expr) -> str:
    return f'<div class="derivation-formula">{relation_to_mathml([left, right], [Op.EQ])}</div>'


def _inline(node: Node) -> str:
    assert isinstance(node, Expr | Condition)
    return to_mathml(node, display=False)
