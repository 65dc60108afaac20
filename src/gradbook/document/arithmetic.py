"""Links between numbers, judged with the precision with which they were written."""

from __future__ import annotations

from fractions import Fraction

from flint import arb  # type: ignore[import-untyped]

from gradbook.document.findings import ORDERS, Finding, Link, is_derivative
from gradbook.document.meanings import Unresolved
from gradbook.document.precision import (
    exact_decimals,
    is_numeric,
    rounds_to,
    value_of,
    widened,
    written_number,
)
from gradbook.document.report import Evidence, Verdict
from gradbook.document.resolve import Resolution
from gradbook.document.symbols import Table
from gradbook.document.wording import as_written
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import Outcome, decide, display
from gradbook.symbolic.derivative import NotDifferentiable
from gradbook.symbolic.evaluate import Overlap, Undefined
from gradbook.symbolic.expr import Expr, Number, walk
from gradbook.symbolic.printing import to_latex


class Arithmetic:
    """Judges numbers against a symbol table, by enclosures."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self.table = table
        self.clock = clock

    def expected(self, link: Link, resolution: Resolution) -> str | None:
        """The right side as it should have been: a number, or the gradient worked out."""
        left = resolution.of(link.left)
        if is_numeric(left):
            try:
                value = value_of(left, self.clock)
            except (Undefined, Overlap):
                return None
            written = written_number(link.right)
            unit = written[1] if written is not None else None
            digits = 6 if unit is not None or written is None else 10
            if unit is not None and unit < 1:
                size = max(abs(float(value.mid())), 1e-12)
                digits = max(len(str(int(size / float(unit)))) if size / float(unit) < 1e15 else 6, 3)
            return display(value, min(digits, 15))
        if not is_derivative(link.left):
            return None
        from gradbook.symbolic.tidy import tidy

        text = to_latex(as_written(tidy(left), self.table))
        return text if len(text) <= 400 else None

    def numbers(self, link: Link, left: Expr, right: Expr, resolution: Resolution) -> Finding:
        """The finding on a link whose two sides are numbers."""
        try:
            return self._compare(link, left, right, resolution)
        except (Undefined, Overlap) as error:
            return Finding(Verdict.UNDECIDED, "U105", f"a side has no value: {error}")

    def _compare(self, link: Link, left: Expr, right: Expr, resolution: Resolution) -> Finding:
        a, b = value_of(left, self.clock), value_of(right, self.clock)
        if link.relation in ORDERS:
            return self._ordered(link.relation, a - b)
        written = written_number(link.right)
        loose = link.relation == "~"
        if a.overlaps(b) and decide(left, right, clock=self.clock).outcome is Outcome.PROVED:
            return Finding(Verdict.PROVED)
        if written is not None:
            target, unit = written
            rounded = self._rounds(left, target, unit, loose)
            if rounded is None:
                return Finding(Verdict.UNDECIDED, "U105", "the value could not be enclosed narrowly enough")
            if rounded:
                note = ("N106", "rounded to a whole number") if unit is None else (None, "")
                return Finding(Verdict.PROVED, *note)
            if self._rounded_from_head(link, resolution, target, unit):
                return Finding(Verdict.PROVED, "N102", "right with more digits than the line shows")
        elif self._meets_widened(link, left, right, loose):
            return Finding(Verdict.PROVED)
        if a.overlaps(b):
            return Finding(Verdict.AGREES, "A101", "equal as far as can be computed, but no proof was found")
        expected = self.expected(link, resolution)
        evidence = Evidence((), display(a, 8), display(b, 8), expected)
        return Finding(Verdict.REFUTED, "C102", f"the value is {expected}, not this", evidence)

    def _rounds(self, left: Expr, target: Fraction, unit: Fraction | None, loose: bool) -> bool | None:
        """Whether the value rounds to what is written; None if no enclosure is narrow enough to tell.

        A whole number is exact, except for "≈" and for large values, where nobody writes the decimals.
        """
        if unit is None:
            if not loose and abs(target) < 100:
                return False
            unit = Fraction(1)
        for precision in (160, 640, 2560, 10240):
            self.clock.check()
            value = value_of(left, self.clock, precision)
            found = rounds_to(value, target, unit, slack=Fraction(1) if loose else Fraction(1, 2))
            if found is not None:
                return found
        return None

    def _ordered(self, relation: str, difference: arb) -> Finding:
        """An inequality between numbers, from the enclosure of their difference."""
        above, below = bool(difference > 0), bool(difference < 0)
        zero = bool(difference.is_zero())
        true = {"<": below, ">": above, "<=": below or zero, ">=": above or zero, "!=": above or below}
        false = {"<": above or zero, ">": below or zero, "<=": above, ">=": below, "!=": zero}
        if true[relation]:
            return Finding(Verdict.PROVED)
        if false[relation]:
            return Finding(Verdict.REFUTED, "C105", "the inequality does not hold")
        return Finding(Verdict.UNDECIDED, "U105", "too close to tell")

    def _given(self) -> frozenset[Fraction]:
        found: set[Fraction] = set()
        for value in self.table.values.values():
            number = written_number(value.number)
            if number is not None:
                found |= {number[0], abs(number[0])}
        return frozenset(found)

    def _meets_widened(self, link: Link, left: Expr, right: Expr, loose: bool) -> bool:
        """A line with numbers put in: each new decimal stands for what rounds to it."""
        old = exact_decimals(link.left) | self._given()
        new = {
            n.value for n in walk(link.right) if isinstance(n, Number) and n.decimals and n.value not in old
        }
        if not new and not loose:
            return False
        interval = widened(right, frozenset(old), self.clock)
        return value_of(left, self.clock).overlaps(interval)

    def _rounded_from_head(
        self, link: Link, resolution: Resolution, target: Fraction, unit: Fraction | None
    ) -> bool:
        """The writer kept more digits than the middle of the chain shows."""
        if link.head is None or link.head == link.left or unit is None:
            return False
        try:
            head = resolution.of(link.head)
        except (Unresolved, BoundHit, NotDifferentiable):
            return False
        if not is_numeric(head) or not rounds_to(value_of(head, self.clock), target, unit):
            return False
        shown = widened(resolution.of(link.left), self._given(), self.clock)
        return rounds_to(shown, target, unit) is not False
