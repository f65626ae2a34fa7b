"""
Leaky integrate-and-fire neurons with current-based synapses, integrated exactly.

Equations   tau_m dv/dt = v_rest - v + tau_m/cm (isyn_exc + isyn_inh + i_offset + i_injected)
            iaf_psc_exp     tau_syn disyn/dt = -isyn; a spike adds its weight (nA) to isyn
            iaf_psc_alpha   isyn(t) = weight * e/tau_syn * t * exp(-t/tau_syn) after a spike
            iaf_psc_delta   a spike adds its weight (mV) to v

Method      exact integration on the grid (Rotter & Diesmann 1999, Biol. Cybern. 81:381-402, section
            3.1), in the order of operations of NEST's models of these names, so that spike times
            agree on the grid. Where tau_m equals tau_syn the propagator takes its limit.

Units       ms, mV, nF, nA.
"""

import numpy as np

from ..compiling.compile import inlined
from .kernel import Model

_MEMBRANE = ("v_rest", "cm", "tau_m", "tau_refrac", "i_offset", "v_reset", "v_thresh")


def refractory_steps(tau_refrac, dt):
    """Number of steps for which v is clamped: tau_refrac to the nearest step."""
    return np.rint(np.asarray(tau_refrac, dtype=float) / dt)


def _membrane(p, dt):
    """Constants that the three models share: decay of v - v_rest, and mV per nA of constant input."""
    decay = np.exp(-dt / p["tau_m"])
    resistance = p["tau_m"] / p["cm"]
    return decay, -np.expm1(-dt / p["tau_m"]) * resistance


def exponential_propagator(tau_syn, tau_m, cm, dt):
    """mV of v after one step, per nA of an exponentially decaying current at its beginning.

    Written with expm1, so that it loses no digits where the two time constants are close, and with
    its limit where they are equal.
    """
    x = (1 / np.asarray(tau_syn) - 1 / np.asarray(tau_m)) * dt
    # exp(-dt/tau_m) * dt/cm * (1 - exp(-x))/x
    near = np.abs(x) < 1e-9
    ratio = np.where(near, 1.0, -np.expm1(-x) / np.where(near, 1.0, x))
    return np.exp(-dt / tau_m) * dt * ratio / cm


def alpha_propagator(tau_syn, tau_m, cm, dt):
    """mV of v after one step, per nA/ms of the slope of an alpha current at its beginning."""
    x = (1 / np.asarray(tau_syn) - 1 / np.asarray(tau_m)) * dt
    # exp(-dt/tau_m) * dt**2/cm * (1 - (1 + x) exp(-x))/x**2, by its series where x is small
    near = np.abs(x) < 0.02
    series = 1 / 2 - x / 3 + x**2 / 8 - x**3 / 30 + x**4 / 144 - x**5 / 840 + x**6 / 5760
    closed = (-np.expm1(-x) - x * np.exp(-x)) / np.where(near, 1.0, x) ** 2
    return np.exp(-dt / tau_m) * dt**2 * np.where(near, series, closed) / cm


def _exp_constants(p, dt):
    decay, input_gain = _membrane(p, dt)
    return (
        p["v_rest"],
        decay,
        input_gain,
        exponential_propagator(p["tau_syn_E"], p["tau_m"], p["cm"], dt),
        exponential_propagator(p["tau_syn_I"], p["tau_m"], p["cm"], dt),
        np.exp(-dt / p["tau_syn_E"]),
        np.exp(-dt / p["tau_syn_I"]),
        p["i_offset"],
        p["v_thresh"],
        p["v_reset"],
        refractory_steps(p["tau_refrac"], dt),
    )


@inlined
def _exp_step(c, s, x):
    v_rest, decay, gain, gain_exc, gain_inh, decay_exc, decay_inh, i_offset, v_thresh, v_reset, wait = c
    v, i_exc, i_inh, refractory = s
    from_exc, from_inh, i_injected = x
    free = v_rest + (
        (v - v_rest) * decay + i_exc * gain_exc + i_inh * gain_inh + (i_offset + i_injected) * gain
    )
    v = free if refractory <= 0.0 else v
    spiked = (v >= v_thresh) & (refractory <= 0.0)
    v = v_reset if spiked else v
    refractory = wait if spiked else max(refractory - 1.0, 0.0)
    return (v, i_exc * decay_exc + from_exc, i_inh * decay_inh + from_inh, refractory), spiked


