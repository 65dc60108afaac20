"""Known ways to go wrong, and the search for those that explain a wrong line.

A mistake is a mal-rule: what people do in the place of a rule. It is named only if applying it, alone or with one
other, gives exactly the written line, which is decided and not guessed.

>>> from gradbook.derivation.mistakes import MISTAKES
>>> MISTAKES["D103"].name
'outer derivative missing'
"""

from gradbook.derivation.mistakes.arrays import mended_arrays
from gradbook.derivation.mistakes.mistake import MISTAKES, Example, Family, Mistake, Slip
from gradbook.derivation.mistakes.numeric import NumberQuestion, explain
from gradbook.derivation.mistakes.search import Diagnosis, Explanation, Question, diagnose
from gradbook.derivation.mistakes.values import Points, agree

__all__ = [
    "MISTAKES",
    "Diagnosis",
    "Example",
    "Explanation",
    "Family",
    "Mistake",
    "NumberQuestion",
    "Points",
    "Question",
    "Slip",
    "agree",
    "diagnose",
    "explain",
    "mended_arrays",
]
