"""
Spikes that plastic synapses have yet to deal with.

A `SpikeHistory` keeps the latest spikes of the cells of a block that plastic synapses go to, with the sums
over them that synapses need (traces.py). Each thread writes those of its own cells. Room is bounded: when a
cell's is used up, all its synapses are taken through what is there, so a silent source does not make the
memory grow.

`HeldSpikes` keeps the spikes of a group's source until they arrive at its synapses, for groups with axonal
delays. Thread 0 writes; the others read in later steps, after the barrier.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import inlined, jit
from ..compiling.lowlevel import call_catch_up, call_synapses, float64_at, int32_at, int64_at
from .groups import KERNEL
from .plastic_kernels import DENDRITE, HOLD, ON_TIME
from .traces import TRACE_ROW, Trace, note_in_traces

SLACK = 16  # spikes of a cell, at least, between two times when its room is used up

# The words of a row of the table of histories.
BLOCK = 0  # index of the block
SPIKES = 1  # address of the steps of spikes, int32 [cells, room], the n-th of a cell at n modulo room
MASK = 2  # room - 1
COUNTS = 3  # address of the number of spikes of each cell (int32)
DONE = 4  # address of how many of these all synapses have dealt with (int32)
WINDOW = 5  # steps for which a spike may still be needed
GROUPS = 6  # address of the table of plastic groups, see below
N_GROUPS = 7
TRACES = 8  # address of the table of traces, see traces.py
N_TRACES = 9
KEPT = 10  # address of the table of what else is kept of a cell at its spikes, see below
N_KEPT = 11
HISTORY_ROW = 12

# The words of a row of the table of what else is kept.
NOW = 0  # address of the values of the cells (float64)
THEN = 1  # address of the values after their spikes, float64 [cells, room]
KEPT_ROW = 2

# The words of a row of the table of plastic groups.
CATCH_UP = 0  # address of the function that takes synapses through postsynaptic spikes
DETAILS = 1  # address of the group's details
BY_TARGET = 2  # address of the group's synapses, sorted by target (int64)
FIRST_OF_TARGET = 3  # address of where each target's begin (int64)
PLASTIC_ROW = 4

# The first words of a row of the table of held spikes, and of that of merged groups (arrival.py).
SOURCE = 0  # index of the source block
HELD = 1  # address of the cells that spiked, int32 [slots, capacity]
HELD_COUNTS = 2  # address of their number, int32 [slots]
SLOTS = 3
CAPACITY = 4

# The other words of a row of the table of held spikes.
GROUP = 5  # index of the group
HOLDS = 6  # address of the numbers of steps for which spikes are held, descending (int64)
N_HOLDS = 7
HELD_ROW = 8


class SpikeHistory:
    """The latest spikes of the cells of a block.

    spikes   int32 [cells, room], steps; the n-th spike of a cell is at n modulo room
    counts   int32 [cells], number of spikes so far
    done     int32 [cells], how many of these all synapses have dealt with
    window   steps for which a spike may still be needed
    traces   by their rates: what is kept beside the spikes
    kept     by name of a parameter or state variable: float64 [cells, room], its values after the spikes
    """

    def __init__(self, block):
        self.block = block
        self.spikes = np.zeros((block.n, 2 * SLACK), dtype=np.int32)
        self.counts, self.done = np.zeros((2, block.n), dtype=np.int32)
        self.window = 0
        self.traces: dict[tuple[float, float], Trace] = {}
        self.kept: dict[str, np.ndarray] = {}

    def clear(self):
        self.counts[:] = self.done[:] = 0

    def reserve(self, window):
        """Make room for all spikes within so many steps, and more."""
        self.window = max(self.window, window)
        room = self.spikes.shape[1]
        larger = 1 << int(self.window + SLACK + 2).bit_length()
        if larger <= room:
            return
        self.spikes = self._with_room(self.spikes, larger)
        self.kept = {name: self._with_room(values, larger) for name, values in self.kept.items()}
        for trace in self.traces.values():
            trace.enlarge(self.counts, larger)

    def _with_room(self, old, room):
        """What is kept of each spike, with room for more of them."""
        new = np.zeros((self.block.n, room), dtype=old.dtype)
        cells = np.arange(self.block.n)
        for back in range(1, old.shape[1] + 1):
            n = self.counts - back
            new[cells, n % room] = old[cells, n % old.shape[1]]
        return new

    def keep(self, names):
        """Keep the values of these parameters and state variables after each spike, from now on."""
        for name in names:
            if name not in self.kept:
                self.kept[name] = np.zeros(self.spikes.shape)

    def trace_for(self, group):
        """The trace that a plastic group needs; None if its time constants differ or are very short."""
        rates = group.trace_rates
        if rates is None or not Trace.is_possible(rates):
            return None
        if rates not in self.traces:
            self.traces[rates] = Trace(rates, self.spikes, self.counts)
        return self.traces[rates]

    def keep_traces(self, groups):
        """Keep only the traces that these plastic groups need."""
        needed = [self.trace_for(group) for group in groups]
        self.traces = {rates: trace for rates, trace in self.traces.items() if trace in needed}

    def row(self, groups):
        """The row of the run loop's table; `groups` are the plastic groups of these targets."""
        self._groups = np.array(
            [
                (
                    group.model.catch_up.address,
                    address_of(group.detail),
                    *(address_of(array) for array in group.by_target(self.block.n)),
                )
                for group in groups
            ],
            dtype=np.int64,
        ).reshape(-1, PLASTIC_ROW)
        self.keep_traces(groups)
        self._traces = np.array([t.row() for t in self.traces.values()], dtype=np.int64).reshape(
            -1, TRACE_ROW
        )
        self._values = [self.block.values(name) for name in self.kept]
        self._kept_table = np.array(
            [
                (address_of(now), address_of(then))
                for now, then in zip(self._values, self.kept.values(), strict=True)
            ],
            dtype=np.int64,
        ).reshape(-1, KEPT_ROW)
        words = np.zeros(HISTORY_ROW, dtype=np.int64)
        words[KEPT], words[N_KEPT] = address_of(self._kept_table), len(self._kept_table)
        words[TRACES], words[N_TRACES] = address_of(self._traces), len(self._traces)
        words[BLOCK] = self.block.index
        words[SPIKES] = address_of(self.spikes)
        words[MASK] = self.spikes.shape[1] - 1
        words[COUNTS] = address_of(self.counts)
        words[DONE] = address_of(self.done)
        words[WINDOW] = self.window
        words[GROUPS] = address_of(self._groups)
        words[N_GROUPS] = len(groups)
        return words


