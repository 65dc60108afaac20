r"""The calculation itself, line by line: forward, loss, backward, update, and the loss after it.

Each quantity is worked out from the exact values of those before it; what is printed is rounded, and never goes
into a calculation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gradbook.network.functions import ARGUMENT, Activation, conditions_at
from gradbook.network.lines import Detail, Line, LineKind, Section, partial
from gradbook.network.network import Batch, Layer, Network, NetworkError, Parameter, Sample
from gradbook.network.optimisers import Updates, symbols
from gradbook.network.values import TooCoarse, Value, Values
from gradbook.symbolic.evaluate import Overlap, Undefined
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Apply,
    Cases,
    Derivative,
    Div,
    Expr,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Symbol,
    free_symbols,
    number,
    rebuild,
    walk,
)
from gradbook.symbolic.printing import to_text

#: Bits of the enclosures: at first, and at most.
_PRECISION, _MOST_PRECISION = 256, 4_096
#: Numbers that formulas hold, which a rounded value must not look like.
_PLAIN_NUMBERS = frozenset(Fraction(k) for k in range(11)) | {Fraction(1, 2)}


class Calculation:
    """All values of a network over some steps, and the lines that lead to them."""

    def __init__(self, network: Network, *, steps: int, digits: int, detail: Detail) -> None:
        self.network = network
        self.steps = steps
        self.digits = digits
        self.detail = detail
        self.names = network.names(steps)
        self.sections: list[Section] = []
        self.values = Values()
        self._section = Section("")

    def run(self) -> None:
        """Work everything out, with enclosures as narrow as the rounding of every number asks for.

        Raises:
            NetworkError: something has no value, or no derivative, at the given numbers.
        """
        precision = _PRECISION + 8 * self.digits
        while True:
            try:
                self._run(precision)
            except TooCoarse:
                precision *= 2
                if precision > _MOST_PRECISION:
                    raise NetworkError(
                        f"a value cannot be rounded to {self.digits} digits; try another number of digits"
                    ) from None
            else:
                return

    def named_values(self) -> dict[str, Value]:
        """Every quantity by its name in LaTeX."""
        found: dict[str, Value] = {}
        for name, value in self.values.items():
            match name:
                case Symbol(text) if not text.startswith("#"):
                    found[text] = value
                case Derivative(Symbol(of), Symbol(by)):
                    found[rf"\frac{{\partial {of}}}{{\partial {by}}}"] = value
                case _:
                    pass
        return found

    def _run(self, precision: int) -> None:
        self.sections = []
        given = frozenset(abs(n.value) for n in self._given_numbers())
        self.values = Values(precision, self.digits, given | _PLAIN_NUMBERS)
        self._given()
        self._functions()
        updates = Updates(self.network.optimiser, self.names, self._line)
        for step in range(self.steps):
            depth = 2
            if self.steps > 1:
                self._open(f"Step {step + 1}")
                depth = 3
            self._forward(step, depth)
            self._loss(step, depth)
            self._backward(step, depth)
            self._open("Update", depth, self._update_words(step))
            for parameter in self._trained():
                updates.work(parameter, step)
        after = "after the update" if self.steps == 1 else f"after step {self.steps}"
        self._open(f"The loss {after}")
        self._forward(self.steps, 3)
        self._loss(self.steps, 3)

    # --- lines ----------------------------------------------------------------------------------

    def _open(self, title: str, depth: int = 2, words: str = "") -> None:
        self._section = Section(title, depth, words)
        self.sections.append(self._section)

    def _line(
        self,
        kind: LineKind,
        name: Expr,
        *formulas: Expr,
        put_in: Expr | None = None,
        by: Expr | None = None,
        also: Expr | None = None,
        shown: bool = True,
    ) -> Value:
        """Work a quantity out from the last formula (or from ``by``, which says the same) and tell how.

        ``also`` is another name for it. ``put_in`` is what stands between formula and value, if it is not
        the last formula with its numbers.
        """
        formula = formulas[-1]
        try:
            value = self.values.of(formula if by is None else by)
            if value.is_nothing:
                # What is nothing to so many digits is: parts that cancel, such as those of equal units.
                value = Value(Fraction(0), value.enclosure * 0)
        except (Undefined, Overlap) as reason:
            raise NetworkError(self._no_value(name, reason)) from None
        self.values[name] = value
        if also is not None:
            self.values[also] = value
        if shown:
            last = self.values.shown(name)
            # A delta says what it is the derivative of in a short sheet too: what follows rests on that.
            whole = self.detail is Detail.FULL or kind is LineKind.DELTA
            sides = [name, *(formulas if whole else formulas[-1:])]
            if self.detail is Detail.FULL:
                sides.append(self._numbers_in(formula) if put_in is None else put_in)
            sides = _without_repeats([*sides, last])
            if sides[-1] != last:
                sides.append(last)
            self._section.lines.append(Line(kind, tuple(sides), value, hint=min(len(formulas) + 1, 2)))
        return value

    def _numbers_in(self, formula: Expr) -> Expr:
        return self.values.put_in(self._decided(formula))

    def _branch_in(self, name: Expr, formula: Expr) -> Expr:
        """The formula with its numbers; a kink is told of by the name of what has no value there."""
        try:
            return self._numbers_in(formula)
        except Undefined as reason:
            raise NetworkError(self._no_value(name, reason)) from None

    def _decided(self, formula: Expr) -> Expr:
        """The formula with the branch that holds in the place of each case distinction."""

        def visit(node: Node) -> Node:
            if isinstance(node, Cases):
                return visit(self.values.branch(node))
            return rebuild(node, visit)

        found = visit(formula) if any(isinstance(n, Cases) for n in walk(formula)) else formula
        assert isinstance(found, Expr)
        return found

    def _no_value(self, name: Expr, reason: Exception) -> str:
        what = f"{to_text(name)} has no value at these numbers ({reason})"
        if "kink" in str(reason) or "seam" in str(reason):
            what = f"{to_text(name)} lies on a kink at these numbers, where there is no derivative"
        return f"{what}; change a weight, an input or a target"

    # --- what is given --------------------------------------------------------------------------

    def _given_numbers(self) -> Iterator[Number]:
        network = self.network
        for sample in network.samples:
            yield from (*sample.inputs, *sample.targets)
        yield from (p.start for p in network.parameters())
        yield from symbols(network.optimiser).values()
        for layer in network.layers:
            yield from (value for _, value in layer.activation.constants)
        yield from (value for _, value in network.loss.constants)

    def _given(self) -> None:
        network, names = self.network, self.names
        self._open("Given", words=self._given_words())
        for s, sample in enumerate(network.samples, 1):
            for k, value in enumerate(sample.inputs, 1):
                self._give(names.input(k, s), value)
            for k, value in enumerate(sample.targets, 1):
                self._give(names.target(k, s), value)
        for parameter in network.parameters():
            self._give(parameter.name(names), parameter.start)
        for symbol, value in symbols(network.optimiser).items():
            self._give(symbol, value)

    def _give(self, name: Expr, written: Number) -> None:
        self.values.give(name, written)
        self._section.lines.append(Line(LineKind.GIVEN, (name, written), self.values[name]))

    def _given_words(self) -> str:
        network = self.network
        hidden = [str(size) for size in network.sizes[1:-1]]
        words = (
            f"A network with {_counted(network.sizes[0], 'input')}, "
            + (f"{' and '.join(hidden)} hidden units, " if hidden else "")
            + f"and {_counted(network.sizes[-1], 'output')}. "
        )
        if len(network.samples) > 1:
            how = "the mean" if network.batch is Batch.MEAN else "the sum"
            words += f"The loss is {how} of the losses of {len(network.samples)} samples. "
        return (
            words + f"Numbers are shown to {self.digits} digits; none of them is rounded before it is used."
        )

    def _functions(self) -> None:
        """The definition of each function of the sheet, and its derivative."""
        found = dict.fromkeys(layer.activation for layer in self.network.layers)
        found = [a for a in found if not a.is_identity and not a.is_vector]
        if not found:
            return
        self._open("Functions")
        z = ARGUMENT
        for activation in found:
            called = activation.called(z)
            body = activation.formula(z) if activation.has_macro else activation.short(z)
            self._section.lines.append(Line(LineKind.FUNCTION, (called, body)))
            slope = activation.derivative_formula(z, called)
            derivative = activation.derivative_called(z)
            self._section.lines.append(Line(LineKind.FUNCTION, (derivative, slope)))

    # --- forward --------------------------------------------------------------------------------

    def _samples(self, title: str, depth: int) -> Iterator[tuple[int, Sample]]:
        """The samples one by one, each under a heading if there are several."""
        several = len(self.network.samples) > 1
        for s, sample in enumerate(self.network.samples, 1):
            self._open(f"{title}, sample {self.names.sample(s)}" if several else title, depth)
            yield s, sample

    def _forward(self, step: int, depth: int) -> None:
        for s, _ in self._samples("Forward pass", depth):
            for k, layer in enumerate(self.network.layers, 1):
                self._layer(layer, k, s, step)

    def _parameter(self, layer: int, to: int, source: int | None, step: int) -> Expr:
        place = (layer, to, source)
        return Parameter(layer, to, source, ONE, place in self.network.fixed).name(self.names, step)

    def _layer(self, layer: Layer, k: int, s: int, step: int) -> None:
        names, activation = self.names, layer.activation
        units = range(1, len(layer.weights) + 1)
        nets = [names.net(k, j, s, step) for j in units]
        outputs = [names.output(k, j, s, step) for j in units]
        for j in units:
            terms: list[Expr] = [
                Mul((self._parameter(k, j, i, step), names.output(k - 1, i, s, step)))
                for i in range(1, len(layer.weights[0]) + 1)
            ]
            if layer.biases is not None:
                shared = isinstance(layer.biases, Number)
                terms.append(self._parameter(k, 1 if shared else j, None, step))
            self._line(LineKind.NET, nets[j - 1], _sum(terms))
            if not activation.is_vector:
                self._output(activation, nets[j - 1], outputs[j - 1])
        if activation.is_vector:
            total = names.total(k, s, step)
            self._line(LineKind.TOTAL, total, activation.total_formula(nets))
            for place, output in enumerate(outputs):
                self._line(LineKind.OUTPUT, output, activation.component(place, nets, total))

    def _output(self, activation: Activation, net: Expr, output: Expr) -> None:
        shown = self.values.shown(net)
        if activation.is_identity:
            put_in: Expr = shown
        elif activation.has_macro:
            put_in = (
                activation.formula(shown) if activation.entry.name == "sigmoid" else activation.called(shown)
            )
        else:
            put_in = activation.short(shown)
            if any(isinstance(n, Cases) for n in walk(put_in)):
                put_in = activation.called(shown)
        self._line(LineKind.OUTPUT, output, activation.called(net), by=activation.short(net), put_in=put_in)

    # --- loss -----------------------------------------------------------------------------------

    def _loss(self, step: int, depth: int) -> None:
        network, names = self.network, self.names
        self._open("Loss", depth)
        last = len(network.layers)
        several = len(network.samples) > 1
        for s, sample in enumerate(network.samples, 1):
            outputs = self._outputs(last, s, step)
            targets = self._targets(s)
            self._check_domain(outputs, targets)
            del sample
            self._line(LineKind.LOSS, names.sample_loss(s, step), network.loss.formula(outputs, targets))
        if several:
            parts = [names.sample_loss(s, step) for s in range(1, len(network.samples) + 1)]
            self._line(LineKind.LOSS, names.loss(step), self._of_batch(parts))
        if network.optimiser.l2_penalty is not None:
            squares: list[Expr] = [
                Pow(self._parameter(p.layer, p.to, p.source, step), TWO)
                for p in network.parameters()
                if p.source is not None
            ]
            penalty = Mul((Div(Symbol(r"\lambda"), TWO), _sum(squares)))
            self._line(LineKind.LOSS, names.objective(step), Add((names.loss(step), penalty)))

    def _outputs(self, layer: int, sample: int, step: int) -> list[Expr]:
        units = range(1, self.network.sizes[layer] + 1)
        return [self.names.output(layer, j, sample, step) for j in units]

    def _targets(self, sample: int) -> list[Expr]:
        return [self.names.target(j, sample) for j in range(1, self.network.sizes[-1] + 1)]

    def _of_batch(self, parts: Sequence[Expr]) -> Expr:
        """The sum or the mean of what each sample brings."""
        if len(parts) == 1:
            return parts[0]
        if self.network.batch is Batch.SUM:
            return _sum(list(parts))
        return Mul((Div(ONE, number(len(parts))), _sum(list(parts))))

    def _check_domain(self, outputs: Sequence[Expr], targets: Sequence[Expr]) -> None:
        for output, target in zip(outputs, targets, strict=True):
            for condition in conditions_at(self.network.loss, output, target):
                if not free_symbols(condition) & {output, target}:
                    continue
                try:
                    sound = self.values.holds(condition)
                except Undefined:
                    sound = False
                if not sound:
                    entry = self.network.loss.entry.name
                    at = self.values.put_in(output), self.values.put_in(target)
                    raise NetworkError(
                        f"loss: {entry} needs {to_text(condition)}, but {to_text(output)} = {to_text(at[0])} "
                        f"and {to_text(target)} = {to_text(at[1])}; choose another loss or other numbers"
                    )

    # --- backward -------------------------------------------------------------------------------

    def _backward(self, step: int, depth: int) -> None:
        for s, sample in self._samples("Backward pass", depth):
            for k in range(len(self.network.layers), 0, -1):
                self._deltas(k, s, sample, step)
        self._open("Gradients", depth, self._gradient_words())
        for parameter in self._trained():
            self._gradient(parameter, step)

    def _gradient_words(self) -> str:
        fixed = len(self.network.parameters()) - len(self._trained())
        return f"{_counted(fixed, 'parameter')} stay as they are, and need none." if fixed else ""

    def _trained(self) -> list[Parameter]:
        return [p for p in self.network.parameters() if not p.fixed]

    def _deltas(self, k: int, s: int, sample: Sample, step: int) -> None:
        """The deltas of a layer: those of the last from the loss, the others from the layer after them."""
        names, network = self.names, self.network
        activation = network.layers[k - 1].activation
        full = self.detail is Detail.FULL
        loss = names.sample_loss(s, step)
        units = range(1, network.sizes[k] + 1)
        nets = [names.net(k, j, s, step) for j in units]
        outputs = self._outputs(k, s, step)
        deltas = [names.delta(k, j, s, step) for j in units]
        last = k == len(network.layers)
        if last:
            targets = self._targets(s)
            together = network.loss.with_activation(
                activation, nets, outputs, targets, network.one_hot(sample)
            )
            if together is not None:
                for delta, net, slope in zip(deltas, nets, together, strict=True):
                    self._line(LineKind.DELTA, delta, partial(loss, net), slope, also=partial(loss, net))
                return
            inner = list(network.loss.slopes(outputs, targets))
        else:
            inner = [
                _sum([
                    Mul((self._parameter(k + 1, i, j, step), names.delta(k + 1, i, s, step)))
                    for i in range(1, network.sizes[k + 1] + 1)
                ])
                for j in units
            ]  # fmt: skip
        by_output = [partial(loss, output) for output in outputs]
        for name, slope in zip(by_output, inner, strict=True):
            self._line(LineKind.SLOPE, name, slope, shown=full)
        if activation.is_vector:
            total = names.total(k, s, step)
            for j, delta in enumerate(deltas):
                column = [activation.jacobian_entry(i, j, nets, outputs, total) for i in range(len(outputs))]
                chain = _sum([_product(a, b) for a, b in zip(by_output, column, strict=True)])
                self._line(LineKind.DELTA, delta, partial(loss, nets[j]), chain, also=partial(loss, nets[j]))
            return
        for j, delta in enumerate(deltas):
            slope, called = self._slope(activation, nets[j], outputs[j], shown=full)
            by_net = partial(loss, nets[j])
            if full:
                chain = by_output[j] if activation.is_identity else Mul((by_output[j], slope))
            else:
                chain = _product(inner[j], called)
            self._line(LineKind.DELTA, delta, by_net, chain, also=by_net)

    def _slope(self, activation: Activation, net: Expr, output: Expr, *, shown: bool) -> tuple[Expr, Expr]:
        """The derivative of an output by its pre-activation: as a quotient, and as a formula."""
        quotient = partial(output, net)
        if activation.is_identity:
            return ONE, ONE
        formula = activation.slope(net, output)
        exact = activation.derivative_formula(net, output)
        by_name = isinstance(formula, Apply) or formula not in (exact,)
        self._line(
            LineKind.SLOPE,
            quotient,
            formula,
            by=exact,
            put_in=self._branch_in(quotient, exact) if by_name else None,
            also=formula if by_name else None,
            shown=shown,
        )
        return quotient, formula

    def _gradient(self, parameter: Parameter, step: int) -> None:
        names, network = self.names, self.network
        name = parameter.name(names, step)
        k = parameter.layer
        shared = parameter.source is None and isinstance(network.layers[k - 1].biases, Number)
        units = range(1, network.sizes[k] + 1) if shared else (parameter.to,)
        quotients: list[Expr] = []
        formulas: list[Expr] = []
        for s in range(1, len(network.samples) + 1):
            loss = names.sample_loss(s, step)
            chains: list[Expr] = []
            products: list[Expr] = []
            for j in units:
                net, delta = names.net(k, j, s, step), names.delta(k, j, s, step)
                chains.append(Mul((partial(loss, net), partial(net, name))))
                if parameter.source is None:
                    products.append(delta)
                else:
                    products.append(Mul((delta, names.output(k - 1, parameter.source, s, step))))
            quotients.append(_sum(chains))
            formulas.append(_sum(products))
        gradient = partial(names.loss(step), name)
        self._line(LineKind.GRADIENT, gradient, self._of_batch(quotients), self._of_batch(formulas))
        if network.optimiser.l2_penalty is not None and parameter.source is not None:
            whole = partial(names.objective(step), name)
            self._line(LineKind.GRADIENT, whole, Add((gradient, Mul((Symbol(r"\lambda"), name)))))

    def _update_words(self, step: int) -> str:
        optimiser = self.network.optimiser
        words = {
            "gradient-descent": "",
            "momentum": "Velocities are 0 at the start. ",
            "adam": "Both moments are 0 at the start. ",
        }[optimiser.method.value]
        words = words if step == 0 else ""
        if optimiser.weight_decay is not None:
            words += "Weights, but not biases, also decay by themselves."
        return words.strip()


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" + ("s" if count != 1 else "")


def _sum(terms: Sequence[Expr]) -> Expr:
    flat: list[Expr] = []
    for term in terms:
        flat += term.terms if isinstance(term, Add) else (term,)
    return flat[0] if len(flat) == 1 else Add(tuple(flat))


def _product(a: Expr, b: Expr) -> Expr:
    """A product without factors of one, signs in front."""
    if b == ONE:
        return a
    match a, b:
        case Neg(inner), _:
            return Neg(_product(inner, b))
        case _, Neg(inner):
            return Neg(_product(a, inner))
        case _:
            left = a.factors if isinstance(a, Mul) else (a,)
            right = b.factors if isinstance(b, Mul) else (b,)
            return Mul((*left, *right))


def _without_repeats(sides: Sequence[Expr]) -> list[Expr]:
    found: list[Expr] = []
    for side in sides:
        if not found or side != found[-1]:
            found.append(side)
    return found
