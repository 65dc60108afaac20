"""Small changes to a written line: one sign, one exponent, one letter; tried one after the other.

They find what cannot be worked back from the value of the line, such as a sign under an even power, and they are the
first of two mistakes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from gradbook.derivation.mistakes.context import Context, negated
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.parts import stand_in_words
from gradbook.derivation.mistakes.spots import put
from gradbook.symbolic.expr import (
    Add,
    Apply,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Pow,
    Symbol,
    replace,
    walk,
)


class Edits:
    """The changes that a line may have suffered; ``activations`` are what a letter may stand for in a calculation."""

    def __init__(self, line: Expr, context: Context, activations: tuple[Expr, ...] = ()) -> None:
        self.line = line
        self.context = context
        self.activations = activations

    def everywhere(self) -> Iterator[tuple[Expr, Slip]]:
        """The line with a part that stands in it several times mended in all these places."""
        counts = Counter(node for _, node in places_of(self.line))
        for node, times_seen in counts.items():
            if times_seen < 2:
                continue
            match node:
                case Add(terms):
                    for k, term in enumerate(terms):
                        mended = Add((*terms[:k], negated(term), *terms[k + 1 :]))
                        inside = self._inside(node)
                        words = f"the sign {inside or 'in a sum'} is wrong: {{}} should be {{}}"
                        slip = Slip("E104" if inside else "E101", words, (node, mended), node, mended)
                        yield cast(Expr, replace(self.line, {node: mended})), slip
                case Func(name, (u,)):
                    mended = Func(name, (negated(u),))
                    where = "the exponent" if name == "exp" else f"the argument of {name}"
                    words = f"the sign in {where} is wrong: {{}} should be {{}}"
                    yield (
                        cast(Expr, replace(self.line, {node: mended})),
                        Slip("E104", words, (node, mended), node, mended),
                    )
                    for other in _RELATED.get(name, ()):
                        mended = Func(other, (u,))
                        slip = Slip("E113", "{} should be {}", (node, mended), node, mended)
                        yield cast(Expr, replace(self.line, {node: mended})), slip
                case Symbol() | Indexed() | Apply():
                    for other in self.context.quantities:
                        if other != node:
                            slip = self._stand_in(node, other, 0.02)
                            yield cast(Expr, replace(self.line, {node: other})), slip
                case Pow(base, Number(value)) if value != 2:
                    mended = Pow(base, Number(Fraction(2)))
                    slip = Slip(
                        "E103", "the exponent of {} should be {}", (base, mended.exponent), node, mended
                    )
                    yield cast(Expr, replace(self.line, {node: mended})), slip
                case _:
                    pass

    def _inside(self, node: Expr) -> str:
        """What encloses all places of a part, where that is a denominator or a function."""
        for _, outer in places_of(self.line):
            match outer:
                case Div(_, den) if any(n == node for n in walk(den)):
                    return "in the denominator"
                case Func(name) if any(n == node for n in walk(outer)):
                    return "in the exponent" if name == "exp" else f"in the argument of {name}"
                case _:
                    continue
        return ""

    def single(self, *, removals: bool = True) -> Iterator[tuple[Expr, Slip]]:
        """The line with one small thing changed: a sign, an exponent, a factor two, a letter."""
        line = self.line
        places = list(places_of(line))
        for path, node in places:
            parent = _at(line, path[:-1]) if path else None
            if isinstance(node, Neg) or (isinstance(parent, Add) and not isinstance(node, Neg)):
                inside = _enclosing(line, path)
                mended = negated(node)
                words = f"the sign {inside or 'of a term'} is wrong: {{}} should be {{}}"
                slip = Slip("E104" if inside else "E101", words, (node, mended), node, mended)
                yield put(line, path, mended), slip
        for path, node in places:
            match node:
                case Pow(base, Number(value)):
                    for better in (value + 1, value - 1, 2 * value, value / 2):
                        if better and better != value:
                            mended = base if better == 1 else Pow(base, Number(better))
                            words = "the exponent of {} should be {}"
                            slip = Slip("E103", words, (base, Number(better)), node, mended)
                            yield put(line, path, mended), slip
                case Func(name, (u,)):
                    for other in _RELATED.get(name, ()):
                        mended = Func(other, (u,))
                        yield (
                            put(line, path, mended),
                            Slip("E113", "{} should be {}", (node, mended), node, mended),
                        )
                    halves: list[Expr] = [Div(u, Number(Fraction(2)))]
                    if isinstance(u, Mul) and isinstance(u.factors[0], Number):
                        halves = [u.factors[1] if len(u.factors) == 2 else Mul(u.factors[1:])]
                    for argument in (*halves, Mul((Number(Fraction(2)), u))):
                        mended = Func(name, (argument,))
                        words = "the argument of {} should be that of {}"
                        yield put(line, path, mended), Slip("E105", words, (node, mended), node, mended)
                case Symbol() | Apply():
                    if path and isinstance(_at(line, path[:-1]), Pow):
                        continue
                    mended = Pow(node, Number(Fraction(2)))
                    yield put(line, path, mended), Slip("E103", "{} should be squared", (node,), node, mended)
                case _:
                    pass
        for path, node in places if removals else ():
            match node:
                case Mul(factors):
                    for k, factor in enumerate(factors):
                        if not isinstance(factor, Number):
                            rest = factors[:k] + factors[k + 1 :]
                            mended = rest[0] if len(rest) == 1 else Mul(rest)
                            slip = Slip(
                                "E109", "the factor {} should not be there", (factor,), factor, mended
                            )
                            yield put(line, path, mended), slip
                case Add(terms) if len(terms) > 1:
                    for k, term in enumerate(terms):
                        rest = terms[:k] + terms[k + 1 :]
                        mended = rest[0] if len(rest) == 1 else Add(rest)
                        slip = Slip("E107", "the term {} should not be there", (term,), term, mended)
                        yield put(line, path, mended), slip
                case _:
                    pass
        if removals:
            yield from self.named_alike()
            yield from self.stand_ins()

    def stand_ins(self) -> Iterator[tuple[Expr, Slip]]:
        """A line of a calculation by hand with another quantity in the place of one, wherever that stands."""
        given = dict.fromkeys(n for _, n in places_of(self.line) if n in self.context.given)
        for node in given:
            for other in (*self.activations, *self.context.quantities):
                if other != node:
                    yield cast(Expr, replace(self.line, {node: other})), self._stand_in(node, other, 0.0)

    def _stand_in(self, node: Expr, other: Expr, extra: float) -> Slip:
        code = "N205" if node in self.context.given else "E112"
        return Slip(code, stand_in_words(node, other), (node, other), node, other, extra)

    def named_alike(self) -> Iterator[tuple[Expr, Slip]]:
        """The line with another quantity of the same letter in one place: x for x_i, f for f_0."""
        for path, node in places_of(self.line):
            if isinstance(node, Symbol | Indexed | Derivative):
                for other in self._lookalikes(node):
                    yield put(self.line, path, other), self._stand_in(node, other, -0.25)

    def _lookalikes(self, node: Expr) -> Iterator[Expr]:
        """Quantities that a letter could have been meant for: those with the same letter."""
        letter = _letter(node)
        for other in self.context.quantities if letter else ():
            if other != node and _letter(other) == letter:
                yield other


#: Functions that are taken for one another.
_RELATED = {
    "sin": ("cos",),
    "cos": ("sin",),
    "sinh": ("cosh", "tanh"),
    "cosh": ("sinh",),
    "tanh": ("sigmoid",),
    "sigmoid": ("tanh",),
}


def _enclosing(tree: Expr, path: tuple[int, ...]) -> str:
    """In what a part stands, where that is a denominator, an exponent or a function."""
    for k in range(len(path)):
        match _at(tree, path[:k]):
            case Div() if path[k] == 1:
                return "in the denominator"
            case Pow() if path[k] == 1:
                return "in the exponent"
            case Func(name):
                return "in the exponent" if name == "exp" else f"in the argument of {name}"
            case _:
                continue
    return ""


def _letter(node: Expr) -> str:
    match node:
        case Symbol(name) | Apply(name):
            return name.partition("_")[0].partition("(")[0].rstrip("'")
        case Indexed(base, _):
            return base.partition("_")[0]
        case Derivative(body, wrt):
            return f"d{_letter(body)}/d{_letter(wrt)}" if _letter(body) else ""
        case _:
            return ""


def places_of(tree: Expr, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Expr]]:
    """Every part of a tree with the way to it; conditions apart."""
    yield path, tree
    for k, part in enumerate(_parts(tree)):
        yield from places_of(part, (*path, k))


def _parts(tree: Expr) -> list[Expr]:
    from gradbook.symbolic.expr import children

    if isinstance(tree, Derivative | Apply | Indexed | Symbol):
        return []
    return [c for c in children(tree) if isinstance(c, Expr)]


def _at(tree: Expr, path: tuple[int, ...]) -> Expr:
    for k in path:
        tree = _parts(tree)[k]
    return tree
