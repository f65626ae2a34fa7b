"""
Gap junctions: currents between membranes, proportional to the difference of their potentials.

A junction of conductance g between cells i and j injects g (v_j - v_i) into i, and the opposite into j. The
kernels take currents that are constant during a step; from t_k to t_{k+1} it is the one of the potentials
extrapolated to the middle of the step, v_k + (v_k - v_{k-1}) / 2, as in the two-step method of Adams and
Bashforth (Hairer, Norsett & Wanner 1993, section III.1): order 2 where potentials are smooth. A cell that has
spiked at t_k counts with v_k alone, since it may have been reset.

Each thread notes the potentials of its cells before the barrier; there are two sets, used in turn.

The method is stable up to dt = 1 / l, where l is the largest eigenvalue of C^-1 (D - G): G are the
conductances between cells, D their sums over the junctions of each, and C the capacitances. The leak makes it
longer by one in 12 (tau_m / dt)**2 only. For a pair of equal cells that is cm / (2 g).
"""

from dataclasses import dataclass

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import jit
from ..compiling.lowlevel import float64_at, int32_at, int64_at
from .groups import SynapseGroup, count_sort

# The words of a row of the table of coupled blocks.
BLOCK = 0  # index of the block
VOLTAGES = 1  # address of v, mV (float64)
PREVIOUS = 2  # address of v one step earlier
MIDDLES = 3  # address of the extrapolated potentials of all coupled blocks, float64 [2, width]
WIDTH = 4
OFFSET = 5  # of the block's cells among these
FIRST = 6  # address of where the junctions of each cell begin, int64 [cells + 1]
NEIGHBOURS = 7  # address of the places of the cells at the other side, among all (int64)
CONDUCTANCES = 8  # address, uS (float64)
INJECTED = 9  # address of the currents from other sources, nA (float64), or 0
INTO = 10  # address of the currents that the block's kernel takes, nA (float64)
COUPLED_ROW = 11


MOST_ITERATIONS = 1000


class TooStrong(ValueError):
    """Junctions through which potentials would diverge.

    block, cell   index of the block, and of the cell within it, that would most
    g, cm         its conductances together, uS, and its capacitance, nF
    longest       time step with which they would not, ms
    """

    def __init__(self, block, cell, g, cm, longest):
        super().__init__(f"cell {cell} of block {block}: {g} uS and {cm} nF")
        self.block, self.cell, self.g, self.cm, self.longest = block, cell, g, cm, longest


@dataclass(eq=False)
class JunctionGroup(SynapseGroup):
    """Gap junctions between the cells of two blocks; weights are conductances, uS. No spikes go through."""


