r"""Valid identities and slips of the pen, as data: what makes a tree an equal or an unequal one.

An identity holds wherever both sides have a value. A slip is what people do on paper; whether it
changed the value is for the caller to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain

from gradbook.symbolic.expr import (
    HALF,
    ONE,
    PI,
    TWO,
    ZERO,
    Add,
    Apply,
    Cases,
    Condition,
    Constant,
    Div,
    E,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Otherwise,
    Pow,
    Product,
    Relation,
    Sum,
    Symbol,
    number,
    substitute,
    walk,
)

# --- identities -------------------------------------------------------------------------------

#: Gives an equal tree, or None where the identity does not apply.
Identity = Callable[[Expr], Expr | None]


def _f(name: str, *args: Expr) -> Func:
    return Func(name, args)


def _mentions(expr: Expr, name: str) -> bool:
    return any(part == Symbol(name) for part in walk(expr))


def _inverse(u: Expr) -> Expr:
    return Div(ONE, u)


def _sum_of(terms: tuple[Expr, ...]) -> Expr:
    return terms[0] if len(terms) == 1 else Add(terms)


def _product_of(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(factors)


def _positive(expr: Expr) -> bool:
    """Positive wherever it has a value, as its form shows."""
    match expr:
        case Func("exp" | "cosh" | "sech" | "sigmoid" | "softplus"):
            return True
        case Number(exact):
            return exact > 0
        case Constant():
            return True
        case Add(parts) | Mul(parts):
            return all(_positive(part) for part in parts)
        case Div(num, den):
            return _positive(num) and _positive(den)
        case Pow(base, _):
            return _positive(base)
        case _:
            return False


def _commute(expr: Expr) -> Expr | None:
    match expr:
        case Add(parts) | Mul(parts):
            return type(expr)(parts[::-1])
        case Func("max" | "min", args):
            return Func(expr.name, args[::-1])
        case _:
            return None


def _associate(expr: Expr) -> Expr | None:
    match expr:
        case Add((a, b, *rest)) | Mul((a, b, *rest)) if rest:
            return type(expr)((a, type(expr)((b, *rest))))
        case _:
            return None


def _flatten(expr: Expr) -> Expr | None:
    match expr:
        case Add(terms) if any(isinstance(term, Add) for term in terms):
            return Add(tuple(chain.from_iterable(t.terms if isinstance(t, Add) else (t,) for t in terms)))
        case Mul(factors) if any(isinstance(factor, Mul) for factor in factors):
            return Mul(tuple(chain.from_iterable(f.factors if isinstance(f, Mul) else (f,) for f in factors)))
        case _:
            return None


def _distribute(expr: Expr) -> Expr | None:
    """a (b + c) = a b + a c"""
    match expr:
        case Mul((*front, Add(terms))) if front:
            return Add(tuple(Mul((*front, term)) for term in terms))
        case Mul((Add(terms), *back)) if back:
            return Add(tuple(Mul((term, *back)) for term in terms))
        case _:
            return None


def _factor_out_minus(expr: Expr) -> Expr | None:
    """a - b = -(b - a)"""
    match expr:
        case Add((a, Neg(b))):
            return Neg(Add((b, Neg(a))))
        case Add(terms):
            return Neg(Add(tuple(t.arg if isinstance(t, Neg) else Neg(t) for t in terms)))
        case _:
            return None


def _move_minus(expr: Expr) -> Expr | None:
    match expr:
        case Neg(Mul((first, *rest))):
            return Mul((Neg(first), *rest))
        case Neg(Add(terms)):
            return Add(tuple(Neg(term) for term in terms))
        case Neg(Div(num, den)):
            return Div(Neg(num), den)
        case Neg(Neg(arg)):
            return arg
        case Mul((Neg(first), *rest)):
            return Neg(Mul((first, *rest)))
        case Div(Neg(num), den):
            return Neg(Div(num, den))
        case _:
            return None


def _divide_by_power(expr: Expr) -> Expr | None:
    """a/b = a b^{-1}"""
    match expr:
        case Div(num, den) if den != E:
            return Mul((num, Pow(den, Neg(ONE))))
        case Pow(base, Neg(Number(exact))) if exact.denominator == 1:
            return _inverse(Pow(base, number(exact)))
        case _:
            return None


def _split_fraction(expr: Expr) -> Expr | None:
    """(a + b)/c = a/c + b/c and (a b)/c = a (b/c)"""
    match expr:
        case Div(Add(terms), den):
            return Add(tuple(Div(term, den) for term in terms))
        case Div(Mul((first, *rest)), den):
            return Mul((first, Div(_product_of(tuple(rest)), den)))
        case _:
            return None


def _nested_fraction(expr: Expr) -> Expr | None:
    match expr:
        case Div(Div(a, b), c):
            return Div(a, Mul((b, c)))
        case Div(a, Div(b, c)):
            return Div(Mul((a, c)), b)
        case Mul((Div(a, b), *rest)):
            return Div(Mul((a, *rest)), b)
        case _:
            return None


def _expand_fraction(expr: Expr) -> Expr | None:
    """a/b = a e^x/(b e^x)"""
    match expr:
        case Div(num, den):
            extra = _f("exp", Symbol("x"))
            return Div(Mul((num, extra)), Mul((den, extra)))
        case _:
            return None


def _powers(expr: Expr) -> Expr | None:
    match expr:
        case Pow(Add((a, b)), Number(Fraction(numerator=2, denominator=1))) if E not in (a, b):
            return Add((Pow(a, TWO), Mul((TWO, a, b)), Pow(b, TWO)))
        case Pow(base, Number(exact)) if exact in (2, 3):
            return Mul((base,) * int(exact))
        case Pow(Mul(factors), Number(exact)) if exact.denominator == 1 and E not in factors:
            return Mul(tuple(Pow(factor, number(exact)) for factor in factors))
        case Mul((a, b)) if a == b and a != E:
            return Pow(a, TWO)
        case _:
            return None


def _roots(expr: Expr) -> Expr | None:
    """√(a²) = |a|, √a = e^{ln(a)/2} for positive a"""
    match expr:
        case Pow(Pow(base, Number(two)), Number(half)) if two == 2 and half == Fraction(1, 2):
            return _f("abs", base)
        case Pow(base, Number(half)) if half == Fraction(1, 2) and _positive(base):
            return _f("exp", Div(_f("log", base), TWO))
        case Func("abs", (u,)) if u != E:
            return Pow(Pow(u, TWO), HALF)
        case _:
            return None


def _logarithms(expr: Expr) -> Expr | None:
    """ln(a b) = ln a + ln b and the like, of positive arguments only"""
    match expr:
        case Func("log", (Func("exp", (u,)),)):
            return u
        case Func("log", (Mul(factors),)) if all(_positive(factor) for factor in factors):
            return Add(tuple(_f("log", factor) for factor in factors))
        case Func("log", (Div(num, den),)) if _positive(num) and _positive(den):
            return Add((_f("log", num), Neg(_f("log", den))))
        case Func("log", (Pow(base, Number(exact)),)) if exact.denominator == 1 and _positive(base):
            return Mul((number(exact), _f("log", base)))
        case _:
            return None


def _exponentials(expr: Expr) -> Expr | None:
    """e^{a+b} = e^a e^b, e^{-a} = 1/e^a"""
    match expr:
        case Func("exp", (Add(terms),)):
            return Mul(tuple(_f("exp", term) for term in terms))
        case Func("exp", (Neg(u),)):
            return _inverse(_f("exp", u))
        case Mul((Func("exp", (a,)), Func("exp", (b,)))):
            return _f("exp", Add((a, b)))
        case _:
            return None


def _hyperbolic(expr: Expr) -> Expr | None:
    """sinh, cosh and tanh are made of exponentials"""
    match expr:
        case Func("sinh" | "cosh" | "tanh", (u,)):
            up, down = _f("exp", u), _f("exp", Neg(u))
            even, odd = Add((up, down)), Add((up, Neg(down)))
            return {"sinh": Div(odd, TWO), "cosh": Div(even, TWO), "tanh": Div(odd, even)}[expr.name]
        case _:
            return None


def _tanh_by_one_exponential(expr: Expr) -> Expr | None:
    """tanh u = 1 - 2/(e^{2u} + 1)"""
    match expr:
        case Func("tanh", (u,)):
            return Add((ONE, Neg(Div(TWO, Add((_f("exp", Mul((TWO, u))), ONE))))))
        case _:
            return None


_RECIPROCALS = {"sech": "cosh", "csch": "sinh", "sec": "cos", "csc": "sin"}
_QUOTIENTS = {
    "tan": ("sin", "cos"), "cot": ("cos", "sin"), "tanh": ("sinh", "cosh"), "coth": ("cosh", "sinh"),
}  # fmt: skip


def _ratios(expr: Expr) -> Expr | None:
    """sec = 1/cos, tan = sin/cos, and the hyperbolic ones"""
    match expr:
        case Func(name, (u,)) if name in _RECIPROCALS:
            return _inverse(_f(_RECIPROCALS[name], u))
        case Func(name, (u,)) if name in _QUOTIENTS:
            above, below = _QUOTIENTS[name]
            return Div(_f(above, u), _f(below, u))
        case _:
            return None


def _sigmoid_by_exponential(expr: Expr) -> Expr | None:
    """σ(u) = 1/(1 + e^{-u})"""
    match expr:
        case Func("sigmoid", (u,)):
            return _inverse(Add((ONE, _f("exp", Neg(u)))))
        case Func("softplus", (u,)):
            return _f("log", Add((ONE, _f("exp", u))))
        case _:
            return None


def _sigmoid_by_growth(expr: Expr) -> Expr | None:
    """σ(u) = e^u/(1 + e^u)"""
    match expr:
        case Func("sigmoid", (u,)):
            return Div(_f("exp", u), Add((ONE, _f("exp", u))))
        case Func("softplus", (u,)):
            return Add((u, _f("softplus", Neg(u))))
        case _:
            return None


def _sigmoid_mirrored(expr: Expr) -> Expr | None:
    """σ(u) = 1 - σ(-u)"""
    match expr:
        case Func("sigmoid", (u,)):
            return Add((ONE, Neg(_f("sigmoid", Neg(u)))))
        case _:
            return None


def _sigmoid_by_tanh(expr: Expr) -> Expr | None:
    """σ(u) = (1 + tanh(u/2))/2"""
    match expr:
        case Func("sigmoid", (u,)):
            return Div(Add((ONE, _f("tanh", Div(u, TWO)))), TWO)
        case _:
            return None


def _trigonometric(expr: Expr) -> Expr | None:
    match expr:
        case Func("sin", (Add((a, b)),)):
            return Add((Mul((_f("sin", a), _f("cos", b))), Mul((_f("cos", a), _f("sin", b)))))
        case Func("cos", (Add((a, b)),)):
            return Add((Mul((_f("cos", a), _f("cos", b))), Neg(Mul((_f("sin", a), _f("sin", b))))))
        case Func("sin" | "tan" | "sinh" | "tanh" | "asin" | "atan" | "erf", (Neg(u),)):
            return Neg(_f(expr.name, u))
        case Func("cos" | "cosh" | "abs", (Neg(u),)):
            return _f(expr.name, u)
        case Pow(Func("sin", (u,)), Number(exact)) if exact == 2:
            return Add((ONE, Neg(Pow(_f("cos", u), TWO))))
        case Pow(Func("cosh", (u,)), Number(exact)) if exact == 2:
            return Add((ONE, Pow(_f("sinh", u), TWO)))
        case _:
            return None


def _inverse_functions(expr: Expr) -> Expr | None:
    match expr:
        case Func("acos", (u,)):
            return Add((Div(PI, TWO), Neg(_f("asin", u))))
        case Func("atanh", (u,)):
            return Div(_f("log", Div(Add((ONE, u)), Add((ONE, Neg(u))))), TWO)
        case Func("asinh", (u,)) if u != E:
            return _f("log", Add((u, Pow(Add((Pow(u, TWO), ONE)), HALF))))
        case Func("erfc", (u,)):
            return Add((ONE, Neg(_f("erf", u))))
        case _:
            return None


def _kink_by_cases(expr: Expr) -> Expr | None:
    """|u|, max, min, ReLU and sign, region by region"""
    match expr:
        case Func("abs", (u,)):
            return _two_cases(u, Relation(u, Op.GE, ZERO), Neg(u))
        case Func("max", (a, b)):
            return _two_cases(a, Relation(a, Op.GE, b), b)
        case Func("min", (a, b)):
            return _two_cases(a, Relation(a, Op.LE, b), b)
        case Func("relu", (u,)):
            return _two_cases(ZERO, Relation(u, Op.LE, ZERO), u)
        case Func("sign", (u,)):
            signs = ((ONE, Relation(u, Op.GT, ZERO)), (ZERO, Relation(u, Op.EQ, ZERO)))
            return Cases((*signs, (Neg(ONE), Otherwise())))
        case _:
            return None


def _two_cases(first: Expr, condition: Condition, second: Expr) -> Expr:
    return Cases(((first, condition), (second, Otherwise())))


def _kink_by_another(expr: Expr) -> Expr | None:
    """max(a, b) = (a + b + |a - b|)/2 and the like"""
    match expr:
        case Func("abs", (u,)):
            return _f("max", u, Neg(u))
        case Func("max", (a, b)):
            return Div(Add((a, b, _f("abs", Add((a, Neg(b)))))), TWO)
        case Func("min", (a, b)):
            return Neg(_f("max", Neg(a), Neg(b)))
        case Func("relu", (u,)):
            return _f("max", ZERO, u)
        case Func("step", (u,)):
            return Div(Add((ONE, _f("sign", u))), TWO)
        case _:
            return None


_COMPLEMENT = {Op.LT: Op.GE, Op.LE: Op.GT, Op.GT: Op.LE, Op.GE: Op.LT, Op.EQ: Op.NE, Op.NE: Op.EQ}
FLIPPED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ, Op.NE: Op.NE}


def _swap_branches(expr: Expr) -> Expr | None:
    match expr:
        case Cases(((a, Relation(left, op, right)), (b, Otherwise()))):
            return _two_cases(b, Relation(left, _COMPLEMENT[op], right), a)
        case _:
            return None


def _flip_relation(expr: Expr) -> Expr | None:
    """u > 0 is 0 < u"""
    match expr:
        case Cases(((a, Relation(left, op, right)), *_)):
            return Cases(((a, Relation(right, FLIPPED[op], left)), *expr.branches[1:]))
        case _:
            return None


def _split_by_sign(expr: Expr) -> Expr | None:
    """Anything is itself on both sides of a seam."""
    if isinstance(expr, Number | Constant | Cases):
        return None
    return _two_cases(expr, Relation(Symbol("x"), Op.GT, ZERO), expr)


def _sum_by_terms(expr: Expr) -> Expr | None:
    """Σ (a + b) = Σ a + Σ b"""
    match expr:
        case Sum(Add(terms)):
            return Add(tuple(_like(expr, term) for term in terms))
        case Sum(Neg(arg)):
            return Neg(_like(expr, arg))
        case _:
            return None


def _like(total: Sum, body: Expr) -> Sum:
    return Sum(body, total.index, total.lower, total.upper, total.excluded)


def _sum_constant_out(expr: Expr) -> Expr | None:
    """Σ c a_i = c Σ a_i"""
    match expr:
        case Sum(Mul((first, *rest))) if not _mentions(first, expr.index):
            return Mul((first, _like(expr, _product_of(tuple(rest)))))
        case Sum(Div(num, den)) if not _mentions(den, expr.index):
            return Div(_like(expr, num), den)
        case _:
            return None


def _constant_into_sum(expr: Expr) -> Expr | None:
    match expr:
        case Mul((first, Sum() as total)) if not _mentions(first, total.index):
            return _like(total, Mul((first, total.body)))
        case _:
            return None


def _rename_index(expr: Expr) -> Expr | None:
    match expr:
        case Sum(body, index):
            bound = {part.index for part in walk(body) if isinstance(part, Sum | Product)}
            for name in ("m", "i", "j", "k"):
                if name not in bound and not _mentions(expr, name) and name != index:
                    renamed = substitute(body, {Symbol(index): Symbol(name)})
                    return Sum(renamed, name, expr.lower, expr.upper, expr.excluded)
            return None
        case _:
            return None


def _write_out_sum(expr: Expr) -> Expr | None:
    match expr:
        case Sum(body, index, Number(low), Number(high), None):
            return _sum_of(
                tuple(substitute(body, {Symbol(index): number(k)}) for k in range(int(low), int(high) + 1))
            )
        case _:
            return None


def _swap_sums(expr: Expr) -> Expr | None:
    """Σ_i Σ_j = Σ_j Σ_i, when neither range depends on the other index"""
    match expr:
        case Sum(Sum() as inner) if inner.excluded is None and expr.excluded is None:
            return _like(inner, _like(expr, inner.body))
        case _:
            return None


def _split_number(expr: Expr) -> Expr | None:
    match expr:
        case Number(exact, decimals) if decimals and exact.denominator > 1:
            return Div(number(exact.numerator), number(exact.denominator))
        case Number(exact) if exact >= 2 and exact.denominator == 1:
            return Add((ONE, number(exact - 1)))
        case Number(exact) if exact == 1:
            return Add((Pow(_f("sin", Symbol("x")), TWO), Pow(_f("cos", Symbol("x")), TWO)))
        case _:
            return None


def _add_nothing(expr: Expr) -> Expr | None:
    """a = a + x - x"""
    return Add((expr, Symbol("x"), Neg(Symbol("x"))))


def _multiply_by_one(expr: Expr) -> Expr | None:
    return Mul((ONE, expr))


def _twice_negated(expr: Expr) -> Expr | None:
    return Neg(Neg(expr))


def _collect(expr: Expr) -> Expr | None:
    """a b + a c = a (b + c)"""
    match expr:
        case Add((Mul((a, b)), Mul((c, d)))) if a == c:
            return Mul((a, Add((b, d))))
        case Add((Div(a, b), Div(c, d))) if b == d:
            return Div(Add((a, c)), b)
        case Add((Div(a, b), Div(c, d))):
            return Div(Add((Mul((a, d)), Mul((b, c)))), Mul((b, d)))
        case _:
            return None


#: Every identity that ``rewrites`` may use. Each holds wherever both sides have a value.
IDENTITIES: dict[str, Identity] = {
    identity.__name__.strip("_"): identity
    for identity in (
        _commute, _associate, _flatten, _distribute, _factor_out_minus, _move_minus, _divide_by_power,
        _split_fraction, _nested_fraction, _expand_fraction, _powers, _roots, _logarithms, _exponentials,
        _hyperbolic, _tanh_by_one_exponential, _ratios, _sigmoid_by_exponential, _sigmoid_by_growth,
        _sigmoid_mirrored, _sigmoid_by_tanh, _trigonometric, _inverse_functions, _kink_by_cases,
        _kink_by_another, _swap_branches, _flip_relation, _split_by_sign, _sum_by_terms, _sum_constant_out,
        _constant_into_sum, _rename_index, _write_out_sum, _swap_sums, _split_number, _add_nothing,
        _multiply_by_one, _twice_negated, _collect,
    )
}  # fmt: skip

#: Identities that apply to anything; drawn less often, or trees would be made of them alone.
UNIVERSAL = frozenset({"split_by_sign", "add_nothing", "multiply_by_one", "twice_negated"})


# --- slips ------------------------------------------------------------------------------------

#: Gives the ways in which one slip of the pen changes a node.
Slip = Callable[[Expr], Iterator[Expr]]


def _slip_in_sign(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Neg(arg):
            yield arg
        case Add(terms):
            for place, term in enumerate(terms):
                flipped = term.arg if isinstance(term, Neg) else Neg(term)
                yield Add((*terms[:place], flipped, *terms[place + 1 :]))
        case _:
            yield Neg(expr)


def _slip_in_number(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Number(exact) if exact.denominator == 1:
            yield number(exact + 1)
            yield Mul((TWO, expr))
        case Number(exact, decimals):
            yield Number(exact + 1, decimals)
        case Pow(base, Number(exact)) if exact.denominator == 1:
            yield Pow(base, number(exact + 1))
            yield base
        case Pow(base, Number(exact)) if exact != Fraction(1, 2):
            yield Pow(base, HALF)
        case Pow(base, Neg(exponent)):
            yield Pow(base, exponent)
        case _:
            return


def _lost_part(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Add(parts) | Mul(parts):
            for place in range(len(parts)):
                rest = parts[:place] + parts[place + 1 :]
                yield rest[0] if len(rest) == 1 else type(expr)(rest)
        case Div(num, den):
            yield num
            yield den
        case Func(_, (u,)):
            yield u
        case Sum(body, index) if not _mentions(body, index):
            yield body
        case _:
            return


_CONFUSED = {
    "exp": "log", "log": "exp", "sin": "cos", "cos": "sin", "tan": "cot", "cot": "tan", "sec": "csc",
    "csc": "sec", "sinh": "cosh", "cosh": "sinh", "tanh": "sigmoid", "sigmoid": "tanh", "coth": "tanh",
    "sech": "csch", "csch": "sech", "asin": "acos", "acos": "asin", "atan": "tan", "asinh": "sinh",
    "acosh": "asinh", "atanh": "tanh", "abs": "relu", "relu": "abs", "sign": "step", "step": "sign",
    "erf": "erfc", "erfc": "erf", "softplus": "sigmoid", "max": "min", "min": "max",
}  # fmt: skip


def _wrong_function(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Func(name, args) if name in _CONFUSED:
            yield Func(_CONFUSED[name], args)
        case Apply(name, args, orders):
            yield Apply({"f": "g", "g": "f"}.get(name, name), args, orders)
            if len(args) == 1:
                yield Apply(name, args, ((orders or (0,))[0] + 1,))
        case _:
            return


def _wrong_name(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Symbol() if expr in (Symbol("x"), Symbol("y")):
            yield Symbol("y" if expr == Symbol("x") else "x")
        case Indexed(base, indices):
            yield Indexed({"u": "v", "v": "u"}.get(base, base), indices)
            if len(set(indices)) > 1:
                yield Indexed(base, indices[::-1])
        case _:
            return


def _turned_over(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Div(num, den):
            yield Div(den, num)
            yield Mul((num, den))
        case Mul((a, b)):
            yield Add((a, b))
            yield Div(a, b)
        case Func("exp", (Neg(u),)):
            yield _f("exp", u)
        case _:
            return


def _wrong_branch(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Cases(((a, when), (b, Otherwise()))):
            yield Cases(((b, when), (a, Otherwise())))
            if isinstance(when, Relation):
                yield _two_cases(a, Relation(when.left, _COMPLEMENT[when.op], when.right), b)
                yield _two_cases(a, Relation(when.left, when.op, Add((when.right, ONE))), b)
        case _:
            return


#: The slips that ``value_changing_edits`` may make.
SLIPS: dict[str, Slip] = {
    slip.__name__.strip("_"): slip
    for slip in (
        _slip_in_sign, _slip_in_number, _lost_part, _wrong_function, _wrong_name, _turned_over, _wrong_branch,
    )
}  # fmt: skip
