"""What README.md and docs/ show is what the program prints.

A comment ``<!-- output: COMMAND -->`` before a fenced block says which command printed the block. Run as a
program, this file writes the real output into the blocks (``make readme``).
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradbook.derivation.mistakes.pages import write_pages

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]

_OUTPUT = re.compile(
    r"(?P<head><!-- output: (?P<command>[^\n]+) -->\n```\w*\n)(?P<shown>.*?)(?P<tail>^```$)", re.S | re.M
)
_SESSION = re.compile(r"^```pycon\n(?P<session>.*?)^```$", re.S | re.M)
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")


def output_of(command: str) -> str:
    """What a shell prints for a command, with ``gradbook`` from the environment of this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shell = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in shell.stderr, shell.stderr
    return shell.stdout


def outputs() -> list[tuple[Path, re.Match[str]]]:
    return [(page, match) for page in PAGES for match in _OUTPUT.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("page", "match"), [pytest.param(p, m, id=f"{p.name}: {m['command']}") for p, m in outputs()]
)
def test_shown_output_is_what_the_command_prints(page: Path, match: re.Match[str]) -> None:
    assert match["shown"] == output_of(match["command"]), f"renew {page.name} with: make readme"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_sessions_run_as_shown(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    for match in _SESSION.finditer(page.read_text(encoding="utf-8")):
        runner.run(parser.get_doctest(match["session"], {}, page.name, str(page), 0))
    assert runner.failures == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in _LINK.finditer(page.read_text(encoding="utf-8"))]
    missing = [t for t in targets if not t.startswith(("http:", "https:")) and not (page.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_marker_stands_before_a_block(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count("<!-- output:") == sum(
        shown == page for shown, _ in outputs()
    )


def test_readme_shows_the_first_example() -> None:
    shown = re.search(r"```markdown\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert shown is not None
    assert shown[1] in (ROOT / "examples" / "first.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/study.md"])
def test_the_example_study_is_shown_as_it_is(page: str) -> None:
    example = (ROOT / "examples" / "decay-digits.toml").read_text(encoding="utf-8")
    shown = re.search(r"```toml\n(name.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    assert shown is not None
    assert example.endswith(shown[1])


def renew() -> None:
    """Write the pages of the mistakes, and the real outputs into the pages."""
    write_pages(ROOT / "docs" / "mistakes")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(
            _OUTPUT.sub(lambda match: match["head"] + output_of(match["command"]) + match["tail"], text),
            encoding="utf-8",
        )


if __name__ == "__main__":
    renew()
