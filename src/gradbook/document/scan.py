"""A first pass over the mathematics of a document: how names are used, before any line is read.

Whether ``f(x)`` is an application and whether ``w_{11}`` has one index or two can depend on a line
further down, so these facts are gathered first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradbook.document.formula import (
    GREEK,
    USUAL_FUNCTIONS,
    USUAL_INDICES,
    Names,
    canonical_text,
    read_expression,
)
from gradbook.document.formula.naming import plain_call
from gradbook.document.statements import Statement
from gradbook.document.symbols import Table
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import (
    Apply,
    Derivative,
    Expr,
    Indexed,
    Number,
    Symbol,
    free_symbols,
    substitute,
    walk,
)

_CHAR, _MACRO = Kind.CHAR, Kind.MACRO
_ACCENTS = ("hat", "bar", "tilde", "widehat", "widetilde", "overline")


class _Permissive(Names):
    """Names for which every bracket after a name is an application if it holds only names."""

    def is_function(self, name: str, plain_argument: bool) -> bool:
        return plain_argument or super().is_function(name, plain_argument)


def scan_tokens(tokens: list[Token], names: Names) -> None:
    """Indices of sums, double indices, raised indices, letters in a special face."""
    _scan_members(tokens, names)
    for k, token in enumerate(tokens):
        kind, text = token.kind, token.text
        if kind is _MACRO:
            _scan_macro(tokens, k, names)
        elif kind is Kind.SYMBOL:
            names.faced.add(text)
        elif kind is not _CHAR:
            continue
        elif text.isalpha():
            if not _sign_at(tokens, k + 1, "_"):
                names.letters.add(text)
        elif text == "_":
            _scan_subscript(tokens, k, names)
        elif text == "'":
            _scan_prime(tokens, k, names)
        elif text == "^" and k > 0:
            inside = _group(tokens, k + 1)
            if len(inside) == 3 and inside[0].is_char("(") and inside[1].is_letter:
                names.raised.add(_base(tokens[k - 1]))


def _scan_macro(tokens: list[Token], k: int, names: Names) -> None:
    """What the macro at place k shows: a letter, a parameter, the index of a sum."""
    token = tokens[k]
    if token.text[-1:].isalpha() and not _sign_at(tokens, k + 1, "_"):
        names.letters.add(_base(token))
    if token.text == "sigma":
        _sigma(tokens, k, names)
    elif token.text == "pi" and 0 < k < len(tokens) - 1:
        # \\pi is a parameter where it is an argument or is differentiated by
        argument = tokens[k - 1].is_char("(") and tokens[k + 1].is_char(")")
        if argument or tokens[k - 1].text in ("partial", "d"):
            names.variables.add(r"\pi")
    elif token.text in ("sum", "prod") and _sign_at(tokens, k + 1, "_"):
        inside = _group(tokens, k + 2)
        for j, letter in enumerate(inside):
            if letter.is_letter:
                names.indices.add(letter.text)
            elif letter.is_macro("in"):
                names.sets.add(" ".join(t.text for t in inside[j + 1 :]))
                break
            elif letter.is_char("=") or letter.is_macro("ne"):
                break


def _scan_subscript(tokens: list[Token], k: int, names: Names) -> None:
    """Two indices beside each other, or an index and a number."""
    inside = _group(tokens, k + 1)
    plain = [t for t in inside if not t.is_char(",")]
    if k > 0 and len(plain) == 2 and all(t.is_letter and t.text in USUAL_INDICES for t in plain):
        names.double.add(_base(tokens[k - 1]))
    if len(inside) == 3 and inside[0].is_letter and inside[1].text in ("+", "-") and inside[2].text.isdigit():
        names.indices.add(inside[0].text)


def _scan_members(tokens: list[Token], names: Names) -> None:
    """Names with one letter below, and those over whose letter the formula sums."""
    lowered: set[str] = set()
    bound: set[str] = set()
    for k, token in enumerate(tokens):
        if not token.is_char("_") or k == 0:
            continue
        inside = _group(tokens, k + 1)
        if tokens[k - 1].is_macro("sum"):
            bound |= {t.text for t in inside[:1] if t.is_letter}
        elif len(inside) == 1 and inside[0].is_letter and inside[0].text.islower():
            base = _accented(tokens, k)
            if base is not None:
                lowered.add(f"{base}_{inside[0].text}")
    names.lowered |= lowered
    names.summed |= {name for name in lowered if name[-1] in bound}


def _accented(tokens: list[Token], k: int) -> str | None:
    """The name before the subscript at place k: a letter, with its accent; None for anything else."""
    token = tokens[k - 1]
    if token.kind is Kind.CLOSE and k > 3 and tokens[k - 3].kind is Kind.OPEN:
        token, before = tokens[k - 2], tokens[k - 4]
        return f"\\{before.text}{{{_base(token)}}}" if before.is_macro(*_ACCENTS) else None
    if not (token.is_letter or token.kind is Kind.SYMBOL or (token.kind is _MACRO and token.text in GREEK)):
        return None
    if k > 1 and tokens[k - 2].is_macro(*_ACCENTS):
        return f"\\{tokens[k - 2].text}{{{_base(token)}}}"
    return _base(token)


def _scan_prime(tokens: list[Token], k: int, names: Names) -> None:
    """``a'(x)``: a letter that is differentiated and applied to a letter is a function."""
    if (
        k == 0
        or not tokens[k - 1].is_letter
        or not _sign_at(tokens, k + 1, "(")
        or not _sign_at(tokens, k + 3, ")")
    ):
        return
    if tokens[k + 2].is_letter:
        names.functions.add(tokens[k - 1].text)


