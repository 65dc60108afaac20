"""Working a derivative out, step by step, each step decided by the checker as it is made.

>>> from gradbook.symbolic.expr import Add, ONE
>>> from gradbook.derivation.steps import Definition
>>> from gradbook.symbolic import to_text
>>> x = Symbol("x")
>>> done = work_out(Definition("f", (x,), Func("log", (Add((ONE, Func("exp", (x,)))),))), x)
>>> [(step.rules, to_text(step.after)) for step in done.steps]  # doctest: +NORMALIZE_WHITESPACE
[(('logarithm',), '(1/(1 + exp(x)))·(d/dx[exp(x)])'), (('exponential',), '(1/(1 + exp(x)))·exp(x)'),
 (('simplify',), 'exp(x)/(1 + exp(x))'), (('sigmoid',), 'σ(x)')]
>>> done.proved
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from gradbook.derivation.algebra import simplify, with_decimals
from gradbook.derivation.conditions import needed
from gradbook.derivation.deltas import collapsed, totals_used
from gradbook.derivation.familiar import familiar
from gradbook.derivation.kinks import kinks
from gradbook.derivation.rules import Rule, rewrite
from gradbook.derivation.steps import Definition, Derivation, Detail, Step, pending
from gradbook.symbolic.bounds import MAX_NODES, BoundHit, Clock
from gradbook.symbolic.components import componentwise
from gradbook.symbolic.decide import decide, decide_order, differences
from gradbook.symbolic.derivative import NotDifferentiable
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    Apply,
    Condition,
    Derivative,
    Expr,
    Func,
    Indexed,
    Node,
    Number,
    Op,
    Product,
    Relation,
    Sum,
    Symbol,
    free_names,
    free_symbols,
    rebuild,
    replace,
    substitute,
    tree_size,
    walk,
)
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.printing import to_text
from gradbook.symbolic.ranks import Rank
from gradbook.symbolic.search import NO_POINT
from gradbook.symbolic.tidy import tidy


class NeverDefined(ValueError):
    """The formula has a value nowhere."""


#: Steps of algebra, which are taken only if they are proved.
_TOTALS = "components that add up to one"
_OPTIONAL = frozenset({"simplify", "Kronecker delta", _TOTALS})

#: Most steps of one derivation.
_MAX_STEPS = 400


def work_out(
    definition: Definition,
    wrt: Expr | Sequence[Expr],
    *,
    detail: Detail = Detail.SHORT,
    domain: Domain | None = None,
    vectors: Sequence[str] = (),
    title: str = "",
    note: str = "",
) -> Derivation:
    """The derivative of a definition by one quantity, or by several one after the other.

    ``vectors`` names what is a vector; the variable is one of them, and the result is the gradient.

    Raises:
        BoundHit: the derivative grows too large.
        NeverDefined: the formula has a value nowhere, such as the logarithm of a negative number.
        NotDifferentiable: a part has no derivative rule, or is no number.
    """
    wrts = (wrt,) if isinstance(wrt, Expr) else tuple(wrt)
    if not wrts:
        raise ValueError("nothing to differentiate by; one quantity or more is expected")
    several = len(free_symbols(definition.body) | {*wrts}) > 1 or len(definition.parameters) > 1
    variant = "nabla" if vectors else "partial" if several or definition.indices else "d"
    told = domain or Domain()
    conditions = needed(definition.body)
    body = definition.body
    if not vectors:
        _reject_nowhere(body, conditions, told, "it")
    steps: list[Step] = []
    for done, variable in enumerate(wrts):
        worker = _Working(definition, variable, variant, detail, told, wrts[done + 1 :], len(wrts) == 1)
        worker.vectors = dict.fromkeys(vectors, Rank.VECTOR)
        body = worker.work(body, steps)
    if not vectors:
        _reject_nowhere(_formula(body, definition), conditions, told, "its derivative")
    return Derivation(
        definition,
        wrts,
        tuple(steps),
        kinks(definition.body, wrts[0], told) if len(wrts) == 1 and not vectors else (),
        told,
        conditions,
        note,
        title,
        variant,
    )


_OPPOSITE = {Op.GT: Op.LE, Op.GE: Op.LT, Op.LT: Op.GE, Op.LE: Op.GT}


def _reject_nowhere(body: Expr, conditions: tuple[Condition, ...], domain: Domain, what: str) -> None:
    """Raise if no point is found where the formula has a value; of a sum over an index, where its parts have one."""
    if not conditions or decide(body, body, domain, clock=Clock(1.0)).reason != NO_POINT:
        return
    for condition in conditions:
        assert isinstance(condition, Relation)
        opposite = _OPPOSITE[condition.op]
        found = decide_order(condition.left, opposite, condition.right, domain, clock=Clock(1.0))
        if found.outcome is not Outcome.REFUTED:
            raise NeverDefined(f"{what} has a value nowhere: {to_text(condition)} never holds")
    if not any(isinstance(n, Sum) for n in walk(body)):
        told = " and ".join(map(to_text, conditions))
        raise NeverDefined(f"{what} has a value nowhere: no point was found for {told}")


class _Working:
    """One differentiation, inside those by ``later``."""

    def __init__(
        self,
        definition: Definition,
        wrt: Expr,
        variant: str,
        detail: Detail,
        domain: Domain,
        later: tuple[Expr, ...],
        alone: bool,
    ) -> None:
        self.definition = definition
        self.wrt = wrt
        self.variant = variant
        self.detail = detail
        self.domain = domain
        self.later = later
        self.alone = alone
        self.vectors: dict[str, Rank] = {}
        self.used: list[Rule] = []

    def work(self, body: Expr, steps: list[Step]) -> Expr:
        """Add the steps of differentiating ``body``; what comes out of it."""
        state: Expr = Derivative(body, self.wrt, 1, self.variant)
        while (after := self._next(state)) is not None:
            names = tuple(dict.fromkeys(rule.name for rule in self.used if self._told(rule)))
            self._append(steps, names or ("basic rules",), state, after)
            state = after
            if len(steps) > _MAX_STEPS or tree_size(state) > MAX_NODES:
                raise BoundHit("the size of a derivative")
        for name, change in (
            ("Kronecker delta", collapsed),
            ("simplify", simplify),
            (_TOTALS, self._totals_used),
        ):
            after = change(state)
            if after != state and self._append(steps, (name,), state, after):
                state = after
                if name == _TOTALS and (after := simplify(state)) != state:
                    state = after if self._append(steps, ("simplify",), state, after) else state
        for name, after, identity in familiar(state, self.definition, itself=self.alone):
            if self._append(steps, (name,), state, after, identity):
                state = after
        return state

    def _totals_used(self, state: Expr) -> Expr:
        return totals_used(state, self.domain.simplex)

    def _told(self, rule: Rule) -> bool:
        return not rule.trivial or self.detail is Detail.FULL or all(r.trivial for r in self.used)

    def _append(
        self,
        steps: list[Step],
        names: tuple[str, ...],
        before: Expr,
        after: Expr,
        identity: tuple[Expr, Expr] | None = None,
    ) -> bool:
        """Decide the step and keep it; what is not a step of calculus has to be proved, or it is not taken."""
        outcome = self._decided(
            _formula(before, self.definition), _formula(after, self.definition), Clock(2.0)
        )
        optional = identity is not None or names[0] in _OPTIONAL
        if optional and outcome is not Outcome.PROVED:
            return False
        steps.append(Step(names, self._under(before), self._under(after), outcome, identity))
        return True

    def _decided(self, before: Expr, after: Expr, clock: Clock) -> Outcome:
        """Whether two states are equal: that the parts in which they differ are is enough, and quicker to decide."""
        if self.vectors:
            return self._decided_by_component(before, after, clock)
        pairs = [_abstracted(a, b) for a, b in differences(before, after)]
        if pairs != [(before, after)]:
            sound = (decide(a, b, self.domain, clock=clock).outcome for a, b in pairs)
            if all(outcome is Outcome.PROVED for outcome in sound):
                return Outcome.PROVED
        return decide(before, after, self.domain, clock=clock).outcome

    def _decided_by_component(self, before: Expr, after: Expr, clock: Clock) -> Outcome:
        equations = componentwise(before, after, self.vectors)
        return decide(equations[0].left, equations[0].right, self.domain, clock=clock).outcome

    def _under(self, state: Expr) -> Expr:
        """The state inside the derivatives that are still to be taken of it."""
        return pending(state, self.later, self.variant)

    # --- one line --------------------------------------------------------------------------------

    def _next(self, state: Expr) -> Expr | None:
        """The state after one more line; None if no derivative is left that a rule applies to."""
        self.used = []
        if self.detail is Detail.FULL:
            after = self._first(state)
        else:
            after = tidy(cast(Expr, self._everywhere(state)))
            if any(isinstance(n, Number) and n.decimals for n in walk(state)):
                after = with_decimals(after)
        return after if self.used else None

    def _first(self, node: Expr) -> Expr:
        """The leftmost derivative rewritten once."""

        def visit(part: Node) -> Node:
            if self.used:
                return part
            if isinstance(part, Derivative):
                found = _rewritten(part)
                if found is None:
                    return part
                self.used.append(found[0])
                return _ends_taken(found[1])
            return _rebuilt(part, visit)

        return cast(Expr, visit(node))

    def _everywhere(self, node: Node) -> Node:
        """Every derivative rewritten by one rule that is worth a line, and those that are not."""
        if isinstance(node, Derivative):
            return self._line(node, spent=False)
        return _rebuilt(node, self._everywhere)

    def _line(self, node: Derivative, *, spent: bool) -> Expr:
        found = _rewritten(node)
        if found is None:
            return node
        rule, after = found
        if spent and not rule.trivial:
            return node
        self.used.append(rule)
        spent = spent or not rule.trivial

        def visit(part: Node) -> Node:
            if isinstance(part, Derivative):
                return self._line(part, spent=spent)
            return _rebuilt(part, visit)

        return cast(Expr, visit(after))


def _ends_taken(node: Node) -> Node:
    """Derivatives of constants and of the variable itself, which nobody writes down, taken."""
    if isinstance(node, Derivative):
        found = rewrite(node)
        return found[1] if found is not None and found[0].name in ("constant", "variable") else node
    return _rebuilt(node, _ends_taken)


def _rewritten(node: Derivative) -> tuple[Rule, Expr] | None:
    """What a rule makes of a derivative; None for a derivative of an unknown function, which stays."""
    found = rewrite(node)
    if found is None and not isinstance(node.body, Apply):
        raise NotDifferentiable(f"no derivative rule for {_kind(node.body)}")
    return found


def _rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Conditions hold no derivatives that are to be taken."""
    return node if isinstance(node, Condition) else rebuild(node, change)


