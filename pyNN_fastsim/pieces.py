"""
Connections drawn by a NativeRNG: piece by piece of the targets, each by generators of its own.

Which pieces there are depends on the projection alone, and what is in one on the seed alone. So each of
several processes draws those that its cells belong to, in as many threads as it has, and the network is the
same for any number of both. First all pairs are drawn; then, when it is known where the connections of each
source begin, weights and delays, which go straight to where they stay.
"""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from pyNN.parameters import LazyArray

from . import simulator
from .connections import delay_steps
from .engine.block import parts_of
from .engine.synapses.rows import put_rows
from .random import Children, numbers_of
from .synapse_values import drawing

FEWEST = 2**16  # connections; fewer are one piece
MOST = 2**17  # in a piece, or one for each source
PIECES = 12  # and twice as many, and so on, so that 2, 3, 4, 6 or 12 processes draw nothing that they drop
NARROWEST = 8  # targets of a piece


def edges_of_pieces(n_sources, n_targets, n_connections, least=0):
    """Where the pieces of so many targets begin, and the end of the last one: int64.

    n_connections   of all of them, on average
    least           how many connections a piece should have
    """
    n = 1
    if n_connections >= FEWEST and n_targets >= NARROWEST * PIECES:
        n = PIECES
        while n_connections > n * max(MOST, n_sources, least) and n_targets >= 2 * NARROWEST * n:
            n *= 2
    return parts_of(n_targets, n)


class Piece:
    """The connections onto some targets, as far as they are kept, by source.

    number    of the piece
    first     of the targets
    n         number of connections that it has, of which some may not be kept
    kept      which are kept, bool [n]; None for all
    counts    how many of these each source has, in few bytes
    targets   counted from `first`, ascending for each source; in few bytes
    """

    def __init__(self, number, edges, own, counts, targets):
        """Take what a connector has drawn; `own` are the first and last + 1 of the targets that are kept."""
        self.number, self.first, self.n = number, int(edges[number]), len(targets)
        width = int(edges[number + 1]) - self.first
        low, high = max(own[0] - self.first, 0), min(own[1] - self.first, width)
        self.kept = None
        if high - low < width:
            self.kept = (targets >= low) & (targets < high)
            sources = np.repeat(np.arange(len(counts)), counts)[self.kept]
            counts, targets = np.bincount(sources, minlength=len(counts)), targets[self.kept]
        self.counts = counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
        self.targets = targets.astype(np.min_scalar_type(width))


class DrawnRows:
    """Connections onto this process's cells, sorted by source; see `connecting.Connecting._add_rows`.

    first     int64 [cells of pre + 1]: where each one's connections begin
    targets   uint32, indices in post, ascending for each source
    weights   float64 [connections], or [1] if they share one
    steps     uint16, delays, likewise
    delays    ms, the shortest and longest of each piece, or the one of all if `is_one_delay`
    own       the first and last + 1 of this process's cells in post
    origin    numbers that are the same in all processes if these draw parts of the same network
    """

    def __init__(self, projection, edges, rng, draw, parameters):
        """Draw them.

        edges        of the pieces of targets
        rng          NativeRNG of the connector, or None if it draws nothing
        draw         function of a NumPy generator and a piece's number: how many connections each source has
                     in it, and all their targets, counted from its first one, ascending for each source
        parameters   by name: numbers, or LazyArrays that a NativeRNG draws and nothing else
        """
        n_pre, n_post = projection.shape
        self.own = own = simulator.state.network.own_cells(n_post)
        numbers = np.flatnonzero((edges[1:] > own[0]) & (edges[:-1] < own[1]))
        pairs = Children(rng)
        self._values = [_Values(projection, name, parameters[name]) for name in ("weight", "delay")]
        self.origin = [len(edges), pairs.origin, *(values.origin for values in self._values)]

        def draw_pairs(k):
            return Piece(k, edges, own, *draw(pairs.generator(k), k))

        with ThreadPoolExecutor(simulator.state.threads) as pool:
            pieces = deque(pool.map(draw_pairs, numbers))
        self.first = np.zeros(n_pre + 1, dtype=np.int64)
        for piece in pieces:
            self.first[1:] += piece.counts
        np.cumsum(self.first, out=self.first)
        n = int(self.first[-1])
        self.targets = np.empty(n, dtype=np.uint32)
        weight, delay = self._values
        self.weights = weight.room(n, np.float64)
        self.steps = delay.room(n, np.uint16)
        self.is_one_delay = delay.is_shared
        self._extremes: dict[int, tuple[float, float]] = {}
        self._put(pieces)
        self.delays = np.array([self._extremes[row] for row in sorted(self._extremes)]).ravel()
        if delay.is_shared:
            self.delays, self.steps = delay.one, delay_steps(delay.one, simulator.state.dt)

    def _put(self, pieces):
        """Put the connections of pieces, which are taken away, where they belong, and draw their values."""
        following, taking = self.first[:-1].copy(), threading.Lock()
        n_pieces = len(pieces)

        def work(_):
            while True:
                with taking:
                    if not pieces:
                        return
                    row, piece = n_pieces - len(pieces), pieces.popleft()
                    places = following.copy()
                    np.add(following, piece.counts, out=following)
                self._put_piece(row, piece, places)

        threads = simulator.state.threads
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))

    def _put_piece(self, row, piece, places):
        targets = piece.targets.astype(np.uint32)
        targets += np.uint32(piece.first)
        arrays = [(targets, self.targets)]
        weight, delay = self._values
        if not weight.is_shared:
            arrays.append((weight.of(piece), self.weights))
        if not delay.is_shared:
            drawn = delay.of(piece)
            if len(drawn):
                self._extremes[row] = drawn.min(), drawn.max()
            arrays.append((delay_steps(drawn, simulator.state.dt), self.steps))
        put_rows(piece.counts, places, arrays)


class _Values:
    """The values of one parameter, a number or drawn; `one` is float64 [1], if they share it."""

    def __init__(self, projection, name, value):
        self._projection, self._name = projection, name
        self.is_shared = not isinstance(value, LazyArray)
        self._distribution: Any = value if self.is_shared else value.base_value
        self.one = np.array([value], dtype=float) if self.is_shared else np.zeros(0)
        self._children = Children(None if self.is_shared else self._distribution.rng)
        self.origin = [value, self._children.origin]
        if not self.is_shared:
            self.origin[0] = self._distribution.name, self._distribution.parameters

    def room(self, n, dtype):
        return self.one if self.is_shared else np.empty(n, dtype=dtype)

    def of(self, piece):
        """Those of the connections of a piece that are kept: float64."""
        generator = self._children.generator(piece.number)
        with drawing(self._projection, self._name, self._distribution):
            values = numbers_of(self._distribution, generator, piece.n)
        return values if piece.kept is None else values[piece.kept]
