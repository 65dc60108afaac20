"""Judge one link of a chain: is ``left = right`` true of the document's definitions?

Tried in this order, until one proves it: as written, symbolically; with the given numbers; under the
condition of the sentence; with a particular function in the place of an unknown one; with the
writer's own rounded results; and at last with the writer's own wrong lines, which makes it FOLLOWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from gradbook.document.arithmetic import Arithmetic
from gradbook.document.cases import gather_cases, lifted_sum, one_sided
from gradbook.document.doubts import doubt
from gradbook.document.findings import ARRAY_CONSTANTS, ORDERS, Finding, Link, is_derivative, name_of
from gradbook.document.hypotheses import substitutions
from gradbook.document.meanings import Unresolved
from gradbook.document.memory import Memory, situation
from gradbook.document.precision import decided, is_numeric, value_of, written_number
from gradbook.document.report import Evidence, Verdict
from gradbook.document.resolve import Resolution
from gradbook.document.symbols import Table, bare
from gradbook.document.vectors import in_one_dimension, is_tensor, scalar_equations
from gradbook.document.wording import as_written
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import Counterexample, Decision, Flaw, Outcome, decide, decide_order, display
from gradbook.symbolic.derivative import NotDifferentiable
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.evaluate import Overlap, Undefined
from gradbook.symbolic.expr import (
    ZERO,
    Apply,
    Condition,
    Delta,
    Derivative,
    Expr,
    Func,
    Indexed,
    Node,
    Number,
    Op,
    Relation,
    Symbol,
    free_symbols,
    kinds,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.printing import to_latex, to_text
from gradbook.symbolic.shapes import ShapeError

Functions = Mapping[str, tuple[tuple[Expr, ...], Expr]]
_AS_WRITTEN: Functions = {}
_TRANSPOSED = "right only if the derivative by a matrix is laid out as its transpose (numerator layout)"


class Judge(Arithmetic):
    """Decides links against a symbol table."""

    def __init__(self, table: Table, clock: Clock, memory: Memory) -> None:
        super().__init__(table, clock)
        self.memory = memory
        self.rests_on: frozenset[str] = frozenset()

    def judge(self, link: Link) -> Finding:
        """The finding on one link; never raises for what a document says."""
        if not self.memory.lasting:
            return self._placed(self._found(link), self.rests_on)
        trees = (link.left, link.right, *([link.head] if link.head is not None else []))
        key = (link, situation(trees, self.table))
        known = self.memory.findings.get(key)
        if known is not None:
            finding, rests_on = known
            return self._placed(finding, rests_on)
        finding = self._found(link)
        if finding.code != "U102":
            self.memory.keep(self.memory.findings, key, (finding, self.rests_on))
        return self._placed(finding, self.rests_on)

    def _placed(self, finding: Finding, rests_on: frozenset[str]) -> Finding:
        """A finding that follows from an earlier line, with the number that the line has now."""
        if finding.verdict is not Verdict.FOLLOWS:
            return finding
        line = min(self.table.beliefs[key].line for key in rests_on)
        return replace(
            finding, message=f"sound work, but it rests on line {line}, which is wrong", follows=line
        )

    def _found(self, link: Link) -> Finding:
        """As a formula with its definitions put in; where that is too large, on the graph of the quantities."""
        self.rests_on = frozenset()
        graph = self.memory.dependence(self.table)
        if graph.is_large(link) and (proved := graph.proved(link)) is not None:
            return proved
        finding = self._put_in(link)
        if finding.verdict in (Verdict.UNDECIDED, Verdict.AGREES):
            return graph.proved(link) or finding
        return finding

    def _put_in(self, link: Link) -> Finding:
        try:
            return self._judge(self._spelled_out(link))
        except Unresolved as reason:
            return Finding(
                Verdict.UNREAD, "X102", str(reason), help="define it above, or in the front matter"
            )
        except (BoundHit, NotDifferentiable) as stop:
            return Finding(Verdict.UNDECIDED, "U102", f"stopped at a bound: {stop}")
        except RecursionError:
            return Finding(Verdict.UNDECIDED, "U102", "stopped at a bound: the depth of the expression")

    def _spelled_out(self, link: Link) -> Link:
        """A bare \\sigma, as in ``\\sigma' = \\sigma(1 - \\sigma)``, is the sigmoid of what it is differentiated by."""
        names = self.table.names
        sigma = Symbol(r"\sigma")
        if r"\sigma" in names.variables or self.table.has(r"\sigma"):
            return link
        nodes = [n for t in (link.left, link.right) for n in walk(t) if _is_sigma(n)]
        if not nodes or not (names.sigmoid or any(isinstance(n, Apply) for n in nodes)):
            return link
        by = next((n.wrt for t in (link.head or link.left, link.left) for n in walk(t)
                   if isinstance(n, Derivative) and n.body == sigma), Symbol("z"))  # fmt: skip

        def spell(node: Node) -> Node:
            node = rebuild(node, spell)
            if node == sigma:
                return Func("sigmoid", (by,))
            if isinstance(node, Apply) and node.name == r"\sigma" and not node.args:
                return Apply("sigmoid", (by,), node.orders)
            return node

        left, right = spell(link.left), spell(link.right)
        assert isinstance(left, Expr) and isinstance(right, Expr)
        return replace(link, left=left, right=right)

    def _judge(self, link: Link) -> Finding:
        first: Finding | None = None
        for functions in (_AS_WRITTEN, *self._particular(link)):
            for equation in self._readings(link, functions):
                finding = self._plain(equation, functions)
                if finding.verdict in (Verdict.PROVED, Verdict.AGREES):
                    return finding
                first = _stronger(first, finding)
        assert first is not None
        for trust_wrong in (False, True):
            sound = self._trusting(link, trust_wrong)
            if sound is not None:
                return sound
        if first.verdict is not Verdict.REFUTED:
            return first
        return self._with_labels(link) or replace(first, link=link)

    def _with_labels(self, link: Link) -> Finding | None:
        """Undecided, where a wrong line is right if a letter below a name is a label and counts nothing."""
        counting = self.table.names.counting
        letters = {
            i.name: n
            for tree in (link.left, link.right)
            for n in walk(tree)
            if isinstance(n, Indexed)
            for i in n.indices
            if isinstance(i, Symbol) and i.name in counting
        }
        if not letters:
            return None
        resolution = Resolution(self.table, self.clock, apart=frozenset(letters))
        try:
            finding = self._attempt(link, resolution)
        except Unresolved:
            return None
        if finding.verdict not in (Verdict.PROVED, Verdict.AGREES):
            return None
        member = to_latex(next(iter(letters.values())))
        return Finding(
            Verdict.UNDECIDED,
            "U110",
            f"right if {member} is none of those that are summed over, and wrong if it is one of them",
            help="leave it out of the sum (\\ne below it) if it is none of them",
        )

    # --- readings -------------------------------------------------------------------------------

    def _particular(self, link: Link) -> Iterator[Functions]:
        if self.table.hypotheses:
            yield from substitutions(link.left, link.right, self.table)

    def _readings(self, link: Link, functions: Functions) -> Iterator[Link]:
        """The link as written, and the usual other ways to mean it."""
        yield link
        right = gather_cases(link.right, link.left)
        if right is not None:
            yield Link(link.left, link.relation, right, link.head)
        if functions:
            summed = lifted_sum(link.left, link.right, self.table)
            if summed is not None:
                yield Link(summed, link.relation, link.right, link.head)

    def solution(self, left: Expr, right: Expr, values: Mapping[Expr, Expr]) -> Finding | None:
        """Whether numbers solve an equation; None if other quantities in it have no number."""
        try:
            resolution = Resolution(self.table, self.clock, values=True)
            a, b = substitute(resolution.of(left), values), substitute(resolution.of(right), values)
        except (Unresolved, BoundHit, NotDifferentiable):
            return None
        if (
            not is_numeric(a)
            or not is_numeric(b)
            or not any(v in free_symbols(resolution.of(left)) for v in values)
        ):
            return None
        decision = decide(a, b, clock=self.clock)
        if decision.outcome is Outcome.PROVED:
            return Finding(Verdict.PROVED)
        try:
            difference = abs(value_of(a, self.clock) - value_of(b, self.clock))
        except (Undefined, Overlap):
            return None
        if any(isinstance(n, Number) and n.decimals for v in values.values() for n in walk(v)):
            return None  # a rounded solution leaves a remainder
        if difference > 0:
            evidence = Evidence((), display(value_of(a, self.clock)), display(value_of(b, self.clock)))
            return Finding(Verdict.REFUTED, "C107", "this does not solve the equation", evidence)
        return None

    # --- attempts -------------------------------------------------------------------------------

    def _plain(self, link: Link, functions: Functions) -> Finding:
        """Without trusting anything the writer claimed."""
        return self._attempt(link, Resolution(self.table, self.clock, functions=functions))

    def _trusting(self, link: Link, trust_wrong: bool) -> Finding | None:
        table = self.table
        if not any(b.wrong == trust_wrong for b in table.beliefs.values()):
            return None
        for functions in (_AS_WRITTEN, *self._particular(link)):
            for equation in self._readings(link, functions):
                resolution = Resolution(
                    table, self.clock, trust_wrong=trust_wrong, trust_rounded=True, functions=functions
                )
                try:
                    finding = self._attempt(equation, resolution)
                except Unresolved:
                    continue
                if finding.verdict is not Verdict.PROVED:
                    continue
                if not trust_wrong:
                    return Finding(Verdict.PROVED, "N103", "right with the rounded values written above")
                if resolution.used:
                    self.rests_on = frozenset(resolution.used)
                    return Finding(Verdict.FOLLOWS, "F101", evidence=self._right_value(link))
        return None

    def _right_value(self, link: Link) -> Evidence | None:
        try:
            return Evidence(expected=self.expected(link, Resolution(self.table, self.clock, values=True)))
        except (Unresolved, BoundHit, NotDifferentiable):
            return None

    def _attempt(self, link: Link, resolution: Resolution) -> Finding:
        free = self._free_again(link)
        try:
            left, right = resolution.of(link.left, free), resolution.of(link.right, free)
        except BoundHit:
            # what is too large as a formula may still be small as a number
            if resolution.values or not self.table.values:
                raise
            return self._attempt(link, replace(resolution, values=True))
        left, right = decided(left, self.clock), decided(right, self.clock)
        self._check_known(left, right, link)
        if is_numeric(left) and is_numeric(right):
            return self.numbers(link, left, right, resolution)
        if written_number(link.right) is None or not self._has_values(left):
            symbolic = self._symbols(link, left, right, resolution)
            if symbolic.verdict is Verdict.PROVED or not self._has_values(left, right):
                return symbolic
        given = replace(resolution, values=True, worked_out={})
        left, right = given.of(link.left, free), given.of(link.right, free)
        left, right = decided(left, self.clock), decided(right, self.clock)
        resolution.used |= given.used
        if is_numeric(left) and is_numeric(right):
            return self.numbers(link, left, right, given)
        return self._symbols(link, left, right, given)

    def _free_again(self, link: Link) -> frozenset[Expr]:
        """Variables of derivatives that some earlier part of the document had defined: here they are free."""
        table = self.table
        found: set[Expr] = set()
        for tree in (link.left, link.right):
            if kinds(tree).isdisjoint((Derivative, Apply)):
                continue
            for node in walk(tree):
                match node:
                    case Derivative(_, Symbol(name) as wrt) if name != "?":
                        found.add(wrt)
                    case Derivative(_, Symbol("?")) | Apply(_, (), (_,)):
                        found |= {Symbol("x"), Symbol("t")}
                    case _:
                        pass
        return frozenset(
            s
            for s in found
            if isinstance(s, Symbol)
            and (definition := table.definitions.get(s.name)) is not None
            and definition.section != table.section
            and self._separate(s.name)
        )

    def _separate(self, name: str) -> bool:
        """Whether nothing in this part rests on the earlier definition of a name through its own variables."""
        table = self.table
        inner = free_symbols(table.definitions[name].body)
        here = [d for d in table.definitions.values() if d.section == table.section]
        used = {s for d in here for s in free_symbols(d.body)}
        return Symbol(name) in used and not inner & used

    def _has_values(self, *exprs: Expr) -> bool:
        values = self.table.values
        if not values:
            return False
        for expr in exprs:
            for node in walk(expr):
                match node:
                    case Symbol(name) if name in values:
                        return True
                    case Indexed(base, indices) if all(isinstance(i, Number) for i in indices):
                        key = f"{base}_{{{','.join(str(i.value) for i in indices if isinstance(i, Number))}}}"
                        if key in values:
                            return True
                    case Indexed(base, _) if any(name.startswith(base + "_{") for name in values):
                        return True
                    case _:
                        pass
        return False

    def _check_known(self, left: Expr, right: Expr, link: Link) -> None:
        """A symbol that only the right side brings in and that nothing explains cannot be judged."""
        table = self.table
        sides = [left, link.left, *([link.head] if link.head is not None else [])]
        seen = {bare(name_of(s)) for side in sides for s in free_symbols(side)}
        applied = {bare(n.name) for side in sides for n in walk(side) if isinstance(n, Apply)}
        for node in walk(right):
            if isinstance(node, Apply) and not node.name.startswith("#"):
                name = bare(node.name)
                if name not in applied and name not in table.known and name not in seen:
                    raise Unresolved(f"“{bare(name)}” is not explained anywhere above")
        for symbol in free_symbols(right):
            name = bare(name_of(symbol))
            if name in seen or name in table.known or name in table.values or name.startswith("#"):
                continue
            if name in ARRAY_CONSTANTS or name.endswith("_{*}") or table.is_argument(name):
                continue
            if name in table.names.indices | table.names.counting or (len(name) == 1 and name in "ijkmn"):
                continue
            raise Unresolved(f"“{bare(name)}” is not explained anywhere above")

    def _symbols(self, link: Link, left: Expr, right: Expr, resolution: Resolution) -> Finding:
        if link.relation in ORDERS:
            return self._inequality(link.relation, left, right, resolution)
        decision = self._decide(left, right, resolution)
        if decision.outcome is not Outcome.PROVED:
            assumed = self.table.sentence_equalities()
            if assumed:
                a, b = substitute(left, assumed), substitute(right, assumed)
                if is_numeric(a) and is_numeric(b):
                    return self.numbers(link, a, b, resolution)
                if self._decide(a, b, resolution).outcome is Outcome.PROVED:
                    return Finding(Verdict.PROVED, "N105", "under the condition of the sentence")
        return self._from_decision(decision, link, left, right, resolution)

    def _inequality(self, relation: str, left: Expr, right: Expr, resolution: Resolution) -> Finding:
        if is_tensor((left, right), self.table):
            return Finding(Verdict.UNDECIDED, "U103", "inequalities between vectors are not decided")
        implied = (Relation(tree, Op.GT, ZERO) for tree in resolution.implied)
        if (
            relation == "!="
            and decide(left, right, self.table.domain(), clock=self.clock).outcome is Outcome.REFUTED
        ):
            return Finding(Verdict.PROVED)
        decision = decide_order(left, ORDERS[relation], right, self.table.domain(implied), clock=self.clock)
        match decision.outcome:
            case Outcome.PROVED:
                return Finding(Verdict.PROVED)
            case Outcome.REFUTED:
                found = decision.counterexample
                assert found is not None
                point = self._point(found)
                return Finding(
                    Verdict.REFUTED, "C105", decision.reason, Evidence(point, found.left, found.right)
                )
            case _:
                return Finding(Verdict.UNDECIDED, "U103", decision.reason)

    def _decide(self, left: Expr, right: Expr, resolution: Resolution) -> Decision:
        implied = (Relation(tree, Op.GT, ZERO) for tree in resolution.implied)
        domain = self.table.domain(implied)
        if not is_tensor((left, right), self.table):
            return decide(left, right, domain, clock=self.clock)
        domain = replace(domain, conditions=tuple(c for c in domain.conditions if not self._about_vectors(c)))
        try:
            equations = scalar_equations(left, right, self.table)
        except ShapeError as error:
            return self._misshapen(left, right, domain, str(error))
        weakest: Decision | None = None
        for equation in equations:
            letters = _index_letters(equation.left, equation.right)
            a, b = resolution.of(equation.left, letters), resolution.of(equation.right, letters)
            decision = decide(a, b, domain, clock=self.clock)
            if equation.is_transposed and not self.table.numerator_layout:
                if decision.outcome in (Outcome.PROVED, Outcome.AGREES):
                    return Decision(Outcome.UNDECIDED, _TRANSPOSED)
                continue
            if decision.outcome is Outcome.PROVED:
                return decision
            if weakest is None or decision.outcome is not Outcome.REFUTED:
                weakest = decision
        return weakest if weakest is not None else self._misshapen(left, right, domain, _TRANSPOSED)

    def _about_vectors(self, condition: Condition) -> bool:
        return isinstance(condition, Relation) and is_tensor((condition.left, condition.right), self.table)

    def _misshapen(self, left: Expr, right: Expr, domain: Domain, message: str) -> Decision:
        """Shapes that do not fit are wrong if the line is wrong even where all shapes fit: in one dimension."""
        decision = decide(in_one_dimension(left), in_one_dimension(right), domain, clock=self.clock)
        if decision.outcome is Outcome.REFUTED:
            return replace(decision, reason=f"the shapes do not fit: {message}")
        return Decision(Outcome.UNDECIDED, f"the shapes do not fit: {message}")

    def _from_decision(
        self, decision: Decision, link: Link, left: Expr, right: Expr, resolution: Resolution
    ) -> Finding:
        match decision.outcome:
            case Outcome.PROVED:
                return Finding(Verdict.PROVED)
            case Outcome.AGREES:
                return Finding(Verdict.AGREES, "A101", decision.reason)
            case Outcome.UNDECIDED:
                return Finding(Verdict.UNDECIDED, "U101", decision.reason)
            case Outcome.REFUTED:
                doubtful = doubt(link, left, right, self.table)
                if doubtful is not None:
                    return doubtful
                if (unread := self._unread_proviso()) and self._holds_in_part(left, right, resolution):
                    return Finding(
                        Verdict.UNDECIDED,
                        "U109",
                        f"this holds in part of the domain only, and the condition “{unread}” is not read",
                        help="write where it holds as a formula: “for $x > 0$”",
                    )
                assert decision.counterexample is not None
                return self._refuted(decision.counterexample, decision.reason, link, resolution)

    def _unread_proviso(self) -> str:
        """A condition of the sentence that was not used: one in words, or one between vectors."""
        vectors = [c for c in self.table.passing if self._about_vectors(c)]
        return to_text(vectors[0]) if vectors else self.table.proviso

    def _holds_in_part(self, left: Expr, right: Expr, resolution: Resolution) -> bool:
        """Whether the sides are equal where the branches of their cases and kinks are suitably chosen."""
        for a, b in one_sided(left, right):
            if self._decide(a, b, resolution).outcome in (Outcome.PROVED, Outcome.AGREES):
                return True
        return False

    def _refuted(self, found: Counterexample, reason: str, link: Link, resolution: Resolution) -> Finding:
        point = self._point(found)
        expected = self.expected(link, resolution)
        evidence = Evidence(point, found.left, found.right, expected)
        if found.flaw is Flaw.GAP:
            return Finding(Verdict.REFUTED, "C103", "no branch covers this point", evidence)
        if found.flaw is Flaw.OVERLAP:
            return Finding(
                Verdict.REFUTED, "C104", "two branches hold at this point, with different values", evidence
            )
        what = "this is not the derivative" if is_derivative(link.left) else "the two sides are not equal"
        if reason.startswith("the shapes"):
            what += ", not even where every vector has one component"
        return Finding(Verdict.REFUTED, "C101", what, evidence)

    def _point(self, found: Counterexample) -> tuple[tuple[str, str], ...]:
        """The coordinates in the writer's notation; what only the machinery named is left out."""
        shown = ((to_latex(as_written(atom, self.table)), value) for atom, value in found.point)
        return tuple((name, _fraction(value)) for name, value in shown if not name.startswith("#"))


def _stronger(first: Finding | None, second: Finding) -> Finding:
    """Of two readings' findings the one that accuses less."""
    if first is None:
        return second
    order = {Verdict.UNREAD: 0, Verdict.UNDECIDED: 1, Verdict.REFUTED: 2}
    if second.verdict is Verdict.REFUTED and first.verdict is Verdict.UNDECIDED and first.code == "U104":
        return second
    if first.verdict is Verdict.REFUTED and second.code == "U104":
        return first
    return second if order.get(second.verdict, 3) < order.get(first.verdict, 3) else first


def _index_letters(*exprs: Expr) -> frozenset[Expr]:
    """Letters in index places, which must not be taken for names with a definition."""
    found: set[Expr] = set()
    for expr in exprs:
        for node in walk(expr):
            match node:
                case Indexed(_, parts):
                    found |= {p for p in parts if isinstance(p, Symbol)}
                case Delta(a, b):
                    found |= {a, b}
                case _:
                    pass
    return frozenset(found)


def _is_sigma(node: Node) -> bool:
    return isinstance(node, (Symbol, Apply)) and node.name == r"\sigma" and not getattr(node, "args", ())


def _fraction(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.12g}"
    return text if Fraction(text) == value else f"{value.numerator}/{value.denominator}"
