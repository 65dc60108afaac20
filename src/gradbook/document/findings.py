"""What is judged and what is found: links of chains, and verdicts with what is to be said about them."""

from __future__ import annotations

from dataclasses import dataclass

from gradbook.document.report import Evidence, Verdict
from gradbook.symbolic.expr import Apply, Derivative, Expr, Indexed, Op, Symbol
from gradbook.symbolic.ranks import IDENTITY, ONES, ZEROS

#: Relations that are inequalities, as the statements spell them.
ORDERS = {"<": Op.LT, ">": Op.GT, "<=": Op.LE, ">=": Op.GE, "!=": Op.NE}


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with what is to be said about it."""

    verdict: Verdict
    code: str | None = None
    message: str = ""
    evidence: Evidence | None = None
    help: str | None = None
    follows: int | None = None
    #: The link that was found wrong, as it was judged.
    link: Link | None = None
    #: The part of the line that is wrong, where it is known: which of several alike, and where it stands in the piece.
    part: Expr | None = None
    occurrence: int = 0
    mark: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """``left relation right``; ``head`` is the first side of the chain."""

    left: Expr
    relation: str
    right: Expr
    head: Expr | None = None


def is_derivative(expr: Expr) -> bool:
    """Whether a side is written as a derivative."""
    return isinstance(expr, Derivative) or (isinstance(expr, Apply) and any(expr.orders))


def name_of(symbol: Expr) -> str:
    """The name of a symbol, component or application; "" for all else."""
    match symbol:
        case Symbol(name) | Apply(name, _, _):
            return name
        case Indexed(base, _):
            return base
        case _:
            return ""


#: What stands for a matrix or vector of ones, of zeros, or for the identity.
ARRAY_CONSTANTS = ONES | ZEROS | {IDENTITY}