def _sign_at(tokens: list[Token], k: int, sign: str) -> bool:
    return k < len(tokens) and tokens[k].is_char(sign)


def _sigma(tokens: list[Token], k: int, names: Names) -> None:
    """\\sigma is a standard deviation rather than the sigmoid where it is squared or differentiated by."""
    after = tokens[k + 1] if k + 1 < len(tokens) else None
    before = tokens[k - 1] if k else None
    if after is not None and after.is_char("("):
        inside = tokens[k + 2 : k + 4]
        if inside[1:] and inside[1].is_char(")"):
            names.sigmoid = True
    squared = after is not None and after.is_char("^") and [t.text for t in _group(tokens, k + 2)] == ["2"]
    if squared and not (k + 3 < len(tokens) and tokens[k + 3].is_char("(")):
        names.variables.add(r"\sigma")
    below = k > 2 and tokens[k - 2].kind is Kind.OPEN and tokens[k - 3].kind is Kind.CLOSE
    if below and before is not None and (before.is_macro("partial") or before.is_char("d")):
        names.variables.add(r"\sigma")
    if after is not None and after.text in ("<", ">") and k == 0:
        names.variables.add(r"\sigma")


def _base(token: Token) -> str:
    return "\\" + token.text if token.kind is Kind.MACRO else token.text


def _group(tokens: list[Token], k: int) -> list[Token]:
    if k >= len(tokens):
        return []
    if tokens[k].kind is not Kind.OPEN:
        return [tokens[k]]
    depth, j = 1, k + 1
    while j < len(tokens) and depth:
        depth += tokens[j].kind is Kind.OPEN
        depth -= tokens[j].kind is Kind.CLOSE
        j += 1
    return tokens[k + 1 : j - 1]


def scan_statement(statement: Statement, names: Names, letters: set[str], solo: bool) -> None:
    """Functions that the statement defines (``f(x) = …``), and names of several letters."""
    if not statement.marks and not solo:
        return
    if statement.marks and statement.sides[0] and statement.sides[0][0].is_macro("log"):
        inner = plain_application(statement.sides[0][1:], names)
        if inner is not None:
            names.functions.add(inner.name)
    word = _word(statement.sides[0], letters)
    if word is not None and statement.marks and statement.relation(0) in ("=", ":=", "~"):
        names.words.add(word)
    sides = statement.sides[:1]
    if len(statement.sides) == 2 and statement.words:
        sides = statement.sides
    for side in sides:
        application = plain_application(side, names)
        if application is not None and (statement.marks or solo):
            names.functions.add(application.name)


def plain_application(side: list[Token], names: Names) -> Apply | None:
    """The side as ``name(arguments)`` with nothing but names as arguments."""
    if len(side) < 4 or not side[-1].is_char(")"):
        return None
    if (call := plain_call(side)) is not None:
        return call
    permissive = _Permissive(**vars(names))
    try:
        tree, _ = read_expression(side, permissive)
    except FormulaError:
        return None
    if not isinstance(tree, Apply) or any(tree.orders) or not tree.args:
        return None
    if all(isinstance(a, Symbol | Indexed) for a in tree.args) and len(set(tree.args)) == len(tree.args):
        return tree
    return None


def _word(side: list[Token], letters: set[str]) -> str | None:
    """A run of letters that makes up a whole left side, such as ``net_{h1}`` or ``loss``."""
    run = ""
    k = 0
    while k < len(side) and side[k].kind is Kind.CHAR and side[k].text.isalpha():
        if k and side[k].start != side[k - 1].end:
            return None
        run += side[k].text
        k += 1
    if len(run) > 1 and k < len(side) and side[k].is_char("(") and side[-1].is_char(")") and run.isupper():
        # FL(p) = …: a function with a name of several capitals
        return run
    if len(run) < 2:
        return None
    label = ""
    if k < len(side):
        if not side[k].is_char("_") or k + 1 == len(side):
            return None
        script = _group(side, k + 1)
        if k + len(script) + (3 if side[k + 1].kind is Kind.OPEN else 2) < len(side):
            return None
        label = canonical_text(script)
    if len(run) == 2 and not (run.isupper() or label or run in ("lr", "wd") or run[0] == "d"):
        return None
    if sum(letter in letters for letter in run) >= 2 and not (len(label) > 1 or run.isupper()):
        return None
    return run


