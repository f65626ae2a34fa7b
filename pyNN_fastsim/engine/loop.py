"""
The compiled run loop, and the order of events within a step.

Step k takes the network from t_{k-1} to t_k. Every thread, for the cells that it owns:

    1. currents     where an injected current has changed at t_{k-1}, sum it afresh; those through gap
                    junctions follow from the potentials at t_{k-1} and t_{k-2}
    2. update       each block's kernel advances the state to t_k, adds what the ring buffer holds
                    for t_k to the synaptic variables, empties that slot, and lists the spikes at t_k
    3. record       spikes, and samples of the state at t_k
    4. barrier      tell the others that the spikes are listed; of the groups that are delivered on arrival,
                    deliver what arrives at t_{k+1} of spikes before t_{k-1}, to the slot of that; then
                    wait until all threads have listed their spikes
    5. deliver      for each spike at t_k of any thread, in the order of blocks, projections and
                    cells: add the weights of its synapses to the slots of t_k + delay; then the spikes
                    with axonal delays that plastic synapses have been waiting for; then the others that
                    arrive at t_{k+1}, of the groups that are delivered on arrival
    6. observe      samples of the state of synapses after t_k

Step 0 runs the spike sources only: a source may spike at t_0. Threads share nothing that is written
but the lists of spikes, of which there are two, used in turn: one barrier a step is enough. What a
target receives is added in the same order for any number of threads, so results don't depend on it.

Sources with many spikes count them instead, for each cell. One-to-one projections add these numbers times
their weights in one go, when the spikes arrive; each thread does so with those of its own cells, so no other
reads them. Where a list is needed it is made.
"""

from .compiling.compile import entry, inlined, jit
from .compiling.lowlevel import (
    atomic_add,
    atomic_load,
    atomic_store,
    call_current,
    call_kernel,
    call_observe,
    call_synapses,
    call_yield,
    float64_at,
    int32_at,
    int64_at,
    uint8_at,
)
from .neurons import kernel
from .profile import (
    COUNTING,
    CURRENTS,
    DELIVERY,
    PLASTICITY,
    RECORDING,
    UPDATE,
    WAITING,
    count_events,
    lap,
    start_clock,
)
from .recording.samplers import take_samples
from .sources import currents
from .synapses import dynamic
from .synapses.arrival import deliver_arrivals, keep_emitted
from .synapses.gap import couple, note_potentials
from .synapses.groups import BY_COUNTS, KERNEL, deliver, deliver_counts, prefetch_targets
from .synapses.history import deliver_held, note_spikes
from .tables import (
    BARRIER,
    FAILED_BLOCK,
    FAILED_CELL,
    LOG,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    MASK,
    RING,
    SCRATCH,
    STOP,
    WIDTH,
    WORDS,
    YIELD,
    tables_at,
)

AHEAD = 8  # groups between the one whose targets are being fetched and the one that is delivered
SPINS = 4000  # looks at the barrier before giving up the processor


@jit
def _update_currents(tables, thread, step):
    """Sum the currents afresh of those blocks where a source changes at `step`."""
    changed = False
    for k in range(len(tables.sources)):
        if tables.renewed[thread, k] == currents.NO_CELLS:
            continue
        row = tables.sources[k]
        value = call_current(row[currents.VALUE], row.ctypes.data, step)
        differs = value != tables.values[thread, k]
        tables.values[thread, k] = value
        tables.renewed[thread, k] = differs
        changed |= differs
    if not changed:
        return
    end = 0
    while end < len(tables.attachments):
        first = end
        block = tables.attachments[first, currents.ATTACHED_BLOCK]
        differs = False
        while end < len(tables.attachments) and tables.attachments[end, currents.ATTACHED_BLOCK] == block:
            differs |= tables.renewed[thread, tables.attachments[end, currents.ATTACHED_SOURCE]] == 1
            end += 1
        if differs:
            _sum_currents(tables, thread, block, first, end)


