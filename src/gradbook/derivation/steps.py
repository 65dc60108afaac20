"""What a derivation is: a definition, the steps from its derivative to the result, and where it does not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import Apply, Condition, Derivative, Expr, Indexed, Symbol
from gradbook.symbolic.outcomes import Outcome


class Detail(Enum):
    """How small the steps are."""

    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Definition:
    r"""A function with its formula: ``f(x) = body``; an index makes it a component, ``s_i = body``.

    >>> Definition("f", (Symbol("x"),), Symbol("x")).head
    Apply(name='f', args=(Symbol(name='x'),), orders=())
    """

    name: str
    parameters: tuple[Expr, ...]
    body: Expr
    indices: tuple[Expr, ...] = ()

    @property
    def head(self) -> Expr:
        """What stands left of the equals sign."""
        if self.indices:
            return Indexed(self.name, self.indices)
        return Apply(self.name, self.parameters) if self.parameters else Symbol(self.name)

    @property
    def bare(self) -> Expr:
        """The name without its parameters, as it stands in a quotient of differentials."""
        return Indexed(self.name, self.indices) if self.indices else Symbol(self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """One rewriting: the rules that allow it, both sides, and what the checker says of their equality.

    ``identity`` is the equation that a step of algebra rests on, if it rests on one.
    """

    rules: tuple[str, ...]
    before: Expr
    after: Expr
    outcome: Outcome
    identity: tuple[Expr, Expr] | None = None


class KinkKind(Enum):
    """What happens at a point where there is no derivative."""

    CORNER = "corner"
    JUMP = "jump"
    VERTICAL = "vertical tangent"


@dataclass(frozen=True, slots=True)
class Kink:
    """A place without a derivative: where, and the slopes on both sides.

    For a corner ``left`` and ``right`` span the subdifferential (Clarke's, which for a convex function is
    the usual one): every number between them.
    """

    kind: KinkKind
    where: Condition
    left: Expr | None = None
    right: Expr | None = None


@dataclass(frozen=True)
class Derivation:
    """A derivative, worked out: what was asked, each step, the result, and where it does not hold."""

    definition: Definition
    #: What it is differentiated by, first to last: once for each derivative.
    wrts: tuple[Expr, ...]
    steps: tuple[Step, ...]
    kinks: tuple[Kink, ...] = ()
    domain: Domain = field(default_factory=Domain)
    conditions: tuple[Condition, ...] = ()
    note: str = ""
    #: Another name under which the same thing is told, such as that of the catalogue.
    title: str = ""
    variant: str = "d"

    @property
    def order(self) -> int:
        """How many times it is differentiated."""
        return len(self.wrts)

    @property
    def asked(self) -> Expr:
        """The derivative that was asked for."""
        return pending(self.definition.body, self.wrts, self.variant)

    @property
    def left(self) -> Expr:
        """The derivative as it is named: of the function, not of its formula."""
        return pending(self.definition.head, self.wrts, self.variant)

    @property
    def result(self) -> Expr:
        """The derivative, worked out."""
        return self.steps[-1].after if self.steps else self.asked

    @property
    def proved(self) -> bool:
        """Whether the checker proved every step."""
        return all(step.outcome is Outcome.PROVED for step in self.steps)

    def to(self, form: str) -> str:
        """The derivation written in a format: text, markdown, latex, html or json."""
        from gradbook.derivation.formats import write

        return write([self], form)

    def _repr_latex_(self) -> str:
        from gradbook.derivation.formats.latex import chain

        return f"$$\n{chain(self)}\n$$"

    def _repr_html_(self) -> str:
        from gradbook.derivation.formats.html import fragment

        return fragment([self])

    def __str__(self) -> str:
        return self.to("text")


def pending(state: Expr, wrts: tuple[Expr, ...], variant: str) -> Expr:
    """The derivatives of a state that are still to be taken, equal neighbours written as one of higher order.

    >>> x = Symbol("x")
    >>> pending(x, (x, x), "d").order
    2
    """
    for wrt in wrts:
        if isinstance(state, Derivative) and state.wrt == wrt and state.variant == variant:
            state = Derivative(state.body, wrt, state.order + 1, variant)
        else:
            state = Derivative(state, wrt, 1, variant)
    return state
