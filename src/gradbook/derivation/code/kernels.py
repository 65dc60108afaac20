r"""The primitives, as they stand in the generated module: array code that NumPy and PyTorch both understand.

Each is a function of arrays whose docstring states its formula and why it is written that way. ``source``
gives those that are asked for and what they need, in an order in which they can be defined.

``erf`` and ``erfc`` are ours because NumPy has none and ``math.erf`` takes one number at a time (about
forty times slower on an array). They and the normal distribution rest on one polynomial: with
t = (y - 3.75)/(y + 3.75), (1 + 2y) e^{y^2} erfc(y) is smooth on all of [0, \infty) (Shepherd and
Laframboise, 1981); the coefficients interpolate it at 24 Chebyshev nodes, to 2e-17.

>>> print(source(["nonzero"], "np").splitlines()[-1])
    return np.where(scale == 0, 1.0, scale)
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SOURCES = {
    "sigmoid": '''
def _sigmoid(x):
    """1 / (1 + exp(-x)), with no exponential of a positive number."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)
''',
    "sigmoid_slope": '''
def _sigmoid_slope(x):
    """sigmoid(x) * (1 - sigmoid(x)), without the subtraction."""
    small = np.exp(-np.abs(x))
    return small / ((1.0 + small) * (1.0 + small))
''',
    "softplus": '''
def _softplus(x):
    """log(1 + exp(x)); log1p keeps the digits of a small exponential."""
    return np.clip(x, 0, None) + np.log1p(np.exp(-np.abs(x)))
''',
    "sech": '''
def _sech(x):
    """1 / cosh(x), with no exponential of a positive number."""
    small = np.exp(-np.abs(x))
    return 2.0 * small / (1.0 + small * small)
''',
    "sech2": '''
def _sech2(x):
    """1 - tanh(x)^2 = 1 / cosh(x)^2, without the subtraction."""
    small = np.exp(-2.0 * np.abs(np.clip(x, -20000, 20000)))
    return 4.0 * small / ((1.0 + small) * (1.0 + small))
''',
    "tanh_gap": '''
def _tanh_gap(x):
    """x - tanh(x); near zero from Lambert's continued fraction of tanh, all of whose terms are positive."""
    near = np.clip(x, -1.5, 1.5)
    square = near * near
    tail = square / 23.0
    for odd in range(21, 1, -2):
        tail = square / (odd + tail)
    return np.where(np.abs(x) < 1.5, near * (tail / (1.0 + tail)), x - np.tanh(x))
''',
    "log_cosh": '''
def _log_cosh(x):
    """log(cosh(x)); near zero log1p of 2 sinh(x/2)^2, far from it |x| - log(2) and what is left."""
    size = np.abs(x)
    half_sinh = np.sinh(np.clip(size, 0, 4) / 2)
    small = np.exp(-size)
    far = (size - 0.6931471805599453) + np.log1p(small * small)
    return np.where(size < 4, np.log1p(2.0 * half_sinh * half_sinh), far)
''',
    "tanh_softplus": '''
def _tanh_softplus(x):
    """tanh(log(1 + exp(x))), a rational function of exp(-|x|)."""
    small = np.exp(-np.abs(x))
    top = np.where(x < 0, small * (small + 2.0), 1.0 + 2.0 * small)
    return top / (top + np.where(x < 0, 2.0, 2.0 * small * small))
''',
    "sech2_softplus": '''
def _sech2_softplus(x):
    """1 - tanh(log(1 + exp(x)))^2, a rational function of exp(-|x|)."""
    small = np.exp(-np.abs(x))
    top = np.where(x < 0, small * (small + 2.0), 1.0 + 2.0 * small)
    bottom = top + np.where(x < 0, 2.0, 2.0 * small * small)
    root = np.where(x < 0, 2.0, 2.0 * small) * ((1.0 + small) / bottom)
    return root * root
''',
    "exp_neg_square": '''
def _exp_neg_square(x):
    """exp(-x^2); the square of a short number is exact, and little is left for the second factor."""
    size = np.clip(np.abs(x), 0, 200)
    short = np.round(size * 64.0) / 64.0
    return np.exp(-short * short) * np.exp((short - size) * (short + size))
''',
    "exp_neg_half_square": '''
def _exp_neg_half_square(x):
    """exp(-x^2 / 2); the square of a short number is exact, and little is left for the second factor."""
    size = np.clip(np.abs(x), 0, 200)
    short = np.round(size * 64.0) / 64.0
    return np.exp(-0.5 * short * short) * np.exp(0.5 * (short - size) * (short + size))
