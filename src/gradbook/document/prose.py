"""What prose says about symbols: what they are, what kind, which values, under which conditions.

Only a small, conservative grammar is read: nouns, kinds ("is a vector", "positive integer", "one-hot")
and given values. Words that are not understood are ignored, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from gradbook.document.hypotheses import function_kind
from gradbook.document.symbols import Hypothesis, Table, atom_of
from gradbook.symbolic.expr import ZERO, Apply, Expr, Indexed, Op, Relation, Symbol, number


class Role(Enum):
    """What the words before a relation make of it."""

    CLAIM = "claim"  # nothing special: a definition or a claim
    LET = "let"  # "let", "define": a definition, even of a known name
    CONDITION = "condition"  # "for", "if", "when": holds in this sentence only
    PLACE = "place"  # "at": a point, if it is about a plain symbol
    SETTING = "setting"  # "setting", "at", "solve": an equation that is imposed, not claimed
    GIVEN = "given"  # "such that", "with", "since": holds from here on
    SUPPOSED = "supposed"  # "suppose", "assume": given, or a definition if it is a formula for a name


_ROLES = tuple((re.compile(pattern), role) for pattern, role in (
    (r"(?<!us )\b(let|define|redefine|consider|denote( by)?|introduce|by definition|"
     r"let us (define|write|introduce|put)|(?<!if we )(take|choose|pick))"
     r"( (the|a|an|now|also|instead|function|functions|loss|error|by|quantity|case|example|"
     r"model|new|another|and|again))*$", Role.LET),
    (r"(so that|such that|subject to|satisf\w+|constraint|under the condition( that)?|"
     r"normali[sz]ed so that|sum to)$", Role.GIVEN),
    (r"\b((?<!the )(?<!a )(?<!data )(?<!training )(?<!test )(?<!validation )set|setting|solve|solving|solves|"
     r"requires?|requiring|want|equation|root of|roots of|equate|equating)( (?!(gives?|giving|gets?|yields?|is|are|"
     r"becomes?|obtains?|have|has|finds?|shows?|reads?|follows?|leads?|results?|therefore|so)\b)\w+){0,3}$",
     Role.SETTING),
    (r"(suppose|assume|assuming)( (that|now|instead|further))*$", Role.SUPPOSED),
    (r"(assumption|given|provided|since|because|as)( that)?$", Role.GIVEN),
    (r"\b(for|if|when|whenever|unless|in case|case|all|every|and for|until)"
     r"( (all|any|every|both|the case|some|which|class|label|labels))*$", Role.CONDITION),
    (r"\b(start\w*|begin\w*|initial\w*)( \w+){0,2}$", Role.GIVEN),
    (r"\b(at|on|near|around|through)( (the )?(point|points|origin|value|values))?$", Role.PLACE),
    (r"\b(with|has|have|using|where|initial\w*|start\w*)$", Role.GIVEN),
))  # fmt: skip


def role_of(words: str) -> Role:
    """The role that the words just before a formula give it.

    >>> role_of("Let"), role_of("and for all"), role_of("Setting"), role_of("so we get")
    (<Role.LET: 'let'>, <Role.CONDITION: 'condition'>, <Role.SETTING: 'setting'>, <Role.CLAIM: 'claim'>)
    """
    tail = " ".join(words.lower().replace("(", " ").replace(",", " ").replace(":", " ").split())[-80:]
    tail = re.split(r"[.;!?]\s", tail + " ")[-1].strip()
    for pattern, role in _ROLES:
        if pattern.search(tail):
            return role
    return Role.CLAIM


_ENUMERATED = re.compile(r"^\s*(\(?([a-zA-Z]|[ivxIVX]{1,4}|\d{1,3}(\.\d+)*)[).:]|[§#]?\d+(\.\d+)+)\s+\S")
_NAMED = re.compile(
    r"^\s*(case|example|exercise|problem|part|question|task|section|method|variant|version)\b\s*\(?[\w.]*\)?\s*[:.)–—-]?",
    re.I,
)
_CASE = re.compile(r"^\s*case\b", re.I)


def is_subheading(text: str, strong: bool) -> bool:
    """Whether a short paragraph acts as a heading: ``a) Sigmoid``, ``Case 2: …``, a paragraph all in bold.

    >>> is_subheading("b) Hyperbolic tangent", False), is_subheading("The chain rule gives", False)
    (True, False)
    """
    plain = text.strip()
    if not plain or len(plain) > 90 or (plain.endswith((",", ".")) and len(plain) > 60):
        return False
    return strong or bool(_ENUMERATED.match(plain)) or bool(_NAMED.match(plain))


_OVER = re.compile(
    r"^\s*(in general|in both cases|in all cases|for all|altogether|together|combining|"
    r"from (the )?cases?|both cases|hence in|therefore in)\b",
    re.I,
)


def ends_cases(text: str) -> bool:
    """Whether a paragraph goes on with all cases together.

    >>> ends_cases("From Case 1 & Case 2:"), ends_cases("so that")
    (True, False)
    """
    return bool(_OVER.match(text))


def explains(after: str) -> bool:
    """Whether the words after a formula go on to say what its letters are.

    >>> explains(", where"), explains("so that")
    (True, False)
    """
    return bool(re.match(r"\s*,?\s*(where|with|here)\b", after))


_CONCLUDES = re.compile(
    r"[.;]\s|\b(so|then|hence|therefore|thus|we|gets?|gives?|giving|yields?|follows|obtain|becomes?|results?)\b"
)


def concludes(words: str) -> bool:
    """Whether words end a list of what letters are: with the sentence, or with what follows from them.

    >>> concludes(" and "), concludes("; therefore"), concludes(". Then")
    (False, True, True)
    """
    return bool(_CONCLUDES.search(words))


def is_numerator_layout(text: str) -> bool:
    """Whether a text says that derivatives by a matrix are laid out as its transpose.

    >>> is_numerator_layout("We use the numerator-layout convention."), is_numerator_layout("the numerator")
    (True, False)
    """
    return bool(re.search(r"\bnumerator[- ]layout\b|\bJacobian (layout|formulation)\b", text, re.I))


def is_number(text: str) -> bool:
    """Whether a text is just a number.

    >>> is_number("-0.5"), is_number("0.5 m")
    (True, False)
    """
    return bool(re.fullmatch(_NUMBER, text))


def is_case(text: str) -> bool:
    """Whether a heading opens a case of what stands above it, rather than something new.

    >>> is_case("Case 2: ReLU")
    True
    """
    return bool(_CASE.match(text))


def hypothesis_in(text: str, target: Expr | None) -> Hypothesis | None:
    """``let p be a sigmoid function``, ``Case 2: hyperbolic tangent``."""
    kind = function_kind(text)
    if kind is None:
        return None
    name = target.name if isinstance(target, Apply | Symbol) else None
    return Hypothesis(name, kind)


_NUMBER = r"[-−–+]?\s*(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_TEXT_VALUE = re.compile(
    rf"(?:^|[,;:(|]|\band\b|\b[Ll]et\b|\b[Ww]ith\b|\bthe\b)\s*"
    rf"([A-Za-zα-ω][A-Za-z_]*(?:\s+[A-Za-z]+)?\s*\d*)\s*"
    rf"(?:=|\bis\b|\bof\b|\bbe\b|\bequal to\b)\s*({_NUMBER})(?![\w.]*\w)"
)
_AFTER_VALUE = re.compile(rf"^\s*\)?\s*=\s*({_NUMBER})(?!\.?\d)")


@dataclass(frozen=True, slots=True)
class Declared:
    """A symbol list in prose and the words around it."""

    symbols: Sequence[Expr]
    before: str
    after: str


def text_values(text: str) -> list[tuple[str, str]]:
    """``name = number`` in plain words.

    >>> text_values("inp 1 = -1.67, target = 0.5")
    [('inp 1', '-1.67'), ('target', '0.5')]
    """
    return [(m.group(1).strip(), _clean(m.group(2))) for m in _TEXT_VALUE.finditer(text)]


def value_after(text: str) -> str | None:
    """The number in ``… ($\\eta$) = 0.1``, from the words after the symbol.

    >>> value_after(") = 0.1")
    '0.1'
    """
    found = _AFTER_VALUE.match(text)
    return _clean(found.group(1)) if found else None


def _clean(text: str) -> str:
    text = text.replace("−", "-").replace("–", "-").replace(" ", "").lstrip("+")
    return (
        text.replace("-.", "-0.", 1)
        if text.startswith("-.")
        else "0" + text
        if text.startswith(".")
        else text
    )


_IS = re.compile(
    r"^\s*\)?\s*(?:is|are|denotes?|being|be|=|:|stands? for|represents?|for)\s+"
    r"(?:the|a|an|our|its|all|some|called)?\s*([^.;:,()|]{2,60})",
    re.I,
)
_KIND_AFTER = re.compile(
    r"^\s*\)?\s*(?:is|are|be|being|denotes?|in|∈)?\s*(?:the|a|an|some|any|both|all|of)?\s*([^.;:]{0,60})",
    re.I,
)


def declare(said: Declared, table: Table) -> None:
    """Note what the words around a list of symbols say of them."""
    names = [n for n in map(atom_of, said.symbols) if n is not None]
    for name in names:
        table.known.add(name.removesuffix("_{}"))
    before = " ".join(said.before.lower().split())[-60:]
    after = " ".join(said.after.lower().split())[:90]
    found = _KIND_AFTER.match(after)
    phrase = found.group(1) if found else ""
    phrase = re.split(r"\b(?:with|where|and|so|then|which|that|whose|for|we|to)\b", phrase)[0]
    last = re.split(r"[.;:]", before)[-1]
    is_predicate = bool(
        re.match(
            r"^\)?\s*(?:(?:is|are|be|being|denotes?|vectors?|matrices|scalars?)\b"
            r"|(?:an?|the) [\w -]*(?:vectors?|matrix|matrices|scalar))",
            after,
        )
    )
    about = f"{phrase if is_predicate else ''} | {_noun_before(last)}"
    _kinds(names, about, table)
    _domains(said.symbols, about, table)
    _nouns(said, last, table)


_BEFORE = re.compile(
    r"(vectors?|matrix|matrices|scalars?|integers?|numbers?|targets?|labels?|distributions?|positive|negative|constants?|parameters?|probabilities|probability|logits?|symmetric)\W*$"
)


def _noun_before(words: str) -> str:
    """The words just before a symbol, if they end in a noun (or adjective) that is about it."""
    tail = words.split()[-4:]
    if not tail or not _BEFORE.search(" ".join(tail)):
        return ""
    for k in range(len(tail) - 2, -1, -1):
        if tail[k].strip(",") in ("and", "be", "is", "are", "or", "of", "a", "an", "the", "by"):
            return " ".join(tail[k + 1 :])
    return " ".join(tail)


def _kinds(names: list[str], about: str, table: Table) -> None:
    for name in names:
        if re.search(r"\bvectors?\b", about):
            table.vectors.add(name)
        elif re.search(r"\bmatri(x|ces)\b", about):
            table.matrices.add(name)
        elif re.search(r"\bscalars?\b|\breal numbers?\b", about):
            table.scalars.add(name)
        if re.search(r"(?<!a)symmetric", about):
            table.symmetric.add(name)
        if re.search(r"\b(integers?|natural numbers?|whole numbers?)\b", about):
            table.integers.add(name)
        if re.search(r"\bone[- ]hot\b", about):
            table.simplex.add(name)
            table.choices.setdefault(name, (Fraction(0), Fraction(1)))
        elif (
            re.search(r"\b(probability vector|distributions?|probabilities)\b", about) and "log" not in about
        ):
            table.simplex.add(name)


def _domains(symbols: Sequence[Expr], about: str, table: Table) -> None:
    for symbol in symbols:
        if (
            re.search(r"\b(positive|strictly positive)\b", about)
            and "non" not in about
            and "definite" not in about
        ):
            table.assume(Relation(symbol, Op.GT, ZERO))
        elif re.search(r"\bnon-?negative\b", about):
            table.assume(Relation(symbol, Op.GE, ZERO))
        elif re.search(r"\bnegative\b", about) and "non" not in about and "log" not in about:
            table.assume(Relation(symbol, Op.LT, ZERO))


def _nouns(said: Declared, last: str, table: Table) -> None:
    found = _IS.match(said.after)
    noun = found.group(1) if found else ""
    noun = re.split(r"\b(?:with|where|and|so|then|which|that|whose|for|of|we|to|in)\b", noun.lower())[0]
    noun = " ".join(noun.split())
    if not noun:
        words = list(re.sub(r"[^a-z ]", " ", last).split())
        noun = " ".join(words[-2:]) if words else ""
        noun = re.sub(r"^(the|a|an|with|let|where|is|here|and|of)\s+", "", noun)
    if noun and noun not in ("the", "a", "an", "let", "where", "with", "and", "is", "here"):
        things = table.nouns.setdefault(noun, [])
        for symbol in said.symbols:
            if symbol not in things and isinstance(symbol, Symbol | Indexed):
                things.append(symbol)


_GREEK = dict(zip("αβγδεζηθκλμνξπρστφχψω", "alpha beta gamma delta varepsilon zeta eta theta kappa lambda mu nu xi pi "
                  "rho sigma tau varphi chi psi omega".split(), strict=True))  # fmt: skip


def text_symbol(name: str) -> list[str]:
    """Keys under which a value named in plain words is kept: ``inp 1`` as written, ``w1`` also as w_1.

    >>> text_symbol("w1")
    ['\\\\text{w1}', 'w_{1}']
    """
    keys = [f"\\text{{{name}}}"]
    short = re.fullmatch(r"([A-Za-z])_?(\d+)?", name)
    if short:
        keys.append(short.group(1) + (f"_{{{short.group(2)}}}" if short.group(2) else ""))
    if name in _GREEK:
        keys.append("\\" + _GREEK[name])
    if name.lower() == "learning rate":
        keys += [r"\eta"]
    greek = {"eta", "alpha", "beta", "gamma", "delta", "lambda", "theta", "mu", "sigma", "epsilon"}
    if name.lower() in greek:
        keys.append("\\" + name.lower())
    return keys


def given_number(text: str) -> Expr:
    """A number as it stands in prose, with its sign."""
    from gradbook.symbolic.expr import Neg

    text = _clean(text)
    return Neg(number(text[1:])) if text.startswith("-") else number(text)
