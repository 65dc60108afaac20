"""``docs/gallery.md`` is what ``make gallery`` writes, and every line of it is proved."""

import importlib.util
from pathlib import Path

import pytest

from gradbook import check
from gradbook.derivation.catalogue import CATALOGUE
from gradbook.document.report import Verdict

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gallery_is_up_to_date(gallery) -> None:
    written = gallery.page({entry: gallery.derived(entry) for entry in CATALOGUE})
    assert written == (DOCS / "gallery.md").read_text(encoding="utf-8"), (
        "renew docs/gallery.md with: make gallery"
    )


def test_every_entry_has_a_picture() -> None:
    assert {p.stem for p in (DOCS / "gallery").glob("*.svg")} == {entry.name for entry in CATALOGUE}


def test_gallery_is_proved() -> None:
    lines = check(DOCS / "gallery.md").documents[0].lines
    assert sum(x.verdict is Verdict.PROVED for x in lines) >= len(CATALOGUE)
    assert [x.source for x in lines if x.verdict not in (Verdict.PROVED, Verdict.STATED)] == []
