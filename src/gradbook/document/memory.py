"""What is remembered between two checks of nearly the same document.

A finding on a link depends on the link and on what the document has said, so far, of the names in it
and in their definitions, and on the conditions in force. :func:`situation` gathers exactly that into
a key; where the key is the same, the finding is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from gradbook.document.dependence import Dependence
from gradbook.document.formula import Names
from gradbook.document.meanings import name_of_quantity
from gradbook.document.symbols import Definition, Table, bare, lookalikes
from gradbook.symbolic.expr import Apply, Expr, Indexed, Node, Symbol, walk

#: Most entries of one kind that are kept.
LIMIT = 20_000


@dataclass
class Memory:
    """Findings, formulas and trees by what they depend on.

    With ``lasting`` it serves later checks too; else findings are not kept, since within one document hardly
    any is asked for twice.
    """

    lasting: bool = True
    findings: dict[Any, Any] = field(default_factory=dict[Any, Any])
    formulas: dict[Any, Any] = field(default_factory=dict[Any, Any])
    trees: dict[Any, Any] = field(default_factory=dict[Any, Any])
    #: The graph of the quantities of the table that was asked for last.
    graph: Dependence | None = field(default=None, repr=False)

    def dependence(self, table: Table) -> Dependence:
        """How the quantities of a table depend on each other."""
        if self.graph is None or self.graph.table is not table:
            self.graph = Dependence(table)
        return self.graph

    def keep(self, store: dict[Any, Any], key: Any, value: Any) -> None:
        """Remember a value; a store that is full starts afresh."""
        if len(store) >= LIMIT:
            store.clear()
        store[key] = value


def spelling_of(names: Names) -> int:
    """A number that changes when anything changes that reading a formula depends on.

    >>> spelling_of(Names()) == spelling_of(Names(functions={"f"}))
    False
    """
    parts: list[frozenset[str] | bool] = []
    for part in fields(names):
        value: set[str] | bool = getattr(names, part.name)
        parts.append(value if isinstance(value, bool) else frozenset(value))
    return hash(tuple(parts))


def names_in(node: Node) -> set[str]:
    """Names that a tree mentions, families by their letter.

    >>> sorted(names_in(Indexed("x", (Symbol("i"),))))
    ['i', 'x']
    """
    found: set[str] = set()
    for part in walk(node):
        match part:
            case Symbol(name) | Apply(name, _, _):
                found.add(bare(name))
            case Indexed(base, _):
                found.add(base)
            case _:
                pass
    return found


def names_behind(tree: Expr | None, table: Table) -> frozenset[str]:
    """Names on whose values the value of a tree rests: those in it, in what defines them, and so on."""
    seen: set[str] = set()
    todo: list[Node] = [tree] if tree is not None else []
    while todo:
        for part in walk(todo.pop()):
            family = part.base + "_{}" if isinstance(part, Indexed) else ""
            for name in {name_of_quantity(part), family} - seen - {""}:
                seen.add(name)
                if name in table.definitions:
                    todo.append(table.definitions[name].body)
    return frozenset(seen)


def situation(trees: Iterable[Expr], table: Table) -> tuple[Any, ...]:
    """Everything in the symbol table that a finding on these trees can depend on, as a hashable key."""
    seen: set[str] = set()
    todo: set[str] = set()
    for tree in trees:
        todo |= names_in(tree)
    for _, tree in table.imposed:
        todo |= names_in(tree)
    said: list[Any] = []
    undefined = False
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        bound = False
        for definition in _definitions(name, table):
            bound = True
            said.append(_meaning(definition))
            todo |= names_in(definition.body) - seen
            for part in (*definition.params, *definition.indices):
                todo |= names_in(part) - seen
        for key, value in table.values.items():
            if key == name or key.startswith(name + "_{"):
                said.append((key, value.number))
                bound = True
        undefined = undefined or not bound
        dependence = table.depends.get(name) or table.depends.get(name + "_{}")
        usual = table.usual_arguments.get(name) or table.usual_arguments.get(name + "_{}")
        if usual:
            for part in usual:
                todo |= names_in(part) - seen
        if dependence:
            for part in dependence:
                todo |= names_in(part) - seen
        said.append(
            (
                name,
                name in table.known,
                name in table.used,
                frozenset(dependence or ()),
                usual,
                table.unreadable.get(name),
            )
        )
        for other in lookalikes(name):
            if table.has(other):
                todo.add(other)
    labelled = tuple(sorted((*table.definitions, *table.values))) if undefined else ()
    beliefs = tuple(
        (key, belief.tree, belief.wrong, table.holds(belief))
        for key, belief in table.beliefs.items()
        if any(name in key for name in seen)
    )
    nouns = tuple((noun, tuple(things)) for noun, things in table.nouns.items()) if undefined else ()
    return (
        frozenset(said),
        frozenset(seen & table.names.variables),
        labelled,
        beliefs,
        nouns,
        table.domain(),
        tuple(table.sentence_equalities().items()),
        table.proviso,
        table.numerator_layout,
        tuple(table.hypotheses),
        table.section,
        frozenset(seen & (table.vectors | table.names.bold)),
        frozenset(seen & table.matrices),
        frozenset(seen & table.scalars),
        frozenset(seen & table.symmetric),
        frozenset((*table.definitions,)) & frozenset(lookalikes_of(seen)),
    )


def lookalikes_of(names: Iterable[str]) -> set[str]:
    """All look-alikes of some names."""
    return {other for name in names for other in lookalikes(name)}


def _definitions(name: str, table: Table) -> list[Definition]:
    """The definitions of a name, of the family, and of its numbered members."""
    found = [
        d
        for d in (
            table.definitions.get(name),
            table.definitions.get(name + "_{}"),
            table.bare_formulas.get(name),
        )
        if d is not None
    ]
    prefix = name + "_{"
    found += [d for key, d in table.definitions.items() if key.startswith(prefix) and key != name + "_{}"]
    return found


def _meaning(definition: Definition) -> tuple[Any, ...]:
    """A definition without the line it stands in."""
    return (
        definition.name,
        definition.params,
        definition.indices,
        definition.body,
        definition.section,
        definition.case,
    )
