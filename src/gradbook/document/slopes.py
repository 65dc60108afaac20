"""Derivatives in a tree worked out: by what, of what, and what the writer holds of it already."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from gradbook.document.meanings import Meanings, Unresolved
from gradbook.document.symbols import bare, lookalikes, stem
from gradbook.document.vectors import is_tensor
from gradbook.symbolic.derivative import NotDifferentiable, differentiate
from gradbook.symbolic.domain import inferred_positive
from gradbook.symbolic.expr import (
    Add,
    Apply,
    At,
    Derivative,
    Div,
    Expr,
    Indexed,
    Mul,
    Node,
    Number,
    Pow,
    Symbol,
    free_symbols,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.printing import to_latex


class Slopes(Meanings):
    """Derivatives resolved against a symbol table."""

    @abstractmethod
    def _believed(self, node: Expr) -> Expr | None:
        """What the writer holds of something, where that is trusted."""

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
        if is_tensor((body, wrt), self.table) or (wrt not in walk(body) and self._has_components(body, wrt)):
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
            if (belief.wrong and not self.trust_wrong) or not self.table.holds(belief):
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
        if (
            not isinstance(wrt, Indexed)
            and wrt not in set(walk(body))
            and not self._has_components(body, wrt)
        ):
            raise Unresolved("what is differentiated does not depend on this as far as the document says")
        value = self.of(wrt, opaque)
        if value == wrt:
            return Derivative(body, wrt, node.order, node.variant)
        if not isinstance(wrt, Symbol):
            raise Unresolved("a derivative by a part of something that has a formula")
        free = Symbol(wrt.name + "_{*}")

        def freed(part: Node) -> Node:
            part = rebuild(part, freed)
            if isinstance(part, Indexed) and part.base == wrt.name:
                return Indexed(free.name, part.indices)
            return free if part == wrt else part

        inner = freed(body)
        assert isinstance(inner, Expr)
        return At(Derivative(inner, free, node.order, node.variant), free, value)

    def _slope(self, body: Expr, wrt: Expr, node: Derivative) -> Expr:
        if not isinstance(wrt, Symbol | Indexed | Apply):
            raise Unresolved("a derivative with respect to something that is not a variable")
        if wrt not in walk(body) and not self._varies(body, wrt):
            name = to_latex(wrt)
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

    @staticmethod
    def _has_components(body: Expr, wrt: Expr) -> bool:
        """Whether a body holds components of the vector that is differentiated by."""
        return isinstance(wrt, Symbol) and any(
            isinstance(p, Indexed) and p.base == wrt.name for p in walk(body)
        )

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
        if self.apart and isinstance(wrt, Indexed):
            return self._component(wrt, frozenset())
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
