"""What the parts of a sentence say together: arms, joined and denied; places, amounts and directions.

A frame takes everything that stands in it, or refuses: what it cannot say is never left out. What each kind of frame
says stands in :mod:`.comparisons`, :mod:`.courses` and :mod:`.figures`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.naming import Named, Naming
from gradbook.study.findings.sentences.quantities import Adjuncts, Span
from gradbook.study.findings.sentences.words import Word
from gradbook.study.findings.statements import (
    Denied,
    Metric,
    Statement,
    When,
)
from gradbook.study.findings.wording import metric_words

Direction = tuple[str, int]
"""``raw`` (higher, lower) or ``good`` (better, worse), and 1 or -1."""

UP, DOWN, GOOD, BAD = ("raw", 1), ("raw", -1), ("good", 1), ("good", -1)


@dataclass(frozen=True, slots=True)
class Context:
    """What a frame must know beside its words: the study, and the arms and metrics that the clause before it named."""

    naming: Naming
    epochs: int | None
    before: tuple[int, ...] = ()
    measured: frozenset[Metric] = frozenset()


Builder = Callable[[Bound, Context], tuple[Statement, ...]]


# --- arms, joined and denied ---------------------------------------------------------------------


def subjects_of(
    named: Named, no: bool, context: Context, objects: tuple[int, ...] = ()
) -> list[tuple[int, bool]]:
    """Each arm that something is said of, with whether it is denied of it."""
    everyone = context.naming.all
    match named.joint:
        case "or" | "any others":
            raise Rejected("which of them? Say it of each in a sentence of its own")
        case "nor":
            if no:
                raise Rejected("denied twice; say it without one of the two")
            return [(arm, True) for arm in named.arms]
        case "only":
            rest = [arm for arm in everyone if arm not in named.arms and arm not in objects]
            return [(arm, no) for arm in named.arms] + [(arm, not no) for arm in rest]
        case "others":
            return [(arm, no) for arm in others_than(context, objects or context.before)]
        case "all" if no and len(named.arms) > 1:
            raise Rejected("none of them, or not all? Say 'none of the models', or name those that are meant")
        case _:
            return [(arm, no) for arm in named.arms] + [(arm, not no) for arm in named.unlike]


def others_than(context: Context, but: tuple[int, ...]) -> tuple[int, ...]:
    """All arms but some."""
    rest = tuple(arm for arm in context.naming.all if arm not in but)
    if not but or not rest:
        raise Rejected("it is not said which others")
    return rest


def objects_of(
    named: Named, no: bool, context: Context, subjects: tuple[int, ...]
) -> tuple[tuple[int, ...], bool]:
    """The arms that something is compared with, and whether that is denied."""
    arms = others_than(context, subjects) if named.joint in ("others", "any others") else named.arms
    if named.unlike or named.joint == "only":
        raise Rejected("this can be said of the first arm of a comparison only")
    match named.joint:
        case "nor":
            if no:
                raise Rejected("denied twice; say it without one of the two")
            return arms, True
        case "or" if not no:
            raise Rejected("which of them? Say it of each in a sentence of its own")
        case "and" | "all" | "others" if no and len(arms) > 1:
            raise Rejected("not one of them, or not all of them? Say it of each in a sentence of its own")
        case _:
            return arms, no


def signed(statement: Statement, no: bool) -> Statement:
    """A statement, or its denial."""
    return Denied(statement) if no else statement


def said_of(
    bound: Bound, context: Context, make: Callable[[int], Statement], *, flip: bool = False
) -> tuple[Statement, ...]:
    """A statement about each arm that is the subject."""
    return tuple(signed(make(arm), no) for arm, no in subjects_of(bound["s"], bound["no"] != flip, context))


# --- adjuncts and numbers ------------------------------------------------------------------------


#: The names by which patterns bind adjuncts.
ADJUNCTS = ("before", "w", "x", "y", "z")


def adjuncts_of(bound: Bound) -> Adjuncts:
    """All that stands beside, from each place of the pattern; with the metric where the pattern has one."""
    found = Adjuncts()
    parts: list[Adjuncts] = [bound[name] for name in ADJUNCTS if name in bound]
    if (quantity := bound.get("m")) is not None:
        parts.append(Adjuncts(quantity.metrics, quantity.when, bare=quantity.bare))
    for part in parts:
        both = found.and_(part)
        if both is None:
            raise Rejected("the metric, the place or the amount is said twice")
        found = both
    return replace(found, metrics=found.measured(), bare=False, split="")


def named_metrics(bound: Bound) -> frozenset[Metric]:
    """The metrics that a clause names, and does not leave to be understood."""
    parts = [bound[name].measured() for name in ADJUNCTS if name in bound]
    parts += [bound[name].metrics for name in ("m", "n") if bound.get(name) is not None]
    return frozenset(metric for metrics in parts for metric in metrics)


def metrics_of(adjuncts: Adjuncts, context: Context) -> tuple[Metric, ...]:
    """The metrics that are meant: where none is named, the test accuracy, unless there was another just before."""
    if not adjuncts.metrics and context.measured - {Metric.TEST_ACCURACY}:
        raise Rejected("in which metric? Another than test accuracy was named before; say it again")
    return adjuncts.metrics or (Metric.TEST_ACCURACY,)


def taking(adjuncts: Adjuncts, *, metrics: bool = False, when: bool = False, by: bool = False) -> Adjuncts:
    """The adjuncts, if a frame can take them all."""
    if adjuncts.metrics and not metrics:
        raise Rejected(f"{metric_words(adjuncts.metrics[0])} has no place in what this sentence says")
    if adjuncts.when and not when:
        raise Rejected("where on the curve has no place in what this sentence says")
    if adjuncts.by and not by:
        raise Rejected("an amount has no place in what this sentence says", adjuncts.by.number)
    return adjuncts


def place_of(when: When | Span | None, context: Context, default: When = When.END) -> When:
    """The place on a curve of the vocabulary."""
    match when:
        case None:
            return default
        case When():
            return when
        case Span("at" | "after", epoch) if epoch == context.epochs:
            return When.END
        case Span("at" | "after" | "from", epoch):
            raise Rejected(
                f"what holds at epoch {epoch} is not tested; say at the end, at the best epoch, over the whole curve, "
                "or until an epoch"
            )
        case _:
            raise Rejected(
                "this is tested at the end, at the best epoch or in the mean over the whole curve, not in each epoch"
            )


def amount_of(word: Word, metric: Metric) -> float:
    """An amount in the unit of a metric: shares for accuracies, where a per cent is one in a hundred."""
    accuracy = metric.value.endswith("accuracy")
    if word.value < 0 and metric is not Metric.GAP:
        raise Rejected(f"{metric_words(metric)} is never below 0", word)
    if accuracy and word.value > 1:
        raise Rejected(f"accuracies are shares: write {word.text} % or {word.value / 100:g}", word)
    if word.percent and not accuracy:
        raise Rejected(f"per cent of what? {metric_words(metric)} is not a share", word)
    return word.value


def larger_first(direction: Direction, metric: Metric) -> bool:
    """Whether a direction means that the arm named first has the larger value."""
    kind, sign = direction
    if kind == "raw":
        return sign > 0
    if metric.more_is_better is None:
        raise Rejected(f"whether more or less {metric_words(metric)} is better depends; say higher or lower")
    return (sign > 0) == metric.more_is_better


def epoch_of(epoch: int, context: Context) -> int:
    """An epoch, if there is such a one."""
    if context.epochs is not None and epoch > context.epochs:
        raise Rejected(f"there is no epoch {epoch}: the study has {context.epochs}")
    return epoch


def denying(build: Builder) -> Builder:
    """The opposite of what a frame says, where its own words have that: *is no better than*."""

    def opposite(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if bound["no"]:
            raise Rejected("denied twice; say it without one of the two")
        return build({**bound, "no": True}, context)

    return opposite
