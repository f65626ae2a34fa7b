"""The BOLD signals of ANNarchy 5's models, for tests/test_bold.py; run with an interpreter that has it.

Its balloon_RL (5.0.4.1) takes tau for milliseconds where the other three take seconds: it gets 1000 tau.
"""

import sys

import ANNarchy as ann
import numpy as np
from ANNarchy.extensions.bold import balloon_CL, balloon_CN, balloon_RL, balloon_RN

DT = 20.0  # ms
N = 1000

t = DT * np.arange(N)
rates = 0.5 + 0.4 * np.sin(t / 1500.0) + (t > 8000.0) * 0.6
net = ann.Network(dt=DT)
source = net.create(ann.TimedArray(rates=rates[:, None], schedule=DT))
unit = net.create(1, ann.Neuron(equations="r = sum(exc)"))
net.connect(source, unit, "exc").one_to_one(weights=1.0)
monitor = net.monitor(unit, ["r"])
seen = {}
for model in balloon_RN, balloon_RL, balloon_CN, balloon_CL:
    made = model(tau=980.0) if model is balloon_RL else model()
    made.name = model.__name__
    seen[model.__name__] = net.boldmonitor(populations=unit, bold_model=made, start=True)
net.compile(silent=True)
net.simulate(DT * N)
result = {name: np.asarray(each.get("BOLD"))[::10, 0] for name, each in seen.items()}
np.savez_compressed(sys.argv[1], r=monitor.get("r")[:, 0], **result)
