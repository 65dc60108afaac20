"""Algebra for people: fractions brought together, common factors cancelled, what is left written simply.

An expression is taken as a quotient of polynomials over its parts that are not arithmetic (symbols,
``exp``, roots, ``tanh``, sums over an index, cases). FLINT cancels and factors; the tree is then written
again in the order in which its parts first stood. Nothing is believed because it comes from here: every
step of a derivation is decided by the checker.

>>> from gradbook.symbolic import to_text
>>> y, s = Symbol("y"), Func("sigmoid", (Symbol("z"),))
>>> slope = Mul((s, Add((ONE, Neg(s)))))
>>> to_text(simplify(Add((Neg(Div(Mul((y, slope)), s)), Div(Mul((Add((ONE, Neg(y))), slope)), Add((ONE, Neg(s))))))))
'σ(z) - y'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeGuard, cast

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx

from gradbook.derivation.branches import distributed
from gradbook.derivation.rules import times
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    ZERO,
    Add,
    Cases,
    Constant,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    free_names,
    rebuild,
    replace,
    walk,
)
from gradbook.symbolic.tidy import tidy

#: Largest power that is multiplied out, and most terms of a polynomial that is still written.
_MAX_POWER = 24
_MAX_TERMS = 400

#: Factors with their powers.
_Powers = dict[Expr, Fraction]

#: A quotient of polynomials.
Quotient = tuple[fmpz_mpoly, fmpz_mpoly]


@lru_cache(maxsize=4096)
def simplify(expr: Expr) -> Expr:
    """The simplest of the forms in which the expression can be written: as it is, factored, or multiplied out.

    >>> from gradbook.symbolic import to_text
    >>> x = Symbol("x")
    >>> to_text(simplify(Div(Mul((x, Func("exp", (Neg(x),)))), Mul((x, x)))))
    'exp(-x)/x'
    """
    simple = cast(Expr, _Simplification().of(tidy(expr)))
    return with_decimals(simple) if any(isinstance(n, Number) and n.decimals for n in walk(expr)) else simple


def with_decimals(expr: Expr) -> Expr:
    """Fractions of tenths as decimals, as the writer's own numbers are.

    >>> with_decimals(Number(Fraction(8943, 200_000)))
    Number(value=Fraction(8943, 200000), decimals=6)
    """

    def visit(node: Node) -> Node:
        if isinstance(node, Pow):
            return Pow(cast(Expr, visit(node.base)), node.exponent)
        node = rebuild(node, visit)
        match node:
            case Number(value, None) if value.denominator != 1 and (places := _places(value)):
                return Number(value, places)
            case Div(Number(a), Number(b)) if b and (places := _places(a / b)):
                return Number(a / b, places)
            case Div(Mul((Number(a), *rest)), Number(b)) if b and (places := _places(a / b)):
                return Mul((Number(a / b, places), *rest))
            case _:
                return node

    return cast(Expr, visit(expr))


def _places(value: Fraction) -> int:
    """How many decimals a number has; 0 if they never end, or are many, or it is as short as a fraction."""
    return (
        0
        if value.denominator < 100
        else next((k for k in range(1, 9) if (value * 10**k).denominator == 1), 0)
    )


class _Simplification:
    """One pass over a tree; each stretch of arithmetic is written anew as a whole, its parts first."""

    def __init__(self) -> None:
        self.memo: dict[Node, Node] = {}

    def of(self, node: Node) -> Node:
        done = self.memo.get(node)
        if done is None:
            done = self.memo[node] = self._of(node)
        return done

    def _of(self, node: Node) -> Node:
        match node:
            case Relation():
                return node
            case Add() | Mul() | Div() | Neg() | Pow():
                parts = cast(Expr, self._parts(node))
                stood = {
                    n
                    for n in _arithmetic(parts)
                    if isinstance(n, Add) and n is not parts and not _holds_sum(n)
                }
                return _turned_round(simplest(map(tidy, _forms(parts)), stood))
            case Sum():
                return _sum(cast(Sum, rebuild(node, self.of)))
            case _:
                return rebuild(node, self.of)

    def _parts(self, node: Node) -> Node:
        """The stretch of arithmetic with what is not arithmetic simplified."""
        if isinstance(node, Add | Mul | Div | Neg | Pow):
            return rebuild(node, self._parts)
        return self.of(node)


def _turned_round(form: Expr) -> Expr:
    """b - a rather than -(a - b)."""
    match form:
        case Neg(Add(terms)) if any(isinstance(t, Neg) for t in terms):
            turned = [tidy(Neg(t)) for t in terms]
            return Add(
                (*(t for t in turned if not isinstance(t, Neg)), *(t for t in turned if isinstance(t, Neg)))
            )
        case _:
            return form


def _forms(node: Expr) -> Iterator[Expr]:
    """The node written in several ways, all equal."""
    plain = tidy(node)
    spread = distributed(plain, simplify)
    if spread is not None:
        yield spread
        return
    with suppress(BoundHit, ZeroDivisionError, OverflowError):
        algebra = Algebra.of(plain)
        quotient = algebra.quotient(plain)
        yield algebra.factored(quotient)
        yield plain
        yield algebra.by_terms(plain)
        yield from _sealed(plain)
        yield algebra.expanded(quotient)
        return
    yield plain


def _sealed(expr: Expr) -> Iterator[Expr]:
    """The expression factored as if the sums of terms in it were quantities: (y - m)^2 stays as it is."""
    sums = [n for n in _arithmetic(expr) if isinstance(n, Add) and n is not expr and not _holds_sum(n)]
    powers = [n.base for n in _arithmetic(expr) if isinstance(n, Pow) and isinstance(n.base, Add)]
    for sealed in (powers, sums):
        if sealed:
            names = {part: Symbol(f"\0{k}") for k, part in enumerate(dict.fromkeys(sealed))}
            closed = cast(Expr, replace(expr, names))
            algebra = Algebra.of(closed)
            opened = {symbol: part for part, symbol in reversed(names.items())}
            result = algebra.factored(algebra.quotient(closed))
            for _ in names:
                result = cast(Expr, replace(result, opened))
            yield result


def _holds_sum(expr: Add) -> bool:
    """Whether a sum of terms has another inside, or like terms: it is not as simple as it could be."""
    return any(isinstance(n, Add) for t in expr.terms for n in _arithmetic(t)) or len(set(expr.terms)) < len(
        expr.terms
    )


def simplest(forms: Iterable[Expr], written: Collection[Expr] = ()) -> Expr:
    """The form that is shortest to write, sums that stood in the expression counting for less; of equals the first."""

    def cost(form: Expr) -> int:
        kept = {n for n in walk(form) if isinstance(n, Add) and n in written} if written else ()
        return weight(form) - 2 * len(kept)

    return min(forms, key=cost)


def _is_negative(exponent: Expr) -> bool:
    return isinstance(exponent, Neg) or (isinstance(exponent, Number) and exponent.value < 0)


@lru_cache(maxsize=1 << 13)
def weight(expr: Expr) -> int:
    """How much there is to read: nodes, with quantities met again, nested fractions and leading signs extra.

    >>> weight(Symbol("x")) < weight(Neg(Symbol("x")))
    True
    """
    size = 0
    seen: set[Node] = set()
    for node in walk(expr):
        match node:
            case Div(num, den):
                size += 2 + 3 * sum(isinstance(n, Div) for side in (num, den) for n in walk(side))
            case Number(value) if value.denominator != 1:
                size += 3
            case Symbol() | Indexed():
                size += 1 + (node in seen)
                seen.add(node)
            case Add((first, *_)) if isinstance(first, Neg):
                size += 2
            case Pow(_, exponent) if _is_negative(exponent):
                size += 3
            case Mul(factors):
                size += sum(isinstance(f, Div) for f in factors)
            case _:
                size += 1
    return size


def _sum(node: Sum) -> Expr:
    """Factors without the index stand before the sum."""
    body, sign = node.body, 1
    if isinstance(body, Neg):
        body, sign = body.arg, -1
    num, den = (body.num, body.den) if isinstance(body, Div) else (body, ONE)
    outside, inside = _split(num, node.index)
    below, under = _split(den, node.index)
    if not outside and not below:
        result: Expr = Sum(body, node.index, node.lower, node.upper, node.excluded)
        return Neg(result) if sign < 0 else result
    left = times(*inside) if inside else ONE
    core = Sum(Div(left, times(*under)) if under else left, node.index, node.lower, node.upper, node.excluded)
    if not inside and not under:
        return (
            cast(Expr, node)
            if sign > 0
            else Neg(Sum(body, node.index, node.lower, node.upper, node.excluded))
        )
    front = times(*outside) if outside else ONE
    if below and outside == []:
        front = Div(ONE, times(*below))
    elif below:
        front = Div(front, times(*below))
    result = times(front, core)
    return Neg(result) if sign < 0 else result


def _split(product: Expr, index: str) -> tuple[list[Expr], list[Expr]]:
    """The factors without the index, and those with it."""
    factors = [f for f in (product.factors if isinstance(product, Mul) else (product,)) if f != ONE]
    free = [f for f in factors if index not in _all_names(f)]
    return free, [f for f in factors if index in _all_names(f)]


def _all_names(node: Node) -> set[str]:
    return free_names(node)


# --- quotients of polynomials ------------------------------------------------------------------------------


@dataclass
class Algebra:
    """The polynomials over the parts of one expression."""

    atoms: list[Expr]
    context: Any
    generators: dict[Expr, fmpz_mpoly]
    #: Exponentials: the argument without its sign, and whether the generator has the sign.
    flipped: dict[Expr, bool] = field(default_factory=dict[Expr, bool])
    #: Sums of terms as they were written, by their polynomials: a factor is written as it stood.
    written: dict[Any, Expr] = field(default_factory=dict[Any, Expr])

    @classmethod
    def of(cls, *exprs: Expr) -> Algebra:
        """The algebra in which the expressions can be written."""
        flipped = _signs_of_exponents(exprs)
        atoms: dict[Expr, None] = {}
        for expr in exprs:
            _collect(expr, atoms, flipped)
        found = list(atoms)
        context = fmpz_mpoly_ctx.get([f"g{k}" for k in range(len(found))] or ["g"], Ordering.degrevlex)
        algebra = cls(found, context, dict(zip(found, context.gens(), strict=False)), flipped)
        algebra._learn(exprs)
        return algebra

    def _learn(self, exprs: Iterable[Expr]) -> None:
        for expr in exprs:
            for node in _arithmetic(expr):
                if isinstance(node, Add):
                    with suppress(BoundHit, ZeroDivisionError, OverflowError):
                        num, den = self._reduced(self._of(node))
                        if _is_one(den) and not num.is_zero():
                            self.written.setdefault(_key(num), node)

    def quotient(self, expr: Expr) -> Quotient:
        """The expression as a quotient in lowest terms."""
        return self._reduced(self._of(expr))

    def _of(self, expr: Expr) -> Quotient:
        one = self.context.constant(1)
        match expr:
            case Number(value):
                return self.context.constant(value.numerator), self.context.constant(value.denominator)
            case Neg(arg):
                num, den = self._of(arg)
                return -num, den
            case Add(terms):
                num, den = self.context.constant(0), one
                for term in terms:
                    a, b = self._of(term)
                    num, den = self._lowest(num * b + a * den, den * b)
                return num, den
            case Mul(factors):
                num, den = one, one
                for factor in factors:
                    a, b = self._of(factor)
                    num, den = self._lowest(num * a, den * b)
                return num, den
            case Div(top, bottom):
                a, b = self._of(top)
                c, d = self._of(bottom)
                if c.is_zero():
                    raise ZeroDivisionError
                return self._lowest(a * d, b * c)
            case _:
                return self._atom(expr)

    def _atom(self, expr: Expr) -> Quotient:
        one = self.context.constant(1)
        num, den = one, one
        for part, power in _powers(expr, self.flipped):
            if (
                isinstance(part, Func)
                and part.name == "abs"
                and (sign := Func("sign", part.args)) in self.generators
            ):
                top, bottom = self._of(
                    part.args[0]
                )  # |u| is u sign(u), to meet the sign that stands beside it
                base = (top * self.generators[sign], bottom)
            elif part in self.generators:
                base = (self.generators[part], one)
            elif part is expr or isinstance(part, Func):
                raise BoundHit("the parts of an expression")
            else:
                base = self._of(part)
            if abs(power) > _MAX_POWER:
                raise BoundHit("the exponent of a power")
            if power < 0:
                base = (base[1], base[0])
                if base[1].is_zero():
                    raise ZeroDivisionError
            num, den = num * base[0] ** abs(power), den * base[1] ** abs(power)
        return self._lowest(num, den)

    def _lowest(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Quotient:
        if len(num) > _MAX_TERMS or len(den) > _MAX_TERMS:
            raise BoundHit("the size of a polynomial")
        common = num.gcd(den)
        if not _is_one(common):
            num, den = num // common, den // common
        return num, den

    def _reduced(self, quotient: Quotient) -> Quotient:
        """Relations between generators used: a root's power is its radicand, sign and step are idempotent."""
        num, den = quotient
        for atom in self.atoms:
            match atom:
                case Pow(base, Number(value)) if value.numerator == 1 and value.denominator > 1:
                    top, bottom = self._of(base)
                    if not _is_one(bottom) or len(top) > 20:
                        continue
                    num, den = (self._lower_powers(p, atom, value.denominator, top) for p in (num, den))
                case Func("sign", _):
                    one = self.context.constant(1)
                    num, den = (self._lower_powers(p, atom, 2, one) for p in (num, den))
                case Func("abs", (u,)) if Func("sign", (u,)) not in self.generators:
                    top, bottom = self._of(u)
                    if _is_one(bottom):
                        num, den = (self._lower_powers(p, atom, 2, top * top) for p in (num, den))
                case _:
                    continue
            num, den = self._lowest(num, den)
        return num, den

    def _lower_powers(self, poly: fmpz_mpoly, atom: Expr, degree: int, value: fmpz_mpoly) -> fmpz_mpoly:
        place = self.atoms.index(atom)
        if poly.degrees()[place] < degree:
            return poly
        total = self.context.constant(0)
        for exponents, coefficient in poly.to_dict().items():
            whole, rest = divmod(int(exponents[place]), degree)
            kept = tuple(rest if k == place else e for k, e in enumerate(exponents))
            total += self.context.from_dict({kept: coefficient}) * value**whole
        return total

    # --- writing -----------------------------------------------------------------------------------------

    def factored(self, quotient: Quotient) -> Expr:
        """Numerator and denominator as products of factors."""
        (num, den), sign = quotient, 1
        if num.is_zero():
            return ZERO
        c, top = num.factor()
        d, bottom = den.factor()
        value = Fraction(int(c), int(d))
        if value < 0:
            value, sign = -value, -sign
        above, s = self._factors(top)
        below, t = self._factors(bottom)
        sign *= s * t
        if sign < 0 and (turned := _turned(above, set(self.written.values()))):
            above, sign = turned, 1
        above, below = self._across(above, below)
        over, under = self._product(above), self._product(below)
        return _assembled(sign, value, over, under)

    def _factors(self, factors: Sequence[tuple[fmpz_mpoly, int]]) -> tuple[_Powers, int]:
        """Factors as trees with their powers, and the sign that was taken out to write them nicely."""
        found: _Powers = {}
        sign = 1
        for poly, power in self._joined(factors):
            tree, flip = self._polynomial(poly)
            if flip and power % 2:
                sign = -sign
            found[tree] = found.get(tree, Fraction(0)) + int(power)
        return found, sign

    def _joined(self, factors: Sequence[tuple[fmpz_mpoly, int]]) -> list[tuple[fmpz_mpoly, int]]:
        """Two factors whose product is shorter than both are left together: 1 - t^2, not (1 - t)(1 + t)."""
        left = list(factors)
        done: list[tuple[fmpz_mpoly, int]] = []
        while left:
            poly, power = left.pop(0)
            for k, (other, same) in enumerate(left):
                if same == power and min(len(poly), len(other)) > 1:
                    product = poly * other
                    if len(product) < len(poly) + len(other):
                        left[k] = (product, power)
                        break
            else:
                done.append((poly, power))
        return done

    def _across(self, above: _Powers, below: _Powers) -> tuple[_Powers, _Powers]:
        """An exponential below the line is one with the other sign above; a root and its radicand are one power."""
        for atom in list(below):
            if isinstance(atom, Func) and atom.name == "exp":
                inverse = Func("exp", (tidy(Neg(atom.args[0])),))
                above[inverse] = above.get(inverse, Fraction(0)) + below.pop(atom)
        for side, other in ((above, below), (below, above)):
            for atom in list(side):
                if isinstance(atom, Pow) and atom.base in other and isinstance(atom.exponent, Number):
                    power = other.pop(atom.base) - side.pop(atom) * atom.exponent.value
                    if power:
                        target, size = (other, power) if power > 0 else (side, -power)
                        target[atom.base] = target.get(atom.base, Fraction(0)) + size
        return above, below

    def _product(self, factors: _Powers) -> list[Expr]:
        """Factors in the order in which people write them: quantities, functions, sums of terms, big operators."""
        order = {atom: k for k, atom in enumerate(self.atoms)}
        roots = {f.base: f for f in factors if _is_root(f)}
        parts: list[tuple[tuple[int, int], Expr]] = []
        for tree, power in factors.items():
            if _is_root(tree) and tree.base in factors:
                continue
            exponent = power
            if tree in roots:
                held = roots[tree]
                exponent += cast(Number, held.exponent).value * factors[held]
            parts.append(((_place(tree), order.get(tree, len(order))), _power(tree, exponent)))
        parts.sort(key=lambda part: part[0])
        return _roots_joined([tree for _, tree in parts])

    def _polynomial(self, poly: fmpz_mpoly) -> tuple[Expr, bool]:
        """A polynomial as a sum, as it stood if that is no longer; True if its sign was turned for that."""
        for turned in (False, True):
            known = self.written.get(_key(-poly if turned else poly))
            if known is not None and weight(known) <= weight(self._sum(-poly if turned else poly)):
                return known, turned
        terms = poly.to_dict()
        turned = all(c < 0 for c in terms.values())
        return self._sum(-poly if turned else poly), turned

    def _sum(self, poly: fmpz_mpoly) -> Expr:
        """The terms of a polynomial, one without a minus first if there is one."""
        trees = [(self._monomial(e, abs(int(c))), int(c) < 0) for e, c in poly.to_dict().items()]
        first = next((k for k, (_, negative) in enumerate(trees) if not negative), 0)
        trees.insert(0, trees.pop(first))
        signed = tuple(Neg(t) if negative else t for t, negative in trees)
        return signed[0] if len(signed) == 1 else Add(signed)

    def _monomial(self, exponents: tuple[int, ...], coefficient: int) -> Expr:
        factors = {
            atom: Fraction(int(power)) for atom, power in zip(self.atoms, exponents, strict=False) if power
        }
        parts = self._product(factors)
        return times(Number(Fraction(coefficient)), *parts)

    def expanded(self, quotient: Quotient) -> Expr:
        """The numerator multiplied out, over the denominator in factors."""
        num, den = quotient
        if num.is_zero():
            return ZERO
        top, flip = self._polynomial(num)
        d, bottom = den.factor()
        below, sign = self._factors(bottom)
        above, below = self._across({}, below)
        value = Fraction(1, int(d))
        if value < 0:
            value, sign = -value, -sign
        sign = -sign if flip else sign
        if isinstance(top, Add) and (above or value != 1) and not below:
            return _assembled(sign, value, [*self._product(above), top], [])
        return _assembled(sign, value, [*self._product(above), top], self._product(below))

    def by_terms(self, expr: Expr) -> Expr:
        """Each term by itself in lowest terms, the terms left apart."""
        if not isinstance(expr, Add):
            return expr
        return Add(tuple(self.factored(self.quotient(term)) for term in expr.terms))


