"""Lab books checked: findings against a study that was run, blocks read, and nothing made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradbook
from gradbook.book.blocks import BlockKind
from gradbook.book.checking import check_document, check_text
from gradbook.document.report import Document, Line, Verdict
from gradbook.study.findings.statements import Margins

_STUDY = """\
name = "decay"
seeds = 3

[data]
source = "digits"

[model]
kind = "mlp"
hidden = [8]

[training]
epochs = 3
learning_rate = 0.1

[vary]
weight_decay = [0.0, 3.0]
"""

_BLOCK = f"```study\n{_STUDY}```\n\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was run: without weight decay the model learns, with 3 it cannot."""
    here = tmp_path_factory.mktemp("book")
    (here / "decay.toml").write_text(_STUDY)
    gradbook.study(here / "decay.toml", folder=here / "studies", plan={"processes": 1, "threads": 1})
    return here / "studies"


def _lines(text: str, folder: Path | None = None, **options: object) -> list[Line]:
    return list(check_text(text, folder=folder or Path("/nonexistent"), **options).lines)  # type: ignore[arg-type]


def _verdicts(text: str, folder: Path | None = None) -> list[str]:
    return [line.verdict.name for line in _lines(text, folder)]


# --- findings ------------------------------------------------------------------------------------


def test_findings_are_supported_and_contradicted(folder: Path) -> None:
    text = (
        "```findings\nstudy: decay\n- Without weight decay the model learns.\n"
        "- Weight decay 3 beats weight decay 0 in test accuracy.\n"
        "- 0 beats weight decay 3 in test accuracy,\n  and learns.\n```\n"
    )
    lines = _lines(text, folder)
    assert [line.verdict for line in lines] == [Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.SUPPORTED]
    assert [(line.line, line.column, line.end_line, line.end_column) for line in lines] == [
        (3, 3, 3, 41),
        (4, 3, 4, 56),
        (5, 3, 6, 14),
    ]
    assert lines[1].evidence is not None
    assert lines[1].evidence.words[0].startswith("read as: test accuracy is higher with weight decay 3")
    assert Document("a.md", tuple(lines)).count(Verdict.CONTRADICTED) == 1


def test_figures_are_compared_with_the_record(folder: Path) -> None:
    text = "```findings study=decay\n- The final test accuracy of weight decay 0 is {}.\n```\n"
    (wrong,) = _lines(text.format("0.001"), folder)
    assert wrong.verdict is Verdict.CONTRADICTED
    assert wrong.evidence is not None
    mean = wrong.evidence.words[1].split("at the end ")[1].split(",")[0]
    (right,) = _lines(text.format(mean), folder)
    assert right.verdict is Verdict.SUPPORTED
    assert right.message == "the record of the study shows this"


def test_a_contradicted_finding_is_wrong(folder: Path, tmp_path: Path) -> None:
    path = folder.parent / "wrong.md"
    path.write_text("```findings study=decay\n- 3 beats 0 in test accuracy.\n```\n")
    report = gradbook.check(path)
    assert report.exit_status() == 1


def test_the_study_above_is_meant(folder: Path) -> None:
    assert _verdicts(_BLOCK + "```findings\n- 0 learns.\n```\n", folder) == ["SUPPORTED"]


def test_a_study_that_was_changed_since_is_not_judged(folder: Path) -> None:
    changed = _BLOCK.replace("epochs = 3", "epochs = 4")
    (line,) = _lines(changed + "```findings\n- 0 learns.\n```\n", folder)
    assert line.verdict is Verdict.UNDECIDED
    assert "changed after it was run" in line.message


def test_without_results_a_sentence_is_read_and_not_judged() -> None:
    text = _BLOCK + "```findings\n- 0 learns.\n- 0 may learn.\n- 7 learns.\n```\n"
    read, guess, absent = _lines(text)
    assert (read.verdict, guess.verdict, absent.verdict) == (
        Verdict.UNDECIDED,
        Verdict.UNREAD,
        Verdict.UNREAD,
    )
    assert "gradbook build" in read.message
    assert read.evidence is not None
    assert read.evidence.words == ("read as: weight decay 0 learns",)
    assert guess.underlined == (22, 5, 22, 8)
    assert "weight decay 0 and 3" in absent.message


