"""Case distinctions, indicators, and the conditions in them."""

from __future__ import annotations

from collections.abc import Sequence

from gradbook.document.formula.cursor import Cursor
from gradbook.document.formula.lists import (
    CLOSING,
    is_words,
    nesting,
    split_at,
    split_cells,
    split_rows,
    spoken,
    strip_ends,
    top_level,
)
from gradbook.document.formula.names import relation_of
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import (
    ONE,
    ZERO,
    All,
    AnyOf,
    Cases,
    Condition,
    Expr,
    Not,
    Op,
    Otherwise,
    Relation,
)

#: Environments that hold a case distinction.
CASES_ENVIRONMENTS = frozenset({"cases", "dcases", "rcases", "cases*", "dcases*"})
_BRACED_ENVIRONMENTS = frozenset({"array", "matrix", "aligned", "cases"})
#: Signs of an indicator function.
INDICATORS = frozenset({r"\mathbb{1}", r"\mathbf{1}", r"\mathbb{I}", "1", "I"})

_OPS = {"=": Op.EQ, "<": Op.LT, ">": Op.GT, "<=": Op.LE, ">=": Op.GE, "!=": Op.NE}
_CONDITION_WORDS = (
    "if", "for", "when", "whenever", "where", "while", "in case", "provided", "as long as", "and", "all",
)  # fmt: skip
_OTHERWISE = frozenset({"otherwise", "else", "in all other cases", "elsewhere", "other", "if not"})
#: Words that start the condition in a row without ``&``.
_OPENERS = frozenset({*_CONDITION_WORDS, "otherwise", "else"})
_AND_WORDS = frozenset({"and", "if", "for", "when", "with", "but", "if and only if", ""})


class CaseDistinctions(Cursor):
    r"""``\begin{cases} … \end{cases}``, ``\mathbb{1}[x > 0]``, ``[x > 0]``, and ``0 < x \le 1``."""

    def environment(self, token: Token, *, braced: bool = False) -> Expr:
        """A case distinction; another environment is one if a brace stands before it."""
        self.at += 1
        start, depth = self.at, 1
        while depth:
            kind = self.take().kind
            if kind is Kind.BEGIN:
                depth += 1
            elif kind is Kind.END:
                depth -= 1
        if braced or token.text in CASES_ENVIRONMENTS:
            return self._branches(self.tokens[start : self.at - 1], token)
        raise FormulaError(f"the environment “{token.text}” inside a formula", token.start)

    def brace(self, token: Token) -> Expr:
        r"""A bracket, or a case distinction: ``\left\{ \begin{array} … \end{array} \right.``."""
        after = self.peek(1)
        if after is not None and after.kind is Kind.BEGIN and after.text in _BRACED_ENVIRONMENTS:
            self.at += 1
            result = self.environment(after, braced=True)
            self.accept(r"\}")
            return result
        return self.bracketed(token.text)

    def _branches(self, tokens: Sequence[Token], at: Token) -> Expr:
        branches: list[tuple[Expr, Condition]] = []
        for row in split_rows(tokens):
            if not row:
                continue
            value, condition = _branch(row)
            if not value:
                raise FormulaError("a branch without a value", row[0].start)
            expression = self.nested(strip_ends(value))
            branches.append((expression, self.condition_inside(condition) if condition else Otherwise()))
        if not branches:
            raise FormulaError("a case distinction without branches", at.start)
        return Cases(tuple(branches))

    def bracketed(self, opened: str) -> Expr:
        """An expression in brackets, or Iverson's bracket: one where the condition in it holds, else zero."""
        inside = self.bracket(opened)
        if opened == "[" and any(relation_of(t) for t in top_level(inside)):
            return self._one_if(inside)
        return self.inside(inside)

    def indicator(self) -> Expr | None:
        r"""``\mathbb{1}[x > 0]`` or ``\mathbb{1}_{x > 0}``: one where the condition holds, else zero."""
        token = self.peek()
        if token is None or token.kind is not Kind.CHAR:
            return None
        mark = self.at
        if token.text == "_":
            self.at += 1
            inside = self.script()
        elif token.text in CLOSING:
            inside = self.bracket(token.text)
        else:
            return None
        if inside and inside[0].text in CLOSING and inside[-1].text == CLOSING[inside[0].text]:
            inside = inside[1:-1]
        if any(relation_of(t) for t in top_level(inside)):
            return self._one_if(inside)
        self.at = mark
        return None

    def _one_if(self, tokens: Sequence[Token]) -> Expr:
        return Cases(((ONE, self.condition_inside(tokens)), (ZERO, Otherwise())))

    # --- conditions -----------------------------------------------------------------------------

    def condition(self) -> Condition:
        """Conjunctions and disjunctions of chains of relations, to the end of the tokens.

        Raises:
            FormulaError: what stands here is none.
        """
        parts: list[Condition] = []
        options: list[Condition] = []
        tokens = strip_ends([t for t in self.tokens[self.at :] if t.kind is not Kind.QUAD])
        self.at = len(self.tokens)
        for glue, chunk in _connected(tokens):
            if glue == "or" and parts:
                options.append(_all(parts))
                parts = []
            parts.append(self._chain(chunk))
        if not parts:
            raise self.fail("a condition was expected")
        options.append(_all(parts))
        return options[0] if len(options) == 1 else AnyOf(tuple(options))

    def _chain(self, tokens: list[Token]) -> Condition:
        if len(tokens) == 1 and is_words(tokens[0]) and _is_otherwise(tokens[0].text):
            return Otherwise()
        sides: list[list[Token]] = [[]]
        marks: list[Token] = []
        depth = 0
        for token in tokens:
            depth += nesting(token)
            if depth == 0 and relation_of(token):
                marks.append(token)
                sides.append([])
            else:
                sides[-1].append(token)
        if not marks:
            place = tokens[0].start if tokens else self.end()
            raise FormulaError("a condition was expected here, with a relation like < or =", place)
        return _all([self._relation(sides[k], mark, sides[k + 1]) for k, mark in enumerate(marks)])

    def _relation(self, left: list[Token], mark: Token, right: list[Token]) -> Condition:
        kind = relation_of(mark) or ""
        if kind in ("in", "notin"):
            inside = self._membership(left, right, mark)
            return inside if kind == "in" else Not(inside)
        op = _OPS.get(kind)
        if op is None:
            raise FormulaError(f"“{spoken(mark)}” is not a condition", mark.start)
        return Relation(self.nested(strip_ends(left)), op, self.nested(strip_ends(right)))

    def _membership(self, left: list[Token], right: list[Token], mark: Token) -> Condition:
        r"""x \in (0, 1], y \in \{-1, 1\}."""
        element = self.nested(strip_ends(left))
        right = strip_ends(right)
        if not right or right[0].kind is not Kind.CHAR or right[-1].kind is not Kind.CHAR:
            raise FormulaError("this set is not known", mark.start)
        first, last = right[0], right[-1]
        parts = split_at(right[1:-1], ",", ";")
        if first.text == r"\{":
            return AnyOf(tuple(Relation(element, Op.EQ, self.nested(p)) for p in parts))
        if first.text not in "([]" or last.text not in ")[]" or len(parts) != 2:
            raise FormulaError("this set is not known", first.start)
        bounds: list[Condition] = []
        if not any(t.is_macro("infty") for t in parts[0]):
            op = Op.GE if first.text == "[" else Op.GT
            bounds.append(Relation(element, op, self.nested(parts[0])))
        if not any(t.is_macro("infty") for t in parts[1]):
            op = Op.LE if last.text == "]" else Op.LT
            bounds.append(Relation(element, op, self.nested(parts[1])))
        return _all(bounds) if bounds else All(())


