"""What sentences say of numbers: bounds of a metric, and the metric as a number."""

from __future__ import annotations

import re

from gradbook.study.findings.sentences.claims import (
    Builder,
    Context,
    adjuncts_of,
    amount_of,
    place_of,
    signed,
    subjects_of,
    taking,
)
from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.quantities import Written
from gradbook.study.findings.sentences.words import Word
from gradbook.study.findings.statements import (
    Figure,
    Level,
    Metric,
    Statement,
)


def level(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms lies above a number, below one, or between two."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    found: list[Statement] = []
    for metric in adjuncts.metrics:
        least = amount_of(bound["least"], metric) if "least" in bound else None
        most = amount_of(bound["most"], metric) if "most" in bound else None
        if least is not None and most is not None and least >= most:
            raise Rejected("the first number is not below the second", bound["most"])
        when = place_of(adjuncts.when, context)
        found += [
            signed(Level(arm, metric, least, most, when), no)
            for arm, no in subjects_of(bound["s"], bound["no"], context)
        ]
    return tuple(found)


def figure(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms is a number, as it is written."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    written: Written = bound["f"]
    when = place_of(adjuncts.when, context)
    return tuple(
        signed(Figure(arm, metric, *_rounded(written.number, metric), when, written.about), no)
        for metric in adjuncts.metrics
        for arm, no in subjects_of(bound["s"], bound["no"], context)
    )


def reached(build: Builder) -> Builder:
    """The same, said by a verb that does not say when: the place must be said."""

    def somewhere(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if adjuncts_of(bound).when is None:
            raise Rejected("reached at some time, or at the end? Say where")
        return build(bound, context)

    return somewhere


def _rounded(word: Word, metric: Metric) -> tuple[float, int]:
    """A number, and how many digits it has after the point; per cent are hundredths."""
    value = amount_of(word, metric)
    written = re.match(r"[-−–]?\d*(?:\.(\d*))?(?![\d.]|[eE]|\s*(?:\\times|\\cdot|[·×⋅*^⁰-⁹⁻]))", word.text)
    if written is None or len(written[1] or "") > 9:
        raise Rejected("write this number in decimals", word)
    digits = len(written[1] or "") + 2 * word.percent
    if not digits and metric.value.endswith("accuracy"):
        raise Rejected("to how many digits? Write 1.00, or 100 %", word)
    return round(value, digits), digits
