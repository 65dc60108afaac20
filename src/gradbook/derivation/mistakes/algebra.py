r"""Mistakes of algebra: rules that hold for products and are used on sums, brackets that are not multiplied out.

They are looked for wherever no derivative is to be taken: in the links of a chain that only rewrite.

>>> from gradbook.symbolic.expr import Symbol
>>> from gradbook.symbolic import to_text
>>> a, b = Symbol("a"), Symbol("b")
>>> [to_text(wrong) for wrong, slip in slips_of_algebra(Pow(Add((a, b)), TWO)) if slip.code == "E120"]
['a² + b²']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradbook.derivation.mistakes.mistake import Family, Slip, mistake
from gradbook.derivation.rules import times
from gradbook.symbolic.expr import ONE, TWO, Add, Div, Expr, Func, Mul, Neg, Pow

Wrong = Iterator[tuple[Expr, Slip]]


def _e(code: str, name: str, meant: str, example: tuple[str, str, str], cost: float = 1.1):
    return mistake(code, name, meant=meant, family=Family.EXPRESSION, example=example, cost=cost)


def _over(terms: tuple[Expr, ...], change: Callable[[Expr], Expr]) -> Expr:
    """Something done to each term, signs kept outside."""
    return Add(tuple(Neg(change(t.arg)) if isinstance(t, Neg) else change(t) for t in terms))


@_e(
    "E120",
    "power or function taken term by term",
    r"$(a + b)^2 = a^2 + 2ab + b^2$; $\ln(a + b)$, $\sqrt{a + b}$ and $e^{a + b} = e^a e^b$ do not split",
    ("a > 0, b > 0", "(a + b)^2 = a^2 + b^2", "(a + b)^2 = a^2 + 2ab + b^2"),
)
def term_by_term(node: Expr) -> Wrong:
    r"""A power, a root, a logarithm or an exponential of a sum is written as a sum of powers, roots, …

    Only multiplication by a factor goes through a sum like this; the habit is carried over.
    """
    words = "{} is not taken term by term"
    match node:
        case Pow(Add(terms), exponent) if exponent != ONE:
            yield _over(terms, lambda t: Pow(t, exponent)), Slip("E120", words, (node,))
            if exponent == TWO and any(isinstance(t, Neg) for t in terms):
                plus = Add(tuple(Pow(t.arg if isinstance(t, Neg) else t, TWO) for t in terms))
                yield plus, Slip("E120", words, (node,), extra=0.1)
        case Func("log" | "exp" | "sin" | "cos" | "tan" | "tanh" | "abs" | "sigmoid" as name, (Add(terms),)):
            yield _over(terms, lambda t: Func(name, (t,))), Slip("E120", words, (node,))
        case Func("log", (Mul(factors),)):
            yield (
                Mul(tuple(Func("log", (f,)) for f in factors)),
                Slip("E120", "the logarithm of a product is a sum"),
            )
        case Func("log", (Div(num, den),)):
            words = "the logarithm of a quotient is a difference"
            yield Div(Func("log", (num,)), Func("log", (den,))), Slip("E120", words)
        case Pow(Mul(factors), exponent) if exponent != ONE and len(factors) > 1:
            words = "the power belongs to every factor of {}"
            for k in range(len(factors)):
                wrong = tuple(Pow(f, exponent) if j == k else f for j, f in enumerate(factors))
                yield Mul(wrong), Slip("E120", words, (node,), extra=-0.07)
        case _:
            return


@_e(
    "E121",
    "fraction split or cancelled wrongly",
    r"$\frac{a + b}{c} = \frac{a}{c} + \frac{b}{c}$, but $\frac{a}{b + c}$ does not split; only factors cancel",
    ("a > 0, b > 0", "\\frac{a + b}{a} = b", "\\frac{a + b}{a} = 1 + \\frac{b}{a}"),
)
def split_wrongly(node: Expr) -> Wrong:
    r"""A fraction is split along its denominator, divided in one term only, or a *term* is cancelled as if it
    were a factor.
    """
    if not isinstance(node, Div):
        return
    num, den = node.num, node.den
    if isinstance(den, Add):
        words = "{} does not split along its denominator"
        yield _over(den.terms, lambda t: Div(num, t)), Slip("E121", words, (node,))
        for k, term in enumerate(den.terms):
            top = num.terms if isinstance(num, Add) else (num,)
            if term in top:
                rest = den.terms[:k] + den.terms[k + 1 :]
                below = rest[0] if len(rest) == 1 else Add(rest)
                over = [t for t in top if t != term]
                above = ONE if not over else over[0] if len(over) == 1 else Add(tuple(over))
                yield (
                    Div(above, below),
                    Slip("E121", "{} is a term and not a factor: it does not cancel", (term,)),
                )
    if isinstance(num, Add):
        words = "every term of the numerator is divided by {}"
        factors = den.factors if isinstance(den, Mul) else (den,)
        for k, term in enumerate(num.terms):
            others = num.terms[:k] + num.terms[k + 1 :]
            divided = Div(term.arg, den) if isinstance(term, Neg) else Div(term, den)
            signed = Neg(divided) if isinstance(term, Neg) else divided
            yield Add((*num.terms[:k], signed, *num.terms[k + 1 :])), Slip("E121", words, (den,))
            inner = term.arg if isinstance(term, Neg) else term
            if inner in factors or inner == den:
                rest_of = others[0] if len(others) == 1 else Add(others)
                left = [f for f in factors if f != inner]
                below = times(*left) if left else ONE
                cancelled = rest_of if below == ONE else Div(rest_of, below)
                yield cancelled, Slip("E121", "{} is a term and not a factor: it does not cancel", (inner,))


@_e(
    "E122",
    "bracket multiplied out wrongly",
    r"$a(b + c) = ab + ac$ and $-(b + c) = -b - c$: the factor belongs to every term",
    ("x > 0", "2(x + 3) = 2x + 3", "2(x + 3) = 2x + 6"),
    1.05,
)
def bracket_lost(node: Expr) -> Wrong:
    r"""A factor before a bracket, or the minus sign, reaches the first term only; or the bracket is forgotten."""
    match node:
        case Neg(Add((first, *rest))):
            words = "the minus sign before {} belongs to every term"
            wrong = Add((first.arg if isinstance(first, Neg) else Neg(first), *rest))
            yield wrong, Slip("E122", words, (node.arg,))
        case Mul(factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Add) and len(factors) > 1:
                    others = factors[:k] + factors[k + 1 :]
                    words = "the factor before {} belongs to every term"
                    first, *rest = factor.terms
                    yield Add((times(*others, first), *rest)), Slip("E122", words, (factor,))
                    *front, last = factor.terms
                    yield Add((*front, times(*others, last))), Slip("E122", words, (factor,), extra=0.1)
        case _:
            return


@_e(
    "E123",
    "law of powers used wrongly",
    r"$a^m a^n = a^{m + n}$, $(a^m)^n = a^{mn}$, $e^{-x} = 1/e^x$, $\ln(e^x) = x$",
    ("x > 0", "(e^{x})^2 = e^{x^2}", "(e^{x})^2 = e^{2x}"),
)
def powers_wrong(node: Expr) -> Wrong:
    r"""Exponents are multiplied where they should be added, or added, or squared, where they should be multiplied."""
    match node:
        case Pow(Func("exp", (u,)), n):
            words = "the exponent of {} is multiplied by the power"
            yield Func("exp", (Pow(u, n),)), Slip("E123", words, (node,))
            yield Func("exp", (Add((u, n)),)), Slip("E123", words, (node,))
        case Pow(Pow(u, m), n):
            yield Pow(u, Add((m, n))), Slip("E123", "a power of a power multiplies the exponents", (node,))
        case Mul((Func("exp", (u,)), Func("exp", (v,)), *rest)):
            wrong = times(Func("exp", (Mul((u, v)),)), *rest)
            yield wrong, Slip("E123", "exponents of factors are added, not multiplied", (node,))
        case _:
            return


MALRULES: tuple[Callable[[Expr], Wrong], ...] = (term_by_term, split_wrongly, bracket_lost, powers_wrong)


def slips_of_algebra(node: Expr) -> Wrong:
    """Everything that a mal-rule of algebra makes of a node itself (not of its parts)."""
    for malrule in MALRULES:
        yield from malrule(node)
