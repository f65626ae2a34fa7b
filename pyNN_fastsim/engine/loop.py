"""
The compiled run loop, and the order of events within a step.

Step k takes the network from t_{k-1} to t_k. Every thread, for the cells that it owns:

    1. currents     where an injected current has changed at t_{k-1}, sum it afresh; those through gap
                    junctions follow from the potentials at t_{k-1} and t_{k-2}; what graded connections bring
                    follows from what was transmitted until t_{k-1}
    2. update       each block's kernel advances the state to t_k, adds what the ring buffer holds
                    for t_k to the synaptic variables, empties that slot, and lists the spikes at t_k
    3. record       spikes, and samples of the state at t_k; write down what is transmitted at t_k
    4. barrier      tell the others that the spikes are listed; of the groups that are delivered on arrival,
                    deliver what arrives at t_{k+1} of spikes before t_{k-1}, to the slot of that; then
                    wait until all threads have listed their spikes
    5. deliver      for each spike at t_k of any thread, in the order of blocks, projections and
                    cells: add the weights of its synapses to the slots of t_k + delay; then the spikes
                    with axonal delays that plastic synapses have been waiting for; then the others that
                    arrive at t_{k+1}, of the groups that are delivered on arrival; graded connections
                    learn, and sum what they bring in step k + 1
    6. observe      samples of the state of synapses after t_k

Step 0 runs the spike sources only: a source may spike at t_0. Threads share nothing that is written
but the lists of spikes, of which there are two, used in turn: one barrier a step is enough. What a
target receives is added in the same order for any number of threads, so results don't depend on it.

Sources with many spikes count them instead, for each cell. One-to-one projections add these numbers times
their weights in one go, when the spikes arrive; each thread does so with those of its own cells, so no other
reads them. Where a list is needed it is made.

Under mpirun (`exchange.py`) every process does 1 to 3 for the steps of a shortest delay, and then 5 and 6 for
these: what is added to a place of the ring buffer comes in the same order. What graded connections bring is
summed after each step, from what was transmitted before these steps or by this process.
"""

from . import tables
from .compiling.compile import entry, inlined, jit
from .compiling.lowlevel import (
    atomic_add,
    atomic_load,
    atomic_store,
    call_counts,
    call_kernel,
    call_part,
    call_synapses,
    call_yield,
    int32_at,
    int64_at,
    table2_at,
    table3_at,
    uint8_at,
)
from .messages import (
    EXCHANGE_ROW,
    GOING_ON,
    LOGS_ARE_FULL,
    PERIOD,
    RECEIVED_NEEDS_ROOM,
    SEND_NEEDS_ROOM,
    STATE,
)
from .neurons import kernel
from .profile import (
    BLOCK_ROW,
    CURRENTS,
    DELIVERY,
    PLASTICITY,
    PROFILE_ROW,
    RECORDING,
    UPDATE,
    WAITING,
    lap,
    start_clock,
)
from .synapses.groups import BY_COUNTS, GROUP_ROW, KERNEL, deliver, prefetch_targets
from .tables import (
    BARRIER,
    EXCHANGE_AT,
    FAILED_BLOCK,
    FAILED_CELL,
    FAILED_STEP,
    FIRST_GROUP_AT,
    GROUPS_AT,
    LOG,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    MASK,
    N_BLOCKS,
    N_GROUPS,
    N_PROFILED,
    N_THREADS,
    PARTS_AT,
    PROFILE_AT,
    RING,
    SCRATCH,
    STOP,
    WIDTH,
    WORDS,
    YIELD,
    core_at,
    slot_of,
    spikes_at,
)

AHEAD = 8  # groups between the one whose targets are being fetched and the one that is delivered
ALL, LISTED, COUNTED = range(3)  # what is delivered
SPINS = 4000  # looks at the barrier before giving up the processor


