"""What holds clauses together, as patterns; and what is added to a clause without being one."""

from __future__ import annotations

from gradbook.study.findings.sentences.frame import VERSUS
from gradbook.study.findings.sentences.quantities import ABOUT

#: What a sentence may begin with.
OPENERS = (
    "while/whereas/although/though/even_though",
    "(therefore/thus/hence/consequently/however/overall/moreover/furthermore/and/so/but | "
    "in summary/conclusion/short | on the other hand | in contrast) (,)?",
    "(we/one) (can)? (conclude/infer/see/observe/find/note/saw/observed/found/concluded) that",
    "it can be seen/concluded/observed/inferred that",
    "from the (above)? plots/plot/curves/results/figures/figure/table (above)? (,)?",
    "the (above)? plots/plot/curves/results/figures/figure/table show/shows that",
    "note that",
)

#: What denies all that follows.
DENIALS = ("it is not true that", "it is not the case that", "it is false that")

#: What stands between two clauses.
JOINS = (
    "(,)? although/though/even_though",
    ", (and/but/while/whereas/yet)?",
    "; (and/but | however (,)?)?",
    "and/but/while/whereas",
    "(,)? and also",
)

_LATER = "then/later/eventually/finally/ultimately/afterwards/later_on/after_that/in_the_end/at_the_end"
_MEET = (
    f"({_LATER})? ({{converge}} | {{meet}} | ({{become/be}} | {{end}} up) the_same/equal/identical)"
    f" (to ({ABOUT})? the same value | to each other)? ({_LATER})?"
)
_WITHIN = "(to within <amount> | within <amount>)? (of each other)?"

#: How a lead ends.
MEETINGS = (
    f"(, | (,)? and/but) (and/but)? ({_LATER})? (,)? (they (both)? | both (of them)? | the two) {_MEET} {_WITHIN}",
    f"(, | (,)? and/but) ({_LATER})? (,)? (the two)? <arms> {_MEET} {_WITHIN}",
    f"(, | (,)? and/but) ({_LATER})? (,)? <arm:behind> ({_LATER})? {{catch}} up ({_LATER})?",
)

_VERSUS = f"vs/versus/against | as_opposed to | {VERSUS}"
_AND = "(, | ; | (,)? and/but/while/whereas)"

#: Figures that follow another: of other arms, or of another metric.
GAPPED = (
    f"({_AND} | (,)? ({_VERSUS})) <figure:f> (with/for/at/under/in)? <arms:s>",
    f"{_AND} <arms:s> (at/with/to/of/has/have/is/was)? <figure:f>",
    f"{_AND} with/for/at/under <arms:s> (,)? (it is/was)? <figure:f>",
    "(,)? and/but <figure:f> <quantity:m>",
    "(,)? and/but (a/an)? <quantity:m> (of)? <figure:f>",
)

#: Figures of the arm that a clause is about, with their metric; and where the clause ranks it, without.
BESIDE_NAMED = (
    "(,)? with/reaching/achieving (a/an)? <quantity:m> of <figure:f>",
    "(,)? with/reaching/achieving <figure:f> <quantity:m>",
    "<open> <figure:f> <quantity:m> <close>",
)
BESIDE = (
    *BESIDE_NAMED,
    "(,)? with/at/reaching/achieving <figure:f>",
    "<open> (with/at)? <figure:f> <close>",
    "(, | of) <figure:f>",
)
#: A figure of the arm that a clause is about, before it.
BEFORE = ("with (a/an)? <quantity:m> of <figure:f> ,", "with <figure:f> <quantity:m> ,")
#: And another figure behind these.
BESIDE_MORE = ("(,)? and (a/an)? <quantity:m> of <figure:f>", "(,)? and <figure:f> <quantity:m>")
#: Figures of the two arms that are compared.
BESIDE_PAIR = (
    f"<open> <figure:f> (to/and/, | {_VERSUS}) <figure:g> (<quantity:m>)? <close>",
    f"(,)? (with/at)? <figure:f> ({_VERSUS}) <figure:g> (<quantity:m>)?",
)

#: Patterns that say a clause again, and whether they deny it.
REPEATS = {
    "(,)? (and/but/while/whereas) <arms> (do/does/did | is/are/was/were) not": True,
    "(, | ;) <arms> (do/does/did | is/are/was/were) not": True,
    "(,)? (and/but)? not <arms>": True,
    "(, | ; | (,)? and/but/while/whereas) <arms> <when>": False,
    "(,)? (and/but/while/whereas) <arms> (do/does/did) (too)?": False,
    "(, | ;) <arms> (do/does/did) (too)?": False,
    "(,)? and so do/does/did <arms>": False,
    "(,)? (and/but)? not <adjunct>": True,
    "(,)? (and/but) (is/are)? <more> <adjunct>": False,
    "(,)? (and/but) (a)? <more> <quantity>": False,
    "(,)? and (a)? <same> <quantity>": False,
}
