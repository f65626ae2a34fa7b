"""
NEST's names: `native_cell_type("iaf_psc_exp")` and `native_synapse_type("stdp_synapse")`, with the
parameters, variables and units that NEST gives them, and the meaning that they have in pyNN.nest.

There, weights of native synapse types are given in pA or nS, but read in nA or uS, as those of PyNN's own are
given and read. Spikes of native sources come a shortest delay late, since parrots relay them.
"""

import functools
from dataclasses import replace

import numpy as np
from pyNN import errors
from pyNN.models import BaseSynapseType
from pyNN.parameters import Sequence

from .celltypes import CellType
from .messages import did_you_mean
from .native_cells import CELLS, NativeCell
from .native_synapses import SYNAPSES, NativeSynapse
from .simulator import state
from .standardmodels.synapses import EngineSynapse
from .validation import check_parameters

__all__ = ["native_cell_type", "native_synapse_type"]

WEIGHTS_PER_UNIT = 1000.0  # pA in a nA, nS in a uS

# Other models of NEST: what to use here instead.
INSTEAD = {
    "iaf_psc_exp_multisynapse": "PointNeuron with LIF and CurrExpPostSynapticResponse",
    "aeif_cond_alpha_multisynapse": "PointNeuron with AdExp and CondAlphaPostSynapticResponse",
    "aeif_cond_beta_multisynapse": "PointNeuron with AdExp and CondBetaPostSynapticResponse",
    "iaf_cond_beta": "PointNeuron with LIF and CondBetaPostSynapticResponse",
    "inh_gamma_generator": "SpikeSourceInhGamma",
    "stochastic_stp_synapse": "StochasticTsodyksMarkramSynapse",
    "gap_junction": "ElectricalSynapse",
}


def native_cell_type(model_name):
    """The cell type that NEST calls so. Raises InvalidModelError for what there is not."""
    return _cell_class(_known(model_name, CELLS, "cell"))


def native_synapse_type(model_name):
    """The synapse type that NEST calls so. Raises InvalidModelError for what there is not."""
    return _synapse_class(_known(model_name, SYNAPSES, "synapse"))