def _is_one(poly: fmpz_mpoly) -> bool:
    return poly.is_one()


def _key(poly: fmpz_mpoly) -> frozenset[Any]:
    return frozenset(poly.to_dict().items())


def _turned(factors: _Powers, written: set[Expr]) -> _Powers | None:
    """The factors with one of them, a difference that nobody wrote, turned round to take up a minus."""
    for tree, power in factors.items():
        if isinstance(tree, Add) and power % 2 and tree not in written:
            turned = tuple(tidy(Neg(term)) for term in tree.terms)
            ahead = [t for t in turned if not isinstance(t, Neg)]
            if ahead:
                behind = [t for t in turned if isinstance(t, Neg)]
                return {Add((*ahead, *behind)) if f is tree else f: p for f, p in factors.items()}
    return None


def _roots_joined(factors: list[Expr]) -> list[Expr]:
    """The square roots of numbers as one: the root of 2 pi."""
    roots = [f for f in factors if isinstance(f, Pow) and f.exponent == HALF and _is_number(f.base)]
    if len(roots) < 2:
        return factors
    joined = Pow(times(*sorted((r.base for r in roots), key=lambda b: not isinstance(b, Number))), HALF)
    return [joined, *(f for f in factors if f not in roots)]


def _is_root(tree: Expr) -> TypeGuard[Pow]:
    return isinstance(tree, Pow) and isinstance(tree.exponent, Number)


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Number | Constant)


