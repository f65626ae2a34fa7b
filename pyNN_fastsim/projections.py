"""
Projections: making, reading and changing connections.

Users see connections in the order of their creation, which is mostly target cell by target cell;
`connections.py` says how they are kept.
"""

import copy

import numpy as np
from pyNN import common, errors
from pyNN.parameters import LazyArray
from pyNN.random import RandomDistribution
from pyNN.space import Space
from pyNN.standardmodels.base import excitatory_receptor_types, inhibitory_receptor_types

from . import simulator
from .arguments import FILE, check_arguments_of
from .connections import Connection, Group, delay_steps, parts, place_in, shared
from .engine.signals import signals_held
from .engine.synapses import SynapseGroup, created_in_order, sort_synapses, sources_of
from .parameters import as_given, expression, one_number
from .standardmodels.synapses import StaticSynapse
from .synapse_values import drawing, evaluate
from .validation import check_names

_DEFAULT_SPACE = Space()


_ADDRESS = ("presynaptic_index", "postsynaptic_index")


class Projection(common.Projection):
    __doc__ = common.Projection.__doc__
    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_neurons,
        postsynaptic_neurons,
        connector,
        synapse_type=None,
        source=None,
        receptor_type=None,
        space=_DEFAULT_SPACE,
        label=None,
    ):
        if not getattr(postsynaptic_neurons, "receptor_types", True):
            raise errors.ConnectionError(
                f"'{postsynaptic_neurons.label}' can't be connected to: it is a spike source"
            )
        super().__init__(
            presynaptic_neurons,
            postsynaptic_neurons,
            connector,
            synapse_type,
            source,
            receptor_type,
            space,
            label,
        )
        for cells in (self.pre, self.post):
            for part in parts(cells):
                if not any(part.block is block for block in simulator.state.network.blocks):
                    raise errors.ConnectionError(
                        f"{self.label}: '{cells.label}' belongs to a network from before setup() was called"
                    )
        if not isinstance(self.synapse_type, StaticSynapse):
            raise errors.InvalidModelError(
                f"{self.label}: {type(self.synapse_type).__name__} is not a synapse type of this backend; "
                f"import synapse types from the same module as Projection"
            )
        # Connections in the order of their creation, until they are sorted into groups.
        self._pending = []
        self._groups: list[Group] = []
        self._cached = {}
        self._initial_weights = None
        try:
            connector.connect(self)
            self._build()
            simulator.state.projections.append(self)
        except BaseException as error:
            simulator.state.network.remove_groups([group.synapses for group in self._groups])
            if isinstance(error, MemoryError):
                raise MemoryError(
                    f"Projection '{self.label}': no memory for its connections, from {self.pre.size} to "
                    f"{self.post.size} cells"
                ) from None
            raise

    def _guess_receptor_type(self):
        weights = self.synapse_type.parameter_space["weight"].base_value
        if isinstance(weights, np.ndarray) and weights.ndim == 1:  # one weight for each connection
            inhibitory = len(weights) and weights[0] < 0 and len(self.post.receptor_types) > 1
            self.receptor_type = self.post.receptor_types[1 if inhibitory else 0]
        else:
            super()._guess_receptor_type()

    # --- making connections ---------------------------------------------------------------------

    def _add_connections(self, pre, post, values):
        """Add connections: indices (int arrays) and values, a number or one for each, by name."""
        n = len(pre)
        weights = np.broadcast_to(np.asarray(values["weight"], dtype=float), n)
        delays = np.broadcast_to(np.asarray(values["delay"], dtype=float), n)
        if n:
            self._check_weights(weights)
            self._check_delays(delays)
            self._pending.append((np.asarray(pre), np.asarray(post), weights, delays))

    def _convergent_connect(
        self, presynaptic_indices, postsynaptic_index, location_selector=None, **connection_parameters
    ):
        """Connect one target cell; what PyNN's generic connectors, and users' own, call.

        presynaptic_indices     int array
        connection_parameters   a number, or one for each source, by name
        """
        if location_selector is not None:
            raise NotImplementedError("Standard cells have no locations to connect to.")
        pre = np.atleast_1d(np.asarray(presynaptic_indices, dtype=np.int64))
        for side, size, indices in (
            ("pre", self.pre.size, pre),
            ("post", self.post.size, np.array([postsynaptic_index])),
        ):
            if np.any((indices < 0) | (indices >= size)):
                raise errors.ConnectionError(
                    f"{self.label}: {side}synaptic index {indices} is not one of the {size} cells"
                )
        defaults = self.synapse_type.parameter_space
        values = {
            name: connection_parameters.get(name, defaults[name].base_value) for name in ("weight", "delay")
        }
        for name, value in values.items():
            if np.ndim(value) and len(value) != len(pre):
                raise errors.InvalidDimensionsError(
                    f"{self.label}: {len(value)} values of {name} for {len(pre)} connections"
                )
        self._add_connections(pre, np.full(len(pre), postsynaptic_index, dtype=np.int64), values)

    def _check_weights(self, weights):
        """Raise ConnectionError for weights that are not numbers, or not of the receptor's sign."""
        if not np.all(np.isfinite(weights)):
            raise errors.ConnectionError(
                f"{self.label}: weights must be finite, but there is {weights[~np.isfinite(weights)][0]}"
            )
        if not self._connector.safe:
            return
        targets = getattr(self.post, "populations", [self.post])
        conductance = all(cells.celltype.is_conductance(self.receptor_type) for cells in targets)
        if conductance or self.receptor_type in excitatory_receptor_types:
            if weights.min() < 0:
                raise errors.ConnectionError(
                    f"{self.label}: weights must be positive for conductance-based and/or excitatory "
                    f"synapses, but there is {weights.min()}"
                )
        elif self.receptor_type in inhibitory_receptor_types and weights.max() > 0:
            raise errors.ConnectionError(
                f"{self.label}: weights must be negative for current-based, inhibitory synapses, but "
                f"there is {weights.max()}"
            )

    def _check_delays(self, delays):
        """Raise ConnectionError for delays (ms) that are not numbers, or out of range.

        A delay that rounds to the grid point of the limit is within it.
        """
        state = simulator.state
        slack = state.dt * (0.5 if state._min_delay == "auto" else simulator.GRID_TOLERANCE)
        good = (delays >= state.min_delay - slack) & (delays <= state.max_delay * (1 + 1e-9))
        if not np.all(good):
            raise errors.ConnectionError(
                f"{self.label}: delay {delays[~good][0]} ms is out of range "
                f"[{state.min_delay}, {state.max_delay}] ms"
            )

    def _build(self):
        """Sort the pending connections, with those that there are, into groups."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        before = [(*self._pairs(), self._values("weight"), self._values("delay"))] if self._groups else []
        columns = zip(*before, *pending, strict=True)
        groups = list(self._make_groups(*(c[0] if len(c) == 1 else np.concatenate(c) for c in columns)))
        network = simulator.state.network
        with signals_held():  # all of them or none
            network.remove_groups([group.synapses for group in self._groups])
            self._groups, self._cached = groups, {}
            for group in groups:
                network.add_group(group.synapses)

    def _make_groups(self, pre, post, weights, delays):
        """Make a `Group` for each pair of populations that is connected."""
        sources, targets = parts(self.pre), parts(self.post)
        if len(sources) == len(targets) == 1:
            places = None if created_in_order(pre, post) else np.arange(len(pre))
            yield self._make_group(sources[0], targets[0], pre, post, weights, delays, places)
            return
        for source in sources:
            from_source = (pre >= source.first) & (pre < source.first + source.size)
            for target in targets:
                to_target = (post >= target.first) & (post < target.first + target.size)
                chosen = np.flatnonzero(from_source & to_target)
                if len(chosen):
                    yield self._make_group(
                        source,
                        target,
                        pre[chosen],
                        post[chosen],
                        weights[chosen],
                        delays[chosen],
                        chosen,
                    )

    def _make_group(self, source, target, pre, post, weights, delays, places):
        """Make the group of the connections from one `Part` to another.

        places   of the connections in the order of creation, or None as in `Group`
        """
        pre, post = source.indices[pre - source.first], target.indices[post - target.first]
        order, first = sort_synapses(pre, post, source.block.n)
        delays = shared(delays, order)
        synapses = SynapseGroup(
            source=source.block.index,
            target=target.block.index,
            receptor=target.block.model.receptors.index(self.receptor_type),
            first=first,
            targets=post[order].astype(np.uint32),
            weights=shared(weights, order),
            delays=delay_steps(delays, simulator.state.dt),
        )
        return Group(synapses, None if places is None else places[order], delays)

    # --- looking at connections -----------------------------------------------------------------

    def __len__(self):
        self._build()
        return sum(len(group) for group in self._groups)

    def __getitem__(self, i):
        """The i-th connection, or a list of connections for a slice."""
        n = len(self)
        if isinstance(i, slice):
            return [Connection(self, j) for j in range(*i.indices(n))]
        if not isinstance(i, (int, np.integer)):
            raise TypeError(f"{self.label}: index of a connection must be an integer or a slice, not {i!r}")
        if not -n <= i < n:
            raise IndexError(f"{self.label}: there is no connection {i}, only {n} of them")
        return Connection(self, i % n)

    @property
    def connections(self):
        """All connections, as a sequence."""
        return self

    def _pairs(self):
        """(pre, post): indices of the connected cells, in the order of creation; int64."""
        self._build()
        if "pairs" not in self._cached:
            pre, post = np.empty((2, len(self)), dtype=np.int64)
            for group in self._groups:
                places = group.find_places()
                pre[places] = place_in(self.pre, group.synapses.source)[sources_of(group.synapses)]
                post[places] = place_in(self.post, group.synapses.target)[group.synapses.targets]
            self._cached["pairs"] = pre, post
        return self._cached["pairs"]

    def _values(self, name):
        """The values of a parameter, in the order of creation: float64 [connections]."""
        values = np.empty(len(self))
        for group in self._groups:
            values[group.find_places()] = group.weights if name == "weight" else group.delays
        return values

    def _locate(self, index):
        """The group of a connection, given by its place in the order of creation, and its place there."""
        if "located" not in self._cached:
            located = np.empty((2, len(self)), dtype=np.int64)
            for k, group in enumerate(self._groups):
                located[:, group.find_places()] = np.full(len(group), k), np.arange(len(group))
            self._cached["located"] = located
        k, place = self._cached["located"][:, index]
        return self._groups[k], place

    def _value_at(self, index, kind):
        group, place = self._locate(index)
        values = getattr(group, kind)
        return float(values[place if len(values) > 1 else 0])

    def _store_at(self, index, kind, value):
        """Set the weight or delay (`kind`) of one connection."""
        group, place = self._locate(index)
        value = one_number(self.label, kind[:-1], value)
        check = self._check_weights if kind == "weights" else self._check_delays
        check(np.array([value]))
        if kind == "weights":
            self._keep_initial_weights()
        values = getattr(group, kind)
        values = values if len(values) == len(group) else np.full(len(group), values[0])
        values[place] = value
        (group.set_weights if kind == "weights" else group.set_delays)(values)
        simulator.state.network.changed()

    def get(self, attribute_names, format, gather=True, with_address=True, multiple_synapses="sum"):
        single = isinstance(attribute_names, str)
        names = [attribute_names] if single else list(attribute_names)
        known = self.synapse_type.get_parameter_names()
        names = [n[:-1] if n not in known and n[:-1] in known else n for n in names]  # "weights"
        check_names(self.synapse_type, [n for n in names if n not in _ADDRESS])
        if multiple_synapses not in self.MULTI_SYNAPSE_OPERATIONS:
            raise ValueError(
                f"multiple_synapses must be one of {list(self.MULTI_SYNAPSE_OPERATIONS)}, "
                f"not {multiple_synapses!r}"
            )
        if format == "list":
            pre, post = self._pairs()
            address = dict(zip(_ADDRESS, (pre, post), strict=True))
            columns = [pre, post] if with_address else []
            columns += [address[n] if n in address else self._values(n) for n in names]
            if single and not with_address:
                return columns[0].tolist()
            return list(zip(*(column.tolist() for column in columns), strict=True))
        if format == "array":
            arrays = [self._array(self._values(n), multiple_synapses) for n in names]
            return arrays[0] if single else arrays
        raise ValueError(f"format must be 'list' or 'array', not {format!r}")

    get.__doc__ = common.Projection.get.__doc__

    def _array(self, values, multiple_synapses):
        """Values as an array over (pre, post), nan where there is no connection."""
        pre, post = self._pairs()
        array = np.full(self.shape, np.nan)
        if multiple_synapses == "last":
            array[pre, post] = values
        elif multiple_synapses == "first":
            # Copies, because NumPy assigns in the order of memory, whichever way the indices go.
            array[pre[::-1].copy(), post[::-1].copy()] = values[::-1].copy()
        else:
            combine, neutral = {
                "sum": (np.add, 0.0),
                "min": (np.minimum, np.inf),
                "max": (np.maximum, -np.inf),
            }[multiple_synapses]
            array[pre, post] = neutral
            combine.at(array, (pre, post), values)
        return array

    def save(self, attribute_names, file, format="list", gather=True, with_address=True):
        if attribute_names in ("all", "connections"):
            attribute_names = self.synapse_type.get_parameter_names()
        if isinstance(attribute_names, str):
            attribute_names = [attribute_names]
        super().save(attribute_names, file, format, gather, with_address)

    save.__doc__ = common.Projection.save.__doc__

    # --- changing connections -------------------------------------------------------------------

    def set(self, **attributes):
        check_names(self.synapse_type, attributes)
        values = {name: self._evaluated(name, value) for name, value in attributes.items()}
        self._store(**values)

    set.__doc__ = common.Projection.set.__doc__

    def _evaluated(self, name, value):
        """The values of a parameter given to set(): float64 [connections] in the order of creation."""
        pre, post = self._pairs()
        if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
            value = as_given(self.label, name, value)
            if value.ndim == 1:
                return self._from_list(name, value)
        try:
            give = expression if isinstance(value, str) else as_given
            value = give(self.label, name, value)
            lazy = LazyArray(value, shape=self.shape, dtype=float)
        except errors.InvalidParameterValueError:
            raise
        except ValueError as error:
            raise errors.InvalidDimensionsError(f"{self.label}: {name}: {error}") from None
        if isinstance(lazy.base_value, RandomDistribution):
            # As in other backends: numbers for all pairs, of which the connected ones are taken.
            with drawing(self, name, lazy.base_value):
                return copy.copy(lazy).evaluate()[pre, post]
        if not callable(lazy.base_value) and lazy.is_homogeneous:
            return np.full(len(pre), float(lazy.evaluate(simplify=True)))
        return evaluate(self, name, lazy, pre, post)

    def _from_list(self, name, values):
        """Values given as a list, one for each connection, in the order of (pre, post).

        That is the order of PyNN's own set(); for a pair with several connections it has either one
        value, as there, or one for each of them.
        """
        pre, post = self._pairs()
        order = np.lexsort((post, pre))
        if len(values) == len(pre):
            result = np.empty(len(pre))
            result[order] = values
            return result
        pairs, which = np.unique(pre * self.post.size + post, return_inverse=True)
        if len(values) != len(pairs):
            raise errors.InvalidDimensionsError(
                f"{self.label}: {len(values)} values of {name} for {len(pre)} connections"
            )
        return np.asarray(values, dtype=float)[which]

    def _store(self, weight=None, delay=None):
        """Take over new values, float64 [connections] in the order of creation, or None."""
        if weight is not None and len(weight):
            self._check_weights(weight)
        if delay is not None and len(delay):
            self._check_delays(delay)
        if weight is not None:
            self._keep_initial_weights()
        for group in self._groups:
            places = group.find_places()
            if weight is not None:
                group.set_weights(shared(weight[places], None))
            if delay is not None:
                group.set_delays(shared(delay[places], None))
        simulator.state.network.changed()

    def _keep_initial_weights(self):
        """Before weights change: those that there are at time 0 are the initial ones."""
        if simulator.state.network.begun and self._initial_weights is None:
            self._initial_weights = [group.weights.copy() for group in self._groups]

    def _restore_initial_weights(self):
        """Set the weights to what they were at time 0; called by reset()."""
        if self._initial_weights is not None:
            for group, weights in zip(self._groups, self._initial_weights, strict=True):
                group.set_weights(weights)
            self._initial_weights = None
            simulator.state.network.changed()


check_arguments_of(Projection, "__init__", "get", "save", file=FILE)
check_arguments_of(Projection, "weightHistogram", like=lambda self, min=None, max=None, nbins=10: None)
