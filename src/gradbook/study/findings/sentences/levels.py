"""The frames of sentences that say numbers of a curve: what a metric is, stays at, comes to, exceeds."""

from __future__ import annotations

from gradbook.study.findings.sentences.claims import GOOD, UP, denying
from gradbook.study.findings.sentences.figures import (
    coming,
    crossing,
    figure,
    figures,
    keeping,
    level,
    peaking,
)
from gradbook.study.findings.sentences.frame import AT, WE, Frame, of, says
from gradbook.study.findings.statements import Manner

_HOLDS = "({have/show/give/yield/produce/exhibit} | {end} with/at/up_with/up_at)"
_GETS = "{reach/achieve/attain/get/obtain*}"
_PEAKS = "({peak} | {top/max} out)"
_KEEPS = "{stay/remain}"
_RISES_TO = "({get/rise/go/climb/come*})"
_FALLS_TO = "({drop/fall/go/get/sink/come*})"
_ABOVE = "above/over/more_than/at_least/greater_than/larger_than/higher_than/no_less_than/not_less_than"
_BELOW = "below/under/less_than/at_most/lower_than/smaller_than/no_more_than/not_more_than"
#: Verbs before a number: that it is so, stays so, or comes to that.
_NUMBER_IS = "{be/lie} (at)?"
_NUMBER_STAYS = (
    "({stay/remain/plateau/saturate/stagnate/hover/settle} (flat/constant)? (at)? | {level} off/out (at)? | "
    "{be/get/remain} stuck (at)? | {converge} to)"
)
_NUMBER_COMES = (
    "(<only>)? ({reach/achieve/attain/get/obtain/hit*} | {get/come/climb/rise*} (up)? to | {come} (<only>)? to | "
    "{arrive} at)"
)

LEVELS: tuple[tuple[Frame, ...], ...] = (
    of(
        level,
        f"{{be/lie}} {_ABOVE} <amount:least>",
        f"{{be/lie}} {_BELOW} <amount:most>",
        "{be/lie} between <amount:least> and <amount:most>",
    ),
    *(
        says(
            build,
            f"<s> {verb} (a/an)? <quantity:m> (of)? {_ABOVE} <amount:least>",
            f"<s> {verb} (a/an)? <quantity:m> (of)? {_BELOW} <amount:most>",
            f"<s> {verb} (a/an)? <quantity:m> (of)? between <amount:least> and <amount:most>",
            f"<s> {verb} {_ABOVE} <amount:least> <quantity:m>",
            f"<s> {verb} {_BELOW} <amount:most> <quantity:m>",
            f"<s> {verb} {_ABOVE} <amount:least>",
            f"<s> {verb} {_BELOW} <amount:most>",
        )
        for verb, build in ((_HOLDS, level), (_GETS, crossing()))
    ),
    of(keeping, f"{_KEEPS} {_ABOVE} <amount:least>", f"{_KEEPS} {_BELOW} <amount:most>"),
    of(keeping, f"{_KEEPS} between <amount:least> and <amount:most>"),
    says(
        keeping,
        f"<s> {_KEEPS} {_ABOVE} <amount:least> <quantity:m>",
        f"<s> {_KEEPS} {_BELOW} <amount:most> <quantity:m>",
    ),
    says(
        level,
        f"<quantity:m> {{be/lie}} {_ABOVE} <amount:least> {AT} <arms:s>",
        f"<quantity:m> {{be/lie}} {_BELOW} <amount:most> {AT} <arms:s>",
    ),
    of(crossing(is_state=True), "{exceed/surpass*} <amount:least>"),
    says(
        crossing(is_state=True),
        "<s> {exceed/surpass*} <amount:least> <quantity:m>",
        "<s> {exceed/surpass*} <amount:least>",
    ),
    says(
        denying(coming),
        "<s> {fall} short of <figure:f> <quantity:m>",
        "<s> {fall} short of (a/an)? <quantity:m> of <figure:f>",
        plain=False,
    ),
    says(
        coming,
        f"{WE} <figure:f> <quantity:m> {AT} <arms:s>",
        f"{WE} (a/an)? <quantity:m> of <figure:f> {AT} <arms:s>",
    ),
    says(figure(), "<arms:s> : <figure:f> <quantity:m>", "<arms:s> : <quantity:m> (of)? <figure:f>"),
    of(peaking(UP), f"{_PEAKS} (at)? <figure:f>"),
    of(peaking(GOOD), "{come} at best to <figure:f>", "{be} at best <figure:f>"),
    says(peaking(UP), f"<s> {_PEAKS} (at)? <figure:f> (<quantity:m>)?"),
    says(peaking(UP), f"<s> {_PEAKS} at (a/an)? <quantity:m> of <figure:f>"),
    says(
        peaking(),
        "(the)? <most:d> <quantity:m> of <arms:s> {be} <figure:f>",
        "<arms:s> 's <most:d> <quantity:m> {be} <figure:f>",
    ),
    of(
        crossing(),
        f"{_RISES_TO} above/over/past/beyond <amount:least>",
        f"{_FALLS_TO} below/under <amount:most>",
    ),
    says(
        crossing(),
        f"<s> {_RISES_TO} above/over/past/beyond <amount:least> <quantity:m>",
        f"<s> {_FALLS_TO} below/under <amount:most> <quantity:m>",
    ),
    *(
        frames
        for verb, one in (
            (_NUMBER_IS, figure()),
            (_NUMBER_STAYS, figure(Manner.STAYS)),
            (_NUMBER_COMES, coming),
        )
        for frames in (
            of(one, f"{verb} <figure:f>"),
            of(figures(one), f"{verb} <figures:fs> (respectively)?"),
            says(one, f"<quantity:m> <adjuncts:w> {verb} <figure:f> <adjuncts:y> ({AT})? <arms:s>"),
        )
    ),
    *(
        frames
        for verb, one in (
            (_HOLDS, figure()),
            (_NUMBER_STAYS, figure(Manner.STAYS)),
            (_NUMBER_COMES, coming),
        )
        for frames in (
            says(
                one,
                f"<s> {verb} (a/an)? <quantity:m> (of)? <figure:f>",
                f"<s> {verb} <figure:f> <quantity:m>",
                f"<s> {verb} <figure:f>",
            ),
            says(
                figures(one),
                f"<s> {verb} (a/an)? <quantity:m> (of)? <figures:fs> (respectively)?",
                f"<s> {verb} <figures:fs> (<quantity:m>)? ((,)? respectively)?",
            ),
        )
    ),
)
