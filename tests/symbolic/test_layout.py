from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import effort
from tests.symbolic.strategies import expressions, rewrites

from gradbook.symbolic.blocks import Block, beside, over, text, width_of
from gradbook.symbolic.expr import (
    FUNCTIONS,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    All,
    AnyOf,
    Apply,
    At,
    Cases,
    Condition,
    Constant,
    Delta,
    Derivative,
    Div,
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
    walk,
)
from gradbook.symbolic.layout import layout, layout_chain, layout_relation
from gradbook.symbolic.plain import read

x, y, i = Symbol("x"), Symbol("y"), Symbol("i")


def picture(drawn: str) -> str:
    """A drawing in a test, without the indentation and the lines around it."""
    lines = drawn.strip("\n").rstrip().split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:].rstrip() for line in lines)


DRAWN = [
    (
        "1/(1+exp(-x))",
        """
           1
        ───────
             -x
        1 + e
        """,
    ),
    (
        "e^(z_i)/sum(e^(z_j), j)",
        """
          zᵢ
         e
        ─────
           zⱼ
        ∑ e
        j
        """,
    ),
    (
        "(y-f)^2/2 if |y-f| <= delta else delta*(|y-f| - delta/2)",
        """
        ⎧ (y - f)²
        ⎪ ────────         if |y - f| ≤ δ
        ⎪    2
        ⎨
        ⎪   ⎛          δ⎞
        ⎪ δ·⎜|y - f| - ─⎟  otherwise
        ⎩   ⎝          2⎠
        """,
    ),
    (
        "x/2*(1+tanh(sqrt(2/pi)*(x+0.044715x^3)))",
        """
            ⎛        ⎛ ┌─                    ⎞⎞
        x   ⎜        ⎜ │2                    ⎟⎟
        ─ · ⎜1 + tanh⎜ │─ · (x + 0.044715·x³)⎟⎟
        2   ⎝        ⎝╲│π                    ⎠⎠
        """,
    ),
    (
        "1/(1+1/(1+1/x))",
        """
            1
        ─────────
              1
        1 + ─────
                1
            1 + ─
                x
        """,
    ),
    (
        "(a/b)/c",
        """
         a
         ─
         b
        ───
         c
        """,
    ),
    ("x^(2/3)+y^(-1/2)+x^(-1)", " 2/3    -1/2\nx    + y     + x⁻¹"),
    ("(1+x^2)^(1/3)", "3┌──────\n╲│1 + x²"),
    ("sqrt(x)*||w||_1^2", "√x·‖w‖₁²"),
    ("(a/b)^(2/3)", "   2/3\n⎛a⎞\n⎜─⎟\n⎝b⎠"),
    ("(a/b)^n - |x/y|", "⎛a⎞ⁿ   │x│\n⎜─⎟  - │─│\n⎝b⎠    │y│"),
    ("1 - tanh(x)^2 + f''(y)", "1 - tanh²(x) + f″(y)"),
    ("-x/y + w_{11-1} - p_theta(x)", "  x\n- ─ + w₁₁₋₁ - p (x)\n  y            θ"),
    ("partial(L, w_ij) + diff(sin(x), x, 2)", " ∂L    d²\n──── + ───[sin(x)]\n∂wᵢⱼ   dx²"),
    ("at(x^2, x = 2)", "x²│\n  │x = 2"),
    ("prod(x_i, i, 1, n) + n!", " n\n ∏  xᵢ + n!\ni=1"),
    ("0 if x < 0 else x if 0 <= x <= 1 else 1", "⎧ 0  if x < 0\n⎨ x  if 0 ≤ x ≤ 1\n⎩ 1  otherwise"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "drawn"), DRAWN, ids=[typed for typed, _ in DRAWN])
def test_mathematics_is_drawn_in_two_dimensions(typed: str, drawn: str) -> None:
    assert str(layout(read(typed))) == picture(drawn)


@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("1/(1+exp(-theta))", "     1\n-----------\n     -theta\n1 + e"),
        ("sum(x_i^2, i, 1, n)", " n\n___    2\n\\   x_i\n/__\ni=1"),
        ("x if x <= 0 else lambda*pi", "/ x          if x <= 0\n<\n\\ lambda*pi  otherwise"),
        ("sqrt(x) + sqrt(x/y)", "            _\n           |x\nsqrt(x) +  |-\n          \\|y"),
        ("(a/b)^2 - |x_i|", "   2\n/a\\\n|-|  - |x_i|\n\\b/"),
    ],
)
def test_a_terminal_without_unicode_gets_ascii(typed: str, drawn: str) -> None:
    assert str(layout(read(typed), ascii=True)) == drawn


