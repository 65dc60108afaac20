from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import effort
from tests.symbolic.strategies import expressions
from tests.symbolic.test_layout import ODD

from gradbook.document.formula import Names, read_expression
from gradbook.document.tokens import tokenise
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
    At,
    Cases,
    Condition,
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
    children,
    number,
    walk,
)
from gradbook.symbolic.plain import PlainError, Statement, read, read_condition, read_statement, write
from gradbook.symbolic.printing import to_latex

a, b, c, f, i, j, n, p, t, x, y = (Symbol(name) for name in "abcfijnptxy")
theta, net = Symbol(r"\theta"), Symbol(r"\text{net}")
x_i, y_i, p_i = (Indexed(name, (i,)) for name in "xyp")
THIRD = Number(ONE.value / 3)


def sin(arg: Expr) -> Func:
    return Func("sin", (arg,))


READ: list[tuple[str, Expr]] = [
    # signs, products, quotients
    ("-x^2", Neg(Pow(x, TWO))),
    ("- - x", x),
    ("x - -y", Add((x, y))),
    ("x*-y", Mul((x, Neg(y)))),
    ("2x", Mul((TWO, x))),
    ("3 sin(x)", Mul((number(3), sin(x)))),
    ("x y", Mul((x, y))),
    ("(x+1)(y+1)", Mul((Add((x, ONE)), Add((y, ONE))))),
    ("a*b/c", Div(Mul((a, b)), c)),
    ("a/b*c", Mul((Div(a, b), c))),
    ("a/b/c", Div(Div(a, b), c)),
    ("1/2 x", Mul((Div(ONE, TWO), x))),
    ("1/n sum(x_i, i)", Mul((Div(ONE, n), Sum(x_i, "i")))),
    ("a - (b - c)", Add((a, Neg(Add((b, Neg(c))))))),
    # powers
    ("x**2", Pow(x, TWO)),
    ("a^b^c", Pow(a, Pow(b, c))),
    ("2^-x^2", Pow(TWO, Neg(Pow(x, TWO)))),
    ("x^(1/3)", Pow(x, THIRD)),
    ("x^1/3", Div(Pow(x, ONE), number(3))),
    ("x^(-1/2)", Pow(x, Neg(Div(ONE, TWO)))),
    ("x^{n+1}", Pow(x, Add((n, ONE)))),
    ("x²y⁻¹", Mul((Pow(x, TWO), Pow(y, Neg(ONE))))),
    ("sqrt(x)", Pow(x, HALF)),
    ("√x + cbrt(x)", Add((Pow(x, HALF), Pow(x, THIRD)))),
    ("x^0.5", Pow(x, number("0.5"))),
    ("e^-x", Func("exp", (Neg(x),))),
    ("e^x^2", Func("exp", (Pow(x, TWO),))),
    ("e*x", Mul((E, x))),
    ("x^T*y", Mul((Func("transpose", (x,)), y))),
    ("n!", Func("factorial", (n,))),
    # functions
    ("log(1+exp(-y*f))", Func("log", (Add((ONE, Func("exp", (Neg(Mul((y, f))),)))),))),
    ("ln x", Func("log", (x,))),
    ("log_2(x)", Div(Func("log", (x,)), Func("log", (TWO,)))),
    ("log10(x)", Div(Func("log", (x,)), Func("log", (number(10),)))),
    ("log1p(x)", Func("log", (Add((ONE, x)),))),
    ("sin 2x + 1", Add((sin(Mul((TWO, x))), ONE))),
    ("sin^2 x", Pow(sin(x), TWO)),
    ("sin²(x)", Pow(sin(x), TWO)),
    ("sin^-1(x)", Func("asin", (x,))),
    ("sin x cos y", Mul((sin(x), Func("cos", (y,))))),
    ("max(0, 1 - y*f)", Func("max", (ZERO, Add((ONE, Neg(Mul((y, f)))))))),
    ("ReLU(x) + arctan(x) + sgn(x)", Add((Func("relu", (x,)), Func("atan", (x,)), Func("sign", (x,))))),
    ("sigma(x)", Func("sigmoid", (x,))),
    ("sigma'(x)", Apply("sigmoid", (x,), (1,))),
    ("sigma(x + 1)/sigma", Div(Mul((Symbol(r"\sigma"), Add((x, ONE)))), Symbol(r"\sigma"))),
    ("|x|", Func("abs", (x,))),
    ("|x - |y||", Func("abs", (Add((x, Neg(Func("abs", (y,))))),))),
    ("|x| |y|", Mul((Func("abs", (x,)), Func("abs", (y,))))),
    ("||x||^2", Pow(Func("norm", (x,)), TWO)),
    ("||x||_1", Func("norm1", (x,))),
    # names
    ("pi*theta", Mul((PI, theta))),
    ("π·θ", Mul((PI, theta))),
    (r"\theta", theta),
    ("net", net),
    ("w_11", Indexed("w", (number(11),))),
    ("w_ij*w_11", Mul((Indexed("w", (i, j)), Indexed("w", (ONE, ONE))))),
    ("x1", Indexed("x", (ONE,))),
    ("w_{11-1}", Symbol("w_{11-1}")),
    ("w_{1,2}", Indexed("w", (ONE, TWO))),
    ("x_{i+1}", Indexed("x", (Add((i, ONE)),))),
    ("y_new", Symbol("y_{new}")),
    ("z_h1", Symbol("z_{h1}")),
    ("y_hat_i", Indexed(r"\hat{y}", (i,))),
    ("y[i]", y_i),
    ("y[t, 1]", Indexed("y", (t, ONE))),
    ("x_t", Symbol("x_{t}")),
    ("sum(x_t, t)", Sum(Indexed("x", (t,)), "t")),
    ("x^{(1)}", Symbol("x^{(1)}")),
    (r"`\mathcal{L}`", Symbol(r"\mathcal{L}")),
    ("delta_ij", Delta(i, j)),
    # applied or multiplied
    ("f(x)", Apply("f", (x,))),
    ("f''(x)", Apply("f", (x,), (2,))),
    ("h^{(1,0)}(x, y)", Apply("h", (x, y), (1, 0))),
    ("foo(x)", Apply(r"\text{foo}", (x,))),
    ("p_theta(x_i)", Apply(r"p_{\theta}", (x_i,))),
    ("f_i(x)", Apply("f_{}", (i, x))),
    ("f_1(x)", Apply("f_{1}", (x,))),
    ("x(x + 1)", Mul((x, Add((x, ONE))))),
    ("p(1 - p)", Mul((p, Add((ONE, Neg(p)))))),
    ("y_i(1 - y_i)", Mul((y_i, Add((ONE, Neg(y_i)))))),
    ("y(t, x)", Apply("y", (t, x))),
    # operators
    ("sum(y_i*log(p_i), i)", Sum(Mul((y_i, Func("log", (p_i,)))), "i")),
    ("sum(y_i*log(p_i) for i in 1..n)", Sum(Mul((y_i, Func("log", (p_i,)))), "i", ONE, n)),
    ("sum(y[i], i, 1, n)", Sum(y_i, "i", ONE, n)),
    ("Sum(y[i], (i, 1, n))", Sum(y_i, "i", ONE, n)),
    ("sum(y_i, i = 0..n-1)", Sum(y_i, "i", ZERO, Add((n, Neg(ONE))))),
    ("sum(y_j, j != i)", Sum(Indexed("y", (j,)), "j", excluded=i)),
    ("sum(y_j for j in 1..n if j != i)", Sum(Indexed("y", (j,)), "j", ONE, n, i)),
    ("2 sum(x_i, i) + b", Add((Mul((TWO, Sum(x_i, "i"))), b))),
    ("prod(x_i, i)", Product(x_i, "i")),
    ("diff(x^2, x)", Derivative(Pow(x, TWO), x)),
    ("partial(f, x_i, 2)", Derivative(f, x_i, 2, "partial")),
    ("at(x^2, x = 3)", At(Pow(x, TWO), x, number(3))),
    # cases
    (
        "x if x > 0 else a*x",
        Cases(((x, Relation(x, Op.GT, ZERO)), (Mul((a, x)), Otherwise()))),
    ),
    (
        "0 if x <= 0 else x if 0 < x < 1 else 1",
        Cases(
            (
                (ZERO, Relation(x, Op.LE, ZERO)),
                (x, All((Relation(ZERO, Op.LT, x), Relation(x, Op.LT, ONE)))),
                (ONE, Otherwise()),
            )
        ),
    ),
    ("2(x if x > 0 else 0)", Mul((TWO, Cases(((x, Relation(x, Op.GT, ZERO)), (ZERO, Otherwise())))))),
]


