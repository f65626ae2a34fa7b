"""
What help() says of the classes that users make objects of: parameters with units, defaults and meanings,
receptors, and what can be recorded; and not how they are made here.
"""

import inspect
from keyword import iskeyword

from .display import PACKAGES, with_units
from .usual import unit_of_currents

MEANINGS = {
    # membranes
    "cm": "capacitance of the membrane",
    "tau_m": "time constant of the membrane",
    "tau_refrac": "refractory period",
    "v_rest": "resting potential",
    "v_thresh": "threshold of spikes",
    "v_reset": "potential after a spike",
    "v_spike": "where a spike ends, and v is reset",
    "i_offset": "constant current",
    "delta_T": "sharpness of the threshold",
    "tau_w": "time constant of the adaptation w",
    "tau_sfa": "time constant of spike-frequency adaptation",
    "q_sfa": "step of the adaptation's conductance at a spike",
    "e_rev_sfa": "reversal potential of the adaptation",
    "tau_rr": "time constant of relative refractoriness",
    "q_rr": "step of the refractory conductance at a spike",
    "e_rev_rr": "reversal potential of refractoriness",
    "g_leak": "conductance of the leak",
    "e_rev_leak": "reversal potential of the leak",
    "gbar_Na": "greatest conductance of sodium",
    "gbar_K": "greatest conductance of potassium",
    "e_rev_Na": "reversal potential of sodium",
    "e_rev_K": "reversal potential of potassium",
    "v_offset": "shift of the gates' potentials",
    "lambda0": "rate of spikes at the threshold",
    "delta_v": "sharpness of the threshold",
    "v_t_star": "base of the threshold",
    "tau_eta": "time constants of the spike-triggered current",
    "a_eta": "steps of the spike-triggered current at a spike",
    "tau_gamma": "time constants of the moving threshold",
    "a_gamma": "steps of the moving threshold at a spike",
    "a nS": "coupling of the adaptation w to v",
    "b nA": "step of the adaptation w at a spike",
    "a /ms": "rate of recovery of u",
    "b /ms": "coupling of u to v",
    "c mV": "v after a spike",
    "d mV/ms": "step of u at a spike",
    # receptors
    "tau_syn_E": "time constant of excitatory synapses",
    "tau_syn_I": "time constant of inhibitory synapses",
    "tau_syn": "time constant of synapses",
    "tau_rise": "time constant of the rise",
    "tau_decay": "time constant of the decay",
    "e_rev_E": "reversal potential of excitatory synapses",
    "e_rev_I": "reversal potential of inhibitory synapses",
    "e_syn": "reversal potential of synapses",
    "locations": "without effect: these cells have none",
    # sources
    "rate": "mean rate of spikes",
    "start": "when it begins",
    "stop": "when it ends",
    "alpha": "shape of the intervals' distribution; 1 is a Poisson process",
    "beta Hz": "rate of the distribution: the mean rate is beta/alpha",
    "tbins": "times from each of which on a and b have their next values",
    "duration": "how long it lasts",
    "spike_times": "when spikes are emitted",
    "amplitude": "current",
    "amplitudes": "current from each of the times on",
    "times": "when the current changes",
    "frequency": "frequency of the sine",
    "phase": "phase of the sine",
    "offset": "mean of the sine",
    "mean": "mean of the current",
    "stdev": "standard deviation of the current",
    "dt": "interval between new values",
    # synapses
    "weight": "in nA, uS or mV, as the receptors of the postsynaptic cells want",
    "delay": "delay; one time step if it is not set",
    "U": "utilisation of a first spike",
    "tau_rec": "time constant of recovery from depression",
    "tau_facil": "time constant of facilitation",
    "p": "probability of transmission",
    "tau_plus": "time constant of potentiation",
    "tau_minus": "time constant of depression",
    "A_plus": "size of potentiation",
    "A_minus": "size of depression",
    "w_min": "smallest weight, in its unit",
    "w_max": "largest weight, in its unit",
    "mu_plus": "exponent of potentiation",
    "mu_minus": "exponent of depression",
    "dendritic_delay_fraction": "part of the delay that is dendritic",
    "tau": "time constant of the window",
    "eta": "learning rate, in the unit of the weight",
    "rho": "rate at which the weight stays what it is",
    "n": "number of release sites",
}


