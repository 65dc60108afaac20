"""How many examples a property test takes."""

from __future__ import annotations

from hypothesis import settings


def effort(examples: int) -> settings:
    """Settings with so many examples under the profile of CI, and in proportion under others.

    >>> effort(2 * 100).max_examples == 2 * settings().max_examples
    True
    """
    return settings(max_examples=max(examples * settings().max_examples // 100, 1))
