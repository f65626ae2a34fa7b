"""
Connections drawn by a NativeRNG: piece by piece of the targets, each by itself.

Which pieces there are depends on the projection alone, and what is in one on the seed alone. So each of
several processes draws those that its cells belong to, in as many threads as it has, and the network is the
same for any number of both. First it is drawn how many connections each source has in each piece; then, when
it is known where these begin, targets, weights and delays, which go straight to where they stay.
"""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from pyNN.parameters import LazyArray

from . import simulator
from .connections import delay_steps
from .engine.synapses.drawn import Drawn
from .engine.synapses.on_demand import Recipe, put_in_turn
from .engine.synapses.rows import put_rows
from .memory import ROW, ROW_DELAY, ROW_WEIGHT
from .random import Children, by_inversion, has_quantile, numbers_of
from .synapse_values import drawing


class Piece:
    """The connections onto some targets.

    number    of the piece
    counts    how many connections each source has, in few bytes
    targets   in few bytes, counted from the first of the piece and ascending for each source; None if they
              are drawn when they are put where they belong
    whole     `counts`, and which connections are kept (bool), of a piece of which some belong to other
              processes; None for others
    """

    whole = None

    def __init__(self, number, counts, targets=None):
        self.number, self.counts, self.targets = number, _in_few_bytes(counts), targets
        if targets is not None:
            self.targets = _in_few_bytes(targets)

    def keep(self, low, high):
        """Keep those whose targets are from `low` to `high` - 1."""
        kept = (self.targets >= low) & (self.targets < high)
        self.whole = self.counts.astype(np.uint32), kept
        sources = np.repeat(np.arange(len(self.counts)), self.counts)[kept]
        self.counts = _in_few_bytes(np.bincount(sources, minlength=len(self.counts)))
        self.targets = self.targets[kept]


def _in_few_bytes(numbers):
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


class DrawnRows:
    """Connections onto this process's cells, sorted by source; see `connecting.Connecting._add_rows`.

    first     int64 [cells of pre + 1]: where each one's connections begin
    targets   uint32, indices in post, ascending for each source
    weights   float64 [connections], or [1] if they share one
    steps     uint16, delays, likewise
    delays    ms, the shortest and longest of each piece, or the one of all if `is_one_delay`
    recipe    a `Recipe` instead of targets and steps, if a card draws them: weights are then some, among them
              the smallest and the largest; else None
    own       the first and last + 1 of this process's cells in post
    origin    numbers that are the same in all processes if these draw parts of the same network
    """

    def __init__(self, projection, pattern, rng, counts, parameters):
        """Draw them.

        pattern      which: a `Pattern`
        rng          NativeRNG of the connector, or None if it draws nothing
        counts       function of a NumPy generator and a piece's number: how many connections each source has
                     in it, or each target of it if these choose
        parameters   by name: numbers, or LazyArrays that a NativeRNG draws and nothing else
        """
        n_pre, n_post = projection.shape
        self.own = own = simulator.state.network.own_cells(n_post)
        self._pattern, edges = pattern, pattern.edges
        numbers = np.flatnonzero((edges[1:] > own[0]) & (edges[:-1] < own[1]))
        pairs = Children(rng)
        pattern.keys = pairs.keys
        self._values = [_Values(projection, name, parameters[name]) for name in ("weight", "delay")]
        self.origin = [len(edges), pairs.origin, *(values.origin for values in self._values)]

        def draw_counts(k):
            return self._piece(k, counts(pairs.generator(k), k))

        with ThreadPoolExecutor(simulator.state.threads) as pool:
            pieces = deque(pool.map(draw_counts, numbers))
        self.first = np.zeros(n_pre + 1, dtype=np.int64)
        for piece in pieces:
            self.first[1:] += piece.counts
        np.cumsum(self.first, out=self.first)
        weight, delay = self._values
        self.is_one_delay, self.recipe = delay.is_shared, None
        steps = delay_steps(delay.one, simulator.state.dt)
        if drawn_on_card(pattern.by_columns, parameters):
            values = {"weights": weight.on_demand(weight.one), "delays": delay.on_demand(steps)}
            self.recipe = Recipe(pattern, list(pieces), self.first, values, simulator.state.dt)
            found = simulator.state.network.device.extremes(self.recipe)
            self.weights = found.get("weights", weight.one)
            self.delays = found.get("delays", delay.one)
            return
        n = len(self)
        self.targets = np.empty(n, dtype=np.uint32)
        self.weights = weight.room(n, np.float64)
        self.steps = delay.room(n, np.uint16)
        self._extremes: dict[int, tuple[float, float]] = {}
        put_in_turn(pieces, self.first, simulator.state.threads, self._put_piece)
        self.delays = np.array([self._extremes[row] for row in sorted(self._extremes)]).ravel()
        if delay.is_shared:
            self.delays, self.steps = delay.one, steps

    def __len__(self):
        return int(self.first[-1])

    @property
    def bytes_each(self):
        """What the host needs for each connection while it draws them."""
        weight, delay = self._values
        return ROW + ROW_WEIGHT * (not weight.is_shared) + ROW_DELAY * (not delay.is_shared)

    def _piece(self, k, counts):
        pattern, (begin, end) = self._pattern, self._pattern.edges[k : k + 2]
        targets = None
        low, high = max(self.own[0], begin), min(self.own[1], end)
        is_whole = high - low == end - begin
        if pattern.by_columns:
            counts, targets = pattern.turned_columns(k, counts)
        elif not is_whole:
            counts = counts.astype(np.uint32)
            targets = np.empty(int(counts.sum()), dtype=np.uint32)
            pattern.put_targets(k, counts, _begins(counts), targets)
            targets -= np.uint32(begin)
        piece = Piece(k, counts, targets)
        if not is_whole:
            piece.keep(low - begin, high - begin)
        return piece

    def _put_piece(self, row, piece, places):
        pattern, counts = self._pattern, piece.counts.astype(np.uint32)
        if piece.targets is None:
            pattern.put_targets(piece.number, counts, places, self.targets)
        else:
            targets = piece.targets.astype(np.uint32)
            targets += np.uint32(pattern.edges[piece.number])
            put_rows(counts, places, [(targets, self.targets)])
        weight, delay = self._values
        if not weight.is_shared:
            weight.put_weights(pattern, piece, counts, places, self.weights)
        if not delay.is_shared:
            extremes = delay.put_delays(pattern, piece, counts, places, self.steps)
            pattern.order_delays(piece.number, counts, places, self.targets, self.steps)
            if extremes is not None:
                self._extremes[row] = extremes


