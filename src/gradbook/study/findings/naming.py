"""How sentences name arms, metrics, and places on a curve: the phrases of the grammar that stand for things."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradbook.study.findings.grammar import Parse, Phrase
from gradbook.study.findings.statements import Metric, When
from gradbook.study.findings.words import SentenceError, Word, words
from gradbook.study.findings.wording import Arms, setting_words
from gradbook.study.settings import spoken

# --- what phrases mean ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """Arms as a sentence names them, and how they are joined.

    ``joint`` is ``one``, ``and``, ``or``, ``nor`` (none of them), ``all`` (each, said with a quantifier), ``any``,
    ``others`` (all but those that the clause names beside), ``any others``, or ``only`` (``arms``, and no other).
    Of ``unlike``, the opposite is said.
    """

    arms: tuple[int, ...]
    joint: str = "one"
    unlike: tuple[int, ...] = ()
    #: Not said again, but meant: *5e-4 learns and overfits*.
    silent: bool = False


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
    ``throughout`` (every epoch of a comparison; the whole curve where that cannot be said), after the ``onset``.
    """

    kind: str
    epoch: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class By:
    """How much: ``more`` than a number, or ``less``; ``place`` is the number's word."""

    kind: str
    number: Word | None


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
_MEASURES = {"accuracy/accuracies": "ACCURACY", "loss/losses": "LOSS"}

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
                _METRICS.append((f"both? {_split} (set)? ({_measure})? and the? {_other} (set)? {_measure}", _two))
    if _split_name != "TRAIN":
        _METRICS.append((f"both? {_split} accuracy and loss", (Metric[f"{_split_name}_ACCURACY"], Metric[f"{_split_name}_LOSS"])))

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
    ("after/past (epoch (number)? <count> | the <ordinal:count> epoch)", "after", 0),
    ("after <count> epochs (of training)?", "after", 0),
    ("from (epoch (number)? <count> | the <ordinal:count> epoch) (on/onwards/onward)?", "from", 0),
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
    if at < len(parse.words) and parse.words[at].kind.value == "ordinal" and parse.words[at].value >= 1:
        yield int(parse.words[at].value), at + 1


# --- how much, and in what -----------------------------------------------------------------------

_MORE = "more_than/at_least/over/no_less_than/not_less_than"
_LESS = "less_than/at_most/no_more_than/not_more_than/under/within"


def _amount(parse: Parse, at: int) -> Iterator[tuple[Word, int]]:
    if parse.is_number(at):
        yield parse.words[at], at + 1
        for _, end in parse.match("nats/nat", at + 1):
            yield parse.words[at], end


def _by(parse: Parse, at: int) -> Iterator[tuple[By, int]]:
    for said, kind in ((f"by {_MORE} <amount>", "more"), (f"by {_LESS} <amount>", "less")):
        for bound, end in parse.match(said, at):
            yield By(kind, bound["amount"]), end
    for _, end in parse.match("by less than the margin", at):
        yield By("less", None), end
    for _, end in parse.match("by more than the margin", at):
        yield By("more", None), end


def _bound(parse: Parse, at: int) -> Iterator[tuple[Adjuncts, int]]:
    """How large a difference is, where that is what is said of it."""
    for said, kind in ((f"{_MORE} <amount>", "more"), (f"{_LESS}/below <amount>", "less"), ("above <amount>", "more")):
        for bound, end in parse.match(said, at):
            yield Adjuncts(by=By(kind, bound["amount"])), end


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
        ("highest/largest/greatest/biggest", ("raw", 1)),
        ("lowest/smallest/least", ("raw", -1)),
        ("best", ("good", 1)),
        ("worst", ("good", -1)),
    ):
        for _, end in parse.match(said, at):
            yield meaning, end


# --- arms ----------------------------------------------------------------------------------------

#: What settings are also called. A weight decay is no L2 penalty, and neither is called by the other's name.
_ALSO = {
    "weight_decay": ("wd", "lambda", "decay"),
    "learning_rate": ("lr", "eta", "step size"),
    "batch_size": ("batch",),
    "l2_penalty": ("lambda",),
    "l1_penalty": ("lambda",),
}

_NOUN = (
    "model/models/network/networks/net/nets/run/runs/arm/arms/trial/trials/one/ones/value/values/setting/settings/"
    "configuration/configurations/choice/choices/variant/variants/version/versions"
)
_WITH = "with/of/using/trained_with/trained_using/trained_at/trained_under/that_uses/that_use/under/at/for/whose"
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


