"""What a line defines: formulas, given numbers, known functions, constraints and update rules.

Whether ``name = formula`` is a definition or a claim depends on what the name already means, on the
words before it and on the heading above it; the rules are all here.
"""

from __future__ import annotations

from gradbook.document.claims import Judge
from gradbook.document.findings import Finding, Link
from gradbook.document.meanings import Unresolved, component_name
from gradbook.document.memory import Memory
from gradbook.document.precision import is_numeric
from gradbook.document.prose import Role
from gradbook.document.report import Verdict
from gradbook.document.resolve import Resolution
from gradbook.document.subjects import is_anew, is_other
from gradbook.document.symbols import (
    Definition,
    Table,
    UpdateRule,
    Value,
    atom_of,
    head_key,
    lookalikes,
    plain_number,
    stem,
)
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import Outcome, decide
from gradbook.symbolic.expr import (
    HALF,
    Add,
    Apply,
    Derivative,
    Expr,
    Func,
    Indexed,
    Neg,
    Number,
    Op,
    Pow,
    Relation,
    Sum,
    Symbol,
    free_symbols,
    kinds,
    substitute,
    walk,
)

#: Functions whose definition in a document is the usual one, when it is.
_INTRODUCED = frozenset({"sigmoid", "relu", "softplus", "sign", "step", "softmax", "erf"})


