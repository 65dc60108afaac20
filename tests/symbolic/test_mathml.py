from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import effort
from tests.symbolic.strategies import expressions, rewrites
from tests.symbolic.test_layout import ODD

from gradbook.symbolic.expr import ONE, TWO, Expr, Mul, Node, Number, Op, Symbol, walk
from gradbook.symbolic.mathml import relation_to_mathml, to_mathml
from gradbook.symbolic.plain import read
from gradbook.symbolic.printing import to_latex

x = Symbol("x")
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
#: How many children an element of MathML Core has; any number where it is not said.
_CHILDREN = {
    "mfrac": 2,
    "msup": 2,
    "msub": 2,
    "msubsup": 3,
    "munder": 2,
    "munderover": 3,
    "mover": 2,
    "mroot": 2,
}
_LEAVES = {"mi", "mn", "mo", "mtext"}
_GROUPS = {"math", "mrow", "msqrt", "mtable", "mtr", "mtd"}


def parsed(markup: str) -> ElementTree.Element:
    """The elements of a formula, every one of which MathML Core knows and finds complete."""
    root = ElementTree.fromstring(markup)
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE)
        assert name in _LEAVES | _GROUPS | set(_CHILDREN)
        if name in _CHILDREN:
            assert len(element) == _CHILDREN[name]
        if name in _LEAVES:
            assert len(element) == 0
        else:
            assert not (element.text or "").strip()
    return root


def inner(typed: str) -> str:
    return (
        to_mathml(read(typed), display=False)
        .removeprefix('<math xmlns="http://www.w3.org/1998/Math/MathML">')
        .removesuffix("</math>")
    )


OPEN, CLOSE = (
    f'<mo form="{form}" fence="true" stretchy="true">{sign}</mo>'
    for form, sign in (("prefix", "("), ("postfix", ")"))
)


@pytest.mark.parametrize(
    ("typed", "markup"),
    [
        ("x/y", "<mfrac><mi>x</mi><mi>y</mi></mfrac>"),
        ("2x", "<mrow><mn>2</mn><mo>&#x2062;</mo><mi>x</mi></mrow>"),
        ("x*2", "<mrow><mi>x</mi><mo>·</mo><mn>2</mn></mrow>"),
        ("-x", '<mrow><mo form="prefix">−</mo><mi>x</mi></mrow>'),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("f(x)", f"<mrow><mi>f</mi><mo>&#x2061;</mo><mrow>{OPEN}<mi>x</mi>{CLOSE}</mrow></mrow>"),
        ("sqrt(x)", "<msqrt><mi>x</mi></msqrt>"),
        ("x^(1/3)", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (
            "sum(x_i, i, 1, n)",
            '<mrow><munderover><mo largeop="true">∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi>'
            "</munderover><msub><mi>x</mi><mi>i</mi></msub></mrow>",
        ),
        (
            "x log(x)",
            '<mrow><mi>x</mi><mo lspace="0" rspace="0.167em">&#x2062;</mo><mrow><mi>ln</mi><mo>&#x2061;</mo>'
            f"<mrow>{OPEN}<mi>x</mi>{CLOSE}</mrow></mrow></mrow>",
        ),
        ("y_hat", '<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>'),
        ("y_new", "<msub><mi>y</mi><mi>new</mi></msub>"),
        (r"`\mathcal{L}`", "<mi>ℒ</mi>"),
        (r"`\mathbf{w}`", "<mi>𝐰</mi>"),
    ],
)  # fmt: skip
def test_mathematics_is_marked_up(typed: str, markup: str) -> None:
    assert inner(typed) == markup
    parsed(to_mathml(read(typed)))


@effort(200)
@given(expressions(derivatives=True, vectors=True))
def test_any_tree_is_well_formed_and_complete(tree: Expr) -> None:
    root = parsed(to_mathml(tree))
    digits = [element.text for element in root.iter(f"{_NAMESPACE}mn")]
    for node in walk(tree):
        if isinstance(node, Number) and node.value.denominator == 1 and not node.decimals:
            assert str(node.value) in digits


@effort(150)
@given(st.data())
def test_two_trees_that_are_marked_up_alike_are_the_same_tree(data: st.DataObject) -> None:
    first = data.draw(expressions(derivatives=True, vectors=True))
    second = data.draw(rewrites(first, most=1) | expressions(depth=2))
    assert (to_mathml(first) == to_mathml(second)) == (first == second)


@effort(150)
@given(expressions(derivatives=True, vectors=True))
def test_there_are_as_many_brackets_as_in_latex(tree: Expr) -> None:
    assert to_mathml(tree).count(">(</mo>") == to_latex(tree).count("(")


@pytest.mark.parametrize("tree", ODD, ids=[str(k) for k in range(len(ODD))])
def test_trees_that_no_parser_produces_are_marked_up(tree: Node) -> None:
    parsed(to_mathml(tree))


@pytest.mark.parametrize("name", ["<script>", "a&b", r"\text{<b>x</b>}", 'x"y', "x_{<i>}", r"\hat{<}"])
def test_names_are_escaped(name: str) -> None:
    root = parsed(to_mathml(Mul((Symbol(name), TWO))))
    assert "".join(root.itertext()).endswith("·2")


def test_a_chain_of_relations() -> None:
    root = parsed(relation_to_mathml([x, TWO, ONE], [Op.EQ, Op.GE]))
    assert "".join(root.itertext()) == "x=2≥1"
    assert root.get("display") == "block"
    with pytest.raises(ValueError, match="expected 1 relations for 2 sides, got 2"):
        relation_to_mathml([x, ONE], [Op.EQ, Op.EQ])


def test_the_deepest_trees_that_are_typed_are_marked_up() -> None:
    for typed in ("sin(x + " * 40 + "x" + ")" * 40, "1/(1 + " * 40 + "x" + ")" * 40, "x^" * 45 + "x"):
        parsed(to_mathml(read(typed)))


def test_an_unknown_kind_of_node_is_a_mistake_of_the_caller() -> None:
    class Strange(Expr):
        __match_args__ = ()

    with pytest.raises(ValueError, match="expected an expression"):
        to_mathml(Strange())
