"""How sentences name metrics, places on a curve and amounts: phrases of the grammar that mean the same in any study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradbook.study.findings.sentences.grammar import Parse, Phrase
from gradbook.study.findings.sentences.words import Word, WordKind
from gradbook.study.findings.statements import Metric, When

# --- what phrases mean ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quantity:
    """Metrics, and where on the curve if the name says it (``final test accuracy``)."""

    metrics: tuple[Metric, ...]
    when: When | None = None
    #: A measure without its split, which may be said elsewhere in the sentence.
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A place in training that is more than a point of the vocabulary: ``kind`` and an epoch.

    ``until`` an epoch, ``first`` (from the beginning, however long), ``every`` epoch, ``after`` or ``at`` an epoch,
    ``by`` an epoch (at some time until then), ``throughout`` (every epoch, unless a later meeting follows), after the
    ``onset``.
    """

    kind: str
    epoch: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class By:
    """How much: ``more`` than a number, or ``less``, or that number, perhaps only ``about``."""

    kind: str
    number: Word | None
    about: bool = False


@dataclass(frozen=True, slots=True)
class Adjuncts:
    """What stands beside a comparison: in which metrics, where, by how much; each at most once."""

    metrics: tuple[Metric, ...] = ()
    when: When | Span | None = None
    by: By | None = None
    #: Whether the metrics are bare measures; and the split, where that is said by itself (*on the test set*).
    bare: bool = False
    split: str = ""

    def and_(self, other: Adjuncts) -> Adjuncts | None:
        """Both together; None where both say the same kind of thing."""
        if (self.when and other.when) or (self.by and other.by) or (self.metrics and other.metrics):
            return None
        if self.split and other.split and self.split != other.split:
            return None
        metrics, split = self.metrics or other.metrics, self.split or other.split
        if metrics and split and not (self.bare or other.bare):
            return None
        return Adjuncts(metrics, self.when or other.when, self.by or other.by, self.bare or other.bare, split)

    def measured(self) -> tuple[Metric, ...]:
        """The metrics that are meant: bare measures in the split that is said, and accuracy where none is."""
        if not self.split:
            return self.metrics
        measures = [metric.value.rsplit("_", 1)[-1].upper() for metric in self.metrics] or ["ACCURACY"]
        return tuple(Metric[f"{self.split}_{measure}"] for measure in measures)


# --- metrics -------------------------------------------------------------------------------------

_SPLITS = {"train/training": "TRAIN", "validation/val/dev": "VALIDATION", "test/testing": "TEST"}
_MEASURES = {"accuracy/accuracies/acc": "ACCURACY", "loss/losses": "LOSS"}

#: Measures without their split, which then is the test set.
_BARE: list[tuple[str, tuple[Metric, ...]]] = [
    *((said, (Metric[f"TEST_{measure}"],)) for said, measure in _MEASURES.items()),
    ("accuracy and loss", (Metric.TEST_ACCURACY, Metric.TEST_LOSS)),
]

_METRICS: list[tuple[str, tuple[Metric, ...]]] = [
    ("(generalisation/generalization/train_test)? gap/gaps", (Metric.GAP,)),
    ("gap between the? train/training (and | loss and) the? test loss/losses", (Metric.GAP,)),
    ("gap between the? test (and | loss and) the? train/training loss/losses", (Metric.GAP,)),
    ("weight/weights norm/norms", (Metric.WEIGHT_NORM,)),
    ("norm of the? weights", (Metric.WEIGHT_NORM,)),
]
for _split, _split_name in _SPLITS.items():
    for _measure, _name in _MEASURES.items():
        _one = (Metric[f"{_split_name}_{_name}"],)
        _METRICS.append((f"{_split} (set)? {_measure}", _one))
    _METRICS.append(
        (
            f"both? {_split} accuracy and {_split} loss",
            (Metric[f"{_split_name}_ACCURACY"], Metric[f"{_split_name}_LOSS"]),
        )
    )
    for _other, _other_name in _SPLITS.items():
        if _other != _split:
            for _measure, _name in _MEASURES.items():
                _two = (Metric[f"{_split_name}_{_name}"], Metric[f"{_other_name}_{_name}"])
                _METRICS.append(
                    (f"both? {_split} (set)? ({_measure})? and the? {_other} (set)? {_measure}", _two)
                )
    if _split_name != "TRAIN":
        _METRICS.append(
            (
                f"both? {_split} accuracy and loss",
                (Metric[f"{_split_name}_ACCURACY"], Metric[f"{_split_name}_LOSS"]),
            )
        )

_MEAN = "mean/average"
_FINAL = "final/end"


_SAMPLES = "set/sets/data/images/samples"


