r"""How a parameter is updated: gradient descent, momentum, Adam; weight decay as a penalty or by itself.

The penalty λ/2 · Σ w² belongs to what is made small, so its gradient λw goes through the optimiser; decoupled
weight decay (Loshchilov and Hutter, 2019) is a step -ηλw beside it.
"""

from __future__ import annotations

from typing import Protocol

from gradbook.network.lines import LineKind, partial
from gradbook.network.names import Names
from gradbook.network.network import Method, Optimiser, Parameter
from gradbook.network.values import Value
from gradbook.symbolic.expr import HALF, ONE, TWO, ZERO, Add, Div, Expr, Mul, Neg, Number, Pow, Symbol, number

_RATE, _MOMENTUM, _DECAY = Symbol(r"\eta"), Symbol(r"\mu"), Symbol(r"\lambda")
_BETA1, _BETA2, _EPSILON = Symbol(r"\beta_{1}"), Symbol(r"\beta_{2}"), Symbol(r"\varepsilon")


def symbols(optimiser: Optimiser) -> dict[Expr, Number]:
    r"""The numbers of an optimiser by their symbols.

    >>> [symbol.name for symbol in symbols(Optimiser(Method.MOMENTUM))]
    ['\\eta', '\\mu']
    """
    found: dict[Expr, Number] = {_RATE: optimiser.learning_rate}
    if optimiser.method is Method.MOMENTUM:
        found[_MOMENTUM] = optimiser.momentum
    if optimiser.method is Method.ADAM:
        found |= {_BETA1: optimiser.beta1, _BETA2: optimiser.beta2, _EPSILON: optimiser.epsilon}
    decay = optimiser.l2_penalty or optimiser.weight_decay
    if decay is not None:
        found[_DECAY] = decay
    return found


class Work(Protocol):
    """Works a quantity out from a formula and tells how."""

    def __call__(self, kind: LineKind, name: Expr, *formulas: Expr) -> Value:
        """The value of the last formula, which the name has from now on."""
        ...


class Updates:
    """Updates parameters one by one, a step after the other."""

    def __init__(self, optimiser: Optimiser, names: Names, work: Work) -> None:
        self.optimiser = optimiser
        self.names = names
        self._work = work

    def work(self, parameter: Parameter, step: int) -> None:
        """The lines that lead from a parameter after a step to the same after the next."""
        names, optimiser = self.names, self.optimiser
        before, after = parameter.name(names, step), parameter.name(names, step + 1)
        is_weight = parameter.source is not None
        penalised = optimiser.l2_penalty is not None and is_weight
        gradient = partial(names.objective(step) if penalised else names.loss(step), before)
        match optimiser.method:
            case Method.GRADIENT_DESCENT:
                change: Expr = Mul((_RATE, gradient))
            case Method.MOMENTUM:
                change = Mul((_RATE, self._velocity(parameter, step, gradient)))
            case Method.ADAM:
                change = self._adam(parameter, step, gradient)
        terms: list[Expr] = [before, Neg(change)]
        if optimiser.weight_decay is not None and is_weight:
            terms.append(Neg(Mul((_RATE, _DECAY, before))))
        self._work(LineKind.UPDATE, after, Add(tuple(terms)))

    def _velocity(self, parameter: Parameter, step: int, gradient: Expr) -> Expr:
        r"""``v ← μ v + g`` (Polyak, 1964; as PyTorch has it)."""
        start = parameter.name(self.names)
        before = self._moment("v", start, step)
        velocity = self.names.moment("v", start, step + 1)
        self._work(LineKind.MOMENT, velocity, Add((Mul((_MOMENTUM, before)), gradient)))
        return velocity

    def _adam(self, parameter: Parameter, step: int, gradient: Expr) -> Expr:
        r"""The step of Adam: ``η m̂/(√v̂ + ε)`` (Kingma and Ba, 2015, algorithm 1)."""
        start = parameter.name(self.names)
        corrected: list[Expr] = []
        for letter, beta, power in (("m", _BETA1, gradient), ("v", _BETA2, Pow(gradient, TWO))):
            before = self._moment(letter, start, step)
            moment = self.names.moment(letter, start, step + 1)
            rest = Add((ONE, Neg(beta)))
            self._work(LineKind.MOMENT, moment, Add((Mul((beta, before)), Mul((rest, power)))))
            hat = self.names.moment(rf"\hat{{{letter}}}", start, step + 1)
            self._work(LineKind.MOMENT, hat, Div(moment, Add((ONE, Neg(_power(beta, step + 1))))))
            corrected.append(hat)
        first, second = corrected
        return Mul((_RATE, Div(first, Add((Pow(second, HALF), _EPSILON)))))

    def _moment(self, letter: str, start: Expr, step: int) -> Expr:
        return ZERO if step == 0 else self.names.moment(letter, start, step)


def _power(base: Expr, exponent: int) -> Expr:
    return base if exponent == 1 else Pow(base, number(exponent))
