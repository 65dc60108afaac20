"""``gradbook derive``: parse what was asked, derive, write it in the format that was asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Expr, Symbol


@dataclass(frozen=True, slots=True)
class DeriveOptions:
    """What was asked of ``gradbook derive``."""

    expression: str | None
    loss: str | None
    activation: str | None
    form: str
    bias: bool
    wrt: tuple[str, ...]
    order: int
    hessian: bool
    detail: str
    assume: tuple[str, ...]
    format: str
    target: str
    listing: bool


def run(options: DeriveOptions) -> int:
    """Derive and print; the exit status is 0, or 2 if it could not be done."""
    if options.listing:
        print(_listing(), end="")
        return 0
    try:
        _print(_derivations(options), options)
    except ValueError as error:
        print(f"gradbook derive: error: {error}", file=sys.stderr)
        return 2
    return 0


def _print(derivations: list[Derivation], options: DeriveOptions) -> None:
    if options.format == "text":
        import shutil

        from gradbook.derivation.formats.text import document

        encoding = (sys.stdout.encoding or "ascii").lower()
        width = shutil.get_terminal_size((100, 24)).columns
        print(document(derivations, width=width, ascii=not encoding.startswith("utf")), end="")
        return
    if options.format == "python":
        print(_code(derivations, options), end="")
        return
    from gradbook.derivation.formats import write

    print(write(derivations, options.format), end="")


def _code(derivations: list[Derivation], options: DeriveOptions) -> str:
    """One module: of a pair the first form that was derived, with the activation that stayed a letter."""
    from gradbook.derivation import code
    from gradbook.derivation.pairs import ACTIVATION, FORMAL

    first = derivations[0].definition
    of_it = [d for d in derivations if d.definition == first]
    activation = next((d for d in derivations if d.definition.name == ACTIVATION and options.loss), None)
    functions = {FORMAL: activation} if activation is not None else {}
    return code.write(of_it, options.target, _constants(options), functions)


def _constants(options: DeriveOptions) -> dict[str, float]:
    """The values that the catalogue gives to parameters."""
    from gradbook.derivation.catalogue import UnknownName, find

    found: dict[str, float] = {}
    for name in (options.loss, options.activation, options.expression):
        if name is not None:
            try:
                found.update(find(name).constants)
            except UnknownName:
                continue  # an expression
    return found


def _derivations(options: DeriveOptions) -> list[Derivation]:
    if options.loss and options.activation:
        if options.expression is not None:
            raise ValueError("an expression, or a loss with an activation: not both")
        return _pair(options)
    name = options.loss or options.activation
    if options.expression is not None:
        if name:
            raise ValueError("an expression, or a name of the catalogue: not both")
        return _typed(options) if not _is_name(options.expression) else _entry(options.expression, options)
    if name is None:
        raise ValueError(
            'say what to derive: an expression ("log(1+exp(x))"), --activation, --loss, or --list'
        )
    return _entry(name, options)


def _is_name(text: str) -> bool:
    """Whether what was typed is a name of the catalogue; one letter is a variable."""
    from gradbook.derivation.catalogue import UnknownName, find

    bare = text.replace("-", "").replace("_", "").replace(" ", "")
    if len(text) < 2 or not bare.isalnum():
        return False
    try:
        find(text)
    except UnknownName:
        if bare.isalpha() and len(bare) > 3 and "_" not in text:
            raise
        return False
    return True


def _pair(options: DeriveOptions) -> list[Derivation]:
    from gradbook.derivation.catalogue import Kind, find
    from gradbook.derivation.pairs import derivations
    from gradbook.derivation.steps import Detail

    loss, activation = find(options.loss or "", Kind.LOSS), find(options.activation or "", Kind.ACTIVATION)
    summed = {"sample": False, "sum": True}.get(options.form)
    return derivations(loss, activation, summed=summed, bias=options.bias, detail=Detail(options.detail))


def _entry(name: str, options: DeriveOptions) -> list[Derivation]:
    from gradbook.derivation.catalogue import Kind, find
    from gradbook.derivation.steps import Detail
    from gradbook.derivation.working import work_out
    from gradbook.document import deriving
    from gradbook.symbolic.domain import Domain

    kind = Kind.LOSS if options.loss else Kind.ACTIVATION if options.activation else None
    entry = find(name, kind)
    told = deriving.domain(options.assume)
    domain = Domain((*entry.domain.conditions, *told.conditions), simplex=entry.domain.simplex)
    wrts = [deriving.variables(entry.definition, w)[0] for w in options.wrt] or [entry.variable]
    found = [
        deriving.differentiate(
            entry.definition, chosen, detail=options.detail, domain=domain, title=entry.title
        )
        for chosen in _orders(wrts, options)
    ]
    if entry.vector_definition is not None and not options.wrt and options.order == 1 and not options.hessian:
        definition, variable, vectors = entry.vector_definition
        title = f"{entry.title}, in vectors,"
        found.append(
            work_out(
                definition,
                variable,
                detail=Detail(options.detail),
                domain=domain,
                vectors=vectors,
                title=title,
            )
        )
    return found


def _typed(options: DeriveOptions) -> list[Derivation]:
    from gradbook.document import deriving, typed

    assert options.expression is not None
    definition = typed.read(options.expression)
    domain = deriving.domain(options.assume)
    wrts = [v for w in options.wrt or (None,) for v in deriving.variables(definition, w)]
    if not definition.parameters and not definition.indices and all(isinstance(w, Symbol) for w in wrts):
        definition = replace(definition, parameters=tuple(dict.fromkeys(wrts)))
    return [
        deriving.differentiate(definition, chosen, detail=options.detail, domain=domain)
        for chosen in _orders(wrts, options)
    ]


def _orders(wrts: list[Expr], options: DeriveOptions) -> list[tuple[Expr, ...]]:
    """What each derivation is differentiated by: each quantity ``order`` times, or all pairs of a Hessian."""
    if options.hessian:
        return [(a, b) for k, a in enumerate(wrts) for b in wrts[k:]]
    return [(wrt,) * options.order for wrt in wrts]


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
