"""The frames of sentences, as data: what is said, and the patterns that say it.

A frame that is not ``plain`` denies by other words than its verb's *not*: no *but B does not* can repeat it. Every
pattern ends with any adjuncts: where, in which metric, by how much. Those that say numbers stand in :mod:`.levels`.
"""

from __future__ import annotations

from gradbook.study.findings.sentences.claims import BAD, DOWN, GOOD, UP, denying
from gradbook.study.findings.sentences.comparisons import (
    best,
    both,
    comparison,
    equality,
    extreme,
    indifferent,
    refusing,
    rising,
)
from gradbook.study.findings.sentences.courses import diverging, improving, learning, overfitting, response
from gradbook.study.findings.sentences.frame import AT, VERSUS, WE, Frame, of, says
from gradbook.study.findings.sentences.levels import LEVELS
from gradbook.study.findings.sentences.quantities import ABOUT
from gradbook.study.findings.statements import Shape

_HAS = (
    "({have/show/achieve/reach/attain/get/give/yield/produce/obtain/exhibit} | {end} with/at/up_with/up_at | "
    "{converge} to | {result} in | {lead} to | {arrive} at)"
)
_IS = "{be/remain/stay/lie}"
_STAYS = "{be/stay/remain}"
_DOES = "{be/perform/do/work}"
_THING = "model/network/run/arm/one/value/setting/choice/configuration/variant"
_ONE = (
    f"({_THING} | <setting:v> (value)? | value/values (of/for (the)? <setting:v>)? | of all | of them (all)? | "
    "of the models/values/settings)"
)
_CHANCE = "(chance (level)? | (random)? guessing | a constant prediction/predictor/guess)"
#: How equality is said.
SAME = f"({ABOUT})? (the_same/similar/equal/identical/comparable/indistinguishable/equivalent/on_par/alike)"
_FAST = "(faster/quicker/steeper | more rapidly/quickly/steeply/strongly)"
_SLOW = "(slower | more slowly | less rapidly/quickly/steeply/strongly)"
_RISES = "({increase/rise/grow/climb/widen} | {go} up)"
_FALLS = "({decrease/fall/drop/shrink/decline/sink/narrow} | {go} down)"
_TO_RISE = "(rise/increase/grow/climb/go_up | rising/increasing/growing/climbing/going_up) (again)?"
_LARGER = "larger/higher/stronger/bigger/greater/more/increasing/growing"
_SMALLER = "smaller/lower/weaker/less/decreasing"
_THAN = f"(than | (as)? {VERSUS})"
_NOW = "is/are/was/were"

_LEARNS: tuple[tuple[Frame, ...], ...] = (
    says(learning(), "<s> {learn*}", f"<s> ({_DOES} | {{get*}}) better than {_CHANCE}", "<s> {beat} chance"),
    says(learning(needs=True), "<s> {learn*} (anything (at_all)? | at_all)"),
    says(learning(needs=False), "<s> {learn} something"),
    says(
        learning(flip=True, needs=False),
        "<s> {learn} nothing (at_all)?",
        f"<s> {_DOES} no better than {_CHANCE}",
        plain=False,
    ),
    says(
        learning(flip=True),
        f"<s> {_STAYS} flat",
        f"<s> {_STAYS} (stuck)? at (the)? chance (level/levels)?",
        plain=False,
    ),
)

