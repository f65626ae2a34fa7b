"""Random numbers for building networks."""

import contextlib
import copy

import numpy as np
from pyNN import random
from pyNN.random import NumpyRNG

from .arguments import COUNT, RULES, check, check_arguments_of


class NativeRNG(random.NativeRNG, random.NumpyRNG):
    """
    The backend's own generator, for speed: NumPy's SFC64.

    A script that uses it is reproducible here, but draws other numbers than it does elsewhere.
    """

    translations = {
        **random.NumpyRNG.translations,
        "uniform_int": ("integers", {"low": "low", "high": "high"}),
    }

    def __init__(self, seed=None):
        check("NativeRNG", "seed", seed, RULES["seed"])
        seed = None if seed is None else int(seed)
        random.WrappedRNG.__init__(self, seed, parallel_safe=True)
        self.rng = np.random.Generator(np.random.SFC64(seed))

    def __deepcopy__(self, memo):
        """Itself: copies that began at the same place would make projections with the same numbers."""
        return self


check_arguments_of(NativeRNG, "next", n=COUNT.or_none())


@contextlib.contextmanager
def left_in_place(rng):
    """Give a generator to draw from, such that `rng` itself stays where it is.

    As a deep copy, with which PyNN does the same, but without its cost. A NativeRNG goes on.
    """
    if type(rng) is NumpyRNG:
        state = rng.rng.get_state()
        try:
            yield rng
        finally:
            rng.rng.set_state(state)
    else:
        yield copy.deepcopy(rng)


def draws_as_numpy_did(rng):
    """Whether a generator is a NumpyRNG as PyNN makes it, of which the numbers are known."""
    return type(rng) is NumpyRNG and rng.rng.get_state()[0] == "MT19937"


def uniform_numbers(rng, n):
    """`n` numbers from [0, 1), the same that ``rng.next(n, "uniform", ...)`` gives."""
    if type(rng) is NumpyRNG:
        return rng.rng.random_sample(n)  # without the scaling by 1, which takes as long again
    return rng.next(n, "uniform", {"low": 0, "high": 1})
