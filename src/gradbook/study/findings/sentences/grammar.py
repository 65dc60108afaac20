"""A grammar of short patterns, and all the ways in which words match it.

A pattern is written as in ``"<s> {beat/outperform} <arms:b> (at the end)?"``:

- ``word`` stands for itself; ``a/b/in_terms_of`` for one of several, blanks as underscores;
- ``( … | … )`` groups, and ``?`` makes what precedes it optional;
- ``<kind>`` or ``<kind:name>`` is a phrase of that kind, whose meaning is bound to the name;
- ``{verb/verb}`` is any form of a verb, affirmed or denied; with ``{verb*}`` also denied by *never*.

Every way to match is followed, so that a sentence with two meanings is seen to have two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from gradbook.study.findings.sentences.words import SentenceError, Word, WordKind

Bound = Mapping[str, Any]
"""What the phrases of a pattern mean, by name; ``no`` is whether its verbs deny."""

Phrase = Callable[["Parse", int], Iterable[tuple[Any, int]]]
"""A kind of phrase: the meanings of those that begin at a word, each with the word after it."""

#: More steps than any sentence of people needs.
_MOST_STEPS = 400_000


class Rejected(Exception):
    """A way to read a sentence that its words allow and its meaning does not."""

    def __init__(self, message: str, word: Word | None = None) -> None:
        super().__init__(message)
        self.message, self.word = message, word


# --- patterns ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """One of several runs of words."""

    ways: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb in any form; ``never`` allows to deny it so."""

    lemmas: tuple[str, ...]
    never: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A phrase of a kind."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences; an optional one has the empty sequence among them."""

    ways: tuple[tuple[Node, ...], ...]


Node = Literal | Verb | Kind | Choice

_PART = re.compile(
    r"\s*(?:<(?P<kind>\w+)(?::(?P<name>\w+))?>|\{(?P<verb>[\w/]+)(?P<never>\*?)\}|(?P<sign>[()|?])|(?P<words>[^\s()|?<{]+))"
)


@cache
def compiled(pattern: str) -> tuple[Node, ...]:
    """A pattern as nodes.

    >>> compiled("the/a? <metric:m>")
    (Choice(ways=((Literal(ways=(('the',), ('a',))),), ())), Kind(kind='metric', name='m'))
    """
    stack: list[list[list[Node]]] = [[[]]]
    at = 0
    while at < len(pattern.rstrip()):
        part = _PART.match(pattern, at)
        assert part is not None, f"what is meant by {pattern[at:]!r} in the pattern {pattern!r}?"
        at = part.end()
        row = stack[-1][-1]
        match part["sign"]:
            case "(":
                stack.append([[]])
            case "|":
                stack[-1].append([])
            case ")":
                ways = stack.pop()
                stack[-1][-1].append(Choice(tuple(map(tuple, ways))))
            case "?":
                row.append(Choice(((row.pop(),), ())))
            case _ if part["kind"]:
                row.append(Kind(part["kind"], part["name"] or part["kind"]))
            case _ if part["verb"]:
                row.append(Verb(tuple(part["verb"].split("/")), bool(part["never"])))
            case _:
                row.append(Literal(tuple(tuple(way.split("_")) for way in part["words"].split("/"))))
    assert len(stack) == 1, f"a pattern whose brackets do not close: {pattern}"
    ways = tuple(map(tuple, stack[0]))
    return ways[0] if len(ways) == 1 else (Choice(ways),)


def literals(nodes: Iterable[Node]) -> Iterator[str]:
    """The words that patterns name."""
    for node in nodes:
        match node:
            case Literal(ways):
                yield from (word for way in ways for word in way)
            case Verb(lemmas):
                yield from (form for lemma in lemmas for form in forms(lemma).all)
                yield from (
                    "do",
                    "does",
                    "did",
                    "not",
                    "even",
                    "never",
                    "fails",
                    "failed",
                    "fail",
                    "to",
                    "is",
                    "are",
                )
                yield from ("was", "were", "has", "have", "also")
            case Choice(ways):
                yield from (word for way in ways for word in literals(way))
            case Kind():
                pass


# --- verbs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a verb."""

    base: str
    third: str
    past: str
    participle: str
    ing: str

    @property
    def all(self) -> tuple[str, ...]:
        """Each form."""
        return (self.base, self.third, self.past, self.participle, self.ing)


_IRREGULAR = {
    "beat": "beats beat beaten beating",
    "become": "becomes became become becoming",
    "begin": "begins began begun beginning",
    "blow": "blows blew blown blowing",
    "catch": "catches caught caught catching",
    "come": "comes came come coming",
    "do": "does did done doing",
    "end": "ends ended ended ending",
    "fall": "falls fell fallen falling",
    "get": "gets got got getting",
    "give": "gives gave given giving",
    "go": "goes went gone going",
    "grow": "grows grew grown growing",
    "have": "has had had having",
    "lead": "leads led led leading",
    "lie": "lies lay lain lying",
    "hit": "hits hit hit hitting",
    "lose": "loses lost lost losing",
    "mean": "means meant meant meaning",
    "meet": "meets met met meeting",
    "overfit": "overfits overfitted overfitted overfitting",
    "drop": "drops dropped dropped dropping",
    "rise": "rises rose risen rising",
    "set": "sets set set setting",
    "show": "shows showed shown showing",
    "sink": "sinks sank sunk sinking",
    "stop": "stops stopped stopped stopping",
    "win": "wins won won winning",
}


