"""``gradbook study findings``: what a study shows and what it contradicts, as text or as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any

from gradbook.study.problem import StudyError

if TYPE_CHECKING:
    from gradbook.study.findings.statements import Finding, Margins, Statement
    from gradbook.study.results import Results
    from gradbook.study.store import Store

#: Raised when a field is removed or changes its meaning; fields may be added without it.
VERSION = 1

_HEADS = {"SUPPORTED": "Shown", "CONTRADICTED": "Contradicted, though often said", "OPEN": "Not decidable"}
_STYLES = {"SUPPORTED": "green", "CONTRADICTED": "red", "OPEN": "yellow"}


def tell(store: Store, name: str, margin: str | None, form: str) -> int:
    """Print the findings of a study; 0, whatever they are.

    Raises StudyError if there is no such study, if it is not finished, or if the margins cannot be read.
    """
    from gradbook.study import results
    from gradbook.study.findings.listing import findings
    from gradbook.study.findings.statements import Margins

    read = results.read(store, name)
    if not read.over:
        done = sum(trial.state.over for trial in read.trials.values())
        raise StudyError(
            f"{name} is not finished ({done} of {len(read.trials)} trials); go on with: gradbook study resume {name}"
        )
    try:
        margins = Margins.read(margin) if margin else Margins()
    except ValueError as error:
        raise StudyError(f"--margin: {error}") from None
    found = findings(read, margins)
    if form == "json":
        json.dump(as_json(read, found, margins), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _write(read, found, margins)
    return 0


def as_json(results: Results, found: tuple[Finding, ...], margins: Margins) -> dict[str, Any]:
    """The findings in terms of JSON."""
    return {
        "version": VERSION,
        "study": results.name,
        "seeds": list(results.seeds),
        "arms": [dict(arm.values) for arm in results.arms],
        "margins": asdict(margins),
        "findings": [_finding(finding) for finding in found],
    }


def _finding(found: Finding) -> dict[str, Any]:
    statements = found.statement if isinstance(found.statement, tuple) else (found.statement,)
    return {
        "outcome": found.outcome.value,
        "sentence": found.sentence,
        "statements": [_statement(statement) for statement in statements],
        "evidence": list(found.evidence),
        "method": found.method,
        "effect": found.effect,
        "interval": None if found.interval is None else list(found.interval),
        "p": found.p,
        "seeds": found.seeds,
        "described": found.described,
        "underpowered": found.underpowered,
    }


def _statement(statement: Statement) -> dict[str, Any]:
    held = {name: getattr(statement, name) for name in statement.__dataclass_fields__}
    return {"kind": type(statement).__name__, **{name: _plain(value) for name, value in held.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return _statement(value) if hasattr(value, "__dataclass_fields__") else value


def _write(results: Results, found: tuple[Finding, ...], margins: Margins) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    terminal = console.is_terminal

    def line(text: str, style: str = "", indent: int = 0) -> None:
        # Piped text is not folded: one line a sentence.
        if terminal:
            console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))
        else:
            print(" " * indent + text)

    seeds = len(results.seeds)
    equal = f"equal means to within {margins.accuracy:g} in accuracy, {margins.loss:g} in loss"
    line(f"{results.name}: {seeds} seed{'s' * (seeds != 1)}; {equal}")
    if any(finding.underpowered for finding in found):
        line("underpowered: fewer than six seeds tell large differences only")
    for outcome, head in _HEADS.items():
        part = [finding for finding in found if finding.outcome.value == outcome]
        if not part:
            continue
        line("")
        line(head, f"bold {_STYLES[outcome]}")
        for finding in part:
            line(finding.sentence + _strength(finding.p), "", 2)
            for told in finding.evidence:
                line(told, "dim", 6)
    if not found:
        line("nothing can be said with these seeds")


def _strength(p: float | None) -> str:
    from gradbook.study.findings.measures import p_words

    return f" ({p_words(p)})" if p is not None else ""
