"""Claim: a gradient is decided twenty times faster than by SymPy's ``simplify``, and judged faster, reading and all.

The same sixty claims, in one run, the judges taking turns. Gradbook gets the definition and the claim as a
document and has to find the gradient itself. math-verify gets the answer key beside the claim: the
derivative, worked out beforehand (for sums, which it cannot compare with written-out ones, another right
claim in its own LaTeX), and the claim with ``f(x)`` already replaced by its formula. SymPy gets both
transcribed as Python, which it reads; its time is that of ``sympify``, ``diff`` and ``simplify``. The row
"from trees" is our symbolic core with the same work, reading apart. All were warmed up with other formulas,
and each claim is judged by itself: what SymPy remembers of the claims before is cleared. The rows
"remembering" leave it that memory, which helps where several claims are about one function; Gradbook
remembers nothing from one document to the next that could help here.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy
from _beside import row, shared, spoken
from math_verify import parse, verify

from gradbook.document import check_text
from gradbook.document.report import Verdict
from gradbook.symbolic import Outcome, differentiate, from_sympy
from gradbook.symbolic.decide import decide

Claim = dict[str, Any]

#: Letters of the transcriptions that the LaTeX spells out.
_SPELLED = {"t": "theta", "d": "delta", "a": "alpha"}
_TERMS = 3


def written_out(text: str) -> str:
    """``SUM(x{i})`` as ``(x1+x2+x3)``."""
    while (start := text.find("SUM(")) >= 0:
        depth, end = 1, start + 4
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        body = text[start + 4 : end - 1]
        terms = "+".join(f"({body.replace('{i}', str(k))})" for k in range(1, _TERMS + 1))
        text = f"{text[:start]}({terms}){text[end:]}"
    return text


def symbols(text: str) -> dict[str, Any]:
    """The names in a transcription, as real symbols."""
    return {name: sympy.Symbol(name, real=True) for name in re.findall(r"\b[a-z]\d?\b", text)}


def variable(claim: Claim) -> Any:
    short = {full: letter for letter, full in _SPELLED.items()}
    name = claim["wrt"].removeprefix("\\").replace("_", "")
    return sympy.Symbol(short.get(name, name), real=True)


def answer_key(claim: Claim, claims: list[Claim]) -> list[Any]:
    """The derivative with the names that math-verify's parser gives, or its own reading of a right claim."""
    if "SUM" in claim["definition_py"]:
        right = [c for c in claims if c["definition"] == claim["definition"] and c["truth"] == "correct"]
        other = next((c for c in right if c is not claim), right[0])
        return parse(f"${right_side(other)}$")
    text = claim["definition_py"]
    derivative = sympy.diff(sympy.sympify(text, locals=symbols(text)), variable(claim))
    plain = {
        s: sympy.Symbol(_SPELLED.get(s.name, re.sub(r"([a-z])(\d)", r"\1_\2", s.name)), real=True)
        for s in derivative.free_symbols
    }
    return [derivative.subs(plain)]


def right_side(claim: Claim) -> str:
    """What is claimed, with the function replaced by its formula."""
    side = claim["claim"].partition("=")[2]
    formula = rf"\left({claim['definition'].partition('=')[2]}\right)"
    side = side.replace("f(x)", formula)
    return re.sub(r"\bf \\frac", lambda _: formula + r" \frac", side)


def document(claim: Claim) -> str:
    return f"Let\n\n$${claim['definition']}$$\n\nThen\n\n$${claim['claim']}$$\n"


@dataclass
class Judge:
    """One way to judge claims, with what it said and how long it took."""

    name: str
    accepts: Callable[[Claim], bool | None]
    remembers: bool = False
    seconds: list[float] = field(default_factory=list)
    counts: dict[tuple[str, bool | None], int] = field(default_factory=dict)

    def take(self, claim: Claim) -> None:
        if not self.remembers:
            sympy.core.cache.clear_cache()
        began = time.perf_counter()
        said = self.accepts(claim)
        self.seconds.append(time.perf_counter() - began)
        key = (claim["truth"], said)
        self.counts[key] = self.counts.get(key, 0) + 1


