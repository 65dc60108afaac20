"""Connections to databases: SQLite or PostgreSQL, set up so that what is committed stays and nobody waits in vain."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from gradbook.study.problem import StudyError


def engine(url: str, *, reads: bool = False) -> sa.Engine:
    """The engine for a URL; raises StudyError where there is none. ``reads``: nothing will be written."""
    try:
        # Workers are processes of their own, and each has few threads: one connection each, made when needed.
        made = sa.create_engine(_driver(url))
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError) as error:
        raise StudyError(f"{shown(url)}: expected a database as sqlite or postgresql URL: {error}") from None
    kind = made.dialect.name
    if kind not in ("sqlite", "postgresql"):
        raise StudyError(f"{shown(url)}: expected sqlite or postgresql, found {kind}")
    if kind == "sqlite":
        event.listen(made, "connect", _sqlite_reader if reads else _sqlite_connection)
        event.listen(made, "begin", _sqlite_begin)
    return made


def shown(url: str) -> str:
    """A URL without its password.

    >>> shown("postgresql://me:secret@host/db")
    'postgresql://me:***@host/db'
    """
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except exc.ArgumentError:
        return url


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room left to write."""
    text = str(error).lower()
    return (
        "disk is full" in text
        or "no space left" in text
        or "disk quota" in text
        or ("disk i/o error" in text)
    )


def told(error: BaseException) -> str:
    """What stopped the work, be it the database or the disk, in one line.

    >>> told(OSError(28, "No space left on device"))
    'there is no room left on the disk; make some, then go on'
    >>> told(PermissionError(13, "Permission denied", "plots"))
    'plots: Permission denied'
    """
    if is_full(error):
        return "there is no room left on the disk; make some, then go on"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _driver(url: str) -> str:
    """A URL with the driver that is installed for it."""
    for start in ("postgresql://", "postgres://"):
        if url.startswith(start):
            return "postgresql+psycopg://" + url[len(start) :]
    return url


def _sqlite_connection(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode only this makes a commit outlive a power cut: what a checkpoint replaced is deleted after it.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _sqlite_reader(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later could find the database locked by then.
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def first_line(error: exc.DBAPIError) -> str:
    """What a database says is wrong, without the rest."""
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