def _quantity(parse: Parse, at: int) -> Iterator[tuple[Quantity, int]]:
    for before, when in (("", None), (_MEAN, None), (_FINAL, When.END), (f"{_FINAL} {_MEAN}", When.END)):
        for _, start in parse.match(f"the/its/their? {before}", at):
            for said, metrics in _METRICS:
                for _, end in parse.match(said, start):
                    yield Quantity(metrics, when), end
            for said, metrics in _BARE:
                for _, end in parse.match(said, start):
                    yield Quantity(metrics, when, bare=True), end
                    for split, name in _SPLITS.items():
                        for _, stop in parse.match(f"on/in (the)? {split} ({_SAMPLES})?", end):
                            measured = Adjuncts(metrics, bare=True, split=name).measured()
                            yield Quantity(measured, when), stop


# --- where ---------------------------------------------------------------------------------------

_WHENS: list[tuple[str, When | Span]] = [
    ("at/in/by the end (of the? training)?", When.END),
    ("after (the? training | the last/final epoch)", When.END),
    ("at/in the last/final epoch", When.END),
    ("at/in the/its/their best epoch/epochs", When.BEST),
    ("at its/their best", When.BEST),
    ("with early stopping", When.BEST),
    ("over/across/along the whole/entire/full curve/curves/training", When.CURVE),
    ("over/across all (of)? the? epochs", When.CURVE),
    ("over/across the? epochs", When.CURVE),
    ("on average over/across (all)? the? epochs", When.CURVE),
    ("averaged over/across (all)? the? epochs", When.CURVE),
    ("throughout", Span("throughout")),
    ("throughout the? (whole/entire)? (training | (all (of)?)? the? epochs)", Span("throughout")),
    ("in/at every/each epoch", Span("every")),
    ("during the? (whole/entire)? training", Span("throughout")),
    ("at all times", Span("every")),
    ("in/at all the? epochs", Span("every")),
    ("at first/early", Span("first")),
    ("initially/early_on", Span("first")),
    ("in/at the beginning (of the? training)?", Span("first")),
    ("at the start (of the? training)?", Span("first")),
    ("in/during the first/early epochs", Span("first")),
    ("after the? onset (of the? overfitting)?", Span("onset")),
    ("after/once overfitting starts/begins/sets_in", Span("onset")),
    ("after/once they start/begin (to overfit)?", Span("onset")),
]

_EPOCHS: list[tuple[str, str, int]] = [
    ("until/till/through (the? epoch (number)? <count> | the <ordinal:count> epoch)", "until", 0),
    ("up to (and including)? (the? epoch (number)? <count> | the <ordinal:count> epoch)", "until", 0),
    ("for/in/during/over the first <count> epochs", "until", 0),
    ("before (the? epoch (number)? <count> | the <ordinal:count> epoch)", "until", -1),
    ("by (the? epoch (number)? <count> | the <ordinal:count> epoch)", "by", 0),
    ("within (the first)? <count> epochs", "by", 0),
    ("after/past (epoch (number)? <count> | the <ordinal:count> epoch)", "after", 0),
    ("after <count> epochs (of training)?", "after", 0),
    ("from (epoch (number)? <count> | the <ordinal:count> epoch) (on/onwards/onward)?", "from", 0),
    ("around/about/near/roughly (epoch (number)? <count> | the <ordinal:count> epoch)", "around", 0),
    ("at/in (epoch (number)? <count> | the <ordinal:count> epoch)", "at", 0),
]


def _when(parse: Parse, at: int) -> Iterator[tuple[When | Span, int]]:
    for said, when in _WHENS:
        for _, end in parse.match(said, at):
            yield when, end
    for said, kind, less in _EPOCHS:
        for bound, end in parse.match(said, at):
            if bound["count"] + less >= 1:
                yield Span(kind, bound["count"] + less, at), end


def _count(parse: Parse, at: int) -> Iterator[tuple[int, int]]:
    if parse.is_number(at):
        word = parse.words[at]
        if word.text.isdigit() and not word.percent and int(word.value) >= 1:
            yield int(word.value), at + 1


def _ordinal(parse: Parse, at: int) -> Iterator[tuple[int, int]]:
    if at < len(parse.words) and parse.words[at].kind is WordKind.ORDINAL and parse.words[at].value >= 1:
        yield int(parse.words[at].value), at + 1


# --- how much, and in what -----------------------------------------------------------------------

_MORE = "more_than/at_least/over/no_less_than/not_less_than"
_LESS = "less_than/at_most/no_more_than/not_more_than/under/within"


def _amount(parse: Parse, at: int) -> Iterator[tuple[Word, int]]:
    if parse.is_number(at):
        yield parse.words[at], at + 1
        for _, end in parse.match("nats/nat", at + 1):
            yield parse.words[at], end


@dataclass(frozen=True, slots=True)
class Written:
    """A number that a metric is said to have, whether only ``about``, and whether that is called little."""

    number: Word
    about: bool = False
    only: bool = False


_LITTLE = "only/merely"
#: What says that a number, or *the same*, is meant roughly.
ABOUT = "about/around/roughly/approximately/almost/nearly/essentially/practically/basically/virtually"


def _figure(parse: Parse, at: int) -> Iterator[tuple[Written, int]]:
    for said, only in (("", False), (_LITTLE, True)):
        for bound, end in parse.match(f"{said} <amount>", at):
            yield Written(bound["amount"], only=only), end
        for bound, end in parse.match(f"{said} {ABOUT}/near/close_to <amount>", at):
            yield Written(bound["amount"], about=True, only=only), end


