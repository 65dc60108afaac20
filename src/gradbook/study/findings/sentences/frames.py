"""The frames of sentences, as data: what is said, and the patterns that say it.

A frame that is not ``plain`` denies by other words than its verb's *not*: no *but B does not* can repeat it. Every
pattern ends with any adjuncts: where, in which metric, by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradbook.study.findings.sentences.claims import BAD, DOWN, GOOD, UP, Builder, denying
from gradbook.study.findings.sentences.comparisons import (
    best,
    comparison,
    equality,
    extreme,
    indifferent,
    rising,
)
from gradbook.study.findings.sentences.courses import diverging, improving, learning, overfitting, response
from gradbook.study.findings.sentences.figures import figure, level, reached
from gradbook.study.findings.sentences.quantities import ABOUT
from gradbook.study.findings.statements import Shape


@dataclass(frozen=True, slots=True)
class Frame:
    """A pattern with what it says."""

    pattern: str
    build: Builder
    plain: bool = True


def _says(build: Builder, *patterns: str, plain: bool = True) -> tuple[Frame, ...]:
    return tuple(Frame(f"{pattern} <adjuncts:x>", build, plain) for pattern in patterns)


def _of(build: Builder, *patterns: str, plain: bool = True) -> tuple[Frame, ...]:
    """What is said of a metric of arms, which stands first."""
    return _says(build, *(f"{of} {pattern}" for of in _OF for pattern in patterns), plain=plain)


_OF = (
    "<quantity:m> of/with/for/at/under/in <s> <adjuncts:w>",
    "<s> 's <quantity:m> <adjuncts:w>",
    "<s> <quantity:m> <adjuncts:w>",
)

# --- words that say the same ---------------------------------------------------------------------

_HAS = (
    "({have/show/achieve/reach/attain/get/give/yield/produce/obtain/exhibit} | {end} with/at/up_with/up_at | "
    "{result} in | {lead} to | {arrive} at)"
)
_HOLDS = "({have/show/give/yield/produce/exhibit} | {end} with/at/up_with/up_at)"
_GETS = "{reach/achieve/attain/get/obtain}"
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
_ABOVE = "above/over/more_than/at_least/greater_than/larger_than/higher_than/no_less_than/not_less_than"
_BELOW = "below/under/less_than/at_most/lower_than/smaller_than/no_more_than/not_more_than"
_FAST = "(faster/quicker/steeper | more rapidly/quickly/steeply/strongly)"
_SLOW = "(slower | more slowly | less rapidly/quickly/steeply/strongly)"
_RISES = "({increase/rise/grow/climb} | {go} up)"
_FALLS = "({decrease/fall/drop/shrink/decline/sink} | {go} down)"
_TO_RISE = "(rise/increase/grow/climb/go_up | rising/increasing/growing/climbing/going_up) (again)?"
_LARGER = "larger/higher/stronger/bigger/greater/more/increasing/growing"
_SMALLER = "smaller/lower/weaker/less/decreasing"
_AT = "with/for/at/under/in"
_NOW = "is/are/was/were"

_LEARNS: tuple[tuple[Frame, ...], ...] = (
    _says(learning(), "<s> {learn*}", f"<s> {_DOES} better than {_CHANCE}", "<s> {beat} chance"),
    _says(learning(needs=True), "<s> {learn*} (anything (at_all)? | at_all)"),
    _says(learning(needs=False), "<s> {learn} something"),
    _says(
        learning(flip=True, needs=False),
        "<s> {learn} nothing (at_all)?",
        f"<s> {_DOES} no better than {_CHANCE}",
        plain=False,
    ),
    _says(
        learning(flip=True),
        f"<s> {_STAYS} flat",
        f"<s> {_STAYS} (stuck)? at (the)? chance (level/levels)?",
        plain=False,
    ),
)

_COMPARES: tuple[tuple[Frame, ...], ...] = (
    _says(
        comparison(GOOD),
        "<s> {beat/outperform/surpass} <arms:b>",
        "<s> {win} over/against <arms:b>",
        "<s> {be} superior to <arms:b>",
    ),
    _says(
        comparison(BAD),
        "<s> {underperform} <arms:b>",
        "<s> {lose} (out)? to/against <arms:b>",
        "<s> {be} inferior to <arms:b>",
        "<s> {be} beaten/outperformed/surpassed <adjuncts:w> by <arms:b>",
    ),
    _says(
        comparison(),
        f"<s> {_DOES} <more:d> <adjuncts:w> than <compared:c>",
        f"<s> {_DOES} <more:d>",
        f"<s> {_HAS} (a/the)? <more:d> <quantity:m> <adjuncts:w> than <compared:c>",
        f"<s> {_HAS} (a/the)? <more:d> <quantity:m>",
        f"<s> {_HAS} (a/the)? <quantity:m> <more:d> than <compared:c>",
        f"<quantity:m> {{be}} <more:d> {_AT} <arms:s> than <compared:c>",
        f"{_AT} <arms:s> (,)? <quantity:m> {{be}} <more:d> than <compared:c>",
    ),
    _of(comparison(), f"{_IS} <more:d> than <compared:c>"),
    _says(denying(comparison(GOOD)), f"<s> {_DOES} no better than <compared:c>", plain=False),
    _says(denying(comparison(BAD)), f"<s> {_DOES} no worse than <compared:c>", plain=False),
    _says(comparison(UP), "<s> {be/lie} above <arms:b>"),
    _says(comparison(DOWN), "<s> {be/lie} below <arms:b>"),
    _of(comparison(UP), f"{_IS} above <compared:c>", "{exceed} <compared:c>"),
    _of(comparison(DOWN), f"{_IS} below <compared:c>"),
    _says(
        comparison(GOOD, lead=True),
        "<s> {dominate/lead} (over)? <arms:b>",
        f"<s> {_STAYS} ahead of <arms:b>",
    ),
    _says(
        comparison(BAD, lead=True),
        f"<s> {_STAYS} behind <arms:b>",
        "<s> {trail} <arms:b>",
        "<s> {lag} behind <arms:b>",
        "<s> {be} dominated by <arms:b>",
    ),
)

_EQUALS: tuple[tuple[Frame, ...], ...] = (
    _says(
        equality(),
        f"<s> {_HAS} (a)? {SAME} <quantity:m>",
        f"<s> {_HAS} (a)? {SAME} <quantity:m> <adjuncts:w> as/to <compared:c>",
        f"<s> {_IS} {SAME}",
        f"<s> {_IS} {SAME} <adjuncts:w> as/to/with <compared:c>",
        f"<s> {{perform/do}} ({ABOUT})? (the_same/similarly/equally/alike) (well)?",
        f"<s> {{perform/do}} ({ABOUT})? (the_same/similarly) as/to <compared:c>",
        f"<quantity:m> {_IS} {SAME} {_AT} <arms:s>",
        f"<quantity:m> {_IS} {SAME} {_AT} <arms:s> as/and <compared:c>",
        "there is/are no difference/differences in <quantity:m> <adjuncts:w> between <arms:s>",
        "there is/are no difference/differences between <arms:s>",
        "<s> {match} <arms:b>",
        f"<s> {{converge}} to ({ABOUT})? the same <quantity:m>",
    ),
    _of(
        equality(),
        f"{_IS} {SAME}",
        f"{_IS} {SAME} as/to/with <compared:c>",
        f"{{converge}} to ({ABOUT})? the same value",
    ),
    _says(
        equality(differs=True),
        "(the)? difference in <quantity:m> between <arms:s> <adjuncts:w> {be} <bound:y>",
        "(the)? difference between <arms:s> <adjuncts:w> {be} <bound:y>",
        "<s> {differ}",
        "<s> {differ} <adjuncts:w> from <compared:c>",
        "<quantity:m> {differ} <adjuncts:w> between <arms:s>",
    ),
    _of(equality(differs=True), "{differ}", "{differ} from <compared:c>"),
    _says(
        indifferent(flip=False),
        "<setting> {make} no difference to/in/for <quantity:m>",
        "<setting> {have} no effect/influence/impact on <quantity:m>",
    ),
    _says(indifferent(flip=True), "<quantity:m> {depend} on (the)? <setting>"),
)

_OVERFITS: tuple[tuple[Frame, ...], ...] = (
    _says(
        overfitting(),
        "<s> {overfit*}",
        "<s> {start/begin} (to overfit | overfitting)",
        "<s> {show} (signs of)? overfitting",
    ),
    _of(overfitting(), f"{_RISES} (again)?", f"{{start/begin}} (to)? {_TO_RISE}"),
    _says(overfitting(), "there is overfitting with/for/under/at <arms:s>", plain=False),
    _says(
        overfitting(flip=True),
        "<s> {show} no (signs/sign of)? overfitting",
        "there is no overfitting with/for/under/at <arms:s>",
        plain=False,
    ),
    _of(rising(1), f"{_RISES} {_FAST} <adjuncts:y> than <compared:c>"),
    _of(rising(-1), f"{_RISES} {_SLOW} <adjuncts:y> than <compared:c>"),
)

_RANKS: tuple[tuple[Frame, ...], ...] = (
    _says(
        best,
        f"<s> {{be}} (the)? best/optimal ({_ONE})?",
        "<s> {perform/do/work} (the)? best",
        "<s> {win}",
    ),
    _says(best, f"(the)? best/optimal {_ONE} <adjuncts:w> {{be}} <arms:s>", plain=False),
    _says(
        extreme(BAD),
        f"<s> {{be}} (the)? worst ({_ONE})?",
        "<s> {perform/do/work} (the)? worst",
        f"(the)? worst {_ONE} <adjuncts:w> {{be}} <arms:s>",
        plain=False,
    ),
    _says(
        extreme(),
        f"<s> {_HAS} the <most:d> <quantity:m> (of all)?",
        "(the)? <most:d> <quantity:m> {be} that of <arms:s>",
        "(the)? <most:d> <quantity:m> {be} reached/achieved/obtained by/with/for/at <arms:s>",
        "<quantity:m> {be} (the)? <most:d> with/for/at/under <arms:s>",
        plain=False,
    ),
    _of(extreme(), "{be} (the)? <most:d> (of all)?", plain=False),
)

_GOES_ON: tuple[tuple[Frame, ...], ...] = (
    _says(diverging, "<s> {diverge/explode*}", "<s> {blow} up", "<s> {become/be} nan"),
    _of(diverging, "({become/be} nan | {go} to nan | {explode} | {blow} up | {diverge*})"),
    _says(
        improving(),
        "<s> still improves/improve/improved",
        f"<s> ({_NOW} still | still {_NOW}) (improving | getting better)",
        "<s> has/have not (yet)? converged/plateaued (yet)?",
    ),
    _of(improving(), "still improves/improve/improved", f"{_NOW} still (improving | getting better)"),
    _says(
        improving(flip=True),
        "<s> has/have (already)? converged/plateaued",
        "<s> plateaus/plateau/plateaued",
        f"<s> (no longer improves/improve/improved | {_NOW} no longer improving | {{stop}} improving)",
        plain=False,
    ),
    _of(
        improving(flip=True),
        f"(no longer improves/improve/improved | {_NOW} no longer improving)",
        "(has/have stopped improving | has/have plateaued | plateaus)",
        plain=False,
    ),
    _of(
        improving(UP),
        "still rises/increases/grows/rise/increase/grow",
        f"{_NOW} still rising/increasing/growing/going_up",
        "(keeps/keep/kept rising/increasing/growing | continues/continue/continued to rise/increase/grow)",
    ),
    _of(
        improving(DOWN),
        "still falls/decreases/drops/fall/decrease/drop",
        f"{_NOW} still falling/decreasing/dropping/going_down",
        "(keeps/keep/kept falling/decreasing/dropping | continues/continue/continued to fall/decrease/drop)",
    ),
)

_LEVELS: tuple[tuple[Frame, ...], ...] = (
    _of(
        level,
        f"{{be/lie}} {_ABOVE} <amount:least>",
        f"{{be/lie}} {_BELOW} <amount:most>",
        "{be/lie} between <amount:least> and <amount:most>",
        "{exceed} <amount:least>",
    ),
    *(
        _says(
            build,
            f"<s> {verb} (a/an)? <quantity:m> (of)? {_ABOVE} <amount:least>",
            f"<s> {verb} (a/an)? <quantity:m> (of)? {_BELOW} <amount:most>",
            f"<s> {verb} (a/an)? <quantity:m> (of)? between <amount:least> and <amount:most>",
            f"<s> {verb} {_ABOVE} <amount:least> <quantity:m>",
            f"<s> {verb} {_BELOW} <amount:most> <quantity:m>",
        )
        for verb, build in ((_HOLDS, level), (_GETS, reached(level)))
    ),
    _of(figure, "{be/lie} (at)? <figure:f>", "{be/get} stuck (at)? <figure:f>"),
    *(
        _says(
            build, f"<s> {verb} (a/an)? <quantity:m> (of)? <figure:f>", f"<s> {verb} <figure:f> <quantity:m>"
        )
        for verb, build in ((_HOLDS, figure), (_GETS, reached(figure)))
    ),
    _says(
        figure,
        "<s> {be/get} stuck (at)? <figure:f> <quantity:m>",
        f"<quantity:m> {{be/lie}} <figure:f> {_AT} <arms:s>",
        f"{_AT} <arms:s> (,)? <quantity:m> {{be/lie}} <figure:f>",
    ),
)

_GIVES = "({give/mean/yield/bring} | {lead} to | {result} in)"
_SIZES = ((_LARGER, False), (_SMALLER, True))

_RESPONDS: tuple[tuple[Frame, ...], ...] = (
    _says(response(Shape.U), "<quantity:m> {be} (a)? u shaped (function)? in/with/over/of (the)? <setting>"),
    _says(
        response(Shape.INVERTED_U),
        "<quantity:m> {be} inverted/inverse u shaped in/with/over (the)? <setting>",
    ),
    _says(response(Shape.INCREASING), f"<quantity:m> {_RISES} with (the)? <setting>"),
    _says(response(Shape.DECREASING), f"<quantity:m> {_FALLS} with (the)? <setting>"),
    *(
        _says(
            response(shape, falling=falling),
            f"<quantity:m> {verb} with (a)? {size} <setting>",
            f"(as/when) (the)? <setting> {changes} (,)? <quantity:m> {verb}",
            f"(a)? {size} <setting> {does} <quantity:m>",
        )
        for (size, falling), changes in zip(
            _SIZES, ("increases/grows/rises", "decreases/falls/shrinks"), strict=True
        )
        for verb, does, shape in (
            (_RISES, "{raise/increase}", Shape.INCREASING),
            (_FALLS, "{lower/reduce/decrease}", Shape.DECREASING),
        )
    ),
    *(
        _says(
            response(falling=falling),
            f"the {size} (the)? <setting> (,)? the <more:d> (the)? <quantity:m>",
            f"(a)? {size} <setting> {_GIVES} (a)? <more:d> <quantity:m>",
            plain=False,
        )
        for size, falling in _SIZES
    ),
)

FRAMES: tuple[Frame, ...] = tuple(
    frame
    for group in (_LEARNS, _COMPARES, _EQUALS, _OVERFITS, _RANKS, _GOES_ON, _LEVELS, _RESPONDS)
    for frames in group
    for frame in frames
)
