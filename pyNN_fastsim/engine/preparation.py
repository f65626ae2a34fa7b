"""
What a network consists of, written down in the tables that the run loop goes through.
"""

import numpy as np

from .block import parts_of
from .compiling.addresses import address_in_system, address_of, addresses_within
from .coupling import Potentials, junctions_of, junctions_of_all
from .neurons import kernel
from .recording.records import GrowingArray
from .recording.samplers import SAMPLER_ROW
from .signals import signals_held
from .sources import currents
from .synapses import dynamic, history
from .synapses.arrival import ARRIVAL_ROW
from .synapses.dynamic import DynamicGroup
from .synapses.gap import COUPLED_ROW
from .synapses.groups import BY_COUNTS, GROUP_ROW, KERNEL, ON_GRID, SINCE, deliver_counts, is_one_to_one
from .synapses.history import HeldSpikes
from .tables import (
    BARRIER,
    FAILED_BLOCK,
    GRADED_AT,
    HEAD,
    LOG_SLACK,
    MASK,
    RING,
    SCRATCH,
    STOP,
    THREAD_ROW,
    WIDTH,
    YIELD,
    Tables,
    rows_of,
)

CELLS_PER_THREAD = 2500  # of SIMPLE models; fewer are not worth a barrier a step
SIMPLE = 10  # constants; a model of more takes about as much longer


def prepare(network):
    """Write down in the tables what has changed since the last run."""
    if any(block.dirty for block in network.blocks):
        network.changed()
    for block in network.blocks:
        if block.dirty:
            step = network.step if network.begun else -1
            with signals_held():
                block.update_constants(network.dt, network.seed, block.stream, network.trial, step)
    if network.exchange is not None and network.exchange.agree(network):
        network.changed()
    _find_junctions(network)
    if network.tables is None:
        make = _make_tables if network.device is None else network.device.prepare
        network.tables = make(network)


def _find_junctions(network):
    """Find out which gap junctions there are, in all processes."""
    exchange = network.exchange
    if exchange is None or not network.junctions:
        if network.tables is None:
            network.all_junctions = junctions_of(network.junctions)
    elif any(exchange.comm.allgather(network.tables is None)):
        network.all_junctions = junctions_of_all(exchange, network.junctions)
        network.changed()


