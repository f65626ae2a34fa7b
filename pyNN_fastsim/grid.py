"""
Times on the grid: the numbers that are nearest to multiples of the time step.
"""

import functools
from decimal import Decimal

import numpy as np


def times_of(steps, dt):
    """The times of steps, ms, float64: 3 * 0.1 is 0.3, and 95583 * 0.1 is 9558.3, not 9558.300000000001."""
    above, below = _as_ratio(float(dt))
    return np.asarray(steps, dtype=np.float64) * above / below


@functools.cache
def _as_ratio(dt):
    """The decimal number that a time step is written as, as a fraction of whole numbers (in float64)."""
    above, below = Decimal(repr(dt)).as_integer_ratio()
    return float(above), float(below)
