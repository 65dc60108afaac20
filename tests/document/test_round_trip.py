r"""What is printed is read back as the same tree, and what cannot be read says so and nothing else.

The first is the product's main invariant in the small: LaTeX that the program writes is LaTeX that it reads.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import effort
from tests.fuzz_reader import PIECES, complaint
from tests.symbolic.strategies import COMPONENTS, SIZE, SYMBOLS, UNKNOWN, VECTORS, expressions

from gradbook.document import check_text
from gradbook.document.formula import Names, read_condition, read_expression
from gradbook.document.notebook import NotebookError
from gradbook.document.tokens import FormulaError, Kind, Token, tokenise
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    HALF,
    ONE,
    TWO,
    Add,
    Apply,
    At,
    Cases,
    Condition,
    Derivative,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Pow,
    Sum,
    Symbol,
    number,
    walk,
)
from gradbook.symbolic.printing import to_latex

# What the program gets wrong today; a mark goes when its reason does.

x, y, z, i = Symbol("x"), Symbol("y"), Symbol("z"), Symbol("i")
u_i = Indexed("u", (i,))


def names() -> Names:
    """What a document that uses the trees of ``expressions`` has said about its names."""
    quantities = {s.name for s in (*SYMBOLS, *VECTORS, SIZE)} | set(COMPONENTS)
    return Names(functions=set(UNKNOWN), variables=quantities)


def read(latex: str) -> Expr:
    return read_expression(tokenise(latex), names())[0]


def spelling(tree: Expr | Condition) -> list[tuple[int | None, str | None]]:
    """What equality of trees leaves out: how decimals and derivatives were written."""
    return [
        (
            node.decimals if isinstance(node, Number) else None,
            node.variant if isinstance(node, Derivative) else None,
        )
        for node in walk(tree)
    ]


@effort(300)
@given(expressions(derivatives=True, vectors=True))
def test_a_tree_printed_and_read_back_is_the_same_tree(tree: Expr) -> None:
    assert read(to_latex(tree)) == tree


@effort(60)
@given(expressions(depth=6, derivatives=True, vectors=True, largest=200))
def test_a_large_tree_printed_and_read_back_is_the_same_tree(tree: Expr) -> None:
    assert read(to_latex(tree)) == tree


@effort(100)
@given(expressions(derivatives=True, vectors=True))
def test_how_numbers_and_derivatives_were_written_comes_back_too(tree: Expr) -> None:
    assert spelling(read(to_latex(tree))) == spelling(tree)


@effort(60)
@given(expressions(derivatives=True, vectors=True))
def test_conditions_printed_and_read_back_are_the_same_conditions(tree: Expr) -> None:
    for case in walk(tree):
        if not isinstance(case, Cases):
            continue
        for _, condition in case.branches[:-1]:
            assert read_condition(tokenise(to_latex(condition)), names()) == condition


@pytest.mark.parametrize(
    "tree",
    [
        Pow(x, HALF),
        Sum(Mul((u_i, Sum(Indexed("v", (Symbol("j"),)), "j"))), "i", ONE, SIZE),
        Add((Sum(u_i, "i"), x)),
        Add((Neg(Sum(u_i, "i")), Sum(Indexed("v", (i,)), "i"))),
        Derivative(Pow(x, TWO), x, 2, "partial"),
        Mul((number("0.10"), x)),
        Func("abs", (Add((Func("abs", (x,)), Neg(Func("abs", (y,))))),)),
        Pow(Func("norm", (VECTORS[0],)), TWO),
        pytest.param(At(Pow(x, TWO), x, TWO), id="value at 2"),
        pytest.param(Mul((TWO, At(Apply("f", (x,), (1,)), x, Add((y, ONE))))), id="slope at a sum"),
        Pow(x, Number(TWO.value / 3)),
        Pow(Func("log", (x,)), Number(HALF.value * 3)),
        Apply("h", (x, y), (1, 0)),
        Apply("h", (Mul((x, y)), Neg(y)), (0, 2)),
        Apply("h", (Apply("h", (ONE, y), (1, 0)), Mul((TWO, y)))),
        Apply("g", (Add((Mul((TWO, Apply("g", (x,), (4,)))), ONE)),)),
    ],
    ids=to_latex,
)  # fmt: skip
def test_what_readers_are_likely_to_get_wrong_comes_back(tree: Expr) -> None:
    assert read(to_latex(tree)) == tree


@pytest.mark.parametrize(
    ("latex", "other"),
    [
        (r"x - \left(y - z\right)", "x - y - z"),
        (r"\sin\left(x\right) y", r"\sin\left(x y\right)"),
        ("x^{-1}", "x - 1"),
    ],
)
def test_other_mathematics_is_another_tree(latex: str, other: str) -> None:
    assert read(latex) != read(other)


# --- what cannot be read ----------------------------------------------------------------------

_LATEX = r"""
    x y_i w_{11-1} x_{i,j} \theta f(x) g'(x) 0.5 12 e e^{ \pi \delta_{ij} \hat{y} \dot{x} \mathbf{w}
    \mathbb{1} \mathbb{R} \operatorname{ReLU} \text{if} \text{otherwise} \frac{df}{dx}
    \frac{\partial L}{\partial w_{ij}} \frac{d^2}{dx^2} \nabla_w \nabla^2 \sqrt{x} \sqrt[3]{x} \sum_{i \ne j}
    \sum_{i \in S} \prod_{k=1}^{K} \left| \right| \left\| \right\| \left\{ \right. \left. \right|_{x=2}
    \langle \rangle \|x\|_2 ^T ^{\top} ^{(1)} ^{(1,0)} ^{[l]} ^* _{ _{} ^{} {} \max \min \log_2 \exp \tanh^2
    \sin^{-1} \odot \otimes \pm \infty \in \notin \to < \le = \ne \approx \propto \Rightarrow \therefore \quad
    & \\ , ; ! ' | || \mid \cancel{x} \underbrace{x}_{y} \begin{cases} \end{cases} \begin{array}{ll}
    \end{array} \begin{pmatrix} \end{pmatrix} 1{,}000 5e-5 \% ² √ ∂
"""
#: LaTeX in fragments that rarely fit together.
FRAGMENTS = st.lists(
    st.sampled_from(PIECES) | st.sampled_from(_LATEX.split()) | st.text(max_size=3), max_size=25
)


def refusals(text: str) -> list[FormulaError | BoundHit]:
    """Why a text is no expression, and no condition; any other exception is a fault."""
    found: list[FormulaError | BoundHit] = []
    for attempt in (read_expression, read_condition):
        try:
            attempt(tokenise(text, Clock(5.0)), names(), None, Clock(5.0))
        except (FormulaError, BoundHit) as refusal:
            found.append(refusal)
    return found


@effort(600)
@given(FRAGMENTS.map("".join) | FRAGMENTS.map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_or_says_what_is_wrong_with_it(text: str) -> None:
    for refusal in refusals(text):
        assert str(refusal)
        assert isinstance(refusal, BoundHit) or 0 <= refusal.at <= len(text)


TOKENS = st.builds(
    Token,
    st.sampled_from(Kind),
    st.sampled_from(
        [
            *"{}()[]|&'_^+-*/.,;:=<>!x1de",
            *("", "||", "x_i", r"\{", r"\}", "\\\\"),
            *"frac sqrt sum prod nabla partial dot hat Vert langle rangle max log theta delta pi".split(),
            *"odot cdot le in evaluated top cases array if otherwise and ReLU quad prime infty".split(),
            *("%", r"\mathbb{1}"),
            "a b",
        ]
    ),
    st.integers(0, 9),
    st.integers(1, 10),
)


@effort(400)
@given(st.lists(TOKENS, max_size=30))
def test_any_tokens_are_read_or_refused(tokens: list[Token]) -> None:
    for attempt in (read_expression, read_condition):
        try:
            attempt(tokens, names(), None, Clock(5.0))
        except (FormulaError, BoundHit):
            continue


_UNITS = (
    *("{", "(", "x^{", r"\frac{", r"\sqrt{", r"\left|", "|", "-", "x^", r"\sum_i ", r"\frac{d}{dx}"),
    *(r"\begin{cases}", "f(", "'"),
)
_CLOSERS = {"{": "}", "(": ")", r"\left|": r"\right|", r"\begin{cases}": r"\end{cases}", "|": "|"}


@pytest.mark.parametrize("unit", _UNITS)
@pytest.mark.parametrize("closed", [False, True])
def test_nesting_without_end_is_refused_or_read(unit: str, closed: bool) -> None:
    end = next((closer for opener, closer in _CLOSERS.items() if unit.endswith(opener)), "") if closed else ""
    assert all(str(refusal) for refusal in refusals(unit * 3_000 + "x" + end * 3_000))


# --- documents --------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        *"Let where is then for so thus Case 1: the loss a sigmoid function = -1.67 , . | - > * #".split(),
        *("\n", "\n\n", "learning rate = 0.1", "for $x > 0$", "$y \\in \\{-1, 1\\}$", "**Case 2**"),
        "| a | b |\n|---|---|\n| $x$ | 2 |\n",
        "---\ngradbook:\n  domains: [x > 0]\n---\n",
    ]
)
_HEADS = r"f(x) g(x) h(x,y) f'(x) \frac{df}{dx} \frac{\partial{h}}{\partial{x}} x w_{11-1} u_i L".split()
_SIGNS = (" = ", " = ", " = ", r" \approx ", " < ", r" \le ", " := ", " &= ")


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Markdown in which formulas, words and accidents follow each other in any order."""
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 8))):
        match draw(st.integers(0, 4)):
            case 0 | 1:
                sides = draw(
                    st.lists(expressions(depth=2, derivatives=True).map(to_latex), min_size=1, max_size=2)
                )
                sign = draw(st.sampled_from(_SIGNS))
                fence = draw(st.sampled_from(["$$", "$$", "$", "\n```math\n"]))
                parts.append(fence + sign.join([draw(st.sampled_from(_HEADS)), *sides]) + fence)
            case 2:
                parts.append("$" + "".join(draw(FRAGMENTS)) + "$")
            case 3:
                parts.append("".join(draw(st.lists(st.sampled_from(PIECES), max_size=4))))
            case _:
                parts.append(" ".join(draw(st.lists(_WORDS, max_size=5))))
    return draw(st.sampled_from([" ", "\n\n", ""])).join(parts)


