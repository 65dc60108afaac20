"""``gradbook derive``: parse what was asked, derive, write it in the format that was asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from gradbook.book.asked import Asked, derivations
from gradbook.derivation.steps import Derivation


@dataclass(frozen=True, slots=True)
class DeriveOptions:
    """What was asked of ``gradbook derive``."""

    asked: Asked
    format: str
    target: str
    listing: bool


def run(options: DeriveOptions) -> int:
    """Derive and print; the exit status is 0, or 2 if it could not be done."""
    if options.listing:
        print(_listing(), end="")
        return 0
    try:
        _print(derivations(options.asked), options)
    except ValueError as error:
        print(f"gradbook derive: error: {error}", file=sys.stderr)
        return 2
    return 0


def _print(found: list[Derivation], options: DeriveOptions) -> None:
    if options.format == "text":
        import shutil

        from gradbook.derivation.formats.text import document

        encoding = (sys.stdout.encoding or "ascii").lower()
        width = shutil.get_terminal_size((100, 24)).columns
        print(document(found, width=width, ascii=not encoding.startswith("utf")), end="")
        return
    if options.format == "python":
        print(_code(found, options), end="")
        return
    from gradbook.derivation.formats import write

    print(write(found, options.format), end="")


def _code(found: list[Derivation], options: DeriveOptions) -> str:
    """One module: of a pair the first form that was derived, with the activation that stayed a letter."""
    from gradbook.derivation import code
    from gradbook.derivation.pairs import ACTIVATION, FORMAL

    first = found[0].definition
    of_it = [d for d in found if d.definition == first]
    activation = next((d for d in found if d.definition.name == ACTIVATION and options.asked.loss), None)
    functions = {FORMAL: activation} if activation is not None else {}
    return code.write(of_it, options.target, _constants(options), functions)


def _constants(options: DeriveOptions) -> dict[str, float]:
    """The values that the catalogue gives to parameters."""
    from gradbook.derivation.catalogue import UnknownName, find

    found: dict[str, float] = {}
    for name in (options.asked.loss, options.asked.activation, options.asked.expression):
        if name is not None:
            try:
                found.update(find(name).constants)
            except UnknownName:
                continue  # an expression
    return found


def _listing() -> str:
    from gradbook.derivation.catalogue import CATALOGUE, Kind

    lines: list[str] = []
    width = max(len(entry.name) for entry in CATALOGUE)
    for kind, plural in (
        (Kind.ACTIVATION, "activations"),
        (Kind.LOSS, "losses"),
        (Kind.PENALTY, "penalties"),
    ):
        lines.append(plural)
        lines += [f"  {e.name:<{width}}  {e.formula:<60}  {e.use}" for e in CATALOGUE if e.kind is kind]
        lines.append("")
    return "\n".join(lines)
