"""What is wrong with a study, for the person who wrote it."""

from __future__ import annotations


class StudyError(ValueError):
    """A study that cannot be run as it is written: where, what was expected, what was found, what to do.

    The message is one sentence that a face prints as it stands.
    """
