"""Particular functions for unknown ones: "Case 1: let p be a sigmoid".

The document says which function, rarely of what; the argument is looked for among what the line
itself shows and what such models are made of (a weight times an input).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gradbook.document.meanings import Unresolved
from gradbook.document.resolve import Resolution
from gradbook.document.symbols import Table
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    ZERO,
    Apply,
    Expr,
    Func,
    Mul,
    Neg,
    Number,
    Symbol,
    free_symbols,
    walk,
)

#: Words for functions, most specific first.
_KINDS: tuple[tuple[str, str], ...] = (
    (r"\bhyperbolic\s+tangent|\btanh\b", "tanh"),
    (r"\bsigmoid|\blogistic\s+(function|sigmoid)", "sigmoid"),
    (r"\brelu\b|\brectified\s+linear|\brectifier", "relu"),
    (r"\bsoft\s?plus", "softplus"),
    (r"\bidentity|\blinear\s+(function|activation|unit)", "identity"),
    (r"\bexponential", "exp"),
    (r"\bsine\b", "sin"),
    (r"\bcosine\s+function", "cos"),
)


def function_kind(words: str) -> str | None:
    """The function that words name.

    >>> function_kind("a hyperbolic Tangent")
    'tanh'
    """
    for pattern, kind in _KINDS:
        if re.search(pattern, words, re.IGNORECASE):
            return kind
    return None


Functions = Mapping[str, tuple[tuple[Expr, ...], Expr]]


def substitutions(left: Expr, right: Expr, table: Table) -> Iterator[Functions]:
    """Ways to put the particular functions of the hypotheses in the place of unknown ones."""
    hypothesis = table.hypotheses[-1]
    targets = [a for a in _unknown(left, right, table) if hypothesis.target in (None, a.name)]
    if not targets:
        return
    target = targets[0]
    params = target.args
    hidden = tuple(sorted(table.depends.get(target.name, ()), key=repr))
    for inner in _arguments(params, hidden, left, right):
        body = inner if hypothesis.kind == "identity" else Func(hypothesis.kind, (inner,))
        if hypothesis.kind == "relu":
            body = Func("max", (ZERO, inner))
        yield {target.name: (params, body)}


def _unknown(left: Expr, right: Expr, table: Table) -> list[Apply]:
    """Applications of unknown functions in a claim, definitions put in, with the arguments as written."""
    resolution = Resolution(table, Clock(2.0))
    found: dict[str, Apply] = {}
    for side in (left, right):
        try:
            tree = resolution.of(side)
        except (Unresolved, BoundHit, ValueError):
            continue
        for node in walk(tree):
            if isinstance(node, Apply) and node.name in table.depends and node.name not in found:
                hidden = len(table.depends[node.name] - set(node.args[: len(node.args) - 1]))
                count = len(node.args) - min(hidden, len(table.depends[node.name]))
                found[node.name] = Apply(node.name, node.args[: max(count, 0)])
    return list(found.values())


def _arguments(params: tuple[Expr, ...], hidden: tuple[Expr, ...], left: Expr, right: Expr) -> Iterator[Expr]:
    """Candidates for the inner argument: products in the claim that hold a parameter, then the linear model."""
    seen: set[Expr] = set()
    wanted = {*params, *hidden}
    for side in (right, left):
        for node in walk(side):
            if isinstance(node, Mul) and not isinstance(node.factors[0], Number | Neg):
                symbols = free_symbols(node)
                if (
                    symbols
                    and symbols <= wanted
                    and symbols & set(hidden)
                    and len(node.factors) <= 3
                    and node not in seen
                ):
                    seen.add(node)
                    yield node
    for param in params:
        for weight in hidden:
            model = Mul((param, weight))
            if model not in seen:
                seen.add(model)
                yield model
    for param in params:
        if isinstance(param, Symbol) and not hidden:
            yield param