def drawn_on_card(by_columns, parameters):
    """Whether connections are drawn on a card, and on the host only if somebody asks for them.

    by_columns   whether each target chooses its sources
    parameters   as of `DrawnRows`
    """
    drawn = [value.base_value for value in parameters.values() if isinstance(value, LazyArray)]
    on_card = simulator.state.network.device is not None
    return on_card and not by_columns and all(map(has_quantile, drawn))


def _begins(counts):
    """Where each of some rows begins: int64."""
    return np.cumsum(counts, dtype=np.int64) - counts


class _Values:
    """The values of one parameter, a number or drawn; `one` is float64 [1], if they share it."""

    def __init__(self, projection, name, value):
        self._projection, self._name = projection, name
        self.is_shared = not isinstance(value, LazyArray)
        self._distribution: Any = value if self.is_shared else value.base_value
        self.one = np.array([value], dtype=float) if self.is_shared else np.zeros(0)
        self._children = Children(None if self.is_shared else self._distribution.rng)
        self.origin = [value, self._children.origin]
        self._drawn: Drawn | None = None
        if not self.is_shared:
            self.origin[0] = self._distribution.name, self._distribution.parameters
            with drawing(projection, name, self._distribution):
                found = by_inversion(self._distribution)
            if found is not None:
                distribution, numbers = found
                self._drawn = Drawn(distribution, numbers, self._children.keys)

    def room(self, n, dtype):
        return self.one if self.is_shared else np.empty(n, dtype=dtype)

    def on_demand(self, one):
        """What a `Recipe` says of them; `one` is what they share, if they do."""
        return one if self._drawn is None else self._drawn

    def put_weights(self, pattern, piece, counts, places, weights):
        """Draw those of a piece, as float64, and put them where they belong."""
        if self._drawn is not None and piece.whole is None:
            self._drawn.put_weights(pattern, piece.number, counts, places, weights)
            return
        if self._drawn is None:
            drawn = self._by_numpy(piece)
        else:
            whole = counts if piece.whole is None else piece.whole[0]
            drawn = np.empty(int(whole.sum()))
            self._drawn.put_weights(pattern, piece.number, whole, _begins(whole), drawn)
        put_rows(counts, places, [(_kept(piece, drawn), weights)])

    def put_delays(self, pattern, piece, counts, places, steps):
        """The same in steps, as uint16; returns the shortest and the longest in ms, or None if there are
        none."""
        if not counts.any():
            return None
        dt = simulator.state.dt
        if self._drawn is not None and piece.whole is None:
            return self._drawn.put_delays(pattern, piece.number, counts, places, steps, dt)
        delays = np.zeros(int(counts.sum()))
        self.put_weights(pattern, piece, counts, _begins(counts), delays)
        put_rows(counts, places, [(delay_steps(delays, dt), steps)])
        return delays.min(), delays.max()

    def _by_numpy(self, piece):
        """Those of all connections of a piece: float64."""
        n = int(piece.counts.sum(dtype=np.int64)) if piece.whole is None else len(piece.whole[1])
        with drawing(self._projection, self._name, self._distribution):
            return numbers_of(self._distribution, self._children.generator(piece.number), n)


def _kept(piece, values):
    return values if piece.whole is None else values[piece.whole[1]]
