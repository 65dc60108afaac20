r"""Vectors whose exponentials or squares overflow: shifted or scaled by their largest component.

A quotient that is homogeneous of degree zero in the e^{u_k} does not change when every u_k is made smaller
by the largest of them; the logarithm of one of degree d changes by d times it. So softmax, log-sum-exp and
what is built of them are one rule, and so is a norm: a formula homogeneous of degree d in the u_k is S^d
times the formula of the u_k/S, with S the largest |u_k|.

>>> from gradbook.symbolic.plain import read
>>> done = shifted(read("exp(x_i)/sum(exp(x_k), k)"))
>>> any(isinstance(n, Largest) for n in walk(done))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from gradbook.derivation.code.parts import func, opposite, product, ratio, times, total
from gradbook.symbolic.expr import (
    Add,
    Cases,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Relation,
    Sum,
    Symbol,
    children,
    free_names,
    number,
    rebuild,
    substitute,
    walk,
)


class Largest(Sum):
    """The largest value of ``body`` over an index: like a sum it binds the index, and it is none to the algebra."""


@dataclass(frozen=True, slots=True)
class _Family:
    """The quantities u_k of one sum, as a function of the index."""

    body: Expr
    index: str

    def at(self, index: Expr) -> Expr:
        """The member that has an index."""
        return cast(Expr, substitute(self.body, {Symbol(self.index): index}))


def shifted(expr: Expr) -> Expr:
    """The expression with exponentials in sums shifted, and squares under roots scaled."""
    done = _split_logarithms(expr)
    for families, change in ((_exponentials, _Shift), (_squares, _Scale)):
        seen: set[Expr] = set()
        while (family := next((f for f in families(done) if f.at(_ANY) not in seen), None)) is not None:
            seen.add(family.at(_ANY))
            done = change(family).of(done)
    return _over_nonzero(done)


#: Stands for the index of a family.
_ANY = Symbol("\0")


def _split_logarithms(expr: Expr) -> Expr:
    r"""\log(e^u/v) = u - \log v."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        match node:
            case Func("log", (Div(Func("exp", (u,)), v),)):
                return total((u, Neg(func("log", v))))
            case _:
                return node

    return cast(Expr, visit(expr))


def _exponentials(expr: Expr) -> Iterator[_Family]:
    """The exponents that are summed over an index, those of inner sums first."""
    for node in reversed(walk(expr)):
        if isinstance(node, Sum) and not isinstance(node, Largest):
            for part in _skeleton(node.body):
                match part:
                    case Func("exp", (u,)) if node.index in free_names(u) and not _holds(u, Largest):
                        yield _Family(u, node.index)
                    case _:
                        continue


def _skeleton(body: Expr) -> Iterator[Expr]:
    """The parts of which a term of a sum is a sum or product, those below a fraction bar apart."""
    match body:
        case Add(parts) | Mul(parts):
            for part in parts:
                yield from _skeleton(part)
        case Neg(part) | Div(part, _) | Pow(part, _):
            yield from _skeleton(part)
        case _:
            yield body


def _squares(expr: Expr) -> Iterator[_Family]:
    """The quantities whose squares are summed under a root."""
    for node in walk(expr):
        match node:
            case Pow(Sum(Pow(u, Number(two)), index), Number(power)) if (
                two == 2 and power.denominator == 2 and not _holds(u, Largest)
            ):
                yield _Family(u, index)
            case _:
                continue


def _holds(node: Node, kind: type[Node]) -> bool:
    return any(isinstance(n, kind) for n in walk(node))


class _Homogeneous:
    """Degrees of expressions in the members of a family; None where there is none."""

    def __init__(self, family: _Family) -> None:
        self.family = family

    def member(self, node: Node) -> tuple[Fraction, Expr] | None:
        """The power with which a node is a member, and the member's index."""
        raise NotImplementedError

    def _indices(self, node: Node) -> Iterator[Expr]:
        """The indices that a node mentions."""
        for part in walk(node):
            if isinstance(part, Indexed):
                yield from part.indices

    def mentions(self, node: Node) -> bool:
        return any(self.member(part) for part in walk(node) if isinstance(part, Expr))

    def degree(self, node: Node) -> Fraction | None:
        found = self.member(node)
        if found is not None:
            return found[0]
        if not self.mentions(node):
            return Fraction(0)
        match node:
            case Add(parts):
                return self._common(parts)
            case Mul(parts):
                degrees = [self.degree(p) for p in parts]
                return None if None in degrees else sum((d for d in degrees if d is not None), Fraction(0))
            case Div(num, den):
                a, b = self.degree(num), self.degree(den)
                return None if a is None or b is None else a - b
            case Neg(arg):
                return self.degree(arg)
            case Pow(base, Number(power)):
                d = self.degree(base)
                return None if d is None else d * power
            case Sum(body, _, None, None, _):
                return self.degree(body)
            case Cases(branches):
                if any(self.mentions(c) and not self._balanced(c) for _, c in branches):
                    return None
                return self._common(tuple(v for v, _ in branches))
            case _:
                return (
                    Fraction(0)
                    if all(self.degree(c) == 0 for c in children(node) if isinstance(c, Expr))
                    else None
                )

    def _balanced(self, condition: Node) -> bool:
        match condition:
            case Relation(left, _, right):
                return self.degree(left) == 0 == self.degree(right)
            case _:
                return all(self._balanced(c) for c in children(condition))

    def _common(self, parts: tuple[Expr, ...]) -> Fraction | None:
        degrees = {self.degree(p) for p in parts}
        return degrees.pop() if len(degrees) == 1 else None

    def changed(self, node: Node, change: Callable[[Expr, Fraction, Expr], Expr]) -> Expr:
        """The tree with every member changed; ``change`` is told the node, its power and its index."""

        def visit(part: Node) -> Node:
            if isinstance(part, Largest):
                return part
            found = self.member(part)
            if found is not None:
                return change(cast(Expr, part), *found)
            return rebuild(part, visit)

        return cast(Expr, visit(node))


