"""
What a cell and step, a synaptic event and a synapse cost here: the numbers behind docs/performance.md.

Time is what `setup(profile=True)` counts, the least of several runs, on one thread; memory that of the arrays
that are kept.

Usage: python benchmarks/costs.py [cells] [synapses] [sizes] [--repeat 5]
"""

import argparse

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim
from pyNN_fastsim.engine import profile as words

MS = 250.0  # of biological time of each run
CELLS, ROW, RATE = 20_000, 500, 20.0  # for synapses: cells on both sides, synapses of each, Hz


def profile():
    return sim.simulator.state.network.profile


def quiet_run(ms):
    """Run without printing what the profile says, and count afresh."""
    profile().clear()
    sim.simulator.state.run(ms)


def held(*things):
    """Bytes of all arrays that are attributes of these objects, or in dictionaries and tuples of theirs."""
    n_bytes, seen = 0, set()
    values = [value for thing in things if thing is not None for value in vars(thing).values()]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values.extend(value.values())
        elif isinstance(value, (tuple, list)):
            values.extend(value)
        elif isinstance(value, np.ndarray) and id(value) not in seen:
            seen.add(id(value))
            n_bytes += value.nbytes
    return n_bytes


def least(measured, repeat):
    """The least of what a function returns."""
    return min(measured() for _ in range(repeat))


def update_cost(cell_type, n, repeat, threads=1):
    """ns of wall time of a cell and step, without its input."""
    sim.setup(timestep=0.1, profile=True, threads=threads)
    cells = sim.Population(n, cell_type)
    noise = sim.Population(n, sim.SpikeSourcePoisson(rate=1000.0))
    receptor = cells.receptor_types[0]
    synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
    sim.Projection(noise, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
    quiet_run(10.0)

    def measured():
        quiet_run(MS)
        return 1e9 * profile().updates(0) / (n * profile().steps)

    return least(measured, repeat)


def cell_types():
    for name in sim.list_standard_models():
        if getattr(sim, name).injectable and name != "PointNeuron":  # which follows
            yield name, getattr(sim, name)()
    exponential, alpha = sim.CondExpPostSynapticResponse(), sim.CondAlphaPostSynapticResponse()
    yield "PointNeuron: LIF, 2 x CondExp", sim.PointNeuron(sim.LIF(), a=exponential, b=exponential)
    yield "PointNeuron: AdExp, 2 x CondAlpha", sim.PointNeuron(sim.AdExp(), a=alpha, b=alpha)


def report_cells(repeat):
    print("| cell, 4,000 of them | ns a step |\n| --- | --- |")
    for name, cell_type in cell_types():
        print(f"| {name} | {update_cost(cell_type, 4000, repeat):.1f} |", flush=True)


def report_sizes(repeat):
    print("\n| IF_curr_exp, cells | one thread, ns a step | two threads |\n| --- | --- | --- |")
    for n in (100, 1000, 10_000, 100_000, 1_000_000):
        costs = [update_cost(sim.IF_curr_exp(), n, repeat, threads) for threads in (1, 2)]
        print(f"| {n:,} | {costs[0]:.2f} | {costs[1]:.2f} |", flush=True)


def drawn(mean, rng):
    return RandomDistribution("normal_clipped", (mean, mean / 5, mean / 10, 100 * mean), rng=rng)


def synapse_kinds():
    """Name, synapse type, and generator for the connections."""
    numpy, native = NumpyRNG(seed=1), sim.NativeRNG(seed=1)
    depression = sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.012)
    plastic = {
        "timing_dependence": depression,
        "weight_dependence": sim.AdditiveWeightDependence(w_min=0.0, w_max=1e-3),
        "weight": 1e-6,
        "delay": 1.5,
    }
    one_delay = {"weight": drawn(1e-6, numpy), "delay": 1.5}
    yield "one weight, one delay", sim.StaticSynapse(weight=1e-6, delay=1.5), numpy
    yield "drawn weights, one delay", sim.StaticSynapse(**one_delay), numpy
    for name, rng in (("NumpyRNG", numpy), ("NativeRNG", native)):
        synapse = sim.StaticSynapse(weight=drawn(1e-6, rng), delay=drawn(1.5, rng))
        yield f"drawn weights and delays, {name}: on arrival", synapse, rng
    yield "TsodyksMarkramSynapse", sim.TsodyksMarkramSynapse(weight=1e-6, delay=1.5), numpy
    yield "STDP, all delay dendritic", sim.STDPMechanism(**plastic, dendritic_delay_fraction=1.0), numpy
    yield "STDP, all delay axonal", sim.STDPMechanism(**plastic, dendritic_delay_fraction=0.0), numpy


def synapse_cost(synapse, rng, repeat):
    """(ns of an event, bytes of a synapse, ns of building one)."""
    sim.setup(timestep=0.1, min_delay=0.1, profile=True)
    sources = sim.Population(CELLS, sim.SpikeSourcePoisson(rate=RATE))
    # Targets that spike at about the rate of the sources
    targets = sim.Population(CELLS, sim.IF_curr_exp(i_offset=0.95, tau_refrac=20.0))
    targets.initialize(v=RandomDistribution("uniform", (-65.0, -50.0), rng=NumpyRNG(seed=2)))
    projection = sim.Projection(
        sources, targets, sim.FixedProbabilityConnector(ROW / CELLS, rng=rng), synapse
    )
    quiet_run(10.0)
    (group,) = projection._groups
    n_bytes = held(group, group.synapses, getattr(group.synapses, "merged", None)) / len(projection)

    def measured():
        quiet_run(MS)
        seconds = profile().part(words.DELIVERY) + profile().part(words.PLASTICITY)
        return 1e9 * seconds / (profile().events(0, words.STATIC) + profile().events(0, words.DYNAMIC))

    return least(measured, repeat), n_bytes, 1e9 * sim.simulator.state.build_seconds / (CELLS * ROW)


def report_synapses(repeat):
    print(f"\n{CELLS:,} sources and targets at {RATE:g} Hz, {ROW} synapses each")
    print("\n| synapses | ns an event | bytes a synapse | ns to build one |\n| --- | --- | --- | --- |")
    for name, synapse, rng in synapse_kinds():
        event, n_bytes, build = synapse_cost(synapse, rng, repeat)
        print(f"| {name} | {event:.1f} | {n_bytes:.0f} | {build:.0f} |", flush=True)


def main():
    reports = {"cells": report_cells, "sizes": report_sizes, "synapses": report_synapses}
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("what", nargs="*", default=list(reports), help=", ".join(reports))
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    for name in args.what:
        reports[name](args.repeat)


if __name__ == "__main__":
    main()
