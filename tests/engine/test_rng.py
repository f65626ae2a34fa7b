"""The random streams."""

import numpy as np
from numba import njit
from scipy import stats

from pyNN_fastsim.engine.compiling.codegen import real
from pyNN_fastsim.engine.random import rng


def test_known_answers_of_philox():
    """From the known-answer tests of Random123 (philox4x32-10)."""
    for counter, key, expected in (
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ):
        words = rng.philox(*(np.uint64(word) for word in counter + key))
        assert tuple(int(word) for word in words) == expected


def test_streams_of_different_kinds_are_far_apart():
    kinds = ("poisson", "poisson_refractory", "gamma", "inh_gamma", "noise_value")
    first = sorted(rng.stream_of(kind, 0) for kind in kinds)
    assert min(np.diff(first)) > 10_000_000 and max(first) < 2**32
    assert [rng.stream_of("gamma", k) - rng.stream_of("gamma", 0) for k in range(3)] == [0, 1, 2]
    assert 0 <= rng.stream_of("gamma", 2**32 - 1) == rng.stream_of("gamma", 0) - 1


exponential = real(rng.exponential)
normal = real(rng.normal)


@njit
def _exponentials(n, draws):
    values = np.empty((n, draws))
    for i in range(n):
        for k in range(draws):
            values[i, k] = exponential(42, 1, 0, i, k)
    return values


@njit
def _normals(n, draws):
    values = np.empty((n, draws))
    for i in range(n):
        for k in range(draws):
            values[i, k] = normal(42, 1, 0, i, k)
    return values


def test_normal_numbers():
    values = _normals(100, 500)
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(values.ravel())) < 5 * np.sqrt(24 / values.size)
    for a, b in ((values[:-1], values[1:]), (values[:, :-1], values[:, 1:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size)


def test_exponential_numbers():
    values = _exponentials(100, 500)
    assert np.all(np.isfinite(values)) and values.min() >= 0
    assert stats.kstest(values.ravel(), "expon").pvalue > 1e-3
    neighbours = np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(values.size)
