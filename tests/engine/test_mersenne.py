"""Numbers below a probability: those of NumPy's RandomState, from whatever place it is at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyNN_fastsim.engine.mersenne import Numbers


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
