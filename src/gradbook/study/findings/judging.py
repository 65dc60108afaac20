"""The judge: a statement about a study goes in, a finding comes out.

Each statement is weighed by two tests, one that would show it and one that would show its contrary. Where neither
does, the outcome is OPEN: that a test did not reject is no evidence, and nothing is ever concluded from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradbook.study.findings import comparing, recorded, response, single
from gradbook.study.findings.inference import FEWEST, seeds_for
from gradbook.study.findings.measures import Measures, Unmeasured
from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    ExceedsBy,
    Figure,
    Finding,
    Improving,
    Learns,
    Level,
    Margins,
    Outcome,
    Overfits,
    Reaches,
    Response,
    RisesFaster,
    Statement,
    Stays,
)
from gradbook.study.findings.weighing import Weighed, all_of
from gradbook.study.findings.wording import say
from gradbook.study.results import Results
from gradbook.study.spec import ENOUGH_SEEDS


def judge(
    results: Results, statements: Sequence[Statement], margins: Margins | None = None, alpha: float = 0.05
) -> Finding:
    """What the data of a study say of one statement, or of several at once.

    Several are SUPPORTED if each is, and CONTRADICTED if one is after Holm's correction for their number.

    Raises ValueError for no statement, for an arm or a setting that the study does not have, and for an alpha that
    is not between 0 and 1/2.
    """
    return judged(Measures(results, margins or Margins()), statements, alpha)


def judged(measures: Measures, statements: Sequence[Statement], alpha: float = 0.05) -> Finding:
    """The same, for measures that were taken before."""
    if not statements:
        raise ValueError("expected at least one statement to judge")
    if not 0 < alpha < 0.5:
        raise ValueError(f"expected an alpha between 0 and 0.5, found {alpha!r}")
    parts = [weigh(measures, statement, alpha) for statement in statements]
    weighed = all_of(parts) if len(parts) > 1 else parts[0]
    sentence = "; ".join(say(statement, measures.arms) for statement in statements)
    return finding(
        measures, statements[0] if len(statements) == 1 else tuple(statements), sentence, weighed, alpha
    )


def finding(
    measures: Measures,
    statement: Statement | tuple[Statement, ...],
    sentence: str,
    weighed: Weighed,
    alpha: float,
) -> Finding:
    """The finding that the evidence gives."""
    outcome = Outcome.OPEN
    if weighed.support <= alpha:
        outcome = Outcome.SUPPORTED
    elif weighed.against <= alpha:
        outcome = Outcome.CONTRADICTED
    p = weighed.against if outcome is Outcome.CONTRADICTED else weighed.support
    tested = not weighed.fact and weighed.seeds >= FEWEST
    reason = (_undecided(weighed, len(measures.results.seeds), alpha),) if outcome is Outcome.OPEN else ()
    return Finding(
        statement=statement,
        outcome=outcome,
        sentence=sentence,
        evidence=(*reason, *weighed.evidence),
        method=weighed.method,
        effect=None if weighed.effect is None or math.isnan(weighed.effect) else weighed.effect,
        interval=weighed.interval,
        p=p if tested else None,
        seeds=weighed.seeds,
        described=not tested,
        underpowered=not weighed.fact and weighed.seeds < ENOUGH_SEEDS,
    )


def weigh(measures: Measures, statement: Statement, alpha: float) -> Weighed:
    """What speaks for a statement and against it."""
    _check(measures, statement)
    try:
        return _weigh(measures, statement, alpha).settled(alpha)
    except Unmeasured as problem:
        return Weighed(lacking=str(problem))


def _weigh(measures: Measures, statement: Statement, alpha: float) -> Weighed:
    match statement:
        case Exceeds():
            return comparing.exceeds(measures, statement, alpha)
        case ExceedsBy():
            return comparing.exceeds_by(measures, statement, alpha)
        case Equivalent():
            return comparing.equivalent(measures, statement, alpha)
        case Dominates():
            return comparing.dominates(measures, statement, alpha)
        case Best():
            return comparing.best(measures, statement, alpha)
        case Learns():
            return single.learns(measures, statement, alpha)
        case Diverges():
            return single.diverges(measures, statement)
        case Denied(denied):
            return weigh(measures, denied, alpha).denied()
        case Overfits():
            return single.overfits(measures, statement, alpha)
        case RisesFaster():
            return single.rises_faster(measures, statement, alpha)
        case Improving():
            return single.improving(measures, statement, alpha)
        case Level():
            return single.level(measures, statement, alpha)
        case Figure():
            return recorded.figure(measures, statement)
        case Reaches():
            return recorded.reaches(measures, statement)
        case Stays():
            return recorded.stays(measures, statement)
        case Response():
            return response.response(measures, statement, alpha)


def _check(measures: Measures, statement: Statement) -> None:
    count = len(measures.results.arms)
    match statement:
        case Exceeds(one, other) | ExceedsBy(one, other) | Dominates(one, other) | RisesFaster(one, other):
            arms = (one, other)
        case Equivalent(arms):
            pass
        case (
            Learns(arm)
            | Overfits(arm)
            | Best(arm)
            | Diverges(arm)
            | Improving(arm)
            | Level(arm)
            | Figure(arm)
            | Reaches(arm)
            | Stays(arm)
        ):
            arms = (arm,)
        case Response(setting):
            if setting not in measures.arms.varied:
                raise ValueError(f"expected a setting that varies, found {setting!r}")
            arms = ()
        case Denied():
            arms = ()
    if wrong := [arm for arm in arms if not 0 <= arm < count]:
        raise ValueError(f"expected arms from 0 to {count - 1}, found {wrong[0]}")
    if len(set(arms)) < len(arms) or (isinstance(statement, Equivalent) and len(arms) < 2):
        raise ValueError(f"expected different arms to compare, found {arms}")


def _undecided(weighed: Weighed, planned: int, alpha: float) -> str:
    if weighed.lacking:
        return f"not decidable: {weighed.lacking}"
    seeds = f"{weighed.seeds} seed{'s' * (weighed.seeds != 1)}"
    if weighed.seeds < FEWEST:
        lost = f" (of {planned})" if weighed.seeds < planned else ""
        return f"not decidable with {seeds}{lost}: a test needs {FEWEST}; what is seen is described"
    needed = seeds_for(weighed.distance, alpha)
    if needed is None:
        return f"not decidable with {seeds}: it may be true or not, and a thousand seeds might not tell"
    more = max(needed, weighed.seeds + 1)
    return (
        f"not decidable with {seeds}: the interval leaves both possible; "
        f"about {more} seeds would tell (80 % power, if mean and spread are what they seem)"
    )


def denied(statement: Statement) -> Statement:
    """The opposite statement, without a double denial.

    >>> denied(Denied(Learns(0)))
    Learns(arm=0)
    """
    return statement.statement if isinstance(statement, Denied) else Denied(statement)
