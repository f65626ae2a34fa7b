"""
Gap junctions between cells of several processes.

Each process knows all junctions, of which the projections of each have those onto its own cells, and sums the
currents into its own; so it needs the potentials of all coupled cells after each step.
"""

import numpy as np

from . import messages
from .block import parts_of
from .compiling.addresses import address_of
from .compiling.compile import entry, jit
from .compiling.lowlevel import call_mpi, float64_at, int64_at
from .synapses.groups import sources_of

# The words of `Tables.potentials` (int64 each).
MIDDLES = 0  # address of the potentials, float64 [2, WIDTH]: see `Coupling`
WIDTH = 1
OWN = 2  # address of which of them are of cells of this process (int64)
N_OWN = 3
PLACES = 4  # address of which of them come from all processes, in the order of these (int64)
N_PLACES = 5
SENT = 6  # addresses of what goes to MPI and comes from there (float64)
RECEIVED = 7
COUNTS = 8  # addresses of how many come from each process, and where they begin (int32)
OFFSETS = 9
ALLGATHERV = 10  # address of MPI's function
COMM = 11  # handles of MPI
FLOAT64 = 12
POTENTIALS_ROW = 13


def junctions_of_all(exchange, groups):
    """All junctions of the groups of which each process has its own: for each group, (index of the source
    block, of the target block, pre, post, conductances), in the order that one process has."""
    told = exchange.comm.allgather(
        [(sources_of(group), group.targets, _conductances(group)) for group in groups]
    )
    found = []
    for group, parts in zip(groups, zip(*told, strict=True), strict=True):
        pre, post, g = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        order = np.lexsort((post, pre))  # stable, and those of a pair are all of one process
        found.append((group.source, group.target, pre[order], post[order], g[order]))
    return found


def junctions_of(groups):
    """The same where there is one process."""
    return [(g.source, g.target, sources_of(g), g.targets, _conductances(g)) for g in groups]


def _conductances(group):
    return np.broadcast_to(group.weights, len(group)).astype(np.float64)


class Potentials:
    """Of coupled cells, as processes tell them to each other after each step.

    exchange   the Exchange
    coupling   the Coupling
    words      what `share_potentials` needs to know
    """

    def __init__(self, exchange, coupling, blocks):
        self._exchange = exchange
        places = [_places(coupling, blocks, rank, exchange.size) for rank in range(exchange.size)]
        self._own, self._places = places[exchange.rank], np.concatenate(places)
        self._sent, self._received = np.empty(len(self._own)), np.empty(len(self._places))
        self._counts = np.array([len(part) for part in places], dtype=np.int32)
        self._offsets = np.cumsum(self._counts, dtype=np.int32) - self._counts
        self.words = np.zeros(POTENTIALS_ROW, dtype=np.int64)
        self.words[MIDDLES], self.words[WIDTH] = address_of(coupling.middles), coupling.middles.shape[1]
        self.words[OWN], self.words[N_OWN] = address_of(self._own), len(self._own)
        self.words[PLACES], self.words[N_PLACES] = address_of(self._places), len(self._places)
        self.words[SENT], self.words[RECEIVED] = address_of(self._sent), address_of(self._received)
        self.words[COUNTS], self.words[OFFSETS] = address_of(self._counts), address_of(self._offsets)
        self.words[ALLGATHERV] = exchange.words[messages.ALLGATHERV]
        self.words[COMM], self.words[FLOAT64] = exchange.words[messages.COMM], exchange.float64

    def share(self, step):
        """Let all processes have the potentials that the step after this one depends on, before a run."""
        self._exchange.check(share_now(address_of(self.words), step))


def _places(coupling, blocks, rank, size):
    """Which of the coupled cells of all blocks belong to a process: int64."""
    parts = [np.zeros(0, dtype=np.int64)]
    for index in coupling.blocks:
        first, last = parts_of(blocks[index].n, size)[rank : rank + 2]
        parts.append(coupling.offsets[index] + np.arange(first, last))
    return np.concatenate(parts)


@jit
def share_potentials(row, step):
    """Let all processes have the potentials that the step after this one depends on."""
    own, places = int64_at(row[OWN], row[N_OWN]), int64_at(row[PLACES], row[N_PLACES])
    middles = float64_at(row[MIDDLES] + 8 * ((step & 1) * row[WIDTH]), row[WIDTH])
    sent, received = float64_at(row[SENT], len(own)), float64_at(row[RECEIVED], len(places))
    for k in range(len(own)):
        sent[k] = middles[own[k]]
    type_, comm = row[FLOAT64], row[COMM]
    error = call_mpi(
        row[ALLGATHERV], row[SENT], len(own), type_, row[RECEIVED], row[COUNTS], row[OFFSETS], type_, comm
    )
    for k in range(len(places)):
        middles[places[k]] = received[k]
    return error


@entry(2)
def share_now(row_at, step):
    """The same, where the run loop does not do it."""
    return share_potentials(int64_at(row_at, POTENTIALS_ROW), step)
