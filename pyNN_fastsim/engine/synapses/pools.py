"""What the cells of a block know of all of them: the mean of a variable, for example."""

from dataclasses import dataclass

import numpy as np

from ..compiling.addresses import address_of
from . import transmission as words
from .past_values import ring_words
from .transmission import GRADED_ROW, pool_kernel


@dataclass(eq=False)
class Pool:
    """What the cells of a block know of all of them: an operation on a variable.

    operation   of transmission.py
    receptor    index of the one that gets it
    """

    block: int
    variable: str
    operation: int
    receptor: int
    n: int

    def __post_init__(self):
        self.source = self.target = self.block
        self.input = np.zeros(self.n)

    def row(self, ring, place):
        row = np.zeros(GRADED_ROW, dtype=np.int64)
        self._rings = np.array([ring_words(ring)], dtype=np.int64)
        row[words.KERNEL], row[words.TARGET], row[words.N_TARGETS] = pool_kernel.address, self.block, self.n
        row[words.INPUT], row[words.PRE] = address_of(self.input), address_of(self._rings)
        row[words.FROM], row[words.PLACE] = self.operation, place
        self._row = row
        return row
