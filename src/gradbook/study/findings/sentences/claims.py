"""What the parts of a sentence say together: the statements that each kind of frame makes.

A frame takes everything that stands in it, or refuses: what it cannot say is never left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.naming import Named, Naming
from gradbook.study.findings.sentences.quantities import Adjuncts, By, Span, Written
from gradbook.study.findings.sentences.words import Word
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    Figure,
    Improving,
    Learns,
    Level,
    Metric,
    Overfits,
    Response,
    RisesFaster,
    Shape,
    Statement,
    When,
)
from gradbook.study.findings.wording import metric_words

Direction = tuple[str, int]
"""``raw`` (higher, lower) or ``good`` (better, worse), and 1 or -1."""

UP, DOWN, GOOD, BAD = ("raw", 1), ("raw", -1), ("good", 1), ("good", -1)


@dataclass(frozen=True, slots=True)
class Context:
    """What a frame must know beside its words: the study, and the arms that the clause before it named."""

    naming: Naming
    epochs: int | None
    before: tuple[int, ...] = ()


Builder = Callable[[Bound, Context], tuple[Statement, ...]]


# --- arms, joined and denied ---------------------------------------------------------------------


def _subjects(
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
            return [(arm, no) for arm in _others(context, objects or context.before)]
        case "all" if no and len(named.arms) > 1:
            raise Rejected("none of them, or not all? Say 'none of the models', or name those that are meant")
        case _:
            return [(arm, no) for arm in named.arms] + [(arm, not no) for arm in named.unlike]


def _others(context: Context, but: tuple[int, ...]) -> tuple[int, ...]:
    rest = tuple(arm for arm in context.naming.all if arm not in but)
    if not but or not rest:
        raise Rejected("it is not said which others")
    return rest


def _objects(
    named: Named, no: bool, context: Context, subjects: tuple[int, ...]
) -> tuple[tuple[int, ...], bool]:
    """The arms that something is compared with, and whether that is denied."""
    arms = _others(context, subjects) if named.joint in ("others", "any others") else named.arms
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


def _signed(statement: Statement, no: bool) -> Statement:
    return Denied(statement) if no else statement


def _said_of(
    bound: Bound, context: Context, make: Callable[[int], Statement], *, flip: bool = False
) -> tuple[Statement, ...]:
    """A statement about each arm that is the subject."""
    return tuple(_signed(make(arm), no) for arm, no in _subjects(bound["s"], bound["no"] != flip, context))


# --- adjuncts and numbers ------------------------------------------------------------------------


def _adjuncts(bound: Bound) -> Adjuncts:
    """All that stands beside, from each place of the pattern; with the metric where the pattern has one."""
    found = Adjuncts()
    parts: list[Adjuncts] = [bound[name] for name in ("before", "w", "x", "y") if name in bound]
    if (quantity := bound.get("m")) is not None:
        parts.append(Adjuncts(quantity.metrics, quantity.when, bare=quantity.bare))
    for part in parts:
        both = found.and_(part)
        if both is None:
            raise Rejected("the metric, the place or the amount is said twice")
        found = both
    return replace(found, metrics=found.measured(), bare=False, split="")


def _only(adjuncts: Adjuncts, *, metrics: bool = False, when: bool = False, by: bool = False) -> Adjuncts:
    """The adjuncts, if a frame can take them all."""
    if adjuncts.metrics and not metrics:
        raise Rejected(f"{metric_words(adjuncts.metrics[0])} has no place in what this sentence says")
    if adjuncts.when and not when:
        raise Rejected("where on the curve has no place in what this sentence says")
    if adjuncts.by and not by:
        raise Rejected("an amount has no place in what this sentence says", adjuncts.by.number)
    return adjuncts


def _place(when: When | Span | None, context: Context, default: When = When.END) -> When:
    """The place on a curve of the vocabulary."""
    match when:
        case None:
            return default
        case When():
            return when
        case Span("throughout"):
            return When.CURVE
        case Span("at" | "after", epoch) if epoch == context.epochs:
            return When.END
        case Span("at" | "after" | "from", epoch):
            raise Rejected(
                f"what holds at epoch {epoch} is not tested; say at the end, at the best epoch, over the whole curve, "
                "or until an epoch"
            )
        case _:
            raise Rejected(
                "this is tested at the end, at the best epoch or over the whole curve, not in each epoch"
            )


def _number(word: Word, metric: Metric) -> float:
    """An amount in the unit of a metric: shares for accuracies, where a per cent is one in a hundred."""
    accuracy = metric.value.endswith("accuracy")
    if word.value < 0 and metric is not Metric.GAP:
        raise Rejected(f"{metric_words(metric)} is never below 0", word)
    if accuracy and word.value > 1:
        raise Rejected(f"accuracies are shares: write {word.text} % or {word.value / 100:g}", word)
    if word.percent and not accuracy:
        raise Rejected(f"per cent of what? {metric_words(metric)} is not a share", word)
    return word.value


def _larger_first(direction: Direction, metric: Metric) -> bool:
    kind, sign = direction
    if kind == "raw":
        return sign > 0
    if metric.more_is_better is None:
        raise Rejected(f"whether more or less {metric_words(metric)} is better depends; say higher or lower")
    return (sign > 0) == metric.more_is_better


# --- comparisons ---------------------------------------------------------------------------------


def comparison(direction: Direction | None = None, *, lead: bool = False) -> Builder:
    """One arm above another in a metric. ``lead``: from the first epoch on, however long."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _adjuncts(bound)
        way: Direction = direction or bound["d"]
        again, named = bound.get("c") or ((), bound.get("b"))
        if again and again != adjuncts.metrics:
            raise Rejected("two different metrics are compared")
        if way[0] == "raw" and not adjuncts.metrics:
            raise Rejected("higher or lower in which metric?")
        subject: Named = bound["s"]
        named = named or _the_other(subject, context)
        subjects = _subjects(subject, bound["no"], context, named.arms)
        return tuple(
            _signed(_pair(arm, other, metric, way, adjuncts, context, lead=lead), denied)
            for metric in adjuncts.metrics or (Metric.TEST_ACCURACY,)
            for arm, no in subjects
            for others, denied in [_objects(named, no, context, subject.arms or (arm,))]
            for other in others
        )

    return build


