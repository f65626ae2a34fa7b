"""
Where the time of a run goes: each thread reads the clock between the parts of a step, if it is asked to.

What a part has taken is counted in nanoseconds, and the spikes of each block, with the synapses that they
went through, where they are emitted. Without a profile all that costs a look at whether there is one.
"""

import ctypes
import os
import time

import numpy as np

from .compiling.addresses import address_in_system, address_of
from .compiling.compile import jit
from .compiling.lowlevel import call_clock, int32_at, int64_at
from .neurons.kernel import COUNTS, counts_at
from .synapses.dynamic import DynamicGroup

# The words of a thread's row.
CLOCK = 0  # address of the operating system's clock, ...
CLOCK_ARGUMENTS = 1  # ... and what it is called with, one of which is the address of TIME
TICK = 3  # nanoseconds of a unit of its first word; those of the second one are nanoseconds
TIME = 4  # two words that the clock writes
LAST = 6  # when it was read last, ns
CURRENTS, DELIVERY, PLASTICITY, RECORDING, WAITING, COUNTING = range(7, 13)  # ns of these parts
PROFILE_ROW = 13

# The words of a block's row for each thread.
UPDATE, SPIKES, STATIC, DYNAMIC = range(4)  # ns; spikes, and the synapses that they went through
BLOCK_ROW = 4


class Profile:
    """What the parts of a run have taken.

    seconds   of the whole
    steps     done
    samples   of states recorded
    threads   int64 [threads, PROFILE_ROW]
    blocks    int64 [threads, blocks, BLOCK_ROW]
    degrees   int64 [blocks]: addresses of the numbers of static and dynamic synapses, [cells, 2] (int64)
    """

    def __init__(self):
        self.seconds, self.steps, self.samples = 0.0, 0, 0
        self.threads = np.zeros((0, PROFILE_ROW), dtype=np.int64)
        self.blocks = np.zeros((0, 0, BLOCK_ROW), dtype=np.int64)

    def prepare(self, n_threads, blocks, groups):
        """Make room for a network as it is now; what was counted is kept if it is as large as it was."""
        if self.blocks.shape[:2] != (n_threads, len(blocks)):
            self.threads = np.zeros((n_threads, PROFILE_ROW), dtype=np.int64)
            for row in self.threads:
                write_clock(row)
            self.blocks = np.zeros((n_threads, len(blocks), BLOCK_ROW), dtype=np.int64)
            self.clear()
        self._degrees = [np.zeros((block.n, 2), dtype=np.int64) for block in blocks]
        for group in groups:
            self._degrees[group.source][:, int(isinstance(group, DynamicGroup))] += np.diff(group.first)
        self.degrees = np.array([address_of(degrees) for degrees in self._degrees], dtype=np.int64)

    def clear(self):
        """Forget what was counted."""
        self.seconds, self.steps, self.samples = 0.0, 0, 0
        self.threads[:, CURRENTS:] = 0
        self.blocks[:] = 0

    def note(self, samplers, first, last, seconds):
        """Count the steps `first` to `last`, which took so many seconds in all."""
        self.seconds += seconds
        self.steps += last + 1 - first
        for sampler in samplers:
            self.samples += sampler.width * (last // sampler.interval - (first - 1) // sampler.interval)

    def part(self, word):
        """Seconds that a part took, the mean over threads."""
        return float(self.threads[:, word].mean()) * 1e-9

    def updates(self, index):
        """Seconds that the update of a block took, the mean over threads."""
        return float(self.blocks[:, index, UPDATE].mean()) * 1e-9

    def events(self, index, word):
        """SPIKES of a block, or STATIC or DYNAMIC synapses that they went through."""
        return int(self.blocks[:, index, word].sum())


def write_clock(row):
    """Write into a thread's row what is needed to read the clock."""
    row[CLOCK] = address_in_system("QueryPerformanceCounter", "clock_gettime")
    arguments, row[TICK] = _clock_arguments(address_of(row[TIME:]))
    row[CLOCK_ARGUMENTS : CLOCK_ARGUMENTS + 2] = arguments


def _clock_arguments(written):
    """The clock's two arguments (Windows' takes no notice of the second), and the unit that it counts in."""
    if os.name == "nt":
        frequency = ctypes.c_int64()
        ctypes.windll.kernel32.QueryPerformanceFrequency(ctypes.byref(frequency))
        return (written, 0), 1_000_000_000 // frequency.value
    return (time.CLOCK_MONOTONIC, written), 1_000_000_000


@jit
def start_clock(row):
    """Read the clock at the beginning of a step."""
    call_clock(row[CLOCK], row[CLOCK_ARGUMENTS], row[CLOCK_ARGUMENTS + 1])
    row[LAST] = row[TIME] * row[TICK] + row[TIME + 1]


@jit
def lap(row, parts, part):
    """Add the time since the clock was read last to the word `part` of `parts`."""
    before = row[LAST]
    start_clock(row)
    parts[part] += row[LAST] - before


@jit
def count_events(parts, blocks, counts, spikes, ranges, degrees, step):
    """Count the spikes of a thread's cells in this step, and the synapses that they go through.

    parts            the thread's [blocks, BLOCK_ROW]
    blocks           [blocks, kernel.ROW]
    counts, spikes   of the thread, [blocks]: number of spikes in a list, and the address of the cells
    ranges           of the thread, [blocks, 2]
    """
    for b in range(len(blocks)):
        first, last = ranges[b, 0], ranges[b, 1]
        if blocks[b, COUNTS] != 0:
            many = int32_at(counts_at(blocks[b], step) + 4 * first, last - first)
            degree = int64_at(degrees[b] + 16 * first, 2 * (last - first))
            for i in range(len(many)):
                parts[b, SPIKES] += many[i]
                parts[b, STATIC] += many[i] * degree[2 * i]
                parts[b, DYNAMIC] += many[i] * degree[2 * i + 1]
        else:
            parts[b, SPIKES] += counts[b]
            for cell in int32_at(spikes[b], counts[b]):
                degree = int64_at(degrees[b] + 16 * cell, 2)
                parts[b, STATIC] += degree[0]
                parts[b, DYNAMIC] += degree[1]
