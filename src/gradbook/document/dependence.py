r"""How the quantities of a document depend on each other, where putting one into the other would grow too large.

The layers of a network, or the steps of an iteration, are formulas in the quantities before them. Put into each
other they grow exponentially; as a graph they stay as they were written. Two things are done on it:

- **values**: each quantity is enclosed once, and derivatives come from one pass backwards over the graph;
- **proofs**: an equation is proved with other quantities left as they are. What holds whatever they are holds for
  what they are. A derivative by the chain rule is one step on the graph: ``∂f/∂x = Σ_y ∂f/∂y · ∂y/∂x`` over what
  uses x, or ``Σ_y (∂f/∂y as written) · ∂y/∂x`` over what f uses.

Nothing is refuted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from flint import arb  # type: ignore[import-untyped]
from flint import ctx as flint_context

from gradbook.document.findings import Finding, Link
from gradbook.document.meanings import component_name
from gradbook.document.precision import (
    decided,
    exact_decimals,
    exact_value,
    rounds_to,
    widened,
    written_number,
)
from gradbook.document.report import Verdict
from gradbook.document.symbols import Definition, Table, Value
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.decide import Outcome, decide
from gradbook.symbolic.derivative import NotDifferentiable, differentiate
from gradbook.symbolic.domain import Domain
from gradbook.symbolic.evaluate import Overlap, Point, Undefined, evaluate, holds
from gradbook.symbolic.expr import (
    FUNCTIONS,
    ONE,
    ZERO,
    Add,
    Apply,
    Cases,
    Condition,
    Constant,
    Derivative,
    Div,
    Expr,
    Func,
    Indexed,
    Mul,
    Neg,
    Node,
    Number,
    Otherwise,
    Pow,
    Symbol,
    kinds,
    rebuild,
    replace,
    substitute,
    tree_size,
    walk,
)

#: From this size on, with all definitions put in, an equation is looked at here first.
LARGE = 300
#: Largest tree that a proof here works with: it is meant to stay small.
_MAX_SIZE = 1_500
#: Seconds for one equation.
_PATIENCE = 1.5
_PRECISION = 384
_NO_FUNCTIONS = frozenset({"norm", "norm1", "transpose", "dot", "hadamard", "diag", "trace", "softmax"})


class NotLocal(Exception):
    """Something is written that this graph does not hold."""


class Dependence:
    """The graph of the quantities of a table, as far as it has been read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._definitions: dict[str, Definition] = {}
        self._values: dict[str, Value] = {}
        #: The numbers that are given, with and without their signs.
        self._numbers: frozenset[Fraction] | None = None
        self._forget()

    def _forget(self) -> None:
        self._bodies: dict[str, Expr] = {}
        self._uses: dict[str, frozenset[str]] = {}
        self._direct: dict[tuple[str, str], Expr] = {}
        self._cones: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, float] = {}
        self._balls: dict[str, arb] = {}
        self._exact: dict[str, Fraction | None] = {}
        self._adjoints: dict[str, dict[str, arb]] = {}

    def _refresh(self) -> None:
        """Forget what was found once a name has another meaning; new names only add to the graph."""
        definitions, values = self.table.definitions, self.table.values
        same = all(definitions.get(name) is known for name, known in self._definitions.items()) and all(
            values.get(name) is known for name, known in self._values.items()
        )
        if not same or not self._values.keys().isdisjoint(definitions.keys() - self._definitions.keys()):
            self._forget()
        if len(definitions) != len(self._definitions) or not same:
            self._definitions = dict(definitions)
        if len(values) != len(self._values) or not same:
            self._values = dict(values)
            self._numbers = None

    # --- what is asked --------------------------------------------------------------------------

    def is_large(self, link: Link) -> bool:
        """Whether an equation would be very large with all definitions put in."""
        if len(self.table.definitions) < 8:
            return False
        self._refresh()
        try:
            sides = (link.left, link.right) if link.head is None else (link.left, link.right, link.head)
            return any(self._size(self._plain(side)) > LARGE for side in sides)
        except (NotLocal, NotDifferentiable, BoundHit, RecursionError):
            return False

    def proved(self, link: Link) -> Finding | None:
        """A proof of an equation on this graph; None if there is none."""
        if link.relation != "=" or not self.table.definitions or self.table.sentence_equalities():
            return None
        self._refresh()
        before: int = flint_context.prec
        flint_context.prec = _PRECISION
        try:
            left, right = self._plain(link.left), self._plain(link.right)
            if _symbols(right):
                if self._equal(left, right, Clock(_PATIENCE)):
                    return Finding(Verdict.PROVED)
                return None
            return self._number(link, left, right)
        except (NotLocal, NotDifferentiable, BoundHit, Undefined, Overlap, RecursionError):
            return None
        finally:
            flint_context.prec = before

    # --- reading the graph ----------------------------------------------------------------------

    def _key(self, node: Symbol | Indexed) -> str:
        name = node.name if isinstance(node, Symbol) else component_name(node.base, node.indices)
        table = self.table
        if not name or name in table.unreadable or name in table.bare_formulas or name in table.renewed:
            raise NotLocal
        definition = table.definitions.get(name)
        if definition is None and name not in table.values:
            raise NotLocal
        if name in table.vectors or name in table.matrices or name in table.names.bold:
            raise NotLocal
        if definition is not None and (definition.params or definition.indices):
            raise NotLocal
        return name

    def _plain(self, expr: Expr) -> Expr:
        """The tree with a symbol for each quantity and functions of the document put in."""

        def visit(node: Node) -> Node:
            match node:
                case Symbol() | Indexed():
                    return Symbol(self._key(node))
                case Derivative(Symbol() | Indexed() as body, Symbol() | Indexed() as wrt, 1):
                    return Derivative(Symbol(self._key(body)), Symbol(self._key(wrt)), 1)
                case Apply():
                    return self._applied(node, visit)
                case Func(name) if name in _NO_FUNCTIONS or name not in FUNCTIONS:
                    raise NotLocal
                case (
                    Number()
                    | Constant()
                    | Add()
                    | Mul()
                    | Neg()
                    | Div()
                    | Pow()
                    | Func()
                    | Cases()
                    | Condition()
                ):
                    return rebuild(node, visit)
                case _:
                    raise NotLocal

        return _expression(visit(expr))

    def _applied(self, node: Apply, visit: Callable[[Node], Node]) -> Expr:
        """A function of one variable, or its derivative, at an argument."""
        if len(node.args) != 1 or sum(node.orders) > 1:
            raise NotLocal
        argument = _expression(visit(node.args[0]))
        definition = self.table.definitions.get(node.name)
        slot = Symbol("#argument")
        if definition is None:
            name = "sigmoid" if node.name == r"\sigma" else node.name
            if FUNCTIONS.get(name) != 1 or name in _NO_FUNCTIONS:
                raise NotLocal
            body: Expr = Func(name, (slot,))
        else:
            if len(definition.params) != 1 or definition.indices or node.name in self.table.unreadable:
                raise NotLocal
            body = _expression(substitute(definition.body, {definition.params[0]: slot}))
        if any(node.orders):
            body = differentiate(body, slot)
        inner = _expression(rebuild(body, lambda part: part) if body == slot else _through(body, slot, visit))
        return _expression(substitute(inner, {slot: argument}))

    def _body(self, key: str) -> Expr | None:
        """The formula of a quantity; None if it is given as a number."""
        if key in self.table.values:
            return None
        known = self._bodies.get(key)
        if known is None:
            known = self._bodies[key] = self._plain(self.table.definitions[key].body)
        return known

    def _used(self, key: str) -> frozenset[str]:
        """The quantities in the formula of one."""
        known = self._uses.get(key)
        if known is None:
            body = self._body(key)
            known = self._uses[key] = frozenset() if body is None else _symbols(body)
        return known

    def _cone(self, key: str) -> frozenset[str]:
        """A quantity and all that it rests on."""
        known = self._cones.get(key)
        if known is None:
            found, todo = {key}, [key]
            while todo:
                for other in self._used(todo.pop()):
                    if other not in found:
                        found.add(other)
                        todo.append(other)
            known = self._cones[key] = frozenset(found)
        return known

    def _size(self, expr: Expr) -> float:
        """About how large a tree is with everything put in."""
        total = 1.0
        for node in walk(expr):
            match node:
                case Derivative(Symbol(body), _):
                    total += 4 * self._size_of(body)
                case Symbol(name):
                    total += self._size_of(name)
                case _:
                    total += 1
        return total

    def _size_of(self, key: str) -> float:
        known = self._sizes.get(key)
        if known is None:
            self._sizes[key] = 1.0  # a quantity that rests on itself
            body = self._body(key)
            known = self._sizes[key] = 1.0 if body is None else min(self._size(body), 1e12)
        return known

    # --- derivatives ----------------------------------------------------------------------------

    def _slope(self, key: str, wrt: str) -> Expr:
        """The derivative of a formula by a quantity in it, the others held."""
        known = self._direct.get((key, wrt))
        if known is None:
            body = self._body(key)
            if body is None:
                return ZERO
            if any(isinstance(n, Derivative) for n in walk(body)):
                raise NotLocal
            known = self._direct[key, wrt] = differentiate(body, Symbol(wrt))
        return known

    def _depends(self, key: str, on: str) -> bool:
        return key != on and on in self._cone(key)

    def _is_immediate(self, key: str, wrt: str) -> bool:
        """Whether a quantity uses another in its formula and in no other way."""
        uses = self._used(key)
        return wrt in uses and not any(self._depends(other, wrt) for other in uses if other != wrt)

    def _backward(self, key: str, wrt: str) -> Expr:
        """One step of the chain rule at the end: over what uses the variable."""
        if not self._depends(key, wrt):
            raise NotLocal
        terms: list[Expr] = []
        for user in sorted(self._cone(key)):
            if wrt in self._used(user) and user != wrt:
                slope = self._slope(user, wrt)
                terms.append(slope if user == key else Mul((self._derivative(key, user), slope)))
        return _sum(terms)

    def _forward(self, key: str, wrt: str) -> Expr:
        """One step of the chain rule at the start: over what the function uses."""
        terms: list[Expr] = []
        for used in sorted(self._used(key)):
            if used == wrt:
                terms.append(self._slope(key, wrt))
            elif self._depends(used, wrt):
                terms.append(Mul((self._slope(key, used), self._derivative(used, wrt))))
        if not terms:
            raise NotLocal
        return _sum(terms)

    def _derivative(self, key: str, wrt: str) -> Expr:
        if key == wrt:
            return ONE
        if self._is_immediate(key, wrt):
            return self._slope(key, wrt)
        return Derivative(Symbol(key), Symbol(wrt), 1)

    # --- proofs ---------------------------------------------------------------------------------

    def _equal(self, left: Expr, right: Expr, clock: Clock) -> bool:
        """Whether two sides are equal whatever the quantities are that are left as they are."""
        seen: set[tuple[Expr, Expr]] = set()
        for a, b in self._forms(left, right):
            clock.check()
            if (a, b) in seen or max(tree_size(a), tree_size(b)) > _MAX_SIZE:
                continue
            seen.add((a, b))
            if a == b:
                return True
            names: dict[Expr, Expr] = {}
            for node in (*walk(a), *walk(b)):
                if isinstance(node, Derivative):
                    names.setdefault(node, Symbol(f"#d{len(names)}"))
            plain: Mapping[Expr, Expr] = names
            if decide(replace(a, plain), replace(b, plain), Domain(), clock=clock).outcome is Outcome.PROVED:
                return True
        return False

    def _forms(self, left: Expr, right: Expr) -> Iterator[tuple[Expr, Expr]]:
        """The equation in other words, the shortest first."""
        a, b = self._named(left), self._named(right)
        yield a, b
        for change in (self._backward, self._forward):
            yield self._stepped(a, change), b
        backward = self._stepped(a, self._backward)
        yield backward, self._stepped(b, self._backward)
        forward = self._stepped(a, self._forward)
        yield self._stepped(forward, self._backward), b
        yield self._stepped(forward, self._backward), self._stepped(b, self._backward)
        # a layer at once: from the pre-activations of one to those of the next
        twice = self._stepped(backward, self._backward)
        yield twice, b
        yield self._opened(twice, b)
        # with formulas in the place of quantities, and with the numbers that are given
        for pair in ((backward, b), (self._unfolded(a), self._unfolded(b))):
            for _ in range(4):
                yield pair
                yield self._with_numbers(pair[0]), self._with_numbers(pair[1])
                pair = self._opened(*pair)

    def _named(self, expr: Expr) -> Expr:
        """A name that stands for a derivative as that derivative, and a derivative that can be read off."""

        def visit(node: Node) -> Node:
            match node:
                case Symbol(name):
                    body = self._body(name)
                    return visit(body) if isinstance(body, Derivative) else node
                case Derivative(Symbol(body), Symbol(wrt)):
                    return self._derivative(body, wrt)
                case _:
                    return rebuild(node, visit)

        return _expression(visit(expr))

    def _stepped(self, expr: Expr, change: Callable[[str, str], Expr]) -> Expr:
        """The tree with each derivative taken one step further."""

        def visit(node: Node) -> Node:
            match node:
                case Derivative(Symbol(body), Symbol(wrt)):
                    return change(body, wrt)
                case _:
                    return rebuild(node, visit)

        return _expression(visit(expr))

    def _unfolded(self, expr: Expr) -> Expr:
        """The tree with each derivative worked out, as long as that stays small."""
        for _ in range(8):
            if not any(isinstance(n, Derivative) for n in walk(expr)):
                return expr
            expr = self._stepped(expr, self._backward)
            if tree_size(expr) > _MAX_SIZE:
                raise BoundHit("the size of a derivative")
        raise BoundHit("the depth of a derivative")

    def _opened(self, *sides: Expr) -> tuple[Expr, Expr]:
        """The sides with formulas in the place of those quantities that no other one rests on."""
        names = {n for side in sides for n in _symbols(side, derivatives=False) if self._body(n) is not None}
        last = {n for n in names if not any(self._depends(other, n) for other in names)}

        def visit(node: Node) -> Node:
            match node:
                case Symbol(name):
                    return (self._body(name) or node) if name in last else node
                case Derivative():
                    return node
                case _:
                    return rebuild(node, visit)

        left, right = (self._named(_expression(visit(side))) for side in sides)
        if not last or tree_size(left) + tree_size(right) > 4 * _MAX_SIZE:
            raise BoundHit("the size of a formula with its definitions put in")
        return left, right

    def _with_numbers(self, expr: Expr) -> Expr:
        """The tree with what is given as a number put in."""
        given = {
            Symbol(name): value.number
            for name in _symbols(expr)
            if (value := self.table.values.get(name)) is not None
        }
        return _expression(substitute(expr, given))

    # --- values ---------------------------------------------------------------------------------

    def _value(self, expr: Expr) -> arb:
        """The enclosure of a tree at the given numbers."""
        derivatives = {
            node: Symbol(f"#d{k}")
            for k, node in enumerate(n for n in walk(expr) if isinstance(n, Derivative))
        }
        balls = {symbol.name: self._adjoint(node) for node, symbol in derivatives.items()}
        for name in _symbols(expr, derivatives=False):
            balls[name] = self._ball(name)
        return evaluate(
            replace(expr, derivatives), _Balls(balls), precision=_PRECISION, clock=Clock(_PATIENCE)
        )

    def _ball(self, key: str) -> arb:
        known = self._balls.get(key)
        if known is None:
            given = self.table.values.get(key)
            if given is not None:
                tree: Expr | None = given.number
            else:
                # The deepest first: a long chain of quantities is not a deep recursion.
                for other in self._in_order(key):
                    if other != key and other not in self._balls:
                        self._ball(other)
                tree = self._body(key)
            assert tree is not None
            known = self._balls[key] = self._value(tree)
        return known

    def _in_order(self, key: str) -> list[str]:
        """A quantity and all that it rests on, each after what it rests on itself.

        Raises:
            NotLocal: something rests on itself.
        """
        order: list[str] = []
        state: dict[str, int] = {}
        stack = [key]
        while stack:
            top = stack[-1]
            if state.get(top) == 2:
                stack.pop()
            elif state.get(top) == 1:
                state[top] = 2
                order.append(stack.pop())
            else:
                state[top] = 1
                for other in self._used(top):
                    if state.get(other) == 1:
                        raise NotLocal
                    if other not in state:
                        stack.append(other)
        return order

    def _adjoint(self, node: Derivative) -> arb:
        """The value of a derivative, by one pass backwards from what is differentiated."""
        assert isinstance(node.body, Symbol) and isinstance(node.wrt, Symbol)
        key, wrt = node.body.name, node.wrt.name
        known = self._adjoints.get(key)
        if known is None:
            known = {key: arb(1)}
            lost: set[str] = set()  # below a place without a slope, such as the root of nothing
            for top in reversed(self._in_order(key)):
                body = self._body(top)
                if body is None or top not in known:
                    continue
                if any(isinstance(n, Derivative) for n in walk(body)):
                    continue  # what it rests on is beyond this pass, and is asked for below
                for other in self._used(top):
                    try:
                        step = known[top] * self._value(self._slope(top, other))
                        known[other] = known[other] + step if other in known else step
                    except (Undefined, Overlap):
                        lost.add(other)
                    if top in lost:
                        lost.add(other)
            known = self._adjoints[key] = {name: value for name, value in known.items() if name not in lost}
        if wrt not in known or self._hidden(key, wrt):
            raise NotLocal
        return known[wrt]

    def _hidden(self, key: str, wrt: str) -> bool:
        """Whether a way from a quantity to another leads through a derivative."""
        return any(
            self._depends(other, wrt) and any(isinstance(n, Derivative) for n in walk(body))
            for other in self._cone(key)
            if other != wrt and (body := self._body(other)) is not None
        )

    def _number(self, link: Link, left: Expr, right: Expr) -> Finding | None:
        """A side against a number as it was written, or against a formula with numbers put in."""
        written = written_number(link.right)
        if written is None:
            if not _symbols(left):
                return None
            old = exact_decimals(link.left) | self._given()
            new = [n for n in walk(right) if isinstance(n, Number) and n.decimals and n.value not in old]
            if not new:
                exact = self._exact_value(left)
                return (
                    Finding(Verdict.PROVED)
                    if exact is not None and exact == self._exact_value(right)
                    else None
                )
            old |= exact_decimals(right) - exact_decimals(link.right)  # as in Arithmetic: from a definition
            meets = self._value(left).overlaps(widened(right, old, Clock(_PATIENCE)))
            return Finding(Verdict.PROVED) if meets else None
        target, unit = written
        if unit is None:
            exact = self._exact_value(left)
            return Finding(Verdict.PROVED) if exact == target else None
        if self._rounds(left, target, unit):
            return Finding(Verdict.PROVED)
        if _symbols(left) or link.head is None or link.head == link.left:
            return None
        shown = widened(left, self._given(), Clock(_PATIENCE))
        if self._rounds(self._plain(link.head), target, unit) and rounds_to(shown, target, unit) is not False:
            return Finding(Verdict.PROVED, "N102", "right with more digits than the line shows")
        return None

    def _rounds(self, expr: Expr, target: Fraction, unit: Fraction) -> bool:
        exact = self._exact_value(expr)
        if exact is not None:
            return abs(exact - target) <= unit / 2
        return rounds_to(self._value(expr), target, unit) is True

    def _exact_value(self, expr: Expr) -> Fraction | None:
        """The rational number that a tree is, where its parts, or an enclosure of no width, show it."""
        numbers: dict[Expr, Expr] = {}
        for node in walk(expr):
            match node:
                case Derivative():
                    value = self._adjoint(node)
                    if value.is_exact():
                        numbers[node] = Number(_rational(value))
                case Symbol(name):
                    exact = self._exact_of(name)
                    if exact is not None:
                        numbers[node] = Number(exact)
                case _:
                    pass
        found = exact_value(decided(_expression(replace(self._branched(expr), numbers)), Clock(_PATIENCE)))
        if isinstance(found, Number):
            return found.value
        value = self._value(expr)
        return _rational(value) if value.is_exact() else None

    def _branched(self, expr: Expr) -> Expr:
        """The tree with the branch that holds in the place of each case distinction."""
        if Cases not in kinds(expr):
            return expr
        balls = _Balls({name: self._ball(name) for name in _symbols(expr, derivatives=False)})

        def visit(node: Node) -> Node:
            if not isinstance(node, Cases) or any(isinstance(n, Derivative) for n in walk(node)):
                return rebuild(node, visit)
            told = [(value, c) for value, c in node.branches if not isinstance(c, Otherwise)]
            true = [value for value, c in told if holds(c, balls, precision=_PRECISION)]
            if not true:
                true = [value for value, c in node.branches if isinstance(c, Otherwise)]
            return visit(true[0]) if len(true) == 1 else node

        return _expression(visit(expr))

    def _exact_of(self, key: str) -> Fraction | None:
        if key not in self._exact:
            self._exact[key] = None  # a quantity that rests on itself
            given = self.table.values.get(key)
            body = given.number if given is not None else self._body(key)
            if body is not None:
                for other in self._in_order(key):
                    if other != key:
                        self._exact_of(other)
                self._exact[key] = self._exact_value(body)
        return self._exact[key]

    def _given(self) -> frozenset[Fraction]:
        if self._numbers is None:
            written = (written_number(value.number) for value in self.table.values.values())
            found = [number[0] for number in written if number is not None]
            self._numbers = frozenset((*found, *map(abs, found)))
        return self._numbers


