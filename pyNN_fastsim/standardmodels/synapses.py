"""
Standard synapses: which of the engine's models stands behind each of PyNN's synapse types.

The engine uses PyNN's parameter names and units, so there is nothing to translate.
"""

import numbers
from collections.abc import Iterator

import numpy as np
from pyNN import errors
from pyNN.standardmodels import build_translations, synapses
from pyNN.standardmodels.base import STDPTimingDependence, STDPWeightDependence

from ..arguments import check_arguments_of, is_finite
from ..celltypes import public_state
from ..display import WithParameters
from ..engine.synapses import plasticity, short_term
from ..engine.synapses.dynamic import OfTarget, SynapseModel
from ..engine.synapses.graded_models import GradedModel, StaticModel
from ..former_names import WEIGHT_RULE_ARGUMENTS, has_become
from ..helping import describe_class
from ..messages import shown
from ..parameters import Stream, as_given, expression
from ..simulator import state
from ..validation import NoParameterAttributes, check_finite, check_names, check_synapse_parameter

__all__ = [
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "ElectricalSynapse",
    "GutigWeightDependence",
    "MultiQuantalSynapse",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SimpleStochasticSynapse",
    "SpikePairRule",
    "StaticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "TsodyksMarkramSynapse",
    "Vogels2011Rule",
]


# Weights are in nA, uS or mV, as the postsynaptic cells want.
UNITS = {
    **dict.fromkeys(("delay", "tau_rec", "tau_facil", "tau_plus", "tau_minus", "tau"), "ms"),
    "rho": "/ms",
}


def given_parameters(owner, parameters):
    """Values of synaptic parameters as a user gives them, by name: checked.

    None stands for the default. Texts are expressions in the distance, d; iterators give one value for each
    connection; matrices may have NaN where there is no connection.
    """
    return {name: None if value is None else _given(owner, name, value) for name, value in parameters.items()}


def _given(owner, name, value):
    if isinstance(value, str):
        return expression(owner, name, value)
    value = as_given(owner, name, value)
    if isinstance(value, Iterator):
        return Stream(value)
    if isinstance(value, np.ndarray) and value.ndim == 2:
        check_finite(owner, name, value[~np.isnan(value)])
    elif isinstance(value, (float, np.ndarray)):
        check_finite(owner, name, value)
    return value


def same_names(names):
    """Translations of parameters that have the same names and units in the engine."""
    return build_translations(*((name, name) for name in names))


