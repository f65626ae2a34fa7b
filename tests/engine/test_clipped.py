"""Numbers within limits: row by row those that PyNN draws, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyNN.random import NumpyRNG

from pyNN_fastsim.engine.random.clipped import within_limits

LIMITS = [(-np.inf, np.inf), (-1.0, 1.0), (0.5, np.inf), (-np.inf, -1.5), (1.0, 1.2)]


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(0, 3), st.sampled_from(LIMITS))
def test_the_numbers_of_pynn(counts, drawn_before, limits):
    ours, theirs = np.random.RandomState(5), NumpyRNG(seed=5)
    for generator in (ours, theirs.rng):
        generator.normal(size=drawn_before)  # an odd one is made together with the next
    p = {"mu": 0.1, "sigma": 1.2, "low": limits[0], "high": limits[1]}
    found = within_limits(lambda n: ours.normal(0.1, 1.2, size=n), np.array(counts, dtype=int), *limits)
    rows = [theirs.next(n, "normal_clipped", p) for n in counts]
    assert found.tobytes() == np.concatenate([*rows, np.zeros(0)]).tobytes()
    assert ours.normal(size=3).tolist() == theirs.rng.normal(size=3).tolist()


@pytest.mark.parametrize("seed", [14, 50, 122, 136, 149])
def test_as_many_redraws_as_pynn_makes(seed):
    """Each 1 of 60 numbers is redrawn 200 times on average, and one, with these seeds, 1002 to 1014 times."""
    generator, theirs = np.random.RandomState(seed), NumpyRNG(seed=seed)
    p = {"mu": 0.0, "sigma": 1.0, "low": 2.5758, "high": np.inf}
    with pytest.raises(Exception, match="Maximum number of redraws"):
        for _ in range(60):
            theirs.next(1, "normal_clipped", p)
    with pytest.raises(ValueError, match="too rare"):
        within_limits(lambda n: generator.normal(size=n), np.ones(60), 2.5758, np.inf)


def test_limits_that_hardly_any_number_is_within():
    generator = np.random.RandomState(1)
    with pytest.raises(ValueError, match="between 40.0 and 50.0 are too rare"):
        within_limits(lambda n: generator.normal(size=n), np.array([2, 3]), 40.0, 50.0)
