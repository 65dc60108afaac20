"""From the words of a sentence, by the grammar and its frames, to the statements that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gradbook.study.findings.sentences.claims import ADJUNCTS, Context, named_metrics
from gradbook.study.findings.sentences.comparisons import margin_of
from gradbook.study.findings.sentences.figures import rounded
from gradbook.study.findings.sentences.frame import Frame
from gradbook.study.findings.sentences.frames import FRAMES, RANKS, SAME
from gradbook.study.findings.sentences.grammar import Bound, Parse, Rejected, compiled, literals
from gradbook.study.findings.sentences.joins import (
    BEFORE,
    BESIDE,
    BESIDE_MORE,
    BESIDE_NAMED,
    BESIDE_PAIR,
    DENIALS,
    GAPPED,
    JOINS,
    MEETINGS,
    OPENERS,
    REPEATS,
)
from gradbook.study.findings.sentences.naming import Named, Naming
from gradbook.study.findings.sentences.quantities import Adjuncts, Quantity, Span, Written
from gradbook.study.findings.sentences.refusals import ELSEWHERE, NAMING, WHY, unknown
from gradbook.study.findings.sentences.words import SentenceError, Word, WordKind, words
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Figure,
    Metric,
    Statement,
    When,
)
from gradbook.study.findings.wording import Arms


def read(sentence: str, arms: Arms, *, epochs: int | None = None) -> tuple[Statement, ...]:
    """The statements that a sentence makes, all of which it claims; ``epochs`` is how many the study has.

    Raises SentenceError, with the column, for what is not understood.

    >>> arms = Arms(({"weight_decay": 0.05}, {"weight_decay": 5e-4}))
    >>> read("5e-2 doesn't learn, but 5e-4 does.", arms)
    (Denied(statement=Learns(arm=0)), Learns(arm=1))
    >>> read("5e-4 is probably better.", arms)
    Traceback (most recent call last):
    ...
    gradbook.study.findings.sentences.words.SentenceError: 'probably' is a guess; a finding says that something is so
    """
    reader = _Reader(words(sentence), arms, epochs)
    found = reader.sentences()
    if len(found) == 1:
        return found[0]
    if not found:
        raise reader.refusal(len(sentence))
    from gradbook.study.findings.wording import say

    ways = " / ".join("; ".join(say(s, arms) for s in said) for said in found[:2])
    raise SentenceError(f"this has two meanings: {ways}", 1)


@lru_cache(maxsize=1)
def _lexicon() -> frozenset[str]:
    """All words that some frame names."""
    patterns = [frame.pattern for frame in FRAMES] + [
        *OPENERS,
        *DENIALS,
        *JOINS,
        *MEETINGS,
        *REPEATS,
        *GAPPED,
        *BEFORE,
    ]
    patterns += [*BESIDE, *BESIDE_MORE, *BESIDE_PAIR]
    known = {word for pattern in patterns for word in literals(compiled(pattern))}
    return frozenset(known | NAMING)


class _Reader:
    """One sentence about one study."""

    def __init__(self, said: tuple[Word, ...], arms: Arms, epochs: int | None) -> None:
        self.said, self.epochs = said, epochs
        self.naming = Naming(arms)
        self.parse = Parse(said, {**self.naming.phrases(), "same": _same})
        #: Why readings that took all words were refused.
        self.refused: list[Rejected] = []

    def sentences(self) -> list[tuple[Statement, ...]]:
        """Every meaning of the whole, once."""
        found: dict[frozenset[Statement], tuple[Statement, ...]] = {}
        for start in self._starts():
            for statements, end in self._clauses(start):
                if end == len(self.said) and statements:
                    found.setdefault(frozenset(statements), tuple(dict.fromkeys(statements)))
        return list(found.values())

    def _starts(self) -> list[int]:
        """Where the sentence begins, behind what only opens it."""
        starts, open_ = [0], [0]
        while open_:
            at = open_.pop()
            for opener in OPENERS:
                for _, end in self.parse.match(opener, at):
                    if end not in starts:
                        starts.append(end)
                        open_.append(end)
        return starts

    def refusal(self, length: int) -> SentenceError:
        """Why there is no meaning: what stands in the way, in which column."""
        # A word that means nothing here says more than what a frame would have liked to follow another.
        known = _lexicon() | self.naming.lexicon()
        for word in self.said:
            if word.kind is WordKind.WORD and word.text not in known:
                why = WHY.get(word.text) or unknown(word.text, known)
                return SentenceError(f"{word.text!r} {why}", word.start + 1)
        if self.refused:
            first = self.refused[0]
            return SentenceError(first.message, first.word.start + 1 if first.word is not None else 1)
        for word in self.said:
            if word.text in WHY and word.text not in ELSEWHERE:
                return SentenceError(f"{word.text!r} {WHY[word.text]}", word.start + 1)
        furthest = self.parse.furthest
        note = self.parse.notes.get(furthest) or next(iter(self.parse.notes.values()), None)
        if note is not None:
            place = furthest if furthest in self.parse.notes else next(iter(self.parse.notes))
            return SentenceError(note, self.said[place].start + 1)
        if furthest < len(self.said):
            word = self.said[furthest]
            what = "the number" if word.kind is WordKind.NUMBER else f"{word.text!r}"
            shown = f"{what} {word.text}" if word.kind is WordKind.NUMBER else what
            return SentenceError(f"{shown} is not understood here", word.start + 1)
        return SentenceError("the sentence stops before it has said something that can be tested", length + 1)

    # --- clauses --------------------------------------------------------------------------------

    def _clauses(self, at: int) -> Iterator[tuple[tuple[Statement, ...], int]]:
        for denial in DENIALS:
            for _, start in self.parse.match(denial, at):
                for clause, stop in self._clause(start, None):
                    for statements, end in ((clause.statements, stop), *self._meeting(clause, stop)):
                        if len(statements) == 1:
                            yield (Denied(statements[0]),), end
                    if len(clause.statements) > 1 and stop == len(self.said):
                        self.refused.append(Rejected("that several things are not so together is not tested"))
        for clause, end in self._clause(at, None):
            yield from self._more(clause, end)
        for pattern in BEFORE:
            for found, start in self.parse.match(pattern, at):
                for clause, end in self._clause(start, None):
                    if (
                        clause.subject is not None
                        and clause.subject.joint == "one"
                        and len(clause.statements) >= 1
                    ):
                        for told, stop in self._figured(
                            clause, clause.subject.arms, [found["f"]], found, end
                        ):
                            yield from self._more(replace(clause, statements=told, told="beside"), stop)

    def _more(self, clause: _Clause, at: int) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """A clause, and the clauses that follow it."""
        yield clause.statements, at
        for met, end in self._meeting(clause, at):
            yield from self._more(replace(clause, statements=met, lead=False), end)
        for excepted, end in self._excepting(clause, at):
            yield excepted.statements, end
        for repeated, end in self._repeated(clause, at):
            for rest, stop in self._more(repeated, end):
                yield (*clause.statements, *rest), stop
        for told, ways in (("gapped", self._gapped(clause, at)), ("beside", self._beside(clause, at))):
            for figures, end in ways:
                yield from self._more(replace(clause, statements=figures, lead=False, told=told), end)
        for join in JOINS:
            for _, start in self.parse.match(join, at):
                turns = any(
                    word.text in ("but", "while", "whereas", "yet", "though", "although")
                    for word in self.said[at:start]
                )
                for following, end in self._clause(start, clause):
                    silent = following.subject is not None and following.subject.silent
                    if silent and clause.bound["no"] and not turns and not following.bound["no"]:
                        # "does not learn and overfit": what is denied?
                        self.refused.append(Rejected("is the second denied too? Say both with their subject"))
                        continue
                    for rest, stop in self._more(following, end):
                        yield (*clause.statements, *rest), stop

    def _clause(self, at: int, before: _Clause | None) -> Iterator[tuple[_Clause, int]]:
        """Every clause that begins here; one after another may leave out its subject, or point at it."""
        measured = frozenset[Metric]()
        if before is not None:
            measured = named_metrics(before.bound) or before.context.measured
        context = Context(self.naming, self.epochs, before.arms if before is not None else (), measured)
        for adjuncts, start in self._opening(at):
            subjects = self._subjects(start, before)
            for frame in FRAMES:
                bound: dict[str, Any] = {"no": False, "subjects": subjects, "before": adjuncts}
                for found, end in self.parse.match(frame.pattern, start, bound):
                    clause = self._built(frame, found, context, end)
                    if clause is not None:
                        yield clause, end

    def _opening(self, at: int) -> Iterator[tuple[Adjuncts, int]]:
        """The adjuncts that a clause begins with."""
        for adjuncts, end in self.parse.phrase("adjuncts", at):
            yield adjuncts, end
            if end > at and self.parse.is_at(end, ","):
                yield adjuncts, end + 1

    def _subjects(self, start: int, before: _Clause | None) -> Any:
        def subjects(at: int) -> list[tuple[Named, int]]:
            found = list(self.parse.phrase("arms", at))
            # "No weight decay learns": none of the values, or the value 0?
            none = Named(self.naming.all, "nor")
            found += [(none, end) for _, end in self.parse.match("no <setting>", at)]
            if before is None or before.subject is None:
                return found
            if at == start:
                found.append((replace(before.subject, silent=True), at))
            if before.subject.joint == "one" and len(before.arms) == 1:
                found += [(before.subject, end) for _, end in self.parse.match("it", at)]
            if before.subject.joint in ("and", "all") and not before.subject.unlike:
                plural = replace(before.subject, joint="and")
                found += [(plural, end) for _, end in self.parse.match("they/these | the two", at)]
            return found

        return subjects

    def _built(self, frame: Frame, bound: Bound, context: Context, end: int) -> _Clause | None:
        try:
            statements = frame.build(bound, context)
        except Rejected as refusal:
            if end == len(self.said):
                self.refused.append(refusal)
            return None
        subject: Named | None = bound.get("s")
        return _Clause(statements, frame, bound, context, subject, _mentioned(statements), lead=True)

    def _repeated(self, clause: _Clause, at: int) -> Iterator[tuple[_Clause, int]]:
        """*… but 5e-2 does not*, *… but not in test accuracy*: the clause once more, with something else in it."""
        if not clause.frame.plain or clause.subject is None:
            return
        context = replace(clause.context, before=clause.subject.arms or clause.arms)
        for pattern, denies in REPEATS.items():
            for found, end in self.parse.match(pattern, at):
                if ("not <arms>" in pattern or "when" in found) and (
                    "b" in clause.bound or "c" in clause.bound
                ):
                    # "beats 5e-6 but not 5e-2": who does not beat whom?
                    self.refused.append(
                        Rejected("of the first or of the second arm? Say it in a clause of its own")
                    )
                    continue
                bound = _again(clause.bound, found, denies, is_equality=SAME in clause.frame.pattern)
                repeated = self._built(clause.frame, bound, context, end) if bound is not None else None
                if repeated is not None:
                    yield repeated, end

    def _excepting(self, clause: _Clause, at: int) -> Iterator[tuple[_Clause, int]]:
        """*All models learn except 5e-2*: of which the opposite is said."""
        if clause.subject is None or clause.subject.joint != "all" or clause.subject.unlike:
            return
        for found, end in self.parse.match("(,)? except (for)? <listed>", at):
            spared: tuple[int, ...] = found["listed"]
            rest = tuple(arm for arm in clause.subject.arms if arm not in spared)
            bound = {**clause.bound, "s": Named(rest, "all", spared)}
            excepted = self._built(clause.frame, bound, clause.context, end) if rest else None
            if excepted is not None:
                yield excepted, end

    def _gapped(self, clause: _Clause, at: int) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """*… 73 % for 5e-4 and 70 % for 5e-6*, *… but only 70 % test accuracy*: other figures, said in the same way."""
        if "f" not in clause.bound or clause.bound["no"] or clause.told or not clause.frame.plain:
            return
        open_: list[tuple[tuple[Bound, ...], int]] = [((), at)]
        while open_:
            parts, place = open_.pop()
            for pattern in GAPPED:
                for found, end in self.parse.match(pattern, place):
                    part = {name: found[name] for name in found if name != "no"}
                    if "m" in part and "m" not in clause.bound:
                        continue
                    open_.append(((*parts, part), end))
            if parts:
                yield from self._told(clause, parts, place)
                for adjunct, end in self.parse.phrase("adjunct", place):
                    yield from self._told(clause, parts, end, adjunct)
                for quantity, end in self.parse.phrase("quantity", place):
                    said = Adjuncts(quantity.metrics, quantity.when, bare=quantity.bare)
                    yield from self._told(clause, parts, end, said)

    def _told(
        self, clause: _Clause, parts: tuple[Bound, ...], end: int, where: Adjuncts | None = None
    ) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """A clause with its figure, and again with each of the others; a place behind the last is that of all."""
        bounds: list[Bound] = [clause.bound]
        for part in parts:
            bounds.append({**bounds[-1], **part})
        if where is not None:
            bounds = [{**bound, "z": where} for bound in bounds]
        built = [self._built(clause.frame, bound, clause.context, end) for bound in bounds]
        if all(one is not None for one in built):
            yield tuple(statement for one in built if one is not None for statement in one.statements), end

    def _beside(self, clause: _Clause, at: int) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """*… with a test accuracy of 73 %*, *… (73 % vs 70 %)*: figures of the arms that a clause is about."""
        subject = clause.bound.get("s")
        if clause.told == "gapped" or not isinstance(subject, Named) or subject.unlike:
            return
        ranks = clause.frame in RANKS
        lone = len(subject.arms) == 1 and (ranks or set(clause.arms) == set(subject.arms))
        for pattern in (BESIDE_MORE if clause.told else BESIDE if ranks else BESIDE_NAMED) if lone else ():
            for found, end in self.parse.match(pattern, at):
                yield from self._figured(clause, subject.arms, [found["f"]], found, end)
                for when, stop in self.parse.phrase("when", end):
                    if when is When.END:
                        yield from self._figured(clause, subject.arms, [found["f"]], found, stop)
        arms = (*subject.arms, *(arm for arm in clause.arms if arm not in subject.arms))
        for pattern in BESIDE_PAIR if len(clause.statements) == 1 and len(arms) == 2 else ():
            for found, end in self.parse.match(pattern, at):
                if _place_said(clause.statements[0]) is not None:
                    yield from self._figured(clause, arms, [found["f"], found["g"]], found, end)

    def _figured(
        self, clause: _Clause, arms: tuple[int, ...], figures: list[Written], found: Bound, end: int
    ) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """A clause with figures of arms: of the metric that is named beside them, or else of that of the clause."""
        places = [place for one in clause.statements if (place := _place_said(one)) is not None]
        metrics, whens = {metric for metric, _ in places}, {when for _, when in places} or {When.END}
        metric = metrics.pop() if len(metrics) == 1 else None
        when = whens.pop() if len(whens) == 1 else None
        quantity: Quantity | None = found.get("m")
        implied = {metric} - named_metrics(clause.bound) - {None}
        if implied and (
            not all(one.number.percent for one in figures)
            if quantity is None
            else not clause.told and quantity.metrics != (metric,)
        ):
            refusal = Rejected("in which metric? Say it before the number", figures[0].number)
            self.refused += [refusal] * (end == len(self.said))
            return
        if quantity is not None:
            metric = quantity.metrics[0] if len(quantity.metrics) == 1 else None
            when = quantity.when or when
        if metric is None or when is None:
            return
        try:
            each = zip(arms, figures, strict=True)
            added = tuple(Figure(arm, metric, *rounded(f.number, metric), when, f.about) for arm, f in each)
        except Rejected as refusal:
            if end == len(self.said):
                self.refused.append(refusal)
            return
        yield (*clause.statements, *added), end

    def _meeting(self, clause: _Clause, at: int) -> Iterator[tuple[tuple[Statement, ...], int]]:
        """*…, but later they converge*: behind a lead, which it ends."""
        leads = [_lead(statement) for statement in clause.statements] if clause.lead else []
        known = [lead for lead in leads if lead is not None]
        if not known or len(known) < len(leads):
            return
        for pattern in MEETINGS:
            for found, end in self.parse.match(pattern, at):
                pairs = {frozenset((lead.better, lead.worse)) for lead in known}
                named: Named | None = found.get("arms")
                behind = found.get("behind")
                if named is not None and (
                    {frozenset(named.arms)} != pairs or named.joint not in ("and", "all")
                ):
                    continue
                if behind is not None and {behind} != {lead.worse for lead in known}:
                    continue
                if named is None and behind is None and len(pairs) > 1:
                    continue
                if self._whole(clause):
                    known = [replace(lead, until=None) for lead in known]
                amount: Word | None = found.get("amount")
                try:
                    yield tuple(_converging(lead, amount) for lead in known), end
                except Rejected as refusal:
                    if end == len(self.said):
                        self.refused.append(refusal)

    def _whole(self, clause: _Clause) -> bool:
        """Whether the lead was said of the whole curve, or *at first*: how long it lasts was not said."""
        places = [clause.bound[n].when for n in ADJUNCTS if n in clause.bound]
        return any(place is When.CURVE or place in (Span("throughout"), Span("first")) for place in places)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause that was read: what it says, and all that is needed to say it again of something else."""

    statements: tuple[Statement, ...]
    frame: Frame
    bound: Bound
    context: Context
    subject: Named | None
    arms: tuple[int, ...]
    lead: bool = False
    #: How figures were added: ``gapped`` (of others), ``beside`` what it says, or not.
    told: str = ""


