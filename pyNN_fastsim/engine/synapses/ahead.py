"""
What graded connections with long delays bring, summed for BLOCK steps at a time.

What arrives in BLOCK steps over connections whose delay is at least BLOCK was transmitted before the first of
them: each such connection need be looked at only once. It brings w times BLOCK past values that follow one
another. For that, past values are kept cell by cell, each cell's twice in a row, so that no window is cut.

Connections are gone through source by source: the past of one source fits the fastest cache. Shorter delays
are looked at in each step. What a target receives is added up in the order of sources, whatever range of
targets a thread has, and blocks begin at multiples of BLOCK: results depend neither on threads nor on where
runs are cut.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import jit, vectorised
from ..compiling.lowlevel import float64_at, int64_at, uint16_at, uint32_at
from .groups import MAX_DELAY

BLOCK = 8

# The words of the table of a group.
N_SOURCES = 0
LONG_FIRST = 1  # address of where the connections of each source begin, int64 [sources + 1]
LONG_TARGETS = 2  # address (uint32)
LONG_DELAYS = 3  # address, steps (uint16)
LONG_WEIGHTS = 4  # address (float64)
SHORT_FIRST = 5  # likewise, of each target
SHORT_SOURCES = 6
SHORT_DELAYS = 7
SHORT_WEIGHTS = 8
PAST = 9  # address of past values, float64 [sources, 2 slots]
SLOTS = 10
SUMS = 11  # address of what has been summed, float64 [targets, BLOCK]
BEGIN = 12  # step before the first one of a run
N_TARGETS = 13
TABLE = 14


def most_steps(delays):
    """For how many steps what connections bring, if summed ahead, follows from what has been transmitted
    before the second one: all steps of a block are summed in any of them."""
    long = delays[delays >= BLOCK]
    return max(int(long.min()) - (BLOCK - 2), 1) if len(long) else MAX_DELAY


class Ahead:
    """The connections of a group in the order in which they are summed.

    first      int64 [targets + 1]: where each one's connections begin
    sources, weights, delays
               of each connection: int64, float64, uint16 (steps)
    past       float64 [sources, 2 slots]: of step k at k modulo the slots, twice
    """

    def __init__(self, first, sources, weights, delays, past):
        n = len(first) - 1
        targets = np.repeat(np.arange(n), np.diff(first))
        weights = np.broadcast_to(weights, len(targets))
        is_long = delays >= BLOCK
        order = np.flatnonzero(is_long)
        order = order[np.argsort(sources[order], kind="stable")]
        short = np.flatnonzero(~is_long)
        n_sources = len(past)
        self._arrays = [
            np.searchsorted(sources[order], np.arange(n_sources + 1)).astype(np.int64),
            targets[order].astype(np.uint32),
            delays[order].astype(np.uint16),
            weights[order].astype(np.float64),
            np.searchsorted(targets[short], np.arange(n + 1)).astype(np.int64),
            sources[short].astype(np.uint32),
            delays[short].astype(np.uint16),
            weights[short].astype(np.float64),
        ]
        self._sums = np.zeros((n, BLOCK))
        self.table = np.zeros(TABLE, dtype=np.int64)
        self.table[N_SOURCES], self.table[N_TARGETS] = n_sources, n
        self.table[LONG_FIRST : SHORT_WEIGHTS + 1] = [address_of(array) for array in self._arrays]
        self.table[PAST], self.table[SLOTS] = address_of(past), past.shape[1] // 2
        self.table[SUMS], self.table[BEGIN] = address_of(self._sums), -1


@jit
def note(past, slots, first, last, step, values):
    """Write down the values (float64, from that of cell 0 on) of the cells [first, last) at `step`."""
    place = step & (slots - 1)
    for i in range(first, last):
        row = float64_at(past + 16 * slots * i, 2 * slots)
        row[place] = values[i]
        row[place + slots] = values[i]


@vectorised
def _add_times(sums, x, past):
    for k in range(len(sums)):
        sums[k] += x * past[k]


@jit
def _spread(w, targets, delays, now, sums):
    """Add w times BLOCK past values of one source, at an address, to those of its targets, at another."""
    for j in range(len(w)):
        past = float64_at(now - 8 * int(delays[j]), BLOCK)
        _add_times(float64_at(sums + 8 * BLOCK * int(targets[j]), BLOCK), w[j], past)


@jit
def _place(targets, lo, hi, target):
    """The first place in ascending `targets` from lo on with at least `target`."""
    while lo < hi:
        middle = (lo + hi) // 2
        if targets[middle] < target:
            lo = middle + 1
        else:
            hi = middle
    return lo


@jit
def _sum_block(t, first, last, step):
    sums = float64_at(t[SUMS], BLOCK * t[N_TARGETS])
    for k in range(BLOCK * first, BLOCK * last):
        sums[k] = 0.0
    n, slots = t[N_SOURCES], t[SLOTS]
    bounds = int64_at(t[LONG_FIRST], n + 1)
    targets = uint32_at(t[LONG_TARGETS], bounds[n])
    now = slots + (step & (slots - 1))
    for source in range(n):
        lo, hi = bounds[source], bounds[source + 1]
        if first > 0:
            lo = _place(targets, lo, hi, first)
        if last < t[N_TARGETS]:
            hi = _place(targets, lo, hi, last)
        m = hi - lo
        _spread(
            float64_at(t[LONG_WEIGHTS] + 8 * lo, m),
            uint32_at(t[LONG_TARGETS] + 4 * lo, m),
            uint16_at(t[LONG_DELAYS] + 2 * lo, m),
            t[PAST] + 16 * slots * source + 8 * now,
            t[SUMS],
        )


@jit
def sum_ahead(table, first, last, step, inputs):
    """What the targets [first, last) receive in the step after `step`, to `inputs`."""
    t = int64_at(table, TABLE)
    begin = step - step % BLOCK
    if step == begin or step == t[BEGIN]:
        _sum_block(t, first, last, begin)
    sums = float64_at(t[SUMS], BLOCK * t[N_TARGETS])
    slots = t[SLOTS]
    now = slots + (step & (slots - 1))
    bounds = int64_at(t[SHORT_FIRST], t[N_TARGETS] + 1)
    n = bounds[t[N_TARGETS]]
    weights, sources = float64_at(t[SHORT_WEIGHTS], n), uint32_at(t[SHORT_SOURCES], n)
    delays, past = uint16_at(t[SHORT_DELAYS], n), float64_at(t[PAST], 2 * slots * t[N_SOURCES])
    for i in range(first, last):
        total = sums[BLOCK * i + step - begin]
        for j in range(bounds[i], bounds[i + 1]):
            total += weights[j] * past[2 * slots * int(sources[j]) + now - int(delays[j])]
        inputs[i] = total
