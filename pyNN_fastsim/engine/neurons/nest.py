"""
Models in which NEST, asked for them by its own names, differs from what PyNN's cell types are here.

Weights     Where an event adds its weight to v, one of 1 nA adds 1 V: PyNN scales weights of all cells alike.

iaf_psc_delta       v never falls below v_min. Events that arrive while v is clamped are kept, if
                    refractory_input is not 0, and added when it is not clamped any more, decayed as if they
                    had been added to v.
izhikevich          as in izhikevich.py
hh_cond_exp_traub   a spike is at the first grid point where v is above v_offset + 30 mV and lower than at the
                    one before, but none in the tau_refrac after another

Units       as in the models of which these are variants.
"""

from dataclasses import replace

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from . import hh, iaf_psc, izhikevich

PER_NA = 1000.0  # mV for each nA of a weight
SPIKE_ABOVE = 30.0  # mV, over v_offset

# --- iaf_psc_delta ------------------------------------------------------------------------------------------


def _delta_constants(p, dt):
    keeps = np.where(np.asarray(p["refractory_input"]) != 0, 1.0, 0.0)
    # Arrays of one number, where all cells are alike, would be taken for cells.
    keeps = keeps if keeps.ndim else float(keeps)
    return (*iaf_psc.IAF_PSC_DELTA.constants(p, dt), p["v_min"], keeps, dt / p["tau_m"])


@inlined
def _delta_step(c, s, x):
    v_rest, decay, gain, i_offset, v_thresh, v_reset, wait, v_min, keeps, rate = c
    v, refractory, kept = s
    from_exc, from_inh, i_injected = x
    arrived = PER_NA * (from_exc + from_inh)
    is_free = refractory <= 0.0
    free = v_rest + ((i_offset + i_injected) * gain + (v - v_rest) * decay + arrived) + kept
    v = max(free, v_min) if is_free else v
    # What arrives with r steps of the clamp to go has decayed for r steps when it is added.
    kept = 0.0 if is_free else kept + keeps * arrived * exp(-rate * refractory)
    spiked = (v >= v_thresh) & is_free
    v = v_reset if spiked else v
    refractory = wait if spiked else max(refractory - 1.0, 0.0)
    return (v, refractory, kept), spiked


IAF_PSC_DELTA = replace(
    iaf_psc.IAF_PSC_DELTA,
    name="nest_iaf_psc_delta",
    parameters=(*iaf_psc.IAF_PSC_DELTA.parameters, "v_min", "refractory_input"),
    state={**iaf_psc.IAF_PSC_DELTA.state, "_kept": 0.0},
    constants=_delta_constants,
    step=_delta_step,
)

# --- izhikevich ---------------------------------------------------------------------------------------------

_izhikevich_finish = izhikevich.IZHIKEVICH.finish


@inlined
def _scaled_finish(c, old, new, x):
    return _izhikevich_finish(c, old, new, (PER_NA * x[0], PER_NA * x[1], x[2]))


IZHIKEVICH = replace(izhikevich.IZHIKEVICH, name="nest_izhikevich", finish=_scaled_finish)

# --- hh_cond_exp_traub --------------------------------------------------------------------------------------

_OWN = 9  # state variables of the model in hh.py
_WAIT = 16  # its constants
_hh_attempt, _hh_finish, _hh_refresh = hh.HH_COND_EXP.attempt, hh.HH_COND_EXP.finish, hh.HH_COND_EXP.refresh


def _hh_constants(p, dt):
    return (*hh.HH_COND_EXP.constants(p, dt), iaf_psc.refractory_steps(p["tau_refrac"], dt))


@inlined
def _attempt(c, s, x, part):
    new, error = _hh_attempt(c, s[:_OWN], x, part)
    return new + s[_OWN:], error


@inlined
def _fires(c, old, new):
    return new[_OWN + 1] > old[_OWN + 1]


@inlined
def _finish(c, old, new, x):
    end = _hh_finish(c, old[:_OWN], new[:_OWN], x)
    refractory, spikes = old[_OWN:]
    falls = (end[0] >= c[3] + SPIKE_ABOVE) & (end[0] < old[0])
    spiked = falls & (refractory <= 0.0)
    refractory = c[_WAIT] if spiked else max(refractory - 1.0, 0.0)
    return end + (refractory, spikes + 1.0 if spiked else spikes)


@inlined
def _refresh(c, s):
    return _hh_refresh(c, s[:_OWN]) + s[_OWN:]


def _with_spikes(state):
    """The state variables, with those that count refractory steps and spikes; "_part" must be the last."""
    own = {name: value for name, value in state.items() if name != "_part"}
    return {**own, "_refractory": 0.0, "_spikes": 0.0, "_part": state["_part"]}


HH_COND_EXP_TRAUB = replace(
    hh.HH_COND_EXP,
    name="nest_hh_cond_exp_traub",
    parameters=(*hh.HH_COND_EXP.parameters, "tau_refrac"),
    state=_with_spikes(hh.HH_COND_EXP.state),
    constants=_hh_constants,
    attempt=_attempt,
    fires=_fires,
    finish=_finish,
    refresh=_refresh,
)
