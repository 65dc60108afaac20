"""The sentences of a derivation, the same in every format."""

from __future__ import annotations

from collections.abc import Callable

from gradbook.derivation.steps import Derivation, Kink, KinkKind, Step
from gradbook.symbolic.expr import Node, Number
from gradbook.symbolic.printing import to_text

#: How the names of steps that are not rules of differentiation are told.
_TOLD = {
    "simplify": "collect and cancel",
    "the function itself": "written with the function itself",
    "sigmoid": "the sigmoid",
    "Kronecker delta": "the delta picks one term",
}
_IDENTITIES = {"sigmoid": "name the sigmoid", "tanh": "name the tanh", "tan": "name the tangent"}


def heading(derivation: Derivation, show: Callable[[Node], str] = to_text) -> str:
    """The title of a derivation."""
    of = derivation.title or show(derivation.definition.bare)
    times = {1: "Derivative", 2: "Second derivative", 3: "Third derivative"}.get(
        derivation.order, f"Derivative {derivation.order} times"
    )
    times = "Gradient" if derivation.variant == "nabla" else times
    return f"{times} of {of} with respect to {' and '.join(dict.fromkeys(map(show, derivation.wrts)))}"


def needs(derivation: Derivation, show: Callable[[Node], str] = to_text) -> str:
    """What has to hold: what was stated, and what the formula needs to have a value."""
    told = dict.fromkeys(show(c) for c in (*derivation.domain.conditions, *derivation.conditions))
    sums = [f"the components of {base} adding up to 1" for base in sorted(derivation.domain.simplex)]
    return " and ".join((*told, *sums))


def rule_names(step: Step) -> str:
    """The rules of a step as one phrase."""
    if step.identity is not None:
        return _IDENTITIES.get(step.rules[0], _TOLD.get(step.rules[0], step.rules[0]))
    return ", ".join(_TOLD.get(name, name) for name in step.rules)


def kink_sentence(kink: Kink, show: Callable[[Node], str]) -> str:
    """Where there is no derivative, and what takes its place.

    >>> from gradbook.derivation.kinks import kinks
    >>> from gradbook.symbolic.expr import Func, Symbol
    >>> x = Symbol("x")
    >>> kink_sentence(kinks(Func("abs", (x,)), x)[0], to_text)
    'Not differentiable where x = 0: a corner; the subdifferential is every number between -1 and 1.'
    """
    place = f"Not differentiable where {show(kink.where)}"
    match kink.kind:
        case KinkKind.JUMP:
            return f"{place}: the function jumps."
        case KinkKind.VERTICAL:
            return f"{place}: the tangent is vertical, or there is none."
        case KinkKind.CORNER:
            left, right = kink.left, kink.right
            assert left is not None and right is not None
            if isinstance(left, Number) and isinstance(right, Number) and left.value > right.value:
                left, right = right, left
            return f"{place}: a corner; the subdifferential is every number between {show(left)} and {show(right)}."
