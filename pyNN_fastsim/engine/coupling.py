"""
Gap junctions between cells of several processes.

Each process knows all junctions, of which the projections of each have those onto its own cells, and sums the
currents into its own; so it needs the potentials of all coupled cells after each step.
"""

import numpy as np

from .block import edges
from .synapses.groups import sources_of


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
    """Of coupled cells, as one process tells them to others after each step.

    exchange   the Exchange
    coupling   the Coupling
    """

    def __init__(self, exchange, coupling, blocks):
        self._comm, self._coupling = exchange.comm, coupling
        places = []
        for rank in range(exchange.size):
            parts = [np.zeros(0, dtype=np.int64)]
            for index in coupling.blocks:
                first, last = edges(blocks[index].n, exchange.size)[rank : rank + 2]
                parts.append(coupling.offsets[index] + np.arange(first, last))
            places.append(np.concatenate(parts))
        self._own, self._places = places[exchange.rank], np.concatenate(places)
        self._counts = [len(part) for part in places]
        self._received = np.empty(len(self._places))

    def share(self, step):
        """Let all processes have the potentials that the next step depends on."""
        middles = self._coupling.middles[step & 1]
        self._comm.Allgatherv(middles[self._own], (self._received, self._counts))
        middles[self._places] = self._received
