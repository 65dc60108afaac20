"""Writes the tables and pictures of ``docs/cifar10.md`` from the records of the study in ``docs/cifar10``.

``python docs/cifar10.py`` runs it. Nothing is trained: ``studies.db`` has every epoch of every trial.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gradbook.book.checking import check_document
from gradbook.document.report import Document, Line
from gradbook.study import plots, results
from gradbook.study.store import to_read

DOCS = Path(__file__).parent
PAGE, RECORDS = DOCS / "cifar10.md", DOCS / "cifar10"
STUDY = "decay-cifar10"

_COLUMNS = {
    "train_loss": "train loss",
    "test_loss": "test loss",
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
    "weight_norm": "weight norm",
}


def found() -> results.Results:
    """The study as it was recorded."""
    store = to_read(None, RECORDS)
    assert store is not None
    try:
        return results.read(store, STUDY)
    finally:
        store.close()


def outcome() -> list[str]:
    """What came out after the last epoch, a row for each arm."""
    rows = ["| weight decay | " + " | ".join(_COLUMNS.values()) + " |", "| --- " * (1 + len(_COLUMNS)) + "|"]
    for row in results.table(found()):
        cells = [f"{row[name]:.3f} ± {row[f'{name}_deviation']:.3f}" for name in _COLUMNS]
        rows.append(f"| {row['arm'].partition('=')[2]} | " + " | ".join(cells) + " |")
    return rows


def sentences(text: str) -> list[str]:
    """Each sentence of the page's block with its verdict and what speaks for it."""
    document = check_document(str(PAGE), text, folder=RECORDS)
    assert isinstance(document, Document)
    rows = ["| sentence | verdict | evidence |", "| --- | --- | --- |"]
    rows += [f"| {line.source} | {line.verdict.value} | {_evidence(line)} |" for line in document.lines]
    return rows


def _evidence(line: Line) -> str:
    words = [w for w in (line.evidence.words if line.evidence else ()) if not w.startswith("read as: ")]
    told = ([line.message] if line.message and line.verdict.value == "UNDECIDED" else []) + words
    return "<br>".join(word.replace("|", "\\|") for word in told)


def written(text: str) -> str:
    """The page with its tables renewed."""
    for name, rows in (("outcome", outcome()), ("sentences", sentences(text))):
        begin, end = f"<!-- {name}: written by docs/cifar10.py -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = "\n".join([before + begin, "", *rows, "", end]) + after
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    if "--figures" in sys.argv:
        plots.draw(found(), RECORDS, formats=("png",))
