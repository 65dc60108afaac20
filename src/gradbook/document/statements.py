"""From the tokens of one piece of mathematics to statements: chains of sides joined by relations.

A display may hold many: rows of ``aligned``, parts set apart by commas, wide spaces or words. A row
that begins with a relation goes on with the chain above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradbook.document.formula import is_name, relation_of, split_cells, split_rows, strip_ends
from gradbook.document.tokens import FormulaError, Kind, Token


@dataclass
class Statement:
    """``sides[0] marks[0] sides[1] marks[1] …``; ``sides[0]`` is empty if the chain goes on from above.

    ``words`` is the prose set inside the formula just before it ("Let"), ``conditions`` what follows
    "for", "if" or "where" after it.
    """

    sides: list[list[Token]]
    marks: list[Token] = field(default_factory=list[Token])
    words: str = ""
    conditions: list[list[Token]] = field(default_factory=list[list[Token]])
    #: Whether an arrow leads from the statement before to this one.
    follows_arrow: bool = False
    #: Words inside the line that may change what it says, such as "plus" or a unit.
    puzzling: str = ""

    def copy(self) -> Statement:
        """The statement with a list of conditions of its own."""
        return Statement(
            self.sides, self.marks, self.words, list(self.conditions), self.follows_arrow, self.puzzling
        )

    @property
    def continues(self) -> bool:
        """Whether the chain goes on from the one above."""
        return bool(self.marks) and not self.sides[0]

    @property
    def tokens(self) -> list[Token]:
        """All sides with the relations between them."""
        found = [*self.sides[0]]
        for mark, side in zip(self.marks, self.sides[1:], strict=True):
            found += [mark, *side]
        return found

    def relation(self, k: int) -> str:
        """The k-th relation in one spelling."""
        return relation_of(self.marks[k]) or ""


_ROW_ENVIRONMENTS = frozenset(
    "align align* aligned alignat alignat* alignedat gather gather* gathered eqnarray eqnarray* "
    "split array flalign flalign* equation equation* displaymath math multline multline* multlined "
    "subequations subarray matrix tabular".split()
)
_JOINED_ROWS = frozenset({"multline", "multline*", "multlined"})
_CONDITION_WORDS = frozenset(
    "for if when where with whenever as provided since because all given while assuming on in unless".split()
)
_SIGNS = frozenset({"+", "-"})
_OPERATORS = _SIGNS | {"*", "/"}
_OPERATOR_MACROS = frozenset({"cdot", "times", "odot", "*"})
_CHAR, _MACRO, _TEXT, _QUAD = Kind.CHAR, Kind.MACRO, Kind.TEXT, Kind.QUAD
_KIND_TURNS = {
    Kind.OPEN: 1, Kind.BEGIN: 1, Kind.LEFT_BAR: 1, Kind.CLOSE: -1, Kind.END: -1, Kind.RIGHT_BAR: -1,
}  # fmt: skip
_SIGN_TURNS = {"(": 1, "[": 1, r"\{": 1, ")": -1, "]": -1, r"\}": -1}
_MACRO_TURNS = {"langle": 1, "rangle": -1}


def statements(tokens: Sequence[Token], environment: str = "") -> list[Statement]:
    """The statements of one piece, in order.

    Raises:
        FormulaError: brackets or environments that do not match.

    >>> from gradbook.document.tokens import tokenise
    >>> [len(s.sides) for s in statements(tokenise(r"a &= b = c \\\\\\\\ &= d, \\quad x > 0"), "aligned")]
    [3, 2, 2]
    """
    rows = _rows(list(tokens), environment)
    result: list[Statement] = []
    for row in rows:
        for statement in _row_statements(row):
            _append(result, statement)
    return result


def _append(result: list[Statement], new: Statement) -> None:
    """Add a statement; a row that starts with + or - (or follows an open end) continues the last side."""
    if result and not new.marks:
        last = result[-1]
        side = new.sides[0]
        if last.marks and side and (_binary(side[0]) or (last.sides[-1] and _binary(last.sides[-1][-1]))):
            last.sides[-1].extend(side)
            return
    if result and new.marks and new.sides[0] and result[-1].marks and result[-1].sides[-1]:
        last = result[-1]
        first, tail = new.sides[0][0], last.sides[-1][-1]
        if (_binary(first) and first.text not in _SIGNS) or _binary(tail):
            last.sides[-1].extend(new.sides[0])
            last.sides.extend(new.sides[1:])
            last.marks.extend(new.marks)
            return
    result.append(new)


def _binary(token: Token) -> bool:
    if token.kind is Kind.CHAR:
        return token.text in _OPERATORS
    return token.kind is Kind.MACRO and token.text in _OPERATOR_MACROS


def _rows(tokens: list[Token], environment: str) -> list[list[Token]]:
    """Rows after taking off environments that only lay out."""
    tokens = _strip_space(_without_spacers(tokens))
    if tokens and tokens[0].kind is Kind.BEGIN and tokens[0].text in _ROW_ENVIRONMENTS:
        end = _end_of(tokens, 0)
        inside, after = tokens[1:end], tokens[end + 1 :]
        if not any(relation_of(t) for t in after):
            rows = _rows(inside, tokens[0].text)
            if rows and after:
                rows[-1] = [*rows[-1], *after]
            return rows
    result: list[list[Token]] = []
    rows = split_rows(tokens)
    if environment in _JOINED_ROWS:
        return [[t for row in rows for t in row if t.kind is not Kind.AMP]]
    for row in map(_strip_space, rows):
        laid_out = row and row[0].kind is Kind.BEGIN and row[0].text in _ROW_ENVIRONMENTS
        if laid_out and _end_of(row, 0) == len(row) - 1:
            result.extend(_rows(row, environment))
        else:
            result.extend(_cells(row, environment))
    return result


def _without_spacers(tokens: list[Token]) -> list[Token]:
    r"""The tokens without the empty groups that only space a sign: ``{} + x``, ``x + {} \\``."""
    found: list[Token] = []
    k = 0
    while k < len(tokens):
        empty = tokens[k].kind is Kind.OPEN and k + 1 < len(tokens) and tokens[k + 1].kind is Kind.CLOSE
        before = tokens[k - 1] if k else None
        spaces = (
            before is None or before.kind in (Kind.AMP, _QUAD) or (before.kind is _CHAR and _binary(before))
        )
        after = tokens[k + 2] if k + 2 < len(tokens) else None
        if empty and spaces and not (after is not None and after.text in ("^", "_")):
            k += 2
            continue
        found.append(tokens[k])
        k += 1
    return found


def _end_of(tokens: list[Token], start: int) -> int:
    depth = 0
    for k in range(start, len(tokens)):
        depth += tokens[k].kind is Kind.BEGIN
        depth -= tokens[k].kind is Kind.END
        if depth == 0:
            return k
    raise FormulaError("an environment is never closed", tokens[start].start)


def _cells(row: list[Token], environment: str) -> list[list[Token]]:
    """A row's cells joined where they are parts of one statement, apart where each is its own."""
    cells = split_cells(row)
    if len(cells) == 1:
        return [row]
    own = [c for c in cells if strip_ends(c)]
    whole = [any(relation_of(t) for t in _outside(strip_ends(c))[1:-1]) for c in own]
    if sum(whole) > 1 and environment in ("array", "matrix", "tabular"):
        return [strip_ends(c) for c in own]
    if environment.startswith(("align", "flalign", "eqnarray")) and len(cells) > 3:
        pairs = [[t for cell in cells[k : k + 2] for t in cell] for k in range(0, len(cells), 2)]
        return [p for p in pairs if p]
    return [[t for cell in cells for t in cell]]


