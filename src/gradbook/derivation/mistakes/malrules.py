r"""Mistakes of differentiation that no single rule is to blame for; and all mal-rules in order."""

from __future__ import annotations

from collections.abc import Callable

from gradbook.derivation.mistakes.chain_rule import (
    chain_misassembled,
    exponential_as_power,
    inner_missing,
    outer_missing,
    plus,
    power_factor_missing,
    power_kept,
)
from gradbook.derivation.mistakes.differentiation import Differentiation, Wrong, of_differentiation
from gradbook.derivation.mistakes.mistake import Slip
from gradbook.derivation.mistakes.products import (
    denominator_constant,
    product_as_sum,
    product_of_derivatives,
    product_term_dropped,
    quotient_of_derivatives,
    quotient_plus,
    quotient_reversed,
    quotient_square_missing,
)
from gradbook.derivation.rules import chained, is_constant, times
from gradbook.symbolic.derivative import OUTER
from gradbook.symbolic.expr import (
    ONE,
    TWO,
    ZERO,
    Add,
    Cases,
    Delta,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Pow,
    Sum,
    Symbol,
    free_symbols,
    walk,
)

# --- what is not differentiated at all, or is something else --------------------------------------------


@of_differentiation(
    "D115",
    "not differentiated",
    r"every part that holds the variable is differentiated",
    ("f(x) = x^2 + \\sin(x)", "f'(x) = 2x + \\sin(x)", "f'(x) = 2x + \\cos(x)"),
)
def not_differentiated(step: Differentiation) -> Wrong:
    r"""The function itself, or a term or a branch of it, stands where its derivative should.

    It happens where a line is copied from the one above and only a part of it is worked on.
    """
    if is_constant(step.body, step.wrt) or step.rule in ("exponential", "power with a constant base"):
        return  # of an exponential that is the inner derivative missing, or the logarithm of the base
    if step.node.order > 1:
        lower = Derivative(step.body, step.wrt, step.node.order - 1, step.node.variant)
        yield lower, Slip("D115", "{} is to be differentiated once more", (lower,), extra=-0.02)
        return
    yield step.body, Slip("D115", "{} is not differentiated", (step.body,))
    inner = step.inner
    if inner is not None and inner != step.wrt:
        words = "the outer function of {} is not differentiated"
        yield times(step.body, step.slope(inner)), Slip("D115", words, (step.body,), extra=0.01)


@of_differentiation(
    "D116",
    "constant kept",
    r"$\frac{d}{dx} c = 0$",
    ("f(x) = x^2 + 3", "f'(x) = 2x + 3", "f'(x) = 2x"),
    1.02,
)
def constant_kept(step: Differentiation) -> Wrong:
    r"""A term without the variable is kept, though its derivative is $0$."""
    if is_constant(step.body, step.wrt) and step.body not in (ZERO,):
        yield step.body, Slip("D116", "{} does not hold {}: its derivative is 0", (step.body, step.wrt))


#: Functions whose derivatives are taken for one another.
_ALIKE = {
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid", "tan"),
    "tan": ("tanh", "cot"),
    "cot": ("tan",),
    "sec": ("csc",),
    "csc": ("sec",),
    "atan": ("tan", "asin", "atanh"),
    "asin": ("acos", "atan", "asinh"),
    "acos": ("asin",),
    "softplus": ("tanh",),
    "relu": ("abs",),
}


@of_differentiation(
    "D117",
    "derivative of another function",
    r"each function has its own derivative: $\sigma' = \sigma(1 - \sigma)$, $\tanh' = 1 - \tanh^2$",
    ("f(x) = \\tanh(x)", "f'(x) = \\tanh(x)\\left(1 - \\tanh(x)\\right)", "f'(x) = 1 - \\tanh^2(x)"),
    1.05,
)
def other_function(step: Differentiation) -> Wrong:
    r"""The derivative that is written belongs to another function: $f(1 - f)$, which is the sigmoid's, for
    $\tanh$; $1 - f^2$, which is that of $\tanh$, for the sigmoid; the antiderivative instead of the derivative.
    """
    body, inner = step.body, step.inner
    match body:
        case Func("max", (a, u)) | Func("max", (u, a)) if a == ZERO:
            words = "this is the derivative of the absolute value, not of the larger of 0 and {}"
            yield chained(Func("sign", (u,)), u, step.wrt, step.slope), Slip("D117", words, (u,))
        case Func(name, (u,)) if name in OUTER:
            for other in _ALIKE.get(name, ()):
                words = f"this is the derivative of {other}, not of {name}"
                yield chained(OUTER[other](u), u, step.wrt, step.slope), Slip("D117", words)
        case Pow(u, n) if inner == u and is_constant(n, step.wrt) and n != Neg(ONE):
            words = "{} is integrated instead of differentiated"
            more = plus(n, 1)
            yield (
                chained(Div(Pow(u, more), more), u, step.wrt, step.slope),
                Slip("D117", words, (body,), extra=0.1),
            )
        case _:
            pass
    if _is_squashing(body) and not is_constant(body, step.wrt):
        argument = inner if isinstance(body, Func) and inner is not None else step.wrt
        own = body.name if isinstance(body, Func) else ""
        if own != "sigmoid":
            words = "{}(1 - {}) is the derivative of a sigmoid; {} is none"
            wrong = chained(Mul((body, Add((ONE, Neg(body))))), argument, step.wrt, step.slope)
            yield wrong, Slip("D117", words, (body, body, body))
        if own != "tanh":
            words = "1 - {}^2 is the derivative of a tanh; {} is none"
            wrong = chained(Add((ONE, Neg(Pow(body, TWO)))), argument, step.wrt, step.slope)
            yield wrong, Slip("D117", words, (body, body))


