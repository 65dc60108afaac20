"""The fenced blocks of a lab book that are more than text: studies, findings, derivations and worksheets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class BlockKind(Enum):
    """What a block asks for; the word that stands after the fence."""

    STUDY = "study"
    FINDINGS = "findings"
    DERIVE = "derive"
    WORKSHEET = "worksheet"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its text, and where that begins (1-based line; the fence itself is the line before).

    ``options`` are the ``key=value`` words after the kind. ``column`` is where the fence begins, 1-based.
    """

    kind: BlockKind
    text: str
    line: int
    end_line: int
    column: int = 1
    options: Mapping[str, str] = field(default_factory=dict[str, str])


_FENCE = re.compile(
    r"^(?:[ ]{0,3}|[ \t>*+-]*)(?:```+|~~~+)[ \t]*(?:study|findings|derive|worksheet)\b", re.MULTILINE
)


def has_blocks(text: str) -> bool:
    """Whether a document may have blocks: a quick look, before anything is read.

    >>> has_blocks("```findings\\n- 5e-4 learns\\n```"), has_blocks("Let $x = 2$.")
    (True, False)
    """
    return _FENCE.search(text) is not None


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown document, in order.

    >>> blocks("Look:\\n\\n```findings study=decay\\n- 5e-4 learns\\n```\\n")[0]
    Block(kind=<BlockKind.FINDINGS: 'findings'>, text='- 5e-4 learns\\n', line=4, end_line=4, column=1,
    options={'study': 'decay'})
    """
    if not has_blocks(text):
        return ()
    from markdown_it import MarkdownIt

    rows = text.splitlines()
    found: list[Block] = []
    for token in MarkdownIt("commonmark").parse(text):
        words = token.info.split()
        if token.type != "fence" or token.map is None or not words or words[0] not in _KINDS:
            continue
        first = token.map[0]
        row = rows[first] if first < len(rows) else ""
        options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        end = first + 1 + len(token.content.splitlines())
        column = len(row) - len(row.lstrip(" \t>*+-")) + 1
        found.append(Block(_KINDS[words[0]], token.content, first + 2, max(end, first + 2), column, options))
    return tuple(found)


_KINDS = {kind.value: kind for kind in BlockKind}


def chosen(found: tuple[Block, ...], data: str | None = None) -> tuple[Block, ...]:
    """The blocks that hold for a choice of data: those marked ``data=NAME`` stand for that data only.

    Without a choice, the first name in the document is taken.

    >>> both = blocks("```study data=digits\\n```\\n\\n```study data=cifar10\\n```\\n")
    >>> [block.options["data"] for block in chosen(both)], [block.line for block in chosen(both, "cifar10")]
    (['digits'], [5])
    """
    names = [block.options["data"] for block in found if "data" in block.options]
    name = data if data is not None else (names[0] if names else None)
    return tuple(block for block in found if block.options.get("data", name) == name)
