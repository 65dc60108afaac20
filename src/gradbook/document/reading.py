"""What a document is written in, and how it is read."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePath

from gradbook.document.markdown import read_markdown
from gradbook.document.pieces import Piece, Source
from gradbook.document.stretch import Stretch


class DocumentKind(Enum):
    """What a document is written in."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    NOTEBOOK = "notebook"


_SUFFIXES = {
    ".md": DocumentKind.MARKDOWN,
    ".markdown": DocumentKind.MARKDOWN,
    ".mdown": DocumentKind.MARKDOWN,
    ".mkd": DocumentKind.MARKDOWN,
    ".qmd": DocumentKind.MARKDOWN,
    ".rmd": DocumentKind.MARKDOWN,
    ".tex": DocumentKind.LATEX,
    ".ltx": DocumentKind.LATEX,
    ".latex": DocumentKind.LATEX,
    ".ipynb": DocumentKind.NOTEBOOK,
}
_NOTEBOOK = re.compile(r"\s*+\{")
_LATEX = re.compile(
    r"^[ \t]*+\\(?:documentclass|begin\{document\}|(?:sub)*section\*?\{|chapter\*?\{)", re.MULTILINE
)


def guess(path: str, text: str) -> DocumentKind:
    r"""What a document is written in: by the suffix of its path, else by what it begins with.

    >>> guess("notes.tex", ""), guess("-", '{"cells": []}'), guess("-", "Let $x = 1$")
    (<DocumentKind.LATEX: 'latex'>, <DocumentKind.NOTEBOOK: 'notebook'>, <DocumentKind.MARKDOWN: 'markdown'>)
    """
    by_suffix = _SUFFIXES.get(PurePath(path).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    if _NOTEBOOK.match(text) and '"cells"' in text:
        return DocumentKind.NOTEBOOK
    return DocumentKind.LATEX if _LATEX.search(text) else DocumentKind.MARKDOWN


def pieces_of(source: Source, kind: DocumentKind) -> list[Piece]:
    """The pieces of a document, in the order in which they stand."""
    match kind:
        case DocumentKind.MARKDOWN:
            return read_markdown(Stretch(source.text, None))
        case DocumentKind.LATEX:
            from gradbook.document.latex import read_latex

            return read_latex(Stretch(source.text, None, comments=True))
        case DocumentKind.NOTEBOOK:
            from gradbook.document.notebook import read_notebook

            return read_notebook(source.text)
