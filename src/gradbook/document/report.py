"""What a check says: verdicts, lines, documents, in frozen dataclasses that every face prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Verdict(Enum):
    """The verdict on one line; what each means is fixed in ``docs/verdicts.md``."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    FOLLOWS = "FOLLOWS"
    AGREES = "AGREES"
    UNDECIDED = "UNDECIDED"
    UNREAD = "UNREAD"
    STATED = "STATED"
    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"

    @property
    def meaning(self) -> str:
        """When this verdict is given, in one sentence.

        >>> Verdict.STATED.meaning
        'A definition: it says what a symbol is.'
        """
        return _MEANINGS[self]


_MEANINGS = {
    Verdict.PROVED: "Both sides have the same exact normal form on the whole domain, case by case.",
    Verdict.REFUTED: "There is a certified counterexample: at a point of the domain the two sides differ.",
    Verdict.FOLLOWS: "Sound work on an earlier mistake: the line is proved from an earlier wrong line.",
    Verdict.AGREES: "Equal to 30 digits at many points of every branch, but no proof was found.",
    Verdict.UNDECIDED: "Neither proved nor refuted.",
    Verdict.UNREAD: "The line, or a symbol in it, could not be understood.",
    Verdict.STATED: "A definition: it says what a symbol is.",
    Verdict.SUPPORTED: "A statistical test on the study supports the finding.",
    Verdict.CONTRADICTED: "A statistical test on the study supports the opposite of the finding.",
}

#: Verdicts that make a document wrong.
WRONG = frozenset({Verdict.REFUTED, Verdict.CONTRADICTED})

#: Verdicts that somebody should look at, whatever else the line says.
_NEEDS_LOOK = WRONG | {Verdict.FOLLOWS, Verdict.AGREES, Verdict.UNDECIDED, Verdict.UNREAD}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a verdict was given.

    ``words`` are sentences that say it, as a test of a finding does; the other fields are about mathematics:
    ``point`` lists the counterexample's coordinates as ``(symbol in LaTeX, value)``; ``left`` and
    ``right`` are the certified values of both sides there (enclosures, printed to the digits that
    are certain); ``expected`` is the right value or gradient, in LaTeX; ``where`` names the branch.
    """

    point: tuple[tuple[str, str], ...] = ()
    left: str | None = None
    right: str | None = None
    expected: str | None = None
    where: str | None = None
    words: tuple[str, ...] = ()

    def remarks(self) -> tuple[str, ...]:
        """The evidence in words, a sentence each.

        >>> Evidence((("x", "1.3"),), "2.6", "3.9", expected="2 x", where="x > 0").remarks()
        ('at x = 1.3 (x > 0): left 2.6, right 3.9', 'expected: 2 x')
        """
        found: list[str] = []
        values = ", ".join(
            f"{side} {value}"
            for side, value in (("left", self.left), ("right", self.right))
            if value is not None
        )
        place = ", ".join(f"{symbol} = {value}" for symbol, value in self.point)
        at = f"at {place}" if place else ""
        if self.where is not None:
            at = f"{at} ({self.where})" if at else f"where {self.where}"
        if at or values:
            found.append(": ".join(part for part in (at, values) if part))
        if self.expected is not None:
            found.append(f"expected: {self.expected}")
        return (*found, *self.words)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or one link of a chain, placed at its right side; 1-based, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    source: str
    verdict: Verdict
    code: str | None = None
    message: str = ""
    evidence: Evidence | None = None
    help: str | None = None
    follows: int | None = None
    #: The part that is wrong, where it is known: line, column, end line, end column.
    mark: tuple[int, int, int, int] | None = None

    @property
    def underlined(self) -> tuple[int, int, int, int]:
        """What to underline: the part that is wrong, or else the whole.

        >>> Line(1, 2, 1, 9, "x = y", Verdict.REFUTED, mark=(1, 6, 1, 7)).underlined
        (1, 6, 1, 7)
        """
        return self.mark or (self.line, self.column, self.end_line, self.end_column)

    @property
    def needs_look(self) -> bool:
        """Whether somebody should look at the line; proofs and definitions need none.

        >>> Line(1, 2, 1, 9, "f(x) = x", Verdict.STATED).needs_look
        False
        """
        return self.verdict in _NEEDS_LOOK

    @property
    def headline(self) -> str:
        """The message; where there is none, what the verdict means."""
        return self.message or self.verdict.meaning

    def remarks(self) -> tuple[str, ...]:
        """What stands below the message, a sentence each: the evidence, the earlier mistake, the help.

        >>> Line(4, 1, 4, 6, "z = 2", Verdict.FOLLOWS, follows=2, help="mend line 2").remarks()
        ('follows from line 2', 'help: mend line 2')
        """
        found = list(self.evidence.remarks()) if self.evidence is not None else []
        if self.follows is not None:
            found.append(f"follows from line {self.follows}")
        if self.help is not None:
            found.append(f"help: {self.help}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Document:
    """The lines of one document, in document order. ``text`` is what was read (for display)."""

    path: str
    lines: tuple[Line, ...]
    text: str = field(default="", repr=False)

    def count(self, verdict: Verdict) -> int:
        """How many lines have this verdict."""
        return sum(line.verdict is verdict for line in self.lines)


@dataclass(frozen=True, slots=True)
class Problem:
    """A document that could not be checked at all: where, and why, in one sentence."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What ``gradbook.check`` returns: documents in the order given, and what could not be run."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """How many lines of all documents have this verdict."""
        return sum(document.count(verdict) for document in self.documents)

    def exit_status(self, *, strict: bool = False) -> int:
        """0: nothing wrong; 1: something wrong; 2: something could not be run."""
        if self.problems:
            return 2
        failing = WRONG | ({Verdict.UNREAD, Verdict.UNDECIDED} if strict else set[Verdict]())
        wrong = any(line.verdict in failing for document in self.documents for line in document.lines)
        return int(wrong)

    def _repr_html_(self) -> str:
        """The documents, marked, for a notebook."""
        from gradbook.document.html import marked  # only a notebook needs it

        return marked(self)
