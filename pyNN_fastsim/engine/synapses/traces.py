"""
Sums over the past spikes of a cell, with which a plastic synapse goes through any number of them at once.

Under the rules of STDP a postsynaptic spike changes a weight by the trace of presynaptic spikes, which only
decays between two of these: x exp(-r (t_i + D - L)), where x was the trace at step L, t_i are the steps of
the spikes and D is the dendritic delay. Of the sums of this over spikes, which synapses ask for again and
again, the parts that are the same for all of them are kept beside the spikes (history.py).

Time is cut into epochs of 2**shift steps, at most SPAN time constants long. Each spike has an entry with
exp(-r (t_i - E)), where E is the beginning of its epoch, the sum of these since then, and the trace of
postsynaptic spikes. The sum over any row of spikes is then one exponential and one difference for each epoch;
epochs are short, so that the difference of two sums loses nothing that matters (a factor of exp(SPAN) of the
rounding error).
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import inlined, jit
from ..compiling.fastmath import exp
from ..compiling.lowlevel import float64_at, int64_at

SPAN = 4.0

# An entry (float64 each).
PART = 0  # decay of the trace of presynaptic spikes since the beginning of the epoch
SUM = 1  # of these, of the spikes of the epoch up to this one
FIRST = 2  # number of the first spike of the epoch
Y = 3  # trace of postsynaptic spikes, this one included
ENTRY = 4

# The words of a row of the table of traces (int64 each).
ENTRIES = 0  # address, float64 [cells, room, ENTRY]
RATES = 1  # address of the decay of the traces of pre- and postsynaptic spikes, per step (float64)
EPOCH = 2  # an epoch has 2**EPOCH steps
TRACE_ROW = 3


class Trace:
    """The entries for spikes of the cells of a block, for one pair of time constants.

    rates     float64 [2]: decay of the traces of pre- and postsynaptic spikes, per step
    epoch     an epoch has 2**epoch steps
    entries   float64 [cells, room, ENTRY], as `SpikeHistory.spikes`
    """

    def __init__(self, rates, spikes, counts):
        self.rates = np.array(rates, dtype=np.float64)
        self.epoch = int(np.clip(np.floor(np.log2(SPAN / max(self.rates[0], 1e-300))), 0, 30))
        self.entries = np.zeros((*spikes.shape, ENTRY))
        self._begin(spikes, counts)

    @staticmethod
    def is_possible(rates):
        """Whether epochs of whole steps are short enough."""
        return rates[0] <= SPAN

    def _begin(self, spikes, counts):
        """Make the entries of the spikes that are there; those before them don't matter."""
        cells, room = np.arange(len(counts)), spikes.shape[1]
        y, total, first, last = (np.zeros(len(counts)) for _ in range(4))
        for back in range(min(room, int(counts.max(initial=0))), 0, -1):
            n = counts - back
            step = spikes[cells, n % room].astype(np.int64)
            begin = step >> self.epoch << self.epoch
            part = np.exp(-self.rates[0] * (step - begin))
            anew = (n <= 0) | (last < begin)
            total, first = np.where(anew, 0.0, total) + part, np.where(anew, n, first)
            y = np.where(n <= 0, 0.0, y * np.exp(-self.rates[1] * (step - last))) + 1.0
            self.entries[cells, n % room] = np.stack([part, total, first, y], axis=1)
            last = step

    def enlarge(self, counts, room):
        """Have room for so many spikes of a cell."""
        old, cells = self.entries, np.arange(len(counts))
        self.entries = np.zeros((len(counts), room, ENTRY))
        for back in range(1, old.shape[1] + 1):
            n = counts - back
            self.entries[cells, n % room] = old[cells, n % old.shape[1]]

    def row(self):
        return address_of(self.entries), address_of(self.rates), self.epoch


@jit
def note_spike(row, cell, mask, n, before, step):
    """Make the entry of spike number `n` of a cell; the one before it was at step `before`."""
    rates = float64_at(row[RATES], 2)
    entries = float64_at(row[ENTRIES] + 8 * ENTRY * (mask + 1) * cell, ENTRY * (mask + 1))
    epoch = row[EPOCH]
    new, old = ENTRY * (n & mask), ENTRY * ((n - 1) & mask)
    part = exp(-rates[0] * float(step - (step >> epoch << epoch)))
    goes_on = n > 0 and before >> epoch == step >> epoch
    entries[new + PART] = part
    entries[new + SUM] = (entries[old + SUM] if goes_on else 0.0) + part
    entries[new + FIRST] = entries[old + FIRST] if goes_on else float(n)
    entries[new + Y] = (entries[old + Y] * exp(-rates[1] * float(step - before)) if n > 0 else 0.0) + 1.0


@jit
def note_in_traces(traces, n_traces, cell, mask, n, before, step):
    """The same in all traces; `traces` is the address of their table."""
    for k in range(n_traces):
        note_spike(int64_at(traces + 8 * TRACE_ROW * k, TRACE_ROW), cell, mask, n, before, step)


@inlined
def decayed_trace(y, entries, mask, first, end, steps_rate):
    """The trace of postsynaptic spikes after the spikes `first` to `end` - 1.

    y            what it was after the one before these
    steps_rate   decay from that one to the last of them: time over time constant

    A synapse that has been there from the beginning has the trace of the cell, to the last bit.
    """
    trace = entries[ENTRY * ((end - 1) & mask) + Y]
    missed = y - entries[ENTRY * ((first - 1) & mask) + Y] if first > 0 else 0.0
    return trace if missed == 0.0 else trace + missed * exp(-steps_rate)


@jit
def sum_of_rises(entries, spikes, mask, epoch, first, end, last, dendrite, rate):
    """The sum of exp(-rate (t + dendrite - last)) over the spikes `first` to `end` - 1 of a cell."""
    total = 0.0
    k = end - 1
    while k >= first:
        entry = ENTRY * (k & mask)
        begin = int(entries[entry + FIRST])
        before = entries[ENTRY * ((first - 1) & mask) + SUM] if begin < first else 0.0
        lag = float((np.int64(spikes[k & mask]) >> epoch << epoch) - last) + dendrite
        total += exp(-rate * lag) * (entries[entry + SUM] - before)
        k = begin - 1
    return total


@jit
def product_of_rests(entries, spikes, mask, epoch, first, end, last, dendrite, rate, size):
    """The product of 1 - size exp(-rate (t + dendrite - last)), but at least 0, over the same spikes."""
    rest = other = 1.0
    k = end - 1
    while k >= first:
        begin = max(int(entries[ENTRY * (k & mask) + FIRST]), first)
        lag = float((np.int64(spikes[k & mask]) >> epoch << epoch) - last) + dendrite
        scaled = size * exp(-rate * lag)
        while k > begin:  # two at a time, so that none waits for the one before
            rest *= max(1.0 - scaled * entries[ENTRY * (k & mask) + PART], 0.0)
            other *= max(1.0 - scaled * entries[ENTRY * ((k - 1) & mask) + PART], 0.0)
            k -= 2
        if k == begin:
            rest *= max(1.0 - scaled * entries[ENTRY * (k & mask) + PART], 0.0)
            k -= 1
    return rest * other
