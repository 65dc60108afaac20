"""Vector and matrix equations, lowered to components and decided there."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import pytest

from gradbook.document.formula import Names, read_expression
from gradbook.document.tokens import tokenise
from gradbook.symbolic.components import Equation, componentwise, scalar_form
from gradbook.symbolic.decide import Outcome, decide
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.evaluate import Point, evaluate
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    Add,
    Derivative,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Pow,
    Relation,
    Sum,
    Symbol,
    number,
    substitute,
)
from gradbook.symbolic.quantities import Sizes
from gradbook.symbolic.ranks import Rank, infer_ranks, needs_components
from gradbook.symbolic.shapes import ShapeError

VECTORS = r"a b u v w x y z \mu \hat{y}".split()
MATRICES = "A B S W X Y".split()
DECLARED = {**dict.fromkeys(VECTORS, Rank.VECTOR), **dict.fromkeys(MATRICES, Rank.MATRIX)}


def read(latex: str) -> Expr:
    names = Names(functions={"f", "g"}, variables={"u", "v"})
    return read_expression(tokenise(latex), names)[0]


def readings(
    equation: str,
    declared: Mapping[str, Rank] = DECLARED,
    *,
    sizes: Sizes | None = None,
    symmetric: Sequence[str] = (),
) -> tuple[Equation, ...]:
    left, right = equation.split("==")
    return componentwise(read(left), read(right), declared, sizes=sizes, symmetric=symmetric)


def judge(equations: Sequence[Equation], domain: Domain | None = None) -> tuple[Outcome, str]:
    """Proved in one reading, or refuted in all of them; with the note of the reading that was proved."""
    outcomes: set[Outcome] = set()
    for equation in equations:
        outcome = decide(equation.left, equation.right, domain).outcome
        if outcome is Outcome.PROVED:
            return outcome, equation.note
        outcomes.add(outcome)
    return (outcomes.pop() if len(outcomes) == 1 else Outcome.UNDECIDED), ""


RIGHT = (
    r"""
\nabla_x (a^T x) == a
\nabla_x (x^T A x) == (A + A^T) x
\nabla_x^2 (x^T A x) == A + A^T
\nabla_x \|x\|^2 == 2 x
\nabla_x \|x\| == \frac{x}{\|x\|}
\nabla_x^2 \frac12 \|x\|^2 == I
\nabla_x^2 \|x\| == \frac{1}{\|x\|} (I - \frac{x x^T}{\|x\|^2})
\nabla_x \|x - a\| == \frac{x - a}{\|x - a\|}
\nabla_x \|x\|_1 == \operatorname{sign}(x)
\nabla_x \frac{1}{\|x\|} == -\frac{x}{\|x\|^3}
\nabla_x \|A x\| == \frac{A^T A x}{\|A x\|}
\nabla_x (x^T x)^2 == 4 (x^T x) x
\nabla_x e^{-\frac12 \|x\|^2} == -x e^{-\frac12 \|x\|^2}
\nabla_x \frac{x^T A x}{x^T x} == \frac{(A + A^T) x}{x^T x} - \frac{2 (x^T A x) x}{(x^T x)^2}
\nabla_w \|Xw - y\|^2 == 2 X^T (Xw - y)
\nabla_w^2 \|Xw - y\|^2 == 2 X^T X
\nabla_w (\|Xw - y\|^2 + \lambda \|w\|^2) == 2 X^T (Xw - y) + 2 \lambda w
\nabla_w (\|Xw - y\|^2 + \lambda \|w\|^2) == 2 (X^T X + \lambda I) w - 2 X^T y
\nabla_w^2 (\|Xw - y\|^2 + \lambda \|w\|^2) == 2 X^T X + 2 \lambda I
\nabla_w (\frac{1}{n} \|Xw - y\|^2) == \frac{2}{n} X^T (Xw - y)
\nabla_w (-y^T \ln \sigma(Xw) - (1 - y)^T \ln(1 - \sigma(Xw))) == X^T (\sigma(Xw) - y)
\nabla_w^2 (-y^T \ln \sigma(Xw) - (1 - y)^T \ln(1 - \sigma(Xw))) ==
    X^T \operatorname{diag}(\sigma(Xw) \odot (1 - \sigma(Xw))) X
