"""Cell types of one's own, as a user would write them, for the tests."""

import numpy as np

from pyNN_fastsim import CellType
from pyNN_fastsim.kernels import inlined


class OwnIF(CellType):
    """The equations of IF_curr_exp, solved exactly."""

    default_parameters = {
        "v_rest": -65.0, "cm": 1.0, "tau_m": 20.0, "tau_refrac": 0.1, "tau_syn_E": 5.0, "tau_syn_I": 5.0,
        "i_offset": 0.0, "v_reset": -65.0, "v_thresh": -50.0,
    }  # fmt: skip
    default_initial_values = {"v": -65.0, "isyn_exc": 0.0, "isyn_inh": 0.0, "_left": 0.0}
    units = {"v": "mV", "isyn_exc": "nA", "isyn_inh": "nA", "tau_m": "ms", "tau_syn_E": "ms"}
    receptor_types = ("excitatory", "inhibitory")
    conductance_based = False

    def constants(p, dt):
        decay = np.exp(-dt / p["tau_m"])
        resistance = p["tau_m"] / p["cm"]
        decays = [np.exp(-dt / p[name]) for name in ("tau_syn_E", "tau_syn_I")]
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = [
                np.where(
                    np.equal(tau, p["tau_m"]),
                    dt / p["cm"] * decay,
                    resistance * tau / np.subtract(tau, p["tau_m"]) * (d - decay),
                )
                for tau, d in zip((p["tau_syn_E"], p["tau_syn_I"]), decays, strict=True)
            ]
        rest = p["v_rest"] + resistance * p["i_offset"]
        wait = np.rint(p["tau_refrac"] / dt)
        return (decay, resistance, *decays, *gains, rest, p["v_reset"], p["v_thresh"], wait)

    @inlined
    def step(c, s, x):
        decay, resistance, decay_exc, decay_inh, gain_exc, gain_inh, rest, v_reset, v_thresh, wait = c
        v, exc, inh, left = s
        rest = rest + resistance * x[2]
        free = rest + (v - rest) * decay + exc * gain_exc + inh * gain_inh
        v = free if left <= 0.0 else v
        spiked = (v >= v_thresh) & (left <= 0.0)
        left = wait if spiked else max(left - 1.0, 0.0)
        return (v_reset if spiked else v, exc * decay_exc + x[0], inh * decay_inh + x[1], left), spiked
