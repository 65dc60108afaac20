r"""Names of mathematics as names of Python.

>>> [identifier(name) for name in (r"\theta", "w_{11-1}", r"\hat{y}", r"\lambda", "l", "x^{(1)}")]
['theta', 'w_11_1', 'y_hat', 'lambda_', 'ell', 'x_1']
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

#: Letters that are mistaken for digits, for which linters ask for another name.
_AMBIGUOUS = {"l": "ell", "O": "big_o", "I": "big_i"}
_ACCENT = re.compile(r"\\(hat|bar|tilde|dot|vec)\{([^{}]*)\}")


def identifier(latex: str) -> str:
    """A Python name like a name in LaTeX."""
    text = _ACCENT.sub(r"\2_\1", latex).replace("\\text", "").replace("\\", "")
    text = text.replace("'", "_prime")
    text = re.sub(r"[^0-9A-Za-z_]+", "_", text)
    text = re.sub(r"_+", "_", text).strip("_")
    if not text or text[0].isdigit():
        text = f"v{text}"
    text = _AMBIGUOUS.get(text, text)
    return f"{text}_" if keyword.iskeyword(text) else text


def function_name(title: str) -> str:
    """A title as the name of a function.

    >>> function_name("GELU (tanh form)"), function_name("L1 penalty")
    ('gelu_tanh_form', 'l1_penalty')
    """
    return identifier(re.sub(r"[^0-9A-Za-z]+", "_", title).lower())


class Names:
    """Distinct Python names for quantities, given out in the order in which they are asked for."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)
        self.given: dict[object, str] = {}

    def of(self, key: object, wish: str) -> str:
        """The name of a thing; the wish, or one like it that is free."""
        if key not in self.given:
            self.given[key] = self.fresh(wish)
        return self.given[key]

    def fresh(self, wish: str) -> str:
        """A name that nothing has."""
        name, n = wish, 1
        while name in self.taken:
            n += 1
            name = f"{wish}_{n}"
        self.taken.add(name)
        return name
