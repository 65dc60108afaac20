"""Parts of a page kept between builds, in ``.gradbook`` beside the document: JSON files, safe to delete.

A part is found again under a hash of everything that it was made from, the program itself included, so that one that
is found is the one that would be made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gradbook.book.parts import Part

#: When more bytes than this are kept, what was not used longest goes.
_MOST = 64 * 2**20


@dataclass(slots=True)
class Kept:
    """The parts in a folder; without one, nothing is kept."""

    folder: Path | None
    used: set[str] = field(default_factory=set[str])

    def get(self, kind: str, key: Sequence[Any]) -> Part | None:
        """The part that was made from this, if it was."""
        if self.folder is None:
            return None
        name = _name(kind, key)
        self.used.add(name)
        path = self.folder / name
        try:
            part = Part.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or not whole: it is made anew
        with contextlib.suppress(OSError):
            os.utime(path)
        return part

    def put(self, kind: str, key: Sequence[Any], part: Part) -> None:
        """Keep a part; a folder that cannot be written to keeps nothing."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(part.to_json(), file, ensure_ascii=False)
            os.replace(name, self.folder / _name(kind, key))

    def tidy(self) -> None:
        """Remove what was not used longest, until the rest is small enough."""
        if self.folder is None or not self.folder.is_dir():
            return
        with contextlib.suppress(OSError):
            found = sorted(
                ((path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.glob("*.json")),
                key=lambda item: item[0],
            )
            total = sum(size for _, size, _ in found)
            for _, size, path in found:
                if total <= _MOST:
                    break
                if path.name not in self.used:
                    path.unlink(missing_ok=True)
                    total -= size


def _name(kind: str, key: Sequence[Any]) -> str:
    told = json.dumps([release(), kind, list(key)], sort_keys=True, default=str)
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"


@cache
def release() -> str:
    """A hash over the program: after any change of it, everything is made anew."""
    import gradbook

    root = Path(gradbook.__file__).parent
    told = hashlib.sha256(gradbook.__version__.encode())
    for path in sorted(root.rglob("*.py")):
        told.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return told.hexdigest()
