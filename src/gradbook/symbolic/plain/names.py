r"""Names as they are typed and as LaTeX spells them: ``theta`` is ``\theta``, ``w_11`` a component of w.

The rules are those by which documents read the same names in LaTeX, so that a name typed on a command
line and one written in a document are one name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from gradbook.symbolic.expr import FUNCTIONS, Add, Expr, Mul, Neg, Symbol, number

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho varrho "
    "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi "
    "Omega ell".split()
)
#: Greek letters whose Unicode name is not that of their macro.
_LETTERS = {"ε": r"\varepsilon", "ϵ": r"\epsilon", "φ": r"\varphi", "ϕ": r"\phi", "ϑ": r"\vartheta",
            "ϱ": r"\varrho", "ς": r"\varsigma", "λ": r"\lambda", "Λ": r"\Lambda", "ℓ": r"\ell"}  # fmt: skip
#: Subscripts that stand for a sign above the letter.
_ACCENTS = frozenset({"hat", "bar", "tilde"})

#: Functions by the names that are typed for them, compared in lower case.
KNOWN_FUNCTIONS = {
    **{name: name for name in FUNCTIONS},
    "ln": "log", "sgn": "sign", "signum": "sign", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "arctanh": "atanh", "arcsinh": "asinh",
    "arccosh": "acosh", "tr": "trace", "logistic": "sigmoid", "heaviside": "step", "lg": "log10",
    "log10": "log10", "log2": "log2", "log1p": "log1p", "expm1": "expm1", "sqrt": "sqrt", "cbrt": "cbrt",
}  # fmt: skip
#: Words that begin a form of their own.
OPERATORS = frozenset("sum prod product diff partial nabla grad at".split())
#: Letters that stand for quantities: before a bracket they are factors.
USUAL_VARIABLES = frozenset("abcdijklmnrstwxyzWXYZ") | {
    "\\" + name
    for name in "alpha beta gamma delta epsilon varepsilon eta theta kappa lambda mu nu rho tau omega".split()
}
#: Letters that are indices in a subscript.
USUAL_INDICES = frozenset("ijklmn")
#: Letters that may be an index where a number is added to them: times, sizes, orders.
_SHIFTED = frozenset("tTKNMdpqrs")

_BRACED = re.compile(r"\\([A-Za-z]+)|[A-Za-z]+|[0-9]|[^\sA-Za-z0-9\\]")
_MACRO = re.compile(r"\\([A-Za-z]*)")
#: Macros that a name between backquotes may hold: letters, accents and faces, nothing that does anything.
_HARMLESS = GREEK | frozenset(
    "hat bar tilde vec dot ddot check breve acute grave mathring widehat widetilde overline mathbf boldsymbol bm "
    "mathcal mathscr mathfrak mathbb mathrm mathsf mathit operatorname text top star dagger ast prime partial "
    "hbar Re Im aleph infty".split()
)
_VERBATIM = re.compile(r"[A-Za-z0-9\\{}^_()\[\]'*+\-,. |?…]{1,200}")


@dataclass(frozen=True, slots=True)
class Name:
    """A name with its scripts: ``base`` with a label is one symbol, with indices a component."""

    base: str
    indices: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What the rest of a text says about names."""

    #: Letters that sums around the name bind.
    bound: frozenset[str] = frozenset()
    #: Bases that carry two letters as indices somewhere, so that ``w_11`` means ``w_{1,1}``.
    double: set[str] = field(default_factory=set[str])


def is_known(text: str) -> bool:
    """Whether a typed name is a function or an operator that is always there."""
    return operator_of(text) is not None or function_of(text) is not None


def operator_of(text: str) -> str | None:
    """The operator that a typed name means, large first letter or not."""
    word = text.lower() if len(text) > 2 else text
    return word if word in OPERATORS else None


