"""
Currents injected into neurons.

A source is a compiled function of its own numbers and the step: `value(row, step)` is the current (nA)
that flows from t_step to t_{step+1}. The run loop asks each source once a step in each thread that has
cells of it; where a value has changed, the currents of the blocks that it goes to are summed afresh, so
nothing drifts. Nothing is kept of what a current was: whoever wants to know asks again, see `sample`.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry
from ..compiling.lowlevel import call_current, float64_at, int64_at
from ..random.rng import normal

# The words of a source's row (int64 each).
VALUE = 0  # address of the compiled function that gives its value
NUMBERS = 1  # address of its numbers (float64), see the functions
N_NUMBERS = 2
SEED = 3  # what random numbers are for, see rng.py
STREAM = 4
TRIAL = 5
SOURCE_ROW = 6

# The words of an attachment's row: one source, one block.
ATTACHED_SOURCE = 0  # index of the source
ATTACHED_BLOCK = 1  # index of the block
CELLS = 2  # address of the indices of the cells (int64, ascending)
N_CELLS = 3
WITHOUT_GAPS = 4  # 1 if each of them is the one after the one before
ATTACHMENT_ROW = 5

NO_CELLS = -1  # in `Tables.renewed`: this thread has no cells of a source


@entry(2, "float64")
def steps_value(row, step):
    """The level of the last change at or before `step`; 0 before the first.

    Numbers: the steps at which the current changes, ascending, and then what it is from each of them on.
    """
    words = int64_at(row, SOURCE_ROW)
    n = words[N_NUMBERS] // 2
    numbers = float64_at(words[NUMBERS], 2 * n)
    lo = 0
    hi = n
    while lo < hi:
        middle = (lo + hi) // 2
        if numbers[middle] <= step:
            lo = middle + 1
        else:
            hi = middle
    return numbers[n + lo - 1] if lo > 0 else 0.0


@entry(2, "float64")
def sine_value(row, step):
    """offset + amplitude sin(2 pi frequency k + phase) at the k-th step from `first` on, 0 at `last`.

    Numbers: first, last (steps), offset, amplitude (nA), frequency (per step), phase (radians).
    """
    numbers = float64_at(int64_at(row, SOURCE_ROW)[NUMBERS], 6)
    first, last, offset = numbers[0], numbers[1], numbers[2]
    amplitude, frequency, phase = numbers[3], numbers[4], numbers[5]
    if step < first or step >= last:
        return 0.0
    return offset + amplitude * np.sin(2.0 * np.pi * frequency * (step - first) + phase)


@entry(2, "float64")
def noise_value(row, step):
    """A normally distributed number for each `interval` from `first` on, 0 at `last`.

    Numbers: first, last, interval (steps), mean, standard deviation (nA).
    """
    words = int64_at(row, SOURCE_ROW)
    numbers = float64_at(words[NUMBERS], 5)
    if step < numbers[0] or step >= numbers[1]:
        return 0.0
    draw = int((step - numbers[0]) // numbers[2])
    return numbers[3] + numbers[4] * normal(words[SEED], words[STREAM], words[TRIAL], 0, draw)


@entry(4)
def sample(row, first, n, values):
    """Write the current of `n` steps from `first` on to the address `values` (float64)."""
    out = float64_at(values, n)
    address = int64_at(row, SOURCE_ROW)[VALUE]
    for k in range(n):
        out[k] = call_current(address, row, first + k)
    return 0


class Current:
    """A source of current.

    value      one of the functions above
    numbers    of the function, float64
    stream     of its random numbers; a network gives it
    """

    def __init__(self, value, numbers=()):
        self.value, self.stream = value, 0
        self.set(numbers)

    def set(self, numbers):
        self.numbers = np.ascontiguousarray(numbers, dtype=np.float64)

    def row(self, seed, trial):
        """The row of the table that the run loop reads."""
        words = np.zeros(SOURCE_ROW, dtype=np.int64)
        words[VALUE] = self.value.address
        words[NUMBERS] = address_of(self.numbers)
        words[N_NUMBERS] = len(self.numbers)
        words[SEED] = seed
        words[STREAM] = self.stream
        words[TRIAL] = trial
        return words
