"""Deep chains of quantities are judged as a graph: what is right is proved at once, what is wrong never."""

from __future__ import annotations

import time

import pytest

from gradbook.document import check_text

DEPTH = 30


def chain(last: str = "") -> str:
    """A quantity that rests on another, thirty times, each used twice: put in, it would have a billion parts."""
    lines = ["$w = 0.5$ and $x_{0} = 0.3$"]
    lines += [f"$$x_{{{k}}} = w x_{{{k - 1}}} + x_{{{k - 1}}}^{{2}}$$" for k in range(1, DEPTH + 1)]
    return "\n\n".join([*lines, f"$${last}$$"])


def verdict(last: str) -> str:
    return check_text(chain(last)).lines[-1].verdict.name


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{{DEPTH - 1}}}}} = w + 2 x_{{{DEPTH - 1}}}", True),
        (
            rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{2}}}} = "
            rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{3}}}} (w + 2 x_{{2}})",
            True,
        ),
        (rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{{DEPTH - 1}}}}} = w + x_{{{DEPTH - 1}}}", False),
        (
            rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{2}}}} = "
            rf"\frac{{\partial x_{{{DEPTH}}}}}{{\partial x_{{4}}}} (w + 2 x_{{2}})",
            False,
        ),
        ("x_{2} = 0.1776", True),
        ("x_{2} = 0.1775", False),
    ],
)
def test_line_after_a_deep_chain(line: str, expected: bool) -> None:
    began = time.monotonic()
    assert (verdict(line) == "PROVED") is expected
    assert time.monotonic() - began < 15


def test_number_of_a_deep_chain_is_proved() -> None:
    x = 0.3
    for _ in range(DEPTH):
        x = 0.5 * x + x * x
    mantissa, power = f"{x:.4e}".split("e")
    right = rf"x_{{{DEPTH}}} = {mantissa} \cdot 10^{{{int(power)}}}"
    wrong = rf"x_{{{DEPTH}}} = {float(mantissa) + 0.001:.4f} \cdot 10^{{{int(power)}}}"
    assert verdict(right) == "PROVED"
    assert verdict(wrong) != "PROVED"


def test_case_distinction_at_a_number_is_decided() -> None:
    text = r"""
$$g(x) = \begin{cases} x & \text{if } x > 0 \\ 0.1 x & \text{otherwise} \end{cases}$$

$$g(-0.5) = -0.05, \qquad g(-0.5) = -0.5$$
"""
    assert [line.verdict.name for line in check_text(text).lines] == ["STATED", "PROVED", "REFUTED"]


def test_more_digits_than_the_line_shows_are_seen_in_the_head_of_the_chain() -> None:
    text = r"""
$a = 0.333333$ and $b = 3.7$

$$c = a b = 1.2333$$

$$d = c b = 1.2333 \cdot 3.7 = 4.5633$$

$$d = c b = 1.2333 \cdot 3.7 = 4.5639$$
"""
    names = [line.verdict.name for line in check_text(text).lines]
    assert names[-1] == "REFUTED"
    assert "REFUTED" not in names[:-1]


def test_half_a_unit_is_right_either_way() -> None:
    text = "$u = 0.5$, $v = 0.25$ and $w = 0.1$\n\n$$u v = 0.13, \\qquad u v = 0.12, \\qquad u v = 0.14$$"
    assert [line.verdict.name for line in check_text(text).lines][-3:] == ["PROVED", "PROVED", "REFUTED"]


def test_many_digits_are_judged() -> None:
    text = "$$\\sqrt{2} = 1.4142135623730950488016887, \\qquad \\sqrt{2} = 1.4142135623730950488016889$$"
    assert [line.verdict.name for line in check_text(text).lines] == ["PROVED", "REFUTED"]
