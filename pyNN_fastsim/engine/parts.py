"""
The parts of a step that only some networks have: each is compiled when a network first needs it.

Arguments of each are the address of what `tables.words_of` made, the thread, and the step that the network
is taken to. `loop.py` says when they are called; their addresses are words of the head.
"""

from . import tables
from .compiling.compile import entry, jit
from .compiling.lowlevel import (
    call_current,
    call_observe,
    float64_at,
    floats2_at,
    int64_at,
    table2_at,
    table3_at,
)
from .coupling import POTENTIALS_ROW, share_potentials
from .messages import BROKEN, ERROR, EXCHANGE_ROW, PERIOD, STATE, exchange_spikes
from .neurons import kernel
from .profile import BLOCK_ROW, COUNTING, PROFILE_ROW, count_events, lap
from .recording.samplers import SAMPLER_ROW, take_samples
from .sharing import SHARING_ROW, share_transmitted
from .sources import currents
from .synapses import dynamic
from .synapses.arrival import ARRIVAL_ROW, deliver_arrivals, keep_emitted
from .synapses.gap import COUPLED_ROW, couple, note_potentials
from .synapses.groups import GROUP_ROW
from .synapses.history import HELD_ROW, HISTORY_ROW, deliver_held, note_spikes
from .synapses.transmission import GRADED, SHARING_AT, graded_at, propagate, receive, transmit
from .tables import (
    ARRIVALS_AT,
    ATTACHMENTS_AT,
    COUPLED_AT,
    DEGREES_AT,
    GROUPS_AT,
    HELD_AT,
    HISTORIES_AT,
    N_ARRIVALS,
    N_ATTACHMENTS,
    N_BLOCKS,
    N_COUPLED,
    N_GROUPS,
    N_HELD,
    N_HISTORIES,
    N_OBSERVERS,
    N_PROFILED,
    N_SAMPLERS,
    N_SOURCES,
    N_THREADS,
    OBSERVERS_AT,
    PARTS_AT,
    PROFILE_AT,
    RENEWED_AT,
    SAMPLERS_AT,
    SOURCES_AT,
    VALUES_AT,
    WIDTH,
    WORDS,
    core_at,
    slot_of,
    spikes_at,
)


@entry(3)
def currents_part(address, thread, step):
    """Sum the currents afresh of those blocks where a source has changed a step before."""
    _sum_changed(int64_at(address, WORDS), thread, step - 1)
    return 0


@jit
def _sum_changed(words, thread, step):
    changed = False
    sources, renewed, values = (
        table2_at(words[SOURCES_AT], words[N_SOURCES], currents.SOURCE_ROW),
        table2_at(words[RENEWED_AT], words[N_THREADS], words[N_SOURCES]),
        floats2_at(words[VALUES_AT], words[N_THREADS], words[N_SOURCES]),
    )
    attachments = table2_at(words[ATTACHMENTS_AT], words[N_ATTACHMENTS], currents.ATTACHMENT_ROW)
    for k in range(len(sources)):
        if renewed[thread, k] == currents.NO_CELLS:
            continue
        row = sources[k]
        value = call_current(row[currents.VALUE], row.ctypes.data, step)
        differs = value != values[thread, k]
        values[thread, k] = value
        renewed[thread, k] = differs
        changed |= differs
    if not changed:
        return
    end = 0
    while end < len(attachments):
        first = end
        block = attachments[first, currents.ATTACHED_BLOCK]
        differs = False
        while end < len(attachments) and attachments[end, currents.ATTACHED_BLOCK] == block:
            differs |= renewed[thread, attachments[end, currents.ATTACHED_SOURCE]] == 1
            end += 1
        if differs:
            _sum_currents(words, thread, block, first, end)


@jit
def _sum_currents(words, thread, block, first_attachment, last_attachment):
    """Sum the currents afresh that are injected into this thread's cells of a block."""
    core = core_at(words)
    attachments, values = (
        table2_at(words[ATTACHMENTS_AT], words[N_ATTACHMENTS], currents.ATTACHMENT_ROW),
        floats2_at(words[VALUES_AT], words[N_THREADS], words[N_SOURCES]),
    )
    ranges = core.ranges[thread]
    first, last = ranges[block, 0], ranges[block, 1]
    address = int64_at(core.blocks[block, kernel.CURRENT], 6)[3] + 8 * first
    injected = float64_at(address, last - first)
    for i in range(len(injected)):
        injected[i] = 0.0
    for k in range(first_attachment, last_attachment):
        row = attachments[k]
        cells = int64_at(row[currents.CELLS], row[currents.N_CELLS])
        begin, end = _place_of(cells, first), _place_of(cells, last)
        if begin == end:
            continue
        value = values[thread, row[currents.ATTACHED_SOURCE]]
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


