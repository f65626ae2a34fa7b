"""
The connections of a projection, as they are kept, and as users see them one by one.

They are kept where the engine wants them: sorted by source, one group for each pair of the populations and
views that take part.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pyNN import common
from pyNN.common import Assembly

from . import simulator
from .drawing import Redrawn
from .engine.network import Network
from .engine.synapses.arrival import ArrivalGroup, sort_by_delay
from .engine.synapses.columns import places_of, ranks_of
from .engine.synapses.dynamic import DynamicGroup
from .engine.synapses.exact import on_grid
from .engine.synapses.graded import GradedGroup
from .engine.synapses.groups import (
    SynapseGroup,
    has_multiples,
    moved,
    places_of_created,
    sources_of,
    untied,
)
from .validation import near_parameter, unknown_name

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
            return
        if not name.startswith("_") and not hasattr(type(self), name):
            known = self._projection.synapse_type.get_parameter_names()
            if near_parameter(name, known):
                raise unknown_name(name, f"connections of {self._projection.label}", known)
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
    """The connections between two `Part`s, as the user gave them, beside the engine's group.

    synapses   the engine's group, of whichever class
    places     of its synapses in the projection's order of creation, uint32 or int64 [synapses]; None if that
               can be found again: it is the order of (post, ranks), or of (post, pre)
    delays     ms, float64 [synapses], or [1] if shared, as they were before rounding; None if nobody has
               seen them before
    pre, post  the `Part`s, of which a cell may be in several
    network    of the engine, to which they belong
    ranks      which of its target's synapses each one is, uint16 or uint32 [synapses]; None if connections
               were not made target by target, or by ascending source
    drawn      draws the delays as they were drawn, by ascending (post, pre) or (post, ranks); None if
               they were not drawn, or can't be drawn again
    """

    synapses: Any
    places: np.ndarray | None
    delays: np.ndarray | None
    pre: "Part"
    post: "Part"
    network: Network = field(default_factory=lambda: simulator.state.network)
    ranks: np.ndarray | None = None
    drawn: Redrawn | None = None

    def __len__(self):
        return len(self.synapses)

    @property
    def is_dynamic(self):
        return isinstance(self.synapses, DynamicGroup)

    def is_state(self, name):
        """Whether a parameter is a state variable: of synapse types with NEST's names."""
        return self.is_dynamic and name in self.synapses.model.state

    @property
    def is_plastic(self):
        return self.is_dynamic and self.synapses.model.is_plastic

    @property
    def learns(self):
        """Whether they change in each step."""
        return isinstance(self.synapses, GradedGroup) and self.synapses.model.learns

    def values(self, name):
        """The present values of a parameter: float64 [synapses], or [1] if shared."""
        if name == "delay":
            return self._delays_in_ms()
        if name != "weight":
            return self.synapses.state[name].copy() if self.is_state(name) else self.synapses.parameters[name]
        if self.is_plastic:
            return self.network.weights_of(self.synapses)
        return self.synapses.weights

    def varies(self, name):
        """Of graded connections: whether there is one value of a parameter for each, in all processes."""
        return self.synapses.has_delays if name == "delay" else self.synapses.varies(name)

    def spread(self, name):
        """Give each synapse a value of its own of a parameter: that of all, if there is only this."""
        values = self.values(name)
        if len(values) != len(self):
            self._put(name, np.resize(values, len(self)))

    def change_values(self, name, values):
        """Change a parameter, from now on: float64 [synapses], or [1] if shared."""
        self.settle(name)
        self._put(name, values)

    def set_value(self, name, place, value):
        """Change a parameter of the synapse at a place, from now on; returns whether it was another one."""
        values = self.values(name)
        if values[place if len(values) > 1 else 0] == value:
            return False
        self.settle(name)  # before anything changes: the engine works with these arrays
        values = self.synapses.weights if name == "weight" else self.values(name)
        values = values if len(values) == len(self) else np.full(len(self), values[0])
        values[place] = value
        self._put(name, values)
        return True

    def settle(self, name):
        """Let everything that has been emitted go its way as if nothing changed."""
        network = self.network
        network.release_arrivals(self.synapses)
        if self.is_plastic and name in ("delay", "dendritic_delay_fraction"):
            network.settle_timing(self.synapses)
        elif self.is_plastic:
            network.settle(self.synapses)

    def _put(self, name, values):
        if name == "weight":
            values = on_grid(values) if self.network.exact_sums else values
            must_be_own = self.is_plastic and len(values) != len(self)
            self.synapses.weights = np.full(len(self), values[0]) if must_be_own else values
        elif name == "delay":
            self.delays, self.drawn = values, None
            least = 0 if isinstance(self.synapses, GradedGroup) else 1
            self.synapses.delays = delay_steps(values, simulator.state.dt, least)
        elif self.is_state(name):
            self.network.initialize_synapses(self.synapses, name, np.broadcast_to(values, len(self)).copy())
        else:
            self.synapses.parameters[name] = values

    def _delays_in_ms(self):
        if self.delays is None and self.drawn is None:
            return self.synapses.delays * self.network.dt
        if self.delays is None:
            self.delays = self._drawn_again()[self.find_places()]
        return self.delays

    def _drawn_again(self):
        """The delays as they were drawn, in the order of creation: float64 [synapses], ms."""
        return self.drawn(np.bincount(self.synapses.targets))

    def sort_by_target(self):
        """Go back from the order by delay to the usual one."""
        order = np.lexsort((self.find_places(), self.synapses.targets, sources_of(self.synapses)))
        self._replace(SynapseGroup, [_if_own(array, order) for array in self._arrays()])

    @property
    def can_be_sorted_by_delay(self):
        """Whether there are several delays of static synapses, and the usual order."""
        synapses = self.synapses
        if type(synapses) is not SynapseGroup:
            return False
        return synapses.whole.has_delays if synapses.whole else len(synapses.delays) > 1

    def sort_by_delay(self):
        """Go over to the order by delay, for delivery on arrival."""
        self.keep_order_of_pairs()
        arrays = [array if array is None else array.copy() for array in self._arrays()]
        steps, *others = arrays
        sort_by_delay(self.synapses.first, steps, others, self.network.threads)
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
        network, old = self.network, self.synapses
        steps, targets, weights, self.places, self.ranks, self.delays = arrays
        self.synapses = kind(old.source, old.target, old.receptor, old.first, targets, weights, steps)
        self.synapses.whole = old.whole
        if any(group is old for group in network.groups):  # not if connections are being made
            network.remove_groups([old])
            network.add_group(self.synapses)

    def find_places(self):
        """The places of the synapses in the projection's order of creation: int [synapses]."""
        if self.places is not None:
            return self.places
        if self.ranks is not None:
            return places_of(self.synapses.targets, self.ranks)
        places = places_of_created(self.synapses)
        if self.synapses.by_delay and self.drawn is not None:
            dt = self.network.dt
            return untied(self.synapses, places, lambda: delay_steps(self._drawn_again(), dt))
        return places


