"""Checks the truth of every claim in this folder with high-precision finite differences.

The corpus is the answer key of the checker, so it must not share a line of code with it: here the
plain transcriptions ``definition_py`` and ``claim_py`` are evaluated with mpmath to 60 digits, the
definition is differentiated by central differences at points of every branch, and the two are
compared. A claim marked ``correct`` has to agree at all points, a claim marked ``wrong`` has to
differ at a good part of them.

Fields of a claim beside ``id, wrt, definition, claim, truth, mistake, definition_py, claim_py``:

``given``         definitions in LaTeX that stand before; ``given_py`` their values by name
``domain``        conditions in LaTeX; ``domain_py`` the same for this script
``wrt_py``        what to differentiate by, one after the other ([]: the value itself is claimed)
``at``            the point of a numeric claim; it is right if it is the true value, rounded
``free``          indices that the claim holds for, each from 1 to 3
``ranges``        lengths of index ranges that are not 3
``shapes``        vectors ``[2]`` and matrices ``[3, 2]``; ``symmetric`` and ``invertible`` matrices by name
``vectors``, ``matrices``   what a document has to say about its symbols before the claim

In the transcription ``x{i}`` is a component, ``SUM_i(...)`` and ``PROD_i(...)`` run over one
(``SUM`` is ``SUM_i``), ``@`` is a matrix product, ``Piecewise`` takes (value, condition) pairs.

Run it as ``python tests/claims/verify.py [FILE…]``.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import operator
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

HERE = Path(__file__).parent
TOLERANCE = "1e-18"
CLEARLY = "1e-6"
POINTS = 16
DRAWS = 900
DIFFERING = 3

mp: Any = importlib.import_module("mpmath").mp.clone()
mp.dps = 60

Value: TypeAlias = Any
Env: TypeAlias = dict[str, Any]


class OutsideDomainError(ValueError):
    """The expression has no real value at this point."""


@dataclass(slots=True)
class Visits:
    """Which branch of which ``Piecewise`` was taken: counts by (place in the source, branch)."""

    taken: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])


def claims(path: Path) -> Iterator[dict[str, Any]]:
    """The claims of one file, in order."""
    with path.open(encoding="utf-8") as lines:
        for text in lines:
            if text.strip():
                yield json.loads(text)


def corpus() -> list[dict[str, Any]]:
    """Every claim of every file in this folder."""
    return [claim for path in sorted(HERE.glob("*.jsonl")) for claim in claims(path)]


# --- evaluating a transcription -------------------------------------------------------------------


def _real(value: Value) -> Value:
    if isinstance(value, mp.mpc):
        if value.imag != 0:
            raise OutsideDomainError("not real")
        value = value.real
    if not mp.isfinite(value):
        raise OutsideDomainError("not finite")
    return value


def _elementwise(function: Callable[..., Value], *values: Value) -> Value:
    """Apply to scalars; over lists component by component, a scalar going with every component."""
    lists = [cast("list[Value]", v) for v in values if isinstance(v, list)]
    if not lists:
        return function(*values)
    size = len(lists[0])
    if any(len(items) != size for items in lists):
        raise TypeError("vectors of different lengths")
    return [
        _elementwise(function, *(cast("list[Value]", v)[k] if isinstance(v, list) else v for v in values))
        for k in range(size)
    ]


def _is_matrix(value: Value) -> bool:
    return isinstance(value, list) and isinstance(cast("list[Value]", value)[0], list)


def _transpose(value: Value) -> Value:
    return [list(row) for row in zip(*value, strict=True)] if _is_matrix(value) else value


def _matmul(left: Value, right: Value) -> Value:
    if _is_matrix(left):
        return [_matmul(row, right) for row in left]
    if _is_matrix(right):
        return [_matmul(left, column) for column in _transpose(right)]
    return mp.fsum(a * b for a, b in zip(left, right, strict=True))


def _norm(value: Value) -> Value:
    if _is_matrix(value):
        return mp.sqrt(mp.fsum(a * a for row in value for a in row))
    return mp.sqrt(_matmul(value, value))


def _diag(value: Value) -> Value:
    return [[a if i == j else mp.mpf(0) for j in range(len(value))] for i, a in enumerate(value)]


def _power(base: Value, exponent: Value) -> Value:
    if base == 0 and exponent <= 0:
        raise OutsideDomainError("0 to a power that is not positive")
    return base**exponent


def _positive_log(value: Value, base: Value | None = None) -> Value:
    if value <= 0:
        raise OutsideDomainError("logarithm of a number that is not positive")
    return mp.log(value) if base is None else mp.log(value) / mp.log(base)


def _cube_root(value: Value) -> Value:
    return mp.sign(value) * mp.cbrt(abs(value))


def _sigmoid(value: Value) -> Value:
    return 1 / (1 + mp.exp(-value))


def _softplus(value: Value) -> Value:
    return mp.log(1 + mp.exp(value))


def _delta(left: Value, right: Value) -> Value:
    return mp.mpf(int(left == right))


SCALAR: dict[str, Callable[..., Value]] = {
    "exp": mp.exp, "log": _positive_log, "sqrt": mp.sqrt, "cbrt": _cube_root,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "cot": mp.cot, "sec": mp.sec, "csc": mp.csc,
    "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "coth": mp.coth, "sech": mp.sech, "csch": mp.csch,
    "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh,
    "erf": mp.erf, "Abs": abs, "sign": mp.sign, "sigmoid": _sigmoid, "softplus": _softplus,
    "Max": max, "Min": min, "DELTA": _delta, "factorial": mp.factorial,
}  # fmt: skip


def _outer(left: Value, right: Value) -> Value:
    return [[a * b for b in right] for a in left]


def _trace(value: Value) -> Value:
    return mp.fsum(value[k][k] for k in range(len(value)))


def _identity(size: Value) -> Value:
    return _diag([mp.mpf(1)] * int(size))


def _determinant(value: Value) -> Value:
    return mp.det(mp.matrix(value))


def _inverse(value: Value) -> Value:
    return (mp.matrix(value) ** -1).tolist()


STRUCTURED: dict[str, Callable[..., Value]] = {
    "T": _transpose, "norm": _norm, "diag": _diag, "total": mp.fsum, "outer": _outer,
    "trace": _trace, "eye": _identity, "det": _determinant, "inv": _inverse,
}  # fmt: skip

OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: _power,
}

COMPARISONS: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
}


def parse(source: str) -> ast.expr:
    """The syntax tree of a transcription; ``x{i}`` becomes the name ``x__i__``."""
    return ast.parse(re.sub(r"\{(\w)\}", r"__\1__", source), mode="eval").body


def names(node: ast.expr) -> set[str]:
    """Variables of a transcription, components still with their index letters."""
    called = {id(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called} - {"pi", "E"}


@dataclass(slots=True)
class Evaluator:
    """Evaluates transcriptions at one point: values by name, definitions by name, lengths of ranges."""

    values: Env
    given: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    ranges: dict[str, int] = field(default_factory=dict[str, int])
    indices: dict[str, int] = field(default_factory=dict[str, int])
    visits: Visits = field(default_factory=Visits)

    def name(self, raw: str) -> Value:
        """The value of a variable, index letters replaced by the numbers that they stand for now."""
        if raw in self.given:
            return self(self.given[raw])
        letters = re.findall(r"__(\w)__", raw)
        if raw == "".join(f"__{letter}__" for letter in letters) and len(letters) == 1:
            return mp.mpf(self.indices[letters[0]])
        plain = re.sub(r"__(\w)__", lambda m: str(self.indices[m.group(1)]), raw)
        if plain in self.given:
            return self(self.given[plain])
        if plain == "pi":
            return +mp.pi
        return +mp.e if plain == "E" else self.values[plain]

    def __call__(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return mp.mpf(str(constant))
            case ast.Name(id=name):
                return self.name(name)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self(item) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _elementwise(operator.neg, self(operand))
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return _matmul(self(left), self(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _elementwise(_quotient, self(left), self(right))
            case ast.BinOp(left=left, op=op, right=right):
                return _elementwise(OPERATORS[type(op)], self(left), self(right))
            case ast.Call(func=ast.Name(id=function), args=args):
                return self.call(function, args, node.col_offset)
            case _:
                raise TypeError(f"not part of the transcription language: {ast.unparse(node)}")

    def call(self, function: str, args: list[ast.expr], place: int) -> Value:
        """A function, a sum over an index, or cases (only the branch that holds is evaluated)."""
        if function == "Piecewise":
            return self.piecewise(args, place)
        kind, _, letter = function.partition("_")
        if kind in {"SUM", "PROD"}:
            return self.over_index(kind, letter or "i", args)
        values = [self(arg) for arg in args]
        if function in STRUCTURED:
            return STRUCTURED[function](*values)
        scalar = SCALAR[function]

        def apply(*numbers: Value) -> Value:
            return _real(scalar(*numbers))

        return _elementwise(apply, *values)

    def piecewise(self, branches: list[ast.expr], place: int) -> Value:
        """The value of the first branch whose condition holds."""
        for number, branch in enumerate(branches):
            assert isinstance(branch, ast.Tuple)
            value, condition = branch.elts
            if self.holds(condition):
                self.visits.taken[place, number] += 1
                return self(value)
        raise OutsideDomainError("no branch holds")

    def over_index(self, kind: str, letter: str, args: list[ast.expr]) -> Value:
        """A sum or product of ``args[0]`` over the index, where the condition ``args[1]`` holds."""
        outer = self.indices
        total: Value = mp.mpf(kind == "PROD")
        for k in range(1, self.ranges.get(letter, 3) + 1):
            self.indices = {**outer, letter: k}
            if len(args) == 1 or self.holds(args[1]):
                combine = OPERATORS[ast.Mult if kind == "PROD" else ast.Add]
                term = self(args[0])
                total = _elementwise(combine, total, term)
        self.indices = outer
        return total

    def holds(self, condition: ast.expr) -> bool:
        """Whether a condition holds at this point."""
        match condition:
            case ast.Constant(value=bool() as constant):
                return constant
            case ast.BoolOp(op=op, values=parts):
                return (all if isinstance(op, ast.And) else any)(self.holds(part) for part in parts)
            case ast.Compare(left=first, ops=ops, comparators=rest):
                sides = [self(side) for side in (first, *rest)]
                return all(COMPARISONS[type(op)](sides[k], sides[k + 1]) for k, op in enumerate(ops))
            case _:
                raise TypeError(f"not a condition: {ast.unparse(condition)}")


def _quotient(a: Value, b: Value) -> Value:
    if b == 0:
        raise OutsideDomainError("division by zero")
    return a / b


# --- judging a claim --------------------------------------------------------------------------------


@dataclass(slots=True)
class Judge:
    """One claim, ready to be tried at points."""

    claim: dict[str, Any]
    definition: ast.expr
    stated: ast.expr
    given: dict[str, ast.expr]
    domain: list[ast.expr]
    wrt: list[ast.expr]

    @classmethod
    def of(cls, claim: dict[str, Any]) -> Judge:
        wrt: list[str] | str = claim.get("wrt_py", re.sub(r"[\\_{}]", "", claim["wrt"]))
        return cls(
            claim,
            parse(claim["definition_py"]),
            parse(claim["claim_py"]),
            {key.replace("{", "__").replace("}", "__"): parse(text)
             for key, text in claim.get("given_py", {}).items()},
            [parse(text) for text in claim.get("domain_py", [])],
            [parse(text) for text in ([wrt] if isinstance(wrt, str) else wrt)],
        )  # fmt: skip

    def variables(self) -> list[str]:
        """Names that need a value at a point, components written out."""
        free: set[str] = set()
        for node in (self.definition, self.stated, *self.given.values(), *self.wrt):
            free |= names(node)
        free -= set(self.given)
        found: set[str] = set()
        ranges: dict[str, int] = self.claim.get("ranges", {})
        for raw in free:
            letters = sorted(set(re.findall(r"__(\w)__", raw)))
            if re.fullmatch(r"(__\w__)+", raw):
                continue
            for numbers in itertools.product(*(range(1, ranges.get(letter, 3) + 1) for letter in letters)):
                plain = raw
                for letter, number in zip(letters, numbers, strict=True):
                    plain = plain.replace(f"__{letter}__", str(number))
                found.add(plain)
        return sorted(found - set(self.given))

    def draw(self, rng: random.Random) -> Env:
        """A random point; vectors and matrices are lists. Choices named in the domain are respected."""
        choices: dict[str, list[Value]] = {}
        for condition in self.domain:
            match condition:
                case ast.Compare(left=ast.Name(id=name), ops=[ast.In()], comparators=[ast.Set(elts=items)]):
                    choices[name] = [Evaluator({})(item) for item in items]
                case _:
                    pass
        shapes: dict[str, list[int]] = self.claim.get("shapes", {})
        point: Env = {}
        for name in self.variables():
            if name in choices:
                point[name] = rng.choice(choices[name])
            elif name in shapes:
                point[name] = _draw_array(
                    rng, shapes[name], symmetric=name in self.claim.get("symmetric", [])
                )
            else:
                point[name] = _draw(rng)
        for name, value in self.claim.get("at", {}).items():
            point[name] = Evaluator({})(parse(value))
        return point

    def evaluator(self, point: Env, indices: dict[str, int], visits: Visits) -> Evaluator:
        return Evaluator(point, self.given, self.claim.get("ranges", {}), indices, visits)

    def derivative(self, point: Env, indices: dict[str, int], order: int = 0) -> Value:
        """The definition differentiated by ``wrt[order:]``, one after the other."""
        if order == len(self.wrt):
            return self.evaluator(point, indices, Visits())(self.definition)
        return self._along(self.wrt[order], point, indices, order)

    def _along(self, wrt: ast.expr, point: Env, indices: dict[str, int], order: int) -> Value:
        if isinstance(wrt, ast.List):
            parts = [self._along(part, point, indices, order) for part in wrt.elts]
            # A vector by a vector is a Jacobian: one row for each component of the definition.
            return _transpose(parts) if isinstance(parts[0], list) and not _is_matrix(parts[0]) else parts
        assert isinstance(wrt, ast.Name)
        name = re.sub(r"__(\w)__", lambda m: str(indices[m.group(1)]), wrt.id)
        shape = self.claim.get("shapes", {}).get(name)
        if shape is None:
            return self._difference(point, indices, order, lambda p, h: {**p, name: p[name] + h})
        if len(shape) == 1:
            parts = [
                self._difference(point, indices, order, lambda p, h, k=k: _shifted(p, name, (k,), h))
                for k in range(shape[0])
            ]
            return _transpose(parts) if isinstance(parts[0], list) and not _is_matrix(parts[0]) else parts
        return [
            [
                self._difference(point, indices, order, lambda p, h, k=k, m=m: _shifted(p, name, (k, m), h))
                for m in range(shape[1])
            ]
            for k in range(shape[0])
        ]

    def _difference(
        self, point: Env, indices: dict[str, int], order: int, shift: Callable[[Env, Value], Env]
    ) -> Value:
        # Truncation h^2 and rounding 10^-60 / h^order balance at this step.
        h = mp.mpf(10) ** -(mp.dps // (len(self.wrt) + 2))
        above = self.derivative(shift(point, h), indices, order + 1)
        below = self.derivative(shift(point, -h), indices, order + 1)

        def slope(a: Value, b: Value) -> Value:
            return (a - b) / (2 * h)

        return _elementwise(slope, above, below)


def _shifted(point: Env, name: str, place: tuple[int, ...], h: Value) -> Env:
    moved: Any = [list(row) if isinstance(row, list) else row for row in point[name]]  # pyright: ignore
    target = moved
    for k in place[:-1]:
        target = target[k]
    target[place[-1]] += h
    return {**point, name: moved}


def _draw(rng: random.Random) -> Value:
    kind = rng.random()
    if kind < 0.35:
        number = rng.gauss(0, 1)
    elif kind < 0.6:
        number = rng.gauss(0, 3)
    elif kind < 0.85:
        number = rng.random()
    else:
        number = rng.uniform(0, 4)
    return mp.mpf(round(number, 9)) + mp.mpf(rng.randrange(1, 999)) * mp.mpf("1e-13")


def _draw_array(rng: random.Random, shape: list[int], *, symmetric: bool) -> Value:
    if len(shape) == 1:
        return [_draw(rng) for _ in range(shape[0])]
    rows = [[_draw(rng) for _ in range(shape[1])] for _ in range(shape[0])]
    if symmetric:
        rows = [[rows[min(i, j)][max(i, j)] for j in range(shape[1])] for i in range(shape[0])]
    return rows


def _flat(value: Value) -> list[Value]:
    if isinstance(value, list):
        return [number for part in cast("list[Value]", value) for number in _flat(part)]
    return [value]


def _apart(left: Value, right: Value, tolerance: str) -> bool:
    """Whether two values (or any two components of them) differ by more than the relative tolerance."""
    a, b = _flat(left), _flat(right)
    if len(a) != len(b):
        raise TypeError(f"{len(a)} components against {len(b)}")
    scale = mp.mpf(tolerance)
    return any(abs(x - y) > scale * max(1, abs(x), abs(y)) for x, y in zip(a, b, strict=True))


def _branches(node: ast.expr) -> set[tuple[int, int]]:
    """The (place, branch) pairs that samples have to reach: all whose condition is not an equation."""
    found: set[tuple[int, int]] = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Piecewise":
            for number, branch in enumerate(call.args):
                assert isinstance(branch, ast.Tuple)
                condition = branch.elts[1]
                at_a_point = isinstance(condition, ast.Compare) and isinstance(condition.ops[0], ast.Eq)
                if not at_a_point:
                    found.add((call.col_offset, number))
    return found


def objection(claim: dict[str, Any]) -> str | None:
    """What is wrong with a claim of the corpus, in a sentence; None if its truth is as it says."""
    judge = Judge.of(claim)
    if "at" in claim:
        return _objection_to_number(judge)
    rng = random.Random(claim["id"])
    in_definition, in_claim = Visits(), Visits()
    points = differing = clearly = 0
    example = ""
    free: list[str] = claim.get("free", [])
    ranges: dict[str, int] = claim.get("ranges", {})
    needed = _branches(judge.definition)
    needed_claim = _branches(judge.stated) if claim["truth"] == "correct" else set[tuple[int, int]]()
    for _ in range(DRAWS):
        point = judge.draw(rng)
        for numbers in itertools.product(*(range(1, ranges.get(letter, 3) + 1) for letter in free)):
            indices = dict(zip(free, numbers, strict=True))
            try:
                here = judge.evaluator(point, indices, in_definition)
                if not all(here.holds(condition) for condition in judge.domain):
                    continue
                for value in _flat(here(judge.definition)):
                    _real(value)
                true = judge.derivative(point, indices)
                stated = judge.evaluator(point, indices, in_claim)(judge.stated)
                for value in _flat(true):
                    _real(value)
            except OutsideDomainError:
                continue
            points += 1
            if _apart(true, stated, TOLERANCE):
                differing += 1
                clearly += _apart(true, stated, CLEARLY)
                example = f"at {_show(point)} {indices or ''}: {_flat(true)} against {_flat(stated)}"
        enough = all(in_definition.taken[branch] >= 3 for branch in needed)
        enough = enough and all(in_claim.taken[branch] >= 3 for branch in needed_claim)
        if claim["truth"] == "wrong" and points < DRAWS // 4:
            enough = enough and clearly >= DIFFERING
        if points >= POINTS and enough:
            break
    else:
        return f"only {points} points found, or a branch never reached"
    if claim["truth"] == "correct" and differing:
        return f"said to be correct, but wrong at {differing} of {points} points, {example}"
    if claim["truth"] == "wrong" and clearly < DIFFERING:
        return f"said to be wrong, but differs at {clearly} of {points} points only"
    return None


def _objection_to_number(judge: Judge) -> str | None:
    claim = judge.claim
    point = judge.draw(random.Random(0))
    true = _real(judge.derivative(point, {}))
    written: str = claim["claim_py"]
    stated = _real(Evaluator(point)(judge.stated))
    decimals = len(written.partition(".")[2]) if re.fullmatch(r"-?\d+\.\d*", written) else None
    slack = mp.mpf(TOLERANCE) if decimals is None else mp.mpf(10) ** -decimals / 2 + mp.mpf(TOLERANCE)
    right = abs(true - stated) <= slack
    if right != (claim["truth"] == "correct"):
        return f"said to be {claim['truth']}, but the value is {mp.nstr(true, 12)} and {written} is written"
    return None


def _show(point: Env) -> str:
    return ", ".join(f"{name} = {_short(value)}" for name, value in point.items())


def _short(value: Value) -> str:
    return str([_short(part) for part in value]) if isinstance(value, list) else mp.nstr(value, 6)  # pyright: ignore


def main(arguments: list[str]) -> int:
    """Print every objection; the exit status is 1 if there is one."""
    paths = [Path(argument) for argument in arguments] or sorted(HERE.glob("*.jsonl"))
    count = objections = 0
    for path in paths:
        for claim in claims(path):
            count += 1
            try:
                reason = objection(claim)
            except (KeyError, TypeError, SyntaxError, IndexError, ZeroDivisionError) as error:
                reason = f"cannot be evaluated: {error!r}"
            if reason is not None:
                objections += 1
                print(f"{path.name}: {claim['id']}: {reason}")
    print(f"{count} claims, {objections} objections")
    return int(objections > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
