"""
Leaky integrate-and-fire neurons with conductance-based synapses.

Equations   cm dv/dt = cm/tau_m (v_rest - v) + gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)
                       + i_offset + i_injected
            iaf_cond_exp     tau_syn dgsyn/dt = -gsyn; a spike adds its weight (uS) to gsyn
            iaf_cond_alpha   gsyn(t) = weight * t/tau_syn * exp(1 - t/tau_syn) after a spike
            iaf_facets_hardware   iaf_cond_exp with cm = 0.2 nF, tau_refrac = 1 ms, e_rev_E = 0 mV, no
                                  i_offset, and the conductance of the leak, g_leak (nS), for tau_m

Method      The conductances are known in closed form, so within a step v obeys a linear equation,
            dv/dt = lambda(t) (v_inf(t) - v), with lambda the total conductance over cm. Its solution is

                v(h) = e + (v(0) - e) exp(-L(0)) + int_0^h exp(-L(s)) lambda(s) (v_inf(s) - e) ds

            for any constant e, where L(s), the integral of lambda from s to h, is known exactly too. The
            integral is taken by Gauss-Legendre quadrature with three nodes: order 6 in the step. With
            e = v_inf at the middle node the integrand vanishes there, which saves an exponential, and
            what is left is the change of v_inf within half a step. Where lambda h is large, v relaxes
            to v_inf: stable for all non-negative conductances.

Source      Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, section I.2 (the
            integrating factor) and II.7 (the nodes); the models are NEST's iaf_cond_exp and
            iaf_cond_alpha, which solve the same equations by an adaptive Runge-Kutta-Fehlberg method.

Units       ms, mV, nF, uS, nA.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from .iaf_psc import alpha_propagator, exponential_propagator, refractory_steps
from .kernel import Model

_PARAMETERS = (
    "v_rest",
    "cm",
    "tau_m",
    "tau_refrac",
    "tau_syn_E",
    "tau_syn_I",
    "e_rev_E",
    "e_rev_I",
    "v_thresh",
    "v_reset",
    "i_offset",
)

# The outer Gauss-Legendre nodes as fractions of a step, and the weight of both.
EARLY = 0.5 - np.sqrt(0.15)
LATE = 0.5 + np.sqrt(0.15)
WEIGHT = 5 / 18


def _decay_change(tau, start, end):
    """exp(-end/tau) - exp(-start/tau), without cancellation."""
    return np.exp(-start / tau) * np.expm1((start - end) / tau)


def _growth_change(tau, start, end):
    """end exp(-end/tau) - start exp(-start/tau), without cancellation."""
    return (end - start) * np.exp(-end / tau) + start * _decay_change(tau, start, end)


def decay_area(tau, start, end):
    """Integral of exp(-s/tau) from start to end."""
    # An infinite membrane time constant makes the propagator a plain integral.
    return np.exp(-start / tau) * exponential_propagator(tau, np.inf, 1.0, end - start)


def _growth_area(tau, start, end):
    """Integral of s exp(-s/tau) from start to end."""
    late = np.exp(-start / tau) * alpha_propagator(tau, np.inf, 1.0, end - start)
    return late + start * decay_area(tau, start, end)


def _membrane(p, dt):
    """Constants of everything but the synapses."""
    leak = p["cm"] / p["tau_m"]
    return (
        leak,
        leak * p["v_rest"] + p["i_offset"],
        dt / p["tau_m"],
        WEIGHT * dt / p["cm"],
        p["e_rev_E"],
        p["e_rev_I"],
        p["v_thresh"],
        p["v_reset"],
        refractory_steps(p["tau_refrac"], dt),
    )


def decay_constants(tau, cm, dt):
    """What an exponentially decaying conductance of 1 uS does in a step.

    Its value in the middle, the change of it from there to the early and the late node, its integral
    over cm from the beginning, the early and the late node to the end, and its value at the end.
    """
    early, middle, late = EARLY * dt, 0.5 * dt, LATE * dt
    return (
        np.exp(-middle / tau),
        _decay_change(tau, middle, early),
        _decay_change(tau, middle, late),
        decay_area(tau, 0.0, dt) / cm,
        decay_area(tau, early, dt) / cm,
        decay_area(tau, late, dt) / cm,
        np.exp(-dt / tau),
    )


def growth_constants(tau, cm, dt):
    """The same for a conductance s exp(-s/tau), which begins with a slope of 1 uS/ms; and the slope
    that begins an alpha function with a peak of 1 uS."""
    early, middle, late = EARLY * dt, 0.5 * dt, LATE * dt
    return (
        middle * np.exp(-middle / tau),
        _growth_change(tau, middle, early),
        _growth_change(tau, middle, late),
        _growth_area(tau, 0.0, dt) / cm,
        _growth_area(tau, early, dt) / cm,
        _growth_area(tau, late, dt) / cm,
        dt * np.exp(-dt / tau),
        np.e / tau,
    )


@inlined
def _integrate(membrane, v, i_injected, middle, to_early, to_late, area, area_early, area_late):
    """v at the end of a step that nothing interrupts.

    The last six are (excitatory, inhibitory) pairs: conductances in the middle of the step, their
    changes from there to the outer nodes, and their integrals over cm up to the end of the step from
    its beginning and from the outer nodes.
    """
    leak, background, leak_area, weight, e_rev_exc, e_rev_inh = membrane
    g_exc, g_inh = middle
    current = background + i_injected + g_exc * e_rev_exc + g_inh * e_rev_inh
    v_inf = current / (leak + g_exc + g_inh)
    drive_exc = e_rev_exc - v_inf
    drive_inh = e_rev_inh - v_inf
    # lambda(s) (v_inf(s) - v_inf(middle)), times cm, at the outer nodes
    early = to_early[0] * drive_exc + to_early[1] * drive_inh
    late = to_late[0] * drive_exc + to_late[1] * drive_inh
    return (
        v_inf
        + (v - v_inf) * exp(-(leak_area + area[0] + area[1]))
        + weight
        * (
            early * exp(-((1.0 - EARLY) * leak_area + area_early[0] + area_early[1]))
            + late * exp(-((1.0 - LATE) * leak_area + area_late[0] + area_late[1]))
        )
    )


@inlined
def fire(v, free, refractory, v_thresh, v_reset, wait):
    """Threshold, reset and refractoriness: (v, steps left of the refractory period, spiked)."""
    v = free if refractory <= 0.0 else v
    spiked = (v >= v_thresh) & (refractory <= 0.0)
    v = v_reset if spiked else v
    return v, (wait if spiked else max(refractory - 1.0, 0.0)), spiked


def _exp_constants(p, dt):
    return (
        *_membrane(p, dt),
        *decay_constants(p["tau_syn_E"], p["cm"], dt),
        *decay_constants(p["tau_syn_I"], p["cm"], dt),
    )


@inlined
def _exp_step(c, s, x):
    v_thresh, v_reset, wait = c[6:9]
    half_exc, early_exc, late_exc, area_exc, area_early_exc, area_late_exc, decay_exc = c[9:16]
    half_inh, early_inh, late_inh, area_inh, area_early_inh, area_late_inh, decay_inh = c[16:23]
    v, g_exc, g_inh, refractory = s
    from_exc, from_inh, i_injected = x
    free = _integrate(
        c[0:6],
        v,
        i_injected,
        (g_exc * half_exc, g_inh * half_inh),
        (g_exc * early_exc, g_inh * early_inh),
        (g_exc * late_exc, g_inh * late_inh),
        (g_exc * area_exc, g_inh * area_inh),
        (g_exc * area_early_exc, g_inh * area_early_inh),
        (g_exc * area_late_exc, g_inh * area_late_inh),
    )
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (v, g_exc * decay_exc + from_exc, g_inh * decay_inh + from_inh, refractory), spiked


IAF_COND_EXP = Model(
    name="iaf_cond_exp",
    parameters=_PARAMETERS,
    state={"v": -65.0, "gsyn_exc": 0.0, "gsyn_inh": 0.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_exp_constants,
    step=_exp_step,
)


def _alpha_constants(p, dt):
    return (
        *_exp_constants(p, dt),
        *growth_constants(p["tau_syn_E"], p["cm"], dt),
        *growth_constants(p["tau_syn_I"], p["cm"], dt),
    )


@inlined
def _alpha_sums(decay, growth, g, slope):
    """What a conductance (g + slope s) exp(-s/tau) does in a step, in the order of decay_constants."""
    return (
        g * decay[0] + slope * growth[0],
        g * decay[1] + slope * growth[1],
        g * decay[2] + slope * growth[2],
        g * decay[3] + slope * growth[3],
        g * decay[4] + slope * growth[4],
        g * decay[5] + slope * growth[5],
        g * decay[6] + slope * growth[6],
    )


@inlined
def _alpha_step(c, s, x):
    v_thresh, v_reset, wait = c[6:9]
    decay_exc, decay_inh, growth_exc, growth_inh = c[9:16], c[16:23], c[23:31], c[31:39]
    v, g_exc, g_inh, slope_exc, slope_inh, refractory = s
    from_exc, from_inh, i_injected = x
    exc = _alpha_sums(decay_exc, growth_exc, g_exc, slope_exc)
    inh = _alpha_sums(decay_inh, growth_inh, g_inh, slope_inh)
    free = _integrate(
        c[0:6],
        v,
        i_injected,
        (exc[0], inh[0]),
        (exc[1], inh[1]),
        (exc[2], inh[2]),
        (exc[3], inh[3]),
        (exc[4], inh[4]),
        (exc[5], inh[5]),
    )
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (
        v,
        exc[6],
        inh[6],
        slope_exc * decay_exc[6] + growth_exc[7] * from_exc,
        slope_inh * decay_inh[6] + growth_inh[7] * from_inh,
        refractory,
    ), spiked


IAF_COND_ALPHA = Model(
    name="iaf_cond_alpha",
    parameters=_PARAMETERS,
    state={
        "v": -65.0,
        "gsyn_exc": 0.0,
        "gsyn_inh": 0.0,
        "_slope_exc": 0.0,
        "_slope_inh": 0.0,
        "_refractory": 0.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_alpha_constants,
    step=_alpha_step,
)


def _facets_constants(p, dt):
    """Those of iaf_cond_exp with what the chip has fixed."""
    fixed = {"cm": 0.2, "tau_refrac": 1.0, "e_rev_E": 0.0, "i_offset": 0.0}
    return _exp_constants(p | fixed | {"tau_m": fixed["cm"] / (1e-3 * p["g_leak"])}, dt)


IAF_FACETS_HARDWARE = Model(
    name="iaf_facets_hardware",
    parameters=("g_leak", "tau_syn_E", "tau_syn_I", "v_reset", "e_rev_I", "v_rest", "v_thresh"),
    state=IAF_COND_EXP.state,
    receptors=("excitatory", "inhibitory"),
    constants=_facets_constants,
    step=_exp_step,
    cm=0.2,
)
