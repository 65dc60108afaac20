r"""Which mistake, or which two, explain a wrong line.

Candidates come from both ends: from the derivation, with mal-rules in the place of rules, and from the written
line, with its parts mended. Values at a few points tell nearly all of them apart; the exact decision is for what
is left. One mistake explains better than two, and of equals the one that is less far-fetched comes first.

>>> from gradbook.symbolic.expr import TWO, Derivative, Func, Mul, Symbol
>>> x = Symbol("x")
>>> found = diagnose(Question(Derivative(Func("log", (Mul((TWO, x)),)), x), TWO), seconds=5)
>>> [slip.code for slip in found.explanations[0].slips], found.explanations[0].sentence()
(['D103'], 'the derivative of log needs 1/(2·x), which is missing')
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from gradbook.derivation.mistakes.conditions import mended_conditions, splits
from gradbook.derivation.mistakes.context import Context, Vocabulary, Word
from gradbook.derivation.mistakes.difference import Difference, difference
from gradbook.derivation.mistakes.edits import Edits, places_of
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.parts import mended_parts
from gradbook.derivation.mistakes.spots import Role, Spot, put, spots
from gradbook.derivation.mistakes.values import Points, Values, agree
from gradbook.derivation.mistakes.variants import Variant, Variants
from gradbook.symbolic.bounds import BoundHit, Budget, Clock
from gradbook.symbolic.decide import decide
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    ONE,
    Add,
    Apply,
    Cases,
    Derivative,
    Div,
    Expr,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Product,
    Sum,
    Symbol,
    replace,
    tree_size,
    walk,
)
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.printing import to_text
from gradbook.symbolic.tidy import tidy

#: Most seconds for one line, and the part of them after which nothing new is looked for.
SECONDS = 0.13
_LOOKING = 0.5

_LEFT_FOR_DIFFERENCE = 0.15

#: Most explanations that are told, and most candidates that are decided exactly.
_TOLD = 3
_DECIDED = 8

#: What an explanation may cost to be taken without looking for rarer ones.
_FITS = 1.1

#: How much more far-fetched than the first an explanation may be to be told beside it.
_ALIKE = 0.15


#: In a pair, how much less is explained by mistakes that fit nearly anything: something lost, something put in.
_LOOSE = {
    "E106": 0.15,
    "E107": 0.2,
    "E108": 0.12,
    "E109": 0.2,
    "E114": 0.15,
    "E112": 0.1,
    "E105": 0.05,
    "E103": 0.03,
}
_TAKEN_OUT = frozenset({"E107", "E109"})
_PUT_IN = frozenset({"E106", "E108", "E114"})


@dataclass(frozen=True)
class Question:
    """A wrong line: what was asked, with its derivatives still to be taken, and what was written.

    ``raw`` is the line as it was written, where ``written`` has formulas in the place of names; ``meaning`` says
    what formula each of these names stands for. ``quantities`` are what else a letter could have meant.
    """

    asked: Expr
    written: Expr
    raw: Expr | None = None
    meaning: Mapping[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    domain: Domain = field(default_factory=Domain)
    quantities: tuple[Expr, ...] = ()
    #: Quantities with a number of their own, in a calculation by hand.
    given: frozenset[Expr] = frozenset()

    @property
    def line(self) -> Expr:
        """The line as it was written."""
        return self.written if self.raw is None else self.raw

    @cached_property
    def right(self) -> Expr:
        """What is right, worked out."""
        return expand_derivatives(self.asked)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One mistake, or two, that lead to exactly the written line; ``mended`` is the line without them."""

    slips: tuple[Slip, ...]
    mended: Expr | None = None

    @property
    def cost(self) -> float:
        """How far-fetched it is; two mistakes are always more so than one."""
        if len(self.slips) == 1:
            return self.slips[0].cost
        codes = {s.code for s in self.slips}
        swap = bool(codes & _TAKEN_OUT) and bool(codes & _PUT_IN)
        return 4.0 + sum(s.cost + _LOOSE.get(s.code, 0.0) for s in self.slips) + 0.4 * swap

    @property
    def rank(self) -> tuple[float, int]:
        """What explanations are ordered by: of the same mistake, the smallest place."""
        return round(self.cost, 6), sum(tree_size(s.place) for s in self.slips if s.place is not None)

    def rank_in(self, quotient: bool) -> tuple[float, int]:
        """The rank, in a line that is still in the form that the quotient rule leaves, or is not."""
        cost, size = self.rank
        return cost - 0.05 * (quotient and any(s.code in ("D110", "D111") for s in self.slips)), size

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the mistakes."""
        return tuple(sorted(s.code for s in self.slips))

    def sentence(self, spell: Callable[[Node], str] = to_text) -> str:
        """The mistakes in words."""
        return "; and ".join(s.sentence(spell) for s in self.slips)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of a wrong line: its explanations, simplest first; without one, the difference."""

    explanations: tuple[Explanation, ...] = ()
    difference: Difference | None = None

    @property
    def first(self) -> Explanation | None:
        """The simplest explanation."""
        return self.explanations[0] if self.explanations else None


