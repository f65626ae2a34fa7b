"""
Units that transmit a rate in each step, and cells that spike at a rate which they are told.

Leaky integrator    tau dv/dt = -v + B + sum(exc) - sum(inh), r = max(v - T, 0)

NEST's units        tau dX = (-lambda X + mu + f(h)) dt + sqrt(tau) sigma dW, with noise of the input.
                    With noise of the output lambda = 1, no dW, and what is transmitted is
                    X + sqrt(tau / dt) sigma n, with a normal number n in each step. h is the sum of what
                    arrives, f(h) is

                    lin              g h
                    tanh             tanh(g (h - theta))
                    sigmoid          g / (1 + exp(-beta (h - theta)))
                    threshold_lin    min(max(g (h - theta), 0), alpha)

                    With rectify_output X does not fall below rectify_rate. With mult_coupling lin has
                    g (exc g_ex (theta_ex - X) + inh g_in (theta_in + X)), with X of the step before.

Spikes from rates   in each step one with probability 1 - exp(-r dt), r = max(rate + sum(exc) - sum(inh), 0)
in Hz

Method      What arrives is held over a step, for which all equations are solved exactly.

Source      Hahne, Dahmen, Schuecker, Frommer, Bolten, Helias & Diesmann 2017, Front. Neuroinform. 11:34,
            equations 1 to 5; ANNarchy 5, class LeakyIntegrator.

Units       ms; of everything else, whatever users want: the rates of spikes are in Hz.
"""

import numpy as np

from ..compiling.compile import inlined, specialise
from ..compiling.elementary import tanh
from ..compiling.fastmath import exp
from ..random.rng import uniform
from ..random.vectorised import normal, number_cells, word
from .kernel import Model

PER_HZ = 1e-3  # 1/ms
GRADED = {
    "receptors": ("sum(excitatory)", "sum(inhibitory)"),
    "graded": {"excitatory": 0, "inhibitory": 1},
}


def _key(p):
    return p["_seed"], p["_stream"], p["_trial"]


# --- leaky integrator ---------------------------------------------------------------------------------------


def _leaky_constants(p, dt):
    return -np.expm1(-dt / p["tau"]), p["B"], p["T"]


@inlined
def _leaky_step(c, s, x):
    share, baseline, threshold = c
    exc, inh, _ = x
    v = s[0] + share * ((exc - inh + baseline) - s[0])
    return (v, max(v - threshold, 0.0)), False


LEAKY_INTEGRATOR = Model(
    name="leaky_integrator",
    parameters=("tau", "B", "T"),
    state={"v": 0.0, "r": 0.0},
    constants=_leaky_constants,
    step=_leaky_step,
    transmits="r",
    **GRADED,
)

# --- NEST's units -------------------------------------------------------------------------------------------


@inlined
def _lin(exc, inh, rate, f):
    gain, of_exc, with_exc, of_inh, with_inh = f
    return gain * ((of_exc + with_exc * rate) * exc + (of_inh + with_inh * rate) * inh)


@inlined
def _tanh(exc, inh, rate, f):
    gain, theta = f
    return tanh(gain * (exc + inh - theta))


@inlined
def _sigmoid(exc, inh, rate, f):
    gain, theta, beta = f
    return gain / (1.0 + exp(-beta * (exc + inh - theta)))


@inlined
def _threshold_lin(exc, inh, rate, f):
    gain, theta, alpha = f
    return min(max(gain * (exc + inh - theta), 0.0), alpha)


COUPLING = {"mult_coupling": 0.0, "g_ex": 1.0, "g_in": 1.0, "theta_ex": 0.0, "theta_in": 0.0}
# By name: the function, and its parameters beside g.
FUNCTIONS = {
    "lin": (_lin, COUPLING),
    "tanh": (_tanh, {"theta": 0.0}),
    "sigmoid": (_sigmoid, {"theta": 0.0, "beta": 1.0}),
    "threshold_lin": (_threshold_lin, {"theta": 0.0, "alpha": np.inf}),
}


def _of_function(p):
    """What a function gets as f."""
    if "mult_coupling" not in p:
        return (p["g"], *(p[name] for name in ("theta", "beta", "alpha") if name in p))
    is_on = np.asarray(p["mult_coupling"]) != 0
    factors = (
        (p["g_ex"] * p["theta_ex"], 1.0),
        (-p["g_ex"], 0.0),
        (p["g_in"] * p["theta_in"], 1.0),
        (p["g_in"], 0.0),
    )
    chosen = (np.where(is_on, on, off) for on, off in factors)
    return p["g"], *(part if part.ndim else float(part) for part in chosen)


