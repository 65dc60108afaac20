"""Which mistake a wrong line holds: asked of :mod:`gradbook.derivation.mistakes`, in the writer's own notation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from gradbook.derivation.mistakes import (
    Diagnosis,
    Explanation,
    NumberQuestion,
    Points,
    Question,
    Slip,
    agree,
    diagnose,
    explain,
    mended_arrays,
)
from gradbook.document.cases import gather_cases
from gradbook.document.claims import Functions, Judge
from gradbook.document.findings import Finding, Link, is_derivative
from gradbook.document.meanings import Unresolved, name_of_quantity
from gradbook.document.memory import situation
from gradbook.document.pending import Pending
from gradbook.document.precision import exact_decimals, is_numeric, value_of, widened, written_number
from gradbook.document.report import Verdict
from gradbook.document.resolve import Resolution
from gradbook.document.vectors import in_one_dimension, is_tensor
from gradbook.document.wording import as_written
from gradbook.symbolic.bounds import BoundHit, Budget, Clock
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.evaluate import Overlap, Undefined
from gradbook.symbolic.expr import (
    Apply,
    Derivative,
    Expr,
    Func,
    Indexed,
    Node,
    Number,
    Product,
    Relation,
    Sum,
    Symbol,
    children,
    free_symbols,
    kinds,
    tree_size,
    walk,
)
from gradbook.symbolic.expr import Op as _Op
from gradbook.symbolic.expr import replace as tree_replace
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.printing import to_latex, to_text
from gradbook.symbolic.tidy import tidy

#: Most seconds for the diagnosis of one line.
SECONDS = 0.13

#: Findings that a mistake may explain; the others say what is wrong themselves.
_EXPLAINED = frozenset({"C101", "C102", "C103", "C104"})

_AS_WRITTEN: Functions = {}

#: Longest corrected line that is shown, and longest formula in a sentence.
_SHOWN = 400
_SAID = 64


@dataclass(frozen=True)
class _Reading(Question):
    """A question about one reading of a link."""

    #: Whether it rests on what the writer held wrongly before.
    held: bool = False


class Diagnoser(Judge):
    """Explains refuted links against a symbol table."""

    def diagnosed(self, finding: Finding, *, first: bool = True) -> Finding:
        """The finding with the mistake named, if one is found; further down a chain only slips of arithmetic are."""
        link = finding.link
        if finding.verdict is not Verdict.REFUTED or link is None or finding.code not in _EXPLAINED:
            return finding
        if link.relation not in ("=", "~"):
            return finding
        if not self.memory.lasting:
            return self._diagnosed(finding, link, first)
        trees = (link.left, link.right, *([link.head] if link.head is not None else []))
        former = tuple(self.table.former.items())
        key = ("diagnosis", link, first, former, situation(trees, self.table))
        known = self.memory.findings.get(key)
        if known is None:
            known = self._diagnosed(finding, link, first)
            self.memory.keep(self.memory.findings, key, known)
        return known

    def _diagnosed(self, finding: Finding, link: Link, first: bool) -> Finding:
        budget = Budget(SECONDS)
        try:
            link = self._spelled_out(link)
            if finding.code == "C102":
                numbers = self._number_question(link)
                slips = explain(numbers, own=not first) if numbers is not None else []
                if slips:
                    return self._numbers_named(finding, slips)
                if numbers is not None and numbers.is_number:
                    return finding
            if not first:
                return finding
            shaped = self._shapes(finding, link, budget)
            if shaped is not None:
                return shaped
            found, question = self._best(link, budget)
        except (Unresolved, BoundHit, NotDifferentiable, Undefined, Overlap, RecursionError):
            return finding
        if found is None or question is None:
            return finding
        if found.first is not None:
            return self._named(finding, found, question)
        if found.difference is not None and finding.code == "C101":
            words = found.difference.sentence(self._spell)
            return replace(finding, message=f"{finding.message}: {words}")
        return finding

    # --- vectors ------------------------------------------------------------------------------------------

    def _shapes(self, finding: Finding, link: Link, budget: Budget) -> Finding | None:
        """The mistake in a line about vectors: each way to mend it is decided by components."""
        plain = Resolution(self.table, self.clock)
        free = self._free_again(link)
        try:
            left = plain.of(link.left, free)
        except (Unresolved, BoundHit, NotDifferentiable):
            return None
        if not is_tensor((left, link.right), self.table):
            return None
        spelled: list[tuple[Expr, tuple[Slip, ...]]] = []
        for raw, slips in self._spelled_alike(link.right):
            try:
                spelled.append((plain.of(raw, free), slips))
            except (Unresolved, BoundHit, NotDifferentiable):
                continue
        if not spelled:
            return None
        # numbers commute and have no transpose: what is wrong of them is wrong of vectors
        flat = in_one_dimension(left)
        points = Points((flat, in_one_dimension(spelled[0][0])), Domain())
        wanted = points.of(flat)
        for which, mended, slip in mended_arrays(*(tree for tree, _ in spelled)):
            if budget.spent:
                return None
            if (
                agree(points.of(in_one_dimension(mended)), wanted)
                and self._decide(left, mended, plain).outcome is Outcome.PROVED
            ):
                first = Explanation((slip, *spelled[which][1]), mended)
                return self._told(finding, link.right, first, (), self._shown(mended))
        return None

    def _spelled_alike(self, raw: Expr) -> Iterator[tuple[Expr, tuple[Slip, ...]]]:
        """The line as it stands, and with a letter for the function of that letter, as in ∂f for ∂f_θ(x_i)."""
        yield raw, ()
        slopes = [n for n in walk(raw) if isinstance(n, Derivative)]
        for node in slopes:
            bare = in_one_dimension(node.body)
            for other in slopes:
                if not (isinstance(bare, Symbol) and isinstance(other.body, Apply) and other.wrt == node.wrt):
                    continue
                if other.body.name.partition("_")[0] == bare.name:
                    better: Expr = other if bare == node.body else Func("transpose", (other,))
                    words = "{} stands where {} belongs"
                    slip = Slip("E112", words, (bare, other.body), node, better)
                    changed = tree_replace(raw, {node: better})
                    assert isinstance(changed, Expr)
                    yield changed, (slip,)

    def _shown(self, tree: Expr) -> str | None:
        text = to_latex(as_written(tree, self.table))
        return f"it should read {text}" if len(text) <= _SHOWN else None

    # --- formulas ---------------------------------------------------------------------------------------

    def _best(self, link: Link, budget: Budget) -> tuple[Diagnosis | None, _Reading | None]:
        """The simplest diagnosis of all the readings of a link."""
        best: tuple[Diagnosis | None, _Reading | None] = None, None
        for question in self._questions(link):
            left = budget.left
            if left < 0.02:
                break
            found = diagnose(question, seconds=left)
            known, _ = best
            if found.first is None:
                if known is None:
                    best = found, question
                continue
            if known is None or known.first is None or found.first.cost < known.first.cost - 0.03:
                best = found, question
            if len(found.first.slips) == 1 or question.held:
                break
        return best

    def _questions(self, link: Link) -> Iterator[_Reading]:
        """The link as a question, in each reading; first with what the writer held wrongly before, if anything."""
        held = any(b.wrong for b in self.table.beliefs.values())
        seen: set[tuple[Expr, Expr]] = set()
        for functions in (*self._particular(link), _AS_WRITTEN):
            readings = list(self._readings(link, functions))
            for equation in reversed(readings):
                for trust in (True, False) if held else (False,):
                    question = self._question(equation, functions, trust=trust)
                    if question is not None and (question.asked, question.written) not in seen:
                        seen.add((question.asked, question.written))
                        yield question

    def _question(self, link: Link, functions: Functions, *, trust: bool) -> _Reading | None:
        plain = Resolution(
            self.table, self.clock, functions=functions, trust_wrong=trust, trust_rounded=trust
        )
        free = self._free_again(link)
        try:
            left, right = plain.of(link.left, free), plain.of(link.right, free)
        except (Unresolved, BoundHit, NotDifferentiable):
            return None
        if trust and not plain.used:
            return None
        asked = left
        if not trust:
            try:
                pending = Pending(self.table, self.clock, functions=functions)
                asked = pending.of(link.left, free)
            except (Unresolved, BoundHit, NotDifferentiable):
                asked = left
        if is_numeric(asked) and is_numeric(right):
            return None
        domain = self.table.domain(Relation(tree, _Op.GT, Number(Fraction(0))) for tree in plain.implied)
        meaning = self._meaning(link.right, plain, free)
        raw: Expr | None = link.right
        if is_tensor((asked, right), self.table):
            asked, right = in_one_dimension(asked), in_one_dimension(right)
            raw = in_one_dimension(link.right)
            meaning = {in_one_dimension(k): in_one_dimension(v) for k, v in meaning.items()}
            domain = replace(domain, conditions=())
        if tree_size(asked) > 400 or tree_size(right) > 400:
            return None
        gathered = gather_cases(link.right, link.left)
        if gathered is not None and raw == link.right:
            raw = gathered
        return _Reading(
            asked,
            right,
            raw,
            meaning,
            domain,
            self._quantities(asked),
            self._with_values(asked, raw),
            held=trust,
        )

    def _meaning(self, written: Expr, plain: Resolution, free: frozenset[Expr]) -> dict[Expr, Expr]:
        """The formulas for which the names in a line stand."""
        found: dict[Expr, Expr] = {}

        def visit(node: Node, bound: frozenset[Expr]) -> None:
            if isinstance(node, Sum | Product):
                bound |= {Symbol(node.index)}
            if isinstance(node, Symbol | Indexed | Apply | Derivative):
                if node in bound:
                    return
                try:
                    tree = plain.of(node, bound | free)
                except (Unresolved, BoundHit, NotDifferentiable):
                    return
                if tree != node:
                    found[node] = tree
                return
            for child in children(node):
                visit(child, bound)

        visit(written, frozenset())
        return found

    def _quantities(self, asked: Expr) -> tuple[Expr, ...]:
        """What else a letter in a calculation by hand may have been: units' activations, and all that has a value."""
        if not self.table.values:
            return ()
        activations = [n for n in walk(asked) if isinstance(n, Func) and n.name in _ACTIVATIONS]
        return tuple(dict.fromkeys(activations))

    def _with_values(self, *trees: Expr | None) -> frozenset[Expr]:
        """The quantities in some trees that the document gives a number, ``x_1`` among them."""
        nodes = (node for tree in trees if tree is not None for node in walk(tree))
        return frozenset(
            n for n in nodes if isinstance(n, Symbol | Indexed) and name_of_quantity(n) in self.table.values
        )

    def _named(self, finding: Finding, found: Diagnosis, question: Question) -> Finding:
        first = found.first
        assert first is not None
        return self._told(
            finding, question.line, first, found.explanations[1:], self._corrected(first, question)
        )

    def _told(
        self,
        finding: Finding,
        written: Expr,
        first: Explanation,
        others: Sequence[Explanation],
        corrected: str | None,
    ) -> Finding:
        """The finding with an explanation in words."""
        slips = sorted(first.slips, key=lambda s: s.code == "E112")
        message = slips[0].sentence(self._spell)
        message += "".join(f"; and {s.code} {s.sentence(self._spell)}" for s in slips[1:])
        slip = slips[0]
        part = slip.place if len(first.slips) == 1 else None
        return replace(
            finding,
            code=slip.code,
            message=message,
            help=_joined(corrected, others),
            part=part,
            occurrence=_occurrence(written, first.mended, part) if part is not None and first.mended else 0,
        )

    def _corrected(self, first: Explanation, question: Question) -> str | None:
        """The line as it should read: as it was written, mended, or worked out anew."""
        tree = first.mended
        if tree is None:
            from gradbook.derivation.algebra import simplify

            right = question.right
            if tree_size(right) > 120:
                return None
            tree = simplify(right)
        text = to_latex(as_written(tidy(tree), self.table))
        return f"it should read {text}" if len(text) <= _SHOWN else None

    def _spell(self, node: Node) -> str:
        shown = as_written(node, self.table) if isinstance(node, Expr) else node
        text = to_text(shown)
        return text if len(text) <= _SAID else text[: _SAID - 1] + "…"

    # --- numbers ----------------------------------------------------------------------------------------

    def _number_question(self, link: Link) -> NumberQuestion | None:
        written = written_number(link.right)
        slack = 0.0
        if written is None:
            right = Resolution(self.table, self.clock, values=True).of(link.right)
            if not is_numeric(right) or not kinds(link.right).isdisjoint((Symbol, Indexed, Apply)):
                return None
            value = value_of(right, self.clock)
            spread = widened(right, self._given() | exact_decimals(link.left), self.clock)
            slack = float(spread.rad()) + 1e-12
            written = Fraction(float(value.mid())).limit_denominator(10**12), None
        if is_numeric(link.left):
            return NumberQuestion(link.left, *written, slack=slack, result=link.right)
        formula = self._formula(link)
        if formula is None or tree_size(formula) > 300:
            return None
        formula = tree_replace(
            formula, {node: Symbol(name_of_quantity(node)) for node in self._with_values(formula)}
        )
        assert isinstance(formula, Expr)
        values: dict[Expr, Expr] = {Symbol(name): v.number for name, v in self.table.values.items()}
        missing = [s for s in free_symbols(formula) if s not in values]
        if missing:
            return None
        parts = tuple(
            n for n in dict.fromkeys(walk(formula)) if isinstance(n, Func) and n.name in _ACTIVATIONS
        )
        used = {s: values[s] for s in free_symbols(formula)}
        older: dict[Expr, Expr] = {Symbol(name): number for name, number in self.table.former.items()}
        return NumberQuestion(formula, *written, used, values, older, parts, slack, link.right)

    def _formula(self, link: Link) -> Expr | None:
        """The left side as a formula in quantities that have values."""
        for trust in (True, False):
            plain = Resolution(self.table, self.clock, trust_wrong=trust, trust_rounded=trust)
            try:
                tree = plain.of(link.left, self._free_again(link))
            except (Unresolved, BoundHit, NotDifferentiable):
                continue
            if not trust or (plain.used and not is_derivative(link.left)):
                return tidy(expand_derivatives(tree))
        return None

    def _numbers_named(self, finding: Finding, slips: list[Slip]) -> Finding:
        message = slips[0].sentence(self._spell)
        expected = finding.evidence.expected if finding.evidence is not None else None
        corrected = f"it should read {expected}" if expected is not None else None
        return replace(
            finding,
            code=slips[0].code,
            message=message,
            help=_joined(corrected, [Explanation((s,)) for s in slips[1:]]),
        )


def _occurrence(written: Node, mended: Node, part: Expr) -> int:
    """Which of the parts that look alike is the one in which two lines differ, from 0."""
    before = 0

    def visit(a: Node, b: Node) -> bool:
        nonlocal before
        if a == b:
            before += sum(n == part for n in walk(a))
            return False
        inner, other = children(a), children(b)
        if a == part or type(a) is not type(b) or len(inner) != len(other):
            return True
        return any(visit(x, y) for x, y in zip(inner, other, strict=True))

    visit(written, mended)
    return before


def _joined(corrected: str | None, others: Sequence[Explanation]) -> str | None:
    """The corrected line, and what else would have led to the wrong one."""
    told = " or ".join(" with ".join(f"{s.code} ({s.mistake.name})" for s in e.slips) for e in others)
    also = f"it may also be {told}" if told else None
    return "; ".join(part for part in (corrected, also) if part) or None


_ACTIVATIONS = frozenset({"sigmoid", "tanh", "relu", "softplus"})

__all__ = ["Clock", "Diagnoser"]