def diagnose(question: Question, *, seconds: float = SECONDS) -> Diagnosis:
    """The mistakes that explain a wrong line; never raises for what the trees hold."""
    try:
        return _Search(question, seconds).run()
    except (BoundHit, NotDifferentiable, RecursionError, OverflowError):
        return Diagnosis()


@dataclass(frozen=True, slots=True)
class _Candidate:
    explanation: Explanation
    left: Callable[[], Expr]
    right: Callable[[], Expr]


class _Search:
    def __init__(self, question: Question, seconds: float) -> None:
        self.question = question
        self.seconds = seconds
        self.budget = Budget(seconds)
        self.clock = Clock(seconds * _LOOKING)
        right = question.right
        self.points = Points((right, question.written), question.domain, question.meaning)
        if self.points.count < 2:
            raise BoundHit("points at which both sides have values")
        self.line = question.line
        if not agree(self.points.of(self.line), self.points.of(question.written)):
            self.line = question.written
        self.target = self.points.of(question.written)
        self.values = self.points.of(right)
        self.variants = Variants(self.points, self.clock)

    def run(self) -> Diagnosis:
        singles = self._proved(self._in_time(self._single()))
        if singles:
            return Diagnosis(tuple(singles))
        pairs: list[_Candidate] = []
        for more in (
            self._stand_ins_and_parts,
            self._named_alike_and_parts,
            self._conditions_and_parts,
            self._derivation_twice,
            self._derivation_and_edits,
            self._derivation_and_parts,
            self._parts_twice,
        ):
            pairs += self._in_time(more())
            if pairs and more == self._stand_ins_and_parts:
                break  # nothing explains a calculation by hand better
        found = self._proved(pairs)
        if found:
            return Diagnosis(tuple(found))
        left = self.budget.left
        if left < _LEFT_FOR_DIFFERENCE * self.seconds:
            return Diagnosis()
        return Diagnosis((), difference(self.question.right, self.question.written, self.points, left))

    def _in_time(self, candidates: Iterator[_Candidate]) -> list[_Candidate]:
        """What is found until time is up."""
        found: list[_Candidate] = []
        try:
            for candidate in candidates:
                found.append(candidate)
                self.clock.check()
        except BoundHit:
            pass
        return found

    # --- deciding ---------------------------------------------------------------------------------------

    def _proved(self, candidates: Iterable[_Candidate]) -> list[Explanation]:
        """The simplest candidates that reproduce the line exactly."""
        best: dict[tuple[str, ...], _Candidate] = {}
        for candidate in candidates:
            codes = candidate.explanation.codes
            if codes not in best or candidate.explanation.rank < best[codes].explanation.rank:
                best[codes] = candidate
        if ("B101",) in best:
            best = {codes: c for codes, c in best.items() if codes not in (("B102",), ("B103",))}
        quotient = _is_quotient(self.line)
        ordered = sorted(best.values(), key=lambda c: c.explanation.rank_in(quotient))
        found: list[Explanation] = []
        for candidate in ordered[:_DECIDED]:
            left = self.budget.left
            if len(found) >= _TOLD or left < 0:
                break
            alike = _ALIKE if len(candidate.explanation.slips) == 1 else 2 * _ALIKE
            if found and candidate.explanation.cost > found[0].cost + alike:
                break
            try:
                decision = decide(
                    candidate.left(), candidate.right(), self.question.domain, clock=Clock(left + 0.01)
                )
            except (BoundHit, NotDifferentiable):
                continue
            if decision.outcome is Outcome.PROVED:
                found.append(candidate.explanation)
        return found

    # --- one mistake ------------------------------------------------------------------------------------

    def _single(self) -> Iterator[_Candidate]:
        """What one mistake explains; what is rarer is only looked for where nothing usual fits well."""
        best = math.inf
        for candidate in self._usual():
            best = min(best, candidate.explanation.cost)
            yield candidate
        if best > _FITS:
            yield from self._rarer()

    def _usual(self) -> Iterator[_Candidate]:
        question = self.question
        for variant in self.variants.single(question.asked):
            if agree(variant.values, self.target):
                yield _Candidate(Explanation(variant.slips), variant.tree, lambda: question.written)
        for mended, slip in self._conditions():
            if agree(self.points.of(mended), self.values):
                yield self._line_mended(mended, (slip,))
        goal = question.right
        for spot in spots(self.line, self.values, self.points, goal):
            self.clock.check()
            for part, slip in mended_parts(spot, self.context):
                yield self._line_mended(put(self.line, spot.path, part), (slip,))

    def _rarer(self) -> Iterator[_Candidate]:
        question = self.question
        for mended, slip in self.edits.everywhere():
            self.clock.check()
            if agree(self.points.of(mended), self.values):
                yield self._line_mended(mended, (slip,))
        for mended, slip in self.edits.single():
            self.clock.check()
            if agree(self.points.of(mended), self.values):
                yield self._line_mended(mended, (dataclasses.replace(slip, extra=slip.extra + 0.02),))
        for variant in self.variants.throughout(question.asked):
            if agree(variant.values, self.target):
                yield _Candidate(Explanation(variant.slips), variant.tree, lambda: question.written)

    def _line_mended(self, mended: Expr, slips: tuple[Slip, ...]) -> _Candidate:
        return _Candidate(
            Explanation(slips, mended),
            lambda: replace(mended, self.question.meaning),
            lambda: self.question.right,
        )

    @cached_property
    def edits(self) -> Edits:
        """Small changes to the line."""
        return Edits(self.line, self.context, self.question.quantities)

    @cached_property
    def context(self) -> Context:
        """What the traces may look at; the derivation has been gone through before."""
        question = self.question
        trees = (question.asked, question.right, question.written, self.line)
        quantities: dict[Expr, None] = dict.fromkeys(question.quantities)
        for tree in trees:
            bound = {n.index for n in walk(tree) if isinstance(n, Sum | Product)}
            indices = {s for n in walk(tree) if isinstance(n, Indexed) for s in n.indices}
            for node in walk(tree):
                if (
                    isinstance(node, Symbol) and node.name not in bound and node not in indices
                ) or isinstance(node, Indexed | Apply):
                    quantities[node] = None
        for _, node in places_of(self.line):
            if isinstance(node, Derivative):
                quantities[node] = None
        if isinstance(question.asked, Derivative) and tree_size(question.asked.body) <= _NAMED:
            quantities[question.asked.body] = None  # the function itself, where its variable stands
        return Context(
            self.points, Vocabulary(self.points, self._words(trees)), tuple(quantities), question.given
        )

    def _words(self, trees: tuple[Expr, ...]) -> list[Word]:
        """What may have been lost: derivatives of the inside, of the outside, terms, and all that stands anywhere."""
        words: dict[Expr, Word] = {}

        def enter(tree: Expr, kind: str, of: Expr | None = None) -> None:
            if tree not in words and not isinstance(tree, Number) and tree_size(tree) <= 60:
                words[tree] = Word(tree, kind, of)

        for step in self.variants.steps():
            inner, outer = step.inner, step.outer
            if inner is not None and outer is not None:
                if inner != step.wrt:
                    slope = tidy(expand_derivatives(step.slope(inner)))
                    enter(slope, "inner", inner)
                    bare = slope.arg if isinstance(slope, Neg) else slope
                    enter(bare, "inner", inner)
                    for factor in bare.factors if isinstance(bare, Mul) else ():
                        enter(factor, "inner", inner)
                enter(outer, "outer", step.body)
                if inner != step.wrt and isinstance(tidy(expand_derivatives(step.slope(inner))), Neg):
                    enter(Neg(outer), "outer", step.body)  # with the sign of the inner derivative
        tidied = tidy(self.question.right)
        for tree in (tidied, *trees):
            for node in walk(tree):
                if isinstance(node, Add):
                    for term in node.terms:
                        enter(term.arg if isinstance(term, Neg) else term, "term")
        for tree in (*trees, tidied):
            for node in walk(tree):
                if isinstance(node, Expr) and not isinstance(node, Neg | Derivative):
                    enter(node, "part")
        ordered = sorted(words.values(), key=lambda w: (w.kind == "part", tree_size(w.tree)))[:120]
        known = {w.tree for w in ordered}
        plain = [w for w in ordered if not isinstance(w.tree, Div) and tree_size(w.tree) <= 20]
        ordered += [
            Word(Div(ONE, w.tree), "reciprocal", w.tree) for w in plain if Div(ONE, w.tree) not in known
        ]
        return ordered

    def _conditions(self) -> Iterator[tuple[Expr, Slip]]:
        """The line with the conditions of one of its case distinctions mended."""
        places = [(path, node) for path, node in places_of(self.line) if isinstance(node, Cases)]
        if not places:
            return
        right = splits((self.question.asked, self.question.right))
        for path, node in places[:4]:
            assert isinstance(node, Cases)
            for mended, slip in mended_conditions(node, right):
                yield put(self.line, path, mended), slip

    # --- two mistakes -----------------------------------------------------------------------------------

    def _conditions_and_parts(self) -> Iterator[_Candidate]:
        goal = self.question.right
        for line, slip in self._conditions():
            yield from self._parts_of(line, self.values, goal, slip)

    def _parts_twice(self) -> Iterator[_Candidate]:
        goal = self.question.right
        for line, slip in self.edits.single(removals=False):
            yield from self._parts_of(line, self.values, goal, slip)

    def _parts_of(self, line: Expr, target: Values, goal: Expr | None, slip: Slip) -> Iterator[_Candidate]:
        """One part mended in a line that has been mended once."""
        if not any(math.isfinite(v) for v in self.points.of(line)):
            return
        for spot in spots(line, target, self.points, goal):
            self.clock.check()
            for part, second in mended_parts(spot, self.context):
                yield self._line_mended(put(line, spot.path, part), (slip, second))

    def _stand_ins_and_parts(self) -> Iterator[_Candidate]:
        goal = self.question.right
        for line, slip in self.edits.stand_ins():
            if slip.mended in self.question.quantities:
                yield from self._parts_of(line, self.values, goal, slip)

    def _named_alike_and_parts(self) -> Iterator[_Candidate]:
        goal = self.question.right
        for line, slip in self.edits.named_alike():
            yield from self._parts_of(line, self.values, goal, slip)

    def _derivation_and_edits(self) -> Iterator[_Candidate]:
        """A mal-rule in the derivation, and the line with one small thing changed so that it is what follows."""
        table: dict[str, list[Variant]] = {}
        for variant in self.variants.single(self.question.asked):
            table.setdefault(_key(variant.values), []).append(variant)
        for line, slip in (*self._conditions(), *self.edits.single()):
            self.clock.check()
            values = self.points.of(line)
            for variant in table.get(_key(values), ()):
                if agree(values, variant.values):
                    yield _Candidate(
                        Explanation((*variant.slips, slip)),
                        variant.tree,
                        lambda line=line: cast(Expr, replace(line, self.question.meaning)),
                    )

    def _derivation_and_parts(self) -> Iterator[_Candidate]:
        """A mal-rule in the derivation, and a part of the line mended so that it is what follows from that."""
        for variant in sorted(self.variants.single(self.question.asked), key=lambda v: v.cost):
            self.clock.check()
            if not all(math.isfinite(v) for v in variant.values):
                continue
            for spot in _worth_a_look(spots(self.line, variant.values, self.points)):
                for part, slip in mended_parts(spot, self.context):
                    mended = put(self.line, spot.path, part)
                    yield _Candidate(
                        Explanation((*variant.slips, slip)),
                        variant.tree,
                        lambda mended=mended: replace(mended, self.question.meaning),
                    )

    def _derivation_twice(self) -> Iterator[_Candidate]:
        for variant in self.variants.double(self.question.asked):
            if agree(variant.values, self.target):
                yield _Candidate(Explanation(variant.slips), variant.tree, lambda: self.question.written)


#: Largest function that is told as something that another quantity stands for.
_NAMED = 12


def _key(values: Values) -> str:
    """Something short that equal values have in common."""
    return f"{values[0]:.6e}"


def _worth_a_look(found: list[Spot]) -> Iterator[Spot]:
    """Parts for which something simple is needed: a number, or a multiple of what stands there; and the whole."""
    for spot in found:
        if spot.role is Role.WHOLE or spot.ratio is not None or spot.constant is not None:
            yield spot


def _is_quotient(line: Expr) -> bool:
    match line:
        case Neg(arg):
            return _is_quotient(arg)
        case Div(Add(), _):
            return True
        case _:
            return False
