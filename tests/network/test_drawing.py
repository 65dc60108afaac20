"""New sheets: reproducible, all different, pleasant, and proved."""

from __future__ import annotations

from itertools import islice

import pytest

from gradbook.document import check_text
from gradbook.network import Difficulty, NetworkError, Part, Wish, drawn, to_toml, work


@pytest.mark.parametrize("difficulty", Difficulty)
def test_class_gets_sheets_of_which_no_two_are_the_same(difficulty: Difficulty) -> None:
    wish = Wish(difficulty, seed=7)
    sheets = [to_toml(network) for network in drawn("2-2-1", wish, 12)]
    assert len(set(sheets)) == 12
    assert sheets[:5] == [to_toml(network) for network in drawn("2-2-1", wish, 5)]
    assert sheets != [to_toml(network) for network in drawn("2-2-1", Wish(difficulty, seed=8), 12)]


@pytest.mark.parametrize("difficulty", Difficulty)
@pytest.mark.parametrize("shape", ["3-2-1", "2-3-2"])
def test_key_is_proved(shape: str, difficulty: Difficulty) -> None:
    for network in drawn(shape, Wish(difficulty, seed=1), 2):
        checked = check_text(work(network).to("markdown"))
        assert {line.verdict.name for line in checked.lines} == {"STATED", "PROVED"}


def test_easy_sheet_comes_out_exactly() -> None:
    for network in drawn("3-2-1", Wish(Difficulty.EASY, seed=3), 5):
        values = [line.value for line in work(network).lines if line.value is not None]
        assert all(value.is_shown_exactly(6) for value in values)


def test_blank_sheet_tells_no_result() -> None:
    network = next(iter(drawn("2-2-1", Wish(seed=5), 1)))
    sheet = work(network)
    blank = sheet.to("markdown", Part.BLANK)
    assert sheet["L"].text(6) not in blank
    assert blank.count("$$") == sheet.to("markdown").count("$$")


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(NetworkError, match="expected a shape such as 3-2-1"):
        list(islice(drawn("3", Wish(), 1), 1))
    with pytest.raises(NetworkError, match="no activation"):
        list(islice(drawn("2-1", Wish(output="nope"), 1), 1))
