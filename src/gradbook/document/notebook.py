r"""Notebooks: the Markdown cells of an ``.ipynb`` file, every character with its place in the JSON text.

``json`` says whether the file is JSON at all; a second pass over its tokens then finds the cells, because a
parser that returns values has forgotten where they stood. It walks through brackets without recursion, and
skips outputs and pictures at the speed of one regular expression.
"""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass, field

from gradbook.document.markdown import read_markdown
from gradbook.document.pieces import Piece
from gradbook.document.stretch import Stretch

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]:,]|[^\s"{}\[\]:,]++', re.DOTALL)
_PART = re.compile(r"[^\\]++|\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)|\\u(....)|\\(.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# Where a cell lies, in notebooks of format 4 and 3. A number in a list is written "*".
_CELLS = (("cells", "*"), ("worksheets", "*", "cells", "*"))
_DEEPEST = 7  # brackets that can lie around the source of a cell; what is deeper is skipped by counting


class NotebookError(ValueError):
    """A file that is not a notebook: what is wrong with it, and where (1-based)."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(slots=True)
class _Cell:
    """A cell: its type, and where the strings stand that its source consists of."""

    kind: str = ""
    strings: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


def read_notebook(text: str) -> list[Piece]:
    r"""The pieces of the Markdown cells of a notebook; offsets point into its JSON text.

    Raises NotebookError if the text is not a notebook.

    >>> text = r'{"cells": [{"cell_type": "markdown", "source": ["Let\n", "$\\eta = 1$"]}]}'
    >>> [(piece.text, text[piece.offsets[0] : piece.offsets[-1]]) for piece in read_notebook(text)][:2]
    [('Let\n', 'Let\\n'), ('\\eta = 1', '\\\\eta = 1')]
    """
    _validate(text)
    pieces: list[Piece] = []
    cells = _cells(text)
    if cells is None:
        raise NotebookError('not a notebook: it has no list of "cells"')
    for index, cell in enumerate(cells):
        if cell.kind == "markdown":
            pieces.extend(read_markdown(_source(text, cell.strings), front_matter=index == 0))
    return pieces


def _validate(text: str) -> None:
    try:
        # Numbers are not needed, and turning a long one into an int takes the square of its length.
        json.loads(text.removeprefix("\ufeff"), parse_int=len, parse_float=len)
    except json.JSONDecodeError as error:
        raise NotebookError(f"not a notebook: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise NotebookError("not a notebook: its brackets are nested too deeply") from None


def _cells(text: str) -> list[_Cell] | None:
    """The cells of a valid JSON text; None if it has no list of them."""
    cells: list[_Cell] | None = None
    path: list[str] = []  # the key that is open at each depth; "*" in a list
    lists: list[bool] = []
    depth = 0
    key_comes = False
    for token in _TOKEN.finditer(text, 1 if text.startswith("\ufeff") else 0):
        char = text[token.start()]
        if char in "{[":
            depth += 1
            if depth > _DEEPEST:
                continue
            lists.append(char == "[")
            key_comes = char == "{"
            if char == "{" and tuple(path) in _CELLS and cells is not None:
                cells.append(_Cell())
            path.append("*" if char == "[" else "")
            if char == "[" and tuple(path) in _CELLS and cells is None:
                cells = []
        elif char in "}]":
            depth -= 1
            if depth < _DEEPEST:
                lists.pop()
                path.pop()
                key_comes = False
        elif depth > _DEEPEST or not lists:
            continue
        elif char == ",":
            key_comes = not lists[-1]
        elif char == '"':
            if key_comes:
                path[-1] = _source(text, [token.span()]).text
                key_comes = False
            elif cells:
                _collect(text, token.span(), tuple(path), cells[-1])
    return cells


def _collect(text: str, span: tuple[int, int], path: tuple[str, ...], cell: _Cell) -> None:
    """Keep a string if it is a cell's type or part of its source."""
    for where in _CELLS:
        if path[: len(where)] != where:
            continue
        match path[len(where) :]:
            case ("cell_type",):
                cell.kind = text[span[0] + 1 : span[1] - 1]
            case ("source",) | ("source", "*"):
                cell.strings.append(span)
            case _:
                pass


def _source(text: str, strings: list[tuple[int, int]]) -> Stretch:
    """What JSON strings say together, with the place of every character."""
    parts: list[str] = []
    origin = array("q")
    for first, last in strings:
        for part in _PART.finditer(text, first + 1, last - 1):
            high, low, code, escape = part.groups()
            if high:
                parts.append(chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00))
            elif code:
                parts.append(chr(int(code, 16)))
            elif escape:
                parts.append(_ESCAPES.get(escape, escape))
            else:
                parts.append(part[0])
                origin.extend(range(part.start(), part.end()))
                continue
            origin.append(part.start())
    return Stretch("".join(parts), origin, text)
