r"""A loss, an activation, and a linear model inside: the gradient with respect to the model's weight.

One sample has the input x and the pre-activation z = x theta (with a bias, x theta + b). A loss of a single
prediction is taken at f(z); summed over samples, at f(x_i theta). A loss of many components takes one weight
for each, z_k = x theta_k, and so does a single loss of a vector activation, which is summed over components.

>>> from gradbook.derivation.catalogue import find
>>> from gradbook.symbolic import to_text
>>> to_text(one_sample(find("cross-entropy"), find("sigmoid")).body)
'-y·ln(σ(x·θ))'
>>> to_text(all_samples(find("cross-entropy"), find("sigmoid")).body)
'Σ_i (-y_i·ln(σ(x_i·θ)))'
"""

from __future__ import annotations

from typing import cast

from gradbook.derivation.catalogue import Entry
from gradbook.derivation.steps import Definition
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import Add, Expr, Indexed, Mul, Neg, Sum, Symbol, rebuild, replace, walk

_X, _Y, _B, THETA = Symbol("x"), Symbol("y"), Symbol("b"), Symbol(r"\theta")


def weight(loss: Entry, activation: Entry) -> Expr:
    """The weight that the gradient is taken by: theta, or theta_j where there is one for each component."""
    return Indexed(r"\theta", (Symbol("j"),)) if loss.vector or activation.vector else THETA


def one_sample(loss: Entry, activation: Entry, *, bias: bool = False) -> Definition:
    """The loss of one sample as a function of the weight."""
    body = _loss_at(loss, activation, _X, bias)
    wrt = weight(loss, activation)
    return Definition("f", (wrt,) if isinstance(wrt, Symbol) and not bias else (), body)


def all_samples(loss: Entry, activation: Entry, *, bias: bool = False) -> Definition:
    """The loss summed over the samples i."""
    i = Symbol("i")
    body = _loss_at(loss, activation, Indexed("x", (i,)), bias)
    several = loss.vector or activation.vector

    def with_sample(node: object) -> object:
        match node:
            case Symbol("y") | Symbol("v"):
                return Indexed(node.name, (i,))
            case Indexed("y" | "p" | "n" as base, indices) if several:
                return Indexed(base, (i, *indices))
            case _:
                return rebuild(cast(Expr, node), with_sample)  # type: ignore[arg-type]

    body = cast(Expr, with_sample(body))
    wrt = weight(loss, activation)
    total = Neg(Sum(body.arg, "i")) if isinstance(body, Neg) else Sum(body, "i")
    return Definition("f", (wrt,) if isinstance(wrt, Symbol) and not bias else (), total)


def _loss_at(loss: Entry, activation: Entry, x: Expr, bias: bool) -> Expr:
    def score(k: Expr | None) -> Expr:
        """The pre-activation, of component k if there are several."""
        product = Mul((x, THETA if k is None else Indexed(r"\theta", (k,))))
        if not bias:
            return product
        return Add((product, _B if k is None else Indexed("b", (k,))))

    def prediction(k: Expr | None) -> Expr:
        if not activation.vector:
            return activation.at(score(k))
        assert k is not None
        return cast(Expr, _scores_put_in(activation.body, k, score))

    variable = loss.variable
    if not loss.vector:
        if not activation.vector:
            return cast(Expr, replace(loss.body, {variable: prediction(None)}))
        k = Symbol("k")
        components = replace(loss.body, {variable: prediction(k), _Y: Indexed("y", (k,))})
        return Sum(cast(Expr, components), "k")
    assert isinstance(variable, Indexed)

    def visit(node: object) -> object:
        if isinstance(node, Indexed) and node.base == variable.base:
            return prediction(node.indices[0])
        return rebuild(cast(Expr, node), visit)  # type: ignore[arg-type]

    return cast(Expr, visit(loss.body))


def _scores_put_in(body: Expr, k: Expr, score: object) -> Expr:
    """A vector activation's component k, of scores: its x_i is z_k, the sum in it runs over a letter of its own."""
    letter = next(
        c for c in "mlnr" if Symbol(c) != k and c not in {n.name for n in walk(k) if isinstance(n, Symbol)}
    )

    def visit(node: object) -> object:
        match node:
            case Indexed("x", (Symbol("i"),)):
                return score(k)  # type: ignore[operator]
            case Indexed("x", (Symbol("k"),)):
                return score(Symbol(letter))  # type: ignore[operator]
            case Sum(inner, "k", lower, upper, excluded):
                return Sum(cast(Expr, visit(inner)), letter, lower, upper, excluded)
            case _:
                return rebuild(cast(Expr, node), visit)  # type: ignore[arg-type]

    return cast(Expr, visit(body))


def domain(loss: Entry, activation: Entry) -> Domain:
    """What the loss needs of its targets and constants; what it needs of predictions is read off its formula."""
    mentioned = {loss.variable}
    base = loss.variable.base if isinstance(loss.variable, Indexed) else None
    kept = tuple(
        c
        for c in loss.domain.conditions
        if not any(n in mentioned or (isinstance(n, Indexed) and n.base == base) for n in walk(c))
    )
    return Domain((*kept, *activation.domain.conditions), simplex=loss.domain.simplex)
