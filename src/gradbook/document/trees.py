"""Trees of sides: parsed with what the document knows of names, and settled where only the table can tell."""

from __future__ import annotations

import re

from gradbook.document.formula import Parser, Reading, read_expression, strip_ends
from gradbook.document.memory import Memory, spelling_of
from gradbook.document.symbols import Table
from gradbook.document.tokens import FormulaError, Token, tokenise
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    Apply,
    Condition,
    Derivative,
    Expr,
    Indexed,
    Node,
    Symbol,
    free_symbols,
    rebuild,
    walk,
)

_NTH = re.compile(r"(.+)\^\{\((\d)\)\}")


class Trees:
    """Reads sides of statements into trees."""

    def __init__(self, table: Table, memory: Memory, deadline: float) -> None:
        self.table = table
        self.memory = memory
        self.deadline = deadline
        #: Sides (their token lists) that allow another reading.
        self.ambiguous: set[int] = set()
        #: What was known of names when the trees were read, and how much that was.
        self.spelling = 0
        self.extent = -1

    def respell(self) -> None:
        """Note what is known of names now."""
        extent = self.table.names.extent()
        if extent != self.extent:
            self.spelling, self.extent = spelling_of(self.table.names), extent

    def side(self, tokens: list[Token], reading: Reading | None = None) -> Expr | None:
        """The tree of a side, or None if it cannot be read."""
        try:
            tree, ambiguous = self.parsed(tokens, reading)
        except (FormulaError, BoundHit, RecursionError):
            return None
        if ambiguous:
            self.ambiguous.add(id(tokens))
        return self.named(tree)

    def parsed(self, tokens: list[Token], reading: Reading | None) -> tuple[Expr, bool]:
        """The tree of a side, remembered by its spelling and by all that is known of names."""
        start = tokens[0].start if tokens else 0
        key = (tuple([(t.kind, t.text, t.start - start) for t in tokens]), self.spelling, reading)
        known = self.memory.trees.get(key)
        if known is None:
            known = read_expression(tokens, self.table.names, reading, Clock(self.deadline))
            if self.table.names.extent() == self.extent:
                self.memory.keep(self.memory.trees, key, known)
            else:
                self.respell()
        return known

    def named(self, tree: Expr) -> Expr:
        """Names that look like derivatives (``w'`` of a weight), derivatives that look like names (``f_x``)."""
        table = self.table
        if not any(self._may_be_other(node) for node in walk(tree)):
            return tree

        def visit(node: Node) -> Node:
            node = rebuild(node, visit)
            match node:
                case Apply(name, (), (order,)) if name not in table.definitions:
                    primed = name + "'" * order
                    if (
                        table.has(primed)
                        or name in table.values
                        or name in table.names.variables | table.names.primed
                    ):
                        return Symbol(primed)
                case Symbol(name) if name in table.aliases:
                    return Symbol(table.aliases[name])
                case Indexed(base, indices) if base in table.aliases:
                    return Indexed(table.aliases[base], indices)
                case Apply(name, args, orders) if name in table.aliases:
                    return Apply(table.aliases[name], args, orders)
                case Symbol(name) if (
                    "_{" in name and not table.has(name) and name not in table.names.functions
                ):
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

    def _may_be_other(self, node: Node) -> bool:
        """Whether a node is of those that :meth:`named` looks at: names with labels or primes, and aliases."""
        match node:
            case Symbol(name):
                return "{" in name or name in self.table.aliases
            case Indexed(base, _):
                return base in self.table.aliases
            case Apply(name, args, _):
                return not args or "_{" in name or name in self.table.aliases
            case _:
                return False

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
        variables = definition.params or tuple(
            s for s in free_symbols(definition.body) if isinstance(s, Symbol)
        )
        if len(variables) < 2 or not all(Symbol(letter) in variables for letter in label):
            return None
        tree: Expr = Symbol(base)
        for letter in label:
            tree = Derivative(tree, Symbol(letter), 1, "partial")
        return tree

    def quietly(self, text: str) -> Expr | None:
        """The formula as a tree; None if it cannot be read."""
        try:
            return read_expression(strip_ends(tokenise(text)), self.table.names)[0]
        except FormulaError:
            return None

    def conditions(self, text: str) -> list[Condition]:
        """The conditions that a formula states; none if it cannot be read."""
        try:
            found = self.condition(tokenise(text))
        except FormulaError:
            return []
        return [] if found is None else [found]

    def condition(self, tokens: list[Token]) -> Condition | None:
        """The condition that tokens begin with; None if it cannot be read."""
        try:
            return Parser(tokens, self.table.names, Reading(), None).condition()
        except (FormulaError, BoundHit, RecursionError):
            return None
