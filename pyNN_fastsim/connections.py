"""
The connections of a projection, as they are kept, and as users see them one by one.

They are kept where the engine wants them: sorted by source, one group for each pair of populations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyNN import common
from pyNN.common import Assembly

from . import simulator
from .drawing import Redrawn
from .engine.synapses.arrival import ArrivalGroup, sort_by_delay
from .engine.synapses.columns import places_of, ranks_of
from .engine.synapses.dynamic import DynamicGroup
from .engine.synapses.groups import (
    SynapseGroup,
    has_multiples,
    moved,
    places_of_created,
    sources_of,
    untied,
)

AT_ONCE = 2**20  # delays that are rounded together


class Connection(common.Connection):
    """
    One connection of a projection, with its weight (nA, uS or mV) and delay (ms).
    """

    def __init__(self, projection, index):
        self._projection, self._index = projection, index

    @property
    def presynaptic_index(self):
        return int(self._projection._pairs()[0][self._index])

    @property
    def postsynaptic_index(self):
        return int(self._projection._pairs()[1][self._index])

    @property
    def presynaptic_cell(self):
        return self._projection.pre[self.presynaptic_index]

    @property
    def postsynaptic_cell(self):
        return self._projection.post[self.postsynaptic_index]

    source = presynaptic_cell
    target = postsynaptic_cell

    def __getattr__(self, name):
        """The weight, the delay, or another parameter of the synapse."""
        if name.startswith("_") or not self._projection.synapse_type.has_parameter(name):
            raise AttributeError(f"{type(self).__name__} of {self._projection.label} has no {name}")
        return self._projection._value_at(self._index, name)

    def __setattr__(self, name, value):
        if not name.startswith("_") and self._projection.synapse_type.has_parameter(name):
            self._projection._store_at(self._index, name, value)
        else:
            super().__setattr__(name, value)

    def as_tuple(self, *attribute_names):
        return tuple(getattr(self, name) for name in attribute_names)

    def __repr__(self):
        return (
            f"Connection({self.presynaptic_index} -> {self.postsynaptic_index}, weight={self.weight}, "
            f"delay={self.delay})"
        )


@dataclass(eq=False)
class Group:
    """The connections between two populations, as the user gave them, beside the engine's group.

    synapses   the engine's group, of whichever class
    places     of its synapses in the projection's order of creation, uint32 or int64 [synapses]; None if that
               can be found again: it is the order of (post, ranks), or of (post, pre)
    delays     ms, float64 [synapses], or [1] if shared, as they were before rounding; None if nobody has
               seen them before
    ranks      which of its target's synapses each one is, uint16 or uint32 [synapses]; None if connections
               were not made target by target, or by ascending source
    drawn      draws the delays as they were drawn, by ascending (post, pre) or (post, ranks); None if
               they were not drawn, or can't be drawn again
    """

    synapses: Any
    places: np.ndarray | None
    delays: np.ndarray | None
    ranks: np.ndarray | None = None
    drawn: Redrawn | None = None

    def __len__(self):
        return len(self.synapses)

    @property
    def is_dynamic(self):
        return isinstance(self.synapses, DynamicGroup)

    @property
    def is_plastic(self):
        return self.is_dynamic and self.synapses.model.is_plastic

    def values(self, name):
        """The present values of a parameter: float64 [synapses], or [1] if shared."""
        if name == "delay":
            return self._delays_in_ms()
        if name != "weight":
            return self.synapses.parameters[name]
        self._catch_up()
        return self.synapses.weights

    def set_values(self, name, values):
        """Change a parameter, from now on: float64 [synapses], or [1] if shared."""
        self._catch_up()
        simulator.state.network.release_arrivals(self.synapses)
        if name == "weight":
            self.synapses.weights = np.resize(values, len(self)) if self.is_plastic else values
            return
        if name in ("delay", "dendritic_delay_fraction") and self.is_plastic:
            simulator.state.network.release_held(self.synapses)
        if name == "delay":
            self.delays, self.drawn = values, None
            self.synapses.delays = delay_steps(values, simulator.state.dt)
        else:
            self.synapses.parameters[name] = values

    def _delays_in_ms(self):
        if self.delays is None and self.drawn is None:
            return self.synapses.delays * simulator.state.dt
        if self.delays is None:
            self.delays = self._drawn_again()[self.find_places()]
        return self.delays

    def _drawn_again(self):
        """The delays as they were drawn, in the order of creation: float64 [synapses], ms."""
        return self.drawn(np.bincount(self.synapses.targets))

    def sort_by_target(self):
        """Go back from the order by delay to the usual one; returns where each synapse was before."""
        order = np.lexsort((self.find_places(), self.synapses.targets, sources_of(self.synapses)))
        self._replace(SynapseGroup, [_if_own(array, order) for array in self._arrays()])
        return order

    @property
    def can_be_sorted_by_delay(self):
        """Whether there are several delays of static synapses, and the usual order."""
        return type(self.synapses) is SynapseGroup and len(self.synapses.delays) > 1

    def sort_by_delay(self):
        """Go over to the order by delay, for delivery on arrival."""
        self.keep_order_of_pairs()
        arrays = [array if array is None else array.copy() for array in self._arrays()]
        steps, *others = arrays
        sort_by_delay(self.synapses.first, steps, others, simulator.state.threads)
        self._replace(ArrivalGroup, arrays)

    def keep_order_of_pairs(self):
        """Before synapses are sorted by delay: keep the order in which those of a pair were made, unless it
        can be found again."""
        if self.places is None and self.ranks is None and self.drawn is None and self.delays is not None:
            if has_multiples(self.synapses):
                self.ranks = ranks_of(self.synapses.targets, self.find_places())

    def _arrays(self):
        """What there may be of each synapse."""
        synapses = self.synapses
        return synapses.delays, synapses.targets, synapses.weights, self.places, self.ranks, self.delays

    def _replace(self, kind, arrays):
        """Exchange the engine's group for one of a kind in which synapses are sorted otherwise."""
        network, old = simulator.state.network, self.synapses
        steps, targets, weights, self.places, self.ranks, self.delays = arrays
        self.synapses = kind(old.source, old.target, old.receptor, old.first, targets, weights, steps)
        if any(group is old for group in network.groups):  # not if connections are being made
            network.remove_groups([old])
            network.add_group(self.synapses)

    def _catch_up(self):
        if self.is_plastic:
            simulator.state.network.catch_up(self.synapses)

    def find_places(self):
        """The places of the synapses in the projection's order of creation: int [synapses]."""
        if self.places is not None:
            return self.places
        if self.ranks is not None:
            return places_of(self.synapses.targets, self.ranks)
        places = places_of_created(self.synapses)
        if self.synapses.by_delay and self.drawn is not None:
            dt = simulator.state.dt
            return untied(self.synapses, places, lambda: delay_steps(self._drawn_again(), dt))
        return places


