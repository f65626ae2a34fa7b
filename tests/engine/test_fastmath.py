"""The functions that the vectoriser understands, against the C library."""

import math

import numpy as np
import pytest

from pyNN_fastsim.engine.compiling.codegen import for_python
from pyNN_fastsim.engine.compiling.compile import vectorised
from pyNN_fastsim.engine.compiling.fastmath import LARGEST, SHORT, SMALLEST, decays, exp, short_decays


@vectorised
def exp_of_all(x, y):
    for i in range(len(x)):
        y[i] = exp(x[i])


def fast_exp(x):
    x = np.atleast_1d(np.asarray(x, dtype=float))
    y = np.empty_like(x)
    exp_of_all(x, y)
    return y


@pytest.mark.big
@pytest.mark.parametrize("bound", [1e-300, 1e-8, 0.3466, 1.0, 30.0, 700.0])
def test_exp_is_exact_to_one_unit_in_the_last_place(bound):
    x = np.random.default_rng(1).uniform(-bound, bound, 100_000)
    # The C library's own error is below one unit too.
    assert np.max(np.abs(fast_exp(x) / np.exp(x) - 1)) <= 2 * np.finfo(float).eps


def test_exp_at_the_ends_of_its_range():
    x = np.array([SMALLEST, np.nextafter(SMALLEST, 0), np.nextafter(LARGEST, 0), LARGEST])
    assert np.max(np.abs(fast_exp(x) / np.exp(x) - 1)) <= 2 * np.finfo(float).eps


def test_exp_where_the_reduction_changes_over():
    k = np.arange(-1000, 1001)
    x = (k + 0.5) * math.log(2) * np.array([[1 - 1e-15], [1.0], [1 + 1e-15]])
    assert np.max(np.abs(fast_exp(x.ravel()) / np.exp(x.ravel()) - 1)) <= 2 * np.finfo(float).eps


def test_exp_of_zero_is_one():
    assert np.all(fast_exp([0.0, -0.0, 5e-324, -5e-324]) == 1.0)


def test_exp_beyond_its_range_saturates():
    below = fast_exp([np.nextafter(SMALLEST, -np.inf), -710.0, -1e308, -np.inf])
    above = fast_exp([LARGEST, 709.8, 1e308, np.inf])
    assert np.all(below == 0.0)
    assert np.all(above == above[0]) and np.isfinite(above[0]) and above[0] > 1e307


def test_exp_of_nan_is_nan():
    assert np.all(np.isnan(fast_exp([np.nan, -np.nan] * 4)))


def test_exp_is_the_same_vectorised_and_not():
    x = np.random.default_rng(2).uniform(-50, 50, 1000)
    together = fast_exp(x)
    one_by_one = np.array([fast_exp(value)[0] for value in x])
    assert np.array_equal(together, one_by_one)


@pytest.mark.compiles
def test_a_loop_over_exp_is_vectorised():
    compiled = for_python(exp_of_all)
    compiled(np.zeros(1), np.zeros(1))
    machine_code = "".join(compiled.inspect_llvm().values())
    assert "x double>" in machine_code, "LLVM made no vectors of the loop"


@vectorised
def decays_of_all(x, fine, coarse, other):
    for i in range(len(x)):
        fine[i], coarse[i], other[i] = decays(x[i], x[i], x[i])


@vectorised
def short_decays_of_all(x, fine, coarse, other):
    for i in range(len(x)):
        fine[i], coarse[i], other[i] = short_decays(x[i], x[i], x[i])


def all_three(function, x):
    """The three results for the same numbers."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    results = np.empty((3, len(x)))
    function(x, *results)
    return results


@pytest.mark.big
@pytest.mark.parametrize("low, high", [(0.0, 1e-8), (0.0, SHORT), (0.0, 3.0), (-3.0, 30.0), (-700.0, 700.0)])
def test_decays_are_as_exact_as_they_say(low, high):
    x = np.random.default_rng(3).uniform(low, high, 100_000)
    fine, coarse, other = all_three(decays_of_all, x) / np.exp(-x)
    assert np.max(np.abs(fine - 1)) <= 2 * np.finfo(float).eps
    assert np.max(np.abs(coarse - 1)) <= 2e-14 and np.array_equal(coarse, other)


def test_short_decays_are_decays_to_the_last_bit():
    x = np.linspace(0.0, SHORT, 10_001)
    assert np.array_equal(all_three(decays_of_all, x), all_three(short_decays_of_all, x))


def test_decays_at_the_ends_and_beyond():
    assert np.all(all_three(decays_of_all, [0.0, -0.0, 5e-324]) == 1.0)
    assert np.all(all_three(decays_of_all, [709.5, 1e4, 1e308, np.inf]) == 0.0)
    assert np.all(np.isnan(all_three(decays_of_all, [np.nan])))
    grown = all_three(decays_of_all, [-709.0, -1e4, -np.inf])
    assert np.all(np.isfinite(grown)) and np.all(grown > 1e307)