def window(group):
    """Steps for which a group may still need a postsynaptic spike that has been."""
    return max(int(np.max(np.floor(c[DENDRITE] + ON_TIME), initial=0)) for c in group.all_constants()) + 1


def last_arrivals(group, past):
    """When the last postsynaptic spike arrived that each synapse has dealt with: float64 [synapses], steps.

    0 if there was none; see `plastic_kernels.arrival_of`.
    """
    n, room = len(group), past.spikes.shape[1]
    untils = [timing.until for timing in group.earlier]
    dendrites = np.stack([np.broadcast_to(c[DENDRITE], n) for c in group.all_constants()])
    last = past.spikes[group.targets, (group.seen - 1) % room]
    arrivals = np.zeros(n)
    for back in range(1, room):
        step = past.spikes[group.targets, (group.seen - back) % room]
        arrival = step + dendrites[np.searchsorted(untils, step), np.arange(n)]
        is_before = (group.seen >= back) & (step <= last)
        arrivals = np.maximum(arrivals, np.where(is_before, arrival, 0.0))
    return arrivals


@jit
def note_spikes(histories, counts, spikes, step):
    """Add this step's spikes of a thread's cells to the histories.

    counts, spikes   [blocks]: the number of spikes, and the address of the cells (int32)
    """
    for h in range(len(histories)):
        row = histories[h]
        block = row[BLOCK]
        cells = int32_at(spikes[block], counts[block])
        for cell in cells:
            if is_full(row, cell):
                _make_room(row, cell, step)
            add_spike(row, cell, step)


@inlined
def is_full(row, cell):
    """Whether a history, given by its row, has no room for another spike of a cell."""
    return int32_at(row[COUNTS] + 4 * cell, 1)[0] - int32_at(row[DONE] + 4 * cell, 1)[0] >= row[MASK]


@inlined
def add_spike(row, cell, step):
    """Add a spike of a cell, for which there is room, to a history."""
    mask = row[MASK]
    count = int32_at(row[COUNTS] + 4 * cell, 1)
    kept = int32_at(row[SPIKES] + 4 * (mask + 1) * cell, mask + 1)
    before = kept[(count[0] - 1) & mask]
    note_in_traces(row[TRACES], row[N_TRACES], cell, mask, count[0], before, step)
    for v in range(row[N_KEPT]):
        values = int64_at(row[KEPT] + 8 * KEPT_ROW * v, KEPT_ROW)
        place = (mask + 1) * cell + (count[0] & mask)
        float64_at(values[THEN] + 8 * place, 1)[0] = float64_at(values[NOW] + 8 * cell, 1)[0]
    kept[count[0] & mask] = step
    count[0] += 1


@jit
def _make_room(row, cell, step):
    """Take all plastic synapses onto a cell through its spikes, as far as these are due."""
    for g in range(row[N_GROUPS]):
        group = int64_at(row[GROUPS] + 8 * PLASTIC_ROW * g, PLASTIC_ROW)
        bounds = int64_at(group[FIRST_OF_TARGET] + 8 * cell, 2)
        call_catch_up(group[CATCH_UP], group[DETAILS], group[BY_TARGET], bounds[0], bounds[1], step)
    forget_spikes(row, cell, step)


