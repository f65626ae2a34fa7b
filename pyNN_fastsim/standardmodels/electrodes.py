"""
Current sources.

A current that starts at t_k flows from t_k on: the electrode shows it at t_k, and v moves at t_{k+1},
as in PyNN's other backends. Times are rounded to the nearest grid point. What a current is at t_k it is
until t_{k+1}.
"""

import math
import reprlib

import numpy as np
from pyNN import errors
from pyNN.common import Assembly
from pyNN.common.populations import BasePopulation, IDMixin
from pyNN.errors import InvalidParameterValueError
from pyNN.parameters import ArrayParameter, ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource, build_translations, electrodes

from .. import usual
from ..arguments import check_arguments_of
from ..display import WithParameters
from ..engine.sources.currents import Current, noise_value, sine_value, steps_value
from ..grid import times_of
from ..helping import describe_class
from ..parameters import as_given, evaluated, to_look_at
from ..simulator import GRID_TOLERANCE, state
from ..threads import alone
from ..validation import UnknownAttributeError, check_finite, check_names, near_parameter, unknown_name

__all__ = ["ACSource", "DCSource", "NoisyCurrentSource", "StepCurrentSource"]

NEVER = 2**62  # steps: later than any run ends


def same_names(source_class):
    """Translations for a source whose parameters have the same names and units in the engine."""
    return build_translations(*((name, name) for name in source_class.default_parameters))


