"""What sentences are not read for, word by word: guesses, degrees, reasons, conditions."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from difflib import get_close_matches

_GUESS = "is a guess; a finding says that something is so"
_DEGREE = "is no amount; say by more than how much, or leave it out"
_REASON = "begins a reason; a test says that something is so, not why"
_CONDITION = "makes a condition; a finding says what is so in this study"
_OFTEN = "is said of some cases; a finding is about the mean over all seeds"

WHY: dict[str, str] = {
    **dict.fromkeys(
        "may might could would should can must perhaps maybe probably possibly likely presumably seems seem seemed "
        "appears appear appeared apparently supposedly tends tend tended arguably suggests suggest expected "
        "hopefully potentially".split(),
        _GUESS,
    ),
    **dict.fromkeys(
        "slightly much far considerably substantially clearly somewhat marginally notably hugely "
        "dramatically vastly a bit little lot strongly hardly barely exactly very quite rather really too twice "
        "thrice half".split(),
        _DEGREE,
    ),
    **dict.fromkeys("because due since as owing thanks so which why therefore hence thus".split(), _REASON),
    **dict.fromkeys("if unless when whenever provided given assuming".split(), _CONDITION),
    **dict.fromkeys(
        "sometimes often usually mostly generally rarely seldom occasionally most some few".split(), _OFTEN
    ),
    **dict.fromkeys(
        "generalise generalises generalised generalize generalizes generalized".split(),
        "may mean a higher test accuracy, a lower test loss or a smaller gap; say which",
    ),
    **dict.fromkeys(
        "earlier sooner".split(), "compares times, which is not tested; say from which epoch each overfits"
    ),
    **dict.fromkeys(
        "significantly significant".split(),
        "is what the verdict tells, at 5 %, and what is not is no equality; leave it out",
    ),
    **dict.fromkeys(
        "always consistently constantly".split(),
        "may mean every seed, or every epoch; say in every epoch, or leave it out",
    ),
    **dict.fromkeys(
        "underfit underfits underfitting underfitted".split(),
        "is not tested; say that its training accuracy is below a number, or below that of another",
    ),
    **dict.fromkeys(
        "stable unstable noisy smooth smoother robust".split(),
        "is not measured; say which metric is above or below what",
    ),
    **dict.fromkeys(
        "helps help helped hurts hurt hurting improvement".split(),
        "compares with what, in which metric? Say which beats which",
    ),
    "error": "is not measured; say accuracy or loss",
    "errors": "is not measured; say accuracy or loss",
    "will": "tells the future; a finding says what is so",
    "never": "is not tested with this verb; say does not",
    "converge": "may mean learn, stop improving, or meet another; say which",
    "converges": "may mean learn, stop improving, or meet another; say which",
    "converged": "may mean learn, stop improving, or meet another; say which",
    "seeds": "are all those of the study; a finding is about their mean",
    "seed": "is one of several; a finding is about their mean",
}  # fmt: skip


#: Words of the phrases by which metrics, places, amounts and arms are named.
NAMING = frozenset(
    """
    the a an our its their it they both all every each no none neither nor either or and but not except
    only other others any rest remaining of with for at under using trained that those this one ones
    model models network networks net nets run runs arm arms trial trials value values setting settings
    configuration configurations choice choices variant variants version versions two three four five
    six middle intermediate medium largest smallest highest lowest larger smaller higher lower biggest
    greatest bigger greater strongest weakest stronger weaker without zero parameter parameters
    coefficient strength to is set equal in on by regarding terms respect regard judged measured train
    training test testing validation val dev accuracy accuracies loss losses gap gaps generalisation
    generalization between weight weights norm norms mean average final end data images samples sets
    after before until till through up from epoch epochs number first early beginning start last best
    early stopping over across along whole entire full curve curves averaged throughout during initially
    once onset overfitting starts begins more less than least most margin nats nat within points them
    around near close which was were 's , ; ( ) = : [ ]
    """.split()
)

#: Words that are understood in some frame, so that they alone are no reason.
ELSEWHERE = frozenset("so as a when most therefore hence thus can which given".split())


def unknown(word: str, known: AbstractSet[str]) -> str:
    """What to say of a word that means nothing here: what it may be a slip for, if it is near a word that does."""
    near = get_close_matches(word, known, n=1, cutoff=0.8) if len(word) > 4 else []
    hint = f"did you mean {near[0]!r}?" if near else "docs/sentences.md has those that are"
    return f"is no word of findings; {hint}"