def said(tree: Expr) -> Names:
    """What a document that uses the names of a tree as the tree does has said about them."""
    nodes = walk(tree)
    functions = {node.name.removesuffix("_{}") for node in nodes if isinstance(node, Apply)}
    functions |= {node.name for node in nodes if isinstance(node, Apply)}
    variables = {node.name for node in nodes if isinstance(node, Symbol)}
    variables |= {node.base for node in nodes if isinstance(node, Indexed)}
    indices = {
        k.name for node in nodes if isinstance(node, Indexed) for k in node.indices if isinstance(k, Symbol)
    }
    double = {node.base for node in nodes if isinstance(node, Indexed) and len(node.indices) == 2}
    return Names(
        functions=functions, variables=variables - functions - {r"\sigma"}, indices=indices, double=double
    )


@pytest.mark.parametrize(("text", "tree"), READ, ids=[text for text, _ in READ])
def test_what_is_typed_is_read(text: str, tree: Expr) -> None:
    assert read(text) == tree


#: What LaTeX does not write as documents read it: the name of a family of functions, a letter that only
#: a definition makes a quantity, a derivative of a known function, a sum with an end and an exception.
_NOT_IN_LATEX = {"f_i(x)", "sigma'(x)", "sigma(x + 1)/sigma", "sum(y_j for j in 1..n if j != i)"}