def _place(tree: Expr) -> int:
    """Where a factor stands in a product."""
    match tree:
        case Symbol() | Indexed() | Constant():
            return 0
        case Pow(base, Number()):
            return _place(base)
        case Add():
            return 2
        case Sum() | Product() | Cases() | Derivative():
            return 3
        case _:
            return 1


def _arithmetic(expr: Expr) -> Iterable[Expr]:
    """The arithmetical parts of an expression, deepest last."""
    yield expr
    match expr:
        case Add(parts) | Mul(parts):
            inner = parts
        case Neg(arg):
            inner = (arg,)
        case Div(num, den):
            inner = (num, den)
        case Pow(base, _):
            inner = (base,)
        case _:
            return
    for part in inner:
        yield from _arithmetic(part)


def _assembled(sign: int, value: Fraction, over: list[Expr], under: list[Expr]) -> Expr:
    top = times(*([Number(Fraction(value.numerator))] if value.numerator != 1 or not over else []), *over)
    bottom = times(*([Number(Fraction(value.denominator))] if value.denominator != 1 else []), *under)
    result = top if bottom == ONE else Div(top, bottom)
    return Neg(result) if sign < 0 else result


def _power(tree: Expr, exponent: Fraction) -> Expr:
    if exponent == 1:
        return tree
    match tree:
        case Func("exp", (u,)):
            return Func("exp", (tidy(Mul((Number(exponent), u))),))
        case Pow(base, Number(value)):
            return _power(base, value * exponent) if value * exponent != 1 else base
        case Pow(base, inner):
            return Pow(base, tidy(Mul((Number(exponent), inner))))
        case _:
            return Pow(tree, Number(exponent))


