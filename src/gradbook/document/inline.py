r"""The inside of a Markdown block: prose, ``$…$``, code spans, emphasis, links and tags.

One pass finds the tokens, their marks are paired, and what is left is handed out as prose and mathematics.
Displayed mathematics and comments of a paragraph are found before, because they decide where it ends; they
arrive here as islands that the prose flows around.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from gradbook.document.dollars import Dollars, has_operator, has_words
from gradbook.document.macros import definitions
from gradbook.document.marks import Token, TokenKind, is_strong, pair_emphasis, struck_out
from gradbook.document.pieces import Piece, PieceKind
from gradbook.document.stretch import Span, Stretch, add, without

_SPECIAL = re.compile(r"[\\`$*_~<\[\]&]|!\[|\{(?=[#.])")
_BACKTICKS = re.compile(r"`+")
_STARS = re.compile(r"\*+|_+|~+")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCK_TAGS = frozenset(
    "p div li ul ol dl dt dd tr table thead tbody tfoot caption details summary blockquote center section "
    "article header footer main nav aside hr h1 h2 h3 h4 h5 h6 figure figcaption form fieldset menu".split()
)
# Elements that are known, so that what stands between the signs of "a<b and c>d" is not lost.
_TAGS = _BLOCK_TAGS | frozenset(
    "a abbr audio b bdi bdo big br button cite code col colgroup data del dfn em embed font i iframe img "
    "input ins kbd label mark meta object option picture pre q rp rt ruby s samp script select small source "
    "span strike strong style sub sup svg td textarea th tt u var video wbr".split()
)
_TAG = re.compile(
    rf"<(/?)({'|'.join(sorted(_TAGS, key=len, reverse=True))})"
    r"(?:\s++(?:[A-Za-z_:][\w.:-]*+\s*+=\s*+(?:[^\s\"'=<>`]++|'[^']*+'|\"[^\"]*+\")"
    r"|(?:open|hidden|checked|disabled|nowrap|noshade)(?![\w=])))*+\s*+/?>"
    r"|<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*+|[\w.+-]++@[\w.-]++)>"
    r"|<!(?!--)[A-Za-z\[][^<>]*+>|<\?[^<>?]*+\?>",
    re.IGNORECASE,
)
_ATTRIBUTES = re.compile(r"\{[#.][^{}\n$]*+\}")
_TARGET = re.compile(
    r"\(\s*+(?:<[^<>\n]*+>|(?:[^\s()<]++|\([^\s()]*+\))*+)"
    r"(?:\s++(?:\"[^\"]*+\"|'[^']*+'|\([^()]*+\)))?+\s*+\)"
)
_REFERENCE = re.compile(r"\[([^\[\]]{0,999})\]")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,99}\]")


def label(written: str) -> str:
    """The label of a link's address, as CommonMark compares it."""
    return " ".join(written.split()).casefold()


