"""The pages of the mistakes, in Markdown: what it is, why it happens, an example wrong and right.

>>> from gradbook.derivation.mistakes import MISTAKES
>>> page(MISTAKES["D103"]).splitlines()[0]
'# D103: outer derivative missing'
"""

from __future__ import annotations

from pathlib import Path

from gradbook.derivation.mistakes.mistake import MISTAKES, Mistake


def page(mistake: Mistake) -> str:
    """One mistake's page."""
    example = mistake.example
    return f"""# {mistake.code}: {mistake.name}

{mistake.page}

The rule that was meant: {mistake.meant}.

## Wrong

${example.given}$

$${example.wrong}$$

## Right

${example.given}$

$${example.right}$$
"""


def index() -> str:
    """The list of all pages."""
    rows = "\n".join(
        f"| [{m.code}]({m.code}.md) | {m.name} | {m.family.value} |"
        for m in sorted(MISTAKES.values(), key=lambda m: m.code)
    )
    return f"""# Mistakes that are named

A wrong line gets the code of a mistake if making that mistake, alone or with one other, leads to exactly what is
written. `gradbook explain CODE` prints a page.

| code | mistake | in |
| --- | --- | --- |
{rows}
"""


def write_pages(folder: Path) -> list[Path]:
    """Write all pages into a folder; gives those that were not up to date."""
    texts = {folder / f"{m.code}.md": page(m) for m in MISTAKES.values()} | {folder / "README.md": index()}
    stale: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path not in texts:
            stale.append(path)
            path.unlink()
    return stale


if __name__ == "__main__":
    write_pages(Path("docs/mistakes"))
