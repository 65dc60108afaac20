"""A worksheet for programs: every line with its sides in LaTeX and its value, exact where it is rational."""

from __future__ import annotations

import json
from typing import Any

from gradbook.network.formats.parts import shown_parts, title_of
from gradbook.network.lines import Line
from gradbook.network.values import Value
from gradbook.network.worksheet import Part, Worksheet, latex

#: Raised when the shape of what is written changes.
VERSION = 1
#: Longest fraction that is written out.
_MAX_FRACTION = 80
#: Digits of a value beyond those that are shown.
_MORE = 11


def write(sheet: Worksheet, part: Part) -> str:
    """The worksheet as JSON."""
    data = {
        "version": VERSION,
        "title": title_of(sheet, part),
        "layers": list(sheet.network.sizes),
        "names": sheet.network.scheme.value,
        "steps": sheet.steps,
        "digits": sheet.digits,
        "sections": [
            {
                "title": section.title,
                "depth": section.depth,
                "words": section.words,
                "lines": [_line(line, sheet, part) for line in section.lines],
            }
            for section in sheet.sections
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _line(line: Line, sheet: Worksheet, part: Part) -> dict[str, Any]:
    sides = shown_parts(line, part)
    whole = len(sides) == len(line.sides)
    return {
        "kind": line.kind.value,
        "name": latex(line.name),
        "sides": [latex(side) for side in sides],
        "value": _value(line.value, sheet.digits) if line.value is not None and whole else None,
    }


def _value(value: Value, digits: int) -> dict[str, Any]:
    exact = value.exact
    spelled = str(exact) if exact is not None else None
    return {
        "shown": value.text(digits),
        "decimal": value.text(digits + _MORE),
        "exact": spelled if spelled is not None and len(spelled) <= _MAX_FRACTION else None,
    }
