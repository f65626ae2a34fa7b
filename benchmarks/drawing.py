"""
What it costs to draw a connection between two whole populations with a NativeRNG: ns of processor time, for
each connector and kind of weights and delays. Delivery on arrival, which sorts them, is switched off.

Usage: python drawing.py [connectors [values]], such as total,probability number,clipped
"""

import itertools
import sys
import time

import numpy as np
from pyNN.random import RandomDistribution

import pyNN_fastsim as sim
from pyNN_fastsim.engine.synapses import arrival

N = 8000  # cells
REPEAT = 3

CONNECTORS = {
    "probability": lambda rng: sim.FixedProbabilityConnector(0.1, rng=rng),
    "sparse": lambda rng: sim.FixedProbabilityConnector(0.01, rng=rng),
    "total": lambda rng: sim.FixedTotalNumberConnector(N * N // 10, with_replacement=True, rng=rng),
    "post": lambda rng: sim.FixedNumberPostConnector(N // 10, rng=rng),
    "pre": lambda rng: sim.FixedNumberPreConnector(N // 10, rng=rng),
    "all": lambda rng: sim.AllToAllConnector(),
}
VALUES = {
    "number": (0.1, 1.5),
    "clipped": (("normal_clipped", (0.1, 0.01, 0.0, np.inf)), ("normal_clipped", (1.5, 0.75, 0.1, 10.0))),
    "uniform": (("uniform", (0.1, 0.2)), ("uniform", (0.5, 2.0))),
    "lognormal": (("lognormal", (-2.0, 0.3)), 1.5),
    "gamma": (("gamma", (2.0, 0.1)), 1.5),  # by NumPy
}


def cost(connector, values):
    sim.setup(timestep=0.1, min_delay=0.1)
    cells, rng = sim.Population(N, sim.IF_curr_exp()), sim.NativeRNG(seed=1)
    weight, delay = (v if isinstance(v, float) else RandomDistribution(*v, rng=rng) for v in VALUES[values])
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    began = time.process_time()
    projection = sim.Projection(cells, cells, CONNECTORS[connector](rng), synapse, receptor_type="excitatory")
    return 1e9 * (time.process_time() - began) / projection.size()


def main():
    arrival.LONG = np.inf
    chosen = [words.split(",") for words in sys.argv[1:]]
    chosen += [list(CONNECTORS), list(VALUES)][len(chosen) :]
    print("| connector | values | ns a connection |\n| --- | --- | --- |")
    for connector, values in itertools.product(*chosen):
        least = min(cost(connector, values) for _ in range(REPEAT))
        print(f"| {connector} | {values} | {least:.1f} |", flush=True)


if __name__ == "__main__":
    main()