_COMPARES: tuple[tuple[Frame, ...], ...] = (
    says(
        comparison(GOOD),
        "<s> {beat/outperform/surpass} <arms:b>",
        "<s> {improve} on/upon/over <arms:b>",
        f"<s> {{improve}} <quantity:m> <adjuncts:w> (over | {VERSUS}) <arms:b>",
        "(using/with)? <s> instead_of/rather_than <arms:b> {improve} <quantity:m>",
        "switching/going/moving/changing from <arms:b> to <arms:s> {improve} <quantity:m>",
        f"{VERSUS} <arms:b> (,)? <s> {{improve}} <quantity:m>",
        "<s> {win} over/against <arms:b>",
        "<s> {be} superior to <arms:b>",
    ),
    says(
        comparison(BAD),
        "<s> {underperform} <arms:b>",
        "<s> {lose} (out)? to/against <arms:b>",
        "<s> {be} inferior to <arms:b>",
        "<s> {be} beaten/outperformed/surpassed <adjuncts:w> by <arms:b>",
    ),
    says(
        comparison(),
        f"<s> {_DOES} (<size:z>)? <more:d> <adjuncts:w> {_THAN} <compared:c>",
        f"<s> {_DOES} (<size:z>)? <more:d>",
        f"{VERSUS} <arms:b> (,)? <s> {_DOES} (<size:z>)? <more:d>",
        f"{VERSUS} <arms:b> (,)? <s> {_HAS} (a/the)? (<size:z>)? <more:d> <quantity:m>",
        f"<s> {_HAS} (a/the)? (<size:z>)? <more:d> <quantity:m> <adjuncts:w> {_THAN} <compared:c>",
        f"<s> {_HAS} (a/the)? <more:d> <quantity:m>",
        f"<s> {_HAS} (a/the)? <quantity:m> (<size:z>)? <more:d> {_THAN} <compared:c>",
        f"<quantity:m> {{be}} (<size:z>)? <more:d> {AT} <arms:s> {_THAN} <compared:c>",
    ),
    of(comparison(), f"{_IS} (<size:z>)? <more:d> {_THAN} <compared:c>"),
    *(
        says(
            comparison(way),
            f"<s> {verb} <quantity:m> <adjuncts:w> {VERSUS} <arms:b>",
            f"(using/with)? <s> instead_of/rather_than <arms:b> {verb} <quantity:m>",
            f"switching/going/moving/changing from <arms:b> to <arms:s> {verb} <quantity:m>",
        )
        for verb, way in (("{raise/increase}", UP), ("{lower/reduce/decrease}", DOWN))
    ),
    says(
        both,
        f"<s> {_HAS} (both)? (a/the)? <more:d> <quantity:m> and/but (a/the)? <more:e> <quantity:n> "
        f"{_THAN} <compared:c>",
        plain=False,
    ),
    says(denying(comparison(GOOD)), f"<s> {_DOES} no better {_THAN} <compared:c>", plain=False),
    says(denying(comparison(BAD)), f"<s> {_DOES} no worse {_THAN} <compared:c>", plain=False),
    says(comparison(UP), "<s> {be/lie} above <arms:b>", "<s> {exceed} <arms:b>"),
    says(comparison(DOWN), "<s> {be/lie} below <arms:b>"),
    of(comparison(UP), f"{_IS} above <compared:c>", "{exceed} <compared:c>"),
    of(comparison(DOWN), f"{_IS} below <compared:c>"),
    says(
        comparison(GOOD, lead=True),
        "<s> {dominate/lead} (over)? <arms:b>",
        f"<s> {_STAYS} ahead of <arms:b>",
    ),
    says(
        comparison(BAD, lead=True),
        f"<s> {_STAYS} behind <arms:b>",
        "<s> {trail} <arms:b>",
        "<s> {lag} behind <arms:b>",
        "<s> {be} dominated by <arms:b>",
    ),
)

_EQUALS: tuple[tuple[Frame, ...], ...] = (
    says(
        equality(),
        f"<s> {_HAS} (a)? {SAME} <quantity:m>",
        f"<s> {_HAS} (a)? {SAME} <quantity:m> <adjuncts:w> as/to <compared:c>",
        f"<s> {_IS} {SAME}",
        f"<s> {_IS} {SAME} <adjuncts:w> as/to/with <compared:c>",
        f"<s> {{perform/do}} ({ABOUT})? (the_same/similarly/equally/alike) (well)?",
        f"<s> {{perform/do}} ({ABOUT})? (the_same/similarly) as/to <compared:c>",
        f"<quantity:m> {_IS} {SAME} {AT} <arms:s>",
        f"<quantity:m> {_IS} {SAME} {AT} <arms:s> as/and <compared:c>",
        "there is/are no difference/differences in <quantity:m> <adjuncts:w> between <arms:s>",
        "there is/are no difference/differences between <arms:s>",
        "<s> {match} <arms:b>",
        f"<s> {{converge}} to ({ABOUT})? the same <quantity:m>",
    ),
    of(
        equality(),
        f"{_IS} {SAME}",
        f"{_IS} {SAME} as/to/with <compared:c>",
        f"{{converge}} to ({ABOUT})? the same value",
    ),
    says(
        equality(differs=True),
        "(the)? difference in <quantity:m> between <arms:s> <adjuncts:w> {be} <bound:y>",
        "(the)? difference between <arms:s> <adjuncts:w> {be} <bound:y>",
        "<s> {differ}",
        "<s> {differ} <adjuncts:w> from <compared:c>",
        "<quantity:m> {differ} <adjuncts:w> between <arms:s>",
    ),
    says(
        equality(differs=True),
        "<s> {be/lie/stay} <apart:y> of each other",
        "<s> {be/lie/stay} <apart:y> of <compared:c>",
    ),
    of(
        equality(differs=True),
        "{be/lie/stay} <apart:y> of each other",
        "{be/lie/stay} <apart:y> of <compared:c>",
    ),
    of(equality(differs=True), "{differ}", "{differ} from <compared:c>"),
    says(
        indifferent(flip=False),
        "<setting> {make} no difference to/in/for <quantity:m>",
        "<setting> {have} no effect/influence/impact on <quantity:m>",
    ),
    says(
        indifferent(flip=True),
        "<quantity:m> {depend} on (the)? <setting>",
        "(the)? <setting> {affect/influence/change/impact} <quantity:m>",
    ),
)

