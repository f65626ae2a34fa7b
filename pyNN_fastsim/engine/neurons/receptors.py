"""
Kinds of receptors of a point neuron: what point_neuron.py puts together with a membrane.

Equations   curr_exp    tau_syn disyn/dt = -isyn; a spike adds its weight (nA) to isyn
            cond_exp    tau_syn dgsyn/dt = -gsyn; a spike adds its weight (uS) to gsyn
            cond_alpha  tau_syn dgsyn/dt = e ysyn - gsyn, tau_syn dysyn/dt = -ysyn;
                        a spike adds its weight (uS) to ysyn:
                        gsyn(t) = weight * t/tau_syn * exp(1 - t/tau_syn)
            cond_beta   dgsyn/dt = f ysyn - gsyn/tau_decay, tau_rise dysyn/dt = -ysyn;
                        a spike adds its weight (uS) to ysyn:
                        gsyn(t) = weight * f * (exp(-t/tau_decay) - exp(-t/tau_rise))
                                  / (1/tau_rise - 1/tau_decay)
                        with f such that the peak is the weight, as it is for an alpha function; that is
                        what it becomes where tau_rise equals tau_decay

            A conductance gives the current gsyn (e_syn - v).

Method      All are linear with constant coefficients: their states at the end of a step, and whatever
            the membrane needs to know of the time within the step, are sums of the states at its
            beginning, with constants that are exact.

Source      Roth & van Rossum 2009, Modeling synapses, in: Computational Modeling Methods for
            Neuroscientists, MIT Press, section 6.2; PyNN's receptors of these names.

Units       ms, mV, nF, uS, nA.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..compiling.compile import inlined
from ..compiling.lowlevel import fma
from .iaf_cond import (
    EARLY,
    LATE,
    add_conductance,
    add_current,
    decay_area,
    decay_constants,
    growth_constants,
)
from .iaf_psc import exponential_propagator


@dataclass(frozen=True)
class Kind:
    """A kind of receptor.

    parameters   names
    state        names of its variables, which begin at 0
    constants    function(p, membrane, dt) -> what the functions get as `c`; `p` are the receptor's
                 own parameters, `membrane` those of the neuron, by name
    n_constants  their number
    effect       scalar function of (c, s, sums): the sums of what all do to the membrane in a step, with
                 what this one does; or, of SERIES_KINDS, of (c, s, h): what it does in a time h (ms)
    arrived      scalar function of (c, s, x): its state at the end of the step, with what has arrived
    after        scalar function of (c, s, t), of SERIES_KINDS: its state after a time t (ms)
    """

    parameters: tuple[str, ...]
    state: tuple[str, ...]
    constants: Callable
    n_constants: int
    effect: Callable
    arrived: Callable
    after: Callable | None = None


# The sums of KINDS are those of `membrane_sums` in iaf_cond.py.


# --- one exponential -----------------------------------------------------------------------------------


def _curr_exp_constants(p, membrane, dt):
    tau = p["tau_syn"]
    half, early, late = decay_constants(tau, 1.0, dt)[:3]
    return half, early, late, np.exp(-dt / tau)


@inlined
def _curr_exp_effect(c, s, sums):
    return add_current(sums, c[:3], s[0])


@inlined
def _curr_exp_arrived(c, s, x):
    return (fma(s[0], c[3], x),)


def _cond_exp_constants(p, membrane, dt):
    return p["e_syn"], *decay_constants(p["tau_syn"], membrane["cm"], dt)


@inlined
def _cond_exp_effect(c, s, sums):
    return add_conductance(sums, c[1:8], s[0], c[0])


@inlined
def _cond_exp_arrived(c, s, x):
    return (fma(s[0], c[7], x),)


# --- two exponentials, or an alpha function ------------------------------------------------------------


def beta_rise(tau_rise, tau_decay, t):
    """gsyn (uS) at time t after ysyn was 1 uS, with f = 1/ms: also where the time constants are equal."""
    return exponential_propagator(tau_rise, tau_decay, 1.0, t)


def beta_peak(tau_rise, tau_decay):
    """The largest value of `beta_rise`."""
    difference = 1 / np.asarray(tau_rise) - 1 / np.asarray(tau_decay)
    x = difference * tau_decay
    near = np.abs(x) < 1e-9
    time_of_peak = np.where(near, tau_decay, np.log1p(x) / np.where(near, 1.0, difference))
    return beta_rise(tau_rise, tau_decay, time_of_peak)


def _beta_area(tau_rise, tau_decay, start, end):
    """Integral of `beta_rise` from start to end."""
    difference = 1 / np.asarray(tau_rise) - 1 / np.asarray(tau_decay)
    # The difference of two areas loses its digits where the time constants are close: there, Gauss.
    near = np.abs(difference) * (end - start) < 0.02
    areas = decay_area(tau_decay, start, end) - decay_area(tau_rise, start, end)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    times = start + 0.5 * (end - start) * (nodes + 1)
    integral = sum(w * beta_rise(tau_rise, tau_decay, t) for t, w in zip(times, weights, strict=True))
    return np.where(near, 0.5 * (end - start) * integral, areas / np.where(near, 1.0, difference))


def _cond_beta_constants(p, membrane, dt):
    rise, decay = p["tau_rise"], p["tau_decay"]
    early, middle, late = EARLY * dt, 0.5 * dt, LATE * dt
    half = beta_rise(rise, decay, middle)
    growth = (
        half,
        beta_rise(rise, decay, early) - half,
        beta_rise(rise, decay, late) - half,
        _beta_area(rise, decay, 0.0, dt) / membrane["cm"],
        _beta_area(rise, decay, early, dt) / membrane["cm"],
        _beta_area(rise, decay, late, dt) / membrane["cm"],
        beta_rise(rise, decay, dt),
    )
    factor = 1 / beta_peak(rise, decay)
    scaled = [factor * value for value in growth]
    return p["e_syn"], *decay_constants(decay, membrane["cm"], dt), *scaled, np.exp(-dt / rise)


def _cond_alpha_constants(p, membrane, dt):
    tau, cm = p["tau_syn"], membrane["cm"]
    *growth, factor = growth_constants(tau, cm, dt)
    scaled = [factor * value for value in growth]
    return p["e_syn"], *decay_constants(tau, cm, dt), *scaled, np.exp(-dt / tau)


@inlined
def _cond_rise_effect(c, s, sums):
    g, y = s
    return add_conductance(add_conductance(sums, c[1:8], g, c[0]), c[8:15], y, c[0])


@inlined
def _cond_rise_arrived(c, s, x):
    g, y = s
    return fma(y, c[14], g * c[7]), fma(y, c[15], x)


# --- a current, where there are only currents -----------------------------------------------------------


def _exact_constants(p, membrane, dt):
    tau = p["tau_syn"]
    return exponential_propagator(tau, membrane["tau_m"], membrane["cm"], dt), np.exp(-dt / tau)


@inlined
def _exact_effect(c, s, sums):
    return (sums[0] + s[0] * c[0],)


@inlined
def _exact_arrived(c, s, x):
    return (s[0] * c[1] + x,)


KINDS = {
    "curr_exp": Kind(
        parameters=("tau_syn",),
        state=("isyn",),
        constants=_curr_exp_constants,
        n_constants=4,
        effect=_curr_exp_effect,
        arrived=_curr_exp_arrived,
    ),
    "cond_exp": Kind(
        parameters=("e_syn", "tau_syn"),
        state=("gsyn",),
        constants=_cond_exp_constants,
        n_constants=8,
        effect=_cond_exp_effect,
        arrived=_cond_exp_arrived,
    ),
    "cond_alpha": Kind(
        parameters=("e_syn", "tau_syn"),
        state=("gsyn", "ysyn"),
        constants=_cond_alpha_constants,
        n_constants=16,
        effect=_cond_rise_effect,
        arrived=_cond_rise_arrived,
    ),
    "cond_beta": Kind(
        parameters=("e_syn", "tau_rise", "tau_decay"),
        state=("gsyn", "ysyn"),
        constants=_cond_beta_constants,
        n_constants=16,
        effect=_cond_rise_effect,
        arrived=_cond_rise_arrived,
    ),
}

# What these do to a membrane on which there are no conductances: the only sum is the change of v in the step.
EXACT_KINDS = {
    "curr_exp": Kind(
        parameters=("tau_syn",),
        state=("isyn",),
        constants=_exact_constants,
        n_constants=2,
        effect=_exact_effect,
        arrived=_exact_arrived,
    ),
}