def _same(parse: Parse, at: int) -> Iterator[tuple[str, int]]:
    for _, end in parse.match(SAME, at):
        yield "same", end


def _again(bound: Bound, found: Bound, denies: bool, *, is_equality: bool) -> Bound | None:
    """What was bound, with that in it which is said anew; None where that has no place there."""
    if "when" in found:
        if not isinstance(found["when"], Span):
            return None
        places = [name for name in ADJUNCTS if name in bound and bound[name].when is not None]
        if len(places) != 1 or bound["no"]:
            return None
        moved = {places[0]: replace(bound[places[0]], when=found["when"])}
        return {**bound, **moved, "s": found["arms"]}
    if "arms" in found:
        return {**bound, "s": found["arms"], "no": denies}
    changed: dict[str, Any] = {**bound}
    if "same" in found:
        if "m" not in bound or bound["no"] or not is_equality:
            return None
    elif "more" in found:
        if "d" not in bound or "c" not in bound or bound["no"]:
            return None
        changed["d"] = found["more"]
    elif not denies or bound["no"]:
        return None
    if "quantity" in found:
        if "m" not in bound:
            return None
        return {**changed, "m": found["quantity"]}
    adjuncts: Adjuncts = found["adjunct"]
    if not (adjuncts.metrics or adjuncts.split) or adjuncts.when or adjuncts.by or "m" in bound:
        return None
    for name in ADJUNCTS:
        if name in bound:
            changed[name] = replace(bound[name], metrics=(), bare=False, split="")
    kept = changed["before"]
    changed["before"] = replace(kept, metrics=adjuncts.metrics, bare=adjuncts.bare, split=adjuncts.split)
    return {**changed, "no": denies}


