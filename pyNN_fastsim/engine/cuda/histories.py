"""
What plastic synapses need on the card beside what others do: histories of the spikes of their targets, spikes
of their sources that they hold, and the rows of the tables of their kernels.
"""

from typing import NamedTuple

import numpy as np

from ..synapses import dynamic, history
from ..synapses.plastic_kernels import HOLD
from . import words
from .memory import Resident, sent


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


class Histories:
    """The histories that a network's plastic synapses need, and the spikes that they hold.

    lists, times   by the index of a block: addresses of the list of its spikes, and of how often each spiked
    keep           keeps a buffer for as long as the plan is used; returns its address
    residents      Residents by what they are for, a SpikeHistory or HeldSpikes; those not needed are given up
    states         all Residents that this network needs
    """

    def __init__(self, network, groups, lists, times, keep, residents):
        self._network, self._keep, self._residents = network, keep, residents
        self._lists, self._times = lists, times
        self._groups = [group for group in groups if is_plastic(group)]
        self.states = []
        targets = dict.fromkeys(group.target for group in self._groups)
        self._histories = {index: self._place_history(index) for index in targets}
        self._held = {group: self._place_held(group) for group in self._groups if group in network.held}
        for thing in [thing for thing, resident in residents.items() if resident not in self.states]:
            del residents[thing]

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

    # --- what kernels find ----------------------------------------------------------------------------------

    def write(self, detail, group):
        """Write down in the words of a plastic group where the history of its targets is."""
        past = self._histories[group.target]
        detail[dynamic.HISTORY], detail[dynamic.POSTS] = past.spikes, past.counts
        detail[dynamic.TRACES] = past.traces.get(group.trace_rates, 0)
        values = [(past.kept[name], 8, 0) for name in group.model.of_post]
        detail[dynamic.PAST_VALUES], _ = self._table(values)

    def notes(self):
        """(cells, row) of the table of where spikes are noted."""
        for index, past in self._histories.items():
            row = np.zeros(words.NOTE_ROW, dtype=np.int64)
            row[words.NOTED], row[words.NOTED_LIST], row[words.NOTED_IN] = index, self._lists[index], past.row
            yield self._network.blocks[index].n, row
        for group, (cells, times, counts) in self._held.items():
            index, n = group.source, self._network.blocks[group.source].n
            row = np.zeros(words.NOTE_ROW, dtype=np.int64)
            row[words.NOTED], row[words.NOTED_LIST] = index, self._lists[index]
            row[words.NOTED_TIMES] = self._times[index]
            row[words.KEPT_CELLS], row[words.KEPT_TIMES], row[words.KEPT_COUNTS] = cells, times, counts
            row[words.KEPT_LENGTH] = n
            row[words.KEPT_SLOTS] = len(self._network.held[group].counts)
            yield n, row

    def room(self, group, detail, by_target, parts):
        """The row of a group in the table of those whose targets' histories may be full.

        detail     address of its details
        by_target  addresses of its synapses by target, and of where each target's begin
        parts      how many warps share the synapses of one cell
        """
        row = np.zeros(words.ROOM_ROW, dtype=np.int64)
        row[words.ROOM_OF], row[words.ROOM_LIST] = group.target, self._lists[group.target]
        row[words.ROOM_HISTORY], row[words.ROOM_DETAIL] = self._histories[group.target].row, detail
        row[words.BY_TARGET], row[words.FIRST_OF_TARGET] = by_target
        row[words.ROOM_PARTS] = parts
        return row

    def deliveries(self, group, group_row):
        """(rank, row) for each number of steps for which a group's synapses hold spikes.

        A synapse whose delay has changed may get spikes of two steps at once; those of a lower rank first.
        """
        holds = np.unique(np.concatenate([c[HOLD] for c in group.all_constants()]).astype(np.int64))
        latest_first = [*holds[holds == 0], *holds[holds > 0][::-1]]
        for rank, hold in enumerate(latest_first):
            row = np.zeros(words.PLASTIC_ROW, dtype=np.int64)
            row[: words.GROUP_ROW], row[words.HELD_FOR] = group_row, hold
            if hold > 0:
                row[words.LIST], row[words.LIST_TIMES], row[words.HELD_COUNTS] = self._held[group]
                row[words.HELD_SLOTS] = len(self._network.held[group].counts)
                row[words.HELD_CELLS] = self._network.blocks[group.source].n
            yield rank if group.earlier else 0, row


def is_plastic(group):
    return isinstance(group, dynamic.DynamicGroup) and group.model.is_plastic


def values_at(block, name, keep):
    """The address of a parameter or state variable of cells on the card; see `Histories` for `keep`."""
    block.state.place()
    if name in block.state:
        return block.state.address_of(name)
    return keep(sent(block.values(name)))
