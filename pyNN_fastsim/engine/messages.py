"""
What the processes of a network tell each other after the steps of a shortest delay, and how.

A message is a list of int32 words:

    LENGTH    how many words it has
    FAILED    1 if its process can't go on
    REACHED   the last step that it has done; STOPPED if it has failed before the first of those exchanged
    ...       for each step and block that has spikes: which of the steps, times the number of blocks, plus
              the block; the number of spikes; and the cells

The first HEAD words of all messages are exchanged by one `MPI_Allgather`: up to a few dozen spikes, that is
all. Where a message is longer, all of them are exchanged once more, whole, by `MPI_Allgatherv`.
"""

from .compiling.compile import entry, jit
from .compiling.lowlevel import call_mpi, int32_at, int64_at
from .profile import PROFILE_ROW, WAITING, lap, start_clock
from .tables import (
    EXCHANGE_AT,
    FAILED_BLOCK,
    FAILED_STEP,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    N_BLOCKS,
    N_THREADS,
    WORDS,
    core_at,
    spikes_at,
)

# The words of a message.
LENGTH = 0
FAILED = 1
REACHED = 2
BEGIN = 3  # of what follows
HEAD = 64
STOPPED = -1

# The words of `Tables.exchange` (int64 each).
PERIOD = 0  # steps between two exchanges
RANK = 1
SIZE = 2
ALLGATHER = 3  # addresses of MPI's functions
ALLGATHERV = 4
COMM = 5  # handles of MPI
INT32 = 6
SENDS = 7  # address of which blocks' spikes somebody needs (int32 [blocks])
SENT = 8  # address of this process's message, ...
SENT_ROOM = 9  # ... and the words for which there is room
HEADS = 10  # address of the heads of all messages
RECEIVED = 11  # address of all messages, ...
RECEIVED_ROOM = 12
SIZES = 13  # address of their lengths, and where each begins: int32 [2 * SIZE]
STATE = 14  # what has come of the last exchange: one of the following
DONE = 15  # the last step that all processes have done
ERROR = 16  # what MPI returned, if that is not 0
N_EXCHANGES = 17
N_WORDS = 18  # received so far
CLOCK_ROW = 19  # address of a row of a profile, whose WAITING is the time that exchanges have taken
EXCHANGE_ROW = 20

# What comes of an exchange.
GOING_ON = 0
LOGS_ARE_FULL = 1  # recorded spikes must be collected, after these are delivered
SEND_NEEDS_ROOM = 2  # nothing has been exchanged yet, SENT must have room for LENGTH words
RECEIVED_NEEDS_ROOM = 3  # the heads have been exchanged, RECEIVED must have room for all
ENDED = 4  # a process can't go on
BROKEN = 5  # MPI says so


@entry(3)
def exchange_spikes(address, first, last):
    """Exchange the spikes of the steps `first` to `last`; STATE tells what has come of it."""
    words = int64_at(address, WORDS)
    row = int64_at(words[EXCHANGE_AT], EXCHANGE_ROW)
    clock = int64_at(row[CLOCK_ROW], PROFILE_ROW)
    start_clock(clock)
    row[STATE] = _exchange(words, row, first, last)
    lap(clock, clock, WAITING)
    return 0