def function_of(text: str) -> str | None:
    """The function that a typed name means; short names only in small letters.

    >>> function_of("ReLU"), function_of("ln"), function_of("LN")
    ('relu', 'log', None)
    """
    return KNOWN_FUNCTIONS.get(text.lower() if len(text) > 2 else text)


def letter_of(text: str) -> str:
    r"""The LaTeX of a name without scripts.

    Raises:
        ValueError: it is none.

    >>> [letter_of(name) for name in ("x", "theta", "net", "θ")]
    ['x', '\\theta', '\\text{net}', '\\theta']
    """
    bare = text.removeprefix("\\")
    if (bare in GREEK and bare != "ell") or text in ("ell", r"\ell"):
        return "\\" + bare
    if text in _LETTERS:
        return _LETTERS[text]
    if not text.isascii() and len(text) == 1:
        kind, _, name = unicodedata.name(text).rpartition(" LETTER ")
        name = name.capitalize() if kind.endswith("CAPITAL") else name.lower()
        if name in GREEK:
            return "\\" + name
    if text == "eps":
        return r"\epsilon"
    if text.isascii() and text.isalpha():
        return text if len(text) == 1 else f"\\text{{{text}}}"
    raise ValueError(text)


def name_of(text: str, script: str | None, usage: Usage) -> Name:
    r"""The name that a token is, with what is typed in the braces of its subscript, if there are any.

    Raises:
        ValueError: it is no name; the message says what was expected.

    >>> name_of("p_theta", None, Usage()).base, name_of("y_hat_i", None, Usage()).base
    ('p_{\\theta}', '\\hat{y}')
    """
    stem, *parts = text.split("_")
    digits = stem.lstrip("\\").lstrip("".join(map(chr, (*range(65, 91), *range(97, 123)))))
    if digits.isdecimal() and len(digits) < len(stem):
        stem, parts = stem[: -len(digits)], [*parts, digits]  # x1 is x_1
    try:
        base = letter_of(stem)
    except ValueError:
        raise ValueError("a name of letters, perhaps with a subscript") from None
    while parts and parts[0] in _ACCENTS:
        base = f"\\{parts.pop(0)}{{{base.removeprefix(chr(92) + 'text{').removesuffix('}')}}}"
    if script is not None:
        parts.append(script)
    if not parts:
        return Name(base)
    if len(parts) > 1:
        raise ValueError("one subscript; write several indices as x[i, j]")
    atoms = _atoms(parts[0]) if script is not None else _typed_atoms(parts[0])
    return _with_subscript(base, atoms, usage)


def verbatim(text: str) -> str:
    r"""A name spelt in LaTeX, if it is one and does nothing but name.

    Raises:
        ValueError: it is not.

    >>> verbatim(r"\hat{y}")
    '\\hat{y}'
    """
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            break
    if depth or not _VERBATIM.fullmatch(text) or not all(m[1] in _HARMLESS for m in _MACRO.finditer(text)):
        raise ValueError("a name in LaTeX between the backquotes")
    return text


# --- subscripts ---------------------------------------------------------------------------------


def _typed_atoms(text: str) -> list[str]:
    """What follows an underscore: one Greek letter, or letters and digits one by one."""
    if text in GREEK or not text.isascii():
        return [letter_of(text)]
    return list(text)


def _atoms(text: str) -> list[str]:
    """What stands in the braces of a subscript, in pieces as LaTeX has them."""
    found: list[str] = []
    for match in _BRACED.finditer(text):
        word = match[0]
        if match[1] is not None and match[1] not in GREEK:
            raise ValueError("letters, digits and signs in a subscript")
        if word.removeprefix("\\") in GREEK:
            found.append("\\" + word.removeprefix("\\"))
        elif word.isalpha() or word.isdecimal() or word in ",+-*.'":
            found.extend(letter_of(c) if not c.isascii() else c for c in word)
        else:
            raise ValueError("letters, digits and signs in a subscript")
    if not any(atom != "," for atom in found):
        raise ValueError("a subscript in the braces")
    return found


