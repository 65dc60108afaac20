"""From the LaTeX of a formula to tokens: decoration gone, what means something kept, places exact.

pylatexenc finds the macros, braces and environments; this module drops what is only typesetting
(spacing, sizes, labels, boxes), takes out what is struck out, and gives Unicode signs their macro.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexWalker,
    LatexWalkerEndOfStream,
    LatexWalkerParseError,
)

from gradbook.symbolic.bounds import Clock


class Kind(Enum):
    """What a token is."""

    CHAR = "char"  # one character: a letter, digit or sign
    MACRO = "macro"  # \name, without the backslash
    OPEN = "{"
    CLOSE = "}"
    BEGIN = "begin"
    END = "end"
    AMP = "&"
    ROW = "\\\\"
    TEXT = "text"  # \text{…}: words
    NAME = "name"  # \mathrm{…}, \operatorname{…}: a name of several letters
    SYMBOL = "symbol"  # a letter set in a special face; `text` is its canonical LaTeX
    QUAD = "quad"  # wide space
    LEFT_BAR = "|("  # an opening bar, from \left|
    RIGHT_BAR = "|)"
    STRUCK = "struck"  # where something was struck out

    # Kinds are looked up in sets for every token, and are told apart by identity.
    __hash__ = object.__hash__


# What every token is asked: in Python 3.11 a member of an enum takes ten times as long to look up as a name.
_CHAR, _MACRO, _OPEN, _CLOSE, _BEGIN, _END = (
    Kind.CHAR, Kind.MACRO, Kind.OPEN, Kind.CLOSE, Kind.BEGIN, Kind.END,
)  # fmt: skip


@dataclass(slots=True, unsafe_hash=True)
class Token:
    """One token, with its place in the formula's text.

    Nothing assigns to a token; that it is not frozen makes it three times as cheap.
    """

    kind: Kind
    text: str
    start: int
    end: int

    def is_char(self, text: str) -> bool:
        """Whether this is the given sign."""
        return self.text == text and self.kind is _CHAR

    def is_macro(self, *names: str) -> bool:
        """Whether this is one of the given macros."""
        return self.kind is _MACRO and self.text in names

    @property
    def is_digit(self) -> bool:
        """Whether this is a digit."""
        return self.kind is _CHAR and self.text.isdecimal()

    @property
    def is_letter(self) -> bool:
        """Whether this is a letter without a macro."""
        return self.kind is _CHAR and self.text.isalpha()


class FormulaError(ValueError):
    """A formula that cannot be read: what is wrong, and at which character of its text."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


#: Longest formula that is read, in characters.
MAX_LENGTH = 200_000
#: Deepest nesting of brackets, groups and environments. With it, whatever looks at the inside of each
#: bracket takes time in proportion to the length of the formula.
MAX_DEPTH = 48

_SPACING = frozenset(
    ", ; : ! > / displaystyle textstyle scriptstyle limits nolimits big Big bigg Bigg bigl bigr "
    "Bigl Bigr biggl biggr Biggl Biggr bigm middle mathstrut nonumber notag checkmark blacksquare "
    "qed qedhere qedsymbol allowbreak noindent smallskip medskip bigskip strut hline centering rm bf it "
    "boldmath normalsize small large relax".split()
) | {" "}
_WIDE = frozenset({"hfill", "quad", "qquad", "enspace", "hspace", "hskip", "newline", "par"})
#: Macros dropped with their one argument.
_DROPPED = frozenset(
    "tag label ref eqref cite vspace phantom vphantom hphantom color textcircled circled footnote "
    "footnotemark index intertext shortintertext raisebox rule".split()
)
_STRUCK = frozenset("cancel bcancel xcancel sout st cancelto".split())
#: Macros whose argument stays, without its braces.
_TRANSPARENT = frozenset(
    "boxed fbox framebox mathop mathord mathbin mathrel mathopen mathclose underbrace overbrace "
    "underline mathinner colorbox ensuremath smash textcolor".split()
)
_TEXT = frozenset("text textrm textbf textit mbox hbox textsf texttt textnormal emph intertext".split())
_NAMES = frozenset("mathrm operatorname mathsf mathtt mathit".split())
#: Faces that say "vector" or nothing: the letter keeps its plain name, so that x_i are its components.
_BOLD = frozenset("mathbf boldsymbol bm vec pmb symbf vect".split())
_FACES = frozenset("mathcal mathscr mathfrak mathbb".split())

