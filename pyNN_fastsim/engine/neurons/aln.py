"""
Adaptive linear-nonlinear model: the rates of an excitatory and an inhibitory population of adaptive
exponential integrate-and-fire neurons.

Mean input and its variance follow from the means and variances of synaptic activity; rates, mean potential
and the time constant of the mean input are looked up in tables over (mean, standard deviation), between whose
points they are bilinear, and outside of which they stay what they are at the edge.

Method      explicit Euler steps; noise is an Ornstein-Uhlenbeck process beside the others

Source      Cakan & Obermayer 2020, PLoS Comput. Biol. 16, e1007822, equations 5 to 16; Augustin, Ladenbauer,
            Baumann & Obermayer 2017, PLoS Comput. Biol. 13, e1005545

Units       ms, mV, pA, nS, pF, mV/ms; rates in Hz
"""

import math

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import inlined
from ..compiling.lowlevel import float64_at
from ..random.vectorised import normal, number_cells, word
from .kernel import Model

# The words of what constants say of the tables: addresses and numbers of points, first values and distances.
RATE, POTENTIAL, TIME, N_MEANS, N_SPREADS, FIRST_MEAN, MEAN_STEP, FIRST_SPREAD, SPREAD_STEP = range(9)


class Tables:
    """What is looked up: float64 [means, standard deviations], over evenly spaced values of these.

    means, spreads   mV/ms, mV / sqrt(ms)
    rate             kHz
    potential        mV
    time             ms
    """

    def __init__(self, means, spreads, rate, potential, time):
        self.arrays = [np.ascontiguousarray(each, dtype=np.float64) for each in (rate, potential, time)]
        addresses = [float(address_of(array)) for array in self.arrays]
        grid = [means[0], means[1] - means[0], spreads[0], spreads[1] - spreads[0]]
        self.words = (*addresses, float(len(means)), float(len(spreads)), *map(float, grid))


def _constants(p, dt):
    taum = p["C"] / p["gL"]
    cee, cie, c_gl = (
        p[c] * p["tau_se"] / p[j] for c, j in (("cee", "Jee_max"), ("cie", "Jie_max"), ("c_gl", "Jee_max"))
    )
    cei, cii = (p[c] * p["tau_si"] / np.abs(p[j]) for c, j in (("cei", "Jei_max"), ("cii", "Jii_max")))
    strengths = (
        (cee * p["Ke"], c_gl * p["Ke_gl"], cei * p["Ki"], cie * p["Ke"], cii * p["Ki"]),
        # Not by **, which is an error where a number of Python's becomes too large.
        (
            cee * cee * p["Ke"], c_gl * c_gl * p["Ke_gl"], cei * cei * p["Ki"],
            cie * cie * p["Ke"], cii * cii * p["Ki"],
        ),
    )  # fmt: skip
    names = (
        "Jee_max", "Jei_max", "Jie_max", "Jii_max", "tau_se", "tau_si", "sigmae_ext", "sigmai_ext", "C", "a",
        "b", "EA", "tauA", "ext_exc_rate", "ext_inh_rate", "ext_exc_current", "ext_inh_current", "tau_ou",
        "mue_ext_mean", "mui_ext_mean",
    )  # fmt: skip
    noise = p["sigma_ou"] * math.sqrt(dt)
    return (
        *strengths[0], *strengths[1], *(p[name] for name in names), taum, noise, dt, *p["_tables"].words,
        p["_seed"], p["_stream"], p["_trial"],
    )  # fmt: skip


@inlined
def _place(x, first, distance, n):
    """The index of the point below x, and how far x is on the way to the next."""
    place = min(max((x - first) / distance, 0.0), n - 1.0)
    below = math.floor(place)
    return below, place - below


@inlined
def _looked_up(table, n_means, n_spreads, i, di, j, dj):
    """A value between four points of a table."""
    n = int(n_means) * int(n_spreads)
    values = float64_at(int(table), n)
    width = int(n_spreads)
    row, column = int(i) * width, int(j)
    below = width if di > 0.0 else 0
    beside = 1 if dj > 0.0 else 0
    return (
        values[row + column] * (1 - dj) * (1 - di)
        + values[row + column + beside] * dj * (1 - di)
        + values[row + below + column] * (1 - dj) * di
        + values[row + below + column + beside] * dj * di
    )


@inlined
def _variance(z1, tau, taum):
    return 2 * tau * taum / ((1 + z1) * taum + tau)


@inlined
def _moments(mean, variance, z1, z2, tau, dt):
    """Mean and variance of synaptic activity a step later."""
    d_mean = ((1 - mean) * z1 - mean) / tau
    d_variance = ((1 - mean) ** 2 * z2 + (z2 - 2 * tau * (z1 + 1)) * variance) / tau**2
    return mean + dt * d_mean, max(variance + dt * d_variance, 0.0)