def _the_other(subject: Named, context: Context) -> Named:
    if len(context.naming.all) != 2 or len(subject.arms) != 1 or subject.joint != "one":
        raise Rejected("better or worse than which?")
    return Named(_others(context, subject.arms))


def _pair(
    arm: int, other: int, metric: Metric, way: Direction, adjuncts: Adjuncts, context: Context, *, lead: bool
) -> Statement:
    if arm == other:
        raise Rejected("an arm is compared with itself")
    more, less = (arm, other) if _larger_first(way, metric) else (other, arm)
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
            return Dominates(better, worse, metric, 1 if kind == "first" else _epoch(epoch, context))
        case _:
            by = 0.0 if adjuncts.by is None else _least(adjuncts.by, metric)
            return Exceeds(more, less, metric, _place(when, context), by)


def _least(by: By, metric: Metric) -> float:
    if by.kind == "less":
        raise Rejected("a difference of less than that is no claim about which is larger", by.number)
    if by.number is None:
        raise Rejected("say by more than which number")
    return _number(by.number, metric)


def _epoch(epoch: int, context: Context) -> int:
    if context.epochs is not None and epoch > context.epochs:
        raise Rejected(f"there is no epoch {epoch}: the study has {context.epochs}")
    return epoch


# --- equality ------------------------------------------------------------------------------------


