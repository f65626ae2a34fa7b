"""The tables of ALN(): run this after changes to pyNN_fastsim/engine/transfer_functions.py (a minute)."""

import numpy as np

import pyNN_fastsim as sim
from pyNN_fastsim.aln import SHIPPED
from pyNN_fastsim.engine import transfer_functions

transfer_functions.WIDTH /= 2.0  # mV: an eighth of the error that users' tables have
tables = sim.ALN.transfer_functions()
SHIPPED.parent.mkdir(exist_ok=True)
of_float32 = {name: tables[name].astype(np.float32) for name in ("r_ss", "V_mean_ss", "tau_mu_exp")}
np.savez_compressed(SHIPPED, **{**tables, **of_float32})
