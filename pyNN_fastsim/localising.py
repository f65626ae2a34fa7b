"""
What a process keeps of the connections of a projection: those onto its own cells.

Every process draws all connections, so that they are the same for any number of processes, and decides as one
process would how they are delivered. Then it drops those of others.
"""

import numpy as np

from . import simulator
from .connections import parts
from .engine.synapses.arrival import ArrivalGroup
from .engine.synapses.columns import in_few_bytes
from .engine.synapses.dynamic import DynamicGroup
from .engine.synapses.graded import GradedGroup
from .engine.synapses.groups import MAX_DELAY, Whole, has_equals, has_multiples
from .processes import checksum, is_apart, processes


def keep_local(projection, groups):
    """Take from the groups of a projection, new ones, what belongs to other processes."""
    if processes.size == 1:
        return
    projection._checksum = _checksum(groups)
    everywhere = [group.find_places() for group in groups]
    own = [_own(group.synapses) for group in groups]
    kept = [places[mine] for places, mine in zip(everywhere, own, strict=True)]
    order = np.sort(np.concatenate(kept)) if kept else np.zeros(0, dtype=np.int64)
    projection._runs = runs_of(order)
    for group, mine, places in zip(groups, own, kept, strict=True):
        _localise(group, mine, np.searchsorted(order, places))


def whole_of(projection, rows):
    """What all processes together have of connections of which each has drawn its own: `Whole`.

    rows   `pieces.DrawnRows`
    """
    n = len(rows)
    known = [(n, int(rows.steps.min(initial=MAX_DELAY)), int(rows.steps.max(initial=1)), _join_equals(rows))]
    if processes.size > 1:
        known = processes.gather(f"making projection '{projection.label}'", known[0], everywhere=True)
    numbers, shortest, longest, equals = zip(*known, strict=True)
    if processes.size > 1:
        projection._checksum = checksum(rows.origin)
        before = sum(numbers[: processes.rank])
        projection._runs = np.array([[before], [n]], dtype=np.int64)  # they are in the order of targets
    has_equals = all(equals) and projection.pre.size == projection.post.size
    several = not rows.is_one_delay and sum(numbers) > 1
    return Whole(sum(numbers), min(shortest), max(longest), several, has_equals)


def _join_equals(rows):
    """Whether `pieces.DrawnRows` join each of this process's cells to the equal one."""
    begin, end = rows.own
    return (
        len(rows) == end - begin
        and np.array_equal(rows.targets, np.arange(begin, end))
        and np.array_equal(rows.first[begin : end + 1], np.arange(end - begin + 1))
    )


def draws_apart(projection):
    """Whether a projection is drawn by a generator that is not parallel-safe, and so another one in each
    process."""
    values = [value for _, value in projection.synapse_type.parameter_space.items()]
    return any(map(is_apart, (*vars(projection._connector).values(), *values)))


def from_owners(projection, pre, post, columns):
    """Connections of which each process has drawn all, by target, those onto each cell as its owner has drawn
    them.

    pre, post   indices: int [connections]
    columns     values of parameters by name, float64 [connections]
    """
    own = np.concatenate([_is_own(part.block.index, part.cells) for part in parts(projection.post)])[post]
    mine = pre[own], post[own], {name: values[own] for name, values in columns.items()}
    told = processes.gather(f"connections of '{projection.label}'", mine, everywhere=True)
    pre, post = (np.concatenate([part[k] for part in told]) for k in (0, 1))
    order = np.argsort(post, kind="stable")
    columns = {name: np.concatenate([part[name] for *_, part in told])[order] for name in columns}
    return pre[order], post[order], columns


def runs_of(ascending):
    """Ascending numbers as (first, how many) of those without gaps: int64 [2, runs]."""
    begins = np.flatnonzero(np.diff(ascending, prepend=-2) != 1)
    return np.stack([ascending[begins], np.diff(np.append(begins, len(ascending)))]).astype(np.int64)


def numbers_of(runs):
    """The reverse of `runs_of`."""
    first, n = runs
    return np.repeat(first - np.cumsum(n) + n, n) + np.arange(n.sum())


def _own(synapses):
    """Which synapses are onto cells of this process: bool."""
    return _is_own(synapses.target, synapses.targets)


def _is_own(block, cells):
    """Which cells of a block, both given by their indices, belong to this process: bool."""
    network = simulator.state.network
    begin, end = network.own_cells(network.blocks[block].n)
    return (cells >= begin) & (cells < end)


def _checksum(groups):
    """A number that follows from all connections."""
    crc = 0
    for group in groups:
        synapses = group.synapses
        is_graded = isinstance(synapses, GradedGroup)
        others = synapses.find_sources() if is_graded else synapses.targets
        arrays = [synapses.first, others, synapses.weights, synapses.delays]
        if is_graded or isinstance(synapses, DynamicGroup):
            arrays += [value for value in synapses.parameters.values() if isinstance(value, np.ndarray)]
        crc = checksum(arrays, crc)
    return crc


def _localise(group, own, places):
    """Drop the synapses of a group that are not `own`; `places` are those of the others in what is left."""
    synapses = group.synapses
    n = len(own)
    if isinstance(synapses, GradedGroup):
        _localise_graded(group, own, places)
        return
    is_sorted = group.places is None and group.ranks is None
    if group.drawn is not None:  # drawn again, they would be those of all targets
        group.delays, group.drawn = group.values("delay"), None
    if is_sorted and synapses.by_delay and has_multiples(synapses):
        is_sorted = False  # in the order of (pre, post, delay)
    parameters = synapses.parameters if isinstance(synapses, DynamicGroup) else {}
    synapses.whole = Whole(
        n,
        synapses.shortest,
        synapses.longest,
        len(synapses.delays) > 1,
        not isinstance(synapses, DynamicGroup) and has_equals(synapses),
        frozenset(
            name for name, value in parameters.items() if isinstance(value, np.ndarray) and len(value) > 1
        ),
    )
    below = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(own, out=below[1:])
    synapses.first = below[synapses.first]

    def part(values):
        return (
            values[own]
            if isinstance(values, np.ndarray) and len(values) == n and n > 1
            else _none(values, own)
        )

    if isinstance(synapses, ArrivalGroup):
        synapses.arrays = synapses.targets[own], part(synapses.weights), part(synapses.delays)
    else:
        synapses.targets = synapses.targets[own]
        synapses.weights, synapses.delays = part(synapses.weights), part(synapses.delays)
    if isinstance(synapses, DynamicGroup):
        for values in (synapses.parameters, synapses.initial, synapses.state):
            values.update({name: part(value) for name, value in values.items()})
        synapses.last = synapses.last[own]
        synapses.seen = synapses.seen[own] if len(synapses.seen) else synapses.seen
        if synapses.model.is_random:
            synapses.numbers = np.flatnonzero(own)
    group.delays = part(group.delays)
    if group.ranks is not None:
        group.ranks = group.ranks[own]
    elif not is_sorted:
        group.places = in_few_bytes(places)


def _localise_graded(group, own, places):
    """The same of graded connections, which are sorted by target."""
    begin, end = simulator.state.network.own_cells(len(group.synapses.first) - 1)
    group.synapses.keep(begin, end)
    if len(group.delays) > 1:
        group.delays = group.delays[own]
    if group.places is not None:
        group.places = in_few_bytes(places)


def _none(values, own):
    """Values that all synapses share; an element for each synapse where there was one, and it is not here."""
    if isinstance(values, np.ndarray) and len(own) == len(values) == 1 and not own[0]:
        return values[:0]
    return values