def equality(*, differs: bool = False) -> Builder:
    """Arms that do not differ in a metric by more than a margin; ``differs``: said by the opposite."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _adjuncts(bound)
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
    arms = _others(context, context.before) if subject.joint == "others" else subject.arms
    if named is None:
        if len(arms) < 2:
            raise Rejected("the same as which?")
        return (arms,)
    others, _ = _objects(named, no, context, arms)
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
    if isinstance(adjuncts.when, Span) and adjuncts.when.kind == "every":
        raise Rejected("that arms are equal in every epoch is not tested; say over the whole curve")
    # Arms that differ by less than a margin are equal to within it; by more, or by anything, they are not.
    unequal = no != (differs and (by is None or by.kind == "more"))
    if unequal and not whole and any(len(arms) > 2 for arms in groups):
        raise Rejected("not all the same, or each from each? Say it of two")
    when = _place(adjuncts.when, context)
    return tuple(
        _signed(
            Equivalent(
                arms, metric, when, None if by is None or by.number is None else margin_of(by.number, metric)
            ),
            unequal,
        )
        for metric in adjuncts.metrics or (Metric.TEST_ACCURACY,)
        for arms in groups
    )


def margin_of(word: Word, metric: Metric) -> float:
    """A margin that a sentence names."""
    margin = _number(word, metric)
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
        adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
        return _equal((context.naming.all,), adjuncts, bound["no"] != flip, False, context, whole=True)

    return build


# --- one arm -------------------------------------------------------------------------------------


def learning(*, flip: bool = False, needs: bool | None = None) -> Builder:
    """Arms learn; ``flip``: the words deny it; ``needs``: they go with a denied verb, or with an affirmed one."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if needs is not None and bound["no"] != needs:
            raise Rejected("these words do not go together")
        denied = bound["no"] != flip
        adjuncts = _adjuncts(bound)
        if not (denied and (adjuncts.when is When.CURVE or adjuncts.when == Span("throughout"))):
            _only(adjuncts)
        _only(adjuncts, when=True)
        return _said_of(bound, context, Learns, flip=flip)

    return build


def overfitting(*, flip: bool = False) -> Builder:
    """Arms overfit, perhaps from an epoch on."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _only(_adjuncts(bound), metrics="m" in bound, when=True)
        if "m" in bound and adjuncts.metrics != (Metric.TEST_LOSS,):
            raise Rejected("that a curve rises is tested of the test loss only, where it means overfitting")
        match adjuncts.when:
            case None:
                start = None
            case Span() if bound["no"] != flip:
                raise Rejected(
                    "does it not overfit, or does that start elsewhere? Say which, without the other"
                )
            case Span("at" | "after" | "from", epoch):
                start = _epoch(epoch, context)
            case _:
                raise Rejected("where overfitting starts is told by an epoch: from epoch 10")
        return _said_of(bound, context, lambda arm: Overfits(arm, start), flip=flip)

    return build


def rising(sign: int) -> Builder:
    """The test loss of one arm rises faster (1) or slower (-1) than that of another."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
        again, named = bound["c"]
        if adjuncts.metrics != (Metric.TEST_LOSS,) or (again and again != adjuncts.metrics):
            raise Rejected("how fast a curve rises is tested of the test loss only")
        if adjuncts.when is not None and adjuncts.when != Span("onset"):
            raise Rejected(
                "how fast a loss rises is measured from the onset of overfitting on, not from elsewhere"
            )
        subject: Named = bound["s"]
        found: list[Statement] = []
        for arm, no in _subjects(subject, bound["no"], context, named.arms):
            others, denied = _objects(named, no, context, (arm,))
            for other in others:
                if arm == other:
                    raise Rejected("an arm is compared with itself")
                pair = (arm, other) if sign > 0 else (other, arm)
                found.append(_signed(RisesFaster(*pair), denied))
        return tuple(found)

    return build