@entry(3)
def couplings_part(address, thread, step):
    """Currents through gap junctions."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    couple(table2_at(words[COUPLED_AT], words[N_COUPLED], COUPLED_ROW), core.ranges[thread], step)
    return 0


@entry(3)
def potentials_part(address, thread, step):
    """What these currents will follow from."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    note_potentials(
        table2_at(words[COUPLED_AT], words[N_COUPLED], COUPLED_ROW),
        core.ranges[thread],
        counts[core.first_owner + thread],
        spikes[core.first_owner + thread],
        step,
    )
    return 0


@entry(3)
def potentials_of_all_part(address, thread, step):
    """What they will follow from in other processes."""
    words = int64_at(address, WORDS)
    error = share_potentials(int64_at(words[tables.POTENTIALS_AT], POTENTIALS_ROW), step)
    _note_error(words, error)
    return 0


@jit
def _note_error(words, error):
    """Note what MPI has returned, if that is an error."""
    if error != 0:
        exchange = int64_at(words[tables.EXCHANGE_AT], EXCHANGE_ROW)
        exchange[ERROR], exchange[STATE] = error, BROKEN


@entry(3)
def samples_part(address, thread, step):
    """Samples of the state of cells."""
    words = int64_at(address, WORDS)
    take_samples(
        table2_at(words[SAMPLERS_AT], words[N_SAMPLERS], SAMPLER_ROW), thread, words[tables.N_THREADS], step
    )
    return 0


@entry(3)
def observers_part(address, thread, step):
    """Samples of the state of synapses."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    observers, ranges = (
        table2_at(words[OBSERVERS_AT], words[N_OBSERVERS], dynamic.OBSERVER_ROW),
        core.ranges[thread],
    )
    for k in range(len(observers)):
        row = observers[k]
        if step % row[dynamic.OBSERVED_INTERVAL] == 0:
            block = row[dynamic.OBSERVED_BLOCK]
            call_observe(row[dynamic.OBSERVE], row.ctypes.data, ranges[block, 0], ranges[block, 1], step)
    return 0


@entry(3)
def counting_part(address, thread, step):
    """Events, where there is a profile."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    count_events(
        table3_at(words[PARTS_AT], words[N_PROFILED], words[N_BLOCKS], BLOCK_ROW)[thread],
        core.blocks,
        counts[core.first_owner + thread],
        spikes[core.first_owner + thread],
        core.ranges[thread],
        int64_at(words[DEGREES_AT], words[N_BLOCKS]),
        step,
    )
    profile = table2_at(words[PROFILE_AT], words[N_PROFILED], PROFILE_ROW)[thread]
    lap(profile, profile, COUNTING)
    return 0


@entry(3)
def history_part(address, thread, step):
    """This step's spikes of the targets of plastic synapses."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    note_spikes(
        table2_at(words[HISTORIES_AT], words[N_HISTORIES], HISTORY_ROW),
        counts[core.first_owner + thread],
        spikes[core.first_owner + thread],
        step,
    )
    return 0


@entry(3)
def held_part(address, thread, step):
    """Spikes with axonal delays that plastic synapses have been waiting for."""
    words = int64_at(address, WORDS)
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    deliver_held(
        table2_at(words[HELD_AT], words[N_HELD], HELD_ROW),
        table2_at(words[GROUPS_AT], words[N_GROUPS], GROUP_ROW),
        counts,
        spikes,
        thread,
        core.head.ctypes.data,
        step,
    )
    return 0


@jit
def _deliver_arrivals(words, older, thread, step):
    core = core_at(words)
    counts, spikes = spikes_at(core, step)
    head = core.head
    deliver_arrivals(
        table2_at(words[ARRIVALS_AT], words[N_ARRIVALS], ARRIVAL_ROW),
        older,
        counts,
        spikes,
        words[N_THREADS],
        thread,
        slot_of(head, step + 1),
        head[WIDTH],
        step,
    )


@entry(3)
def older_part(address, thread, step):
    """What arrives at the next step of spikes that all threads know of, of groups delivered on arrival."""
    _deliver_arrivals(int64_at(address, WORDS), True, thread, step)
    return 0


@entry(3)
def recent_part(address, thread, step):
    """What else arrives at the next step through these groups; this step's spikes are kept for later."""
    words = int64_at(address, WORDS)
    _deliver_arrivals(words, False, thread, step)
    if thread == 0 and core_at(words).head[tables.KEEP_EMITTED] == 0:
        _keep(words, step)
    return 0


