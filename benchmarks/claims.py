"""Claim: a gradient claim is decided twenty times faster than by math-verify and by SymPy's ``simplify``.

The same sixty claims, in one run, like with like:

* from text: Gradbook gets the definition and the claim as a document and has to find the gradient itself. That
  it also names the mistake in a wrong one, which no peer does, is left out here: benchmarks/mistakes.py times it.
  math-verify gets the claim in LaTeX with ``f(x)`` already replaced by its formula, and beside it the answer
  key: the derivative, worked out beforehand (for sums, which it cannot compare with written-out ones,
  another right claim in its own LaTeX). SymPy gets definition and claim transcribed as Python, which it
  reads; its time is that of ``sympify``, ``diff`` and ``simplify``.
* from trees: Gradbook's core and SymPy get the same trees, each its own, made before the clock starts; the
  time is that of differentiating and deciding (``simplify``).

Each judge goes through all claims in a row, as a reader of many claims does, and the judges take turns, several
times round; the time of a claim is its least, since other work on the machine only ever adds. All were warmed up
with other formulas, and each claim is judged by itself: what a judge remembers of earlier claims is cleared first,
for SymPy its cache, for Gradbook its decisions. The rows "remembering" leave the peers that memory, which helps them
where several claims are about one function; it is cleared between rounds, where they would meet the same claims
again. Gradbook's rows have no such twin: it remembers nothing from one document to the next that could help here.
"""

from __future__ import annotations

import gc
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
from gradbook.symbolic.decide import decide, forget

Claim = dict[str, Any]

#: Letters of the transcriptions that the LaTeX spells out.
_SPELLED = {"t": "theta", "d": "delta", "a": "alpha"}
_TERMS = 3
#: How often each judge goes through the claims.
ROUNDS = 5


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
    """One way to judge claims, with what it said and how long it took.

    What ``given`` makes of a claim is made before the clock starts.
    """

    name: str
    accepts: Callable[[Any], bool | None]
    given: Callable[[Claim], Any] = lambda claim: claim
    remembers: bool = False
    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    answers: dict[str, bool | None] = field(default_factory=dict[str, bool | None])

    def go_through(self, claims: list[Claim]) -> None:
        """Judge every claim once, knowing none at first."""
        sympy.core.cache.clear_cache()
        for claim in WARM_UP:
            self.accepts(self.given(claim))
        gc.collect()
        for claim in claims:
            if not self.remembers:
                sympy.core.cache.clear_cache()
                forget()
            given = self.given(claim)
            began = time.perf_counter()
            said = self.accepts(given)
            self.seconds.setdefault(claim["id"], []).append(time.perf_counter() - began)
            self.answers[claim["id"]] = said

    @property
    def times(self) -> list[float]:
        """The seconds that each claim took."""
        return [min(rounds) for rounds in self.seconds.values()]

    def count(self, claims: list[Claim], truth: str, *answers: bool | None) -> str:
        """How many claims of a kind got one of these answers."""
        return str(sum(c["truth"] == truth and self.answers[c["id"]] in answers for c in claims))


def by_gradbook(claim: Claim) -> bool | None:
    verdict = check_text(claim["document"], "claim.md", name_mistakes=False).lines[-1].verdict
    return {Verdict.PROVED: True, Verdict.AGREES: True, Verdict.REFUTED: False}.get(verdict)


def by_math_verify(claim: Claim) -> bool | None:
    read = parse(f"${claim['right_side']}$")
    if not any(isinstance(tree, sympy.Basic) for tree in read):
        return None
    return verify(claim["key"], read)


def by_simplify(claim: Claim) -> bool | None:
    return by_simplify_of_trees(sympy_trees(claim))


def by_simplify_of_trees(trees: tuple[Any, Any, Any]) -> bool | None:
    definition, wanted, wrt = trees
    return sympy.simplify(sympy.diff(definition, wrt) - wanted) == 0


def by_the_core(trees: tuple[Any, Any, Any]) -> bool | None:
    definition, wanted, wrt = trees
    outcome = decide(differentiate(definition, wrt), wanted).outcome
    return {Outcome.PROVED: True, Outcome.REFUTED: False}.get(outcome)


def sympy_trees(claim: Claim) -> tuple[Any, Any, Any]:
    """The definition, what is claimed and the variable, read by SymPy."""
    definition, wanted = (
        sympy.sympify(claim[side], locals=claim["names"]) for side in ("definition_py", "claim_py")
    )
    return definition, wanted, variable(claim)


def core_trees(claim: Claim) -> tuple[Any, Any, Any]:
    """The same as trees of the core."""
    definition, wanted, wrt = map(from_sympy, sympy_trees(claim))
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

from_text = Judge("gradbook, from text", by_gradbook)
from_trees = Judge("gradbook, from trees", by_the_core, core_trees)
#: Our judges, each with its peers.
MATCHES = {
    "from text": (
        from_text,
        Judge("math-verify", by_math_verify),
        Judge("SymPy simplify", by_simplify),
        Judge("math-verify, remembering", by_math_verify, remembers=True),
        Judge("SymPy simplify, remembering", by_simplify, remembers=True),
    ),
    "from trees": (
        from_trees,
        Judge("SymPy simplify", by_simplify_of_trees, sympy_trees),
        Judge("SymPy simplify, remembering", by_simplify_of_trees, sympy_trees, remembers=True),
    ),
}
judges = [judge for match in MATCHES.values() for judge in match]
for _ in range(ROUNDS):
    for judge in judges:
        judge.go_through(claims)

for what, (ours, *peers) in MATCHES.items():
    middle, most = statistics.median(ours.times), max(ours.times)
    row(f"{len(claims)} claims, {what}", "median", "to ours", "slowest", "to ours")
    for judge in (ours, *peers):
        theirs, longest = statistics.median(judge.times), max(judge.times)
        row(
            judge.name, spoken(theirs), f"{theirs / middle:.1f} x", spoken(longest), f"{longest / most:.1f} x"
        )
    print()
row("answers", "right, yes", "right, no", "wrong, no", "wrong, yes", "none")
for judge in judges:
    told = [judge.count(claims, truth, answer) for truth in ("correct", "wrong") for answer in (True, False)]
    silent = str(sum(answer is None for answer in judge.answers.values()))
    row(judge.name, told[0], told[1], told[3], told[2], silent)