@pytest.mark.parametrize("tree", [tree for text, tree in READ if text not in _NOT_IN_LATEX], ids=to_latex)
def test_the_same_mathematics_in_latex_is_the_same_tree_in_a_document(tree: Expr) -> None:
    assert read_expression(tokenise(to_latex(tree)), said(tree))[0] == tree


@pytest.mark.parametrize("tree", [tree for _, tree in READ], ids=[text for text, _ in READ])
def test_what_is_written_is_read_back(tree: Expr) -> None:
    text = write(tree)
    assert text.isascii()
    assert read(text) == tree


@effort(300)
@given(expressions(derivatives=True, vectors=True))
def test_a_tree_written_and_read_back_is_the_same_tree(tree: Expr) -> None:
    back = read(write(tree))
    assert back == tree
    assert [node.decimals for node in walk(back) if isinstance(node, Number)] == [
        node.decimals for node in walk(tree) if isinstance(node, Number)
    ]


@effort(100)
@given(expressions(derivatives=True, vectors=True))
def test_what_is_read_here_documents_read_in_latex(tree: Expr) -> None:
    typed = read(write(tree))
    assert read_expression(tokenise(to_latex(typed)), said(typed))[0] == typed


@effort(60)
@given(expressions(derivatives=True, vectors=True))
def test_conditions_written_and_read_back_are_the_same(tree: Expr) -> None:
    for node in walk(tree):
        if isinstance(node, Condition):
            assert read_condition(write(node)) == node


