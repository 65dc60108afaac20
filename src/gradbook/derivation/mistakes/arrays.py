r"""Mistakes with vectors and matrices: transposes, the order of factors, products taken for sums.

Shapes that do not fit have no value, so these are not told by values: each way to mend the line is decided as the
line itself is, by components.

>>> from gradbook.symbolic import to_text
>>> f, g = Symbol("f"), Symbol("g")
>>> [to_text(tree) for _, tree, slip in mended_arrays(Add((Func("transpose", (g,)), Func("transpose", (f,)))))][0]
'gᵀ·f + fᵀ·g'
"""

from __future__ import annotations

from collections.abc import Iterator

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.symbolic.expr import Add, Condition, Expr, Func, Mul, Node, Symbol, children, rebuild

Mended = Iterator[tuple[Expr, Slip]]


def _transposed(tree: Expr) -> Expr:
    return tree.args[0] if isinstance(tree, Func) and tree.name == "transpose" else Func("transpose", (tree,))


def _upright(tree: Expr) -> Expr:
    """The tree without its transposition."""
    return tree.args[0] if isinstance(tree, Func) and tree.name == "transpose" else tree


def inner_product_as_sum(node: Expr) -> Mended:
    """The mal-rule ``E116`` with vectors: both orders of the inner product that belongs there."""
    match node:
        case Add((a, b)):
            u, v = _upright(a), _upright(b)
            mended = Add((Mul((_transposed(u), v)), Mul((_transposed(v), u))))
            words = "the derivative of an inner product with itself is written as the sum of its parts: {} should be {}"
            yield mended, Slip("E116", words, (node, mended), node, mended)
        case _:
            return


@mistake(
    "E140",
    "transposed, or factors in the wrong order",
    meant=r"$\nabla_x (a^{\top} x) = a$, $\frac{\partial}{\partial W}(\delta^{\top} W x) = \delta\,x^{\top}$",
    family=Family.EXPRESSION,
    example=(
        "f(\\mathbf{x}) = \\frac{1}{2} \\|A \\mathbf{x} - \\mathbf{b}\\|^2",
        "\\nabla f(\\mathbf{x}) = A (A \\mathbf{x} - \\mathbf{b})",
        "\\nabla f(\\mathbf{x}) = A^T (A \\mathbf{x} - \\mathbf{b})",
    ),
    cost=1.0,
)
def transposition(node: Expr) -> Mended:
    r"""A transpose is missing or too many, or the factors of a matrix product stand in the wrong order, so that the
    shapes do not fit, or fit for square matrices only.

    It happens because numbers commute and matrices do not.
    """
    match node:
        case Func("transpose", (arg,)):
            yield arg, Slip("E140", "{} should not be transposed", (arg,), node, arg)
        case Mul(factors) if len(factors) > 1:
            for k, factor in enumerate(factors):
                if not (isinstance(factor, Func) and factor.name == "transpose"):
                    turned = Func("transpose", (factor,))
                    mended = Mul((*factors[:k], turned, *factors[k + 1 :]))
                    yield mended, Slip("E140", "{} should be transposed", (factor,), factor, turned)
            for k in range(len(factors) - 1):
                swapped = Mul((*factors[:k], factors[k + 1], factors[k], *factors[k + 2 :]))
                words = "the factors of {} stand in the wrong order"
                yield swapped, Slip("E140", words, (node,), node, swapped)
            for k in range(len(factors) - 1):
                a, b = factors[k : k + 2]
                turned_pair = Mul((*factors[:k], _transposed(b), _transposed(a), *factors[k + 2 :]))
                words = "the factors of {} stand in the wrong order, each to be transposed"
                yield turned_pair, Slip("E140", words, (node,), node, turned_pair, extra=0.1)
                outer = Mul((*factors[:k], b, Func("transpose", (a,)), *factors[k + 2 :]))
                yield outer, Slip("E140", words.partition(",")[0], (node,), node, outer, extra=0.1)
                outer = Mul((*factors[:k], Func("transpose", (b,)), a, *factors[k + 2 :]))
                yield outer, Slip("E140", words.partition(",")[0], (node,), node, outer, extra=0.1)
        case _:
            return


def mended_arrays(*trees: Expr) -> Iterator[tuple[int, Expr, Slip]]:
    """Trees with a mistake of shape mended at one place, in every way, with which of the trees it was."""
    for malrule in (inner_product_as_sum, transposition):
        for which, tree in enumerate(trees):
            for mended, slip in _everywhere(tree, malrule):
                yield which, mended, slip


def _everywhere(tree: Expr, malrule: object) -> Mended:
    yield from malrule(tree)  # type: ignore[operator]
    for k, child in enumerate(children(tree)):
        if isinstance(child, Condition) or isinstance(tree, Symbol):
            continue
        assert isinstance(child, Expr)
        for part, slip in _everywhere(child, malrule):
            yield _put(tree, k, part), slip


def _put(tree: Expr, place: int, part: Expr) -> Expr:
    count = -1

    def change(child: Node) -> Node:
        nonlocal count
        count += 1
        return part if count == place else child

    result = rebuild(tree, change)
    assert isinstance(result, Expr)
    return result
