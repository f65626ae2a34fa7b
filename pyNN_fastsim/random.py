"""Random numbers for building networks."""

import numpy as np
from pyNN import random
from pyNN.random import AbstractRNG, GSLRNG, NumpyRNG, RandomDistribution  # noqa: F401


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
        random.WrappedRNG.__init__(self, seed, parallel_safe=True)
        self.rng = np.random.Generator(np.random.SFC64(seed))

    def __deepcopy__(self, memo):
        """Itself: copies that began at the same place would make projections with the same numbers."""
        return self
