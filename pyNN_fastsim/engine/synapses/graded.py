"""
Graded transmission: what is connected to what, and what there is of it in memory; transmission.py does the
work.

A `Transmission` is a ring of the past values of one variable of a block, as long as the longest delay with
which anything reads it: at t < 0 it has the values of t = 0. A `GradedGroup` has connections sorted by
target, and by source within a target; where each target has the same sources, which follow one another,
these are not stored. A `Pool` is what a cell knows of all cells of its block, such as their mean.

Of several processes each has the connections onto its own cells, and the past values of all cells
(`sharing.py`). How connections are summed follows from the whole group, so that the order is the same.
"""

from dataclasses import dataclass, field

import numpy as np

from ..compiling.addresses import address_of, table_of
from ..sharing import Sharing
from ..tables import rows_of
from . import ahead
from . import transmission as words
from .ahead import BLOCK, Ahead, most_steps
from .graded_models import GradedModel, StaticModel
from .groups import MAX_DELAY, Whole
from .past_values import Trace, Transmission, ring_words
from .pools import Pool
from .transmission import CHUNK, GRADED_ROW, TRANSMITTED_ROW, pool_kernel

CURRENT = -1  # the "receptor" of what flows into cells, nA
PER_CELL = 20  # connections that take about as long as a cell


