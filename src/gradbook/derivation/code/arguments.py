"""The arguments of the generated function: in which order, with what defaults, and where to try them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradbook.derivation.code.lowering import CannotWrite
from gradbook.derivation.steps import Definition, Derivation
from gradbook.symbolic.expr import (
    Condition,
    Expr,
    Indexed,
    Neg,
    Node,
    Number,
    Op,
    Relation,
    Symbol,
    children,
    free_symbols,
    walk,
)


@dataclass(frozen=True)
class Arguments:
    """What a function is a function of: quantities by position, constants by keyword."""

    #: Symbols, and one component for each vector, those that it is differentiated by first.
    quantities: tuple[Expr, ...]
    constants: Mapping[Expr, float]

    @property
    def vectors(self) -> tuple[Indexed, ...]:
        """The quantities that are vectors."""
        return tuple(q for q in self.quantities if isinstance(q, Indexed))


def arguments(
    derivations: Sequence[Derivation], constants: Mapping[str, float], known: Sequence[Definition] = ()
) -> Arguments:
    """The arguments of a function with its derivatives; ``known`` are functions in it, with constants of their own.

    ``constants`` gives the default values of parameters by their names, with or without a backslash.
    """
    definition = derivations[0].definition
    values = {name.removeprefix("\\"): value for name, value in constants.items()}
    order: dict[str, Expr] = {}
    wrts = [w for d in derivations for w in d.wrts]
    mentioned = _mentioned(definition.body, definition.indices)
    for function in known:
        mentioned += [q for q in _mentioned(function.body, ()) if q not in function.parameters]
    for quantity in [*wrts, *definition.parameters, *mentioned]:
        if not isinstance(quantity, Symbol | Indexed):
            raise CannotWrite("a derivative with respect to what is no symbol and no component")
        order.setdefault(key(quantity), quantity)
    fixed: dict[Expr, float] = {
        q: values[q.name.removeprefix("\\")]
        for q in order.values()
        if isinstance(q, Symbol) and q.name.removeprefix("\\") in values and q not in wrts
    }
    return Arguments(tuple(q for q in order.values() if q not in fixed), fixed)


def key(quantity: Expr) -> str:
    """What tells two arguments apart: all components of a vector are one."""
    return (
        f"[{quantity.base}]" if isinstance(quantity, Indexed) else getattr(quantity, "name", repr(quantity))
    )


def _mentioned(body: Expr, indices: Sequence[Expr]) -> list[Expr]:
    """Symbols and components in the order in which they stand, indices apart."""
    free = free_symbols(body)
    inside = {i for q in free if isinstance(q, Indexed) for i in q.indices} & set(indices)
    order = {node: k for k, node in reversed(list(enumerate(walk(body))))}
    open_indices = {s for q in free if isinstance(q, Indexed) for i in q.indices for s in walk(i)}
    found = [q for q in free if q not in inside and not (q in open_indices and q not in _bare(body))]
    return sorted(found, key=lambda q: order[q])


def _bare(node: Node) -> set[Node]:
    """The symbols that stand on their own, not as an index."""
    found: set[Node] = set()
    stack: list[Node] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Symbol):
            found.add(part)
        elif not isinstance(part, Indexed):
            stack.extend(children(part))
    return found


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a self-test draws an argument from."""

    low: float
    high: float

    @classmethod
    def of(cls, quantity: Expr, conditions: Sequence[Condition], size: float) -> Interval:
        """An interval well inside what the conditions allow, of numbers up to a size where they set no bound."""
        low, high = None, None
        for condition in conditions:
            match condition:
                case Relation(side, op, bound) if (
                    key(side) == key(quantity) and (value := _value(bound)) is not None
                ):
                    if op in (Op.GT, Op.GE):
                        low = value if low is None else max(low, value)
                    elif op in (Op.LT, Op.LE):
                        high = value if high is None else min(high, value)
                case _:
                    continue
        match low, high:
            case None, None:
                return cls(-size, size)
            case float(), None:
                return cls(low + 0.1, low + size)
            case None, float():
                return cls(high - size, high - 0.1)
            case _:
                assert low is not None and high is not None
                return cls(low + 0.05 * (high - low), high - 0.05 * (high - low))


def plain(condition: Condition) -> bool:
    """Whether a condition bounds one quantity by a number, so that samples can be drawn to meet it."""
    match condition:
        case Relation(Symbol() | Indexed(), _, bound):
            return _value(bound) is not None
        case _:
            return False


def _value(bound: Node) -> float | None:
    match bound:
        case Number(value):
            return float(value)
        case Neg(Number(value)):
            return -float(value)
        case _:
            return None
