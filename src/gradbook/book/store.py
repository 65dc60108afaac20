"""Parts of a page kept between builds, in ``.gradbook`` beside the document: JSON files, safe to delete.

A part is found again under a hash of everything that it was made from, the program itself included, so that one that
is found is the one that would be made. A document may come with such a folder, and verdicts that somebody else wrote
into it must not be believed: each part is sealed with a key that stays in the user's own cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gradbook.book.parts import Part

#: When more bytes than this are kept, what was not used longest goes.
_MOST = 64 * 2**20
_AN_HOUR = 3600.0


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
            held = json.loads(path.read_text(encoding="utf-8"))
            if not hmac.compare_digest(held["seal"], _seal(name, held["part"])):
                return None  # not ours
            part = Part.from_json(held["part"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or not whole: it is made anew
        with contextlib.suppress(OSError):
            os.utime(path)
        return part

    def put(self, kind: str, key: Sequence[Any], part: Part) -> None:
        """Keep a part; a folder that cannot be written to keeps nothing."""
        if self.folder is None:
            return
        told = part.to_json()
        name = _name(kind, key)
        with contextlib.suppress(OSError):
            sealed = {"seal": _seal(name, told), "part": told}
            self.folder.mkdir(exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            handle, draft = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(sealed, file, ensure_ascii=False)
            os.replace(draft, self.folder / name)

    def tidy(self) -> None:
        """Remove what was not used longest, until the rest is small enough."""
        if self.folder is None or not self.folder.is_dir():
            return
        with contextlib.suppress(OSError):
            for draft in self.folder.glob("*.tmp"):  # of a build that was killed
                if draft.stat().st_mtime < time.time() - _AN_HOUR:
                    draft.unlink(missing_ok=True)
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


def _seal(name: str, told: Any) -> str:
    text = json.dumps([name, told], sort_keys=True)
    return hmac.new(_key(_home()), text.encode(), hashlib.sha256).hexdigest()


def _home() -> Path:
    """The folder of the user's own that holds what programs can make again."""
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "gradbook"
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path("~/.cache").expanduser()) / "gradbook"


@cache
def _key(home: Path) -> bytes:
    """The key of this user, made when there is none; OSError where none can be kept."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "build.key"
    if not path.exists():
        # Written whole under another name first: of two builds at a time, both go on with one key.
        draft = home / f"build.{secrets.token_hex(8)}.key"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(draft, path)
        draft.unlink(missing_ok=True)
    return path.read_bytes()


@cache
def release() -> str:
    """A hash over the program: after any change of it, everything is made anew."""
    import gradbook

    root = Path(gradbook.__file__).parent
    told = hashlib.sha256(gradbook.__version__.encode())
    for path in sorted(root.rglob("*.py")):
        told.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return told.hexdigest()