@dataclass(eq=False)
class GradedGroup:
    """Graded connections from one block to another.

    source, target   indices of the blocks
    receptor         index of the receptor, or CURRENT
    first            int64 [cells of the target + 1]: where each one's connections begin
    sources          uint32 [connections]: index of the source cell; see `find_sources`
    weights          float64 [connections], or [1] if shared
    delays           uint16 [connections], or [1] if shared: steps
    model            GradedModel or StaticModel
    parameters       float64 [1] or [connections] by name
    learning         whether it learns, if its model does
    period, offset   of that, in steps
    since            step at which it was connected
    whole            what is known of the group of which this process has a part; None if this is all of it
    """

    source: int
    target: int
    receptor: int
    first: np.ndarray
    sources: np.ndarray | None
    weights: np.ndarray
    delays: np.ndarray
    model: GradedModel | StaticModel
    parameters: dict = field(default_factory=dict)
    learning: bool = True
    period: int = 1
    offset: int = 0
    since: int = 0
    whole: Whole | None = None

    by_delay = False

    def __post_init__(self):
        counts = np.diff(self.first)
        self.begins_at = 0
        self.is_diagonal = False
        n, ids = len(self), self.sources
        if n:
            rows = np.flatnonzero(counts)
            length = int(counts[rows[0]])
            if np.all(counts[rows] == length) and length > 1:
                pattern = np.arange(ids[0], ids[0] + length, dtype=np.uint32)
                if all(np.array_equal(ids[k : k + length], pattern) for k in range(0, n, length)):
                    self.begins_at, self.sources = int(ids[0]), None
            elif np.array_equal(ids, rows) and rows[-1] - rows[0] + 1 == len(rows):
                self.begins_at, self.is_diagonal = int(rows[0]), True
        self.initial = {name: np.array([float(x)]) for name, x in self._variables().items()}
        self.state = {name: np.full(n, float(x)) for name, x in self.model.state.items()}
        n_targets = len(self.first) - 1
        self.state |= {name: np.full(n_targets, float(x)) for name, x in self.model.of_target.items()}
        self.initial_weights = None
        self.input = np.zeros(n_targets)
        self.detail = np.zeros(32, dtype=np.int64)

    def _variables(self):
        return {**self.model.state, **self.model.of_target}

    def __len__(self):
        return int(self.first[-1])

    @property
    def n(self):
        return self.whole.n if self.whole else len(self)

    @property
    def longest(self):
        return self.whole.longest if self.whole else int(self.delays.max(initial=0))

    @property
    def has_delays(self):
        """Whether connections have delays of their own."""
        return self.whole.has_delays if self.whole else len(self.delays) > 1

    @property
    def goes_ahead(self):
        """Whether it is for `Ahead`."""
        return self.model.is_static and self.has_delays and self.longest >= BLOCK

    @property
    def shortest(self):
        return self.whole.shortest if self.whole else int(self.delays.min(initial=MAX_DELAY))

    @property
    def most_steps(self):
        """For how many steps what it brings follows from what has been transmitted before the second one."""
        steps = self.shortest + 1
        return min(steps, most_steps(self.delays)) if self.goes_ahead else steps

    def varies(self, name):
        """Whether there is one value of the weight, or of a parameter, for each connection."""
        values = self.weights if name == "weight" else self.parameters[name]
        return name in self.whole.varied if self.whole else len(values) > 1

    @property
    def targets(self):
        """The target cell of each connection: uint32."""
        return np.repeat(np.arange(len(self.first) - 1, dtype=np.uint32), np.diff(self.first))

    def find_sources(self):
        """The source cell of each connection: int64."""
        if self.sources is not None:
            return self.sources.astype(np.int64)
        starts = np.repeat(self.first[:-1], np.diff(self.first))
        return np.arange(len(self)) - starts + self.begins_at

    @property
    def kernel(self):
        """The entry that goes through its connections."""
        return self.model.kernel if self.model.is_static else self.model.kernels[0 if self._uniform else 1]

    def begin(self):
        """Say that a trial begins."""
        self.initial_weights = self.weights.copy() if self.model.learns else None

    def restart(self):
        """Go back to the beginning of a trial."""
        if self.initial_weights is not None:
            self.weights = self.initial_weights
            self.initial_weights = None
        for name, value in self.initial.items():
            self.state[name][:] = value

    def initialize(self, name, values):
        """Set a variable, float64 [connections], now and at the beginning of every trial; of one that each
        target has, the value of its first connection counts."""
        if name in self.model.of_target:
            rows = np.flatnonzero(np.diff(self.first))
            self.initial[name] = np.broadcast_to(self.initial[name], len(self.first) - 1).copy()
            self.initial[name][rows] = np.broadcast_to(values, len(self))[self.first[rows]]
        else:
            self.initial[name] = np.array(values, dtype=float)
        self.state[name][:] = self.initial[name]

    def take_over(self, places, other, others_places):
        """Let connections remember what others did, those of another group."""
        n = len(self)
        self.learning, self.period, self.offset = other.learning, other.period, other.offset
        for name in self.model.state:
            self.initial[name] = np.resize(self.initial[name], n)
            self.initial[name][places] = np.broadcast_to(other.initial[name], len(other))[others_places]
            self.state[name][places] = other.state[name][others_places]
        for name in self.model.of_target:
            self.initial[name], self.state[name][:] = other.initial[name], other.state[name]
        if other.initial_weights is not None:
            self.initial_weights = np.resize(self.weights, n)
            before = np.broadcast_to(other.initial_weights, len(other))
            self.initial_weights[places] = before[others_places]

    def keep(self, begin, end):
        """Drop the connections onto other cells than [begin, end), which are those of this process."""
        n = len(self)
        varied = frozenset(name for name in ("weight", *self.parameters) if self.varies(name))
        self.whole = Whole(n, self.shortest, self.longest, self.has_delays, has_equals=False, varied=varied)
        lo, hi = self.first[begin], self.first[end]

        def part(values):
            return values[lo:hi].copy() if len(values) == n > 1 else values

        self.first = np.clip(self.first, lo, hi) - lo
        self.weights, self.delays = part(self.weights), part(self.delays)
        if self.sources is not None:
            self.sources = self.sources[lo:hi].copy()
        if self.is_diagonal:
            self.begins_at = max(self.begins_at, begin)
        self.parameters = {name: part(values) for name, values in self.parameters.items()}
        for name in self.model.state:
            self.state[name] = self.state[name][lo:hi].copy()

    # --- what the run loop needs to know -----------------------------------------------------------------

    def row(self, network, rings, place):
        """The row of the run loop's table; arrays that it points to are kept here.

        rings   what holds the values of the source: a `Transmission` or an array, for each
        place   of the receptor in a slot of the ring buffer
        """
        row = np.zeros(GRADED_ROW, dtype=np.int64)
        if not self.model.is_static and len(self.weights) != len(self):
            self.weights = np.resize(self.weights, len(self))
        self._rings = np.array([ring_words(ring) for ring in rings], dtype=np.int64)
        row[words.TARGET], row[words.N_TARGETS] = self.target, len(self.input)
        row[words.FIRST], row[words.INPUT] = address_of(self.first), address_of(self.input)
        row[words.SOURCES] = 0 if self.sources is None else address_of(self.sources)
        row[words.FROM], row[words.IS_DIAGONAL] = self.begins_at, self.is_diagonal and not self.has_delays
        self._values = _with_first(self.weights), _with_first(self.delays)
        row[words.WEIGHTS], row[words.DELAYS] = map(address_of, self._values)
        row[words.WEIGHT_STRIDE] = 8 if self.varies("weight") or self.n <= 1 else 0
        row[words.DELAY_STRIDE] = 2 if self.has_delays else 0
        row[words.PRE] = address_of(self._rings)
        row[words.LEARNS] = self.learning and self.model.learns
        row[words.PERIOD], row[words.OFFSET] = self.period, self.offset
        row[words.PLACE] = place
        if not self.model.is_static:
            self._write_model(row, network)
        else:
            self._write_static(row, network, rings[0])
        row[words.KERNEL] = self.kernel.address
        self._row = row
        self.detail[0] = address_of(row)
        return row

    def _write_static(self, row, network, ring):
        if self.goes_ahead:
            self.ahead = Ahead(self.first, self.find_sources(), self.weights, self.delays, ring.past)
            row[words.AHEAD] = address_of(self.ahead.table)
        if self.model.post:
            weights = np.broadcast_to(self.weights, len(self))
            self._own_weights = np.bincount(self.targets, weights, minlength=len(self.input))
            self._own = network.blocks[self.target].values(self.model.post[0])
            row[words.OWN], row[words.OWN_WEIGHTS] = address_of(self._own), address_of(self._own_weights)

    def _write_model(self, row, network):
        model, target = self.model, network.blocks[self.target]
        step = network.dt * self.period
        n = max(len(self), 2)  # one value may be that of the only connection of this process, of many
        parameters = {
            name: np.resize(_with_first(values), n) if self.varies(name) and len(values) < n else values
            for name, values in self.parameters.items()
        }
        constants = [np.ascontiguousarray(c, dtype=float).ravel() for c in
                     map(np.atleast_1d, model.constants(parameters, step))]  # fmt: skip
        self._uniform = all(len(c) == 1 for c in constants)
        chunks = [np.full(CHUNK, c[0]) if len(c) == 1 else c for c in constants]
        self._constants = chunks
        self._constants_table = table_of(chunks, [0 if len(c) == 1 else 8 for c in constants])
        arrays = [self.weights, *(self.state[name] for name in model.state)]
        self._state_table = table_of(arrays, [8] * len(arrays))
        nothing = np.zeros(target.n)
        arrays = [self.state[name] for name in model.of_target] or [nothing]
        self._of_target_table = table_of(arrays, [8] * len(arrays))
        self._post = [target.values(name) for name in model.post] or [nothing]
        self._post_table = table_of(self._post, [8] * len(self._post))
        self._nothing = nothing
        row[words.CONSTANTS] = address_of(self._constants_table)
        row[words.STATE] = address_of(self._state_table)
        row[words.OF_TARGET] = address_of(self._of_target_table)
        row[words.POST] = address_of(self._post_table)
        self._time_step = np.array([network.dt])
        row[words.TIME_STEP] = address_of(self._time_step)