class EngineSynapse(WithParameters, NoParameterAttributes):
    """What all synapse types of this backend have in common; comes before PyNN's class in the bases.

    model        of the engine, None for static synapses
    recordable   names of what `Projection.record` can sample
    zero_is_meant   whether the weight was given as one number: if that is 0, it is no oversight
    weights_per_unit   how many of the units that users give weights in are one nA, uS or mV
    delay_is_given   whether the delay is not the default
    is_graded    whether they act in each step, and not at spikes: see graded.py
    has_bounds   whether weights have bounds of the receptor's sign, `w_min` and `w_max`
    limits       of models from equations: what values may be, by name, see `equations/kinds.py`
    aliases      of models from equations: names that parameters have there, and what they are called in PyNN
    """

    zero_is_meant = False
    delay_is_given = False
    is_graded = False
    model: SynapseModel | GradedModel | StaticModel | None = None
    recordable: tuple[str, ...] = ()
    units = UNITS
    _for_users = ("default_parameters", "recordable", "get_parameter_names", "has_parameter", "describe")

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        recordable = ", ".join(cls.recordable) or "nothing: these synapses stay what they are"
        describe_class(cls, [("Can be recorded, by Projection.record()", [recordable])])

    has_bounds = False
    limits: dict[str, list[str]] = {}
    aliases: dict[str, str] = {}
    weights_per_unit = 1.0

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        check_names(self, parameters)
        super().__init__(**given_parameters(type(self).__name__, parameters))
        self.zero_is_meant = is_finite(parameters.get("weight"))
        self.delay_is_given = parameters.get("delay") is not None
        self._is_made = True

    def _parameters_and_states(self):
        return self.get_parameter_names(), self.state_variables()

    def _how_to_set(self, name, is_state):
        if is_state:
            return f"call initialize({name}=...) of a projection"
        return f"give {name} where the synapse type is made, or call set({name}=...) of a projection"

    def _get_minimum_delay(self):
        return state.allowed_delays[0]

    def state_variables(self):
        """Names of what `Projection.initialize` can set."""
        return [] if self.model is None else public_state(self.model)

    def known_as(self, name):
        """What a parameter is called in PyNN, and how many of the units that it has under this name are one
        of those that it has there: as in pyNN.nest, what models call their weight is in their own unit."""
        alias = self.aliases.get(name, name)
        return alias, self.weights_per_unit if alias == "weight" != name else 1.0

    def in_pynns_names(self, owner, values):
        """Parameters as users give them, by PyNN's names. Raises InvalidParameterValueError for one that is
        given by both."""
        for name in values:
            alias, _ = self.known_as(name)
            if alias != name and alias in values:
                raise errors.InvalidParameterValueError(f"{owner}: {name} is the {alias}: give one of them")
        return {self.known_as(name)[0]: value for name, value in values.items()}

    def in_our_units(self, columns):
        """Values as users give them, by name, with weights as they are kept: in nA, uS or mV."""
        if "weight" not in columns or self.weights_per_unit == 1.0:
            return columns
        return {**columns, "weight": columns["weight"] / self.weights_per_unit}

    def check(self, owner, columns):
        """Check values of new connections beyond what is checked one by one: float64 [connections] by name.

        Raises InvalidParameterValueError.
        """

    def check_shared(self, owner, columns, targets):
        """Check values that must be the same for several synapses: float64 [connections], all of them, by
        name, and the indices of their target cells. Raises InvalidParameterValueError."""

    def engine_state(self, owner, name, values, values_of):
        """A state variable as the engine has it: its name there, and its values, float64 [synapses].

        values_of   a function of the name of a parameter, which gives its values
        """
        return name, values

    def parameters_of_target(self, model, receptor):
        """Parameters of the engine's synapse that come from the target cell."""
        return {}

    def check_cells(self, owner, pre, post):
        """Check that cells, given by the engine's models, have what the synapses use of them."""

    def check_values(self, owner, name, values):
        """Check the values of a parameter or a state variable, float64 [connections], of a projection.

        Raises InvalidParameterValueError.
        """
        check_synapse_parameter(owner, name, values)


class StaticSynapse(EngineSynapse, synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = same_names(synapses.StaticSynapse.default_parameters)


class ElectricalSynapse(EngineSynapse, synapses.ElectricalSynapse):
    __doc__ = synapses.ElectricalSynapse.__doc__
    translations = same_names(synapses.ElectricalSynapse.default_parameters)


class TsodyksMarkramSynapse(EngineSynapse, synapses.TsodyksMarkramSynapse):
    __doc__ = synapses.TsodyksMarkramSynapse.__doc__
    translations = same_names(synapses.TsodyksMarkramSynapse.default_parameters)
    model = short_term.TSODYKS_MARKRAM
    recordable = ("u", "x", "y")

    def parameters_of_target(self, model, receptor):
        """Resources stay active as long as the postsynaptic current or conductance lasts."""
        of_standard_cells = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}
        for name in (f"{receptor}.tau_syn", of_standard_cells.get(receptor, "")):
            if name in model.parameters:
                return {"tau_psc": OfTarget(name)}
        return {"tau_psc": np.zeros(1)}


class SimpleStochasticSynapse(EngineSynapse, synapses.SimpleStochasticSynapse):
    __doc__ = synapses.SimpleStochasticSynapse.__doc__
    translations = same_names(synapses.SimpleStochasticSynapse.default_parameters)
    model = short_term.BERNOULLI