''',
    "scaled_tail": '''
_TAIL = (
    3.2052623379289157e-10, -2.618520156503145e-09, -3.798189797736207e-09,
    3.195398612057818e-08, 2.3398534313040898e-08, -2.4851108650210706e-07,
    -5.741076073013916e-08, 1.7419011945194367e-06, -9.733875167494142e-07,
    -1.1437980374495534e-05, 2.2384138525656757e-05, 5.164649341002877e-05,
    -0.00029015404203352704, 0.000293714390578856, 0.001755625843431864,
    -0.00974657968596217, 0.028362277420377335, -0.05869339857631061,
    0.09230432116025894, -0.10880393014246645, 0.08227673849014977,
    0.003585415485479575, -0.14024059858554702, 1.2375126308378275,
)  # fmt: skip


def _scaled_tail(y):
    """exp(y^2) * erfc(y) for y >= 0: a polynomial in (y - 3.75) / (y + 3.75), over 1 + 2 y."""
    t = (y - 3.75) / (y + 3.75)
    total = _TAIL[0] * t + _TAIL[1]
    for coefficient in _TAIL[2:]:
        total = total * t + coefficient
    return total / (1.0 + 2.0 * y)
''',
    "normal_cdf": '''
def _normal_cdf(x):
    """(1 + erf(x / sqrt(2))) / 2, accurate in the left tail as well."""
    size = np.clip(np.abs(x), 0, 200)
    tail = 0.5 * _exp_neg_half_square(size) * _scaled_tail(size * 0.7071067811865476)
    return np.where(x < 0, tail, 1.0 - tail)
''',
    "erfc": '''
def _erfc(x):
    """1 - erf(x), accurate in the right tail as well."""
    size = np.clip(np.abs(x), 0, 200)
    tail = _exp_neg_square(size) * _scaled_tail(size)
    return np.where(x < 0, 2.0 - tail, tail)
''',
    "erf": '''
_ERF = (
    -7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07,
    1.6447424703317362e-06, -1.492473690741966e-05, 0.00012055294904839707,
    -0.0008548325975389692, 0.0052239776071164225, -0.02686617064323777,
    0.11283791670945006, -0.37612638903183543, 1.1283791670955126,
)  # fmt: skip


def _erf(x):
    """The error function: up to 1 a polynomial in x^2 times x, beyond it 1 - erfc(|x|)."""
    near = np.clip(x, -1, 1)
    square = near * near
    total = _ERF[0] * square + _ERF[1]
    for coefficient in _ERF[2:]:
        total = total * square + coefficient
    return np.where(np.abs(x) < 1, near * total, np.sign(x) * (1.0 - _erfc(np.abs(x))))
''',
    "step": '''
def _step(x):
    """1 where x > 0, else 0; what is not a number stays so."""
    return np.where(x > 0, 1.0, np.where(np.isnan(x), x, 0.0))
''',
    "xlogy": '''
def _xlogy(x, y):
    """x * log(y), which is 0 where x is 0 and y >= 0."""
    nothing = (x == 0) & (y >= 0)
    return np.where(nothing, 0.0, x * np.log(np.where(nothing, 1.0, y)))
''',
    "xlog1py": '''
def _xlog1py(x, y):
    """x * log(1 + y), which is 0 where x is 0 and y >= -1."""
    nothing = (x == 0) & (y >= -1)
    return np.where(nothing, 0.0, x * np.log1p(np.where(nothing, 0.0, y)))
''',
    "nonzero": '''
def _nonzero(scale):
    """The scale, or 1 where it is 0: what is divided by it is 0 there too."""
    return np.where(scale == 0, 1.0, scale)
''',
}

NAMES = frozenset(_SOURCES)


def needed(names: Iterable[str]) -> list[str]:
    """The primitives asked for with those that they call, in the order in which they are defined.

    >>> needed(["normal_cdf"])
    ['exp_neg_half_square', 'scaled_tail', 'normal_cdf']
    """
    wanted = set(names)
    while True:
        called = {
            n for name in wanted for n in re.findall(r"\b_([a-z0-9_]+)\(", _SOURCES[name]) if n in NAMES
        }
        if called <= wanted:
            return [name for name in _SOURCES if name in wanted]
        wanted |= called


def source(names: Iterable[str], library: str) -> str:
    """The primitives as Python for a library, ``np`` or ``torch``."""
    text = "\n\n".join(_SOURCES[name].strip() + "\n" for name in needed(names)).rstrip("\n")
    return text if library == "np" else re.sub(r"\bnp\.", f"{library}.", text)