@jit
def _update_blocks(words, thread, step):
    """Advance this thread's cells to `step`; list and record their spikes. False on failure."""
    core = core_at(words)
    slot = slot_of(core.head, step)
    blocks, ranges, own = core.blocks, core.ranges[thread], core.threads[thread]
    all_counts, all_spikes = spikes_at(core, step)
    owner = core.first_owner + thread
    counts, spikes = all_counts[owner], all_spikes[owner]
    for b in range(len(blocks)):
        row = blocks[b]
        first, last = ranges[b, 0], ranges[b, 1]
        count = 0
        if first < last and (step > 0 or row[kernel.IS_SOURCE] == 1):
            count = call_kernel(
                row[kernel.KERNEL],
                row.ctypes.data,
                slot + 8 * row[kernel.CHANNEL],
                first,
                last,
                step,
                spikes[b],
                own[SCRATCH],
            )
            if count < 0:
                own[FAILED_BLOCK] = b
                own[FAILED_CELL] = -1 - count
                own[FAILED_STEP] = step
                return False
        counts[b] = count
        profile = table2_at(words[PROFILE_AT], words[N_PROFILED], PROFILE_ROW)
        if len(profile) > 0:
            lap(
                profile[thread],
                table3_at(words[PARTS_AT], words[N_PROFILED], words[N_BLOCKS], BLOCK_ROW)[thread, b],
                UPDATE,
            )
        if count > 0 and row[kernel.RECORD] != 0:
            _log_spikes(own, step, row, int32_at(spikes[b], count))
            _lap(words, thread, RECORDING)
    return True


@jit
def _lap(words, thread, part):
    """Where there is a profile, add the time since the clock was read last to a part of the step."""
    profile = table2_at(words[PROFILE_AT], words[N_PROFILED], PROFILE_ROW)
    if len(profile) > 0:
        lap(profile[thread], profile[thread], part)


@jit
def _log_spikes(words, step, row, spikes):
    """Record spikes; `words` are the row of this thread, `row` is that of the block."""
    log = int32_at(words[LOG], 2 * words[LOG_CAPACITY])
    wanted = uint8_at(row[kernel.RECORD], row[kernel.SIZE])
    place = words[LOG_LENGTH]
    for i in spikes:
        if wanted[i] and place < words[LOG_CAPACITY]:
            log[2 * place] = row[kernel.FIRST_ID] + i
            log[2 * place + 1] = step
            place += 1
    words[LOG_LENGTH] = place