low, high = Relation(ZERO, Op.LT, x), Relation(x, Op.LE, ONE)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("0 < x <= 1", All((low, high))),
        ("0 < x and x ≤ 1", All((low, high))),
        ("0 < x or x <= 1 and y == 0", AnyOf((low, All((high, Relation(y, Op.EQ, ZERO)))))),
        ("(0 < x or x <= 1) and y ≠ 0", All((AnyOf((low, high)), Relation(y, Op.NE, ZERO)))),
        ("(x + 1)*2 > 0", Relation(Mul((Add((x, ONE)), TWO)), Op.GT, ZERO)),
        ("not (0 < x)", Not(low)),
        ("((0 < x))", low),
        ("|x| < 1", Relation(Func("abs", (x,)), Op.LT, ONE)),
        ("otherwise", Otherwise()),
    ],
)
def test_conditions(text: str, condition: Condition) -> None:
    assert read_condition(text) == condition
    assert read_condition(write(condition)) == condition


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("f(x) = x^2*exp(-x)", Statement("f", (x,), Mul((Pow(x, TWO), Func("exp", (Neg(x),)))))),
        ("L := (y - f)^2", Statement("L", (), Pow(Add((y, Neg(f))), TWO))),
        ("p_theta(x_i) = x_i", Statement(r"p_{\theta}", (x_i,), x_i)),
        ("g(p) = p(1 + t)", Statement("g", (p,), Mul((p, Add((ONE, t)))))),
        ("a(x) = a(1)", Statement("a", (x,), Apply("a", (ONE,)))),
        ("relu(x) = max(0, x)", Statement(r"\text{relu}", (x,), Func("max", (ZERO, x)))),
        ("sum(x_i, i = 1..n)", Statement(None, (), Sum(x_i, "i", ONE, n))),
        ("x if x = 1 else 2", Statement(None, (), Cases(((x, Relation(x, Op.EQ, ONE)), (TWO, Otherwise()))))),
    ],
)
def test_statements(text: str, statement: Statement) -> None:
    assert read_statement(text) == statement


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "expected a number, a name or “(”, found the end"),
        ("x +", 4, "expected a number, a name or “(”, found the end"),
        ("2 3", 3, "expected an operator or the end, found “3”"),
        ("(x + 1", 1, "expected “)” for this “(”, found the end"),
        ("(x + 1]", 7, "expected “)” to close “(” of column 1, found “]”"),
        ("x)", 2, "expected no bracket to close, found “)”"),
        ("|x", 3, "expected “|” to close the “|” of column 1, found the end"),
        ("x $ y", 3, "expected a number, a name or a sign, found “$”"),
        ("x\x1b", 2, "expected a number, a name or a sign, found the character U+001B"),
        ("1/2x", 2, "expected brackets that say what is divided by"),
        ("a / b c", 3, "expected brackets that say what is divided by"),
        ("x'", 3, "expected “(” after the prime, which belongs to a function, found the end"),
        ("x^2 + xy + y^2", 7, "expected one name, or x*y with its signs, found “xy”"),
        ("sin", 4, "expected the argument of “sin”, found the end"),
        ("sin(x, y)", 1, "expected 1 argument of “sin”, found 2"),
        ("max x", 5, "expected “(” after “max”, found “x”"),
        ("sum(x_i)", 8, "expected the index, as in sum(x_i, i), found “)”"),
        ("x = 3", 3, "expected an operator or the end, found “=”"),
        ("x if y", 7, "expected a relation like < or =, found the end"),
        ("1e999", 1, "expected a power of ten within ±400, found 999"),
        ("a_b_c", 1, "expected one subscript; write several indices as x[i, j], found “a_b_c”"),
        (r"`\href{x}{y}`", 1, "expected a name in LaTeX between the backquotes"),
        ("diff(x, 2)", 1, "expected a variable to differentiate by"),
    ],
)
def test_an_error_says_where_what_was_expected_and_what_was_found(
    text: str, column: int, message: str
) -> None:
    with pytest.raises(PlainError) as caught:
        read(text)
    assert str(caught.value).startswith(message)
    assert caught.value.column == column
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("f(x, x) = 1", 6, "expected each parameter once, found “x”"),
        ("2 = x", 1, "expected a name or a function like f(x) before “=”, found “2”"),
        ("f(2) = 1", 3, "expected the name of a parameter, found “2”"),
        ("f(x) =", 7, "expected a number, a name or “(”, found the end"),
        ("f(x) + 1 = 2", 6, "expected a name or a function like f(x) before “=”, found “+”"),
        ("f(x) = g(x) = 2", 13, "expected an operator or the end, found “=”"),
    ],
)
def test_an_error_in_a_definition(text: str, column: int, message: str) -> None:
    with pytest.raises(PlainError) as caught:
        read_statement(text)
    assert (str(caught.value), caught.value.column) == (message, column)


@pytest.mark.parametrize(
    ("unit", "end"),
    [
        *(("(", ")"), ("|", "|"), ("sin(", ")"), ("f(", ")"), ("x^", "x"), ("x/", "x"), ("-", "x")),
        *(("sin ", "x"), ("x[", "]"), ("sum(", ", i)"), ("not ", ""), ("x if x>0 else ", "x"), ("√", "x")),
        *(("x!", ""), ("2^{", "}"), ("(x if (", ")"), ("x'", ""), ("x-", "x"), ("a*", "a"), ("x²", "")),
    ],
)  # fmt: skip
def test_nesting_without_end_is_read_or_refused(unit: str, end: str) -> None:
    for closing in (end, end * 800, "x" + end * 800):
        for attempt in (read, read_condition, read_statement):
            try:
                tree = attempt(unit * 800 + closing)
            except PlainError:
                continue
            body = tree.body if isinstance(tree, Statement) else tree
            assert levels(body) <= 100


