"""The module for NumPy: a function for the value, one for the gradient, and a self-test."""

from __future__ import annotations

import textwrap

from gradbook.derivation.code import kernels
from gradbook.derivation.code.module import Function, Module, tidied
from gradbook.derivation.steps import Derivation
from gradbook.symbolic.expr import Indexed, walk

_FLOATS = '''
def _floats(*values):
    """Arrays of one floating type, at least single precision; integers become float64."""
    arrays = [np.asarray(value) for value in values]
    kind = np.result_type(
        *(v if isinstance(v, (int, float)) else a for v, a in zip(values, arrays))
    )
    if np.issubdtype(kind, np.complexfloating):
        raise TypeError(f"real numbers are expected, not {kind}")
    kind = np.promote_types(kind, np.float32) if np.issubdtype(kind, np.floating) else float
    return RETURN
'''

_NOTES = (
    "What is not a number stays so (NaN in, NaN out). Nothing overflows or is invalid unless the "
    "result itself is beyond the range; what is too small for the type becomes zero, which NumPy "
    "does not report unless np.seterr(under=...) asks for it.",
)


def module(of: Module) -> str:
    """The text of the module."""
    functions = of.functions()
    vector = bool(of.arguments.vectors)
    notes = [_shapes(of), *_NOTES]
    wrapped = (
        "[a.astype(kind, copy=False) for a in arrays]"
        if vector
        else "np.broadcast_arrays(*(a.astype(kind, copy=False) for a in arrays))"
    )
    test = _self_test(of, functions)
    parts = [
        f'r"""{of.docstring(notes)}\n"""\n\nimport sys\n\nimport numpy as np',
        of.constants_text(),
        _FLOATS.strip().replace("RETURN", wrapped),
        kernels.source(of.lowering.primitives, "np"),
        *(_function(of, f) for f in functions),
        test,
        'if __name__ == "__main__":\n    sys.exit(0 if self_test() else 1)',
    ]
    head, *rest = [p for p in parts if p]
    return tidied("\n\n".join([head, "\n\n".join([]), *[]]).rstrip("\n") + _joined(rest, of) + "\n")


def _joined(parts: list[str], of: Module) -> str:
    text = ""
    for k, part in enumerate(parts):
        blank = "\n\n" if k == 0 and of.lowering.numbers else "\n\n\n"
        text += blank + part
    return text


def _shapes(of: Module) -> str:
    if not of.arguments.vectors:
        return "Arguments are scalars or arrays of any shapes that broadcast, of any floating type."
    vectors = ", ".join(of.lowering.argument(v) for v in of.arguments.vectors)
    told = f"The components of {vectors} are on the last axis; axes before it are samples."
    others = [n for n in of.names if n not in vectors.split(", ")]
    if others:
        told += f" {', '.join(others)} {'has' if len(others) == 1 else 'have'} one value a sample."
    return told


def _function(of: Module, function: Function) -> str:
    lines = [f"({of.names[0]},) = _floats({of.names[0]})"] if len(of.names) == 1 else []
    if len(of.names) > 1:
        names = ", ".join(of.names)
        lines = [f"{names} = _floats({names})"]
    lines += function.lines
    lines.append(f"return {', '.join(function.results)}")
    body = textwrap.indent("\n".join(lines), "    ")
    return f'def {function.name}({of.signature}):\n    """{summary(of, function)}"""\n{body}'


def summary(of: Module, function: Function) -> str:
    """What a function returns, in a line."""
    if not function.of:
        return f"{of.title}: the value."
    with_respect_to = ", ".join(of.lowering.argument(w) for d in function.of for w in d.wrts)
    if len(function.of) > 1:
        return f"Derivatives with respect to {with_respect_to}, in this order."
    axes = of.axes(function.of[0])
    if len(axes) > 1:
        return f"Derivative with respect to {with_respect_to}: a matrix, the function's component before it."
    order = {1: "Derivative", 2: "Second derivative"}.get(function.of[0].order, "Higher derivative")
    return f"{order} with respect to {with_respect_to}."


# --- the self-test --------------------------------------------------------------------------------

_DIFFERENCE = '''
def _central_difference(function, point, step=1e-5):
    """Derivatives of a function of one array, by central differences; of a vector, a last axis for each component."""
    if not VECTOR:
        return (function(point + step) - function(point - step)) / (2 * step)
    columns = []
    for shift in step * np.eye(point.shape[-1]):
        columns.append((function(point + shift) - function(point - shift)) / (2 * step))
    return np.stack(columns, axis=-1)
'''