@jit
def _arrive(head, n_threads):
    """Tell the others that this thread is here; returns what to wait for."""
    arrived = atomic_add(head[BARRIER], 1) + 1
    return ((arrived + n_threads - 1) // n_threads) * n_threads


@jit
def _wait(head, all_here):
    """Wait until every thread is here, or has been."""
    address = head[BARRIER]
    spins = 0
    while atomic_load(address) < all_here:
        spins += 1
        if spins > SPINS:
            if atomic_load(address + 8) != 0:
                return  # another thread has failed
            call_yield(head[YIELD])


@jit
def _deliver(words, thread, step, which):
    """Deliver this step's spikes, but those of groups that are delivered on arrival.

    which   ALL of them, those that are LISTED, or what arrives at the next step of those that are COUNTED
    """
    core = core_at(words)
    groups = table2_at(words[GROUPS_AT], words[N_GROUPS], GROUP_ROW)
    first_group = int64_at(words[FIRST_GROUP_AT], words[N_BLOCKS] + 1)
    counts, spikes = spikes_at(core, step)
    for b in range(len(core.blocks)):
        n_spikes = 0
        for owner in range(len(counts)):
            n_spikes += counts[owner, b]
        if n_spikes == 0 and core.blocks[b, kernel.COUNTS] == 0:
            continue
        last_group = first_group[b + 1]
        for g in range(first_group[b], last_group):
            if which == (LISTED if groups[g, BY_COUNTS] != 0 else COUNTED):
                continue
            if groups[g, BY_COUNTS] != 0:
                first, last = core.ranges[thread, b, 0], core.ranges[thread, b, 1]
                slot = slot_of(core.head, step + 1)
                address, source = groups[g].ctypes.data, core.blocks[b].ctypes.data
                call_counts(groups[g, KERNEL], address, source, first, last, slot, step)
                continue
            if g + AHEAD < last_group:
                for owner in range(len(counts)):
                    if counts[owner, b] > 0:
                        ahead = int32_at(spikes[owner, b], counts[owner, b])
                        prefetch_targets(groups[g + AHEAD], thread, ahead)
            _deliver_group(words, thread, groups[g], b, step)


@jit
def _deliver_group(words, thread, group, block, step):
    """Deliver the spikes of a group's source, a block given by its index."""
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    changes = group[KERNEL] != 0
    if changes:
        _lap(words, thread, DELIVERY)
    for owner in range(len(counts)):
        count = counts[owner, block]
        if count > 0 and changes:
            call_synapses(
                group[KERNEL],
                group.ctypes.data,
                thread,
                spikes[owner, block],
                count,
                core.head.ctypes.data,
                step,
                0,
                0,
            )
        elif count > 0:
            deliver(
                group,
                thread,
                int32_at(spikes[owner, block], count),
                core.head[RING],
                core.head[MASK],
                core.head[WIDTH],
                step,
            )
    if changes:
        _lap(words, thread, PLASTICITY)


@jit
def _call(words, word, thread, step):
    """Call a part of the step, if this network has it; `word` of the head has its address."""
    core = core_at(words)
    address = core.head[word]
    if address != 0:
        call_part(address, words.ctypes.data, thread, step)


@inlined
def _advance(words, thread, step):
    """Take this thread's cells to `step`: what is done before spikes are delivered. Sets the flag to stop."""
    core = core_at(words)
    head, own = core.head, core.threads[thread]
    flag = head[STOP] + 8 * (step & 1)
    profile = table2_at(words[PROFILE_AT], words[N_PROFILED], PROFILE_ROW)
    if len(profile) > 0:
        start_clock(profile[thread])
    if step > 0:
        _call(words, tables.INJECT, thread, step)
        _call(words, tables.COUPLE, thread, step)
        _call(words, tables.RECEIVE, thread, step)
    _lap(words, thread, CURRENTS)
    if not _update_blocks(words, thread, step):
        atomic_store(flag, 1)
    elif own[LOG_LENGTH] + own[LOG_SLACK] > own[LOG_CAPACITY]:
        atomic_store(flag, 1)
    _call(words, tables.SAMPLE, thread, step)
    _lap(words, thread, RECORDING)
    _call(words, tables.NOTE_POTENTIALS, thread, step)
    _call(words, tables.TRANSMIT, thread, step)
    _lap(words, thread, CURRENTS)
    _call(words, tables.COUNT_EVENTS, thread, step)


@inlined
def _finish(words, thread, step):
    """Deliver the spikes of a step that are listed, with the others that arrive at the next one."""
    _lap(words, thread, WAITING)
    _call(words, tables.NOTE_SPIKES, thread, step)
    _lap(words, thread, PLASTICITY)
    _deliver(words, thread, step, ALL)
    _lap(words, thread, DELIVERY)
    _call(words, tables.DELIVER_HELD, thread, step)
    _lap(words, thread, PLASTICITY)
    _call(words, tables.DELIVER_RECENT, thread, step)
    _call(words, tables.PROPAGATE, thread, step)
    _lap(words, thread, DELIVERY)
    _call(words, tables.OBSERVE, thread, step)
    _lap(words, thread, RECORDING)


@entry(4)
def run(address, thread, first_step, last_step):
    """Do steps `first_step` to `last_step`, both included, for one thread's cells.

    address   of what `words_of` made of the tables

    Returns the last step done, which is less than asked for if a buffer of recorded spikes is full
    or a state is no longer finite.
    """
    words = int64_at(address, WORDS)
    head = core_at(words).head
    for step in range(first_step, last_step + 1):
        _advance(words, thread, step)
        all_here = _arrive(head, words[N_THREADS])
        _call(words, tables.DELIVER_OLDER, thread, step)
        _lap(words, thread, DELIVERY)
        _wait(head, all_here)
        _finish(words, thread, step)
        if atomic_load(head[STOP] + 8 * (step & 1)) != 0:
            return step
    return last_step


@jit
def _arrivals(words, thread, step):
    """Deliver what arrives at `step` + 1 of spikes that have been known for long, and through graded
    connections."""
    _call(words, tables.DELIVER_OLDER, thread, step)
    _deliver(words, thread, step, COUNTED)
    _call(words, tables.DELIVER_RECENT, thread, step)
    _call(words, tables.PROPAGATE, thread, step)
    _lap(words, thread, DELIVERY)


@jit
def _advance_steps(words, thread, first, last):
    """Take this thread's cells through steps whose spikes are then exchanged, or until one fails."""
    own = core_at(words).threads[thread]
    for step in range(first, last + 1):
        if step > first:
            _arrivals(words, thread, step - 1)
        _advance(words, thread, step)
        if own[FAILED_BLOCK] >= 0:
            return


@jit
def _deliver_steps(words, thread, first, last):
    """Deliver the spikes of these steps, which are known of all processes."""
    for step in range(first, last + 1):
        _call(words, tables.NOTE_SPIKES, thread, step)
        _lap(words, thread, PLASTICITY)
        _deliver(words, thread, step, LISTED)
        _call(words, tables.KEEP_EMITTED, thread, step)
        _lap(words, thread, DELIVERY)
        _call(words, tables.OBSERVE, thread, step)
        _lap(words, thread, RECORDING)
    head = core_at(words).head
    _wait(head, _arrive(head, words[N_THREADS]))
    _lap(words, thread, WAITING)
    _arrivals(words, thread, last)


@entry(4)
def run_exchanging(address, thread, first_step, last_step):
    """As `run`, in one of several processes, all of which exchange their spikes after the same steps.

    Returns the last step that is done wholly, where there is something to do before it goes on (STATE). If
    there was no room for messages, the cells are ahead of that, at the next exchange, where the next call
    begins.
    """
    words = int64_at(address, WORDS)
    head, row = core_at(words).head, int64_at(words[EXCHANGE_AT], EXCHANGE_ROW)
    first = first_step
    while first <= last_step:
        last = min(first + row[PERIOD] - 1, last_step)
        if row[STATE] != SEND_NEEDS_ROOM and row[STATE] != RECEIVED_NEEDS_ROOM:
            _advance_steps(words, thread, first, last)
        _lap(words, thread, RECORDING)
        all_here = _arrive(head, words[N_THREADS])
        if row[PERIOD] == 1:
            _call(words, tables.DELIVER_OLDER, thread, last)
            _lap(words, thread, DELIVERY)
        _wait(head, all_here)
        if thread == 0:
            call_part(head[tables.EXCHANGE], address, first, last)
            if row[STATE] == GOING_ON or row[STATE] == LOGS_ARE_FULL:
                _call(words, tables.SHARE_POTENTIALS, thread, last)
                if head[tables.SHARE_TRANSMITTED] != 0:
                    call_part(head[tables.SHARE_TRANSMITTED], address, first, last)
        _wait(head, _arrive(head, words[N_THREADS]))
        state = row[STATE]
        if state != GOING_ON and state != LOGS_ARE_FULL:
            return first - 1
        if row[PERIOD] == 1:
            _finish(words, thread, last)
        else:
            _lap(words, thread, WAITING)
            _deliver_steps(words, thread, first, last)
        first = last + 1
        if state == LOGS_ARE_FULL:
            break
    return first - 1