class StochasticTsodyksMarkramSynapse(EngineSynapse, synapses.StochasticTsodyksMarkramSynapse):
    __doc__ = synapses.StochasticTsodyksMarkramSynapse.__doc__
    translations = same_names(synapses.StochasticTsodyksMarkramSynapse.default_parameters)
    model = short_term.STOCHASTIC_TSODYKS_MARKRAM
    recordable = ("u", "x")


class MultiQuantalSynapse(EngineSynapse, synapses.MultiQuantalSynapse):
    """
    Synapse with `n` release sites, each of which empties with probability u at a spike and recovers
    at the rate 1/tau_rec; u facilitates as in `TsodyksMarkramSynapse`. The weight is that of all sites
    together.

    Arguments:
        `U`:
            probability that a site releases at the first spike.
        `n`:
            number of release sites.
        `tau_rec`:
            mean time until an empty site has recovered (ms).
        `tau_facil`:
            facilitation time constant (ms).
    """

    translations = same_names(synapses.MultiQuantalSynapse.default_parameters)
    model = short_term.MULTI_QUANTAL
    recordable = ("u",)

    def state_variables(self):
        """With `a`, the number of sites that are not empty."""
        return [*super().state_variables(), "a"]

    def engine_state(self, owner, name, values, values_of):
        """The engine counts the sites that are empty. Raises InvalidParameterValueError."""
        if name != "a":
            return name, values
        empty = values_of("n") - values
        if np.any(empty < 0):
            raise errors.InvalidParameterValueError(
                f"{owner}: a must not be above n, the number of sites, but is {values[empty < 0][0]:g}"
            )
        return "_empty", empty

    def get_schema(self):
        """With `n` as a float, so that 2.5 is an error and not 2."""
        return {**super().get_schema(), "n": float}


class STDPMechanism(EngineSynapse, synapses.STDPMechanism):
    __doc__ = synapses.STDPMechanism.__doc__
    base_translations = same_names(("weight", "delay", "dendritic_delay_fraction"))
    recordable = ("weight",)
    has_bounds = True
    possible_models: set[str] = set()

    def __init__(
        self,
        timing_dependence=None,
        weight_dependence=None,
        voltage_dependence=None,
        dendritic_delay_fraction=1.0,
        weight=0.0,
        delay=None,
    ):
        """Raises InvalidModelError unless there is one timing and one weight dependence, of this backend;
        InvalidParameterValueError for a fraction that is not between 0 and 1."""
        for name, given, kind in (
            ("timing_dependence", timing_dependence, STDPTimingDependence),
            ("weight_dependence", weight_dependence, STDPWeightDependence),
        ):
            if not isinstance(given, kind) or not hasattr(given, "engine_name"):
                raise errors.InvalidModelError(
                    f"STDPMechanism: {name} must be a {kind.__name__} of this backend, not {shown(given)}"
                )
        if voltage_dependence is not None:
            raise errors.InvalidModelError(
                "STDPMechanism: there is no voltage_dependence in PyNN, so it can't be "
                f"{voltage_dependence!r}"
            )
        given = given_parameters(
            type(self).__name__,
            {"dendritic_delay_fraction": dendritic_delay_fraction, "weight": weight, "delay": delay},
        )
        fraction, weight, delay = given.values()
        if isinstance(fraction, float):
            check_synapse_parameter(type(self).__name__, "dendritic_delay_fraction", fraction)
        self.timing_dependence, self.weight_dependence = timing_dependence, weight_dependence
        self.voltage_dependence = None
        self.model = self._engine_model()
        self.possible_models = {self.model.name}
        self.dendritic_delay_fraction = 1.0 if fraction is None else fraction
        self.weight = 0.0 if weight is None else weight
        no_delay = delay is None or (isinstance(delay, numbers.Real) and delay == 0)
        self.delay = self._get_minimum_delay() if no_delay else delay
        self._build_translations()
        self._is_made = True

    def short(self):
        return f"STDPMechanism({self.timing_dependence!r}, {self.weight_dependence!r})"

    def _shown_parameters(self):
        own = ("weight", "delay", "dendritic_delay_fraction")
        parts = (self.timing_dependence, self.weight_dependence)
        values = {name: value for part in parts for name, value in part._shown_parameters().items()}
        return {**{name: getattr(self, name) for name in own}, **values}

    def _engine_model(self):
        return plasticity.MODELS[self.timing_dependence.engine_name, self.weight_dependence.engine_name]

    def __getstate__(self):
        """Without the engine's functions, which can't be pickled."""
        return {name: value for name, value in vars(self).items() if name != "model"}

    def __setstate__(self, state):
        vars(self).update(state)
        self.model = self._engine_model()

    def _build_translations(self):
        self.translations = {
            **self.base_translations,
            **self.timing_dependence.translations,
            **self.weight_dependence.translations,
        }


