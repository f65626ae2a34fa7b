"""
What plastic synapses need on the card beside what others do: histories of the spikes of their targets, spikes
of their sources that they hold, and the tables of their kernels.
"""

from typing import NamedTuple

import numpy as np

from ..synapses import dynamic, history
from ..synapses.plastic_kernels import HOLD
from . import words
from .delivery import LANES
from .memory import Buffer, Resident, sent
from .plasticity import NOTE, plastic_kernels
from .tables import Table, parts_of_row, usual_spikes


class History(NamedTuple):
    """Addresses of a `SpikeHistory` on the card: its row, arrays, traces by rates, `kept` by name."""

    row: int
    spikes: int
    counts: int
    traces: dict
    kept: dict


class HistoryArrays(Resident):
    """The arrays of a `SpikeHistory`."""

    def __init__(self, past):
        self._past = past
        super().__init__(self._arrays_of_it)

    def _arrays_of_it(self):
        past = self._past
        entries = [trace.entries for trace in past.traces.values()]
        return [past.spikes, past.counts, past.done, *entries, *past.kept.values()]


class HeldLists(Resident):
    """`HeldSpikes`, as lists of different cells: int32 [slots, cells of the source], how often each of them
    spiked, likewise, and the lengths of the lists, int32 [slots]."""

    def __init__(self, held, n_cells):
        self._held, self._n_cells = held, n_cells
        super().__init__(lambda: [self.cells, self.times, self.counts])

    def place(self):
        slots = len(self._held.counts)
        self.cells, self.times = np.zeros((2, slots, self._n_cells), dtype=np.int32)
        self.counts = np.zeros(slots, dtype=np.int32)
        return super().place()

    def send(self):
        if not self.is_away:
            for slot in range(len(self.counts)):
                cells, times = np.unique(self._held.of(slot), return_counts=True)
                n = self.counts[slot] = len(cells)
                self.cells[slot, :n], self.times[slot, :n] = cells, times
        super().send()

    def bring_back(self):
        if self.is_away:
            super().bring_back()
            lists = zip(self.cells, self.times, self.counts, strict=True)
            self._held.replace([np.sort(np.repeat(cells[:n], times[:n])) for cells, times, n in lists])


