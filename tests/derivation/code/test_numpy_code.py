"""The NumPy code that is written runs, tests itself, and keeps its promises at the ends of the range."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.derivation.code.accuracy import loaded, measured
from tests.derivation.code.generated import derivation, functions, module, source, typed

from gradbook.derivation import code, pairs
from gradbook.derivation.catalogue import CATALOGUE, Entry, find
from gradbook.derivation.code import CannotWrite
from gradbook.derivation.steps import Definition
from gradbook.derivation.working import work_out
from gradbook.symbolic.plain import read

MAX = float(np.finfo(float).max)
ENTRIES = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda e: e.name)
SCALAR = pytest.mark.parametrize("entry", measured(), ids=lambda e: e.name)


def others(entry: Entry, shape: tuple[int, ...] = ()) -> list[Any]:
    """Arguments beside the variable: targets in (0, 1)."""
    count = functions(module(entry.name))[0].__code__.co_argcount - 1
    return [np.full(shape, 0.25)] * count


@ENTRIES
def test_it_agrees_with_finite_differences(entry: Entry) -> None:
    assert module(entry.name).self_test()


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_it_passes_the_linter_with_its_defaults(target: str, tmp_path: Path) -> None:
    for entry in CATALOGUE:
        (tmp_path / f"{entry.name.replace('-', '_')}.py").write_text(
            source(entry.name, target), encoding="utf-8"
        )
    ruff = [Path(sys.executable).parent / "ruff", "check", "--isolated", "--no-cache", tmp_path]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_wrong_gradient_fails_the_self_test_and_the_process(tmp_path: Path) -> None:
    right = source("gelu")
    assert right.count("return _normal_cdf(x) + ") == 1
    for text, status in (
        (right, 0),
        (right.replace("return _normal_cdf(x) + ", "return 1.001 * _normal_cdf(x) + "), 1),
    ):
        path = tmp_path / "gelu.py"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, "-W", "error", path], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (status, "")
        assert ("DIFFERS" in done.stdout) == bool(status)


# --- the ends of the range ----------------------------------------------------------------------------


def inside(entry: Entry, values: list[float]) -> np.ndarray:
    """The values that lie in the domain of the entry's variable."""
    array = np.array(values)
    if entry.variable == read("p"):
        array = array[(array > 0) & (array < 1)]
    return array[array > 0] if entry.name == "poisson" else array


@SCALAR
def test_nothing_overflows_or_is_invalid_far_out(entry: Entry) -> None:
    x = inside(
        entry,
        [s * v for v in (1e-300, 1e-5, 0.5, 1.0, 3.0, 20.0, 710.0, 745.2, 1000.0, 1e10) for s in (1, -1)],
    )
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for function in functions(module(entry.name)):
            assert np.isfinite(function(x, *others(entry, x.shape))).all()


#: Of these the exact value, or gradient, is itself beyond the largest double there.
_BEYOND = {
    "selu",
    "l2",
    "l2_gradient",
    "squared_hinge",
    "gaussian_negative_log_likelihood",
    "gaussian_negative_log_likelihood_gradient",
}


@SCALAR
def test_nothing_overflows_or_is_invalid_at_the_largest_doubles(entry: Entry) -> None:
    for sign in (-1.0, 1.0):
        x = inside(entry, [sign * MAX, sign * 1e200, sign * 1e103])
        for function in functions(module(entry.name)):
            beyond = function.__name__ in _BEYOND and not (entry.name == "selu" and sign < 0)
            with np.errstate(over="ignore" if beyond else "raise", invalid="raise", divide="raise"):
                result = function(x, *others(entry, x.shape))
            assert beyond or np.isfinite(result).all()


