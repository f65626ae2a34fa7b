"""When the spikes of a SpikeSourceArray were to be, to the digit: setup(spike_precision="off_grid")."""

from dataclasses import dataclass

import numpy as np

from .engine.sources.spike_array import steps_of
from .grid import times_of


@dataclass
class GivenTimes:
    """The times that one population was given in one trial, by the steps in which they were emitted.

    first_id   of the population's cells
    dt         ms
    periods    (step, spike times): until which step which times were to be emitted, a list of an array (ms)
               for each cell
    """

    first_id: int
    dt: float
    periods: list

    def of(self, pairs):
        """Times (ms) of spikes: pairs of the cell's id and the step, in the order of steps and cells.

        A time that counts as a grid point, since it is just after it, is that of the grid point.
        """
        times = times_of(pairs[:, 1], self.dt)
        after = -1
        for until, given in self.periods:
            inside = (pairs[:, 1] > after) & (pairs[:, 1] <= until)
            times[inside] = np.minimum(times[inside], self._in_period(pairs[inside], given))
            after = until
        return times

    def _in_period(self, pairs, given):
        """Times of spikes that were all given together."""
        cells = np.repeat(np.arange(len(given)), [len(times) for times in given])
        times = np.concatenate([*given, np.zeros(0)])
        events = steps_of(times, self.dt) * len(given) + cells
        order = np.argsort(events, kind="stable")  # of several in one step, the first one comes first
        found = pairs[:, 1].astype(np.int64) * len(given) + pairs[:, 0] - self.first_id
        which = np.arange(len(found)) - np.searchsorted(found, found)
        return times[order[np.searchsorted(events, found, sorter=order) + which]]