class _RulePart(WithParameters, NoParameterAttributes):
    """What timing and weight dependences have in common; comes before PyNN's class in the bases."""

    units = UNITS
    _for_users = ("default_parameters", "get_parameter_names", "describe")

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        describe_class(cls, [])

    def __init__(self, *values, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        if isinstance(self, STDPWeightDependence):
            for name in set(parameters) & set(WEIGHT_RULE_ARGUMENTS):
                raise TypeError(has_become(type(self).__name__, name, WEIGHT_RULE_ARGUMENTS[name]))
        check_names(self, parameters)
        owner, names = type(self).__name__, list(self.default_parameters)
        checked = [_given(owner, name, value) for name, value in zip(names, values, strict=False)]
        given = {name: _given(owner, name, value) for name, value in parameters.items()}
        super().__init__(*checked, *values[len(names) :], **given)  # of too many Python tells
        self._is_made = True

    def _parameters_and_states(self):
        return self.get_parameter_names(), ()

    def _how_to_set(self, name, is_state):
        return f"give it as {type(self).__name__}({name}=...), or call set({name}=...) of a projection"


class SpikePairRule(_RulePart, synapses.SpikePairRule):
    __doc__ = synapses.SpikePairRule.__doc__
    translations = same_names(synapses.SpikePairRule.default_parameters)
    engine_name = "pair"


class Vogels2011Rule(_RulePart, synapses.Vogels2011Rule):
    """
    Timing-dependence rule from Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Inhibitory plasticity
    balances excitation and inhibition in sensory pathways and memory networks, Science 334:1569-73.

    Every pair of spikes, in whatever order, raises the weight by eta * exp(-|Δt|/tau), and every
    presynaptic spike lowers it by eta * 2 * rho * tau.

    Arguments:
        `tau`:
            time constant, ms.
        `eta`:
            learning rate, in the units of the weight.
        `rho`:
            rate of the postsynaptic cell at which the weight stays what it is, in spikes per ms.
    """

    translations = same_names(synapses.Vogels2011Rule.default_parameters)
    engine_name = "vogels"


class AdditiveWeightDependence(_RulePart, synapses.AdditiveWeightDependence):
    __doc__ = synapses.AdditiveWeightDependence.__doc__
    translations = same_names(synapses.AdditiveWeightDependence.default_parameters)
    engine_name = "additive"


class MultiplicativeWeightDependence(_RulePart, synapses.MultiplicativeWeightDependence):
    __doc__ = synapses.MultiplicativeWeightDependence.__doc__
    translations = same_names(synapses.MultiplicativeWeightDependence.default_parameters)
    engine_name = "multiplicative"


class AdditivePotentiationMultiplicativeDepression(
    _RulePart, synapses.AdditivePotentiationMultiplicativeDepression
):
    __doc__ = synapses.AdditivePotentiationMultiplicativeDepression.__doc__
    translations = same_names(synapses.AdditivePotentiationMultiplicativeDepression.default_parameters)
    engine_name = "additive_potentiation"


class GutigWeightDependence(_RulePart, synapses.GutigWeightDependence):
    __doc__ = synapses.GutigWeightDependence.__doc__
    translations = same_names(synapses.GutigWeightDependence.default_parameters)
    engine_name = "guetig"


check_arguments_of(EngineSynapse, "__init__")
check_arguments_of(STDPMechanism, "__init__")