def _if_own(array, order):
    """An array in another order, if it has an element for each synapse."""
    return array if array is None or len(array) != len(order) else array[order]


class Part:
    """Cells of one population that take part in a projection.

    first     place of the first one in the projection's population, view or assembly
    block     of the engine
    indices   of the cells in their population, int64
    """

    def __init__(self, first, population):
        self.first = first
        self.block = population._root._block
        self.indices = np.arange(self.block.n)[population._indices]
        self.size = len(self.indices)

    def cells_at(self, places):
        """The indices in the population of the cells at these places."""
        is_all = self.first == 0 and np.array_equal(self.indices, np.arange(self.block.n))
        return places if is_all else self.indices[places - self.first]


def parts(cells):
    """The `Part`s of a population, view or assembly."""
    parts, first = [], 0
    for population in cells.populations if isinstance(cells, Assembly) else [cells]:
        parts.append(Part(first, population))
        first += parts[-1].size
    return parts


def place_in(cells, block_index):
    """The place in a population, view or assembly of each cell of a block; -1 for others."""
    for part in parts(cells):
        if part.block.index == block_index:
            places = np.full(part.block.n, -1, dtype=np.int64)
            places[part.indices] = part.first + np.arange(part.size)
            return places
    raise KeyError(block_index)


def shared(values, places=None):
    """Values, each moved to its place if there are places, or one element if they are all the same."""
    if len(values) and (values.strides == (0,) or np.all(values == values[0])):
        return np.array(values[:1], dtype=float)
    if places is None:
        return np.array(values, dtype=float)
    return moved(values.astype(float, copy=False), places)


def delay_steps(delays, dt):
    """Delays in steps, uint16, at least one, of delays in ms."""
    steps = np.empty(len(delays), dtype=np.uint16)
    for first in range(0, len(delays), AT_ONCE):
        piece = slice(first, first + AT_ONCE)
        steps[piece] = np.maximum(np.rint(delays[piece] / dt), 1)
    return steps
