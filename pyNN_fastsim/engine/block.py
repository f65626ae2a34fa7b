"""
Cells of one model: their parameters, their state, and what the run loop needs to know of them.
"""

import numpy as np

from .compiling.addresses import address_of, table_of
from .neurons import kernel
from .neurons.kernel import Model


class Block:
    """Cells of one model.

    parameters   float, or float64 [cells], by name; or whatever else the model takes
    state        float64 [cells] by name
    initial      what `state` is set to at the beginning of a trial: float, or float64 [cells]
    injected     nA, float64 [cells], or None if no current is injected
    coupled      the same with what flows through gap junctions, or None if there are none
    recorded     uint8 [cells], whose spikes are recorded, or None
    counts       int32 [steps, cells]: of a source that counts its spikes, how often they spiked in step k
                 at k modulo steps
    own          the cells of this process, a slice. What only a run needs is there for these alone, in
                 arrays for all cells, of which the rest takes no memory as long as nobody writes there
    past         what its model remembers of earlier steps, by number: see `past_of`
    """

    def __init__(self, model: Model, n: int, parameters: dict, index: int, first_id: int, own=None):
        """own: the first and last + 1 of the cells of this process, or None for all."""
        self.model, self.n, self.index, self.first_id = model, n, index, first_id
        self.own = slice(*(own or (0, n)))
        self.parameters = dict(parameters)
        self.initial = dict(model.state)
        self.state = dict(zip(model.state, np.zeros((len(model.state), n)), strict=True))
        self.injected = None
        self.coupled = None
        self.recorded = None
        self.counts = np.zeros((1, n if model.counts else 0), dtype=np.int32)
        self.past: dict[int, np.ndarray] = {}
        self.dirty = True
        self.started = False
        self.constants = ()

    def set(self, **parameters):
        """Change parameters, from the next step on."""
        self.parameters.update(parameters)
        self.dirty = True

    def values(self, name):
        """A parameter or state variable: float64 [cells]; the state itself, parameters as they are now."""
        if name in self.state:
            return self.state[name]
        return np.ascontiguousarray(np.broadcast_to(self.parameters[name], self.n), dtype=np.float64)

    def initialize(self, name, value, cells=slice(None)):
        """Set a state variable of some cells, now and at the beginning of every trial."""
        initial = np.broadcast_to(self.initial[name], self.n).astype(float)
        initial[cells] = value
        self.initial[name] = float(initial[0]) if np.all(initial == initial[0]) else initial
        chosen = np.zeros(self.n, dtype=bool)
        chosen[cells] = True
        self.state[name][self.own][chosen[self.own]] = initial[self.own][chosen[self.own]]
        self._outdate(cells)

    def restart(self):
        """Go back to the beginning of a trial."""
        for name, value in self.initial.items():
            self.state[name][self.own] = self._part(value)
        for values in self.past.values():
            values[:] = 0.0
        self.started = False
        self.dirty = True

    def _outdate(self, cells):
        """What follows from other state and constants of these cells is out of date: see adaptive.py."""
        if self.model.refresh:
            part = self.state["_part"]
            part[cells] = -np.abs(part[cells])

    def update_constants(self, dt, seed, stream, trial, step):
        """Derive the constants from the parameters, where these have changed."""
        words = {"_seed": float(seed), "_stream": float(stream), "_trial": float(trial)}
        words["_past"] = lambda number, steps: self.past_of(number, steps, step)
        before = self.constants
        with np.errstate(all="ignore"):  # what is not finite is reported with the cell, by the run
            self.constants = self._derived(words, dt)
        if self.model.refresh:
            for old, new in zip(before, self.constants, strict=False):  # none before the first step
                self._outdate(np.broadcast_to(np.not_equal(old, new), self.n))
        if not self.started and self.model.restart:
            self.model.restart(self.constants, self.state, step)
        elif self.started and self.model.changed:
            self.model.changed(self.constants, before, self.state, step)
        self.started = True
        self.dirty = False

    def _part(self, value):
        """Of a number, or one for each cell: what is for the cells of this process."""
        return value[self.own] if np.ndim(value) else value

    def _derived(self, words, dt):
        """The constants that follow from the parameters, if possible for the cells of this process alone."""
        model = self.model
        looks_at_all = model.restart or model.changed or model.refresh
        if (
            self.own == slice(0, self.n)
            or looks_at_all
            or not all(map(self._is_plain, self.parameters.values()))
        ):
            return tuple(model.constants(self.parameters | words, dt))
        own = {name: self._part(value) for name, value in self.parameters.items()}
        return tuple(map(self._in_place, model.constants(own | words, dt)))

    def _is_plain(self, value):
        """Whether a parameter is a number, or an array of one for each cell."""
        return isinstance(value, (int, float)) or (isinstance(value, np.ndarray) and value.shape == (self.n,))

    def _in_place(self, values):
        """Values for the cells of this process, each where the cell is, unless there is one for all."""
        if np.ndim(values) == 0:
            return values
        everyone = np.zeros(self.n)
        everyone[self.own] = values
        return everyone

    def past_of(self, number, steps, step):
        """Where a model keeps something, known by a number, of the present step and the `steps` before:
        float64 [rows, cells], what is of step k in the row k modulo rows, a power of two. All is 0 at the
        beginning of a trial. `step` was the last one."""
        kept = self.past.get(number, np.zeros((0, self.n)))
        rows = 1 << int(steps).bit_length()
        if rows > len(kept):
            longer = np.zeros((rows, self.n))
            for k in range(max(step - len(kept), 0), step):
                longer[k % rows] = kept[k % len(kept)]
            self.past[number] = longer
        return self.past[number]

    def capacity(self, cells):
        """The most spikes that `cells` of these cells can have in one step."""
        return self.model.capacity(self.constants, self.n) if self.model.is_source else cells

    @property
    def counts_spikes(self):
        """Whether it is a source that counts its spikes, instead of listing them: see kernel.py."""
        return self.model.counts is not None and self.model.counts(self.constants)

    def keep_counts(self, steps, step):
        """Keep the numbers of spikes of so many steps; `step` was the last one."""
        kept = len(self.counts)
        if steps <= kept:
            return
        counts = np.zeros((steps, self.n), dtype=np.int32)
        for k in range(max(step - kept + 1, 0), step + 1):
            counts[k % steps] = self.counts[k % kept]
        self.counts = counts

    def row(self, channel, listed):
        """The row of the run loop's table; the arrays it points to are kept in `self`.

        listed   whether a source that counts its spikes must also list them
        """
        uniform = not self.model.is_source and all(np.ndim(value) == 0 for value in self.constants)
        # A uniform constant is an array of one chunk that every chunk sees; sources see all cells.
        length = self.n if self.model.is_source else min(self.model.chunk, self.n)
        arrays, strides = [], []
        for value in self.constants:
            if np.ndim(value) == 0:
                arrays.append(np.full(length, float(value)))
                strides.append(0)
            else:
                arrays.append(np.ascontiguousarray(value, dtype=np.float64))
                strides.append(8)
        current = np.zeros(length) if self.injected is None else self.injected
        counting = self.counts_spikes
        if self.model.spike is not None:
            self.state["_soonest"][:] = -np.inf  # to be found anew: which cells are together may have changed
        self._kernel = kernel.kernel_of(self.model, len(self.constants), uniform, counting)
        self._constants_table = table_of(arrays, strides)
        self._state_table = table_of(list(self.state.values()), [8] * len(self.state))
        stride = 0 if self.injected is None else 8
        everything = current if self.coupled is None else self.coupled
        strides = [stride if self.coupled is None else 8, stride]
        self._current_table = table_of([everything, current], strides)
        self._kept = arrays, current
        words = np.zeros(kernel.ROW, dtype=np.int64)
        words[kernel.KERNEL] = self._kernel.address
        words[kernel.SIZE] = self.n
        words[kernel.IS_SOURCE] = self.model.is_source
        words[kernel.STATE] = address_of(self._state_table)
        words[kernel.CONSTANTS] = address_of(self._constants_table)
        words[kernel.CHANNEL] = channel
        words[kernel.CURRENT] = address_of(self._current_table)
        words[kernel.FIRST_ID] = self.first_id
        words[kernel.RECORD] = 0 if self.recorded is None else address_of(self.recorded)
        words[kernel.CAPACITY] = self.capacity(self.n)
        words[kernel.COUNTS] = address_of(self.counts) if counting else 0
        words[kernel.KEPT] = len(self.counts)
        words[kernel.LISTED] = listed
        return words


def parts_of(n, n_parts):
    """Where the parts of `n` cells begin that processes or threads own, and where the last ends: int64."""
    return n * np.arange(n_parts + 1) // n_parts
