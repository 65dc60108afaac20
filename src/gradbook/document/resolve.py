"""Resolve a written tree against the symbol table: definitions put in, derivatives worked out.

What remains are the document's independent quantities, unknown functions with formal derivatives,
and (for the vector layer) vector operations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from gradbook.document.precision import exact_value
from gradbook.document.symbols import Definition, Table, bare, head_key, lookalikes, plain_number, stem
from gradbook.document.vectors import is_tensor
from gradbook.symbolic.bounds import MAX_NODES, BoundHit, Clock
from gradbook.symbolic.derivative import NotDifferentiable, differentiate
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
    free_symbols,
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


class Unresolved(ValueError):
    """A symbol that the document does not explain, or a derivative that cannot be worked out."""


@dataclass
class Resolution:
    """How one tree is to be resolved."""

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
    #: The beliefs that were used, by what they are about.
    used: set[str] = field(default_factory=set[str])
    depth: int = 0
    #: Whether names stand for themselves, as far as that was asked.
    free: dict[Expr, bool] = field(init=False, default_factory=dict[Expr, bool])
    #: Whole sides that were resolved, since what is shown of a wrong line is asked for once more.
    done: dict[tuple[Expr, frozenset[Expr]], Expr] = field(
        init=False, default_factory=dict[tuple[Expr, frozenset[Expr]], Expr]
    )

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
        if self.trust_wrong or self.trust_rounded or not kinds(expr) <= _PLAIN:
            return False
        if self.values and not kinds(expr).isdisjoint((Sum, Product)):
            return False
        return all(
            self._is_free(node)
            for node in walk(expr)
            if isinstance(node, (Symbol, Indexed)) and node not in opaque
        )

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

    # --- names ----------------------------------------------------------------------------------

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
        if definition is not None and table.recurrent(node.base) and not self._unrolls(indices):
            return Indexed(node.base, indices)
        if node.base + "_{}" in table.unreadable:
            raise Unresolved(f"“{node.base}” is defined by a line that could not be read")
        if definition is not None and len(definition.indices) == len(indices):
            mapping = {
                k: v for k, v in zip(definition.indices, indices, strict=True) if isinstance(k, Symbol)
            }
            return self.of(substitute(definition.body, mapping), opaque)
        other = self.table.other_name(Indexed(node.base, indices))
        if other is not None:
            return self.of(other, opaque)
        name = node.base + "_{}"
        pattern = table.usual_arguments.get(name)
        if pattern:
            mapping = dict(zip(pattern, indices, strict=False))
            return self.of(Apply(name, tuple(substitute(p, mapping) for p in pattern)), opaque)
        return Indexed(node.base, indices)

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

    def _usual_variable(self, body: Expr, name: str) -> Expr:
        """What a prime differentiates by: the only variable, or x (t) if it is one of several."""
        free = [s for s in free_symbols(body) if isinstance(s, Symbol) and not self._is_value(s)]
        free = free or [s for s in free_symbols(body) if isinstance(s, Symbol)]
        usual = [s for s in free if s.name in ("x", "t")]
        if len(free) == 1 or len(usual) == 1:
            return free[0] if len(free) == 1 else usual[0]
        raise Unresolved(f"with respect to what “{name}′” is meant is not clear")

    def _is_value(self, symbol: Symbol) -> bool:
        return symbol.name in self.table.values and symbol.name not in self.table.definitions

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

    # --- derivatives ----------------------------------------------------------------------------

    def _derivative(self, node: Derivative, opaque: frozenset[Expr]) -> Expr:
        laplacian = self._laplacian(node)
        if laplacian is not None:
            return self.of(laplacian, opaque)
        wrt = self._variable(node)
        known_lower = self._lower_belief(node, wrt, opaque)
        if known_lower is not None:
            return known_lower
        generic = self._generic(wrt)
        if generic is not None:
            return self._generic_slope(node.body, wrt, generic, node.order, opaque)
        if isinstance(wrt, Pow) and isinstance(wrt.base, Symbol) and isinstance(wrt.exponent, Number):
            # d/d(s^n) = (d/ds) / (n s^(n-1))
            inner = Mul((wrt.exponent, Pow(wrt.base, Number(wrt.exponent.value - 1))))
            slope = Derivative(node.body, wrt.base, 1, node.variant)
            if node.order > 1:
                slope = Derivative(Div(slope, inner), wrt, node.order - 1, node.variant)
                return self.of(slope, opaque)
            return self.of(Div(slope, inner), opaque)
        if isinstance(node.body, Symbol) and node.body.name in self.table.bare_formulas:
            function = self.table.definitions[node.body.name]
            if wrt in function.params:
                node = replace(node, body=Apply(function.name, function.params))
        held = self._held(node.body, wrt)
        if held:
            return self._formal_slope(node, wrt, held, opaque)
        before, self.differentiating = self.differentiating, True
        try:
            body = self.of(node.body, opaque | {wrt})
        finally:
            self.differentiating = before
        if is_tensor((body, wrt), self.table):
            return self._gradient(body, wrt, node, opaque)
        slope = self._slope(body, wrt, node)
        return slope if wrt in opaque else self.of(slope, opaque)

    def _laplacian(self, node: Derivative) -> Expr | None:
        """∇² of a function of several numbers is the sum of its second derivatives."""
        if node.variant != "nabla" or node.wrt != Symbol("?") or not isinstance(node.body, Symbol | Apply):
            return None
        definition = self.definition(node.body.name)
        if definition is None or len(definition.params) < 2:
            return None
        if node.order != 2:
            raise Unresolved("by which variables the gradient is taken is not clear")
        return Add(tuple(Derivative(node.body, p, 2) for p in definition.params))

    def _held(self, body: Expr, wrt: Expr) -> dict[str, Expr]:
        """Defined names inside a body of which the writer holds something, by value or by derivative."""
        if not self.trust_wrong and not self.trust_rounded:
            return {}
        head = body.name if isinstance(body, Symbol | Apply) else ""
        held: dict[str, Expr] = {}
        for key, belief in self.table.beliefs.items():
            if belief.wrong and not self.trust_wrong:
                continue
            name = (
                key[4:].partition("/")[0]
                if key.startswith("d:s:")
                else key[2:]
                if key.startswith("s:")
                else ""
            )
            if name and name != head and name in self.table.definitions and Symbol(name) != wrt:
                held[name] = wrt
        return held

    def _formal_slope(
        self, node: Derivative, wrt: Expr, held: dict[str, Expr], opaque: frozenset[Expr]
    ) -> Expr:
        """The chain rule with the held names left as functions, whose own values and slopes come afterwards."""
        inner = replace(self, formal=held, differentiating=True)
        body = inner.of(node.body, opaque | {wrt})
        try:
            slope = differentiate(body, wrt, node.order)
        except NotDifferentiable as error:
            raise Unresolved(str(error)) from error

        def back(part: Node) -> Node:
            part = rebuild(part, back)
            if not isinstance(part, Apply) or not part.name.startswith("@"):
                return part
            name = part.name[1:]
            function = self.table.definitions[name].params
            if function and part.args not in (function, (wrt,)):
                return Apply(name, part.args, part.orders)
            return Derivative(Symbol(name), wrt, sum(part.orders)) if any(part.orders) else Symbol(name)

        result = back(slope)
        assert isinstance(result, Expr)
        return self.of(result, opaque)

    def _gradient(self, body: Expr, wrt: Expr, node: Derivative, opaque: frozenset[Expr]) -> Expr:
        """A derivative that the vector layer works out; a defined variable gets its formula afterwards."""
        if wrt in opaque:
            return Derivative(body, wrt, node.order, node.variant)
        if not isinstance(wrt, Indexed) and wrt not in set(walk(body)):
            raise Unresolved("what is differentiated does not depend on this as far as the document says")
        value = self.of(wrt, opaque)
        if value == wrt:
            return Derivative(body, wrt, node.order, node.variant)
        if not isinstance(wrt, Symbol):
            raise Unresolved("a derivative by a part of something that has a formula")
        free = Symbol(wrt.name + "_{*}")
        return At(Derivative(substitute(body, {wrt: free}), free, node.order, node.variant), free, value)

    def _slope(self, body: Expr, wrt: Expr, node: Derivative) -> Expr:
        if not isinstance(wrt, Symbol | Indexed | Apply):
            raise Unresolved("a derivative with respect to something that is not a variable")
        if wrt not in walk(body) and not self._varies(body, wrt):
            name = _spelling(wrt)
            head = node.body
            if isinstance(head, Symbol | Apply) and self.definition(head.name) is None:
                raise Unresolved(f"“{bare(head.name)}” is not defined, so it cannot be differentiated")
            if not self._independent(wrt):
                raise Unresolved(
                    f"what is differentiated does not depend on “{name}” as far as the document says"
                )
        self.implied.update(dict.fromkeys(inferred_positive((body,), frozenset(self.table.integers))))
        try:
            return differentiate(body, wrt, node.order)
        except NotDifferentiable as error:
            raise Unresolved(str(error)) from error

    def _varies(self, body: Expr, wrt: Expr) -> bool:
        """Whether a body holds a component of the variable's family."""
        return isinstance(wrt, Indexed) and any(
            isinstance(p, Indexed) and p.base == wrt.base for p in walk(body)
        )

    def _independent(self, wrt: Expr) -> bool:
        """A variable of the document, so that a derivative by it may well be zero."""
        name = wrt.name if isinstance(wrt, Symbol | Apply) else wrt.base if isinstance(wrt, Indexed) else ""
        return name in self.table.known and self.definition(name) is None

    def _variable(self, node: Derivative) -> Expr:
        wrt = node.wrt
        if wrt == Symbol("?"):
            definition = None
            if isinstance(node.body, Symbol | Apply):
                definition = self.definition(node.body.name)
            if definition is not None and len(definition.params) == 1:
                return definition.params[0]
            body = self.of(node.body)
            return self._usual_variable(body, "(…)")
        if isinstance(wrt, Symbol) and self.definition(wrt.name) is None:
            other = self.table.other_name(wrt)
            if isinstance(other, Symbol):
                return other
        if isinstance(wrt, Apply):
            definition = self.definition(wrt.name)
            if definition is not None and not self.table.depends.get(wrt.name):
                return wrt
            return self._unknown(wrt.name, wrt.args, wrt.orders, frozenset()) if definition is None else wrt
        return wrt

    def _lower_belief(self, node: Derivative, wrt: Expr, opaque: frozenset[Expr]) -> Expr | None:
        """A second derivative rests on what the writer holds of the first."""
        if not (self.trust_wrong or self.trust_rounded) or node.order < 2:
            return None
        for order in range(node.order - 1, 0, -1):
            lower = Derivative(node.body, node.wrt, order)
            believed = self._believed(lower)
            if believed is not None:
                return self.of(Derivative(believed, wrt, node.order - order), opaque)
        return None

    def _generic(self, wrt: Expr) -> list[str] | None:
        """The quantities that a generic name like w_{abc} stands for: defined ones of the same letter."""
        if not isinstance(wrt, Symbol) or self.table.has(wrt.name) or wrt.name in self.table.known:
            return None
        if "_{" not in wrt.name:
            return None
        letters = {stem(wrt.name), *lookalikes(stem(wrt.name))}
        names = (*self.table.definitions, *self.table.values)
        return [n for n in names if stem(n) in letters and "_{" in n and "_{}" not in n] or None

    def _generic_slope(
        self, body: Expr, wrt: Expr, family: list[str], order: int, opaque: frozenset[Expr]
    ) -> Expr:
        """Differentiate formally: each quantity of the family is some function of the generic one."""
        if order != 1:
            raise Unresolved("a higher derivative with respect to a generic name")
        plain = replace(self, values=False, trust_wrong=False, trust_rounded=False)
        tree = plain.of(body, opaque)
        mapping = {Symbol(n): Apply("#" + n, (wrt,)) for n in family}
        slope = differentiate(substitute(tree, mapping), wrt)
        back = {v: k for k, v in mapping.items()}
        return substitute(slope, back)


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


def _spelling(expr: Expr) -> str:
    from gradbook.symbolic.printing import to_latex

    return to_latex(expr)


__all__ = ["Resolution", "Unresolved", "component_name", "free_index"]