@effort(100)
@given(soups(), st.sampled_from(["a.md", "a.tex", "<text>"]))
def test_any_document_gets_verdicts_that_stand_inside_of_it(text: str, path: str) -> None:
    try:
        document = check_text(text, path, deadline=0.1)
    except NotebookError:
        assert text.lstrip("\ufeff \t\r\n").startswith("{")
        return
    assert complaint(document, text, 0.0) is None


@effort(40)
@given(soups())
def test_a_document_is_judged_the_same_way_twice(text: str) -> None:
    def verdicts() -> list[tuple[int, int, str]]:
        lines = check_text(text, "a.md", deadline=20.0).lines
        return [(line.line, line.column, line.verdict.name) for line in lines]

    assert verdicts() == verdicts()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *(("a.md", text) for text in ("$\n$$$", "```math\n", "$$\n")),
        *(("a.tex", text) for text in ("```math", "```math\n", "$$\n")),
        *(pytest.param("a.md", t) for t in ("$$", "$$$$$$", "\\[", "\\begin{align}", "```math")),
        *(pytest.param("a.tex", t) for t in ("$$", "$$$$$$", "$\n$$$", "\\[", "\\begin{align}")),
    ],
)
def test_a_formula_that_is_opened_at_the_end_stands_inside_of_the_document(path: str, text: str) -> None:
    assert complaint(check_text(text, path), text, 0.0) is None


