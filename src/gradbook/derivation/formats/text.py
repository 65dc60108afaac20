"""Derivations on a terminal: mathematics in two dimensions, each step under the rule that allows it."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.derivation.formats.words import heading, kink_sentence, needs, rule_names
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Expr, Op
from gradbook.symbolic.layout import layout_chain
from gradbook.symbolic.printing import to_text

_WIDTH = 100


def document(derivations: Sequence[Derivation], *, width: int = _WIDTH, ascii: bool = False) -> str:  # noqa: A002
    """Each derivation under its heading.

    >>> from gradbook.derivation.steps import Definition
    >>> from gradbook.derivation.working import work_out
    >>> from gradbook.symbolic.expr import Func, Symbol
    >>> x = Symbol("x")
    >>> print(document([work_out(Definition("f", (x,), Func("sin", (x,))), x)]))
    Derivative of f with respect to x
    <BLANKLINE>
      f(x) = sin(x)
    <BLANKLINE>
      d          d
      ──[f(x)] = ──[sin(x)]
      dx         dx
    <BLANKLINE>
      sin
               = cos(x)
    <BLANKLINE>
    """
    return "\n".join(_section(d, width, ascii) for d in derivations)


def _section(derivation: Derivation, width: int, ascii: bool) -> str:  # noqa: A002
    of = derivation.definition
    parts = [heading(derivation)]
    if told := needs(derivation):
        parts.append(f"  for {told}")
    room = width - 2

    def drawn(left: Expr, right: Expr) -> str:
        return _indented(str(layout_chain(left, [(Op.EQ, right)], width=room, ascii=ascii)))

    parts.append(drawn(of.head, of.body))
    left = derivation.left
    parts.append(drawn(left, derivation.asked))
    margin = _margin(left)
    for step in derivation.steps:
        parts.append(f"  {rule_names(step)}\n" + _under(step.after, margin, room, ascii))
        if step.identity is not None and step.identity[0] != of.head:
            a, b = step.identity
            parts.append("  where\n" + drawn(a, b))
    parts += [f"  {kink_sentence(kink, to_text)}" for kink in derivation.kinks]
    if derivation.note:
        parts.append(f"  {derivation.note}")
    return "\n\n".join(parts) + "\n"


def _margin(left: Expr) -> int:
    block = layout_chain(left, [])
    return block.width


def _under(side: Expr, margin: int, width: int, ascii: bool) -> str:  # noqa: A002
    blank = layout_chain(side, [], width=width - margin - 3, ascii=ascii)
    lines = str(blank).split("\n")
    lead = [" " * margin + ("  = " if k == blank.baseline else "    ")[1:] for k in range(len(lines))]
    return _indented("\n".join((a + b).rstrip() for a, b in zip(lead, lines, strict=True)))


def _indented(text: str) -> str:
    return "\n".join(("  " + line).rstrip() for line in text.split("\n"))