class Coupling:
    """All junctions of a network, and the potentials that they see.

    blocks     indices of the coupled blocks
    middles    float64 [2, cells of these blocks]: potentials extrapolated to the middle of the next
               step, by the parity of the last one, mV
    previous   float64 [cells of these blocks]: potentials at the last step, mV
    """

    def __init__(self):
        self.blocks = []
        self.middles = np.zeros((2, 0))
        self.previous = np.zeros(0)

    def connect(self, junctions, blocks):
        """Write down who is connected to whom. What has been noted of potentials is forgotten.

        junctions   as of `coupling.junctions_of`
        """
        self.blocks = sorted({index for source, target, *_ in junctions for index in (source, target)})
        ends = np.cumsum([blocks[index].n for index in self.blocks])
        width = int(ends[-1]) if len(ends) else 0
        self.offsets = dict(zip(self.blocks, np.append(0, ends), strict=False))
        if self.middles.shape[1] != width:
            self.middles, self.previous = np.full((2, width), np.nan), np.full(width, np.nan)
        ones, others, conductances = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        for source, target, pre, post, g in junctions:
            a = pre + self.offsets[source]
            b = post.astype(np.int64) + self.offsets[target]
            ones += [a, b]
            others += [b, a]
            conductances += [g, g]
        order, self.first = count_sort(np.concatenate(ones), width)
        self.neighbours = np.concatenate(others)[order]
        self.conductances = np.ascontiguousarray(np.concatenate(conductances)[order], dtype=np.float64)

    def check(self, blocks, dt):
        """Raise TooStrong unless the time step (ms) is short enough for all junctions."""
        if not len(self.neighbours):
            return
        cm = np.concatenate([_capacitances(blocks[index]) for index in self.blocks])
        ones = np.repeat(np.arange(len(cm)), np.diff(self.first))
        g = np.bincount(ones, self.conductances, len(cm))
        rates = g / cm
        if dt * np.max(rates[ones] + rates[self.neighbours]) < 1.0:  # no eigenvalue is larger than that
            return
        largest, v = self._fastest_decay(ones, g, cm)
        if dt * largest >= 1.0:
            place = int(np.argmax(np.abs(v)))
            index = max(index for index in self.blocks if self.offsets[index] <= place)
            raise TooStrong(index, place - int(self.offsets[index]), g[place], cm[place], 1.0 / largest)

    def _fastest_decay(self, ones, g, cm):
        """The largest rate at which differences of potentials decay, per ms, and these: power iteration."""
        root = np.sqrt(cm)
        v = np.random.default_rng(1).standard_normal(len(cm))
        rate = 0.0
        for _ in range(MOST_ITERATIONS):
            v /= np.linalg.norm(v)
            u = v / root
            flow = (g * u - np.bincount(ones, self.conductances * u[self.neighbours], len(cm))) / root
            before, rate = rate, float(v @ flow)
            if abs(rate - before) <= 1e-9 * rate:
                break
            v = flow
        return rate, v / root

    def begin(self, blocks, step):
        """Look at potentials that have been set by hand since the last step."""
        for index in self.blocks:
            mine = slice(self.offsets[index], self.offsets[index] + blocks[index].n)
            v = blocks[index].state["v"]
            middles = self.middles[step & 1, mine]
            middles[:] = np.where(v == self.previous[mine], middles, v)
            self.previous[mine] = v

    def forget(self):
        self.previous[:] = np.nan

    def rows(self, blocks):
        """Rows of the run loop's table."""
        rows = []
        for index in self.blocks:
            block, offset = blocks[index], int(self.offsets[index])
            words = np.zeros(COUPLED_ROW, dtype=np.int64)
            words[BLOCK] = index
            words[VOLTAGES] = address_of(block.state["v"])
            words[PREVIOUS] = address_of(self.previous) + 8 * offset
            words[MIDDLES] = address_of(self.middles)
            words[WIDTH] = self.middles.shape[1]
            words[OFFSET] = offset
            words[FIRST] = address_of(self.first) + 8 * offset
            words[NEIGHBOURS] = address_of(self.neighbours)
            words[CONDUCTANCES] = address_of(self.conductances)
            words[INJECTED] = 0 if block.injected is None else address_of(block.injected)
            words[INTO] = address_of(block.coupled)
            rows.append(words)
        return rows


def _capacitances(block):
    """Of the cells of a block, nF; infinite where nobody knows."""
    return np.broadcast_to(np.asarray(block.parameters.get("cm", block.model.cm), dtype=float), block.n)


@jit
def note_potentials(coupled, ranges, counts, spikes, step):
    """Note the potentials of a thread's cells after `step`.

    ranges           [blocks, 2]: the cells of the thread
    counts, spikes   [blocks]: the number of its cells that spiked, and the address of these (int32)
    """
    for k in range(len(coupled)):
        row = coupled[k]
        block = row[BLOCK]
        first, last = ranges[block, 0], ranges[block, 1]
        v = float64_at(row[VOLTAGES], last)
        previous = float64_at(row[PREVIOUS], last)
        middles = float64_at(row[MIDDLES] + 8 * ((step & 1) * row[WIDTH] + row[OFFSET]), last)
        for i in range(first, last):
            middles[i] = v[i] + 0.5 * (v[i] - previous[i])
            previous[i] = v[i]
        for i in int32_at(spikes[block], counts[block]):
            middles[i] = v[i]


@jit
def couple(coupled, ranges, step):
    """Sum the currents into a thread's cells for the step to `step`."""
    for k in range(len(coupled)):
        row = coupled[k]
        first, last = ranges[row[BLOCK], 0], ranges[row[BLOCK], 1]
        middles = float64_at(row[MIDDLES] + 8 * (((step - 1) & 1) * row[WIDTH]), row[WIDTH])
        bounds = int64_at(row[FIRST], last + 1)
        neighbours = int64_at(row[NEIGHBOURS], bounds[last])
        conductances = float64_at(row[CONDUCTANCES], bounds[last])
        into = float64_at(row[INTO], last)
        for i in range(first, last):
            current = float64_at(row[INJECTED] + 8 * i, 1)[0] if row[INJECTED] != 0 else 0.0
            for m in range(bounds[i], bounds[i + 1]):
                current += conductances[m] * (middles[neighbours[m]] - middles[row[OFFSET] + i])
            into[i] = current
