"""
Random numbers of models whose loop over cells is vectorised: what they need to know is among their constants
and state variables, as floats.
"""

import math

import numpy as np

from ..compiling.compile import inlined
from ..compiling.elementary import cos, log
from ..compiling.lowlevel import float_bits
from .rng import uniform_pair

TWO_PI = 2.0 * math.pi


@inlined
def word(x):
    """A whole number below 2**52 as an integer. (int() is not vectorised.)"""
    return float_bits(x + 2.0**52) & 0xFFFFFFFFFFFFF


@inlined
def normal(seed, stream, trial, index, draw):
    """The number of rng.normal to rounding, in a form that the loop can do for several cells at once."""
    u, v = uniform_pair(seed, stream, trial, index, draw)
    return math.sqrt(-2.0 * log(u)) * cos(TWO_PI * v)


def number_cells(constants, state, step):
    """The `restart` of models that draw: their cells and steps are known by numbers."""
    state["_cell"][:] = np.arange(len(state["_cell"]))
    state["_step"][:] = max(step, 0)
