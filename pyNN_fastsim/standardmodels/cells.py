"""
Standard cells: which of the engine's models stands behind each of PyNN's cell types.

The engine uses PyNN's parameter names and units, so there is nothing to translate.
"""

import numpy as np
from pyNN.parameters import ArrayParameter
from pyNN.standardmodels import cells

from ..celltypes import CellType
from ..engine.neurons.aeif import AEIF_COND_ALPHA, AEIF_COND_EXP
from ..engine.neurons.gif import GIF_COND_EXP, PARTS, SEQUENCES, names_of
from ..engine.neurons.hh import HH_COND_EXP
from ..engine.neurons.iaf_cond import IAF_COND_ALPHA, IAF_COND_EXP, IAF_FACETS_HARDWARE
from ..engine.neurons.iaf_cond_sfa import IAF_COND_EXP_SFA_RR
from ..engine.neurons.iaf_psc import IAF_PSC_ALPHA, IAF_PSC_DELTA, IAF_PSC_EXP
from ..engine.neurons.izhikevich import IZHIKEVICH, THRESHOLD
from ..engine.sources.poisson import POISSON
from ..engine.sources.renewal import GAMMA, INH_GAMMA, POISSON_REFRACTORY
from ..engine.sources.spike_array import SPIKE_ARRAY
from ..validation import (
    check_dead_time,
    check_gamma,
    check_gamma_bins,
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


def arrays_of(sequences, n):
    """A list of one array for each of `n` cells, of a Sequence or an array of Sequences."""
    if isinstance(sequences, ArrayParameter):
        sequences = [sequences] * n
    return [sequence.value for sequence in sequences]


class IF_curr_alpha(CellType, cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    model = IAF_PSC_ALPHA
    below = (("v_reset", "v_thresh"),)


class IF_curr_exp(CellType, cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    model = IAF_PSC_EXP
    below = (("v_reset", "v_thresh"),)


class IF_curr_delta(CellType, cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    model = IAF_PSC_DELTA
    below = (("v_reset", "v_thresh"),)


class IF_cond_alpha(CellType, cells.IF_cond_alpha):
    __doc__ = cells.IF_cond_alpha.__doc__
    model = IAF_COND_ALPHA
    below = (("v_reset", "v_thresh"),)


class IF_cond_exp(CellType, cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    model = IAF_COND_EXP
    below = (("v_reset", "v_thresh"),)


class IF_cond_exp_gsfa_grr(CellType, cells.IF_cond_exp_gsfa_grr):
    __doc__ = cells.IF_cond_exp_gsfa_grr.__doc__
    model = IAF_COND_EXP_SFA_RR
    below = (("v_reset", "v_thresh"),)


class IF_facets_hardware1(CellType, cells.IF_facets_hardware1):
    __doc__ = cells.IF_facets_hardware1.__doc__
    model = IAF_FACETS_HARDWARE
    above = (("g_leak", 1e-300),)  # so that the time constant is a number
    below = (("v_reset", "v_thresh"),)


class HH_cond_exp(CellType, cells.HH_cond_exp):
    __doc__ = cells.HH_cond_exp.__doc__
    model = HH_COND_EXP
    receptor_types = ("excitatory", "inhibitory")


class EIF_cond_exp_isfa_ista(CellType, cells.EIF_cond_exp_isfa_ista):
    __doc__ = cells.EIF_cond_exp_isfa_ista.__doc__
    model = AEIF_COND_EXP
    below = (("v_reset", "v_spike"),)


class EIF_cond_alpha_isfa_ista(CellType, cells.EIF_cond_alpha_isfa_ista):
    __doc__ = cells.EIF_cond_alpha_isfa_ista.__doc__
    model = AEIF_COND_ALPHA
    below = (("v_reset", "v_spike"),)


class GIF_cond_exp(CellType, cells.GIF_cond_exp):
    __doc__ = cells.GIF_cond_exp.__doc__
    model = GIF_COND_EXP

    @staticmethod
    def engine_values(values, n):
        """Each number of a sequence as a parameter of its own."""
        parts: dict = {}
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

    def check(self, owner, values, changed, cells):
        super().check(owner, values, changed, cells)
        for name in set(SEQUENCES) & set(changed):
            check_parts(owner, name, changed[name], cells, PARTS, positive=name.startswith("tau"))


class Izhikevich(CellType, cells.Izhikevich):
    __doc__ = cells.Izhikevich.__doc__
    model = IZHIKEVICH
    below = (("c", THRESHOLD),)


class SpikeSourcePoisson(CellType, cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    model = POISSON


class SpikeSourcePoissonRefractory(CellType, cells.SpikeSourcePoissonRefractory):
    __doc__ = cells.SpikeSourcePoissonRefractory.__doc__
    model = POISSON_REFRACTORY

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_dead_time(owner, values["rate"], values["tau_refrac"])


class SpikeSourceGamma(CellType, cells.SpikeSourceGamma):
    __doc__ = cells.SpikeSourceGamma.__doc__
    # PyNN's default is the integer 2, which makes integers of all shapes: of 2.5, and of 0.5.
    default_parameters = {**cells.SpikeSourceGamma.default_parameters, "alpha": 2.0}
    model = GAMMA

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_gamma(owner, values["alpha"], values["beta"])


class SpikeSourceInhGamma(CellType, cells.SpikeSourceInhGamma):
    __doc__ = cells.SpikeSourceInhGamma.__doc__
    model = INH_GAMMA

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        check_gamma_bins(owner, values["tbins"], values["a"], values["b"])

    @staticmethod
    def engine_values(values, n):
        """One array for each of `n` cells of `tbins` (ms), `a` and `b` (s)."""
        return values | {name: arrays_of(values[name], n) for name in ("tbins", "a", "b")}


class SpikeSourceArray(CellType, cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    model = SPIKE_ARRAY

    @staticmethod
    def check(owner, values, changed, cells):
        if "spike_times" in changed:
            check_spike_times(owner, changed["spike_times"], cells)

    @staticmethod
    def engine_values(values, n):
        """One array of spike times (ms) for each of `n` cells."""
        return {"spike_times": arrays_of(values["spike_times"], n)}
