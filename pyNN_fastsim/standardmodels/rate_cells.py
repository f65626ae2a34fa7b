"""
Cell types that transmit rates, and such that spike at a rate which they are told: see docs/graded.md.
"""

from ..celltypes import CellType
from ..engine.neurons.rate import FUNCTIONS, LEAKY_INTEGRATOR, NEST_RATES, SPIKES_FROM_RATE

__all__ = ["LeakyIntegrator", "SpikesFromRate", *NEST_RATES]


class RateCell(CellType):
    """What these have in common."""

    receptor_types = ("excitatory", "inhibitory")
    conductance_based = False
    injectable = False
    weights_have_signs = False
    is_standard = False


class LeakyIntegrator(RateCell):
    """
    Unit with a potential that leaks, and a rate r that follows it above a threshold: tau dv/dt = -v + B +
    sum(exc) - sum(inh), r = max(v - T, 0), where sum(...) is the sum of w r over connections. It never
    spikes.

    Arguments:
        `tau`:
            time constant (ms).
        `B`:
            what v tends to without input.
        `T`:
            where r begins.
    """

    model = LEAKY_INTEGRATOR
    default_parameters = {"tau": 10.0, "B": 0.0, "T": 0.0}
    default_initial_values = {"v": 0.0, "r": 0.0}
    units = {"tau": "ms", "B": "", "T": "", "v": "", "r": ""}
    recordable = ["v", "r"]
    above = (("tau", 0.0),)


class SpikesFromRate(RateCell):
    """
    Cell that spikes at random, at a rate r (Hz) that follows its graded input: r = max(rate + sum(exc) -
    sum(inh), 0).

    There is at most one spike in a time step, so that r must be small beside 1000 / timestep.

    Arguments:
        `rate`:
            without input (Hz).
    """

    model = SPIKES_FROM_RATE
    default_parameters = {"rate": 0.0}
    default_initial_values = {"r": 0.0}
    units = {"rate": "Hz", "r": "Hz"}
    recordable = ["spikes", "r"]


class NestRateCell(RateCell):
    """What NEST's units have in common."""

    above = (("tau", 0.0),)
    may_be_infinite = ("alpha",)  # a limit that is never reached

    def get_schema(self):
        """Numbers are floats, flags too."""
        return dict.fromkeys(self.default_parameters, float)


def _nest_type(name, model):
    function, _, kind = name.partition("_rate_")
    noise = "input" if kind == "ipn" else "output"
    defaults = {
        "tau": 10.0, "lambda": 1.0, "sigma": 1.0, "mu": 0.0, "g": 1.0, **FUNCTIONS[function][1],
        "rectify_output": 0.0, "rectify_rate": 0.0,
    }  # fmt: skip
    states = [state for state in model.state if state[0] != "_"]
    body = {
        "__doc__": f"NEST's {name}: a unit that transmits its rate, with noise of the {noise}, and a gain "
        "function "
        f"of what arrives. With sigma=0 there is no noise.",
        "__module__": __name__,
        "model": model,
        "default_parameters": {parameter: defaults[parameter] for parameter in model.parameters},
        "default_initial_values": dict.fromkeys(states, 0.0),
        "units": {"tau": "ms", **dict.fromkeys([*model.parameters, *states][1:], "")},
        "recordable": states,
    }
    return type(name, (NestRateCell,), body)


globals().update({name: _nest_type(name, model) for name, model in NEST_RATES.items()})
