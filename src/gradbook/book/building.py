"""A lab book built into a page: its mathematics checked, its blocks done, everything laid out.

text → lines with verdicts → each block a part → one page. What is wrong in a block is told in its place, and the
rest is built.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradbook.book import checking, derivations, marks, page, studies, worksheets
from gradbook.book.blocks import Block, BlockKind, blocks, chosen
from gradbook.book.findings import part as findings_part
from gradbook.book.images import Images
from gradbook.book.markup import Setting, heading_levels, lay_out
from gradbook.book.parts import Part, counted, joined, summed
from gradbook.book.store import Kept
from gradbook.document.report import Document, Line, Problem

if TYPE_CHECKING:
    from gradbook.study.runner import Snapshot


#: Verdicts that are wrong too where everything has to be settled.
_UNSETTLED = frozenset({"UNREAD", "UNDECIDED"})


#: Blocks that are checked with the document; what is wrong with the others, they tell themselves.
_TOLD = frozenset({BlockKind.FINDINGS})


class Watch(Protocol):
    """Is told how a build goes on."""

    def total(self, count: int) -> None:
        """So many pieces of work there are."""
        ...

    def begin(self, told: str) -> None:
        """What is being done now."""
        ...

    def done(self) -> None:
        """One piece of work is done."""
        ...

    def study(self, snapshot: Snapshot) -> None:
        """How the study that is being run stands."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen about a build."""

    data: str | None = None
    folder: Path | None = None
    database: str | None = None
    keep: bool = True
    own_code: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """A page, and what is in it."""

    html: str
    title: str
    counts: Mapping[str, int]
    problems: tuple[str, ...] = ()
    made: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def exit_status(self, *, strict: bool = False) -> int:
        """0: nothing is wrong in the document; 1: something is.

        >>> Built("", "", {"PROVED": 2, "UNREAD": 1}).exit_status(strict=True)
        1
        """
        failing = marks.WRONG | (_UNSETTLED if strict else frozenset[str]())
        return int(bool(self.problems) or any(self.counts.get(verdict) for verdict in failing))


def build(path: Path, options: Options | None = None, watch: Watch | None = None) -> Built | Problem:
    """Build a Markdown document; a problem, if it cannot be read."""
    from gradbook.document.files import read

    text = read(str(path))
    if isinstance(text, Problem):
        return text
    options = options or Options()
    found = blocks(text)
    names = {block.options["data"] for block in found if "data" in block.options}
    if options.data is not None and options.data not in names:
        known = ", ".join(sorted(names)) or "none"
        return Problem(
            str(path), f"--data {options.data}: no block is marked data={options.data}; known: {known}"
        )
    return _Build(path, text, options, watch).run(found)


