"""What sentences say of several arms: one above another, equality, the first of all."""

from __future__ import annotations

from gradbook.study.findings.sentences.claims import (
    GOOD,
    Builder,
    Context,
    Direction,
    adjuncts_of,
    amount_of,
    epoch_of,
    larger_first,
    metrics_of,
    objects_of,
    others_than,
    place_of,
    signed,
    subjects_of,
    taking,
)
from gradbook.study.findings.sentences.figures import rounded
from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.naming import Named
from gradbook.study.findings.sentences.quantities import Adjuncts, By, Span
from gradbook.study.findings.sentences.words import Word
from gradbook.study.findings.statements import (
    Best,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Metric,
    RisesFaster,
    Statement,
    When,
)
from gradbook.study.findings.wording import metric_words

# --- comparisons ---------------------------------------------------------------------------------


def comparison(direction: Direction | None = None, *, lead: bool = False) -> Builder:
    """One arm above another in a metric. ``lead``: from the first epoch on, however long."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = adjuncts_of(bound)
        way: Direction = direction or bound["d"]
        again, named = bound.get("c") or ((), bound.get("b"))
        if again and again != adjuncts.metrics:
            raise Rejected("two different metrics are compared")
        if way[0] == "raw" and not adjuncts.metrics:
            raise Rejected("higher or lower in which metric?")
        subject: Named = bound["s"]
        if bound["no"] and adjuncts.by is not None and adjuncts.by.kind == "exactly":
            raise Rejected("is there no difference, or another one? Say which", adjuncts.by.number)
        named = named or _the_other(subject, context)
        subjects = subjects_of(subject, bound["no"], context, named.arms)
        return tuple(
            signed(_pair(arm, other, metric, way, adjuncts, context, lead=lead), denied)
            for metric in metrics_of(adjuncts, context)
            for arm, no in subjects
            for others, denied in [objects_of(named, no, context, subject.arms or (arm,))]
            for other in others
        )

    return build


def both(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """Two comparisons with the same arm: *a higher accuracy and a lower loss than B*."""
    first, second = bound["m"], bound["n"]
    if bound["no"] or {first.when, second.when} > {None}:
        raise Rejected("which of the two? Say each in a clause of its own")
    ways = ((first, bound["d"]), (second, bound["e"]))
    return tuple(one for m, d in ways for one in comparison()({**bound, "m": m, "d": d}, context))


def refusing(reason: str) -> Builder:
    """What is said often, and has no meaning that is tested."""

    def refuse(bound: Bound, context: Context) -> tuple[Statement, ...]:
        raise Rejected(reason)

    return refuse


def _the_other(subject: Named, context: Context) -> Named:
    if len(context.naming.all) != 2 or len(subject.arms) != 1 or subject.joint != "one":
        raise Rejected("better or worse than which?")
    return Named(others_than(context, subject.arms))


def _pair(
    arm: int, other: int, metric: Metric, way: Direction, adjuncts: Adjuncts, context: Context, *, lead: bool
) -> Statement:
    if arm == other:
        raise Rejected("an arm is compared with itself")
    more, less = (arm, other) if larger_first(way, metric) else (other, arm)
    when = adjuncts.when
    if lead and when in (None, When.CURVE):
        when = Span("whole")
    match when:
        case Span("until" | "first" | "every" | "throughout" | "whole" as kind, epoch):
            if adjuncts.by is not None:
                raise Rejected("by how much is tested at one place, not in each epoch", adjuncts.by.number)
            if metric.more_is_better is None:
                raise Rejected(f"whether more or less {metric_words(metric)} is better depends")
            better, worse = (more, less) if metric.more_is_better else (less, more)
            if kind in ("every", "throughout"):
                if context.epochs is None:
                    raise Rejected("it is not known how many epochs there are; say until which epoch")
                epoch = context.epochs
            if kind == "whole":
                return Dominates(better, worse, metric)
            return Dominates(better, worse, metric, 1 if kind == "first" else epoch_of(epoch, context))
        case _:
            by = adjuncts.by
            if by is not None and by.kind == "exactly" and by.number is not None:
                value, digits = rounded(_points(by.number), metric)
                return ExceedsBy(more, less, metric, value, digits, place_of(when, context), by.about)
            by = 0.0 if by is None else _least(by, metric)
            return Exceeds(more, less, metric, place_of(when, context), by)


def _points(word: Word) -> Word:
    """The number of an exact difference, which must not be one that may be relative."""
    if word.percent and "%" in word.text:
        raise Rejected("points, or per cent of the other? Write points, as in 2 points", word)
    return word


def _least(by: By, metric: Metric) -> float:
    if by.kind == "less":
        raise Rejected("a difference of less than that is no claim about which is larger", by.number)
    if by.number is None:
        raise Rejected("say by more than which number")
    return amount_of(by.number, metric)


# --- equality ------------------------------------------------------------------------------------


def equality(*, differs: bool = False) -> Builder:
    """Arms that do not differ in a metric by more than a margin; ``differs``: said by the opposite."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = adjuncts_of(bound)
        again, named = bound.get("c") or ((), bound.get("b"))
        if again and again != adjuncts.metrics:
            raise Rejected("two different metrics are compared")
        groups = _groups(bound["s"], named, bound["no"], context)
        return _equal(groups, adjuncts, bound["no"], differs, context)

    return build


