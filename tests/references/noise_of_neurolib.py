"""Statistics of neurolib 0.6.2 with noise, for tests/test_noisy_masses.py."""

import sys
from pathlib import Path

import numpy as np
from neurolib.models.aln import ALNModel
from neurolib.models.fhn import FHNModel
from neurolib.models.hopf import HopfModel
from neurolib.models.wc import WCModel
from neurolib.models.ww import WWModel

sys.path.insert(0, str(Path(__file__).parent.parent))
from noise_statistics import BEGIN, DT, EACH, END, MODELS, RUNS, connectome, statistics

CLASSES = {
    "Hopf": HopfModel,
    "FitzHughNagumo": FHNModel,
    "WilsonCowan": WCModel,
    "WongWang": WWModel,
    "ALN": ALNModel,
}
strengths, lengths = connectome()
found = {}
for name, (variable, parameters) in MODELS.items():
    moments, connectivities = [], []
    for run in range(RUNS):
        made = CLASSES[name](Cmat=strengths, Dmat=lengths, seed=run + 1)
        made.params.update({"duration": END, "dt": DT, **parameters})
        if name in ("Hopf", "FitzHughNagumo"):
            made.params["coupling"] = "diffusive"
        made.run()
        samples = made.outputs[variable].T[round(BEGIN / DT) :: EACH]
        of_run = statistics(samples)
        moments.append(of_run[0])
        connectivities.append(of_run[1])
    found[name], found[f"{name}.connectivity"] = np.array(moments), np.array(connectivities)
    m = found[name]
    print(name, m.mean(axis=0), m.std(axis=0) / len(m) ** 0.5, np.tanh(found[f"{name}.connectivity"].mean()))
np.savez_compressed(sys.argv[1], **found)
