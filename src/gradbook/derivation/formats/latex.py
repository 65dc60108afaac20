r"""Derivations as LaTeX: a chain of rows, each with the rule that allows it.

>>> from gradbook.derivation.steps import Definition
>>> from gradbook.derivation.working import work_out
>>> from gradbook.symbolic.expr import Func, Symbol
>>> x = Symbol("x")
>>> print(chain(work_out(Definition("f", (x,), Func("sin", (x,))), x)))
\begin{aligned}
\frac{df}{dx} &= \frac{d}{dx}\left[\sin(x)\right] && \text{(definition)} \\
&= \cos(x) && \text{(sin)}
\end{aligned}
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from gradbook.derivation.formats.words import heading, kink_sentence, rule_names
from gradbook.derivation.steps import Definition, Derivation
from gradbook.symbolic.expr import Expr, Indexed, Node, Symbol
from gradbook.symbolic.plain import write
from gradbook.symbolic.printing import to_latex


def definition(of: Definition) -> str:
    r"""``f(x) = body``.

    >>> from gradbook.symbolic.expr import Symbol
    >>> definition(Definition("f", (Symbol("x"),), Symbol("x")))
    'f(x) = x'
    """
    return f"{to_latex(of.head)} = {to_latex(of.body)}"


def quotient(derivation: Derivation) -> str:
    r"""The left side: ``\frac{df}{dx}``, ``\frac{\partial^{2} f}{\partial x^{2}}``."""
    if derivation.variant == "nabla":
        return rf"\nabla_{{{to_latex(derivation.wrts[0])}}} {to_latex(derivation.definition.bare)}"
    d = "d" if derivation.variant == "d" else r"\partial "
    name = to_latex(derivation.definition.bare)
    runs = [(wrt, len(list(group))) for wrt, group in groupby(reversed(derivation.wrts))]
    below = " ".join(
        d
        + (rf"\left({to_latex(wrt)}\right)" if power > 1 and "^" in to_latex(wrt) else to_latex(wrt))
        + _raised(power)
        for wrt, power in runs
    )
    gap = " " if derivation.order > 1 or d != "d" else ""
    return rf"\frac{{{d.strip()}{_raised(derivation.order)}{gap}{name}}}{{{below}}}"


def _raised(power: int) -> str:
    return f"^{{{power}}}" if power > 1 else ""


def rows(derivation: Derivation) -> list[tuple[str, str]]:
    """Each right side with the rules that lead to it, the definition put in first."""
    found = [(to_latex(derivation.asked), "definition")]
    found += [(to_latex(step.after), rule_names(step)) for step in derivation.steps]
    return found


def chain(derivation: Derivation) -> str:
    """The chain as an ``aligned`` environment."""
    lines = [f"&= {side} && \\text{{({rule})}}" for side, rule in rows(derivation)]
    lines[0] = f"{quotient(derivation)} {lines[0]}"
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=2.5cm]{geometry}
\allowdisplaybreaks
\begin{document}
"""


def document(derivations: Sequence[Derivation]) -> str:
    """A document that LaTeX sets as it is."""
    parts = [_PREAMBLE]
    for derivation in derivations:
        parts.append(rf"\section*{{{heading(derivation, lambda node: f'${to_latex(node)}$')}}}" + "\n")
        told = [f"${formula}$" for formula in assumed(derivation)]
        if told:
            parts.append(f"For {' and '.join(told)}, let\n")
        parts.append(f"\\[\n{definition(derivation.definition)}\n\\]\n")
        lines = [f"&= {side} && \\text{{({rule})}}" for side, rule in rows(derivation)]
        lines[0] = f"{quotient(derivation)} {lines[0]}"
        parts.append("\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}\n")
        parts += [
            rf"Here $\displaystyle {to_latex(a)} = {to_latex(b)}$." + "\n" for a, b in identities(derivation)
        ]
        parts += [kink_sentence(kink, _told) + "\n" for kink in derivation.kinks]
    return "\n".join(parts) + "\n\\end{document}\n"


def _told(node: Node) -> str:
    """A place or a slope that is told of and not claimed: a formula here would be read as a statement."""
    return rf'\verb"{write(node)}"'


def assumed(derivation: Derivation) -> list[str]:
    """What is assumed: the conditions, and of each distribution that its components add up to one."""
    return [to_latex(c) for c in derivation.domain.conditions] + totals(derivation)


def totals(derivation: Derivation) -> list[str]:
    """Of each distribution, that its components add up to one."""
    k = (Symbol("k"),)
    return [rf"\sum_{{k}} {to_latex(Indexed(base, k))} = 1" for base in sorted(derivation.domain.simplex)]


def identities(derivation: Derivation) -> list[tuple[Expr, Expr]]:
    """The equations that steps rest on, the definition apart."""
    found: dict[tuple[Expr, Expr], None] = {}
    for step in derivation.steps:
        if step.identity is not None and step.identity[0] != derivation.definition.head:
            found[step.identity] = None
    return list(found)