@pytest.mark.parametrize(
    ("name", "left", "right", "slope_left", "slope_right"),
    [
        ("sigmoid", 0, 1, 0, 0),
        ("tanh", -1, 1, 0, 0),
        ("relu", 0, np.inf, 0, 1),
        ("elu", -1, np.inf, 0, 1),
        ("gelu", 0, np.inf, 0, 1),
        ("gelu-tanh", 0, np.inf, 0, 1),
        ("silu", 0, np.inf, 0, 1),
        ("mish", 0, np.inf, 0, 1),
        ("softplus", 0, np.inf, 0, 1),
        ("hard-sigmoid", 0, 1, 0, 0),
        ("hard-swish", 0, np.inf, 0, 1),
        ("hard-tanh", -1, 1, 0, 0),
        ("log-sigmoid", -np.inf, 0, 1, 0),
        ("gaussian", 0, 0, 0, 0),
    ],
)
def test_limits_at_infinity(
    name: str, left: float, right: float, slope_left: float, slope_right: float
) -> None:
    value, gradient = functions(module(name))
    ends = np.array([-np.inf, np.inf])
    with np.errstate(all="raise", under="ignore"):
        assert value(ends).tolist() == [left, right]
        assert gradient(ends).tolist() == [slope_left, slope_right]


@SCALAR
def test_what_is_not_a_number_stays_so(entry: Entry) -> None:
    for function in functions(module(entry.name)):
        assert np.isnan(function(np.nan, *others(entry)))


# --- what goes in -------------------------------------------------------------------------------------


@SCALAR
def test_types_and_shapes_are_kept(entry: Entry) -> None:
    for function in functions(module(entry.name)):
        exact = function(np.full((2, 3), 0.5), *others(entry, (2, 3)))
        assert exact.dtype == np.float64
        assert exact.shape == (2, 3)
        single = function(
            np.full((2, 3), 0.5, np.float32), *[o.astype(np.float32) for o in others(entry, (2, 3))]
        )
        assert single.dtype == np.float32
        assert np.allclose(single, exact, rtol=1e-6, atol=1e-6)
        assert function(np.float16(0.5), *[np.float16(0.25) for _ in others(entry)]).dtype == np.float32
        assert np.ndim(function(0.5, *others(entry))) == 0
        assert float(function(0.5, *others(entry))) == exact[0, 0]
        assert function(np.array([], float), *others(entry, (0,))).shape == (0,)


def test_integers_are_numbers_and_complex_ones_are_refused() -> None:
    value, gradient = functions(module("softplus"))
    assert value([-1, 0, 2]).tolist() == value([-1.0, 0.0, 2.0]).tolist()
    assert gradient(np.int8(0)) == 0.5
    with pytest.raises(TypeError, match="real numbers are expected, not complex128"):
        value(1j)


def test_vectors_are_on_the_last_axis() -> None:
    value, gradient = functions(module("softmax"))
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    assert value(x).shape == (4, 2, 3)
    assert gradient(x).shape == (4, 2, 3, 3)
    assert np.allclose(value(x)[1, 1], value(x[1, 1]))
    assert np.array_equal(gradient(x)[1, 1], gradient(x[1, 1]))
    loss, slope = functions(module("categorical-cross-entropy"))
    p = value(x)
    assert loss(p, np.eye(3)[0]).shape == (4, 2)
    assert slope(p, np.eye(3)[0]).shape == (4, 2, 3)


def test_vectors_do_not_overflow() -> None:
    with np.errstate(all="raise", under="ignore"):
        softmax = functions(module("softmax"))[0]([1000.0, 999.0, -1e308])
        assert softmax.sum() == pytest.approx(1)
        assert functions(module("log-softmax"))[0]([1e308, 0.0]).tolist() == [0.0, -1e308]
        value, gradient = functions(module("cosine-similarity"))
        assert value([3e200, 4e200], [4e-200, 3e-200]) == pytest.approx(1 - 24 / 25)
        assert np.isfinite(gradient([3e200, 4e200], [4e-200, 3e-200])).all()
        assert value([0.0, 0.0], [1.0, 2.0]) == 1
        assert functions(module("kl-divergence"))[0]([0.5, 0.5], [0.5, 0.5]) == 0


