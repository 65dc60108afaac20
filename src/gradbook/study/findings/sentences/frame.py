"""A frame of sentences: a pattern, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from gradbook.study.findings.sentences.claims import Builder


@dataclass(frozen=True, slots=True)
class Frame:
    """A pattern with what it says."""

    pattern: str
    build: Builder
    plain: bool = True


def says(build: Builder, *patterns: str, plain: bool = True) -> tuple[Frame, ...]:
    """What is said by each of some patterns."""
    return tuple(Frame(f"{pattern} <adjuncts:x>", build, plain) for pattern in patterns)


def of(build: Builder, *patterns: str, plain: bool = True) -> tuple[Frame, ...]:
    """What is said of a metric of arms, which stands first."""
    return says(build, *(f"{metric} {pattern}" for metric in _OF for pattern in patterns), plain=plain)


_OF = (
    "<quantity:m> of/with/for/at/under/in <s> <adjuncts:w>",
    "<s> 's <quantity:m> <adjuncts:w>",
    "<s> <quantity:m> <adjuncts:w>",
    "with/for/at/under/in <arms:s> (,)? <quantity:m> <adjuncts:w>",
    "<arms:s> , <quantity:m> <adjuncts:w>",
)

#: Words that stand before arms; what sets two beside each other; what opens a sentence about what was found.
AT = "with/for/at/under/in"
VERSUS = "(compared to/with | relative to | in comparison to/with)"
WE = "we/one {obtain/get/achieve/reach/find/see/observe}"
