"""What is known of names: by usage, in the tables here, and from the document, in :class:`Names`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from gradbook.document.tokens import Kind, Token
from gradbook.symbolic.expr import FUNCTIONS

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "pi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi "
    "Pi Sigma Upsilon Phi Psi Omega ell hbar Re Im aleph".split()
)
ACCENTS = frozenset("hat bar tilde check breve acute grave mathring ddot".split())

#: Functions with a macro of their own.
MACRO_FUNCTIONS = {
    "exp": "exp", "log": "log", "lg": "log10", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot",
    "sec": "sec", "csc": "csc", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth",
    "asin": "asin", "acos": "acos", "atan": "atan", "max": "max", "min": "min",
}  # fmt: skip

#: Functions by name, as in \operatorname{sign}(x) or \text{ReLU}(x); compared in lower case.
NAMED_FUNCTIONS = {
    **{name: name for name in FUNCTIONS},
    "ln": "log", "sgn": "sign", "signum": "sign", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "arctanh": "atanh", "arcsinh": "asinh",
    "arccosh": "acosh", "tr": "trace", "logistic": "sigmoid", "sigm": "sigmoid", "heaviside": "step",
    "log10": "log10", "log2": "log2",
}  # fmt: skip
#: What ``f^{-1}`` is for functions whose inverse is written so.
INVERSES = {
    "sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh", "tanh": "atanh",
}  # fmt: skip
#: Names of functions that are read as such when they are typed as plain letters before a bracket.
ROMAN_NAMES = frozenset(NAMED_FUNCTIONS) - {"dot", "norm", "norm1", "transpose", "hadamard"}
#: Letters that name a function unless the document says otherwise.
USUAL_FUNCTIONS = frozenset(
    {"f", "g", "h", "F", "G", "H", r"\phi", r"\varphi", r"\psi", r"\Phi", r"\Psi", "u", "v"}
)
#: Letters that are indices in a subscript unless the document says otherwise.
USUAL_INDICES = frozenset("ijklmn")

_RELATION_KINDS = frozenset({Kind.CHAR, Kind.MACRO})
_RELATIONS = {
    "=": "=", "approx": "~", ":=": ":=", "equiv": "=", "<": "<", ">": ">", "le": "<=", "ge": ">=",
    "ne": "!=", "in": "in", "leftarrow": "<-", "propto": "propto", "sim": "sim", "rightarrow": "->",
    "ll": "ll", "gg": "gg", "mapsto": "->", "=!": "=!", "notin": "notin", "subset": "subset",
    "subseteq": "subset",
}  # fmt: skip


@dataclass
class Names:
    """What the document has said about names, as far as reading depends on it."""

    functions: set[str] = field(default_factory=set[str])
    variables: set[str] = field(default_factory=set[str])
    #: Names of several letters written without a roman face, such as ``net_{h1}``.
    words: set[str] = field(default_factory=set[str])
    #: Letters that are bound by a sum somewhere or declared as indices.
    indices: set[str] = field(default_factory=set[str])
    #: Bases that carry two single-letter indices somewhere, so that ``w_{11}`` means ``w_{1,1}``.
    double: set[str] = field(default_factory=set[str])
    #: Bases whose bracketed superscript is an index, as in ``x^{(i)}``.
    raised: set[str] = field(default_factory=set[str])
    #: Letters whose superscript number is a layer, as in ``b^1_2``.
    layered: set[str] = field(default_factory=set[str])
    #: Letters that are written with a prime on the left of an equation.
    primed: set[str] = field(default_factory=set[str])
    #: Whether \\sigma is applied to a bare variable somewhere, and so is the sigmoid.
    sigmoid: bool = False
    #: Letters set in a special face, and letters written without an index: what both hold is kept apart.
    faced: set[str] = field(default_factory=set[str])
    letters: set[str] = field(default_factory=set[str])
    #: Letters that a formula is given for, so that the n of ``u_n`` beside ``n = \\tanh x`` counts nothing.
    formulas: set[str] = field(default_factory=set[str])
    #: What sums run over: sets, as they are written.
    sets: set[str] = field(default_factory=set[str])
    #: Names written in bold or with an arrow.
    bold: set[str] = field(default_factory=set[str])
    #: What is compared in the bracket after a name, ``D(p | q)``, as it is written first: the name alone means that.
    compared: set[str] = field(default_factory=set[str])
    #: Names with one letter below, ``z_y``; and those of them over whose letter the same formula sums.
    lowered: set[str] = field(default_factory=set[str])
    summed: set[str] = field(default_factory=set[str])
    #: Those of ``lowered`` that are members of a family: the ``z_y`` beside ``\\sum_c e^{z_c}``; and their letters.
    members: set[str] = field(default_factory=set[str])
    counting: set[str] = field(default_factory=set[str])

    def extent(self) -> int:
        """How much has been said: it grows whenever anything is added, and nothing is ever taken back."""
        said = cast("list[set[str] | bool]", [*vars(self).values()])
        return sum([len(part) for part in said if isinstance(part, set)], int(self.sigmoid))

    def note_members(self) -> None:
        """Note which names with a letter below are members of families, once all of the document has been seen.

        A family is summed over somewhere, or shares the letter of a member of one: the p of ``p_c = e^{z_c} / …``.

        >>> names = Names(lowered={"z_c", "z_y", "p_y", "v_o"}, summed={"z_c"})
        >>> names.note_members(), sorted(names.members)
        (None, ['p_y', 'z_c', 'z_y'])
        """
        letters: set[str] = set()
        families = {name.rpartition("_")[0] for name in self.summed}
        todo = set(families)
        while todo:
            found = {name for name in self.lowered if name.rpartition("_")[0] in todo}
            letters |= {name[-1] for name in found}
            self.members |= found
            todo = {name.rpartition("_")[0] for name in self.lowered if name[-1] in letters} - families
            families |= todo
        self.counting |= letters - self.indices - USUAL_INDICES

    def is_twofold(self, letter: str) -> bool:
        """Whether a letter is written both plainly and in a special face, so that the two are apart."""
        return letter in self.faced and letter in self.letters

    def is_said(self, name: str) -> bool:
        """Whether the document uses the name as a function or as a variable."""
        return name in self.functions or name in self.variables

    def is_function(self, name: str, plain_argument: bool) -> bool:
        """Whether ``name(…)`` is an application; ``plain_argument``: the bracket holds only names."""
        if name in self.functions:
            return True
        if name in self.variables:
            return False
        return name in USUAL_FUNCTIONS or (name.partition("_")[0] in USUAL_FUNCTIONS and plain_argument)


@dataclass(frozen=True, slots=True)
class Reading:
    """Which of two usual readings to take."""

    #: ``a / b c`` is ``a / (b c)`` rather than ``(a / b) c``.
    slash_takes_product: bool = False
    #: ``d/dx f(x) g(x)`` differentiates the whole product rather than the first factor.
    derivative_takes_product: bool = True
    #: ``\\nabla (…) (…)`` differentiates the product rather than the first bracket.
    bracket_takes_product: bool = False
    #: ``\\sigma(…)`` is the sigmoid in a document where \\sigma is a quantity too.
    sigma_applies: bool = False


def relation_of(token: Token) -> str | None:
    """The relation that a token stands for, in one spelling.

    >>> relation_of(Token(Kind.MACRO, "le", 0, 3)), relation_of(Token(Kind.CHAR, "+", 0, 1))
    ('<=', None)
    """
    found = _RELATIONS.get(token.text)
    return found if found is not None and token.kind in _RELATION_KINDS else None