_OVERFITS: tuple[tuple[Frame, ...], ...] = (
    says(
        overfitting(),
        "<s> {overfit*} (at_all)?",
        "<s> {start/begin} (to overfit | overfitting)",
        f"(the)? overfitting ({{start/begin}} | {{set}} in) <adjuncts:w> {AT} <arms:s>",
        f"{AT} <arms:s> (,)? (the)? overfitting ({{start/begin}} | {{set}} in)",
        "<s> {show} (signs of)? overfitting",
    ),
    of(overfitting(), f"{_RISES} (again)?", f"{{start/begin}} (to)? {_TO_RISE}"),
    says(overfitting(), "there is overfitting with/for/under/at <arms:s>", plain=False),
    says(
        overfitting(flip=True),
        "<s> {show} no (signs/sign of)? overfitting",
        "there is no overfitting with/for/under/at <arms:s>",
        plain=False,
    ),
    of(rising(1), f"{_RISES} {_FAST} <adjuncts:y> {_THAN} <compared:c>"),
    of(rising(-1), f"{_RISES} {_SLOW} <adjuncts:y> {_THAN} <compared:c>"),
)

_RANKS: tuple[tuple[Frame, ...], ...] = (
    says(
        best,
        f"<s> {{be}} (the)? best/optimal ({_ONE})?",
        "<s> {perform/do/work} (the)? best",
        "<s> {give/yield/produce/achieve} (the)? best result/results/performance",
        "<s> {win}",
    ),
    says(best, f"(the)? best/optimal {_ONE} <adjuncts:w> {{be}} <arms:s>", plain=False),
    says(
        extreme(BAD),
        f"<s> {{be}} (the)? worst ({_ONE})?",
        "<s> {perform/do/work} (the)? worst",
        f"(the)? worst {_ONE} <adjuncts:w> {{be}} <arms:s>",
        plain=False,
    ),
    says(
        extreme(),
        f"<s> {_HAS} the <most:d> <quantity:m> (of all)?",
        "(the)? <most:d> <quantity:m> {be} that of <arms:s>",
        "(the)? <most:d> <quantity:m> {be} reached/achieved/obtained by/with/for/at <arms:s>",
        "<quantity:m> {be} (the)? <most:d> with/for/at/under <arms:s>",
        f"{WE} (the)? <most:d> <quantity:m> with/for/at/under <arms:s>",
        plain=False,
    ),
    of(extreme(), "{be} (the)? <most:d> (of all)?", plain=False),
)

_GOES_ON: tuple[tuple[Frame, ...], ...] = (
    says(diverging, "<s> {diverge/explode*}", "<s> {blow} up", "<s> {become/be} nan"),
    of(diverging, "({become/be} nan | {go} to nan | {explode} | {blow} up | {diverge*})"),
    says(
        improving(),
        "<s> still improves/improve/improved",
        f"<s> ({_NOW} still | still {_NOW}) (improving | getting better)",
        "<s> has/have not (yet)? converged/plateaued (yet)?",
    ),
    of(improving(), "still improves/improve/improved", f"{_NOW} still (improving | getting better)"),
    says(
        improving(flip=True),
        "<s> has/have (already)? converged/plateaued",
        "<s> plateaus/plateau/plateaued",
        f"<s> (no longer improves/improve/improved | {_NOW} no longer improving | {{stop}} improving)",
        plain=False,
    ),
    of(
        improving(flip=True),
        f"(no longer improves/improve/improved | {_NOW} no longer improving)",
        "(has/have stopped improving | has/have plateaued | plateaus)",
        plain=False,
    ),
    of(
        improving(UP),
        "still rises/increases/grows/rise/increase/grow",
        f"{_NOW} still rising/increasing/growing/going_up",
        "(keeps/keep/kept rising/increasing/growing | continues/continue/continued to rise/increase/grow)",
    ),
    of(
        improving(DOWN),
        "still falls/decreases/drops/fall/decrease/drop",
        f"{_NOW} still falling/decreasing/dropping/going_down",
        "(keeps/keep/kept falling/decreasing/dropping | continues/continue/continued to fall/decrease/drop)",
    ),
)