@jit
def _sum_currents(tables, thread, block, first_attachment, last_attachment):
    """Sum the currents afresh that are injected into this thread's cells of a block."""
    first, last = tables.ranges[thread, block, 0], tables.ranges[thread, block, 1]
    address = int64_at(tables.blocks[block, kernel.CURRENT], 6)[3] + 8 * first
    injected = float64_at(address, last - first)
    for i in range(len(injected)):
        injected[i] = 0.0
    for k in range(first_attachment, last_attachment):
        row = tables.attachments[k]
        cells = int64_at(row[currents.CELLS], row[currents.N_CELLS])
        begin, end = _place_of(cells, first), _place_of(cells, last)
        if begin == end:
            continue
        value = tables.values[thread, row[currents.ATTACHED_SOURCE]]
        if row[currents.WITHOUT_GAPS] == 1:
            part = float64_at(address + 8 * (cells[begin] - first), end - begin)
            for i in range(len(part)):
                part[i] += value
        else:
            for i in int64_at(row[currents.CELLS] + 8 * begin, end - begin):
                injected[i - first] += value


@jit
def _place_of(cells, cell):
    """How many of `cells`, which ascend, are before `cell`."""
    lo = 0
    hi = len(cells)
    while lo < hi:
        middle = (lo + hi) // 2
        if cells[middle] < cell:
            lo = middle + 1
        else:
            hi = middle
    return lo


@inlined
def _slot(head, step):
    """Address of the slot of the ring buffer for what arrives at a step."""
    return head[RING] + 8 * (step & head[MASK]) * head[WIDTH]


@jit
def _update_blocks(tables, thread, step):
    """Advance this thread's cells to `step`; list and record their spikes. False on failure."""
    head = tables.head
    slot = _slot(head, step)
    parity = step & 1
    for b in range(len(tables.blocks)):
        row = tables.blocks[b]
        first, last = tables.ranges[thread, b, 0], tables.ranges[thread, b, 1]
        count = 0
        if first < last and (step > 0 or row[kernel.IS_SOURCE] == 1):
            count = call_kernel(
                row[kernel.KERNEL],
                row.ctypes.data,
                slot + 8 * row[kernel.CHANNEL],
                first,
                last,
                step,
                tables.spikes[parity, thread, b],
                tables.threads[thread, SCRATCH],
            )
            if count < 0:
                tables.threads[thread, FAILED_BLOCK] = b
                tables.threads[thread, FAILED_CELL] = -1 - count
                return False
        tables.counts[parity, thread, b] = count
        if len(tables.profile) > 0:
            lap(tables.profile[thread], tables.parts[thread, b], UPDATE)
        if count > 0 and row[kernel.RECORD] != 0:
            _log_spikes(tables, thread, step, row, int32_at(tables.spikes[parity, thread, b], count))
            _lap(tables.profile, thread, RECORDING)
    return True


@jit
def _lap(profile, thread, part):
    """Where there is a profile, add the time since the clock was read last to a part of the step."""
    if len(profile) > 0:
        lap(profile[thread], profile[thread], part)


@jit
def _count_events(tables, thread, step):
    if len(tables.profile) > 0:
        count_events(
            tables.parts[thread],
            tables.blocks,
            tables.counts[step & 1, thread],
            tables.spikes[step & 1, thread],
            tables.ranges[thread],
            tables.degrees,
            step,
        )
        _lap(tables.profile, thread, COUNTING)


