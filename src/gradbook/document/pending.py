"""Definitions put in, derivatives left to be taken: what a derivation starts from."""

from __future__ import annotations

from dataclasses import dataclass

from gradbook.document.meanings import Unresolved, free_index
from gradbook.document.resolve import Resolution
from gradbook.symbolic.expr import FUNCTIONS, Apply, Derivative, Expr, Func, Symbol, substitute


@dataclass
class Pending(Resolution):
    """Resolves names as the checker does, but keeps every derivative of a formula as a derivative."""

    def _derivative(self, node: Derivative, opaque: frozenset[Expr]) -> Expr:
        # what it is taken by stays a quantity, whatever the document says of it
        return super()._derivative(node, opaque | {self._variable(node)})

    def _slope(self, body: Expr, wrt: Expr, node: Derivative) -> Expr:
        super()._slope(body, wrt, node)  # raises where there is no such derivative
        return Derivative(body, wrt, node.order, node.variant)

    def _application(self, node: Apply, opaque: frozenset[Expr]) -> Expr:
        plain = self.definition(node.name) is None and node.name not in self.functions
        if plain and any(node.orders) and FUNCTIONS.get(node.name) == len(node.args) == 1:
            argument = self.of(node.args[0], opaque)
            if isinstance(argument, Symbol):
                return Derivative(Func(node.name, (argument,)), argument, sum(node.orders))
        return super()._application(node, opaque)

    def _applied(
        self,
        params: tuple[Expr, ...],
        body: Expr,
        args: tuple[Expr, ...],
        orders: tuple[int, ...],
        opaque: frozenset[Expr],
    ) -> Expr:
        if not any(orders):
            return super()._applied(params, body, args, orders, opaque)
        values = tuple(self.of(a, opaque | free_index(a)) for a in args)
        if not all(v == p or isinstance(v, Symbol) for v, p in zip(values, params, strict=False)):
            raise Unresolved("a derivative at a point")
        tree = self.of(body, opaque | frozenset(params))
        mapping = {p: v for p, v in zip(params, values, strict=False) if p != v}
        tree = substitute(tree, mapping)
        for value, order in zip(values, orders, strict=False):
            if order:
                tree = Derivative(tree, value, order)
        return tree