def describe_class(cls, sections):
    """Add to the docstring of a class, and say which arguments it takes, with their defaults.

    sections   (title, lines) of what is to be said, beside the parameters, which come first
    """
    defaults = _defaults(cls)
    takes_any_name = "parameters" in inspect.signature(cls.__init__).parameters
    if takes_any_name and cls.default_parameters and "__init__" not in vars(cls):
        keyword = inspect.Parameter.KEYWORD_ONLY
        cls.__signature__ = inspect.Signature(
            [
                inspect.Parameter(name, keyword, default=_Shown(value))
                for name, value in defaults.items()
                if not iskeyword(name)  # of models from equations: can be given as **{"lambda": 1.0} only
            ]
        )
    else:
        cls.__signature__ = None
    if defaults:
        sections = [("Parameters", _table(defaults, getattr(cls, "units", {}))), *sections]
    texts = [inspect.cleandoc(cls.__doc__ or "").rstrip()]
    texts += [
        f"{title}:\n\n" + "\n".join(f"    {line}" for line in lines) for title, lines in sections if lines
    ]
    cls.__doc__ = "\n\n".join(text for text in texts if text) + "\n"


class _Shown:
    """A default value, which shows itself in a few words."""

    def __init__(self, value):
        self.text = with_units(value, None)

    def __repr__(self):
        return self.text


def _defaults(cls):
    """Default values by name: the parameters of a model, or those arguments that have some."""
    if cls.default_parameters:
        return cls.default_parameters
    arguments = inspect.signature(cls.__init__).parameters.values()
    return {each.name: each.default for each in arguments if each.name in MEANINGS}


def _table(values, units):
    """Lines of a table: names, default values with units, and meanings."""
    rows = [
        (name, with_units(value, None if value is None else units.get(name)), _meaning(name, units.get(name)))
        for name, value in values.items()
    ]
    widths = [max(len(row[k]) for row in rows) for k in (0, 1)]
    return [f"{name:{widths[0]}}  {value:{widths[1]}}  {words}".rstrip() for name, value, words in rows]


def _meaning(name, unit):
    return MEANINGS.get(f"{name} {unit}") or MEANINGS.get(name, "")


def signature_of_pynn(cls):
    """What a connector takes: the arguments of PyNN's class that it is derived from."""
    if any(
        "__init__" in vars(base) for base in cls.__mro__[:-1] if base.__module__.split(".")[0] not in PACKAGES
    ):
        return None  # a user's, which takes others
    theirs = (base for base in cls.__mro__ if base.__module__ == "pyNN.connectors")
    return next((inspect.signature(base) for base in theirs if "__init__" in vars(base)), None)


def sections_of_cells(cls):
    """What to say of a cell type beside its parameters."""
    units = getattr(cls, "units", {})
    initial = [
        f"{name} = {with_units(value, units.get(name))}" for name, value in cls.default_initial_values.items()
    ]
    return [
        ("Initial values, to be set by initialize()", [", ".join(initial)] if initial else []),
        ("Receptors", _receptors(cls)),
        ("Can be recorded", [", ".join(cls.recordable)] if isinstance(cls.recordable, (list, tuple)) else []),
    ]


def _receptors(cls):
    if not isinstance(cls.receptor_types, (list, tuple)):
        return []
    names = ", ".join(cls.receptor_types)
    if not names:
        return ["none: it is a source of spikes"] if cls.model.is_source else []
    if getattr(cls, "is_own", False):
        return [names]
    if cls.conductance_based:
        return [f"{names}; weights are conductances in uS, always positive"]
    return [f"{names}; weights are in {unit_of_currents([cls])}, negative for inhibition"]
