"""
One network in several processes: which cells are whose, and how spikes get from one to the others.

Processes own cells as threads do, with the synapses onto them; a process has arrays for all cells, but
advances and records its own. Spikes are exchanged once per shortest delay: all processes take their cells
through so many steps, tell each other who spiked, and deliver these spikes step by step (loop.py), their own
too, in the order in which one process has them. So results are the same to the last bit for any number of
processes.

The communicator is an object of mpi4py. The run loop calls two functions of its MPI by their addresses
(messages.py), in the first thread of each process.
"""

import ctypes
import os

import numpy as np
from mpi4py import MPI

from . import messages
from .block import parts_of
from .compiling.addresses import address_of
from .messages import BEGIN, EXCHANGE_ROW, HEAD, STOPPED
from .profile import PROFILE_ROW, WAITING, write_clock
from .synapses.dynamic import DynamicGroup
from .synapses.groups import joins_equals

MOST_STEPS = 64  # between two exchanges, however long delays are


class OtherProcessFailed(RuntimeError):
    """Another process has stopped in the middle of a run."""

    is_of_another = True


class Exchange:
    """Of this process with the others that have parts of its network.

    rank, size    of this process, and the number of all
    period        steps between two exchanges
    slots         steps whose spikes are listed: a power of two
    words         what `messages.py` needs to know
    float64       MPI's handle of that type
    """

    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.period, self.slots = 1, 2
        self.words, self._clock = (
            np.zeros(EXCHANGE_ROW, dtype=np.int64),
            np.zeros(PROFILE_ROW, dtype=np.int64),
        )
        write_clock(self._clock)
        self._sent, self._received = np.zeros(HEAD, dtype=np.int32), np.zeros(0, dtype=np.int32)
        self._heads = np.zeros(self.size * HEAD, dtype=np.int32)
        self._sizes = np.zeros(2 * self.size, dtype=np.int32)
        self.words[[messages.RANK, messages.SIZE]] = self.rank, self.size
        self.words[messages.ALLGATHER] = _address_in_mpi("MPI_Allgather")
        self.words[messages.ALLGATHERV] = _address_in_mpi("MPI_Allgatherv")
        self.words[[messages.COMM, messages.INT32]] = MPI._handleof(comm), MPI._handleof(MPI.INT32_T)
        self.words[messages.HEADS], self.words[messages.SIZES] = (
            address_of(self._heads),
            address_of(self._sizes),
        )
        self.float64 = MPI._handleof(MPI.DOUBLE)
        self.words[messages.CLOCK_ROW] = address_of(self._clock)
        self._note_room()

    def _note_room(self):
        self.words[messages.SENT], self.words[messages.SENT_ROOM] = address_of(self._sent), len(self._sent)
        self.words[messages.RECEIVED] = address_of(self._received)
        self.words[messages.RECEIVED_ROOM] = len(self._received)

    @property
    def n_exchanges(self):
        """How often spikes were exchanged so far."""
        return int(self.words[messages.N_EXCHANGES])

    @property
    def n_bytes(self):
        """What this process has received."""
        return 4 * int(self.words[messages.N_WORDS])

    @property
    def seconds(self):
        """How long exchanges have taken, with waiting for other processes."""
        return 1e-9 * int(self._clock[WAITING])

    def own_cells(self, n):
        """Which of the `n` cells of a block belong to this process: the first and the last + 1."""
        begin, end = parts_of(n, self.size)[self.rank : self.rank + 2]
        return int(begin), int(end)

    def agree(self, network):
        """Agree with the others on the steps between exchanges; returns whether they have changed."""
        before = self.period
        self.period = min(self.comm.allgather(_longest_period(network)))
        return self.period != before

    def prepare(self, network):
        """Take note of what the tables are made for."""
        self.slots = max(2, 1 << (self.period - 1).bit_length())
        wanted = {group.source for group in network.groups if group not in network.counted}
        wanted |= network.histories.keys()
        self._sends = np.array([block.index in wanted for block in network.blocks], dtype=np.int32)
        self.words[messages.PERIOD], self.words[messages.SENDS] = self.period, address_of(self._sends)
        self.words[messages.STATE] = messages.GOING_ON

    def among_others(self, spikes):
        """The lists of spikes of this process's threads, by address, among those of all owners: each of these
        threads, and each other process."""
        n_steps, n_threads, n_blocks = spikes.shape
        everyone = np.zeros((n_steps, self.size - 1 + n_threads, n_blocks), dtype=np.int64)
        everyone[:, self.rank : self.rank + n_threads] = spikes
        return everyone

    @property
    def logs_are_full(self):
        """Whether recorded spikes must be collected before this process can go on."""
        return self.words[messages.STATE] == messages.LOGS_ARE_FULL

    @property
    def has_ended(self):
        """Whether a process can't go on with this run, and all know of it."""
        return self.words[messages.STATE] in (messages.ENDED, messages.BROKEN)

    @property
    def reached(self):
        """The last step that all processes have done, where one can't go on."""
        return int(self.words[messages.DONE])

    def make_room(self):
        """Make room for messages, if the last exchange has been left for want of it."""
        if self.words[messages.STATE] == messages.SEND_NEEDS_ROOM:
            self._sent = np.zeros(2 * int(self._sent[messages.LENGTH]), dtype=np.int32)
        elif self.words[messages.STATE] == messages.RECEIVED_NEEDS_ROOM:
            self._received = np.zeros(2 * int(self._sizes[: self.size].sum()), dtype=np.int32)
        self._note_room()

    def give_up(self):
        """Tell the others that this process can't go on, instead of its spikes."""
        if self.words[messages.STATE] not in (messages.GOING_ON, messages.LOGS_ARE_FULL):
            return
        self._sent[:BEGIN] = BEGIN, 1, STOPPED
        self.comm.Allgather(self._sent[:HEAD], self._heads)
        self.words[messages.STATE] = messages.ENDED

    def check(self, error):
        """Raise what MPI says of an error that one of its functions has returned, if that is not 0."""
        if error != 0:
            raise MPI.Exception(int(error))

    def failure(self):
        """The exception for a run that has ended because of others."""
        if self.words[messages.STATE] == messages.BROKEN:
            return MPI.Exception(int(self.words[messages.ERROR]))
        failed = self._heads[messages.FAILED :: HEAD]
        return OtherProcessFailed(f"process {int(np.argmax(failed))} has failed in this run")


def _address_in_mpi(name):
    """The address of a function of the MPI that mpi4py uses."""
    library = ctypes.CDLL(
        "msmpi" if os.name == "nt" else MPI.__file__
    )  # looks in what that is linked with, too
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value


def _longest_period(network):
    """The most steps between two exchanges for what this process has of a network: the shortest delay, or 1
    where something depends on what others do in the same step, or graded connections are observed."""
    graded = network.graded
    if network.junctions or graded.pools or any(o.group in graded.groups for o in network.observers):
        return 1
    shortest = min([MOST_STEPS, *(group.most_steps for group in graded.groups)])
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
