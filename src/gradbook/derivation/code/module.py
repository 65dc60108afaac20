"""A complete Python module for a function and its gradient: text put together from what the formulas become."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import cast

from gradbook.derivation.code import kernels
from gradbook.derivation.code.arguments import Arguments, Interval, arguments, key, plain
from gradbook.derivation.code.conventions import sentence
from gradbook.derivation.code.formula import prepared
from gradbook.derivation.code.lowering import NUMPY, TORCH, CannotWrite, Dialect, Lowering
from gradbook.derivation.code.names import Names, function_name, identifier
from gradbook.derivation.code.terms import Term, assignments
from gradbook.derivation.formats import latex
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Condition, Expr, Indexed, Relation
from gradbook.symbolic.printing import to_latex, to_text

#: Names that a module uses itself.
_TAKEN = ("np", "torch", "sys", "self_test", "ctx", "grad", "samples", "seed", "step", "rng", "kind", "main")


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
    lowering: Lowering = field(init=False)
    names: list[str] = field(init=False)
    keywords: list[str] = field(init=False)

    @classmethod
    def of(cls, derivations: Sequence[Derivation], target: str, constants: Mapping[str, float]) -> Module:
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
        dialect = NUMPY if target == "numpy" else TORCH
        return cls(derivations, dialect, arguments(derivations, constants), title, name)

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
            found += [i for i in wrt.indices] if isinstance(wrt, Indexed) else []
        if len(set(found)) < len(found):
            raise CannotWrite("two derivatives with respect to components with one index")
        return tuple(found)

    def lowered(self, expr: Expr, axes: tuple[Expr, ...] = ()) -> Term:
        """The code of an expression of the definition's quantities."""
        definition = self.derivations[0].definition
        ready = prepared(expr, definition, self.arguments.constants)
        if not axes and not self.arguments.vectors and not self._varies(ready):
            ready = self._constant(ready)
        return self.lowering.of(ready, axes)

    def _varies(self, expr: Expr) -> bool:
        from gradbook.derivation.code.parts import quantities

        return bool(quantities(expr, self.arguments.constants))

    def _constant(self, value: Expr) -> Expr:
        from gradbook.derivation.code.parts import func

        return func("nan_or", self.arguments.quantities[0], value)

    def function(self, name: str, exprs: Sequence[tuple[Expr, tuple[Expr, ...]]], of: Sequence[Derivation]) -> Function:
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
        for d in self.derivations:
            if d.order > 1:
                found.append(self.function(self.higher_name(d), [(d.result, self.axes(d))], [d]))
        return found

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
        defaults = [f"{n}={v!r}" for n, v in zip(self.keywords, self.arguments.constants.values(), strict=True)]
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

    def _domain_in_words(self) -> str:
        told = [to_text(c) for c in self.conditions]
        told += [f"{base} adds up to 1" for base in sorted(self.derivations[0].domain.simplex)]
        variables = ", ".join(to_text(q) for q in self.arguments.quantities)
        return f"real {variables}" + (f" with {', '.join(told)}" if told else "")

    @property
    def conditions(self) -> list[Condition]:
        """What the domain asks for, and what the formula needs to have a value."""
        found = [c for d in self.derivations for c in (*d.domain.conditions, *d.conditions)]
        return list(dict.fromkeys(found))

    def constants_text(self) -> str:
        """The module's constants, with the formula of each."""
        return "\n".join(f"{name} = {value!r}  # {formula}" for name, (value, formula) in self.lowering.numbers.items())

    def intervals(self) -> list[tuple[str, Expr, Interval]]:
        """Where the self-test draws each argument from."""
        return [
            (name, q, Interval.of(q, self.conditions))
            for name, q in zip(self.names, self.arguments.quantities, strict=True)
        ]

    def away_from_seams(self) -> list[str]:
        """Conditions on a sample, as code: inside the domain, and not near a kink."""
        found: list[str] = []
        for condition in self.conditions:
            if plain(condition) or not isinstance(condition, Relation) or self._has_index(condition):
                continue
            gap = f"({self._code(condition.left)}) - ({self._code(condition.right)})"
            found.append(f"({gap} > 0.01)" if condition.op.value in (">", ">=") else f"({gap} < -0.01)")
        for d in self.first:
            for kink in d.kinks:
                if isinstance(kink.where, Relation) and not self._has_index(kink.where):
                    left, right = self._code(kink.where.left), self._code(kink.where.right)
                    found.append(f"(abs({left} - ({right})) > 0.001)")
        return list(dict.fromkeys(found))

    def _has_index(self, condition: Relation) -> bool:
        from gradbook.symbolic.expr import Sum, walk

        inside = [n for n in walk(condition) if isinstance(n, Sum)]
        held = {m for s in inside for m in walk(s)}
        return any(isinstance(n, Indexed) and n not in held for n in walk(condition))

    def _code(self, expr: Expr) -> str:
        return self.lowering.of(prepared(expr, self.derivations[0].definition, self.arguments.constants)).text


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


def tidied(text: str) -> str:
    """Powers of names without spaces, as formatters write them."""
    return re.sub(r"(?<![\w.)\]])([A-Za-z_]\w*) \*\* (\d+|[A-Za-z_]\w*)\b(?!\()", r"\1**\2", text)


_ = (cast, key)