def _all(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _is_otherwise(words: str) -> bool:
    return words.strip().lower().strip(",:;. ") in _OTHERWISE


def _branch(row: list[Token]) -> tuple[list[Token], list[Token] | None]:
    """The value of a branch and its condition; None is "otherwise"."""
    cells = split_cells(row)
    if len(cells) > 1:
        value = cells[0]
        condition = [t for cell in cells[1:] for t in cell]
    else:
        place = _condition_start(row)
        value, condition = row[:place], row[place:]
    condition = strip_ends(condition)
    while condition and is_words(condition[0]):
        words = condition[0].text.strip().lower().strip(",:;. ")
        if words in _OTHERWISE:
            return value, None
        if words not in _CONDITION_WORDS and words.split(" ")[0] not in _CONDITION_WORDS:
            break
        condition = strip_ends(condition[1:])
    spelled = "".join(t.text for t in condition if t.kind is Kind.CHAR).lower()
    if spelled in ("otherwise", "else"):
        return value, None
    if spelled.startswith("if") and len(condition) > 3:
        condition = condition[2:]
    return value, condition or None


def _condition_start(row: list[Token]) -> int:
    """Where the condition begins in a row without ``&``: at a word, a wide space, or the first comma."""
    depth = 0
    comma: int | None = None
    for k, token in enumerate(row):
        depth += nesting(token)
        if depth:
            continue
        if token.kind is Kind.TEXT and token.text.strip().lower().split(" ")[0] in _OPENERS:
            return k
        if token.kind is Kind.QUAD and k > 0:
            return k
        if comma is None and token.is_char(","):
            comma = k
    return comma if comma is not None else len(row)


def _connected(tokens: list[Token]) -> list[tuple[str, list[Token]]]:
    """Split a condition at "and", "or", ∧, ∨ and commas; each part with the word before it."""
    parts: list[tuple[str, list[Token]]] = []
    current: list[Token] = []
    glue = "and"
    depth = 0
    for token in tokens:
        depth += nesting(token)
        joint = _joint(token) if depth == 0 else None
        if joint is None:
            current.append(token)
            continue
        if current:
            parts.append((glue, current))
            current = []
        glue = joint
    if current:
        parts.append((glue, current))
    return parts


def _joint(token: Token) -> str | None:
    """Which of "and" and "or" a token between conditions says, if one."""
    word = token.text.strip().lower()
    match token.kind:
        case Kind.TEXT:
            return "or" if word == "or" else "and" if word in _AND_WORDS else None
        case Kind.NAME:
            return "or" if word == "or" else None
        case Kind.MACRO:
            return {"vee": "or", "wedge": "and"}.get(token.text)
        case _:
            return "and" if token.is_char(",") else None
