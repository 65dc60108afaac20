"""Documents whose formulas have accidents, by the thousand: ``make fuzz``, or ``make fuzz MINUTES=60``.

Where ``fuzz_reader`` breaks the text, this changes the mathematics and leaves the document around it whole:
tokens of the formulas of this repository are put in each other's place, sides are swapped, numbers grow. Such
documents are read to the end, so that what is tried here is the parser and the decision. A check has to end
without an exception and not long after its deadlines, with verdicts that lie inside the document.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

try:
    from tests.fuzz_reader import complaint
except ModuleNotFoundError:  # run as a script, with this folder on the path instead of the one above
    from fuzz_reader import complaint  # type: ignore[import-not-found, no-redef]

from gradbook.document import check_text
from gradbook.document.formula import Names, read_condition, read_expression
from gradbook.document.tokens import FormulaError, tokenise
from gradbook.symbolic.bounds import BoundHit, Clock

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / "fuzz-found"

#: Seconds for a line, and what a document may take beyond those of its lines (of processor time).
DEADLINE, GRACE = 0.3, 1.0

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$|\\begin\{(?:align|equation)\*?\}(.+?)\\end", re.DOTALL)
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+\.?\d*|\s+|.", re.DOTALL)
_HEAVY = (
    "9^{9^{9}}", "^{999}", "_{12345}", "e^{e^{x}}", "(1+x+y+z)^{40}", r"\sum_{i=1}^{5000} i x_i", "10^{-30}",
    "0.1e-300", r"\max(x, y, z, 0)", r"|x - |y - |z - 1|||", r"\sqrt{x^2 + \sqrt{y}}", r"\sin^{12}(x)", "x!",
    r"\prod_{i=1}^{n} x_i", r"\begin{cases} x & x > y \\ y & x \le y \end{cases}", r"\frac{d^3}{dx^3}",
    r"\frac{\partial}{\partial x_j}", "f(f(x))",
)  # fmt: skip


def split(formula: str) -> list[str]:
    r"""The pieces of a formula that may change places.

    >>> split(r"\frac{1.5}{x}")
    ['\\frac', '{', '1.5', '}', '{', 'x', '}']
    """
    return _TOKEN.findall(formula)


def changed(chance: random.Random, text: str, vocabulary: list[str]) -> str:
    """The document with some of its formulas changed."""
    share = chance.choice((0.1, 0.3, 1.0))

    def change(found: re.Match[str]) -> str:
        if chance.random() > share:
            return found.group()
        group = next(k for k in (1, 2, 3) if found.group(k) is not None)
        start, end = (at - found.start() for at in found.span(group))
        tokens = split(found.group(group))
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(tokens) + 1)
            to = min(len(tokens), at + chance.choice((1, 1, 2, 4, 12)))
            match chance.randrange(9):
                case 0:
                    del tokens[at:to]
                case 1:
                    tokens[at:at] = tokens[at:to] * chance.choice((1, 1, 3))
                case 2:
                    tokens[at:to] = [chance.choice(_HEAVY)]
                case 3:
                    tokens[at:to] = ["{", *tokens[at:to], "}"]
                case 4:
                    tokens[at:to] = [
                        r"\left(",
                        *tokens[at:to],
                        r"\right)",
                        "^",
                        "{",
                        str(chance.randrange(-3, 60)),
                        "}",
                    ]
                case 5 if "=" in tokens:
                    place = tokens.index("=")
                    tokens = [*tokens[place + 1 :], "=", *tokens[:place]]
                case 6:
                    other = chance.randrange(len(tokens) + 1)
                    tokens = [*tokens[:other], *tokens[at:to], *tokens[other:]]
                case _:
                    tokens[at:to] = [chance.choice(vocabulary)]
        return found.group()[:start] + "".join(tokens) + found.group()[end:]

    return _FORMULA.sub(change, text)


def part(chance: random.Random, text: str) -> str:
    """Some paragraphs of a document, in their order: what was defined is sometimes missing."""
    paragraphs = text.split("\n\n")
    kept = [p for p in paragraphs if chance.random() < 0.6]
    return "\n\n".join(kept or paragraphs)


def fault_of_document(text: str, path: str) -> str | None:
    """What is wrong with a check of the whole document, if anything is."""
    began = time.process_time()
    document = check_text(text, path, deadline=DEADLINE)
    seconds = time.process_time() - began
    allowed = DEADLINE * (len(document.lines) + 1) + GRACE
    if seconds > allowed:
        return f"took {seconds:.1f} s for {len(document.lines)} lines"
    return complaint(document, text, 0.0)


def fault_of_formulas(text: str) -> str | None:
    """What is wrong with the reading of single formulas: an exception that is no refusal."""
    for found in _FORMULA.finditer(text):
        formula = next(g for g in found.groups() if g is not None)
        for read in (read_expression, read_condition):
            try:
                read(tokenise(formula, Clock(5.0)), Names(), None, Clock(5.0))
            except (FormulaError, BoundHit):
                continue
    return None


def smaller(text: str, wrong: Callable[[str], bool]) -> str:
    """The text with everything taken out that the fault does not need."""
    size = len(text) // 2
    while size:
        at = 0
        while at < len(text):
            shorter = text[:at] + text[at + size :]
            if wrong(shorter):
                text = shorter
            else:
                at += size
        size //= 2
    return text


def fault(text: str, path: str) -> str | None:
    """The first thing that is wrong, exceptions included."""
    try:
        return fault_of_formulas(text) or fault_of_document(text, path)
    except Exception:  # noqa: BLE001 - any exception is a finding
        return traceback.format_exc()


def main() -> int:
    """Fuzz for the time that was asked for; 1 if something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each document has the next one")
    asked = parser.parse_args()
    pages = [p for folder in ("examples", "tests/documents") for p in sorted((ROOT / folder).glob("*.*"))]
    corpus = [(p.suffix, p.read_text(encoding="utf-8")) for p in pages if p.suffix in (".md", ".tex")]
    formulas = [m.group() for _, text in corpus for m in _FORMULA.finditer(text)]
    vocabulary = sorted({token for formula in formulas for token in split(formula.strip("$"))})
    FOUND.mkdir(exist_ok=True)
    end = time.monotonic() + 60 * asked.minutes
    seed, found, slowest = asked.seed, 0, (0.0, 0)
    while time.monotonic() < end:
        chance = random.Random(seed)
        suffix, text = chance.choice(corpus)
        text = changed(chance, part(chance, text), vocabulary)
        path = f"formulas-{seed}{suffix}"
        began = time.process_time()
        told = fault(text, path)
        slowest = max(slowest, (time.process_time() - began, seed))
        if told is not None:
            found += 1
            (FOUND / path).write_text(text, encoding="utf-8", newline="")
            if "Traceback" in told:
                text = smaller(text, lambda shorter, path=path: "Traceback" in (fault(shorter, path) or ""))
            print(
                f"fuzz-found/{path}: {told}\n{text!r}" if len(text) < 400 else f"fuzz-found/{path}: {told}",
                flush=True,
            )
        seed += 1
    print(f"{seed - asked.seed} documents, {found} findings; slowest {slowest[0]:.2f} s (seed {slowest[1]})")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
