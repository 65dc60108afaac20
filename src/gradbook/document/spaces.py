"""Memberships such as ``x \\in \\mathbb{R}^n``: what kind of thing a symbol is."""

from __future__ import annotations

from gradbook.document.symbols import Table
from gradbook.document.tokens import Kind, Token
from gradbook.symbolic.expr import ZERO, Op, Relation, Symbol


def note_space(table: Table, name: str, space: str, target: list[Token]) -> None:
    """x ∈ ℝⁿ, W ∈ ℝ^{m×n}, n ∈ ℕ."""
    if space in (r"\mathbb{N}", r"\mathbb{Z}"):
        table.integers.add(name)
        if space == r"\mathbb{N}":
            table.assume(Relation(Symbol(name), Op.GT, ZERO))
        return
    script = [t for t in target if t.kind is not Kind.SYMBOL]
    if any(t.is_macro("times") for t in script):
        ones = [t for t in script if t.is_char("1")]
        (table.vectors if ones else table.matrices).add(name)
    elif script and any(t.is_char("^") for t in script):
        if script[-1].text == "+" or (script[1:2] and script[1].text == "+"):
            table.assume(Relation(Symbol(name), Op.GT, ZERO))
        else:
            table.vectors.add(name)
    elif any(t.is_char("+") for t in script):
        table.assume(Relation(Symbol(name), Op.GT, ZERO))