def by_gradbook(claim: Claim) -> bool | None:
    verdict = check_text(claim["document"], "claim.md").lines[-1].verdict
    return {Verdict.PROVED: True, Verdict.AGREES: True, Verdict.REFUTED: False}.get(verdict)


def by_math_verify(claim: Claim) -> bool | None:
    read = parse(f"${claim['right_side']}$")
    if not any(isinstance(tree, sympy.Basic) for tree in read):
        return None
    return verify(claim["key"], read)


def by_simplify(claim: Claim) -> bool | None:
    definition = sympy.sympify(claim["definition_py"], locals=claim["names"])
    wanted = sympy.sympify(claim["claim_py"], locals=claim["names"])
    return sympy.simplify(sympy.diff(definition, variable(claim)) - wanted) == 0


def by_the_core(claim: Claim) -> bool | None:
    """What ``simplify`` is asked, asked of our symbolic core: from trees, nothing read."""
    definition, wanted, wrt = claim["trees"]
    outcome = decide(differentiate(definition, wrt), wanted).outcome
    return {Outcome.PROVED: True, Outcome.REFUTED: False}.get(outcome)


def trees(claim: Claim) -> tuple[Any, Any, Any]:
    """The transcriptions as trees of the core."""
    sides = (sympy.sympify(claim[side], locals=claim["names"]) for side in ("definition_py", "claim_py"))
    definition, wanted, wrt = (from_sympy(tree) for tree in (*sides, variable(claim)))
    return definition, wanted, wrt


WARM_UP: list[Claim] = [
    {
        "wrt": "x",
        "truth": "correct",
        "definition": rf"f(x) = {k} x^3 + \tan(x) + e^{{{k} x}}",
        "claim": rf"\frac{{df}}{{dx}} = {3 * k} x^2 + 1 + \tan^2(x) + {k} e^{{{k} x}}",
        "definition_py": f"{k}*x**3+tan(x)+exp({k}*x)",
        "claim_py": f"{3 * k}*x**2+1+tan(x)**2+{k}*exp({k}*x)",
    }
    for k in range(2, 6)
]

with shared("claims/claims.jsonl").open(encoding="utf-8") as lines:
    claims: list[Claim] = [json.loads(line) for line in lines if line.strip()]
for claim in (*WARM_UP, *claims):
    claim["document"] = document(claim)
    claim["right_side"] = right_side(claim)
    claim["key"] = answer_key(claim, claims)
    for side in ("definition_py", "claim_py"):
        claim[side] = written_out(claim[side])
    claim["names"] = symbols(claim["definition_py"] + claim["claim_py"])
    claim["trees"] = trees(claim)

alone = [
    Judge("gradbook", by_gradbook),
    Judge("gradbook, from trees", by_the_core),
    Judge("math-verify", by_math_verify),
    Judge("SymPy simplify", by_simplify),
]
remembering = [
    Judge("math-verify, remembering", by_math_verify, remembers=True),
    Judge("SymPy simplify, remembering", by_simplify, remembers=True),
]
for judge in alone:
    for claim in WARM_UP:
        judge.accepts(claim)
for claim in claims:
    for judge in alone:
        judge.take(claim)
for judge in remembering:
    sympy.core.cache.clear_cache()
    for claim in WARM_UP:
        judge.accepts(claim)
    for claim in claims:
        judge.take(claim)

judges = [*alone, *remembering]
ours = judges[0]
row(f"{len(claims)} claims", "median", "to ours", "slowest", "to ours")
for judge in judges:
    middle, most = statistics.median(judge.seconds), max(judge.seconds)
    ratios = middle / statistics.median(ours.seconds), most / max(ours.seconds)
    row(judge.name, spoken(middle), f"{ratios[0]:.1f}", spoken(most), f"{ratios[1]:.1f}")
print()
row("", "right, yes", "right, no", "wrong, no", "wrong, yes", "no answer")
for judge in judges:
    said = judge.counts.get
    silent = said(("correct", None), 0) + said(("wrong", None), 0)
    told = [said((truth, answer), 0) for truth, answer in (
        ("correct", True), ("correct", False), ("wrong", False), ("wrong", True),
    )]  # fmt: skip
    row(judge.name, *map(str, told), str(silent))
