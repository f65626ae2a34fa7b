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

from ..compiling.compile import inlined, specialise
from ..compiling.fastmath import SHORT, decays, short_decays
from ..compiling.lowlevel import float_bits, fma
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
def membrane_sums(membrane, i_injected):
    """What `add_conductance` adds to and `integrate` needs, of the membrane alone.

    membrane   conductance (uS) and current (nA) of the leak, and the integral of the former over cm

    Conductance and current in the middle of the step, the changes of both from there to the early and to the
    late node, and integrals of the conductance over cm up to the end from the beginning and from these nodes.
    A conductance counts as the current that flows at v = 0, too.
    """
    leak, background, leak_area = membrane
    zero = 0.0
    return (
        leak,
        background + i_injected,
        zero,
        zero,
        zero,
        zero,
        leak_area,
        (1.0 - EARLY) * leak_area,
        (1.0 - LATE) * leak_area,
    )


@inlined
def add_conductance(sums, shape, g, e_rev):
    """The sums with a conductance, g times that of `decay_constants` or `growth_constants`."""
    middle, early, late, area, area_early, area_late, _ = shape
    return (
        fma(g, middle, sums[0]),
        fma(g, middle * e_rev, sums[1]),
        fma(g, early, sums[2]),
        fma(g, early * e_rev, sums[3]),
        fma(g, late, sums[4]),
        fma(g, late * e_rev, sums[5]),
        fma(g, area, sums[6]),
        fma(g, area_early, sums[7]),
        fma(g, area_late, sums[8]),
    )


@inlined
def add_current(sums, shape, i):
    """The sums with a current, i (nA) times what the first three of `decay_constants` are."""
    middle, early, late = shape
    return (
        sums[0],
        fma(i, middle, sums[1]),
        sums[2],
        fma(i, early, sums[3]),
        sums[4],
        fma(i, late, sums[5]),
        sums[6],
        sums[7],
        sums[8],
    )


@inlined
def integrate(decays, v, sums, weight):
    """v at the end of a step that nothing interrupts; `decays` is one of the two of fastmath.py."""
    g, current, g_early, i_early, g_late, i_late, area, area_early, area_late = sums
    v_inf = current / g
    # lambda(s) (v_inf(s) - v_inf(middle)), times cm, at the outer nodes
    early = fma(-g_early, v_inf, i_early)
    late = fma(-g_late, v_inf, i_late)
    left, left_early, left_late = decays(area, area_early, area_late)
    change = fma(early, left_early, late * left_late)
    return fma(weight, change, fma(v - v_inf, left, v_inf))


def _step(c, s, x):
    return _step_with(_decays, c, s, x)  # noqa: F821


def both_steps(name, step_with):
    """`step` and `short_step` of a model: a function of (decays, c, s, x) with either of `decays`."""
    return {
        key: inlined(specialise(_step, f"{name}_{key}", _step_with=step_with, _decays=function))
        for key, function in (("step", decays), ("short_step", short_decays))
    }


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
def _exp_sums(c, s, i_injected):
    e_rev_exc, e_rev_inh = c[4:6]
    _, g_exc, g_inh, _ = s
    sums = add_conductance(membrane_sums(c[0:3], i_injected), c[9:16], g_exc, e_rev_exc)
    return add_conductance(sums, c[16:23], g_inh, e_rev_inh)


@inlined
def _exp_step_with(decays, c, s, x):
    v_thresh, v_reset, wait = c[6:9]
    v, g_exc, g_inh, refractory = s
    from_exc, from_inh, i_injected = x
    free = integrate(decays, v, _exp_sums(c, s, i_injected), c[3])
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (v, fma(g_exc, c[15], from_exc), fma(g_inh, c[22], from_inh), refractory), spiked


@inlined
def _exp_unfit(c, s):
    _, g_exc, g_inh, _ = s
    return float_bits(SHORT - _exp_sums(c, s, 0.0)[6]) | float_bits(g_exc) | float_bits(g_inh)


_EXP_STEPS = both_steps("iaf_cond_exp", _exp_step_with)

IAF_COND_EXP = Model(
    name="iaf_cond_exp",
    parameters=_PARAMETERS,
    state={"v": -65.0, "gsyn_exc": 0.0, "gsyn_inh": 0.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_exp_constants,
    **_EXP_STEPS,
    unfit=_exp_unfit,
)


def _alpha_constants(p, dt):
    return (
        *_exp_constants(p, dt),
        *growth_constants(p["tau_syn_E"], p["cm"], dt),
        *growth_constants(p["tau_syn_I"], p["cm"], dt),
    )


@inlined
def _alpha_sums(c, s, i_injected):
    e_rev_exc, e_rev_inh = c[4:6]
    _, g_exc, g_inh, slope_exc, slope_inh, _ = s
    sums = add_conductance(membrane_sums(c[0:3], i_injected), c[9:16], g_exc, e_rev_exc)
    sums = add_conductance(sums, c[16:23], g_inh, e_rev_inh)
    sums = add_conductance(sums, c[23:30], slope_exc, e_rev_exc)
    return add_conductance(sums, c[31:38], slope_inh, e_rev_inh)


@inlined
def _alpha_step_with(decays, c, s, x):
    v_thresh, v_reset, wait = c[6:9]
    decay_exc, decay_inh, growth_exc, growth_inh = c[15], c[22], c[29], c[37]
    v, g_exc, g_inh, slope_exc, slope_inh, refractory = s
    from_exc, from_inh, i_injected = x
    free = integrate(decays, v, _alpha_sums(c, s, i_injected), c[3])
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (
        v,
        fma(slope_exc, growth_exc, g_exc * decay_exc),
        fma(slope_inh, growth_inh, g_inh * decay_inh),
        fma(slope_exc, decay_exc, c[30] * from_exc),
        fma(slope_inh, decay_inh, c[38] * from_inh),
        refractory,
    ), spiked


@inlined
def _alpha_unfit(c, s):
    _, g_exc, g_inh, slope_exc, slope_inh, _ = s
    signs = float_bits(g_exc) | float_bits(g_inh) | float_bits(slope_exc) | float_bits(slope_inh)
    return float_bits(SHORT - _alpha_sums(c, s, 0.0)[6]) | signs


_ALPHA_STEPS = both_steps("iaf_cond_alpha", _alpha_step_with)

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
    **_ALPHA_STEPS,
    unfit=_alpha_unfit,
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
    **_EXP_STEPS,
    unfit=_exp_unfit,
    cm=0.2,
)
