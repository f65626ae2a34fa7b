"""Logarithms, powers, hyperbolic and trigonometric functions for the vectoriser, against the C library."""

import functools

import numpy as np
import pytest

from pyNN_fastsim.engine.compiling import elementary
from pyNN_fastsim.engine.compiling.codegen import for_python
from pyNN_fastsim.engine.compiling.compile import INTERPRETED, specialise, vectorised

# Where a long double has no more digits than a float64, the C library's own errors count, too.
EXACT = np.longdouble
REFERENCE_ERROR = 0.01 if np.finfo(EXACT).nmant > 60 else 1.0
N = 100 if INTERPRETED else 20_000
INF, NAN = np.inf, np.nan


def of_one(x, result):
    for i in range(len(x)):
        result[i] = function(x[i])  # noqa: F821


def of_two(x, y, result):
    for i in range(len(x)):
        result[i] = function(x[i], y[i])  # noqa: F821


@functools.cache
def loop_over(name):
    template = of_two if name == "power" else of_one
    return vectorised(specialise(template, f"{name}_of_all", function=getattr(elementary, name)))


def values(name, *arguments):
    arguments = [np.array(x, dtype=float, ndmin=1) for x in arguments]
    result = np.empty_like(arguments[0])
    with np.errstate(all="ignore"):  # only where nothing is compiled does NumPy see anything
        loop_over(name)(*arguments, result)
    return result


def errors(name, *arguments):
    """In units in the last place."""
    exact = getattr(np, name)(*(x.astype(EXACT) for x in arguments))
    return np.abs((values(name, *arguments) - exact) / np.spacing(np.abs(exact.astype(float))))


def evenly(low, high):
    return np.random.default_rng(1).uniform(low, high, N)


def widely(low, high, signs=(-1, 1)):
    """Numbers from 10**low to 10**high."""
    rng = np.random.default_rng(2)
    return 10.0 ** rng.uniform(low, high, N) * rng.choice(signs, N)


POSITIVE = [evenly(0.5, 2), 1 + widely(-16, -3), widely(-307, 308, (1,)), widely(-320, -307, (1,))]
SMALL = [widely(-307, -20), widely(-20, -1)]
ANGLES = [*SMALL, evenly(-7, 7), widely(0, 7), np.rint(evenly(-6e6, 6e6)) * (np.pi / 2)]
CASES = {
    "log": (0.6, POSITIVE),
    "log2": (0.6, POSITIVE),
    "log10": (0.6, POSITIVE),
    "log1p": (0.7, [*SMALL, evenly(-0.5, 1), widely(-16, -1, (1,)) - 1, widely(0, 308, (1,))]),
    "expm1": (1.0, [*SMALL, evenly(-1, 1), evenly(-50, 50), evenly(-700, 709)]),
    "tanh": (0.9, [*SMALL, evenly(-1, 1), evenly(-25, 25)]),
    "sinh": (0.9, [*SMALL, evenly(-1, 1), evenly(-50, 50), evenly(-709, 709)]),
    "cosh": (0.9, [*SMALL, evenly(-1, 1), evenly(-50, 50), evenly(-709, 709)]),
    "sin": (0.9, ANGLES),
    "cos": (0.9, ANGLES),
    "tan": (1.1, ANGLES),
}
ALL = [*CASES, "power"]


@pytest.mark.parametrize("name", CASES)
def test_functions_are_as_exact_as_they_say(name):
    limit, ranges = CASES[name]
    assert max(np.max(errors(name, x)) for x in ranges) <= limit + REFERENCE_ERROR


@pytest.mark.parametrize("largest, limit", [(50, 0.7), (307, 1.2)])
def test_powers_are_as_exact_as_they_say(largest, limit):
    for x in (widely(-300, 300, (1,)), evenly(0.5, 2), 1 + widely(-10, -2), evenly(1.41, 1.42)):
        digits = np.random.default_rng(3).uniform(-largest, largest, N)
        assert np.max(errors("power", x, digits / np.log10(x))) <= limit + REFERENCE_ERROR


def test_results_that_are_too_small_for_all_digits_are_right_to_the_last_one():
    x, y = evenly(2, 3), evenly(-1040, -1025)
    assert np.max(errors("power", x, y / np.log2(x))) <= 1 + REFERENCE_ERROR


