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
            size = "samples" if len(quantity.indices) == 1 else "(samples, 5)"
            lines.append(f"{name} = rng.dirichlet(np.ones(5), {size})")
        else:
            lines.append(
                f"{name} = rng.uniform({interval.low!r}, {interval.high!r}, {of.sample_size(quantity)})"
            )
    lines += [f"{n} = {v!r}" for n, v in zip(of.keywords, of.arguments.constants.values(), strict=True)]
    if of.needed:
        # Products of positive numbers are where most logarithms and roots have a value.
        positive = [n for n, _, interval in of.intervals() if interval.low < 0]
        lines += [f"{n}[: samples // 2] = np.abs({n}[: samples // 2])" for n in positive]
    assigned, mask = of.away_from_seams()
    if mask is not None and of.needed:
        finite = f"np.isfinite({of.name}({of.passed}))"
        axes = "" if not of.indices else ".all(axis=-1)"
        mask = f"({mask}) & {finite}{axes}"
    if mask is not None:
        lines += [*assigned, f"away = {mask}"]
    lines.append("passed = True")
    for before, derivation, result in _tested(of, functions):
        lines += _check(of, before, derivation, result, masked=mask is not None)
    lines.append("return passed")
    quiet = '@np.errstate(all="ignore")  # samples outside the domain are left out\n' if of.needed else ""
    return (
        f"{quiet}def self_test(samples=1000, seed=0):\n"
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
    careful = bool(of.needed)
    lines = _differences(before, name, isinstance(wrt, Indexed), "numeric", "1e-5", "2e-5")
    if careful:
        lines += _differences(before, name, isinstance(wrt, Indexed), "coarse", "2e-5", "4e-5")
    lines += [f"exact = {result}", "error = np.abs(exact - numeric)"]
    if careful:
        lines.append(
            "error = np.maximum(error - np.abs(coarse - numeric), 0)  # next to a pole differences are coarse"
        )
    lines.append("error = error / (1 + np.abs(numeric))")
    if axes:
        lines.append(f"error = error.max(axis={tuple(range(-len(axes), 0)) if len(axes) > 1 else -1})")
    if masked:
        lines.append("error = error[away]")
    order = "" if derivation.order == 1 else str(derivation.order)
    label = f"d{order}/" + "".join(f"d{of.lowering.argument(w)}" for w in derivation.wrts)
    return [
        *lines,
        *(["largest = np.max(error, initial=0)"] if masked else ["largest = error.max()"]),
        f"agrees = bool(error.size >= 10 and largest < {'1e-6' if derivation.order == 1 else '1e-5'})",
        "passed = passed and agrees",
        'verdict = "agrees" if agrees else "DIFFERS"',
        f'print(f"{of.name} {label}: {{verdict}}, largest error {{largest:.1e}}")',
    ]


def _differences(before: str, name: str, vector: bool, called: str, step: str, width: str) -> list[str]:
    if not vector:
        return [
            f"above = {_moved(before, name, f'+ {step}')}",
            f"below = {_moved(before, name, f'- {step}')}",
            f"{called} = (above - below) / {width}",
        ]
    return [
        "columns = []",
        f"for shift in {step} * np.eye({name}.shape[-1]):",
        f"    above = {_moved(before, name, '+ shift')}",
        f"    below = {_moved(before, name, '- shift')}",
        f"    columns.append((above - below) / {width})",
        f"{called} = np.stack(columns, axis=-1)",
    ]


def _moved(call: str, name: str, move: str) -> str:
    head, _, rest = call.partition("(")
    inside, _, tail = rest.rpartition(")")
    return f"{head}({', '.join(f'{a} {move}' if a == name else a for a in inside.split(', '))}){tail}"
