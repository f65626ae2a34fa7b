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
made = ALNModel(Cmat=C, Dmat=D)
made.params["duration"] = DURATION
made.params["b"], made.params["mue_ext_mean"] = 10.0, 1.5
made.params["mue_ou"] = 1.5 * np.ones(N)
names = "mufe mufi IA seem seim siem siim seev seiv siev siiv rates_exc rates_inh".split()
for name in names:
    found[f"ALN.{name}.0"] = np.array(made.params[f"{name}_init"])
made.run()
for name in ("rates_exc", "rates_inh", "IA"):
    found[f"ALN.{name}"] = made.outputs[name][:, EACH - 1 :: EACH].T
np.savez_compressed(sys.argv[1], **found)
