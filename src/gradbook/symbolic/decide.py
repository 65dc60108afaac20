"""Decide whether two trees are equal on a domain: a proof, a certified counterexample, or neither.

The order is: prove in every cell of the domain by the normal form; if that fails, look for a point
where enclosures of the two sides do not meet; if there is none, say how far they agree.

>>> from gradbook.symbolic.expr import Add, Func, Mul, Neg, ONE, Symbol
>>> s = Func("sigmoid", (Symbol("x"),))
>>> decide(Mul((s, Add((ONE, Neg(s))))), Add((s, Neg(Mul((s, s)))))).outcome
<Outcome.PROVED: 'proved'>
>>> decide(s, ONE).outcome
<Outcome.REFUTED: 'refuted'>
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from flint import arb  # type: ignore[import-untyped]

from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.derivative import NotDifferentiable, expand_derivatives
from gradbook.symbolic.domain import (
    Constraints,
    Domain,
    Sampler,
    inferred_positive,
    simple_bounds,
    size_names,
)
from gradbook.symbolic.evaluate import Overlap, Point, Uncovered, Undefined, evaluate, holds
from gradbook.symbolic.expr import (
    Add,
    Cases,
    Condition,
    Delta,
    Div,
    Expr,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Op,
    Otherwise,
    Product,
    Relation,
    Sum,
    Symbol,
    children,
    free_symbols,
    rebuild,
    substitute,
    walk,
)
from gradbook.symbolic.generators import Monomial, PolyKey
from gradbook.symbolic.normal import Normaliser, restarting
from gradbook.symbolic.regions import (
    BranchesDiffer,
    Facts,
    NeedEqual,
    NeedSign,
    NoBranch,
    NotNormal,
    OutsideDomain,
    Region,
)


class Outcome(Enum):
    """How a decision ended."""

    PROVED = "proved"
    REFUTED = "refuted"
    AGREES = "agrees"
    UNDECIDED = "undecided"


class Flaw(Enum):
    """What a counterexample shows."""

    VALUES = "the two sides differ"
    GAP = "no branch covers the point"
    OVERLAP = "two branches hold at the point, with different values"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point of the domain with certified values of both sides."""

    point: tuple[tuple[Expr, Fraction], ...]
    left: str
    right: str
    flaw: Flaw = Flaw.VALUES
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with its evidence, or the reason why there is none."""

    outcome: Outcome
    reason: str = ""
    counterexample: Counterexample | None = None


#: Most cells that the domain may be split into.
MAX_REGIONS = 160
#: Points tried before a claim that resists proof is said to agree.
POINTS = 48


def decide(left: Expr, right: Expr, domain: Domain | None = None, *, clock: Clock | None = None) -> Decision:
    """Whether ``left`` equals ``right`` on the domain (almost everywhere: seams and kinks apart).

    Never raises for what the trees hold; a bound that is hit gives UNDECIDED with its name.
    """
    clock = clock or Clock(2.0)
    domain = domain or Domain()
    key = (left, right, domain)
    known = _MEMORY.get(key)
    if known is not None:
        return known
    try:
        left, right = expand_derivatives(left), expand_derivatives(right)
        left, right = _with_ranges(left, right)
        decision = _decide(left, right, domain, clock)
    except (BoundHit, NotDifferentiable) as stop:
        return Decision(Outcome.UNDECIDED, str(stop))
    except RecursionError:
        return Decision(Outcome.UNDECIDED, "the depth of an expression")
    if decision.outcome is not Outcome.UNDECIDED:
        if len(_MEMORY) >= _REMEMBERED:
            _MEMORY.clear()
        _MEMORY[key] = decision
    return decision


#: Decisions by claim and domain, so that an unchanged line costs nothing when its document is checked again.
_MEMORY: dict[tuple[Expr, Expr, Domain], Decision] = {}
_REMEMBERED = 8192


def decide_order(
    left: Expr, op: Op, right: Expr, domain: Domain | None = None, *, clock: Clock | None = None
) -> Decision:
    """Whether ``left op right`` holds on the domain, for an inequality.

    Proved if the sign of the difference is plain in every cell (a product of squares, exponentials and
    factors of known sign); refuted by a certified point; otherwise undecided.

    >>> from gradbook.symbolic.expr import Pow, Symbol, TWO, ZERO
    >>> decide_order(Pow(Symbol("x"), TWO), Op.GE, ZERO).outcome
    <Outcome.PROVED: 'proved'>
    """
    clock = clock or Clock(2.0)
    domain = domain or Domain()
    try:
        left, right = expand_derivatives(left), expand_derivatives(right)
        if op in (Op.LT, Op.LE):
            left, right, op = right, left, Op.GT if op is Op.LT else Op.GE
        if op is not Op.NE and _Proof(left, right, domain, clock).positive():
            return Decision(Outcome.PROVED)
        return _Search(left, right, domain, clock).against(op)
    except (BoundHit, NotDifferentiable) as stop:
        return Decision(Outcome.UNDECIDED, str(stop))
    except RecursionError:
        return Decision(Outcome.UNDECIDED, "the depth of an expression")


def _decide(left: Expr, right: Expr, domain: Domain, clock: Clock) -> Decision:
    search = _Search(left, right, domain, clock)
    reason = ""
    try:
        proved = left == right or _Proof(left, right, domain, clock).holds()
        if not proved:
            proved = _proved_termwise(left, right, domain, clock)
    except BoundHit as stop:
        proved, reason = False, str(stop)
    if proved:
        return search.sanity()
    return search.run(reason)


def _with_ranges(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """A sum written without bounds runs over the one range that the other sums of the claim have."""
    nodes = [n for e in (left, right) for n in walk(e) if isinstance(n, Sum | Product)]
    open_ended = [n for n in nodes if n.lower is None and n.upper is None]
    ranges = {(n.lower, n.upper) for n in nodes if n.upper is not None and not isinstance(n.upper, Number)}
    if not open_ended or len(ranges) != 1:
        return left, right
    ((lower, upper),) = ranges

    def fill(node: Node) -> Node:
        node = rebuild(node, fill)
        if isinstance(node, Sum) and node.lower is None and node.upper is None:
            return Sum(node.body, node.index, lower, upper, node.excluded)
        if isinstance(node, Product) and node.lower is None and node.upper is None:
            return Product(node.body, node.index, lower, upper)
        return node

    return fill(left), fill(right)  # type: ignore[return-value]


# --- proof ------------------------------------------------------------------------------------


class _Proof:
    """Equality in every cell of the domain; cells are split when a sign turns out to matter."""

    def __init__(self, left: Expr, right: Expr, domain: Domain, clock: Clock) -> None:
        self.left = left
        self.right = right
        self.domain = domain
        self.clock = clock
        bounds = simple_bounds(domain.conditions, (left, right))
        positive = frozenset(name for name, b in bounds.items() if b.low is not None and b.low >= 0)
        pairs = {name: (values[0], values[1]) for name, values in domain.choices if len(values) == 2}
        self.facts = Facts(
            positive=positive, integers=domain.integers | _index_names(left, right), two_valued=pairs
        )
        self.stated: list[tuple[PolyKey, int]] = []

    def holds(self) -> bool:
        """True is a proof of equality; False means that some cell resisted."""
        return all(self._cells(*pair, lambda n, a, b: n.equal(n.of(a), n.of(b))) for pair in self._pairs())

    def positive(self) -> bool:
        """True is a proof that left - right is positive (almost everywhere) in every cell."""

        def sign(n: Normaliser, a: Expr, b: Expr) -> bool:
            difference = n.add(n.of(a), n.negated(n.of(b)))
            return (n.quotient_sign(difference) - n.one).is_zero()

        return all(self._cells(*pair, sign) for pair in self._pairs())

    def _pairs(self) -> Iterable[tuple[Expr, Expr]]:
        return self._discrete(self.left, self.right)

    def _discrete(self, left: Expr, right: Expr) -> Iterable[tuple[Expr, Expr]]:
        """The claim at each value of the quantities that take few values and that conditions ask about."""
        names = _equality_symbols((left, right))
        pairs = [(left, right)]
        for symbol, values in names.items():
            chosen = dict(self.domain.choices).get(symbol.name) or values
            pairs = [
                (substitute(a, {symbol: Number(v)}), substitute(b, {symbol: Number(v)}))
                for a, b in pairs
                for v in chosen
            ]
        return pairs

    def _cells(self, left: Expr, right: Expr, test: Callable[[Normaliser, Expr, Expr], bool]) -> bool:
        start = Region(unequal=self.domain.unequal)
        self.stated = []
        restarting(self.facts, start, self.clock, self._learn)
        signs = {k: s for k, s in self.stated}
        todo = [(Region(signs, self.domain.unequal), left, right)]
        seen = 0
        vacuous = True
        while todo:
            region, a, b = todo.pop()
            seen += 1
            self.clock.check()
            if seen > MAX_REGIONS:
                raise BoundHit(f"more than {MAX_REGIONS} cells of a case distinction")
            try:
                if not restarting(self.facts, region, self.clock, lambda n, a=a, b=b: test(n, a, b)):
                    if self._empty(region):
                        continue
                    return False
                vacuous = False
            except NeedSign as need:
                for sign in (1, -1):
                    cell = region.with_sign(need.factor, sign)
                    if not self._empty(cell):
                        todo.append((cell, a, b))
            except NeedEqual as need:
                if need.right.startswith("#"):
                    same: dict[Expr, Expr] = {Symbol(need.left): Number(Fraction(need.right[1:]))}
                else:
                    same = {Symbol(need.right): Symbol(need.left)}
                todo.append((region, substitute(a, same), substitute(b, same)))
                apart = region.unequal | {frozenset((need.left, need.right))}
                todo.append((Region(region.signs, apart), a, b))
            except OutsideDomain:
                continue
            except (NoBranch, BranchesDiffer, NotNormal):
                if not self._empty(region):
                    return False
        return not vacuous

    def _learn(self, normaliser: Normaliser) -> None:
        """Signs that the domain states or that logarithms and even roots need, and assumed equations."""
        self.stated = []
        positives: list[Expr] = list(inferred_positive((self.left, self.right)))
        for condition in self.domain.conditions:
            match condition:
                case Relation(a, Op.GT | Op.GE, b):
                    positives.append(Add((a, Neg(b))))
                case Relation(a, Op.LT | Op.LE, b):
                    positives.append(Add((b, Neg(a))))
                case _:
                    pass
        for expr in positives:
            try:
                num, den = normaliser.of(expr)
            except (NeedSign, NeedEqual, NotNormal, NoBranch, BranchesDiffer, OutsideDomain):
                continue
            self._learn_positive(normaliser, num, den)
        for equation in self._equations():
            self._assume(normaliser, equation)

    def _equations(self) -> Iterable[Relation]:
        """Stated equations, and those of quantities that add up to one, over every range in the claim."""
        yield from self.domain.equations
        if not self.domain.simplex:
            return
        ranges = {(n.lower, n.upper) for e in (self.left, self.right) for n in walk(e) if isinstance(n, Sum)}
        for base in sorted(self.domain.simplex):
            for lower, upper in {*ranges, (None, None)}:
                total = Sum(Indexed(base, (Symbol("#k"),)), "#k", lower, upper)
                yield Relation(total, Op.EQ, Number(Fraction(1)))

    def _learn_positive(self, normaliser: Normaliser, num: object, den: object) -> None:
        """num/den > 0: a sign if there is one factor of odd power, else only what is certain."""
        unknown: list[tuple[PolyKey, int]] = []
        sign = 1
        for poly in (num, den):
            content, factors = normaliser.factors(poly)  # type: ignore[arg-type]
            sign = sign if content > 0 else -sign
            for factor, power in factors:
                if power % 2 == 0:
                    continue
                key = normaliser.key(factor)
                if key[0][1] < 0:
                    key, sign = tuple((m, -c) for m, c in key), -sign
                known = dict(self.stated).get(key)
                if known is not None:
                    sign *= known
                elif not normaliser.manifestly_positive(key):
                    unknown.append((key, 1))
        if len(unknown) == 1:
            self.stated.append((unknown[0][0], sign))

    def _assume(self, normaliser: Normaliser, equation: Relation) -> None:
        """Use ``S = value`` for a generator S that stands alone with coefficient 1 or -1, sums first."""
        try:
            num, den = normaliser.of(Add((equation.left, Neg(equation.right))))
        except (NeedSign, NeedEqual, NotNormal, NoBranch, BranchesDiffer, OutsideDomain):
            return
        if not den.is_constant():
            return
        key = normaliser.key(num)
        table = self.facts.generators
        linear = [
            (monomial[0][0], coefficient)
            for monomial, coefficient in key
            if len(monomial) == 1 and monomial[0][1] == 1 and abs(coefficient) == 1
        ]
        linear.sort(key=lambda item: table.keys[item[0]][0] != "sum")
        for gid, coefficient in linear:
            rest = tuple((m, -c * coefficient) for m, c in key if m != ((gid, 1),))
            alone = all(g != gid and g not in self.facts.assumed for m, _ in rest for g, _ in m)
            if alone and gid not in self.facts.assumed:
                self.facts.assumed[gid] = rest
                return

    def _empty(self, region: Region) -> bool:
        constraints = Constraints()
        signs = Normaliser(self.facts, region, self.clock)
        monomials: set[Monomial] = set()
        for key, sign in region.signs.items():
            constraints.add(key, sign)
            monomials.update(m for m, _ in key if m)
        for monomial in monomials:
            if signs.manifestly_positive(((monomial, 1),)):
                constraints.add(((monomial, 1),), 1)
        for gid in {g for m in monomials for g, _ in m}:
            # exp(u) > 1 exactly where u > 0
            sign = signs.exponent_sign(gid)
            if sign is not None:
                constraints.add((((), -1), (((gid, 1),), 1)), sign)
        return constraints.empty()


def _equality_symbols(exprs: tuple[Expr, ...]) -> dict[Symbol, tuple[Fraction, ...]]:
    """Symbols that the conditions of some case distinction compare with numbers by = only.

    ``{ -log p, y = 1; -log(1 - p), y = 0`` makes y a quantity of two values; ``sin x / x, x != 0; 1, x = 0``
    does not, since there the other condition is not an equality.
    """
    found: dict[Symbol, set[Fraction]] = {}
    spoiled: set[Symbol] = set()
    for expr in exprs:
        for node in walk(expr):
            if not isinstance(node, Cases):
                continue
            for _, condition in node.branches:
                for part in walk(condition):
                    match part:
                        case Relation(Symbol() as symbol, Op.EQ, Number(value)) | Relation(
                            Number(value), Op.EQ, Symbol() as symbol
                        ):
                            found.setdefault(symbol, set()).add(value)
                        case Relation(left, _, right):
                            spoiled |= {
                                s for s in free_symbols(left) | free_symbols(right) if isinstance(s, Symbol)
                            }
                        case _:
                            pass
    return {s: tuple(sorted(values)) for s, values in found.items() if s not in spoiled and len(values) > 1}


def _index_names(*exprs: Expr) -> frozenset[str]:
    """Names that stand in index places."""
    found: set[str] = set()
    for expr in exprs:
        for node in walk(expr):
            match node:
                case Indexed(_, parts):
                    found |= {p.name for p in parts if isinstance(p, Symbol)}
                case Delta(Symbol(a), Symbol(b)):
                    found |= {a, b}
                case _:
                    pass
    return frozenset(found)


def _proved_termwise(left: Expr, right: Expr, domain: Domain, clock: Clock) -> bool:
    """Sums over the same range are equal if their terms are, case by case of the term.

    This reaches what the generator form of a sum cannot: terms whose signs matter, or that need a
    common denominator.
    """
    rest, groups = _linear_sums(Add((left, Neg(right))))
    if not groups:
        return False
    for bodies in groups.values():
        body = bodies[0] if len(bodies) == 1 else Add(tuple(bodies))
        inner = replace(domain, integers=domain.integers | {_TERM})
        if not (
            _Proof(body, _NOTHING, inner, clock).holds() or _proved_termwise(body, _NOTHING, inner, clock)
        ):
            return False
    if not rest:
        return True
    return _Proof(Add(tuple(rest)), _NOTHING, domain, clock).holds()


_TERM = "#t0"
_NOTHING = Number(Fraction(0))
_Range = tuple[Expr | None, Expr | None]


def _linear_sums(expr: Expr) -> tuple[list[Expr], dict[_Range, list[Expr]]]:
    """Terms that are not sums over an index, and the bodies of those that are, by range."""
    rest: list[Expr] = []
    groups: dict[_Range, list[Expr]] = {}

    def visit(node: Expr, factors: tuple[Expr, ...], sign: int, depth: int) -> None:
        match node:
            case Add(terms):
                for term in terms:
                    visit(term, factors, sign, depth)
            case Neg(arg):
                visit(arg, factors, -sign, depth)
            case Mul(parts):
                carrier = next((k for k, p in enumerate(parts) if _has_sum(p)), None)
                if carrier is None or any(_has_sum(p) for k, p in enumerate(parts) if k != carrier):
                    rest.append(_signed(_product((*factors, node)), sign))
                else:
                    others = (*parts[:carrier], *parts[carrier + 1 :])
                    visit(parts[carrier], (*factors, *others), sign, depth)
            case Div(num, den) if not _has_sum(den):
                visit(num, (*factors, Div(Number(Fraction(1)), den)), sign, depth)
            case Sum(body, index, lower, upper, None):
                term = substitute(body, {Symbol(index): Symbol(_TERM)})
                groups.setdefault((lower, upper), []).append(_signed(_product((*factors, term)), sign))
            case _:
                rest.append(_signed(_product((*factors, node)), sign))

    visit(expr, (), 1, 0)
    return rest, groups


def _has_sum(expr: Expr) -> bool:
    return any(isinstance(node, Sum) for node in walk(expr))


def _product(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(factors)


def _signed(expr: Expr, sign: int) -> Expr:
    return expr if sign > 0 else Neg(expr)


# --- refutation -------------------------------------------------------------------------------


class _Search:
    """Looks for a point where the two sides certainly differ."""

    def __init__(self, left: Expr, right: Expr, domain: Domain, clock: Clock) -> None:
        self.left = left
        self.right = right
        self.domain = domain
        self.clock = clock
        self.sampler = Sampler(_with_discrete(domain, left, right), (left, right), size_names((left, right)))

    def sanity(self) -> Decision:
        """A proof is only announced if the two sides do agree at a point where both have a value.

        This guards against a claim whose domain is empty, and against ourselves.
        """
        for trial in range(40):
            found = self._try(trial)
            if isinstance(found, Counterexample):
                return Decision(Outcome.UNDECIDED, "the proof and a numerical check disagree", found)
            if found:
                return Decision(Outcome.PROVED)
        return Decision(Outcome.UNDECIDED, "no point was found where both sides have a value")

    def run(self, reason: str) -> Decision:
        """Refuted with a counterexample, or how far the sides agree."""
        agreed = 0
        gap: Counterexample | None = None
        for trial in range(400):
            try:
                self.clock.check()
                found = self._try(trial)
            except BoundHit as stop:
                reason = reason or str(stop)
                break
            if isinstance(found, Counterexample):
                if found.flaw is Flaw.VALUES:
                    return Decision(Outcome.REFUTED, found.flaw.value, found)
                gap = gap or found
                if agreed >= 4 or trial > 24:
                    return Decision(Outcome.REFUTED, gap.flaw.value, gap)
            elif found:
                agreed += 1
                if agreed >= POINTS and gap is None:
                    break
        if gap is not None:
            return Decision(Outcome.REFUTED, gap.flaw.value, gap)
        if agreed >= 8:
            return Decision(
                Outcome.AGREES, reason or "equal to 30 digits at every point tried, but no proof was found"
            )
        if agreed:
            return Decision(Outcome.UNDECIDED, reason or "too few points where both sides have a value")
        return Decision(Outcome.UNDECIDED, reason or "no point was found where both sides have a value")

    def against(self, op: Op) -> Decision:
        """A point where an inequality certainly fails."""
        for trial in range(120):
            self.clock.check()
            size = 2 if trial % 3 else 3
            point = Point(self.sampler.draw(trial, size), size)
            try:
                if not self._inside(point, 128):
                    continue
                a = evaluate(self.left, point, clock=self.clock)
                b = evaluate(self.right, point, clock=self.clock)
            except (Undefined, Overlap):
                continue
            fails = {Op.GT: a <= b, Op.GE: a < b, Op.NE: (a - b).is_zero()}[op]
            if fails:
                return Decision(
                    Outcome.REFUTED, "the inequality does not hold", self._found(point, a, b, Flaw.VALUES)
                )
        return Decision(Outcome.UNDECIDED, "no proof of the inequality was found, nor a point where it fails")

    def _try(self, trial: int) -> Counterexample | bool:
        """A counterexample, True if both sides agree to 30 digits, False if the point says nothing."""
        size = 2 if trial % 3 else 3
        point = Point(self.sampler.draw(trial, size), size)
        precision = 128
        while True:
            try:
                if not self._inside(point, precision):
                    return False
                a = evaluate(self.left, point, precision=precision, clock=self.clock)
            except (Undefined, Overlap):
                return False
            try:
                b = evaluate(self.right, point, precision=precision, clock=self.clock)
            except Uncovered:
                return self._found(point, a, None, Flaw.GAP)
            except Overlap:
                return self._found(point, a, None, Flaw.OVERLAP)
            except Undefined:
                return False
            if not a.overlaps(b):
                return self._found(point, a, b, Flaw.VALUES)
            if _sharp(a - b, a):
                return True
            if precision >= 1024:
                return False
            precision *= 2

    def _inside(self, point: Point, precision: int) -> bool:
        for pair in self.domain.unequal:
            a, b = (Symbol(name) for name in pair)
            if point.value(a) == point.value(b):
                return False
        return all(
            holds(condition, point, precision=precision, clock=self.clock)
            for condition in self.domain.conditions
        )

    def _found(self, point: Point, a: arb, b: arb | None, flaw: Flaw) -> Counterexample:
        indexed = any(isinstance(n, Sum) for e in (self.left, self.right) for n in walk(e))
        values = tuple(point.values.items())
        right = "no value" if b is None else display(b)
        if flaw is Flaw.OVERLAP:
            right = "two values"
        return Counterexample(values, display(a), right, flaw, point.size if indexed else None)


def _with_discrete(domain: Domain, left: Expr, right: Expr) -> Domain:
    """Sampling of quantities that conditions compare by equality."""
    stated = dict(domain.choices)
    extra = tuple((s.name, v) for s, v in _equality_symbols((left, right)).items() if s.name not in stated)
    return replace(domain, choices=domain.choices + extra)


def _sharp(difference: arb, scale: arb) -> bool:
    """Whether the enclosure of the difference is below 1e-30 of the size of the sides (of one, if they vanish)."""
    size = abs(scale)
    if scale.contains(0) or not size > arb(10) ** -60:
        size = arb(1)
    return difference.is_zero() or bool(abs(difference) < arb(10) ** -30 * size)


def display(value: arb, digits: int = 6) -> str:
    """The digits of a ball that are certain, at most ``digits`` of them, zeros at the end dropped.

    >>> display(arb(1) / 3)
    '0.333333'
    >>> display(arb(2))
    '2'
    """
    if value.is_exact() and value.is_integer():
        whole = value.unique_fmpz()
        if whole is not None and abs(int(whole)) < 10**15:
            return str(int(whole))
    if value.contains(0) and abs(value) < arb(10) ** -30:
        return "0"
    text: str = value.str(digits, radius=False)
    if "e" not in text and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def conditions_of(node: Node) -> list[Condition]:
    """The conditions of all case distinctions in a tree."""
    return [
        c for n in walk(node) if isinstance(n, Cases) for _, c in n.branches if not isinstance(c, Otherwise)
    ]


def mentions(node: Node, kind: type[Node]) -> bool:
    """Whether a tree holds a node of a kind."""
    return isinstance(node, kind) or any(mentions(child, kind) for child in children(node))
