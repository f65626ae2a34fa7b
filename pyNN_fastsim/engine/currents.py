"""
Currents injected into neurons.

A source is a function of the step only: `value(row, step)` is the current (nA) that flows from
t_step to t_{step+1}. The run loop asks each source once a step and thread; where a value has
changed, the currents of the blocks it goes to are summed afresh, so nothing drifts.
"""

import numpy as np

from .addresses import address_of
from .compile import entry
from .lowlevel import float64_at, int64_at

# The words of a source's row (int64 each).
VALUE = 0  # address of the compiled function that gives its value
STEPS = 1  # address of the steps at which the current changes (int64, ascending)
LEVELS = 2  # address of the current from then on, nA (float64)
N_STEPS = 3
SOURCE_ROW = 4

# The words of an attachment's row: one source, one block.
ATTACHED_SOURCE = 0  # index of the source
ATTACHED_BLOCK = 1  # index of the block
CELLS = 2  # address of the indices of the cells (int64, ascending)
N_CELLS = 3
ATTACHMENT_ROW = 4


@entry(2, "float64")
def step_value(row, step):
    """The level of the last change at or before `step`; 0 before the first."""
    words = int64_at(row, SOURCE_ROW)
    steps = int64_at(words[STEPS], words[N_STEPS])
    lo = 0
    hi = words[N_STEPS]
    while lo < hi:
        middle = (lo + hi) // 2
        if steps[middle] <= step:
            lo = middle + 1
        else:
            hi = middle
    if lo == 0:
        return 0.0
    return float64_at(words[LEVELS], words[N_STEPS])[lo - 1]


class StepCurrent:
    """A current that changes at given steps.

    steps    int64, ascending: the current changes at the beginning of these steps
    levels   nA, float64: what it is from then on
    """

    def __init__(self, steps, levels):
        self.set(steps, levels)

    def set(self, steps, levels):
        self.steps = np.ascontiguousarray(steps, dtype=np.int64)
        self.levels = np.ascontiguousarray(levels, dtype=np.float64)

    def row(self):
        """The row of the table that the run loop reads."""
        words = np.zeros(SOURCE_ROW, dtype=np.int64)
        words[VALUE] = step_value.address
        words[STEPS] = address_of(self.steps)
        words[LEVELS] = address_of(self.levels)
        words[N_STEPS] = len(self.steps)
        return words