@jit
def _exchange(words, row, first, last):
    size, type_, comm = row[SIZE], row[INT32], row[COMM]
    heads = int32_at(row[HEADS], size * HEAD)
    if row[STATE] != RECEIVED_NEEDS_ROOM:
        length = _write(words, row, first, last)
        if length > row[SENT_ROOM]:
            return SEND_NEEDS_ROOM
        row[ERROR] = call_mpi(row[ALLGATHER], row[SENT], HEAD, type_, row[HEADS], HEAD, type_, comm, 0)
        if row[ERROR] != 0:
            return BROKEN
        row[N_EXCHANGES] += 1
        row[N_WORDS] += len(heads)
    failed = 0
    row[DONE] = last
    for process in range(size):
        failed |= heads[process * HEAD + FAILED]
        row[DONE] = min(row[DONE], max(heads[process * HEAD + REACHED], first - 1))
    if failed != 0:
        return ENDED
    sizes = int32_at(row[SIZES], 2 * size)
    longest = total = 0
    for process in range(size):
        sizes[process] = heads[process * HEAD + LENGTH]
        sizes[size + process] = total
        longest = max(longest, sizes[process])
        total += sizes[process]
    if longest > HEAD:
        if total > row[RECEIVED_ROOM]:
            return RECEIVED_NEEDS_ROOM
        n = sizes[row[RANK]]
        offsets = row[SIZES] + 4 * size
        row[ERROR] = call_mpi(
            row[ALLGATHERV], row[SENT], n, type_, row[RECEIVED], row[SIZES], offsets, type_, comm
        )
        if row[ERROR] != 0:
            return BROKEN
        row[N_WORDS] += total
    _note(words, row, first, last, longest <= HEAD)
    return LOGS_ARE_FULL if _logs_are_full(words, row[PERIOD]) else GOING_ON


@jit
def _write(words, row, first, last):
    """Write this process's message, as far as there is room; returns its length."""
    core = core_at(words)
    n_blocks, room = words[N_BLOCKS], row[SENT_ROOM]
    sends, message = int32_at(row[SENDS], n_blocks), int32_at(row[SENT], room)
    length = BEGIN
    for step in range(first, last + 1):
        counts, spikes = spikes_at(core, step)
        for b in range(n_blocks):
            n = 0
            for owner in range(core.first_owner, core.first_owner + words[N_THREADS]):
                n += counts[owner, b]
            if n == 0 or sends[b] == 0:
                continue
            if length + 2 + n <= room:
                message[length] = (step - first) * n_blocks + b
                message[length + 1] = n
                _write_cells(words, counts, spikes, b, message, length + 2)
            length += 2 + n
    message[LENGTH] = length
    message[FAILED] = 0
    message[REACHED] = last
    for thread in range(words[N_THREADS]):
        if core.threads[thread, FAILED_BLOCK] >= 0:
            message[FAILED] = 1
            message[REACHED] = min(message[REACHED], core.threads[thread, FAILED_STEP])
    return length


@jit
def _write_cells(words, counts, spikes, block, message, place):
    first_owner = core_at(words).first_owner
    for owner in range(first_owner, first_owner + words[N_THREADS]):
        cells = int32_at(spikes[owner, block], counts[owner, block])
        for k in range(len(cells)):
            message[place + k] = cells[k]
        place += len(cells)


@jit
def _note(words, row, first, last, only_heads):
    """Note the spikes of other processes among those of all owners."""
    core = core_at(words)
    size, rank, n_threads = row[SIZE], row[RANK], words[N_THREADS]
    offsets = int32_at(row[SIZES] + 4 * size, size)
    for process in range(size):
        if process == rank:
            continue
        owner = process if process < rank else process - 1 + n_threads
        for step in range(first, last + 1):
            counts, _ = spikes_at(core, step)
            for b in range(words[N_BLOCKS]):
                counts[owner, b] = 0
        address = row[HEADS] + 4 * HEAD * process if only_heads else row[RECEIVED] + 4 * offsets[process]
        message = int32_at(address, int32_at(row[SIZES], size)[process])
        place = BEGIN
        while place < len(message):
            key, n = message[place], message[place + 1]
            counts, spikes = spikes_at(core, first + key // words[N_BLOCKS])
            counts[owner, key % words[N_BLOCKS]] = n
            spikes[owner, key % words[N_BLOCKS]] = address + 4 * (place + 2)
            place += 2 + n


@jit
def _logs_are_full(words, period):
    """Whether there may not be room for the spikes of another `period` steps."""
    threads = core_at(words).threads
    for thread in range(len(threads)):
        own = threads[thread]
        if own[LOG_LENGTH] + own[LOG_SLACK] * period > own[LOG_CAPACITY]:
            return True
    return False
