"""Documents on disk: finding them, and reading them as text.

A file that cannot be read is data, a ``Problem`` that says where, what was expected and found, and what to
do; it never stops the others from being read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from gradbook.document.report import Problem

#: What a folder is searched for.
SUFFIXES = (".md", ".markdown", ".tex", ".latex", ".ipynb")

#: Larger than any document that a person wrote; ends the reading of what never ends, such as /dev/zero.
LARGEST = 64 * 1024 * 1024

#: A NUL among the first bytes is how grep and git tell that a file is not text.
_SNIFF = 8192


def names_document(text: str) -> bool:
    r"""Whether a string is the name of a document, rather than its text.

    It is if something of that name exists, or if it can be nothing else: one line without mathematics that
    ends as the names of documents do, or that goes through folders without a blank.

    >>> names_document("week3/notes.md"), names_document("$a = a$ as in notes.md"), names_document("a / b")
    (True, False, False)
    """
    if not text or "\n" in text or "\0" in text:
        return False
    if os.path.exists(text):
        return True
    if "$" in text or "=" in text or r"\(" in text or r"\[" in text:
        return False
    return text.lower().endswith(SUFFIXES) or ("/" in text and not any(map(str.isspace, text)))


def find(paths: Iterable[str]) -> Iterator[str | Problem]:
    """The documents that the paths name, each file once, those of a folder in the order of their names.

    A file is taken whatever its name is; in folders, documents are told by their suffix, hidden files and
    folders are left out, and links to folders are not followed, so that a loop of links ends.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _walk(path) if os.path.isdir(path) else (path,):
            if isinstance(found, str):
                real = os.path.realpath(found)
                if real in seen:
                    continue
                seen.add(real)
            yield found


def _walk(folder: str) -> Iterator[str | Problem]:
    problems: list[Problem] = []
    empty = True

    def refuse(error: OSError) -> None:
        problems.append(_refusal(error.filename, error))

    for base, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(base, name))
            if name.startswith(".") or not name.lower().endswith(SUFFIXES):
                continue
            if os.path.exists(path) and not os.path.isfile(path):
                continue  # a pipe or a device would be waited for without end; a broken link is reported
            empty = False
            yield path
    yield from problems
    if empty and not problems:
        expected = ", ".join(SUFFIXES)
        yield Problem(
            folder, f"no document in this folder: expected files that end in {expected}; name the file itself"
        )


def read(path: str) -> str | Problem:
    """The text of a file, or why there is none."""
    try:
        with open(path, "rb") as file:
            return read_stream(file, path)
    except OSError as error:
        return _refusal(path, error)


def read_stream(stream: BinaryIO, path: str) -> str | Problem:
    """The text of an open file; ``path`` is what a problem calls it."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        return Problem(
            path,
            f"too large: expected at most {LARGEST // 2**20} MiB, found more; split it into several",
        )
    return decode(data, path)


def decode(data: bytes, path: str) -> str | Problem:
    r"""Bytes as text with ``\n`` at the ends of lines; UTF-8, or UTF-16 with its mark.

    >>> decode(b"x\r\ny", "a.md")
    'x\ny'
    >>> decode(b"na\xefve", "a.tex").message
    'not UTF-8: expected UTF-8 text, found byte 0xEF on line 1; convert it, ...'
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data[:_SNIFF]:
        return Problem(
            path,
            "binary: expected text, found a NUL byte; give the Markdown, LaTeX or notebook it is made from",
        )
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        name = encoding.upper().removesuffix("-SIG")
        return Problem(
            path,
            f"not {name}: expected {name} text, found byte 0x{data[error.start]:02X} on line {line}; "
            "convert it, for instance with iconv -f latin1 -t utf-8",
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refusal(path: str, error: OSError) -> Problem:
    match error:
        case FileNotFoundError():
            why = "not found: expected a file or a folder, found nothing of this name; look at its spelling"
        case PermissionError():
            why = "not readable: expected leave to read it, found none; change its permissions"
        case IsADirectoryError():
            why = "a folder: expected a file"
        case _:
            why = f"not readable: {error.strerror or error}; see that it is a file that can be opened"
    return Problem(path, why)
