"""A sample of the set of wrong lines: the right name first, and among the first three for pairs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _set() -> ModuleType:
    path = Path(__file__).with_name("wrong_lines.py")
    spec = importlib.util.spec_from_file_location("wrong_lines", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["wrong_lines"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scores() -> tuple[object, object]:
    return _set().score(11, 2, 2, share=0.6, seconds=3.0)


def test_the_set_is_large_enough() -> None:
    assert len(_set().tasks()) >= 60


def test_the_right_name_is_first_for_one_mistake(scores: tuple[object, object]) -> None:
    one = scores[0]
    assert one.lines > 60  # type: ignore[attr-defined]
    assert one.first / one.lines >= 0.95, one.missed  # type: ignore[attr-defined]


def test_the_right_names_are_among_three_for_two_mistakes(scores: tuple[object, object]) -> None:
    two = scores[1]
    assert two.lines > 40  # type: ignore[attr-defined]
    assert (two.among + two.simpler) / two.lines >= 0.85, two.missed  # type: ignore[attr-defined]
