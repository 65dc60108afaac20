"""Scripts that belong to a name: labels and indices below it, layers and samples above it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradbook.document.formula.cursor import Cursor
from gradbook.document.formula.lists import CLOSING, canonical_text, is_words, split_at
from gradbook.document.tokens import Kind, Token
from gradbook.symbolic.expr import Expr, Symbol, number

#: Superscripts of one sign that are a part of the name.
_SIGNS = frozenset({"*", "+", "-", "star", "dagger"})
#: Superscripts of several letters that are a part of the name even where they are not set as text.
_TAGS = frozenset({"new", "old", "true", "pred", "out", "in", "next"})
#: Letters that may be an index where a number is added to them: times, sizes, orders.
_SHIFTED = frozenset("tTKNMdpqrs")


@dataclass(frozen=True, slots=True)
class Tag:
    """A superscript that belongs to the name: its text, and the index in it."""

    text: str
    indices: list[Expr] = field(default_factory=list[Expr])
    #: Whether a T for the transpose stands beside the label, as in ``W^{(2)T}``.
    transposed: bool = False


class Subscripts(Cursor):
    """Whether a script is a label or an index depends on how the document writes its names."""

    def called(self, ahead: int = 0) -> bool:
        """Whether what follows may be the argument of a function."""
        token = self.peek(ahead)
        return token is not None and token.kind is Kind.CHAR and token.text in ("(", "[", "^")

    # --- below ----------------------------------------------------------------------------------

    def subscript(self, base: str) -> tuple[str, list[Expr]]:
        """The subscript that stands here: a label, or indices."""
        inside = self.script()
        plain = [t for t in inside if not t.is_char(",")]
        if not plain:
            raise self.fail("an empty subscript")
        parts = split_at(inside, ",")
        if len(plain) == 1 and f"{base}_{plain[0].text}" in self.names.members:
            return "", [Symbol(plain[0].text)]
        if all(t.is_digit for t in plain):
            return "", self._digits(base, parts, canonical_text(inside))
        if len(plain) == 2 and base in self.names.double and all(t.is_digit or t.is_letter for t in plain):
            return "", [self.index_atom(t) for t in plain]
        if len(parts) == 1 and len(plain) > 2 and plain[1].is_char("_") and self._is_label_index(plain):
            return "", [self.nested(plain)]
        if (
            len(parts) == 1
            and all(self.is_index_token(t) for t in plain)
            and any(t.text.isalpha() for t in plain)
        ):
            if len(plain) == 2:
                self.names.double.add(base)
            return "", [self.index_atom(t) for t in plain]
        if len(parts) > 1 and all(self._is_index_part(p) for p in parts):
            return "", [self.nested(p) for p in parts]
        if self._is_index_part(plain) and any(t.kind is Kind.CHAR and t.text in "+-" for t in plain):
            return "", [self.nested(plain)]
        text = canonical_text(inside)
        if text in self.bound:
            return "", [Symbol(text)]
        return text, []

    def _digits(self, base: str, parts: list[list[Token]], text: str) -> list[Expr]:
        """``w_{1,2}`` has two indices, ``x_{12}`` one, unless the document writes two beside each other."""
        if len(parts) > 1:
            return [number("".join(t.text for t in p)) for p in parts if p]
        if len(text) == 2 and base in self.names.double:
            return [number(digit) for digit in text]
        return [number(text)]

    def _is_label_index(self, tokens: list[Token]) -> bool:
        """``f_{y_i}``: the index is itself a component."""
        last = [t for t in tokens[2:] if t.kind not in (Kind.OPEN, Kind.CLOSE)]
        return tokens[0].is_letter and len(last) == 1 and self.is_index_token(last[0])

    def _is_index_part(self, tokens: list[Token]) -> bool:
        """An index, a number, or one with + or - a number."""
        letters = [t for t in tokens if t.is_letter]
        rest = [t for t in tokens if not t.is_letter]
        if not all(t.is_digit or (t.kind is Kind.CHAR and t.text in "+-") for t in rest):
            return False
        shifted = any(t.text in "+-" for t in rest)
        if not letters:
            return len(tokens) == 1 or not shifted
        return len(letters) == 1 and (
            self.is_index(letters[0].text) or (shifted and letters[0].text in _SHIFTED)
        )

    # --- above ----------------------------------------------------------------------------------

    def tag(self, base: str) -> Tag | None:
        """A superscript that belongs to the name: ``(1)``, ``[l]``, ``*``, a word, or an index ``(i)``.

        None, and nothing is taken, if the superscript is something else.
        """
        mark = self.at
        self.at += 1
        found = self._tag_of(base, self.script())
        if found is None:
            self.at = mark
        return found

    def _tag_of(self, base: str, inside: list[Token]) -> Tag | None:
        if len(inside) == 1:
            only = inside[0]
            if is_words(only):
                spelled = only.text.strip()
                return None if spelled in ("T", "\\top") else Tag(f"^{{{canonical_text(inside)}}}")
            if only.text in _SIGNS:
                return Tag(f"^{{{canonical_text(inside)}}}")
            if base in self.names.layered and only.text.isdecimal():
                return Tag(f"^{{({only.text})}}")
            return None
        text = "".join(t.text for t in inside if t.kind is Kind.CHAR)
        if text in _TAGS:
            return Tag(f"^{{{text}}}")
        transposed = (
            len(inside) == 4
            and inside[-1].text in ("T", "top")
            and inside[0].is_char("(")
            and inside[2].is_char(")")
        )
        return self._bracketed_tag(base, inside[:-1] if transposed else inside, transposed)

    def _bracketed_tag(self, base: str, inside: list[Token], transposed: bool) -> Tag | None:
        bracketed = (
            len(inside) >= 3
            and inside[0].kind is Kind.CHAR
            and inside[0].text in ("(", "[")
            and inside[-1].is_char(CLOSING[inside[0].text])
        )
        if not bracketed or base in ("e", r"\pi"):
            return None
        names = self.names
        if base in names.functions and any(t.text.isalpha() for t in inside[1:-1]):
            return None
        core = inside[1:-1]
        opened, closed = inside[0].text, inside[-1].text
        if any(t.is_letter for t in core) and _is_layer(core):
            names.raised.add(base)
            return Tag(f"^{{{opened}{closed}}}", [self.nested(core)], transposed)
        if not all(t.is_digit for t in core):
            return None
        if base in names.raised:
            return Tag(f"^{{{opened}{closed}}}", [number("".join(t.text for t in core))], transposed)
        if base in names.functions and not transposed and self.called():
            return None  # f^{(2)}(x) is a derivative
        return Tag(f"^{{{opened}{canonical_text(core)}{closed}}}", [], transposed)


def _is_layer(tokens: list[Token]) -> bool:
    """Whether tokens are a letter, or a letter with + or - a number."""
    letters = sum(t.is_letter for t in tokens)
    return letters == 1 and all(
        t.is_letter or t.is_digit or (t.kind is Kind.CHAR and t.text in "+-") for t in tokens
    )
