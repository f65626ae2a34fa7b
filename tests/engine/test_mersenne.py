"""Numbers below a probability, and chosen cells: as NumPy's RandomState, from whatever place it is at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyNN_fastsim.engine.random.mersenne import Numbers, choose, whole_numbers


@given(
    st.integers(0, 1300),
    st.integers(1, 700),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.sampled_from([0.0, 1e-3, 0.5, 1.0, 2.0]),
)
def test_the_numbers_of_random_state(words_before, n_rows, widths, probability):
    generator = np.random.RandomState(3)
    generator.randint(0, 2**32, size=words_before, dtype=np.uint32)  # one word each
    numbers = Numbers(generator)
    first = 0
    for width in widths:
        rows, columns = numbers.below(probability, n_rows, first, first + width)
        drawn = generator.random_sample((width, n_rows))
        want_columns, want_rows = np.nonzero(drawn < probability)
        assert rows.tolist() == want_rows.tolist()
        assert columns.tolist() == (want_columns + first).tolist()
        first += width


def test_a_number_that_equals_the_probability_is_not_below():
    generator = np.random.RandomState(8)
    state = generator.get_state()
    drawn = generator.random_sample(50)
    generator.set_state(state)
    for k, probability in enumerate(drawn):
        rows, _ = Numbers(generator).below(float(probability), len(drawn), 0, 1)
        assert k not in rows and set(rows) == set(np.flatnonzero(drawn < probability))


def chosen_by_numpy(generator, n, size, itself, with_replacement):
    """`n` of `size` cells, without the one that is not wanted, as PyNN's connectors draw them."""
    if with_replacement:
        cells = generator.randint(0, size, size=n)
        while (again := np.flatnonzero(cells == itself)).size:
            cells[again] = generator.randint(0, size, size=again.size)
        return cells.tolist()
    allowed = np.array([cell for cell in range(size) if cell != itself])
    sets, rest = divmod(n, len(allowed))
    shuffled = generator.permutation(allowed) if rest else allowed
    return [*np.tile(allowed, sets).tolist(), *shuffled[:rest].tolist()]


@given(
    st.integers(0, 1300),
    st.integers(1, 90),
    st.lists(st.integers(0, 200), min_size=1, max_size=60),
    st.booleans(),
    st.booleans(),
)
def test_the_cells_that_random_state_chooses(words_before, size, counts, exclude_itself, with_replacement):
    size += exclude_itself
    generators = np.random.RandomState(4), np.random.RandomState(4)
    for generator in generators:
        generator.standard_normal()  # of two that it makes; it keeps the other one
        generator.randint(0, 2**32, size=words_before, dtype=np.uint32)
    found = choose(generators[0], np.array(counts), size, exclude_itself, with_replacement)
    expected = []
    for k, n in enumerate(counts):
        itself = k if exclude_itself else -1
        expected += chosen_by_numpy(generators[1], n, size, itself, with_replacement)
    assert found.tolist() == expected
    for draw in ("standard_normal", "random_sample"):
        assert getattr(generators[0], draw)(700).tolist() == getattr(generators[1], draw)(700).tolist()


@given(
    st.integers(0, 1300),
    st.integers(0, 2000),
    st.sampled_from([1, 2, 3, 64, 65, 20683, 2**31 + 1, 2**32]),
)
def test_the_whole_numbers_of_random_state(words_before, n, size):
    generators = np.random.RandomState(6), np.random.RandomState(6)
    for generator in generators:
        generator.standard_normal()
        generator.randint(0, 2**32, size=words_before, dtype=np.uint32)
    found = whole_numbers(generators[0], n, size)
    assert found.tolist() == generators[1].randint(0, size, size=n).tolist()
    for draw in ("standard_normal", "random_sample"):
        assert getattr(generators[0], draw)(700).tolist() == getattr(generators[1], draw)(700).tolist()