\nabla_w \sum_{i=1}^n (w^T x_i - y_i)^2 == 2 \sum_{i=1}^n (w^T x_i - y_i) x_i
\nabla_w \frac{1}{2n} \sum_{i=1}^n (y_i - w^T x_i)^2 == -\frac{1}{n} \sum_{i=1}^n (y_i - w^T x_i) x_i
\nabla_w \sum_{i=1}^n \ln(1 + e^{-y_i w^T x_i}) == -\sum_{i=1}^n \frac{y_i x_i}{1 + e^{y_i w^T x_i}}
\nabla_\mu \sum_{i=1}^n \|x_i - \mu\|^2 == -2 \sum_{i=1}^n (x_i - \mu)
\nabla_w \max(0, 1 - t w^T x) == \begin{cases} -t x & t w^T x < 1 \\ 0 & \text{otherwise} \end{cases}
\nabla_z (a^T \max(0, z)) == \begin{cases} a & z > 0 \\ 0 & z < 0 \end{cases}
\nabla_z \ln(\mathbf{1}^T e^z) == \operatorname{softmax}(z)
\nabla_z \ln \sum_j e^{z_j} == \operatorname{softmax}(z)
\frac{\partial}{\partial z} \operatorname{softmax}(z) ==
    \operatorname{diag}(\operatorname{softmax}(z)) - \operatorname{softmax}(z) \operatorname{softmax}(z)^T
\nabla_{\hat{y}} (-y^T \ln \hat{y}) == -\frac{y}{\hat{y}}
\frac{\partial}{\partial u} (\frac{u^T v}{\|u\| \|v\|}) ==
    \frac{v}{\|u\| \|v\|} - \frac{u^T v}{\|u\|^3 \|v\|} u
\frac{\partial}{\partial z} (\frac12 \|\sigma(z) - y\|^2) == (\sigma(z) - y) \odot \sigma'(z)
\frac{\partial}{\partial z} (\frac12 \|W \sigma(z) + b - y\|^2) ==
    (W^T (W \sigma(z) + b - y)) \odot \sigma(z) \odot (1 - \sigma(z))