def _if_own(array, order):
    """An array in another order, if it has an element for each synapse."""
    return array if array is None or len(array) != len(order) else array[order]


class Part:
    """A population or view that takes part in a projection, alone or in an assembly.

    first     place of its first cell in the projection's population, view or assembly
    block     of the engine
    size      number of cells
    indices   of the cells in their population, int64, each only once; None for a whole population
    """

    def __init__(self, first, population):
        self.first = first
        self.block = population._root._block
        self.size = population.size
        self.indices = None
        if population._root is not population:
            self.indices = np.arange(self.block.n)[population._indices]

    @property
    def cells(self):
        """The indices in their population of all of its cells: int64."""
        return np.arange(self.block.n) if self.indices is None else self.indices

    def cells_at(self, places):
        """The indices in their population of the cells at these places."""
        if self.indices is not None:
            return self.indices[places - self.first]
        return places - self.first if self.first else places

    def places_of(self, cells):
        """The places of cells of the part, given by their indices in their population; int64."""
        if self.indices is None:
            return cells + self.first
        order = np.argsort(self.indices)
        return order[np.searchsorted(self.indices, cells, sorter=order)] + self.first


def parts(cells):
    """The `Part`s of a population, view or assembly."""
    parts, first = [], 0
    for population in cells.populations if isinstance(cells, Assembly) else [cells]:
        parts.append(Part(first, population))
        first += parts[-1].size
    return parts


def between_parts(sources, targets, pre, post):
    """The connections between each two of the `Part`s that are connected.

    pre, post   indices of the connected cells, integer
    Yields (source, target, places of their connections among all, ascending).
    """
    key = _part_of(sources, pre) * len(targets) + _part_of(targets, post)
    key = key.astype(np.min_scalar_type(len(sources) * len(targets)))  # short ones are sorted fast
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order], prepend=key[order[:1]] + 1))
    for chosen in np.split(order, begins[1:]):
        source, target = divmod(int(key[chosen[0]]), len(targets))
        yield sources[source], targets[target], chosen


def _part_of(parts, places):
    """Which of the parts the cells at these places belong to: int64."""
    return np.searchsorted([part.first for part in parts], places, side="right") - 1


def shared(values, places=None):
    """Values, each moved to its place if there are places, or one element if they are all the same."""
    if len(values) and (values.strides == (0,) or np.all(values == values[0])):
        return np.array(values[:1], dtype=float)
    if places is None:
        return np.array(values, dtype=float)
    return moved(values.astype(float, copy=False), places)


def delay_steps(delays, dt, least=1):
    """Delays in steps, uint16, at least `least`, of delays in ms."""
    steps = np.empty(len(delays), dtype=np.uint16)
    for first in range(0, len(delays), AT_ONCE):
        piece = slice(first, first + AT_ONCE)
        steps[piece] = np.maximum(np.rint(delays[piece] / dt), least)
    return steps
