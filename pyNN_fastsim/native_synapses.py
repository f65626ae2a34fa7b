"""
NEST's synapse types that are built in here: one entry for each of its names, with NEST's parameters, their
defaults, and what they are in the engine.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .engine.synapses import nest, plasticity, short_term
from .engine.synapses.dynamic import SynapseModel


@dataclass(frozen=True)
class NativeSynapse:
    """A synapse type of NEST.

    model        of the engine; None for static synapses
    parameters   defaults by NEST's name, beside weight (pA, nS) and delay
    engine       as for `NativeCell`; None where constants are derived from NEST's own parameters
    constants    function(parameters, dt) that derives the model's constants; None for the model's own
    fixed        as for `NativeCell`
    weight       its default
    recordable   what can be recorded of it
    """

    model: SynapseModel | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    engine: dict[str, Any] | None = None
    constants: Callable | None = None
    fixed: dict[str, float] = field(default_factory=dict)
    weight: float = 1.0
    recordable: tuple[str, ...] = ()


def _stdp_constants(p, dt):
    """As for SpikePairRule with GutigWeightDependence: changes are fractions of Wmax."""
    w_max = p["Wmax"] / 1e3
    rates = dt / p["tau_plus"], dt / p["tau_minus"]
    rise = p["lambda"] * w_max
    bounds = np.zeros(1), w_max, p["mu_plus"], p["mu_minus"]
    return *plasticity.timing(p, rates[0]), *rates, rise, p["alpha"] * rise, np.zeros(1), *bounds


def _vogels_constants(p, dt):
    """The trace of postsynaptic spikes decays with the tau_minus of the cell."""
    w_max = p["Wmax"] / 1e3
    rates = dt / p["tau"], dt / p["tau_minus"]
    size = p["eta"] / 1e3 * np.sign(w_max)
    bounds = np.zeros(1), w_max, np.ones(1), np.ones(1)
    return *plasticity.timing(p, rates[0]), *rates, size, size, p["alpha"], *bounds


_STDP = NativeSynapse(
    model=nest.STDP,
    parameters={
        "Wmax": 100.0, "alpha": 1.0, "lambda": 0.01, "mu_minus": 1.0, "mu_plus": 1.0, "tau_plus": 20.0,
        "tau_minus": 20.0,
    },
    constants=_stdp_constants,
    fixed={"Kplus": 0.0},
    recordable=("weight",),
)  # fmt: skip
_TSODYKS = NativeSynapse(
    model=short_term.TSODYKS_MARKRAM,
    parameters={
        "U": 0.5, "tau_fac": 0.0, "tau_psc": 3.0, "tau_rec": 800.0, "u": 0.0, "x": 1.0, "y": 0.0,
    },
    engine={"U": "U", "tau_facil": "tau_fac", "tau_rec": "tau_rec", "tau_psc": "tau_psc"},
    recordable=("u", "x", "y"),
)  # fmt: skip
_SHORT_TERM = {"U": "U", "tau_facil": "tau_fac", "tau_rec": "tau_rec"}

SYNAPSES = {
    "static_synapse": NativeSynapse(),
    "static_synapse_hom_w": NativeSynapse(),
    "stdp_synapse": _STDP,
    "stdp_synapse_hom": _STDP,
    "stdp_pl_synapse_hom": NativeSynapse(
        model=nest.POWER_LAW,
        parameters={"alpha": 1.0, "lambda": 0.1, "mu": 0.4, "tau_plus": 20.0, "tau_minus": 20.0},
        constants=nest.POWER_LAW.constants,
        fixed={"Kplus": 0.0},
        recordable=("weight",),
    ),
    "stdp_triplet_synapse": NativeSynapse(
        model=nest.TRIPLET,
        parameters={
            "Aminus": 0.007,
            "Aminus_triplet": 0.00023,
            "Aplus": 5e-10,
            "Aplus_triplet": 0.0062,
            "Wmax": 100.0,
            "tau_plus": 16.8,
            "tau_plus_triplet": 101.0,
            "tau_minus": 20.0,
        },
        constants=nest.TRIPLET.constants,
        fixed={"Kplus": 0.0, "Kplus_triplet": 0.0},
        recordable=("weight",),
    ),
    "vogels_sprekeler_synapse": NativeSynapse(
        model=nest.VOGELS,
        parameters={"Wmax": 1.0, "alpha": 0.12, "eta": 0.001, "tau": 20.0, "tau_minus": 20.0},
        constants=_vogels_constants,
        fixed={"Kplus": 0.0},
        weight=0.5,
        recordable=("weight",),
    ),
    "tsodyks_synapse": _TSODYKS,
    "tsodyks_synapse_hom": _TSODYKS,
    "tsodyks2_synapse": NativeSynapse(
        model=nest.TSODYKS2,
        parameters={"U": 0.5, "tau_fac": 0.0, "tau_rec": 800.0, "u": 0.5, "x": 1.0},
        engine=_SHORT_TERM,
        recordable=("u", "x"),
    ),
    "quantal_stp_synapse": NativeSynapse(
        model=nest.QUANTAL_BY_SITE,
        parameters={"U": 0.5, "a": 1.0, "n": 1.0, "tau_fac": 0.0, "tau_rec": 800.0, "u": 0.5},
        engine={**_SHORT_TERM, "n": "n"},
        recordable=("u", "a"),
    ),
    "bernoulli_synapse": NativeSynapse(
        model=short_term.BERNOULLI, parameters={"p_transmit": 1.0}, engine={"p": "p_transmit"}
    ),
}