class _Shift(_Homogeneous):
    r"""e^{u_k} becomes e^{u_k - M}."""

    def member(self, node: Node) -> tuple[Fraction, Expr] | None:
        match node:
            case Func("exp", (u,)) if not _holds(u, Largest):
                for index in dict.fromkeys(self._indices(u)):
                    n = ratio(u, self.family.at(index))
                    if n is not None:
                        return n, index
            case _:
                return None
        return None

    @property
    def largest(self) -> Expr:
        return Largest(self.family.body, self.family.index)

    def of(self, node: Expr) -> Expr:
        def visit(part: Node) -> Node:
            if not self.mentions(part):
                return part
            match part:
                case Func("log", (inner,)):
                    d = self.degree(inner)
                    if d:
                        return total((times(d, self.largest), func("log", self._shifted(inner))))
                case Mul() | Div() | Sum() | Add() if self.degree(part) == 0:
                    return self._shifted(part)
                case _:
                    pass
            return rebuild(part, visit)

        return _flattened(cast(Expr, visit(node)))

    def _shifted(self, node: Expr) -> Expr:
        def smaller(part: Expr, power: Fraction, index: Expr) -> Expr:
            return func("exp", times(power, total((self.family.at(index), Neg(self.largest)))))

        return self.changed(node, smaller)


class _Scale(_Homogeneous):
    r"""u_k becomes u_k/S."""

    def member(self, node: Node) -> tuple[Fraction, Expr] | None:
        if isinstance(node, type(self.family.body)) and not _holds(node, Largest):
            for index in dict.fromkeys(self._indices(node)):
                if node == self.family.at(index):
                    return Fraction(1), index
        return None

    @property
    def scale(self) -> Expr:
        return func("nonzero", Largest(func("abs", self.family.body), self.family.index))

    def of(self, node: Expr) -> Expr:
        def visit(part: Node) -> Node:
            if not self.mentions(part):
                return part
            match part:
                case Mul() | Div() | Pow() if _has_root(part):
                    d = self.degree(part)
                    if d is not None:
                        return self._scaled(part, d)
                case _:
                    pass
            return rebuild(part, visit)

        return cast(Expr, visit(node))

    def _scaled(self, node: Expr, degree: Fraction) -> Expr:
        inside = self.changed(node, lambda part, _, __: Div(part, self.scale))
        if degree == 0:
            return inside
        if degree < 0:
            return Div(inside, self.scale if degree == -1 else Pow(self.scale, number(-degree)))
        return product((self.scale if degree == 1 else Pow(self.scale, number(degree)), inside))


def _over_nonzero(expr: Expr) -> Expr:
    """Norms that something is divided by, made 1 where they are 0: there the quotient is 0, a subgradient."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        return Div(node.num, cast(Expr, below(node.den))) if isinstance(node, Div) else node

    def below(node: Node) -> Node:
        match node:
            case Pow(Sum() as base, Number(power)) if power.denominator == 2 and _holds(base, Largest):
                return Pow(func("nonzero", base), Number(power))
            case Mul() | Pow() | Div():
                return rebuild(node, below)
            case _:
                return node

    return cast(Expr, visit(expr))


def _has_root(node: Expr) -> bool:
    return any(
        isinstance(n, Pow)
        and isinstance(n.exponent, Number)
        and n.exponent.value.denominator == 2
        and isinstance(n.base, Sum)
        for n in walk(node)
    )


def _flattened(expr: Expr) -> Expr:
    """Sums in sums opened, so that x_i - (M + log) is taken as (x_i - M) - log, which does not cancel twice."""

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if isinstance(node, Add) and any(isinstance(t, Neg) and isinstance(t.arg, Add) for t in node.terms):
            opened: list[Expr] = []
            for term in node.terms:
                if isinstance(term, Neg) and isinstance(term.arg, Add) and _holds(term, Largest):
                    opened += cast(Add, opposite(term.arg)).terms
                else:
                    opened.append(term)
            return Add(tuple(opened))
        return node

    return cast(Expr, visit(expr))