@entry(3)
def keep_part(address, thread, step):
    """The spikes of a step, where they are kept as soon as they are known of all processes."""
    if thread == 0:
        _keep(int64_at(address, WORDS), step)
    return 0


@jit
def _keep(words, step):
    counts, spikes = spikes_at(core_at(words), step)
    keep_emitted(table2_at(words[ARRIVALS_AT], words[N_ARRIVALS], ARRIVAL_ROW), counts, spikes, step)


@entry(3)
def receiving_part(address, thread, step):
    """What graded connections bring in this step."""
    core = core_at(int64_at(address, WORDS))
    _, groups, _, _ = graded_at(core.head[tables.GRADED_AT])
    receive(groups, core.ranges[thread], slot_of(core.head, step))
    return 0


@entry(3)
def transmitting_part(address, thread, step):
    """What cells transmit."""
    core = core_at(int64_at(address, WORDS))
    transmitted, _, _, _ = graded_at(core.head[tables.GRADED_AT])
    counts, spikes = spikes_at(core, step)
    owner = core.first_owner + thread
    transmit(transmitted, core.ranges[thread], counts[owner], spikes[owner], step)
    return 0


@entry(3)
def propagating_part(address, thread, step):
    """Graded connections learn, and sum what they bring in the next step."""
    core = core_at(int64_at(address, WORDS))
    _, groups, scratch, width = graded_at(core.head[tables.GRADED_AT])
    propagate(groups, core.ranges[thread], step, scratch + thread * width)
    return 0


@entry(3)
def transmitted_of_all_part(address, first, last):
    """What cells of other processes have transmitted in some steps."""
    words = int64_at(address, WORDS)
    sharing = int64_at(core_at(words).head[tables.GRADED_AT], GRADED)[SHARING_AT]
    if sharing != 0:
        _note_error(words, share_transmitted(int64_at(sharing, SHARING_ROW), first, last))
    return 0


GRADED_PARTS = (
    (tables.RECEIVE, receiving_part),
    (tables.TRANSMIT, transmitting_part),
    (tables.PROPAGATE, propagating_part),
)

# Which word of the head each of them is, and the table without whose rows it has nothing to do.
PARTS = (
    (tables.INJECT, currents_part, "attachments"),
    (tables.COUPLE, couplings_part, "coupled"),
    (tables.SAMPLE, samples_part, "samplers"),
    (tables.NOTE_POTENTIALS, potentials_part, "coupled"),
    (tables.COUNT_EVENTS, counting_part, "profile"),
    (tables.DELIVER_OLDER, older_part, "arrivals"),
    (tables.NOTE_SPIKES, history_part, "histories"),
    (tables.DELIVER_HELD, held_part, "held"),
    (tables.DELIVER_RECENT, recent_part, "arrivals"),
    (tables.OBSERVE, observers_part, "observers"),
    (tables.EXCHANGE, exchange_spikes, "exchange"),
    (tables.SHARE_POTENTIALS, potentials_of_all_part, "potentials"),
)


def write_parts(written):
    """Write the addresses of the parts into the head of `Tables`: of those that there are, 0 for others."""
    for word, part, name in PARTS:
        written.head[word] = part.address if len(getattr(written, name)) else 0
    for word, part in GRADED_PARTS:
        written.head[word] = part.address if written.head[tables.GRADED_AT] else 0
    if written.head[tables.GRADED_AT] and len(written.exchange):
        written.head[tables.SHARE_TRANSMITTED] = transmitted_of_all_part.address
    if len(written.arrivals) and len(written.exchange) and written.exchange[PERIOD] > 1:
        written.head[tables.KEEP_EMITTED] = keep_part.address
