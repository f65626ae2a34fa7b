"""
Generalised integrate-and-fire neuron: spike-triggered current, moving threshold, stochastic spikes.

Equations   cm dv/dt = cm/tau_m (v_rest - v) + gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)
                       - i_eta + i_offset + i_injected
            i_eta = eta_1 + eta_2 + eta_3           tau_eta_k deta_k/dt = -eta_k; a spike adds a_eta_k
            v_t = v_t_star + gamma_1 + ... gamma_3  tau_gamma_k dgamma_k/dt = -gamma_k; a spike adds
                                                    a_gamma_k
            Spikes come at the rate lambda0 exp((v - v_t)/delta_v), but not in the refractory period. After
            a spike v is v_reset for tau_refrac.

Method      v as in iaf_cond.py: order 6. eta and gamma: exact. The probability of a spike in a step is
            1 - exp(-integral of the rate), where v - v_t is taken to be linear within a step: order 2.

Noise       One number for each cell and step, a function of (seed, population, trial, cell, step); see
            rng.py.

Source      Mensi, Naud, Pozzorini, Avermann, Petersen & Gerstner 2012, J. Neurophysiol. 107:1756-1775;
            Pozzorini, Mensi, Hagens, Naud, Koch & Gerstner 2015, PLoS Comput. Biol. 11:e1004275, equations
            2 to 6.

Units       ms, mV, nF, uS, nA; lambda0 in Hz.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import SHORT, exp
from ..compiling.lowlevel import float_bits, fma
from ..random.rng import uniform
from ..random.vectorised import word
from .iaf_cond import (
    _membrane,
    add_conductance,
    add_current,
    both_steps,
    decay_constants,
    integrate,
    membrane_sums,
)
from .kernel import Model

PARTS = 3  # of i_eta and of v_t
SEQUENCES = ("tau_eta", "a_eta", "tau_gamma", "a_gamma")

V_T = -48.0  # mV: the initial value of v_t that stands for v_t_star

LARGEST = 600.0  # (v - v_t)/delta_v: at this rate a spike is certain


def names_of(sequence):
    """The names of the parameters that the elements of a sequence are."""
    return tuple(f"{sequence}_{k + 1}" for k in range(PARTS))


def _constants(p, dt):
    constants = (
        *_membrane(p | {"v_thresh": 0.0}, dt),
        *decay_constants(p["tau_syn_E"], p["cm"], dt),
        *decay_constants(p["tau_syn_I"], p["cm"], dt),
        p["v_t_star"],
        1 / p["delta_v"],
        1e-3 * p["lambda0"] * dt,
        p["_seed"],
        p["_stream"],
        p["_trial"],
    )
    for tau, a in zip(names_of("tau_eta"), names_of("a_eta"), strict=True):
        decay = decay_constants(p[tau], p["cm"], dt)
        constants += (*decay[:3], decay[6], p[a])
    for tau, a in zip(names_of("tau_gamma"), names_of("a_gamma"), strict=True):
        constants += (np.exp(-dt / p[tau]), p[a])
    return constants


@inlined
def _mean_exp(x, y):
    """The mean of e**z for z from x to y."""
    e_x, e_y = exp(x), exp(y)
    near = abs(y - x) < 1e-3
    return 0.5 * (e_x + e_y) if near else (e_y - e_x) / (1.0 if near else y - x)


@inlined
def _sums(c, s, i_injected):
    e_rev_exc, e_rev_inh = c[4:6]
    _, g_exc, g_inh, _, _, i_1, i_2, i_3, _, _, _, _, _, _ = s
    sums = membrane_sums(c[0:3], i_injected)
    sums = add_conductance(sums, c[9:16], g_exc, e_rev_exc)
    sums = add_conductance(sums, c[16:23], g_inh, e_rev_inh)
    sums = add_current(sums, c[29:32], -i_1)
    sums = add_current(sums, c[34:37], -i_2)
    return add_current(sums, c[39:42], -i_3)


@inlined
def _step_with(decays, c, s, x):
    v_reset, wait = c[7:9]
    v_t_star, per_delta, expected, seed, stream, trial = c[23:29]
    eta_1, eta_2, eta_3 = c[29:34], c[34:39], c[39:44]
    decay_1, jump_1, decay_2, jump_2, decay_3, jump_3 = c[44:50]
    v, g_exc, g_inh, _, _, i_1, i_2, i_3, t_1, t_2, t_3, refractory, cell, k = s
    from_exc, from_inh, i_injected = x
    free = integrate(decays, v, _sums(c, s, i_injected), c[3])
    begin = (v - (v_t_star + t_1 + t_2 + t_3)) * per_delta
    t_1, t_2, t_3 = t_1 * decay_1, t_2 * decay_2, t_3 * decay_3
    end = (free - (v_t_star + t_1 + t_2 + t_3)) * per_delta
    silent = exp(-expected * _mean_exp(min(begin, LARGEST), min(end, LARGEST)))
    drawn = uniform(word(seed), word(stream), word(trial), word(cell), word(k))
    spiked = (drawn > silent) & (refractory <= 0.0)
    v = free if refractory <= 0.0 else v
    v = v_reset if spiked else v
    i_1 = fma(i_1, eta_1[3], eta_1[4] if spiked else 0.0)
    i_2 = fma(i_2, eta_2[3], eta_2[4] if spiked else 0.0)
    i_3 = fma(i_3, eta_3[3], eta_3[4] if spiked else 0.0)
    t_1 += jump_1 if spiked else 0.0
    t_2 += jump_2 if spiked else 0.0
    t_3 += jump_3 if spiked else 0.0
    return (
        v,
        fma(g_exc, c[15], from_exc),
        fma(g_inh, c[22], from_inh),
        v_t_star + t_1 + t_2 + t_3,
        i_1 + i_2 + i_3,
        i_1,
        i_2,
        i_3,
        t_1,
        t_2,
        t_3,
        wait if spiked else max(refractory - 1.0, 0.0),
        cell,
        k + 1.0,
    ), spiked


@inlined
def _unfit(c, s):
    return float_bits(SHORT - _sums(c, s, 0.0)[6]) | float_bits(s[1]) | float_bits(s[2])


def _restart(constants, state, step):
    v_t = state["v_t"]
    v_t[:] = np.where(v_t == V_T, constants[23], v_t)
    state["_cell"][:] = np.arange(len(v_t))


GIF_COND_EXP = Model(
    name="gif_cond_exp",
    parameters=(
        "v_rest",
        "cm",
        "tau_m",
        "tau_refrac",
        "tau_syn_E",
        "tau_syn_I",
        "e_rev_E",
        "e_rev_I",
        "v_reset",
        "i_offset",
        "delta_v",
        "v_t_star",
        "lambda0",
        *names_of("tau_eta"),
        *names_of("tau_gamma"),
        *names_of("a_eta"),
        *names_of("a_gamma"),
    ),
    state={
        "v": -65.0,
        "gsyn_exc": 0.0,
        "gsyn_inh": 0.0,
        "v_t": V_T,
        "i_eta": 0.0,
        "_eta_1": 0.0,
        "_eta_2": 0.0,
        "_eta_3": 0.0,
        "_gamma_1": 0.0,
        "_gamma_2": 0.0,
        "_gamma_3": 0.0,
        "_refractory": 0.0,
        "_cell": 0.0,
        "_step": 0.0,
    },
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    **both_steps("gif_cond_exp", _step_with),
    unfit=_unfit,
    restart=_restart,
)
