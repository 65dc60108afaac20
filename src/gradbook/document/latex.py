r"""Files of LaTeX: headings, prose with its commands unwrapped, and mathematics without comments.

What is not in a file cannot be read: ``\input`` is not followed, and a macro of the writer's own is handed on
as a MACRO for whoever reads the formulas. In prose, an unknown command is dropped and its arguments are kept,
so that ``\mycolour{Let $x = 1$}`` is not lost. A footnote or a caption is a paragraph of its own, where it
stands. One pass with a stack of open groups; nothing recurses on nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from gradbook.document.inline import mathematics, without_blanks
from gradbook.document.latex_commands import (
    DROPPED,
    ENVIRONMENT_ARGUMENTS,
    HEADINGS,
    IGNORED_ENVIRONMENTS,
    SKIPPED,
    STANDS_FOR,
    TABLES,
    THEOREMS,
    TITLED,
)
from gradbook.document.macros import DEFINING, definition, definitions, macro
from gradbook.document.pieces import Piece, PieceKind
from gradbook.document.stretch import Span, Stretch, add, trimmed
from gradbook.document.tex import ARGUMENTS, DISPLAYS, Environments, begins_line, comments

_SPECIAL = re.compile(r"[\\%$&~{}]|\n[ \t]*+\n\s*+")
_COMMAND = re.compile(r"\\([A-Za-z@]++\*?|.)?", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*+\{([^{}\n]*+)\}")
_OPTIONAL = re.compile(r"[ \t]*+\n?[ \t]*+\[((?:[^\[\]{}\n]++|\{[^{}\n]*+\})*+)\]")
_SPACE = re.compile(r"[ \t]*+\n?[ \t]*+")
_SPACE_LINE = re.compile(r"[ \t]*+\n")
_INTERTEXT = re.compile(r"\\(?:short)?intertext\s*+\{")
_LINE_BREAK = re.compile(r"\*?(?:[ \t]*+\[[^\[\]\n]*+\])?")
_PREAMBLE_END = re.compile(r"(\\begin\{document\})|\\.|%[^\n]*+", re.DOTALL)
_NEW_THEOREM = re.compile(
    r"\\(?:newtheorem|declaretheorem|spnewtheorem)\*?\s*+(?:\[[^\[\]]*+\]\s*+)?\{([A-Za-z]++\*?)\}"
)
_SHORTHAND = re.compile(r"\s*+\\(begin|end)\s*+\{([A-Za-z]++\*?)\}\s*+")

_INSIDE = r"\\(?:text|mbox|hbox|textrm|textbf|textit|mathrm)\s*+\{[^{}\n]*+\}|%[^\n]*+|\n(?![ \t]*+\n)"
# Up to what closes a formula, or up to a blank line, which TeX does not allow in one.
_TO_CLOSER = {
    "$": re.compile(rf"(?:[^\\$%\n]++|{_INSIDE}|\\[^\n]?)*+"),
    "$$": re.compile(rf"(?:[^\\$%\n]++|{_INSIDE}|\\[^\n]?|\$(?!\$))*+"),
    r"\)": re.compile(rf"(?:[^\\%\n]++|{_INSIDE}|\\[^)\n]|\\(?=\n))*+"),
    r"\]": re.compile(rf"(?:[^\\%\n]++|{_INSIDE}|\\[^\]\n]|\\(?=\n))*+"),
}
_TO_BLANK_LINE = re.compile(r"(?:[^\n]++|\n(?![ \t]*+\n))*+")


class _GroupKind(Enum):
    PLAIN = auto()
    STRONG = auto()
    HEADING = auto()
    NOTE = auto()


@dataclass(slots=True)
class _Group:
    """An open ``{``."""

    kind: _GroupKind
    level: int = 0


def read_latex(stretch: Stretch) -> list[Piece]:
    r"""The pieces of a LaTeX document.

    >>> text = r"\section{Loss} Let $x$ % a comment\n" "\n" r"\begin{align} y &= x \end{align}"
    >>> pieces = read_latex(Stretch(text, None, comments=True))
    >>> [(piece.kind.name, piece.text) for piece in pieces if piece.text]
    [('HEADING', 'Loss'), ('TEXT', 'Let '), ('INLINE', 'x'), ('DISPLAY', ' y &= x ')]
    """
    return _Latex(stretch).read()


class _Latex:
    """One pass over a document."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self.scan = stretch.scan
        self.size = len(stretch.scan)
        self.braces = stretch.braces
        self.environments = Environments(stretch.scan, comments=True)
        self.pieces: list[Piece] = []
        self.spans: list[Span] = []  # the prose since the last piece
        self.groups: list[_Group] = []
        self.headings = 0  # how many of the open groups are headings
        self.held: list[Piece] = []  # macros defined inside of a heading
        self.strong = 0  # how many of the open groups are strong
        self.all_strong: bool | None = None  # of the paragraph; None before its first word
        self.paragraph = 0  # its first piece
        self.tables: list[str] = []
        self.theorems = dict(THEOREMS)
        self.shorthands: dict[str, tuple[str, str]] = {}  # \be: ("begin", "equation")
        self.absent: set[str] = set()  # what the rest of the document does not hold

    def read(self) -> list[Piece]:
        at = self.preamble()
        while 0 <= at < self.size:
            special = _SPECIAL.search(self.scan, at)
            if special is None:
                break
            self.text(at, special.start())
            at = self.special(special)
        if 0 <= at < self.size:
            self.text(at, self.size)
        self.stop(self.size)
        return self.pieces

    def preamble(self) -> int:
        r"""Read what stands before ``\begin{document}``: definitions only."""
        for match in _NEW_THEOREM.finditer(self.scan):
            self.theorems.setdefault(match[1], 8)
        for match in _PREAMBLE_END.finditer(self.scan):
            if match[1]:
                for lo, hi, name in definitions(self.scan, 0, match.start(), self.braces, comments=True):
                    self.macro(lo, hi, name)
                self.stop(match.end())
                return match.end()
        return 1 if self.scan.startswith("\ufeff") else 0

    # -- what is written down --------------------------------------------------------------------------------

    def text(self, lo: int, hi: int, written: str | None = None) -> None:
        """Add prose; white space at the beginning of a paragraph is left out."""
        if not self.spans and not self.headings and len(self.pieces) == self.paragraph and written is None:
            while lo < hi and self.scan[lo].isspace():
                lo += 1
        if lo >= hi:
            return
        if written is None and not self.headings and not self.scan[lo:hi].isspace():
            self.all_strong = bool(self.strong) and self.all_strong is not False
        add(self.spans, lo, hi, written)

    def flush(self) -> None:
        """Hand out the prose so far."""
        if self.spans and not self.headings:
            self.pieces.append(self.stretch.piece(PieceKind.TEXT, self.spans))
            self.spans = []

    def stop(self, at: int) -> None:
        """End a paragraph, and a heading that was not closed in it."""
        while self.headings:
            self.end_heading(at)
        if self.spans and self.spans[-1][2] is None:
            self.spans[-1:] = trimmed(self.scan, self.spans[-1:], left=False)
        self.flush()
        paragraph = self.pieces[self.paragraph :]
        if paragraph:
            del self.pieces[self.paragraph :]
            for piece in without_blanks(paragraph):
                strong = self.all_strong and piece.kind is PieceKind.TEXT
                self.pieces.append(replace(piece, level=1) if strong else piece)
        if self.pieces and self.pieces[-1].kind is not PieceKind.BREAK:
            self.pieces.append(self.stretch.mark(PieceKind.BREAK, at))
        self.paragraph = len(self.pieces)
        self.all_strong = None

    def macro(self, lo: int, hi: int, name: str) -> None:
        self.flush()
        held = self.held if self.headings else self.pieces
        held.append(self.stretch.piece(PieceKind.MACRO, [(lo, hi, None)], 0, name))
        defined = macro(self.scan[lo:hi])
        if defined and (shorthand := _SHORTHAND.fullmatch(defined.body)):
            self.shorthands[name] = (shorthand[1], shorthand[2])

    def formula(self, kind: PieceKind, lo: int, hi: int, environment: str) -> None:
        omitted = comments(self.scan, lo, hi)
        if found := mathematics(self.stretch, kind, lo, hi, environment, omitted):
            self.flush()
            self.all_strong = bool(self.strong) and self.all_strong is not False
            self.pieces.extend(found)

    def end_heading(self, at: int) -> None:
        """Hand out the innermost open heading; groups that were left open in it end too."""
        group = self.groups.pop()
        while group.kind is not _GroupKind.HEADING:
            self.strong -= group.kind is _GroupKind.STRONG
            group = self.groups.pop()
        self.headings -= 1
        self.add_heading(at, trimmed(self.scan, self.spans) or [(at, at, None)], group.level)
        self.spans = []

    def add_heading(self, at: int, spans: list[Span], level: int, environment: str = "") -> None:
        heading = self.stretch.piece(PieceKind.HEADING, spans, level, environment)
        self.pieces.extend(sorted([heading, *self.held], key=lambda piece: piece.offsets[0]))
        self.held = []
        self.pieces.append(self.stretch.mark(PieceKind.BREAK, at))
        self.paragraph = len(self.pieces)
        self.all_strong = None

    # -- what is found ---------------------------------------------------------------------------------------

    def special(self, special: re.Match[str]) -> int:
        """Read what begins with a special character; returns where the text goes on."""
        at = special.start()
        match self.scan[at]:
            case "\n":
                self.stop(at)
                return special.end()
            case "\\":
                return self.command(at)
            case "$":
                dollars = "$$" if self.scan.startswith("$$", at) else "$"
                kind = PieceKind.INLINE if dollars == "$" else PieceKind.DISPLAY
                return self.delimited(kind, at, dollars, dollars)
            case "%":
                return self.comment(at)
            case "{":
                self.groups.append(_Group(_GroupKind.PLAIN))
            case "}":
                self.end_group(at)
            case "&" if self.tables and not self.headings:
                self.flush()
                self.pieces.append(self.stretch.mark(PieceKind.CELL, at))
            case "~":
                self.text(at, at + 1, " ")
            case _:
                self.text(at, at + 1)
        return at + 1

    def comment(self, at: int) -> int:
        """Leave out a comment; one that has a line to itself leaves no blank line behind."""
        end = self.line_end(at)
        if not begins_line(self.scan, at):
            return end
        if blank := _SPACE_LINE.match(self.scan, end + 1):
            self.stop(end)
            return blank.end()
        return end + 1

    def line_end(self, at: int) -> int:
        end = self.scan.find("\n", at)
        return self.size if end < 0 else end

    def end_group(self, at: int) -> None:
        if not self.groups:
            return
        match self.groups[-1].kind:
            case _GroupKind.HEADING:
                self.end_heading(at)
                return
            case _GroupKind.NOTE if not self.headings:
                self.stop(at)
            case _GroupKind.STRONG:
                self.strong -= 1
            case _:
                pass
        self.groups.pop()

    def delimited(self, kind: PieceKind, at: int, opener: str, closer: str, limit: int = -1) -> int:
        """Read a formula between delimiters; without the second one it ends with the paragraph."""
        lo = at + len(opener)
        limit = self.size if limit < 0 else limit
        match = _TO_CLOSER[closer].match(self.scan, lo, limit)
        end = match.end() if match else lo
        closed = self.scan.startswith(closer, end, limit)
        after = end + len(closer) if closed else end
        if self.headings:
            self.text(at, after)
        else:
            self.formula(kind, lo, end, "" if closed else "unclosed")
        return after

    # -- commands --------------------------------------------------------------------------------------------

    def command(self, at: int) -> int:
        match = _COMMAND.match(self.scan, at)
        name = match[1] if match else None
        if match is None or name is None:
            return self.size
        end = match.end()
        if not name[0].isalpha():
            return self.symbol(at, end, name)
        if match[0] in self.shorthands:
            return self.shorthand(end, *self.shorthands[match[0]])
        name = name.rstrip("*")
        if name in DEFINING:
            found = definition(self.scan, at, self.size, self.braces)
            if found is None:
                return end
            self.macro(at, *found)
            return found[0]
        if name in DROPPED:
            return self.arguments(end, DROPPED[name])
        if name in STANDS_FOR:
            self.text(at, end, STANDS_FOR[name])
            return end
        if name in HEADINGS:
            return self.heading(at, end, HEADINGS[name])
        match name:
            case "begin" | "end":
                return self.environment(at, end, name)
            case "item":
                return self.item(at, end)
            case "textbf" | "strong":
                return self.group(end, _GroupKind.STRONG)
            case "bf" | "bfseries":
                if self.groups and self.groups[-1].kind is _GroupKind.PLAIN:
                    self.groups[-1].kind = _GroupKind.STRONG
                    self.strong += 1
            case "footnote" | "footnotetext" | "caption" | "marginpar":
                if not self.headings:
                    self.stop(at)
                return self.group(end, _GroupKind.NOTE)
            case "par":
                self.stop(at)
            case "ensuremath" if self.scan.startswith("{", end) and not self.headings:
                after = self.braces.end(end)
                if after >= 0:
                    self.formula(PieceKind.INLINE, end + 1, after - 1, "")
                    return after
            case "verb" | "lstinline" | "mintinline":
                return self.verbatim(at, end)
            case "iffalse":
                closing = self.find(r"\fi", end)
                return closing + len(r"\fi") if closing >= 0 else end
            case "endinput":
                return self.size
            case _:
                return self.arguments(end, SKIPPED.get(name, 0))
        return end

    def symbol(self, at: int, end: int, name: str) -> int:
        """Read a command whose name is no letter."""
        if name == "(":
            return self.delimited(PieceKind.INLINE, at, "\\(", "\\)")
        if name == "[":
            return self.delimited(PieceKind.DISPLAY, at, "\\[", "\\]")
        if name == "\\":
            if self.tables and not self.headings:
                self.end_row(at)
            else:
                self.text(at, end, "\n")
            match = _LINE_BREAK.match(self.scan, end)
            return match.end() if match else end
        if name in "%$&#_{}":
            self.text(at + 1, end)
        elif name in " ,;:>\n\t":
            self.text(at, end, " ")
        return end  # others are accents over the next letter, or hyphenation

    def shorthand(self, end: int, what: str, environment: str) -> int:
        r"""Read a writer's own name for ``\begin{equation}``, such as ``\be``."""
        if what == "end" or environment not in DISPLAYS or self.headings:
            return end
        closers = [name for name, meaning in self.shorthands.items() if meaning == ("end", environment)]
        found = [(at, at + len(name)) for name in closers if (at := self.find(name, end)) >= 0]
        closing, after = min(found, default=(-1, -1))
        if closing < 0:
            return self.unclosed(end)
        self.formula(PieceKind.DISPLAY, end, closing, environment)
        return after

    def heading(self, at: int, end: int, level: int) -> int:
        if not self.headings:
            self.stop(at)
        optional = _OPTIONAL.match(self.scan, end)
        return self.group(optional.end() if optional else end, _GroupKind.HEADING, level)

    def group(self, at: int, kind: _GroupKind, level: int = 0) -> int:
        """Open the group that is a command's argument, if there is one."""
        if optional := _OPTIONAL.match(self.scan, at):
            at = optional.end()
        space = _SPACE.match(self.scan, at)
        brace = space.end() if space else at
        if not self.scan.startswith("{", brace):
            return at
        self.groups.append(_Group(kind, level))
        self.headings += kind is _GroupKind.HEADING
        self.strong += kind is _GroupKind.STRONG
        return brace + 1

    def arguments(self, at: int, count: int) -> int:
        """Where so many arguments, with the optional ones among them, end."""
        for _ in range(count):
            if optional := _OPTIONAL.match(self.scan, at):
                at = optional.end()
            space = _SPACE.match(self.scan, at)
            brace = space.end() if space else at
            if not self.scan.startswith("{", brace) or (end := self.braces.end(brace)) < 0:
                return at
            at = end
        return at

    def item(self, at: int, end: int) -> int:
        if not self.headings:
            self.stop(at)
        label = _OPTIONAL.match(self.scan, end)
        if label is None:
            return end
        self.range(label.start(1), label.end(1))
        return label.end()

    def range(self, at: int, end: int) -> None:
        """Read a label, of which the commands are left out."""
        while at < end and (special := _SPECIAL.search(self.scan, at, end)):
            self.text(at, special.start())
            command = _COMMAND.match(self.scan, special.start(), end)
            if special[0] == "$":
                at = self.delimited(PieceKind.INLINE, special.start(), "$", "$", end)
            else:
                at = command.end() if command else special.end()
        self.text(at, end)

    def verbatim(self, at: int, end: int) -> int:
        r"""Leave out ``\verb|…|``."""
        if end >= self.size or self.scan[end] in "\n ":
            return end
        closer = "}" if self.scan[end] == "{" else self.scan[end]
        close = self.scan.find(closer, end + 1, self.line_end(end))
        return close + 1 if close >= 0 else end

    def find(self, token: str, at: int) -> int:
        """The next place of a token; what the rest of the document does not hold is looked for once."""
        if token in self.absent:
            return -1
        found = self.scan.find(token, at)
        if found < 0:
            self.absent.add(token)
        return found

    # -- environments ----------------------------------------------------------------------------------------

    def environment(self, at: int, end: int, what: str) -> int:
        match = _ENVIRONMENT.match(self.scan, at)
        if match is None:
            return end
        name, end = match[1].strip(), match.end()
        if self.headings and name != "document":
            return end
        if what == "end":
            return self.end_environment(at, end, name)
        if name in DISPLAYS:
            return self.display(at, end, name)
        self.stop(at)
        if name in IGNORED_ENVIRONMENTS:
            closing = self.find(rf"\end{{{name}}}", end)
            return closing + len(name) + 6 if closing >= 0 else end
        if name in self.theorems:
            spans: list[Span] = [(match.start(1), match.end(1), None)]
            if title := _OPTIONAL.match(self.scan, end):
                add(spans, title.start(1) - 1, title.end(1) + 1)
                end = title.end()
            self.add_heading(end, spans, self.theorems[name], name)
        elif name in TABLES:
            self.tables.append(name)
            end = self.arguments(end, TABLES[name])
        elif name in TITLED:
            return self.heading(at, end, TITLED[name])
        elif name in ENVIRONMENT_ARGUMENTS:
            end = self.arguments(end, ENVIRONMENT_ARGUMENTS[name])
        elif optional := _OPTIONAL.match(self.scan, end):
            end = optional.end()
        return end

    def end_environment(self, at: int, end: int, name: str) -> int:
        if self.tables and self.tables[-1] == name:
            self.end_row(at)
            self.tables.pop()
        self.stop(at)
        return self.size if name == "document" else end

    def end_row(self, at: int) -> None:
        """End the last cell of a table's row, and the row."""
        if len(self.pieces) > self.paragraph or self.spans:
            self.flush()
            self.pieces.append(self.stretch.mark(PieceKind.CELL, at))
        self.stop(at)

    def display(self, at: int, lo: int, name: str) -> int:
        lo = self.arguments(lo, ARGUMENTS.get(name.rstrip("*"), 0))
        closing = self.environments.end(name, at)
        if closing is None or closing[0] < lo:
            return self.unclosed(lo)
        for between in _INTERTEXT.finditer(self.scan, lo, closing[0]):
            end = self.braces.end(between.end() - 1)
            if between.start() < lo or not 0 <= end <= closing[0]:
                continue
            self.formula(PieceKind.DISPLAY, lo, between.start(), name)
            self.range(between.end(), end - 1)
            lo = end
        self.formula(PieceKind.DISPLAY, lo, closing[0], name)
        return closing[1]

    def unclosed(self, lo: int) -> int:
        match = _TO_BLANK_LINE.match(self.scan, lo)
        end = match.end() if match else lo
        self.formula(PieceKind.DISPLAY, lo, end, "unclosed")
        return end
