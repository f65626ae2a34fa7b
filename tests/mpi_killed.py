"""
Builds, runs, gathers and writes over and over, and says at what it is: a script that `test_mpi_failures.py`
runs by mpirun, to kill one of the processes.

    mpirun -n 4 python mpi_killed.py FOLDER
"""

import itertools
import os
import sys

from pyNN.random import NumpyRNG

import pyNN_fastsim as sim

FOLDER = sys.argv[1]


def say(*words):
    print(*words, flush=True)


def at(phase):
    if sim.rank() == 0:
        say("at", phase)


say("process", sim.rank(), os.getpid())
for k in itertools.count():
    sim.setup(timestep=0.1, record_to=f"{FOLDER}/records{k}")
    at("building")
    cells = sim.Population(300, sim.IF_curr_exp(i_offset=1.0), label="cells")
    cells.record(["spikes", "v"])
    for seed in range(4):
        connector = sim.FixedProbabilityConnector(0.3, rng=NumpyRNG(seed=seed))
        sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.0001, delay=0.5))
    at("running")
    sim.run(100.0)
    at("gathering")
    for _ in range(5):
        cells.get_data()
    at("writing")
    for ending in "pkl", "txt":
        cells.write_data(f"{FOLDER}/{k}.{ending}")
        if sim.rank() == 0:
            say("written", f"{k}.{ending}")