def is_rectangle(block: Block) -> bool:
    return 0 <= block.baseline < block.height and {width_of(line) for line in block.lines} == {block.width}


@effort(200)
@given(expressions(derivatives=True, vectors=True), st.sampled_from([None, 20, 60]), st.booleans())
def test_every_line_of_a_drawing_is_as_wide_as_the_others(tree: Expr, width: int | None, bare: bool) -> None:
    drawn = layout(tree, width=width, ascii=bare)
    assert is_rectangle(drawn)
    assert all(line.isprintable() for line in drawn.lines)
    assert not bare or str(drawn).isascii()


@effort(150)
@given(st.data())
def test_two_trees_that_are_drawn_alike_are_the_same_tree(data: st.DataObject) -> None:
    first = data.draw(expressions(derivatives=True, vectors=True))
    second = data.draw(rewrites(first, most=1) | expressions(depth=2))
    for bare in (False, True):
        assert (str(layout(first, ascii=bare)) == str(layout(second, ascii=bare))) == (first == second)


@effort(60)
@given(expressions(depth=6, largest=300))
def test_breaking_lines_changes_nothing_but_spaces_and_brackets(tree: Expr) -> None:
    def letters(drawn: Block) -> list[str]:
        return sorted(re.findall(r"[0-9A-Za-zθπσ]", str(drawn)))

    assert letters(layout(tree, width=30)) == letters(layout(tree))


@pytest.mark.parametrize("width", [20, 30, 50, 80])
def test_a_sum_is_broken_before_its_signs(width: int) -> None:
    terms = [Mul((Indexed("a", (number(k),)), x)) for k in range(1, 30)]
    drawn = layout(Add((terms[0], *(Neg(t) if k % 2 else t for k, t in enumerate(terms[1:])))), width=width)
    assert drawn.width <= width
    assert drawn.height > 1
    first, *rest = str(drawn).split("\n")
    assert first.startswith("a₁·x")
    assert all(line.startswith(("  + a", "  - a")) for line in rest)


def test_brackets_grow_around_what_is_broken_in_them() -> None:
    drawn = layout(read("2*(alpha+beta+gamma+theta+lambda+mu+x+y)*(x+y)"), width=29)
    assert str(drawn) == "  ⎛α + β + γ + θ + λ⎞\n2·⎝  + μ + x + y    ⎠·(x + y)"


def test_a_relation_too_wide_goes_on_beside_its_left_side() -> None:
    right = read("alpha+beta+gamma+theta+lambda+mu+x+y")
    assert str(layout_relation(read("f(x)"), Op.LE, right, width=28)) == (
        "f(x) ≤ α + β + γ + θ + λ + μ\n         + x + y"
    )
    assert str(layout_relation(right, Op.EQ, right, width=34)) == (
        "α + β + γ + θ + λ + μ + x + y\n  = α + β + γ + θ + λ + μ + x + y"
    )


def test_the_relations_of_a_chain_stand_under_each_other() -> None:
    chain = layout_chain(read("sigma'(x)"), [(Op.EQ, read("a/b")), (Op.EQ, read("sigma(x)(1-sigma(x))"))])
    assert str(chain) == "        a\nσ′(x) = ─\n        b\n\n      = σ(x)·(1 - σ(x))"
    assert is_rectangle(chain)


# --- trees that no parser produces ------------------------------------------------------------