class _Scan:
    """One pass over a stretch of prose without islands."""

    def __init__(self, stretch: Stretch, tokens: list[Token]) -> None:
        self.scan = scan = stretch.scan
        self.labels = stretch.labels
        self.tokens = tokens
        self.brackets: list[int] = []  # tokens that are `[` or `![`
        self.missing: dict[str, int] = {}  # closers that are not found up to this limit
        self.dollars = Dollars(scan)

    def text(self, lo: int, hi: int, written: str | None = None) -> None:
        if lo < hi:
            self.tokens.append(Token(TokenKind.TEXT, lo, hi, written=written))

    def hide(self, lo: int, hi: int) -> None:
        self.tokens.append(Token(TokenKind.HIDDEN, lo, hi))

    def math(self, inner: tuple[int, int], lo: int, hi: int) -> None:
        self.tokens.append(Token(TokenKind.INLINE, lo, hi, inner))

    def find(self, closer: str, at: int, limit: int) -> int:
        """The next closer before the limit; asked again in vain, it is not looked for again."""
        if self.missing.get(closer) == limit:
            return -1
        found = self.scan.find(closer, at, limit)
        if found < 0:
            self.missing[closer] = limit
        return found

    def read(self, lo: int, limit: int) -> None:
        scan = self.scan
        at = lo
        while match := _SPECIAL.search(scan, at, limit):
            here = match.start()
            self.text(at, here)
            match match[0]:
                case "\\":
                    at = self.backslash(here, limit)
                case "`":
                    at = self.code(here, limit)
                case "$":
                    at = self.dollar(here, limit)
                case "<":
                    at = self.tag(here, limit)
                case "&":
                    at = self.entity(here, limit)
                case "{":
                    at = self.attributes(here, limit)
                case "[" | "![":
                    at = self.bracket(here, match.end(), limit)
                case "]":
                    at = self.link(here, limit)
                case _:
                    at = self.mark(here, limit)
        self.text(at, limit)

    def backslash(self, at: int, limit: int) -> int:
        scan = self.scan
        for opener, closer in (("\\(", "\\)"), ("\\\\(", "\\\\)")):
            if scan.startswith(opener, at):
                end = self.find(closer, at + len(opener), limit)
                inside = scan[at + len(opener) : end] if end >= 0 else ""
                if end >= 0 and (has_operator(inside) or not has_words(inside)):
                    self.math((at + len(opener), end), at, end + len(closer))
                    return end + len(closer)
        if at + 1 < limit and scan[at + 1] in _PUNCTUATION:
            self.text(at + 1, at + 2)
            return at + 2
        if at + 1 < limit and scan[at + 1] == "\n":  # a hard line break
            return at + 1
        self.text(at, at + 1)
        return at + 1

    def code(self, at: int, limit: int) -> int:
        run = _BACKTICKS.match(self.scan, at, limit)
        assert run is not None
        ticks = run[0]
        here = run.end()
        while (end := self.find(ticks, here, limit)) >= 0:
            closing = _BACKTICKS.match(self.scan, end, limit)
            assert closing is not None
            here = closing.end()
            if here - end == len(ticks):
                self.hide(at, here)
                return here
        # Longer runs only: none of this length follows, however often it is opened again.
        self.missing[ticks] = limit
        self.text(at, run.end())
        return run.end()

    def dollar(self, at: int, limit: int) -> int:
        if self.scan.startswith("$$", at):
            # Blocks give their displays as islands; this is in a cell or a heading.
            if (end := self.find("$$", at + 2, limit)) >= 0:
                self.tokens.append(Token(TokenKind.DISPLAY, at, end + 2, (at + 2, end)))
                return end + 2
            self.text(at, at + 2)
            return at + 2
        if self.scan.startswith("$`", at) and self.find("`$", at + 2, limit) < 0:
            self.text(at, at + 1)
            return at + 1
        found = self.dollars.math(at, limit)
        if found is None:
            self.text(at, at + 1)
            return at + 1
        lo, hi, end = found
        self.math((lo, hi), at, end)
        return end

    def tag(self, at: int, limit: int) -> int:
        tag = _TAG.match(self.scan, at, limit)
        if tag is None:
            self.text(at, at + 1)
            return at + 1
        if not tag[2] and self.scan[at + 1] not in "!?":  # <https://…>
            self.text(at + 1, tag.end() - 1)
            return tag.end()
        closes = bool(tag[1])
        match (tag[2] or "").lower():
            case "br":
                self.text(at, tag.end(), "\n")
            case ("sub" | "sup") as name if not closes and self.scan[at - 1 : at].isalnum():
                # x<sup>2</sup> is not x2
                self.text(at, tag.end(), "_" if name == "sub" else "^")
            case "del" | "s" | "strike":
                token = Token(TokenKind.MARK, at, tag.end(), written="~~", opens=not closes, closes=closes)
                self.tokens.append(token)
            case "td" | "th" if closes:
                self.tokens.append(Token(TokenKind.CELL, at, tag.end()))
            case name if name in _BLOCK_TAGS:
                self.tokens.append(Token(TokenKind.BREAK, at, tag.end()))
            case _:
                self.hide(at, tag.end())
        return tag.end()

    def entity(self, at: int, limit: int) -> int:
        match = _ENTITY.match(self.scan, at, limit)
        written = unescape(match[0]) if match else ""
        if match is None or len(written) != 1:
            self.text(at, at + 1)
            return at + 1
        self.text(at, match.end(), written)
        return match.end()

    def attributes(self, at: int, limit: int) -> int:
        """Leave out ``{#sec:loss .unnumbered}``, which Pandoc and its kin read."""
        match = _ATTRIBUTES.match(self.scan, at, limit)
        if match:
            self.hide(at, match.end())
            return match.end()
        self.text(at, at + 1)
        return at + 1

    def bracket(self, at: int, end: int, limit: int) -> int:
        if end - at == 1 and (note := _FOOTNOTE.match(self.scan, at, limit)):
            self.hide(at, note.end())
            return note.end()
        self.brackets.append(len(self.tokens))
        self.text(at, end)
        return end

    def link(self, at: int, limit: int) -> int:
        opener = self.brackets.pop() if self.brackets else -1
        target = self.target(self.tokens[opener].hi, at, limit) if opener >= 0 else -1
        if target < 0:
            self.text(at, at + 1)
            return at + 1
        token = self.tokens[opener]
        if token.hi - token.lo == 2:  # an image: what is said in its place is not part of the text
            del self.tokens[opener:]
            self.hide(token.lo, target)
        else:
            token.kind = TokenKind.HIDDEN
            self.hide(at, target)
        return target

    def target(self, lo: int, at: int, limit: int) -> int:
        """Where the address ends of the link whose text reaches from ``lo`` to the ``]`` at ``at``; or -1."""
        if target := _TARGET.match(self.scan, at + 1, limit):
            return target.end()
        if not self.labels:
            return -1
        end = at + 1
        if reference := _REFERENCE.match(self.scan, end, limit):
            end = reference.end()
            if reference[1]:
                return end if label(reference[1]) in self.labels else -1
        return end if at - lo < 1000 and label(self.scan[lo:at]) in self.labels else -1

    def mark(self, at: int, limit: int) -> int:
        run = _STARS.match(self.scan, at, limit)
        assert run is not None
        end = run.end()
        before = self.scan[at - 1] if at > 0 else " "
        after = self.scan[end] if end < limit else " "
        if run[0][0] == "~":
            if end - at != 2:
                self.text(at, end)
                return end
            opens, closes = not after.isspace(), not before.isspace()
        else:
            left = not after.isspace() and (
                after not in _PUNCTUATION or before.isspace() or before in _PUNCTUATION
            )
            right = not before.isspace() and (
                before not in _PUNCTUATION or after.isspace() or after in _PUNCTUATION
            )
            if run[0][0] == "*":
                opens, closes = left, right
            else:
                opens = left and (not right or before in _PUNCTUATION)
                closes = right and (not left or after in _PUNCTUATION)
        if not (opens or closes):
            self.text(at, end)
            return end
        token = Token(TokenKind.MARK, at, end, written=run[0], opens=opens, closes=closes, left=end - at)
        token.intraword = before.isalnum() and after.isalnum()
        self.tokens.append(token)
        return end


