r"""A loss, an activation, and a linear model inside: the gradient with respect to the model's weight.

One sample has the input x and the pre-activation z = x theta (with a bias, x theta + b). A loss of a single
prediction is taken at f(z); summed over samples, at f(x_i theta). A loss of many components takes one weight
for each, z_k = x theta_k, and so does a single loss of a vector activation, which is summed over
components. The activation of a loss of many components stays a letter, g, whose derivative is worked out in a
section of its own.

>>> from gradbook.derivation.catalogue import find
>>> from gradbook.symbolic import to_text
>>> to_text(one_sample(find("cross-entropy"), find("sigmoid")).body)
'-y·ln(σ(x·θ))'
>>> to_text(all_samples(find("cross-entropy"), find("sigmoid")).body)
'-Σ_i y_i·ln(σ(x_i·θ))'
"""

from __future__ import annotations

import dataclasses
from typing import cast

from gradbook.derivation.catalogue import Entry
from gradbook.derivation.steps import Definition, Derivation, Detail
from gradbook.derivation.working import work_out
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    Add,
    Apply,
    Expr,
    Indexed,
    Mul,
    Neg,
    Pow,
    Sum,
    Symbol,
    rebuild,
    replace,
    walk,
)

#: The letter of an activation that is not written out.
FORMAL = "g"
#: The letter under which it is then worked out by itself.
ACTIVATION = "h"

_X, _Y, _B, THETA = Symbol("x"), Symbol("y"), Symbol("b"), Symbol(r"\theta")


_THRESHOLD = Symbol("c")


def weight(loss: Entry, activation: Entry) -> Expr:
    """The weight that the gradient is taken by: theta, or theta_j where there is one for each component."""
    return Indexed(r"\theta", (Symbol("j"),)) if loss.vector or activation.vector else THETA


def is_formal(loss: Entry, activation: Entry) -> bool:
    """Whether the activation stays a letter, g: that of a loss of many components."""
    return loss.vector and not activation.vector and activation.name != "identity"


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
        if is_formal(loss, activation):
            return Apply(FORMAL, (score(k),))
        if not activation.vector:
            return activation.at(score(k))
        assert k is not None
        return _scores_put_in(activation.body, k, score)

    variable = loss.variable
    if not loss.vector:
        if not activation.vector:
            return replace(loss.body, {variable: prediction(None)})
        k = Symbol("k")
        # a threshold is not called delta where Kronecker's delta turns up
        named = {Symbol(r"\delta"): _THRESHOLD, variable: prediction(k), _Y: Indexed("y", (k,))}
        components = replace(loss.body, named)
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
    if activation.vector and not loss.vector:
        kept = tuple(replace(c, {Symbol(r"\delta"): _THRESHOLD}) for c in kept)
    return Domain((*kept, *activation.domain.conditions), simplex=loss.domain.simplex)


def derivations(
    loss: Entry,
    activation: Entry,
    *,
    summed: bool | None = None,
    bias: bool = False,
    detail: Detail = Detail.SHORT,
) -> list[Derivation]:
    """The gradient of a loss of an activation, for one sample and summed over samples, and of g if there is one.

    ``summed`` leaves only one of the two forms.
    """
    told = domain(loss, activation)
    title = f"{loss.title} of {_lower(activation.title)}"
    wrts = [weight(loss, activation)]
    if bias:
        wrts.append(Indexed("b", (Symbol("j"),)) if isinstance(wrts[0], Indexed) else _B)
    found: list[Derivation] = []
    for form, make in ((False, one_sample), (True, all_samples)):
        if summed is not None and summed != form:
            continue
        if form and found and _is_root_of_double_sum(found[0].definition.body):
            found[0] = dataclasses.replace(
                found[0], note="Summed over samples, it is the sum of this over the samples."
            )
            continue
        definition = make(loss, activation, bias=bias)
        name = f"{title}, {'summed over the samples' if form else 'one sample'}"
        note = "Here `g` is the activation, `h` below." if is_formal(loss, activation) else ""
        found += [
            work_out(definition, wrt, detail=detail, domain=told, title=name, note=note) for wrt in wrts
        ]
    if is_formal(loss, activation):
        z = Symbol("z")
        body = cast(Expr, replace(activation.body, {activation.variable: z}))
        found.append(
            work_out(
                Definition(ACTIVATION, (z,), body),
                z,
                detail=detail,
                domain=activation.domain,
                title=f"the activation, {_lower(activation.title)}",
            )
        )
    return found


def _is_root_of_double_sum(body: Expr) -> bool:
    """The norm of a vector activation: summed over samples as well, its steps are long and say nothing new."""
    roots = [n for n in walk(body) if isinstance(n, Pow) and isinstance(n.base, Sum)]
    return any(isinstance(n, Sum) for root in roots for n in walk(cast(Sum, root.base).body))


def _lower(title: str) -> str:
    return title if any(c.isupper() for c in title.split()[0][1:]) else title[0].lower() + title[1:]