class _Build:
    def __init__(self, path: Path, text: str, options: Options, watch: Watch | None) -> None:
        self.path, self.text, self.options, self.watch = path, text, options, watch
        here = path.parent
        self.kept = Kept(here / ".gradbook" if options.keep else None)
        self.home = studies.Home(options.folder or here / "studies", here, options.database, options.own_code)
        self.images = Images(here)
        self.used: Counter[str] = Counter()
        self.problems: list[str] = []

    def run(self, found: tuple[Block, ...]) -> Built:
        wanted = chosen(found, self.options.data)
        work = sum(len(_lines(b)) if b.kind is BlockKind.DERIVE else 1 for b in wanted) + 1
        if self.watch is not None:
            self.watch.total(work)
        parts: dict[int, Part] = {}
        # Studies come first: the findings in a document are checked against them.
        for block in sorted(wanted, key=lambda b: b.kind is not BlockKind.STUDY):
            if block.kind is not BlockKind.FINDINGS:
                parts[block.line] = self._part(block)
        document = self._checked()
        for block in wanted:
            if block.kind is BlockKind.FINDINGS:
                parts[block.line] = findings_part(
                    block, _within(document.lines, block), self._name(block.text)
                )
                self._done()
        return self._page(document, found, wanted, parts)

    def _checked(self) -> Document:
        self._begin("mathematics and findings")
        document = checking.check_text(
            self.text,
            str(self.path),
            folder=self.home.folder,
            database=self.options.database,
            data=self.options.data,
            kinds=_TOLD,
        )
        self._done()
        return document

    # -- blocks ----------------------------------------------------------------------------------------------

    def _part(self, block: Block) -> Part:
        match block.kind:
            case BlockKind.STUDY:
                return self._study(block)
            case BlockKind.DERIVE:
                return joined([self._derivation(number, line) for number, line in _lines(block)])
            case BlockKind.WORKSHEET:
                name, level = self._name(block.text), self._level(block)
                return self._work(
                    "worksheet",
                    "worksheet",
                    [block.text, name, level, block.line],
                    lambda: worksheets.part(block, name, level),
                )
            case BlockKind.FINDINGS:
                raise AssertionError("findings are parts of the checked document")

    def _derivation(self, number: int, line: str) -> Part:
        name = self._name(line)
        return self._work(
            f"derive {line.strip()}",
            "derive",
            [line, name, number],
            lambda: derivations.part(line, number, name),
        )

    def _study(self, block: Block) -> Part:
        self._begin("study")
        watch = self.watch.study if self.watch is not None else None
        results = studies.run(block, self.path.name, self.home, watch)
        if isinstance(results, Part):
            self._done()
            return results
        name = self._name(results.name)
        key = [studies.fingerprint(results), name]
        return self._work(f"study {results.name}", "study", key, lambda: studies.part(results, name))

    def _work(self, told: str, kind: str, key: Sequence[Any], make: Callable[[], Part]) -> Part:
        """A part that was kept from an earlier build, or a new one."""
        part = self.kept.get(kind, key)
        if part is None:
            self._begin(told)
            part = make()
            self.kept.put(kind, key, part)
        self._done()
        return part

    def _name(self, text: str) -> str:
        """What the names in a block begin with on the page: the same wherever it stands in the document."""
        name = "b" + hashlib.sha256(text.encode()).hexdigest()[:8]
        self.used[name] += 1
        return f"{name}-{self.used[name]}-" if self.used[name] > 1 else f"{name}-"

    def _level(self, block: Block) -> int:
        """The level of headings in a block: one below the heading that it stands under."""
        setting = Setting(keep_title="title" in front_matter(self.text))
        above = [
            level
            for line, level in heading_levels(without_front_matter(self.text), setting)
            if line < block.line
        ]
        return min((above[-1] if above else 1) + 1, 6)

    # -- the page --------------------------------------------------------------------------------------------

    def _page(
        self, document: Document, found: Sequence[Block], wanted: Sequence[Block], parts: Mapping[int, Part]
    ) -> Built:
        about = front_matter(self.text)
        setting = Setting(
            blocks={line: part.html for line, part in parts.items()},
            spans=[(block.line - 1, block.end_line + 1) for block in found],
            image=self.images.html,
            keep_title="title" in about,
        )
        text = without_front_matter(self.text)
        laid = lay_out(text, document, setting)
        title_html = None if "title" in about else laid.title
        title = about.get("title") or plain(laid.title or "") or self.path.stem
        left_out = [b for b in found if b not in wanted]
        lines = [line for line in document.lines if not any(_is_in(line, block) for block in left_out)]
        counts = summed([counted(lines), *(part.counts for part in parts.values())])
        problems = [problem for _, part in sorted(parts.items()) for problem in part.problems]
        problems += self.images.problems
        made = [part.made for _, part in sorted(parts.items()) if part.made]
        data = self.options.data or next((b.options["data"] for b in wanted if "data" in b.options), None)
        html = page.write(
            page.Page(
                title=title,
                body=laid.html,
                path=self.path.name,
                fingerprint=hashlib.sha256(self.text.encode()).hexdigest(),
                headings=laid.headings,
                title_html=title_html,
                author=about.get("author", ""),
                date=about.get("date", ""),
                language=about.get("lang", "en"),
                counts=counts,
                made=made,
                problems=problems,
                data=data,
            )
        )
        self.kept.tidy()
        return Built(html, title, counts, tuple(problems), tuple(made))

    def _begin(self, told: str) -> None:
        if self.watch is not None:
            self.watch.begin(told)

    def _done(self) -> None:
        if self.watch is not None:
            self.watch.done()


def _lines(block: Block) -> list[tuple[int, str]]:
    """The lines of a block that say something, with their numbers."""
    return [
        (block.line + k, line)
        for k, line in enumerate(block.text.splitlines())
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _within(lines: Sequence[Line], block: Block) -> list[Line]:
    return [line for line in lines if _is_in(line, block)]


def _is_in(line: Line, block: Block) -> bool:
    return block.line - 1 <= line.line <= block.end_line + 1


# --- front matter --------------------------------------------------------------------------------

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n(?P<body>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_ENTRY = re.compile(r"^(title|author|date|lang)[ \t]*:[ \t]*(.+?)[ \t]*$", re.MULTILINE)


def front_matter(text: str) -> dict[str, str]:
    """What a document says of itself at its top: title, author, date, lang.

    >>> front_matter('---\\ntitle: "Weight decay"\\nauthor: A. Student\\n---\\n\\nText')
    {'title': 'Weight decay', 'author': 'A. Student'}
    """
    found = _FRONT.match(text)
    if found is None or not found["body"].strip():
        return {}
    return {match[1]: _unquoted(match[2]) for match in _ENTRY.finditer(found["body"])}


def without_front_matter(text: str) -> str:
    """The text with empty lines where its front matter was, so that line numbers stay."""
    found = _FRONT.match(text)
    if found is None or not found["body"].strip():
        return text
    return "".join("\n" if char == "\n" else " " for char in found[0]).replace(" ", "") + text[found.end() :]


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


_TAG = re.compile(r"<[^>]*>")


def plain(html: str) -> str:
    """The words of a heading, for the title of the window.

    >>> plain("On <em>x</em> &amp; y")
    'On x & y'
    """
    from html import unescape

    return unescape(_TAG.sub("", html)).replace("$", "").strip()
