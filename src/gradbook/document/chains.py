"""Statements judged: chains link by link, conditions, equations that are imposed, and what the writer holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gradbook.document.claims import Judge
from gradbook.document.definitions import Definitions, form_of, is_given
from gradbook.document.findings import ORDERS, Finding, Link
from gradbook.document.formula import Reading, read_expression
from gradbook.document.memory import Memory, names_behind
from gradbook.document.places import Places
from gradbook.document.prose import Role
from gradbook.document.report import Verdict
from gradbook.document.spaces import note_space
from gradbook.document.spot import place_of
from gradbook.document.statements import Statement
from gradbook.document.symbols import Belief, Table, atom_of, head_key, plain_number
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.document.trees import Trees
from gradbook.document.written_vectors import components, gradient
from gradbook.symbolic.bounds import BoundHit, Budget, Clock
from gradbook.symbolic.expr import (
    FUNCTIONS,
    ZERO,
    Apply,
    Condition,
    Derivative,
    Expr,
    Func,
    Indexed,
    Op,
    Relation,
    Sum,
    Symbol,
    free_symbols,
    walk,
)

#: Most seconds that a whole document may take, by its length: a page is a few thousand characters.
DOCUMENT_SECONDS = 30.0


@dataclass
class Chain:
    """The chain that a row beginning with a relation goes on with."""

    head: Expr | None = None
    head_key: str | None = None
    last: Expr | None = None
    wrong_line: int | None = None
    sides: int = 0
    #: The components of the last side, where it was a vector written out.
    vector: list[Expr] = field(default_factory=list[Expr])


class Chains:
    """Judges the statements of a document one after the other."""

    def __init__(
        self, table: Table, definitions: Definitions, trees: Trees, places: Places, memory: Memory
    ) -> None:
        self.table = table
        self.definitions = definitions
        self.trees = trees
        self.places = places
        self.memory = memory
        self.deadline = trees.deadline
        self.seconds = max(DOCUMENT_SECONDS, min(2 * DOCUMENT_SECONDS, len(places.source.text) / 30_000))
        self.budget = Budget(max(self.seconds, trees.deadline))
        self.chain = Chain()
        #: Whether wrong links are looked at again for the mistake that explains them.
        self.name_mistakes = True
        #: Statements of a "where" clause that were used before their own line came.
        self.foreseen: set[int] = set()
        #: The definition with which an item of a list starts an example of its own.
        self.example: Statement | None = None
        #: Whether an arrow leads from the statement being judged to the next.
        self.leads_on = False

    def statement(self, statement: Statement, role: Role, display: bool) -> None:
        """One statement: its links judged, or taken as what the words before it make of it."""
        try:
            self._judged(statement, role, display)
        except RecursionError:
            self.places.emit_all(
                statement,
                Finding(Verdict.UNDECIDED, "U102", "stopped at a bound: the depth of the expression"),
            )
        except BoundHit as stop:
            self.places.emit_all(statement, Finding(Verdict.UNDECIDED, "U102", f"stopped at a bound: {stop}"))

    def _judged(self, statement: Statement, role: Role, display: bool) -> None:
        clock = Clock(min(self.deadline, max(self.budget.left, 0.001)))
        if self.budget.spent:
            self.places.emit_all(
                statement,
                Finding(Verdict.UNDECIDED, "U102", f"stopped at a bound: {self.seconds:g} s a document"),
            )
            return
        if not statement.continues:
            self.chain = Chain()
        if statement.puzzling:
            self.places.emit_all(
                statement,
                Finding(
                    Verdict.UNREAD,
                    "X106",
                    f"what “{statement.puzzling}” does to the line is not understood",
                ),
            )
            return
        if role in (Role.CONDITION, Role.SUPPOSED) and self._defines_in_passing(statement):
            role = Role.LET
        elif role is Role.SUPPOSED:
            role = Role.GIVEN
        passing = list(self.table.passing)
        for tokens in statement.conditions:
            self.assume_passing(tokens)
        relations = [statement.relation(k) for k in range(len(statement.marks))]
        if relations == ["sim"] and not display:
            return  # "x ~ N(0, 1)" in a sentence says what kind of thing x is
        if any(r in _ODD_RELATIONS for r in relations):
            self._odd_relation(statement, relations)
        elif all(r in ORDERS or r == "in" for r in relations) and not statement.continues:
            self._inequality(statement, role, clock)
        elif not statement.continues and self._is_imposed(statement, role):
            self._imposed(statement, role)
        else:
            self._links(statement, role, clock)
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
        left = self.trees.side(statement.sides[0])
        if left is None or len(statement.marks) > 1:
            return False
        if isinstance(left, Symbol | Indexed):
            return True
        if role is Role.PLACE:
            return False
        return not self.definitions.rests_on_definition(left) or self._is_to_be_solved(statement, left)

    def _is_to_be_solved(self, statement: Statement, left: Expr) -> bool:
        """``if f'(x) = 0``: a number for what varies, which holds for some x and claims nothing."""
        right = self.trees.side(statement.sides[1])
        return right is not None and is_given(right) and bool(free_symbols(left))

    def _defines_in_passing(self, statement: Statement) -> bool:
        """``If y = x^3 + 1 then``, ``for f(x) = sin x``: a formula for a name, not a condition."""
        if statement.continues or statement.relation(0) != "=":
            return False
        left, right = self.trees.side(statement.sides[0]), self.trees.side(statement.sides[1])
        if left is None or right is None or is_given(right):
            return False
        if isinstance(left, Apply):
            return form_of(left) is not None and not (
                isinstance(right, Symbol | Indexed | Apply) or self.definitions.mentions(right, left)
            )
        return (
            isinstance(left, Symbol)
            and not isinstance(right, Symbol | Indexed)
            and left.name not in self.table.names.indices
        )

    def _claims_anyway(self, statement: Statement) -> bool:
        """After "find" or "we want" a derivative set equal to a formula, or a known name, is still claimed."""
        left = self.trees.side(statement.sides[0])
        right = self.trees.side(statement.sides[-1])
        if left is None or right is None:
            return False
        if not isinstance(left, Symbol | Indexed) and self._is_to_be_solved(statement, left):
            return False
        if isinstance(left, Symbol | Indexed | Apply) and self.definitions.is_defined(left):
            return True
        return self.definitions.rests_on_definition(left) and right != ZERO

    def go_on_from(self, tree: Expr | None) -> None:
        """``$f'(x)$ is $= 2x$``: the next chain starts at a formula that stood by itself."""
        self.chain = Chain()
        if tree is not None:
            self.chain.head = self.chain.last = tree
            self.chain.head_key = head_key(tree, self.table)

    def assume_passing(self, tokens: list[Token]) -> None:
        """``0 < x < 1`` as a condition of this sentence; nothing for what cannot be read as such."""
        condition = self.trees.condition(tokens)
        if condition is not None:
            self.table.assume(condition, passing=True)

    def _odd_relation(self, statement: Statement, relations: list[str]) -> None:
        if all(r == "->" for r in relations):
            # f: R -> R, or "as n -> infinity": nothing to judge
            for side in statement.sides:
                tree = self.trees.side(side)
                if tree is not None:
                    self.table.learn(tree)
            return
        for k, relation in enumerate(relations):
            token = statement.marks[k]
            self.places.emit_link(
                statement, k, Finding(Verdict.UNREAD, "X104", f"the relation “{token.text}” is not known here")
                if relation in _ODD_RELATIONS
                else Finding(Verdict.UNDECIDED, "U101", "part of a line with a relation that is not known here"),
            )  # fmt: skip

    def _inequality(self, statement: Statement, role: Role, clock: Clock) -> None:
        """``x > 0`` says where the symbols live; an inequality about defined things is a claim."""
        sides = [self.trees.side(side) for side in statement.sides]
        for k, relation in enumerate(statement.relation(i) for i in range(len(statement.marks))):
            left, right = sides[k], sides[k + 1]
            if relation == "!=" and _is_tuple(statement.sides[k]):
                self.places.emit_link(statement, k, Finding(Verdict.STATED))
                continue
            if relation == "in":
                self._membership(statement, k, left)
                continue
            if left is None or right is None:
                self.places.emit_link(statement, k, self._why(statement, k))
                continue
            plain = not any(self.definitions.rests_on_definition(s) for s in (left, right))
            if plain and role is Role.CLAIM and not isinstance(left, Symbol | Indexed):
                # "σ(x) < 1" is a fact that can be proved; what cannot be is taken as a condition
                finding = Judge(self.table, clock, self.memory).judge(Link(left, relation, right))
                if finding.verdict is Verdict.PROVED:
                    self.places.emit_link(statement, k, finding)
                    continue
            if plain or role in (Role.CONDITION, Role.GIVEN, Role.LET, Role.SETTING):
                condition = Relation(left, ORDERS[relation], right)
                self.table.assume(condition, passing=role is Role.CONDITION)
                self.table.learn(left)
                self.places.emit_link(statement, k, Finding(Verdict.STATED))
                continue
            self.places.emit_link(
                statement, k, Judge(self.table, clock, self.memory).judge(Link(left, relation, right))
            )

    def _membership(self, statement: Statement, k: int, left: Expr | None) -> None:
        tokens = [*statement.sides[k], statement.marks[k], *statement.sides[k + 1]]
        if left is not None:
            self.table.learn(left)
        target = statement.sides[k + 1]
        space = next((t.text for t in target if t.kind is Kind.SYMBOL and "mathbb" in t.text), None)
        name = atom_of(left) if left is not None else None
        if space is not None and name is not None:
            note_space(self.table, name, space, target)
            self.places.emit_link(statement, k, Finding(Verdict.STATED))
            return
        condition = self.trees.condition(tokens)
        if condition is None:
            self.places.emit_link(
                statement, k, Finding(Verdict.STATED) if left is not None else self._why(statement, k)
            )
            return
        self.table.assume(condition)
        self.places.emit_link(statement, k, Finding(Verdict.STATED))

    def _imposed(self, statement: Statement, role: Role) -> None:
        """An equation that is a condition ("for y = 1") or is being solved ("setting f'(x) = 0")."""
        for k in range(len(statement.marks)):
            left, right = self.trees.side(statement.sides[k]), self.trees.side(statement.sides[k + 1])
            if left is None or right is None:
                self.places.emit_link(statement, k, self._why(statement, k))
                continue
            relation = ORDERS.get(statement.relation(k), Op.EQ)
            self.table.learn(left)
            if role is Role.SETTING or statement.relation(k) == "=!":
                self.table.imposed.append((left, right))
            if role is Role.CONDITION and not isinstance(left, Symbol | Indexed):
                if not self.definitions.rests_on_definition(left):
                    self.definitions.constrain(left, right)
            elif role in (Role.CONDITION, Role.PLACE):
                self.table.passing[:] = [c for c in self.table.passing if not _about(c, left)]
                self.table.assume(Relation(left, relation, right), passing=True)
            self.places.emit_link(statement, k, Finding(Verdict.STATED))

    def _links(self, statement: Statement, role: Role, clock: Clock) -> None:
        chain = self.chain
        trees = self._quotients(statement)
        if not trees:
            trees = [self.trees.side(side) if side else None for side in statement.sides]
        if statement.continues:
            trees[0] = chain.last
        elif trees[0] is not None:
            chain.head = trees[0]
            chain.head_key = head_key(trees[0], self.table)
            chain.last = trees[0]
        for k in range(len(statement.marks)):
            left, right = trees[k], trees[k + 1]
            relation = statement.relation(k)
            written = self._written_out(statement, k, left, clock, chain)
            if written is not None:
                self.places.emit_link(statement, k, self._explained(written, statement, k, clock, chain))
            elif right is None or left is None:
                self._unreadable(statement, k, left, right, chain)
            else:
                finding = self._link(statement, k, left, right, relation, role, clock, chain)
                finding = self._explained(finding, statement, k, clock, chain)
                self.places.emit_link(statement, k, finding)
                self._remember(finding, chain, right, statement, k)
            chain.last = right
            chain.sides += 1
        self._renewed(statement, trees, chain)

    def _explained(
        self, finding: Finding, statement: Statement, k: int, clock: Clock, chain: Chain
    ) -> Finding:
        """A wrong link with its mistake named; a chain is diagnosed once, at its first wrong link."""
        if finding.verdict is not Verdict.REFUTED or not self.name_mistakes:
            return finding
        from gradbook.document.diagnosing import Diagnoser  # only what is wrong needs it

        diagnoser = Diagnoser(self.table, clock, self.memory)
        named = diagnoser.diagnosed(finding, first=chain.wrong_line is None)
        if named.part is None:
            return named
        side = statement.sides[k + 1]
        place = place_of(named.part, side, self.trees.side, named.occurrence)
        return (
            replace(named, mark=(side[place[0]].start, side[place[1] - 1].end))
            if place is not None
            else named
        )

    def _written_out(
        self, statement: Statement, k: int, left: Expr | None, clock: Clock, chain: Chain
    ) -> Finding | None:
        """``\\nabla f = (2x, 2y)``, component by component; None if that is not what stands here."""
        before, chain.vector = chain.vector, []
        parts = components(statement.sides[k + 1]) if statement.relation(k) == "=" else []
        if not parts:
            return None
        before = before or gradient(left, self.table)
        trees = [self.trees.side(part) for part in parts]
        known = [tree for tree in trees if tree is not None]
        if not before or len(before) != len(parts) or len(known) != len(parts):
            return None
        chain.vector = known
        judge = Judge(self.table, clock, self.memory)
        findings = [judge.judge(Link(a, "=", b)) for a, b in zip(before, known, strict=True)]
        for verdict in (Verdict.REFUTED, Verdict.UNREAD, Verdict.UNDECIDED, Verdict.AGREES, Verdict.FOLLOWS):
            for place, finding in enumerate(findings, 1):
                if finding.verdict is verdict:
                    return replace(finding, message=f"component {place}: {finding.message}".rstrip(": "))
        return findings[0]

    def _quotients(self, statement: Statement) -> list[Expr | None]:
        """``df = 2x dx`` as the derivative that it tells, where f is known as a formula in x; else nothing."""
        left, *rights = statement.sides
        if statement.continues or len(left) != 2 or not left[0].is_char("d"):
            return []
        wrt = {side[-1].text for side in rights if len(side) > 2 and side[-2].is_char("d")}
        if len(wrt) != 1 or any(len(s) < 3 or sum(t.is_char("d") for t in s) != 1 for s in rights):
            return []
        name, variable = self.trees.side(left[1:]), self.trees.side(rights[0][-1:])
        definition = self.table.definitions.get(name.name) if isinstance(name, Symbol | Apply) else None
        if name is None or definition is None or not isinstance(variable, Symbol):
            return []
        if variable not in definition.params and variable not in free_symbols(definition.body):
            return []
        return [Derivative(name, variable, 1, "d"), *(self.trees.side(side[:-2]) for side in rights)]

    def _link(
        self,
        statement: Statement,
        k: int,
        left: Expr,
        right: Expr,
        relation: str,
        role: Role,
        clock: Clock,
        chain: Chain,
    ) -> Finding:
        first = chain.sides == 0
        line = self.places.line_of(statement, k)
        if first and id(statement) in self.foreseen:
            return Finding(Verdict.STATED)
        if first and isinstance(left, Sum) and self.definitions.normalised(left, right):
            self.definitions.constrain(left, right)
            return Finding(Verdict.STATED)
        if (
            first
            and role is Role.GIVEN
            and is_given(right)
            and not isinstance(left, Symbol | Indexed | Apply)
        ):
            rests = any(self.definitions.rests_on_definition(n) for n in walk(left) if isinstance(n, Expr))
            if not rests and not is_given(left):
                self.definitions.constrain(left, right)
                return Finding(Verdict.STATED)
        if first:
            own = self._own_function(statement.sides[0], left, right, clock)
            if own is not None:
                left = own
            updated = (
                None
                if role in (Role.LET, Role.GIVEN)
                else self.definitions.updated(left, right, clock, dash=_after_struck(statement.sides[k + 1]))
            )
            if updated is not None:
                return updated
            solved = self._solved(left, right, clock) if role not in (Role.LET, Role.GIVEN) else None
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
        if (
            right == ZERO
            and (not first or self.leads_on)
            and (finding.verdict is Verdict.REFUTED or finding.code == "U108")
            and not is_given(left)
        ):
            # f'(x) = 2x - 4 = 0: set to zero in order to solve it
            self.table.imposed.append((left, right))
            return Finding(Verdict.STATED)
        other = self._other_reading(statement, k, left, right, link, clock)
        if other is not None:
            return other
        unproved = finding.verdict in (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.UNREAD)
        if first and role is Role.GIVEN and unproved and self._is_assumable(left):
            self.definitions.constrain(left, right)
            return Finding(Verdict.STATED)
        if first and unproved:
            again = self.definitions.redefined(left, right, line)
            if again is not None:
                return again
        return finding

    def _is_assumable(self, left: Expr) -> bool:
        """Whether an equation about this can be laid down: not about what is defined or known."""
        return not self.definitions.rests_on_definition(left) and not _is_known_slope(left)

    def _own_function(self, side: list[Token], left: Expr, right: Expr, clock: Clock) -> Expr | None:
        """``\\text{Softplus}(x) = …`` that is not the usual one: the document's own function from here on."""
        token = side[0] if side else None
        if not isinstance(left, Func) or token is None or not self.definitions.redefines(left, right, clock):
            return None
        name = r"\sigma" if token.is_macro("sigma") else f"\\text{{{token.text.strip()}}}"
        self.table.names.functions.add(name)
        self.trees.respell()
        return self.trees.side(side)

    def _other_reading(
        self, statement: Statement, k: int, left: Expr, right: Expr, link: Link, clock: Clock
    ) -> Finding | None:
        """Usual other ways to read a side: a slash over a product, an operator on one factor, a dash."""
        if not self.trees.ambiguous & {id(side) for side in statement.sides[k : k + 2]}:
            return None
        for reading in _READINGS:
            a = (
                left
                if statement.continues and k == 0
                else self.trees.side(statement.sides[k], reading) or left
            )
            b = self.trees.side(statement.sides[k + 1], reading) or right
            if (a, b) == (left, right):
                continue
            finding = Judge(self.table, clock, self.memory).judge(Link(a, link.relation, b, link.head))
            if finding.verdict in (Verdict.PROVED, Verdict.FOLLOWS):
                return finding
        return None

    def _renewed(self, statement: Statement, trees: list[Expr | None], chain: Chain) -> None:
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

    def _remember(self, finding: Finding, chain: Chain, right: Expr, statement: Statement, k: int) -> None:
        """Wrong lines and rounded results are what later lines of the writer may rest on."""
        line = self.places.line_of(statement, k)
        if finding.verdict is Verdict.REFUTED and chain.wrong_line is None:
            chain.wrong_line = line
        if finding.verdict is Verdict.FOLLOWS and chain.wrong_line is None:
            chain.wrong_line = finding.follows
        if chain.head_key is None:
            return
        beliefs, wrong = self.table.beliefs, chain.wrong_line
        if wrong is not None or (finding.verdict is Verdict.PROVED and plain_number(right) is not None):
            at, names = (line if wrong is None else wrong), names_behind(chain.head, self.table)
            beliefs[chain.head_key] = Belief(right, at, wrong is not None, self.table.held(), names)
        elif finding.verdict is Verdict.PROVED:
            beliefs.pop(chain.head_key, None)

    def _why(self, statement: Statement, k: int) -> Finding:
        """UNREAD, with the reason from whichever side cannot be read."""
        if not statement.sides[k + 1]:
            return Finding(Verdict.UNREAD, "X103", "nothing stands on the right side", help="fill it in")
        for side in (statement.sides[k], statement.sides[k + 1]):
            if not side:
                continue
            try:
                read_expression(side, self.table.names, None, Clock(self.deadline))
            except FormulaError as error:
                return Finding(
                    Verdict.UNREAD,
                    "X101",
                    f"{error.message}{self.places.spot(error.at)}",
                    help="write it another way, or leave it",
                )
            except (BoundHit, RecursionError) as stop:
                return Finding(Verdict.UNREAD, "X105", f"stopped at a bound: {stop or 'nesting'}")
        return Finding(Verdict.UNREAD, "X103", "the line goes on from something that could not be read")

    def _unreadable(
        self, statement: Statement, k: int, left: Expr | None, right: Expr | None, chain: Chain
    ) -> None:
        finding = self._why(statement, k)
        self.places.emit_link(statement, k, finding)
        if chain.sides == 0 and left is not None and right is None:
            form = form_of(left)
            if form is not None:
                line = self.places.line_at(statement.marks[k].start)
                self.table.unreadable[form[0]] = line
                self.table.definitions.pop(form[0], None)


#: Relations that are neither judged nor taken as conditions.
_ODD_RELATIONS = frozenset({"propto", "sim", "ll", "gg", "subset", "notin", "->"})
_READINGS = (
    Reading(slash_takes_product=True),
    Reading(derivative_takes_product=False),
    Reading(bracket_takes_product=True),
    Reading(sigma_applies=True),
    Reading(slash_takes_product=True, derivative_takes_product=False),
)


def _is_tuple(side: list[Token]) -> bool:
    return (
        len(side) > 3 and side[0].is_char("(") and side[-1].is_char(")") and any(t.is_char(",") for t in side)
    )


def _after_struck(side: list[Token]) -> bool:
    return len(side) > 1 and side[0].kind is Kind.STRUCK and side[1].is_char("-")


def _is_known_slope(tree: Expr) -> bool:
    """``\\tanh'(x)``: what nobody can lay down, since the function is known."""
    return any(
        isinstance(node, Apply) and any(node.orders) and (node.name in FUNCTIONS or node.name == r"\sigma")
        for node in walk(tree)
    )


def _about(condition: Condition, left: Expr) -> bool:
    return isinstance(condition, Relation) and condition.left == left