\frac{\partial}{\partial b} (\frac12 \|g(W x + b) - y\|^2) == (g(W x + b) - y) \odot g'(W x + b)
\frac{\partial}{\partial W} (\frac12 \|W x + b - y\|^2) == (W x + b - y) x^T
\frac{\partial}{\partial W} (\frac12 \|g(W x + b) - y\|^2) == ((g(W x + b) - y) \odot g'(W x + b)) x^T
\frac{\partial}{\partial W_{ij}} (u^T W v) == u_i v_j
\frac{\partial}{\partial x_k} \|x\|^2 == 2 x_k
\nabla_A \operatorname{tr}(A B) == B^T
\nabla_A \operatorname{tr}(A^T B A) == (B + B^T) A
\nabla_A \|A\|_F^2 == 2 A
\nabla_A (x^T A y) == x y^T
\nabla_A \|X - A B\|_F^2 == -2 (X - A B) B^T
\nabla_B \|X - A B\|_F^2 == -2 A^T (X - A B)
\operatorname{tr}(A B) == \operatorname{tr}(B A)
\operatorname{tr}(A^T A) == \|A\|_F^2
(A B)^T == B^T A^T
x^T A y == y^T A^T x
\langle A x, y \rangle == \langle x, A^T y \rangle
\|x - y\|^2 == \|x\|^2 - 2 x^T y + \|y\|^2
\|a\|^2 \|b\|^2 - (a^T b)^2 == \sum_i \sum_j \frac12 (a_i b_j - a_j b_i)^2
\sum_{i=1}^n w_i y_i == w^T y
f(x + y) == f(y + x)
A^2 x == A (A x)
\nabla_x \ln f(x) == \frac{\nabla_x f(x)}{f(x)}
\nabla_x (f(x) g(x)) == f(x) \nabla_x g(x) + g(x) \nabla_x f(x)
\nabla_x g(f(x)) == g'(f(x)) \nabla_x f(x)
\nabla_x f(\|x\|) == f'(\|x\|) \frac{x}{\|x\|}
\nabla_x \sum_i f_i(x)^2 == 2 \sum_i f_i(x) \nabla_x f_i(x)
\nabla_x f(x, y) == \nabla_x f(x, y)
""".strip()
    .replace("\n    ", " ")
    .splitlines()
)


@pytest.mark.parametrize("equation", RIGHT)
def test_right_equation_is_proved(equation: str) -> None:
    assert judge(readings(equation))[0] is Outcome.PROVED


LOGISTIC = r"\nabla_w (-y^T \ln \sigma(Xw) - (1 - y)^T \ln(1 - \sigma(Xw)))"
WRONG = {
    "factor 2 missing": r"\nabla_x \|x\|^2 == x",
    "only symmetric matrices": r"\nabla_x (x^T A x) == 2 A x",
    "norm not divided out": r"\nabla_x \|x\| == \frac{x}{\|x\|^2}",
    "transpose missing": r"\nabla_w \|Xw - y\|^2 == 2 X (Xw - y)",
    "2 missing": r"\nabla_w \|Xw - y\|^2 == X^T (Xw - y)",
    "sign": r"\nabla_w \|Xw - y\|^2 == 2 X^T (y - Xw)",
    "Hessian of the other side": r"\nabla_w^2 \|Xw - y\|^2 == 2 X X^T",
    "identity missing a factor": r"\nabla_w^2 (\|Xw - y\|^2 + \lambda \|w\|^2) == 2 X^T X + \lambda I",
    "penalty without 2": r"\nabla_w (\|Xw - y\|^2 + \lambda \|w\|^2) == 2 X^T (Xw - y) + \lambda w",
    "logistic, transpose": LOGISTIC + r" == X (\sigma(Xw) - y)",
    "logistic, sign": LOGISTIC + r" == X^T (y - \sigma(Xw))",
    "samples, 2": r"\nabla_w \sum_{i=1}^n (w^T x_i - y_i)^2 == \sum_{i=1}^n (w^T x_i - y_i) x_i",
    "samples, label": r"\nabla_w \sum_i \ln(1 + e^{-y_i w^T x_i}) == -\sum_i \frac{x_i}{1 + e^{y_i w^T x_i}}",
    "softmax Jacobian, sign": r"\frac{\partial}{\partial z} \operatorname{softmax}(z) =="
    r"\operatorname{softmax}(z) \operatorname{softmax}(z)^T - \operatorname{diag}(\operatorname{softmax}(z))",
    "cosine, power": r"\frac{\partial}{\partial u} (\frac{u^T v}{\|u\| \|v\|}) =="
    r" \frac{v}{\|u\| \|v\|} - \frac{u^T v}{\|u\|^2 \|v\|} u",
    "backprop, transpose": r"\frac{\partial}{\partial z} (\frac12 \|W \sigma(z) - y\|^2) =="
    r" (W (W \sigma(z) - y)) \odot \sigma'(z)",
    "backprop, slope lost": r"\frac{\partial}{\partial z} (\frac12 \|\sigma(z) - y\|^2) == \sigma(z) - y",
    "weights, sign": r"\frac{\partial}{\partial W} (\frac12 \|W x - y\|^2) == (y - W x) x^T",
    "∇ has the shape of its variable": r"\nabla_W (\frac12 \|W x - y\|^2) == x (W x - y)^T",
    "trace, transpose": r"\nabla_A \operatorname{tr}(A B) == B",
    "order of a transpose": r"(A B)^T == A^T B^T",
    "outer product": r"x y^T == y x^T",
    "component, indices": r"\frac{\partial}{\partial W_{ij}} (u^T W v) == u_j v_i",
    "unknown function": r"f(x + y) == f(x - y)",
    "product rule, sign": r"\nabla_x (f(x) g(x)) == f(x) \nabla_x g(x) - g(x) \nabla_x f(x)",
    "chain rule, inner point": r"\nabla_x f(2 x) == 2 \nabla_x f(x)",
    "gradient by the other argument": r"\nabla_x f(x, y) == \nabla_y f(x, y)",
    "relu, branch": r"\nabla_z (a^T \operatorname{relu}(z)) =="
    r" \begin{cases} a & z > 0 \\ -a & z < 0 \end{cases}",
}


@pytest.mark.parametrize("equation", WRONG.values(), ids=WRONG)
def test_wrong_equation_is_refuted(equation: str) -> None:
    assert judge(readings(equation))[0] is Outcome.REFUTED


MISFITS = {
    r"x^T == y": "a row of length n cannot equal a vector of length d",
    r"\|x\| == x": "a scalar cannot equal a vector of length n",
    r"x == A": "a vector of length n cannot equal a matrix of shape d×m",
    r"x + y^T == x": "a vector of length n plus a row of length d",
    r"x A == y": "a vector of length n times a matrix of shape d×m",
    r"A x^T == y": "a matrix of shape n×d times a row of length m",
    r"\operatorname{tr}(x) == \lambda": "the trace of a vector of length n",
    r"A^T A + \lambda == A^T A": "a matrix of shape n×n plus a scalar",
    r"\frac{x}{A} == x": "divided by a matrix",
    r"A^{-1} x == y": "inverse",
    r"e^{A} == A": "exp of a matrix",
    r"\mathbf{1}^T \mathbf{1} == n": "the length of a vector",
    r"\operatorname{tr}(I) == n": "the length of a vector",
    r"\nabla_A (A x) == A": "a derivative of order 1 of a vector of length n by a matrix of shape n×d",
    r"\nabla_x^2 f(x) == A": "a second derivative of an unknown function of a vector",
    r"\nabla (x^T x) == 2 x": "by what",
}


@pytest.mark.parametrize(("equation", "message"), MISFITS.items())
def test_shapes_that_do_not_fit_are_named(equation: str, message: str) -> None:
    declared = {**DECLARED, "I": Rank.MATRIX, "f": Rank.SCALAR}
    with pytest.raises(ShapeError) as caught:
        readings(equation, declared)
    assert message in str(caught.value)


NOTED = {
    r"\nabla_x (b^T A x) == b^T A": "gradient written as a row",
    r"\frac{\partial}{\partial x} \|x\| == \frac{x^T}{\|x\|}": "gradient written as a row",
    r"\frac{\partial}{\partial x} (A x) == A": "",
    r"\frac{\partial}{\partial x} (A x) == A^T": "Jacobian in denominator layout",
    r"\frac{\partial}{\partial x^T} (A x) == A": "",
    r"\frac{\partial}{\partial x} (x^T A) == A": "",
    r"\frac{\partial^2}{\partial x \partial x^T} (x^T A x) == A + A^T": "",
    r"\frac{\partial}{\partial W} (\frac12 \|W x - y\|^2) == x (W x - y)^T": "numerator layout",
    r"\frac{\partial}{\partial A} \operatorname{tr}(A B) == B": "numerator layout",
    r"\nabla_w (w \cdot x) == x": "",
    r"\nabla_w (\frac{\lambda}{2} w^2) == \lambda w": "squared length",
    r"\nabla_w (\frac{\lambda}{2} |w|^2) == \lambda w": "its length",
    r"\nabla_z (\frac12 \|\sigma(z) - y\|^2) == (\sigma(z) - y) \sigma'(z)": "component by component",
    r"\|x\|^2 == x_1^2 + x_2^2 + x_3^2": "end at the last component",
}


@pytest.mark.parametrize(("equation", "note"), NOTED.items())
def test_convention_that_is_not_the_usual_one_is_noted(equation: str, note: str) -> None:
    outcome, found = judge(readings(equation))
    assert outcome is Outcome.PROVED
    assert note in found
    assert bool(note) == bool(found)


def test_wrong_gradient_is_refuted_in_every_layout() -> None:
    equations = readings(r"\frac{\partial}{\partial W} (\frac12 \|W x - y\|^2) == 2 (W x - y) x^T")
    assert len(equations) == 2
    assert judge(equations)[0] is Outcome.REFUTED


def test_row_equals_column_only_if_a_side_is_a_derivative() -> None:
    with pytest.raises(ShapeError):
        readings(r"A x == (A x)^T")


# --- what the document states -----------------------------------------------------------------


def test_symmetric_matrix_gives_the_short_gradient() -> None:
    equation = r"\nabla_x (\frac12 x^T A x - b^T x) == A x - b"
    assert judge(readings(equation))[0] is Outcome.REFUTED
    assert judge(readings(equation, symmetric=["A"]))[0] is Outcome.PROVED
    wrong = r"\nabla_x (\frac12 x^T A x - b^T x) == A x + b"
    assert judge(readings(wrong, symmetric=["A"]))[0] is Outcome.REFUTED


def test_stated_sizes_find_a_missing_transpose() -> None:
    sizes = {"X": ("n", "d"), "w": ("d",), "y": ("n",)}
    with pytest.raises(ShapeError, match="a matrix of shape n×d times a vector of length n"):
        readings(r"\nabla_w \|Xw - y\|^2 == 2 X (Xw - y)", sizes=sizes)
    right = r"\nabla_w (\frac{1}{n} \|Xw - y\|^2) == \frac{2}{n} X^T (Xw - y)"
    assert judge(readings(right, sizes=sizes))[0] is Outcome.PROVED


@pytest.mark.parametrize("equation", [r"\mathbf{1}_n^T \mathbf{1}_n == n", r"\operatorname{tr}(I_n) == n"])
def test_named_length_can_be_counted(equation: str) -> None:
    assert judge(readings(equation))[0] is Outcome.PROVED


def test_cross_entropy_of_softmax_needs_labels_that_add_up_to_one() -> None:
    equation = r"\nabla_z (-y^T \ln \operatorname{softmax}(z)) == \operatorname{softmax}(z) - y"
    one = Relation(scalar_form(read(r"\mathbf{1}^T y"), DECLARED), Op.EQ, ONE)
    stated = Domain(simplex=frozenset({"y"}), equations=(one,))
    assert judge(readings(equation))[0] is Outcome.REFUTED
    assert judge(readings(equation), stated)[0] is Outcome.PROVED
    wrong = equation.replace("== ", "== -")
    assert judge(readings(wrong), stated)[0] is Outcome.REFUTED


# --- unknown functions, samples, layers -------------------------------------------------------

COSINE = r"""
\frac{\partial}{\partial \theta} \sum_i (1 - \frac{y_i^T f(\theta)}{\|y_i\| \|f(\theta)\|}) ==
\sum_i (SIGN\frac{y_i^T \frac{\partial}{\partial\theta} f(\theta)}{\|y_i\| \|f(\theta)\|}
+ \frac{(y_i^T f(\theta)) (f(\theta)^T \frac{\partial}{\partial\theta} f(\theta))}{\|y_i\| \|f(\theta)\|^3})
"""


def test_unknown_function_with_vector_values_is_differentiated_by_component() -> None:
    assert judge(readings(COSINE.replace("SIGN", "-"), {}))[0] is Outcome.PROVED
    assert judge(readings(COSINE.replace("SIGN", ""), {}))[0] is Outcome.REFUTED


LAYERS = (
    r"\frac{\partial}{\partial W_1} (\frac12 \|W_2 \sigma(W_1 x) - y\|^2) == (TURN \odot \sigma'(W_1 x)) x^T"
)


def test_numbered_matrices_are_matrices_of_their_own() -> None:
    declared = {"x": Rank.VECTOR, "y": Rank.VECTOR}
    right = LAYERS.replace("TURN", r"(W_2^T (W_2 \sigma(W_1 x) - y))")
    wrong = LAYERS.replace("TURN", r"(W_2 (W_2 \sigma(W_1 x) - y))")
    assert judge(readings(right, declared))[0] is Outcome.PROVED
    assert judge(readings(wrong, declared))[0] is Outcome.REFUTED


def test_index_of_the_document_is_not_captured() -> None:
    # k and m would be the first letters for free and bound indices.
    assert (
        judge(readings(r"\nabla_w \sum_k (w^T x_k - y_k)^2 == 2 \sum_m (w^T x_m - y_m) x_m"))[0]
        is Outcome.PROVED
    )
    assert (
        judge(
            readings(
                r"\frac{\partial}{\partial w_k} (\frac12 w^T A w) == \frac12 \sum_m (A_{km} + A_{mk}) w_m"
            )
        )[0]
        is Outcome.PROVED
    )


# --- ranks ------------------------------------------------------------------------------------

USES = {
    r"w^T x_i - y_i": {"w": Rank.VECTOR, "x_{}": Rank.VECTOR},
    r"\|Xw - y\|^2": {"X": Rank.MATRIX, "w": Rank.VECTOR, "y": Rank.VECTOR},
    r"x^T A x": {"x": Rank.VECTOR, "A": Rank.MATRIX},
    r"\operatorname{tr}(A B)": {"A": Rank.MATRIX, "B": Rank.MATRIX},
    r"\|x_i - \mu\|": {"x_{}": Rank.VECTOR, r"\mu": Rank.VECTOR},
    r"\operatorname{softmax}(z)": {"z": Rank.VECTOR},
    r"y_i^T f(\theta)": {"y_{}": Rank.VECTOR, "f": Rank.VECTOR},
    r"\|XW - Y\|_F^2": {"X": Rank.MATRIX, "W": Rank.MATRIX, "Y": Rank.MATRIX},
    r"\lambda t + 1": {},
    r"y_i x_i - t": {},
}


@pytest.mark.parametrize(("use", "ranks"), USES.items())
def test_ranks_are_inferred_from_use(use: str, ranks: dict[str, Rank]) -> None:
    assert infer_ranks((read(use),), {}) == ranks


def test_ranks_spread_from_one_side_to_the_other() -> None:
    left, right = read(r"\nabla_w E"), read("X^T (p - y)")
    found = infer_ranks((left, right), {"y": Rank.VECTOR})
    assert found == {"y": Rank.VECTOR, "X": Rank.MATRIX, "p": Rank.VECTOR, "w": Rank.VECTOR}


def test_declared_rank_is_never_changed() -> None:
    assert infer_ranks((read("x + b"),), {"x": Rank.VECTOR, "b": Rank.SCALAR})["b"] is Rank.SCALAR


@pytest.mark.parametrize("scalars", [r"x^2 + \sin x_i", r"\sum_i w_i x_i", r"\frac{df}{dx}"])
def test_scalar_equations_need_no_components(scalars: str) -> None:
    assert not needs_components((read(scalars),), {"W": Rank.MATRIX})


@pytest.mark.parametrize(
    "vectors", [r"x^T x", r"\|x\|", r"a \odot b", r"\nabla_x f", "W + 1", r"\operatorname{tr}(B)"]
)
def test_vector_operations_need_components(vectors: str) -> None:
    assert needs_components((read(vectors),), {"W": Rank.MATRIX})


# --- against matrices of numbers --------------------------------------------------------------
#
# The oracle works out the same trees with matrices of exact dual numbers, a + b ε with ε² = 0, whose
# ε-part is the derivative. It knows nothing of indices.


@dataclass(frozen=True)
class Dual:
    value: Fraction
    slope: Fraction = Fraction(0)

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)


Table = list[list[Dual]]
LENGTHS = {"n": 2, "d": 3}
SIZES: Sizes = {
    "a": ("n",),
    "b": ("n",),
    "u": ("d",),
    "v": ("d",),
    "X": ("n", "d"),
    "A": ("n", "n"),
    "B": ("d", "d"),
}
NAMED: dict[tuple[str, str], list[str]] = {
    ("n", "1"): ["a", "b"],
    ("d", "1"): ["u", "v"],
    ("n", "d"): ["X"],
    ("n", "n"): ["A"],
    ("d", "d"): ["B"],
    ("1", "1"): ["s", "t"],
}


def product_of(a: Table, b: Table) -> Table:
    if len(a) == len(a[0]) == 1:
        return [[a[0][0] * x for x in row] for row in b]
    if len(b) == len(b[0]) == 1:
        return [[x * b[0][0] for x in row] for row in a]
    assert len(a[0]) == len(b)
    return [
        [sum((row[k] * b[k][j] for k in range(len(b))), Dual(Fraction(0))) for j in range(len(b[0]))]
        for row in a
    ]


def entrywise(combine: Callable[[Dual, Dual], Dual], a: Table, b: Table) -> Table:
    rows, columns = max(len(a), len(b)), max(len(a[0]), len(b[0]))

    def at(t: Table, i: int, j: int) -> Dual:
        return t[0][0] if len(t) == len(t[0]) == 1 else t[i][j]

    return [[combine(at(a, i, j), at(b, i, j)) for j in range(columns)] for i in range(rows)]


def total(table: Table) -> Table:
    return [[sum((x for row in table for x in row), Dual(Fraction(0)))]]


def by_tables(expr: Expr, tables: Mapping[str, Table]) -> Table:
    """The value of a tree as a matrix of dual numbers."""
    match expr:
        case Number(value):
            return [[Dual(value)]]
        case Symbol(name):
            return tables[name]
        case Neg(arg):
            return product_of([[Dual(Fraction(-1))]], by_tables(arg, tables))
        case Add((left, right)):
            return entrywise(Dual.__add__, by_tables(left, tables), by_tables(right, tables))
        case Mul((left, right)):
            return product_of(by_tables(left, tables), by_tables(right, tables))
        case Func("hadamard", (left, right)):
            return entrywise(Dual.__mul__, by_tables(left, tables), by_tables(right, tables))
        case Func("dot", (left, right)):
            return total(entrywise(Dual.__mul__, by_tables(left, tables), by_tables(right, tables)))
        case Func("transpose", (arg,)):
            return [list(column) for column in zip(*by_tables(arg, tables), strict=True)]
        case Func("trace", (arg,)):
            table = by_tables(arg, tables)
            return total([[row[k]] for k, row in enumerate(table)])
        case Func("diag", (arg,)):
            table = by_tables(arg, tables)
            zero = Dual(Fraction(0))
            return [[row[0] if i == j else zero for j in range(len(table))] for i, row in enumerate(table)]
        case Pow(Func("norm", (arg,)), _):
            table = by_tables(arg, tables)
            return total(entrywise(Dual.__mul__, table, table))
        case _:
            raise AssertionError(expr)


def tree_of_shape(rng: random.Random, shape: tuple[str, str], depth: int) -> Expr:
    """A random tree of a shape."""
    rows, columns = shape

    def inner(*dimensions: str) -> Expr:
        return tree_of_shape(rng, (dimensions[0], dimensions[1]), depth - 1)

    if depth <= 0 or rng.random() < 0.1:
        if shape in NAMED:
            return Symbol(rng.choice(NAMED[shape]))
        if (columns, rows) in NAMED:
            return Func("transpose", (Symbol(rng.choice(NAMED[columns, rows])),))
    middle = rng.choice(("n", "d"))
    makers: list[Callable[[], Expr]] = [
        lambda: Add((inner(*shape), inner(*shape))),
        lambda: Neg(inner(*shape)),
        lambda: Mul((number(rng.randint(2, 5)), inner(*shape))),
        lambda: Mul((inner("1", "1"), inner(*shape))),
        lambda: Mul((inner(rows, middle), inner(middle, columns))),
        lambda: Func("transpose", (inner(columns, rows),)),
    ]
    if shape == ("1", "1"):
        makers += [
            lambda: Pow(Func("norm", (inner(middle, "1"),)), TWO),
            lambda: Func("dot", (inner(middle, "1"), inner(middle, "1"))),
            lambda: Func("trace", (inner(middle, middle),)),
        ]
    else:
        makers.append(lambda: Func("hadamard", (inner(*shape), inner(*shape))))
        if rows == columns:
            makers.append(lambda: Func("diag", (inner(rows, "1"),)))
        if columns == "1":
            makers.append(lambda: Add((ONE, Neg(inner(*shape)))))
    return rng.choice(makers)()


def random_tables(rng: random.Random) -> dict[str, Table]:
    return {
        name: [
            [Dual(Fraction(rng.randint(-9, 9), rng.randint(1, 4))) for _ in range(LENGTHS.get(shape[1], 1))]
            for _ in range(LENGTHS.get(shape[0], 1))
        ]
        for shape, names in NAMED.items()
        for name in names
    }


def at_tables(expr: Expr, tables: Mapping[str, Table]) -> Fraction:
    """The value of a tree of components, taken from the matrices."""

    def supply(atom: Expr) -> Fraction:
        match atom:
            case Symbol(name) if name in LENGTHS:
                return Fraction(LENGTHS[name])
            case Symbol(name):
                return tables[name][0][0].value
            case Indexed(base, indices):
                places = [int(i.value) - 1 for i in indices if isinstance(i, Number)]
                return tables[base][places[0]][places[1] if len(places) > 1 else 0].value
            case _:
                raise AssertionError(atom)

    value = evaluate(expr, Point(supply), precision=4096)
    exact = value.fmpq() if value.is_exact() else None
    if exact is not None:
        return Fraction(int(exact.p), int(exact.q))
    # Thirds make the ball inexact; the simplest fraction in it is the value.
    return Fraction(str(value.mid().str(600, radius=False))).limit_denominator(10**200)


def components(expr: Expr, like: Expr) -> Expr:
    """One side at free indices k and l, with its shape tied to another tree's."""
    return componentwise(expr, like, RANKS, sizes=SIZES)[0].left


RANKS = {name: (Rank.MATRIX if len(size) == 2 else Rank.VECTOR) for name, size in SIZES.items()} | {
    "s": Rank.SCALAR,
    "t": Rank.SCALAR,
}


def places(rows: int, columns: int) -> list[tuple[int, int]]:
    return list(product(range(rows), range(columns)))


@pytest.mark.parametrize("seed", range(150))
def test_components_are_those_of_matrices_of_numbers(seed: int) -> None:
    rng = random.Random(seed)
    shape = rng.choice([("1", "1"), ("n", "1"), ("1", "d"), ("n", "d"), ("d", "d")])
    tree = tree_of_shape(rng, shape, 4)
    tables = random_tables(rng)
    expected = by_tables(tree, tables)
    lowered = components(tree, tree)
    free = [
        s for s, size in zip((Symbol("k"), Symbol("l")), [d for d in shape if d != "1"], strict=False) if size
    ]
    for i, j in places(len(expected), len(expected[0])):
        chosen = [p + 1 for p, size in zip((i, j), shape, strict=True) if size != "1"]
        here = substitute(lowered, dict(zip(free, map(number, chosen), strict=True)))
        assert at_tables(here, tables) == expected[i][j].value


@pytest.mark.parametrize("seed", range(100))
def test_gradients_are_those_of_dual_numbers(seed: int) -> None:
    rng = random.Random(1000 + seed)
    tree = tree_of_shape(rng, ("1", "1"), 4)
    name = rng.choice(["a", "u", "X", "A"])
    tables = random_tables(rng)
    lowered = components(Derivative(tree, Symbol(name), 1, "nabla"), Symbol(name))
    table = tables[name]
    for i, j in places(len(table), len(table[0])):
        moved = [
            [Dual(x.value, Fraction((r, c) == (i, j))) for c, x in enumerate(row)]
            for r, row in enumerate(table)
        ]
        expected = by_tables(tree, {**tables, name: moved})[0][0].slope
        here = substitute(lowered, {Symbol("k"): number(i + 1), Symbol("l"): number(j + 1)})
        assert at_tables(here, tables) == expected


def test_oracle_tells_a_transpose_apart() -> None:
    """The oracle itself, fed a wrong answer."""
    tables = random_tables(random.Random(0))
    lowered = components(Mul((Func("transpose", (Symbol("A"),)), Symbol("a"))), Symbol("a"))
    wrong = by_tables(Mul((Symbol("A"), Symbol("a"))), tables)
    here = substitute(lowered, {Symbol("k"): ONE})
    assert at_tables(here, tables) != wrong[0][0].value


def test_sum_over_the_components_has_their_range() -> None:
    lowered = scalar_form(Func("dot", (Symbol("a"), Symbol("b"))), RANKS, sizes=SIZES)
    assert isinstance(lowered, Sum)
    assert (lowered.lower, lowered.upper) == (ONE, Symbol("n"))
