r"""Activations and losses of the catalogue in a network: their formulas at its units, their derivatives worked out.

>>> from gradbook.derivation.catalogue import find
>>> from gradbook.symbolic import to_latex
>>> from gradbook.symbolic.expr import HALF, Symbol
>>> z, a = Symbol("z_{1}"), Symbol("a_{1}")
>>> to_latex(Activation(find("sigmoid")).slope(z, a))
'a_{1} \\cdot (1 - a_{1})'
>>> to_latex(Loss(find("l2"), scale=HALF).slopes((a,), (Symbol("t_{1}"),))[0])
'a_{1} - t_{1}'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from gradbook.derivation.catalogue import Entry, find
from gradbook.derivation.steps import Definition
from gradbook.derivation.working import work_out
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
    Condition,
    Delta,
    Derivative,
    Div,
    Expr,
    Indexed,
    Mul,
    Node,
    Number,
    Sum,
    Symbol,
    number,
    rebuild,
    replace,
    walk,
)
from gradbook.symbolic.plain import read
from gradbook.symbolic.tidy import tidy

#: What a function of the sheet is differentiated by.
ARGUMENT = Symbol("z")

#: An activation of the last layer and a loss that together are another loss, of the pre-activations: its
#: derivative is far simpler than the product of theirs.
_TOGETHER = {
    ("softmax", "categorical-cross-entropy"): "cross-entropy-with-logits",
    ("sigmoid", "binary-cross-entropy"): "bce-with-logits",
}

Constants = tuple[tuple[str, Number], ...]


@dataclass(frozen=True)
class Activation:
    """An activation with its constants, and the letter by which a sheet calls it (none for the identity)."""

    entry: Entry
    constants: Constants = ()
    letter: str = ""

    @property
    def is_identity(self) -> bool:
        """Whether it leaves its argument as it is."""
        return self.entry.body == self.entry.variable

    @property
    def is_vector(self) -> bool:
        """Whether it is a function of all units of its layer at once."""
        return self.entry.vector

    @property
    def has_macro(self) -> bool:
        """Whether mathematics has a name for it."""
        return self.entry.name in ("sigmoid", "tanh")

    def formula(self, argument: Expr) -> Expr:
        """Its definition at an argument."""
        return replace(_with(self.entry.body, self.constants), {self.entry.variable: argument})

    def short(self, argument: Expr) -> Expr:
        """The usual short form at an argument."""
        return _with(self.entry.at(argument), self.constants)

    def called(self, argument: Expr) -> Expr:
        """How a sheet writes it at an argument: by its name."""
        if self.is_identity:
            return argument
        return self.entry.at(argument) if self.has_macro else Apply(self.letter, (argument,))

    def derivative_called(self, argument: Expr) -> Expr:
        """How a sheet writes its derivative at an argument."""
        match self.entry.name:
            case "tanh":
                return Derivative(self.called(argument), argument)
            case "sigmoid":
                return Apply(r"\sigma", (argument,), (1,))
            case _:
                return Apply(self.letter, (argument,), (1,))

    @cached_property
    def derivative(self) -> Expr:
        """Its derivative at :data:`ARGUMENT`, as the derivation engine works it out."""
        # Constants are letters while it is worked out, so that they stay as they were written.
        general = self.entry.body if self.has_macro else self.entry.at(self.entry.variable)
        body = replace(general, {self.entry.variable: ARGUMENT})
        result = work_out(Definition("#f", (ARGUMENT,), body), ARGUMENT, domain=self.entry.domain).result
        return _with(result, self.constants)

    def derivative_formula(self, argument: Expr, output: Expr) -> Expr:
        """Its derivative with the argument and its own output put in."""
        own = Apply("#f", (ARGUMENT,))
        return replace(replace(self.derivative, {own: output}), {ARGUMENT: argument})

    @property
    def slope_by_output(self) -> bool:
        """Whether the output alone gives the derivative, as of the sigmoid."""
        return not self.is_vector and not any(
            isinstance(n, Symbol) for n in walk(replace(self.derivative, {Apply("#f", (ARGUMENT,)): ONE}))
        )

    def slope(self, argument: Expr, output: Expr) -> Expr:
        """Its derivative as a factor: in terms of its output where that is enough, else by name."""
        if self.slope_by_output:
            return self.derivative_formula(argument, output)
        return self.derivative_called(argument)

    # --- softmax and the like -------------------------------------------------------------------

    @cached_property
    def total(self) -> Sum | None:
        """The sum over the whole layer in the formula, which all units share."""
        return next((n for n in walk(self.entry.body) if isinstance(n, Sum)), None)

    def component(self, place: int, arguments: Sequence[Expr], total: Expr) -> Expr:
        """The formula of one unit, counted from 0, with a name for the sum."""
        body = self.entry.body if self.total is None else replace(self.entry.body, {self.total: total})
        return _component(body, {"i": place}, {"x": arguments})

    def total_formula(self, arguments: Sequence[Expr]) -> Expr:
        """What that sum is."""
        assert self.total is not None
        return _component(self.total, {}, {"x": arguments})

    @cached_property
    def jacobian(self) -> Expr:
        """The derivative of component i by argument j."""
        return work_out(self.entry.definition, self.entry.variable).result

    def jacobian_entry(
        self, i: int, j: int, arguments: Sequence[Expr], outputs: Sequence[Expr], total: Expr
    ) -> Expr:
        """One entry of the Jacobian, units counted from 0."""
        # The engine may have renamed the index of the sum.
        sums = {n: total for n in walk(self.jacobian) if isinstance(n, Sum)}
        found = _component(replace(self.jacobian, sums), {"i": i, "j": j}, {"x": arguments, "s": outputs})
        return tidy(found)


@dataclass(frozen=True)
class Loss:
    """A loss with its constants; ``scale`` stands before it, ``mean`` divides by the number of outputs."""

    entry: Entry
    constants: Constants = ()
    scale: Number = ONE
    mean: bool = False

    def formula(self, outputs: Sequence[Expr], targets: Sequence[Expr]) -> Expr:
        """The loss of one sample."""
        if self.entry.vector:
            body = self._scaled(self._body, 1)
            return _component(body, {}, {self._base: outputs, "y": targets})
        body = self._scaled(self._body, len(outputs))
        terms = [
            replace(body, {self.entry.variable: a, Symbol("y"): t})
            for a, t in zip(outputs, targets, strict=True)
        ]
        return terms[0] if len(terms) == 1 else Add(tuple(terms))

    def slopes(self, outputs: Sequence[Expr], targets: Sequence[Expr]) -> tuple[Expr, ...]:
        """Its derivative by each output."""
        if self.entry.vector:
            return self._components(self._slope(1), outputs, targets)
        slope = self._slope(len(outputs))
        variable = self.entry.variable
        return tuple(
            replace(slope, {variable: a, Symbol("y"): t}) for a, t in zip(outputs, targets, strict=True)
        )

    def with_activation(
        self,
        activation: Activation,
        nets: Sequence[Expr],
        outputs: Sequence[Expr],
        targets: Sequence[Expr],
        one: bool,
    ) -> tuple[Expr, ...] | None:
        """Its derivative by each pre-activation, where the loss is known as one of those.

        ``one``: the targets of the sample add up to one. None: it is not, or not then.
        """
        name = _TOGETHER.get((activation.entry.name, self.entry.name))
        if name is None:
            return None
        entry = find(name)
        if entry.vector and not one:
            return None
        other = Loss(entry, scale=self.scale, mean=self.mean)
        slopes = other.slopes(nets, targets)
        whole = {
            (
                _component(activation.entry.body, {"i": k}, {"x": nets})
                if activation.is_vector
                else activation.called(z)
            ): a
            for k, (z, a) in enumerate(zip(nets, outputs, strict=True))
        }
        found = tuple(tidy(_without_total(replace(s, whole), targets)) for s in slopes)
        # It is simpler only if the pre-activations are gone.
        return None if any(n in nets for s in found for n in walk(s)) else found

    @property
    def _base(self) -> str:
        variable = self.entry.variable
        assert isinstance(variable, Indexed)
        return variable.base

    @property
    def _body(self) -> Expr:
        return _with(self.entry.body, self.constants)

    def _scaled(self, body: Expr, outputs: int) -> Expr:
        scale = self.scale.value / (outputs if self.mean else 1)
        if scale == 1:
            return body
        return Mul((_fraction(scale), body))

    def _slope(self, outputs: int) -> Expr:
        body = self._scaled(self.entry.body, outputs)
        variable = self.entry.variable
        parameters = () if self.entry.vector else (variable,)
        result = work_out(Definition("#L", parameters, body), variable, domain=self.entry.domain).result
        return _with(result, self.constants)

    def _components(self, slope: Expr, outputs: Sequence[Expr], targets: Sequence[Expr]) -> tuple[Expr, ...]:
        families = {self._base: outputs, "y": targets}
        return tuple(tidy(_component(slope, {"j": j}, families)) for j in range(len(outputs)))


def _with(body: Expr, constants: Constants) -> Expr:
    """The formula with numbers for its constants; a whole one, which may be 1, leaves nothing to work out."""
    whole = {read(name): value for name, value in constants if value.value.denominator == 1}
    rest = {read(name): value for name, value in constants if value.value.denominator != 1}
    if whole:
        body = tidy(replace(body, whole))
    return replace(body, rest)


def _fraction(value: Fraction) -> Expr:
    if value.denominator == 1:
        return number(value)
    return Div(number(value.numerator), number(value.denominator))


def _without_total(slope: Expr, targets: Sequence[Expr]) -> Expr:
    """The slope with one in the place of what the targets add up to."""
    return replace(slope, {Add(tuple(targets)): ONE})


def _component(expr: Expr, at: Mapping[str, int], families: Mapping[str, Sequence[Expr]]) -> Expr:
    """A formula in components with numbers for its indices, and its sums written out."""
    size = max((len(family) for family in families.values()), default=0)

    def visit(node: Node, at: Mapping[str, int]) -> Node:
        match node:
            case Indexed(base, (Symbol(index),)) if base in families and index in at:
                return families[base][at[index]]
            case Delta(Symbol(left), Symbol(right)) if left in at and right in at:
                return ONE if at[left] == at[right] else ZERO
            case Sum(body, index, None, None, None):
                terms = tuple(visit(body, {**at, index: k}) for k in range(size))
                return terms[0] if size == 1 else Add(terms)  # type: ignore[arg-type]
            case _:
                return rebuild(node, lambda part: visit(part, at))

    found = visit(expr, at)
    assert isinstance(found, Expr)
    return found


def conditions_at(loss: Loss, output: Expr, target: Expr) -> tuple[Condition, ...]:
    """What the loss needs of an output and its target."""
    if loss.entry.vector:
        parts: dict[Expr, Expr] = {
            Indexed(base, (Symbol("k"),)): put
            for base, put in ((loss.entry.prediction[0], output), ("y", target))
        }
    else:
        parts = {loss.entry.variable: output, Symbol("y"): target}
    conditions = loss.entry.domain.conditions
    return tuple(replace(_constants_in(c, loss.constants), parts) for c in conditions)


def _constants_in(condition: Condition, constants: Constants) -> Condition:
    return replace(condition, {read(name): value for name, value in constants})