def tokens_of(stretch: Stretch, lo: int, hi: int, islands: Sequence[Token] = ()) -> list[Token]:
    """The tokens of a block, with its islands among them and what is struck out left out."""
    tokens: list[Token] = []
    scanner = _Scan(stretch, tokens)
    at = lo
    for island in islands:
        if at < island.lo:
            scanner.read(at, island.lo)
        tokens.append(island)
        at = island.hi
    if at < hi:
        scanner.read(at, hi)
    return tokens


def pieces_of_block(stretch: Stretch, lo: int, hi: int, islands: Sequence[Token] = ()) -> list[Piece]:
    r"""The pieces of a paragraph or a cell.

    >>> text = r"Take a **step** of $\gamma$, ~~0.5~~ small"
    >>> [piece.text for piece in pieces_of_block(Stretch(text, None), 0, len(text))]
    ['Take a step of ', '\\gamma', ',  small']
    """
    scan = stretch.scan
    if not islands and not _SPECIAL.search(scan, lo, hi):  # as most paragraphs are
        plain = scan[lo:hi].strip() != ""
        return [stretch.piece(PieceKind.TEXT, [(lo, hi, None)])] if plain else []
    tokens = tokens_of(stretch, lo, hi, islands)
    level = 0
    if any(token.kind is TokenKind.MARK for token in tokens):
        tokens = struck_out(scan, tokens)
        level = int(is_strong(scan, tokens, pair_emphasis(tokens)))
    pieces: list[Piece] = []
    spans: list[Span] = []

    def flush() -> None:
        if spans:
            pieces.append(stretch.piece(PieceKind.TEXT, spans, level))
            spans.clear()

    for token in tokens:
        match token.kind:
            case TokenKind.INLINE | TokenKind.DISPLAY:
                kind = PieceKind.INLINE if token.kind is TokenKind.INLINE else PieceKind.DISPLAY
                if found := mathematics(stretch, kind, *token.inner, token.environment):
                    flush()
                    pieces.extend(found)
            case TokenKind.MACRO:
                flush()
                pieces.append(stretch.piece(PieceKind.MACRO, [(*token.inner, None)], 0, token.environment))
            case TokenKind.CELL | TokenKind.BREAK:
                flush()
                kind = PieceKind.CELL if token.kind is TokenKind.CELL else PieceKind.BREAK
                pieces.append(stretch.mark(kind, token.lo))
            case TokenKind.HIDDEN:
                pass
            case _:
                _prose(token, spans)
    flush()
    return without_blanks(pieces)


