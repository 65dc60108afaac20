"""The live table of a study's trials: on a terminal, while it runs."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradbook.study.runner import Snapshot
    from gradbook.study.schema import Trial


class Live:
    """Draws snapshots on standard error, and only if that is a terminal: quiet when piped."""

    def __init__(self) -> None:
        self._live: Any = None
        self._first: float | None = None

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Draw how things stand."""
        if not sys.stderr.isatty():
            return
        if self._live is None:
            from rich.console import Console
            from rich.live import Live as Display

            self._live = Display(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        if self._first is None:
            self._first = snapshot.done
        self._live.update(self._table(snapshot), refresh=True)

    def _table(self, snapshot: Snapshot) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        from gradbook.study.runner import reached
        from gradbook.study.schema import TrialState

        labels = {arm.configuration: arm.label for arm in snapshot.arms}
        total = len(snapshot.trials)
        over = sum(trial.state.over for trial in snapshot.trials)
        table = Table(
            title=f"{snapshot.name}: {over} of {total} trials, {snapshot.done:.0%}, {self._left(snapshot)}",
            title_justify="left",
            box=None,
            padding=(0, 1),
        )
        for column in ("trial", "seed", "", "epoch", "train loss", "test loss", "test acc."):
            table.add_column(column, justify="left" if column in ("trial", "") else "right", no_wrap=True)
        room = max(4, (self._live.console.size.height or 24) - 6)
        chosen = sorted(snapshot.trials, key=_interest)[:room]
        shown = {trial.key for trial in chosen}
        for trial in (t for t in snapshot.trials if t.key in shown):
            last = snapshot.last.get(trial.key, {})
            ended = trial.state in (TrialState.DIVERGED, TrialState.FAILED)
            bar = trial.state.value if ended else ProgressBar(trial.epochs, reached(trial), width=18)
            table.add_row(
                labels.get(trial.configuration, trial.configuration),
                str(trial.seed),
                bar,
                f"{trial.done}/{trial.epochs}",
                *(_number(last.get(name)) for name in ("train_loss", "test_loss", "test_accuracy")),
                style="red" if ended else "dim" if trial.state is TrialState.WAITING else "",
            )
        if len(chosen) < total:
            table.caption = f"and {total - len(chosen)} more"
        return table

    def _left(self, snapshot: Snapshot) -> str:
        gained = snapshot.done - (self._first or 0.0)
        if gained <= 0.005:
            return "time left: not known yet"
        seconds = snapshot.seconds * (1 - snapshot.done) / gained
        if seconds < 90:
            return f"{seconds:.0f} s left"
        return f"{seconds / 60:.0f} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"


def _interest(trial: Trial) -> int:
    from gradbook.study.schema import TrialState

    order = (TrialState.RUNNING, TrialState.FAILED, TrialState.DIVERGED, TrialState.WAITING, TrialState.DONE)
    return order.index(trial.state)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
