"""The search for a point where two trees certainly differ, by balls that do not meet."""

from __future__ import annotations

from dataclasses import replace

from flint import arb

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.domain import Domain, compared_values, solutions
from gradbook.symbolic.evaluate import Overlap, Point, Uncovered, Undefined, evaluate, holds
from gradbook.symbolic.expr import Cases, Condition, Expr, Op, Relation, Sum, Symbol, kinds, substitute
from gradbook.symbolic.outcomes import Counterexample, Decision, Flaw, Outcome, display
from gradbook.symbolic.sampling import Sampler

#: Points tried before a claim that resists proof is said to agree.
POINTS = 48
#: The same where a case distinction has to be met in all its branches, and in pairs of them.
POINTS_OF_CASES = 160
#: Points at which the two sides of a proof have to agree before it is announced.
SANITY_POINTS = 2


#: How many points are tried, and after how many of them one that agrees is enough beside a proof.
_TRIALS = 400
_FEW_TRIALS = 40

#: Why nothing is said of sides that have values nowhere, or nearly so.
NO_POINT = "no point was found where both sides have a value"


class Search:
    """Looks for a point where the two sides certainly differ.

    Points satisfy the conditions of the domain. Of its equations, those that can be solved for a quantity
    are put in; the others have to hold at a point for it to count.
    """

    def __init__(self, left: Expr, right: Expr, domain: Domain, clock: Clock) -> None:
        known = solutions(domain.equations)
        self.left: Expr = substitute(left, known)
        self.right: Expr = substitute(right, known)
        self.equations: tuple[Relation, ...] = tuple(substitute(e, known) for e in domain.equations)
        if known:
            conditions: tuple[Condition, ...] = tuple(substitute(c, known) for c in domain.conditions)
            domain = replace(domain, conditions=conditions)
        self.domain = _with_discrete(domain, self.left, self.right)
        self.clock = clock
        self.sampler = Sampler(self.domain, (self.left, self.right))
        #: Whether two branches of the left side were seen to hold at once, with different values.
        self.overlaps = False
        #: At how many of the first points both sides agreed.
        self.agreed = 0
        #: At how many points an inequality was looked at.
        self.inside = 0

    def glance(self) -> Decision | None:
        """Refuted already, by one of the first points: certain, so that no proof has to be tried."""
        for trial in range(2):
            found = self._try(trial)
            if isinstance(found, Counterexample):
                return (
                    Decision(Outcome.REFUTED, found.flaw.value, found) if found.flaw is Flaw.VALUES else None
                )
        return None

    def sanity(self) -> Decision:
        """A proof is only announced if the two sides do agree at a few points where both have a value.

        This guards against a claim whose domain is empty, and against ourselves.
        """
        agreed = self.agreed
        if agreed >= SANITY_POINTS:
            return Decision(Outcome.PROVED)
        for trial in range(SANITY_POINTS if agreed else 0, _TRIALS):
            # conditions on every term of a sum are seldom met by chance, but by those of a single one
            found = self._try(trial, 1 if trial >= _FEW_TRIALS and trial % 2 else None)
            if isinstance(found, Counterexample):
                return Decision(Outcome.UNDECIDED, "the proof and a numerical check disagree", found)
            agreed += found
            if agreed >= SANITY_POINTS or (agreed and trial >= _FEW_TRIALS):
                break
        if agreed:
            return Decision(Outcome.PROVED)
        return Decision(Outcome.UNDECIDED, NO_POINT)

    def witness(self, op: Op) -> Decision:
        """A proof of ``left op right`` is only announced if it does not fail at points, of which there are some."""
        found = self.against(op, points=SANITY_POINTS)
        if found.outcome is Outcome.REFUTED:
            return Decision(
                Outcome.UNDECIDED, "the proof and a numerical check disagree", found.counterexample
            )
        if self.inside:
            return Decision(Outcome.PROVED)
        return Decision(Outcome.UNDECIDED, NO_POINT)

    def run(self, reason: str) -> Decision:
        """Refuted with a counterexample, or how far the sides agree."""
        agreed = 0
        cases = any(Cases in kinds(side) for side in (self.left, self.right))
        enough = POINTS_OF_CASES if cases else POINTS
        gap: Counterexample | None = None
        for trial in range(_TRIALS):
            try:
                self.clock.check()
                found = self._try(trial)
            except BoundHit as stop:
                reason = reason or str(stop)
                break
            if isinstance(found, Counterexample):
                if found.flaw is Flaw.VALUES:
                    return Decision(Outcome.REFUTED, found.flaw.value, found)
                gap = gap or found
                if agreed >= 4 or trial > 24:
                    return Decision(Outcome.REFUTED, gap.flaw.value, gap)
            elif found:
                agreed += 1
                if agreed >= enough and gap is None:
                    break
        if gap is not None:
            return Decision(Outcome.REFUTED, gap.flaw.value, gap)
        if self.overlaps:
            return Decision(
                Outcome.UNDECIDED, "two branches of the left side hold at once, with different values"
            )
        if agreed >= 8:
            return Decision(
                Outcome.AGREES, reason or "equal to 30 digits at every point tried, but no proof was found"
            )
        if agreed:
            return Decision(Outcome.UNDECIDED, reason or "too few points where both sides have a value")
        return Decision(Outcome.UNDECIDED, reason or NO_POINT)

    def against(self, op: Op, points: int = 120) -> Decision:
        """A point where an inequality certainly fails, among so many points of the domain."""
        self.inside = 0
        for trial in range(120):
            self.clock.check()
            point = self.sampler.point(trial)
            try:
                if not self._inside(point, 128):
                    continue
                a = evaluate(self.left, point, clock=self.clock)
                b = evaluate(self.right, point, clock=self.clock)
            except (Undefined, Overlap):
                continue
            if {Op.GT: a <= b, Op.GE: a < b, Op.NE: (a - b).is_zero()}[op]:
                found = self._found(point, a, b, Flaw.VALUES)
                return Decision(Outcome.REFUTED, "the inequality does not hold", found)
            self.inside += 1
            if self.inside >= points:
                break
        return Decision(Outcome.UNDECIDED, "no proof of the inequality was found, nor a point where it fails")

    def _try(self, trial: int, size: int | None = None) -> Counterexample | bool:
        """A counterexample, True if both sides agree to 30 digits, False if the point says nothing."""
        point = self.sampler.point(trial, size)
        precision = 128
        while True:
            try:
                if not self._inside(point, precision):
                    return False
                a = evaluate(self.left, point, precision=precision, clock=self.clock)
            except Overlap:
                self.overlaps = True
                return False
            except Undefined:
                return False
            try:
                b = evaluate(self.right, point, precision=precision, clock=self.clock)
            except Uncovered:
                return self._found(point, a, None, Flaw.GAP)
            except Overlap:
                return self._found(point, a, None, Flaw.OVERLAP)
            except Undefined:
                return False
            if not a.overlaps(b):
                return self._found(point, a, b, Flaw.VALUES)
            if _sharp(a - b, a):
                return True
            if precision >= 1024:
                return False
            precision *= 2

    def _inside(self, point: Point, precision: int) -> bool:
        for pair in self.domain.unequal:
            a, b = (Symbol(name) for name in pair)
            if point.value(a) == point.value(b):
                return False
        stated = all(
            holds(condition, point, precision=precision, clock=self.clock)
            for condition in self.domain.conditions
        )
        return stated and all(self._satisfied(equation, point, precision) for equation in self.equations)

    def _satisfied(self, equation: Relation, point: Point, precision: int) -> bool:
        """Whether an equation holds, as far as the precision can tell; one about vectors is not looked at."""
        try:
            left = evaluate(equation.left, point, precision=precision, clock=self.clock)
            right = evaluate(equation.right, point, precision=precision, clock=self.clock)
        except Undefined:
            return True
        return bool(left.overlaps(right))

    def _found(self, point: Point, a: arb, b: arb | None, flaw: Flaw) -> Counterexample:
        indexed = any(Sum in kinds(side) for side in (self.left, self.right))
        values = tuple(point.values.items())
        right = "no value" if b is None else display(b)
        if flaw is Flaw.OVERLAP:
            right = "two values"
        return Counterexample(values, display(a), right, flaw, point.size if indexed else None)


def _with_discrete(domain: Domain, left: Expr, right: Expr) -> Domain:
    """Sampling of quantities that conditions compare by equality."""
    stated = dict(domain.choices)
    extra = tuple((s.name, v) for s, v in compared_values((left, right)).items() if s.name not in stated)
    return replace(domain, choices=domain.choices + extra) if extra else domain


def _sharp(difference: arb, scale: arb) -> bool:
    """Whether the difference is certainly below 1e-30 of the size of the sides (of one, if they vanish)."""
    if difference.is_zero():
        return True
    size = abs(scale)
    if scale.contains(0) or not size > _VANISHING:
        size = arb(1)
    return bool(abs(difference) < _SHARP * size)


_SHARP = arb(10) ** -30
_VANISHING = arb(10) ** -60
