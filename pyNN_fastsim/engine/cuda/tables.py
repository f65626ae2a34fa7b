"""
Tables on the card that a kernel is launched for, and how many threads they are worth.
"""

import numpy as np

from .delivery import LANES
from .memory import sent

SHARE = 2  # synapses of a row that each thread is to have, about
MOST_PARTS = 32


class Table:
    """Rows of words on the card, of things that one kernel is launched for.

    width   threads along x that each row is worth
    """

    def __init__(self, kernel, rows, length, width):
        self.kernel, self.width, self.n_rows = kernel, int(width), len(rows)
        self._buffer = sent(np.array(rows, dtype=np.int64).reshape(len(rows), length))
        self.address = self._buffer.address


def parts_of_row(group, n_cells):
    """How many warps share the synapses of one of a group's `n_cells` cells."""
    return int(np.clip(len(group) // max(n_cells, 1) // (LANES * SHARE), 1, MOST_PARTS))


def usual_spikes(n):
    """How many of `n` cells are expected to spike in a step: a guess, for which there are warps."""
    return 4 + n // 1000