def test_integers_are_exact():
    base, exponent = np.meshgrid(np.arange(1.0, 100.0), np.arange(0.0, 54.0))
    exact = exponent * np.log2(base) < 53
    base, exponent = base[exact], exponent[exact]
    powers = [int(x) ** int(y) for x, y in zip(base, exponent, strict=True)]
    assert np.array_equal(values("power", base, exponent), np.array(powers, dtype=float))
    assert np.array_equal(values("power", base * base, np.full_like(base, 0.5)), base)
    assert np.array_equal(values("log10", 10.0 ** np.arange(23)), np.arange(23))
    assert np.array_equal(values("log2", 2.0 ** np.arange(-1074, 1024)), np.arange(-1074, 1024))


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_large_angles_are_right_to_16_digits_or_no_number(name):
    x = widely(7, 12)
    exact = getattr(np, name)(x.astype(EXACT))
    difference = values(name, x) - exact
    if name == "tan":
        difference /= 1 + exact * exact
    assert np.max(np.abs(difference)) <= 1e-16 + REFERENCE_ERROR * 1e-16
    assert np.all(np.isnan(values(name, [1.1e12, -1e18, 1e308, INF, -INF, NAN])))


SPECIAL = [
    *(0.0, -0.0, 5e-324, -5e-324, 1e-310, 0.5, -0.5, 1.0, -1.0, 1 - 2.0**-53, -1 - 2.0**-52),
    *(2.0, -2.0, 2.5, 3.0, -3.0, 2.0**51 - 0.5, 2.0**52 + 1, -(2.0**52) - 1, 2.0**53 + 2),
    *(1e16, -1e16, 1e308, -1e308, INF, -INF, NAN),
]


@pytest.mark.parametrize("name", ["log", "log2", "log10", "log1p", "tanh"])
def test_special_values_are_those_of_numpy(name):
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(SPECIAL)
    np.testing.assert_allclose(values(name, SPECIAL), expected, rtol=4e-16, atol=0)


def test_powers_of_special_values_are_those_of_numpy():
    x, y = (side.ravel() for side in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
    computed = values("power", x, y)
    np.testing.assert_allclose(computed, expected, rtol=4e-16, atol=0)
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(computed[numbers]), np.signbit(expected[numbers]))


def test_exponentials_saturate_as_exp_does():
    beyond = [709.0, 710.0, 1e308, INF]
    for name, largest in [("expm1", 8e307), ("sinh", 4e307), ("cosh", 4e307)]:
        above = values(name, beyond)
        assert np.all(above == above[0]) and largest < above[0] < INF
        assert np.isnan(values(name, NAN)[0])
    assert np.all(values("expm1", [-60.0, -709.0, -1e308, -INF]) == -1.0)
    assert np.array_equal(values("sinh", np.negative(beyond)), -values("sinh", beyond))
    assert np.array_equal(values("cosh", np.negative(beyond)), values("cosh", beyond))


def test_powers_that_are_too_large_or_small():
    assert np.array_equal(
        values("power", [10.0, -10.0, 10.0, 1e-200], [309, 309, -324, 2]), [INF, -INF, 0, 0]
    )


@pytest.mark.parametrize("name", ALL)
def test_functions_are_the_same_vectorised_and_not(name):
    numbers = [np.random.default_rng(4).uniform(0.01, 20, 101) for _ in range(2 if name == "power" else 1)]
    one_by_one = [values(name, *each)[0] for each in zip(*numbers, strict=True)]
    assert np.array_equal(values(name, *numbers), one_by_one)


@pytest.mark.parametrize("name", ALL)
def test_whole_numbers_may_be_integers(name):
    arguments = (3, 2) if name == "power" else (3,)
    assert getattr(elementary, name)(*arguments) == values(name, *arguments)[0]


@pytest.mark.compiles
@pytest.mark.parametrize("name", ALL)
def test_a_loop_over_each_is_vectorised(name):
    compiled = for_python(loop_over(name))
    compiled(*[np.ones(1)] * (3 if name == "power" else 2))
    machine_code = "".join(compiled.inspect_llvm().values())
    assert "vector.body" in machine_code and "x double>" in machine_code, "LLVM made no vectors of the loop"
