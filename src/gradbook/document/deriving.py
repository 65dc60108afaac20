"""From what a person types to a derivation: what it is about, by what it is differentiated, what is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from gradbook.derivation.steps import Definition, Derivation, Detail
from gradbook.derivation.working import work_out
from gradbook.document import typed
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import Apply, Expr, Indexed, Node, Symbol, free_symbols, rebuild, walk
from gradbook.symbolic.printing import to_text


def derive(
    expression: str | Expr,
    wrt: str | Expr | Sequence[str | Expr] | None = None,
    *,
    detail: str = "short",
    assume: Sequence[str] = (),
) -> Derivation:
    """The derivation; see :func:`gradbook.derive`.

    >>> from gradbook.symbolic import to_text
    >>> to_text(derive("x*exp(x)").result)
    'exp(x)·(x + 1)'
    """
    definition = typed.read(expression) if isinstance(expression, str) else Definition("f", (), expression)
    wrts = variables(definition, wrt)
    return differentiate(definition, wrts, detail=detail, domain=domain(assume))


def variables(definition: Definition, wrt: str | Expr | Sequence[str | Expr] | None) -> tuple[Expr, ...]:
    """What is differentiated by, checked against the definition.

    Raises:
        ValueError: it does not occur, is no variable, or has to be said.
    """
    asked = () if wrt is None else (wrt,) if isinstance(wrt, str | Expr) else tuple(wrt)
    found = tuple(_variable(w) if isinstance(w, str) else w for w in asked)
    occurring = quantities(definition)
    if not found:
        choice = definition.parameters if len(definition.parameters) == 1 else occurring
        if len(choice) != 1:
            names = ", ".join(map(to_text, occurring))
            raise ValueError(
                f"several quantities occur: {names}; say by which one to differentiate"
                if choice
                else "nothing in it varies: there is nothing to differentiate by"
            )
        return tuple(choice)
    for variable in found:
        if not _occurs(variable, definition, occurring):
            names = [to_text(q) for q in occurring]
            near = get_close_matches(to_text(variable), names, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(names) or 'none'}"
            raise ValueError(f"{to_text(variable)} does not occur in {to_text(definition.body)}{hint}")
    return found


def differentiate(
    definition: Definition,
    wrts: Sequence[Expr],
    *,
    detail: str = "short",
    domain: Domain | None = None,
    title: str = "",
) -> Derivation:
    """The derivation of a definition that was read.

    Raises:
        ValueError: it has no derivative, a value nowhere, or grows too large.
    """
    if detail not in (d.value for d in Detail):
        raise ValueError(f"detail is short or full, not {detail!r}")
    if not definition.parameters and not definition.indices:
        named = dict.fromkeys(w for w in wrts if isinstance(w, Symbol))
        if len(named) == len({*wrts}):
            definition = replace(definition, parameters=tuple(named))
    definition = replace(definition, body=_hidden_arguments(definition.body, wrts))
    try:
        return work_out(definition, wrts, detail=Detail(detail), domain=domain, title=title)
    except BoundHit as stop:
        raise ValueError(f"this derivative is too large: {stop}") from None


def domain(assume: Sequence[str]) -> Domain:
    """The conditions that a person states."""
    return Domain(tuple(typed.read_condition(text) for text in assume))


def quantities(definition: Definition) -> tuple[Expr, ...]:
    """What a definition mentions, parameters first; of the components of a vector one stands for all."""
    found: dict[Expr, None] = dict.fromkeys(definition.parameters)
    indices = {s.name for s in definition.indices if isinstance(s, Symbol)}
    counted = {name for n in walk(definition.body) if isinstance(n, Indexed) for name in _names(n)}
    for symbol in sorted(free_symbols(definition.body), key=to_text):
        if not (isinstance(symbol, Symbol) and symbol.name in indices | counted):
            found[symbol] = None
    return tuple(found)


def _names(node: Indexed) -> set[str]:
    return {s.name for i in node.indices for s in walk(i) if isinstance(s, Symbol)}


def _variable(text: str) -> Expr:
    tree = typed.read_expression_typed(text)
    if not isinstance(tree, Symbol | Indexed):
        raise ValueError(f"“{text}” is not a variable; one is expected, such as x, theta or w_j")
    return tree


def _occurs(variable: Expr, definition: Definition, occurring: Sequence[Expr]) -> bool:
    if variable in occurring or variable in definition.parameters:
        return True
    if isinstance(variable, Indexed):
        return any(isinstance(n, Indexed) and n.base == variable.base for n in walk(definition.body))
    return any(isinstance(n, Apply) and _subscript(n.name) == variable for n in walk(definition.body))


def _hidden_arguments(body: Expr, wrts: Sequence[Expr]) -> Expr:
    r"""p_\theta(x) depends on theta too: it becomes an argument."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if isinstance(node, Apply) and (hidden := _subscript(node.name)) in wrts and hidden not in node.args:
            assert hidden is not None
            return Apply(node.name, (*node.args, hidden), (*node.orders, 0) if node.orders else ())
        return node

    result = visit(body)
    assert isinstance(result, Expr)
    return result


def _subscript(name: str) -> Expr | None:
    base, mark, rest = name.partition("_{")
    return Symbol(rest.removesuffix("}")) if mark and base and rest.endswith("}") else None
