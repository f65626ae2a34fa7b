"""
Current sources.

A current that starts at t_k flows from t_k on: the electrode shows it at t_k, and v moves at t_{k+1},
as in PyNN's other backends. Times are rounded to the nearest grid point.
"""

import numpy as np
from pyNN.common import Assembly
from pyNN.common.populations import BasePopulation
from pyNN.errors import InvalidParameterValueError
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource, build_translations, electrodes

from ..engine.currents import StepCurrent
from ..simulator import state
from ..validation import check_finite, check_names

__all__ = ["DCSource", "StepCurrentSource"]


class EngineCurrentSource(StandardCurrentSource):
    """What the current sources of this backend have in common."""

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, or InvalidParameterValueError for a value."""
        check_names(self, parameters)
        object.__setattr__(self, "_current", None)
        object.__setattr__(self, "_values", {})
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**parameters)
        self.set_native_parameters(self.translate(space))

    def set_native_parameters(self, parameters):
        """Change parameters, now: what the current was before is not changed."""
        parameters.evaluate(simplify=True)
        values = {**self._values, **parameters.as_dict()}
        for name, value in values.items():
            check_finite(
                type(self).__name__, name, value.value if isinstance(value, Sequence) else value
            )
        steps, levels = self._changes(values)
        object.__setattr__(self, "_values", values)
        if self._current is None:
            object.__setattr__(self, "_current", StepCurrent(steps, levels))
        else:
            self._current.set(steps, levels)
            state.network.changed()

    def get_native_parameters(self):
        return ParameterSpace(dict(self._values), shape=(1,))

    def _changes(self, values):
        """When the current changes, and to what: steps (int) and levels (nA)."""
        raise NotImplementedError

    def inject_into(self, cells):
        """Inject the current into a population, view, assembly, or list of cells.

        Raises TypeError for spike sources.
        """
        if isinstance(cells, (BasePopulation, Assembly)):
            cells = cells.all_cells
        populations = {}
        for cell in cells:
            populations.setdefault(id(cell.parent), (cell.parent, []))[1].append(int(cell))
        for population, _ in populations.values():
            if not population.celltype.injectable:
                raise TypeError(
                    f"Can't inject current into population '{population.label}': it is a spike source."
                )
        network = state.network
        if self._current not in network.currents:
            network.add_current(self._current)
        current = network.currents.index(self._current)
        for population, ids in populations.values():
            indices = np.sort(np.array(ids) - int(population.first_id))
            network.attach_current(current, population._block, indices)


class DCSource(EngineCurrentSource, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__
    translations = build_translations(
        ("amplitude", "amplitude"), ("start", "start"), ("stop", "stop")
    )

    def _changes(self, values):
        start, stop = (int(np.rint(values[name] / state.dt)) for name in ("start", "stop"))
        if stop <= start:
            return [], []
        return [start, stop], [values["amplitude"], 0.0]


class StepCurrentSource(EngineCurrentSource, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = build_translations(("amplitudes", "amplitudes"), ("times", "times"))

    def _changes(self, values):
        times, amplitudes = values["times"].value, values["amplitudes"].value
        if len(times) != len(amplitudes):
            raise InvalidParameterValueError(
                f"StepCurrentSource: {len(times)} times, but {len(amplitudes)} amplitudes"
            )
        if np.any(np.asarray(times) < 0):
            raise InvalidParameterValueError(
                f"StepCurrentSource: times must not be negative, but there is {np.min(times)}"
            )
        if np.any(np.diff(times) <= 0):
            k = int(np.argmin(np.diff(times) > 0))
            raise InvalidParameterValueError(
                f"StepCurrentSource: times must be increasing, but {times[k + 1]} comes after {times[k]}"
            )
        # Of several times on one grid point the last one counts.
        return np.rint(np.asarray(times) / state.dt), amplitudes
