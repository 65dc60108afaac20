"""Sentences about a study, read as statements: those of ``wording.say``, and the ways in which people say the same.

A sentence is understood if its words, all of them, match the frames of :mod:`.frames` in one meaning. A word that no
frame takes, an arm that is not there, a hedge, a reason, or a second meaning makes it a sentence that is not
understood; nothing is half-read. The conventions, where a sentence leaves something open:

- an accuracy or loss without its split is that of the test set;
- *better*, *beats*, *best* without a metric are meant in test accuracy;
- without a place, a comparison is meant at the end;
- *the same* and *differ* are meant within the margin; *generalisation gap* is that between the losses;
- per cent and points of an accuracy are hundredths of a share.

How a sentence was read is said by ``wording.say``.
"""

from gradbook.study.findings.sentences.reader import read
from gradbook.study.findings.sentences.words import SentenceError

__all__ = ["SentenceError", "read"]
