"""Bounds on work: every long loop of the core asks a clock, every product asks its size first.

A document is untrusted, so a bound that is hit ends the line with its name, never with a hang.
"""

from __future__ import annotations

from time import monotonic, thread_time


class BoundHit(Exception):
    """A bound on size, depth or time was hit; the message names it."""


#: Most terms that a polynomial may be expected to have after a multiplication.
MAX_TERMS = 60_000
#: Most bits of an exact power of numbers.
MAX_BITS = 8_192
#: Largest integer exponent that is expanded.
MAX_EXPONENT = 2_048
#: Most nodes of a formula with its definitions put in, or of a derivative.
MAX_NODES = 40_000
#: Largest explicit range of a sum that is written out.
MAX_RANGE = 400


class Budget:
    """So many seconds of this thread's work: what else the machine does takes nothing from them.

    >>> Budget(60.0).spent, Budget(-1.0).spent
    (False, True)
    """

    __slots__ = ("_began", "_soonest", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._soonest = monotonic() + seconds
        self._began = thread_time()

    @property
    def spent(self) -> bool:
        """Whether nothing is left. Before so much time has passed at all, the dearer clock is not asked."""
        return monotonic() > self._soonest and self.left < 0

    @property
    def left(self) -> float:
        """Seconds that are left; negative when it is overdrawn."""
        return self.seconds - (thread_time() - self._began)


class Clock(Budget):
    """A deadline for one line.

    >>> Clock(60.0).check()
    >>> Clock(-1.0).check()
    Traceback (most recent call last):
    ...
    gradbook.symbolic.bounds.BoundHit: the deadline of -1 s for a line
    """

    __slots__ = ()

    def check(self) -> None:
        """Raise BoundHit when time is up."""
        if monotonic() > self._soonest and self.left < 0:  # as ``spent``, which is a call more
            raise BoundHit(f"the deadline of {self.seconds:g} s for a line")