def _figures(parse: Parse, at: int) -> Iterator[tuple[tuple[Written, ...], int]]:
    """At least two figures, the last behind *and*."""
    open_: list[tuple[tuple[Written, ...], int]] = [((one,), end) for one, end in parse.phrase("figure", at)]
    while open_:
        listed, place = open_.pop()
        for _, start in parse.match("(,)? and", place):
            for one, end in parse.phrase("figure", start):
                yield (*listed, one), end
        for _, start in parse.match(",", place):
            open_ += [((*listed, one), end) for one, end in parse.phrase("figure", start)]


def _by(parse: Parse, at: int) -> Iterator[tuple[By, int]]:
    for said, kind in ((f"by {_MORE} <amount>", "more"), (f"by {_LESS} <amount>", "less")):
        for bound, end in parse.match(said, at):
            yield By(kind, bound["amount"]), end
    for bound, end in parse.match("by <figure>", at):
        if not bound["figure"].only:
            yield By("exactly", bound["figure"].number, bound["figure"].about), end
    for _, end in parse.match("by less than the margin", at):
        yield By("less", None), end
    for _, end in parse.match("by more than the margin", at):
        yield By("more", None), end


def _bound(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    """How large a difference is, where that is what is said of it."""
    for said, kind in (
        (f"{_MORE} <amount>", "more"),
        (f"{_LESS}/below <amount>", "less"),
        ("above <amount>", "more"),
        ("<amount>", "exactly"),
        (f"{ABOUT} <amount>", "exactly"),
    ):
        for bound, end in parse.match(said, at):
            yield Adjuncts(by=By(kind, bound["amount"])), end


def _apart(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    """How far two may be from each other: *within 1 %*."""
    for bound, end in parse.match("within <amount>", at):
        yield Adjuncts(by=By("less", bound["amount"])), end


def _size(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    """By how much, where it stands before *higher* or *better*."""
    for bound, end in parse.match(f"{_MORE} <amount>", at):
        yield Adjuncts(by=By("more", bound["amount"])), end
    for bound, end in parse.match("<figure>", at):
        if not bound["figure"].only:
            yield Adjuncts(by=By("exactly", bound["figure"].number, bound["figure"].about)), end


_IN = "in/on/by/for/regarding/in_terms_of/with_respect_to/with_regard_to/as_to/judged_by/measured_by"


def _adjunct(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    for bound, end in parse.match(f"{_IN} (both)? <quantity>", at):
        quantity: Quantity = bound["quantity"]
        yield Adjuncts(quantity.metrics, quantity.when, bare=quantity.bare), end
    for split, name in _SPLITS.items():
        for _, end in parse.match(f"on/in/for (the)? {split} {_SAMPLES}", at):
            yield Adjuncts(split=name), end
    for when, end in parse.phrase("when", at):
        yield Adjuncts(when=when), end
    for by, end in parse.phrase("by", at):
        yield Adjuncts(by=by), end


def _adjuncts(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    """Any number of adjuncts, in any order, with or without commas between them."""
    open_: list[tuple[Adjuncts, int]] = [(Adjuncts(), at)]
    while open_:
        so_far, place = open_.pop()
        yield so_far, place
        starts = [place]
        if place > at and parse.is_at(place, ","):
            starts.append(place + 1)
        for start in starts:
            for one, end in parse.phrase("adjunct", start):
                both = so_far.and_(one)
                if both is not None:
                    open_.append((both, end))


# --- directions ----------------------------------------------------------------------------------


def _more(parse: Parse, at: int) -> Iterator[tuple[tuple[str, int], int]]:
    for said, meaning in (
        ("higher/larger/greater/bigger", ("raw", 1)),
        ("lower/smaller/less", ("raw", -1)),
        ("better", ("good", 1)),
        ("worse", ("good", -1)),
    ):
        for _, end in parse.match(said, at):
            yield meaning, end


def _most(parse: Parse, at: int) -> Iterator[tuple[tuple[str, int], int]]:
    for said, meaning in (
        ("highest/largest/greatest/biggest/maximum/maximal", ("raw", 1)),
        ("lowest/smallest/least/minimum/minimal", ("raw", -1)),
        ("best", ("good", 1)),
        ("worst", ("good", -1)),
    ):
        for _, end in parse.match(said, at):
            yield meaning, end


def _only(parse: Parse, at: int) -> Iterator[tuple[str, int]]:
    """What calls a number little."""
    for _, end in parse.match(_LITTLE, at):
        yield "only", end


PHRASES: Mapping[str, Phrase] = {
    "only": _only,
    "quantity": _quantity,
    "when": _when,
    "count": _count,
    "ordinal": _ordinal,
    "amount": _amount,
    "figure": _figure,
    "figures": _figures,
    "size": _size,
    "apart": _apart,
    "by": _by,
    "bound": _bound,
    "adjunct": _adjunct,
    "adjuncts": _adjuncts,
    "more": _more,
    "most": _most,
}