_GIVES = "({give/mean/yield/bring} | {lead} to | {result} in)"
_SIZES = ((_LARGER, False), (_SMALLER, True))

_RESPONDS: tuple[tuple[Frame, ...], ...] = (
    says(response(Shape.U), "<quantity:m> {be} (a)? u shaped (function)? in/with/over/of (the)? <setting>"),
    says(
        response(Shape.INVERTED_U),
        "<quantity:m> {be} inverted/inverse u shaped in/with/over (the)? <setting>",
    ),
    *(
        says(
            response(shape),
            f"<quantity:m> first {one} (,)? (and/but)? then {other} (again)? with (the)? <setting>",
        )
        for one, other, shape in ((_FALLS, _RISES, Shape.U), (_RISES, _FALLS, Shape.INVERTED_U))
    ),
    says(response(Shape.INCREASING), f"<quantity:m> {_RISES} with (the)? <setting>"),
    says(response(Shape.DECREASING), f"<quantity:m> {_FALLS} with (the)? <setting>"),
    *(
        says(
            response(shape, falling=falling),
            f"<quantity:m> {verb} with (a)? {size} <setting>",
            f"(as/when) (the)? <setting> {changes} (,)? <quantity:m> {verb}",
            f"<quantity:m> {verb} (as/when) (the)? <setting> {changes}",
            f"{changing} (the)? <setting> {does} <quantity:m>",
            f"(a)? {size} <setting> {does} <quantity:m>",
        )
        for (size, falling), changes, changing in zip(
            _SIZES,
            ("increases/grows/rises/is_increased", "decreases/falls/shrinks/is_decreased/is_reduced"),
            ("increasing/raising", "decreasing/lowering/reducing"),
            strict=True,
        )
        for verb, does, shape in (
            (_RISES, "{raise/increase}", Shape.INCREASING),
            (_FALLS, "{lower/reduce/decrease}", Shape.DECREASING),
        )
    ),
    *(
        says(
            response(falling=falling),
            f"the {size} (the)? <setting> (,)? the <more:d> (the)? <quantity:m>",
            f"(a)? {size} <setting> {_GIVES} (a)? <more:d> <quantity:m>",
            f"<quantity:m> {{be/get/become}} <more:d> with/for/at (a)? {size} <setting>",
            plain=False,
        )
        for size, falling in _SIZES
    ),
)

#: What says who is the first of all, or the last.
RANKS = frozenset(frame for frames in _RANKS for frame in frames)

_SPEED = "faster/slower/quicker/earlier/sooner/later/more_slowly/more_quickly"
_REFUSED: tuple[tuple[Frame, ...], ...] = (
    says(
        refusing(
            "how much it overfits is not tested; say whose test loss rises faster, or whose gap is larger"
        ),
        "<s> {overfit*} more/less/the_most/the_least",
        f"<s> {{overfit*}} more/less {_THAN} <compared:c>",
        "<s> {show} more/less/the_most/the_least overfitting",
        f"<s> {{show}} more/less overfitting {_THAN} <compared:c>",
    ),
    says(
        refusing("how fast is not tested; say by which epoch each reaches a number"),
        f"<s> {{learn/converge/train/improve/plateau*}} {_SPEED}",
        f"<s> {{learn/converge/train/improve/plateau*}} {_SPEED} {_THAN} <compared:c>",
        f"<s> {{overfit*}} {_SPEED} {_THAN} <compared:c>",
        f"<s> {{reach/achieve/hit*}} <figure> (<quantity>)? {_SPEED} {_THAN} <compared:c>",
    ),
)

FRAMES: tuple[Frame, ...] = tuple(
    frame
    for group in (_LEARNS, _COMPARES, _EQUALS, _OVERFITS, _RANKS, _GOES_ON, LEVELS, _RESPONDS, _REFUSED)
    for frames in group
    for frame in frames
)
