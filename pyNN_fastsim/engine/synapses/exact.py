"""
Weights on a grid, so that what a cell receives adds up to the same number in any order.

float64 has 53 bits: sums of multiples of 2**-40 (of a nA, uS or mV) are exact, whatever their order, as long
as they stay below 2**12 in size. So threads of a GPU may add in the order in which they come, and their sums
are those of the CPU.
"""

import numpy as np

from ..compiling.compile import inlined

PER_UNIT = 2.0**40  # points of the grid
SHIFT = 1.5 * 2.0**12  # adding and subtracting it rounds a number of less than 2**11 to the grid
AT_ONCE = 2**20  # weights that are rounded together, so that no second array of all is needed


def on_grid(weights):
    """Weights, each at the nearest point of the grid: float64; the array itself, if it can be written to."""
    weights = np.require(weights, np.float64, ["W"])
    for first in range(0, len(weights), AT_ONCE):
        some = weights[first : first + AT_ONCE]
        some *= PER_UNIT
        np.rint(some, out=some)
        some /= PER_UNIT
    return weights


@inlined
def to_grid(amount):
    """What a synapse brings, at the nearest point of the grid."""
    return (amount + SHIFT) - SHIFT
