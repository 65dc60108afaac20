"""How a build goes on: on a terminal, a bar of its blocks, and the live table of a study that is run."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gradbook.cli.study_live import Live

if TYPE_CHECKING:
    from gradbook.study.runner import Snapshot


class BuildLive:
    """Draws on standard error, and only if that is a terminal: quiet when piped."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._table: Live | None = None

    def __enter__(self) -> BuildLive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_table()
        if self._bar is not None:
            self._bar.stop()

    def total(self, count: int) -> None:
        """So many pieces of work there are."""
        if not self._shown:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=count)
        self._bar.start()

    def begin(self, told: str) -> None:
        """What is being done now."""
        if self._bar is not None:
            from rich.markup import escape

            self._bar.update(self._task, description=escape(told[:60]))

    def done(self) -> None:
        """One piece of work is done."""
        self._end_table()
        if self._bar is not None:
            self._bar.advance(self._task)

    def study(self, snapshot: Snapshot) -> None:
        """The table of trials takes the place of the bar while a study is run."""
        if not self._shown:
            return
        if self._table is None:
            if self._bar is not None:
                self._bar.stop()
            self._table = Live()
            self._table.__enter__()
        self._table.show(snapshot)

    def _end_table(self) -> None:
        if self._table is not None:
            self._table.__exit__(None, None, None)
            self._table = None
            if self._bar is not None:
                self._bar.start()
