"""Growing arrays for what a simulation records."""

import numpy as np

FIRST_CAPACITY = 1024  # rows


class GrowingArray:
    """An array that grows along its first axis; amortised constant cost a row.

    shape   of one row, () for a plain list of numbers
    dtype   of the elements
    """

    def __init__(self, shape=(), dtype=np.float64):
        self._data = np.empty((0, *shape), dtype=dtype)
        self.length = 0

    def reserve(self, rows):
        """Make room for `rows` more; returns the whole buffer, filled up to `length`."""
        needed = self.length + rows
        if needed > len(self._data):
            capacity = max(needed, 2 * len(self._data), min(FIRST_CAPACITY, 16 * rows))
            grown = np.empty((capacity, *self._data.shape[1:]), dtype=self._data.dtype)
            grown[: self.length] = self._data[: self.length]
            self._data = grown
        return self._data

    def append(self, row):
        self.reserve(1)[self.length] = row
        self.length += 1

    def view(self):
        """What has been recorded so far; not a copy."""
        return self._data[: self.length]
