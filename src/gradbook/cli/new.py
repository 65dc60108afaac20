"""``gradbook new KIND [FILE]``: write a document to start from."""

from __future__ import annotations

import sys
from pathlib import Path

from gradbook.book.starting import Kind, start


def run(kind: str, path: str | None) -> int:
    """Write the document; the exit status is 0, or 2 if there is such a file already or it cannot be written."""
    place = Path(path if path is not None else f"{kind}.md")
    if place.suffix.lower() not in (".md", ".markdown"):
        print(
            f"gradbook new: error: {place}: a lab book is a Markdown document; expected a name that ends in .md",
            file=sys.stderr,
        )
        return 2
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(start(Kind(kind)))
    except FileExistsError:
        print(
            f"gradbook new: error: {place} is there already, and is left as it is; give another name: "
            f"gradbook new {kind} FILE",
            file=sys.stderr,
        )
        return 2
    except OSError as error:
        print(f"gradbook new: error: {place}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 2
    print(f"{place}: change it as you like, then: gradbook build {place}")
    return 0
