"""
What cells have transmitted: rings of past values, for the longest delay with which anything reads them.
"""

from dataclasses import dataclass

import numpy as np

from ..compiling.addresses import address_of
from . import transmission as words
from .ahead import BLOCK
from .transmission import TRANSMITTED_ROW


@dataclass(frozen=True)
class Trace:
    """What spikes leave behind, as a variable of their block: a rate in Hz, in a window exp(-t / tau) / tau.

    tau   ms
    """

    tau: float


class Transmission:
    """The past values of a variable of a block.

    variable   a name, or a `Trace`
    ring       float64 [slots, cells]: of step k at k modulo the slots
    values     float64 [cells]: now; those of cells of other processes are in the ring alone
    kept       of how many steps there are values in it for delays that are made longer, a power of two
    is_new     whether nothing has been transmitted yet
    """

    def __init__(self, block, variable, dt):
        self.block, self.variable, self.dt = block, variable, dt
        self.is_trace = isinstance(variable, Trace)
        self.values = np.zeros(block.n) if self.is_trace else block.state[variable]
        self.ring = np.zeros((2, block.n))
        self.kept, self.is_new = 2, True
        self.past = None
        if self.is_trace:
            self._decay = np.array([np.exp(-dt / variable.tau), 1000.0 / variable.tau])

    def reserve(self, longest, step, ahead, period):
        """Keep values for delays of so many steps, beside those of the present step and of the `period` that
        threads may be ahead; those of a block of steps more, and cell by cell too, if anything is summed
        `ahead`."""
        longest += BLOCK if ahead else 0
        self._reserve_ring(longest, step, period)
        self.past = np.zeros((self.block.n, 2 * len(self.ring))) if ahead else None

    def _reserve_ring(self, longest, step, period):
        before, self.kept = self.kept, max(self.kept, _power_of_two(longest + 2))
        slots = max(len(self.ring), _power_of_two(longest + 1 + period))
        if (before, len(self.ring)) == (self.kept, slots):
            return
        ages = np.minimum(np.arange(slots), before - 1)  # as with one process, whose period is 1
        ring = np.empty((slots, self.block.n))
        ring[(step - np.arange(slots)) % slots] = self.ring[(step - ages) % len(self.ring)]
        self.ring = ring

    def begin(self, step, begun):
        """Look at values of this process's cells that have been set by hand since the last step."""
        if self.is_trace and not begun:
            self.values[:] = 0.0
        own = self.block.own
        self.ring[step % len(self.ring), own] = self.values[own]

    def look_back(self, step, begun):
        """Before the beginning everything was as it was then; to be called when the values of all processes
        at `step` are known."""
        if not begun or self.is_new:
            self.ring[:] = self.ring[step % len(self.ring)].copy()
        self.is_new = False
        if self.past is not None:
            self.past[:] = np.concatenate([self.ring, self.ring]).T

    def row(self):
        row = np.zeros(TRANSMITTED_ROW, dtype=np.int64)
        row[words.BLOCK], row[words.VALUES] = self.block.index, address_of(self.values)
        row[words.RING], row[words.MASK] = address_of(self.ring), len(self.ring) - 1
        row[words.N_CELLS] = self.block.n
        row[words.DECAY] = address_of(self._decay) if self.is_trace else 0
        row[words.PAST] = 0 if self.past is None else address_of(self.past)
        return row


def _power_of_two(least):
    """The smallest one from `least` on."""
    return 1 << max(int(least) - 1, 1).bit_length()


def ring_words(ring):
    """(address, slots - 1, cells) of a Transmission, or of an array of what never changes."""
    if isinstance(ring, Transmission):
        return address_of(ring.ring), len(ring.ring) - 1, ring.ring.shape[1]
    return address_of(ring), 0, len(ring)
