"""Reasons not to call a link wrong although its two sides differ.

A line that differs from what the document says may be an equation to be solved, or may speak of what the
document leaves open. Then it is undecided, or unread: a false alarm is worse than silence.
"""

from __future__ import annotations

from gradbook.document.findings import ARRAY_CONSTANTS, Finding, Link, is_derivative, name_of
from gradbook.document.formula import USUAL_FUNCTIONS
from gradbook.document.meanings import Unresolved
from gradbook.document.precision import is_numeric
from gradbook.document.report import Verdict
from gradbook.document.symbols import Table, bare
from gradbook.document.vectors import is_tensor
from gradbook.symbolic.decide import decide
from gradbook.symbolic.expr import (
    ZERO,
    Apply,
    Derivative,
    Expr,
    Indexed,
    Node,
    Number,
    Pow,
    Symbol,
    free_symbols,
    kinds,
    rebuild,
    walk,
)
from gradbook.symbolic.outcomes import Outcome
from gradbook.symbolic.printing import to_latex


def doubt(link: Link, left: Expr, right: Expr, table: Table) -> Finding | None:
    """What stands against calling a link wrong whose resolved sides differ; None if nothing does.

    Raises:
        Unresolved: a symbol is not explained.
    """
    if link.relation == "~" and not (is_numeric(left) and is_numeric(right)):
        return Finding(Verdict.UNDECIDED, "U106", "an approximation between formulas is not judged")
    if link.right == ZERO and is_derivative(link.left):
        return Finding(
            Verdict.UNDECIDED,
            "U107",
            "not zero everywhere: an equation to be solved?",
            help="write “setting …” before it, if it is imposed",
        )
    lacking = _lacking_value(link, left, right)
    if lacking is not None:
        return Finding(
            Verdict.UNDECIDED,
            "U108",
            f"no value of “{lacking}” was read, so the number cannot be checked",
            help=f"give a value such as ${lacking} = …$ above",
        )
    if _is_equation(link, left, right) and not all(name_of(s) in table.choices for s in free_symbols(left)):
        return Finding(
            Verdict.UNDECIDED,
            "U107",
            "true for some values and not for others: an equation to be solved or imposed?",
            help="if it is imposed, write “such that …” or “setting …” before it",
        )
    tied = _tied(link, table)
    if tied is not None:
        return Finding(
            Verdict.UNDECIDED,
            "U107",
            f"“{tied[0]}” and “{tied[1]}” are tied by an equation, so what is held fixed is not clear",
            help=f"write {tied[1]} as a formula in {tied[0]}, if it changes with it",
        )
    stranger = _stranger(link, left, table)
    if stranger is not None:
        raise Unresolved(f"“{bare(stranger)}” is not explained anywhere above")
    missing = _unknown_slope(left, right)
    if missing is not None:
        return Finding(
            Verdict.UNDECIDED,
            "U104",
            f"this would need to know what “{missing}” is, which the document leaves open",
            help=f"define “{missing}” before this line",
        )
    constant = _perhaps_constant(link, left, right, table)
    if constant is not None:
        return Finding(
            Verdict.UNDECIDED,
            "U104",
            f"whether “{constant}” depends on what is differentiated by is not said",
            help=f"say that {constant} is a constant, or write “{constant}(…)” with what it depends on",
        )
    doubtful = _doubtful(left, right, table)
    if doubtful is not None:
        return Finding(
            Verdict.UNDECIDED,
            "U104",
            f"whether “{doubtful}(…)” is a product here is not clear: “{doubtful}” is a function elsewhere",
            help="write a product with \\cdot",
        )
    return None


def _tied(link: Link, table: Table) -> tuple[str, str] | None:
    """What is differentiated by, and another quantity of the line that an equation of the document ties to it."""
    trees = (link.left, link.right)
    variables = {n.wrt for tree in trees for n in walk(tree) if isinstance(n, Derivative)}
    present = {s for tree in trees for s in free_symbols(tree) if isinstance(s, Symbol)}
    for equation in table.equations:
        inside = {
            s for side in (equation.left, equation.right) for s in free_symbols(side) if isinstance(s, Symbol)
        }
        for variable in inside & variables:
            others = sorted(s.name for s in (inside & present) - {variable} if not table.has(s.name))
            if others:
                return bare(variable.name), bare(others[0])
    return None


def _lacking_value(link: Link, left: Expr, right: Expr) -> str | None:
    """A quantity without a number, where a formula is set equal to one in decimals or further down a chain."""
    if not is_numeric(right) or is_numeric(left):
        return None
    decimals = any(isinstance(n, Number) and n.decimals for n in walk(link.right))
    later = link.head is not None and link.head != link.left
    if not decimals and not later:
        return None
    names = sorted(to_latex(s) for s in free_symbols(left) if isinstance(s, Symbol | Indexed))
    return names[0] if names else None


