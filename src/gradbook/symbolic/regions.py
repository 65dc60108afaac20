"""What a normal form is worked out under: facts of the whole decision, and one cell of the domain.

And what working it out may end with instead of a form: a question, or the reason why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.symbolic.expr import Expr, Number, Symbol
from gradbook.symbolic.generators import Generators, PolyKey

#: What stands in an exponent or an angle, up to a rational factor: two polynomials, the first a monomial.
Place = tuple[PolyKey, PolyKey]


class NeedSign(Exception):
    """The sign of an irreducible polynomial is needed; ``factor`` is its key."""

    def __init__(self, factor: PolyKey) -> None:
        super().__init__("a sign is needed")
        self.factor = factor


class NeedEqual(Exception):
    """Whether a free index is the same as another, or as a number, is needed."""

    def __init__(self, left: Symbol, right: Symbol | Number) -> None:
        super().__init__("are two indices equal?")
        self.left = left
        self.right = right


class OutsideDomain(Exception):
    """The tree has no value anywhere in the region."""


class NoBranch(Exception):
    """No branch of a case distinction holds in the region."""


class BranchesDiffer(Exception):
    """Two branches hold in the region and have different normal forms."""


class NotNormal(Exception):
    """The tree holds something that has no normal form; the message names it."""


class Restart(Exception):
    """A finer root or exponential is needed, or more generators; start again."""


@dataclass
class Facts:
    """What holds throughout one decision, and what was learnt while normalising."""

    generators: Generators = field(default_factory=Generators)
    #: Symbols, ``("sym", name)``, and components, ``("comp", base)``, that are not negative.
    positive: frozenset[tuple[str, str]] = frozenset()
    #: The same of what is never zero.
    nonzero: frozenset[tuple[str, str]] = frozenset()
    #: Names of symbols and components that are integers.
    integers: frozenset[str] = frozenset()
    #: Names of symbols and components that take few values, such as labels in {-1, 1}.
    choices: dict[str, tuple[Fraction, ...]] = field(default_factory=dict[str, tuple[Fraction, ...]])
    #: Generators that an assumption of the document equates with a polynomial (``\\sum_k y_k = 1``).
    assumed: dict[int, PolyKey] = field(default_factory=dict[int, PolyKey])
    #: Exponentials of what has the shape of a place (monomial, denominator) are powers of exp of this
    #: multiple of it.
    exp_units: dict[Place, Fraction] = field(default_factory=dict[Place, Fraction])
    #: The same for sine and cosine.
    trig_units: dict[Place, Fraction] = field(default_factory=dict[Place, Fraction])
    #: Roots of what has a shape are powers of the root of this degree.
    degrees: dict[PolyKey, int] = field(default_factory=dict[PolyKey, int])
    #: Names that stand in index places, and where these start to count.
    indices: frozenset[str] = frozenset()
    first_index: Fraction = Fraction(1)
    #: How many generators there is room for.
    width: int = 8


@dataclass(frozen=True)
class Region:
    """A cell of the domain: signs of polynomials, and pairs of indices that differ."""

    signs: dict[PolyKey, int] = field(default_factory=dict[PolyKey, int])
    unequal: frozenset[frozenset[Expr]] = frozenset()

    def with_sign(self, factor: PolyKey, sign: int) -> Region:
        """The part of the region where a polynomial has a sign."""
        return Region({**self.signs, factor: sign}, self.unequal)

    def with_unequal(self, left: Expr, right: Expr) -> Region:
        """The part of the region where two indices differ."""
        return Region(self.signs, self.unequal | {frozenset((left, right))})
