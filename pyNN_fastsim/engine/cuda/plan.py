"""
What a network consists of, written down in tables in the card's memory.
"""

import numpy as np

from ..preparation import find_counted, prepare_dynamic, resize_ring
from ..synapses import dynamic
from ..synapses.dynamic import DynamicGroup
from ..synapses.on_demand import OnDemandGroup
from ..synapses.traces import ENTRY
from . import words
from .cells import neuron_part, source_part
from .delivery import LANES, changing_part, static_part
from .histories import PlasticTables, is_plastic, values_at
from .memory import Buffer, State, arrays_of, sent
from .steps import TILE
from .tables import parts_of_row, usual_spikes

SHIFTS = range(6)  # units of work that a pair of the list of spikes may be worth: 1 to 32
MOST_WARPS = 2**14  # that may look at the list of spikes at once, before they know how long it is


class Plan:
    """The tables of a network, and what the kernels of a step are made of.

    cells       the functions for its cells; those of counting sources first, of which there are `n_counting`
    synapses    the functions for its synapses
    tiles       the Buffer of tiles: `n_tiles`, and `n_drawn` more of counting sources that aren't listed
    units_shift, list, listed   see words.py
    plastic     Tables of the kernels of plastic synapses, between the phases of a step
    n_threads   for so many there is something to do in each step, usually, when spikes are delivered
    """

    def __init__(self, network, copies, residents):
        self._network, self._copies = network, copies
        self._kept = []  # buffers that only this plan uses
        for block in network.blocks:
            if not isinstance(block.state, State):
                block.state = State(block.state)
        for group in network.groups:
            if isinstance(group, DynamicGroup) and not isinstance(group.state, State):
                group.state = State(group.state, along=lambda group=group: _along(group))
        self.states = [block.state for block in network.blocks]
        self.states += [group.state for group in network.groups if isinstance(group, DynamicGroup)]
        self._derive()
        self._counts()
        self._plastic = PlasticTables(network, self._keep, copies, residents)
        self.states += self._plastic.states
        self._units()
        self._plastic.make(self._detail, self._base)
        self.plastic = self._plastic.tables
        self._tiles([self._block_row(block) for block in network.blocks])
        self._sample_tiles()
        copies.end()

    def _keep(self, buffer):
        self._kept.append(buffer)
        return buffer.address

    def _derive(self):
        """Find out what the host's side of the network follows from what."""
        network = self._network
        everything = np.array([[[0, block.n] for block in network.blocks]], dtype=np.int64)
        find_counted(network, everything.reshape(1, len(network.blocks), 2), more=1)
        self.channels = np.cumsum([0] + [b.n * len(b.model.receptors) for b in network.blocks])
        self.groups = [g for g in network.groups if len(g)]
        listed = [g for g in self.groups if g not in network.counted]
        resize_ring(network, int(self.channels[-1]), max((g.longest for g in listed), default=1))
        self._listed = [group for group in listed if not is_plastic(group)]
        prepare_dynamic(network, [group for group in self.groups if isinstance(group, DynamicGroup)])

    def _counts(self):
        """Make room for numbers of spikes, and find out how many spikes a step may add to the log."""
        blocks = self._network.blocks
        self.counts = {block.index: sent(block.counts) for block in blocks if block.counts_spikes}
        self.slack = sum(b.capacity(b.n) for b in blocks if b.recorded is not None)

    # --- spikes to be delivered ---------------------------------------------------------------------------

    def _units(self):
        """Write down what there is to be done for a spike of each block; make room for a list of spikes."""
        blocks, rows, kinds = self._network.blocks, {}, {}
        for group in self._listed:
            changes = isinstance(group, DynamicGroup)
            part = changing_part(group.model) if changes else static_part()
            kind = kinds.setdefault(part, len(kinds))
            rows.setdefault(group.source, []).extend(self._unit_rows(group, kind))
        self.synapses = tuple(kinds)
        numbers = [(len(some), blocks[index].n) for index, some in rows.items()]
        self.units_shift = min(SHIFTS, key=lambda shift: _wasted(numbers, shift))
        self._entries = {}  # by block: how many pairs of the list a spike is, and the address of their units
        self.n_threads, capacity = 0, 0
        for index, some in rows.items():
            n_entries = -(-len(some) >> self.units_shift)
            table = np.zeros((n_entries << self.units_shift, words.UNIT_ROW), dtype=np.int64)
            table[: len(some)] = some
            self._entries[index] = n_entries, self._keep(sent(table))
            capacity += n_entries * blocks[index].n
            self.n_threads += LANES * len(some) * usual_spikes(blocks[index].n)
        self.list = Buffer((capacity + MOST_WARPS, words.ENTRY), np.int64)
        self.listed = sent(np.zeros(2, dtype=np.int64))

    def _unit_rows(self, group, kind):
        copies, row = self._copies, np.zeros(words.UNIT_ROW, dtype=np.int64)
        row[words.FIRST] = copies.address_of(group.first)
        row[words.TARGETS], _ = copies.place_of(group, "targets")
        row[words.WEIGHTS], row[words.WEIGHT_STRIDE] = copies.place_of(group, "weights")
        row[words.DELAYS], row[words.DELAY_STRIDE] = copies.place_of(group, "delays")
        row[words.BASE] = self._base(group)
        row[words.UNIT_KIND] = kind
        if isinstance(group, DynamicGroup):
            row[words.DETAIL] = self._detail(group)
        n_parts = parts_of_row(group, np.count_nonzero(np.diff(group.first)))
        row[words.PARTS] = n_parts
        rows = np.tile(row, (n_parts, 1))
        rows[:, words.PART] = np.arange(n_parts)
        return rows

    # --- cells --------------------------------------------------------------------------------------------

    def _block_row(self, block):
        n, model = block.n, block.model
        row = np.zeros(words.BLOCK_ROW, dtype=np.int64)
        row[words.SIZE], row[words.INDEX], row[words.FIRST_ID] = n, block.index, block.first_id
        row[words.STATE], _ = block.state.place()
        row[words.CHANNEL] = self.channels[block.index]
        if block.recorded is not None:
            row[words.RECORD] = self._keep(sent(block.recorded))
        row[words.ENTRIES], row[words.UNITS] = self._entries.get(block.index, (0, 0))
        row[words.PLASTIC_LIST] = self._plastic.list_of(block.index)
        if model.is_source:
            self._write_source(row, block)
        else:
            self._write_constants(row, block)
            self._write_currents(row, block)
            self._write_counted(row, block)
        return row

    def _write_constants(self, row, block):
        varies = any(np.ndim(value) for value in block.constants)
        shape = len(block.constants), block.n if varies else 1
        values = np.empty(shape)
        for k, value in enumerate(block.constants):
            values[k] = value
        row[words.CONSTANTS] = self._keep(sent(values))
        row[words.CONSTANT_STRIDE] = 8 if varies else 0
        row[words.CONSTANT_SPACING] = 8 * shape[1]

    def _write_source(self, row, block):
        """Sources see whole arrays; numbers are given to them as arrays of one for each cell."""
        arrays = [
            np.full(block.n, float(value)) if np.ndim(value) == 0 else np.asarray(value, np.float64)
            for value in block.constants
        ]
        buffers = [sent(array) for array in arrays]
        self._kept += buffers
        table = [(b.address, 8, len(a)) for b, a in zip(buffers, arrays, strict=True)]
        row[words.CONSTANTS] = self._keep(sent(np.array(table, dtype=np.int64)))
        row[words.CAPACITY] = max(block.capacity(block.n), 1)
        if block.counts_spikes:
            row[words.COUNTS], row[words.KEPT] = self.counts[block.index].address, len(block.counts)
        elif block.model.spike is None:
            row[words.ROOM] = self._keep(Buffer(int(row[words.CAPACITY]), np.int32))

    def _write_currents(self, row, block):
        """For each cell the currents that are injected, in the order in which they are added up."""
        own = [
            (current, cells) for current, index, cells in self._network.attachments if index == block.index
        ]
        if not own:
            return
        cells = np.concatenate([cells for _, cells in own])
        currents = np.repeat([current for current, _ in own], [len(cells) for _, cells in own])
        order = np.argsort(cells, kind="stable")
        first = np.zeros(block.n + 1, dtype=np.int32)
        np.cumsum(np.bincount(cells, minlength=block.n), out=first[1:])
        row[words.INJECTED_FIRST] = self._keep(sent(first))
        row[words.INJECTED] = self._keep(sent(currents[order], np.int32))

    def _write_counted(self, row, block):
        rows = []
        for group in self.groups:
            if group in self._network.counted and group.target == block.index:
                counts = self._network.blocks[group.source].counts
                rows.append(
                    (
                        self.counts[group.source].address,
                        len(counts),
                        self._copies.address_of(group.weights),
                        8 if len(group.weights) > 1 else 0,
                        int(group.delays[0]),
                        group.since,
                        group.receptor,
                    )
                )
        if rows:
            row[words.COUNTED] = self._keep(sent(np.array(rows, dtype=np.int64)))
            row[words.N_COUNTED] = len(rows)

    def _tiles(self, rows):
        """Write down which cells threads take through a step together, and of which kinds they are."""
        blocks, parts = self._network.blocks, []
        for block in blocks:
            make = source_part if block.model.is_source else neuron_part
            counting = [block.counts_spikes] if block.model.is_source else []
            parts.append(make(block.model, len(block.constants), *counting))
        counting = dict.fromkeys(p for p, b in zip(parts, blocks, strict=True) if b.counts_spikes)
        self.cells, self.n_counting = tuple(dict.fromkeys([*counting, *parts])), len(counting)
        for row, part in zip(rows, parts, strict=True):
            row[words.CELL_KIND] = self.cells.index(part)
        first = self._keep(sent(np.array(rows, dtype=np.int64).reshape(-1, words.BLOCK_ROW)))
        tiles, drawn = [], []
        for block in blocks:
            asked_at_once = block.index in self._entries or block.recorded is not None
            emits = block.model.is_source and block.model.spike is None and not block.counts_spikes
            some = _tiles_of(first + 8 * words.BLOCK_ROW * block.index, 1 if emits else block.n)
            (tiles if asked_at_once or not block.counts_spikes else drawn).append(some)
        self.n_tiles, self.n_drawn = sum(map(len, tiles)), sum(map(len, drawn))
        nothing = np.zeros((0, words.TILE_ROW), dtype=np.int64)
        self.tiles = sent(np.concatenate([nothing, *tiles, *drawn]))

    def _sample_tiles(self):
        found = [_tiles_of(k, sampler.width) for k, sampler in enumerate(self._network.samplers)]
        nothing = np.zeros((0, words.TILE_ROW), dtype=np.int64)
        self.sample_tiles = sent(np.concatenate([nothing, *found]))
        self.n_sample_tiles = sum(map(len, found))

    # --- synapses that change -----------------------------------------------------------------------------

    def _base(self, group):
        """Offset of the first place of a group's targets in a slot of the ring buffer."""
        return self.channels[group.target] + group.receptor * self._network.blocks[group.target].n

    def _detail(self, group):
        """The words that synapses which change need, with addresses of the card (dynamic.py)."""
        network = self._network
        detail = group.detail.copy()
        address, (detail[dynamic.LAST], *of_plastic) = group.state.place()
        n = len(group)
        detail[dynamic.STATE] = self._keep(
            sent(np.array([(address + 8 * n * k, 8, n) for k in range(len(group.state))], dtype=np.int64))
        )
        detail[dynamic.CONSTANTS] = self._table(group.used_constants)
        if is_plastic(group):
            detail[dynamic.SEEN], detail[dynamic.WEIGHTS] = of_plastic
            self._plastic.write(detail, group)
            self._write_earlier(detail, group)
        else:
            detail[dynamic.WEIGHTS] = self._copies.address_of(group.weights)
        detail[dynamic.TARGETS] = self._copies.address_of(group.targets)
        source, target = network.blocks[group.source], network.blocks[group.target]
        detail[dynamic.PRE_VALUES] = self._values(source, group.model.of_pre)
        detail[dynamic.POST_VALUES] = self._values(target, group.model.of_post)
        return self._keep(sent(detail))

    def _write_earlier(self, detail, group):
        """The timings that hold for spikes of a plastic group that were emitted earlier."""
        rows = [
            (t.until, self._table(constants), self._keep(sent(t.delays)), 2 if len(t.delays) > 1 else 0)
            for t, constants in zip(group.earlier, group.earlier_constants, strict=True)
        ]
        table = np.array(rows, dtype=np.int64).reshape(-1, dynamic.TIMING_ROW)
        detail[dynamic.EARLIER] = self._keep(sent(table))

    def _table(self, arrays):
        """The address of a table of arrays of one element, or one for each synapse."""
        arrays = [array[:1] if np.all(array == array[0]) else array for array in arrays]
        buffers = [sent(array) for array in arrays]
        self._kept += buffers
        rows = [(b.address, 8 if len(a) > 1 else 0, len(a)) for b, a in zip(buffers, arrays, strict=True)]
        return self._keep(sent(np.array(rows, dtype=np.int64).reshape(-1, 3)))

    def _values(self, block, names):
        """The address of a table of parameters and state variables of cells."""
        rows = [(values_at(block, name, self._keep), 8, block.n) for name in names]
        return self._keep(sent(np.array(rows or [(0, 0, 0)], dtype=np.int64)))