def _with_first(values):
    """Values of which there is at least one, at which kernels look even if there are no connections."""
    return values if len(values) else np.ones(1, values.dtype)


class Graded:
    """All graded connections of a network."""

    def __init__(self):
        self.groups: list[GradedGroup] = []
        self.pools: list[Pool] = []
        self.transmissions: dict[tuple, Transmission] = {}
        self._with_currents: set[int] = set()
        self.sharing: Sharing | None = None  # with other processes

    def add_pools(self, block):
        """Add what the cells of a new block know of all of them."""
        for operation, variable, receptor in block.model.pools:
            self.pools.append(Pool(block.index, variable, operation, receptor, block.n))

    def remove_block(self, index):
        self.pools = [pool for pool in self.pools if pool.block != index]
        self.transmissions = {key: value for key, value in self.transmissions.items() if key[0] != index}

    @property
    def traced(self):
        """Indices of the blocks whose spikes leave traces."""
        return {group.source for group in self.groups if group.model.with_trace}

    def cells_worth(self):
        """How many cells take about as long to advance as all connections."""
        return sum(len(group) for group in self.groups) / PER_CELL

    def prepare(self, network):
        """Make room for past values, and for currents; what is not used any more is forgotten."""
        longest: dict[tuple, int] = {}
        self._read = {group: self._keys(group, network) for group in self.groups}
        for group, keys in self._read.items():
            for key in filter(None, keys):
                longest[key] = max(longest.get(key, 0), group.longest)
        summed_ahead = {key for group, keys in self._read.items() if group.goes_ahead for key in keys}
        for pool in self.pools:
            longest.setdefault((pool.block, pool.variable), 0)
        period = 1 if network.exchange is None else network.exchange.period
        self.transmissions = {key: value for key, value in self.transmissions.items() if key in longest}
        for key, steps in longest.items():
            if key not in self.transmissions:
                self.transmissions[key] = Transmission(network.blocks[key[0]], key[1], network.dt)
            self.transmissions[key].reserve(steps, network.step, key in summed_ahead, period)
        self._prepare_currents(network)

    @staticmethod
    def _keys(group, network):
        """Which transmissions a group reads; None for parameters of the source, which don't change by
        themselves."""
        if group.model.with_trace:
            tau = float(group.parameters[group.model.with_trace][0])
            return [(group.source, Trace(tau))]
        state = network.blocks[group.source].state
        return [(group.source, name) if name in state else None for name in group.model.pre]

    def _prepare_currents(self, network):
        with_currents = {group.target for group in self.groups if group.receptor == CURRENT}
        for index in self._with_currents - with_currents - set(network.coupling.blocks):
            network.blocks[index].coupled = None
        self._with_currents = with_currents
        for index in with_currents:
            if network.blocks[index].coupled is None:
                network.blocks[index].coupled = np.zeros(network.blocks[index].n)

    def write(self, network, channels, n_threads):
        """Write down all there is for the run loop; returns what its head points at, an int64 array, or
        None."""
        self.sharing = None
        if not self.groups and not self.pools:
            self._table = rows_of([], GRADED_ROW)
            return None
        rows = [self._row_of(group, network, channels) for group in self.groups]
        for pool in self.pools:
            ring = self.transmissions[pool.block, pool.variable]
            n = network.blocks[pool.block].n
            rows.append(pool.row(ring, channels[pool.block] + pool.receptor * n))
        self._find_first_currents(rows, network)
        self._table = rows_of(rows, GRADED_ROW)
        self._transmitted = rows_of([each.row() for each in self.transmissions.values()], TRANSMITTED_ROW)
        most = max((len(self._read[group]) for group in self.groups), default=1)
        width = 3 * most + (most + 1) * CHUNK
        width += -width % 8  # two threads don't write to one cache line
        self._scratch = np.zeros((n_threads, width))
        if network.exchange is not None and self.transmissions:
            cells = [each.block.n for each in self.transmissions.values()]
            self.sharing = Sharing(network.exchange, self._transmitted, cells)
        self._head = np.array(
            [
                address_of(self._transmitted),
                len(self._transmitted),
                address_of(self._table),
                len(self._table),
                address_of(self._scratch),
                width,
                0 if self.sharing is None else address_of(self.sharing.words),
            ],
            dtype=np.int64,
        )
        return self._head

    def _row_of(self, group, network, channels):
        keys = self._read[group]
        source, target = network.blocks[group.source], network.blocks[group.target]
        names = group.model.pre
        rings = [
            source.values(name) if key is None else self.transmissions[key]
            for key, name in zip(keys, names, strict=True)
        ] or [np.zeros(source.n)]
        group._kept = rings
        is_current = group.receptor == CURRENT
        place = -1 if is_current else channels[group.target] + group.receptor * target.n
        row = group.row(network, rings, place)
        if is_current:
            row[words.INTO] = address_of(target.coupled)
        return row

    def _find_first_currents(self, rows, network):
        """The first current into a block begins with that of other sources, unless gap junctions did so."""
        seen = set(network.coupling.blocks)
        for row in rows:
            if row[words.PLACE] >= 0:
                continue
            index = int(row[words.TARGET])
            injected = network.blocks[index].injected
            row[words.INJECTED] = -1 if index in seen else 0 if injected is None else address_of(injected)
            seen.add(index)

    def begin(self, network):
        """Before a run: look at what has been set by hand, and sum what the first step receives."""
        for each in self.transmissions.values():
            each.begin(network.step, network.begun)
        if self.sharing is not None:
            self.sharing.share(network.step)
        for each in self.transmissions.values():
            each.look_back(network.step, network.begun)
        if not network.begun:
            for group in self.groups:
                group.begin()
            return
        for group in self.groups:
            if group.goes_ahead:
                group.ahead.table[ahead.BEGIN] = network.step
        for group, row in zip((*self.groups, *self.pools), self._table, strict=True):
            kernel = pool_kernel if isinstance(group, Pool) else group.kernel
            own = network.blocks[group.target].own
            kernel(address_of(row), own.start, own.stop, network.step, 0, address_of(self._scratch))

    def restart(self):
        """Go back to the beginning of a trial."""
        for group in self.groups:
            group.restart()