def _lowest(p):
    lowest = np.where(np.asarray(p["rectify_output"]) != 0, p["rectify_rate"], -np.inf)
    return lowest if lowest.ndim else float(lowest)


def _input_noise_constants(p, dt):
    rate, tau = np.asarray(p["lambda"], dtype=float), p["tau"]
    steady = np.where(rate == 0.0, 1.0, rate)
    share = np.where(rate == 0.0, dt / tau, -np.expm1(-steady * dt / tau) / steady)
    spread = np.where(rate == 0.0, dt / tau, -0.5 * np.expm1(-2.0 * steady * dt / tau) / steady)
    parts = np.exp(-rate * dt / tau), share, np.sqrt(spread)
    parts = tuple(part if np.ndim(part) else float(part) for part in parts)
    return *parts, p["sigma"], p["mu"], _lowest(p), *_key(p), *_of_function(p)


def _input_noise_step(c, s, x):
    decay, share, spread, sigma, mu, lowest, seed, stream, trial = c[:9]
    rate, noise, cell, k = s
    exc, inh, _ = x
    drawn = sigma * normal(word(seed), word(stream), word(trial), word(cell), word(k))
    rate = decay * rate + share * (mu + _input(exc, inh, rate, c[9:])) + spread * drawn  # noqa: F821
    return (max(rate, lowest), drawn, cell, k + 1.0), False


def _output_noise_constants(p, dt):
    tau = p["tau"]
    parts = np.exp(-dt / tau), -np.expm1(-dt / tau), np.sqrt(tau / dt)
    return *parts, p["sigma"], p["mu"], _lowest(p), *_key(p), *_of_function(p)


def _output_noise_step(c, s, x):
    decay, share, spread, sigma, mu, lowest, seed, stream, trial = c[:9]
    rate, _, noise, cell, k = s
    exc, inh, _ = x
    drawn = sigma * normal(word(seed), word(stream), word(trial), word(cell), word(k))
    rate = decay * rate + share * (mu + _input(exc, inh, rate, c[9:]))  # noqa: F821
    rate = max(rate, lowest)
    return (rate, rate + spread * drawn, drawn, cell, k + 1.0), False


def _nest_model(function, kind):
    """One of NEST's units: `kind` is "ipn" for noise of the input, "opn" for noise of the output."""
    name = f"{function}_rate_{kind}"
    template, constants, transmits, states = {
        "ipn": (_input_noise_step, _input_noise_constants, "rate", ("rate", "noise")),
        "opn": (_output_noise_step, _output_noise_constants, "noisy_rate", ("rate", "noisy_rate", "noise")),
    }[kind]
    own = ("tau", "sigma", "mu", *(("lambda",) if kind == "ipn" else ()), "g", *FUNCTIONS[function][1])
    return Model(
        name=name,
        parameters=(*own, "rectify_output", "rectify_rate"),
        state={**dict.fromkeys(states, 0.0), "_cell": 0.0, "_step": 0.0},
        constants=constants,
        step=inlined(specialise(template, f"{name}_step", _input=FUNCTIONS[function][0])),
        restart=number_cells,
        transmits=transmits,
        **GRADED,
    )


NEST_RATES = {
    f"{function}_rate_{kind}": _nest_model(function, kind)
    for function in FUNCTIONS
    for kind in ("ipn", "opn")
    if (function, kind) != ("sigmoid", "opn")
}

# --- spikes from rates --------------------------------------------------------------------------------------


def _spiking_constants(p, dt):
    return p["rate"], PER_HZ * dt, *_key(p)


@inlined
def _spiking_step(c, s, x):
    offset, per_step, seed, stream, trial = c
    _, cell, k = s
    exc, inh, _ = x
    rate = max(offset + exc - inh, 0.0)
    drawn = uniform(word(seed), word(stream), word(trial), word(cell), word(k))
    return (rate, cell, k + 1.0), drawn > exp(-rate * per_step)


SPIKES_FROM_RATE = Model(
    name="spikes_from_rate",
    parameters=("rate",),
    state={"r": 0.0, "_cell": 0.0, "_step": 0.0},
    constants=_spiking_constants,
    step=_spiking_step,
    restart=number_cells,
    **GRADED,
)
