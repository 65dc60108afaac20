"""The examples have the values that are known of them, and every line of their sheets is proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradbook.document import check_text
from gradbook.network import Worksheet, load, work

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "networks"


def sheet(name: str, digits: int = 6) -> Worksheet:
    return work(load(EXAMPLES / f"{name}.toml"), digits=digits)


def gradient(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("report-without-biases", {
            gradient("L", "w_{11-2}"): "0.617237", gradient("L", "w_{21-2}"): "0.900419",
            gradient("L", "w_{12-1}"): "-0.176310", "a_{1-2}": "0.208330", "L": "0.487665",
        }),
        ("report", {
            gradient("L", "w_{11-2}"): "0.670402", gradient("L", "w_{21-2}"): "0.772572",
            gradient("L", "w_{12-1}"): "-0.210136", "a_{1-2}": "0.272734", "L": "0.581763",
        }),
    ],
)  # fmt: skip
def test_network_of_the_report(name: str, known: dict[str, str]) -> None:
    worked = sheet(name)
    assert {key: worked[key].text(6) for key in known} == known


def test_published_example_to_the_digits_that_are_printed() -> None:
    worked = sheet("mazur", 9)
    printed = {
        "out_{o1}": "0.75136507", "out_{o2}": "0.772928465", "E": "0.298371109",
        "w_{5}^{+}": "0.35891648", "w_{6}^{+}": "0.408666186", "w_{7}^{+}": "0.511301270",
        "w_{8}^{+}": "0.561370121", "w_{1}^{+}": "0.149780716", "w_{2}^{+}": "0.19956143",
        "w_{3}^{+}": "0.24975114", "w_{4}^{+}": "0.29950229",
    }  # fmt: skip
    for name, digits in printed.items():
        places = len(digits) - 2
        assert f"{float(worked[name]):.{places}f}" == digits, name


def test_published_error_after_the_update_is_not_that_of_the_published_weights() -> None:
    """The published 0.291027924 comes of hidden gradients through weights that were updated already."""
    assert sheet("mazur", 9)["E^{+}"].text(9) == "0.291027774"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_every_line_is_proved(path: Path, form: str) -> None:
    checked = check_text(work(load(path)).to(form))
    assert {line.verdict.name for line in checked.lines} == {"STATED", "PROVED"}
    assert sum(line.verdict.name == "PROVED" for line in checked.lines) > 60


def test_sheet_with_a_mistake_carried_forward_is_judged_line_by_line() -> None:
    lines = sheet("report-without-biases", 4).to("markdown").split("\n")
    place = next(k for k, line in enumerate(lines) if line.startswith("$$z_{1-2} ="))
    assert lines[place].endswith("= 0.2083$$")
    lines[place] = lines[place].replace("= 0.2083$$", "= 0.3083$$")
    lines[place + 2] = "$$a_{1-2} = z_{1-2} = 0.3083$$"
    at = next(k for k, line in enumerate(lines) if line.startswith("$$L = "))
    lines[at] = lines[at].replace("0.2083", "0.3083").replace("= 0.4877$$", "= 0.6373$$")
    checked = check_text("\n".join(lines[: at + 1]))
    wrong = [line for line in checked.lines if line.verdict.name not in ("STATED", "PROVED")]
    assert next((line.line, line.verdict.name) for line in wrong) == (place + 1, "REFUTED")
    assert {line.verdict.name for line in wrong[1:]} == {"FOLLOWS"}
    assert {line.follows for line in wrong[1:]} == {place + 1}