class Definitions:
    """Decides what is a definition and enters it in the symbol table."""

    def __init__(self, table: Table, memory: Memory) -> None:
        self.table = table
        self.memory = memory
        self._introduced: set[str] = set()

    def stated(
        self, left: Expr, right: Expr, relation: str, role: Role, line: int, clock: Clock
    ) -> Finding | None:
        """STATED if the first link of a chain defines something; None if it is a claim."""
        table = self.table
        if relation == "<-" or (
            relation == ":=" and self.mentions(right, left) and not isinstance(left, Apply)
        ):
            return self._assignment(left, right)
        rule = self._update_rule(left, right, line)
        if rule is not None:
            return rule
        known_function = self._builtin(left, right, clock)
        if known_function is not None:
            return known_function
        form = form_of(left)
        logarithm = _logarithm(left)
        if logarithm is not None and not self.is_defined(logarithm):
            # ln p(x) = … defines p
            self.define(logarithm, Func("exp", (right,)), line)
            return Finding(Verdict.STATED)
        root = _square(left)
        if (
            root is not None
            and not self.is_defined(root)
            and not self.mentions(right, root)
            and not self._known(root)
        ):
            # s^2 = … defines s as the root
            self.define(root, Pow(right, HALF), line)
            return Finding(Verdict.STATED)
        if form is None:
            # "Let 1 + e^{-x} = g(x)": the new name stands on the right
            reverse = form_of(right)
            if reverse is None or self.is_defined(right) or plain_number(left) is not None:
                return None
            unread = any(n.name in table.unreadable for n in walk(left) if isinstance(n, Symbol | Apply))
            if role is not Role.LET and (unread or self.rests_on_definition(left) or self._known(right)):
                return None
            self.define(right, left, line)
            return Finding(Verdict.STATED)
        if relation == ":=" or (role is Role.LET and not self.mentions(right, left)):
            self.define(left, right, line)
            return Finding(Verdict.STATED)
        if not self.is_defined(left):
            if self.mentions(right, left):
                return None
            self.define(left, right, line)
            return Finding(Verdict.STATED)
        if (
            isinstance(left, Indexed)
            and not table.has(form[0])
            and not is_given(right)
            and table.recurrent(left.base)
        ):
            # h_1 = … beside h_t = … h_{t-1} …: where the recurrence starts
            self.define(left, right, line)
            return Finding(Verdict.STATED)
        value = is_given(right)
        if value and relation != "~" and self._is_value_only(left):
            return self._value_again(left, right, line, clock)
        if value and not self._computable(left, clock):
            # a number for a quantity that has a formula whose inputs are not given
            key = self.value_key(left)
            if key is not None and key not in table.values:
                table.give(key, right, line)
                return Finding(Verdict.STATED)
        return None

    def redefined(self, left: Expr, right: Expr, line: int) -> Finding | None:
        """A name defined under an earlier heading, or for another thing, may get a new formula here."""
        form = form_of(left)
        if form is None or is_given(right) or self.mentions(right, left):
            return None
        definition = self.table.definitions.get(form[0])
        if definition is None:
            return None
        table = self.table
        same_place = definition.section == table.section and definition.case in (0, table.case)
        alike = len(definition.params) == (len(form[1]) or len(definition.params))
        if same_place and alike and not self._is_of_another(definition, left, right):
            return None
        self.define(left, right, line)
        return Finding(Verdict.STATED)

    def _is_of_another(self, definition: Definition, left: Expr, right: Expr) -> bool:
        """Whether the words before a formula name something else than those before the formula that there is."""
        if not is_other(self.table.subject, definition.subject):
            return False
        # The h_1 of two units is one of them miswritten, and a formula of numbers is a calculation.
        numbered = isinstance(left, Indexed) and any(isinstance(index, Number) for index in left.indices)
        return not numbered and bool(free_symbols(right))

    def _known(self, expr: Expr) -> bool:
        name = atom_of(expr)
        return name is not None and (name in self.table.known or self.table.has(name))

    def is_defined(self, left: Expr) -> bool:
        """Whether a left side already has a meaning."""
        form = form_of(left)
        if form is None:
            return True
        name = form[0]
        table = self.table
        family = table.definitions.get(left.base + "_{}") if isinstance(left, Indexed) else None
        return table.has(name) or family is not None

    def define(self, left: Expr, right: Expr, line: int) -> None:
        """Bind the name on a left side: to a number, or to a formula."""
        form = form_of(left)
        if form is None:
            return
        name, params, indices = form
        table = self.table
        if not params and not indices and is_given(right):
            table.give(name, right, line)
            table.unreadable.pop(name, None)
            table.definitions.pop(name, None)
            if isinstance(left, Indexed):
                table.known.add(left.base)
            return
        table.values.pop(name, None)
        self._forget(head_key(left, table))
        table.define(Definition(name, params, indices, right, table.section, line, table.case, table.subject))
        self._forget(head_key(left, table))
        table.learn(left)

    def _forget(self, key: str | None) -> None:
        """Beliefs about a name end when it is given a new meaning."""
        if key is None:
            return
        beliefs = self.table.beliefs
        for other in [k for k in beliefs if k == key or k.startswith(f"d:{key}/")]:
            del beliefs[other]

    def _is_value_only(self, left: Expr) -> bool:
        form = form_of(left)
        return form is not None and form[0] in self.table.values and form[0] not in self.table.definitions

    def value_key(self, left: Expr | None) -> str | None:
        """The name under which a number for a left side is kept."""
        form = form_of(left) if left is not None else None
        return form[0] if form is not None and not form[1] and not form[2] else None

    def _value_again(self, left: Expr, right: Expr, line: int, clock: Clock) -> Finding | None:
        """A number for a quantity that has one: the same, the updated one, or a new one."""
        table = self.table
        form = form_of(left)
        assert form is not None
        old = table.values[form[0]]
        same = decide(old.number, right, clock=clock)
        if (
            plain_number(old.number) is None
            and old.section == table.section
            and same.outcome is not Outcome.PROVED
            and (plain_number(right) is not None or not self._is_outdated(old))
        ):
            return None  # it was worked out, so another number is a claim
        if same.outcome is Outcome.PROVED:
            return (
                Finding(Verdict.PROVED)
                if old.section == table.section and old.line
                else Finding(Verdict.STATED)
            )
        if self._rule_for(left) is not None:
            return None
        table.give(form[0], right, line)
        return Finding(Verdict.STATED)

    def _is_outdated(self, value: Value) -> bool:
        """Whether a number that was worked out is so again: after a step of the weights, or "the new output is"."""
        return value.changes < self.table.changes or is_anew(self.table.subject)

    def _computable(self, left: Expr, clock: Clock) -> bool:
        """Whether the given numbers determine a quantity."""
        try:
            tree = Resolution(self.table, clock, values=True).of(left)
            return is_numeric(substitute(tree, self.table.sentence_equalities()))
        except BoundHit:
            return True  # too large to put in is not the same as not given
        except (Unresolved, ValueError):
            return False

    def mentions(self, right: Expr, left: Expr) -> bool:
        """Whether a right side holds what the left side defines."""
        form = form_of(left)
        if form is None:
            return False
        if left in walk(right):
            return True
        return not isinstance(left, Indexed) and any(
            isinstance(node, Symbol | Apply) and node.name == form[0] for node in walk(right)
        )

    def redefines(self, left: Func, right: Expr, clock: Clock) -> bool:
        """Whether a document gives a known name another meaning, where it introduces it."""
        if left.name not in _INTRODUCED or left.name in self._introduced or len(left.args) != 1:
            return False
        if not isinstance(left.args[0], Symbol | Indexed):
            return False
        try:
            outcome = decide(left, right, self.table.domain(), clock=clock).outcome
        except BoundHit:
            return False
        return outcome in (Outcome.REFUTED, Outcome.UNDECIDED)

    def _builtin(self, left: Expr, right: Expr, clock: Clock) -> Finding | None:
        """``\\sigma(z) = 1/(1 + e^{-z})``: the document introduces a function that is known by that name."""
        if not isinstance(left, Func) or left.name not in _INTRODUCED or len(left.args) != 1:
            return None
        argument = left.args[0]
        if not isinstance(argument, Symbol | Indexed):
            return None
        if left.name in self._introduced:
            return None
        try:
            decision = decide(left, right, self.table.domain(), clock=clock)
        except BoundHit:
            return None
        self.table.learn(left)
        if decision.outcome is Outcome.PROVED:
            self._introduced.add(left.name)
            return Finding(Verdict.STATED)
        return None

    def constrain(self, left: Expr, right: Expr) -> None:
        """An equation that the document imposes: ``\\sum_k y_k = 1``, ``A^T = A``."""
        self.table.assume(Relation(left, Op.EQ, right))
        self.normalised(left, right)
        self.table.equations.append(Relation(left, Op.EQ, right))
        self.table.learn(left)
        self.table.learn(right)

    def normalised(self, left: Expr, right: Expr) -> bool:
        """Note that the components of something add up to one, if that is what an equation says."""
        match left, right:
            case (Sum(Indexed(base, (Symbol(index),)), bound, _, _, None), Number(value)) if (
                index == bound and value == 1
            ):
                if base + "_{}" in self.table.definitions:
                    return False
                self.table.simplex.add(base)
                return True
            case _:
                return False

    def rests_on_definition(self, expr: Expr) -> bool:
        """Whether a tree holds something that the document has defined, or a derivative."""
        for node in walk(expr):
            if isinstance(node, Symbol | Apply) and self.table.has(node.name):
                return True
            if isinstance(node, Indexed) and (
                node.base + "_{}" in self.table.definitions
                or self.table.has(component_name(node.base, node.indices))
            ):
                return True
            if isinstance(node, Derivative):
                return True
        return False

    # --- updates --------------------------------------------------------------------------------

    def _update_rule(self, left: Expr, right: Expr, line: int) -> Finding | None:
        """``w = w - eta dL/dw``: the name on the left is the new value of the one on the right."""
        if self._recurrence(left, right):
            self._define_recurrence(left, right, line)
            return Finding(Verdict.STATED)
        form = form_of(left)
        if form is None or left not in walk(right) or form[0] in self.table.definitions:
            return None
        if not isinstance(left, Symbol | Indexed):
            return None
        return self._assignment(left, right)

    @staticmethod
    def _recurrence(left: Expr, right: Expr) -> bool:
        """``x_{t+1} = x_t - …``: a rule that makes the next member from this one."""
        if not isinstance(left, Indexed) or all(isinstance(i, Symbol | Number) for i in left.indices):
            return False
        return any(
            isinstance(node, Indexed) and node.base == left.base and node != left for node in walk(right)
        )

    def _define_recurrence(self, left: Expr, right: Expr, line: int) -> None:
        """``x_{t+1} = g(x_t)`` kept as ``x_t = g(x_{t-1})``."""
        self.table.learn(left)
        self.table.learn(right)
        match left:
            case Indexed(base, (Add((Symbol() as index, shift)),)) if plain_number(shift) is not None:
                back = Add((index, Neg(shift)))
                body = substitute(right, {index: back})
                table = self.table
                table.define(Definition(base + "_{}", (), (index,), body, table.section, line, table.case))
            case _:
                pass

    def _assignment(self, left: Expr, right: Expr) -> Finding:
        if self.value_key(left) in self.table.renewed:
            self.table.renew()  # the same quantity again: the next step
        self.table.updates = [u for u in self.table.updates if u.generic != left]
        self.table.updates.append(UpdateRule(left, right))
        self.table.learn(left)
        self.table.learn(right)
        return Finding(Verdict.STATED)

    def _rule_for(self, left: Expr) -> Expr | None:
        """The right side of the update of a quantity, by its own rule or a generic one."""
        name = atom_of(left)
        if name is None:
            return None
        for rule in reversed(self.table.updates):
            if rule.generic == left:
                return rule.body
            generic = atom_of(rule.generic)
            if generic is None or self.table.has(generic):
                continue
            if stem(generic) in {stem(name), *lookalikes(stem(name))} and isinstance(rule.generic, Symbol):
                return substitute(rule.body, {rule.generic: left})
            if (
                isinstance(rule.generic, Indexed)
                and isinstance(left, Indexed)
                and rule.generic.base == left.base
            ):
                mapping = dict(zip(rule.generic.indices, left.indices, strict=False))
                return substitute(rule.body, mapping)
        return None

    def updated(self, left: Expr, right: Expr, clock: Clock, *, dash: bool) -> Finding | None:
        """``w_1 = 0.149`` after an update rule: the number is the updated value."""
        if not is_given(right) or not isinstance(left, Symbol | Indexed):
            return None
        form = form_of(left)
        other = None
        if form is not None and not self.table.has(form[0]):
            other = self.table.other_name(left)
        key = self.value_key(left)
        if key is not None and key in self.table.renewed:
            return Judge(self.table, clock, self.memory).judge(Link(self.table.renewed[key], "=", right))
        rule = self._rule_for(other if other is not None else left)
        if rule is None:
            return None
        finding = Judge(self.table, clock, self.memory).judge(Link(rule, "=", right))
        if dash and isinstance(right, Neg) and finding.verdict in (Verdict.REFUTED, Verdict.UNDECIDED):
            # after something struck out, a stroke may be a dash before the new number
            again = Judge(self.table, clock, self.memory).judge(Link(rule, "=", right.arg))
            if again.verdict in (Verdict.PROVED, Verdict.FOLLOWS):
                return again
        return finding