def test_no_study_and_an_unknown_one_are_told(folder: Path) -> None:
    (none,) = _lines("```findings\n- 0 learns.\n```\n", folder)
    (unknown,) = _lines("```findings study=other\n- 0 learns.\n```\n", folder)
    assert none.verdict is unknown.verdict is Verdict.UNDECIDED
    assert "study: NAME" in none.message
    assert "no results of other" in unknown.message


def test_margins_are_declared_above_the_sentences(folder: Path) -> None:
    text = "```findings\nstudy: decay\nmargin: accuracy {}\n- 0 and 3 have the same test accuracy.\n```\n"
    assert _verdicts(text.format("0.99"), folder) == ["SUPPORTED"]
    assert _verdicts(text.format("0.01"), folder) == ["CONTRADICTED"]
    assert _verdicts(text.format("large"), folder) == ["UNREAD", "UNDECIDED"]


@pytest.mark.parametrize(
    "text", ["accuracy 2", "accuracy -1", "loss", "", "loss 1, loss 2", "speed 3", "loss 0"]
)
def test_margins_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Margins.read(text)


def test_a_list_behind_a_study_states_findings(folder: Path) -> None:
    text = "Findings of the study `decay`:\n\n- Without weight decay the model learns.\n"
    text += "- 3 beats 0 in test accuracy\n\nMore.\n\n- prose\n"
    assert _verdicts(text, folder) == ["SUPPORTED", "CONTRADICTED"]


def test_a_list_in_prose_claims_nothing(folder: Path) -> None:
    assert (
        _verdicts("Findings of the study `other`:\n\n- Without weight decay the model learns.\n", folder)
        == []
    )
    assert _verdicts("The options of `decay`:\n\n- Without weight decay the model learns.\n", folder) == []
    assert (
        _verdicts("Findings of the study `decay`.\n\n- Without weight decay the model learns.\n", folder)
        == []
    )
    fenced = "```text\nFindings of the study `decay`:\n\n- Without weight decay the model learns.\n```\n"
    assert _verdicts(fenced, folder) == []


def test_mathematics_in_a_finding_is_part_of_it(folder: Path) -> None:
    text = "Let $x = 2$. Findings of the study `decay`:\n\n- $\\lambda = 0$ learns.\n- $x = 2$ learns.\n"
    assert [(line.line, line.verdict.name) for line in _lines(text, folder)] == [
        (1, "STATED"),
        (3, "SUPPORTED"),
        (4, "UNREAD"),
    ]


def test_blocks_in_quotations_keep_their_places(folder: Path) -> None:
    (line,) = _lines("> ```findings study=decay\n> - 0 may learn.\n> ```\n", folder)
    assert line.underlined == (2, 7, 2, 10)
    assert (line.line, line.column) == (2, 5)


def test_unmarked_rows_are_sentences(folder: Path) -> None:
    assert _verdicts("```findings study=decay\n0 learns\n3 learns\n```\n", folder)[0] == "SUPPORTED"


# --- other blocks --------------------------------------------------------------------------------


def test_what_is_wrong_in_a_study_is_told_in_its_line() -> None:
    (line,) = _lines("Text\n\n```study\nname = 'a'\n[training]\nepoch = 3\n```\n")
    assert (line.line, line.verdict) == (6, Verdict.UNREAD)
    assert "no such setting" in line.message
    (line,) = _lines("```study\nname = 'a'\nseeds = = 3\n```\n")
    assert (line.line, line.verdict) == (3, Verdict.UNREAD)