IAF_PSC_EXP = Model(
    name="iaf_psc_exp",
    parameters=_MEMBRANE + ("tau_syn_E", "tau_syn_I"),
    state={"v": -65.0, "isyn_exc": 0.0, "isyn_inh": 0.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_exp_constants,
    step=_exp_step,
)


def _alpha_constants(p, dt):
    decay, input_gain = _membrane(p, dt)
    decay_exc = np.exp(-dt / p["tau_syn_E"])
    decay_inh = np.exp(-dt / p["tau_syn_I"])
    return (
        p["v_rest"],
        decay,
        input_gain,
        alpha_propagator(p["tau_syn_E"], p["tau_m"], p["cm"], dt),
        alpha_propagator(p["tau_syn_I"], p["tau_m"], p["cm"], dt),
        exponential_propagator(p["tau_syn_E"], p["tau_m"], p["cm"], dt),
        exponential_propagator(p["tau_syn_I"], p["tau_m"], p["cm"], dt),
        decay_exc,
        decay_inh,
        dt * decay_exc,
        dt * decay_inh,
        np.e / p["tau_syn_E"],
        np.e / p["tau_syn_I"],
        p["i_offset"],
        p["v_thresh"],
        p["v_reset"],
        refractory_steps(p["tau_refrac"], dt),
    )


@inlined
def _alpha_step(c, s, x):
    (
        v_rest, decay, gain, slope_gain_exc, slope_gain_inh, gain_exc, gain_inh, decay_exc, decay_inh,
        growth_exc, growth_inh, jump_exc, jump_inh, i_offset, v_thresh, v_reset, wait,
    ) = c  # fmt: skip
    v, i_exc, i_inh, slope_exc, slope_inh, refractory = s
    from_exc, from_inh, i_injected = x
    free = v_rest + (
        (i_offset + i_injected) * gain
        + slope_exc * slope_gain_exc
        + i_exc * gain_exc
        + slope_inh * slope_gain_inh
        + i_inh * gain_inh
        + (v - v_rest) * decay
    )
    v = free if refractory <= 0.0 else v
    spiked = (v >= v_thresh) & (refractory <= 0.0)
    v = v_reset if spiked else v
    refractory = wait if spiked else max(refractory - 1.0, 0.0)
    return (
        v,
        i_exc * decay_exc + slope_exc * growth_exc,
        i_inh * decay_inh + slope_inh * growth_inh,
        slope_exc * decay_exc + jump_exc * from_exc,
        slope_inh * decay_inh + jump_inh * from_inh,
        refractory,
    ), spiked


IAF_PSC_ALPHA = Model(
    name="iaf_psc_alpha",
    parameters=_MEMBRANE + ("tau_syn_E", "tau_syn_I"),
    state={
        "v": -65.0,
        "isyn_exc": 0.0,
        "isyn_inh": 0.0,
        "_slope_exc": 0.0,
        "_slope_inh": 0.0,
        "_refractory": 0.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_alpha_constants,
    step=_alpha_step,
)


def _delta_constants(p, dt):
    decay, input_gain = _membrane(p, dt)
    return (
        p["v_rest"],
        decay,
        input_gain,
        p["i_offset"],
        p["v_thresh"],
        p["v_reset"],
        refractory_steps(p["tau_refrac"], dt),
    )


@inlined
def _delta_step(c, s, x):
    v_rest, decay, gain, i_offset, v_thresh, v_reset, wait = c
    v, refractory = s
    from_exc, from_inh, i_injected = x
    # Input that arrives while the neuron is refractory is lost, as in NEST.
    free = v_rest + ((i_offset + i_injected) * gain + (v - v_rest) * decay + (from_exc + from_inh))
    v = free if refractory <= 0.0 else v
    spiked = (v >= v_thresh) & (refractory <= 0.0)
    v = v_reset if spiked else v
    refractory = wait if spiked else max(refractory - 1.0, 0.0)
    return (v, refractory), spiked


IAF_PSC_DELTA = Model(
    name="iaf_psc_delta",
    parameters=_MEMBRANE,
    state={"v": -65.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_delta_constants,
    step=_delta_step,
)
