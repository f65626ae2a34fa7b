"""
Connectivity: how it is stored, sorted and delivered.

A group holds the static synapses from one block to one receptor of one block, sorted by source cell
and, within a source, by target cell (multiple synapses of a pair in the order they were made). Large groups
with many delays may be sorted otherwise, and are delivered when spikes arrive (arrival.py). What
a whole group shares, weight or delay, is stored once. Delivery starts from the spikes: a group whose
source is silent costs nothing in a step.

The ring buffer has one slot per step ahead; a slot is a flat array of float64 with one place for each
receptor of each cell. A spike emitted at t_k adds its weight to the slot of step k + delay.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry, jit, vectorised
from ..compiling.lowlevel import float64_at, int32_at, int64_at, prefetch, uint16_at, uint32_at
from ..neurons.kernel import ROW, counts_at

MAX_DELAY = np.iinfo(np.uint16).max  # steps

CACHE_LINE = 64  # bytes
LONGEST_PREFETCH = 256  # bytes of a row; the processor sees by itself that a longer one goes on
MOST_PREFETCHED = 16  # rows of one group

# The words of a group's row in the table that the run loop reads (int64 each).
BOUNDS = 0  # address of the index of each source's first synapse, for thread 0 (int64)
BOUNDS_STRIDE = 1  # bytes from there to the same of the next thread, where thread 0's part ends
N_SOURCES = 2
TARGETS = 3  # address of the target cells (uint32)
N_TARGETS = 4
BASE = 5  # offset of the receptor's first place in a slot
WEIGHTS = 6  # address of the weights (float64)
WEIGHT_IS_SHARED = 7
DELAYS = 8  # address of the delays in steps (uint16)
DELAY_IS_SHARED = 9
KERNEL = 10  # address of the kernel of synapses that change, see dynamic.py, or of `deliver_counts`; else 0
DETAIL = 11  # address of what that kernel needs beside
BY_COUNTS = 12  # 1 if `deliver_counts` does it: the source counts its spikes, and `is_one_to_one`
SINCE = 13  # if so: first step whose spikes are for this group
ON_GRID = 14  # of synapses that change: 1 if what they add is put on the grid of exact sums, see exact.py
GROUP_ROW = 15


@dataclass(frozen=True)
class Whole:
    """What is known of a group of which this process has a part, the synapses onto its own cells.

    Whatever depends on it must be the same for any number of processes.
    """

    n: int
    shortest: int
    longest: int
    has_delays: bool  # one of each synapse
    has_equals: bool  # whether each cell has one static synapse, to the same cell of the target
    varied: frozenset = frozenset()  # names of parameters that are not the same for all

    @property
    def joins_equals(self):
        return self.has_equals and not self.has_delays


@dataclass(eq=False)
class SynapseGroup:
    """Static synapses from one block to one receptor of another; see `build_group`.

    source, target   indices of the blocks
    receptor         index of the receptor
    first            int64 [cells of the source + 1]: where each source's synapses begin
    targets          uint32 [synapses]: index of the target cell
    weights          float64 [synapses], or [1] if shared: nA, uS or mV, as the receptor wants
    delays           uint16 [synapses], or [1] if shared: steps, at least 1
    """

    source: int
    target: int
    receptor: int
    first: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray

    by_delay = False  # as those in arrival.py are
    whole: ClassVar["Whole | None"] = None  # if it is a part of it

    def __len__(self):
        return len(self.targets)

    @property
    def n(self):
        """The number of synapses; of all processes."""
        return self.whole.n if self.whole else len(self)

    @property
    def longest(self):
        """The longest delay, in steps; of all processes."""
        return self.whole.longest if self.whole else int(self.delays.max(initial=1))

    @property
    def shortest(self):
        return self.whole.shortest if self.whole else int(self.delays.min(initial=MAX_DELAY))

    def row(self, base, n_targets, n_threads, ranges):
        """The row of the run loop's table; `ranges` [threads, 2] are the target cells of each."""
        if n_threads == 1:
            self._bounds = self.first
            stride = 8
        else:
            self._bounds = _bounds_of_threads(self.first, self.targets, ranges)
            stride = 8 * self._bounds.shape[1]
        words = np.zeros(GROUP_ROW, dtype=np.int64)
        words[BOUNDS] = address_of(self._bounds)
        words[BOUNDS_STRIDE] = stride
        words[N_SOURCES] = len(self.first) - 1
        words[TARGETS] = address_of(self.targets)
        words[N_TARGETS] = n_targets
        words[BASE] = base
        words[WEIGHTS] = address_of(self.weights)
        words[WEIGHT_IS_SHARED] = len(self.weights) == 1
        words[DELAYS] = address_of(self.delays)
        words[DELAY_IS_SHARED] = len(self.delays) == 1
        return words


