"""Units of examples/bar_learning.py learn single bars, whatever the seed."""

import pytest
from example_scripts import loaded


@pytest.fixture(scope="module")
def example():
    return loaded("bar_learning")


def learned(example, seed, pictures):
    """The bar of each unit, or None."""
    return [example.bar_of(field) for field in example.learn(seed, pictures)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_most_units_soon_have_a_bar(example, seed):
    bars = learned(example, seed, 4000)
    assert sum(bar is not None for bar in bars) >= 22
    assert len(set(bars) - {None}) >= 15


@pytest.mark.deep
def test_all_units_learn_single_bars_in_nine_of_ten_seeds(example):
    """And every bar is known. Two minutes."""
    complete = 0
    for seed in range(1, 11):
        bars = learned(example, seed, 40000)
        assert len(set(bars) - {None}) == 2 * example.SIZE
        complete += None not in bars
    assert complete >= 9
