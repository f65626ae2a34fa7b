"""
One network in several processes: which cells are whose, and how spikes get from one to the others.

Processes own cells as threads do, with the synapses onto them; a process has arrays for all cells, but
advances and records its own. Spikes are exchanged once per shortest delay: all processes take their cells
through so many steps, tell each other who spiked, and deliver these spikes step by step (loop.py), their own
too, in the order in which one process has them. So results are the same to the last bit for any number of
processes.

The communicator is an object of mpi4py, of which only `Allgather`, `Allgatherv` and `allgather` are used.
"""

import threading
import time

import numpy as np

from . import loop
from .compiling.addresses import address_of
from .compiling.compile import entry
from .compiling.lowlevel import int32_at, int64_at
from .synapses.dynamic import DynamicGroup
from .synapses.groups import joins_equals

MOST_STEPS = 64  # between two exchanges, however long delays are


class OtherProcessFailed(RuntimeError):
    """Another process has stopped in the middle of a run."""


class Exchange:
    """Of this process with the others that have parts of its network.

    rank, size    of this process, and the number of all
    period        steps between two exchanges
    slots         steps whose spikes are listed: a power of two
    first_owner   which of the threads of all processes the first of this one is
    n_exchanges, n_bytes, seconds
                  how often spikes were exchanged, what this process received, and how long that took, with
                  waiting for others
    """

    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.period, self.slots, self.first_owner, self.n_threads = 1, 2, 0, 1
        self.n_exchanges, self.n_bytes, self.seconds = 0, 0, 0.0
        self._received = np.zeros(1, dtype=np.int32)

    def own_cells(self, n):
        """Which of the `n` cells of a block belong to this process: the first and the last + 1."""
        return n * self.rank // self.size, n * (self.rank + 1) // self.size

    def agree(self, network):
        """Agree with the others on the steps between exchanges; returns whether they have changed."""
        before = self.period
        self.period = min(self.comm.allgather(_longest_period(network)))
        return self.period != before

    def prepare(self, network, n_threads):
        """Take note of what the tables are made for."""
        self.n_threads, self.first_owner = n_threads, self.rank * n_threads
        self.slots = max(2, 1 << (self.period - 1).bit_length())
        wanted = {group.source for group in network.groups if group not in network.counted}
        wanted |= network.histories.keys()
        self._sends = np.array([block.index in wanted for block in network.blocks], dtype=np.int32)

    def among_others(self, spikes):
        """The lists of spikes of this process's threads, by address, among those of all."""
        self._own_spikes = spikes
        everyone = np.zeros((len(spikes), self.size * self.n_threads, spikes.shape[2]), dtype=np.int64)
        everyone[:, self._own] = spikes
        return everyone

    @property
    def _own(self):
        return slice(self.first_owner, self.first_owner + self.n_threads)

    def run(self, words, tables, first, last):
        """Do steps `first` to `last`, no more than there are between two exchanges.

        Returns the last one done, which is less if the state of a cell of this process is no longer finite.
        Raises OtherProcessFailed.
        """
        tables.spikes[:, self._own] = self._own_spikes
        reached = min(self._in_threads(loop.advance_steps, words, first, last))
        began = time.perf_counter()
        steps = np.arange(first, last + 1) & (self.slots - 1)
        counts, addresses = self._exchange(tables, steps, reached < last or _has_failed(tables))
        self.seconds += time.perf_counter() - began
        if counts is None:
            return reached
        tables.counts[steps], tables.spikes[steps] = counts, addresses
        self._in_threads(loop.deliver_steps, words, first, last)
        return last

    def _exchange(self, tables, steps, has_failed):
        """The numbers and addresses of the spikes of all processes, [steps, owners, blocks] each.

        None and None if this process has failed, which it tells the others.
        """
        mine = (tables.counts[steps, self._own] * self._sends).astype(np.int32)
        told = np.empty((self.size, 1 + mine.size), dtype=np.int32)
        self.comm.Allgather(np.append(np.int32(has_failed), mine.ravel()).astype(np.int32), told)
        if has_failed:
            return None, None
        if told[:, 0].any():
            raise OtherProcessFailed(f"process {np.flatnonzero(told[:, 0])[0]} has failed in this run")
        counts = np.ascontiguousarray(told[:, 1:])
        totals = counts.sum(axis=1, dtype=np.int64)
        if totals.sum() > len(self._received):
            self._received = np.zeros(2 * int(totals.sum()), dtype=np.int32)
        if totals.any():
            sent = self._packed(tables.spikes[steps, self._own], mine)
            self.comm.Allgatherv(sent, (self._received, totals))
        self.n_exchanges += 1
        self.n_bytes += told.nbytes + 4 * int(totals.sum())
        starts = np.cumsum(counts.ravel(), dtype=np.int64) - counts.ravel()
        shape = self.size, len(steps), self.n_threads, len(self._sends)
        addresses = address_of(self._received) + 4 * starts
        return tuple(
            values.reshape(shape).swapaxes(0, 1).reshape(len(steps), -1, len(self._sends))
            for values in (counts, addresses)
        )

    def _packed(self, addresses, counts):
        """Lists of spikes, given by their addresses and lengths, one after the other: int32."""
        addresses, packed = np.ascontiguousarray(addresses), np.empty(int(counts.sum()), dtype=np.int32)
        _pack(address_of(addresses), address_of(counts), counts.size, address_of(packed), len(packed))
        return packed

    def _in_threads(self, function, words, first, last):
        """Call a function of the run loop in all threads of this process; returns what it gives in each."""
        results, failures = [0] * self.n_threads, []

        def work(thread):
            try:
                results[thread] = function(address_of(words), thread, first, last)
            except BaseException as error:
                failures.append(error)

        others = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(1, self.n_threads)]
        for other in others:
            other.start()
        work(0)
        for other in others:
            other.join()
        if failures:
            raise failures[0]
        return results


@entry(5)
def _pack(addresses_at, counts_at, n_lists, packed_at, n):
    addresses, counts = int64_at(addresses_at, n_lists), int32_at(counts_at, n_lists)
    packed = int32_at(packed_at, n)
    place = 0
    for k in range(n_lists):
        cells = int32_at(addresses[k], np.int64(counts[k]))
        for i in range(len(cells)):
            packed[place + i] = cells[i]
        place += len(cells)
    return 0


def _has_failed(tables):
    return bool(np.any(tables.threads[:, loop.FAILED_BLOCK] >= 0))


def _longest_period(network):
    """The most steps between two exchanges for what this process has of a network: the shortest delay, or 1
    where synapses depend on what their targets do in the same step."""
    if network.junctions:
        return 1
    shortest = MOST_STEPS
    for group in network.groups:
        source, target = network.blocks[group.source], network.blocks[group.target]
        if source.counts_spikes and source.n == target.n and _joins_equals(group):
            continue
        if isinstance(group, DynamicGroup) and (group.model.of_post or _holds_spikes(group)):
            return 1
        if group.n > 0:
            shortest = min(shortest, group.shortest)
    return shortest


def _joins_equals(group):
    return group.whole.joins_equals if group.whole else joins_equals(group)


def _holds_spikes(group):
    """Whether spikes may wait in axons for longer than a step."""
    if not group.model.is_plastic:
        return False
    fractions = np.asarray(group.parameters["dendritic_delay_fraction"])
    return bool(np.min(fractions, initial=1.0) < 1.0) or bool(group.earlier)
