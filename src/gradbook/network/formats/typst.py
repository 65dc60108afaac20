r"""Notation in the language of Typst, which sets mathematics as TeX does and is a wheel of some megabytes.

>>> from gradbook.symbolic.expr import Div, ONE, Symbol
>>> from gradbook.symbolic.notation import notation
>>> formula(notation(Div(ONE, Symbol("w_{11}^{(1)}"))))
'frac(1, attach(w, t: upright("(1)"), b: 11))'
"""

from __future__ import annotations

from gradbook.symbolic.names import Accent, Notation, Numeral, Row, Script, Word
from gradbook.symbolic.notation import Big, Brace, Fence, Fraction, Kind, Radical, Sign

_ACCENTS = {
    "hat": "hat",
    "bar": "macron",
    "tilde": "tilde",
    "vec": "arrow",
    "dot": "dot",
    "ddot": "dot.double",
}
_BIG = {"∑": "sum", "∏": "product"}
_FENCES = {
    "(": r"\(",
    ")": r"\)",
    "[": r"\[",
    "]": r"\]",
    "|": r"\|",
    "‖": "‖",
    "{": r"\{",
    "}": r"\}",
    "": "",
}


def text(words: str) -> str:
    """Words as a string of Typst."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def formula(node: Notation) -> str:
    """A notation as a piece of a formula."""
    match node:
        case Word(letters, face):
            return _word(letters, face)
        case Numeral(digits):
            return digits if digits.replace(".", "", 1).isdigit() else text(digits)
        case Sign(sign, kind):
            return _sign(sign, kind)
        case Row(parts):
            return _row(parts)
        case Fraction(over, under):
            return f"frac({formula(over)}, {formula(under)})"
        case Script(base, above, below):
            scripts = "".join(
                f", {place}: {_script(script)}"
                for place, script in (("t", above), ("b", below))
                if script is not None
            )
            return f"attach({formula(base) or '#none'}{scripts})"
        case Radical(body, None):
            return f"sqrt({formula(body)})"
        case Radical(body, degree):
            assert degree is not None
            return f"root({formula(degree)}, {formula(body)})"
        case Fence(opening, body, closing):
            if not opening or not closing:
                return f"{_FENCES.get(opening, text(opening))} {formula(body)} {_FENCES.get(closing, text(closing))}"
            return f"lr({_FENCES.get(opening, text(opening))} {formula(body)} {_FENCES.get(closing, text(closing))})"
        case Accent(base, mark):
            return f"accent({formula(base)}, {_ACCENTS[mark]})"
        case Big(sign, below, above):
            scripts = f", b: {formula(below)}" + (f", t: {formula(above)}" if above is not None else "")
            return f"attach(limits({_BIG[sign]}){scripts})"
        case Brace(rows):
            return "cases(" + ", ".join(f"{formula(value)} & {formula(when)}" for value, when in rows) + ")"
        case _:
            raise ValueError(f"expected notation, got {node!r}")


def _row(parts: tuple[Notation, ...]) -> str:
    return " ".join(filter(None, (formula(part) for part in parts)))


def _script(node: Notation) -> str:
    """A script; punctuation in it stands as it is."""
    if isinstance(node, Row | Word) and not _is_letters(node):
        return f"upright({text(_flat(node))})" if _flat(node) else formula(node)
    return formula(node)


def _is_letters(node: Notation) -> bool:
    return isinstance(node, Word) and node.text.isalpha()


def _flat(node: Notation) -> str:
    """The letters of a simple script; empty if it has structure of its own."""
    match node:
        case Word(letters) | Numeral(letters):
            return letters.replace("-", "–")
        case Row(parts):
            found = [_flat(part) for part in parts]
            return "".join(found) if all(found) else ""
        case _:
            return ""


def _word(letters: str, face: str) -> str:
    if face == "text":
        return text(letters)
    if face == "bold":
        return f"bold({text(letters)})"
    if len(letters) == 1 and letters.isalpha():
        return letters if face != "upright" else f"upright({text(letters)})"
    if letters.isalpha() and face == "upright":
        return f"upright({text(letters)})"
    return (
        text(letters)
        if letters.isalnum()
        else "".join(f"\\{c}" if c in "\\#$\"_^&/'()[]{}|,;" else c for c in letters)
    )


def _sign(sign: str, kind: Kind) -> str:
    match kind:
        case Kind.TIMES if not sign:
            return "thin"
        case Kind.APPLY:
            return ""
        case Kind.JOINT:
            return text(f" {sign} ")
        case Kind.COMMA:
            return r"\,"
        case _:
            return {"-": "-", "·": "dot.op", "=": "=", "/": r"\/"}.get(sign, sign)