def _is_squashing(body: Expr) -> bool:
    """A sigmoid, a tanh or a relative of theirs, also where it is written out with exponentials."""
    match body:
        case Func("tanh" | "sigmoid" | "atan" | "softplus" | "erf"):
            return True
        case Div(_, den):
            return any(isinstance(n, Func) and n.name == "exp" for n in walk(den))
        case _:
            return False


@of_differentiation(
    "D118",
    "differentiated by another variable",
    r"$\frac{\partial f}{\partial x}$ holds everything but $x$ constant",
    ("L = (y - w x)^2", "\\frac{\\partial L}{\\partial w} = -2 w (y - w x)",
     "\\frac{\\partial L}{\\partial w} = -2 x (y - w x)"),
    1.05,
)  # fmt: skip
def other_variable(step: Differentiation) -> Wrong:
    r"""The derivative is taken by the wrong quantity: $x$ and $w$ stand side by side in $w x$, and the factor that
    should have stayed is the one that went.
    """
    if not step.whole:
        return
    names = {n for n in walk(step.body) if isinstance(n, Symbol | Indexed) and n != step.wrt}
    inside = {s for n in walk(step.body) if isinstance(n, Indexed) for s in n.indices}
    bound: set[Expr] = set()  # indices of sums, and how far they run
    for n in walk(step.body):
        if isinstance(n, Sum):
            bound |= {Symbol(n.index), *(s for end in (n.lower, n.upper) if end for s in free_symbols(end))}
    for other in sorted(names - inside - bound, key=repr)[:4]:
        words = "this is the derivative by {}, not by {}"
        yield Derivative(step.body, other, 1, step.node.variant), Slip("D118", words, (other, step.wrt))


# --- sums over an index --------------------------------------------------------------------------------


@of_differentiation(
    "D119",
    "sum lost or kept wrongly",
    r"$\frac{\partial}{\partial x_j}\sum_i u_i = \sum_i \frac{\partial u_i}{\partial x_j}$, where "
    r"$\frac{\partial x_i}{\partial x_j}$ is $1$ for $i = j$ and $0$ otherwise",
    (
        "L = \\sum_{i=1}^{n} (y_i - w x_i)^2",
        "\\frac{\\partial L}{\\partial w} = -2 x_i (y_i - w x_i)",
        "\\frac{\\partial L}{\\partial w} = -2 \\sum_{i=1}^{n} x_i (y_i - w x_i)",
    ),
)
def sum_mishandled(step: Differentiation) -> Wrong:
    r"""A sum is lost though every term of it depends on the variable; or it is kept though only one term does,
    or the one term that does is forgotten.
    """
    body = step.body
    if step.rule == "sum over an index" and isinstance(step.after, Sum):
        words = "the sum over {} is lost"
        yield step.after.body, Slip("D119", words, (Symbol(step.after.index),))
    elif step.rule == "variable" and isinstance(body, Indexed) and body != step.wrt:
        if any(isinstance(n, Delta) for n in walk(step.after)):
            words = "{} is counted as {} for every index, but it is only where the indices are equal"
            yield ONE, Slip("D119", words, (body, step.wrt))
            words = "the term in which {} is {} is forgotten"
            yield ZERO, Slip("D119", words, (body, step.wrt), extra=0.1)
    else:
        return


# --- branches ------------------------------------------------------------------------------------------


@of_differentiation(
    "D120",
    "branch lost",
    r"each branch is differentiated, and each keeps its condition",
    ("f(x) = \\max(0, x)", "f'(x) = 1", "f'(x) = \\begin{cases} 1, & x > 0 \\\\ 0, & x < 0 \\end{cases}"),
)
def branch_lost(step: Differentiation) -> Wrong:
    r"""Of a function with branches ($\max$, $|\cdot|$, cases) only one is differentiated, or the derivative is put
    back into the function.
    """
    body = step.body
    match body:
        case Func("max" | "min" as name, args):
            for arg in args:
                words = "the derivative of one branch of {} stands for all"
                yield step.slope(arg), Slip("D120", words, (body,))
            wrong = Func(name, tuple(ZERO if is_constant(a, step.wrt) else step.slope(a) for a in args))
            yield (
                wrong,
                Slip("D120", f"the derivative of {name} is not the {name} of the derivatives", (), extra=0.1),
            )
        case Func("relu", (u,)):
            words = "the derivative of one branch of {} stands for all"
            yield step.slope(u), Slip("D120", words, (body,))
        case Cases(branches):
            for value, _ in branches:
                words = "the derivative of one branch of {} stands for all"
                yield step.slope(value), Slip("D120", words, (body,))
        case _:
            return


#: All mal-rules of differentiation, in the order of their codes.
MALRULES: tuple[Callable[[Differentiation], Wrong], ...] = (
    inner_missing,
    chain_misassembled,
    outer_missing,
    power_kept,
    power_factor_missing,
    exponential_as_power,
    product_of_derivatives,
    product_term_dropped,
    product_as_sum,
    quotient_reversed,
    quotient_plus,
    quotient_square_missing,
    denominator_constant,
    quotient_of_derivatives,
    not_differentiated,
    constant_kept,
    other_function,
    other_variable,
    sum_mishandled,
    branch_lost,
)


def wrong_results(step: Differentiation) -> Wrong:
    """Everything that a mal-rule makes of one application of a rule."""
    for malrule in MALRULES:
        yield from malrule(step)