# --- parts ---------------------------------------------------------------------------------------------------


def _signs_of_exponents(exprs: Iterable[Expr]) -> dict[Expr, bool]:
    """For each exponent without its sign, whether it mostly stands with a minus."""
    count: dict[Expr, int] = {}
    for expr in exprs:
        for node in walk(expr):
            if isinstance(node, Func) and node.name == "exp":
                core, power = exponent_of(node.args[0])
                count[core] = count.get(core, 0) + (1 if power > 0 else -1)
    return {core: balance < 0 for core, balance in count.items()}


def exponent_of(u: Expr) -> tuple[Expr, int]:
    """The argument of an exponential as a whole multiple of something: -2x is (x, -2)."""
    match u:
        case Neg(arg):
            core, power = exponent_of(arg)
            return core, -power
        case Mul((Number(value), *rest)) if value.denominator == 1 and rest and abs(value) <= _MAX_POWER:
            core = rest[0] if len(rest) == 1 else Mul(tuple(rest))
            return core, int(value)
        case _:
            return u, 1


def _powers(expr: Expr, flipped: dict[Expr, bool]) -> list[tuple[Expr, int]]:
    """A part as powers of generators; arithmetic inside is left for later."""
    match expr:
        case Func("exp", (u,)):
            core, power = exponent_of(u)
            if flipped.get(core):
                return [(Func("exp", (Neg(core),)), -power)]
            return [(Func("exp", (core,)), power)]
        case Pow(base, Number(value)) if value.denominator == 1:
            return [(base, int(value))]
        case Pow(base, Neg(Number(value))) if value.denominator == 1:
            return [(base, -int(value))]
        case Pow(base, Number(value)):
            return [(Pow(base, Number(Fraction(1, value.denominator))), value.numerator)]
        case Pow(base, Neg(Number(value))):
            return [(Pow(base, Number(Fraction(1, value.denominator))), -value.numerator)]
        case Pow(base, Add(terms)):
            whole = [t for t in terms if _whole(t) is not None]
            rest = [t for t in terms if _whole(t) is None]
            if whole and rest:
                power = sum(cast(int, _whole(t)) for t in whole)
                symbolic = rest[0] if len(rest) == 1 else Add(tuple(rest))
                return [(Pow(base, symbolic), 1), (base, power)]
            return [(expr, 1)]
        case _:
            return [(expr, 1)]


