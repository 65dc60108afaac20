"""Writes ``docs/gallery.md`` and its pictures: every entry of the catalogue with its derivative and both curves.

``make gallery`` runs it. Every formula is derived and proved when this runs; curves are drawn through certified
values, apart on both sides of a kink, so that corners and jumps are seen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from rich.progress import track

from gradbook.derivation.catalogue import CATALOGUE, Entry, Kind
from gradbook.derivation.formats.latex import quotient, totals
from gradbook.derivation.formats.words import kink_sentence
from gradbook.derivation.steps import Derivation
from gradbook.derivation.working import work_out
from gradbook.symbolic.evaluate import Point, Undefined, evaluate
from gradbook.symbolic.expr import Expr, Indexed, Symbol, free_symbols, number, replace, substitute, walk
from gradbook.symbolic.plain import read
from gradbook.symbolic.printing import to_latex, to_text

DOCS = Path(__file__).parent
PICTURES = DOCS / "gallery"

#: Where curves are drawn, and what else is given a value there.
_RANGE = {"p": (Fraction(1, 100), Fraction(99, 100)), "f": (Fraction(-3), Fraction(3))}
_USUAL = (Fraction(-4), Fraction(4))
_GIVEN = {"y": Fraction(1), "v": Fraction(1, 2)}
#: Two components of each vector that a loss speaks of.
_VECTORS = {"y": (1, 0), "p": (1, Fraction(1, 2)), "n": (-1, Fraction(1, 2)), "f": (0, Fraction(1, 2))}
_POINTS = 321
_PLURAL = {Kind.ACTIVATION: "Activations", Kind.LOSS: "Losses", Kind.PENALTY: "Penalties"}


def derived(entry: Entry) -> Derivation:
    """The derivation of an entry; every step has to be proved."""
    found = work_out(entry.definition, entry.variable, domain=entry.domain, title=entry.title)
    assert found.proved, entry.name
    return found


def page(found: dict[Entry, Derivation]) -> str:
    """The page, in the order of the catalogue."""
    parts = [
        "# Gallery\n",
        "Every function of the catalogue with its derivative, as `gradbook derive NAME` works it out and proves it. "
        "This page is written by `make gallery`.\n",
    ]
    for kind in Kind:
        parts.append(f"## {_PLURAL[kind]}\n")
        parts += [section(entry, derivation) for entry, derivation in found.items() if entry.kind is kind]
    return "\n".join(parts)


def section(entry: Entry, derivation: Derivation) -> str:
    """One function: formula, derivative, picture, and what there is to know."""
    of = derivation.definition
    names = ", ".join(f"`{name}`" for name in entry.names)
    left = quotient(derivation)
    lines = [
        f"### {entry.title}\n",
        f"{names}: {entry.use}. {entry.source}.\n",
        *(
            [f"For {' and '.join(f'${t}$' for t in totals(derivation))}:\n"]
            if derivation.domain.simplex
            else []
        ),
        f"$$\n{to_latex(of.head)} = {to_latex(of.body)}\n$$\n",
        f"$$\n{left} = {to_latex(derivation.result)}\n$$\n",
    ]
    told = [to_text(c) for c in (*derivation.domain.conditions, *derivation.conditions)]
    if told:
        lines.append(f"For {' and '.join(f'`{c}`' for c in dict.fromkeys(told))}.\n")
    lines += [kink_sentence(kink, lambda node: f"`{to_text(node)}`") + "\n" for kink in derivation.kinks]
    lines.append(f"![{entry.title} and its derivative](gallery/{entry.name}.svg)\n")
    drawn_at = [f"{to_text(read(name))} = {value:g}" for name, value in _values(entry).items()]
    drawn_at += [f"{to_text(atom)} = {float(value):g}" for atom, value in _components(entry).items()]
    if drawn_at:
        lines.append(f"Drawn for `{', '.join(drawn_at)}`.\n")
    return "\n".join(lines)


def _values(entry: Entry) -> dict[str, float]:
    """The constants that a picture is drawn with."""
    found = dict(entry.constants)
    mentioned = free_symbols(entry.body)
    return found | {name: float(value) for name, value in _GIVEN.items() if Symbol(name) in mentioned}


def _components(entry: Entry) -> dict[Expr, Fraction]:
    """The components that a picture is drawn with, two of each vector; the first of the variable is left open."""
    bases = {n.base for n in walk(entry.body) if isinstance(n, Indexed)}
    found: dict[Expr, Fraction] = {}
    for base in sorted(bases):
        pair = (
            (Fraction(7, 10), Fraction(3, 10))
            if entry.name == "kl-divergence"
            else _VECTORS.get(base, (0, 0))
        )
        for k, value in enumerate(pair, 1):
            found[Indexed(base, (number(k),))] = Fraction(value)
    if isinstance(entry.variable, Indexed):
        del found[Indexed(entry.variable.base, (number(1),))]
    return found


def curve(tree: Expr, entry: Entry, low: Fraction, high: Fraction) -> list[tuple[float, float | None]]:
    """Values at evenly spaced points; None where there is none."""
    values: dict[Expr, Fraction] = {
        read(name): Fraction(str(value)) for name, value in _values(entry).items()
    }
    values |= _components(entry)
    variable = entry.variable
    if isinstance(variable, Indexed):
        variable = Indexed(variable.base, (number(1),))
    tree = substitute(tree, {Symbol("i"): number(1), Symbol("j"): number(1)})
    if entry.kind is Kind.PENALTY:
        tree = substitute(tree, {Symbol("k"): number(1)})
    found: list[tuple[float, float | None]] = []
    for k in range(_POINTS):
        # off the grid of kinks, which lie at simple numbers
        x = low + (high - low) * Fraction(2 * k + 1, 2 * _POINTS)
        known = {**values, variable: x}

        def supply(atom: Expr, known: dict[Expr, Fraction] = known) -> Fraction:
            return known[atom]

        try:
            found.append((float(x), float(evaluate(tree, Point(supply), precision=64))))
        except Undefined:
            found.append((float(x), None))
    return found


def draw(entry: Entry, derivation: Derivation) -> None:
    """Both curves, the function in blue and its derivative in orange, dashed."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    base = (
        entry.variable.base if isinstance(entry.variable, Indexed) else getattr(entry.variable, "name", "x")
    )
    low, high = _RANGE.get(base, _USUAL)
    value = curve(entry.body, entry, low, high)
    slope = curve(_written_out(derivation), entry, low, high)
    slope = [(x, y if at is not None else None) for (x, y), (_, at) in zip(slope, value, strict=True)]
    with plt.rc_context({"svg.hashsalt": "gradbook", "font.family": "DejaVu Sans"}):
        figure, axes = plt.subplots(figsize=(5, 3))
        axes.axhline(0, color="0.75", linewidth=0.8)
        axes.axvline(0, color="0.75", linewidth=0.8)
        for points, colour, style, label in (
            (value, "#0072b2", "-", to_text(derivation.definition.bare)),
            (slope, "#d55e00", "--", "derivative"),
        ):
            for piece in _pieces(points):
                axes.plot(
                    *zip(*piece, strict=True), color=colour, linestyle=style, linewidth=1.8, label=label
                )
                label = None
        axes.set_xlabel(to_text(substitute(entry.variable, dict.fromkeys(map(Symbol, "jk"), number(1)))))
        axes.set_ylim(*_limits(axes.get_ylim()))
        axes.legend(frameon=False, fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        figure.savefig(PICTURES / f"{entry.name}.svg", metadata={"Date": None})
        plt.close(figure)


def _written_out(derivation: Derivation) -> Expr:
    """The derivative without the function's own name."""
    of = derivation.definition
    if not of.indices:
        return replace(derivation.result, {of.head: of.body})
    index, other = of.indices[0], Symbol("j")
    at_other = Indexed(of.name, (other,))
    return replace(derivation.result, {of.head: of.body, at_other: substitute(of.body, {index: other})})


def _pieces(points: Iterable[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """Stretches without a gap or a jump."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None or abs(y) > 1e6:
            found.append([])
            continue
        if found[-1] and abs(y - found[-1][-1][1]) > 0.05 and len(found[-1]) > 1:
            y0, y1 = (value for _, value in found[-1][-2:])
            if abs(y - y1) > 8 * max(abs(y1 - y0), 1e-3):
                found.append([])
        found[-1].append((x, y))
    return [piece for piece in found if len(piece) > 1]


def _limits(limits: tuple[float, float]) -> tuple[float, float]:
    return max(limits[0], -6.0), min(limits[1], 6.0)


def main() -> int:
    """Write the page and the pictures."""
    PICTURES.mkdir(exist_ok=True)
    found = {entry: derived(entry) for entry in track(CATALOGUE, "deriving", transient=True)}
    (DOCS / "gallery.md").write_text(page(found), encoding="utf-8")
    for entry, derivation in track(list(found.items()), "drawing", transient=True):
        draw(entry, derivation)
    return 0


if __name__ == "__main__":
    sys.exit(main())