@jit
def _log_spikes(tables, thread, step, row, spikes):
    words = tables.threads[thread]
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
def _deliver(tables, thread, step):
    head = tables.head
    parity = step & 1
    note_spikes(tables.histories, tables.counts[parity, thread], tables.spikes[parity, thread], step)
    _lap(tables.profile, thread, PLASTICITY)
    for b in range(len(tables.blocks)):
        n_spikes = 0
        for owner in range(len(tables.threads)):
            n_spikes += tables.counts[parity, owner, b]
        if n_spikes == 0 and tables.blocks[b, kernel.COUNTS] == 0:
            continue
        last_group = tables.first_group[b + 1]
        for g in range(tables.first_group[b], last_group):
            if tables.groups[g, BY_COUNTS] != 0:
                cells = tables.ranges[thread, b]
                deliver_counts(tables.groups[g], tables.blocks[b], cells, _slot(head, step + 1), step)
                continue
            if g + AHEAD < last_group:
                for owner in range(len(tables.threads)):
                    count = tables.counts[parity, owner, b]
                    if count > 0:
                        spikes = int32_at(tables.spikes[parity, owner, b], count)
                        prefetch_targets(tables.groups[g + AHEAD], thread, spikes)
            changes = tables.groups[g, KERNEL] != 0
            if changes:
                _lap(tables.profile, thread, DELIVERY)
            for owner in range(len(tables.threads)):
                count = tables.counts[parity, owner, b]
                if count > 0 and changes:
                    call_synapses(
                        tables.groups[g, KERNEL],
                        tables.groups[g].ctypes.data,
                        thread,
                        tables.spikes[parity, owner, b],
                        count,
                        head.ctypes.data,
                        step,
                        0,
                        0,
                    )
                elif count > 0:
                    deliver(
                        tables.groups[g],
                        thread,
                        int32_at(tables.spikes[parity, owner, b], count),
                        head[RING],
                        head[MASK],
                        head[WIDTH],
                        step,
                    )
            if changes:
                _lap(tables.profile, thread, PLASTICITY)
    _lap(tables.profile, thread, DELIVERY)
    deliver_held(
        tables.held,
        tables.groups,
        tables.counts[parity],
        tables.spikes[parity],
        thread,
        head.ctypes.data,
        step,
    )
    _lap(tables.profile, thread, PLASTICITY)
    _deliver_arrivals(tables, False, thread, step)
    if thread == 0:
        keep_emitted(tables.arrivals, tables.counts[parity], tables.spikes[parity], step)
    _lap(tables.profile, thread, DELIVERY)


@jit
def _deliver_arrivals(tables, older, thread, step):
    deliver_arrivals(
        tables.arrivals,
        older,
        tables.counts[step & 1],
        tables.spikes[step & 1],
        thread,
        _slot(tables.head, step + 1),
        tables.head[WIDTH],
        step,
    )


@jit
def _observe(tables, thread, step):
    for k in range(len(tables.observers)):
        row = tables.observers[k]
        if step % row[dynamic.OBSERVED_INTERVAL] == 0:
            block = row[dynamic.OBSERVED_BLOCK]
            first, last = tables.ranges[thread, block, 0], tables.ranges[thread, block, 1]
            call_observe(row[dynamic.OBSERVE], row.ctypes.data, first, last, step)


@entry(4)
def run(address, thread, first_step, last_step):
    """Do steps `first_step` to `last_step`, both included, for one thread's cells.

    address   of what `words_of` made of the tables

    Returns the last step done, which is less than asked for if a buffer of recorded spikes is full
    or a state is no longer finite.
    """
    tables = tables_at(int64_at(address, WORDS))
    stop = tables.head[STOP]
    words = tables.threads[thread]
    for step in range(first_step, last_step + 1):
        flag = stop + 8 * (step & 1)
        if len(tables.profile) > 0:
            start_clock(tables.profile[thread])
        if step > 0:
            _update_currents(tables, thread, step - 1)
            couple(tables.coupled, tables.ranges[thread], step)
        _lap(tables.profile, thread, CURRENTS)
        if not _update_blocks(tables, thread, step):
            atomic_store(flag, 1)
        elif words[LOG_LENGTH] + words[LOG_SLACK] > words[LOG_CAPACITY]:
            atomic_store(flag, 1)
        take_samples(tables.samplers, thread, len(tables.threads), step)
        _lap(tables.profile, thread, RECORDING)
        note_potentials(
            tables.coupled,
            tables.ranges[thread],
            tables.counts[step & 1, thread],
            tables.spikes[step & 1, thread],
            step,
        )
        _lap(tables.profile, thread, CURRENTS)
        _count_events(tables, thread, step)
        all_here = _arrive(tables.head, len(tables.threads))
        _deliver_arrivals(tables, True, thread, step)
        _lap(tables.profile, thread, DELIVERY)
        _wait(tables.head, all_here)
        _lap(tables.profile, thread, WAITING)
        _deliver(tables, thread, step)
        _observe(tables, thread, step)
        _lap(tables.profile, thread, RECORDING)
        if atomic_load(flag) != 0:
            return step
    return last_step
