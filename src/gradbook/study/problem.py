"""What is wrong with a study, for the person who wrote it."""

from __future__ import annotations


class StudyError(ValueError):
    """A study that cannot be run as it is written: where, what was expected, what was found, what to do.

    The message is one sentence that a face prints as it stands.
    """


def changed(study: str) -> str:
    """What to say where the rest of a study would be trained with other code or data than what is recorded."""
    return (
        f"{study}: its model or its data are no longer those that it began with; put them back, "
        "or run its file again, which trains it anew"
    )
