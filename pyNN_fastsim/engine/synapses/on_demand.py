"""
Synapses that are drawn where they are needed: on a card for running, on the host when somebody asks for them.

Both draw the same ones, so as long as nobody asks, the host holds none.
"""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .drawn import Drawn
from .exact import on_grid
from .groups import SynapseGroup

KINDS = {"targets": np.uint32, "weights": np.float64, "delays": np.uint16}


def put_in_turn(pieces, first, n_threads, put):
    """Call put(row, piece, places) for each of some pieces, by several threads.

    pieces    a deque, from which they are taken: what has `counts`, of connections of each source
    first     int64 [sources + 1]: where each source's connections begin
    row       of the piece, counted from 0
    places    int64 [sources]: where those of the piece begin
    """
    following, taking = first[:-1].copy(), threading.Lock()
    n_pieces = len(pieces)

    def work(_):
        while True:
            with taking:
                if not pieces:
                    return
                row, piece = n_pieces - len(pieces), pieces.popleft()
                places = following.copy()
                np.add(following, piece.counts, out=following)
            put(row, piece, places)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, range(n_threads)))


class Recipe:
    """What connections follow from.

    pattern   a `drawn.Pattern`, not by columns
    pieces    with `number` and `counts`, of connections of each source: those of all targets
    first     int64 [sources + 1]: where each source's connections begin
    values    "weights" and "delays": a `Drawn`; or what all share, float64 [1] and uint16 [1] (steps)
    dt        ms
    """

    def __init__(self, pattern, pieces, first, values, dt):
        self.pattern, self.pieces, self.first, self.values, self.dt = pattern, pieces, first, values, dt

    def __len__(self):
        return int(self.first[-1])

    def drawn_values(self):
        """Which of "weights" and "delays" each connection has one of its own of."""
        return [name for name, value in self.values.items() if isinstance(value, Drawn)]

    def draw(self, n_threads):
        """Draw on the host; arrays by name."""
        pattern, n = self.pattern, len(self)
        names = ["targets", *self.drawn_values()]
        arrays = {name: np.empty(n, dtype=KINDS[name]) for name in names}

        def put(_, piece, places):
            what = pattern, piece.number, piece.counts.astype(np.uint32), places
            pattern.put_targets(*what[1:], arrays["targets"])
            if "weights" in arrays:
                self.values["weights"].put_weights(*what, arrays["weights"])
            if "delays" in arrays:
                self.values["delays"].put_delays(*what, arrays["delays"], self.dt)
                pattern.order_delays(*what[1:], arrays["targets"], arrays["delays"])

        put_in_turn(deque(self.pieces), self.first, n_threads, put)
        return arrays


class OnDemandGroup(SynapseGroup):
    """Static synapses that a `Recipe` describes; whoever looks at an array has all of them drawn.

    extreme_weights   some weights, among them the smallest and the largest
    """

    def __init__(self, source, target, receptor, recipe, extreme_weights, steps, n_threads, check):
        """As a `SynapseGroup`, with

        steps   some delays, among them the shortest and the longest (uint16)
        check   a function without arguments that is called before the host draws: whether there is room
        """
        self.source, self.target, self.receptor, self.recipe = source, target, receptor, recipe
        self.first = recipe.first
        self._extreme_weights, self._steps = extreme_weights, steps
        self._n_threads, self._check = n_threads, check
        self._rounds = False
        self._arrays = {name: value for name, value in recipe.values.items() if isinstance(value, np.ndarray)}
        self._set = set(self._arrays)  # those that are not what would be drawn

    def __len__(self):
        return len(self.recipe)

    def put_on_grid(self):
        """Round weights, once they are there, as a card does."""
        self._rounds = True
        if "weights" in self._arrays:
            self._arrays["weights"] = on_grid(self._arrays["weights"])

    def drawn(self):
        """Which arrays are those that the recipe describes, whether they are there or not."""
        return [name for name in KINDS if name not in self._set]

    def held(self):
        """The others, by name."""
        return {name: self._arrays[name] for name in self._set}

    def _array(self, name):
        if name not in self._arrays:
            self._check()
            arrays = self.recipe.draw(self._n_threads)
            if self._rounds and "weights" in arrays:
                arrays["weights"] = on_grid(arrays["weights"])
            self._arrays = {**arrays, **self._arrays}
        return self._arrays[name]

    def _put(self, name, values):
        self._arrays[name] = values
        self._set.add(name)

    @property
    def targets(self):
        return self._array("targets")

    @property
    def weights(self):
        return self._array("weights")

    @weights.setter
    def weights(self, values):
        self._put("weights", values)

    @property
    def delays(self):
        return self._array("delays")

    @delays.setter
    def delays(self, values):
        self._put("delays", values)
        self._steps = values

    @property
    def extreme_weights(self):
        return self._arrays["weights"] if "weights" in self._set else self._extreme_weights

    @property
    def longest(self):
        return int(self._steps.max(initial=1))

    @property
    def shortest(self):
        return int(self._steps.min())


def weights_to_look_at(group):
    """Some weights of a group, among them the smallest and the largest: all of them, if they are there."""
    return group.extreme_weights if isinstance(group, OnDemandGroup) else group.weights
