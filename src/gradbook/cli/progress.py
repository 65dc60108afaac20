"""The progress bar: on a terminal, for work that lasts."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

#: Work that ends sooner shows no bar: it would only flicker.
_PATIENCE = 0.5


class Progress:
    """Counts documents that are done, on standard error, and only if that is a terminal.

    The bar starts from a timer, so that quick work does not even import what draws it.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._bar: tuple[Bar, TaskID] | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._start)
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        if self._total and sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._total = 0
            if self._bar is not None:
                self._bar[0].stop()

    def advance(self) -> None:
        """One more document is done."""
        with self._lock:
            self._done += 1
            if self._bar is not None:
                bar, task = self._bar
                bar.update(task, completed=self._done)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        with self._lock:
            if not self._total:
                return
            # One document gives no measure of how far it is: its bar only moves.
            several = self._total > 1
            count = (MofNCompleteColumn(),) if several else ()
            columns = (TextColumn("checking"), BarColumn(), *count, TimeElapsedColumn())
            bar = Bar(*columns, console=Console(stderr=True), transient=True)
            task = bar.add_task("", total=self._total if several else None, completed=self._done)
            bar.start()
            self._bar = (bar, task)
