"""Trajectories of neurolib 0.6.2, without noise, for tests/test_neural_masses.py."""

import sys

import numpy as np
from neurolib.models.aln import ALNModel
from neurolib.models.fhn import FHNModel
from neurolib.models.hopf import HopfModel
from neurolib.models.wc import WCModel
from neurolib.models.ww import WWModel

N, DURATION, EACH = 6, 150.0, 25  # ms, steps of 0.1 ms

rng = np.random.default_rng(5)
C = rng.random((N, N)) * (rng.random((N, N)) < 0.8)
D = rng.uniform(0.5, 200.0, (N, N))  # no symmetry, delays from 0 to 100 steps
found = {"C": C, "D": D}
for name, model, coupling, variables, size in (
    ("Hopf", HopfModel, "diffusive", {"x": "xs_init", "y": "ys_init"}, 0.5),
    ("HopfAdditive", HopfModel, "additive", {"x": "xs_init", "y": "ys_init"}, 0.5),
    ("FitzHughNagumo", FHNModel, "diffusive", {"x": "xs_init", "y": "ys_init"}, 0.5),
    ("WilsonCowan", WCModel, None, {"exc": "exc_init", "inh": "inh_init"}, 0.3),
    ("WongWang", WWModel, None, {"se": "ses_init", "si": "sis_init"}, 0.3),
):
    made = model(Cmat=C, Dmat=D)
    made.params["duration"] = DURATION
    if coupling:
        made.params["coupling"] = coupling
    for variable, initial in variables.items():
        made.params[initial] = found[f"{name}.{variable}.0"] = size * rng.random((N, 1))
    if name == "WilsonCowan":
        made.params["exc_ext"] = 0.65
    made.run()
    for variable in variables:
        found[f"{name}.{variable}"] = made.outputs[variable][:, EACH - 1 :: EACH].T
# Instead of neurolib's own tables, which are large: smooth functions of about their size.
mean, spread = np.linspace(-1.0, 5.0, 41), np.linspace(0.5, 4.0, 15)
rate = 0.1 / (1.0 + np.exp(-(mean[:, None] - 2.0) / (0.2 + 0.1 * spread)))
tables = {
    "mu_vals": mean,
    "sigma_vals": spread,
    "r_ss": rate,
    "V_mean_ss": -65.0 + 60.0 * rate + 0.5 * spread,
    "tau_mu_exp": 2.0 + 18.0 / (1.0 + 80.0 * rate) + 0.0 * spread,
}
found.update({f"table.{name}": values for name, values in tables.items()})
made = ALNModel(Cmat=C, Dmat=D)
for ours, theirs in ("r_ss", "precalc_r"), ("V_mean_ss", "precalc_V"), ("tau_mu_exp", "precalc_tau_mu"):
    made.params[theirs] = tables[ours]
made.params["Irange"], made.params["sigmarange"] = mean, spread
made.params["dI"], made.params["ds"] = mean[1] - mean[0], spread[1] - spread[0]
made.params["duration"] = DURATION
made.params["a"], made.params["b"], made.params["mue_ext_mean"] = 2.0, 10.0, 1.5
made.params["mue_ou"] = 1.5 * np.ones(N)
names = "mufe mufi IA seem seim siem siim seev seiv siev siiv rates_exc rates_inh".split()
for name in names:
    found[f"ALN.{name}.0"] = np.array(made.params[f"{name}_init"])
made.run()
for name in ("rates_exc", "rates_inh", "IA"):
    found[f"ALN.{name}"] = made.outputs[name][:, EACH - 1 :: EACH].T
np.savez_compressed(sys.argv[1], **found)
