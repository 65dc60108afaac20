r"""One expression or definition as a person types it for a command: plain text, or LaTeX.

>>> from gradbook.symbolic import to_text
>>> to_text(read(r"\log(1 + e^{-y f})").body), to_text(read("log(1+exp(-y*f))").body)
('ln(1 + exp(-y·f))', 'ln(1 + exp(-y·f))')
>>> read("L(w) = w^2").name, read("s_i = exp(z_i)/sum(exp(z_k), k)").indices
('L', (Symbol(name='i'),))
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from gradbook.derivation.steps import Definition
from gradbook.document.formula import Names, read_expression
from gradbook.document.formula import read_condition as read_latex_condition
from gradbook.document.tokens import FormulaError, tokenise
from gradbook.symbolic import plain
from gradbook.symbolic.bounds import BoundHit, Clock
from gradbook.symbolic.expr import (
    FUNCTIONS,
    Apply,
    Condition,
    Expr,
    Func,
    Indexed,
    Otherwise,
    Symbol,
    free_names,
    walk,
)

_Read = TypeVar("_Read")

#: An equals sign that is not part of another relation.
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)")
#: A name with a subscript before a bracket: p_\theta(x) is a function applied.
_APPLIED = re.compile(r"([A-Za-z])_(\\[A-Za-z]+|[A-Za-z0-9]|\{[^{}]*\})\s*(?:\\left)?\(")


class Unreadable(ValueError):
    """What was typed is no expression; the message says where and why."""


def read(text: str) -> Definition:
    """A definition ``f(x) = …``, ``L = …``, ``s_i = …``, or an expression, which gets a name.

    Raises:
        Unreadable: in one line, with the column.
    """
    left, right = _halves(text)
    if left is None and _is_condition(text):
        raise Unreadable(f"“{text.strip()}” is a condition, true or false: it has no derivative")
    body = read_expression_typed(right, len(text) - len(right))
    _reject_misspelt(body)
    if left is not None and any(n == head for n in walk(body) for head in (_head(left),)):
        raise Unreadable(f"“{left.strip()}” is defined by itself; a formula in other quantities is expected")
    if left is None:
        taken = free_names(body) | {n.name for n in walk(body) if isinstance(n, Apply)}
        return Definition(
            next(letter for letter in ("f", "g", "h", "F", "G") if letter not in taken), (), body
        )
    head = _head(left)
    match head:
        case Apply(name, args) if all(isinstance(a, Symbol | Indexed) for a in args):
            return Definition(name, args, body)
        case Func(name, args) if all(isinstance(a, Symbol) for a in args):
            return Definition(r"\sigma" if name == "sigmoid" else rf"\operatorname{{{name}}}", args, body)
        case Symbol(name):
            return Definition(name, (), body)
        case Indexed(base, indices):
            return Definition(base, (), body, indices)
        case _:
            raise Unreadable(
                f"column 1: “{left.strip()}” is no name; a definition starts with a name, or a name applied "
                "to variables: f(x) = …"
            )


def read_expression_typed(text: str, offset: int = 0) -> Expr:
    """The tree of an expression; ``offset`` is how many characters stood before it.

    Raises:
        Unreadable: in one line, with the column.
    """
    if not is_latex(text):
        return _reported(lambda: plain.read(text), offset)
    functions = {f"{m[1]}_{{{m[2].strip('{}')}}}" for m in _APPLIED.finditer(text)}
    return _reported(
        lambda: read_expression(tokenise(text), Names(functions=functions), None, Clock(2.0))[0], offset
    )


def read_condition(text: str) -> Condition:
    r"""A condition such as ``x > 0`` or ``\alpha \ge 1``.

    Raises:
        Unreadable: in one line, with the column.

    >>> read_condition("x < 1").op.value
    '<'
    """
    if not is_latex(text):
        return _reported(lambda: plain.read_condition(text), 0)
    return _reported(lambda: read_latex_condition(tokenise(text), Names(), None, Clock(2.0)), 0)


def _is_condition(text: str) -> bool:
    if not re.search(r"[<>≤≥≠]|!=|==|\\(?:le|ge|ne|lt|gt)q?\b", text) or " if " in text or "cases" in text:
        return False
    try:
        return not isinstance(read_condition(text), Otherwise)
    except Unreadable:
        return False


def _reject_misspelt(body: Expr) -> None:
    """A word applied to something is meant to be a function that everybody knows."""
    known = [*FUNCTIONS, "ln", "sqrt", "arctan", "arcsin", "arccos"]
    for node in walk(body):
        if isinstance(node, Apply):
            word = node.name.removeprefix("\\text{").removeprefix("\\operatorname{").rstrip("}")
            if len(word) > 2 and word.isalpha():
                near = get_close_matches(word, known, 1, 0.6)
                hint = (
                    f"; did you mean {near[0]}?" if near else "; a function of your own has one letter: g(x)"
                )
                raise Unreadable(f"no function is called “{word}”{hint}")


def _reported(reading: Callable[[], _Read], offset: int) -> _Read:
    try:
        return reading()
    except plain.PlainError as error:
        raise Unreadable(f"column {error.column + offset}: {error.message}") from None
    except FormulaError as error:
        raise Unreadable(f"column {error.at + 1 + offset}: {error.message}") from None
    except BoundHit as stop:
        raise Unreadable(f"too large: {stop}") from None


def is_latex(text: str) -> bool:
    r"""Whether a text is LaTeX: plain text has no backslashes and no braces.

    >>> is_latex(r"\frac{1}{x}"), is_latex("e^{x}"), is_latex("exp(x)")
    (True, True, False)
    """
    return "\\" in text or "{" in text


def _halves(text: str) -> tuple[str | None, str]:
    """What stands left and right of the first equals sign; a relation in a condition is not one."""
    found = _EQUALS.search(text)
    if (
        found is None
        or " if " in text[: found.start()]
        or text.count("(", 0, found.start()) != text.count(")", 0, found.start())
    ):
        return None, text
    return text[: found.start()], text[found.end() :]


def _head(left: str) -> Expr:
    """The name that is defined; a letter before a bracket is a function here."""
    if is_latex(left):
        name = left.strip().partition("(")[0].removesuffix("\\left").strip()
        return _reported(
            lambda: read_expression(tokenise(left), Names(functions={name}), None, Clock(2.0))[0], 0
        )
    if "(" in left:
        statement = _reported(lambda: plain.read_statement(f"{left} = 0"), 0)
        return Apply(statement.name or "f", statement.parameters)
    return read_expression_typed(left)
