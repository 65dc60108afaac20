"""What formats share: which sides of a line a part of the worksheet shows, and how wide a formula is."""

from __future__ import annotations

from gradbook.network.lines import Line
from gradbook.network.worksheet import Part, Worksheet
from gradbook.symbolic.expr import Expr
from gradbook.symbolic.names import Accent, Notation, Numeral, Row, Script, Word
from gradbook.symbolic.notation import Big, Brace, Fence, Fraction, Kind, Radical, Sign, notation

#: A script is set smaller than its base.
_SMALLER = 0.7


def shown_parts(line: Line, part: Part) -> tuple[Expr, ...]:
    """The sides that are written; what is missing is to be filled in."""
    if part is Part.KEY or not line.kind.is_task:
        return line.sides
    return line.sides[: line.hint if part is Part.HINTS else 1]


def title_of(sheet: Worksheet, part: Part) -> str:
    """The title of a page."""
    return sheet.title + (": key" if part is Part.KEY and sheet.is_exercise else "")


def width(side: Expr) -> float:
    """About how wide a formula is, in digits.

    >>> from gradbook.symbolic.expr import Add, Div, number
    >>> width(Add((number("0.25"), number(3)))), width(Div(number(100), number(7)))
    (7.0, 3.0)
    """
    return round(_width(notation(side)), 3)


def _width(node: Notation) -> float:
    match node:
        case Word(letters):
            return 1.1 * len(letters)
        case Numeral(digits):
            return float(len(digits))
        case Sign(sign, kind):
            if kind in (Kind.RELATION, Kind.TERM, Kind.TIMES) and sign:
                return 2.0
            return 0.3 + len(sign)
        case Row(parts):
            return sum(map(_width, parts))
        case Fraction(over, under):
            return max(_width(over), _width(under))
        case Script(base, above, below):
            return _width(base) + _SMALLER * max(_width(s) if s is not None else 0 for s in (above, below))
        case Radical(body):
            return 1.5 + _width(body)
        case Fence(_, body):
            return 1.6 + _width(body)
        case Accent(base):
            return _width(base)
        case Big(_, below):
            return 2 + _SMALLER * _width(below)
        case Brace(rows):
            return 4 + max(_width(value) + _width(when) for value, when in rows)
        case _:
            return 1.0
