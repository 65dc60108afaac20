"""A real browser, with no network: tests that need it are skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gradbook import Problem
from gradbook.book.building import Built, Options, build

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


STUDY = """# A

```study
name = "tiny"
seeds = 2
[model]
kind = "mlp"
hidden = [8]
[training]
epochs = 2
[vary]
weight_decay = [0.05, 0.0005]
```
"""


class Opened:
    """A page in a browser, and what happened while it was opened."""

    def __init__(
        self, launched: Any, html: Path, width: int = 1280, scheme: str = "light", **more: Any
    ) -> None:
        self.context = launched.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        self.said: list[str] = []
        self.asked_for: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.goto(html.as_uri())
        self.asked_for.remove(html.as_uri())
        if more.get("java_script_enabled", True):
            self.page.wait_for_selector("html[data-done]", timeout=30_000)

    @property
    def requests(self) -> list[str]:
        """What was asked for beside the page; fonts within it are no requests."""
        return [url for url in self.asked_for if not url.startswith("data:")]

    def run(self, script: str) -> Any:
        return self.page.evaluate(script)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def launched() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium is installed; with it, pages are opened in a real browser")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(launched: Any) -> Iterator[Open]:
    made: list[Opened] = []

    def open_page(html: Path, width: int = 1280, scheme: str = "light", **more: Any) -> Opened:
        made.append(Opened(launched, html, width, scheme, **more))
        return made[-1]

    yield open_page
    for page in made:
        page.context.close()


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left in the cache of who runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Built]:
    """Builds a text as a document in a folder of its own, and writes the page beside it."""

    def built(text: str, **options: Any) -> Built:
        path = tmp_path / "report.md"
        path.write_text(text, encoding="utf-8")
        found = build(path, Options(**options))
        assert not isinstance(found, Problem)
        (tmp_path / "report.html").write_text(found.html, encoding="utf-8")
        return found

    return built


@pytest.fixture
def study() -> str:
    """A book with a study of seconds."""
    return STUDY
