"""
Hodgkin-Huxley neuron with the kinetics of Traub & Miles and conductance-based synapses.

Equations   cm dv/dt = gbar_Na m**3 h (e_rev_Na - v) + gbar_K n**4 (e_rev_K - v)
                       + g_leak (e_rev_leak - v) + gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)
                       + i_offset + i_injected
            dx/dt = alpha_x(u) (1 - x) - beta_x(u) x        x = m, h, n;  u = v - v_offset; in 1/ms:

            alpha_m = 0.32 (13 - u)/(exp((13 - u)/4) - 1)   beta_m = 0.28 (u - 40)/(exp((u - 40)/5) - 1)
            alpha_h = 0.128 exp((17 - u)/18)                beta_h = 4/(1 + exp((40 - u)/5))
            alpha_n = 0.032 (15 - u)/(exp((15 - u)/5) - 1)  beta_n = 0.5 exp((10 - u)/40)

            tau_syn dgsyn/dt = -gsyn; a spike adds its weight (uS) to gsyn.

Spikes      v rises through 10 mV in (t_{k-1}, t_k]: the threshold of pyNN.neuron. There is no reset and
            no dead time. Other simulators define a spike of the same trajectory otherwise: NEST where v
            begins to fall above v_offset + 30 mV, a few tenths of a millisecond later, and then not
            again for 2 ms; pyNN.brian2 at every step with v > -40 mV, so several times a spike.

Method      Explicit Runge-Kutta of order 5 with an embedded error estimate of order 4 (Dormand & Prince
            1980, J. Comput. Appl. Math. 6:19-26), one step for a time step where the estimate allows,
            else several (kernel.py); the conductances of the synapses are exact at its nodes.

Source      Traub & Miles 1991, Neuronal Networks of the Hippocampus; the variant of Brette et al. 2007,
            J. Comput. Neurosci. 23:349-398, appendix 2 (benchmark 3).

Units       ms, mV, nF, uS, nA.
"""

import numpy as np

from ..compile import inlined
from ..fastmath import exp
from ..kernel import Model
from ..lowlevel import fma

THRESHOLD = 10.0  # mV

# Estimated error of one Runge-Kutta step above which it is repeated with smaller steps.
TOLERANCE_V = 1e-3  # mV
TOLERANCE_GATE = 1e-4

# Rates are taken at the nearest u in this range (mV). Outside, every gate is open or closed to within
# 1e-10 and its time constant without interest, but too short for an explicit method.
LOWEST_U = -100.0
HIGHEST_U = 200.0

_E_13_4 = float(np.exp(13 / 4))
_E_8 = float(np.exp(8))
_E_MINUS_5 = float(np.exp(-5))
_ALPHA_H = float(0.128 * np.exp(17 / 18))
_BETA_N = float(0.5 * np.exp(1 / 4))


@inlined
def _powers(base):
    """base**20, **9, **90 and **72."""
    p2 = base * base
    p4 = p2 * p2
    p8 = p4 * p4
    p9 = p8 * base
    p18 = p9 * p9
    p72 = (p18 * p18) * (p18 * p18)
    return (p8 * p8) * p4, p9, p72 * p18, p72


@inlined
def rates(u):
    """Opening and closing rates (1/ms) of the gates: alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n."""
    u = LOWEST_U if u < LOWEST_U else u
    u = HIGHEST_U if u > HIGHEST_U else u
    # exp(-u/18), exp(-u/40), exp(-u/4) and exp(-u/5) are powers of one number.
    e_18, e_40, e_4, e_5 = _powers(exp(u * (-1 / 360)))
    x = (13.0 - u) * (1 / 4)
    y = (40.0 - u) * (1 / 5)
    z = y - 5.0
    exp_y = _E_8 * e_5
    # exp(x) - 1 and so on, or 1 where these vanish. Four quotients from one division: with
    # a = 1/((d_m c_m) (d_n c_h)), 1/d_m = a (d_n c_h) c_m, ...
    near_x, near_y, near_z = abs(x) < 1e-3, abs(y) < 1e-3, abs(z) < 1e-3
    d_m = 1.0 if near_x else fma(_E_13_4, e_4, -1.0)
    c_m = 1.0 if near_y else exp_y - 1.0
    d_n = 1.0 if near_z else fma(_E_MINUS_5, exp_y, -1.0)
    c_h = 1.0 + exp_y
    of_m = d_m * c_m
    of_nh = d_n * c_h
    inverse = 1.0 / (of_m * of_nh)
    inverse_m = inverse * of_nh
    inverse_nh = inverse * of_m
    # x/(exp(x) - 1), with its series 1 - x/2 + x**2/12 near 0; for beta_m at -y.
    f_x = fma(fma(x, 1 / 12, -0.5), x, 1.0) if near_x else x * (inverse_m * c_m)
    f_y = fma(fma(y, 1 / 12, 0.5), y, 1.0) if near_y else y * exp_y * (inverse_m * d_m)
    f_z = fma(fma(z, 1 / 12, -0.5), z, 1.0) if near_z else z * (inverse_nh * c_h)
    return (
        1.28 * f_x,
        1.4 * f_y,
        _ALPHA_H * e_18,
        4.0 * (inverse_nh * d_n),
        0.16 * f_z,
        _BETA_N * e_40,
    )