def _make_tables(network):
    n_cells = sum(block.n * max(len(block.constants) / SIMPLE, 1.0) for block in network.blocks)
    if network.exchange is not None:
        n_cells /= network.exchange.size
    n_cells += network.graded.cells_worth()
    n_threads = max(1, min(network.threads, int(n_cells // CELLS_PER_THREAD)))
    network.coupling.connect(network.all_junctions, network.blocks)
    network.coupling.check(network.blocks, network.dt)
    for index in network.coupling.blocks:
        if network.blocks[index].coupled is None:
            network.blocks[index].coupled = np.zeros(network.blocks[index].n)
    network.potentials = None
    if network.exchange is not None and network.coupling.blocks:
        network.potentials = Potentials(network.exchange, network.coupling, network.blocks)
    network.graded.prepare(network)
    ranges = np.empty((n_threads, len(network.blocks), 2), dtype=np.int64)
    for block in network.blocks:
        bounds = block.own.start + parts_of(block.own.stop - block.own.start, n_threads)
        ranges[:, block.index, 0] = bounds[:-1]
        ranges[:, block.index, 1] = bounds[1:]
    find_counted(network, ranges)
    on_arrival = [group for group in network.groups if group.by_delay and len(group)]
    groups = sorted((g for g in network.groups if not g.by_delay), key=lambda group: group.source)
    channels = np.cumsum([0] + [block.n * len(block.model.receptors) for block in network.blocks])
    width = int(channels[-1])
    resize_ring(network, width, max((g.longest for g in groups if g not in network.counted), default=1))
    listed = {group.source for group in network.groups if group not in network.counted}
    listed |= {block.index for block in network.blocks if block.recorded is not None} | network.graded.traced
    blocks = rows_of(
        [b.row(first, b.index in listed) for b, first in zip(network.blocks, channels, strict=False)],
        kernel.ROW,
    )
    prepare_dynamic(network, [group for group in groups if isinstance(group, DynamicGroup)])
    if network.exchange is not None:
        network.exchange.prepare(network)
    group_rows = [
        group.row(
            channels[group.target] + group.receptor * network.blocks[group.target].n,
            network.blocks[group.target].n,
            n_threads,
            ranges[:, group.target],
        )
        for group in groups
    ]
    network.arrivals.merge(on_arrival, network.channel, ranges[:, :, 1])
    first_group = np.searchsorted([group.source for group in groups], np.arange(len(network.blocks) + 1))
    group_rows = rows_of(group_rows, GROUP_ROW)
    group_rows[:, BY_COUNTS] = [group in network.counted for group in groups]
    group_rows[group_rows[:, BY_COUNTS] != 0, KERNEL] = deliver_counts.address if network.counted else 0
    group_rows[:, ON_GRID] = network.exact_sums
    group_rows[:, SINCE] = [group.since for group in groups]
    network.barrier = np.zeros(8, dtype=np.int64)
    network.stop = np.zeros(2, dtype=np.int64)
    head = np.zeros(HEAD, dtype=np.int64)
    head[RING] = address_of(network.ring)
    head[MASK] = len(network.ring) - 1
    head[WIDTH] = width
    head[BARRIER] = address_of(network.barrier)
    head[YIELD] = address_in_system("SwitchToThread", "sched_yield")
    head[STOP] = address_of(network.stop)
    graded = network.graded.write(network, channels, n_threads)
    head[GRADED_AT] = 0 if graded is None else address_of(graded)
    counts, spikes, slack = _make_spike_lists(network, ranges)
    sources = [current.row(network.seed, network.trial) for current in network.currents]
    return Tables(
        head=head,
        threads=_make_threads(network, slack),
        blocks=blocks,
        ranges=ranges,
        groups=group_rows,
        first_group=first_group.astype(np.int64),
        counts=counts,
        spikes=spikes,
        sources=rows_of(sources, currents.SOURCE_ROW),
        attachments=_make_attachments(network),
        values=np.full((n_threads, len(sources)), np.nan),
        renewed=_renewed_currents(network, ranges),
        samplers=np.zeros((0, SAMPLER_ROW), dtype=np.int64),
        histories=_make_histories(network),
        held=rows_of(
            [network.held[g].row(g, k) for k, g in enumerate(groups) if g in network.held], history.HELD_ROW
        ),
        observers=np.zeros((0, dynamic.OBSERVER_ROW), dtype=np.int64),
        coupled=rows_of(network.coupling.rows(network.blocks), COUPLED_ROW),
        arrivals=rows_of(network.arrivals.rows(network.blocks, network.step), ARRIVAL_ROW),
        **_profile_tables(network, n_threads),
        exchange=np.zeros(0, dtype=np.int64) if network.exchange is None else network.exchange.words,
        potentials=np.zeros(0, dtype=np.int64) if network.potentials is None else network.potentials.words,
    )


def find_counted(network, ranges, more=0):
    """Find the groups whose spikes wait as numbers, and keep these as long as they wait, and `more` steps."""
    counted = {
        g for g in network.groups if network.blocks[g.source].counts_spikes and is_one_to_one(g, ranges)
    }
    for group in network.counted - counted:
        network.release_arrivals(group)
    for group in counted - network.counted:
        group.since = network.step + 1 if network.begun else 0
    for group in counted:
        network.blocks[group.source].keep_counts(group.longest + more, network.step)
    network.counted = counted


def _profile_tables(network, n_threads):
    profile = network.profile
    if profile is None:
        nothing = np.zeros(0, dtype=np.int64)
        return {"profile": nothing, "parts": nothing, "degrees": np.zeros(len(network.blocks), np.int64)}
    profile.prepare(n_threads, network.blocks, network.groups)
    return {"profile": profile.threads, "parts": profile.blocks, "degrees": profile.degrees}


def prepare_dynamic(network, groups):
    """Make room for the spikes that groups may need again, and write down where everything is."""
    for group in groups:
        group.derive(network.dt, network.blocks[group.target])
    for group in filter(_is_plastic, groups):
        past = network.histories[group.target]
        past.reserve(history.window(group))
        past.keep(group.model.of_post)
        longest = max(history.held_for(group), default=0)
        if longest == 0:
            network.held.pop(group, None)
            continue
        source = network.blocks[group.source]
        held = network.held.setdefault(group, HeldSpikes())
        held.reserve(int(longest), source.capacity(source.n), network.step)
    for group in groups:
        network.write_down(group)


def _make_histories(network):
    return rows_of(
        [
            past.row([g for g in network.groups if g.target == block and _is_plastic(g)])
            for block, past in network.histories.items()
        ],
        history.HISTORY_ROW,
    )


def _make_threads(network, slack):
    """Rows of the threads' table; `slack` is the most spikes that a step can add, per thread."""
    longest = max((block.model.chunk for block in network.blocks), default=1)
    network.scratch = np.zeros((len(slack), longest), dtype=np.int64)
    network.logs = [GrowingArray((2,), np.int32) for _ in slack]
    threads = np.zeros((len(slack), THREAD_ROW), dtype=np.int64)
    threads[:, SCRATCH] = [address_of(row) for row in network.scratch]
    threads[:, LOG_SLACK] = slack
    threads[:, FAILED_BLOCK] = -1
    return threads


def _make_spike_lists(network, ranges):
    """Counts and addresses of the lists of spikes, and the most recorded in one step."""
    n_threads, exchange = len(ranges), network.exchange
    n_steps = 2 if exchange is None else exchange.slots
    rooms = np.array(
        [[b.capacity(int(last - first)) for b, (first, last) in zip(network.blocks, part, strict=True)]
         for part in ranges],
        dtype=np.int64,
    ).reshape(n_threads, len(network.blocks))  # fmt: skip
    ends = np.cumsum(rooms)
    starts = (ends - rooms.ravel()).reshape(rooms.shape)
    total = int(ends[-1]) if len(ends) else 0
    network.spike_lists = np.zeros((n_steps, max(total, 1)), dtype=np.int32)
    spikes = np.stack([addresses_within(row, starts, rooms) for row in network.spike_lists])
    if exchange is not None:
        spikes = exchange.among_others(spikes)
    counts = np.zeros(spikes.shape, dtype=np.int64)
    recorded = [block.recorded is not None for block in network.blocks]
    return counts, spikes, rooms[:, recorded].sum(axis=1)


def _renewed_currents(network, ranges):
    """For each thread, which currents have cells in its ranges."""
    renewed = np.full((len(ranges), len(network.currents)), currents.NO_CELLS, dtype=np.int64)
    for current, block, cells in network.attachments:
        begin, end = np.searchsorted(cells, ranges[:, block].T)
        renewed[end > begin, current] = 0
    return renewed


def _make_attachments(network):
    rows = []
    for current, block, cells in sorted(network.attachments, key=lambda attachment: attachment[1]):
        words = np.zeros(currents.ATTACHMENT_ROW, dtype=np.int64)
        words[currents.ATTACHED_SOURCE] = current
        words[currents.ATTACHED_BLOCK] = block
        words[currents.CELLS] = address_of(cells)
        words[currents.N_CELLS] = len(cells)
        words[currents.WITHOUT_GAPS] = np.all(np.diff(cells) == 1)
        rows.append(words)
    return rows_of(rows, currents.ATTACHMENT_ROW)


def resize_ring(network, width, longest):
    """Make the ring buffer large enough for the longest delay, in steps; keep the spikes under way."""
    slots = 1 << int(longest).bit_length()
    slots = max(slots, len(network.ring))
    if network.ring.shape == (slots, width):
        return
    ring = np.zeros((slots, width))
    for ahead in range(1, len(network.ring)):
        old = network.ring[(network.step + ahead) % len(network.ring)]
        ring[(network.step + ahead) % slots, : len(old)] = old
    network.ring = ring


def _is_plastic(group):
    return isinstance(group, DynamicGroup) and group.model.is_plastic
