"""
Changing connections: their parameters and states, of all or of one, and what `reset` makes of them.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import LazyArray
from pyNN.random import RandomDistribution

from . import simulator
from .arguments import is_finite
from .connections import shared
from .engine.synapses.groups import moved
from .joint_changes import check_shared, take_note, take_note_of, which_change
from .messages import shown
from .parameters import as_given, expression, one_number
from .processes import processes
from .synapse_values import drawn_for_all_pairs, evaluate
from .threads import alone
from .validation import check_names, steps_of_interval, unknown_name

_BOUNDED = ("weight", "w_min", "w_max")


class Changing:
    """What of a Projection changes connections; comes before PyNN's class in the bases."""

    _initial_weights: np.ndarray | None
    _zero_is_meant: bool  # whether a user gave all weights as one number, of whatever value
    label: str
    post: Any
    _groups: list

    @alone
    def set(self, **attributes):
        """Set weights, delays and other parameters of all connections; they hold for spikes emitted from
        now on.

        `attributes`:
            ``weight=0.1`` (nA for current-based receptors, µS for conductance-based ones, mV for
            IF_curr_delta and Izhikevich), ``delay=1.0`` (ms), and so on. Each may be a number, an array
            [pre, post] with NaN where there is no connection, a list of one for each connection in the
            order of (pre, post), a
            `RandomDistribution`, or a function of the distance in µm.

        Raises NonExistentParameterError, InvalidDimensionsError, or ConnectionError (a weight of the wrong
        sign, a delay out of range); then nothing is set.
        """
        self._check_is_there()
        attributes = self.synapse_type.in_pynns_names(self.label, attributes)
        check_names(self.synapse_type, attributes)
        values = {name: self._evaluated(name, value) for name, value in attributes.items()}
        self._store(self.synapse_type.in_our_units(values))
        if "weight" in attributes:
            self._zero_is_meant = is_finite(attributes["weight"])

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
            return drawn_for_all_pairs(self, name, lazy, pre, post)
        if not callable(lazy.base_value) and lazy.is_homogeneous:
            return np.full(len(pre), float(lazy.evaluate(simplify=True)))
        if isinstance(lazy.base_value, Iterator):
            everyone = self._columns([], "all")
            pre, post = everyone["presynaptic_index"], everyone["postsynaptic_index"]
            values = evaluate(self, name, lazy, pre, post)
            return self._own_values(moved(values, np.lexsort((post, pre))))
        return evaluate(self, name, lazy, pre, post)

    def _from_list(self, name, values):
        """Values given as a list, one for each connection by (pre, post): in the order of creation.

        Where there are several connections of a pair, there may also be one value for each pair, as in PyNN.
        """
        everyone = self._columns([], "all")
        pre, post = everyone["presynaptic_index"], everyone["postsynaptic_index"]
        if len(values) == len(pre):
            return self._own_values(moved(values, np.lexsort((post, pre))))
        pairs, which = np.unique(pre * self.post.size + post, return_inverse=True)
        if len(values) != len(pairs):
            raise errors.InvalidDimensionsError(
                f"{self.label}: {len(values)} values of {name} for {len(pre)} connections"
            )
        return self._own_values(values[which])

    def _store(self, columns):
        """Take over new values of parameters, float64 [connections] in the order of creation, by name."""
        with processes.same_error(f"set() of '{self.label}'"):
            self._check_values(columns)
            self.synapse_type.check_shared(self.label, columns, self._pairs()[1])
            if columns.keys() & set(_BOUNDED) and self.synapse_type.has_bounds and self._groups:
                self._check_bounds({name: self._values(name) for name in _BOUNDED} | columns)
        check_shared(self, columns)
        take_note([self])
        if "weight" in columns:
            self._keep_initial_weights()
        if "delay" in columns:
            self._leave_order_by_delay()
        new: dict[tuple[int, str], np.ndarray] = {}
        for k, group in enumerate(self._groups):
            places = group.find_places()
            new |= {(k, name): shared(values[places]) for name, values in columns.items()}
        change = which_change(self, new)
        for (k, name), values in new.items():
            if (k, name) in change:
                self._groups[k].change_values(name, values)
        simulator.state.network.changed()

    def _enter_order_by_delay(self, source):
        """Sort those groups by delay whose source is a block, given by its index, where that can be done."""
        if self._initial_weights is not None:  # which are in the order that there is
            return
        for group in self._groups:
            if group.synapses.source == source and group.can_be_sorted_by_delay:
                group.sort_by_delay()
                self._cached.pop("located", None)

    def _leave_order_by_delay(self):
        """Before delays change: sort those groups by target that were sorted by delay."""
        for group in self._groups:
            if group.synapses.by_delay:
                group.sort_by_target()
                self._cached.pop("located", None)

    def initialize(self, **initial_values):
        """Set state variables of all connections now: u, x, y of `TsodyksMarkramSynapse`, for example.

        `initial_values`:
            ``u=0.5``. The same forms as for `set`.

        Raises NonExistentParameterError for a variable that the synapse type doesn't have.
        """
        self._check_is_there()
        take_note([self])
        known = self.synapse_type.state_variables()
        for name, value in initial_values.items():
            if name not in known:
                is_parameter = self.synapse_type.has_parameter(name)
                hint = f" (a parameter: call set({name}=...))" if is_parameter else ""
                raise unknown_name(name, f"{self.label} ({type(self.synapse_type).__name__})", known, hint)
            values = self._evaluated(name, value)
            self.synapse_type.check_values(self.label, name, values)
            self.synapse_type.check_shared(self.label, {name: values}, self._pairs()[1])
            of_groups = [
                self.synapse_type.engine_state(self.label, name, values[group.find_places()], group.values)
                for group in self._groups
            ]
            for group, (state, its_values) in zip(self._groups, of_groups, strict=True):
                simulator.state.network.initialize_synapses(group.synapses, state, its_values)
            self.initial_values[name] = value

    def _keep_initial_weights(self):
        """Before weights change: those that there are at time 0 are the initial ones, or of connections that
        were made later those that they were made with: float64 [connections] in the order of creation.

        Of plastic synapses the engine keeps them.
        """
        if (
            any(group.is_plastic or group.learns for group in self._groups)
            or not simulator.state.network.begun
        ):
            return
        known = np.zeros(0) if self._initial_weights is None else self._initial_weights
        if self._initial_weights is None or len(known) < self.size(gather=False):
            self._initial_weights = np.append(known, self._values("weight")[len(known) :])

    def _restore_initial_weights(self):
        """Set the weights to what they were at time 0; called by reset() of all processes."""
        if self._initial_weights is not None:
            self._keep_initial_weights()
            new = {
                (k, "weight"): shared(self._initial_weights[group.find_places()])
                for k, group in enumerate(self._groups)
            }
            for k, name in sorted(which_change(self, new)):
                self._groups[k].change_values(name, new[k, name])
            self._initial_weights = None
            simulator.state.network.changed()

    def enable_learning(self, period=None, offset=None):
        """Let graded connections learn, as they do unless they have been told not to.

        `period`:
            ms, from one change to the next; each is that of a whole period. None for every time step.
        `offset`:
            ms, at what time within a period.

        Raises InvalidModelError for connections that don't learn in each step, InvalidParameterValueError
        for times that are no multiples of the time step, or an offset that is not below the period.
        """
        dt, step = simulator.state.dt, simulator.state.network.step
        steps = 1 if period is None else steps_of_interval(f"{self.label}: period", period, dt)
        if offset is not None and not (is_finite(offset) and 0 <= offset < steps * dt):
            raise errors.InvalidParameterValueError(
                f"{self.label}: offset must be at least 0, and below the period, but is {shown(offset)}"
            )
        first = step % steps + (0 if offset is None else int(np.rint(offset / dt)))
        self._set_learning(learning=True, period=steps, offset=first % steps)

    def disable_learning(self):
        """Let graded connections stay what they are. Raises InvalidModelError for others."""
        self._set_learning(learning=False)

    def _set_learning(self, **values):
        self._check_is_there()
        self._build()
        for group in self._groups:
            if not group.learns:
                raise errors.InvalidModelError(
                    f"{self.label}: connections of type {type(self.synapse_type).__name__} don't learn in "
                    "each step"
                )
            for name, value in values.items():
                setattr(group.synapses, name, value)
        simulator.state.network.changed()

    def _store_at(self, index, name, value):
        """Set a parameter of one connection."""
        self._check_is_there()
        group, place = self._locate(index)
        value = one_number(self.label, name, value)
        name, scale = self.synapse_type.known_as(name)
        value /= scale
        self._check_values({name: np.array([value])})
        if name in self.synapse_type.limits:
            everywhere, targets = self._values(name), self._pairs()[1]
            if self.size() > self.size(
                gather=False
            ):  # what those of other processes have, if there is one for all
                everywhere, targets = np.append(everywhere, everywhere[index]), np.append(targets, -1)
            everywhere[index] = value
            self.synapse_type.check_shared(self.label, {name: everywhere}, targets)
        if name in _BOUNDED and self.synapse_type.has_bounds:
            now = {other: np.array([self._value_at(index, other)]) for other in _BOUNDED}
            self._check_bounds(now | {name: np.array([value])})
        if name == "weight":
            self._keep_initial_weights()
        elif name == "delay":
            self._leave_order_by_delay()
            group, place = self._locate(index)
        if group.set_value(name, place, value) and processes.size > 1:
            self._set_alone.add((self._groups.index(group), name))
        simulator.state.network.changed()

    def _take_note(self, changes):
        """Take note of single connections that other processes have changed, of which these have told."""
        take_note_of(self, changes)

    def _let_others_change(self, k, name):
        """Do what goes before a change of single connections of a group, which other processes have."""
        if name == "weight":
            self._keep_initial_weights()
        elif name == "delay":
            self._leave_order_by_delay()
        group = self._groups[k]
        group.settle(name)
        if group.is_state(name):  # what one process would do to all others of the group
            group.change_values(name, group.values(name))
        simulator.state.network.changed()
