"""Numbers that are given in tables and in words."""

from __future__ import annotations

from itertools import pairwise

from gradbook.document import prose
from gradbook.document.definitions import Definitions, is_given
from gradbook.document.passages import Formula, Passage
from gradbook.document.symbols import Table
from gradbook.document.trees import Trees
from gradbook.symbolic.expr import Expr, Indexed, Symbol, number


class GivenValues:
    """Puts numbers of table rows and of plain words into the symbol table."""

    def __init__(self, table: Table, definitions: Definitions, trees: Trees) -> None:
        self.table = table
        self.definitions = definitions
        self.trees = trees
        #: The symbols in the head of the table being read, and how many rows of numbers came below.
        self.columns: list[Expr] = []
        self.rows = 0

    def in_row(self, run: Passage) -> None:
        """``| $w$ | 0.3 |``: a symbol in one cell and its number in the next; or symbols above numbers."""
        cells: list[list[str | Formula]] = [[]]
        for part in run.parts:
            if part == " | ":
                cells.append([])
            elif not (isinstance(part, str) and not part.strip()):
                cells[-1].append(part)
        found = [self._cell(cell) for cell in cells if cell]
        if found and all(isinstance(c, Symbol | Indexed) for c in found):
            self.columns = [c for c in found if c is not None]
            self.rows = 0
            return
        if self._data_row(found):
            return
        if (
            self.columns
            and len(found) == len(self.columns)
            and all(c is not None and is_given(c) for c in found)
        ):
            pairs = list(zip(self.columns, found, strict=True))
        else:
            pairs = [(a, b) for a, b in pairwise(found) if isinstance(a, Symbol | Indexed)]
        for name, value in pairs:
            key = self.definitions.value_key(name)
            if key is not None and value is not None and is_given(value):
                self.table.give(key, value, 0)

    def _data_row(self, found: list[Expr | None]) -> bool:
        """``| $x_i$ | 1 | 2 | 3 |``, or numbers below ``| $x_i$ | $y_i$ |``: the members of a family."""
        numbers = [c for c in found if c is not None and is_given(c)]
        first = found[0] if found else None
        if _is_family(first) and len(numbers) == len(found) - 1 > 1:
            self._give_members(first, numbers, 1)
            return True
        if (
            self.columns
            and len(numbers) == len(found) == len(self.columns)
            and any(_is_family(c) for c in self.columns)
        ):
            self.rows += 1
            for name, value in zip(self.columns, numbers, strict=True):
                if _is_family(name):
                    self._give_members(name, [value], self.rows)
            return True
        return False

    def _give_members(self, family: Expr | None, numbers: list[Expr], start: int) -> None:
        assert isinstance(family, Indexed)
        for k, value in enumerate(numbers, start):
            key = self.definitions.value_key(Indexed(family.base, (number(k),)))
            if key is not None:
                self.table.give(key, value, 0)
        self.table.known.add(family.base)

    def _cell(self, cell: list[str | Formula]) -> Expr | None:
        """A cell that holds just a number, or a symbol with its name in words: ``learning rate $\\eta$``."""
        formulas = [p for p in cell if isinstance(p, Formula)]
        words = "".join(p for p in cell if isinstance(p, str))
        if len(formulas) > 1 or (formulas and any(c.isdigit() or c == "=" for c in words)):
            return None
        part: str | Formula = formulas[0] if formulas else words
        if isinstance(part, str):
            return prose.given_number(part.strip()) if prose.is_number(part.strip()) else None
        if len(part.statements) != 1 or part.statements[0].marks:
            return None
        tree = self.trees.side(part.statements[0].sides[0])
        return None if tree is None or (words.strip() and is_given(tree)) else tree

    def in_words(self, run: Passage) -> None:
        """Values that a sentence gives: ``with a learning rate of 0.1``."""
        for j, part in enumerate(run.parts):
            if isinstance(part, str):
                for name, text in prose.text_values(part):
                    for key in prose.text_symbol(name):
                        if not self.table.has(key):
                            self.table.give(key, prose.given_number(text), 0)
                continue
            after = run.parts[j + 1] if j + 1 < len(run.parts) else ""
            if isinstance(after, str) and len(part.statements) == 1 and not part.statements[0].marks:
                text = prose.value_after(after)
                symbol = self.trees.side(part.statements[0].sides[0]) if text is not None else None
                key = self.definitions.value_key(symbol) if symbol is not None else None
                if text is not None and key is not None:
                    self.table.give(key, prose.given_number(text), 0)


def _is_family(expr: Expr | None) -> bool:
    return isinstance(expr, Indexed) and len(expr.indices) == 1 and isinstance(expr.indices[0], Symbol)