@entry(5)
def _take_places(keys_at, n, following_at, n_keys, places_at):
    """The next place of each element's key; see `next_places`."""
    keys = int64_at(keys_at, n)
    following = int64_at(following_at, n_keys)
    places = int64_at(places_at, n)
    for j in range(n):
        place = following[keys[j]]
        places[j] = place
        following[keys[j]] = place + 1
    return 0


def next_places(keys, following):
    """Where elements with these keys go, one after the other for each key: int64.

    keys        int64, contiguous
    following   int64 [keys]: the place of the next element with each key; goes on
    """
    places = np.empty(len(keys), dtype=np.int64)
    _take_places(address_of(keys), len(keys), address_of(following), len(following), address_of(places))
    return places


def places_by(key, n_keys):
    """Where each element goes if integer keys in [0, n_keys) are sorted stably, and where each key begins.

    Both int64. To move elements to their places costs less than to fetch them in their order: what belongs to
    one key is written one after the other, and the ends of what is written stay in the cache.
    """
    key = np.ascontiguousarray(key, dtype=np.int64)
    if len(key) and not 0 <= key.min() <= key.max() < n_keys:
        raise IndexError(f"keys from {key.min()} to {key.max()} are not in the range of {n_keys}")
    first = np.zeros(n_keys + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=first[1:])
    return next_places(key, first[:-1].copy()), first


def moved(values, places):
    """An array of values, each at its place."""
    result = np.empty_like(values)
    result[places] = values
    return result


def count_sort(key, n_keys):
    """Stable order that sorts integer keys in [0, n_keys), and where each key begins; both int64."""
    places, first = places_by(key, n_keys)
    return moved(np.arange(len(places)), places), first


def places_of_sorted(pre, post, n_pre):
    """The place of each synapse in the stable order by (pre, post), and where each pre begins.

    pre, post   indices [synapses], integer
    Returns (places int64 [synapses], first int64 [n_pre + 1]).
    """
    if len(post) > 1 and not np.all(post[1:] >= post[:-1]):
        by_post = np.argsort(post, kind="stable")
        places, first = places_by(pre[by_post], n_pre)
        return moved(places, by_post), first
    return places_by(pre, n_pre)


def sources_of(group):
    """The source cell of each synapse of a group: int64 [synapses]."""
    if hasattr(group, "find_sources"):  # connections that are sorted by target
        return group.find_sources()
    return np.repeat(np.arange(len(group.first) - 1), np.diff(group.first))


def created_in_order(pre, post):
    """Whether connections were made in the order of (post, pre), as most of PyNN's connectors do."""
    later_post = post[1:] > post[:-1]
    later_pre = (post[1:] == post[:-1]) & (pre[1:] >= pre[:-1])
    return bool(np.all(later_post | later_pre))


def places_of_created(group):
    """The place of each synapse of a group in the order of (post, pre): int64 [synapses]."""
    n_targets = int(group.targets.max()) + 1 if len(group.targets) else 0
    return places_by(group.targets, n_targets)[0]


def has_multiples(group):
    """Whether cells are connected several times by a group, whose rows are sorted by target."""
    again = np.flatnonzero(group.targets[1:] == group.targets[:-1]) + 1
    return not np.all(group.first[np.searchsorted(group.first, again)] == again)


def untied(group, places, steps):
    """The order of creation of synapses that are sorted by delay, where a pair of cells has several.

    places   in the order of (post, pre, delay): int64 [synapses]
    steps    a function that gives the delays in the order of creation: uint16 [synapses]
    """
    order = np.empty_like(places)
    order[places] = np.arange(len(places))
    sources, targets = sources_of(group)[order], group.targets[order]
    again = (sources[1:] == sources[:-1]) & (targets[1:] == targets[:-1])
    if not again.any():
        return places
    pair = np.cumsum(np.append(False, ~again))
    tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
    places[order[tied]] = tied[np.lexsort((steps()[tied], pair[tied]))]
    return places


def is_one_to_one(group, ranges):
    """Whether a group has one synapse from each cell to the same cell of the target, and one delay.

    ranges   [threads, blocks, 2]: such cells must belong to the same thread
    """
    own = group.whole.joins_equals if group.whole else joins_equals(group)
    return (
        own
        and type(group) is SynapseGroup
        and np.array_equal(ranges[:, group.source], ranges[:, group.target])
    )


def joins_equals(group):
    """Whether a group has one static synapse from each cell to the same cell of the target, and one delay."""
    return type(group) is SynapseGroup and len(group.delays) == 1 and has_equals(group)


def has_equals(group):
    """Whether a group has one synapse from each cell, to the same cell of the target."""
    cells = np.arange(len(group.first) - 1)
    return (
        len(group.targets) == len(cells)
        and np.array_equal(group.first[:-1], cells)
        and np.array_equal(group.targets, cells)
    )


