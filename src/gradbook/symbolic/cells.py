"""Cells of a domain that hold no point: strict inequalities that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.symbolic.generators import Monomial, PolyKey


@dataclass
class Constraints:
    """Strict inequalities ``poly > 0``, monomials taken as independent unknowns."""

    rows: list[dict[Monomial, Fraction]] = field(default_factory=list[dict[Monomial, Fraction]])

    def add(self, poly: PolyKey, sign: int) -> None:
        """Note ``sign * poly > 0``."""
        self.rows.append({m: Fraction(c * sign) for m, c in poly})

    def empty(self) -> bool:
        """Whether the inequalities contradict each other (by Fourier and Motzkin's elimination).

        True is a proof that the cell is empty; False says nothing. Taking monomials as independent
        only enlarges the cell, so the proof holds for the real one.
        """
        rows = list(self.rows)
        for _ in range(24):
            for row in rows:
                if all(m == () for m in row) and row.get((), Fraction(0)) <= 0:
                    return True
            unknown = next((m for row in rows for m in row if m != ()), None)
            if unknown is None:
                return False
            upper = [r for r in rows if r.get(unknown, 0) < 0]
            lower = [r for r in rows if r.get(unknown, 0) > 0]
            rest = [r for r in rows if unknown not in r]
            if len(upper) * len(lower) + len(rest) > 400:
                return False
            rest.extend(_combine(a, b, unknown) for a in lower for b in upper)
            rows = rest
        return False


def _combine(
    a: dict[Monomial, Fraction], b: dict[Monomial, Fraction], unknown: Monomial
) -> dict[Monomial, Fraction]:
    x, y = -b[unknown], a[unknown]
    total: dict[Monomial, Fraction] = {}
    for row, factor in ((a, x), (b, y)):
        for monomial, coefficient in row.items():
            value = total.get(monomial, Fraction(0)) + coefficient * factor
            if value:
                total[monomial] = value
            else:
                total.pop(monomial, None)
    return total
