"""Read a document from top to bottom and give every line of mathematics its verdict.

text → pieces → statements with their places → definitions bound, claims judged → lines. Nothing here
raises for what a document says; what cannot be read becomes UNREAD with the place and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradbook.document import files, prose, provisos, scan, subjects
from gradbook.document.chains import Chain, Chains
from gradbook.document.clauses import Clauses, is_otherwise
from gradbook.document.definitions import Definitions, form_of
from gradbook.document.findings import ORDERS, Finding
from gradbook.document.front_matter import read_front_matter
from gradbook.document.given import GivenValues
from gradbook.document.memory import Memory
from gradbook.document.notebook import NotebookError
from gradbook.document.passages import Formula, Passage, passages
from gradbook.document.pieces import Piece, PieceKind, Source
from gradbook.document.places import Places
from gradbook.document.prose import Declared, Role
from gradbook.document.reading import guess, pieces_of
from gradbook.document.report import Document, Line, Problem, Verdict
from gradbook.document.statements import Statement
from gradbook.document.symbols import (
    Table,
    atom_of,
)
from gradbook.document.tokens import FormulaError, Token
from gradbook.document.trees import Trees
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import (
    Apply,
    Condition,
    Derivative,
    Expr,
    Node,
    Symbol,
    walk,
)


def check_text(
    text: str, path: str = "<text>", *, deadline: float = 2.0, name_mistakes: bool = True
) -> Document:
    """Check the text of one document.

    Args:
        text: the document; Markdown, LaTeX or a notebook (told by the path's suffix, else by its look).
        path: where it came from, for display.
        deadline: seconds that one line may take.
        name_mistakes: whether wrong lines are looked at again for the mistake that explains them.

    Raises:
        NotebookError: a notebook that is not valid JSON.

    >>> document = check_text("Let $f(x) = x^2$. Then $f'(x) = 3x$.")
    >>> [line.verdict.name for line in document.lines]
    ['STATED', 'REFUTED']
    """
    return _checked(text, path, deadline, Memory(lasting=False), name_mistakes)


def check_document(path: str, text: str | None = None, *, deadline: float = 2.0) -> Document | Problem:
    """Check the document at a path, or its text where that is at hand; what is wrong with a file is told.

    >>> check_document("a.ipynb", '{"cells": [').message
    'not a notebook: Expecting value (line 1, column 12); write it again from the program it was made with'
    """
    found = files.read(path) if text is None else text
    if isinstance(found, Problem):
        return found
    try:
        return check_text(found, path, deadline=deadline)
    except NotebookError as error:
        return Problem(
            path,
            f"{error} (line {error.line}, column {error.column}); write it again from the program it was made with",
        )


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
        return _checked(text, path, self.deadline, self.memory)


def _checked(text: str, path: str, deadline: float, memory: Memory, name_mistakes: bool = True) -> Document:
    source = Source.of(path, text)
    pieces = pieces_of(source, guess(path, text))
    checker = Checker(source, pieces, deadline, memory)
    checker.chains.name_mistakes = name_mistakes
    return Document(path, tuple(checker.run()), text)


class Checker:
    """One document."""

    def __init__(self, source: Source, pieces: Sequence[Piece], deadline: float, memory: Memory) -> None:
        self.table = Table()
        self.definitions = Definitions(self.table, memory)
        self.trees = Trees(self.table, memory, deadline)
        self.places = Places(source)
        self.chains = Chains(self.table, self.definitions, self.trees, self.places, memory)
        self.given = GivenValues(self.table, self.definitions, self.trees)
        self.passages = passages(pieces, self.table.names, deadline, memory)
        self.context = ""
        self.clauses = Clauses(self.table, self.trees)
        #: Statements that are conditions of the formula before them.
        self.attached: set[int] = set()

    # --- first pass -----------------------------------------------------------------------------

    def _formulas(self) -> list[Formula]:
        return [p for run in self.passages for p in run.parts if isinstance(p, Formula)]

    def _scan(self) -> None:
        names = self.table.names
        formulas = self._formulas()
        names.note_members()
        self.table.numerator_layout = any(prose.is_numerator_layout(run.text) for run in self.passages)
        letters = scan.single_letters(s for f in formulas for s in f.statements)
        for formula in formulas:
            solo = formula.piece.kind is PieceKind.INLINE and len(formula.statements) == 1
            for statement in formula.statements:
                scan.scan_statement(statement, names, letters, solo)
        for formula in formulas:
            for statement in formula.statements:
                scan.scan_variables(statement, names)
        self.trees.respell()
        for formula in formulas:
            for statement in formula.statements:
                trees: list[Expr] = []
                for side in statement.sides:
                    if any(t.is_macro("partial", "nabla") or t.text in ("d", "(", "'") for t in side):
                        try:
                            trees.append(self.trees.named(self.trees.parsed(side, None)[0]))
                        except (FormulaError, BoundHit):
                            continue
                        scan.scan_tree(trees[-1], self.table)
                scan.scan_rule(trees, self.table)

    # --- second pass ----------------------------------------------------------------------------

    def run(self) -> list[Line]:
        """All lines, in document order."""
        self._front_matter()
        self._scan()
        self.trees.respell()
        for k, run in enumerate(self.passages):
            if run.kind is PieceKind.HEADING:
                self._heading(run.text, run.level)
                self._paragraph_formulas(k, run)
                # a title tells nothing of the formula below it: "Over a set" sets nothing
                self.context = ""
            elif run.kind is not PieceKind.FRONT_MATTER:
                self._paragraph(k, run)
        self.places.lines.sort(key=lambda item: item[0])
        return [line for _, line in self.places.lines]

    def _front_matter(self) -> None:
        for run in self.passages:
            if run.kind is not PieceKind.FRONT_MATTER:
                continue
            front = read_front_matter(run.text)
            table, names = self.table, self.table.names
            for item in front.entries.get("functions", []):
                names.functions.add(self._name(item))
            for key, target in (
                ("vectors", table.vectors),
                ("matrices", table.matrices),
                ("scalars", table.scalars),
            ):
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
                for condition in self.trees.conditions(item):
                    table.assume(condition)
            for item in front.entries.get("values", []):
                left, _, right = item.partition("=")
                tree = self.trees.quietly(right)
                if tree is not None:
                    table.give(self._name(left), tree, 1)

    def _name(self, text: str) -> str:
        tree = self.trees.quietly(text)
        name = atom_of(tree) if tree is not None else None
        return name if name is not None else text.strip()

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
        self.chains.chain = Chain()

    def _paragraph(self, k: int, run: Passage) -> None:
        equations = any(
            isinstance(p, Formula)
            and any("=" in [s.relation(k) for k in range(len(s.marks))] for s in p.statements)
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
            self.given.in_row(run)
        else:
            self.given.columns = []
        self._begin_paragraph(run)
        self.chains.example = self._new_example(run)
        self._paragraph_formulas(k, run)

    def _new_example(self, run: Passage) -> Statement | None:
        """``- $f(x, y) = x + y$, so $\\partial f/\\partial x = 1$``: an item that defines and uses it."""
        found = [s for p in run.parts if isinstance(p, Formula) for s in p.statements if s.marks]
        if len(found) < 2 or run.displays:
            return None
        left = self.trees.side(found[0].sides[0])
        if not isinstance(left, Apply) or any(left.orders) or form_of(left) is None:
            return None
        for statement in found[1:]:
            head = self.trees.side(statement.sides[0])
            if head is not None and any(
                isinstance(n, Derivative | Apply) and _names(n, left.name) for n in walk(head)
            ):
                return found[0]
        return None

    def _begin_paragraph(self, run: Passage) -> None:
        """Conditions of a sentence end with its paragraph, unless the next one plainly goes on."""
        self.clauses.end()
        words = run.parts[0].strip().lower() if isinstance(run.parts[0], str) else ""
        opener = words.lstrip("(,;").split(" ")[0].strip(",.:;")
        if len(words) > 3 and not run.displays and opener not in _GOING_ON:
            self.table.passing.clear()

    def _paragraph_formulas(self, k: int, run: Passage) -> None:
        self.given.in_words(run)
        before = ""
        for j, part in enumerate(run.parts):
            if isinstance(part, str):
                before = (before + " " + part)[-200:]
                continue
            after = next((p for p in run.parts[j + 1 :] if isinstance(p, str)), "")
            under = self.clauses.around(run, j, before, after)
            if part.piece.kind is PieceKind.DISPLAY:
                self._look_ahead(k, run, j)
                self._take(part, before or self.context, after, display=True, under=under)
            else:
                if prose.explains(after):
                    self._look_ahead(k, run, j)
                if part.statements and part.statements[0].continues and not self._goes_on(run, j):
                    continue
                if not under and part.statements and part.statements[-1].marks:
                    attached = provisos.trailing(run.parts, j)
                    part.statements[-1].conditions += [s.tokens for s in attached]
                    self.attached.update(map(id, attached))
                self._take(part, before, after, display=False, run=run, place=j, under=under)
            before = "" if part.statements and any(s.marks for s in part.statements) else before
        words = " ".join(p for p in run.parts[-1:] if isinstance(p, str))
        self.context = words or ("" if run.displays else self.context)
        if not run.displays:
            self.chains.chain = Chain() if words.strip() else self.chains.chain

    def _goes_on(self, run: Passage, j: int) -> bool:
        """Whether an inline formula that begins with a relation has something to go on from; UNREAD if not."""
        part = run.parts[j]
        assert isinstance(part, Formula)
        words = run.parts[j - 1] if j and isinstance(run.parts[j - 1], str) else ""
        assert isinstance(words, str)
        before = next((p for p in reversed(run.parts[:j]) if isinstance(p, Formula)), None)
        if not provisos.leads_on(words):
            self.places.piece = part.piece
            self.chains.chain = Chain()
            for statement in part.statements:
                self.places.emit_all(
                    statement,
                    Finding(Verdict.UNREAD, "X103", "what the words before the relation name is not read"),
                )
            return False
        if before is not None and before.statements and not before.statements[-1].marks:
            self.chains.go_on_from(self.trees.side(before.statements[-1].sides[0]))
        return True

    def _case_target(self, run: Passage) -> None:
        """``Case 1: let p(x) be a sigmoid``: which function the case is about."""
        target = None
        for part in run.parts:
            if isinstance(part, Formula) and len(part.statements) == 1 and not part.statements[0].marks:
                target = self.trees.side(part.statements[0].sides[0])
                break
        words = "".join(p for p in run.parts if isinstance(p, str))
        found = prose.hypothesis_in(words, target)
        if found is not None and (prose.is_case(run.text) or target is not None):
            self.table.hypotheses.clear()
            self.table.hypotheses.append(found)

    def _look_ahead(self, k: int, run: Passage, j: int) -> None:
        """``… for x > 0``, ``where z = w x`` after a display belong to it."""
        rest = list(run.parts[j + 1 :])
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
        display = run.parts[j]
        heads = [s.sides[0] for s in display.statements if s.marks] if isinstance(display, Formula) else []
        for place, part in enumerate(rest[1:], 2):
            if isinstance(part, str):
                if prose.concludes(part):
                    break
                before = part
                continue
            after = rest[place] if place < len(rest) else ""
            for statement in part.statements:
                if not any(_same_side(statement.sides[0], head) for head in heads):
                    self._foresee(statement, prose.role_of(before))
                name = self.trees.side(statement.sides[0]) if not statement.marks else None
                if name is not None and isinstance(after, str):
                    prose.declare(Declared([name], before, after), self.table)

    def _foresee(self, statement: Statement, role: Role) -> None:
        """Use what a following clause says, before its own line is taken."""
        if len(statement.marks) != 1:
            return
        relation = statement.relation(0)
        if relation in ORDERS or relation == "in":
            self.chains.assume_passing(statement.tokens)
        elif relation == "=" and role in (Role.GIVEN, Role.SUPPOSED, Role.CLAIM, Role.LET):
            left, right = self.trees.side(statement.sides[0]), self.trees.side(statement.sides[1])
            if (
                left is not None
                and right is not None
                and (not self.definitions.is_defined(left) or self._is_of_another_part(left))
                and not self.definitions.mentions(right, left)
            ):
                self.chains.foreseen.add(id(statement))
                self.definitions.define(left, right, 0)

    def _is_of_another_part(self, name: Expr) -> bool:
        known = self.table.definitions.get(name.name) if isinstance(name, Symbol) else None
        return known is not None and known.section != self.table.section

    # --- one formula ----------------------------------------------------------------------------

    def _take(
        self,
        formula: Formula,
        before: str,
        after: str,
        *,
        display: bool,
        run: Passage | None = None,
        place: int = 0,
        under: Sequence[Condition] = (),
    ) -> None:
        self.places.piece = formula.piece
        if formula.error is not None:
            self._unread_piece(formula, display)
            return
        role = prose.role_of(before)
        read = bool(under) or any(s.conditions for s in formula.statements)
        turned = bool(under) and is_otherwise(before, after)
        self.table.proviso = provisos.in_words("" if turned else before, "" if read else after)
        self.table.subject = subjects.subject(before)
        if display and role in (Role.CONDITION, Role.PLACE):
            role = Role.CLAIM
        symbols: list[Expr] = []
        attached = _attach_conditions(formula.statements)
        for statement in formula.statements[1:]:
            opener = statement.words.lower().split(" ")[0].strip(",:")
            if opener in ("where", "with", "here") or (not opener and self._explains(statement, formula)):
                self._foresee(statement, Role.GIVEN)
        for order, statement in enumerate(formula.statements, 1):
            self.chains.leads_on = order < len(formula.statements) and formula.statements[order].follows_arrow
            if not statement.marks:
                self._fragment(statement, display, symbols)
                continue
            own = prose.role_of(statement.words) if statement.words else Role.CLAIM
            if own is Role.CLAIM and not (role is Role.CONDITION and self._is_for_all(statement, run, place)):
                own = role
            if id(statement) in attached or id(statement) in self.attached:
                own = Role.CONDITION
            with self.clauses.under(under if statement.relation(0) in ("=", "~") else ()):
                self.chains.statement(statement, own, display)
        if symbols and not display and not self.clauses.holds(formula):
            self._declare(symbols, before, after, run, place)

    def _is_for_all(self, statement: Statement, run: Passage | None, place: int) -> bool:
        """``For all $x$, $f(x) = x^2$``: the words are about the name before the comma, not about the equation."""
        if run is None or place < 2 or statement.relation(0) != "=":
            return False
        comma = run.parts[place - 1]
        left = self.trees.side(statement.sides[0])
        return isinstance(comma, str) and comma.strip() == "," and isinstance(left, Apply | Derivative)

    def _explains(self, statement: Statement, formula: Formula) -> bool:
        r"""``f'(x) = 2u, \quad u = x``: whether it says what a letter of the line before it is."""
        left = statement.sides[0]
        if len(left) != 1 or not left[0].is_letter or left[0].text in self.table.values:
            return False
        name = Symbol(left[0].text)
        if self.table.definitions.get(name.name) is not None and not self._is_of_another_part(name):
            return False
        return any(t.text == left[0].text for side in formula.statements[0].sides[1:] for t in side)

    def _declare(self, symbols: list[Expr], before: str, after: str, run: Passage | None, place: int) -> None:
        """``$w$, $b$ & $c$ are scalars``: a list of symbols shares its description."""
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
        if display and (
            tokens[0].is_macro("times", "cdot", "odot") or (tokens[0].is_char("+") and len(tokens) > 1)
        ):
            self.places.emit(
                tokens[0].start,
                tokens[-1].end,
                tokens,
                Finding(
                    Verdict.UNREAD,
                    "X103",
                    "this goes on with a product or sum, but there is nothing to go on with",
                ),
            )
            return
        tree = self.trees.side(tokens)
        if tree is not None:
            symbols.append(tree)
            self.table.learn(tree)

    def _unread_piece(self, formula: Formula, display: bool) -> None:
        error = formula.error
        assert error is not None
        text = formula.piece.text
        if not display and not any(sign in text for sign in ("=", "<", ">", "\\le", "\\ge", "\\approx")):
            return
        self.chains.chain = Chain()
        self.places.emit(
            min(error.at, max(len(text) - 1, 0)),
            len(text.rstrip()) or len(text),
            [],
            Finding(Verdict.UNREAD, "X101", error.message, help="check the LaTeX at the marked place"),
            source=text.strip(),
        )
        for name in formula.heads():
            self.table.unreadable[name] = self.places.line_at(0)
            self.table.definitions.pop(name, None)


#: How deep a paragraph is that acts as a heading: below all headings.
_SUBHEADING = 20
_GOING_ON = frozenset(
    "then and so thus hence we which giving therefore that with where for if when here this it by or "
    "simplifying".split()
)


def _attach_conditions(found: list[Statement]) -> set[int]:
    """``f'(x) = 1, \\quad x > 0``: a bare inequality after an equation says where the equation holds, and no other."""
    attached: set[int] = set()
    for before, after in pairwise(found):
        relation = before.relation(0) if before.marks else ""
        holds = relation in ("=", "~") or (relation in ORDERS and len(before.sides[0]) > 3)
        if holds and provisos.is_bound(after) and not after.words:
            before.conditions.append(after.tokens)
            attached.add(id(after))
    return attached


def _same_side(a: Sequence[Token], b: Sequence[Token]) -> bool:
    return [t.text for t in a] == [t.text for t in b]


def _names(node: Node, name: str) -> bool:
    """Whether a derivative or prime is of the function with this name."""
    match node:
        case Derivative(Symbol(found) | Apply(found), _):
            return found == name
        case Apply(found, _, orders):
            return found == name and any(orders)
        case _:
            return False


__all__ = ["Checker", "check_text"]
