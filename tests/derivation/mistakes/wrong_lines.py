"""Wrong lines with the mistakes they were made by: each mal-rule, alone and in pairs, on right derivations.

Mal-rules of differentiation are applied in the derivation, by the package; slips of the pen (a sign, a factor, an
exponent, a term, an argument, a condition) are made here, on the right result in its simplest form, by code that
shares nothing with the code that finds them. A line that several mistakes lead to carries all their codes.

Run ``python tests/derivation/mistakes/wrong_lines.py`` for the whole set.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

from gradbook.derivation.algebra import simplify
from gradbook.derivation.catalogue import CATALOGUE
from gradbook.derivation.mistakes import Question, diagnose
from gradbook.derivation.mistakes.search import SECONDS
from gradbook.derivation.mistakes.values import Points, agree
from gradbook.derivation.mistakes.variants import Variants
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    Add,
    Cases,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Number,
    Op,
    Pow,
    Relation,
    Sum,
    Symbol,
    children,
    free_symbols,
    rebuild,
    tree_size,
)
from gradbook.symbolic.plain import read
from gradbook.symbolic.printing import to_text
from gradbook.symbolic.tidy import tidy

#: Functions of textbooks: what is differentiated, and by what.
TEXTBOOK = """
x^3 - 4*x + 1 ; x
(2*x + 1)^5 ; x
x^2*exp(x) ; x
x*sin(x) ; x
exp(2*x)*cos(3*x) ; x
sin(x)/x ; x
(x^2 + 1)/(x - 1) ; x
x/(1 + x^2) ; x
sqrt(1 + x^2) ; x
1/sqrt(1 + x^2) ; x
log(1 + x^2) ; x
x*log(x) ; x
log(x)/x ; x
exp(-x^2/2) ; x
exp(sin(x)) ; x
sin(x^2) ; x
cos(x)^3 ; x
tan(2*x) ; x
atan(x/a) ; x
asin(x) ; x
x^2*log(x)*exp(x) ; x
2^x ; x
a^(3*x) ; x
log(sin(x)) ; x
exp(x)/(1 + exp(x)) ; x
(exp(x) - 1)/(exp(x) + 1) ; x
x*exp(-a*x) ; x
(a*x + b)^n ; x
1/(a*x + b) ; x
1/(1 + exp(-k*(x - m))) ; x
cosh(x)*sinh(x) ; x
log(cosh(r)) ; r
(y - w*x)^2 ; w
(y - tanh(w*x + b))^2 ; w
-y*log(sigmoid(w*x)) - (1 - y)*log(1 - sigmoid(w*x)) ; w
abs(y - w*x) ; w
max(0, 1 - y*w*x) ; w
sum((y_i - w*x_i)^2, i) ; w
sum(abs(y_i - w*x_i), i) ; w
sum(log(1 + exp(-y_i*w*x_i)), i) ; w
-sum(y_i*log(p_i), i) ; p_j
log(sum(exp(z_k), k)) - z_j ; z_i
1/2*sum((y_i - f_i)^2, i) ; f_j
lambda/2*sum(w_j^2, j) ; w_k
(w*x + b - y)^2/2 + lambda*w^2/2 ; w
exp(-(x - m)^2/(2*s^2)) ; s
log(s) + (x - m)^2/(2*s^2) ; s
""".strip()


@dataclass(frozen=True)
class Task:
    """A right derivation: a body, a variable and where it is meant."""

    body: Expr
    wrt: Expr
    domain: Domain = field(default_factory=Domain)

    @property
    def asked(self) -> Derivative:
        return Derivative(self.body, self.wrt, 1, "partial" if len(free_symbols(self.body)) > 1 else "d")


def tasks() -> list[Task]:
    """All derivations of the set."""
    found: list[Task] = []
    for row in TEXTBOOK.splitlines():
        body, wrt = row.split(" ; ")
        found.append(Task(read(body), read(wrt)))
    found += [Task(entry.body, entry.variable, entry.domain) for entry in CATALOGUE]
    return found


@dataclass
class WrongLine:
    """A wrong line and the mistakes that lead to it, each a tuple of codes."""

    task: Task
    written: Expr
    made: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])


# --- slips of the pen --------------------------------------------------------------------------------


def slips(tree: Expr, rng: random.Random) -> list[tuple[str, Expr]]:
    """Right results made wrong by a small change at one place."""
    found: list[tuple[str, Expr]] = []

    def visit(node: Expr, put: object, where: str, product: bool) -> None:
        def wrong(code: str, part: Expr) -> None:
            found.append((code, put(part)))  # type: ignore[operator]

        match node:
            case Add(terms):
                for k, term in enumerate(terms):
                    turned = term.arg if isinstance(term, Neg) else Neg(term)
                    wrong("E104" if where else "E101", Add((*terms[:k], turned, *terms[k + 1 :])))
                    if not where and (len(terms) > 2 or not isinstance(term, Number)):
                        rest = terms[:k] + terms[k + 1 :]
                        wrong("E106", rest[0] if len(rest) == 1 else Add(rest))
                if not where and not any(isinstance(t, Number) for t in terms):
                    wrong("E107", Add((*terms, ONE)))
            case Pow(base, Number(value)) if value.denominator == 1 and value > 1:
                wrong("E103", Pow(base, Number(value + 1)))
                wrong("E103", base if value == 2 else Pow(base, Number(value - 1)))
            case Func("exp", (u,)):
                wrong("E104", Func("exp", (u.arg if isinstance(u, Neg) else Neg(u),)))
                wrong("E105", Func("exp", (Mul((Number(Fraction(2)), u)),)))
            case Func("sin" | "cos" | "cosh" | "tanh" | "sigmoid" as name, (u,)):
                wrong("E105", Func(name, (Mul((Number(Fraction(2)), u)),)))
                other = {"sin": "cos", "cos": "sin", "cosh": "sinh", "tanh": "sigmoid", "sigmoid": "tanh"}[
                    name
                ]
                wrong("E113", Func(other, (u,)))
            case _:
                pass
        if isinstance(node, Mul) and not where:
            for k, factor in enumerate(node.factors):
                if isinstance(factor, Number):
                    continue
                rest = node.factors[:k] + node.factors[k + 1 :]
                # a factor of the chain rule that is lost has the names of that rule too
                for code in ("E108", "D101", "D103"):
                    wrong(code, rest[0] if len(rest) == 1 else Mul(rest))
            some = next((s for s in sorted(free_symbols(node), key=repr) if isinstance(s, Symbol)), None)
            if some is not None and not product:
                wrong("E109", Mul((some, *node.factors)))
        if isinstance(node, Symbol) and where == "" and rng.random() < 0.3:
            others = [s for s in sorted(free_symbols(tree), key=repr) if isinstance(s, Symbol) and s != node]
            if others:
                wrong("E112", rng.choice(others))
        if isinstance(node, Sum):
            found.append(("E115", put(node.body)))  # type: ignore[operator]
        if isinstance(node, Cases):
            branches = node.branches
            if len(branches) == 2:
                (a, c), (b, d) = branches
                wrong("B101", Cases(((b, c), (a, d))))
                if isinstance(c, Relation) and isinstance(d, Relation | type(None)) is False:
                    shifted = Relation(c.left, c.op, Add((c.right, ONE)) if c.right != ZERO else ONE)
                    wrong("B103", Cases(((a, shifted), (b, d))))
            for k, (value, condition) in enumerate(branches):
                visit(
                    value,
                    lambda part, k=k, condition=condition: put(  # type: ignore[operator]
                        Cases((*branches[:k], (part, condition), *branches[k + 1 :]))
                    ),
                    where,
                    False,
                )
            return
        if isinstance(node, Symbol | Number | Indexed):
            return
        for k, child in enumerate(children(node)):
            if not isinstance(child, Expr):
                continue
            inner = where
            match node:
                case Func():
                    inner = "function"
                case Div() if k == 1:
                    inner = "denominator"
                case Pow() if k == 1:
                    continue
                case _:
                    pass
            visit(child, lambda part, k=k: put(_with(node, k, part)), inner, isinstance(node, Mul | Neg))  # type: ignore[operator]

    visit(tree, lambda part: part, "", False)
    found.append(("E101", tree.arg if isinstance(tree, Neg) else Neg(tree)))
    found.append(("E102", tidy(Mul((Number(Fraction(2)), tree)))))
    found.append(("E102", tidy(Div(tree, Number(Fraction(3))))))
    return found


def _with(node: Expr, place: int, part: Expr) -> Expr:
    counter = iter(range(100))
    return cast(Expr, rebuild(node, lambda child: part if next(counter) == place else child))


# --- the set -----------------------------------------------------------------------------------------


def wrong_lines(task: Task, rng: random.Random) -> Iterator[WrongLine]:
    """Lines with one mistake, those that come to the same put together."""
    try:
        right = simplify(expand_derivatives(task.asked))
        points = Points((right,), task.domain)
    except (BoundHit, NotDifferentiable):
        return
    found: dict[tuple[str, ...], WrongLine] = {}

    def enter(code: str, written: Expr) -> None:
        try:
            values = points.of(written)
        except (BoundHit, NotDifferentiable, ValueError):
            return
        if (
            not all(v == v and abs(v) < 1e12 for v in values)
            or agree(values, points.of(right))
            or len(values) < 3
        ):
            return
        if tree_size(written) > 150:
            return
        key = tuple(f"{v:.8g}" for v in values)
        found.setdefault(key, WrongLine(task, written)).made.add((code,))

    for variant in Variants(points, Clock(10)).single(task.asked):
        enter(variant.slips[0].code, tidy(expand_derivatives(variant.tree())))
    for code, written in slips(right, rng):
        enter(code, tidy(written))
    yield from found.values()


def wrong_pairs(task: Task, rng: random.Random, count: int) -> Iterator[WrongLine]:
    """Lines with two mistakes: two mal-rules, or one and a slip of the pen in the simplified result."""
    try:
        right = simplify(expand_derivatives(task.asked))
        points = Points((right,), task.domain)
    except (BoundHit, NotDifferentiable):
        return
    singles = {tuple(f"{v:.8g}" for v in points.of(w.written)) for w in wrong_lines(task, random.Random(0))}
    found: dict[tuple[str, ...], WrongLine] = {}

    def enter(codes: tuple[str, ...], written: Expr, values: tuple[float, ...]) -> None:
        if (
            not all(v == v and abs(v) < 1e12 for v in values)
            or agree(values, points.of(right))
            or len(values) < 3
        ):
            return
        key = tuple(f"{v:.8g}" for v in values)
        if key in singles:
            return
        line = found.setdefault(key, WrongLine(task, written))
        line.made.add(tuple(sorted(codes)))

    variants = Variants(points, Clock(20))
    for variant in variants.double(task.asked):
        codes = tuple(s.code for s in variant.slips)
        # the tree is built for those that are looked at
        key = tuple(f"{v:.8g}" for v in variant.values)
        written = found[key].written if key in found else variant.tree()
        enter(codes, written, variant.values)
    ones = variants.single(task.asked)
    for variant in rng.sample(ones, min(len(ones), 25)):
        once = simplify(expand_derivatives(variant.tree()))
        for code, written in slips(once, rng):
            try:
                enter((variant.slips[0].code, code), written, points.of(written))
            except (BoundHit, NotDifferentiable, ValueError):
                continue
    lines = list(found.values())
    rng.shuffle(lines)
    given = 0
    for line in lines:
        line.written = tidy(expand_derivatives(line.written))
        if tree_size(line.written) <= 150:
            yield line
            given += 1
        if given >= count:
            return


@dataclass
class Score:
    """How the names came out."""

    lines: int = 0
    first: int = 0
    among: int = 0
    simpler: int = 0
    unnamed: int = 0
    seconds: list[float] = field(default_factory=list[float])
    missed: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    examples: list[str] = field(default_factory=list[str])

    def judge(self, line: WrongLine, limit: float = SECONDS) -> None:
        """Diagnose a line and note how it went."""
        start = time.perf_counter()
        found = diagnose(Question(line.task.asked, line.written, domain=line.task.domain), seconds=limit)
        self.seconds.append(time.perf_counter() - start)
        self.lines += 1
        told = [e.codes for e in found.explanations]
        self.first += bool(told) and told[0] in line.made
        self.among += any(codes in line.made for codes in told[:3])
        fewest = min(len(codes) for codes in line.made)
        simpler = bool(told) and told[0] not in line.made and len(told[0]) < fewest
        self.simpler += simpler
        self.unnamed += not told
        if not (told and any(codes in line.made for codes in told[:3])) and not simpler:
            said = "+".join(told[0]) if told else "-"
            wanted = "/".join(sorted("+".join(m) for m in line.made))
            self.missed[wanted, said] += 1
            self.examples.append(
                f"{wanted:14} said {said:10} {to_text(line.task.body)} by {to_text(line.task.wrt)}: "
                f"{to_text(line.written)} | {found.explanations[0].sentence() if told else ''}"
            )


def score(
    seed: int, singles: int, pairs: int, share: float = 1.0, seconds: float = SECONDS
) -> tuple[Score, Score]:
    """The scores of a sample: at most so many singles and pairs a derivation."""
    rng = random.Random(seed)
    one, two = Score(), Score()
    for task in tasks():
        if rng.random() > share:
            continue
        lines = list(wrong_lines(task, rng))
        rng.shuffle(lines)
        for line in lines[:singles]:
            one.judge(line, seconds)
        for line in wrong_pairs(task, rng, pairs) if pairs else ():
            two.judge(line, seconds)
    return one, two


def main() -> None:
    """Print the scores of the whole set."""
    singles, pairs = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1000, 20)
    for name, found in zip(("singles", "pairs"), score(0, singles, pairs), strict=True):
        if not found.lines:
            continue
        times = sorted(found.seconds)
        print(
            f"{name}: {found.lines} lines, right name first {found.first / found.lines:.1%}, among three "
            f"{found.among / found.lines:.1%}, explained by fewer mistakes {found.simpler}, unnamed {found.unnamed}; "
            f"median {1000 * times[len(times) // 2]:.0f} ms, 95 % {1000 * times[int(len(times) * 0.95)]:.0f} ms, "
            f"slowest {1000 * times[-1]:.0f} ms"
        )
        for (wanted, said), count in found.missed.most_common(25):
            print(f"   {count:4} {wanted} said {said}")
        if "-v" in sys.argv:
            print(*found.examples[:60], sep="\n")


if __name__ == "__main__":
    main()

_ = Op
