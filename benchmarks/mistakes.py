"""How long naming costs: wrong claims and wrong lines of the set, beside judging the same lines without it.

Naming one line takes at most 150 ms, half of the lines under 30 ms; right lines cost nothing, since they are not
looked at.
"""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType

from gradbook.document import Verdict, check_text
from gradbook.document.diagnosing import Diagnoser
from gradbook.document.findings import Finding

ROOT = Path(__file__).parents[1]
CLAIMS = (
    ROOT.parent / "shared" / "claims" / "claims.jsonl",
    *sorted((ROOT / "tests" / "claims").glob("*.jsonl")),
)


def documents() -> list[str]:
    """One document for each claim, right or wrong, that needs nothing but its definition."""
    found: list[str] = []
    for path in CLAIMS:
        if path.exists():
            rows = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]
            found += [f"${c['definition']}$\n\n${c['claim']}$\n" for c in rows if set(c) <= _PLAIN]
    return found


_PLAIN = {"id", "wrt", "definition", "claim", "truth", "mistake", "definition_py", "claim_py"}


def wrong_set() -> ModuleType:
    """The set of wrong lines of the tests."""
    path = ROOT / "tests" / "derivation" / "mistakes" / "wrong_lines.py"
    spec = importlib.util.spec_from_file_location("wrong_lines", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["wrong_lines"] = module
    spec.loader.exec_module(module)
    return module


def told(name: str, times: list[float]) -> None:
    """A row of the table."""
    times = sorted(1000 * t for t in times)
    late = sum(t > 150 for t in times)
    print(
        f"{name:44} {len(times):5}  median {statistics.median(times):6.1f} ms  95 % "
        f"{times[int(len(times) * 0.95)]:6.1f} ms  slowest {times[-1]:6.1f} ms  over 150 ms: {late}"
    )


def main() -> None:
    """Print the times of both."""
    naming: list[float] = []
    plain = Diagnoser.diagnosed

    def timed(self: Diagnoser, finding: Finding, *, first: bool = True) -> Finding:
        start = time.perf_counter()
        try:
            return plain(self, finding, first=first)
        finally:
            naming.append(time.perf_counter() - start)

    texts = documents()
    check_text(texts[0], "a.md")
    Diagnoser.diagnosed = timed  # type: ignore[method-assign]
    whole: dict[Verdict, list[float]] = {}
    for text in texts:
        before = len(naming)
        start = time.perf_counter()
        verdict = check_text(text, "a.md").lines[-1].verdict
        spent = time.perf_counter() - start
        whole.setdefault(verdict, []).append(spent - sum(naming[before:]))
    told("judging a right claim, with its document", whole[Verdict.PROVED])
    told("judging a wrong claim, without naming", whole[Verdict.REFUTED])
    told("naming its mistake", naming)
    lines = wrong_set()
    for name, score in zip(("naming one mistake", "naming two mistakes"), lines.score(3, 5, 5), strict=True):
        told(f"{name} (set of wrong lines)", score.seconds)
    report = ROOT.parent / "shared" / "reports" / "cs6910-a2.md"
    if report.exists():
        naming.clear()
        check_text(report.read_text(encoding="utf-8"), report.name)
        told("naming the mistakes of a report", naming)


if __name__ == "__main__":
    random.seed(0)
    main()
