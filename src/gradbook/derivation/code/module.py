"""A complete Python module for a function and its gradient: text put together from what the formulas become."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from gradbook.derivation.code import kernels
from gradbook.derivation.code.arguments import Arguments, Interval, arguments, plain
from gradbook.derivation.code.conventions import sentence
from gradbook.derivation.code.formula import prepared, spelled_out
from gradbook.derivation.code.lowering import NUMPY, TORCH, CannotWrite, Dialect, Lowering, mentions
from gradbook.derivation.code.names import Names, function_name, identifier
from gradbook.derivation.code.parts import func, quantities
from gradbook.derivation.code.stable import stable
from gradbook.derivation.code.terms import Term, assignments, atom, binary, call, compared
from gradbook.derivation.formats import latex
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import (
    Add,
    Condition,
    Expr,
    Func,
    Indexed,
    Neg,
    Node,
    Op,
    Relation,
    Sum,
    Symbol,
    children,
    walk,
)
from gradbook.symbolic.printing import to_latex, to_text
from gradbook.symbolic.tidy import tidy

#: Names that a module uses itself.
_TAKEN = tuple(
    "np torch sys functools self_test ctx grad samples seed rng above below numeric exact error largest verdict "
    "coarse agrees passed away columns shift once_differentiable slope curvature".split()
)


@dataclass(frozen=True)
class Function:
    """One function of the module: its name, its code, and the derivations that it is the result of."""

    name: str
    lines: list[str]
    results: list[str]
    of: tuple[Derivation, ...] = ()


@dataclass
class Module:
    """What every part of the text is written from."""

    derivations: Sequence[Derivation]
    dialect: Dialect
    arguments: Arguments
    title: str
    name: str
    #: Derivations of functions that the formula leaves open, by their names in it.
    functions_known: Mapping[str, Derivation]
    lowering: Lowering = field(init=False)
    names: list[str] = field(init=False)
    keywords: list[str] = field(init=False)

    @classmethod
    def of(
        cls,
        derivations: Sequence[Derivation],
        target: str,
        constants: Mapping[str, float],
        functions: Mapping[str, Derivation],
    ) -> Module:
        """The module for derivations of one definition.

        Raises:
            ValueError: no derivation, derivations of several definitions, or a target that is neither.
        """
        if not derivations:
            raise ValueError("no derivation to write; at least one is expected")
        if len({d.definition for d in derivations}) > 1:
            raise ValueError("derivations of several definitions; code is written for one")
        if target not in ("numpy", "torch"):
            raise ValueError(f"target is numpy or torch, not {target!r}")
        first = derivations[0]
        title = first.title or to_text(first.definition.bare)
        name = function_name(first.title) if first.title else identifier(first.definition.name)
        name = f"{name}_function" if name in _TAKEN else name
        dialect = NUMPY if target == "numpy" else TORCH
        known = arguments(derivations, constants, [f.definition for f in functions.values()])
        return cls(derivations, dialect, known, title, name, functions)

    def __post_init__(self) -> None:
        private = {f"_{n}" for n in kernels.NAMES} | {"_floats", "_TAIL", "_ERF", "_central_difference"}
        names = Names({*_TAKEN, *private, self.name, f"{self.name}_gradient", f"{self.name}_gradients"})
        self.lowering = Lowering(self.dialect, self.arguments.constants, names)
        self.names = [self.lowering.argument(q) for q in self.arguments.quantities]
        self.keywords = [self.lowering.argument(q) for q in self.arguments.constants]
        if self.arguments.vectors:
            self.lowering.vector = self.lowering.argument(self.arguments.vectors[0])

    # --- formulas -----------------------------------------------------------------------------

    @property
    def indices(self) -> tuple[Expr, ...]:
        """The indices of the function's value."""
        return self.derivations[0].definition.indices

    def axes(self, derivation: Derivation) -> tuple[Expr, ...]:
        """The indices of a derivative: those of the function, then those of what it is differentiated by."""
        found = [*self.indices]
        for wrt in derivation.wrts:
            found += list(wrt.indices) if isinstance(wrt, Indexed) else []
        if len(set(found)) < len(found):
            raise CannotWrite("two derivatives with respect to components with one index")
        return tuple(found)

    def lowered(self, expr: Expr, axes: tuple[Expr, ...] = ()) -> Term:
        """The code of an expression of the definition's quantities."""
        definition = self.derivations[0].definition
        ready = prepared(expr, definition, self.arguments.constants, self.functions_known)
        if not axes and not self.arguments.vectors and not self._varies(ready):
            ready = self._constant(ready)
        return self.lowering.of(ready, axes)

    def _varies(self, expr: Expr) -> bool:
        return bool(quantities(expr, self.arguments.constants))

    def _constant(self, value: Expr) -> Expr:
        return func("nan_or", self.arguments.quantities[0], value)

    def function(
        self, name: str, exprs: Sequence[tuple[Expr, tuple[Expr, ...]]], of: Sequence[Derivation]
    ) -> Function:
        """A function that returns the expressions."""
        names = Names(self.lowering.names.taken)
        terms = [self.lowered(expr, axes) for expr, axes in exprs]
        lines, results = assignments(terms, names)
        if self.dialect.numpy:
            results = [
                f"{r}[()]" if t.pattern.startswith("np.where") or "[..., None" in t.pattern else r
                for r, t in zip(results, terms, strict=True)
            ]
        return Function(name, lines, results, tuple(of))

    def functions(self) -> list[Function]:
        """The value, the first derivatives, then the higher ones."""
        definition = self.derivations[0].definition
        found = [self.function(self.name, [(definition.body, self.indices)], ())]
        first = self.first
        if first:
            name = f"{self.name}_gradient" + ("s" if len(first) > 1 else "")
            found.append(self.function(name, [(d.result, self.axes(d)) for d in first], first))
        higher = [d for d in self.derivations if d.order > 1]
        return found + [self.function(self.higher_name(d), [(d.result, self.axes(d))], [d]) for d in higher]

    @property
    def first(self) -> list[Derivation]:
        """The derivations of first order."""
        return [d for d in self.derivations if d.order == 1]

    def higher_name(self, derivation: Derivation) -> str:
        """The name of the function for a higher derivative."""
        wrts = "_".join(self.lowering.argument(w) for w in derivation.wrts)
        return f"{self.name}_derivative_{wrts}"

    # --- text ---------------------------------------------------------------------------------

    @property
    def signature(self) -> str:
        """The parameters, constants by keyword with their defaults."""
        defaults = [
            f"{n}={v!r}" for n, v in zip(self.keywords, self.arguments.constants.values(), strict=True)
        ]
        return ", ".join([*self.names, *(["*", *defaults] if defaults else [])])

    @property
    def passed(self) -> str:
        """The arguments as they are passed on."""
        return ", ".join([*self.names, *(f"{n}={n}" for n in self.keywords)])

    def docstring(self, notes: Sequence[str]) -> str:
        """The formulas, plain and in LaTeX, the domain, kinks and conventions."""
        library = "NumPy" if self.dialect.numpy else "PyTorch"
        definition = self.derivations[0].definition
        what = {1: "derivative", 2: "derivatives"}[min(2, len(self.derivations))]
        parts = [f"{self.title} and its {what}, vectorised and numerically stable, for {library}."]
        plain_lines = [f"{to_text(definition.head)} = {to_text(definition.body)}"]
        plain_lines += [
            line
            for name, d in self.functions_known.items()
            for line in (
                f"{name}({to_text(d.wrts[0])}) = {to_text(d.definition.body)}",
                f"{name}'({to_text(d.wrts[0])}) = {to_text(d.result)}",
            )
        ]
        plain_lines += [f"{_differential(d)} = {to_text(d.result)}" for d in self.derivations]
        parts.append(textwrap.indent("\n".join(plain_lines), "    "))
        tex = [latex.definition(definition)]
        tex += [f"{latex.quotient(d)} = {to_latex(d.result)}" for d in self.derivations]
        parts.append("In LaTeX:")
        parts.append(textwrap.indent("\n".join(tex), "    "))
        parts.append(_filled(f"Domain: {self._domain_in_words()}."))
        told = {sentence(d, kink): None for d in self.first for kink in d.kinks}
        parts += [_filled(s) for s in told]
        parts += [_filled(n) for n in notes]
        # A docstring is raw because of the LaTeX: what would end it cannot stand in it.
        return "\n\n".join(parts).replace('"""', "'''")

    def assembled(self, docstring: str, imports: str, parts: Sequence[str]) -> str:
        """A module put together: docstring, imports, constants, functions, and what runs the self-test."""
        text = f"{docstring}\n\n{imports}"
        if self.lowering.numbers:
            text += f"\n\n{self.constants_text()}"
        ending = 'if __name__ == "__main__":\n    sys.exit(0 if self_test() else 1)'
        return "\n\n\n".join([text, *(p for p in parts if p), ending]) + "\n"

    def shapes(self) -> str:
        """What arrays the function takes, in words."""
        kind = "arrays" if self.dialect.numpy else "tensors"
        if not self.arguments.vectors:
            return f"Arguments are scalars or {kind} of any shapes that broadcast, of any floating type."
        vectors = [self.lowering.argument(v) for v in self.arguments.vectors]
        told = f"The components of {', '.join(vectors)} are on the last axis; axes before it are samples."
        others = [n for n in self.names if n not in vectors]
        if others:
            told += f" {', '.join(others)} {'has' if len(others) == 1 else 'have'} one value a sample."
        return told

    @staticmethod
    def sample_size(quantity: Expr) -> str:
        """The shape of an argument in the self-test."""
        return f"(samples{', 5' * len(quantity.indices)})" if isinstance(quantity, Indexed) else "samples"

    def _domain_in_words(self) -> str:
        told = [to_text(c) for c in self.conditions]
        told += [f"{base} adds up to 1" for base in sorted(self.derivations[0].domain.simplex)]
        variables = ", ".join(to_text(q) for q in self.arguments.quantities)
        return f"real {variables}" + (f" with {', '.join(told)}" if told else "")

    @property
    def conditions(self) -> list[Condition]:
        """What the domain asks for, and what the formula needs to have a value."""
        known = (*self.derivations, *self.functions_known.values())
        found = [c for d in known for c in (*d.domain.conditions, *d.conditions)]
        return list(dict.fromkeys(found))

    def constants_text(self) -> str:
        """The module's constants, with the formula of each."""
        return "\n".join(
            f"{name} = {value!r}  # {formula}" for name, (value, formula) in self.lowering.numbers.items()
        )

    def intervals(self) -> list[tuple[str, Expr, Interval]]:
        """Where the self-test draws each argument from."""
        return [
            (name, q, Interval.of(q, self.conditions, 2.0 if self.arguments.vectors else 4.0))
            for name, q in zip(self.names, self.arguments.quantities, strict=True)
        ]

    def away_from_seams(self) -> tuple[list[str], str | None]:
        """Assignments and a mask, as code: which samples lie inside the domain and not near a kink."""
        masks = [*self._inside(), *self._far_from_kinks(), *self._far_from_seams_in_sums()]
        if not masks:
            return [], None
        mask = masks[0]
        for other in dict.fromkeys(masks[1:]):
            mask = binary("&", mask, other) if other != masks[0] else mask
        lines, (text,) = assignments([mask], Names(self.lowering.names.taken))
        return lines, text

    @property
    def needed(self) -> list[Relation]:
        """What the formula needs to have a value that samples are not already drawn to meet."""
        return [c for c in self.conditions if isinstance(c, Relation) and not plain(c)]

    def _inside(self) -> Iterator[Term]:
        for condition in self.needed:
            above = condition.op in (Op.GT, Op.GE)
            gap = tidy(Add((condition.left, Neg(condition.right))))
            operator, margin = (">", atom("0.01")) if above else ("<", atom("-0.01"))
            yield self._everywhere(gap, partial(compared, operator, right=margin))

    def _far_from_kinks(self) -> Iterator[Term]:
        for derivation in self.first:
            for kink in derivation.kinks:
                if isinstance(kink.where, Relation):
                    yield self._everywhere(tidy(Add((kink.where.left, Neg(kink.where.right)))), self._far)

    def _far_from_seams_in_sums(self) -> Iterator[Term]:
        """Each term of a sum may have a seam of its own, which no derivation lists."""
        definition = self.derivations[0].definition
        for node in walk(spelled_out(definition.body, definition, self.functions_known)):
            if isinstance(node, Sum):
                for gap in seams(node.body):
                    yield self._everywhere(gap, self._far)

    def _far(self, gap: Term) -> Term:
        return compared(">", call(f"{self.dialect.name}.abs", gap, hint="distance"), atom("0.001"))

    def _everywhere(self, gap: Expr, test: Callable[[Term], Term]) -> Term:
        """A test of every component of what a condition compares."""
        definition = self.derivations[0].definition
        gap = stable(spelled_out(gap, definition, self.functions_known))
        indices = {i for n in walk(gap) if isinstance(n, Indexed) for i in n.indices if isinstance(i, Symbol)}
        axes = tuple(i for i in sorted(indices, key=repr) if mentions(gap, i))
        term = test(self.lowering.of(gap, axes))
        if not axes:
            return term
        axis = self.dialect.axis if len(axes) == 1 else self.dialect.axis.replace("-1", "(-2, -1)")
        return call(f"{self.dialect.name}.all", term, more=f", {axis}", hint="inside")