class _Balls(Point):
    """A point whose coordinates are enclosures."""

    def __init__(self, balls: Mapping[str, arb]) -> None:
        super().__init__(_no_value)
        self.balls = balls

    def ball(self, atom: Expr) -> arb:
        """The enclosure of a symbol."""
        if not isinstance(atom, Symbol) or atom.name not in self.balls:
            raise NotLocal
        return self.balls[atom.name]


def _no_value(atom: Expr) -> Fraction:
    raise NotLocal


def _symbols(expr: Expr, *, derivatives: bool = True) -> frozenset[str]:
    """The names in a tree, those of derivatives included or not."""
    if derivatives:
        return frozenset(n.name for n in walk(expr) if isinstance(n, Symbol))
    found: set[str] = set()

    def visit(node: Node) -> Node:
        if isinstance(node, Symbol):
            found.add(node.name)
        return node if isinstance(node, Derivative) else rebuild(node, visit)

    visit(expr)
    return frozenset(found)


def _through(body: Expr, slot: Symbol, visit: Callable[[Node], Node]) -> Node:
    """A formula with its quantities named, except for the place of its argument."""

    def inner(node: Node) -> Node:
        if node == slot:
            return node
        if isinstance(node, Symbol | Indexed | Apply | Derivative):
            return visit(node)
        return rebuild(node, inner)

    return inner(body)


def _rational(value: arb) -> Fraction:
    exact = value.fmpq()
    return Fraction(int(exact.p), int(exact.q))


def _sum(terms: list[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else Add(tuple(terms)) if terms else ZERO


def _expression(node: Node) -> Expr:
    assert isinstance(node, Expr)
    return node
