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

Method      The classical Runge-Kutta method of order 4; the error is estimated by the difference to an
            embedded method of order 3, which needs the slopes at the end of a step, with which the next
            one begins (Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, II.4).
            One step for a time step where the estimate allows, else several (adaptive.py); the
            conductances of the synapses are exact. Rates at the second midpoint, and those at the end,
            follow linearly from the rates at the first midpoint and at the method's last node, of which
            v is a difference of second and third order away: an error of fifth order and less.

Source      Traub & Miles 1991, Neuronal Networks of the Hippocampus; the variant of Brette et al. 2007,
            J. Comput. Neurosci. 23:349-398, appendix 2 (benchmark 3).

Units       ms, mV, nF, uS, nA.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from ..compiling.lowlevel import added, fma, moved
from .kernel import Model

THRESHOLD = 10.0  # mV

# Estimated error of one Runge-Kutta step above which it is repeated with smaller steps, chosen so that
# spike times come out at least as exact as NEST's, see the tests. Shorter time steps are for those who
# want smaller errors: for them tolerances shrink, nearly as fast as the estimate does.
TOLERANCE_DT = 0.1  # ms
TOLERANCE_V = 4e-4  # mV, and this much for each mV by which v changes:
TOLERANCE_CHANGE = 1e-4
TOLERANCE_M = 1e-5
TOLERANCE_CLOSED_M = 2e-4  # where m is 0, and between the two as the sodium current's need of m grows, by
WEIGHT_OF_M = 8e6  # m**2
TOLERANCE_H_N = 7e-6  # less, since errors of the slow gates last until the next spike
WEIGHT_OF_CURVATURE = 1000.0  # 1/ms/mV**2: of what rates that follow linearly lack

# Rates are taken at the nearest u in this range (mV). Outside, every gate is open or closed to within
# 1e-10, and its time constant of no interest, but too short for an explicit method.
LOWEST_U = -100.0
HIGHEST_U = 200.0

# Powers of exp((40 - u)/720) times these are the exponentials of the rates.
_E_M = float(np.exp((13 - 40) / 4))
_E_N = float(np.exp(-5))
_ALPHA_H = float(0.128 * np.exp((17 - 40) / 18))
_BETA_N = float(0.5 * np.exp((10 - 40) / 40))

# Makes x/(exp(x) - 1), taken as (x d + TINY)/(d**2 + TINY) with d = exp(x) - 1, regular at 0; changes it by
# 2e-7 for |x| < 1e-5, by less than 1e-9 for |x| > 1e-3.
TINY = 1e-13


@inlined
def _exp_small(y):
    """e**y for |y| < 0.25, by its series to order 10: relative error 1e-14."""
    y2 = y * y
    y4 = y2 * y2
    low = fma(fma(1 / 6, y, 0.5), y2, 1.0 + y)
    middle = fma(fma(1 / 5040, y, 1 / 720), y2, fma(1 / 120, y, 1 / 24))
    high = fma(1 / 3628800, y2, fma(1 / 362880, y, 1 / 40320))
    return fma(fma(high, y4, middle), y4, low)


@inlined
def rates(u):
    """Opening and closing rates (1/ms) alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n, and their
    derivatives by u (1/ms/mV)."""
    u = LOWEST_U if u < LOWEST_U else u
    u = HIGHEST_U if u > HIGHEST_U else u
    # All exponentials are powers of one number: exp(-u/18), /40, /4 and /5 its 40th, 18th, 180th, 144th.
    p1 = _exp_small(fma(u, -1 / 720, 40 / 720))
    p2 = p1 * p1
    p4 = p2 * p2
    p16 = (p4 * p4) * (p4 * p4)
    p18 = p16 * p2
    p36 = p18 * p18
    p40 = p36 * p4
    p144 = (p36 * p36) * (p36 * p36)
    p180 = p144 * p36
    linoid_x, slope_x = _linoid(fma(u, -1 / 4, 13 / 4), fma(_E_M, p180, -1.0))
    linoid_y, slope_y = _linoid(fma(u, -1 / 5, 8.0), p144 - 1.0)
    linoid_z, slope_z = _linoid(fma(u, -1 / 5, 3.0), fma(_E_N, p144, -1.0))
    alpha_h = _ALPHA_H * p40
    beta_h = 4.0 / (1.0 + p144)
    beta_n = _BETA_N * p18
    return (
        (1.28 * linoid_x, 1.4 * linoid_y * p144, alpha_h, beta_h, 0.16 * linoid_z, beta_n),
        (
            -0.32 * slope_x,
            fma(-0.28, slope_y, -0.28),
            alpha_h * (-1 / 18),
            beta_h * fma(-0.05, beta_h, 0.2),
            -0.032 * slope_z,
            beta_n * (-1 / 40),
        ),
    )


@inlined
def _linoid(x, d):
    """x/d, where d = exp(x) - 1, and its derivative by x."""
    per = 1.0 / fma(d, d, TINY)
    linoid = fma(x, d, TINY) * per
    return linoid, fma(-linoid, d, 1.0 - linoid) * (d * per)


@inlined
def _gate_slopes(gate_rates, m, h, n):
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = gate_rates
    return (
        fma(-(alpha_m + beta_m), m, alpha_m),
        fma(-(alpha_h + beta_h), h, alpha_h),
        fma(-(alpha_n + beta_n), n, alpha_n),
    )