_UNICODE = {
    "−": "-", "–": "-", "—": "-", "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "÷": r"\div", "∗": "*",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "∂": r"\partial", "∇": r"\nabla",
    "∑": r"\sum", "∏": r"\prod", "√": r"\sqrt", "∞": r"\infty", "→": r"\rightarrow", "⇒": r"\Rightarrow",
    "∴": r"\therefore", "∈": r"\in", "ℝ": r"\mathbb R", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma",
    "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "κ": r"\kappa",
    "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma",
    "τ": r"\tau", "φ": r"\varphi", "ϕ": r"\phi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Σ": r"\Sigma", "Φ": r"\Phi",
    "Ψ": r"\Psi", "Ω": r"\Omega", "′": "'", "⊙": r"\odot", "∘": r"\circ", "‖": r"\Vert", "∥": r"\Vert",
    "ℓ": r"\ell",
}  # fmt: skip
_ASCII = frozenset(map(chr, range(33, 127)))
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))


def tokenise(text: str, clock: Clock | None = None) -> list[Token]:
    """The tokens of a formula.

    Raises:
        FormulaError: unbalanced braces or environments, or a formula that is too long or nested too deep.
        BoundHit: the clock ran out.

    >>> [t.text for t in tokenise(r"\\frac{1}{2} \\, x % half")]
    ['frac', '{', '1', '}', '{', '2', '}', 'x']
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula of more than {MAX_LENGTH} characters", 0)
    tokens = _Cleaning(text, _raw(text, clock)).run()
    _refuse_deep(tokens)
    return tokens


#: What stands for itself needs no walker, and is most of a formula: signs, groups, macros that only name.
_PLAIN = re.compile(r"[^\\{}$%&~\s]|[{}]|\\(?!begin|end|cr(?![A-Za-z])|tabularnewline)([A-Za-z]+)|\s+")


def _raw(text: str, clock: Clock | None) -> list[Token]:
    walker: Any = None
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if clock is not None and len(tokens) % 1024 == 1023:
            clock.check()
        plain = _PLAIN.match(text, at)
        if plain is not None:
            sign, end = text[at], plain.end()
            if sign == "\\":
                tokens.append(Token(_MACRO, plain.group(1), at, end))
            elif sign == "{" or sign == "}":
                tokens.append(Token(_OPEN if sign == "{" else _CLOSE, sign, at, end))
            elif sign in _ASCII:
                tokens.append(Token(_CHAR, sign, at, end))
            elif not sign.isspace():
                tokens.extend(_character(sign, at))
            at = end
            continue
        if walker is None:
            walker = LatexWalker(text, tolerant_parsing=True)
        try:
            found: Any = walker.get_token(at)
        except LatexWalkerEndOfStream:
            break
        except LatexWalkerParseError as error:
            raise FormulaError("this cannot be split into LaTeX tokens", at) from error
        start: int = found.pos
        end: int = start + found.len
        if end <= at:
            raise FormulaError("this cannot be split into LaTeX tokens", at)
        at = end
        token = _token(found, text, start, end)
        if token is not None:
            tokens.extend(token)
    return tokens


def _token(found: Any, text: str, start: int, end: int) -> list[Token] | None:
    kind: str = found.tok
    arg: Any = found.arg
    if kind == "comment":
        return None
    if kind == "macro":
        stop = start + 1 + len(arg)
        if arg in ("\\", "cr", "tabularnewline"):
            return [Token(Kind.ROW, arg, start, stop)]
        return [Token(Kind.MACRO, arg, start, stop)]
    if kind == "brace_open":
        return [Token(Kind.OPEN, "{", start, end)]
    if kind == "brace_close":
        return [Token(Kind.CLOSE, "}", start, end)]
    if kind == "begin_environment":
        return [Token(Kind.BEGIN, arg, start, end)]
    if kind == "end_environment":
        return [Token(Kind.END, arg, start, end)]
    piece = text[start:end].strip()
    if kind == "specials" and piece == "&":
        return [Token(Kind.AMP, "&", start, end)]
    if kind.startswith("mathmode"):
        # allowed inside \\text{…}, whose words are taken as they stand
        return [Token(Kind.CHAR, "$", start, end)]
    if not piece or piece == "~":
        return None
    result: list[Token] = []
    for k, sign in enumerate(piece):
        result.extend(_character(sign, start + k))
    return result


def _character(sign: str, at: int) -> list[Token]:
    macro = _UNICODE.get(sign)
    if macro is not None:
        if not macro.startswith("\\"):
            return [Token(Kind.CHAR, macro, at, at + 1)]
        if macro == r"\mathbb R":
            return [Token(Kind.SYMBOL, r"\mathbb{R}", at, at + 1)]
        return [Token(Kind.MACRO, macro[1:], at, at + 1)]
    if sign in _SUPERSCRIPTS:
        return [Token(Kind.CHAR, "^", at, at + 1), Token(Kind.CHAR, _SUPERSCRIPTS[sign], at, at + 1)]
    if sign in _SUBSCRIPTS:
        return [Token(Kind.CHAR, "_", at, at + 1), Token(Kind.CHAR, _SUBSCRIPTS[sign], at, at + 1)]
    return [Token(Kind.CHAR, sign, at, at + 1)]


class _Cleaning:
    """One pass over raw tokens; the output is what the grammar reads."""

    def __init__(self, text: str, raw: list[Token]) -> None:
        self.text = text
        self.raw = raw
        self.match = _matching(raw)
        self.out: list[Token] = []
        self.skipped: set[int] = set()
        #: Where a \\right| closes a value at a point.
        self.evaluations: set[int] = set()

    @cached_property
    def right_of(self) -> dict[int, int]:
        """Where the \\right of each \\left is."""
        found: dict[int, int] = {}
        lefts: list[int] = []
        for k, token in enumerate(self.raw):
            if token.is_macro("left"):
                lefts.append(k)
            elif lefts and token.is_macro("right"):
                found[lefts.pop()] = k
        return found

    def run(self) -> list[Token]:
        k = 0
        while k < len(self.raw):
            token = self.raw[k]
            if k in self.skipped:
                k += 1
            elif token.kind in _AS_THEY_STAND:
                self.out.append(token)
                k += 1
            else:
                k = self._macro(k, token) if token.kind is _MACRO else self._layout(k, token)
        return self.out

    def _group(self, k: int) -> tuple[int, int] | None:
        """The token range inside the group that starts at k, if one does."""
        if k < len(self.raw) and self.raw[k].kind is Kind.OPEN:
            return k + 1, self.match[k]
        return None

    def _after_option(self, k: int) -> int:
        """Past an optional ``[…]`` argument."""
        if k < len(self.raw) and self.raw[k].is_char("["):
            depth = 0
            for j in range(k, min(len(self.raw), k + 40)):
                if self.raw[j].is_char("["):
                    depth += 1
                elif self.raw[j].is_char("]"):
                    depth -= 1
                    if depth == 0:
                        return j + 1
        return k

    def _macro(self, k: int, token: Token) -> int:
        name = token.text
        if name in ("left", "right"):
            return self._delimiter(k, name)
        if name.startswith(("big", "Big")) and name.rstrip("lrm") in ("big", "Big", "bigg", "Bigg"):
            side = {"l": "left", "r": "right"}.get(name[-1])
            return self._delimiter(k, side) if side else k + 1
        if name in _SPACING:
            return k + 1
        if name in _WIDE:
            self.out.append(Token(Kind.QUAD, name, token.start, token.end))
            group = self._group(k + 1) if name in ("hspace", "hskip") else None
            return group[1] + 1 if group else k + 1
        if name in _DROPPED:
            group = self._group(k + 1)
            return group[1] + 1 if group else min(k + 2, len(self.raw))
        if name in _STRUCK:
            return self._struck(k, token)
        if name in _TRANSPARENT:
            return self._transparent(k)
        if name in ("overset", "underset", "stackrel"):
            return self._stacked(k)
        if name in _TEXT or name in _NAMES or name in _BOLD or name in _FACES:
            return self._faced(k, token)
        if name in ("lbrace", "rbrace", "{", "}"):
            sign = r"\{" if name in ("lbrace", "{") else r"\}"
            self.out.append(Token(Kind.CHAR, sign, token.start, token.end))
            return k + 1
        if name in ("lvert", "rvert", "vert", "mid"):
            kind = {"lvert": Kind.LEFT_BAR, "rvert": Kind.RIGHT_BAR}.get(name, Kind.CHAR)
            self.out.append(Token(kind, "|", token.start, token.end))
            return k + 1
        if name in ("lbrack", "rbrack"):
            self.out.append(Token(Kind.CHAR, "[" if name[0] == "l" else "]", token.start, token.end))
            return k + 1
        canonical = _SYNONYMS.get(name)
        if canonical is not None:
            self.out.append(Token(Kind.MACRO, canonical, token.start, token.end))
            return k + 1
        self.out.append(token)
        return k + 1

    def _layout(self, k: int, token: Token) -> int:
        """What begins an environment or ends a row, without the options that only lay it out."""
        self.out.append(token)
        if token.kind is _BEGIN:
            # the column specification of an array is typesetting
            if token.text in ("array", "tabular", "alignat", "alignat*", "alignedat"):
                group = self._group(self._after_option(k + 1))
                return group[1] + 1 if group else k + 1
            return k + 1
        after = self._after_option(k + 1)
        # \\[2pt] carries a length; a bracket that opens a formula does not
        inside = self.text[token.end : self.raw[after - 1].end] if after > k + 1 else ""
        return after if inside.strip("[] ").endswith(("pt", "em", "ex", "mm", "cm")) else k + 1

    def _delimiter(self, k: int, side: str) -> int:
        if k + 1 >= len(self.raw):
            raise FormulaError(f"\\{side} without a bracket", self.raw[k].start)
        mark = self.raw[k + 1]
        if mark.is_char("."):
            if side == "left" and self._evaluates(k):
                self.out.append(Token(Kind.CHAR, "(", mark.start, mark.end))
            return k + 2
        if k in self.evaluations:
            self.out.append(Token(Kind.CHAR, ")", mark.start, mark.end))
            self.out.append(Token(Kind.MACRO, "evaluated", mark.start, mark.end))
            return k + 2
        if mark.is_char("|") or mark.is_macro("vert", "lvert", "rvert"):
            kind = Kind.LEFT_BAR if side == "left" else Kind.RIGHT_BAR
            self.out.append(Token(kind, "|", mark.start, mark.end))
            return k + 2
        if mark.is_macro("|", "Vert", "lVert", "rVert"):
            kind = Kind.LEFT_BAR if side == "left" else Kind.RIGHT_BAR
            self.out.append(Token(kind, "||", mark.start, mark.end))
            return k + 2
        return k + 1

    def _evaluates(self, k: int) -> bool:
        """Whether the \\left. at k is closed by a bar with a subscript: a value at a point."""
        right = self.right_of.get(k)
        if right is None or right + 2 >= len(self.raw):
            return False
        if self.raw[right + 1].text not in ("|", "vert", "rvert") or not self.raw[right + 2].is_char("_"):
            return False
        self.evaluations.add(right)
        return True

    def _struck(self, k: int, token: Token) -> int:
        group = self._group(k + 1)
        end = group[1] + 1 if group else k + 2
        if token.text == "cancelto" and (second := self._group(end)):
            end = second[1] + 1
        last = self.raw[min(end, len(self.raw)) - 1]
        self.out.append(Token(Kind.STRUCK, "", token.start, last.end))
        return end

    def _transparent(self, k: int) -> int:
        name = self.raw[k].text
        start = k + 1
        if name in ("textcolor", "colorbox") and (colour := self._group(start)):
            start = colour[1] + 1
        group = self._group(start)
        if group is None:
            return start
        self.skipped |= {start, group[1]}
        if name in ("underbrace", "overbrace", "underline"):
            # the note under (over) a brace is a comment
            after = group[1] + 1
            if after < len(self.raw) and self.raw[after].text in ("_", "^"):
                note = self._group(after + 1)
                self.skipped |= set(range(after, (note[1] if note else after + 1) + 1))
        return start

    def _stacked(self, k: int) -> int:
        first = self._group(k + 1)
        if first is None:
            return k + 1
        second = self._group(first[1] + 1)
        if second is None:
            return first[1] + 1
        signs = {t.text for t in self.raw[k + 2 : first[1]]}
        if signs & {"!", "?"} and any(t.is_char("=") for t in self.raw[first[1] + 2 : second[1]]):
            # an equality that is wanted, not claimed
            token = self.raw[k]
            self.out.append(Token(Kind.MACRO, "=!", token.start, self.raw[second[1]].end))
            return second[1] + 1
        self.skipped |= {first[1] + 1, second[1]}
        return first[1] + 1

    def _faced(self, k: int, token: Token) -> int:
        name = token.text
        if name == "operatorname" and k + 1 < len(self.raw) and self.raw[k + 1].is_char("*"):
            k += 1
        group = self._group(k + 1)
        if group is None:
            if k + 1 >= len(self.raw):
                raise FormulaError(f"\\{name} without an argument", token.start)
            inside, end = self._piece(self.raw[k + 1]), k + 2
            stop = self.raw[k + 1].end
        else:
            inside = self.text[self.raw[k + 1].end : self.raw[group[1]].start]
            end, stop = group[1] + 1, self.raw[group[1]].end
        inside = inside.strip() if name not in _TEXT else inside
        if name in _TEXT:
            inside = inside.replace("~", " ")
            single = inside == "d"
            self.out.append(Token(Kind.CHAR if single else Kind.TEXT, inside, token.start, stop))
        elif name in _NAMES:
            plain = inside.replace("\\,", "").replace("~", "").strip()
            if len(plain) == 1 and plain.isalpha():
                self.out.append(Token(Kind.CHAR, plain, token.start, stop))
            else:
                self.out.append(Token(Kind.NAME, plain, token.start, stop))
        elif name in _BOLD:
            if (len(inside) == 1 and not inside.isdigit()) or (
                inside.startswith("\\") and inside[1:].isalpha()
            ):
                self.out.append(Token(Kind.SYMBOL, inside, token.start, stop))
            elif inside in ("0", "1"):
                self.out.append(Token(Kind.SYMBOL, f"\\mathbf{{{inside}}}", token.start, stop))
            elif group is not None:
                self.skipped |= {k + 1, group[1]}
                return k + 1
        else:
            self.out.append(Token(Kind.SYMBOL, f"\\{name}{{{inside}}}", token.start, stop))
        return end

    @staticmethod
    def _piece(token: Token) -> str:
        return "\\" + token.text if token.kind is Kind.MACRO else token.text


_SYNONYMS = {
    "leq": "le", "leqslant": "le", "geq": "ge", "geqslant": "ge", "neq": "ne", "dfrac": "frac",
    "tfrac": "frac", "cfrac": "frac", "nicefrac": "frac", "sfrac": "frac", "ln": "log", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "to": "rightarrow", "longrightarrow": "rightarrow",
    "implies": "Rightarrow", "Longrightarrow": "Rightarrow", "iff": "Leftrightarrow", "gets": "leftarrow",
    "lVert": "Vert", "rVert": "Vert", "|": "Vert", "coloneqq": ":=", "triangleq": ":=", "land": "wedge",
    "lor": "vee", "dots": "ldots", "cdots": "ldots", "hdots": "ldots", "colon": ":", "simeq": "approx",
    "cong": "approx", "doteq": "approx", "lt": "<", "gt": ">", "widehat": "hat", "widetilde": "tilde",
    "overline": "bar",
}  # fmt: skip


#: Raw tokens that the grammar reads as they are.
_AS_THEY_STAND = frozenset(Kind) - {Kind.MACRO, Kind.BEGIN, Kind.ROW}
_OPENING = frozenset({Kind.OPEN, Kind.BEGIN, Kind.LEFT_BAR})
_CLOSING = frozenset({Kind.CLOSE, Kind.END, Kind.RIGHT_BAR})


def _matching(raw: list[Token]) -> dict[int, int]:
    """Where each opening brace (or environment) ends."""
    match: dict[int, int] = {}
    stack: list[int] = []
    for k, token in enumerate(raw):
        kind = token.kind
        if kind is _CHAR or kind is _MACRO:
            continue
        if kind is _OPEN or kind is _BEGIN:
            stack.append(k)
        elif kind is _CLOSE or kind is _END:
            if not stack:
                raise FormulaError(f"“{token.text}” closes nothing", token.start)
            place = stack.pop()
            opened = raw[place]
            same = (opened.kind is _OPEN) == (kind is _CLOSE)
            if not same or (kind is _END and opened.text != token.text):
                raise FormulaError(f"“{_spoken(opened)}” is closed by “{_spoken(token)}”", token.start)
            match[place] = k
    if stack:
        opened = raw[stack[-1]]
        raise FormulaError(f"“{_spoken(opened)}” is never closed", opened.start)
    return match


def _refuse_deep(tokens: list[Token]) -> None:
    """Raise FormulaError where tokens are nested deeper than is read."""
    depth = 0
    for token in tokens:
        kind = token.kind
        if kind is _MACRO:
            continue
        if kind in _OPENING or (kind is _CHAR and token.text in ("(", "[", r"\{")):
            depth += 1
            if depth > MAX_DEPTH:
                raise FormulaError(f"nested deeper than {MAX_DEPTH} levels", token.start)
        elif depth and (kind in _CLOSING or (kind is _CHAR and token.text in (")", "]", r"\}"))):
            depth -= 1


def _spoken(token: Token) -> str:
    if token.kind is Kind.BEGIN:
        return f"\\begin{{{token.text}}}"
    if token.kind is Kind.END:
        return f"\\end{{{token.text}}}"
    return token.text
