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
from ..compiling.fastmath import exp
from ..compiling.lowlevel import fma
from .iaf_cond import _PARAMETERS, EARLY, LATE, _membrane, decay_constants, fire
from .kernel import Model

_US = 1e-3  # uS in a nS


def _constants(p, dt):
    constants = (*_membrane(p, dt), p["e_rev_sfa"], p["e_rev_rr"], p["q_sfa"], p["q_rr"])
    for name in ("tau_syn_E", "tau_syn_I", "tau_sfa", "tau_rr"):
        constants += decay_constants(p[name], p["cm"], dt)
    return constants


@inlined
def membrane_sums(membrane, i_injected):
    """What `add_conductance` adds to and `integrate` needs, of the membrane alone: conductance and current
    in the middle of the step, their changes from there to the early and to the late node, and integrals of
    the conductance over cm up to the end from the beginning and from these nodes."""
    leak, background, leak_area = membrane[0:3]
    zero = 0.0
    return (
        leak,
        background + i_injected,
        zero,
        zero,
        zero,
        zero,
        leak_area,
        (1.0 - EARLY) * leak_area,
        (1.0 - LATE) * leak_area,
    )


@inlined
def add_conductance(sums, decay, g, e_rev):
    """The sums with a conductance g (uS) that decays as `decay` says, see iaf_cond.decay_constants."""
    middle, early, late, area, area_early, area_late, _ = decay
    g_middle, g_early, g_late = g * middle, g * early, g * late
    return (
        sums[0] + g_middle,
        fma(g_middle, e_rev, sums[1]),
        sums[2] + g_early,
        fma(g_early, e_rev, sums[3]),
        sums[4] + g_late,
        fma(g_late, e_rev, sums[5]),
        fma(g, area, sums[6]),
        fma(g, area_early, sums[7]),
        fma(g, area_late, sums[8]),
    )


@inlined
def integrate(v, sums, weight):
    """v at the end of a step that nothing interrupts."""
    g, current, g_early, i_early, g_late, i_late, area, area_early, area_late = sums
    v_inf = current / g
    # lambda(s) (v_inf(s) - v_inf(middle)), times cm, at the outer nodes
    early = fma(-g_early, v_inf, i_early)
    late = fma(-g_late, v_inf, i_late)
    return v_inf + (v - v_inf) * exp(-area) + weight * (early * exp(-area_early) + late * exp(-area_late))


@inlined
def _step(c, s, x):
    weight, e_rev_exc, e_rev_inh, v_thresh, v_reset, wait = c[3:9]
    e_rev_sfa, e_rev_rr, q_sfa, q_rr = c[9:13]
    exc, inh, sfa, rr = c[13:20], c[20:27], c[27:34], c[34:41]
    v, g_exc, g_inh, g_s, g_r, refractory = s
    from_exc, from_inh, i_injected = x
    sums = membrane_sums(c[0:3], i_injected)
    sums = add_conductance(sums, exc, g_exc, e_rev_exc)
    sums = add_conductance(sums, inh, g_inh, e_rev_inh)
    sums = add_conductance(sums, sfa, _US * g_s, e_rev_sfa)
    sums = add_conductance(sums, rr, _US * g_r, e_rev_rr)
    free = integrate(v, sums, weight)
    v, refractory, spiked = fire(v, free, refractory, v_thresh, v_reset, wait)
    return (
        v,
        g_exc * exc[6] + from_exc,
        g_inh * inh[6] + from_inh,
        g_s * sfa[6] + (q_sfa if spiked else 0.0),
        g_r * rr[6] + (q_rr if spiked else 0.0),
        refractory,
    ), spiked


IAF_COND_EXP_SFA_RR = Model(
    name="iaf_cond_exp_sfa_rr",
    parameters=_PARAMETERS + ("tau_sfa", "e_rev_sfa", "q_sfa", "tau_rr", "e_rev_rr", "q_rr"),
    state={"v": -65.0, "gsyn_exc": 0.0, "gsyn_inh": 0.0, "g_s": 0.0, "g_r": 0.0, "_refractory": 0.0},
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    step=_step,
)
