"""What sentences say of numbers: bounds of a metric, and the metric as a number."""

from __future__ import annotations

import re
from dataclasses import replace

from gradbook.study.findings.sentences.claims import (
    Builder,
    Context,
    Direction,
    adjuncts_of,
    amount_of,
    epoch_of,
    larger_first,
    metrics_of,
    place_of,
    signed,
    subjects_of,
    taking,
)
from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.naming import Named
from gradbook.study.findings.sentences.quantities import Adjuncts, Span, Written
from gradbook.study.findings.sentences.words import Word
from gradbook.study.findings.statements import (
    Figure,
    Level,
    Manner,
    Metric,
    Reaches,
    Statement,
    Stays,
    When,
)


def level(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms lies above a number, below one, or between two."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    found: list[Statement] = []
    for metric in _measured(adjuncts, bound["least" if "least" in bound else "most"], context):
        least, most = _bounds(bound, metric)
        when = place_of(adjuncts.when, context)
        found += [
            signed(Level(arm, metric, least, most, when), no)
            for arm, no in subjects_of(bound["s"], bound["no"], context)
        ]
    return tuple(found)


def figure(manner: Manner = Manner.IS) -> Builder:
    """A metric of arms is a number, as it is written, or stays at it."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        written: Written = bound["f"]
        when = place_of(adjuncts.when, context)
        if manner is Manner.STAYS and bound["no"]:
            raise Rejected("is it another number, or does it not stay? Say what it is instead")
        if manner is Manner.STAYS and when is not When.END:
            raise Rejected("that it stays at a number is looked at over the last quarter of the epochs only")
        return tuple(
            signed(Figure(arm, metric, *rounded(written.number, metric), when, written.about, manner), no)
            for metric in _measured(adjuncts, written.number, context)
            for arm, no in subjects_of(bound["s"], bound["no"], context)
        )

    return build


def _measured(adjuncts: Adjuncts, number: Word, context: Context) -> tuple[Metric, ...]:
    """The metrics that are meant; a share without one is of the test accuracy."""
    if not adjuncts.metrics and not number.percent:
        raise Rejected("a number of which metric?", number)
    return metrics_of(adjuncts, context)


def figures(build: Builder) -> Builder:
    """The same of several arms, with as many numbers, in the same order."""

    def each(bound: Bound, context: Context) -> tuple[Statement, ...]:
        subject: Named = bound["s"]
        written: tuple[Written, ...] = bound["fs"]
        if subject.joint != "and" or subject.unlike or len(subject.arms) != len(written) or bound["no"]:
            raise Rejected("which number is whose? Name as many arms as numbers, in the same order")
        return tuple(
            statement
            for arm, one in zip(subject.arms, written, strict=True)
            for statement in build({**bound, "s": Named((arm,)), "f": one}, context)
        )

    return each


def coming(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms comes to a number: at a place, by an epoch, or at some time."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    written: Written = bound["f"]
    written = replace(written, only=written.only or "only" in bound)
    return tuple(
        (_falls_short if no else _comes)(arm, metric, written, adjuncts.when, context)
        for metric in _measured(adjuncts, written.number, context)
        for arm, no in subjects_of(bound["s"], bound["no"], context)
    )


def _comes(
    arm: int, metric: Metric, written: Written, when: When | Span | None, context: Context
) -> Statement:
    value, digits = rounded(written.number, metric)
    match when:
        case None | Span("by") if metric.more_is_better is None:
            raise Rejected("at some time, or at the end? Say where")
        case None:
            manner = Manner.ONLY if written.only else Manner.COMES
            return Figure(arm, metric, value, digits, When.END, written.about, manner)
        case Span("by") if written.only:
            raise Rejected("has it come to this by then, or to no more? Say reaches, or never exceeds")
        case Span("by", epoch):
            return Reaches(arm, metric, value, digits, epoch_of(epoch, context), written.about)
        case _:
            return Figure(arm, metric, value, digits, place_of(when, context), written.about)


def _falls_short(
    arm: int, metric: Metric, written: Written, when: When | Span | None, context: Context
) -> Statement:
    value, more = amount_of(written.number, metric), metric.more_is_better
    if written.only or written.about or more is None:
        raise Rejected(
            "does it come to less than that, or to more? Say is below, or is above", written.number
        )
    least, most = (None, value) if more else (value, None)
    match when:
        case None:
            return Stays(arm, metric, least, most)
        case Span("by", epoch):
            return Stays(arm, metric, least, most, until=epoch_of(epoch, context))
        case _:
            return Level(arm, metric, least, most, place_of(when, context))


def peaking(direction: Direction | None = None) -> Builder:
    """The best that a metric of arms has in any epoch is a number."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True)
        written: Written = bound["f"]
        if "d" in bound and bound["s"].joint != "one":
            raise Rejected("the best of all, or of each? Say of which one it is")
        found: list[Statement] = []
        for metric in _measured(adjuncts, written.number, context):
            if not larger_first(direction or bound["d"], metric) == metric.more_is_better:
                raise Rejected("the worst number of a curve is not looked at; say the best, or at the end")
            value, digits = rounded(written.number, metric)
            found += [
                signed(Figure(arm, metric, value, digits, When.END, written.about, Manner.BEST), no)
                for arm, no in subjects_of(bound["s"], bound["no"], context)
            ]
        return tuple(found)

    return build


def keeping(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms stays above a number or below one."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    if adjuncts.when is When.END:
        return level(bound, context)
    found: list[Statement] = []
    for metric in adjuncts.metrics:
        least, most = _bounds(bound, metric)
        start, until = _range(adjuncts.when, context)
        if adjuncts.when is None and _begins_beyond(metric, least, most):
            raise Rejected("from which epoch on? It does not begin there; say from epoch 10, or at the end")
        found += [
            signed(Stays(arm, metric, least, most, start, until), no)
            for arm, no in subjects_of(bound["s"], bound["no"], context)
        ]
    return tuple(found)


def crossing(*, is_state: bool = False) -> Builder:
    """A metric of arms goes above a number, or below one: at a place, by an epoch, or, if that is denied, at no time.

    ``is_state``: said by a verb, such as *exceeds*, that without a place is meant of the end.
    """

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        when = adjuncts.when
        if isinstance(when, Span) and when.kind in ("at", "after") and when.epoch == context.epochs:
            when = When.END
        never = bound["no"] or bound["s"].joint == "nor"
        if isinstance(when, When) or (when is None and is_state and not never):
            return level(bound, context)
        if "least" in bound and "most" in bound:
            raise Rejected("at some time, or at the end? Say where")
        found: list[Statement] = []
        for metric in _measured(adjuncts, bound["least" if "least" in bound else "most"], context):
            above, below = _bounds(bound, metric)
            for arm, no in subjects_of(bound["s"], bound["no"], context):
                if not no and not (isinstance(when, Span) and when.kind == "by"):
                    raise Rejected("at some time, or at the end? Say at the end, or by which epoch")
                if when is None and _begins_beyond(metric, below, None):
                    raise Rejected("from which epoch on? It begins there; say from epoch 10, or at the end")
                start, until = _range(when, context)
                found.append(signed(Stays(arm, metric, below, above, start, until), not no))
        return tuple(found)

    return build


def _bounds(bound: Bound, metric: Metric) -> tuple[float | None, float | None]:
    least = amount_of(bound["least"], metric) if "least" in bound else None
    most = amount_of(bound["most"], metric) if "most" in bound else None
    if least is not None and most is not None and least >= most:
        raise Rejected("the first number is not below the second", bound["most"])
    return least, most


def _begins_beyond(metric: Metric, least: float | None, most: float | None) -> bool:
    """Whether a metric that learning improves begins on the other side of a bound."""
    match metric.more_is_better:
        case True:
            return least is not None
        case False:
            return most is not None if metric is not Metric.GAP else least is not None
        case None:
            return False


def _range(when: When | Span | None, context: Context) -> tuple[int, int | None]:
    """From which epoch, until which."""
    match when:
        case None | Span("every" | "throughout"):
            return 1, None
        case Span("from", epoch):
            return epoch_of(epoch, context), None
        case Span("after", epoch):
            return epoch_of(epoch + 1, context), None
        case Span("until" | "by", epoch):
            return 1, epoch_of(epoch, context)
        case _:
            raise Rejected("in which epochs? Say from an epoch, until an epoch, or in every epoch")


def rounded(word: Word, metric: Metric) -> tuple[float, int]:
    """A number, and how many digits it has after the point; per cent are hundredths."""
    value = amount_of(word, metric)
    written = re.match(r"[-−–]?\d*(?:\.(\d*))?(?![\d.]|[eE]|\s*(?:\\times|\\cdot|[·×⋅*^⁰-⁹⁻]))", word.text)
    if written is None or len(written[1] or "") > 9:
        raise Rejected("write this number in decimals", word)
    digits = len(written[1] or "") + 2 * word.percent
    if not digits and metric.value.endswith("accuracy"):
        raise Rejected("to how many digits? Write 1.00, or 100 %", word)
    return round(value, digits), digits
