"""
Delivery when spikes arrive, for groups with long rows and many delays.

The groups of one source are merged: each source cell has one row of synapses, sorted by delay, then by the
thread that owns the target. In each step only those segments are delivered whose spikes arrive at the next
one, so that all writes go to one slot of the ring buffer. There are two if no other groups have delays, and
they stay in the cache: with all delays in turn (64 slots for 77,000 cells) nearly every write would go to
main memory. What is read, a segment here and a segment there, is known before: it is prefetched. Segments
must be long for that, hence the merging.

Most of that is of spikes older than two steps. A thread delivers it when it would wait for the others to list
their spikes of this step, so that it matters less if they are slower now and then.

A group that is merged gives its arrays away, so that nothing is kept twice, and gets them back when
someone wants to see them.
"""

import numpy as np

from ..compiling.addresses import address_of, return_freed_memory
from ..compiling.compile import entry, jit, vectorised
from ..compiling.lowlevel import float64_at, int32_at, int64_at, prefetch, table2_at, uint16_at, uint32_at
from .groups import CACHE_LINE, MAX_DELAY
from .history import SOURCE, HeldSpikes, keep_spikes, kept_spikes
from .rows import ROWS_AT_ONCE, in_parallel

LONG = 8  # mean number of synapses of one source cell and delay from which on a group is delivered so
PENDING = 8  # segments that are being fetched, while the one before them is delivered; a power of two
RECENT = 2  # steps whose spikes another thread may still be listing or keeping, this one and the one before
MOST = 2**32 - 1  # synapses that are merged, since their places are counted so
ROOM = 32  # for these, so that what two threads write is not in one cache line

# The words of the row of merged groups in the table that the run loop reads (int64 each): the first ones are
# those of a row of held spikes (history.py).
SINCE = 5  # first step whose spikes are for these groups
SHORTEST = 6  # delay, steps
N_DELAYS = 7
SEGMENTS = 8  # address of where segments begin, uint32 [sources, n_delays * threads + 1]
PLACES = 9  # address of the targets' places in a slot (uint32)
WEIGHTS = 10  # address of the weights (float64)
PENDING_AT = 11  # address of room for the beginnings and ends of segments, int64 [threads, 2, ROOM]
NOTES = 12  # whether the source's spikes are kept on behalf of these groups, and of all others
ARRIVAL_ROW = 13

# The words of a group's row in the table that groups are merged from.
FIRST_OF, TARGETS_OF, WEIGHTS_OF, SHARES_WEIGHT, DELAYS_OF, BASE_OF, EDGES_OF = range(7)
MERGED_ROW = 7


def is_worthwhile(n, n_sources, delays):
    """Whether `n` synapses of so many cells, with these delays (uint16), had better be delivered so.

    Where other groups of the source are delivered so, any with several delays are better merged with them.
    """
    n_delays = int(delays.max()) - int(delays.min()) + 1
    return n_delays > 1 and n >= LONG * n_sources * n_delays


class ArrivalGroup:
    """Static synapses from one block to one receptor of another, delivered on arrival.

    As `synapses.SynapseGroup`, but sorted by source, by delay, and then by target.
    """

    by_delay = True
    since = 0  # first step whose spikes are for this group
    merged = None
    whole = None  # as of SynapseGroup

    def __init__(self, source, target, receptor, first, targets, weights, delays):
        self.source, self.target, self.receptor, self.first = source, target, receptor, first
        self.arrays = targets, weights, delays
        self.shortest, self.longest = int(delays.min(initial=MAX_DELAY)), int(delays.max(initial=1))

    def __len__(self):
        return int(self.first[-1])

    @property
    def n(self):
        """The number of synapses; of all processes."""
        return self.whole.n if self.whole else len(self)

    def _array(self, k):
        if self.merged is not None:
            self.merged.divide()
        return self.arrays[k]

    @property
    def targets(self):
        return self._array(0)

    @property
    def weights(self):
        return self._array(1)

    @weights.setter
    def weights(self, values):
        self.arrays = self.targets, values, self.delays

    @property
    def delays(self):
        return self._array(2)


@jit
def _rearrange(row, places, room):
    """Move each element of a row to its place."""
    for j in range(len(row)):
        room[places[j]] = row[j]
    for j in range(len(row)):
        row[j] = room[j]


