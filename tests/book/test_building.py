"""A document becomes a page: blocks done, errors in their places, the same input the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gradbook import Problem
from gradbook.book import derivations
from gradbook.book.building import Built, Options, build

BOOK = """---
title: "A <b> book"
author: A. Student
---

# One

Let $f(x) = x^2$, so

$$f'(x) = 3x$$

```derive
sigmoid
# a comment
tanh --order 2
no-such-function
--order
```

## Two

```worksheet
layers = [1, 1]
activations = "sigmoid"
loss = {name = "l2", scale = "1/2"}
weights = {W1 = [[0.5]]}
samples = [{inputs = [2], targets = [1]}]
```

```worksheet
layers = [1, 1]
activations = "nonsense"
```

End.
"""

Book = Callable[..., Built]


def test_a_book_is_built_and_what_is_wrong_is_told_in_its_place(book: Book) -> None:
    built = book(BOOK)
    assert built.exit_status() == 1
    assert built.counts["REFUTED"] == 1
    assert built.counts["PROVED"] > 10
    derive, order, worksheet = built.problems
    assert derive.startswith("derive, line 16: no-such-function:")
    assert order.startswith("derive, line 17: --order: argument --order: expected one argument")
    assert worksheet.startswith("worksheet, line 31:")
    assert (
        built.html.index("NOT BUILT")
        < built.html.index("worksheet block, line 31")
        < built.html.index("End.")
    )
    assert "<title>A &lt;b&gt; book</title>" in built.html
    assert "A. Student" in built.html


def test_the_same_input_gives_the_same_bytes_kept_or_not(book: Book, tmp_path: Path) -> None:
    first = book(BOOK, keep=False).html
    assert not (tmp_path / ".gradbook").exists()
    assert book(BOOK).html == first
    assert book(BOOK).html == first
    assert (tmp_path / ".gradbook" / ".gitignore").read_text() == "*\n"


def test_what_has_not_changed_is_not_done_again(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    part = derivations.part

    def counted(line: str, number: int, prefix: str) -> Any:
        done.append(line)
        return part(line, number, prefix)

    monkeypatch.setattr(derivations, "part", counted)
    book("```derive\nsigmoid\ntanh\n```\n")
    book("```derive\nsigmoid\ntanh\n```\n")
    assert done == ["sigmoid", "tanh"]
    book("A new beginning.\n\n```derive\nsigmoid\n```\n\n```derive\nrelu\ntanh\n```\n")
    assert "relu" in done


def test_a_page_is_the_same_after_what_was_kept_is_broken(book: Book, tmp_path: Path) -> None:
    whole = book(BOOK).html
    for path in (tmp_path / ".gradbook").glob("*.json"):
        path.write_text('{"html": "<script>", "counts": 3}')
    assert book(BOOK).html == whole
    for path in (tmp_path / ".gradbook").glob("*.json"):
        assert "html" in json.loads(path.read_text())["part"]


def test_verdicts_that_somebody_else_kept_are_not_believed(book: Book, tmp_path: Path) -> None:
    honest = book("```derive\nsigmoid\n```\n")
    (path,) = (tmp_path / ".gradbook").glob("derive-*.json")
    whole = path.read_text()
    held = json.loads(whole)
    held["part"]["html"] += "<p>forged</p>"
    held["part"]["counts"] = {"PROVED": 99}
    path.write_text(json.dumps(held))
    assert book("```derive\nsigmoid\n```\n") == honest
    # Nor is a part that is ours under the name of another.
    path.write_text(whole)
    book("```derive\ntanh\n```\n")
    (other,) = set((tmp_path / ".gradbook").glob("derive-*.json")) - {path}
    other.write_text(whole)
    assert "Sigmoid" not in book("```derive\ntanh\n```\n").html


def test_without_a_place_for_the_key_nothing_is_kept(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert book("```derive\nsigmoid\n```\n").counts["PROVED"] > 0
    assert not (tmp_path / ".gradbook").exists()


def test_two_blocks_that_say_the_same_have_names_of_their_own(book: Book) -> None:
    html = book("```derive\nsigmoid\nsigmoid\n```\n\n```derive\nsigmoid\n```\n").html
    names = [part.split('"')[0] for part in html.split('id="l-')[1:]]
    assert len(names) == len(set(names)) > 6


def test_data_chooses_among_blocks(book: Book, tmp_path: Path) -> None:
    text = "```derive data=one\nsigmoid\n```\n\n```derive data=two\ntanh\n```\n"
    assert "Sigmoid" in book(text).html
    assert "Sigmoid" not in book(text, data="two").html
    refused = build(tmp_path / "report.md", Options(data="three"))
    assert isinstance(refused, Problem)
    assert "known: one, two" in refused.message


def test_a_document_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    found = build(tmp_path / "none.md")
    assert isinstance(found, Problem)
    assert "not found" in found.message


def test_a_book_without_anything_to_check_is_a_page_too(book: Book) -> None:
    built = book("Only words.")
    assert built.exit_status(strict=True) == 0
    assert "No line of mathematics" in built.html


def test_unread_lines_count_where_everything_has_to_be_settled(book: Book) -> None:
    built = book("$$x = \\wp \\oint$$")
    assert built.exit_status() == 0
    assert built.exit_status(strict=True) == 1


def test_sixty_derivations_are_built_in_seconds(book: Book) -> None:
    losses = ("bce", "mse", "cross-entropy", "hinge", "huber")
    lines = [
        f"--loss {loss} --activation {name}" for loss in losses for name in ("sigmoid", "tanh", "identity")
    ]
    lines += [f'"x^{k}*log(1+exp(x))"' for k in range(2, 47)]
    built = book("```derive\n" + "\n".join(lines) + "\n```\n")
    assert built.html.count('class="block derivation"') >= 60
    assert not built.counts.get("REFUTED")


def test_the_example_of_the_documentation_builds(book: Book) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "build.md").read_text(encoding="utf-8")
    text = page.split("````markdown\n")[1].split("````")[0]
    training = re.compile(
        r"```(?:study|findings)\n.*?```\n", re.DOTALL
    )  # tested elsewhere, with a smaller study
    assert len(training.findall(text)) == 2
    built = book(training.sub("", text))
    assert built.problems == ()
    assert built.exit_status(strict=True) == 0
    assert built.title == "Weight decay on digits"
    assert "A. Student" in built.html


def test_headings_of_a_block_stand_below_the_heading_above_it(book: Book) -> None:
    sheet = BOOK[BOOK.index("```worksheet") :]
    sheet = sheet[: sheet.index("```\n", 3) + 4]
    text = f"---\ntitle: A\n---\n\n# Part\n\n## Network\n\n```sh\n# a comment\n```\n\n{sheet}"
    levels = re.findall(r"<h([1-6])[^>]*>([^<]*)", book(text).html)
    assert levels[:4] == [("1", "A"), ("2", "Part"), ("3", "Network"), ("4", "Given")]
    steps = [int(level) for level, _ in levels]
    assert all(after <= before + 1 for before, after in pairwise(steps))