def _bounds_of_threads(first, targets, ranges):
    """[threads + 1, sources]: where each thread's part of each source's synapses begins."""
    bounds = np.empty((len(ranges) + 1, len(first) - 1), dtype=np.int64)
    bounds[0] = first[:-1]
    for thread, (_, last) in enumerate(ranges):
        below = np.zeros(len(targets) + 1, dtype=np.int64)
        np.cumsum(targets < last, out=below[1:])
        bounds[thread + 1] = first[:-1] + below[first[1:]] - below[first[:-1]]
    return bounds


@jit
def prefetch_targets(group, thread, spikes):
    """Begin to load the targets of the cells that spiked: short rows are found all over the memory."""
    n = group[N_SOURCES]
    starts = int64_at(group[BOUNDS] + thread * group[BOUNDS_STRIDE], n)
    ends = int64_at(group[BOUNDS] + (thread + 1) * group[BOUNDS_STRIDE], n)
    for k in range(min(len(spikes), MOST_PREFETCHED)):
        line = group[TARGETS] + 4 * starts[spikes[k]]
        last = min(group[TARGETS] + 4 * ends[spikes[k]], line + LONGEST_PREFETCH)
        while line < last:
            prefetch(line)
            line += CACHE_LINE


@vectorised
def deliver(group, thread, spikes, ring, mask, width, step):
    """Add the synapses of those cells of a group's source that spiked at `step` to the ring buffer.

    group    row of the table, int64 [GROUP_ROW]
    spikes   int32, the cells that spiked; a cell that spiked twice is there twice
    ring     address of the ring buffer, (mask + 1) slots of `width` places
    """
    n = group[N_SOURCES]
    starts = int64_at(group[BOUNDS] + thread * group[BOUNDS_STRIDE], n)
    ends = int64_at(group[BOUNDS] + (thread + 1) * group[BOUNDS_STRIDE], n)
    if group[DELAY_IS_SHARED]:
        slot = (step + uint16_at(group[DELAYS], 1)[0]) & mask
        inputs = float64_at(ring + 8 * (slot * width + group[BASE]), group[N_TARGETS])
        for k in range(len(spikes)):
            lo = starts[spikes[k]]
            m = ends[spikes[k]] - lo
            targets = uint32_at(group[TARGETS] + 4 * lo, m)
            if group[WEIGHT_IS_SHARED]:
                weight = float64_at(group[WEIGHTS], 1)[0]
                for j in range(m):
                    inputs[targets[j]] += weight
            else:
                weights = float64_at(group[WEIGHTS] + 8 * lo, m)
                for j in range(m):
                    inputs[targets[j]] += weights[j]
    else:
        places = float64_at(ring + 8 * group[BASE], (mask + 1) * width - group[BASE])
        for k in range(len(spikes)):
            lo = starts[spikes[k]]
            m = ends[spikes[k]] - lo
            targets = uint32_at(group[TARGETS] + 4 * lo, m)
            delays = uint16_at(group[DELAYS] + 2 * lo, m)
            if group[WEIGHT_IS_SHARED]:
                weight = float64_at(group[WEIGHTS], 1)[0]
                for j in range(m):
                    slot = (step + delays[j]) & mask
                    places[np.uint64(slot * width + targets[j])] += weight
            else:
                weights = float64_at(group[WEIGHTS] + 8 * lo, m)
                for j in range(m):
                    slot = (step + delays[j]) & mask
                    places[np.uint64(slot * width + targets[j])] += weights[j]


@vectorised
def _add_multiples(inputs, counts, weight):
    for i in range(len(inputs)):
        inputs[i] += counts[i] * weight


@vectorised
def _add_products(inputs, counts, weights):
    for i in range(len(inputs)):
        inputs[i] += counts[i] * weights[i]


@entry(6)
def deliver_counts(group_at, source_at, begin, end, slot, step):
    """Add what arrives at `step` + 1 through a group that `is_one_to_one` to the ring buffer.

    group_at    address of the row of the table, int64 [GROUP_ROW]
    source_at   address of the row of the block
    begin, end  the cells: first and last + 1
    slot        address of the slot of the ring buffer
    """
    group, source = int64_at(group_at, GROUP_ROW), int64_at(source_at, ROW)
    emitted = step + 1 - np.int64(uint16_at(group[DELAYS], 1)[0])
    first, n = begin, end - begin
    if emitted < group[SINCE] or n == 0:
        return 0
    place = int64_at(group[BOUNDS], group[N_SOURCES])[first]  # of the first weight
    inputs = float64_at(slot + 8 * (group[BASE] + first), n)
    spikes = int32_at(counts_at(source, emitted) + 4 * first, n)
    if group[WEIGHT_IS_SHARED]:
        _add_multiples(inputs, spikes, float64_at(group[WEIGHTS], 1)[0])
    else:
        _add_products(inputs, spikes, float64_at(group[WEIGHTS] + 8 * place, n))
    return 0