@entry(8)
def _sort_some_by_delay(first_at, n_rows, delays_at, n_delays, arrays_at, n_arrays, counts_at, rooms_at):
    """Sort rows stably by delay.

    delays   of all rows: uint16, below `n_delays`; one of the arrays that are sorted, and the last of them
    arrays   int64 [n_arrays, 2]: addresses, and bytes of an element
    counts   room for a count of each delay
    rooms    int64 [4]: addresses of room for the longest row: uint32 for places, and uint16, uint32, float64
    """
    first = int64_at(first_at, n_rows + 1)
    counts = int64_at(counts_at, n_delays)
    arrays = table2_at(arrays_at, n_arrays, 2)
    rooms = int64_at(rooms_at, 4)
    for k in range(n_rows):
        begin, n = first[k], first[k + 1] - first[k]
        delays = uint16_at(delays_at + 2 * begin, n)
        places = uint32_at(rooms[0], n)
        for d in range(n_delays):
            counts[d] = 0
        for delay in delays:
            counts[delay] += 1
        end = 0
        for d in range(n_delays):
            end += counts[d]
            counts[d] = end - counts[d]
        for j in range(n):
            places[j] = counts[delays[j]]
            counts[delays[j]] += 1
        for a in range(n_arrays):
            address, n_bytes = arrays[a, 0], arrays[a, 1]
            if n_bytes == 2:
                _rearrange(uint16_at(address + 2 * begin, n), places, uint16_at(rooms[1], n))
            elif n_bytes == 4:
                _rearrange(uint32_at(address + 4 * begin, n), places, uint32_at(rooms[2], n))
            else:
                _rearrange(float64_at(address + 8 * begin, n), places, float64_at(rooms[3], n))
    return 0


def sort_by_delay(first, delays, others, threads):
    """Sort rows, which are sorted by target, by delay; in place.

    first     int64 [sources + 1]: where each source's synapses begin
    delays    uint16 [synapses], steps
    others    arrays of uint16, uint32 or float64, whose elements go with the delays; those that are None, or
              don't have one for each synapse, stay as they are
    """
    others = [array for array in others if array is not None and len(array) == len(delays)]
    n_delays = int(delays.max(initial=0)) + 1
    longest = int(np.max(np.diff(first), initial=1))
    table = np.array([(address_of(a), a.itemsize) for a in (*others, delays)], dtype=np.int64)

    def sort_some(begin):
        part = first[begin : begin + ROWS_AT_ONCE + 1]
        counts = np.empty(n_delays, np.int64)
        rooms = [np.empty(longest, kind) for kind in (np.uint32, np.uint16, np.uint32, np.float64)]
        room_table = np.array([address_of(room) for room in rooms], dtype=np.int64)
        rows = address_of(part), len(part) - 1, address_of(delays), n_delays
        _sort_some_by_delay(*rows, address_of(table), len(table), address_of(counts), address_of(room_table))

    in_parallel(sort_some, len(first) - 1, threads)


@entry(8)
def _merge_rows(table_at, n_groups, begin, n_rows, first_at, segments_at, shape_at, arrays_at):
    """Merge the rows of `n_rows` sources from `begin` on.

    table      [groups, MERGED_ROW]
    first      of the merged rows
    segments   of these rows
    shape      int64: number of threads, shortest delay, number of delays
    arrays     int64: addresses of the merged places and weights, and of room for a count of each segment
    """
    table = table2_at(table_at, n_groups, MERGED_ROW)
    shape = int64_at(shape_at, 3)
    arrays = int64_at(arrays_at, 3)
    n_threads, shortest = shape[0], shape[1]
    n_segments = n_threads * shape[2]
    first = int64_at(first_at, begin + n_rows + 1)
    ends = int64_at(arrays[2], n_segments)
    for k in range(n_rows):
        row = begin + k
        places = uint32_at(arrays[0] + 4 * first[row], first[row + 1] - first[row])
        weights = float64_at(arrays[1] + 8 * first[row], len(places))
        segments = uint32_at(segments_at + 4 * k * (n_segments + 1), n_segments + 1)
        for segment in range(n_segments):
            ends[segment] = 0
        for g in range(n_groups):
            _count(table[g], row, ends, n_threads, shortest)
        end = 0
        for segment in range(n_segments):
            end += ends[segment]
            ends[segment] = end - ends[segment]
            segments[segment] = first[row] + ends[segment]
        segments[n_segments] = first[row] + end
        for g in range(n_groups):
            _move(table[g], row, ends, n_threads, shortest, places, weights)
    return 0