@inlined
def _slope(c, y, a_exc, a_inh, drive):
    """dy/dt of y = (v, m, h, n). Conductances are over cm (1/ms); `drive` is i/cm (mV/ms)."""
    v_offset, e_na, e_k, e_exc, e_inh, a_na, a_k, a_leak = c
    v, m, h, n = y
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = rates(v - v_offset)
    na = a_na * (m * m) * (m * h)
    k = a_k * (n * n) * (n * n)
    total = a_leak + na + k + a_exc + a_inh
    inward = fma(na, e_na, fma(k, e_k, fma(a_exc, e_exc, fma(a_inh, e_inh, drive))))
    return (
        fma(-total, v, inward),
        fma(-(alpha_m + beta_m), m, alpha_m),
        fma(-(alpha_h + beta_h), h, alpha_h),
        fma(-(alpha_n + beta_n), n, alpha_n),
    )


@inlined
def _sum_2(w, k):
    return fma(w[1], k[1], w[0] * k[0])


@inlined
def _sum_3(w, k):
    return fma(w[2], k[2], _sum_2(w, k))


@inlined
def _sum_4(w, k):
    return fma(w[3], k[3], _sum_3(w, k))


@inlined
def _sum_5(w, k):
    return fma(w[4], k[4], _sum_4(w, k))


@inlined
def _sum_6(w, k):
    return fma(w[5], k[5], _sum_5(w, k))


