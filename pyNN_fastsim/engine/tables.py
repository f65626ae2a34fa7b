"""
What the run loop runs over: tables of words, and how compiled code finds them.
"""

from typing import NamedTuple

import numpy as np

from .compiling.addresses import address_of
from .compiling.compile import inlined
from .compiling.lowlevel import int64_at, table2_at, table3_at
from .neurons import kernel

# The words of `Tables.head`.
RING = 0  # address of the ring buffer
MASK = 1  # its number of slots, a power of two, minus one
WIDTH = 2  # places in a slot
BARRIER = 3  # address of the count of arrivals at the barrier, and of a flag to wait no longer
YIELD = 4  # address of the operating system's function that gives up the processor
STOP = 5  # address of the flags to stop after this step, two, used in turn
# Addresses of the parts of a step that only some networks have, or 0: see `parts.py`.
INJECT = 6
COUPLE = 7
SAMPLE = 8
NOTE_POTENTIALS = 9
COUNT_EVENTS = 10
DELIVER_OLDER = 11
NOTE_SPIKES = 12
DELIVER_HELD = 13
DELIVER_RECENT = 14
OBSERVE = 15
# Only where processes exchange spikes, see `exchange.py`; 0 otherwise.
KEEP_EMITTED = 16
EXCHANGE = 17
SHARE_POTENTIALS = 18
# Parts for graded transmission, and the address of what they need; 0 where there is none: see `graded.py`.
RECEIVE = 19
TRANSMIT = 20
PROPAGATE = 21
GRADED_AT = 22
SHARE_TRANSMITTED = 23  # only where processes do
HEAD = 24  # words

# The words of a row of `Tables.threads`.
SCRATCH = 0  # address of as many int64 as the largest chunk of any model has cells
LOG = 1  # address of the recorded spikes: (cell, step) pairs of int32
LOG_CAPACITY = 2  # pairs
LOG_LENGTH = 3
LOG_SLACK = 4  # most that one step can add
FAILED_BLOCK = 5  # block and cell whose state is no longer finite; block -1 for none
FAILED_CELL = 6
FAILED_STEP = 7  # in which that was noticed
THREAD_ROW = 16  # some of them unused, so that two threads do not write to one cache line


class Tables(NamedTuple):
    """What the loop runs over: int64 arrays of words named in the module of each kind of row.

    head          [HEAD]
    threads       [threads, THREAD_ROW]
    blocks        [blocks, kernel.ROW]
    ranges        [threads, blocks, 2]: the cells that a thread owns
    groups        [groups, synapses.GROUP_ROW], sorted by source block
    first_group   [blocks + 1]: where each source block's groups begin
    counts        [steps, owners, blocks]: number of spikes in a step, at this modulo `steps`, a power of two
    spikes        [steps, owners, blocks]: address of the cells that spiked (int32)
                  The owners are the threads of this process, and each other process, in their order.
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
    exchange      [messages.EXCHANGE_ROW], or none if this is the only process
    potentials    [coupling.POTENTIALS_ROW], or none if this is, or if there are no gap junctions
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
    exchange: np.ndarray
    potentials: np.ndarray


# The places of addresses and numbers of rows among the words that `words_of` makes.
_COUNTED = (
    "threads", "blocks", "groups", "sources", "attachments", "samplers", "histories", "held", "observers",
    "coupled", "arrivals", "profile",
)  # fmt: skip
N_THREADS, N_BLOCKS, N_GROUPS, N_SOURCES, N_ATTACHMENTS, N_SAMPLERS = range(6)
N_HISTORIES, N_HELD, N_OBSERVERS, N_COUPLED, N_ARRIVALS, N_PROFILED = range(6, 12)
HEAD_AT, THREADS_AT, BLOCKS_AT, RANGES_AT, GROUPS_AT, FIRST_GROUP_AT, COUNTS_AT, SPIKES_AT = range(12, 20)
SOURCES_AT, ATTACHMENTS_AT, VALUES_AT, RENEWED_AT, SAMPLERS_AT, HISTORIES_AT, HELD_AT = range(20, 27)
OBSERVERS_AT, COUPLED_AT, ARRIVALS_AT, PROFILE_AT, PARTS_AT, DEGREES_AT, EXCHANGE_AT = range(27, 34)
POTENTIALS_AT = 34
N_STEPS, N_OWNERS, FIRST_OWNER, WORDS = range(35, 39)  # the last: of this process's threads


class Core(NamedTuple):
    """Those of the `Tables` that every network has rows of.

    counts, spikes   [steps, owners, blocks]
    first_owner      which of the owners this process's first thread is
    """

    head: np.ndarray
    threads: np.ndarray
    blocks: np.ndarray
    ranges: np.ndarray
    counts: np.ndarray
    spikes: np.ndarray
    first_owner: int


@inlined
def core_at(words):
    """The `Core`, from addresses and lengths; what needs other tables gets at these itself."""
    n_threads, n_blocks = words[N_THREADS], words[N_BLOCKS]
    return Core(
        int64_at(words[HEAD_AT], HEAD),
        table2_at(words[THREADS_AT], n_threads, THREAD_ROW),
        table2_at(words[BLOCKS_AT], n_blocks, kernel.ROW),
        table3_at(words[RANGES_AT], n_threads, n_blocks, 2),
        table3_at(words[COUNTS_AT], words[N_STEPS], words[N_OWNERS], n_blocks),
        table3_at(words[SPIKES_AT], words[N_STEPS], words[N_OWNERS], n_blocks),
        words[FIRST_OWNER],
    )


def words_of(tables, first_owner=0):
    """How many rows there are, and the addresses of all tables, as the run loop wants them: int64 [WORDS]."""
    lengths = [len(getattr(tables, name)) for name in _COUNTED]
    addresses = [address_of(table) for table in tables]
    return np.array([*lengths, *addresses, *tables.counts.shape[:2], first_owner], dtype=np.int64)


@inlined
def spikes_at(core, step):
    """Numbers and addresses of the cells that spiked in a step: [owners, blocks] each."""
    place = step & (len(core.counts) - 1)
    return core.counts[place], core.spikes[place]


@inlined
def slot_of(head, step):
    """Address of the slot of the ring buffer for what arrives at a step."""
    return head[RING] + 8 * (step & head[MASK]) * head[WIDTH]


def rows_of(rows, length):
    """Rows of words as one table, also where there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), length)
