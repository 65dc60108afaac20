"""What a mistake is: a code, a name, the rule that was meant, and the mal-rule that people follow instead.

The docstring of a mal-rule is the mistake's page: what it is and why it happens; the decorator adds an example,
wrong and right, that the checker itself verifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc
from typing import Any, TypeVar

from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.expr import Apply, Derivative, Expr, Node
from gradbook.symbolic.printing import to_text
from gradbook.symbolic.tidy import tidy


class Family(Enum):
    """What a mistake is made with."""

    DERIVATIVE = "differentiation"
    EXPRESSION = "expressions"
    BRANCH = "case distinctions"
    NUMBER = "numbers"


@dataclass(frozen=True, slots=True)
class Example:
    """A definition, a line with the mistake, and the line as it should be; each a formula in LaTeX."""

    given: str
    wrong: str
    right: str


@dataclass(frozen=True)
class Mistake:
    """A known way to go wrong.

    ``cost`` orders mistakes that explain the same line: the cheaper one is the simpler explanation.
    """

    code: str
    name: str
    meant: str
    family: Family
    example: Example
    cost: float
    malrule: Callable[..., Any]

    @property
    def page(self) -> str:
        """What it is and why it happens, in Markdown."""
        return cleandoc(self.malrule.__doc__ or "")

    def __hash__(self) -> int:
        return hash(self.code)


#: All mistakes by code.
MISTAKES: dict[str, Mistake] = {}

_Rule = TypeVar("_Rule", bound=Callable[..., Any])


def mistake(
    code: str,
    name: str,
    *,
    meant: str,
    family: Family,
    example: tuple[str, str, str],
    cost: float = 1.0,
) -> Callable[[_Rule], _Rule]:
    """Enters a mal-rule as a mistake."""

    def enter(malrule: _Rule) -> _Rule:
        entry = Mistake(code, name, meant, family, Example(*example), cost, malrule)
        known = MISTAKES.setdefault(code, entry)
        if known.name != name:
            raise ValueError(
                f"the code {code} is taken by {known.name!r}; expected one of its own for {name!r}"
            )
        return malrule

    return enter


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake made at one place: in words, with the trees that the words are about.

    ``place`` is the part of the written line where it shows, ``mended`` what should stand there.

    >>> from gradbook.symbolic.expr import Symbol
    >>> Slip("E106", "the factor {} is missing", (Symbol("x"),)).sentence()
    'the factor x is missing'
    """

    code: str
    words: str
    parts: tuple[Node, ...] = ()
    place: Expr | None = None
    mended: Expr | None = None
    #: Added to the cost of the mistake, where it is less likely than usual.
    extra: float = 0.0

    @property
    def mistake(self) -> Mistake:
        """The mistake that was made."""
        return MISTAKES[self.code]

    @property
    def cost(self) -> float:
        """How far-fetched it is."""
        return self.mistake.cost + self.extra

    def sentence(self, spell: Callable[[Node], str] = to_text) -> str:
        """The words with the trees spelled out, derivatives worked out."""
        return self.words.format(*(spell(_worked(p)) for p in self.parts))


def _worked(part: Node) -> Node:
    if isinstance(part, Derivative) and not isinstance(part.body, Apply):
        try:
            return tidy(expand_derivatives(part))
        except (NotDifferentiable, BoundHit):
            return part
    return part


def each(family: Family) -> Iterator[Mistake]:
    """The mistakes of a family, by code."""
    return (m for m in MISTAKES.values() if m.family is family)
