"""How often findings are wrong, and how often they tell: the table of docs/findings.md.

Run as a program, this file simulates (by default 2,000) studies of each case and writes the table (``make rates``);
after the number, a part of a name does so for the cases with such names only.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.study.findings.simulated import CASES, Case, Noise, rate

PAGE = Path(__file__).resolve().parents[3] / "docs" / "findings.md"

#: Between these lines of the page stands the table.
BEGIN, END = "<!-- rates: written by make rates -->", "<!-- end of rates -->"


def table(count: int, only: str = "") -> list[str]:
    """The rows: false outcomes with each kind of noise, then the power with normal noise.

    Of cases whose names do not have ``only`` in them, the page's own rows are kept.
    """
    rows = [
        "| statement | seeds | false, normal noise | false, heavy tails | false, fine | power | studies |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    kept = {(cells[0], cells[1]): cells for cells in rows_of(PAGE.read_text(encoding="utf-8"))}
    asked = [(case, seeds) for case in CASES for seeds in case.seeds]
    with ProcessPoolExecutor() as pool:
        new = {
            (case.name, str(seeds)): pool.submit(row, case, seeds, count)
            for case, seeds in asked
            if only in case.name or (case.name, str(seeds)) not in kept
        }
        for case, seeds in asked:
            key = (case.name, str(seeds))
            rows.append(new[key].result() if key in new else "| " + " | ".join(kept[key]) + " |")
            if key in new:
                print(rows[-1], flush=True)
    return rows


def row(case: Case, seeds: int, count: int) -> str:
    """One case with so many seeds."""
    false = " | ".join(f"{rate(case, case.edge, seeds, count, noise):.1%}" for noise in Noise)
    true = rate(case, case.clear, seeds, max(1, count // 4), Noise.NORMAL, start=1)
    return f"| {case.name} | {seeds} | {false} | {true:.0%} | {count} |"


def write(rows: list[str]) -> None:
    """Put the table in its place."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([before + BEGIN, "", *rows, "", END]) + after, encoding="utf-8")


def rows_of(text: str) -> list[list[str]]:
    """The cells of the table that the page has."""
    table = text.partition(BEGIN)[2].partition(END)[0].strip()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


if __name__ == "__main__":
    words = sys.argv[1:]
    write(table(int(words[0]) if words else 2000, words[1] if len(words) > 1 else ""))
