r"""Presentation MathML Core, which browsers draw by themselves and screen readers read aloud.

>>> from gradbook.symbolic.expr import Mul, Pow, Symbol, TWO
>>> print(to_mathml(Mul((TWO, Pow(Symbol(r"\theta"), TWO))), display=False))
<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow><mn>2</mn><mo>&#x2062;</mo><msup><mi>θ</mi><mn>2</mn></msup></mrow></math>

What is left out in writing is there for those who listen: invisible times (U+2062) between factors, function
application (U+2061) between a function and its argument. Brackets are those of LaTeX.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

from gradbook.symbolic.expr import Node, Op
from gradbook.symbolic.names import Accent, Notation, Numeral, Row, Script, Word
from gradbook.symbolic.notation import Big, Brace, Fence, Fraction, Kind, Radical, Sign, notation, relation

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_INVISIBLE_TIMES, _APPLY = "<mo>&#x2062;</mo>", "<mo>&#x2061;</mo>"
_MARKS = {"hat": "^", "bar": "‾", "tilde": "~", "vec": "→", "dot": "˙", "ddot": "¨"}
_FACES = {"bold": "BOLD", "script": "SCRIPT", "fraktur": "FRAKTUR", "double-struck": "DOUBLE-STRUCK"}
#: Faces whose letters partly have older names in Unicode.
_OLDER = {"script": "SCRIPT", "fraktur": "BLACK-LETTER", "double-struck": "DOUBLE-STRUCK"}
#: Signs that a browser draws as operators although they stand in a name.
_PRIMES = frozenset("′″‴⊤")


def to_mathml(node: Node, display: bool = True) -> str:
    r"""An expression or a condition as a ``<math>`` element.

    ``display``: a formula of its own line, in large; otherwise one within text.

    >>> from gradbook.symbolic.expr import Div, ONE, Symbol
    >>> to_mathml(Div(ONE, Symbol("x")))[-58:]
    'display="block"><mfrac><mn>1</mn><mi>x</mi></mfrac></math>'
    """
    return _math(notation(node, raised_names=True), display)


def relation_to_mathml(sides: Sequence[Node], ops: Sequence[Op], display: bool = True) -> str:
    """Expressions with relations between them, ``a = b < c``, as a ``<math>`` element.

    Raises:
        ValueError: there is not one relation less than there are sides.

    >>> from gradbook.symbolic.expr import ONE, Symbol
    >>> relation_to_mathml([Symbol("x"), ONE], [Op.LT], display=False)[49:]
    '<mrow><mi>x</mi><mo>&lt;</mo><mn>1</mn></mrow></math>'
    """
    if len(ops) != len(sides) - 1:
        raise ValueError(f"expected {len(sides) - 1} relations for {len(sides)} sides, got {len(ops)}")
    return _math(relation(sides, ops, raised_names=True), display)


def _math(drawn: Notation, display: bool) -> str:
    block = ' display="block"' if display else ""
    return f'<math xmlns="{_NAMESPACE}"{block}>{_element(drawn)}</math>'


def _element(node: Notation) -> str:
    """One element for a notation."""
    match node:
        case Word():
            return _word(node)
        case Numeral(digits):
            return f"<mn>{escape(digits)}</mn>"
        case Sign():
            return _sign(node)
        case Row(parts):
            return f"<mrow>{''.join(_in_row(parts, place) for place in range(len(parts)))}</mrow>"
        case Fraction(above, below):
            return f"<mfrac>{_element(above)}{_element(below)}</mfrac>"
        case Script(base, above, below):
            return _script(base, above, below)
        case Radical(body, None):
            return f"<msqrt>{_element(body)}</msqrt>"
        case Radical(body, degree):
            assert degree is not None
            return f"<mroot>{_element(body)}{_element(degree)}</mroot>"
        case Fence(opening, body, closing):
            return f"<mrow>{_bracket(opening, 'prefix')}{_element(body)}{_bracket(closing, 'postfix')}</mrow>"
        case Accent(base, mark):
            return f'<mover accent="true">{_element(base)}<mo stretchy="false">{_MARKS[mark]}</mo></mover>'
        case Big():
            return _big(node)
        case Brace(rows):
            return _brace(rows)
        case _:
            raise ValueError(f"expected notation, got {node!r}")


def _in_row(parts: tuple[Notation, ...], place: int) -> str:
    """A part of a row; the product sign that is left out before the name of a function leaves a gap."""
    part = parts[place]
    if (
        isinstance(part, Sign)
        and part.kind is Kind.TIMES
        and not part.text
        and _begins_upright(parts[place + 1])
    ):
        return '<mo lspace="0" rspace="0.167em">&#x2062;</mo>'
    return _element(part)


def _begins_upright(node: Notation) -> bool:
    while True:
        match node:
            case Row((first, *_)) | Script(first):
                node = first
            case Word(_, face):
                return face == "upright"
            case _:
                return False


def _word(word: Word) -> str:
    text, face = word.text, word.face
    if face == "text":
        # a space at the end of an element is not drawn
        return f"<mtext>{escape(text).replace(' ', '&#xA0;')}</mtext>"
    if text and (set(text) <= _PRIMES or not any(char.isalnum() or char in "∂∇" for char in text)):
        return f"<mo>{escape(text)}</mo>"
    if face in _FACES:
        text = "".join(_in_face(char, face) for char in text)
    upright = ' mathvariant="normal"' if face == "upright" and len(text) == 1 else ""
    return f"<mi{upright}>{escape(text)}</mi>"


def _in_face(char: str, face: str) -> str:
    """The letter of a face that Unicode has for a letter, or the letter itself."""
    if not char.isascii() or not char.isalnum():
        return char
    if char.isdecimal():
        kinds = [f"MATHEMATICAL {_FACES[face]} DIGIT {unicodedata.name(char).rpartition(' ')[2]}"]
    else:
        case = "CAPITAL" if char.isupper() else "SMALL"
        kinds = [f"MATHEMATICAL {_FACES[face]} {case} {char.upper()}"]
        kinds += [f"{_OLDER[face]} {case} {char.upper()}"] if face in _OLDER else []
    for name in kinds:
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char


def _sign(sign: Sign) -> str:
    match sign.kind:
        case Kind.TIMES if not sign.text:
            return _INVISIBLE_TIMES
        case Kind.APPLY:
            return _APPLY
        case Kind.JOINT:
            return f"<mtext>&#xA0;{escape(sign.text)}&#xA0;</mtext>"
        case Kind.COMMA:
            return f'<mo separator="true">{escape(sign.text)}</mo>'
        case Kind.PREFIX:
            return f'<mo form="prefix">{_minus(sign.text)}</mo>'
        case Kind.POSTFIX:
            return f'<mo form="postfix">{escape(sign.text)}</mo>'
        case _:
            return f"<mo>{_minus(sign.text)}</mo>"


def _minus(text: str) -> str:
    return "−" if text == "-" else escape(text)


def _bracket(text: str, form: str) -> str:
    return f'<mo form="{form}" fence="true" stretchy="true">{escape(text)}</mo>' if text else ""


def _script(base: Notation, above: Notation | None, below: Notation | None) -> str:
    inner = _element(base)
    match above, below:
        case None, None:
            return inner
        case None, low:
            assert low is not None
            return f"<msub>{inner}{_element(low)}</msub>"
        case high, None:
            return f"<msup>{inner}{_element(high)}</msup>"
        case high, low:
            return f"<msubsup>{inner}{_element(low)}{_element(high)}</msubsup>"


def _big(node: Big) -> str:
    sign = f'<mo largeop="true">{node.sign}</mo>'
    if node.above is None:
        return f"<munder>{sign}{_element(node.below)}</munder>"
    return f"<munderover>{sign}{_element(node.below)}{_element(node.above)}</munderover>"


def _brace(rows: tuple[tuple[Notation, Notation], ...]) -> str:
    cell = '<mtd columnalign="left" style="text-align: left">'
    lines = "".join(
        f"<mtr>{cell}{_element(value)}</mtd>{cell}{_element(when)}</mtd></mtr>" for value, when in rows
    )
    brace = '<mo form="prefix" fence="true" stretchy="true">{</mo>'
    return f"<mrow>{brace}<mtable>{lines}</mtable></mrow>"
