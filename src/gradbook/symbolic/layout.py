r"""Mathematics in two dimensions for a terminal.

>>> from gradbook.symbolic.expr import Add, Div, Func, Neg, ONE, Symbol
>>> x = Symbol("x")
>>> print(layout(Div(ONE, Add((ONE, Func("exp", (Neg(x),)))))))
   1
───────
     -x
1 + e
>>> print(layout(Div(ONE, Add((ONE, x))), ascii=True))
  1
-----
1 + x

A row that is wider than the terminal is broken before a relation, ``+`` or ``-``, or else between factors;
brackets grow around what is broken inside of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gradbook.symbolic.blocks import Block, beside, block, joined, over, raised, stacked, tall, text
from gradbook.symbolic.expr import Node, Op
from gradbook.symbolic.names import Accent, Notation, Numeral, Row, Script, Word
from gradbook.symbolic.notation import (
    Big,
    Brace,
    Fence,
    Fraction,
    Kind,
    Radical,
    Sign,
    notation,
    relation_sign,
)

#: Narrowest width that a part is broken to.
_NARROWEST = 12
_INDENT = 2
#: What is never broken.
_WHOLE = (Word, Numeral, Sign, Accent, Big)


@dataclass(frozen=True, slots=True)
class _Characters:
    """What a terminal can show."""

    bar: str
    times: str
    #: Brackets of one line and their pieces for tall ones: top, extension, bottom, middle.
    brackets: dict[str, tuple[str, str]]
    superscripts: dict[str, str]
    subscripts: dict[str, str]
    signs: dict[str, str]


_SUPERSCRIPTS = dict(zip("0123456789+-()n′″‴⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ′″‴ᵀ", strict=True))
_SUBSCRIPTS = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_UNICODE = _Characters(
    bar="─",
    times="·",
    brackets={
        "(": ("(", "⎛⎜⎝"), ")": (")", "⎞⎟⎠"), "[": ("[", "⎡⎢⎣"), "]": ("]", "⎤⎥⎦"), "{": ("{", "⎧⎪⎩⎨"),
        "|": ("|", "│"), "‖": ("‖", "‖"), "⟨": ("⟨", "⎛⎜⎝"), "⟩": ("⟩", "⎞⎟⎠"), "": ("", ""),
    },
    superscripts=_SUPERSCRIPTS,
    subscripts=_SUBSCRIPTS,
    signs={},
)  # fmt: skip
_ASCII = _Characters(
    bar="-",
    times="*",
    brackets={
        "(": ("(", "/|\\"), ")": (")", "\\|/"), "[": ("[", "["), "]": ("]", "]"), "{": ("{", "/|\\<"),
        "|": ("|", "|"), "‖": ("||", "‖"), "⟨": ("<", "/|\\"), "⟩": (">", "\\|/"), "": ("", ""),
    },
    superscripts={},
    subscripts={},
    signs={
        "≠": "!=", "≤": "<=", "≥": ">=", "·": "*", "⊙": "o", "¬": "not ", "π": "pi", "σ": "sigma", "∂": "d",
        "∇": "grad", "λ": "lambda", "Λ": "Lambda", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "ϱ": "rho",
        "ς": "sigma", "′": "'", "″": "''", "‴": "'''", "⊤": "T", "∞": "inf", "ℓ": "l", "ℏ": "hbar",
        "†": "+", "⋆": "*", "…": "...",
    },
)  # fmt: skip
_COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307",
              "ddot": "\u0308"}  # fmt: skip


def layout(node: Node, *, width: int | None = None, ascii: bool = False) -> Block:  # noqa: A002
    """An expression or a condition in two dimensions.

    ``width``: the columns that there are; what is wider is broken over lines where that can be done.
    ``ascii``: for a terminal without Unicode.

    >>> from gradbook.symbolic.expr import Pow, Symbol, TWO
    >>> str(layout(Pow(Symbol("x"), TWO)))
    'x²'
    """
    painter = _Painter(_ASCII if ascii else _UNICODE)
    return painter.draw(notation(node, raised_names=True), width)


def layout_relation(
    left: Node,
    op: Op,
    right: Node,
    *,
    width: int | None = None,
    ascii: bool = False,  # noqa: A002
) -> Block:
    """Two expressions with a relation between them.

    >>> from gradbook.symbolic.expr import Symbol, TWO
    >>> print(layout_relation(Symbol("x"), Op.LE, TWO))
    x ≤ 2
    """
    return layout_chain(left, [(op, right)], width=width, ascii=ascii)


def layout_chain(
    first: Node,
    links: Sequence[tuple[Op, Node]],
    *,
    width: int | None = None,
    ascii: bool = False,  # noqa: A002
) -> Block:
    """A chain ``a = b = c``: one row a link, the relations under each other.

    >>> from gradbook.symbolic.expr import ONE, Symbol, TWO
    >>> print(layout_chain(Symbol("x"), [(Op.EQ, TWO), (Op.GT, ONE)]))
    x = 2
      > 1
    """
    painter = _Painter(_ASCII if ascii else _UNICODE)
    head = painter.draw(notation(first, raised_names=True), width)
    rows: list[Block] = []
    for op, side in links:
        mark = text(f" {painter.sign(relation_sign(op).text)} ")
        drawn = notation(side, raised_names=True)
        lead = head if not rows else text(" " * head.width)
        room = None if width is None else width - head.width - mark.width
        if room is not None and room < max(_NARROWEST, (width or 0) // 2) and head.width > _INDENT:
            # no room beside the left side: the right sides go under it
            if not rows:
                rows.append(head)
            head, lead = text(" " * _INDENT), text(" " * _INDENT)
            mark = text(mark.lines[0].lstrip())
            room = (width or 0) - _INDENT - mark.width
        rows.append(beside(lead, mark, painter.draw(drawn, room)))
    return joined(rows or [head])


class _Painter:
    """Draws notation with the characters that there are."""

    def __init__(self, characters: _Characters) -> None:
        self.characters = characters
        #: Blocks of notation drawn without a limit, which are asked for again when something is too wide.
        #: The notation is kept with its block, so that its identity stays its own.
        self.drawn: dict[int, tuple[Notation, Block]] = {}

    def draw(self, node: Notation, width: int | None = None) -> Block:
        """A block at most so wide, if it can be broken so."""
        if id(node) not in self.drawn:
            self.drawn[id(node)] = node, self._draw(node, None)
        natural = self.drawn[id(node)][1]
        if width is None or natural.width <= width:
            return natural
        return self._draw(node, max(width, _NARROWEST))

    def _draw(self, node: Notation, width: int | None) -> Block:
        match node:
            case Word():
                return text(self.word(node))
            case Numeral(digits):
                return text(digits)
            case Sign(sign):
                return text(self.sign(sign))
            case Accent(base, mark):
                return self._accent(base, mark)
            case Row(parts):
                return self._row(parts) if width is None else self._broken(parts, width)
            case Fraction(above, below):
                return self._fraction(self.draw(above, width), self.draw(below, width))
            case Script():
                return self._script(node, width)
            case Radical(body, degree):
                inner = self.draw(body, None if width is None else width - 2)
                return self._radical(inner, None if degree is None else self.draw(degree))
            case Fence(opening, body, closing):
                inner = self.draw(body, None if width is None else width - 2)
                return self._fence(opening, inner, closing)
            case Big():
                return self._big(node, 1)
            case Brace(rows):
                return self._brace(rows, width)
            case _:
                raise ValueError(f"expected notation, got {node!r}")

    # --- characters ---------------------------------------------------------------------------

    def sign(self, sign: str) -> str:
        """An operator in the characters that there are."""
        return self.characters.signs.get(sign, sign)

    def word(self, word: Word) -> str:
        """Letters in the characters that there are."""
        if self.characters is _UNICODE:
            return word.text
        return "".join(
            self.sign(char) if char in self.characters.signs else _plain_letter(char) for char in word.text
        )

    def _accent(self, base: Notation, mark: str) -> Block:
        inner = self.draw(base)
        if self.characters is _ASCII:
            return beside(inner, text("_" + mark))
        if inner.height > 1 or not inner.lines[0]:
            return inner
        line = inner.lines[0]
        return text(unicodedata.normalize("NFC", line[0] + _COMBINING[mark] + line[1:]))

    # --- rows ---------------------------------------------------------------------------------

    def _row(self, parts: tuple[Notation, ...]) -> Block:
        return self._beside(parts, [self.draw(part) for part in parts])

    def _beside(self, parts: Sequence[Notation], blocks: list[Block]) -> Block:
        """Blocks with the space between them that their signs ask for."""
        pieces: list[Block] = []
        for place, (part, drawn) in enumerate(zip(parts, blocks, strict=True)):
            after = blocks[place + 1] if place + 1 < len(blocks) else None
            if isinstance(part, Big):
                # the sign grows with what stands after it
                drawn = self._big(part, after.height if after else 1)
                pieces += [drawn, text(" ")]
            elif isinstance(part, Sign):
                neighbours = [b for b in (after, blocks[place - 1] if place else None) if b]
                tall = any(b.height > 1 and _is_bar(self.characters, b) for b in neighbours)
                pieces.append(text(self._spaced(part, tall=tall)))
            else:
                pieces.append(drawn)
        return beside(*pieces) if pieces else text("")

    def _spaced(self, sign: Sign, *, tall: bool) -> str:
        shown = self.sign(sign.text)
        match sign.kind:
            case Kind.RELATION | Kind.TERM | Kind.JOINT:
                return f" {shown} "
            case Kind.COMMA:
                return f"{shown} "
            case Kind.TIMES:
                shown = self.sign(sign.text or "·")
                return f" {shown} " if tall or shown in ("⊙", "o") else shown
            case Kind.PREFIX:
                return f"{shown} " if tall else shown
            case _:
                return shown

    def _broken(self, parts: tuple[Notation, ...], width: int) -> Block:
        """A row over several lines, broken before its loosest signs."""
        kinds = [part.kind for part in parts if isinstance(part, Sign)]
        for kind in (Kind.RELATION, Kind.JOINT, Kind.TERM, Kind.COMMA):
            if kind in kinds:
                return self._filled(parts, kind, width)
        blocks = [self.draw(part) for part in parts]
        widest = max(range(len(parts)), key=lambda k: blocks[k].width)
        room = width - (self._beside(parts, blocks).width - blocks[widest].width)
        # To try both ways and compare would take twice the time at every level.
        roomy = room >= max(_NARROWEST, width // 3) and not isinstance(parts[widest], _WHOLE)
        if not roomy and Kind.TIMES in kinds and not any(isinstance(part, Big) for part in parts):
            return self._filled(parts, Kind.TIMES, width)
        # the widest part is broken to what the others leave of the width
        blocks[widest] = self.draw(parts[widest], room)
        return self._beside(parts, blocks)

    def _filled(self, parts: tuple[Notation, ...], kind: Kind, width: int) -> Block:
        """As many pieces to a line as fit; a line after the first begins with its sign."""
        pieces: list[tuple[Sign | None, list[Notation]]] = [(None, [])]
        for part in parts:
            if isinstance(part, Sign) and part.kind is kind:
                pieces.append((part, []))
            else:
                pieces[-1][1].append(part)
        lines: list[list[Block]] = [[]]
        used = 0
        for sign, rest in pieces:
            row = Row(tuple(rest))
            mark = "" if sign is None else self._spaced(sign, tall=False)
            drawn = self.draw(row, width - len(mark) - _INDENT)
            if lines[-1] and used + len(mark) + drawn.width > width:
                lines[-1] += [text(mark.rstrip())] if kind is Kind.COMMA else []
                mark = "" if kind is Kind.COMMA else mark.lstrip()
                lines.append([text(" " * (0 if kind is Kind.COMMA else _INDENT))])
                used = lines[-1][0].width
            lines[-1] += [text(mark), drawn]
            used += len(mark) + drawn.width
        return joined([beside(*line) for line in lines], broken=len(lines) > 1)

    # --- shapes -------------------------------------------------------------------------------

    def _fraction(self, above: Block, below: Block) -> Block:
        width = max(above.width, below.width)
        # A bar as wide as the bar of a fraction in it would look like the same bar.
        bars = self.characters.bar * width
        nested = any(bars in line for part in (above, below) for line in part.lines)
        return over(above, below, self.characters.bar, width + 2 * nested)

    def _script(self, node: Script, width: int | None) -> Block:
        above = None if node.above is None else self._exponent(node.above)
        below = None if node.below is None else self.draw(node.below)
        if isinstance(node.base, Fence) and node.base.opening == "" and below is not None:
            # a value at a point stands below the foot of the bar
            inner = self.draw(node.base.body)
            bar = Block((self.characters.brackets["|"][1],) * (inner.height + 1), inner.baseline)
            return raised(beside(inner, bar), above, below)
        beyond = max(above.width if above else 0, below.width if below else 0)
        base = self.draw(node.base, None if width is None else width - beyond)
        if below and (small := self._one_line(below, self.characters.subscripts)):
            base, below = (
                beside(base, Block((small,), 0)) if base.height == 1 else base,
                (None if base.height == 1 else below),
            )
        elif (
            below
            and self.characters is _ASCII
            and base.height == below.height == 1
            and below.lines[0].isalnum()
        ):
            base, below = beside(base, text("_" + below.lines[0])), None
        if above and (small := self._one_line(above, self.characters.superscripts or {"'": "'"})):
            if below is None and base.height == 1:
                return beside(base, text(small))
            if base.height > 1:
                # small characters stand high by themselves
                return raised(base, text(small), below, level=True)
        return base if above is below is None else raised(base, above, below)

    def _exponent(self, node: Notation) -> Block:
        """What is raised, with a fraction of two letters or numbers in one line: 2/3."""
        match node:
            case Fraction((Word() | Numeral()) as above, (Word() | Numeral()) as below):
                return beside(self.draw(above), text("/"), self.draw(below))
            case Row(
                (Sign(kind=Kind.PREFIX) as sign, Fraction(Word() | Numeral(), Word() | Numeral()) as fraction)
            ):
                return beside(text(self.sign(sign.text)), self._exponent(fraction))
            case _:
                return self.draw(node)

    @staticmethod
    def _one_line(script: Block, characters: dict[str, str]) -> str:
        """The script in small characters, if there are such; else nothing."""
        if script.height > 1 or not all(char in characters for char in script.lines[0]):
            return ""
        return "".join(characters[char] for char in script.lines[0])

    def _radical(self, body: Block, degree: Block | None) -> Block:
        unicode = self.characters is _UNICODE
        if degree is None and body.height == 1:
            if not unicode:
                return text(f"sqrt({body.lines[0]})")
            if body.lines[0].isalnum():
                return text("√" + body.lines[0])
        roof = " ┌" + "─" * body.width if unicode else "  " + "_" * body.width
        side = "│" if unicode else "|"
        foot = "╲" if unicode else "\\"
        lines = [roof, *(f" {side}{line}" for line in body.lines)]
        lines[-1] = foot + lines[-1][1:]
        drawn = block(lines, body.baseline + 1)
        if degree is None:
            return drawn
        # the degree sits on the foot of the sign
        left = [" " * degree.width] * drawn.height
        place = drawn.height - 1 - degree.height
        rest = list(drawn.lines)
        if degree.width == degree.height == 1 and drawn.height == 2:
            return Block((degree.lines[0] + rest[0][1:], rest[1]), drawn.baseline)
        for k, line in enumerate(degree.lines):
            left[max(place, 0) + k] = line
        return Block(tuple(a + b for a, b in zip(left, rest, strict=True)), drawn.baseline)

    def _fence(self, opening: str, body: Block, closing: str) -> Block:
        if body.broken:
            body = Block(body.lines, body.height // 2)
        if body.height == 1:
            short = [self.characters.brackets[side][0] for side in (opening, closing)]
            return beside(text(short[0]), body, text(short[1]))
        columns = [self.characters.brackets[side][1] for side in (opening, closing)]
        if "‖" in columns and self.characters is _ASCII:
            columns = ["||", "||"]
            left, right = (Block(("||",) * body.height, body.baseline) for _ in columns)
        else:
            left, right = (
                Block(tuple(tall(c, body.height)) if c else ("",), body.baseline if c else 0) for c in columns
            )
        return beside(left, body, right)

    def _big(self, node: Big, height: int) -> Block:
        """The sign of a sum or product, as tall as what is summed, with its limits above and below."""
        summed = node.sign == "∑"
        unicode = self.characters is _UNICODE
        if unicode and height < 3:
            sign = text(node.sign)
        elif summed:
            half = min(max((height + 1) // 2, 1), 3)
            up, down = ("╲", "╱") if unicode else ("\\", "/")
            width = half + 2
            lines = ["_" * width, *(" " * k + up for k in range(half))]
            lines += [" " * k + down for k in reversed(range(half))]
            lines.append("‾" * width if unicode else "_" * width)
            if not unicode:
                lines = [*lines[:-2], lines[-2] + "_" * (width - 1)]
            sign = block(lines, half)
        else:
            rows = max(height, 2)
            sides = "│ │" if unicode else "| |"
            sign = block(["┬─┬" if unicode else "___", *[sides] * rows], (rows + 1) // 2)
        limits = [self.draw(node.above)] if node.above is not None else []
        return stacked([*limits, sign, self._tight(node.below)], len(limits))

    def _tight(self, below: Notation) -> Block:
        """The range under a sign, without space around its relation."""
        drawn = self.draw(below)
        if drawn.height > 1:
            return drawn
        line = drawn.lines[0]
        return text(line.replace(" = ", "=").replace(" ≠ ", "≠").replace(" != ", "!="))

    def _brace(self, rows: tuple[tuple[Notation, Notation], ...], width: int | None) -> Block:
        """Values and conditions in two columns behind a brace."""
        conditions = [self.draw(when) for _, when in rows]
        beyond = max((when.width for when in conditions), default=0) + 4
        values = [self.draw(value, None if width is None else width - beyond) for value, _ in rows]
        column = max((value.width for value in values), default=0)
        drawn = [
            beside(value, text(" " * (column - value.width + 2)), when)
            for value, when in zip(values, conditions, strict=True)
        ]
        if not drawn:
            return text("{")
        apart = any(row.height > 1 for row in drawn)
        lines: list[str] = []
        for place, row in enumerate(drawn):
            middle = len(drawn) % 2 == 0 and place == len(drawn) // 2
            if place and (apart or middle):
                lines.append("")
            lines.extend(row.lines)
        if len(lines) % 2 == 0:
            lines.append("")
        body = block(lines, len(lines) // 2)
        sides = self.characters.brackets["{"]
        left = [sides[0]] if body.height == 1 else tall(sides[1], body.height)
        return beside(Block(tuple(left), body.baseline), text(" "), body)


def _is_bar(characters: _Characters, drawn: Block) -> bool:
    """Whether a block has a bar at its baseline, beside which a sign needs room."""
    return characters.bar in (drawn.lines[drawn.baseline][:1], drawn.lines[drawn.baseline][-1:])


def _plain_letter(char: str) -> str:
    """A character in ASCII: a Greek letter by its name, a letter with an accent without it."""
    if char.isascii():
        return char
    name = unicodedata.name(char, "")
    if name.startswith("GREEK") and " LETTER " in name:
        letter = name.partition(" LETTER ")[2].split()[0]
        return letter.capitalize() if "CAPITAL" in name else letter.lower()
    bare = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return bare or "?"
