"""What the names in a tree stand for: formulas, given numbers, members of families, other names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from gradbook.document.precision import exact_value
from gradbook.document.symbols import Definition, Table, plain_number
from gradbook.document.vectors import component_of
from gradbook.symbolic.bounds import Clock
from gradbook.symbolic.expr import Add, Apply, Expr, Indexed, Neg, Node, Number, Symbol, substitute, walk


class Unresolved(ValueError):
    """A symbol that the document does not explain, or a derivative that cannot be worked out."""


@dataclass
class Meanings(ABC):
    """How names are to be resolved against a symbol table."""

    table: Table
    clock: Clock
    #: Whether given numbers are put in for their symbols.
    values: bool = False
    #: Whether the writer's wrong lines (and rounded results) stand in for what they are about.
    trust_wrong: bool = False
    trust_rounded: bool = False
    #: Particular functions put in the place of unknown ones: name -> (parameters, body).
    functions: Mapping[str, tuple[tuple[Expr, ...], Expr]] = field(
        default_factory=dict[str, tuple[tuple[Expr, ...], Expr]]
    )
    #: What must be positive for the formulas that were differentiated to have a value.
    implied: dict[Expr, None] = field(default_factory=dict[Expr, None])
    #: Names that are differentiated formally, since the writer holds something of them: name -> by what.
    formal: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    #: Whether a body is being differentiated, so that numbers the writer reached do not stand in for it.
    differentiating: bool = False
    #: Quantities whose numbers have been put in already.
    worked_out: dict[str, Expr] = field(default_factory=dict[str, Expr])
    #: Letters below a name that are read as its label, not as an index: s_y is none of the s_j.
    apart: frozenset[str] = frozenset()
    #: The beliefs that were used, by what they are about.
    used: set[str] = field(default_factory=set[str])
    depth: int = 0
    #: Whether names stand for themselves, as far as that was asked.
    free: dict[Expr, bool] = field(init=False, default_factory=dict[Expr, bool])
    #: Whole sides that were resolved, since what is shown of a wrong line is asked for once more.
    done: dict[tuple[Expr, frozenset[Expr]], Expr] = field(
        init=False, default_factory=dict[tuple[Expr, frozenset[Expr]], Expr]
    )

    @abstractmethod
    def of(self, expr: Expr, opaque: frozenset[Expr] = frozenset()) -> Expr:
        """The resolved tree."""

    @abstractmethod
    def _unknown(
        self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...], opaque: frozenset[Expr]
    ) -> Expr:
        """An application of a function that the document leaves open."""

    def _is_free(self, node: Symbol | Indexed) -> bool:
        """Whether the table has no meaning for a name, so that :meth:`_symbol` or :meth:`_component` keeps it."""
        known = self.free.get(node)
        if known is None:
            if isinstance(node, Symbol):
                meant = self._has_meaning(node.name)
            else:
                meant = (
                    not all(isinstance(i, Symbol | Number) for i in node.indices)
                    or self._has_meaning(component_name(node.base, node.indices))
                    or self._has_meaning(node.base + "_{}")
                    or node.base in self.table.definitions
                )
            known = self.free[node] = not meant and self.table.other_name(node) is None
        return known

    def _has_meaning(self, name: str) -> bool:
        table = self.table
        return (
            name in table.definitions
            or name in table.bare_formulas
            or name in table.unreadable
            or name in table.values
            or name in table.usual_arguments
            or name in table.depends
            or name in self.formal
        )

    def definition(self, name: str) -> Definition | None:
        """The definition of a name, by its own or another spelling."""
        table = self.table
        if name in table.unreadable:
            raise Unresolved(f"“{name}” is defined in line {table.unreadable[name]}, which could not be read")
        found = table.definitions.get(name)
        if found is not None:
            return found
        return None

    def _symbol(self, node: Symbol, opaque: frozenset[Expr]) -> Expr:
        name = node.name
        table = self.table
        if name in self.formal:
            return Apply("@" + name, (self.formal[name],))
        if self.values and name in table.values:
            return table.values[name].number
        definition = table.bare_formulas.get(name) or self.definition(name)
        if definition is not None:
            return self._body(definition, opaque)
        if name in table.values:
            return node
        other = self.table.other_name(node)
        if other is not None:
            return self.of(other, opaque)
        usual = table.usual_arguments.get(name)
        if usual:
            return self.of(Apply(name, usual), opaque)
        if name in table.depends and name not in table.names.variables:
            return self._unknown(name, (), (), opaque)
        return node

    def _body(self, definition: Definition, opaque: frozenset[Expr]) -> Expr:
        # Inside the body its own parameters hide definitions of the same name.
        if self.values and not definition.params and not opaque and not self.formal:
            done = self.worked_out.get(definition.name)
            if done is None:
                done = self.worked_out[definition.name] = exact_value(self.of(definition.body))
            return done
        return self.of(definition.body, opaque | frozenset(p for p in definition.params if self._hides(p)))

    def _hides(self, param: Expr) -> bool:
        name = param.name if isinstance(param, Symbol) else ""
        if self.values and name in self.table.values:
            return False
        # L(p) = … and then p = σ(z) in the same part: p is meant to depend on what z does
        definition = self.table.definitions.get(name)
        return definition is None or definition.section != self.table.section

    def _component(self, node: Indexed, opaque: frozenset[Expr]) -> Expr:
        table = self.table
        indices = tuple(self._index(i, opaque) for i in node.indices)
        key = component_name(node.base, indices)
        if key in table.values:
            return table.values[key].number if self.values else Indexed(node.base, indices)
        own = table.definitions.get(key)
        if own is not None:
            return self._body(own, opaque)
        definition = table.definitions.get(node.base + "_{}")
        if definition is not None and self._stands_for_itself(node.base, indices, opaque):
            return Indexed(node.base, indices)
        if node.base + "_{}" in table.unreadable:
            raise Unresolved(f"“{node.base}” is defined by a line that could not be read")
        if definition is not None and len(definition.indices) == len(indices):
            mapping = {
                k: v for k, v in zip(definition.indices, indices, strict=True) if isinstance(k, Symbol)
            }
            return self.of(substitute(definition.body, mapping), opaque)
        part = self._part_of_whole(node.base, indices, opaque)
        if part is not None:
            return self.of(part, opaque)
        other = self.table.other_name(Indexed(node.base, indices))
        if other is not None:
            return self.of(other, opaque)
        name = node.base + "_{}"
        pattern = table.usual_arguments.get(name)
        if pattern:
            mapping = dict(zip(pattern, indices, strict=False))
            return self.of(Apply(name, tuple(substitute(p, mapping) for p in pattern)), opaque)
        match indices:
            case (Symbol(letter),) if letter in self.apart:
                return Symbol(f"{node.base}_{{{letter}}}")
            case _:
                return Indexed(node.base, indices)

    def _part_of_whole(self, base: str, indices: tuple[Expr, ...], opaque: frozenset[Expr]) -> Expr | None:
        """``p_i`` where the vector p has a formula, unless something differentiates by p or a component of it."""
        whole = self.table.definitions.get(base)
        if whole is None or whole.params or whole.indices or len(indices) != 1:
            return None
        if any(o == Symbol(base) or (isinstance(o, Indexed) and o.base == base) for o in opaque):
            return None
        return component_of(whole.body, indices[0], self.table)

    def _stands_for_itself(self, base: str, indices: tuple[Expr, ...], opaque: frozenset[Expr]) -> bool:
        """A member of a family is not put in where a recurrence ends, nor beside one that is differentiated by."""
        if self.table.recurrent(base):
            return not self._unrolls(indices)
        return any(
            isinstance(o, Indexed) and o.base == base and len(o.indices) == len(indices) for o in opaque
        )

    def _index(self, index: Expr, opaque: frozenset[Expr]) -> Expr:
        """What an index stands for, if that counts something: the n of u_n is a label where n = tanh(x)."""
        resolved = _folded(self.of(index, opaque | free_index(index)))
        counts = all(
            isinstance(n, Symbol | Add | Neg) or (isinstance(n, Number) and n.value.denominator == 1)
            for n in walk(resolved)
        )
        return resolved if counts else index

    def _unrolls(self, indices: tuple[Expr, ...]) -> bool:
        """A recurrence is put in once for ``h_t``, not for the ``h_{t-1}`` in it; for numbers, to the first."""
        return all(isinstance(i, Symbol) or (isinstance(i, Number) and 0 < i.value <= 12) for i in indices)


def free_index(expr: Expr) -> frozenset[Expr]:
    """Index letters in an argument stay as they are."""
    return frozenset(
        s for p in walk(expr) if isinstance(p, Indexed) for s in p.indices if isinstance(s, Symbol)
    )


def _folded(index: Expr) -> Expr:
    """``1 - 1`` as the number it is."""
    match index:
        case Add(terms):
            parts = [plain_number(t) for t in terms]
            if all(p is not None for p in parts):
                return Number(sum((p for p in parts if p is not None), Fraction(0)))
        case _:
            pass
    return index


def component_name(base: str, indices: tuple[Expr, ...]) -> str:
    """The key of one particular component, such as ``x_{1}``; empty for a general one."""
    parts: list[str] = []
    for index in indices:
        if not isinstance(index, Number):
            return ""
        parts.append(str(index.value))
    return f"{base}_{{{','.join(parts)}}}"


def name_of_quantity(node: Node) -> str:
    """The name under which the meaning of a quantity is kept, such as ``x_{1}``; empty for what is none.

    >>> name_of_quantity(Indexed("x", (Number(Fraction(1)),))), name_of_quantity(Symbol("w"))
    ('x_{1}', 'w')
    """
    match node:
        case Symbol(name) | Apply(name, _, _):
            return name
        case Indexed(base, indices):
            return component_name(base, indices)
        case _:
            return ""