def _stranger(link: Link, left: Expr, table: Table) -> str | None:
    """A symbol of the left side that nothing explains, beside something that the document does define.

    ``(a + b)^2 = a^2 + b^2`` can be refuted by itself; ``\\Delta f = 4`` cannot as long as Δ is a riddle.
    """
    names = {bare(name_of(s)) for s in free_symbols(left)}
    names |= {bare(n.name) for n in walk(left) if isinstance(n, Apply) and not n.name.startswith(("#", "@"))}
    known = {n for n in names if n in table.known or n in table.values}
    written = {bare(name_of(n)) for n in walk(link.left) if isinstance(n, Symbol | Apply | Indexed)}
    if not known and not any(table.has(n) for n in written):
        return None
    for name in sorted(names - known - _introduced(link.left)):
        if (
            name in table.names.indices | table.names.counting
            or (len(name) == 1 and name in "ijklmn")
            or name.endswith("_{*}")
        ):
            continue
        if name.startswith("#") or name in ARRAY_CONSTANTS or table.is_argument(name):
            continue
        return name
    return None


def _unknown_slope(left: Expr, right: Expr) -> str | None:
    """An unknown function whose derivative one side has and the other does not mention at all."""
    if kinds(left).isdisjoint((Derivative, Apply)) and kinds(right).isdisjoint((Derivative, Apply)):
        return None
    slopes: list[set[str]] = []
    for side in (left, right):
        found = {n.name for n in walk(side) if isinstance(n, Apply) and any(n.orders)}
        for node in walk(side):
            if isinstance(node, Derivative):
                found |= {n.name for n in walk(node.body) if isinstance(n, Apply)}
        slopes.append(found)
    one_sided = (slopes[0] - slopes[1]) | (slopes[1] - slopes[0])
    return bare(min(one_sided)) if one_sided else None


def _perhaps_constant(link: Link, left: Expr, right: Expr, table: Table) -> str | None:
    r"""A letter that was only differentiated, ``\frac{\partial}{\partial f}[y]``: the line holds if it is constant."""
    slopes = [n.body for side in (link.left, link.right) for n in walk(side) if isinstance(n, Derivative)]
    names = {
        body.name
        for body in slopes
        if isinstance(body, Symbol)
        and body.name in table.depends
        and body.name not in table.usual_arguments
        and not table.has(body.name)
    }
    names -= USUAL_FUNCTIONS
    if not names or is_tensor((link.left, link.right), table):
        return None

    def visit(node: Node) -> Node:
        node = rebuild(node, visit)
        if isinstance(node, Apply) and node.name in names:
            return ZERO if any(node.orders) else Symbol(node.name)
        return node

    sides = (visit(side) for side in (left, right))
    a, b = (side for side in sides if isinstance(side, Expr))
    refuted = decide(a, b, table.domain()).outcome is Outcome.REFUTED
    return None if refuted else bare(min(names))


def _doubtful(left: Expr, right: Expr, table: Table) -> str | None:
    """What the document has not defined so far, applied to a formula only since it is a function further down."""
    nodes = [n for side in (left, right) if Apply in kinds(side) for n in walk(side) if isinstance(n, Apply)]
    plain = {n.name for n in nodes if any(n.orders) or all(isinstance(a, Symbol | Indexed) for a in n.args)}
    for node in nodes:
        name = node.name
        known = name in plain or name in table.depends or table.has(name)
        if not known and len(name) == 1 and name not in USUAL_FUNCTIONS and name in table.names.functions:
            return name
    return None


def _introduced(written: Expr) -> set[str]:
    """Names that a left side brings in itself: in arguments, as variables of derivatives, as indices."""
    found: set[str] = set()
    for node in walk(written):
        parts: tuple[Expr, ...] = ()
        match node:
            case Apply(_, args, _) | Indexed(_, args):
                parts = args
            case Derivative(_, wrt):
                parts = (wrt,)
            case _:
                pass
        for part in parts:
            found |= {bare(name_of(n)) for n in walk(part) if isinstance(n, Symbol | Indexed)}
    return found


def _is_equation(link: Link, left: Expr, right: Expr) -> bool:
    """``x^2 + y^2 = 25``: a formula in free quantities set equal to a number, which no definition speaks of."""
    if link.head is not None and link.head != link.left:
        return False
    if _relates_unknown(link, left, right):
        return True
    for side, other in ((link.left, right), (link.right, left)):
        written = link.left if side is link.left else link.right
        plain = not any(
            isinstance(n, Derivative) or (isinstance(n, Apply) and any(n.orders)) for n in walk(written)
        )
        several = len(free_symbols(written)) > 1 or isinstance(written, Pow)
        if plain and is_numeric(other) and several and not isinstance(written, Symbol | Indexed | Apply):
            return True
    return False


def _relates_unknown(link: Link, left: Expr, right: Expr) -> bool:
    """``x^3 + y^3 = 6xy``, where y is differentiated by x elsewhere: a relation that y is to satisfy."""
    if any(isinstance(n, Derivative | Apply) for side in (link.left, link.right) for n in walk(side)):
        return False
    nodes = [n for side in (left, right) for n in walk(side) if isinstance(n, Apply)]
    several = not isinstance(link.left, Symbol | Indexed)
    return several and bool(nodes) and not any(any(n.orders) for n in nodes)
