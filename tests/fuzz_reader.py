"""Broken documents for the reader, by the thousand: ``make fuzz``, or ``make fuzz MINUTES=60``.

Documents of this repository are cut, doubled, mixed and sprinkled with what breaks readers. Whatever comes
out, a check has to end in time, without an exception, with verdicts that lie inside the document. What breaks
this is kept in ``fuzz-found/``, named by its seed; make it small and add it to the tests.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import random
import sys
import time
import traceback
from pathlib import Path

from gradbook import Document
from gradbook.document import check_text
from gradbook.document.notebook import NotebookError

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / "fuzz-found"

#: No document of this size may take longer, in seconds, however many of its lines reach their deadline.
LONGEST = 60.0
DEADLINE = 0.2

_WORDS = r"""
$$ \\ \( \) \[ \] ``` | # \frac \frac{}{} \sqrt[ \left \right \left. \right) \begin{cases} \end{cases}
\begin{aligned} \end{aligned} \begin{align} \begin \end{ \text{ \boxed{ \tag{1} \sum_{i=1}^{n} \sum \prod_i
\partial \nabla \frac{d}{dx} \frac{\partial}{\partial_w} f'(x) '''' x_i x_{i x^2^3 ^{^{ _{_{ 9^{9^{9^9}}
1e999 0.000000001 1/0 \infty \log0 \sqrt{-1} \max( |x| \|x\| ^T \dot{x} \hat \mathrm \operatorname{ \cancel{
\approx \times \cdot \in \{0,1\} x\le0 =-1.67 {"cells":[ "source":["
"""

PIECES = (
    *"{}[]()$\\^_&=|~%#'\"<>!.,;:-+*/ \t\n\r\0\x1b\u200b\u202e\ufeff\ud800θ∂∑√²漢",
    *_WORDS.split(),
    *("\n\n", "\n---\n", "\n```math\n", "\n| a | b |\n", "Let ", " where "),
    *("{" * 200, "(" * 200, "\\frac{1}{" * 60, "x+" * 300, "-" * 100, "$" * 7),
)


def broken(chance: random.Random, corpus: list[str]) -> str:
    """A document of the corpus after a few accidents."""
    text = chance.choice(corpus)
    if chance.random() < 0.5:  # short documents find more for the time they take
        start = chance.randrange(len(text))
        text = text[start : start + chance.randrange(1, 600)]
    for _ in range(chance.randrange(1, 9)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice((1, 2, 5, 30, 200)))
        match chance.randrange(6):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:to] + text[at:to] + text[to:]
            case 2:
                other = chance.choice(corpus)
                start = chance.randrange(len(other))
                text = text[:at] + other[start : start + chance.randrange(1, 80)] + text[at:]
            case 3:
                text = text[:at] + text[at:to][::-1] + text[to:]
            case _:
                text = text[:at] + chance.choice(PIECES) + text[at:]
    return text


def complaint(document: Document, text: str, seconds: float) -> str | None:
    """What is wrong with the outcome of a check, if anything is."""
    if seconds > LONGEST:
        return f"took {seconds:.1f} s"
    rows = text.split("\n")
    for line in document.lines:
        start, end = (line.line, line.column), (line.end_line, line.end_column)
        if not (1, 1) <= start <= end:
            return f"span {start} to {end} is out of order"
        if line.end_line > len(rows) or line.end_column > len(rows[line.end_line - 1]) + 1:
            return f"span {start} to {end} is outside of the document"
    return None


def main() -> int:
    """Fuzz for the time that was asked for; 1 if something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each document has the next one")
    asked = parser.parse_args()
    pages = [*ROOT.glob("examples/*.md"), *ROOT.glob("tests/documents/**/*.md")]
    corpus = [page.read_text(encoding="utf-8") for page in pages]
    cells = [{"cell_type": "markdown", "metadata": {}, "source": corpus[0].splitlines(keepends=True)}]
    corpus.append(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    FOUND.mkdir(exist_ok=True)
    end = time.monotonic() + 60 * asked.minutes
    seed, found, slowest = asked.seed, 0, (0.0, 0)
    while time.monotonic() < end:
        chance = random.Random(seed)
        text = broken(chance, corpus)
        path = f"{seed}{chance.choice(('.md', '.md', '.tex', '.ipynb'))}"
        kept = FOUND / path
        kept.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        # A check that never ends takes this program with it; its document is then the last one in the folder.
        faulthandler.dump_traceback_later(10 * LONGEST, exit=True)
        began = time.monotonic()
        try:
            told = complaint(check_text(text, path, deadline=DEADLINE), text, time.monotonic() - began)
        except NotebookError:
            told = None  # the one thing that a text may be told instead of verdicts
        except Exception:  # noqa: BLE001 - any exception is a finding
            told = traceback.format_exc()
        slowest = max(slowest, (time.monotonic() - began, seed))
        if told is None:
            kept.unlink()
        else:
            found += 1
            print(f"{kept.relative_to(ROOT)}: {told}", flush=True)
        seed += 1
    faulthandler.cancel_dump_traceback_later()
    print(f"{seed - asked.seed} documents, {found} findings; slowest {slowest[0]:.2f} s (seed {slowest[1]})")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
