"""
What the run loop runs over: tables of words, and how compiled code finds them.
"""

from typing import NamedTuple

import numpy as np

from .compiling.addresses import address_of
from .compiling.compile import jit
from .compiling.lowlevel import floats2_at, int64_at, table2_at, table3_at
from .neurons import kernel
from .profile import BLOCK_ROW, PROFILE_ROW
from .recording.samplers import SAMPLER_ROW
from .sources import currents
from .synapses import dynamic
from .synapses.arrival import ARRIVAL_ROW
from .synapses.gap import COUPLED_ROW
from .synapses.groups import GROUP_ROW
from .synapses.history import HELD_ROW, HISTORY_ROW

# The words of `Tables.head`.
RING = 0  # address of the ring buffer
MASK = 1  # its number of slots, a power of two, minus one
WIDTH = 2  # places in a slot
BARRIER = 3  # address of the count of arrivals at the barrier, and of a flag to wait no longer
YIELD = 4  # address of the operating system's function that gives up the processor
STOP = 5  # address of the flags to stop after this step, two, used in turn
HEAD = 6  # words

# The words of a row of `Tables.threads`.
SCRATCH = 0  # address of as many int64 as the largest chunk of any model has cells
LOG = 1  # address of the recorded spikes: (cell, step) pairs of int32
LOG_CAPACITY = 2  # pairs
LOG_LENGTH = 3
LOG_SLACK = 4  # most that one step can add
FAILED_BLOCK = 5  # block and cell whose state is no longer finite; block -1 for none
FAILED_CELL = 6
THREAD_ROW = 16  # some of them unused, so that two threads do not write to one cache line


class Tables(NamedTuple):
    """What the loop runs over: int64 arrays of words named in the module of each kind of row.

    head          [HEAD]
    threads       [threads, THREAD_ROW]
    blocks        [blocks, kernel.ROW]
    ranges        [threads, blocks, 2]: the cells that a thread owns
    groups        [groups, synapses.GROUP_ROW], sorted by source block
    first_group   [blocks + 1]: where each source block's groups begin
    counts        [2, threads, blocks]: number of spikes in this step
    spikes        [2, threads, blocks]: address of the cells that spiked (int32)
    sources       [currents, currents.SOURCE_ROW]
    attachments   [attachments, currents.ATTACHMENT_ROW], sorted by block
    values        float64 [threads, currents]: last value of each current, nA
    renewed       [threads, currents]: 1 where this has just changed, or currents.NO_CELLS
    samplers      [samplers, SAMPLER_ROW]
    histories     [blocks with plastic synapses, history.HISTORY_ROW]
    held          [groups with axonal delays, history.HELD_ROW]
    observers     [samplers of synapses, dynamic.OBSERVER_ROW]
    coupled       [blocks with gap junctions, gap.COUPLED_ROW]
    arrivals      [groups delivered on arrival, arrival.ARRIVAL_ROW]
    profile       [threads, profile.PROFILE_ROW], or none of these if there is no profile
    parts         [threads, blocks, profile.BLOCK_ROW], likewise
    degrees       [blocks], as `profile.Profile` has them
    """

    head: np.ndarray
    threads: np.ndarray
    blocks: np.ndarray
    ranges: np.ndarray
    groups: np.ndarray
    first_group: np.ndarray
    counts: np.ndarray
    spikes: np.ndarray
    sources: np.ndarray
    attachments: np.ndarray
    values: np.ndarray
    renewed: np.ndarray
    samplers: np.ndarray
    histories: np.ndarray
    held: np.ndarray
    observers: np.ndarray
    coupled: np.ndarray
    arrivals: np.ndarray
    profile: np.ndarray
    parts: np.ndarray
    degrees: np.ndarray


@jit
def tables_at(words):
    """The tables, from their addresses and lengths; see `words_of`."""
    n_threads, n_blocks, n_groups = words[0], words[1], words[2]
    n_sources, n_attachments, n_samplers = words[3], words[4], words[5]
    n_histories, n_held, n_observers, n_coupled = words[6], words[7], words[8], words[9]
    n_arrivals, n_profiled = words[10], words[11]
    return Tables(
        int64_at(words[12], HEAD),
        table2_at(words[13], n_threads, THREAD_ROW),
        table2_at(words[14], n_blocks, kernel.ROW),
        table3_at(words[15], n_threads, n_blocks, 2),
        table2_at(words[16], n_groups, GROUP_ROW),
        int64_at(words[17], n_blocks + 1),
        table3_at(words[18], 2, n_threads, n_blocks),
        table3_at(words[19], 2, n_threads, n_blocks),
        table2_at(words[20], n_sources, currents.SOURCE_ROW),
        table2_at(words[21], n_attachments, currents.ATTACHMENT_ROW),
        floats2_at(words[22], n_threads, n_sources),
        table2_at(words[23], n_threads, n_sources),
        table2_at(words[24], n_samplers, SAMPLER_ROW),
        table2_at(words[25], n_histories, HISTORY_ROW),
        table2_at(words[26], n_held, HELD_ROW),
        table2_at(words[27], n_observers, dynamic.OBSERVER_ROW),
        table2_at(words[28], n_coupled, COUPLED_ROW),
        table2_at(words[29], n_arrivals, ARRIVAL_ROW),
        table2_at(words[30], n_profiled, PROFILE_ROW),
        table3_at(words[31], n_profiled, n_blocks, BLOCK_ROW),
        int64_at(words[32], n_blocks),
    )


WORDS = 33


def words_of(tables):
    """How many rows there are, and the addresses of all tables, as `run` wants them: int64 [WORDS]."""
    counted = (
        tables.threads,
        tables.blocks,
        tables.groups,
        tables.sources,
        tables.attachments,
        tables.samplers,
        tables.histories,
        tables.held,
        tables.observers,
        tables.coupled,
        tables.arrivals,
        tables.profile,
    )
    return np.array([len(t) for t in counted] + [address_of(t) for t in tables], dtype=np.int64)


def rows_of(rows, length):
    """Rows of words as one table, also where there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), length)
