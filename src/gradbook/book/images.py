"""Pictures of a document: those in its folder become part of the page, others a link that is not followed unasked."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a browser shows as an image; SVG runs no scripts there and loads nothing.
_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".avif": "image/avif", ".svg": "image/svg+xml",
}  # fmt: skip

#: A larger picture is not put into a page.
_LARGEST = 8 * 2**20


@dataclass(slots=True)
class Images:
    """Makes pictures of addresses; remembers what was wrong with some, and a hash of each that was read."""

    folder: Path
    problems: list[str] = field(default_factory=list[str])
    hashes: dict[str, str] = field(default_factory=dict[str, str])

    def html(self, address: str, words: str, title: str) -> str:
        """The picture at an address, or what stands in its place."""
        told = f' title="{escape(title)}"' if title else ""
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") or parts.netloc:
            shown = escape(words or address)
            return f'<a class="picture" href="{escape(address)}" rel="noopener noreferrer"{told}>{shown}</a>'
        data = self._read(unquote(parts.path)) if not parts.scheme else None
        if data is None:
            return f'<span class="picture missing"{told}>{escape(words or address)}</span>'
        return f'<img src="{data}" alt="{escape(words)}"{told}>'

    def _read(self, path: str) -> str | None:
        """A file in the document's folder as a data URI; None, and a problem, if there is none to be had."""
        if "\0" in path or not path:
            return None
        root = self.folder.resolve()
        file = (root / path).resolve()
        kind = _TYPES.get(file.suffix.lower())
        if not file.is_relative_to(root):
            self.problems.append(f"picture {path}: outside of the document's folder, so it is left out")
            return None
        if kind is None:
            self.problems.append(f"picture {path}: expected one of {', '.join(_TYPES)}")
            return None
        try:
            if file.stat().st_size > _LARGEST:
                self.problems.append(f"picture {path}: larger than {_LARGEST // 2**20} MiB; make it smaller")
                return None
            data = file.read_bytes()
        except OSError as error:
            self.problems.append(f"picture {path}: {(error.strerror or str(error)).lower()}")
            return None
        self.hashes[path] = hashlib.sha256(data).hexdigest()
        return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