def _abstracted(before: Expr, after: Expr) -> tuple[Expr, Expr]:
    """Both states with what is still to be differentiated as an unknown function of the variable.

    What holds for every function holds for this one, and is decided without working it out. An index that a
    sum binds around it is an argument too.
    """
    left = [
        n
        for n in walk(after)
        if isinstance(n, Derivative) and not isinstance(n.body, Symbol | Apply | Indexed)
    ]
    bound = {n.index for side in (before, after) for n in walk(side) if isinstance(n, Sum | Product)}
    for k, node in enumerate(sorted(left, key=lambda n: -tree_size(n.body))):
        indices = sorted(bound & free_names(node.body))
        unknown = Apply(f"\0u{k}", (node.wrt, *(Symbol(i) for i in indices)))
        before, after = (replace(side, {node.body: unknown}) for side in (before, after))
    return before, after


def _formula(side: Expr, of: Definition) -> Expr:
    """The function itself, where it is written by its name, by its formula."""
    if isinstance(of.head, Symbol) or not any(n == of.head or _is_component(n, of) for n in walk(side)):
        return side

    def visit(node: Node) -> Node:
        if node == of.head:
            return of.body
        if _is_component(node, of):
            assert isinstance(node, Indexed)
            return cast(Expr, substitute(of.body, dict(zip(of.indices, node.indices, strict=True))))
        return rebuild(node, visit)

    return cast(Expr, visit(side))


def _is_component(node: Node, of: Definition) -> bool:
    """Whether a node is a component of the function, at whatever index."""
    return isinstance(node, Indexed) and node.base == of.name and len(node.indices) == len(of.indices) > 0


def _kind(body: Expr) -> str:
    return body.name if isinstance(body, Func) else type(body).__name__