def _self_test(of: Module, functions: list[Function]) -> str:
    lines = ["rng = np.random.default_rng(seed)"]
    for name, quantity, interval in of.intervals():
        if isinstance(quantity, Indexed) and quantity.base in of.derivations[0].domain.simplex:
            lines.append(f"{name} = rng.dirichlet(np.ones(5), samples)")
            continue
        size = "samples" if not isinstance(quantity, Indexed) else "(samples" + ", 5" * len(quantity.indices) + ")"
        lines.append(f"{name} = rng.uniform({interval.low!r}, {interval.high!r}, {size})")
    lines += [f"{n} = {v!r}" for n, v in zip(of.keywords, of.arguments.constants.values(), strict=True)]
    lines.append("passed = True")
    checks: list[str] = []
    for function, d, result in tested(of, functions):
        checks += _check(of, function, d, result)
    lines += checks
    lines.append("return passed")
    body = textwrap.indent("\n".join(lines), "    ")
    return (
        "def self_test(samples=1000, seed=0):\n"
        '    """Compare with central finite differences at random points away from kinks; whether all agree."""\n'
        f"{body}"
    )


def tested(of: Module, functions: list[Function]) -> list[tuple[str, Derivation, str]]:
    """What is compared: a function of differences, a derivation, and the code of its result."""
    found: list[tuple[str, Derivation, str]] = []
    for function in functions[1:]:
        for k, d in enumerate(function.of):
            call = f"{function.name}({of.passed})" + (f"[{k}]" if len(function.of) > 1 else "")
            before = differentiated(of, d)
            if before is not None:
                found.append((before, d, call))
    return found


def differentiated(of: Module, derivation: Derivation) -> str | None:
    """The call whose difference quotient a derivative is compared with; None if the module has none."""
    if derivation.order == 1:
        return f"{of.name}({of.passed})"
    earlier = [d for d in of.derivations if d.wrts == derivation.wrts[:-1]]
    if not earlier:
        return None
    if derivation.order > 2:
        return f"{of.higher_name(earlier[0])}({of.passed})"
    first = of.first
    if len(first) == 1:
        return f"{of.name}_gradient({of.passed})"
    return f"{of.name}_gradients({of.passed})[{first.index(earlier[0])}]"


def _check(of: Module, before: str, derivation: Derivation, result: str) -> list[str]:
    wrt = derivation.wrts[-1]
    name = of.lowering.argument(wrt)
    axes = of.axes(derivation)
    conditions = of.away_from_seams()
    lines: list[str] = []
    function = f"lambda {name}: {before}"
    if isinstance(wrt, Indexed):
        own = "".join(f", {n}" for n in [])
        lines += [
            "columns = []",
            f"for shift in 1e-5 * np.eye({name}.shape[-1]):",
            f"    above = {_called(before, name, 'shift', '+')}{own}",
            f"    below = {_called(before, name, 'shift', '-')}",
            "    columns.append((above - below) / 2e-5)",
            "numeric = np.stack(columns, axis=-1)",
        ]
    else:
        lines += [
            f"above = {_called(before, name, '1e-5', '+')}",
            f"below = {_called(before, name, '1e-5', '-')}",
            "numeric = (above - below) / 2e-5",
        ]
    del function
    lines.append(f"exact = {result}")
    lines.append("error = np.abs(exact - numeric) / (1 + np.abs(numeric))")
    if axes:
        lines.append(f"error = error.max(axis={tuple(range(-len(axes), 0)) if len(axes) > 1 else -1})")
    if conditions:
        lines.append("away = " + "\\\n        & ".join(conditions) if len(conditions) == 1 else _away(conditions))
        lines.append("error = error[away]")
        many = "error.size > samples // 10 and "
    else:
        many = ""
    label = f"d/d{name}" if derivation.order == 1 else f"d{derivation.order}/" + "".join(
        f"d{of.lowering.argument(w)}" for w in derivation.wrts
    )
    lines += [
        f"agrees = {many}error.max() < 1e-6",
        'passed = passed and bool(agrees)',
        f"print(f\"{of.name} {label}: {{'agrees' if agrees else 'DIFFERS'}}, error {{error.max():.1e}}\")",
    ]
    return lines


def _away(conditions: list[str]) -> str:
    inner = "\n    & ".join(conditions)
    return f"away = (\n    {inner}\n)"


def _called(call: str, name: str, step: str, sign: str) -> str:
    head, _, rest = call.partition("(")
    inside, _, tail = rest.rpartition(")")
    given = [f"{a} {sign} {step}" if a == name else a for a in inside.split(", ")]
    return f"{head}({', '.join(given)}){tail}"


_ = (walk, _DIFFERENCE)