class EngineCurrentSource(WithParameters, StandardCurrentSource):
    """What the current sources of this backend have in common.

    function    of the engine that gives the current
    """

    function = steps_value
    units = {
        **dict.fromkeys(("amplitude", "amplitudes", "offset", "mean", "stdev"), "nA"),
        **dict.fromkeys(("start", "stop", "times", "dt"), "ms"),
        **{"frequency": "Hz", "phase": "degrees"},
    }
    _for_users = (
        *("default_parameters", "units", "inject_into", "record", "get_data", "describe"),
        *("get_parameters", "set_parameters"),
    )

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        describe_class(cls, [])

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, or InvalidParameterValueError for a value."""
        self._current = Current(self.function)
        self._values = {}
        self._recorded = None
        self._hardly_meant: set[str] = set()  # parameters that there has been a warning of
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**self._as_given(parameters))
        self.set_native_parameters(self.translate(space))

    def __getattr__(self, name):
        """A parameter. Raises NonExistentParameterError, which is an AttributeError too."""
        if name == "set":
            return super().__getattr__(name)  # raises an error that says how
        if name.startswith("_") or not self.has_parameter(name):
            raise UnknownAttributeError(name, type(self).__name__, self.get_parameter_names())
        return to_look_at(self._seen()[name])

    def _shown_parameters(self):
        return self.get_parameters()

    def _seen(self):
        """The parameters as attributes, by name."""
        return self.get_parameters()

    def __getstate__(self):
        """What makes a copy that is injected nowhere yet."""
        return {**vars(self), "_current": None, "_recorded": None}

    def __setstate__(self, state):
        vars(self).update(state, _current=Current(self.function))

    def __setattr__(self, name, value):
        """Set a parameter. Raises NonExistentParameterError for a name that is nearly one."""
        if not (self.has_parameter(name) or name.startswith("_") or hasattr(type(self), name)):
            if near_parameter(name, self.get_parameter_names()):
                raise unknown_name(name, type(self).__name__, self.get_parameter_names())
        super().__setattr__(name, value)

    @alone
    def set_parameters(self, copy=True, **parameters):
        """Change parameters, now. In case of an error none is changed.

        Raises NonExistentParameterError, or InvalidParameterValueError for a value.
        """
        super().set_parameters(copy=copy, **self._as_given(parameters))

    def _as_given(self, parameters):
        check_names(self, parameters)
        owner, defaults = type(self).__name__, self.default_parameters
        return {
            name: as_given(owner, name, value, isinstance(defaults[name], ArrayParameter), 1)
            for name, value in parameters.items()
        }

    def set_native_parameters(self, parameters):
        """Change parameters, now: what the current was before is not changed."""
        owner = type(self).__name__
        values = dict(self._values)
        for name, lazy in parameters.items():
            is_sequence = isinstance(self.default_parameters[name], ArrayParameter)
            values[name] = evaluated(owner, name, lazy, 1, is_sequence)
            check_finite(owner, name, values[name].value if is_sequence else values[name])
        numbers = self._numbers(values)
        usual.tell(self._hardly_meant, usual.remarks(owner, values, table=usual.OF_CURRENT_SOURCES))
        self._keep_recorded()
        self._values = values
        self._current.set(numbers)
        state.network.changed()

    def get_native_parameters(self):
        return ParameterSpace(dict(self._values), shape=(1,)).evaluate(simplify=True)

    def get_parameters(self):
        """The parameters by name: a number, or a Sequence."""
        return dict(self._values)

    def _numbers(self, values):
        """The numbers that the engine's function wants, for parameters by name.

        Raises InvalidParameterValueError.
        """
        raise NotImplementedError

    @alone
    def inject_into(self, cells):
        """Inject the current into a population, view, assembly, cell, or list of cells.

        Raises TypeError for spike sources, ValueError for cells of a network that is no more.
        """
        if isinstance(cells, Assembly):
            targets = [(part._root, part._indices) for part in cells.populations]
        elif isinstance(cells, BasePopulation):
            targets = [(getattr(cells, "_root", cells), getattr(cells, "_indices", None))]
        else:
            targets = self._targets_among(cells)
        for population, _ in targets:
            self._check_target(population)
        index = self._index_in_network()
        if self not in state.current_sources:
            state.current_sources.append(self)
        for population, chosen in targets:
            indices = np.sort(np.arange(population.size)[chosen])
            state.network.attach_current(index, population._block, indices)

    def _targets_among(self, cells):
        """Populations, and the indices of the cells of each that are among a cell, or several."""
        if isinstance(cells, IDMixin) or not np.iterable(cells) or isinstance(cells, str):
            cells = [cells]
        targets: dict[int, tuple] = {}
        for cell in cells:
            if not isinstance(cell, IDMixin):
                raise TypeError(
                    f"{type(self).__name__}: can't inject current into {reprlib.repr(cell)}: not a cell"
                )
            population = cell.parent
            targets.setdefault(id(population), (population, []))[1].append(
                int(cell) - int(population.first_id)
            )
        return list(targets.values())

    def _index_in_network(self):
        """The index of the current in the network, to which it is added if it is not there."""
        if self._current not in state.network.currents:
            self._current.set(self._numbers(self._values))  # the time step may be another one now
        return state.network.add_current(self._current)

    def _check_target(self, population):
        what = f"{type(self).__name__}: can't inject current into population '{population.label}'"
        if not hasattr(population, "_block"):
            raise TypeError(f"{what}: it belongs to another backend")
        if not population.celltype.injectable:
            raise TypeError(f"{what}: it is a spike source.")
        if not any(block is population._block for block in state.network.blocks):
            raise ValueError(f"{what}: it belongs to a network from before setup()")

    def _on_and_off(self, values):
        """The steps of `start` and `stop`. Raises InvalidParameterValueError."""
        name, start, stop = type(self).__name__, values["start"], values["stop"]
        if start < 0:
            raise InvalidParameterValueError(f"{name}: start must not be negative, but is {start} ms")
        if stop < start:
            raise InvalidParameterValueError(
                f"{name}: stop must not be before start ({start} ms), but is {stop} ms"
            )
        return _steps_of([start, stop])

    # --- recording ------------------------------------------------------------------------------

    def record(self):
        """Record the current, from now on."""
        self._index_in_network()
        self._recorded = _RecordedCurrent(state.network)

    def _keep_recorded(self):
        """Before the current changes: what it was until now."""
        if self._recorded is not None:
            self._recorded.keep(self._current, up_to=state.network.step)

    def _get_data(self):
        """(times in ms, currents in nA) since `record`, or the last reset."""
        if self._recorded is None:
            raise errors.NothingToWriteError(f"{type(self).__name__} was not recorded: call record() first")
        return self._recorded.samples(self._current)


class _RecordedCurrent:
    """What a current was in each step of a network, from now on."""

    def __init__(self, network):
        self._network = network
        self._begin(network.step)

    def _begin(self, step):
        self._trial = self._network.trial
        self._first = self._next = step
        self._kept = []

    def keep(self, current, up_to):
        """Keep the samples of the steps before `up_to`."""
        if self._trial != self._network.trial:
            self._begin(0)
        self._kept.append(self._network.sample_current(current, self._next, up_to))
        self._next = max(up_to, self._next)

    def samples(self, current):
        """Times (ms) and currents (nA), up to now."""
        now = self._network.step
        self.keep(current, now)
        levels = np.concatenate([*self._kept, self._network.sample_current(current, now, now + 1)])
        return times_of(np.arange(self._first, now + 1), self._network.dt), levels


class DCSource(EngineCurrentSource, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__
    translations = same_names(electrodes.DCSource)

    def _numbers(self, values):
        return [*self._on_and_off(values), values["amplitude"], 0.0]


class StepCurrentSource(EngineCurrentSource, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = same_names(electrodes.StepCurrentSource)

    @property
    def times(self):
        """When the current changes: grid points, ms; float64. `get_parameters` tells what was given."""
        return self._changes()[0]

    @property
    def amplitudes(self):
        """What it changes to at each of `times`, nA; float64."""
        return self._changes()[1]

    def _changes(self):
        """(times, amplitudes) as they take effect: of several on one grid point the last one."""
        steps, amplitudes = _steps_of(self._values["times"].value), self._values["amplitudes"].value
        is_last = np.append(np.diff(steps) > 0, True)[: len(steps)]
        return state.time_of(steps[is_last]), amplitudes[is_last]

    def _numbers(self, values):
        times, amplitudes = values["times"].value, values["amplitudes"].value
        if len(times) != len(amplitudes):
            raise InvalidParameterValueError(
                f"StepCurrentSource: {len(times)} times, but {len(amplitudes)} amplitudes"
            )
        if np.any(times < 0):
            raise InvalidParameterValueError(
                f"StepCurrentSource: times must not be negative, but there is {np.min(times)}"
            )
        if np.any(np.diff(times) <= 0):
            k = int(np.argmin(np.diff(times) > 0))
            raise InvalidParameterValueError(
                f"StepCurrentSource: times must be increasing, but {times[k + 1]} comes after {times[k]}"
            )
        # Of several times on one grid point the last one counts.
        return [*_steps_of(times), *amplitudes]

    def _seen(self):
        """What counts, as PyNN wants it: grid points, each of which comes once."""
        steps = _steps_of(self._values["times"].value)
        last = np.append(np.diff(steps) > 0, True)[: len(steps)]
        amplitudes = self._values["amplitudes"].value[last]
        times = times_of(steps[last], state.dt)
        return {**self._values, "times": Sequence(times), "amplitudes": Sequence(amplitudes)}


class ACSource(EngineCurrentSource, electrodes.ACSource):
    """Source of a sine: offset + amplitude sin(2 pi frequency (t - start) + phase), from start to stop."""

    translations = same_names(electrodes.ACSource)
    function = sine_value

    def _numbers(self, values):
        return [
            *self._on_and_off(values),
            values["offset"],
            values["amplitude"],
            values["frequency"] * state.dt / 1000.0,
            math.radians(values["phase"]),
        ]


class NoisyCurrentSource(EngineCurrentSource, electrodes.NoisyCurrentSource):
    __doc__ = electrodes.NoisyCurrentSource.__doc__
    translations = same_names(electrodes.NoisyCurrentSource)
    function = noise_value

    def __init__(self, **parameters):
        self._every_step = "dt" not in parameters
        super().__init__(**parameters)

    def set_parameters(self, copy=True, **parameters):
        before = self._every_step
        self._every_step &= "dt" not in parameters
        try:
            super().set_parameters(copy=copy, **parameters)
        except Exception:
            self._every_step = before
            raise

    set_parameters.__doc__ = EngineCurrentSource.set_parameters.__doc__

    def _numbers(self, values):
        if self._every_step:
            values["dt"] = state.dt
        if values["stdev"] < 0:
            raise InvalidParameterValueError(
                f"NoisyCurrentSource: stdev must not be negative, but is {values['stdev']} nA"
            )
        interval = round(values["dt"] / state.dt)
        if interval < 1 or abs(values["dt"] / state.dt - interval) > GRID_TOLERANCE * interval:
            raise InvalidParameterValueError(
                f"NoisyCurrentSource: dt must be a multiple of the time step ({state.dt} ms), but is "
                f"{values['dt']} ms"
            )
        return [*self._on_and_off(values), interval, values["mean"], values["stdev"]]


def _steps_of(times):
    """The grid points nearest to times (ms), as steps."""
    return np.minimum(np.rint(np.asarray(times) / state.dt), NEVER)


check_arguments_of(EngineCurrentSource, "__init__")