def _whole(expr: Expr) -> int | None:
    match expr:
        case Number(value) if value.denominator == 1:
            return int(value)
        case Neg(Number(value)) if value.denominator == 1:
            return -int(value)
        case _:
            return None


def _collect(expr: Expr, atoms: dict[Expr, None], flipped: dict[Expr, bool]) -> None:
    match expr:
        case Number():
            return
        case Add(parts) | Mul(parts):
            for part in parts:
                _collect(part, atoms, flipped)
        case Neg(arg):
            _collect(arg, atoms, flipped)
        case Div(num, den):
            _collect(num, atoms, flipped)
            _collect(den, atoms, flipped)
        case _:
            for part, _ in _powers(expr, flipped):
                match part:
                    case Add() | Mul() | Neg() | Div() | Number():
                        _collect(part, atoms, flipped)
                    case Pow(base, Number(value)) if value.denominator != 1 and value.numerator == 1:
                        _collect(base, atoms, flipped)
                        atoms.setdefault(part)
                    case Pow(_, Number() | Neg(Number())):
                        _collect(part, atoms, flipped)
                    case Func("abs", (u,)):
                        _collect(u, atoms, flipped)
                        atoms.setdefault(part)
                    case _:
                        atoms.setdefault(part)


__all__ = ["Algebra", "exponent_of", "simplest", "simplify", "weight"]
