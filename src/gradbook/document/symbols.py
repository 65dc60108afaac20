"""What the document says about its symbols: definitions, values, functions, domains, other names.

The table changes as the document is read from top to bottom. A definition stays visible until the
name is defined again; under a new heading a name may be given a new meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.document.formula import Names
from gradbook.document.subjects import is_anew
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    All,
    AnyOf,
    Apply,
    Condition,
    Derivative,
    Expr,
    Func,
    Indexed,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Product,
    Relation,
    Sum,
    Symbol,
    walk,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """``name(params) = body``, or ``name = body``, or ``base_i = body`` for every i (``indices``).

    A family ``base_i`` is kept under the name ``base_{}``.
    """

    name: str
    params: tuple[Expr, ...]
    indices: tuple[Expr, ...]
    body: Expr
    section: int
    line: int
    #: Which case of a distinction it was made in; 0 outside cases.
    case: int = 0
    #: The words that named what it is the formula of, if there were any.
    subject: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """A number given for a symbol or component; ``changes``, how many inputs had changed before it was."""

    number: Expr
    section: int
    line: int
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Belief:
    """What the writer holds of a head (``df/dx``, ``h_1``): the tree written, and the line it goes back to.

    ``under`` are the conditions of the sentence and the case under which it was written, ``names`` those on whose
    values it rests.
    """

    tree: Expr
    line: int
    wrong: bool
    under: frozenset[Condition] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """``p is a sigmoid``: an unknown function is taken to be a particular one, of an argument to be found."""

    target: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """``w = w - eta dL/dw`` with a generic name: the new value of every quantity like it."""

    generic: Expr
    body: Expr


@dataclass
class Table:
    """The symbol table while a document is read."""

    names: Names = field(default_factory=Names)
    definitions: dict[str, Definition] = field(default_factory=dict[str, Definition])
    #: Formulas of bare names that are functions as well (``a = w x`` beside ``a(s) = …``).
    bare_formulas: dict[str, Definition] = field(default_factory=dict[str, Definition])
    #: Given numbers, apart from the formulas: a quantity may have both.
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    #: Names whose definition could not be read: nothing that rests on them can be judged.
    unreadable: dict[str, int] = field(default_factory=dict[str, int])
    #: Symbols that have been explained or used in a definition.
    known: set[str] = field(default_factory=set[str])
    #: Symbols that definitions use, so that they are not merely another spelling of something.
    used: set[str] = field(default_factory=set[str])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    #: What prose calls a symbol: noun -> symbol, e.g. "learning rate" -> \eta.
    nouns: dict[str, list[Expr]] = field(default_factory=dict[str, list[Expr]])
    conditions: list[Condition] = field(default_factory=list[Condition])
    #: Conditions of the sentence being read ("for x > 0").
    passing: list[Condition] = field(default_factory=list[Condition])
    #: Words of the sentence being read that may be a condition, which is not read: "where the unit is active".
    proviso: str = ""
    #: The words that name what the formula being read is of: "the absolute error is".
    subject: frozenset[str] = frozenset()
    #: Conditions of the case being read ("Case 1: x > 0").
    of_case: list[Condition] = field(default_factory=list[Condition])
    #: Under how deep a heading each condition was stated; it ends when that heading's part ends.
    depths: dict[Condition, int] = field(default_factory=dict[Condition, int])
    depth: int = 0
    #: Equations that the document imposes to solve them: ``f'(x) = 0``.
    imposed: list[tuple[Expr, Expr]] = field(default_factory=list[tuple[Expr, Expr]])
    #: New values of updated quantities, until the next step begins.
    renewed: dict[str, Expr] = field(default_factory=dict[str, Expr])
    #: How many times an input, a number that was not worked out, got another value.
    changes: int = 0
    #: The values that updated quantities had before.
    former: dict[str, Expr] = field(default_factory=dict[str, Expr])
    integers: set[str] = field(default_factory=set[str])
    choices: dict[str, tuple[Fraction, ...]] = field(default_factory=dict[str, tuple[Fraction, ...]])
    simplex: set[str] = field(default_factory=set[str])
    vectors: set[str] = field(default_factory=set[str])
    matrices: set[str] = field(default_factory=set[str])
    #: Matrices that equal their transpose.
    symmetric: set[str] = field(default_factory=set[str])
    #: Whether the document says that a derivative by a matrix has the shape of its transpose.
    numerator_layout: bool = False
    scalars: set[str] = field(default_factory=set[str])
    equations: list[Relation] = field(default_factory=list[Relation])
    #: Unknown functions (and symbols) by name -> what they are differentiated by somewhere.
    depends: dict[str, set[Expr]] = field(default_factory=dict[str, set[Expr]])
    #: Unknown function -> its arguments, where the document applies it always to the same ones.
    usual_arguments: dict[str, tuple[Expr, ...]] = field(default_factory=dict[str, tuple[Expr, ...]])
    beliefs: dict[str, Belief] = field(default_factory=dict[str, Belief])
    hypotheses: list[Hypothesis] = field(default_factory=list[Hypothesis])
    updates: list[UpdateRule] = field(default_factory=list[UpdateRule])
    section: int = 0
    case: int = 0
    #: What the writer held when the first of a run of cases began.
    before_cases: dict[str, Belief] | None = None

    def define(self, definition: Definition) -> None:
        """Bind a name (again)."""
        before = self.definitions.get(definition.name)
        if before is not None and before.section == self.section and definition.params and not before.params:
            # a(s) beside a: the bare name keeps its own formula
            self.bare_formulas[definition.name] = before
        else:
            self.bare_formulas.pop(definition.name, None)
        self.definitions[definition.name] = definition
        self.unreadable.pop(definition.name, None)
        self.learn(definition.body)
        for param in (*definition.params, *definition.indices):
            self.learn(param)
        self.known.add(bare(definition.name))
        for part in (definition.body, *definition.params):
            self.used |= {n.name for n in walk(part) if isinstance(n, Symbol)}

    def has(self, name: str) -> bool:
        """Whether a name has a formula or a number."""
        return name in self.definitions or name in self.values

    def recurrent(self, base: str) -> bool:
        """Whether the members of a family are defined by other members of it, directly or through other families."""
        seen: set[str] = set()
        todo = [base]
        while todo:
            definition = self.definitions.get(todo.pop() + "_{}")
            if definition is None:
                continue
            for part in walk(definition.body):
                if isinstance(part, Indexed):
                    if part.base == base:
                        return True
                    if part.base not in seen:
                        seen.add(part.base)
                        todo.append(part.base)
        return False

    def canonical(self, name: str) -> str:
        """The name that has the definition, if this one is only another spelling of it."""
        if self.has(name):
            return name
        other = self.other_name(Symbol(name))
        return other.name if isinstance(other, Symbol) else name

    def give(self, name: str, number: Expr, line: int) -> None:
        """Note a number for a symbol (again)."""
        old = self.values.get(name)
        if old is not None and old.number != number:
            self._outdate(name)
            self.changes += plain_number(old.number) is not None or is_anew(self.subject)
        self.values[name] = Value(number, self.section, line, self.changes)
        self.known.add(name)

    def _outdate(self, name: str) -> None:
        """Numbers that were worked out with the old value of a name are held no longer."""
        for key in [
            k for k, b in self.beliefs.items() if name in b.names and plain_number(b.tree) is not None
        ]:
            del self.beliefs[key]

    def other_name(self, node: Expr) -> Expr | None:
        """The quantity that an undefined symbol is another name of: declared, or the only look-alike."""
        name = node.name if isinstance(node, Symbol) else ""
        if isinstance(node, Symbol):
            twins = [t for t in lookalikes(name) if self.has(t)]
            if len(twins) == 1 and name not in self.used:
                return Symbol(twins[0])
        named = self._by_noun(node)
        if named is not None:
            return named
        return self._labelled(name) if isinstance(node, Symbol) else None

    def _labelled(self, name: str) -> Expr | None:
        """``L`` for the only ``L_o``: a bare letter that is never explained, where one labelled name of it is."""
        if name in self.used or "_{" in name or "^{" in name:
            return None
        labelled = [
            n for n in (*self.definitions, *self.values) if stem(n) == name and n != name and "_{}" not in n
        ]
        return Symbol(labelled[0]) if len(labelled) == 1 else None

    def _by_noun(self, node: Expr) -> Expr | None:
        """What prose calls by the same noun ("learning rate"), or a value named by it ("inp 2" of the inputs)."""
        for noun, things in self.nouns.items():
            if node not in things:
                continue
            for other in things:
                if other != node and isinstance(other, Symbol) and self.has(other.name):
                    return other
            number = node.indices[0] if isinstance(node, Indexed) and len(node.indices) == 1 else None
            for name in self.values:
                if name.startswith("\\text{") and _names_one_of(name[6:-1], noun, number):
                    return Symbol(name)
        return None

    def learn(self, node: Node) -> None:
        """Symbols that a definition mentions count as explained."""
        for part in walk(node):
            match part:
                case Symbol(name):
                    self.known.add(name)
                case Indexed(base, _):
                    self.known.add(base)
                case Apply(name, _, _):
                    self.known.add(bare(name))
                case Sum() | Product():
                    self.known.add(part.index)
                case _:
                    pass

    def domain(self, extra: Iterable[Condition] = ()) -> Domain:
        """The domain of a claim at this place.

        Equations are left out: they are put in by substitution, since they cannot be sampled.
        """
        conditions: list[Condition] = []
        unequal: set[frozenset[str]] = set()
        for condition in dict.fromkeys((*self.conditions, *self.of_case, *self.passing, *extra)):
            match condition:
                case Relation(Symbol(a), Op.NE, Symbol(b)) if a != b:
                    unequal.add(frozenset((a, b)))
                case Relation(_, Op.EQ | Op.NE, _):
                    continue
                case _:
                    conditions.append(condition)
        return Domain(
            tuple(conditions),
            frozenset(self.integers),
            tuple(sorted(self.choices.items())),
            frozenset(self.simplex),
            tuple(self.equations),
            frozenset(unequal),
        )

    def held(self) -> frozenset[Condition]:
        """The conditions of this sentence and this case."""
        return frozenset((*self.of_case, *self.passing))

    def is_argument(self, name: str) -> bool:
        """Whether something is applied to a letter in the document: the t of ``x(t)``."""
        return any(Symbol(name) in args for args in self.usual_arguments.values())

    def holds(self, belief: Belief) -> bool:
        """Whether what was held under some conditions still is.

        A rounded value needs them all; a mistake is carried on to wherever they are not contradicted.
        """
        now = self.held()
        if not belief.wrong:
            return belief.under <= now
        return belief.under <= now or not any(
            _excludes(old, new) for old in belief.under - now for new in now - belief.under
        )

    def sentence_equalities(self) -> dict[Expr, Expr]:
        """``for y = 1``, ``at x = 2``: what stands in for what in this sentence."""
        return {
            c.left: c.right
            for c in (*self.of_case, *self.passing)
            if isinstance(c, Relation) and c.op is Op.EQ and isinstance(c.left, Symbol | Indexed)
        }

    def assume(self, condition: Condition, *, passing: bool = False) -> None:
        """Note a domain: kept as choices or integers where it is that, else as a condition."""
        match condition:
            case Relation(Func("transpose", (Symbol(a),)), Op.EQ, Symbol(b)) if a == b:
                self.symmetric.add(a)
                return
            case Relation(Symbol(a), Op.EQ, Func("transpose", (Symbol(b),))) if a == b:
                self.symmetric.add(a)
                return
            case All(parts):
                for part in parts:
                    self.assume(part, passing=passing)
                return
            case AnyOf(parts) if all(isinstance(p, Relation) and p.op is Op.EQ for p in parts):
                atoms = {p.left for p in parts if isinstance(p, Relation)}
                values = [p.right for p in parts if isinstance(p, Relation)]
                numbers = [v for v in map(plain_number, values) if v is not None]
                if len(atoms) == 1 and len(numbers) == len(parts):
                    name = atom_of(next(iter(atoms)))
                    if name is not None:
                        self.choices[name] = tuple(numbers)
                        return
            case _:
                pass
        if not any(isinstance(part, Symbol | Indexed | Apply) for part in walk(condition)):
            return
        target = self.passing if passing else self.of_case if self.case else self.conditions
        if target is not self.conditions and isinstance(condition, Relation):
            # "for x > 0 …, for x < 0 …": a new condition on the same quantity takes the place of the old one
            target[:] = [c for c in target if not _contradicts(c, condition)]
        if condition not in target:
            target.append(condition)
            self.depths[condition] = self.depth

    def open_case(self) -> None:
        """A case of what stands above: what was held in the case before is dropped, not what came before it."""
        self.passing.clear()
        self.of_case.clear()
        self.hypotheses.clear()
        self.case += 1
        if self.before_cases is None:
            self.before_cases = dict(self.beliefs)
        self.beliefs = dict(self.before_cases)

    def open_row(self) -> None:
        """A row of a table stands for itself: names may be given new meanings in each."""
        self.section += 1
        self.passing.clear()

    def close_cases(self) -> None:
        """``In general``, ``from case 1 and 2``: the cases are over."""
        self.of_case.clear()
        self.hypotheses.clear()
        self.case = 0

    def renew(self) -> None:
        """A new step begins: updated quantities take their new values."""
        for name, number in self.renewed.items():
            if name in self.values:
                self.former[name] = self.values[name].number
                self._outdate(name)
            self.values[name] = Value(number, self.section, 0)
        self.renewed.clear()

    def open_section(self, depth: int = 0) -> None:
        """A new heading: names may be given new meanings; what was stated under its equals ends with them."""
        self.section += 1
        self.conditions = [
            c for c in self.conditions if self.depths.get(c, 0) < depth or self.depths.get(c, 0) == 0
        ]
        self.depth = depth
        self.of_case.clear()
        self.imposed.clear()
        self.renew()
        self.updates = [u for u in self.updates if atom_of(u.generic) not in self.values]
        self.case = 0
        self.before_cases = None
        self.passing.clear()
        self.hypotheses.clear()


_UPWARD = frozenset({Op.GT, Op.GE})
_DOWNWARD = frozenset({Op.LT, Op.LE})


def _contradicts(old: Condition, new: Relation) -> bool:
    """Whether two conditions on one quantity are meant as alternatives: opposite directions, or an equality."""
    if not isinstance(old, Relation) or old.left != new.left:
        return False
    if Op.EQ in (old.op, new.op) or old.op is Op.NE:
        return True
    opposite = (old.op in _UPWARD and new.op in _DOWNWARD) or (old.op in _DOWNWARD and new.op in _UPWARD)
    low, high = (old.right, new.right) if old.op in _UPWARD else (new.right, old.right)
    a, b = plain_number(low), plain_number(high)
    return opposite and (a is None or b is None or a >= b)


def _excludes(old: Condition, new: Condition) -> bool:
    """Whether two conditions are alternatives to each other."""
    if isinstance(new, Not) or isinstance(old, Not):
        return new == Not(old) or old == Not(new)
    return isinstance(new, Relation) and _contradicts(old, new)


def bare(name: str) -> str:
    """The name without the mark of an indexed family."""
    return name.removesuffix("_{}")


def _names_one_of(name: str, noun: str, number: Expr | None) -> bool:
    """Whether "inp 2" is the second of the "inputs", or "target" the "target value"."""
    words = name.lower().split()
    count = words[-1] if len(words) > 1 and words[-1].isdigit() else None
    if (count is None) != (number is None) or (isinstance(number, Number) and str(number.value) != count):
        return False
    first = words[0]
    return any(
        (len(first) >= 3 and word.startswith(first)) or word.rstrip("s") == first
        for word in noun.lower().split()
    )


def atom_of(expr: Expr) -> str | None:
    """The name under which a quantity's domain is kept."""
    match expr:
        case Symbol(name) | Indexed(name, _):
            return name
        case Apply(name, _, _):
            return name
        case _:
            return None


