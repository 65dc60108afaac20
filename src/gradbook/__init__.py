"""Gradbook reads the gradients in a document and gives every line a verdict, and derives the ones that are wanted.

>>> import gradbook
>>> report = gradbook.check("$f(x) = x^2$ and $f'(x) = 3x$")
>>> [line.verdict.name for line in report.documents[0].lines]
['STATED', 'REFUTED']

Nothing is imported before it is used, so that ``gradbook --help`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from gradbook.derivation.steps import Derivation
    from gradbook.document.report import Document, Evidence, Line, Problem, Report, Verdict
    from gradbook.study import run as study
    from gradbook.symbolic.expr import Expr

__version__ = "0.1.0"

__all__ = [
    "Derivation",
    "Document",
    "Evidence",
    "Line",
    "Problem",
    "Report",
    "Verdict",
    "__version__",
    "check",
    "derive",
    "study",
]

_HOMES = {
    "Derivation": "derivation.steps",
    **dict.fromkeys(("Document", "Evidence", "Line", "Problem", "Report", "Verdict"), "document.report"),
}


def check(text_or_path: str | PathLike[str], *, deadline: float = 2.0) -> Report:
    r"""Judge every line of mathematics, and every finding, in a text, a file or a folder.

    A path object, or a string that names something that exists, is read from there; any other string is
    the text of a document: Markdown, unless it starts as LaTeX or a notebook does. ``deadline`` is how many
    seconds one line may take. Findings are tested against the studies in the folder ``studies`` beside their
    document; none is run.

    Raises FileNotFoundError for a path to nothing, also when it is a string that can only be a path
    (``"notes.md"``); what is wrong with a file that is there is told by ``Report.problems``.

    >>> report = check(r"For $x > 0$, $f(x) = \log x$ and so $f'(x) = 1/x$.")
    >>> report.exit_status()
    0
    """
    import os

    from gradbook.book.checking import check_document, check_text
    from gradbook.document import files
    from gradbook.document.report import Problem, Report

    if not deadline > 0:
        raise ValueError(f"deadline is a number of seconds greater than 0, not {deadline!r}")
    if isinstance(text_or_path, str) and not files.names_document(text_or_path):
        return Report((check_text(text_or_path, deadline=deadline),))
    path = os.fspath(text_or_path)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"no document at {path!r}; to check a text, put its mathematics between dollar signs: "
            "gradbook.check('$...$')"
        )
    documents: list[Document] = []
    problems: list[Problem] = []
    for found in files.find([path]):
        outcome = found if isinstance(found, Problem) else check_document(str(found), deadline=deadline)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            documents.append(outcome)
    return Report(tuple(documents), tuple(problems))


def derive(
    expression: str | Expr,
    wrt: str | Expr | Sequence[str | Expr] | None = None,
    *,
    detail: str = "short",
    assume: Sequence[str] = (),
) -> Derivation:
    r"""The derivative of an expression or a definition, step by step, each step proved.

    ``expression`` is plain text (``"log(1+exp(-y*f))"``, ``"f(x) = x^2"``), LaTeX, or a tree of
    ``gradbook.symbolic``. ``wrt`` is what it is differentiated by; several, one after the other, give a
    higher or mixed derivative; it may be left out where the expression mentions one quantity only.
    ``detail`` is ``short`` or ``full``; ``assume`` are conditions such as ``"x > 0"``.

    Raises ValueError, in one line: what was typed cannot be read, a variable does not occur in it, or it has
    no derivative.

    >>> derivation = derive("log(1 + exp(-y*f))", wrt="f")
    >>> derivation.proved, str(derivation.result.arg.factors[0].name)
    (True, 'y')
    >>> from gradbook.symbolic import to_text
    >>> to_text(derive("x^3", wrt=["x", "x"]).result)
    '6·x'
    """
    from gradbook.document import deriving

    return deriving.derive(expression, wrt, detail=detail, assume=assume)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gradbook.{_HOMES[name]}"), name)
    if name == "study":  # a module that can be called
        return import_module("gradbook.study")
    raise AttributeError(f"module 'gradbook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
