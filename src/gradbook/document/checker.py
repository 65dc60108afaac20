"""Read a document from top to bottom and give every line of mathematics its verdict.

text → pieces → statements with their places → definitions bound, claims judged → lines. Nothing here
raises for what a document says; what cannot be read becomes UNREAD with the place and the reason.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gradbook.document import prose, scan
from gradbook.document.claims import ORDERS, Finding, Judge, Link
from gradbook.document.definitions import Definitions, form_of, is_given
from gradbook.document.formula import Parser, Reading, read_expression, strip_ends
from gradbook.document.front_matter import read_front_matter
from gradbook.document.memory import Memory, spelling_of
from gradbook.document.passages import Formula, Passage, passages
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.prose import Declared, Role
from gradbook.document.reading import guess, pieces_of
from gradbook.document.report import Document, Line, Verdict
from gradbook.document.spaces import note_space
from gradbook.document.statements import Statement
from gradbook.document.symbols import (
    Belief,
    Table,
    atom_of,
    head_key,
    plain_number,
)
from gradbook.document.tokens import FormulaError, Kind, Token, tokenise
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    ZERO,
    Apply,
    Condition,
    Derivative,
    Expr,
    Func,
    Indexed,
    Node,
    Op,
    Relation,
    Sum,
    Symbol,
    free_symbols,
    number,
    rebuild,
    walk,
)

#: Most seconds that a whole document may take, by its length: a page is a few thousand characters.
DOCUMENT_SECONDS = 30.0


def check_text(text: str, path: str = "<text>", *, deadline: float = 2.0) -> Document:
    """Check the text of one document.

    Args:
        text: the document; Markdown, LaTeX or a notebook (told by the path's suffix, else by its look).
        path: where it came from, for display.
        deadline: seconds that one line may take.

    Raises:
        NotebookError: a notebook that is not valid JSON.

    >>> document = check_text("Let $f(x) = x^2$. Then $f'(x) = 3x$.")
    >>> [line.verdict.name for line in document.lines]
    ['STATED', 'REFUTED']
    """
    return Session(deadline=deadline).check(text, path)


class Session:
    """Checks that share a memory: a document that is checked again after a change costs what the change touches.

    >>> session = Session()
    >>> session.check("Let $f(x) = x^2$. Then $f'(x) = 3x$.").lines[1].verdict.name
    'REFUTED'
    >>> session.check("Let $f(x) = x^2$. Then $f'(x) = 2x$.").lines[1].verdict.name
    'PROVED'
    """

    def __init__(self, *, deadline: float = 2.0) -> None:
        self.deadline = deadline
        self.memory = Memory()

    def check(self, text: str, path: str = "<text>") -> Document:
        """As :func:`check_text`."""
        source = Source.of(path, text)
        pieces = pieces_of(source, guess(path, text))
        lines = Checker(source, pieces, self.deadline, self.memory).run()
        return Document(path, tuple(lines), text)


@dataclass
class _Chain:
    """The chain that a row beginning with a relation goes on with."""

    head: Expr | None = None
    head_key: str | None = None
    last: Expr | None = None
    last_failed: bool = False
    wrong_line: int | None = None
    sides: int = 0
    head_defined: bool = False


class Checker:
    """One document."""

    def __init__(self, source: Source, pieces: Sequence[Piece], deadline: float, memory: Memory) -> None:
        self.source = source
        self.deadline = deadline
        self.memory = memory
        self.table = Table()
        self.definitions = Definitions(self.table, memory)
        self.lines: list[tuple[int, Line]] = []
        self.chain = _Chain()
        self.end = time.monotonic() + max(DOCUMENT_SECONDS, deadline)
        self.passages = passages(pieces, self.table.names, deadline, memory)
        self.context = ""
        #: Statements of a "where" clause that were used before their own line came.
        self.foreseen: set[int] = set()
        #: Sides (their token lists) that allow another reading.
        self.ambiguous: set[int] = set()
        #: The definition with which an item of a list starts an example of its own.
        self.example: Statement | None = None
        #: The symbols in the head of the table being read.
        self.columns: list[Expr] = []
        self.rows = 0
        #: What was known of names when the trees were read.
        self.spelling = 0
        #: Whether an arrow leads from the statement being judged to the next.
        self.leads_on = False

    # --- first pass -----------------------------------------------------------------------------

    def _formulas(self) -> list[Formula]:
        return [p for run in self.passages for p in run.parts if isinstance(p, Formula)]

    def _scan(self) -> None:
        names = self.table.names
        formulas = self._formulas()
        letters = scan.single_letters(s for f in formulas for s in f.statements)
        for formula in formulas:
            solo = formula.piece.kind is PieceKind.INLINE and len(formula.statements) == 1
            for statement in formula.statements:
                scan.scan_statement(statement, names, letters, solo)
        for formula in formulas:
            for statement in formula.statements:
                scan.scan_variables(statement, names)
        for formula in formulas:
            for statement in formula.statements:
                for side in statement.sides:
                    if any(t.is_macro("partial", "nabla") or t.is_char("d") or t.is_char("(") for t in side):
                        try:
                            scan.scan_tree(self._named(read_expression(side, names)[0]), self.table)
                        except (FormulaError, BoundHit):
                            continue

    # --- second pass ----------------------------------------------------------------------------

    def run(self) -> list[Line]:
        """All lines, in document order."""
        self._front_matter()
        self._scan()
        self.spelling = spelling_of(self.table.names)
        for k, run in enumerate(self.passages):
            if run.kind is PieceKind.HEADING:
                self._heading(run.text, run.level)
                self._paragraph_formulas(k, run)
            elif run.kind is not PieceKind.FRONT_MATTER:
                self._paragraph(k, run)
        self.lines.sort(key=lambda item: item[0])
        return [line for _, line in self.lines]

    def _front_matter(self) -> None:
        for run in self.passages:
            if run.kind is not PieceKind.FRONT_MATTER:
                continue
            front = read_front_matter(run.text)
            table, names = self.table, self.table.names
            for item in front.entries.get("functions", []):
                names.functions.add(self._name(item))
            for key, target in (("vectors", table.vectors), ("matrices", table.matrices), ("scalars", table.scalars)):
                for item in front.entries.get(key, []):
                    name = self._name(item)
                    target.add(name)
                    table.known.add(name)
                    if key != "scalars":
                        names.variables.add(name)
            for item in front.entries.get("same", []):
                left, _, right = item.partition("=")
                a, b = self._name(left), self._name(right)
                table.aliases[a] = b
                if a in names.functions:
                    names.functions.add(b)
            for item in front.entries.get("domains", []):
                for condition in self._conditions(item):
                    table.assume(condition)
            for item in front.entries.get("values", []):
                left, _, right = item.partition("=")
                tree = self._quietly(right)
                if tree is not None:
                    table.give(self._name(left), tree, 1)

    def _name(self, text: str) -> str:
        tree = self._quietly(text)
        name = atom_of(tree) if tree is not None else None
        return name if name is not None else text.strip()

    def _quietly(self, text: str) -> Expr | None:
        try:
            return read_expression(strip_ends(tokenise(text)), self.table.names)[0]
        except FormulaError:
            return None

    def _conditions(self, text: str) -> list[Condition]:
        try:
            parser = Parser(tokenise(text), self.table.names, Reading(), None)
            return [parser.condition()]
        except FormulaError:
            return []

    # --- headings and paragraphs ----------------------------------------------------------------

    def _heading(self, text: str, depth: int) -> None:
        table = self.table
        if prose.is_case(text):
            table.open_case()
        else:
            table.open_section(depth)
        found = prose.hypothesis_in(text, None) if prose.is_case(text) else None
        if found is not None:
            table.hypotheses.append(found)
        self.context = ""
        self.chain = _Chain()

    def _paragraph(self, k: int, run: Passage) -> None:
        equations = any(
            isinstance(p, Formula) and any("=" in [s.relation(k) for k in range(len(s.marks))] for s in p.statements)
            for p in run.parts
        )
        if not run.displays and not equations and prose.is_subheading(run.text, run.strong):
            self._heading(run.text, _SUBHEADING)
            self._case_target(run)
        elif not run.displays and prose.is_case(run.text):
            self._heading(run.text.split(".")[0], _SUBHEADING)
            self._case_target(run)
        elif self.table.case and prose.ends_cases(run.text):
            self.table.close_cases()
        if run.row:
            self.table.open_row()
            self._values_in_row(run)
        else:
            self.columns = []
        self._begin_paragraph(run)
        self.example = self._new_example(run)
        self._paragraph_formulas(k, run)

    def _new_example(self, run: Passage) -> Statement | None:
        """``- $f(x, y) = x + y$, so $\\partial f/\\partial x = 1$``: an item that defines a function anew, and uses it."""
        found = [s for p in run.parts if isinstance(p, Formula) for s in p.statements if s.marks]
        if len(found) < 2 or run.displays:
            return None
        left = self._side(found[0].sides[0])
        if not isinstance(left, Apply) or any(left.orders) or form_of(left) is None:
            return None
        for statement in found[1:]:
            head = self._side(statement.sides[0])
            if head is not None and any(isinstance(n, Derivative | Apply) and _names(n, left.name) for n in walk(head)):
                return found[0]
        return None

    def _begin_paragraph(self, run: Passage) -> None:
        """Conditions of a sentence end with its paragraph, unless the next one plainly goes on."""
        words = run.parts[0].strip().lower() if isinstance(run.parts[0], str) else ""
        opener = words.lstrip("(,;").split(" ")[0].strip(",.:;")
        if len(words) > 3 and not run.displays and opener not in _GOING_ON:
            self.table.passing.clear()

    def _paragraph_formulas(self, k: int, run: Passage) -> None:
        self._values_in_words(run)
        before = ""
        for j, part in enumerate(run.parts):
            if isinstance(part, str):
                before = (before + " " + part)[-200:]
                continue
            after = next((p for p in run.parts[j + 1 :] if isinstance(p, str)), "")
            if part.piece.kind is PieceKind.DISPLAY:
                self._look_ahead(k, run, j)
                self._take(part, before or self.context, after, display=True)
            else:
                self._take(part, before, after, display=False, run=run, place=j)
            before = "" if part.statements and any(s.marks for s in part.statements) else before
        words = " ".join(p for p in run.parts[-1:] if isinstance(p, str))
        self.context = words or ("" if run.displays else self.context)
        if not run.displays:
            self.chain = _Chain() if words.strip() else self.chain

    def _case_target(self, run: Passage) -> None:
        """"Case 1: let p(x) be a sigmoid": which function the case is about."""
        target = None
        for part in run.parts:
            if isinstance(part, Formula) and len(part.statements) == 1 and not part.statements[0].marks:
                target = self._side(part.statements[0].sides[0])
                break
        words = "".join(p for p in run.parts if isinstance(p, str))
        found = prose.hypothesis_in(words, target)
        if found is not None and (prose.is_case(run.text) or target is not None):
            self.table.hypotheses.clear()
            self.table.hypotheses.append(found)

    def _values_in_row(self, run: Passage) -> None:
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
        if self.columns and len(found) == len(self.columns) and all(c is not None and is_given(c) for c in found):
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
        if self.columns and len(numbers) == len(found) == len(self.columns) and any(_is_family(c) for c in self.columns):
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
        tree = self._side(part.statements[0].sides[0])
        return None if tree is None or (words.strip() and is_given(tree)) else tree

    def _values_in_words(self, run: Passage) -> None:
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
                symbol = self._side(part.statements[0].sides[0]) if text is not None else None
                key = self.definitions.value_key(symbol) if symbol is not None else None
                if text is not None and key is not None:
                    self.table.give(key, prose.given_number(text), 0)

    def _look_ahead(self, k: int, run: Passage, j: int) -> None:
        """ "… for x > 0", "where z = w x" after a display belong to it."""
        rest = [p for p in run.parts[j + 1 :]]
        if not any(isinstance(p, Formula) for p in rest) and k + 1 < len(self.passages):
            following = self.passages[k + 1]
            if following.kind is PieceKind.TEXT and not following.displays:
                rest = following.parts
        if len(rest) < 2 or not isinstance(rest[0], str):
            return
        opener = rest[0].strip().lower().lstrip(",;( ").split(" ")[0]
        if opener not in ("for", "if", "where", "with", "when", "provided", "whenever", "here"):
            return
        before = rest[0]
        for part in rest[1:]:
            if isinstance(part, str):
                if any(stop in part for stop in (". ", ".\n")):
                    break
                before = part
                continue
            for statement in part.statements:
                self._foresee(statement, prose.role_of(before))

    def _foresee(self, statement: Statement, role: Role) -> None:
        """Use what a following clause says, before its own line is taken."""
        if len(statement.marks) != 1:
            return
        relation = statement.relation(0)
        if relation in ORDERS or relation == "in":
            for condition in self._relation_conditions(statement):
                self.table.assume(condition, passing=True)
        elif relation == "=" and role in (Role.GIVEN, Role.CLAIM, Role.LET):
            left, right = self._side(statement.sides[0]), self._side(statement.sides[1])
            if left is not None and right is not None and not self.definitions.is_defined(left) and not self.definitions.mentions(right, left):
                self.foreseen.add(id(statement))
                self.definitions.define(left, right, 0)

    # --- one formula ----------------------------------------------------------------------------

    def _take(
        self, formula: Formula, before: str, after: str, *, display: bool, run: Passage | None = None, place: int = 0
    ) -> None:
        self.piece = formula.piece
        if formula.error is not None:
            self._unread_piece(formula, display)
            return
        role = prose.role_of(before)
        if display and role in (Role.CONDITION, Role.PLACE):
            role = Role.CLAIM
        symbols: list[Expr] = []
        _attach_conditions(formula.statements)
        for statement in formula.statements[1:]:
            if statement.words.lower().split(" ")[0].strip(",:") in ("where", "with", "here"):
                self._foresee(statement, Role.GIVEN)
        for order, statement in enumerate(formula.statements, 1):
            self.leads_on = order < len(formula.statements) and formula.statements[order].follows_arrow
            if not statement.marks:
                self._fragment(statement, display, symbols)
                continue
            own = prose.role_of(statement.words) if statement.words else Role.CLAIM
            self._statement(statement, own if own is not Role.CLAIM else role, display)
        if symbols and not display:
            self._declare(formula, symbols, before, after, run, place)

    def _declare(
        self, formula: Formula, symbols: list[Expr], before: str, after: str, run: Passage | None, place: int
    ) -> None:
        """``$w$, $b$ & $c$ are scalars``: a list of symbols shares its description."""
        del formula
        if run is not None:
            for part in run.parts[place + 1 :]:
                if isinstance(part, str):
                    if part.strip().lower().strip(",&;/ ") not in ("", "and", "or"):
                        after = part
                        break
                elif not (len(part.statements) == 1 and not part.statements[0].marks):
                    break
        prose.declare(Declared(symbols, before, after), self.table)

    def _fragment(self, statement: Statement, display: bool, symbols: list[Expr]) -> None:
        """Mathematics without a relation says nothing that could be true or false."""
        tokens = statement.sides[0]
        if not tokens:
            return
        if display and (tokens[0].is_macro("times", "cdot", "odot") or (tokens[0].is_char("+") and len(tokens) > 1)):
            self._emit(
                tokens[0].start,
                tokens[-1].end,
                tokens,
                Finding(Verdict.UNREAD, "X103", "this goes on with a product or sum, but there is nothing to go on with"),
            )
            return
        tree = self._side(tokens)
        if tree is not None:
            symbols.append(tree)
            self.table.learn(tree)

    def _side(self, tokens: list[Token], reading: Reading | None = None) -> Expr | None:
        """The tree of a side, or None if it cannot be read."""
        try:
            tree, ambiguous = self._parsed(tokens, reading)
        except (FormulaError, BoundHit, RecursionError):
            return None
        if ambiguous:
            self.ambiguous.add(id(tokens))
        return self._named(tree)

    def _parsed(self, tokens: list[Token], reading: Reading | None) -> tuple[Expr, bool]:
        """The tree of a side, remembered by its spelling and by all that is known of names."""
        start = tokens[0].start if tokens else 0
        key = (tuple((t.kind, t.text, t.start - start) for t in tokens), self.spelling, reading)
        known = self.memory.trees.get(key)
        if known is None:
            known = read_expression(tokens, self.table.names, reading, Clock(self.deadline))
            if spelling_of(self.table.names) == self.spelling:
                self.memory.keep(self.memory.trees, key, known)
            else:
                self.spelling = spelling_of(self.table.names)
        return known

    def _named(self, tree: Expr) -> Expr:
        """Names that only look like derivatives (``w'`` of a weight), and derivatives that look like names (``f_x``)."""
        table = self.table

        def visit(node: Node) -> Node:
            node = rebuild(node, visit)
            match node:
                case Apply(name, (), (order,)) if name not in table.definitions:
                    primed = name + "'" * order
                    if table.has(primed) or name in table.values or name in table.names.variables | table.names.primed:
                        return Symbol(primed)
                case Symbol(name) if name in table.aliases:
                    return Symbol(table.aliases[name])
                case Indexed(base, indices) if base in table.aliases:
                    return Indexed(table.aliases[base], indices)
                case Apply(name, args, orders) if name in table.aliases:
                    return Apply(table.aliases[name], args, orders)
                case Symbol(name) if "_{" in name and not table.has(name) and name not in table.names.functions:
                    return self._partial(name) or node
                case Apply(name, args, ()) if "_{" in name and not table.has(name) and args:
                    return self._partial_at(name, args) or node
                case Symbol(name) if (found := _NTH.fullmatch(name)) and found[1] in table.definitions:
                    return Apply(found[1], (), (int(found[2]),))
                case _:
                    pass
            return node

        result = visit(tree)
        assert isinstance(result, Expr)
        return result

    def _partial_at(self, name: str, args: tuple[Expr, ...]) -> Expr | None:
        """``f_{xy}(1, 2)``."""
        tree = self._partial(name)
        if tree is None:
            return None
        base, _, label = name.partition("_{")
        params = self.table.definitions[base].params
        if len(args) != len(params):
            return None
        letters = label.removesuffix("}")
        return Apply(base, args, tuple(letters.count(p.name) if isinstance(p, Symbol) else 0 for p in params))

    def _partial(self, name: str) -> Expr | None:
        """``f_{xy}`` for a function of x and y."""
        base, _, label = name.partition("_{")
        label = label.removesuffix("}")
        definition = self.table.definitions.get(base)
        if definition is None or not label.isalpha() or len(label) > 3:
            return None
        variables = definition.params or tuple(s for s in free_symbols(definition.body) if isinstance(s, Symbol))
        if len(variables) < 2 or not all(Symbol(letter) in variables for letter in label):
            return None
        tree: Expr = Symbol(base)
        for letter in label:
            tree = Derivative(tree, Symbol(letter), 1, "partial")
        return tree

    def _unread_piece(self, formula: Formula, display: bool) -> None:
        error = formula.error
        assert error is not None
        text = formula.piece.text
        if not display and not any(sign in text for sign in ("=", "<", ">", "\\le", "\\ge", "\\approx")):
            return
        self.chain = _Chain()
        self._emit(
            min(error.at, max(len(text) - 1, 0)),
            len(text.rstrip()) or len(text),
            [],
            Finding(Verdict.UNREAD, "X101", error.message, help="check the LaTeX at the marked place"),
            source=text.strip(),
        )

    # --- statements -----------------------------------------------------------------------------

    def _statement(self, statement: Statement, role: Role, display: bool) -> None:
        try:
            self._judged(statement, role, display)
        except RecursionError:
            self._all(statement, Finding(Verdict.UNDECIDED, "U102", "stopped at a bound: the depth of the expression"))
        except BoundHit as stop:
            self._all(statement, Finding(Verdict.UNDECIDED, "U102", f"stopped at a bound: {stop}"))

    def _judged(self, statement: Statement, role: Role, display: bool) -> None:
        clock = Clock(min(self.deadline, max(self.end - time.monotonic(), 0.001)))
        if time.monotonic() > self.end:
            self._all(statement, Finding(Verdict.UNDECIDED, "U102", f"stopped at a bound: {DOCUMENT_SECONDS:g} s a document"))
            return
        if not statement.continues:
            self.chain = _Chain()
        if statement.puzzling:
            self._all(statement, Finding(Verdict.UNREAD, "X106", f"what the words “{statement.puzzling}” do to the line is not understood"))
            return
        passing = list(self.table.passing)
        for tokens in statement.conditions:
            self._inline_condition(tokens)
        relations = [statement.relation(k) for k in range(len(statement.marks))]
        if relations == ["sim"] and not display:
            return  # "x ~ N(0, 1)" in a sentence says what kind of thing x is
        if any(r in ("propto", "sim", "ll", "gg", "subset", "notin", "->") for r in relations):
            self._odd_relation(statement, relations)
        elif all(r in ORDERS or r == "in" for r in relations) and not statement.continues:
            self._inequality(statement, role, clock)
        elif not statement.continues and role is Role.CONDITION and self._defines_in_passing(statement):
            self._links(statement, Role.LET, clock, display)
        elif not statement.continues and self._is_imposed(statement, role):
            self._imposed(statement, role)
        else:
            self._links(statement, role, clock, display)
        if statement.conditions:
            self.table.passing[:] = passing

    def _is_imposed(self, statement: Statement, role: Role) -> bool:
        """Whether an equation is imposed rather than claimed, by the words before it and what it is about."""
        if role is Role.SETTING and not self._claims_anyway(statement):
            return True
        if "=!" in [statement.relation(k) for k in range(len(statement.marks))]:
            return True
        if role not in (Role.CONDITION, Role.PLACE):
            return False
        left = self._side(statement.sides[0])
        if left is None or len(statement.marks) > 1:
            return False
        return isinstance(left, Symbol | Indexed) or (role is Role.CONDITION and not self.definitions.rests_on_definition(left))

    def _defines_in_passing(self, statement: Statement) -> bool:
        """"If y = x^3 + 1 then", "for F = ln t": a formula for a name, not a condition."""
        if statement.relation(0) != "=":
            return False
        left, right = self._side(statement.sides[0]), self._side(statement.sides[1])
        if not isinstance(left, Symbol) or right is None or is_given(right):
            return False
        return not isinstance(right, Symbol | Indexed) and left.name not in self.table.names.indices

    def _claims_anyway(self, statement: Statement) -> bool:
        """After "find" or "we want" a derivative set equal to a formula, or a known name, is still claimed."""
        left = self._side(statement.sides[0])
        right = self._side(statement.sides[-1])
        if left is None or right is None:
            return False
        if isinstance(left, Symbol | Indexed | Apply) and self.definitions.is_defined(left):
            return True
        return self.definitions.rests_on_definition(left) and right != ZERO

    def _inline_condition(self, tokens: list[Token]) -> None:
        try:
            parser = Parser(tokens, self.table.names, Reading(), None)
            condition = parser.condition()
        except (FormulaError, BoundHit):
            return
        self.table.assume(condition, passing=True)

    def _odd_relation(self, statement: Statement, relations: list[str]) -> None:
        if all(r == "->" for r in relations):
            # f: R -> R, or "as n -> infinity": nothing to judge
            for side in statement.sides:
                tree = self._side(side)
                if tree is not None:
                    self.table.learn(tree)
            return
        for k, relation in enumerate(relations):
            token = statement.marks[k]
            self._emit_link(
                statement, k, Finding(Verdict.UNREAD, "X104", f"the relation “{token.text}” is not known here")
                if relation in ("propto", "sim", "ll", "gg", "subset", "notin", "->")
                else Finding(Verdict.UNDECIDED, "U101", "part of a line with a relation that is not known here"),
            )  # fmt: skip

    def _relation_conditions(self, statement: Statement) -> list[Condition]:
        tokens = [*statement.sides[0]]
        for mark, side in zip(statement.marks, statement.sides[1:], strict=True):
            tokens += [mark, *side]
        try:
            parser = Parser(tokens, self.table.names, Reading(), None)
            return [parser.condition()]
        except (FormulaError, BoundHit, RecursionError):
            return []

    def _inequality(self, statement: Statement, role: Role, clock: Clock) -> None:
        """``x > 0`` says where the symbols live; an inequality about defined things is a claim."""
        sides = [self._side(side) for side in statement.sides]
        for k, relation in enumerate(statement.relation(i) for i in range(len(statement.marks))):
            left, right = sides[k], sides[k + 1]
            if relation == "!=" and _is_tuple(statement.sides[k]):
                self._emit_link(statement, k, Finding(Verdict.STATED))
                continue
            if relation == "in":
                self._membership(statement, k, left)
                continue
            if left is None or right is None:
                self._emit_link(statement, k, self._why(statement, k))
                continue
            plain = not any(self.definitions.rests_on_definition(s) for s in (left, right))
            if plain and role is Role.CLAIM and not isinstance(left, Symbol | Indexed):
                # "σ(x) < 1" is a fact that can be proved; what cannot be is taken as a condition
                finding = Judge(self.table, clock, self.memory).judge(Link(left, relation, right))
                if finding.verdict is Verdict.PROVED:
                    self._emit_link(statement, k, finding)
                    continue
            if plain or role in (Role.CONDITION, Role.GIVEN, Role.LET, Role.SETTING):
                condition = Relation(left, ORDERS[relation], right)
                self.table.assume(condition, passing=role is Role.CONDITION)
                self.table.learn(left)
                self._emit_link(statement, k, Finding(Verdict.STATED))
                continue
            self._emit_link(statement, k, Judge(self.table, clock, self.memory).judge(Link(left, relation, right)))

    def _membership(self, statement: Statement, k: int, left: Expr | None) -> None:
        tokens = [*statement.sides[k], statement.marks[k], *statement.sides[k + 1]]
        if left is not None:
            self.table.learn(left)
        target = statement.sides[k + 1]
        space = next((t.text for t in target if t.kind is Kind.SYMBOL and "mathbb" in t.text), None)
        name = atom_of(left) if left is not None else None
        if space is not None and name is not None:
            note_space(self.table, name, space, target)
            self._emit_link(statement, k, Finding(Verdict.STATED))
            return
        try:
            parser = Parser(tokens, self.table.names, Reading(), None)
            condition = parser.condition()
        except (FormulaError, BoundHit):
            self._emit_link(statement, k, Finding(Verdict.STATED) if left is not None else self._why(statement, k))
            return
        self.table.assume(condition)
        self._emit_link(statement, k, Finding(Verdict.STATED))

    def _imposed(self, statement: Statement, role: Role) -> None:
        """An equation that is a condition ("for y = 1") or is being solved ("setting f'(x) = 0")."""
        for k in range(len(statement.marks)):
            left, right = self._side(statement.sides[k]), self._side(statement.sides[k + 1])
            if left is None or right is None:
                self._emit_link(statement, k, self._why(statement, k))
                continue
            relation = ORDERS.get(statement.relation(k), Op.EQ)
            self.table.learn(left)
            if role is Role.SETTING or statement.relation(k) == "=!":
                self.table.imposed.append((left, right))
            if role is Role.CONDITION and not isinstance(left, Symbol | Indexed):
                self.definitions.constrain(left, right)
            elif role in (Role.CONDITION, Role.PLACE):
                self.table.passing[:] = [c for c in self.table.passing if not _about(c, left)]
                self.table.assume(Relation(left, relation, right), passing=True)
            self._emit_link(statement, k, Finding(Verdict.STATED))

    # --- chains ---------------------------------------------------------------------------------

    def _links(self, statement: Statement, role: Role, clock: Clock, display: bool) -> None:
        chain = self.chain
        trees = [self._side(side) if side else None for side in statement.sides]
        if statement.continues:
            trees[0] = chain.last
        elif trees[0] is not None:
            chain.head = trees[0]
            chain.head_key = head_key(trees[0], self.table)
            chain.last = trees[0]
        for k in range(len(statement.marks)):
            left, right = trees[k], trees[k + 1]
            relation = statement.relation(k)
            if right is None or left is None:
                self._unreadable(statement, k, left, right, chain)
                chain.last = right
                chain.sides += 1
                continue
            finding = self._link(statement, k, left, right, relation, role, clock, chain)
            self._emit_link(statement, k, finding)
            chain.last = right
            chain.sides += 1
            self._remember(finding, chain, right, statement, k)
        self._renewed(statement, trees, chain)
        del display

    def _link(
        self, statement: Statement, k: int, left: Expr, right: Expr, relation: str, role: Role, clock: Clock, chain: _Chain
    ) -> Finding:
        first = chain.sides == 0
        line = self._at(statement.sides[k + 1][0].start if statement.sides[k + 1] else statement.marks[k].start)
        if first and id(statement) in self.foreseen:
            return Finding(Verdict.STATED)
        if first and isinstance(left, Sum) and self.definitions.normalised(left, right):
            self.definitions.constrain(left, right)
            return Finding(Verdict.STATED)
        if first and role is Role.GIVEN and is_given(right) and not isinstance(left, Symbol | Indexed | Apply):
            rests = any(self.definitions.rests_on_definition(n) for n in walk(left) if isinstance(n, Expr))
            if not rests and not is_given(left):
                self.definitions.constrain(left, right)
                return Finding(Verdict.STATED)
        if first:
            own = self._own_function(statement.sides[0], left, right, clock)
            if own is not None:
                left = own
            updated = None if role in (Role.LET, Role.GIVEN) else self.definitions.updated(left, right, clock, dash=_after_struck(statement.sides[k + 1]))
            if updated is not None:
                return updated
            solved = self._solved(left, right, clock) if role is not Role.LET else None
            if solved is not None:
                return solved
            if statement is self.example and k == 0:
                role = Role.LET
            stated = self.definitions.stated(left, right, relation, role, line, clock)
            if stated is not None:
                return stated
        link = Link(left, relation if relation == "~" or relation in ORDERS else "=", right, chain.head)
        finding = Judge(self.table, clock, self.memory).judge(link)
        if finding.verdict in (Verdict.PROVED, Verdict.AGREES):
            return finding
        if right == ZERO and (not first or self.leads_on) and finding.verdict is Verdict.REFUTED and not is_given(left):
            # f'(x) = 2x - 4 = 0: set to zero in order to solve it
            self.table.imposed.append((left, right))
            return Finding(Verdict.STATED)
        other = self._other_reading(statement, k, left, right, link, clock)
        if other is not None:
            return other
        if first and role is Role.GIVEN and finding.verdict in (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.UNREAD):
            if not self.definitions.rests_on_definition(left):
                self.definitions.constrain(left, right)
                return Finding(Verdict.STATED)
        if first and finding.verdict in (Verdict.REFUTED, Verdict.UNREAD, Verdict.UNDECIDED):
            again = self.definitions.redefined(left, right, line)
            if again is not None:
                return again
        return finding

    def _own_function(self, side: list[Token], left: Expr, right: Expr, clock: Clock) -> Expr | None:
        """``\\text{Softplus}(x) = …`` that is not the usual one: the document's own function from here on."""
        token = side[0] if side else None
        if not isinstance(left, Func) or token is None or not self.definitions.redefines(left, right, clock):
            return None
        name = r"\sigma" if token.is_macro("sigma") else f"\\text{{{token.text.strip()}}}"
        self.table.names.functions.add(name)
        self.spelling = spelling_of(self.table.names)
        return self._side(side)

    def _other_reading(
        self, statement: Statement, k: int, left: Expr, right: Expr, link: Link, clock: Clock
    ) -> Finding | None:
        """Usual other ways to read a side: a slash over a product, an operator on one factor, a dash."""
        if not self.ambiguous & {id(side) for side in statement.sides[k : k + 2]}:
            return None
        for reading in _READINGS:
            a = left if statement.continues and k == 0 else self._side(statement.sides[k], reading) or left
            b = self._side(statement.sides[k + 1], reading) or right
            if (a, b) == (left, right):
                continue
            finding = Judge(self.table, clock, self.memory).judge(Link(a, link.relation, b, link.head))
            if finding.verdict in (Verdict.PROVED, Verdict.FOLLOWS):
                return finding
        return None

    # --- what the writer holds ------------------------------------------------------------------

    def _renewed(self, statement: Statement, trees: list[Expr | None], chain: _Chain) -> None:
        """After ``w := w - … = 1.5`` the next step starts from the number reached."""
        head, last = chain.head, trees[-1]
        if head is None or last is None or not is_given(last) or statement.continues:
            return
        key = self.definitions.value_key(head)
        if key is None or not any(u.generic == head for u in self.table.updates):
            return
        if len(statement.marks) > 1:
            self.table.renewed[key] = last

    def _solved(self, left: Expr, right: Expr, clock: Clock) -> Finding | None:
        """``x = 3`` after ``f'(x) = 0``: a solution, which is put into the equation."""
        if not isinstance(left, Symbol | Indexed) or not is_given(right) or self.definitions.is_defined(left):
            return None
        for a, b in reversed(self.table.imposed):
            finding = Judge(self.table, clock, self.memory).solution(a, b, {left: right})
            if finding is not None:
                return finding
        return None

    def _remember(self, finding: Finding, chain: _Chain, right: Expr, statement: Statement, k: int) -> None:
        """Wrong lines and rounded results are what later lines of the writer may rest on."""
        line = self._at(statement.sides[k + 1][0].start if statement.sides[k + 1] else statement.marks[k].start)
        if finding.verdict is Verdict.REFUTED and chain.wrong_line is None:
            chain.wrong_line = line
        if finding.verdict is Verdict.FOLLOWS and chain.wrong_line is None:
            chain.wrong_line = finding.follows
        if chain.head_key is None:
            return
        beliefs = self.table.beliefs
        if chain.wrong_line is not None:
            beliefs[chain.head_key] = Belief(right, chain.wrong_line, True)
        elif finding.verdict is Verdict.PROVED:
            if plain_number(right) is not None:
                beliefs[chain.head_key] = Belief(right, line, False)
            else:
                beliefs.pop(chain.head_key, None)

    # --- unreadable sides -----------------------------------------------------------------------

    def _why(self, statement: Statement, k: int) -> Finding:
        """UNREAD, with the reason from whichever side cannot be read."""
        for side in (statement.sides[k], statement.sides[k + 1]):
            if not side:
                continue
            try:
                read_expression(side, self.table.names, None, Clock(self.deadline))
            except FormulaError as error:
                return Finding(
                    Verdict.UNREAD, "X101", f"{error.message}{self._spot(error.at)}", help="write it another way, or leave it"
                )
            except (BoundHit, RecursionError) as stop:
                return Finding(Verdict.UNREAD, "X105", f"stopped at a bound: {stop or 'nesting'}")
        return Finding(Verdict.UNREAD, "X103", "the line goes on from something that could not be read")

    def _spot(self, at: int) -> str:
        line, column = self.source.position(self._offset(at))
        return f" (line {line}, column {column})"

    def _unreadable(self, statement: Statement, k: int, left: Expr | None, right: Expr | None, chain: _Chain) -> None:
        finding = self._why(statement, k)
        self._emit_link(statement, k, finding)
        if chain.sides == 0 and left is not None and right is None:
            form = form_of(left)
            if form is not None:
                line = self._at(statement.marks[k].start)
                self.table.unreadable[form[0]] = line
                self.table.definitions.pop(form[0], None)

    # --- places ---------------------------------------------------------------------------------

    def _offset(self, at: int) -> int:
        offsets = self.piece.offsets
        return offsets[min(at, len(offsets) - 1)] if len(offsets) else 0

    def _at(self, at: int) -> int:
        return self.source.position(self._offset(at))[0]

    def _all(self, statement: Statement, finding: Finding) -> None:
        for k in range(len(statement.marks)):
            self._emit_link(statement, k, finding)

    def _emit_link(self, statement: Statement, k: int, finding: Finding) -> None:
        side = statement.sides[k + 1] or [statement.marks[k]]
        before = statement.sides[k] if k == 0 and statement.sides[k] else [statement.marks[k]]
        self._emit(side[0].start, side[-1].end, [*before, *side], finding)

    def _emit(
        self, start: int, end: int, tokens: list[Token], finding: Finding, source: str | None = None
    ) -> None:
        piece = self.piece
        first = self._offset(start)
        last = self._offset(max(end - 1, start)) + 1
        line, column = self.source.position(first)
        end_line, end_column = self.source.position(last)
        text = source if source is not None else piece.text[tokens[0].start : tokens[-1].end]
        self.lines.append(
            (
                first,
                Line(
                    line,
                    column,
                    end_line,
                    end_column,
                    " ".join(text.split()),
                    finding.verdict,
                    finding.code,
                    finding.message,
                    finding.evidence,
                    finding.help,
                    finding.follows,
                ),
            )
        )


#: How deep a paragraph is that acts as a heading: below all headings.
_SUBHEADING = 20
_NTH = re.compile(r"(.+)\^\{\((\d)\)\}")
_GOING_ON = frozenset(
    "then and so thus hence we which giving therefore that with where for if when here this it by simplifying or".split()
)
_READINGS = (
    Reading(slash_takes_product=True),
    Reading(derivative_takes_product=False),
    Reading(bracket_takes_product=True),
    Reading(slash_takes_product=True, derivative_takes_product=False),
)


def _attach_conditions(found: list[Statement]) -> None:
    """``f'(x) = 1, \\quad x > 0``: a bare inequality after an equation says where the equation holds."""
    for before, after in pairwise(found):
        relations = [after.relation(k) for k in range(len(after.marks))]
        plain = len(after.sides[0]) <= 4 and not any(t.is_char("(") for t in after.sides[0])
        if relations and before.marks and before.relation(0) in ("=", "~") and plain and not after.words:
            if all(r in ORDERS or r == "in" for r in relations):
                tokens = list(after.sides[0])
                for mark, side in zip(after.marks, after.sides[1:], strict=True):
                    tokens += [mark, *side]
                before.conditions.append(tokens)


def _names(node: Node, name: str) -> bool:
    """Whether a derivative or prime is of the function with this name."""
    match node:
        case Derivative(Symbol(found) | Apply(found), _):
            return found == name
        case Apply(found, _, orders):
            return found == name and any(orders)
        case _:
            return False


def _is_family(expr: Expr | None) -> bool:
    return isinstance(expr, Indexed) and len(expr.indices) == 1 and isinstance(expr.indices[0], Symbol)


def _is_tuple(side: list[Token]) -> bool:
    return len(side) > 3 and side[0].is_char("(") and side[-1].is_char(")") and any(t.is_char(",") for t in side)


def _after_struck(side: list[Token]) -> bool:
    return len(side) > 1 and side[0].kind is Kind.STRUCK and side[1].is_char("-")


def _about(condition: Condition, left: Expr) -> bool:
    return isinstance(condition, Relation) and condition.left == left


__all__ = ["Checker", "check_text"]