def mathematics(
    stretch: Stretch,
    kind: PieceKind,
    lo: int,
    hi: int,
    environment: str = "",
    omitted: Sequence[tuple[int, int]] = (),
) -> list[Piece]:
    r"""The piece of a formula, and a MACRO for each definition in it, which is cut out of it.

    Nothing is left of an empty formula, unless it is empty because it was never closed. ``omitted`` are parts
    of it that do not count (its comments).

    >>> text = r"\newcommand{\R}{\mathbb{R}} x \in \R"
    >>> pieces = mathematics(Stretch(text, None), PieceKind.INLINE, 0, len(text))
    >>> [(piece.kind.name, piece.text) for piece in pieces]
    [('MACRO', '\\newcommand{\\R}{\\mathbb{R}}'), ('INLINE', ' x \\in \\R')]
    """
    spans: list[Span] = []
    macros: list[Piece] = []
    at = lo
    for first, last, name in definitions(stretch.scan, lo, hi, stretch.braces):
        add(spans, at, first)
        macros.append(stretch.piece(PieceKind.MACRO, [(first, last, None)], 0, name))
        at = last
    add(spans, at, hi)
    if omitted:
        spans = without(spans, omitted)
    formula = stretch.piece(kind, spans or [(lo, lo, None)], 0, environment)
    if not formula.text.strip() and (macros or environment != "unclosed"):
        return macros
    if not macros:
        return [formula]
    return sorted([*macros, formula], key=lambda piece: piece.offsets[0])


def heading_text(stretch: Stretch, lo: int, hi: int) -> list[Span]:
    """The spans of a heading: its marks of emphasis removed, its mathematics verbatim."""
    tokens = struck_out(stretch.scan, tokens_of(stretch, lo, hi))
    pair_emphasis(tokens)
    spans: list[Span] = []
    for token in tokens:
        match token.kind:
            case TokenKind.INLINE | TokenKind.DISPLAY:
                add(spans, token.lo, token.hi)
            case TokenKind.TEXT | TokenKind.MARK:
                _prose(token, spans)
            case _:
                pass
    return spans


def _prose(token: Token, spans: list[Span]) -> None:
    if token.kind is TokenKind.MARK:
        add(spans, token.lo + token.taken[0], token.hi - token.taken[1])
    else:
        add(spans, token.lo, token.hi, token.written)


def without_blanks(pieces: list[Piece]) -> list[Piece]:
    """The pieces without prose that is only space, except between two formulas, and without double breaks."""
    kept: list[Piece] = []
    for index, piece in enumerate(pieces):
        if piece.kind is PieceKind.TEXT and piece.text.isspace():
            around = pieces[max(index - 1, 0) : index + 2]
            if sum(neighbour.kind is PieceKind.INLINE for neighbour in around) < 2:
                continue
        if piece.kind is PieceKind.BREAK and kept and kept[-1].kind is PieceKind.BREAK:
            continue
        kept.append(piece)
    return kept