def seams(body: Expr) -> Iterator[Expr]:
    """The differences whose sign decides which piece of a formula holds, those of sums inside apart."""
    stack: list[Node] = [body]
    while stack:
        node = stack.pop()
        match node:
            case Sum():
                continue
            case Func("abs" | "sign" | "relu" | "step", (u,)):
                yield u
            case Func("max" | "min", (u, v)):
                yield tidy(Add((u, Neg(v))))
            case Relation(u, _, v):
                yield tidy(Add((u, Neg(v))))
            case _:
                pass
        stack.extend(children(node))


def _differential(derivation: Derivation) -> str:
    sign = "d" if derivation.variant == "d" else "∂"
    order = "" if derivation.order == 1 else "²³⁴⁵⁶⁷⁸⁹"[derivation.order - 2]
    below = "".join(
        f"{sign}{to_text(w)}{'' if (n := len(list(run))) == 1 else '²³⁴⁵⁶⁷⁸⁹'[n - 2]}"
        for w, run in groupby(reversed(derivation.wrts))
    )
    return f"{sign}{order}{to_text(derivation.definition.bare)}/{below}"


def _filled(text: str) -> str:
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)


def summary(of: Module, function: Function) -> str:
    """What a function returns, in a line."""
    if not function.of:
        return f"{of.title}: the value."
    wrt = ", ".join(of.lowering.argument(w) for d in function.of for w in d.wrts)
    if len(function.of) > 1:
        return f"Derivatives with respect to {wrt}, in this order."
    derivation = next(iter(function.of))
    order = {1: "Derivative", 2: "Second derivative"}.get(derivation.order, "Higher derivative")
    if len(of.axes(derivation)) > 1:
        return f"{order} with respect to {wrt}: a matrix, the function's component before it."
    return f"{order} with respect to {wrt}."


def tidied(text: str) -> str:
    """Powers of names without spaces, as formatters write them."""
    return re.sub(r"(?<![\w.)\]])([A-Za-z_]\w*) \*\* (\d+|[A-Za-z_]\w*)\b(?!\()", r"\1**\2", text)