low = Relation(ZERO, Op.LT, x)
ODD: list[Node] = [
    Add(()), Mul(()), Add((x,)), Mul((x,)), Cases(()), All(()), AnyOf(()), All((low,)), Not(low), Otherwise(),
    Number(ONE.value / 3), number(-2), Pow(number(-2), number(-2)), Neg(number(-2)), Constant("tau"),
    Symbol(""), Symbol("{"), Symbol("_"), Symbol(r"\frac{"), Symbol("x^"), Symbol("{" * 50), Symbol(r"\hat"),
    Symbol(r"\hat{\hat{x}_1}"), Symbol(r"\text"), Symbol(r"\text{a{b}c"), Symbol(r"\mathcal{L}_{\text{CE}}"),
    Symbol("\x1b[31mx\n"), Symbol("x'''''"), Symbol(r"\text{漢字}"), Symbol("'"), Symbol("\\"), Symbol("e\u0301"),
    Indexed("", ()), Indexed("x", ()), Indexed(r"\hat{y}^{(1)}", (Div(x, y), Pow(x, TWO))),
    Apply("f", ()), Apply("f", (), (1,)), Apply("f_{}", ()), Apply("f_{}", (i,)), Apply("f_{}", (i, x), (0, 1)),
    Apply("f_{}", (i, x), (1, 1)), Apply("f", (x,), (9,)), Apply("f^{(2)}", (x,), (1,)), Apply("f", (x, y), (1, 0)),
    Derivative(x, Symbol("?")), Derivative(x, Symbol("t"), 2, "dot"), Derivative(Div(x, y), Pow(x, TWO), 3, "nabla"),
    Derivative(x, Add((x, y)), 2, "odd"), At(At(x, x, y), Div(x, y), Div(x, y)), Delta(Div(x, y), x),
    Sum(x, "", ONE, None), Sum(Neg(x), "i", None, ONE), Sum(Div(x, y), r"\theta", Div(x, y), Div(x, y), Div(x, y)),
    Product(Sum(Cases(((x, low),)), "i"), "j", ONE, ONE), Mul((Sum(x, "i"), Sum(x, "i"))),
    Func("exp", (Cases(((x, low), (Func("exp", (Div(x, y),)), Otherwise()))),)), Func("softmax", (PI,)),
    Func("max", ()), Func("exp", ()), Func("dot", (x,)), Func("nonsense", (x, y)),
    Func("hadamard", (Func("hadamard", (x, y)), x)), Pow(Func("exp", (x,)), Func("exp", (Div(x, y),))),
    *(Func(name, (x,) * (count or 3)) for name, count in FUNCTIONS.items()),
    *(Pow(Func(name, (Div(x, y),) * (count or 1)), TWO) for name, count in FUNCTIONS.items()),
    *(Relation(Div(x, y), op, x) for op in Op),
]  # fmt: skip


@pytest.mark.parametrize("tree", ODD, ids=[str(k) for k in range(len(ODD))])
def test_any_tree_is_drawn(tree: Node) -> None:
    for width in (None, 1, 14):
        for bare in (False, True):
            drawn = layout(tree, width=width, ascii=bare)
            assert is_rectangle(drawn)
            assert all(line.isprintable() for line in drawn.lines)
            assert not bare or str(drawn).isascii()


def test_an_unknown_kind_of_node_is_a_mistake_of_the_caller() -> None:
    class Strange(Expr):
        __match_args__ = ()

    class Odd(Condition):
        __match_args__ = ()

    for node in (Strange(), Odd()):
        with pytest.raises(ValueError, match="expected a"):
            layout(node)


def test_wide_and_narrow_characters_are_counted_in_columns() -> None:
    drawn = layout(Div(Symbol(r"\text{漢字}"), Symbol(r"\hat{y}")))
    assert drawn.lines == ("漢字", "────", " ŷ  ")


@pytest.mark.parametrize("width", [None, 40])
def test_the_deepest_trees_that_are_typed_are_drawn_in_time(width: int | None) -> None:
    nested = ("sin(x + ", "1/(1 + ", "2*(-x*", "|x - ", "sum(-x + ", "x*(1 + ")
    closed = {"|x - ": "|", "sum(-x + ": ", i)"}
    deep = [opening * 28 + "x" + closed.get(opening, ")") * 28 for opening in nested]
    for typed in (*deep, "x^" * 45 + "x"):
        tree = read(typed)
        drawn = layout(tree, width=width)
        assert is_rectangle(drawn)
        assert str(drawn).count("x") == sum(node == x for node in walk(tree))


def test_blocks_beside_each_other_share_their_baseline() -> None:
    half = over(text("1"), text("2"), "─", 1)
    assert beside(text("x + "), half, text(" y")).lines == ("    1  ", "x + ─ y", "    2  ")
    assert beside(half, text("")).baseline == 1
