"""What sentences say of how training went, and of how a metric answers to a setting."""

from __future__ import annotations

from gradbook.study.findings.sentences.claims import (
    GOOD,
    UP,
    Builder,
    Context,
    Direction,
    adjuncts_of,
    epoch_of,
    larger_first,
    place_of,
    said_of,
    signed,
    subjects_of,
    taking,
)
from gradbook.study.findings.sentences.grammar import Bound, Rejected
from gradbook.study.findings.sentences.quantities import Span
from gradbook.study.findings.statements import (
    Diverges,
    Improving,
    Learns,
    Metric,
    Overfits,
    Response,
    Shape,
    Statement,
    When,
)
from gradbook.study.findings.wording import metric_words


def learning(*, flip: bool = False, needs: bool | None = None) -> Builder:
    """Arms learn; ``flip``: the words deny it; ``needs``: they go with a denied verb, or with an affirmed one."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        if needs is not None and bound["no"] != needs:
            raise Rejected("these words do not go together")
        denied = bound["no"] != flip
        adjuncts = adjuncts_of(bound)
        if not (denied and (adjuncts.when is When.CURVE or adjuncts.when == Span("throughout"))):
            taking(adjuncts)
        taking(adjuncts, when=True)
        return said_of(bound, context, Learns, flip=flip)

    return build


def overfitting(*, flip: bool = False) -> Builder:
    """Arms overfit, perhaps from an epoch on."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics="m" in bound, when=True)
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
                start = epoch_of(epoch, context)
            case _:
                raise Rejected("where overfitting starts is told by an epoch: from epoch 10")
        return said_of(bound, context, lambda arm: Overfits(arm, start), flip=flip)

    return build


def diverging(bound: Bound, context: Context) -> tuple[Statement, ...]:
    """Arms come to numbers that are not finite."""
    if "m" in bound and not all(metric.value.endswith("loss") for metric in bound["m"].metrics):
        raise Rejected("a loss can become NaN, and no accuracy can")
    taking(adjuncts_of({**bound, "m": None}))
    return said_of(bound, context, Diverges)


def improving(direction: Direction = GOOD, *, flip: bool = False) -> Builder:
    """A curve still goes in the good direction; ``direction`` is how it is said to go."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        if place_of(adjuncts.when, context) is not When.END:
            raise Rejected("whether a curve still improves is tested at its end")
        found: list[Statement] = []
        for metric in adjuncts.metrics or (Metric.VALIDATION_LOSS,):
            if direction != GOOD and larger_first(GOOD, metric) != (direction == UP):
                raise Rejected(f"{metric_words(metric)} that goes this way gets worse; that is not tested")
            found += [
                signed(Improving(arm, metric), no)
                for arm, no in subjects_of(bound["s"], bound["no"] != flip, context)
            ]
        return tuple(found)

    return build


# --- responses -----------------------------------------------------------------------------------


def response(shape: Shape | None = None, *, falling: bool = False) -> Builder:
    """How a metric answers to a setting; ``falling``: said of a setting that gets smaller."""

    def build(bound: Bound, context: Context) -> tuple[Statement, ...]:
        adjuncts = taking(adjuncts_of(bound), metrics=True, when=True)
        setting = bound["setting"]
        if not context.naming.numeric(setting):
            raise Rejected(f"the values of {setting} are no numbers, so nothing rises or falls with them")
        found: list[Statement] = []
        for metric in adjuncts.metrics:
            answer = shape or (Shape.INCREASING if larger_first(bound["d"], metric) else Shape.DECREASING)
            if falling:
                answer = Shape.DECREASING if answer is Shape.INCREASING else Shape.INCREASING
            found.append(
                signed(Response(setting, metric, answer, place_of(adjuncts.when, context)), bound["no"])
            )
        return tuple(found)

    return build
