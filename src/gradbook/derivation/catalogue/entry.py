"""What the catalogue keeps of a function: its formula and what a reader wants to know of it. No derivative."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from gradbook.derivation.steps import Definition
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import Expr, Func, Indexed, Symbol, free_symbols, replace, walk
from gradbook.symbolic.plain import read, read_condition


class Kind(Enum):
    """What a function is used for."""

    ACTIVATION = "activation"
    LOSS = "loss"
    PENALTY = "penalty"


@dataclass(frozen=True)
class Entry:
    r"""One function: a definition, its domain, its source, its usual names, and when it is used.

    ``formula`` is read as plain text. Of an activation it is a formula in ``x`` (a vector one: in the
    components ``x_i``), of a loss one of a prediction ``f`` (or ``p``, ``z``: ``prediction``) and a target
    ``y`` for one sample, of a penalty one of the weights ``w_j``. ``vector`` says that it is about all
    components at once. ``compact`` is the short name that the core knows for it, for use inside a larger
    formula. ``constants`` are the values that libraries take where nobody says otherwise.

    >>> from gradbook.derivation.catalogue import find
    >>> find("relu").title, find("relu").names
    ('ReLU', ('relu', 'rectifier', 'ramp'))
    """

    title: str
    names: tuple[str, ...]
    kind: Kind
    formula: str
    use: str
    source: str
    prediction: str = "x"
    vector: bool = False
    compact: str = ""
    constants: tuple[tuple[str, float], ...] = ()
    conditions: tuple[str, ...] = ()
    #: The formula in whole vectors, of a loss that has one.
    in_vectors: str = ""
    #: Bases whose components add up to one.
    simplex: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name by which a command line asks for it."""
        return self.names[0]

    @cached_property
    def body(self) -> Expr:
        """The formula as a tree."""
        return read(self.formula)

    @cached_property
    def variable(self) -> Expr:
        """What it is differentiated by, where nobody says otherwise."""
        return read(self.prediction)

    @cached_property
    def domain(self) -> Domain:
        """Where the formula is meant to hold."""
        return Domain(tuple(read_condition(c) for c in self.conditions), simplex=frozenset(self.simplex))

    @cached_property
    def definition(self) -> Definition:
        """The formula as a function of its variable; of a vector function, as its component."""
        match self.kind, self.vector:
            case Kind.ACTIVATION, True:
                return Definition("s", (), self.body, (Symbol("i"),))
            case Kind.ACTIVATION, False:
                return Definition("f", (self.variable,), self.body)
            case Kind.PENALTY, _:
                return Definition("R", (), self.body)
            case _, vector:
                variable = self.variable
                if isinstance(variable, Indexed) or vector:
                    return Definition("L", (), self.body)
                return Definition("L", (variable,), self.body)

    @property
    def vector_definition(self) -> tuple[Definition, Expr, tuple[str, ...]] | None:
        r"""The formula in whole vectors, its variable, and the names of the vectors in it, all in bold."""
        if not self.in_vectors:
            return None
        body = read(self.in_vectors)
        inside = {
            s
            for n in walk(body)
            if isinstance(n, Func) and n.name in ("norm", "dot")
            for s in free_symbols(n)
        }
        bold = {s: Symbol(rf"\mathbf{{{s.name}}}") for s in inside if isinstance(s, Symbol)}
        variable = bold[Symbol("f")]
        return Definition("J", (), replace(body, bold)), variable, tuple(s.name for s in bold.values())

    def at(self, argument: Expr) -> Expr:
        """The function of another argument, by the short name that the core knows if there is one.

        >>> from gradbook.derivation.catalogue import find
        >>> find("tanh").at(Symbol("z"))
        Func(name='tanh', args=(Symbol(name='z'),))
        """
        body = read(self.compact) if self.compact else self.body
        return replace(body, {self.variable: argument})
