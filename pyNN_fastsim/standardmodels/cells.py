"""
Standard cells: which of the engine's models stands behind each of PyNN's cell types.

The engine uses PyNN's parameter names and units, so there is nothing to translate.
"""

from copy import deepcopy

import numpy as np
from pyNN.parameters import ArrayParameter, ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.standardmodels import build_translations, cells

from ..engine.kernel import Model
from ..engine.models.aeif import AEIF_COND_ALPHA, AEIF_COND_EXP
from ..engine.models.gif import GIF_COND_EXP, PARTS, SEQUENCES, names_of
from ..engine.models.hh import HH_COND_EXP
from ..engine.models.iaf_cond import IAF_COND_ALPHA, IAF_COND_EXP, IAF_FACETS_HARDWARE
from ..engine.models.iaf_cond_sfa import IAF_COND_EXP_SFA_RR
from ..engine.models.iaf_psc import IAF_PSC_ALPHA, IAF_PSC_DELTA, IAF_PSC_EXP
from ..engine.models.izhikevich import IZHIKEVICH, THRESHOLD
from ..engine.models.poisson import POISSON
from ..engine.models.renewal import GAMMA, INH_GAMMA, POISSON_REFRACTORY
from ..engine.models.spike_array import SPIKE_ARRAY
from ..parameters import as_given
from ..validation import (
    check_dead_time,
    check_gamma,
    check_gamma_bins,
    check_names,
    check_parameters,
    check_parts,
    check_spike_times,
)

__all__ = [
    "EIF_cond_alpha_isfa_ista",
    "EIF_cond_exp_isfa_ista",
    "GIF_cond_exp",
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_cond_exp_gsfa_grr",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "IF_facets_hardware1",
    "Izhikevich",
    "SpikeSourceArray",
    "SpikeSourceGamma",
    "SpikeSourceInhGamma",
    "SpikeSourcePoisson",
    "SpikeSourcePoissonRefractory",
]


def same_names(cell_class):
    """Translations for a cell type whose parameters have the same names and units in the engine."""
    return build_translations(*((name, name) for name in cell_class.default_parameters))


def public_state(model):
    """The state variables of a model that users may see and set."""
    return [name for name in model.state if not name.startswith("_")]


def arrays_of(sequences, n):
    """A list of one array for each of `n` cells, of a Sequence or an array of Sequences."""
    if isinstance(sequences, ArrayParameter):
        sequences = [sequences] * n
    return [sequence.value for sequence in sequences]


class EngineCell:
    """What all cell types of this backend have in common; comes before PyNN's class in the bases.

    model    of the engine
    above    pairs of a parameter and what it must be above: a number, or another parameter
    below    likewise
    """

    model: Model
    above: tuple[tuple, ...] = ()
    below: tuple[tuple, ...] = ()

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

    @classmethod
    def check(cls, owner, values, changed, cells):
        """Check evaluated parameters, by name: all of a population's, of which those that are `changed`
        have new values for the cells with the indices `cells`.

        Raises InvalidParameterValueError.
        """
        check_parameters(owner, values, cls.above, cls.below)

    @staticmethod
    def engine_values(values, n):
        """The parameters as the engine wants them, from evaluated ones, for `n` cells."""
        return values


