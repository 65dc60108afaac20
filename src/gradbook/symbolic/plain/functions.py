"""Functions that are always there, with their arguments."""

from __future__ import annotations

from gradbook.symbolic.expr import (
    FUNCTIONS,
    HALF,
    ONE,
    Add,
    Apply,
    Div,
    E,
    Expr,
    Func,
    Mul,
    Neg,
    Number,
    Pow,
    Sum,
    number,
)
from gradbook.symbolic.plain.names import Usage, is_known, name_of
from gradbook.symbolic.plain.naming import MAX_ORDER, Naming, plain
from gradbook.symbolic.plain.tokens import Kind, PlainError, Token

#: What ``f^-1`` is for functions whose inverse is written so.
_INVERSES = {
    "sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh", "tanh": "atanh",
}  # fmt: skip


class Functions(Naming):
    """``sin(x)``, ``sin 2x``, ``tanh^2(x)``, ``log_2(x)``, ``softplus'(x)``."""

    def function(self, name: str, foot: str, token: Token) -> Expr:
        """A function the core knows: its power, its base, and its argument."""
        exponent: Expr | None = None
        primes = 0
        while self.accept("'"):
            primes += 1
        if self.token.kind is Kind.RAISED:
            exponent = small(self.take())
        elif self.token.is_sign("^"):
            self.at += 1
            exponent = self._power_of_function()
        match exponent:
            case Neg(Number(value)) if value == 1 and name in _INVERSES:
                name, exponent = _INVERSES[name], None
            case _:
                pass
        args = self._arguments(name, token)
        result = self._known(name, foot, args, token)
        if primes:
            if not isinstance(result, Func) or primes > MAX_ORDER:
                raise self.wrong("a function that can be differentiated so", token)
            result = Apply(result.name, args, (primes,))
        return result if exponent is None else raised(result, exponent)

    def _power_of_function(self) -> Expr:
        """The 2 of ``sin^2(x)``: a number or a letter, or anything in brackets."""
        if self.token.is_sign("{"):
            return self.exponent()
        if self.token.is_sign("("):
            return self.atom()
        negative = self.accept("-")
        token = self.take()
        if token.kind is Kind.NUMBER:
            result: Expr = number(token.text.removesuffix("."))
        elif token.kind is Kind.NAME:
            result = plain(self.read_name(token))
        else:
            raise self.wrong("a number after “^”", token)
        return Neg(result) if negative else result

    def _arguments(self, name: str, token: Token) -> tuple[Expr, ...]:
        if self.accept("("):
            return self.values(")")
        if FUNCTIONS.get(name, 1) != 1:
            raise self.wrong(f"“(” after {token.shown()}")
        if not (self.token.kind is Kind.NUMBER or self.starts_factor() or self.token.is_sign("-")):
            raise self.wrong(f"the argument of {token.shown()}")
        return (self.deeper(self._bare_argument),)

    def _bare_argument(self) -> Expr:
        """``sin 2x``: numbers and names that follow, up to a bracket, a function or a sign."""
        negative = False
        while self.accept("-"):
            negative = not negative
        factors = [self.power()]
        while (
            not isinstance(factors[-1], Func | Apply | Sum)
            and self.token.kind in (Kind.NAME, Kind.LATEX)
            and not is_known(self.token.text.partition("_")[0])
        ):
            factors.append(self.power())
        result = factors[0] if len(factors) == 1 else Mul(tuple(factors))
        return Neg(result) if negative else result

    def _known(self, name: str, foot: str, args: tuple[Expr, ...], token: Token) -> Expr:
        arity = FUNCTIONS.get(name, 1)
        if arity is not None and len(args) != arity:
            plural = "argument" if arity == 1 else "arguments"
            raise PlainError(f"expected {arity} {plural} of {token.shown()}, found {len(args)}", token.column)
        if foot and name != "log":
            raise self.wrong("a function without a subscript", token)
        match name:
            case "log10" | "log2":
                return Div(Func("log", args), Func("log", (number(int(name[3:])),)))
            case "log" if foot:
                try:
                    base = plain(name_of(foot, None, Usage())) if not foot.isdecimal() else number(foot)
                except ValueError as reason:
                    raise self.wrong(str(reason), token) from None
                return Div(Func("log", args), Func("log", (base,)))
            case "log1p":
                return Func("log", (Add((ONE, args[0])),))
            case "expm1":
                return Add((Func("exp", args), Neg(ONE)))
            case "sqrt":
                return Pow(args[0], HALF)
            case "cbrt":
                return Pow(args[0], Number(ONE.value / 3))
            case _:
                return Func(name, args)


def small(token: Token) -> Expr:
    """An exponent typed in superscript digits."""
    digits = number(token.text.removeprefix("-"))
    return Neg(digits) if token.text.startswith("-") else digits


def raised(base: Expr, exponent: Expr) -> Expr:
    """A power; one of e is its function, and an exponent that is a fraction of whole numbers one number."""
    if base == E:
        return Func("exp", (exponent,))
    match exponent:
        case Div(Number(above, None), Number(below, None)) if below:
            return Pow(base, Number(above / below))
        case _:
            return Pow(base, exponent)