class PlasticTables:
    """What a network's plastic synapses have on the card.

    keep        keeps a buffer for as long as the plan is used; returns its address
    copies      `Copies`
    residents   Residents by what they are for, a SpikeHistory or HeldSpikes; those not needed are given up
    states      all Residents that this network needs
    tables      Tables of the kernels of a step in their order, when `make` has been called
    """

    def __init__(self, network, keep, copies, residents):
        self._network, self._keep, self._copies, self._residents = network, keep, copies, residents
        self._groups = [group for group in network.groups if is_plastic(group) and len(group)]
        self.states, self.tables = [], []
        targets = dict.fromkeys(group.target for group in self._groups)
        sources = dict.fromkeys(group.source for group in self._groups)
        self._lists = {index: self._make_list(network.blocks[index].n) for index in targets | sources}
        self._histories = {index: self._place_history(index) for index in targets}
        self._held = {group: self._place_held(group) for group in self._groups if group in network.held}
        for thing in [thing for thing, resident in residents.items() if resident not in self.states]:
            del residents[thing]

    def list_of(self, index):
        """The address of the row of a block's list of spikes for plastic synapses, or 0."""
        return self._keep(sent(self._lists[index])) if index in self._lists else 0

    def _make_list(self, n):
        """A LIST_ROW for `n` cells."""
        cells, times = self._keep(Buffer(n, np.int32)), self._keep(Buffer(n, np.int32))
        return np.array([cells, times, self._keep(sent(np.zeros(2, dtype=np.int64)))], dtype=np.int64)

    def _resident(self, thing, kind, *arguments):
        """Addresses of what is on the card for something that the host has."""
        if thing not in self._residents:
            self._residents[thing] = kind(thing, *arguments)
        self.states.append(self._residents[thing])
        return self._residents[thing].place()

    def _place_held(self, group):
        return self._resident(self._network.held[group], HeldLists, self._network.blocks[group.source].n)

    def _place_history(self, index):
        block, past = self._network.blocks[index], self._network.histories[index]
        past.keep_traces([group for group in self._groups if group.target == index])
        spikes, counts, done, *others = self._resident(past, HistoryArrays)
        traces = dict(zip(past.traces, others, strict=False))
        kept = dict(zip(past.kept, others[len(traces) :], strict=True))
        row = np.zeros(history.HISTORY_ROW, dtype=np.int64)
        row[history.SPIKES], row[history.COUNTS], row[history.DONE] = spikes, counts, done
        row[history.MASK], row[history.WINDOW] = past.spikes.shape[1] - 1, past.window
        row[history.TRACES], row[history.N_TRACES] = self._table(
            [
                (at, self._keep(sent(trace.rates)), trace.epoch)
                for trace, at in zip(past.traces.values(), traces.values(), strict=True)
            ]
        )
        row[history.KEPT], row[history.N_KEPT] = self._table(
            [(values_at(block, name, self._keep), at) for name, at in kept.items()]
        )
        return History(self._keep(sent(row)), spikes, counts, traces, kept)

    def _table(self, rows):
        """The address of a table, and how many rows it has."""
        return self._keep(sent(np.array(rows, dtype=np.int64))), len(rows)

    def write(self, detail, group):
        """Write down in the words of a plastic group where the history of its targets is."""
        past = self._histories[group.target]
        detail[dynamic.HISTORY], detail[dynamic.POSTS] = past.spikes, past.counts
        detail[dynamic.TRACES] = past.traces.get(group.trace_rates, 0)
        values = [(past.kept[name], 8, 0) for name in group.model.of_post]
        detail[dynamic.PAST_VALUES], _ = self._table(values)

    # --- the tables of kernels ------------------------------------------------------------------------------

    def make(self, detail_of, base_of):
        """Make the tables.

        detail_of   a function that gives the address of the details of a group, see dynamic.py
        base_of     one that gives the offset of the first place of a group's targets in a slot
        """
        rooms, deliveries = {}, {}
        for group in self._groups:
            room, deliver = plastic_kernels(group.model)
            detail = detail_of(group)
            rooms.setdefault(room, []).append(self._room(group, detail))
            for rank, delivery in self._deliveries(group, detail, base_of(group)):
                deliveries.setdefault((rank, deliver), []).append(delivery)
        self.tables = [_table_for(kernel, rows, words.ROOM_ROW) for kernel, rows in rooms.items()]
        if rooms:
            self.tables.append(_table_for(NOTE, self._notes(), words.NOTE_ROW))
        for (_, kernel), rows in sorted(deliveries.items(), key=lambda item: item[0][0]):
            self.tables.append(_table_for(kernel, rows, words.PLASTIC_ROW))

    def _threads(self, index, parts):
        """For the synapses of the cells of a block that spike, of which each has so many parts."""
        return LANES * parts * usual_spikes(self._network.blocks[index].n)

    def _room(self, group, detail):
        """(threads, row) of a group in the table of those whose targets' histories may be full."""
        row = np.zeros(words.ROOM_ROW, dtype=np.int64)
        n = self._network.blocks[group.target].n
        row[words.ROOM_OF] = self.list_of(group.target)
        row[words.ROOM_HISTORY], row[words.ROOM_DETAIL] = self._histories[group.target].row, detail
        by_target = [self._copies.address_of(array) for array in group.by_target(n)]
        row[words.BY_TARGET], row[words.FIRST_OF_TARGET] = by_target
        row[words.ROOM_PARTS] = parts_of_row(group, n)
        return self._threads(group.target, row[words.ROOM_PARTS]), row

    def _notes(self):
        """(threads, row) of the table of where spikes are noted, one at least for each list of them."""
        for index in self._lists:
            row = np.zeros(words.NOTE_ROW, dtype=np.int64)
            row[words.NOTED] = self.list_of(index)
            row[words.NOTED_IN] = self._histories[index].row if index in self._histories else 0
            yield self._network.blocks[index].n, row
        for group, (cells, times, counts) in self._held.items():
            n = self._network.blocks[group.source].n
            row = np.zeros(words.NOTE_ROW, dtype=np.int64)
            row[words.NOTED] = self.list_of(group.source)
            row[words.KEPT_CELLS], row[words.KEPT_TIMES], row[words.KEPT_COUNTS] = cells, times, counts
            row[words.KEPT_SLOTS], row[words.KEPT_LENGTH] = len(self._network.held[group].counts), n
            yield n, row

    def _deliveries(self, group, detail, base):
        """(rank, (threads, row)) for each number of steps for which a group's synapses hold spikes.

        A synapse whose delay has changed may get spikes of two steps at once; those of a lower rank first.
        """
        shared = np.zeros(words.PLASTIC_ROW, dtype=np.int64)
        shared[words.PLASTIC_FIRST] = self._copies.address_of(group.first)
        shared[words.PLASTIC_DELAYS] = self._copies.address_of(group.delays)
        shared[words.PLASTIC_DELAY_STRIDE] = 2 if len(group.delays) > 1 else 0
        shared[words.PLASTIC_BASE], shared[words.PLASTIC_DETAIL] = base, detail
        shared[words.PLASTIC_PARTS] = parts_of_row(group, np.count_nonzero(np.diff(group.first)))
        holds = np.unique(np.concatenate([c[HOLD] for c in group.all_constants()]).astype(np.int64))
        latest_first = [*holds[holds == 0], *holds[holds > 0][::-1]]
        for rank, hold in enumerate(latest_first):
            row = shared.copy()
            row[words.HELD_FOR] = hold
            spikes = self._lists[group.source] if hold == 0 else self._held[group]
            row[words.HELD_CELLS], row[words.HELD_TIMES], row[words.HELD_COUNTS] = spikes
            if hold > 0:
                row[words.HELD_SLOTS] = len(self._network.held[group].counts)
                row[words.HELD_LENGTH] = self._network.blocks[group.source].n
            yield rank if group.earlier else 0, (self._threads(group.source, row[words.PLASTIC_PARTS]), row)


def _table_for(kernel, rows, length):
    """The Table for a kernel; `rows` are (threads, row)."""
    threads, rows = zip(*rows, strict=True)
    return Table(kernel, rows, length, max(threads))


def is_plastic(group):
    return isinstance(group, dynamic.DynamicGroup) and group.model.is_plastic


def values_at(block, name, keep):
    """The address of a parameter or state variable of cells on the card; `keep` as for `PlasticTables`."""
    block.state.place()
    if name in block.state:
        return block.state.address_of(name)
    return keep(sent(block.values(name)))