# The Dormand-Prince tableau: weights of the slopes for the state at nodes 2 to 6 and at the end (where
# the second slope has no weight), and for the error.
_NODE_3 = (3 / 40, 9 / 40)
_NODE_4 = (44 / 45, -56 / 15, 32 / 9)
_NODE_5 = (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729)
_NODE_6 = (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656)
_END = (35 / 384, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
_ERROR = (71 / 57600, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


@inlined
def _node_decays(span):
    """exp(-node span) for the nodes 1/5, 3/10, 4/5, 8/9 and 1, which are multiples of 1/90."""
    p1 = exp(span * (-1 / 90))
    p2 = p1 * p1
    p4 = p2 * p2
    p8 = p4 * p4
    p9 = p8 * p1
    p18 = p9 * p9
    p36 = p18 * p18
    p72 = p36 * p36
    return p18, p18 * p9, p72 * p8, p72, p72 * p18


@inlined
def _attempt(c, s, x, part):
    (
        dt, per_cm, v_offset, e_na, e_k, e_exc, e_inh, a_na, a_k, a_leak, leak_and_offset,
        rate_exc, rate_inh,
    ) = c  # fmt: skip
    v, g_exc, g_inh, h, m, n, crossed, begin = s
    membrane = (v_offset, e_na, e_k, e_exc, e_inh, a_na, a_k, a_leak)
    step = part * dt
    drive = fma(x[2], per_cm, leak_and_offset)
    exc_2, exc_3, exc_4, exc_5, exc_6 = _node_decays(step * rate_exc)
    inh_2, inh_3, inh_4, inh_5, inh_6 = _node_decays(step * rate_inh)
    a_exc = g_exc * per_cm
    a_inh = g_inh * per_cm

    v1, m1, h1, n1 = _slope(membrane, (v, m, h, n), a_exc, a_inh, drive)
    fifth = 0.2 * step
    y = (fma(fifth, v1, v), fma(fifth, m1, m), fma(fifth, h1, h), fma(fifth, n1, n))
    v2, m2, h2, n2 = _slope(membrane, y, a_exc * exc_2, a_inh * inh_2, drive)
    y = (
        fma(step, _sum_2(_NODE_3, (v1, v2)), v),
        fma(step, _sum_2(_NODE_3, (m1, m2)), m),
        fma(step, _sum_2(_NODE_3, (h1, h2)), h),
        fma(step, _sum_2(_NODE_3, (n1, n2)), n),
    )
    v3, m3, h3, n3 = _slope(membrane, y, a_exc * exc_3, a_inh * inh_3, drive)
    y = (
        fma(step, _sum_3(_NODE_4, (v1, v2, v3)), v),
        fma(step, _sum_3(_NODE_4, (m1, m2, m3)), m),
        fma(step, _sum_3(_NODE_4, (h1, h2, h3)), h),
        fma(step, _sum_3(_NODE_4, (n1, n2, n3)), n),
    )
    v4, m4, h4, n4 = _slope(membrane, y, a_exc * exc_4, a_inh * inh_4, drive)
    y = (
        fma(step, _sum_4(_NODE_5, (v1, v2, v3, v4)), v),
        fma(step, _sum_4(_NODE_5, (m1, m2, m3, m4)), m),
        fma(step, _sum_4(_NODE_5, (h1, h2, h3, h4)), h),
        fma(step, _sum_4(_NODE_5, (n1, n2, n3, n4)), n),
    )
    v5, m5, h5, n5 = _slope(membrane, y, a_exc * exc_5, a_inh * inh_5, drive)
    y = (
        fma(step, _sum_5(_NODE_6, (v1, v2, v3, v4, v5)), v),
        fma(step, _sum_5(_NODE_6, (m1, m2, m3, m4, m5)), m),
        fma(step, _sum_5(_NODE_6, (h1, h2, h3, h4, h5)), h),
        fma(step, _sum_5(_NODE_6, (n1, n2, n3, n4, n5)), n),
    )
    a_exc, a_inh = a_exc * exc_6, a_inh * inh_6
    v6, m6, h6, n6 = _slope(membrane, y, a_exc, a_inh, drive)
    new_v = fma(step, _sum_5(_END, (v1, v3, v4, v5, v6)), v)
    new_m = fma(step, _sum_5(_END, (m1, m3, m4, m5, m6)), m)
    new_h = fma(step, _sum_5(_END, (h1, h3, h4, h5, h6)), h)
    new_n = fma(step, _sum_5(_END, (n1, n3, n4, n5, n6)), n)
    v7, m7, h7, n7 = _slope(membrane, (new_v, new_m, new_h, new_n), a_exc, a_inh, drive)
    error_v = abs(_sum_6(_ERROR, (v1, v3, v4, v5, v6, v7)))
    error_m = abs(_sum_6(_ERROR, (m1, m3, m4, m5, m6, m7)))
    error_h = abs(_sum_6(_ERROR, (h1, h3, h4, h5, h6, h7)))
    error_n = abs(_sum_6(_ERROR, (n1, n3, n4, n5, n6, n7)))
    # A sum, not a maximum: NaN in any of them stays.
    error = step * ((error_m + error_h + error_n) * (1 / TOLERANCE_GATE) + error_v * (1 / TOLERANCE_V))
    crossed = 1.0 if (v < THRESHOLD) & (new_v >= THRESHOLD) else crossed
    return (new_v, g_exc * exc_6, g_inh * inh_6, new_h, new_m, new_n, crossed, begin), error


@inlined
def _finish(c, s, x):
    v, g_exc, g_inh, h, m, n, crossed, begin = s
    return (v, g_exc + x[0], g_inh + x[1], h, m, n, 0.0, begin), crossed > 0.0


def _constants(p, dt):
    cm = p["cm"]
    return (
        dt,
        1 / cm,
        p["v_offset"],
        p["e_rev_Na"],
        p["e_rev_K"],
        p["e_rev_E"],
        p["e_rev_I"],
        p["gbar_Na"] / cm,
        p["gbar_K"] / cm,
        p["g_leak"] / cm,
        (p["g_leak"] * p["e_rev_leak"] + p["i_offset"]) / cm,
        1 / p["tau_syn_E"],
        1 / p["tau_syn_I"],
    )


HH_COND_EXP = Model(
    name="hh_cond_exp",
    parameters=(
        "gbar_Na",
        "gbar_K",
        "g_leak",
        "cm",
        "v_offset",
        "e_rev_Na",
        "e_rev_K",
        "e_rev_leak",
        "e_rev_E",
        "e_rev_I",
        "tau_syn_E",
        "tau_syn_I",
        "i_offset",
    ),
    state={
        "v": -65.0,
        "gsyn_exc": 0.0,
        "gsyn_inh": 0.0,
        "h": 1.0,
        "m": 0.0,
        "n": 0.0,
        "_crossed": 0.0,
        "_part": 1.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    attempt=_attempt,
    finish=_finish,
)
