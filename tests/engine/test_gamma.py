"""The cumulative hazard of the gamma distribution, and its inverse."""

import numpy as np
import pytest
from numba import njit
from scipy import special, stats

from pyNN_fastsim.engine.compiling.codegen import real
from pyNN_fastsim.engine.random import gamma

pytestmark = pytest.mark.compiles

SHAPES = [1e-3, 0.1, 0.5, 0.999, 1.0, 1.001, 1.5, 2.0, 3.7, 10.0, 100.0, 1e4]

hazard = real(gamma.cumulative_hazard)
used_up = real(gamma.hazard_used_up)


@njit
def _hazards(a, log_gamma, x):
    return np.array([hazard(a, log_gamma, value) for value in x])


@njit
def _inverses(a, log_gamma, hazards):
    return np.array([used_up(a, log_gamma, value) for value in hazards])


@pytest.mark.parametrize("a", SHAPES)
def test_cumulative_hazard(a):
    x = np.concatenate([stats.gamma.ppf([1e-9, 1e-3, 0.1, 0.5, 0.9, 0.999], a), a * np.linspace(0.5, 3, 40)])
    x = x[x > 1e-300]
    with np.errstate(divide="ignore"):
        expected = -np.log(special.gammaincc(a, x))
    small = special.gammainc(a, x) < 0.1
    expected[small] = -np.log1p(-special.gammainc(a, x[small]))
    good = np.isfinite(expected)
    np.testing.assert_allclose(
        _hazards(a, special.gammaln(a), x)[good], expected[good], rtol=1e-13 * (10 + a), atol=1e-15
    )


@pytest.mark.parametrize("a", SHAPES)
def test_far_tail(a):
    """Where the survivor function underflows; the first terms of its asymptotic series, A&S 6.5.32."""
    x = 1e6 * max(a, 1.0)
    expected = x - (a - 1) * np.log(x) + special.gammaln(a) - np.log1p((a - 1) / x + (a - 1) * (a - 2) / x**2)
    np.testing.assert_allclose(_hazards(a, special.gammaln(a), np.array([x])), expected, rtol=1e-12)
    assert _hazards(a, special.gammaln(a), np.array([0.0, -1.0])).tolist() == [0, -1.0 if a == 1 else 0]


@pytest.mark.parametrize("a", SHAPES)
def test_inverse(a):
    hazards = np.concatenate([[0.0], np.logspace(-12, 3, 200)])
    x = _inverses(a, special.gammaln(a), hazards)
    assert np.all(np.diff(x) >= 0)
    inside = x > 1e-290
    again = _hazards(a, special.gammaln(a), x[inside])
    np.testing.assert_allclose(again, hazards[inside], rtol=1e-14 * (100 + a), atol=2e-16)
    assert np.all(hazards[~inside] <= -np.log1p(-min(1e-289**a, 0.99)))