def _mentioned(statements: tuple[Statement, ...]) -> tuple[int, ...]:
    """The arms that statements are about, each once."""
    found: list[int] = []
    for statement in statements:
        inner: Any = statement
        while isinstance(inner, Denied):
            inner = inner.statement
        roles = ("arm", "better", "worse", "more", "less", "faster", "slower")
        found += [getattr(inner, role) for role in roles if hasattr(inner, role)]
        found += getattr(inner, "arms", ())
    return tuple(dict.fromkeys(found))


def _place_said(statement: Statement) -> tuple[Metric, When] | None:
    """In which metric something is said, and where; None where that is not told by one of each."""
    match statement:
        case Best() | Exceeds() | ExceedsBy() | Equivalent(every=False) | Figure():
            return statement.metric, statement.when
        case Denied(denied):
            return _place_said(denied)
        case _:
            return None


def _lead(statement: Statement) -> Dominates | None:
    """A statement as a lead that may end: a comparison of which no place was said is one, if a meeting follows."""
    match statement:
        case Dominates(converge=False):
            return statement
        case Exceeds(more, less, metric, When.END, 0.0) if metric.more_is_better is not None:
            return Dominates(*((more, less) if metric.more_is_better else (less, more)), metric)
        case _:
            return None


def _converging(lead: Dominates, amount: Word | None) -> Dominates:
    return replace(lead, converge=True, margin=None if amount is None else margin_of(amount, lead.metric))