@inlined
def _membrane_slope(c, y, a_exc, a_inh, drive):
    """dv/dt. Conductances are over cm (1/ms); `drive` is i/cm (mV/ms)."""
    a_na, a_k, a_leak, e_na, e_k, e_exc, e_inh = c
    v, m, h, n = y
    na = a_na * (m * m) * (m * h)
    k = a_k * (n * n) * (n * n)
    total = a_leak + na + k + a_exc + a_inh
    inward = fma(na, e_na, fma(k, e_k, fma(a_exc, e_exc, fma(a_inh, e_inh, drive))))
    return fma(-total, v, inward)


@inlined
def _slope(c, y, gate_rates, a_exc, a_inh, drive):
    """dy/dt of y = (v, m, h, n), of which the rates are given; other arguments as of `_membrane_slope`."""
    return (_membrane_slope(c, y, a_exc, a_inh, drive), *_gate_slopes(gate_rates, y[1], y[2], y[3]))


_ONCE = (1.0,)


@inlined
def _attempt(c, s, x, part):
    dt, per_cm, drive, v_offset, rate_exc, rate_inh, _, _ = c[:8]
    membrane = c[8:15]
    v, g_exc, g_inh, h, m, n, slope_m, slope_h, slope_n = s
    span = part * dt
    drive = fma(x[2], per_cm, drive)
    exc = g_exc * per_cm
    inh = g_inh * per_cm
    half = 0.5 * span
    exc_half = exp(-half * rate_exc)
    inh_half = exp(-half * rate_inh)
    exc_whole = exc_half * exc_half
    inh_whole = inh_half * inh_half
    y = (v, m, h, n)
    k1 = (_membrane_slope(membrane, y, exc, inh, drive), slope_m, slope_h, slope_n)
    y2 = moved(y, half, _ONCE, (k1,))
    rates_2, by_v = rates(y2[0] - v_offset)
    k2 = _slope(membrane, y2, rates_2, exc * exc_half, inh * inh_half, drive)
    y3 = moved(y, half, _ONCE, (k2,))
    rates_3 = moved(rates_2, y3[0] - y2[0], _ONCE, (by_v,))
    k3 = _slope(membrane, y3, rates_3, exc * exc_half, inh * inh_half, drive)
    y4 = moved(y, span, _ONCE, (k3,))
    rates_4, by_v = rates(y4[0] - v_offset)
    k4 = _slope(membrane, y4, rates_4, exc * exc_whole, inh * inh_whole, drive)
    sums = moved(added(k1, k4), 2.0, _ONCE, (added(k2, k3),))
    end = moved(y, (1 / 3) * half, _ONCE, (sums,))
    rates_end = moved(rates_4, end[0] - y4[0], _ONCE, (by_v,))
    k5 = _slope(membrane, end, rates_end, exc * exc_whole, inh * inh_whole, drive)
    new_v, new_m, new_h, new_n = end
    # The difference to an embedded method of order 3. A sum, not a maximum, so that NaN in any stays.
    error = WEIGHT_OF_CURVATURE * span * (y3[0] - y2[0]) ** 2 + (part * c[15]) * (
        abs(k4[0] - k5[0]) / fma(TOLERANCE_CHANGE, abs(new_v - v), TOLERANCE_V)
        + abs(k4[1] - k5[1]) * min(fma(WEIGHT_OF_M, m * m, 1 / TOLERANCE_CLOSED_M), 1 / TOLERANCE_M)
        + (abs(k4[2] - k5[2]) + abs(k4[3] - k5[3])) * (1 / TOLERANCE_H_N)
    )
    new = (new_v, g_exc * exc_whole, g_inh * inh_whole, new_h, new_m, new_n, k5[1], k5[2], k5[3])
    return new, error


@inlined
def _refresh(c, s):
    v, g_exc, g_inh, h, m, n, _, _, _ = s
    slope_m, slope_h, slope_n = _gate_slopes(rates(v - c[3])[0], m, h, n)
    return v, g_exc, g_inh, h, m, n, slope_m, slope_h, slope_n


@inlined
def _fires(c, old, new):
    return (old[0] < THRESHOLD) & (new[0] >= THRESHOLD)


@inlined
def _finish(c, old, new, x):
    # The conductances from the beginning of the step, with no error from its parts.
    return (new[0], fma(old[1], c[6], x[0]), fma(old[2], c[7], x[1]), *new[3:])


def _constants(p, dt):
    cm = p["cm"]
    return (
        dt,
        1 / cm,
        (p["g_leak"] * p["e_rev_leak"] + p["i_offset"]) / cm,
        p["v_offset"],
        1 / p["tau_syn_E"],
        1 / p["tau_syn_I"],
        np.exp(-dt / p["tau_syn_E"]),
        np.exp(-dt / p["tau_syn_I"]),
        p["gbar_Na"] / cm,
        p["gbar_K"] / cm,
        p["g_leak"] / cm,
        p["e_rev_Na"],
        p["e_rev_K"],
        p["e_rev_E"],
        p["e_rev_I"],
        0.1 * dt * max(1.0, (TOLERANCE_DT / dt) ** 3),
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
        "_slope_m": 0.0,
        "_slope_h": 0.0,
        "_slope_n": 0.0,
        "_part": -1.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    attempt=_attempt,
    fires=_fires,
    finish=_finish,
    refresh=_refresh,
)