def _outside(tokens: list[Token]) -> list[Token]:
    """Tokens outside groups, brackets and environments."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        turn = _turn(token)
        depth += turn > 0
        if depth == 0:
            found.append(token)
        depth -= turn < 0
    return found


def _opens(token: Token) -> bool:
    return _turn(token) > 0


def _closes(token: Token) -> bool:
    return _turn(token) < 0


def _turn(token: Token) -> int:
    """1 for what opens a group, bracket or environment, -1 for what closes one, 0 for all else."""
    kind = token.kind
    if kind is _CHAR:
        return _SIGN_TURNS.get(token.text, 0)
    return _MACRO_TURNS.get(token.text, 0) if kind is _MACRO else _KIND_TURNS.get(kind, 0)


def _strip_space(tokens: list[Token]) -> list[Token]:
    start, end = 0, len(tokens)
    while start < end and tokens[start].kind is _QUAD:
        start += 1
    while end > start and tokens[end - 1].kind is _QUAD:
        end -= 1
    return tokens[start:end]


@dataclass
class _Part:
    """A stretch between separators, and the separator before it."""

    tokens: list[Token]
    before: str = ""
    words: str = ""


def _row_statements(row: list[Token]) -> list[Statement]:
    parts = [p for p in _parts(_without_references(row)) if p.tokens or p.words]
    result: list[Statement] = []
    words = ""
    conditional = False
    opener = ""
    for part in parts:
        if part.words and result and not _is_remark(part.words):
            result[-1].puzzling = result[-1].puzzling or part.words
        if part.words:
            words = part.words
            opener = words.lower().split()[0].strip(",;:")
            conditional = opener in _CONDITION_WORDS and bool(result)
        if not part.tokens:
            continue
        tokens = _without_brackets(part.tokens)
        statement = _chain(tokens)
        if conditional and result and _is_condition(statement, opener):
            result[-1].conditions.append(tokens)
            words = opener = ""
            continue
        conditional = False
        if not statement.marks and part.before == "," and not part.words and _is_range_end(part, result):
            continue
        statement.words, words = words, ""
        statement.follows_arrow = part.before == "=>"
        if part.before == "<=>" and result:
            # that two equations hold at the same places says of neither that it holds
            statement.puzzling = "⇔"
            result[-1].puzzling = result[-1].puzzling or "⇔"
        if statement.words and not _is_remark(statement.words):
            statement.puzzling = statement.words
        result.append(statement)
    return _merge_lists(result)


_REMARKS = frozenset(
    "by from using use for if when where since because as with via hence and or so thus then "
    "therefore which see eq eqs eqn equation equations chain product quotient power sum rule "
    "definition def given recall note after simplify simplifying substituting substitute "
    "multiplying applying factoring expanding here on in let we i.e e.g this that gives give get "
    "but also similarly likewise again now finally first second third because define defining "
    "consider assume suppose put take choose write because whenever while provided all any every "
    "otherwise else unless subject such case step line the of to it is_ where, and, or, implies "
    "because, hence, thus, so, i.e., e.g., set setting differentiate differentiating since, wlog "
    "w.r.t with respect holds true ok check recall, both at into corrected correct correctly answer "
    "result solution exact exactly approximately about update updated loss gradient forward "
    "backward output hidden layer input error derivative derivatives rearranging collecting "
    "cancelling dividing equivalently because: where: q.e.d qed iff".split()
)


#: Words that change a formula even in brackets.
_CHANGING = frozenset({"mod", "not", "times", "plus", "minus", "squared", "wrong", "false", "except"})


def _is_remark(words: str) -> bool:
    """Whether words beside a formula only comment on it, so that the formula may be read without them."""
    plain = words.lower().strip()
    if plain.startswith("(") and plain.endswith(")") and not any(c.isdigit() for c in plain):
        return not set(plain.strip("()").split()) & _CHANGING
    first = words.lower().strip("()[]{}.,;:!? –—-").split()
    return not first or first[0].strip("(),.;:") in _REMARKS or not any(c.isalpha() for c in words)


_DEFINING = frozenset({"where", "with", "because", "since", "as"})


def _is_condition(statement: Statement, opener: str) -> bool:
    """Whether what follows "if" or "where" says where the line before it holds; else it is a line itself."""
    relations = [statement.relation(k) for k in range(len(statement.marks))]
    if not relations or "=" not in relations:
        return bool(relations) or len(statement.sides[0]) < 4
    return opener not in _DEFINING and len(statement.sides[0]) <= 4


def _without_brackets(tokens: list[Token]) -> list[Token]:
    """``(x > 0)`` set apart is a condition in brackets."""
    if len(tokens) > 4 and tokens[0].is_char("(") and tokens[-1].is_char(")"):
        inside = tokens[1:-1]
        depth = 0
        for token in inside:
            depth += _turn(token)
            if depth < 0:
                return tokens
        if any(relation_of(t) for t in _outside(inside)):
            return inside
    return tokens


def _is_range_end(part: _Part, before: list[Statement]) -> bool:
    """``i = 1, \\dots, n``: a range, of which the first value was taken for a side."""
    if any(t.is_macro("ldots") for t in part.tokens):
        return True
    return bool(before) and len(before[-1].marks) == 1 and len(before[-1].sides[0]) == 1


def _merge_lists(found: list[Statement]) -> list[Statement]:
    """``x, y > 0``: names before the last are meant to share its relation."""
    result: list[Statement] = []
    names: list[list[Token]] = []
    shared: set[int] = set()
    for statement in found:
        if not statement.marks:
            names.append(statement.sides[0])
            result.append(statement)
            continue
        if names and statement.relation(0) in ("<", ">", "<=", ">=", "in") and len(statement.marks) == 1:
            shared.update(map(id, names))
            right = list(statement.sides[1])  # the statement's own side may still grow
            result.extend(Statement([name, right], list(statement.marks), statement.words) for name in names)
        names = []
        result.append(statement)
    return [s for s in result if s.marks or id(s.sides[0]) not in shared]


def _parts(row: list[Token]) -> list[_Part]:
    """Split a row at words, arrows between statements, wide spaces, commas and semicolons."""
    parts = [_Part([])]
    depth = 0
    solid = 0  # the next token that is no wide space
    for k, token in enumerate(row):
        turn = _turn(token)
        if turn or depth:
            depth = max(depth + turn, 0)
            parts[-1].tokens.append(token)
            continue
        if token.kind is _CHAR:
            if token.text in (",", ";") and not _decimal_comma(row, k):
                parts.append(_Part([], ","))
            else:
                parts[-1].tokens.append(token)
            continue
        if token.kind is _TEXT and token.text.strip().lower() == "of" and parts[-1].tokens:
            parts[-1].tokens.append(Token(Kind.MACRO, "times", token.start, token.end))
            continue
        if token.kind is _TEXT and not _is_operand(row, k):
            text = " ".join(token.text.split())
            if text.strip(",.;: "):
                parts.append(_Part([], "word", text))
            else:
                parts.append(_Part([], text.strip()[:1]))
            continue
        if token.is_macro("Leftrightarrow") and parts[-1].tokens:
            parts.append(_Part([], "<=>"))
            continue
        if token.is_macro("Rightarrow", "Leftrightarrow", "therefore", "because"):
            parts.append(_Part([], "=>"))
            continue
        if token.is_macro("rightarrow") and _separates(parts[-1].tokens):
            parts.append(_Part([], "=>"))
            continue
        if token.kind is _QUAD:
            previous = parts[-1].tokens
            solid = max(solid, k)
            while solid < len(row) and row[solid].kind is _QUAD:
                solid += 1
            goes_on = solid < len(row) and _continues(row[solid])
            if previous and not _open_end(previous[-1]) and not goes_on:
                parts.append(_Part([], "quad"))
            continue
        parts[-1].tokens.append(token)
    for part in parts:
        part.tokens = strip_ends(part.tokens)
    return parts


def _decimal_comma(row: list[Token], k: int) -> bool:
    """A comma right between digits: not a list, and left for the reader to refuse."""
    if not 0 < k < len(row) - 1:
        return False
    before, after = row[k - 1], row[k + 1]
    digits = before.text.isdigit() and after.text.isdigit()
    return digits and before.end == row[k].start and row[k].end == after.start


def _continues(token: Token) -> bool:
    """A wide space before an operator or relation is only space."""
    return _binary(token) or (relation_of(token) is not None and not token.is_macro("rightarrow"))


def _separates(before: list[Token]) -> bool:
    """An arrow after a complete relation leads to the next statement (or to an equation's number)."""
    return any(relation_of(t) for t in _outside(before)) or not before


def _open_end(token: Token) -> bool:
    return _binary(token) or relation_of(token) is not None


def _is_operand(row: list[Token], k: int) -> bool:
    """Words that stand where a quantity stands: next to a relation, an operator or a bracket."""
    token = row[k]
    alone = k == 0 and len(row) > 1 and relation_of(row[1])
    if alone and token.text.strip(" ,:").lower() not in _CONDITION_WORDS:
        return True  # words alone on the left of a relation are a name
    if not is_name(token.text):
        return False
    near = [row[j] for j in (k - 1, k + 1) if 0 <= j < len(row)]
    return not near or any(_binary(t) or _touches(t) for t in near)


def _touches(token: Token) -> bool:
    """Whether a token binds what stands beside it."""
    return bool(relation_of(token)) or _opens(token) or _closes(token) or token.text in ("^", "_", "'")


def _without_references(row: list[Token]) -> list[Token]:
    """Without a trailing number of an equation: ``\\rightarrow (1)``, ``… (4)`` after a wide space."""
    tokens = _strip_space(row)
    end = len(tokens)
    related = _first_relation(tokens)
    while True:
        while end and tokens[end - 1].kind is Kind.QUAD:
            end -= 1
        place = next((k for k in range(end - 1, -1, -1) if tokens[k].is_macro("rightarrow", "ldots")), None)
        if place is None or tokens[place].is_macro("ldots") or (place == 0 and end > 4):
            return tokens[:end]
        tail = [t for t in tokens[place + 1 : end] if t.kind is not Kind.QUAD]
        bracketed = len(tail) > 2 and tail[0].is_char("(") and tail[-1].is_char(")")
        inner = tail[1:-1] if bracketed else tail
        if len(inner) > (3 if bracketed else 2) or not all(t.is_letter or t.is_digit for t in inner):
            return tokens[:end]
        if tail and not related < place:
            return tokens[:end]
        end = place


def _first_relation(tokens: list[Token]) -> int:
    """Where the first relation outside brackets stands, or the end."""
    depth = 0
    for k, token in enumerate(tokens):
        turn = _turn(token)
        depth += turn > 0
        if depth == 0 and relation_of(token):
            return k
        depth -= turn < 0
    return len(tokens)


def _chain(tokens: list[Token]) -> Statement:
    sides: list[list[Token]] = [[]]
    marks: list[Token] = []
    depth = 0
    colon: Token | None = None
    for place, token in enumerate(tokens):
        turn = _turn(token)
        if turn < 0:
            depth = max(depth - 1, 0)
        if depth == 0 and token.text == ":" and place + 1 < len(tokens) and tokens[place + 1].is_char("="):
            colon = token
            continue
        relation = relation_of(token) if depth == 0 else None
        if relation:
            if colon is not None and relation == "=":
                token = Token(Kind.MACRO, ":=", colon.start, token.end)
            marks.append(token)
            sides.append([])
        else:
            sides[-1].append(token)
        colon = None
        depth += turn > 0
    return Statement([strip_ends(s) for s in sides], marks)
