from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.symbolic.strategies import expressions, rewrites

from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
    Cases,
    Constant,
    Delta,
    Derivative,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Not,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
)
from gradbook.symbolic.printing import to_latex, to_text

x, y, f, i, j, n, t = (Symbol(name) for name in "xyfijnt")
theta = Symbol(r"\theta")
x_i, w_ij = Indexed("x", (i,)), Indexed("w", (i, j))
total = Sum(Mul((x_i, y)), "i", ONE, n)
low, high = Relation(ZERO, Op.LT, x), Relation(x, Op.LE, ONE)

#: A tree, its LaTeX, its text.
EXAMPLES: list[tuple[Node, str, str]] = [
    # leaves
    (number(3), "3", "3"),
    (number("0.50"), "0.50", "0.50"),
    (number("-0.05"), "-0.05", "-0.05"),
    (Number(Fraction(2, 3)), r"\frac{2}{3}", "2/3"),
    (Number(Fraction(1, 3), 2), r"\frac{1}{3}", "1/3"),
    (PI, r"\pi", "π"),
    (E, "e", "e"),
    (theta, r"\theta", "θ"),
    (Symbol("w_{11-1}"), "w_{11-1}", "w_{11-1}"),
    (Symbol(r"\hat{y}"), r"\hat{y}", "ŷ"),
    (Symbol(r"\mathrm{inp}_{1}"), r"\mathrm{inp}_{1}", "inp_1"),
    (x_i, "x_{i}", "x_i"),
    (w_ij, "w_{ij}", "w_ij"),
    (Indexed("w", (ONE, TWO)), "w_{1,2}", "w_{1,2}"),
    (Indexed("z", (number(12),)), "z_{12}", "z_12"),
    (Indexed("w", (i, Symbol(r"\mu"))), r"w_{i,\mu}", "w_iμ"),
    (Indexed("x", (Add((i, ONE)),)), "x_{i + 1}", "x_{i + 1}"),
    (Delta(i, j), r"\delta_{ij}", "δ_ij"),
    # sums and signs
    (Add((x, Neg(y), ONE)), "x - y + 1", "x - y + 1"),
    (Add((Neg(x), number(-2))), "-x - 2", "-x - 2"),
    (Add((x, Add((y, ONE)))), r"x + (y + 1)", "x + (y + 1)"),
    (Add((x, Neg(Add((y, ONE))))), r"x - (y + 1)", "x - (y + 1)"),
    (Add((x, Neg(Neg(y)))), r"x - (-y)", "x - (-y)"),
    (Neg(Neg(x)), r"-(-x)", "-(-x)"),
    (Neg(Mul((x, y))), "-x y", "-x·y"),
    (Mul((Neg(x), y)), r"(-x) y", "(-x)·y"),
    (Mul((x, number(-2))), r"x \cdot (-2)", "x·(-2)"),
    # products
    (Mul((TWO, x, y)), "2 x y", "2·x·y"),
    (Mul((TWO, number(3), x)), r"2 \cdot 3 x", "2·3·x"),
    (Mul((x, TWO)), r"x \cdot 2", "x·2"),
    (Mul((TWO, Div(ONE, number(3)))), r"2 \cdot \frac{1}{3}", "2·(1/3)"),
    (Mul((TWO, Div(x, y))), r"2 \frac{x}{y}", "2·(x/y)"),
    (Mul((x, Pow(TWO, y))), r"x \cdot 2^{y}", "x·2^y"),
    (Mul((x, Mul((x, y)))), r"x \cdot (x y)", "x·(x·y)"),
    (Mul((TWO, Add((x, y)))), r"2 (x + y)", "2·(x + y)"),
    (Mul((f, Add((x, y)))), r"f \cdot (x + y)", "f·(x + y)"),
    (Mul((Pow(f, TWO), Add((x, y)))), r"f^{2} \cdot (x + y)", "f²·(x + y)"),
    (Mul((f, Pow(Add((x, y)), TWO))), r"f \cdot (x + y)^{2}", "f·(x + y)²"),
    (Mul((x_i, Add((x, y)))), r"x_{i} \cdot (x + y)", "x_i·(x + y)"),
    (Mul((Pow(x, HALF), Add((x, y)))), r"\sqrt{x} (x + y)", "√x·(x + y)"),
    (Mul((Add((x, y)), x)), r"(x + y) x", "(x + y)·x"),
    # fractions, powers, roots
    (Div(Add((x, y)), Mul((TWO, x))), r"\frac{x + y}{2 x}", "(x + y)/(2·x)"),
    (Div(Mul((x, y)), TWO), r"\frac{x y}{2}", "x·y/2"),
    (Div(Mul((x, total)), n), r"\frac{x \sum_{i=1}^{n} x_{i} y}{n}", "(x·Σ_{i=1..n} x_i·y)/n"),
    (Pow(x, TWO), "x^{2}", "x²"),
    (Pow(x, Neg(ONE)), "x^{-1}", "x⁻¹"),
    (Pow(x, number("0.5")), "x^{0.5}", "x^0.5"),
    (Pow(x, Add((n, ONE))), "x^{n + 1}", "x^(n + 1)"),
    (Pow(x, HALF), r"\sqrt{x}", "√x"),
    (Pow(Add((x, y)), Number(Fraction(1, 3))), r"\sqrt[3]{x + y}", "(x + y)^(1/3)"),
    (Pow(x, Number(Fraction(2, 3))), r"x^{\frac{2}{3}}", "x^(2/3)"),
    (Pow(x, Number(Fraction(-1, 2))), r"x^{-\frac{1}{2}}", "x^(-1/2)"),
    (Pow(Neg(x), TWO), r"(-x)^{2}", "(-x)²"),
    (Pow(Pow(x, TWO), y), r"(x^{2})^{y}", "(x²)^y"),
    (Pow(Pow(x, HALF), TWO), r"\left(\sqrt{x}\right)^{2}", "(√x)²"),
    (Pow(Div(x, y), TWO), r"\left(\frac{x}{y}\right)^{2}", "(x/y)²"),
    (Pow(Number(Fraction(1, 2)), n), r"\left(\frac{1}{2}\right)^{n}", "(1/2)^n"),
    (Pow(x_i, TWO), "x_{i}^{2}", "x_i²"),
    (Pow(Symbol("x^{(1)}"), TWO), r"(x^{(1)})^{2}", "x^{(1)}²"),
    # functions
    (Func("exp", (Neg(x),)), "e^{-x}", "exp(-x)"),
    (Pow(Func("exp", (x,)), TWO), r"(e^{x})^{2}", "exp(x)²"),
    (Func("log", (x,)), r"\ln(x)", "ln(x)"),
    (Pow(Func("tanh", (x,)), TWO), r"\tanh^{2}(x)", "tanh(x)²"),
    (Func("sigmoid", (Mul((theta, x)),)), r"\sigma(\theta x)", "σ(θ·x)"),
    (Func("abs", (Neg(x),)), r"\left|-x\right|", "|-x|"),
    (Pow(Func("norm", (Symbol("w"),)), TWO), r"\left\|w\right\|^{2}", "‖w‖²"),
    (Func("norm1", (x,)), r"\left\|x\right\|_{1}", "‖x‖₁"),
    (Mul((Func("transpose", (x,)), y)), r"x^{\top} y", "xᵀ·y"),
    (Func("transpose", (Add((x, y)),)), r"(x + y)^{\top}", "(x + y)ᵀ"),
    (Func("dot", (x, y)), r"\left\langle x, y\right\rangle", "⟨x, y⟩"),
    (Mul((TWO, Func("hadamard", (x, y)))), r"2 (x \odot y)", "2·(x ⊙ y)"),
    (Func("max", (ZERO, x)), r"\max(0, x)", "max(0, x)"),
    (Func("relu", (x,)), r"\operatorname{ReLU}(x)", "ReLU(x)"),
    (Func("sign", (x,)), r"\operatorname{sign}(x)", "sign(x)"),
    (Func("asin", (x,)), r"\arcsin(x)", "asin(x)"),
    (Func("asinh", (x,)), r"\operatorname{arsinh}(x)", "asinh(x)"),
    (Apply(r"p_{\theta}", (x_i,)), r"p_{\theta}(x_{i})", "p_θ(x_i)"),
    (Apply("f", (x,), (1,)), r"f'(x)", "f'(x)"),
    (Apply("f", (x,), (4,)), r"f^{(4)}(x)", "f^(4)(x)"),
    (Apply("f", (x, y), (1, 0)), r"f^{(1,0)}(x, y)", "f^(1,0)(x, y)"),
    (Apply("f^{(2)}", (x,), (1,)), r"{f^{(2)}}'(x)", "f^{(2)}'(x)"),
    # operators
    (Derivative(Pow(x, TWO), x), r"\frac{d}{dx}\left[x^{2}\right]", "d/dx[x²]"),
    (Derivative(x, x_i, 1, "partial"), r"\frac{\partial}{\partial x_{i}}\left[x\right]", "∂/∂x_i[x]"),
    (Derivative(y, theta, 2, "d"), r"\frac{d^{2}}{d\theta^{2}}\left[y\right]", "d²/dθ²[y]"),
    (Derivative(y, theta, 1, "nabla"), r"\nabla_{\theta}\left[y\right]", "∇_θ[y]"),
    (Derivative(x, t, 1, "dot"), r"\dot{x}", "d/dt[x]"),
    (Mul((TWO, Derivative(y, x))), r"2 \frac{d}{dx}\left[y\right]", "2·(d/dx[y])"),
    (total, r"\sum_{i=1}^{n} x_{i} y", "Σ_{i=1..n} x_i·y"),
    (Sum(Add((x_i, y)), "i"), r"\sum_{i} (x_{i} + y)", "Σ_i (x_i + y)"),
    (Sum(Neg(x_i), "i"), r"\sum_{i} (-x_{i})", "Σ_i (-x_i)"),
    (Sum(w_ij, "j", excluded=i), r"\sum_{j \ne i} w_{ij}", "Σ_{j≠i} w_ij"),
    (Sum(w_ij, "j", ONE, n, i), r"\sum_{j=1, j \ne i}^{n} w_{ij}", "Σ_{j=1..n, j≠i} w_ij"),
    (Sum(Sum(w_ij, "j"), "i"), r"\sum_{i} \sum_{j} w_{ij}", "Σ_i Σ_j w_ij"),
    (Add((total, y)), r"\sum_{i=1}^{n} x_{i} y + y", "Σ_{i=1..n} x_i·y + y"),
    (Mul((x, total)), r"x \sum_{i=1}^{n} x_{i} y", "x·Σ_{i=1..n} x_i·y"),
    (Mul((total, x)), r"\left(\sum_{i=1}^{n} x_{i} y\right) x", "(Σ_{i=1..n} x_i·y)·x"),
    (Pow(total, TWO), r"\left(\sum_{i=1}^{n} x_{i} y\right)^{2}", "(Σ_{i=1..n} x_i·y)²"),
    (Product(x_i, "i"), r"\prod_{i} x_{i}", "Π_i x_i"),
    (
        Cases(((ZERO, Relation(x, Op.LE, ZERO)), (x, Otherwise()))),
        r"\begin{cases} 0 & \text{if } x \le 0 \\ x & \text{otherwise} \end{cases}",
        "{0 if x ≤ 0; x otherwise}",
    ),
    # conditions
    (Relation(x, Op.NE, y), r"x \ne y", "x ≠ y"),
    (All((low, high)), r"0 < x \le 1", "0 < x ≤ 1"),
    (All((low, Relation(y, Op.GE, ONE))), r"0 < x \text{ and } y \ge 1", "0 < x and y ≥ 1"),
    (
        AnyOf((Not(low), All((low, high)))),
        r"\lnot (0 < x) \text{ or } (0 < x \le 1)",
        "not (0 < x) or (0 < x ≤ 1)",
    ),
]


