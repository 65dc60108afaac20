"""The functions of the core, each in terms of exponentials, logarithms, roots, angles and signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from gradbook.symbolic.exponentials import Exponentials
from gradbook.symbolic.expr import PI
from gradbook.symbolic.quotients import Quotient

#: The normal form of a function of one argument, from that of the argument.
Rule = Callable[[Exponentials, Quotient], Quotient]


def extreme(n: Exponentials, name: str, args: Iterable[Quotient]) -> Quotient:
    """The largest (``max``) or smallest (``min``) of some quotients.

    max(a, b) = (a + b + s (a - b)) / 2, with s the sign of a - b.
    """
    best: Quotient | None = None
    for other in args:
        if best is None:
            best = other
            continue
        difference = n.add(best, n.negated(other))
        if difference[0].is_zero():
            continue
        sign = n.quotient_sign(difference)
        if name == "min":
            sign = -sign
        swing = n.mul((sign, n.one), difference)
        best = n.lowest(n.mul(n.add(n.add(best, other), swing), n.constant(_HALF)))
    if best is None:
        raise ValueError(f"{name} of nothing; at least one argument is expected")
    return best


_HALF = Fraction(1, 2)


def _opaque(name: str) -> Rule:
    """A function of which nothing is used: two values are the same if the arguments are."""
    return lambda n, u: (n.generator(("func", name, n.fraction_key(u))), n.one)


def _odd(name: str) -> Rule:
    """A function of which only f(-u) = -f(u) is used: its argument gets a canonical sign."""

    def rule(n: Exponentials, u: Quotient) -> Quotient:
        if u[0].is_zero():
            return n.constant(0)
        num, den = n.fraction_key(u)
        flip = num[0][1] < 0
        if flip:
            num = tuple((m, -c) for m, c in num)
        generator = n.generator(("func", name, (num, den)))
        return (-generator if flip else generator), n.one

    return rule


_asin, _atan, _erf = _odd("asin"), _odd("atan"), _odd("erf")


def _acos(n: Exponentials, u: Quotient) -> Quotient:
    """acos u = pi/2 - asin u."""
    quarter_turn = (n.generator(("sym", PI)), n.context.constant(2))
    return n.add(quarter_turn, n.negated(_asin(n, u)))


def _sigmoid(n: Exponentials, u: Quotient) -> Quotient:
    e = n.exponential(u)
    return n.mul(e, n.inverse(n.add(n.constant(1), e)))


def _tanh(n: Exponentials, u: Quotient) -> Quotient:
    """tanh u = (exp(2u) - 1)/(exp(2u) + 1)."""
    e = n.exponential((u[0] * 2, u[1]))
    return n.mul(n.add(e, n.constant(-1)), n.inverse(n.add(e, n.constant(1))))


def _cosh(n: Exponentials, u: Quotient) -> Quotient:
    e = n.exponential(u)
    return n.mul(n.constant(_HALF), n.add(e, n.inverse(e)))


def _sinh(n: Exponentials, u: Quotient) -> Quotient:
    e = n.exponential(u)
    return n.mul(n.constant(_HALF), n.add(e, n.negated(n.inverse(e))))


def _reciprocal(rule: Rule) -> Rule:
    return lambda n, u: n.inverse(rule(n, u))


def _sine(n: Exponentials, u: Quotient) -> Quotient:
    return n.trigonometric(u)[0]


def _cosine(n: Exponentials, u: Quotient) -> Quotient:
    return n.trigonometric(u)[1]


def _log1p_exp(n: Exponentials, u: Quotient) -> Quotient:
    return n.logarithm(n.add(n.constant(1), n.exponential(u)))


def _tangent(n: Exponentials, u: Quotient) -> Quotient:
    s, c = n.trigonometric(u)
    return n.mul(s, n.inverse(c))


def _half_log(n: Exponentials, u: Quotient) -> Quotient:
    """atanh u = log((1 + u)/(1 - u)) / 2."""
    one = n.constant(1)
    ratio = n.mul(n.add(one, u), n.inverse(n.add(one, n.negated(u))))
    return n.mul(n.constant(_HALF), n.logarithm(ratio))


def _area(sign: int) -> Rule:
    """asinh u = log(u + sqrt(u^2 + 1)); acosh u = log(u + sqrt(u^2 - 1))."""

    def rule(n: Exponentials, u: Quotient) -> Quotient:
        root = n.root(n.add(n.mul(u, u), n.constant(sign)), _HALF)
        return n.logarithm(n.add(u, root))

    return rule


def _absolute(n: Exponentials, u: Quotient) -> Quotient:
    return n.absolute(u) if not u[0].is_zero() else u


def _sign(n: Exponentials, u: Quotient) -> Quotient:
    return n.quotient_sign(u), n.one


def _step(n: Exponentials, u: Quotient) -> Quotient:
    return n.mul(n.add(_sign(n, u), n.constant(1)), n.constant(_HALF))


def _relu(n: Exponentials, u: Quotient) -> Quotient:
    return n.mul(n.add(n.absolute(u), u), n.constant(_HALF)) if not u[0].is_zero() else u


#: By name; ``max`` and ``min``, which take several arguments, are :func:`extreme`.
RULES: dict[str, Rule] = {
    "exp": lambda n, u: n.exponential(u),
    "log": lambda n, u: n.logarithm(u),
    "softplus": _log1p_exp,
    "sin": _sine,
    "cos": _cosine,
    "tan": _tangent,
    "cot": _reciprocal(_tangent),
    "sec": _reciprocal(_cosine),
    "csc": _reciprocal(_sine),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "sinh": _sinh,
    "cosh": _cosh,
    "coth": _reciprocal(_tanh),
    "sech": _reciprocal(_cosh),
    "csch": _reciprocal(_sinh),
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "asinh": _area(1),
    "acosh": _area(-1),
    "atanh": _half_log,
    "erf": _erf,
    "erfc": lambda n, u: n.add(n.constant(1), n.negated(_erf(n, u))),
    "factorial": _opaque("factorial"),
    "abs": _absolute,
    "sign": _sign,
    "step": _step,
    "relu": _relu,
}