@jit
def _segment(delay, target, edges, n_threads, shortest):
    """The segment of a synapse, which the thread delivers whose target it is."""
    thread = 0
    while target >= edges[thread]:
        thread += 1
    return (np.int64(delay) - shortest) * n_threads + thread


@jit
def _count(group, row, counts, n_threads, shortest):
    bounds = int64_at(group[FIRST_OF] + 8 * row, 2)
    n = bounds[1] - bounds[0]
    targets = uint32_at(group[TARGETS_OF] + 4 * bounds[0], n)
    delays = uint16_at(group[DELAYS_OF] + 2 * bounds[0], n)
    edges = int64_at(group[EDGES_OF], n_threads)
    for j in range(n):
        counts[_segment(delays[j], targets[j], edges, n_threads, shortest)] += 1


@jit
def _move(group, row, ends, n_threads, shortest, places, weights):
    bounds = int64_at(group[FIRST_OF] + 8 * row, 2)
    n = bounds[1] - bounds[0]
    targets = uint32_at(group[TARGETS_OF] + 4 * bounds[0], n)
    delays = uint16_at(group[DELAYS_OF] + 2 * bounds[0], n)
    edges = int64_at(group[EDGES_OF], n_threads)
    shares = group[SHARES_WEIGHT] != 0
    own_weights = float64_at(group[WEIGHTS_OF] + (0 if shares else 8 * bounds[0]), 1 if shares else n)
    for j in range(n):
        segment = _segment(delays[j], targets[j], edges, n_threads, shortest)
        place = ends[segment]
        places[place] = group[BASE_OF] + np.int64(targets[j])
        weights[place] = own_weights[0 if shares else j]
        ends[segment] = place + 1


class Merged:
    """The synapses of groups with one source, in the order in which they are delivered.

    first      int64 [sources + 1]: where each source's synapses begin
    segments   uint32 [sources, delays * threads + 1]: where those begin of one delay to one thread's cells
    places     uint32 [synapses], of the targets in a slot of the ring buffer
    weights    float64 [synapses]
    """

    def __init__(self, groups, bases, edges):
        """Merge groups, which give their arrays away.

        bases   of each group's targets in a slot
        edges   int64 [groups, threads]: where each thread's targets end
        """
        self.groups, self.bases, self.edges = groups, bases, np.ascontiguousarray(edges)
        self.shared = [group.weights[:1] if len(group.weights) == 1 else None for group in groups]
        self.first = np.sum([group.first for group in groups], axis=0)
        self.shortest = min(int(group.delays.min()) for group in groups)
        self.n_delays = max(int(group.delays.max()) for group in groups) - self.shortest + 1
        n_threads = self.edges.shape[1]
        n_segments = self.n_delays * n_threads
        self.segments = np.empty((len(self.first) - 1, n_segments + 1), dtype=np.uint32)
        self.places = np.empty(self.first[-1], dtype=np.uint32)
        self.weights = np.empty(self.first[-1])
        table = np.array(
            [
                (address_of(group.first), address_of(group.targets), address_of(group.weights),
                 len(group.weights) == 1, address_of(group.delays), base, address_of(edge))
                for group, base, edge in zip(groups, bases, self.edges, strict=True)
            ],
            dtype=np.int64,
        )  # fmt: skip
        shape = np.array([n_threads, self.shortest, self.n_delays], dtype=np.int64)

        def merge(begin):
            some = self.segments[begin : begin + ROWS_AT_ONCE]
            counts = np.empty(n_segments, dtype=np.int64)
            arrays = np.array([address_of(a) for a in (self.places, self.weights, counts)], dtype=np.int64)
            addresses = (address_of(a) for a in (self.first, some, shape, arrays))
            _merge_rows(address_of(table), len(groups), begin, len(some), *addresses)

        in_parallel(merge, len(self.segments), n_threads)
        for group in groups:
            group.arrays, group.merged = None, self

    def divide(self):
        """Give the groups their arrays back."""
        per_delay = np.diff(self.segments[:, :: self.edges.shape[1]].astype(np.int64), axis=1).ravel()
        steps = np.arange(self.shortest, self.shortest + self.n_delays, dtype=np.uint16)
        delays = np.repeat(np.tile(steps, len(self.segments)), per_delay)
        for group, base, edge, shared in zip(self.groups, self.bases, self.edges, self.shared, strict=True):
            own = np.flatnonzero((self.places >= base) & (self.places < base + edge[-1]))
            weights = self.weights[own] if shared is None else shared
            group.arrays = (self.places[own] - np.uint32(base)), weights, delays[own]
            group.merged = None