def label_of(atoms: list[str]) -> str:
    r"""A label in one spelling.

    >>> label_of(["\\theta", "1"])
    '\\theta 1'
    """
    return "".join(atom + " " * atom.startswith("\\") for atom in atoms).strip()


def _with_subscript(base: str, atoms: list[str], usage: Usage) -> Name:
    plain = [atom for atom in atoms if atom != ","]
    parts = _split(atoms)
    if all(atom.isdecimal() for atom in plain):
        if len(parts) > 1:
            return Name(base, tuple(number("".join(part)) for part in parts if part))
        together = len(plain) == 2 and base in usage.double
        return Name(base, tuple(map(number, plain)) if together else (number("".join(plain)),))
    if len(plain) == 2 and base in usage.double and all(a.isdecimal() or _is_letter(a) for a in plain):
        return Name(base, tuple(map(_index, plain)))
    if len(parts) == 1 and all(_counts(atom, usage) for atom in plain):
        return Name(base, tuple(map(_index, plain)))
    if len(parts) > 1 and all(part and _is_index(part, usage) for part in parts):
        return Name(base, tuple(map(_shifted, parts)))
    if len(parts) == 1 and _is_index(plain, usage) and any(atom in "+-" for atom in plain):
        return Name(base, (_shifted(plain),))
    label = label_of(atoms)
    if label in usage.bound:
        return Name(base, (Symbol(label),))
    if base == r"\delta" and len(plain) == 2 and all(_counts(atom, usage) for atom in plain):
        return Name(base, tuple(map(_index, plain)))
    return Name(f"{base}_{{{label}}}")


def is_double(atoms: str) -> bool:
    """Whether a subscript has two letters or digits as indices, one of them a letter."""
    return len(atoms) == 2 and all(_counts(a, Usage()) for a in atoms) and not atoms.isdecimal()


def _split(atoms: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for atom in atoms:
        if atom == ",":
            parts.append([])
        else:
            parts[-1].append(atom)
    return parts


def _is_letter(atom: str) -> bool:
    return len(atom) == 1 and atom.isalpha()


def _counts(atom: str, usage: Usage) -> bool:
    return atom.isdecimal() or atom in USUAL_INDICES or (_is_letter(atom) and atom in usage.bound)


def _is_index(atoms: list[str], usage: Usage) -> bool:
    """An index, a number, or one with + or - a number."""
    letters = [atom for atom in atoms if _is_letter(atom)]
    rest = [atom for atom in atoms if not _is_letter(atom)]
    if not all(atom.isdecimal() or atom in "+-" for atom in rest):
        return False
    shifted = any(atom in "+-" for atom in rest)
    if not letters:
        return len(atoms) == 1 or not shifted
    return len(letters) == 1 and (_counts(letters[0], usage) or (shifted and letters[0] in _SHIFTED))


def _index(atom: str) -> Expr:
    return number(atom) if atom.isdecimal() else Symbol(atom)


def _shifted(atoms: list[str]) -> Expr:
    """An index like ``i+1``: terms that are a number, a letter, or a number and a letter."""
    text = "".join(atoms)
    if not re.fullmatch(r"-?([0-9]+[A-Za-z]?|[A-Za-z])([+-]([0-9]+[A-Za-z]?|[A-Za-z]))*", text):
        raise ValueError("an index like i+1 in the subscript")
    terms: list[Expr] = []
    for sign, digits, letter in re.findall(r"([+-]?)([0-9]*)([A-Za-z]?)", text)[:-1]:
        factors = (*([number(digits)] if digits else []), *([Symbol(letter)] if letter else []))
        term = factors[0] if len(factors) == 1 else Mul(factors)
        terms.append(Neg(term) if sign == "-" else term)
    return terms[0] if len(terms) == 1 else Add(tuple(terms))