@inlined
def forget_spikes(row, cell, step):
    """Forget those spikes of a cell that no synapse needs any more, since all have been taken to a step."""
    spikes = int32_at(row[SPIKES] + 4 * (row[MASK] + 1) * cell, row[MASK] + 1)
    done = int32_at(row[DONE] + 4 * cell, 1)
    count = int32_at(row[COUNTS] + 4 * cell, 1)[0]
    while done[0] < count and spikes[done[0] & row[MASK]] <= step - row[WINDOW]:
        done[0] += 1


class HeldSpikes:
    """The spikes of a group's source of as many steps as the longest axonal delay has.

    cells    int32 [slots, capacity], those that spiked in step k at k modulo slots
    counts   int32 [slots]
    """

    def __init__(self):
        self.cells = np.zeros((1, 0), dtype=np.int32)
        self.counts = np.zeros(1, dtype=np.int32)

    def clear(self):
        self.counts[:] = 0

    def reserve(self, longest, capacity, step):
        """Make room for `capacity` spikes a step of `longest` steps; `step` was the last one."""
        slots = max(longest + 2, len(self.counts))
        capacity = max(capacity, self.cells.shape[1])
        if (slots, capacity) == self.cells.shape:
            return
        cells, counts = np.zeros((slots, capacity), dtype=np.int32), np.zeros(slots, dtype=np.int32)
        for k in range(max(step - len(self.counts) + 1, 0), step + 1):
            old, new = k % len(self.counts), k % slots
            cells[new, : self.cells.shape[1]], counts[new] = self.cells[old], self.counts[old]
        self.cells, self.counts = cells, counts

    def of(self, step):
        """The cells that spiked in a step that is kept: int32, a view."""
        slot = step % len(self.counts)
        return self.cells[slot, : self.counts[slot]]

    def replace(self, lists):
        """Hold these spikes instead: int32 arrays of cells, by slot."""
        capacity = max(self.cells.shape[1], *map(len, lists))
        self.cells = np.zeros((len(lists), capacity), dtype=np.int32)
        for slot, cells in enumerate(lists):
            self.cells[slot, : len(cells)], self.counts[slot] = cells, len(cells)

    def write(self, words, source):
        """Write the first words of a row of a table of the run loop; `source` is the index of the block."""
        words[SOURCE] = source
        words[HELD] = address_of(self.cells)
        words[HELD_COUNTS] = address_of(self.counts)
        words[SLOTS], words[CAPACITY] = self.cells.shape

    def row(self, group, index):
        """The row of the run loop's table; `index` is that of the group."""
        self._holds = held_for(group)
        words = np.zeros(HELD_ROW, dtype=np.int64)
        self.write(words, group.source)
        words[GROUP] = index
        words[HOLDS] = address_of(self._holds)
        words[N_HOLDS] = len(self._holds)
        return words


def held_for(group):
    """For how many steps a group's synapses hold spikes, those that do: int64, descending."""
    found = np.unique(np.concatenate([c[HOLD] for c in group.all_constants()]).astype(np.int64))[::-1]
    return np.ascontiguousarray(found[found > 0])


@inlined
def kept_spikes(row, step):
    """Address of the cells that spiked in a step that is kept (int32), and their number.

    `row` begins as that of held spikes.
    """
    slot = step % row[SLOTS]
    return row[HELD] + 4 * slot * row[CAPACITY], int32_at(row[HELD_COUNTS] + 4 * slot, 1)[0]


@jit
def keep_spikes(row, counts, spikes, step):
    """Keep which cells of a source spiked, of all threads; `row` begins as that of held spikes.

    counts, spikes   [threads, blocks]: numbers and addresses of the cells that spiked
    """
    source = row[SOURCE]
    slot = step % row[SLOTS]
    total = 0
    for owner in range(len(counts)):
        cells = int32_at(spikes[owner, source], counts[owner, source])
        kept = int32_at(row[HELD] + 4 * (slot * row[CAPACITY] + total), len(cells))
        for i in range(len(cells)):
            kept[i] = cells[i]
        total += len(cells)
    int32_at(row[HELD_COUNTS] + 4 * slot, 1)[0] = total


@jit
def deliver_held(held, groups, counts, spikes, thread, head, step):
    """Deliver held spikes that are due at `step`, and keep those of this step.

    counts, spikes   [threads, blocks]: numbers and addresses of the cells that spiked
    """
    for h in range(len(held)):
        row = held[h]
        kernel = groups[row[GROUP], KERNEL]
        group = groups[row[GROUP]].ctypes.data
        steps = int64_at(row[HOLDS], row[N_HOLDS])
        for k in range(len(steps)):
            emitted = step - steps[k]
            cells, count = kept_spikes(row, emitted)
            if emitted >= 0 and count > 0:
                call_synapses(kernel, group, thread, cells, count, head, emitted, steps[k], steps[k])
        if thread == 0:
            keep_spikes(row, counts, spikes, step)