class Arrivals:
    """The groups that are delivered on arrival, merged, and the spikes that are under way.

    merged    what is merged now
    emitted   by source block: the HeldSpikes of as many steps as the longest delay
    """

    def __init__(self):
        self.merged: list[Merged] = []
        self.emitted: dict[int, HeldSpikes] = {}

    def clear(self):
        """Forget the spikes under way."""
        for spikes in self.emitted.values():
            spikes.clear()

    def merge(self, groups, channel, edges):
        """Merge groups of one source; those to the same receptors of the same cells stay apart.

        channel   function(group) -> offset of its first place in a slot
        edges     int64 [threads, blocks]: where each thread's cells end
        """
        partition, merged = _partition(groups), {}
        # The largest last, when there is most room for a second copy.
        for k in sorted(range(len(partition)), key=lambda k: sum(map(len, partition[k]))):
            together = partition[k]
            bases, own_edges = [channel(g) for g in together], edges.T[[g.target for g in together]]
            known = together[0].merged
            if known is not None and known.groups == together and np.array_equal(known.edges, own_edges):
                merged[k] = known
            else:
                return_freed_memory()  # what projections were made with, and the last ones that were merged
                merged[k] = Merged(together, bases, own_edges)
        self.merged = [merged[k] for k in range(len(partition))]

    def rows(self, blocks, step):
        """The rows of the run loop's table; `step` is the last one done."""
        n_threads = self.merged[0].edges.shape[1] if self.merged else 1
        self._pending = np.zeros((n_threads, 2, ROOM), dtype=np.int64)
        for merged in self.merged:
            source = blocks[merged.groups[0].source]
            spikes = self.emitted.setdefault(source.index, HeldSpikes())
            longest = merged.shortest + merged.n_delays
            spikes.reserve(longest, source.capacity(source.n), step)
        rows, noted = [], set()
        for merged in self.merged:
            index = merged.groups[0].source
            words = np.zeros(ARRIVAL_ROW, dtype=np.int64)
            self.emitted[index].write(words, index)
            words[SINCE] = merged.groups[0].since
            words[SHORTEST], words[N_DELAYS] = merged.shortest, merged.n_delays
            words[SEGMENTS] = address_of(merged.segments)
            words[PLACES] = address_of(merged.places)
            words[WEIGHTS] = address_of(merged.weights)
            words[PENDING_AT] = address_of(self._pending)
            words[NOTES] = index not in noted
            noted.add(index)
            rows.append(words)
        return rows

    def release(self, group, ring, base, step):
        """Put the spikes that are under way to a group into the ring buffer, as they are now."""
        spikes = self.emitted.get(group.source)
        targets, weights, delays = group.targets, group.weights, group.delays
        first = max(step - int(delays.max()) + 1, group.since)
        for emitted in range(first, step + 1) if spikes else ():
            for cell in spikes.of(emitted):
                row = slice(group.first[cell], group.first[cell + 1])
                arrives = emitted + delays[row].astype(np.int64)
                ahead = arrives > step + 1  # what arrives at the next step is there already
                places = arrives[ahead] % len(ring), base + targets[row][ahead]
                np.add.at(ring, places, np.broadcast_to(weights, len(group))[row][ahead])


def release_counts(group, counts, ring, base, step, next_is_there=True):
    """Put the spikes under way to a group into the ring buffer that wait at the source as numbers.

    counts          int32 [steps, cells], those of step k at k modulo steps; see `synapses.deliver_counts`
    next_is_there   whether what arrives at the next step is in the ring buffer already
    """
    delay = int(group.delays[0])
    first = step + (2 if next_is_there else 1) - delay
    for emitted in range(max(first, group.since), step + 1):
        inputs = ring[(emitted + delay) % len(ring), base : base + counts.shape[1]]
        inputs[group.targets] += counts[emitted % len(counts), group.targets] * group.weights


