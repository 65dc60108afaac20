"""``docs/cifar10.md`` says what the records of the study beside it say."""

import importlib.util
from pathlib import Path

import pytest

from gradbook.study import spec

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def page():
    found = importlib.util.spec_from_file_location("cifar10", ROOT / "docs" / "cifar10.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_page_is_up_to_date(page) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.written(text) == text, "renew docs/cifar10.md with: python docs/cifar10.py"


def test_records_are_those_of_the_whole_example(page) -> None:
    results = page.found()
    tables, place = spec.load(ROOT / "examples" / "decay-cifar10.toml")
    study = spec.read(tables, place)
    assert results.seeds == study.seeds
    assert [dict(arm.values) for arm in results.arms] == [dict(arm.values) for arm in study.arms()]
    assert results.curves["test_loss"].shape == (3, 3, study.settings.training.epochs)
    assert results.over
    asked = study.held()
    assert {name: value for name, value in results.study.held.items() if name != "data.source"} == {
        name: _plain(value) for name, value in asked.items() if name != "data.source"
    }


def _plain(value):
    """As JSON keeps it."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return dict(value) if hasattr(value, "items") else value