class IF_curr_alpha(EngineCell, cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    translations = same_names(cells.IF_curr_alpha)
    model = IAF_PSC_ALPHA
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_curr_exp(EngineCell, cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    translations = same_names(cells.IF_curr_exp)
    model = IAF_PSC_EXP
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_curr_delta(EngineCell, cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    translations = same_names(cells.IF_curr_delta)
    model = IAF_PSC_DELTA
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_cond_alpha(EngineCell, cells.IF_cond_alpha):
    __doc__ = cells.IF_cond_alpha.__doc__
    translations = same_names(cells.IF_cond_alpha)
    model = IAF_COND_ALPHA
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_cond_exp(EngineCell, cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    translations = same_names(cells.IF_cond_exp)
    model = IAF_COND_EXP
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_cond_exp_gsfa_grr(EngineCell, cells.IF_cond_exp_gsfa_grr):
    __doc__ = cells.IF_cond_exp_gsfa_grr.__doc__
    translations = same_names(cells.IF_cond_exp_gsfa_grr)
    model = IAF_COND_EXP_SFA_RR
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class IF_facets_hardware1(EngineCell, cells.IF_facets_hardware1):
    __doc__ = cells.IF_facets_hardware1.__doc__
    translations = same_names(cells.IF_facets_hardware1)
    model = IAF_FACETS_HARDWARE
    above = (("g_leak", 0.0),)
    below = (("v_reset", "v_thresh"),)
    recordable = ["spikes", *public_state(model)]


class HH_cond_exp(EngineCell, cells.HH_cond_exp):
    __doc__ = cells.HH_cond_exp.__doc__
    translations = same_names(cells.HH_cond_exp)
    model = HH_COND_EXP
    recordable = ["spikes", *public_state(model)]
    receptor_types = ("excitatory", "inhibitory")


class EIF_cond_exp_isfa_ista(EngineCell, cells.EIF_cond_exp_isfa_ista):
    __doc__ = cells.EIF_cond_exp_isfa_ista.__doc__
    translations = same_names(cells.EIF_cond_exp_isfa_ista)
    model = AEIF_COND_EXP
    below = (("v_reset", "v_spike"),)
    recordable = ["spikes", *public_state(model)]


class EIF_cond_alpha_isfa_ista(EngineCell, cells.EIF_cond_alpha_isfa_ista):
    __doc__ = cells.EIF_cond_alpha_isfa_ista.__doc__
    translations = same_names(cells.EIF_cond_alpha_isfa_ista)
    model = AEIF_COND_ALPHA
    below = (("v_reset", "v_spike"),)
    recordable = ["spikes", *public_state(model)]


class GIF_cond_exp(EngineCell, cells.GIF_cond_exp):
    __doc__ = cells.GIF_cond_exp.__doc__
    translations = same_names(cells.GIF_cond_exp)
    model = GIF_COND_EXP
    recordable = ["spikes", *public_state(model)]

    @staticmethod
    def engine_values(values, n):
        """Each number of a sequence as a parameter of its own."""
        parts = {}
        for sequence in SEQUENCES:
            value = values[sequence]
            several = [value] if isinstance(value, ArrayParameter) else value
            columns = np.array([each.value for each in several]).T
            shared = len(several) == 1
            parts |= {
                name: float(column[0]) if shared else column
                for name, column in zip(names_of(sequence), columns, strict=True)
            }
        return {name: value for name, value in values.items() if name not in SEQUENCES} | parts

    @classmethod
    def check(cls, owner, values, changed, cells):
        super().check(owner, values, changed, cells)
        for name in set(SEQUENCES) & set(changed):
            check_parts(owner, name, changed[name], cells, PARTS, positive=name.startswith("tau"))


class Izhikevich(EngineCell, cells.Izhikevich):
    __doc__ = cells.Izhikevich.__doc__
    translations = same_names(cells.Izhikevich)
    model = IZHIKEVICH
    below = (("c", THRESHOLD),)
    recordable = ["spikes", *public_state(model)]


class SpikeSourcePoisson(EngineCell, cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    translations = same_names(cells.SpikeSourcePoisson)
    model = POISSON


class SpikeSourcePoissonRefractory(EngineCell, cells.SpikeSourcePoissonRefractory):
    __doc__ = cells.SpikeSourcePoissonRefractory.__doc__
    translations = same_names(cells.SpikeSourcePoissonRefractory)
    model = POISSON_REFRACTORY

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_dead_time(owner, values["rate"], values["tau_refrac"])


class SpikeSourceGamma(EngineCell, cells.SpikeSourceGamma):
    __doc__ = cells.SpikeSourceGamma.__doc__
    # PyNN's default is the integer 2, which makes integers of all shapes: of 2.5, and of 0.5.
    default_parameters = {**cells.SpikeSourceGamma.default_parameters, "alpha": 2.0}
    translations = same_names(cells.SpikeSourceGamma)
    model = GAMMA

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_gamma(owner, values["alpha"], values["beta"])


class SpikeSourceInhGamma(EngineCell, cells.SpikeSourceInhGamma):
    __doc__ = cells.SpikeSourceInhGamma.__doc__
    translations = same_names(cells.SpikeSourceInhGamma)
    model = INH_GAMMA

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_gamma_bins(owner, values["tbins"], values["a"], values["b"])

    @staticmethod
    def engine_values(values, n):
        """One array for each of `n` cells of `tbins` (ms), `a` and `b` (s)."""
        return values | {name: arrays_of(values[name], n) for name in ("tbins", "a", "b")}


class SpikeSourceArray(EngineCell, cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    translations = same_names(cells.SpikeSourceArray)
    model = SPIKE_ARRAY

    @staticmethod
    def check(owner, values, changed, cells):
        if "spike_times" in changed:
            check_spike_times(owner, changed["spike_times"], cells)

    @staticmethod
    def engine_values(values, n):
        """One array of spike times (ms) for each of `n` cells."""
        return {"spike_times": arrays_of(values["spike_times"], n)}
