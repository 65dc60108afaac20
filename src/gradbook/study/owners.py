"""Who holds a lease: a process, named so that another on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import platform
import secrets
from functools import cache
from pathlib import Path


def me() -> str:
    """The name of this process as an owner: machine, its start, process, its start, and a random part."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(4)}"


def of(pid: int, owner: str) -> bool:
    """Whether an owner is the process of this machine with this number.

    >>> of(os.getpid(), me())
    True
    """
    return owner.startswith(f"{_machine()}/{pid}/")


def surely_dead(owner: str) -> bool:
    """Whether a process is known to be gone; of another machine's we know nothing.

    >>> surely_dead(me())
    False
    """
    parts = owner.rsplit("/", 3)
    if len(parts) != 4:
        return False
    machine, pid, started, _ = parts
    host, _, boot = machine.partition("@")
    ours, _, our_boot = _machine().partition("@")
    if host != ours:
        return False
    return boot != our_boot or _started(int(pid)) != started


@cache
def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        since = boot.read_text(encoding="ascii").strip()[:8]
    except OSError:
        since = ""
    return f"{platform.node() or 'machine'}@{since}"


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; "gone" if there is none, "" where this cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return "gone"
        return "" if _exists(pid) else "gone"
    except OSError:
        return ""
    after = stat.rpartition(")")[2].split()
    # A zombie has stopped working, though its number is still in use.
    return "gone" if after[0] == "Z" else after[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