def _partition(groups):
    """Lists of groups to be merged: those of one source that have all been there for as long."""
    together: dict[tuple[int, int, int], list] = {}
    for group in groups:
        number = 0
        while not _fits(group, others := together.setdefault((group.source, group.since, number), [])):
            number += 1
        others.append(group)
    return list(together.values())


def _fits(group, others):
    """Whether a group can be merged with others: not if one of them has the same targets."""
    targets = [(other.target, other.receptor) for other in others]
    return (group.target, group.receptor) not in targets and len(group) + sum(map(len, others)) <= MOST


@vectorised
def _deliver_segment(row, start, end, inputs):
    places = uint32_at(row[PLACES] + 4 * start, end - start)
    weights = float64_at(row[WEIGHTS] + 8 * start, end - start)
    for j in range(end - start):
        inputs[places[j]] += weights[j]


@jit
def _fetch(address, end):
    """Begin to load what is between two addresses."""
    line = address
    while line < end:
        prefetch(line)
        line += CACHE_LINE
    prefetch(end - 1)


@jit
def _fetch_bounds(row, n_segments, segment, emitted):
    """Begin to load where segments begin of the cells that spiked at a step."""
    if emitted < row[SINCE]:
        return
    kept, n_kept = kept_spikes(row, emitted)
    for cell in int32_at(kept, n_kept):
        prefetch(row[SEGMENTS] + 4 * (cell * n_segments + segment))


@jit
def _deliver_delays(row, first, last, counts, spikes, n_threads, thread, inputs, step):
    """Deliver what arrives at `step` + 1 with the delays [first, last), counted from the shortest one."""
    starts = int64_at(row[PENDING_AT] + 16 * ROOM * thread, PENDING)
    ends = int64_at(row[PENDING_AT] + 16 * ROOM * thread + 8 * ROOM, PENDING)
    n_segments = row[N_DELAYS] * n_threads + 1
    fetched = 0
    for d in range(first, last):
        emitted = step + 1 - row[SHORTEST] - d
        if emitted < row[SINCE]:
            break
        _fetch_bounds(row, n_segments, (d + 1) * n_threads + thread, emitted - 1)
        now = emitted == step  # not kept yet
        for owner in range(len(counts) if now else 1):
            if now:
                cells = int32_at(spikes[owner, row[SOURCE]], counts[owner, row[SOURCE]])
            else:
                kept, n_kept = kept_spikes(row, emitted)
                cells = int32_at(kept, n_kept)
            for cell in cells:
                bounds = uint32_at(row[SEGMENTS] + 4 * (cell * n_segments + d * n_threads + thread), 2)
                start, end = np.int64(bounds[0]), np.int64(bounds[1])
                if start == end:
                    continue
                _fetch(row[PLACES] + 4 * start, row[PLACES] + 4 * end)
                _fetch(row[WEIGHTS] + 8 * start, row[WEIGHTS] + 8 * end)
                place = fetched & (PENDING - 1)
                if fetched >= PENDING:
                    _deliver_segment(row, starts[place], ends[place], inputs)
                starts[place] = start
                ends[place] = end
                fetched += 1
    for k in range(max(fetched - PENDING, 0), fetched):
        place = k & (PENDING - 1)
        _deliver_segment(row, starts[place], ends[place], inputs)


@jit
def deliver_arrivals(arrivals, older, counts, spikes, n_threads, thread, slot, width, step):
    """Add what arrives at `step` + 1 to the ring buffer.

    older            whether of spikes that are older than RECENT steps, or of the others
    counts, spikes   [owners, blocks]: numbers and addresses of the cells that spiked at `step`
    slot             address of the slot of the ring buffer, of `width` places
    """
    inputs = float64_at(slot, width)
    for k in range(len(arrivals)):
        row = arrivals[k]
        n_recent = min(max(RECENT + 1 - row[SHORTEST], 0), row[N_DELAYS])
        first = n_recent if older else 0
        last = row[N_DELAYS] if older else n_recent
        _deliver_delays(row, first, last, counts, spikes, n_threads, thread, inputs, step)


@jit
def keep_emitted(arrivals, counts, spikes, step):
    """Keep the spikes of `step` for as long as delays are; arguments as of `deliver_arrivals`."""
    for k in range(len(arrivals)):
        if arrivals[k, NOTES]:
            keep_spikes(arrivals[k], counts, spikes, step)
