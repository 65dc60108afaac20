"""Derivations written out: on a terminal, as Markdown that ``gradbook check`` proves, LaTeX, HTML and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from gradbook.derivation.steps import Derivation

#: The formats, each a module of this package with a function ``document``.
FORMATS = {"text": "text", "markdown": "markdown", "latex": "latex", "html": "html", "json": "as_json"}


def write(derivations: Sequence[Derivation], form: str) -> str:
    """The derivations as one document.

    Raises:
        ValueError: the format is none of :data:`FORMATS`.
    """
    if form not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {form!r}")
    written: str = import_module(f"gradbook.derivation.formats.{FORMATS[form]}").document(derivations)
    return written