def _tiles_of(what, n):
    """The rows of tiles for `n` cells of a block (the address of its row), or of a sampler (its index)."""
    first = np.arange(0, n, TILE, dtype=np.int64)
    return np.stack([np.full(len(first), what, dtype=np.int64), first], axis=1)


def _wasted(numbers, shift):
    """What a number of units to a pair of the list of spikes costs: pairs, and units without anything to do.

    numbers   of units for a spike, and of cells, of each block
    """
    pairs = [(-(-units >> shift), n) for units, n in numbers]
    return sum(n * some * (1 + 2**shift) for some, n in pairs)


def _along(group):
    """What of synapses that change is on the card beside their state."""
    return [group.last, group.seen, group.weights] if is_plastic(group) else [group.last]


def needed_bytes(network, copies, placed=0):
    """How much more memory a network will take on the card, but for small things.

    placed   bytes of its ring buffer and state that are there already
    """
    arrays = []
    for group in network.groups:
        if is_plastic(group):
            arrays += [group.targets, group.delays, *group.by_target(network.blocks[group.target].n)]
        else:
            arrays += arrays_of(group)[0].values()
        arrays.append(group.first)
    on_demand = copies.missing_of_recipes(g for g in network.groups if isinstance(g, OnDemandGroup))
    ring = 8 * network.ring.size
    state = sum(16 * len(block.model.state) * block.n for block in network.blocks)
    state += sum(_state_bytes(group) for group in network.groups if isinstance(group, DynamicGroup))
    state += sum((4 + 8 * ENTRY) * past.spikes.size for past in network.histories.values())
    longest = max((g.longest for g in network.groups if g not in network.counted), default=1)
    width = sum(block.n * len(block.model.receptors) for block in network.blocks)
    needed = max(ring, 8 * width << int(longest).bit_length()) + state
    return copies.missing(arrays) + on_demand + max(needed - placed, 0)


def _state_bytes(group):
    """What synapses that change take for their state, and for parameters of each."""
    along = sum(array.nbytes for array in _along(group))
    own = sum(len(np.atleast_1d(values)) > 1 for values in group.parameters.values())
    return along + 8 * len(group) * (len(group.model.state) + own)
