"""Resolve a written tree against the symbol table: definitions put in, derivatives worked out.

What remains are the document's independent quantities, unknown functions with formal derivatives,
and (for the vector layer) vector operations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from gradbook.document.meanings import Unresolved, free_index
from gradbook.document.slopes import Slopes
from gradbook.document.symbols import bare, head_key
from gradbook.document.vectors import is_tensor
from gradbook.symbolic.bounds import MAX_NODES, BoundHit
from gradbook.symbolic.derivative import differentiate
from gradbook.symbolic.domain import inferred_positive
from gradbook.symbolic.expr import (
    FUNCTIONS,
    ONE,
    Add,
    All,
    AnyOf,
    Apply,
    At,
    Cases,
    Constant,
    Delta,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    kinds,
    rebuild,
    substitute,
    tree_size,
    walk,
)

#: What a visit leaves as it is, as long as the names in it stand for themselves.
_PLAIN: frozenset[type[Node]] = frozenset({
    Number, Constant, Symbol, Indexed, Add, Mul, Neg, Div, Pow, Func, Sum, Product, Cases, Delta,
    Relation, All, AnyOf, Not, Otherwise,
})  # fmt: skip


@dataclass
class Resolution(Slopes):
    """How one tree is to be resolved."""

    def of(self, expr: Expr, opaque: frozenset[Expr] = frozenset()) -> Expr:
        """The resolved tree.

        Raises:
            Unresolved: naming the symbol or derivative.
        """
        self.clock.check()
        if tree_size(expr) <= MAX_NODES and self._stands_alone(expr, opaque):
            return expr
        outermost = self.depth == 0
        if outermost and (expr, opaque) in self.done:
            return self.done[expr, opaque]
        self.depth += 1
        if self.depth > 48:
            raise BoundHit("definitions that refer to each other too deeply")
        try:
            result = self._visit(expr, opaque)
        finally:
            self.depth -= 1
        assert isinstance(result, Expr)
        if tree_size(result) > MAX_NODES:
            raise BoundHit("the size of a formula with its definitions put in")
        if outermost:
            self.done[expr, opaque] = result
        return result

    def _stands_alone(self, expr: Expr, opaque: frozenset[Expr]) -> bool:
        """Whether the document says nothing that would change a tree: most are so, and need no visit."""
        if self.apart or self.trust_wrong or self.trust_rounded or not kinds(expr) <= _PLAIN:
            return False
        if self.values and not kinds(expr).isdisjoint((Sum, Product)):
            return False
        return all(
            self._is_free(node)
            for node in walk(expr)
            if isinstance(node, (Symbol, Indexed)) and node not in opaque
        )

    def _visit(self, node: Node, opaque: frozenset[Expr]) -> Node:
        if isinstance(node, Expr):
            if node in opaque or isinstance(node, Number):
                return node
            believed = self._believed(node)
            if believed is not None:
                return self.of(believed, opaque)
        match node:
            case Symbol():
                return self._symbol(node, opaque)
            case Indexed():
                return self._component(node, opaque)
            case Apply():
                return self._application(node, opaque)
            case Derivative():
                return self._derivative(node, opaque)
            case At(body, variable, value):
                inner = self.of(body, opaque | {variable})
                point = self.of(value, opaque)
                if is_tensor((inner, point), self.table):
                    return At(inner, variable, point)
                return substitute(inner, {variable: point})
            case Sum() | Product():
                # A bound index hides a definition of the same name.
                return self._binder(node, opaque)
            case _:
                return rebuild(node, lambda part: self._visit(part, opaque))

    def _believed(self, node: Expr) -> Expr | None:
        if not (self.trust_wrong or self.trust_rounded) or not self.table.beliefs:
            return None
        key = head_key(node, self.table)
        belief = self.table.beliefs.get(key) if key is not None else None
        if (
            belief is None
            or not self.table.holds(belief)
            or (belief.wrong and not self.trust_wrong)
            or (not belief.wrong and not self.trust_rounded)
        ):
            return None
        if self.differentiating and key is not None and not key.startswith("d:"):
            return None
        if belief.wrong:
            assert key is not None
            self.used.add(key)
        # A belief about a head must not be applied inside itself.
        if key is not None and any(
            head_key(p, self.table) == key for p in walk(belief.tree) if isinstance(p, Expr)
        ):
            return None
        return belief.tree

    def _binder(self, node: Sum | Product, opaque: frozenset[Expr]) -> Node:
        if self.values and node.lower is None and node.upper is None:
            count = self._data_count(node)
            if count:
                node = replace(node, lower=ONE, upper=Number(Fraction(count)))
        if self.values and isinstance(node.lower, Number) and node.upper is not None:
            upper = self.of(node.upper, opaque)
            if isinstance(upper, Number) and 0 <= upper.value - node.lower.value < 100:
                return self._written_out(node, range(int(node.lower.value), int(upper.value) + 1), opaque)
        inner = opaque | {Symbol(node.index)}
        # A bound counts things: a formula of the same letter elsewhere is not meant.
        counts = frozenset(s for s in (node.lower, node.upper) if isinstance(s, Symbol))
        parts = {
            name: self._visit(value, inner if name == "body" else opaque if self.values else opaque | counts)
            for name in node.__match_args__
            if isinstance(value := getattr(node, name), Node)
        }
        rest = {n: getattr(node, n) for n in node.__match_args__ if n not in parts}
        return type(node)(**parts, **rest)

    def _written_out(self, node: Sum | Product, span: range, opaque: frozenset[Expr]) -> Expr:
        """A sum over given numbers, term by term."""
        index = Symbol(node.index)
        skipped = node.excluded if isinstance(node, Sum) else None
        parts = [self.of(substitute(node.body, {index: Number(Fraction(k))}), opaque) for k in span
                 if skipped != Number(Fraction(k))]  # fmt: skip
        if len(parts) == 1:
            return parts[0]
        return Add(tuple(parts)) if isinstance(node, Sum) else Mul(tuple(parts))

    def _data_count(self, node: Sum | Product) -> int:
        """How many values are given of the components that a sum without bounds runs over."""
        counts: set[int] = set()
        for part in walk(node.body):
            if isinstance(part, Indexed) and part.indices == (Symbol(node.index),):
                count = 0
                while f"{part.base}_{{{count + 1}}}" in self.table.values:
                    count += 1
                if count:
                    counts.add(count)
        return counts.pop() if len(counts) == 1 else 0

    # --- applications ---------------------------------------------------------------------------

    def _application(self, node: Apply, opaque: frozenset[Expr]) -> Expr:
        name, args, orders = node.name, node.args, node.orders
        if name in self.formal and not any(orders):
            return Apply("@" + name, tuple(self.of(a, opaque | free_index(a)) for a in args))
        particular = self.functions.get(name)
        definition = self.definition(name)
        if particular is None and definition is not None and definition.name != name:
            name = definition.name
        if particular is not None:
            return self._applied(*particular, args, orders, opaque)
        if definition is not None and (definition.params or definition.indices or not args):
            params = (*definition.indices, *definition.params)
            lower = self._lower_prime(node, params, opaque)
            if lower is not None:
                return lower
            held = self._held_at(node, params, opaque)
            if held is not None:
                return held
            if not args:
                args = params
            if len(params) != len(args):
                if len(args) < len(params) and not any(orders):
                    # fewer arguments than declared: the others keep their own names
                    args = (*args, *params[len(args) :])
                else:
                    raise Unresolved(f"“{bare(name)}” takes {len(params)} arguments, not {len(args)}")
            if not args and any(orders):
                return self._bare_prime(name, definition.body, sum(orders), opaque)
            return self._applied(params, definition.body, args, orders, opaque)
        if definition is not None and any(orders):
            return self._bare_prime(name, definition.body, sum(orders), opaque)
        if definition is not None and len(args) == 1:
            # L was defined without arguments and is now written L(w)
            return self._body(definition, opaque)
        if name in FUNCTIONS and FUNCTIONS[name] == len(args) and any(orders):
            dummy = Symbol("#x")
            slope = differentiate(Func(name, (dummy,)), dummy, sum(orders))
            return substitute(slope, {dummy: self.of(args[0], opaque)})
        if not args and any(orders) and name not in self.table.depends:
            raise Unresolved(f"“{name}” is not defined, so it cannot be differentiated")
        return self._unknown(name, args, orders, opaque)

    def _held_at(self, node: Apply, params: tuple[Expr, ...], opaque: frozenset[Expr]) -> Expr | None:
        """g'(2) rests on what the writer holds of g'(x)."""
        if not (self.trust_wrong or self.trust_rounded) or len(params) != 1 or node.args in ((), params):
            return None
        general = Apply(node.name, params, node.orders)
        believed = self._believed(general)
        if believed is None:
            return None
        inner = self.of(believed, opaque | frozenset(params))
        return substitute(inner, {params[0]: self.of(node.args[0], opaque)})

    def _lower_prime(self, node: Apply, params: tuple[Expr, ...], opaque: frozenset[Expr]) -> Expr | None:
        """g''(x) rests on what the writer holds of g'(x)."""
        if sum(node.orders) < 2 or len(params) != 1 or node.args not in ((), params):
            return None
        return self._lower_belief(
            Derivative(Symbol(node.name), params[0], sum(node.orders)), params[0], opaque
        )

    def _bare_prime(self, name: str, body: Expr, order: int, opaque: frozenset[Expr]) -> Expr:
        """y' where y is a formula in one variable."""
        return self.of(Derivative(body, self._usual_variable(body, name), order), opaque)

    def _applied(
        self,
        params: tuple[Expr, ...],
        body: Expr,
        args: tuple[Expr, ...],
        orders: tuple[int, ...],
        opaque: frozenset[Expr],
    ) -> Expr:
        values = tuple(self.of(a, opaque | free_index(a)) for a in args)
        same = all(a == p for a, p in zip(args, params, strict=False))
        hidden = frozenset(p for p in params if self._hides(p) or any(orders))
        inner = opaque | hidden if not same or any(orders) else opaque
        tree = self.of(body, inner)
        if any(orders):
            self.implied.update(dict.fromkeys(inferred_positive((tree,), frozenset(self.table.integers))))
        for k, order in enumerate(orders):
            if order:
                tree = differentiate(tree, params[k], order)
        mapping = {p: v for p, v in zip(params, values, strict=False) if p != v}
        if not mapping:
            return tree
        # (r - r_0)^2: beside r itself, r_0 is a name of its own and no component of r
        atoms = set(walk(tree))
        own = {p for p in mapping if p in atoms and not is_tensor((tree,), self.table)}
        return _bind(tree, mapping, own)

    def _unknown(
        self, name: str, args: tuple[Expr, ...], orders: tuple[int, ...], opaque: frozenset[Expr]
    ) -> Expr:
        """An application of a function the document leaves open, with what it depends on as arguments."""
        if not args and name in self.table.usual_arguments:
            args = self.table.usual_arguments[name]
        hidden = tuple(sorted(self.table.depends.get(name, ()), key=repr))
        hidden = tuple(h for h in hidden if h not in args)
        resolved = tuple(self.of(a, opaque | free_index(a)) for a in args)
        if not args and any(orders):
            # u' where u depends on x
            if len(hidden) != 1:
                raise Unresolved(f"with respect to what “{bare(name)}′” is meant is not clear")
            return Apply(name, hidden, (sum(orders),))
        if orders and len(orders) != len(args):
            raise Unresolved(f"by which of its arguments “{bare(name)}” is differentiated is not clear")
        places = orders or (0,) * len(args)
        full = (*resolved, *hidden)
        if not full:
            return Symbol(name)
        return Apply(name, full, (*places, *(0,) * len(hidden)) if any(places) else ())


def _bind(tree: Expr, mapping: Mapping[Expr, Expr], numbers: Collection[Expr]) -> Expr:
    """Put arguments in for parameters, all at once; the components of a parameter become those of its argument.

    Those of ``numbers`` have no components.
    """

    def visit(node: Node) -> Node:
        if isinstance(node, Indexed):
            argument = mapping.get(Symbol(node.base)) if Symbol(node.base) not in numbers else None
            match argument:
                case Symbol(name):
                    return Indexed(name, node.indices)
                case Indexed(base, items):
                    return Indexed(base, (*items, *node.indices))
                case _:
                    return node
        return rebuild(node, visit)

    # Components first, while those in the tree are still the parameter's own.
    if any(isinstance(n, Indexed) and Symbol(n.base) in mapping for n in walk(tree)):
        tree = _expression(visit(tree))
    return substitute(tree, mapping)


def _expression(node: Node) -> Expr:
    assert isinstance(node, Expr)
    return node
