"""Lab books checked: their mathematics as any document's, their findings against the studies, their blocks read.

Nothing is run here: results are read where they are, and never made. What a document without blocks costs is a look
for a fence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradbook.book.blocks import Block, BlockKind, blocks, chosen, has_blocks
from gradbook.book.items import Item, lists, may_have_lists, stated
from gradbook.document import checker, files
from gradbook.document.notebook import NotebookError
from gradbook.document.reading import DocumentKind, guess
from gradbook.document.report import Document, Evidence, Line, Problem, Verdict

if TYPE_CHECKING:
    from gradbook.study.findings.statements import Finding, Margins
    from gradbook.study.findings.wording import Arms
    from gradbook.study.results import Results
    from gradbook.study.spec import Study

_MISSING = "is not installed; findings need: pip install 'gradbook[study]'"

#: The blocks that are looked at by default.
EVERY = frozenset(BlockKind)


def check_text(
    text: str,
    path: str = "<text>",
    *,
    deadline: float = 2.0,
    folder: Path | str | None = None,
    database: str | None = None,
    data: str | None = None,
    kinds: AbstractSet[BlockKind] = EVERY,
) -> Document:
    """Check the text of a document, and, if it is Markdown, its blocks and findings.

    Args:
        text: the document.
        path: where it came from; without ``folder``, results are looked for in ``studies`` beside it.
        deadline: seconds that one line of mathematics may take.
        folder: where studies are kept.
        database: the URL of a database instead.
        data: of blocks marked ``data=…``, those that hold; by default the first.
        kinds: the kinds of blocks to look at.

    Raises NotebookError for a notebook that is not valid JSON.

    >>> document = check_text("$1 + 1 = 2$\\n\\n```findings\\n- 5e-4 learns\\n```\\n")
    >>> [(line.line, line.verdict.name) for line in document.lines]
    [(1, 'PROVED'), (4, 'UNDECIDED')]
    """
    document = checker.check_text(text, path, deadline=deadline)
    if not (has_blocks(text) or may_have_lists(text)) or guess(path, text) is not DocumentKind.MARKDOWN:
        return document
    home = _home(path, folder)
    book = _Book(text, path, Shelf(home, database), data, kinds)
    found = list(book.lines())
    if not found:
        return document
    # What stands in the sentence of a finding is part of it, and nothing else.
    kept = [line for line in document.lines if not any(_is_in(line, other) for other in found)]
    return replace(document, lines=tuple(sorted([*kept, *found], key=lambda line: (line.line, line.column))))


def check_document(
    path: str,
    text: str | None = None,
    *,
    deadline: float = 2.0,
    folder: Path | str | None = None,
    database: str | None = None,
) -> Document | Problem:
    """Check the document at a path, or its text where that is at hand; what is wrong with a file is told."""
    found = files.read(path) if text is None else text
    if isinstance(found, Problem):
        return found
    try:
        return check_text(found, path, deadline=deadline, folder=folder, database=database)
    except NotebookError:
        return checker.check_document(path, found, deadline=deadline)  # says what is wrong with it


def _home(path: str, folder: Path | str | None) -> Path:
    if folder is not None:
        return Path(folder)
    beside = os.path.dirname(path) if not path.startswith("<") else ""
    return Path(beside) / "studies"


def _is_in(line: Line, other: Line) -> bool:
    here, end = (line.line, line.column), (line.end_line, line.end_column)
    return (other.line, other.column) <= here and end <= (other.end_line, other.end_column)


# --- results -------------------------------------------------------------------------------------


class Unknown(Exception):
    """Why nothing can be said about a study; a sentence with what to do."""


@dataclass(eq=False)
class Shelf:
    """Where results are; each study is read once."""

    folder: Path
    database: str | None = None
    _read: dict[str, Results | None] = field(default_factory=dict[str, Any])

    @property
    def exists(self) -> bool:
        """Whether there can be results at all."""
        return bool(
            self.database or os.environ.get("GRADBOOK_DATABASE") or (self.folder / "studies.db").is_file()
        )

    def results(self, name: str) -> Results | None:
        """The results of a study; None where there are none.

        Raises Unknown: they cannot be read.
        """
        if name not in self._read:
            self._read[name] = self._look(name)
        return self._read[name]

    def _look(self, name: str) -> Results | None:
        if not self.exists:
            return None
        try:
            from gradbook.study import results
            from gradbook.study.problem import StudyError
            from gradbook.study.store import to_read
        except ModuleNotFoundError as missing:
            raise Unknown(f"{missing.name} {_MISSING}") from None
        try:
            store = to_read(self.database, self.folder)
            if store is None:
                return None
            try:
                return results.read(store, name) if store.study(name) is not None else None
            finally:
                store.close()
        except StudyError as error:
            raise Unknown(str(error)) from None


@dataclass(frozen=True, slots=True)
class _Subject:
    """The study that sentences are about: as a block of the document describes it, or by its name alone."""

    name: str
    study: Study | None = None
    #: Whether the block goes on from another study, whose settings are not known here.
    based: bool = False


# --- the blocks of one document ------------------------------------------------------------------


class _Book:
    def __init__(
        self, text: str, path: str, shelf: Shelf, data: str | None, kinds: AbstractSet[BlockKind]
    ) -> None:
        self.text, self.path, self.shelf, self.kinds = text, path, shelf, kinds
        self.rows = text.splitlines()
        self.blocks = chosen(blocks(text), data)

    def lines(self) -> Iterator[Line]:
        """The lines of all blocks, and of lists that state findings."""
        for block in self.blocks:
            if block.kind not in self.kinds:
                continue
            match block.kind:
                case BlockKind.FINDINGS:
                    yield from self._findings(block)
                case BlockKind.STUDY:
                    problem = self._studies[block.line]
                    if isinstance(problem, Line):
                        yield problem
                case BlockKind.DERIVE:
                    yield from self._derivations(block)
                case BlockKind.WORKSHEET:
                    yield from self._worksheet(block)
        if BlockKind.FINDINGS in self.kinds and may_have_lists(self.text):
            yield from self._lists()

    @cached_property
    def _studies(self) -> Mapping[int, _Subject | Line]:
        """Each study block by its line: what it describes, or what is wrong with it."""
        return {b.line: self._study(b) for b in self.blocks if b.kind is BlockKind.STUDY}

    def _study(self, block: Block) -> _Subject | Line:
        from gradbook.book import studies
        from gradbook.study import spec

        name = os.path.basename(self.path)
        try:
            tables, place = studies.tables(block, name)
            if spec.base_of(tables, place) is not None:
                return _Subject(str(tables["name"]), based=True)
            study = spec.read(tables, place)
        except ValueError as error:
            message = str(error)
            # An error names the document and the line, as a compiler's does; a diagnostic has them already.
            where = re.match(rf"{re.escape(name)}:(\d+): ", message)
            at = re.search(r"\(at line (\d+), column (\d+)\)", message)
            number = int(where[1]) if where else int(at[1]) if at else block.line
            return self._unread_row(block, number, message[where.end() :] if where else message)
        return _Subject(study.name, study)

    def _derivations(self, block: Block) -> Iterator[Line]:
        from gradbook.book import asked

        for k, row in enumerate(block.text.splitlines()):
            if not row.strip() or row.lstrip().startswith("#"):
                continue
            try:
                asked.derivations(asked.read(row))
            except ValueError as error:
                yield self._unread_row(block, block.line + k, str(error))

    def _worksheet(self, block: Block) -> Iterator[Line]:
        from gradbook.network import NetworkError, parse, work

        try:
            work(parse("\n" * (block.line - 1) + block.text))
        except NetworkError as error:
            message = str(error)
            at = re.search(r"\(at line (\d+), column (\d+)\)", message)
            number = int(at[1]) if at else self._row_of(block, message.partition(":")[0])
            yield self._unread_row(block, number, message)

    def _row_of(self, block: Block, entry: str) -> int:
        """The row of a block's entry, by the last part of its name; else the first."""
        key = re.escape(re.sub(r"\[\d+\]", "", entry).rpartition(".")[2])
        for k, row in enumerate(block.text.splitlines()):
            if key and re.match(rf"\s*(?:[\"']?{key}[\"']?\s*=|\[+\s*{key}\s*\])", row):
                return block.line + k
        return block.line

    def _unread_row(self, block: Block, number: int, message: str) -> Line:
        number = min(max(number, block.line), max(block.end_line, block.line))
        row = self.rows[number - 1] if number <= len(self.rows) else ""
        source = row.strip()
        start = row.index(source) + 1 if source else 1
        return Line(
            number, start, number, start + max(len(source), 1), source, Verdict.UNREAD, message=message
        )

    # -- findings --------------------------------------------------------------------------------

    def _findings(self, block: Block) -> Iterator[Line]:
        from gradbook.study.findings.statements import Margins

        headers, items = stated(block, self.rows)
        margins: Margins | None = None
        name = block.options.get("study", "")
        wrong = False
        for header in headers:
            if header.key == "study":
                name = header.value.strip("`\"'")
                continue
            try:
                margins = Margins.read(header.value)
            except ValueError as error:
                wrong = True
                yield self._line(header.item, Verdict.UNREAD, str(error))
        subject = self._subject(block, name)
        for item in items:
            if wrong:
                yield self._line(item, Verdict.UNDECIDED, "the margins above could not be read")
            else:
                yield self._tested(item, subject, margins)

    def _subject(self, block: Block, name: str) -> _Subject | None:
        """The study that is named; or else that of the nearest block above."""
        above = [found for line, found in self._studies.items() if line < block.line]
        named = [
            found for found in self._studies.values() if isinstance(found, _Subject) and found.name == name
        ]
        if name:
            return named[0] if named else _Subject(name)
        return above[-1] if above and isinstance(above[-1], _Subject) else None

    def _lists(self) -> Iterator[Line]:
        """Lists behind a paragraph that names a study which is there; any other list is prose."""
        spans = [(b.line - 1, b.end_line + 1) for b in self.blocks]
        described = {found.name: found for found in self._studies.values() if isinstance(found, _Subject)}
        for listed in lists(self.text):
            first = listed.items[0].span[0] if listed.items else 0
            if any(low <= first <= high for low, high in spans):
                continue
            try:
                known = listed.study in described or self.shelf.results(listed.study) is not None
            except Unknown:
                known = False
            if known:
                subject = described.get(listed.study) or _Subject(listed.study)
                yield from (self._tested(item, subject, None) for item in listed.items)

    def _tested(self, item: Item, subject: _Subject | None, margins: Margins | None) -> Line:
        from gradbook.study.findings import sentences

        if subject is None:
            return self._line(
                item,
                Verdict.UNDECIDED,
                "about which study? Begin the block with a row study: NAME, or put it below one",
            )
        try:
            arms, epochs, results = self._known(subject)
        except Unknown as reason:
            return self._line(item, Verdict.UNDECIDED, str(reason))
        try:
            statements = sentences.read(item.text, arms, epochs=epochs)
        except sentences.SentenceError as error:
            mark = item.word(error.column)
            return self._line(item, Verdict.UNREAD, error.message, mark=mark)
        from gradbook.study.findings.wording import say

        said = "; ".join(say(statement, arms) for statement in statements)
        try:
            current = self._current(subject, results)
        except Unknown as reason:
            return self._line(item, Verdict.UNDECIDED, str(reason), (f"read as: {said}",))
        try:
            from gradbook.study.findings.judging import judge
        except ModuleNotFoundError as missing:
            return self._line(item, Verdict.UNDECIDED, f"{missing.name} {_MISSING}", (f"read as: {said}",))
        return self._judged(item, judge(current, statements, margins))

    def _known(self, subject: _Subject) -> tuple[Arms, int | None, Results | None]:
        """The arms of a study, how many epochs it has, and its results if there are any."""
        from gradbook.study.findings.wording import Arms

        if subject.study is not None:
            values = tuple(arm.values for arm in subject.study.arms())
            try:
                results = self.shelf.results(subject.name)
            except Unknown:
                results = None  # the sentence can be read all the same; why there are none is told below
            return Arms(values), subject.study.settings.training.epochs, results
        results = self.shelf.results(subject.name)
        if results is None:
            raise Unknown(self._run_it(subject))
        epochs = int(results.curves["train_loss"].shape[2])
        return Arms(tuple(arm.values for arm in results.arms)), epochs or None, results

    def _current(self, subject: _Subject, results: Results | None) -> Results:
        """Results that are those of the study as it is described, and whole."""
        if results is None:
            self.shelf.results(subject.name)  # says why, if there is more to say
            raise Unknown(self._run_it(subject))
        if subject.study is not None and not _same(subject.study, results):
            raise Unknown(f"{subject.name} was changed after it was run; {self._how(subject)}")
        if not results.over:
            left = sum(not trial.state.over for trial in results.trials.values())
            raise Unknown(
                f"{subject.name} is not finished: {left} of {len(results.trials)} trials are left; {self._how(subject)}"
            )
        return results

    def _run_it(self, subject: _Subject) -> str:
        return f"there are no results of {subject.name} in {self.shelf.folder}; {self._how(subject)}"

    def _how(self, subject: _Subject) -> str:
        described = subject.study is not None or subject.based
        return (
            f"run it: gradbook build {self.path}"
            if described
            else "run it: gradbook study FILE, or say --folder"
        )

    def _judged(self, item: Item, finding: Finding) -> Line:
        from gradbook.study.findings.statements import Outcome

        read = f"read as: {finding.sentence}"
        numbers = _numbers(finding)
        match finding.outcome:
            case Outcome.SUPPORTED:
                seen = "the record of the study shows this" if finding.described else ""
                return self._line(item, Verdict.SUPPORTED, seen, (read, *finding.evidence, *numbers))
            case Outcome.CONTRADICTED:
                return self._line(
                    item,
                    Verdict.CONTRADICTED,
                    "the study contradicts this",
                    (read, *finding.evidence, *numbers),
                )
            case Outcome.OPEN:
                reason, *rest = finding.evidence or (f"not decidable with {finding.seeds} seeds",)
                return self._line(item, Verdict.UNDECIDED, reason, (read, *rest, *numbers))

    def _line(
        self,
        item: Item,
        verdict: Verdict,
        message: str,
        words: tuple[str, ...] = (),
        mark: tuple[int, int, int, int] | None = None,
    ) -> Line:
        evidence = Evidence(words=words) if words else None
        return Line(*item.span, item.text, verdict, message=message, evidence=evidence, mark=mark)


def _same(study: Study, results: Results) -> bool:
    """Whether results are of the study as it is described; where its data lie is not part of that."""
    now, then = study.to_json(), dict(results.study.spec)
    for told in (now, then):
        told["data"] = {key: value for key, value in told.get("data", {}).items() if key != "source"}
    return _plain(now) == _plain(then)


def _plain(told: Mapping[str, Any]) -> Any:
    from gradbook.study.settings import as_json

    return as_json(told)


def _numbers(finding: Finding) -> tuple[str, ...]:
    """The method and its p, in words."""
    if finding.p is None or not finding.method:
        return ()
    from gradbook.study.findings.measures import p_words

    few = ", which are few" if finding.underpowered else ""
    return (f"{finding.method}: {p_words(finding.p)}, {finding.seeds} seeds{few}",)
