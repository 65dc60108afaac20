"""The module for PyTorch: a ``torch.autograd.Function`` with its own backward, a thin function, and a self-test."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import cast

from gradbook.derivation.algebra import simplify
from gradbook.derivation.code import kernels
from gradbook.derivation.code.module import Function, Module, summary, tidied
from gradbook.derivation.code.names import Names
from gradbook.derivation.code.parts import coefficient, product, scaled
from gradbook.derivation.code.terms import Term, assignments
from gradbook.derivation.deltas import collapsed
from gradbook.derivation.steps import Derivation
from gradbook.derivation.working import NeverDefined, work_out
from gradbook.symbolic.bounds import BoundHit
from gradbook.symbolic.derivative import NotDifferentiable
from gradbook.symbolic.expr import Expr, Indexed, Sum, Symbol

_FLOATS = '''
def _floats(*values):
    """Tensors of one floating type; integers take the default one."""
    tensors = [torch.as_tensor(value) for value in values]
    kind = functools.reduce(torch.promote_types, [t.dtype for t in tensors])
    if kind.is_complex:
        raise TypeError(f"real numbers are expected, not {kind}")
    if not kind.is_floating_point:
        kind = torch.get_default_dtype()
    return [t.to(kind) for t in tensors]
'''

_NOTES = (
    "What is not a number stays so (NaN in, NaN out). The formulas are arranged so that no intermediate "
    "value overflows where the result is in range.",
)


@dataclass(frozen=True)
class _Classes:
    """The names of the two functions of autograd, and the second derivative if backward has one."""

    value: str
    gradient: str
    second: Derivation | None


def text(of: Module) -> str:
    """The text of the module."""
    functions = of.functions()
    stem = "".join(word[:1].upper() + word[1:] for word in of.name.split("_"))
    classes = _Classes(f"{stem}Function", f"{stem}GradientFunction", _second(of))
    if classes.second is not None:
        again = "The backward pass can be differentiated again: the second derivative has its own formula."
        parts = _twice(of, functions, classes)
    else:
        again = (
            "The backward pass cannot be differentiated again (once_differentiable): asking for second "
            "derivatives is an error, not a wrong number."
        )
        parts = _once(of, functions, classes)
    test = _self_test(of, classes)
    return tidied(
        of.assembled(
            f'r"""{of.docstring([of.shapes(), again, *_NOTES])}\n"""',
            "import functools\nimport sys\n\nimport torch\nfrom torch.autograd.function import once_differentiable",
            [_FLOATS.strip(), kernels.source(of.lowering.primitives, "torch"), *parts, test],
        )
    )


def _second(of: Module) -> Derivation | None:
    """The second derivative, where the function is one of single numbers, differentiated by one of them."""
    if of.arguments.vectors or len(of.first) != 1:
        return None
    (first,) = of.first
    wrts = (first.wrts[0], first.wrts[0])
    told = next((d for d in of.derivations if d.wrts == wrts), None)
    if told is not None:
        return told
    try:
        return work_out(first.definition, wrts, domain=first.domain, title=first.title)
    except (BoundHit, NotDifferentiable, NeverDefined):
        return None


# --- classes --------------------------------------------------------------------------------------


def _twice(of: Module, functions: list[Function], classes: _Classes) -> list[str]:
    value, gradient, *higher = functions
    assert classes.second is not None
    second = of.function("", [(classes.second.result, ())], [classes.second])
    forward_of_gradient = [*_saving(of), *gradient.lines, f"return {gradient.results[0]}"]
    return [
        _class(
            of,
            classes.gradient,
            f"The derivative of {of.title}; its own backward pass is the second derivative.",
            forward_of_gradient,
            [
                *_refusals(of),
                *second.lines,
                f"curvature = {second.results[0]}",
                _returned(of, [_reduced(of, 0, "grad * curvature")]),
            ],
            once=True,
        ),
        _class(
            of,
            classes.value,
            f"{of.title}, with the derivative as its backward pass.",
            [*_saving(of), *value.lines, f"return {value.results[0]}"],
            [
                *_refusals(of),
                f"slope = {classes.gradient}.apply({_positional(of)})",
                _returned(of, [_reduced(of, 0, "grad * slope")]),
            ],
            once=False,
        ),
        _thin(of, of.name, summary(of, value), classes.value),
        _thin(of, gradient.name, summary(of, gradient), classes.gradient),
        *(_plain(of, f) for f in higher),
    ]


def _once(of: Module, functions: list[Function], classes: _Classes) -> list[str]:
    value, *others = functions
    lines: list[str] = []
    terms = [_pulled_back(of, d) for d in of.first]
    assigned, results = assignments(terms, Names(of.lowering.names.taken))
    lines += [*_refusals(of), *assigned]
    places = [of.names.index(of.lowering.argument(d.wrts[0])) for d in of.first]
    given = {place: _reduced(of, place, result) for place, result in zip(places, results, strict=True)}
    returned = [given.get(k, "None") for k in range(max(places) + 1)]
    lines.append(_returned(of, returned))
    return [
        _class(
            of,
            classes.value,
            f"{of.title}, with the derivative's own formula as its backward pass.",
            [*_saving(of), *value.lines, f"return {value.results[0]}"],
            lines,
            once=True,
        ),
        _thin(of, of.name, summary(of, value), classes.value),
        *(_plain(of, f) for f in others),
    ]


def _pulled_back(of: Module, derivation: Derivation) -> Term:
    """The vector-Jacobian product: the incoming gradient, of each component if there are several, times ours."""
    incoming: Expr
    if of.indices:
        incoming = Indexed("\1", of.indices)
        of.lowering.names.given[Symbol("\0\1")] = "grad"
    else:
        incoming = Symbol("\1")
        of.lowering.names.given[incoming] = "grad"
    c, result = coefficient(derivation.result)
    pulled: Expr = scaled(c, product((incoming, result)))
    for index in of.indices:
        pulled = simplify(collapsed(Sum(pulled, cast(Symbol, index).name)))
    wrt = derivation.wrts[0]
    return of.lowered(pulled, wrt.indices if isinstance(wrt, Indexed) else ())


def _class(of: Module, name: str, told: str, forward: list[str], backward: list[str], *, once: bool) -> str:
    parameters = ", ".join(["ctx", *of.names, *of.keywords])
    decorators = ["@staticmethod", *(["@once_differentiable"] if once else [])]
    lines = [
        f'"""{told}"""',
        "",
        "@staticmethod",
        f"def forward({parameters}):",
        *_indented(forward),
        "",
        *decorators,
        "def backward(ctx, grad):",
        *_indented(_with_saved(of, backward)),
    ]
    return f"class {name}(torch.autograd.Function):\n" + textwrap.indent("\n".join(lines), "    ")


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in "\n".join(lines).split("\n")]


def _saving(of: Module) -> list[str]:
    lines = [f"ctx.save_for_backward({', '.join(of.names)})"]
    return lines + [f"ctx.{n} = {n}" for n in of.keywords]


def _with_saved(of: Module, lines: list[str]) -> list[str]:
    """The lines of a backward pass after those that take what they use from the context."""
    code = (line for line in lines if not line.lstrip().startswith("raise "))
    words = set(re.findall(r"\w+", "\n".join(code)))
    names = ", ".join(n if n in words else "_" for n in of.names)
    unpacked = f"({names},)" if len(of.names) == 1 else names
    saved = [f"{unpacked} = ctx.saved_tensors"] if words & set(of.names) else []
    return [*saved, *(f"{n} = ctx.{n}" for n in of.keywords if n in words), *lines]


def _refusals(of: Module) -> list[str]:
    """No gradient is made up for a quantity that nothing was derived by."""
    derived = {of.lowering.argument(d.wrts[0]) for d in of.first}
    others = [(k, n) for k, n in enumerate(of.names) if n not in derived]
    if not others:
        return []
    asked = " or ".join(f"ctx.needs_input_grad[{k}]" for k, _ in others)
    names = " or ".join(n for _, n in others)
    return [
        f"if {asked}:",
        f'    raise NotImplementedError("{of.name} was not derived with respect to {names}")',
    ]


def _returned(of: Module, gradients: list[str]) -> str:
    missing = len(of.names) + len(of.keywords) - len(gradients)
    return f"return {', '.join([*gradients, *['None'] * missing])}"


def _reduced(of: Module, place: int, gradient: str) -> str:
    """A gradient in the shape of its argument, which may have been broadcast."""
    if len(of.names) == 1:
        return gradient
    return f"({gradient}).sum_to_size({of.names[place]}.shape)"


def _positional(of: Module) -> str:
    return ", ".join([*of.names, *of.keywords])


def _thin(of: Module, name: str, told: str, function: str) -> str:
    floats = f"*_floats({', '.join(of.names)})"
    call = ", ".join([floats, *of.keywords])
    return f'def {name}({of.signature}):\n    """{told}"""\n    return {function}.apply({call})'


def _plain(of: Module, function: Function) -> str:
    names = ", ".join(of.names)
    target = f"({names},)" if len(of.names) == 1 else names
    lines = [f"{target} = _floats({names})", *function.lines, f"return {', '.join(function.results)}"]
    body = textwrap.indent("\n".join(lines), "    ")
    return f'def {function.name}({of.signature}):\n    """{summary(of, function)}"""\n{body}'


# --- the self-test --------------------------------------------------------------------------------


def _self_test(of: Module, classes: _Classes) -> str:
    lines = ["rng = torch.Generator().manual_seed(seed)"]
    for name, quantity, interval in of.intervals():
        shape = of.sample_size(quantity).strip("()")
        draw = f"torch.rand({shape}, generator=rng, dtype=torch.float64)"
        if isinstance(quantity, Indexed) and quantity.base in of.derivations[0].domain.simplex:
            lines.append(f"{name} = torch.softmax({draw}, dim=-1)")
        else:
            width = round(interval.high - interval.low, 12)
            low = f"{interval.low!r} + " if interval.low else ""
            lines.append(f"{name} = {low}{width!r} * {draw}")
    lines += [f"{n} = {v!r}" for n, v in zip(of.keywords, of.arguments.constants.values(), strict=True)]
    if of.needed:
        # Products of positive numbers are where most logarithms and roots have a value.
        positive = [n for n, _, interval in of.intervals() if interval.low < 0]
        lines += [f"{n}[: samples // 2] = torch.abs({n}[: samples // 2])" for n in positive]
    assigned, mask = of.away_from_seams()
    if mask is not None and of.needed:
        axes = "" if not of.indices else ".all(dim=-1)"
        mask = f"({mask}) & torch.isfinite({of.name}({of.passed})){axes}"
    names = ", ".join(of.names)
    if mask is not None:
        lines += [*assigned, f"away = {mask}"]
        lines.append(", ".join(of.names) + " = " + ", ".join(f"{n}[away]" for n in of.names))
    derived = [of.lowering.argument(d.wrts[0]) for d in of.first]
    for name in dict.fromkeys(derived):
        lines.append(f"{name}.requires_grad_()")
    keywords = "".join(f", {n}={n}" for n in of.keywords)
    parameters = ", ".join(of.names)
    lines.append(f"passed = {of.names[0]}.shape[0] >= 5")
    checks = [("gradcheck", "first derivatives")]
    if classes.second is not None:
        checks.append(("gradgradcheck", "second derivatives"))
    for check, told in checks:
        lines += [
            f"agrees = torch.autograd.{check}(",
            f"    lambda {parameters}: {of.name}({parameters}{keywords}),",
            f"    ({names}{',' if len(of.names) == 1 else ''}),",
            "    raise_exception=False,",
            ")",
            "passed = passed and agrees",
            f"print(f\"{of.name}, {told}: {{'agree' if agrees else 'DIFFER'}}\")",
        ]
    lines.append("return passed")
    return (
        "def self_test(samples=100, seed=0):\n"
        '    """Compare with central finite differences at random points away from kinks."""\n'
        f"{textwrap.indent(chr(10).join(lines), '    ')}"
    )