class Naming:
    """The arms of one study, and the phrases that name them."""

    def __init__(self, arms: Arms) -> None:
        self.arms = arms
        self.all = tuple(range(len(arms.values)))
        self.settings = {name: tuple(self._spellings(name)) for name in arms.varied}
        self.values = {
            name: tuple(dict.fromkeys((repr(v), _tokens(spoken(v))) for v in self._column(name)))
            for name in arms.varied
        }

    def phrases(self) -> Mapping[str, Phrase]:
        """The phrases by which a sentence names things of this study."""
        return {
            "quantity": _quantity,
            "when": _when,
            "count": _count,
            "ordinal": _ordinal,
            "amount": _amount,
            "by": _by,
            "bound": _bound,
            "adjunct": _adjunct,
            "adjuncts": _adjuncts,
            "more": _more,
            "most": _most,
            "setting": self._setting,
            "value": self._value,
            "pick": self._pick,
            "picks": self._picks,
            "arm": self._arm,
            "arms": self._arms,
            "listed": self._listed,
            "compared": self._compared,
            **signs(),
        }

    def lexicon(self) -> set[str]:
        """The words that name settings and values here."""
        named = {word for spellings in self.settings.values() for way in spellings for word in way}
        return named | {word for row in self.values.values() for _, way in row for word in way}

    def told(self) -> str:
        """What there is, to be said where something is named that is not there."""
        columns = (
            f"{setting_words(name)} {_listed([spoken(v) for v in dict_unique(self._column(name))])}"
            for name in self.arms.varied
        )
        return "; ".join(columns) or "one model, and nothing varies"

    def _column(self, name: str) -> list[Any]:
        return [values[name] for values in self.arms.values]

    def _spellings(self, name: str) -> Iterator[tuple[str, ...]]:
        own = _tokens(setting_words(name))
        taken = {_tokens(setting_words(other)) for other in self.arms.varied if other != name}
        yield own
        yield (*own[:-1], own[-1] + "s")
        if name.startswith("model."):
            yield ("model", *own)
        for also in _ALSO.get(name, ()):
            if tuple(also.split()) not in taken:
                yield tuple(also.split())

    def numeric(self, name: str) -> bool:
        """Whether the values of a setting are numbers, and so have an order."""
        return all(
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in self._column(name)
        )

    def _setting(self, parse: Parse, at: int) -> Iterator[tuple[str, int]]:
        for name, spellings in self.settings.items():
            for way in spellings:
                if parse.is_at(at, *way):
                    yield name, at + len(way)

    def _value(self, parse: Parse, at: int) -> Iterator[tuple[tuple[str, str], int]]:
        """A value, with each setting that has it."""
        if parse.is_number(at):
            word = parse.words[at]
            found = [(name, value) for name in self.settings for value in self._numbers(name, word)]
            if not found:
                parse.note(at, f"no arm has {word.text}; the study varies {self.told()}")
            yield from ((pair, at + 1) for pair in found)
        for name, row in self.values.items():
            for value, way in () if self.numeric(name) else row:
                if way and _stands(parse, at, way):
                    yield (name, value), at + len(way)

    def _numbers(self, name: str, word: Word) -> list[str]:
        if not self.numeric(name) or word.percent:
            return []
        column = dict_unique(self._column(name))
        exact = [repr(v) for v in column if float(v) == word.value]
        # A sentence has six digits of a number; so has what is shown of a study.
        return exact or [repr(v) for v in column if f"{v:g}" == f"{word.value:g}"]

    def _zero(self, name: str) -> str | None:
        column = self._column(name)
        return next((repr(v) for v in column if v in (0, False) and not isinstance(v, str)), None)

    def _pick(self, parse: Parse, at: int) -> Iterator[tuple[tuple[str, str], int]]:
        """One setting and its value."""
        of = "(parameter/parameters/value/values/coefficient/strength)? (of/to/at/is/set_to/equal_to | = | :)?"
        for bound, end in parse.match(f"<setting> {of} <value>", at):
            if bound["value"][0] == bound["setting"]:
                yield bound["value"], end
        for bound, end in parse.match("<value> <setting>", at):
            if bound["value"][0] == bound["setting"]:
                yield bound["value"], end
        for bound, end in parse.match("<value>", at):
            yield bound["value"], end
        for bound, end in parse.match("no/without/zero (any)? <setting>", at):
            zero = self._zero(bound["setting"])
            if zero is None:
                name = setting_words(bound["setting"])
                parse.note(at, f"no arm is without {name}; the study varies {self.told()}")
            else:
                yield (bound["setting"], zero), end
        yield from self._extreme(parse, at)

    def _extreme(self, parse: Parse, at: int) -> Iterator[tuple[tuple[str, str], int]]:
        for said, place in (
            ("largest/highest/biggest/greatest/strongest", -1),
            ("smallest/lowest/weakest", 0),
            ("larger/higher/bigger/greater/stronger", -1),
            ("smaller/lower/weaker", 0),
            ("middle/intermediate/medium", 1),
        ):
            compares = said.startswith(("larger", "smaller"))
            for name, end in self._nouned(parse, at, said):
                column = sorted(dict_unique(self._column(name)))
                if (compares and len(column) != 2) or (said.startswith("middle") and len(column) != 3):
                    parse.note(at, f"which is meant? The study varies {self.told()}")
                    continue
                yield (name, repr(column[place])), end

    def _nouned(self, parse: Parse, at: int, said: str) -> Iterator[tuple[str, int]]:
        """An adjective with the setting it is about: by its name, or *one* and *value* where one thing varies."""
        for bound, end in parse.match(f"{said} (value/values of (the)?)? <setting> (value/values)?", at):
            if self.numeric(bound["setting"]):
                yield bound["setting"], end
        numeric = [name for name in self.settings if self.numeric(name)]
        if len(self.settings) == 1 and numeric:
            for _, end in parse.match(f"{said} one/value/ones/values", at):
                yield numeric[0], end

    def _picks(self, parse: Parse, at: int) -> Iterator[tuple[int, int]]:
        """Settings and values that together name one arm."""
        open_: list[tuple[dict[str, str], int]] = [({}, at)]
        while open_:
            chosen, place = open_.pop()
            starts = [place]
            if chosen:
                fitting = [a for a in self.all if all(repr(self.arms.values[a][n]) == v for n, v in chosen.items())]
                if len(fitting) == 1:
                    yield fitting[0], place
                elif fitting:
                    parse.note(at, f"several arms are meant by this; name one by all that varies: {self.told()}")
                if len(chosen) == len(self.settings):
                    continue
                starts = [end for _, end in parse.match(", | (,)? and/with/at/plus/for (a/the)?", place)]
            for start in starts:
                for (name, value), end in parse.phrase("pick", start):
                    if name not in chosen:
                        open_.append(({**chosen, name: value}, end))

    def _arm(self, parse: Parse, at: int) -> Iterator[tuple[int, int]]:
        for bound, end in parse.match("(the/a/an/our)? <picks>", at):
            yield from self._apposed(parse, bound["picks"], end)
        for bound, end in parse.match(f"(the/our)? <picks> (and)? {_NOUN}", at):
            yield from self._apposed(parse, bound["picks"], end)
        for bound, end in parse.match(f"(the/a/our)? {_NOUN} ({_WITH})? (a/the)? <picks>", at):
            yield from self._apposed(parse, bound["picks"], end)
        for bound, end in parse.match(f"with/under/at/for/using (a/the)? <picks> (,)? (the/a/our)? {_NOUN}", at):
            yield bound["picks"], end
        for bound, end in parse.match(f"without <setting> (,)? (the/a/our)? {_NOUN}", at):
            for arm, stop in parse.phrase("picks", at):
                if stop <= end:
                    yield arm, end
        if len(self.all) == 1:
            for _, end in parse.match(f"(the/our)? {_NOUN}", at):
                yield 0, end

    def _apposed(self, parse: Parse, arm: int, end: int) -> Iterator[tuple[int, int]]:
        """An arm, and its other name in brackets where one follows."""
        yield arm, end
        for bound, stop in parse.match("<open> <picks> <close>", end):
            if bound["picks"] == arm:
                yield arm, stop
            else:
                parse.note(end, "the brackets name another arm than the words before them")

    def _arms(self, parse: Parse, at: int) -> Iterator[tuple[Named, int]]:
        for arm, end in parse.phrase("arm", at):
            yield Named((arm,)), end
        for join, before in (("and", ""), ("and", "both"), ("or", ""), ("or", "either"), ("nor", "neither")):
            for _, start in parse.match(f"{before} (the)? ({_NOUN} (with/of)?)?" if before else "", at):
                for listed, end in self._list(parse, start, join):
                    joint = "all" if before == "both" else join
                    for _, stop in (((), end), *parse.match(_NOUN, end)):
                        yield Named(listed, joint), stop
        for bound, end in parse.match("<listed> both/each/all", at):
            if len(bound["listed"]) > 1:
                yield Named(bound["listed"], "all"), end
        for _, end in parse.match(self._everyone(), at):
            yield Named(self.all, "all"), end
        for _, end in parse.match(f"none/neither of (the/them)? ({_NOUN})? | no {_NOUN} | none", at):
            yield Named(self.all, "nor"), end
        for _, end in parse.match(
            f"(the | all (of)? (the)?) other/remaining (two/three/four/five)? {_NOUN} | (all)? the others | the rest", at
        ):
            yield Named((), "others"), end
        for bound, end in parse.match("(the | all (of)? (the)?) other/remaining (two/three/four)? <setting>", at):
            del bound
            yield Named((), "others"), end
        for _, end in parse.match(f"(the/every/each) other ({_NOUN} | <setting>)", at):
            yield Named((), "others"), end
        for _, end in parse.match(f"any other ({_NOUN} | <setting>)? | any of the others", at):
            yield Named((), "any others"), end
        for bound, end in parse.match(f"only <arm> | the only {_NOUN} <arm>", at):
            yield Named((bound["arm"],), "only"), end
        for _, start in parse.match(f"({self._everyone()}) but/except (for)?", at):
            for spared, end in parse.phrase("listed", start):
                rest = tuple(a for a in self.all if a not in spared)
                if rest:
                    yield Named(rest, "all", spared), end
        for bound, end in parse.match("<listed> (,)? but not <listed:unlike> (,)?", at):
            if not set(bound["listed"]) & set(bound["unlike"]):
                yield Named(bound["listed"], "and", bound["unlike"]), end
        yield from self._several(parse, at)

    def _listed(self, parse: Parse, at: int) -> Iterator[tuple[tuple[int, ...], int]]:
        """One arm, or several joined by *and*."""
        for arm, end in parse.phrase("arm", at):
            yield (arm,), end
        yield from self._list(parse, at, "and")

    def _everyone(self) -> str:
        count = len(self.all)
        number = f"({_NUMBERS[count]})?" if count in _NUMBERS else ""
        both = f" | both (of (the)?)? {_NOUN} | both <setting> | both of them" if count == 2 else ""
        two = f" | the two ({_NOUN} | <setting>)" if count == 2 else ""
        return (
            f"all (of)? (the)? {number} ({_NOUN} | <setting>) | every/each {_NOUN} | every/each <setting> | "
            f"all (of them)? | each of the {number} ({_NOUN})?{both}{two}"
        )

    def _list(self, parse: Parse, at: int, join: str) -> Iterator[tuple[tuple[int, ...], int]]:
        """At least two arms, the last joined by a word."""
        open_ = [((arm,), end) for arm, end in parse.phrase("arm", at)]
        while open_:
            listed, place = open_.pop()
            for _, start in parse.match(f"(,)? {join}", place):
                for arm, end in parse.phrase("arm", start):
                    if arm not in listed:
                        yield (*listed, arm), end
                    else:
                        parse.note(start, "an arm that was named already")
            if join == "and":
                commas = parse.match(",", place)
            else:
                commas = parse.match(f", | {join}", place)
            for _, start in commas:
                for arm, end in parse.phrase("arm", start):
                    if arm not in listed:
                        open_.append(((*listed, arm), end))

    def _several(self, parse: Parse, at: int) -> Iterator[tuple[Named, int]]:
        """*The two smaller weight decays.*"""
        for said, smallest in (("smaller/smallest/lower/lowest", True), ("larger/largest/higher/highest", False)):
            for count, number in _NUMBERS.items():
                for name, end in self._nouned(parse, at + 2, said) if parse.is_at(at, "the", number) else ():
                    column = sorted(dict_unique(self._column(name)))
                    if len(self.settings) == 1 and count < len(column):
                        kept = column[:count] if smallest else column[-count:]
                        yield Named(tuple(a for a in self.all if self.arms.values[a][name] in kept), "and"), end

    def _compared(self, parse: Parse, at: int) -> Iterator[tuple[tuple[tuple[Metric, ...], Named], int]]:
        """What stands behind *than*: arms, *that of* arms, or their metric once more."""
        for bound, end in parse.match("(with/for/at/under/in)? <arms>", at):
            yield ((), bound["arms"]), end
        for bound, end in parse.match("(that/those/the_one/the_ones) of/with/for/at/under (the)? <arms>", at):
            yield ((), bound["arms"]), end
        for bound, end in parse.match("<arms> 's (<quantity>)?", at):
            quantity = bound.get("quantity")
            yield (quantity.metrics if quantity else (), bound["arms"]), end
        for bound, end in parse.match("<quantity> of/with/for/at/under <arms>", at):
            yield (bound["quantity"].metrics, bound["arms"]), end


def signs() -> Mapping[str, Phrase]:
    """Signs that mean something in a pattern, so that a pattern cannot write them."""

    def one(text: str) -> Phrase:
        def phrase(parse: Parse, at: int) -> Iterable[tuple[str, int]]:
            if parse.is_at(at, text):
                yield text, at + 1

        return phrase

    return {"open": one("("), "close": one(")")}


def dict_unique(column: Iterable[Any]) -> list[Any]:
    """The values of a column once each, in order; they need not be hashable."""
    return list({repr(v): v for v in column}.values())


def _tokens(text: str) -> tuple[str, ...]:
    try:
        return tuple(word.text for word in words(text))
    except SentenceError:
        return ()


def _stands(parse: Parse, at: int, way: tuple[str, ...]) -> bool:
    """Whether the words of a value stand there; numbers inside a value are compared as written."""
    return at + len(way) <= len(parse.words) and all(parse.words[at + k].text == t for k, t in enumerate(way))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
