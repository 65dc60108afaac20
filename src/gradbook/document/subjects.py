"""Subjects: what the words before a formula say that it is the formula of.

"The absolute error is $L = …$" after "The squared error is $L = …$" brings in another L, though no heading stands
between the two; "expanding, the loss is $L = …$" goes on from the L that is there, and is a claim.
"""

from __future__ import annotations

import re

SENTENCE_END = re.compile(r"[.;!?](?:\s|$)")
_WORD = re.compile(r"[a-z][a-z'-]*|\d+")

#: Words of a step: with one of them a formula follows from what stands before it.
_STEPS = frozenset(
    "so then hence thus therefore gives give gave gets get got obtain obtains yield yields become becomes simplifies "
    "simplify reduces equals equal follows follow implies imply means expand recall remember again also equivalent "
    "equivalently alternatively same rewrite rewritten write written because since derive check verify solution "
    "answer result results step instead above below before earlier previous previously indeed clearly "
    "which that substitution inserted plugged collect collected".split()
)

#: Verbs that bring something in, though they end like those of a step (expanding, substituting).
_BRINGING = frozenset({"using", "considering", "taking", "choosing", "following"})

#: Words that say how a formula is written and not what it is of.
_FORMS = frozenset(
    "form forms expanded simplified compact closed explicit explicitly matrix vector vectorised vectorized terms term "
    "notation index component components componentwise word words short full whole long final derivative gradient "
    "expression formula identity equation definition side left right value part parts sum product version way "
    "simply just only now here there where finally first".split()
)

_EMPTY = frozenset(
    "a an the this these those its it i we you our us one's of for with without on in at by to from as into under over "
    "and or but if when is are be was were being been has have had do does given let define defined use uses used "
    "consider take choose call called denote denoted suppose assume say reads like such all any every each both "
    "can will would may must shall should".split()
)

#: Words for one thing: what is called by another of them need not be another.
_GENERAL = frozenset(
    "function quantity loss cost error objective criterion output prediction activation model network".split()
)

_ANEW = frozenset("new updated next renewed".split())

_ORDINALS = frozenset("next second third fourth fifth sixth other another last".split())


def last_sentence(words: str) -> str:
    """What stands in some words behind the last sentence that ends in them.

    >>> last_sentence("It is so. The error is")
    'The error is'
    """
    return SENTENCE_END.split(words)[-1]


def subject(words: str) -> frozenset[str]:
    """The words that name what a formula is of; empty if they name nothing, or lead to it by a step.

    >>> sorted(subject("Yes. The absolute error is")), sorted(subject("For 2 classes"))
    (['absolute', 'error'], ['2', 'classes'])
    >>> subject("so the error is"), subject("Expanding, the loss is"), subject("In matrix form this is")
    (frozenset(), frozenset(), frozenset())
    """
    found = _WORD.findall(last_sentence(words.lower()))
    if not _STEPS.isdisjoint(found) or any(map(_is_step, found, ["", *found])):
        return frozenset()
    named = frozenset(found) - _EMPTY - _FORMS
    return named if named - _ORDINALS else frozenset()


def is_other(named: frozenset[str], before: frozenset[str]) -> bool:
    """Whether words name something else than the words before them: not if they only leave some out.

    >>> is_other(subject("The absolute error is"), subject("The squared error is"))
    True
    >>> is_other(subject("The loss function is"), subject("The loss is")), is_other(subject("The loss is"), subject(""))
    (False, False)
    """
    return bool(before) and bool(named - before - _GENERAL)


def is_anew(named: frozenset[str]) -> bool:
    """Whether words name what has been worked out before, and is again.

    >>> is_anew(subject("The new output is")), is_anew(subject("The output is"))
    (True, False)
    """
    return not _ANEW.isdisjoint(named)


def _is_step(word: str, before: str) -> bool:
    """``Expanding``, ``by substituting``: a verb that leads on, where a sentence or a clause begins."""
    opens = before in ("", "by", "after", "on", "upon", "when", "and", "now")
    return opens and word.endswith("ing") and word not in _BRINGING