def _groups(subject: Named, named: Named | None, no: bool, context: Context) -> tuple[tuple[int, ...], ...]:
    """The arms of which any two are compared: all of the subject; or each of it with each that is named beside."""
    if subject.unlike or subject.joint not in ("one", "and", "all", "others"):
        raise Rejected("of which arms this is said is not clear; name them")
    if subject.joint == "all" and no:
        raise Rejected("none of them, or not all? Name those that are meant")
    arms = others_than(context, context.before) if subject.joint == "others" else subject.arms
    if named is None:
        if len(arms) < 2:
            raise Rejected("the same as which?")
        return (arms,)
    others, _ = objects_of(named, no, context, arms)
    if named.joint == "nor" or set(arms) & set(others):
        raise Rejected("with which arms this is compared is not clear; name others")
    return tuple((arm, other) for arm in arms for other in others)


def _equal(
    groups: tuple[tuple[int, ...], ...],
    adjuncts: Adjuncts,
    no: bool,
    differs: bool,
    context: Context,
    *,
    whole: bool = False,
) -> tuple[Statement, ...]:
    """Arms are equal, or not; of the ``whole`` study, that they are not all equal may be said."""
    by = adjuncts.by
    if by is not None and not differs:
        raise Rejected("the same, and by how much? Say 'differ by less than'", by.number)
    if by is not None and by.kind == "exactly":
        raise Rejected("by this, or by less? Say by less than, or which is higher by that", by.number)
    every = adjuncts.when in (Span("every"), Span("throughout"))
    # Arms that differ by less than a margin are equal to within it; by more, or by anything, they are not.
    unequal = no != (differs and (by is None or by.kind == "more"))
    if unequal and not whole and any(len(arms) > 2 for arms in groups):
        raise Rejected("not all the same, or each from each? Say it of two")
    when = When.END if every else place_of(adjuncts.when, context)
    return tuple(
        signed(
            Equivalent(
                arms,
                metric,
                when,
                None if by is None or by.number is None else margin_of(by.number, metric),
                every,
            ),
            unequal,
        )
        for metric in metrics_of(adjuncts, context)
        for arms in groups
    )


def margin_of(word: Word, metric: Metric) -> float:
    """A margin that a sentence names."""
    margin = amount_of(word, metric)
    if margin <= 0:
        raise Rejected("no two arms differ by less than that; a margin is above 0", word)
    return margin


def indifferent(*, flip: bool) -> Builder:
    """A metric that a setting does not change: all arms are equal in it."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if len(context.naming.settings) != 1:
            raise Rejected("several settings vary; say which arms do not differ")
        if len(context.naming.all) < 2:
            raise Rejected("there is one arm only")
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        return _equal((context.naming.all,), adjuncts, bound["no"] != flip, False, context, whole=True)

    return build


# --- ranks, and rises ----------------------------------------------------------------------------


def best(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """One arm is the best of all."""
    adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
    subject: Named = bound["s"]
    if subject.joint != "one" or len(context.naming.all) < 2:
        raise Rejected("one of several can be the best; say of which this is claimed")
    when = place_of(adjuncts.when, context)
    return tuple(
        signed(Best(subject.arms[0], metric, when), bound["no"]) for metric in metrics_of(adjuncts, context)
    )


def extreme(direction: Direction | None = None) -> Builder:
    """The highest, lowest or worst of all: above or below each other arm. (The best is chosen: another claim.)"""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        way: Direction = direction or bound["d"]
        if way == GOOD:
            return best(bound, context)
        if bound["no"]:
            raise Rejected("not the first of all is a claim about no pair; say which arm is above it")
        if bound["s"].joint != "one" or len(context.naming.all) < 2:
            raise Rejected("one of several can be that; say of which this is claimed")
        return comparison(way)({**bound, "b": Named((), "others")}, context)

    return build


def rising(sign: int) -> Builder:
    """The test loss of one arm rises faster (1) or slower (-1) than that of another."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        again, named = bound["c"]
        if adjuncts.metrics != (Metric.TEST_LOSS,) or (again and again != adjuncts.metrics):
            raise Rejected("how fast a curve rises is tested of the test loss only")
        if adjuncts.when is not None and adjuncts.when != Span("onset"):
            raise Rejected(
                "how fast a loss rises is measured from the onset of overfitting on, not from elsewhere"
            )
        subject: Named = bound["s"]
        found: list[Statement] = []
        for arm, no in subjects_of(subject, bound["no"], context, named.arms):
            others, denied = objects_of(named, no, context, (arm,))
            for other in others:
                if arm == other:
                    raise Rejected("an arm is compared with itself")
                pair = (arm, other) if sign > 0 else (other, arm)
                found.append(signed(RisesFaster(*pair), denied))
        return tuple(found)

    return build
