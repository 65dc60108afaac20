"""``gradbook explain CODE``: the page of a mistake."""

from __future__ import annotations

import sys

from gradbook.derivation.mistakes import MISTAKES
from gradbook.derivation.mistakes.pages import page


def run(codes: tuple[str, ...]) -> int:
    """Write the pages of the mistakes; without a code, the list of all."""
    if not codes:
        for mistake in sorted(MISTAKES.values(), key=lambda m: m.code):
            print(f"{mistake.code}  {mistake.name}")
        return 0
    unknown = [code for code in codes if code.upper() not in MISTAKES]
    for code in unknown:
        print(
            f"gradbook explain: error: no mistake has the code {code!r}; expected one of "
            f"{', '.join(sorted(MISTAKES))}; gradbook explain without a code lists them with their names",
            file=sys.stderr,
        )
    if unknown:
        return 2
    print("\n".join(page(MISTAKES[code.upper()]) for code in codes), end="")
    return 0
