"""
Adaptive exponential integrate-and-fire neurons with conductance-based synapses.

Equations   cm dv/dt = cm/tau_m (v_rest - v + delta_T exp((v - v_thresh)/delta_T)) - w
                       + gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v) + i_offset + i_injected
            tau_w dw/dt = a (v - v_rest) - w
            v >= v_spike is a spike: v becomes v_reset, where it stays for tau_refrac, and w grows by b.
            aeif_cond_exp     tau_syn dgsyn/dt = -gsyn; a spike adds its weight (uS) to gsyn
            aeif_cond_alpha   gsyn(t) = weight * t/tau_syn * exp(1 - t/tau_syn) after a spike
            With delta_T = 0 there is no exponential, and v_thresh takes the place of v_spike.

Spikes      v and w jump when v reaches v_spike, not at the end of the step; the spike is at the next grid
            point, from which the refractory period counts, as in NEST. Without one, v goes on within the
            step, and may reach v_spike again.

Method      Taylor series of order 8 (series.py), in parts of a step where its last terms are not small
            enough (adaptive.py).

Source      Brette & Gerstner 2005, J. Neurophysiol. 94:3637-3642, equations 2 and 3.

Units       ms, mV, nF, uS, nA; a in nS.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from ..compiling.lowlevel import convolved, moved
from .iaf_psc import refractory_steps
from .kernel import Model
from .series import change_by, crossing, series_error, tail

_PARAMETERS = (
    "cm",
    "tau_refrac",
    "v_spike",
    "v_reset",
    "v_rest",
    "tau_m",
    "i_offset",
    "a",
    "b",
    "delta_T",
    "tau_w",
    "v_thresh",
    "e_rev_E",
    "tau_syn_E",
    "e_rev_I",
    "tau_syn_I",
)

TOLERANCE = 1e-6  # mV, of the last two terms of a series
TOO_LARGE = 1e3  # an error of what must be taken in smaller parts


N_MEMBRANE = 14  # constants of the membrane, which come before those of the synapses


def membrane_constants(p, dt):
    """What `advance` needs to know of a neuron, but for its synapses: N_MEMBRANE numbers or arrays."""
    delta = np.asarray(p["delta_T"], float)
    exponential = delta > 0
    tau_m, cm = p["tau_m"], p["cm"]
    return tuple(
        value if np.ndim(value) else float(value)
        for value in (
            dt,
            1 / cm,
            1 / tau_m,
            p["v_rest"] / tau_m + p["i_offset"] / cm,
            1e-3 * p["a"] / cm,
            1e-3 * p["a"] / cm * p["v_rest"],
            1 / p["tau_w"],
            delta / tau_m,
            1 / np.where(exponential, delta, 1.0),
            p["v_thresh"],
            np.where(exponential, p["v_spike"], p["v_thresh"]),
            p["v_reset"],
            p["b"],
            refractory_steps(p["tau_refrac"], dt),
        )
    )


def _constants(p, dt):
    return (
        *membrane_constants(p, dt),
        p["e_rev_E"],
        p["e_rev_I"],
        1 / p["tau_syn_E"],
        1 / p["tau_syn_I"],
        np.exp(-dt / p["tau_syn_E"]),
        np.exp(-dt / p["tau_syn_I"]),
        dt * np.exp(-dt / p["tau_syn_E"]),
        dt * np.exp(-dt / p["tau_syn_I"]),
        np.e / p["tau_syn_E"],
        np.e / p["tau_syn_I"],
    )


@inlined
def _longer(c, h, h_v, g, j, a_rest, v, w, e, steep):
    """The series of v, of w/cm and of the exponential with one term more, of which all begin with their
    value now; `steep` are the terms of dv/dt (times h)."""
    a_c, rate_w, amplitude, per_delta = c
    n = len(v)
    dv = h_v * (j + amplitude * e[-1] - convolved(v, g) - w[-1])
    dw = h * rate_w * (a_c * v[-1] - a_rest - w[-1])
    steep = steep + (dv,)
    de = per_delta * convolved(steep, e)
    return v + (dv / n,), w + (dw / n,), e + (de / n,), steep


@inlined
def _series(c, h, clamped, g, j, v, w):
    """The terms of v and of w/cm (mV/ms) after the first, for a time h (ms).

    g, j   the series of what v is multiplied by (1/ms), and of what it is not (mV/ms)
    """
    a_c, a_rest, rate_w, amplitude, per_delta, v_thresh = c[4:10]
    k = (a_c, rate_w, amplitude, per_delta)
    h_v = 0.0 if clamped else h
    e = exp((v - v_thresh) * per_delta)
    # The first term, of which there is no series yet
    dv = h_v * (j[0] + amplitude * e - v * g[0] - w)
    dw = h * rate_w * (a_c * v - a_rest - w)
    v1, w1, e1, d1 = (v, dv), (w, dw), (e, per_delta * dv * e), (dv,)
    v2, w2, e2, d2 = _longer(k, h, h_v, g, j[1], 0.0, v1, w1, e1, d1)
    v3, w3, e3, d3 = _longer(k, h, h_v, g, j[2], 0.0, v2, w2, e2, d2)
    v4, w4, e4, d4 = _longer(k, h, h_v, g, j[3], 0.0, v3, w3, e3, d3)
    v5, w5, e5, d5 = _longer(k, h, h_v, g, j[4], 0.0, v4, w4, e4, d4)
    v6, w6, e6, d6 = _longer(k, h, h_v, g, j[5], 0.0, v5, w5, e5, d5)
    v7, w7, e7, d7 = _longer(k, h, h_v, g, j[6], 0.0, v6, w6, e6, d6)
    v8, w8, _, _ = _longer(k, h, h_v, g, j[7], 0.0, v7, w7, e7, d7)
    return v8[1:], w8[1:]


@inlined
def decaying(g, x):
    """The series of g exp(-t/tau), x = -h/tau: its first eight terms."""
    g1 = g * x
    g2 = g1 * x * (1 / 2)
    g3 = g2 * x * (1 / 3)
    g4 = g3 * x * (1 / 4)
    g5 = g4 * x * (1 / 5)
    g6 = g5 * x * (1 / 6)
    g7 = g6 * x * (1 / 7)
    return g, g1, g2, g3, g4, g5, g6, g7


@inlined
def _alpha(g, slope, h, x):
    """The series of (g + slope t) exp(-t/tau), x = -h/tau: its first eight terms."""
    from_g = decaying(g, x)
    s0, s1, s2, s3, s4, s5, s6, _ = decaying(slope * h, x)
    return moved(from_g, 1.0, (1.0,), ((0.0, s0, s1, s2, s3, s4, s5, s6),))


@inlined
def _exp_after(c, g, t):
    """The conductances after a time t (ms)."""
    return g[0] * exp(-t * c[16]), g[1] * exp(-t * c[17])


@inlined
def _alpha_after(c, g, t):
    """The conductances (uS) and the slopes (uS/ms) that they grow by, after a time t (ms)."""
    exc, inh, slope_exc, slope_inh = g
    decay_exc, decay_inh = exp(-t * c[16]), exp(-t * c[17])
    return (
        (exc + slope_exc * t) * decay_exc,
        (inh + slope_inh * t) * decay_inh,
        slope_exc * decay_exc,
        slope_inh * decay_inh,
    )


@inlined
def _inputs(c, exc, inh, i_injected):
    """What v is multiplied by (1/ms), and what it is not (mV/ms), from the series of the conductances."""
    per_cm, leak, drive = c[1:4]
    e_rev_exc, e_rev_inh = c[14:16]
    zero = 0.0
    leak_terms = (leak, zero, zero, zero, zero, zero, zero, zero)
    drive_terms = (drive + i_injected * per_cm, zero, zero, zero, zero, zero, zero, zero)
    g = moved(leak_terms, per_cm, (1.0, 1.0), (exc, inh))
    return g, moved(drive_terms, per_cm, (e_rev_exc, e_rev_inh), (exc, inh))


@inlined
def _exp_inputs(c, g, h, i_injected):
    return _inputs(c, decaying(g[0], -h * c[16]), decaying(g[1], -h * c[17]), i_injected)


@inlined
def _alpha_inputs(c, g, h, i_injected):
    return _inputs(c, _alpha(g[0], g[2], h, -h * c[16]), _alpha(g[1], g[3], h, -h * c[17]), i_injected)


@inlined
def advance(inputs_of, after, c, s, g, i_injected, part):
    """(v, w, steps left of the refractory period, number of spikes) after a part of a step, and its error.

    s    v, w and so on at its beginning
    g    conductances, and what else there is to know of the synapses

    inputs_of(c, g, h, i_injected) gives the series of what v is multiplied by (1/ms), and of what it is not
    (mV/ms), for a time h (ms); after(c, g, t) gives g after a time t.
    """
    dt, per_cm = c[0:2]
    threshold, v_reset, b, wait = c[10:14]
    v, w, refractory, spikes = s
    h = part * dt
    w = w * per_cm
    multiplied, added = inputs_of(c, g, h, i_injected)
    v_terms, w_terms = _series(c, h, refractory > 0.0, multiplied, added, v, w)
    new_v = v + change_by(v_terms, 1.0)
    new_w = w + change_by(w_terms, 1.0)
    error = series_error(tail(v_terms) + dt * tail(w_terms), TOLERANCE)
    # NaN, of a v that has run away, is above the threshold.
    spiked = (not (new_v < threshold)) & (refractory <= 0.0)
    # A whole step, of which the compiler knows that part is 1, is redone in parts where there is a spike.
    if part < 1.0:
        at = crossing(v, v_terms, threshold)
        # In the smallest parts, which don't matter, the series may be nonsense.
        jumped_w = (w + change_by(w_terms, at) if error <= 1.0 else w) + b * per_cm
        rest = (1.0 - at) * h
        stays = wait > 0.0
        multiplied, added = inputs_of(c, after(c, g, at * h), rest, i_injected)
        v_terms, w_terms = _series(c, rest, stays, multiplied, added, v_reset, jumped_w)
        later_v = v_reset + change_by(v_terms, 1.0)
        later_error = series_error(tail(v_terms) + dt * tail(w_terms), TOLERANCE)
        # The series don't know of a second spike.
        later_error = later_error if stays | (later_v < threshold) else TOO_LARGE
        new_v = later_v if spiked else new_v
        new_w = jumped_w + change_by(w_terms, 1.0) if spiked else new_w
        error = max(error, later_error) if spiked else error
        spikes = spikes + 1.0 if spiked else spikes
        # The step that it is in, too
        refractory = (wait + 1.0 if stays else 0.0) if spiked else refractory
    else:
        error = TOO_LARGE if spiked else error
    return (new_v, new_w / per_cm, refractory, spikes), error


@inlined
def _exp_attempt(c, s, x, part):
    g = s[2:4]
    state, error = advance(_exp_inputs, _exp_after, c, (s[0], s[1], s[4], s[5]), g, x[2], part)
    exc, inh = _exp_after(c, g, part * c[0])
    return (state[0], state[1], exc, inh, state[2], state[3]), error


@inlined
def _exp_fires(c, old, new):
    return new[5] > old[5]


@inlined
def _exp_finish(c, old, new, x):
    # The conductances from the beginning of the step, with no error from its parts.
    decay_exc, decay_inh = c[18:20]
    v, w, _, _, refractory, spikes = new
    return v, w, old[2] * decay_exc + x[0], old[3] * decay_inh + x[1], max(refractory - 1.0, 0.0), spikes


AEIF_COND_EXP = Model(
    name="aeif_cond_exp",
    parameters=_PARAMETERS,
    state={
        "v": -70.6,
        "w": 0.0,
        "gsyn_exc": 0.0,
        "gsyn_inh": 0.0,
        "_refractory": 0.0,
        "_spikes": 0.0,
        "_part": 1.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    attempt=_exp_attempt,
    fires=_exp_fires,
    finish=_exp_finish,
)


@inlined
def _alpha_attempt(c, s, x, part):
    g = s[2:6]
    state, error = advance(_alpha_inputs, _alpha_after, c, (s[0], s[1], s[6], s[7]), g, x[2], part)
    exc, inh, slope_exc, slope_inh = _alpha_after(c, g, part * c[0])
    return (state[0], state[1], exc, inh, slope_exc, slope_inh, state[2], state[3]), error


@inlined
def _alpha_fires(c, old, new):
    return new[7] > old[7]


@inlined
def _alpha_finish(c, old, new, x):
    decay_exc, decay_inh, growth_exc, growth_inh, jump_exc, jump_inh = c[18:24]
    return (
        new[0],
        new[1],
        old[2] * decay_exc + old[4] * growth_exc,
        old[3] * decay_inh + old[5] * growth_inh,
        old[4] * decay_exc + jump_exc * x[0],
        old[5] * decay_inh + jump_inh * x[1],
        max(new[6] - 1.0, 0.0),
        new[7],
    )


AEIF_COND_ALPHA = Model(
    name="aeif_cond_alpha",
    parameters=_PARAMETERS,
    state={
        "v": -70.6,
        "w": 0.0,
        "gsyn_exc": 0.0,
        "gsyn_inh": 0.0,
        "_slope_exc": 0.0,
        "_slope_inh": 0.0,
        "_refractory": 0.0,
        "_spikes": 0.0,
        "_part": 1.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    attempt=_alpha_attempt,
    fires=_alpha_fires,
    finish=_alpha_finish,
)