def single_letters(statements: Iterable[Statement]) -> set[str]:
    """Letters that stand alone as a left side or an argument somewhere."""
    found: set[str] = set()
    for statement in statements:
        for side in statement.sides[:1]:
            if side and side[0].is_letter and (len(side) == 1 or side[1].text in ("_", "^", "(")):
                found.add(side[0].text)
    return found


def scan_variables(statement: Statement, names: Names) -> None:
    """Names that are plainly variables: ``w = …`` without brackets, and parameters of functions."""
    side = statement.sides[0]
    if statement.marks and len(side) in (1, 4) and not any(t.is_char("(") for t in side):
        first = side[0]
        name = first.text if first.is_letter else None
        if first.kind is Kind.MACRO and first.text in GREEK:
            name = "\\" + first.text
        if first.kind in (Kind.NAME, Kind.TEXT):
            name = f"\\text{{{first.text}}}"
        # "e = 2.718" is about the constant, "e = y - a" about an error
        right = statement.sides[1]
        constant = name in ("e", r"\pi") and all(t.text.isdigit() or t.text == "." for t in right)
        if name is not None and len(side) == 1 and name not in names.functions and not constant:
            names.variables.add(name)
            if not all(t.text in USUAL_INDICES or t.text in "+-." or t.is_digit for t in right):
                names.formulas.add(name)
    if statement.marks and len(side) > 1 and side[0].is_letter:
        letter, rest = side[0].text, side[1:]
        if len(rest) > 2 and rest[0].is_char("^") and rest[1].text.isdigit() and rest[2].is_char("_"):
            names.layered.add(letter)
        if letter not in names.functions and all(t.is_char("'") or t.is_macro("prime") for t in rest):
            # h' = … makes h' a name, where h itself is never a formula
            names.primed.add(letter)
    application = plain_application(side, names) if statement.marks else None
    if application is not None:
        _applied_again(statement, names)
        for argument in application.args:
            name = argument.name if isinstance(argument, Symbol) else ""
            if name and name not in names.functions and name not in USUAL_FUNCTIONS:
                names.variables.add(name)


def _applied_again(statement: Statement, names: Names) -> None:
    """``L_\\lambda(w) = L(w) + …``: a letter applied to the very same arguments is a function too."""
    side = statement.sides[0]
    place = next(k for k, t in enumerate(side) if t.is_char("("))
    wanted = [t.text for t in side[place:]]
    for right in statement.sides[1:]:
        for k in range(1, len(right)):
            if right[k].is_char("(") and [t.text for t in right[k : k + len(wanted)]] == wanted:
                letter = right[k - 1]
                if letter.is_letter and letter.text not in names.variables:
                    names.functions.add(letter.text)


def scan_tree(tree: Expr, table: Table) -> None:
    """What unknown functions are differentiated by, and to which arguments functions are applied."""
    for node in walk(tree):
        if isinstance(node, Derivative):
            body = node.body
            if not isinstance(body, Apply | Symbol) or not isinstance(node.wrt, Symbol | Indexed | Apply):
                continue
            own = body.args if isinstance(body, Apply) else ()
            if node.wrt not in (Symbol("?"), body) and not any(_mentions(arg, node.wrt) for arg in own):
                table.depends.setdefault(body.name, set()).add(node.wrt)
        if isinstance(node, Apply) and not any(node.orders):
            known = table.usual_arguments.get(node.name)
            if known is None:
                table.usual_arguments[node.name] = node.args
            elif known != node.args and not _same_pattern(known, node.args):
                table.usual_arguments[node.name] = ()


def _mentions(arg: Expr, wrt: Expr) -> bool:
    """Whether an argument holds what is differentiated by, or another component of it: g(x w_k) by w_j."""
    base = wrt.base if isinstance(wrt, Indexed) else None
    return any(n == wrt or (isinstance(n, Indexed) and n.base == base) for n in walk(arg))


def scan_rule(trees: Sequence[Expr], table: Table) -> None:
    """``(u v)' = u' v + u v'``: what is differentiated as part of a formula and by itself is a function."""
    nodes = [node for tree in trees for node in walk(tree)]
    primed = {n.name for n in nodes if isinstance(n, Apply) and not n.args and any(n.orders)}
    if not primed:
        return
    for node in nodes:
        if (
            not isinstance(node, Derivative)
            or isinstance(node.body, Symbol | Apply)
            or not isinstance(node.wrt, Symbol)
        ):
            continue
        wrt = Symbol("x") if node.wrt == Symbol("?") else node.wrt
        for part in free_symbols(node.body):
            if isinstance(part, Symbol) and part.name in primed and part.name not in table.names.variables:
                table.depends.setdefault(part.name, set()).add(wrt)


def _same_pattern(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> bool:
    """(i, x_i) and (j, x_j) are the same arguments for different indices."""
    if len(a) != len(b) or not a or not isinstance(a[0], Symbol) or not isinstance(b[0], Symbol | Number):
        return False
    return all(substitute(x, {a[0]: b[0]}) == y for x, y in zip(a, b, strict=True))
