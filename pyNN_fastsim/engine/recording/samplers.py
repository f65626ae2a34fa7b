"""
What is recorded step by step: samples of the state of cells and of synapses.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import jit
from ..compiling.lowlevel import float64_at, int64_at
from ..synapses import dynamic
from ..synapses.groups import sources_of

# The words of a row of the run loop's table of samplers.
SAMPLED = 0  # address of the array of the state variable (float64)
SAMPLED_CELLS = 1  # address of the cells to record (int64, ascending)
SAMPLED_BOUNDS = 2  # address of each thread's first place among these, [threads + 1] (int64)
INTERVAL = 3  # steps
BUFFER = 4  # address of the samples, rows of one float64 a cell
BUFFER_ROW = 5  # row of the buffer for step 0 (may be negative): row = BUFFER_ROW + step / INTERVAL
N_SAMPLED = 6
SAMPLER_ROW = 7


class _Samples:
    """Samples of `n` things at every multiple of `interval` steps.

    first_step   step of the first sample
    samples      GrowingArray of float64 rows [n]
    new_array    function of the name of a variable, of the shape of a row, and of a function that
                 describes the samples, that makes this array
    """

    def __init__(self, variable, n, interval, step, new_array):
        self.variable, self.width, self.interval, self._new_array = variable, n, interval, new_array
        self.clear(step)

    def clear(self, step):
        """Forget all samples; the first of the new ones is the next that is due at or after `step`."""
        self.first_step = -(-step // self.interval) * self.interval
        self.samples = self._new_array(self.variable, (self.width,), self.description)

    def rows_until(self, step):
        """Number of samples that there are to be once `step` has been done."""
        return max(step // self.interval - self.first_step // self.interval + 1, 0)

    def bytes_per_step(self):
        """How much memory the samples take, on average."""
        return 8 * self.width / self.interval

    def description(self):
        """What the samples are of, in words and numbers."""
        what = {"variable": self.variable, "first_step": self.first_step, "interval_steps": self.interval}
        return what | self._things() | self._about

    def room_until(self, step):
        """The buffer of the samples, with room for those up to `step`."""
        return self.samples.reserve(self.rows_until(step) - self.samples.length)

    def _buffer_row(self):
        """The row of the buffer for the sample of step 0; negative if it has left it, or never was there."""
        return -(self.first_step // self.interval) - self.samples.start


class Sampler(_Samples):
    """Samples of one state variable of some cells of a block.

    cells        int64, ascending
    interval     steps
    about        what else is to be said in the description of the samples: a dict
    """

    def __init__(self, block, variable, cells, interval, step, new_array, about):
        self.block, self._about = block, about
        self.cells = np.ascontiguousarray(cells, dtype=np.int64)
        super().__init__(variable, len(self.cells), interval, step, new_array)

    def _things(self):
        return {"first_id": self.block.first_id, "cells": self.cells.tolist()}

    def sample(self, step):
        """Take the sample that is due at `step` before the first step of a run, if it is not there."""
        if step == self.first_step and self.samples.length == 0:
            self.samples.append(self.block.state[self.variable][self.cells])

    def row(self, last_step, ranges):
        """The row of the run loop's table, with room for samples up to `last_step`."""
        buffer = self.room_until(last_step)
        self._bounds = np.searchsorted(self.cells, np.append(ranges[:, 0], self.block.n))
        words = np.zeros(SAMPLER_ROW, dtype=np.int64)
        words[SAMPLED] = address_of(self.block.state[self.variable])
        words[SAMPLED_CELLS] = address_of(self.cells)
        words[SAMPLED_BOUNDS] = address_of(self._bounds)
        words[INTERVAL] = self.interval
        words[BUFFER] = address_of(buffer)
        words[BUFFER_ROW] = self._buffer_row()
        words[N_SAMPLED] = len(self.cells)
        return words


class SynapseSampler(_Samples):
    """Samples of the weight or a state variable of some synapses of a group.

    places       int64, ascending
    interval     steps
    about        what else is to be said in the description of the samples: a dict
    """

    def __init__(self, group, variable, places, interval, step, new_array, about):
        self.group, self._about = group, about
        self.places = np.ascontiguousarray(places, dtype=np.int64)
        super().__init__(variable, len(self.places), interval, step, new_array)

    def _things(self):
        pre, post = sources_of(self.group)[self.places], self.group.targets[self.places]
        return {"pre": pre.tolist(), "post": post.tolist()}

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
        names = list(self.group.model.variables)
        words[dynamic.OBSERVED_VARIABLE] = -1 if self.variable == "weight" else names.index(self.variable)
        words[dynamic.OBSERVED_PLACES] = address_of(self.places)
        words[dynamic.N_OBSERVED] = len(self.places)
        words[dynamic.OBSERVED_BLOCK] = self.group.target
        words[dynamic.OBSERVED_INTERVAL] = self.interval
        words[dynamic.OBSERVED_BUFFER] = address_of(buffer)
        words[dynamic.OBSERVED_ROW] = self._buffer_row()
        return words


@jit
def take_samples(samplers, thread, n_threads, step):
    """Sample the state of this thread's cells where that is due; `samplers` is a table of the run loop."""
    for k in range(len(samplers)):
        row = samplers[k]
        if step % row[INTERVAL] == 0:
            bounds = int64_at(row[SAMPLED_BOUNDS], n_threads + 1)
            n = row[N_SAMPLED]
            cells = int64_at(row[SAMPLED_CELLS], n)
            buffer_row = row[BUFFER_ROW] + step // row[INTERVAL]
            samples = float64_at(row[BUFFER] + 8 * n * buffer_row, n)
            for j in range(bounds[thread], bounds[thread + 1]):
                samples[j] = float64_at(row[SAMPLED] + 8 * cells[j], 1)[0]
