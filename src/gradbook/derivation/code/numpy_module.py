"""The module for NumPy: a function for the value, one for the gradient, and a self-test."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from gradbook.derivation.code import kernels
from gradbook.derivation.code.module import Function, Module, summary, tidied
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Indexed

_FLOATS = '''
def _floats(*values):
    """Arrays of one floating type, at least single precision; integers become float64."""
    arrays = [np.asarray(value) for value in values]
    numbers = [isinstance(value, (int, float)) for value in values]
    kind = np.result_type(*(v if n else a for v, a, n in zip(values, arrays, numbers)))
    if np.issubdtype(kind, np.complexfloating):
        raise TypeError(f"real numbers are expected, not {kind}")
    if np.issubdtype(kind, np.floating):
        kind = np.promote_types(kind, np.float32)
    else:
        kind = np.dtype(np.float64)
    return RETURN
'''

_NOTES = (
    "What is not a number stays so (NaN in, NaN out). The formulas are arranged so that no intermediate "
    "value overflows where the result is in range; what is too small for the type becomes zero, which "
    "NumPy does not report unless np.seterr(under=...) asks for it.",
)


def text(of: Module) -> str:
    """The text of the module."""
    functions = of.functions()
    wrapped = (
        "[a.astype(kind, copy=False) for a in arrays]"
        if of.arguments.vectors
        else "np.broadcast_arrays(*(a.astype(kind, copy=False) for a in arrays))"
    )
    test = _self_test(of, functions)
    return tidied(
        of.assembled(
            f'r"""{of.docstring([of.shapes(), *_NOTES])}\n"""',
            "import sys\n\nimport numpy as np",
            [
                _FLOATS.strip().replace("RETURN", wrapped),
                kernels.source(of.lowering.primitives, "np"),
                *(_function(of, f) for f in functions),
                test,
            ],
        )
    )


def _function(of: Module, function: Function) -> str:
    names = ", ".join(of.names)
    target = f"({names},)" if len(of.names) == 1 else names
    lines = [f"{target} = _floats({names})", *function.lines, f"return {', '.join(function.results)}"]
    body = textwrap.indent("\n".join(lines), "    ")
    return f'def {function.name}({of.signature}):\n    """{summary(of, function)}"""\n{body}'


# --- the self-test --------------------------------------------------------------------------------


def _self_test(of: Module, functions: list[Function]) -> str:
    lines = ["rng = np.random.default_rng(seed)"]
    for name, quantity, interval in of.intervals():
        if isinstance(quantity, Indexed) and quantity.base in of.derivations[0].domain.simplex:
            lines.append(f"{name} = rng.dirichlet(np.ones(5), samples)")
        else:
            lines.append(f"{name} = rng.uniform({interval.low!r}, {interval.high!r}, {of.sample_size(quantity)})")
    lines += [f"{n} = {v!r}" for n, v in zip(of.keywords, of.arguments.constants.values(), strict=True)]
    assigned, mask = of.away_from_seams()
    if mask is not None:
        lines += [*assigned, f"away = {mask}"]
    lines.append("passed = True")
    for before, derivation, result in _tested(of, functions):
        lines += _check(of, before, derivation, result, masked=mask is not None)
    lines.append("return passed")
    return (
        "def self_test(samples=1000, seed=0):\n"
        '    """Compare with central finite differences at random points away from kinks."""\n'
        f"{textwrap.indent(chr(10).join(lines), '    ')}"
    )


def _tested(of: Module, functions: list[Function]) -> Iterator[tuple[str, Derivation, str]]:
    """What is compared: the call whose differences are taken, a derivation, and the call of its result."""
    for function in functions[1:]:
        for k, d in enumerate(function.of):
            before = _differenced(of, d)
            if before is not None:
                yield before, d, f"{function.name}({of.passed})" + (f"[{k}]" if len(function.of) > 1 else "")


def _differenced(of: Module, derivation: Derivation) -> str | None:
    """The call whose difference quotient a derivative is compared with; None if the module has none."""
    if derivation.order == 1:
        return f"{of.name}({of.passed})"
    earlier = next((d for d in of.derivations if d.wrts == derivation.wrts[:-1]), None)
    if earlier is None:
        return None
    if derivation.order > 2:
        return f"{of.higher_name(earlier)}({of.passed})"
    if len(of.first) == 1:
        return f"{of.name}_gradient({of.passed})"
    return f"{of.name}_gradients({of.passed})[{of.first.index(earlier)}]"


def _check(of: Module, before: str, derivation: Derivation, result: str, *, masked: bool) -> list[str]:
    wrt = derivation.wrts[-1]
    name = of.lowering.argument(wrt)
    axes = of.axes(derivation)
    if isinstance(wrt, Indexed):
        lines = [
            "columns = []",
            f"for shift in 1e-5 * np.eye({name}.shape[-1]):",
            f"    above = {_moved(before, name, '+ shift')}",
            f"    below = {_moved(before, name, '- shift')}",
            "    columns.append((above - below) / 2e-5)",
            "numeric = np.stack(columns, axis=-1)",
        ]
    else:
        lines = [
            f"above = {_moved(before, name, '+ 1e-5')}",
            f"below = {_moved(before, name, '- 1e-5')}",
            "numeric = (above - below) / 2e-5",
        ]
    lines += [f"exact = {result}", "error = np.abs(exact - numeric) / (1 + np.abs(numeric))"]
    if axes:
        lines.append(f"error = error.max(axis={tuple(range(-len(axes), 0)) if len(axes) > 1 else -1})")
    if masked:
        lines.append("error = error[away]")
    order = "" if derivation.order == 1 else str(derivation.order)
    label = f"d{order}/" + "".join(f"d{of.lowering.argument(w)}" for w in derivation.wrts)
    return [
        *lines,
        f"agrees = bool(error.size > samples // 10 and error.max() < {'1e-6' if derivation.order == 1 else '1e-5'})",
        "passed = passed and agrees",
        'verdict = "agrees" if agrees else "DIFFERS"',
        f'print(f"{of.name} {label}: {{verdict}}, largest error {{error.max():.1e}}")',
    ]


def _moved(call: str, name: str, move: str) -> str:
    head, _, rest = call.partition("(")
    inside, _, tail = rest.rpartition(")")
    return f"{head}({', '.join(f'{a} {move}' if a == name else a for a in inside.split(', '))}){tail}"
