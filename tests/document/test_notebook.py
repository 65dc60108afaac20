"""Notebooks turned into pieces, with places in the JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.document.shown import shown as shown_as

from gradbook.document.notebook import NotebookError, read_notebook
from gradbook.document.pieces import PieceKind, Source
from gradbook.document.reading import DocumentKind, pieces_of


def shown(text: str) -> list[str]:
    return shown_as(text, DocumentKind.NOTEBOOK)


def notebook(*cells: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4}, indent=indent)


def cell(source: str | list[str], kind: str = "markdown", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, **more, "source": source}


def test_only_markdown_cells_are_read() -> None:
    text = notebook(
        cell("# A\n\nLet $x$"),
        cell("y = '$no$'", "code", outputs=[{"data": {"text/latex": ["$$no$$"]}}]),
        cell("$no$", "raw"),
        cell(["$$\n", "z\n", "$$"]),
    )
    assert shown(text) == ["heading 1: A", "/", "text: Let ", "inline: x", "/", "display: \nz\n"]


def test_a_cell_ends_what_is_open_in_it() -> None:
    assert shown(notebook(cell("$$ x"), cell("```"), cell("a $y$"))) == [
        "display unclosed:  x",
        "/",
        "text: a ",
        "inline: y",
    ]


def test_the_order_of_keys_does_not_matter() -> None:
    text = '{"nbformat": 4, "cells": [{"source": "$x$", "cell_type": "markdown"}], "a": {"cells": [1]}}'
    assert shown(text) == ["inline: x"]


def test_sources_elsewhere_are_not_read() -> None:
    text = notebook(cell("$x$", metadata={"source": "$no$", "cells": [{"source": ["$no$"]}]}))
    assert shown(text) == ["inline: x"]


def test_notebooks_of_format_3() -> None:
    text = json.dumps({"worksheets": [{"cells": [cell("$x$")]}], "nbformat": 3})
    assert shown(text) == ["inline: x"]


def test_front_matter_is_in_the_first_cell() -> None:
    assert shown(notebook(cell("---\nx: 1\n---\n"), cell("---\ny: 1\n---\n"))) == [
        "front matter: x: 1\n",
        "/",
        "heading 2: y: 1",
    ]


def test_every_character_has_its_place_in_the_file() -> None:
    text = notebook(cell(["Let $\\eta\t= 1$ \u03b8 \U0001f600\n", "> $$\n", "> a\n", '> = "b"\n', "> $$"]))
    source = Source.of("", text)
    pieces = pieces_of(source, DocumentKind.NOTEBOOK)
    (inline,) = (piece for piece in pieces if piece.kind is PieceKind.INLINE)
    assert inline.text == "\\eta\t= 1"
    assert text[inline.offsets[0] : inline.offsets[-1]] == r"\\eta\t= 1"
    (display,) = (piece for piece in pieces if piece.kind is PieceKind.DISPLAY)
    assert display.text == '\na\n= "b"\n'
    line, column = source.position(display.offsets[display.text.index("b")])
    assert text.split("\n")[line - 1][column - 1] == "b"
    prose = pieces[2]
    assert prose.text == " \u03b8 \U0001f600"
    assert text[prose.offsets[3] : prose.offsets[4]] == r"\ud83d\ude00"


def test_offsets_of_text_without_escapes_cost_no_memory() -> None:
    (piece, _) = read_notebook(notebook(cell("$x = 1$")))
    assert isinstance(piece.offsets, range)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ('{"cells": [}', "Expecting value", (1, 12)),
        ('{"cells":\n [1,,]}', "Expecting value", (2, 5)),
        ("", "Expecting value", (1, 1)),
        ('{"cells": ["a', "Unterminated string", (1, 12)),
        ("[" * 100_000, "nested too deeply", (1, 1)),
        ("[]", '"cells"', (1, 1)),
        ('{"cells": 3}', '"cells"', (1, 1)),
        ('{"x": {"cells": []}}', '"cells"', (1, 1)),
    ],
)
def test_what_is_no_notebook_says_where_and_why(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(NotebookError, match=message) as raised:
        read_notebook(text)
    assert (raised.value.line, raised.value.column) == place


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": []}',
        '\ufeff{"cells": []}',
        '{"cells": [1, "a", [], {}, {"cell_type": "markdown", "source": 3}]}',
        '{"cells": [{"cell_type": ["markdown"], "source": "$x$"}]}',
        '{"cells": [{"cell_type": "markdown", "source": ["", [], ["$x$"]]}]}',
        '{"cells": [], "x": ' + "9" * 100_000 + "}",
    ],
)
def test_odd_notebooks_have_no_pieces(text: str) -> None:
    assert read_notebook(text) == []


def test_lone_surrogates() -> None:
    assert shown('{"cells": [{"cell_type": "markdown", "source": "a \\ud800 $x$"}]}') == [
        "text: a \ud800 ",
        "inline: x",
    ]
