"""
What is recorded step by step: samples of the state of cells and of synapses.
"""

import numpy as np

from . import dynamic, loop
from .addresses import address_of
from .records import GrowingArray


class _Samples:
    """Samples of `n` things at every multiple of `interval` steps.

    first_step   step of the first sample
    samples      GrowingArray of float64 rows [n]
    """

    def __init__(self, n, interval, step):
        self._n, self.interval = n, interval
        self.clear(step)

    def clear(self, step):
        """Forget all samples; the first of the new ones is the next that is due at or after `step`."""
        self.first_step = -(-step // self.interval) * self.interval
        self.samples = GrowingArray((self._n,))

    def rows_until(self, step):
        """Number of samples that there are to be once `step` has been done."""
        return max(step // self.interval - self.first_step // self.interval + 1, 0)

    def room_until(self, step):
        """The buffer of the samples, with room for those up to `step`."""
        return self.samples.reserve(self.rows_until(step) - self.samples.length)


class Sampler(_Samples):
    """Samples of one state variable of some cells of a block.

    cells        int64, ascending
    interval     steps
    """

    def __init__(self, block, variable, cells, interval, step):
        self.block, self.variable = block, variable
        self.cells = np.ascontiguousarray(cells, dtype=np.int64)
        super().__init__(len(self.cells), interval, step)

    def sample(self, step):
        """Take the sample that is due at `step` before the first step of a run, if it is not there."""
        if step == self.first_step and self.samples.length == 0:
            self.samples.append(self.block.state[self.variable][self.cells])

    def row(self, last_step, ranges):
        """The row of the run loop's table, with room for samples up to `last_step`."""
        buffer = self.room_until(last_step)
        self._bounds = np.searchsorted(self.cells, np.append(ranges[:, 0], self.block.n))
        words = np.zeros(loop.SAMPLER_ROW, dtype=np.int64)
        words[loop.SAMPLED] = address_of(self.block.state[self.variable])
        words[loop.SAMPLED_CELLS] = address_of(self.cells)
        words[loop.SAMPLED_BOUNDS] = address_of(self._bounds)
        words[loop.INTERVAL] = self.interval
        words[loop.BUFFER] = address_of(buffer)
        words[loop.BUFFER_ROW] = -(self.first_step // self.interval)
        words[loop.N_SAMPLED] = len(self.cells)
        return words


class SynapseSampler(_Samples):
    """Samples of the weight or a state variable of some synapses of a group.

    places       int64, ascending
    interval     steps
    """

    def __init__(self, group, variable, places, interval, step):
        self.group, self.variable = group, variable
        self.places = np.ascontiguousarray(places, dtype=np.int64)
        super().__init__(len(self.places), interval, step)

    def sample(self, network):
        """Sample the present state, if a sample is due that the run loop has not taken."""
        if network.begun and network.step % self.interval == 0:
            if self.samples.length < self.rows_until(network.step):
                row = self.row(network.step)
                block = network.blocks[self.group.target]
                self.group.model.observe(address_of(row), 0, block.n, network.step)
                self.samples.length += 1

    def row(self, last_step):
        """The row of the run loop's table, with room for samples up to `last_step`."""
        buffer = self.room_until(last_step)
        words = np.zeros(dynamic.OBSERVER_ROW, dtype=np.int64)
        words[dynamic.OBSERVE] = self.group.model.observe.address
        words[dynamic.OBSERVED] = address_of(self.group.detail)
        if self.variable != "weight":
            words[dynamic.OBSERVED_VARIABLE] = list(self.group.model.state).index(self.variable)
        words[dynamic.OBSERVED_PLACES] = address_of(self.places)
        words[dynamic.N_OBSERVED] = len(self.places)
        words[dynamic.OBSERVED_BLOCK] = self.group.target
        words[dynamic.OBSERVED_INTERVAL] = self.interval
        words[dynamic.OBSERVED_BUFFER] = address_of(buffer)
        words[dynamic.OBSERVED_ROW] = -(self.first_step // self.interval)
        return words
