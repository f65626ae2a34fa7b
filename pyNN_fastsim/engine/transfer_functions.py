"""
What a population of exponential integrate-and-fire neurons does with noisy input: its rate, mean potential,
and how fast the rate follows the mean of the input.

tau_m dV/dt = E_L - V + Delta_T exp((V - V_T) / Delta_T) + tau_m (mu + sigma xi(t)); at V_s a spike, then V_r
after T_ref. The density p of V and the flux q through it obey, in the steady state and for what a small
modulation of mu at the frequency s / (2 pi i) makes of them,

    p' = 2 / sigma**2 (f(V) p - q + p_0 of the modulated), q' = -s p

with f(V) the drift. Both are integrated from V_s, where p = 0, down to a V where nothing ever is; q jumps by
what is fired at V_r, and must vanish at the end, which says what is fired (Richardson 2007).

The filter between mu and rate is replaced by one of first order: tau is what makes the integral of
|1 / (1 + i w tau) - r_1(w) / r_1(0)|**2 from 0 to 1 kHz smallest (Augustin et al. 2017, "LNexp"). Where noise
is weak, r_1 has narrow peaks at multiples of the rate. It is analytic to the right of the imaginary axis, so
that the one part of the integral which depends on both is taken over a path there, on which it is smooth.

Method      exponentials of the drift at the middle of each interval, of second order; from two grids, of
            which one is twice as fine, the limit for infinitely fine ones (Richardson's extrapolation)

Source      Richardson 2007, Phys. Rev. E 76, 021919; Augustin, Ladenbauer, Baumann & Obermayer 2017, PLoS
            Comput. Biol. 13, e1005545

Units       ms, mV, kHz
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .compiling.addresses import address_of
from .compiling.compile import entry, inlined, jit, vectorised
from .compiling.elementwise import fill
from .compiling.fastmath import exp
from .compiling.lowlevel import float64_at, floats2_at, int64_at

HIGHEST = 2.0 * np.pi  # 1/ms: 1 kHz
N_POINTS = 48  # of the path
ASIDE = 0.7  # how far the path goes to the right, relative to how far it goes up
NEAR_0 = 1e-4  # 1/ms, a frequency that stands for 0
WIDTH = 0.1  # mV, from one V to the next on the coarser grid, above V_r
SCALE = 30.0  # mV below V_r, over which the distance begins to grow
FILTERS = 100.0, 0.01, 200  # ms: the slowest and fastest that are tried, and how many at first

# The words of what the compiled part is told: addresses, but for the first two.
N_POTENTIALS, RESET, N_MEANS, POTENTIALS, CONSTANTS, MEANS, DENSITY, PATH, WORK, RESULT, WORDS = range(11)
TAU_M, E_L, V_T, DELTA_T, T_REF, SPREAD = range(6)  # places of constants


def _path():
    """Points s (1/ms) from 0 to i HIGHEST, the first of which stands for 0, and the weights of an integral
    over the frequency."""
    x, weights = np.polynomial.legendre.leggauss(N_POINTS)
    u, weights = 0.5 * (x + 1.0), 0.5 * weights
    # Dense near 0, where slow filters are; away from the real axis, on which 1 / (1 - s tau) has its pole.
    s = HIGHEST * u**3 * (1j + ASIDE * (1.0 - u))
    slope = HIGHEST * (3.0 * u**2 * (1j + ASIDE * (1.0 - u)) - ASIDE * u**3)
    return np.concatenate([[1j * NEAR_0], s]), weights * slope / (2j * np.pi)


def _potentials(neuron, lowest, width):
    """Values of V (mV, ascending), and the index of V_r; the distance grows below that."""
    above = np.linspace(neuron["Vr"], neuron["Vs"], round((neuron["Vs"] - neuron["Vr"]) / width) + 1)
    depth = np.arcsinh((neuron["Vr"] - lowest) / SCALE)
    n = int(np.ceil(depth * SCALE / width))
    below = neuron["Vr"] - SCALE * np.sinh(depth * np.arange(n, 0, -1) / n)
    return np.concatenate([below, above]), n


@inlined
def _across(v, k, mu, c):
    """For the interval from V[k] down to V[k - 1], in which the drift is held: what p at V[k], and a flux of
    1, give of p at V[k - 1], and of the integral of p in between."""
    middle, width = 0.5 * (v[k] + v[k - 1]), v[k] - v[k - 1]
    upwards = mu + (c[E_L] - middle + c[DELTA_T] * exp((middle - c[V_T]) / c[DELTA_T])) / c[TAU_M]
    per_noise = 2.0 * width / (c[SPREAD] * c[SPREAD])
    x = -per_noise * upwards
    factor = exp(x)
    is_small = abs(x) < 1e-4
    once = 1.0 + x * (0.5 + x / 6.0) if is_small else (factor - 1.0) / x
    twice = 0.5 + x * (1.0 / 6.0 + x / 24.0) if is_small else (once - 1.0) / x
    return factor, per_noise * once, width * once, width * per_noise * twice


@jit
def _steady(v, reset, mu, c, p):
    """Fill p, for a flux of 1, with the mean between V[k - 1] and V[k]; returns its integral, and that of
    V p."""
    total, moment, density = 0.0, 0.0, 0.0
    for k in range(len(v) - 1, 0, -1):
        factor, added, held, gained = _across(v, k, mu, c)
        flux = 1.0 if k > reset else 0.0
        integral = density * held + flux * gained
        below = density * factor + flux * added
        width = v[k] - v[k - 1]
        p[k] = integral / width
        total += integral
        moment += 0.5 * (v[k] + v[k - 1]) * integral + width * width / 12.0 * (density - below)
        density = below
    return total, moment


@vectorised
def _down(factor, added, held, gained, source, s_re, s_im, q_re, q_im, p_re, p_im):
    """Take flux and density for all s across an interval, with the flux in its middle."""
    for j in range(len(s_re)):
        q, r, p, o = q_re[j], q_im[j], p_re[j], p_im[j]
        re, im = held * p + gained * (q - source), held * o + gained * r  # integral of p
        x = q + 0.5 * (s_re[j] * re - s_im[j] * im) - source
        y = r + 0.5 * (s_re[j] * im + s_im[j] * re)
        re, im = held * p + gained * x, held * o + gained * y
        p_re[j], p_im[j] = p * factor + added * x, o * factor + added * y
        q_re[j], q_im[j] = q + s_re[j] * re - s_im[j] * im, r + s_re[j] * im + s_im[j] * re


@jit
def _response(v, reset, mu, c, p, per_flux, path, work):
    """What a modulation of mu by 1 makes of the rate without refractory period, for all s: [9, s] has it
    in its first two rows.

    path   float64 [4, s]: s, and what becomes of a spike until it is at V_r, real and imaginary parts
    work   float64 [8, s]: q and p of what a flux of 1 at V_s brings, and of what the modulation does
    """
    for row in work:
        fill(row, 0.0)
    fill(work[0], 1.0)
    for k in range(len(v) - 1, 0, -1):
        if k == reset:
            for j in range(len(path[0])):
                work[0, j] -= path[2, j]
                work[1, j] -= path[3, j]
        factor, added, held, gained = _across(v, k, mu, c)
        source = per_flux * p[k]
        _down(factor, added, held, gained, 0.0, path[0], path[1], work[0], work[1], work[2], work[3])
        _down(factor, added, held, gained, source, path[0], path[1], work[4], work[5], work[6], work[7])


@entry(1)
def _column(words_at):
    """Rates, potentials and responses for all means and one standard deviation.

    RESULT   float64 [means, 2 + 2 s]: rate, mean potential, real and imaginary parts of the response
    """
    w = int64_at(words_at, WORDS)
    n, n_s = w[N_POTENTIALS], N_POINTS + 1
    v, c, p = float64_at(w[POTENTIALS], n), float64_at(w[CONSTANTS], 6), float64_at(w[DENSITY], n)
    path, work = floats2_at(w[PATH], 4, n_s), floats2_at(w[WORK], 8, n_s)
    means, result = float64_at(w[MEANS], w[N_MEANS]), floats2_at(w[RESULT], w[N_MEANS], 2 + 2 * n_s)
    for i in range(len(means)):
        total, moment = _steady(v, w[RESET], means[i], c, p)
        result[i, 0], result[i, 1] = 1.0 / (total + c[T_REF]), moment / total
        _response(v, w[RESET], means[i], c, p, 1.0 / (total + c[T_REF]), path, work)
        for j in range(n_s):
            large = max(abs(work[0, j]), abs(work[1, j]))  # so that squares are finite, too
            a, b, x, y = work[0, j] / large, work[1, j] / large, work[4, j], work[5, j]
            size = large * (a * a + b * b)
            result[i, 2 + j] = -(x * a + y * b) / size
            result[i, 2 + n_s + j] = -(y * a - x * b) / size
    return 0


def _columns(neuron, means, spreads, width, threads):
    """What `_column` finds: float64 [spreads, means, 2 + 2 s]."""
    tau = neuron["C"] / neuron["gL"]
    deepest = min(neuron["EL"] + tau * min(means.min(), 0.0), neuron["Vr"])
    v, reset = _potentials(neuron, deepest - 7.0 * spreads.max() * np.sqrt(tau / 2.0), width)
    s, _ = _path()
    after = np.exp(-s * neuron["Tref"])
    path = np.array([s.real, s.imag, after.real, after.imag])
    result = np.zeros((len(spreads), len(means), 2 + 2 * len(s)))

    def column(k):
        constants = np.array([tau, *(neuron[name] for name in ("EL", "VT", "DeltaT", "Tref")), spreads[k]])
        arrays = v, constants, means, np.zeros(len(v)), path, np.zeros((8, len(s))), result[k]
        words = np.array([len(v), reset, len(means), *map(address_of, arrays)], dtype=np.int64)
        _column(address_of(words))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(column, range(len(spreads))))
    return result


def _time_constant(response, s, weights):
    """The filter of first order, ms, that is next to a response, complex [s], of which the first is at 0."""
    response = weights * response[1:] / response[0].real

    def mismatch(tau):
        """But for what does not depend on tau."""
        tau = np.atleast_1d(tau)
        own = np.arctan(HIGHEST * tau) / (2.0 * np.pi * tau)
        return own - 2.0 * (1.0 / (1.0 - np.multiply.outer(tau, s[1:])) @ response).real

    slowest, fastest, n = FILTERS
    for _ in range(4):
        tried = np.geomspace(fastest, slowest, n)
        k = int(np.argmin(mismatch(tried)))
        fastest, slowest, n = tried[max(k - 1, 0)], tried[min(k + 1, n - 1)], 50
    return tried[k]


def transfer_functions(neuron, means, spreads, threads=1):
    """Rate (kHz), mean potential (mV) and time constant (ms): float64 [means, spreads] each.

    neuron   C (pF), gL (nS), EL, VT, DeltaT, Vs, Vr (mV) and Tref (ms), by name
    means    float64, mV/ms
    spreads  standard deviations: float64, mV / sqrt(ms)
    """
    s, weights = _path()
    n = len(s)
    found = []
    for width in WIDTH, 0.5 * WIDTH:
        columns = _columns(neuron, means, spreads, width, threads)
        responses = columns[..., 2 : 2 + n] + 1j * columns[..., 2 + n :]
        filters = [[_time_constant(each, s, weights) for each in column] for column in responses]
        found.append(np.stack([columns[..., 0], columns[..., 1], filters]))
    coarse, fine = found
    limit = fine + (fine - coarse) / 3.0
    return tuple(limit.transpose(0, 2, 1))
