"""
Leaky integrate-and-fire neurons with conductance-based synapses, whose own spikes open two conductances.

Equations   cm dv/dt = cm/tau_m (v_rest - v) + gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)
                       + g_s (e_rev_sfa - v) + g_r (e_rev_rr - v) + i_offset + i_injected
            tau_syn dgsyn/dt = -gsyn; a synaptic event adds its weight (uS)
            tau_sfa dg_s/dt = -g_s, tau_rr dg_r/dt = -g_r; a spike of the neuron adds q_sfa and q_rr

Method      As in iaf_cond.py: the conductances are known, v obeys a linear equation, and an integral is
            taken by Gauss-Legendre quadrature with three nodes: order 6, stable for any conductance.

Source      Muller, Buesing, Schemmel & Meier 2007, Neural Computation 19:2958-3010, equations 2.1 to 2.4.

Units       ms, mV, nF, uS, nA; g_s, g_r, q_sfa and q_rr in nS.
"""

from ..compiling.compile import inlined
from ..compiling.fastmath import SHORT
from ..compiling.lowlevel import float_bits, fma
from .iaf_cond import (
    _PARAMETERS,
    _membrane,
    add_conductance,
    both_steps,
    decay_constants,
    fire,
    integrate,
    membrane_sums,
)
from .kernel import Model

_US = 1e-3  # uS in a nS


def _constants(p, dt):
    constants = (*_membrane(p, dt), p["e_rev_sfa"], p["e_rev_rr"], p["q_sfa"], p["q_rr"])
    for name in ("tau_syn_E", "tau_syn_I", "tau_sfa", "tau_rr"):
        constants += decay_constants(p[name], p["cm"], dt)
    return constants


@inlined
def _sums(c, s, i_injected):
    e_rev_exc, e_rev_inh = c[4:6]
    e_rev_sfa, e_rev_rr = c[9:11]
    _, g_exc, g_inh, g_s, g_r, _ = s
    sums = membrane_sums(c[0:3], i_injected)
    sums = add_conductance(sums, c[13:20], g_exc, e_rev_exc)
    sums = add_conductance(sums, c[20:27], g_inh, e_rev_inh)
    sums = add_conductance(sums, c[27:34], _US * g_s, e_rev_sfa)
    return add_conductance(sums, c[34:41], _US * g_r, e_rev_rr)


@inlined
def _step_with(decays, c, s, x):
    v_thresh, v_reset, wait = c[6:9]
    q_sfa, q_rr = c[11:13]
    v, g_exc, g_inh, g_s, g_r, refractory = s
    from_exc, from_inh, i_injected = x
    free = integrate(decays, v, _sums(c, s, i_injected), c[3])
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (
        v,
        fma(g_exc, c[19], from_exc),
        fma(g_inh, c[26], from_inh),
        fma(g_s, c[33], q_sfa if spiked else 0.0),
        fma(g_r, c[40], q_rr if spiked else 0.0),
        refractory,
    ), spiked


@inlined
def _unfit(c, s):
    _, g_exc, g_inh, g_s, g_r, _ = s
    signs = float_bits(g_exc) | float_bits(g_inh) | float_bits(g_s) | float_bits(g_r)
    return float_bits(SHORT - _sums(c, s, 0.0)[6]) | signs


IAF_COND_EXP_SFA_RR = Model(
    name="iaf_cond_exp_sfa_rr",
    parameters=_PARAMETERS + ("tau_sfa", "e_rev_sfa", "q_sfa", "tau_rr", "e_rev_rr", "q_rr"),
    state={"v": -65.0, "gsyn_exc": 0.0, "gsyn_inh": 0.0, "g_s": 0.0, "g_r": 0.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    **both_steps("iaf_cond_exp_sfa_rr", _step_with),
    unfit=_unfit,
)