def test_what_is_wrong_in_a_derivation_is_told_in_its_line() -> None:
    text = '```derive\n# a comment\n"log(1+exp(x))" --wrt x\n--activation sigmid\n"log(1" --wrt x\n--loss "l2\n```\n'
    assert [(line.line, line.verdict.name) for line in _lines(text)] == [(n, "UNREAD") for n in (4, 5, 6)]


def test_what_is_wrong_in_a_worksheet_is_told() -> None:
    (line,) = _lines('```worksheet\nlayers = [2, 1]\nloss = "l3"\n```\n')
    assert line.verdict is Verdict.UNREAD
    (line,) = _lines("```worksheet\nlayers = [2, 1\nloss = 3\n```\n")
    assert line.verdict is Verdict.UNREAD
    assert 2 <= line.line <= 3


def test_right_blocks_add_no_lines() -> None:
    network = (Path(__file__).parents[2] / "examples" / "networks" / "report.toml").read_text()
    assert _lines(f'{_BLOCK}```derive\n"x^2" --wrt x\n```\n\n```worksheet\n{network}```\n') == []


def test_kinds_can_be_chosen() -> None:
    text = "```derive\n--activation sigmid\n```\n\n```findings\n- 0 learns\n```\n"
    lines = _lines(text, kinds=frozenset({BlockKind.FINDINGS}))
    assert [line.line for line in lines] == [6]


def test_other_documents_have_no_blocks() -> None:
    assert check_text("```findings\n- 0 learns\n```\n", "a.tex").lines == ()


# --- reading only --------------------------------------------------------------------------------


def test_checking_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(_BLOCK + "```findings\n- 0 learns.\n```\n")
    check_document(str(path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.md"]


def test_checking_changes_no_database(folder: Path) -> None:
    database = folder / "studies.db"
    before = (database.read_bytes(), sorted(p.name for p in folder.iterdir()))
    assert _verdicts("```findings study=decay\n- 0 learns.\n```\n", folder) == ["SUPPORTED"]
    assert (database.read_bytes(), sorted(p.name for p in folder.iterdir())) == before


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_text("no database, and long enough to be taken for one" * 100)
    (line,) = _lines("```findings study=decay\n- 0 learns.\n```\n", tmp_path)
    assert line.verdict is Verdict.UNDECIDED


def _modules(text: str, folder: Path, tmp_path: Path, hide: str = "") -> tuple[set[str], list[str]]:
    """What is imported to check a text in a process of its own, and the verdicts with their messages."""
    path = tmp_path / "book.md"
    path.write_text(text)
    code = (
        f"import sys, json\nif {hide!r}: sys.modules[{hide!r}] = None\n"
        "from gradbook.book.checking import check_document\n"
        f"found = check_document({str(path)!r}, folder={str(folder)!r})\n"
        "print(json.dumps([sorted(sys.modules), [f'{l.verdict.name} {l.message}' for l in found.lines]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    modules, lines = json.loads(done.stdout)
    return set(modules), lines


def test_plain_documents_import_nothing_for_blocks(folder: Path, tmp_path: Path) -> None:
    modules, _ = _modules("Let $f(x) = x^2$. Then $f'(x) = 2x$.\n\n- `a`\n", folder, tmp_path)
    heavy = {"torch", "numpy", "scipy", "sqlalchemy", "markdown_it", "gradbook.study.findings.sentences"}
    assert not modules & heavy


def test_findings_are_tested_without_torch(folder: Path, tmp_path: Path) -> None:
    modules, lines = _modules("```findings study=decay\n- 0 learns.\n```\n", folder, tmp_path)
    assert "torch" not in modules
    assert lines[0].startswith("SUPPORTED")


def test_what_is_not_installed_is_named(folder: Path, tmp_path: Path) -> None:
    _, lines = _modules("```findings study=decay\n- 0 learns.\n```\n", folder, tmp_path, hide="sqlalchemy")
    assert lines == ["UNDECIDED sqlalchemy is not installed; findings need: pip install 'gradbook[study]'"]
