"""The front matter of a document: what only prose could say, said so that it can be read.

A small fixed form, not YAML: a ``gradbook:`` key with lists in square brackets (or ``- item`` lines).
Backslashes are literal. Documented in ``docs/front-matter.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KEYS = ("same", "domains", "functions", "vectors", "matrices", "scalars", "values")


@dataclass
class FrontMatter:
    """The lists that a document declares, as written, and what could not be understood."""

    entries: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    unknown: list[str] = field(default_factory=list[str])


def read_front_matter(text: str) -> FrontMatter:
    """The declarations under ``gradbook:``.

    >>> read_front_matter("gradbook:\\n  vectors: [x, w]\\n  domains: [\\"x > 0\\"]").entries
    {'vectors': ['x', 'w'], 'domains': ['x > 0']}
    """
    result = FrontMatter()
    inside = False
    key: str | None = None
    for line in text.splitlines():
        if not line.strip() or line.strip().startswith("#") or line.strip() == "---":
            continue
        if not line[0].isspace():
            inside = line.strip().startswith("gradbook:")
            key = None
            continue
        if not inside:
            continue
        item = re.match(r"\s+-\s+(.*)$", line)
        if item and key is not None:
            result.entries[key].append(_unquoted(str(item.group(1))))
            continue
        entry = re.match(r"\s+([a-z]+)\s*:\s*(.*)$", line)
        if not entry:
            result.unknown.append(line.strip())
            continue
        name = str(entry.group(1))
        key = name if name in KEYS else None
        if key is None:
            result.unknown.append(name)
            continue
        result.entries[key] = _items(entry.group(2))
    return result


def _items(text: str) -> list[str]:
    """The items of ``[a, "b, c", d]``; commas inside quotes and brackets belong to the item."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    items: list[str] = []
    current, depth, quote = "", 0, ""
    for sign in text:
        if quote:
            if sign == quote:
                quote = ""
            else:
                current += sign
            continue
        if sign in "\"'" and not current.strip():
            quote = sign
            current = ""
            continue
        depth += sign in "({["
        depth -= sign in ")}]"
        if sign == "," and depth <= 0:
            items.append(current.strip())
            current = ""
        else:
            current += sign
    items.append(current.strip())
    return [i for i in items if i]


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
