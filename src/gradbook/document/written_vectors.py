r"""Vectors written out, ``(2x, 2y)``, ``\langle 2x, 2y \rangle`` or in a ``pmatrix``, and gradients as such."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.document.formula import split_at
from gradbook.document.symbols import Table
from gradbook.document.tokens import Kind, Token
from gradbook.symbolic.expr import Apply, At, Derivative, Expr, Symbol

_BRACKETS = {"(": ")", "[": "]", "langle": "rangle"}
_MATRICES = frozenset({"pmatrix", "bmatrix", "Bmatrix", "matrix", "smallmatrix"})


def components(side: Sequence[Token]) -> list[list[Token]]:
    r"""The components of a side that is a vector written out, as a list or as a column; else nothing.

    >>> from gradbook.document.tokens import tokenise
    >>> [len(part) for part in components(tokenise(r"(2x, f(x, y))^T"))]
    [2, 6]
    >>> components(tokenise("(x + y)"))
    []
    """
    tokens = _untransposed(list(side))
    if len(tokens) < 3:
        return []
    first, last = tokens[0], tokens[-1]
    if first.kind is Kind.BEGIN and last.kind is Kind.END:
        return _column(first, tokens[1:-1])
    if first.kind not in (Kind.CHAR, Kind.MACRO) or last.text != _BRACKETS.get(first.text):
        return []
    depth = 0
    for token in tokens[:-1]:
        depth += (token.text in _BRACKETS) - (token.text in _BRACKETS.values())
        if depth == 0:
            return []  # the first bracket is closed before the end
    parts = split_at(tokens[1:-1], ",")
    return parts if len(parts) > 1 and all(parts) else []


def _untransposed(tokens: list[Token]) -> list[Token]:
    r"""Without ``^T`` or ``^{\top}`` after the closing bracket."""
    for width in (2, 4):
        tail = tokens[-width:]
        inner = [t for t in tail[1:] if t.kind not in (Kind.OPEN, Kind.CLOSE)]
        if (
            len(tokens) > width + 2
            and tail[0].is_char("^")
            and len(inner) == 1
            and inner[0].text in ("T", "top")
        ):
            return tokens[:-width]
    return tokens


def _column(begin: Token, inside: list[Token]) -> list[list[Token]]:
    if begin.text.rstrip("*") not in _MATRICES:
        return []
    rows: list[list[Token]] = [[]]
    for token in inside:
        if token.kind in (Kind.ROW, Kind.AMP):
            rows.append([])
        elif token.kind is not Kind.QUAD:
            rows[-1].append(token)
    kinds = {token.kind for token in inside} & {Kind.ROW, Kind.AMP}
    if rows and not rows[-1]:
        rows.pop()
    return rows if len(kinds) == 1 and len(rows) > 1 and all(rows) else []


def gradient(tree: Expr | None, table: Table) -> list[Expr]:
    r"""``\nabla f`` and ``\nabla f(1, 2)`` as partial derivatives by what f was defined with; else nothing."""
    if not isinstance(tree, Derivative) or tree.variant != "nabla" or tree.order != 1:
        return []
    body = tree.body
    if tree.wrt != Symbol("?") or not isinstance(body, Symbol | Apply):
        return []
    definition = table.definitions.get(body.name)
    if definition is None or len(definition.params) < 2 or definition.indices:
        return []
    params = definition.params
    args = body.args if isinstance(body, Apply) and body.args else params
    if len(args) != len(params) or not all(isinstance(p, Symbol) for p in params):
        return []
    slopes: list[Expr] = []
    for param in params:
        slope: Expr = Derivative(Apply(body.name, params), param, 1, "partial")
        for variable, value in zip(params, args, strict=True):
            if value != variable:
                slope = At(slope, variable, value)
        slopes.append(slope)
    return slopes