def __getattr__(name):
    """The class of a native type, by its name: where pickled ones look for it."""
    if name in CELLS:
        return _cell_class(name)
    if name in SYNAPSES:
        return _synapse_class(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _known(name, known, kind):
    """The name, if it is one of the known; else raises InvalidModelError that says what to do."""
    if isinstance(name, str) and name in known:
        return name
    if isinstance(name, str) and name in INSTEAD:
        raise errors.InvalidModelError(
            f"NEST's '{name}' is not among the native models here: use {INSTEAD[name]}"
        )
    there_is = ", ".join(sorted(known))
    raise errors.InvalidModelError(
        f"There is no native {kind} type {name!r}{did_you_mean(name, known)}; of NEST's there are {there_is}"
    )


def in_engine(translations, p):
    """The engine's parameters, by name, of NEST's: see `NativeCell.engine`."""
    values = {}
    for name, source in translations.items():
        if callable(source):
            values[name] = source(p)
        elif isinstance(source, tuple):
            values[name] = p[source[0]] / source[1]
        else:
            values[name] = p[source]
    return values


# --- cells ----------------------------------------------------------------------------------------------


class NativeCellType(CellType):
    """What the cell types with NEST's names have in common.

    native   the `NativeCell` that says what it is
    """

    native: NativeCell

    @classmethod
    def engine_values(cls, values, n):
        """The engine's parameters, in nF, uS and nA."""
        about = {"_dt": state.dt}
        if cls.is_relayed:
            about["_delay"] = state.min_delay if state.relay_delay is None else state.relay_delay
        return cls.native.base.engine_values(in_engine(cls.native.engine, values | about), n)

    def state_names(self):
        return list(self.default_initial_values)

    def state_in_engine(self, variable):
        return self.native.states[variable][:2]

    def get_schema(self):
        """Numbers are floats, flags too."""
        return {
            name: Sequence if isinstance(value, Sequence) else float
            for name, value in self.default_parameters.items()
        }

    def check(self, owner, values, changed, cells):
        """Raises InvalidParameterValueError, also for values that only NEST can do something with."""
        native = self.native
        for name, only in native.fixed.items():
            value = np.atleast_1d(values[name])
            if np.any(value != only):
                raise errors.InvalidParameterValueError(
                    f"{owner}: {name} of {type(self).__name__} can only be {only} here, not "
                    f"{value[value != only][0]:g}"
                )
        has_effect = {
            name: value for name, value in values.items() if name in native.parameters and name != "V_min"
        }
        check_parameters(owner, has_effect, self.above, self.below)
        if native.check:
            native.check(owner, values, changed, cells)


def _units(name):
    """PyNN's word for the units of NEST's parameters and variables, by how they are called."""
    kinds = {"V": "mV", "E": "mV", "C": "pF", "g": "nS", "I": "pA", "tau": "ms", "t": "ms", "dead": "ms"}
    others = {"rate": "Hz", "start": "ms", "stop": "ms", "origin": "ms", "spike": "ms"}
    return {**kinds, **others}.get(name.partition("_")[0], "")


@functools.cache
def _cell_class(name):
    native = CELLS[name]
    base, model = native.base, native.model or native.base.model
    given = {**native.parameters, **native.fixed, **native.ignored}
    parameters = {
        each: value if isinstance(value, Sequence) else float(value) for each, value in given.items()
    }
    units = {each: _units(each) for each in [*parameters, *native.states]}
    units |= dict.fromkeys(["spike_multiplicities", "spike_weights"], "")
    declared = {
        "__doc__": f"NEST's {name}; here it is {base.__name__}, with NEST's parameters and units.",
        "__module__": __name__,
        "native": native,
        "model": model,
        "default_parameters": parameters,
        "default_initial_values": {
            each: initial for each, (_, _, initial) in native.states.items() if initial is not None
        },
        "units": {**units, **native.units, "spikes": "ms"},
        "recordable": [*native.states, "spikes"],
        "receptor_types": list(base.receptor_types),
        "conductance_based": base.conductance_based,
        "injectable": base.injectable,
        "below": native.below,
        "is_relayed": native.is_relayed,
        "nest_model": name,
    }
    return type(name, (NativeCellType,), declared)


# --- synapses -------------------------------------------------------------------------------------------


class NativeSynapseType(EngineSynapse, BaseSynapseType):
    """What the synapse types with NEST's names have in common.

    native   the `NativeSynapse` that says what it is
    """

    native: NativeSynapse
    weights_per_unit = WEIGHTS_PER_UNIT

    def get_schema(self):
        return dict.fromkeys(self.default_parameters, float)

    def parameters_of_target(self, model, receptor):
        """NEST takes all of a delay to be dendritic."""
        return {"dendritic_delay_fraction": np.ones(1)} if self.model and self.model.is_plastic else {}

    def check(self, owner, columns):
        """Raises InvalidParameterValueError, also for values that only NEST can do something with."""
        for name, only in self.native.fixed.items():
            if np.any(columns.get(name, only) != only):
                raise errors.InvalidParameterValueError(
                    f"{owner}: {name} of {type(self).__name__} can only be {only:g} here"
                )
        if "Wmax" in columns and "weight" in columns and np.any(columns["weight"] * columns["Wmax"] < 0):
            raise errors.InvalidParameterValueError(f"{owner}: weight and Wmax must have the same sign")
        if "a" in columns and "n" in columns and np.any(columns["a"] > columns["n"]):
            raise errors.InvalidParameterValueError(f"{owner}: a must not be above n, the number of sites")


@functools.cache
def _synapse_class(name):
    native = SYNAPSES[name]
    parameters = {"weight": native.weight, "delay": 1.0, **native.parameters, **native.fixed}
    declared = {
        "__doc__": f"NEST's {name}, with NEST's parameters and units.",
        "__module__": __name__,
        "native": native,
        "nest_name": name,
        "model": native.model and _native_model(native),
        "recordable": native.recordable,
        "default_parameters": parameters,
    }
    return type(name, (NativeSynapseType,), declared)


def _native_model(native):
    """The engine's model, with NEST's parameters in place of its own."""

    def constants(p, dt):
        if native.constants:
            return native.constants(p, dt)
        return native.model.constants(in_engine(native.engine, p), dt)

    return replace(native.model, parameters=tuple(native.parameters), constants=constants)