@inlined
def _step(c, s, x):
    (
        k1ee, k1gl, k1ei, k1ie, k1ii, k2ee, k2gl, k2ei, k2ie, k2ii,
        jee, jei, jie, jii, tau_se, tau_si, sigmae_ext, sigmai_ext, capacitance, a, b,
        ea, tau_a, ext_exc_rate, ext_inh_rate, ext_exc_current, ext_inh_current, tau_ou,
        mue_mean, mui_mean, taum, noise, dt,
        rate, potential, time, n_means, n_spreads, first_mean, mean_step, first_spread, spread_step,
        seed, stream, trial,
    ) = c  # fmt: skip
    (
        _, _, mufe, mufi, ia, seem, seim, siem, siim, seev, seiv, siev, siiv, mue_ou, mui_ou, cell, k,
    ) = s  # fmt: skip
    network, squares, exc, inh, _ = x
    exc, inh = exc * 1e-3, inh * 1e-3  # kHz
    z1ee = k1ee * exc + k1gl * (network * 1e-3) + k1gl * ext_exc_rate
    z1ei, z1ii = k1ei * inh, k1ii * inh
    z1ie = k1ie * exc + k1gl * ext_inh_rate
    z2ee = k2ee * exc + k2gl * (squares * 1e-3) + k2gl * ext_exc_rate
    z2ei, z2ii = k2ei * inh, k2ii * inh
    z2ie = k2ie * exc + k2gl * ext_inh_rate
    spread_e = math.sqrt(
        jee**2 * seev * _variance(z1ee, tau_se, taum)
        + jei**2 * seiv * _variance(z1ei, tau_si, taum)
        + sigmae_ext**2
    )
    spread_i = math.sqrt(
        jie**2 * siev * _variance(z1ie, tau_se, taum)
        + jii**2 * siiv * _variance(z1ii, tau_si, taum)
        + sigmai_ext**2
    )
    i, di = _place(mufe - ia / capacitance, first_mean, mean_step, n_means)
    j, dj = _place(spread_e, first_spread, spread_step, n_spreads)
    rates_exc = 1e3 * _looked_up(rate, n_means, n_spreads, i, di, j, dj)
    v = _looked_up(potential, n_means, n_spreads, i, di, j, dj)
    tau_exc = _looked_up(time, n_means, n_spreads, i, di, j, dj)
    i, di = _place(mufi, first_mean, mean_step, n_means)
    j, dj = _place(spread_i, first_spread, spread_step, n_spreads)
    rates_inh = 1e3 * _looked_up(rate, n_means, n_spreads, i, di, j, dj)
    tau_inh = _looked_up(time, n_means, n_spreads, i, di, j, dj)
    mue = jee * seem + jei * seim + mue_ou + ext_exc_current
    mui = jie * siem + jii * siim + mui_ou + ext_inh_current
    mufe += dt * (mue - mufe) / tau_exc
    mufi += dt * (mui - mufi) / tau_inh
    ia += dt * (a * (v - ea) - ia + tau_a * b * rates_exc * 1e-3) / tau_a
    seem, seev = _moments(seem, seev, z1ee, z2ee, tau_se, dt)
    seim, seiv = _moments(seim, seiv, z1ei, z2ei, tau_si, dt)
    siem, siev = _moments(siem, siev, z1ie, z2ie, tau_se, dt)
    siim, siiv = _moments(siim, siiv, z1ii, z2ii, tau_si, dt)
    key = word(seed), word(stream), word(trial), word(cell)
    mue_ou += (mue_mean - mue_ou) * dt / tau_ou + noise * normal(*key, word(2.0 * k))
    mui_ou += (mui_mean - mui_ou) * dt / tau_ou + noise * normal(*key, word(2.0 * k + 1.0))
    return (
        rates_exc, rates_inh, mufe, mufi, ia, seem, seim, siem, siim, seev, seiv, siev, siiv, mue_ou, mui_ou,
        cell, k + 1.0,
    ), False  # fmt: skip


RECEPTORS = ("network", "network_squared", "local_exc", "local_inh")
STATE = {
    "rates_exc": 0.0, "rates_inh": 0.0, "mufe": 0.0, "mufi": 0.0, "IA": 0.0,
    "seem": 0.0, "seim": 0.0, "siem": 0.0, "siim": 0.0, "seev": 0.0, "seiv": 0.0, "siev": 0.0, "siiv": 0.0,
    "mue_ou": 0.4, "mui_ou": 0.3, "_cell": 0.0, "_step": 0.0,
}  # fmt: skip
PARAMETERS = {
    "Ke_gl": 250.0, "c_gl": 0.3, "Ke": 800.0, "Ki": 200.0, "tau_se": 2.0, "tau_si": 5.0, "cee": 0.3,
    "cie": 0.3, "cei": 0.5, "cii": 0.5, "Jee_max": 2.43, "Jie_max": 2.60, "Jei_max": -3.3, "Jii_max": -1.64,
    "a": 0.0, "b": 0.0, "EA": -80.0, "tauA": 200.0, "C": 200.0, "gL": 10.0, "sigmae_ext": 1.5,
    "sigmai_ext": 1.5, "ext_exc_rate": 0.0, "ext_inh_rate": 0.0, "ext_exc_current": 0.0,
    "ext_inh_current": 0.0, "mue_ext_mean": 0.4, "mui_ext_mean": 0.3, "tau_ou": 5.0, "sigma_ou": 0.0,
}  # fmt: skip

ALN = Model(
    name="aln",
    parameters=tuple(PARAMETERS),
    state=STATE,
    receptors=tuple(f"sum({name})" for name in RECEPTORS),
    graded={name: k for k, name in enumerate(RECEPTORS)},
    constants=_constants,
    step=_step,
    restart=number_cells,
    transmits="rates_exc",
)
