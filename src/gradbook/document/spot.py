r"""Where in the tokens of a side a part of its tree stands.

The reader keeps no places in its trees. A part is found again by reading: of the stretches of tokens that have the
letters and digits of the part, the shortest that reads as the part is its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from gradbook.document.tokens import FormulaError, Kind, Token, tokenise
from gradbook.symbolic.expr import Expr
from gradbook.symbolic.printing import to_latex

#: Most stretches that are read, and longest side that is looked through.
_READ = 40
_LONGEST = 160

_OPENING = frozenset({Kind.OPEN, Kind.BEGIN, Kind.LEFT_BAR})
_CLOSING = frozenset({Kind.CLOSE, Kind.END, Kind.RIGHT_BAR})


def place_of(
    part: Expr, side: list[Token], read: Callable[[list[Token]], Expr | None], occurrence: int = 0
) -> tuple[int, int] | None:
    """The first and the last token of a part in a side, the last exclusive; None if it is not found.

    Of several that read the same, ``occurrence`` says which one from the left is meant.
    """
    if len(side) > _LONGEST:
        return None
    try:
        wanted = _letters(tokenise(to_latex(part)))
    except FormulaError:
        return None
    if not wanted:
        return None
    found: list[tuple[int, int]] = []
    for start, end in sorted(_stretches(side, wanted), key=lambda s: s[1] - s[0])[:_READ]:
        if any(start <= a and b <= end for a, b in found):
            continue  # the same in brackets
        if read(side[start:end]) == part:
            found.append((start, end))
    found.sort()
    return found[min(occurrence, len(found) - 1)] if found else None


def _letters(tokens: list[Token]) -> Counter[str]:
    """The letters and digits of a stretch; what differs between ways to write the same is left out."""
    return Counter(
        t.text
        for t in tokens
        if t.is_letter
        or t.is_digit
        or (t.kind is Kind.MACRO and t.text in _GREEK)
        or t.kind in (Kind.TEXT, Kind.NAME)
    )


_GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi chi "
    "psi omega tanh sin cos tan log ln exp sinh cosh max min sum prod partial".split()
) - {"ln", "log"}


def _stretches(side: list[Token], wanted: Counter[str]) -> list[tuple[int, int]]:
    """Stretches with balanced brackets that hold these letters and no others."""
    size = wanted.total()
    found: list[tuple[int, int]] = []
    for start in range(len(side)):
        seen: Counter[str] = Counter()
        depth = 0
        for end in range(start, len(side)):
            token = side[end]
            if token.kind in _OPENING or token.is_char("(") or token.is_char("["):
                depth += 1
            elif token.kind in _CLOSING or token.is_char(")") or token.is_char("]"):
                depth -= 1
                if depth < 0:
                    break
            seen += _letters([token])
            if seen.total() > size:
                break
            if depth == 0 and seen == wanted:
                found.append((start, end + 1))
    return found