#: A gradient that is wrong, of which the right one is a value at a point.
_LAYERS = r"""---
gradbook:
 vectors: [x, "z^{(1)}", "W^{(2)}"]
---
$$z^{(1)}=b{(1)}$$

$\delta^{(2)}=\frac{\partial L}{\partial z^{(2)}}(z{(2)})$

$$\frac{\partial L}{\partial z^{(1)}}=\left({W^{(2)}}^T\delta{(2)}\right)\odot\sigma'(z)$$
"""


@pytest.mark.parametrize(
    "text",
    [
        r"$d\text{where}b;i$",
        _LAYERS,
        "start$0=x_0$$f(4)=1$",
        "so that$2y=0$$r\\theta=n\\theta$",
        r"$) \ne j\ne j$$\frac{\partial p}{\partial z_j}{e{j}}{(m)}=p$",
        r"$$E = (t - (1+x+y+z)^{40} u)^2 + s^2 = \prod_{i=1}^{n} x_i$$",
    ],
    ids=[
        "words without a condition",
        "a gradient at a point",
        "an equation that says zero",
        "an equation of one term",
        "unequal to itself",
        "a large polynomial squared",
    ],
)
def test_what_fuzzing_found_gets_verdicts(text: str) -> None:
    assert complaint(check_text(text, "a.md"), text, 0.0) is None
