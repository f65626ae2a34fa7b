"""
Making connections: from what connectors call, through checks, to groups of the engine.
"""

import functools
import warnings

import numpy as np
from pyNN import errors
from pyNN.parameters import LazyArray
from pyNN.standardmodels.base import excitatory_receptor_types, inhibitory_receptor_types

from . import simulator, usual
from .connections import Group, between_parts, delay_steps, parts, shared
from .drawing import Redrawn, drawn_ahead
from .engine.signals import signals_held
from .engine.synapses.arrival import MOST, ArrivalGroup, is_worthwhile, sort_by_delay
from .engine.synapses.columns import Columns, in_few_bytes, ranks_of
from .engine.synapses.dynamic import DynamicGroup
from .engine.synapses.gap import JunctionGroup
from .engine.synapses.graded import GradedGroup
from .engine.synapses.groups import SynapseGroup, created_in_order, moved, places_of_sorted
from .engine.synapses.on_demand import OnDemandGroup
from .graded import receptor_index
from .localising import draws_apart, from_owners, keep_local, whole_of
from .memory import check_connections
from .processes import processes
from .selection import populations_of
from .synapse_values import drawing_for
from .validation import check_weight_bounds


class Connecting:
    """What of a Projection makes connections; comes before PyNN's class in the bases.

    _pending     connections in the order of their creation, until they are sorted into groups
    _receptor_is_guessed   whether the sign of a weight chose the receptor, since nobody else did
    _is_graded   whether they act in each step, and not at spikes: see graded.py
    _is_warned   whether there has been a warning about weights beyond their bounds
    _hardly_meant   parameters that there has been a warning of, since their values can't be meant
    """

    _pending: list
    _groups: list[Group]
    _cached: dict
    _is_warned = False
    _receptor_is_guessed = False
    _is_graded = False
    _hardly_meant: set[str]

    def _add_connections(self, pre, post, values):
        """Add connections: indices (int arrays) and values, a number or one for each, by name."""
        n = len(pre)
        if n == 0:
            return
        defaults = self.synapse_type.parameter_space
        columns = {}
        for name in self.synapse_type.get_parameter_names():
            value = values[name] if name in values else defaults[name].base_value
            columns[name] = np.broadcast_to(np.asarray(value, dtype=float), n)
        columns = self.synapse_type.in_our_units(columns)
        self._check_values(columns)
        self.synapse_type.check(self.label, columns)
        if self.synapse_type.has_bounds:
            self._check_bounds(columns)
        self._pending.append((np.asarray(pre), np.asarray(post), columns))

    def _add_rows(self, rows):
        """Take over all connections onto cells of this process, `pieces.DrawnRows`, between two whole
        populations."""
        if len(rows):
            self._check_values({"weight": rows.weights, "delay": rows.delays})
        if rows.recipe is not None:
            self._add_on_demand(rows)
            return
        (source,), (target,) = parts(self.pre), parts(self.post)
        whole = whole_of(self, rows)
        if whole.n == 0:
            return
        kind: type[SynapseGroup | ArrivalGroup] = SynapseGroup
        extremes = np.unique(np.array([whole.shortest, whole.longest], dtype=np.uint16))
        if self._is_for_arrival(source.block.index, source.size, whole.n, extremes):
            sort_by_delay(rows.first, rows.steps, [rows.targets, rows.weights], simulator.state.threads)
            kind = ArrivalGroup
        receptor = target.block.model.receptors.index(self.receptor_type)
        synapses = kind(
            source.block.index,
            target.block.index,
            receptor,
            rows.first,
            rows.targets,
            rows.weights,
            rows.steps,
        )
        delays = rows.delays if rows.is_one_delay else None
        self._groups = [Group(synapses, None, delays, source, target)]
        if processes.size > 1:
            synapses.whole = whole
        simulator.state.network.add_group(synapses)

    def _add_on_demand(self, rows):
        """The same where a card draws them."""
        if len(rows) == 0:
            return
        (source,), (target,) = parts(self.pre), parts(self.post)
        state = simulator.state
        synapses = OnDemandGroup(
            source.block.index,
            target.block.index,
            target.block.model.receptors.index(self.receptor_type),
            rows.recipe,
            rows.weights,
            delay_steps(rows.delays, state.dt),
            state.threads,
            functools.partial(check_connections, len(rows), rows.bytes_each),
        )
        delays = rows.delays if rows.is_one_delay else None
        self._groups = [Group(synapses, None, delays, source, target)]
        state.network.add_group(synapses)

    def _add_columns(self, pre, post, parameters):
        """Make all connections between cells of two populations, drawing values target by target.

        pre, post    int32 or int64, by ascending post
        parameters   numbers, or LazyArrays drawn by a NumpyRNG, by name
        """
        if len(pre) == 0:
            return
        (source,), (target,) = parts(self.pre), parts(self.post)
        drawn = {name: value.base_value for name, value in parameters.items() if isinstance(value, LazyArray)}
        again = Redrawn(drawn["delay"]) if "delay" in drawn else None
        ones = {name: np.array([value]) for name, value in parameters.items() if name not in drawn}
        self._check_values(ones)
        pre, post = source.cells_at(pre), target.cells_at(post)
        ends = np.searchsorted(post, np.arange(target.block.n), side="right")
        columns = Columns(pre, ends, source.block.n, list(drawn))
        draws = [drawing_for(self, name, distribution) for name, distribution in drawn.items()]
        state = simulator.state
        for first, last, numbers in drawn_ahead(draws, np.diff(ends, prepend=0), state.threads):
            values = dict(zip(drawn, numbers, strict=True))
            self._check_values(values)
            if "delay" in values:
                values["delay"] = delay_steps(values["delay"], state.dt)
            columns.put(first, last, values)
        kept = columns.kept
        steps = kept["delay"] if again else delay_steps(ones["delay"], state.dt)
        weights, ranks = kept.get("weight", ones.get("weight")), kept.get("ranks")
        kind = self._sorted_for_arrival(source, columns.first, steps, [columns.targets, weights, ranks])
        receptor = target.block.model.receptors.index(self.receptor_type)
        synapses = kind(
            source.block.index, target.block.index, receptor, columns.first, columns.targets, weights, steps
        )
        self._groups = [Group(synapses, None, ones.get("delay"), source, target, ranks=ranks, drawn=again)]
        keep_local(self, self._groups)
        state.network.add_group(synapses)

    def _sorted_for_arrival(self, source, first, steps, others):
        """Sort rows by delay, in place, if they are for delivery on arrival; returns their group's class.

        first, steps, others   as of `sort_by_delay`
        """
        if not self._is_for_arrival(source.block.index, source.size, int(first[-1]), steps):
            return SynapseGroup
        sort_by_delay(first, steps, others, simulator.state.threads)
        return ArrivalGroup

    def _sort_for_arrival(self, groups):
        """Sort those groups by delay that are to be delivered on arrival."""
        for group in groups:
            source, n = group.synapses.source, len(group)
            n_sources = np.count_nonzero(np.diff(group.synapses.first))
            if group.can_be_sorted_by_delay and self._is_for_arrival(
                source, n_sources, n, group.synapses.delays
            ):
                for other in groups:  # all others from the same cells, too
                    if (
                        other.can_be_sorted_by_delay
                        and other.synapses.source == source
                        and len(other) <= MOST
                    ):
                        other.sort_by_delay()

    def _is_for_arrival(self, source, n_sources, n, steps):
        """Whether `n` connections from cells of a block, given by its index, are to be delivered on arrival.

        If they are the first from there, those will be, too, that are there already but were too few.
        """
        state = simulator.state
        if n > MOST:
            return False
        if any(group.by_delay and group.source == source for group in state.network.groups):
            return len(steps) > 1
        if not is_worthwhile(n, n_sources, steps):
            return False
        for projection in state.projections:
            projection._enter_order_by_delay(source)
        return True

    def _check_values(self, columns):
        """Check new values of parameters, float64 [connections] by name. Raises ConnectionError for
        weights and delays, InvalidParameterValueError for others."""
        checks = {"weight": self._check_weights, "delay": self._check_delays}
        for name, values in columns.items():
            if len(values) and name in checks:
                checks[name](values)
            elif len(values):
                self.synapse_type.check_values(self.label, name, values)
        usual.tell(self._hardly_meant, usual.remarks(self.label, columns, table=self._usual_values()))

    def _usual_values(self):
        """What is usual of weights and delays, by name; for users' cell types only of delays."""
        cells = [population.celltype for population in populations_of(self.post)]
        if self._is_graded or any(celltype.is_own for celltype in cells):
            return {"delay": usual.DELAY}
        unit = "uS" if self._conducts else usual.unit_of_currents(cells)
        return {"delay": usual.DELAY, "weight": usual.OF_WEIGHTS[unit]}

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
            name: connection_parameters.get(name, defaults[name].base_value)
            for name in self.synapse_type.get_parameter_names()
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
        if self._is_electrical and weights.min() < 0:
            raise errors.ConnectionError(
                f"{self.label}: weights of gap junctions, conductances, must not be negative, but there is "
                f"{weights.min()}"
            )
        if self._is_electrical:
            return
        if self._sign_of_weights == 1 and weights.min() < 0:
            raise errors.ConnectionError(
                f"{self.label}: weights must be positive for conductance-based and/or excitatory "
                f"synapses, but there is {weights.min()}{self._what_to_do(weights.min())}"
            )
        if self._sign_of_weights == -1 and weights.max() > 0:
            raise errors.ConnectionError(
                f"{self.label}: weights must be negative for current-based, inhibitory synapses, but "
                f"there is {weights.max()}{self._what_to_do(weights.max())}"
            )

    def _what_to_do(self, weight):
        """A remark on a weight that hasn't the sign that its receptor wants."""
        guess = ""
        if self._receptor_is_guessed and len(self.post.receptor_types) > 1:
            guess = f". As no receptor_type was given, the sign of a weight chose '{self.receptor_type}'"
        if weight > 0:
            return f"{guess}; give {-weight:g}, or receptor_type='excitatory'"
        if all(cells.celltype.conductance_based for cells in populations_of(self.post)):
            hint = "conductances are positive, and inhibit by their reversal potential"
            return f"{guess}; {hint}: give {-weight:g}, and receptor_type='inhibitory'"
        if guess:
            return f"{guess}; give a receptor_type, and weights of one sign"
        return "; for inhibition give receptor_type='inhibitory'"

    @property
    def _sign_of_weights(self):
        """The sign that the receptor wants weights to have, 1 or -1; 0 if any."""
        if self._is_graded:
            return 0
        safe = self._connector.safe
        signed = all(cells.celltype.weights_have_signs for cells in populations_of(self.post))
        return self._sign_of_receptor if safe and signed else 0

    @property
    def _conducts(self):
        """Whether weights are conductances, uS."""
        cells = populations_of(self.post)
        return self._is_electrical or all(p.celltype.is_conductance(self.receptor_type) for p in cells)

    @property
    def _sign_of_receptor(self):
        """The sign that the receptor wants weights to have, though its connector may not care."""
        if all(cells.celltype.is_conductance(self.receptor_type) for cells in populations_of(self.post)):
            return 1
        if self.receptor_type in excitatory_receptor_types:
            return 1
        return -1 if self.receptor_type in inhibitory_receptor_types else 0

    def _check_bounds(self, columns):
        """Check the weights of plastic synapses against their bounds, float64 [connections] by name.

        Raises InvalidParameterValueError for bounds that are no such for the receptor. Weights beyond them
        have a meaning only until the first spike: for these there is a warning, one for each projection.
        """
        if len(columns["weight"]) == 0:
            return
        owner, names = f"{self.label}, receptor '{self.receptor_type}'", ("weight", "w_min", "w_max")
        beyond = check_weight_bounds(owner, self._sign_of_weights, *(columns[name] for name in names))
        if beyond is not None and not self._is_warned:
            self._is_warned = True
            warnings.warn(f"{beyond}: it will be brought there by the first spike", stacklevel=2)

    def _check_delays(self, delays):
        """Raise ConnectionError for delays (ms) that are not numbers, or out of range.

        A delay that rounds to the grid point of the limit is within it.
        """
        state = simulator.state
        slack = state.dt * (0.5 if state._min_delay == "auto" else simulator.GRID_TOLERANCE)
        shortest, longest = state.allowed_delays
        shortest = 0.0 if self._is_graded else shortest
        good = (delays >= shortest - slack) & (delays <= longest * (1 + 1e-9))
        if not np.all(good):
            wrong = delays[~good][0]
            hint = "; delays are in ms, and at least one time step"
            if 0 < wrong * 1000 < longest and wrong < shortest:
                hint += f": for {wrong:g} s give {wrong * 1000:g}"
            raise errors.ConnectionError(
                f"{self.label}: delay {wrong} ms is out of range [{shortest}, {longest}] ms"
                f"{hint if wrong < shortest else ''}"
            )

    def _take_from_owners(self):
        """Where each process has drawn other connections, take those onto each cell from its owner."""
        if draws_apart(self):
            names = self.synapse_type.get_parameter_names()
            nothing = np.zeros((2, 0), dtype=np.int64)
            drawn = [(*nothing, {name: np.zeros(0) for name in names}), *self._pending]
            pre, post, columns = zip(*drawn, strict=True)
            values = {name: np.concatenate([part[name] for part in columns]) for name in names}
            joined = from_owners(self, np.concatenate(pre), np.concatenate(post), values)
            self._pending = [joined] if len(joined[0]) else []

    def _build(self):
        """Sort the pending connections, with those that there are, into groups."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        if self._groups and self.recorder.is_recording:
            raise errors.ConnectionError(f"{self.label}: can't add connections while they are recorded")
        names = self.synapse_type.get_parameter_names()
        before = [self._all_connections(names)] if self._groups else []
        pre, post, columns = zip(*before, *pending, strict=True)
        values = {name: _joined([part[name] for part in columns]) for name in columns[0]}
        self.synapse_type.check_shared(self.label, values, _joined(post))
        groups = list(self._make_groups(_joined(pre), _joined(post), values))
        self._sort_for_arrival(groups)
        keep_local(self, groups)
        network = simulator.state.network
        with signals_held():  # all of them or none
            old, self._groups, self._cached = self._groups, groups, {}
            for group in groups:
                network.add_group(group.synapses)
            _take_over(groups, old)
            network.remove_groups([group.synapses for group in old])

    def _all_connections(self, names):
        """Indices and values of parameters of the connections that there are, of all processes."""
        found = self._columns(names, "all")
        pre, post = found.pop("presynaptic_index"), found.pop("postsynaptic_index")
        return pre, post, found

    def _make_groups(self, pre, post, columns):
        """Make a `Group` for each two of the populations and views that are connected."""
        sources, targets = parts(self.pre), parts(self.post)
        if len(sources) == len(targets) == 1:
            in_order = created_in_order(sources[0].cells_at(pre), targets[0].cells_at(post))
            places = None if in_order else np.arange(len(pre))
            yield self._make_group(sources[0], targets[0], pre, post, columns, places)
            return
        for source, target, chosen in between_parts(sources, targets, pre, post):
            values = {name: column[chosen] for name, column in columns.items()}
            yield self._make_group(source, target, pre[chosen], post[chosen], values, chosen)

    def _make_group(self, source, target, pre, post, columns, places):
        """Make the group of the connections from one `Part` to another.

        columns  values of the parameters by name, float64 [connections]
        places   of the connections in the order of creation, or None as in `Group`
        """
        pre, post = source.cells_at(pre), target.cells_at(post)
        if self._is_graded:
            return self._make_graded(source, target, pre, post, columns, places)
        places_sorted, first = places_of_sorted(pre, post, source.block.n)
        values = {name: shared(column, places_sorted) for name, column in columns.items()}
        delays = values.pop("delay", np.ones(1))
        what = {
            "source": source.block.index,
            "target": target.block.index,
            "receptor": target.block.model.receptors.index(self.receptor_type),
            "first": first,
            "targets": moved(post.astype(np.uint32), places_sorted),
            "weights": values.pop("weight"),
            "delays": delay_steps(delays, simulator.state.dt),
        }
        model = self.synapse_type.model
        synapses: SynapseGroup
        if self._is_electrical:
            synapses = JunctionGroup(**what)
        elif model is None:
            synapses = SynapseGroup(**what)
        else:
            self.synapse_type.check_cells(self.label, source.block.model, target.block.model)
            values.update(self.synapse_type.parameters_of_target(target.block.model, self.receptor_type))
            synapses = DynamicGroup(**what, model=model, parameters=values)
            for name in values.keys() & model.state.keys():
                synapses.initialize(name, values[name], 0)
        if places is None:
            return Group(synapses, None, delays, source, target)
        places = moved(places, places_sorted)
        ranks = ranks_of(synapses.targets, places)
        places = in_few_bytes(places) if ranks is None else None
        return Group(synapses, places, delays, source, target, ranks=ranks)

    def _make_graded(self, source, target, pre, post, columns, places):
        """As `_make_group`, of graded connections: sorted by target, and by source within a target."""
        self.synapse_type.check_cells(self.label, source.block.model, target.block.model)
        order = slice(None) if created_in_order(pre, post) else np.lexsort((pre, post))
        values = {name: shared(column[order]) for name, column in columns.items()}
        delays = values.pop("delay")
        first = np.zeros(target.block.n + 1, dtype=np.int64)
        np.cumsum(np.bincount(post, minlength=target.block.n), out=first[1:])
        synapses = GradedGroup(
            source=source.block.index,
            target=target.block.index,
            receptor=receptor_index(target.block.model, self.receptor_type),
            first=first,
            sources=pre[order].astype(np.uint32),
            weights=values.pop("weight"),
            delays=delay_steps(delays, simulator.state.dt, least=0),
            model=self.synapse_type.model_of(source.block.model),
            parameters=values,
        )
        return Group(
            synapses, None if places is None else in_few_bytes(places[order]), delays, source, target
        )


def _take_over(groups, old):
    """Let the synapses of new groups remember what those of the old groups did, which were created first."""
    heirs = {(heir.pre.first, heir.post.first): heir for heir in groups}
    for group in old:
        if group.is_dynamic or isinstance(group.synapses, GradedGroup):
            heir = heirs[group.pre.first, group.post.first]
            _, mine, others = np.intersect1d(heir.find_places(), group.find_places(), return_indices=True)
            if len(mine) or group.learns:  # whether they learn is also known without any
                simulator.state.network.inherit(heir.synapses, mine, group.synapses, others)


def _joined(parts):
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