def levels(tree: Node) -> int:
    count, level = 0, [tree]
    while level:
        level = [child for node in level for child in children(node)]
        count += 1
    return count


def test_the_deepest_trees_that_are_read_can_be_walked() -> None:
    quotients = "/x" * 40
    for text in ("sin(x + " * 40 + "x" + ")" * 40, f"((x{quotients})^2{quotients})^2{quotients[:30]}"):
        tree = read(text)
        assert levels(tree) > 80
        assert read(write(tree)) == tree
        assert to_latex(tree)
    with pytest.raises(PlainError, match="at most 100 operations"):
        read("(" * 4 + "x" + f"{quotients})" * 4)


def test_long_texts_are_refused_and_wide_ones_are_not() -> None:
    with pytest.raises(PlainError, match="at most 20000 characters"):
        read("x+" * 20_000 + "x")
    assert len(walk(read("+".join(["x"] * 5_000)))) == 5_001


@pytest.mark.parametrize(
    "name",
    [
        *(
            "x",
            "e",
            "T",
            "d",
            r"\pi",
            r"\theta",
            r"\ell",
            r"\text{net}",
            r"\text{sum}",
            r"\text{if}",
            r"\text{pi}",
        ),
        *(
            r"\hat{y}",
            r"\hat{\theta}",
            r"\bar{x}_{new}",
            "y_{new}",
            "y_{hat}",
            "x_{t}",
            "x_{i}",
            "w_{11-1}",
            "w_{12}",
        ),
        *(r"p_{\theta}", r"p_{\theta 1}", "z_{h1}", r"\text{net}_{h1}", "x^{(1)}", "x'", r"\mathcal{L}_{CE}"),
        *(r"\mathbf{w}", r"\text{inp 1}", r"\Delta w", r"\text{x}", "?"),
    ],
)
def test_any_name_is_written_so_that_it_is_read_back(name: str) -> None:
    trees = [Symbol(name), Indexed(name, (t, i)), Apply(name, (x,)), Apply(name, (x,), (2,)), Sum(x_i, name)]
    trees += [
        Mul((Symbol(name), Add((x, y)))),
        Add((Symbol(name), Apply(name, (x,)))),
        Apply(name, (x, y), (1, 0)),
    ]
    for tree in (*trees, Sum(Mul((Symbol(name), Indexed("w", (i, j)))), "t"), Pow(x, Symbol(name))):
        assert read(write(tree)) == tree


def test_a_power_written_with_a_decimal_keeps_its_brackets() -> None:
    tree = Pow(Pow(x, number("0.5")), TWO)
    assert write(tree) == "(x^0.5)^2"
    assert read(write(tree)) == tree


@pytest.mark.parametrize("tree", ODD, ids=[str(k) for k in range(len(ODD))])
def test_trees_that_no_parser_produces_are_written_in_one_line(tree: Node) -> None:
    assert write(tree).isprintable()


def test_numbers_with_very_many_digits_are_written() -> None:
    assert write(number(10**6000 + 7)) == "1" + "0" * 5999 + "7"


_PIECES = st.sampled_from(
    [
        *"x y_i f( sin sum( diff( at( ) ( [ ] | ^ ^{ } _{ ' ! , + - * / < <= = != if else for in and or".split(),
        *"not otherwise 2 .5 1e9 e pi T 1..n ² √ ` \\theta w_11 max( delta_ij || . ; : @ ‖ é ∑".split(),
    ]
)


@effort(500)
@given(
    st.lists(_PIECES, max_size=20).map(" ".join)
    | st.lists(_PIECES, max_size=12).map("".join)
    | st.text(max_size=40)
)
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    for refusal in refusals(text):
        assert 1 <= refusal.column <= len(text) + 1
        assert str(refusal).isprintable()


def refusals(text: str) -> list[PlainError]:
    """Why a text is no expression, no condition and no definition; any other exception is a fault."""
    found: list[PlainError] = []
    for attempt in (read, read_condition, read_statement):
        try:
            attempt(text)
        except PlainError as refusal:
            found.append(refusal)
    return found
