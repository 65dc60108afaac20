"""How sentences name the arms of a study: by values, by settings, by their order, one by one and together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradbook.study.findings.sentences.grammar import Parse, Phrase
from gradbook.study.findings.sentences.quantities import PHRASES
from gradbook.study.findings.sentences.words import SentenceError, Word, words
from gradbook.study.findings.statements import Metric
from gradbook.study.findings.wording import Arms, setting_words
from gradbook.study.settings import spoken


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
_WITH = (
    "with/of/using/trained_with/trained_using/trained_at/trained_under/that_uses/that_use/under/at/for/whose"
)
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
            "setting": self._setting,
            "value": self._value,
            "pick": self._pick,
            "picks": self._picks,
            "arm": self._arm,
            "arms": self._arms,
            "listed": self._listed,
            "compared": self._compared,
            **PHRASES,
            **_SIGNS,
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
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
            for v in self._column(name)
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

    def _shares(self, name: str, word: Word) -> list[str]:
        column = self._column(name) if self.numeric(name) and word.percent else []
        shares = all(0 <= v < 1 for v in column)
        return [repr(v) for v in dict_unique(column) if shares and math.isclose(float(v), word.value)]

    def _zero(self, name: str) -> str | None:
        column = self._column(name)
        return next((repr(v) for v in column if v in (0, False) and not isinstance(v, str)), None)

    def _pick(self, parse: Parse, at: int) -> Iterator[tuple[tuple[str, str], int]]:
        """One setting and its value."""
        of = (
            "(parameter/parameters/value/values/coefficient/strength)? (of/to/at/is/set_to/equal_to | = | :)?"
        )
        for bound, end in parse.match(f"<setting> {of} <value>", at):
            if bound["value"][0] == bound["setting"]:
                yield bound["value"], end
        for bound, end in parse.match("<value> <setting>", at):
            if bound["value"][0] == bound["setting"]:
                yield bound["value"], end
        for bound, end in parse.match("<value>", at):
            yield bound["value"], end
        # "20 % dropout": per cent only beside the setting, for they may also be a figure.
        for said in (f"<setting> {of} <amount>", "<amount> <setting>"):
            for bound, end in parse.match(said, at):
                for value in self._shares(bound["setting"], bound["amount"]):
                    yield (bound["setting"], value), end
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
                fitting = [
                    a for a in self.all if all(repr(self.arms.values[a][n]) == v for n, v in chosen.items())
                ]
                if len(fitting) == 1:
                    yield fitting[0], place
                elif fitting:
                    parse.note(
                        at, f"several arms are meant by this; name one by all that varies: {self.told()}"
                    )
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
        for bound, end in parse.match(
            f"with/under/at/for/using (a/the)? <picks> (,)? (the/a/our)? {_NOUN}", at
        ):
            yield bound["picks"], end
        for _, end in parse.match(f"without <setting> (,)? (the/a/our)? {_NOUN}", at):
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
            f"(the | all (of)? (the)?) other/remaining (two/three/four/five)? {_NOUN} | (all)? the others | "
            "the other two/three | the rest",
            at,
        ):
            yield Named((), "others"), end
        for bound, end in parse.match(
            "(the | all (of)? (the)?) other/remaining (two/three/four)? <setting>", at
        ):
            del bound
            yield Named((), "others"), end
        for _, end in parse.match(f"(the/every/each) other ({_NOUN} | <setting>)", at):
            yield Named((), "others"), end
        for _, end in parse.match(f"any other ({_NOUN} | <setting>)? | any of the others", at):
            yield Named((), "any others"), end
        for bound, end in parse.match("only <listed>", at):
            yield Named(bound["listed"], "only"), end
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
        open_: list[tuple[tuple[int, ...], int]] = [((arm,), end) for arm, end in parse.phrase("arm", at)]
        while open_:
            listed, place = open_.pop()
            for _, start in parse.match(f"(,)? {join}", place):
                for arm, end in parse.phrase("arm", start):
                    if arm not in listed:
                        yield (*listed, arm), end
                    else:
                        parse.note(start, "an arm that was named already")
            commas = parse.match("," if join == "and" else f", | {join}", place)
            for _, start in commas:
                for arm, end in parse.phrase("arm", start):
                    if arm not in listed:
                        open_.append(((*listed, arm), end))

    def _several(self, parse: Parse, at: int) -> Iterator[tuple[Named, int]]:
        """*The two smaller weight decays.*"""
        for said, smallest in (
            ("smaller/smallest/lower/lowest", True),
            ("larger/largest/higher/highest", False),
        ):
            for count, number in _NUMBERS.items():
                starts = [
                    end
                    for _, end in parse.match(f"the {number} | both" if count == 2 else f"the {number}", at)
                ]
                for name, end in (found for start in starts for found in self._nouned(parse, start, said)):
                    column = sorted(dict_unique(self._column(name)))
                    if len(self.settings) == 1 and count < len(column):
                        kept = column[:count] if smallest else column[-count:]
                        yield (
                            Named(tuple(a for a in self.all if self.arms.values[a][name] in kept), "and"),
                            end,
                        )

    def _compared(self, parse: Parse, at: int) -> Iterator[tuple[tuple[tuple[Metric, ...], Named], int]]:
        """What stands behind *than*: arms, *that of* arms, or their metric once more."""
        for bound, end in parse.match("(with/for/at/under/in)? <arms> (does/do/did)?", at):
            yield ((), bound["arms"]), end
        for bound, end in parse.match("(that/those/the_one/the_ones) of/with/for/at/under (the)? <arms>", at):
            yield ((), bound["arms"]), end
        for bound, end in parse.match("<arms> 's (<quantity>)?", at):
            quantity = bound.get("quantity")
            yield (quantity.metrics if quantity else (), bound["arms"]), end
        for bound, end in parse.match("<quantity> of/with/for/at/under <arms>", at):
            yield (bound["quantity"].metrics, bound["arms"]), end


def _sign(text: str) -> Phrase:
    def phrase(parse: Parse, at: int) -> Iterable[tuple[str, int]]:
        if parse.is_at(at, text):
            yield text, at + 1

    return phrase


#: Signs that mean something in a pattern, so that a pattern cannot write them.
_SIGNS: Mapping[str, Phrase] = {"open": _sign("("), "close": _sign(")")}


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
