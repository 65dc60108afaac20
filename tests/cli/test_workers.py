"""Work in processes that die."""

from __future__ import annotations

import signal

import pytest

from gradbook.cli.workers import each

# A signal whose default action is to be ignored stands for work that is done, one that kills for work that
# ends its process; both are raised for real in the process that does the work.
HARMLESS = signal.SIGURG if hasattr(signal, "SIGURG") else None
DEADLY = signal.SIGKILL if hasattr(signal, "SIGKILL") else None

pytestmark = pytest.mark.skipif(HARMLESS is None, reason="needs the signals of POSIX")


def outcomes(signals: list[signal.Signals | None], jobs: int) -> dict[int, str | None]:
    return dict(each(dict(enumerate(signals)), signal.raise_signal, lambda _: "died", jobs=jobs))  # type: ignore[arg-type]


def test_every_item_has_its_outcome() -> None:
    assert dict(each(dict(enumerate(range(-5, 5))), abs, lambda _: -1, jobs=3)) == {
        place: abs(value) for place, value in enumerate(range(-5, 5))
    }


@pytest.mark.parametrize("place", [0, 2, 4])
def test_only_the_item_that_kills_its_process_is_lost(place: int) -> None:
    signals = [HARMLESS] * 5
    signals[place] = DEADLY
    assert outcomes(signals, jobs=2) == {n: "died" if n == place else None for n in range(5)}


def test_all_may_die() -> None:
    assert outcomes([DEADLY] * 3, jobs=2) == {0: "died", 1: "died", 2: "died"}


def test_no_items() -> None:
    assert list(each({}, abs, abs, jobs=4)) == []
