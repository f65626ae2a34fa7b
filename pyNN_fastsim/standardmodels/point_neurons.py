"""
Point neurons: a membrane, and receptors of any number and kinds, each with a name of its own.

The parameters and variables of a receptor, but for PyNN's "locations", are those of the neuron, with the
receptor's name before them: "AMPA.tau_syn", "AMPA.gsyn".
"""

import numpy as np
from pyNN import errors
from pyNN.parameters import ParameterSpace
from pyNN.standardmodels import cells, receptors
from pyNN.standardmodels.base import StandardModelType, build_translations

from ..arguments import check_arguments_of
from ..celltypes import CellParameters, CellType, public_state
from ..engine.neurons.point_adexp import adexp
from ..engine.neurons.point_neuron import lif
from ..helping import describe_class
from ..messages import is_ours, shown
from ..parameters import as_given
from ..validation import check_finite, check_names

__all__ = [
    "AdExp",
    "AlphaPSR",
    "BetaPSR",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "CurrExpPostSynapticResponse",
    "ExpPSR",
    "LIF",
    "PointNeuron",
]

_RECEPTOR_UNITS = {"tau_syn": "ms", "tau_rise": "ms", "tau_decay": "ms", "e_syn": "mV", "ysyn": "uS"}


class _Part(CellParameters):
    """What neurons and receptors have in common."""

    _for_users = ("default_parameters", "default_initial_values", "units", "recordable", "describe")

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.translations = build_translations(*((name, name) for name in cls.default_parameters))
        cls.units = {**_RECEPTOR_UNITS, **getattr(cls, "units", {})}
        describe_class(cls, [("Can be recorded", [", ".join(cls.recordable)])])

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        check_names(self, parameters)
        owner = type(self).__name__
        given = {name: as_given(owner, name, value) for name, value in parameters.items()}
        for name, value in given.items():
            if isinstance(value, (float, np.ndarray)):
                check_finite(owner, name, value)
        super().__init__(**given)
        self._is_made = True


class LIF(_Part, cells.LIF):
    __doc__ = cells.LIF.__doc__
    model_with = staticmethod(lif)
    below = (("v_reset", "v_thresh"),)


class AdExp(_Part, cells.AdExp):
    __doc__ = cells.AdExp.__doc__
    model_with = staticmethod(adexp)
    below = (("v_reset", "v_spike"),)


class CurrExpPostSynapticResponse(_Part, receptors.CurrExpPostSynapticResponse):
    __doc__ = receptors.CurrExpPostSynapticResponse.__doc__
    kind = "curr_exp"
    recordable = ["isyn"]


class CondExpPostSynapticResponse(_Part, receptors.CondExpPostSynapticResponse):
    __doc__ = receptors.CondExpPostSynapticResponse.__doc__
    kind = "cond_exp"
    recordable = ["gsyn"]


class CondAlphaPostSynapticResponse(_Part, receptors.CondAlphaPostSynapticResponse):
    __doc__ = receptors.CondAlphaPostSynapticResponse.__doc__
    kind = "cond_alpha"
    recordable = ["gsyn", "ysyn"]


class CondBetaPostSynapticResponse(_Part, receptors.CondBetaPostSynapticResponse):
    __doc__ = receptors.CondBetaPostSynapticResponse.__doc__
    kind = "cond_beta"
    recordable = ["gsyn", "ysyn"]


ExpPSR = CondExpPostSynapticResponse
AlphaPSR = CondAlphaPostSynapticResponse
BetaPSR = CondBetaPostSynapticResponse


class PointNeuron(CellType, cells.PointNeuron):
    """
    A neuron with any number of receptors, each with a name::

        PointNeuron(LIF(tau_m=10.0), AMPA=ExpPSR(tau_syn=2.0), GABA=CurrExpPostSynapticResponse())
    """

    # Each instance has its own; PyNN's class has properties of these names.
    default_initial_values: dict = {}
    receptor_types: list = []
    recordable: list = []
    units: dict = {}
    conductance_based = True

    def __init__(self, neuron, **post_synaptic_receptors):
        """Raises InvalidModelError for what is neither a neuron nor a receptor of this backend."""
        _check_part(neuron, "model_with", "neuron", "such as LIF()")
        for name, receptor in post_synaptic_receptors.items():
            _check_part(receptor, "kind", f"receptor {name}", "such as ExpPSR()")
            if "." in name or name.startswith("_"):
                raise errors.InvalidModelError(f"'{name}' can't be the name of a receptor of a PointNeuron")
            receptor.set_parent(self)
        self.neuron, self.post_synaptic_receptors = neuron, post_synaptic_receptors
        self.model = self._engine_model()
        parts = {"": neuron} | {f"{name}.": each for name, each in post_synaptic_receptors.items()}
        self.below = neuron.below
        self.receptor_types = sorted(post_synaptic_receptors)
        self.conductance_based = all(each.conductance_based for each in post_synaptic_receptors.values())
        self.default_parameters = _joined(
            parts, lambda part: part.default_parameters, of=self.model.parameters
        )
        self.default_initial_values = _joined(parts, lambda part: part.default_initial_values)
        units = _joined(parts, lambda part: {**_RECEPTOR_UNITS, **part.units})
        self.units = {name: units[name] for name in [*self.model.parameters, *public_state(self.model)]}
        own = [
            f"{name}.{each}"
            for name in self.receptor_types
            for each in post_synaptic_receptors[name].recordable
        ]
        self.recordable = [*neuron.recordable, *own]
        self.translations = build_translations(*((name, name) for name in self.default_parameters))
        values = _joined(parts, lambda part: dict(part.parameter_space.items()), of=self.model.parameters)
        self.parameter_space = ParameterSpace(values, self.get_schema(), None, type(self))
        self._is_made = True

    def _engine_model(self):
        kinds = {name: receptor.kind for name, receptor in self.post_synaptic_receptors.items()}
        return self.neuron.model_with(kinds)

    def __getstate__(self):
        """Without the engine's functions, which can't be pickled."""
        return {name: value for name, value in vars(self).items() if name != "model"}

    def __setstate__(self, state):
        vars(self).update(state)
        self.model = self._engine_model()

    def is_conductance(self, receptor):
        return self.post_synaptic_receptors[receptor].conductance_based

    # Of the instance, not of the class.

    def has_parameter(self, name):
        return name in self.default_parameters

    def get_parameter_names(self):
        return list(self.default_parameters)

    simple_parameters = StandardModelType.simple_parameters
    scaled_parameters = StandardModelType.scaled_parameters
    computed_parameters = StandardModelType.computed_parameters
    computed_parameters_include = StandardModelType.computed_parameters_include


def _check_part(part, attribute, what, such):
    """Raise InvalidModelError unless `part` is an instance of a class of this backend."""
    if isinstance(part, type) or not is_ours(part) or not hasattr(part, attribute):
        raise errors.InvalidModelError(
            f"PointNeuron: {what} must be one of this backend, {such}, not {shown(part)}"
        )


def _joined(parts, values_of, of=None):
    """The values of all parts by name, with the receptors' names before theirs: all, or those `of` names."""
    joined = {
        prefix + name: value for prefix, part in parts.items() for name, value in values_of(part).items()
    }
    return joined if of is None else {name: joined[name] for name in of}


check_arguments_of(PointNeuron, "__init__")
