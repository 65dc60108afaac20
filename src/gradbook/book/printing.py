"""A page onto paper: printed to PDF by a browser of the Chromium family that is on the machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: What such browsers are called on a path.
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "microsoft-edge-stable", "msedge", "brave-browser", "vivaldi",
)  # fmt: skip
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
)
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)

#: It prints and does nothing else: no network of its own, no profile that stays.
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--no-pings", "--hide-scrollbars", "--no-pdf-header-footer",
    "--run-all-compositor-stages-before-draw", "--virtual-time-budget=20000",
)  # fmt: skip

#: Seconds that printing may take.
_PATIENCE = 120

_DATE = re.compile(rb"/(CreationDate|ModDate) \(D:[0-9]{14}")
_NODE = re.compile(rb"\bnode[0-9]{8}\b")
_FIXED = b"20000101000000"


class PrintingError(RuntimeError):
    """The page could not be printed: why, and what to do, in one sentence."""


def find_browser(wanted: str | None = None) -> str:
    """The browser that was asked for, or the first that is found.

    Raises:
        PrintingError: there is none.
    """
    if wanted is not None:
        found = shutil.which(wanted)
        if found is None:
            raise PrintingError(
                f"--browser {wanted}: no such program; give the path of Chromium, Chrome or Edge"
            )
        return found
    for place in _places():
        found = shutil.which(place)
        if found is not None:
            return found
    raise PrintingError(
        "a PDF is printed by Chromium, Chrome or Edge, and none was found; install one, name it with --browser PATH, "
        "or build the page with --format html and print it from any browser"
    )


def _places() -> Iterator[str]:
    yield from _NAMES
    if sys.platform == "darwin":
        yield from _MAC
        yield from (str(Path.home()) + place for place in _MAC)
    if sys.platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            if root := os.environ.get(variable):
                yield from (str(Path(root) / place) for place in _WINDOWS)


def printed(html: str, wanted: str | None = None) -> bytes:
    """A page as PDF: the same page and the same browser, the same bytes.

    Raises:
        PrintingError: there is no browser, or it did not print.
    """
    browser = find_browser(wanted)
    # A folder in the home of a browser that is kept in a box of its own (snap) is one that it may read.
    with tempfile.TemporaryDirectory(prefix="gradbook-", ignore_cleanup_errors=True) as folder:
        page, out = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={Path(folder, 'profile')}", f"--print-to-pdf={out}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # it refuses to run as root with one
        said = _run([*command, page.as_uri()])
        if not out.exists():
            last = said.strip().splitlines()[-1:] or ["it said nothing"]
            raise PrintingError(
                f"{browser} printed nothing: {last[0][:200]}; try another with --browser PATH"
            )
        return fixed(out.read_bytes())


def _run(command: list[str]) -> str:
    """Run a browser to its end; its processes end with it, whatever happens."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=sys.platform != "win32",
    )
    try:
        return process.communicate(timeout=_PATIENCE)[1]
    except subprocess.TimeoutExpired:
        _end(process)
        raise PrintingError(f"{command[0]} did not finish printing in {_PATIENCE} seconds") from None
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def fixed(data: bytes) -> bytes:
    """A PDF without what differs from one printing to the next; everything keeps its place.

    >>> fixed(b"<</CreationDate (D:20261124114207+00'00')>>")
    b"<</CreationDate (D:20000101000000+00'00')>>"
    """
    data = _DATE.sub(lambda match: b"/" + match[1] + b" (D:" + _FIXED, data)
    # Names of structure elements count from where the browser happens to be; only their order means something.
    places = {name: place for place, name in enumerate(sorted(set(_NODE.findall(data))), 1)}
    return _NODE.sub(lambda match: b"node%08d" % places[match[0]], data)