def plain_number(expr: Expr) -> Fraction | None:
    """The value of a literal, with its sign.

    >>> from gradbook.symbolic.expr import number
    >>> plain_number(Neg(number(1)))
    Fraction(-1, 1)
    """
    match expr:
        case Number(value):
            return value
        case Neg(arg):
            inner = plain_number(arg)
            return None if inner is None else -inner
        case _:
            return None


def head_key(expr: Expr, table: Table) -> str | None:
    """One spelling for what a line is about: ``df/dx``, ``f'(x)`` and ``d/dx f(x)`` are the same head."""
    match expr:
        case Symbol(name):
            return f"s:{table.canonical(name)}"
        case Indexed(base, indices):
            return f"i:{base}:{indices!r}"
        case Apply(name, args, orders):
            name = table.canonical(name)
            definition = table.definitions.get(name)
            usual = definition.params if definition else table.usual_arguments.get(name, ())
            order = sum(orders)
            if not args or args == usual:
                if order == 0:
                    return f"s:{name}"
                if len(usual) == 1:
                    return _derivative_key(f"s:{name}", usual[0], order, table)
            return f"a:{name}:{args!r}:{orders!r}"
        case Derivative(body, wrt, order, _):
            inner = head_key(body, table)
            if inner is None:
                return None
            if wrt == Symbol("?"):
                definition = table.definitions.get(_name_of(body))
                if definition is None or len(definition.params) != 1:
                    return None
                wrt = definition.params[0]
            if inner.startswith("d:"):
                before, _, count = inner.rpartition("^")
                if before.endswith(f"/{wrt!r}"):
                    return f"{before}^{int(count) + order}"
            return _derivative_key(inner, wrt, order, table)
        case _:
            return None


