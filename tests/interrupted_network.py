"""The network of test_interrupted.py, for worker processes too."""

import numpy as np

import pyNN_fastsim as sim


def build(threads=1):
    """A small network of everything; returns its populations."""
    sim.setup(timestep=0.1, threads=threads, rng_seed=3)
    noise = sim.Population(8, sim.SpikeSourcePoisson(rate=400.0), label="noise")
    cells = sim.Population(10, sim.IF_curr_exp(i_offset=0.9), label="cells")
    others = sim.Population(5, sim.IF_curr_exp(i_offset=[0.9, 1.0, 1.1, 1.2, 1.3]), label="others")
    synapse = sim.StaticSynapse(weight=0.4, delay=0.5)
    sim.Projection(noise, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    sim.Projection(cells, cells + others, sim.AllToAllConnector(allow_self_connections=False),
                   sim.StaticSynapse(weight=0.01, delay=1.2), receptor_type="excitatory")  # fmt: skip
    sim.DCSource(amplitude=0.2, start=1.0, stop=5.0).inject_into(cells[2:6])
    for population in (noise, cells, others):
        population.record("spikes")
    cells.record(["v", "isyn_exc"])
    others[1:4].record("v", sampling_interval=0.2)
    return noise, cells, others


def recorded(populations):
    """All that was recorded, as lists."""
    found = []
    for population in populations:
        for segment in population.get_data().segments:
            found += [np.asarray(train).tolist() for train in segment.spiketrains]
            found += [np.asarray(signal).tolist() for signal in segment.analogsignals]
    return found


def simulate(threads=1, time=10.0):
    populations = build(threads)
    sim.run(time)
    return recorded(populations)