def best(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """One arm is the best of all."""
    adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
    subject: Named = bound["s"]
    if subject.joint != "one" or len(context.naming.all) < 2:
        raise Rejected("one of several can be the best; say of which this is claimed")
    when = _place(adjuncts.when, context)
    return tuple(
        _signed(Best(subject.arms[0], metric, when), bound["no"])
        for metric in adjuncts.metrics or (Metric.TEST_ACCURACY,)
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


def diverging(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """Arms come to numbers that are not finite."""
    if "m" in bound and not all(metric.value.endswith("loss") for metric in bound["m"].metrics):
        raise Rejected("a loss can become NaN, and no accuracy can")
    _only(_adjuncts({**bound, "m": None}))
    return _said_of(bound, context, Diverges)


def improving(direction: Direction = GOOD, *, flip: bool = False) -> Builder:
    """A curve still goes in the good direction; ``direction`` is how it is said to go."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
        if _place(adjuncts.when, context) is not When.END:
            raise Rejected("whether a curve still improves is tested at its end")
        found: list[Statement] = []
        for metric in adjuncts.metrics or (Metric.VALIDATION_LOSS,):
            if direction != GOOD and _larger_first(GOOD, metric) != (direction == UP):
                raise Rejected(f"{metric_words(metric)} that goes this way gets worse; that is not tested")
            found += [
                _signed(Improving(arm, metric), no)
                for arm, no in _subjects(bound["s"], bound["no"] != flip, context)
            ]
        return tuple(found)

    return build


def level(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms lies above a number, below one, or between two."""
    adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
    found: list[Statement] = []
    for metric in adjuncts.metrics:
        least = _number(bound["least"], metric) if "least" in bound else None
        most = _number(bound["most"], metric) if "most" in bound else None
        if least is not None and most is not None and least >= most:
            raise Rejected("the first number is not below the second", bound["most"])
        when = _place(adjuncts.when, context)
        found += [
            _signed(Level(arm, metric, least, most, when), no)
            for arm, no in _subjects(bound["s"], bound["no"], context)
        ]
    return tuple(found)


def figure(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """A metric of arms is a number, as it is written."""
    adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
    written: Written = bound["f"]
    when = _place(adjuncts.when, context)
    return tuple(
        _signed(Figure(arm, metric, *_rounded(written.number, metric), when, written.about), no)
        for metric in adjuncts.metrics
        for arm, no in _subjects(bound["s"], bound["no"], context)
    )


def reached(build: Builder) -> Builder:
    """The same, said by a verb that does not say when: the place must be said."""

    def somewhere(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if _adjuncts(bound).when is None:
            raise Rejected("reached at some time, or at the end? Say where")
        return build(bound, context)

    return somewhere


def _rounded(word: Word, metric: Metric) -> tuple[float, int]:
    """A number, and how many digits it has after the point; per cent are hundredths."""
    value = _number(word, metric)
    written = re.match(r"[-−–]?\d*(?:\.(\d*))?(?![\d.]|[eE]|\s*(?:\\times|\\cdot|[·×⋅*^⁰-⁹⁻]))", word.text)
    if written is None or len(written[1] or "") > 9:
        raise Rejected("write this number in decimals", word)
    digits = len(written[1] or "") + 2 * word.percent
    if not digits and metric.value.endswith("accuracy"):
        raise Rejected("to how many digits? Write 1.00, or 100 %", word)
    return round(value, digits), digits


# --- responses -----------------------------------------------------------------------------------


def response(shape: Shape | None = None, *, falling: bool = False) -> Builder:
    """How a metric answers to a setting; ``falling``: said of a setting that gets smaller."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = _only(_adjuncts(bound), metrics=True, when=True)
        setting = bound["setting"]
        if not context.naming.numeric(setting):
            raise Rejected(f"the values of {setting} are no numbers, so nothing rises or falls with them")
        found: list[Statement] = []
        for metric in adjuncts.metrics:
            answer = shape or (Shape.INCREASING if _larger_first(bound["d"], metric) else Shape.DECREASING)
            if falling:
                answer = Shape.DECREASING if answer is Shape.INCREASING else Shape.INCREASING
            found.append(
                _signed(Response(setting, metric, answer, _place(adjuncts.when, context)), bound["no"])
            )
        return tuple(found)

    return build


def denying(build: Builder) -> Builder:
    """The opposite of what a frame says, where its own words have that: *is no better than*."""

    def opposite(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if bound["no"]:
            raise Rejected("denied twice; say it without one of the two")
        return build({**bound, "no": True}, context)

    return opposite