def test_zero_targets_cost_nothing_where_the_probability_is_zero() -> None:
    with np.errstate(all="raise"):
        assert functions(module("cross-entropy"))[0](0.0, 0.0) == 0
        assert functions(module("bce"))[0]([0.0, 1.0], [0.0, 1.0]).tolist() == [0, 0]
        assert functions(module("categorical-cross-entropy"))[0]([0.0, 1.0], [0.0, 1.0]) == 0


@pytest.mark.parametrize(
    ("name", "at", "taken"),
    [
        ("relu", 0.0, 0.0),
        ("leaky-relu", 0.0, 0.01),
        ("hard-tanh", 1.0, 1.0),
        ("softshrink", 0.5, 0.0),
        ("l1", 0.25, 0.0),
    ],
)
def test_the_convention_at_a_kink_is_the_one_that_is_told(name: str, at: float, taken: float) -> None:
    gradient = functions(module(name))[1]
    assert gradient(at, *others(find(name))) == taken
    assert "a subgradient." in " ".join(source(name).split())


# --- what is written ----------------------------------------------------------------------------------


def test_several_derivations_are_one_function_with_several_gradients() -> None:
    made = typed("log(1 + exp(-y*(w*x + b)))", "w", "b")
    assert made.self_test()
    slope_w, slope_b = made.f_gradients(0.5, -0.25, 1.0, 2.0)
    assert slope_w == pytest.approx(2 * slope_b)


def test_higher_derivatives_have_functions_of_their_own() -> None:
    x = read("x")
    definition = Definition("f", (x,), read("log(1 + exp(x))"))
    made = loaded(code.write([work_out(definition, x), work_out(definition, (x, x))]))
    assert made.self_test()
    assert made.f_derivative_x_x(800.0) == 0.0
    assert made.f_derivative_x_x(0.0) == 0.25


def test_a_function_left_open_is_put_in() -> None:
    loss, activation = find("categorical-cross-entropy"), find("elu")
    one, inner = pairs.derivations(loss, activation, summed=False)
    made = loaded(code.write([one], constants=dict(activation.constants), functions={"g": inner}))
    assert made.self_test()
    with pytest.raises(CannotWrite, match=r"no array code for g\(x\*theta_k\)"):
        code.write([one])


@pytest.mark.parametrize(
    "loss", ["cross-entropy", "bce", "hinge", "l2", "cosine", "categorical-cross-entropy"]
)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_a_loss_of_an_activation(loss: str, activation: str) -> None:
    of, at = find(loss), find(activation)
    known = {"g": pairs.derivations(of, at, summed=False)[-1]} if pairs.is_formal(of, at) else {}
    for make in (pairs.one_sample, pairs.all_samples):
        done = work_out(make(of, at), pairs.weight(of, at), domain=pairs.domain(of, at))
        assert loaded(code.write([done], functions=known)).self_test()


def test_names_that_python_cannot_have() -> None:
    made = typed(r"l*O*lambda", "l")
    assert "ell" in made.f_gradient.__code__.co_varnames
    assert made.f_gradient(1.0, 2.0, 3.0) == 6.0


def test_names_of_the_module_are_not_given_to_quantities() -> None:
    definition = Definition("np", (), read("`error`*`seed`"))
    made = loaded(code.write([work_out(definition, read("`error`"))]))
    assert made.self_test()


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("factorial(x)", "factorial"),
        ("g(x)*x", r"no array code for g\(x\)"),
        ("sum(x*k, k, 1, 3)", "a part of the range"),
    ],
)
def test_what_cannot_be_written_is_named(formula: str, message: str) -> None:
    x = read("x")
    body = read(formula)
    done = derivation("relu")
    with pytest.raises(CannotWrite, match=message):
        code.write([type(done)(Definition("f", (x,), body), (x,), ())])


def test_a_mistaken_call_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        code.write([])
    with pytest.raises(ValueError, match="several definitions"):
        code.write([derivation("relu"), derivation("elu")])
    with pytest.raises(ValueError, match="target is numpy or torch, not 'jax'"):
        code.write([derivation("relu")], "jax")