def _square(left: Expr) -> Expr | None:
    """The symbol of which a left side is the square."""
    match left:
        case Pow(Symbol() | Indexed() as root, Number(value)) if value == 2:
            return root
        case _:
            return None


def _logarithm(left: Expr) -> Expr | None:
    """The application of which a left side is the logarithm."""
    match left:
        case Func("log", (Apply() as inner,)) if form_of(inner) is not None:
            return inner
        case _:
            return None


def form_of(left: Expr) -> tuple[str, tuple[Expr, ...], tuple[Expr, ...]] | None:
    """(name, parameters, indices) if a tree can stand on the left of a definition."""
    match left:
        case Symbol(name):
            return name, (), ()
        case Indexed(base, indices):
            if all(isinstance(i, Number) for i in indices):
                return component_name(base, indices), (), ()
            if all(isinstance(i, Symbol | Number) for i in indices):
                return base + "_{}", (), indices
            return None
        case Apply(name, args, orders) if not any(orders) and args:
            # l(mu, sigma^2) is a function of mu and sigma
            args = tuple(a.base if isinstance(a, Pow) and isinstance(a.base, Symbol) else a for a in args)
            if all(isinstance(a, Symbol | Indexed) for a in args) and len(set(args)) == len(args):
                if name.endswith("_{}"):
                    return name, args[1:], args[:1]
                return name, args, ()
            return None
        case _:
            return None


def is_given(right: Expr) -> bool:
    """A number, possibly as a product or quotient of numbers."""
    return kinds(right).isdisjoint((Symbol, Indexed, Apply, Derivative, Sum))