def _derivative_key(inner: str, wrt: Expr, order: int, table: Table) -> str:
    if isinstance(wrt, Symbol):
        wrt = Symbol(table.canonical(wrt.name))
    return f"d:{inner}/{wrt!r}^{order}"


def _name_of(expr: Expr) -> str:
    match expr:
        case Symbol(name) | Apply(name, _, _):
            return name
        case _:
            return ""


#: Letters that stand for each other in handwriting and in machine-read text.
_LOOKALIKES = [
    ("w", r"\omega"), ("v", r"\nu"), ("u", r"\mu"), ("p", r"\rho"), ("y", r"\gamma"), ("a", r"\alpha"),
    ("k", r"\kappa"),
    ("n", r"\eta"), ("e", r"\epsilon"), (r"\epsilon", r"\varepsilon"), (r"\phi", r"\varphi"),
    ("l", r"\ell"), ("x", r"\chi"),
    (r"\theta", r"\vartheta"), ("o", r"\sigma"),
]  # fmt: skip
_TWINS: dict[str, list[str]] = {}
for _a, _b in _LOOKALIKES:
    _TWINS.setdefault(_a, []).append(_b)
    _TWINS.setdefault(_b, []).append(_a)


def lookalikes(name: str) -> list[str]:
    """The names that differ only by a look-alike letter.

    >>> lookalikes("w_{11-2}")
    ['\\\\omega_{11-2}']
    """
    stem, mark, rest = name.partition("_{")
    return [twin + mark + rest for twin in _TWINS.get(stem, ())]


def stem(name: str) -> str:
    """The letter of a name, without label.

    >>> stem("w_{ab-c}")
    'w'
    """
    return name.partition("_{")[0].partition("^{")[0]


__all__ = [
    "Belief", "Definition", "Hypothesis", "Table", "UpdateRule", "Value", "atom_of", "bare", "head_key",
    "lookalikes", "plain_number", "stem",
]  # fmt: skip
