"""The page: one HTML file with its styles, scripts, fonts and mathematics in it, that asks for nothing else.

A policy in its head forbids every request, and every script but ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from gradbook import __version__
from gradbook.book import marks
from gradbook.book.markup import Heading
from gradbook.document.report import Verdict

_FONT = re.compile(r'src:\s*url\(fonts/([\w-]+\.woff2)\)\s*format\("woff2"\)[^;}]*')
_SLOT = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Page:
    """What is put into the template."""

    title: str
    body: str
    path: str
    fingerprint: str
    headings: Sequence[Heading] = ()
    title_html: str | None = None
    author: str = ""
    date: str = ""
    language: str = "en"
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    made: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[str] = ()
    data: str | None = None


def write(page: Page) -> str:
    """The page as HTML: the same page, the same text."""
    katex, script = _resource("katex/katex.min.js"), _resource("template/page.js")
    policy = (
        "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
        f"script-src {_hash(katex)} {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    slots = {
        "language": escape(page.language),
        "policy": policy,
        "title": escape(page.title),
        "styles": styles(),
        "icons": _resource("template/icons.svg"),
        "heading": page.title_html or escape(page.title),
        "byline": _byline(page),
        "contents": _contents(page.headings),
        "summary": _summary(page),
        "body": page.body,
        "katex": katex,
        "script": script,
    }
    return _SLOT.sub(lambda match: slots[match[1]], _resource("template/page.html"))


@cache
def _resource(name: str) -> str:
    return files("gradbook.book").joinpath(name).read_text(encoding="utf-8")


@cache
def katex_version() -> str:
    """The version of the KaTeX that is in a page."""
    found = re.search(r"^# KaTeX (\S+)", _resource("katex/README.md"), re.MULTILINE)
    return found[1] if found else "?"


@cache
def styles() -> str:
    """All styles, the fonts of the mathematics in them."""

    def font(match: re.Match[str]) -> str:
        data = files("gradbook.book").joinpath(f"katex/fonts/{match[1]}").read_bytes()
        return f'src:url(data:font/woff2;base64,{base64.b64encode(data).decode("ascii")}) format("woff2")'

    return _FONT.sub(font, _resource("katex/katex.min.css")) + "\n" + _resource("template/page.css")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _byline(page: Page) -> str:
    parts = [escape(part) for part in (page.author, page.date) if part]
    return f'<p class="byline">{" · ".join(parts)}</p>' if parts else ""


def _contents(headings: Sequence[Heading]) -> str:
    """The table of contents: a link for each heading of the two upper levels that there are."""
    if len(headings) < 2:
        return ""
    top = min(heading.level for heading in headings)
    items = "".join(
        f'<li class="toc-{heading.level - top + 1}"><a href="#{heading.name}">{heading.html}</a></li>\n'
        for heading in headings
        if heading.level <= top + 1
    )
    return (
        '<nav class="toc" aria-label="Contents"><details><summary>Contents</summary>\n'
        f"<ol>\n{items}</ol></details></nav>\n"
    )


def _summary(page: Page) -> str:
    total = sum(page.counts.values())
    wrong = sum(count for verdict, count in page.counts.items() if verdict in marks.WRONG)
    look = sum(page.counts.get(verdict.value, 0) for verdict in Verdict if _is_open(verdict))
    pills = "".join(
        f'<li class="pill v-{verdict.value.lower()}" title="{escape(verdict.meaning)}">{marks.icon(verdict)}'
        f"<b>{page.counts[verdict.value]}</b> {verdict.value.lower()}</li>\n"
        for verdict in Verdict
        if page.counts.get(verdict.value)
    )
    head = _headline(total, wrong, look, len(page.problems))
    state = "bad" if wrong or page.problems else "open" if look else "good"
    button = (
        '<button type="button" class="next" hidden>Next wrong line</button>' if wrong or page.problems else ""
    )
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in page.problems)
    told = f'<ul class="problems">{problems}</ul>' if problems else ""
    return (
        f'<section class="summary {state}" aria-label="Verdicts">\n<p class="headline">{head}</p>\n'
        f'<ul class="pills">\n{pills}</ul>\n{told}{button}\n{_made(page)}</section>\n'
    )


def _is_open(verdict: Verdict) -> bool:
    return verdict.value in ("UNDECIDED", "UNREAD", "AGREES", "FOLLOWS")


def _headline(total: int, wrong: int, look: int, problems: int) -> str:
    """What is to be said of a page in one line.

    >>> _headline(9, 2, 0, 1), _headline(9, 0, 1, 0), _headline(0, 0, 0, 2)
    ('9 lines checked: 2 are wrong; 1 more problem', '9 lines checked: none is wrong, 1 needs a look', '2 problems')
    """
    told = f"{problems} {'more ' * bool(total)}problem{'s' * (problems != 1)}" if problems else ""
    if not total:
        return told or "No line of mathematics in it"
    lines = f"{total} line{'s' * (total != 1)} checked"
    if wrong:
        found = f"{wrong} {'are' if wrong != 1 else 'is'} wrong"
    elif look:
        found = f"none is wrong, {look} need{'s' * (look == 1)} a look"
    else:
        found = "none is wrong" if problems else "nothing is wrong"
    return f"{lines}: {found}" + f"; {told}" * bool(told)


def _made(page: Page) -> str:
    """With which versions, seeds and data the page was made."""
    rows = [
        ("made with", f"gradbook {__version__}, KaTeX {katex_version()}"),
        ("document", f"{page.path}, SHA-256 {page.fingerprint}"),
    ]
    if page.data:
        rows.append(("choice of data", page.data))
    for made in page.made:
        seeds = ", ".join(map(str, made["seeds"]))
        versions = ", ".join(f"{name} {value}" for name, value in made["versions"].items())
        rows.append(
            (f"study {made['study']}", f"data {made['data']}, hash {made['hash']}; seeds {seeds}; {versions}")
        )
    cells = "".join(
        f'<tr><th scope="row">{escape(head)}</th><td>{escape(value)}</td></tr>\n' for head, value in rows
    )
    return (
        '<details class="made"><summary>What it was made with</summary>\n'
        f"<table><tbody>\n{cells}</tbody></table></details>\n"
    )