@pytest.mark.parametrize(("tree", "latex", "text"), EXAMPLES, ids=[latex for _, latex, _ in EXAMPLES])
def test_a_tree_prints_with_the_brackets_that_it_needs_and_no_more(tree: Node, latex: str, text: str) -> None:
    assert to_latex(tree) == latex
    assert to_text(tree) == text


@given(st.data())
def test_two_trees_that_print_alike_are_the_same_tree(data: st.DataObject) -> None:
    first = data.draw(expressions(derivatives=True, vectors=True))
    second = data.draw(rewrites(first, most=2) | expressions(depth=2))
    assert (to_latex(first) == to_latex(second)) == (first == second)


@given(expressions(derivatives=True, vectors=True))
def test_brackets_and_braces_are_balanced(tree: Expr) -> None:
    latex = to_latex(tree)
    assert latex.count(r"\left") - latex.count(r"\left\l") == latex.count(r"\right") - latex.count(
        r"\right\r"
    )
    depth = 0
    for brace in re.findall(r"[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


@given(expressions(derivatives=True, vectors=True))
def test_text_is_one_printable_line_without_latex(tree: Expr) -> None:
    text = to_text(tree)
    assert text.isprintable()
    assert "\\" not in text


def test_how_decimals_were_written_is_kept() -> None:
    assert to_latex(Mul((number("0.10"), x))) == "0.10 x"
    assert to_latex(number("2e-3")) == "0.002"
    assert to_latex(number("2e5")) == "200000"


@pytest.mark.parametrize(
    "exact", [10**6000 + 7, -(10**9001), 2**50_000], ids=["ten to the 6000", "negative", "two to the 50000"]
)
def test_numbers_beyond_pythons_limit_on_digits_are_printed(exact: int) -> None:
    digits = to_latex(number(exact))
    # The reference goes by residues, because str() would refuse.
    remainder = 0
    for digit in digits.lstrip("-"):
        remainder = (remainder * 10 + int(digit)) % 1_000_000_007
    assert remainder == abs(exact) % 1_000_000_007
    assert digits.startswith("-") == (exact < 0)


def test_a_name_from_a_document_cannot_control_a_terminal() -> None:
    assert to_text(Symbol("x\x1b[31m\n")) == "x[31m"


def test_an_unknown_kind_of_node_is_a_mistake_of_the_caller() -> None:
    class Strange(Expr):
        __match_args__ = ()

    for write in (to_latex, to_text):
        with pytest.raises(ValueError, match="expected an expression"):
            write(Strange())


def test_a_constant_without_a_sign_of_its_own_prints_its_name() -> None:
    assert to_latex(Constant("e")) == to_text(Constant("e")) == "e"