@cache
def forms(lemma: str) -> Forms:
    """The forms of a verb.

    >>> forms("surpass").third, forms("improve").ing, forms("begin").past
    ('surpasses', 'improving', 'began')
    """
    if lemma in _IRREGULAR:
        return Forms(lemma, *_IRREGULAR[lemma].split())
    stem = lemma.removesuffix("e")
    third = lemma + ("es" if lemma.endswith(("s", "ch", "sh", "x")) else "s")
    return Forms(lemma, third, stem + "ed", stem + "ed", stem + "ing")


#: How a verb may be said: words before the form, the form, and whether that denies it.
_SAID = (
    ("", ("base", "third", "past"), False),
    ("do/does/did", ("base",), False),
    ("do/does/did_not", ("base",), True),
    ("do/does/did_not_even", ("base",), True),
    ("fails/fail/failed_to", ("base",), True),
    ("is/are/was/were", ("ing",), False),
    ("is/are/was/were_not", ("ing",), True),
    ("has/have", ("participle",), False),
    ("has/have_not", ("participle",), True),
)
_NEVER = (("never", ("base", "third", "past"), True), ("has/have_never", ("participle",), True))
_BE = ("is", "are", "was", "were")


@cache
def _said(verb: Verb) -> Mapping[str, tuple[tuple[tuple[str, ...], bool], ...]]:
    """Every run of words that says a verb, and whether it denies it; by their first word."""
    found: dict[tuple[str, ...], bool] = {}
    for lemma in verb.lemmas:
        if lemma == "be":
            found |= {(form,): False for form in _BE} | {(form, "not"): True for form in _BE}
            continue
        for before, kinds, denies in (*_SAID, *(_NEVER if verb.never else ())):
            runs = [part.split("/") for part in before.split("_")] if before else []
            for run in product(*runs):
                for kind in kinds:
                    form = getattr(forms(lemma), kind)
                    found[(*run, form)] = denies
                    found[("also", *run, form)] = denies
                    if run:
                        found[(*run, "also", form)] = denies
    by_first: dict[str, tuple[tuple[tuple[str, ...], bool], ...]] = {}
    for run, denies in found.items():
        by_first[run[0]] = (*by_first.get(run[0], ()), (run, denies))
    return by_first


# --- matching ------------------------------------------------------------------------------------


@dataclass
class Parse:
    """One sentence while it is matched: its words, the phrases it may have, and how far it was understood."""

    words: tuple[Word, ...]
    phrases: Mapping[str, Phrase]
    #: The furthest word at which something else was expected.
    furthest: int = 0
    #: Why words that could be taken for something are not that, by their place.
    notes: dict[int, str] = field(default_factory=dict[int, str])
    steps: int = 0
    _known: dict[tuple[str, int], tuple[tuple[Any, int], ...]] = field(default_factory=dict[Any, Any])

    def match(self, pattern: str, at: int, bound: Bound | None = None) -> Iterator[tuple[Bound, int]]:
        """Every way to match a pattern from a word on: what its phrases mean, and the word after it."""
        yield from self._run(compiled(pattern), at, bound or {"no": False})

    def phrase(self, kind: str, at: int) -> tuple[tuple[Any, int], ...]:
        """The phrases of a kind that begin at a word."""
        key = (kind, at)
        if key not in self._known:
            self._known[key] = ()  # a phrase does not begin with itself
            self._known[key] = tuple(dict.fromkeys(self.phrases[kind](self, at)))
        return self._known[key]

    def is_at(self, at: int, *texts: str) -> bool:
        """Whether these words stand there."""
        self._step(at)
        return all(
            at + k < len(self.words) and self.words[at + k].text == text and not self.is_number(at + k)
            for k, text in enumerate(texts)
        )

    def is_number(self, at: int) -> bool:
        """Whether a number stands there."""
        return at < len(self.words) and self.words[at].kind is WordKind.NUMBER

    def note(self, at: int, message: str) -> None:
        """Remember why a word is not what it could be taken for."""
        self.notes.setdefault(at, message)

    def _step(self, at: int) -> None:
        self.furthest = max(self.furthest, at)
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise SentenceError("too intricate to be read; say it in several sentences", 1)

    def _run(self, nodes: tuple[Node, ...], at: int, bound: Bound) -> Iterator[tuple[Bound, int]]:
        if not nodes:
            yield bound, at
            return
        node, rest = nodes[0], nodes[1:]
        match node:
            case Literal(ways):
                for way in ways:
                    if self.is_at(at, *way):
                        yield from self._run(rest, at + len(way), bound)
            case Verb():
                self._step(at)
                first = self.words[at].text if at < len(self.words) else ""
                for way, denies in _said(node).get(first, ()):
                    if self.is_at(at, *way):
                        denied = {**bound, "no": bound["no"] != denies}
                        yield from self._run(rest, at + len(way), denied)
            case Kind(kind, name):
                self._step(at)
                found = bound["subjects"](at) if kind == "s" else self.phrase(kind, at)
                for meaning, end in found:
                    yield from self._run(rest, end, {**bound, name: meaning})
            case Choice(ways):
                for way in ways:
                    yield from self._run((*way, *rest), at, bound)
