"""
From neural activity to blood flow, volume and deoxyhaemoglobin, and to the BOLD signal, by Euler steps.

Each region has four state variables: signal s, inflow f, volume v and deoxyhaemoglobin q (Friston et al.
2000, NeuroImage 12, 466). Time is in seconds here.
"""

import numpy as np

from .compiling.addresses import address_of
from .compiling.compile import entry, inlined
from .compiling.elementary import power
from .compiling.lowlevel import float64_at

# Places of parameters.
PHI, KAPPA, GAMMA, E_0, TAU, ALPHA, V_0, K_1, K_2, K_3, N_PARAMETERS = range(11)
LEAST = 0.01  # of f, q and v in the balloon model: keeps powers of them finite
SOFTENED = 1e-120  # of f in the Balloon-Windkessel model


@inlined
def _extracted(f, e_0):
    """The fraction of oxygen that is taken from blood that flows at f."""
    return 1.0 - power(1.0 - e_0, 1.0 / f)


@entry(7)
def _balloon(activity_at, n_samples, n, bold_at, each, parameters_at, dt_at):
    """Stephan et al. (2007), NeuroImage 38, 387, equations 1 and 2; the linear equation if K_1 is negative.

    activity   float64 [n_samples, n]
    bold       float64 [(n_samples - 1) // each + 1, n]: of every `each`-th sample
    """
    p = float64_at(parameters_at, N_PARAMETERS)
    dt = float64_at(dt_at, 1)[0]
    linear = p[K_1] < 0.0
    k_1 = -p[K_1] if linear else p[K_1]
    per_alpha = 1.0 / p[ALPHA]
    for i in range(n):
        s, f, q, v = 0.0, 1.0, 1.0, 1.0
        for k in range(n_samples):
            if k % each == 0:
                if linear:
                    change = (k_1 + p[K_2]) * (1.0 - q) + (p[K_3] - p[K_2]) * (1.0 - v)
                else:
                    change = k_1 * (1.0 - q) + p[K_2] * (1.0 - q / v) + p[K_3] * (1.0 - v)
                float64_at(bold_at + 8 * ((k // each) * n + i), 1)[0] = p[V_0] * change
            z = float64_at(activity_at + 8 * (k * n + i), 1)[0]
            ds = p[PHI] * z - p[KAPPA] * s - p[GAMMA] * (f - 1.0)
            f = max(f + dt * s, LEAST)
            s += dt * ds
            out = max(power(v, per_alpha), LEAST)
            dq = f * _extracted(f, p[E_0]) / p[E_0] - q / v * out
            v = max(v + dt / p[TAU] * (f - out), LEAST)
            q = max(q + dt / p[TAU] * dq, LEAST)
    return 0


@entry(7)
def _windkessel(activity_at, n_samples, n, bold_at, each, parameters_at, dt_at):
    """Friston et al. (2003), NeuroImage 19, 1273, equation 3. Arguments as for `_balloon`."""
    p = float64_at(parameters_at, N_PARAMETERS)
    dt = float64_at(dt_at, 1)[0]
    per_alpha = 1.0 / p[ALPHA]
    for i in range(n):
        s, f, q, v = 1.0, 1.0, 1.0, 1.0
        for k in range(n_samples):
            if k % each == 0:
                change = p[K_1] * (1.0 - q) + p[K_2] * (1.0 - q / v) + p[K_3] * (1.0 - v)
                float64_at(bold_at + 8 * ((k // each) * n + i), 1)[0] = p[V_0] * change
            z = float64_at(activity_at + 8 * (k * n + i), 1)[0]
            s += dt * (p[PHI] * z - p[KAPPA] * s - p[GAMMA] * (f - 1.0))
            q += dt / p[TAU] * (f * _extracted(f, p[E_0]) / p[E_0] - q * power(v, per_alpha - 1.0))
            v += dt / p[TAU] * (f - power(v, per_alpha))
            f = max(f + dt * s, SOFTENED)
    return 0


def bold(model, activity, dt, each, parameters):
    """The BOLD signal of each region: float64 [samples, regions].

    model        `balloon` or `windkessel`
    activity     float64 [samples, regions]
    dt           s, between samples
    each         one in so many samples is wanted
    parameters   float64 [N_PARAMETERS], s and 1/s; for the linear equation with -k_1
    """
    activity = np.ascontiguousarray(activity, dtype=np.float64)
    n_samples, n = activity.shape
    result = np.zeros((max(n_samples - 1, 0) // each + (n_samples > 0), n))
    parameters, step = np.array(parameters, dtype=np.float64), np.array([float(dt)])
    if result.size:
        model(
            address_of(activity),
            n_samples,
            n,
            address_of(result),
            each,
            address_of(parameters),
            address_of(step),
        )
    return result


balloon, windkessel = _balloon, _windkessel
