"""Derivations as Python: a vectorised, numerically stable function for the value and one for the gradient.

>>> from gradbook.derivation.steps import Definition
>>> from gradbook.derivation.working import work_out
>>> from gradbook.symbolic.plain import read
>>> done = work_out(Definition("f", (read("x"),), read("log(1 + exp(x))")), read("x"))
>>> [line for line in write([done]).splitlines() if "return _s" in line]
['    return _softplus(x)', '    return _sigmoid(x)']

Formulas are not typed in for each function: :mod:`~gradbook.derivation.code.stable` rewrites any formula by
identities that keep digits, :mod:`~gradbook.derivation.code.shifts` keeps sums of exponentials and of squares
in range, :mod:`~gradbook.derivation.code.safe` makes branches harmless where they do not count, and
:mod:`~gradbook.derivation.code.ends` takes limits at the ends of the range. What the code computes is
compared with 50-digit values in docs/accuracy.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradbook.derivation.code.lowering import CannotWrite
from gradbook.derivation.steps import Derivation

__all__ = ["CannotWrite", "write"]


def write(
    derivations: Sequence[Derivation],
    target: str = "numpy",
    constants: Mapping[str, float] | None = None,
    functions: Mapping[str, Derivation] | None = None,
) -> str:
    """The text of a Python module for the function of the derivations and for its derivatives.

    ``target`` is ``numpy`` or ``torch``; ``constants`` gives the parameters that become keyword arguments,
    with their defaults. Derivations are of one definition; those of first order become one function.
    ``functions`` gives the derivations of functions that the definition leaves open, such as the activation g
    of a loss of many components, by their names in it.

    Raises:
        CannotWrite: the formula has a part for which there is no array code.
        ValueError: no derivation, several definitions, or another target.
    """
    from gradbook.derivation.code.module import Module

    module = Module.of(derivations, target, constants or {}, functions or {})
    if target == "numpy":
        from gradbook.derivation.code.numpy_module import text
    else:
        from gradbook.derivation.code.torch_module import text
    return text(module)
