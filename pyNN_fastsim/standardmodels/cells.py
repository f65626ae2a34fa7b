"""
Standard cells: which of the engine's models stands behind each of PyNN's cell types.

The engine uses PyNN's parameter names and units, so there is nothing to translate.
"""

from copy import deepcopy

from pyNN.parameters import ArrayParameter, ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.standardmodels import build_translations, cells

from ..engine.kernel import Model
from ..engine.models.hh import HH_COND_EXP
from ..engine.models.iaf_cond import IAF_COND_ALPHA, IAF_COND_EXP
from ..engine.models.iaf_psc import IAF_PSC_ALPHA, IAF_PSC_DELTA, IAF_PSC_EXP
from ..engine.models.poisson import POISSON
from ..engine.models.spike_array import SPIKE_ARRAY
from ..parameters import as_given
from ..validation import check_names

__all__ = [
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
]


def same_names(cell_class):
    """Translations for a cell type whose parameters have the same names and units in the engine."""
    return build_translations(*((name, name) for name in cell_class.default_parameters))


def public_state(model):
    """The state variables of a model that users may see and set."""
    return [name for name in model.state if not name.startswith("_")]


class EngineCell:
    """What all cell types of this backend have in common; comes before PyNN's class in the bases.

    model    of the engine
    """

    model: Model

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        check_names(self, parameters)
        super().__init__(**self.as_given(type(self).__name__, parameters))

    def as_given(self, owner, parameters, size=None):
        """Parameters as a user gives them, by name: checked, see `parameters.as_given`."""
        return {
            name: as_given(owner, name, value, self.is_sequence(name), size, self.units.get(name))
            for name, value in parameters.items()
        }

    def is_sequence(self, name):
        """Whether one value of a parameter is a Sequence of numbers."""
        return isinstance(self.default_parameters.get(name), ArrayParameter)

    def translate(self, parameters, copy=True):
        """The engine's parameters: the same ones.

        Random distributions are copied, as everywhere in PyNN: whatever has the same seed draws the
        same numbers. Arrays are not, which would take seconds for spike times of many cells.
        """
        values = {
            name: deepcopy(value)
            if value.operations or isinstance(value.base_value, RandomDistribution)
            else value
            for name, value in parameters.items()
        }
        return ParameterSpace(values, shape=parameters.shape)

    @staticmethod
    def engine_values(values, n):
        """The parameters as the engine wants them, from evaluated ones, for `n` cells."""
        return values


class IF_curr_alpha(EngineCell, cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    translations = same_names(cells.IF_curr_alpha)
    model = IAF_PSC_ALPHA
    recordable = ["spikes", *public_state(model)]


class IF_curr_exp(EngineCell, cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    translations = same_names(cells.IF_curr_exp)
    model = IAF_PSC_EXP
    recordable = ["spikes", *public_state(model)]


class IF_curr_delta(EngineCell, cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    translations = same_names(cells.IF_curr_delta)
    model = IAF_PSC_DELTA
    recordable = ["spikes", *public_state(model)]


class IF_cond_alpha(EngineCell, cells.IF_cond_alpha):
    __doc__ = cells.IF_cond_alpha.__doc__
    translations = same_names(cells.IF_cond_alpha)
    model = IAF_COND_ALPHA
    recordable = ["spikes", *public_state(model)]


class IF_cond_exp(EngineCell, cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    translations = same_names(cells.IF_cond_exp)
    model = IAF_COND_EXP
    recordable = ["spikes", *public_state(model)]


class HH_cond_exp(EngineCell, cells.HH_cond_exp):
    __doc__ = cells.HH_cond_exp.__doc__
    translations = same_names(cells.HH_cond_exp)
    model = HH_COND_EXP
    recordable = ["spikes", *public_state(model)]
    receptor_types = ("excitatory", "inhibitory")


class SpikeSourcePoisson(EngineCell, cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    translations = same_names(cells.SpikeSourcePoisson)
    model = POISSON


class SpikeSourceArray(EngineCell, cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    translations = same_names(cells.SpikeSourceArray)
    model = SPIKE_ARRAY

    @staticmethod
    def engine_values(values, n):
        """One array of spike times (ms) for each of `n` cells."""
        spike_times = values["spike_times"]
        if isinstance(spike_times, ArrayParameter):
            spike_times = [spike_times] * n
        return {"spike_times": [sequence.value for sequence in spike_times]}
